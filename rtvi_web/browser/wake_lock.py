"""Keeps the screen on: a phone that locks itself would end the call."""

from __future__ import annotations

import logging
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.permissions_policy import allows
from rtvi_web.core.tasks import Tasks

logger = logging.getLogger(__name__)


class WakeLock:
    """Keeps the screen on between :meth:`hold` and :meth:`release`, in browsers that can.

    Browsers do so for a page that is seen only; it is asked for again whenever the page is shown. In a frame the page
    around it must allow it: ``allow="screen-wake-lock"``.
    """

    def __init__(self) -> None:
        self._scope: _js.Scope | None = None
        self._tasks = Tasks()
        self._lock: Any = None

    def hold(self) -> None:
        """Keep the screen on from now on. Later calls do nothing."""
        if self._scope is None and allows("screen-wake-lock"):  # else Chromium would complain in the console
            self._scope = _js.Scope()
            self._scope.listen(_js.api("document"), "visibilitychange", lambda _: self._ask())
            self._ask()

    def release(self) -> None:
        """Let the screen go dark again, in any state."""
        scope, self._scope = self._scope, None
        lock, self._lock = self._lock, None
        if scope is not None:
            scope.close()
        self._tasks.cancel()
        if lock is not None:
            _js.begin(lock, "release")

    def _ask(self) -> None:
        can = hasattr(_js.api("navigator"), "wakeLock") and not _js.api("document").hidden
        if can and not self._tasks and (self._lock is None or self._lock.released):
            self._tasks.run(self._request(), "the screen could not be kept on")

    async def _request(self) -> None:
        wake_lock = _js.api("navigator").wakeLock
        try:
            self._lock = await _js.call(wake_lock, "request", "screen", late=lambda lock: _js.begin(lock, "release"))
        except _js.JsError as error:  # Such as with a battery that is nearly empty.
            logger.debug("the screen may go dark: %s: %s", error.name, error.message)
