"""Typed events for handlers, sync or async.

Sync handlers run in place and in order; async ones become tasks that the emitter owns, started in the same order.
A handler that raises harms nobody: the error goes to the event loop's exception handler (which logs the traceback,
unless the page sets its own) and the next handler runs.
"""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, TypeVar, TypeVarTuple, overload

from rtvi_web.core.checks import nearest
from rtvi_web.core.event import Event
from rtvi_web.core.tasks import Tasks, report
from rtvi_web.core.warn import warn
from rtvi_web.errors import ConnectPhase, DisconnectedError, InvalidArgumentError

Arg = TypeVar("Arg")
Arg2 = TypeVar("Arg2")
Args = TypeVarTuple("Args")
Handler = Callable[..., object]


class EmittedEvent(NamedTuple):
    """An event that was fired, and what its handlers got."""

    event: Event[*tuple[Any, ...]]
    args: tuple[Any, ...]


class EventQueue:
    """What ``events()`` gives: iterate over it with ``async for``.

    Attributes:
        dropped: how many events were lost because the loop did not keep up; the oldest are lost first.
    """

    def __init__(self, wanted: frozenset[str], limit: int) -> None:
        self.dropped = 0
        self._wanted = wanted
        self._happened: deque[EmittedEvent] = deque(maxlen=limit)
        self._news = asyncio.Event()
        self._open = True

    def close(self) -> None:
        """Take no more events; the loop ends after those that are there."""
        self._open = False
        self._news.set()

    def wants(self, event: str) -> bool:
        """Whether it takes an event."""
        return self._open and (not self._wanted or event in self._wanted)

    def offer(self, happened: EmittedEvent) -> None:
        """Take an event, if it is wanted."""
        if self.wants(happened.event):
            self.dropped += len(self._happened) == self._happened.maxlen
            self._happened.append(happened)
            self._news.set()

    def __aiter__(self) -> EventQueue:
        return self

    async def __anext__(self) -> EmittedEvent:
        while not self._happened:
            if not self._open:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._happened.popleft()


class Emitter:
    """Calls handlers of named events.

    Args:
        events: every event by its name.
        renamed: names that are deprecated, and what they are called now.
    """

    def __init__(self, events: Mapping[str, Event[Any]], renamed: Mapping[str, str] | None = None) -> None:
        self._events = events
        self._renamed = renamed or {}
        self._queues: list[weakref.ref[EventQueue]] = []  # weak: a loop that was left needs no more of them
        self._handlers: dict[str, tuple[Handler, ...]] = {}  # replaced, never changed: they may be running
        self._tasks = Tasks()
        self._waiters: dict[asyncio.Future[Any], Handler] = {}

    @overload
    def on(self, event: Event[*Args], handler: Callable[[*Args], object]) -> Callable[[], None]: ...
    @overload
    def on(self, event: Event[*Args]) -> Callable[[Callable[[*Args], object]], Callable[[*Args], object]]: ...
    @overload
    def on(self, event: str, handler: Handler) -> Callable[[], None]: ...
    @overload
    def on(self, event: str) -> Callable[[Handler], Handler]: ...
    def on(self, event: str, handler: Handler | None = None) -> Any:
        """Call a handler at every such event. Mirrors ``on()``.

        Args:
            event: a member of :class:`RTVIEvent`, or its name such as ``"botReady"``.
            handler: a function or coroutine function; without it, ``on`` is a decorator.

        Returns:
            A function that unsubscribes the handler, or the decorator.

        Raises:
            InvalidArgumentError: there is no such event, or the handler cannot be called.
        """
        return self._subscribe(self._known(event), handler, lambda given: given)

    @overload
    def once(self, event: Event[*Args], handler: Callable[[*Args], object]) -> Callable[[], None]: ...
    @overload
    def once(self, event: Event[*Args]) -> Callable[[Callable[[*Args], object]], Callable[[*Args], object]]: ...
    @overload
    def once(self, event: str, handler: Handler) -> Callable[[], None]: ...
    @overload
    def once(self, event: str) -> Callable[[Handler], Handler]: ...
    def once(self, event: str, handler: Handler | None = None) -> Any:
        """Call a handler at the next such event only; otherwise like :meth:`on`. Mirrors ``once()``."""
        name = self._known(event)

        def only_once(given: Handler) -> Handler:
            def run(*args: Any) -> object:
                return given(*args) if self._remove(name, run) else None

            run.runs_once = given  # type: ignore[attr-defined]  # so that off() finds it by what the user gave
            return run

        return self._subscribe(name, handler, only_once)

    def off(self, event: str, handler: Handler) -> None:
        """Unsubscribe a handler; nothing happens if it isn't subscribed. Mirrors ``off()``.

        Raises:
            InvalidArgumentError: there is no such event.
        """
        self._remove(self._known(event), handler)

    @overload
    async def wait_for(
        self, event: Event[()], *, timeout: float | None = None, check: Callable[[], bool] | None = None
    ) -> None: ...
    @overload
    async def wait_for(
        self, event: Event[Arg], *, timeout: float | None = None, check: Callable[[Arg], bool] | None = None
    ) -> Arg: ...
    @overload
    async def wait_for(
        self, event: Event[Arg, Arg2], *, timeout: float | None = None, check: Callable[[Arg, Arg2], bool] | None = None
    ) -> tuple[Arg, Arg2]: ...
    @overload
    async def wait_for(
        self, event: str, *, timeout: float | None = None, check: Callable[..., bool] | None = None
    ) -> Any: ...
    async def wait_for(
        self, event: str, *, timeout: float | None = None, check: Callable[..., bool] | None = None
    ) -> Any:
        """Wait for the next such event.

        Args:
            event: a member of :class:`RTVIEvent`, or its name.
            timeout: seconds; ``None`` waits as long as the session lasts.
            check: called with the event's arguments; the wait goes on while it returns false.

        Returns:
            What handlers get: ``None``, the one argument, or a tuple of several.

        Raises:
            TimeoutError: it did not happen in time.
            DisconnectedError: the session ended first (unless that is what was waited for).
            InvalidArgumentError: there is no such event.
        """
        name = self._known(event)
        happened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def watch(*args: Any) -> None:
            if happened.done():
                return
            try:
                if check is None or check(*args):
                    happened.set_result(args[0] if len(args) == 1 else args or None)
            except StopIteration:  # as of next(): no future can carry it
                happened.set_exception(RuntimeError("the check of wait_for() raised StopIteration"))
            except Exception as error:
                happened.set_exception(error)

        self._add(name, watch)
        self._waiters[happened] = watch
        try:
            async with asyncio.timeout(timeout):
                return await happened
        finally:
            del self._waiters[happened]
            self._remove(name, watch)

    def events(self, *events: str, limit: int = 1000) -> EventQueue:
        """All events from now on, for ``async for``; the loop ends when the session does.

        ::

            async for event, args in client.events(RTVIEvent.USER_TRANSCRIPT, RTVIEvent.BOT_LLM_TEXT):
                print(event, *args)

        Args:
            events: which ones; all where none is named.
            limit: how many may wait for the loop; beyond it the oldest are dropped, and counted in ``dropped``.

        Raises:
            InvalidArgumentError: there is no such event, or the limit is less than 1.
        """
        if limit < 1:
            raise InvalidArgumentError(f"limit must be at least 1; it is {limit!r}.")
        queue = EventQueue(frozenset(map(self._known, events)), limit)
        self._queues.append(weakref.ref(queue, self._queues.remove))
        return queue

    def listens(self, event: str) -> bool:
        """Whether anyone handles an event."""
        return bool(self._handlers.get(event)) or any(queue.wants(event) for queue in self._open_queues())

    def emit(self, event: Event[*Args], *args: *Args) -> None:
        """Call an event's handlers; never raises."""
        if self._queues:
            for queue in self._open_queues():
                queue.offer(EmittedEvent(event, args))
        for handler in self._handlers.get(event, ()):
            try:
                result = handler(*args)
            except (Exception, asyncio.CancelledError) as error:
                report(error, f"a handler of {str(event)!r} raised", handler)
            else:
                if result is not None and inspect.iscoroutine(result):
                    self.run(result, f"a handler of {str(event)!r} raised")

    def run(self, coroutine: Coroutine[Any, Any, Any], complaint: str) -> asyncio.Task[Any]:
        """Run a coroutine as a task that lives until it ends; what it raises is reported with the complaint."""
        return self._tasks.run(coroutine, complaint)

    def fail_waiters(self, reason: str, phase: ConnectPhase | None = None) -> None:
        """Make every pending ``wait_for()`` raise ``DisconnectedError``, and end every ``events()``."""
        for queue in self._open_queues():
            queue.close()
        self._queues.clear()
        for happened in tuple(self._waiters):
            if not happened.done():
                happened.set_exception(DisconnectedError(reason, phase=phase))

    def _open_queues(self) -> list[EventQueue]:
        return [queue for reference in self._queues if (queue := reference())]

    def _subscribe(self, name: str, handler: Handler | None, wrap: Callable[[Handler], Handler]) -> Any:
        def add(given: Handler) -> Handler:
            if not callable(given):
                raise InvalidArgumentError(f"The handler of {name!r} must be a function; it is {given!r}.")
            added = wrap(given)
            self._add(name, added)
            return added

        if handler is not None:
            added = add(handler)

            def unsubscribe() -> None:
                self._remove(name, added)

            return unsubscribe

        def decorate(given: Handler) -> Handler:
            add(given)
            return given

        return decorate

    def _add(self, name: str, handler: Handler) -> None:
        self._handlers[name] = (*self._handlers.get(name, ()), handler)

    def _remove(self, name: str, handler: Handler) -> bool:
        handlers = self._handlers.get(name, ())
        for index, known in enumerate(handlers):
            if handler in (known, getattr(known, "runs_once", None)):
                self._handlers[name] = handlers[:index] + handlers[index + 1 :]
                return True
        return False

    def _known(self, event: str) -> str:
        if now := self._renamed.get(event):
            warn(f"The event {event!r} is now called {now!r}.", DeprecationWarning)
            return now
        if event not in self._events:
            raise InvalidArgumentError(f"There is no event {str(event)!r}.{nearest(event, self._events)}")
        return str(event)
