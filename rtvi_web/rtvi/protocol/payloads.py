"""What the bot's messages carry. Field names are the wire's; unknown fields are kept (``model_extra``)."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from rtvi_web.rtvi.protocol.config import normalize
from rtvi_web.rtvi.protocol.messages import RTVIMessage

_Config = Annotated[list[dict[str, Any]], BeforeValidator(partial(normalize, of_bot=True))]


def _otherwise(default: Any) -> WrapValidator:
    """For fields that must not keep what else a message says from being heard: what makes no sense is the default."""

    def validate(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        try:
            return read(value)
        except ValidationError:
            return default

    return WrapValidator(validate)


def _as_text(value: Any) -> Any:
    return value if isinstance(value, str) else "unknown error" if value is None else json.dumps(value)


class Payload(BaseModel):
    """The base of all payloads."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class BotCapabilities(Payload):
    """What the bot takes, sends and tells; ``None`` where it doesn't say. A page can hide what is ``False``."""

    audio_in: bool | None = None
    audio_out: bool | None = None
    video_in: bool | None = None
    video_out: bool | None = None
    screen_in: bool | None = None
    metrics: bool | None = None


class BotReadyData(Payload):
    """The bot is ready. Mirrors ``BotReadyData``.

    Attributes:
        version: the RTVI version the bot speaks, such as ``"2.2.0"``.
        about: the server's library, version and platform (RTVI 1.x and later).
        config: the bot's configuration (RTVI 0.x).
        capabilities: what the bot does in this session (RTVI 2.2 and later).
    """

    version: Annotated[str, Field(coerce_numbers_to_str=True), _otherwise("")] = ""
    about: Annotated[dict[str, Any] | None, _otherwise(None)] = None
    config: Annotated[_Config | None, _otherwise(None)] = None
    capabilities: Annotated[BotCapabilities | None, _otherwise(None)] = None


class TranscriptData(Payload):
    """What the person said. Mirrors ``TranscriptData``.

    Attributes:
        text: the words heard.
        final: ``False`` while the words may still change.
        timestamp: ISO 8601.
        user_id: who spoke, where the transport knows.
    """

    text: str
    final: bool = True
    timestamp: str = ""
    user_id: str = ""


class TextData(Payload):
    """A piece of text from the model or the voice: ``BotLLMTextData``, ``BotTTSTextData`` in JavaScript."""

    text: str


class ErrorData(Payload):
    """Why the bot reports an error. Servers send ``error``; some documents say ``message``, and the oldest servers the
    bare text: all are read, and what is no text is written as JSON.

    Attributes:
        error: what went wrong, in the bot's words.
        fatal: ``True`` when the session is over.
    """

    error: Annotated[str, BeforeValidator(_as_text)] = Field(
        default="unknown error", validation_alias=AliasChoices("error", "message")
    )
    fatal: Annotated[bool, _otherwise(False)] = False

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, dict | ErrorData) else {"error": data}


class ErrorMessage(RTVIMessage):
    """The whole ``error`` or ``error-response`` message; ``data`` says why."""

    data: ErrorData = Field(default_factory=ErrorData)


class FunctionCallStartedData(Payload):
    """The model begins to call a function; the name is there when the bot reports it."""

    function_name: str | None = None


class FunctionCallData(Payload):
    """The model calls a function: ``LLMFunctionCallInProgressData``, and the older ``LLMFunctionCallData``.

    Attributes:
        tool_call_id: names this call.
        function_name: ``None`` when the bot does not report names (its ``function_call_report_level``).
        arguments: by name; old servers send them as ``args``, and some models as JSON in a text.
    """

    tool_call_id: str
    function_name: str | None = None
    arguments: dict[str, Any] | Json[dict[str, Any]] | None = Field(
        default=None, validation_alias=AliasChoices("arguments", "args")
    )


class FunctionCallStoppedData(Payload):
    """A function call has ended.

    Attributes:
        tool_call_id: which call.
        cancelled: the bot gave it up, such as when the person interrupted.
        function_name, result: there when the bot reports them.
    """

    tool_call_id: str
    cancelled: bool = False
    function_name: str | None = None
    result: Any = None


class ServerResponseData(Payload):
    """The answer to ``send_client_request``.

    Attributes:
        t: the request's type.
        d: the answer; a server leaves it out for null.
    """

    t: Annotated[str, _otherwise("")] = ""
    d: Any = None


class UserInputData(Payload):
    """What the person said or typed.

    Attributes:
        text: the words.
        input_type: ``"transcription"`` of speech, ``"chat"`` for what was typed, ``"backchannel"`` for an "mhm" while
            the bot talks.
        timestamp: ISO 8601.
        final: ``False`` while the words may still change.
        user_id: who it was, where the transport knows.
        msg_id: the id of the ``send-text`` message that it came in.
    """

    text: str
    input_type: str = "transcription"
    timestamp: str = ""
    final: bool = True
    user_id: str | None = None
    msg_id: str | None = None


class SpokenProgress(Payload):
    """How far a segment has been spoken: the text so far with the present word, and the text that remains."""

    accumulated_text: str = ""
    remaining_text: str = ""


class BotOutputData(Payload):
    """A segment of what the bot says or shows. Mirrors ``BotOutputData``.

    Attributes:
        text: the segment's text.
        output_type: what it is: ``"sentence"``, ``"word"``, ``"code"``, ``"backchannel"`` for an "mhm" while the person
            talks … (older bots: ``aggregated_by``).
        segment_id: which segment (RTVI 2.0 and later).
        spoken: whether it has been spoken (RTVI 1.x).
        will_be_spoken: whether it is for speaking at all (RTVI 2.0 and later, as are the next).
        spoken_status: ``"new"``, ``"in-progress"`` or ``"completed"``.
        spoken_progress: how far it has been spoken.
    """

    text: str
    output_type: str = Field(
        default="sentence", validation_alias=AliasChoices("output_type", "text_type", "aggregated_by")
    )
    segment_id: int | None = None
    spoken: bool | None = None
    will_be_spoken: bool | None = None
    spoken_status: str | None = None
    spoken_progress: SpokenProgress | None = None


class AudioLevelData(Payload):
    """A level from 0 to 1, as the server measured it; handlers get the number."""

    value: float


class BotTTSAudioData(Payload):
    """A piece of the bot's voice, for servers that send it in messages.

    Attributes:
        audio: base64 of 16-bit little-endian samples.
        sample_rate: hertz.
        num_channels: 1 for mono.
    """

    audio: str
    sample_rate: int
    num_channels: int


class BotLLMMarkerData(Payload):
    """A marker in the model's answer that isn't spoken, such as that of a complete turn.

    Attributes:
        text: the marker, empty if there was none.
        kind: what it means, in the words of the server.
        raw: the answer with its markers.
        markers: those that the server knows.
    """

    text: str = ""
    kind: str | None = None
    raw: str = ""
    markers: list[str] = Field(default_factory=list)


class UICommandData(Payload):
    """The bot asks the page to do something; do only what you know, and check the payload as any input.

    Attributes:
        command: the bot's name for it, such as ``"toast"`` or ``"navigate"``.
        payload: what it is about.
    """

    command: str
    payload: Any = None


class UIJobGroupData(Payload):
    """What happens to a group of jobs that the bot has given to workers.

    Attributes:
        kind: ``"group_started"`` (workers, label, cancellable), ``"job_update"`` (worker_name, data),
            ``"job_completed"`` (worker_name, status, response) or ``"group_completed"``.
        job_id: the group's.
        at: milliseconds since 1970.
        status: ``"completed"``, ``"cancelled"``, ``"failed"`` or ``"error"``.
    """

    kind: str
    job_id: str
    at: int = 0
    workers: list[str] | None = None
    label: str | None = None
    cancellable: bool = True
    worker_name: str | None = None
    data: Any = None
    status: str | None = None
    response: Any = None


class ConfigData(Payload):
    """The bot's whole configuration; handlers get the list. Mirrors ``RTVIClientConfigOption[]``."""

    config: _Config


class OptionDescription(Payload):
    """An option or an argument, and the type it takes: bool, number, string, array or object."""

    name: str
    type: str = ""


class ServiceDescription(Payload):
    """A service and the options it takes. Servers call it ``name``; some documents ``service``: both are read."""

    name: str = Field(validation_alias=AliasChoices("name", "service"))
    options: list[OptionDescription] = Field(default_factory=list)


class ConfigDescription(Payload):
    """What can be configured: the answer to ``describe_config()``.

    Attributes:
        config: one entry a service. (The wire calls the service ``name`` here, and ``service`` in a configuration.)
    """

    config: list[ServiceDescription] = Field(default_factory=list)


class ActionDescription(Payload):
    """An action, the arguments it takes and the type of its result."""

    service: str
    action: str
    arguments: list[OptionDescription] = Field(default_factory=list)
    result: str = ""


class ActionDescriptions(Payload):
    """The actions that the bot has: the answer to ``describe_actions()``."""

    actions: list[ActionDescription] = Field(default_factory=list)


class ActionResult(Payload):
    """What an action gave back."""

    result: Any = None


class ActionResponse(RTVIMessage):
    """The whole ``action-response`` message: ``response.data.result``. Mirrors ``RTVIActionResponse``."""

    data: ActionResult = Field(default_factory=ActionResult)


class Metric(Payload):
    """One measurement of one processor.

    Attributes:
        processor: what was measured, such as ``"OpenAILLMService#0"``.
        model: of what it is, where there are several.
        value: seconds of ``ttfb`` and ``processing``, a number of ``characters``, an object of ``stt_usage``
            (``{"audio_seconds": …}``). Of ``ttfa`` and ``ttfat`` the seconds have names of their own
            (``metric.ttfa``, ``metric.leading_silence``; ``metric.ttfat``, ``metric.thinking_time``).
    """

    processor: str = ""
    model: str | None = None
    value: Any = None


class TokenUsage(Payload):
    """How many tokens an answer of the model took; ``None`` where the service doesn't say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    cache_read_input_audio_tokens: int | None = None


class MetricsData(Payload):
    """What the bot measured. Mirrors ``PipecatMetricsData``, which has the first three.

    Attributes:
        ttfb: times to the first byte.
        processing: how long processors worked.
        characters: what was spoken, in characters.
        tokens: what the model took.
        ttfa: times to the first sound that can be heard.
        ttfat: times to the first word of an answer, thinking included.
        stt_usage: seconds of sound that were recognised.
    """

    ttfb: list[Metric] | None = None
    processing: list[Metric] | None = None
    characters: list[Metric] | None = None
    tokens: list[TokenUsage] | None = None
    ttfa: list[Metric] | None = None
    ttfat: list[Metric] | None = None
    stt_usage: list[Metric] | None = None


class StorageItemStoredData(Payload):
    """The bot stored something. Mirrors ``StorageItemStoredData``."""

    action: str
    items: Any = None


class SearchResult(Payload):
    """A passage found, and how sure the search was of it, from 0 to 1. Mirrors ``LLMSearchResult``."""

    text: str
    confidence: list[float] = Field(default_factory=list)


class SearchOrigin(Payload):
    """A site and what was found there. Mirrors ``LLMSearchOrigin``."""

    site_uri: str | None = None
    site_title: str | None = None
    results: list[SearchResult] = Field(default_factory=list)


class BotLLMSearchResponseData(Payload):
    """What the model found on the web. Mirrors ``BotLLMSearchResponseData``.

    Attributes:
        rendered_content: HTML from a stranger: never insert it into a page as it is.
    """

    search_result: str | None = None
    rendered_content: str | None = None
    origins: list[SearchOrigin] = Field(default_factory=list)


class LLMContext(Payload):
    """The model's messages and tools, as the model's service writes them. Mirrors ``LLMContext``."""

    messages: list[Any] | None = None
    tools: list[Any] | None = None
