"""What is said: the person's words, the bot's, and the functions that its model calls."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field, Json

from rtvi_web.rtvi.protocol.payloads.base import Payload


class TranscriptData(Payload):
    """What the person said. Mirrors ``TranscriptData``.

    Attributes:
        text: the words heard.
        final: ``False`` while the words may still change.
        timestamp: ISO 8601.
        user_id: who spoke, if the transport knows.
    """

    text: str
    final: bool = True
    timestamp: str = ""
    user_id: str = ""


class TextData(Payload):
    """A piece of text from the model or the voice: ``BotLLMTextData``, ``BotTTSTextData`` in JavaScript."""

    text: str


class UserInputData(Payload):
    """What the person said or typed.

    Attributes:
        text: the words.
        input_type: ``"transcription"`` of speech, ``"chat"`` for what was typed, ``"backchannel"`` for an "mhm" while
            the bot talks.
        timestamp: ISO 8601.
        final: ``False`` while the words may still change.
        user_id: who it was, if the transport knows.
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
        output_type: the kind: ``"sentence"``, ``"word"``, ``"code"``, ``"backchannel"`` for an "mhm" while the person
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


class BotLLMMarkerData(Payload):
    """A marker in the model's answer that is not spoken, such as the one of a complete turn.

    Attributes:
        text: the marker, empty if there was none.
        kind: what it means, in the words of the server.
        raw: the answer with its markers.
        markers: the markers that the server knows.
    """

    text: str = ""
    kind: str | None = None
    raw: str = ""
    markers: list[str] = Field(default_factory=list)


class FunctionCallStartedData(Payload):
    """The model begins to call a function; the name is there when the bot reports it."""

    function_name: str | None = None


class FunctionCallData(Payload):
    """The model calls a function: ``LLMFunctionCallInProgressData``, and the older ``LLMFunctionCallData``.

    Attributes:
        tool_call_id: names this call.
        function_name: ``None`` when the bot does not report names (its ``function_call_report_level``).
        arguments: by name; old servers send them as ``args``, and some models write them as JSON text.
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
        cancelled: the bot gave it up, for example because the person interrupted.
        function_name, result: there when the bot reports them.
    """

    tool_call_id: str
    cancelled: bool = False
    function_name: str | None = None
    result: Any = None


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
        rendered_content: HTML from a stranger: never insert it into a page unchecked.
    """

    search_result: str | None = None
    rendered_content: str | None = None
    origins: list[SearchOrigin] = Field(default_factory=list)
