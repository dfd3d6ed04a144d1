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
from rtvi_web.core.handlers import Handler, count_arguments
from rtvi_web.core.tasks import Tasks, report
from rtvi_web.core.warn import warn
from rtvi_web.errors import ConnectPhase, DisconnectedError, InvalidArgumentError

Arg = TypeVar("Arg")
Arg2 = TypeVar("Arg2")
Args = TypeVarTuple("Args")


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


class _Subscription:
    """One handler of one event; not a tuple, which emit() would unpack more slowly than it reads these."""

    __slots__ = ("call", "given", "takes")

    def __init__(self, given: Handler) -> None:
        self.given = given
        self.takes = count_arguments(given)
        self.call = given  # what emit() calls


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
        self._handlers: dict[str, tuple[_Subscription, ...]] = {}  # replaced, never changed: they may be running
        self._tasks = Tasks()
        self._waiters: set[asyncio.Future[Any]] = set()

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
            handler: a function or coroutine function; without it, ``on`` is a decorator. It gets as many of the
                event's arguments as it has positional parameters, from the first on.

        Returns:
            A function that unsubscribes the handler, or the decorator.

        Raises:
            InvalidArgumentError: there is no such event, or the handler cannot be called.
        """
        return self._subscribe(self._known(event), handler, once=False)

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
        return self._subscribe(self._known(event), handler, once=True)

    def off(self, event: str, handler: Handler) -> None:
        """Unsubscribe a handler; nothing happens if it isn't subscribed. Mirrors ``off()``.

        Raises:
            InvalidArgumentError: there is no such event.
        """
        name = self._known(event)
        for subscription in self._handlers.get(name, ()):
            if subscription.given == handler:
                self._remove(name, subscription)
                return

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

        subscription = self._add(name, watch)
        self._waiters.add(happened)
        try:
            async with asyncio.timeout(timeout):
                return await happened
        finally:
            self._waiters.discard(happened)
            self._remove(name, subscription)

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
        count = len(args)
        for handler in self._handlers.get(event, ()):
            try:
                result = handler.call(*args) if handler.takes >= count else handler.call(*args[: handler.takes])
            except (Exception, asyncio.CancelledError) as error:
                report(error, f"a handler of {str(event)!r} raised", handler.given)
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

    def _subscribe(self, name: str, handler: Handler | None, *, once: bool) -> Any:
        if handler is None:

            def decorate(given: Handler) -> Handler:
                self._add(name, given, once=once)
                return given

            return decorate

        subscription = self._add(name, handler, once=once)

        def unsubscribe() -> None:
            self._remove(name, subscription)

        return unsubscribe

    def _add(self, name: str, given: Handler, *, once: bool = False) -> _Subscription:
        if not callable(given):
            raise InvalidArgumentError(f"The handler of {name!r} must be a function; it is {given!r}.")

        def call_once(*args: Any) -> object:
            return given(*args) if self._remove(name, subscription) else None

        subscription = _Subscription(given)
        if once:
            subscription.call = call_once
        self._handlers[name] = (*self._handlers.get(name, ()), subscription)
        return subscription

    def _remove(self, name: str, subscription: _Subscription) -> bool:
        known = self._handlers.get(name, ())
        kept = tuple(one for one in known if one is not subscription)
        self._handlers[name] = kept
        return len(kept) < len(known)

    def _known(self, event: str) -> str:
        if now := self._renamed.get(event):
            warn(f"The event {event!r} is now called {now!r}.", DeprecationWarning)
            return now
        if event not in self._events:
            raise InvalidArgumentError(f"There is no event {str(event)!r}.{nearest(event, self._events)}")
        return str(event)
