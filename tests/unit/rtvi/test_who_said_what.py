"""The persons' words: said once, by whom, and before the answer to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conversations import Heard
from hypothesis import given
from hypothesis import strategies as st
from sessions import ready

TYPES = pytest.mark.parametrize("type", ["user-transcription", "user-input"])


def final(text: str, timestamp: str = "", user_id: str = "") -> dict[str, Any]:
    return {"text": text, "final": True, "timestamp": timestamp, "user_id": user_id}


def interim(text: str, timestamp: str = "", user_id: str = "") -> dict[str, Any]:
    return {**final(text, timestamp, user_id), "final": False}


class TestOnce:
    @TYPES
    def test_a_repeated_final_is_said_once_and_leaves_a_newer_partial(self, type: str) -> None:
        heard = Heard()
        heard.hear(type, **final("Hello", "2026-01-01T00:00:01Z", "u1"))
        heard.hear(type, **interim("and", "2026-01-01T00:00:02Z", "u1"))
        assert heard.hear(type, **final("Hello", "2026-01-01T00:00:01Z", "u1")) == []
        assert heard.said == [("user", "Hello")]
        assert heard.conversation.turns[0].partial == "and"

    @TYPES
    @pytest.mark.parametrize(
        "other",
        [final("yes", "2"), final("Yes", "1"), final("yes", "1", "u2")],
        ids=["timestamp", "text", "person"],
    )
    def test_another_timestamp_text_or_person_is_no_repetition(self, type: str, other: dict[str, Any]) -> None:
        heard = Heard()
        heard.hear(type, **final("yes", "1"))
        assert heard.hear(type, **other) != []

    @pytest.mark.parametrize("was_written_here", [True, False])
    def test_what_was_written_too(self, was_written_here: bool) -> None:
        heard = Heard()
        if was_written_here:
            heard.conversation.wrote("Hello")
        for time in ("1", "1", "2"):
            heard.hear("user-input", input_type="chat", **final("Hello", time))
        heard.hear("user-input", input_type="chat", **final("Hello"))
        assert heard.said == [("user", "Hello Hello Hello")]

    def test_without_timestamps_only_at_once(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **final("yes"))
        assert heard.hear("user-transcription", **final("yes")) == []
        heard.hear("user-transcription", **final("no"))
        heard.hear("user-transcription", **final("yes"))
        heard.hear("user-started-speaking")
        heard.hear("user-transcription", **final("yes"))
        assert heard.said == [("user", "yes no yes yes")]

    def test_what_both_messages_report_is_said_once(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **final("yes", "1"))
        heard.hear("user-input", **final("yes", "1"))
        assert heard.said == [("user", "yes")]

    def test_an_equal_interim_changes_nothing(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **interim("he", "1"))
        assert heard.hear("user-transcription", **interim("he", "2")) == []

    @pytest.mark.parametrize("text", ["make the page green", "make the", "Make the page", "make the pa"])
    @pytest.mark.parametrize("timestamps", [("", ""), ("2", "1"), ("2", "3"), ("2", "")])
    def test_a_late_interim_does_not_linger(self, text: str, timestamps: tuple[str, str]) -> None:
        heard = Heard()
        heard.hear("user-transcription", **interim("make", "0"))
        heard.hear("user-transcription", **final("make the page green", timestamps[0]))
        assert heard.hear("user-transcription", **interim(text, timestamps[1])) == []
        assert heard.conversation.turns[0].partial == ""

    def test_at_the_time_of_the_final_only_the_same_words_are_late(self) -> None:
        """Some clocks count seconds."""
        heard = Heard()
        heard.hear("user-transcription", **final("make it green", "2"))
        heard.hear("user-started-speaking")
        assert heard.hear("user-transcription", **interim("make it", "2")) == []
        [turn] = heard.hear("user-transcription", **interim("and the", "2"))
        assert turn.partial == "and the"

    @pytest.mark.parametrize("text", ["✓", " ● "])
    def test_what_marks_a_bot_s_answer_is_a_person_s_word(self, text: str) -> None:
        heard = Heard()
        heard.hear("user-input", text=text, input_type="chat", final=True)
        heard.hear("user-transcription", **final(text))
        heard.conversation.wrote(text, is_reported=False)
        assert [turn.text.split() for turn in heard.conversation.turns] == [[text.strip()] * 2]

    def test_an_older_interim_is_late_even_when_the_person_goes_on(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **final("make it green", "2"))
        heard.hear("user-started-speaking")
        assert heard.hear("user-transcription", **interim("make it greed", "1")) == []

    @pytest.mark.parametrize("begins", ["user-started-speaking", "bot-llm-started", "bot-started-speaking"])
    def test_the_same_words_again_are_new(self, begins: str) -> None:
        heard = Heard()
        heard.hear("user-transcription", **final("make it green"))
        heard.hear(begins)
        [turn] = heard.hear("user-transcription", **interim("make it"))
        assert turn.partial == "make it"

    @pytest.mark.parametrize("begins", ["bot-llm-started", "bot-started-speaking"])
    def test_they_are_not_if_nobody_has_spoken_since(self, begins: str) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-transcription", **final("make it green"))
        heard.hear_all("user-stopped-speaking", begins)
        assert heard.hear("user-transcription", **interim("make it")) == []
        assert heard.hear("user-transcription", **final("make it green")) == []

    @pytest.mark.parametrize("text", ["", " ", "\n"])
    def test_blank_words_are_no_turn(self, text: str) -> None:
        heard = Heard()
        for each in (final(text), interim(text)):
            assert heard.hear("user-transcription", **each) == []
        assert heard.hear("user-input", text=text, input_type="chat", final=True) == []
        assert heard.said == []

    def test_a_blank_final_takes_back_the_partial(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **interim("uh", "1", "u1"))
        assert heard.hear("user-transcription", **final(" ", "2", "u2")) == []
        [turn] = heard.hear("user-transcription", **final(" ", "2", "u1"))
        assert turn.partial == ""

    @pytest.mark.usefixtures("tidy")
    async def test_handlers_get_each_message(self) -> None:
        run = await ready()
        run.fired.clear()
        for message in (interim("he"), interim("he"), final("hello"), final("hello")):
            frame = {"label": "rtvi-ai", "type": "user-transcription", "data": message}
            run.transport.receiver.receive(json.dumps(frame))
        assert [data.text for data in run.arguments("userTranscript")] == ["he", "he", "hello", "hello"]
        assert len(run.arguments("conversationUpdated")) == 2
        await run.client.disconnect()

    @given(st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.integers(0, 3), st.sampled_from("ab"))))
    def test_any_repetitions(self, finals: list[tuple[str, int, str]]) -> None:
        heard, once = Heard(), Heard()
        for text, time, user in finals:
            heard.hear("user-transcription", **final(text, str(time), user))
        for text, time, user in dict.fromkeys(finals):
            once.hear("user-transcription", **final(text, str(time), user))
        assert heard.said == once.said


class TestWho:
    @TYPES
    def test_another_person_begins_another_turn(self, type: str) -> None:
        heard = Heard()
        for user, text in [("u1", "Hello"), ("u1", "there."), ("u2", "Hi!"), ("u1", "Bye.")]:
            heard.hear(type, **final(text, user_id=user))
        assert [(turn.user_id, turn.text) for turn in heard.conversation.turns] == [
            ("u1", "Hello there."),
            ("u2", "Hi!"),
            ("u1", "Bye."),
        ]
        assert heard.conversation.to_dict()["turns"][1]["user_id"] == "u2"

    def test_two_who_speak_at_once(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **interim("hel", user_id="u1"))
        heard.hear("user-transcription", **interim("y", user_id="u2"))
        heard.hear("user-transcription", **final("hello", user_id="u1"))
        heard.hear("user-transcription", **final("yes", user_id="u2"))
        assert [(turn.user_id, turn.text) for turn in heard.conversation.turns] == [("u1", "hello"), ("u2", "yes")]

    def test_a_message_without_an_id_may_be_of_any_person(self) -> None:
        heard = Heard()
        heard.hear("user-input", text="Hello", final=True)
        heard.hear("user-input", **final("there.", user_id="u1"))
        heard.hear("user-input", text="Bye.", final=True, input_type="chat", user_id=None)
        assert [(turn.user_id, turn.text) for turn in heard.conversation.turns] == [("u1", "Hello there. Bye.")]

    def test_each_answers_while_the_bot_speaks(self) -> None:
        heard = Heard()
        heard.answer("One. Two.")
        for user in ("u1", "u2", "u3"):
            heard.hear("user-started-speaking")
            heard.hear("user-input", **final("Stop", user_id=user))
        heard.says("One. Two.", 1)
        assert heard.said == [("bot", "One. Two."), ("user", "Stop"), ("user", "Stop"), ("user", "Stop")]


class TestBeforeTheAnswer:
    """Without voice activity, the first words during an answer are what it answers."""

    @TYPES
    @pytest.mark.parametrize(
        "until",
        [
            ["bot-llm-started", "bot-llm-text"],
            ["bot-llm-started", "bot-llm-text", "bot-llm-stopped"],
            ["bot-llm-started", "bot-llm-text", "bot-started-speaking"],
            ["bot-started-speaking", "bot-tts-text"],
            ["bot-llm-started", "bot-output"],
        ],
    )
    def test_late_words_stand_before_the_answer(self, type: str, until: list[str]) -> None:
        heard = Heard()
        for each in until:
            heard.hear(each, text="It is noon.")
        heard.hear(type, **final("What time", "1"))
        heard.hear(type, **final("is it?", "2"))
        assert heard.said == [("user", "What time is it?"), ("bot", "It is noon.")]
        assert heard.conversation.turns[0].ended_at == heard.conversation.turns[1].started_at

    def test_interim_words_too(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="It is noon.")
        heard.hear("user-transcription", **interim("What time"))
        heard.hear("user-transcription", **final("What time is it?"))
        assert heard.said == [("user", "What time is it?"), ("bot", "It is noon.")]

    @TYPES
    @pytest.mark.parametrize("speech", [[], ["user-started-speaking", "user-stopped-speaking"]])
    def test_words_that_were_interim_when_the_answer_began(self, type: str, speech: list[str]) -> None:
        heard = Heard()
        heard.hear_all(*speech)
        heard.hear(type, **interim("What time", "1", "u1"))
        heard.hear(type, **final("Yes, what?", "1", "u2"))
        heard.answer("It is noon.")
        heard.hear(type, **interim("What time is", "2", "u1"))
        heard.hear(type, **final("What time is it?", "2", "u1"))
        assert heard.said == [("user", "What time is it?"), ("user", "Yes, what?"), ("bot", "It is noon.")]
        assert [turn.partial for turn in heard.conversation.turns] == ["", "", ""]
        heard.hear(type, **final("Stop!", "3", "u1"))
        assert heard.said[3:] == [("user", "Stop!")]

    def test_each_answer_has_its_question(self) -> None:
        heard = Heard()
        for question, answer in [("One?", "Yes."), ("Two?", "No.")]:
            heard.answer(answer)
            heard.hear("user-transcription", **final(question, question))
            heard.says(answer, int(heard.now))
            heard.hear("bot-stopped-speaking")
        assert heard.said == [("user", "One?"), ("bot", "Yes."), ("user", "Two?"), ("bot", "No.")]

    def test_who_speaks_during_an_answer_to_what_is_known_stands_after_it(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", **final("One?"))
        heard.answer("Yes. It is so.")
        heard.hear("user-transcription", **final("Stop!"))
        assert heard.said == [("user", "One?"), ("bot", "Yes. It is so."), ("user", "Stop!")]

    def test_who_speaks_when_the_answer_has_ended_stands_after_it(self) -> None:
        heard = Heard()
        heard.answer("Hello!")
        heard.says("Hello!", 1)
        heard.hear("bot-stopped-speaking")
        heard.hear("user-transcription", **final("Hi!"))
        assert heard.said == [("bot", "Hello!"), ("user", "Hi!")]

    def test_another_person_during_the_answer(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.answer("It is noon.")
        heard.hear("user-transcription", **final("What time", user_id="u1"))
        heard.hear("user-transcription", **final("is it?", user_id="u1"))
        heard.hear("user-transcription", **final("Noon?", user_id="u2"))
        assert heard.said == [("user", "What time is it?"), ("user", "Noon?"), ("bot", "It is noon.")]


def test_what_is_remembered_of_many_persons_is_bounded() -> None:
    heard = Heard()
    for number in range(300):
        heard.hear("user-transcription", **final("yes", f"{number:03}", f"u{number}"))
    assert heard.hear("user-transcription", **interim("yes", "300", "u0")) != []
