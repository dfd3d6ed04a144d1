"""The wheel of the console: what it carries, under which licences, and its bill of materials."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from console_wheel import CONSOLE, site_of_the_console
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from downloads import npm_packages, wheels
from lockfile import make_lock
from packaging.requirements import Requirement
from paths import BUILD, ROOT, BuildError
from sbom import bill
from tree import write_tree
from wheels import console_wheels, our_wheel

from rtvi_web import __version__

pytestmark = pytest.mark.build

INFO = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.2"}
PROJECT: dict[str, Any] = tomllib.loads((CONSOLE / "pyproject.toml").read_text())["project"]
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)", (BUILD / "wheels.txt").read_text(), re.MULTILINE))
PYODIDE = json.loads((BUILD / "npm" / "site" / "package-lock.json").read_text())["packages"]["node_modules/pyodide"]
ROW = re.compile(r"^\| ([\w-]+) \| ([\w.]+) \| ([\w.-]+) \| \[(.+?)\]\(\4\) \| (.+) \|$", re.MULTILINE)
TABLE = {name: rest for name, *rest in ROW.findall((CONSOLE / "licenses" / "README.md").read_text())}


@pytest.fixture(scope="module")
def others() -> list[Path]:
    return wheels(BUILD / "wheels.txt")


@pytest.fixture(scope="module")
def made(others: list[Path]) -> dict[str, Any]:
    """The bill of what the build carries."""
    ours = our_wheel()
    made: dict[str, Any] = json.loads(bill(__version__, ours, others, make_lock(INFO, [ours, *others])))
    return made


def test_both_packages_have_one_version() -> None:
    assert PROJECT["version"] == __version__
    [needed] = [need for need in map(Requirement, PROJECT["dependencies"]) if need.name == "rtvi-web"]
    assert str(needed.specifier) == f"=={__version__}"


def test_the_site_that_is_carried_is_the_face_alone(tmp_path: Path) -> None:
    dist = (
        "index.html",
        "pyscript/core.js",
        "reference.css",
        "waveform.py",
        "wheels/rtvi_web_console-1-py3-none-any.whl",
    )
    carried = (
        "loader.js",
        "pyodide/aa/rtvi_web-1-py3-none-any.whl",
        "worklets/pcm.js",
        "wheels/rtvi_web-1-py3-none-any.whl",
    )
    write_tree(tmp_path, {name: b"" for name in (*dist, *carried, "loader.js.br", "loader.js.gz")})
    own = {path.name for path in (CONSOLE / "page").iterdir()}
    assert set(site_of_the_console(tmp_path)) == {*carried, *own}


def test_a_build_of_the_site_keeps_the_wheel_of_the_console(tmp_path: Path) -> None:
    wheel, ours = "wheels/rtvi_web_console-1-py3-none-any.whl", "wheels/rtvi_web-1-py3-none-any.whl"
    write_tree(tmp_path, {wheel: b"console", ours: b"ours", f"{ours}.br": b""})
    assert console_wheels(tmp_path) == {wheel: b"console"}


def test_the_bill_is_cyclonedx(made: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps({**made, "components": [{}]})) is not None


def test_the_bill_has_what_is_pinned_and_nothing_else(made: dict[str, Any], others: list[Path]) -> None:
    components = {each["name"]: each for each in made["components"]}
    expected = {**PINS, "rtvi-web": __version__, "pyodide": PYODIDE["version"]}
    assert {name: each["version"] for name, each in components.items()} == expected
    pinned = (BUILD / "wheels.txt").read_text()
    for name in PINS:
        assert (
            f"{name}=={components[name]['version']} --hash=sha256:{components[name]['hashes'][0]['content']}" in pinned
        )
    assert components["pyodide"]["components"][0]["version"] == INFO["python"]


def test_what_is_not_pinned_is_refused(others: list[Path]) -> None:
    ours = our_wheel()
    lock = make_lock(INFO, [ours, *others])
    with pytest.raises(BuildError, match=r"build/wheels\.txt"):
        bill(__version__, ours, others[:-1], lock)
    with pytest.raises(BuildError, match=r"build/wheels\.txt"):
        bill("0.0.1", ours, others, lock)
    lock["packages"]["pydantic"]["version"] = "2.12.0"
    with pytest.raises(BuildError, match=r"build/wheels\.txt"):
        bill(__version__, ours, others, lock)


def test_a_wheel_with_another_content_is_refused(others: list[Path], tmp_path: Path) -> None:
    ours = our_wheel()
    changed = tmp_path / others[0].name
    changed.write_bytes(others[0].read_bytes())
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("added.py", "")
    with pytest.raises(BuildError, match="is not the wheel that"):
        bill(__version__, ours, [changed, *others[1:]], make_lock(INFO, [ours, *others]))


def test_every_component_has_its_licence_here(made: dict[str, Any]) -> None:
    components = {each["name"]: each for each in made["components"] if each["name"] != "rtvi-web"}
    components["cpython"] = components["pyodide"]["components"][0]
    assert {name: row[:2] for name, row in TABLE.items()} == {
        name: [each["version"], each["licenses"][0]["license"]["id"]] for name, each in components.items()
    }
    files = {path.name for path in (CONSOLE / "licenses").iterdir()}
    assert files == {"README.md", *(file for _, _, file, _ in TABLE.values())}
    assert set(PROJECT["license"].split(" AND ")) == {"BSD-2-Clause", *(licence for _, licence, *_ in TABLE.values())}


@pytest.mark.parametrize("name", sorted(PINS))
def test_licences_are_the_packages_own(name: str, others: list[Path]) -> None:
    [wheel] = [path for path in others if path.name.startswith(f"{name.replace('-', '_')}-")]
    with zipfile.ZipFile(wheel) as archive:
        [source] = [each for each in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/licenses/[^/]+", each)]
        assert (CONSOLE / "licenses" / f"{name}.txt").read_bytes() == archive.read(source)


def test_licences_of_pyodide_and_python() -> None:
    assert "Mozilla Public License Version 2.0" in (CONSOLE / "licenses" / "pyodide.txt").read_text().splitlines()[0]
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in (CONSOLE / "licenses" / "cpython.txt").read_text()
    debians = Path("/usr/share/common-licenses/MPL-2.0")
    if debians.exists():
        assert (CONSOLE / "licenses" / "pyodide.txt").read_bytes() == debians.read_bytes()


def test_a_changed_file_of_pyodide_says_so_in_its_first_line() -> None:
    published = npm_packages(BUILD / "npm" / "site") / "pyodide"
    built = ROOT / "dist" / "pyodide"
    if not built.exists():
        pytest.skip("dist/ is not built")
    copies = {"stock.mjs": "pyodide.mjs", "loader.mjs": "pyodide.mjs"}
    for path in (*built.rglob("*.mjs"), *built.glob("*.js")):
        original = published / copies.get(path.name, path.name)
        if original.exists() and path.read_bytes() != original.read_bytes():
            assert "rtvi_web" in path.read_text().splitlines()[0], path.name
