"""Our pyodide-lock.json: tells Pyodide which wheels there are, what they need, and their hashes."""

import email
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from downloads import sha256
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from paths import BuildError

Lock = dict[str, Any]


def make_lock(info: dict[str, str], wheels: Iterable[Path]) -> Lock:
    """The lock that holds exactly `wheels`, each in a folder named after its content, relative to the lock.

    So a wheel's address never means two contents, and browsers may keep it without end. `info` is that of Pyodide's own
    lock. Raises BuildError when a requirement isn't met by one of the wheels.
    """
    environment = _marker_environment(info["python"])
    packages = {}
    requirements: list[tuple[str, Requirement]] = []
    for wheel in sorted(wheels):
        entry, needs = _entry(wheel, environment)
        packages[entry["name"]] = entry
        requirements += [(entry["name"], need) for need in needs]
    for name, need in requirements:
        found = packages.get(canonicalize_name(need.name))
        if found is None or not need.specifier.contains(found["version"], prereleases=True):
            reason = f"its pinned version is {found['version']}" if found else "it is not pinned"
            raise BuildError(f"{name} needs {need}, but {reason}: see build/wheels.txt")
    return {"info": info, "packages": packages}


def _entry(wheel: Path, environment: dict[str, str]) -> tuple[dict[str, Any], list[Requirement]]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata_name = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(metadata_name))
    needs = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    needs = [need for need in needs if need.marker is None or need.marker.evaluate(environment)]
    modules = {name.split("/")[0].split(".")[0] for name in names if name.endswith((".py", ".pyc", ".so"))}
    name = canonicalize_name(metadata["Name"])
    digest = sha256(wheel)
    entry: dict[str, Any] = {
        "name": name,
        "version": metadata["Version"],
        "file_name": f"{digest[:12]}/{wheel.name}",
        "install_dir": "site",
        "sha256": digest,
        "package_type": "package",
        "imports": sorted(modules),
        "depends": sorted(canonicalize_name(need.name) for need in needs),
        "unvendored_tests": False,
        "tool": {},
    }
    return entry, needs


def _marker_environment(python: str) -> dict[str, str]:
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": "wasm32",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Emscripten",
        "platform_version": "",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "emscripten",
    }
