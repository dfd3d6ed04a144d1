"""What a server of ours sends to start the bot: services, configuration, keys and limits."""

from typing import Annotated, Any

from options import check_option
from pipecat.processors.frameworks.rtvi import RTVIServiceConfig
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from services import DEFAULT_SERVICES, PROVIDERS

BOT_PROFILE = "voice_2024_10"
"""This bot's version and capabilities in one word. Who wants another is refused."""

MAX_DURATION = 3600.0  # seconds

DEFAULT_CONFIG: Any = [
    {"service": "vad", "options": [{"name": "params", "value": {"stop_secs": 0.5}}]},
    {"service": "tts", "options": [{"name": "voice", "value": "alloy"}]},
    {
        "service": "llm",
        "options": [
            {
                "name": "initial_messages",
                "value": [{"role": "system", "content": "You are a friendly voice bot. Answer in one short sentence."}],
            },
            {"name": "run_on_config", "value": True},
        ],
    },
]


def _one_object(value: Any) -> Any:
    """The documents write services both as an object and as a list of objects."""
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        return {name: provider for part in value for name, provider in part.items()}
    return value


def _known_services(services: dict[str, str]) -> dict[str, str]:
    for name, provider in services.items():
        if name not in PROVIDERS:
            raise ValueError(f"there is no service {name!r}; there are {', '.join(PROVIDERS)}")
        if provider not in PROVIDERS[name]:
            raise ValueError(f"{provider!r} is not a provider of {name}; take {' or '.join(PROVIDERS[name])}")
    return DEFAULT_SERVICES | services


def _known_options(config: list[RTVIServiceConfig]) -> list[RTVIServiceConfig]:
    for service in config:
        for option in service.options:
            check_option(service.service, option)
    return config


def _this_bot(profile: str) -> str:
    if profile != BOT_PROFILE:
        raise ValueError(f"this bot is {BOT_PROFILE!r}")
    return profile


class Start(BaseModel):
    """The "meta config" of RTVI's documents."""

    model_config = ConfigDict(validate_default=True)

    services: Annotated[dict[str, str], BeforeValidator(_one_object), AfterValidator(_known_services)] = {}
    config: Annotated[list[RTVIServiceConfig], AfterValidator(_known_options)] = DEFAULT_CONFIG
    api_keys: dict[str, SecretStr | None] = {}
    bot_profile: Annotated[str, AfterValidator(_this_bot)] = BOT_PROFILE
    max_duration: float = Field(600.0, gt=0, le=MAX_DURATION)  # seconds

    def api_key(self, provider: str) -> str:
        """The key of a provider; "" if none was sent, and then a real provider refuses."""
        key = self.api_keys.get(provider)
        return key.get_secret_value() if key else ""
