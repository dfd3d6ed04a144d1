"""A page's WebSocket, passed on to the API with the key that the page does not have."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from fastapi import WebSocket, WebSocketDisconnect
from pydantic_core import from_json
from websockets.asyncio.client import ClientConnection, connect  # it leaves the key out if it is led elsewhere
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

PROTOCOL = "realtime"
MAX_MESSAGE = 16 << 20  # bytes
OPEN_SECONDS = 15.0  # for the API to take the connection
MAX_REASON = 120  # bytes; a WebSocket has room for 123
NO_API = 4502  # the code of a close without the API: 502 for WebSockets, which browsers show with the reason
OWN = "evt_of_the_relay"
"""The id of the event that gives the API the relay's configuration. The page does not hear of it."""


class SocketRelay:
    """Joins a page and the API.

    Args:
        base_url: of the API.
        key: its key.
        session: the configuration that sessions begin with. The model is the relay's, whatever the page names.
        without_keys: takes keys out of the API's words.
    """

    def __init__(self, base_url: str, key: str, session: Mapping[str, Any], without_keys: Callable[[str], str]) -> None:
        settings = {name: value for name, value in session.items() if name != "model"}
        self._update = json.dumps({"type": "session.update", "event_id": OWN, "session": settings})
        query = f"?{urlencode({'model': session['model']})}" if "model" in session else ""
        self._url = f"ws{base_url.removeprefix('http')}/realtime{query}"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._without_keys = without_keys

    async def serve(self, page: WebSocket) -> None:
        """Take the page's connection, and pass on what comes, until one side ends it."""
        await page.accept(PROTOCOL if PROTOCOL in page.scope["subprotocols"] else None)
        code, reason = NO_API, ""
        try:
            async with connect(
                self._url, additional_headers=self._headers, open_timeout=OPEN_SECONDS, max_size=MAX_MESSAGE
            ) as api:
                await api.send(self._update)
                await _join(_to_api(page, api), _to_page(api, page))
                if api.close_code is not None:
                    code, reason = _as_sent(api.close_code), api.close_reason or ""
        except InvalidStatus as refusal:
            status = refusal.response.status_code
            refused = status in (401, 403)
            reason = "The API refused the relay's key" if refused else f"The API answered with {status}"
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            reason = f"The API did not answer: {type(error).__name__}"
        reason = self._without_keys(reason).encode()[:MAX_REASON].decode(errors="ignore")
        with suppress(RuntimeError, WebSocketDisconnect):  # The page has closed it.
            await page.close(code, reason)


async def _join(*ways: Any) -> None:
    """Run both ways until one has ended."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _to_api(page: WebSocket, api: ClientConnection) -> None:
    with suppress(WebSocketDisconnect, ConnectionClosed, KeyError):  # KeyError: a binary frame, which the API has not
        while True:
            await api.send(await page.receive_text())


async def _to_page(api: ClientConnection, page: WebSocket) -> None:
    own_is_open = True
    with suppress(WebSocketDisconnect, ConnectionClosed):
        async for message in api:
            text = message if isinstance(message, str) else message.decode()
            if own_is_open and (answer := _answer_to_own(text)):
                own_is_open = False
                if answer == "session.updated":
                    continue
            await page.send_text(text)


def _answer_to_own(text: str) -> str:
    """The type of an event if it answers the relay's own: the first update, or its refusal."""
    with suppress(ValueError, KeyError, TypeError):
        event = from_json(text)
        if event["type"] == "session.updated" or (event["type"] == "error" and event["error"]["event_id"] == OWN):
            return str(event["type"])
    return ""


def _as_sent(code: int) -> int:
    """A code that may be sent: 1005, 1006 and 1015 only say what was not received."""
    return code if code in (1000, 1001, 1008, 1011) or 3000 <= code < 5000 else 1011
