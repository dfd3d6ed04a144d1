"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = {"dist", "test-results"}  # by the build and by tests
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in MADE and path.name[0] != "."]
MAX_LINES_OF_A_FILE = 400
MAX_LINES_OF_A_FUNCTION = 50


def too_long(source: str, *, functions: bool = True) -> Iterator[str]:
    """What in a file is too long: the whole, and each function, decorators apart."""
    if (lines := len(source.splitlines())) > MAX_LINES_OF_A_FILE:
        yield f"{lines} lines"
    for node in ast.walk(ast.parse(source)) if functions else ():
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_LINES_OF_A_FUNCTION:
                yield f"{node.name}(): {lines} lines"


def test_no_file_is_too_long_and_no_function_outside_of_tests() -> None:
    found = {
        str(path.relative_to(ROOT)): long
        for folder in FOLDERS
        for path in folder.rglob("*.py")
        if (
            long := [
                *too_long(path.read_text(encoding="utf-8"), functions=folder.name in {"rtvi_web", "console", "build"})
            ]
        )
    }
    assert found == {}, "split it by subject"


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(("lines", "found"), [(50, []), (51, ["f(): 51 lines"])])
def test_a_function_that_is_too_long_is_found(kind: str, lines: int, found: list[str]) -> None:
    function = [f"{kind} f():", *["    pass"] * (lines - 1)]
    assert list(too_long("\n".join(["@decorator", *function]))) == found
    assert list(too_long("\n".join(["class C:", *(f"    {line}" for line in function)]))) == found
    assert list(too_long("\n".join(function), functions=False)) == []


@pytest.mark.parametrize(("lines", "found"), [(400, []), (401, ["401 lines"])])
def test_a_file_that_is_too_long_is_found(lines: int, found: list[str]) -> None:
    assert list(too_long("pass\n" * lines)) == found
