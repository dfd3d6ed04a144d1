"""The client: connecting and its ends, keys that show nowhere, and settings."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from realtime_server import Run, Server, connected, turns

from rtvi_web import (
    AlreadyStartedError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    InvalidArgumentError,
    RTVIError,
    TransportStartError,
)
from rtvi_web.realtime import RealtimeClient, settings

SECRET = "sk-very-secret"


async def ended(run: Run) -> None:
    """All is released, nothing waits, and the client can connect again."""
    await turns(20)
    assert not run.client.is_connected()
    assert not run.server.is_open
    assert not run.server.has_microphone
    assert asyncio.all_tasks() == {asyncio.current_task()}
    run.server.fails_with, run.server.hangs, run.server.handshake = None, False, True
    await run.client.connect()
    assert run.client.is_connected()
    await run.client.disconnect()


# Connecting.


@pytest.mark.parametrize("connects", [False, True])
async def test_a_microphone_opened_ahead_is_released(connects: bool) -> None:
    run = Run()
    await run.client.open_microphone()
    assert run.server.has_microphone
    if connects:
        await run.client.connect()
    await run.client.disconnect()
    await ended(run)


async def test_a_session_from_beginning_to_end() -> None:
    run = Run()
    names: list[str] = []
    for name in ("client.connected", "client.disconnected", "close", "client.error"):
        run.client.on(name, lambda event, name=name: names.append(name))
    assert not run.client.is_connected()
    await run.client.connect()
    assert run.client.is_connected()
    assert run.server.has_microphone
    assert names == ["client.connected"]
    with pytest.raises(AlreadyStartedError):
        await run.client.connect()
    assert run.client.is_connected()
    ending = run.client.disconnect()
    assert not run.client.is_connected()
    await ending
    await ending
    await run.client.disconnect()
    assert names == ["client.connected", "client.disconnected", "close"]
    await ended(run)


async def test_as_a_context() -> None:
    run = Run(microphone=False)
    async with run.client as client:
        assert client.is_connected()
        assert not run.server.has_microphone
    await ended(run)


async def test_a_session_works_without_a_microphone() -> None:
    run = Run(server=Server(microphone="denied"))
    await run.client.connect()
    assert [error.source for error in run.errors] == ["microphone"]
    await run.client.disconnect()


async def test_a_transport_that_fails_names_the_phase() -> None:
    run = Run(server=Server(fails_with=TransportStartError("No such host.")))
    failures: list[Any] = []
    run.client.on("client.error", failures.append)
    with pytest.raises(TransportStartError, match="No such host") as raised:
        await run.client.connect()
    assert raised.value.phase is ConnectPhase.OFFER
    assert [error.source for error in run.errors] == ["connection"]
    assert failures[0]["error"] is raised.value
    await ended(run)


async def test_a_transport_that_hangs_is_given_up() -> None:
    run = Run(server=Server(hangs=True), timeout=0.01)
    with pytest.raises(ConnectionTimeoutError, match=r"within 0\.01 s"):
        await run.client.connect()
    await ended(run)


@pytest.mark.parametrize("hangs", [True, False])
async def test_disconnect_while_connecting(hangs: bool) -> None:
    run = Run(server=Server(hangs=hangs, handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.client.disconnect()
    with pytest.raises(ConnectAbortedError):
        await connecting
    assert run.errors == []
    await ended(run)


@pytest.mark.parametrize("hangs", [True, False])
async def test_cancelling_connect_cleans_up(hangs: bool) -> None:
    run = Run(server=Server(hangs=hangs, handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    await ended(run)


async def test_a_link_lost_while_the_configuration_is_awaited() -> None:
    run = Run(server=Server(handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.lose(DisconnectedError("1006"))
    with pytest.raises(DisconnectedError, match="1006"):
        await connecting
    await ended(run)


async def test_a_lost_link_ends_the_session_and_every_wait() -> None:
    run = await connected()
    closed: list[Any] = []
    run.client.on("close", closed.append)
    item = asyncio.ensure_future(run.client.wait_for_next_item())
    end = asyncio.ensure_future(run.client.wait_for_next("client.disconnected"))
    raw = asyncio.ensure_future(run.client.realtime.wait_for_next("server.response.done"))
    await turns()
    run.server.lose(DisconnectedError("Close code 1001."))
    assert not run.client.is_connected()
    for waiting in (item, raw):
        with pytest.raises(DisconnectedError, match="Close code 1001"):
            await waiting
    assert await end == {"type": "client.disconnected"}
    assert closed == [{"type": "close", "error": True}]
    assert [error.message for error in run.errors] == ["Close code 1001."]
    await ended(run)


async def test_connecting_waits_for_the_end_of_the_session_before() -> None:
    run = await connected()
    run.client.disconnect()
    await run.client.connect()
    assert run.server.is_open
    await run.client.disconnect()


async def test_handlers_are_not_doubled_by_reconnecting(run: Run) -> None:
    await run.client.disconnect()
    await run.client.connect()
    run.server.user_item("u")
    assert len(run.of("conversation.item.appended")) == 1


# Keys.


def test_a_key_that_is_not_ephemeral_is_refused_in_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IN_PAGE", True)
    with pytest.raises(InvalidArgumentError, match="Can not provide API key in the browser") as raised:
        RealtimeClient(transport=Server(), api_key=SECRET)
    assert SECRET not in str(raised.value)
    RealtimeClient(transport=Server(), api_key="ek_123")
    RealtimeClient(transport=Server(), api_key="")
    RealtimeClient({"apiKey": SECRET, "dangerouslyAllowAPIKeyInBrowser": True}, transport=Server())


def test_which_keys_are_ephemeral_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IN_PAGE", True)
    for options in ({"is_ephemeral_key": lambda key: key.startswith("xai-")}, {"isEphemeralKey": "xai-abc".__eq__}):
        RealtimeClient(options, transport=Server(), api_key="xai-abc")
        for other in (SECRET, "ek_123"):
            with pytest.raises(InvalidArgumentError, match="in the browser"):
                RealtimeClient(options, transport=Server(), api_key=other)
    with pytest.raises(InvalidArgumentError, match="is_ephemeral_key must be a function"):
        RealtimeClient(transport=Server(), is_ephemeral_key="ek_")  # type: ignore[arg-type]


async def test_a_key_may_come_from_a_function_and_is_checked_then(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = iter(["ek_1", "ek_2", SECRET, 3])

    async def mint() -> Any:
        return next(keys)

    monkeypatch.setattr(settings, "IN_PAGE", True)
    run = Run(api_key=mint)
    for expected in ("ek_1", "ek_2"):
        await run.client.connect()
        assert run.server.requests[-1].api_key == expected
        await run.client.disconnect()
    for reason in ("in the browser", "returned int"):
        with pytest.raises(InvalidArgumentError, match=reason) as raised:
            await run.client.connect()
        assert SECRET not in str(raised.value)
    await turns()


async def test_the_key_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InvalidArgumentError, match="url contains") as raised:
        RealtimeClient(transport=Server(), api_key=SECRET, url=f"wss://x.test?api_key={SECRET}")
    seen: list[Any] = [raised.value]
    run = Run(api_key=SECRET, url="wss://x.test/v1/realtime", server=Server(fails_with=TransportStartError("No.")))
    run.client.on("*", seen.append)
    with pytest.raises(TransportStartError) as failed:
        await run.client.connect()
    run.server.fails_with = None
    await run.client.connect()
    await run.client.disconnect()
    request = run.server.requests[-1]
    assert request.api_key == SECRET
    assert request.url == "wss://x.test/v1/realtime"
    shown = [*map(repr, seen), repr(failed.value), repr(request), repr(vars(run.client)), *run.server.frames]
    assert SECRET not in "".join([*shown, caplog.text])


@pytest.mark.parametrize(
    "url",
    [
        f"wss://x.test/v1?key={SECRET}",
        f"wss://user:{SECRET}@x.test/v1",
        f"/v1?api-key={SECRET}&x#{SECRET}",
        f"//user:{SECRET}@x.test",
    ],
)
async def test_a_secret_in_the_address_shows_nowhere(caplog: pytest.LogCaptureFixture, url: str) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Any] = []
    run = Run(url=url, server=Server(fails_with=TransportStartError("No.")), timeout=1)
    run.client.on("*", seen.append)
    run.client.realtime.on("*", seen.append)
    for hangs in (False, True):
        run.server.hangs = hangs
        with pytest.raises(RTVIError) as failed:
            await run.client.connect()
        seen += [failed.value, str(failed.value), failed.value.__cause__]
    run.server.hangs, run.server.fails_with = False, None
    await run.client.connect()
    run.server.lose()
    await turns()
    (request, *_) = run.server.requests
    assert request.url == url
    with pytest.raises(InvalidArgumentError) as refused:
        RealtimeClient(transport=Server(), url=[url])  # type: ignore[arg-type]
    settings_of = settings.Settings.of({"url": url}, {})
    shown = [*map(repr, seen), repr(request), repr(settings_of), str(refused.value), *run.server.frames, caplog.text]
    assert SECRET not in "".join(shown)
    await run.client.disconnect()


# Settings.


def test_settings_by_dict_and_by_keyword() -> None:
    server = Server()
    client = RealtimeClient({"url": "wss://a.test", "transport": server}, {"instructions": "Hi."}, keep_audio=None)
    assert client.config["instructions"] == "Hi."
    for wrong, reason in (
        ({"apikey": "x"}, "Did you mean 'api_key'"),
        ({"transport": "web"}, "Did you mean 'websocket'|must be"),
        ({"keep_audio": -1}, "keep_audio must be"),
        ({"timeout": 0}, "timeout must be"),
        ({"url": 3}, "url must be"),
        ({"api_key": 3}, "api_key must be"),
    ):
        with pytest.raises(InvalidArgumentError, match=reason):
            RealtimeClient({"transport": Server(), **wrong})
