"""Restores the link of a session: carries out the steps of ``rtvi.protocol.link.recovery``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, DisconnectReason, RTVIError
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect
from rtvi_web.rtvi.protocol.link.recovery import MOMENT, GiveUp, Recovery, Resume, StartAgain, Watch
from rtvi_web.rtvi.transport import SessionReceiver
from rtvi_web.transports.signs_of_life import Closeable, PageEvents, notice_sleep, now, page_events, receives_more

logger = logging.getLogger(__name__)

ASK_LIMIT = 3.0
"""Seconds that the server has to say whether the session is alive; after them it is asked again."""

SILENCE_LIMIT = 6.0
"""Seconds in which a silent link may heal if it is not restored. Browsers report it as failed only after 16 s."""

NOTICED_AFTER = {LinkLoss.SILENT: 6.0, LinkLoss.FAILED: 16.0, LinkLoss.CHANNEL_CLOSED: 0.0}
"""Seconds from a loss until the browser reports it."""

WORDS = {
    LinkLoss.SILENT: "The bot's side is silent.",
    LinkLoss.FAILED: "There is no network path to the bot any more.",
    LinkLoss.CHANNEL_CLOSED: "The bot's side closed the link.",
}
"""What each loss means, unless the link says it in words of its own."""


class Restorer(Protocol):
    """What a reconnection asks of its transport. One that cannot resume a session needs no ``is_session_alive()`` and
    no ``resume()``.
    """

    receiver: SessionReceiver
    """Is notified of losses and recoveries."""

    @property
    def is_linked(self) -> bool:
        """Whether the link works, as far as the browser knows."""
        ...

    async def received_count(self) -> int:
        """A count of what was received so far. If it grows, the link is alive.

        Raises:
            DisconnectedError: the connection is closed.
        """
        ...

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        """Note what the lost connection still reports. Called once per loss, before anything is restored."""

    async def is_session_alive(self, lost: float) -> bool:
        """Ask the server whether it still has the session.

        Args:
            lost: seconds since the link was lost.

        Raises:
            RTVIError: the server cannot be asked at present.
        """
        ...

    async def resume(self) -> None:
        """Make a new connection for the same session.

        Raises:
            RTVIError: it could not be made.
        """

    async def start_again(self) -> None:
        """Begin a new session.

        Raises:
            RTVIError: it could not be begun.
        """


class Reconnection:
    """Watches the link of one session from bot-ready to the session's end, and restores it when it is lost.

    Durations are measured with the event loop's clock.

    Args:
        options: how long to try; ``None`` ends the session with its link.
        restorer: what is watched and restored.
        resumable: whether a new connection can continue the session; else a lost link can only heal, or a new session
            begin.
        clock: the wall-clock time in seconds. It goes on while the computer sleeps, unlike the event loop's.
        jitter: returns a number from 0 to 1, which shortens the pauses.
        page_events: reports what links often do not survive.
    """

    def __init__(
        self,
        options: Reconnect | None,
        restorer: Restorer,
        *,
        resumable: bool = True,
        clock: Callable[[], float],
        jitter: Callable[[], float] = random.random,
        page_events: PageEvents = page_events,
    ) -> None:
        self._options = options
        self._restorer = restorer
        self._resumable = resumable
        self._clock = clock
        self._jitter = jitter
        self._page_events = page_events
        self._watching: Closeable | None = None
        self._changed = asyncio.Event()
        self._retry_now = False
        self._cannot_heal = False
        self._why: DisconnectedError | None = None
        self._given_up = False
        self._checks_life = False
        self._died_at: int | None = None
        """What was received when the link was found dead while the browser still believed in it."""
        self._asking: asyncio.Timeout | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def begin(self) -> None:
        """Restore the link from now on: the session is established. Later calls do nothing."""
        if self._options is None or self._watching is not None:
            return
        self._watching = self._page_events(self.check)
        self._tasks.run(notice_sleep(self._clock, self.check), "noticing that the computer slept failed")

    @property
    def restores(self) -> bool:
        """Whether a link that is lost now will be restored."""
        return self._watching is not None and not self._given_up

    def lost(self, loss: LinkLoss, why: DisconnectedError | None = None) -> None:
        """The link is lost, or has got worse.

        Args:
            loss: how.
            why: what the link says about it. If the session ends, its error has these words, this reason and code.
        """
        if self._given_up:
            return
        self._why = why or self._why
        if self._options is None or self._watching is None:
            if loss is not LinkLoss.SILENT:
                self._give_up(loss)
            elif self._recovery is None:
                self._recovery = self._tasks.run(self._await_healing(), "waiting for a silent link failed")
        elif self._recovery is None:
            self._restorer.receiver.reconnecting(0, loss)
            self._recovery = self._tasks.run(self._recover(self._options, loss), "restoring the link failed")
        else:
            if loss is not LinkLoss.SILENT:
                self._retry_now = self._cannot_heal = True
            self._changed.set()

    def healed(self) -> None:
        """The link works again by itself."""
        self._changed.set()
        self._ask_again()

    def check(self) -> None:
        """Check the link at once, after something that links often do not survive."""
        if self._recovery is not None:
            self._retry_now = True
            self._changed.set()
            self._ask_again()
        elif self._watching is not None and not self._checks_life:
            self._tasks.run(self._check_life(), "checking the link failed")

    def bot_left(self) -> None:
        """Stop restoring: the bot has left by itself."""
        self._given_up = True
        self._stop_watching()
        self._tasks.cancel()

    async def close(self) -> None:
        """Stop watching and restoring."""
        self._given_up = True  # The link may still report a loss while it is being closed.
        self._stop_watching()
        await self._tasks.close()

    def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.close()
            self._watching = None

    # Noticing.

    async def _check_life(self) -> None:
        self._checks_life = True
        died_at: int | None = None
        try:
            before = await self._restorer.received_count()
            if await receives_more(self._restorer.received_count, before):
                return
            died_at = before
        except DisconnectedError:
            pass  # The connection is closed, and the browser knows it.
        finally:
            self._checks_life = False
        if self._recovery is None:
            self._died_at = died_at
            self._retry_now = True
            self.lost(LinkLoss.SILENT)

    async def _await_healing(self) -> None:
        """Give up a silent link that does not heal by itself."""
        end = now() + SILENCE_LIMIT
        while not self._restorer.is_linked and (left := end - now()) >= MOMENT:
            await self._look_out(left)
        self._recovered()
        if self._restorer.is_linked or self._given_up:
            return
        if self.restores:  # The session has begun meanwhile.
            self.lost(LinkLoss.SILENT)
        else:
            self._give_up(LinkLoss.SILENT)

    # Restoring.

    async def _recover(self, options: Reconnect, loss: LinkLoss) -> None:
        try:
            await self._restore(options, loss)
        except Exception as error:  # Even after a bug of ours, the session must not stay half restored.
            self._give_up(loss, f"{type(error).__name__}: {error}", error)

    def _give_up(self, loss: LinkLoss, problem: str = "", cause: Exception | None = None) -> None:
        """End the session: it was lost in this way, and this keeps it from being restored."""
        self._given_up = True
        closed = loss is LinkLoss.CHANNEL_CLOSED
        by_itself = DisconnectReason.CLOSED if closed else DisconnectReason.LOST
        why = self._why or DisconnectedError(WORDS[loss], reason=by_itself)
        error = DisconnectedError.because(why, f"{why.message} {problem}".rstrip())
        error.__cause__ = cause
        self._restorer.receiver.lost(error)

    async def _restore(self, options: Reconnect, loss: LinkLoss) -> None:
        recovery = Recovery(options, loss, random=self._jitter, resumable=self._resumable)
        begun = now()
        await self._restorer.snapshot_stats(loss)
        while not await self._works():
            if self._retry_now:
                recovery.retry_now()
                self._retry_now = False
            if self._cannot_heal:
                recovery.cannot_heal()
                self._cannot_heal = False
            elapsed = now() - begun
            match recovery.next(elapsed):
                case Watch(seconds):
                    await self._look_out(seconds)
                case Resume(attempt, seconds):
                    self._restorer.receiver.reconnecting(attempt, loss)
                    resuming = self._resume(recovery, elapsed + NOTICED_AFTER[loss])
                    await self._attempt(resuming, seconds, recovery, begun)
                case StartAgain(attempt, seconds):
                    self._restorer.receiver.reconnecting(attempt, loss)
                    if await self._attempt(self._restorer.start_again(), seconds, recovery, begun):
                        self._recovered()
                        if not self._restorer.is_linked:  # The new session has lost its link meanwhile.
                            self.lost(loss)
                        return
                case GiveUp(reason):
                    self._give_up(loss, reason)
                    return
        self._recovered()
        self._restorer.receiver.reconnected()

    async def _works(self) -> bool:
        """Whether the link works, as far as the browser knows; once it was found dead, only what arrives proves it."""
        if not self._restorer.is_linked:
            self._died_at = None  # The browser has noticed too, and will notice when the link heals.
            return False
        try:
            return self._died_at is None or await self._restorer.received_count() > self._died_at
        except DisconnectedError:
            return False

    def _recovered(self) -> None:
        self._recovery = None
        self._retry_now = self._cannot_heal = False
        self._why = None
        self._died_at = None

    async def _look_out(self, seconds: float) -> None:
        """Wait until something changes, at most this many seconds."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _attempt(self, work: Coroutine[Any, Any, None], seconds: float, recovery: Recovery, begun: float) -> bool:
        """Make one attempt within ``seconds``. Returns whether it succeeded."""
        problem: str | None
        status: int | None
        try:
            async with asyncio.timeout(seconds):
                await work
            return True
        except TimeoutError:
            problem, status = None, None
        except RTVIError as error:
            problem, status = error.message, error.status
        except Exception as error:  # A bug of ours fails this attempt only.
            problem, status = f"{type(error).__name__}: {error}", None
        logger.info("an attempt to restore the link failed: %s", problem or "it took too long")
        recovery.failed(now() - begun, problem, status)
        return False

    async def _resume(self, recovery: Recovery, lost: float) -> None:
        try:
            async with asyncio.timeout(ASK_LIMIT) as self._asking:
                known = await self._restorer.is_session_alive(lost)
        except TimeoutError:
            raise DisconnectedError("The server does not answer.") from None
        finally:
            self._asking = None
        if await self._works():
            return  # The link has healed meanwhile; a new connection would end it.
        if known:
            await self._restorer.resume()
            self._died_at = None
        else:
            recovery.session_gone("The server has given the session up.")

    def _ask_again(self) -> None:
        """Stop waiting for the server's answer: the request may have gone into the network as it was."""
        if self._asking is not None and not self._asking.expired():
            self._asking.reschedule(now())
