"""A scripted realtime transport: a test plays the server, and sees what the client sends and plays.

It runs anywhere, CPython included, without a browser or a network::

    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport)
    await client.connect()
    client.create_response()
    assert transport.sent[-1]["type"] == "response.create"
    transport.say("response.created", response={"id": "resp_1"})
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import ConnectPhase, DisconnectedError, RTVIError
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.protocol.stereo_sound import PLAYED, SENT
from rtvi_web.realtime.transport import Played, RealtimeHost, RealtimeRequest, RealtimeTransport, SpareLink
from rtvi_web.testing.media import ScriptedMedia


class ScriptedSpare:
    """A second link, over which a session may go on.

    Attributes:
        sent: every event that the client sent over it before it took over.
        state: ``"open"``, ``"in use"`` or ``"closed"``.
        confirms: whether it confirms the configuration and the items by itself.
        expires_at: when its session says it expires.
    """

    def __init__(
        self,
        transport: ScriptedRealtimeTransport,
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> None:
        self._transport = transport
        self._received = received
        self.lose = lost
        self.sent: list[dict[str, Any]] = []
        self.state = "open"
        self.confirms = transport.handshake
        self.expires_at: float | None = None
        asyncio.get_running_loop().call_soon(self._greet)

    def say(self, type: str, **fields: Any) -> None:
        """Its server sends an event now."""
        text = json.dumps({"event_id": f"spare_{type}", "type": type, **fields})
        (self._received if self.state == "open" else self._transport.say_text)(text)

    def _greet(self) -> None:
        if self.state == "open" and self.confirms:
            expiry = {} if self.expires_at is None else {"expires_at": self.expires_at}
            number = len(self._transport.requests)
            self.say("session.created", session={"type": "realtime", "id": f"sess_{number}", **expiry})

    def send(self, text: str) -> None:
        if self.state != "open":
            raise DisconnectedError("The script has closed the spare link.")
        event = json.loads(text)
        self.sent.append(event)
        if self.confirms:
            asyncio.get_running_loop().call_soon(self._confirm, event)

    def _confirm(self, event: dict[str, Any]) -> None:
        if event["type"] == "session.update":
            self.say("session.updated", session=event["session"])
        elif event["type"] == "conversation.item.create":
            for step in ("added", "done"):
                self.say(f"conversation.item.{step}", item={"status": "completed", **event["item"]})

    async def take_over(self, switched: Callable[[], object]) -> None:
        self.state = "in use"
        switched()

    async def close(self) -> None:
        self.state = "closed"


class ScriptedRealtimeTransport(ScriptedMedia, RealtimeTransport):
    """A transport whose server is a test.

    Args:
        handshake: whether it sends ``session.created`` and acknowledges every ``session.update`` by itself.
        carries_tracks: whether it behaves like WebRTC.
        fails_with: what ``connect()`` raises.
        hangs: whether ``connect()`` never returns.
        microphone: ``"granted"`` or ``"denied"``; may be changed at any time.
        devices: the devices that can be chosen; may be changed at any time.
        max_message_size: bytes.

    Attributes:
        requests: what ``connect()`` was called with, session by session.
        sent: every event the client sent, parsed.
        frames: the same as text.
        played: what the client played: item id and PCM, piece by piece.
        now_playing: what ``interrupt()`` returns, once.
        spares: the second links that the client opened to renew its session; ``None``: it cannot open any.
        spares_fail_with: what opening one raises; may be changed at any time.
        rates: those of the microphone's sound and of the answers, in samples a second.
        paused: whether the answers are held.
        recording: whether what is played is recorded: give it to the client with :meth:`record_played`.
        sends_microphone: whether the client has let the microphone be heard in this session.
        is_open: whether there is a session; ``has_microphone``: whether the microphone is open.
    """

    def __init__(
        self,
        *,
        handshake: bool = True,
        carries_tracks: bool = False,
        fails_with: RTVIError | None = None,
        hangs: bool = False,
        microphone: str = "granted",
        devices: Iterable[MediaDevice] = (),
        max_message_size: int = 1 << 20,
    ) -> None:
        super().__init__(microphone=microphone, devices=devices)
        self.handshake = handshake
        self.fails_with = fails_with
        self.hangs = hangs
        self._carries_tracks = carries_tracks
        self._max_message_size = max_message_size
        self._events = 0
        self.requests: list[RealtimeRequest] = []
        self.frames: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.played: list[tuple[str, bytes]] = []
        self.now_playing: Played | None = None
        self.spares: list[ScriptedSpare] | None = []
        self.spares_fail_with: RTVIError | None = None
        self.rates = (SAMPLE_RATE, SAMPLE_RATE)
        self.paused = False
        self.recording = False
        self.sends_microphone = False
        self.is_open = False

    # What the test calls.

    def say(self, type: str, **fields: Any) -> None:
        """The server sends an event now; it gets an ``event_id``."""
        self._events += 1
        self.say_text(json.dumps({"event_id": f"event_{self._events}", "type": type, **fields}))

    def say_text(self, text: str) -> None:
        """The server sends this text, which need not be an event."""
        self._host.receive(text)

    def say_bytes(self, data: bytes) -> None:
        """The server sends this binary frame."""
        self._host.receive(data)

    def hear(self, pcm: bytes) -> None:
        """The microphone hears this; while it is muted, silence."""
        if (track := self.tracks().local.audio) is not None:
            self._host.microphone(pcm if track.enabled else bytes(len(pcm)), muted=not track.enabled)

    def record_played(self, pcm: bytes, rate: int = SAMPLE_RATE) -> None:
        """This has just been heard of the answers."""
        if self.recording:
            self._host.recorded(PLAYED, pcm, rate)

    def record_sent(self, pcm: bytes, rate: int = SAMPLE_RATE) -> None:
        """This has just been sent on a track; WebRTC only."""
        if self.recording:
            self._host.recorded(SENT, pcm, rate)

    def lose(self, error: RTVIError | None = None) -> None:
        """The link is lost for good."""
        self.is_open = False
        self._host.lost(error or DisconnectedError("The link was lost."))

    def sent_of(self, type: str) -> list[dict[str, Any]]:
        """The events of a type that the client sent."""
        return [event for event in self.sent if event["type"] == type]

    # The RealtimeTransport contract.

    def attach(self, host: RealtimeHost) -> None:
        self._host = host
        self._attach_media(host.media)

    @property
    def media(self) -> ScriptedRealtimeTransport:
        return self

    @property
    def has_microphone(self) -> bool:
        return self.tracks().local.audio is not None

    @property
    def carries_tracks(self) -> bool:
        return self._carries_tracks

    @property
    def max_message_size(self) -> int:
        return self._max_message_size

    async def open_devices(self, *, mic: bool = False) -> None:
        await asyncio.sleep(0)
        await super().open_devices(mic=mic)

    async def connect(self, request: RealtimeRequest) -> None:
        self.requests.append(request)
        self._host.enter(ConnectPhase.OFFER)
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails_with:
            raise self.fails_with
        self.is_open = True
        if self.handshake:
            self.say("session.created", session={"type": "realtime", "id": f"sess_{len(self.requests)}"})

    async def open_spare(
        self,
        request: RealtimeRequest,
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> SpareLink:
        if self.spares is None:
            return await super().open_spare(request, received, lost)
        self.requests.append(request)
        await asyncio.sleep(0)
        if self.spares_fail_with:
            raise self.spares_fail_with
        spare = ScriptedSpare(self, received, lost)
        self.spares.append(spare)
        return SpareLink(spare.send, spare.take_over, spare.close)

    def use_rates(self, *, microphone: int, answers: int) -> None:
        self.rates = (microphone, answers)

    async def start_microphone(self) -> None:
        self.sends_microphone = True

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.is_open = self.sends_microphone = self.paused = self.recording = False
        self._close_media()

    def send(self, text: str) -> None:
        if not self.is_open:
            raise DisconnectedError("The script has closed the link.")
        event: Mapping[str, Any] = json.loads(text)
        self.frames.append(text)
        self.sent.append(dict(event))
        if self.handshake and event["type"] == "session.update":
            asyncio.get_running_loop().call_soon(self._acknowledge, event.get("session", {}))

    def _acknowledge(self, session: Mapping[str, Any]) -> None:
        if self.is_open:
            self.say("session.updated", session=session)

    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        self.played.append((item_id, pcm))

    def pause(self, paused: bool) -> None:
        if self._carries_tracks:
            super().pause(paused)
        self.paused = paused

    async def record(self) -> None:
        self.recording = True

    async def stop_recording(self) -> None:
        await asyncio.sleep(0)
        self.recording = False

    async def interrupt(self) -> Played | None:
        playing, self.now_playing = self.now_playing, None
        await asyncio.sleep(0)
        return playing
