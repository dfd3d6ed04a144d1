"""The model of the conversation: turns, what the bot writes and speaks, and what it is doing."""

from typing import Final

from rtvi_web.rtvi.protocol.events import RTVIEvent

CHANGING: Final[tuple[str, ...]] = (
    RTVIEvent.USER_STARTED_SPEAKING,
    RTVIEvent.USER_STOPPED_SPEAKING,
    RTVIEvent.USER_TRANSCRIPT,
    RTVIEvent.USER_INPUT,
    RTVIEvent.BOT_LLM_STARTED,
    RTVIEvent.BOT_LLM_TEXT,
    RTVIEvent.BOT_LLM_STOPPED,
    RTVIEvent.BOT_OUTPUT,
    RTVIEvent.BOT_TTS_TEXT,
    RTVIEvent.BOT_STARTED_SPEAKING,
    RTVIEvent.BOT_STOPPED_SPEAKING,
    RTVIEvent.BOT_INTERRUPTED,
    RTVIEvent.LLM_FUNCTION_CALL,
    RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS,
    RTVIEvent.LLM_FUNCTION_CALL_STOPPED,
)
"""The events that change a conversation. They are named here because no page imports the rest of it at its boot."""
