"""A bot may announce and say its text in other words than the model wrote, such as digits spelt out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from conversations import Heard, check_all_spoken, keys
from hypothesis import assume, given, settings
from hypothesis import strategies as st

AS_ANNOUNCED = {
    "You have 5 cats.": "You have five cats.",
    "Meet me at 10:30.": "Meet me at ten thirty.",
    "It is 3.5%, really.": "It is three point five percent, really.",
    "In 2024, it was 12,000 people.": "In twenty twenty four it was twelve thousand people.",
    "It costs $25.": "It costs twenty five dollars.",
    "It costs 100 dollars.": "It costs one hundred dollars.",
    "That was twenty five, then.": "That was 25, then.",
    "I have one hundred twenty five.": "I have 125.",
    "20 °C.": "Twenty degrees celsius.",
    "$5?": "Five dollars?",
    "- One is good.": "One is good.",
    "今日はいい天気ですね。": "今日はいい天気ですね。",
    "Mr. Jones — OK.": "Mister Jones, OK.",
    "Ask Prof. Li, vs. 5 others.": "Ask professor Li, versus five others.",
    "Mrs. Bo is in the 1st room.": "Missis Bo is in the first room.",
    "Dr. Smith — OK.": "Doctor Smith, okay.",
    "Fruit, e.g. apples.": "Fruit, for example apples.",
    "Z.B. hier.": "Zum Beispiel hier.",
    "Open from 9 a.m. on.": "Open from nine A M on.",
    "Yes.": "Yes.",
}


@given(
    st.lists(
        st.lists(st.sampled_from([0, 1, 1, 2, 3]), max_size=4).map(lambda sizes: [*sizes, 1]), min_size=1, max_size=5
    ),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_the_voice_never_goes_back(sentences: list[list[int]], has_marks: bool) -> None:
    """Each number is a word, and how many other words the voice has for it, if not one and the same."""
    numbers = itertools.count()
    written, said = [], []
    for sentence in sentences:
        names = [f"w{next(numbers):03}" for _ in sentence]
        written.append(f"{' '.join(names)}.")
        spoken = [
            [name] if size == 1 else [f"s{next(numbers):03}" for _ in range(size)]
            for name, size in zip(names, sentence, strict=True)
        ]
        said += [word for each in spoken for word in each]
        if said and has_marks:
            said[-1] = f"{said[-1].rstrip('.')}."
    heard = Heard()
    heard.answer(" ".join(written))
    reached = 0
    for word in said:
        heard.hear("bot-tts-text", text=word)
        before, reached = reached, len(keys(heard.bot.spoken))
        assert before <= reached
    assert heard.said == [("bot", " ".join(written))]


def test_a_sentence_that_is_another_one_s_word_has_its_own_place() -> None:
    """The segments before it have no word of theirs in the text, so that the first match is not the right one."""
    check_order([("Two more, please!", "Deux encore, merci!"), ("More!", "More!"), ("More!", "More!")], "RTVI 1.x")
    check_order([("Dr. Smith — OK.", "Doctor Smith, okay.")] * 2, "numbered")
    check_order([("Now!", "Jetzt gleich!"), ("Now we go up there.", "Now we go up there.")], "numbered ahead")


@pytest.mark.parametrize("how", ["numbered", "numbered ahead", "RTVI 1.x"])
@pytest.mark.parametrize("text", ["👍", "—", "5! 👍"])
def test_an_answer_without_words(text: str, how: str) -> None:
    check_order([(text, text)], how)


def sentence_of(sizes: list[int], numbers: Iterator[int], shared: list[int]) -> tuple[str, str]:
    """A sentence and another spelling of it; each number is how many other words a word has there."""
    written, announced = [], []
    for size, common in itertools.zip_longest(sizes, shared[: len(sizes)], fillvalue=0):
        word = f"c{common}" if common else f"w{next(numbers):03}"
        written.append(word)
        announced += [f"s{next(numbers):03}" for _ in range(size)] or [word]
    return f"{' '.join(written)}.", f"{' '.join(announced)}."


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([0, 0, 1, 2, 3]), min_size=1, max_size=6),
            st.lists(st.integers(0, 9), max_size=3, unique=True),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["numbered", "numbered ahead", "RTVI 1.x"]),
)
@settings(max_examples=300, deadline=None)
def test_any_other_spelling_stands_in_order(drawn: list[tuple[list[int], list[int], int]], how: str) -> None:
    numbers = itertools.count()
    pairs = [pair for sizes, shared, count in drawn for pair in [sentence_of(sizes, numbers, shared)] * count]
    # Else the other spelling could as well be something that the bot says besides.
    assume(
        not {written for written, announced in pairs if announced != written} & {announced for _, announced in pairs}
    )
    check_order(pairs, how)


@given(
    st.lists(st.tuples(st.sampled_from([*AS_ANNOUNCED]), st.integers(1, 3)), min_size=1, max_size=4),
    st.sampled_from(["numbered", "numbered ahead", "RTVI 1.x"]),
)
@settings(max_examples=300, deadline=None)
def test_segments_in_another_spelling_stand_in_order(repeated: list[tuple[str, int]], how: str) -> None:
    """Also those without any word of the model's, and those that are said more than once."""
    check_order([(sentence, AS_ANNOUNCED[sentence]) for sentence, count in repeated for _ in range(count)], how)


def check_order(pairs: Sequence[tuple[str, str]], how: str) -> None:
    """Each sentence that the model wrote is announced and said in another spelling."""
    sentences = [sentence for sentence, _ in pairs]
    heard = Heard()
    heard.answer(" ".join(sentences))
    for number, (_, announced) in enumerate(pairs):
        if how == "numbered ahead":
            new = {"segment_id": number, "will_be_spoken": True, "spoken_status": "new"}
            heard.hear("bot-output", text=announced, **new)
        elif how == "RTVI 1.x":
            heard.announces(announced)
    for number, (_, announced) in enumerate(pairs):
        if how == "RTVI 1.x":
            heard.speaks(announced)
        else:
            heard.says(announced, number)
        assert heard.bot.spoken == " ".join(sentences[: number + 1])
    assert heard.said == [("bot", " ".join(sentences))]
    check_all_spoken(heard.bot)
