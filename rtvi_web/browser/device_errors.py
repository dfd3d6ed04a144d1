"""Explains why a browser refuses a microphone, a camera, a speaker or a screen."""

from __future__ import annotations

from rtvi_web.browser import _js
from rtvi_web.browser.permissions_policy import allows
from rtvi_web.core.media import DEVICE_KINDS
from rtvi_web.errors import DeviceError, NotInBrowserError

NOUNS: dict[str, str] = {**{kind.name: kind.noun for kind in DEVICE_KINDS.values()}, "screen": "screen"}
"""The word for each device in messages to the person."""

_REASONS = {
    "NotAllowedError": (
        "permissions",
        "The {noun} is not allowed here. Allow it in the browser's site settings (the icon beside the address), "
        "and in the system's privacy settings.",
    ),
    "SecurityError": ("permissions", "This page may not use the {noun}: its server or the page around it forbids it."),
    "InvalidStateError": (
        "permissions",
        "The browser shares the {noun} only when it is asked from a click, in a page that is in front.",
    ),
    "NotFoundError": ("not-found", "No {noun} was found. Plug one in, or switch it on in the system's settings."),
    "NotReadableError": (
        "in-use",
        "The {noun} cannot be opened. Close other programs that use it, or plug it in again.",
    ),
    "AbortError": ("in-use", "The {noun} could not be opened. Plug it in again, or restart the browser."),
    "OverconstrainedError": ("constraints", "The chosen {noun} is not available. Choose another one."),
}
_FEATURES = {"mic": "microphone", "cam": "camera", "screen": "display-capture"}
"""The names of devices in a permissions policy."""
_SCREEN_REFUSED = "The screen was not shared: the person or the system refused."


def device_error(error: _js.JsError, device: str) -> DeviceError:
    """The error that explains why ``getUserMedia``, ``getDisplayMedia`` or ``setSinkId`` refused a device."""
    type, message = _REASONS.get(error.name, ("unknown", f"The {{noun}} could not be opened: {error}"))
    if error.name == "NotAllowedError":
        message = _policy_against(device) or (_SCREEN_REFUSED if device == "screen" else message)
    return DeviceError(message.format(noun=NOUNS[device]), devices=(device,), type=type)


def _policy_against(device: str) -> str | None:
    """Why this page may not ask the person at all; ``None`` if it may, or if the browser does not tell."""
    feature, noun = _FEATURES.get(device), NOUNS[device]
    try:
        if feature is None or allows(feature):
            return None
    except NotInBrowserError:  # a web worker
        return None
    if _js.api("location").ancestorOrigins.length:  # the page is in a frame
        return f'The page around this frame keeps the {noun} from it: its <iframe> needs allow="{feature}".'
    return f"The server of this page forbids the {noun}, in the header Permissions-Policy."
