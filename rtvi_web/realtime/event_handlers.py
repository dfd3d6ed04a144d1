"""Event handlers by name and by pattern. Mirrors ``RealtimeEventHandler``.

The pattern ``"*"`` matches every event; ``"prefix.*"`` matches every name that begins with ``prefix.``. Anything else
is the name of one event. Handlers run as those of :class:`~rtvi_web.core.emitter.Emitter` do: sync ones in place, async
ones as tasks. Exceptions of handlers go to the event loop's exception handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from rtvi_web.core.checks import seconds
from rtvi_web.core.handlers import count_arguments
from rtvi_web.core.listened import Listened
from rtvi_web.core.tasks import Tasks, report
from rtvi_web.errors import DisconnectedError, InvalidArgumentError

Handler = Callable[[Any], object] | Callable[[], object]
Given = TypeVar("Given", bound=Handler)


class _Subscription(NamedTuple):
    callback: Callable[..., object]
    takes_event: bool


_Subscriptions = dict[str, list[_Subscription]]


class RealtimeEventHandler:
    """Calls handlers of named events."""

    def __init__(self) -> None:
        self._handlers: _Subscriptions = {}
        self._next_handlers: _Subscriptions = {}
        self._waiters: set[asyncio.Future[Any]] = set()
        self._listened = Listened(self.listens)
        self._tasks = Tasks()  # those of async handlers

    def on(self, event_name: str, callback: Given) -> Given:
        """Call a handler at every such event. A handler that was added twice is called twice. Mirrors ``on()``.

        Args:
            event_name: a name such as ``"conversation.updated"``, or a pattern: ``"*"``, ``"server.*"``.
            callback: a function or coroutine function that takes the event, or nothing.

        Returns:
            The callback.

        Raises:
            InvalidArgumentError: the callback cannot be called.
        """
        self._listened.more()
        return _add(self._handlers, event_name, callback)

    def on_next(self, event_name: str, callback: Given) -> Given:
        """Call a handler at the next such event only; otherwise like :meth:`on`. Mirrors ``onNext()``."""
        self._listened.more()
        return _add(self._next_handlers, event_name, callback)

    def off(self, event_name: str, callback: Handler | None = None) -> bool:
        """Remove a handler once, or all handlers of exactly this name or pattern. Mirrors ``off()``.

        Returns:
            Always ``True``.

        Raises:
            InvalidArgumentError: the callback isn't subscribed.
        """
        return _remove(self._handlers, event_name, callback, "event listener")

    def off_next(self, event_name: str, callback: Handler | None = None) -> bool:
        """Remove what :meth:`on_next` added; otherwise like :meth:`off`. Mirrors ``offNext()``."""
        return _remove(self._next_handlers, event_name, callback, "next event listener")

    async def wait_for_next(self, event_name: str, timeout: float | None = None) -> Any:
        """Wait for the next such event. Mirrors ``waitForNext()``.

        Args:
            event_name: a name or a pattern.
            timeout: seconds (JavaScript has milliseconds); ``None`` or 0 waits as long as the session lasts.

        Returns:
            The event, or ``None`` if it did not happen in time.

        Raises:
            InvalidArgumentError: the time-out is not a number of seconds.
            DisconnectedError: the session ended first (unless that is what was waited for).
        """
        limit = seconds(timeout or None, "timeout")
        happened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def settle(event: Any) -> None:
            if not happened.done():
                happened.set_result(event)

        self._waiters.add(happened)
        self.on_next(event_name, settle)
        try:
            async with asyncio.timeout(limit):
                return await happened
        except TimeoutError:
            return None
        finally:
            self._waiters.discard(happened)
            with contextlib.suppress(InvalidArgumentError):  # it has run, or was removed with all others
                self.off_next(event_name, settle)

    def dispatch(self, event_name: str, event: Any = None) -> bool:
        """Call the handlers of an event. Mirrors ``dispatch()``.

        Those of the name come first, then those of patterns; in both groups those of :meth:`on` come before those of
        :meth:`on_next`, each in the order in which they were added.

        Returns:
            Always ``True``. Exceptions of handlers are reported to the event loop's exception handler.
        """
        called = [*self._handlers.get(event_name, ()), *self._next_handlers.pop(event_name, ())]
        for pattern in _matching(self._handlers, event_name):
            called += self._handlers[pattern]
        for pattern in _matching(self._next_handlers, event_name):
            called += self._next_handlers.pop(pattern)
        for subscription in called:
            self._call(subscription, event_name, event)
        return True

    def clear_event_handlers(self) -> bool:
        """Remove all handlers. Mirrors ``clearEventHandlers()``.

        Returns:
            Always ``True``. A pending :meth:`wait_for_next` waits on until its time-out or the end of the session.
        """
        self._handlers.clear()
        self._next_handlers.clear()
        return True

    def listens(self, event_name: str) -> bool:
        """Whether an event has handlers; without any it need not be made."""
        return any(
            event_name in handlers or bool(_matching(handlers, event_name))
            for handlers in (self._handlers, self._next_handlers)
        )

    async def until_listened(self, *event_names: str) -> None:
        """Wait until one of some events has handlers."""
        await self._listened.until(*event_names)

    def fail_waiters(self, reason: str) -> None:
        """Make every pending :meth:`wait_for_next` raise ``DisconnectedError``."""
        for happened in tuple(self._waiters):
            if not happened.done():
                happened.set_exception(DisconnectedError(reason))

    def _call(self, subscription: _Subscription, event_name: str, event: Any) -> None:
        callback, takes_event = subscription
        reason = f"a handler of {event_name!r} raised"
        try:
            result = callback(event) if takes_event else callback()
        except BaseException as error:
            report(error, reason, callback)
        else:
            if inspect.iscoroutine(result):
                self._tasks.run(result, reason)


def _matching(patterns: _Subscriptions, name: str) -> list[str]:
    """The patterns that match a name, in the order in which they were added; not the name itself."""
    return [
        pattern
        for pattern in patterns
        if pattern != name and (pattern == "*" or (pattern.endswith(".*") and name.startswith(pattern[:-1])))
    ]


def _add(subscriptions: _Subscriptions, name: str, callback: Given) -> Given:
    if not callable(callback):
        raise InvalidArgumentError(f"The handler of {name!r} must be a function; it is {callback!r}.")
    subscriptions.setdefault(name, []).append(_Subscription(callback, count_arguments(callback) > 0))
    return callback


def _remove(subscriptions: _Subscriptions, name: str, callback: Handler | None, what: str) -> bool:
    if callback is None:
        subscriptions.pop(name, None)
        return True
    known = subscriptions.get(name, [])
    for index, subscription in enumerate(known):
        if subscription.callback == callback:
            del known[index]
            if not known:
                del subscriptions[name]
            return True
    raise InvalidArgumentError(
        f'Could not turn off specified {what} for "{name}": not found as a listener'  # the words of openai-realtime-api
    )
