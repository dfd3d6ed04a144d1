"""What the bot says about itself and the session: ready, errors, measurements, requests to the page."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from rtvi_web.rtvi.protocol.messages import RTVIMessage
from rtvi_web.rtvi.protocol.payloads.base import Payload, ReportedConfig, otherwise


class BotCapabilities(Payload):
    """What the bot takes, sends and reports; ``None`` if it doesn't say. A page can hide what is ``False``."""

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

    version: Annotated[str, Field(coerce_numbers_to_str=True), otherwise("")] = ""
    about: Annotated[dict[str, Any] | None, otherwise(None)] = None
    config: Annotated[ReportedConfig | None, otherwise(None)] = None
    capabilities: Annotated[BotCapabilities | None, otherwise(None)] = None


def _as_text(value: Any) -> Any:
    return value if isinstance(value, str) else "unknown error" if value is None else json.dumps(value)


class ErrorData(Payload):
    """Why the bot reports an error. Servers send ``error``, some documents say ``message``, and the oldest servers send
    the bare text: all are read. A value that is not text is written as JSON.

    Attributes:
        error: what went wrong, in the bot's words.
        fatal: ``True`` when the session is over.

    When a transport has lost its session, there are also ``reason`` and ``code``: those of the
    :class:`DisconnectedError`.
    """

    error: Annotated[str, BeforeValidator(_as_text)] = Field(
        default="unknown error", validation_alias=AliasChoices("error", "message")
    )
    fatal: Annotated[bool, otherwise(False)] = False

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, dict | ErrorData) else {"error": data}


class ErrorMessage(RTVIMessage):
    """The whole ``error`` or ``error-response`` message; ``data`` says why."""

    data: ErrorData = Field(default_factory=ErrorData)


class ServerResponseData(Payload):
    """The answer to ``send_client_request``.

    Attributes:
        t: the request's type.
        d: the answer; servers leave out a null.
    """

    t: Annotated[str, otherwise("")] = ""
    d: Any = None


class UICommandData(Payload):
    """The bot asks the page to do something. Do only what you know, and check the payload like any input.

    Attributes:
        command: the bot's name for it, such as ``"toast"`` or ``"navigate"``.
        payload: what it is about.
    """

    command: str
    payload: Any = None


class UIJobGroupData(Payload):
    """Progress of a group of jobs that the bot has given to workers.

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


class StorageItemStoredData(Payload):
    """The bot stored something. Mirrors ``StorageItemStoredData``."""

    action: str
    items: Any = None


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


class LLMContext(Payload):
    """The model's messages and tools, as the model's service writes them. Mirrors ``LLMContext``."""

    messages: list[Any] | None = None
    tools: list[Any] | None = None


class Metric(Payload):
    """One measurement of one processor.

    Attributes:
        processor: what was measured, such as ``"OpenAILLMService#0"``.
        model: the service's model, if it has several.
        value: seconds of ``ttfb`` and ``processing``, a number of ``characters``, an object of ``stt_usage``
            (``{"audio_seconds": …}``). Metrics of ``ttfa`` and ``ttfat`` have no ``value`` but fields of their own
            (``metric.ttfa``, ``metric.leading_silence``; ``metric.ttfat``, ``metric.thinking_time``).
    """

    processor: str = ""
    model: str | None = None
    value: Any = None


class TokenUsage(Payload):
    """The tokens of one answer of the model; ``None`` if the service doesn't say."""

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
        tokens: what the model used.
        ttfa: times to the first sound that can be heard.
        ttfat: times to the first token of an answer, after the model has thought.
        stt_usage: seconds of sound that were recognised.
    """

    ttfb: list[Metric] | None = None
    processing: list[Metric] | None = None
    characters: list[Metric] | None = None
    tokens: list[TokenUsage] | None = None
    ttfa: list[Metric] | None = None
    ttfat: list[Metric] | None = None
    stt_usage: list[Metric] | None = None
