"""The flags that Chromium is started with."""

from __future__ import annotations

import re
from pathlib import Path

import playwright
from browser import FLAGS, without


def features(flag: str) -> set[str]:
    return set(flag.removeprefix("--disable-features=").split(","))


def test_what_playwright_switches_off_stays_off() -> None:
    """Chromium obeys the last flag only, which is ours. What is of Edge or of Windows alone does not matter."""
    bundle = Path(playwright.__file__).parent / "driver/package/lib/coreBundle.js"
    listed = re.search(r"disabledFeatures = \[(.*?)\]", bundle.read_text(encoding="utf-8"), re.DOTALL)
    assert listed
    theirs = {name for name in re.findall(r'"(\w+)"', listed[1]) if not name.startswith("ms") and "Win" not in name}
    assert len(theirs) > 5
    assert theirs <= features(without())


def test_further_features() -> None:
    assert features(without("One", "Two")) == features(without()) | {"One", "Two"}
    assert without() in FLAGS
