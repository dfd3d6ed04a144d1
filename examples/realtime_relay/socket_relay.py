"""A page's WebSocket, passed on to the API with the key that the page does not have."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import WebSocket, WebSocketDisconnect
from pydantic_core import from_json
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

PROTOCOL = "realtime"
MAX_MESSAGE = 16 << 20  # bytes
OPEN_SECONDS = 15.0  # for the API to take the connection
MAX_REASON = 120  # bytes; a WebSocket has room for 123
NO_API = 4502  # the code of a close without the API: 502 for WebSockets, which browsers show with the reason
OWN = "evt_of_the_relay"
"""The id of the event that gives the API the relay's configuration. The page does not hear of it."""
ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u00(?!22|5c)([2-7][0-9a-f])", re.IGNORECASE)
"""A character of ASCII as JSON need not write it, behind which a key would not be found."""


class _Direct(connect):
    """A connection that is led nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _EndError(Exception):
    """The relay ends a session: with which code, and why."""


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
        url = urlsplit(base_url)
        scheme = "wss" if url.scheme == "https" else "ws"
        self._url = f"{scheme}://{url.netloc}{url.path.rstrip('/')}/realtime{query}"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._without_keys = without_keys

    async def serve(self, page: WebSocket) -> None:
        """Take the page's connection, and pass on what comes, until one side ends it."""
        await page.accept(PROTOCOL if PROTOCOL in page.scope["subprotocols"] else None)
        code, reason = NO_API, ""
        try:
            async with _Direct(
                self._url, additional_headers=self._headers, open_timeout=OPEN_SECONDS, max_size=MAX_MESSAGE
            ) as api:
                with suppress(ConnectionClosed):
                    await api.send(self._update)
                    await _join(_to_api(page, api), self._to_page(api, page))
                if api.close_code is not None:
                    code, reason = _as_sent(api.close_code), api.close_reason or ""
        except _EndError as end:
            code, reason = end.args
        except InvalidStatus as refusal:
            status = refusal.response.status_code
            refused = status in (401, 403)
            reason = "The API refused the relay's key" if refused else f"The API answered with {status}"
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            reason = f"The API did not answer: {type(error).__name__}"
        reason = self._without_keys(reason).encode()[:MAX_REASON].decode(errors="ignore")
        with suppress(RuntimeError, WebSocketDisconnect):  # The page has closed it.
            await page.close(code, reason)

    async def _to_page(self, api: ClientConnection, page: WebSocket) -> None:
        own_is_open = True
        with suppress(WebSocketDisconnect, ConnectionClosed):
            async for message in api:
                if not isinstance(message, str):
                    raise _EndError(NO_API, "The API sent a binary frame")
                if own_is_open and (answer := _answer_to_own(message)):
                    own_is_open = False
                    if answer == "session.updated":
                        continue
                plain = ESCAPED.sub(lambda found: found[1] + chr(int(found[2], 16)), message)
                await page.send_text(self._without_keys(plain))


async def _join(*ways: Any) -> None:
    """Run both ways until one has ended; raises what that one has raised."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _to_api(page: WebSocket, api: ClientConnection) -> None:
    with suppress(WebSocketDisconnect, ConnectionClosed):
        while True:
            try:
                text = await page.receive_text()
            except KeyError:
                raise _EndError(1003, "The protocol has no binary frames") from None
            await api.send(text)


def _answer_to_own(text: str) -> str:
    """The type of an event if it answers the relay's own: the first update, or its refusal."""
    with suppress(ValueError, KeyError, TypeError):
        event = from_json(text)
        if event["type"] == "session.updated" or (event["type"] == "error" and event["error"]["event_id"] == OWN):
            return str(event["type"])
    return ""


def _as_sent(code: int) -> int:
    """A code that may be sent: 1005, 1006 and 1015 only say what was not received."""
    return code if code in (1000, 1001, 1003, 1007, 1008, 1009, 1011) or 3000 <= code < 5000 else 1011
