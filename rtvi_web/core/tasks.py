"""Tasks that have an owner, and what is done with an exception of the user's code."""

from __future__ import annotations

import asyncio


def report(error: BaseException, complaint: str, source: object) -> None:
    """Hand an exception of the user's code to the event loop's exception handler."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"rtvi_web: {complaint}", "exception": error, "source": source}
    )
