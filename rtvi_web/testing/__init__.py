"""What users test their code with: scripted transports, without a browser, a bot or a server.

Names are imported when they are first used, so that a test of one client loads nothing of the other.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtvi_web.core.media import BOT, LOCAL
    from rtvi_web.testing.http import HttpAnswer, HttpRequest, HttpStream, ScriptedAbortController, ScriptedHttp
    from rtvi_web.testing.media import ScriptedTrack
    from rtvi_web.testing.realtime import ScriptedRealtimeTransport
    from rtvi_web.testing.recorded import replay
    from rtvi_web.testing.script import (
        Expect,
        Leave,
        Lose,
        Say,
        ScriptError,
        Sound,
        Step,
        Wait,
        expect,
        handshake,
        leave,
        lose,
        say,
        say_text,
        sound,
        wait,
    )
    from rtvi_web.testing.scripted import ScriptedTransport

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
    "Sound",
    "Step",
    "Wait",
    "expect",
    "handshake",
    "leave",
    "lose",
    "replay",
    "say",
    "say_text",
    "sound",
    "wait",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "ScriptedRealtimeTransport":
        from rtvi_web.testing.realtime import ScriptedRealtimeTransport

        return ScriptedRealtimeTransport
    from rtvi_web.core import media as participants
    from rtvi_web.testing import http, media, recorded, script, scripted

    modules = (script, http, media, scripted, recorded, participants)
    return next(vars(module)[name] for module in modules if name in vars(module))


def __dir__() -> list[str]:
    return __all__
