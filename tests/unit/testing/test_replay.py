"""Scripts with time and sound, and scripts made of recordings."""

from __future__ import annotations

import asyncio
import io
import json
import math
import wave
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_clock import Loop

from rtvi_web import DisconnectedError, DisconnectReason, RTVIClient, RTVIEvent
from rtvi_web.testing import (
    Expect,
    Lose,
    Say,
    ScriptedTransport,
    ScriptError,
    Sound,
    Step,
    Wait,
    expect,
    handshake,
    leave,
    lose,
    replay,
    say,
    sound,
    wait,
)

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("[mno]*.jsonl"))


async def connected(*steps: Step) -> tuple[RTVIClient, ScriptedTransport]:
    transport = ScriptedTransport(*handshake(), *steps)
    client = RTVIClient(transport=transport)
    await client.connect()
    return client, transport


class TestTime:
    async def test_after_a_while_this_message(self) -> None:
        client, transport = await connected(expect("send-text"), wait(0.3), say("bot-llm-text", {"text": "Hi"}))
        loop = asyncio.get_running_loop()
        begin = loop.time()
        client.send_text("hello")
        await client.wait_for(RTVIEvent.BOT_LLM_TEXT, timeout=1)
        assert loop.time() - begin == pytest.approx(0.3)
        transport.finish()
        await client.disconnect()

    async def test_what_the_client_sends_meanwhile_is_kept_in_order(self) -> None:
        client, transport = await connected(
            expect("send-text"), wait(1), say("bot-llm-started"), expect("send-text", {"content": "b"}), expect("dtmf")
        )
        for text in "ab":
            client.send_text(text)
        client.send_dtmf("1")
        await client.wait_for(RTVIEvent.BOT_LLM_STARTED, timeout=2)
        await asyncio.sleep(0)
        transport.finish()
        await client.disconnect()

    async def test_what_comes_meanwhile_and_is_not_expected_fails_at_the_end(self) -> None:
        client, transport = await connected(expect("send-text"), wait(1), say("bot-llm-started"), expect("dtmf"))
        client.send_text("a")
        client.send_text("b")
        await client.wait_for(RTVIEvent.BOT_LLM_STARTED, timeout=2)
        await asyncio.sleep(0)
        with pytest.raises(ScriptError, match=r"expected Expect\(type='dtmf'.*the client sent"):
            transport.finish()
        await client.disconnect()

    async def test_a_message_too_many_meanwhile(self) -> None:
        client, transport = await connected(expect("send-text"), wait(1))
        client.send_text("a")
        client.send_text("b")
        await asyncio.sleep(2)
        with pytest.raises(ScriptError, match="expected nothing more; the client sent"):
            transport.finish()
        await client.disconnect()

    async def test_the_end_of_a_session_ends_the_wait(self) -> None:
        client, transport = await connected(expect("send-text"), wait(1), *handshake(), wait(1), say("bot-llm-started"))
        client.send_text("a")
        await asyncio.sleep(0)
        await client.disconnect()
        begin = asyncio.get_running_loop().time()
        await client.connect()
        await client.wait_for(RTVIEvent.BOT_LLM_STARTED, timeout=3)
        assert asyncio.get_running_loop().time() - begin == pytest.approx(1)
        transport.finish()
        await client.disconnect()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    @pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
    def test_a_time_that_cannot_be(self, seconds: float) -> None:
        with pytest.raises(ValueError, match=r"wait\(\) takes a number of seconds"):
            wait(seconds)


def wav(pcm: bytes, *, width: int = 2, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, 16_000, 0, "NONE", ""))
        writer.writeframes(pcm)
    return file.getvalue()


class TestSound:
    async def test_the_transport_notes_it(self, tmp_path: Path) -> None:
        path = tmp_path / "hello.wav"
        path.write_bytes(wav(b"\x01\x00" * 1600, channels=2))
        client, transport = await connected(expect("send-text"), sound(path), say("bot-stopped-speaking"))
        client.send_text("speak")
        await client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=1)
        assert transport.played == [Sound(b"\x01\x00" * 1600, 16_000, 2)]
        assert repr(transport.played[0]) == "Sound(0.05 s, rate=16000, channels=2)"
        transport.finish()
        await client.disconnect()

    @pytest.mark.parametrize(
        ("content", "why"), [(b"", "WAV"), (b"RIFF....", "WAV"), (wav(b"\x80" * 9, width=1), "these have 8 bits")]
    )
    def test_what_is_not_such_a_file(self, content: bytes, why: str) -> None:
        with pytest.raises(ValueError, match=why):
            sound(content)


def recorded(*messages: dict[str, Any]) -> str:
    return "\n".join(json.dumps(line) for line in messages)


def message(direction: str, type: str, data: Any = None, *, id: str = "", at: float = 0) -> dict[str, Any]:
    body = {"label": "rtvi-ai", "type": type} | ({"id": id} if id else {}) | ({} if data is None else {"data": data})
    return {"t_ms": at, "dir": direction, "msg": body}


READY = (message("out", "client-ready", {"version": "9"}, id="r"), message("in", "bot-ready", {"version": "1"}, id="r"))


class TestReplays:
    def test_the_pauses_are_the_bots(self) -> None:
        text = recorded(
            *READY,
            message("in", "bot-llm-started", at=500),
            message("out", "send-text", {"content": "a"}, id="1", at=3000),
            message("in", "server-response", {"d": 1}, id="1", at=3200),
        )
        script = replay(text)
        assert [type(step) for step in script] == [Expect, Say, Wait, Say, Expect, Wait, Say]
        assert [step.seconds for step in script if isinstance(step, Wait)] == [0.5, 0.2]
        assert [step.seconds for step in replay(text, speed=2) if isinstance(step, Wait)] == [0.25, 0.1]
        assert [step for step in replay(text, speed=math.inf) if isinstance(step, Wait)] == []

    async def test_answers_get_the_ids_of_the_new_session_in_any_order(self) -> None:
        client, transport = await replaying(
            recorded(
                *READY,
                message("out", "client-message", {"t": "a"}, id="1"),
                message("out", "client-message", {"t": "b"}, id="2"),
                message("in", "server-response", {"t": "b", "d": "B"}, id="2"),
                message("in", "server-response", {"t": "a", "d": "A"}, id="1"),
            )
        )
        answers = await asyncio.gather(client.send_client_request("a"), client.send_client_request("b"))
        assert list(answers) == ["A", "B"]
        transport.finish()
        await client.disconnect()

    async def test_what_was_masked_is_compared_masked(self) -> None:
        text = recorded(*READY, message("out", "client-message", {"t": "x", "d": {"token": "…", "n": [1]}}, id="1"))
        client, transport = await replaying(text)
        client.send_client_message("x", {"token": "a new one", "n": [1]})
        transport.finish()
        await client.disconnect()
        client, transport = await replaying(text)
        with pytest.raises(ScriptError):
            client.send_client_message("x", {"token": "a new one", "n": [2]})
        await client.disconnect()

    @pytest.mark.parametrize("text", ["", recorded(message("in", "bot-llm-started"))])
    async def test_a_recording_that_began_in_a_session_gets_a_handshake(self, text: str) -> None:
        script = replay(text or recorded(message("out", "send-text", {"content": "a"}, id="1")))
        assert script[:2] == list(handshake())

    async def test_sessions_that_end_otherwise(self) -> None:
        lost = {"t_ms": 9, "event": "disconnected", "cause": "lost", "reason": "expired", "error": "over"}
        text = recorded(
            *(*READY, {"event": "bot-left"}, {"event": "disconnected", "cause": "lost", "reason": "bot-left"}),
            *(*READY, lost),
            *(*READY, {"event": "disconnected"}),
            *(*READY, {"event": "disconnected", "cause": "failed", "error": "x"}),
        )
        script = replay(text)
        ends = [step for step in script if not isinstance(step, Expect | Say)]
        assert ends[0] == leave()
        assert isinstance(ends[1], Lose)
        assert isinstance(ends[1].error, DisconnectedError)
        assert (ends[1].error.message, ends[1].error.reason) == ("over", DisconnectReason.EXPIRED)
        assert len(ends) == 2
        assert len(script) == 8 + 2

    async def test_a_bot_that_took_the_place_of_a_lost_one_is_the_same_here(self) -> None:
        again = [{**line, "msg": {**line["msg"], "id": "r2"}} for line in READY]
        script = replay(recorded(*READY, {"event": "reconnecting"}, *again, {"event": "reconnected", "resumed": False}))
        assert len(script) == 2

    @pytest.mark.parametrize(
        "line", ["nonsense", "[]", "7", "{}", '{"dir": "up", "msg": "x"}', '{"event": 7, "t_ms": []}']
    )
    def test_a_line_that_is_not_one_of_a_recording_is_named(self, line: str) -> None:
        with pytest.raises(ValueError, match=r"^Line 3 is not one of a recording"):
            replay(f"{recorded(*READY)}\n{line}\n")

    @pytest.mark.parametrize("speed", [0, -1, math.nan])
    def test_a_speed_that_cannot_be(self, speed: float) -> None:
        with pytest.raises(ValueError, match="speed must be above 0"):
            replay("", speed=speed)


async def replaying(text: str) -> tuple[RTVIClient, ScriptedTransport]:
    transport = ScriptedTransport(*replay(text))
    client = RTVIClient(transport=transport)
    await client.connect()
    return client, transport


RESULT = "llm-function-call-result"


async def talk(steps: list[Step]) -> str:
    """The recording of a session in which the client sends what is expected, whenever it is."""
    transport = ScriptedTransport(*steps)
    client = RTVIClient(transport=transport)
    recording = client.record()

    answers = {
        step.data["tool_call_id"]: step.data for step in steps if isinstance(step, Expect) and step.type == RESULT
    }
    for name in {data["function_name"] for data in answers.values()}:
        client.register_function_call_handler(name, lambda call: answers[call.tool_call_id]["result"])
    await client.connect()
    for _ in range(10_000):
        if not transport.steps:
            break
        if isinstance(step := transport.steps[0], Expect) and step.type != RESULT:
            client.send_message({"type": step.type, "data": step.data, "id": step.id or "x"})
        await asyncio.sleep(0.01)
    transport.finish()
    await client.disconnect()
    recording.stop()
    return recording.text()


def said(text: str) -> list[Any]:
    """What was said in a recording, by whom, without ids of messages, events and times."""
    lines = [json.loads(line) for line in text.splitlines()]
    messages = [(line["dir"], line["msg"]) for line in lines if isinstance(line.get("msg"), dict)]
    of_rtvi = [(who, what) for who, what in messages if what.get("label") == "rtvi-ai" and "type" in what]
    return [(who, what["type"], what.get("data") or {}) for who, what in of_rtvi if what["type"] != "client-ready"]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
async def test_sessions_of_real_servers_are_replayed_and_recorded_again(path: Path) -> None:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    again = await talk(replay(text))
    missing = [] if '"bot-ready"' in text else [("in", "bot-ready", {"version": "2.2.0"})]
    assert said(again) == missing + said(text)


data = st.dictionaries(st.sampled_from(["a", "b", "api_key"]), st.text(max_size=5) | st.integers(0, 9), max_size=2)
steps = st.lists(
    st.builds(lambda data: expect("client-message", {"t": "x", "d": data}), data)
    | st.builds(lambda data: say("server-message", data), data)
    | st.builds(wait, st.integers(0, 3)),
    max_size=8,
)


@given(steps)
@settings(max_examples=60)
def test_a_recording_of_a_replay_is_the_recording(script: list[Step]) -> None:
    loop = Loop()
    try:
        first = loop.run_until_complete(talk([*handshake(), *script]))
        assert said(loop.run_until_complete(talk(replay(first)))) == said(first)
    finally:
        loop.close()


async def test_a_lost_link_is_replayed() -> None:
    client, _ = await connected(expect("send-text"), lose(DisconnectedError("ICE failed")))
    recording = client.record()
    client.send_text("go")
    await client.wait_for(RTVIEvent.DISCONNECTED, timeout=1)
    client, transport = await replaying(recording.text())
    client.send_text("go")
    assert (await client.wait_for(RTVIEvent.ERROR, timeout=1)).data.error == "ICE failed"
    transport.finish()
    await client.disconnect()
