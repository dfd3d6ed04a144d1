"""What a person does: open the page, allow the microphone, speak, see, hear, type, stop and start again."""

import contextlib
import re
import wave
from collections.abc import Iterator

import pytest
from conftest import PATIENCE, SPOKEN, Visit, launch, screenshot, wait_until_loaded
from local_bot import LocalBot
from playwright.sync_api import Browser, Page, Playwright, expect

GREEN, JOKE = SPOKEN


@pytest.fixture(scope="module")
def silent(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with a silent microphone, for tests of everything else."""
    path = tmp_path_factory.mktemp("microphone") / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 48_000))
    flags = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={path}")
    with contextlib.closing(launch(playwright, *flags)) as browser:
        yield browser


def start(page: Page) -> None:
    wait_until_loaded(page)
    page.get_by_role("button", name="Start").click()
    reaches(page, "bot-ready")


def reaches(page: Page, state: str) -> None:
    """The badge tells that the session has got so far."""
    expect(page.locator(".rtvi-badge")).to_have_attribute("data-state", state)


def lines(page: Page, who: str, text: str) -> None:
    """The transcript has a line of someone's; what the microphone says it says again, until it is understood."""
    line = page.locator(f".rtvi-turn.{who}", has_text=re.compile(re.escape(text), re.IGNORECASE))
    expect(line.first).to_be_visible(timeout=2 * PATIENCE)


@pytest.mark.parametrize("path", ["index.html", "plain.html"], ids=["with PyScript", "with our own loader"])
def test_a_spoken_conversation(bot: LocalBot, visit: Visit, path: str) -> None:
    page = visit(bot.address + path)
    wait_until_loaded(page)
    screenshot(page, f"idle-{path}")
    start(page)

    # The greeting is heard: measured on the track, and by an element that plays it.
    assert page.evaluate("watched.loudest(60)") > 0.02
    page.wait_for_function("[...watched.players].some((player) => !player.paused && player.currentTime > 0)")

    # What was said is read, and the bot has the page turn green: a function that Python in the page answers.
    lines(page, "user", GREEN)
    expect(page.locator("html")).to_have_attribute("data-color", "green")
    lines(page, "bot", "The page is green now")
    before = page.evaluate("watched.energy('inbound-rtp')")
    lines(page, "user", JOKE)
    lines(page, "bot", "Why did the robot go on holiday")
    assert page.evaluate("watched.loudest(60)") > 0.02
    assert page.evaluate("watched.energy('inbound-rtp')") > before
    screenshot(page, f"conversation-{path}")

    page.get_by_role("button", name="Stop").click()
    reaches(page, "disconnected")
    assert page.evaluate("watched.released()"), "the microphone and the peer are released"


def test_typing_and_starting_again(bot: LocalBot, visit: Visit, silent: Browser) -> None:
    page = visit(bot.address, browser=silent)
    answers = page.locator(".rtvi-turn.bot", has_text="My name is Local Bot")
    for session in range(3):
        start(page)
        page.get_by_label("Message to the bot").fill("what is your name")
        page.keyboard.press("Enter")
        expect(answers).to_have_count(session + 1)
        page.get_by_role("button", name="Stop").click()
        reaches(page, "disconnected")
        assert page.evaluate("watched.released()")


def test_a_phrase_can_be_clicked(bot: LocalBot, visit: Visit, silent: Browser) -> None:
    page = visit(bot.address, browser=silent)
    start(page)
    page.get_by_role("button", name=re.compile("^make the page purple")).click()
    expect(page.locator("html")).to_have_attribute("data-color", "purple")
    lines(page, "bot", "The page is purple now")


def test_muting_is_silence_for_the_bot(bot: LocalBot, visit: Visit) -> None:
    page = visit(bot.address)
    wait_until_loaded(page)
    page.get_by_role("button", name="Start").click()
    mute = page.get_by_role("button", name="Mute")
    expect(mute).to_have_attribute("aria-pressed", "false")
    mute.click()  # before the bot is there: it has heard nothing yet
    expect(mute).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("watched.tracks.at(-1).enabled === false")
    reaches(page, "bot-ready")
    energy = page.evaluate("watched.energy('media-source')")
    page.evaluate("void (window.microphone = watched.listen())")
    page.wait_for_function("microphone().heard && microphone().silence > 3")  # the bot would have heard that phrase
    assert page.evaluate("watched.energy('media-source')") == energy
    expect(page.locator(".rtvi-turn.user")).to_have_count(0)
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "false")
    lines(page, "user", JOKE)


def test_the_level_follows_the_microphone(bot: LocalBot, visit: Visit) -> None:
    page = visit(bot.address)
    start(page)
    meter = page.get_by_role("meter", name="Microphone level")
    expect(meter).to_have_attribute("aria-valuenow", re.compile("^[3-9]0$"))
    expect(meter).to_have_attribute("aria-valuenow", re.compile("^[012]?0$"))


def test_partial_words_change_until_they_are_final(bot: LocalBot, visit: Visit, silent: Browser) -> None:
    """The local recogniser only knows final words, so these come from a stand-in for the bot."""
    page = visit(bot.address, browser=silent)
    start(page)
    for text in ("what", "what time", "what time is"):
        page.evaluate("text => watched.botSays('user-transcription', { text, final: false })", text)
        expect(page.locator(".user .rtvi-rest")).to_have_text(text)
    page.evaluate("watched.botSays('user-transcription', { text: 'What time is it?', final: true })")
    expect(page.locator(".user .rtvi-text")).to_have_text("What time is it?")
    expect(page.locator(".user .rtvi-rest")).to_be_empty()


def test_a_browser_that_blocks_the_bots_voice(bot: LocalBot, visit: Visit) -> None:
    """A page that is driven counts as clicked, so here `play()` itself refuses, once, as browsers do."""
    page = visit("")
    page.add_init_script("""
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        HTMLMediaElement.prototype.play = play;
        return Promise.reject(new DOMException("play() needs a click", "NotAllowedError"));
      };
    """)
    page.goto(bot.address)
    start(page)
    tap = page.get_by_role("button", name="Tap to hear the bot")
    tap.click()
    expect(tap).to_be_hidden()
    page.wait_for_function("[...watched.players].some((player) => !player.paused)")


def test_what_is_typed_and_answered_is_never_html(bot: LocalBot, visit: Visit, silent: Browser) -> None:
    page = visit(bot.address, browser=silent)
    start(page)
    page.get_by_label("Message to the bot").fill("<img src=x onerror=alert(1)> hello")
    page.keyboard.press("Enter")
    lines(page, "user", "<img src=x")
    lines(page, "bot", "Nice to hear you")
    page.evaluate("watched.botSays('bot-llm-text', { text: '<img src=x onerror=alert(2)>' })")
    expect(page.locator(".bot .rtvi-text").last).to_contain_text("<img src=x")
    page.get_by_text("Messages in and out").click()
    expect(page.locator("#log li", has_text="send-text")).to_be_visible()
    assert page.locator("main img").count() == 0
