"""``rtvi-web build DIR``: static files for any host, each with its compressed siblings."""

from __future__ import annotations

import argparse
import gzip
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli

from rtvi_web_console.carried import CarriedSite, SiteMissingError
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.cli.project import MARK, Project

NAME = "build"
HELP = "Make static files of a page, with its Pyodide, for any host."
SMALLEST = 256
"""Bytes from which compressing is worth a file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of the page")
    parser.add_argument("--output", metavar="DIR", type=Path, help="where the files go (default: dist in the folder)")


def run(arguments: argparse.Namespace) -> int:
    output = arguments.output or arguments.folder / "dist"
    try:
        count, size = build(Project(arguments.folder, CarriedSite()), output)
    except SiteMissingError as error:
        raise CommandError(str(error)) from None
    sys.stdout.write(
        f"{output}: {count} files, {size / 1e6:.1f} MB; with .br and .gz beside them for hosts that use them\n"
    )
    return 0


def build(project: Project, output: Path) -> tuple[int, int]:
    """Write the files into a folder, in place of what was built there before. Returns how many, and their bytes.

    Raises:
        CommandError: the folder has something else in it, or cannot be written.
    """
    if output.exists() and not (output / MARK).exists() and (not output.is_dir() or any(output.iterdir())):
        raise CommandError(f"{output} exists, and was not made by `rtvi-web build`: choose another --output.")
    own = project.files()
    carried = [name for name in project.site.files if name not in own]
    try:
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        (output / MARK).touch()
        with ThreadPoolExecutor() as threads:
            written = [*threads.map(lambda name: _write(output / name, own[name].read_bytes()), own)]
            written += threads.map(lambda name: _write_carried(output / name, project.site, name), carried)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from None
    return len(written), sum(written)


def _write_carried(path: Path, site: CarriedSite, name: str) -> int:
    return _write(path, site.read(name, "identity"), site.read(name, "br"))


def _write(path: Path, data: bytes, compressed: bytes | None = None) -> int:
    """A file and its siblings; returns its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if len(data) >= SMALLEST and path.suffix != ".br":
        path.with_name(f"{path.name}.br").write_bytes(compressed or brotli.compress(data))
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data, mtime=0))
    return len(data)
