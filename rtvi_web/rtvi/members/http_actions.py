"""Actions without a session: one POST each, answered with one message or a stream of them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from rtvi_web._version import __version__
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.http import explain, json_headers
from rtvi_web.core.masking import masked_url
from rtvi_web.core.tasks import Tasks
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
    """Actions of one client without a session. The messages of their answers fire events as those of a session do."""

    def __init__(self, transport: Transport, emitter: Emitter, helpers: MessageHelpers) -> None:
        self._transport = transport
        self._emitter = emitter
        self._helpers = helpers
        self._exchanges = Tasks()

    async def ask(
        self, params: ClientParams, data: dict[str, Any], *, timeout: float | None, what: str
    ) -> ActionResponse:
        """Run one action; see ``RTVIClient.action``."""
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
        answered.add_done_callback(lambda answer: answer.exception())  # marks it as seen, even if ask() has ended
        exchange = self._exchanges.run(
            self._answer(url, json_headers(params.headers), text, id, answered, what),
            "the stream of an action broke off",
        )
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait({answered})
        except TimeoutError:
            raise RequestTimeoutError(f"POST {masked_url(url)} did not answer {what} within {timeout:g} s.") from None
        finally:
            if not answered.done():  # else the stream goes on: more may follow the answer
                exchange.cancel()
        return answered.result()

    def close(self) -> None:
        """Break off the exchanges that are still running."""
        self._exchanges.cancel()

    async def _answer(
        self,
        url: str,
        headers: dict[str, str],
        body: str,
        id: str,
        answered: asyncio.Future[ActionResponse],
        what: str,
    ) -> None:
        """Carry out an exchange; without an answer, ``answered`` gets the error."""
        failure: Exception
        try:
            await self._exchange(url, headers, body, id, answered)
            failure = RequestError(f"POST {masked_url(url)} ended without an answer to {what}.")
        except asyncio.CancelledError:
            if not answered.done():
                answered.set_exception(DisconnectedError(f"disconnect() was called before {what} was answered."))
            raise
        except Exception as error:
            if answered.done():
                raise
            failure = error
        if not answered.done():
            self._emit_error(id, failure)
            answered.set_exception(failure)

    async def _exchange(
        self, url: str, headers: dict[str, str], body: str, id: str, answered: asyncio.Future[ActionResponse]
    ) -> None:
        # Late, see rtvi_web.rtvi.protocol.
        from rtvi_web.rtvi.protocol.inbound import MessageReader
        from rtvi_web.rtvi.protocol.outcomes import Answered, Refused
        from rtvi_web.rtvi.protocol.sse import EventStream, EventTooLargeError, message_text
        from rtvi_web.rtvi.session.notify import notify, refusal

        reader, stream = MessageReader(), EventStream()

        def receive(text: str) -> None:
            if not text:
                return  # an event without data only keeps the connection alive
            self._emitter.emit(RTVIEvent.MESSAGE_RECEIVED, text)
            for outcome in reader.receive(text, whole=bool(self._helpers.by_name)):
                match outcome:
                    case Answered(answer_id, value) if answer_id == id and not answered.done():
                        answered.set_result(value)
                    case Refused(answer_id) if answer_id == id and not answered.done():
                        answered.set_exception(refusal(outcome, {"action"}))
                notify(outcome, self._emitter, self._helpers)

        def read(chunk: bytes) -> None:
            for data in stream.feed(chunk):
                receive(message_text(data))

        headers = {**headers, "Cache-Control": "no-cache"}
        try:
            response = await self._transport.http.stream("POST", url, headers=headers, body=body, on_chunk=read)
            for data in stream.end():
                receive(message_text(data))
        except EventTooLargeError as error:
            raise RequestError(f"POST {masked_url(url)} returned too much: {error}") from error
        if not response.ok:
            raise RequestError(
                f"POST {masked_url(url)} returned {response.status}: {explain(response)}", status=response.status
            )
        receive(response.text)

    def _emit_error(self, id: str, error: BaseException) -> None:
        """Fire the event of an ``error-response``, although no bot sent one."""
        from rtvi_web.rtvi.protocol.payloads import ErrorData, ErrorMessage

        data = ErrorData(error=str(error))
        self._emitter.emit(RTVIEvent.MESSAGE_ERROR, ErrorMessage(type="error-response", id=id, data=data))
