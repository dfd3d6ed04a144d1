"""What all groups of members work with."""

from __future__ import annotations

from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.event_handlers import EventHandlers
from rtvi_web.realtime.session import RealtimeSession
from rtvi_web.realtime.speech import Speech
from rtvi_web.realtime.transport import RealtimeTransport


class Members(EventHandlers):
    """The base of each group of members. The client's constructor sets these attributes."""

    _transport: RealtimeTransport
    _api: RealtimeAPI
    _configuration: Configuration
    _session: RealtimeSession
    _speech: Speech
