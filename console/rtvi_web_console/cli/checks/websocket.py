"""A WebSocket to a bot: whether it opens, and which RTVI the bot speaks."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import struct
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.masking import masked_url
from rtvi_web.rtvi.protocol.envelope import LABEL, PROTOCOL_VERSION, client_ready, new_id
from rtvi_web.transports.websocket.frames import FrameError, MessageFrame, TextFrame, decode, encode
from rtvi_web_console.cli.checks.finding import Finding, bad, good, note

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_FRAME = 1 << 20


class ClosedError(Exception):
    """The WebSocket did not open, or was closed."""


def check_websocket(address: str, origin: str, *, timeout: float) -> Iterator[Finding]:
    """Open the WebSocket, say client-ready, and wait for bot-ready. It starts the bot, and leaves at once.

    Args:
        address: ws or wss.
        origin: of the page.
        timeout: seconds for all of it.
    """
    what = f"The WebSocket {masked_url(address)}"
    try:
        socket = _Socket(address, origin, timeout)
    except (OSError, http.client.HTTPException, ClosedError) as error:
        yield bad(f"{what} does not open: {error}.", "Check the address in the start endpoint's answer, and the proxy.")
        return
    try:
        yield good(f"{what} opens.")
        yield _version(socket.ask_version())
    except (OSError, ClosedError, FrameError) as error:
        reason = f"it said nothing within {timeout:g} s" if isinstance(error, TimeoutError) else str(error)
        yield note(
            f"{what} opens, but the bot did not get ready: {reason}.",
            "Look at the bot's log. Does its transport use ProtobufFrameSerializer, and its pipeline RTVI?",
        )
    finally:
        socket.close()


def _version(data: Any) -> Finding:
    """What bot-ready says."""
    version = str(data.get("version", "")) if isinstance(data, dict) else ""
    about = data.get("about") if isinstance(data, dict) else None
    library = about if isinstance(about, dict) else {}
    by = f" ({library.get('library', 'a library')} {library.get('library_version', '')})".replace(" )", ")")
    text = f"The bot is ready, and speaks RTVI {version or 'of an unknown version'}{by if library else ''}."
    major = version.partition(".")[0]
    if major.isdigit() and int(major) > int(PROTOCOL_VERSION.partition(".")[0]):
        return note(f"{text} This rtvi_web knows RTVI {PROTOCOL_VERSION}.", "Update rtvi-web.")
    return good(text)


class _Socket:
    """As much of a WebSocket as the check needs."""

    def __init__(self, address: str, origin: str, timeout: float) -> None:
        url = urlsplit(address)
        self._end = time.monotonic() + timeout
        kind = http.client.HTTPSConnection if url.scheme == "wss" else http.client.HTTPConnection
        self._connection = kind(url.hostname or "", url.port, timeout=timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": origin}
        headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key}
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            self._connection.request("GET", target, headers=headers)
            self._stream = self._connection.sock
            response = self._connection.getresponse()
            if response.status != 101:
                raise ClosedError(f"the server answers {response.status} {response.reason}")
            wanted = base64.b64encode(hashlib.sha1(f"{key}{GUID}".encode()).digest()).decode()
            if response.getheader("Sec-WebSocket-Accept") != wanted:
                raise ClosedError("its answer is not that of a WebSocket")
        except BaseException:
            self._connection.close()
            raise
        self._file = response.fp

    def ask_version(self) -> Any:
        """The data of bot-ready.

        Raises:
            ClosedError, OSError, FrameError: it does not come.
        """
        message = {"label": LABEL, "type": "client-ready", "id": new_id(), "data": client_ready()}
        self._send(2, encode(MessageFrame(json.dumps(message))))
        while True:
            kind, data = self._receive()
            if kind == 8:
                code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
                raise ClosedError(f"the server closed it, code {code} {data[2:].decode(errors='replace')}".rstrip())
            if kind == 9:
                self._send(10, data)
            said = _message(kind, data)
            if said.get("type") == "bot-ready":
                return said.get("data")

    def _send(self, kind: int, data: bytes) -> None:
        size = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        self._stream.sendall(bytes([0x80 | kind]) + size + mask + masked)

    def _receive(self) -> tuple[int, bytes]:
        """A frame. Servers send none in pieces that are as short as those of interest."""
        first, second = self._read(2)
        size = second & 0x7F
        if size == 126:
            size = struct.unpack("!H", self._read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._read(8))[0]
        if size > MAX_FRAME:
            raise ClosedError(f"it sent a frame of {size:,} bytes")
        return first & 0x0F, self._read(size)

    def _read(self, count: int) -> bytes:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._stream.settimeout(left)
        data = self._file.read(count)
        if len(data) < count:
            raise ClosedError("the server closed it")
        return data

    def close(self) -> None:
        self._connection.close()


def _message(kind: int, data: bytes) -> dict[str, Any]:
    """The RTVI message in a frame; empty if there is none."""
    if kind == 2:
        content, _ = decode(data)
        text = content.data if isinstance(content, MessageFrame) else ""
        text = content.text if isinstance(content, TextFrame) else text
    else:
        text = data.decode(errors="replace") if kind == 1 else ""
    try:
        message = read_json(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
