"""What users test their code with: scripted transports, without a browser, a bot or a server.

Names are imported when they are first used, so that a test of one client loads nothing of the other.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtvi_web.testing.realtime import ScriptedRealtimeTransport
    from rtvi_web.testing.scripted import (
        BOT,
        LOCAL,
        Expect,
        HttpAnswer,
        HttpRequest,
        HttpStream,
        Leave,
        Lose,
        Say,
        ScriptedAbortController,
        ScriptedHttp,
        ScriptedTrack,
        ScriptedTransport,
        ScriptError,
        Step,
        expect,
        handshake,
        leave,
        lose,
        say,
        say_text,
    )

__all__ = [
    "BOT",
    "LOCAL",
    "Expect",
    "HttpAnswer",
    "HttpRequest",
    "HttpStream",
    "Leave",
    "Lose",
    "Say",
    "ScriptError",
    "ScriptedAbortController",
    "ScriptedHttp",
    "ScriptedRealtimeTransport",
    "ScriptedTrack",
    "ScriptedTransport",
    "Step",
    "expect",
    "handshake",
    "leave",
    "lose",
    "say",
    "say_text",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "ScriptedRealtimeTransport":
        from rtvi_web.testing.realtime import ScriptedRealtimeTransport

        return ScriptedRealtimeTransport
    from rtvi_web.testing import scripted

    return getattr(scripted, name)


def __dir__() -> list[str]:
    return __all__
