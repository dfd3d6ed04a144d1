"""A link that is restored to another bot: it is asked for, greeted, and sent what waited."""

from __future__ import annotations

import asyncio

import pytest
from sessions import CALL, STARTED, URL, Run, Transport, expect_text, over, ready, turns

from rtvi_web import DisconnectedError, RTVIError, StartBotError, TransportState, UnsupportedFeatureError
from rtvi_web.testing import BOT, expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")


class TestAFreshStart:
    async def test_it_asks_for_a_bot_greets_it_and_sends_it_what_waited(self) -> None:
        transport = Transport(
            *handshake(),
            expect("client-message"),
            *handshake(),
            expect_text("waited"),
            start=[STARTED, STARTED],
        )
        run = Run(transport, params={"base_url": URL, "endpoints": {"connect": "/start"}})
        await run.client.connect()
        lost = asyncio.ensure_future(run.client.send_client_request("asked before", timeout=None))
        await turns(2)
        transport.drop()
        run.client.send_text("waited")
        run.fired.clear()
        await transport.restore(resumed=False)
        with pytest.raises(DisconnectedError, match="has given the session up"):
            await over(lost)
        transport.finish()
        assert len(transport.http.requests) == len(transport.connect_requests) == 2
        assert run.states == ["ready"]
        assert run.arguments("reconnected") == [False]
        order = [name for name, *_ in run.fired if name in ("botConnected", "botReady", "reconnected")]
        assert order == ["botConnected", "botReady", "reconnected"]
        await run.client.disconnect()
        run.released()

    async def test_one_that_fails_may_be_tried_again(self) -> None:
        transport = Transport(*handshake(), *handshake(), start=[STARTED, StartBotError("busy"), STARTED])
        run = Run(transport, params={"base_url": URL, "endpoints": {"connect": "/start"}})
        await run.client.connect()
        transport.drop()
        with pytest.raises(RTVIError, match="busy"):
            await transport.restore(resumed=False)
        assert run.client.state is TransportState.RECONNECTING
        await transport.restore(resumed=False)
        assert len(run.arguments("botDisconnected")) == 1
        assert run.states[-1] == "ready"
        await run.client.disconnect()

    async def test_the_bot_that_was_given_up_is_not_heard_any_more(self) -> None:
        run = await ready(*handshake())
        run.transport.drop()
        old = run.transport.receiver
        await run.transport.restore(resumed=False)
        run.fired.clear()
        old.receive('{"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "late"}}')
        old.bot_left(BOT)
        assert run.fired == []
        await run.client.disconnect()

    @pytest.mark.parametrize("after", range(12))
    async def test_one_that_the_end_of_the_session_overtakes_tells_nothing_more(self, after: int) -> None:
        run = await ready(*handshake())
        run.transport.drop()
        restoring = asyncio.ensure_future(run.transport.restore(resumed=False))
        await turns(after)
        await run.client.disconnect()
        await turns(10)
        bots = [name for name, *_ in run.fired if name in ("botConnected", "botDisconnected", "disconnected")]
        assert bots.count("botConnected") == bots.count("botDisconnected")
        assert bots[-1] == "disconnected"
        restoring.cancel()
        await asyncio.wait({restoring})
        run.released()

    async def test_a_bot_started_by_start_bot_is_started_the_same_way_again(self) -> None:
        transport = Transport(*handshake(), *handshake(), start=[STARTED, STARTED])
        run = Run(transport)
        await run.client.connect(await run.client.start_bot(f"{URL}/start"))
        run.fired.clear()
        transport.drop()
        await transport.restore(resumed=False)
        names = [
            name for name, *_ in run.fired if name.startswith(("bot", "participant")) and name != "botStateChanged"
        ]
        assert names == [
            *("participantLeft", "botDisconnected", "botStarted"),
            *("participantConnected", "botConnected", "botReady"),
        ]
        assert [request.url for request in transport.http.requests] == [f"{URL}/start"] * 2
        await run.client.disconnect()

    async def test_what_the_new_bot_does_not_know_is_told_of_what_waited_too(self) -> None:
        unknown = say("error-response", {"error": "Unsupported type client-message"}, answers=True)
        run = await ready(*handshake(), expect("client-message"), unknown)
        run.transport.drop()
        waits = asyncio.ensure_future(run.client.send_client_request("x"))
        await turns(2)
        await run.transport.restore(resumed=False)
        with pytest.raises(UnsupportedFeatureError):
            await over(waits)
        await run.client.disconnect()

    async def test_answers_to_the_old_bot_are_not_sent_to_the_new_one(self) -> None:
        run = await ready(expect_text("go"), CALL, *handshake())
        may_end = asyncio.Event()

        @run.client.register_function_call_handler("f")
        async def f(_call: object) -> int:
            await may_end.wait()
            return 7

        run.client.send_text("go")
        await turns(5)
        run.transport.drop()
        restoring = asyncio.ensure_future(run.transport.restore(resumed=False))
        await turns(1)
        may_end.set()
        await over(restoring)
        run.transport.finish()
        assert [message["type"] for message in run.transport.sent][1:] == ["send-text", "client-ready"]
        await run.client.disconnect()
        run.released()

    async def test_what_is_written_meanwhile_and_told_by_the_new_bot_is_one_turn(self) -> None:
        emitted = {"text": "hello", "input_type": "chat", "final": True}
        run = await ready(*handshake(), expect_text("hello"), say("user-input", emitted))
        run.transport.drop()
        restoring = asyncio.ensure_future(run.transport.restore(resumed=False))
        await turns(1)
        run.client.send_text("hello")
        await over(restoring)
        await turns(5)
        assert [turn.text for turn in run.client.conversation.turns] == ["hello"]
        await run.client.disconnect()
