"""Calls the handlers of events, sync or async.

Sync handlers run in place and in order; async ones become tasks that the emitter owns, started in the same order.
A handler that raises stops nothing else: its error goes to the event loop's exception handler (which logs the
traceback, unless the page sets its own) and the next handler runs.
"""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar, TypeVarTuple

from rtvi_web.core.checks import nearest
from rtvi_web.core.event import Event
from rtvi_web.core.event_queue import EmittedEvent, EventQueue
from rtvi_web.core.handlers import Handler, count_arguments
from rtvi_web.core.listened import Listened
from rtvi_web.core.tasks import Tasks, report
from rtvi_web.core.warn import warn
from rtvi_web.errors import ConnectPhase, DisconnectedError, InvalidArgumentError, RTVIError

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class _Subscription:
    """One handler of one event. Not a tuple: emit() reads attributes faster than it would unpack one."""

    __slots__ = ("call", "given", "takes")

    def __init__(self, given: Handler) -> None:
        self.given = given
        self.takes = count_arguments(given)
        self.call = given  # what emit() calls


class Emitter:
    """Calls handlers of named events. What users see of it is :class:`~rtvi_web.core.event_members.EventMembers`.

    Args:
        events: every event by its name.
        renamed: names that are deprecated, and what they are called now.
    """

    def __init__(self, events: Mapping[str, Event[Any]], renamed: Mapping[str, str] | None = None) -> None:
        self._events = events
        self._renamed = renamed or {}
        self._queues: list[weakref.ref[EventQueue]] = []  # weak: a loop that was left needs its queue no longer
        self._handlers: dict[str, tuple[_Subscription, ...]] = {}  # replaced, never changed: they may be running
        self._tasks = Tasks()
        self._waiters: set[asyncio.Future[Any]] = set()
        self.listened = Listened(self.listens)

    def known(self, event: str) -> str:
        """The name of an event as it is today; a deprecated one warns.

        Raises:
            InvalidArgumentError: there is no such event.
        """
        if now := self._renamed.get(event):
            warn(f"The event {event!r} is now called {now!r}.", DeprecationWarning)
            return now
        if event not in self._events:
            raise InvalidArgumentError(f"There is no event {str(event)!r}.{nearest(event, self._events)}")
        return str(event)

    def on(self, event: str, handler: Handler, *, once: bool = False) -> Callable[[], None]:
        """Call a handler at every such event, or only at the next one. Returns a function that unsubscribes it."""
        name = self.known(event)
        subscription = self._add(name, handler, once=once)

        def unsubscribe() -> None:
            self._remove(name, subscription)

        return unsubscribe

    def off(self, event: str, handler: Handler) -> None:
        """Unsubscribe a handler; nothing happens if it isn't subscribed."""
        name = self.known(event)
        for subscription in self._handlers.get(name, ()):
            if subscription.given == handler:
                self._remove(name, subscription)
                return

    async def wait_for(self, event: str, *, timeout: float | None, check: Callable[..., bool] | None) -> Any:
        """Wait for the next such event; see ``RTVIClient.wait_for``."""
        name = self.known(event)
        happened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def watch(*args: Any) -> None:
            if happened.done():
                return
            try:
                if check is None or check(*args):
                    happened.set_result(args[0] if len(args) == 1 else args or None)
            except (StopIteration, SystemExit, KeyboardInterrupt) as error:  # A future or a task cannot carry these.
                raised = RuntimeError(f"the check of wait_for() raised {type(error).__name__}")
                raised.__cause__ = error
                happened.set_exception(raised)
            except BaseException as error:
                happened.set_exception(error)

        subscription = self._add(name, watch)
        self._waiters.add(happened)
        try:
            async with asyncio.timeout(timeout):
                return await happened
        finally:
            self._waiters.discard(happened)
            self._remove(name, subscription)

    def events(self, *events: str, limit: int) -> EventQueue:
        """A queue of all events from now on; see ``RTVIClient.events``."""
        if limit < 1:
            raise InvalidArgumentError(f"limit must be at least 1; it is {limit!r}.")
        queue = EventQueue(frozenset(map(self.known, events)), limit)
        self._queues.append(weakref.ref(queue, self._queues.remove))
        self.listened.more()
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
            except BaseException as error:
                report(error, f"a handler of {str(event)!r} raised", handler.given)
            else:
                if result is not None and inspect.iscoroutine(result):
                    self.run(result, f"a handler of {str(event)!r} raised")

    def run(self, coroutine: Coroutine[Any, Any, Result], reason: str) -> asyncio.Task[Result]:
        """Run a coroutine as a task that lives until it ends; what it raises is reported with the reason."""
        return self._tasks.run(coroutine, reason)

    def fail_waiters(self, reason: str, phase: ConnectPhase | None = None, *, cause: RTVIError | None = None) -> None:
        """Make every pending ``wait_for()`` raise ``DisconnectedError``, and end every ``events()``.

        Args:
            reason: what happened.
            phase: what ``connect()`` was doing.
            cause: why the session has ended; ``None`` if the page ended it.
        """
        for queue in self._open_queues():
            queue.close()
        self._queues.clear()
        for happened in tuple(self._waiters):
            if not happened.done():
                happened.set_exception(DisconnectedError.because(cause, reason, phase=phase))

    def _open_queues(self) -> list[EventQueue]:
        return [queue for reference in self._queues if (queue := reference())]

    def _add(self, name: str, given: Handler, *, once: bool = False) -> _Subscription:
        if not callable(given):
            raise InvalidArgumentError(f"The handler of {name!r} must be a function; it is {given!r}.")

        def call_once(*args: Any) -> object:
            return given(*args) if self._remove(name, subscription) else None

        subscription = _Subscription(given)
        if once:
            subscription.call = call_once
        self._handlers[name] = (*self._handlers.get(name, ()), subscription)
        self.listened.more()
        return subscription

    def _remove(self, name: str, subscription: _Subscription) -> bool:
        known = self._handlers.get(name, ())
        kept = tuple(one for one in known if one is not subscription)
        self._handlers[name] = kept
        return len(kept) < len(known)
