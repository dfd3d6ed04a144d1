"""The settings of a client, and the check that no secret key is used in a page."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypedDict

from rtvi_web.core.checks import nearest, seconds, snake_case
from rtvi_web.core.masking import quoted
from rtvi_web.core.tasks import call_user_code
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.dialects import dialect_of
from rtvi_web.realtime.protocol.dialects.base import Dialect
from rtvi_web.realtime.protocol.responses import MAX_RETRIES
from rtvi_web.realtime.transport import RealtimeTransport

IN_PAGE = sys.platform == "emscripten"

ApiKey = str | Callable[[], str | Awaitable[str]] | None

DialectName = Literal[
    "openai", "azure", "xai", "qwen", "inworld", "speaches", "vllm", "localai", "huggingface", "mistral"
]

_KEY_IN_URL = "url contains the API key. Give the key only as api_key: addresses end up in logs."
_JS_NAMES = {"dangerouslyAllowAPIKeyInBrowser": "dangerously_allow_api_key_in_browser"}


class SettingsDict(TypedDict, total=False):
    """The settings as keywords."""

    dialect: DialectName | Dialect
    url: str | None
    api_key: ApiKey
    is_ephemeral_key: Callable[[str], bool] | None
    dangerously_allow_api_key_in_browser: bool
    transport: RealtimeTransport | Literal["websocket", "webrtc"]
    microphone: bool
    sound: bool
    keep_audio: float | None
    timeout: float | None
    response_retries: int
    renew_sessions: bool


@dataclass
class Settings:
    """The settings that :class:`~rtvi_web.realtime.client.RealtimeClient` describes."""

    dialect: Any = "openai"
    url: str | None = None
    api_key: ApiKey = None
    is_ephemeral_key: Callable[[str], bool] | None = None
    dangerously_allow_api_key_in_browser: bool = False
    transport: Any = "websocket"
    microphone: bool = True
    sound: bool = True
    keep_audio: float | None = 60.0
    timeout: float | None = 15.0
    response_retries: int = 0
    renew_sessions: bool = False

    def __repr__(self) -> str:
        return f"Settings(url={quoted(self.url)}, transport={self.transport!r}, …)"

    def __post_init__(self) -> None:
        self.dialect = dialect_of(self.dialect)
        self.timeout = seconds(self.timeout, "timeout")
        kept = self.keep_audio
        if kept is not None and (isinstance(kept, bool) or not isinstance(kept, int | float) or not kept >= 0):
            raise InvalidArgumentError(f"keep_audio must be seconds from 0, or None for all; it is {kept!r}.")
        retries = self.response_retries
        if isinstance(retries, bool) or not isinstance(retries, int) or not 0 <= retries <= MAX_RETRIES:
            raise InvalidArgumentError(f"response_retries must be from 0 to {MAX_RETRIES}; it is {retries!r}.")
        self.use_url(self.url)
        if self.is_ephemeral_key is not None and not callable(self.is_ephemeral_key):
            raise InvalidArgumentError("is_ephemeral_key must be a function that takes a key.")
        if isinstance(self.api_key, str):
            self._check(self.api_key)
        elif self.api_key is not None and not callable(self.api_key):
            raise InvalidArgumentError("api_key must be a text, or a function that returns one.")

    def use_url(self, url: str | None) -> None:
        """Connect to this address from now on.

        Raises:
            InvalidArgumentError: it is not a text, or contains the key.
        """
        if url is not None and not isinstance(url, str):
            raise InvalidArgumentError(f"url must be a text; it is {type(url).__name__}.")
        if url and isinstance(self.api_key, str) and self.api_key and self.api_key in url:
            raise InvalidArgumentError(_KEY_IN_URL)
        self.url = url

    @classmethod
    def of(cls, given: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> Settings:
        """Settings from a dict, camelCase accepted, and from keywords, which win.

        Raises:
            InvalidArgumentError: a setting is unknown, or its value cannot work.
        """
        known = {each.name for each in fields(cls)}
        settings: dict[str, Any] = {}
        for name, value in {**(given or {}), **keywords}.items():
            setting = _JS_NAMES.get(name) or snake_case(name)
            if setting not in known:
                raise InvalidArgumentError(f"There is no setting {name!r}.{nearest(setting, known)}")
            settings[setting] = value
        return cls(**settings)

    async def key(self) -> str | None:
        """The key for one connection; a function is called for it.

        Raises:
            InvalidArgumentError: it may not be used here; the message does not contain it.
        """
        if self.api_key is None or isinstance(self.api_key, str):
            return self.api_key or None
        key = await call_user_code(self.api_key, "the function api_key")
        if not isinstance(key, str):
            raise InvalidArgumentError(f"The function api_key must return a text; it returned {type(key).__name__}.")
        self._check(key)
        return key

    def _check(self, key: str) -> None:
        if not key:
            return
        is_ephemeral = self.is_ephemeral_key or self.dialect.is_ephemeral_key
        if IN_PAGE and not (self.dangerously_allow_api_key_in_browser or is_ephemeral(key)):
            raise InvalidArgumentError(
                'Can not provide API key in the browser without "dangerously_allow_api_key_in_browser" set to true: '
                "every visitor of the page can read it. Have a server create an ephemeral key (ek_…) instead. "
                "dialect= or is_ephemeral_key= says how those of other servers look."
            )
        if self.url and key in self.url:
            raise InvalidArgumentError(_KEY_IN_URL)
