"""The client: connecting and its ends, sound, and how an answer is cut short."""

from __future__ import annotations

import asyncio
import base64
import logging
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web import (
    AlreadyStartedError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    InvalidArgumentError,
    MessageTooLargeError,
    RTVIError,
    TransportStartError,
)
from rtvi_web.realtime import Played, RealtimeClient, settings
from rtvi_web.realtime.testing import ScriptedRealtimeTransport

SECRET = "sk-very-secret"


@pytest.fixture
async def run() -> Any:
    run = await connected()
    yield run
    await run.client.disconnect()


async def ended(run: Run) -> None:
    """All is released, nothing waits, and the client can connect again."""
    await turns(20)
    assert not run.client.is_connected()
    assert not run.server.is_open
    assert not run.server.has_microphone
    assert asyncio.all_tasks() == {asyncio.current_task()}
    run.server.fails_with, run.server.hangs, run.server.handshake = None, False, True
    await run.client.connect()
    assert run.client.is_connected()
    await run.client.disconnect()


# Connecting.


@pytest.mark.parametrize("connects", [False, True])
async def test_a_microphone_opened_ahead_is_released(connects: bool) -> None:
    run = Run()
    await run.client.open_microphone()
    assert run.server.has_microphone
    if connects:
        await run.client.connect()
    await run.client.disconnect()
    await ended(run)


async def test_a_session_from_beginning_to_end() -> None:
    run = Run()
    names: list[str] = []
    for name in ("client.connected", "client.disconnected", "close", "client.error"):
        run.client.on(name, lambda event, name=name: names.append(name))
    assert not run.client.is_connected()
    await run.client.connect()
    assert run.client.is_connected()
    assert run.server.has_microphone
    assert names == ["client.connected"]
    with pytest.raises(AlreadyStartedError):
        await run.client.connect()
    assert run.client.is_connected()
    ending = run.client.disconnect()
    assert not run.client.is_connected()
    await ending
    await ending
    await run.client.disconnect()
    assert names == ["client.connected", "client.disconnected", "close"]
    await ended(run)


async def test_as_a_context() -> None:
    run = Run(microphone=False)
    async with run.client as client:
        assert client.is_connected()
        assert not run.server.has_microphone
    await ended(run)


async def test_a_session_works_without_a_microphone() -> None:
    run = Run(server=Server(microphone="denied"))
    await run.client.connect()
    assert [error.source for error in run.errors] == ["microphone"]
    await run.client.disconnect()


async def test_a_transport_that_fails_names_the_phase() -> None:
    run = Run(server=Server(fails_with=TransportStartError("No such host.")))
    failures: list[Any] = []
    run.client.on("client.error", failures.append)
    with pytest.raises(TransportStartError, match="No such host") as raised:
        await run.client.connect()
    assert raised.value.phase is ConnectPhase.OFFER
    assert [error.source for error in run.errors] == ["connection"]
    assert failures[0]["error"] is raised.value
    await ended(run)


async def test_a_transport_that_hangs_is_given_up() -> None:
    run = Run(server=Server(hangs=True), timeout=0.01)
    with pytest.raises(ConnectionTimeoutError, match=r"within 0\.01 s"):
        await run.client.connect()
    await ended(run)


@pytest.mark.parametrize("hangs", [True, False])
async def test_disconnect_while_connecting(hangs: bool) -> None:
    run = Run(server=Server(hangs=hangs, handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.client.disconnect()
    with pytest.raises(ConnectAbortedError):
        await connecting
    assert run.errors == []
    await ended(run)


@pytest.mark.parametrize("hangs", [True, False])
async def test_cancelling_connect_cleans_up(hangs: bool) -> None:
    run = Run(server=Server(hangs=hangs, handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    await ended(run)


async def test_a_link_lost_while_the_configuration_is_awaited() -> None:
    run = Run(server=Server(handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.lose(DisconnectedError("1006"))
    with pytest.raises(DisconnectedError, match="1006"):
        await connecting
    await ended(run)


async def test_a_lost_link_ends_the_session_and_every_wait() -> None:
    run = await connected()
    closed: list[Any] = []
    run.client.on("close", closed.append)
    item = asyncio.ensure_future(run.client.wait_for_next_item())
    end = asyncio.ensure_future(run.client.wait_for_next("client.disconnected"))
    raw = asyncio.ensure_future(run.client.realtime.wait_for_next("server.response.done"))
    await turns()
    run.server.lose(DisconnectedError("Close code 1001."))
    assert not run.client.is_connected()
    for waiting in (item, raw):
        with pytest.raises(DisconnectedError, match="Close code 1001"):
            await waiting
    assert await end == {"type": "client.disconnected"}
    assert closed == [{"type": "close", "error": True}]
    assert [error.message for error in run.errors] == ["Close code 1001."]
    await ended(run)


async def test_connecting_waits_for_the_end_of_the_session_before() -> None:
    run = await connected()
    run.client.disconnect()
    await run.client.connect()
    assert run.server.is_open
    await run.client.disconnect()


async def test_handlers_are_not_doubled_by_reconnecting(run: Run) -> None:
    await run.client.disconnect()
    await run.client.connect()
    run.server.user_item("u")
    assert len(run.of("conversation.item.appended")) == 1


# Keys.


def test_a_key_that_is_not_ephemeral_is_refused_in_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IN_PAGE", True)
    with pytest.raises(InvalidArgumentError, match="Can not provide API key in the browser") as raised:
        RealtimeClient(transport=Server(), api_key=SECRET)
    assert SECRET not in str(raised.value)
    RealtimeClient(transport=Server(), api_key="ek_123")
    RealtimeClient(transport=Server(), api_key="")
    RealtimeClient({"apiKey": SECRET, "dangerouslyAllowAPIKeyInBrowser": True}, transport=Server())


def test_which_keys_are_ephemeral_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IN_PAGE", True)
    for options in ({"is_ephemeral_key": lambda key: key.startswith("xai-")}, {"isEphemeralKey": "xai-abc".__eq__}):
        RealtimeClient(options, transport=Server(), api_key="xai-abc")
        for other in (SECRET, "ek_123"):
            with pytest.raises(InvalidArgumentError, match="in the browser"):
                RealtimeClient(options, transport=Server(), api_key=other)
    with pytest.raises(InvalidArgumentError, match="is_ephemeral_key must be a function"):
        RealtimeClient(transport=Server(), is_ephemeral_key="ek_")  # type: ignore[arg-type]


async def test_a_key_may_come_from_a_function_and_is_checked_then(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = iter(["ek_1", "ek_2", SECRET, 3])

    async def mint() -> Any:
        return next(keys)

    monkeypatch.setattr(settings, "IN_PAGE", True)
    run = Run(api_key=mint)
    for expected in ("ek_1", "ek_2"):
        await run.client.connect()
        assert run.server.requests[-1].api_key == expected
        await run.client.disconnect()
    for reason in ("in the browser", "returned int"):
        with pytest.raises(InvalidArgumentError, match=reason) as raised:
            await run.client.connect()
        assert SECRET not in str(raised.value)
    await turns()


async def test_the_key_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InvalidArgumentError, match="url contains") as raised:
        RealtimeClient(transport=Server(), api_key=SECRET, url=f"wss://x.test?api_key={SECRET}")
    seen: list[Any] = [raised.value]
    run = Run(api_key=SECRET, url="wss://x.test/v1/realtime", server=Server(fails_with=TransportStartError("No.")))
    run.client.on("*", seen.append)
    with pytest.raises(TransportStartError) as failed:
        await run.client.connect()
    run.server.fails_with = None
    await run.client.connect()
    await run.client.disconnect()
    request = run.server.requests[-1]
    assert request.api_key == SECRET
    assert request.url == "wss://x.test/v1/realtime"
    shown = [*map(repr, seen), repr(failed.value), repr(request), repr(vars(run.client)), *run.server.frames]
    assert SECRET not in "".join([*shown, caplog.text])


@pytest.mark.parametrize(
    "url",
    [
        f"wss://x.test/v1?key={SECRET}",
        f"wss://user:{SECRET}@x.test/v1",
        f"/v1?api-key={SECRET}&x#{SECRET}",
        f"//user:{SECRET}@x.test",
    ],
)
async def test_a_secret_in_the_address_shows_nowhere(caplog: pytest.LogCaptureFixture, url: str) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Any] = []
    run = Run(url=url, server=Server(fails_with=TransportStartError("No.")), timeout=1)
    run.client.on("*", seen.append)
    run.client.realtime.on("*", seen.append)
    for hangs in (False, True):
        run.server.hangs = hangs
        with pytest.raises(RTVIError) as failed:
            await run.client.connect()
        seen += [failed.value, str(failed.value), failed.value.__cause__]
    run.server.hangs, run.server.fails_with = False, None
    await run.client.connect()
    run.server.lose()
    await turns()
    (request, *_) = run.server.requests
    assert request.url == url
    with pytest.raises(InvalidArgumentError) as refused:
        RealtimeClient(transport=Server(), url=[url])  # type: ignore[arg-type]
    settings_of = settings.Settings.of({"url": url}, {})
    shown = [*map(repr, seen), repr(request), repr(settings_of), str(refused.value), *run.server.frames, caplog.text]
    assert SECRET not in "".join(shown)
    await run.client.disconnect()


# Settings.


def test_settings_by_dict_and_by_keyword() -> None:
    server = Server()
    client = RealtimeClient({"url": "wss://a.test", "transport": server}, {"instructions": "Hi."}, keep_audio=None)
    assert client.config["instructions"] == "Hi."
    for wrong, reason in (
        ({"apikey": "x"}, "Did you mean 'api_key'"),
        ({"transport": "web"}, "Did you mean 'websocket'|must be"),
        ({"keep_audio": -1}, "keep_audio must be"),
        ({"timeout": 0}, "timeout must be"),
        ({"url": 3}, "url must be"),
        ({"api_key": 3}, "api_key must be"),
    ):
        with pytest.raises(InvalidArgumentError, match=reason):
            RealtimeClient({"transport": Server(), **wrong})


# Sending.


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


# Sound.


async def test_sound_goes_in_bounded_messages(run: Run) -> None:
    assert run.client.append_input_audio(pcm(60_000)) is True
    sent = [base64.b64decode(event["audio"]) for event in run.server.sent_of("input_audio_buffer.append")]
    assert [len(chunk) for chunk in sent] == [48_000, 48_000, 24_000]
    assert b"".join(sent) == bytes(run.client.input_audio_buffer) == pcm(60_000)
    assert run.client.append_input_audio(b"") is True
    assert len(run.server.types) == 3


async def test_messages_of_sound_fit_the_transport() -> None:
    run = await connected(server=Server(max_message_size=16_384))
    run.client.append_input_audio(pcm(24_000))
    assert max(map(len, run.server.frames)) <= 16_384
    await run.client.disconnect()


async def test_the_microphone_is_heard_unless_muted(run: Run) -> None:
    run.server.hear(pcm(240))
    run.client.mute()
    assert run.client.is_muted
    run.server.hear(pcm(240))
    run.client.mute(False)
    run.server.hear(pcm(240))
    assert run.server.types == ["input_audio_buffer.append"] * 2
    run.server.is_open = False
    run.server.hear(pcm(240))  # the transport reports the loss by itself
    assert run.client.input_audio_buffer.total == 480


async def test_the_persons_sound_is_bounded_however_long_it_lasts() -> None:
    run = await connected(config={"turn_detection": {"type": "server_vad"}})
    for _ in range(130):
        run.client.append_input_audio(bytes(48_000))
    assert len(run.client.input_audio_buffer) == 60 * 24_000
    assert run.client.input_audio_buffer.total == 130 * 24_000
    await run.client.disconnect()


async def answering(run: Run, samples: int = 24_000) -> None:
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(samples))


async def test_an_interruption_truncates_at_what_was_heard(run: Run) -> None:
    run.client.update_config({"turn_detection": {"type": "server_vad"}})
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 12_013)
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    assert run.events[-1]["type"] == "input_audio_buffer.speech_started"  # conversation.interrupted
    await turns()
    (truncated,) = run.server.sent_of("conversation.item.truncate")
    assert (truncated["item_id"], truncated["content_index"], truncated["audio_end_ms"]) == ("item_a", 0, 500)
    assert "response.cancel" not in run.server.types  # the server has done so


async def test_interruption_can_be_switched_off(run: Run) -> None:
    run.client.update_config({"turn_detection": {"type": "server_vad", "interrupt_response": False}})
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 12_000)
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    await turns()
    assert run.server.types == []
    assert run.server.now_playing is not None


@pytest.mark.parametrize(
    ("heard", "end"),
    [
        *[(0, None), (23, None), (-5, None), (24, 1), (12_013, 500), (24_000, 1000), (99_999, 1000)],
        *[(0.5, None), (12_013.7, 500), (23_999.9, 999), (float("inf"), 1000), (-float("inf"), None)],
    ],
)
async def test_cancel_response_truncates_whole_milliseconds_of_what_there_is(
    run: Run, heard: float, end: int | None
) -> None:
    await answering(run)
    assert run.client.cancel_response("item_a", heard).item is run.item("item_a")
    assert run.server.types[0] == "response.cancel"
    assert [event["audio_end_ms"] for event in run.server.sent_of("conversation.item.truncate")] == (
        [end] if end else []
    )
    await turns()


async def test_an_answer_is_not_cut_twice_at_the_same_place(run: Run) -> None:
    await answering(run)
    run.server.say("conversation.item.truncated", item_id="item_a", content_index=0, audio_end_ms=500)
    run.client.cancel_response("item_a", 12_000)
    run.client.cancel_response("item_a", 20_000)
    assert run.server.sent_of("conversation.item.truncate") == []
    run.client.cancel_response("item_a", 6_000)
    assert len(run.server.sent_of("conversation.item.truncate")) == 1
    await turns()


async def test_what_cannot_be_cancelled_says_so_and_nothing_is_sent(run: Run) -> None:
    run.server.user_item("u")
    run.server.response()
    run.server.call("f", "{}", status="in_progress")
    for id, reason in (
        ("never", 'Could not find item "never"'),
        ("u", 'with role "assistant"'),
        ("item_call_1", 'with type "message"'),
    ):
        with pytest.raises(InvalidArgumentError, match=reason):
            run.client.cancel_response(id)
    await answering(run)
    count: Any
    for count in (float("nan"), "24000", None, True):
        with pytest.raises(InvalidArgumentError, match="sample_count must be"):
            run.client.cancel_response("item_a", count)
    assert run.server.types == []


async def test_interrupt_and_writing_make_the_model_fall_silent(run: Run) -> None:
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 2_400)
    await run.client.send_text("Stop.")
    assert run.server.types == ["response.cancel", "conversation.item.truncate", "conversation.item.create"]
    run.server.done(status="cancelled")
    assert run.server.types[-1] == "response.create"
    assert await run.client.interrupt() is None


async def test_writing_can_wait(run: Run) -> None:
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 2_400)
    await run.client.send_text("And?", interrupt=False)
    assert run.server.types == ["conversation.item.create"]


async def test_over_tracks_the_server_plays_and_truncates() -> None:
    run = await connected(server=Server(carries_tracks=True))
    await answering(run)
    assert run.server.played == []
    spoken: list[Any] = []
    run.client.on("conversation.speaking", spoken.append)
    run.server.say("output_audio_buffer.started", response_id="resp_1")
    await run.client.interrupt()
    run.server.say("output_audio_buffer.cleared", response_id="resp_1")
    assert [event.speaking for event in spoken] == [True, False]
    assert run.server.types == ["response.cancel", "output_audio_buffer.clear"]
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    await turns()
    assert len(run.server.types) == 2
    await run.client.disconnect()


async def test_the_shipped_script_is_a_transport_by_itself() -> None:
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport)
    await client.connect()
    client.create_response()
    assert transport.sent[-1]["type"] == "response.create"
    await client.resume_output()
    assert client.tracks().bot.audio is None
    await client.disconnect()


# Deltas of sound.


@given(sound=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40)), announced=st.booleans())
def test_sound_is_played_and_kept_in_whole_samples_wherever_it_is_cut(
    sound: bytes, cuts: list[int], announced: bool
) -> None:
    async def check() -> None:
        run = await connected()
        run.server.response()
        if announced:  # An item that is not announced is made.
            run.server.answer()
        edges = sorted({0, len(sound), *(cut for cut in cuts if cut < len(sound))})
        for start, end in pairwise(edges):
            run.server.audio(sound[start:end])
        whole = sound[: len(sound) // 2 * 2]
        played = [pcm for _, pcm in run.server.played]
        assert all(pcm and len(pcm) % 2 == 0 for pcm in played)
        assert b"".join(played) == whole
        updates = [event.delta.audio for event in run.of("conversation.updated") if event.delta]
        assert updates == played
        if whole:
            assert bytes(run.item("item_a").formatted.audio) == whole
        await run.client.disconnect()

    asyncio.run(check())


async def test_half_a_sample_is_forgotten_with_its_session(run: Run) -> None:
    run.server.audio(b"\1\0\2")
    await run.client.disconnect()
    await run.client.connect()
    run.server.audio(b"\3\0")
    assert [pcm for _, pcm in run.server.played] == [b"\1\0", b"\3\0"]
