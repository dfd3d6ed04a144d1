"""The member of a client that records its sessions, and the recording."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rtvi_web.errors import InvalidArgumentError, LinkError
from rtvi_web.rtvi.members.base import ClientBase
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import ESTABLISHED, TransportState

if TYPE_CHECKING:
    from rtvi_web.rtvi.session.recording import Recorder

MAX_SIZE = 4_000_000
"""Characters of a recording, if the page names no other number: some hours of conversation."""
_SHORTEST = 8
"""Only header values of so many characters are masked everywhere; a shorter one may be a common word."""


class MessageRecording:
    """What a client sends and receives, in the form of JSON lines: :meth:`RTVIClient.record` makes it.

    A line is a message, ``{"t_ms": 12.5, "dir": "in", "msg": {…}}`` (``"in"`` comes from the bot, ``"out"`` goes to
    it), or what happened to the session, ``{"t_ms": 12.5, "event": "connected"}``. ``t_ms`` counts milliseconds from
    the beginning of the recording. Keys, tokens and passwords are replaced by ``…``.
    :func:`rtvi_web.testing.replay` makes a script of it.
    """

    def __init__(self, recorder: Recorder, stop: Callable[[], None]) -> None:
        self._recorder = recorder
        self._stop = stop

    @property
    def is_full(self) -> bool:
        """Whether it has reached its size; it ends with the event ``recording-full`` then."""
        return self._recorder.is_full

    @property
    def dropped(self) -> int:
        """How many lines came after it was full."""
        return self._recorder.dropped

    def stop(self) -> None:
        """Record nothing more. May be called again."""
        self._stop()

    def text(self) -> str:
        """The lines so far; the recording goes on."""
        return "".join(f"{line}\n" for line in self._recorder.lines)

    def save(self, name: str = "recording.jsonl") -> None:
        """Save the lines so far: in a page as a download, on CPython as a file. The recording goes on.

        Args:
            name: the file's name. In a page it is a name alone; on CPython it may be a path, whose file is replaced.

        Raises:
            InvalidArgumentError: in a page, the name is empty or has a folder.
            OSError: on CPython, the file cannot be written.
        """
        if sys.platform == "emscripten":
            if not name or "/" in name or "\\" in name:
                raise InvalidArgumentError(f"A page saves into the folder of downloads: name a file, not {name!r}.")
            from rtvi_web.browser.download import download

            download(name, self.text())
        else:
            with open(name, "w", encoding="utf-8", newline="\n") as file:
                file.write(self.text())


class Recordings(ClientBase):
    """Recordings of sessions."""

    def record(self, *, max_size: int = MAX_SIZE) -> MessageRecording:
        """Record what is sent and received from now on, through all sessions, until :meth:`MessageRecording.stop`.

        Sound is not recorded. Keys, tokens and passwords are masked, and so are the values of the client's headers.
        Transcripts are not: look at a recording before you give it away.

        Args:
            max_size: characters that it may have; then it keeps its beginning.

        Raises:
            InvalidArgumentError: ``max_size`` is not a number of characters, 1,000 at least.
        """
        if not isinstance(max_size, int) or isinstance(max_size, bool) or max_size < 1000:
            raise InvalidArgumentError(f"max_size must be a number of characters, 1,000 at least; it is {max_size!r}.")
        from rtvi_web.rtvi.session.recording import Recorder  # Its patterns take time to compile; few pages record.

        recorder = Recorder(_now, max_size, self._secrets)
        unsubscribe = [
            self.on(RTVIEvent.MESSAGE_RECEIVED, lambda text: recorder.message("in", text)),
            self.on(RTVIEvent.MESSAGE_SENT, lambda text: recorder.message("out", text)),
            self.on(RTVIEvent.CONNECTED, lambda: recorder.event("connected")),
            self.on(
                RTVIEvent.RECONNECTING,
                lambda attempt, cause: recorder.event("reconnecting", attempt=attempt, cause=cause.value),
            ),
            self.on(RTVIEvent.RECONNECTED, lambda resumed: recorder.event("reconnected", resumed=resumed)),
            self.on(RTVIEvent.BOT_DISCONNECTED, lambda _: self._note_bot_left(recorder)),
            self.on(RTVIEvent.DISCONNECTED, lambda: recorder.event("disconnected", **self._why_ended())),
        ]

        def stop() -> None:
            while unsubscribe:
                unsubscribe.pop()()

        return MessageRecording(recorder, stop)

    def _note_bot_left(self, recorder: Recorder) -> None:
        # It fires at the end of every session too, and before a new bot takes the place of one that was lost.
        if self._connection.state in ESTABLISHED - {TransportState.RECONNECTING}:
            recorder.event("bot-left")

    def _why_ended(self) -> dict[str, Any]:
        """What ended the session; nothing if the page did."""
        failure = self._connection.failure
        if failure is None:
            return {}
        if isinstance(failure, LinkError):
            return {"cause": "lost", "reason": failure.reason, "error": failure.message}
        return {"cause": "failed", "error": failure.message}

    def _secrets(self) -> tuple[str, ...]:
        """The values of the client's headers, and each without the word before it: ``Bearer abc``, ``abc``."""
        values = [text for value in self._params.headers.values() for text in (value, value.rpartition(" ")[2])]
        return tuple(sorted({value for value in values if len(value) >= _SHORTEST}, key=len, reverse=True))


def _now() -> float:
    """The time of the event loop, as far as there is one."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()
