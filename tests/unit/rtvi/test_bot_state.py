"""What the bot is doing, from what happens in a session."""

from __future__ import annotations

import asyncio
import json

import pytest
from sessions import Run, Transport, over, ready, stalled

from rtvi_web import BotState, ConnectPhase, TransportState
from rtvi_web.testing import handshake


@pytest.mark.usefixtures("tidy")
class TestBotState:
    @pytest.mark.parametrize(
        ("types", "states"),
        [
            (
                "user-started-speaking user-transcription user-stopped-speaking bot-llm-started bot-started-speaking "
                "bot-llm-stopped bot-stopped-speaking",
                "thinking speaking listening",
            ),
            ("user-started-speaking user-stopped-speaking", ""),
            ("user-stopped-speaking user-transcription user-started-speaking", "thinking listening"),
            ("bot-started-speaking bot-llm-started bot-stopped-speaking", "speaking thinking"),
            ("bot-started-speaking bot-interrupted user-transcription", "speaking interrupted thinking"),
            ("bot-interrupted bot-stopped-speaking", ""),
            (
                "bot-llm-started bot-llm-text bot-llm-stopped bot-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            ("bot-llm-started bot-llm-text bot-output bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-text bot-llm-stopped", "thinking"),
            (
                "bot-llm-started bot-llm-text bot-started-speaking bot-tts-text bot-stopped-speaking bot-llm-stopped",
                "thinking speaking thinking listening",
            ),
            ("bot-llm-started bot-llm-text error bot-llm-stopped", "thinking listening"),
            ("bot-llm-started bot-llm-text bot-llm-stopped error", "thinking listening"),
            ("user-input", ""),
            (
                "bot-llm-started llm-function-call-started bot-llm-stopped llm-function-call-in-progress "
                "llm-function-call-stopped bot-llm-started bot-llm-text bot-started-speaking bot-llm-stopped "
                "bot-stopped-speaking",
                "thinking speaking listening",
            ),
            (
                "bot-llm-started llm-function-call bot-llm-stopped bot-llm-started bot-llm-text bot-llm-stopped "
                "bot-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            ("llm-function-call-in-progress llm-function-call llm-function-call-stopped bot-llm-started", "thinking"),
            (
                "bot-llm-started bot-started-speaking user-started-speaking bot-stopped-speaking",
                "thinking speaking listening",
            ),
            (
                "bot-llm-started bot-interrupted bot-started-speaking bot-stopped-speaking",
                "thinking interrupted speaking listening",
            ),
            ("bot-llm-started bot-llm-text bot-llm-stopped bot-output", "thinking listening"),
            (
                "llm-function-call-in-progress bot-started-speaking bot-stopped-speaking llm-function-call-stopped "
                "bot-started-speaking bot-stopped-speaking",
                "thinking speaking thinking speaking listening",
            ),
        ],
    )
    async def test_what_the_bot_is_doing(self, types: str, states: str) -> None:
        run = await ready()
        run.fired.clear()
        data = {"text": "x", "final": True, "tool_call_id": "1", "will_be_spoken": False, "input_type": "chat"}
        for type in types.split():
            run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": data}))
        assert run.arguments("botStateChanged") == states.split()
        await run.client.disconnect()

    async def test_it_is_connecting_while_the_person_is_asked_for_permission(self) -> None:
        run = stalled(ConnectPhase.DEVICES)
        task = await run.connecting()
        assert (run.client.state, run.client.bot_state) == (TransportState.INITIALIZING, BotState.CONNECTING)
        await run.client.disconnect()
        assert isinstance(await over(asyncio.gather(task, return_exceptions=True)), list)
        assert run.client.bot_state is BotState.GONE

    async def test_no_bot_is_coming_while_devices_are_opened_ahead(self) -> None:
        run = Run(Transport(*handshake()))
        await run.client.init_devices()
        assert run.client.bot_state is BotState.GONE
        await run.client.connect()
        await run.client.disconnect()
        assert run.arguments("botStateChanged") == ["connecting", "listening", "gone"]

    @pytest.mark.parametrize("speaks", [True, False])
    async def test_what_it_does_when_the_link_is_back(self, speaks: bool) -> None:
        run = await ready()
        run.transport.drop()
        assert run.client.bot_state is BotState.CONNECTING
        if speaks:  # What it has told meanwhile comes first.
            run.transport.receiver.receive('{"label": "rtvi-ai", "type": "bot-started-speaking"}')
        await run.transport.restore()
        assert run.client.bot_state is (BotState.SPEAKING if speaks else BotState.LISTENING)
        await run.client.disconnect()
