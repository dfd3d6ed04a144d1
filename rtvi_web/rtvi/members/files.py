"""The members of a client that send files to the bot."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from rtvi_web.core.checks import check_text, join_url, seconds
from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.http import HttpResponse, explain
from rtvi_web.core.masking import masked_url
from rtvi_web.core.tasks import cancelling
from rtvi_web.errors import (
    DisconnectedError,
    HttpError,
    InvalidArgumentError,
    MessageTooLargeError,
    RequestError,
    RequestTimeoutError,
)
from rtvi_web.rtvi.members.base import ClientBase
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import TransportState

UPLOAD_TIMEOUT = 120.0
"""Seconds that an upload may take unless it says otherwise."""


class FileReference(NamedTuple):
    """A file at an address: :meth:`Files.upload_file` returns it, and :meth:`Files.send_file` takes it.

    Attributes:
        url: the server's own reference (``"pipecat:…"``), or any address that the bot's model can read.
        format: its media type, such as ``"application/pdf"``.
        name: its name, if it has one.
    """

    url: str
    format: str
    name: str | None = None


class Files(ClientBase):
    """Files for the bot (RTVI 2.2)."""

    async def send_file(
        self,
        content: str,
        file: bytes | FileReference,
        *,
        name: str | None = None,
        format: str | None = None,
        run_immediately: bool | None = None,
        audio_response: bool | None = None,
        custom_options: Mapping[str, Any] | None = None,
        on_progress: Callable[[float], object] | None = None,
        timeout: float | None = UPLOAD_TIMEOUT,
    ) -> None:
        """Send a file to the bot. (The JavaScript client lacks this; its draft is called ``sendFile()``.)

        A file that is too large for a message is uploaded first, see :meth:`upload_file`.

        Args:
            content: the text that goes with the file.
            file: the file's content, or a reference to it.
            name: its name.
            format: its media type; guessed from the name if left out.
            run_immediately: whether the bot answers at once (its default: yes).
            audio_response: whether it speaks its answer (its default: yes).
            custom_options: for the model's service, such as ``{"detail": "high"}``.
            on_progress: called with the fraction that has been uploaded, from 0 to 1.
            timeout: seconds that an upload may take; ``None`` means no limit.

        Raises:
            BotNotReadyError, DisconnectedError, UnsupportedFeatureError, MessageTooLargeError: nothing was sent.
            InvalidArgumentError: ``file`` is not a file, or its type cannot be guessed; nothing was sent.
            RequestError, RequestTimeoutError, HttpError: the upload failed.
        """
        limit = seconds(timeout, "timeout")
        self._connection.require_ready("send_file()").check_supported("send-file")
        check_text("content", content)
        if isinstance(file, bytes | bytearray | memoryview):
            media_type = _media_type(name, format)
            if len(file) < self._transport.max_message_size:
                source = {"type": "bytes", "bytes": base64.b64encode(file).decode()}
                described = {"format": media_type, "name": name, "source": source}
                with contextlib.suppress(MessageTooLargeError):
                    return self._send_reference(content, described, run_immediately, audio_response, custom_options)
            file = await self.upload_file(
                bytes(file), name=name or "file", format=media_type, on_progress=on_progress, timeout=limit
            )
        elif not isinstance(file, FileReference):
            raise InvalidArgumentError(f"A file must be bytes or a FileReference; it is {file!r}.")
        described = {"format": file.format, "name": file.name, "source": {"type": "url", "url": file.url}}
        return self._send_reference(content, described, run_immediately, audio_response, custom_options)

    async def upload_file(
        self,
        data: bytes,
        *,
        name: str,
        format: str | None = None,
        url: str | None = None,
        on_progress: Callable[[float], object] | None = None,
        timeout: float | None = UPLOAD_TIMEOUT,
    ) -> FileReference:
        """Upload a file to the bot's server. ``disconnect()`` and the end of the session abort it.

        Args:
            data: its content.
            name: its name.
            format: its media type; guessed from the name if left out.
            url: where to POST it. By default the ``fileUploadUrl`` of the start request's answer, or base URL +
                ``/files``.
            on_progress: called with the fraction that has been sent, from 0 to 1.
            timeout: seconds that it may take; ``None`` means no limit.

        Raises:
            RequestError: the server refused, in its own words; ``status`` has the HTTP status.
            RequestTimeoutError: it took longer than ``timeout``.
            DisconnectedError: the session ended first.
            HttpError: it did not answer, or not with the file's address.
            InvalidArgumentError: the address or the file's type is unknown; give ``url=`` or ``format=``.
        """
        limit = seconds(timeout, "timeout")
        address = url or self._upload_url()
        what = f"POST {masked_url(address)}"
        upload = self._transport.http.upload(
            address,
            headers=self._connection.started.headers if self._connection.started else self._params.headers,
            name=name,
            media_type=_media_type(name, format),
            data=data,
            on_progress=on_progress,
        )
        response = await self._within_session(upload, limit, what)
        if not response.ok:
            raise RequestError(f"{what} returned {response.status}: {explain(response)}", status=response.status)
        try:
            answer = read_json(response.text)
            return FileReference(answer["source"]["url"], answer["format"], answer.get("name"))
        except (ValueError, KeyError, TypeError):
            raise HttpError(f"{what} did not return the file's address: {explain(response)}") from None

    async def _within_session(
        self, upload: Coroutine[Any, Any, HttpResponse], timeout: float | None, what: str
    ) -> HttpResponse:
        """Carry out an upload, and abort it when time is up or the session ends."""
        task = asyncio.ensure_future(upload)

        def watch(state: TransportState) -> None:
            if state in (TransportState.DISCONNECTING, TransportState.DISCONNECTED):  # It may have begun in between.
                task.cancel()

        stop_watching = self.on(RTVIEvent.TRANSPORT_STATE_CHANGED, watch)
        try:
            async with asyncio.timeout(timeout):
                return await task
        except TimeoutError:
            raise RequestTimeoutError(f"{what} was not finished within {timeout:g} s.") from None
        except asyncio.CancelledError:
            if cancelling():
                raise
            raise DisconnectedError(f"{what} was aborted: the session ended.", phase=self._connection.phase) from None
        finally:
            stop_watching()

    def _send_reference(
        self,
        content: str,
        file: dict[str, Any],
        run_immediately: bool | None,
        audio_response: bool | None,
        custom_options: Mapping[str, Any] | None,
    ) -> None:
        options = {
            "run_immediately": run_immediately,
            "audio_response": audio_response,
            "custom_options": custom_options,
        }
        given = {option: value for option, value in options.items() if value is not None}
        self._connection.require_ready("send_file()").send(
            "send-file", {"content": content, "file": file, "options": given}
        )
        self._conversation_tracker.wrote(content, is_reported=False)

    def _upload_url(self) -> str:
        started = self._connection.started
        bundle = started.bundle if started else {}
        advertised = bundle.get("fileUploadUrl")
        if isinstance(advertised, str) and started:
            # A path starts at the root of the server that started the bot.
            origin = re.match(r"\w+://[^/]+", started.start_url or "")
            return advertised if "://" in advertised or not origin else join_url(origin[0], advertised)
        if self._params.base_url:
            return join_url(self._params.base_url, "/files")
        raise InvalidArgumentError("The address for uploads is unknown. Give upload_file(url=…).")


def _media_type(name: str | None, format: str | None) -> str:
    if format:
        return format
    import mimetypes  # late: it is slow to import in the page

    guessed, _ = mimetypes.guess_type(name or "")
    if guessed is None:
        raise InvalidArgumentError(f"The media type of {name!r} cannot be guessed. Give format=….")
    return guessed
