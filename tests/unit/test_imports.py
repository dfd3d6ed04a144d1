"""What may be imported where, and that the tools which say so really bite."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rtvi_web
from rtvi_web.transports import SmallWebRTCTransport, WebSocketTransport

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("module", ["rtvi_web", "rtvi_web.testing", "rtvi_web.transports"])
def test_importing_costs_nothing_that_the_page_did_not_ask_for(module: str) -> None:
    """Beyond pydantic, which some of these come with, on CPython at least."""
    script = f"import sys, pydantic; pydantic.BaseModel; before = set(sys.modules); import {module}"
    banned = {"js", "pyodide", "pyodide_js", "uuid", "urllib.parse", "difflib", "http", "http.client", "email"}
    result = run(sys.executable, "-c", f"{script}; print(*(set(sys.modules) - before))")
    imported = set(result.stdout.split())
    assert "rtvi_web.rtvi.client" in imported, result.stderr
    assert imported & banned == set()


def test_a_client_needs_neither_pydantic_nor_a_conversation_before_it_connects() -> None:
    """The first takes a fifth of a page's boot."""
    script = (
        "import sys; from rtvi_web import RTVIClient, RTVIEvent; from rtvi_web.transports import SmallWebRTCTransport;"
        "client = RTVIClient(transport=SmallWebRTCTransport(), params={'baseUrl': '/api'});"
        "client.on(RTVIEvent.USER_TRANSCRIPT, print); client.register_function_call_handler('f', print);"
        "print('pydantic' in sys.modules, 'rtvi_web.rtvi.protocol.conversation.conversation' in sys.modules)"
    )
    assert run(sys.executable, "-c", script).stdout.split() == ["False", "False"]


@pytest.mark.parametrize("path", sorted((ROOT / "rtvi_web" / "ui").rglob("*.py")), ids=lambda path: path.stem)
def test_widgets_import_neither_client(path: Path) -> None:
    """At run time: so that each works with the client that the page has."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    imports = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imports |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imports & {"rtvi_web", "rtvi_web.rtvi.client", "rtvi_web.realtime", "rtvi_web.realtime.client"} == set()


@pytest.mark.parametrize(
    ("module", "name", "others"),
    [
        (
            *("rtvi_web.transports", "SmallWebRTCTransport"),
            (
                "rtvi_web.realtime",
                "rtvi_web.transports.realtime",
                "rtvi_web.transports.daily",
                "rtvi_web.browser.daily",
            ),
        ),
        (
            *("rtvi_web.transports", "DailyTransport"),
            ("rtvi_web.realtime", "rtvi_web.transports.realtime", "rtvi_web.transports.small_webrtc"),
        ),
        ("rtvi_web.testing", "ScriptedTransport", ("rtvi_web.realtime", "rtvi_web.transports")),
        ("rtvi_web.testing", "ScriptedRealtimeTransport", ("rtvi_web.transports",)),
        ("rtvi_web.transports", "RealtimeWebSocketTransport", ("rtvi_web.transports.small_webrtc",)),
        ("rtvi_web.transports", "RealtimeWebRTCTransport", ("rtvi_web.transports.small_webrtc",)),
        (
            "rtvi_web.transports",
            "WebSocketTransport",
            ("rtvi_web.realtime", "rtvi_web.transports.realtime", "rtvi_web.transports.small_webrtc"),
        ),
        (
            "rtvi_web.transports",
            "SmallWebRTCTransport",
            ("rtvi_web.transports.websocket", "rtvi_web.browser.websocket"),
        ),
        ("rtvi_web.ui.face", "ProblemCard", ("rtvi_web.realtime", "rtvi_web.transports.realtime")),
        ("rtvi_web", "VoiceClient", ("rtvi_web.transports",)),
        ("rtvi_web", "DailyVoiceClient", ("rtvi_web.transports",)),
    ],
)
def test_a_name_loads_nothing_of_the_others(module: str, name: str, others: tuple[str, ...]) -> None:
    result = run(
        sys.executable, "-c", f"import sys; from {module} import {name}; print(name := {name}.__module__, *sys.modules)"
    )
    home, *loaded = result.stdout.split()
    assert home in loaded, result.stderr
    assert [each for each in loaded for other in others if f"{each}.".startswith(f"{other}.")] == []


def test_public_names_are_all() -> None:
    public = {name for name in rtvi_web.__all__ if not _is_module(getattr(rtvi_web, name))}
    assert public == set(rtvi_web.__all__)
    defined = {name for name, value in vars(rtvi_web).items() if not name.startswith("_") and not _is_module(value)}
    assert defined - {"TYPE_CHECKING"} <= public
    assert rtvi_web.__all__ == sorted(rtvi_web.__all__)


def test_the_old_name_of_an_emitted_event_warns() -> None:
    with pytest.warns(DeprecationWarning, match="it is rtvi_web.EmittedEvent now"):
        assert rtvi_web.Happened is rtvi_web.EmittedEvent


def test_every_error_is_public_and_in_the_tree() -> None:
    from rtvi_web import errors

    classes = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert classes <= set(rtvi_web.__all__)
    assert all(name in (errors.__doc__ or "") for name in classes - {"ConnectPhase"})


def test_the_pinned_names() -> None:
    pinned = {"RTVIClient", "RTVIEvent", "RTVIError", "Transport", "TransportState"}
    assert pinned <= set(rtvi_web.__all__)
    assert issubclass(SmallWebRTCTransport, rtvi_web.Transport)


@pytest.mark.parametrize("transport", [SmallWebRTCTransport, WebSocketTransport])
async def test_a_browser_transport_on_cpython_says_what_it_needs(transport: type[rtvi_web.Transport]) -> None:
    client = rtvi_web.RTVIClient(transport=transport())
    with pytest.raises(rtvi_web.NotInBrowserError, match="exists only in a web page's main thread") as raised:
        await client.connect()
    assert raised.value.touched in str(raised.value)
    assert raised.value.phase is rtvi_web.ConnectPhase.DEVICES


class TestTheBans:
    @pytest.fixture
    def house(self, tmp_path: Path) -> Path:
        """A copy of the package and its rules, to break."""
        shutil.copytree(ROOT / "rtvi_web", tmp_path / "rtvi_web", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        return tmp_path

    @pytest.mark.parametrize("module", ["js", "pyodide.ffi", "pyodide_js", "importlib", "uuid", "urllib.parse"])
    @pytest.mark.parametrize(
        "file", ["rtvi/client.py", "realtime/client.py", "core/media.py", "media/levels.py", "browser/dom.py"]
    )
    def test_ruff_refuses_banned_modules(self, house: Path, module: str, file: str) -> None:
        ruff = (str(TOOLS / "ruff"), "check", "--no-cache", "--select", "TID251", "--output-format", "concise", ".")
        assert run(*ruff, cwd=house).returncode == 0
        plant(house / "rtvi_web" / file, f"import {module}")
        result = run(*ruff, cwd=house)
        assert result.returncode == 1
        [line] = [line for line in result.stdout.splitlines() if "TID251" in line]
        assert line.startswith(f"rtvi_web/{file}:")

    def test_import_linter_refuses_imports_upwards_and_across(self, house: Path) -> None:
        lint = (str(TOOLS / "lint-imports"), "--no-cache")
        before = run(*lint, cwd=house)
        assert before.returncode == 0, before.stdout
        refused = {  # the module that imports: what it must not import
            "core.emitter": "rtvi_web.rtvi.client",
            "core.media": "rtvi_web.realtime.client",
            "browser.capture": "rtvi_web.rtvi.protocol.events",
            "browser.player": "rtvi_web.media.speaker",
            "media.levels": "rtvi_web.rtvi.protocol.events",
            "media.speaker": "rtvi_web.realtime.transport",
            "rtvi.session.connection": "rtvi_web.browser.fetch",
            "rtvi.session.params": "rtvi_web.rtvi.members.devices",
            "rtvi.client": "rtvi_web.realtime.client",
            "realtime.client": "rtvi_web.rtvi.client",
            "realtime.tools": "rtvi_web.realtime.session",
            "transports.realtime.call": "rtvi_web.transports.small_webrtc.link",
            "rtvi.protocol.envelope": "asyncio",
            "rtvi.protocol.link.stats": "time",
            "realtime.protocol.items": "asyncio",
            "realtime.protocol.audio": "time",
        }
        for module, imported in refused.items():
            path = house / "rtvi_web" / f"{module.replace('.', '/')}.py"
            plant(path, f"def late():\n    import {imported}")
        result = run(*lint, cwd=house)
        assert result.returncode == 1
        found = set(re.findall(r"rtvi_web\.(\S+) -> (\S+) \(l", " ".join(result.stdout.split())))
        assert set(refused.items()) - found == set()

    @pytest.mark.parametrize(
        ("file", "text", "contract"),
        [
            ("core/seen.py", "import time", "protocols are pure: no event loop and no clock"),
            ("core/checks.py", "import asyncio", "protocols are pure: no event loop and no clock"),
            ("core/warn.py", "import rtvi_web.core.tasks", "protocols are pure: no event loop and no clock"),
            ("rooms/new.py", "", "the layers of the house"),
            ("rtvi/new.py", "", "the layers of the RTVI client"),
            ("realtime/new.py", "", "the layers of the realtime client"),
        ],
    )
    def test_import_linter_refuses_what_hides(self, house: Path, file: str, text: str, contract: str) -> None:
        """A clock or a loop behind another module, and a module that no layer names."""
        path = house / "rtvi_web" / file
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.touch()
        plant(path, text)
        result = run(str(TOOLS / "lint-imports"), "--no-cache", cwd=house)
        assert result.returncode == 1
        broken = set(re.findall(r"^(.+) BROKEN", result.stdout, re.MULTILINE))
        assert contract in broken, result.stdout


def test_no_module_is_imported_by_a_name_in_a_string() -> None:
    """Neither ruff nor import-linter would see it; ruff bans importlib."""
    sources = (ROOT / "rtvi_web").rglob("*.py")
    assert [path.name for path in sources if "__import__" in path.read_text(encoding="utf-8")] == []


def plant(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def _is_module(value: object) -> bool:
    return type(value) is type(sys)
