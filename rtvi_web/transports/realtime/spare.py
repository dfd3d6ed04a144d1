"""What a second link reports to, until it takes over from the first."""

from __future__ import annotations

from collections.abc import Callable

from rtvi_web.core.media import MediaListener
from rtvi_web.errors import ConnectPhase, RTVIError
from rtvi_web.realtime.transport import RealtimeHost


class SpareHost:
    """A ``RealtimeHost`` that keeps a link's frames and its loss from the session's host, until :meth:`take_over`."""

    def __init__(
        self,
        host: RealtimeHost,
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> None:
        self._host = host
        self._received = received
        self._on_lost = lost

    def take_over(self) -> None:
        """From now on the session's host gets everything."""
        self._received, self._on_lost = self._host.receive, self._host.lost

    @property
    def media(self) -> MediaListener:
        return self._host.media

    def enter(self, phase: ConnectPhase) -> None:
        """``connect()`` is long over."""

    def receive(self, frame: str | bytes) -> None:
        self._received(frame)

    def lost(self, error: RTVIError) -> None:
        self._on_lost(error)

    def ask(self) -> bool:
        return self._host.ask()

    def microphone(self, pcm: bytes, *, muted: bool = False) -> None:
        self._host.microphone(pcm, muted=muted)

    def recorded(self, side: str, pcm: bytes, rate: int) -> None:
        self._host.recorded(side, pcm, rate)

    def speaking(self, speaking: bool) -> None:
        self._host.speaking(speaking)
