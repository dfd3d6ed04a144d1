"""The steps of a script: what the client must send, and what the bot does."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.rtvi.protocol.envelope import LABEL, PROTOCOL_VERSION


class ScriptError(AssertionError):
    """The client did not do what the script says; the message has what was expected and what came."""


class Expect(NamedTuple):
    """The client must send this next; ``data`` names what must be in it, other keys are free.

    ``id`` is what later steps call the message that comes.
    """

    type: str
    data: Mapping[str, Any]
    id: str = ""


class Say(NamedTuple):
    """The bot sends a frame.

    ``answers`` gives it the id of the message expected last; or, if it is a text, of the one whose :class:`Expect` has
    this ``id``.
    """

    message: dict[str, Any] | str
    answers: bool | str


class Wait(NamedTuple):
    """The bot does nothing for so many seconds."""

    seconds: float


class Sound(NamedTuple):
    """The bot is heard.

    Attributes:
        pcm: 16-bit samples, little-endian; those of all channels interleaved.
        rate: samples a second of each channel.
        channels: how many.
    """

    pcm: bytes
    rate: int
    channels: int = 1

    def __repr__(self) -> str:
        seconds = len(self.pcm) / (2 * self.channels * self.rate)
        return f"Sound({seconds:g} s, rate={self.rate}, channels={self.channels})"


class Leave(NamedTuple):
    """The bot leaves the session."""


class Lose(NamedTuple):
    """The link is lost."""

    error: RTVIError


Step = Expect | Say | Wait | Sound | Leave | Lose


def expect(type: str, data: Mapping[str, Any] | None = None) -> Expect:
    """The client must send a message of this type next, with at least this data."""
    return Expect(type, data or {})


def say(type: str, data: Any = None, *, answers: bool = False) -> Say:
    """The bot sends a message; with ``answers``, as the answer to what was expected last."""
    message = {"label": LABEL, "type": type}
    return Say(message if data is None else {**message, "data": data}, answers)


def say_text(text: str) -> Say:
    """The bot sends a frame of text as it is, which may be nonsense."""
    return Say(text, answers=False)


def wait(seconds: float) -> Wait:
    """The bot does nothing for so many seconds: ``wait(0.3), say(…)``. What the client sends meanwhile is kept."""
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"wait() takes a number of seconds; it is {seconds!r}.")
    return Wait(seconds)


def sound(wav: bytes | str | os.PathLike[str]) -> Sound:
    """The bot is heard, and goes on with its script at once; :func:`wait` for as long as the sound lasts if need be.

    In a page it is played, drawn and measured as any bot's sound is. :class:`ScriptedTransport` notes it only.

    Args:
        wav: a WAV file of 16-bit samples, or its content.

    Raises:
        ValueError: it is not such a file.
    """
    import wave  # Not in every page's boot.

    try:
        with wave.open(io.BytesIO(wav) if isinstance(wav, bytes) else os.fspath(wav), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"sound() takes 16-bit samples; these have {8 * file.getsampwidth()} bits.")
            return Sound(file.readframes(file.getnframes()), file.getframerate(), file.getnchannels())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"sound() takes a WAV file of 16-bit samples: {error}.") from error


def leave() -> Leave:
    """The bot leaves."""
    return Leave()


def lose(error: RTVIError | None = None) -> Lose:
    """The link is lost for good."""
    return Lose(error or DisconnectedError("The link was lost."))


def handshake(version: str = PROTOCOL_VERSION) -> tuple[Expect, Say]:
    """The beginning of every session: client-ready, answered by bot-ready.

    The bot's next step happens at once, before ``connect()`` has returned; put an :func:`expect` between to delay it.
    """
    return expect("client-ready"), say("bot-ready", {"version": version}, answers=True)
