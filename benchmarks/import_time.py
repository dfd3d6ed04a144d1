"""What `import rtvi_web` costs in a warm page beyond pydantic, and what it loads.

`python benchmarks/import_time.py` prints it. It fails if the median is over the goal, if the import makes a
network request, or if it loads a part of rtvi_web or a costly part of the standard library that the page has not asked
for. The first pydantic model counts: it imports the half of pydantic that `BaseModel` alone does not.
"""

import json

from bench import fresh_profile, open_page, servers
from figures import Figure, finish, options
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
    parser = options(__doc__)
    parser.add_argument("--loads", type=int, default=9)
    arguments = parser.parse_args()
    with servers() as url, sync_playwright() as playwright, fresh_profile(playwright) as context:
        page = url + "site/import_time.html"
        results = [json.loads(open_page(context, page).ready) for _ in range(WARM_UP_LOADS + arguments.loads)][
            WARM_UP_LOADS:
        ]
    modules = results[0]["modules"]
    found = unasked(modules)
    print(f"import rtvi_web loads {len(modules)} modules: {', '.join(modules)}")
    print(f"those that the page has not asked for: {', '.join(found) or 'none'}")
    figures = [
        Figure("from pydantic import BaseModel", [result["pydantic"] for result in results], "ms"),
        Figure("then import rtvi_web", [result["rtvi_web"] for result in results], "ms", most=TARGET_MS),
        Figure("modules it loads unasked", [len(found)], most=0),
        Figure("requests it makes", [result["requests"] for result in results], most=0),
    ]
    finish(figures, arguments)


if __name__ == "__main__":
    main()
