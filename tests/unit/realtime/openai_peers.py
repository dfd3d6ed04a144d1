"""OpenAI's server as a scripted peer, and those close to it. Their messages follow what each provider documents."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, ClassVar

from realtime_server import CLIENT_EVENTS, violations

from rtvi_web.realtime.transport import RealtimeRequest
from rtvi_web.testing import ScriptedRealtimeTransport

SOUND = b"\x01\x00\x02\x00" * 240
"""What the model says: 480 samples."""
SAID = "Hello there."
ANSWER = "Good morning."
TOOL = {"name": "lookup", "description": "Looks up.", "parameters": {"type": "object", "properties": {}}}
TOOL_GA = {"type": "function", **TOOL}
CONFIG = {"model": "m-1", "instructions": "Be brief.", "voice": "alloy"}
OPENAI_EVENTS = frozenset(CLIENT_EVENTS)
"""The types of OpenAI's client events."""


class Peer(ScriptedRealtimeTransport):
    """OpenAI's server, and what the others begin from.

    Attributes:
        source: where the messages are from, with its version.
        options: of the client.
        address: the address, query and subprotocols that the client should use.
        session: what the first ``session.update`` should have for :data:`CONFIG`.
        offered: the tools that it should have after :data:`TOOL` was registered.
        rates_used: the rates of the microphone and of the answers.
        client_events: the types of client events that the provider documents.
        after_interruption: what the client should send when an answer of 480 samples was heard to the half.
        transcribes: whether the server makes no responses.
    """

    source: ClassVar[str] = "openai on PyPI, openai.types.realtime; checked by the schema oracle"
    options: ClassVar[dict[str, Any]] = {"api_key": "ek_1"}
    address: ClassVar[tuple[str, dict[str, str], list[str]]] = (
        "https://api.openai.com/v1/realtime",
        {"model": "m-1"},
        ["realtime", "openai-insecure-api-key.ek_1"],
    )
    session: ClassVar[dict[str, Any]] = {
        "type": "realtime",
        "instructions": "Be brief.",
        "audio": {"output": {"voice": "alloy"}},
    }
    offered: ClassVar[Any] = [TOOL_GA]
    rates_used: ClassVar[tuple[int, int]] = (24_000, 24_000)
    client_events: ClassVar[frozenset[str]] = OPENAI_EVENTS
    after_interruption: ClassVar[list[str]] = ["response.cancel", "conversation.item.truncate"]
    transcribes: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(handshake=False)
        self._count = 0

    async def connect(self, request: RealtimeRequest) -> None:
        await super().connect(request)
        self.greet()

    def send(self, text: str) -> None:
        super().send(text)
        event = self.sent[-1]
        assert event["type"] in self.client_events, f"{type(self).__name__} documents no {event['type']!r}"
        self.check(event)
        if event["type"] == "session.update":
            asyncio.get_running_loop().call_soon(self.acknowledge, event)

    def check(self, event: dict[str, Any]) -> None:
        """Refuse what the provider would."""
        assert violations(event) == []

    def id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"

    # What the server says.

    def greet(self) -> None:
        self.say("session.created", session={"type": "realtime", "id": "sess_1"})

    def acknowledge(self, event: dict[str, Any]) -> None:
        self.say("session.updated", session=event["session"])

    def hears(self, text: str) -> None:
        """A turn of the person, by the server's turn detection."""
        id = self.id("item")
        self.say("input_audio_buffer.speech_started", item_id=id, audio_start_ms=0)
        self.say("input_audio_buffer.speech_stopped", item_id=id, audio_end_ms=20)
        self.say("input_audio_buffer.committed", item_id=id, previous_item_id=None)
        item = {
            "id": id,
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_audio"}],
        }
        self.announce(item)
        self.say(
            "conversation.item.input_audio_transcription.completed",
            item_id=id,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": 1},
        )

    def announce(self, item: dict[str, Any]) -> None:
        self.say("conversation.item.added", previous_item_id=None, item=item)
        self.say("conversation.item.done", previous_item_id=None, item=item)

    def begins(self) -> tuple[dict[str, Any], str]:
        """A response begins; gives the place of its answer, and its id."""
        response, id = self.id("resp"), self.id("item")
        self.say("response.created", response={"id": response, "object": "realtime.response", "status": "in_progress"})
        item = {"id": id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.say("response.output_item.added", response_id=response, output_index=0, item=item)
        return {"response_id": response, "item_id": id, "output_index": 0, "content_index": 0}, response

    def speaks(self, place: dict[str, Any], text: str, pcm: bytes) -> None:
        """A part of an answer."""
        self.say("response.output_audio_transcript.delta", **place, delta=text)
        self.say("response.output_audio.delta", **place, delta=base64.b64encode(pcm).decode())

    def ends(self, response: str, *, status: str = "completed") -> None:
        usage = {"total_tokens": 13, "input_tokens": 8, "output_tokens": 5}
        self.say("response.done", response={"id": response, "status": status, "output": [], "usage": usage})

    def answers(self, text: str, pcm: bytes) -> None:
        place, response = self.begins()
        self.speaks(place, text, pcm)
        self.say("response.output_audio.done", **place)
        self.say("response.output_audio_transcript.done", **place, transcript=text)
        item = {"id": place["item_id"], "type": "message", "role": "assistant", "status": "completed"}
        item["content"] = [{"type": "output_audio", "transcript": text}]
        self.say("response.output_item.done", response_id=response, output_index=0, item=item)
        self.ends(response)

    def calls(self, name: str, arguments: str) -> None:
        """A response that calls a tool, as its call ``call_1``."""
        response, id = self.id("resp"), self.id("item")
        self.say("response.created", response={"id": response, "status": "in_progress"})
        item = {"id": id, "type": "function_call", "name": name, "call_id": "call_1"}
        self.say("response.output_item.added", response_id=response, output_index=0, item={**item, "arguments": ""})
        place = {"response_id": response, "item_id": id, "output_index": 0, "call_id": "call_1"}
        self.say("response.function_call_arguments.done", **place, name=name, arguments=arguments)
        done = {**item, "status": "completed", "arguments": arguments}
        self.say("response.output_item.done", response_id=response, output_index=0, item=done)
        self.ends(response)

    def complains(self) -> str:
        """An error of the server's; gives its words."""
        self.say("error", error={"type": "server_error", "code": "session_expired", "message": "Time is up."})
        return "Time is up."


class AzurePeer(Peer):
    source = (
        "MicrosoftDocs/azure-ai-docs, realtime-audio-webrtc.md (2025-09-16); openai 6.49.0 on npm, realtime/websocket"
    )
    options: ClassVar[dict[str, Any]] = {"api_key": "key1", "url": "https://name.openai.azure.com"}
    address = (
        "https://name.openai.azure.com/openai/v1/realtime",
        {"model": "m-1", "api-key": "key1"},
        ["realtime"],
    )


class InworldPeer(Peer):
    source = "docs.inworld.ai/realtime/connect/websocket, …/usage/using-realtime-models; inworld-api-examples aef8ecc"
    options: ClassVar[dict[str, Any]] = {"url": "wss://host.test/ws"}
    address = ("wss://host.test/ws", {}, [])
    session: ClassVar[dict[str, Any]] = {**Peer.session, "model": "m-1"}

    def check(self, event: dict[str, Any]) -> None:
        session = {key: value for key, value in event.get("session", {}).items() if key not in ("model", "temperature")}
        super().check({**event, **({"session": session} if session else {})})

    def complains(self) -> str:
        self.say("error", message="top-level")
        return "top-level"


class LocalAIPeer(Peer):
    source = "mudler/LocalAI 82c191a: docs/content/features/openai-realtime.md, core/http/endpoints/openai/types"
    options: ClassVar[dict[str, Any]] = {"url": "ws://host.test:8080"}
    address = ("ws://host.test:8080/v1/realtime", {"model": "m-1"}, [])

    def complains(self) -> str:
        error = {"type": "invalid_request_error", "code": "model_load_error", "message": "No VAD.", "param": ""}
        self.say("error", error=error)
        return "No VAD."


class HuggingFacePeer(Peer):
    source = (
        "huggingface/speech-to-speech 0.2.12 (9f59bc7): src/speech_to_speech/api/openai_realtime/README.md, service.py"
    )
    options: ClassVar[dict[str, Any]] = {"url": "ws://host.test:8765"}
    address = ("ws://host.test:8765/v1/realtime", {}, ["realtime"])
    rates_used = (16_000, 16_000)
    client_events = OPENAI_EVENTS - {
        "conversation.item.delete",
        "conversation.item.retrieve",
        "input_audio_buffer.clear",
    }

    def greet(self) -> None:
        audio = {"input": {"format": None}, "output": {"format": None}}
        self.say("session.created", session={"type": "realtime", "id": "session_1", "audio": audio})

    def announce(self, item: dict[str, Any]) -> None:
        """Speech is announced by its transcript alone."""

    def complains(self) -> str:
        self.say("error", error={"type": "session_limit_reached", "message": "All 1 session slots are in use."})
        return "All 1 session slots are in use."
