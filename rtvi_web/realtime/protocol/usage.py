"""The tokens a client has used, as the server counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_FIELDS = 32
"""Fields of each object that are added up; others are ignored."""
_LEVELS = 3
"""Levels of objects: usage, details, and details of what was cached."""


class Usage:
    """Totals over all responses and transcriptions.

    Attributes:
        responses: how many responses reported their usage.
        tokens: sums in the server's shape: ``{"input_tokens": …, "output_token_details": {…}, …}``.
        transcription: the same for transcriptions: tokens, or ``"seconds"``.
    """

    def __init__(self) -> None:
        self.responses = 0
        self.tokens: dict[str, Any] = {}
        self.transcription: dict[str, Any] = {}

    def add_response(self, usage: Mapping[str, Any]) -> None:
        """Add the usage of a ``response.done``."""
        if usage:
            self.responses += 1
            _add(self.tokens, usage)

    def add_transcription(self, usage: Mapping[str, Any]) -> None:
        """Add the usage of a transcription."""
        _add(self.transcription, usage)

    def __repr__(self) -> str:
        return f"<Usage of {self.responses} responses: {self.tokens}>"


def _add(totals: dict[str, Any], usage: Mapping[str, Any], levels: int = _LEVELS) -> None:
    for key, value in usage.items():
        if key not in totals and len(totals) >= MAX_FIELDS:
            continue
        if isinstance(value, Mapping):
            inner = totals.setdefault(key, {}) if levels > 1 else None
            if isinstance(inner, dict):
                _add(inner, value, levels - 1)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            before = totals.get(key, 0)
            totals[key] = before + value if isinstance(before, int | float) else value
