"""The configuration that a page can read and change: the options of each service, and what happens when one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import LLMUpdateSettingsFrame, TTSUpdateSettingsFrame
from pipecat.processors.frameworks.rtvi import RTVIProcessor, RTVIService, RTVIServiceOption, RTVIServiceOptionConfig
from services import Speech

if TYPE_CHECKING:
    from bot import Bot

Kind = Literal["bool", "number", "string", "array", "object"]

OPTIONS: dict[str, dict[str, Kind]] = {
    "vad": {"params": "object", "stop_secs": "number"},
    "tts": {"voice": "string"},
    "llm": {
        "model": "string",
        "messages": "array",
        "initial_messages": "array",
        "temperature": "number",
        "run_on_config": "bool",
    },
}
_TYPES: dict[str, Any] = {"bool": bool, "number": (int, float), "string": str, "array": list, "object": dict}


def check_option(service: str, option: RTVIServiceOptionConfig) -> None:
    """Raises ValueError for an option that there isn't, and for a value of another type."""
    kind = OPTIONS.get(service, {}).get(option.name)
    if kind is None:
        raise ValueError(f"there is no option {service}.{option.name}")
    if not isinstance(option.value, _TYPES[kind]):
        raise ValueError(f"{service}.{option.name} must be of type {kind}")


class Options:
    """The handlers of one bot's options; the method for `tts.voice` is `tts_voice`."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def services(self) -> list[RTVIService]:
        """What the RTVIProcessor registers."""
        return [
            RTVIService(
                name=service,
                options=[RTVIServiceOption(name=name, type=kind, handler=self.set) for name, kind in options.items()],
            )
            for service, options in OPTIONS.items()
        ]

    async def set(self, rtvi: RTVIProcessor, service: str, option: RTVIServiceOptionConfig) -> None:
        """The handler of every option. What it raises, Pipecat sends to the page as an error response."""
        check_option(service, option)
        await getattr(self, f"{service}_{option.name}")(rtvi, option.value)

    async def vad_params(self, _rtvi: RTVIProcessor, value: dict[str, Any]) -> None:
        if vad := self._bot.vad:
            vad.set_params(VADParams(**{**vad.params.model_dump(), **value}))

    async def vad_stop_secs(self, rtvi: RTVIProcessor, value: float) -> None:
        await self.vad_params(rtvi, {"stop_secs": value})

    async def tts_voice(self, rtvi: RTVIProcessor, value: str) -> None:
        if not Speech.knows(value):
            raise ValueError(f"there is no voice {value!r}")
        await rtvi.push_frame(TTSUpdateSettingsFrame({"voice": value}))

    async def llm_model(self, rtvi: RTVIProcessor, value: str) -> None:
        await rtvi.push_frame(LLMUpdateSettingsFrame({"model": value}))

    async def llm_temperature(self, rtvi: RTVIProcessor, value: float) -> None:
        await rtvi.push_frame(LLMUpdateSettingsFrame({"temperature": value}))

    async def llm_messages(self, _rtvi: RTVIProcessor, value: list[Any]) -> None:
        self._bot.context.set_messages(list(value))

    llm_initial_messages = llm_messages

    async def llm_run_on_config(self, _rtvi: RTVIProcessor, value: bool) -> None:
        if value:
            await self._bot.run_llm()
