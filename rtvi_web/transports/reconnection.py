"""Restores the link of a session: carries out the steps of ``protocol.link.recovery``, on the page's clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Coroutine
from typing import Any, Protocol

from rtvi_web.browser import _js
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect
from rtvi_web.rtvi.protocol.link.recovery import GiveUp, Recovery, Resume, StartAgain, Watch
from rtvi_web.rtvi.transport import TransportHost

logger = logging.getLogger(__name__)

SIGN_OF_LIFE = 4.0
"""Seconds within which a link that lives has received something: browsers ask the other side every 2.5 s."""

ASK_LIMIT = 3.0
"""Seconds for which the server is asked for the session, before it is asked anew."""

TICK, SLEPT = 2.0, 6.0
"""The page's clock is looked at every TICK seconds; if more than SLEPT have passed, the computer was asleep."""

NOTICED_AFTER = {LinkLoss.SILENT: 6.0, LinkLoss.FAILED: 16.0, LinkLoss.CHANNEL_CLOSED: 0.0}
"""Seconds that a link has been lost when that shows."""

WORDS = {
    LinkLoss.SILENT: "The bot's side is silent.",
    LinkLoss.FAILED: "There is no network path to the bot any more.",
    LinkLoss.CHANNEL_CLOSED: "The bot closed the data channel.",
}


class Restorer(Protocol):
    """The transport, as its reconnection sees it."""

    @property
    def is_linked(self) -> bool:
        """Whether the link works, as far as the browser knows."""
        ...

    async def packets_received(self) -> int:
        """How much has come from the bot's side so far; any growth is a sign of life."""
        ...

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        """The link has just been lost: note what can be learnt of it while it is there."""

    async def is_session_alive(self, lost: float) -> bool:
        """Whether the server still has the session, which it has been without for so many seconds.

        Raises:
            RTVIError: it cannot be asked at present.
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
    """Watches over the link of one session, from bot-ready to its end.

    Args:
        options: how hard to try; ``None`` ends the session with its link.
        restorer: what is watched and restored.
        host: who hears of it.
    """

    def __init__(self, options: Reconnect | None, restorer: Restorer, host: TransportHost) -> None:
        self._options = options
        self._restorer = restorer
        self._host = host
        self._watching: _js.Scope | None = None
        self._changed = asyncio.Event()
        self._retry_now = False
        self._given_up = False
        self._checks_life = False
        self._died_at: int | None = None
        """How much had come when the link was found dead, though the browser takes it for a living one."""
        self._asking: asyncio.Timeout | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def begin(self) -> None:
        """The session is established: from now on its link is restored."""
        if self._options is None or self._watching is not None:
            return
        self._watching = scope = _js.Scope()
        for target, events in (("window", ("online", "offline")), ("document", ("visibilitychange",))):
            for event in events:
                scope.listen(_js.api(target), event, lambda _: self.check())
        self._tasks.run(self._notice_sleep(), "noticing that the computer slept failed")

    @property
    def restores(self) -> bool:
        """Whether a link that is lost now is restored."""
        return self._watching is not None and not self._given_up

    def lost(self, loss: LinkLoss) -> None:
        """The link is lost, or it is worse than it was."""
        if self._options is None or self._watching is None:
            # Silence may end, and becomes "failed" if it does not.
            if loss is not LinkLoss.SILENT and not self._given_up:
                self._given_up = True
                self._host.lost(DisconnectedError(WORDS[loss]))
        elif self._given_up:
            return
        elif self._recovery is None:
            self._host.reconnecting(0, loss)
            self._recovery = self._tasks.run(self._recover(self._options, loss), "restoring the link failed")
        else:
            self._retry_now = self._retry_now or loss is not LinkLoss.SILENT
            self._changed.set()

    def healed(self) -> None:
        """The link works again by itself."""
        self._changed.set()
        self._ask_no_longer()

    def check(self) -> None:
        """Something has happened that links often don't survive: see at once whether this one did."""
        if self._recovery is not None:
            self._retry_now = True
            self._changed.set()
            self._ask_no_longer()
        elif self._watching is not None and not self._checks_life:
            self._tasks.run(self._check_life(), "checking the link failed")

    def bot_left(self) -> None:
        """Nothing is to be restored any more: the bot has left by itself."""
        self._given_up = True
        self._stop_watching()
        self._tasks.cancel()

    async def close(self) -> None:
        """Restore nothing any more."""
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
            before, begun = await self._restorer.packets_received(), time.monotonic()
            while time.monotonic() < begun + SIGN_OF_LIFE:
                await asyncio.sleep(0.2)
                if await self._restorer.packets_received() > before:
                    return
            died_at = before
        except DisconnectedError:
            pass  # What is closed gives no sign of life, and the browser knows that it is.
        finally:
            self._checks_life = False
        if self._recovery is None:
            self._died_at = died_at
            self._retry_now = True
            self.lost(LinkLoss.SILENT)

    async def _notice_sleep(self) -> None:
        while True:
            before = time.time()
            await asyncio.sleep(TICK)
            if time.time() - before > SLEPT:
                self.check()

    # Restoring.

    async def _recover(self, options: Reconnect, loss: LinkLoss) -> None:
        try:
            await self._restore(options, loss)
        except Exception as error:  # Whatever it was, the session must not stay in between for ever.
            self._give_up(DisconnectedError(f"{WORDS[loss]} {type(error).__name__}: {error}"), error)

    def _give_up(self, reason: DisconnectedError, cause: Exception | None = None) -> None:
        self._given_up = True
        reason.__cause__ = cause
        self._host.lost(reason)

    async def _restore(self, options: Reconnect, loss: LinkLoss) -> None:
        recovery, begun = Recovery(options, loss, random=random.random), time.monotonic()
        await self._restorer.snapshot_stats(loss)
        while not await self._works():
            if self._retry_now:
                recovery.retry_now()
                self._retry_now = False
            elapsed = time.monotonic() - begun
            match recovery.next(elapsed):
                case Watch(seconds):
                    await self._look_out(seconds)
                case Resume(attempt, seconds):
                    self._host.reconnecting(attempt, loss)
                    resuming = self._resume(recovery, elapsed + NOTICED_AFTER[loss])
                    await self._attempt(resuming, seconds, recovery, begun)
                case StartAgain(attempt, seconds):
                    self._host.reconnecting(attempt, loss)
                    if await self._attempt(self._restorer.start_again(), seconds, recovery, begun):
                        self._recovered()
                        if not self._restorer.is_linked:  # A new session, lost again before it was noted.
                            self.lost(loss)
                        return
                case GiveUp(reason):
                    self._give_up(DisconnectedError(f"{WORDS[loss]} {reason}"))
                    return
        self._recovered()
        self._host.reconnected()

    async def _works(self) -> bool:
        """Whether the link works, as far as the browser knows; if it was found dead, something must have come since."""
        if not self._restorer.is_linked:
            self._died_at = None  # The browser knows by now, and will know when that changes.
            return False
        try:
            return self._died_at is None or await self._restorer.packets_received() > self._died_at
        except DisconnectedError:
            return False

    def _recovered(self) -> None:
        self._recovery = None
        self._retry_now = False
        self._died_at = None

    async def _look_out(self, seconds: float) -> None:
        """Wait until something has changed, for so many seconds at most."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _attempt(self, work: Coroutine[Any, Any, None], seconds: float, recovery: Recovery, begun: float) -> bool:
        """Carry out one attempt; whether it succeeded."""
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
        except Exception as error:  # An attempt that met a bug is an attempt that failed.
            problem, status = f"{type(error).__name__}: {error}", None
        logger.info("an attempt to restore the link failed: %s", problem or "it took too long")
        recovery.failed(time.monotonic() - begun, problem, status)
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
            return  # It has healed meanwhile, and another connection would end this one.
        if known:
            await self._restorer.resume()
            self._died_at = None
        else:
            recovery.session_gone("The server has given the session up.")

    def _ask_no_longer(self) -> None:
        """An answer that does not come may belong to the network as it was."""
        if self._asking is not None:
            self._asking.reschedule(asyncio.get_running_loop().time())
