"""What rtvi_web offers, read from its source: every public class, function and constant, and their members.

The source is read, not run (griffe), for only there are the docstrings of constants, and annotations as they are
written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import griffe
from docstrings import Docs, parse
from paths import ROOT

PACKAGE = "rtvi_web"
PYDANTICS = {"model_config"}
"""Members that only pydantic needs."""

Node: TypeAlias = Any
"""An object of griffe's. Its members depend on its kind, which its type does not show."""


class Member(NamedTuple):
    """Something public: a class, a function, a constant, or a member of a class.

    Attributes:
        path: its name, with its class's before it where it has one: ``"RTVIClient.connect"``.
        kind: ``"class"``, ``"function"``, ``"property"`` or ``"value"``.
        signatures: how it is written in Python, once for each overload.
        parameters: the names of what it takes.
        bases: the names of a class's bases, nearest first.
        source: a function's source.
    """

    path: str
    kind: str
    signatures: tuple[str, ...]
    docs: Docs
    parameters: tuple[str, ...]
    bases: tuple[str, ...]
    members: tuple[Member, ...]
    source: str

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


class Api:
    """The public members of modules of the package, all by their paths."""

    def __init__(self) -> None:
        self._package = griffe.load(PACKAGE, search_paths=[ROOT])
        self._classes: set[str] = set()
        self.members: dict[str, Member] = {}

    def add(self, module: str, *names: str) -> tuple[Member, ...]:
        """Take in what a module defines: what is named, or else all that is public."""
        defined = self._package[module].members
        nodes = [defined[name] for name in names or defined if names or _is_public(defined[name])]
        self._classes |= {node.path for node in nodes if node.is_class}
        added = tuple(self._member(node, _owner(module) if node.name in self.members else "") for node in nodes)
        self.members |= {member.path: member for top in added for member in (top, *top.members)}
        return added

    def exported(self) -> Iterator[tuple[str, str]]:
        """What the package exports of its modules, as module and name."""
        for name in map(str, self._package.exports or ()):
            node = self._package[name]
            if node.is_alias and not name.startswith("_"):
                yield node.final_target.parent.path.removeprefix(f"{PACKAGE}."), name

    def find(self, path: str) -> Member | None:
        """A member by its path; one that a class inherits, too."""
        owner, _, name = path.rpartition(".")
        bases = self.members[owner].bases if owner in self.members else ()
        return self.members.get(path) or next(filter(None, (self.find(f"{base}.{name}") for base in bases)), None)

    def inherited(self, member: Member) -> Iterator[Member]:
        """What a class inherits from others that are in here, and does not document again."""
        seen = {each.name for each in member.members}
        for base in member.bases:
            for each in self.members[base].members if base in self.members else ():
                if each.name not in seen:
                    seen.add(each.name)
                    yield each

    def _member(self, node: Node, owner: str = "") -> Member:
        path = f"{owner}.{node.name}" if owner else node.name
        docs = parse(node.docstring.value if node.docstring else "")
        function = node.all_members.get("__init__") if node.is_class else node
        return Member(
            path=path,
            kind=_kind(node),
            signatures=tuple(_signatures(node)),
            docs=docs,
            parameters=tuple(each.name for each in _parameters(function)) if function and function.is_function else (),
            bases=tuple(base.name for base in node.mro()) if node.is_class else (),
            members=tuple(self._members_of(node, path, docs)) if node.is_class else (),
            source=node.source if node.is_function else "",
        )

    def _members_of(self, node: Node, path: str, docs: Docs) -> Iterator[Member]:
        described = {name: entry.text for entry in docs.attributes for name in entry.names.split(", ")}
        for each in [*node.members.values(), *node.inherited_members.values()]:
            if _is_public(each) and not self._is_elsewhere(node, each):
                member = self._member(each, path)
                text = described.get(member.name)
                yield member._replace(docs=member.docs._replace(text=text)) if text else member

    def _is_elsewhere(self, owner: Node, node: Node) -> bool:
        """Whether a class that is in here too has this member, and nothing new is said of it."""
        here = [base for base in owner.mro() if base.path in self._classes and base.path != owner.path]
        has = any(node.name in base.all_members for base in here)
        return has and (node.inherited or node.docstring is None)


def _owner(module: str) -> str:
    """What tells a name of one client from the same name of the other: ``realtime``."""
    return module.partition(".")[0]


def _is_public(node: Node) -> bool:
    if node.name.startswith("_") or node.name in PYDANTICS or (node.is_alias and not node.inherited):
        return False
    return not (node.is_attribute and str(node.value).startswith(("TypeVar", "logging.getLogger")))


def _kind(node: Node) -> str:
    if node.is_class:
        return "class"
    if node.is_function:
        return "function"
    return "property" if "property" in node.labels else "value"


def _signatures(node: Node) -> Iterator[str]:
    if node.is_attribute:
        annotation = f": {_plain(node.annotation)}" if node.annotation else ""
        known = node.value is not None and node.labels != {"instance-attribute"} and "Field(" not in str(node.value)
        yield f"{node.name}{annotation}{f' = {_plain(node.value)}' if known else ''}"
        return
    function = node.all_members.get("__init__") if node.is_class else node
    for each in (function.overloads or [function]) if function else ():
        yield _signature(node.name, each)


def _signature(name: str, function: Node) -> str:
    kinds = griffe.ParameterKind
    parameters: list[str] = []
    named_only = False
    for parameter in _parameters(function):
        if parameter.kind is kinds.keyword_only and not named_only:
            parameters.append("*")
        named_only = named_only or parameter.kind in (kinds.keyword_only, kinds.var_positional)
        stars = "*" if parameter.kind is kinds.var_positional else "**" if parameter.kind is kinds.var_keyword else ""
        annotation = f": {_plain(parameter.annotation)}" if parameter.annotation else ""
        default = "" if stars or parameter.default is None else f" = {parameter.default}"
        parameters.append(f"{stars}{parameter.name}{annotation}{default}")
    returns = f" -> {_plain(function.returns)}" if function.returns and function.name != "__init__" else ""
    start = f"{'async ' if 'async' in function.labels else ''}{name}("
    line = f"{start}{', '.join(parameters)}){returns}"
    return line if len(line) < 80 else "\n    ".join([start, *(f"{each}," for each in parameters)]) + f"\n){returns}"


def _parameters(function: Node) -> list[griffe.Parameter]:
    return [parameter for parameter in function.parameters if parameter.name not in ("self", "cls")]


def _plain(expression: object) -> str:
    """An expression as it is written; griffe puts a comma after a starred one."""
    return str(expression).replace(",]", "]")
