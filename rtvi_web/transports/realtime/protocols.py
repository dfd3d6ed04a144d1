"""The subprotocols of a WebSocket, which carry the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rtvi_web.core.masking import MASK
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.transports.realtime.request import TOKEN

Protocols = Sequence[str] | Callable[[str | None], Sequence[str] | None] | None
"""Subprotocols, or a function of the key that gives them."""
LONGEST_NAME = 24
"""Characters of a subprotocol that errors show; longer ones may be keys."""


def offered_protocols(protocols: Protocols, key: str | None) -> list[str]:
    """The subprotocols to offer with this key.

    Raises:
        InvalidArgumentError: one cannot be sent. The message does not quote it: it may hold the key. Checked here
            because the browser's own error would.
    """
    given: Any = protocols(key) if callable(protocols) else protocols
    names = [] if given is None else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InvalidArgumentError("protocols must be a list of texts, None, or a function of the key that gives one.")
    if not all(map(TOKEN.fullmatch, names)):
        raise InvalidArgumentError(
            "A WebSocket's subprotocol contains characters that cannot be sent, such as a space or a line break. The "
            "API key is part of it, if there is one."
        )
    if len(set(names)) != len(names):
        raise InvalidArgumentError("protocols names a subprotocol twice.")
    return list(names)


def shown_protocols(protocols: Protocols, key: str | None) -> str:
    """The subprotocols in words, without what is, or may be, a key."""
    offered = offered_protocols(protocols, key)
    of_any_key = offered_protocols(protocols, f"{key}0") if callable(protocols) and key else offered
    shown = [_shown(name, key, is_fixed=name in of_any_key) for name in offered]
    return f"the subprotocols {', '.join(shown)}" if shown else "no subprotocol"


def _shown(name: str, key: str | None, *, is_fixed: bool) -> str:
    if key and key in name:
        return name.replace(key, MASK)
    prefix, point, _ = name.partition(".")  # how keys are commonly joined to a name
    if point:
        return f"{prefix}.{MASK}"
    return name if is_fixed and len(name) <= LONGEST_NAME else MASK
