"""The Content-Security-Policy of the site's pages: same-origin, and of `eval` only WebAssembly's.

PyScript 0.7.31 makes its hooks with `Function(…)`: the pages that load it get `unsafe-eval` as well, and nothing else.
"""

import base64
import hashlib
import re

PYSCRIPT = "pyscript/core.js"
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
# Inline scripts that a browser runs or reads as its own; any other type, such as "py", is mere data to it.
RUNNABLE = re.compile(r'type="(module|text/javascript|importmap|speculationrules)"', re.IGNORECASE)


def policy(page: str = "") -> str:
    """The policy for a page with this HTML, whose inline scripts (if any) are allowed by their hashes."""
    scripts = ["'self'", "'wasm-unsafe-eval'", *inline_hashes(page)]
    if PYSCRIPT in page:
        scripts.append("'unsafe-eval'")
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def inline_hashes(page: str) -> list[str]:
    """A source expression for each inline script of the page that a browser would run."""
    return [
        f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"
        for attributes, body in SCRIPT.findall(page)
        if "src=" not in attributes and ("type=" not in attributes or RUNNABLE.search(attributes))
    ]
