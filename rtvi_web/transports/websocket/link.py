"""One WebSocket to one bot, from its opening to its end: frames in and out, and how it ended."""

from __future__ import annotations

import logging
from typing import Protocol

from rtvi_web.browser.relay import Relay
from rtvi_web.browser.relayed_socket import RelayedSocket
from rtvi_web.browser.websocket import WebSocketClosedError
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, QueueFullError
from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
from rtvi_web.transports.sockets import open_socket
from rtvi_web.transports.websocket.frames import (
    AudioRawFrame,
    Content,
    FrameError,
    InterruptionFrame,
    MessageFrame,
    decode,
    encode,
)
from rtvi_web.transports.websocket.liveness import Liveness

logger = logging.getLogger(__name__)

MOST_BUFFERED = 8 << 20
"""Bytes that may wait before another message."""
REFUSED = (
    "Browsers do not tell a page why. The server may be down, or not reachable from here. A token may be missing, have "
    "expired or be used up: Pipecat's are good for one connection within five minutes. The server may refuse pages of "
    "this origin, or answer with plain HTTP where wss:// asks for TLS."
)


class LinkOwner(Protocol):
    """What a link tells: a session."""

    def on_text(self, text: str) -> None:
        """An RTVI message has come."""

    def on_audio(self, frame: AudioRawFrame) -> None:
        """Sound of the bot has come."""

    def on_interruption(self) -> None:
        """The bot was interrupted: drop its earlier sound."""

    def on_silenced(self) -> None:
        """The bot was interrupted, and its earlier sound is dropped already."""

    def on_alive(self, is_alive: bool) -> None:
        """The open link was found dead, or lives after all."""

    def on_closed(self, code: int, reason: str) -> None:
        """The open link was closed, with a code of RFC 6455 and the server's reason, which may be empty."""


class Link:
    """Carries Pipecat's frames over a WebSocket. It sends binary frames only, and survives what it does not know.

    Args:
        owner: is told what comes.
        relay: carries the sound, as far as it can.
    """

    def __init__(self, owner: LinkOwner, relay: Relay) -> None:
        self._owner = owner
        self._socket = RelayedSocket(relay, received=self._on_frame, silenced=owner.on_silenced, closed=self._on_closed)
        self._tasks = Tasks()
        self._warned: set[str] = set()
        self.liveness = Liveness(
            self._send_if_open, lambda: self.backlog, owner.on_alive, lambda: self._socket.sound_received
        )
        self.evidence = LinkEvidence(opened=False)
        self._received = self._sent = 0

    @property
    def received(self) -> int:
        """Bytes of frames that have come."""
        return self._received + self._socket.sound_received

    @property
    def sent(self) -> int:
        """Bytes of frames that were sent."""
        return self._sent + self._socket.sound_sent

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._socket.is_open

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent."""
        return self._socket.backlog

    async def open(self, url: str) -> None:
        """Connect.

        Raises:
            TransportStartError: it could not be opened.
            UnsupportedFeatureError: the page cannot relay sound.
        """
        await open_socket(self._socket, url, [], REFUSED)
        self.evidence.opened = True

    async def count(self) -> None:
        """Bring the numbers of bytes up to date."""
        await self._socket.count()

    def watch(self) -> None:
        """Notice from now on if the link dies; the bot answers."""
        self._tasks.run(self.liveness.watch(), "watching the WebSocket failed")

    def send(self, text: str) -> None:
        """Send a message. It is lost, like one under way, if the server has just closed the link: the end, with its
        reason, is about to be told.

        Raises:
            DisconnectedError: the link is not open.
            QueueFullError: too many bytes wait already.
        """
        if not self.is_open:
            raise DisconnectedError("The WebSocket to the bot is not open.")
        if (waiting := self.backlog) > MOST_BUFFERED:
            raise QueueFullError(
                f"The WebSocket cannot keep up: {waiting:,} bytes wait in it. The message was not sent."
            )
        self._send(MessageFrame(text))

    def close(self) -> None:
        """Close it. The owner hears no more of it."""
        self._tasks.cancel()
        self._socket.close()

    def _send_if_open(self, text: str) -> None:
        if self.is_open:
            self._send(MessageFrame(text))

    def _send(self, content: Content) -> None:
        data = encode(content)
        self._sent += len(data)
        self._socket.send(data)

    def _on_frame(self, data: str | bytes) -> None:
        if isinstance(data, str):
            self._warn_once("a text", data[:200])
            return
        self._received += len(data)
        try:
            content, _ = decode(data)
        except FrameError as error:
            self.liveness.on_message()
            self._warn_once("bytes that are no frame", str(error))
            return
        if isinstance(content, MessageFrame):
            if not self.liveness.on_message(content.data):
                self._owner.on_text(content.data)
            return
        self.liveness.on_message()
        if isinstance(content, AudioRawFrame):
            self._owner.on_audio(content)
        elif isinstance(content, InterruptionFrame):
            self._owner.on_interruption()

    def _warn_once(self, what: str, details: str) -> None:
        """A server that does it once may do it a hundred times a second."""
        if what not in self._warned:
            self._warned.add(what)
            logger.warning("the server sent %s, which is ignored, as all of the kind will be: %s", what, details)

    def _on_closed(self, error: WebSocketClosedError) -> None:
        self._tasks.cancel()
        self.evidence.close_code = error.code
        self._owner.on_closed(error.code, error.reason)
