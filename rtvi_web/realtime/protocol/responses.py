"""When ``response.create`` may be sent. Pure: it returns what to send, and is given the server's answers.

The server makes one response at a time in a conversation and refuses a second. Requests therefore wait until the active
response has ended. Waiting requests without parameters (``create_response()``, those after tools) are merged into one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from rtvi_web.core.seen import Seen
from rtvi_web.realtime.protocol.server_errors import ALREADY_ACTIVE, NOT_ABOUT_RESPONSES, NOT_ACTIVE, ServerError
from rtvi_web.realtime.protocol.wire import Event, copied, new_id, object_in, text_in

MAX_RETRIES = 5
"""How often a page may have a response repeated that has failed."""
MAX_OUT_OF_BAND = 64
"""Out-of-band requests, and out-of-band responses, that are remembered."""
MAX_ENDED = 64
"""Responses that are remembered as having ended."""
MAX_SILENCED = 64
"""Responses that are remembered as not to be heard."""


def is_out_of_band(params: Mapping[str, Any]) -> bool:
    """Whether the parameters ask for a response outside the conversation."""
    return params.get("conversation") == "none"


class ResponseRequest(NamedTuple):
    """A request for a response.

    Attributes:
        event_id: of its ``response.create``.
        params: options of the response; ``None`` for those of the session.
        automatic: whether it was made for the output of tools, not by the page.
        requests: how many requests were merged into it.
        is_repeated: whether the server has refused it before.
        attempt: how often its response has failed before.
    """

    event_id: str
    params: Mapping[str, Any] | None
    automatic: bool
    requests: int = 1
    is_repeated: bool = False
    attempt: int = 0

    @property
    def fields(self) -> Event:
        """The fields of its ``response.create``."""
        response = {} if self.params is None else {"response": dict(self.params)}
        return {"event_id": self.event_id, **response}


class ResponseSequencer:
    """Lets one response of the conversation run at a time.

    After every method that may end a response, callers call :meth:`take` and send what it returns.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self, *, keep_waiting: bool = False) -> None:
        """A new session begins.

        Args:
            keep_waiting: whether the requests that wait are for that one.
        """
        if not keep_waiting:
            self._waiting: deque[ResponseRequest] = deque()
        self._asked: ResponseRequest | None = None  # the last that was sent
        self._unanswered = False
        self.active_request: ResponseRequest | None = None
        """The request for the active response; ``None`` if the server makes it by itself."""
        self.changes = 0
        """Grows with everything after which the response before is not asked for again."""
        self._active: str | None = None  # "" while its id is unknown
        self._cancelling = False
        self._cancelled_early = False  # before the server had made it, when it ignores a cancellation
        self._silenced: deque[str] = deque(maxlen=MAX_SILENCED)
        self._out_of_band_requests: dict[str, dict[str, Any]] = {}  # unanswered ones; metadata by event id
        self._out_of_band_ids: deque[str] = deque(maxlen=MAX_OUT_OF_BAND)
        self._out_of_band_now: dict[str, None] = {}  # those that have not ended
        self._ended = Seen(MAX_ENDED)
        self._names_conversations = False  # whether the server ever sent a conversation id

    @property
    def active(self) -> bool:
        """Whether a response is being made, or was requested and not answered yet."""
        return self._active is not None or self._unanswered

    @property
    def busy(self) -> bool:
        """Whether a response is active or waits, in the conversation or outside of it."""
        return bool(self.active or self._waiting or self._out_of_band_now or self._out_of_band_requests)

    def is_active(self, response_id: str) -> bool:
        """Whether the response with this id is the active one of the conversation."""
        return bool(response_id) and response_id == self._active

    @property
    def current_id(self) -> str:
        """The response that events belong to if they name none: the active one, or else the newest out of band."""
        return self._active or next(reversed(self._out_of_band_now), "")

    def request(self, params: Mapping[str, Any] | None = None, *, automatic: bool = False, attempt: int = 0) -> None:
        """Queue a request for a response. One without parameters is merged with one that waits."""
        self.changes += 1
        if params is None:
            for index, waiting in enumerate(self._waiting):
                if waiting.params is None:
                    # If the page asked as well, a cancellation doesn't remove it.
                    merged = waiting._replace(automatic=waiting.automatic and automatic, requests=waiting.requests + 1)
                    self._waiting[index] = merged
                    return
        self._waiting.append(ResponseRequest(new_id("evt_"), params, automatic, attempt=attempt))

    def take(self) -> ResponseRequest | None:
        """The request to send now, or ``None``. If it could not be sent, callers report it to :meth:`not_sent`."""
        if self.active or not self._waiting:
            return None
        self._asked = self._waiting.popleft()
        self._unanswered = True
        return self._asked

    def cancel(self) -> bool:
        """Cancel the active response, and drop automatic requests.

        Returns:
            Whether ``response.cancel`` must be sent.
        """
        self.changes += 1
        self._waiting = deque(request for request in self._waiting if not request.automatic)
        if not self.active or self._cancelling:
            return False
        self._cancelling = True
        self._cancelled_early |= self._unanswered
        return True

    def not_cancelled(self) -> None:
        """The server cannot cancel responses: the active one goes on."""
        self._cancelling = self._cancelled_early = False

    def silence_when_created(self) -> None:
        """The response that was requested and not made yet is not to be heard, though it cannot be cancelled."""
        self._cancelled_early = self._unanswered

    def silence(self) -> None:
        """Nothing that still arrives of the active response is to be heard."""
        self.changes += 1
        if self._active:
            self._silenced.append(self._active)

    def interrupted(self) -> None:
        """The person has begun to speak."""
        self.changes += 1

    def is_silenced(self, response_id: str) -> bool:
        """Whether a response is not to be heard; without an id it is about the active one."""
        return (response_id or self._active) in self._silenced

    # Out-of-band responses.

    def is_out_of_band(self, response_id: str) -> bool:
        """Whether the response with this id is outside the conversation."""
        return response_id in self._out_of_band_ids

    def sent(self, event: Event) -> None:
        """``response.create`` was sent."""
        response = object_in(event, "response")
        if is_out_of_band(response):
            self._out_of_band_requests[text_in(event, "event_id")] = copied(object_in(response, "metadata"))
            if len(self._out_of_band_requests) > MAX_OUT_OF_BAND:
                del self._out_of_band_requests[next(iter(self._out_of_band_requests))]

    def notice(self, event: Event) -> None:
        """Note whether a response is out of band, before anything else handles the event."""
        if event["type"] in ("response.created", "response.done"):
            response = object_in(event, "response")
            id = text_in(response, "id")
            if id and id not in (self._active, *self._out_of_band_ids) and self._is_out_of_band_response(response):
                self._out_of_band_ids.append(id)
            if event["type"] == "response.done":
                self._out_of_band_now.pop(id, None)
            elif self.is_out_of_band(id):
                self._out_of_band_now[id] = None

    def _is_out_of_band_response(self, response: Mapping[str, Any]) -> bool:
        """Whether a response has no conversation id, and the metadata of an out-of-band request.

        If it has no metadata and the conversation awaits a response, it is that one. A null ``conversation_id`` is
        enough if the server has sent ids before; some servers send null, or nothing, for every response.
        """
        if response.get("conversation_id") is not None:
            self._names_conversations = True
            return False
        metadata = object_in(response, "metadata")
        asked = next((id for id, given in self._out_of_band_requests.items() if given == metadata), None)
        if asked and (metadata or not self._unanswered):
            del self._out_of_band_requests[asked]
            return True
        return self._names_conversations and "conversation_id" in response

    # What the server sends.

    def created(self, event: Event) -> bool:
        """``response.created``: the one requested, or one that the server makes because the person has spoken.

        Returns:
            Whether it must be cancelled (again): it was cancelled before it was made.
        """
        id = text_in(object_in(event, "response"), "id")
        if self.is_out_of_band(id):
            return False
        self.changes += 1
        self.active_request = self._asked if self._unanswered else None
        self._unanswered = False
        self._active = id
        self._ended.forget(id)
        cancelled, self._cancelled_early = self._cancelled_early, False
        if cancelled:
            self._cancelling = False  # If the page cancels it as well, that is sent, too.
            self.silence()
        return cancelled

    def done(self, event: Event) -> None:
        """``response.done``, whatever its status. A repetition changes nothing."""
        id = text_in(object_in(event, "response"), "id")
        if id and not self._ended.add(id):
            return
        # With an unknown id this may be the active one. If it isn't, the server refuses the next request once more.
        if self._active == "" or (self._active in (None, id) and not self.is_out_of_band(id)):
            self._active = None
            self._unanswered = self._cancelling = self._cancelled_early = False

    def not_sent(self, request: ResponseRequest) -> None:
        """A request could not be sent."""
        self.refused(ServerError("", "", request.event_id, None))

    def refused(self, error: ServerError) -> None:
        """The server reported an error. If it is about the request that was sent, that one is settled."""
        self._out_of_band_requests.pop(error.event_id, None)
        if error.code == NOT_ACTIVE:
            self._cancelling = False
        asked = self._asked
        if asked is None or not self._is_about(error, asked):
            return
        cancelled = self._cancelled_early
        self._unanswered = self._cancelling = self._cancelled_early = False
        if error.code == ALREADY_ACTIVE:
            self._asked = None
            if not cancelled:
                self._waiting.appendleft(asked)  # the server has begun another; try again after it
            self._active = self._active or ""  # its id is unknown
        elif (asked.automatic or asked.requests > 1) and not (asked.is_repeated or cancelled):
            # It stands for several messages, or outputs of tools, which would all stay unanswered.
            self._asked = None
            self._waiting.appendleft(asked._replace(event_id=new_id("evt_"), is_repeated=True))

    def _is_about(self, error: ServerError, asked: ResponseRequest) -> bool:
        if error.event_id:
            return error.event_id == asked.event_id
        # Any other error may be about it. Waiting without end would be worse than being refused once more.
        return self._unanswered and error.code not in NOT_ABOUT_RESPONSES
