"""The event of a fatal error that no bot reported: the link was lost, or the start endpoint refused."""

from __future__ import annotations

from rtvi_web.core.emitter import Emitter
from rtvi_web.errors import RTVIError
from rtvi_web.rtvi.protocol.events import RTVIEvent


def emit_error(error: RTVIError, emitter: Emitter) -> None:
    """Fire ``error``."""
    from rtvi_web.rtvi.protocol.payloads import ErrorData, ErrorMessage  # late, see rtvi_web.rtvi.protocol

    data = ErrorData(error=error.message, fatal=True)
    emitter.emit(RTVIEvent.ERROR, ErrorMessage(type="error", data=data))
