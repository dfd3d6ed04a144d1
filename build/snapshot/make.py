"""The snapshot as files of the site: taken by Pyodide's own Python under Node, cut to what differs, with its loader.

A snapshot is one file: four little-endian 32-bit numbers (a magic number, and the sizes of the parts), the header as
JSON, the blocks of memory, and small files that pages read at once.
"""

import email
import hashlib
import json
import struct
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from downloads import sha256
from lockfile import Lock
from paths import BUILD, CACHE, BuildError
from tree import Files

from snapshot.blocks import BLOCK, changed_blocks
from snapshot.patches import LOADER, patched

FOLDER = CACHE / "snapshots"
SOURCES = BUILD / "snapshot"
SITE_PACKAGES = "/lib/python3.14/site-packages"
OURS = "rtvi-web"
MAGIC = 0x504E5352  # RSNP
ENTRY = "pyodide.mjs"
PAGE_MODULES = ("restore.mjs", "late.mjs", "mount.mjs")
NOTICE = "// Pyodide's own pyodide.mjs, changed by rtvi_web: see build/snapshot/patches.py\n"
SMALL = 1 << 16  # bytes

Index = list[tuple[str, int, int]]
"""Files in an archive: path, offset and size."""


def snapshot_files(pyodide: Path, stdlib: Path, wheels: dict[str, Path], lock: Lock) -> Files:
    """What a Pyodide distribution has instead of a bare pyodide.mjs, so that its pages boot from a snapshot.

    Args:
        pyodide: the npm package.
        stdlib: the standard library, compiled.
        wheels: those that may be missing when a page is ready, compiled, by their names in the lock.
        lock: names all wheels of the distribution.
    """
    loader = NOTICE + patched(
        (pyodide / ENTRY).read_text(), LOADER, ENTRY
    )  # before the slow part: it says which patch is wrong
    snapshot = _snapshot(pyodide, stdlib, wheels, lock)
    files: Files = {"boot.snapshot": snapshot, "loader.mjs": loader.encode()}
    files |= {name: (SOURCES / "page" / name).read_bytes() for name in PAGE_MODULES}
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{name} {len(data)}\n".encode() + data)
    folder = digest.hexdigest()[:12]
    version = json.loads((pyodide / "package.json").read_text())["version"]
    entry = (SOURCES / "page" / ENTRY).read_text().replace("@FOLDER@", folder).replace("@VERSION@", version)
    return {ENTRY: entry.encode(), **{f"{folder}/{name}": data for name, data in files.items()}}


def late_wheels(lock: Lock, archives: dict[str, Path]) -> dict[str, Path]:
    """Our wheel and what it needs, by their names in the lock."""
    wheels: dict[str, Path] = {}
    names = [OURS]
    for name in names:
        package = lock["packages"][name]
        wheels[name] = archives[Path(package["file_name"]).name]
        names += [need for need in package["depends"] if need not in names]
    return wheels


def _snapshot(pyodide: Path, stdlib: Path, wheels: dict[str, Path], lock: Lock) -> bytes:
    """The snapshot file, made anew only when something that goes into it has changed."""
    sources = [*sorted(SOURCES.glob("*.*")), SOURCES / "page" / "mount.mjs", SOURCES / "page" / "fresh.py"]
    inputs = [*sources, *(pyodide / name for name in ("pyodide.asm.mjs", "pyodide.asm.wasm", ENTRY))]
    inputs += [stdlib, *wheels.values()]
    key = hashlib.sha256("".join(map(sha256, inputs)).encode()).hexdigest()[:16]
    cached = FOLDER / f"{key}.snapshot"
    if not cached.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            new = Path(scratch) / "new"
            new.write_bytes(_take(pyodide, stdlib, wheels, lock, Path(scratch)))
            new.rename(cached)
    return cached.read_bytes()


def _take(pyodide: Path, stdlib: Path, wheels: dict[str, Path], lock: Lock, scratch: Path) -> bytes:
    indexes = {name: _index(path) for name, path in wheels.items()}
    job = {
        "pyodide": str(pyodide.resolve()),
        "stdlib": str(stdlib),
        "lockInfo": lock["info"],
        "prelude": str(SOURCES / "prelude.py"),
        "sitePackages": SITE_PACKAGES,
        "wheels": [{"path": str(wheels[OURS]), "files": indexes[OURS]}],
        "lateWheels": [{"path": str(wheels[name]), "files": indexes[name]} for name in wheels if name != OURS],
        **{name: str(scratch / name) for name in ("heap", "initialHeap", "result")},
    }
    (scratch / "job.json").write_text(json.dumps(job))
    done = subprocess.run(["node", str(SOURCES / "take.mjs"), str(scratch / "job.json")])
    if done.returncode:
        raise BuildError("The memory snapshot could not be taken; the reason is above. SNAPSHOT=0 builds without it")
    heap, initial = (scratch / "heap").read_bytes(), (scratch / "initialHeap").read_bytes()
    runs, blocks = changed_blocks(heap, initial, (pyodide / "pyodide.asm.wasm").read_bytes())
    result: dict[str, Any] = json.loads((scratch / "result").read_text())
    small, small_bytes = _small_files(wheels[OURS], indexes[OURS])
    header = {
        "buildId": result["buildId"],
        "hiwire": result["hiwire"],
        "heap": len(heap),
        "block": BLOCK,
        "runs": runs,
        "sitePackages": SITE_PACKAGES,
        "small": small,
        "stdlibBytes": stdlib.stat().st_size,
        "wheels": {
            name: {
                **_names(wheels[name]),
                "path": lock["packages"][name]["file_name"],
                "sha256": lock["packages"][name]["sha256"],
                "files": [entry for entry in indexes[name] if entry[0] not in {path for path, *_ in small}],
            }
            for name in wheels
        },
        "ours": OURS,
        "later": result["later"],
        "fresh": (SOURCES / "page" / "fresh.py").read_text(),
    }
    print(f"  took a snapshot of {len(result['modules'])} modules, {len(blocks) / 1e6:.1f} MB", flush=True)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 16)
    return struct.pack("<4I", MAGIC, len(text), len(blocks), len(small_bytes)) + text + blocks + small_bytes


def _index(wheel: Path) -> Index:
    """Where the files of an archive are in it. They are stored as they are: see compile_archive.py."""
    index: Index = []
    with zipfile.ZipFile(wheel) as archive, wheel.open("rb") as file:
        for info in archive.infolist():
            if info.is_dir():
                continue
            if info.compress_type != zipfile.ZIP_STORED:
                raise BuildError(f"{info.filename} of {wheel.name} is compressed, so pages cannot read it in place")
            file.seek(info.header_offset + 26)
            name, extra = struct.unpack("<2H", file.read(4))
            index.append((info.filename, info.header_offset + 30 + name + extra, info.file_size))
    return index


def _names(wheel: Path) -> dict[str, str]:
    """The folder of a wheel's metadata, and the name in them."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        distribution = email.message_from_bytes(archive.read(metadata))["Name"]
    return {"info": metadata.split("/")[0], "distribution": distribution}


def _small_files(wheel: Path, index: Index) -> tuple[Index, bytes]:
    """The files of our wheel that are no code, such as the widgets' style: pages read them while they become ready."""
    data = wheel.read_bytes()
    small: Index = []
    content = bytearray()
    for path, offset, size in index:
        if not path.endswith(".pyc") and size <= SMALL:
            small.append((path, len(content), size))
            content += data[offset : offset + size]
    return small, bytes(content)
