"""The members of a client that measure and diagnose its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtvi_web.rtvi.members.base import ClientBase

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.link.diagnosis import Diagnosis
    from rtvi_web.rtvi.protocol.link.stats import LinkStats


class Stats(ClientBase):
    """Statistics and diagnosis of the connection."""

    async def stats(self) -> LinkStats:
        """The link at this moment: round-trip time, loss, bitrates, codecs and the path's ends.

        Units are seconds, bits per second, bytes, and fractions of 1; see :class:`LinkStats`.

        Raises:
            DisconnectedError: there is no link.
            UnsupportedFeatureError: the transport has no statistics.
        """
        return await self._transport.stats()

    async def diagnose(self) -> Diagnosis:
        """Find out what is wrong with the session, or why the last one failed; ``print(await client.diagnose())``.

        In a session it takes three seconds, to see whether anything arrives from the bot and from the microphone.
        Raises nothing.
        """
        from rtvi_web.rtvi.protocol.link.diagnosis import (
            diagnose,  # Seldom needed, so no page waits for it at its boot.
        )

        evidence = await self._transport.examine()
        connection = self._connection
        return diagnose(
            connection.state,
            connection.phase,
            connection.failure,
            evidence,
            bot_ready=connection.bot_ready_data is not None,
            mic_enabled=self._transport.media.is_mic_enabled,
        )
