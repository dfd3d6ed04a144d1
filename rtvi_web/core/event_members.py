"""The members of a client that concern its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event import Event, EventName
from rtvi_web.core.event_queue import EventQueue
from rtvi_web.core.handlers import Handler

Arg = TypeVar("Arg")
Arg2 = TypeVar("Arg2")
Args = TypeVarTuple("Args")


class _DecoratorOfOne(Protocol[Arg]):
    """Takes a handler of one argument, or of none."""

    @overload
    def __call__(self, handler: Callable[[Arg], object], /) -> Callable[[Arg], object]: ...
    @overload
    def __call__(self, handler: Callable[[], object], /) -> Callable[[], object]: ...


class _DecoratorOfTwo(Protocol[Arg, Arg2]):
    """Takes a handler of two arguments, of the first, or of none."""

    @overload
    def __call__(self, handler: Callable[[Arg, Arg2], object], /) -> Callable[[Arg, Arg2], object]: ...
    @overload
    def __call__(self, handler: Callable[[Arg], object], /) -> Callable[[Arg], object]: ...
    @overload
    def __call__(self, handler: Callable[[], object], /) -> Callable[[], object]: ...


class EventMembers:
    """How users subscribe to events; the emitter does the work.

    Here are the types: one ``on()`` types the handlers of every event.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter

    @overload
    def on(self, event: Event[*Args], handler: Callable[[*Args], object]) -> Callable[[], None]: ...
    @overload
    def on(self, event: Event[Arg, Arg2], handler: Callable[[Arg], object]) -> Callable[[], None]: ...
    @overload
    def on(
        self, event: Event[*Args], handler: Callable[[*Args], object] | Callable[[], object]
    ) -> Callable[[], None]: ...
    @overload
    def on(self, event: EventName, handler: Handler) -> Callable[[], None]: ...
    @overload
    def on(self, event: Event[()]) -> Callable[[Callable[[], object]], Callable[[], object]]: ...
    @overload
    def on(self, event: Event[Arg]) -> _DecoratorOfOne[Arg]: ...
    @overload
    def on(self, event: Event[Arg, Arg2]) -> _DecoratorOfTwo[Arg, Arg2]: ...
    @overload
    def on(self, event: EventName) -> Callable[[Handler], Handler]: ...
    def on(self, event: str | EventName, handler: Handler | None = None) -> Any:
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
        return self._subscribe(event, handler, once=False)

    @overload
    def once(self, event: Event[*Args], handler: Callable[[*Args], object]) -> Callable[[], None]: ...
    @overload
    def once(self, event: Event[Arg, Arg2], handler: Callable[[Arg], object]) -> Callable[[], None]: ...
    @overload
    def once(
        self, event: Event[*Args], handler: Callable[[*Args], object] | Callable[[], object]
    ) -> Callable[[], None]: ...
    @overload
    def once(self, event: EventName, handler: Handler) -> Callable[[], None]: ...
    @overload
    def once(self, event: Event[()]) -> Callable[[Callable[[], object]], Callable[[], object]]: ...
    @overload
    def once(self, event: Event[Arg]) -> _DecoratorOfOne[Arg]: ...
    @overload
    def once(self, event: Event[Arg, Arg2]) -> _DecoratorOfTwo[Arg, Arg2]: ...
    @overload
    def once(self, event: EventName) -> Callable[[Handler], Handler]: ...
    def once(self, event: str | EventName, handler: Handler | None = None) -> Any:
        """Call a handler at the next such event only; otherwise like :meth:`on`. Mirrors ``once()``."""
        return self._subscribe(event, handler, once=True)

    def off(self, event: str, handler: Handler) -> None:
        """Unsubscribe a handler; nothing happens if it isn't subscribed. Mirrors ``off()``.

        Raises:
            InvalidArgumentError: there is no such event.
        """
        self._emitter.off(event, handler)

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
        self, event: EventName, *, timeout: float | None = None, check: Callable[..., bool] | None = None
    ) -> Any: ...
    async def wait_for(
        self, event: str | EventName, *, timeout: float | None = None, check: Callable[..., bool] | None = None
    ) -> Any:
        """Wait for the next such event.

        Args:
            event: a member of :class:`RTVIEvent`, or its name.
            timeout: seconds; ``None`` waits as long as the session lasts.
            check: called with the event's arguments; events for which it returns false are ignored.

        Returns:
            What handlers get: ``None``, the one argument, or a tuple of several.

        Raises:
            TimeoutError: it did not happen in time.
            DisconnectedError: the session ended first (unless that is what was waited for).
            InvalidArgumentError: there is no such event.
        """
        return await self._emitter.wait_for(str(event), timeout=timeout, check=check)

    def events(self, *events: str, limit: int = 1000) -> EventQueue:
        """All events from now on, for ``async for``; the loop ends when the session does.

        ::

            async for event, args in client.events(RTVIEvent.USER_TRANSCRIPT, RTVIEvent.BOT_LLM_TEXT):
                print(event, *args)

        Args:
            events: which ones; all if none is named.
            limit: how many may wait for the loop; beyond it the oldest are dropped, and counted in ``dropped``.

        Raises:
            InvalidArgumentError: there is no such event, or the limit is less than 1.
        """
        return self._emitter.events(*events, limit=limit)

    def _subscribe(self, event: str | EventName, handler: Handler | None, *, once: bool) -> Any:
        name = self._emitter.known(str(event))
        if handler is not None:
            return self._emitter.on(name, handler, once=once)

        def decorate(given: Handler) -> Handler:
            self._emitter.on(name, given, once=once)
            return given

        return decorate
