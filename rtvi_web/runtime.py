"""Says in a sentence which Python cannot run rtvi_web. Imported before anything else; MicroPython reads it too."""

import sys


def refusal(implementation: str, platform: str, version: tuple[int, int]) -> str:
    """Why rtvi_web cannot run on such a Python, and what to do; empty if it can."""
    if implementation == "micropython":
        return (
            "rtvi_web cannot run on MicroPython, which has no pydantic: "
            'write <script type="py"> in place of <script type="mpy">, and <py-config> in place of <mpy-config>.'
        )
    if platform == "emscripten" and version < (3, 13):
        return (
            f"rtvi_web cannot run on this Pyodide, whose Python is {version[0]}.{version[1]}: it needs Pyodide 0.29.2 "
            "or later. PyScript has that since @pyscript/core 0.7.13: load a later one, and name no older interpreter."
        )
    return ""


_refusal = refusal(sys.implementation.name, sys.platform, (sys.version_info[0], sys.version_info[1]))
if _refusal:
    raise ImportError(_refusal)
