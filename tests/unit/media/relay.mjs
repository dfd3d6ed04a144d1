// Runs browser/worklets/relay.js: `node relay.mjs relay.js`. Reads {options, heard, spoken} from stdin: frames in base64 that
// the socket receives, how many frames the recorder's worklet has before the bot is ready, and [readyState,
// bufferedAmount] at the moments when it has one afterwards. Writes what was played of each frame (null: it was handed on),
// the numbers of the early ones in the order in which they were sent, and of each moment whether it was sent.

import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";

const { options, heard, spoken, early } = JSON.parse(readFileSync(0, "utf8"));
const page = createContext({ ArrayBuffer, Int16Array, Uint8Array, WebSocket: { OPEN: 1 } });
for (let time = 0; time < 2; time++) runInContext(readFileSync(process.argv[2], "utf8"), page); // two transports load it
const relay = new page.rtviWebRelay(options);
relay.context = { state: "running" };
relay.item = "7";

const played = heard.map((frame) => {
  let found;
  relay.other = () => (found = null);
  relay.player = {
    postMessage: ({ play, item, part, rate, channels }) =>
      (found = { pcm: Buffer.from(play.buffer).toString("base64"), item, part, rate, channels }),
  };
  const bytes = Buffer.from(frame, "base64");
  relay.hear({ data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) });
  return found;
});

let order = [];
relay.socket = { readyState: 1, bufferedAmount: 0, send: (data) => order.push(new Uint8Array(data)[0]) };
for (let number = 0; number < early; number++) relay.speak({ data: Uint8Array.of(number).buffer });
if (order.length) throw Error("sent too early");
relay.release();
relay.sent = 0;

const sent = spoken.map(([readyState, bufferedAmount]) => {
  let found = false;
  relay.socket = { readyState, bufferedAmount, send: () => (found = true) };
  relay.speak({ data: new ArrayBuffer(700) });
  return found;
});
process.stdout.write(JSON.stringify({ played, order, sent, bytes: [relay.received, relay.sent] }));
