"""Small wheels for the tests of the build."""

import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, *requires: str, files: tuple[str, ...] = ()) -> Path:
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in requires)
    with zipfile.ZipFile(path, "w") as wheel:
        for file in (f"{module}/__init__.pyc", *files):
            wheel.writestr(file, "")
        wheel.writestr(f"{module}-{version}.dist-info/METADATA", metadata)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{module}-{version}.dist-info/WHEEL", kind)
    return path
