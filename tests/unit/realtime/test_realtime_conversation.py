"""The conversation as the server's events tell it."""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest
from realtime_server import Run, Server, connected, pcm

from rtvi_web import InvalidArgumentError
from rtvi_web.realtime import Conversation, InputAudio
from rtvi_web.realtime.protocol.items import Delta

AUDIO = {"type": "input_audio", "transcript": None}


def emitted(run: Run) -> list[tuple[str, str]]:
    return [(event.type.removeprefix("conversation."), event.item.id) for event in run.events]


@pytest.mark.parametrize("path", ["added", "created", "done", "output_item.added", "output_item.done", "response.done"])
async def test_an_item_is_made_once_whichever_event_tells_of_it_first(run: Run, path: str) -> None:
    item: dict[str, Any] = {"id": "a", "type": "message", "role": "assistant", "status": "completed", "content": []}
    item["content"] = [{"type": "output_text", "text": "Hi."}]
    run.server.response()
    for _ in range(2):
        match path:
            case "response.done":
                run.server.done(output=[item])
            case "added" | "created" | "done":
                run.server.say(f"conversation.item.{path}", previous_item_id=None, item=item)
            case _:
                run.server.say(f"response.{path}", response_id="resp_1", item=item)
    assert run.ids == ["a"]
    assert run.item("a").formatted.text == "Hi."
    assert [kind for kind, _ in emitted(run)].count("item.appended") == 1
    assert [kind for kind, _ in emitted(run)].count("item.completed") == int(not path.endswith("added"))


async def test_an_answer_aloud_from_beginning_to_end(run: Run) -> None:
    server = run.server
    server.response()
    server.answer()
    server.say("response.content_part.added", item_id="item_a", content_index=0, part={"type": "audio"})
    server.delta("output_audio_transcript", "Hel")
    server.audio(pcm(240))
    server.delta("output_audio_transcript", "o")
    server.say("response.output_audio_transcript.done", item_id="item_a", content_index=0, transcript="Hello")
    item = run.item("item_a")
    assert item.content == [{"type": "output_audio", "transcript": "Hello"}]  # the final word outranks the deltas
    assert item.formatted.transcript == "Hello"
    assert bytes(item.formatted.audio) == pcm(240)
    assert item.status == "in_progress"
    final: dict[str, Any] = {"id": "item_a", "type": "message", "role": "assistant", "status": "completed"}
    final["content"] = [{"type": "output_audio", "transcript": "Hello."}]
    server.say("conversation.item.done", previous_item_id=None, item=final)
    server.say("response.output_item.done", response_id="resp_1", item=final)
    server.done(output=[final])
    assert item is run.item("item_a")
    assert item.formatted.transcript == "Hello."
    assert [event.delta for event in run.of("conversation.updated") if event.delta] == [
        Delta(transcript="Hel"),
        Delta(audio=pcm(240)),
        Delta(transcript="o"),
    ]
    assert emitted(run).count(("item.completed", "item_a")) == 1
    assert server.played == [("item_a", pcm(240))]


async def test_the_betas_names_mean_the_same(run: Run) -> None:
    server = run.server
    server.response()
    item = {"id": "item_a", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    server.say("conversation.item.created", previous_item_id=None, item=item)
    server.say("response.content_part.added", item_id="item_a", content_index=0, part={"type": "text", "text": ""})
    server.delta("text", "Hi")
    server.say("response.content_part.added", item_id="item_a", content_index=1, part={"type": "audio"})
    server.delta("audio_transcript", "Ho", index=1)
    server.delta("audio", base64.b64encode(pcm(1)).decode(), index=1)
    assert run.item("item_a").content == [
        {"type": "output_text", "text": "Hi"},
        {"type": "output_audio", "transcript": "Ho"},
    ]
    assert run.item("item_a").formatted.text == "Hi"
    assert run.item("item_a").formatted.transcript == "Ho"
    assert len(run.item("item_a").formatted.audio) == 1


async def test_items_are_where_the_server_says(run: Run) -> None:
    run.server.user_item("b", previous="a")  # its predecessor is unknown as yet
    run.server.user_item("d", previous="c")
    run.server.user_item("c", previous="b")
    assert run.ids == ["b", "c", "d"]
    run.server.user_item("a", previous=None)
    assert run.ids == ["a", "b", "c", "d"]
    run.server.user_item("a2", previous="a")
    run.server.user_item("first", previous="root")
    assert run.ids == ["first", "a", "a2", "b", "c", "d"]
    run.server.say("conversation.item.created", item={"id": "e", "type": "message"})  # it doesn't say
    assert run.ids[-1] == "e"


@pytest.mark.parametrize("done", [False, True])
async def test_items_end_in_their_order_whatever_order_they_come_in(done: bool) -> None:
    for length in range(1, 6):
        for order in itertools.permutations(range(length)):
            conversation = Conversation(keep_audio=0, input_audio=InputAudio(1), is_out_of_band=lambda _: False)
            for step in ("added", "done") if done else ("added",):
                for n in order:
                    item = {"id": f"i{n}", "type": "message", "role": "user", "content": []}
                    event = {"previous_item_id": f"i{n - 1}" if n else None, "item": item}
                    conversation.process_event({"type": f"conversation.item.{step}", **event})
            assert [item.id for item in conversation.get_items()] == [f"i{n}" for n in range(length)]


async def test_what_the_server_says_of_the_order_may_change_and_may_be_nonsense(run: Run) -> None:
    for id, previous in (("a", None), ("b", "a"), ("c", "b"), ("d", "root")):
        run.server.user_item(id, previous=previous)
    assert run.ids == ["d", "a", "b", "c"]
    run.server.user_item("a", previous="d")
    run.server.user_item("b", previous="d")  # what follows it comes along
    assert run.ids == ["d", "b", "c", "a"]
    run.server.user_item("b", previous="c")  # a circle
    run.server.user_item("a", previous="a")
    run.server.user_item("a", previous=3)  # type: ignore[arg-type]
    assert run.ids == ["d", "b", "c", "a"]
    run.server.user_item("e", previous="later")
    run.server.user_item("e", previous="d")
    run.server.user_item("later", previous="a")  # it no longer waits for this
    assert run.ids == ["d", "e", "b", "c", "a", "later"]
    for id in ("e", "a"):
        run.server.say("conversation.item.deleted", item_id=id)
    run.server.user_item("a", previous="d")
    assert run.ids == ["d", "a", "b", "c", "later"]


async def test_deletion_and_truncation(run: Run) -> None:
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(2400))
    run.server.delta("output_audio_transcript", "Hello there")
    run.server.say("conversation.item.truncated", item_id="item_a", content_index=0, audio_end_ms=50)
    item = run.item("item_a")
    assert (len(item.formatted.audio), item.audio_end_ms) == (1200, 50)
    assert item.formatted.transcript == "Hello there"  # what was said stays readable
    run.server.audio(pcm(240))
    assert len(item.formatted.audio) == 1200
    run.server.say("conversation.item.deleted", item_id="item_a")
    assert run.ids == []
    assert run.events[-1].item is item


async def test_what_the_person_said_is_cut_from_the_window(run: Run) -> None:
    run.client.update_config({"turn_detection": {"type": "server_vad"}})
    for tenth in range(20):
        run.client.append_input_audio(pcm(2400, tenth))
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=500)
    run.server.say("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=700)
    run.server.say("input_audio_buffer.committed", item_id="u", previous_item_id=None)
    run.server.user_item("u", content=[AUDIO])
    assert bytes(run.item("u").formatted.audio) == pcm(2400, 5) + pcm(2400, 6)


async def test_speech_of_an_item_that_came_before_it_stopped(run: Run) -> None:
    run.client.update_config({"turn_detection": {"type": "server_vad"}})
    run.client.append_input_audio(pcm(24_000))
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=500)
    run.server.user_item("u", content=[AUDIO])
    assert len(run.item("u").formatted.audio) == 0
    run.server.say("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=700)
    assert len(run.item("u").formatted.audio) == 4800


@pytest.mark.parametrize("committed", [True, False])
async def test_push_to_talk_gives_its_sound_to_the_spoken_item(run: Run, committed: bool) -> None:
    run.client.append_input_audio(pcm(240))
    run.client.create_response()
    assert run.server.types == ["input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]
    run.server.user_item("typed", content=[{"type": "input_text", "text": "Hi"}])
    if committed:
        run.server.say("input_audio_buffer.committed", item_id="spoken", previous_item_id="typed")
    run.server.user_item("spoken", previous="typed", content=[AUDIO])
    assert len(run.item("typed").formatted.audio) == 0
    assert len(run.item("spoken").formatted.audio) == 240


async def test_what_is_sent_by_hand_counts_too(run: Run) -> None:
    run.client.realtime.send("input_audio_buffer.append", {"audio": base64.b64encode(pcm(240)).decode()})
    run.client.realtime.send("input_audio_buffer.commit")
    run.server.user_item("u", content=[AUDIO])
    run.client.create_response()
    assert len(run.item("u").formatted.audio) == 240
    assert run.server.types == ["input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]


async def test_what_is_said_while_the_server_clears_its_buffer_is_kept(run: Run) -> None:
    run.client.append_input_audio(pcm(100))
    run.client.realtime.send("input_audio_buffer.clear")
    run.client.append_input_audio(pcm(240))
    run.server.say("input_audio_buffer.cleared")
    run.client.create_response()
    run.server.user_item("u", content=[AUDIO])
    assert run.server.types[-2:] == ["input_audio_buffer.commit", "response.create"]
    assert len(run.item("u").formatted.audio) == 240


async def test_a_refused_commit_leaves_no_sound_for_the_next_item(run: Run) -> None:
    run.client.append_input_audio(pcm(240))
    run.client.create_response()
    run.server.say("error", error={"code": "input_audio_buffer_commit_empty", "message": "too small"})
    run.server.user_item("u", content=[AUDIO])
    assert len(run.item("u").formatted.audio) == 0
    assert run.errors == []


@pytest.mark.parametrize("before", [True, False])
async def test_transcriptions_come_before_and_after(run: Run, before: bool) -> None:
    def transcribe() -> None:
        name = "conversation.item.input_audio_transcription.completed"
        usage = {"type": "duration", "seconds": 2}
        run.server.say(name, item_id="u", content_index=0, transcript="Hello", usage=usage)

    if before:
        transcribe()
    run.server.user_item("u", content=[AUDIO])
    if not before:
        run.server.say("conversation.item.input_audio_transcription.delta", item_id="u", content_index=0, delta="Hel")
        assert run.item("u").formatted.transcript == "Hel"
        transcribe()
        assert run.events[-1].delta == Delta(transcript="lo")
    assert run.item("u").content[0]["transcript"] == "Hello"
    assert run.item("u").formatted.transcript == "Hello"
    assert run.client.usage.transcription == {"seconds": 2}


async def test_transcriptions_of_nothing_and_failures(run: Run) -> None:
    run.server.user_item("u", content=[AUDIO])
    run.server.say("conversation.item.input_audio_transcription.completed", item_id="u", content_index=0, transcript="")
    assert run.item("u").formatted.transcript == " "
    run.server.user_item("v", previous="u", content=[AUDIO])
    failed = {"code": "audio_unintelligible", "message": "?"}
    run.server.say("conversation.item.input_audio_transcription.failed", item_id="v", content_index=0, error=failed)
    assert run.item("v").formatted.transcript_error == failed
    assert run.events[-1].item is run.item("v")
    run.server.say("conversation.item.input_audio_transcription.failed", item_id="w", content_index=0, error=failed)
    run.server.user_item("w", previous="v", content=[AUDIO])
    assert run.item("w").formatted.transcript_error == failed


async def test_what_comes_late_undoes_nothing(run: Run) -> None:
    item: dict[str, Any] = {"id": "a", "type": "message", "role": "assistant", "status": "completed", "content": []}
    run.server.response()
    for step in ("done", "added"):
        status = "completed" if step == "done" else "in_progress"
        run.server.say(f"response.output_item.{step}", response_id="resp_1", item={**item, "status": status})
    assert run.item("a").status == "completed"
    run.server.say("conversation.item.deleted", item_id="a")
    run.server.done(output=[item])
    assert run.ids == []
    run.server.user_item("a")  # another of this name
    assert [event.item.id for event in run.of("conversation.item.completed")] == ["a", "a"]


async def test_a_status_may_be_left_out(run: Run) -> None:
    content = [{"type": "input_text", "text": "Hi"}]
    for step in ("added", "done"):
        user = {"id": "u", "type": "message", "role": "user", "content": content}
        run.server.say(f"conversation.item.{step}", previous_item_id=None, item=user)
        call = {"id": "c", "type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
        run.server.say(f"conversation.item.{step}", previous_item_id="u", item=call)  # one of a history
    run.server.response()
    run.server.answer(previous="c")
    final: dict[str, Any] = {"id": "item_a", "type": "message", "role": "assistant", "content": []}
    run.server.say("response.output_item.done", response_id="resp_1", item=final)
    assert [event.item.id for event in run.of("conversation.item.completed")] == ["u", "c", "item_a"]
    run.server.done(status="cancelled", output=[final])
    assert run.item("item_a").status == "incomplete"


async def test_sound_in_items_moves_to_where_sound_is_kept(run: Run) -> None:
    content = [{"type": "input_audio", "audio": base64.b64encode(pcm(24)).decode(), "transcript": "Hi"}]
    item = {"id": "u", "type": "message", "role": "user", "status": "completed", "content": content}
    run.server.say("conversation.item.retrieved", item=item)
    assert run.item("u").content == [{"type": "input_audio", "transcript": "Hi"}]
    assert len(run.item("u").formatted.audio) == 24


@pytest.mark.parametrize(("keep", "kept"), [(0, 0), (1.0, 24_000), (None, 48_000)])
async def test_how_much_sound_is_kept_is_a_choice(keep: float | None, kept: int) -> None:
    run = await connected(server=Server(), keep_audio=keep)
    run.server.response()
    run.server.answer()
    for _ in range(20):
        run.server.audio(pcm(2400))
    assert len(run.item("item_a").formatted.audio) == kept
    assert run.item("item_a").formatted.audio.received == 48_000
    await run.client.disconnect()


async def test_the_items_of_a_session_that_is_over_stay_until_the_next(run: Run) -> None:
    run.server.user_item("u")
    await run.client.disconnect()
    run.server.user_item("late", previous="u")
    assert run.ids == ["u"]
    await run.client.connect()
    assert run.ids == []


async def test_other_items_are_kept_as_they_are(run: Run) -> None:
    item = {"id": "m", "type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": "{}"}
    run.server.say("conversation.item.done", previous_item_id=None, item=item)
    assert run.item("m").extra == {"server_label": "s"}
    output = {"id": "o", "type": "function_call_output", "call_id": "c", "output": "4"}
    run.server.say("conversation.item.created", previous_item_id="m", item=output)
    assert run.item("o").formatted.output == "4"
    assert run.item("o").status == "completed"


async def test_history_goes_to_another_session_as_text(run: Run) -> None:
    server = run.server
    server.user_item("u", content=[{**AUDIO, "transcript": "What is 2+2?"}])
    server.response()
    server.call("add", '{"a": 2}')
    output = {"id": "o", "type": "function_call_output", "call_id": "call_1", "output": "4"}
    server.say("conversation.item.created", previous_item_id="item_call_1", item=output)
    server.answer(previous="o")
    server.delta("output_audio_transcript", "Four.")
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}
    server.user_item("i", previous="item_a", content=[image, {"type": "input_text", "text": "This?"}])
    server.user_item("silent", previous="i", content=[AUDIO])
    history = run.client.export_history()
    assert history == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is 2+2?"}]},
        {"type": "function_call", "call_id": "call_1", "name": "add", "arguments": '{"a": 2}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "4"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Four."}]},
        {"type": "message", "role": "user", "content": [image, {"type": "input_text", "text": "This?"}]},
    ]
    await run.client.disconnect()
    await run.client.connect()
    run.client.import_history(history)
    assert [event["item"] for event in server.sent_of("conversation.item.create")] == history
    server.user_item("u")
    wrong: Any
    for wrong in (run.client.get_conversation_items(), [history[0], None], {"type": "message"}, "x", None):
        with pytest.raises(InvalidArgumentError, match="An item of a history must be a dict"):
            run.client.import_history(wrong)
    assert len(server.sent_of("conversation.item.create")) == len(history)


async def test_the_words_of_a_truncated_answer_are_no_history(run: Run) -> None:
    run.server.response()
    run.server.answer()
    run.server.delta("output_audio_transcript", "All that was never heard")
    run.server.audio(pcm(48_000))
    run.server.answer("item_b", previous="item_a")
    run.server.delta("output_audio_transcript", "Heard", "item_b")
    run.server.say("conversation.item.truncated", item_id="item_a", content_index=0, audio_end_ms=100)
    assert [item["content"][0]["text"] for item in run.client.export_history()] == ["Heard"]
