// Carries the sound of a WebSocket session between the socket and the worklets of pcm.js: 75 messages a second, which would
// cost the page's main thread several times as much in Python.
//
// A page loads it as a script, which leaves the class rtviWebRelay. `socket`, `context` and `player` (the port of the
// player's worklet) are set while they are open, `item` is what the next sound belongs to. Whatever is not simply sound
// to be played goes to `other`, with its event.
//
// All of it is in a block: two transports may load it at once.
{
  // The sound in one of Pipecat's protobuf frames: {pcm, rate, channels}. Null for any other frame, also for one of sound
  // that has a field more, no rate or half a sample: Python reads those.
  const soundOf = (buffer, { slowest, fastest }) => {
    const bytes = new Uint8Array(buffer);
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

    if (bytes[at++] !== 0x12 || varint() !== bytes.length - at) return null; // Frame.audio, and nothing else
    let sound, rate, channels;
    while (at < bytes.length) {
      const key = bytes[at++];
      if (key === 0x08) varint(); // id
      else if (key === 0x20) rate = varint();
      else if (key === 0x28) channels = varint();
      else if (key === 0x12 || key === 0x1a) { // name, audio
        const size = varint();
        if (key === 0x1a) sound = [at, at + size];
        at += size;
      } else return null;
      if (!(at <= bytes.length)) return null;
    }
    if (!sound || !(slowest <= rate && rate <= fastest) || !(1 <= channels && channels <= 2 ** 16)) return null;
    const [start, end] = sound;
    if (start === end || (end - start) % (2 * channels)) return null;
    return { pcm: new Int16Array(buffer.slice(start, end)), rate, channels };
  };

  class Relay {
    socket = null;
    context = null;
    player = null;
    other = null;
    item = "";
    held = []; // what was spoken before the bot was ready, in order; null while it is
    sent = 0; // bytes of frames
    received = 0; // the same, of sound that was played

    // Options: `held`, how many frames are kept until the bot is ready; `most`, the bytes that may wait in the socket
    // before sound is dropped; `slowest` and `fastest`, in samples a second, what can be played.
    constructor(options) {
      this.options = options;
    }

    // A worklet has a frame to send, as an ArrayBuffer.
    speak = ({ data }) => {
      if (!this.held) return this.send(data);
      this.held.push(data);
      if (this.held.length > this.options.held) this.held.shift();
    };

    send(data) {
      const { socket, options } = this;
      if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > options.most) return;
      this.sent += data.byteLength;
      socket.send(data);
    }

    // The bot is ready: send what was spoken meanwhile. It could not have heard it sooner, and would have started
    // later.
    release() {
      const held = this.held ?? [];
      this.held = null;
      held.forEach((data) => this.send(data));
    }

    // The socket has received something.
    hear = (event) => {
      const { data } = event;
      const plays = this.player && this.context?.state === "running" && data instanceof ArrayBuffer;
      const sound = plays ? soundOf(data, this.options) : null;
      if (!sound) return void this.other?.(event);
      const { pcm, rate, channels } = sound;
      this.received += data.byteLength;
      this.player.postMessage({ play: pcm, item: this.item, part: 0, rate, channels }, [pcm.buffer]);
    };
  }

  globalThis.rtviWebRelay ??= Relay;
}
