"""Reads JSON from outside: from a bot, a server, a model, or the storage that all pages of a site share.

Deeply nested JSON overflows the stack of a page's Python, and nothing runs after that. ``pydantic_core`` refuses more
than 200 levels itself; every other place reads foreign JSON here, with the same limit.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 200
"""Levels of objects and arrays that foreign JSON may have; ``pydantic_core.from_json`` has the same limit."""

_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A JSON string, whose brackets do not count, or a bracket."""


class NestedTooDeeplyError(ValueError):
    """The JSON has more than :data:`MAX_DEPTH` levels."""

    def __init__(self) -> None:
        super().__init__(f"The JSON is nested more than {MAX_DEPTH} levels deep.")


def read_json(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply.
    """
    check_depth(text)
    return json.loads(text)


def check_depth(text: str) -> None:
    """Check that a JSON text has at most :data:`MAX_DEPTH` levels, in time proportional to its length.

    Raises:
        NestedTooDeeplyError: the text has more levels.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return  # Nearly every text has fewer brackets.
    depth = 0
    for token in _BRACKETS.finditer(text):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NestedTooDeeplyError
        elif first != '"':
            depth -= 1
