"""Sessions that fail by themselves: time-outs, broken transports, bots that leave."""

from __future__ import annotations

import asyncio
import functools
import operator
from typing import Any

import pytest
from sessions import URL, Run, Transport, over, ready, stalled, turns
from swallowing import Swallowing

from rtvi_web import (
    BotError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DeviceError,
    DisconnectedError,
    InvalidArgumentError,
    Participant,
    RTVIClient,
    RTVIError,
    RTVIEvent,
    StartBotError,
    TransportStartError,
    TransportState,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.testing import BOT, expect, handshake, leave, lose, say

pytestmark = pytest.mark.usefixtures("tidy")

LIMITED = [phase for phase in ConnectPhase if phase not in (ConnectPhase.DEVICES, ConnectPhase.SESSION)]
REASONS = {
    ConnectPhase.START: "the start endpoint did not answer",
    ConnectPhase.LINK: "the link to the bot's server did not open",
    ConnectPhase.OFFER: "the server did not answer the WebRTC offer",
    ConnectPhase.ICE: "no network path to the bot was found",
    ConnectPhase.DATA_CHANNEL: "the data channel did not open",
    ConnectPhase.BOT: "the bot did not join",
    ConnectPhase.BOT_READY: "the bot did not say bot-ready",
}


class TestTimeout:
    @pytest.mark.parametrize("phase", LIMITED)
    async def test_whatever_hangs(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=0.02)
        clock = asyncio.get_running_loop()
        begun = clock.time()
        with pytest.raises(ConnectionTimeoutError) as raised:
            await over(asyncio.ensure_future(run.client.connect()))
        assert clock.time() - begun == pytest.approx(0.02)
        error = raised.value
        assert error.phase is phase
        assert error.message == f"The bot did not become ready within 0.02 s: {REASONS[phase]}."
        assert run.states[-3:] == ["disconnecting", "disconnected", "error"]
        assert len(run.arguments("disconnected")) == 1
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize("phase", LIMITED)
    async def test_without_a_timeout_connect_waits_as_long_as_it_takes(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=None)
        task = await run.connecting()
        assert not task.done()
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError):
            await over(task)

    async def test_the_permission_prompt_has_no_limit(self) -> None:
        run = stalled(ConnectPhase.DEVICES, timeout=0.01)
        task = asyncio.ensure_future(run.client.connect())
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError) as raised:
            await over(task)
        assert raised.value.phase is ConnectPhase.DEVICES
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_transport_that_names_no_phase(self) -> None:
        class Silent(Transport):
            async def connect(self, request: ConnectRequest, receiver: Any) -> Participant:
                await asyncio.Event().wait()
                raise AssertionError

        run = Run(Silent(), timeout=0.01)
        with pytest.raises(ConnectionTimeoutError):
            await over(asyncio.ensure_future(run.client.connect()))

    async def test_a_timeout_raised_by_the_transport_is_its_failure(self) -> None:
        class Impatient(Transport):
            async def connect(self, request: ConnectRequest, receiver: Any) -> Participant:
                raise TimeoutError("ICE took too long")

        run = Run(Impatient())
        with pytest.raises(TransportStartError, match="ICE took too long") as raised:
            await run.client.connect()
        assert isinstance(raised.value.__cause__, TimeoutError)
        assert run.client.state is TransportState.ERROR

    async def test_a_timeout_that_looks_like_milliseconds_warns(self) -> None:
        with pytest.warns(UserWarning, match=r"timeout=15000 is in seconds; did you mean 15\?") as warned:
            RTVIClient(transport=Transport(), timeout=15000)
        assert warned[0].filename == __file__

    @pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "15", True])
    async def test_an_invalid_timeout_is_refused(self, timeout: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="timeout must be a positive number of seconds"):
            RTVIClient(transport=Transport(), timeout=timeout)


class TestFailedTransport:
    @pytest.mark.parametrize(
        "error", [TransportStartError("no SDP in the answer"), DeviceError("gone", devices=["mic"], type="not-found")]
    )
    async def test_its_error_is_raised_with_the_phase(self, error: RTVIError) -> None:
        error.__cause__ = cause = ValueError("why")
        run = Run(Transport(fails_with=error))
        with pytest.raises(type(error)) as raised:
            await run.client.connect()
        assert raised.value is error
        assert raised.value.__cause__ is cause
        assert raised.value.phase is ConnectPhase.DATA_CHANNEL
        assert run.states[-3:] == ["disconnecting", "disconnected", "error"]
        await run.ended(TransportState.ERROR)

    async def test_an_error_outside_the_tree_is_wrapped(self) -> None:
        cause = KeyError("sdp")
        run = Run(Transport(fails_with=cause))  # type: ignore[arg-type]
        with pytest.raises(TransportStartError, match="KeyError: 'sdp'") as raised:
            await run.client.connect()
        assert raised.value.__cause__ is cause
        await run.ended(TransportState.ERROR)

    async def test_devices_that_fail_unexpectedly(self) -> None:
        class Broken(Transport):
            async def open_devices(self, *_: Any, **__: Any) -> None:
                raise OSError("no audio system")

        run = Run(Broken())
        with pytest.raises(TransportStartError, match="no audio system") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.DEVICES

    async def test_a_transport_that_fails_to_close_is_reported(self, reported: list[Any]) -> None:
        class Stuck(Transport):
            async def close(self) -> None:
                await super().close()
                raise RuntimeError("stuck")

        run = Run(Stuck(*handshake()))
        await run.client.connect()
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT))
        await turns(1)
        await run.client.disconnect()
        with pytest.raises(DisconnectedError):
            await over(waiter)
        assert run.client.state is TransportState.DISCONNECTED
        assert str(reported.pop()) == "stuck"


class TestBeforeBotReady:
    async def test_the_bot_leaves(self) -> None:
        run = Run(Transport(expect("client-ready"), leave()))
        with pytest.raises(DisconnectedError, match="The bot left the session") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.BOT_READY
        assert run.arguments("botDisconnected") == [BOT]
        await run.ended(TransportState.ERROR)

    async def test_the_link_is_lost(self) -> None:
        run = Run(Transport(expect("client-ready"), lose()))
        with pytest.raises(DisconnectedError, match="The link was lost") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.BOT_READY
        await run.ended(TransportState.ERROR)

    async def test_the_bot_has_a_fatal_error(self) -> None:
        run = Run(Transport(expect("client-ready"), say("error", {"error": "no key", "fatal": True})))
        with pytest.raises(BotError, match="The bot reported a fatal error: no key") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.BOT_READY
        [error] = run.arguments("error")
        assert error.data.error == "no key"
        await run.ended(TransportState.ERROR)

    async def test_a_harmless_error_is_an_event(self) -> None:
        client_ready, bot_ready = handshake()
        run = Run(Transport(client_ready, say("error", {"error": "soft"}), bot_ready))
        await run.client.connect()
        assert [error.data.error for error in run.arguments("error")] == ["soft"]
        await run.client.disconnect()

    async def test_older_servers_complain_about_the_version_first(self, caplog: pytest.LogCaptureFixture) -> None:
        refusal = "Client version unknown. Compatibility issues may occur."
        client_ready, bot_ready = handshake("1.0.0")
        run = Run(Transport(client_ready, say("error-response", {"error": refusal}, answers=True), bot_ready))
        assert (await run.client.connect()).version == "1.0.0"
        assert [error.data.error for error in run.arguments("messageError")] == [refusal]
        [record] = [record for record in caplog.records if record.levelname == "WARNING"]
        assert refusal in record.getMessage()
        await run.client.disconnect()

    async def test_bot_ready_comes_twice(self) -> None:
        client_ready, bot_ready = handshake()
        run = Run(Transport(client_ready, bot_ready, bot_ready))
        await run.client.connect()
        await turns(2)
        assert len(run.arguments("botReady")) == 2
        assert run.client.state is TransportState.READY
        await run.client.disconnect()


class TestWhenReady:
    @pytest.mark.parametrize(
        ("step", "event", "why"),
        [
            (leave(), "botDisconnected", "The bot left the session"),
            (lose(DisconnectedError("ICE failed")), "error", "ICE failed"),
            (say("error", {"error": "crash", "fatal": True}), "error", "a fatal error: crash"),
        ],
        ids=["bot leaves", "link lost", "fatal error"],
    )
    async def test_the_session_ends(self, step: Any, event: str, why: str) -> None:
        run = await ready(expect("send-text"), step)
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT))
        end = asyncio.ensure_future(run.client.wait_for(RTVIEvent.DISCONNECTED))
        await turns(1)
        run.client.send_text("hello")
        await over(end)
        assert len(run.arguments(event)) == 1
        with pytest.raises(DisconnectedError, match=why):
            await over(waiter)
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_loss_is_told_once(self) -> None:
        run = await ready()
        run.transport.receiver.lost(DisconnectedError("first"))
        run.transport.receiver.lost(DisconnectedError("second"))
        await turns(2)
        run.transport.receiver.lost(DisconnectedError("third"))
        await turns(20)
        run.transport.receiver.lost(DisconnectedError("fourth"))
        run.transport.receiver.bot_left(BOT)
        await turns(20)
        assert run.states[-2:] == ["disconnecting", "disconnected"]
        assert len(run.arguments("disconnected")) == 1
        assert [error.data.error for error in run.arguments("error")] == ["first"]

    async def test_a_bot_that_left_is_not_told_to_be_there(self) -> None:
        run = Run(Transport(*handshake()))
        run.client.once(RTVIEvent.CONNECTED, lambda: run.transport.receiver.bot_left(BOT))
        with pytest.raises(DisconnectedError, match="The bot left"):
            await run.client.connect()
        assert run.arguments("botConnected") == []
        assert run.arguments("botDisconnected") == [BOT]
        await run.ended(TransportState.ERROR)

    async def test_a_loss_after_a_failed_connect_is_not_told(self) -> None:
        run = Run(Transport(fails_with=TransportStartError()))
        with pytest.raises(TransportStartError):
            await run.client.connect()
        run.transport.receiver.lost(DisconnectedError("late"))
        run.transport.receiver.bot_left(BOT)
        await turns(5)
        assert run.arguments("error") == []
        assert run.client.state is TransportState.ERROR


class TestWaitingForStates:
    async def test_the_end_that_is_waited_for_is_no_error(self) -> None:
        run = stalled(ConnectPhase.OFFER, timeout=0.01)
        waits = [
            asyncio.ensure_future(
                run.client.wait_for(RTVIEvent.TRANSPORT_STATE_CHANGED, check=functools.partial(operator.is_, state))
            )
            for state in (TransportState.DISCONNECTED, TransportState.ERROR)
        ]
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert [await over(wait) for wait in waits] == [TransportState.DISCONNECTED, TransportState.ERROR]

    async def test_failure_ends_every_wait(self) -> None:
        run = Run(Transport(start=[HttpResponse(500, "no")]), params={"base_url": URL})
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_READY))
        await turns(1)
        with pytest.raises(StartBotError):
            await run.client.connect()
        with pytest.raises(DisconnectedError, match=r"connect\(\) failed: POST"):
            await over(waiter)


@pytest.mark.parametrize("stubborn", [False, True])
async def test_disconnect_is_bounded_over_a_transport_that_does_not_close(stubborn: bool, reported: list[Any]) -> None:
    """It is reported, given up after five seconds, and the client connects again."""
    let_go = asyncio.Event()

    class Hanging(Transport):
        async def close(self) -> None:
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    if not stubborn:
                        raise

    run = Run(Hanging(*handshake(), *handshake()))
    await run.client.connect()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await run.client.disconnect()
    assert 4 < loop.time() - begun < 6
    assert run.client.state is TransportState.DISCONNECTED
    assert run.states[-2:] == ["disconnecting", "disconnected"]
    assert [str(error) for error in reported] == ["still running after 5 s"]
    reported.clear()
    await run.client.connect()
    let_go.set()
    await run.client.disconnect()


@pytest.mark.parametrize("where", ["open_devices", "connect"])
async def test_a_transport_that_swallows_its_cancellation_does_not_touch_the_next_attempt(
    where: str, reported: list[Any]
) -> None:
    class Stubborn(Swallowing, Transport):
        lets_go = asyncio.Event()

        async def open_devices(self, *, mic: bool = False) -> None:
            if not await self.swallow("open_devices"):
                await super().open_devices(mic=mic)

        async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
            return BOT if await self.swallow("connect") else await super().connect(request, receiver)

    transport = Stubborn(*handshake())
    transport.where = where
    run = Run(transport)
    first = await run.connecting()
    await run.client.disconnect()
    with pytest.raises(ConnectAbortedError):
        await over(first)
    assert [str(error) for error in reported] == ["cancelled, but still running after 5 s"]
    reported.clear()
    transport.hangs_in = ConnectPhase.DEVICES if where == "open_devices" else ConnectPhase.ICE
    second = await run.connecting()
    state = run.client.state
    transport.lets_go.set()
    await turns(10)
    assert run.client.state is state
    assert not second.done()
    await run.client.disconnect()
    with pytest.raises(ConnectAbortedError):
        await over(second)
    await run.ended(TransportState.DISCONNECTED)
