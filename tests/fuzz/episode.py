"""Random episodes of a client's life: a list of steps, a world in which they are done, and what must hold in it.

An episode is data: a list of steps, each a name and its arguments, that JSON can write. A seed makes one; a list plays
it again. So an episode that fails can be told, played again, and made shorter.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from virtual_clock import Loop
from world import Fault, Step, World

PAUSES = (0, 0, 0, 1, 1, 2, 3, 4, 6, 9, 14, 30)
"""Turns of the event loop between two steps; one is chosen at random."""

CPU_LIMIT = 10
"""Seconds of the processor that an episode may take: most take some milliseconds, a loop without end takes all."""


Arguments = Callable[[Random], Sequence[Any]]


def none(_: Random) -> Step:
    return []


def one(*choices: Any) -> Arguments:
    return lambda chance: [chance.choice(choices)]


def both(*arguments: Arguments) -> Arguments:
    return lambda chance: [value for each in arguments for value in each(chance)]


class Kind(NamedTuple):
    """A kind of episode.

    Attributes:
        name: the client's.
        world: makes the world of an episode from its options.
        options: makes the options of the world.
        steps: by name, how often a step occurs and what makes its arguments.
        phrases: steps that lead somewhere only together; many episodes begin with the first.
    """

    name: str
    world: Callable[[Mapping[str, Any]], World]
    options: Callable[[Random], Mapping[str, Any]]
    steps: Mapping[str, tuple[int, Arguments]]
    phrases: Sequence[Sequence[Step]]

    def step(self, chance: Random, *, without: Sequence[str] = ()) -> Step:
        """A step at random."""
        names = [name for name in self.steps if name not in without]
        [name] = chance.choices(names, [self.steps[name][0] for name in names])
        return [name, *self.steps[name][1](chance)]

    def episode(self, seed: int) -> list[Step]:
        """The episode of a seed: the options, then the steps."""
        chance = Random(f"{self.name} {seed}")
        steps: list[Step] = [["options", self.options(chance)]]
        if chance.random() < 0.7:
            steps += self.phrases[0]
        for _ in range(chance.randint(4, 24)):
            for step in chance.choice(self.phrases) if chance.random() < 0.1 else [self.step(chance)]:
                steps.append(step)
                if chance.random() < 0.7 and (pause := chance.choice(PAUSES)):
                    steps.append(["turns", pause])
        return steps


def play(kind: Kind, steps: Sequence[Step]) -> None:
    """Play an episode.

    Raises:
        Fault: something that must hold does not.
    """
    signal.signal(signal.SIGPROF, _stands_still)
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT)
    gc.freeze()  # What was there before need not be searched for garbage again and again.
    unraisable: list[Any] = []
    hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        with warnings.catch_warnings(), asyncio.Runner(loop_factory=Loop) as runner:
            warnings.simplefilter("error")
            world = runner.run(_play(kind, steps))
            gc.collect()  # Futures and coroutines that nothing has awaited complain when they go.
            world.check_reports()
        del world
        gc.collect()  # before what is left of the episode counts as what was there before
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.unfreeze()
        sys.unraisablehook = hook
    if unraisable:
        raise Fault(f"not raised: {unraisable[0].exc_value!r} in {unraisable[0].object!r}")


def _stands_still(*_: object) -> None:
    raise Fault(f"the event loop has not come to an end within {CPU_LIMIT} s of the processor")


async def _play(kind: Kind, steps: Sequence[Step]) -> World:
    world = kind.world(steps[0][1])
    try:
        for step in steps[1:]:
            await world.do(step)
        await world.settle()
    finally:
        world.let_go.set()
    return world


def fault_of(kind: Kind, steps: Sequence[Step]) -> Exception | None:
    """What is wrong in an episode."""
    try:
        play(kind, steps)
    except Exception as error:  # a step that raises is a fault as well
        return error
    return None


def shortened(kind: Kind, steps: Sequence[Step]) -> list[Step]:
    """The episode without the steps that it fails without, too."""
    kept = list(steps)
    size = len(kept) // 2
    while size:
        index = 1
        while index < len(kept):
            fewer = kept[:index] + kept[index + size :]
            if fault_of(kind, fewer):
                kept = fewer
            else:
                index += size
        size //= 2
    return kept


def told(kind: Kind, seed: int | str, steps: Sequence[Step], fault: Exception) -> str:
    """What to say of an episode that failed."""
    listed = ",\n".join(json.dumps(step) for step in steps)
    return (
        f"{kind.name}, seed {seed}: {type(fault).__name__}: {fault}\n[{listed}]\n"
        f"Play it again: python tests/fuzz/run.py {kind.name} --seed {seed}, or --steps FILE with this list."
    )
