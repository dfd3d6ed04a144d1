"""Warnings that name the user's line, from however deep in rtvi_web they come."""

from __future__ import annotations

import sys
import warnings
from types import FrameType


def warn(message: str, category: type[Warning]) -> None:
    """Warn about the innermost line outside rtvi_web: Python shows deprecations only for a page's own lines."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] == "rtvi_web":
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)
