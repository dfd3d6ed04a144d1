"""Notebooks on this machine: Jupyter, JupyterLite and marimo, with our wheels and nothing of the checkout."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from downloads import npm_packages, wheels
from environment import environment
from lockfile import make_lock
from paths import BUILD, CACHE, DIST, ROOT
from servers import free_port, started

PINS = ROOT / "tests" / "servers" / "notebooks"


def notebook_python() -> Path:
    """The Python of the notebooks' own environment, installed on first use."""
    return environment(ROOT / ".venv-notebook", PINS / "requirements.txt")


def write_notebook(path: Path, cells: list[str], kernel: str = "python3") -> None:
    """A notebook of Jupyter's, with these cells of Python."""
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    written = [{**code, "id": f"cell-{number}", "source": source} for number, source in enumerate(cells)]
    metadata = {"kernelspec": {"name": kernel, "display_name": "Python", "language": "python"}}
    document = {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))


@contextlib.contextmanager
def jupyter(python: Path, folder: Path) -> Iterator[str]:
    """Serves the notebooks of a folder; the value is the address of JupyterLab.

    Args:
        python: has Jupyter's packages, but not its data, which is in the notebooks' environment.
    """
    port = free_port()
    address = f"http://localhost:{port}/"
    shared = notebook_python().parents[1] / "share" / "jupyter"
    own = {"JUPYTER_PATH": shared, "JUPYTERLAB_DIR": shared / "lab", "HOME": folder, "JUPYTER_CONFIG_DIR": folder}
    command = ["-m", "jupyterlab", "--allow-root", "--no-browser", f"--port={port}", "--IdentityProvider.token="]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.news_url=", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    variables = {name: str(value) for name, value in own.items()}
    log = CACHE / f"jupyter-{port}.log"
    with started(python, command, "Jupyter", f"{address}api", log, variables) as server:
        server.wait_until_ready()
        yield address


@contextlib.contextmanager
def marimo(python: Path, notebook: Path) -> Iterator[str]:
    """Serves a marimo notebook as an app; the value is its address."""
    port = free_port()
    address = f"http://localhost:{port}/"
    command = ["-m", "marimo", "run", str(notebook), "--headless", "--no-token", f"--port={port}"]
    variables = {"HOME": str(notebook.parent), "MARIMO_SKIP_UPDATE_CHECK": "1"}
    log = CACHE / f"marimo-{port}.log"
    with started(python, command, "marimo", f"{address}health", log, variables) as server:
        server.wait_until_ready()
        yield address


def build_jupyterlite(folder: Path, notebook: Path) -> Path:
    """The files of a JupyterLite with one notebook. Its Pyodide has our wheels, anywidget and what they need."""
    source = folder / "source"
    pyodide = source / "static" / "pyodide"
    pyodide.mkdir(parents=True)
    npm = npm_packages(BUILD / "npm" / "site") / "pyodide"
    (pyodide / "pyodide.mjs").symlink_to(npm / "pyodide.mjs")  # ours would look for its snapshot
    for name in ("pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"):
        (pyodide / name).symlink_to(DIST / "pyodide" / name)
    held = [*(DIST / "pyodide").glob("*/*.whl"), *wheels(PINS / "pyodide-wheels.txt")]
    lock = make_lock(json.loads((npm / "pyodide-lock.json").read_text())["info"], held)
    paths = {wheel.name: wheel for wheel in held}
    for package in lock["packages"].values():
        target = pyodide / package["file_name"]
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(paths[target.name])
    (pyodide / "pyodide-lock.json").write_text(json.dumps(lock))
    settings = {"litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}}}
    (source / "jupyter-lite.json").write_text(
        json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": settings})
    )
    site = folder / "site"
    command = ["-m", "jupyterlite_core", "build", f"--lite-dir={source}", f"--output-dir={site}", "--no-sourcemaps"]
    command += [f"--contents={notebook}", "--apps=lab"]
    variables = {**os.environ, "PATH": f"{notebook_python().parent}:{os.environ['PATH']}"}
    done = subprocess.run([notebook_python(), *command], cwd=source, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return site
