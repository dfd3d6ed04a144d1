"""The bill of materials of what the wheel of rtvi_web_console carries, as CycloneDX JSON.

It is made from the pins: build/wheels.txt and build/npm/site/. What is carried must be what they name.
"""

import base64
import email
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from downloads import sha256
from packaging.utils import canonicalize_name, parse_wheel_filename
from paths import BUILD, BuildError

Component = dict[str, Any]
NPM = BUILD / "npm" / "site" / "package-lock.json"
WHEELS = BUILD / "wheels.txt"
PIN = re.compile(r"^([\w.-]+)==(\S+) --hash=sha256:([0-9a-f]{64})$", re.MULTILINE)
# What packages say in other words than SPDX's.
LICENCES = {"Mozilla Public License Version 2.0": "MPL-2.0"}


def bill(version: str, ours: Path, others: list[Path], lock: dict[str, Any]) -> bytes:
    """The bill of a console of this version.

    Args:
        ours: the wheel of rtvi_web.
        others: the wheels of others, as they were published.
        lock: the Pyodide lock that is carried.

    Raises:
        BuildError: what is carried is not what is pinned.
    """
    pins = dict((canonicalize_name(name), (found, digest)) for name, found, digest in PIN.findall(WHEELS.read_text()))
    wheels = [_wheel(path) for path in [ours, *others]]
    carried = {name: package["version"] for name, package in lock["packages"].items()}
    pinned = {name: found for name, (found, _) in pins.items()} | {"rtvi-web": version}
    if carried != pinned or {each["name"]: each["version"] for each in wheels} != pinned:
        raise BuildError(f"build/wheels.txt and our version pin {pinned}, but the site has {carried}")
    for each in wheels:
        if each["name"] in pins and each["hashes"][0]["content"] != pins[each["name"]][1]:
            raise BuildError(f"{each['name']} is not the wheel that build/wheels.txt pins")
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component("rtvi-web-console", version, "BSD-2-Clause", "pypi", kind="application")},
        "components": [*wheels, _pyodide(lock["info"]["python"])],
    }
    return json.dumps(document, indent=1).encode()


def _pyodide(python: str) -> Component:
    """Pyodide as npm has it, and in it CPython of that version."""
    package = json.loads(NPM.read_text())["packages"]["node_modules/pyodide"]
    algorithm, _, digest = package["integrity"].partition("-")
    hashed = {"SHA-512": base64.b64decode(digest).hex()} if algorithm == "sha512" else {}
    pyodide = _component("pyodide", package["version"], package["license"], "npm", hashed)
    return pyodide | {"components": [_component("cpython", python, "PSF-2.0", "generic")]}


def _wheel(path: Path) -> Component:
    name, version, *_ = parse_wheel_filename(path.name)
    with zipfile.ZipFile(path) as archive:
        metadata_name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(metadata_name))
    licence = metadata["License-Expression"] or LICENCES[metadata["License"].splitlines()[0]]
    return _component(name, str(version), licence, "pypi", {"SHA-256": sha256(path)})


def _component(
    name: str, version: str, licence: str, registry: str, hashes: dict[str, str] | None = None, kind: str = "library"
) -> Component:
    address = f"pkg:{registry}/{name}@{version}"
    component: Component = {"type": kind, "bom-ref": address, "name": name, "version": version}
    component["licenses"] = [{"license": {"id": licence}}]
    component["purl"] = address
    if hashes:
        component["hashes"] = [{"alg": algorithm, "content": content} for algorithm, content in hashes.items()]
    return component
