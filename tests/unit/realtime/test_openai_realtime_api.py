"""The code samples of the document that RealtimeClient was made from, and every member that it lists."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from realtime_server import Run, connected, turns

from rtvi_web.realtime import AudioClip, Conversation, InputAudio, RealtimeAPI, RealtimeClient, Tool

PROTECTED = ["config", "conversation", "input_audio_buffer", "realtime", "session_created", "tools"]
AT_ONCE = [
    "add_tool",
    "append_input_audio",
    "cancel_response",
    "clear_event_handlers",
    "create_response",
    "disconnect",
    "dispatch",
    "get_conversation_items",
    "get_session_payload",
    "get_tools",
    "get_turn_detection_type",
    "is_connected",
    "off",
    "off_next",
    "on",
    "on_next",
    "register_tool",
    "remove_tool",
    "reset",
    "send_user_message_content",
    "unregister_tool",
    "update_config",
    "update_session",
]
AWAITED = ["connect", "execute_tool", "wait_for_next", "wait_for_next_completed_item", "wait_for_next_item"]


@pytest.mark.parametrize("name", AT_ONCE)
def test_members_that_return_at_once(name: str) -> None:
    assert not inspect.iscoroutinefunction(getattr(RealtimeClient, name))


@pytest.mark.parametrize("name", AWAITED)
def test_members_that_are_awaited(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(RealtimeClient, name))


@pytest.mark.parametrize("name", [*AT_ONCE, *AWAITED, *PROTECTED])
def test_every_member_says_what_it_mirrors(name: str) -> None:
    assert "Mirrors ``" in (inspect.getdoc(getattr(RealtimeClient, name)) or "")


async def test_the_protected_ones_can_be_read() -> None:
    client = (await connected()).client
    assert isinstance(client.config, dict)
    assert isinstance(client.conversation, Conversation)
    assert isinstance(client.input_audio_buffer, InputAudio)
    assert isinstance(client.realtime, RealtimeAPI)
    assert client.session_created is True
    assert client.tools == {}
    assert isinstance(AudioClip(), AudioClip)
    await client.disconnect()


async def test_connect_and_disconnect_samples() -> None:
    client = Run().client
    await client.connect()
    assert client.is_connected()
    client.disconnect()
    assert not client.is_connected()
    await turns(20)


async def test_execute_tool_sample() -> None:
    client = Run().client
    definition = {"name": "calculate", "description": "Performs a calculation"}
    client.register_tool(definition, lambda args: sum(map(int, args["expression"].split(" + "))))
    assert isinstance(client.tools["calculate"], Tool)
    result = await client.execute_tool("calculate", {"expression": "2 + 2"})
    assert result == 4
    client.unregister_tool("calculate")
    assert client.get_tools() == []


async def test_reset_sample() -> None:
    client = Run(config={"instructions": "x"}).client
    client.reset()
    assert "instructions" not in client.config


@pytest.mark.parametrize("completed", [False, True])
async def test_wait_for_next_item_samples(completed: bool) -> None:
    run = await connected()
    client = run.client
    seen: list[Any] = []

    async def sample() -> None:
        waiting = client.wait_for_next_completed_item() if completed else client.wait_for_next_item()
        item = (await waiting).item
        if item:
            seen.append(item)

    task = asyncio.ensure_future(sample())
    await turns()
    run.server.user_item("u")
    await task
    assert seen == [run.item("u")]
    await client.disconnect()
