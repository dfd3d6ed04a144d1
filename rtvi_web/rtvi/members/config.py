"""The configuration members of a client, for bots that have one (RTVI 0.x)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.core.checks import seconds
from rtvi_web.errors import BotNotReadyError, ConfigUpdateError, RequestError
from rtvi_web.rtvi.members.base import ClientBase
from rtvi_web.rtvi.protocol import config as pure
from rtvi_web.rtvi.protocol.config import Config, ServiceConfig
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import ESTABLISHED
from rtvi_web.rtvi.session.params import ClientParams
from rtvi_web.rtvi.transport import Transport

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotReadyData, ConfigDescription

GivenConfig = Iterable[Mapping[str, Any]]
"""A configuration as users write it: a list of ``{"service": …, "options": […]}``, each option as
``{"name": …, "value": …}`` or in the deprecated shorthand ``{"stop_secs": 0.5}``."""


class Configuration(ClientBase):
    """The bot's configuration.

    All requests may raise: :class:`BotNotReadyError` before the bot is ready, :class:`RequestTimeoutError` after
    ``timeout`` seconds (``None``: no limit), :class:`DisconnectedError` if the session ends first, and
    :class:`UnsupportedFeatureError` if the bot has no configuration (RTVI 1.x bots).
    """

    def __init__(self, transport: Transport, params: ClientParams, *, ends_with_bot: bool) -> None:
        super().__init__(transport, params, ends_with_bot=ends_with_bot)
        # Not params.config, which is what the page asks for with every start request.
        self._bot_config: Config | None = None
        self.on(RTVIEvent.BOT_READY, self._take_data)
        self.on(RTVIEvent.CONFIG, self._take_config)

    async def get_config(self, *, timeout: float | None = 10.0) -> Config:
        """The bot's configuration as it is now. Mirrors ``getConfig()``."""
        return await self._ask("get-config", {}, timeout)

    async def update_config(
        self, config: GivenConfig, interrupt: bool = False, *, timeout: float | None = 10.0
    ) -> Config:
        """Change parts of the bot's configuration. Mirrors ``updateConfig()``.

        Args:
            config: the services and options to change; all others stay as they are.
            interrupt: whether the bot stops speaking.

        Returns:
            The bot's whole configuration after the change.

        Raises:
            ConfigUpdateError: the bot refused, in its own words (it does not know the service, or the option).
            InvalidArgumentError: ``config`` is not a configuration; nothing was sent.
        """
        data = {"config": pure.normalize(config), "interrupt": interrupt}
        try:
            return await self._ask("update-config", data, timeout)
        except RequestError as error:
            raise ConfigUpdateError(error.message) from error

    async def describe_config(self, *, timeout: float | None = 10.0) -> ConfigDescription:
        """What can be configured, as ``description.config``. Mirrors ``describeConfig()``."""
        limit = seconds(timeout, "timeout")
        description: ConfigDescription = await self._connection.require_ready("describe_config()").request(
            "describe-config", {}, timeout=limit, what="describe-config"
        )
        return description

    async def get_service_options_from_config(
        self, service: str, config: GivenConfig | None = None, *, timeout: float | None = 10.0
    ) -> ServiceConfig | None:
        """A service's entry in a configuration. Mirrors ``getServiceOptionsFromConfig()``.

        Args:
            service: its name.
            config: where to look; fetched from the bot when left out.

        Returns:
            ``{"service": …, "options": […]}``, a copy; ``None`` if the configuration lacks the service.
        """
        return pure.service_options(await self._or_fetched(config, "get_service_options_from_config", timeout), service)

    async def get_service_option_value_from_config(
        self, service: str, option: str, config: GivenConfig | None = None, *, timeout: float | None = 10.0
    ) -> Any:
        """The value of an option. Mirrors ``getServiceOptionValueFromConfig()``.

        Args:
            service: the service's name.
            option: the option's name.
            config: where to look; fetched from the bot when left out.

        Returns:
            The value; ``None`` if the service or the option isn't there.
        """
        return pure.option_value(
            await self._or_fetched(config, "get_service_option_value_from_config", timeout), service, option
        )

    async def set_service_option_in_config(
        self,
        service: str,
        option: Mapping[str, Any] | Iterable[Mapping[str, Any]],
        config: GivenConfig | None = None,
        *,
        timeout: float | None = 10.0,
    ) -> Config:
        """A configuration with some of a service's options set. Mirrors ``setServiceOptionInConfig()``.

        Nothing is sent: give the result to :meth:`update_config`.

        Args:
            service: its name; a service that isn't in the configuration is not added.
            option: one option, or several.
            config: what to start from, which is not changed; fetched from the bot when left out.
        """
        given = await self._or_fetched(config, "set_service_option_in_config", timeout)
        return pure.set_options(given, service, pure.options_of(option, "option"))

    async def set_config_options(
        self, config_options: GivenConfig, config: GivenConfig | None = None, *, timeout: float | None = 10.0
    ) -> Config:
        """A configuration with options of several services set. Mirrors ``setConfigOptions()``.

        Nothing is sent: give the result to :meth:`update_config`.

        Args:
            config_options: services and the options to set; services that aren't in the configuration are not added.
            config: what to start from, which is not changed; fetched from the bot when left out.
        """
        given = await self._or_fetched(config, "set_config_options", timeout)
        return pure.merge(given, pure.normalize(config_options, "config_options"))

    def _take_data(self, data: BotReadyData) -> None:
        self._bot_config = data.config

    def _take_config(self, config: Config) -> None:
        self._bot_config = config

    async def _ask(self, type: str, data: Mapping[str, Any], timeout: float | None) -> Config:
        limit = seconds(timeout, "timeout")
        session = self._connection.require_ready(f"Sending {type!r}")
        config: Config = await session.request(type, data, timeout=limit, what=type)
        return config

    async def _or_fetched(self, config: GivenConfig | None, member: str, timeout: float | None) -> Config:
        if config is not None:
            return pure.normalize(config)
        if self._connection.state not in ESTABLISHED:
            raise BotNotReadyError(
                f"{member}() was called without config=… before the bot is ready. Give it, or await connect() first."
            )
        return await self.get_config(timeout=timeout)
