"""What is said of a Python that cannot run rtvi_web: at once, in a sentence with the fix, and not of the bot."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from pyscript_table import said

from rtvi_web.errors import RTVIError, UnsupportedRuntimeError
from rtvi_web.runtime import refusal

ROOT = Path(__file__).parents[3]
CONNECT = """
import asyncio, json, sys
from rtvi_web import RTVIClient
from rtvi_web.core import requirements
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import ScriptedTransport, handshake

async def load(name):
    print("asked for", name)
    sys.path.append(sys.argv[1])

async def main():
    if sys.argv[1:]:
        requirements.load_with(load)
    transport = ScriptedTransport(*handshake(), start=[HttpResponse(200, "{}")])
    client = RTVIClient(transport=transport, params={"base_url": "/", "endpoints": {"connect": "/start"}})
    try:
        await client.connect()
    except Exception as error:
        print(type(error).__name__, error.message)
    print(len(transport.http.requests), client.state)
    await client.disconnect()

asyncio.run(main())
"""


WITHOUT_PACKAGES = ("-S",)
REALTIME_TOOL = """
from rtvi_web.realtime import RealtimeClient

def paint(color: str) -> str:
    return color

RealtimeClient(url="/calls").add_tool(paint)
"""


def connected(tmp_path: Path, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """What connect() does on a Python with this pydantic (``tmp_path``), in lines."""
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    command = [sys.executable, *options, "-c", CONNECT, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ('raise ImportError("the wheel is broken")', "cannot be imported here (ImportError: the wheel is broken)"),
        ("raise SystemError", "cannot be imported here (SystemError: no message)"),
        ('VERSION = "2.10.6"', "and here is 2.10.6. Pyodide has it since 0.29.2"),
    ],
)
def test_a_pydantic_that_cannot_be_used_is_not_blamed_on_the_bot(tmp_path: Path, version: str, words: str) -> None:
    (tmp_path / "pydantic.py").write_text(version)
    (tmp_path / "pydantic_core.py").touch()
    failed, end = connected(tmp_path)
    assert failed.startswith("UnsupportedRuntimeError rtvi_web needs pydantic 2.12 or later, and ")
    assert words in failed
    assert end.split()[1] == "error"
    assert "VERSION" not in version or said("an old pydantic").search(failed), "as docs/pyscript.md quotes it"


def test_a_missing_pydantic_is_said_before_anything_is_asked_for(tmp_path: Path) -> None:
    failed, end = connected(tmp_path, options=WITHOUT_PACKAGES)
    assert 'there is none here. Put "pydantic" into the `packages` of the page' in failed
    assert end == "0 error", "no bot was started"


def test_a_missing_pydantic_is_loaded_if_the_page_can(tmp_path: Path) -> None:
    """As on the second visit of a page of PyScript's that names the wheel by its address."""
    packages = sysconfig.get_path("purelib")
    assert connected(tmp_path, packages, options=WITHOUT_PACKAGES) == ["asked for pydantic", "1 ready"]


def test_a_missing_pydantic_that_cannot_be_loaded_is_said(tmp_path: Path) -> None:
    asked, failed, end = connected(tmp_path, str(tmp_path), options=WITHOUT_PACKAGES)
    assert asked == "asked for pydantic"
    assert "there is none here" in failed
    assert end == "0 error"


@pytest.mark.parametrize("needed", ["from rtvi_web import TranscriptData", REALTIME_TOOL])
def test_what_needs_models_before_connecting_says_so(needed: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *WITHOUT_PACKAGES, "-c", needed]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert "UnsupportedRuntimeError: rtvi_web needs pydantic 2.12 or later, and it cannot be imported" in done.stderr


@pytest.mark.parametrize(
    ("implementation", "platform", "version", "words"),
    [
        ("micropython", "webassembly", (3, 4), 'write <script type="py">'),
        ("cpython", "emscripten", (3, 12), "whose Python is 3.12: it needs Pyodide 0.29.2 or later"),
        ("cpython", "emscripten", (3, 13), ""),
        ("cpython", "linux", (3, 11), ""),
    ],
)
def test_which_python_is_refused(implementation: str, platform: str, version: tuple[int, int], words: str) -> None:
    refused = refusal(implementation, platform, version)
    assert (words in refused) if words else refused == ""


def test_the_error_is_one_of_ours_and_of_imports() -> None:
    assert issubclass(UnsupportedRuntimeError, RTVIError)
    assert issubclass(UnsupportedRuntimeError, ImportError)
