// What the benchmarks do with the JavaScript client; pages/ours.py does the same with rtvi_web.

import { LogLevel, PipecatClient } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport, WavMediaManager } from "@pipecat-ai/small-webrtc-transport";

let client;
let audio;

function newClient(options = {}) {
  // The default media manager needs its vendor's host.
  const transport = new SmallWebRTCTransport({ mediaManager: new WavMediaManager() });
  const made = new PipecatClient({ transport, enableMic: true, ...options });
  made.setLogLevel(LogLevel.NONE);
  return made;
}

function play(track, participant) {
  if (participant?.local) return;
  audio = Object.assign(new Audio(), { autoplay: true, srcObject: new MediaStream([track]) });
}

window.theirs = {
  /** Milliseconds from connect() to bot-ready with a new client; its devices are opened before, if `warm`. */
  async connect(way, warm) {
    client = newClient();
    if (warm) await client.initDevices();
    const start = performance.now();
    if (way === "start") await client.startBotAndConnect({ endpoint: "/start", requestData: { transport: "webrtc" } });
    else await client.connect({ webrtcUrl: way });
    return performance.now() - start;
  },

  /** What a click on a page's button does: connect, and let the bot be heard. */
  async begin() {
    client = newClient({ callbacks: { onTrackStarted: play } });
    await client.startBotAndConnect({ endpoint: "/start", requestData: { transport: "webrtc" } });
  },

  /** A session with the loopback bot; a callback and a listener count each of some events. */
  async listen(callbacks, events) {
    let handled = 0;
    const count = () => void handled++;
    client = newClient({ enableMic: false, callbacks: Object.fromEntries(callbacks.map((name) => [name, count])) });
    for (const event of events) client.on(event, count);
    await client.connect({ webrtcUrl: "/loopback" });
    return () => handled;
  },

  async end() {
    await client.disconnect();
    if (audio) audio.srcObject = null;
  },
};
