"""Which provider hears, thinks and speaks: the `service_factory_get` of RTVI's documents."""

import os

from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService

DEFAULT_SERVICES = {"stt": "openai", "llm": "openai", "tts": "openai"}
PROVIDERS = {"stt": ("openai",), "llm": ("openai", "together"), "tts": ("openai",)}
"""Who can do what."""

BASE_URLS = {
    "openai": os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    "together": os.environ.get("TOGETHER_BASE_URL", "https://api.together.xyz/v1"),
}
"""Both speak OpenAI's protocol, and so does the local speech server."""

MODELS = {"openai": "gpt-4o-mini", "together": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"}
"""Each provider's language model, until the configuration names another."""


def service_factory_get(
    service: str, name: str, api_key: str
) -> OpenAISTTService | OpenAILLMService | OpenAITTSService:
    """Pipecat's service for one part of the pipeline.

    Args:
        service: the provider, one of PROVIDERS[name].
        name: what it does: "stt", "llm" or "tts". Metrics name it so.
        api_key: of the provider.
    """
    account = {"name": name, "api_key": api_key, "base_url": BASE_URLS[service]}
    match name:
        case "stt":
            return OpenAISTTService(**account)
        case "tts":
            return OpenAITTSService(**account)
        case "llm":
            return OpenAILLMService(model=MODELS[service], **account)
    raise ValueError(f"there is no service {name!r}")
