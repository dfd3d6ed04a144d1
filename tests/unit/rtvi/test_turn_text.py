"""A text is written once, in its turn and in its own spelling, however the bot reports it."""

from __future__ import annotations

import pytest
from conversations import Heard, check_all_spoken, check_prefix


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
