"""Actions without a session: one POST each, answered with one message or a stream of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from rtvi_web._version import __version__
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.http import explain, json_headers
from rtvi_web.core.tasks import report
from rtvi_web.errors import (
    ActionEndpointNotSetError,
    DisconnectedError,
    InvalidArgumentError,
    RequestError,
    RequestTimeoutError,
)
from rtvi_web.rtvi.protocol.envelope import LABEL, new_id
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.session.helpers import MessageHelpers
from rtvi_web.rtvi.session.params import ClientParams
from rtvi_web.rtvi.transport import Transport

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import ActionResponse


class HttpActions:
    """The single-turn actions of one client. What their answers say is told as if it came in a session."""

    def __init__(self, transport: Transport, emitter: Emitter, helpers: MessageHelpers) -> None:
        self._transport = transport
        self._emitter = emitter
        self._helpers = helpers
        self._exchanges: set[asyncio.Task[None]] = set()

    async def ask(
        self, params: ClientParams, data: dict[str, Any], *, timeout: float | None, what: str
    ) -> ActionResponse:
        """Have one action done; see ``RTVIClient.action``."""
        url = params.action_url
        if url is None:
            raise ActionEndpointNotSetError()
        id = new_id()
        message = {"label": LABEL, "type": "action", "data": data, "id": id}
        body = {**params.request_data, "rtvi_client_version": __version__, "actions": [message]}
        try:
            text = json.dumps(body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"{what} cannot be written as JSON: {error}.") from None
        answered: asyncio.Future[ActionResponse] = asyncio.get_running_loop().create_future()
        answered.add_done_callback(lambda answer: answer.exception())  # seen, though nobody may wait for it any more
        exchange = asyncio.ensure_future(self._exchange(url, json_headers(params.headers), text, id, answered))
        self._exchanges.add(exchange)
        either: list[asyncio.Future[Any]] = [answered, exchange]
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise RequestTimeoutError(f"POST {url} did not answer {what} within {timeout:g} s.") from None
        finally:
            # What comes after the response goes on by itself; without a response there is nothing to go on with.
            if answered.done():
                exchange.add_done_callback(self._ended)
            else:
                exchange.cancel()
                self._exchanges.discard(exchange)
        if answered.done():
            return answered.result()
        if exchange.cancelled():
            raise DisconnectedError(f"disconnect() was called before {what} was answered.")
        failure = exchange.exception() or RequestError(f"POST {url} ended without an answer to {what}.")
        self._complain(id, failure)
        raise failure

    def close(self) -> None:
        """Break off what is still being answered."""
        for exchange in self._exchanges:
            exchange.cancel()

    async def _exchange(
        self, url: str, headers: dict[str, str], body: str, id: str, answered: asyncio.Future[ActionResponse]
    ) -> None:
        # Late, see rtvi_web.rtvi.protocol.
        from rtvi_web.rtvi.protocol.inbound import MessageReader
        from rtvi_web.rtvi.protocol.outcomes import Answered, Refused
        from rtvi_web.rtvi.protocol.sse import EventStream, EventTooLargeError, message_text
        from rtvi_web.rtvi.session.session import refusal, tell

        session, stream = MessageReader(), EventStream()

        def receive(text: str) -> None:
            if not text:
                return  # an event without data only keeps the connection alive
            self._emitter.emit(RTVIEvent.MESSAGE_RECEIVED, text)
            for outcome in session.receive(text):
                match outcome:
                    case Answered(answer_id, value) if answer_id == id and not answered.done():
                        answered.set_result(value)
                    case Refused(answer_id) if answer_id == id and not answered.done():
                        answered.set_exception(refusal(outcome, {"action"}))
                tell(outcome, self._emitter, self._helpers)

        def read(chunk: bytes) -> None:
            for data in stream.feed(chunk):
                receive(message_text(data))

        headers = {**headers, "Cache-Control": "no-cache"}
        try:
            response = await self._transport.http.stream("POST", url, headers=headers, body=body, on_chunk=read)
            for data in stream.end():
                receive(message_text(data))
        except EventTooLargeError as error:
            raise RequestError(f"POST {url} was answered with too much: {error}") from error
        if not response.ok:
            raise RequestError(
                f"POST {url} was answered with {response.status}: {explain(response)}", status=response.status
            )
        receive(response.text)

    def _complain(self, id: str, error: BaseException) -> None:
        """Fire what an ``error-response`` fires: no bot has sent one."""
        from rtvi_web.rtvi.protocol.payloads import ErrorData, ErrorMessage

        data = ErrorData(error=str(error))
        self._emitter.emit(RTVIEvent.MESSAGE_ERROR, ErrorMessage(type="error-response", id=id, data=data))

    def _ended(self, exchange: asyncio.Task[None]) -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled() and (error := exchange.exception()):
            report(error, "the stream of an action broke off", self)
