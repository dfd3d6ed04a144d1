"""Makes a virtual environment and fills it: `python3 build/environment.py .venv requirements-dev.txt`.

Does nothing when the folder already holds what the requirements say. Needs nothing but Python itself; on a bare
Debian, where `venv` lacks its pip, it installs python3-venv if it may, else says what to do.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from paths import CACHE, ROOT

STAMP = "requirements.sha256"


class SetupError(Exception):
    """The environment could not be made; the message says why and what to do."""


def environment(folder: Path, requirements: Path) -> Path:
    """The Python of the virtual environment `folder`, made and filled first if it isn't up to date."""
    python = folder / "bin" / "python"
    stamp = folder / STAMP
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at once would undo each other's work
        if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
            _ensure_venv_works()
            _run([sys.executable, "-m", "venv", "--clear", str(folder)], f"making {folder.name}")
            install = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
            _run([*install, "-r", str(requirements)], f"filling {folder.name} (once)")
            stamp.write_text(wanted)
    return python


def _ensure_venv_works() -> None:
    if importlib.util.find_spec("ensurepip"):
        return
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists() or not shutil.which("apt-get"):
        raise SetupError(
            "this Python cannot make virtual environments: ensurepip is missing. "
            "Install it (on Debian and Ubuntu: apt-get install python3-venv) and start again"
        )
    _run(["apt-get", "update"], "python3-venv is missing: apt-get update")
    _run(["apt-get", "install", "--yes", "--no-install-recommends", "python3-venv"], "apt-get install python3-venv")


def _run(command: list[str], label: str) -> None:
    """Runs `command` with its output in a log, and shows that it lives: a spinner, or a line now and then."""
    log = CACHE / "setup.log"
    live = sys.stderr.isatty()
    start = time.monotonic()
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            while True:
                _show(f"{label}: {time.monotonic() - start:.0f} s {_last_lines(log, 1).strip()}", live)
                try:
                    process.wait(timeout=0.5 if live else 10)
                    break
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise SetupError(
            f"{label} failed: `{' '.join(command)}` ended with {process.returncode}. "
            f"The end of {log.relative_to(ROOT)}:\n{_last_lines(log, 15)}"
        )
    _show(f"{label}: done in {time.monotonic() - start:.0f} s", live)
    if live:
        sys.stderr.write("\n")


def _show(text: str, live: bool) -> None:
    width = shutil.get_terminal_size().columns - 3
    sys.stderr.write(f"\r  {text[:width]}\033[K" if live else f"  {text[:120]}\n")
    sys.stderr.flush()


def _last_lines(log: Path, count: int) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("requirements", type=Path)
    arguments = parser.parse_args()
    try:
        environment(arguments.folder.resolve(), arguments.requirements)
    except SetupError as error:
        sys.exit(f"set-up failed: {error}")


if __name__ == "__main__":
    main()
