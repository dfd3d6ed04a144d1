"""One response of the model: what is said, written or called, as events."""

import asyncio
import base64
import logging
from typing import Any, Protocol

from conversation import Conversation, Item, new_id
from mind import FunctionCall, Mind, as_messages, sentences
from schema import Event

logger = logging.getLogger(__name__)
DELTA = 4_800  # bytes of PCM in one delta: 100 ms


class Speaker(Protocol):
    """Plays answers by itself, on a track."""

    def play(self, pcm: bytes, item_id: str) -> None:
        """Play this after all that was given before."""


class Room(Protocol):
    """The session, as a response sees it."""

    mind: Mind
    conversation: Conversation

    @property
    def speaker(self) -> Speaker | None: ...

    def emit(self, type: str, **fields: Any) -> None: ...
    def speaks(self, response_id: str) -> None:
        """The response begins to be heard on the track."""

    async def everything_heard(self) -> None:
        """Wait until all that the person has said is written down."""


class Response:
    """Runs as a task; cancelling that ends it in order. `reason` says why, as the protocol does."""

    def __init__(self, room: Room, session: dict[str, Any], params: dict[str, Any]) -> None:
        self._room = room
        self._config = {**session, **{key: value for key, value in params.items() if value is not None}}
        self._params = params
        self._in_band = params.get("conversation") != "none"
        self._messages: list[Item] | None = params.get("input")
        self._item: Item | None = None  # the one that is being made
        self._output: list[Item] = []
        self._text = ""  # of the message that is being made
        self._words = 0
        self.id = new_id("resp")
        self.reason = "client_cancelled"

    async def run(self) -> None:
        """Emits response.created, all that comes of it, and response.done."""
        self._room.emit("response.created", response=self._payload("in_progress"))
        try:
            await self._answer()
            details: Event = {"type": "completed"}
        except asyncio.CancelledError:
            details = {"type": "cancelled", "reason": self.reason}
        except Exception as error:
            logger.exception("a response failed")
            details = {"type": "failed", "error": {"type": "server_error", "code": "mind", "message": str(error)}}
        if self._item:
            self._end_message("completed" if details["type"] == "completed" else "incomplete")
        self._room.emit(
            "response.done",
            response={**self._payload(details["type"]), "status_details": details, "usage": self._usage()},
        )

    async def _answer(self) -> None:
        await self._room.everything_heard()
        items = self._room.conversation.items if self._messages is None else self._messages
        tools = [] if self._config.get("tool_choice") == "none" else self._config.get("tools") or []
        messages = as_messages(self._config.get("instructions") or "", items)
        unspoken = ""
        async for piece in self._room.mind.reply(messages, tools):
            if isinstance(piece, FunctionCall):
                self._call(piece)
                continue
            if self._item is None:
                self._begin_message()
            self._words += len(piece.split())
            self._text += piece
            if self._aloud:
                complete, unspoken = sentences(unspoken + piece)
                for sentence in complete:
                    await self._say(sentence + " ")
            else:
                self._part_event("output_text.delta", delta=piece)
        if unspoken.strip():
            await self._say(unspoken)

    # A message.

    @property
    def _aloud(self) -> bool:
        return "audio" in self._config["output_modalities"]

    def _begin_message(self) -> None:
        content: Item = (
            {"type": "output_audio", "transcript": ""} if self._aloud else {"type": "output_text", "text": ""}
        )
        self._text = ""
        self._add({"type": "message", "role": "assistant", "status": "in_progress", "content": []})
        assert self._item is not None
        self._item["content"].append(content)
        part = {"type": "audio", "transcript": ""} if self._aloud else {"type": "text", "text": ""}
        self._part_event("content_part.added", part=part)

    async def _say(self, sentence: str) -> None:
        assert self._item is not None
        pcm = await self._room.mind.speak(sentence)
        sound = self._room.conversation.sound
        self._part_event("output_audio_transcript.delta", delta=sentence)
        sound[self._item["id"]] = sound.get(self._item["id"], 0) + len(pcm)
        if self._room.speaker:
            self._room.speaks(self.id)
            self._room.speaker.play(pcm, self._item["id"])
            return
        for start in range(0, len(pcm), DELTA):
            delta = base64.b64encode(pcm[start : start + DELTA]).decode()
            self._part_event("output_audio.delta", delta=delta)
            await asyncio.sleep(0)  # a client that speaks in between is heard in between

    def _end_message(self, status: str) -> None:
        assert self._item is not None
        text = self._text.strip()
        if self._aloud:
            self._item["content"][0]["transcript"] = text
            self._part_event("output_audio.done")
            self._part_event("output_audio_transcript.done", transcript=text)
            self._part_event("content_part.done", part={"type": "audio", "transcript": text})
        else:
            self._item["content"][0]["text"] = text
            self._part_event("output_text.done", text=text)
            self._part_event("content_part.done", part={"type": "text", "text": text})
        self._done(status)

    # A function call.

    def _call(self, call: FunctionCall) -> None:
        if self._item:
            self._end_message("completed")
        call_id = new_id("call")
        self._words += 1
        self._add(
            {"type": "function_call", "status": "in_progress", "name": call.name, "call_id": call_id, "arguments": ""}
        )
        assert self._item is not None
        self._item["arguments"] = call.arguments
        for start in range(0, len(call.arguments), 8):
            piece = call.arguments[start : start + 8]
            self._item_event("function_call_arguments.delta", call_id=call_id, delta=piece)
        self._item_event("function_call_arguments.done", call_id=call_id, name=call.name, arguments=call.arguments)
        self._done("completed")

    # Items and their events.

    def _add(self, item: Item) -> None:
        self._item = item = {"id": new_id("item"), "object": "realtime.item", **item}
        previous = self._room.conversation.add(item) if self._in_band else None
        copy = {**item, **({"content": []} if "content" in item else {})}
        self._item_event("output_item.added", item=copy)
        if self._in_band:
            self._room.emit("conversation.item.added", item=copy, previous_item_id=previous)
        self._output.append(item)

    def _done(self, status: str) -> None:
        assert self._item is not None
        self._item["status"] = status
        if self._in_band and self._item in self._room.conversation.items:
            index = self._room.conversation.index(self._item["id"])
            previous = self._room.conversation.items[index - 1]["id"] if index else None
            self._room.emit("conversation.item.done", item=self._item, previous_item_id=previous)
        self._item_event("output_item.done", item=self._item)
        self._item = None

    def _item_event(self, type: str, **fields: Any) -> None:
        output_index = len(self._output) - (self._item in self._output)
        if "item" not in fields:
            assert self._item is not None
            fields["item_id"] = self._item["id"]
        self._room.emit(f"response.{type}", response_id=self.id, output_index=output_index, **fields)

    def _part_event(self, type: str, **fields: Any) -> None:
        self._item_event(type, content_index=0, **fields)

    def _payload(self, status: str) -> Event:
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "output": list(self._output),
            "conversation_id": "conv_local" if self._in_band else None,
            "output_modalities": self._config["output_modalities"],
            "metadata": self._params.get("metadata"),
        }

    def _usage(self) -> Event:
        heard = sum(len(message["content"].split()) for message in self._spoken())
        return {
            "total_tokens": heard + self._words,
            "input_tokens": heard,
            "output_tokens": self._words,
            "input_token_details": {"text_tokens": heard, "audio_tokens": 0, "cached_tokens": 0},
            "output_token_details": {"text_tokens": self._words, "audio_tokens": 0},
        }

    def _spoken(self) -> list[dict[str, Any]]:
        messages = as_messages(self._config.get("instructions") or "", self._room.conversation.items)
        return [message for message in messages if message.get("content")]
