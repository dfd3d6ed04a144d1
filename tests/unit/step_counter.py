"""Matches a regular expression as Python's engine does, by backtracking, and counts the steps that it takes.

Time depends on the machine; steps depend on the pattern and the text alone. It knows what the package's patterns use.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

parser: Any = importlib.import_module("re._parser")
code: Any = importlib.import_module("re._constants")
Op = tuple[Any, Any]

MOST = 20_000
"""Steps after which it gives up: the pattern is hopeless."""


class TooManyStepsError(Exception):
    """There is no end of it."""


class StepCounter:
    """Runs one pattern.

    Attributes:
        ops: the parsed pattern.
        steps: how many steps it has taken so far: tries to match a character, a place, a group or an assertion.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.ops: Sequence[Op] = list(parser.parse(pattern, flags))
        self._dot_matches_all = bool(flags & re.DOTALL)
        self._text = ""
        self.steps = 0

    def run(self, method: str, text: str) -> list[tuple[int, int]]:
        """From and until where the pattern matches, by ``match``, ``fullmatch``, ``search``, or one that finds all."""
        self._text = text
        if method in ("match", "fullmatch"):
            ends = self._sequence(self.ops, 0, 0)
            return (
                [(0, end) for end in ends if method == "match" or end == len(text)][:1]
                if method == "fullmatch"
                else [(0, end) for end in _first(ends)]
            )
        found: list[tuple[int, int]] = []
        start, after_empty = 0, False
        while start <= len(text):
            matched = next(
                (end for end in self._sequence(self.ops, 0, start) if not (after_empty and end == start)), None
            )
            after_empty = False
            if matched is None:
                start += 1
                continue
            found.append((start, matched))
            if method == "search":
                break
            start, after_empty = matched, matched == start
        return found

    def _sequence(self, ops: Sequence[Op], index: int, at: int) -> Iterator[int]:
        """Until where operations match from a place on, each way in the order in which the engine tries them."""
        if index == len(ops):
            yield at
            return
        for end in self._one(ops[index], at):
            yield from self._sequence(ops, index + 1, end)

    def _one(self, op: Op, at: int) -> Iterator[int]:
        self._step()
        kind, argument = op
        if kind in (code.MAX_REPEAT, code.POSSESSIVE_REPEAT):
            least, most, ops = argument
            ends = self._repeat(least, most, ops, at)
            yield from ends if kind is code.MAX_REPEAT else _first(ends)
        elif kind is code.BRANCH:
            for branch in argument[1]:
                yield from self._sequence(branch, 0, at)
        elif kind is code.SUBPATTERN:
            yield from self._sequence(argument[3], 0, at)
        elif kind in (code.ASSERT, code.ASSERT_NOT):
            direction, asserted = argument
            start = at if direction > 0 else at - asserted.getwidth()[0]
            holds = start >= 0 and bool(_first(self._sequence(asserted, 0, start)))
            if holds == (kind is code.ASSERT):
                yield at
        elif kind is code.AT:
            if self._is_at(argument, at):
                yield at
        elif at < len(self._text) and self._is_char(op, self._text[at]):
            yield at + 1

    def _repeat(self, least: int, most: int, ops: Sequence[Op], at: int) -> Iterator[int]:
        """As often as possible, then less often."""
        if len(ops) == 1 and _is_single(ops[0]):  # without recursion, as the engine does it
            end = at
            while end < len(self._text) and end - at < most and self._is_char(ops[0], self._text[end]):
                self._step()
                end += 1
            yield from range(end, at + least - 1, -1)
            return
        if most:
            for end in self._sequence(ops, 0, at):
                if end > at:
                    yield from self._repeat(max(0, least - 1), most - 1 if most < code.MAXREPEAT else most, ops, end)
        if not least:
            yield at

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST:
            raise TooManyStepsError

    def _is_char(self, op: Op, char: str) -> bool:
        kind, argument = op
        if kind is code.LITERAL:
            return bool(ord(char) == argument)
        if kind is code.NOT_LITERAL:
            return bool(ord(char) != argument)
        if kind is code.ANY:
            return self._dot_matches_all or char != "\n"
        assert kind is code.IN, kind
        negated = argument[0][0] is code.NEGATE
        return any(_is_in(each, char) for each in argument[negated:]) != negated

    def _is_at(self, place: Any, at: int) -> bool:
        text = self._text
        if place is code.AT_END:
            return at == len(text) or text[at:] == "\n"
        before, after = (_is_word(text[index : index + 1]) for index in (at - 1 if at else len(text), at))
        assert place is code.AT_BOUNDARY, place
        return before != after


def _first(ends: Iterator[int]) -> list[int]:
    return [end for end, _ in zip(ends, range(1), strict=False)]


def _is_single(op: Op) -> bool:
    return op[0] in (code.LITERAL, code.NOT_LITERAL, code.ANY, code.IN)


def _is_in(item: Op, char: str) -> bool:
    kind, argument = item
    if kind is code.LITERAL:
        return bool(ord(char) == argument)
    if kind is code.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    categories = {
        code.CATEGORY_DIGIT: char.isdecimal(),
        code.CATEGORY_NOT_DIGIT: not char.isdecimal(),
        code.CATEGORY_SPACE: char.isspace(),
        code.CATEGORY_NOT_SPACE: not char.isspace(),
        code.CATEGORY_WORD: _is_word(char),
        code.CATEGORY_NOT_WORD: not _is_word(char),
    }
    assert kind is code.CATEGORY, kind
    return bool(categories[argument])


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
