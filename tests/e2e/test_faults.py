"""Faults made for real, in a session with a real bot: it goes on, or the application is told within 15 seconds.

How long each recovery took is printed (`pytest -rP`); `benchmarks/recovery.py` repeats them and prints the medians.
"""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from conftest import Visit, launch
from faults import MICROPHONE, Flapping, Rig, Session, report, rig, wait_until
from in_page import InPagePython
from local_bot import LocalBot, local_bot
from namespaces import why_not
from paths import DIST
from playwright.sync_api import Browser, Playwright

SOON = 15.0
"""Seconds within which a session goes on, or the application has been told that it doesn't."""
NOTICES_NOTHING = """
    for (const state of ["connectionState", "iceConnectionState"])
        Object.defineProperty(watched.peers[0], state, { value: "connected" });
"""
FAILED_FETCHES = ("Failed to load resource", "net::ERR")

NewSession = Callable[..., Session]


@pytest.fixture(scope="module")
def quiet_browser(playwright: Playwright) -> Iterator[Browser]:
    with contextlib.closing(launch(playwright, MICROPHONE)) as browser:
        yield browser


@pytest.fixture
def session(quiet_browser: Browser, visit: Visit) -> NewSession:
    """Connects: `session(address, **reconnect)`."""

    def connect(address: str, *, ends_with_bot: bool = True, restores: bool = True, **reconnect: object) -> Session:
        page = visit("", browser=quiet_browser, allow=FAILED_FETCHES)
        options = reconnect if restores else None
        return Session(InPagePython(page, address), ".", options, ends_with_bot=ends_with_bot)

    return connect


@pytest.fixture(scope="module")
def wired(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    if reason := why_not():
        pytest.skip(f"NOT TESTED: links that are cut. This machine has no network namespaces for us: {reason}")
    with rig(playwright, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def wired_session(wired: Rig, visit: Visit) -> NewSession:
    """Connects over the cable, which is whole: `wired_session(**reconnect)`."""
    wired.cable.restore()  # a test that failed may have left it cut

    def connect(**reconnect: object) -> Session:
        host = wired.bot.address.split("/")[2]
        page = visit("", browser=wired.browser, allow=FAILED_FETCHES, others=(host,))
        return Session(InPagePython(page, wired.site), wired.bot.address, reconnect)

    return connect


def events(session: Session) -> list[str]:
    return [emitted.event for emitted in session.emitted()]


def resumed(session: Session) -> list[bool]:
    return [emitted.args[0] for emitted in session.emitted() if emitted.event == "reconnected"]


class TestTheLinkIsCut:
    def test_for_two_seconds(self, wired: Rig, wired_session: NewSession) -> None:
        """Nobody notices."""
        session = wired_session()
        wait_until(wired.cable.cut() + 2)
        took = session.echo(wired.cable.restore())
        report("cut for 2 s", recovered=took)
        assert took < SOON
        assert session.goes_on()
        assert events(session) == ["botReady"]
        assert session.peers() == 1
        session.disconnect()

    def test_for_ten_seconds(self, wired: Rig, wired_session: NewSession) -> None:
        """It heals by itself, and what was sent meanwhile arrives, once and in order."""
        session = wired_session()
        cut = wired.cable.cut()
        session.run('client.send_client_message("notify", 1)')
        noticed = session.wait_for("reconnecting", SOON).at - cut
        state = session.run('client.send_client_message("notify", 2)\nresult = [client.state, client.connected]')
        wait_until(cut + 10)
        took = session.echo(wired.cable.restore())
        report("cut for 10 s", noticed=noticed, recovered=took)
        assert noticed < SOON
        assert took < SOON
        assert state == ["reconnecting", True]
        assert session.run("result = heard") == [1, 2]
        assert session.goes_on()
        assert resumed(session) == [True]
        assert session.peers() == 1
        session.disconnect()

    def test_a_connection_that_cannot_heal_is_replaced(self, wired: Rig, wired_session: NewSession) -> None:
        """The bot goes on where it was, and what went into the dead connection is sent again."""
        session = wired_session()
        cut = wired.cable.cut()
        session.run('for n in (1, 2, 3): client.send_client_message("notify", n)')
        session.wait_for("reconnecting", SOON)
        session.page.page.evaluate("watched.peers[0].close()")
        session.run('client.send_client_message("notify", 4)')
        wait_until(cut + 12)
        took = session.echo(wired.cable.restore())
        report("cut for 12 s, the connection closed", recovered=took)
        assert took < SOON
        assert session.run("result = heard") == [1, 2, 3, 4]
        assert session.goes_on()
        assert resumed(session) == [True]
        assert session.peers() == 2
        assert session.run('result = sent.count("client-ready")') == 1
        assert events(session).count("botReady") == 1
        session.disconnect()

    def test_in_one_direction(self, wired: Rig, wired_session: NewSession) -> None:
        """The bot is heard, and hears nothing: what was sent meanwhile is sent again, though packets came."""
        session = wired_session()
        cut = wired.cable.cut(one_way=True)
        session.run('for n in (1, 2, 3): client.send_client_message("notify", n)')
        noticed = session.wait_for("reconnecting", SOON).at - cut
        session.page.page.evaluate("watched.peers[0].close()")
        wait_until(cut + 12)
        took = session.echo(wired.cable.restore())
        report("cut in one direction for 12 s, the connection closed", noticed=noticed, recovered=took)
        assert noticed < SOON
        assert took < SOON
        assert session.run("result = heard") == [1, 2, 3]
        assert resumed(session) == [True]
        assert session.peers() == 2
        session.disconnect()

    def test_for_forty_seconds(self, wired: Rig, wired_session: NewSession) -> None:
        """The session ends: told at once that it is in danger, and at the end of the budget that it is over."""
        session = wired_session()
        cut = wired.cable.cut()
        noticed = session.wait_for("reconnecting", SOON).at - cut
        over = session.wait_for("disconnected", 45).at - cut
        mic = session.run("result = [client.is_mic_enabled, microphone.readyState, client.state]")
        wait_until(cut + 40)
        wired.cable.restore()
        report("cut for 40 s, no fresh start", noticed=noticed, ended=over)
        assert noticed < SOON
        assert 30 < over < 30 + SOON
        assert events(session)[-3:] == ["error", "botDisconnected", "disconnected"]
        assert mic == [False, "ended", "disconnected"]
        session.page.check_released()
        session.run("await client.connect()")
        session.disconnect()

    def test_for_forty_seconds_with_a_fresh_start(self, wired: Rig, wired_session: NewSession) -> None:
        """The server has given the session up meanwhile; a new bot comes, without a second prompt for devices."""
        session = wired_session(budget=60, fresh_start=True)
        cut = wired.cable.cut()
        noticed = session.wait_for("reconnecting", SOON).at - cut
        wait_until(cut + 40)
        took = session.echo(wired.cable.restore())
        report("cut for 40 s, fresh start", noticed=noticed, recovered=took)
        assert noticed < SOON
        assert took < SOON
        assert resumed(session) == [False]
        assert session.goes_on()
        assert events(session).count("botReady") == 2
        session.disconnect()


class TestTheServer:
    def test_is_killed(self, session: NewSession) -> None:
        with local_bot(site=DIST) as doomed:
            call = session(doomed.address, budget=8.0)
            call.run('waiting = asyncio.ensure_future(failure(client.send_client_request("x", timeout=None)))')
            killed = time.time()
            doomed.servers[0].process.send_signal(signal.SIGKILL)
            emitted = call.wait_for("reconnecting", SOON)
            over = call.wait_for("disconnected", SOON + 8)
        report("server killed", noticed=emitted.at - killed, ended=over.at - killed)
        assert emitted.at - killed < SOON
        assert emitted.args == [0, "silent"]
        assert events(call)[-3:] == ["error", "botDisconnected", "disconnected"]
        waiting = call.run("result = await waiting")
        assert waiting["type"] == "DisconnectedError"
        assert waiting["text"].startswith("The bot's side is silent. The link could not be restored within 8 s: ")
        call.page.check_released()

    def test_is_killed_where_nothing_is_restored(self, session: NewSession) -> None:
        with local_bot(site=DIST) as doomed:
            call = session(doomed.address, restores=False)
            killed = time.time()
            doomed.servers[0].process.send_signal(signal.SIGKILL)
            over = call.wait_for("disconnected", SOON + 8)
        report("server killed, reconnect=None", ended=over.at - killed)
        assert over.at - killed < SOON
        assert events(call)[-3:] == ["error", "botDisconnected", "disconnected"]
        call.page.check_released()

    def test_is_stopped_and_continued(self, session: NewSession) -> None:
        with local_bot(site=DIST) as sleepy:
            call = session(sleepy.address)
            process = sleepy.servers[0].process
            process.send_signal(signal.SIGSTOP)
            stopped = time.time()
            try:
                emitted = call.wait_for("reconnecting", SOON)
                wait_until(stopped + 10)
            finally:
                process.send_signal(signal.SIGCONT)
                continued = time.time()
            took = call.echo(continued)
            report("server stopped for 10 s", noticed=emitted.at - stopped, recovered=took)
            assert emitted.at - stopped < SOON
            assert took < SOON
            assert resumed(call) == [True]
            assert call.goes_on()
            call.disconnect()

    def test_has_an_endpoint_that_flaps(self, bot: LocalBot, session: NewSession) -> None:
        """The channel breaks while HTTP is out of order: it is asked again, with pauses, until it works."""
        front = Flapping(int(bot.address.rstrip("/").rsplit(":", 1)[1]))
        with contextlib.closing(front):
            call = session(front.address)
            front.mode = "gone"
            broken = time.time()
            call.page.page.evaluate("watched.channel.close()")
            for mode, seconds in (("busy", 2), ("up", 4)):
                front.wait_for_somebody()
                wait_until(broken + seconds)
                front.mode = mode
            out_of_order = time.time() - broken
            took = call.echo(up := time.time())
            report("endpoint out of order for 4 s", recovered=took)
            assert took < SOON
            assert time.time() > up
            attempts = [emitted.args[0] for emitted in call.emitted() if emitted.event == "reconnecting"]
            assert attempts == list(range(len(attempts)))
            assert 3 <= len(attempts) <= 6 + out_of_order
            assert resumed(call) == [True]
            assert call.goes_on()
            call.disconnect()

    def test_refuses(self, bot: LocalBot, session: NewSession) -> None:
        """It is asked once, and the session ends."""
        front = Flapping(int(bot.address.rstrip("/").rsplit(":", 1)[1]))
        with contextlib.closing(front):
            call = session(front.address)
            front.mode = "refusing"
            broken = time.time()
            call.page.page.evaluate("watched.channel.close()")
            over = call.wait_for("disconnected", SOON)
        report("endpoint refuses", ended=over.at - broken)
        assert events(call) == ["botReady", "reconnecting", "reconnecting", "error", "botDisconnected", "disconnected"]
        assert front.turned_away in (1, 2), "it was asked for the session, and may have been sent late candidates"
        call.page.check_released()


@pytest.mark.parametrize("event", ["online", "visibilitychange"])
def test_what_links_often_do_not_survive_is_a_reason_to_look(session: NewSession, event: str) -> None:
    """A link that lives is left alone; one that is dead is noticed though the browser has not said so."""
    target = "document" if event == "visibilitychange" else "window"
    happens = f"{target}.dispatchEvent(new Event('{event}'))"
    with local_bot(site=DIST) as sleepy:
        call = session(sleepy.address)
        call.page.page.evaluate(happens)
        call.page.page.wait_for_timeout(8_000)  # longer than a living link may be silent
        assert events(call) == ["botReady"]
        process = sleepy.servers[0].process
        process.send_signal(signal.SIGSTOP)
        stopped = time.time()
        try:
            call.page.page.wait_for_timeout(2_000)  # what was on its way has come
            call.page.page.evaluate(NOTICES_NOTHING)
            call.page.page.evaluate(happens)
            noticed = call.wait_for("reconnecting", SOON).at - stopped
        finally:
            process.send_signal(signal.SIGCONT)
        took = call.echo(time.time())
        report(f"server stopped, {event}", noticed=noticed, recovered=took)
        assert noticed < SOON
        assert took < SOON
        assert resumed(call) == [True]
        assert call.goes_on()
        call.disconnect()


def test_the_data_channel_is_closed(bot: LocalBot, session: NewSession) -> None:
    """The bot goes on with a new connection; it is not greeted again."""
    call = session(bot.address)
    closed = time.time()
    call.page.page.evaluate("watched.channel.close()")
    emitted = call.wait_for("reconnecting", SOON)
    took = call.echo(closed)
    report("data channel closed", recovered=took)
    assert emitted.args == [0, "channel-closed"]
    assert took < SOON
    assert resumed(call) == [True]
    assert call.goes_on()
    assert call.peers() == 2
    assert call.run('result = sent.count("client-ready")') == 1
    assert call.page.page.evaluate("watched.peers[0].signalingState") == "closed"
    call.disconnect()


def test_the_bot_leaves(bot: LocalBot, session: NewSession) -> None:
    call = session(bot.address)
    asked = time.time()
    call.run("client.disconnect_bot()")
    left = call.wait_for("disconnected", SOON).at - asked
    report("bot left", ended=left)
    assert events(call)[-2:] == ["botDisconnected", "disconnected"]
    call.page.check_released()


def test_a_bot_that_leaves_a_session_that_stays(bot: LocalBot, session: NewSession) -> None:
    """It is not run after, whatever is sent and whatever links often don't survive, and no other bot is asked for."""
    call = session(bot.address, ends_with_bot=False, fresh_start=True)
    call.run("client.disconnect_bot()")
    call.wait_for("botDisconnected", SOON)
    refused = call.run('result = await failure(client.send_client_request("echo", 1))')
    assert refused["type"] == "DisconnectedError"
    assert refused["text"].startswith("The bot left the session.")
    call.page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    call.page.page.wait_for_timeout(8_000)
    assert events(call) == ["botReady", "botDisconnected"]
    assert call.goes_on()
    assert call.peers() == 1
    call.disconnect()


@pytest.mark.alone
def test_ten_thousand_messages_to_the_bot(bot: LocalBot, session: NewSession) -> None:
    """They are taken at once, and all arrive: the channel keeps the order, so the answer to the last says so."""
    call = session(bot.address)
    sending, took = call.run("""
        begun = time.time()
        for number in range(10_000):
            client.send_client_message("unanswered", number)
        sending = time.time() - begun
        await client.send_client_request("echo", 1, timeout=300)
        result = [sending, time.time() - begun]
    """)
    report("10,000 messages to the bot", sent=sending, answered=took)
    assert events(call) == ["botReady"]
    assert call.goes_on()
    call.disconnect()


@pytest.mark.alone
def test_ten_thousand_messages_from_the_bot(bot: LocalBot, session: NewSession) -> None:
    """Faster than a real bot sends, so these come from a stand-in; the real one is heard in between and after."""
    call = session(bot.address)
    took = call.page.page.evaluate("""() => {
        const begun = performance.now();
        for (let number = 0; number < 10_000; number++) watched.botSays("server-message", number);
        return (performance.now() - begun) / 1000;
    }""")
    report("10,000 messages from the bot", handled=took)
    assert call.run("result = heard == list(range(10_000))")
    assert call.echo(time.time()) < SOON
    assert events(call) == ["botReady"]
    assert call.goes_on()
    call.disconnect()


def test_messages_at_the_limit_and_over_it(bot: LocalBot, session: NewSession) -> None:
    call = session(bot.address)
    at_the_limit, over, limit = call.run("""
        limit = client.transport.max_message_size
        sizes = []
        client.on("messageSent", lambda text: sizes.append(len(text.encode())))
        first = await failure(client.send_client_request("fail", ""))
        room = limit - sizes[-1]
        at_the_limit = await failure(client.send_client_request("fail", "x" * room))
        assert sizes[-1] == limit, sizes
        over = await failure(client.send_client_request("fail", "x" * (room + 1)))
        result = [at_the_limit, over, limit]
    """)
    assert limit >= 65536
    assert (at_the_limit["type"], at_the_limit["text"]) == ("RequestError", "this request always fails")
    assert over["type"] == "MessageTooLargeError"
    assert call.echo(time.time()) < SOON
    call.disconnect()
