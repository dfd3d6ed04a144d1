"""Files of the page's Python that come late: connect() waits for them, and says if they do not come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rtvi_web import ConnectionTimeoutError, ConnectPhase, RTVIClient, RTVIError
from rtvi_web.core import late_files
from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedTransport, expect, handshake
from rtvi_web.testing.realtime import ScriptedRealtimeTransport


class Arrivals:
    """What a page gives to late_files.expect()."""

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[object]] = []

    def __call__(self) -> asyncio.Future[object]:
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]

    def end(self, error: Exception | None = None) -> None:
        for future in self.futures:
            if not future.done():
                future.set_exception(error) if error else future.set_result(None)


@pytest.fixture
def arrivals() -> Iterator[Arrivals]:
    arrivals = Arrivals()
    late_files.expect(arrivals)
    yield arrivals
    late_files.expect(None)


async def test_nothing_is_late_unless_the_page_says_so() -> None:
    used: list[int] = []
    await late_files.arrived()
    late_files.use_when_here(lambda: used.append(1))
    await asyncio.sleep(0)
    assert used == [1]


async def test_what_is_late_is_used_when_it_is_here(arrivals: Arrivals) -> None:
    used: list[int] = []
    late_files.use_when_here(lambda: used.append(1))
    waiting = asyncio.ensure_future(late_files.arrived())
    await asyncio.sleep(0.1)
    assert (used, waiting.done()) == ([], False)
    arrivals.end()
    await waiting
    assert used == [1]
    begun = len(arrivals.futures)
    await late_files.arrived()
    assert len(arrivals.futures) == begun, "what is here is not waited for again"


async def connect(client: RTVIClient) -> Any:
    return await client.connect()


async def test_connect_waits_for_late_files(arrivals: Arrivals) -> None:
    client = RTVIClient(transport=ScriptedTransport(*handshake()))
    connecting = asyncio.ensure_future(connect(client))
    await asyncio.sleep(1)
    assert not connecting.done()
    arrivals.end()
    await connecting
    await client.disconnect()


async def test_connect_says_that_they_did_not_come_and_can_be_called_again(arrivals: Arrivals) -> None:
    client = RTVIClient(transport=ScriptedTransport(*handshake()))
    connecting = asyncio.ensure_future(connect(client))
    await asyncio.sleep(1)
    arrivals.end(OSError("Failed to fetch"))
    with pytest.raises(RTVIError, match=r"could not be loaded: Failed to fetch\. Check the network") as failed:
        await connecting
    assert failed.value.phase is ConnectPhase.DEVICES
    connecting = asyncio.ensure_future(connect(client))
    await asyncio.sleep(1)
    arrivals.end()
    await connecting
    await client.disconnect()


@pytest.mark.parametrize(
    "connect",
    [
        lambda: RTVIClient(transport=ScriptedTransport(*handshake()), timeout=3).connect(),
        lambda: RealtimeClient(transport=ScriptedRealtimeTransport(), timeout=3).connect(),
    ],
)
async def test_the_timeout_of_connect_does_not_count_them(arrivals: Arrivals, connect: Callable[[], Any]) -> None:
    """A slow network is no failure: what loads them ends the waiting when nothing comes any more."""
    connecting = asyncio.ensure_future(connect())
    await asyncio.sleep(60)
    assert not connecting.done()
    arrivals.end()
    await connecting


async def test_the_timeout_of_connect_begins_when_they_are_here(arrivals: Arrivals) -> None:
    client = RTVIClient(transport=ScriptedTransport(expect("client-ready")), timeout=3)  # its bot says nothing
    connecting = asyncio.ensure_future(connect(client))
    await asyncio.sleep(60)
    arrivals.end()
    began = asyncio.get_running_loop().time()
    with pytest.raises(ConnectionTimeoutError, match=r"^The bot did not become ready within 3 s: "):
        await connecting
    assert asyncio.get_running_loop().time() - began == pytest.approx(3, abs=0.1)


async def test_disconnect_ends_the_waiting(arrivals: Arrivals) -> None:
    client = RTVIClient(transport=ScriptedTransport(*handshake()))
    connecting = asyncio.ensure_future(connect(client))
    await asyncio.sleep(1)
    await client.disconnect()
    with pytest.raises(RTVIError):
        await connecting
    arrivals.end()


async def test_realtime_connect_waits_for_them_too(arrivals: Arrivals) -> None:
    client = RealtimeClient(transport=ScriptedRealtimeTransport())
    connecting = asyncio.ensure_future(client.connect())
    await asyncio.sleep(1)
    assert not connecting.done()
    arrivals.end()
    await connecting
    await client.disconnect()
