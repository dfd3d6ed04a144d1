// Hears when two tracks begin to sound, both on one clock: `ears.mic` and `ears.bot` are seconds of one AudioContext.

(() => {
  const WORKLET = `registerProcessor("ears", class extends AudioWorkletProcessor {
    silent = [Infinity, Infinity];
    process(inputs) {
      inputs.forEach(([samples], ear) => {
        for (const [index, sample] of (samples ?? []).entries()) {
          if (Math.abs(sample) < ${0.02}) this.silent[ear]++;
          else {
            if (this.silent[ear] > sampleRate * 0.2) this.port.postMessage([ear, currentTime + index / sampleRate]);
            this.silent[ear] = 0;
          }
        }
        if (!samples) this.silent[ear] += 128;
      });
      return true;
    }
  })`;

  /** Listens to two MediaStreamTracks from now on. */
  window.listen = async (mic, bot) => {
    const context = new AudioContext();
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
    const node = new AudioWorkletNode(context, "ears", { numberOfInputs: 2, numberOfOutputs: 0 });
    window.ears = { mic: [], bot: [], close: () => context.close() };
    node.port.onmessage = ({ data: [ear, at] }) => window.ears[["mic", "bot"][ear]].push(at);
    [mic, bot].forEach((track, ear) =>
      context.createMediaStreamSource(new MediaStream([track])).connect(node, 0, ear));
  };
})();
