"""A turn's text is the same in any order, spelling and split, and in sessions that were recorded."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conversations import Heard, check_all_spoken, check_prefix, data_of, keys, messages, pieces_of, replay
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvi_web.rtvi.protocol.conversation.bot_output import BotOutput
from rtvi_web.rtvi.protocol.payloads import BotOutputData

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
