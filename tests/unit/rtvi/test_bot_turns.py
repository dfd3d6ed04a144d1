"""The bot's turns in the conversation, from what servers send and from what they are feared to send."""

from __future__ import annotations

import json

import pytest
from conversations import Heard

from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.calls import MAX_CALLS
from rtvi_web.rtvi.protocol.conversation.turns import MAX_TURNS


class TestTheBot:
    def test_it_says_something_while_it_waits_for_a_function(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("llm-function-call-in-progress", tool_call_id="1", function_name="f")
        heard.hear("bot-llm-stopped")
        heard.hear("bot-started-speaking")
        heard.says("Let me see.", 1)
        heard.hear("llm-function-call-stopped", tool_call_id="1")
        heard.answer("It is noon. Bye.")
        heard.says("It is noon.", 2)
        [turn] = heard.conversation.turns
        assert turn.text == "Let me see. It is noon. Bye."
        assert turn.spoken == "Let me see. It is noon."

    def test_it_takes_a_breath(self) -> None:
        heard = Heard()
        heard.answer("One. Two.")
        heard.says("One.", 1)
        [turn] = heard.hear("bot-stopped-speaking")
        assert turn.ended
        assert heard.hear("bot-started-speaking") == []
        heard.says("Two.", 2)
        assert not turn.ended
        heard.hear("bot-stopped-speaking")
        assert heard.said == [("bot", "One. Two.")]
        assert turn.ended
        assert heard.hear("bot-started-speaking") == []

    def test_an_answer_in_writing(self) -> None:
        heard = Heard()
        shown = {"will_be_spoken": False, "spoken_status": "new"}
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One. Two.")
        [turn] = heard.hear("bot-output", text="One.", segment_id=1, **shown)
        assert not turn.ended
        assert heard.hear("bot-llm-stopped") == [turn]
        assert turn.ended
        assert heard.hear("bot-output", text="Two.", segment_id=2, **shown) == [turn]
        assert (turn.text, turn.spoken, turn.output.shown) == ("One. Two.", "", "One. Two.")
        assert len(heard.conversation.turns) == 1

    def test_its_mhm_while_the_person_speaks_is_no_turn(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-input", text="Once upon", final=True)
        heard.hear("bot-started-speaking")
        mhm = {"output_type": "backchannel", "segment_id": 1, "will_be_spoken": True, "spoken_status": "completed"}
        assert heard.hear("bot-output", text="Mm-hmm.", **mhm) == []
        assert heard.hear("bot-tts-text", text="Mm-hmm.") == []
        heard.hear("bot-stopped-speaking")
        heard.hear("user-input", text="a time", final=True)
        assert heard.said == [("user", "Once upon a time")]

    def test_an_answer_that_failed_is_no_turn(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        assert heard.conversation.answer_is_over
        heard.hear("bot-llm-stopped")
        assert heard.hear("bot-interrupted") == []
        assert heard.said == []

    def test_a_model_that_ends_after_it_was_heard(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One.")
        heard.hear("bot-started-speaking")
        heard.says("One.", 1)
        assert heard.hear("bot-stopped-speaking") == []
        assert not heard.conversation.answer_is_over
        [turn] = heard.hear("bot-llm-stopped")
        assert turn.ended
        assert heard.conversation.answer_is_over

    def test_old_and_new_message_about_a_call(self) -> None:
        heard = Heard()
        heard.hear("llm-function-call-in-progress", tool_call_id="1")
        [turn] = heard.hear("llm-function-call", tool_call_id="1", function_name="f", args={"a": 1})
        heard.hear("bot-llm-started")
        [call] = turn.function_calls
        assert (call.function_name, call.arguments, call.status) == ("f", {"a": 1}, "in-progress")
        heard.hear("llm-function-call-stopped", tool_call_id="1", result=5)
        assert (call.status, call.result) == ("done", 5)

    def test_an_interruption(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="A long story. It never ends.")
        heard.hear("bot-llm-stopped")
        heard.hear("bot-started-speaking")
        heard.says("A long story.", 1)
        heard.hear("bot-output", text="It never ends.", segment_id=2, will_be_spoken=True, spoken_status="new")
        heard.hear("user-started-speaking")
        [turn] = heard.hear("bot-interrupted")
        assert (turn.interrupted, turn.ended) == (True, True)
        assert turn.spoken == "A long story."
        heard.hear("bot-stopped-speaking")
        progress = {"accumulated_text": "It never", "remaining_text": " ends."}
        late = {"segment_id": 2, "will_be_spoken": True, "spoken_status": "in-progress", "spoken_progress": progress}
        heard.hear("bot-output", text="It never ends.", **late)
        assert heard.said == [("bot", "A long story. It never ends.")]
        assert turn.spoken == "A long story. It never"

    def test_words_that_come_after_the_interruption(self) -> None:
        """They were on their way already; the person's are known by then, or not."""
        heard = Heard()
        heard.answer("One. Two.")
        segment = {"text": "One. Two.", "segment_id": 1, "will_be_spoken": True}
        heard.hear("bot-output", **segment, spoken_status="new")
        heard.hear("bot-interrupted")
        heard.hear("bot-llm-text", text=" Three.")
        heard.hear("user-input", text="Stop", final=False)
        progress = {"accumulated_text": "One.", "remaining_text": " Two."}
        heard.hear("bot-output", **segment, spoken_status="in-progress", spoken_progress=progress)
        assert heard.said == [("bot", "One. Two. Three."), ("user", "")]
        assert heard.conversation.turns[0].spoken == "One."

    def test_silence_is_not_interrupted(self) -> None:
        assert Heard().hear("bot-interrupted") == []

    def test_an_interruption_of_the_first_era(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One. Two.")
        for type in ("bot-llm-stopped", "bot-started-speaking", "user-started-speaking", "bot-stopped-speaking"):
            heard.hear(type)
        [turn] = heard.conversation.turns
        assert (turn.interrupted, turn.ended) == (True, True)
        heard.hear("user-stopped-speaking")
        heard.hear("bot-tts-text", text="One.")
        assert heard.said == [("bot", "One. Two.")]
        assert turn.spoken == "One."

    def test_speech_after_the_bot_has_said_all_interrupts_nothing(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One.")
        heard.hear("bot-llm-stopped")
        heard.hear("bot-started-speaking")
        heard.hear("bot-tts-text", text="One.")
        heard.hear("user-started-speaking")
        [turn] = heard.hear("bot-stopped-speaking")
        assert (turn.interrupted, turn.ended) == (False, True)

    def test_an_answer_to_what_was_said_while_the_last_one_goes_on(self) -> None:
        """As from a model that answers by itself whatever it hears."""
        heard = Heard()
        heard.answer("One.")
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        [first] = heard.hear("bot-llm-started")
        assert first.ended
        heard.hear("bot-llm-text", text="Two.")
        assert heard.said == [("bot", "One."), ("bot", "Two.")]

    def test_a_pause_between_sentences_is_no_end(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One. Two.")
        heard.hear("bot-started-speaking")
        heard.hear("bot-tts-text", text="One.")
        assert heard.hear("bot-stopped-speaking") == []
        assert heard.hear("bot-llm-stopped") == []
        [turn] = heard.hear("bot-stopped-speaking")
        assert turn.ended
        assert heard.hear("bot-stopped-speaking") == []

    def test_a_call_keeps_the_turn_going(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for type in ("llm-function-call", "llm-function-call-in-progress"):
            heard.hear(type, tool_call_id="1", function_name="f")
        heard.hear("bot-llm-stopped")
        assert heard.hear("bot-stopped-speaking") == []
        [turn] = heard.hear("llm-function-call-stopped", tool_call_id="1", cancelled=True)
        assert [(call.tool_call_id, call.status) for call in turn.function_calls] == [("1", "cancelled")]
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="Done.")
        assert heard.said == [("bot", "Done.")]

    def test_it_is_bounded(self) -> None:
        heard = Heard()
        for number in range(MAX_TURNS + 20):
            heard.hear("user-transcription" if number % 2 else "bot-tts-text", text=str(number))
        assert len(heard.conversation.turns) == MAX_TURNS
        assert heard.conversation.dropped == 20
        for _ in range(3):
            heard.hear("bot-llm-text", text="x" * MAX_TEXT)
        for number in range(MAX_CALLS + 5):
            heard.hear("llm-function-call-in-progress", tool_call_id=str(number), function_name="f")
        last = heard.conversation.turns[-1]
        heard.hear("llm-function-call-stopped", tool_call_id="unknown")
        assert (len(last.text), len(last.function_calls)) == (MAX_TEXT, MAX_CALLS)

    def test_what_calls_bring_is_bounded(self) -> None:
        heard = Heard()
        big = "x" * (MAX_TEXT // 3)
        for id in ("1", "2", "3"):
            heard.hear("llm-function-call-in-progress", tool_call_id=id, function_name="f", arguments={"a": big})
        [turn] = heard.hear("llm-function-call-stopped", tool_call_id="1", result=5)
        assert [call.arguments for call in turn.function_calls] == [{"a": big}, {"a": big}, None]
        assert (turn.function_calls[0].status, turn.function_calls[0].result) == ("done", 5)
        heard.hear("llm-function-call-stopped", tool_call_id="2", result=big)
        assert (turn.function_calls[1].status, turn.function_calls[1].result) == ("done", None)
        heard.hear("llm-function-call", tool_call_id=big, function_name="f")
        assert len(turn.function_calls) == 3

    def test_what_json_does_not_know(self) -> None:
        heard = Heard()
        numbers = {"a": float("nan"), "b": [float("-inf")], "c": 1.5}
        heard.hear("llm-function-call-in-progress", tool_call_id="1", function_name="f", arguments=numbers)
        conversation = heard.conversation
        assert json.loads(conversation.to_json(), parse_constant=pytest.fail) == conversation.to_dict()
        assert conversation.turns[0].function_calls[0].arguments == {"a": None, "b": [None], "c": 1.5}

    def test_the_end_of_a_session_ends_its_turns(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", text="he", final=False)
        heard.now += 1
        [turn] = heard.conversation.end_session()
        assert (turn.ended_at, turn.partial) == (heard.now, "he"), "what never became final"
        assert heard.conversation.end_session() == []
        heard.hear("user-transcription", text="hello", final=True)
        assert [turn.id for turn in heard.conversation.turns] == [1, 2]

    @pytest.mark.parametrize("how", ["numbers its sentences alike", "after an interruption", "after a breath"])
    def test_what_a_bot_says_belongs_to_its_own_session(self, how: str) -> None:
        heard = Heard()
        if how == "numbers its sentences alike":
            heard.says("Hello!", 1)
        else:
            heard.answer("Hello!")
        if how == "after an interruption":
            heard.hear("bot-interrupted")
        heard.conversation.end_session()
        before = [turn.to_dict() for turn in heard.conversation.turns]
        heard.hear("bot-started-speaking")
        if how == "numbers its sentences alike":
            heard.says("Welcome back!", 1)
        else:
            heard.hear("bot-tts-text", text="Welcome back!")
        assert [turn.to_dict() for turn in heard.conversation.turns[:-1]] == before
        assert heard.said == [("bot", "Hello!"), ("bot", "Welcome back!")]
