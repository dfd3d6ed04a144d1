"""The same server events through npm openai-realtime-api and through us make the same items and events.

Any difference is a defect of it that we have mended, named in ``DIFFERENCES``. It speaks the beta, so the scenarios do.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from downloads import npm_packages
from paths import BUILD
from realtime_server import connected, pcm, turns

BETA_PARTS = {"output_text": "text", "output_audio": "audio"}
ITEM = "conversation.item"
TRANSCRIBED = f"{ITEM}.input_audio_transcription.completed"

Step = dict[str, Any]


def item(id: str, previous: str | None, role: str = "user", *content: Step, **fields: Any) -> Step:
    status = "in_progress" if role == "assistant" else "completed"
    made = {"id": id, "type": "message", "role": role, "status": status, "content": list(content), **fields}
    return {"type": f"{ITEM}.created", "previous_item_id": previous, "item": made}


def part(kind: str, id: str = "a", index: int = 0) -> Step:
    text = {"text": ""} if kind == "text" else {"transcript": ""}
    given = {"type": kind, **text}
    return {"type": "response.content_part.added", "item_id": id, "content_index": index, "part": given}


def delta(kind: str, text: str, id: str = "a", index: int = 0) -> Step:
    return {"type": f"response.{kind}.delta", "item_id": id, "content_index": index, "delta": text}


def sound(samples: int, value: int = 1) -> Step:
    return delta("audio", base64.b64encode(pcm(samples, value)).decode())


def done(id: str = "a", status: str = "completed", **fields: Any) -> Step:
    return {"type": "response.output_item.done", "response_id": "r", "item": {"id": id, "status": status, **fields}}


CREATED = {"type": "response.created", "response": {"id": "r", "output": [], "status": "in_progress"}}
SPOKEN = {"type": "input_audio", "transcript": None}
DONE = {"type": "response.done", "response": {"id": "r", "output": [], "status": "completed"}}
TOOL = {"tool": "f", "returns": 4}


def call(id: str = "a", previous: str | None = None, status: str = "completed") -> list[Step]:
    began = {"id": id, "type": "function_call", "name": "f", "call_id": f"call_{id}", "status": "in_progress"}
    return [
        {"type": f"{ITEM}.created", "previous_item_id": previous, "item": {**began, "arguments": ""}},
        delta("function_call_arguments", '{"x"', id),
        delta("function_call_arguments", ": 1}", id),
        done(id, status),
    ]


ALOUD = [CREATED, item("a", None, "assistant"), part("audio"), delta("audio_transcript", "Hel"), sound(3), sound(2, 7)]

SCENARIOS: dict[str, list[Step]] = {
    "typed": [item("u", None, "user", {"type": "input_text", "text": "Hi"}, {"type": "input_text", "text": "!"})],
    "push-to-talk": [{"append": [1, 2, 3]}, {"append": [4]}, {"respond": True}, item("u", None, "user", SPOKEN)],
    "voice activity": [
        {"append": list(range(480))},
        {"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 5},
        {"type": "input_audio_buffer.speech_stopped", "item_id": "u", "audio_end_ms": 10},
        item("u", None, "user", SPOKEN),
        {"type": TRANSCRIBED, "item_id": "u", "content_index": 0, "transcript": "Hello"},
    ],
    "nothing was said": [
        item("u", None, "user", SPOKEN),
        {"type": TRANSCRIBED, "item_id": "u", "content_index": 0, "transcript": ""},
    ],
    "written": [CREATED, item("a", None, "assistant"), part("text"), delta("text", "Hi"), delta("text", "!"), done()],
    "aloud": [*ALOUD, delta("audio_transcript", "lo"), done()],
    "two parts": [
        CREATED,
        item("a", None, "assistant"),
        part("text"),
        part("audio", index=1),
        delta("text", "A"),
        delta("audio_transcript", "B", index=1),
        done(),
    ],
    "cut off": [*ALOUD, done(status="incomplete")],
    "conversation": [
        item("u", None, "user", {"type": "input_text", "text": "Hi"}),
        CREATED,
        item("a", "u", "assistant"),
        part("text"),
        delta("text", "Ho"),
        done(),
        item("v", "a", "user", {"type": "input_text", "text": "Bye"}),
    ],
    "deleted": [item("u", None), item("v", "u"), {"type": f"{ITEM}.deleted", "item_id": "u"}],
    "called": [TOOL, CREATED, *call(), DONE],
    "answered": [
        {
            "type": f"{ITEM}.created",
            "previous_item_id": None,
            "item": {"id": "o", "type": "function_call_output", "call_id": "c", "output": "4"},
        }
    ],
    # Where we differ.
    "truncated": [*ALOUD, {"type": f"{ITEM}.truncated", "item_id": "a", "content_index": 0, "audio_end_ms": 0}],
    "system": [item("s", None, "system", {"type": "input_text", "text": "Be brief."})],
    "announced twice": [
        CREATED,
        item("a", None, "assistant"),
        item("a", None, "assistant"),
        part("text"),
        delta("text", "Hi"),
        done(),
    ],
    "out of order": [item("v", "u"), item("u", None)],
    "called twice": [TOOL, CREATED, *call(), *call("b", "a"), DONE],
    "called and cut off": [TOOL, CREATED, *call(status="incomplete"), DONE],
    "called without a tool": [CREATED, *call(), DONE],
    "missed": [CREATED, done(type="message", role="assistant", content=[{"type": "text", "text": "Hi"}])],
    "the final word": [
        CREATED,
        item("a", None, "assistant"),
        part("text"),
        delta("text", "H"),
        done(type="message", role="assistant", content=[{"type": "text", "text": "Hi"}]),
    ],
    "typed while speaking": [
        {"append": [1]},
        {"respond": True},
        item("u", None, "user", {"type": "input_text", "text": "Hi"}),
    ],
}

DIFFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "truncated": (
        "it forgets the transcript of what was heard",
        {"transcript": "Hel"},
    ),
    "system": ("a system message never completes", {"status": "completed"}),
    "announced twice": ("the item that its events carry is another one than the list has", {}),
    "out of order": ("it ignores previous_item_id", {}),
    "called twice": ("each call asks for a response of its own, and the server refuses the second", {}),
    "called and cut off": ("it runs calls that are incomplete", {}),
    "called without a tool": ("a call of what was never offered is left without an answer", {}),
    "missed": ("an item whose creation was missed never comes to be", {}),
    "the final word": ("it keeps what the deltas said", {"text": "Hi"}),
    "typed while speaking": ("what was said goes to a written message", {"audio": []}),
}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it makes of all scenarios."""
    if not shutil.which("node"):
        pytest.fail("these tests need Node.js, as the build does")
    folder = tmp_path_factory.mktemp("upstream")
    npm = npm_packages(BUILD / "npm" / "openai-realtime-api")
    shutil.copytree(npm / "openai-realtime-api", folder / "package")
    ids = folder / "node_modules" / "nanoid"  # all it needs of its dependencies
    ids.mkdir(parents=True)
    (ids / "package.json").write_text('{"type": "module", "main": "index.js"}')
    (ids / "index.js").write_text("let last = 0; export const customAlphabet = () => () => `id${++last}`")
    command = ["node", str(Path(__file__).with_name("upstream.mjs")), str(folder / "package" / "dist" / "index.js")]
    steps = {
        name: [{"event_id": f"e{number}", **step} for number, step in enumerate(steps)]
        for name, steps in SCENARIOS.items()
    }
    played = subprocess.run(command, input=json.dumps(steps), capture_output=True, text=True, timeout=60, check=False)
    assert played.returncode == 0, played.stderr
    results: dict[str, Any] = json.loads(played.stdout)
    return results


async def ours(steps: list[Step]) -> dict[str, Any]:
    """What we make of a scenario, in its words."""
    run = await connected(keep_audio=None)
    events: list[Any] = []
    for type in ("updated", "item.appended", "item.completed", "interrupted"):
        run.client.on(
            f"conversation.{type}",
            lambda event, type=type: events.append([type, event.item.id if type != "interrupted" else None]),
        )
    for step in steps:
        if "append" in step:
            run.client.append_input_audio(b"".join(value.to_bytes(2, "little") for value in step["append"]))
        elif "respond" in step:
            run.client.create_response()
        elif "tool" in step:
            run.client.register_tool({"name": step["tool"]}, lambda _, result=step["returns"]: result)
        else:
            before = len(events)
            run.server.say(**json.loads(json.dumps(step)))
            if step["type"] == "response.content_part.added":
                assert events.pop() == ["updated", step["item_id"]]  # it says nothing when a part begins
                assert len(events) == before
    await turns()
    items = [
        {
            "id": each.id,
            "type": each.type,
            "role": each.role,
            "status": each.status,
            "content": [{**part, "type": BETA_PARTS.get(part["type"], part["type"])} for part in each.content],
            "arguments": each.arguments,
            "text": each.formatted.text,
            "transcript": each.formatted.transcript,
            "audio": list(memoryview(bytes(each.formatted.audio)).cast("h")),
            "tool": asdict(each.formatted.tool) if each.formatted.tool else None,
            "output": each.formatted.output,
        }
        for each in run.client.get_conversation_items()
    ]
    await run.client.disconnect()
    sent = [[event["type"], event.get("item")] for event in run.server.sent if event["type"] != "session.update"]
    return {"items": items, "events": events, "sent": sent}


def theirs(result: dict[str, Any]) -> dict[str, Any]:
    """Without the transcripts that are null: we leave them out until there is one."""
    for each in result["items"]:
        each["content"] = [
            {key: value for key, value in part.items() if (key, value) != ("transcript", None)}
            for part in each["content"]
        ]
    return result


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in DIFFERENCES])
async def test_the_same(upstream: dict[str, Any], name: str) -> None:
    assert await ours(SCENARIOS[name]) == theirs(upstream[name])


@pytest.mark.parametrize("name", DIFFERENCES)
async def test_the_differences_are_those_that_are_named(upstream: dict[str, Any], name: str) -> None:
    defect, mended = DIFFERENCES[name]
    result, expected = await ours(SCENARIOS[name]), theirs(upstream[name])
    assert result != expected, f"no longer true: {defect}"
    if mended:
        (item_,), (other,) = result["items"], expected["items"]
        different = {key: item_[key] for key in item_ if item_[key] != other[key]}
        assert {**different, **mended} == different


async def test_the_differences_that_are_not_of_one_item(upstream: dict[str, Any]) -> None:
    ids = {name: [each["id"] for each in (await ours(SCENARIOS[name]))["items"]] for name in ("out of order", "missed")}
    assert ids == {"out of order": ["u", "v"], "missed": ["a"]}
    assert [each["id"] for each in upstream["out of order"]["items"]] == ["v", "u"]
    assert upstream["missed"]["items"] == []
    twice = [kind for kind, _ in (await ours(SCENARIOS["announced twice"]))["events"]]
    assert twice.count("item.appended") == 1
    assert [kind for kind, _ in upstream["announced twice"]["events"]].count("item.appended") == 2


async def test_the_differences_in_how_calls_are_answered(upstream: dict[str, Any]) -> None:
    def answers(result: dict[str, Any]) -> list[Any]:
        return [item["output"] if item else type for type, item in result["sent"]]

    async def both(name: str) -> tuple[list[Any], list[Any]]:
        return answers(await ours(SCENARIOS[name])), answers(upstream[name])

    again = "response.create"
    assert await both("called twice") == (["4", "4", again], ["4", again, "4", again])
    assert await both("called and cut off") == ([], ["4", again])
    assert await both("called without a tool") == (['{"error": "Tool \\"f\\" has not been added"}', again], [])
