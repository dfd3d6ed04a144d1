"""A scripted transport: a test lists what the bot does, step by step, and what the client must send.

It runs anywhere, CPython included, without a browser or a network::

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

from collections.abc import Iterable

from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import ConnectPhase, RTVIError
from rtvi_web.rtvi.transport import TransportHost
from rtvi_web.testing.following import FollowsScript
from rtvi_web.testing.http import HttpAnswer, ScriptedHttp
from rtvi_web.testing.media import ScriptedMedia
from rtvi_web.testing.script import Step


class ScriptedTransport(ScriptedMedia, FollowsScript):
    """Follows a script instead of a network.

    Args:
        steps: what happens once the client has connected, in order, through all its sessions.
        start: the answers of the start endpoint, one for each request.
        hangs_in: a phase of the transport that never ends: devices, offer, ice or data-channel; or link or bot, which
            other transports than WebRTC's have. (With an empty ``start`` the start endpoint does not answer; without a
            step for ``bot-ready`` the bot never gets ready.)
        fails_with: what ``connect()`` raises.
        microphone, camera, screen: ``"granted"`` or ``"denied"``; may be changed at any time.
        devices: the devices that can be chosen; may be changed at any time.
        max_message_size: bytes.

    Attributes:
        steps: what is still to happen; may be changed at any time.
        interruptions: how often the client has interrupted the bot's sound.
        http: the requests made, as ``http.requests``, and the answers still to come, as ``http.answers``.
        connect_requests: what ``connect()`` was called with, session by session.
        sent: every message the client sent, parsed.
        played: what the bot has let be heard.
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
        ScriptedMedia.__init__(self, microphone=microphone, camera=camera, screen=screen, devices=devices)
        FollowsScript.__init__(self, steps, hangs_in=hangs_in, fails_with=fails_with, max_message_size=max_message_size)
        self._http = ScriptedHttp(start)

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._attach_media(host.media, enable_mic=enable_mic, enable_cam=enable_cam)

    @property
    def media(self) -> ScriptedTransport:
        return self

    @property
    def http(self) -> ScriptedHttp:
        return self._http

    async def open_devices(self, *, mic: bool = False) -> None:
        await self._reach(ConnectPhase.DEVICES)
        await super().open_devices(mic=mic)

    async def close(self) -> None:
        await FollowsScript.close(self)
        self._close_media()
