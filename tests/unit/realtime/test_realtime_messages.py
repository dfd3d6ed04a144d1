"""What the client sends to the server and what it hears from it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from realtime_server import Run, Server, pcm, turns

from rtvi_web import DisconnectedError, InvalidArgumentError, MessageTooLargeError
from rtvi_web.realtime import RealtimeClient


async def test_nothing_is_sent_without_a_connection_and_nothing_is_changed() -> None:
    client = RealtimeClient(transport=Server())
    for attempt in (
        lambda: client.append_input_audio(pcm(10)),
        lambda: client.create_response(),
        lambda: client.create_response({"conversation": "none"}),
        lambda: client.cancel(),
        lambda: client.cancel_response(),
        lambda: client.cancel_response("x", 3),
        lambda: client.send_user_message_content([{"type": "input_text", "text": "x"}]),
        lambda: client.add_image("data:image/png;base64,AA=="),
        lambda: client.import_history([{"type": "message"}]),
        lambda: client.realtime.send("input_audio_buffer.clear"),
    ):
        with pytest.raises(DisconnectedError, match="not connected"):
            attempt()
    for coroutine in (client.interrupt(), client.send_text("x")):
        with pytest.raises(DisconnectedError, match="not connected"):
            await coroutine
    assert len(client.input_audio_buffer) == 0


async def test_content_is_taken_in_several_forms(run: Run) -> None:
    given: list[dict[str, Any]] = [
        {"type": "input_text", "text": "a"},
        {"type": "text", "text": "b"},
        {"type": "input_text", "input_text": "c"},
        {"type": "input_audio", "audio": "AAA="},
        {"type": "audio", "audio": pcm(1)},
        {"type": "input_audio", "input_audio": memoryview(pcm(1))},
        {"type": "input_image", "image_url": "data:image/png;base64,AA=="},
    ]
    before = repr(given[:5])
    assert run.client.send_user_message_content(given) is True
    content = run.server.sent_of("conversation.item.create")[0]["item"]["content"]
    assert [part.get("text") for part in content] == ["a", "b", "c", None, None, None, None]
    assert [part.get("audio") for part in content[3:6]] == ["AAA=", "AQA=", "AQA="]
    assert repr(given[:5]) == before
    assert run.server.types == ["conversation.item.create", "response.create"]
    assert run.client.send_user_message_content([]) is True
    assert len(run.server.types) == 2
    with pytest.raises(InvalidArgumentError, match="must be a dict"):
        run.client.send_user_message_content(["text"])  # type: ignore[list-item]


async def test_images(run: Run) -> None:
    run.client.add_image(b"\x89PNG....", detail="low", trigger_response=False)
    (part,) = run.server.sent_of("conversation.item.create")[0]["item"]["content"]
    assert part == {"type": "input_image", "image_url": "data:image/png;base64,iVBORy4uLi4=", "detail": "low"}
    assert run.server.types == ["conversation.item.create"]
    run.client.add_image("data:image/jpeg;base64,AA==")
    assert run.server.types[-1] == "response.create"
    for wrong in (b"GIF89a", "https://x.test/a.png", 3):
        with pytest.raises(InvalidArgumentError, match="An image must be"):
            run.client.add_image(wrong)  # type: ignore[arg-type]


async def test_raw_events_are_sent_and_checked(run: Run) -> None:
    assert run.client.realtime.send("conversation.item.delete", {"item_id": "x", "event_id": "mine"}) is True
    assert run.server.sent[-1] == {"event_id": "mine", "type": "conversation.item.delete", "item_id": "x"}
    with pytest.raises(InvalidArgumentError, match="data must be an object"):
        run.client.realtime.send("x", "y")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
        run.client.realtime.send("x", {"y": float("nan")})
    with pytest.raises(MessageTooLargeError):
        run.client.realtime.send("x", {"y": "z" * (1 << 20)})
    assert run.server.sent[-1]["event_id"] == "mine"


async def test_every_event_is_told_to_the_client_and_to_the_connection(run: Run) -> None:
    logged: list[Any] = []
    raw: list[Any] = []
    client: list[Any] = []
    run.client.on("realtime.event", logged.append)
    run.client.realtime.on("server.*", raw.append)
    run.client.on("client.*", client.append)
    run.server.say("rate_limits.updated", rate_limits=[])
    run.server.say("response.text.delta", item_id="x", delta="y")
    run.client.create_response()
    assert [event["type"] for event in raw] == ["rate_limits.updated", "response.output_text.delta"]
    assert [event["type"] for event in client] == ["response.create"]
    assert [(each.source, each.event["type"]) for each in logged] == [
        ("server", "rate_limits.updated"),
        ("server", "response.output_text.delta"),
        ("client", "response.create"),
    ]
    assert logged[0].time.endswith("Z")


@pytest.mark.parametrize("emitted", ["realtime.event", "conversation.item.appended", "server.response.created"])
async def test_what_comes_after_a_handler_has_disconnected_is_not_heard(run: Run, emitted: str) -> None:
    heard: list[Any] = []

    def leave(event: Any) -> None:
        if emitted != "realtime.event" or event.event["type"] == "response.output_item.done":
            run.client.disconnect()

    run.client.register_tool({"name": "f"}, heard.append)
    for name in ("server.response.output_item.done", "conversation.item.completed"):
        run.client.on(name, heard.append)
    run.client.on(emitted, leave)
    run.server.response()
    run.server.call("f", "{}")
    await turns(20)
    assert heard == []
    run.client.off(emitted, leave)
    await run.client.connect()
    run.client.create_response()
    assert run.server.types == ["response.create"]


async def test_server_errors_are_told_and_what_collides_is_not(run: Run) -> None:
    run.server.say("error", error={"type": "invalid_request_error", "code": "x", "message": "No."})
    run.server.say("error", error={"code": "response_cancel_not_active", "message": "Nothing."})
    assert [(error.source, error.message) for error in run.errors] == [("server", "No.")]


async def test_waiting_for_items(run: Run) -> None:
    appended = asyncio.ensure_future(run.client.wait_for_next_item())
    completed = asyncio.ensure_future(run.client.wait_for_next_completed_item(5))
    await turns()
    run.server.user_item("u")
    assert (await appended).item is run.item("u")
    assert (await completed).item is run.item("u")
    assert (await run.client.wait_for_next_item(0.001)).item is None
