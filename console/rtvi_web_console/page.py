"""The HTML of a face's page.

All its addresses are relative, so it works under any path and behind a proxy that adds a prefix. The files of the site
are asked for in a folder that is named after their content: a browser that has them asks no more.
"""

from __future__ import annotations

import html
import json
from typing import Any

from rtvi_web_console.options import Options
from rtvi_web_console.policy import page_origin
from rtvi_web_console.script import address

PAGE = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="rtvi-web-worklets" content="{site}worklets/">
  <title>{title}</title>
  <link rel="icon" href="{site}favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="{site}face.css">
  <link rel="modulepreload" href="{site}pyodide/pyodide.asm.mjs">
  <link rel="preload" as="fetch" crossorigin href="{site}pyodide/pyodide-lock.json">
  <script type="module" src="{site}pyodide/pyodide.mjs"></script>
{modules}
</head>
<body>
  <aside data-errors aria-label="Errors"></aside>
  <main id="main">
    <div data-boot class="boot" role="status">
      <label for="boot">Loading Python…</label>
      <progress id="boot"></progress>
    </div>
    <noscript><p class="notice">This page needs JavaScript, to run its Python as WebAssembly.</p></noscript>
  </main>
  <script type="application/json" id="settings">{settings}</script>
{scripts}
</body>
</html>
"""
MODULES = ("errors.js", "refusals.js", "progress.js", "loader.js")
LIVE = "live.js"
CONSOLE = "console.py"
"""The Python of the page, before the user's own."""


def page(options: Options, revision: str) -> str:
    """The page of a face whose site has this revision."""
    site = f"{revision}/"
    modules = [*MODULES, *([LIVE] if options.reload else [])]
    scripts = options.own.scripts
    config = {
        "packages": [address(path) for path in options.own.wheels],
        "files": {f"{site}page.py": "./page_helpers.py", **{address(path): f"./{path.name}" for path in scripts[1:]}},
    }
    python = [_python(f"{site}{CONSOLE}", config), *(_python(address(path), {}) for path in scripts[:1])]
    return PAGE.format(
        site=site,
        title=html.escape(options.title),
        modules="\n".join(f'  <script type="module" src="{site}{name}"></script>' for name in modules),
        settings=json.dumps(_settings(options)).replace("<", r"\u003c"),
        scripts="\n".join(python),
    )


def _settings(options: Options) -> dict[str, Any]:
    """What the page's Python reads: the start endpoint relative to the page, and the rest as it is."""
    if "://" in options.start:
        address, mark, query = options.start.partition("?")
        base_url, _, name = address.rpartition("/")
        endpoint = f"/{name}{mark}{query}"
    else:
        base_url, endpoint = "/".join([".."] * options.path.count("/")) or ".", options.start
    return {
        "title": options.title,
        "base_url": base_url,
        "endpoint": endpoint,
        "transport": options.transport,
        "frame": [page_origin(address) for address in options.frame],
    }


def _python(source: str, config: dict[str, Any]) -> str:
    return f'  <script type="py" src="{html.escape(source)}" config="{html.escape(json.dumps(config))}"></script>'
