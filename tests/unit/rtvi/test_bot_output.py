"""What the bot has said, is saying and will say, put together from the segments that it tells."""

from __future__ import annotations

from typing import Any

import pytest

from rtvi_web.rtvi.protocol.conversation.bot_output import MAX_SEGMENTS, BotOutput
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.payloads import BotOutputData


class TestBotOutput:
    def add(self, *messages: dict[str, Any]) -> BotOutput:
        output = BotOutput()
        for message in messages:
            output.add(BotOutputData.model_validate(message))
        return output

    def test_names_of_current_servers(self) -> None:
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
        words = [{"text": "w", "aggregated_by": "word", "spoken": True}] * (MAX_TEXT + 5)
        segments = [{"text": "s", "segment_id": number} for number in range(MAX_SEGMENTS + 5)]
        assert len(self.add(*words).said.replace(" ", "")) == MAX_TEXT
        assert len(self.add(*segments).text.split()) == MAX_SEGMENTS

    def test_its_characters_are_bounded_too(self) -> None:
        big = "x" * (MAX_TEXT - 1)
        first, *others = ({"text": big, "segment_id": id, "will_be_spoken": True} for id in range(4))
        output = self.add(
            *({**first, "spoken_status": status} for status in ("new", "completed", "completed")), *others
        )
        assert output.said == big
        assert [len(segment) for segment in output.segments] == [MAX_TEXT - 1, 1, 0, 0]

    @pytest.mark.parametrize("will_be_spoken", [True, False])
    def test_of_a_model_that_speaks_by_itself(self, will_be_spoken: bool) -> None:
        """Each piece of a word is a message of its own: more than a thousand in an answer of five minutes."""
        pieces = [" un", "belie", "vable"] * 700
        how = {"spoken": True, "will_be_spoken": False, "spoken_status": "new"}
        if will_be_spoken:
            how = {"will_be_spoken": True, "spoken_status": "completed"}
        output = self.add(*({"text": piece, "segment_id": id, **how} for id, piece in enumerate(pieces)))
        assert output.segments == [output.text] == ["".join(pieces).strip()]
        assert (output.said, output.will_say, output.shown, output.is_silent) == (output.text, "", "", False)

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
        output = BotOutput()
        output.write(written)
        for segment in segments:
            output.add(BotOutputData.model_validate({"text": segment, "spoken": False}))
        assert output.text == text
        assert output.segments == segments

    @pytest.mark.parametrize(
        ("said", "text", "spoken"),
        [
            ("One. Two.", "One.\n\nTwo. Three.", "One.\n\nTwo."),
            ("你好。 我是", "你好。我是机器人。", "你好。我是"),
            ("One tw", "One  two.", "One  two."),
            ("five dollars", "$5", "$5"),
            ("", "One.", ""),
        ],
    )
    def test_what_was_said_as_it_is_written(self, said: str, text: str, spoken: str) -> None:
        output = BotOutput()
        output.write(text)
        output.say(said)
        assert output.spoken == spoken
