// Sound as PCM for Python: what the microphone hears, in chunks, and what is to be heard, counted by the sample.
// All PCM is 16-bit, mono, at the rate that Python names. This is one file without imports: some browsers' worklets know
// none, and none would be found from a Blob.

const ZERO_CROSSINGS = 16; // of the filter on either side: its steepness
const ROLL_OFF = 0.94; // of the lower Nyquist frequency: where it begins to let nothing through

// Converts between two rates, exactly: the ratio is kept as a fraction, so that nothing drifts. A polyphase filter,
// windowed sinc after Julius O. Smith, "Digital Audio Resampling Home Page".
class Resampler {
  constructor(from, to) {
    const common = divisor(from, to);
    this.up = to / common;
    this.down = from / common;
    const cutoff = this.up === this.down ? 1 : ROLL_OFF * Math.min(1, to / from);
    const reach = Math.ceil(ZERO_CROSSINGS / cutoff);
    this.taps = 2 * reach;
    this.filters = Array.from({ length: this.up }, (_, phase) => lowPass(cutoff, reach, phase / this.up));
    this.held = new Float32Array(reach - 1); // the silence before the first sample
    this.phase = 0;
  }

  // Calls take(sample) for each sample that the input completes.
  process(input, take) {
    const samples = new Float32Array(this.held.length + input.length);
    samples.set(this.held);
    samples.set(input, this.held.length);
    let start = 0;
    while (start + this.taps <= samples.length) {
      const filter = this.filters[this.phase];
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++) sum += filter[tap] * samples[start + tap];
      take(sum);
      this.phase += this.down;
      start += Math.floor(this.phase / this.up);
      this.phase %= this.up;
    }
    this.held = samples.slice(start);
  }
}

function lowPass(cutoff, reach, fraction) {
  const filter = new Float32Array(2 * reach);
  let sum = 0;
  for (let tap = 0; tap < filter.length; tap++) {
    const x = tap - (reach - 1) - fraction;
    const angle = Math.PI * cutoff * x;
    const window = 0.5 * (1 + Math.cos((Math.PI * x) / reach)); // Hann
    filter[tap] = Math.abs(x) < reach ? (angle === 0 ? 1 : Math.sin(angle) / angle) * window : 0;
    sum += filter[tap];
  }
  return filter.map((value) => value / sum);
}

const divisor = (a, b) => (b ? divisor(b, a % b) : a);

// Options: `rate` and `chunk`, in samples. Posts Int16Arrays of `chunk` samples.
class Recorder extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate, chunk } }) {
    super();
    this.resampler = new Resampler(sampleRate, rate);
    this.size = chunk;
    this.begin();
    this.take = (sample) => {
      this.chunk[this.length++] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
      if (this.length < this.size) return;
      this.port.postMessage(this.chunk, [this.chunk.buffer]);
      this.begin();
    };
  }

  begin() {
    this.chunk = new Int16Array(this.size);
    this.length = 0;
  }

  process([[channel]]) {
    if (channel) this.resampler.process(channel, this.take); // none while nothing is connected
    return true;
  }
}

const COUNTS = 32; // parts that are counted at a time: their pieces may come in turns

// Options: `lull`, in samples: the speaker goes on "speaking" for so long when nothing is left, because the next piece
// may be on its way; and `report`, in samples: how often it tells what was played meanwhile.
//
// Takes {play: Int16Array, item, part, rate} and {interrupt: number}. Posts {speaking}, {item, part, samples}, and after
// an interruption {interrupted: number, playing: {item, part, samples} or null}. Samples are counted at the rate of the
// PCM, which is converted if the context has another.
class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: { lull, report } }) {
    super();
    this.lull = lull;
    this.report = report;
    this.reset();
    this.port.onmessage = ({ data }) => ("play" in data ? this.add(data) : this.interrupt(data.interrupt));
  }

  reset() {
    this.pieces = []; // what waits, from `first` on, of which `offset` samples are played
    this.first = 0;
    this.offset = 0;
    this.counts = new Map(); // by item and part
    this.resamplers = new Map(); // the same, of those with another rate than the context
    this.playing = null;
    this.speaking = false;
    this.silent = 0;
    this.unreported = 0;
  }

  add({ play, item, part, rate }) {
    const scale = rate / sampleRate; // samples of the PCM for each that is played
    const sound = scale === 1 ? play : this.convert(play, `${rate} ${part} ${item}`, rate);
    this.pieces.push({ play: sound, item, part, scale });
  }

  convert(play, key, rate) {
    const resampler = this.resamplers.get(key) ?? new Resampler(rate, sampleRate);
    this.resamplers.set(key, resampler);
    if (this.resamplers.size > COUNTS) this.resamplers.delete(this.resamplers.keys().next().value);
    const converted = [];
    resampler.process(play, (sample) => converted.push(sample));
    return converted;
  }

  interrupt(number) {
    const playing = this.speaking ? whole(this.playing) : null;
    if (this.speaking) this.port.postMessage({ speaking: false });
    this.reset();
    this.port.postMessage({ interrupted: number, playing });
  }

  process(_, [[output]]) {
    let filled = 0;
    while (filled < output.length && this.first < this.pieces.length) {
      const { play, item, part, scale } = this.pieces[this.first];
      if (this.playing?.item !== item || this.playing.part !== part) this.playing = this.count(item, part);
      const count = Math.min(output.length - filled, play.length - this.offset);
      for (let index = 0; index < count; index++) output[filled + index] = play[this.offset + index] / 32768;
      filled += count;
      this.offset += count;
      this.playing.samples += count * scale;
      if (this.offset === play.length) this.next();
    }
    this.notify(filled, output.length);
    return true;
  }

  count(item, part) {
    const key = `${part} ${item}`;
    const count = this.counts.get(key) ?? { item, part, samples: 0 };
    this.counts.delete(key); // the latest comes last
    this.counts.set(key, count);
    if (this.counts.size > COUNTS) this.counts.delete(this.counts.keys().next().value);
    return count;
  }

  next() {
    this.pieces[this.first++] = null;
    this.offset = 0;
    if (this.first < 64) return;
    this.pieces.splice(0, this.first); // not at every piece: that would be quadratic
    this.first = 0;
  }

  notify(filled, wanted) {
    this.silent = filled ? 0 : this.silent + wanted;
    const speaking = filled > 0 || (this.speaking && this.silent < this.lull);
    if (speaking !== this.speaking) {
      this.speaking = speaking;
      this.port.postMessage({ speaking });
    }
    this.unreported += filled;
    if (this.unreported < this.report) return;
    this.unreported = 0;
    this.port.postMessage(whole(this.playing));
  }
}

const whole = (count) => count && { ...count, samples: Math.floor(count.samples + 1e-6) }; // sums are not exact

registerProcessor("rtvi-web-recorder", Recorder);
registerProcessor("rtvi-web-player", Player);
