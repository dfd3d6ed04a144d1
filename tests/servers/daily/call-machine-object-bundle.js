// A call machine for the real daily-js 0.92.2, which loads this file in place of the one from Daily's host
// (`dailyConfig.bundlePathOverride`). They talk through window.postMessage, and through `window._daily.instances`, where
// daily-js leaves the page's own tracks and reads the tracks of all. It joins the room of room.js.
//
// tests/unit/transports/test_daily_double.py compares the words in here with those of daily-js.

(() => {
  const WHAT = "iframe-call-message";
  const OWN_TRACK = "daily-custom-track";
  const OWN_TRACKS = { audio: "audioTrack", video: "videoTrack" };

  class CallMachine {
    constructor(id) {
      this.id = id;
      this.instance = window._daily.instances[id];
      this.instance.callMachine = { reset: () => this.reset(), store: { getState: () => this.state } };
      this.listener = (event) => this.receive(event.data);
      this.attempt = 0;
      this.reset();
    }

    reset() {
      this.streams = { cam: new MediaStream(), screen: new MediaStream() };
      this.state = {
        local: {
          public: { subscribedTracks: { ALL: true } },
          streams: { cam: { stream: this.streams.cam }, screen: { stream: this.streams.screen } },
        },
        participants: {},
        streams: {},
      };
      window.addEventListener("message", this.listener);
    }

    post(message) {
      window.postMessage({ ...message, what: WHAT, callClientId: this.id, from: "embedded" }, window.location.origin);
    }

    reply({ action, callbackStamp }, answer = {}) {
      if (callbackStamp) this.post({ action, callbackStamp, ...answer });
    }

    receive(message) {
      if (message?.what !== WHAT || message.from !== "module" || message.callClientId !== this.id) return;
      dailyRoom.actions.push(message.action);
      if (!dailyRoom.silent.includes(message.action)) this.act(message);
      dailyRoom.changed();
    }

    act(message) {
      switch (message.action) {
        case "join-meeting":
          return this.join(message);
        case "leave-meeting":
          return this.leave();
        case "lib-room-info": {
          const { config, tokenConfig, domainConfig } = dailyRoom;
          return this.reply(message, { id: "room-1", name: "room", config, tokenConfig, domainConfig });
        }
        case "app-msg":
          return dailyRoom.hear(message.data, message.to);
        case "set-input-devices":
          if (message.audioDeviceId === OWN_TRACK) this.useOwn("audio");
          if (message.videoDeviceId === OWN_TRACK) this.useOwn("video");
          return this.reply(message, { camera: {}, mic: {}, speaker: {} });
        case "local-audio":
          return this.turn("audio", message.state);
        case "local-video":
          return this.turn("video", message.state);
        case "local-screen-start":
          return this.shareScreen(message.captureOptions);
        case "local-screen-stop":
          this.replace("screen", "video", null);
          return this.post({ action: "local-screen-share-stopped" });
        case "transmit-log":
          return;
        default:
          dailyRoom.unknown.push(message.action);
          return this.reply(message);
      }
    }

    // The meeting.

    async join({ properties, ...message }) {
      const attempt = ++this.attempt;
      const refusal = await dailyRoom.admit();
      if (attempt !== this.attempt) return; // it was left meanwhile
      if (refusal) return this.fail(...refusal);
      dailyRoom.enter(this, properties);
      if (!properties.startAudioOff) this.turn("audio", true);
      if (!properties.startVideoOff) this.turn("video", true);
      this.post({ action: "call-machine-initialized" });
      this.post({ action: "access-state-updated", access: { level: dailyRoom.access } });
      const participants = { local: this.me() };
      for (const other of dailyRoom.others.values()) participants[other.id] = this.publish(other);
      this.post({ action: "joined-meeting", participants, internal: { _maxAppMessageSize: dailyRoom.limit } });
      this.reply(message);
    }

    leave() {
      this.attempt++;
      dailyRoom.quit(this);
      window.removeEventListener("message", this.listener);
      this.post({ action: "left-meeting" });
    }

    fail(type, msg, details) {
      window.removeEventListener("message", this.listener);
      this.post({ action: "error", errorMsg: msg, error: { type, msg, ...(details && { details }) } });
    }

    // The page's own tracks. As Daily does, it opens a device where the page gives no track.

    async turn(kind, on) {
      const media = kind === "audio" ? { audio: true } : { video: true };
      const own = this.instance.tracks[OWN_TRACKS[kind]];
      const track = on ? (own ?? (await navigator.mediaDevices.getUserMedia(media)).getTracks()[0]) : null;
      this.replace("cam", kind, track);
    }

    useOwn(kind) {
      const isOn = this.streams.cam.getTracks().some((track) => track.kind === kind);
      if (isOn) this.replace("cam", kind, this.instance.tracks[OWN_TRACKS[kind]]);
    }

    async shareScreen({ mediaStream }) {
      const own = mediaStream === OWN_TRACK ? this.instance.tracks.screenMediaStream : null;
      const stream = own ?? (await navigator.mediaDevices.getDisplayMedia());
      this.replace("screen", "video", stream.getVideoTracks()[0]);
      this.post({ action: "local-screen-share-started" });
    }

    replace(stream, kind, track) {
      const tracks = this.streams[stream];
      for (const old of tracks.getTracks()) if (old.kind === kind) tracks.removeTrack(old);
      if (track) tracks.addTrack(track);
      dailyRoom.changed();
      this.post({ action: "participant-updated", participant: this.me() });
    }

    me() {
      const { cam, screen } = this.streams;
      const [audio] = cam.getAudioTracks();
      const [video] = cam.getVideoTracks();
      const [screenVideo] = screen.getVideoTracks();
      return describe({ id: "local-1", name: "", tracks: { audio, video, screenVideo }, more: { local: true } });
    }

    // The others.

    tell(action, other) {
      this.post({ action, participant: this.publish(other) });
    }

    tellLeft(other, reason) {
      this.#forget(other.id);
      this.post({ action: "participant-left", participant: describe(other), ...(reason && { reason }) });
    }

    publish(other) {
      this.#forget(other.id);
      for (const [kind, pendingTrack] of Object.entries(other.tracks)) {
        if (!pendingTrack) continue;
        const type = kind.startsWith("screen") ? "screen" : "cam";
        this.state.streams[`${other.id} ${kind}`] = { participantId: other.id, type, pendingTrack, starttime: new Date() };
      }
      this.state.participants[other.id] = { public: {}, private: {} };
      return describe(other);
    }

    #forget(id) {
      const { participants, streams } = this.state;
      delete participants[id];
      for (const [key, stream] of Object.entries(streams)) if (stream.participantId === id) delete streams[key];
    }
  }

  function describe({ id, name, tracks, more }) {
    const state = (track) => (track ? { state: "playable" } : { state: "off", off: { byUser: true } });
    const kinds = ["audio", "video", "screenAudio", "screenVideo"];
    return {
      session_id: id,
      user_id: `user of ${id}`,
      user_name: name,
      joined_at: new Date(),
      local: false,
      owner: false,
      record: false,
      audio: Boolean(tracks.audio),
      video: Boolean(tracks.video),
      screen: Boolean(tracks.screenVideo),
      tracks: Object.fromEntries(kinds.map((kind) => [kind, { subscribed: true, ...state(tracks[kind]) }])),
      ...more,
    };
  }

  for (const id of window._daily.pendings.splice(0)) new CallMachine(id);
})();
