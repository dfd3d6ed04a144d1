"""How loud the person and the bot are."""

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize(("interval", "least", "most"), [(0.1, 0.08, 0.15), (0.3, 0.28, 0.36)])
@run_in_pyodide
async def test_both_levels_are_the_root_mean_square_at_the_interval_asked_for(selenium, interval, least, most):
    import itertools
    import statistics
    import time

    from loopback import Bot, RTVIEvent, connected, tone

    # A tone of amplitude A has the RMS A / √2. The bot sends one of amplitude 1; Opus changes that little.
    async with (
        tone(amplitude=0.5) as own,
        Bot(speaks=True) as bot,
        connected(bot, audio_track=own, level_interval=interval) as (_, host),
    ):
        host.listening |= {RTVIEvent.LOCAL_AUDIO_LEVEL, RTVIEvent.REMOTE_AUDIO_LEVEL}
        times = []
        real = host.fire

        def fire(event, *args):
            if event == RTVIEvent.LOCAL_AUDIO_LEVEL:
                times.append(time.monotonic())
            real(event, *args)

        host.fire = fire

        def steady(event, expected, tolerance):
            """Whether the latest levels are as expected: a busy machine starves the browser of sound now and then."""
            levels = [level for level, *_ in host.of(event)]
            return len(levels) >= 7 and abs(statistics.median(levels[-7:]) - expected) < tolerance

        await host.until(lambda: steady(RTVIEvent.LOCAL_AUDIO_LEVEL, 0.354, 0.02))
        await host.until(lambda: steady(RTVIEvent.REMOTE_AUDIO_LEVEL, 0.707, 0.1))
        assert host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)[0][1].id == f"pc-{bot.room}"
        # A busy machine may be late with any of them, but not with all, and with none is it early.
        gap = min(later - sooner for sooner, later in itertools.pairwise(times))
        assert least < gap < most, gap


@run_in_pyodide
async def test_levels_are_measured_only_with_a_listener_and_a_sound(selenium):
    import asyncio

    import js
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        before = js.opened.contexts.size
        host.listening.add(RTVIEvent.REMOTE_AUDIO_LEVEL)  # There is no bot.
        await link.media.open_devices()
        await asyncio.sleep(0.35)
        assert js.opened.contexts.size == before
        host.listening.add(RTVIEvent.LOCAL_AUDIO_LEVEL)
        # Chromium's fake microphone beeps once a second.
        await host.until(lambda: any(level > 0.01 for [level] in host.of(RTVIEvent.LOCAL_AUDIO_LEVEL)))
        await link.media.enable_mic(False)
        await host.until(lambda: host.of(RTVIEvent.LOCAL_AUDIO_LEVEL)[-12:] == [[0]] * 12)
        host.listening.clear()
        await asyncio.sleep(0.25)
        count = len(host.of(RTVIEvent.LOCAL_AUDIO_LEVEL))
        await asyncio.sleep(0.25)
        assert len(host.of(RTVIEvent.LOCAL_AUDIO_LEVEL)) == count


@run_in_pyodide
async def test_the_level_follows_a_change_of_the_microphone_and_of_the_page_that_plays(selenium):
    from loopback import Bot, RTVIEvent, connected

    async with Bot(speaks=True) as bot, connected(bot, play_bot_audio=False) as (link, host):
        host.listening |= {RTVIEvent.LOCAL_AUDIO_LEVEL, RTVIEvent.REMOTE_AUDIO_LEVEL}
        await host.until(lambda: any(level > 0.5 for level, _ in host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)))
        await link.media.select_device("mic", (await link.media.list_devices("mic"))[1].id)
        host.events.clear()
        await host.until(lambda: any(level > 0.01 for [level] in host.of(RTVIEvent.LOCAL_AUDIO_LEVEL)))


@run_in_pyodide
def test_an_invalid_interval_is_refused(selenium):
    import pytest

    from rtvi_web import InvalidArgumentError
    from rtvi_web.transports import SmallWebRTCTransport

    with pytest.raises(InvalidArgumentError, match=r"0\.02 to 10 seconds"):
        SmallWebRTCTransport(level_interval=100)


@run_in_pyodide
async def test_the_bot_is_measured_and_read_from_the_first_click_on(selenium):
    """Chromium suspends the contexts of a page without a click, and ignores a resume() from before the click."""
    import asyncio

    import js
    from loopback import Bot, RTVIEvent, connected

    js.eval(
        """
        globalThis.clicked = false; globalThis.Real = AudioContext;
        globalThis.AudioContext = class extends Real {
            constructor(...args) { super(...args); this.asleep = Real.prototype.suspend.call(this) }
            async resume() { if (!clicked) return new Promise(() => {}); await this.asleep; return super.resume() }
        };
        Object.defineProperty(navigator, "userActivation",
            { configurable: true, get: () => ({ hasBeenActive: clicked }) });
        """
    )
    try:
        async with Bot(speaks=True) as bot:
            js.AudioContext, unclicked = js.Real, js.AudioContext  # The bot's own context is never suspended.
            bot.speak()
            js.AudioContext = unclicked
            async with connected(bot, enable_mic=False) as (link, host):
                host.listening.add(RTVIEvent.REMOTE_AUDIO_LEVEL)
                await host.until(lambda: len(host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)) > 5)
                frames = []

                async def read():
                    async for frame in link.media.remote_audio(sample_rate=16000, frame=0.02):
                        frames.append(frame)

                reading = asyncio.ensure_future(read())
                await host.until(lambda: len(host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)) > 10)
                assert {level for level, _ in host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)} == {0}
                assert not frames
                js.clicked = True
                await host.until(lambda: host.of(RTVIEvent.REMOTE_AUDIO_LEVEL)[-1][0] > 0.5)
                await host.until(lambda: frames)
            await reading
    finally:
        js.eval("globalThis.AudioContext = Real; delete navigator.userActivation")
