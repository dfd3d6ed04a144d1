"""Formats of sound other than PCM at 24 kHz."""

from __future__ import annotations

import asyncio
import base64
import warnings
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, turns

from rtvi_web import InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime import AudioClip, Played
from rtvi_web.realtime.protocol.audio import Retention
from rtvi_web.realtime.protocol.formats import SoundFormat, sound_format
from rtvi_web.testing import ScriptedRealtimeTransport

ULAW, ALAW = {"type": "audio/pcmu"}, {"type": "audio/pcma"}


def both(given: Any) -> dict[str, Any]:
    return {"audio": {"input": {"format": given, "turn_detection": None}, "output": {"format": given}}}


async def begun(config: Any = None, **options: Any) -> Run:
    run = Run(server=ScriptedRealtimeTransport(**options), config=config)  # type: ignore[arg-type]
    await run.client.connect()
    return run


def sent(run: Run) -> bytes:
    return b"".join(base64.b64decode(event["audio"]) for event in run.server.sent_of("input_audio_buffer.append"))


def say(run: Run, data: bytes, id: str = "item_a") -> None:
    item = {"id": id, "type": "message", "role": "assistant", "content": []}
    run.server.say("response.output_item.added", response_id="resp_1", item=item)
    place = {"item_id": id, "response_id": "resp_1", "content_index": 0}
    run.server.say("response.output_audio.delta", **place, delta=base64.b64encode(data).decode())


# Codecs.


def test_g711_is_as_the_standard_library_had_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")  # until Python 3.12
    every_byte, every_sample = bytes(range(256)), array("h", range(-32768, 32768)).tobytes()
    for name, type in (("ulaw", "audio/pcmu"), ("alaw", "audio/pcma")):
        format = SoundFormat(type, 8000)
        assert format.decode(every_byte) == getattr(audioop, f"{name}2lin")(every_byte, 2)
        assert format.encode(every_sample) == getattr(audioop, f"lin2{name}")(every_sample, 2)


@given(st.sampled_from(["audio/pcmu", "audio/pcma"]), st.binary(max_size=300))
def test_g711_comes_back_as_it_went(type: str, data: bytes) -> None:
    format = SoundFormat(type, 8000)
    pcm = format.decode(data)
    assert len(pcm) == 2 * len(data)
    assert format.decode(format.encode(pcm)) == pcm


@pytest.mark.parametrize(
    ("given", "format"),
    [
        ({"type": "audio/pcm"}, SoundFormat("audio/pcm", 24_000)),
        *[({"type": "audio/pcm", "rate": rate}, SoundFormat("audio/pcm", rate)) for rate in (8000, 16_000, 48_000)],
        (ULAW, SoundFormat("audio/pcmu", 8000)),
        ({"type": "audio/pcma", "rate": 8000}, SoundFormat("audio/pcma", 8000)),
    ],
)
def test_formats_that_can_be_used(given: Any, format: SoundFormat) -> None:
    assert sound_format(given) == format


IMPOSSIBLE = [
    {"type": "audio/pcm", "rate": 44_100},
    {"type": "audio/pcm", "rate": "24000"},
    {"type": "audio/pcmu", "rate": 16_000},
    {"type": "audio/opus"},
    {"type": 3},
    {},
    "mp3",
    7,
]


@pytest.mark.parametrize("format", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize("side", ["input", "output"])
async def test_a_format_that_cannot_be_used_is_refused_at_once(format: Any, side: str) -> None:
    config = {"audio": {side: {"format": format}}}
    with pytest.raises(InvalidArgumentError, match="cannot be used: it must be audio/pcm"):
        Run(config=config)
    run = await begun()
    before = run.client.config
    with pytest.raises(InvalidArgumentError, match="cannot be used"):
        run.client.update_config(config)
    assert run.client.config == before
    assert len(run.server.sent) == 1
    await run.client.disconnect()


async def test_a_transport_that_has_no_other_rate_says_so() -> None:
    class Plain(ScriptedRealtimeTransport):
        def use_rates(self, *, microphone: int, answers: int) -> None:
            super(ScriptedRealtimeTransport, self).use_rates(microphone=microphone, answers=answers)

    run = Run(server=Plain(), config=both(ULAW))  # type: ignore[arg-type]
    with pytest.raises(UnsupportedFeatureError, match="Plain has sound of 24000 samples a second only"):
        await run.client.connect()
    assert not run.server.is_open
    run = Run(server=Plain(), config=both({"type": "audio/pcm", "rate": 24_000}))  # type: ignore[arg-type]
    await run.client.connect()
    await run.client.disconnect()


# Both ways.


@pytest.mark.parametrize(
    "format",
    [ULAW, ALAW, "g711_ulaw", *[{"type": "audio/pcm", "rate": rate} for rate in (8000, 16_000, 24_000, 48_000)]],
    ids=str,
)
async def test_sound_goes_both_ways(format: Any) -> None:
    run = await begun(both(format))
    known = sound_format(ULAW if isinstance(format, str) else format)
    assert run.server.rates == (known.rate, known.rate)
    half = known.decode(known.encode(array("h", range(-2000, 2000)).tobytes()))  # what the format can say
    pcm = half * (known.rate // 4000)  # a second
    run.server.hear(pcm[: len(pcm) // 2])
    run.client.append_input_audio(pcm[len(pcm) // 2 :])
    assert sent(run) == known.encode(pcm)
    assert bytes(run.client.input_audio_buffer) == pcm
    assert repr(run.client.input_audio_buffer) == "<InputAudio of 1.00 s>"
    run.client.create_response()
    run.server.say("input_audio_buffer.committed", item_id="u")
    user = {"id": "u", "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
    run.server.say("conversation.item.added", item=user)
    assert bytes(run.item("u").formatted.audio) == pcm
    say(run, known.encode(pcm))
    answer = run.item("item_a").formatted.audio
    assert bytes(answer) == pcm == b"".join(sound for _, sound in run.server.played)
    assert answer.rate == known.rate
    assert int.from_bytes(answer.wav()[24:28], "little") == known.rate
    run.server.now_playing = Played("item_a", 0, known.rate // 4)
    await run.client.interrupt()
    assert run.server.sent_of("conversation.item.truncate")[0]["audio_end_ms"] == 250
    run.server.say("conversation.item.truncated", item_id="item_a", content_index=0, audio_end_ms=250)
    assert len(answer) == known.rate // 4
    await run.client.disconnect()


async def test_each_side_has_a_format_of_its_own() -> None:
    wide = {"type": "audio/pcm", "rate": 48_000}
    run = await begun({"audio": {"input": {"format": ULAW}, "output": {"format": wide}}})
    assert run.server.rates == (8000, 48_000)
    run.client.append_input_audio(b"\0\0" * 80)
    assert len(sent(run)) == 80
    run.client.send_user_message_content([{"type": "input_audio", "audio": b"\0\0" * 80}])
    (created,) = run.server.sent_of("conversation.item.create")
    assert len(base64.b64decode(created["item"]["content"][0]["audio"])) == 80
    echo = {**created["item"], "content": [{"type": "input_audio"}]}
    run.server.say("conversation.item.added", item=echo)
    assert len(run.item(echo["id"]).formatted.audio) == 80
    assert run.item(echo["id"]).formatted.audio.rate == 8000
    await run.client.disconnect()


async def test_speech_is_cut_at_the_rate_of_the_input() -> None:
    run = await begun({"audio": {"input": {"format": ALAW, "turn_detection": {"type": "server_vad"}}}})
    run.client.append_input_audio(array("h", range(8000)))
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=250)
    run.server.say("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=750)
    run.server.say("conversation.item.added", item={"id": "u", "role": "user", "content": [{"type": "input_audio"}]})
    assert len(run.item("u").formatted.audio) == 4000
    await run.client.disconnect()


async def test_a_short_turn_is_measured_at_the_rate_of_the_input() -> None:
    run = await begun(both(ULAW))
    run.client.append_input_audio(b"\0\0" * 799)
    run.client.create_response()
    assert run.server.sent_of("response.create") == []
    run.client.append_input_audio(b"\0\0")
    run.client.create_response()
    assert len(run.server.sent_of("response.create")) == 1
    await run.client.disconnect()


def test_what_is_kept_is_measured_in_seconds() -> None:
    old, new = AudioClip(rate=8000), AudioClip(rate=48_000)
    retention = Retention(1.0)
    for clip in (old, new):
        for _ in range(10):
            retention.added(clip, len(clip.append(bytes(clip.rate * 2 // 10))))
    assert len(old) == 0
    assert len(new) == 48_000


# Servers that have another format.


async def test_the_format_of_the_server_is_followed() -> None:
    run = Run(server=ScriptedRealtimeTransport(handshake=False))  # type: ignore[arg-type]
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    assert run.server.rates == (24_000, 24_000)
    run.server.hear(b"\1\0" * 960)  # recorded at the old rate
    run.server.say("session.created", session=both(ULAW))
    assert run.server.rates == (8000, 8000)
    await turns()
    run.server.say("session.updated", session={})
    await connecting
    assert sent(run) == b""
    run.client.append_input_audio(b"\0\0" * 800)
    assert len(sent(run)) == 800
    say(run, b"\xff" * 800)
    assert run.server.played == [("item_a", b"\0\0" * 800)]
    await run.client.disconnect()
    # The next session begins anew.
    run.server.handshake = True
    await run.client.connect()
    assert run.server.rates == (24_000, 24_000)
    await run.client.disconnect()


async def test_a_server_that_answers_with_another_format_than_asked_is_followed() -> None:
    run = Run(server=ScriptedRealtimeTransport(handshake=False), config=both(ULAW))  # type: ignore[arg-type]
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.say("session.created", session=both({"type": "audio/pcm", "rate": 24_000}))
    assert run.server.rates == (8000, 8000)  # as asked
    await turns()
    run.server.say("session.updated", session={"audio": {"output": {"format": {"type": "audio/pcm", "rate": 16_000}}}})
    await connecting
    assert run.server.rates == (24_000, 16_000)
    await run.client.disconnect()


async def test_a_server_whose_format_cannot_be_used_is_told() -> None:
    run = Run(server=ScriptedRealtimeTransport(handshake=False))  # type: ignore[arg-type]
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.say("session.created", session=both({"type": "audio/opus"}))
    await turns()
    run.server.say("session.updated", session={})
    await connecting
    assert run.errors
    assert {error.source for error in run.errors} == {"server"}
    assert "The server's sound cannot be used" in run.errors[0].message
    assert "audio/opus" in run.errors[0].message
    await run.client.disconnect()


async def test_over_webrtc_only_the_page_names_formats() -> None:
    run = await begun(both(ULAW), carries_tracks=True)
    run.server.say("session.updated", session=both({"type": "audio/opus"}))
    assert run.errors == []
    run.client.append_input_audio(b"\0\0" * 80)
    assert len(sent(run)) == 80
    await run.client.disconnect()


@given(st.lists(st.integers(1, 9), max_size=8))
def test_time_passes_on_when_the_rate_changes(rates: list[int]) -> None:
    from rtvi_web.realtime import InputAudio

    sound, seconds = InputAudio(60), 0.0
    for rate in (rate * 8000 for rate in rates):
        sound.change_rate(rate)
        sound.append(bytes(rate * 2))
        seconds += 1
        assert sound.total / rate == pytest.approx(seconds, abs=0.01)
        assert len(sound) == rate


@pytest.mark.parametrize("answer", [both(ULAW), both({"type": "audio/pcmu", "rate": 8000}), both(None)])
async def test_a_server_whose_format_the_page_replaces_is_not_complained_about(answer: Any) -> None:
    run = Run(server=ScriptedRealtimeTransport(handshake=False), config=both(ULAW))  # type: ignore[arg-type]
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.say("session.created", session=both({"type": "audio/opus"}))
    await turns()
    run.server.say("session.updated", session=answer)
    await connecting
    assert run.errors == []
    assert run.server.rates == (8000, 8000)
    await run.client.disconnect()


@pytest.mark.parametrize("out_of_band", [True, False])
@pytest.mark.parametrize("flat", [True, False])
async def test_a_single_response_cannot_have_another_format(out_of_band: bool, flat: bool) -> None:
    run = await begun(both(ULAW))
    aside: dict[str, Any] = {"conversation": "none", "metadata": {"a": "b"}} if out_of_band else {}

    def ask(name: str, type: str) -> None:
        run.client.create_response(
            {**aside, "output_audio_format": name}
            if flat
            else {**aside, "audio": {"output": {"format": {"type": type}}}}
        )

    for name, type in (("pcm16", "audio/pcm"), ("opus", "audio/opus")):
        with pytest.raises(InvalidArgumentError, match="format"):
            ask(name, type)
    assert run.server.sent_of("response.create") == []
    ask("g711_ulaw", "audio/pcmu")
    assert len(run.server.sent_of("response.create")) == 1
    await run.client.disconnect()
