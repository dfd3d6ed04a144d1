"""A client for the OpenAI Realtime protocol, beside the one for RTVI.

A transport is named by a word, or is one of :mod:`rtvi_web.transports`; a scripted one for tests is in
:mod:`rtvi_web.testing`. The errors are those of :mod:`rtvi_web.errors`, which ``rtvi_web`` has as well.
"""

from rtvi_web.realtime.client import RealtimeClient
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.events import ErrorEvent, RealtimeEvent
from rtvi_web.realtime.floor import SpeakingEvent
from rtvi_web.realtime.members.speaking import ItemResult
from rtvi_web.realtime.protocol.audio import AudioClip, InputAudio, float_to_pcm16
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.dialects.base import Address, Dialect, Target
from rtvi_web.realtime.protocol.items import Delta, Formatted, FormattedTool, Item, ItemEvent
from rtvi_web.realtime.protocol.session_config import SessionConfig
from rtvi_web.realtime.protocol.transcript_events import TranscriptEvent
from rtvi_web.realtime.protocol.usage import Usage
from rtvi_web.realtime.recording import Recording, RecordingEvent
from rtvi_web.realtime.renewal import SessionRenewedEvent
from rtvi_web.realtime.retry import RetryEvent
from rtvi_web.realtime.tools import BackgroundResult, Tool
from rtvi_web.realtime.transport import Played, RealtimeHost, RealtimeRequest, RealtimeTransport

__all__ = [
    "Address",
    "AudioClip",
    "BackgroundResult",
    "Conversation",
    "Delta",
    "Dialect",
    "ErrorEvent",
    "Formatted",
    "FormattedTool",
    "InputAudio",
    "Item",
    "ItemEvent",
    "ItemResult",
    "Played",
    "RealtimeAPI",
    "RealtimeClient",
    "RealtimeEvent",
    "RealtimeEventHandler",
    "RealtimeHost",
    "RealtimeRequest",
    "RealtimeTransport",
    "Recording",
    "RecordingEvent",
    "RetryEvent",
    "SessionConfig",
    "SessionRenewedEvent",
    "SpeakingEvent",
    "Target",
    "Tool",
    "TranscriptEvent",
    "Usage",
    "float_to_pcm16",
]
