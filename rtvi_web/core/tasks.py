"""Tasks that have an owner, and where the exceptions of the user's code go."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class Tasks:
    """Owns tasks: keeps each one until it ends, and cancels all that are left.

    It is not an ``asyncio.TaskGroup``. That one ends with the first failure, which cancels all its other tasks; these
    tasks know nothing of each other, so a failure is reported and the others go on. A group must also be left by the
    task that entered it, while owners such as a session are begun and closed by different tasks.
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
        """Cancel what is running, but not the task that calls this.

        Args:
            spare: another task that goes on, such as the one on whose behalf this is called.
        """
        for task in self._tasks - {spare, asyncio.current_task()}:
            task.cancel()

    async def close(self) -> None:
        """Cancel what is running, but not the task that calls this, and wait until it has ended."""
        self.cancel()
        if ending := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(ending)


def cancelling() -> bool:
    """Whether the present task is itself being cancelled, rather than something that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def report(error: BaseException, complaint: str, source: object) -> None:
    """Hand an exception of the user's code to the event loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"rtvi_web: {complaint}", "exception": error, "source": source}
    )
