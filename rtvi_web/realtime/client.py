"""RealtimeClient: what a page talks to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Mapping
from typing import Any, TypeVar, Unpack

from rtvi_web.errors import RTVIError
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.members.configuration import ConfigurationMembers
from rtvi_web.realtime.members.devices import DeviceMembers
from rtvi_web.realtime.members.items import ItemMembers
from rtvi_web.realtime.members.sound import SoundMembers
from rtvi_web.realtime.members.speaking import SpeakingMembers
from rtvi_web.realtime.protocol.audio import InputAudio
from rtvi_web.realtime.protocol.session_config import SessionConfig
from rtvi_web.realtime.protocol.usage import Usage
from rtvi_web.realtime.session_state import StateName
from rtvi_web.realtime.settings import Settings, SettingsDict
from rtvi_web.realtime.transport import RealtimeTransport

Result = TypeVar("Result")


class RealtimeClient(SpeakingMembers, SoundMembers, ItemMembers, ConfigurationMembers, DeviceMembers):
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
    ``conversation.speaking`` (a :class:`SpeakingEvent`), ``transcript.updated`` (a :class:`TranscriptEvent`: what
    either side says, while it grows), ``recording.stopped`` (a :class:`RecordingEvent`), ``response.retrying`` (a
    :class:`RetryEvent`), ``session.renewed`` (a :class:`SessionRenewedEvent`), ``error`` (an :class:`ErrorEvent`),
    ``realtime.event`` (a :class:`RealtimeEvent`), and as dicts: ``server.<type>`` and ``client.<type>`` (what is on the
    wire), ``client.connected``, ``client.disconnected``, ``client.error``, ``close``, ``session.paused``,
    ``session.resumed``, ``output_audio.blocked``. Events of devices and media have RTVI's names and the first of its
    arguments: ``micUpdated``, ``availableMicsUpdated``, ``speakerUpdated``, ``availableSpeakersUpdated``,
    ``mediaStateUpdated``, ``trackStarted``, ``trackStopped``, ``localAudioLevel``, ``remoteAudioLevel``,
    ``deviceError``, ``transportStateChanged`` (the :attr:`state`); and as a dict with its type, ``speakingWhileMuted``.

    Args:
        settings: a dict of the settings below (camelCase accepted); each may be a keyword instead.
        config: the session's configuration: a dict (:class:`SessionConfig`, or of the shape of the beta or of
            openai-realtime-api), a pydantic model, or an object with ``get_session_payload()``.
        dialect: which server it is: ``"openai"`` (the default), ``"azure"``, ``"xai"``, ``"qwen"``, ``"inworld"``,
            ``"speaches"``, ``"vllm"``, ``"localai"``, ``"huggingface"``, ``"mistral"``, or a :class:`Dialect`, which
            serves one client. What a server cannot do raises ``UnsupportedFeatureError``; a setting that it does not
            have is not sent, which the log says.
        url: where the server is; the dialect's own by default, if it has one.
        api_key: an ephemeral key (``ek_…``), or a function, sync or async, that gives one for each ``connect()``.
        is_ephemeral_key: tells the keys that may be used in a page; by default the dialect does: OpenAI's begin with
            ``ek_``.
        dangerously_allow_api_key_in_browser: whether other keys may be used in a page, where visitors can read them.
        transport: ``"websocket"`` (the default), ``"webrtc"``, or a transport; one transport serves one client.
        microphone: whether ``connect()`` opens it, muted after ``mute()``; if not, only ``enable_mic(True)`` and
            ``init_devices()`` do.
        sound: whether sound is heard and played. Without it, no microphone is opened and answers are not played: have
            them written, by ``config={"output_modalities": ["text"]}``. Then a WebSocket session needs no AudioWorklet,
            which pages on plain http lack.
        keep_audio: seconds of sound that all items together keep, the newest; ``None`` keeps everything, 0 nothing.
        timeout: seconds that the transport may take to connect, once the person has answered the permission prompt
            and all files of the page's Python are here; ``None`` means no limit.
        response_retries: how often a response is asked for again that has failed before it had any output, 0 to 5:
            after 0.5 s, and after twice as long each further time. Not if it was cancelled or interrupted, or if the
            person speaks or the page asks for something else meanwhile. ``response.retrying`` tells of each repetition,
            and ``error`` if the last one has failed.
        renew_sessions: whether a session that says when it expires is renewed a minute before (:meth:`renew_session`);
            of a short one, at half time. If that fails, ``error`` is dispatched and the session goes on until then.

    Raises:
        InvalidArgumentError: an argument cannot work; the message names it.
        UnsupportedFeatureError: the dialect's server cannot do what the configuration asks for.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        config: SessionConfig | Mapping[str, Any] | object | None = None,
        **keywords: Unpack[SettingsDict],
    ) -> None:
        super().__init__(Settings.of(settings, keywords), config)

    # What openai-realtime-api has as attributes; here they are read-only.

    @property
    def input_audio_buffer(self) -> InputAudio:
        """What the person has said, the last of it: ``bytes()`` is PCM. Mirrors ``inputAudioBuffer``."""
        return self._session.input_audio

    @property
    def realtime(self) -> RealtimeAPI:
        """The connection, to send events that have no method here. Mirrors ``realtime``."""
        return self._api

    @property
    def session_created(self) -> bool:
        """Whether the server has sent ``session.created``. Mirrors ``sessionCreated``."""
        return self._session.created

    @property
    def usage(self) -> Usage:
        """What all sessions of this client have used, as the server counts it."""
        return self._session.usage

    # The session.

    @property
    def state(self) -> StateName:
        """Where the session stands, under RTVI's names; ``transportStateChanged`` fires at each change.

        ``disconnected``, ``initializing`` (the devices are being opened), ``connecting``, ``connected`` (the server has
        not taken the configuration yet), ``ready``, ``disconnecting``; ``error`` if ``connect()`` has failed.
        """
        return self._api.session_state.name

    @property
    def failure(self) -> RTVIError | None:
        """Why the last session, or the attempt to begin it, has ended; ``None`` if the page ended it."""
        return self._api.session_state.failure

    @property
    def transport(self) -> RealtimeTransport:
        """What carries the session; leave connecting to the client."""
        return self._transport

    async def connect(self) -> None:
        """Open the microphone, connect, and wait until the server has taken the configuration. Mirrors ``connect()``.

        The configuration is what the page has named; the server keeps its own of everything else. If the server does
        not answer it, the session goes on after a second. Until then the microphone's sound is held back. If the
        microphone is denied or missing, ``deviceError`` and ``error`` are dispatched and the session goes on without
        it. The items of the previous session are dropped.

        Raises:
            AlreadyStartedError: there is a connection, or an attempt.
            TransportStartError, HttpError: the server could not be reached, or refused.
            ConnectionTimeoutError: it took longer than ``timeout``.
            RequestError: the server refused the configuration, in its own words.
            DisconnectedError: the link was lost meanwhile.
            ConnectAbortedError: ``disconnect()`` was called meanwhile.
            InvalidArgumentError: the function ``api_key`` gave a key that may not be used, or that the dialect cannot
                send.
            UnsupportedFeatureError: the dialect's server cannot do what the configuration asks for.

        Each names the phase (``error.phase``). Then, and when the awaiting task is cancelled, everything is released.
        """
        await self._session.connect()

    async def renew_session(self) -> None:
        """Exchange the session for a new one with the same conversation, configuration and tools.

        A second link is opened while the session goes on. The server gets the configuration and what
        :meth:`export_history` has; as soon as neither side speaks, the new link takes over, and ``session.renewed`` (a
        :class:`SessionRenewedEvent`) is dispatched. ``renew_sessions=True`` does this by itself before a session
        expires. The function ``api_key`` is asked for a key. A recording, a pause and mutings go on.

        Raises:
            DisconnectedError: there is no connection, or the session has ended meanwhile.
            AlreadyStartedError: it is being renewed.
            TransportStartError, HttpError, ConnectionTimeoutError: the server could not be reached, or refused.
            RequestError: the server refused the configuration or an item, in its own words.
            UnsupportedFeatureError: the transport cannot do it.

        After an error the session goes on as it was.
        """
        await self._session.renewal.renew()

    def disconnect(self) -> Awaitable[None]:
        """End the session, or the attempt to connect. Mirrors ``disconnect()``.

        From the call on, nothing is sent or received. The items stay readable until the next ``connect()``.

        Returns:
            Something to await, if you want to know when everything is released.
        """
        return _Ending(self._api.disconnect())

    def run(self, coroutine: Coroutine[Any, Any, Result], reason: str) -> asyncio.Task[Result]:
        """Run a coroutine as a task, such as from a click. What it raises is reported to the event loop's handler.

        Args:
            coroutine: what to run.
            reason: what the report says if it raises.
        """
        return self._tasks.run(coroutine, reason)

    async def __aenter__(self) -> RealtimeClient:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()

    def is_connected(self) -> bool:
        """Whether events can be sent. Mirrors ``isConnected()``."""
        return self._api.is_connected()

    def reset(self) -> None:
        """Go back to the initial state: no connection, items, tools or usage; the default configuration.

        Handlers stay (:meth:`clear_event_handlers`). Mirrors ``reset()``.
        """
        self.disconnect()
        self._configuration.reset()
        self._session.reset()


class _Ending:
    """What ``disconnect()`` returns. It may be awaited or dropped: a coroutine would warn if it were dropped."""

    def __init__(self, closing: Awaitable[None] | None) -> None:
        self._closing = closing

    def __await__(self) -> Generator[Any, None, None]:
        if self._closing is not None:
            yield from self._closing.__await__()
