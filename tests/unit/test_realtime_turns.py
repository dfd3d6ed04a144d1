"""The items of a RealtimeClient as the turns that the transcript shows."""

from __future__ import annotations

from typing import Any

import pytest
from deep_json import DEEP

from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedRealtimeTransport
from rtvi_web.ui.realtime_turns import ItemTurn, RealtimeTurns


class Run:
    """A session, and what its turns say."""

    def __init__(self) -> None:
        self.server = ScriptedRealtimeTransport()
        self.client = RealtimeClient(transport=self.server)
        self.turns = RealtimeTurns(self.client)

    def add(self, **item: Any) -> None:
        self.server.say("conversation.item.added", item={"type": "message", "content": [], **item})

    @property
    def last(self) -> ItemTurn:
        return self.turns.all()[-1]


@pytest.fixture
async def run() -> Run:
    run = Run()
    await run.client.connect()
    return run


async def test_what_the_person_says_may_change_until_its_transcript_is_final(run: Run) -> None:
    run.add(id="u", role="user", content=[{"type": "input_audio", "transcript": None}])
    assert (run.last.role, run.last.text, run.last.partial, run.last.ended) == ("user", "", "", False)
    heard = "conversation.item.input_audio_transcription"
    run.server.say(f"{heard}.delta", item_id="u", content_index=0, delta="Hel")
    assert (run.last.text, run.last.partial, run.last.ended) == ("", "Hel", False)
    run.server.say(f"{heard}.completed", item_id="u", content_index=0, transcript="Hello.")
    assert (run.last.text, run.last.partial, run.last.ended) == ("Hello.", "", True)


async def test_speech_that_was_not_understood_is_said_to_be_so(run: Run) -> None:
    run.add(id="u", role="user", content=[{"type": "input_audio", "transcript": None}])
    failed = {"item_id": "u", "content_index": 0, "error": {"message": "noise"}}
    run.server.say("conversation.item.input_audio_transcription.failed", **failed)
    assert (run.last.text, run.last.ended) == ("(not understood)", True)


async def test_what_the_person_wrote_and_showed(run: Run) -> None:
    run.add(id="t", role="user", content=[{"type": "input_text", "text": "Look."}])
    run.add(id="i", role="user", content=[{"type": "input_image", "image_url": "data:,"}])
    assert [(turn.text, turn.ended) for turn in run.turns.all()] == [("Look.", True), ("(an image)", True)]


async def test_an_answer_grows_and_may_be_cut_short(run: Run) -> None:
    run.server.say("response.created", response={"id": "r"})
    item = {"id": "a", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    run.server.say("response.output_item.added", response_id="r", item=item)
    part = {"response_id": "r", "item_id": "a", "content_index": 0}
    run.server.say("response.output_audio_transcript.delta", delta="One, ", **part)
    first = run.last
    assert (first.role, first.text, first.ended, first.interrupted) == ("bot", "One,", False, False)
    run.server.say("conversation.item.truncated", item_id="a", content_index=0, audio_end_ms=500)
    run.server.say("response.done", response={"id": "r", "status": "cancelled", "output": []})
    assert run.last is first, "the line in the page stays the same"
    assert (first.ended, first.interrupted) == (True, True)


async def test_calls_are_shown_and_their_outputs_are_not(run: Run) -> None:
    run.add(id="c", type="function_call", name="f", call_id="1", arguments='{"color": "green"}', status="completed")
    run.add(id="o", type="function_call_output", call_id="1", output="{}")
    run.add(id="s", role="system", content=[{"type": "input_text", "text": "Be brief."}])
    [turn] = run.turns.all()
    assert [tuple(call) for call in turn.function_calls] == [("f", {"color": "green"}, "done")]
    assert turn.text == ""


@pytest.mark.parametrize("arguments", [*DEEP, "{", "[1]", ""], ids=["arrays", "objects", "broken", "a list", "empty"])
async def test_arguments_that_cannot_be_read_are_not_shown(run: Run, arguments: str) -> None:
    run.add(id="c", type="function_call", name="f", call_id="1", arguments=arguments, status="completed")
    [call] = run.last.function_calls
    assert call.arguments in (None, {})
