"""What the build downloads is what is pinned, or the build stops."""

import base64
import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from downloads import npm_packages, sha256, wheels
from paths import BUILD, ROOT, BuildError
from wheel_files import write_wheel

pytestmark = pytest.mark.build

WRONG = base64.b64encode(bytes(64)).decode()


@pytest.fixture(autouse=True)
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of downloads. What pip and npm fetch is on this machine."""
    folder = tmp_path / "downloads"
    monkeypatch.setattr("downloads.DOWNLOADS", folder)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    return folder


def fetched(downloads: Path) -> list[Path]:
    """What is kept, whole or in part."""
    return [path for path in downloads.iterdir() if path.suffix != ".lock"]


def pip_pins(folder: Path, line: str) -> Path:
    path = folder / "wheels.txt"
    path.write_text(line + "\n")
    return path


def npm_pins(folder: Path, integrity: str | None = None) -> Path:
    """Pins of a package whose tarball is in `folder`, by its own hash if no other is given."""
    tarball = folder / "thing-1.0.0.tgz"
    manifest = folder / "package.json"
    manifest.write_text('{"name": "thing", "version": "1.0.0"}')
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(manifest, "package/package.json")
    integrity = integrity or base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    pins = folder / "npm"
    pins.mkdir(exist_ok=True)
    needs = {"dependencies": {"thing": f"file:{tarball}"}}
    entry = {"version": "1.0.0", "resolved": f"file:{tarball}", "integrity": f"sha512-{integrity}"}
    (pins / "package.json").write_text(json.dumps(needs))
    lock = {"lockfileVersion": 3, "requires": True, "packages": {"": needs, "node_modules/thing": entry}}
    (pins / "package-lock.json").write_text(json.dumps(lock))
    return pins


def test_the_pinned_wheel_is_fetched_once(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "thing", "1.0")
    pins = pip_pins(tmp_path, f"thing==1.0 --hash=sha256:{sha256(wheel)}")
    (first,) = wheels(pins)
    assert (first.name, first.read_bytes()) == (wheel.name, wheel.read_bytes())
    wheel.unlink()
    assert wheels(pins) == [first]


def test_another_wheel_than_the_pinned_one_stops_the_build(tmp_path: Path, downloads: Path) -> None:
    wheel = write_wheel(tmp_path, "thing", "1.0")
    pins = pip_pins(tmp_path, f"thing==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(BuildError, match=rf"Expected sha256 {'0' * 64}(.|\n)*Got +{sha256(wheel)}"):
        wheels(pins)
    assert fetched(downloads) == []


@pytest.mark.parametrize("line", ["thing==1.0", "thing"])
def test_a_wheel_without_a_hash_stops_the_build(tmp_path: Path, downloads: Path, line: str) -> None:
    write_wheel(tmp_path, "thing", "1.0")
    with pytest.raises(BuildError, match=r"Hashes are required|versions pinned with =="):
        wheels(pip_pins(tmp_path, line))
    assert fetched(downloads) == []


def test_a_failed_download_says_what_failed_and_why(tmp_path: Path, downloads: Path) -> None:
    pins = pip_pins(tmp_path, f"thing==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(BuildError, match=r"wheels\.txt(.|\n)*No matching distribution found for thing==1\.0"):
        wheels(pins)
    wheel = write_wheel(tmp_path, "thing", "1.0")  # and it is tried again
    assert wheels(pip_pins(tmp_path, f"thing==1.0 --hash=sha256:{sha256(wheel)}"))


def test_the_pinned_package_is_fetched_once(tmp_path: Path) -> None:
    pins = npm_pins(tmp_path)
    folder = npm_packages(pins)
    assert json.loads((folder / "thing" / "package.json").read_text())["version"] == "1.0.0"
    (tmp_path / "thing-1.0.0.tgz").unlink()
    assert npm_packages(pins) == folder


def test_another_package_than_the_pinned_one_stops_the_build(tmp_path: Path, downloads: Path) -> None:
    with pytest.raises(BuildError, match=rf"EINTEGRITY(.|\n)*sha512-{WRONG}"):
        npm_packages(npm_pins(tmp_path, WRONG))
    assert fetched(downloads) == []


@pytest.mark.parametrize("lock", [*BUILD.glob("npm/*/package-lock.json"), *ROOT.glob("benchmarks/*/package-lock.json")])
def test_every_package_is_pinned_by_its_content_and_by_no_address(lock: Path) -> None:
    """npm takes a package without `integrity` as it comes."""
    packages = json.loads(lock.read_text())["packages"]
    assert len(packages) > 1
    for name, package in packages.items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-"), name
