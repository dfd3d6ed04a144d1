"""What the bot's messages carry. Field names are the wire's; unknown fields are kept (``model_extra``)."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from rtvi_web.protocol.messages import RTVIMessage


class Payload(BaseModel):
    """The base of all payloads."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class BotReadyData(Payload):
    """The bot is ready. Mirrors ``BotReadyData``.

    Attributes:
        version: the RTVI version the bot speaks, such as ``"2.2.0"``.
        about: the server's library, version and platform (RTVI 1.x and later).
        config: the bot's configuration (RTVI 0.x).
    """

    version: str = ""
    about: dict[str, Any] | None = None
    config: list[dict[str, Any]] | None = None


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
    """Why the bot reports an error. Servers send ``error``; some documents say ``message``: both are read.

    Attributes:
        error: what went wrong, in the bot's words.
        fatal: ``True`` when the session is over.
    """

    error: str = Field(default="unknown error", validation_alias=AliasChoices("error", "message"))
    fatal: bool = False


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
        arguments: by name; old servers send them as ``args``.
    """

    tool_call_id: str
    function_name: str | None = None
    arguments: dict[str, Any] | None = Field(default=None, validation_alias=AliasChoices("arguments", "args"))


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

    t: str = ""
    d: Any = None
