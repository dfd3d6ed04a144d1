"""The conversation, from what real servers sent, and what the client does with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conversations import TRACES, replay
from sessions import STARTED, URL, Run, Transport, ready, turns

from rtvi_web import BotState, Conversation, RTVIEvent, TransportState
from rtvi_web.rtvi.protocol.conversation import CHANGING
from rtvi_web.testing import expect, handshake, leave, say


class TestRecordings:
    def test_a_recording_of_pipecat_1_14(self) -> None:
        conversation = replay("new-1.14.0-webrtc-full").conversation
        said = [(turn.role, turn.text) for turn in conversation.turns]
        assert said[:9] == [
            ("bot", "Hello from the fake model."),
            ("user", "I hear a tone at 660 hertz."),
            ("bot", "You said I hear a tone at 660 hertz. That is all."),
            ("user", ""),
            ("bot", "Please repeat after me."),
            ("user", "hello by text"),
            ("bot", "You said hello by text. That is all."),
            ("user", "quiet please"),
            ("bot", "You said quiet please. That is all."),
        ]
        assert [turn.typed for turn in conversation.turns[:9]] == [False] * 5 + [True, False, True, False]
        aloud, quiet = conversation.turns[2], conversation.turns[8]
        assert aloud.spoken == aloud.text
        assert quiet.spoken == ""
        [call] = next(turn for turn in conversation.turns if turn.function_calls).function_calls
        assert (call.function_name, call.arguments, call.status) == ("get_weather", {"location": "Paris"}, "done")
        assert call.result == {"conditions": "sunny", "where": "Paris"}
        assert quiet.ended_at is not None
        assert quiet.ended_at < conversation.turns[9].started_at, (
            "when the model had written it, not when somebody spoke next"
        )
        [story] = [turn for turn in conversation.turns if turn.interrupted]
        assert story.text.endswith("number 8 of the story.")
        assert story.output.will_say == ""

    def test_a_recording_of_rtvi_0_3(self) -> None:
        conversation = replay("old-0.0.73-webrtc-full").conversation
        hello, heard, answer = conversation.turns[:3]
        assert (hello.role, hello.text, hello.spoken) == ("bot", "Hello from the fake model.", hello.text)
        assert (heard.role, heard.text) == ("user", "I hear a tone at 660 hertz.")
        # A client of this era could make the model begin again; no message tells so.
        assert answer.text == "You said I hear a tone at 660 You said hello there. That is all."
        [call] = [call for turn in conversation.turns for call in turn.function_calls]
        assert (call.function_name, call.status) == ("get_weather", "done"), "though no message tells its end"

    @pytest.mark.parametrize("name", [path.stem for path in sorted(TRACES.glob("*.jsonl"))])
    def test_nothing_raises_and_all_is_json(self, name: str) -> None:
        conversation = replay(name).conversation
        assert json.loads(conversation.to_json()) == conversation.to_dict()
        for turn in conversation.turns[:-2]:
            assert turn.ended


@pytest.mark.usefixtures("tidy")
class TestTheClient:
    async def test_a_bot_that_leaves_is_gone_though_the_session_goes_on(self) -> None:
        run = await ready(expect("send-text"), leave(), disconnect_on_bot_disconnect=False)
        run.client.send_text("bye")
        await turns(10)
        assert run.client.state is TransportState.READY
        assert run.client.bot_state is BotState.GONE
        assert all(turn.ended for turn in run.client.conversation.turns)
        await run.client.disconnect()

    async def test_a_link_that_is_restored_ends_no_turn(self) -> None:
        run = await ready(expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}))
        run.client.send_text("hello")
        await turns(5)
        run.transport.drop()
        await run.transport.restore()
        assert not run.client.conversation.turns[-1].ended
        await run.client.disconnect()

    async def test_a_new_bot_begins_a_new_turn(self) -> None:
        """Its greeting comes at once, maybe before the client has told that it is there."""
        begun = say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"})
        steps = *handshake(), expect("send-text"), *begun, *handshake(), *begun
        transport = Transport(*steps, start=[STARTED] * 2)
        run = Run(transport, params={"base_url": URL})
        await run.client.connect()
        run.client.send_text("hello")
        await turns(5)
        run.transport.drop()
        await run.transport.restore(resumed=False)
        said = [(turn.text, turn.ended) for turn in run.client.conversation.turns]
        assert said == [("hello", True), ("Hi!", True), ("Hi!", False)]
        await run.client.disconnect()

    async def test_clearing_is_told(self) -> None:
        run = await ready(expect("send-text"))
        run.client.send_text("hello")
        seen: list[int] = []
        run.client.on(RTVIEvent.CONVERSATION_CLEARED, lambda: seen.append(len(run.client.conversation.turns)))
        run.client.conversation.clear()
        assert seen == [0]
        await run.client.disconnect()

    async def test_conversation_and_state_are_up_to_date_in_handlers(self) -> None:
        run = await ready(expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}))
        seen: list[Any] = []
        run.client.on(RTVIEvent.BOT_LLM_TEXT, lambda _: seen.append(run.client.conversation.turns[-1].text))
        assert run.client.bot_state is BotState.LISTENING
        run.client.send_text("hello")
        await turns(5)
        assert seen == ["Hi!"]
        assert [(turn.role, turn.text) for turn in run.client.conversation.turns] == [("user", "hello"), ("bot", "Hi!")]
        assert run.client.bot_state is BotState.THINKING  # type: ignore[comparison-overlap]  # it has changed
        await run.client.disconnect()
        assert run.client.bot_state is BotState.GONE
        assert all(turn.ended for turn in run.client.conversation.turns)
        assert run.arguments("botStateChanged") == ["connecting", "listening", "thinking", "gone"]
        assert run.arguments("conversationUpdated")[-1] is run.client.conversation.turns[-1]


@pytest.mark.parametrize("event", [event for event in RTVIEvent if event not in CHANGING])
def test_no_other_event_changes_a_conversation(event: str) -> None:
    assert Conversation(lambda: 0.0).take(event, ()) == []
