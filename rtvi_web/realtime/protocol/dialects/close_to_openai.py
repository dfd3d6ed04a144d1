"""Servers that speak today's protocol (GA), with an address and limits of their own.

Sources: Azure's how-to pages for WebRTC and WebSockets (MicrosoftDocs/azure-ai-docs) and openai 6.49.0 on npm;
Inworld's documentation (docs.inworld.ai) and its examples (inworld-ai/inworld-api-examples, aef8ecc); LocalAI
(mudler/LocalAI, 82c191a); Hugging Face's speech-to-speech 0.2.12 (9f59bc7).
"""

from __future__ import annotations

from typing import ClassVar

from rtvi_web.realtime.protocol.dialects.base import Address, Dialect, Target, Translated, bearer, has_query
from rtvi_web.realtime.protocol.session_config import TRANSCRIPTION, Config
from rtvi_web.realtime.protocol.wire import Event


class Azure(Dialect):
    """Azure OpenAI: ``url`` is the resource's address, and ``model`` the name of the deployment.

    Over WebRTC the key is an ephemeral one. Over a WebSocket it is an API key, which goes into the query.
    """

    name = "azure"

    def address(self, target: Target) -> Address:
        path = "/openai/v1/realtime"
        url = self.required_url(target, "https://NAME.openai.azure.com", path + "/calls" if target.webrtc else path)
        if target.webrtc:
            return self.as_given(target._replace(url=url))
        query = {} if has_query(url, "deployment") else self.model_query(target)
        key = {"api-key": target.api_key} if target.api_key else {}
        return Address(url, {**query, **key}, ["realtime"])


class Inworld(Dialect):
    """Inworld: WebRTC with a JWT. Its WebSocket takes the JWT in a header, so it needs a server of yours."""

    name = "inworld"

    def address(self, target: Target) -> Address:
        if target.webrtc:
            return Address(target.url or "https://api.inworld.ai/v1/realtime/calls", headers=bearer(target.api_key))
        self.refuse_key(target)
        return Address(self.required_url(target, "wss://HOST/ws"))

    def session_update(self, session: Config) -> Config:
        """The model is a setting like others, and can be changed; ``temperature`` is known."""
        return self.without(session, "provider", "vision", "knowledge", "agent_id")

    def outgoing(self, event: Event) -> Translated:
        return event

    def is_ephemeral_key(self, key: str) -> bool:
        """A JWT; API keys are base64."""
        return key.startswith("eyJ") and key.count(".") == 2


class LocalAI(Dialect):
    """LocalAI: ``model`` names a pipeline. Its documentation and its source disagree about WebRTC."""

    name = "localai"

    def address(self, target: Target) -> Address:
        if target.webrtc:
            return self.as_given(target)
        self.refuse_key(target)
        url = self.required_url(target, "ws://HOST:8080", "/v1/realtime")
        return Address(url, self.model_query(target))

    def session_update(self, session: Config) -> Config:
        return self.without(super().session_update(session), "reasoning", "parallel_tool_calls")

    def is_ephemeral_key(self, key: str) -> bool:
        """There are none."""
        return False


class HuggingFace(Dialect):
    """Hugging Face's speech-to-speech: one model for each server, no key, and no editing of the conversation."""

    name = "huggingface"
    sound: ClassVar[Config] = {
        "audio": {side: {"format": {"type": "audio/pcm", "rate": 16_000}} for side in ("input", "output")},
    }

    def address(self, target: Target) -> Address:
        path = "/v1/realtime/calls" if target.webrtc else "/v1/realtime"
        url = self.required_url(target, "ws://HOST:8765", path)
        if target.webrtc:
            return self.as_given(target._replace(url=url))
        self.refuse_key(target)
        return Address(url, protocols=["realtime"])

    def session_update(self, session: Config) -> Config:
        if session.get("type") == TRANSCRIPTION:
            raise self.unsupported("transcription", "it has no sessions that only transcribe.")
        return super().session_update(session)

    def outgoing(self, event: Event) -> Translated:
        match event["type"]:
            case "conversation.item.delete":
                return None  # The server itself leaves out what a cancelled response had not said.
            case "conversation.item.retrieve" | "input_audio_buffer.clear" as type:
                raise self.unsupported(type, f"its server has no {type}.")
        return super().outgoing(event)

    def is_ephemeral_key(self, key: str) -> bool:
        """There are none."""
        return False


DIALECTS: dict[str, type[Dialect]] = {each.name: each for each in (Azure, Inworld, LocalAI, HuggingFace)}
