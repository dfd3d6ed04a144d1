"""Server-sent events, as a server answers an action over HTTP: bytes in, RTVI messages as text out.

It follows the HTML standard (WHATWG, "Server-sent events") with two differences: a last event counts even without its
blank line, and the size of an event is limited.
"""

from __future__ import annotations

import codecs
from binascii import a2b_base64

MAX_EVENT_SIZE = 1024 * 1024
"""Characters that the lines of one event may have, if nothing else is said."""


class EventTooLargeError(ValueError):
    """An event is larger than the limit. The rest of the stream cannot be read."""


class EventStream:
    """Decodes one stream of type ``text/event-stream``, whatever the size of its chunks.

    Comments and the fields ``event``, ``id`` and ``retry`` are ignored: RTVI messages do not use them.

    Args:
        limit: characters that the lines of one event may have.
    """

    def __init__(self, limit: int = MAX_EVENT_SIZE) -> None:
        self._max_size = limit
        # Drops a byte order mark; bytes that are not UTF-8 become U+FFFD.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._after_cr = False
        self._line = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The data of each event that a chunk completes.

        Raises:
            EventTooLargeError: an event is too large; earlier events of the same chunk are lost with it.
        """
        return self._read(self._decoder.decode(chunk))

    def end(self) -> list[str]:
        """The data of the last event, if its blank line is missing. Call it when the stream has ended.

        Raises:
            EventTooLargeError: that event is too large.
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
        """The lines that a text completes. A CR ends its line at once, and takes a following LF with it."""
        if not text:
            return []  # The chunk ended inside a character; keep in mind whether a CR came before it.
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
        if self._size + len(line) > self._max_size:
            raise EventTooLargeError(f"An event of the stream is over {self._max_size:,} characters.")


def message_text(data: str) -> str:
    """The JSON text of the RTVI message in an event's data.

    Pipecat's servers send its UTF-8 as base64, others send plain JSON. Other text is returned as it is.
    """
    if data.lstrip().startswith("{"):
        return data
    encoded = "".join(data.split())
    try:
        return a2b_base64(encoded + "=" * (-len(encoded) % 4), strict_mode=True).decode()
    except ValueError:
        return data
