"""The order of responses."""

from __future__ import annotations

import pytest
from realtime_server import Run, connected, pcm

from rtvi_web import DisconnectedError, InvalidArgumentError
from rtvi_web.realtime.protocol.responses import ResponseSequencer


async def test_a_response_waits_for_the_one_that_is_being_made(run: Run) -> None:
    run.server.response()
    for _ in range(3):
        assert run.client.create_response() is True
    run.client.create_response({"instructions": "First."})
    run.client.create_response({"instructions": "Second."})
    assert run.server.types == []
    for number in range(4):
        run.server.done(f"resp_{number + 1}")
        if number < 3:
            assert len(run.server.sent_of("response.create")) == number + 1
            run.server.response(f"resp_{number + 2}")
    created = run.server.sent_of("response.create")
    assert [event.get("response", {}).get("instructions") for event in created] == [None, "First.", "Second."]


async def test_a_request_that_collides_with_the_persons_turn_is_made_again(run: Run) -> None:
    run.client.create_response({"instructions": "Mine."})
    (mine,) = run.server.sent_of("response.create")
    run.server.response("resp_vad")  # the server answers the person, at the same moment
    code = "conversation_already_has_active_response"
    run.server.say("error", error={"code": code, "message": "Busy.", "event_id": mine["event_id"]})
    assert run.errors == []
    assert len(run.server.sent_of("response.create")) == 1
    run.server.done("resp_vad")
    assert [event["response"]["instructions"] for event in run.server.sent_of("response.create")] == ["Mine."] * 2


async def test_a_refused_request_lets_the_next_be_sent(run: Run) -> None:
    run.client.create_response({"instructions": "Bad."})
    run.client.create_response()
    (bad,) = run.server.sent_of("response.create")
    run.server.say("error", error={"message": "Not mine.", "event_id": "evt_other"})
    assert len(run.server.sent_of("response.create")) == 1
    run.server.say("error", error={"message": "No.", "event_id": bad["event_id"]})
    assert len(run.server.sent_of("response.create")) == 2
    assert [error.message for error in run.errors] == ["Not mine.", "No."]


async def test_a_refusal_that_names_no_request_lets_the_next_be_sent(run: Run) -> None:
    run.client.create_response()
    run.client.create_response({"instructions": "Next."})
    for code in ("input_audio_buffer_commit_empty", "response_cancel_not_active"):  # these are about something else
        run.server.say("error", error={"code": code, "message": "No.", "event_id": None})
    assert len(run.server.sent_of("response.create")) == 1
    run.server.say("error", error={"code": "rate_limit_exceeded", "message": "Too many.", "event_id": None})
    first, second = run.server.sent_of("response.create")
    assert [error.message for error in run.errors] == ["Too many."]
    # It was about something else: the first is still being made, and the second comes in its turn.
    run.server.response()
    collided = {"code": "conversation_already_has_active_response", "event_id": second["event_id"]}
    run.server.say("error", error=collided)
    run.server.say("error", error=collided)
    run.server.done()
    third = run.server.sent_of("response.create")[2:]
    assert third == [second]
    assert first != second


async def test_a_request_that_cannot_be_sent_is_refused_at_once_and_blocks_no_other(run: Run) -> None:
    run.client.append_input_audio(pcm(240))
    with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
        run.client.create_response({"metadata": {"x": float("nan")}})
    assert run.server.types == ["input_audio_buffer.append"]
    run.client.create_response()
    run.server.response()
    with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
        run.client.create_response({"metadata": {"x": float("nan")}})
    run.client.create_response({"instructions": "Next."})
    run.server.done()
    assert run.server.types[1:] == ["input_audio_buffer.commit", "response.create", "response.create"]


async def test_a_collision_may_name_any_response(run: Run) -> None:
    run.client.create_response()
    code = "conversation_already_has_active_response"
    run.server.say("error", error={"code": code, "message": "Busy.", "event_id": None})
    run.server.response("resp_x", conversation_id=None)
    run.server.done("resp_x", conversation_id=None)
    assert len(run.server.sent_of("response.create")) == 2


async def test_cancel_is_sent_once_and_only_while_there_is_something(run: Run) -> None:
    assert run.client.cancel() is False
    run.server.response()
    assert run.client.cancel() is True
    assert run.client.cancel() is False
    assert run.client.cancel_response() == (None,)
    assert run.server.types == ["response.cancel"]
    run.server.done(status="cancelled")
    run.client.create_response()  # asked for, and not made yet
    assert run.client.cancel() is True


async def test_a_failed_response_is_an_error_and_lets_the_next_be_sent(run: Run) -> None:
    run.server.response()
    run.client.create_response()
    details = {"type": "failed", "error": {"type": "server_error", "message": "Overloaded."}}
    run.server.done(status="failed", status_details=details)
    assert [(error.source, error.message) for error in run.errors] == [("response", "Overloaded.")]
    assert run.server.types == ["response.create"]


async def test_a_request_that_cannot_be_sent_is_forgotten() -> None:
    run = await connected()
    run.server.is_open = False
    with pytest.raises(DisconnectedError):
        run.client.create_response()
    run.server.is_open = True
    run.client.create_response()
    assert run.server.types == ["response.create"]
    await run.client.disconnect()
    with pytest.raises(DisconnectedError, match="Await connect"):
        run.client.create_response()


def test_cancelling_forgets_what_only_tools_asked_for() -> None:
    responses = ResponseSequencer()
    responses.created({"type": "response.created", "response": {"id": "r"}})
    responses.request(automatic=True)
    assert responses.cancel() is True
    responses.done({"type": "response.done", "response": {"id": "r"}})
    assert responses.take() is None
    responses.request(automatic=True)
    responses.request()  # somebody wants it too
    responses.cancel()
    assert responses.take() is not None


async def test_usage_adds_up(run: Run) -> None:
    details = {"cached_tokens": 1, "cached_tokens_details": {"text_tokens": 1}}
    for number in range(2):
        run.server.response(f"r{number}")
        usage = {"total_tokens": 30, "input_tokens": 20, "output_tokens": 10, "input_token_details": details}
        run.server.done(f"r{number}", usage=usage)
    assert run.client.usage.responses == 2
    assert run.client.usage.tokens["total_tokens"] == 60
    assert run.client.usage.tokens["input_token_details"]["cached_tokens_details"] == {"text_tokens": 2}
