"""Server-sent events, in which a server answers an action over HTTP: bytes in, RTVI messages as text out.

The rules are those of the HTML standard (WHATWG, "Server-sent events"), but for two: a last event without its blank
line counts, and no event may be endless.
"""

from __future__ import annotations

import codecs
from binascii import a2b_base64

MAX_EVENT_SIZE = 1024 * 1024
"""Characters that the lines of one event may have."""


class EventTooLargeError(ValueError):
    """An event of a stream is over ``MAX_EVENT_SIZE``; nothing that follows in the stream can be read."""


class EventStream:
    """Decodes one stream of type ``text/event-stream``, however it is cut into chunks.

    Comments and the fields ``event``, ``id`` and ``retry`` say nothing about an RTVI message, and are passed over.
    """

    def __init__(self) -> None:
        # Drops a byte order mark; what is no UTF-8 becomes U+FFFD.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._after_cr = False
        self._line = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The data of each event that a chunk completes.

        Raises:
            EventTooLargeError: an event is too large; those before it in the same chunk are lost with it.
        """
        return self._read(self._decoder.decode(chunk))

    def end(self) -> list[str]:
        """The stream has ended: the data of the last event, if its blank line is missing.

        Raises:
            EventTooLargeError: it is too large.
        """
        return self._read(self._decoder.decode(b"", final=True) + "\n\n")

    def _read(self, text: str) -> list[str]:
        events = []
        for line in self._lines(text):
            self._limit(line)
            if line:
                self._take(line)
            elif self._data:
                events.append("\n".join(self._data))
                self._data.clear()
                self._size = 0
        self._limit(self._line)
        return events

    def _lines(self, text: str) -> list[str]:
        """The lines that a text completes. A CR ends its line at once; an LF that follows belongs to it."""
        if not text:
            return []  # Part of a character, which a CR may precede.
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines[0] = self._line + lines[0]
        self._line = lines.pop()
        return lines

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        if field == "data":
            self._data.append(value.removeprefix(" "))
            self._size += len(line)

    def _limit(self, line: str) -> None:
        if self._size + len(line) > MAX_EVENT_SIZE:
            raise EventTooLargeError(f"An event of the stream is over {MAX_EVENT_SIZE:,} characters.")


def message_text(data: str) -> str:
    """The JSON text of the RTVI message in an event's data.

    Pipecat-era servers send base64 of its UTF-8, others plain JSON. What is neither comes back as it is.
    """
    if data.lstrip().startswith("{"):
        return data
    encoded = "".join(data.split())
    try:
        return a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True).decode()
    except ValueError:
        return data
