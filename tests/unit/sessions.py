"""What the tests of sessions share: a client on a scripted transport, and what must hold after its end."""

from __future__ import annotations

import asyncio
from typing import Any

from rtvi_web import ConnectPhase, RTVIClient, RTVIEvent, TransportState
from rtvi_web.core.http import HttpResponse
from rtvi_web.core.media import Participant
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, TransportHost
from rtvi_web.testing import ScriptedTransport, Step, expect, handshake, say

URL = "http://bot.test"
STARTED = HttpResponse(200, '{"sessionId": "s1"}')
CONFIG: list[dict[str, Any]] = [
    {"service": "tts", "options": [{"name": "voice", "value": "alice"}]},
    {"service": "llm", "options": [{"name": "model", "value": "small"}, {"name": "messages", "value": [{"n": 1}]}]},
]
CALL = say("llm-function-call-in-progress", {"function_name": "f", "tool_call_id": "1", "arguments": {}})
"""The bot calls a function of the page."""


class Transport(ScriptedTransport):
    """A scripted transport that takes its time over closing, as real ones do, and can be cut off from outside."""

    receiver: SessionReceiver

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        super().attach(host, enable_mic=enable_mic, enable_cam=enable_cam)
        self.host = host

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.receiver = receiver
        return await super().connect(request, receiver)

    async def close(self) -> None:
        await turns(3)
        await super().close()
        await turns(3)

    def heal(self, *steps: Step) -> None:
        """From now on everything works."""
        self.hangs_in = self.fails_with = None
        self.steps[:] = steps or handshake()
        self.http.answers[:] = [STARTED] * 3


class Run:
    """A client, its transport, and a record of all that it fired."""

    def __init__(self, transport: Transport, **options: Any) -> None:
        self.transport = transport
        self.client = RTVIClient(transport=transport, **options)
        self.fired: list[tuple[Any, ...]] = []
        self.microphones: list[Any] = []
        for event in RTVIEvent:
            self.client.on(event, lambda *args, name=str(event): self.fired.append((name, *args)))
        self.client.on(RTVIEvent.TRACK_STARTED, lambda track, _: self.microphones.append(track))

    @property
    def states(self) -> list[str]:
        return [args[0].value for name, *args in self.fired if name == "transportStateChanged"]

    def arguments(self, event: str) -> list[Any]:
        """What the handlers of an event got, time by time."""
        return [args[0] if len(args) == 1 else tuple(args) for name, *args in self.fired if name == event]

    async def connecting(self) -> asyncio.Task[Any]:
        """``connect()``, as far as it gets by itself."""
        task = asyncio.ensure_future(self.client.connect())
        await turns(40)
        return task

    async def ended(self, state: TransportState) -> None:
        """Check that a session has ended: all released, nothing waits, and the client can connect again."""
        await turns(3)
        assert self.client.state is state
        self.released()
        self.transport.heal()
        await self.client.connect()
        assert self.client.state is TransportState.READY
        assert self.client.tracks().local.audio is self.microphones[-1]
        await self.client.disconnect()
        await turns(3)
        assert self.client.state is TransportState.DISCONNECTED  # type: ignore[comparison-overlap]  # it has changed
        self.released()

    def released(self) -> None:
        assert all(track.readyState == "ended" for track in self.microphones)
        assert self.client.tracks().local.audio is None
        assert not self.client.is_mic_enabled
        assert asyncio.all_tasks() == {asyncio.current_task()}


def expect_text(text: str) -> Step:
    """The client sends the bot what the person wrote."""
    return expect("send-text", {"content": text})


def stalled(phase: ConnectPhase, **options: Any) -> Run:
    """A client whose ``connect()`` goes as far as a phase and no further."""
    transport = Transport(
        *(handshake() if phase is not ConnectPhase.BOT_READY else [expect("client-ready")]),
        start=[] if phase is ConnectPhase.START else [STARTED],
        hangs_in=phase,
    )
    return Run(transport, params={"base_url": URL}, **options)


async def ready(*steps: Step, **options: Any) -> Run:
    """A client that is connected; the steps come after the handshake."""
    run = Run(Transport(*handshake(), *steps), **options)
    await run.client.connect()
    return run


async def turns(count: int) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def over(task: asyncio.Future[Any]) -> Any:
    """The outcome of a task that must not hang."""
    done, _ = await asyncio.wait({task}, timeout=2)
    assert done, f"it hangs: {task}"
    return task.result()


async def session(*steps: Step, version: str = "2.2.0", **options: Any) -> Run:
    """A client that is connected to a bot of a version.

    Args:
        steps: what comes after the handshake.
        options: those of the transport.
    """
    run = Run(Transport(*handshake(version), *steps, **options))
    await run.client.connect()
    return run
