"""What blocks the page in a long call: tasks of the main thread over 50 ms, in a call with all widgets and a real bot.

`python benchmarks/long_tasks.py` holds a call of ten minutes on devices.html, in which a microphone says a phrase
every ten seconds, and prints the browser's own list of long tasks (PerformanceObserver, "longtask") from bot-ready on.
It fails if there are any, whatever causes them. Those of loading and connecting have no goal.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

from bench import DIST
from browser import FLAGS, chromium_path
from figures import Figure, finish, options
from local_bot import local_bot, speak
from playwright.sync_api import Page, sync_playwright

PHRASES = ["tell me a joke", "hello", "what time is it"]
GAP = 10.0  # seconds between two phrases; the recording starts again at its end
SETTLED_MS = 1000  # after bot-ready
OBSERVE = """
window.longTasks = [];
new PerformanceObserver(list => longTasks.push(...list.getEntries().map(task => [task.startTime, task.duration])))
  .observe({ type: "longtask", buffered: true });
"""


def call(page: Page, seconds: float) -> tuple[list[float], list[float], int]:
    """Milliseconds of the long tasks before and in the call, and the number of lines in the conversation at its end."""
    page.get_by_role("button", name="Start").click()
    page.locator(".rtvi-badge[data-state=bot-ready]").wait_for()
    page.wait_for_timeout(SETTLED_MS)
    begun = page.evaluate("performance.now()")
    page.wait_for_timeout(seconds * 1000)
    tasks = page.evaluate("longTasks")
    lines = page.locator(".rtvi-turn").count()
    before = [duration for start, duration in tasks if start < begun]
    return before, [duration for start, duration in tasks if start >= begun], lines


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "microphone.wav"
        speak(PHRASES, wav, lead_silence=5.0, gap=GAP)
        flags = [*FLAGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        flags += [f"--use-file-for-fake-audio-capture={wav}", "--autoplay-policy=no-user-gesture-required"]
        with local_bot(site=DIST) as bot, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
            with contextlib.closing(browser):
                page = browser.new_page()
                page.add_init_script(OBSERVE)
                page.goto(bot.address + "devices.html")
                page.locator("#start:enabled").wait_for()
                before, during, lines = call(page, arguments.seconds)
    if lines < 2:
        sys.exit("There was no conversation: the result means nothing.")
    figures = [
        Figure("longest task of loading and connecting", [max(before, default=0.0)], "ms"),
        Figure("turns of the call", [lines]),
        Figure("tasks over 50 ms in the call", [len(during)], most=0),
        Figure("longest of them", [max(during, default=0.0)], "ms"),
    ]
    finish(figures, arguments)


if __name__ == "__main__":
    main()
