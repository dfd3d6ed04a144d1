"""How servers that speak the protocol differ from OpenAI's. Each family of them is imported when a client names it."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.checks import nearest
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.dialects.base import Dialect

NAMES = ("openai", "azure", "xai", "qwen", "inworld", "speaches", "vllm", "localai", "huggingface", "mistral")
"""The dialects that a client may name."""


def dialect_of(given: Any) -> Dialect:
    """The dialect that a word names, or the given one.

    Raises:
        InvalidArgumentError: it is neither a known word nor a dialect.
    """
    if given == "openai":
        return Dialect()
    if isinstance(given, str) and given in NAMES:
        return _named(given)
    if not isinstance(given, Dialect):
        hint = nearest(given, NAMES) if isinstance(given, str) else ""
        raise InvalidArgumentError(f"dialect must be one of {', '.join(NAMES)}, or a Dialect; it is {given!r}.{hint}")
    return given


def _named(name: str) -> Dialect:
    if name in ("vllm", "mistral"):
        from rtvi_web.realtime.protocol.dialects import transcribers

        return transcribers.DIALECTS[name]()
    if name in ("xai", "qwen", "speaches"):
        from rtvi_web.realtime.protocol.dialects import flat

        return flat.DIALECTS[name]()
    from rtvi_web.realtime.protocol.dialects import close_to_openai

    return close_to_openai.DIALECTS[name]()
