"""Tasks with an owner, and the report of exceptions in the user's code."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Tasks:
    """Owns tasks: keeps each until it ends, and cancels those that are left.

    Not an ``asyncio.TaskGroup``: that ends with the first failure and cancels its other tasks. Here a failure is
    reported and the other tasks go on. Also, the task that enters a group must leave it, but one task may begin a
    session and another close it.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # the event loop itself keeps weak references only

    def __bool__(self) -> bool:
        """Whether a task is running."""
        return bool(self._tasks)

    def run(self, coroutine: Coroutine[Any, Any, Result], complaint: str) -> asyncio.Task[Result]:
        """Run a coroutine until it ends, or its owner cancels it.

        Args:
            coroutine: what to run.
            complaint: what the report says if it raises, such as ``"a handler of 'botReady' raised"``.
        """
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)

        def ended(task: asyncio.Task[Result]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and (error := task.exception()):
                report(error, complaint, coroutine)

        task.add_done_callback(ended)
        return task

    def cancel(self, *, spare: asyncio.Task[Any] | None = None) -> None:
        """Cancel all running tasks but the one that calls this.

        Args:
            spare: another task to leave running, such as the one for which this is called.
        """
        for task in self._tasks - {spare, asyncio.current_task()}:
            task.cancel()

    async def close(self) -> None:
        """Cancel all running tasks but the one that calls this, and wait for their end."""
        self.cancel()
        if ending := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(ending)


async def run_within(limit: float, coroutine: Coroutine[Any, Any, object], complaint: str) -> None:
    """Run a coroutine that may fail or hang: either is reported, and neither raises.

    Args:
        limit: seconds after which it is cancelled and no longer waited for.
        coroutine: what to run.
        complaint: what the report says.
    """
    task = asyncio.get_running_loop().create_task(coroutine)
    try:
        await asyncio.wait({task}, timeout=limit)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        report(TimeoutError(f"still running after {limit:g} s"), complaint, coroutine)
    elif not task.cancelled() and (error := task.exception()):
        report(error, complaint, coroutine)


def cancelling() -> bool:
    """Whether the current task is being cancelled, not something that it awaits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def report(error: BaseException, complaint: str, source: object) -> None:
    """Hand an exception of the user's code to the event loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"rtvi_web: {complaint}", "exception": error, "source": source}
    )
