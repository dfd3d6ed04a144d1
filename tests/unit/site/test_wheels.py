"""The wheel we ship, and the lock that tells Pyodide about wheels."""

import base64
import hashlib
import re
import zipfile
from pathlib import Path

import pytest
from console_wheel import CONSOLE
from lockfile import make_lock
from paths import BuildError
from wheel_files import write_wheel
from wheels import check, our_wheel

pytestmark = pytest.mark.build

INFO = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.2"}


def test_our_wheel_holds_only_rtvi_web() -> None:
    wheel = our_wheel()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"rtvi_web/__init__.py", "rtvi_web/py.typed"} <= set(names)
    dist_info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    assert {name.split("/")[0] for name in names} == {"rtvi_web", "pytest_rtvi_web.py", dist_info}
    assert our_wheel() == wheel


def test_its_page_on_an_index_has_no_link_into_the_repository() -> None:
    wheel = our_wheel()
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]
    for text in (metadata, (CONSOLE / "README.md").read_text(encoding="utf-8")):
        assert re.findall(r"\]\((?!https?://)", text) == []
    assert "`docs/tag.md`" in metadata


@pytest.mark.parametrize(
    ("dropped", "added", "reason"),
    [
        ("", "build/site.py", "build"),
        ("", "tests/test_a.py", "tests"),
        ("", "rtvi_web.py", r"rtvi_web\.py"),
        ("", "rtvi_web/left_over.py", r"rtvi_web/left_over\.py"),
        ("rtvi_web/errors.py", "", r"rtvi_web/errors\.py"),
        ("rtvi_web/py.typed", "", r"rtvi_web/py\.typed"),
    ],
)
def test_a_wheel_that_does_not_hold_the_package_as_it_is_is_refused(
    tmp_path: Path, dropped: str, added: str, reason: str
) -> None:
    with pytest.raises(BuildError, match=reason):
        check(changed_copy(our_wheel(), tmp_path, dropped, added))


def changed_copy(wheel: Path, folder: Path, dropped: str, added: str) -> Path:
    """A well-formed wheel with one file less or more."""
    copy = folder / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(copy, "w") as target:
        *names, record = source.namelist()
        assert record.endswith(".dist-info/RECORD")
        lines = [line for line in source.read(record).decode().splitlines() if line.partition(",")[0] != dropped]
        for name in names:
            if name != dropped:
                target.writestr(name, source.read(name))
        if added:
            target.writestr(added, "")
            digest = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).rstrip(b"=").decode()
            lines.append(f"{added},sha256={digest},0")
        target.writestr(record, "\n".join([*lines, ""]))
    return copy


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


def test_an_incomplete_lock_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "a", "1.0", "b>=2")
    with pytest.raises(BuildError, match=r"a needs b>=2, but it is not pinned"):
        make_lock(INFO, [wheel])
    with pytest.raises(BuildError, match=r"a needs b>=2, but its pinned version is 1\.9"):
        make_lock(INFO, [wheel, write_wheel(tmp_path, "b", "1.9")])
