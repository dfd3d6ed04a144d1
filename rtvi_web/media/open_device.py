"""Which device is opened if the right one is gone, or another program uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from rtvi_web.browser.capture import OPEN_TIMEOUT
from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import DeviceError

_ALIASES = ("default", "communications")
"""Ids under which Chromium lists a device a second time."""


async def open_free_device(
    open: Callable[[str], Awaitable[None]],
    chosen: str,
    list_devices: Callable[[], Awaitable[list[MediaDevice]]],
    *,
    fall_back: bool,
) -> bool:
    """Open the chosen device; if it is gone or busy, the browser's default; if that is busy, any other one.

    Args:
        open: opens the device of an id, or the browser's default if the id is empty.
        chosen: the id of the chosen device; empty if none was chosen.
        list_devices: which devices there are.
        fall_back: whether to open another device if this one is busy.

    Returns:
        Whether another device was opened because the right one is busy.

    Raises:
        DeviceError: no device can be opened. It says why the first one could not.
    """
    now = asyncio.get_running_loop().time
    last = now() + OPEN_TIMEOUT  # A system on which opening never ends is not asked for each device.
    busy: DeviceError | None = None
    for id in (chosen, "") if chosen else ("",):
        try:
            await open(id)
            return busy is not None
        except DeviceError as error:
            is_gone = id != "" and error.type in ("constraints", "not-found")
            if not is_gone and not (fall_back and error.type == "in-use"):
                if busy is not None:
                    raise busy from error
                raise
            busy = busy or (None if is_gone else error)
    for device in await list_devices():
        if device.id in (chosen, *_ALIASES) or now() > last:
            continue
        try:
            await open(device.id)
            return True
        except DeviceError as error:
            if error.type not in ("in-use", "constraints", "not-found"):
                raise
    assert busy is not None
    raise busy
