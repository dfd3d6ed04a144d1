"""The scripted transport of :mod:`rtvi_web.testing`, under its former name."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtvi_web.testing.realtime import ScriptedRealtimeTransport

__all__ = ["ScriptedRealtimeTransport"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rtvi_web.testing.realtime import ScriptedRealtimeTransport

    return ScriptedRealtimeTransport
