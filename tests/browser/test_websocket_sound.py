"""The microphone and the bot's sound over a WebSocketTransport."""

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("rate", [16_000, 8000, 48_000, 22_050])
@run_in_pyodide
async def test_the_microphone_goes_on_as_silence(selenium, port, rate):
    """Muted, released while it is muted, and released by the page; each in frames of 20 ms."""

    from websocket_peer import connected, heard_from_now_on, loud, many

    from rtvi_web.transports import WebSocketTransport

    for release in (False, True):
        transport = WebSocketTransport(recorder_sample_rate=rate, release_mic_when_muted=release)
        async with connected(port, transport, enable_mic=True) as (client, _):
            # Chromium's fake microphone beeps once a second.
            await heard_from_now_on(client, loud)
            await client.enable_mic(False)
            await heard_from_now_on(client, many)  # what was under way too
            told = await heard_from_now_on(client, many)
            assert told["loud"] == 0
            assert told["sizes"] == [2 * (rate // 50)]
            assert told["rates"] == [[rate, 1]]
            assert told["odd"] == []
            await client.enable_mic(True)
            await heard_from_now_on(client, loud)


@run_in_pyodide
async def test_a_microphone_that_was_never_open_is_silence_too(selenium, port):
    from websocket_peer import connected, heard_from_now_on, loud, many

    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport()) as (client, _):
        told = await heard_from_now_on(client, many)
        assert told["loud"] == 0
        await client.enable_mic(True)
        await heard_from_now_on(client, loud)


@run_in_pyodide
async def test_a_denied_microphone_is_told_and_silent(selenium, port):
    import js
    from websocket_peer import connected, heard_from_now_on, many

    from rtvi_web.transports import WebSocketTransport

    await js.allow("")
    async with connected(port, WebSocketTransport(), enable_mic=True) as (client, happened):
        assert "deviceError" in [name for name, *_ in happened]
        told = await heard_from_now_on(client, many)
        assert told["loud"] == 0


@run_in_pyodide
async def test_the_bot_is_heard_at_each_rate_in_one_session(selenium, port):
    from websocket_peer import connected, pitch_of

    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport()) as (client, _):
        for rate, channels, pitch in ((24_000, 1, 440), (8000, 1, 700), (48_000, 2, 550), (16_000, 2, 660)):
            sound = {"pitch": pitch, "rate": rate, "channels": channels, "seconds": 2.0}
            assert abs(await pitch_of(client, sound) - pitch) < 0.02 * pitch, (rate, channels)


@run_in_pyodide
async def test_the_first_word_is_heard_whole(selenium, port):
    """It comes before the player is open, which that is only when the bot is ready."""
    import asyncio

    from loopback import until
    from websocket_peer import Ear

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import WebSocketTransport

    client = RTVIClient(transport=WebSocketTransport(), enable_mic=False)
    ear, listening = Ear(client), []
    client.on(RTVIEvent.TRACK_STARTED, lambda *_: listening.append(asyncio.ensure_future(ear.__aenter__())))
    client.on(RTVIEvent.BOT_READY, lambda _: client.send_client_message("tone", {"seconds": 2, "late": [-10, -10]}))
    await client.connect({"ws_url": f"ws://127.0.0.1:{port}/pipecat"})
    await until(lambda: ear.seconds > 1)
    await until(lambda: ear.silent_for(0.5))
    assert abs(ear.seconds - 2) < 0.1
    await ear.__aexit__()
    await client.disconnect()


@run_in_pyodide
async def test_a_player_that_cannot_be_opened_is_told_and_closed(selenium, port):
    """It would keep all sound that comes."""
    import asyncio

    import js
    from loopback import until
    from pyodide.ffi import create_proxy
    from websocket_peer import connected

    from rtvi_web.transports import WebSocketTransport

    worklets, told = js.AudioWorklet.prototype, []
    add_module, refuse = worklets.addModule, create_proxy(lambda _url: js.Promise.reject(js.Error.new("lost")))
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, context: told.append(str(context["exception"])))
    callbacks = {"on_connected": lambda: setattr(worklets, "addModule", refuse)}  # The recorder has it already.
    try:
        async with connected(port, WebSocketTransport(), callbacks=callbacks) as (client, _):
            await until(lambda: told)
            assert "pcm.js could not be loaded" in told[0]
            client.send_client_message("tone", {"seconds": 1})
            assert await client.send_client_request("echo", 1, timeout=20) == 1, "the session goes on"
            assert sum(context.state != "closed" for context in js.opened.contexts) == 1, "the recorder's"
    finally:
        worklets.addModule = add_module
        loop.set_exception_handler(before)
        refuse.destroy()


@run_in_pyodide
async def test_the_sound_does_not_wait_for_a_busy_page(selenium, port):
    import time

    from websocket_peer import connected

    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport()) as (client, _):
        await client.send_client_request("heard", "from now on", timeout=20)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            pass
        told = await client.send_client_request("heard", timeout=20)
        assert told["frames"] > 30, "100 fit into two seconds"


@run_in_pyodide
async def test_levels_of_both_and_the_speaker(selenium, port):
    import js
    from loopback import latest_context, until
    from websocket_peer import connected

    from rtvi_web import RTVIEvent
    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport(), enable_mic=True) as (client, _):
        levels = {}
        for event in (RTVIEvent.LOCAL_AUDIO_LEVEL, RTVIEvent.REMOTE_AUDIO_LEVEL):
            client.on(event, lambda level, *_, event=event: levels.__setitem__(event, max(level, levels.get(event, 0))))
        client.send_client_message("tone", {"seconds": 20})
        await until(lambda: len(levels) == 2 and min(levels.values()) > 0.1)
        speakers = await client.get_all_speakers()
        await client.update_speaker(speakers[-1].id)
        assert client.selected_speaker == speakers[-1]
        sinks = [context.sinkId for context in js.opened.contexts if context.state != "closed"]
        assert speakers[-1].id in sinks
        assert latest_context() is not None


@run_in_pyodide
async def test_an_interruption_silences_in_time_and_what_follows_plays_in_full(selenium, port):
    """Told by a frame (Pipecat 1.14), and by a message only (0.0.73)."""
    from loopback import until
    from websocket_peer import Ear, connected

    from rtvi_web import RTVIEvent
    from rtvi_web.transports import WebSocketTransport

    for how in ("interrupt", "speech"):
        async with connected(port, WebSocketTransport()) as (client, _), Ear(client) as ear:
            told = []
            client.on(RTVIEvent.USER_STARTED_SPEAKING, lambda told=told, ear=ear: told.append(ear.seconds))
            # Ahead of the time: seconds of it wait in the page when the bot is interrupted.
            client.send_client_message("tone", {"seconds": 20, "late": [-10, -10]})
            await until(lambda ear=ear: ear.loud_for(0.5))
            client.send_client_message(how)
            await until(lambda told=told: told)
            await until(lambda ear=ear: ear.silent_for(0.5))
            assert ear.seconds - told[0] < 0.2, (how, ear.seconds - told[0])
            before = ear.seconds
            client.send_client_message("tone", {"seconds": 2, "pitch": 600, "late": [-10, -10]})
            await until(lambda ear=ear, before=before: ear.seconds > before)
            await until(lambda ear=ear: ear.silent_for(0.5))
            assert abs(ear.seconds - before - 2) < 0.1, (how, ear.seconds - before)
