"""README's first page, as it stands there, with the bot of the demo."""

import re
from pathlib import Path

from conftest import Visit
from local_bot import LocalBot
from playwright.sync_api import expect

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_first_page(bot: LocalBot, visit: Visit) -> None:
    [body] = re.findall(r"```html\n(<script .*?)```", README, re.DOTALL)
    page = visit("")
    html = f'<!doctype html><html lang="en"><link rel="icon" href="data:,"><body>{body}</body></html>'
    page.route("**/readme.html", lambda route: route.fulfill(content_type="text/html", body=html))
    page.goto(bot.address + "readme.html")
    page.wait_for_function("document.getElementById('start').onclick !== null")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#said")).to_have_text(re.compile("make the page green", re.IGNORECASE))
    expect(page.locator("body")).to_have_css("background-color", "rgb(0, 128, 0)")
    page.wait_for_function("[...watched.players].some(player => !player.paused)")
