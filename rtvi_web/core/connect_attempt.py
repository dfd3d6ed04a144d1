"""What attempts to connect have in common: how they fail, how long they may take, and how they are cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from rtvi_web.errors import ConnectionTimeoutError, ConnectPhase, RTVIError, TransportStartError

STALLED = {
    ConnectPhase.START: "the start endpoint did not answer",
    ConnectPhase.OFFER: "the server did not answer the WebRTC offer",
    ConnectPhase.ICE: "no network path to the bot was found",
    ConnectPhase.DATA_CHANNEL: "the data channel did not open",
    ConnectPhase.BOT_READY: "the bot did not say bot-ready",
}
"""What an attempt to reach a bot has waited for in vain."""


def with_phase(error: Exception, phase: ConnectPhase) -> RTVIError:
    """An error of ours that names the phase; anything else is wrapped, and chained as the cause."""
    if not isinstance(error, RTVIError):
        wrapped = TransportStartError(f"{type(error).__name__}: {error}", phase=phase)
        wrapped.__cause__ = error
        return wrapped
    error.phase = error.phase or phase
    return error


@contextlib.asynccontextmanager
async def deadline(timeout: float | None, complaint: Callable[[], str]) -> AsyncIterator[asyncio.Timeout]:
    """Hold an attempt to its time-out.

    Args:
        timeout: seconds; ``None`` means no limit.
        complaint: what the error says, asked for when it is late.

    Raises:
        ConnectionTimeoutError: it took longer.
    """
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            yield limit
    except TimeoutError:
        if not limit.expired():
            raise
        raise ConnectionTimeoutError(complaint()) from None
