"""A link that is lost for a while: what the client says, and what waits meanwhile."""

from __future__ import annotations

import asyncio
import logging

import pytest
from sessions import CALL, Run, Transport, expect_text, over, ready, turns

from rtvi_web import (
    AlreadyStartedError,
    BotNotReadyError,
    ConnectPhase,
    DisconnectedError,
    LinkLoss,
    QueueFullError,
    RequestTimeoutError,
    RTVIEvent,
    TransportState,
)
from rtvi_web.rtvi.session.outbox import COUNT, SIZE
from rtvi_web.testing import BOT, expect, handshake, leave, say

pytestmark = pytest.mark.usefixtures("tidy")
ANSWER = expect("llm-function-call-result", {"tool_call_id": "1", "result": {"result": 7}})


def answer_when_told(run: Run) -> asyncio.Event:
    """Have the function of CALL answered with 7 once the event is set."""
    may_end = asyncio.Event()

    @run.client.register_function_call_handler("f")
    async def f(_call: object) -> int:
        await may_end.wait()
        return 7

    return may_end


async def test_the_state_and_the_events() -> None:
    run = await ready()
    run.fired.clear()
    run.transport.drop()
    assert run.client.state is TransportState.RECONNECTING
    assert run.client.connected
    assert run.client.bot_ready_data is not None
    run.transport.drop(attempt=1)
    await run.transport.restore()
    assert run.states == ["reconnecting", "ready"]
    assert run.arguments("reconnecting") == [(0, LinkLoss.SILENT), (1, LinkLoss.SILENT)]
    assert run.arguments("reconnected") == [True]
    assert [message["type"] for message in run.transport.sent] == ["client-ready"]
    assert run.client.tracks().local.audio is run.microphones[0]
    await run.client.disconnect()
    run.released()


async def test_connect_is_refused_meanwhile_and_disconnect_ends_it() -> None:
    run = await ready()
    run.transport.drop()
    with pytest.raises(AlreadyStartedError):
        await run.client.connect()
    await run.client.disconnect()
    run.transport.drop()
    await run.transport.restore()
    assert run.states[-3:] == ["reconnecting", "disconnecting", "disconnected"]
    await run.ended(TransportState.DISCONNECTED)


async def test_messages_wait_in_order_and_are_sent_once() -> None:
    run = await ready(expect_text("one"), expect_text("two"), expect_text("three"))
    run.transport.drop()
    run.client.send_text("one")
    run.client.send_text("two")
    assert len(run.transport.sent) == 1
    assert len(run.arguments("messageSent")) == 1
    await run.transport.restore()
    run.client.send_text("three")
    assert len(run.arguments("messageSent")) == 4
    run.transport.finish()
    run.transport.drop()
    await run.transport.restore()
    run.transport.finish()
    await run.client.disconnect()


async def test_a_message_at_which_the_loss_is_noticed_waits() -> None:
    class Closing(Transport):
        """A link that is closing, of which the browser has not told yet."""

        closing = False

        def send(self, text: str) -> None:
            if self.closing:
                self.drop()
                raise DisconnectedError("The data channel is closing.")
            super().send(text)

    transport = Closing(*handshake(), expect_text("one"))
    run = Run(transport)
    await run.client.connect()
    transport.closing = True
    run.client.send_text("one")
    assert run.client.state is TransportState.RECONNECTING
    transport.closing = False
    await transport.restore()
    transport.finish()
    await run.client.disconnect()


async def test_a_request_that_waits_is_answered() -> None:
    run = await ready(expect("client-message"), say("server-response", {"t": "x", "d": 1}, answers=True))
    run.transport.drop()
    request = asyncio.ensure_future(run.client.send_client_request("x"))
    await turns(3)
    await run.transport.restore()
    assert await over(request) == 1
    await run.client.disconnect()


async def test_requests_keep_their_own_time_limit_and_are_not_sent_after_it() -> None:
    run = await ready()
    run.transport.drop()
    with pytest.raises(RequestTimeoutError):
        await run.client.send_client_request("x", timeout=0.02)
    await run.transport.restore()
    run.transport.finish()
    assert len(run.transport.sent) == 1
    await run.client.disconnect()


@pytest.mark.parametrize(("text", "room"), [("x", COUNT), ("x" * (SIZE // 20), 19)])
async def test_the_queue_is_bounded_by_count_and_by_size(
    text: str, room: int, caplog: pytest.LogCaptureFixture
) -> None:
    run = await ready()
    run.transport.drop()
    for _ in range(room):
        run.client.send_client_message("m", text)
    with pytest.raises(QueueFullError, match=f"{room} messages"):
        run.client.send_client_message("m", text)
    with pytest.raises(QueueFullError):
        await run.client.send_client_request("m", text)
    assert run.client.state is TransportState.RECONNECTING
    with caplog.at_level(logging.WARNING):
        await run.client.disconnect()
    assert f"{room} messages that waited for the link were" in caplog.text
    run.released()


async def test_messages_with_one_id_are_two_messages() -> None:
    run = await ready(expect("a"), expect("b"))
    run.transport.drop()
    run.client.send_message({"type": "a", "id": "x"})
    run.client.send_message({"type": "b", "id": "x"})
    await run.transport.restore()
    run.transport.finish()
    assert [message["id"] for message in run.transport.sent[1:]] == ["x", "x"]
    await run.client.disconnect()


async def test_a_link_that_is_lost_again_before_all_was_sent_is_not_taken_for_restored() -> None:
    class Full(Transport):
        full = False

        def send(self, text: str) -> None:
            if self.full:
                raise QueueFullError("The channel takes no more at once.")
            super().send(text)

    transport = Full(*handshake(), expect_text("one"))
    run = Run(transport)
    await run.client.connect()
    transport.drop()
    run.client.send_text("one")
    transport.full = True
    await transport.restore()
    transport.full = False
    transport.drop(attempt=1)
    await asyncio.sleep(1)
    assert run.client.state is TransportState.RECONNECTING
    await transport.restore()
    transport.finish()
    assert run.arguments("reconnected") == [True]
    await run.client.disconnect()


class TestABotThatLeaves:
    """Where the session does not end with it."""

    async def test_gets_nothing_more(self) -> None:
        run = await ready(expect("client-message"), leave(), disconnect_on_bot_disconnect=False)
        asked = asyncio.ensure_future(run.client.send_client_request("x", timeout=None))
        with pytest.raises(DisconnectedError, match="The bot left the session"):
            await over(asked)
        assert run.client.state is TransportState.READY
        with pytest.raises(DisconnectedError, match=r"The bot left the session\. 'client-message' was not sent"):
            run.client.send_client_message("y")
        with pytest.raises(DisconnectedError, match="The bot left"):
            await run.client.send_client_request("y")
        assert len(run.transport.sent) == 2
        assert run.client.bot_state == "gone"
        await run.client.disconnect()
        await run.ended(TransportState.DISCONNECTED)

    async def test_needs_no_link_any_more(self, caplog: pytest.LogCaptureFixture) -> None:
        run = await ready(disconnect_on_bot_disconnect=False)
        run.transport.drop()
        run.client.send_client_message("waits")
        run.fired.clear()
        with caplog.at_level(logging.WARNING):
            run.transport.receiver.bot_left(BOT)
        assert "1 messages that waited for the link were not sent" in caplog.text
        assert run.states == ["ready"]
        assert run.client.bot_state == "gone"
        with pytest.raises(DisconnectedError, match="The bot left"):
            run.client.send_client_message("x")
        await run.client.disconnect()
        run.transport.receiver.bot_left(BOT)
        assert run.states == ["ready", "disconnecting", "disconnected"]
        run.released()

    async def test_leaves_once(self) -> None:
        run = await ready(disconnect_on_bot_disconnect=False)
        for _ in range(2):
            run.transport.receiver.bot_left(BOT)
        assert run.arguments("botDisconnected") == [BOT]
        assert run.arguments("participantLeft") == [BOT]
        await run.client.disconnect()


async def test_the_end_of_the_budget_is_an_error_and_then_the_end() -> None:
    run = await ready()
    run.transport.drop()
    request = asyncio.ensure_future(run.client.send_client_request("x", timeout=None))
    await turns(2)
    run.fired.clear()
    run.transport.receiver.enter(ConnectPhase.ICE)  # as a new connection does
    run.transport.receiver.lost(DisconnectedError("The link could not be restored within 30 s."))
    with pytest.raises(DisconnectedError, match=r"could not be restored within 30 s\. \[phase: session\]"):
        await over(request)
    await turns(20)
    names = [name for name, *_ in run.fired if name in ("error", "disconnected", "trackStopped")]
    assert names == ["error", "trackStopped", "disconnected"]
    [error] = run.arguments("error")
    assert error.data.fatal
    await run.ended(TransportState.DISCONNECTED)


async def test_a_function_that_is_called_before_the_loss_is_answered_after_it() -> None:
    run = await ready(expect_text("go"), CALL, ANSWER)
    may_end = answer_when_told(run)
    run.client.send_text("go")
    await turns(5)
    run.transport.drop()
    may_end.set()
    await turns(5)
    assert len(run.transport.sent) == 2
    await run.transport.restore()
    run.transport.finish()
    await run.client.disconnect()


async def test_the_result_of_a_function_that_finds_no_room_is_sent_when_there_is_some() -> None:
    messages = [expect("client-message")] * COUNT
    run = await ready(expect_text("go"), CALL, *messages, ANSWER)
    may_end = answer_when_told(run)
    run.client.send_text("go")
    await turns(5)
    run.transport.drop()
    for number in range(COUNT):
        run.client.send_client_message("m", number)
    may_end.set()
    await asyncio.sleep(1)
    await run.transport.restore()
    await asyncio.sleep(1)
    run.transport.finish()
    await run.client.disconnect()
    run.released()


@pytest.mark.parametrize("resumed", [False, None])
async def test_the_result_of_a_function_that_finds_no_room_goes_to_no_other_bot(resumed: bool | None) -> None:
    messages = [expect("client-message")] * COUNT if resumed is False else []
    run = await ready(expect_text("go"), CALL, *handshake(), *messages)
    run.client.register_function_call_handler("f", lambda _call: 7)
    run.client.send_text("go")
    run.transport.drop()
    for number in range(COUNT):
        run.client.send_client_message("m", number)
    await turns(5)
    if resumed is None:
        await run.client.disconnect()
        run.released()
        await run.client.connect()
    else:
        await run.transport.restore(resumed=False)
    await asyncio.sleep(1)
    assert "llm-function-call-result" not in [message["type"] for message in run.transport.sent]
    run.transport.finish()
    await run.client.disconnect()


async def test_before_the_session_nothing_waits() -> None:
    run = Run(Transport(*handshake()))
    with pytest.raises(BotNotReadyError):
        run.client.send_text("too early")
    assert RTVIEvent.RECONNECTING.callback == "on_reconnecting"
