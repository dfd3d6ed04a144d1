"""The configuration of a session, typed in today's (GA) form. A plain dict of this shape is one.

Every field may be left out, and means then what the server makes of it. ``None`` is a value: it switches off.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class AudioFormat(TypedDict, total=False):
    """``rate`` goes with ``audio/pcm`` only, and is 24000."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
    rate: int


class NoiseReduction(TypedDict, total=False):
    type: Literal["near_field", "far_field"]
    strength: float


class Transcription(TypedDict, total=False):
    """How the person's speech is written down."""

    model: str
    language: str
    languages: list[str]
    prompt: str
    keywords: list[str]
    delay: str


class TurnDetection(TypedDict, total=False):
    """How the server notices that the person has spoken. ``eagerness`` is the semantic one's, times are the other's."""

    type: Literal["server_vad", "semantic_vad"]
    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    idle_timeout_ms: int | None
    eagerness: Literal["low", "medium", "high", "auto"]
    create_response: bool
    interrupt_response: bool


class AudioInput(TypedDict, total=False):
    """``turn_detection: None`` is push-to-talk: ``create_response()`` says that the person has spoken."""

    format: AudioFormat
    noise_reduction: NoiseReduction | None
    transcription: Transcription | None
    turn_detection: TurnDetection | None


class AudioOutput(TypedDict, total=False):
    """``voice`` cannot change once the model has spoken; ``speed`` (0.25 to 1.5) only between turns."""

    format: AudioFormat
    voice: str | dict[str, str]
    speed: float


class Audio(TypedDict, total=False):
    input: AudioInput
    output: AudioOutput


class SessionConfig(TypedDict, total=False):
    """Mirrors ``RealtimeConfig``.

    ``model`` is fixed once connected. ``tools`` are definitions: of functions, which the page runs, and of MCP servers,
    which the provider asks by itself.
    """

    type: Literal["realtime"]
    model: str
    instructions: str
    output_modalities: list[Literal["text", "audio"]]
    audio: Audio
    tools: list[dict[str, Any]]
    tool_choice: str | dict[str, Any]
    parallel_tool_calls: bool
    max_output_tokens: int | Literal["inf"]
    reasoning: dict[str, Any]
    prompt: dict[str, Any] | None
    tracing: str | dict[str, Any] | None
    truncation: str | dict[str, Any]
    include: list[str] | None
