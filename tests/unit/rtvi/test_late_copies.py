"""What the voice reports late belongs to the turn of its text, also when that was cut off or is spelt otherwise."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from conversations import Heard, keys
from hypothesis import given, settings
from hypothesis import strategies as st

SENTENCES = [
    *("Yes.", "No.", "Sure, let me see.", "You have 5 cats.", "It’s “really” nice — isn't it?", "Really?!"),
    *("The **capital** of France is *Paris*.", "- One is good.", "A well-known state-of-the-art thing.", "And so on"),
    *("今日はいい天気ですね。", "Hello!", "Take 2 at 8 a.m. daily.", "Call `print()` twice.", "U.S. law says so."),
]
ANSWERS = st.lists(st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=4), min_size=1, max_size=3)


AS_SAID = {
    "You have 5 cats.": "You have five cats.",
    "Meet me at 10:30.": "Meet me at ten thirty.",
    "It is 3.5%, really.": "It is three point five percent, really.",
    "In 2024, it was 12,000 people.": "In twenty twenty four it was twelve thousand people.",
    "It costs $25.": "It costs twenty five dollars.",
    "It costs 100 dollars.": "It costs one hundred dollars.",
    "It is $100 for you and me.": "It is one hundred dollars for you and me.",
    "That was twenty five, then.": "That was 25, then.",
    "I have one hundred twenty five.": "I have 125.",
    **{sentence: sentence for sentence in ("Yes.", "No.", "Sure, let me see.", "今日はいい天気ですね。")},
}


class Bot:
    """A bot whose voice reports its last pieces when the turn has ended.

    Args:
        by_words: whether it reports word by word.
        type: the message by which it reports them.
    """

    def __init__(self, heard: Heard, *, by_words: bool, type: str) -> None:
        self._heard = heard
        self._by_words = by_words
        self._type = type
        self._late: list[str] = []

    def report_late(self) -> None:
        """Report what has waited."""
        for piece in self._late:
            self._report(piece)
        self._late = []

    def _report(self, piece: str) -> None:
        how: dict[str, Any] = {"spoken": True, "aggregated_by": "word" if self._by_words else "sentence"}
        self._heard.hear(self._type, text=piece, **(how if self._type == "bot-output" else {}))

    def write(self, sentences: list[str]) -> None:
        """The model writes, and the voice begins."""
        self._heard.hear("bot-llm-text", text=" ".join(sentences))
        self._heard.hear("bot-llm-stopped")
        for sentence in sentences if self._type == "bot-output" else []:
            self._heard.announces(sentence)
        self._heard.hear("bot-started-speaking")

    def say(self, sentences: list[str], spoken: int, late: int, *, is_cut_off: bool) -> str:
        """Say so many pieces, and some more that are reported late; gives all of them."""
        pieces = [word for each in sentences for word in each.split()] if self._by_words else sentences
        spoken = min(spoken, len(pieces)) if is_cut_off else max(1, len(pieces) - late)
        until = min(spoken + late, len(pieces))
        for piece in pieces[:spoken]:
            self._report(piece)
        self._late = pieces[spoken:until]
        if is_cut_off:
            self._heard.hear("bot-interrupted")
        self._heard.hear("bot-stopped-speaking")
        return " ".join(pieces[:until])


@given(
    ANSWERS,
    st.sampled_from(["at once", "after the person's words", "as the next answer begins"]),
    st.booleans(),
    st.sampled_from(["bot-output", "bot-tts-text"]),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3), st.booleans()), min_size=3, max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_any_late_copies(
    answers: list[list[str]], when: str, by_words: bool, type: str, voices: list[tuple[int, int, bool]]
) -> None:
    heard = Heard()
    bot = Bot(heard, by_words=by_words, type=type)
    expected: list[tuple[str, str, list[str]]] = []
    for number, (sentences, (spoken, late, is_cut_off)) in enumerate(zip(answers, voices, strict=False)):
        heard.hear("user-started-speaking")
        heard.hear("user-transcription", text=f"Question {number}", final=True)
        heard.hear("user-stopped-speaking")
        expected.append(("user", f"Question {number}", []))
        if when == "after the person's words":
            bot.report_late()
        heard.hear("bot-llm-started")
        bot.report_late()
        bot.write(sentences)
        said = bot.say(sentences, spoken, late, is_cut_off=is_cut_off)
        if when == "at once":
            bot.report_late()
        expected.append(("bot", " ".join(sentences), keys(said)))
    bot.report_late()
    assert [(turn.role, turn.text, keys(turn.spoken)) for turn in heard.conversation.turns] == expected
    assert all(turn.ended and not turn.output.will_say for turn in heard.conversation.turns if turn.role == "bot")


@given(
    st.lists(st.lists(st.sampled_from([*AS_SAID]), min_size=1, max_size=4), min_size=1, max_size=3),
    st.sampled_from(["at once", "after the person's words", "as the next answer begins"]),
    st.booleans(),
    st.sampled_from(["bot-output", "bot-tts-text"]),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_any_late_copies_in_another_spelling(
    answers: list[list[str]], when: str, by_words: bool, type: str, data: st.DataObject
) -> None:
    """The voice may stop in the middle of words that are spelt otherwise, and report the rest of them later."""
    heard = Heard()
    bot = Bot(heard, by_words=by_words, type=type)
    expected = []
    for number, sentences in enumerate(answers):
        heard.hear("user-transcription", text=f"Question {number}", final=True)
        if when == "after the person's words":
            bot.report_late()
        heard.hear("bot-llm-started")
        bot.report_late()
        bot.write(sentences)
        said = [AS_SAID[each] for each in sentences]
        *before, last = said
        if by_words and len(last.split()) > 1 and data.draw(st.booleans()):
            count = len(" ".join(before).split()) + data.draw(st.integers(1, len(last.split()) - 1))
            bot.say(said, count, data.draw(st.integers(0, 3)), is_cut_off=True)
        else:
            bot.say(said, 99, data.draw(st.integers(0, 3)), is_cut_off=False)
        if when == "at once":
            bot.report_late()
        expected += [("user", f"Question {number}"), ("bot", " ".join(sentences))]
    bot.report_late()
    assert heard.said == expected
    for turn in heard.conversation.turns:
        if turn.role == "bot":
            assert (turn.ended, turn.output.will_say) == (True, "")
            assert turn.interrupted or turn.spoken == turn.text


@pytest.mark.parametrize("type", ["bot-output", "bot-tts-text"])
@pytest.mark.parametrize("is_answered", [True, False])
def test_late_words_in_another_spelling(type: str, is_answered: bool) -> None:
    heard = Heard()
    heard.answer("You have 25 cats. Bye.")
    bot = Bot(heard, by_words=True, type=type)
    bot.say(["You have twenty five cats. Bye."], 2, 4, is_cut_off=False)
    heard.hear("user-transcription", text="Thanks.", final=True)
    if is_answered:
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="Sure.")
    bot.report_late()
    answer = [("bot", "Sure.")] if is_answered else []
    assert heard.said == [("bot", "You have 25 cats. Bye."), ("user", "Thanks."), *answer]
    assert heard.conversation.turns[0].spoken == "You have 25 cats. Bye."


def test_late_marks() -> None:
    heard = Heard()
    heard.answer("Here are two. - One is good.")
    bot = Bot(heard, by_words=True, type="bot-output")
    bot.say(["Here are two. - One is good."], 0, 4, is_cut_off=False)
    heard.hear("user-transcription", text="Thanks.", final=True)
    bot.report_late()
    assert heard.said == [("bot", "Here are two. - One is good."), ("user", "Thanks.")]
    assert heard.conversation.turns[0].spoken == "Here are two. - One is good."


def test_a_new_utterance_is_not_late() -> None:
    """The bot has begun to speak again: these words are others, whatever was left unsaid before."""
    heard = Heard()
    heard.answer("You have 25 cats. Bye.")
    bot = Bot(heard, by_words=False, type="bot-output")
    bot.say(["You have 25 cats.", "Bye."], 1, 0, is_cut_off=True)
    heard.hear("bot-started-speaking")
    heard.speaks("Bye.")
    assert heard.said == [("bot", "You have 25 cats. Bye."), ("bot", "Bye.")]
    assert heard.conversation.turns[0].spoken == "You have 25 cats."


@pytest.mark.parametrize("signs", [[], ["bot-llm-started"], ["bot-started-speaking"]])
def test_other_words_after_an_interruption_are_a_new_answer(signs: list[str]) -> None:
    heard = Heard()
    heard.answer("You have 25 cats. Bye.")
    Bot(heard, by_words=False, type="bot-output").say(["You have 25 cats.", "Bye."], 1, 0, is_cut_off=True)
    heard.hear("user-transcription", text="Stop.", final=True)
    heard.hear_all(*signs)
    heard.speaks("Okay.")
    assert heard.said == [("bot", "You have 25 cats. Bye."), ("user", "Stop."), ("bot", "Okay.")]
    assert heard.conversation.turns[0].spoken == "You have 25 cats."


def test_late_words_take_as_many_steps_however_long_the_answer_was() -> None:
    heard = Heard()
    heard.hear_all("bot-llm-started", "bot-started-speaking")
    words = [f"word{number} " for number in range(400)]
    for word in words:
        heard.hear("bot-llm-text", text=word)
    heard.hear_all("bot-llm-stopped", "bot-interrupted", "bot-stopped-speaking")
    steps = []
    for word in words:
        count = 0

        def step(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(step)
        heard.hear("bot-tts-text", text=word)
        sys.setprofile(None)
        steps.append(count)
    assert heard.bot.spoken == heard.bot.text
    assert max(steps[20:]) <= 2 * steps[10]
