"""The wheel we ship, and the lock that tells Pyodide about wheels."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from lockfile import make_lock
from paths import BuildError
from wheels import check_contents, our_wheel

pytestmark = pytest.mark.build

INFO = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.2"}


def write_wheel(folder: Path, name: str, version: str, *requires: str, files: tuple[str, ...] = ()) -> Path:
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in requires)
    with zipfile.ZipFile(path, "w") as wheel:
        for file in (f"{module}/__init__.pyc", *files):
            wheel.writestr(file, "")
        wheel.writestr(f"{module}-{version}.dist-info/METADATA", metadata)
    return path


def test_our_wheel_holds_only_rtvi_web() -> None:
    wheel = our_wheel()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"rtvi_web/__init__.py", "rtvi_web/py.typed"} <= set(names)
    dist_info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    assert {name.split("/")[0] for name in names} == {"rtvi_web", dist_info}
    assert our_wheel() == wheel


@pytest.mark.parametrize("stranger", ["build/site.py", "tests/test_a.py", "rtvi_web.py"])
def test_a_wheel_with_anything_else_is_refused(tmp_path: Path, stranger: str) -> None:
    with pytest.raises(BuildError, match=stranger):
        check_contents(write_wheel(tmp_path, "rtvi-web", "1.0", files=(stranger,)))


def test_the_lock_describes_its_wheels(tmp_path: Path) -> None:
    needs = (
        "b-thing>=2,<3",
        "tomli; python_version < '3.11'",
        "extra-thing; extra == 'more'",
        "c; sys_platform == 'win32'",
    )
    first = write_wheel(tmp_path, "A_thing", "1.0", *needs)
    second = write_wheel(tmp_path, "b-thing", "2.5")
    lock = make_lock(INFO, [first, second])
    assert lock["info"] == INFO
    assert set(lock["packages"]) == {"a-thing", "b-thing"}
    entry = lock["packages"]["a-thing"]
    assert entry["depends"] == ["b-thing"]
    assert entry["imports"] == ["A_thing"]
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert entry["sha256"] == digest
    assert entry["file_name"] == f"{digest[:12]}/{first.name}"


def test_a_lock_with_a_hole_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "a", "1.0", "b>=2")
    with pytest.raises(BuildError, match=r"a needs b>=2, but build/pins.toml lacks it"):
        make_lock(INFO, [wheel])
    with pytest.raises(BuildError, match=r"a needs b>=2, but build/pins.toml has 1\.9"):
        make_lock(INFO, [wheel, write_wheel(tmp_path, "b", "1.9")])
