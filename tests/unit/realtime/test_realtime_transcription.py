"""Sessions that only transcribe."""

from __future__ import annotations

from typing import Any

import pytest
from realtime_server import Run, connected, pcm

from rtvi_web import UnsupportedFeatureError

CONFIG = {
    "type": "transcription",
    "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": {"type": "server_vad"}}},
    "include": ["item.input_audio_transcription.logprobs"],
}


async def test_tools_and_output_are_not_sent() -> None:
    given = {**CONFIG, "voice": "marin", "instructions": "x", "tool_choice": "auto", "output_modalities": ["text"]}
    run = Run(config=given)
    run.client.register_tool({"name": "f"}, print)
    await run.client.connect()
    assert run.server.requests[0].session == CONFIG
    run.client.add_tool({"name": "g"})
    run.client.update_config({"speed": 1.5, "noise_reduction": None, "input_audio_noise_reduction": None})
    assert [event["session"] for event in run.server.sent_of("session.update")] == [
        CONFIG,
        {"type": "transcription", "audio": {"input": {"noise_reduction": None}}},
    ]
    assert {tool["name"] for tool in run.client.get_tools()} == {"f", "g"}
    await run.client.disconnect()


async def test_what_is_heard_is_written_down() -> None:
    run = await connected(config=CONFIG)
    run.server.hear(pcm(960))
    run.server.say("input_audio_buffer.committed", item_id="u", previous_item_id=None)
    run.server.user_item("u", content=[{"type": "input_audio"}])
    name = "conversation.item.input_audio_transcription"
    run.server.say(f"{name}.delta", item_id="u", content_index=0, delta="Hel")
    run.server.say(f"{name}.completed", item_id="u", content_index=0, transcript="Hello", usage={"seconds": 1})
    assert run.item("u").formatted.transcript == "Hello"
    assert run.client.usage.transcription == {"seconds": 1}
    await run.client.disconnect()


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.create_response(),
        lambda client: client.create_response({"conversation": "none"}),
        lambda client: client.send_user_message_content([{"type": "input_text", "text": "Hi"}]),
        lambda client: client.add_image("data:image/png;base64,AA=="),
    ],
    ids=["create_response", "out of band", "message", "image"],
)
async def test_it_makes_no_responses(ask: Any) -> None:
    run = await connected(config=CONFIG)
    with pytest.raises(UnsupportedFeatureError, match="transcription session makes no responses"):
        ask(run.client)
    with pytest.raises(UnsupportedFeatureError):
        await run.client.send_text("Hi")
    assert run.server.types == []
    await run.client.disconnect()


async def test_the_betas_answer_to_the_configuration_counts() -> None:
    import asyncio

    from realtime_server import Server, turns

    run = Run(server=Server(handshake=False), config=CONFIG)
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.say("transcription_session.created", session={"id": "s", "turn_detection": {"type": "server_vad"}})
    await turns()
    run.server.say("transcription_session.updated", session={})
    await turns()
    assert connecting.done()
    await connecting
    assert run.client.session_created
    await run.client.disconnect()
