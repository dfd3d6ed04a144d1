"""A recording of what a client sends and receives, as lines of JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.masked_data import masked_data


class Recorder:
    """The lines of a recording, bounded, with keys masked.

    Args:
        clock: seconds.
        max_size: characters that the lines may have together.
        secrets: gives the texts that must not be shown, such as the values of the client's headers.
    """

    def __init__(self, clock: Callable[[], float], max_size: int, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._clock = clock
        self._start = clock()
        self._room = max_size
        self._secrets = secrets
        self.is_full = False
        self.dropped = 0
        self.lines: list[str] = []

    def message(self, direction: str, text: str) -> None:
        """Add a message, ``"in"`` from the bot or ``"out"`` to it; a text that is not JSON is kept as it is."""
        message: Any = text
        with contextlib.suppress(ValueError):
            message = read_json(text)
        self._add(dir=direction, msg=message)

    def event(self, name: str, **details: Any) -> None:
        """Add something that happened to the session."""
        self._add(event=name, **details)

    def _add(self, **what: Any) -> None:
        if self.is_full:
            self.dropped += 1
            return
        milliseconds = round((self._clock() - self._start) * 1000, 1)
        line = json.dumps({"t_ms": milliseconds, **masked_data(what, self._secrets())}, ensure_ascii=False)
        # Half a character cannot be in a file; as JSON's "\\ud83d" it can.
        line = line.encode(errors="backslashreplace").decode()
        if len(line) >= self._room:
            self.is_full = True
            self.dropped += 1
            line = json.dumps({"t_ms": milliseconds, "event": "recording-full"})
        self._room -= len(line) + 1
        self.lines.append(line)
