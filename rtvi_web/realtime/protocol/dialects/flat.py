"""Servers whose session is flat, as it was in the beta: ``voice`` and ``turn_detection`` beside ``instructions``.

Sources: xAI's documentation of the Voice Agent API (docs.x.ai), the README of xai-org/xai-sdk-ts and @ai-sdk/xai 5.0.12
on npm; dashscope 2.0.2 on PyPI and Alibaba Cloud's "Client events" and "Server events" of Qwen-Omni-Realtime
(2026-10-23); speaches (speaches-ai/speaches, 870e1e1: docs/usage/realtime-api.md, src/speaches/types/realtime.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.dialects.base import Address, Dialect, Target, Translated, has_query
from rtvi_web.realtime.protocol.session_config import PCM16, TRANSCRIPTION, Config, named_format, side_of
from rtvi_web.realtime.protocol.wire import Event, object_in, objects_in, text_in


class Flat(Dialect):
    """What these dialects share.

    Attributes:
        settings: the settings that the server has, by their names of today; the others are dropped.
        renamed: what the server calls some of them.
        takes_transcription: whether it can be told how the person's speech is written down.
        detections: the types of turn detection that it has.
        detection_fields: the fields of each.
    """

    settings: frozenset[str] = frozenset()
    renamed: ClassVar[Mapping[str, str]] = {}
    takes_transcription = True
    detections: frozenset[str] = frozenset({"server_vad"})
    detection_fields = frozenset({"type", "threshold", "prefix_padding_ms", "silence_duration_ms"})

    def session_update(self, session: Config) -> Config:
        named = {key: value for key, value in session.items() if key not in ("type", "audio")}
        sides = {side: side_of(session, side) for side in ("input", "output")}
        known: Config = {}
        for name, value in named.items():
            if name in self.settings:
                known[self.renamed.get(name, name)] = self.setting(name, value)
            elif name != "model":
                self.say_dropped(name)
        for side, settings in sides.items():
            for name, value in settings.items():
                known.update(self.sound_setting(side, name, value))
        return known

    def setting(self, name: str, value: Any) -> Any:
        """The value of a setting, in the server's form."""
        return ["text", "audio"] if name == "output_modalities" and "audio" in value else value

    def sound_setting(self, side: str, name: str, value: Any) -> Config:
        """What the server calls a setting of a side of the sound. Those that it does not have are dropped.

        Args:
            side: ``"input"`` or ``"output"``.
            name: its name of today.
            value: its value.
        """
        if name == "turn_detection":
            return self.detection(value)
        if name == "transcription" and self.takes_transcription:
            return {"input_audio_transcription": value}
        if name == "voice":
            return {"voice": value}
        self.say_dropped(f"audio.{side}.{name}")
        return {}

    def detection(self, given: Any) -> Config:
        """The turn detection, without the fields that the server does not have."""
        if given is None:
            return {"turn_detection": None}
        if given.get("type") not in self.detections:
            self.say_dropped("audio.input.turn_detection", f"the server has no {given.get('type')!r}")
            return {}
        for name in given.keys() - self.detection_fields:
            self.say_dropped(f"audio.input.turn_detection.{name}")
        return {"turn_detection": {name: value for name, value in given.items() if name in self.detection_fields}}

    def outgoing(self, event: Event) -> Translated:
        response = object_in(event, "response") if event["type"] == "response.create" else {}
        if "output_modalities" not in response:
            return event
        options = {key: value for key, value in response.items() if key != "output_modalities"}
        return {**event, "response": {**options, "modalities": _both(response["output_modalities"])}}


def _both(modalities: Any) -> Any:
    return ["text", "audio"] if "audio" in modalities else modalities


class XAI(Flat):
    """xAI's Grok Voice, over a WebSocket with a client secret."""

    name = "xai"
    settings = frozenset({"instructions", "tools"})
    takes_transcription = False  # it always writes it down

    def address(self, target: Target) -> Address:
        if target.webrtc:
            return self.as_given(target)
        prefix = "xai-client-secret."
        key = [prefix + target.api_key.removeprefix(prefix)] if target.api_key else []
        return Address(target.url or "wss://api.x.ai/v1/realtime", self.model_query(target), key)

    def sound_setting(self, side: str, name: str, value: Any) -> Config:
        return super().sound_setting(side, name, value) if name != "format" else {}

    def session_update(self, session: Config) -> Config:
        formats = {side: named_format(session, side) for side in ("input", "output")}
        audio = {side: {"format": given} for side, given in formats.items() if given}
        return {**super().session_update(session), **({"audio": audio} if audio else {})}

    def outgoing(self, event: Event) -> Translated:
        match event["type"]:
            case "conversation.item.truncate" | "conversation.item.delete":
                return None  # The server ignores the first; the second is not documented.
            case "conversation.item.retrieve" as type:
                raise self.unsupported(type, f"its server has no {type}.")
        return super().outgoing(event)

    def is_ephemeral_key(self, key: str) -> bool:
        """A client secret; API keys begin with ``xai-``."""
        return "client-secret" in key or not key.startswith("xai-")


class Qwen(Flat):
    """Alibaba's Qwen-Omni-Realtime. The key goes into a header, so a page needs a server of yours."""

    name = "qwen"
    sound: ClassVar[Config] = {
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": 16_000}},
            "output": {"format": PCM16},
        }
    }
    settings = frozenset(
        {
            *("model", "instructions", "output_modalities", "tools", "max_output_tokens"),
            *("temperature", "top_p", "top_k", "seed", "presence_penalty", "repetition_penalty"),
            *("enable_search", "smooth_output"),
        }
    )
    renamed: ClassVar[Mapping[str, str]] = {"output_modalities": "modalities", "max_output_tokens": "max_tokens"}
    detections = frozenset({"server_vad", "semantic_vad"})
    detection_fields = Flat.detection_fields | {"create_response", "interrupt_response"}

    def address(self, target: Target) -> Address:
        if target.webrtc:
            return self.as_given(target)
        self.refuse_key(target)
        return Address(self.required_url(target, "wss://HOST/qwen"), self.model_query(target))

    def session_update(self, session: Config) -> Config:
        formats = {side: _qwen_format(session, side) for side in ("input", "output")}
        audio = {side: {"format": given} for side, given in formats.items() if given}
        return {**super().session_update(session), **({"audio": audio} if audio else {})}

    def setting(self, name: str, value: Any) -> Any:
        if name != "tools":
            return super().setting(name, value)
        return [
            {"type": "function", "function": {key: field for key, field in tool.items() if key != "type"}}
            for tool in value
        ]

    def sound_setting(self, side: str, name: str, value: Any) -> Config:
        return super().sound_setting(side, name, value) if name != "format" else {}

    def incoming(self, event: Event) -> Translated:
        if event["type"] not in ("session.created", "session.updated"):
            return event
        session = object_in(event, "session")
        audio = {side: {"format": _ga_format(session, side)} for side in ("input", "output")}
        flat = {key: value for key, value in session.items() if not key.endswith("_audio_format") and key != "audio"}
        return {**event, "session": {**flat, "audio": audio}}

    def outgoing(self, event: Event) -> Translated:
        match event["type"]:
            case "conversation.item.truncate" | "conversation.item.delete":
                return None  # The server has neither.
            case "conversation.item.retrieve" as type:
                raise self.unsupported(type, f"its server has no {type}.")
            case "conversation.item.create" if _has_part(event, "input_image"):
                raise self.unsupported("input_image", 'it takes images as "input_image_buffer.append", beside sound.')
        return super().outgoing(event)

    def is_ephemeral_key(self, key: str) -> bool:
        """None that a page could send is documented."""
        return False


def _qwen_format(session: Config, side: str) -> Config | None:
    given = named_format(session, side)
    if given is None:
        return None
    if given.get("type") != "audio/pcm":
        raise InvalidArgumentError(f"Dialect qwen has PCM only; the format of the {side} is {given!r}.")
    return {"type": "pcm", "sample_rate": given.get("rate", PCM16["rate"])}


def _ga_format(session: Config, side: str) -> Config:
    """The format that the server reports, in today's form; its rates are fixed unless it names them."""
    rate = object_in(object_in(object_in(session, "audio"), side), "format").get("sample_rate")
    return {"type": "audio/pcm", "rate": rate or (16_000 if side == "input" else 24_000)}


_PADDING = "`session.turn_detection.prefix_padding_ms` is not supported"


class Speaches(Flat):
    """speaches: its server cannot stop a response, nor cut an answer to what was heard."""

    name = "speaches"
    settings = frozenset(
        {
            *("model", "instructions", "output_modalities", "tools", "tool_choice"),
            *("max_output_tokens", "temperature", "speech_model"),
        }
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "output_modalities": "modalities",
        "max_output_tokens": "max_response_output_tokens",
    }
    detection_fields = Flat.detection_fields | {"create_response"}

    def address(self, target: Target) -> Address:
        if target.webrtc:
            raise self.unsupported("webrtc", "over WebRTC it cuts events into pieces; leave out transport=.")
        intent = {"intent": TRANSCRIPTION} if target.type == TRANSCRIPTION else {}
        key = {"api_key": target.api_key} if target.api_key else {}
        url = self.required_url(target, "ws://HOST:8000", "/v1/realtime")
        query = {} if has_query(url, "intent") else intent
        return Address(url, {**self.model_query(target), **query, **key})

    def sound_setting(self, side: str, name: str, value: Any) -> Config:
        if name == "transcription" and value is None:
            self.say_dropped("audio.input.transcription", "the server cannot switch it off")
            return {}
        if name != "format":
            return super().sound_setting(side, name, value)
        if value is not None and value != PCM16:
            raise InvalidArgumentError(f"Dialect speaches has PCM of 24,000 Hz only; the format is {value!r}.")
        return {}

    def setting(self, name: str, value: Any) -> Any:
        if name == "tool_choice" and isinstance(value, Mapping):
            return {"type": "function", "function": {"name": value.get("name")}}
        return super().setting(name, value)

    def detection(self, given: Any) -> Config:
        """The server takes all fields at once, and cannot switch it off. These values are what it begins with.

        It needs ``prefix_padding_ms``, and then complains about it (:meth:`incoming`).
        """
        if given is None:
            self.say_dropped("audio.input.turn_detection", "the server cannot switch it off")
            return {}
        if not (named := super().detection(given)):
            return {}
        if "prefix_padding_ms" in given:
            self.say_dropped("audio.input.turn_detection.prefix_padding_ms")
        begins_with = {
            "create_response": True,
            "prefix_padding_ms": 0,
            "silence_duration_ms": 550,
            "threshold": 0.9,
        }
        return {"turn_detection": {**begins_with, **named["turn_detection"]}}

    def incoming(self, event: Event) -> Translated:
        is_error = event["type"] == "error"
        return None if is_error and _PADDING in text_in(object_in(event, "error"), "message") else event

    def outgoing(self, event: Event) -> Translated:
        response = object_in(event, "response")
        match event["type"]:
            case "response.cancel":
                raise self.unsupported("response.cancel", "its server cannot stop a response.")
            case "conversation.item.truncate":
                return None
            case "conversation.item.create" if _has_part(event, "input_audio"):
                raise self.unsupported("input_audio", "its server takes sound through the microphone only.")
            case "response.create" if named := response.keys() & {"conversation", "input", "metadata", "audio"}:
                raise self.unsupported("response.create", f"its server takes no {min(named)!r} for one response.")
        return super().outgoing(event)

    def is_ephemeral_key(self, key: str) -> bool:
        """There are none."""
        return False


def _has_part(event: Event, type: str) -> bool:
    return any(part.get("type") == type for part in objects_in(object_in(event, "item"), "content"))


DIALECTS: dict[str, type[Dialect]] = {each.name: each for each in (XAI, Qwen, Speaches)}
