// What the tests need to see of a page: its peer connections, the tracks that it opened, and how loud the bot is.
window.watched = { peers: [], tracks: [], players: new Set(), channel: null, openedAt: 0 };

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) {
    super(...args);
    watched.peers.push(this);
  }

  createDataChannel(...args) {
    return (watched.channel = super.createDataChannel(...args));
  }
};

if (navigator.mediaDevices) {
  const open = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (constraints) {
    const stream = await open.call(this, constraints);
    watched.tracks.push(...stream.getTracks());
    if (constraints.audio) watched.openedAt = performance.now();
    return stream;
  };
}

const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  watched.players.add(this);
  return play.call(this);
};

watched.released = () =>
  watched.tracks.every((track) => track.readyState === "ended") &&
  watched.peers.every((peer) => peer.signalingState === "closed");

// The energy (V²s, of full scale) that has come out of the latest connection, or gone into it: W3C webrtc-stats.
watched.energy = async (type) => {
  const stats = await watched.peers.at(-1).getStats();
  const reports = [...stats.values()].filter((report) => report.type === type && report.kind === "audio");
  return reports.reduce((sum, report) => sum + (report.totalAudioEnergy ?? 0), 0);
};

// The loudest moment (RMS, 0 to 1) of the bot's track within some seconds.
watched.loudest = async (seconds) => {
  const track = watched.peers.at(-1).getReceivers().find((receiver) => receiver.track.kind === "audio").track;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end && loudest < 0.02; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length));
  }
  await context.close();
  return loudest;
};

// Listens to the latest microphone itself, muted or not: how many seconds ago it heard the last sound, or was opened,
// and whether it has heard any.
watched.listen = () => {
  const track = watched.tracks.findLast((track) => track.kind === "audio").clone();
  track.enabled = true;
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 32768 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let soundAt = watched.openedAt;
  return () => {
    analyser.getFloatTimeDomainData(samples);
    const last = samples.findLastIndex((x) => Math.abs(x) > 0.02);
    if (last >= 0) soundAt = performance.now() - ((samples.length - last) / context.sampleRate) * 1000;
    return { silence: (performance.now() - soundAt) / 1000, heard: soundAt > watched.openedAt };
  };
};

// A message as if the bot had sent it, for what the local bot never sends by itself.
watched.botSays = (type, data) =>
  watched.channel.dispatchEvent(
    new MessageEvent("message", { data: JSON.stringify({ label: "rtvi-ai", type, data }) }),
  );
