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
from collections.abc import Iterable, Mapping
from typing import Any

from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import ConnectPhase, DisconnectedError, RTVIError
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.transport import Played, RealtimeHost, RealtimeRequest, RealtimeTransport
from rtvi_web.testing.media import ScriptedMedia


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
        rates: those of the microphone's sound and of the answers, in samples a second.
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
        self.rates = (SAMPLE_RATE, SAMPLE_RATE)
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
        """The microphone hears this."""
        if self.is_mic_enabled:
            self._host.microphone(pcm)

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

    def use_rates(self, *, microphone: int, answers: int) -> None:
        self.rates = (microphone, answers)

    async def start_microphone(self) -> None:
        self.sends_microphone = True

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.is_open = self.sends_microphone = False
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

    async def interrupt(self) -> Played | None:
        playing, self.now_playing = self.now_playing, None
        await asyncio.sleep(0)
        return playing
