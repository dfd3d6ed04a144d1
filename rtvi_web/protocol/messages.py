"""The RTVI message as it arrives."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rtvi_web.protocol.envelope import LABEL


class RTVIMessage(BaseModel):
    """One RTVI message. Mirrors ``RTVIMessage`` of the JavaScript client; unknown fields are kept.

    Attributes:
        label: always ``"rtvi-ai"``.
        type: the message type as on the wire, such as ``"bot-llm-text"``.
        id: present on requests and on their answers; ``None`` on a bot's events.
        data: the payload as parsed JSON.
    """

    model_config = ConfigDict(extra="allow", defer_build=True)

    label: str = LABEL
    type: str
    id: str | None = None
    data: Any = None


class MalformedMessageError(ValueError):
    """Text that is no RTVI message; says why."""


def decode(text: str) -> RTVIMessage:
    """The message in a frame of text.

    Raises:
        MalformedMessageError: not JSON, not an RTVI envelope, or another label.
    """
    try:
        message = RTVIMessage.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise MalformedMessageError(f"{where}: {first['msg']}" if where else first["msg"]) from None
    if message.label != LABEL:
        raise MalformedMessageError(f"label: {message.label[:40]!r} is not {LABEL!r}")
    return message
