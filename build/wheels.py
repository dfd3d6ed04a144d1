"""Our own wheel: built with hatchling, checked, and built again only when what it is made of changed."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from paths import CACHE, ROOT, BuildError
from tree import Files

FOLDER = CACHE / "wheels"


def our_wheel() -> Path:
    """The wheel of rtvi_web as it stands in the working tree."""
    folder = FOLDER / _inputs_hash()
    if not folder.exists():
        print("  building the wheel of rtvi_web", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            new = Path(scratch) / "new"
            # No isolation: hatchling is already in the environment, so this needs no network.
            run("build", "--wheel", "--no-isolation", f"--outdir={new}")
            check(next(new.glob("*.whl")))
            new.rename(folder)  # only when complete, so that an interrupted build leaves nothing behind
    (wheel,) = folder.glob("*.whl")
    return wheel


def console_wheels(dist: Path) -> Files:
    """The console's wheels that are in a site. They hold an earlier state of it, so only `make wheels` makes them."""
    return {f"wheels/{path.name}": path.read_bytes() for path in (dist / "wheels").glob("rtvi_web_console-*.whl")}


def check(wheel: Path, project: Path = ROOT) -> None:
    """Raises BuildError unless the wheel holds what the project's pyproject.toml says under check-wheel-contents."""
    run("check_wheel_contents", str(wheel), folder=project)


def _inputs_hash() -> str:
    files = [ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE", "pytest_rtvi_web.py")]
    files += sorted((ROOT / "rtvi_web").rglob("*"))
    digest = hashlib.sha256()
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT)} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


def run(module: str, *arguments: str, folder: Path = ROOT) -> None:
    """Runs a tool of the environment in a folder. Raises BuildError, with what it printed, if it fails."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise BuildError(f"`python -m {module}` failed for the wheel of {folder}:\n{done.stdout}{done.stderr}".rstrip())
