"""A session that will expire is exchanged for a new one with the same conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from realtime_server import Run, Server, connected, pcm, turns, violations

from rtvi_web.errors import (
    AlreadyStartedError,
    ConnectionTimeoutError,
    DisconnectedError,
    RequestError,
    TransportStartError,
    UnsupportedFeatureError,
)
from rtvi_web.realtime import Played, SessionRenewedEvent
from rtvi_web.testing.realtime import ScriptedSpare

SPEECH = "input_audio_buffer.speech_started"
LOOKUP = {"type": "function", "name": "lookup", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture(params=["websocket", "webrtc"])
async def run(request: pytest.FixtureRequest) -> Any:
    run = await renewable(tracks=request.param == "webrtc")
    yield run
    await run.client.disconnect()


async def renewable(*, tracks: bool = False, expires_in: float | None = None, **options: Any) -> Run:
    run = Run(server=Server(carries_tracks=tracks), config={"instructions": "Be brief."}, **options)
    run.client.add_tool({**LOOKUP, "name": "other"})  # the page itself would answer its calls
    run.client.register_tool(LOOKUP, lambda args: "found")
    run.client.on("session.renewed", run.events.append)
    await run.client.connect()
    if expires_in is not None:
        run.server.say("session.updated", session={"expires_at": time.time() + expires_in})
    return run


def talk(run: Run) -> None:
    """The person asks, and the model answers with a call and with words."""
    run.server.user_item("u", content=[{"type": "input_audio", "transcript": "What is it?"}])
    run.server.response()
    run.server.call("other", "{}", call="c1")
    run.server.answer("a", previous="item_c1")
    run.server.delta("output_audio_transcript", "It is this.", "a")
    run.server.done(output=[{"id": "a", "type": "message", "role": "assistant", "status": "completed"}])


def spares(run: Run) -> list[ScriptedSpare]:
    assert run.server.spares is not None
    return run.server.spares


async def opened(run: Run, count: int = 1) -> ScriptedSpare:
    await until(lambda: len(spares(run)) >= count)
    return spares(run)[-1]


async def until(condition: Callable[[], object]) -> None:
    for _ in range(1000):
        if condition():
            return
        await turns(1)
    raise TimeoutError


def items_of(spare: ScriptedSpare) -> list[tuple[str, str]]:
    items = [event["item"] for event in spare.sent if event["type"] == "conversation.item.create"]
    return [(item["id"], item["type"]) for item in items]


async def test_the_new_session_has_configuration_tools_and_history(run: Run) -> None:
    talk(run)
    await asyncio.sleep(1)
    before = [(item.id, item.formatted.transcript) for item in run.client.get_conversation_items()]
    events = len(run.events)
    await run.client.renew_session()
    [spare] = spares(run)
    assert spare.state == "in use"
    update = spare.sent[0]["session"]
    assert update["instructions"] == "Be brief."
    assert [tool["name"] for tool in update["tools"]] == ["other", "lookup"]
    assert items_of(spare) == [("u", "message"), ("item_c1", "function_call"), ("a", "message")]
    assert [violations(event) for event in spare.sent] == [[]] * len(spare.sent)
    # The page hears of the renewal alone: its items are the same.
    assert run.events[events:] == [SessionRenewedEvent("session.renewed", "sess_2", None, 3)]
    assert [(item.id, item.formatted.transcript) for item in run.client.get_conversation_items()] == before
    assert run.errors == []
    assert run.client.is_connected()
    assert run.client.session_created


async def test_the_conversation_goes_on_behind_what_the_new_server_does_not_know(run: Run) -> None:
    talk(run)
    run.server.user_item("silent", previous="a", content=[{"type": "input_audio"}])  # without a transcript
    await asyncio.sleep(1)
    await run.client.renew_session()
    assert items_of(spares(run)[0])[-1] == ("a", "message")
    run.server.user_item("v", previous="a", content=[{"type": "input_text", "text": "And?"}])
    run.server.response("resp_2")
    run.server.answer("b", response="resp_2", previous="v")
    assert run.ids == ["u", "item_c1", "a", "silent", "v", "b"]


async def test_what_is_said_while_it_is_renewed_is_taken_along(run: Run) -> None:
    run.server.user_item("u", content=[{"type": "input_text", "text": "One."}])
    renewing = run.client.run(run.client.renew_session(), "renewing")
    spare = await opened(run)
    await until(lambda: items_of(spare))
    run.server.user_item("v", previous="u", content=[{"type": "input_text", "text": "Two."}])
    await renewing
    assert items_of(spare) == [("u", "message"), ("v", "message")]


BUSY: dict[str, Any] = {
    "response": (lambda run: run.server.response("r"), lambda run: run.server.done("r")),
    "speech": (
        lambda run: run.server.say(SPEECH, item_id="u", audio_start_ms=0),
        lambda run: run.server.say("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=9),
    ),
    "sound": (
        lambda run: run.client.append_input_audio(pcm(24_000)),
        lambda run: run.server.say("input_audio_buffer.committed", item_id="u"),
    ),
}


@pytest.mark.parametrize("what", BUSY)
async def test_it_waits_until_neither_side_speaks(run: Run, what: str) -> None:
    begin, end = BUSY[what]
    begin(run)
    renewing = run.client.run(run.client.renew_session(), "renewing")
    await asyncio.sleep(10)
    assert spares(run)[0].state == "open"
    end(run)
    await asyncio.sleep(2)
    assert spares(run)[0].state == "in use"
    await renewing


async def test_what_the_server_was_just_sent_is_not_lost(run: Run) -> None:
    renewing = run.client.run(run.client.renew_session(), "renewing")
    spare = await opened(run)
    run.client.import_history([{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}])
    await asyncio.sleep(0.5)
    assert spare.state == "open"
    run.server.user_item("u", content=[{"type": "input_text", "text": "Hi"}])
    await renewing
    assert items_of(spare) == [("u", "message")]


async def test_it_does_not_wait_longer_than_the_session_lasts() -> None:
    run = await renewable(expires_in=50)
    run.server.response("r")
    run.client.create_response()  # waits for the one that is being made
    renewing = run.client.run(run.client.renew_session(), "renewing")
    await asyncio.sleep(40)
    assert spares(run)[0].state == "open"
    assert run.server.types == []
    await asyncio.sleep(6)
    assert spares(run)[0].state == "in use"
    await renewing
    assert run.server.types == ["response.create"]
    await run.client.disconnect()


@pytest.mark.parametrize(("lasts", "renewed_at"), [(3600, 3540), (100, 50), (10, 5)])
async def test_a_session_is_renewed_by_itself_before_it_expires(lasts: float, renewed_at: float) -> None:
    run = await renewable(expires_in=lasts, renew_sessions=True)
    await asyncio.sleep(renewed_at - 1)
    assert spares(run) == []
    await asyncio.sleep(3)
    assert len(run.of("session.renewed")) == 1
    run.server.say("session.updated", session={"expires_at": time.time() + lasts})  # of the new session
    await asyncio.sleep(renewed_at + 2)
    assert len(run.of("session.renewed")) == 2
    await run.client.disconnect()
    await asyncio.sleep(lasts)
    assert len(spares(run)) == 2


async def test_a_session_is_not_renewed_unless_the_page_wants_it() -> None:
    run = await renewable(expires_in=100)
    await asyncio.sleep(200)
    assert spares(run) == []
    await run.client.disconnect()


async def test_a_renewal_that_fails_keeps_the_old_session(run: Run) -> None:
    talk(run)
    await asyncio.sleep(1)
    run.server.spares_fail_with = TransportStartError("The server is full.")
    with pytest.raises(TransportStartError, match="full"):
        await run.client.renew_session()
    run.server.spares_fail_with = None
    for refused in ("session.update", "conversation.item.create"):
        renewing = asyncio.ensure_future(run.client.renew_session())
        spare = await opened(run, len(spares(run)) + 1)
        await until(lambda: refused in [event["type"] for event in spare.sent])  # noqa: B023 - awaited at once
        id = next(event["event_id"] for event in spare.sent if event["type"] == refused)
        spare.say("error", error={"type": "invalid_request_error", "message": "Not here.", "event_id": id})
        with pytest.raises(RequestError, match=r"Not here\."):
            await renewing
        assert spare.state == "closed"
    assert run.of("session.renewed") == run.errors == []
    run.client.create_response()
    assert run.server.types[-1] == "response.create"
    await run.client.renew_session()  # it may be tried again


async def test_a_renewal_by_itself_that_fails_is_told() -> None:
    run = await renewable(expires_in=100, renew_sessions=True)
    run.server.spares_fail_with = TransportStartError("The server is full.")
    await asyncio.sleep(60)
    [error] = run.errors
    assert (error.source, error.error) == ("renewal", run.server.spares_fail_with)
    assert error.message == "The session could not be renewed, and ends when it expires. The server is full."
    assert run.client.is_connected()
    await run.client.disconnect()


async def test_a_spare_link_that_is_lost_fails_the_renewal(run: Run) -> None:
    run.server.response("r")
    renewing = asyncio.ensure_future(run.client.renew_session())
    (await opened(run)).lose(DisconnectedError("Gone."))
    await asyncio.sleep(3)
    run.server.done("r")
    with pytest.raises(DisconnectedError, match="Gone"):
        await renewing
    assert run.client.is_connected()


@pytest.mark.parametrize("how", ["disconnect", "lost", "cancel"])
async def test_a_renewal_ends_with_its_session(run: Run, how: str) -> None:
    run.server.response("r")
    renewing = asyncio.ensure_future(run.client.renew_session())
    spare = await opened(run)
    await asyncio.sleep(1)
    with pytest.raises(AlreadyStartedError):
        await run.client.renew_session()
    match how:
        case "disconnect":
            run.client.disconnect()
        case "lost":
            run.server.lose()
        case _:
            renewing.cancel()
    with pytest.raises(asyncio.CancelledError if how == "cancel" else DisconnectedError):
        await renewing
    await turns()
    assert spare.state == "closed"
    assert run.client.is_connected() is (how == "cancel")


async def test_a_server_that_confirms_nothing_is_taken() -> None:
    run = Run(server=Server(handshake=False))
    run.client.on("session.renewed", run.events.append)
    await run.client.connect()
    run.server.user_item("u", content=[{"type": "input_text", "text": "Hi"}])
    before = asyncio.get_running_loop().time()
    await run.client.renew_session()
    assert run.events[-1] == SessionRenewedEvent("session.renewed", "", None, 1)
    assert 2 < asyncio.get_running_loop().time() - before < 5
    await run.client.disconnect()


async def test_a_server_that_is_not_reached_in_time() -> None:
    class Slow(Server):
        async def open_spare(self, *_: object) -> Any:
            await asyncio.Event().wait()

    run = await connected(server=Slow(), timeout=5)
    with pytest.raises(ConnectionTimeoutError, match="within 5 s"):
        await run.client.renew_session()
    assert run.client.is_connected()
    await run.client.disconnect()


async def test_a_transport_that_cannot_do_it_says_so(run: Run) -> None:
    run.server.spares = None
    with pytest.raises(UnsupportedFeatureError, match="cannot renew a session") as caught:
        await run.client.renew_session()
    assert caught.value.feature == "renew_session"
    await run.client.disconnect()
    with pytest.raises(DisconnectedError):
        await run.client.renew_session()


async def test_what_the_page_had_set_goes_on() -> None:
    run = await renewable()
    recording = await run.client.record()
    run.server.hear(pcm(24_000, 1))
    run.client.pause()
    run.client.mute_bot()
    await run.client.renew_session()
    assert run.client.is_paused
    assert run.client.is_bot_muted
    assert recording.is_running
    run.client.resume()
    run.server.hear(pcm(24_000, 2))
    assert len(run.client.input_audio_buffer) == 24_000  # the new server counts from zero
    assert recording.seconds == pytest.approx(2, abs=1)
    run.server.response("r")
    run.server.answer("x", response="r")
    run.server.audio(pcm(24_000), "x")
    run.server.now_playing = Played("x", 0, 12_000)
    await run.client.interrupt()
    assert run.server.types[-1] == "conversation.item.truncate"
    await run.client.disconnect()


async def test_a_function_gives_the_key_of_each_session() -> None:
    keys = iter(["ek_1", "ek_2"])
    run = await renewable(api_key=lambda: next(keys))
    await run.client.renew_session()
    assert [request.api_key for request in run.server.requests] == ["ek_1", "ek_2"]
    await run.client.disconnect()
