"""The page of transports: one conversation over each, chosen by a menu, with their figures side by side."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Visit, screenshot, wait_until_loaded
from local_bot import LocalBot
from playwright.sync_api import Page, expect
from test_conversation import lines

MILLISECONDS = re.compile(r"^\d+ ms$")


def reaches(page: Page, state: str) -> None:
    """The badge of the chosen transport tells that the session has got so far."""
    expect(page.locator(".rtvi-badge:visible")).to_have_attribute("data-state", state)


def figures(page: Page, kind: str, *names: str) -> None:
    """Wait until a transport's figures are there."""
    for name in names:
        expect(page.locator(f"#{kind}-{name}")).to_have_text(MILLISECONDS)


def test_a_call_goes_on_over_the_other_transport(bot: LocalBot, visit: Visit) -> None:
    page = visit(bot.address + "transports.html")
    wait_until_loaded(page)
    page.get_by_role("combobox", name="Transport").select_option("WebSocket")
    page.get_by_role("button", name="Start").click()
    reaches(page, "bot-ready")
    lines(page, "bot", "Hello")
    figures(page, "websocket", "ready", "playback")
    expect(page.locator("#webrtc-ready")).to_have_text("–")

    page.get_by_role("combobox", name="Transport").select_option("SmallWebRTC")
    lines(page, "bot", "Hello")
    figures(page, "webrtc", "ready", "round-trip", "playback", "answer")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    figures(page, "websocket", "ready", "playback")  # stay, side by side
    screenshot(page, "transports")

    page.get_by_role("button", name="Stop").click()
    reaches(page, "disconnected")
    assert page.evaluate("watched.released()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(bot: LocalBot, visit: Visit, scheme: str) -> None:
    """axe finds nothing on a phone, idle and in a call over the WebSocket."""
    page = visit(bot.address + "transports.html", color_scheme=scheme, viewport={"width": 360, "height": 740})
    wait_until_loaded(page)

    def check(what: str) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what}: it scrolls sideways"

    check("idle")
    page.get_by_role("combobox", name="Transport").select_option("WebSocket")
    page.get_by_role("button", name="Start").click()
    reaches(page, "bot-ready")
    lines(page, "bot", "Hello")
    check("in a call")
    screenshot(page, f"transports-{scheme}")
