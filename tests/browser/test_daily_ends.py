"""How a session in a Daily room fails to begin, and how it ends, over the real daily-js."""

import pytest
from pytest_pyodide import run_in_pyodide

ENDS = {
    "ejected": "ejected",
    "nbf-room": "refused",
    "nbf-token": "refused",
    "exp-room": "expired",
    "exp-token": "expired",
    "no-room": "refused",
    "meeting-full": "room-full",
    "end-of-life": "refused",
    "not-allowed": "refused",
    "connection-error": "lost",
    "from-the-future": "lost",
}


pytestmark = pytest.mark.usefixtures("no_reports")


@pytest.mark.parametrize(("type", "reason"), ENDS.items())
@run_in_pyodide
async def test_a_room_that_cannot_be_joined(selenium, type, reason):
    import pytest
    from daily_room import client, daily_room

    from rtvi_web import TransportStartError, TransportState

    async with daily_room(refusal=[type, "Says Daily."]):
        made = client()
        with pytest.raises(TransportStartError, match="Daily says: Says Daily") as caught:
            await made.connect()
        assert (caught.value.reason, caught.value.code, caught.value.phase) == (reason, type, "link")
        assert made.state is TransportState.ERROR


@pytest.mark.parametrize(("type", "reason"), ENDS.items())
@run_in_pyodide
async def test_a_session_that_daily_ends(selenium, type, reason):
    import asyncio

    import pytest
    from daily_room import daily_room, session
    from loopback import tone, until

    from rtvi_web import DisconnectedError, RTVIEvent, TransportState

    async with daily_room() as room, tone() as track, session(room, track) as (made, _bot):
        errors = []
        made.on(RTVIEvent.ERROR, errors.append)
        waiting = asyncio.ensure_future(made.wait_for(RTVIEvent.BOT_LLM_TEXT))
        await asyncio.sleep(0)
        room.fail(type, "Says Daily.")
        with pytest.raises(DisconnectedError) as caught:
            await waiting
        assert (caught.value.reason, caught.value.code) == (reason, type)
        await until(lambda: made.state is TransportState.DISCONNECTED)
        assert [(error.data.reason, "Says Daily" in error.data.error) for error in errors] == [(reason, True)]


@run_in_pyodide
async def test_the_page_leaves_the_room_by_itself(selenium):
    import js
    from daily_room import daily_room, session
    from loopback import tone, until

    from rtvi_web import RTVIEvent, TransportState

    async with daily_room() as room, tone() as track, session(room, track) as (made, _bot):
        errors = []
        made.on(RTVIEvent.ERROR, errors.append)
        await js.Daily.getCallInstance(*room.calls).leave()
        await until(lambda: made.state is TransportState.DISCONNECTED)
        assert [error.data.reason for error in errors] == ["closed"]


@run_in_pyodide
async def test_the_lobby(selenium):
    import pytest
    from daily_room import client, daily_room

    from rtvi_web import TransportStartError

    async with daily_room(access="lobby"):
        with pytest.raises(TransportStartError, match="lobby") as caught:
            await client().connect()
        assert (caught.value.reason, caught.value.code) == ("refused", "lobby")


@run_in_pyodide
async def test_an_answer_without_a_room(selenium):
    import pytest
    from daily_room import client, daily_room

    from rtvi_web import TransportStartError

    async with daily_room():
        for bundle, words in (
            ({"dailyRoom": None, "dailyToken": None}, "createDailyRoom"),
            ({"wsUrl": "ws://x", "sessionId": "1"}, "has sessionId, wsUrl"),
            ({"url": "wss://livekit.test", "token": "t"}, "wss://livekit.test"),
        ):
            with pytest.raises(TransportStartError, match=words) as caught:
                await client(bundle=bundle).connect()
            assert caught.value.phase == "link"


@run_in_pyodide
async def test_stalls_are_named(selenium):
    import pytest
    from daily_room import STARTED, client, daily_room

    from rtvi_web import ConnectionTimeoutError

    for settings, bundle, phase, words in (
        ({"isHeld": True}, STARTED, "link", "the Daily room could not be joined"),
        ({}, STARTED, "bot", "no bot has joined the Daily room"),
        ({}, {**STARTED, "bot_name": "Pip"}, "bot", "'Pip' has not joined the Daily room, which is empty"),
    ):
        async with daily_room(**settings) as room:
            with pytest.raises(ConnectionTimeoutError, match=words) as caught:
                await client(bundle=bundle, timeout=1).connect()
            assert caught.value.phase == phase
            room.open()


@run_in_pyodide
async def test_connect_is_cancelled_at_every_await(selenium):
    import asyncio

    import pytest
    from daily_room import changed, client, daily_room

    for held in (True, False):
        async with daily_room(isHeld=held) as room:
            made = client()
            connecting = asyncio.ensure_future(made.connect())
            await changed(room, lambda room=room: "asking" in list(room.actions))
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert made.tracks().local.audio is None
            room.open()


@run_in_pyodide
async def test_daily_js_is_missing_or_too_old(selenium):
    import js
    import pytest
    from daily_room import client, daily_room, other_globals

    from rtvi_web import TransportStartError

    async with daily_room():
        missing = pytest.raises(TransportStartError, match=r"DailyTransport needs daily-js.*<script")
        with other_globals(Daily=None, DailyIframe=None), missing:
            await client().connect()
        assert not js.opened.tracks.size
        old = js.eval("({ version: () => '0.9.0', createCallObject: () => ({ on() {}, off() {} }) })")
        with other_globals(Daily=old), pytest.raises(TransportStartError, match=r"version 0\.9\.0.*too old"):
            await client().connect()


@run_in_pyodide
async def test_the_older_global_is_found(selenium):
    import js
    from daily_room import daily_room, other_globals, session
    from loopback import tone

    async with daily_room() as room, tone() as track:
        with other_globals(Daily=None, DailyIframe=js.Daily):
            async with session(room, track):
                assert room.isJoined


@run_in_pyodide
async def test_options_that_daily_js_refuses(selenium):
    import pytest
    from daily_room import client, daily_room, options

    from rtvi_web import TransportStartError
    from rtvi_web.transports import DailyTransport

    async with daily_room():
        with pytest.raises(TransportStartError, match=r"refuses DailyTransport's options.*lang"):
            await client(DailyTransport(options(lang="xx"))).connect()


@run_in_pyodide
async def test_a_call_object_of_the_pages_own(selenium):
    import js
    from daily_room import client, daily_room, options, session
    from loopback import tone

    from rtvi_web.browser import _js
    from rtvi_web.transports import DailyTransport

    async with daily_room() as room, tone() as track:
        call = js.Daily.createCallObject(_js.plain(options(userName="Ada", allowMultipleCallInstances=True)))
        made = client(DailyTransport(call_object=call))
        for _ in range(2):
            async with session(room, track, made=made):
                assert room.joined.userName == "Ada"
            assert not call.isDestroyed()
            assert not room.isJoined
        await _js.call(call, "destroy")


@run_in_pyodide
async def test_a_call_that_the_page_has_joined_already(selenium):
    import js
    from daily_room import URL, client, daily_room, options, session
    from loopback import tone

    from rtvi_web.browser import _js
    from rtvi_web.transports import DailyTransport

    async with daily_room() as room, tone() as track:
        call = js.Daily.createCallObject(_js.plain(options(allowMultipleCallInstances=True)))
        await _js.call(call, "join", {"url": URL, "startAudioOff": True, "startVideoOff": True})
        async with session(room, track, made=client(DailyTransport(call_object=call))) as (made, _bot):
            assert room.mic == made.tracks().local.audio
        await _js.call(call, "destroy")


@run_in_pyodide
async def test_a_call_machine_that_does_not_answer(selenium):
    """What waits for it ends with the session, and leaving is bounded."""
    import asyncio

    from daily_room import changed, daily_room, session
    from loopback import tone

    from rtvi_web import DisconnectedError, TransportState
    from rtvi_web.browser import _js

    async with daily_room(silent=["set-input-devices"]) as room, tone() as track:
        async with session(room, track, enable_mic=False) as (made, _bot):
            enabling = asyncio.gather(made.enable_mic(True), return_exceptions=True)
            await changed(room, lambda: "set-input-devices" in list(room.actions))
            room.silent = _js.plain(["leave-meeting"])
            await made.disconnect()
            assert made.state is TransportState.DISCONNECTED
            [failed] = await enabling
            assert isinstance(failed, DisconnectedError)
        room.forget()
