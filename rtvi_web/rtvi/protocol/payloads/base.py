"""What all payloads share."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from rtvi_web.rtvi.protocol.config import normalize

ReportedConfig = Annotated[list[dict[str, Any]], BeforeValidator(partial(normalize, of_bot=True))]
"""A configuration as the bot reports it, which may use the shorthand."""


def otherwise(default: Any) -> WrapValidator:
    """For a field whose bad value must not make the whole message invalid: it is read as the default."""

    def validate(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        try:
            return read(value)
        except ValidationError:
            return default

    return WrapValidator(validate)


class Payload(BaseModel):
    """The base of all payloads."""

    model_config = ConfigDict(extra="allow", defer_build=True)
