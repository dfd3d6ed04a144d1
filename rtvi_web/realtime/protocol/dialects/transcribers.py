"""Servers that only write down what they hear, in events of their own.

Sources: vLLM (vllm-project/vllm, vllm/entrypoints/openai/realtime/ as of 0.16.0 to 0.22.1, and docs.vllm.ai);
mistralai 3.7.0 on PyPI and "Client authentication" at docs.mistral.ai.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rtvi_web.realtime.protocol.dialects.base import Address, Dialect, Target, Translated
from rtvi_web.realtime.protocol.session_config import TRANSCRIPTION, Config, named_format, side_of
from rtvi_web.realtime.protocol.wire import Event, new_id, number_in, object_in, text_in

PCM_16K = {"type": "audio/pcm", "rate": 16_000}


class Transcriber(Dialect):
    """What these dialects share: the texts are those of one item after another, whose ids the server does not know."""

    session_type = TRANSCRIPTION
    sound: ClassVar[Config] = {"audio": {"input": {"format": PCM_16K}}}

    def __init__(self) -> None:
        self._item = ""

    def require_websocket(self, target: Target) -> None:
        """Check that it is reached over a WebSocket.

        Raises:
            UnsupportedFeatureError: it is not.
        """
        if target.webrtc:
            raise self.unsupported("webrtc", "it is reached over a WebSocket only; leave out transport=.")

    def delta(self, text: str) -> Event:
        """More of the current transcript."""
        self._item = self._item or new_id("item_")
        type = "conversation.item.input_audio_transcription.delta"
        return {"type": type, "item_id": self._item, "content_index": 0, "delta": text}

    def completed(self, event: Event) -> Event:
        """The current transcript is complete."""
        id, self._item = self._item or new_id("item_"), ""
        usage = object_in(event, "usage")
        counts = {
            name: int(number_in(usage, theirs))
            for name, theirs in (
                ("input_tokens", "prompt_tokens"),
                ("output_tokens", "completion_tokens"),
                ("total_tokens", "total_tokens"),
            )
        }
        return {
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": id,
            "content_index": 0,
            "transcript": text_in(event, "text"),
            **({"usage": {"type": "tokens", **counts}} if usage else {}),
        }

    def outgoing(self, event: Event) -> Translated:
        if event["type"].startswith(("conversation.", "response.", "output_audio_buffer.")):
            raise self.unsupported(event["type"], "it only transcribes.")
        return event


class VLLM(Transcriber):
    """vLLM's transcription. ``input_audio_buffer.commit`` (``realtime.send()``) ends what is said."""

    name = "vllm"
    acknowledges = False

    def __init__(self) -> None:
        super().__init__()
        self._hears = False  # whether the server is transcribing what is sent

    def address(self, target: Target) -> Address:
        self.require_websocket(target)
        self.refuse_key(target)
        return Address(self.required_url(target, "ws://HOST:8000", "/v1/realtime"))

    def session_update(self, session: Config) -> Config:
        if named_format(session, "input") not in (None, PCM_16K):
            raise self.unsupported("format", f"it hears PCM of 16,000 Hz only, not {named_format(session, 'input')!r}.")
        others = side_of(session, "input").keys() - {"format"}
        self.without(session, "include", *(f"audio.input.{name}" for name in others))
        return {"model": session.get("model")}

    def incoming(self, event: Event) -> Translated:
        match event["type"]:
            case "session.created":
                self._hears = False
            case "transcription.delta":
                return self.delta(text_in(event, "delta"))
            case "transcription.done":
                return self.completed(event)
        return event

    def outgoing(self, event: Event) -> Translated:
        """A commit that is not final begins a transcript, and a final one ends it."""
        match event["type"]:
            case "session.update" as type:
                return {"type": type, **object_in(event, "session")}
            case "input_audio_buffer.append":
                begins, self._hears = not self._hears, True
                begin = [{"type": "input_audio_buffer.commit", "final": False}] if begins else []
                return [*begin, {"type": event["type"], "audio": event.get("audio")}]
            case "input_audio_buffer.commit":
                self._hears = False
                return {"type": event["type"], "final": True}
            case "input_audio_buffer.clear" as type:
                raise self.unsupported(type, f"its server has no {type}.")
        return super().outgoing(event)

    def is_ephemeral_key(self, key: str) -> bool:
        """There are none."""
        return False


class Mistral(Transcriber):
    """Mistral's Voxtral, with a token (``rt_…``) for one session.

    ``input_audio_buffer.commit`` (``realtime.send()``) asks for the text of what was said. ``input_audio.end`` ends the
    transcript, and the session.
    """

    name = "mistral"

    def address(self, target: Target) -> Address:
        self.require_websocket(target)
        url = target.url or "wss://api.mistral.ai/v1/audio/transcriptions/realtime"
        return Address(url, self.model_query(target), ["realtime", *([target.api_key] if target.api_key else [])])

    def session_update(self, session: Config) -> Config:
        given = side_of(session, "input")
        known: Config = {}
        if (format := given.get("format")) is not None:
            encoding = {"audio/pcmu": "pcm_mulaw", "audio/pcma": "pcm_alaw"}.get(format["type"], "pcm_s16le")
            known["audio_format"] = {"encoding": encoding, "sample_rate": format.get("rate") or _rate(format["type"])}
        transcription = given.get("transcription") or {}
        known |= {key: transcription[theirs] for key, theirs in _SETTINGS.items() if transcription.get(theirs)}
        if "turn_detection" in given:
            known["turn_detection"] = self.detection(given["turn_detection"])
        others = transcription.keys() - {*_SETTINGS.values(), "model"}
        self.without(
            session,
            *("include", "audio.input.noise_reduction"),
            *(f"audio.input.transcription.{name}" for name in others),
        )
        return known

    def detection(self, given: Any) -> Config | None:
        """The turn detection; only ``server_vad`` has counterparts."""
        if given is None:
            return None
        for name in given.keys() - {"type", *_DETECTION.values()}:
            self.say_dropped(f"audio.input.turn_detection.{name}")
        return {key: given[theirs] for key, theirs in _DETECTION.items() if theirs in given}

    def incoming(self, event: Event) -> Translated:
        match event["type"]:
            case "session.created" | "session.updated":
                return {**event, "session": {"type": TRANSCRIPTION, **_ga_session(object_in(event, "session"))}}
            case "transcription.text.delta":
                return self.delta(text_in(event, "text"))
            case "transcription.done":
                return self.completed(event)
        return event

    def outgoing(self, event: Event) -> Translated:
        match event["type"]:
            case "input_audio_buffer.append":
                return {"type": "input_audio.append", "audio": event.get("audio")}
            case "input_audio_buffer.commit":
                return {"type": "input_audio.flush"}
            case "input_audio_buffer.clear" as type:
                raise self.unsupported(type, f"its server has no {type}.")
        return super().outgoing({key: value for key, value in event.items() if key != "event_id"})

    def is_ephemeral_key(self, key: str) -> bool:
        return key.startswith("rt_")


_SETTINGS = {"language": "language", "context_bias": "keywords"}
_DETECTION = {"start_threshold": "threshold", "min_silence_ms": "silence_duration_ms"}


def _rate(type: str) -> int:
    return 24_000 if type == "audio/pcm" else 8_000


def _ga_session(session: Config) -> Config:
    """What the server says of the session, in today's form."""
    given = object_in(session, "audio_format")
    types = {"pcm_s16le": "audio/pcm", "pcm_mulaw": "audio/pcmu", "pcm_alaw": "audio/pcma"}
    type = types.get(text_in(given, "encoding"), text_in(given, "encoding"))
    sound = {"format": {"type": type, "rate": given.get("sample_rate")}} if given else {}
    return {"model": session.get("model"), "audio": {"input": sound}}


DIALECTS: dict[str, type[Dialect]] = {each.name: each for each in (VLLM, Mistral)}
