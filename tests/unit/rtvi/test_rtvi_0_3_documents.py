"""The samples of the documents that RTVI began with, each in Python.

They are four: "Client constructor", as a page's text (000) and with its samples (001); "Services", "Configuration" and
"Callbacks and events" of the time when the client was called VoiceClient (002); and "Services" again (003). A test is
named after the document and its section. If a sample does not do what the text around it says, the test does what
the text says. The samples that run on a server are tests of ``examples/``.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, turns

import rtvi_web
from rtvi_web import (
    ConfigUpdateError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    RTVIClient,
    RTVIEvent,
    TransportState,
)
from rtvi_web.core.checks import snake_case
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import Say, ScriptedTransport, Step, expect, handshake, leave, say

pytestmark = pytest.mark.usefixtures("tidy")
PACKAGE: Any = rtvi_web  # type checkers don't know the deprecated names

SERVICES = {"stt": "deepgram", "llm": "together", "tts": "cartesia"}
MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"
CONFIG = [
    {"service": "tts", "options": [{"name": "voice", "value": "79a125e8-cd45-4c13-8a67-188112f4dd22"}]},
    {
        "service": "llm",
        "options": [
            {"name": "model", "value": MODEL},
            {
                "name": "messages",
                "value": [
                    {
                        "role": "system",
                        "content": "You are a assistant called ExampleBot. You can ask me anything. Keep responses "
                        "brief and legible. Your responses will be converted to audio, so please avoid using any "
                        "special characters except '!' or '?'.",
                    }
                ],
            },
        ],
    },
]
LLM_CONFIG = [{"service": "llm", "options": [{"name": "model", "value": MODEL}]}]
BOT_CONFIG = [
    {"service": "vad", "options": [{"name": "params", "value": {"stop_secs": 3.0}}]},
    {"service": "tts", "options": [{"name": "voice", "value": "79a125e8-cd45-4c13-8a67-188112f4dd22"}]},
    {
        "service": "llm",
        "options": [
            {"name": "model", "value": MODEL},
            {
                "name": "initial_messages",
                "value": [
                    {
                        "role": "system",
                        "content": "You are a assistant called ExampleBot. You can ask me anything. Keep responses "
                        "brief and legible. Your responses will converted to audio. Please do not include any special "
                        "characters in your response other than '!' or '?'. Start by briefly introducing yourself.",
                    }
                ],
            },
            {"name": "run_on_config", "value": True},
        ],
    },
]


def greeting(config: Any) -> tuple[Step, ...]:
    """The handshake with a bot of that era, which tells its configuration."""
    return expect("client-ready"), say("bot-ready", {"version": "0.3.0", "config": config}, answers=True)


def bodies(transport: ScriptedTransport) -> list[dict[str, Any]]:
    """What the start requests said, without the version that is always there."""
    found = [dict(request.body) for request in transport.http.requests]
    assert all(body.pop("rtvi_client_version") == rtvi_web.__version__ for body in found)
    return found


class TestClientConstructor:
    """000 and 001. 000 is the text of 001 without its samples."""

    def test_000_transport_is_a_base_class_to_extend(self) -> None:
        assert issubclass(ScriptedTransport, rtvi_web.Transport)
        with pytest.raises(TypeError, match="abstract"):
            rtvi_web.Transport()  # type: ignore[abstract]

    async def test_001_example_a_transport_instance_is_passed_to_the_client(self) -> None:
        transport = Transport(*handshake())
        client = RTVIClient(transport=transport)
        await client.connect()
        assert client.transport is transport
        await client.disconnect()

    async def test_001_example_callbacks_and_events(self) -> None:
        said: list[str] = []
        transport = Transport(*greeting(CONFIG), expect("client-message"), leave(), start=[STARTED])
        client = RTVIClient(
            transport=transport,
            params={"baseUrl": URL, "services": SERVICES, "config": CONFIG},
            enable_mic=True,
            enable_cam=False,
            timeout=15,
            callbacks={
                "onConnected": lambda: said.append("[CALLBACK] User connected"),
                "onDisconnected": lambda: said.append("[CALLBACK] User disconnected"),
                "onTransportStateChanged": lambda state: said.append(f"[CALLBACK] State change: {state}"),
                "onBotConnected": lambda: said.append("[CALLBACK] Bot connected"),
                "onBotDisconnected": lambda: said.append("[CALLBACK] Bot disconnected"),
                "onBotReady": lambda: said.append("[CALLBACK] Bot ready to chat!"),
            },
        )
        client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, lambda state: said.append(f"[EVENT] State change: {state}"))
        client.on(RTVIEvent.BOT_READY, lambda: said.append("[EVENT] Bot is ready"))
        client.on(RTVIEvent.CONNECTED, lambda: said.append("[EVENT] User connected"))
        client.on(RTVIEvent.DISCONNECTED, lambda: said.append("[EVENT] User disconnected"))

        await client.connect()
        assert client.is_mic_enabled
        assert not client.is_cam_enabled
        client.send_client_message("leave")
        await client.wait_for(RTVIEvent.DISCONNECTED)

        assert bodies(transport) == [{"services": SERVICES, "config": CONFIG}]
        states = [line.rsplit(" ", 1)[1] for line in said if line.startswith("[CALLBACK] State")]
        assert states == [
            *("initializing", "initialized", "authenticating", "connecting", "connected", "ready"),
            *("disconnecting", "disconnected"),
        ]
        assert [line.rsplit(" ", 1)[1] for line in said if line.startswith("[EVENT] State")] == states
        assert [line for line in said if "State" not in line] == [
            "[CALLBACK] User connected",
            "[EVENT] User connected",
            "[CALLBACK] Bot connected",
            "[CALLBACK] Bot ready to chat!",
            "[EVENT] Bot is ready",
            "[CALLBACK] Bot disconnected",
            "[CALLBACK] User disconnected",
            "[EVENT] User disconnected",
        ]

    async def test_001_example_a_failure_of_connect_can_be_caught(self) -> None:
        client = RTVIClient(
            transport=Transport(start=[HttpResponse(500, '{"info": "no bot left"}')]), params={"base_url": URL}
        )
        caught = ""
        try:
            await client.connect()
        except rtvi_web.RTVIError as error:
            caught = str(error)
        assert "no bot left" in caught
        assert client.state is TransportState.ERROR

    @pytest.mark.parametrize(
        ("endpoints", "connect", "action"),
        [
            ({"connect": "/connect", "action": "/action"}, "/connect", "/action"),
            ({"connect": "connect/", "action": "action/"}, "/connect/", "/action/"),  # as the text writes the defaults
            ({}, "/connect", "/action"),
            ({"connect": "/start"}, "/start", "/action"),
        ],
    )
    async def test_001_params_endpoints(self, endpoints: dict[str, str], connect: str, action: str) -> None:
        said = '{"label": "rtvi-ai", "type": "error-response", "id": "", "data": {"error": "no such action"}}'
        transport = Transport(*handshake(), start=[HttpResponse(404, said), STARTED])
        client = RTVIClient(transport=transport, params={"baseUrl": "https://www.example.com", "endpoints": endpoints})
        assert client.construct_url("connect") == f"https://www.example.com{connect}"
        assert client.construct_url("action") == f"https://www.example.com{action}"
        with pytest.raises(rtvi_web.RequestError):
            await client.action({"service": "llm", "action": "run"})
        await client.connect()
        assert [request.url for request in transport.http.requests] == [
            f"https://www.example.com{action}",
            f"https://www.example.com{connect}",
        ]
        await client.disconnect()

    @pytest.mark.parametrize("bot_config", [None, BOT_CONFIG], ids=["none", "typical"])
    async def test_001_params_request_data_changed_between_two_connects(self, bot_config: Any) -> None:
        """The second request has exactly what the page has set, whatever configuration the bot tells."""
        transport = Transport(*greeting(bot_config), *greeting(bot_config), start=[STARTED, STARTED])
        client = RTVIClient(
            transport=transport,
            params={"baseUrl": "https://www.example.com", "requestData": {"customData": "my custom data"}},
        )
        await client.connect()
        await client.disconnect()
        client.params.request_data = {"customData": "my updated custom data"}
        await client.connect()
        await client.disconnect()

        requests = transport.http.requests
        assert {(request.method, request.url) for request in requests} == {("POST", "https://www.example.com/connect")}
        assert bodies(transport) == [{"customData": "my custom data"}, {"customData": "my updated custom data"}]

    async def test_001_params_headers_go_with_requests(self) -> None:
        transport = Transport(*handshake(), start=[STARTED])
        client = RTVIClient(transport=transport, params={"baseUrl": URL, "headers": {"Authorization": "Bearer x"}})
        await client.connect()
        assert transport.http.requests[0].headers["Authorization"] == "Bearer x"
        await client.disconnect()

    async def test_001_params_config_is_optional(self) -> None:
        transport = Transport(*greeting(BOT_CONFIG), start=[STARTED])
        client = RTVIClient(transport=transport, params={"baseUrl": URL})
        await client.connect()
        assert bodies(transport) == [{}]
        with pytest.warns(DeprecationWarning, match="get_config"):
            assert client.config == BOT_CONFIG, "the client is hydrated with the bot's"
        assert client.params.config is None
        await client.disconnect()

    async def test_001_timeout_raises_and_disconnects_from_the_transport(self) -> None:
        run = Run(Transport(expect("client-ready"), start=[STARTED]), params={"base_url": URL}, timeout=0.05)
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert run.states[-3:] == ["disconnecting", "disconnected", "error"]
        run.released()

    async def test_001_custom_connect_handler(self) -> None:
        """The sample gives ``constructUrl`` the path, whose parameter is a key: both work here. It passes the signal
        on, clears the time-out, and rejects with a refused response."""
        transport = Transport(*handshake(), start=[STARTED])
        asked: list[Any] = []

        async def fetch(url: str, *, body: str, headers: dict[str, str], signal: Any) -> HttpResponse:
            """In a page this is ``pyodide.http.pyfetch``."""
            asked.append(signal)
            return await transport.http.request("POST", url, headers=headers, body=body)

        async def start(params: Any, timeout: Any, abort_controller: Any) -> Any:
            response = await fetch(
                client.construct_url(params.endpoints.connect),
                headers={"Content-Type": "application/json", "Authorization": "Bearer x"},
                body=json.dumps({"services": SERVICES, "config": CONFIG, "mine": 1}),
                signal=abort_controller.signal,
            )
            timeout.clear()
            if not response.ok:
                raise RuntimeError(response.text)
            return json.loads(response.text)

        client = RTVIClient(transport=transport, params={"baseUrl": URL}, timeout=0.5, custom_connect_handler=start)
        await client.connect()
        [request] = transport.http.requests
        assert (request.method, request.url) == ("POST", f"{URL}/connect")
        assert request.headers["Authorization"] == "Bearer x"
        assert request.body == {"services": SERVICES, "config": CONFIG, "mine": 1}
        assert transport.connect_requests[0].bundle == {"sessionId": "s1"}
        assert [signal.aborted for signal in asked] == [False]
        await client.disconnect()

    async def test_001_custom_connect_handler_that_is_refused(self) -> None:
        def start(params: Any, timeout: Any, abort_controller: Any) -> Any:
            raise RuntimeError("402: no credit")

        client = RTVIClient(transport=Transport(), params={"baseUrl": URL}, custom_connect_handler=start)
        with pytest.raises(rtvi_web.StartBotError, match="402: no credit"):
            await client.connect()
        assert client.state is TransportState.ERROR

    async def test_000_and_001_abort_rejects_clears_the_timeout_and_sets_the_error_state(self) -> None:
        def start(params: Any, timeout: Any, abort_controller: Any) -> None:
            abort_controller.abort()

        run = Run(Transport(), params={"baseUrl": URL}, timeout=0.5, custom_connect_handler=start)
        with pytest.raises(ConnectAbortedError):
            await run.client.connect()
        assert run.states[-1] == "error"
        run.released()


class TestServices:
    """002 and 003 have the same samples."""

    async def test_002_and_003_selecting_between_services_on_the_client(self) -> None:
        transport = Transport(*greeting(LLM_CONFIG), start=[STARTED])
        with pytest.warns(DeprecationWarning, match=r"rtvi_web\.VoiceClient is deprecated"):
            from rtvi_web import VoiceClient
        with pytest.warns(DeprecationWarning, match="is deprecated") as warned:
            client = VoiceClient(  # type: ignore[operator]  # type checkers don't know the deprecated names
                services={"llm": "together"}, config=LLM_CONFIG, transport=transport, base_url=URL
            )
        assert [str(warning.message).split(" is deprecated")[0] for warning in warned] == [
            "VoiceClient",
            "base_url=…",
            "services=…",
            "config=…",
        ]
        with pytest.warns(DeprecationWarning, match=re.escape("start() is deprecated: it is connect() now")):
            await client.start()
        assert bodies(transport) == [{"services": {"llm": "together"}, "config": LLM_CONFIG}]
        await client.disconnect()

    async def test_002_and_003_passing_api_keys_the_client_points_to_a_route(self) -> None:
        """The route itself is ``examples/connect_endpoint/``."""
        transport = Transport(*greeting(LLM_CONFIG), start=[STARTED])
        with pytest.warns(DeprecationWarning, match=r"rtvi_web\.DailyVoiceClient is deprecated"):
            from rtvi_web import DailyVoiceClient
        with pytest.warns(DeprecationWarning, match="is deprecated"):
            client = DailyVoiceClient(  # type: ignore[operator]
                transport=transport, base_url="/api", services={"llm": "together"}, config=LLM_CONFIG
            )
        await client.connect()
        [request] = transport.http.requests
        assert request.url == "/api/connect"
        assert bodies(transport) == [{"services": {"llm": "together"}, "config": LLM_CONFIG}]
        assert "api_keys" not in request.body
        await client.disconnect()

    def test_002_and_003_a_daily_voice_client_makes_a_transport_of_its_own(self) -> None:
        with pytest.warns(DeprecationWarning, match="is deprecated"):
            client = PACKAGE.DailyVoiceClient(base_url="/api")
        assert type(client.transport).__name__ == "SmallWebRTCTransport"


class TestConfiguration:
    """002."""

    async def test_002_a_typical_bot_config_is_passed_and_hydrated(self) -> None:
        transport = Transport(*greeting(BOT_CONFIG[1:]), start=[STARTED])
        client = RTVIClient(transport=transport, params={"base_url": URL, "config": BOT_CONFIG})
        data = await client.connect()
        assert bodies(transport) == [{"config": BOT_CONFIG}]
        with pytest.warns(DeprecationWarning, match="get_config"):
            assert data.config == client.config == BOT_CONFIG[1:], "a bot may ignore what it is passed"
        assert client.params.config == BOT_CONFIG
        await client.disconnect()

    async def test_002_getting_the_bot_config(self) -> None:
        """The sample does not await the promise that the text says it gets."""
        run = await connected(expect("get-config", {}), say("config", {"config": BOT_CONFIG}, answers=True))
        with pytest.warns(DeprecationWarning, match=re.escape("get_bot_config() is deprecated")):
            assert await run.client.get_bot_config() == BOT_CONFIG
        await run.client.disconnect()

    async def test_002_updating_the_bot_config_with_a_shorthand_option(self) -> None:
        updated = [{"service": "vad", "options": [{"name": "stop_secs", "value": 0.5}]}, *BOT_CONFIG[1:]]
        run = await connected(expect("update-config"), say("config", {"config": updated}, answers=True))
        with pytest.warns(DeprecationWarning, match="shorthand"):
            assert await run.client.update_config([{"service": "vad", "options": [{"stop_secs": 0.5}]}]) == updated
        assert run.transport.sent[-1]["data"] == {
            "config": [{"service": "vad", "options": [{"name": "stop_secs", "value": 0.5}]}],
            "interrupt": False,
        }
        with pytest.warns(DeprecationWarning, match="get_config"):
            assert run.client.config == updated
        await run.client.disconnect()

    async def test_002_updating_the_bot_config_is_refused(self) -> None:
        run = await connected(
            expect("update-config"), say("error-response", {"error": "Service 'x' not registered"}, answers=True)
        )
        with pytest.raises(ConfigUpdateError, match="Service 'x' not registered"):
            await run.client.update_config([{"service": "x", "options": []}])
        await run.client.disconnect()

    @pytest.mark.parametrize("key", ["service", "name"])
    async def test_002_retrieving_available_config_options(self, key: str) -> None:
        """The document's answer calls a service ``service``, as a configuration does; on the wire it is ``name``."""
        model, messages = {"name": "model", "type": "string"}, {"name": "messages", "type": "array"}
        voice = {"name": "voice", "type": "string"}
        available = [{key: "llm", "options": [model, messages]}, {key: "tts", "options": [voice]}]
        run = await connected(
            expect("describe-config", {}), say("config-available", {"config": available}, answers=True)
        )
        description = await run.client.describe_config()
        assert [service.service for service in description.config] == ["llm", "tts"]
        assert [service.name for service in description.config] == ["llm", "tts"]
        assert [[option.model_dump() for option in service.options] for service in description.config] == [
            [model, messages],
            [voice],
        ]
        assert run.arguments("configDescribe") == [description]
        await run.client.disconnect()


TRACK, MICS = object(), [rtvi_web.core.media.MediaDevice("1", "Headset", "audioinput")]
PERSON = rtvi_web.Participant("1", "Ada", local=False)
ERROR = {"error": "no such action"}
TRANSCRIPT = {"text": "hi", "user_id": "1", "timestamp": "2024-09-01T00:00:00Z", "final": True}

Cause = Say | Callable[[Any], None]
"""What makes an event happen: a message of the bot, or something that the transport tells the client."""


def fires(event: Any, *args: Any) -> Callable[[Any], None]:
    return lambda transport: transport.host.fire(event, *args)


CONNECTS: tuple[Cause, ...] = ()
"""``connect()`` alone."""

HAPPENS: dict[str, Cause | tuple[Cause, ...]] = {
    "messageError": say("error-response", ERROR),
    "error": say("error", {"error": "bad", "fatal": False}),
    "connected": CONNECTS,
    "disconnected": CONNECTS,
    "transportStateChanged": CONNECTS,
    "configUpdated": say("config", {"config": BOT_CONFIG}),
    "configDescribe": say("config-available", {"config": []}),
    "actionsAvailable": say("actions-available", {"actions": []}),
    "participantConnected": CONNECTS,
    "participantLeft": CONNECTS,
    "trackStarted": fires(RTVIEvent.TRACK_STARTED, TRACK, PERSON),
    "trackStopped": fires(RTVIEvent.TRACK_STOPPED, TRACK, PERSON),
    "availableCamsUpdated": fires(RTVIEvent.AVAILABLE_CAMS_UPDATED, []),
    "availableMicsUpdated": fires(RTVIEvent.AVAILABLE_MICS_UPDATED, MICS),
    "camUpdated": fires(RTVIEvent.CAM_UPDATED, None),
    "micUpdated": fires(RTVIEvent.MIC_UPDATED, MICS[0]),
    "botConnected": CONNECTS,
    "botReady": CONNECTS,
    "botDisconnected": CONNECTS,  # "or because the local participant left the session"
    "botStartedSpeaking": say("bot-started-speaking"),
    "botStoppedSpeaking": say("bot-stopped-speaking"),
    "remoteAudioLevel": fires(RTVIEvent.REMOTE_AUDIO_LEVEL, 0.5, PERSON),
    "userStartedSpeaking": say("user-started-speaking"),
    "userStoppedSpeaking": say("user-stopped-speaking"),
    "localAudioLevel": fires(RTVIEvent.LOCAL_AUDIO_LEVEL, 0.5),
    "metrics": say("metrics", {"ttfb": [{"processor": "llm", "value": 0.2}]}),
    "userTranscript": say("user-transcription", TRANSCRIPT),
    "botTranscript": say("bot-transcription", {"text": "hi"}),
    "llmFunctionCall": say("llm-function-call", {"function_name": "f", "tool_call_id": "1", "args": {}}),
    "llmFunctionCallStart": say("llm-function-call-start", {"function_name": "f"}),
    "llmJsonCompletion": say("llm-json-completion", "{}"),
}
"""The events of the document, as strings, and what makes each happen."""

CALLBACKS = {
    "onTransportStateChanged": "transportStateChanged",
    "onConnected": "connected",
    "onDisconnected": "disconnected",
    "onBotConnected": "botConnected",
    "onBotReady": "botReady",
    "onBotDisconnected": "botDisconnected",
    "onGenericMessage": "genericMessage",
    "onMessageError": "messageError",
    "onError": "error",
    "onConfigUpdated": "configUpdated",
    "onConfigDescribe": "configDescribe",
    "onAvailableMicsUpdated": "availableMicsUpdated",
    "onAvailableCamsUpdated": "availableCamsUpdated",
    "onMicUpdated": "micUpdated",
    "onCamUpdated": "camUpdated",
    "onTrackStarted": "trackStarted",
    "onTrackStopped": "trackStopped",
    "onLocalAudioLevel": "localAudioLevel",
    "onRemoteAudioLevel": "remoteAudioLevel",
    "onBotStartedSpeaking": "botStartedSpeaking",
    "onBotStoppedSpeaking": "botStoppedSpeaking",
    "onUserStartedSpeaking": "userStartedSpeaking",
    "onUserStoppedSpeaking": "userStoppedSpeaking",
    "onUserTranscript": "userTranscript",  # the document heads it onUserStoppedSpeaking once more
    "onBotTranscript": "botTranscript",
    "onMetrics": "metrics",
}
"""The callbacks of the document, and the event that each belongs to."""

CONSTANTS = {
    name: name[0].upper() + name[1:] for name in HAPPENS if not name.startswith("llm") and name != "trackStopped"
} | {
    "trackStopped": "TrackedStopped",
    "llmFunctionCall": "LLMFunctionCall",
    "llmFunctionCallStart": "LLMFunctionCallStart",
    "llmJsonCompletion": "LLMJsonCompletion",
}
"""The events of the document, and its constants for them."""


class TestCallbacksAndEvents:
    """002, which says it all twice."""

    async def test_002_callbacks_in_the_constructor(self) -> None:
        ready: list[Any] = []
        bot_ready_handler_func = ready.append
        with pytest.warns(DeprecationWarning, match="is deprecated"):
            client = PACKAGE.VoiceClient(
                transport=Transport(*greeting(BOT_CONFIG)), callbacks={"onBotReady": bot_ready_handler_func}
            )
        await client.connect()
        assert [(data.version, data.config) for data in ready] == [("0.3.0", BOT_CONFIG)]
        await client.disconnect()

    @pytest.mark.parametrize("name", CALLBACKS)
    async def test_002_every_callback_is_called(self, name: str) -> None:
        called: list[Any] = []
        with deprecated("configUpdated" if name == "onConfigUpdated" else None):
            client = RTVIClient(transport=Transport(*handshake()), callbacks={name: lambda *args: called.append(args)})
        cause = HAPPENS.get(CALLBACKS[name], say("something-new", {"x": 1}))
        await make_happen(client, cause)
        assert called

    @pytest.mark.parametrize("name", HAPPENS)
    async def test_002_every_event_is_fired_under_its_string(self, name: str) -> None:
        fired: list[Any] = []
        client = RTVIClient(transport=Transport(*handshake()))
        with deprecated(name if name == "configUpdated" else None):
            client.on(name, lambda *args: fired.append(args))
        await make_happen(client, HAPPENS[name])
        assert fired

    @pytest.mark.parametrize("name", HAPPENS)
    def test_002_every_event_has_its_constant(self, name: str) -> None:
        constant = snake_case(CONSTANTS[name]).upper()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # VoiceEvent, and the two names that changed
            event = getattr(PACKAGE.VoiceEvent, constant)
        assert event == {"configUpdated": "config"}.get(name, name)

    def test_002_the_constants_that_changed(self) -> None:
        with pytest.warns(DeprecationWarning, match=re.escape("TrackedStopped is now RTVIEvent.TRACK_STOPPED")):
            assert RTVIEvent.TrackedStopped is RTVIEvent.TRACK_STOPPED  # type: ignore[attr-defined]
        with pytest.warns(DeprecationWarning, match=re.escape("ConfigUpdated is now RTVIEvent.CONFIG")):
            assert RTVIEvent.ConfigUpdated is RTVIEvent.CONFIG  # type: ignore[attr-defined]

    def test_002_the_states(self) -> None:
        """Those of the document but ``idle``, which is ``disconnected`` since the document was written."""
        documented = {"initializing", "initialized", "authenticating", "connecting", "connected", "ready", "error"}
        assert documented | {"disconnected"} <= set(TransportState)
        assert "idle" not in set(TransportState)

    @pytest.mark.parametrize("event", [RTVIEvent.BOT_READY, "botReady"], ids=["constant", "string"])
    async def test_002_binding_and_unbinding_a_handler(self, event: str) -> None:
        handled: list[Any] = []

        def handle_bot_ready() -> None:
            handled.append("Bot is ready!")

        client = RTVIClient(transport=Transport(*handshake(), *handshake()))
        client.on(event, handle_bot_ready)
        await client.connect()
        await client.disconnect()
        assert handled == ["Bot is ready!"]
        client.off(event, handle_bot_ready)
        await client.connect()
        await client.disconnect()
        assert handled == ["Bot is ready!"]


async def connected(*steps: Step) -> Run:
    """A client in a session with a bot of that era; the steps come after the handshake."""
    run = Run(Transport(*greeting(BOT_CONFIG), *steps))
    await run.client.connect()
    return run


async def make_happen(client: RTVIClient, cause: Cause | tuple[Cause, ...]) -> None:
    """Connect, let it happen, and disconnect."""
    await client.connect()
    transport: Any = client.transport
    if isinstance(cause, Say):
        # No one here handles a function call, which the client says to the bot.
        transport.steps.append(expect("llm-function-call-result"))
        transport.receiver.receive(json.dumps(cause.message))
    elif callable(cause):
        cause(transport)
    await turns(10)
    await client.disconnect()


def deprecated(event: str | None) -> Any:
    """Expects the warning about an event's old name; with ``None``, none."""
    return pytest.warns(DeprecationWarning, match=event) if event else contextlib.nullcontext()
