"""The conversation and the bot's state, from what real servers sent and from what they are feared to send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sessions import ready, turns

from rtvi_web import BotState, Conversation, RTVIEvent, Turn
from rtvi_web.protocol.bot_output import BotOutput
from rtvi_web.protocol.conversation import MAX_CALLS, MAX_TEXT, MAX_TURNS
from rtvi_web.protocol.outcomes import Fire
from rtvi_web.protocol.payloads import BotOutputData
from rtvi_web.protocol.session import Session
from rtvi_web.testing import expect, say

TRACES = Path(__file__).parents[1] / "traces"


class Told:
    """A conversation that is told by messages."""

    def __init__(self) -> None:
        self.conversation = Conversation()
        self.session = Session()
        self.now = 100.0

    def hear(self, type: str, **data: Any) -> list[Turn]:
        self.now += 1
        frame = json.dumps({"label": "rtvi-ai", "type": type, "data": data or None})
        changed: list[Turn] = []
        for outcome in self.session.receive(frame):
            if isinstance(outcome, Fire):
                changed += self.conversation.take(outcome.event, outcome.args, self.now)
        return changed

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(turn.role, turn.text) for turn in self.conversation.turns]


def replay(name: str) -> Conversation:
    told = Told()
    for line in (TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        message = record.get("msg")
        if not isinstance(message, dict) or message.get("label") != "rtvi-ai" or "type" not in message:
            continue
        if record["dir"] == "out" and message["type"] == "send-text":
            told.conversation.wrote(message["data"]["content"], told.now)
        elif record["dir"] == "in":
            told.hear(message["type"], **(message.get("data") if isinstance(message.get("data"), dict) else {}))
    return told.conversation


class TestRecordings:
    def test_today(self) -> None:
        conversation = replay("new-1.14.0-webrtc-full")
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
        assert not any(turn.interrupted for turn in conversation.turns[:8])

    def test_the_first_era(self) -> None:
        conversation = replay("old-0.0.73-webrtc-full")
        hello, cut_off, heard, answer = conversation.turns[:4]
        assert (hello.role, hello.text, hello.spoken) == ("bot", "Hello from the fake model.", hello.text)
        assert (cut_off.role, cut_off.text) == ("bot", "")  # it was told to say something, and began to
        assert (heard.role, heard.text) == ("user", "I hear a tone at 660 hertz.")
        assert answer.role == "bot"
        assert any(turn.function_calls for turn in conversation.turns)

    @pytest.mark.parametrize("name", [path.stem for path in sorted(TRACES.glob("*.jsonl"))])
    def test_nothing_raises_and_all_is_json(self, name: str) -> None:
        conversation = replay(name)
        assert json.loads(conversation.to_json()) == conversation.to_dict()
        for turn in conversation.turns[:-2]:
            assert turn.ended


class TestThePerson:
    def test_partial_words_are_replaced_and_final_ones_stay(self) -> None:
        told = Told()
        told.hear("user-transcription", text="make", final=False)
        [turn] = told.hear("user-transcription", text="make the", final=False)
        assert (turn.text, turn.partial) == ("", "make the")
        told.hear("user-transcription", text="make the page green", final=True)
        assert (turn.text, turn.partial) == ("make the page green", "")
        told.hear("user-transcription", text=" and blue", final=True)
        assert told.said == [("user", "make the page green and blue")]
        assert (turn.started_at, turn.ended_at) == (101, None)
        told.hear("bot-llm-started")
        assert turn.ended_at == 105

    def test_a_backchannel_is_no_turn(self) -> None:
        told = Told()
        assert told.hear("user-input", text="mhm", input_type="backchannel", final=True) == []
        assert told.said == []

    def test_what_was_typed_before_the_bot_was_known_to_tell_it(self) -> None:
        told = Told()
        [turn] = told.conversation.wrote("hello", 50)
        assert (turn.text, turn.typed, turn.started_at) == ("hello", True, 50)
        told.hear("user-input", text="hello", input_type="chat", final=True)
        assert told.said == [("user", "hello")]
        assert told.conversation.wrote("again", 60) == []  # from now on the bot tells
        told.hear("user-input", text="again", input_type="chat", final=True)
        assert told.said == [("user", "hello again")]

    def test_two_messages_about_the_same_words(self) -> None:
        told = Told()
        told.hear("user-input", text="hello", input_type="transcription", final=True)
        told.hear("user-transcription", text="hello", final=True)
        assert told.said == [("user", "hello")]


class TestTheBot:
    def test_an_interruption(self) -> None:
        told = Told()
        told.hear("bot-llm-started")
        told.hear("bot-llm-text", text="A long story. It never ends.")
        told.hear("bot-llm-stopped")
        told.hear("bot-started-speaking")
        told.hear("bot-output", text="A long story.", segment_id=1, will_be_spoken=True, spoken_status="completed")
        told.hear("bot-output", text="It never ends.", segment_id=2, will_be_spoken=True, spoken_status="new")
        told.hear("user-started-speaking")
        [turn] = told.hear("bot-interrupted")
        assert (turn.interrupted, turn.ended) == (True, True)
        assert turn.spoken == "A long story."
        told.hear("bot-stopped-speaking")
        progress = {"accumulated_text": "It never", "remaining_text": " ends."}
        late = {"segment_id": 2, "will_be_spoken": True, "spoken_status": "in-progress", "spoken_progress": progress}
        told.hear("bot-output", text="It never ends.", **late)
        assert told.said == [("bot", "A long story. It never ends.")]
        assert turn.spoken == "A long story. It never"

    def test_silence_is_not_interrupted(self) -> None:
        assert Told().hear("bot-interrupted") == []

    def test_an_interruption_of_the_first_era(self) -> None:
        told = Told()
        for type in ("bot-llm-started", "bot-started-speaking", "user-started-speaking", "bot-stopped-speaking"):
            told.hear(type)
        [turn] = told.conversation.turns
        assert turn.interrupted
        told.hear("user-stopped-speaking")
        told.hear("bot-tts-text", text="late")
        assert told.said == [("bot", "late")]

    def test_a_pause_between_sentences_is_no_end(self) -> None:
        told = Told()
        told.hear("bot-llm-started")
        told.hear("bot-started-speaking")
        assert told.hear("bot-stopped-speaking") == []
        told.hear("bot-llm-stopped")
        [turn] = told.hear("bot-stopped-speaking")
        assert turn.ended
        assert told.hear("bot-stopped-speaking") == []

    def test_a_call_keeps_the_turn_going(self) -> None:
        told = Told()
        told.hear("bot-llm-started")
        for type in ("llm-function-call", "llm-function-call-in-progress"):
            told.hear(type, tool_call_id="1", function_name="f")
        told.hear("bot-llm-stopped")
        assert told.hear("bot-stopped-speaking") == []
        [turn] = told.hear("llm-function-call-stopped", tool_call_id="1", cancelled=True)
        assert [(call.tool_call_id, call.status) for call in turn.function_calls] == [("1", "cancelled")]
        assert told.hear("llm-function-call-stopped", tool_call_id="unknown") == []
        told.hear("bot-llm-started")
        told.hear("bot-llm-text", text="Done.")
        assert told.said == [("bot", "Done.")]

    def test_it_is_bounded(self) -> None:
        told = Told()
        for number in range(MAX_TURNS + 20):
            told.hear("user-transcription" if number % 2 else "bot-tts-text", text=str(number))
        assert len(told.conversation.turns) == MAX_TURNS
        assert told.conversation.dropped == 20
        for _ in range(3):
            told.hear("bot-llm-text", text="x" * MAX_TEXT)
        for number in range(MAX_CALLS + 5):
            told.hear("llm-function-call-in-progress", tool_call_id=str(number), function_name="f")
        last = told.conversation.turns[-1]
        assert (len(last.text), len(last.function_calls)) == (MAX_TEXT, MAX_CALLS)
        told.conversation.clear()
        assert told.said == []

    def test_the_end_of_a_session_ends_its_turns(self) -> None:
        told = Told()
        told.hear("user-transcription", text="he", final=False)
        [turn] = told.conversation.end_session(200)
        assert (turn.ended_at, turn.partial) == (200, "")
        assert told.conversation.end_session(201) == []
        told.hear("user-transcription", text="hello", final=True)
        assert [turn.id for turn in told.conversation.turns] == [1, 2]


class TestBotOutput:
    def add(self, *messages: dict[str, Any]) -> BotOutput:
        output = BotOutput()
        for message in messages:
            output.add(BotOutputData.model_validate(message))
        return output

    def test_of_today(self) -> None:
        new = {"text": "One two.", "segment_id": 1, "will_be_spoken": True, "spoken_status": "new"}
        progress = {"accumulated_text": "One", "remaining_text": " two."}
        output = self.add(
            new,
            {**new, "spoken_status": "in-progress", "spoken_progress": progress},
            {"text": "Three.", "segment_id": 2, "will_be_spoken": True, "spoken_status": "new"},
            {"text": "print()", "segment_id": 3, "will_be_spoken": False, "spoken_status": "new"},
        )
        assert (output.said, output.saying, output.will_say, output.shown) == ("", "One", "two. Three.", "print()")
        assert output.text == "One two. Three. print()"
        output.add(BotOutputData.model_validate({**new, "spoken_status": "completed"}))
        assert (output.said, output.saying, output.will_say) == ("One two.", "", "Three.")

    def test_of_yesterday_with_sentences(self) -> None:
        output = self.add(
            {"text": "One.", "aggregated_by": "sentence", "spoken": False},
            {"text": "Two.", "aggregated_by": "sentence", "spoken": False},
            {"text": "One.", "aggregated_by": "sentence", "spoken": True},
        )
        assert (output.said, output.will_say, output.text) == ("One.", "Two.", "One. Two.")

    def test_of_yesterday_with_words(self) -> None:
        output = self.add(
            {"text": "One two three.", "aggregated_by": "sentence", "spoken": False},
            {"text": "One", "aggregated_by": "word", "spoken": True},
            {"text": "two", "aggregated_by": "word", "spoken": True},
        )
        assert (output.said, output.will_say, output.text) == ("One two", "three.", "One two three.")


@pytest.mark.usefixtures("tidy")
class TestTheClient:
    async def test_conversation_and_state_are_up_to_date_in_handlers(self) -> None:
        run = await ready(expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}))
        seen: list[Any] = []
        run.client.on(RTVIEvent.BOT_LLM_TEXT, lambda _: seen.append(run.client.conversation.turns[-1].text))
        assert run.client.bot_state is BotState.LISTENING
        run.client.send_text("hello")
        await turns(5)
        assert seen == ["Hi!"]
        assert [(turn.role, turn.text) for turn in run.client.conversation.turns] == [("user", "hello"), ("bot", "Hi!")]
        assert run.client.bot_state is BotState.THINKING
        await run.client.disconnect()
        assert run.client.bot_state is BotState.GONE
        assert all(turn.ended for turn in run.client.conversation.turns)
        assert run.arguments("botStateChanged") == ["connecting", "listening", "thinking", "gone"]
        assert run.arguments("conversationUpdated")[-1] is run.client.conversation.turns[-1]

    @pytest.mark.parametrize(
        ("types", "states"),
        [
            (
                "user-started-speaking user-transcription user-stopped-speaking bot-llm-started bot-started-speaking "
                "bot-llm-stopped bot-stopped-speaking",
                "thinking speaking listening",
            ),
            ("user-started-speaking user-stopped-speaking", ""),
            ("user-stopped-speaking user-transcription user-started-speaking", "thinking listening"),
            ("bot-started-speaking bot-llm-started bot-stopped-speaking", "speaking thinking"),
            ("bot-started-speaking bot-interrupted user-transcription", "speaking interrupted thinking"),
            ("bot-interrupted bot-stopped-speaking", ""),
            (
                "bot-llm-started bot-llm-stopped bot-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            ("bot-llm-started bot-output bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-stopped bot-output", "thinking listening"),
            (
                "llm-function-call-in-progress bot-started-speaking bot-stopped-speaking llm-function-call-stopped "
                "bot-started-speaking bot-stopped-speaking",
                "thinking speaking thinking speaking listening",
            ),
        ],
    )
    async def test_what_the_bot_is_doing(self, types: str, states: str) -> None:
        run = await ready()
        run.fired.clear()
        data = {"text": "x", "final": True, "tool_call_id": "1", "will_be_spoken": False}
        for type in types.split():
            run.transport.host.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": data}))
        assert run.arguments("botStateChanged") == states.split()
        await run.client.disconnect()
