"""How the answers of a WebSocket session are played."""

from __future__ import annotations

from rtvi_web.browser import _js
from rtvi_web.browser.pcm_player import PcmPlayer, require_sinks


class PcmOutput:
    """Has a player for each session, and keeps speaker and volume between sessions; an ``Output`` of media."""

    def __init__(self) -> None:
        self.player: PcmPlayer | None = None
        """The player of the session; ``None`` without a session."""
        self._sink = ""
        self._volume = 1.0
        self._muted = False

    @property
    def volume(self) -> float:
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = volume
        self._apply()

    @property
    def muted(self) -> bool:
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        self._apply()

    def _apply(self) -> None:
        if self.player is not None:
            self.player.volume = 0.0 if self._muted else self._volume

    @property
    def sink_id(self) -> str:
        return self._sink

    async def use_sink(self, id: str) -> None:
        require_sinks()
        if self.player is not None:
            await self.player.use_sink(id)
        else:  # Without a player, an element checks whether the speaker exists.
            await _js.call(_js.construct("Audio"), "setSinkId", id)
        self._sink = id

    async def open(self, player: PcmPlayer) -> None:
        """Make the player of a session ready, on the chosen speaker.

        Raises:
            UnsupportedFeatureError: there are no AudioWorklets here.
        """
        player.volume = 0.0 if self._muted else self._volume
        await player.open()
        if self._sink:
            try:
                await player.use_sink(self._sink)
            except _js.JsError:  # It was unplugged: play on the default speaker.
                self._sink = ""

    async def resume(self) -> None:
        if self.player is not None:
            await self.player.resume()

    def close(self) -> None:
        player, self.player = self.player, None
        if player is not None:
            player.close()
