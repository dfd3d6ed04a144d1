"""The "language model": it looks up what was said in phrases.json, and can ask for a function call."""

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import from_json

PHRASES_FILE = Path(__file__).with_name("phrases.json")
GREETING = "Hello! Try saying: make the page green."
_SUGGESTIONS = ("tell me a joke", "what time is it", "make the page green")
FALLBACK = f"I only know a few phrases. Try: {', or: '.join(_SUGGESTIONS)}."


@dataclass(frozen=True)
class Call:
    """A function that the model wants called."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Phrase:
    """What a person may say, and the answer. With a `call`, the answer's {fields} come from its result."""

    say: str
    answer: str
    call: Call | None = None


def load_phrases(file: Path = PHRASES_FILE) -> list[Phrase]:
    """The phrases in a file; without one, every phrase that the local bot understands."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return [Phrase(row["say"], row["answer"], Call(**row["call"]) if "call" in row else None) for row in rows]


class RuleBasedModel:
    """Answers a chat of OpenAI messages with a text or a function call."""

    def __init__(self, phrases: list[Phrase]) -> None:
        # The longest first, so that "what time is it now" is not taken for a shorter phrase within.
        self._phrases = sorted(phrases, key=lambda phrase: -len(phrase.say))

    def reply(self, messages: list[dict[str, Any]], functions: set[str]) -> str | Call:
        """The next turn after `messages`; only `functions` may be called."""
        last = messages[-1] if messages else {}
        if last.get("role") in ("system", "developer"):
            return GREETING
        users = [message for message in messages if message.get("role") == "user"]
        if last.get("role") == "user" and (size := _file_size(last)) is not None:
            return f"That is a file of {size} bytes."
        phrase = self._find(_text(users[-1])) if users else None
        if phrase is None:
            return FALLBACK
        if phrase.call is None:
            return phrase.answer
        if last.get("role") == "tool":
            return _answer_with(phrase, _text(last))
        return phrase.call if phrase.call.name in functions else FALLBACK

    def _find(self, text: str) -> Phrase | None:
        words = f" {' '.join(re.findall(r'[a-z]+', text.lower()))} "
        return next((phrase for phrase in self._phrases if f" {phrase.say} " in words), None)


def _answer_with(phrase: Phrase, result: str) -> str:
    """The phrase's answer, filled from a function's result as Pipecat puts it into the chat: JSON or a word."""
    if result == "CANCELLED":
        return "I asked for it, but no answer came in time."
    try:
        value = from_json(result)  # json.loads() would raise RecursionError if it is nested deeply
    except ValueError:
        value = result
    if isinstance(value, dict) and "error" in value:
        return f"That did not work: {value['error']}."
    try:
        return phrase.answer.format_map(value if isinstance(value, dict) else {})
    except KeyError:
        return f"The answer is {result}."


def _file_size(message: dict[str, Any]) -> int | None:
    """The bytes of the file in a message: an image or a document in a data URL, as Pipecat puts it into the chat."""
    content = message.get("content")
    for part in content if isinstance(content, list) else []:
        url = part.get("image_url", {}).get("url") or part.get("file", {}).get("file_data") or ""
        if url.startswith("data:"):
            return len(base64.b64decode(url.partition(",")[2]))
    return None


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content if isinstance(part, dict))
