"""Errors of servers, in whichever form they come."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, Server, turns

from rtvi_web import RequestError
from rtvi_web.realtime.protocol.server_errors import server_error

ALREADY = "conversation_already_has_active_response"
SENTENCE = "Conversation already has an active response in progress: resp_9. Wait until it is finished."
FORMS: list[dict[str, Any]] = [
    {"error": {"type": "invalid_request_error", "code": ALREADY, "message": "Busy."}},
    {"error": {"type": ALREADY, "message": "Busy."}},
    {"error": {"code": "invalid_request", "message": SENTENCE}},
    {"error": SENTENCE},
    {"error": {"message": {"code": ALREADY, "text": "Busy."}}},
    {"error": {"message": {"message": SENTENCE}}},
    {"error": {"error": {"code": ALREADY}}},
    {"code": ALREADY, "message": "Busy."},
    {"message": SENTENCE.upper()},
    {"error": {"detail": SENTENCE}},
    {"error": None, "message": {"error": SENTENCE}},
]


@pytest.mark.parametrize("form", FORMS)
async def test_a_response_that_the_server_began_first_is_waited_for(run: Run, form: dict[str, Any]) -> None:
    run.client.create_response()
    run.server.say("error", **form)
    assert run.errors == []
    assert len(run.server.sent_of("response.create")) == 1
    run.server.done("resp_9")
    assert len(run.server.sent_of("response.create")) == 2


@pytest.mark.parametrize(
    ("form", "message", "error"),
    [
        ({"error": "Boom."}, "Boom.", "Boom."),
        ({"error": {"message": "Boom."}}, "Boom.", {"message": "Boom."}),
        ({"error": {"message": {"message": "Boom."}}}, "Boom.", {"message": {"message": "Boom."}}),
        ({"error": {"code": 500}}, '{"code": 500}', {"code": 500}),
        ({"error": ["Boom."]}, '["Boom."]', ["Boom."]),
        ({"error": {}}, "The server reported an error.", {}),
        ({"error": {}, "code": "overloaded"}, "overloaded", {}),
    ],
)
async def test_every_other_error_is_told_in_the_servers_words(
    run: Run, form: dict[str, Any], message: str, error: Any
) -> None:
    run.server.say("error", **form)
    assert [(each.source, each.message, each.error) for each in run.errors] == [("server", message, error)]


async def test_without_an_error_object_the_event_is_one(run: Run) -> None:
    run.server.say_text('{"type": "error", "code": "x", "message": "Boom."}')
    (error,) = run.errors
    assert error.message == "Boom."
    assert error.error == {"type": "error", "code": "x", "message": "Boom."}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status_details": {"type": "failed", "error": {"code": "x", "message": "Boom."}}}, "Boom."),
        ({"status_details": {"error": "Boom."}}, "Boom."),
        ({"status_details": {"type": "failed", "reason": "Boom."}}, "Boom."),
        ({"status_details": "Boom."}, "Boom."),
        ({"error": {"message": "Boom."}}, "Boom."),
        ({"status_details": None}, "The response failed."),
        ({}, "The response failed."),
    ],
)
async def test_the_error_of_a_failed_response(run: Run, fields: dict[str, Any], message: str) -> None:
    run.server.response()
    run.server.done(status="failed", **fields)
    assert [(error.source, error.message) for error in run.errors] == [("response", message)]


@pytest.mark.parametrize("error", ["Boom.", {"message": "Boom."}, {"message": "Boom.", "code": "audio_unintelligible"}])
async def test_the_error_of_a_transcription(run: Run, error: Any) -> None:
    run.server.user_item("item_u")
    run.server.say("conversation.item.input_audio_transcription.failed", item_id="item_u", content_index=0, error=error)
    shown = run.item("item_u").formatted.transcript_error
    assert shown == (error if isinstance(error, dict) else {"message": error})


@pytest.mark.parametrize("words", ["Cancellation failed: no active response found", "No active response."])
async def test_a_cancellation_that_came_too_late_by_words(run: Run, words: str) -> None:
    run.server.response()
    assert run.client.cancel()
    run.server.say("error", error=words)
    assert run.errors == []
    assert run.client.cancel()  # and is sent again


@pytest.mark.parametrize("named", ["response", "response_id", "nothing"])
async def test_response_cancelled_ends_a_response(run: Run, named: str) -> None:
    run.server.response()
    run.server.answer()
    run.server.delta("output_text", "Hel")
    run.client.create_response()
    assert run.server.types == []
    ids: dict[str, dict[str, Any]] = {
        "response": {"response": {"id": "resp_1"}},
        "response_id": {"response_id": "resp_1"},
        "nothing": {},
    }
    heard: list[Any] = []
    run.client.on("server.response.cancelled", heard.append)
    run.server.say("response.cancelled", **ids[named])
    assert run.item("item_a").status == "incomplete"
    assert run.server.types == ["response.create"]
    assert heard[0]["type"] == "response.cancelled"
    # Some servers send both. The second changes nothing while the next response is awaited, but its usage counts.
    run.client.create_response()
    run.server.done(status="cancelled", usage={"total_tokens": 7, "input_tokens": 4, "output_tokens": 3})
    assert run.server.types == ["response.create"]
    assert run.client.usage.tokens["total_tokens"] == 7
    assert run.errors == []


@pytest.mark.parametrize("form", [{"response": {"status": "completed"}}, {"response": {}}, {}])
async def test_the_end_of_a_response_without_an_id_ends_the_active_one(run: Run, form: dict[str, Any]) -> None:
    run.server.response()
    run.server.answer()
    run.client.create_response()
    run.server.say("response.done", **form)
    assert run.item("item_a").status == "completed"
    assert run.server.types == ["response.create"]


@pytest.mark.parametrize(
    "form",
    [{"error": "No such voice."}, {"message": "No such voice."}, {"error": {"message": {"detail": "No such voice."}}}],
)
async def test_a_refused_configuration_in_any_form_fails_connect(form: dict[str, Any]) -> None:
    run = Run(server=Server(handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.say("session.created", session={})
    await turns()
    run.server.say_text(json.dumps({"type": "error", **form}))
    with pytest.raises(RequestError, match="No such voice"):
        await connecting


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["error", "message", "code", "type", "event_id", "detail", "reason"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["error", "message", "code", "event_id", "type"]), JSON))
def test_any_error_can_be_read(event: dict[str, Any]) -> None:
    error = server_error(event)
    assert all(isinstance(each, str) for each in error[:3])
    assert error.given == (event if event.get("error") is None else event["error"])
    if isinstance(event.get("error"), str) and event["error"]:
        assert error.message == event["error"]
