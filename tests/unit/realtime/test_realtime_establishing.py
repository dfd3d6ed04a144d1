"""The beginning of a session: what the server is sent of the configuration, when, and what it answers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web import RequestError
from rtvi_web.testing import ScriptedRealtimeTransport

LOOKUP = {"type": "function", "name": "lookup", "parameters": {"type": "object", "properties": {}}}
VAD = {"type": "server_vad", "threshold": 0.5}
OF_A_RELAY = {
    "type": "realtime",
    "id": "sess_1",
    "instructions": "Be the relay's.",
    "audio": {"input": {"turn_detection": VAD, "format": {"type": "audio/pcm", "rate": 24000}}},
    "tools": [LOOKUP],
}


class Begun(Run):
    """A client whose connect() is running, on a server that says only what the test says."""

    def __init__(self, *, carries_tracks: bool = False, **options: Any) -> None:
        super().__init__(server=Server(handshake=False, carries_tracks=carries_tracks), **options)

    async def begin(self, session: dict[str, Any] | None = None) -> None:
        self.connecting = asyncio.ensure_future(self.client.connect())
        await turns()
        if session is not None:
            self.server.say("session.created", session=session)
            await turns()

    async def end(self) -> None:
        self.server.say("session.updated", session=self.server.sent[-1]["session"])
        await self.connecting

    @property
    def updates(self) -> list[dict[str, Any]]:
        return [event["session"] for event in self.server.sent_of("session.update")]


def now() -> float:
    return asyncio.get_running_loop().time()


# What is sent.


async def test_a_page_that_names_nothing_changes_nothing_of_a_relays_session() -> None:
    run = Begun()
    await run.begin(OF_A_RELAY)
    assert run.server.requests[0].session == {"type": "realtime"}
    assert run.updates == [{"type": "realtime"}]
    assert run.client.get_turn_detection_type() == VAD
    assert run.client.get_tools() == []
    await run.end()
    run.client.update_session()
    assert len(run.updates) == 1
    await run.client.disconnect()


@pytest.mark.parametrize("late", [False, True])
async def test_the_tools_of_the_page_are_added_to_the_servers(late: bool) -> None:
    run = Begun(carries_tracks=late)  # Over WebRTC the configuration is sent before the server's first event.
    run.client.register_tool({"name": "f"}, print)
    await run.begin(None if late else OF_A_RELAY)
    if late:
        assert [tool["name"] for tool in run.updates[-1]["tools"]] == ["f"]
        run.server.say("session.created", session=OF_A_RELAY)
    assert [tool["name"] for tool in run.updates[-1]["tools"]] == ["lookup", "f"]
    assert run.updates[-1]["tools"][0] == LOOKUP
    await run.end()
    run.client.add_tool({"name": "lookup", "description": "Mine."})  # replaces the one of the same name
    assert [tool.get("description") for tool in run.updates[-1]["tools"]] == ["Mine.", None]
    run.client.remove_tool("f")
    run.client.remove_tool("lookup")
    assert run.updates[-1]["tools"] == []
    await run.client.disconnect()


async def test_tools_that_the_page_names_replace_the_servers() -> None:
    run = Begun(config={"tools": []})
    await run.begin(OF_A_RELAY)
    assert run.updates[-1]["tools"] == []
    await run.end()
    run.client.register_tool({"name": "f"}, print)
    assert [tool["name"] for tool in run.updates[-1]["tools"]] == ["f"]
    await run.client.disconnect()


@pytest.mark.parametrize("flat", [False, True])
async def test_turn_detection_follows_the_server_until_the_page_names_it(flat: bool) -> None:
    run = Begun()
    session = {"id": "s", "turn_detection": VAD} if flat else OF_A_RELAY
    await run.begin(session)
    assert run.client.get_turn_detection_type() == VAD
    await run.end()
    assert run.client.get_turn_detection_type() == VAD
    run.server.say("session.updated", session={"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}})
    assert run.client.get_turn_detection_type() == {"type": "semantic_vad"}
    run.client.update_config({"turn_detection": None})
    assert run.client.get_turn_detection_type() is None
    await run.client.disconnect()


@pytest.mark.parametrize("session", [{"tools": 3}, {"tools": [{"name": 4}]}, {"audio": [1]}, {"audio": {"input": 7}}])
async def test_a_session_that_makes_no_sense_is_ignored(session: Any) -> None:
    run = Begun()
    await run.begin(session)
    assert run.client.get_turn_detection_type() is None
    await run.end()
    await run.client.disconnect()


# Committing.


@pytest.mark.parametrize("detection", [VAD, None, "unnamed"])
async def test_sound_that_the_page_appended_is_committed_whatever_the_turn_detection(detection: Any) -> None:
    run = await connected(config={} if detection == "unnamed" else {"turn_detection": detection})
    run.client.append_input_audio(pcm(4800))
    run.client.create_response()
    assert run.server.types == ["input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]
    run.server.say("input_audio_buffer.committed", item_id="u")
    run.server.response()
    run.server.done()
    run.client.create_response()
    assert run.server.types[3:] == ["response.create"]
    await run.client.disconnect()


@pytest.mark.parametrize("event", ["input_audio_buffer.committed", "input_audio_buffer.speech_started"])
async def test_sound_that_the_server_has_taken_by_itself_is_not_committed(event: str) -> None:
    run = await connected(config={"turn_detection": VAD})
    run.client.append_input_audio(pcm(4800))
    run.server.say(event, item_id="u", audio_start_ms=0)
    run.client.create_response()
    assert run.server.types == ["input_audio_buffer.append", "response.create"]
    await run.client.disconnect()


async def test_an_answer_to_an_own_commit_takes_nothing_that_came_after_it() -> None:
    run = await connected(config={"turn_detection": VAD})
    run.client.append_input_audio(pcm(4800))
    run.client.create_response()
    run.client.append_input_audio(pcm(4800))
    run.server.say("input_audio_buffer.committed", item_id="u")
    run.server.response()
    run.server.done()
    run.client.create_response()
    assert run.server.types[3:] == ["input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]
    await run.client.disconnect()


@pytest.mark.parametrize(("detection", "commits"), [(VAD, False), (None, True), ("unnamed", False)])
async def test_the_microphone_is_committed_with_push_to_talk_only(detection: Any, commits: bool) -> None:
    run = await connected(config={} if detection == "unnamed" else {"turn_detection": detection})
    for _ in range(10):
        run.server.hear(pcm(960))
    run.client.create_response()
    assert ("input_audio_buffer.commit" in run.server.types) is commits
    await run.client.disconnect()


async def test_push_to_talk_of_the_server_is_known() -> None:
    run = Begun()
    await run.begin({"audio": {"input": {"turn_detection": None}}})
    await run.end()
    for _ in range(10):
        run.server.hear(pcm(960))
    run.client.create_response()
    assert "input_audio_buffer.commit" in run.server.types
    await run.client.disconnect()


# When it is sent, and what is answered.


@pytest.mark.parametrize("first", ["session.created", "conversation.created", "something.else"])
async def test_the_first_event_of_the_server_is_waited_for(first: str) -> None:
    run = Begun()
    await run.begin()
    assert run.server.sent == []
    run.server.say(first, session={})
    await turns()
    assert len(run.updates) == 1
    await run.end()
    await run.client.disconnect()


async def test_the_first_event_of_the_server_is_waited_for_at_most_half_a_second() -> None:
    run = Begun()
    began = now()
    await run.begin()
    await asyncio.sleep(0.49)
    assert run.server.sent == []
    await asyncio.sleep(0.02)
    assert len(run.updates) == 1
    # The answer has a window of its own.
    await asyncio.sleep(0.9)
    assert not run.connecting.done()
    await run.end()
    assert now() - began == pytest.approx(1.41, abs=0.01)
    await run.client.disconnect()


async def test_over_webrtc_nothing_is_waited_for() -> None:
    run = Begun(carries_tracks=True)
    await run.begin()
    assert len(run.updates) == 1
    await run.end()
    await run.client.disconnect()


async def test_a_server_that_never_answers_costs_a_second_and_is_mentioned_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Begun()
    for _ in range(2):
        began = now()
        await run.begin({})
        await run.connecting
        assert now() - began == pytest.approx(1.0, abs=0.01)
        await run.client.disconnect()
    mentioned = [record for record in caplog.records if "not acknowledged" in record.message]
    assert [record.levelno for record in mentioned] == [logging.WARNING]
    assert run.errors == []


@pytest.mark.parametrize("first", [False, True])
async def test_an_error_that_names_no_event_is_a_refusal_if_nothing_else_answers(first: bool) -> None:
    run = Begun()
    await run.begin(None if first else {})
    run.server.say("error", error={"message": "No such model.", "event_id": None})
    with pytest.raises(RequestError, match="refused the session's configuration: No such model"):
        await run.connecting
    assert not run.server.is_open


@pytest.mark.parametrize("named", [False, True])
async def test_an_error_about_something_else_is_no_refusal(named: bool) -> None:
    run = Begun()
    await run.begin({})
    run.server.say("error", error={"message": "Not this.", "event_id": "evt_other" if named else None})
    if named:
        await run.connecting
    else:
        await run.end()
    assert [error.message for error in run.errors] == ["Not this."]
    await run.client.disconnect()


# The microphone.


async def test_the_microphone_is_held_back_until_the_configuration_was_taken() -> None:
    run = Begun()
    await run.begin({})
    run.server.hear(pcm(960, 1))
    run.server.hear(pcm(960, 2))
    assert run.server.types == []
    await run.end()
    run.server.hear(pcm(960, 3))
    assert run.server.types == ["input_audio_buffer.append"] * 3
    assert bytes(run.client.input_audio_buffer) == pcm(960, 1) + pcm(960, 2) + pcm(960, 3)
    await run.client.disconnect()


async def test_a_refused_session_hears_nothing_and_the_next_hears_nothing_of_it() -> None:
    run = Begun()
    await run.begin({})
    run.server.hear(pcm(960))
    run.server.say("error", error={"message": "No.", "event_id": run.server.sent[0]["event_id"]})
    with pytest.raises(RequestError):
        await run.connecting
    await run.begin({})
    await run.end()
    assert run.server.types == []
    await run.client.disconnect()


async def test_over_webrtc_the_transport_holds_the_microphone_back() -> None:
    run = Begun(carries_tracks=True)
    await run.begin()
    assert not run.server.sends_microphone
    await run.end()
    assert run.server.sends_microphone
    await run.client.disconnect()
    assert not run.server.sends_microphone


async def test_a_transport_need_not_hold_it_back() -> None:
    class Other(ScriptedRealtimeTransport):
        async def start_microphone(self) -> None:
            await super(ScriptedRealtimeTransport, self).start_microphone()

    run = await connected(server=Other())
    assert run.client.is_connected()
    await run.client.disconnect()
