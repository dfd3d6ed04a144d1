"""RealtimeClient: what a page talks to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine, Generator, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar, Unpack

from rtvi_web.core.media import Media
from rtvi_web.core.media_members import MediaMembers
from rtvi_web.errors import DeviceError, DisconnectedError
from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.event_handlers import EventHandlers
from rtvi_web.realtime.protocol.audio import InputAudio
from rtvi_web.realtime.protocol.content import history_items, image_part, user_content
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.items import Item, ItemEvent, to_history
from rtvi_web.realtime.protocol.session_config import Config, SessionConfig, to_ga
from rtvi_web.realtime.protocol.usage import Usage
from rtvi_web.realtime.session import RealtimeSession
from rtvi_web.realtime.settings import Settings, SettingsDict
from rtvi_web.realtime.tools import Handler, Tool, execute
from rtvi_web.realtime.transports import resolve

Given = TypeVar("Given")
Result = TypeVar("Result")


class ItemResult(NamedTuple):
    """What ``cancel_response()`` cut short; ``None`` where it was no item."""

    item: Item | None


class RealtimeClient(EventHandlers, MediaMembers):
    """A session with a model that speaks the OpenAI Realtime protocol. Mirrors ``RealtimeClient``.

    ::

        client = RealtimeClient(api_key=ephemeral_key, config={"instructions": "Be brief."})

        def show(event):
            print(event.item.role, event.item.formatted.transcript)

        client.on("conversation.item.completed", show)
        await client.connect()
        client.send_user_message_content([{"type": "input_text", "text": "Hello!"}])

    Events: ``conversation.updated``, ``conversation.item.appended`` and ``conversation.item.completed`` (an
    :class:`ItemEvent`), ``conversation.interrupted`` (the server's ``input_audio_buffer.speech_started``),
    ``conversation.speaking`` (a :class:`SpeakingEvent`), ``error`` (an :class:`ErrorEvent`), ``realtime.event`` (a
    :class:`RealtimeEvent`), and as dicts: ``server.<type>`` and ``client.<type>`` (what is on the wire),
    ``client.connected``, ``client.disconnected``, ``client.error``, ``close``, ``output_audio.blocked``. Events of
    devices and media have RTVI's names and the first of its arguments: ``micUpdated``, ``availableMicsUpdated``,
    ``speakerUpdated``, ``availableSpeakersUpdated``, ``mediaStateUpdated``, ``trackStarted``, ``trackStopped``,
    ``localAudioLevel``, ``remoteAudioLevel``, ``deviceError``.

    Args:
        settings: a dict of the settings below (camelCase accepted); each may be a keyword instead.
        config: the session's configuration: a dict (:class:`SessionConfig`, or of the beta's or the seed's shape), a
            pydantic model, or an object with ``get_session_payload()``.
        url: where the server is; OpenAI by default.
        api_key: an ephemeral key (``ek_…``), or a function, sync or async, that gives one for each ``connect()``.
        dangerously_allow_api_key_in_browser: whether another key may be used in a page, where everybody can read it.
        transport: ``"websocket"`` (the default), ``"webrtc"``, or a transport; one transport serves one client.
        microphone: whether ``connect()`` opens it, muted after ``mute()``; if not, only ``enable_mic(True)`` and
            ``init_devices()`` do.
        keep_audio: seconds of sound that all items together keep, the newest; ``None`` keeps everything, 0 nothing.
        timeout: seconds that the transport may take to connect, once the person has answered the permission prompt;
            ``None`` means no limit.

    Raises:
        InvalidArgumentError: something given cannot work; the message names it.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        config: SessionConfig | Mapping[str, Any] | object | None = None,
        **keywords: Unpack[SettingsDict],
    ) -> None:
        super().__init__()
        checked = Settings.of(settings, keywords)
        self._transport = resolve(checked.transport)
        self._configuration = Configuration(config)
        self._session = RealtimeSession(self._transport, checked, self._configuration, self)

    # What the seed protects, to read.

    @property
    def config(self) -> Config:
        """A copy of the session's configuration, in GA form. Mirrors ``config``; ``update_config()`` changes it."""
        return self._configuration.payload

    @property
    def conversation(self) -> Conversation:
        """Mirrors ``conversation``."""
        return self._session.conversation

    @property
    def input_audio_buffer(self) -> InputAudio:
        """What the person has said, the last of it: ``bytes()`` is PCM. Mirrors ``inputAudioBuffer``."""
        return self._session.input_audio

    @property
    def realtime(self) -> RealtimeAPI:
        """The connection, to send events that have no method here. Mirrors ``realtime``."""
        return self._session.api

    @property
    def session_created(self) -> bool:
        """Whether the server has said ``session.created``. Mirrors ``sessionCreated``."""
        return self._session.session_created

    @property
    def tools(self) -> dict[str, Tool]:
        """The tools that have a handler, by name. Mirrors ``tools``."""
        return dict(self._configuration.tools)

    @property
    def usage(self) -> Usage:
        """What all sessions of this client have used, as the server counts it."""
        return self._session.usage

    # The session.

    async def connect(self) -> None:
        """Open the microphone, connect, and wait until the server has taken the configuration. Mirrors ``connect()``.

        A server that says nothing about the configuration is waited for 5 s. With the microphone denied or missing,
        ``deviceError`` and ``error`` are dispatched and the session goes on without it. The items of the session before
        are gone.

        Raises:
            AlreadyStartedError: there is a connection, or an attempt.
            TransportStartError, HttpError: the server could not be reached, or refused.
            ConnectionTimeoutError: it took longer than ``timeout``.
            RequestError: the server refused the configuration, in its own words.
            DisconnectedError: the link was lost meanwhile.
            ConnectAbortedError: ``disconnect()`` was called meanwhile.
            InvalidArgumentError: the function ``api_key`` gave a key that may not be used.

        Each names the phase (``error.phase``); all is released then. So it is when the awaiting task is cancelled.
        """
        await self._session.api.connect(self._configuration.payload, self._configuration.establish)

    def disconnect(self) -> Awaitable[None]:
        """End the session, or the attempt to connect. Mirrors ``disconnect()``.

        From now on nothing is sent or received. The items stay readable until the next ``connect()``.

        Returns:
            Await it, if you like, to know that all is released.
        """
        return _Ending(self._session.api.disconnect())

    def run(self, coroutine: Coroutine[Any, Any, Result], complaint: str) -> asyncio.Task[Result]:
        """Run a coroutine as a task, such as from a click. What it raises is reported to the event loop's handler.

        Args:
            coroutine: what to run.
            complaint: what the report says if it raises.
        """
        return self._tasks.run(coroutine, complaint)

    async def __aenter__(self) -> RealtimeClient:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()

    def is_connected(self) -> bool:
        """Whether events can be sent. Mirrors ``isConnected()``."""
        return self._session.api.is_connected()

    def reset(self) -> None:
        """Go back to the initial state: no connection, items, tools or usage; the default configuration.

        Handlers stay (:meth:`clear_event_handlers`). Mirrors ``reset()``.
        """
        self.disconnect()
        self._configuration.reset()
        self._session.reset()

    # The configuration.

    def update_config(self, updates: SessionConfig | Mapping[str, Any] | object) -> None:
        """Change what is named, and tell the server while connected. Mirrors ``updateConfig()``.

        Args:
            updates: of any shape that ``config`` may have; ``None`` switches off, what isn't named is kept.

        Raises:
            InvalidArgumentError, MessageTooLargeError: it cannot be sent; nothing was changed.
        """
        self._configuration.update(updates)

    def update_session(self) -> None:
        """Tell the server the whole configuration, if there is a connection. Mirrors ``updateSession()``."""
        self._configuration.tell()

    def get_session_payload(self) -> dict[str, Config]:
        """The configuration as ``{"session": …}``, a copy. Mirrors ``getSessionPayload()``."""
        return {"session": self._configuration.payload}

    def get_turn_detection_type(self) -> str | dict[str, Any] | None:
        """The turn detection, such as ``{"type": "server_vad"}``; ``None`` is push-to-talk.

        Mirrors ``getTurnDetectionType()``; a configuration object that has this method is asked.
        """
        detection: str | dict[str, Any] | None = self._configuration.get_turn_detection_type()
        return detection

    # Tools.

    def add_tool(self, tool: Any, handler: Handler | None = None, *, timeout: float | None = 60.0) -> None:
        """Offer a tool to the model. Mirrors ``addTool()``; one of the same name is replaced.

        Args:
            tool: a typed function, whose name, docstring and annotations tell the model about it; or a definition
                (``{"name": …, "description": …, "parameters": <JSON schema>}``, or of an MCP server).
            handler: runs the calls; it takes one dict. A definition without one leaves them to you:
                ``conversation.item.completed`` brings them.
            timeout: seconds a call may take; ``None`` means no limit.

        A handler may be sync or async. The model gets a text as it is, anything else as JSON (models, dataclasses and
        dates too), and ``{"error": …}`` if it raises; it goes on speaking when all calls of its response are answered.
        A handler that returns a :class:`BackgroundResult` lets it take note in silence.

        Raises:
            InvalidArgumentError: no name, no schema, or no function; nothing was changed.
        """
        self._configuration.add(tool, handler, timeout=timeout)

    def remove_tool(self, name: str) -> None:
        """Offer a tool no more; an unknown one is none. Mirrors ``removeTool()``."""
        self._configuration.remove(name)

    def register_tool(
        self, definition: Given, handler: Handler | None = None, *, timeout: float | None = 60.0
    ) -> Given:
        """Offer a tool whose calls run here: :meth:`add_tool`, and a decorator of typed functions.

        Mirrors ``registerTool()``.

        Raises:
            InvalidArgumentError: no name, no schema, or no handler; nothing was changed.
        """
        self._configuration.register(definition, handler, timeout=timeout)
        return definition

    def unregister_tool(self, name: str) -> None:
        """Mirrors ``unregisterTool()``: :meth:`remove_tool` by another name."""
        self._configuration.remove(name)

    async def execute_tool(self, name: str, args: Mapping[str, Any]) -> Any:
        """Run a tool here; the server hears nothing of it. Mirrors ``executeTool()``.

        Raises:
            InvalidArgumentError: no tool of this name has a handler.
            TimeoutError: it took too long.
            Exception: whatever the handler raises.
        """
        return await execute(self._configuration.registered(name), args)

    def get_tools(self) -> list[dict[str, Any]]:
        """The definitions of all tools, a copy. Mirrors ``getTools()``."""
        return self._configuration.get_tools()

    # Speaking and writing.

    def append_input_audio(self, sound: Any) -> bool:
        """Let the server hear this, besides the microphone. Mirrors ``appendInputAudio()``.

        Args:
            sound: PCM of 16 bits, mono, 24 kHz: bytes or ``array("h")``; or samples from -1 to 1 as ``array("f")``; or
                a typed array of JavaScript. It is sent in messages of a second at most.

        Returns:
            Always ``True``.

        Raises:
            DisconnectedError: there is no connection; nothing was kept.
            InvalidArgumentError: it is no sound.
        """
        self._session.speech.append(sound)
        return True

    def create_response(self, response: Mapping[str, Any] | None = None) -> bool:
        """Let the model answer, as soon as it has ended what it is saying. Mirrors ``createResponse()``.

        With push-to-talk, what was appended before is the person's turn. Over WebRTC only the server knows what it has
        heard: send ``input_audio_buffer.commit`` first (``realtime.send()``), if the person has spoken.

        Args:
            response: what this one shall be like (``instructions``, ``output_modalities``, ``metadata`` …). With
                ``"conversation": "none"`` it is out of the conversation, and does not wait; ``metadata`` of its own
                tells it from others.

        Returns:
            Always ``True``.

        Raises:
            DisconnectedError, InvalidArgumentError, MessageTooLargeError: nothing was sent.
        """
        self._session.create_response(None if response is None else to_ga(response))
        return True

    def send_user_message_content(self, content: Iterable[Mapping[str, Any]]) -> bool:
        """Say something in parts, and let the model answer. Mirrors ``sendUserMessageContent()``.

        Args:
            content: parts such as ``{"type": "input_text", "text": "Hello"}``; empty, nothing is sent. Sound
                (``{"type": "input_audio", "audio": …}``) may be base64, or what ``append_input_audio()`` takes.

        Returns:
            Always ``True``.

        Raises:
            DisconnectedError, InvalidArgumentError, MessageTooLargeError: nothing was sent.
        """
        if parts := user_content(content):
            self._session.send_message(parts)
            self._session.create_response()
        return True

    async def send_text(self, text: str, *, interrupt: bool = True) -> None:
        """Write to the model, which falls silent first and then answers.

        Args:
            text: what to say.
            interrupt: whether it falls silent (:meth:`interrupt`), or answers after what it is saying.

        Raises:
            DisconnectedError, MessageTooLargeError: it was not sent.
        """
        parts = user_content([{"type": "input_text", "text": text}])
        if interrupt:
            await self.interrupt()
        self._session.send_message(parts)
        self._session.respond()

    def add_image(self, image: str | bytes, *, detail: str | None = None, trigger_response: bool = True) -> None:
        """Show the model an image.

        Args:
            image: the bytes of a PNG or JPEG, or a ``data:`` URI.
            detail: ``"auto"``, ``"low"`` or ``"high"``.
            trigger_response: whether the model says something about it now.

        Raises:
            DisconnectedError, InvalidArgumentError, MessageTooLargeError: it was not sent.
        """
        self._session.send_message([image_part(image, detail)])
        if trigger_response:
            self._session.respond()

    def cancel(self) -> bool:
        """Stop the response that is being made; what has come of it goes on to be heard.

        Returns:
            Whether there was one.

        Raises:
            DisconnectedError: there is no connection.
        """
        self._session.api.require_connection()
        return self._session.speech.cancel()

    def cancel_response(self, item_id: str | None = None, sample_count: float = 0) -> ItemResult:
        """Stop the response, and cut an answer to what was heard. Mirrors ``cancelResponse()``.

        Args:
            item_id: the answer to cut; without it, this is :meth:`cancel`.
            sample_count: how many of its samples were heard, at 24 kHz; beyond what came, it is all of them.
                :meth:`interrupt` knows by itself.

        Returns:
            The item; it is ``None`` without ``item_id``.

        Raises:
            DisconnectedError: there is no connection.
            InvalidArgumentError: there is no such item, it is no message of the assistant, or the count is no number;
                nothing was sent.
        """
        return ItemResult(self._session.cancel_response(item_id, sample_count))

    async def interrupt(self) -> Item | None:
        """Fall silent: stop the response, drop what would still be heard, and tell the server what was.

        Returns:
            The answer that was cut short, if one was being played here.

        Raises:
            DisconnectedError: there is no connection.
        """
        return await self._session.interrupt()

    # Devices: what both clients have is in MediaMembers.

    @property
    def _media(self) -> Media:
        return self._transport.media

    async def init_devices(self) -> None:
        """Open the microphone, if ``connect()`` hasn't: before, in, or without a session.

        It is opened muted after ``mute()``, and with ``microphone=False`` too. From then on devices that are plugged in
        and out are noticed, and levels are measured. ``disconnect()`` releases the devices.

        Raises:
            DeviceError: it was denied, or there is none; ``deviceError`` is dispatched as well.
            DisconnectedError: ``disconnect()`` was called meanwhile.
            NotInBrowserError: there are no devices here: CPython, or a web worker.
        """
        await self._session.api.init_devices()

    async def open_microphone(self) -> None:
        """:meth:`init_devices` by the name that it had first."""
        await self.init_devices()

    def mute(self, muted: bool = True) -> None:
        """``enable_mic(not muted)``, which takes effect before this returns.

        Only where unmuting has to open the microphone, that goes on by itself; ``deviceError`` tells if it fails.
        """
        self._media.want_mic(not muted)
        if not muted and self.devices_open and not self.is_mic_enabled:
            self.run(self._open_to_unmute(), "the microphone could not be opened")

    async def _open_to_unmute(self) -> None:
        with contextlib.suppress(DeviceError, DisconnectedError):  # The first was dispatched as deviceError.
            await self.enable_mic(True)

    @property
    def is_muted(self) -> bool:
        """Whether the microphone is muted, or would be if it were open."""
        return self._media.mic_wanted is False

    async def resume_output(self) -> None:
        """:meth:`resume_bot_audio` by the name that it had first; the event is ``output_audio.blocked``, too."""
        await self.resume_bot_audio()

    # The conversation.

    def get_conversation_items(self) -> list[Item]:
        """The items in their order. Mirrors ``getConversationItems()``."""
        return self._session.conversation.get_items()

    async def wait_for_next_item(self, timeout: float | None = None) -> ItemEvent:
        """Wait for the next item. Mirrors ``waitForNextItem()``.

        Args:
            timeout: seconds; ``None`` waits as long as the session lasts.

        Returns:
            The event, whose ``item`` is ``None`` when none came in time.

        Raises:
            DisconnectedError: the session ended first.
        """
        return await self._next("conversation.item.appended", timeout)

    async def wait_for_next_completed_item(self, timeout: float | None = None) -> ItemEvent:
        """Wait for the next item that is complete, the person's too; otherwise like :meth:`wait_for_next_item`.

        Mirrors ``waitForNextCompletedItem()``.
        """
        return await self._next("conversation.item.completed", timeout)

    async def _next(self, event_name: str, timeout: float | None) -> ItemEvent:
        event = await self.wait_for_next(event_name, timeout)
        return event if isinstance(event, ItemEvent) else ItemEvent(event_name, None)

    def export_history(self) -> list[dict[str, Any]]:
        """The conversation so far, as JSON can say it and :meth:`import_history` takes it.

        What was spoken is text; of an answer that was truncated nobody knows which words were heard, so it is left out.
        """
        return [item for item in map(to_history, self.get_conversation_items()) if item]

    def import_history(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Let the server know a conversation from before: what :meth:`export_history` gave, or items made by hand.

        Raises:
            InvalidArgumentError: one of them is no dict; nothing was sent.
            DisconnectedError, MessageTooLargeError: the items before were sent.
        """
        self._session.api.require_connection()
        for item in history_items(items):
            self._session.api.send("conversation.item.create", {"item": item})


class _Ending:
    """What ``disconnect()`` returns: awaitable, and no complaint when nobody awaits it."""

    def __init__(self, closing: Awaitable[None] | None) -> None:
        self._closing = closing

    def __await__(self) -> Generator[Any, None, None]:
        if self._closing is not None:
            yield from asyncio.shield(self._closing).__await__()
