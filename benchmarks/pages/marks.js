// Notes what a client asks of the browser while it connects, and when: `marks` has [what, milliseconds of the page]. Both
// clients use the same browser, so the same marks tell where the time of each goes.

(() => {
  window.marks = new Map();
  const mark = (what, at = performance.now()) => window.marks.has(what) || window.marks.set(what, at); // the first counts

  /** Marks when a method is called, and when its promise is settled. */
  function promised(owner, method, name) {
    const original = owner[method];
    owner[method] = function (...args) {
      const what = typeof name === "function" ? name(...args) : name;
      mark(`${what} >`);
      const promise = original.apply(this, args);
      Promise.resolve(promise).finally(() => mark(`${what} .`)).catch(() => {});
      return promise;
    };
  }

  const path = (target) => new URL(target.url ?? target, location.href).pathname.split("/").at(-1);
  promised(window, "fetch", (target, options) => `${options?.method ?? target.method ?? "GET"} ${path(target)}`);
  promised(MediaDevices.prototype, "getUserMedia", "getUserMedia");
  promised(MediaDevices.prototype, "enumerateDevices", "enumerateDevices");
  promised(Permissions.prototype, "query", "permission");
  promised(AudioWorklet.prototype, "addModule", "addModule");
  const peer = RTCPeerConnection.prototype;
  for (const method of ["createOffer", "setLocalDescription", "setRemoteDescription"]) promised(peer, method, method);

  const text = (data) => (typeof data === "string" ? data : new TextDecoder("latin1").decode(data));
  const has = async (data, word) => text(data instanceof Blob ? await data.arrayBuffer() : data).includes(word);
  function watch(channel, kind) {
    channel.addEventListener("open", () => mark(`${kind} open`));
    channel.addEventListener("message", async ({ data }) => {
      const at = performance.now();
      if (await has(data, '"bot-ready"')) mark("bot-ready", at);
    });
    const send = channel.send;
    channel.send = function (data) {
      if (text(data).includes('"client-ready"')) mark("client-ready");
      return send.call(this, data);
    };
  }

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      mark("peer");
      super(...args);
      this.addEventListener("iceconnectionstatechange", () => mark(`ice ${this.iceConnectionState}`));
      this.addEventListener("connectionstatechange", () => mark(`peer ${this.connectionState}`));
      this.addEventListener("icecandidate", ({ candidate }) => mark(candidate ? "first candidate" : "last candidate"));
    }
    createDataChannel(...args) {
      const channel = super.createDataChannel(...args);
      watch(channel, "channel");
      return channel;
    }
  };
  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      mark("socket");
      super(...args);
      watch(this, "socket");
    }
  };
  // Ours has its WebSocket in a Worker: rtvi_web/browser/worklets/relay.js.
  window.MessageChannel = class extends MessageChannel {
    constructor(...args) {
      super(...args);
      const { port1 } = this;
      port1.addEventListener("message", async ({ data: { what, data } }) => {
        const at = performance.now();
        if (what === "opened") mark("socket open");
        if (what === "received" && (await has(data, '"bot-ready"'))) mark("bot-ready", at);
      });
      const post = port1.postMessage;
      port1.postMessage = function (message, ...others) {
        if (message.what === "connect") mark("socket");
        if (message.what === "write" && text(message.data).includes('"client-ready"')) mark("client-ready");
        return post.call(this, message, ...others);
      };
    }
  };
  window.AudioContext = class extends AudioContext {
    constructor(...args) {
      mark("AudioContext >");
      super(...args);
      mark("AudioContext .");
    }
  };
})();
