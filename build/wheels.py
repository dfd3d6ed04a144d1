"""Our own wheel: built with hatchling, checked, and built again only when what it is made of changed."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from paths import CACHE, ROOT, BuildError

FOLDER = CACHE / "wheels"


def our_wheel(root: Path = ROOT) -> Path:
    """The wheel of rtvi_web as it stands in the working tree."""
    folder = FOLDER / _inputs_hash(root)
    if not folder.exists():
        print("  building the wheel of rtvi_web", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            new = Path(scratch) / "new"
            check_contents(_build(root, new))
            new.rename(folder)  # only when complete, so that an interrupted build leaves nothing behind
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Raises BuildError when the wheel holds anything beside rtvi_web and its metadata, or isn't pure Python."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    allowed = ("rtvi_web/", "-".join(wheel.name.split("-")[:2]) + ".dist-info/")
    strangers = [name for name in names if not name.startswith(allowed)]
    if strangers or not wheel.name.endswith("-py3-none-any.whl"):
        raise BuildError(f"{wheel.name} must be pure Python and hold only rtvi_web, but holds {strangers}")


def _inputs_hash(root: Path) -> str:
    files = [root / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    files += sorted((root / "rtvi_web").rglob("*"))
    digest = hashlib.sha256()
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.read_bytes()
            digest.update(f"{path.relative_to(root)} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


def _build(root: Path, folder: Path) -> Path:
    # No isolation: hatchling is already in the environment, so this needs no network.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", f"--outdir={folder}", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    if done.returncode:
        raise BuildError(f"The wheel could not be built:\n{done.stdout}{done.stderr}".rstrip())
    (wheel,) = folder.glob("*.whl")
    return wheel
