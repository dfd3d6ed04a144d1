// A Daily room without Daily's service: who is in it, what they send, and what has become of what the page sends.
// The call machine beside this file connects it to the real daily-js.

const NOWHERE = { cam: new MediaStream(), screen: new MediaStream() };

class DailyRoom extends EventTarget {
  // What may be set before the page joins.
  refusal = null; // [type, message]: the page is not let in, once
  access = "full"; // or "lobby"
  limit = 4096; // characters in a message
  config = {}; // of the room, such as {exp: 1900000000}
  tokenConfig = {};
  domainConfig = {};
  isHeld = false; // whether join() waits for open()
  silent = []; // actions that are never answered

  sent = []; // [message, receiver]
  actions = []; // what daily-js has asked for, by name
  unknown = []; // what it has asked for and the call machine cannot do
  joined = null; // the properties with which the page has joined
  others = new Map();
  #machine = null;
  #opened = Promise.withResolvers();

  hold() {
    this.isHeld = true;
    this.#opened = Promise.withResolvers();
  }

  open() {
    this.isHeld = false;
    this.#opened.resolve();
  }

  // What the call machine needs.

  async admit() {
    this.actions.push("asking");
    this.changed();
    if (this.isHeld) await this.#opened.promise;
    const refusal = this.refusal;
    this.refusal = null;
    return refusal;
  }

  enter(machine, properties) {
    this.joined = properties;
    this.#machine = machine;
  }

  quit(machine) {
    if (this.#machine === machine) this.#machine = null;
  }

  hear(data, to) {
    this.sent.push([data, to]);
    this.dispatchEvent(new CustomEvent("sent", { detail: { data, to } }));
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }

  // Close what the page could not.
  forget() {
    this.#machine?.leave();
    this.calls.forEach((id) => delete window._daily.instances[id]);
  }

  // The ids of all calls in the page that have a call machine.
  get calls() {
    const instances = Object.entries(window._daily?.instances ?? {});
    return instances.filter(([, instance]) => instance.callMachine).map(([id]) => id);
  }

  // What the page sends at present: tracks.

  get isJoined() {
    return this.#machine !== null;
  }

  #sends(stream, kind) {
    const streams = this.#machine?.streams ?? NOWHERE;
    return streams[stream].getTracks().find((track) => track.kind === kind) ?? null;
  }

  get mic() {
    return this.#sends("cam", "audio");
  }

  get cam() {
    return this.#sends("cam", "video");
  }

  get screen() {
    return this.#sends("screen", "video");
  }

  // What others do. `tracks` has `audio`, `video` and `screenVideo`.

  join(id, name, tracks = {}, more = {}) {
    const other = { id, name, tracks, more };
    this.others.set(id, other);
    this.#machine?.tell("participant-joined", other);
  }

  update(id, tracks) {
    const other = this.others.get(id);
    other.tracks = tracks;
    this.#machine?.tell("participant-updated", other);
  }

  leave(id, reason) {
    const other = this.others.get(id);
    this.others.delete(id);
    this.#machine?.tellLeft(other, reason);
  }

  say(data, fromId) {
    this.#machine?.post({ action: "app-message", data, fromId });
  }

  // What Daily's service does.

  fail(type, msg, details = {}) {
    const machine = this.#machine;
    this.quit(machine);
    machine?.fail(type, msg, details);
  }

  network(type, event) {
    this.#machine?.post({ action: "network-connection", type, event });
  }

  problem(type, errorMsg) {
    this.#machine?.post({ action: "nonfatal-error", type, errorMsg });
  }
}

globalThis.DailyRoom = DailyRoom;
globalThis.dailyRoom = new DailyRoom();
