"""The connection: what is sent and received, as events. Mirrors ``RealtimeAPI``.

``RealtimeAPI`` is what the transport talks to (its :class:`RealtimeHost`). It keeps three promises:

* ``connect()`` settles: with a session that has its configuration, or with an error that names the phase.
* ``wait_for_next()`` settles by the end of the session: with the event, or with an error.
* ``receive()`` never raises, whatever the server sends and the handlers raise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import partial
from typing import Any, Protocol

from rtvi_web.core import late_files
from rtvi_web.core.connect_attempt import CLOSE_LIMIT, ConnectAttempts, Ending
from rtvi_web.core.tasks import end_if_cancelled, run_within
from rtvi_web.errors import (
    AlreadyStartedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    InvalidArgumentError,
    MessageTooLargeError,
    RTVIError,
)
from rtvi_web.realtime.comprehension import Comprehension, beginning
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.events import ErrorEvent, RealtimeEvent
from rtvi_web.realtime.media_events import MediaEvents
from rtvi_web.realtime.protocol.dialects.base import Address
from rtvi_web.realtime.protocol.wire import Event, copied, decode, encode, new_id
from rtvi_web.realtime.session_state import SessionState
from rtvi_web.realtime.settings import Settings
from rtvi_web.realtime.translation import Translation
from rtvi_web.realtime.transport import RealtimeRequest, RealtimeTransport, SpareLink

logger = logging.getLogger(__name__)

MAX_FRAME = 16 << 20
"""Characters of a frame that is read; OpenAI's have 15 MiB at most."""
SMALL = 4096
"""Bytes that every transport can send: messages up to this size are not checked."""


class Listener(Protocol):
    """Handles what arrives over the connection. Only ``configure()`` raises."""

    async def configure(self) -> None:
        """The link is up: send the configuration, and wait until the server has taken it."""

    def session_begins(self) -> None:
        """The transport is about to connect: everything from now on belongs to a new session."""

    def server_event(self, event: Event) -> None:
        """A server event has arrived, under its GA name."""

    def client_event(self, event: Event) -> None:
        """A client event was sent, by this package or by the page."""

    def ask(self) -> bool:
        """See ``RealtimeHost.ask``."""
        ...

    def microphone(self, pcm: bytes, muted: bool) -> None:
        """The microphone has heard this; while it is muted, silence."""

    def recorded(self, side: str, pcm: bytes, rate: int) -> None:
        """This was sent or played, while the session is recorded."""

    def speaking(self, speaking: bool) -> None:
        """An answer becomes audible, or ends."""

    def session_ended(self, reason: str) -> None:
        """From now on nothing can be sent, and nothing arrives."""


class RealtimeAPI(RealtimeEventHandler):
    """One connection after another. Its events are ``server.<type>``, ``client.<type>`` and those of the connection.

    Args:
        transport: carries the events.
        settings: the address and the key.
        client: gets the same events.
    """

    def __init__(self, transport: RealtimeTransport, settings: Settings, client: RealtimeEventHandler) -> None:
        super().__init__()
        self._client = client
        self._transport = transport
        self._settings = settings
        self.translation = Translation(settings.dialect)
        self._listener: Listener | None = None
        self._receiving = False
        self._connected = False
        self._comprehension = Comprehension(self._complain)
        self._failure: RTVIError | None = None  # why the session ended, if not by disconnect()
        self._attempts = ConnectAttempts(self._close)
        self.media = MediaEvents(self._client)
        self.session_state = SessionState(self._client)
        transport.attach(self)

    def is_connected(self) -> bool:
        """Whether events can be sent. Mirrors ``isConnected()``."""
        return self._connected and self._receives

    @property
    def _receives(self) -> bool:
        """Whether the server is listened to: from the beginning of a session until it is being closed."""
        return self._receiving and not self._attempts.is_closing

    # Connecting and disconnecting.

    async def connect(self, config: Mapping[str, Any], listener: Listener) -> None:
        """Connect and configure the session; see ``RealtimeClient.connect``.

        Args:
            config: the configuration, for a server that takes it with the SDP.
            listener: the session that begins.
        """
        if self._attempts.is_connecting or self.is_connected():
            raise AlreadyStartedError("Already connected, use disconnect() first.")
        await self._attempts.run(partial(self._connect, config, listener))

    async def _connect(self, config: Mapping[str, Any], listener: Listener) -> None:
        self.session_state.begin()
        await self._open_devices()
        await late_files.arrived()
        end_if_cancelled()
        # The deadline counts from here: a person may take their time over the permission prompt.
        timeout = self._settings.timeout
        lift = self._attempts.set_deadline(timeout, lambda: f"The server could not be reached within {timeout:g} s.")
        self.session_state.move("connecting")
        self.enter(ConnectPhase.OFFER)
        request = self._request(config, await self._settings.key())
        self.translation.address(request.target(webrtc=self._transport.carries_tracks))  # refuses one without address
        self._listener = listener
        self._receiving = True
        self._comprehension.begin()
        listener.session_begins()
        await self._transport.connect(request)
        end_if_cancelled()
        lift()
        self._connected = True
        self._comprehension.connected()
        self.session_state.move("connected")
        self._dispatch("client.connected", {"type": "client.connected"})
        await listener.configure()
        self.session_state.move("ready")

    def address(self, config: Mapping[str, Any]) -> Address:
        """The dialect's address for this configuration, without the key.

        Raises:
            InvalidArgumentError, UnsupportedFeatureError: it has none.
        """
        return self.translation.address(self._request(config, None).target(webrtc=self._transport.carries_tracks))

    def _request(self, config: Mapping[str, Any], key: str | None) -> RealtimeRequest:
        settings = self._settings
        options: dict[str, Any] = {"dialect": settings.dialect, "sound": settings.sound, "holds_microphone": True}
        return RealtimeRequest(settings.url, config.get("model"), key, dict(config), **options)

    async def open_spare(
        self,
        config: Mapping[str, Any],
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> SpareLink:
        """Open a second link; see ``RealtimeTransport.open_spare``.

        Raises:
            ConnectionTimeoutError: it took longer than the client's time-out.
            RTVIError: as ``connect()``.
        """
        timeout = self._settings.timeout
        request = self._request(config, await self._settings.key())
        try:
            async with asyncio.timeout(timeout):
                return await self._transport.open_spare(request, received, lost)
        except TimeoutError:
            raise ConnectionTimeoutError(f"The server could not be reached within {timeout:g} s.") from None

    async def init_devices(self) -> None:
        """Open the devices; see ``RealtimeClient.init_devices``."""
        media = self._transport.media
        were_open = media.devices_open and not self._attempts.is_closing
        try:
            await self._attempts.open_devices(partial(media.open_devices, mic=True))
        except BaseException:
            if not (were_open or self._attempts.is_connecting or self._connected):
                await self._attempts.close("The devices could not be opened.")
            raise
        self.media.state_changed(media.media_state)
        if error := media.media_state.mic.error:
            raise error

    async def _open_devices(self) -> None:
        """Open the devices for a session, which goes on without a microphone."""
        media = self._transport.media
        await media.open_devices(mic=self._settings.microphone and self._settings.sound)
        end_if_cancelled()
        self.media.state_changed(media.media_state)  # "open" also covers a denied microphone
        error = media.media_state.mic.error
        if error and media.mic_wanted is not None:
            self._client.dispatch("error", ErrorEvent("error", "microphone", error.message, error))

    def disconnect(self) -> Ending | None:
        """End the session, or the attempt to connect.

        Returns:
            What ends when everything is released; ``None`` when there was nothing to end.
        """
        if self._attempts.is_idle and not self._connected and not self._transport.media.devices_open:
            return None
        self._end("The session ended.")
        return self._attempts.disconnect()

    def _end(self, reason: str) -> None:
        """Send and receive nothing more, from now on: what releases the rest runs as a task, a moment later."""
        self._comprehension.end()
        if self._receiving and self._listener:
            self._receiving = False
            self._listener.session_ended(reason)
        self.session_state.end()

    async def _close(self, reason: str, failure: RTVIError | None) -> None:
        """Release everything; see :class:`ConnectAttempts`."""
        self._end(reason)
        was_connected, self._connected = self._connected, False
        failed, failure, self._failure = failure is not None, failure or self._failure, None
        were_open = self._transport.media.devices_open
        await run_within(CLOSE_LIMIT, self._transport.close(), "the transport could not be closed")
        if were_open:
            self.media.state_changed(self._transport.media.media_state)
        self.session_state.ended(failure, in_error=failed)
        if failure:
            self._dispatch("client.error", {"type": "client.error", "error": failure})
            self._client.dispatch("error", ErrorEvent("error", "connection", failure.message, failure))
        if was_connected:
            self._dispatch("client.disconnected", {"type": "client.disconnected"})
            self._dispatch("close", {"type": "close", "error": failure is not None})
        self.fail_waiters(reason)
        self._client.fail_waiters(reason)

    # What the transport calls: RealtimeHost.

    def enter(self, phase: ConnectPhase) -> None:
        """See ``RealtimeHost.enter``."""
        logger.debug("connect: %s", phase.value)
        self._attempts.enter(phase)

    def receive(self, frame: str | bytes) -> None:
        """Handle a frame. Mirrors ``receive()``."""
        if not self._receives or self._listener is None:
            return  # a late frame of a session that is over
        self._comprehension.frame(frame)
        event = decode(frame) if len(frame) <= MAX_FRAME else None
        if event is None:
            logger.warning("ignored a frame of %d characters that is not a Realtime event", len(frame))
            if isinstance(frame, str):
                self._complain(f"The server sent a frame that is not an event: {beginning(frame)}")
            return
        try:
            events = self.translation.incoming(event)
        except RTVIError as error:
            self._client.dispatch("error", ErrorEvent("error", "message", error.message, error))
            return
        for each in events:
            self._handle(each, self._listener)

    def _handle(self, event: Event, listener: Listener) -> None:
        """Handle a server event. A handler may disconnect: then the other handlers do not get the event."""
        self._comprehension.event(event["type"])
        if self._receives:
            self._log("server", event)
        if self._receives:
            listener.server_event(event)
        if self._receives:
            self._dispatch_copy(f"server.{event['type']}", event)

    def _complain(self, message: str) -> None:
        self._client.dispatch("error", ErrorEvent("error", "message", message))

    def ask(self) -> bool:
        """See ``RealtimeHost.ask``."""
        return self.is_connected() and self._listener is not None and self._listener.ask()

    def microphone(self, pcm: bytes, *, muted: bool = False) -> None:
        """See ``RealtimeHost.microphone``."""
        if self.is_connected() and self._listener:
            self._listener.microphone(pcm, muted)

    def recorded(self, side: str, pcm: bytes, rate: int) -> None:
        """See ``RealtimeHost.recorded``."""
        if self._listener:
            self._listener.recorded(side, pcm, rate)

    def speaking(self, speaking: bool) -> None:
        """See ``RealtimeHost.speaking``."""
        if self._listener:
            self._listener.speaking(speaking)

    def lost(self, error: RTVIError) -> None:
        """See ``RealtimeHost.lost``."""
        if self._attempts.is_connecting:
            self._end(error.message)
            self._attempts.fail(error)
        elif self.is_connected():
            self._failure = error
            self._end(error.message)
            self._attempts.begin_to_close(error.message)

    # Sending.

    def send(self, type: str, data: Mapping[str, Any] | None = None) -> bool:
        """Send a client event, such as ``"input_audio_buffer.clear"``. Mirrors ``send()``.

        Args:
            type: its type.
            data: its other fields; an ``event_id`` among them replaces the generated one.

        Returns:
            Always ``True``. Nothing is sent, or dispatched, if the dialect's server does without such an event.

        Raises:
            DisconnectedError: there is no connection.
            InvalidArgumentError: data is not a mapping, or cannot be written as JSON.
            MessageTooLargeError: see its ``limit``; nothing was sent.
            UnsupportedFeatureError: the dialect's server has nothing like it; nothing was sent.
        """
        event, text = self.check(type, data)
        translated = self.translation.outgoing(event)
        if not translated:
            return True  # This server needs no such event.
        is_unchanged = translated == [event]
        for each in [text] if is_unchanged else [self._fitting(encode(each)) for each in translated]:
            self._transport.send(each)
        if self._listener:
            self._listener.client_event(event)
        self._log("client", event)
        self._dispatch_copy(f"client.{type}", event)
        return True

    def check(self, type: str, data: Mapping[str, Any] | None = None) -> tuple[Event, str]:
        """Check that :meth:`send` could send this; raises the errors of :meth:`send`.

        Returns:
            The event, and its text.
        """
        self.require_connection()
        if data is not None and not isinstance(data, Mapping):
            raise InvalidArgumentError("data must be an object")  # the words of openai-realtime-api
        event = {"event_id": new_id("evt_"), "type": type, **(data or {})}
        return event, self._fitting(encode(event))

    def _fitting(self, text: str) -> str:
        """A text that is not too large for a message. It is ASCII: a byte a character."""
        if len(text) > SMALL and len(text) > self._transport.max_message_size:
            raise MessageTooLargeError(len(text), self._transport.max_message_size)
        return text

    def encoded(self, type: str, data: Mapping[str, Any]) -> list[str]:
        """The texts of an event for another link."""
        event = {"event_id": new_id("evt_"), "type": type, **data}
        return [self._fitting(encode(each)) for each in self.translation.outgoing(event)]

    def decoded(self, frame: str | bytes) -> list[Event]:
        """The events in a frame of another link."""
        event = decode(frame) if len(frame) <= MAX_FRAME else None
        return [] if event is None else self.translation.incoming(event)

    def require_connection(self) -> None:
        """Raise ``DisconnectedError`` unless the client is connected."""
        if not self.is_connected():
            raise DisconnectedError("RealtimeAPI is not connected. Await connect() first.")

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have."""
        return self._transport.max_message_size

    def _log(self, source: str, event: Event) -> None:
        if self._client.listens("realtime.event"):
            from datetime import datetime

            time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._client.dispatch("realtime.event", RealtimeEvent("realtime.event", time, source, copied(event)))

    def _dispatch_copy(self, name: str, event: Event) -> None:
        if self.listens(name) or self._client.listens(name):
            self._dispatch(name, copied(event))

    def _dispatch(self, name: str, event: Any) -> None:
        self.dispatch(name, event)
        self._client.dispatch(name, event)
