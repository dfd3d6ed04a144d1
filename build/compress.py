"""Brotli and gzip siblings of files, cached by content because Brotli at its best is slow."""

import gzip
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli
from paths import CACHE
from tree import Files

FOLDER = CACHE / "compressed"

# Formats that are compressed already.
INCOMPRESSIBLE = {".avif", ".jpg", ".m4a", ".mp3", ".ogg", ".opus", ".png", ".webm", ".webp", ".woff2"}


def compressed(data: bytes, suffix: str) -> Files:
    """The compressed forms of `data` by ending (`.br`, `.gz`); those that gain nothing are left out."""
    if suffix in INCOMPRESSIBLE:
        return {}
    forms = {".br": brotli_form(data), ".gz": _cached(data, ".gz", _gzip)}
    return {ending: form for ending, form in forms.items() if len(form) < len(data)}


def brotli_form(data: bytes) -> bytes:
    """`data` as Brotli, at its best."""
    return _cached(data, ".br", _brotli)


def _cached(data: bytes, ending: str, compress: Callable[[bytes], bytes]) -> bytes:
    path = FOLDER / (hashlib.sha256(data).hexdigest() + ending)
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(compress(data))
        part.rename(path)
    return path.read_bytes()


def with_siblings(files: Files) -> Files:
    """`files` (by path) and their compressed forms."""
    new = sum(not (FOLDER / f"{hashlib.sha256(data).hexdigest()}.br").exists() for data in files.values())
    if new:
        print(f"  compressing {new} files (slow the first time)", flush=True)
    with ThreadPoolExecutor() as pool:
        forms = list(pool.map(lambda item: compressed(item[1], Path(item[0]).suffix), files.items()))
    siblings = {path + ending: form for path, found in zip(files, forms, strict=True) for ending, form in found.items()}
    return files | siblings


def _brotli(data: bytes) -> bytes:
    compressed: bytes = brotli.compress(data, quality=11, lgwin=24)
    return compressed


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=9, mtime=0)
