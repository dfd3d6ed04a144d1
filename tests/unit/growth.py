"""By how much a client grows with each message that it gets, once it has got many."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable
from functools import cache

from pydantic_core import from_json

MANY = 2_300
"""More than anything that is counted may be, even of what only two messages in three bring."""
MORE = 500
PER_MESSAGE = 0.2
"""Blocks of memory by which a message may make the client grow; what is kept takes one at least."""


async def growth(send: Callable[[int], object]) -> float:
    """By how many blocks of memory each message makes a client grow that has got many already."""
    fill_cache()
    counts = []
    for number in range(MANY + MORE):
        send(number)
        if number % 10 == 9:
            await asyncio.sleep(0)
        if number + 1 in (MANY, MANY + MORE):
            gc.collect()
            counts.append(sys.getallocatedblocks())
    return (counts[1] - counts[0]) / MORE


@cache
def fill_cache() -> None:
    """Have pydantic remember as many texts as it ever does."""
    from_json(json.dumps(list(map(str, range(200_000)))))
