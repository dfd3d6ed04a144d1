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

const SILENCE = new Float32Array(128);

// Options: `rate` and `chunk`, in samples. Posts Int16Arrays of `chunk` samples; of silence while nothing is connected. With
// the options `head` and `tail` (Uint8Arrays), it posts ArrayBuffers: these bytes before and after the samples. It posts them
// to another port, which it must be sent first: {port}.
class Recorder extends AudioWorkletProcessor {
  constructor({ processorOptions: { rate, chunk, head, tail } }) {
    super();
    this.around = head && [head, tail];
    this.out = head ? null : this.port;
    this.port.onmessage = ({ data }) => (this.out = data.port);
    this.resampler = new Resampler(sampleRate, rate);
    this.size = chunk;
    this.begin();
    this.take = (sample) => {
      this.chunk[this.length++] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
      if (this.length < this.size) return;
      const posted = this.around ? this.framed() : this.chunk;
      this.out.postMessage(posted, [posted.buffer ?? posted]);
      this.begin();
    };
  }

  begin() {
    this.chunk = new Int16Array(this.size);
    this.length = 0;
  }

  framed() {
    const [head, tail] = this.around;
    const frame = new Uint8Array(head.length + this.chunk.byteLength + tail.length);
    frame.set(head);
    frame.set(new Uint8Array(this.chunk.buffer), head.length);
    frame.set(tail, frame.length - tail.length);
    return frame.buffer;
  }

  process([[channel = SILENCE]]) {
    if (this.out) this.resampler.process(channel, this.take);
    return true;
  }
}

const COUNTS = 32; // parts that are counted at a time: their pieces may come in turns
const SLICE = 2048; // samples of each channel that are converted at once: a piece may last minutes
const CHANNELS = 2; // that are played; a single one on both sides

// Options, in seconds: `lull`, for which the speaker goes on "speaking" when nothing is left, because the next piece may
// be on its way; `report`, how often it tells what was played meanwhile; `buffer`, how much sound is gathered before it
// begins, and again when it has run out; `most`, how much may wait.
//
// Takes {play: Int16Array, item, part, rate, channels}, whose channels are interleaved, {interrupt: number},
// {pause: boolean}, {record: boolean} and {source: MessagePort}, from which it takes the same. Posts {speaking}, {item,
// part, samples, waiting}, {underrun} when sound comes too late, {dropped} when too much waits already, and after an
// interruption {interrupted: number, playing: {item, part, samples} or null}. Samples are counted at the rate of the PCM,
// which is converted if the context has another. While it records, it posts what was played, {recorded: Int16Array}, mono
// at the rate of the context, and the rest as {recorded, last: true}.
class Player extends AudioWorkletProcessor {
  constructor({ processorOptions: { lull, report, buffer, most } }) {
    super();
    this.lull = lull;
    this.report = report * sampleRate;
    this.buffer = buffer;
    this.most = most;
    this.paused = false;
    this.recorded = null; // what was played and not posted yet, of which `length` samples are filled
    this.length = 0;
    this.reset();
    this.port.onmessage = ({ data }) => {
      if ("play" in data) this.add(data);
      else if ("source" in data) data.source.onmessage = this.port.onmessage;
      else if ("interrupt" in data) this.interrupt(data.interrupt);
      else if ("pause" in data) this.pause(data.pause);
      else this.record(data.record);
    };
  }

  reset() {
    this.pieces = []; // what waits, from `first` on
    this.first = 0;
    this.begun = 0; // samples of each channel of the first one that are converted already
    this.sound = null; // what is converted: channels of floats, of which `offset` samples are played
    this.offset = 0;
    this.waiting = 0; // seconds in all pieces, from the first one on, and in what is converted
    this.gathering = true;
    this.gathered = 0; // seconds since the first of the pieces that are being gathered
    this.counts = new Map(); // by item and part
    this.resamplers = new Map(); // the same, of those with another rate than the context
    this.playing = null;
    this.speaking = false;
    this.silent = Infinity; // seconds
    this.unreported = 0;
  }

  add(piece) {
    if (this.waiting > this.most) {
      this.port.postMessage({ dropped: true });
      return;
    }
    if (this.buffer && !this.waiting && this.silent < this.lull) this.port.postMessage({ underrun: true });
    this.waiting += piece.play.length / piece.channels / piece.rate;
    this.pieces.push(piece);
  }

  interrupt(number) {
    const playing = whole(this.current());
    this.post();
    this.say(false);
    this.reset();
    this.port.postMessage({ interrupted: number, playing });
  }

  // What plays, or would if it were not paused.
  current() {
    if (this.speaking) return this.playing;
    const next = this.sound ?? this.pieces[this.first];
    return this.paused && next ? this.count(next.item, next.part) : null;
  }

  pause(paused) {
    this.paused = paused;
    if (!paused) return;
    this.post();
    this.say(false);
  }

  record(on) {
    if (!on) this.post(true);
    this.recorded = on ? new Int16Array(Math.max(128, Math.round(this.report))) : null;
  }

  keep(output, filled) {
    for (let index = 0; index < filled; index++) {
      const sample = output.reduce((sum, channel) => sum + channel[index], 0) / output.length;
      this.recorded[this.length++] = Math.round(Math.max(-1, Math.min(32767 / 32768, sample)) * 32768);
      if (this.length === this.recorded.length) this.post();
    }
    if (filled < output[0].length) this.post(); // nothing is left: more may never come
  }

  post(last = false) {
    if (!this.recorded || !(this.length || last)) return;
    this.port.postMessage({ recorded: this.recorded.slice(0, this.length), last });
    this.length = 0;
  }

  process(_, [output]) {
    const wanted = output[0].length;
    let filled = 0;
    if (this.waiting && this.gathering && !this.paused) this.gather(wanted);
    while (!this.paused && !this.gathering && filled < wanted) {
      if (!this.sound && !this.convert()) break;
      const { channels, item, part, scale } = this.sound;
      if (this.playing?.item !== item || this.playing.part !== part) this.playing = this.count(item, part);
      const count = Math.min(wanted - filled, channels[0].length - this.offset);
      output.forEach((out, index) => {
        out.set(channels[Math.min(index, channels.length - 1)].subarray(this.offset, this.offset + count), filled);
      });
      filled += count;
      this.offset += count;
      this.playing.samples += count * scale;
      this.waiting -= count / sampleRate;
      if (this.offset === channels[0].length) this.sound = null;
    }
    if (filled < wanted && !this.gathering && !this.paused) this.runOut();
    if (this.recorded) this.keep(output, filled);
    this.notify(filled, wanted);
    return true;
  }

  // Until enough has come, or would have come if it came evenly: the end of an utterance must be played too.
  gather(wanted) {
    this.gathering = this.waiting < this.buffer && this.gathered < this.buffer;
    this.gathered += wanted / sampleRate;
  }

  runOut() {
    this.waiting = 0; // sums are not exact
    this.gathering = true;
    this.gathered = 0;
  }

  // Converts the next slice of the first piece; false if nothing waits.
  convert() {
    while (this.first < this.pieces.length) {
      const { play, item, part, rate, channels } = this.pieces[this.first];
      const end = Math.min(this.begun + SLICE, Math.floor(play.length / channels));
      const sides = Array.from({ length: Math.min(channels, CHANNELS) }, (_, channel) => {
        const side = new Float32Array(end - this.begun);
        const from = this.begun * channels + channel;
        for (let index = 0; index < side.length; index++) side[index] = play[from + index * channels] / 32768;
        return rate === sampleRate ? side : this.resample(side, `${rate} ${channel} ${part} ${item}`, rate);
      });
      this.begun = end;
      if ((end + 1) * channels > play.length) this.next();
      if (!sides[0].length) continue; // a resampler keeps the end of what it gets
      this.sound = { channels: sides, item, part, scale: rate / sampleRate }; // samples of the PCM for each that is played
      this.offset = 0;
      return true;
    }
    return false;
  }

  resample(side, key, rate) {
    const resampler = this.resamplers.get(key) ?? new Resampler(rate, sampleRate);
    this.resamplers.set(key, resampler);
    if (this.resamplers.size > COUNTS) this.resamplers.delete(this.resamplers.keys().next().value);
    const converted = [];
    resampler.process(side, (sample) => converted.push(sample));
    return Float32Array.from(converted);
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
    this.begun = 0;
    if (this.first < 64) return;
    this.pieces.splice(0, this.first); // not at every piece: that would be quadratic
    this.first = 0;
  }

  say(speaking) {
    if (speaking === this.speaking) return;
    this.speaking = speaking;
    this.port.postMessage({ speaking });
  }

  notify(filled, wanted) {
    this.silent = filled ? 0 : this.silent + wanted / sampleRate;
    const speaking = filled > 0 || (this.speaking && this.silent < this.lull);
    this.say(speaking);
    this.unreported += filled;
    if (this.unreported < this.report) return;
    this.unreported = 0;
    this.port.postMessage({ ...whole(this.playing), waiting: this.waiting });
  }
}

const whole = (count) => count && { ...count, samples: Math.floor(count.samples + 1e-6) }; // sums are not exact

registerProcessor("rtvi-web-recorder", Recorder);
registerProcessor("rtvi-web-player", Player);
