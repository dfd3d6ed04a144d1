"""rtvi_web: real-time voice bots in the web page, in Python.

Importable everywhere; connecting, devices and audio need Pyodide or PyScript in a web page. Transports are in
:mod:`rtvi_web.transports`, a scripted one for tests in :mod:`rtvi_web.testing`.
"""

import os
import sys
from typing import TYPE_CHECKING

if sys.platform == "emscripten":
    # Before its first model, pydantic looks for plugins in every archive on the path, which costs 20 ms of the boot.
    # A page that has some sets this to "" before the import.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from rtvi_web._version import __version__
from rtvi_web.client import RTVIClient
from rtvi_web.errors import (
    AlreadyStartedError,
    BotError,
    BotNotReadyError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DeviceError,
    DisconnectedError,
    HttpError,
    InvalidArgumentError,
    MessageTooLargeError,
    NotInBrowserError,
    RequestError,
    RequestTimeoutError,
    RTVIError,
    StartBotError,
    TransportStartError,
    UnsupportedFeatureError,
)
from rtvi_web.functions import FunctionCall
from rtvi_web.params import ClientParams, Endpoints
from rtvi_web.protocol.events import Event, InvalidMessage, RTVIEvent
from rtvi_web.protocol.media import Participant, ParticipantTracks, Tracks
from rtvi_web.protocol.state import TransportState
from rtvi_web.transport import Transport

if TYPE_CHECKING:
    from rtvi_web.protocol.messages import RTVIMessage
    from rtvi_web.protocol.payloads import (
        BotReadyData,
        ErrorData,
        ErrorMessage,
        FunctionCallData,
        FunctionCallStartedData,
        FunctionCallStoppedData,
        TextData,
        TranscriptData,
    )

__all__ = [
    "AlreadyStartedError",
    "BotError",
    "BotNotReadyError",
    "BotReadyData",
    "ClientParams",
    "ConnectAbortedError",
    "ConnectPhase",
    "ConnectionTimeoutError",
    "DeviceError",
    "DisconnectedError",
    "Endpoints",
    "ErrorData",
    "ErrorMessage",
    "Event",
    "FunctionCall",
    "FunctionCallData",
    "FunctionCallStartedData",
    "FunctionCallStoppedData",
    "HttpError",
    "InvalidArgumentError",
    "InvalidMessage",
    "MessageTooLargeError",
    "NotInBrowserError",
    "Participant",
    "ParticipantTracks",
    "RTVIClient",
    "RTVIError",
    "RTVIEvent",
    "RTVIMessage",
    "RequestError",
    "RequestTimeoutError",
    "StartBotError",
    "TextData",
    "Tracks",
    "TranscriptData",
    "Transport",
    "TransportStartError",
    "TransportState",
    "UnsupportedFeatureError",
    "__version__",
]


def __getattr__(name: str) -> object:
    """The models, which are imported when they are first asked for: see :mod:`rtvi_web.protocol`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rtvi_web.protocol import payloads

    model: object = getattr(payloads, name)
    return model


def __dir__() -> list[str]:
    return __all__
