"""What attempts to connect have in common: how they fail, and how they are cancelled."""

from __future__ import annotations

import asyncio

from rtvi_web.errors import ConnectPhase, RTVIError, TransportStartError


def with_phase(error: Exception, phase: ConnectPhase) -> RTVIError:
    """An error of ours that names the phase; anything else is wrapped, and chained as the cause."""
    if not isinstance(error, RTVIError):
        wrapped = TransportStartError(f"{type(error).__name__}: {error}", phase=phase)
        wrapped.__cause__ = error
        return wrapped
    error.phase = error.phase or phase
    return error


def cancelling() -> bool:
    """Whether the present task is itself being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
