"""Files of the page's Python that may still be on their way.

A page that boots from a snapshot is ready before pydantic has arrived, which ``connect()`` needs. Who has made the page
says how to wait for it (``build/snapshot/page/restore.mjs``). Everywhere else nothing is late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rtvi_web.errors import RTVIError

Arrive = Callable[[], "asyncio.Future[object]"]

_arrive: Arrive | None = None


def expect(arrive: Arrive | None) -> None:
    """Say how to wait for late files.

    Args:
        arrive: begins to load them and returns a future, which ends when they are here. It is called again after it
            has failed, and fails when nothing comes any more: no ``timeout`` counts here. ``None``: nothing is late.
    """
    global _arrive
    _arrive = arrive


def use_when_here(use: Callable[[], object]) -> None:
    """Begin to load the late files, and call a function soon after they have arrived, if they do."""
    if _arrive is None:
        asyncio.get_running_loop().call_soon(use)
        return

    def arrived(arriving: asyncio.Future[object]) -> None:
        if not arriving.cancelled() and arriving.exception() is None:
            use()

    _arrive().add_done_callback(arrived)


async def arrived() -> None:
    """Wait until the late files are here.

    Raises:
        RTVIError: they could not be loaded.
    """
    if _arrive is None:
        return
    try:
        await _arrive()
    except Exception as error:
        raise RTVIError(
            f"Files of this page's Python could not be loaded: {error}. Check the network, and call connect() again."
        ) from error
    expect(None)
