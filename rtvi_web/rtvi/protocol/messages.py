"""The RTVI message as it arrives."""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from rtvi_web.rtvi.protocol.envelope import LABEL


class RTVIMessage(BaseModel):
    """One RTVI message. Mirrors ``RTVIMessage`` of the JavaScript client; unknown fields are kept.

    Attributes:
        label: always ``"rtvi-ai"``.
        type: the message type as on the wire, such as ``"bot-llm-text"``.
        id: present on requests and on their answers; ``None`` on a bot's events.
        data: the payload as parsed JSON.
    """

    model_config = ConfigDict(extra="allow", defer_build=True)

    label: str = LABEL
    type: str
    id: str | None = None
    data: Any = None


class MalformedMessageError(ValueError):
    """A frame is not an RTVI message; says why."""


_ID = (str, NoneType)
_HEAD = re.compile(rf'\s*\{{\s*"label"\s*:\s*"{LABEL}"\s*,\s*"type"\s*:\s*"([a-z-]{{1,64}})"')
"""How servers begin a message; types that are longer have no event."""
_ESCAPES = r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
"""An escaped backslash, a surrogate pair, a lone surrogate."""
_TOKENS = r'"((?:[^"\\]++|\\.)*+)("?)|[{}\[\]:]|[^\s"{}\[\]:,]+'
"""A text, whose end may be missing, a mark of JSON, or another value."""


def type_at_head(text: str) -> str:
    """The type of a message, without parsing it, if it begins as servers begin theirs; else empty."""
    head = _HEAD.match(text)
    return head[1] if head else ""


def parse(text: str) -> dict[str, Any]:
    """The message in a frame of text, as parsed JSON, in a third of the time of :func:`decode`.

    Raises:
        MalformedMessageError: as :func:`decode`.
    """
    try:
        message = from_json(text)
    except (ValueError, TypeError):  # TypeError: a lone surrogate
        message = None
    if (
        isinstance(message, dict)
        and message.get("label", LABEL) == LABEL
        and isinstance(message.get("type"), str)
        and isinstance(message.get("id", ""), _ID)
    ):
        return message
    return decode(text).model_dump()  # it says what is wrong


def mended(text: str) -> str:
    """A frame of text with U+FFFD in place of half characters (lone surrogates), written as they are or escaped."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub(_ESCAPES, lambda found: r"\ufffd" if found["lone"] else found[0], text)


def id_in(text: str) -> str:
    """The id of a message that is not valid, perhaps not even JSON; empty if it has none."""
    depth, before = 0, ("", "")
    for found in re.finditer(_TOKENS, text):
        token = found[0]
        if depth == 1 and before == ('"id"', ":") and found[2]:
            return found[1]
        depth += (token in "{[") - (token in "}]")
        before = before[1], token
    return ""


def decode(text: str) -> RTVIMessage:
    """The message in a frame of text.

    Raises:
        MalformedMessageError: not JSON, not an RTVI envelope, or another label.
    """
    try:
        message = RTVIMessage.model_validate_json(text)
    except ValidationError as error:
        raise MalformedMessageError(reason_of(error)) from None
    if message.label != LABEL:
        raise MalformedMessageError(f"label: {message.label[:40]!r} is not {LABEL!r}")
    return message


def reason_of(error: ValidationError) -> str:
    """What is wrong, and the place in the message."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    message = "Input should be an object" if first["type"] in _NOT_AN_OBJECT else first["msg"]
    return f"{where}: {message}" if where else message


_NOT_AN_OBJECT = ("model_type", "dict_type")
"""What pydantic says in two ways: of JSON and of parsed JSON."""
