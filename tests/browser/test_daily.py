"""DailyTransport over the real daily-js: whole sessions in a room, with a call machine of ours."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_session_from_connect_to_disconnect_and_once_more(selenium):
    from daily_room import RoomBot, client, daily_room, events_of
    from loopback import tone

    from rtvi_web import TransportState

    async with daily_room(config={"exp": 1900000000}) as room, tone() as track:
        made = client()
        seen = events_of(
            made,
            *("connected", "participantConnected", "botConnected", "trackStarted", "botReady", "trackStopped"),
            *("participantLeft", "botDisconnected", "disconnected"),
        )
        for _ in range(2):
            with RoomBot(room) as bot:
                bot.join(track)
                data = await made.connect()
                assert (data.version, made.state, made.transport_expiry) == ("2.2.0", TransportState.READY, 1900000000)
                assert await made.send_client_request("echo", {"n": 1}) == {"n": 1}
                assert made.tracks().bot.audio == track
                microphone = made.tracks().local.audio
                assert room.mic == microphone
                assert (room.joined.url, room.joined.token) == ("https://example.daily.co/room", "secret")
                await made.disconnect()
                assert made.state is TransportState.DISCONNECTED
                assert microphone.readyState == "ended"
                told = [name for name, *about in seen if "local" not in about]
                assert told == [
                    *("connected", "participantConnected", "botConnected", "trackStarted", "botReady"),
                    *("participantLeft", "botDisconnected", "trackStopped", "disconnected"),
                ]
                seen.clear()
                room.others.clear()


@run_in_pyodide
async def test_a_bot_that_comes_late_is_waited_for(selenium):
    import asyncio

    from daily_room import RoomBot, changed, client, daily_room, events_of
    from loopback import tone

    async with daily_room() as room, tone() as track:
        made = client()
        seen = events_of(made, "botConnected", "trackStarted")
        connecting = asyncio.ensure_future(made.connect())
        await changed(room, lambda: room.isJoined)
        with RoomBot(room) as bot:
            bot.join(track)
            await connecting
            assert bot.got == ["client-ready"]
        assert [name for name, *about in seen if "local" not in about] == ["botConnected", "trackStarted"]
        await made.disconnect()


@run_in_pyodide
async def test_a_bot_without_a_voice(selenium):
    from daily_room import RoomBot, client, daily_room

    async with daily_room() as room:
        made = client()
        with RoomBot(room) as bot:
            bot.join()
            await made.connect()
            assert made.tracks().bot == (None, None, None)
            assert await made.send_client_request("echo", 1) == 1
            await made.disconnect()


@run_in_pyodide
async def test_two_people_and_a_bot(selenium):
    from daily_room import STARTED, RoomBot, client, daily_room, events_of, send
    from loopback import tone, until

    from rtvi_web import RTVIEvent
    from rtvi_web.browser import _js

    async with daily_room() as room, tone() as voice, tone(880, 0.1) as other:
        made = client(bundle={**STARTED, "bot_name": "Pipecat"})
        seen = events_of(made, "participantConnected", "participantLeft", "botConnected", "botDisconnected")
        texts, levels = [], {}
        made.on(RTVIEvent.BOT_LLM_TEXT, lambda data: texts.append(data.text))
        made.on(RTVIEvent.REMOTE_AUDIO_LEVEL, lambda level, who: levels.__setitem__(who.id, level))
        room.join("ada", "Ada", _js.plain({"audio": other}))
        with RoomBot(room) as bot:
            bot.join(voice)
            await made.connect()
            assert seen == [
                ("participantConnected", "bot-1"),
                ("botConnected", "bot-1"),
                ("participantConnected", "ada"),
            ]
            send(room, "ada", {"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "spoofed"}})
            room.join("bob", "Bob", _js.plain({}))
            send(room, "bob", {"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "spoofed"}})
            bot.say("bot-llm-text", {"text": "true"})
            await until(lambda: texts)
            assert texts == ["true"]
            await until(lambda: levels.get("bot-1", 0) > 0.2)
            await until(lambda: 0.02 < levels.get("ada", 0) < 0.1)
            assert set(levels) == {"bot-1", "ada"}
            made.send_client_message("hello")
            await until(lambda: bot.got == ["client-ready", "client-message"])
            room.leave("ada")
            await until(lambda: seen[-1] == ("participantLeft", "ada"))
            await made.disconnect()
            assert seen[-3:] == [
                ("participantLeft", "bob"),
                ("participantLeft", "bot-1"),
                ("botDisconnected", "bot-1"),
            ]


@run_in_pyodide
async def test_who_speaks_rtvi_is_the_bot(selenium):
    """Even if another participant is heard first."""
    import asyncio

    from daily_room import RoomBot, changed, client, daily_room
    from loopback import tone, until

    from rtvi_web.browser import _js

    async with daily_room() as room, tone() as voice:
        made = client()
        connecting = asyncio.ensure_future(made.connect())
        await changed(room, lambda: room.isJoined)
        with RoomBot(room) as bot:
            bot.join()
            bot.say("user-transcription", {"text": "for Ada", "final": True, "timestamp": "", "user_id": ""})
            await until(lambda: bot.got)
            room.join("ada", "Ada", _js.plain({"audio": voice}))
            await connecting
        await made.disconnect()


@run_in_pyodide
async def test_messages_up_to_the_rooms_limit(selenium):
    import pytest
    from daily_room import daily_room, session
    from loopback import tone

    from rtvi_web import MessageTooLargeError

    for limit in (4096, 100_000):
        async with daily_room(limit=limit) as room, tone() as track, session(room, track) as (made, _bot):
            assert made.transport.max_message_size == limit
            assert await made.send_client_request("echo", "x" * (limit - 300)) == "x" * (limit - 300)
            with pytest.raises(MessageTooLargeError) as caught:
                made.send_client_message("x", "y" * limit)
            assert caught.value.limit == limit
            # 1e+20 in Python; daily-js writes it with 21 digits.
            with pytest.raises(MessageTooLargeError):
                made.send_client_message("x", [1e20] * (limit // 8))
            assert await made.send_client_request("echo", 1) == 1


@run_in_pyodide
async def test_foreign_messages_of_the_bot_end_nothing(selenium):
    import js
    from daily_room import daily_room, send, session
    from loopback import tone, until

    from rtvi_web import RTVIEvent

    async with daily_room() as room, tone() as track, session(room, track) as (made, bot):
        texts = []
        made.on(RTVIEvent.BOT_LLM_TEXT, lambda data: texts.append(data.text))
        for foreign in (None, 3, "hello", [], {}, {"label": "another"}, {"label": "rtvi-ai", "type": 3}):
            send(room, bot.id, foreign)
        send(room, bot.id, js.eval("(() => { const a = {}; a.a = a; return a })()"))
        bot.say("bot-llm-text", {"text": "well"})
        await until(lambda: texts == ["well"])


@run_in_pyodide
async def test_the_bot_leaves(selenium):
    from daily_room import daily_room, events_of, session
    from loopback import tone, until

    from rtvi_web import TransportState

    async with daily_room() as room, tone() as track, session(room, track) as (made, bot):
        seen = events_of(made, "trackStopped", "botDisconnected", "disconnected")
        room.leave(bot.id)
        await until(lambda: made.state is TransportState.DISCONNECTED)
        told = [name for name, *about in seen if "local" not in about]
        assert told == ["trackStopped", "botDisconnected", "disconnected"]


@run_in_pyodide
async def test_an_interrupted_network_is_reconnecting_and_what_waits_is_sent(selenium):
    from daily_room import daily_room, session
    from loopback import tone, until

    from rtvi_web import RTVIEvent, TransportState

    async with daily_room() as room, tone() as track, session(room, track) as (made, bot):
        states, resumed = [], []
        made.on(RTVIEvent.TRANSPORT_STATE_CHANGED, lambda state: states.append(state.value))
        made.on(RTVIEvent.RECONNECTED, resumed.append)
        room.network("signaling", "interrupted")
        await until(lambda: made.state is TransportState.RECONNECTING)
        made.send_client_message("waits")
        room.network("sfu", "interrupted")
        room.network("signaling", "connected")
        bot.say("bot-llm-text", {"text": "marks that the three were taken"})
        await made.wait_for(RTVIEvent.BOT_LLM_TEXT, timeout=5)
        assert made.state is TransportState.RECONNECTING
        assert bot.got == ["client-ready"]
        room.network("sfu", "connected")
        await until(lambda: bot.got == ["client-ready", "client-message"])
        assert (states, resumed) == (["reconnecting", "ready"], [True])
