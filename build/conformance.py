"""Every name of the JavaScript client, and what it is called here.

The names are in javascript_names.toml, in groups. Their counterparts are found in the code: by what a docstring says
that it mirrors, by the event table, else by the name itself in snake_case. The file says what cannot be found (`see`),
what differs (`note`), and why a name has no counterpart (`absent`).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from paths import BUILD, ROOT
from public_api import Api, Member

sys.path.append(str(ROOT))  # rtvi_web is read here, not installed

from rtvi_web.core.checks import snake_case
from rtvi_web.core.event import Event
from rtvi_web.rtvi.protocol.events import BY_WIRE, EVENTS, RENAMED

NAMES = BUILD / "javascript_names.toml"


class Row(NamedTuple):
    """A name of JavaScript's; the paths of its counterparts; what differs, or why there is none."""

    js: str
    counterparts: tuple[str, ...]
    note: str


class Group(NamedTuple):
    """Names that belong together."""

    title: str
    rows: tuple[Row, ...]


class Conformance:
    """The names in a file, and what they are called here.

    Attributes:
        groups: the names in the order of the file.
        problems: names without a counterpart and without a reason, counterparts that don't exist, words about names
            that are not in their group, and names that docstrings mirror and the file does not have.
    """

    def __init__(self, api: Api, names: Path = NAMES) -> None:
        self._api = api
        self.problems: list[str] = []
        self.groups = [self._group(group) for group in tomllib.loads(names.read_text())["group"]]
        self.problems += self._unlisted("RTVIClient")

    def _group(self, group: Mapping[str, Any]) -> Group:
        names: list[str] = group["names"]
        find, _, owner = group["find"].partition(" of ")
        see, absent, notes = group.get("see", {}), group.get("absent", {}), group.get("note", {})
        rows = []
        for name in names:
            named = see.get(name, [])
            found = [named] if isinstance(named, str) else named or list(self._found(find, owner, name))
            rows.append(Row(name, tuple(dict.fromkeys(found)), absent.get(name) or notes.get(name, "")))
            where = f"{group['title']}: {name}"
            if not found and name not in absent:
                self.problems.append(f"{where} has neither a counterpart nor a reason")
            if found and name in absent:
                self.problems.append(f"{where} is said to be absent, but is {', '.join(found)}")
            self.problems += [
                f"{where} is said to be {path}, which does not exist" for path in found if self._not(path)
            ]
        about = {*see, *absent, *notes} - set(names)
        self.problems += [f"{group['title']}: {name} is not a name of this group" for name in sorted(about)]
        return Group(group["title"], tuple(rows))

    def _unlisted(self, owner: str) -> Iterator[str]:
        """The names that docstrings say are mirrored, and the file does not have."""
        known = {row.js for group in self.groups for row in group.rows}
        for member in self._api.members[owner].members:
            yield from (f"{name} of {member.path} is in no group" for name in member.docs.mirrors if name not in known)

    def _not(self, path: str) -> bool:
        """Whether there is no such member and, in ``RTVIClient:timeout``, no such argument."""
        path, _, argument = path.partition(":")
        member = self._api.find(path)
        return member is None or bool(argument and argument not in member.parameters)

    def _found(self, find: str, owner: str, name: str) -> Iterable[str]:
        """The paths of what a name is called here; empty if it cannot be found."""
        match find:
            case "argument":
                member = self._api.members[owner]
                return [f"{owner}:{snake_case(name)}"] if snake_case(name) in member.parameters else []
            case "member":
                return self._members(owner, name)
            case "field":
                owner, _, field = name.partition(".")
                return self._members(next(iter(self._exports(owner)), owner), field)
            case "export":
                return self._exports(name)
            case "callback":
                return [constant_of(event) for event in EVENTS.values() if event.js_callback == name] or self._renamed(
                    name
                )
            case "event":
                return [constant_of(EVENTS[RENAMED.get(name, name)])] if RENAMED.get(name, name) in EVENTS else []
            case "inbound":
                return [constant_of(BY_WIRE[name])] if name in BY_WIRE else []
            case "outbound":
                return self._senders(name)
        raise ValueError(f"javascript_names.toml: nothing is found by {find!r}")

    def _members(self, owner: str, name: str) -> list[str]:
        members = self._api.members[owner].members if owner in self._api.members else ()
        mirrors = [member.path for member in members if name in member.docs.mirrors]
        alike = [f"{owner}.{word}" for word in (snake_case(name), name.upper()) if self._api.find(f"{owner}.{word}")]
        return mirrors or alike[:1]

    def _exports(self, name: str) -> list[str]:
        top = [member for path, member in self._api.members.items() if "." not in path]
        return [member.path for member in top if name in member.docs.mirrors] or [
            member.path for member in top if member.name == name
        ]

    def _renamed(self, callback: str) -> list[str]:
        event = callback[2:3].lower() + callback[3:]
        return [constant_of(EVENTS[RENAMED[event]])] if event in RENAMED else []

    def _senders(self, type: str) -> Iterator[str]:
        """The client's members that send a type of message."""
        sends = re.compile(rf'(?:send|request|_ask)\(\s*"{re.escape(type)}"')
        client: Member = self._api.members["RTVIClient"]
        return (member.path for member in client.members if sends.search(member.source))


def constant_of(event: Event[Any]) -> str:
    """The path of an event's constant."""
    return f"RTVIEvent.{snake_case(event).upper()}"
