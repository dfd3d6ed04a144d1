"""The page on a phone, as far as Chromium's emulation goes: its size, touch, and the screen that stays on."""

from conftest import Visit, screenshot, wait_until_loaded
from local_bot import LocalBot
from playwright.sync_api import Playwright
from test_conversation import reaches

LOCKS = """
globalThis.locks = [];
const request = WakeLock.prototype.request;
WakeLock.prototype.request = async function (type) {
    const lock = await request.call(this, type);
    locks.push(lock);
    return lock;
};
"""
HELD = "locks.filter((lock) => !lock.released).length"


def test_a_call_on_a_phone(bot: LocalBot, visit: Visit, playwright: Playwright) -> None:
    phone = playwright.devices["Pixel 7"]
    page = visit("", **phone, permissions=["microphone", "screen-wake-lock"])
    page.add_init_script(LOCKS)
    page.goto(bot.address)
    wait_until_loaded(page)
    width = phone["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the screen"
    assert page.evaluate(HELD) == 0
    page.locator("#start").tap()
    reaches(page, "bot-ready")
    page.wait_for_function(f"{HELD} === 1")
    screenshot(page, "phone")
    page.locator("#start").tap()
    reaches(page, "disconnected")
    page.wait_for_function(f"{HELD} === 0")
