// A SmallWebRTC server inside the page: it answers offers to /loopback and sends bot-ready, nothing else.
// feed() delivers frames to a client as the browser does: as message events of its data channel.

(() => {
  const fetch = window.fetch;
  window.fetch = (...args) => {
    const request = new Request(...args);
    return request.url.endsWith("/loopback") ? respond(request) : fetch(request);
  };

  async function respond(request) {
    if (request.method === "PATCH") return Response.json({ status: "success" }); // the answer's candidates are enough
    const { sdp } = await request.json();
    const peer = new RTCPeerConnection();
    peer.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => {
        if (!data.includes('"client-ready"')) return;
        const { id } = JSON.parse(data);
        channel.send(JSON.stringify({ label: "rtvi-ai", type: "bot-ready", id, data: { version: "2.1.0" } }));
      };
    };
    await peer.setRemoteDescription({ type: "offer", sdp });
    const gathered = new Promise((resolve) => {
      peer.onicecandidate = ({ candidate }) => candidate || resolve();
    });
    await peer.setLocalDescription();
    await gathered;
    return Response.json({ type: "answer", sdp: peer.localDescription.sdp, pc_id: "loopback" });
  }

  let channel;
  const createDataChannel = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    return (channel = createDataChannel.apply(this, args));
  };

  /** The data channel of the client that connected last. */
  window.clientChannel = () => channel;

  const message = (data) => new MessageEvent("message", { data });
  const INTERRUPTED = JSON.stringify({ label: "rtvi-ai", type: "bot-interrupted" });

  /** Messages handled per second, and microseconds per message in each of many batches, over `seconds`.
      Each batch is one turn of the bot, because a client keeps only part of a very long turn. The events are made ahead:
      a browser makes its own outside JavaScript, where making one takes longer than the JavaScript client handles it. */
  window.feed = async (channel, frames, handled, seconds) => {
    const before = handled();
    const batches = [];
    const end = performance.now() + seconds * 1000;
    let spent = 0;
    while (performance.now() < end) {
      channel.dispatchEvent(message(INTERRUPTED));
      const events = frames.map(message);
      const at = performance.now();
      for (const event of events) channel.dispatchEvent(event);
      const took = performance.now() - at;
      batches.push((took / frames.length) * 1000);
      spent += took;
    }
    const messages = batches.length * frames.length;
    const rate = (messages / spent) * 1000;
    await new Promise((resolve) => setTimeout(resolve)); // lets pending callbacks run
    return { rate, batches, messages, handled: handled() - before };
  };
})();
