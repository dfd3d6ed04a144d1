"""What was heard: the person's sound stays with its item, and answers that were not heard leave the conversation."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, Server, connected, pcm, turns, violations

from rtvi_web.realtime import Played
from rtvi_web.realtime.protocol.content import history_items
from rtvi_web.realtime.protocol.items import Item

AUDIO = {"type": "input_audio"}


@pytest.fixture
async def run() -> Any:
    run = await connected(config={"turn_detection": None})
    yield run
    await run.client.disconnect()


# The person's sound.


@pytest.mark.parametrize("named", [True, False])
async def test_the_sound_of_a_message_stays_with_its_item(run: Run, named: bool) -> None:
    sound = pcm(2400, 7)
    run.client.send_user_message_content([{"type": "input_text", "text": "Hear:"}, {**AUDIO, "audio": sound}])
    run.client.send_user_message_content([{"type": "input_text", "text": "Only text."}])
    spoken, written = (event["item"] for event in run.server.sent_of("conversation.item.create"))
    assert "id" not in written
    echo = {key: value for key, value in spoken["content"][1].items() if key != "audio"}
    if not named:  # a server that takes no ids of clients
        spoken = {**spoken, "id": "other"}
    run.server.user_item(spoken["id"], content=[spoken["content"][0], echo])
    assert bytes(run.item(spoken["id"]).formatted.audio) == (sound if named else b"")


async def test_the_sound_of_every_commit_goes_to_its_item(run: Run) -> None:
    for value in (1, 2, 3):
        run.client.append_input_audio(pcm(2400, value))
        run.client.realtime.send("input_audio_buffer.commit")
    run.server.say("input_audio_buffer.committed", item_id="a")
    run.server.user_item("a", content=[AUDIO])
    run.server.user_item("b", previous="a", content=[AUDIO])  # before its committed event
    run.server.say("input_audio_buffer.committed", item_id="b")
    run.server.say("input_audio_buffer.committed", item_id="c")
    run.server.user_item("c", previous="b", content=[AUDIO])
    for id, value in (("a", 1), ("b", 2), ("c", 3)):
        assert bytes(run.item(id).formatted.audio) == pcm(2400, value)


async def test_a_refused_commit_takes_its_own_sound_along(run: Run) -> None:
    for value in (1, 2):
        run.client.append_input_audio(pcm(2400, value))
        run.client.realtime.send("input_audio_buffer.commit")
    run.server.say("error", error={"code": "input_audio_buffer_commit_empty", "message": "Empty."})
    run.server.say("input_audio_buffer.committed", item_id="b")
    run.server.user_item("b", content=[AUDIO])
    assert bytes(run.item("b").formatted.audio) == pcm(2400, 2)


@pytest.mark.parametrize(("samples", "answered"), [(0, True), (1, False), (2399, False), (2400, True)])
@pytest.mark.parametrize("microphone", [True, False])
async def test_a_turn_of_push_to_talk_under_100_ms_is_told(
    run: Run, samples: int, answered: bool, microphone: bool
) -> None:
    if samples:
        (run.server.hear if microphone else run.client.append_input_audio)(pcm(samples))
    assert run.client.create_response() is True
    assert ("response.create" in run.server.types) is answered
    assert ("input_audio_buffer.commit" in run.server.types) is (answered and samples > 0)
    assert [(error.source, "less than 100 ms" in error.message) for error in run.errors] == (
        [] if answered else [("message", True)]
    )
    if not answered:  # It counts as the beginning of the next turn.
        run.client.append_input_audio(pcm(2400))
        run.client.create_response()
        assert run.server.types[-2:] == ["input_audio_buffer.commit", "response.create"]


async def test_a_message_is_answered_however_short_the_sound_is(run: Run) -> None:
    run.server.hear(pcm(100))
    run.client.send_user_message_content([{"type": "input_text", "text": "Hi"}])
    assert run.server.types[1:] == ["conversation.item.create", "response.create"]


# Answers that were not heard.


def say(run: Run, id: str, samples: int = 24_000, *, response: str = "resp_1") -> None:
    run.server.answer(id, response=response, previous=run.ids[-1] if run.ids else None)
    run.server.delta("output_audio_transcript", f"Words of {id}", id, response=response)
    run.server.delta("output_audio", base64.b64encode(pcm(samples)).decode(), id, response=response)


def deleted(run: Run) -> list[str]:
    return [event["item_id"] for event in run.server.sent_of("conversation.item.delete")]


def exported(run: Run) -> list[str]:
    return [item["content"][0]["text"] for item in run.client.export_history() if item["type"] == "message"]


async def interrupt(run: Run, how: str) -> None:
    if how == "interrupt":
        await run.client.interrupt()
    else:
        run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
        await turns()


@pytest.mark.parametrize("how", ["interrupt", "speech"])
@pytest.mark.parametrize("samples", [0, 23, 24, 12_000])
async def test_answers_that_were_not_heard_are_deleted(run: Run, how: str, samples: int) -> None:
    run.server.response()
    for id in ("a", "b", "c"):
        say(run, id)
    run.server.now_playing = Played("b", 0, samples)  # a was heard in full
    await interrupt(run, how)
    heard = samples >= 24
    assert set(deleted(run)) == ({"c"} if heard else {"b", "c"})
    assert len(run.server.sent_of("conversation.item.truncate")) == heard
    assert exported(run) == (["Words of a", "Words of b"] if heard else ["Words of a"])
    if heard:  # Of what was cut, the words are unknown.
        run.server.say("conversation.item.truncated", item_id="b", content_index=0, audio_end_ms=1)
        assert exported(run) == ["Words of a"]
    for id in deleted(run):
        run.server.say("conversation.item.deleted", item_id=id)
    assert exported(run) == ["Words of a"]
    await interrupt(run, how)
    assert len(deleted(run)) == len(set(deleted(run)))


@pytest.mark.parametrize("how", ["interrupt", "speech"])
async def test_an_answer_that_comes_after_the_interruption_is_deleted_at_its_end(run: Run, how: str) -> None:
    run.server.response()
    await interrupt(run, how)
    say(run, "late")
    assert run.server.played == []
    assert deleted(run) == []
    item = {"id": "late", "type": "message", "role": "assistant", "status": "incomplete", "content": []}
    run.server.done(status="cancelled", output=[item])
    assert deleted(run) == ["late"]
    assert exported(run) == []


async def test_what_was_heard_in_full_or_is_written_stays(run: Run) -> None:
    run.server.response()
    say(run, "a")
    run.server.done()
    await run.client.interrupt()  # nothing is playing any more
    run.server.response("resp_2")
    await run.client.interrupt()
    run.server.answer("b", response="resp_2", previous="a")
    run.server.delta("output_text", "Written", "b", response="resp_2")
    item = {"id": "b", "type": "message", "role": "assistant", "status": "incomplete", "content": []}
    run.server.done("resp_2", status="cancelled", output=[item])
    assert deleted(run) == []
    assert exported(run) == ["Words of a", "Written"]


@pytest.mark.parametrize(("end", "gone"), [(0, True), (500, False)])
async def test_over_webrtc_the_server_says_what_was_heard(end: int, gone: bool) -> None:
    run = await connected(server=Server(carries_tracks=True))
    run.server.response()
    say(run, "a")
    await run.client.interrupt()
    run.server.say("conversation.item.truncated", item_id="a", content_index=0, audio_end_ms=end)
    assert deleted(run) == (["a"] if gone else [])
    assert exported(run) == []
    await run.client.disconnect()


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize("how", ["cancel", "interrupt"])
async def test_over_webrtc_an_answer_that_the_server_never_began_to_play_is_deleted(started: bool, how: str) -> None:
    run = await connected(server=Server(carries_tracks=True))
    run.client.create_response()
    if how == "cancel":  # before the server has made it
        run.client.cancel()
    run.server.response()
    if started:
        run.server.say("output_audio_buffer.started", response_id="resp_1")
    say(run, "a")
    await run.client.interrupt()
    item = {"id": "a", "type": "message", "role": "assistant", "status": "incomplete", "content": []}
    run.server.done(status="cancelled", output=[item])
    gone = how == "cancel" or not started
    assert deleted(run) == (["a"] if gone else [])
    assert exported(run) == ([] if gone else ["Words of a"])  # until the server says where it was cut
    await run.client.disconnect()


# Histories.

TEXTS = st.sampled_from(["", " ", "Hello"])
PARTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "input_text", "output_text", "audio", "input_audio", "output_audio", "x", 3])},
    optional={
        "text": TEXTS,
        "transcript": TEXTS,
        "audio": st.sampled_from(["AAA=", "!", "", None]),
        "image_url": TEXTS,
    },
)
ITEMS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["item_1", "item_2", "i" * 33, "", None, 4]),
        "object": st.just("realtime.item"),
        "type": st.sampled_from(
            ["message", "function_call", "function_call_output", "mcp_call", "mcp_list_tools", "reasoning", None, []]
        ),
        "role": st.sampled_from(["user", "assistant", "system", "tool", None]),
        "status": st.sampled_from(["in_progress", "completed", "incomplete", None]),
        "content": st.lists(PARTS, max_size=3) | st.sampled_from(["x", None]),
        "call_id": st.sampled_from(["call_1", "call_2", "", None]),
        "name": st.sampled_from(["f", "", None]),
        "arguments": st.sampled_from(["{}", None]),
        "output": st.sampled_from(["4", None, {}]),
    },
)


@given(st.lists(ITEMS, max_size=4))
def test_what_is_imported_can_be_created(items: list[dict[str, Any]]) -> None:
    known = Item("item_2", type="function_call", call_id="call_2")
    created = history_items(items, [known])
    ids = [item["id"] for item in created if "id" in item]
    assert len({*ids, "item_2"}) == len(ids) + 1
    assert all(len(id) <= 32 for id in ids)
    calls = {"call_2"}
    for item in created:
        calls |= {item["call_id"]} if item["type"] == "function_call" else set()
        assert item.get("call_id", "call_2") in calls  # an output comes after its call
        assert item.get("name") != ""
        assert all(part.get("audio") != "!" for part in item.get("content", []))
        assert violations({"type": "conversation.item.create", "event_id": "evt_1", "item": item}) == []
        if item["type"] == "message":
            allowed = {"assistant": {"output_text"}, "system": {"input_text"}}
            kinds = {part["type"] for part in item["content"]}
            assert kinds
            assert kinds <= allowed.get(item["role"], {"input_text", "input_audio", "input_image"})
        assert "status" not in item


async def test_spoken_answers_are_imported_as_text(run: Run) -> None:
    spoken = {"type": "output_audio", "transcript": "Four.", "audio": "AAA="}
    run.client.import_history(
        [
            {"type": "message", "role": "assistant", "status": "completed", "content": [spoken]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_audio"}]},
            {"type": "mcp_list_tools", "server_label": "x", "tools": []},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        ]
    )
    assert [event["item"] for event in run.server.sent_of("conversation.item.create")] == [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Four."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    ]
