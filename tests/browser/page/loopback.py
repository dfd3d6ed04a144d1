"""What the tests in the page share: a bot on the other end of a WebRTC loopback, and a host that writes things down."""

import asyncio
import contextlib
import json
import os

import js
from edge import held
from watching import (
    capture,
    energy,
    event,
    frequency,
    latest_context,
    own_peer,
    painted_canvas,
    released,
    stats,
    tone,
    until,
)

from rtvi_web.browser import _js
from rtvi_web.core.listened import Listened
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.session.media_events import MediaEvents
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.transports import SmallWebRTCTransport


class Listening(set[str]):
    """The events that are listened to."""

    def __init__(self, listened):
        super().__init__()
        self._listened = listened

    def add(self, event):
        super().add(event)
        self._listened.more()

    def __ior__(self, events):  # type: ignore[misc]
        for added in events:
            self.add(added)
        return self


class Host:
    """A TransportHost that writes down what a transport tells."""

    def __init__(self):
        self.events = []
        self.received = []
        self.phases = []
        self.left = []
        self.losses = []
        self.links = []
        self.sent = []
        self.listened = Listened(self.listens)
        self.listening = Listening(self.listened)
        self.media = MediaEvents(self)  # type: ignore[arg-type]
        self._changed = asyncio.Event()

    def emit(self, event, *args):
        self.fire(event, *args)

    def fire(self, event, *args):
        self.events.append((event, *args))
        self._changed.set()

    def listens(self, event):
        return event in self.listening

    def receive(self, text):
        self.received.append(text)
        self._changed.set()

    def enter(self, phase):
        self.phases.append(phase.value)
        self._changed.set()

    def bot_left(self, bot):
        self.left.append(bot)
        self._changed.set()

    def lost(self, error):
        self.losses.append(error)
        self._changed.set()

    def reconnecting(self, attempt, cause):
        self.links.append("lost")
        self._changed.set()

    def reconnected(self):
        self.links.append("restored")
        self._changed.set()

    def send(self, type, data):
        self.sent.append((type, data))
        self._changed.set()

    def of(self, event):
        """The arguments of every such event so far."""
        return [args for name, *args in self.events if name == event]

    async def until(self, condition):
        """Wait until something that was written down makes a condition true; its value."""
        while not (value := condition()):
            self._changed.clear()
            await self._changed.wait()
        return value


class Bot:
    """A peer that answers a transport's offers, as a SmallWebRTC server does, from the same page.

    Its HTTP side is the test server's mailbox. ``speaks`` sends a tone, ``shows`` a picture; ``patch_status`` is what
    it answers candidates with.
    """

    def __init__(self, *, speaks=False, shows=False, patch_status=200):
        self.room = os.urandom(4).hex()
        self.url = f"/mailbox/{self.room}"
        self.speaks = speaks
        self.shows = shows
        self.patch_status = patch_status
        self.requests = []
        self.paths = []
        self.frames = asyncio.Queue()
        self.connection = None
        self.channel = None
        self.met = asyncio.Event()  # the channel is open here too: a moment later than at the other end, perhaps
        self.track = self.picture = None
        self._scope = _js.Scope()
        self._hearing = None

    async def __aenter__(self):
        self._serving = asyncio.ensure_future(self._serve())
        return self

    async def __aexit__(self, *exc):
        self._serving.cancel()
        await asyncio.wait({self._serving})
        if self._hearing:
            self._hearing.cancel()
        self._scope.close()

    @property
    def offers(self):
        return [body for method, body in self.requests if method == "POST"]

    @property
    def patches(self):
        return [body for method, body in self.requests if method == "PATCH"]

    async def frame(self):
        """The next frame of text, as JSON."""
        return json.loads(await self.frames.get())

    def send(self, message):
        self.channel.send(message if isinstance(message, str) else json.dumps(message))

    def signal(self, type):
        self.send({"type": "signalling", "message": {"type": type}})

    async def _serve(self):
        while True:
            status, request = await self._fetch("GET", f"{self.url}/next")
            if status == 504:
                continue
            self.headers = request["headers"]
            self.paths.append(request["path"])
            self.requests.append((request["method"], request["body"]))
            answer = await self._answer(request["method"], request["path"], request["body"])
            await self._fetch("POST", f"{self.url}/answer/{request['number']}", json.dumps(answer))

    async def _answer(self, method, path, body):
        if path == "start":
            return {"status": 200, "body": {"sessionId": "s1"}}
        if method == "PATCH":
            return {"status": self.patch_status, "body": {"status": "success"}}
        if body["pc_id"] is None or body["restart_pc"]:
            self._open()
        call, pc = _js.call, self.connection
        await call(pc, "setRemoteDescription", {"type": "offer", "sdp": body["sdp"]})
        for transceiver in pc.getTransceivers():
            transceiver.direction = "sendrecv"
        if self.speaks:
            if self.track is None:
                self.speak()
            await call(pc.getTransceivers()[0].sender, "replaceTrack", self.track)
        if self.shows:
            if self.picture is None:
                self._show()
            await call(pc.getTransceivers()[1].sender, "replaceTrack", self.picture)
        await call(pc, "setLocalDescription", await call(pc, "createAnswer"))
        while pc.iceGatheringState != "complete":
            await event(pc, "icegatheringstatechange")
        answer = {"type": "answer", "sdp": pc.localDescription.sdp, "pc_id": f"pc-{self.room}"}
        return {"status": 200, "body": answer}

    def _open(self):
        if self.connection:
            self.connection.close()  # Of the session before: it would go on encoding what the bot says.
        self.connection = _js.construct("RTCPeerConnection")
        self._scope.defer(self.connection.close)
        self._scope.listen(self.connection, "datachannel", self._on_channel)
        self._scope.listen(self.connection, "track", self._on_track)

    def _on_channel(self, event):
        self.channel = event.channel
        self._scope.listen(self.channel, "message", lambda e: self.frames.put_nowait(e.data))
        self._scope.listen(self.channel, "open", lambda _: self.met.set())
        if self.channel.readyState == "open":
            self.met.set()

    def _on_track(self, event):
        if event.track.kind == "audio":
            self._hearing = asyncio.ensure_future(self._hear(event.track))

    async def _hear(self, track):
        """Chromium decodes only what somebody plays."""
        ear = _js.construct("Audio")
        ear.srcObject = _js.construct("MediaStream", [track])
        self._scope.defer(lambda: setattr(ear, "srcObject", _js.null))
        with contextlib.suppress(_js.JsError):
            await _js.call(ear, "play")

    def speak(self):
        """Begin to send a tone, from the next answer on."""
        context = _js.construct("AudioContext")
        self._scope.defer(lambda: context.close() and None)
        tone = context.createOscillator()
        out = context.createMediaStreamDestination()
        tone.connect(out)
        tone.start()
        [self.track] = out.stream.getAudioTracks()
        self._scope.defer(self.track.stop)

    def _show(self):
        [self.picture] = painted_canvas(self._scope).captureStream(30).getVideoTracks()
        self._scope.defer(self.picture.stop)

    @property
    def heard(self):
        """The microphone's track, as it arrives."""
        return self.connection.getReceivers()[0].track

    async def _fetch(self, method, url, body=None):
        abort = js.AbortController.new()
        options = {"method": method, "signal": abort.signal, **({"body": body} if body else {})}
        try:
            response = await _js.call(js.globalThis, "fetch", url, options)
            text = await _js.call(response, "text")
        except asyncio.CancelledError:
            abort.abort()
            raise
        return response.status, json.loads(text) if response.ok else text


class RTVIBot(Bot):
    """A bot that says bot-ready once it may, and answers requests with what they asked."""

    def __init__(self, **options):
        super().__init__(**options)
        self.may_be_ready = asyncio.Event()
        self.may_be_ready.set()
        self.batches = []

    async def __aenter__(self):
        self._answering = asyncio.ensure_future(self._answer_frames())
        return await super().__aenter__()

    async def __aexit__(self, *exc):
        self._answering.cancel()
        await super().__aexit__(*exc)

    async def _answer_frames(self):
        while True:
            frame = await self.frame()
            if frame["type"] == "client-ready":
                await self.may_be_ready.wait()
                self._reply(frame, "bot-ready", {"version": "2.2.0"})
            elif frame["type"] == "raw-audio-batch":
                self.batches.append(frame["data"])
            elif frame["type"] == "client-message":
                self._reply(frame, "server-response", frame["data"])

    def _reply(self, frame, type, data):
        self.send({"label": "rtvi-ai", "type": type, "id": frame["id"], "data": data})


def crowding(kind=None, *, true_ones_first):
    """A bot whose answer has 5,000 candidates that do not answer, after or before the true ones."""

    class Crowding(kind or RTVIBot):  # type: ignore[misc]
        async def _answer(self, method, path, body):
            answer = await super()._answer(method, path, body)
            if method == "POST" and kind is None:
                answer["body"]["sdp"] = crowded(answer["body"]["sdp"])
            elif method == "POST":
                answer["body"] = crowded(answer["body"])
            return answer

    def crowded(sdp):
        line = "a=candidate:{} 1 udp {} 192.0.2.{} {} typ host generation 0\r\n"
        crowd = "".join(line.format(n, 1 + n, n % 250, 1024 + n) for n in range(5000))
        session, section, *others = sdp.split("\r\nm=")
        place = len(section) if true_ones_first else section.index("a=") - 2
        section = f"{section[:place]}\r\n{crowd[:-2]}{section[place:]}"
        return "\r\nm=".join([session, section, *others])

    return Crowding()


def request(url=None, **fields):
    """A ConnectRequest as for a direct connection."""
    return ConnectRequest(**{"bundle": {}, "start_url": None, "base_url": url, "headers": {}, **fields})


@contextlib.asynccontextmanager
async def transport(url, *, enable_mic=True, enable_cam=False, **options):
    """A transport and its host, before open_devices(); closed at the end."""
    transport, host = SmallWebRTCTransport(webrtc_url=url, **options), Host()
    transport.attach(host, enable_mic=enable_mic, enable_cam=enable_cam)  # type: ignore[arg-type]
    try:
        yield transport, host
    finally:
        await transport.close()


@contextlib.asynccontextmanager
async def connected(bot, **options):
    """A connected transport and its host."""
    async with transport(bot.url, **options) as (made, host):
        made.starting()
        await made.media.open_devices()
        await made.connect(request(), host)
        await bot.met.wait()
        yield made, host


@contextlib.asynccontextmanager
async def between_links(bot, link, host):
    """The bot's channel breaks: in here the old link is closed, and the new one is not there yet. Then it is."""
    link.bot_ready()  # From now on the link is watched.
    with held("RTCPeerConnection.prototype", "setRemoteDescription", when="this.channel") as release:
        bot.channel.close()
        await until(lambda: js.edge.holding)
        yield
        release()
        await host.until(lambda: host.links[-1:] == ["restored"] or host.losses)
        assert not host.losses, (host.links, host.losses)


__all__ = [
    "Bot",
    "Host",
    "RTVIBot",
    "RTVIEvent",
    "between_links",
    "capture",
    "connected",
    "crowding",
    "energy",
    "event",
    "frequency",
    "latest_context",
    "own_peer",
    "released",
    "request",
    "stats",
    "tone",
    "transport",
    "until",
]
