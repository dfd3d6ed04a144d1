"""WebSocketTransport in a page against real Pipecat bots, of today (1.14.0) and of RTVI 0.3 (0.0.73)."""

import contextlib
import os
import sys
from collections.abc import Iterator

import pytest
from conftest import Visit
from in_page import InPagePython
from local_bot import LocalBot
from rtvi_0_3_server import Rtvi03Servers
from websocket_page import PERMISSIONS, Between, likeness, port_of, prepared, recorded, spoken

SILENT_WITHIN = 0.2
"""Seconds in which an interrupted bot is silent."""


@pytest.fixture
def page(bot: LocalBot, visit: Visit) -> Iterator[InPagePython]:
    """Python in a page beside the bot."""
    in_page = prepared(InPagePython(visit("", permissions=PERMISSIONS), bot.address))
    yield in_page
    in_page.check_released()


@pytest.mark.alone
def test_the_bot_is_heard_as_it_speaks(page: InPagePython, bot: LocalBot) -> None:
    sound, said, stats = page.run("""
        client = new_client()
        await greeted(client)
        ear = Ear(client)
        await ear.until_silent(0.3)  # The end of the greeting may still be in the buffer.
        ear.forget()
        ended = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
        await asyncio.sleep(0)
        client.send_text("count to five")
        await ended
        await ear.until_silent(1)
        stats = await client.stats()
        result = [ear.recorded(), client.conversation.turns[-1].text, [stats.underruns, stats.playback_delay]]
        ear.close()
        await client.disconnect()
    """)
    assert said == "One, two, three, four, five."
    heard, original = recorded(sound), spoken(bot, said)
    assert heard.seconds == pytest.approx(original.seconds, abs=0.1)
    assert heard.crossings == pytest.approx(original.crossings, rel=0.1), "its pitch"
    assert likeness(heard, original) > 0.9
    sys.stdout.write(f"gaps: {stats[0]}, waiting in the buffer: {stats[1]:.3f} s\n")


def test_the_person_is_understood(page: InPagePython) -> None:
    understood = page.run("""
        client = new_client(enable_mic=True)
        client.register_function_call_handler("set_page_color", lambda call: {"color": "green"})
        understood = []
        client.on(RTVIEvent.USER_TRANSCRIPT, lambda data: understood.append(data.text))
        await client.connect()
        await until(lambda texts: any("green" in text.lower() for text in texts), lambda: asyncio.sleep(0, understood))
        result = understood
        await client.disconnect()
    """)
    assert any("make the page green" in text.lower() for text in understood)


@pytest.mark.alone
def test_the_person_interrupts_the_bot(page: InPagePython, bot: LocalBot) -> None:
    late, sound = page.run("""
        client = new_client(enable_mic=True)
        client.register_function_call_handler("set_page_color", lambda call: {"color": "green"})
        await greeted(client)
        ear = Ear(client)
        told = []
        client.send_text("tell me a long story")
        await ear.until_loud(1)
        client.on(RTVIEvent.USER_STARTED_SPEAKING, lambda: told.append(time.time()))
        await until(bool, lambda: asyncio.sleep(0, told), 0.02)
        await ear.until_silent(0.4)
        late = ear.last_loud() - told[0]
        await client.enable_mic(False)
        await ear.until_silent(4)
        ear.forget()
        ended = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
        await asyncio.sleep(0)
        client.send_text("hello")
        await ended
        await ear.until_silent(1)
        result = [late, ear.recorded()]
        ear.close()
        await client.disconnect()
    """)
    sys.stdout.write(f"silent {late:.3f} s after user-started-speaking\n")
    assert late < SILENT_WITHIN
    heard, original = recorded(sound), [spoken(bot, sentence) for sentence in ("Hello!", "Nice to hear you.")]
    assert heard.seconds > sum(sentence.seconds for sentence in original) - 0.1, "what follows plays in full"


def test_messages_of_every_size(page: InPagePython) -> None:
    echoed, refused, lives, lost = page.run("""
        client = new_client()
        await client.connect()
        large = "ä" * 750_000
        echoed = await client.send_client_request("echo", large, timeout=PATIENCE) == large
        refused = await failure(client.send_client_request("echo", "a" * 17_000_000, timeout=PATIENCE))
        lives = await client.send_client_request("echo", 1, timeout=PATIENCE)
        await client.disconnect()

        for _ in range(4):  # a reset of the connection may overtake the server's close
            client = new_client(transport=WebSocketTransport(max_message_size=1 << 30))
            errors = []
            client.on(RTVIEvent.ERROR, lambda message: errors.append([message.data.reason, message.data.code]))
            await client.connect()
            lost = await failure(client.send_client_request("echo", "a" * 17_000_000, timeout=PATIENCE))
            if errors != [["lost", 1006]]:
                break
        result = [echoed, refused["type"], lives, [lost["type"], *errors]]
    """)
    assert echoed
    assert (refused, lives) == ("MessageTooLargeError", 1)
    assert lost == ["DisconnectedError", ["closed", 1009]]


@pytest.mark.alone
def test_jitter_makes_no_gap(bot: LocalBot, visit: Visit) -> None:
    """Each piece of the bot's bytes is late by 20 to 80 ms. JITTER_SECONDS=60 in the environment is a long test."""
    seconds = float(os.environ.get("JITTER_SECONDS", "15"))
    with contextlib.closing(Between(port_of(bot), late=(0.020, 0.080))) as between:
        host = f"localhost:{between.port}"
        page = prepared(InPagePython(visit("", permissions=PERMISSIONS, others=(host,)), bot.address))
        heard, underruns, delays = page.run(
            """
            client = new_client(params=None)
            await client.connect({"ws_url": f"ws://{host}/ws-client"})
            ear, delays = Ear(client), []
            await ear.until_loud(1)
            while len(ear.loud) < 50 * seconds:
                if client.bot_state != "speaking":
                    client.send_text("tell me a long story")
                    await ear.until_loud(1)
                await asyncio.sleep(0.5)
                delays.append((await client.stats()).playback_delay)
            stats = await client.stats()
            result = [len(ear.loud) / 50, stats.underruns, sorted(delays)]
            ear.close()
            await client.disconnect()
            """,
            host=host,
            seconds=seconds,
        )
        waiting = delays[len(delays) // 2]
        sys.stdout.write(f"{heard:.0f} s of sound, {underruns} gaps; median in the buffer {waiting:.3f} s\n")
        assert underruns == 0


class TestRtvi03:
    """Pipecat 0.0.73: no frame tells an interruption, only a message."""

    @pytest.fixture
    def page(self, bot: LocalBot, rtvi_0_3_server: Rtvi03Servers, visit: Visit) -> Iterator[InPagePython]:
        others = tuple(url.split("/")[2] for url in (rtvi_0_3_server.connect_url, rtvi_0_3_server.bot_url))
        tab = visit(
            "", permissions=["microphone", "local-network-access"], allow=("DeprecationWarning",), others=others
        )
        in_page = prepared(InPagePython(tab, bot.address))
        in_page.run(
            """
            CONFIG = [
                {"service": "tts", "options": [{"name": "voice", "value": "alloy"}]},
                {"service": "llm", "options": [{"name": "run_on_config", "value": False}]},
            ]

            def old_client(**options):
                params = {"base_url": base, "services": {"llm": "openai"}, "config": CONFIG}
                return new_client(params=params, **options)
            """,
            base=rtvi_0_3_server.connect_url,
        )
        yield in_page
        in_page.check_released()

    @pytest.mark.alone
    def test_both_are_heard(self, page: InPagePython, bot: LocalBot) -> None:
        version, sound, stats = page.run("""
            client = old_client(enable_mic=True)
            ready = await client.connect()
            ear = Ear(client)
            ended = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
            await asyncio.sleep(0)
            say = {"service": "tts", "action": "say", "arguments": {"text": "One, two, three, four, five."}}
            await client.action(say)
            await ended
            await ear.until_silent(1)
            await client.enable_mic(False)
            stats = (await client.action({"service": "test", "action": "audio_stats"})).data.result
            result = [ready.version, ear.recorded(), stats]
            ear.close()
            await client.disconnect()
        """)
        assert version == "0.3.0"
        heard, original = recorded(sound), spoken(bot, "One, two, three, four, five.")
        assert heard.seconds == pytest.approx(original.seconds, abs=0.1)
        assert likeness(heard, original) > 0.9
        assert stats["sample_rate"] == 16_000
        assert stats["samples"] > 16_000

    @pytest.mark.alone
    def test_the_person_interrupts_the_bot(self, page: InPagePython) -> None:
        late, after = page.run("""
            client = old_client(enable_mic=True)
            await client.connect()
            ear = Ear(client)
            told = []
            text = "This is a long sentence, and it takes its time, so that there is something to be cut off. " * 4
            await client.action({"service": "tts", "action": "say", "arguments": {"text": text}})
            await ear.until_loud(1)
            client.on(RTVIEvent.USER_STARTED_SPEAKING, lambda: told.append(time.time()))
            await until(bool, lambda: asyncio.sleep(0, told), 0.02)
            await ear.until_silent(0.4)
            late = ear.last_loud() - told[0]
            await client.enable_mic(False)
            await ear.until_silent(4)
            before = len(ear.loud)
            await client.action({"service": "tts", "action": "say", "arguments": {"text": "One, two, three."}})
            await ear.until_loud(0.5)
            await ear.until_silent(1)
            result = [late, (len(ear.loud) - before) / 50]
            ear.close()
            await client.disconnect()
        """)
        sys.stdout.write(f"silent {late:.3f} s after user-started-speaking\n")
        assert late < SILENT_WITHIN
        assert after > 0.8
