// What the benchmarks do with the JavaScript client; pages/ours.py does the same with rtvi_web.

import { LogLevel, PipecatClient } from "@pipecat-ai/client-js";
import { SmallWebRTCTransport, WavMediaManager } from "@pipecat-ai/small-webrtc-transport";
import { WavMediaManager as WavForWebSocket, WebSocketTransport } from "@pipecat-ai/websocket-transport";

let client;
let audio;

const TRANSPORTS = {
  // Their default media manager needs its vendor's host.
  webrtc: () => new SmallWebRTCTransport({ mediaManager: new WavMediaManager() }),
  websocket: () => new WebSocketTransport({ mediaManager: new WavForWebSocket() }),
};

function start(kind) {
  return { endpoint: "/start", requestData: { transport: kind } };
}

function newClient(options = {}, kind = "webrtc") {
  const made = new PipecatClient({ transport: TRANSPORTS[kind](), enableMic: true, ...options });
  made.setLogLevel(LogLevel.NONE);
  return made;
}

function play(track, participant) {
  if (participant?.local) return;
  audio = Object.assign(new Audio(), { autoplay: true, srcObject: new MediaStream([track]) });
}

window.theirs = {
  /**
   * Milliseconds from connect() to bot-ready with a new client; its devices are opened before, if `warm`.
   * The way is a transport, to be started, or the address of an offer.
   */
  async connect(way, warm) {
    client = newClient({}, way in TRANSPORTS ? way : "webrtc");
    if (warm) await client.initDevices();
    const began = performance.now();
    if (way === "websocket") {
      const { wsUrl } = await client.startBot(start(way)); // its transport refuses the answer's sessionId
      await client.connect({ wsUrl });
    } else await (way === "webrtc" ? client.startBotAndConnect(start(way)) : client.connect({ webrtcUrl: way }));
    return performance.now() - began;
  },

  /** What a click on a page's button does: connect, and let the bot be heard. */
  async begin() {
    client = newClient({ callbacks: { onTrackStarted: play } });
    await client.startBotAndConnect(start("webrtc"));
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
