"""Writes the table of docs/transports.md: what each transport says that it carries."""

from __future__ import annotations

import re
from pathlib import Path

import rtvi_web.transports
from rtvi_web.core.media import Carried
from rtvi_web.rtvi.transport import Transport

PAGE = Path(__file__).parents[1] / "docs" / "transports.md"
BEGIN, END = "<!-- The table: python build/transport_table.py -->\n", "<!-- The end of the table -->\n"
CARRIED: dict[Carried, str] = {"mic": "microphone", "cam": "camera", "screen": "screen", "speaker": "bot's sound"}


def transports() -> list[type[Transport]]:
    """The transports of ``RTVIClient`` that the package has."""
    exported = (getattr(rtvi_web.transports, name) for name in rtvi_web.transports.__all__)
    return [kind for kind in exported if issubclass(kind, Transport)]


def table() -> str:
    """The table, as Markdown."""
    columns = ["transport", *CARRIED.values(), "bytes of a message", "restores", "statistics"]
    lines = [columns, ["---"] * len(columns)]
    for kind in transports():
        transport = kind()
        has_statistics = kind.stats is not Transport.stats
        carried = [transport.media.carries.__contains__(name) for name in CARRIED]
        cells = [_yes(each) for each in (*carried, transport.resumable, has_statistics)]
        lines.append([f"`{kind.__name__}`", *cells[:-2], f"{transport.max_message_size:,}", *cells[-2:]])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def with_table(page: str) -> str:
    """The page with the table of today."""
    return re.sub(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", lambda _: table(), page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
