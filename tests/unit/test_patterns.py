"""No pattern takes steps that grow faster than the text from outside that it searches, however the text is made.

The texts are made of what the pattern itself looks for, repeated. Steps are counted, not time.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from step_counter import StepCounter, TooManyStepsError, code

ROOT = Path(__file__).parents[2]
METHODS = {"match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"}
SHORT, LONG = 24, 48
"""How often a piece is repeated."""
MAKERS = {"re.compile", "_compiled"}
"""What makes a pattern of a text."""


class Use(NamedTuple):
    """One use of a pattern."""

    place: str
    method: str
    pattern: str
    flags: int = 0


def uses(path: Path) -> Iterator[Use]:
    """The uses of patterns in a file. Those of an object count for its name, in whichever function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    values = constants(tree)
    patterns: dict[str, ast.Call] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _makes(node.value):
            patterns[ast.unparse(node.targets[0])] = node.value  # type: ignore[assignment]
    used = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name("re"), method), arguments) if method in METHODS:
                made = ast.Call(ast.Name("re"), arguments[:1], node.keywords)
            case ast.Call(ast.Attribute(target, method)) if method in METHODS and _makes(target):
                made = target  # type: ignore[assignment]
            case ast.Call(ast.Attribute(target, method)) if method in METHODS and ast.unparse(target) in patterns:
                made = patterns[ast.unparse(target)]
                used.add(ast.unparse(target))
            case _:
                continue
        if _is_of_deployer(made):
            continue
        pattern, *flags = (_evaluated(argument, values) for argument in made.args)
        yield Use(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", method, pattern, *map(int, flags))
    unused = {name for name, made in patterns.items() if name not in used and not _is_of_deployer(made)}
    assert not unused, f"{path}: how is it used?"


def _makes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in MAKERS


def _is_of_deployer(made: ast.Call) -> bool:
    """Whether a pattern is made of the origins that the deployer names, or those of loopback."""
    return "re.escape, origins" in ast.unparse(made) and "LOOPBACK_PAGES" in ast.unparse(made)


def constants(tree: ast.Module) -> dict[str, Any]:
    """The values of a module's constants, as far as they can be told."""
    values: dict[str, Any] = {"re": re}
    for node in tree.body:
        match node:
            case ast.ImportFrom(str(module), names) if module.startswith("rtvi_web"):
                for alias in names:
                    if alias.name.isupper():
                        values[alias.name] = getattr(importlib.import_module(module), alias.name)
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, value) if value:
                try:
                    values[name] = _evaluated(value, values)
                except (NameError, TypeError, ValueError):
                    continue
    return values


def _evaluated(node: ast.expr, values: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "constant", "eval"), values)


FILES = sorted(path for folder in ("rtvi_web", "examples", "static") for path in (ROOT / folder).rglob("*.py"))
USES = [use for path in FILES for use in uses(path)]
USES += [
    Use(
        "examples/connect_endpoint/connect_endpoint.py: Guard",
        "fullmatch",
        r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?",
    )
]


def pieces(ops: Any) -> Iterator[str]:
    """Texts that a pattern looks for: its words, and a character of each of its classes."""
    word = ""
    for kind, argument in ops:
        if kind is code.LITERAL:
            word += chr(argument)
            continue
        if word:
            yield word
        word = ""
        if kind is code.IN:
            yield from (_example(item) for item in argument if item[0] is not code.NEGATE)
        elif kind is code.NOT_LITERAL:
            yield chr(argument)
        elif kind is code.BRANCH:
            for branch in argument[1]:
                yield from pieces(branch)
        elif kind in (code.SUBPATTERN, code.MAX_REPEAT, code.POSSESSIVE_REPEAT, code.ASSERT, code.ASSERT_NOT):
            yield from pieces(argument[-1])
    if word:
        yield word


def _example(item: Any) -> str:
    kind, argument = item
    if kind is code.CATEGORY:
        return {code.CATEGORY_DIGIT: "1", code.CATEGORY_SPACE: " "}.get(argument, "a")
    return chr(argument if kind is code.LITERAL else argument[0])


def alphabet(use: Use) -> list[str]:
    """At most six of the texts, chosen from all over the pattern, and a character that nothing looks for."""
    found = list(dict.fromkeys(pieces(StepCounter(use.pattern, use.flags).ops)))
    step = max(1, len(found) // 6)
    return [*found[::step][:6], "~"]


def hostile_texts(use: Use) -> Iterator[tuple[str, str, str]]:
    """What comes before, what is repeated, and what comes after."""
    known = alphabet(use)
    repeated = [*known, *map("".join, itertools.permutations(known, 2))]
    return itertools.product(["", *known[:4]], repeated, ["", *known[-4:]])


def is_bounded(use: Use) -> tuple[str, str, str] | None:
    """The first text that is twice as long and takes much more than twice the steps."""
    for before, piece, after in hostile_texts(use):
        steps = []
        for times in (SHORT, LONG):
            counter = StepCounter(use.pattern, use.flags)
            try:
                counter.run(use.method, before + piece * times + after)
            except TooManyStepsError:
                return before, piece, after
            steps.append(counter.steps)
        if steps[1] > 2.5 * steps[0] + 30:
            return before, piece, after
    return None


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.place} {use.method}")
def test_steps_grow_no_faster_than_the_text(use: Use) -> None:
    assert is_bounded(use) is None


def test_all_patterns_are_found() -> None:
    """As many as a plain search for their makers and users finds."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    plain = re.findall(r"\bre\.(?:match|fullmatch|search|finditer|findall|sub|subn|split)\(|_compiled\(", text)
    assert len(USES) > len(plain) > 10
    assert not re.search(r"\bimport regex\b|\bfrom re import\b|\bimport re as\b|fnmatch|HTMLParser", text)


@pytest.mark.parametrize("use", sorted({(use.pattern, use.flags) for use in USES}), ids=repr)
@pytest.mark.parametrize("method", ["match", "fullmatch", "search", "finditer"])
def test_the_counter_matches_as_the_engine_does(method: str, use: tuple[str, int]) -> None:
    pattern, flags = use

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.sampled_from([*alphabet(Use("", method, pattern, flags)), "\n", "é", "-"]), max_size=8))
    def check(parts: list[str]) -> None:
        text = "".join(parts)
        found = getattr(re.compile(pattern, flags), method)(text)
        expected = [each.span() for each in found] if method == "finditer" else [found.span()] if found else []
        assert StepCounter(pattern, flags).run(method, text) == expected

    check()


@pytest.mark.parametrize(
    ("method", "pattern"),
    [
        ("search", r"`+(?:[\w+-]*\n)?\s*$"),
        ("finditer", r'"(?:[^"\\]|\\.)*"|[{}\[\]:]'),
        ("fullmatch", r"(?:a+)+"),
        ("sub", r"\s+$"),
        ("search", r"(?:[\w+.-]+:)?//[^/]*"),
        ("match", r"\w*\d*\w*:"),
    ],
)
def test_slow_patterns_are_found(method: str, pattern: str) -> None:
    assert is_bounded(Use("", method, pattern)) is not None
