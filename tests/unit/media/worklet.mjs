// Runs browser/worklets/pcm.js as a browser's audio thread does, on a clock of its own: `node worklet.mjs pcm.js`.
//
// Reads from stdin {sampleRate, processor, options, steps}, and writes {posted, output, times}. A step is {message}, or
// {render: blocks}; `output` has what was rendered, by channel; each of `posted` is [seconds, message].

import { readFileSync } from "node:fs";

const { sampleRate, processor, options, steps } = JSON.parse(readFileSync(0, "utf8"));
const BLOCK = 128;
const posted = [];
const processors = {};
let now = 0;

class AudioWorkletProcessor {
  port = { postMessage: (message) => posted.push([now / sampleRate, message]) };
}

const source = readFileSync(process.argv[2], "utf8");
new Function("sampleRate", "AudioWorkletProcessor", "registerProcessor", source)(
  sampleRate,
  AudioWorkletProcessor,
  (name, type) => (processors[name] = type),
);
const node = new processors[processor]({ processorOptions: options });
const output = [[], []];
for (const { message, render } of steps) {
  if (message) node.port.onmessage({ data: "play" in message ? { ...message, play: Int16Array.from(message.play) } : message });
  for (let block = 0; block < (render ?? 0); block++) {
    const channels = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
    node.process([[]], [channels]);
    channels.forEach((samples, channel) => output[channel].push(...samples));
    now += BLOCK;
  }
}
process.stdout.write(JSON.stringify({ posted, output }));
