"""Checks what the constructors of transports are given."""

from __future__ import annotations

from collections.abc import Mapping

from rtvi_web.core.checks import check_bools, check_text, seconds
from rtvi_web.core.masking import described
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.protocol.link.reconnect import Reconnect


def check_texts(**values: object) -> None:
    """Check that each of these arguments is a text, or ``None``.

    Raises:
        InvalidArgumentError: one is neither.
    """
    for name, value in values.items():
        if value is not None:
            check_text(name, value)


def check_reconnect(reconnect: object) -> None:
    """Check a :class:`Reconnect`; ``None`` is fine.

    Raises:
        InvalidArgumentError: it is something else, or one of its values cannot be used.
    """
    if reconnect is None:
        return
    if not isinstance(reconnect, Reconnect):
        raise InvalidArgumentError(f"reconnect must be a Reconnect(…) or None; it is {described(reconnect)}.")
    seconds(reconnect.budget, "reconnect.budget")
    check_bools(**{"reconnect.fresh_start": reconnect.fresh_start})


def check_servers(servers: object) -> None:
    """Check ICE servers as JavaScript has them; ``None`` is fine. What is in them is the browser's to check.

    Raises:
        InvalidArgumentError: they are no list of dicts. They may hold passwords, so the message shows none.
    """
    if servers is None:
        return
    if not (isinstance(servers, list | tuple) and all(isinstance(server, Mapping) for server in servers)):
        raise InvalidArgumentError('ice_servers must be a list of dicts, such as {"urls": "stun:…"}.')
