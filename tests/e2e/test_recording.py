"""A session with a real bot is recorded in a page, saved as a download, and played again without page and bot."""

import asyncio
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from in_page import InPagePython

from rtvi_web import RTVIClient, RTVIEvent
from rtvi_web.testing import ScriptedTransport, replay
from rtvi_web.testing.script import Expect

NAMES = """
refused = 0
for name in ("", "a/b.jsonl", "..\\\\b.jsonl"):
    try:
        recording.save(name)
    except InvalidArgumentError as error:
        assert str(error).startswith("A page saves into the folder of downloads: name a file, not"), error
        refused += 1
result = refused
"""


def test_what_a_real_bot_said_is_downloaded_and_replayed(in_page: InPagePython, tmp_path: Path) -> None:
    with in_page.page.expect_download() as download:
        text = in_page.run("""
            client = new_client()
            client.params.headers = {"X-Custom": "xyzzy-99887766"}
            recording = client.record()
            await client.connect()
            stopped = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
            client.send_text("tell me a joke, xyzzy-99887766")
            await stopped
            await client.disconnect()
            recording.stop()
            recording.save("talk.jsonl")
            result = recording.text()
        """)
    assert download.value.suggested_filename == "talk.jsonl"
    path = tmp_path / "talk.jsonl"
    download.value.save_as(path)
    assert path.read_text(encoding="utf-8") == text
    assert "xyzzy" not in text
    assert [step.type for step in replay(text) if isinstance(step, Expect)] == ["client-ready", "send-text"]
    lines = [json.loads(line) for line in text.splitlines()]
    said = [line["msg"]["data"]["text"] for line in lines if line.get("msg", {}).get("type") == "bot-llm-text"]
    assert said
    with ThreadPoolExecutor() as threads:  # Playwright has the event loop of this one.
        assert threads.submit(asyncio.run, play_again(text)).result(60) == said
    assert in_page.run(NAMES) == 3
    in_page.check_released()


async def play_again(text: str) -> list[str]:
    transport = ScriptedTransport(*replay(text, speed=math.inf))
    client = RTVIClient(transport=transport)
    heard: list[str] = []
    client.on(RTVIEvent.BOT_LLM_TEXT, lambda data: heard.append(data.text))
    await client.connect()
    stopped = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING))
    client.send_text("tell me a joke, …")
    await stopped
    transport.finish()
    await client.disconnect()
    return heard
