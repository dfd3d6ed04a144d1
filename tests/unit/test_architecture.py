"""The architecture page names what exists."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "rtvi_web"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TREE, PICTURE = re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL)
MODULES = {path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py")}


@functools.cache
def definitions() -> set[str]:
    """All functions of modules, and all methods as ``Class.method``."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, _FUNCTIONS)}
            elif isinstance(node, _FUNCTIONS):
                found.add(node.name)
    return found


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_the_tree_has_every_folder_and_no_other() -> None:
    package = TREE[: TREE.index("static/")]
    named = set(re.findall(r"^ *(\w+)/ ", package, re.MULTILINE))
    folders = {path.name for path in PACKAGE.rglob("*") if path.is_dir() and any(path.glob("*.py"))}
    assert named == folders


def test_the_tree_has_every_module_of_the_core_and_no_other() -> None:
    [named] = re.findall(r"^  core/ +what both clients stand on: (.*?)^  \w", TREE, re.MULTILINE | re.DOTALL)
    modules = {path.stem for path in (PACKAGE / "core").glob("*.py")} - {"__init__"}
    assert set(re.findall(r"(\w+)(?:, | \(.*?\), |\s*$)", " ".join(named.split()))) == modules


def test_the_folders_beside_the_package_exist() -> None:
    beside = re.findall(r"^(\w+)/", TREE, re.MULTILINE)
    assert beside[0] == "rtvi_web"
    assert [name for name in beside if not (ROOT / name).is_dir()] == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\[([\w.]+)\]", PICTURE))))
def test_the_picture_names_what_exists(name: str) -> None:
    is_module = Path(*name.split(".")) in MODULES or Path("rtvi", *name.split(".")) in MODULES
    assert is_module or name in definitions()
