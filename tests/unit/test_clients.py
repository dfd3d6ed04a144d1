"""What the two clients have in common, and what neither shows of its inside."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from rtvi_web import RTVIClient
from rtvi_web.core.event_members import EventMembers
from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedRealtimeTransport, ScriptedTransport

pytestmark = pytest.mark.usefixtures("tidy")


def public(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def test_events_are_subscribed_to_but_not_fired_through_the_client() -> None:
    assert public(EventMembers) == {"on", "once", "off", "wait_for", "events"}
    assert public(EventMembers) < public(RTVIClient)
    assert not public(RTVIClient) & {"emit", "listens", "fail_waiters"}


def test_both_run_coroutines_alike() -> None:
    rtvi, realtime = RTVIClient.run, RealtimeClient.run
    assert inspect.signature(rtvi) == inspect.signature(realtime)
    assert rtvi.__doc__ == realtime.__doc__


@pytest.mark.parametrize("kind", ["rtvi", "realtime"])
async def test_what_runs_from_a_click_is_reported_if_it_raises(kind: str, reported: list[Any]) -> None:
    client: RTVIClient | RealtimeClient = (
        RTVIClient(transport=ScriptedTransport())
        if kind == "rtvi"
        else RealtimeClient(transport=ScriptedRealtimeTransport())
    )
    error = ValueError("boom")

    async def work() -> str:
        return "done"

    async def failing() -> None:
        raise error

    assert await client.run(work(), "working failed") == "done"
    await asyncio.wait({client.run(failing(), "failing failed")})
    assert reported == [error]
    reported.clear()
