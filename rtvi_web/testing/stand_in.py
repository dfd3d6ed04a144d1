"""Runs :mod:`rtvi_web.testing.in_page` in a page before the page's own Python, without touching the page.

The browser of the test answers the page's request for Pyodide's loader with one that loads the real one, and lets it
run a little Python once it is there. So nothing of this is in a page, in the package or in a server: there is no switch
that a page in production could have on.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

SETUP = '''
import sys

class TakesOver:
    """Waits for the import of the client, and changes it then: some pages load rtvi_web late."""

    def find_spec(self, name, path=None, target=None):
        if name != "rtvi_web.rtvi.client":
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_change(module):
            execute(module)
            change(module)

        spec.loader.exec_module = execute_and_change
        return spec

def change(module):
    import json
    from rtvi_web.testing.in_page import take_over

    take_over(module.RTVIClient, json.loads(options))

if "rtvi_web.rtvi.client" in sys.modules:
    change(sys.modules["rtvi_web.rtvi.client"])
else:
    sys.meta_path.insert(0, TakesOver())
'''

TAKE_OVER = f"""
function takeOver(pyodide) {{
  const names = pyodide.toPy({{ options: OPTIONS }});
  pyodide.runPython({json.dumps(SETUP)}, {{ globals: names, filename: "rtvi_web_test_kit" }});
  globalThis.rtviWebTest = (text) => {{
    const module = pyodide.pyimport("rtvi_web.testing.in_page");
    try {{
      return module.command(text);
    }} finally {{
      module.destroy();
    }}
  }};
  return pyodide;
}}
"""

MODULE = """
import { loadPyodide as load } from "./pyodide.mjs?rtvi-web-real";
export * from "./pyodide.mjs?rtvi-web-real";
export const loadPyodide = async (options) => takeOver(await load(options));
"""

SCRIPT = """
const load = globalThis.loadPyodide;
globalThis.loadPyodide = async (options) => takeOver(await load(options));
"""


def stand_in(page: Page, options: dict[str, Any]) -> None:
    """Have the page's Python begin with the test kit's.

    Args:
        page: has not opened the page yet.
        options: for :func:`rtvi_web.testing.in_page.take_over`.
    """
    take_over = TAKE_OVER.replace("OPTIONS", json.dumps(json.dumps(options)))

    def answer(route: Route) -> None:
        if route.request.url.endswith(".mjs"):
            headers = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(content_type="text/javascript", headers=headers, body=take_over + MODULE)
        else:  # a script that is not a module
            real = route.fetch()
            route.fulfill(response=real, body=f"{real.text()}\n{{{take_over}{SCRIPT}}}")

    # Pyodide's loader; with a query it is the real one.
    page.route(re.compile(r"/pyodide\.m?js$"), answer)
