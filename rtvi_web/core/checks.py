"""Checks what users pass, and words the errors that say what is wrong with it."""

from __future__ import annotations

import contextlib
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from rtvi_web.core.masking import Headers, described
from rtvi_web.core.warn import warn
from rtvi_web.errors import InvalidArgumentError

Init = TypeVar("Init", bound=Callable[..., None])


def keywords_only(init: Init) -> Init:
    """Have an ``__init__`` that takes keywords only say so when it is given a dict of options, as in JavaScript.

    Raises:
        InvalidArgumentError: there is a positional argument; the message shows a call with keywords.
    """

    @functools.wraps(init)
    def checked(self: object, *positional: object, **keywords: Any) -> None:
        if positional:
            given = positional[0]
            options = [snake_case(str(key)) for key in given] if isinstance(given, Mapping) else []
            example = ", ".join(f"{name}=…" for name in dict.fromkeys(["transport", *options, *keywords]))
            name, kind = type(self).__name__, type(given).__name__
            raise InvalidArgumentError(f"{name} takes keyword arguments, not a positional {kind}: {name}({example}).")
        init(self, **keywords)

    return checked  # type: ignore[return-value]


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like a word; ``None`` if no word is alike."""
    from difflib import get_close_matches  # only when something is wrong: it is slow to import in the page

    return next(iter(get_close_matches(str(word), [str(name) for name in known], n=1)), None)


def nearest(word: str, known: Iterable[str]) -> str:
    """`` Did you mean …?``, or nothing if no known word is like it."""
    found = closest(word, known)
    return f" Did you mean {found!r}?" if found else ""


def checked_mapping(name: str, value: Any) -> dict[str, Any]:
    """A dict, empty if none was given.

    Raises:
        InvalidArgumentError: it is not a dict.
    """
    if value is None or isinstance(value, Mapping):
        return dict(value or {})
    raise InvalidArgumentError(f"{name} must be a dict; it is {described(value)}.")


def checked_headers(name: str, value: Any) -> Headers:
    """Headers given as a dict or as pairs; empty if none were given.

    Raises:
        InvalidArgumentError: they are neither, or not texts.
    """
    with contextlib.suppress(TypeError, ValueError):
        headers = Headers()
        for key, word in value.items() if isinstance(value, Mapping) else value or ():
            if not isinstance(key, str) or not isinstance(word, str):
                break
            headers[key] = f"{headers[key]}, {word}" if key in headers else word  # as a browser's Headers joins them
        else:
            return headers
    # Does not quote the values: they may be keys.
    raise InvalidArgumentError(f"{name} must be a dict of texts, or pairs of them.")


def join_url(base: str, path: str) -> str:
    """Join a base URL and a path with exactly one slash. Without a path, the base URL alone."""
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base


def check_text(name: str, value: object) -> None:
    """Check that something is a text.

    Raises:
        InvalidArgumentError: it is not.
    """
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name} must be a text; it is {value!r}.")


def check_bools(**values: object) -> None:
    """Check that each of these arguments is ``True`` or ``False``. ``"no"`` would count as true.

    Raises:
        InvalidArgumentError: one is neither.
    """
    for name, value in values.items():
        if not isinstance(value, bool):
            raise InvalidArgumentError(f"{name} must be True or False; it is {described(value)}.")


def check_number(name: str, value: object, low: float, high: float, unit: str, *, whole: bool = False) -> None:
    """Check that something is a number from ``low`` to ``high``, and an ``int`` if only a whole one makes sense.

    Raises:
        InvalidArgumentError: it is not. A ``bool`` is no number here.
    """
    kind = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        limits = f"{low:g} to {high:g}" if math.isfinite(high) else f"at least {low:g}"
        number = "a whole number, " if whole else ""
        raise InvalidArgumentError(f"{name} must be {number}{limits} {unit}; it is {described(value)}.")


def seconds(value: float | None, name: str) -> float | None:
    """A time-out in seconds, ``None`` for no limit; warns if it looks like milliseconds.

    Raises:
        InvalidArgumentError: not a positive, finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InvalidArgumentError(f"{name} must be a positive number of seconds, or None; it is {value!r}.")
    if value > 600:
        warn(f"{name}={value:g} is in seconds; did you mean {value / 1000:g}?", UserWarning)
    return float(value)


def snake_case(name: str) -> str:
    """``"onBotLlmText"`` → ``"on_bot_llm_text"``; names that are snake_case already stay as they are."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
