"""Fails when the tests on CPython reach less of the core than they must; reads coverage's JSON report.

The protocol, the emitter, the configuration and the helpers are to be reached in every branch, and the rest of the core
to 95 % together. What runs in a browser only is tested there, and is no part of the report (``pyproject.toml``).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ALL_OF = (
    "rtvi_web/rtvi/protocol/",
    "rtvi_web/core/emitter.py",
    "rtvi_web/rtvi/members/config.py",
    "rtvi_web/rtvi/session/functions.py",
    "rtvi_web/rtvi/session/helpers.py",
    "rtvi_web/rtvi/members/llm_helper.py",
)
REST = 95.0


def main() -> str | None:
    files: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
    gaps = [f"{name}: {_gaps(files[name])}" for name in files if name.startswith(ALL_OF) and _gaps(files[name])]
    rest = [file["summary"] for name, file in files.items() if not name.startswith(ALL_OF)]
    reached = sum(each["covered_lines"] + each["covered_branches"] for each in rest)
    percent = 100 * reached / sum(each["num_statements"] + each["num_branches"] for each in rest)
    print(f"Of the core that need not be reached in every branch, tests reach {percent:.1f} %.")
    if percent < REST:
        gaps.append(f"the rest of the core is to be reached to {REST:g} %")
    return "\n".join(gaps) or None


def _gaps(file: Any) -> str:
    """Lines and branches that were not reached; empty if there are none."""
    branches = [f"{start}→{'exit' if end < 0 else end}" for start, end in file["missing_branches"]]
    return ", ".join([*map(str, file["missing_lines"]), *branches])


if __name__ == "__main__":
    sys.exit(main())
