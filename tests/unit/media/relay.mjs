// Runs browser/worklets/relay.js as a Worker does: `node relay.mjs relay.js`. Reads {options, heard, spoken, early} from
// stdin: frames in base64 that the socket receives, how many frames the recorder's worklet has before the bot is ready,
// and [readyState, bufferedAmount] at the moments when it has one afterwards. Writes what the player got of each frame
// (null: it was handed on), the numbers of the early ones in the order in which they were sent, of each moment whether
// it was sent, and the traffic that is told at the end.

import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const { options, heard, spoken, early } = JSON.parse(readFileSync(0, "utf8"));

let socket; // the latest
class WebSocket {
  static OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  sent = [];
  constructor() {
    socket = this;
  }
  send(data) {
    this.sent.push(new Uint8Array(data));
  }
  close() {}
}

const worker = createContext({
  ArrayBuffer,
  Int16Array,
  Uint8Array,
  WebSocket,
  addEventListener() {},
  removeEventListener() {},
  setInterval() {},
  clearInterval() {},
  postMessage() {},
});
runInContext(readFileSync(process.argv[2], "utf8"), worker);

const told = []; // what the page gets
const port = { postMessage: (message) => told.push(message), close() {} };
worker.onmessage({ data: { port, options } });
const tell = (what, more = {}) => port.onmessage({ data: { what, ...more } });
const recorder = { close() {} };
const speak = (data) => recorder.onmessage({ data });

let found; // what the player gets
const player = {
  postMessage: (message) => {
    const { play, ...others } = message;
    found = play ? { pcm: Buffer.from(play.buffer).toString("base64"), ...others } : others;
  },
};

tell("connect", { socket: 1, url: "ws://bot" });
tell("play", { port: player });
const played = heard.map((frame) => {
  found = null;
  told.length = 0;
  const bytes = Buffer.from(frame, "base64");
  socket.onmessage({ data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) });
  const handedOn = told.filter(({ what }) => what === "received").length;
  if (handedOn + (found !== null) !== 1) throw Error("a frame goes one way");
  return found;
});

tell("record", { port: recorder });
for (let number = 0; number < early; number++) speak(Uint8Array.of(number).buffer);
if (socket.sent.length) throw Error("sent too early");
tell("release");
const order = socket.sent.map(([number]) => number);

const sent = spoken.map((state) => {
  socket.sent = [];
  [socket.readyState, socket.bufferedAmount] = state;
  speak(new ArrayBuffer(700));
  return socket.sent.length === 1;
});
tell("ask");
const traffic = told.at(-1);
process.stdout.write(JSON.stringify({ played, order, sent, bytes: [traffic.received, traffic.sent] }));
