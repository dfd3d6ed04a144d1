"""Messages that are not quite valid, and messages about calls that have stopped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import RTVIEvent
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.rtvi.protocol.outcomes import Answered, CallCancelled, Fire, ForHelpers, Outcome, Refused


def frame(type: str, data: object) -> str:
    return json.dumps({"label": "rtvi-ai", "type": type, "data": data})


def outcomes(text: str) -> list[Outcome]:
    return MessageReader().receive(text)


class TestHalfCharacters:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            (r"Hi \ud83d!", "Hi \ufffd!"),
            (r"Hi \uDE00!", "Hi \ufffd!"),
            (r"\ud83d\ude00", "\N{GRINNING FACE}"),
            (r"\ud83d\ude00\ud83d", "\N{GRINNING FACE}\ufffd"),
            (r"\ud83d\ud83d\ude00", "\ufffd\N{GRINNING FACE}"),
            (r"\ude00\ud83d", "\ufffd\ufffd"),
            (r"C:\\ud83d", r"C:\ud83d"),
            (r"\\\ud83d", "\\\ufffd"),
            ("Hi \ud83d!", "Hi \ufffd!"),
            ("\ude00\ud83d", "\ufffd\ufffd"),
        ],
        ids=ascii,
    )
    @pytest.mark.parametrize("type", ["bot-llm-text", "server-message", "no-such-type", "server-response"])
    def test_they_are_replaced_and_the_message_lives(self, type: str, written: str, read: str) -> None:
        field = "d" if type == "server-response" else "text"
        text = f'{{"label": "rtvi-ai", "type": "{type}", "id": "7", "data": {{"{field}": "{written}"}}}}'
        [outcome] = outcomes(text)
        match outcome:
            case Fire(event=event, args=(data,)):
                assert event is not RTVIEvent.INVALID_MESSAGE
                assert (data["text"] if isinstance(data, dict) else data.text) == read
            case Answered(id="7", value=value):
                assert value == read
            case ForHelpers(message):
                assert message["data"] == {"text": read}
            case _:
                pytest.fail(str(outcome))

    @given(st.text(st.characters(), max_size=30), st.booleans())
    def test_any_text(self, text: str, escaped: bool) -> None:
        message = {"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": text}}
        [fire] = outcomes(json.dumps(message, ensure_ascii=escaped))
        assert isinstance(fire, Fire)
        assert fire.args[0].text == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class TestResponsesThatAreInvalid:
    @pytest.mark.parametrize(
        "text",
        [
            '{"label": "rtvi-ai", "type": "server-response", "id": "7", "data": {"t": "x", "d": [',
            '{"label": "rtvi-ai", "type": "server-response", "id": "7", "data": nonsense}',
            '{"id" : "7", "label": "rtvi-ai", "type": "server-response", "data": [1]}',
            '{"label": "rtvi-ai", "type": 5, "id": "7"}',
            '{"label": "rtvi-ai", "id": "7", "data": {}}',
            '{"label": "other", "type": "server-response", "id": "7"}',
            '{"label": "rtvi-ai", "type": "action-response", "data": {"id": "9", "x": ["id"]}, "id": "7", }',
            r'{"label": "rtvi-ai", "type": "x\"", "data": {"a": "\ud83d"}, "id": "7"',
        ],
    )
    def test_their_request_fails_at_once(self, text: str) -> None:
        invalid, refused = outcomes(text)
        assert isinstance(invalid, Fire)
        assert refused == Refused("7", f"The bot's answer is invalid: {invalid.args[0].reason}")

    @pytest.mark.parametrize(
        "text",
        [
            '{"data": {"id": "7"}',
            '{"label": "x", "data": "\\"id\\": \\"7\\""}',
            "7",
            '"id": "7"',
            '{"label": "rtvi-ai", "id": 7, "type": 7}',
        ],
    )
    def test_others_have_no_request(self, text: str) -> None:
        assert len(outcomes(text)) == 1


class TestStoppedCalls:
    def stopped(self, id: str, *, cancelled: bool) -> list[Outcome]:
        return self.reader.receive(frame("llm-function-call-stopped", {"tool_call_id": id, "cancelled": cancelled}))

    @pytest.fixture(autouse=True)
    def a_reader(self) -> None:
        self.reader = MessageReader()

    @pytest.mark.parametrize("cancelled", [True, False])
    def test_a_call_that_has_stopped_is_not_taken(self, cancelled: bool) -> None:
        outcomes = self.stopped("1", cancelled=cancelled)
        assert [isinstance(outcome, CallCancelled) for outcome in outcomes] == [False, True][: 1 + cancelled]
        assert not self.reader.claim("1")
        assert self.reader.claim("2")

    def test_until_the_model_begins_its_next_answer(self) -> None:
        self.stopped("1", cancelled=True)
        self.reader.receive(frame("bot-llm-started", None))
        assert self.reader.claim("1")

    def test_an_empty_id_is_not_remembered(self) -> None:
        self.stopped("", cancelled=True)
        assert self.reader.claim("")
