"""The configuration of a session: its types in today's (GA) form, and every other shape turned into that form.

A configuration is a plain dict of the shape of :class:`SessionConfig`. The server chooses fields that are left out.
``None`` is a value: it switches off.

Three shapes are read: GA (``audio.input.turn_detection``), the flat one of the beta (``turn_detection``), and the
nested one of openai-realtime-api (``hearing.turn_detection``); one configuration may mix them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.protocol.formats import SoundFormat, sound_format


class AudioFormat(TypedDict, total=False):
    """``rate`` goes with ``audio/pcm`` only: 24000; some servers know 8000, 16000 and 48000 too."""

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
    """How the server notices that the person has spoken.

    ``eagerness`` belongs to ``semantic_vad``, the threshold and the times to ``server_vad``.
    """

    type: Literal["server_vad", "semantic_vad"]
    threshold: float
    prefix_padding_ms: int
    silence_duration_ms: int
    idle_timeout_ms: int | None
    eagerness: Literal["low", "medium", "high", "auto"]
    create_response: bool
    interrupt_response: bool


class AudioInput(TypedDict, total=False):
    """``turn_detection: None`` is push-to-talk: ``create_response()`` ends the person's turn."""

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

    A session of the type ``"transcription"`` only writes down what it hears: of its fields, ``audio.input`` and
    ``include`` are sent.

    ``model`` is fixed once connected. ``tools`` are definitions: of functions, which the page runs, and of MCP servers,
    which the provider calls by itself.
    """

    type: Literal["realtime", "transcription"]
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


TRANSCRIPTION = "transcription"
"""The type of a session that makes no responses."""

Config = dict[str, Any]
Path = tuple[str, ...]

PCM16 = {"type": "audio/pcm", "rate": SAMPLE_RATE}
_FORMATS = {"pcm16": PCM16, "g711_ulaw": {"type": "audio/pcmu"}, "g711_alaw": {"type": "audio/pcma"}}

# Names of the beta, and those that openai-realtime-api has in its sections.
_PATHS: dict[str, Path] = {
    "modalities": ("output_modalities",),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "input_audio_format": ("audio", "input", "format"),
    "output_audio_format": ("audio", "output", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "max_response_output_tokens": ("max_output_tokens",),
}
_SECTIONS = ("model", "speech", "hearing")  # of openai-realtime-api
_OF_SERVER = frozenset({"id", "object", "expires_at", "client_secret"})
"""What only the server says of a session."""
_MODEL_NAME = "name"

_TOOL_FIELDS = ("name", "description", "parameters")
NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


def default_config() -> Config:
    """What a client begins with: nothing is named, so that the configuration of the server stays in force."""
    return {"type": "realtime", "tools": []}


def to_ga(given: Any) -> Config:
    """A configuration, whole or partial, in GA form; a copy. Settings that GA does not have stay as they are.

    Args:
        given: a mapping of any of the three shapes, a pydantic model (its unset fields are left out), or an object with
            ``get_session_payload()`` (``getSessionPayload()``), whose ``"session"`` is taken.

    Raises:
        InvalidArgumentError: it is none of these, or a tool is not a definition, or has no name.
    """
    mapping = _mapping(given)
    config: Config = {}
    for key, value in mapping.items():
        if key in _SECTIONS and isinstance(value, Mapping):
            for inner, setting in value.items():
                name = "model" if (key, inner) == ("model", _MODEL_NAME) else inner
                _set(config, name, setting)
        else:
            _set(config, key, value)
    return config


def tool_definition(given: Mapping[str, Any]) -> dict[str, Any]:
    """The definition of a tool in GA form; fields that GA doesn't know are left out.

    openai-realtime-api has ``required`` beside ``parameters``. Chat completions wrap the definition:
    ``{"type": "function", "function": {…}}``. Other tools, such as MCP servers, stay unchanged.

    Raises:
        InvalidArgumentError: it is not a definition, or a function has no name.
    """
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f"A tool in a configuration must be a dict; it is {given!r}. Give functions to add_tool()."
        )
    if given.get("type", "function") != "function":
        return copy.deepcopy(dict(given))
    given = _unwrapped(given)
    name = given.get("name")
    if not name or not isinstance(name, str):
        raise InvalidArgumentError("Tool definition must have a name")  # the words of openai-realtime-api
    known = {key: copy.deepcopy(given[key]) for key in _TOOL_FIELDS if given.get(key) is not None}
    definition = {"type": "function", "parameters": dict(NO_PARAMETERS), **known}
    required, parameters = given.get("required"), definition["parameters"]
    if isinstance(required, list) and required and isinstance(parameters, dict):
        parameters.setdefault("required", list(required))
    return definition


def _unwrapped(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A definition, or the choice of a tool, without the wrapping of chat completions."""
    inner = given.get("function")
    return {"type": "function", **inner} if isinstance(inner, Mapping) else given


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Config:
    """A configuration with changes. Named fields are replaced, others kept; within ``audio``, field by field."""
    merged = {**base, **changes}
    for section in ("audio", "input", "output"):
        before, now = base.get(section), changes.get(section)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            merged[section] = merge(before, now)
    return merged


def turn_detection(config: Mapping[str, Any]) -> Any:
    """The turn detection of a configuration in GA form; ``None`` if it is off or not named."""
    return side_of(config, "input").get("turn_detection")


def names_turn_detection(config: Mapping[str, Any]) -> bool:
    """Whether a configuration in GA form names the turn detection, even as ``None``."""
    return "turn_detection" in side_of(config, "input")


def formats(*configs: Mapping[str, Any]) -> tuple[SoundFormat, SoundFormat]:
    """The formats of the person's sound and of the model's: for each, what the first configuration names.

    Args:
        configs: in GA form.

    Raises:
        InvalidArgumentError: one of them can be neither recorded nor played.
    """
    input, output = (
        next((given for config in configs if (given := named_format(config, side)) is not None), PCM16)
        for side in ("input", "output")
    )
    return sound_format(input), sound_format(output)


def named_format(config: Mapping[str, Any], side: str) -> Any:
    """The format that a configuration in GA form names for a side, ``"input"`` or ``"output"``; ``None`` if none."""
    return side_of(config, side).get("format")


def side_of(config: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    """What a configuration in GA form names for a side of the sound, ``"input"`` or ``"output"``."""
    audio = config.get("audio")
    given = audio.get(side) if isinstance(audio, Mapping) else None
    return given if isinstance(given, Mapping) else {}


def for_session(config: Mapping[str, Any], type: str) -> Config:
    """The fields that a session of this type has: one that transcribes has no output and no tools."""
    if type != TRANSCRIPTION:
        return {**config, "type": type}
    kept: Config = {"type": type, **{key: config[key] for key in ("model", "include") if key in config}}
    return {**kept, "audio": {"input": dict(given)}} if (given := side_of(config, "input")) else kept


def _mapping(given: Any) -> Mapping[str, Any]:
    payload = getattr(given, "get_session_payload", None) or getattr(given, "getSessionPayload", None)
    if callable(payload):
        given = payload()
        given = given.get("session", given) if isinstance(given, Mapping) else given
    dump = getattr(given, "model_dump", None)
    if callable(dump):
        given = dump(mode="json", exclude_unset=True, by_alias=True)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            "A session's configuration must be a dict, a pydantic model, or an object with get_session_payload(); "
            f"it is {type(given).__name__}."
        )
    return given


def _set(config: Config, key: str, value: Any) -> None:
    if key in _OF_SERVER:
        return
    if key == "audio":
        if isinstance(value, Mapping):
            value = {side: _side(given) for side, given in value.items() if given is not None}
        if not value:
            return  # None means that it is not set, for a side too
    path = _PATHS.get(key, (key,))
    value = _ga_value(path[-1], copy.deepcopy(value))
    nested: Config = {}
    target = nested
    for step in path[:-1]:
        target = target.setdefault(step, {})
    target[path[-1]] = value
    config.update(merge(config, nested))


def _side(given: Any) -> Any:
    return {key: _ga_value(key, value) for key, value in given.items()} if isinstance(given, Mapping) else given


def _ga_value(name: str, value: Any) -> Any:
    if name == "format" and isinstance(value, str):
        return copy.deepcopy(_FORMATS.get(value, value))
    if name == "output_modalities" and isinstance(value, list | tuple):
        return ["audio"] if "audio" in value else list(value)  # GA takes one of the two; sound includes its transcript
    if name == "turn_detection" and isinstance(value, Mapping) and value.get("type") == "none":
        return None
    if name == "turn_detection" and isinstance(value, str):
        return None if value == "none" else {"type": value}
    if name == "tool_choice" and isinstance(value, Mapping):
        return dict(_unwrapped(value))
    if name == "tools" and value is not None:
        if not isinstance(value, list | tuple):
            raise InvalidArgumentError(f"tools must be a list of definitions; it is {value!r}.")
        return [tool_definition(tool) for tool in value]
    return value
