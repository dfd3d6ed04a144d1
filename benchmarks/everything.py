"""All benchmarks, as one table against goals: `python benchmarks/everything.py`. `make bench` runs this.

Each runs in a process of its own, one after the other; one that ends without figures is missed, too. The figures are
kept in .cache/bench/, as JSON; with `--base FILE` they are compared with those of an earlier run.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import ROOT
from figures import Figure, judge, read, table, write
from paths import CACHE

BENCHMARKS = (
    *("boot", "import_time", "messages", "connect", "first_click", "latency", "mouth_to_ear", "recovery"),
    *("levels", "long_tasks", "tag", "sound_cost", "wheel_size", "realtime"),
)
FOLDER = CACHE / "bench"


def measured(name: str, folder: Path) -> list[Figure]:
    """The figures of one benchmark."""
    file = folder / f"{name}.json"
    print(f"\n{name}", flush=True)
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--json", str(file)])
    return read(file) if file.exists() else [Figure(f"{name} has failed", [1], most=0)]


def run(names: Sequence[str], base: Path | None) -> list[Figure]:
    """Runs benchmarks, keeps what they find, and prints the table."""
    before = {figure.name: figure for figure in read(base)} if base else {}
    with tempfile.TemporaryDirectory() as folder:
        figures = [figure for name in names for figure in measured(name, Path(folder))]
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = FOLDER / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}.json"
    write(kept, figures)
    print(f"\n{table(figures, before)}\n\nkept in {kept.relative_to(ROOT)}", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(BENCHMARKS)}")
    parser.add_argument("--base", type=Path, metavar="FILE", help="the figures of an earlier run, to compare with")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    judge(run(arguments.names or BENCHMARKS, arguments.base))


if __name__ == "__main__":
    main()
