"""What has been handled already, so that a repetition is not handled again."""

from __future__ import annotations

from collections.abc import Hashable

LIMIT = 1000
"""Keys that are remembered by default; the oldest are forgotten first."""
_LONG = 200
"""Characters from which on a text is remembered by its beginning, its length and its hash."""


class Seen:
    """A bounded set that remembers the newest keys.

    Args:
        limit: how many.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._keys: dict[Hashable, None] = {}

    def __contains__(self, key: Hashable) -> bool:
        return _short(key) in self._keys

    def clear(self) -> None:
        """A new session begins."""
        self._keys.clear()

    def add(self, key: Hashable) -> bool:
        """Remember a key. Return whether it is new."""
        key = _short(key)
        is_new = key not in self._keys
        self._keys[key] = None
        if len(self._keys) > self._limit:
            del self._keys[next(iter(self._keys))]
        return is_new

    def forget(self, key: Hashable) -> None:
        """The key will be used for something else."""
        self._keys.pop(_short(key), None)


def _short(key: Hashable) -> Hashable:
    """What is remembered of a key: ids are short, but a server may send any text."""
    if isinstance(key, str):
        return key if len(key) < _LONG else (key[:_LONG], len(key), hash(key))
    return tuple(map(_short, key)) if isinstance(key, tuple) else key
