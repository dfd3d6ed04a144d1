"""The types that users see: ``tests/typing/good.py`` must check, and every line of ``bad.py`` must not."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]


def mypy(*arguments: str) -> str:
    """What ``mypy --strict`` complains about."""
    config = ("--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache"))
    output, errors, _ = api.run([*config, "--no-error-summary", *arguments])
    assert not errors
    return output


@pytest.mark.parametrize("name", ["good.py", "bad.py"])
def test_snippets(name: str) -> None:
    """In ``bad.py`` each error is ignored by its code, and mypy refuses an ignore that is not needed."""
    assert mypy(str(ROOT / "tests" / "typing" / name)) == ""


def test_the_ignores_are_what_makes_the_bad_ones_pass(tmp_path: Path) -> None:
    lines = (ROOT / "tests" / "typing" / "bad.py").read_text(encoding="utf-8").splitlines()
    bad = [number for number, line in enumerate(lines, 1) if "# type: ignore[" in line]
    copy = tmp_path / "bad.py"
    copy.write_text("\n".join(line.partition("  # type: ignore")[0] for line in lines), encoding="utf-8")
    errors = [line for line in mypy(str(copy)).splitlines() if ": error:" in line]
    assert sorted({int(line.split(":")[1]) for line in errors}) == bad
