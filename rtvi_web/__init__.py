"""rtvi_web: real-time voice bots in the web page, in Python.

Importable everywhere; connecting, devices and audio need Pyodide or PyScript in a web page. Transports are in
:mod:`rtvi_web.transports`, a scripted one for tests in :mod:`rtvi_web.testing`.
"""

# isort: off
import rtvi_web.runtime  # noqa: F401 - first, because it speaks of runtimes that lack the others

# isort: on
import os
import sys
import warnings
from typing import TYPE_CHECKING

if sys.platform == "emscripten":
    # Before its first model, pydantic looks for plugins in every archive on the path, which costs 20 ms of the boot.
    # A page that has some sets this to "" before the import.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from rtvi_web._version import __version__
from rtvi_web.core.event import Event
from rtvi_web.core.event_queue import EmittedEvent, EventQueue
from rtvi_web.core.logs import LogLevel, set_log_level
from rtvi_web.core.media import (
    AudioFrame,
    DeviceState,
    DeviceStatus,
    MediaDevice,
    MediaState,
    Participant,
    ParticipantTracks,
    Tracks,
)
from rtvi_web.errors import (
    ActionEndpointNotSetError,
    AlreadyStartedError,
    BotError,
    BotNotReadyError,
    ConfigUpdateError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DeviceError,
    DisconnectedError,
    DisconnectReason,
    HttpError,
    InvalidArgumentError,
    LinkError,
    MessageTooLargeError,
    NotInBrowserError,
    QueueFullError,
    RequestError,
    RequestTimeoutError,
    RTVIError,
    StartBotError,
    TransportStartError,
    UnsupportedFeatureError,
    UnsupportedRuntimeError,
)
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.members.files import FileReference
from rtvi_web.rtvi.members.recording import MessageRecording
from rtvi_web.rtvi.protocol.events import InvalidMessage, RTVIEvent
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect
from rtvi_web.rtvi.protocol.state import BotState, TransportState
from rtvi_web.rtvi.session.functions import FunctionCall
from rtvi_web.rtvi.session.helpers import RTVIClientHelper
from rtvi_web.rtvi.session.params import ClientParams, Endpoints
from rtvi_web.rtvi.transport import Transport

if TYPE_CHECKING:
    from rtvi_web.rtvi.members.llm_helper import LLMHelper
    from rtvi_web.rtvi.protocol.conversation.bot_output import BotOutput
    from rtvi_web.rtvi.protocol.conversation.calls import CallRecord
    from rtvi_web.rtvi.protocol.conversation.conversation import Conversation
    from rtvi_web.rtvi.protocol.conversation.turn import Turn
    from rtvi_web.rtvi.protocol.link.diagnosis import Diagnosis, Finding, Problem
    from rtvi_web.rtvi.protocol.link.stats import LinkStats
    from rtvi_web.rtvi.protocol.messages import RTVIMessage
    from rtvi_web.rtvi.protocol.payloads import (
        ActionDescription,
        ActionDescriptions,
        ActionResponse,
        BotCapabilities,
        BotLLMMarkerData,
        BotLLMSearchResponseData,
        BotOutputData,
        BotReadyData,
        BotTTSAudioData,
        ConfigDescription,
        ErrorData,
        ErrorMessage,
        FunctionCallData,
        FunctionCallStartedData,
        FunctionCallStoppedData,
        LLMContext,
        MetricsData,
        OptionDescription,
        ServiceDescription,
        SpokenProgress,
        StorageItemStoredData,
        TextData,
        TranscriptData,
        UICommandData,
        UIJobGroupData,
        UserInputData,
    )

__all__ = [
    "ActionDescription",
    "ActionDescriptions",
    "ActionEndpointNotSetError",
    "ActionResponse",
    "AlreadyStartedError",
    "AudioFrame",
    "BotCapabilities",
    "BotError",
    "BotLLMMarkerData",
    "BotLLMSearchResponseData",
    "BotNotReadyError",
    "BotOutput",
    "BotOutputData",
    "BotReadyData",
    "BotState",
    "BotTTSAudioData",
    "CallRecord",
    "ClientParams",
    "ConfigDescription",
    "ConfigUpdateError",
    "ConnectAbortedError",
    "ConnectPhase",
    "ConnectionTimeoutError",
    "Conversation",
    "DeviceError",
    "DeviceState",
    "DeviceStatus",
    "Diagnosis",
    "DisconnectReason",
    "DisconnectedError",
    "EmittedEvent",
    "Endpoints",
    "ErrorData",
    "ErrorMessage",
    "Event",
    "EventQueue",
    "FileReference",
    "Finding",
    "FunctionCall",
    "FunctionCallData",
    "FunctionCallStartedData",
    "FunctionCallStoppedData",
    "HttpError",
    "InvalidArgumentError",
    "InvalidMessage",
    "LLMContext",
    "LLMHelper",
    "LinkError",
    "LinkLoss",
    "LinkStats",
    "LogLevel",
    "MediaDevice",
    "MediaState",
    "MessageRecording",
    "MessageTooLargeError",
    "MetricsData",
    "NotInBrowserError",
    "OptionDescription",
    "Participant",
    "ParticipantTracks",
    "Problem",
    "QueueFullError",
    "RTVIClient",
    "RTVIClientHelper",
    "RTVIError",
    "RTVIEvent",
    "RTVIMessage",
    "Reconnect",
    "RequestError",
    "RequestTimeoutError",
    "ServiceDescription",
    "SpokenProgress",
    "StartBotError",
    "StorageItemStoredData",
    "TextData",
    "Tracks",
    "TranscriptData",
    "Transport",
    "TransportStartError",
    "TransportState",
    "Turn",
    "UICommandData",
    "UIJobGroupData",
    "UnsupportedFeatureError",
    "UnsupportedRuntimeError",
    "UserInputData",
    "__version__",
    "set_log_level",
]


def __getattr__(name: str) -> object:
    """Import names when they are first used: models (see :mod:`rtvi_web.rtvi.protocol`), rare ones, old ones."""
    if name == "Happened":
        warnings.warn(
            "rtvi_web.Happened is deprecated: it is rtvi_web.EmittedEvent now.", DeprecationWarning, stacklevel=2
        )
        return EmittedEvent
    if name in ("VoiceClient", "DailyVoiceClient", "VoiceEvent"):
        from rtvi_web import voice_client

        now = "RTVIEvent" if name == "VoiceEvent" else "RTVIClient"
        warnings.warn(f"rtvi_web.{name} is deprecated: it is rtvi_web.{now} now.", DeprecationWarning, stacklevel=2)
        return getattr(voice_client, name)
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rtvi_web.core.requirements import check

    check()
    from rtvi_web.rtvi.members import llm_helper
    from rtvi_web.rtvi.protocol import messages, payloads
    from rtvi_web.rtvi.protocol.conversation import bot_output, calls, conversation, turn
    from rtvi_web.rtvi.protocol.link import diagnosis, stats

    homes = (payloads, messages, diagnosis, stats, llm_helper, bot_output, calls, conversation, turn)
    return next(getattr(module, name) for module in homes if hasattr(module, name))


def __dir__() -> list[str]:
    return __all__
