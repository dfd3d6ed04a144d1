"""Runs inside Pyodide (see compile.mjs): rewrites a zip or wheel with `.pyc` in place of `.py`, stored not deflated.

Compiling halves the boot. Stored, because the archive travels as Brotli, which does better on plain bytes than on
deflated ones. Names, order and dates are fixed, so the same input always gives the same bytes.
"""

import base64
import csv
import hashlib
import io
import py_compile
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)


def compile_module(source: bytes, path: str) -> bytes:
    """The `.pyc` of `source`, which tracebacks will name `path`; it is never checked against a source file."""
    with open("/module.py", "wb") as file:
        file.write(source)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile("/module.py", cfile="/module.pyc", dfile=path, doraise=True, invalidation_mode=mode)
    with open("/module.pyc", "rb") as file:
        return file.read()


def record(files: dict[str, bytes], name: str) -> bytes:
    """The wheel's RECORD, which lists each file with its hash and size."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(data)])
    rows.writerow([name, "", ""])
    return text.getvalue().encode()


def compile_archive(source: str, target: str, lib_folder: str) -> int:
    """Writes `source` compiled to `target`; `lib_folder` is where its modules will live. Returns their number.

    Left out: type stubs and bills of materials, which no program can import.
    """
    files: dict[str, bytes] = {}
    modules = 0
    record_name = None
    with zipfile.ZipFile(source) as archive:
        for name in archive.namelist():
            if name.endswith("/RECORD") and ".dist-info/" in name:
                record_name = name
            elif name.endswith(".py"):
                files[name + "c"] = compile_module(archive.read(name), f"{lib_folder}/{name}")
                modules += 1
            elif not name.endswith((".pyi", "/")) and ".dist-info/sboms/" not in name:
                files[name] = archive.read(name)
    if record_name:
        files[record_name] = record(files, record_name)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return modules
