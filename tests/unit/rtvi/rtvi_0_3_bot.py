"""What the tests of the documents that RTVI began with share: the package of that time, and its bot."""

from __future__ import annotations

from typing import Any

import rtvi_web
from rtvi_web.testing import Step, expect, say

PACKAGE: Any = rtvi_web  # type checkers don't know the deprecated names
MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"
BOT_CONFIG = [
    {"service": "vad", "options": [{"name": "params", "value": {"stop_secs": 3.0}}]},
    {"service": "tts", "options": [{"name": "voice", "value": "79a125e8-cd45-4c13-8a67-188112f4dd22"}]},
    {
        "service": "llm",
        "options": [
            {"name": "model", "value": MODEL},
            {
                "name": "initial_messages",
                "value": [
                    {
                        "role": "system",
                        "content": "You are a assistant called ExampleBot. You can ask me anything. Keep responses "
                        "brief and legible. Your responses will converted to audio. Please do not include any special "
                        "characters in your response other than '!' or '?'. Start by briefly introducing yourself.",
                    }
                ],
            },
            {"name": "run_on_config", "value": True},
        ],
    },
]


def greeting(config: Any) -> tuple[Step, ...]:
    """The handshake with a bot of that era, which tells its configuration."""
    return expect("client-ready"), say("bot-ready", {"version": "0.3.0", "config": config}, answers=True)
