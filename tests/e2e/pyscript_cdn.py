"""Stands in for PyScript's CDN and for a package registry, in the routes of a browser's context.

PyScript, Pyodide and MicroPython are npm's packages, for what the CDN serves. The registry has our wheel
and nothing else; it is matched by path, on any host. Pyodide's lock is its own. Only the rows of micropip and of
what our wheel needs, whose wheels no registry has, name others instead, if there are some that the Pyodide can run.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from downloads import npm_packages, sha256, wheels
from paths import BUILD, DIST
from playwright.sync_api import BrowserContext, Route

THEIR_HOST = "https://their.host"
"""Where a wheel of ours is served that a page names by its address."""
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".zip": "application/zip",
}
NPM = re.compile(r"/npm/@pyscript/core@([\d.]+)/(dist/[\w./-]+)$")
MICROPYTHON = re.compile(r"/npm/(@micropython/micropython-webassembly-pyscript)@[\d.-]+/([\w.-]+)$")
PYODIDE = re.compile(r"/pyodide/v([\d.]+)/full/([\w.+-]+)$")
PROJECT = re.compile(r"/simple/([\w.-]+)/$")
FILE = re.compile(r"/([\w.+-]+\.whl)$")
OF_MICROPYTHON = re.compile(r"/pi/v2/package/")


@cache
def packages() -> Path:
    """What npm has of PyScript, Pyodide and MicroPython."""
    return npm_packages(BUILD / "npm" / "pyscript")


@cache
def our_wheel() -> Path:
    """The wheel of the site that is tested."""
    [wheel] = (DIST / "wheels").glob("rtvi_web-*.whl")
    return wheel


@cache
def of_others(pins: str) -> dict[str, Path]:
    """Wheels of others, by file name."""
    return {path.name: path for path in wheels(BUILD / pins)}


def replacements(python: str) -> dict[str, Path]:
    """The wheels for a Pyodide: with pydantic for the newest Python, else micropip with what it needs."""
    if python == "3.12":
        return of_others("pyodide-0.27-wheels.txt")
    found = of_others("wheels.txt")
    return found if python == "3.14" else {name: path for name, path in found.items() if name.startswith("micropip-")}


@cache
def lock(version: str) -> bytes:
    """Pyodide's lock with the wheels that there are."""
    path = packages() / f"pyodide-{version}" / "pyodide-lock.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = {name.replace("_", "-"): row for name, row in content["packages"].items()}
    for name, wheel in replacements(".".join(content["info"]["python"].split(".")[:2])).items():
        project, number, *_ = name.split("-")
        rows[project.replace("_", "-")].update(version=number, file_name=name, sha256=sha256(wheel))
    return json.dumps(content).encode()


def answer(address: str) -> tuple[str, bytes] | None:
    """The name and the content of a file of the CDN, or of the registry."""
    path = address.split("?")[0].split("#")[0]
    if found := NPM.search(path):
        return _file(packages() / f"pyscript-{found[1]}" / found[2])
    if found := MICROPYTHON.search(path):
        return _file(packages() / found[1] / found[2])
    if found := PYODIDE.search(path):
        if found[2] == "pyodide-lock.json":
            return found[2], lock(found[1])
        others = of_others("wheels.txt") | of_others("pyodide-0.27-wheels.txt")
        return _file(packages() / f"pyodide-{found[1]}" / found[2]) or _file(others.get(found[2]))
    if found := PROJECT.search(path):
        return _project(found[1])
    if (found := FILE.search(path)) and found[1] == our_wheel().name:
        return _file(our_wheel())
    return None


def _file(path: Path | None) -> tuple[str, bytes] | None:
    return (path.name, path.read_bytes()) if path and path.is_file() else None


def _project(name: str) -> tuple[str, bytes] | None:
    """A registry's page of a project, which is rtvi-web alone."""
    if name != "rtvi-web":
        return None
    wheel = our_wheel()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    file = {"filename": wheel.name, "url": f"{THEIR_HOST}/{wheel.name}", "hashes": {"sha256": digest}}
    return "simple", json.dumps({"meta": {"api-version": "1.0"}, "name": name, "files": [file]}).encode()


def stand_in(context: BrowserContext, hosts: set[str]) -> None:
    """Answer a context's requests of other hosts than this machine; what there is not is 404.

    The hosts of what the CDN and the registries may be asked for are added to ``hosts``.
    """
    for version in "0.27.7", "314.0.2":
        lock(version)  # downloads what is pinned, before a page waits for it

    def route(route: Route) -> None:
        found = answer(route.request.url)
        address = urlsplit(route.request.url)
        if found or PROJECT.search(address.path) or OF_MICROPYTHON.search(address.path):
            hosts.add(address.netloc)
        headers = {"Access-Control-Allow-Origin": "*"}
        if found is None:
            route.fulfill(status=404, headers=headers)
            return
        name, content = found
        kind = "application/vnd.pypi.simple.v1+json" if name == "simple" else TYPES[Path(name).suffix]
        route.fulfill(body=content, headers={**headers, "Content-Type": kind})

    context.route(re.compile(r"^https://"), route)
