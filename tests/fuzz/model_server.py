"""A server of the Realtime protocol for random episodes: it takes events as OpenAI's does, and makes responses.

What the client sends waits until a step has the server take it. The server answers truly, so that the client must agree
with it: about the items, about the calls of tools, and about when a response may be asked for.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from realtime_server import violations
from sessions import turns

from rtvi_web.errors import DisconnectedError
from rtvi_web.realtime.transport import RealtimeRequest, SpareLink
from rtvi_web.testing import ScriptedRealtimeTransport

PCM = base64.b64encode(bytes(9600)).decode()
MIN_COMMIT = 4800  # bytes of 100 ms


class ModelServer(ScriptedRealtimeTransport):
    """A server that a step at a time does what it was sent.

    Attributes:
        items: the ids of the conversation's items, in their order.
        active: the response that is being made.
        inbox: the events that it has not taken yet.
        outputs: by call id, the outputs that it was sent, with their places in ``sent``.
        complaints: what the client should not have done.
        is_live: whether what is said now must be dispatched; ``None`` if it may be.
        said: the ids of all events that it has said, and what ``is_live()`` was.
        calls: by call id, the tool that was called, and the response that called it.
        statuses: how the responses have ended.
        is_true: whether all that it has said in this session is true, and not made at random.
        has_crossed: whether it has begun a response by itself while one that was asked for is under way; the client
            cannot tell which of them it hears of.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.is_live: Callable[[], bool | None] = lambda: None
        self.said: list[tuple[str, bool | None]] = []
        self.complaints: list[str] = []
        self.refuses_to_send = False
        self.closing = "ok"
        self._ids = 0
        self._connecting = False
        self.begin()

    def begin(self) -> None:
        """A session begins."""
        self.items: list[str] = []
        self.active: str | None = None
        self.told_active = False
        self.inbox: deque[dict[str, Any]] = deque()
        self.outputs: dict[str, list[tuple[int, str]]] = {}
        self.calls: dict[str, tuple[str, str]] = {}
        self.statuses: dict[str, str] = {}
        self.is_true, self.has_crossed = True, False
        self._requested = 0
        self._buffered = 0

    def id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{self._ids}"

    # What the client does.

    async def connect(self, request: RealtimeRequest) -> None:
        self.begin()
        self._connecting = True
        try:
            await super().connect(request)
        except asyncio.CancelledError:
            await turns(3)  # to release what is half open
            raise
        finally:
            self._connecting = False

    async def open_spare(self, *arguments: Any) -> SpareLink:
        spare = await super().open_spare(*arguments)

        async def take_over(switched: Callable[[], object]) -> None:
            self.is_true &= not (self.inbox or self.active or self.calls)  # what the old server did not finish is lost
            self.inbox.clear()
            self.active, self.told_active, self._requested, self._buffered = None, False, 0, 0
            await spare.take_over(switched)

        return spare._replace(take_over=take_over)

    def say_text(self, text: str) -> None:
        if id := json.loads(text).get("event_id"):
            self.said.append((id, self.is_live()))
        super().say_text(text)

    def send(self, text: str) -> None:
        if self.refuses_to_send:
            raise DisconnectedError("The socket is closing.")
        super().send(text)
        event = self.sent[-1]
        self.complaints += violations(event)
        self.inbox.append(event)
        if event["type"] == "response.create" and event.get("response", {}).get("conversation") != "none":
            self._requested += 1
            if self.is_true and not self.has_crossed and (self._requested > 1 or self.told_active):
                self.complaints.append("a response was asked for while another is active")
        if event["type"] == "conversation.item.create" and event["item"]["type"] == "function_call_output":
            output = len(self.sent) - 1, event["item"]["output"]
            self.outputs.setdefault(event["item"]["call_id"], []).append(output)
            if self.is_true and event["item"]["call_id"] not in self.calls:
                self.complaints.append("a call of another session was answered")

    # What the server does.

    def take(self) -> bool:  # noqa: C901, one case an event
        """Take the next event of the client. Returns whether there was one."""
        if not self.inbox or not self.is_open:
            return False
        event = self.inbox.popleft()
        match event["type"]:
            case "conversation.item.create":
                self._add({"content": [], **event["item"]}, event.get("previous_item_id"))
            case "conversation.item.delete":
                self._delete(event)
            case "conversation.item.truncate":
                fields = ("item_id", "content_index", "audio_end_ms")
                self.say("conversation.item.truncated", **{name: event[name] for name in fields})
            case "input_audio_buffer.append":
                self._buffered += len(base64.b64decode(event["audio"]))
            case "input_audio_buffer.clear":
                self._buffered = 0
                self.say("input_audio_buffer.cleared")
            case "input_audio_buffer.commit":
                self._commit(event)
            case "response.create" if event.get("response", {}).get("conversation") == "none":
                self._out_of_band(event["response"])
            case "response.create":
                self._requested -= 1
                if self.active:
                    self._refuse(event, "conversation_already_has_active_response")
                else:
                    self._begin_response()
            case "response.cancel" if self.active:
                self.finish("cancelled")
            case "response.cancel":
                self._refuse(event, "response_cancel_not_active")
        return True

    def _refuse(self, event: dict[str, Any], code: str) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": code, "event_id": event["event_id"]}
        self.say("error", error=error)

    def _add(self, item: dict[str, Any], previous: str | None = None) -> str:
        """An item joins the conversation, after another or at the end."""
        item = {"id": self.id("item"), "status": "completed", **item}
        before = previous or (self.items[-1] if self.items else None)
        index = self.items.index(before) + 1 if before in self.items else len(self.items)
        self.items.insert(index, item["id"])
        for stage in ("added", "done"):
            self.say(f"conversation.item.{stage}", previous_item_id=before, item=item)
        return str(item["id"])

    def _delete(self, event: dict[str, Any]) -> None:
        if event["item_id"] in self.items:
            self.items.remove(event["item_id"])
            self.say("conversation.item.deleted", item_id=event["item_id"])
        else:
            self._refuse(event, "item_not_found")

    def _commit(self, event: dict[str, Any]) -> None:
        if self._buffered < MIN_COMMIT:
            self._refuse(event, "input_audio_buffer_commit_empty")
            return
        self._buffered = 0
        id = self.id("item")
        before = self.items[-1] if self.items else None
        self.say("input_audio_buffer.committed", item_id=id, previous_item_id=before)
        self._add({"id": id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]})

    def begin_by_itself(self) -> None:
        """The person has spoken: a response begins that was not asked for."""
        if not self.active and self.is_open:
            self.has_crossed |= self._requested > 0
            self._begin_response()

    def _begin_response(self) -> None:
        self.active, self.told_active = self.id("resp"), True
        response = {"id": self.active, "conversation_id": "conv_1", "status": "in_progress", "output": []}
        self.say("response.created", response=response)

    def _out_of_band(self, given: dict[str, Any]) -> None:
        response: dict[str, Any] = {
            "id": self.id("resp"),
            "conversation_id": None,
            "metadata": given.get("metadata"),
            "output": [],
        }
        self.say("response.created", response=response)
        self.say("response.done", response={**response, "status": "completed"})

    def speak(self) -> None:
        """The active response says something."""
        if not self.active or not self.is_open:
            return
        response, id = self.active, self.id("item")
        item = {"id": id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.say("response.output_item.added", response_id=response, output_index=0, item=item)
        self._add({**item, "status": "in_progress"})
        place = {"item_id": id, "response_id": response, "output_index": 0, "content_index": 0}
        if not self.carries_tracks:
            self.say("response.output_audio.delta", **place, delta=PCM)
        self.say("response.output_audio_transcript.delta", **place, delta="hello")
        self.say(
            "response.output_item.done", response_id=response, output_index=0, item={**item, "status": "completed"}
        )

    def call(self, function: str) -> None:
        """The active response calls a tool."""
        if not self.active or not self.is_open:
            return
        response, call = self.active, self.id("call")
        self.calls[call] = function, response
        item = {"id": self.id("item"), "type": "function_call", "name": function, "call_id": call, "arguments": "{}"}
        self._add({**item, "status": "completed"})
        done = {**item, "status": "completed"}
        self.say("response.output_item.done", response_id=response, output_index=0, item=done)

    def finish(self, status: str) -> None:
        """The active response ends."""
        if self.active and self.is_open:
            id, self.active, self.told_active = self.active, None, False
            self.statuses[id] = status
            response = {"id": id, "conversation_id": "conv_1", "status": status, "output": []}
            self.say("response.done", response=response)

    async def close(self) -> None:
        if self._connecting:
            self.complaints.append("close() was called while connect() was running")
        await super().close()
        if self.closing == "hangs":
            await asyncio.Event().wait()
