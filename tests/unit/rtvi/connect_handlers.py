"""What the tests of ``custom_connect_handler`` share: a handler that behaves as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sessions import STARTED, URL, Run, Transport

from rtvi_web import ClientParams, ConnectPhase
from rtvi_web.rtvi.session.start import AbortController, ConnectTimeout
from rtvi_web.testing import expect, handshake

BUNDLE = {"room": "r"}


def run_with(handler: Callable[..., Any], *, hangs_in: ConnectPhase | None = None, **options: Any) -> Run:
    steps = [expect("client-ready")] if hangs_in is ConnectPhase.BOT_READY else handshake()
    options = {"params": {"base_url": URL}, **options}
    return Run(Transport(*steps, start=[STARTED], hangs_in=hangs_in), custom_connect_handler=handler, **options)


class Handler:
    """Keeps what it gets, and behaves as it is told; in its second attempt it just succeeds."""

    def __init__(self, behave: Callable[[Handler], Any] | None = None) -> None:
        self.behave = behave
        self.calls: list[tuple[ClientParams, ConnectTimeout, AbortController]] = []

    async def __call__(self, params: ClientParams, timeout: ConnectTimeout, abort_controller: AbortController) -> Any:
        self.calls.append((params, timeout, abort_controller))
        if self.behave and len(self.calls) == 1:
            result = self.behave(self)
            return await result if asyncio.iscoroutine(result) else result
        return BUNDLE

    @property
    def timeout(self) -> ConnectTimeout:
        return self.calls[0][1]

    @property
    def abort_controller(self) -> AbortController:
        return self.calls[0][2]

    @property
    def aborted(self) -> bool:
        aborted: bool = self.abort_controller.signal.aborted
        return aborted
