"""The conversation and the bot's state, from what real servers sent and from what they are feared to send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sessions import ready, turns

from rtvi_web import BotState, Conversation, RTVIEvent, TransportState, Turn
from rtvi_web.protocol.bot_output import MAX_SEGMENTS, MAX_WORDS, BotOutput, as_written, woven
from rtvi_web.protocol.conversation import MAX_CALLS, MAX_TURNS, MAX_WRITTEN
from rtvi_web.protocol.outcomes import Fire
from rtvi_web.protocol.payloads import BotOutputData
from rtvi_web.protocol.session import Session
from rtvi_web.protocol.turn import MAX_TEXT
from rtvi_web.testing import expect, leave, say

TRACES = Path(__file__).parents[1] / "traces"


class Told:
    """A conversation that is told by messages."""

    def __init__(self) -> None:
        self.conversation = Conversation(lambda: self.now)
        self.session = Session()
        self.now = 100.0

    def hear(self, type: str, **data: Any) -> list[Turn]:
        self.now += 1
        frame = json.dumps({"label": "rtvi-ai", "type": type, "data": data or None})
        changed: list[Turn] = []
        for outcome in self.session.receive(frame):
            if isinstance(outcome, Fire):
                changed += self.conversation.take(outcome.event, outcome.args)
        return changed

    def answer(self, text: str) -> None:
        """The bot has thought of an answer, and begins to say it."""
        self.hear("bot-llm-started")
        self.hear("bot-llm-text", text=text)
        self.hear("bot-llm-stopped")
        self.hear("bot-started-speaking")

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
            told.conversation.wrote(message["data"]["content"])
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
        assert quiet.ended_at is not None
        assert quiet.ended_at < conversation.turns[9].started_at, (
            "when the model had written it, not when somebody spoke next"
        )
        [story] = [turn for turn in conversation.turns if turn.interrupted]
        assert story.text.endswith("number 8 of the story.")
        assert story.output.will_say == ""

    def test_the_first_era(self) -> None:
        conversation = replay("old-0.0.73-webrtc-full")
        hello, heard, answer = conversation.turns[:3]
        assert (hello.role, hello.text, hello.spoken) == ("bot", "Hello from the fake model.", hello.text)
        assert (heard.role, heard.text) == ("user", "I hear a tone at 660 hertz.")
        # A client of this era could make the model begin again; no message tells so.
        assert answer.text == "You said I hear a tone at 660 You said hello there. That is all."
        [call] = [call for turn in conversation.turns for call in turn.function_calls]
        assert (call.function_name, call.status) == ("get_weather", "done"), "though no message tells its end"

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
        [ended, answer] = told.hear("bot-llm-started")
        assert (ended, answer.role, turn.ended_at) == (turn, "bot", 105)

    def test_a_turn_begins_when_the_person_does(self) -> None:
        told = Told()
        told.hear("user-started-speaking")
        told.hear("user-stopped-speaking")
        [turn] = told.hear("user-transcription", text="hello", final=True)
        assert turn.started_at == 101
        told.hear("bot-llm-started")
        [turn] = told.hear("user-input", text="written", input_type="chat", final=True)
        assert turn.started_at == 105

    def test_a_backchannel_is_no_turn(self) -> None:
        told = Told()
        assert told.hear("user-input", text="mhm", input_type="backchannel", final=True) == []
        assert told.said == []

    def test_what_was_typed_before_the_bot_was_known_to_tell_it(self) -> None:
        told = Told()
        [turn] = told.conversation.wrote("hello")
        assert (turn.text, turn.typed, turn.started_at) == ("hello", True, told.now)
        told.hear("user-input", text="hello", input_type="chat", final=True)
        assert told.said == [("user", "hello")]
        assert told.conversation.wrote("again") == []  # from now on the bot tells
        told.hear("user-input", text="again", input_type="chat", final=True)
        assert told.said == [("user", "hello again")]

    def test_two_messages_about_the_same_words(self) -> None:
        told = Told()
        told.hear("user-input", text="hello", input_type="transcription", final=True)
        told.hear("user-transcription", text="hello", final=True)
        assert told.said == [("user", "hello")]

    def test_old_bots_never_tell_what_was_written_and_nothing_piles_up(self) -> None:
        conversation = Conversation(lambda: 0)
        for _ in range(3):
            for number in range(MAX_WRITTEN):
                conversation.wrote(str(number))
        assert len(conversation._written_here) == MAX_WRITTEN

    def test_what_comes_with_a_file_is_told_by_no_bot(self) -> None:
        told = Told()
        told.hear("user-input", text="hello", input_type="chat", final=True)
        told.conversation.wrote("what is this", is_told=False)
        assert told.said == [("user", "hello what is this")]

    def test_what_is_written_while_the_bot_goes_on(self) -> None:
        """As with run_immediately=False: nobody is interrupted, and the bot's answer stays one turn."""
        told = Told()
        told.answer("One. Two.")
        told.hear("bot-output", text="One.", segment_id=1, will_be_spoken=True, spoken_status="new")
        [turn] = told.hear("user-input", text="and later", input_type="chat", final=True)
        told.hear("bot-output", text="Two.", segment_id=2, will_be_spoken=True, spoken_status="new")
        assert told.said == [("bot", "One. Two."), ("user", "and later")]
        assert [turn.ended for turn in told.conversation.turns] == [False, False]
        [answer] = told.hear("bot-stopped-speaking")
        assert answer.ended
        told.hear("bot-llm-started")
        assert turn.ended

    def test_words_that_are_known_when_the_bot_answers_already(self) -> None:
        """Models that hear and speak by themselves tell them that late."""
        told = Told()
        told.answer("Hello!")
        told.hear("bot-stopped-speaking")
        told.hear("user-started-speaking")
        told.hear("user-stopped-speaking")
        told.answer("It is noon.")
        [turn] = told.hear("user-transcription", text="What time", final=True)
        told.hear("user-transcription", text="is it?", final=True)
        told.hear("bot-llm-text", text=" I think.")
        assert told.said == [
            ("bot", "Hello!"),
            ("user", "What time is it?"),
            ("bot", "It is noon. I think."),
        ]
        assert (turn.started_at, turn.ended_at) == (106, 108)

    def test_words_that_become_final_when_the_bot_answers_already(self) -> None:
        told = Told()
        told.hear("user-started-speaking")
        told.hear("user-transcription", text="what", final=False)
        told.hear("user-stopped-speaking")
        told.answer("Yes?")
        [turn] = told.hear("user-transcription", text="what time", final=True)
        assert turn.partial == ""
        assert told.said == [("user", "what time"), ("bot", "Yes?")]


class TestTheBot:
    def test_it_says_something_while_it_waits_for_a_function(self) -> None:
        told = Told()
        told.hear("bot-llm-started")
        told.hear("llm-function-call-in-progress", tool_call_id="1", function_name="f")
        told.hear("bot-llm-stopped")
        told.hear("bot-started-speaking")
        spoken = {"will_be_spoken": True, "spoken_status": "completed"}
        told.hear("bot-output", text="Let me see.", segment_id=1, **spoken)
        told.hear("llm-function-call-stopped", tool_call_id="1")
        told.answer("It is noon. Bye.")
        told.hear("bot-output", text="It is noon.", segment_id=2, **spoken)
        [turn] = told.conversation.turns
        assert turn.text == "Let me see. It is noon. Bye."
        assert turn.spoken == "Let me see. It is noon."

    def test_it_takes_a_breath(self) -> None:
        told = Told()
        told.answer("One. Two.")
        told.hear("bot-output", text="One.", segment_id=1, will_be_spoken=True, spoken_status="completed")
        [turn] = told.hear("bot-stopped-speaking")
        assert turn.ended
        assert told.hear("bot-started-speaking") == [turn]
        told.hear("bot-output", text="Two.", segment_id=2, will_be_spoken=True, spoken_status="completed")
        told.hear("bot-stopped-speaking")
        assert told.said == [("bot", "One. Two.")]
        assert turn.ended
        assert told.hear("bot-started-speaking") == []

    def test_an_answer_in_writing(self) -> None:
        told = Told()
        shown = {"will_be_spoken": False, "spoken_status": "new"}
        told.hear("bot-llm-started")
        told.hear("bot-llm-text", text="One. Two.")
        [turn] = told.hear("bot-output", text="One.", segment_id=1, **shown)
        assert not turn.ended
        assert told.hear("bot-llm-stopped") == [turn]
        assert turn.ended
        assert told.hear("bot-output", text="Two.", segment_id=2, **shown) == [turn]
        assert (turn.text, turn.spoken, turn.output.shown) == ("One. Two.", "", "One. Two.")
        assert len(told.conversation.turns) == 1

    def test_its_mhm_while_the_person_speaks_is_no_turn(self) -> None:
        told = Told()
        told.hear("user-started-speaking")
        told.hear("user-input", text="Once upon", final=True)
        told.hear("bot-started-speaking")
        mhm = {"output_type": "backchannel", "segment_id": 1, "will_be_spoken": True, "spoken_status": "completed"}
        assert told.hear("bot-output", text="Mm-hmm.", **mhm) == []
        assert told.hear("bot-tts-text", text="Mm-hmm.") == []
        told.hear("bot-stopped-speaking")
        told.hear("user-input", text="a time", final=True)
        assert told.said == [("user", "Once upon a time")]

    def test_an_answer_that_failed_was_not_interrupted(self) -> None:
        told = Told()
        told.hear("bot-llm-started")
        told.hear("bot-llm-stopped")
        [turn] = told.hear("bot-interrupted")
        assert (turn.interrupted, turn.ended) == (False, True)

    def test_old_and_new_message_about_a_call(self) -> None:
        told = Told()
        told.hear("llm-function-call-in-progress", tool_call_id="1")
        [turn] = told.hear("llm-function-call", tool_call_id="1", function_name="f", args={"a": 1})
        told.hear("bot-llm-started")
        [call] = turn.function_calls
        assert (call.function_name, call.arguments, call.status) == ("f", {"a": 1}, "in-progress")
        told.hear("llm-function-call-stopped", tool_call_id="1", result=5)
        assert (call.status, call.result) == ("done", 5)

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
        told.hear("bot-llm-started")
        told.hear("bot-llm-text", text="One. Two.")
        for type in ("bot-llm-stopped", "bot-started-speaking", "user-started-speaking", "bot-stopped-speaking"):
            told.hear(type)
        [turn] = told.conversation.turns
        assert (turn.interrupted, turn.ended) == (True, True)
        told.hear("user-stopped-speaking")
        told.hear("bot-tts-text", text="One.")
        assert told.said == [("bot", "One. Two.")]
        assert turn.spoken == "One."

    def test_who_speaks_when_the_bot_has_said_all_interrupts_nobody(self) -> None:
        told = Told()
        told.hear("bot-llm-started")
        told.hear("bot-llm-text", text="One.")
        told.hear("bot-llm-stopped")
        told.hear("bot-started-speaking")
        told.hear("bot-tts-text", text="One.")
        told.hear("user-started-speaking")
        [turn] = told.hear("bot-stopped-speaking")
        assert (turn.interrupted, turn.ended) == (False, True)

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
        told.now += 1
        [turn] = told.conversation.end_session()
        assert (turn.ended_at, turn.partial) == (told.now, "he"), "what never became final"
        assert told.conversation.end_session() == []
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

    def test_it_is_bounded(self) -> None:
        words = [{"text": "w", "aggregated_by": "word", "spoken": True}] * (MAX_WORDS + 5)
        segments = [{"text": "s", "segment_id": number} for number in range(MAX_SEGMENTS + 5)]
        output = self.add(*words, *segments)
        assert len(output.said.split()) == MAX_WORDS
        assert len(output.text.split()) == MAX_SEGMENTS

    def test_nothing_is_to_be_said_after_an_interruption(self) -> None:
        output = self.add(
            {"text": "One two.", "segment_id": 1, "will_be_spoken": True, "spoken_status": "new"},
            {
                "text": "One two.",
                "segment_id": 1,
                "will_be_spoken": True,
                "spoken_status": "in-progress",
                "spoken_progress": {"accumulated_text": "One", "remaining_text": " two."},
            },
        )
        output.cut_off()
        assert (output.said, output.saying, output.will_say) == ("One", "", "")

    @pytest.mark.parametrize(
        ("written", "segments", "text"),
        [
            ("One.\n\nTwo.", ["One.", "Two."], "One.\n\nTwo."),
            ("One. Two.", ["Well.", "One.", "Hm.", "Two.", "Bye."], "Well. One. Hm. Two. Bye."),
            ("It costs $5. Ok?", ["It costs five dollars.", "Ok?"], "It costs $5. Ok?"),
            ("It costs $5.", ["It costs five dollars."], "It costs $5."),
            ("One. Two.", [], "One. Two."),
        ],
    )
    def test_what_was_written_and_what_was_said_besides(self, written: str, segments: list[str], text: str) -> None:
        assert woven(written, segments) == text

    @pytest.mark.parametrize(
        ("said", "text", "spoken"),
        [
            ("One. Two.", "One.\n\nTwo. Three.", "One.\n\nTwo."),
            ("你好。 我是", "你好。我是机器人。", "你好。我是"),
            ("One tw", "One  two.", "One  tw"),
            ("five dollars", "$5", "five dollars"),
            ("", "One.", ""),
        ],
    )
    def test_what_was_said_as_it_is_written(self, said: str, text: str, spoken: str) -> None:
        assert as_written(said, text) == spoken


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

    @pytest.mark.parametrize("resumed", [True, False])
    async def test_another_session_of_the_server_is_another_turn(self, resumed: bool) -> None:
        run = await ready(expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}))
        run.client.send_text("hello")
        await turns(5)
        run.client.emit(RTVIEvent.RECONNECTED, resumed)
        assert run.client.conversation.turns[-1].ended is not resumed
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
                "bot-llm-started bot-llm-text bot-llm-stopped bot-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            ("bot-llm-started bot-llm-text bot-output bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-text bot-llm-stopped", "thinking"),
            ("bot-llm-started bot-llm-text error bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-text bot-llm-stopped error", "thinking listening"),
            ("user-input", ""),
            (
                "bot-llm-started llm-function-call-started bot-llm-stopped llm-function-call-in-progress "
                "llm-function-call-stopped bot-llm-started bot-llm-text bot-started-speaking bot-llm-stopped "
                "bot-stopped-speaking",
                "thinking speaking listening",
            ),
            (
                "bot-llm-started llm-function-call bot-llm-stopped bot-llm-started bot-llm-text bot-llm-stopped "
                "bot-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            (
                "bot-llm-started bot-started-speaking user-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            (
                "bot-llm-started bot-interrupted bot-started-speaking bot-stopped-speaking",
                "thinking interrupted speaking listening",
            ),
            ("bot-llm-started bot-llm-text bot-llm-stopped bot-output", "thinking listening"),
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
        data = {"text": "x", "final": True, "tool_call_id": "1", "will_be_spoken": False, "input_type": "chat"}
        for type in types.split():
            run.transport.host.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": data}))
        assert run.arguments("botStateChanged") == states.split()
        await run.client.disconnect()
