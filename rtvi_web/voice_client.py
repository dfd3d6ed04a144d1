"""VoiceClient, the first name of RTVIClient. All names here are deprecated but work."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.checks import keywords_only
from rtvi_web.core.warn import warn
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.transport import Transport

VoiceEvent = RTVIEvent
"""Deprecated: :class:`RTVIEvent`."""


class VoiceClient(RTVIClient):
    """Deprecated: use :class:`RTVIClient`. Also takes ``base_url``, ``services`` and ``config`` outside ``params``.

    Args:
        transport: by default a new :class:`SmallWebRTCTransport`.
        options: the options of :class:`RTVIClient`.
    """

    @keywords_only
    def __init__(self, *, transport: Transport | None = None, **options: Any) -> None:
        warn(f"{type(self).__name__} is deprecated: it is RTVIClient now.", DeprecationWarning)
        if transport is None:
            from rtvi_web.transports import SmallWebRTCTransport  # only pages that use it load it

            transport = SmallWebRTCTransport()
        super().__init__(transport=transport, **options)


class DailyVoiceClient(VoiceClient):
    """Deprecated: use :class:`RTVIClient` with a :class:`DailyTransport`.

    Args:
        transport: by default a new :class:`DailyTransport`.
        options: as for :class:`VoiceClient`.
    """

    @keywords_only
    def __init__(self, *, transport: Transport | None = None, **options: Any) -> None:
        if transport is None:
            from rtvi_web.transports import DailyTransport  # only pages that use it load it

            transport = DailyTransport()
        super().__init__(transport=transport, **options)
