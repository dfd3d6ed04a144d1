"""The samples of the documents that RTVI began with, each in Python.

They are four: "Client constructor", as a page's text (000) and with its samples (001); "Services", "Configuration" and
"Callbacks and events" of the time when the client was called VoiceClient (002); and "Services" again (003). A test is
named after the document and its section. If a sample does not do what the text around it says, the test does what
the text says. The samples that run on a server are tests of ``examples/``, and "Callbacks and events" are in
``test_rtvi_0_3_events``.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from rtvi_0_3_bot import BOT_CONFIG, MODEL, PACKAGE, greeting
from sessions import STARTED, URL, Run, Transport

import rtvi_web
from rtvi_web import (
    ConfigUpdateError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    RTVIClient,
    RTVIEvent,
    TransportState,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import ScriptedTransport, Step, expect, handshake, leave, say

pytestmark = pytest.mark.usefixtures("tidy")

SERVICES = {"stt": "deepgram", "llm": "together", "tts": "cartesia"}
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
        assert type(client.transport).__name__ == "DailyTransport"


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


async def connected(*steps: Step) -> Run:
    """A client in a session with a bot of that era; the steps come after the handshake."""
    run = Run(Transport(*greeting(BOT_CONFIG), *steps))
    await run.client.connect()
    return run
