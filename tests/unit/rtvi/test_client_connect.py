"""connect() when all goes well: what happens in which order, with and without a microphone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, ready, turns

from rtvi_web import (
    BotReadyData,
    DeviceError,
    Participant,
    TransportState,
    __version__,
)
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.testing import BOT, handshake

pytestmark = pytest.mark.usefixtures("tidy")
ME = Participant("local", "", local=True)


class TestHappyPath:
    async def test_everything_in_its_order(self) -> None:
        run = Run(Transport(*handshake("2.1.0"), start=[STARTED]), params={"base_url": URL})
        data = await run.client.connect()
        assert data == BotReadyData(version="2.1.0")
        [microphone] = run.microphones
        of_others = ("messageSent", "messageReceived", "botStateChanged", "mediaStateUpdated")
        emitted = [entry for entry in run.fired if entry[0] not in of_others]
        assert emitted == [
            ("transportStateChanged", "initializing"),
            ("trackStarted", microphone, ME),
            ("transportStateChanged", "initialized"),
            ("transportStateChanged", "authenticating"),
            ("transportStateChanged", "connecting"),
            ("transportStateChanged", "connected"),
            ("connected",),
            ("participantConnected", BOT),
            ("botConnected", BOT),
            ("transportStateChanged", "ready"),
            ("botReady", data),
        ]
        assert run.client.connected
        assert run.client.is_mic_enabled
        run.fired.clear()
        await run.client.disconnect()
        assert [entry for entry in run.fired if entry[0] != "botStateChanged"] == [
            ("transportStateChanged", "disconnecting"),
            ("participantLeft", BOT),
            ("botDisconnected", BOT),
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

    async def test_direct_connect_makes_no_start_request(self) -> None:
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

    async def test_disconnect_without_a_session_does_not_end_one_that_begins_meanwhile(self) -> None:
        class Slow(Transport):
            async def close(self) -> None:
                await turns(10)
                await super().close()

        run = Run(Slow(*handshake()))
        disconnecting = asyncio.ensure_future(run.client.disconnect())
        await turns(1)
        await run.client.connect()
        assert disconnecting.done()
        assert run.client.is_mic_enabled
        await run.client.disconnect()

    async def test_disconnect_without_a_session_raises_nothing(
        self, reported: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def close() -> None:
            raise RuntimeError("it cannot be closed")

        run = Run(Transport())
        monkeypatch.setattr(run.transport, "close", close)
        await run.client.disconnect()
        assert [str(error) for error in reported] == ["it cannot be closed"]
        reported.clear()

    async def test_one_client_many_sessions(self) -> None:
        run = await ready()
        for _ in range(3):
            await run.client.disconnect()
            run.transport.heal()
            await run.client.connect()
        assert len(run.microphones) == 4
        assert [track.readyState for track in run.microphones] == ["ended"] * 3 + ["live"]
        await run.client.disconnect()


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
