"""Tests use the package as its users do: they read no private name of it, and patch no module of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "rtvi_web").rglob("*.py")}
OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields", "_make"}
ALLOWED = {
    "from rtvi_web.browser import _js": "the door to JavaScript, whose name keeps users out and not the tests of it",
    "from rtvi_web.browser._js import JsError": "the same",
    "js.pyodide._module": "Pyodide shows the size of its memory nowhere else",
    'setattr(settings, "IN_PAGE")': "CPython is not a page",
}


def offences(source: str) -> Iterator[str]:
    """What in a test reaches into the package."""
    nodes = list(ast.walk(ast.parse(source)))
    not_to_patch = {"time", "asyncio", "rtvi_web"}  # what must not be changed, and the package's modules
    for node in nodes:
        for module, name in _imports(node):
            not_to_patch |= {name} if module in MODULES else set()
            if module.startswith("rtvi_web.") and any(map(_is_private, module.split("."))):
                yield ast.unparse(node)
    for node in nodes:
        match node:
            case ast.Attribute(ast.Name("self" | "cls") | ast.Call(ast.Name("super"))):
                pass
            case ast.Attribute(_, name) if _is_private(name) and name not in OF_NAMED_TUPLES:
                yield ast.unparse(node)
            case ast.Attribute(_, _, ast.Store()) if _root(node) in not_to_patch:
                yield f"{ast.unparse(node)} = …"
            case ast.Call(ast.Name("setattr") | ast.Attribute(_, "setattr"), [target, attribute, *_]):
                if _root(target) in not_to_patch or _is_private(str(getattr(attribute, "value", ""))):
                    yield f"setattr({ast.unparse(target)}, {ast.unparse(attribute)})".replace("'", '"')


def _imports(node: ast.AST) -> list[tuple[str, str]]:
    """The full names that are imported, and what each is called."""
    if isinstance(node, ast.ImportFrom):
        return [(f"{node.module}.{alias.name}", alias.asname or alias.name) for alias in node.names]
    if isinstance(node, ast.Import):
        return [(alias.name, alias.asname or alias.name.split(".")[0]) for alias in node.names]
    return []


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _root(node: ast.expr) -> str | None:
    """The name that an expression of attributes begins with, or that a string of them does."""
    while isinstance(node, ast.Attribute):
        node = node.value
    if isinstance(node, ast.Constant):
        return str(node.value).split(".")[0]
    return node.id if isinstance(node, ast.Name) else None


def test_no_test_reaches_in() -> None:
    files = [path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    found = {(path.name, offence) for path in files for offence in offences(path.read_text(encoding="utf-8"))}
    reaching_in = sorted(f"{name}: {offence}" for name, offence in found if offence not in ALLOWED)
    assert reaching_in == [], "look at what users can see, or make it an argument"
    assert {offence for _, offence in found} == set(ALLOWED), "an exception that no test needs"


@pytest.mark.parametrize(
    ("source", "offence"),
    [
        ("client._connection.failure", "client._connection"),
        ("client._x = 1", "client._x"),
        ("from rtvi_web.rtvi.client import _hidden", "from rtvi_web.rtvi.client import _hidden"),
        ("import rtvi_web.browser._js", "import rtvi_web.browser._js"),
        ("from rtvi_web.core import http\nhttp.LIMIT = 1", "http.LIMIT = …"),
        ("from rtvi_web.core import http as h\nm.setattr(h, 'LIMIT', 1)", 'setattr(h, "LIMIT")'),
        ("import rtvi_web.core.http\nm.setattr(rtvi_web.core.http, 'x', 1)", 'setattr(rtvi_web.core.http, "x")'),
        ("m.setattr('rtvi_web.core.http.LIMIT', 1)", 'setattr("rtvi_web.core.http.LIMIT", 1)'),
        ("m.setattr(time, 'monotonic', f)", 'setattr(time, "monotonic")'),
        ("setattr(client, '_x', 1)", 'setattr(client, "_x")'),
    ],
)
def test_what_reaches_in_is_found(source: str, offence: str) -> None:
    assert list(offences(source)) == [offence]


@pytest.mark.parametrize(
    "source",
    [
        "self._x = cls._y",
        "super()._on_channel(event)",
        "emitted._replace(a=1)",
        "x.__dict__",
        "from rtvi_web import __version__",
        "from rtvi_web.core.http import HttpResponse\nHttpResponse.x",
        "m.setattr(transport, 'close', close)",
    ],
)
def test_what_users_can_do_is_not(source: str) -> None:
    assert list(offences(source)) == []
