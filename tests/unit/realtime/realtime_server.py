"""What the tests of the realtime client share: the schema oracle, and a client on a scripted server."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, get_args, get_origin

from openai.types.realtime.realtime_client_event import RealtimeClientEvent
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from pydantic import BaseModel, ValidationError

from rtvi_web.realtime import RealtimeClient
from rtvi_web.realtime.testing import ScriptedRealtimeTransport


def _models(union: Any) -> dict[str, type[BaseModel]]:
    """The models of OpenAI's own library, by event type."""
    while get_origin(union) is not None and not isinstance(get_args(union)[0], type):
        union = get_args(union)[0]
    members = [member for member in get_args(union) if isinstance(member, type) and issubclass(member, BaseModel)]
    return {name: model for model in members for name in get_args(model.model_fields["type"].annotation)}


CLIENT_EVENTS = _models(RealtimeClientEvent)
SERVER_EVENTS = _models(RealtimeServerEvent)


def violations(event: dict[str, Any], models: dict[str, type[BaseModel]] = CLIENT_EVENTS) -> list[str]:
    """What is wrong with an event by OpenAI's models; a field that they don't know is wrong too."""
    model = models.get(event["type"])
    if model is None:
        return [f"there is no event {event['type']!r}"]
    try:
        return list(_unknown(model.model_validate(event), "$"))
    except ValidationError as error:
        return [f"{each['loc']}: {each['msg']}" for each in error.errors()]


def _unknown(value: Any, path: str) -> Any:
    if isinstance(value, BaseModel):
        yield from (f"{path}.{key} is unknown to {type(value).__name__}" for key in value.model_extra or {})
        for key in type(value).model_fields:
            yield from _unknown(getattr(value, key), f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _unknown(each, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _unknown(each, f"{path}.{key}")


class Server(ScriptedRealtimeTransport):
    """Refuses whatever OpenAI's models would."""

    def send(self, text: str) -> None:
        super().send(text)
        assert violations(self.sent[-1]) == []

    @property
    def types(self) -> list[str]:
        """The types of what was sent, without the configuration."""
        return [event["type"] for event in self.sent if event["type"] != "session.update"]

    # A conversation, as today's servers tell it.

    def user_item(self, id: str, *, previous: str | None = None, **fields: Any) -> None:
        item = {"id": id, "type": "message", "role": "user", "status": "completed", **fields}
        self.say("conversation.item.added", previous_item_id=previous, item={"content": [], **item})
        self.say("conversation.item.done", previous_item_id=previous, item={"content": [], **item})

    def response(self, id: str = "resp_1", **fields: Any) -> None:
        self.say("response.created", response={"id": id, "conversation_id": "conv_1", "output": [], **fields})

    def answer(self, id: str = "item_a", *, response: str = "resp_1", previous: str | None = None) -> None:
        item = {"id": id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.say("response.output_item.added", response_id=response, output_index=0, item=item)
        self.say("conversation.item.added", previous_item_id=previous, item=item)

    def delta(self, kind: str, delta: str, id: str = "item_a", *, response: str = "resp_1", index: int = 0) -> None:
        place = {"item_id": id, "response_id": response, "output_index": 0, "content_index": index}
        self.say(f"response.{kind}.delta", **place, delta=delta)

    def audio(self, pcm: bytes, id: str = "item_a") -> None:
        self.delta("output_audio", base64.b64encode(pcm).decode(), id)

    def call(self, name: str, arguments: str, *, call: str = "call_1", response: str = "resp_1", **fields: Any) -> None:
        item = {"id": f"item_{call}", "type": "function_call", "name": name, "call_id": call, "status": "completed"}
        item = {**item, "arguments": arguments, **fields}
        self.say("response.output_item.done", response_id=response, output_index=0, item=item)

    def done(self, id: str = "resp_1", status: str = "completed", **fields: Any) -> None:
        self.say("response.done", response={"id": id, "conversation_id": "conv_1", "status": status, **fields})


class Run:
    """A client, its server, and a record of all that it dispatched."""

    def __init__(self, *, server: Server | None = None, **options: Any) -> None:
        self.server = server or Server()
        self.client = RealtimeClient(transport=self.server, **options)
        self.events: list[Any] = []
        self.errors: list[Any] = []
        self.client.on("conversation.*", self.events.append)
        self.client.on("error", self.errors.append)

    def of(self, type: str) -> list[Any]:
        """The events of a type, those of the client's own making."""
        return [event for event in self.events if getattr(event, "type", None) == type]

    def item(self, id: str) -> Any:
        item = self.client.conversation.get_item(id)
        assert item is not None
        return item

    @property
    def ids(self) -> list[str]:
        return [item.id for item in self.client.get_conversation_items()]


async def connected(**options: Any) -> Run:
    """A client that is connected."""
    run = Run(**options)
    await run.client.connect()
    return run


async def turns(count: int = 10) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


def pcm(samples: int, value: int = 1) -> bytes:
    """So many samples."""
    return value.to_bytes(2, "little") * samples
