"""The RTVI envelope: ``{"label": "rtvi-ai", "type": …, "id": …, "data": …}``."""

from __future__ import annotations

import json
import os
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

LABEL = "rtvi-ai"
PROTOCOL_VERSION = "2.2.0"
"""The RTVI version announced in ``client-ready``."""


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


def new_id() -> str:
    """A fresh message id: 8 hexadecimal digits, as the JavaScript client makes them."""
    return os.urandom(4).hex()


def encode(type: str, data: Any, id: str) -> str:
    """The JSON text of an outgoing message.

    Raises:
        TypeError, ValueError: ``data`` cannot be written as JSON (NaN and infinity cannot).
    """
    return json.dumps({"label": LABEL, "type": type, "data": data, "id": id}, allow_nan=False)


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
