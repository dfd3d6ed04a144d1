"""What a face's page and the kernel of a notebook say to each other: JSON texts of bounded length, and nothing else.

Both check what they hear. Fields that are not in these tables are dropped, and types that are not in them refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from rtvi_web.core.foreign_json import read_json
from rtvi_web.errors import MessageTooLargeError

VERSION: Final = 1
"""Of these tables. Page and kernel may have different versions of rtvi_web."""
MAX_MESSAGE: Final = 256_000
"""Characters of a message, all of them ASCII; ``cell.js`` has the same limit."""
Kinds = Mapping[str, Mapping[str, type | tuple[type, ...]]]

FROM_PAGE: Final[Kinds] = {
    "ready": {"version": int},
    "state": {"state": str},
    "transcript": {"role": str, "text": str},
    "problem": {"what": str, "why": str, "advice": str},
    "call": {"id": str, "name": str, "arguments": dict},
    "cancel": {"id": str},
}
TO_PAGE: Final[Kinds] = {
    "start": {},
    "stop": {},
    "send": {"text": str},
    "functions": {"functions": list},  # of [name, seconds]; name is null for all that have no handler
    "result": {"id": str, "result": (dict, str)},
}


class Message(NamedTuple):
    """A message that was understood."""

    type: str
    fields: dict[str, Any]


def write(type: str, **fields: Any) -> str:
    """A message as text.

    Raises:
        MessageTooLargeError: it is longer than the other side would read.
        TypeError, ValueError: JSON cannot express a field.
    """
    text = json.dumps({"type": type, **fields}, allow_nan=False)
    if len(text) > MAX_MESSAGE:
        raise MessageTooLargeError(len(text), MAX_MESSAGE)
    return text


def read(text: object, kinds: Kinds) -> Message:
    """Understand a message, of one of these kinds.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(text, str) or len(text) > MAX_MESSAGE:
        raise ValueError("it is not a text of bounded length")
    given = read_json(text)
    type = given.get("type") if isinstance(given, dict) else None
    if not isinstance(type, str) or type not in kinds:
        raise ValueError("its type is not known")
    for name, kind in kinds[type].items():
        value = given.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"its {name} is missing or of another type")
    return Message(type, {name: given[name] for name in kinds[type]})


def is_from(origin: str, allowed: Iterable[str]) -> bool:
    """Whether an origin, as a browser reports it, is one of those that a policy's ``frame-ancestors`` would name.

    ``https://*.example`` allows every host that ends in ``.example``.
    """
    for each in map(_without_default_port, allowed):
        scheme, _, rest = each.partition("://*")
        if origin == each or (rest and origin.startswith(f"{scheme}://") and _is_below(origin, scheme, rest)):
            return True
    return False


def _is_below(origin: str, scheme: str, rest: str) -> bool:
    """Whether an origin has labels before `rest`, such as ``.example:8443``."""
    return origin.endswith(rest) and len(origin) > len(f"{scheme}://{rest}")


def _without_default_port(origin: str) -> str:
    """An origin as a browser writes it: lower case, and no port that goes without saying."""
    origin = origin.lower().rstrip("/")
    scheme = origin.partition("://")[0]
    return origin.removesuffix({"http": ":80", "https": ":443"}.get(scheme, "/"))
