"""The browser's list of devices, the person's permission, and the page's local storage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.core.foreign_json import read_json
from rtvi_web.errors import NotInBrowserError


async def list_devices() -> list[tuple[str, str, str, str]]:
    """Id, label, kind and group id of every device. Never prompts.

    Before the person allows a kind of device, browsers list one without an id; it is left out.
    """
    devices = getattr(_js.api("navigator"), "mediaDevices", None)
    if devices is None:
        return []
    try:
        found = await _js.call(devices, "enumerateDevices")
    except _js.JsError:  # The page's policy forbids it.
        return []
    return [(device.deviceId, device.label, device.kind, device.groupId) for device in found if device.deviceId]


async def permission(name: str) -> Any:
    """The ``PermissionStatus`` of ``"microphone"`` or ``"camera"`` (MDN); its ``state`` stays up to date.

    ``None`` if the browser cannot tell.
    """
    permissions = getattr(_js.api("navigator"), "permissions", None)
    if permissions is None:
        return None
    try:
        return await _js.call(permissions, "query", {"name": name})
    except _js.JsError:  # The browser does not know that name.
        return None


def may_ask_again() -> bool:
    """Whether the browser may ask the person about each device, though the permission says "granted".

    Firefox does; Chromium, which alone has ``navigator.userAgentData``, does not.
    """
    return not hasattr(_js.api("navigator"), "userAgentData")


def watch_devices(scope: _js.Scope, changed: Callable[[], object]) -> None:
    """Call ``changed()`` when a device is plugged in or out, until the scope is closed."""
    devices = getattr(_js.api("navigator"), "mediaDevices", None)
    if devices is not None:
        scope.listen(devices, "devicechange", lambda _: changed())


def recall(key: str) -> dict[str, Any]:
    """What :func:`remember` kept under a key of the local storage; empty if there is nothing, or no storage."""
    try:
        with _js.guarded():
            kept = _js.or_none(_js.api("localStorage").getItem(key))
        value = read_json(kept or "{}")  # Any other page of this site may have written it.
    except (_js.JsError, NotInBrowserError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def remember(key: str, value: dict[str, Any]) -> None:
    """Keep a value in the local storage for later page loads, if the browser allows it."""
    try:
        with _js.guarded():
            _js.api("localStorage").setItem(key, json.dumps(value))
    except (_js.JsError, NotInBrowserError):
        return
