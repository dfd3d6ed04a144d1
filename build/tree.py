"""Folders as plain data: a tree of files is a dict from path to content."""

import os
from pathlib import Path

Files = dict[str, bytes]


def under(folder: str, files: Files) -> Files:
    """`files` with their paths inside `folder`."""
    return {f"{folder}/{name}": data for name, data in files.items()}


def write_tree(folder: Path, files: Files) -> int:
    """Makes `folder` hold exactly `files`; returns how many changed. What is unchanged keeps its date, so that
    browsers go on using their copy."""
    changed = 0
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
            changed += 1
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
    for name, data in files.items():
        path = folder / name
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        os.replace(part, path)  # a server never sees half a file
        changed += 1
    return changed
