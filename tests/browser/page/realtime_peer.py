"""The other end of a realtime session in the page: a host that writes down, and a peer that answers SDP with SDP."""

import asyncio
import contextlib

import js
from edge import refusing, replaced
from loopback import Bot, Host, energy, event, until
from sound import loudness

from rtvi_web.browser import _js
from rtvi_web.realtime import RealtimeClient
from rtvi_web.realtime.transport import RealtimeRequest
from rtvi_web.transports import RealtimeWebRTCTransport, RealtimeWebSocketTransport


class RealtimeHost(Host):
    """A RealtimeHost that writes down what a transport tells."""

    def __init__(self):
        super().__init__()
        self.heard = []
        self.silence = []
        self.spoken = []
        self.recorded_sound = []

    def ask(self):
        return False

    def microphone(self, pcm, *, muted=False):
        (self.silence if muted else self.heard).append(pcm)
        self._changed.set()

    def recorded(self, side, pcm, rate):
        self.recorded_sound.append((side, pcm, rate))
        self._changed.set()

    def speaking(self, speaking):
        self.spoken.append(speaking)
        self._changed.set()


class RealtimePeer(Bot):
    """Answers one offer as OpenAI's ``/v1/realtime/calls`` does."""

    keeps_calls = False
    """Whether the call before goes on when there is a new one."""

    async def _answer(self, method, path, body):
        if self.keeps_calls:
            self.connection = None
        self._open()
        pc = self.connection
        await _js.call(pc, "setRemoteDescription", {"type": "offer", "sdp": body})
        [transceiver] = pc.getTransceivers()
        transceiver.direction = "sendrecv"
        if self.speaks:
            self.speak()
            await _js.call(transceiver.sender, "replaceTrack", self.track)
        await _js.call(pc, "setLocalDescription", await _js.call(pc, "createAnswer"))
        while pc.iceGatheringState != "complete":
            await event(pc, "icegatheringstatechange")
        return {"status": 201, "body": pc.localDescription.sdp}

    async def hears(self):
        """How loud the client is."""
        [receiver] = self.connection.getReceivers()
        return await loudness(receiver.track)


class RealtimeServer(RealtimePeer):
    """Takes the configuration as well, and sends a tone all the time."""

    def __init__(self):
        super().__init__(speaks=True)

    async def __aenter__(self):
        self._answering = asyncio.ensure_future(self._answer_events())
        return await super().__aenter__()

    async def __aexit__(self, *exc):
        self._answering.cancel()
        await super().__aexit__(*exc)

    def _on_channel(self, event):
        super()._on_channel(event)
        if self.channel.readyState == "open":
            self._greet()
        else:
            self._scope.listen(self.channel, "open", self._greet)

    def _greet(self, _event=None):
        self.send({"type": "session.created", "session": {}})

    async def _answer_events(self):
        while True:
            event = await self.frame()
            if event["type"] == "session.update":
                self.send({"type": "session.updated", "session": event["session"]})


class Session:
    """A client with a server that hears it, over one transport or the other.

    Attributes:
        client: not connected yet.
        emitted: what happened to its devices and media: the names of the events, and their one argument.
    """

    EVENTS = (
        "micUpdated availableMicsUpdated speakerUpdated availableSpeakersUpdated mediaStateUpdated trackStarted "
        "trackStopped deviceError botAudioBlocked output_audio.blocked error"
    )

    def __init__(self, url, transport, peer=None):
        self.client = RealtimeClient(url=url, transport=transport)
        self.media = transport.media
        self.emitted = []
        self._peer = peer
        self._heard = 0.0
        for name in self.EVENTS.split():
            self.client.on(name, lambda event, name=name: self.emitted.append((name, event)))
        self.client.on("server.heard", self._on_heard)

    def of(self, name):
        """The arguments of every such event so far."""
        return [event for emitted, event in self.emitted if emitted == name]

    def keep_calls(self):
        """Have the server keep a call when there is a new one."""
        if self._peer is not None:
            self._peer.keeps_calls = True

    def let_it_speak(self):
        """Have the server send sound, which it does by itself over WebRTC."""
        if self._peer is None:
            self.client.create_response()

    async def heard(self):
        """How much sound has arrived at the server: a number that grows with it."""
        return self._heard if self._peer is None else await energy(self._peer.connection.getReceivers()[0])

    async def hears(self):
        """Wait until the server hears something more."""
        before = await self.heard()
        await until(lambda: self._hears_more_than(before))

    async def hears_nothing(self):
        """Whether the server hears nothing while Chromium's fake microphones beep, which they do once a second."""
        await asyncio.sleep(0.5)  # What is on its way may still arrive.
        before = await self.heard()
        await asyncio.sleep(1.5)
        return not await self._hears_more_than(before)

    async def _hears_more_than(self, before):
        return await self.heard() > before + 1e-4

    def _on_heard(self, event):
        self._heard += event["level"]

    async def suspend(self):
        """Over a WebSocket, what the browser does to a page that may not sound."""
        if self._peer is None:
            await self._player.suspend()

    def plays(self):
        """Whether what plays the model runs."""
        if self._peer is not None:
            return not self.media.player.element.paused
        return self._player.state == "running"

    @property
    def _player(self):
        """What plays over a WebSocket: the one context of the protocol's rate."""
        [player] = [each for each in js.opened.contexts if each.state != "closed" and each.sampleRate == 24_000]
        return player

    @property
    def sinks(self):
        """The speakers on which something plays at this moment."""
        playing = [context for context in js.opened.contexts if context.state != "closed"]
        return {str(each.sinkId) for each in [*playing, *([self.media.player.element] if self._peer else [])]} - {""}


@contextlib.asynccontextmanager
async def session(kind, port, **options):
    """A :class:`Session` over ``"websocket"`` or ``"webrtc"``, disconnected at the end."""
    async with contextlib.AsyncExitStack() as stack:
        if kind == "websocket":
            made = Session(f"ws://127.0.0.1:{port}/realtime", RealtimeWebSocketTransport(**options))
        else:
            peer = await stack.enter_async_context(RealtimeServer())
            made = Session(peer.url, RealtimeWebRTCTransport(**options), peer)
        try:
            yield made
        finally:
            await made.client.disconnect()


def kept_silent(kind):
    """A browser that lets the page play nothing; a page that a test drives counts as clicked otherwise."""
    if kind == "webrtc":
        return refusing("HTMLMediaElement.prototype", "play", "NotAllowedError")
    return replaced("AudioContext.prototype", "resume", "() => new Promise(() => {})")


def request(url=None, **fields):
    return RealtimeRequest(url=url, **fields)


@contextlib.asynccontextmanager
async def transport(made):
    """A transport and its host; closed at the end."""
    host = RealtimeHost()
    made.attach(host)
    try:
        yield made, host
    finally:
        await made.close()
        await asyncio.sleep(0)
