"""The event table: one row relates an event, its callback, its wire message and its payload.

Dispatch, ``callbacks=``, the types of ``on()`` and the names of the JavaScript client all read it. A new event is a new
row.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rtvi_web.core.checks import closest, snake_case
from rtvi_web.core.event import Event
from rtvi_web.core.media import MediaDevice, MediaState, MediaStreamTrack, Participant
from rtvi_web.errors import DeviceError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.config import Config
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.protocol.state import TransportState

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.conversation.turn import Turn
    from rtvi_web.rtvi.protocol.messages import RTVIMessage
    from rtvi_web.rtvi.protocol.payloads import (
        ActionDescriptions,
        BotLLMMarkerData,
        BotLLMSearchResponseData,
        BotOutputData,
        BotReadyData,
        BotTTSAudioData,
        ConfigDescription,
        ErrorMessage,
        FunctionCallData,
        FunctionCallStartedData,
        FunctionCallStoppedData,
        MetricsData,
        StorageItemStoredData,
        TextData,
        TranscriptData,
        UICommandData,
        UIJobGroupData,
        UserInputData,
    )
    from rtvi_web.rtvi.protocol.state import BotState


class InvalidMessage(NamedTuple):
    """A frame that is not an RTVI message: its text (cut after 2,000 characters), and the reason."""

    text: str
    reason: str


RENAMED: Final = {
    "configUpdated": "config",
    "trackedStopped": "trackStopped",
    "TrackedStopped": "trackStopped",
    "botText": "botLlmText",
}
"""Names of events that older documents use, and what they are called now."""


class _EventTable(type):
    def __iter__(cls) -> Iterator[Event[*tuple[Any, ...]]]:
        return (value for value in vars(cls).values() if isinstance(value, Event))

    if not TYPE_CHECKING:  # a misspelt member is an error to type checkers

        def __getattr__(cls, name: str) -> Event[Any]:
            """The members as the older documents write them, such as ``TrackedStopped`` and ``CONFIG_UPDATED``."""
            for old, now in RENAMED.items():
                if name.replace("_", "").lower() == old.lower():
                    warnings.warn(
                        f"{cls.__name__}.{name} is now RTVIEvent.{snake_case(now).upper()}.", DeprecationWarning, 2
                    )
                    return EVENTS[now]
            near = closest(snake_case(name).upper(), [member for member in vars(cls) if member.isupper()])
            hint = f" Did you mean RTVIEvent.{near}?" if near else ""
            raise AttributeError(f"There is no RTVIEvent.{name}.{hint}")


class RTVIEvent(metaclass=_EventTable):
    """All events, one row each. Mirrors ``RTVIEvent``. Iterate over the class to get them all."""

    # The session.
    TRANSPORT_STATE_CHANGED: Final[Event[TransportState]] = Event("transportStateChanged")
    BOT_STARTED: Final[Event[Any]] = Event("botStarted")
    CONNECTED: Final[Event[()]] = Event("connected")
    DISCONNECTED: Final[Event[()]] = Event("disconnected")
    RECONNECTING: Final[Event[int, LinkLoss]] = Event("reconnecting")
    RECONNECTED: Final[Event[bool]] = Event("reconnected")
    PARTICIPANT_CONNECTED: Final[Event[Participant]] = Event("participantConnected", js_callback="onParticipantJoined")
    PARTICIPANT_LEFT: Final[Event[Participant]] = Event("participantLeft")
    BOT_CONNECTED: Final[Event[Participant]] = Event("botConnected")
    BOT_DISCONNECTED: Final[Event[Participant]] = Event("botDisconnected")
    BOT_READY: Final[Event[BotReadyData]] = Event("botReady", wire="bot-ready", payload="BotReadyData")
    ERROR: Final[Event[ErrorMessage]] = Event("error", wire="error", payload="ErrorMessage")
    MESSAGE_ERROR: Final[Event[ErrorMessage]] = Event("messageError", wire="error-response", payload="ErrorMessage")

    UNSUPPORTED_FEATURE: Final[Event[UnsupportedFeatureError]] = Event("unsupportedFeature")

    # The configuration and actions of RTVI 0.x bots.
    CONFIG: Final[Event[Config]] = Event("config", wire="config", payload="ConfigData", field="config")
    CONFIG_DESCRIBE: Final[Event[ConfigDescription]] = Event(
        "configDescribe", wire="config-available", payload="ConfigDescription"
    )
    ACTIONS_AVAILABLE: Final[Event[ActionDescriptions]] = Event(
        "actionsAvailable", wire="actions-available", payload="ActionDescriptions"
    )

    # Devices and media.
    TRACK_STARTED: Final[Event[MediaStreamTrack, Participant]] = Event("trackStarted")
    TRACK_STOPPED: Final[Event[MediaStreamTrack, Participant]] = Event("trackStopped")
    SCREEN_TRACK_STARTED: Final[Event[MediaStreamTrack, Participant]] = Event("screenTrackStarted")
    SCREEN_TRACK_STOPPED: Final[Event[MediaStreamTrack, Participant]] = Event("screenTrackStopped")
    SCREEN_SHARE_ERROR: Final[Event[str]] = Event("screenShareError")
    LOCAL_AUDIO_LEVEL: Final[Event[float]] = Event("localAudioLevel")
    REMOTE_AUDIO_LEVEL: Final[Event[float, Participant]] = Event("remoteAudioLevel")
    AVAILABLE_MICS_UPDATED: Final[Event[list[MediaDevice]]] = Event("availableMicsUpdated")
    AVAILABLE_CAMS_UPDATED: Final[Event[list[MediaDevice]]] = Event("availableCamsUpdated")
    AVAILABLE_SPEAKERS_UPDATED: Final[Event[list[MediaDevice]]] = Event("availableSpeakersUpdated")
    MIC_UPDATED: Final[Event[MediaDevice | None]] = Event("micUpdated")
    CAM_UPDATED: Final[Event[MediaDevice | None]] = Event("camUpdated")
    SPEAKER_UPDATED: Final[Event[MediaDevice | None]] = Event("speakerUpdated")
    MEDIA_STATE_UPDATED: Final[Event[MediaState]] = Event("mediaStateUpdated", js_callback="onMediaStateChanged")
    DEVICE_ERROR: Final[Event[DeviceError]] = Event("deviceError")
    BOT_AUDIO_BLOCKED: Final[Event[()]] = Event("botAudioBlocked")
    SPEAKING_WHILE_MUTED: Final[Event[()]] = Event("speakingWhileMuted")
    """The person speaks, but their microphone is muted. Fires at most every 5 s.

    A clone of the muted track is measured, while someone listens for this event. It is never sent. With
    ``SmallWebRTCTransport(release_mic_when_muted=True)`` the event never fires: the microphone is closed.
    """

    # Who speaks, and what was said.
    USER_STARTED_SPEAKING: Final[Event[()]] = Event("userStartedSpeaking", wire="user-started-speaking")
    USER_STOPPED_SPEAKING: Final[Event[()]] = Event("userStoppedSpeaking", wire="user-stopped-speaking")
    BOT_STARTED_SPEAKING: Final[Event[()]] = Event("botStartedSpeaking", wire="bot-started-speaking")
    BOT_STOPPED_SPEAKING: Final[Event[()]] = Event("botStoppedSpeaking", wire="bot-stopped-speaking")
    BOT_INTERRUPTED: Final[Event[()]] = Event("botInterrupted", wire="bot-interrupted")
    USER_TRANSCRIPT: Final[Event[TranscriptData]] = Event(
        "userTranscript", wire="user-transcription", payload="TranscriptData"
    )
    BOT_TRANSCRIPT: Final[Event[TextData]] = Event("botTranscript", wire="bot-transcription", payload="TextData")
    USER_INPUT: Final[Event[UserInputData]] = Event("userInput", wire="user-input", payload="UserInputData")
    USER_MUTE_STARTED: Final[Event[()]] = Event("userMuteStarted", wire="user-mute-started")
    USER_MUTE_STOPPED: Final[Event[()]] = Event("userMuteStopped", wire="user-mute-stopped")
    VAD_USER_STARTED_SPEAKING: Final[Event[()]] = Event("vadUserStartedSpeaking", wire="vad-user-started-speaking")
    VAD_USER_STOPPED_SPEAKING: Final[Event[()]] = Event("vadUserStoppedSpeaking", wire="vad-user-stopped-speaking")
    USER_AUDIO_LEVEL: Final[Event[float]] = Event(
        "userAudioLevel", wire="user-audio-level", payload="AudioLevelData", field="value"
    )
    BOT_AUDIO_LEVEL: Final[Event[float]] = Event(
        "botAudioLevel", wire="bot-audio-level", payload="AudioLevelData", field="value"
    )
    STT_RAW_TEXT: Final[Event[TranscriptData]] = Event(
        "sttRawText", wire="stt-raw-text", payload="TranscriptData", js_callback="onSTTRawText"
    )
    USER_LLM_TEXT: Final[Event[TextData]] = Event("userLlmText", wire="user-llm-text", payload="TextData")

    # The client's model of the conversation.
    CONVERSATION_UPDATED: Final[Event[Turn]] = Event("conversationUpdated")
    CONVERSATION_CLEARED: Final[Event[()]] = Event("conversationCleared")
    BOT_STATE_CHANGED: Final[Event[BotState]] = Event("botStateChanged")

    # The model and the voice.
    BOT_LLM_STARTED: Final[Event[()]] = Event("botLlmStarted", wire="bot-llm-started")
    BOT_LLM_TEXT: Final[Event[TextData]] = Event("botLlmText", wire="bot-llm-text", payload="TextData")
    BOT_LLM_STOPPED: Final[Event[()]] = Event("botLlmStopped", wire="bot-llm-stopped")
    BOT_LLM_MARKER: Final[Event[BotLLMMarkerData]] = Event(
        "botLlmMarker", wire="bot-llm-marker", payload="BotLLMMarkerData"
    )
    LLM_RAW_TEXT: Final[Event[TextData]] = Event(
        "llmRawText", wire="llm-raw-text", payload="TextData", js_callback="onLLMRawText"
    )
    BOT_OUTPUT: Final[Event[BotOutputData]] = Event("botOutput", wire="bot-output", payload="BotOutputData")
    BOT_TTS_STARTED: Final[Event[()]] = Event("botTtsStarted", wire="bot-tts-started")
    BOT_TTS_TEXT: Final[Event[TextData]] = Event("botTtsText", wire="bot-tts-text", payload="TextData")
    BOT_TTS_AUDIO: Final[Event[BotTTSAudioData]] = Event("botTtsAudio", wire="bot-tts-audio", payload="BotTTSAudioData")
    TTS_RAW_TEXT: Final[Event[TextData]] = Event(
        "ttsRawText", wire="tts-raw-text", payload="TextData", js_callback="onTTSRawText"
    )
    BOT_TTS_STOPPED: Final[Event[()]] = Event("botTtsStopped", wire="bot-tts-stopped")
    BOT_LLM_SEARCH_RESPONSE: Final[Event[BotLLMSearchResponseData]] = Event(
        "botLlmSearchResponse", wire="bot-llm-search-response", payload="BotLLMSearchResponseData"
    )
    METRICS: Final[Event[MetricsData]] = Event("metrics", wire="metrics", payload="MetricsData")
    LLM_FUNCTION_CALL_STARTED: Final[Event[FunctionCallStartedData]] = Event(
        "llmFunctionCallStarted",
        wire="llm-function-call-started",
        payload="FunctionCallStartedData",
        js_callback="onLLMFunctionCallStarted",
    )
    LLM_FUNCTION_CALL_IN_PROGRESS: Final[Event[FunctionCallData]] = Event(
        "llmFunctionCallInProgress",
        wire="llm-function-call-in-progress",
        payload="FunctionCallData",
        js_callback="onLLMFunctionCallInProgress",
    )
    LLM_FUNCTION_CALL_STOPPED: Final[Event[FunctionCallStoppedData]] = Event(
        "llmFunctionCallStopped",
        wire="llm-function-call-stopped",
        payload="FunctionCallStoppedData",
        js_callback="onLLMFunctionCallStopped",
    )
    LLM_FUNCTION_CALL: Final[Event[FunctionCallData]] = Event(
        "llmFunctionCall", wire="llm-function-call", payload="FunctionCallData", js_callback="onLLMFunctionCall"
    )

    LLM_FUNCTION_CALL_START: Final[Event[str | None]] = Event(
        "llmFunctionCallStart",
        wire="llm-function-call-start",
        payload="FunctionCallStartedData",
        field="function_name",
        js_callback="onLLMFunctionCallStart",
    )
    LLM_JSON_COMPLETION: Final[Event[Any]] = Event(
        "llmJsonCompletion", wire="llm-json-completion", payload=Any, js_callback="onLLMJsonCompletion"
    )

    # The UI protocol, and the server's log.
    UI_COMMAND: Final[Event[UICommandData]] = Event(
        "uiCommand", wire="ui-command", payload="UICommandData", js_callback="onUICommand"
    )
    UI_JOB_GROUP: Final[Event[UIJobGroupData]] = Event(
        "uiJobGroup", wire="ui-job-group", payload="UIJobGroupData", js_callback="onUIJobGroup"
    )
    SYSTEM_LOG: Final[Event[TextData]] = Event("systemLog", wire="system-log", payload="TextData")

    # Messages of the application, and messages without a row.
    SERVER_MESSAGE: Final[Event[Any]] = Event("serverMessage", wire="server-message", payload=Any)
    STORAGE_ITEM_STORED: Final[Event[StorageItemStoredData]] = Event(
        "storageItemStored", wire="storage-item-stored", payload="StorageItemStoredData"
    )
    GENERIC_MESSAGE: Final[Event[RTVIMessage]] = Event("genericMessage")
    INVALID_MESSAGE: Final[Event[InvalidMessage]] = Event("invalidMessage")
    MESSAGE_RECEIVED: Final[Event[str]] = Event("messageReceived")
    MESSAGE_SENT: Final[Event[str]] = Event("messageSent")


EVENTS: Final[dict[str, Event[Any]]] = {str(event): event for event in RTVIEvent}
"""Every event by its name, such as ``"botReady"``."""

BY_WIRE: Final[dict[str, Event[Any]]] = {event.wire: event for event in RTVIEvent if event.wire}
"""The event of each wire message type."""
