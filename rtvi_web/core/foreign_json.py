"""Reads JSON that comes from outside: from a bot, a server or a model.

Deeply nested JSON overflows the stack of a page's Python, after which nothing runs any more. ``pydantic_core`` refuses
more than 200 levels by itself; this reader holds every other place to the same limit.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 200
"""Levels of objects and arrays that foreign JSON may have; ``pydantic_core.from_json`` has the same limit."""

_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A text of JSON, whose brackets do not count, or a bracket."""


class NestedTooDeeplyError(ValueError):
    """The JSON has more than :data:`MAX_DEPTH` levels."""

    def __init__(self) -> None:
        super().__init__(f"The JSON is nested more than {MAX_DEPTH} levels deep.")


def read_json(text: str) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    check_depth(text)
    return json.loads(text)


def check_depth(text: str) -> None:
    """Check that a JSON text has at most :data:`MAX_DEPTH` levels; takes time in proportion to its length.

    Raises:
        NestedTooDeeplyError: it has more.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return  # Fewer brackets than levels: that is nearly every text.
    depth = 0
    for token in _BRACKETS.finditer(text):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NestedTooDeeplyError
        elif first != '"':
            depth -= 1
