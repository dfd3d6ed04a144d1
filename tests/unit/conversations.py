"""What the tests of conversations share: a conversation that hears messages, recorded sessions, and checks of turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from rtvi_web import Conversation, Turn
from rtvi_web.rtvi.protocol.conversation.spelling import words
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.rtvi.protocol.outcomes import Fire

TRACES = Path(__file__).parents[1] / "traces"


class Heard:
    """A conversation that hears a bot's messages, one a second."""

    def __init__(self) -> None:
        self.conversation = Conversation(lambda: self.now)
        self.reader = MessageReader()
        self.now = 100.0

    def hear(self, type: str, **data: Any) -> list[Turn]:
        """Hear one message; gives the turns that it changed."""
        self.now += 1
        frame = json.dumps({"label": "rtvi-ai", "type": type, "data": data or None})
        changed: list[Turn] = []
        for outcome in self.reader.receive(frame):
            if isinstance(outcome, Fire):
                changed += self.conversation.take(outcome.event, outcome.args)
        return changed

    def hear_all(self, *types: str) -> None:
        """Hear messages without data."""
        for type in types:
            self.hear(type)

    def answer(self, text: str) -> None:
        """The bot has thought of an answer, and begins to say it."""
        self.hear("bot-llm-started")
        self.hear("bot-llm-text", text=text)
        self.hear_all("bot-llm-stopped", "bot-started-speaking")

    def says(self, text: str, segment_id: int) -> None:
        """The bot says a sentence aloud (RTVI 2.x)."""
        for status in ("new", "completed"):
            self.hear("bot-output", text=text, segment_id=segment_id, will_be_spoken=True, spoken_status=status)

    def shows(self, text: str, segment_id: int) -> None:
        """The bot shows something that is not for speaking (RTVI 2.x)."""
        self.hear("bot-output", text=text, segment_id=segment_id, will_be_spoken=False, spoken_status="new")

    def announces(self, text: str) -> None:
        """The bot will say something (RTVI 1.x)."""
        self.hear("bot-output", text=text, spoken=False, aggregated_by="sentence")

    def speaks(self, text: str, kind: str = "sentence") -> None:
        """The bot has said something aloud (RTVI 1.x)."""
        self.hear("bot-output", text=text, spoken=True, aggregated_by=kind)

    @property
    def said(self) -> list[tuple[str, str]]:
        """The role and the text of each turn."""
        return [(turn.role, turn.text) for turn in self.conversation.turns]

    @property
    def bot(self) -> Turn:
        """The bot's last turn."""
        return next(turn for turn in reversed(self.conversation.turns) if turn.role == "bot")


def messages(name: str) -> list[tuple[str, dict[str, Any]]]:
    """The messages of a recorded session: their direction, and what they are."""
    records = map(json.loads, (TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    rtvi = [record for record in records if isinstance(record.get("msg"), dict) and "type" in record["msg"]]
    return [(record["dir"], record["msg"]) for record in rtvi if record["msg"].get("label") == "rtvi-ai"]


def data_of(message: dict[str, Any]) -> dict[str, Any]:
    """A message's data, where it is an object."""
    data = message.get("data")
    return data if isinstance(data, dict) else {}


def replay(name: str) -> Heard:
    """A conversation that has heard a recorded session."""
    heard = Heard()
    for direction, message in messages(name):
        if direction == "in":
            heard.hear(message["type"], **data_of(message))
        elif message["type"] == "send-text":
            heard.conversation.wrote(message["data"]["content"])
    return heard


def keys(text: str) -> list[str]:
    """The words of a text, as they are compared."""
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
    """All of a turn was spoken."""
    assert (turn.spoken, turn.output.will_say) == (turn.text, "")


def pieces_of(text: str, data: st.DataObject) -> list[str]:
    """A text, split anywhere."""
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=8)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if start < end]
