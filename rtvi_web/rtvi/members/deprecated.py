"""Members and arguments of VoiceClient and early RTVIClient that were renamed. Each warns and names today's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from rtvi_web.core.warn import warn
from rtvi_web.errors import AlreadyStartedError
from rtvi_web.rtvi.members.config import Configuration
from rtvi_web.rtvi.protocol.config import Config
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.rtvi.session.params import ClientParams

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotReadyData


_S = TransportState
_TAKEN = (_S.AUTHENTICATING, _S.AUTHENTICATED, _S.CONNECTING, _S.CONNECTED, _S.READY, _S.RECONNECTING)
"""The states in which the start request has sent the services."""


def merge_deprecated(params: ClientParams, **deprecated: Any) -> ClientParams:
    """The params, completed by the constructor's deprecated arguments; what ``params`` has itself wins."""
    given = {name: value for name, value in deprecated.items() if value is not None}
    for name, value in given.items():
        now = {"custom_headers": "headers", "custom_body_params": "request_data"}.get(name, name)
        _warn(f"{name}=…", f"params={{{now!r}: …}}")
        wins = getattr(params, now)
        if wins is None or isinstance(wins, dict):
            setattr(params, now, value)
        if isinstance(wins, dict):
            getattr(params, now).update(wins)
    return params


class _Connects(Protocol):
    async def connect(self) -> BotReadyData: ...


class DeprecatedMembers(Configuration):
    """The members that were renamed."""

    async def start(self: _Connects) -> BotReadyData:
        """Deprecated: ``connect()``. Mirrors ``start()``."""
        _warn("start()", "connect()")
        return await self.connect()

    async def get_bot_config(self) -> Config:
        """Deprecated: ``get_config()``. Mirrors ``getBotConfig()``."""
        _warn("get_bot_config()", "get_config()")
        return await self.get_config()

    @property
    def config(self) -> Config | None:
        """Deprecated: ``get_config()``. Mirrors ``config``.

        The configuration that the bot reported last; before that, what ``params.config`` asks for.
        """
        _warn("config", "get_config()")
        return self._params.config if self._bot_config is None else self._bot_config

    @property
    def services(self) -> dict[str, str]:
        """Deprecated: ``params.services``. Mirrors ``services``.

        Raises:
            AlreadyStartedError: it is set during a session, or while one starts.
        """
        _warn("services", "params.services")
        return self._params.services

    @services.setter
    def services(self, services: Mapping[str, str]) -> None:
        _warn("services", "params.services")
        if self._connection.state in _TAKEN:
            raise AlreadyStartedError("Cannot set services while transport is connected. Call disconnect() first.")
        self._params.services = dict(services)


def _warn(old: str, now: str) -> None:
    warn(f"{old} is deprecated: it is {now} now.", DeprecationWarning)
