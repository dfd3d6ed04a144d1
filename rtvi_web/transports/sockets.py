"""Opens a WebSocket, and says why it could not be opened as far as browsers tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from rtvi_web.browser import _js
from rtvi_web.browser.websocket import WebSocketClosedError, WebSocketForbiddenError
from rtvi_web.core.masking import MASK, masked_url
from rtvi_web.errors import TransportStartError

_TOKEN = re.compile(r"/[^/?]{32,}")
"""A part of a path that may be a token."""


class Opens(Protocol):
    """A WebSocket of ``rtvi_web.browser``."""

    async def open(self, url: str, protocols: Sequence[str]) -> None:
        """See ``Socket.open``."""


async def open_socket(socket: Opens, url: str, protocols: Sequence[str], reasons: str) -> None:
    """Open a WebSocket.

    Args:
        socket: opened once.
        url: absolute; errors show it without its secrets.
        protocols: the subprotocols to offer.
        reasons: what a failure may come from, in sentences: a browser does not tell a page.

    Raises:
        TransportStartError: it could not be opened.
    """
    where = f"The WebSocket to {_TOKEN.sub(f'/{MASK}', masked_url(url))}"
    try:
        await socket.open(url, protocols)
    except WebSocketForbiddenError as error:
        origin = _js.construct("URL", url).origin
        message = f"{where} is forbidden by the page's Content-Security-Policy: add {origin} to its connect-src."
        raise TransportStartError(message) from error
    except WebSocketClosedError as error:
        raise TransportStartError(f"{where} could not be opened ({error}). {reasons}") from error
    except _js.JsError as error:  # Its message may quote the address.
        raise TransportStartError(f"{where} is refused by the browser ({error.name}).") from None
