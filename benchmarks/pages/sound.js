// Measures with an AudioWorklet when the microphone and the bot begin and end to sound. sounds.mic and sounds.bot hold
// [begin, end] in milliseconds since 1970, the same for both clients. `clicked` is the time of the button's click.

(() => {
  const WORKLET = `registerProcessor("sound", class extends AudioWorkletProcessor {
    process([[samples]]) {
      const loud = samples?.some((sample) => Math.abs(sample) > 0.02);
      const now = Date.now();
      if (loud && !this.begin) this.port.postMessage(["begin", (this.begin = now)]);
      if (loud) this.last = now;
      if (this.begin && now - this.last > 400) {
        this.port.postMessage(["end", this.last]);
        this.begin = 0;
      }
      return true;
    }
  })`;

  let context;

  async function watch(who, stream) {
    if (!context) {
      context = new AudioContext();
      context.ready = context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" })));
    }
    await context.ready;
    const node = new AudioWorkletNode(context, "sound");
    node.port.onmessage = ({ data: [what, at] }) => {
      if (what === "begin") window.sounds[who].push([at, null]);
      else window.sounds[who].at(-1)[1] = at;
    };
    context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  }

  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    if (window.listening && stream.getAudioTracks().length) watch("mic", stream);
    return stream;
  };
  const setRemoteDescription = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (...args) {
    this.addEventListener("track", ({ track }) => {
      if (track.kind === "audio") watch("bot", new MediaStream([track]));
    });
    return setRemoteDescription.apply(this, args);
  };

  for (const who of ["ours", "theirs"]) {
    document.getElementById(who).onclick = () => {
      window.clicked = Date.now();
      window.sounds = { mic: [], bot: [] };
      window.listening = true;
      window.begun = window[who].begin();
    };
  }
})();
