"""What the build downloads is what build/pins.toml pins, or the build stops."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from downloads import Pin, fetch, read_pins
from paths import BuildError

pytestmark = pytest.mark.build

CONTENT = b"a wheel"
PIN = Pin("wheels", "thing", "1.0", "thing-1.0-py3-none-any.whl", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "no route to host")

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.usefixtures("no_network")
def test_a_cached_file_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / PIN.file).write_bytes(CONTENT)
    assert fetch([PIN], tmp_path) == {"thing": tmp_path / PIN.file}


@pytest.mark.usefixtures("no_network")
def test_a_cached_file_with_another_hash_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / PIN.file).write_bytes(b"something else")
    with pytest.raises(BuildError) as caught:
        fetch([PIN], tmp_path)
    message = str(caught.value)
    assert PIN.file in message
    assert PIN.sha256 in message
    assert hashlib.sha256(b"something else").hexdigest() in message


def test_a_downloaded_file_with_another_hash_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / PIN.file).write_bytes(b"forged")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(BuildError, match=PIN.file):
        fetch([PIN], tmp_path)


@pytest.mark.usefixtures("no_network")
def test_a_failed_download_says_what_failed_and_why(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"thing==1\.0.*network(.|\n)*no route to host"):
        fetch([PIN], tmp_path)


def test_every_pin_names_its_version_in_its_file() -> None:
    pins = read_pins()
    assert {"pyodide", "@pyscript/core", "pydantic", "pydantic-core", "micropip", "pytest"} <= {
        pin.name for pin in pins
    }
    assert all(f"-{pin.version}" in pin.file for pin in pins)
