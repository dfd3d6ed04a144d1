"""A scripted transport: a test says what the bot does, step by step, and what the client must send.

It runs anywhere, CPython included; nothing in it is a browser or a network::

    transport = ScriptedTransport(
        *handshake(),
        expect("send-text", {"content": "hello"}),
        say("bot-llm-text", {"text": "Hi!"}),
    )
    client = RTVIClient(transport=transport)
    await client.connect()
    client.send_text("hello")
    assert (await client.wait_for(RTVIEvent.BOT_LLM_TEXT)).text == "Hi!"
    transport.finish()
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from rtvi_web.core.event import Event
from rtvi_web.core.media import (
    DeviceName,
    DeviceState,
    DeviceStatus,
    MediaDevice,
    MediaState,
    Participant,
    ParticipantTracks,
    Tracks,
)
from rtvi_web.errors import ConnectPhase, DeviceError, RTVIError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.transport import ConnectRequest, Transport, TransportHost
from rtvi_web.testing.http import HttpAnswer, ScriptedHttp
from rtvi_web.testing.script import Expect, Leave, Lose, Say, ScriptError, Step

BOT = Participant("bot", "bot", local=False)
LOCAL = Participant("local", "", local=True)

_KINDS: dict[DeviceName, str] = {"mic": "audioinput", "cam": "videoinput", "speaker": "audiooutput"}
_UPDATED: dict[DeviceName, Event[MediaDevice | None]] = {
    "mic": RTVIEvent.MIC_UPDATED,
    "cam": RTVIEvent.CAM_UPDATED,
    "speaker": RTVIEvent.SPEAKER_UPDATED,
}


class ScriptedTrack:
    """A stand-in for the ``MediaStreamTrack`` of a microphone, a camera or a screen."""

    def __init__(self, device: str) -> None:
        self.kind = "audio" if device == "mic" else "video"
        self.id = f"scripted-{device}"
        self.enabled = True
        self.readyState = "live"


class ScriptedTransport(Transport):
    """Follows a script instead of a network.

    Args:
        steps: what happens once the client has connected, in order, through all its sessions.
        start: what the start endpoint answers, request by request.
        hangs_in: a phase of the transport that never ends: devices, offer, ice or data-channel. (The start endpoint
            does not answer when ``start`` is empty, and the bot is not ready when no step says so.)
        fails_with: what ``connect()`` raises.
        microphone, camera, screen: ``"granted"`` or ``"denied"``; may be changed at any time.
        devices: the devices that can be chosen; may be changed at any time.
        max_message_size: bytes.

    Attributes:
        http: the requests made, as ``http.requests``.
        connect_requests: what ``connect()`` was called with, session by session.
        sent: every message the client sent, parsed.
    """

    def __init__(
        self,
        *steps: Step,
        start: Iterable[HttpAnswer] = (),
        hangs_in: ConnectPhase | None = None,
        fails_with: RTVIError | None = None,
        microphone: str = "granted",
        camera: str = "granted",
        screen: str = "granted",
        devices: Iterable[MediaDevice] = (),
        max_message_size: int = 65536,
    ) -> None:
        self._steps: deque[Step] = deque(steps)
        self._http = ScriptedHttp(start)
        self.hangs_in = hangs_in
        self.fails_with = fails_with
        self.microphone = microphone
        self.camera = camera
        self.screen = screen
        self.devices = list(devices)
        self._max_message_size = max_message_size
        self.connect_requests: list[ConnectRequest] = []
        self.sent: list[dict[str, Any]] = []
        self._error: ScriptError | None = None
        self._last_id: str | None = None
        self._tracks: dict[str, ScriptedTrack] = {}
        self._chosen: dict[DeviceName, str] = {}
        self._states: dict[str, DeviceState] = {}
        self._opened = False
        self._linked = False

    def finish(self) -> None:
        """Check that the whole script has happened.

        Raises:
            ScriptError: the client did something else, or something is still expected.
        """
        if self._error:
            raise self._error
        if self._steps:
            raise ScriptError(f"the script is not over; next: {self._steps[0]}")

    def drop(self, cause: LinkLoss = LinkLoss.SILENT, *, attempt: int = 0) -> None:
        """Lose the link for now, as a transport does that restores it; with another attempt, it tries on."""
        self._host.reconnecting(attempt, cause)

    async def restore(self, *, resumed: bool = True) -> None:
        """Restore the link; without ``resumed`` with a new bot, whose :func:`handshake` must come next."""
        if resumed:
            self._host.reconnected()
        else:
            await self._host.start_again(self.connect)

    # The Transport contract.

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._host = host
        self._wants_mic = enable_mic
        self._wants_cam = enable_cam

    @property
    def http(self) -> ScriptedHttp:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._max_message_size

    async def open_devices(self) -> None:
        await self._reach(ConnectPhase.DEVICES)
        self._opened = True
        for device, wanted in (("mic", self._wants_mic), ("cam", self._wants_cam)):
            if wanted:
                self._open(device)

    async def connect(self, request: ConnectRequest) -> Participant:
        self.connect_requests.append(request)
        for phase in (ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL):
            self._host.enter(phase)
            await self._reach(phase)
        if self.fails_with:
            raise self.fails_with
        self._linked = True
        self._go_on()
        return BOT

    async def close(self) -> None:
        self._opened = self._linked = False
        for device in list(self._tracks):
            self._stop(device)

    def send(self, text: str) -> None:
        message = json.loads(text)
        self.sent.append(message)
        step = self._steps[0] if self._steps else None
        if not isinstance(step, Expect) or step.type != message["type"] or not _contains(message["data"], step.data):
            self._error = ScriptError(f"expected {step or 'nothing more'}; the client sent {text}")
            raise self._error
        self._steps.popleft()
        self._last_id = message["id"]
        self._go_on()

    async def enable_mic(self, enable: bool) -> None:
        self._wants_mic = enable
        if track := self._tracks.get("mic"):
            track.enabled = enable
        elif enable and self._opened and (error := self._open("mic")):
            raise error

    @property
    def is_mic_enabled(self) -> bool:
        return "mic" in self._tracks and self._tracks["mic"].enabled

    async def enable_cam(self, enable: bool) -> None:
        self._wants_cam = enable
        if not enable:
            self._stop("cam")
        elif self._opened and (error := self._open("cam")):
            raise error

    @property
    def is_cam_enabled(self) -> bool:
        return "cam" in self._tracks

    async def enable_screen_share(self, enable: bool) -> None:
        if not enable:
            self._stop("screen")
        elif error := self._open("screen"):
            self._host.fire(RTVIEvent.SCREEN_SHARE_ERROR, str(error))
            raise error

    @property
    def is_sharing_screen(self) -> bool:
        return "screen" in self._tracks

    def tracks(self) -> Tracks:
        return Tracks(local=ParticipantTracks(*(self._tracks.get(device) for device in ("mic", "cam", "screen"))))

    @property
    def media_state(self) -> MediaState:
        return MediaState(*(self._states.get(device, DeviceState()) for device in ("mic", "cam")))

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        return [device for device in self.devices if device.kind == _KINDS[name]]

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        devices = [device for device in self.devices if device.kind == _KINDS[name]]
        chosen = [device for device in devices if device.id == self._chosen.get(name)]
        return next(iter(chosen + devices), None)

    async def select_device(self, name: DeviceName, id: str) -> None:
        if id not in [device.id for device in await self.list_devices(name)]:
            error = DeviceError(f"The script has no {name} {id!r}.", devices=[name], type="not-found")
            self._host.fire(RTVIEvent.DEVICE_ERROR, error)
            raise error
        self._chosen[name] = id
        self._host.fire(_UPDATED[name], self.selected_device(name))

    # The script.

    async def _reach(self, phase: ConnectPhase) -> None:
        await asyncio.sleep(0)
        if phase is self.hangs_in:
            await asyncio.Event().wait()

    def _open(self, device: str) -> DeviceError | None:
        if device in self._tracks:
            return None
        if {"mic": self.microphone, "cam": self.camera, "screen": self.screen}[device] == "denied":
            error = DeviceError(f"The {device} was denied by the script.", devices=[device], type="permissions")
            self._set_state(device, DeviceState(DeviceStatus.ERROR, error))
            self._host.fire(RTVIEvent.DEVICE_ERROR, error)
            return error
        track = self._tracks[device] = ScriptedTrack(device)
        self._set_state(device, DeviceState(DeviceStatus.GRANTED))
        started = RTVIEvent.SCREEN_TRACK_STARTED if device == "screen" else RTVIEvent.TRACK_STARTED
        self._host.fire(started, track, LOCAL)
        return None

    def _stop(self, device: str) -> None:
        if track := self._tracks.pop(device, None):
            track.readyState = "ended"
            stopped = RTVIEvent.SCREEN_TRACK_STOPPED if device == "screen" else RTVIEvent.TRACK_STOPPED
            self._host.fire(stopped, track, LOCAL)

    def _set_state(self, device: str, state: DeviceState) -> None:
        self._states[device] = state
        if device != "screen":
            self._host.fire(RTVIEvent.MEDIA_STATE_UPDATED, self.media_state)

    def _go_on(self) -> None:
        """Let the bot act, once the client has returned to the event loop."""
        asyncio.get_running_loop().call_soon(self._act)

    def _act(self) -> None:
        while self._linked and self._steps and not isinstance(self._steps[0], Expect):
            match self._steps.popleft():
                case Say(str() as text, _):
                    self._host.receive(text)
                case Say(message, answers):
                    self._host.receive(json.dumps({**message, "id": self._last_id} if answers else message))  # type: ignore[dict-item]
                case Leave():
                    self._linked = False  # what follows belongs to the next session
                    self._host.bot_left(BOT)
                case Lose(error):
                    self._linked = False
                    self._host.lost(error)


def _contains(data: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether data has what is wanted, at every depth."""
    if not isinstance(data, dict):
        return not wanted
    return all(
        key in data and (_contains(data[key], value) if isinstance(value, Mapping) else data[key] == value)
        for key, value in wanted.items()
    )
