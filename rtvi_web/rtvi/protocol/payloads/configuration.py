"""The configuration and the actions of RTVI 0.x bots."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from rtvi_web.rtvi.protocol.messages import RTVIMessage
from rtvi_web.rtvi.protocol.payloads.base import Payload, ReportedConfig


class ConfigData(Payload):
    """The bot's whole configuration; handlers get the list. Mirrors ``RTVIClientConfigOption[]``."""

    config: ReportedConfig


class OptionDescription(Payload):
    """An option or an argument, and the type it takes: bool, number, string, array or object."""

    name: str
    type: str = ""


class ServiceDescription(Payload):
    """A service and the options it takes. Servers call it ``name``; some documents ``service``: both are read."""

    name: str = Field(validation_alias=AliasChoices("name", "service"))
    options: list[OptionDescription] = Field(default_factory=list)

    @property
    def service(self) -> str:
        """The name, as a configuration calls it."""
        return self.name


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
