// What a page has opened and not closed. Weak references: what nothing uses any more must go.
const opened = { peers: [], tracks: [], contexts: [] };
const note = (kind, things) => opened[kind].push(...things.map((thing) => new WeakRef(thing)));

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) {
    super(...args);
    note("peers", [this]);
  }
};
window.AudioContext = class extends AudioContext {
  constructor(...args) {
    super(...args);
    note("contexts", [this]);
  }
};
if (navigator.mediaDevices) {
  const open = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (constraints) {
    const stream = await open.call(this, constraints);
    note("tracks", stream.getTracks());
    return stream;
  };
}
const clone = MediaStreamTrack.prototype.clone;
MediaStreamTrack.prototype.clone = function () {
  const copy = clone.call(this);
  note("tracks", [copy]);
  return copy;
};

const IS_OPEN = {
  peers: (peer) => peer.signalingState !== "closed",
  tracks: (track) => track.readyState === "live",
  contexts: (context) => context.state !== "closed",
};
window.countOpen = () => {
  const counts = {};
  for (const kind in opened) {
    opened[kind] = opened[kind].filter((reference) => reference.deref());
    counts[kind] = opened[kind].filter((reference) => IS_OPEN[kind](reference.deref())).length;
  }
  return counts;
};
