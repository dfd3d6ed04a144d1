"""How long a session takes to notice a fault and to recover from it, against a real bot, in real Chromium.

`python benchmarks/recovery.py` prints n and medians of the faults of tests/e2e/test_faults.py. Recovered is from the
end of the fault (link restored, server continued, channel closed) to the bot's answer to a request made then. It needs
Linux and root, for the network namespaces.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "build")]

from faults import Rig, Session, rig, wait_until  # noqa: E402
from in_page import InPagePython  # noqa: E402
from namespaces import why_not  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

WATCH = (ROOT / "tests" / "e2e" / "watch.js").read_text()
CUTS = (2.0, 10.0, 20.0, 40.0)
STOP = 10.0

Times = dict[tuple[str, str], list[float]]


def cut(rig: Rig, session: Session, seconds: float, times: Times) -> None:
    name = f"link cut for {seconds:g} s"
    begun = rig.cable.cut()
    wait_until(begun + seconds)
    times[name, "recovered"].append(session.echo(rig.cable.restore()))
    notice(session, begun, name, times)


def stop(rig: Rig, session: Session, times: Times) -> None:
    name = f"server stopped for {STOP:g} s"
    process = rig.bot.servers[0].process
    process.send_signal(signal.SIGSTOP)
    begun = time.time()
    try:
        wait_until(begun + STOP)
    finally:
        process.send_signal(signal.SIGCONT)
    times[name, "recovered"].append(session.echo(time.time()))
    notice(session, begun, name, times)


def close_channel(session: Session, times: Times) -> None:
    begun = time.time()
    session.page.page.evaluate("watched.channel.close()")
    times["data channel closed", "recovered"].append(session.echo(begun))
    notice(session, begun, "data channel closed", times)


def notice(session: Session, begun: float, name: str, times: Times) -> None:
    """Note how long the fault took to be noticed, where it was; the first one of a session."""
    told = [told.at - begun for told in session.told() if told.event == "reconnecting"]
    times[name, "noticed"] += told[:1]


@contextlib.contextmanager
def connected(rig: Rig):
    """A session of its own over the cable, with a fresh start allowed."""
    context = rig.browser.new_context(permissions=["microphone"])
    try:
        context.add_init_script(WATCH)
        page = InPagePython(context.new_page(), rig.site)
        yield Session(page, rig.bot.address, {"budget": 60.0, "fresh_start": True})
    finally:
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    repetitions = parser.parse_args().repetitions
    if reason := why_not():
        sys.exit(f"This machine has no network namespaces for us: {reason}")
    times: Times = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        rig(playwright, Path(folder)) as made,
    ):
        for repetition in range(repetitions):
            for seconds in CUTS:
                with connected(made) as session:
                    cut(made, session, seconds, times)
            with connected(made) as session:
                stop(made, session, times)
            with connected(made) as session:
                close_channel(session, times)
            print(f"  repetition {repetition + 1} of {repetitions} done", file=sys.stderr, flush=True)
    print(f"{'fault':<26} {'':<10} {'n':>2} {'median s':>9} {'range s':>13}")
    for (name, what), values in sorted(times.items()):
        if values:
            low, high = min(values), max(values)
            print(f"{name:<26} {what:<10} {len(values):>2} {median(values):>9.2f} {low:>6.2f}-{high:.2f}")


if __name__ == "__main__":
    main()
