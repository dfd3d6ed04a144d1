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
