"""The world of an episode: a client, the other side and the page's code, and what must hold between them.

An episode's steps are the methods of its world whose names begin with ``do_``.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sessions import turns

from rtvi_web import RTVIError

Step = Sequence[Any]
"""The name of a step and its arguments."""

SETTLED_WITHIN = 16.0
"""Seconds that disconnect() may take, whatever it meets: an attempt, a transport and a page that will not end."""


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
    """The client, the other side and the page's code of one episode."""

    options: Mapping[str, Any]
    calls: list[Call] = field(default_factory=list)
    openings: int = 0
    """How often something was called that may open a device."""
    is_ending: bool = False
    """Whether the steps are over: then handlers do nothing more."""

    def __post_init__(self) -> None:
        self.disconnecting = 0
        """How many disconnect() are running."""
        self.reported: list[Any] = []
        self.let_go = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda _, context: self.reported.append(context))

    # What each client's world brings.

    @abstractmethod
    def check(self) -> None:
        """What must hold after every step."""

    @abstractmethod
    async def connect(self) -> None:
        """Call connect(), and check what it has promised when it returns."""

    @abstractmethod
    async def end_session(self) -> None:
        """Call disconnect()."""

    @abstractmethod
    def check_released(self, when: str) -> None:
        """Nothing is open."""

    @abstractmethod
    def once(self, event: str, handler: Callable[..., object]) -> object:
        """Subscribe a handler to the next such event."""

    @abstractmethod
    async def end(self) -> None:
        """End well: connect once more, now that everything works, check, and disconnect."""

    @abstractmethod
    def check_history(self) -> None:
        """What must hold of all that was dispatched and sent."""

    # The page's code.

    async def act(self, kind: str) -> Any:
        """What a coroutine of the page does."""
        if self.is_ending:
            return None
        match kind:
            case "raises":
                raise OwnError("f")
            case "exits":
                raise SystemExit("f")
            case "hangs":
                await self.let_go.wait()
            case "swallows":
                return await self._swallow()
            case "disconnects":
                await self._end_session()
            case "reconnects":
                await self._end_session()
                if not self.is_ending:
                    await self.connect()
        return None

    async def _swallow(self) -> str:
        """Swallow cancellation, until the episode is over."""
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except BaseException:
                continue
        return "late"

    async def answer(self, kind: str, _call: Any) -> Any:
        """What a function of the page does that the model calls, and what it gives."""
        try:
            result = await self.act(kind)
        except RTVIError as error:
            return error.message
        return 7 if result is None else result

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
        self.call("disconnect", self._disconnect, limit=SETTLED_WITHIN)

    async def _disconnect(self) -> None:
        before = self.openings
        await self._end_session()
        if self.openings == before:
            self.check_released("disconnect() has returned")

    async def _end_session(self) -> None:
        self.disconnecting += 1
        try:
            await self.end_session()
        finally:
            self.disconnecting -= 1

    def do_when(self, event: str, step: Step, in_task: bool) -> None:
        """At the next such event, a handler does a step, in place or after a turn of the loop."""

        async def later() -> None:
            await turns(1)
            self.begin(step)

        def handler(*_: Any) -> Any:
            return later() if in_task else self.begin(step) and None

        self.once(event, handler)

    def do_when_awaiting(self, event: str, kind: str) -> None:
        """At the next such event, an async handler ends or changes the session, and waits for it."""

        async def handler(*_: Any) -> None:
            with suppress(RTVIError):
                await self.act(kind)

        self.once(event, handler)

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

    async def settle(self) -> None:
        """The episode's last part: everything ends."""
        self.is_ending = True
        await turns(2)  # All calls have begun.
        await self._disconnect()
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
