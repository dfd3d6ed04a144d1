"""What the benchmarks find, against goals: printed as one table, kept as JSON, compared with an earlier run."""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NoReturn

Row = tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, several times.

    Attributes:
        name: different from all others, and the same in each run.
        values: of each repetition.
        unit: of the values; "" for ratios and counts.
        most: the goal, if it is an upper bound of the median.
        least: the goal, if it is a lower bound of the median.
        cpu: the same in CPU time, which other work of the machine changes less.
    """

    name: str
    values: Sequence[float]
    unit: str = ""
    most: float | None = None
    least: float | None = None
    cpu: Sequence[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def goal(self) -> str:
        """The goal as text; empty if there is none."""
        bounds = (("≤", self.most), ("≥", self.least))
        return " ".join(f"{sign} {short(bound)}" for sign, bound in bounds if bound is not None)

    @property
    def missed(self) -> bool:
        too_much = self.most is not None and self.median > self.most
        return too_much or (self.least is not None and self.median < self.least)


Figures = Iterable[Figure]


def paired(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The ratios of values that were measured in turn: a slow moment of the machine slows both."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def short(value: float) -> str:
    """A number with three significant digits, and with all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


HEADER: Row = ("figure", "n", "median", "range", "CPU", "goal", "", "before", "change")


def rows(figures: Figures, before: Mapping[str, Figure]) -> list[Row]:
    """The table, of which the last columns are empty without an earlier run."""
    table = [HEADER]
    for figure in figures:
        spread = f"{short(min(figure.values))}–{short(max(figure.values))}"
        verdict = ("missed" if figure.missed else "ok") if figure.goal else ""
        name = f"{figure.name}, {figure.unit}" if figure.unit else figure.name
        cpu = short(median(figure.cpu)) if figure.cpu else ""
        middle = (str(len(figure.values)), short(figure.median), spread, cpu, figure.goal, verdict)
        table.append((name, *middle, *change(figure, before.get(figure.name))))
    return table


def change(figure: Figure, before: Figure | None) -> tuple[str, str]:
    """The median of an earlier run, and what has become of it. `~` says that the ranges of both runs overlap."""
    if before is None:
        return "", ""
    if not before.median:
        return short(before.median), "" if not figure.median else "new"
    overlap = min(figure.values) <= max(before.values) and min(before.values) <= max(figure.values)
    return short(before.median), f"{figure.median / before.median - 1:+.0%}{' ~' if overlap else ''}"


def table(figures: Figures, before: Mapping[str, Figure] | None = None) -> str:
    """The figures as text, in columns."""
    found = rows(figures, before or {})
    used = [column for column in range(len(HEADER)) if any(row[column] for row in found[1:])]
    widths = {column: max(len(row[column]) for row in found) for column in used}
    return "\n".join(
        "  ".join(f"{row[column]:{'<' if column == 0 else '>'}{widths[column]}}" for column in used).rstrip()
        for row in found
    )


def write(path: Path, figures: Figures) -> None:
    """Keeps the figures of a run."""
    kept = {"load": os.getloadavg(), "figures": [dataclasses.asdict(figure) for figure in figures]}
    path.write_text(json.dumps(kept, indent=1))


def read(path: Path) -> list[Figure]:
    """The figures of an earlier run."""
    return [Figure(**figure) for figure in json.loads(path.read_text())["figures"]]


def judge(figures: Figures) -> NoReturn:
    """Ends the program by the goals."""
    missed = [f"{figure.name}: {short(figure.median)}, {figure.goal} wanted" for figure in figures if figure.missed]
    sys.exit("Missed: " + "; ".join(missed) if missed else 0)


def options(doc: str | None) -> argparse.ArgumentParser:
    """The options of a benchmark with this description."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file, too")
    return parser


def finish(figures: Sequence[Figure], arguments: argparse.Namespace) -> NoReturn:
    """Prints what a benchmark has found, keeps it if asked to, and ends the program by the goals."""
    print(table(figures))
    if arguments.json:
        write(arguments.json, figures)
    judge(figures)
