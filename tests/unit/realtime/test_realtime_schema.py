"""The oracle itself: that it refuses what OpenAI's models refuse, and that they know all that we send."""

from __future__ import annotations

import pytest
from realtime_server import CLIENT_EVENTS, SERVER_EVENTS, Server, connected, turns, violations

from rtvi_web.realtime import Played


@pytest.mark.parametrize(
    "event",
    [
        {"type": "tool.register", "tool_name": "f"},
        {"type": "session.update", "session": {"instructions": "x"}},
        {"type": "session.update", "session": {"type": "realtime", "temperature": 0.8}},
        {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "x"}}}},
        },
        {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 10.5},
        {"type": "response.create", "extra": 1},
    ],
)
def test_the_schema_refuses_what_openai_does_not_know(event: dict[str, object]) -> None:
    assert violations(event)


async def test_every_event_that_a_client_has_is_sent_as_the_models_know_it() -> None:
    """The server of these tests refuses what the models would; here it gets one of each."""
    run = await connected(
        config={"model": {"instructions": "x", "temperature": 1}, "hearing": {"turn_detection": None}}
    )
    client, server = run.client, run.server
    client.append_input_audio(bytes(4800))
    client.create_response()
    server.response()
    server.answer()
    server.audio(b"\0\0" * 2400)
    server.now_playing = Played("item_a", 0, 1200)
    await client.send_text("Hi")
    for type, data in (
        ("conversation.item.delete", {"item_id": "x"}),
        ("conversation.item.retrieve", {"item_id": "x"}),
        ("input_audio_buffer.clear", None),
    ):
        client.realtime.send(type, data)
    await client.disconnect()
    tracks = await connected(server=Server(carries_tracks=True))
    await tracks.client.interrupt()
    await tracks.client.disconnect()
    await turns()
    assert {event["type"] for event in [*server.sent, *tracks.server.sent]} == set(CLIENT_EVENTS)


def test_the_schema_is_that_of_the_current_protocol() -> None:
    assert len(CLIENT_EVENTS) == 11
    assert len(SERVER_EVENTS) == 46
