"""Servers of every dialect, as scripted peers. Their messages follow what each provider documents (``source``)."""

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
        configured: the first events that it should send for :data:`CONFIG`, without event ids.
        rates_used: the rates of the microphone and of the answers.
        client_events: the types of client events that the provider documents.
        output: the item that carries a tool's result.
        after_interruption: what the client should send when an answer of 480 samples was heard to the half.
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


class XAIPeer(Peer):
    source = "docs.x.ai/docs/guides/voice/agent; README of xai-org/xai-sdk-ts; @ai-sdk/xai 5.0.12 on npm, src/realtime"
    options: ClassVar[dict[str, Any]] = {"api_key": "secret-1"}
    address = ("wss://api.x.ai/v1/realtime", {"model": "m-1"}, ["xai-client-secret.secret-1"])
    session: ClassVar[dict[str, Any]] = {"instructions": "Be brief.", "voice": "alloy"}
    client_events = OPENAI_EVENTS - {
        "conversation.item.truncate",
        "conversation.item.delete",
        "conversation.item.retrieve",
        "output_audio_buffer.clear",
    }
    after_interruption: ClassVar[list[str]] = ["response.cancel"]

    def check(self, event: dict[str, Any]) -> None:
        known = {"instructions", "voice", "turn_detection", "tools", "audio"}
        assert event.get("session", {}).keys() <= known
        assert event.get("response", {}).keys() <= {"instructions", "modalities"}

    def greet(self) -> None:
        self.say("session.created", session={"id": "sess_1"})
        self.say("conversation.created", conversation={"id": "conv_1", "object": "realtime.conversation"})


class BetaPeer(Peer):
    """Servers whose events have the names of the beta."""

    def announce(self, item: dict[str, Any]) -> None:
        self.say("conversation.item.created", previous_item_id=None, item=item)

    def say(self, type: str, **fields: Any) -> None:
        for today, beta in (("output_audio_transcript", "audio_transcript"), ("output_audio", "audio")):
            type = type.replace(f"response.{today}.", f"response.{beta}.")
        super().say(type, **fields)


class QwenPeer(BetaPeer):
    source = "dashscope 2.0.2 on PyPI, audio/qwen_omni; Alibaba Cloud, Qwen-Omni-Realtime events, 2026-10-23"
    options: ClassVar[dict[str, Any]] = {"url": "wss://host.test/qwen"}
    address = ("wss://host.test/qwen", {"model": "m-1"}, [])
    session: ClassVar[dict[str, Any]] = {"model": "m-1", "instructions": "Be brief.", "voice": "alloy"}
    offered: ClassVar[Any] = [{"type": "function", "function": TOOL}]
    rates_used = (16_000, 24_000)
    client_events = frozenset(
        {
            *("session.update", "input_audio_buffer.append", "input_audio_buffer.commit", "input_audio_buffer.clear"),
            *("input_image_buffer.append", "conversation.item.create", "response.create", "response.cancel"),
            "session.finish",
        }
    )
    after_interruption: ClassVar[list[str]] = ["response.cancel"]

    def check(self, event: dict[str, Any]) -> None:
        session = event.get("session", {})
        documented = (
            "model modalities voice instructions audio turn_detection input_audio_transcription tools max_tokens"
        )
        documented += " temperature top_p top_k seed presence_penalty repetition_penalty enable_search smooth_output"
        assert session.keys() <= {*documented.split()}
        assert session.get("modalities", ["text"]) in (["text"], ["text", "audio"])
        assert event.get("response", {}).keys() <= {"instructions", "modalities"}

    def greet(self) -> None:
        self.say("session.created", session=self._session())

    def acknowledge(self, event: dict[str, Any]) -> None:
        self.say("session.updated", session={**self._session(), **event["session"]})

    def _session(self) -> dict[str, Any]:
        return {
            "object": "realtime.session",
            "id": "sess_1",
            "model": "qwen3-omni-flash-realtime",
            "modalities": ["text", "audio"],
            "voice": "Cherry",
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm24",
            "input_audio_transcription": {"model": "gummy-realtime-v1"},
            "turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 800},
            "tools": [],
            "tool_choice": "auto",
            "temperature": 0.8,
        }

    def complains(self) -> str:
        words = "Invalid modalities: ['audio']. Supported combinations are: ['text'] and ['audio', 'text']."
        error = {
            "type": "invalid_request_error",
            "code": "invalid_value",
            "message": words,
            "param": "session.modalities",
        }
        self.say("error", error=error)
        return words


class SpeachesPeer(BetaPeer):
    source = "speaches-ai/speaches 870e1e1: docs/usage/realtime-api.md, src/speaches/{types/realtime,realtime}"
    options: ClassVar[dict[str, Any]] = {"url": "ws://host.test:8000", "api_key": "key1"}
    address = ("ws://host.test:8000/v1/realtime", {"model": "m-1", "api_key": "key1"}, [])
    session: ClassVar[dict[str, Any]] = {"model": "m-1", "instructions": "Be brief.", "voice": "alloy"}
    client_events = OPENAI_EVENTS - {
        "response.cancel",
        "conversation.item.truncate",
        "conversation.item.retrieve",
        "output_audio_buffer.clear",
    }
    after_interruption: ClassVar[list[str]] = []

    def check(self, event: dict[str, Any]) -> None:
        session = event.get("session", {})
        documented = "model instructions modalities voice speech_model input_audio_transcription turn_detection tools"
        assert session.keys() <= {*documented.split(), "tool_choice", "temperature", "max_response_output_tokens"}
        if "turn_detection" in session:
            whole = {"type", "threshold", "prefix_padding_ms", "silence_duration_ms", "create_response"}
            assert session["turn_detection"].keys() == whole

    def greet(self) -> None:
        self.say("session.created", session=self._session())

    def acknowledge(self, event: dict[str, Any]) -> None:
        self.say("session.updated", session={**self._session(), **event["session"]})

    def _session(self) -> dict[str, Any]:
        detection = {"type": "server_vad", "threshold": 0.9, "prefix_padding_ms": 0, "silence_duration_ms": 550}
        return {
            "id": "sess_1",
            "model": "m-1",
            "modalities": ["audio", "text"],
            "instructions": "",
            "speech_model": "speaches-ai/Kokoro-82M-v1.0-ONNX",
            "voice": "af_heart",
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": {"model": "Systran/faster-distil-whisper-small.en", "language": None},
            "turn_detection": {**detection, "create_response": True},
            "temperature": 0.8,
            "tools": [],
            "tool_choice": "auto",
            "max_response_output_tokens": "inf",
        }


class VLLMPeer(Peer):
    source = (
        "docs.vllm.ai 0.22.1 and vllm-project/vllm 0787aaa: vllm/entrypoints/openai/realtime/{connection,protocol}.py"
    )
    options: ClassVar[dict[str, Any]] = {"url": "ws://host.test:8000"}
    address = ("ws://host.test:8000/v1/realtime", {}, [])
    rates_used = (16_000, 24_000)
    client_events = frozenset({"session.update", "input_audio_buffer.append", "input_audio_buffer.commit"})
    transcribes = True

    def check(self, event: dict[str, Any]) -> None:
        fields = {"session.update": {"model"}, "input_audio_buffer.append": {"audio"}}.get(event["type"], {"final"})
        assert event.keys() == {"type", *fields}

    def greet(self) -> None:
        self.say("session.created", id="sess-1", created=1)

    def acknowledge(self, event: dict[str, Any]) -> None:
        """It never does."""

    def hears(self, text: str) -> None:
        for word in text.partition(" "):
            self.say("transcription.delta", delta=word)
        usage = {"prompt_tokens": 8, "completion_tokens": 5, "total_tokens": 13}
        self.say("transcription.done", text=text, usage=usage)

    def complains(self) -> str:
        self.say("error", error="Invalid audio data", code="invalid_audio")
        return "Invalid audio data"


class MistralPeer(Peer):
    source = "mistralai 3.7.0 on PyPI: extra/realtime, client/models; docs.mistral.ai, Client authentication"
    options: ClassVar[dict[str, Any]] = {"api_key": "rt_1"}
    address = ("wss://api.mistral.ai/v1/audio/transcriptions/realtime", {"model": "m-1"}, ["realtime", "rt_1"])
    rates_used = (16_000, 24_000)
    client_events = frozenset({"session.update", "input_audio.append", "input_audio.flush", "input_audio.end"})
    transcribes = True

    def check(self, event: dict[str, Any]) -> None:
        fields = {"session.update": {"session"}, "input_audio.append": {"audio"}}.get(event["type"], set())
        assert event.keys() - {"event_id"} == {"type", *fields}
        known = {"audio_format", "target_streaming_delay_ms", "diarize", "context_bias", "language", "turn_detection"}
        assert event.get("session", {"language": ""}).keys() <= known
        assert event.get("session") != {}

    def greet(self) -> None:
        self.say("session.created", session=self._session())

    def acknowledge(self, event: dict[str, Any]) -> None:
        self.say("session.updated", session={**self._session(), **event["session"]})

    def _session(self) -> dict[str, Any]:
        return {"request_id": "r1", "model": "m-1", "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16_000}}

    def hears(self, text: str) -> None:
        self.say("transcription.language", audio_language="en")
        for word in text.partition(" "):
            self.say("transcription.text.delta", text=word)
        usage = {"prompt_tokens": 8, "completion_tokens": 5, "total_tokens": 13, "prompt_audio_seconds": 1}
        self.say("transcription.done", model="m-1", text=text, usage=usage, language="en")

    def complains(self) -> str:
        self.say("error", error={"message": {"detail": "Bad audio."}, "code": 3000})
        return "Bad audio."


PEERS: dict[str, type[Peer]] = {
    "openai": Peer,
    "azure": AzurePeer,
    "xai": XAIPeer,
    "qwen": QwenPeer,
    "inworld": InworldPeer,
    "speaches": SpeachesPeer,
    "vllm": VLLMPeer,
    "localai": LocalAIPeer,
    "huggingface": HuggingFacePeer,
    "mistral": MistralPeer,
}
