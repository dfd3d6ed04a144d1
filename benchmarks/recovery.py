"""How long a session takes to notice a fault and to recover from it, with a real bot, in real Chromium.

`python benchmarks/recovery.py` prints them for the faults of tests/e2e/test_faults.py. "recovered" is the time
from the end of the fault (link restored, server continued, endpoint up, channel closed) to the bot's answer to a
request made at that moment; "ended" is the time from a fault that cannot be recovered to `disconnected`. It needs Linux
and root, for the network namespaces.
"""

import contextlib
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "build")]

from browser import FLAGS, chromium_path  # noqa: E402
from faults import MICROPHONE, Flapping, Rig, Session, rig, wait_until  # noqa: E402
from figures import Figure, finish, options  # noqa: E402
from in_page import InPagePython  # noqa: E402
from local_bot import LocalBot, local_bot  # noqa: E402
from namespaces import why_not  # noqa: E402
from paths import DIST  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

WATCH = (ROOT / "tests" / "e2e" / "watch.js").read_text()
CUTS = (2.0, 10.0, 20.0, 40.0)
REPLACED, STOP, FLAPPING = 12.0, 10.0, 4.0
BUDGET = 8.0
"""Seconds for which the client tries to reach a killed server."""

Times = dict[str, float | None]
"""What was measured of one fault; ``None`` if nothing was noticed."""


class Bench:
    """A bot behind a cable that can be cut, and one without, each with a browser."""

    def __init__(self, wired: Rig, bot: LocalBot, browser: Browser) -> None:
        self.wired = wired
        self.bot = bot
        self.browser = browser

    @contextlib.contextmanager
    def over_the_cable(self) -> Iterator[Session]:
        """A session that may start afresh."""
        options = {"budget": 60.0, "fresh_start": True}
        with connected(self.wired.browser, self.wired.site, self.wired.bot.address, options) as session:
            yield session

    @contextlib.contextmanager
    def direct(self, address: str | None = None, **options: Any) -> Iterator[Session]:
        """A session with the bot without a cable, or with the server at another address."""
        with connected(self.browser, address or self.bot.address, ".", options) as session:
            yield session


@contextlib.contextmanager
def connected(browser: Browser, site: str, base: str, options: dict[str, Any]) -> Iterator[Session]:
    context = browser.new_context(permissions=["microphone"])
    try:
        context.add_init_script(WATCH)
        yield Session(InPagePython(context.new_page(), site), base, options)
    finally:
        context.close()


def cut(seconds: float, bench: Bench) -> Times:
    with bench.over_the_cable() as session:
        begun = bench.wired.cable.cut()
        wait_until(begun + seconds)
        recovered = session.echo(bench.wired.cable.restore())
        return {"noticed": noticed(session, begun), "recovered": recovered}


def cut_beyond_healing(bench: Bench) -> Times:
    with bench.over_the_cable() as session:
        begun = bench.wired.cable.cut()
        session.wait_for("reconnecting", REPLACED)
        session.page.page.evaluate("watched.peers[0].close()")
        wait_until(begun + REPLACED)
        recovered = session.echo(bench.wired.cable.restore())
        return {"noticed": noticed(session, begun), "recovered": recovered}


def stop(bench: Bench) -> Times:
    with bench.over_the_cable() as session:
        process = bench.wired.bot.servers[0].process
        process.send_signal(signal.SIGSTOP)
        begun = time.time()
        try:
            wait_until(begun + STOP)
        finally:
            process.send_signal(signal.SIGCONT)
        return {"recovered": session.echo(time.time()), "noticed": noticed(session, begun)}


def kill(bench: Bench) -> Times:
    with local_bot(site=DIST) as doomed, bench.direct(doomed.address, budget=BUDGET) as session:
        begun = time.time()
        doomed.servers[0].process.send_signal(signal.SIGKILL)
        ended = session.wait_for("disconnected", 60).at - begun
        return {"noticed": noticed(session, begun), "ended": ended}


def close_channel(bench: Bench) -> Times:
    with bench.direct() as session:
        begun = time.time()
        session.page.page.evaluate("watched.channel.close()")
        return {"recovered": session.echo(begun), "noticed": noticed(session, begun)}


def flap(bench: Bench) -> Times:
    front = Flapping(int(bench.bot.address.rstrip("/").rsplit(":", 1)[1]))
    with contextlib.closing(front), bench.direct(front.address) as session:
        front.mode = "gone"
        begun = time.time()
        session.page.page.evaluate("watched.channel.close()")
        wait_until(begun + FLAPPING)
        front.mode = "up"
        return {"recovered": session.echo(time.time()), "noticed": noticed(session, begun)}


def leave(bench: Bench) -> Times:
    with bench.direct() as session:
        begun = time.time()
        session.run("client.disconnect_bot()")
        return {"ended": session.wait_for("disconnected", 60).at - begun}


def noticed(session: Session, begun: float) -> float | None:
    """Seconds until the first fault of a session was noticed; ``None`` if it was not."""
    return next((emitted.at - begun for emitted in session.emitted() if emitted.event == "reconnecting"), None)


FAULTS: dict[str, Callable[[Bench], Times]] = {
    **{f"link cut for {seconds:g} s": partial(cut, seconds) for seconds in CUTS},
    f"link cut for {REPLACED:g} s, connection replaced": cut_beyond_healing,
    f"server stopped for {STOP:g} s": stop,
    f"server killed, budget {BUDGET:g} s": kill,
    "data channel closed": close_channel,
    f"channel closed, endpoint gone for {FLAPPING:g} s": flap,
    "bot leaves": leave,
}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--only", default="", metavar="WORD", help="the faults with this in their name")
    arguments = parser.parse_args()
    if reason := why_not():
        sys.exit(f"Network namespaces cannot be used on this machine: {reason}")
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        rig(playwright, Path(folder)) as wired,
        local_bot(site=DIST) as bot,
        playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, MICROPHONE]) as browser,
    ):
        bench = Bench(wired, bot, browser)
        for repetition in range(arguments.repetitions):
            for name, fault in FAULTS.items():
                if arguments.only in name:
                    for what, value in fault(bench).items():
                        times[name, what] += [] if value is None else [value]
            print(f"  repetition {repetition + 1} of {arguments.repetitions} done", file=sys.stderr, flush=True)
    finish([Figure(f"{name}, {what}", values, "s") for (name, what), values in times.items() if values], arguments)


if __name__ == "__main__":
    main()
