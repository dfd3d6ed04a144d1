"""The person's turns in the conversation, from what servers send and from what they are feared to send."""

from __future__ import annotations

import pytest
from conversations import Heard

from rtvi_web.rtvi.protocol.conversation.person import MAX_WRITTEN


class TestThePerson:
    def test_partial_words_are_replaced_and_final_ones_stay(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", text="make", final=False)
        [turn] = heard.hear("user-transcription", text="make the", final=False)
        assert (turn.text, turn.partial) == ("", "make the")
        heard.hear("user-transcription", text="make the page green", final=True)
        assert (turn.text, turn.partial) == ("make the page green", "")
        heard.hear("user-transcription", text=" and blue", final=True)
        assert heard.said == [("user", "make the page green and blue")]
        assert (turn.started_at, turn.ended_at) == (101, None)
        assert heard.hear("bot-llm-started") == []
        [ended, answer] = heard.hear("bot-llm-text", text="Done.")
        assert (ended, answer.role, turn.ended_at) == (turn, "bot", 106)

    def test_a_turn_begins_when_the_person_does(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        [turn] = heard.hear("user-transcription", text="hello", final=True)
        assert turn.started_at == 101
        heard.answer("Hello!")
        [turn] = heard.hear("user-input", text="written", input_type="chat", final=True)
        assert turn.started_at == heard.now

    def test_a_backchannel_is_no_turn(self) -> None:
        heard = Heard()
        assert heard.hear("user-input", text="mhm", input_type="backchannel", final=True) == []
        assert heard.said == []

    def test_what_was_typed_before_the_bot_was_known_to_tell_it(self) -> None:
        heard = Heard()
        [turn] = heard.conversation.wrote("hello")
        assert (turn.text, turn.typed, turn.started_at) == ("hello", True, heard.now)
        heard.hear("user-input", text="hello", input_type="chat", final=True)
        assert heard.said == [("user", "hello")]
        assert heard.conversation.wrote("again") == []  # from now on the bot tells
        heard.hear("user-input", text="again", input_type="chat", final=True)
        assert heard.said == [("user", "hello again")]

    def test_two_messages_about_the_same_words(self) -> None:
        heard = Heard()
        heard.hear("user-input", text="hello", input_type="transcription", final=True)
        heard.hear("user-transcription", text="hello", final=True)
        assert heard.said == [("user", "hello")]

    def test_old_bots_never_tell_what_was_written_and_nothing_piles_up(self) -> None:
        """Only the latest texts are remembered: should the bot tell an older one, it counts as said once more."""
        heard = Heard()
        for number in range(MAX_WRITTEN + 1):
            heard.conversation.wrote(f"text {number}")
        [turn] = heard.conversation.turns[-1:]
        before = turn.text
        heard.hear("user-input", text="text 1", input_type="chat", final=True)
        assert heard.conversation.turns[-1].text == before
        heard.hear("user-input", text="text 0", input_type="chat", final=True)
        assert heard.conversation.turns[-1].text == f"{before} text 0"

    def test_what_comes_with_a_file_is_told_by_no_bot(self) -> None:
        heard = Heard()
        heard.hear("user-input", text="hello", input_type="chat", final=True)
        heard.conversation.wrote("what is this", is_reported=False)
        assert heard.said == [("user", "hello what is this")]

    def test_what_is_written_while_the_bot_goes_on(self) -> None:
        """As with run_immediately=False: the bot is not interrupted, and its answer stays one turn."""
        heard = Heard()
        heard.answer("One. Two.")
        heard.hear("bot-output", text="One.", segment_id=1, will_be_spoken=True, spoken_status="new")
        [turn] = heard.hear("user-input", text="and later", input_type="chat", final=True)
        heard.hear("bot-output", text="Two.", segment_id=2, will_be_spoken=True, spoken_status="new")
        assert heard.said == [("bot", "One. Two."), ("user", "and later")]
        assert [turn.ended for turn in heard.conversation.turns] == [False, False]
        [answer] = heard.hear("bot-stopped-speaking")
        assert answer.ended
        heard.hear("bot-llm-started")
        assert not turn.ended
        heard.hear("bot-llm-text", text="Three.")
        assert turn.ended

    def test_words_that_are_known_when_the_bot_answers_already(self) -> None:
        """Models that hear and speak by themselves tell them that late."""
        heard = Heard()
        heard.answer("Hello!")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.answer("It is noon.")
        [turn] = heard.hear("user-transcription", text="What time", final=True)
        heard.hear("user-transcription", text="is it?", final=True)
        heard.hear("bot-llm-text", text=" I think.")
        assert heard.said == [
            ("bot", "Hello!"),
            ("user", "What time is it?"),
            ("bot", "It is noon. I think."),
        ]
        assert (turn.started_at, turn.ended_at) == (106, 109)

    def test_words_that_are_known_piece_by_piece_when_the_bot_answers_already(self) -> None:
        """As a model's that speaks by itself, in Pipecat 1.14: pieces of the person's words, among those of the bot."""
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="It is ")
        for piece in ("What", " time"):
            heard.hear("user-input", text=piece, final=False)
        heard.hear("bot-llm-text", text="noon.")
        heard.hear("user-input", text="What time is it?", final=True)
        assert heard.said == [("user", "What time is it?"), ("bot", "It is noon.")]
        assert heard.conversation.turns[0].partial == ""

    def test_words_that_are_known_when_the_bot_has_answered(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.answer("Yes.")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-input", text="Is it noon?", final=True)
        heard.hear("user-started-speaking")
        heard.hear("user-input", text="Thanks.", final=True)
        assert heard.said == [("user", "Is it noon?"), ("bot", "Yes."), ("user", "Thanks.")]

    def test_a_person_who_goes_on_before_the_bot_has_said_anything(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-input", text="I would like", final=True)
        heard.hear("user-stopped-speaking")
        heard.hear("bot-llm-started")
        heard.hear("user-started-speaking")
        heard.hear("bot-interrupted")
        heard.hear("user-input", text="a tea.", final=True)
        heard.answer("Here it is.")
        assert heard.said == [("user", "I would like a tea."), ("bot", "Here it is.")]

    def test_words_that_become_final_when_the_bot_answers_already(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-transcription", text="what", final=False)
        heard.hear("user-stopped-speaking")
        heard.answer("Yes?")
        [turn] = heard.hear("user-transcription", text="what time", final=True)
        assert turn.partial == ""
        assert heard.said == [("user", "what time"), ("bot", "Yes?")]


@pytest.mark.parametrize("type", ["bot-llm-text", "bot-tts-text", "user-transcription"])
def test_what_is_said_after_the_turns_were_forgotten(type: str) -> None:
    heard = Heard()
    heard.hear(type, text="One.", final=True)
    heard.conversation.clear()
    heard.hear(type, text="Two.", final=True)
    assert [text for _, text in heard.said] == ["Two."]
