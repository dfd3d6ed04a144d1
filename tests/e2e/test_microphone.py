"""A microphone that is denied, missing, or forbidden by the page's origin: said on the page, and typing still works."""

import contextlib

from conftest import Visit, launch, screenshot, wait_until_loaded
from local_bot import LocalBot
from playwright.sync_api import Page, Playwright, expect
from test_conversation import lines, start


def type_hello(page: Page) -> None:
    page.get_by_label("Message to the bot").fill("hello")
    page.keyboard.press("Enter")
    lines(page, "bot", "Nice to hear you")


def test_denied_then_allowed(bot: LocalBot, visit: Visit) -> None:
    page = visit(bot.address, permissions=[])
    start(page)
    expect(page.locator("#mic").get_by_role("alert")).to_contain_text("not allowed")
    screenshot(page, "denied")
    type_hello(page)

    expect(page.get_by_role("button", name="Ask for the microphone again")).to_be_visible()
    page.context.grant_permissions(["microphone"])  # The browser tells of it: there is nothing to ask for any more.
    expect(page.locator("#mic").get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Mute", pressed=True).click()
    lines(page, "user", "make the page green")


def test_missing(bot: LocalBot, visit: Visit, playwright: Playwright) -> None:
    with contextlib.closing(launch(playwright)) as without_devices:
        page = visit(bot.address, browser=without_devices)
        start(page)
        expect(page.locator("#mic").get_by_role("alert")).to_contain_text("No microphone was found")
        type_hello(page)
        page.context.close()


def test_insecure_origin(bot: LocalBot, visit: Visit, playwright: Playwright) -> None:
    """Browsers give a plain-http origin other than localhost no mediaDevices at all."""
    port = bot.address.rsplit(":")[-1]
    with contextlib.closing(launch(playwright, "--host-resolver-rules=MAP insecure.test 127.0.0.1")) as browser:
        page = visit(f"http://insecure.test:{port}", browser=browser, permissions=[])
        assert not page.evaluate("window.isSecureContext")
        wait_until_loaded(page)
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#mic").get_by_role("alert")).to_contain_text("https")
        expect(page.get_by_role("button", name="Ask for the microphone again")).to_be_hidden()
        type_hello(page)
        page.context.close()
