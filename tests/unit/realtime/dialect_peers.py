"""Servers of every dialect, as scripted peers. Their messages follow what each provider documents (``source``)."""

from __future__ import annotations

from typing import Any, ClassVar

from openai_peers import OPENAI_EVENTS, TOOL, AzurePeer, HuggingFacePeer, InworldPeer, LocalAIPeer, Peer


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
    _transcribes = False

    def check(self, event: dict[str, Any]) -> None:
        fields = {"session.update": {"model"}, "input_audio_buffer.append": {"audio"}}.get(event["type"], {"final"})
        assert event.keys() == {"type", *fields}
        if "audio" in event:
            assert self._transcribes, "a commit that is not final begins a transcript"
        self._transcribes = not event.get("final", not self._transcribes)

    def greet(self) -> None:
        self._transcribes = False
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
