"""The Content-Security-Policy of the site's pages: that of the console, and `unsafe-eval` for pages with PyScript.

PyScript 0.7.31 makes its hooks with `Function(…)`.
"""

import sys

from paths import ROOT

sys.path.append(str(ROOT / "console"))  # not installed here

from rtvi_web_console import policy as console
from rtvi_web_console.policy import inline_hashes

__all__ = ["inline_hashes", "policy"]

PYSCRIPT = "pyscript/core.js"


def policy(page: str = "") -> str:
    """The policy for a page with this HTML, whose inline scripts (if any) are allowed by their hashes."""
    return console.policy(page, eval=PYSCRIPT in page)
