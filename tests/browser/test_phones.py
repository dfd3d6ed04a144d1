"""What phones need, put into the mouth of another browser at its very edge: no phone runs these tests.

The screen that stays on is real: Chromium has wake locks on every machine.
"""

import pytest
from conftest import over_both
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_screen_stays_on_during_a_call(selenium):
    import js
    from edge import page_is, wake_locks
    from loopback import Bot, connected, until

    from rtvi_web.core.media import BOT

    await js.allow("microphone screen-wake-lock")
    with wake_locks():

        def released():
            return [lock.released for lock in js.edge.locks]

        async with Bot(speaks=True) as bot:
            async with connected(bot) as (link, _):
                await until(lambda: released() == [False])
                page_is(hidden=True)
                await js.edge.locks[0].release()  # as the browser does
                page_is(hidden=False)
                await until(lambda: released() == [True, False])
                page_is(hidden=True)
                page_is(hidden=False)
                track = link.media.tracks().bot.audio
                await link.close()
                await until(lambda: released() == [True, True])
                link.media.bot_track_changed(BOT, None, track)  # A track may come while the link is being closed.
            page_is(hidden=True)
            page_is(hidden=False)
            async with connected(bot, keep_awake=False) as (link, _):
                await until(lambda: link.media.tracks().bot.audio)
            async with connected(bot) as (link, _):  # Only devices and a written word need no screen.
                await link.close()
                await link.media.open_devices()
        assert released() == [True, True]


@run_in_pyodide
async def test_a_screen_that_cannot_stay_on_is_no_problem(selenium):
    import js
    from edge import absent, held, refusing
    from loopback import Bot, connected, until

    await js.allow("microphone screen-wake-lock")
    async with Bot(speaks=True) as bot:
        for without in (
            refusing("WakeLock.prototype", "request", "NotAllowedError"),
            absent("Navigator.prototype", "wakeLock"),
        ):
            with without:
                async with connected(bot) as (link, host):
                    await until(lambda: link.media.tracks().bot.audio)
                assert host.losses == []
        # A session that ends while the browser is asked: the lock that comes later is released.
        with held("WakeLock.prototype", "request", when="edge.lock = outcome") as answer:
            async with connected(bot) as (link, _):
                await until(lambda: js.edge.holding == 1)
            assert not js.edge.lock.released
            answer()
            await until(lambda: js.edge.lock.released)


@over_both
@run_in_pyodide
async def test_the_screen_stays_on_during_a_realtime_session(selenium, port, kind):
    import js
    from edge import wake_locks
    from loopback import until
    from realtime_peer import session

    await js.allow("microphone screen-wake-lock")
    with wake_locks():
        async with session(kind, port) as made:
            await made.client.connect()
            await until(lambda: [lock.released for lock in js.edge.locks] == [False])
        await until(lambda: js.edge.locks[0].released)
        async with session(kind, port, keep_awake=False) as made:
            await made.client.connect()
        assert len(js.edge.locks) == 1


@run_in_pyodide
async def test_the_system_is_told_that_the_page_plays_and_records(selenium):
    import js
    from edge import has, refusing
    from loopback import transport

    kind = js.Object.fromEntries([["type", "playback"]])  # a page that has played music
    await js.allow("microphone camera")
    with has(js.navigator, "audioSession", kind):
        async with transport("/unused", enable_cam=True) as (one, _), transport("/unused") as (two, _):
            assert kind.type == "playback"
            await one.media.open_devices()
            assert kind.type == "play-and-record"
            await two.media.open_devices()
            await one.media.enable_mic(False)
            [_, other, _] = await one.media.list_devices("mic")
            await one.media.select_device("mic", other.id)
            assert kind.type == "play-and-record"
            await one.close()
            assert kind.type == "play-and-record", "the other one records"
            await two.close()
            assert kind.type == "playback"
            await one.media.open_devices()
            assert kind.type == "playback", "it stays muted"
            await one.media.enable_mic(True)
            assert kind.type == "play-and-record"
            await one.close()
        async with transport("/unused", enable_mic=False, enable_cam=True) as (camera, _):
            await camera.media.open_devices()
            assert kind.type == "playback", "without a microphone the sound stays on the large speaker"
        async with transport("/unused", release_mic_when_muted=True) as (released, _):
            await released.media.open_devices()
            await released.media.enable_mic(False)
            assert kind.type == "playback"
            await released.media.enable_mic(True)
            assert kind.type == "play-and-record"
        assert kind.type == "playback"
        with refusing("MediaDevices.prototype", "getUserMedia", "NotAllowedError"):
            async with transport("/unused") as (denied, _):
                await denied.media.open_devices()
                assert kind.type == "playback"


@pytest.mark.parametrize("name", ["mic", "cam"])
@run_in_pyodide
async def test_a_second_device_that_ends_the_first_takes_over(selenium, name):
    """On iPhones. The new one is opened once, and nothing is reported as lost."""
    import js
    from edge import replaced
    from loopback import RTVIEvent, transport

    await js.allow("microphone camera")
    takes_over = (
        "async function (constraints) { edge.openings++; const stream = await original.call(this, constraints);"
        "const [track] = stream.getTracks(); const before = edge.open[track.kind]; edge.open[track.kind] = track;"
        "if (before) { before.stop(); before.dispatchEvent(new Event('ended')) } return stream }"
    )
    with replaced("MediaDevices.prototype", "getUserMedia", takes_over):
        js.edge.open, js.edge.openings = js.Object.new(), 0
        async with transport("/unused", enable_mic=name == "mic", enable_cam=name == "cam") as (link, host):
            await link.media.open_devices()
            for number in (2, 1, 2):
                device = (await link.media.list_devices(name))[number]
                openings = js.edge.openings
                await link.media.select_device(name, device.id)
                assert link.media.selected_device(name) == device
                assert js.edge.openings == openings + 1
            assert link.media.is_mic_enabled or link.media.is_cam_enabled
            assert host.of(RTVIEvent.DEVICE_ERROR) == []


@run_in_pyodide
async def test_a_second_microphone_that_fails_after_the_first_has_ended(selenium):
    """The first one is opened again, as after any other end."""
    import js
    import pytest
    from edge import replaced
    from loopback import transport, until

    from rtvi_web import DeviceError

    fails = (
        "async function (constraints) { if (edge.fails) { edge.fails = false; const before = edge.open;"
        "before.stop(); before.dispatchEvent(new Event('ended')); throw new DOMException('', 'AbortError') }"
        "const stream = await original.call(this, constraints); [edge.open] = stream.getTracks(); return stream }"
    )
    with replaced("MediaDevices.prototype", "getUserMedia", fails):
        js.edge.fails = False
        async with transport("/unused") as (link, _):
            await link.media.open_devices()
            [first, second, _] = await link.media.list_devices("mic")
            js.edge.fails = True
            with pytest.raises(DeviceError):
                await link.media.select_device("mic", second.id)
            await until(lambda: link.media.is_mic_enabled)
            assert link.media.selected_device("mic") == first
