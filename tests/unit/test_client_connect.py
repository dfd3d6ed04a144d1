"""connect(): what happens in which order, and every way in which it fails by itself."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, over, ready, stalled, turns

from rtvi_web import (
    BotError,
    BotReadyData,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DeviceError,
    DisconnectedError,
    HttpError,
    InvalidArgumentError,
    Participant,
    RTVIClient,
    RTVIError,
    RTVIEvent,
    StartBotError,
    TransportStartError,
    TransportState,
    __version__,
)
from rtvi_web.testing import BOT, expect, handshake, leave, lose, say
from rtvi_web.transport import ConnectRequest, HttpResponse

pytestmark = pytest.mark.usefixtures("tidy")
ME = Participant("local", "", local=True)


class TestHappyPath:
    async def test_everything_in_its_order(self) -> None:
        run = Run(Transport(*handshake("2.1.0"), start=[STARTED]), params={"base_url": URL})
        data = await run.client.connect()
        assert data == BotReadyData(version="2.1.0")
        [microphone] = run.microphones
        told = [entry for entry in run.fired if entry[0] not in ("messageSent", "messageReceived")]
        assert told == [
            ("transportStateChanged", "initializing"),
            ("trackStarted", microphone, ME),
            ("transportStateChanged", "initialized"),
            ("transportStateChanged", "authenticating"),
            ("transportStateChanged", "connecting"),
            ("transportStateChanged", "connected"),
            ("connected",),
            ("botConnected", BOT),
            ("transportStateChanged", "ready"),
            ("botReady", data),
        ]
        assert run.client.connected
        assert run.client.is_mic_enabled
        run.fired.clear()
        await run.client.disconnect()
        assert run.fired == [
            ("transportStateChanged", "disconnecting"),
            ("trackStopped", microphone, ME),
            ("transportStateChanged", "disconnected"),
            ("disconnected",),
        ]
        assert not run.client.connected
        run.transport.finish()
        await run.ended(TransportState.DISCONNECTED)

    async def test_client_ready_says_who_we_are(self) -> None:
        run = await ready()
        [message] = run.transport.sent
        assert message["label"] == "rtvi-ai"
        assert message["data"]["version"] == "2.2.0"
        assert message["data"]["about"]["library"] == "rtvi_web"
        assert message["data"]["about"]["library_version"] == __version__ == run.client.version
        assert len(message["id"]) == 8
        assert [json.loads(text) for text in run.arguments("messageSent")] == [message]
        assert len(run.arguments("messageReceived")) == 1
        await run.client.disconnect()

    async def test_direct_connect_asks_nobody(self) -> None:
        run = await ready(params={"headers": {"X-Key": "k"}})
        assert run.states == ["initializing", "initialized", "connecting", "connected", "ready"]
        assert run.transport.http.requests == []
        assert run.transport.connect_requests == [ConnectRequest({}, None, None, {"X-Key": "k"})]
        await run.client.disconnect()

    async def test_direct_connect_to_a_base_url(self) -> None:
        run = await ready(params={"base_url": URL, "endpoints": {"connect": None}})
        assert run.transport.connect_requests == [ConnectRequest({}, None, URL, {})]
        await run.client.disconnect()

    async def test_disconnect_without_a_session_does_nothing(self) -> None:
        run = Run(Transport())
        await run.client.disconnect()
        assert run.fired == []
        assert run.client.state is TransportState.DISCONNECTED

    async def test_one_client_many_sessions(self) -> None:
        run = await ready()
        for _ in range(3):
            await run.client.disconnect()
            run.transport.heal()
            await run.client.connect()
        assert len(run.microphones) == 4
        assert [track.readyState for track in run.microphones] == ["ended"] * 3 + ["live"]
        await run.client.disconnect()


class TestStartRequest:
    @pytest.mark.parametrize(
        ("base", "endpoint", "url"),
        [
            ("http://h", "/start", "http://h/start"),
            ("http://h/", "/start", "http://h/start"),
            ("http://h", "start", "http://h/start"),
            ("http://h///", "//start", "http://h/start"),
            ("http://h/api/", "start/", "http://h/api/start/"),
            ("http://h/start", "", "http://h/start"),
            ("/", "/start", "/start"),
            ("/api", "start?x=1", "/api/start?x=1"),
        ],
    )
    async def test_the_address(self, base: str, endpoint: str, url: str) -> None:
        params = {"base_url": base, "endpoints": {"connect": endpoint}}
        run = Run(Transport(*handshake(), start=[STARTED]), params=params)
        await run.client.connect()
        [request] = run.transport.http.requests
        assert (request.method, request.url) == ("POST", url)
        assert run.transport.connect_requests == [ConnectRequest({"sessionId": "s1"}, url, base, {})]
        await run.client.disconnect()

    async def test_headers_and_body_from_camel_case_params(self) -> None:
        params = {
            "baseUrl": URL,
            "endpoints": {"connect": "/start"},
            "headers": {"Authorization": "Bearer k"},
            "requestData": {"room": {"name": "é"}},
        }
        run = Run(Transport(*handshake(), start=[STARTED]), params=params)
        await run.client.connect()
        [request] = run.transport.http.requests
        assert request.headers == {"Content-Type": "application/json", "Authorization": "Bearer k"}
        assert request.body == {"room": {"name": "é"}, "rtvi_client_version": __version__}
        assert run.transport.connect_requests[0].headers == {"Authorization": "Bearer k"}
        assert run.client.params.request_data == {"room": {"name": "é"}}
        await run.client.disconnect()

    async def test_a_content_type_of_the_users_own_wins(self) -> None:
        params = {"base_url": URL, "headers": {"content-type": "application/vnd.bot+json"}}
        run = Run(Transport(*handshake(), start=[STARTED]), params=params)
        await run.client.connect()
        assert run.transport.http.requests[0].headers == params["headers"]
        await run.client.disconnect()

    async def test_params_changed_between_connects(self) -> None:
        run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})
        await run.client.connect()
        await run.client.disconnect()
        run.transport.heal()
        run.client.params.base_url = "http://other.test"
        run.client.params.request_data["x"] = 1
        await run.client.connect()
        await run.client.disconnect()
        run.transport.heal()
        run.client.params = {"baseUrl": "http://third.test"}  # type: ignore[assignment]
        await run.client.connect()
        await run.client.disconnect()
        assert [(request.url, request.body.get("x")) for request in run.transport.http.requests] == [
            (f"{URL}/connect", None),
            ("http://other.test/connect", 1),
            ("http://third.test/connect", None),
        ]

    async def test_an_endpoint_without_a_base_url_changes_nothing(self) -> None:
        run = Run(Transport(), params={"endpoints": {"connect": "/start"}})
        with pytest.raises(InvalidArgumentError, match="Base URL not set"):
            await run.client.connect()
        assert run.fired == []
        run.client.params = {}  # type: ignore[assignment]
        await run.ended(TransportState.DISCONNECTED)

    async def test_request_data_that_json_cannot_say(self) -> None:
        run = Run(Transport(), params={"base_url": URL, "request_data": {"x": object()}})
        with pytest.raises(InvalidArgumentError, match="request_data cannot be written as JSON") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.START
        run.client.params.request_data.clear()
        await run.ended(TransportState.ERROR)


class TestRefusedStart:
    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (HttpResponse(500, '{"info": "no credit", "detail": "other"}'), "no credit"),
            (HttpResponse(404, '{"detail": "Not Found"}'), "Not Found"),
            (
                HttpResponse(422, '{"detail": [{"loc": ["body", "sdp"], "msg": "Field required"}, {"msg": "Bad"}, 5]}'),
                "body.sdp: Field required; Bad; 5",
            ),
            (HttpResponse(500, "<html><body><h1>Internal  Server\nError</h1></body></html>"), "Internal Server Error"),
            (HttpResponse(404, ""), "(no text)"),
            (HttpResponse(500, '["a list"]'), '["a list"]'),
            (HttpResponse(500, '{"detail": {"code": 7}}'), '{"detail": {"code": 7}}'),
            (HttpResponse(503, "x" * 5000), "x" * 199 + "…"),
        ],
        ids=lambda value: ascii(value)[:40],
    )
    async def test_it_says_what_the_server_said(self, answer: HttpResponse, said: str) -> None:
        run = Run(Transport(start=[answer]), params={"base_url": URL})
        with pytest.raises(StartBotError) as raised:
            await run.client.connect()
        error = raised.value
        assert said in error.message
        assert (error.status, error.phase, error.body) == (answer.status, ConnectPhase.START, answer.text[:2000])
        assert f"POST {URL}/connect was answered with {answer.status}" in str(error)
        assert str(error).endswith("[phase: start]")
        assert run.states == ["initializing", "initialized", "authenticating", "error"]
        assert run.arguments("disconnected") == []
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize("text", ["", "<html>hello</html>", "[1]", "null", '"sdp"', "{"])
    async def test_an_answer_that_is_no_json_object(self, text: str) -> None:
        run = Run(Transport(start=[HttpResponse(200, text)]), params={"base_url": URL})
        with pytest.raises(StartBotError, match="answered with 200, but with no JSON object") as raised:
            await run.client.connect()
        assert (raised.value.status, raised.value.body) == (200, text)
        await run.ended(TransportState.ERROR)

    async def test_the_server_is_down(self) -> None:
        cause = HttpError("Failed to fetch")
        run = Run(Transport(start=[cause]), params={"base_url": URL})
        with pytest.raises(StartBotError, match="got no answer: Failed to fetch") as raised:
            await run.client.connect()
        assert raised.value.__cause__ is cause
        assert (raised.value.status, raised.value.phase) == (None, ConnectPhase.START)
        await run.ended(TransportState.ERROR)


LIMITED = [phase for phase in ConnectPhase if phase is not ConnectPhase.DEVICES]
REASONS = {
    ConnectPhase.START: "the start endpoint did not answer",
    ConnectPhase.OFFER: "the server did not answer the WebRTC offer",
    ConnectPhase.ICE: "no network path to the bot was found",
    ConnectPhase.DATA_CHANNEL: "the data channel did not open",
    ConnectPhase.BOT_READY: "the bot did not say bot-ready",
}


class TestTimeout:
    @pytest.mark.parametrize("phase", LIMITED)
    async def test_whatever_hangs(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=0.02)
        begun = time.monotonic()
        with pytest.raises(ConnectionTimeoutError) as raised:
            await over(asyncio.ensure_future(run.client.connect()))
        assert 0.02 <= time.monotonic() - begun < 0.07
        error = raised.value
        assert error.phase is phase
        assert error.message == f"The bot did not become ready within 0.02 s: {REASONS[phase]}."
        assert run.states[-3:] == ["disconnecting", "disconnected", "error"]
        assert len(run.arguments("disconnected")) == 1
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize("phase", LIMITED)
    async def test_none_is_no_limit(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=None)
        task = await run.connecting()
        assert not task.done()
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError):
            await over(task)

    async def test_the_permission_prompt_has_no_limit(self) -> None:
        run = stalled(ConnectPhase.DEVICES, timeout=0.01)
        task = asyncio.ensure_future(run.client.connect())
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError) as raised:
            await over(task)
        assert raised.value.phase is ConnectPhase.DEVICES
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_transport_that_names_no_phase(self) -> None:
        class Silent(Transport):
            async def connect(self, request: ConnectRequest) -> Participant:
                return await asyncio.get_running_loop().create_future()

        run = Run(Silent(), timeout=0.01)
        with pytest.raises(ConnectionTimeoutError):
            await over(asyncio.ensure_future(run.client.connect()))

    async def test_a_timeout_of_the_transports_own_is_its_failure(self) -> None:
        class Impatient(Transport):
            async def connect(self, request: ConnectRequest) -> Participant:
                raise TimeoutError("ICE took too long")

        run = Run(Impatient())
        with pytest.raises(TransportStartError, match="ICE took too long") as raised:
            await run.client.connect()
        assert isinstance(raised.value.__cause__, TimeoutError)
        assert run.client.state is TransportState.ERROR

    async def test_it_looks_like_milliseconds(self) -> None:
        with pytest.warns(UserWarning, match=r"timeout=15000 is in seconds; did you mean 15\?") as warned:
            RTVIClient(transport=Transport(), timeout=15000)
        assert warned[0].filename == __file__

    @pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "15", True])
    async def test_what_is_no_time(self, timeout: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="timeout must be a positive number of seconds"):
            RTVIClient(transport=Transport(), timeout=timeout)


class TestFailedTransport:
    @pytest.mark.parametrize(
        "error", [TransportStartError("no SDP in the answer"), DeviceError("gone", devices=["mic"], type="not-found")]
    )
    async def test_its_error_is_raised_with_the_phase(self, error: RTVIError) -> None:
        error.__cause__ = cause = ValueError("why")
        run = Run(Transport(fails_with=error))
        with pytest.raises(type(error)) as raised:
            await run.client.connect()
        assert raised.value is error
        assert raised.value.__cause__ is cause
        assert raised.value.phase is ConnectPhase.DATA_CHANNEL
        assert run.states[-3:] == ["disconnecting", "disconnected", "error"]
        await run.ended(TransportState.ERROR)

    async def test_an_error_outside_the_tree_is_wrapped(self) -> None:
        cause = KeyError("sdp")
        run = Run(Transport(fails_with=cause))  # type: ignore[arg-type]
        with pytest.raises(TransportStartError, match="KeyError: 'sdp'") as raised:
            await run.client.connect()
        assert raised.value.__cause__ is cause
        await run.ended(TransportState.ERROR)

    async def test_devices_that_fail_unexpectedly(self) -> None:
        class Broken(Transport):
            async def open_devices(self) -> None:
                raise OSError("no audio system")

        run = Run(Broken())
        with pytest.raises(TransportStartError, match="no audio system") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.DEVICES

    async def test_a_transport_that_cannot_even_close(self, reported: list[Any]) -> None:
        class Stuck(Transport):
            async def close(self) -> None:
                await super().close()
                raise RuntimeError("stuck")

        run = Run(Stuck(*handshake()))
        await run.client.connect()
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT))
        await turns(1)
        await run.client.disconnect()
        with pytest.raises(DisconnectedError):
            await over(waiter)
        assert run.client.state is TransportState.DISCONNECTED
        assert str(reported.pop()) == "stuck"


class TestBeforeBotReady:
    async def test_the_bot_leaves(self) -> None:
        run = Run(Transport(expect("client-ready"), leave()))
        with pytest.raises(DisconnectedError, match="The bot left the session") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.BOT_READY
        assert run.arguments("botDisconnected") == [BOT]
        await run.ended(TransportState.ERROR)

    async def test_the_link_is_lost(self) -> None:
        run = Run(Transport(expect("client-ready"), lose()))
        with pytest.raises(DisconnectedError, match="The link was lost") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.BOT_READY
        await run.ended(TransportState.ERROR)

    async def test_the_bot_has_a_fatal_error(self) -> None:
        run = Run(Transport(expect("client-ready"), say("error", {"error": "no key", "fatal": True})))
        with pytest.raises(BotError, match="The bot reported a fatal error: no key") as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.BOT_READY
        [error] = run.arguments("error")
        assert error.data.error == "no key"
        await run.ended(TransportState.ERROR)

    async def test_a_harmless_error_is_an_event(self) -> None:
        client_ready, bot_ready = handshake()
        run = Run(Transport(client_ready, say("error", {"error": "soft"}), bot_ready))
        await run.client.connect()
        assert [error.data.error for error in run.arguments("error")] == ["soft"]
        await run.client.disconnect()

    async def test_older_servers_complain_about_the_version_first(self, caplog: pytest.LogCaptureFixture) -> None:
        complaint = "Client version unknown. Compatibility issues may occur."
        client_ready, bot_ready = handshake("1.0.0")
        run = Run(Transport(client_ready, say("error-response", {"error": complaint}, answers=True), bot_ready))
        assert (await run.client.connect()).version == "1.0.0"
        assert [error.data.error for error in run.arguments("messageError")] == [complaint]
        [record] = [record for record in caplog.records if record.levelname == "WARNING"]
        assert complaint in record.getMessage()
        await run.client.disconnect()

    async def test_bot_ready_comes_twice(self) -> None:
        client_ready, bot_ready = handshake()
        run = Run(Transport(client_ready, bot_ready, bot_ready))
        await run.client.connect()
        await turns(2)
        assert len(run.arguments("botReady")) == 2
        assert run.client.state is TransportState.READY
        await run.client.disconnect()


class TestWhenReady:
    @pytest.mark.parametrize(
        ("step", "event", "why"),
        [
            (leave(), "botDisconnected", "The bot left the session"),
            (lose(DisconnectedError("ICE failed")), "error", "ICE failed"),
            (say("error", {"error": "crash", "fatal": True}), "error", "a fatal error: crash"),
        ],
        ids=["bot leaves", "link lost", "fatal error"],
    )
    async def test_the_session_ends(self, step: Any, event: str, why: str) -> None:
        run = await ready(expect("send-text"), step)
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT))
        end = asyncio.ensure_future(run.client.wait_for(RTVIEvent.DISCONNECTED))
        await turns(1)
        run.client.send_text("hello")
        await over(end)
        assert len(run.arguments(event)) == 1
        with pytest.raises(DisconnectedError, match=why):
            await over(waiter)
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_loss_is_told_once(self) -> None:
        run = await ready()
        run.transport.host.lost(DisconnectedError("first"))
        run.transport.host.lost(DisconnectedError("second"))
        await turns(2)
        run.transport.host.lost(DisconnectedError("third"))
        await turns(20)
        run.transport.host.lost(DisconnectedError("fourth"))
        run.transport.host.bot_left(BOT)
        await turns(20)
        assert run.states[-2:] == ["disconnecting", "disconnected"]
        assert len(run.arguments("disconnected")) == 1
        assert [error.data.error for error in run.arguments("error")] == ["first"]

    async def test_a_failed_client_hears_of_no_late_loss(self) -> None:
        run = Run(Transport(fails_with=TransportStartError()))
        with pytest.raises(TransportStartError):
            await run.client.connect()
        run.transport.host.lost(DisconnectedError("late"))
        run.transport.host.bot_left(BOT)
        await turns(5)
        assert run.arguments("error") == []
        assert run.client.state is TransportState.ERROR


class TestWaitingForStates:
    async def test_the_end_that_is_waited_for_is_no_error(self) -> None:
        run = stalled(ConnectPhase.OFFER, timeout=0.01)
        waits = [
            asyncio.ensure_future(
                run.client.wait_for(RTVIEvent.TRANSPORT_STATE_CHANGED, check=lambda now, state=state: now is state)
            )
            for state in (TransportState.DISCONNECTED, TransportState.ERROR)
        ]
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert [await over(wait) for wait in waits] == [TransportState.DISCONNECTED, TransportState.ERROR]

    async def test_failure_ends_every_wait(self) -> None:
        run = Run(Transport(start=[HttpResponse(500, "no")]), params={"base_url": URL})
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_READY))
        await turns(1)
        with pytest.raises(StartBotError):
            await run.client.connect()
        with pytest.raises(DisconnectedError, match=r"connect\(\) failed: POST"):
            await over(waiter)


class TestMicrophone:
    async def test_denied_it_goes_on_without(self) -> None:
        run = Run(Transport(*handshake()))
        run.transport.microphone = "denied"
        await run.client.connect()
        names = [name for name, *_ in run.fired]
        assert names.index("deviceError") < names.index("connected")
        [error] = run.arguments("deviceError")
        assert (error.devices, error.type) == (("mic",), "permissions")
        assert not run.client.is_mic_enabled
        with pytest.raises(DeviceError):
            await run.client.enable_mic(True)
        assert len(run.arguments("deviceError")) == 2
        run.transport.microphone = "granted"
        await run.client.enable_mic(True)
        assert run.client.is_mic_enabled
        assert run.client.tracks().local.audio is run.microphones[0]
        await run.client.disconnect()
        run.released()

    async def test_not_wanted_at_first(self) -> None:
        run = await ready(enable_mic=False)
        assert run.microphones == []
        await run.client.enable_mic(True)
        assert run.client.is_mic_enabled
        await run.client.enable_mic(False)
        assert not run.client.is_mic_enabled
        assert run.microphones[0].readyState == "live"
        await run.client.disconnect()
        run.released()

    async def test_wanted_before_connect(self) -> None:
        run = Run(Transport(*handshake()), enable_mic=False)
        await run.client.enable_mic(True)
        assert run.microphones == []
        await run.client.connect()
        assert run.client.is_mic_enabled
        await run.client.resume_bot_audio()
        await run.client.disconnect()
