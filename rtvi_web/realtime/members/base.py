"""What the members of a client work with: made here, once, for all of them."""

from __future__ import annotations

from typing import Any

from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.session import RealtimeSession
from rtvi_web.realtime.settings import Settings
from rtvi_web.realtime.transports import resolve


class Members(RealtimeEventHandler):
    """The base of every class of members, and so of ``RealtimeClient``."""

    def __init__(self, settings: Settings, config: Any) -> None:
        super().__init__()
        self._settings = settings
        self._transport = resolve(settings.transport)
        self._api = RealtimeAPI(self._transport, settings, self)
        self._configuration = Configuration(config, self._api, settings.dialect)
        self._session = RealtimeSession(self._transport, self._api, self._configuration, self, settings)
        self._speech = self._session.speech
