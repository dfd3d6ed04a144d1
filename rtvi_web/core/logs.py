"""How much rtvi_web writes to the log."""

from __future__ import annotations

import logging
from enum import IntEnum


class LogLevel(IntEnum):
    """Mirrors ``LogLevel``; the values are those of :mod:`logging`."""

    NONE = logging.CRITICAL + 10
    ERROR = logging.ERROR
    WARN = logging.WARNING
    INFO = logging.INFO
    DEBUG = logging.DEBUG


def set_log_level(level: LogLevel) -> None:
    """Set how much is logged, for all clients. Mirrors ``setLogLevel()``.

    Sets the level of :mod:`logging`'s logger ``rtvi_web``. At DEBUG the log may contain transcripts, but never keys.
    """
    logging.getLogger("rtvi_web").setLevel(level)
