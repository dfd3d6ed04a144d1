"""Tests as a user of the test kit writes them. test_test_kit.py runs them, from a folder outside of the repository."""

import io
import math
import struct
import wave

import pytest

from rtvi_web.testing import ScriptError, expect, handshake, leave, lose, replay, say, sound, wait

ANSWER = [
    say("user-llm-text", {"text": "hello"}),
    say("bot-llm-started"),
    say("bot-llm-text", {"text": "Hi there!"}),
    say("bot-llm-stopped"),
    say("bot-started-speaking"),
]


def tone(seconds):
    samples = [int(12_000 * math.sin(n / 8)) for n in range(int(16_000 * seconds))]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


def start(opened):
    opened.page.locator("#start").click()


def send(opened, text):
    opened.page.get_by_label("Message").fill(text)
    opened.page.get_by_role("button", name="Send").click()


def ready(opened):
    opened.page.wait_for_function("globalThis.rtviWebTest && document.querySelector('.rtvi-voice')")
    start(opened)
    opened.badge.wait_for("bot-ready")
    return opened


def test_a_talk_with_time_sound_and_every_widget(rtvi_page):
    opened = rtvi_page(
        "page",
        [*handshake(), expect("send-text", {"content": "hello"}), wait(0.3), *ANSWER, sound(tone(4)), wait(0.1)],
    )
    opened.page.wait_for_function("globalThis.rtviWebTest && document.querySelector('.rtvi-voice')")
    assert opened.badge.text == "Not connected"
    assert not opened.mic_button.is_enabled
    start(opened)
    opened.badge.wait_for("bot-ready")
    assert opened.badge.state == "bot-ready"
    assert opened.badge.text == "Connected"

    opened.mic_button.press()
    opened.mic_button.wait_until_pressed()
    opened.mic_button.press()
    opened.mic_button.wait_until_pressed(False)
    assert opened.mic_button.problem == ""
    assert opened.devices().options
    assert opened.devices().selected in opened.devices().options
    opened.devices().choose(opened.devices().options[-1])
    assert opened.devices().problem == ""
    assert opened.devices("Speaker").is_there
    assert not opened.cam_button.is_pressed
    assert opened.screen_button.is_there

    before = opened.page.evaluate("performance.now()")
    send(opened, "hello")
    opened.transcript.wait_for("Hi there!", who="Bot")
    assert opened.page.evaluate("performance.now()") - before > 300
    assert [(turn.who, turn.text) for turn in opened.transcript.turns()] == [("You", "hello"), ("Bot", "Hi there!")]
    assert opened.transcript.doing == "The bot is speaking…"
    opened.voice.wait_for("speaking")
    opened.voice.wait_until_moving()
    opened.level("bot").wait_until_moving()
    assert opened.level("bot").level > 0
    assert not opened.bot_audio.is_blocked
    opened.bot.finish()
    assert opened.bot.sent[-1]["data"]["content"] == "hello"
    assert [(method, url) for method, url, *_ in opened.bot.requests] == [("POST", "./start")]

    recording = opened.recording()
    assert "xyzzy" not in recording
    again = rtvi_page("page", replay(recording, speed=4))
    ready(again)
    send(again, "hello")
    again.transcript.wait_for("Hi there!", who="Bot")
    again.bot.finish()


def test_a_page_that_sends_something_else_fails(rtvi_page):
    opened = ready(rtvi_page("page", [*handshake(), expect("send-text", {"content": "hello"})]))
    with pytest.raises(ScriptError, match="the script is not over; next: Expect"):
        opened.bot.finish(timeout=0.2)
    with pytest.raises(ScriptError, match=r"has not sent 'send-text' within 0\.2 s; it sent: client-ready"):
        opened.bot.wait_for_sent("send-text", timeout=0.2)
    send(opened, "something else")
    with pytest.raises(ScriptError, match=r"expected Expect.*the client sent .*something else"):
        opened.bot.finish()


def test_steps_are_added_while_the_page_runs(rtvi_page):
    opened = ready(rtvi_page("page"))
    call = {"function_name": "get_weather", "tool_call_id": "1", "arguments": {"place": "Paris"}}
    opened.bot.go_on(say("llm-function-call-in-progress", call), expect("llm-function-call-result"))
    assert opened.bot.wait_for_sent("llm-function-call-result")["data"]["result"] == {"sky": "blue"}
    opened.transcript.wait_for("get_weather")
    assert "get_weather(place='Paris')" in opened.transcript.turns()[-1].calls[0]
    opened.bot.go_on(leave())
    opened.badge.wait_for("bot-left")
    opened.bot.finish()
    opened.page.locator("#stop").click()
    opened.badge.wait_for("disconnected")
    opened.bot.go_on(*handshake())
    start(opened)
    opened.badge.wait_for("bot-ready")
    opened.bot.go_on(lose())
    opened.badge.wait_for("disconnected")


def test_a_start_endpoint_that_refuses(rtvi_page):
    opened = rtvi_page("page/index.html", start=[(503, '{"error": "no bot is free"}')])
    opened.page.wait_for_function("globalThis.rtviWebTest && document.querySelector('.rtvi-voice')")
    start(opened)
    opened.badge.wait_for("error")
    assert "no bot is free" in opened.page.title()


@pytest.mark.parametrize(("microphone", "why"), [("denied", "denied"), ("missing", "found")])
def test_a_microphone_that_cannot_be_used(rtvi_page, microphone, why):
    opened = ready(rtvi_page("page", microphone=microphone))
    assert opened.mic_button.problem
    opened.mic_button.ask_again()
    assert not opened.mic_button.is_enabled


def test_pages_and_microphones_that_cannot_be(rtvi_page):
    with pytest.raises(FileNotFoundError, match="There is no page"):
        rtvi_page("nowhere")
    with pytest.raises(ValueError, match="microphone is 'granted', 'denied' or 'missing', not 'broken'"):
        rtvi_page("page", microphone="broken")
    with pytest.raises(TypeError, match="A script has steps"):
        rtvi_page("page", ["hello"])
