"""Tasks with an owner, and the user's code: what it raises is reported, and it cannot hold up a session.

Whatever it raises is an exception like any other, also a BaseException such as ``exit()`` raises. asyncio carries
SystemExit and KeyboardInterrupt of a task out of the event loop, which would end the whole page; tasks of this module
keep both inside.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")

MAX_ANSWERING = 64
"""Calls of a model that a page answers at once; more are refused, with an error for the model."""

PATIENCE = 5.0
"""Seconds that a coroutine of the user's has to end after it was cancelled."""


class Tasks:
    """Owns tasks: keeps each until it ends, and cancels those that are left.

    Not an ``asyncio.TaskGroup``: that ends with the first failure and cancels its other tasks. Here a failure is
    reported and the other tasks go on. Also, the task that enters a group must leave it, but one task may begin a
    session and another close it.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # the event loop itself keeps weak references only

    def __len__(self) -> int:
        """How many tasks are running."""
        return len(self._tasks)

    def run(self, coroutine: Coroutine[Any, Any, Result], reason: str) -> asyncio.Task[Result]:
        """Run a coroutine until it ends, or its owner cancels it.

        Args:
            coroutine: what to run.
            reason: what the report says if it raises, such as ``"a handler of 'botReady' raised"``.
        """
        task = start_task(coroutine)
        self._tasks.add(task)

        def ended(task: asyncio.Task[Result]) -> None:
            self._tasks.discard(task)
            if error := error_of(task):
                report(error, reason, coroutine)

        task.add_done_callback(ended)
        return task

    def cancel(self) -> None:
        """Cancel all running tasks, except the one that calls this and those that wait for user code that does."""
        for task in self._others():
            task.cancel()

    async def close(self) -> None:
        """Cancel the running tasks as :meth:`cancel` does, and wait for their end."""
        self.cancel()
        if ending := self._others():
            await asyncio.wait(ending)

    def _others(self) -> set[asyncio.Task[Any]]:
        return self._tasks - {asyncio.current_task(), *_callers.get()}


async def run_within(limit: float, coroutine: Coroutine[Any, Any, object], reason: str) -> None:
    """Run a coroutine that may fail or hang: either is reported, and neither raises.

    Args:
        limit: seconds after which it is cancelled and no longer waited for.
        coroutine: what to run.
        reason: what the report says.
    """
    task = start_task(coroutine)
    try:
        await asyncio.wait({task}, timeout=limit)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        report(TimeoutError(f"still running after {limit:g} s"), reason, coroutine)
    elif error := error_of(task):
        report(error, reason, coroutine)


_callers: ContextVar[tuple[asyncio.Task[Any] | None, ...]] = ContextVar("_callers", default=())
"""The tasks that wait for the user's code that runs here. That code may end its own session and go on."""


async def call_user_code(function: Callable[[], Any], what: str, *, timeout: float | None = None) -> Any:
    """Call a function of the user's, sync or async, and wait for its result.

    A coroutine runs in a task of its own. It is cancelled, and no longer waited for, when time is up or the caller is
    cancelled. If it ignores this for :data:`PATIENCE` seconds, it is given up, which is reported.

    Args:
        function: takes no arguments.
        what: what it is, for messages, such as ``"tool 'paint'"``.
        timeout: seconds; ``None`` means no limit.

    Raises:
        TimeoutError: time is up.
        BaseException: whatever the user's code raises.
    """
    context = copy_context()
    context.run(_callers.set, (*_callers.get(), asyncio.current_task()))
    given = context.run(function)
    if not inspect.isawaitable(given):
        return given
    task = start_task(given, context)
    try:
        await asyncio.wait({task}, timeout=timeout)
    except asyncio.CancelledError:
        _give_up(task, what)  # It may also have ended just now: then what it has raised is reported.
        raise
    if not task.done():
        _give_up(task, what)
        raise TimeoutError(f"{what} gave no result within {timeout:g} s")
    if error := error_of(task):
        raise error
    return task.result()


def _give_up(task: asyncio.Task[Any], what: str) -> None:
    """Cancel a task, and report if it does not end, or ends with another error."""
    ignored = TimeoutError(f"{what} was cancelled, but is still running after {PATIENCE:g} s")
    timer = asyncio.get_running_loop().call_later(PATIENCE, report, ignored, f"{what} was given up", task)

    def ended(task: asyncio.Task[Any]) -> None:
        timer.cancel()
        if error := error_of(task):
            report(error, f"{what} raised", task)

    task.add_done_callback(ended)
    task.cancel()


class _Exit(RuntimeError):
    """Carries a SystemExit or KeyboardInterrupt out of a task, as its cause."""


def start_task(work: Awaitable[Result], context: Context | None = None) -> asyncio.Task[Result]:
    """Start a task that keeps SystemExit and KeyboardInterrupt inside; :func:`error_of` returns what it raised."""
    task = asyncio.get_running_loop().create_task(_contained(work), context=context)
    if inspect.iscoroutine(work):
        task.add_done_callback(lambda _: work.close())  # A coroutine that never began would warn about it.
    return task


async def _contained(work: Awaitable[Result]) -> Result:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        raise _Exit(f"{type(error).__name__}: {error}") from error


def error_of(task: asyncio.Task[Any]) -> BaseException | None:
    """What an ended task raised; ``None`` if it raised nothing or was cancelled."""
    error = None if task.cancelled() else task.exception()
    return error.__cause__ if isinstance(error, _Exit) else error


def cancelling() -> bool:
    """Whether the current task is being cancelled, not something that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def end_if_cancelled() -> None:
    """Raise CancelledError if the current task was cancelled, though what it has awaited has swallowed that."""
    if cancelling():
        raise asyncio.CancelledError


def report(error: BaseException, reason: str, source: object) -> None:
    """Hand an exception of the user's code to the event loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"rtvi_web: {reason}", "exception": error, "source": source}
    )
