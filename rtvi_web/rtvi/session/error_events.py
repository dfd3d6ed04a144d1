"""The event of a fatal error that no bot reported: the link was lost, or the start endpoint refused."""

from __future__ import annotations

from rtvi_web.core.emitter import Emitter
from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.rtvi.protocol.events import RTVIEvent


def emit_error(error: RTVIError, emitter: Emitter) -> None:
    """Fire ``error``."""
    from rtvi_web.rtvi.protocol.payloads import ErrorData, ErrorMessage  # late, see rtvi_web.rtvi.protocol

    data = ErrorData(error=error.message, fatal=True)
    if isinstance(error, DisconnectedError) and error.reason:
        data = ErrorData(error=error.message, fatal=True, reason=error.reason, code=error.code)  # type: ignore[call-arg]
    emitter.emit(RTVIEvent.ERROR, ErrorMessage(type="error", data=data))
