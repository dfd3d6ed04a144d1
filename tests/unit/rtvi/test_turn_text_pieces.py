"""A turn's text is put together from pieces: what begins it, the spaces between them, and pauses."""

from __future__ import annotations

from itertools import count

import pytest
from conversations import Heard, check_all_spoken, pieces_of
from hypothesis import given
from hypothesis import strategies as st

MARKERS = "✓○◐●"


class TestMarkers:
    @pytest.mark.parametrize("marker", MARKERS)
    @pytest.mark.parametrize(
        "pieces",
        [
            ["{} It is noon."],
            ["{}", " It is", " noon."],
            ["{} ", "It is noon."],
            [" ", "{}", " ", "It is noon."],
            ["{}It is noon."],
        ],
    )
    def test_before_an_answer_they_are_dropped(self, marker: str, pieces: list[str]) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for piece in pieces:
            heard.hear("bot-llm-text", text=piece.format(marker))
        assert heard.said == [("bot", "It is noon.")]

    @pytest.mark.parametrize("kind", ["announced", "spoken", "words", "numbered"])
    def test_before_the_first_segment_they_are_dropped(self, kind: str) -> None:
        heard = Heard()
        heard.hear("bot-started-speaking")
        match kind:
            case "announced":
                heard.announces("✓ It is noon.")
            case "spoken":
                heard.speaks("✓ It is noon.")
            case "words":
                for word in ("✓", "It", "is", "noon."):
                    heard.speaks(word, "word")
            case "numbered":
                heard.says("✓ It is noon.", 1)
        assert heard.said == [("bot", "It is noon.")]

    def test_elsewhere_they_are_kept(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for piece in ("Done", " ✓", " and", " ●", " red"):
            heard.hear("bot-llm-text", text=piece)
        heard.announces("Done ✓ and ● red")
        assert heard.said == [("bot", "Done ✓ and ● red")]

    @given(st.data(), st.sampled_from(["", " "]))
    def test_each_answer_of_a_turn_may_have_one(self, data: st.DataObject, space: str) -> None:
        heard = Heard()
        for text in ("✓ Let me see.", f"{space}✓ It is noon."):
            heard.hear("bot-llm-started")
            for piece in pieces_of(text, data):
                heard.hear("bot-llm-text", text=piece)
            heard.hear("llm-function-call-in-progress", tool_call_id=text, function_name="f")
            heard.hear("bot-llm-stopped")
            heard.hear("llm-function-call-stopped", tool_call_id=text)
        assert heard.said == [("bot", "Let me see. It is noon.")]

    @pytest.mark.parametrize("text", [*MARKERS, "", " ", "\n", " ○ "])
    def test_a_turn_of_markers_only_is_no_turn(self, text: str) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text=text)
        heard.hear("bot-output", text=text, spoken=False)
        heard.hear("bot-llm-stopped")
        heard.hear("bot-tts-text", text=text)
        assert heard.said == []
        assert heard.conversation.answer_is_over

    @given(st.data(), st.sampled_from(MARKERS), st.sampled_from(["It is noon ✓ now.", "✓ is my mark.", "● ○ ok"]))
    def test_wherever_a_text_is_split(self, data: st.DataObject, marker: str, text: str) -> None:
        heard = Heard()
        for _ in range(2):
            heard.hear("user-started-speaking")
            heard.hear("user-transcription", text="What?", final=True)
            heard.hear("bot-llm-started")
            for piece in pieces_of(f"{marker} {text}", data):
                heard.hear("bot-llm-text", text=piece)
            heard.hear("bot-llm-stopped")
        assert heard.said == [("user", "What?"), ("bot", text)] * 2


class TestSpaces:
    @pytest.mark.parametrize("type", ["bot-tts-text", "bot-output"])
    @pytest.mark.parametrize(
        ("pieces", "text"),
        [
            ("Hel|lo| the|re!", "Hello there!"),
            ("Hello|there!", "Hello there!"),
            ("こんにちは|、|ご時間を|いただき|ありがとう|。", "こんにちは、ご時間をいただきありがとう。"),
            ("こんにちは、|ご時間をいただきありがとう。", "こんにちは、ご時間をいただきありがとう。"),
            ("Hello|,|and|thanks|.", "Hello, and thanks."),
            ("สวัสดี|ครับ", "สวัสดีครับ"),
            ("你好|，|我是|机器人", "你好，我是机器人"),
            ("བོད|སྐད", "བོདསྐད"),
            ("안녕|하세요", "안녕 하세요"),
            ("He|said|“|yes|”|.", "He said “yes”."),
            ('He|said|"|yes|"|and|"no"|"|', 'He said "yes" and "no" "'),
            ("I|'m|here|(|now|)", "I'm here (now)"),
            ("क्या|है|।|كيف|؟", "क्या है। كيف؟"),
            ("One.|Two.", "One. Two."),
            ("One.\n|Two.", "One.\nTwo."),
        ],
    )
    def test_between_pieces_of_speech(self, pieces: str, text: str, type: str) -> None:
        heard = Heard()
        for piece in pieces.split("|"):
            heard.hear(type, text=piece, **({"spoken": True, "aggregated_by": "word"} if type == "bot-output" else {}))
        assert heard.said == [("bot", text)]
        check_all_spoken(heard.bot)

    def test_where_what_was_written_has_none(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="Unbelievable news.")
        for piece in ("Un", "believ", "able", "news."):
            heard.hear("bot-tts-text", text=piece)
        assert heard.bot.spoken == heard.bot.text == "Unbelievable news."

    def test_what_the_model_writes_is_joined_as_it_comes(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for piece in ("Hel", "lo", "\n\n- ", "one", "  two"):
            heard.hear("bot-llm-text", text=piece)
        assert heard.said == [("bot", "Hello\n\n- one  two")]

    @pytest.mark.parametrize(
        ("first", "second", "text"),
        [
            ("見てみます。", "正午です。", "見てみます。正午です。"),
            ("Let me see.", "It is noon.", "Let me see. It is noon."),
            ("A ", " B", "A  B"),
        ],
    )
    def test_between_two_answers_of_a_turn(self, first: str, second: str, text: str) -> None:
        heard = Heard()
        for answer in (first, second):
            heard.hear("bot-llm-started")
            heard.hear("bot-llm-text", text=answer)
            heard.announces(answer)
        assert heard.said == [("bot", text)]

    def test_what_the_person_says(self) -> None:
        heard = Heard()
        for text in ("今日は", "いい天気"):
            heard.hear("user-transcription", text=text, final=True)
        assert heard.said == [("user", "今日はいい天気")]


SENTENCES = ["One two.", "Three.", "It is 5 o'clock.", "Hello there!", "Well-known things, you know?", "Ok"]


class TestWithoutTheModel:
    """The bot reports its voice only."""

    @pytest.mark.parametrize("type", ["bot-tts-text", "bot-output"])
    def test_words_only(self, type: str) -> None:
        heard = Heard()
        heard.hear("bot-started-speaking")
        for word in ("Hello", "there.", "How", "are"):
            heard.hear(type, text=word, **({"spoken": True, "aggregated_by": "word"} if type == "bot-output" else {}))
            check_all_spoken(heard.bot)
        assert heard.said == [("bot", "Hello there. How are")]

    @pytest.mark.parametrize("kind", ["bot-tts-text", "words", "sentences", "numbered"])
    def test_a_pause_within_an_answer(self, kind: str) -> None:
        heard = Heard()
        for number, text in enumerate(["One two.", "Three four."]):
            heard.hear("bot-started-speaking")
            say(heard, kind, text, number)
            heard.hear("bot-stopped-speaking")
            assert heard.bot.ended
        assert heard.said == [("bot", "One two. Three four.")]
        check_all_spoken(heard.bot)

    def test_a_long_pause_is_the_end(self) -> None:
        heard = Heard()
        for text in ("One.", "Are you there?"):
            heard.hear("bot-started-speaking")
            heard.hear("bot-tts-text", text=text)
            heard.hear("bot-stopped-speaking")
            heard.now += 10
        assert heard.said == [("bot", "One."), ("bot", "Are you there?")]

    @given(
        st.lists(
            st.lists(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3), min_size=1, max_size=4),
            min_size=1,
            max_size=3,
        ),
        st.sampled_from(["bot-tts-text", "words", "sentences", "numbered"]),
    )
    def test_any_pauses_within_answers(self, answers: list[list[list[str]]], kind: str) -> None:
        heard = Heard()
        numbers = count()
        expected = []
        for number, utterances in enumerate(answers):
            heard.hear("user-transcription", text=f"Question {number}", final=True)
            for utterance in utterances:
                heard.hear("bot-started-speaking")
                for text in utterance:
                    say(heard, kind, text, next(numbers))
                heard.hear("bot-stopped-speaking")
            answer = " ".join(text for utterance in utterances for text in utterance)
            expected += [("user", f"Question {number}"), ("bot", answer)]
            check_all_spoken(heard.bot)
        assert heard.said == expected


def say(heard: Heard, kind: str, text: str, number: int) -> None:
    """The bot says something, and reports it in one of these ways."""
    match kind:
        case "bot-tts-text":
            heard.hear("bot-tts-text", text=text)
        case "words":
            for word in text.split():
                heard.speaks(word, "word")
        case "sentences":
            heard.announces(text)
            heard.speaks(text)
        case "numbered":
            heard.says(text, number)
