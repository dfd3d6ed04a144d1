"""One attempt to connect at a time, and the closing that follows a session or a failed attempt.

Both clients connect by the same algorithm:

* An attempt runs as a task of its own, so that it can be ended in any phase: by ``disconnect()``, by its
  deadline, by a lost link. The reason is kept in the attempt, so that it cannot end a later one.
* Its errors name the phase that was reached.
* The session is closed once, no matter how many ask for it, and the closing goes on when they stop waiting.
* A task that ignores its cancellation is given up after :data:`PATIENCE` seconds, so that nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

from rtvi_web.core.tasks import error_of, report, start_task
from rtvi_web.errors import (
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    RTVIError,
    TransportStartError,
)

Result = TypeVar("Result")

PATIENCE = 5.0
"""Seconds that a cancelled attempt has to end."""
CLOSE_LIMIT = 5.0
"""Seconds that a transport has to close."""

STALLED = {
    ConnectPhase.START: "the start endpoint did not answer",
    ConnectPhase.LINK: "the link to the bot's server did not open",
    ConnectPhase.OFFER: "the server did not answer the WebRTC offer",
    ConnectPhase.ICE: "no network path to the bot was found",
    ConnectPhase.DATA_CHANNEL: "the data channel did not open",
    ConnectPhase.BOT: "the bot did not join",
    ConnectPhase.BOT_READY: "the bot did not say bot-ready",
}
"""What connect() was waiting for when it timed out, by phase; a transport may say it in its own words."""


def with_phase(error: BaseException, phase: ConnectPhase) -> RTVIError:
    """Name the phase in an error of ours; wrap any other error, and chain it as the cause."""
    if not isinstance(error, RTVIError):
        wrapped = TransportStartError(f"{type(error).__name__}: {error}", phase=phase)
        wrapped.__cause__ = error
        return wrapped
    error.phase = error.phase or phase
    return error


class ConnectAttempt:
    """One attempt. It is over when its work is done, when it is aborted, and when the task that waits is cancelled.

    Args:
        running: the attempts whose tasks have not ended. This one adds itself, and leaves when its own has ended.

    Attributes:
        phase: how far it has got.
        stalled: what it waits for in this phase, in the transport's words; ``None`` for those of :data:`STALLED`.
        is_over: whether it is over; its task may still be cleaning up.
    """

    def __init__(self, running: set[ConnectAttempt]) -> None:
        self._running = running
        running.add(self)
        self.phase = ConnectPhase.DEVICES
        self.stalled: str | None = None
        self.is_over = False
        self._reason: RTVIError | None = None
        self._task: asyncio.Task[Any] | None = None
        self._ended = asyncio.get_running_loop().create_future()
        self._timers: list[asyncio.TimerHandle] = []

    async def run(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Do the work; called once.

        Raises:
            RTVIError: the reason for which it was aborted, or what the work raised, with the phase.
        """
        self._task = task = start_task(work())
        task.add_done_callback(self._on_done)
        try:
            await asyncio.shield(self._ended)
        except asyncio.CancelledError:
            self._cancel()
            raise
        self.is_over = True
        if self._reason:
            raise self._reason
        try:
            return task.result()
        except BaseException as error:
            failure = with_phase(error_of(task) or error, self.phase)
        raise failure

    @property
    def was_aborted(self) -> bool:
        """Whether it was made to fail."""
        return self._reason is not None

    def abort(self, reason: RTVIError) -> None:
        """Make the attempt fail, in any phase. Only the first reason counts."""
        if not self.is_over:
            self._reason = with_phase(reason, self.phase)
            self._cancel()

    def call_later(self, delay: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Call something after so many seconds, unless the work is done by then."""
        timer = asyncio.get_running_loop().call_later(delay, callback)
        self._timers.append(timer)
        return timer

    async def ended(self) -> None:
        """Wait until its task has ended, or was given up."""
        await asyncio.shield(self._ended)

    def _cancel(self) -> None:
        self.is_over = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            self.call_later(PATIENCE, self._give_up)

    def _give_up(self) -> None:
        report(TimeoutError(f"cancelled, but still running after {PATIENCE:g} s"), "connect() was given up", self._task)
        self._end()

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # Mark it as seen: the attempt may have been aborted for another reason.
        self._end()

    def _end(self) -> None:
        self._running.discard(self)
        for timer in self._timers:
            timer.cancel()
        if not self._ended.done():
            self._ended.set_result(None)


class Ending:
    """What ``disconnect()`` returns. It may be awaited, also more than once, or dropped.

    Args:
        closing: releases everything.
        returned: called when the first who awaits it goes on, or if none does, when they would have.
    """

    def __init__(self, closing: asyncio.Task[None], returned: Callable[[], None]) -> None:
        self._closing = closing
        self._returned = returned
        soon = asyncio.get_running_loop().call_soon
        closing.add_done_callback(lambda _: soon(soon, returned))

    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.shield(self._closing).__await__()
        self._returned()


class ConnectAttempts:
    """The attempts of one client, one after another, and the closing in between.

    Args:
        close: releases what a session or an attempt holds. It gets a reason, for those who still wait for the
            session, and the error that connect() failed with; ``None`` after a session, or if ``disconnect()`` ended
            it. It does not raise.
    """

    def __init__(self, close: Callable[[str, RTVIError | None], Coroutine[Any, Any, None]]) -> None:
        self._close_session = close
        self._attempt: ConnectAttempt | None = None
        self._running: set[ConnectAttempt] = set()  # all whose tasks have not ended, also those that only open devices
        self._closing: asyncio.Task[None] | None = None
        self._disconnecting: asyncio.Task[None] | None = None  # a closing that disconnect() has not returned from yet

    @property
    def is_connecting(self) -> bool:
        """Whether an attempt is running."""
        return self._attempt is not None and not self._attempt.is_over

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being connected, opened or closed."""
        return not (self._closing or any(not attempt.is_over for attempt in self._running))

    @property
    def is_closing(self) -> bool:
        """Whether a session, or a failed attempt, is being closed."""
        return self._closing is not None

    @property
    def phase(self) -> ConnectPhase:
        """How far the last attempt has got."""
        return self._attempt.phase if self._attempt else ConnectPhase.DEVICES

    def enter(self, phase: ConnectPhase, stalled: str | None = None) -> None:
        """The attempt has reached a phase; ignored when none is running, as while a link is being restored."""
        if self._attempt and not self._attempt.is_over:
            self._attempt.phase, self._attempt.stalled = phase, stalled

    @property
    def stalled(self) -> str:
        """What the attempt waits for, as the end of a sentence."""
        words = self._attempt.stalled if self._attempt else None
        return words or STALLED.get(self.phase, f"it waited in the phase {self.phase.value!r}")

    async def run(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Run an attempt, once the last session is closed. If it fails, its session is closed before this raises.

        Raises:
            RTVIError: why it failed, with the phase.
        """
        attempt = self._attempt = ConnectAttempt(self._running)
        try:
            return await attempt.run(partial(self._after_closing, work))
        except asyncio.CancelledError:
            await self._close_after(attempt, "connect() was cancelled.", None)
            raise
        except RTVIError as failure:
            await self._close_after(attempt, *_closing_arguments(failure))
            raise

    async def _close_after(self, attempt: ConnectAttempt, reason: str, failure: RTVIError | None) -> None:
        # If the attempt was aborted, the closing has begun already.
        if closing := self._closing if attempt.was_aborted else self._begin_to_close(reason, failure):
            await asyncio.shield(closing)

    async def open_devices(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Open devices ahead of an attempt, once the last session is closed.

        Raises:
            DisconnectedError: ``disconnect()`` is running, or was called meanwhile, or the session was closed.
        """
        self.check_not_disconnecting()
        return await ConnectAttempt(self._running).run(partial(self._after_closing, work))

    def check_not_disconnecting(self) -> None:
        """Check that devices may be opened.

        Raises:
            DisconnectedError: ``disconnect()`` is running.
        """
        if self._disconnecting:
            raise DisconnectedError("disconnect() is running. Open the devices after it.", phase=ConnectPhase.DEVICES)

    async def _after_closing(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        if self._closing:
            await asyncio.shield(self._closing)
        return await work()

    def set_deadline(self, timeout: float | None, reason: Callable[[], str]) -> Callable[[], None]:
        """Make the running attempt fail if it takes longer.

        Args:
            timeout: seconds from now; ``None`` means no limit.
            reason: makes the message of the ConnectionTimeoutError.

        Returns:
            A function that lifts the deadline; it may be called at any time.
        """
        if timeout is None or self._attempt is None:
            return lambda: None
        attempt = self._attempt
        return attempt.call_later(timeout, lambda: self._fail(attempt, ConnectionTimeoutError(reason()))).cancel

    def aborter(self) -> Callable[[RTVIError], None]:
        """A function that makes the running attempt fail; it does nothing once that is over."""
        attempt = self._attempt
        return lambda error: self._fail(attempt, error)

    def fail(self, error: RTVIError) -> None:
        """Make the running attempt fail."""
        self._fail(self._attempt, error)

    def _fail(self, attempt: ConnectAttempt | None, error: RTVIError) -> None:
        if attempt and not attempt.is_over:
            attempt.abort(error)
            self._begin_to_close(*_closing_arguments(error))

    def disconnect(self) -> Ending:
        """Abort the attempt, or close the session. Await what this returns to know when all is released."""
        if self._attempt:
            self._attempt.abort(ConnectAbortedError())
        self._abort_running("The session ended.")  # also those that wait for a closing
        closing = self._disconnecting = self.begin_to_close("The session ended.")

        def returned() -> None:
            if self._disconnecting is closing:
                self._disconnecting = None

        return Ending(closing, returned)

    async def close(self, reason: str) -> None:
        """Close the session, and wait for it."""
        await asyncio.shield(self.begin_to_close(reason))

    def begin_to_close(self, reason: str) -> asyncio.Task[None]:
        """Close the session, unless it is being closed. Returns the task that does it."""
        return self._begin_to_close(reason, None)

    def _begin_to_close(self, reason: str, failure: RTVIError | None) -> asyncio.Task[None]:
        if self._closing is None:
            self._abort_running(reason)
            self._closing = asyncio.get_running_loop().create_task(self._close(reason, failure))
        return self._closing

    def _abort_running(self, reason: str) -> None:
        for attempt in self._running:
            attempt.abort(DisconnectedError(reason))

    async def _close(self, reason: str, failure: RTVIError | None) -> None:
        try:
            await self._aborted_have_ended()
            await self._close_session(reason, failure)
            await self._aborted_have_ended()  # those that waited for this
        finally:
            self._closing = None

    async def _aborted_have_ended(self) -> None:
        while aborted := [attempt for attempt in self._running if attempt.is_over]:
            await aborted[0].ended()


def _closing_arguments(failure: RTVIError) -> tuple[str, RTVIError | None]:
    """The arguments of the closing after a failed attempt. An attempt that disconnect() ended has not failed."""
    by_disconnect = isinstance(failure, ConnectAbortedError) and failure.by_disconnect
    return f"connect() failed: {failure.message}", None if by_disconnect else failure
