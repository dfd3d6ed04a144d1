// Carries the sound of a WebSocket session between the socket and the worklets of pcm.js: 75 messages a second, which would
// keep the page's main thread busy, and would wait while that is busy.
//
// It runs in a Worker; or as a script of the page, if the page may have no Worker of ours. Both take {port, options} with
// postMessage(): a relay that does what the messages at the other end of the port say. Each has `what`, the method:
//
// * connect {socket, url}: open a WebSocket, whose number is `socket`. It tells of it {what: "opened" | "failed", name},
//   {"forbidden"}, {"error"}, {"closed", code, reason}, {"received", data}; {"silenced"} when the bot was interrupted and
//   the player told so; and {"traffic", sent, received, waiting, written} when that changes, or is asked for.
// * write {data}: send this; disconnect: close the socket; ask: tell the traffic.
// * release: the bot is ready.
// * record {port}: send the frames that come from there. play {port}: post sound there, or null: hand it on. It answers
//   {"plays"} after all that was handed on before.
// * end: close everything.
//
// All of it is in a block: two transports may load the script at once.
{
  const AUDIO = 0x12, INTERRUPTION = 0x2a; // how one of Pipecat's protobuf frames begins

  // The fields of a frame of such a kind: `sound` is the place of its samples. Null for any other frame, also for one that
  // has a field more: Python reads those.
  const fieldsOf = (bytes, kind) => {
    let at = 0;

    // A number as protobuf writes it, exact up to 2^53.
    function varint() {
      for (let value = 0, scale = 1; at < bytes.length && scale < 2 ** 70; scale *= 128) {
        const byte = bytes[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
      return NaN;
    }

    if (bytes[at++] !== kind || varint() !== bytes.length - at) return null; // nothing else in the frame
    const fields = {};
    while (at < bytes.length) {
      const key = bytes[at++];
      if (key === 0x08) varint(); // id
      else if (key === 0x20 && kind === AUDIO) fields.rate = varint();
      else if (key === 0x28 && kind === AUDIO) fields.channels = varint();
      else if (key === 0x12 || (key === 0x1a && kind === AUDIO)) { // name, audio
        const size = varint();
        if (key === 0x1a) fields.sound = [at, at + size];
        at += size;
      } else return null;
      if (!(at <= bytes.length)) return null;
    }
    return fields;
  };

  // The sound in a frame: {pcm, rate, channels}. Null for a frame without a rate that can be played, or with half a sample.
  const soundOf = (buffer, { slowest, fastest }) => {
    const { sound, rate, channels } = fieldsOf(new Uint8Array(buffer), AUDIO) ?? {};
    if (!sound || !(slowest <= rate && rate <= fastest) || !(1 <= channels && channels <= 2 ** 16)) return null;
    const [start, end] = sound;
    if (start === end || (end - start) % (2 * channels)) return null;
    return { pcm: new Int16Array(buffer.slice(start, end)), rate, channels };
  };

  const isInterruption = (buffer) => fieldsOf(new Uint8Array(buffer), INTERRUPTION) !== null;

  const TOLD = 500; // milliseconds between two looks whether the traffic has changed

  class Relay {
    socket = null;
    number = 0; // of the socket
    recorder = null;
    player = null;
    held = []; // what was spoken before the bot was ready, in order; null while it is
    sent = 0; // bytes of the microphone's frames, over the present socket
    received = 0; // the same, of the frames that it did not hand on
    written = 0; // bytes that came with `write`
    told = ""; // the traffic, when it was last told

    // Options: `held`, how many frames are kept until the bot is ready; `most`, the bytes that may wait in the socket
    // before sound is dropped; `slowest` and `fastest`, in samples a second, what can be played.
    constructor(port, options) {
      this.port = port;
      this.options = options;
      this.page = globalThis.document ?? globalThis; // what a Content-Security-Policy's violations are told to
      port.onmessage = ({ data }) => this[data.what](data);
    }

    tell(what, more = {}, transfer = []) {
      this.port.postMessage({ what, socket: this.number, ...more }, transfer);
    }

    connect({ socket: number, url }) {
      this.disconnect();
      this.number = number;
      this.held = [];
      this.sent = this.received = this.written = 0;
      this.page.addEventListener("securitypolicyviolation", this.violated);
      try {
        this.socket = new WebSocket(url);
      } catch (error) {
        this.tell("failed", { name: error.name });
        return;
      }
      this.socket.binaryType = "arraybuffer";
      this.socket.onopen = () => this.tell("opened");
      this.socket.onerror = () => this.tell("error");
      this.socket.onclose = ({ code, reason }) => this.tell("closed", { code, reason });
      this.socket.onmessage = this.hear;
      this.timer = setInterval(() => this.notice(), TOLD);
    }

    // Its address may lack the path, so another request may be meant. That would change an error's text only.
    violated = ({ effectiveDirective, disposition }) => {
      if (effectiveDirective === "connect-src" && disposition === "enforce") this.tell("forbidden");
    };

    disconnect() {
      this.page.removeEventListener("securitypolicyviolation", this.violated);
      clearInterval(this.timer);
      const { socket } = this;
      this.socket = null;
      if (!socket) return;
      socket.onopen = socket.onerror = socket.onclose = socket.onmessage = null;
      socket.close();
    }

    write({ data }) {
      this.written += data.byteLength;
      if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(data);
      this.ask();
    }

    ask() {
      const { sent, received, written } = this;
      const waiting = this.socket?.bufferedAmount ?? 0;
      this.told = `${received} ${waiting}`;
      this.tell("traffic", { sent, received, waiting, written });
    }

    notice() {
      if (this.told !== `${this.received} ${this.socket.bufferedAmount}`) this.ask();
    }

    record({ port }) {
      this.recorder?.close();
      this.recorder = port;
      port.onmessage = ({ data }) => this.speak(data);
    }

    // A worklet has a frame to send, as an ArrayBuffer.
    speak(data) {
      if (!this.held) return this.send(data);
      this.held.push(data);
      if (this.held.length > this.options.held) this.held.shift();
    }

    send(data) {
      const { socket, options } = this;
      if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > options.most) return;
      this.sent += data.byteLength;
      socket.send(data);
    }

    // Send what was spoken meanwhile. The bot could not have heard it sooner, and would have started later.
    release() {
      const held = this.held ?? [];
      this.held = null;
      held.forEach((data) => this.send(data));
    }

    play({ port }) {
      this.player?.close();
      this.player = port;
      if (port) this.tell("plays");
    }

    // The socket has received something.
    hear = ({ data }) => {
      const isBinary = data instanceof ArrayBuffer;
      const sound = this.player && isBinary ? soundOf(data, this.options) : null;
      if (sound) {
        const { pcm, rate, channels } = sound;
        this.received += data.byteLength;
        this.player.postMessage({ play: pcm, item: "", part: 0, rate, channels }, [pcm.buffer]);
      } else if (this.player && isBinary && isInterruption(data)) {
        this.received += data.byteLength;
        this.player.postMessage({ interrupt: 0 });
        this.tell("silenced");
      } else this.tell("received", { data }, isBinary ? [data] : []);
    };

    end() {
      this.disconnect();
      this.recorder?.close();
      this.player?.close();
      this.port.close();
    }
  }

  const begin = ({ port, options }) => new Relay(port, options);
  if (globalThis.document) globalThis.rtviWebRelay ??= { postMessage: begin };
  else {
    globalThis.onmessage = ({ data }) => begin(data);
    postMessage("ready");
  }
}
