"""The event table: one row relates an event, its callback, its wire message and its payload.

Everything that needs to know one from another reads it here: dispatch, ``callbacks=``, the types of ``on()``, and
the names of the JavaScript client. A new event is a new row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Generic, NamedTuple, TypeVarTuple

from pydantic import BaseModel

from rtvi_web.errors import DeviceError
from rtvi_web.protocol.media import MediaStreamTrack, Participant
from rtvi_web.protocol.messages import RTVIMessage
from rtvi_web.protocol.payloads import (
    BotReadyData,
    ErrorMessage,
    FunctionCallData,
    FunctionCallStartedData,
    FunctionCallStoppedData,
    TextData,
    TranscriptData,
)
from rtvi_web.protocol.state import TransportState

Args = TypeVarTuple("Args")


def snake_case(name: str) -> str:
    """``"onBotLlmText"`` → ``"on_bot_llm_text"``; names that are snake_case already stay as they are."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Event(str, Generic[*Args]):
    """The name of an event, which also carries the types of its handler's arguments.

    Attributes:
        callback: the key in ``callbacks=``, such as ``"on_bot_ready"``.
        js_callback: the callback's name in JavaScript, such as ``"onBotReady"``.
        wire: the type of the wire message that fires it, or ``None``.
        payload: what the handler gets of that message: ``None`` nothing, ``Any`` its data as sent, a payload model
            its data validated, a message model the whole message.
    """

    __slots__ = ("callback", "js_callback", "payload", "wire")
    callback: str
    js_callback: str
    wire: str | None
    payload: Any

    def __new__(
        cls, name: str, *, wire: str | None = None, payload: Any = None, js_callback: str | None = None
    ) -> Event[*Args]:
        self = super().__new__(cls, name)
        self.js_callback = js_callback or "on" + name[0].upper() + name[1:]
        self.callback = snake_case(self.js_callback)
        self.wire = wire
        self.payload = payload
        return self


class InvalidMessage(NamedTuple):
    """A frame that is no RTVI message: its text (cut after 2,000 characters), and why it is none."""

    text: str
    reason: str


class _EventTable(type):
    def __iter__(cls) -> Iterator[Event[Any]]:
        return (value for value in vars(cls).values() if isinstance(value, Event))


class RTVIEvent(metaclass=_EventTable):
    """All events, one row each. Mirrors ``RTVIEvent``; iterate over the class to see them all."""

    # The session.
    TRANSPORT_STATE_CHANGED: Final = Event[TransportState]("transportStateChanged")
    CONNECTED: Final = Event[()]("connected")
    DISCONNECTED: Final = Event[()]("disconnected")
    BOT_CONNECTED: Final = Event[Participant]("botConnected")
    BOT_DISCONNECTED: Final = Event[Participant]("botDisconnected")
    BOT_READY: Final = Event[BotReadyData]("botReady", wire="bot-ready", payload=BotReadyData)
    ERROR: Final = Event[ErrorMessage]("error", wire="error", payload=ErrorMessage)
    MESSAGE_ERROR: Final = Event[ErrorMessage]("messageError", wire="error-response", payload=ErrorMessage)

    # Devices and media.
    TRACK_STARTED: Final = Event[MediaStreamTrack, Participant]("trackStarted")
    TRACK_STOPPED: Final = Event[MediaStreamTrack, Participant]("trackStopped")
    LOCAL_AUDIO_LEVEL: Final = Event[float]("localAudioLevel")
    DEVICE_ERROR: Final = Event[DeviceError]("deviceError")
    BOT_AUDIO_BLOCKED: Final = Event[()]("botAudioBlocked")

    # Who speaks, and what was said.
    USER_STARTED_SPEAKING: Final = Event[()]("userStartedSpeaking", wire="user-started-speaking")
    USER_STOPPED_SPEAKING: Final = Event[()]("userStoppedSpeaking", wire="user-stopped-speaking")
    BOT_STARTED_SPEAKING: Final = Event[()]("botStartedSpeaking", wire="bot-started-speaking")
    BOT_STOPPED_SPEAKING: Final = Event[()]("botStoppedSpeaking", wire="bot-stopped-speaking")
    BOT_INTERRUPTED: Final = Event[()]("botInterrupted", wire="bot-interrupted")
    USER_TRANSCRIPT: Final = Event[TranscriptData]("userTranscript", wire="user-transcription", payload=TranscriptData)
    BOT_TRANSCRIPT: Final = Event[TextData]("botTranscript", wire="bot-transcription", payload=TextData)
    USER_LLM_TEXT: Final = Event[TextData]("userLlmText", wire="user-llm-text", payload=TextData)

    # The model and the voice.
    BOT_LLM_STARTED: Final = Event[()]("botLlmStarted", wire="bot-llm-started")
    BOT_LLM_TEXT: Final = Event[TextData]("botLlmText", wire="bot-llm-text", payload=TextData)
    BOT_LLM_STOPPED: Final = Event[()]("botLlmStopped", wire="bot-llm-stopped")
    BOT_TTS_STARTED: Final = Event[()]("botTtsStarted", wire="bot-tts-started")
    BOT_TTS_TEXT: Final = Event[TextData]("botTtsText", wire="bot-tts-text", payload=TextData)
    BOT_TTS_STOPPED: Final = Event[()]("botTtsStopped", wire="bot-tts-stopped")
    LLM_FUNCTION_CALL_STARTED: Final = Event[FunctionCallStartedData](
        "llmFunctionCallStarted",
        wire="llm-function-call-started",
        payload=FunctionCallStartedData,
        js_callback="onLLMFunctionCallStarted",
    )
    LLM_FUNCTION_CALL_IN_PROGRESS: Final = Event[FunctionCallData](
        "llmFunctionCallInProgress",
        wire="llm-function-call-in-progress",
        payload=FunctionCallData,
        js_callback="onLLMFunctionCallInProgress",
    )
    LLM_FUNCTION_CALL_STOPPED: Final = Event[FunctionCallStoppedData](
        "llmFunctionCallStopped",
        wire="llm-function-call-stopped",
        payload=FunctionCallStoppedData,
        js_callback="onLLMFunctionCallStopped",
    )
    LLM_FUNCTION_CALL: Final = Event[FunctionCallData](
        "llmFunctionCall", wire="llm-function-call", payload=FunctionCallData, js_callback="onLLMFunctionCall"
    )

    # Messages of the application, and those that have no row of their own.
    SERVER_MESSAGE: Final = Event[Any]("serverMessage", wire="server-message", payload=Any)
    GENERIC_MESSAGE: Final = Event[RTVIMessage]("genericMessage")
    INVALID_MESSAGE: Final = Event[InvalidMessage]("invalidMessage")
    MESSAGE_RECEIVED: Final = Event[str]("messageReceived")
    MESSAGE_SENT: Final = Event[str]("messageSent")


EVENTS: Final[dict[str, Event[Any]]] = {str(event): event for event in RTVIEvent}
"""Every event by its name, such as ``"botReady"``."""

BY_WIRE: Final[dict[str, Event[Any]]] = {event.wire: event for event in RTVIEvent if event.wire}
"""The event of each wire message type."""


def arguments(event: Event[Any], message: RTVIMessage) -> tuple[Any, ...]:
    """What the handlers of an event get of a wire message.

    Raises:
        pydantic.ValidationError: the message does not fit the event's payload.
    """
    payload = event.payload
    if payload is None:
        return ()
    if payload is Any:
        return (message.data,)
    model: type[BaseModel] = payload
    source = message.model_dump(exclude_none=True) if issubclass(model, RTVIMessage) else message.data
    return (model.model_validate({} if source is None else source),)
