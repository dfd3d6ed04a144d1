"""The parts of the test kit that need no page: its plugin, scripts as JSON, and what it serves."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import DisconnectedError, DisconnectReason
from rtvi_web.testing import Lose, Sound, Step, expect, handshake, leave, lose, say, say_text, wait
from rtvi_web.testing.script import Expect
from rtvi_web.testing.site_server import Found, find, serve
from rtvi_web.testing.steps_json import read_steps, write_steps

ROOT = Path(__file__).parents[3]
PLAYWRIGHTS = (
    *("browser", "browser_type", "browser_type_launch_args", "browser_context_args", "browser_name", "browser_channel"),
    *("context", "new_context", "page", "playwright", "connect_options", "launch_browser", "is_chromium"),
    *("is_firefox", "is_webkit", "device", "output_path", "delete_output_dir", "base_url", "assert_snapshot"),
)
"""Fixtures of pytest-playwright."""
ITS_OPTIONS = ("--browser", "--headed", "--browser-channel", "--slowmo", "--device", "--output", "--tracing", "--video")

WITH_THE_PLUGIN = (
    *(sys.executable, "-c"),
    f"import sys; sys.path.append({str(ROOT)!r}); import pytest; pytest.main(sys.argv[1:])",
    *("-p", "pytest_rtvi_web", "-p", "no:playwright"),
)


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


class TestThePlugin:
    def test_it_imports_nothing_that_pytest_has_not(self) -> None:
        script = "import sys, pytest, _pytest.config; _pytest.config.get_config(); before = set(sys.modules);"
        script += "import pytest_rtvi_web; print(sorted(set(sys.modules) - before))"
        assert run(sys.executable, "-c", script).strip() == "['pytest_rtvi_web']"

    def test_a_run_without_its_fixture_imports_nothing_of_rtvi_web(self, tmp_path: Path) -> None:
        (tmp_path / "pytest.ini").touch()
        (tmp_path / "test_it.py").write_text(
            "import sys\n\ndef test_nothing():\n"
            "    assert {'rtvi_web', 'playwright', 'pydantic'}.isdisjoint(name.split('.')[0] for name in sys.modules)\n"
        )
        assert "1 passed" in run(*WITH_THE_PLUGIN, "-q", cwd=tmp_path)

    def test_it_has_a_fixture_and_an_option_of_its_own_names(self, tmp_path: Path) -> None:
        (tmp_path / "pytest.ini").touch()
        fixtures = run(*WITH_THE_PLUGIN, "--fixtures", "-v", cwd=tmp_path)
        assert "rtvi_page" in fixtures
        assert [name for name in PLAYWRIGHTS if f"\n{name} " in fixtures] == []
        options = run(*WITH_THE_PLUGIN, "--help", cwd=tmp_path)
        assert "--rtvi-web-site" in options
        assert [name for name in ITS_OPTIONS if f"\n  {name} " in options or f"\n  {name}=" in options] == []


reasons = st.none() | st.sampled_from(DisconnectReason)
texts = st.text(max_size=8)
steps = st.one_of(
    st.builds(Expect, texts, st.dictionaries(texts, st.integers() | texts, max_size=3), texts),
    st.builds(say, texts, st.none() | st.dictionaries(texts, texts, max_size=2), answers=st.booleans()),
    st.builds(say_text, texts),
    st.builds(wait, st.floats(0, 100)),
    st.builds(Sound, st.binary(max_size=9), st.integers(1, 96_000), st.integers(1, 2)),
    st.just(leave()),
)


class TestScriptsAsJson:
    @given(st.lists(steps, max_size=6))
    def test_they_come_back_as_they_were(self, script: list[Step]) -> None:
        assert read_steps(json.loads(json.dumps(write_steps(script)))) == script

    @pytest.mark.parametrize("reason", [None, *DisconnectReason])
    def test_losses_keep_their_words(self, reason: DisconnectReason | None) -> None:
        [step] = read_steps(json.loads(json.dumps(write_steps([lose(DisconnectedError("gone", reason=reason))]))))
        assert isinstance(step, Lose)
        assert isinstance(step.error, DisconnectedError)
        assert (step.error.message, step.error.reason) == ("gone", reason)

    def test_what_is_not_a_step(self) -> None:
        with pytest.raises(TypeError, match=r"A script has steps such as say\(…\) and wait\(…\), not 'hello'"):
            write_steps([*handshake(), "hello"])  # type: ignore[list-item]
        assert write_steps([expect("x")]) == [{"step": "expect", "type": "x", "data": {}, "id": ""}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("page/index.html", "page/app/index.html", "page/.secret", "page/own.js", "site/own.js", "secret.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in ("site/pyodide/pyodide.mjs", "site/pyodide/lock.json.br"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


class TestWhatIsServed:
    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("/", "page/index.html"),
            ("/index.html?x=1", "page/index.html"),
            ("/app/", "page/app/index.html"),
            ("/own.js", "page/own.js"),
            ("/app/deep/own.js", "site/own.js"),
            ("/app/pyodide/pyodide.mjs?real", "site/pyodide/pyodide.mjs"),
            ("/pyodide/lock.json", "site/pyodide/lock.json.br"),
            ("/.secret", None),
            ("/../secret.txt", None),
            ("/%2e%2e/secret.txt", None),
            ("/app/%2e%2e/%2e%2e/secret.txt", None),
            ("/nothing.js", None),
        ],
    )
    def test_the_page_first_and_then_the_site(self, folder: Path, address: str, found: str | None) -> None:
        expected = None if found is None else Found(folder / found, found.endswith(".br"))
        assert find(address, folder / "page", [folder / "site"]) == expected

    def test_over_http(self, folder: Path) -> None:
        with serve(folder / "page", [folder / "site"]) as address:
            with urllib.request.urlopen(f"{address}pyodide/lock.json") as answer:
                headers = {name: answer.headers[name] for name in ("Content-Type", "Content-Encoding")}
                assert headers == {"Content-Type": "application/json", "Content-Encoding": "br"}
                assert answer.read() == b"site/pyodide/lock.json.br"
            with pytest.raises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(f"{address}nothing")
            assert raised.value.code == 404
            raised.value.close()
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(address)
