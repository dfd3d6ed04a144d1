"""What `import rtvi_web` costs in a warm page beyond pydantic, and what it loads.

`python benchmarks/import_time.py` prints the median. It fails if the median is over the target, if the import makes a
network request, or if it loads a part of rtvi_web or a costly part of the standard library that the page has not asked
for. The first pydantic model counts: it imports the half of pydantic that `BaseModel` alone does not.
"""

import argparse
import json
import sys
from statistics import median

from bench import fresh_profile, open_page, servers
from playwright.sync_api import sync_playwright

TARGET_MS = 60
WARM_UP_LOADS = 3
UNASKED = (
    *(f"rtvi_web.{name}" for name in ("browser", "realtime", "testing", "transports", "ui")),
    *("email", "http", "micropip", "ssl", "unittest", "urllib.parse", "uuid"),
)


def unasked(modules: list[str]) -> list[str]:
    """Those of the modules that an import of rtvi_web must not load."""
    return [name for name in modules if any(name == parent or name.startswith(parent + ".") for parent in UNASKED)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=9)
    loads = parser.parse_args().loads
    with servers() as url, sync_playwright() as playwright, fresh_profile(playwright) as context:
        page = url + "site/import_time.html"
        results = [json.loads(open_page(context, page).ready) for _ in range(WARM_UP_LOADS + loads)][WARM_UP_LOADS:]
    cost = median(result["rtvi_web"] for result in results)
    modules = results[0]["modules"]
    print(f"from pydantic import BaseModel: {median(result['pydantic'] for result in results):.0f} ms")
    print(f"then import rtvi_web: {cost:.0f} ms; it loads {len(modules)} modules: {', '.join(modules)}")

    missed = []
    if cost > TARGET_MS:
        missed.append(f"import rtvi_web takes {cost:.0f} ms, at most {TARGET_MS} wanted")
    if found := unasked(modules):
        missed.append(f"import rtvi_web loads {', '.join(found)}")
    if requests := max(result["requests"] for result in results):
        missed.append(f"import rtvi_web makes {requests} requests")
    sys.exit("Missed: " + "; ".join(missed) if missed else 0)


if __name__ == "__main__":
    main()
