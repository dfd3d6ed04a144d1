"""Uploads of files: how long they may take, and what ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sessions import STARTED, Run, Transport, over, turns

from rtvi_web import DisconnectedError, HttpError, InvalidArgumentError, RequestTimeoutError, RTVIClient, TransportState
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import BOT, handshake

pytestmark = pytest.mark.usefixtures("tidy")
STORED = HttpResponse(
    200, '{"name": "a.pdf", "source": {"type": "url", "url": "pipecat:1"}, "format": "application/pdf"}'
)


def upload_file(client: RTVIClient, *timeout: Any) -> Awaitable[Any]:
    return client.upload_file(b"x", name="a.pdf", **dict(zip(["timeout"], timeout, strict=False)))


def send_file(client: RTVIClient, *timeout: Any) -> Awaitable[Any]:
    """Of a file that does not fit into a message."""
    return client.send_file("read", bytes(65536), name="a.pdf", **dict(zip(["timeout"], timeout, strict=False)))


CALLS: dict[str, Callable[..., Awaitable[Any]]] = {"upload_file": upload_file, "send_file": send_file}


async def session(**options: Any) -> Run:
    run = Run(Transport(*handshake(), **options))
    await run.client.connect()
    run.client.params.base_url = "http://bot.test"
    return run


@pytest.mark.parametrize("text", ["[" * 10_000 + "]" * 10_000, '{"source": ' + "[" * 300 + "]" * 300 + "}"])
async def test_an_answer_that_is_nested_too_deep(text: str) -> None:
    run = await session(start=[HttpResponse(200, text)])
    with pytest.raises(HttpError, match="did not return the file"):
        await run.client.upload_file(b"x", name="a.pdf", url="/files")
    await run.client.disconnect()


@pytest.mark.parametrize("call", CALLS)
async def test_an_upload_that_takes_too_long(call: str) -> None:
    run = await session()
    with pytest.raises(RequestTimeoutError, match=r"POST http://bot\.test/files was not finished within 3 s"):
        await CALLS[call](run.client, 3)
    assert len(run.transport.http.requests) == 1
    assert len(run.transport.sent) == 1
    await run.client.disconnect()


@pytest.mark.parametrize("call", CALLS)
async def test_an_upload_has_a_limit_of_its_own(call: str) -> None:
    run = await session()
    with pytest.raises(RequestTimeoutError, match="within 120 s"):
        await CALLS[call](run.client)
    await run.client.disconnect()


@pytest.mark.parametrize("timeout", [0, -1, "5", float("nan")])
@pytest.mark.parametrize("call", CALLS)
async def test_an_invalid_timeout_is_refused(call: str, timeout: Any) -> None:
    run = await session()
    with pytest.raises(InvalidArgumentError, match="timeout must be"):
        await CALLS[call](run.client, timeout)
    assert run.transport.http.requests == []
    await run.client.disconnect()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("ends", ["disconnect", "lost", "bot left"])
async def test_an_upload_ends_with_the_session(call: str, ends: str) -> None:
    run = await session()
    uploading = asyncio.ensure_future(CALLS[call](run.client, None))
    await turns(3)
    assert len(run.transport.http.requests) == 1
    if ends == "disconnect":
        await run.client.disconnect()
    elif ends == "lost":
        run.transport.receiver.lost(DisconnectedError("gone"))
    else:
        run.transport.receiver.bot_left(BOT)
    with pytest.raises(DisconnectedError, match="was aborted: the session ended"):
        await over(uploading)
    await turns(20)
    run.released()


async def test_an_upload_that_begins_while_the_session_ends_ends_with_it() -> None:
    run = await session()
    ending = asyncio.ensure_future(run.client.disconnect())
    await turns(3)
    assert run.client.state is TransportState.DISCONNECTING
    uploading = asyncio.ensure_future(run.client.upload_file(b"x", name="a.pdf", url="http://bot.test/files"))
    await ending
    with pytest.raises(DisconnectedError, match="was aborted: the session ended"):
        await over(uploading)
    run.released()


async def test_an_upload_before_the_session_ends_with_disconnect() -> None:
    run = Run(Transport(start=[STARTED]), params={"base_url": "http://bot.test"})
    await run.client.start_bot("http://bot.test/start")
    uploading = asyncio.ensure_future(run.client.upload_file(b"x", name="a.pdf"))
    await turns(3)
    await run.client.disconnect()
    with pytest.raises(DisconnectedError, match="was aborted"):
        await over(uploading)


async def test_an_upload_without_a_session() -> None:
    run = Run(Transport(start=[STORED]), params={"base_url": "http://bot.test"})
    assert (await run.client.upload_file(b"x", name="a.pdf")).url == "pipecat:1"


@pytest.mark.parametrize("call", CALLS)
async def test_a_cancelled_upload(call: str) -> None:
    run = await session()
    uploading = asyncio.ensure_future(CALLS[call](run.client, None))
    await turns(3)
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await over(uploading)
    await turns(2)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await run.client.disconnect()
