"""A text is written once, in its turn and in its own spelling, however the bot reports it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conversations import Heard, data_of, messages, replay
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvi_web import Turn
from rtvi_web.rtvi.protocol.conversation.bot_output import BotOutput
from rtvi_web.rtvi.protocol.conversation.spelling import words
from rtvi_web.rtvi.protocol.payloads import BotOutputData


def keys(text: str) -> list[str]:
    return [word.key for word in words(text)]


def check_prefix(turn: Turn) -> None:
    """What was spoken is the beginning of the text, by words and without what is only shown."""
    text, spoken = keys(turn.text), keys(turn.spoken)
    for shown in (keys(each) for each in [turn.output.shown] if each):
        at = next(at for at in range(len(text)) if text[at : at + len(shown)] == shown)
        del text[at : at + len(shown)]
    assert spoken == text[: len(spoken)]
    if not turn.interrupted:
        assert spoken + keys(turn.output.will_say) == text


def check_all_spoken(turn: Turn) -> None:
    assert (turn.spoken, turn.output.will_say) == (turn.text, "")


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

    @given(st.data(), st.sampled_from(MARKERS))
    def test_wherever_a_text_is_split(self, data: st.DataObject, marker: str) -> None:
        text = f"{marker} It is noon ✓ now."
        heard = Heard()
        heard.hear("bot-llm-started")
        for piece in pieces_of(text, data):
            heard.hear("bot-llm-text", text=piece)
        assert heard.said == [("bot", "It is noon ✓ now.")]


def pieces_of(text: str, data: st.DataObject) -> list[str]:
    """A text, split anywhere."""
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=8)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if start < end]


class TestRTVI1:
    """Where a bot reports each sentence before and after it is spoken, or word by word."""

    def test_a_copy_without_newlines(self) -> None:
        heard = Heard()
        heard.announces("\n\n- One is good.")
        heard.speaks("- One is good.")
        assert heard.said == [("bot", "- One is good.")]
        check_all_spoken(heard.bot)

    def test_a_copy_that_comes_first(self) -> None:
        heard = Heard()
        heard.speaks("Hello!")
        heard.announces("Hello!")
        assert heard.said == [("bot", "Hello!")]
        check_all_spoken(heard.bot)

    def test_a_piece_that_crosses_two_sentences(self) -> None:
        heard = Heard()
        heard.announces("Hello!")
        heard.announces("I'm your bot.")
        heard.speaks("Hello! I'm")
        assert (heard.bot.spoken, heard.bot.output.will_say) == ("Hello! I'm", "your bot.")
        heard.speaks("your bot.")
        check_all_spoken(heard.bot)

    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("It’s “your” **choice** — really.", 'It\'s "your" choice - really.'),
            ("Use `print()` _now_!", "Use print() now!"),
            ("## Two *ideas*:\n\n1. Tea\n2. Coffee", "Two ideas: 1. Tea 2. Coffee"),
            ("I have five cats.", "I have 5 cats."),
            ("I have 5 cats.", "I have five cats."),
            ("It costs $25 now.", "It costs twenty five dollars now."),
            ("It costs twenty five dollars.", "It costs $25."),
            ("It is 12,000 or 3.5.", "It is 12000 or 3,5."),
            ("Hello! I'm your bot.", "Hello!I'm your bot."),
            ("One two\nthree four.", "One twothree four."),
            ("Well-known, twenty-five.", "Well known, twenty five."),
            ("HELLO there.", "hello there."),
            ("It is e\u0301te\u0301, co\u00adoperate.", "It is été, cooperate."),
            ("One. Two three. Four five.", "One. Deux trois. Four five."),
            ("Meet me at 10:30.", "Meet me at ten thirty."),
            ("The rate is 3.5%. Ok?", "The rate is three point five percent. Ok?"),
        ],
    )
    def test_a_copy_in_another_spelling(self, written: str, said: str) -> None:
        for order in ((written, said), (said, written)):
            heard = Heard()
            for text in order:
                (heard.announces if text is written else heard.speaks)(text)
            assert heard.said == [("bot", written)]
            check_all_spoken(heard.bot)
        heard = Heard()
        heard.announces(written)
        for word in said.split():
            heard.speaks(word, "word")
            check_prefix(heard.bot)
        heard.hear("bot-stopped-speaking")
        assert heard.said == [("bot", written)]
        check_all_spoken(heard.bot)

    def test_words_that_differ_are_counted(self) -> None:
        heard = Heard()
        heard.announces("I have 5 red cats. Bye.")
        spoken = []
        for word in ("I", "have", "five", "crimson", "cats.", "Bye."):
            heard.speaks(word, "word")
            spoken.append(heard.bot.spoken)
        assert spoken == ["I", "I have", "I have 5", "I have 5 red", "I have 5 red cats.", "I have 5 red cats. Bye."]

    def test_words_that_differ_don_t_pass_their_sentence(self) -> None:
        heard = Heard()
        heard.announces("It costs $5. Ok?")
        for word in ("It", "costs", "five", "dollars."):
            heard.speaks(word, "word")
        assert (heard.bot.spoken, heard.bot.output.will_say) == ("It costs $5.", "Ok?")

    @pytest.mark.parametrize(
        ("sentences", "said"),
        [
            (["你好，我是机器人。", "No. Yes."], "你好，我是机器人。"),
            (["今日は「Python」です。", "OK."], "今日は「Python」です。"),
            (["用Python吧。", "好。"], "用Python吧。"),
        ],
    )
    def test_a_word_ends_where_its_script_does(self, sentences: list[str], said: str) -> None:
        heard = Heard()
        for sentence in sentences:
            heard.announces(sentence)
        heard.speaks(said)
        assert heard.bot.text.startswith(said + sentences[1])
        assert (heard.bot.spoken, heard.bot.output.will_say) == (said, sentences[1])
        heard.speaks(sentences[1])
        check_all_spoken(heard.bot)

    def test_the_last_word_of_a_text_is_not_the_last_of_a_sentence_before_it(self) -> None:
        heard = Heard()
        heard.announces("It costs $25 today.")
        heard.announces("It costs $25 today.")
        heard.speaks("It costs twenty five dollars and fifty today.")
        assert (heard.bot.spoken, heard.bot.output.will_say) == ("It costs $25 today.", "It costs $25 today.")

    @pytest.mark.parametrize("order", ["asas", "aass", "sasa", "ssaa", "assa"])
    def test_a_sentence_that_is_written_and_said_twice(self, order: str) -> None:
        heard = Heard()
        for step in order:
            (heard.announces if step == "a" else heard.speaks)("Yes.")
        assert heard.said == [("bot", "Yes. Yes.")]
        check_all_spoken(heard.bot)

    def test_numbered_sentences(self) -> None:
        """Of RTVI 1.4, which numbers sentences and reports no progress."""
        heard = Heard()
        for spoken, text in [(False, "One two."), (False, "Three."), (True, "One")]:
            heard.hear("bot-output", text=text, spoken=spoken, segment_id=2 if text == "Three." else 1)
        assert (heard.bot.spoken, heard.bot.output.will_say) == ("One two.", "Three.")

    def test_words_that_the_voice_adds_to_a_sentence(self) -> None:
        heard = Heard()
        heard.announces("It is noon.")
        heard.speaks("It is noon indeed.")
        heard.speaks("Bye.")
        assert heard.said == [("bot", "It is noon. Bye.")]
        check_all_spoken(heard.bot)

    def test_what_is_said_between_two_sentences(self) -> None:
        heard = Heard()
        heard.announces("Let me see.")
        heard.hear("bot-llm-text", text="It is noon.")
        for text in ("Let me see.", "Wait.", "It is noon."):
            heard.speaks(text)
            check_prefix(heard.bot)
        assert heard.said == [("bot", "Let me see. Wait. It is noon.")]
        check_all_spoken(heard.bot)

    def test_what_the_voice_leaves_out(self) -> None:
        heard = Heard()
        heard.announces("Look: | a | b | c | d | e | f | g | h | i | j | k | l | m | n | o |")
        heard.announces("That is all for today.")
        for word in ["Look:", "That", "is", "all", "for", "today."]:
            heard.speaks(word, "word")
        check_all_spoken(heard.bot)

    def test_what_was_said_besides_what_the_model_writes(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-started-speaking")
        heard.speaks("Let me see.")
        heard.hear("bot-llm-text", text="It is noon.")
        assert heard.said == [("bot", "Let me see. It is noon.")]
        assert heard.bot.output.will_say == "It is noon."
        heard.speaks("It is noon.")
        check_all_spoken(heard.bot)

    @pytest.mark.parametrize(
        ("is_written", "text"), [(False, "Let me see. Hmm. It is noon."), (True, "Let me see. It is noon.")]
    )
    def test_words_after_an_inserted_sentence_are_said_besides_if_nothing_was_written_yet(
        self, is_written: bool, text: str
    ) -> None:
        heard = Heard()
        heard.hear_all("bot-llm-started", "bot-started-speaking")
        heard.announces("Let me see.")
        heard.speaks("Let me see.")
        if not is_written:
            heard.speaks("Hmm.")
        heard.hear("bot-llm-text", text="It is noon.")
        heard.announces("It is noon.")
        if is_written:
            heard.speaks("Hmm.")
        assert heard.said == [("bot", text)]

    def test_a_late_copy_belongs_to_the_turn_of_its_text(self) -> None:
        heard = Heard()
        heard.answer("It is noon. See you.")
        heard.announces("It is noon.")
        heard.announces("See you.")
        heard.speaks("It is noon.")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-transcription", text="Thanks.", final=True)
        heard.answer("Sure. Bye.")
        heard.speaks("See you.")
        heard.announces("Sure.")
        heard.speaks("Sure.")
        assert heard.said == [("bot", "It is noon. See you."), ("user", "Thanks."), ("bot", "Sure. Bye.")]
        check_all_spoken(heard.conversation.turns[0])
        assert heard.bot.spoken == "Sure."
        assert heard.conversation.turns[0].ended

    def test_a_late_half_of_a_word(self) -> None:
        heard = Heard()
        heard.answer("It is well-known.")
        for word in ("It", "is", "well"):
            heard.speaks(word, "word")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-transcription", text="Thanks.", final=True)
        heard.answer("Sure.")
        heard.speaks("known.", "word")
        assert [text for _, text in heard.said] == ["It is well-known.", "Thanks.", "Sure."]

    def test_the_same_sentence_in_two_answers(self) -> None:
        heard = Heard()
        heard.answer("Sure. Yes.")
        heard.announces("Sure.")
        heard.announces("Yes.")
        heard.speaks("Sure.")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-transcription", text="Really?", final=True)
        heard.answer("Yes. Yes.")
        for text in ("Yes.", "Yes.", "Yes."):
            heard.speaks(text)
        assert heard.said == [("bot", "Sure. Yes."), ("user", "Really?"), ("bot", "Yes. Yes.")]
        check_all_spoken(heard.conversation.turns[0])
        check_all_spoken(heard.bot)

    @pytest.mark.parametrize("says_something_between", [True, False])
    def test_a_late_copy_while_the_next_answer_begins(self, says_something_between: bool) -> None:
        heard = Heard()
        heard.answer("It is noon. See you.")
        heard.speaks("It is noon.")
        heard.hear("bot-stopped-speaking")
        if says_something_between:
            heard.hear("user-transcription", text="Thanks.", final=True)
        heard.hear_all("bot-llm-started", "bot-started-speaking")
        heard.speaks("See you.")
        heard.announces("Sure.")
        heard.hear("bot-llm-text", text="Sure.")
        heard.speaks("Sure.")
        assert [text for role, text in heard.said if role == "bot"] == ["It is noon. See you.", "Sure."]
        for turn in heard.conversation.turns:
            if turn.role == "bot":
                check_all_spoken(turn)

    def test_a_copy_that_comes_when_the_turn_has_ended(self) -> None:
        for with_model in (True, False):
            heard = Heard()
            heard.hear("bot-llm-started")
            if with_model:
                heard.hear("bot-llm-text", text="Hello!")
            heard.hear_all("bot-llm-stopped", "bot-started-speaking")
            heard.speaks("Hello!")
            heard.hear("bot-stopped-speaking")
            heard.announces("Hello!")
            assert heard.said == [("bot", "Hello!")]
            check_all_spoken(heard.bot)
            heard.hear("bot-started-speaking")
            heard.announces("Hello!")
            assert heard.said == [("bot", "Hello!"), ("bot", "Hello!")]

    def test_the_same_words_as_an_answer_that_was_never_spoken(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="Sure. Yes.")
        heard.hear("bot-llm-stopped")
        heard.conversation.rest()
        heard.hear("user-transcription", text="Aloud, please.", final=True)
        heard.answer("Sure. Aloud.")
        heard.speaks("Sure.")
        assert [turn.spoken for turn in heard.conversation.turns] == ["", "", "Sure."]

    def test_words_cut_off_by_an_interruption_are_not_marked_spoken_later(self) -> None:
        heard = Heard()
        heard.answer("Sure. Here it is.")
        heard.hear("bot-interrupted")
        heard.hear("user-transcription", text="Stop.", final=True)
        heard.answer("Sure. I stop.")
        heard.speaks("Sure.")
        assert [turn.spoken for turn in heard.conversation.turns] == ["", "", "Sure."]


class TestRTVI2:
    def test_a_segment_that_completes_shorter_than_announced(self) -> None:
        heard = Heard()
        heard.answer("Hello there, my friend. Bye.")
        announced = {"segment_id": 1, "will_be_spoken": True}
        heard.hear("bot-output", text="Hello there, my friend.", **announced, spoken_status="new")
        heard.says("Bye.", 2)
        heard.hear("bot-output", text="Hello there, frie", **announced, spoken_status="completed")
        assert heard.said == [("bot", "Hello there, my friend. Bye.")]
        check_all_spoken(heard.bot)

    def test_a_segment_in_another_spelling_than_the_models(self) -> None:
        heard = Heard()
        heard.answer("It costs **$25**.\n\nOk?")
        new = {"text": "It costs twenty five dollars.", "segment_id": 1, "will_be_spoken": True}
        heard.hear("bot-output", **new, spoken_status="new")
        spoken = []
        for said in ("It", "It costs", "It costs twenty", "It costs twenty five"):
            progress = {"accumulated_text": said, "remaining_text": "…"}
            heard.hear("bot-output", **new, spoken_status="in-progress", spoken_progress=progress)
            spoken.append(heard.bot.spoken)
        assert spoken == ["It", "It costs", "It costs **$25**.", "It costs **$25**."]
        assert heard.bot.output.saying == heard.bot.spoken
        heard.hear("bot-output", **new, spoken_status="completed")
        assert heard.bot.output.will_say == "Ok?"
        heard.says("Ok?", 2)
        check_all_spoken(heard.bot)

    def test_segments_in_another_spelling_one_after_the_other(self) -> None:
        """The second one has a word of the first sentence, and more of the second."""
        heard = Heard()
        heard.answer("It is 20°C outside.\n\n- One is good.")
        for number, text in enumerate(["It is twenty degrees celsius outside.", "One is good."]):
            heard.says(text, number)
        assert heard.said == [("bot", "It is 20°C outside.\n\n- One is good.")]
        check_all_spoken(heard.bot)

    def test_a_segment_of_many_unlike_words_stands_in_the_nearest_sentence(self) -> None:
        heard = Heard()
        heard.answer("I have 5 red cats. Then I have five dogs and cats.")
        heard.says("I have five cats.", 1)
        assert heard.bot.output.will_say == "Then I have five dogs and cats."

    def test_progress_that_is_reported_late(self) -> None:
        heard = Heard()
        heard.answer("One two. Three.")
        one = {"text": "One two.", "segment_id": 1, "will_be_spoken": True}
        heard.hear("bot-output", **one, spoken_status="new")
        heard.says("Three.", 2)
        progress = {"accumulated_text": "One", "remaining_text": " two."}
        heard.hear("bot-output", **one, spoken_status="in-progress", spoken_progress=progress)
        check_all_spoken(heard.bot)

    def test_code_is_shown_and_never_unsaid(self) -> None:
        heard = Heard()
        heard.answer("Like this:\n```python\nprint(1)\n```\nDone.")
        heard.says("Like this:", 1)
        heard.shows("print(1)", 2)
        heard.says("Done.", 3)
        turn = heard.bot
        assert turn.text == "Like this:\n```python\nprint(1)\n```\nDone."
        assert (turn.spoken, turn.output.will_say, turn.output.shown) == ("Like this: Done.", "", "print(1)")
        heard.hear("bot-stopped-speaking")
        assert turn.ended

    def test_a_new_utterance_does_not_reopen_a_turn(self) -> None:
        heard = Heard()
        heard.answer("Like this: print(1)")
        heard.says("Like this:", 1)
        heard.shows("print(1)", 2)
        heard.hear("bot-stopped-speaking")
        ended_at = heard.bot.ended_at
        heard.hear("bot-started-speaking")
        heard.says("Are you still there?", 3)
        assert heard.said == [("bot", "Like this: print(1)"), ("bot", "Are you still there?")]
        assert heard.conversation.turns[0].ended_at == ended_at

    def test_a_segment_that_was_said_besides_and_is_unlike_the_models(self) -> None:
        heard = Heard()
        heard.answer("$5")
        heard.says("Five dollars", 1)
        assert heard.said == [("bot", "$5")]
        check_all_spoken(heard.bot)

    def test_marks_without_words_are_said_with_the_words_before(self) -> None:
        heard = Heard()
        heard.answer("Great 🙂 …")
        heard.says("Great", 1)
        heard.says("🙂", 2)
        check_all_spoken(heard.bot)

    def test_only_marks(self) -> None:
        heard = Heard()
        heard.speaks("🙂")
        assert heard.said == [("bot", "🙂")]
        check_all_spoken(heard.bot)


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


# One text in any order, spelling and split.

WORDS = st.sampled_from(
    ["one", "two", "three", "it", "is", "red", "green", "don't", "café", "5", "12,000", "well-known", "你好", "ok"]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=6).map(lambda parts: " ".join(parts).capitalize() + ".")
TEXTS = st.lists(SENTENCES, min_size=1, max_size=4)


def respelled(sentence: str, how: str) -> str:
    """A sentence as a voice may report it."""
    match how:
        case "quotes":
            return f"“{sentence}”".replace("'", "’")
        case "markdown":
            return re.sub(r"^\S+", r"**\g<0>**", sentence)
        case "dashes":
            return sentence.replace("-", " — ").replace(" ", " – ", 1)
        case "newlines":
            return f"\n\n- {sentence}"
        case "capitals":
            return sentence.upper()
        case "joined":
            return sentence.replace(". ", ".").replace("12,000", "12000")
    return sentence


SPELLINGS = st.sampled_from(["same", "quotes", "markdown", "dashes", "newlines", "capitals", "joined"])


def interleaved(data: st.DataObject, *sequences: list[Any]) -> list[Any]:
    """Sequences in one, each in its own order."""
    left = [list(sequence) for sequence in sequences if sequence]
    merged = []
    while left:
        chosen = data.draw(st.integers(0, len(left) - 1))
        merged.append(left[chosen].pop(0))
        left = [sequence for sequence in left if sequence]
    return merged


@given(TEXTS, st.lists(SPELLINGS, min_size=8, max_size=8), st.booleans(), st.booleans(), st.data())
@settings(max_examples=300, deadline=None)
def test_one_text_in_any_order_and_spelling(
    sentences: list[str], spellings: list[str], by_words: bool, with_model: bool, data: st.DataObject
) -> None:
    """RTVI 1.x: the model's text, the announced sentences and the spoken ones, each in their own order."""
    text = " ".join(sentences)
    announced = [("announces", respelled(each, how)) for each, how in zip(sentences, spellings, strict=False)]
    said = [respelled(each, how) for each, how in zip(sentences, spellings[4:], strict=False)]
    spoken = (
        [("speaks", word, "word") for each in said for word in each.split()]
        if by_words
        else [("speaks", each) for each in said]
    )
    model = [("model", piece) for piece in pieces_of(text, data)] if with_model else []
    heard = Heard()
    heard.hear_all("bot-llm-started", "bot-started-speaking")
    for method, *args in interleaved(data, model, announced, spoken):
        if method == "model":
            heard.hear("bot-llm-text", text=args[0])
        else:
            getattr(heard, method)(*args)
        [turn] = heard.conversation.turns
        check_prefix(turn)
    heard.hear_all("bot-llm-stopped", "bot-stopped-speaking")
    [turn] = heard.conversation.turns
    assert keys(turn.text) == keys(text)
    assert turn.text == text or not with_model
    check_all_spoken(turn)
    assert turn.ended


AS_SAID = {
    "You have 5 cats.": "You have five cats.",
    "Meet me at 10:30.": "Meet me at ten thirty.",
    "It is 3.5%, really.": "It is three point five percent, really.",
    "In 2024, it was 12,000 people.": "In twenty twenty four it was twelve thousand people.",
    "It costs $25.": "It costs twenty five dollars.",
    "- One is good.": "One is good.",
    "你好，我是机器人。": "你好，我是机器人。",
    "今日はいい天気ですね。": "今日はいい天気ですね。",
    "Dr. Smith — OK.": "Dr. Smith, OK.",
    "Yes.": "Yes.",
}


@given(st.lists(st.sampled_from([*AS_SAID]), min_size=1, max_size=6), st.booleans(), st.booleans(), st.data())
@settings(max_examples=300, deadline=None)
def test_after_each_sentence_the_voice_is_at_its_end(
    sentences: list[str], by_words: bool, with_model: bool, data: st.DataObject
) -> None:
    heard = Heard()
    heard.hear_all("bot-llm-started", "bot-started-speaking")
    for piece in pieces_of(" ".join(sentences), data) if with_model else []:
        heard.hear("bot-llm-text", text=piece)
    for sentence in sentences:
        heard.announces(sentence)
    for number, sentence in enumerate(sentences):
        for piece in AS_SAID[sentence].split() if by_words else [AS_SAID[sentence]]:
            heard.speaks(piece, "word" if by_words else "sentence")
            check_prefix(heard.bot)
        assert keys(heard.bot.spoken) == keys(" ".join(sentences[: number + 1]))
    check_all_spoken(heard.bot)
    assert heard.bot.text == " ".join(sentences) or not with_model


@given(TEXTS, st.lists(SPELLINGS, min_size=4, max_size=4), st.booleans(), st.sets(st.integers(0, 3)), st.data())
@settings(max_examples=300, deadline=None)
def test_one_text_in_numbered_segments(
    sentences: list[str], spellings: list[str], with_model: bool, shown: set[int], data: st.DataObject
) -> None:
    """RTVI 2.x: the model's text, and segments of which some are only shown."""
    text = " ".join(sentences)
    model = [("model", 0, piece) for piece in pieces_of(text, data)] if with_model else []
    segments: list[tuple[str, int, str]] = []
    for number, (sentence, how) in enumerate(zip(sentences, spellings, strict=False)):
        segment = respelled(sentence, how)
        segments.append(("new", number, segment))
        if number not in shown:
            for end in sorted(data.draw(st.sets(st.integers(1, len(segment)), max_size=3))):
                segments.append(("in-progress", number, segment[:end]))
            segments.append(("completed", number, segment))
    heard = Heard()
    heard.hear_all("bot-llm-started", "bot-started-speaking")
    for status, number, piece in interleaved(data, model, segments):
        if status == "model":
            heard.hear("bot-llm-text", text=piece)
        else:
            progress = {"accumulated_text": piece if status != "new" else "", "remaining_text": ""}
            about = {"segment_id": number, "will_be_spoken": number not in shown, "spoken_status": status}
            announced = respelled(sentences[number], spellings[number])
            heard.hear("bot-output", text=announced, **about, spoken_progress=progress)
    heard.hear_all("bot-llm-stopped", "bot-stopped-speaking")
    [turn] = heard.conversation.turns
    assert keys(turn.text) == keys(text)
    assert turn.text == text or not with_model
    assert turn.output.will_say == ""
    spoken = " ".join(each for number, each in enumerate(sentences) if number not in shown)
    assert keys(turn.spoken) == keys(spoken)


@given(st.text(st.sampled_from("ab .!\n-*'5你、ก“”"), max_size=60), st.data())
@settings(max_examples=300, deadline=None)
def test_any_text_in_any_pieces(text: str, data: st.DataObject) -> None:
    """Speech to speech: each piece is written and said."""
    if not keys(text):
        return
    pieces = pieces_of(text, data)
    heard = Heard()
    heard.hear_all("bot-llm-started", "bot-started-speaking")
    written = [("bot-llm-text", {"text": piece}) for piece in pieces]
    said = [("bot-output", {"text": piece, "spoken": True, "aggregated_by": "sentence"}) for piece in pieces]
    for type, message in interleaved(data, written, said):
        heard.hear(type, **message)
        if heard.conversation.turns:
            check_prefix(heard.bot)
    heard.hear_all("bot-llm-stopped", "bot-stopped-speaking")
    assert heard.said == [("bot", text.strip())]
    check_all_spoken(heard.bot)


@given(TEXTS, SPELLINGS, st.data())
@settings(max_examples=500)
def test_it_does_not_matter_how_often_a_turn_is_read(sentences: list[str], how: str, data: st.DataObject) -> None:
    """What is known of it is kept when it is read, and the next piece is only added."""

    def take(output: BotOutput, method: str, *args: Any) -> None:
        getattr(output, method)(*args)

    def known(output: BotOutput) -> list[object]:
        seen = output.text, output.said, output.saying, output.will_say, output.spoken, output.is_unsaid
        return [*seen, output.segments, output.expects_speech("one")]

    text = " ".join(sentences)
    written = [("write", piece) for piece in pieces_of(text, data)]
    heard = [piece for each in sentences for piece in pieces_of(respelled(each, how), data)]
    said = [("say", data.draw(st.sampled_from([piece, piece.strip(), f"{piece} "]))) for piece in heard]
    announced = [
        ("add", BotOutputData(text=each, spoken=False)) for each in data.draw(st.sets(st.sampled_from(sentences)))
    ]
    steps = interleaved(data, written, said, announced, [("pause",)] * data.draw(st.integers(0, 2)))
    often = BotOutput()
    for count, step in enumerate(steps):
        take(often, *step)
        once = BotOutput()
        for earlier in steps[: count + 1]:
            take(once, *earlier)
        assert known(often) == known(once)


class TestRecorded:
    """Sessions of Pipecat's own bots, with paragraphs and Markdown (see tests/traces/record.py)."""

    PARAGRAPHS = (
        "Here are **two** ideas:\n\n- One is good.\n- Two is *better*.\n\nIt’s “your” choice — really. Say `yes` now!"
    )

    @pytest.mark.parametrize("name", ["mid-0.0.108-sentences", "mid-0.0.108-words", "new-1.14.0-words"])
    def test_three_services(self, name: str) -> None:
        heard = replay(name)
        story = " ".join(["Once upon a time there was a king."] * 4)
        assert heard.said == [
            ("bot", "Hello! I'm your bot."),
            ("user", "What can you do for me?"),
            ("bot", self.PARAGRAPHS),
            ("user", "What time is it now?"),
            ("bot", "Yes. Yes. It is 12 o'clock."),
            ("bot", "Are you still there?"),
            ("user", "How is the weather in Paris?"),
            ("bot", "Let me see. It is sunny in Paris. Take a hat."),
            ("user", "Show me a picture of it please."),
            ("bot", ""),
            ("user", "Tell me a long story."),
            ("bot", story),
            ("user", "Stop now please."),
            ("bot", "Sure. こんにちは、ご時間をいただきありがとう。"),
        ]
        for turn in heard.conversation.turns:
            assert turn.ended
            if turn.role == "bot" and not turn.interrupted:
                check_all_spoken(turn)
        [cut] = [turn for turn in heard.conversation.turns if turn.interrupted]
        assert cut.spoken.startswith("Once upon a time there was a king. Once upon")
        assert cut.spoken != cut.text

    @pytest.mark.parametrize("name", ["mid-0.0.108-speech-to-speech", "new-1.14.0-speech-to-speech"])
    def test_speech_to_speech(self, name: str) -> None:
        heard = replay(name)
        assert heard.said == [
            ("bot", "Hello! I'm your bot."),
            ("user", "What can you do for me?"),
            ("bot", self.PARAGRAPHS.replace("*", "").replace("`", "")),
            ("user", "What time is it?"),
            ("bot", "Yes. Yes. It is 12 o'clock."),
            ("user", "Say it in Japanese."),
            ("bot", "こんにちは、ご時間をいただきありがとう。"),
        ]
        for turn in heard.conversation.turns:
            if turn.role == "bot":
                check_all_spoken(turn)
                assert turn.output.shown == ""

    def test_a_late_copy_was_recorded(self) -> None:
        """Else the first of these tests would not show that it belongs to its turn."""
        types = [(message["type"], message.get("data")) for _, message in messages("mid-0.0.108-sentences")]
        late = types.index(("bot-output", {"text": "Say yes now!", "spoken": True, "aggregated_by": "sentence"}))
        assert ("bot-llm-text", {"text": "Yes."}) in types[:late]

    @pytest.mark.parametrize(
        "name", ["mid-0.0.108-sentences", "mid-0.0.108-words", "new-1.14.0-words", "new-1.14.0-speech-to-speech"]
    )
    def test_at_every_moment_the_beginning_is_spoken(self, name: str) -> None:
        heard = Heard()
        for direction, message in messages(name):
            if direction == "in":
                heard.hear(message["type"], **data_of(message))
                for turn in heard.conversation.turns[-3:]:
                    if turn.role == "bot":
                        check_prefix(turn)


SNIPPETS = st.lists(
    st.sampled_from(
        ["one ", "two ", "It ", "is.", " No!", "5 ", "你", "好。", "`", "*", "\n", "✓", "🙂", "'", '"', "(", ") "]
    ),
    max_size=5,
).map("".join)
SOMETHING: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.tuples(st.sampled_from(["bot-llm-text", "bot-tts-text"]), st.fixed_dictionaries({"text": SNIPPETS})),
    st.tuples(
        st.just("bot-output"),
        st.fixed_dictionaries(
            {"text": SNIPPETS},
            optional={
                "aggregated_by": st.sampled_from(["word", "sentence", "code"]),
                "spoken": st.booleans(),
                "segment_id": st.integers(1, 4),
                "will_be_spoken": st.booleans(),
                "spoken_status": st.sampled_from(["new", "in-progress", "completed"]),
                "spoken_progress": st.fixed_dictionaries({"accumulated_text": SNIPPETS, "remaining_text": st.just("")}),
            },
        ),
    ),
    st.tuples(
        st.just("user-transcription"),
        st.fixed_dictionaries({"text": SNIPPETS, "final": st.booleans()}, optional={"user_id": st.sampled_from("ab")}),
    ),
    st.tuples(
        st.sampled_from(["llm-function-call-in-progress", "llm-function-call-stopped", "llm-function-call"]),
        st.fixed_dictionaries({"tool_call_id": st.sampled_from(["", "1"]), "function_name": st.just("f")}),
    ),
    st.tuples(
        st.sampled_from(
            [
                "bot-llm-started",
                "bot-llm-stopped",
                "bot-started-speaking",
                "bot-stopped-speaking",
                "bot-interrupted",
                "user-started-speaking",
                "user-stopped-speaking",
            ]
        ),
        st.just({}),
    ),
)


@given(st.lists(SOMETHING, max_size=15))
@settings(max_examples=400, deadline=None)
def test_whatever_comes_the_beginning_is_spoken(happened: list[tuple[str, dict[str, Any]]]) -> None:
    heard = Heard()
    for type, data in happened:
        heard.hear(type, **data)
        for turn in heard.conversation.turns:
            output = turn.output
            speakable = keys(output.page.speakable(0, len(output.page.text)))
            spoken = keys(turn.spoken)
            assert spoken == speakable[: len(spoken)] == keys(f"{output.said} {output.saying}")
            if not turn.interrupted:
                assert spoken + keys(output.will_say) == speakable
