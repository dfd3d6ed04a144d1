"""VoiceClient: what RTVIClient was called at first. Each name of it is deprecated, and works."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.checks import keywords_only
from rtvi_web.core.warn import warn
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.transport import Transport
from rtvi_web.transports import SmallWebRTCTransport

VoiceEvent = RTVIEvent
"""Deprecated: :class:`RTVIEvent`."""


class VoiceClient(RTVIClient):
    """Deprecated: :class:`RTVIClient`, with ``base_url``, ``services`` and ``config`` beside the params.

    Args:
        transport: a new :class:`SmallWebRTCTransport` when left out.
        options: those of :class:`RTVIClient`.
    """

    @keywords_only
    def __init__(self, *, transport: Transport | None = None, **options: Any) -> None:
        warn(f"{type(self).__name__} is deprecated: it is RTVIClient now.", DeprecationWarning)
        super().__init__(transport=transport or SmallWebRTCTransport(), **options)


class DailyVoiceClient(VoiceClient):
    """Deprecated: :class:`RTVIClient`. It connects through :class:`SmallWebRTCTransport`, not through Daily's rooms,
    which need Daily's own script from its host."""
