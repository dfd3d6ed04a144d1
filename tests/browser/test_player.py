"""The element that plays the bot."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_player_plays_a_track_and_lets_it_go(selenium):
    from loopback import event

    from rtvi_web.browser.capture import open_input
    from rtvi_web.browser.player import Player

    blocked = []
    track = await open_input("mic", {})
    player = Player(lambda: blocked.append(1))
    await player.resume()  # Nothing to play yet.
    player.play(track)
    element = player.element
    await event(element, "playing")
    assert not element.paused
    player.close()
    assert element.paused
    assert not element.srcObject
    player.close()
    await player.resume()  # Nothing to play any more.
    assert element.paused
    track.stop()
    assert not blocked


@run_in_pyodide
async def test_a_player_that_the_browser_blocks_says_so_until_it_may(selenium):
    import asyncio

    import js

    from rtvi_web.browser.capture import open_input
    from rtvi_web.browser.player import Player

    blocked = asyncio.Event()
    track = await open_input("mic", {})
    player = Player(blocked.set)
    # A page that a test drives counts as one that a person has used: what Chromium says else is put into its mouth.
    js.eval(
        "globalThis.realPlay = HTMLMediaElement.prototype.play; HTMLMediaElement.prototype.play = async () => "
        "{ throw new DOMException('play() failed because the user did not interact first', 'NotAllowedError') }"
    )
    try:
        player.play(track)
        await blocked.wait()
        blocked.clear()
        await player.resume()
        assert blocked.is_set()
        blocked.clear()
    finally:
        js.eval("HTMLMediaElement.prototype.play = realPlay")
    await player.resume()
    assert not blocked.is_set()
    assert not player.element.paused
    player.close()
    track.stop()


@run_in_pyodide
async def test_a_bot_that_the_browser_cannot_play_for_another_reason(selenium):
    import pytest
    from edge import refusing
    from loopback import Bot, RTVIEvent, connected

    from rtvi_web import DeviceError

    async with Bot(speaks=True) as bot, connected(bot, enable_mic=False) as (link, host):
        with refusing("HTMLMediaElement.prototype", "play", "NotSupportedError"), pytest.raises(DeviceError) as caught:
            await link.media.resume_bot_audio()
        assert caught.value.devices == ("speaker",)
        assert not host.of(RTVIEvent.BOT_AUDIO_BLOCKED)
