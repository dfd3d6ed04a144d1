"""Makes a virtual environment and fills it: `python3 build/environment.py .venv requirements-dev.txt`.

Does nothing when the folder already holds what the requirements say. Needs only Python; on a bare Debian, whose `venv`
lacks its pip, it installs python3-venv where it may, else it says what to do.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from paths import CACHE

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
            print(f"  making {folder.name} (once)", file=sys.stderr, flush=True)
            _ensure_venv_works()
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            _run(str(python), "-m", "pip", "install", "--disable-pip-version-check", "--requirement", str(requirements))
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
    _run("apt-get", "update")
    _run("apt-get", "install", "--yes", "--no-install-recommends", "python3-venv")


def _run(*command: str) -> None:
    """Runs a command, whose output shows on stderr."""
    code = subprocess.run(command, stdout=sys.stderr).returncode
    if code:
        raise SetupError(f"`{' '.join(command)}` ended with code {code}; the reason is above")


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
