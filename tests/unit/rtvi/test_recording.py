"""client.record(): what a client sends and receives, bounded, without keys."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sessions import ready

from rtvi_web import DisconnectedError, DisconnectReason, InvalidArgumentError, MessageRecording, RTVIEvent
from rtvi_web.rtvi.session.recording import Recorder
from rtvi_web.testing import Say, Step, expect, handshake, leave, lose, replay, say, say_text, wait

pytestmark = pytest.mark.usefixtures("tidy")


def lines(recording: MessageRecording) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recording.text().splitlines()]


def kinds(recording: MessageRecording) -> list[str]:
    """Each line in a word or two."""
    return [f"{line['dir']} {line['msg']['type']}" if "dir" in line else line["event"] for line in lines(recording)]


async def test_a_session_as_lines() -> None:
    run = await ready(expect("send-text"), wait(0.25), say("bot-llm-text", {"text": "Hi"}), say_text("nonsense"))
    recording = run.client.record()
    run.client.send_text("hello")
    await run.client.wait_for(RTVIEvent.INVALID_MESSAGE, timeout=1)
    sent, said, nonsense = lines(recording)
    assert sent == {"t_ms": 0.0, "dir": "out", "msg": run.transport.sent[-1]}
    assert said["t_ms"] == pytest.approx(250)
    assert said["msg"] == {"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "Hi"}}
    assert (nonsense["dir"], nonsense["msg"]) == ("in", "nonsense")
    await run.client.disconnect()
    assert [line.get("event") for line in lines(recording)[3:]] == ["disconnected"]
    recording.stop()


async def test_it_goes_through_sessions_until_it_is_stopped() -> None:
    run = await ready()
    recording = run.client.record()
    for _ in range(2):
        await run.client.disconnect()
        run.transport.heal()
        await run.client.connect()
    session = ["disconnected", "connected", "out client-ready", "in bot-ready"]
    assert kinds(recording) == session * 2
    recording.stop()
    recording.stop()
    await run.client.disconnect()
    assert kinds(recording) == session * 2


@pytest.mark.parametrize(
    ("step", "events"),
    [
        (leave(), ["bot-left", {"cause": "lost", "reason": "bot-left"}]),
        (
            lose(DisconnectedError("The room is over.", reason=DisconnectReason.EXPIRED)),
            [{"cause": "lost", "reason": "expired", "error": "The room is over."}],
        ),
        (say("error", {"error": "no model", "fatal": True}), [{"cause": "failed"}]),
    ],
    ids=["leaves", "lost", "fatal"],
)
async def test_it_says_why_a_session_ended(step: Step, events: list[Any]) -> None:
    run = await ready(expect("send-text"), step)
    recording = run.client.record()
    run.client.send_text("go")
    await run.client.wait_for(RTVIEvent.DISCONNECTED, timeout=1)
    happened = [line for line in lines(recording) if "event" in line]
    *before, (wanted) = events
    assert [line["event"] for line in happened] == [*before, "disconnected"]
    assert wanted.items() <= happened[-1].items()
    recording.stop()


async def test_a_link_that_is_restored() -> None:
    run = await ready()
    recording = run.client.record()
    run.transport.drop()
    await run.transport.restore()
    await asyncio.sleep(0.01)
    assert kinds(recording) == ["reconnecting", "reconnected"]
    assert lines(recording)[0]["cause"] == "silent"
    recording.stop()
    await run.client.disconnect()


async def test_a_bot_that_takes_the_place_of_a_lost_one_has_not_left() -> None:
    run = await ready()
    recording = run.client.record()
    run.transport.drop()
    run.transport.steps += handshake()
    await run.transport.restore(resumed=False)
    assert kinds(recording) == ["reconnecting", "out client-ready", "in bot-ready", "reconnected"]
    recording.stop()
    await run.client.disconnect()


class TestTheBound:
    async def test_it_keeps_its_beginning(self) -> None:
        run = await ready(*[expect("send-text")] * 30)
        recording = run.client.record(max_size=1000)
        for _ in range(30):
            run.client.send_text("x" * 50)
        text = recording.text()
        assert len(text) <= 1000 + 60
        assert recording.is_full
        assert kinds(recording)[-1] == "recording-full"
        assert recording.dropped == 30 - text.count("send-text")
        assert json.loads(text.splitlines()[0])["msg"] == run.transport.sent[1]
        recording.stop()
        await run.client.disconnect()

    async def test_a_message_that_is_too_large_ends_it(self) -> None:
        run = await ready(expect("send-text"), expect("send-text"))
        recording = run.client.record(max_size=1000)
        run.client.send_text("x" * 1000)
        run.client.send_text("small")
        assert kinds(recording) == ["recording-full"]
        assert recording.dropped == 2
        recording.stop()
        await run.client.disconnect()

    @pytest.mark.parametrize("size", [0, 999, 1e6, None, True, "many"])
    async def test_a_size_that_cannot_be(self, size: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match=r"max_size must be a number of characters, 1,000 at least"):
            run.client.record(max_size=size)
        await run.client.disconnect()


async def test_keys_are_masked_and_so_are_the_clients_headers() -> None:
    run = await ready(expect("client-message"), say("server-message", {"echo": "was xyzzy-99887766", "api_key": "k"}))
    run.client.params.headers = {"X-Custom": "xyzzy-99887766", "Authorization": "Bearer plugh-55443322", "X": "short"}
    recording = run.client.record()
    run.client.send_client_message("x", {"list": ["plugh-55443322", "short"], "password": "swordfish"})
    await run.client.wait_for(RTVIEvent.SERVER_MESSAGE, timeout=1)
    sent, said = lines(recording)
    assert sent["msg"]["data"]["d"] == {"list": ["…", "short"], "password": "…"}
    assert said["msg"]["data"] == {"echo": "was …", "api_key": "…"}
    recording.stop()
    await run.client.disconnect()


async def test_deep_json_stays_text() -> None:
    run = await ready(expect("send-text"), say_text("[" * 500))
    recording = run.client.record()
    run.client.send_text("go")
    await run.client.wait_for(RTVIEvent.INVALID_MESSAGE, timeout=1)
    assert lines(recording)[-1]["msg"] == "[" * 500
    recording.stop()
    await run.client.disconnect()


async def test_on_cpython_it_is_saved_as_a_file(tmp_path: Path) -> None:
    run = await ready(expect("send-text"))
    recording = run.client.record()
    run.client.send_text("Grüße")
    await run.client.disconnect()
    path = tmp_path / "talk.jsonl"
    path.write_text("old")
    recording.save(str(path))
    assert path.read_text(encoding="utf-8") == recording.text()
    assert "Grüße" in recording.text()
    recording.stop()


@given(st.text(st.characters()), st.sampled_from(["\n", "\r\n"]))
@example("a\u2028b\x85c\ud83d", "\n")
def test_every_text_comes_back_from_a_file(text: str, end: str) -> None:
    """Also with what Python takes for the end of a line, or half a character."""
    recorder = Recorder(lambda: 0.0, 10_000, tuple)
    recorder.message("in", json.dumps({"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": text}}))
    saved = "".join(f"{line}{end}" for line in recorder.lines).encode()
    said: list[Any] = [step.message for step in replay(saved.decode()) if isinstance(step, Say)]
    assert [message["data"]["text"] for message in said if message["type"] == "bot-llm-text"] == [text]


async def test_without_a_loop_it_has_a_clock_as_well() -> None:
    run = await ready()
    recording = await asyncio.to_thread(run.client.record)
    await run.client.disconnect()
    assert kinds(recording) == ["disconnected"]
    recording.stop()
