"""When ``response.create`` may be sent. Pure: it says what to send, and hears what the server answers.

The server makes one response at a time in its conversation and refuses a second. Requests therefore wait for their
turn; those that carry nothing of their own (the automatic ones after tools, ``create_response()``) become one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from rtvi_web.realtime.protocol.wire import Event, new_id, object_in, text_in

ALREADY_ACTIVE = "conversation_already_has_active_response"
ABOUT_OTHERS = frozenset({"response_cancel_not_active", "input_audio_buffer_commit_empty"})
"""Codes of errors that are about no ``response.create``."""
MAX_OUT_OF_BAND = 64
"""Responses out of the conversation, asked for or made, that are remembered."""


def is_out_of_band(params: Mapping[str, Any]) -> bool:
    """Whether a request is for a response out of the conversation."""
    return params.get("conversation") == "none"


class ResponseRequest(NamedTuple):
    """A response that somebody wants.

    Attributes:
        event_id: of the event that asks for it.
        params: what it shall be like; ``None`` leaves it to the session.
        automatic: whether nobody asked but a tool's output.
    """

    event_id: str
    params: Mapping[str, Any] | None
    automatic: bool

    @property
    def fields(self) -> Event:
        """Those of its ``response.create``."""
        response = {} if self.params is None else {"response": dict(self.params)}
        return {"event_id": self.event_id, **response}


class ResponseSequencer:
    """Lets one response of the conversation run at a time.

    Every method that may free the way is followed by :meth:`take`, whose events the caller sends.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The session is over."""
        self._waiting: deque[ResponseRequest] = deque()
        self._asked: ResponseRequest | None = None  # the last that was sent
        self._unanswered = False
        self._active: str | None = None  # "" while its id isn't known
        self._cancelling = False
        self._asked_aside: dict[str, dict[str, Any]] = {}  # by event id: the metadata of those without a response yet
        self._out_of_band: deque[str] = deque(maxlen=MAX_OUT_OF_BAND)
        self._names_conversations = False  # whether the server has given any a name

    @property
    def active(self) -> bool:
        """Whether a response is being made, or has been asked for."""
        return self._active is not None or self._unanswered

    def request(self, params: Mapping[str, Any] | None = None, *, automatic: bool = False) -> None:
        """Somebody wants a response; in its turn, unless one like it is waiting already."""
        if params is None:
            for index, waiting in enumerate(self._waiting):
                if waiting.params is None:
                    # Asked for by somebody as well, it outlives a cancellation.
                    self._waiting[index] = waiting._replace(automatic=waiting.automatic and automatic)
                    return
        self._waiting.append(ResponseRequest(new_id("evt_"), params, automatic))

    def take(self) -> ResponseRequest | None:
        """The request to send now, if there is one. One that could not be sent is given back to :meth:`refused`."""
        if self.active or not self._waiting:
            return None
        self._asked = self._waiting.popleft()
        self._unanswered = True
        return self._asked

    def cancel(self) -> bool:
        """Stop what is being made, and forget what only tools asked for; whether ``response.cancel`` must be sent."""
        self._waiting = deque(request for request in self._waiting if not request.automatic)
        if not self.active or self._cancelling:
            return False
        self._cancelling = True
        return True

    # Out of the conversation.

    def is_out_of_band(self, response_id: str) -> bool:
        """Whether a response is none of the conversation's."""
        return response_id in self._out_of_band

    def sent(self, event: Event) -> None:
        """``response.create`` was sent."""
        response = object_in(event, "response")
        if is_out_of_band(response):
            self._asked_aside[text_in(event, "event_id")] = object_in(response, "metadata")
            if len(self._asked_aside) > MAX_OUT_OF_BAND:
                del self._asked_aside[next(iter(self._asked_aside))]

    def notice(self, event: Event) -> None:
        """Hear of a response before anybody else does: whether it is the conversation's."""
        if event["type"] in ("response.created", "response.done"):
            response = object_in(event, "response")
            id = text_in(response, "id")
            if id and id not in (self._active, *self._out_of_band) and self._was_made_aside(response):
                self._out_of_band.append(id)

    def _was_made_aside(self, response: Mapping[str, Any]) -> bool:
        """Whether a response is out of the conversation: it names none, and has the metadata of a request for one.

        Without metadata, one that the conversation awaits comes first. A null ``conversation_id`` is enough where the
        server has named conversations; some servers write null, or nothing, for every response.
        """
        if response.get("conversation_id") is not None:
            self._names_conversations = True
            return False
        metadata = object_in(response, "metadata")
        asked = next((id for id, given in self._asked_aside.items() if given == metadata), None)
        if asked and (metadata or not self._unanswered):
            del self._asked_aside[asked]
            return True
        return self._names_conversations and "conversation_id" in response

    # What the server answers.

    def created(self, event: Event) -> None:
        """``response.created``: ours, or one that the server makes because the person has spoken."""
        id = text_in(object_in(event, "response"), "id")
        if not self.is_out_of_band(id):
            self._unanswered = False
            self._active = id

    def done(self, event: Event) -> None:
        """``response.done``, whatever its status."""
        id = text_in(object_in(event, "response"), "id")
        # Where the id isn't known, this may be it: if it was another, the next request is refused once more.
        if self._active == "" or (self._active in (None, id) and not self.is_out_of_band(id)):
            self._active = None
            self._unanswered = self._cancelling = False

    def refused(self, error: Mapping[str, Any]) -> None:
        """The server has refused something: if it is the request that was sent, the way is free again."""
        self._asked_aside.pop(text_in(error, "event_id"), None)
        asked = self._asked
        if asked is None or not self._is_about(error, asked):
            return
        self._unanswered = self._cancelling = False
        if error.get("code") == ALREADY_ACTIVE:
            self._asked = None
            self._waiting.appendleft(asked)  # the person spoke at the same moment; its turn comes
            self._active = self._active or ""  # the one that runs, whichever it is

    def _is_about(self, error: Mapping[str, Any], asked: ResponseRequest) -> bool:
        if event_id := text_in(error, "event_id"):
            return event_id == asked.event_id
        # Any other may be about it. To wait for an answer that never comes is worse than to be refused once more.
        return self._unanswered and text_in(error, "code") not in ABOUT_OTHERS
