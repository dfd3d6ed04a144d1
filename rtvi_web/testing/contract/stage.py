"""What a transport brings to the suite: a bot and its network, to act upon."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

from rtvi_web.errors import ConnectPhase, DisconnectReason
from rtvi_web.rtvi.transport import Transport


class Stage(ABC):
    """A server, one bot at a time, and the network between them and the page. ``async with`` starts and stops it.

    The bot joins every session by itself. It needs to know nothing of RTVI: the suite says for it what it says, and
    reads what it hears. The methods without a body here are optional: each lets more tests run.

    Attributes:
        phases: the phases that the transport's ``connect()`` enters, in their order.
        words: what a stall must be called, by phase: words that must be in the error's message.
        foreign_words: words that no error of this transport may have, such as WebRTC's over a WebSocket.
        reasons: the reasons of an end that ``end()`` can play.
        patience: seconds in which anything must happen, such as noticing a lost link; real ones.
        every_turn: so many turns of the event loop are tried one by one in the tests of cancellation. Further turns are
            tried too, each a third later than the last.
        cycles: how many sessions follow one another in the test of what is left behind.
    """

    phases: Sequence[ConnectPhase] = (ConnectPhase.LINK,)
    words: Mapping[ConnectPhase, str] = {}
    foreign_words: Collection[str] = ()
    reasons: Collection[DisconnectReason] = ()
    patience: float = 20.0
    every_turn: int = 40
    cycles: int = 30

    async def start(self) -> None:
        """Start the server. Called once, before everything else."""
        return

    async def stop(self) -> None:
        """Stop it. Called once, after everything else."""
        return

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    @abstractmethod
    def make_transport(self) -> Transport:
        """A new transport to the server, with short times for whatever it waits for, such as a lost link."""

    @property
    def client_options(self) -> Mapping[str, Any]:
        """Arguments of ``RTVIClient``, such as ``params``, if the transport needs them to find the server."""
        return {}

    # The bot.

    @abstractmethod
    async def say(self, text: str) -> None:
        """The bot sends a text, as it is, in the session that began last."""

    @abstractmethod
    async def heard(self) -> str:
        """Wait for the next text that has reached a bot, in any session."""

    async def leave(self) -> None:
        """The bot leaves by itself, as bots of this kind of server do."""
        raise NotImplementedError

    # Other people, where there can be any.

    async def stranger_joins(self) -> None:
        """Somebody other than the bot joins the session."""
        raise NotImplementedError

    async def stranger_leaves(self) -> None:
        """They leave again."""
        raise NotImplementedError

    async def stranger_says(self, text: str) -> None:
        """They join, and send a text to the page."""
        raise NotImplementedError

    # What can happen to a session.

    async def stall(self, phase: ConnectPhase | None) -> None:
        """From now on ``connect()`` gets as far as this phase and no further; with ``None``, all goes well again."""
        raise NotImplementedError

    async def refuse(self) -> None:
        """The server refuses the next connection."""
        raise NotImplementedError

    async def cut(self) -> None:
        """The network is cut: nothing arrives any more on either side, and neither side is told."""
        raise NotImplementedError

    async def heal(self) -> None:
        """The network works again."""
        raise NotImplementedError

    async def end(self, reason: DisconnectReason) -> None:
        """The session ends for this reason, one of ``reasons``."""
        raise NotImplementedError

    # The page and its devices. The microphone is granted at first.

    async def deny_microphone(self) -> None:
        """The person refuses the microphone from now on."""
        raise NotImplementedError

    async def allow_microphone(self) -> None:
        """The person allows it again."""
        raise NotImplementedError

    async def bot_hears(self, sound: bool) -> None:
        """Wait until the bot hears the microphone, or until it hears silence or nothing."""
        raise NotImplementedError

    async def bot_sounds(self) -> None:
        """The bot sends sound from now on, in this session and in later ones."""
        raise NotImplementedError

    def left_open(self) -> Sequence[str]:
        """What is open outside Python at this moment, in words: sockets, connections, tracks, audio contexts."""
        return ()
