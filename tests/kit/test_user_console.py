"""Tests of a page with the console, as a user of the test kit writes them."""

from rtvi_web.testing import expect, handshake, say
from rtvi_web.testing.console_controllers import Composer, ProblemCard, StartButton, TransportBadge
from rtvi_web.testing.controllers import Transcript
from rtvi_web.testing.pages import ScriptedBot

SCRIPT = [*handshake(), expect("send-text", {"content": "hello"}), say("bot-llm-text", {"text": "Hi there!"})]


def test_the_console_and_the_launcher(rtvi_page, tmp_path):
    opened = rtvi_page("console.html", SCRIPT, start=[(503, "no bot is free")])
    main, first = opened.page.locator("main"), StartButton(opened.page.locator("main"))
    first.wait_for("start")
    assert not Composer(main).is_enabled

    first.press()
    card = ProblemCard(main)
    card.wait_for("no bot is free")
    assert card.what
    assert "no bot is free" in card.text
    card.fix()
    first.wait_for("stop")
    assert card.what == ""

    (tmp_path / "a.txt").write_text("a")
    composer = Composer(main)
    composer.attach(tmp_path / "a.txt")
    assert composer.attached == "a.txt"
    composer.remove_file()
    assert composer.attached == ""
    composer.send("hello")
    Transcript(main).wait_for("Hi there!", who="Bot")
    assert composer.problem == ""
    assert composer.text == ""
    opened.bot.finish()

    talk = opened.push_to_talk
    talk.hold()
    talk.wait_until_listening()
    opened.page.wait_for_timeout(600)  # a shorter press would begin a turn that goes on
    talk.release()
    talk.wait_until_listening(False)
    assert TransportBadge(main).text == "WebRTC"

    assert not opened.launcher.is_open
    opened.launcher.press()
    assert opened.launcher.is_open
    inside = StartButton(opened.launcher.panel)
    inside.press()
    inside.wait_for("start")
    inside.press()
    inside.wait_for("stop")
    Composer(opened.launcher.panel).send("hello")
    ScriptedBot(opened.page, 1).finish()
    assert opened.launcher.shows_session
    opened.launcher.close()
    assert not opened.launcher.is_open
    first.press()
    first.wait_for("start")
