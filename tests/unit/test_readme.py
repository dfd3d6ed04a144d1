"""The Python of README, run as it stands there. Its page is tested in tests/e2e, its widgets in tests/browser."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from rtvi_web import RTVIClient, RTVIEvent
from rtvi_web.core.http import HttpResponse
from rtvi_web.core.media import Participant
from rtvi_web.realtime.testing import ScriptedRealtimeTransport
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.testing import ScriptedTransport, Step, expect, handshake, say

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def block(words: str) -> str:
    """The block that has these words in it."""
    [found] = [block for block in BLOCKS if words in block]
    return found


async def run(source: str, **names: Any) -> dict[str, Any]:
    """Run a block, which may await at top level; the names that it leaves."""
    names["__name__"] = "readme"
    code = compile(source, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    function = types.FunctionType(code, names)
    if code.co_flags & inspect.CO_COROUTINE:
        await function()
    else:
        function()
    return names


class Transport(ScriptedTransport):
    """A scripted transport in the place of SmallWebRTC's, whose server also starts the bot."""

    def __init__(self, *steps: Step) -> None:
        super().__init__(*handshake(), *steps, start=[HttpResponse(200, '{"sessionId": "s1"}')])

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.receiver = receiver
        return await super().connect(request, receiver)


def test_there_are_no_other_blocks() -> None:
    """Each of them is tested."""
    tested = (
        "timeout=15,  #",
        "RealtimeClient(",
        "ScriptedTransport(",
        "ui.console(",
        "ui.start_button(",
        '"requestData"',
        "DailyTransport(",
        *("mount(app)", 'path="/face",'),  # in tests/e2e/test_console.py
    )
    assert [block for block in BLOCKS if sum(words in block for words in tested) != 1] == []
    assert len(BLOCKS) == len(tested)


@pytest.mark.usefixtures("tidy")
async def test_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    transport = Transport(
        expect("send-text", {"content": "hello"}),
        expect("client-message", {"t": "weather"}),
        say("server-response", {"t": "weather", "d": "sunny"}, answers=True),
    )
    names: dict[str, Any] = {"RTVIClient": RTVIClient, "RTVIEvent": RTVIEvent}
    names["SmallWebRTCTransport"] = lambda: transport
    running = asyncio.ensure_future(run(block("timeout=15,  #"), **names))
    heard = '{"label": "rtvi-ai", "type": "user-transcription", "data": {"text": "Hi", "final": true}}'
    while not running.done():
        await asyncio.sleep(0.1)
        if not transport.steps:
            transport.receiver.receive(heard)
    names = await running
    transport.finish()
    assert (names["ready"].version, names["answer"], names["words"].text) == ("2.2.0", "sunny", "Hi")
    assert transport.http.requests[0].url == "https://bots.example/start"
    assert "version='2.2.0'" in capsys.readouterr().out
    assert names["client"].state == "disconnected"


@pytest.mark.usefixtures("tidy")
async def test_the_realtime_client(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    transport = ScriptedRealtimeTransport()
    stand_in = types.SimpleNamespace(RealtimeWebRTCTransport=lambda: transport)
    monkeypatch.setitem(sys.modules, "rtvi_web.transports.realtime.webrtc", stand_in)
    client = (await run(block("RealtimeClient(")))["client"]
    assert transport.requests[0].url == "/calls"
    [sent] = transport.sent_of("conversation.item.create")
    assert sent["item"]["content"] == [{"type": "input_text", "text": "Hello!"}]
    item = {"id": "a", "type": "message", "role": "assistant", "status": "completed"}
    transport.say("conversation.item.done", item={**item, "content": [{"type": "output_text", "text": "Hi there"}]})
    assert capsys.readouterr().out == "Hi there\n"
    await client.disconnect()


async def test_the_daily_transport() -> None:
    """A session in a room is in tests/browser."""
    client = (await run(block("DailyTransport("), RTVIClient=RTVIClient))["client"]
    assert client.transport.media.carries == {"mic", "cam", "screen", "speaker"}


@pytest.mark.usefixtures("tidy")
async def test_the_scripted_transport() -> None:
    names = await run(block("ScriptedTransport("), RTVIClient=RTVIClient)
    client, texts = names["client"], []
    client.on(RTVIEvent.BOT_LLM_TEXT, lambda data: texts.append(data.text))
    async with client:
        client.send_text("hi")
        await client.wait_for(RTVIEvent.BOT_LLM_TEXT)
    assert texts == ["Hello!"]
    names["transport"].finish()


@pytest.mark.usefixtures("tidy")
async def test_what_javascript_becomes(capsys: pytest.CaptureFixture[str]) -> None:
    action = {"service": "tts", "action": "say", "arguments": [{"name": "text", "value": "Hello"}]}
    transport = Transport(expect("action", action), say("action-response", {"result": True}, answers=True))
    names: dict[str, Any] = {"RTVIClient": RTVIClient, "RTVIEvent": RTVIEvent, "config": [], "show": print}
    names = await run(block('"requestData"'), **names, SmallWebRTCTransport=lambda: transport)
    transport.finish()
    assert (names["reply"].data.result, names["client"].is_mic_enabled) == (True, False)
    assert capsys.readouterr().out == "2.2.0\n"
    await names["client"].disconnect()


def test_the_hints_for_the_boot_are_those_of_the_demo_page() -> None:
    page = (Path(__file__).parents[2] / "static" / "index.html").read_text(encoding="utf-8")
    hints = re.findall(r"^<link .*$", README, re.MULTILINE)
    assert hints == re.findall(r'<link rel="(?:modulepreload|preload)" .*', page)
