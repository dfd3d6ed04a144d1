"""The scripted transport must fail when the script is not followed, or tests written with it mean nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sessions import turns

from rtvi_web import ConnectPhase, DisconnectedError, HttpError, RTVIClient, RTVIEvent, TransportStartError
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import ScriptedTransport, ScriptError, Step, expect, handshake, leave, lose, say, say_text


async def connected(*steps: Step, **options: Any) -> tuple[RTVIClient, ScriptedTransport]:
    transport = ScriptedTransport(*handshake(), *steps, **options)
    client = RTVIClient(transport=transport)
    await client.connect()
    return client, transport


async def test_the_example_of_its_documentation() -> None:
    client, transport = await connected(expect("send-text", {"content": "hello"}), say("bot-llm-text", {"text": "Hi!"}))
    client.send_text("hello")
    assert (await client.wait_for(RTVIEvent.BOT_LLM_TEXT)).text == "Hi!"
    transport.finish()
    await client.disconnect()


class TestScriptsThatAreNotFollowed:
    @pytest.mark.parametrize(
        "step",
        [
            expect("client-message"),
            expect("send-text", {"content": "other"}),
            expect("send-text", {"options": {"audio_response": True}}),
            expect("send-text", {"no such key": 1}),
        ],
        ids=str,
    )
    async def test_another_message(self, step: Step) -> None:
        client, transport = await connected(step)
        with pytest.raises(ScriptError, match=r"expected .*the client sent .*hello"):
            client.send_text("hello")
        with pytest.raises(ScriptError, match="the client sent"):
            transport.finish()
        await client.disconnect()

    async def test_a_message_too_many(self) -> None:
        client, transport = await connected()
        with pytest.raises(ScriptError, match="expected nothing more"):
            client.send_text("hello")
        with pytest.raises(ScriptError, match="expected nothing more"):
            transport.finish()
        await client.disconnect()

    async def test_a_message_too_few(self) -> None:
        client, transport = await connected(expect("send-text"))
        with pytest.raises(ScriptError, match=r"the script is not over; next: Expect\(type='send-text'"):
            transport.finish()
        await client.disconnect()

    async def test_what_the_bot_could_not_say_any_more(self) -> None:
        client, transport = await connected(expect("send-text"), leave(), say("bot-llm-text", {"text": "too late"}))
        client.send_text("hello")
        await client.wait_for(RTVIEvent.DISCONNECTED, timeout=1)
        with pytest.raises(ScriptError, match="too late"):
            transport.finish()

    async def test_in_the_middle_of_connect(self) -> None:
        transport = ScriptedTransport(expect("send-text"))
        with pytest.raises(TransportStartError) as raised:
            await RTVIClient(transport=transport).connect()
        assert isinstance(raised.value.__cause__, ScriptError)
        with pytest.raises(ScriptError, match="client-ready"):
            transport.finish()


class TestTheBotsSide:
    async def test_what_follows_the_handshake_comes_at_once(self) -> None:
        """Before connect() has returned, as with a real bot: a loss then makes connect() fail."""
        with pytest.raises(DisconnectedError, match="phase: bot-ready"):
            await connected(leave())

    async def test_expectations_look_at_what_they_name_only(self) -> None:
        client, transport = await connected(expect("client-message", {"d": {"a": {"b": 1}}}))
        client.send_client_message("x", {"a": {"b": 1, "c": 2}, "e": 3})
        transport.finish()
        await client.disconnect()

    async def test_text_is_sent_as_it_is(self) -> None:
        client, transport = await connected(expect("send-text"), say_text("nonsense"))
        client.send_text("go")
        assert (await client.wait_for(RTVIEvent.INVALID_MESSAGE, timeout=1)).text == "nonsense"
        transport.finish()
        await client.disconnect()

    async def test_it_goes_on_through_several_sessions(self) -> None:
        client, transport = await connected(expect("send-text"), lose(), *handshake(), expect("send-text"), leave())
        for event in (RTVIEvent.ERROR, RTVIEvent.BOT_DISCONNECTED):
            client.send_text("go")
            await client.wait_for(event, timeout=1)
            await client.wait_for(RTVIEvent.DISCONNECTED, timeout=1)
            if event is RTVIEvent.ERROR:
                await client.connect()
        transport.finish()
        assert len(transport.connect_requests) == 2
        await client.disconnect()

    async def test_steps_and_answers_can_be_added_later(self) -> None:
        client, transport = await connected()
        assert transport.steps == []
        transport.steps += [expect("send-text"), say("bot-llm-text", {"text": "Hi!"})]
        client.send_text("go")
        assert (await client.wait_for(RTVIEvent.BOT_LLM_TEXT, timeout=1)).text == "Hi!"
        await client.disconnect()
        client.params.base_url = "http://bot.test"
        transport.http.answers.append(HttpResponse(200, '{"a": 1}'))
        transport.steps += handshake()
        await client.connect()
        transport.finish()
        assert transport.connect_requests[-1].bundle == {"a": 1}
        assert transport.http.answers == []
        await client.disconnect()

    async def test_the_loss_has_a_reason(self) -> None:
        client, _ = await connected(expect("send-text"), lose(DisconnectedError("ICE failed")))
        client.send_text("go")
        assert (await client.wait_for(RTVIEvent.ERROR, timeout=1)).data.error == "ICE failed"
        await client.disconnect()


class TestTheEnvironment:
    async def test_start_answers_come_in_their_order(self) -> None:
        transport = ScriptedTransport(*handshake(), start=[HttpError("down"), HttpResponse(200, '{"a": 1}')])
        client = RTVIClient(transport=transport, params={"base_url": "http://bot.test"})
        with pytest.raises(Exception, match="down"):
            await client.connect()
        await client.connect()
        assert [request.url for request in transport.http.requests] == ["http://bot.test/connect"] * 2
        assert transport.connect_requests[0].bundle == {"a": 1}
        await client.disconnect()

    @pytest.mark.parametrize(
        "phase", [ConnectPhase.DEVICES, ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL]
    )
    async def test_it_hangs_where_it_is_told_to(self, phase: ConnectPhase) -> None:
        client = RTVIClient(transport=ScriptedTransport(*handshake(), hangs_in=phase))
        task = asyncio.ensure_future(client.connect())
        await turns(30)
        assert not task.done()
        await client.disconnect()
        with pytest.raises(Exception, match=f"phase: {phase.value}"):
            await task

    async def test_the_microphone_is_a_track(self) -> None:
        client, transport = await connected()
        track = client.tracks().local.audio
        assert track is not None
        assert (track.kind, track.readyState, track.enabled) == ("audio", "live", True)
        await client.enable_mic(False)
        assert not track.enabled
        await client.disconnect()
        assert track.readyState == "ended"
        assert transport.max_message_size == 65536
