"""Reads and changes a bot's configuration: a list of ``{"service": …, "options": [{"name": …, "value": …}]}``.

Every function leaves its arguments unchanged and keeps fields that it does not know.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from rtvi_web.core.warn import warn
from rtvi_web.errors import InvalidArgumentError

Option: TypeAlias = dict[str, Any]
"""``{"name": str, "value": anything}``. Mirrors ``ConfigOption``."""
ServiceConfig: TypeAlias = dict[str, Any]
"""``{"service": str, "options": list[Option]}``. Mirrors ``RTVIClientConfigOption``."""
Config: TypeAlias = list[ServiceConfig]


def normalize(given: Iterable[Mapping[str, Any]], where: str = "config", *, of_bot: bool = False) -> Config:
    """A deep copy of a configuration, with the shorthand ``{"stop_secs": 0.5}`` written out as name and value.

    The shorthand is deprecated. It warns, unless the bot uses it.

    Raises:
        InvalidArgumentError: it is not a configuration; the message names the entry.
    """
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InvalidArgumentError(f"{where} must be a list of {{service, options}}; it is {given!r}.")
    return [_service(entry, f"{where}[{index}]", of_bot) for index, entry in enumerate(given)]


def service_options(config: Config, service: str) -> ServiceConfig | None:
    """A copy of a service's entry; ``None`` if the configuration has none."""
    return next((copy.deepcopy(entry) for entry in config if entry["service"] == service), None)


def option_value(config: Config, service: str, option: str) -> Any:
    """The value of a service's option; ``None`` if the service or the option isn't there."""
    options = (service_options(config, service) or {}).get("options", [])
    return next((entry["value"] for entry in options if entry["name"] == option), None)


def set_options(config: Config, service: str, options: Iterable[Option]) -> Config:
    """The configuration with some of a service's options set. A service that it lacks is not added.

    Options keep their place; new ones are appended.
    """
    changed, new = copy.deepcopy(config), list(options)
    for entry in changed:
        if entry["service"] == service:
            known: dict[str, Option] = {}
            for option in [*entry["options"], *copy.deepcopy(new)]:
                known[option["name"]] = {**known.get(option["name"], {}), **option}
            entry["options"] = list(known.values())
    return changed


def merge(config: Config, changes: Config) -> Config:
    """The configuration with the options of several services set. Services that it lacks are not added."""
    for change in changes:
        config = set_options(config, change["service"], change["options"])
    return copy.deepcopy(config)


def options_of(
    given: Mapping[str, Any] | Iterable[Mapping[str, Any]], where: str = "options", *, of_bot: bool = False
) -> list[Option]:
    """A list of one option or several, each given as ``{"name": …, "value": …}`` or in the shorthand.

    Raises:
        InvalidArgumentError: an entry is not an option; the message names it.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidArgumentError(f"{where} must be a list of {{name, value}}; it is {given!r}.")
    entries = [given] if isinstance(given, Mapping) else given
    return [option for index, entry in enumerate(entries) for option in _options(entry, f"{where}[{index}]", of_bot)]


def _service(entry: Any, where: str, of_bot: bool) -> ServiceConfig:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("service"), str):
        raise InvalidArgumentError(f"{where} must be {{service, options}} with the service's name; it is {entry!r}.")
    options = options_of(entry.get("options", ()), f"{where}.options", of_bot=of_bot)
    more = {key: copy.deepcopy(value) for key, value in entry.items() if key not in ("service", "options")}
    return {"service": entry["service"], "options": options, **more}


def _options(entry: Any, where: str, of_bot: bool) -> list[Option]:
    if not isinstance(entry, Mapping) or not all(isinstance(key, str) for key in entry):
        raise InvalidArgumentError(f"{where} must be {{name, value}}; it is {entry!r}.")
    if isinstance(entry.get("name"), str) and ("value" in entry or len(entry) == 1):
        return [{"name": entry["name"], "value": None, **copy.deepcopy(dict(entry))}]
    if entry and not of_bot:
        warn(
            f"{where}: the shorthand {{name: value}} is deprecated: it is {{name: …, value: …}} now.",
            DeprecationWarning,
        )
    return [{"name": name, "value": copy.deepcopy(value)} for name, value in entry.items()]
