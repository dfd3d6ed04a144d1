"""Checks what PageMedia is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from rtvi_web.core.masking import described, quoted
from rtvi_web.core.media import EVERYTHING, Carried
from rtvi_web.errors import InvalidArgumentError


def checked_carries(carries: object) -> frozenset[Carried]:
    """What a transport carries, as a set.

    Raises:
        InvalidArgumentError: it is no collection of the words in :data:`EVERYTHING`. A text would be one of letters.
    """
    words = sorted(EVERYTHING)
    if not isinstance(carries, Collection) or isinstance(carries, str | bytes | Mapping):
        raise InvalidArgumentError(f"carries must be a set of {words}; it is {described(carries)}.")
    if unknown := [word for word in carries if not isinstance(word, str) or word not in EVERYTHING]:
        raise InvalidArgumentError(f"carries takes {words}, not {', '.join(map(quoted, unknown))}.")
    return cast("frozenset[Carried]", frozenset(carries))


def check_tracks(**tracks: Any) -> None:
    """Check an application's own tracks, each named by its kind, ``audio`` or ``video``; ``None`` is fine.

    Raises:
        InvalidArgumentError: one is something else, or of another kind.
    """
    for name, track in tracks.items():
        if track is None:
            continue
        kind = getattr(track, "kind", None)
        if not isinstance(kind, str):
            raise InvalidArgumentError(f"{name}_track must be a MediaStreamTrack; it is {described(track)}.")
        if kind != name:
            raise InvalidArgumentError(f"{name}_track needs a track of this kind; it is one of {kind}.")
