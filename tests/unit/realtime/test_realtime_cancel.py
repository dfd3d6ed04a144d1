"""Responses that are cancelled before, while and after the server makes them."""

from __future__ import annotations

from typing import Any

import pytest
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web.realtime import Played

NOT_ACTIVE = {"type": "invalid_request_error", "code": "response_cancel_not_active", "message": "None active."}


@pytest.fixture(params=[False, True], ids=["websocket", "webrtc"])
async def run(request: pytest.FixtureRequest) -> Any:
    run = await connected(server=Server(carries_tracks=request.param))
    yield run
    await run.client.disconnect()


async def silence(run: Run, how: str) -> None:
    if how == "interrupt":
        await run.client.interrupt()
    else:
        assert run.client.cancel() is True


def sent(run: Run) -> list[str]:
    return [type for type in run.server.types if type != "output_audio_buffer.clear"]


@pytest.mark.parametrize("how", ["cancel", "interrupt"])
@pytest.mark.parametrize("refused", ["before", "after", "never"])
async def test_a_response_cancelled_before_it_is_made_is_cancelled_when_it_is(run: Run, how: str, refused: str) -> None:
    run.client.create_response()
    await silence(run, how)
    if refused == "before":
        run.server.say("error", error=NOT_ACTIVE)
    assert sent(run) == ["response.create", "response.cancel"]
    run.server.response()
    if refused == "after":
        run.server.say("error", error=NOT_ACTIVE)
    assert sent(run) == ["response.create", "response.cancel", "response.cancel"]
    assert run.server.sent[-1]["response_id"] == "resp_1"
    run.server.answer()
    run.server.audio(pcm(2400))
    assert run.server.played == []
    assert bytes(run.item("item_a").formatted.audio) == pcm(2400)
    run.server.done(status="cancelled")
    assert run.errors == []
    # The next one is heard.
    run.client.create_response()
    run.server.response("resp_2")
    run.server.answer("item_b", response="resp_2")
    run.server.delta("output_audio", "AQA=", "item_b", response="resp_2")
    assert len(run.server.played) == (not run.server.carries_tracks)
    await silence(run, how)
    assert sent(run)[3:] == ["response.create", "response.cancel"]


async def test_the_page_may_cancel_it_once_more(run: Run) -> None:
    run.client.create_response()
    run.client.cancel()
    run.server.response()
    assert run.client.cancel() is True
    assert run.client.cancel() is False
    assert run.server.types == ["response.create", *["response.cancel"] * 3]


async def test_a_cancellation_that_came_too_late_is_over(run: Run) -> None:
    run.server.response()
    assert run.client.cancel() is True
    run.server.say("error", error=NOT_ACTIVE)  # as when response.done got lost
    assert run.client.cancel() is True
    assert run.server.types == ["response.cancel"] * 2


async def test_a_cancelled_request_that_collides_is_not_made_again(run: Run) -> None:
    run.client.create_response()
    (mine,) = run.server.sent_of("response.create")
    run.client.cancel()
    code = "conversation_already_has_active_response"
    run.server.say("error", error={"code": code, "message": "Busy.", "event_id": mine["event_id"]})
    run.server.response("resp_vad")
    run.server.done("resp_vad")
    assert run.server.types == ["response.create", "response.cancel"]
    run.client.create_response()
    assert run.server.types[-1] == "response.create"


async def test_what_was_asked_for_after_a_cancellation_is_made(run: Run) -> None:
    run.client.create_response()
    run.client.cancel()
    run.client.create_response({"instructions": "Next."})
    run.server.response()
    run.server.done(status="cancelled")
    assert sent(run) == ["response.create", "response.cancel", "response.cancel", "response.create"]
    run.server.response("resp_2")
    assert sent(run)[-1] == "response.create"


async def test_nothing_of_an_interrupted_response_is_heard_however_late_it_comes(run: Run) -> None:
    run.server.response()
    await run.client.interrupt()  # before the first sound
    run.server.answer()
    run.server.audio(pcm(100))
    run.server.say("response.output_audio.delta", item_id="item_a", content_index=0, delta="AQA=")  # names no response
    run.server.done(status="cancelled")
    assert run.server.played == []


async def test_over_webrtc_the_server_is_stopped_when_it_begins_to_play() -> None:
    run = await connected(server=Server(carries_tracks=True))
    spoken: list[Any] = []
    run.client.on("conversation.speaking", spoken.append)
    run.client.create_response()
    run.client.cancel()
    run.server.response()
    run.server.say("output_audio_buffer.started", response_id="resp_1")
    assert run.server.types[-1] == "output_audio_buffer.clear"
    assert spoken == []
    run.server.done(status="cancelled")
    run.server.response("resp_2")
    run.server.say("output_audio_buffer.started", response_id="resp_2")
    assert [event.speaking for event in spoken] == [True]
    await turns()
    await run.client.disconnect()


@pytest.mark.parametrize("is_noticed", [False, True])
@pytest.mark.parametrize("samples", [0, 1200])
@pytest.mark.parametrize("how", ["speech_started", "interrupt", "cancel_response"])
async def test_a_link_that_is_lost_while_the_player_stops_is_no_error_of_the_page(
    reported: list[Any], how: str, samples: int, is_noticed: bool
) -> None:
    """The player takes a moment to stop. The browser may notice the loss at once, or only some time later."""

    class Losing(Server):
        async def interrupt(self) -> Played | None:
            played = await super().interrupt()
            if is_noticed:
                self.lose()
            self.is_open = False
            return played

    run = await connected(server=Losing())
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(2400))
    run.server.now_playing = Played("item_a", 0, samples)
    if how == "speech_started":
        run.server.say("input_audio_buffer.speech_started", item_id="item_u")
    elif how == "interrupt":
        item = await run.client.interrupt()
        assert (item and item.id) == (None if is_noticed else "item_a")
    else:
        run.client.cancel_response("item_a", samples)
    await turns()
    assert reported == []
    if not is_noticed:
        run.server.lose()
    await turns()
    assert [error.source for error in run.errors] == ["connection"]
    assert not run.client.is_connected()
    assert reported == []


async def test_a_link_that_is_going_down_harms_nothing(run: Run) -> None:
    run.client.create_response()
    run.client.cancel()
    run.server.is_open = False
    run.server.response()
    run.server.say("output_audio_buffer.started", response_id="resp_1")
    assert run.errors == []
