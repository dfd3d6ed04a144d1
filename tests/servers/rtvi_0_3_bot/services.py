"""Which provider hears, thinks and speaks: the `service_factory_get` of RTVI's documents."""

import os
import re
from typing import Any

from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import VALID_VOICES, OpenAITTSService

DEFAULT_SERVICES = {"stt": "openai", "llm": "openai", "tts": "openai"}

BASE_URLS = {
    "openai": os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    "together": os.environ.get("TOGETHER_BASE_URL", "https://api.together.xyz/v1"),
}
"""Both speak OpenAI's protocol, and so does the local speech server."""

DOUBLES = {name: url for name in ("deepgram", "cartesia") if (url := os.environ.get(f"{name.upper()}_BASE_URL"))}
"""Providers of the documents' examples whose own protocols are not spoken here. A server of OpenAI's protocol takes the
part of each; without one there is no such provider."""

BASE_URLS |= DOUBLES
PROVIDERS = {
    "stt": ("openai", *({"deepgram"} & DOUBLES.keys())),
    "llm": ("openai", "together"),
    "tts": ("openai", *({"cartesia"} & DOUBLES.keys())),
}
"""Who can do what."""

MODELS = {"openai": "gpt-4o-mini", "together": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"}
"""Each provider's language model, until the configuration names another."""


class Speech(OpenAITTSService):
    """Takes OpenAI's voices, and Cartesia's, which are ids: they sound like OpenAI's first."""

    def set_voice(self, voice: str) -> None:
        super().set_voice(voice if voice in VALID_VOICES else "alloy")

    @staticmethod
    def knows(voice: str) -> bool:
        """Whether there is such a voice."""
        return voice in VALID_VOICES or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", voice) is not None


def service_factory_get(service: str, name: str, api_key: str) -> OpenAISTTService | OpenAILLMService | Speech:
    """Pipecat's service for one part of the pipeline.

    Args:
        service: the provider, one of PROVIDERS[name].
        name: what it does: "stt", "llm" or "tts". Metrics name it so.
        api_key: of the provider.
    """
    account: dict[str, Any] = {"name": name, "api_key": api_key, "base_url": BASE_URLS[service]}
    match name:
        case "stt":
            return OpenAISTTService(**account)
        case "tts":
            return Speech(**account)
        case "llm":
            return OpenAILLMService(model=MODELS[service], **account)
    raise ValueError(f"there is no service {name!r}")
