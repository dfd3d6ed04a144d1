"""What the realtime client brings into a page, and how a word becomes a transport."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

import rtvi_web.realtime
from rtvi_web import InvalidArgumentError
from rtvi_web.realtime import RealtimeClient
from rtvi_web.realtime.testing import ScriptedRealtimeTransport

ROOT = Path(__file__).parents[3]


def test_a_client_needs_no_pydantic_and_nothing_that_is_slow_to_load() -> None:
    """Only a tool made of a typed function needs it."""
    script = (
        "import sys; from rtvi_web.realtime import RealtimeClient;"
        "from rtvi_web.realtime.testing import ScriptedRealtimeTransport as Transport;"
        "client = RealtimeClient(transport=Transport(), config={'voice': 'verse'}); client.on('*', print);"
        "client.register_tool({'name': 'f'}, print); print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    banned = {"pydantic", "js", "pyodide", "uuid", "urllib.parse", "difflib", "http", "email"}
    loaded = set(result.stdout.split())
    assert "rtvi_web.realtime.client" in loaded
    assert loaded & banned == set()


def test_public_names_are_all() -> None:
    assert rtvi_web.realtime.__all__ == sorted(rtvi_web.realtime.__all__)
    assert all(hasattr(rtvi_web.realtime, name) for name in rtvi_web.realtime.__all__)


def test_what_the_docstring_names_is_where_it_says() -> None:
    """A subprocess, as another test may have imported what the docstring only names."""
    script = (
        "import re, rtvi_web.realtime as realtime, importlib;"
        "modules = re.findall(r':mod:`([\\w.]+)`', realtime.__doc__); print(*modules);"
        "[importlib.import_module(name) for name in modules];"
        "from rtvi_web.realtime import RealtimeEventHandler, RealtimeClient;"
        "from rtvi_web.transports import RealtimeWebRTCTransport, RealtimeWebSocketTransport;"
        "from rtvi_web.testing import ScriptedRealtimeTransport;"
        "from rtvi_web.errors import RequestError, TransportStartError;"
        "assert issubclass(RealtimeClient, RealtimeEventHandler)"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == ["rtvi_web.transports", "rtvi_web.testing", "rtvi_web.errors"]


@pytest.mark.parametrize(
    ("word", "module", "name"),
    [
        ("websocket", "rtvi_web.transports.realtime.websocket", "RealtimeWebSocketTransport"),
        ("webrtc", "rtvi_web.transports.realtime.webrtc", "RealtimeWebRTCTransport"),
    ],
)
async def test_a_word_names_a_transport(monkeypatch: pytest.MonkeyPatch, word: str, module: str, name: str) -> None:
    made = types.ModuleType(module)
    transport = ScriptedRealtimeTransport()
    setattr(made, name, lambda: transport)
    monkeypatch.setitem(sys.modules, module, made)
    client = RealtimeClient(transport=word)  # type: ignore[arg-type]
    await client.connect()
    assert transport.is_open
    await client.disconnect()


def test_an_unknown_word_names_no_transport() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'websocket'"):
        RealtimeClient(transport="websockets")  # type: ignore[arg-type]
