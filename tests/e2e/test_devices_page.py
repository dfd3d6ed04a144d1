"""The page of devices: chosen before a call and in it, seen, heard, released, and told truly where they are denied."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Visit, screenshot, wait_until_loaded
from local_bot import LocalBot
from playwright.sync_api import Browser, expect
from test_conversation import lines, reaches

MICROPHONE_AND_CAMERA = ["microphone", "camera"]


def test_devices_before_a_call_and_in_it(bot: LocalBot, visit: Visit, three_of_each: Browser) -> None:
    page = visit(bot.address + "devices.html", browser=three_of_each, permissions=MICROPHONE_AND_CAMERA)
    wait_until_loaded(page)
    microphone = page.get_by_role("combobox", name="Microphone")
    chosen = microphone.locator("option:checked")

    # Before: the microphone alone, and another one.
    page.get_by_role("button", name="Open the devices").click()
    reaches(page, "initialized")
    expect(chosen).to_have_text("Fake Default Audio Input")
    microphone.select_option("Fake Audio Input 1")
    page.wait_for_function("watched.tracks.some(track => track.readyState === 'live' && /1/.test(track.label))")
    expect(page.locator("#mic-state")).to_have_text("granted")

    # In the call: the same microphone, another speaker, and the camera.
    page.get_by_role("button", name="Start").click()
    reaches(page, "bot-ready")
    expect(chosen).to_have_text("Fake Audio Input 1")
    page.get_by_role("combobox", name="Speaker").select_option("Fake Audio Output 2")
    page.wait_for_function("[...watched.players].some(player => player.sinkId && !player.paused)")
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("button", name="Camera")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("document.getElementById('camera').videoWidth > 0")
    lines(page, "bot", "Hello")
    screenshot(page, "devices")

    page.get_by_role("button", name="Stop").click()
    reaches(page, "disconnected")
    expect(page.locator("#camera")).to_be_hidden()
    assert page.evaluate("watched.released()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(bot: LocalBot, visit: Visit, scheme: str) -> None:
    """axe finds nothing idle, and nothing in a call with the devices denied, on a phone."""
    phone = {"color_scheme": scheme, "viewport": {"width": 360, "height": 740}}
    page = visit(bot.address + "devices.html", permissions=[], **phone)
    wait_until_loaded(page)

    def check(what: str) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what}: it scrolls sideways"

    check("idle")
    page.get_by_role("button", name="Start").click()
    reaches(page, "bot-ready")
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("button", name="Ask for the camera again")).to_be_visible()
    expect(page.get_by_role("button", name="Ask for the microphone again")).to_be_visible()
    expect(page.locator("#mic-state")).to_have_text("error: permissions")
    lines(page, "bot", "Hello")
    page.get_by_text("The Python of this page").click()
    check("denied")
    screenshot(page, f"devices-denied-{scheme}")
