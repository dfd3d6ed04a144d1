"""What RealtimeClient tells of the sound of both sides, and how loud the model is, over both of its transports."""

from conftest import over_both
from pytest_pyodide import run_in_pyodide


@over_both
@run_in_pyodide
async def test_levels_are_told_of_both_sides_while_someone_listens(selenium, port, kind):
    import asyncio

    import js
    from realtime_peer import session
    from sound import tone

    async with tone(440, volume=0.5) as own, session(kind, port, microphone=own, level_interval=0.05) as run:
        client = run.client
        await client.connect()
        run.let_it_speak()
        await asyncio.sleep(0.2)
        before = js.opened.contexts.size

        async def steady(name, expected, tolerance):
            level = -1.0
            while abs(level - expected) > tolerance:
                level = await client.wait_for_next(name)
                assert 0 <= level <= 1

        # A tone of amplitude A has the RMS A / √2. The WebSocket's server sends 0.5, the WebRTC peer 1.
        await steady("localAudioLevel", 0.354, 0.02)
        assert js.opened.contexts.size == before + 1  # Nothing was measured until then.
        await steady("remoteAudioLevel", 0.354 if kind == "websocket" else 0.707, 0.1)


@over_both
@run_in_pyodide
async def test_python_gets_the_sound_of_both_sides_until_the_session_ends(selenium, port, kind):
    import asyncio

    from loopback import frequency
    from realtime_peer import session
    from sound import tone

    async def listen(stream):
        """What is heard until it is a tone of 440 Hz; then until the stream ends."""
        heard = bytearray()
        async for frame in stream:
            assert (frame.sample_rate, frame.channels, len(frame.data)) == (16_000, 1, 1600)
            heard += frame.data
            if abs(frequency(heard[-6400:], 16_000) - 440) < 10 and not is_heard.done():
                is_heard.set_result(None)

    async with tone(440) as own, session(kind, port, microphone=own) as run:
        listening = []
        for name in ("local_audio", "remote_audio"):
            is_heard = asyncio.get_running_loop().create_future()
            stream = getattr(run.client, name)(frame=0.05)  # May be begun before connect().
            listening.append(asyncio.ensure_future(listen(stream)))
            if name == "local_audio":
                await run.client.connect()
                run.let_it_speak()
            await is_heard
        assert run.client.tracks().bot.audio.readyState == "live"
        await run.client.disconnect()
        await asyncio.gather(*listening)
        assert run.client.tracks() == (((None,) * 3), ((None,) * 3))


@over_both
@run_in_pyodide
async def test_a_browser_that_keeps_the_model_silent(selenium, port, kind):
    from loopback import until
    from realtime_peer import kept_silent, session

    async with session(kind, port) as run:
        with kept_silent(kind):
            await run.client.connect()
            await run.suspend()
            run.let_it_speak()
            await until(lambda: run.of("botAudioBlocked"))
        names = ("output_audio.blocked", "botAudioBlocked")
        assert [run.of(name) for name in names] == [[{"type": name}] for name in names]
        assert not run.plays()
        await run.client.resume_bot_audio()
        assert run.plays()


@over_both
@run_in_pyodide
async def test_the_volume_of_the_model_is_kept_from_session_to_session(selenium, port, kind):
    """What the browser plays cannot be heard here: over a WebSocket, what is connected to the speaker is looked at."""
    import js
    from edge import replaced
    from loopback import until
    from realtime_peer import session

    source = (
        "function (to, ...more) { if (to instanceof AudioDestinationNode) edge.last = this;"
        "return original.call(this, to, ...more) }"
    )
    with replaced("AudioNode.prototype", "connect", source):
        async with session(kind, port) as run:
            client = run.client

            def played_at():
                return js.edge.last.gain.value if kind == "websocket" else run.media.player.element.volume

            client.set_bot_volume(0.5)
            for before, volume in ((0.5, 0.0), (0.0, 0.25)):
                await client.connect()
                run.let_it_speak()
                await until(run.plays)
                assert played_at() == client.bot_volume == before
                client.set_bot_volume(volume)
                assert played_at() == client.bot_volume == volume
                await client.disconnect()

            def is_silent():
                return played_at() == 0 if kind == "websocket" else run.media.player.element.muted

            client.mute_bot()
            await client.connect()
            run.let_it_speak()
            await until(run.plays)  # it goes on, silently
            assert is_silent()
            client.set_bot_volume(0.5)
            assert is_silent()
            client.mute_bot(False)
            assert not is_silent()
            assert played_at() == client.bot_volume == 0.5
            await client.disconnect()
