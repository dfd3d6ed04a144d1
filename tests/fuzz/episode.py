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
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
sys.path[:0] = [str(ROOT), str(UNIT), str(UNIT / "realtime")]

from sessions import turns  # noqa: E402
from virtual_clock import Loop  # noqa: E402

from rtvi_web import RTVIError  # noqa: E402

Step = Sequence[Any]
"""The name of a step and its arguments."""

PAUSES = (0, 0, 0, 1, 1, 2, 3, 4, 6, 9, 14, 30)
"""Turns of the event loop between two steps; one is chosen at random."""
SETTLED_WITHIN = 16.0
"""Seconds that disconnect() may take, whatever it meets: an attempt, a transport and a page that will not end."""

REAL_LIMIT = 10
"""Seconds of real time that an episode may take, which is some milliseconds usually; only a loop without end does."""


class Fault(AssertionError):
    """Something that must hold does not."""


class OwnError(Exception):
    """What the page's own code raises here."""


@dataclass(eq=False)
class Call:
    """Something that was called and is awaited.

    Attributes:
        limit: seconds after which it must have settled; ``None`` if only the end of the session ends it.
        waits_for_session: whether the end of a session that has not begun yet may be what ends it.
    """

    name: str
    task: asyncio.Task[Any]
    begun: float
    limit: float | None
    waits_for_session: bool
    was_cancelled: bool = False


@dataclass
class World(ABC):
    """A client, the other side, and what must hold between them. Its steps are its methods whose names say ``do_``."""

    options: Mapping[str, Any]
    calls: list[Call] = field(default_factory=list)
    openings: int = 0
    """How often something was called that may open a device."""
    is_ending: bool = False
    """Whether the steps are over: then handlers do nothing more."""

    def __post_init__(self) -> None:
        self.reported: list[Any] = []
        self.let_go = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda _, context: self.reported.append(context))

    # What each client's world brings.

    @abstractmethod
    def check(self) -> None:
        """What must hold after every step."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Call disconnect(), and check that nothing is open when it returns."""

    @abstractmethod
    async def end(self) -> None:
        """End well: connect once more, now that everything works, check, and disconnect."""

    @abstractmethod
    def check_history(self) -> None:
        """What must hold of all that was dispatched and sent."""

    # Steps of both.

    async def do(self, step: Step) -> None:
        """Do a step and check."""
        result = self.begin(step)
        if result is not None:
            await result
        self.check()

    def begin(self, step: Step) -> Awaitable[None] | None:
        """Begin a step; an error of rtvi_web's own that it raises is an answer as good as any."""
        if self.is_ending:
            return None
        name, *arguments = step
        try:
            return getattr(self, f"do_{name}")(*arguments)  # type: ignore[no-any-return]
        except RTVIError:
            return None

    async def do_turns(self, count: int) -> None:
        await turns(count)

    async def do_sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def do_cancel(self, which: int) -> None:
        """Cancel one of the calls that are running."""
        if running := [call for call in self.calls if not call.task.done()]:
            call = running[which % len(running)]
            call.was_cancelled = True
            call.task.cancel()

    def do_disconnect(self) -> None:
        self.call("disconnect", self.disconnect, limit=SETTLED_WITHIN)

    # What steps are made of.

    def call(
        self,
        name: str,
        function: Callable[[], Coroutine[Any, Any, Any]],
        *,
        limit: float | None = None,
        waits_for_session: bool = False,
    ) -> None:
        task = asyncio.ensure_future(_begun(function))
        self.calls.append(Call(name, task, self.loop.time(), limit, waits_for_session))
        if limit is not None:
            self.loop.call_later(limit + 0.001, self._check_settled, self.calls[-1])

    def _check_settled(self, call: Call) -> None:
        if not call.task.done():
            self.reported.append({"message": f"{call.name} has not settled within {call.limit:g} s"})

    async def swallow(self) -> str:
        """A coroutine of the page's that swallows cancellation, until the episode is over."""
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except BaseException:
                continue
        return "late"

    async def settle(self) -> None:
        """The episode's last part: everything ends."""
        self.is_ending = True
        await turns(2)  # All calls have begun.
        await self.disconnect()
        await self._ended([call for call in self.calls if not call.waits_for_session])
        await self.end()
        await turns(10)
        await self._ended(self.calls)
        self.let_go.set()
        await turns(20)
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            raise Fault(f"tasks are left: {left}")
        for call in self.calls:
            self._check_outcome(call)
        self.calls.clear()
        self.check_history()

    async def _ended(self, calls: list[Call]) -> None:
        waiting = [call.task for call in calls if not call.task.done()]
        if waiting and (await asyncio.wait(waiting, timeout=SETTLED_WITHIN))[1]:
            names = [call.name for call in calls if not call.task.done()]
            raise Fault(f"still waiting after the session's end: {names}")

    def _check_outcome(self, call: Call) -> None:
        if call.task.cancelled():
            if not call.was_cancelled:
                raise Fault(f"{call.name} was cancelled, but no step has cancelled it")
        elif (error := call.task.exception()) and not isinstance(error, RTVIError):
            timed_out = isinstance(error, TimeoutError) and call.name == "wait_for"
            if not timed_out:
                raise Fault(f"{call.name} raised {error!r}") from error

    def check_reports(self) -> None:
        """Nothing was reported but errors of the page's own code."""
        for context in self.reported:
            error = context.get("exception")
            own = isinstance(error, OwnError | SystemExit) or "still running" in str(error)
            if not own and "gave no result within" not in str(error):
                raise Fault(f"reported: {context}") from error


async def _begun(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return await function()  # If its task is cancelled at once, there is no coroutine that nothing awaits.


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
    signal.signal(signal.SIGALRM, _stands_still)
    signal.alarm(REAL_LIMIT)
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
        signal.alarm(0)
        gc.unfreeze()
        sys.unraisablehook = hook
    if unraisable:
        raise Fault(f"not raised: {unraisable[0].exc_value!r} in {unraisable[0].object!r}")


def _stands_still(*_: object) -> None:
    raise Fault(f"the event loop has not come to an end within {REAL_LIMIT} s of real time")


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
