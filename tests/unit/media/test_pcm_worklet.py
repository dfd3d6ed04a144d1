"""The player's worklet on a clock of the test's own: its buffer, its rates and channels, and what it counts."""

from __future__ import annotations

import json
import math
import random
import subprocess
from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright._impl._driver import compute_driver_executable

HARNESS = Path(__file__).with_name("worklet.mjs")
MODULE = Path(__file__).parents[3] / "rtvi_web" / "browser" / "worklets" / "pcm.js"
NODE = compute_driver_executable()[0]
CONTEXT = 48_000
BLOCK = 128
LULL = 0.2


class Rendered(NamedTuple):
    """What the worklet made: the channels' samples, and what it posted, each with its time in seconds."""

    left: list[float]
    right: list[float]
    posted: list[tuple[float, dict[str, Any]]]

    def times(self, name: str) -> list[float]:
        return [at for at, message in self.posted if name in message]

    def sounds(self) -> list[tuple[int, int]]:
        """Where sound begins and ends, in samples; a pause has 32 samples at least."""
        loud = [index for index, sample in enumerate(self.left) if sample]
        edges = [index for index, (one, next) in enumerate(pairwise(loud)) if next - one > 32]
        begins, ends = [0, *(edge + 1 for edge in edges)], [*edges, len(loud) - 1]
        return [(loud[begin], loud[end] + 1) for begin, end in zip(begins, ends, strict=True)] if loud else []


def render(steps: list[dict[str, Any]], *, buffer: float = 0.0, most: float = 60.0) -> Rendered:
    given = {
        "sampleRate": CONTEXT,
        "processor": "rtvi-web-player",
        "options": {"lull": LULL, "report": 0.1, "buffer": buffer, "most": most},
        "steps": steps,
    }
    done = subprocess.run([NODE, HARNESS, MODULE], input=json.dumps(given).encode(), stdout=subprocess.PIPE, check=True)
    result = json.loads(done.stdout)
    left, right = result["output"]
    return Rendered(left, right, result["posted"])


def play(*samples: int, item: str = "item", rate: int = CONTEXT, channels: int = 1) -> dict[str, Any]:
    return {"message": {"play": samples, "item": item, "part": 0, "rate": rate, "channels": channels}}


def for_seconds(seconds: float) -> dict[str, Any]:
    return {"render": round(seconds * CONTEXT / BLOCK)}


def sine(pitch: float, rate: int, seconds: float) -> list[int]:
    return [round(16_000 * math.sin(math.tau * pitch * n / rate)) for n in range(round(rate * seconds))]


def pitch_of(samples: list[float]) -> float:
    ups = [index for index, (before, now) in enumerate(pairwise(samples)) if before < 0 <= now]
    return CONTEXT * (len(ups) - 1) / (ups[-1] - ups[0])


def streamed(frame: float, delays: list[float], rate: int = 24_000) -> list[dict[str, Any]]:
    """Frames of a sound without silence, one each ``frame`` seconds and late by ``delays``, but in order."""
    steps: list[dict[str, Any]] = []
    arrivals: list[float] = []
    now = 0
    for number, delay in enumerate(delays):
        arrivals.append(max([number * frame + delay, *arrivals[-1:]]))
    for arrival in arrivals:
        blocks = max(round(arrival * CONTEXT / BLOCK) - now, 0)
        steps += [{"render": blocks}, play(*[8000] * round(frame * rate), rate=rate)]
        now += blocks
    return [*steps, for_seconds(1)]


def test_each_piece_has_its_own_rate_and_channels() -> None:
    """A second of tone at each rate, one after the other, in mono and in stereo."""
    tones = [(8000, 400), (16_000, 500), (24_000, 600), (48_000, 700), (44_100, 800)]
    steps = []
    for number, (rate, pitch) in enumerate(tones):
        left, right = sine(pitch, rate, 0.5), sine(pitch * 1.5, rate, 0.5)
        mixed = [sample for pair in zip(left, right, strict=True) for sample in pair]
        steps += [play(*left, rate=rate, item=f"{number} mono")]
        steps += [play(*mixed, rate=rate, item=f"{number} stereo", channels=2)]
    rendered = render([*steps, for_seconds(6)])
    half, margin = CONTEXT // 2, 2000
    for number, (rate, pitch) in enumerate(tones):
        begin = 2 * number * half
        mono = slice(begin + margin, begin + half - margin)
        stereo = slice(begin + half + margin, begin + 2 * half - margin)
        assert rendered.left[mono] == rendered.right[mono]
        assert pitch_of(rendered.left[mono]) == pytest.approx(pitch, rel=0.005), rate
        assert pitch_of(rendered.left[stereo]) == pytest.approx(pitch, rel=0.005), rate
        assert pitch_of(rendered.right[stereo]) == pytest.approx(1.5 * pitch, rel=0.005), rate
    [(begin, end)] = rendered.sounds()
    assert end - begin == pytest.approx(5 * CONTEXT, abs=600), "nothing is lost, nothing is added"


def test_without_a_buffer_sound_begins_at_once() -> None:
    rendered = render([play(*[8000] * 1000), {"render": 20}])
    assert rendered.sounds() == [(0, 1000)]
    assert rendered.times("underrun") == []


def test_what_a_buffer_gathers_is_its_delay() -> None:
    rendered = render(streamed(0.04, [0.0] * 25), buffer=0.16)
    [(begin, end)] = rendered.sounds()
    assert 0.1 <= begin / CONTEXT <= 0.17
    assert end - begin == pytest.approx(CONTEXT, abs=100), "a second, whole"
    assert rendered.times("underrun") == []


def test_a_short_utterance_is_played_too() -> None:
    rendered = render([play(*[8000] * 960), for_seconds(1)], buffer=0.16)
    [(begin, end)] = rendered.sounds()
    assert 0.15 <= begin / CONTEXT <= 0.17
    assert end - begin == 960


def test_jitter_makes_no_gap() -> None:
    """A minute, each frame late by 20 to 80 ms, and a server that is sometimes late itself."""
    chance = random.Random(0)
    delays = [chance.uniform(0.020, 0.080) + chance.choice([0, 0, 0, 0.025]) for _ in range(1500)]
    rendered = render(streamed(0.04, delays), buffer=0.16)
    [(begin, end)] = rendered.sounds()
    assert end - begin == pytest.approx(60 * CONTEXT, abs=100)
    assert rendered.times("underrun") == []


def test_the_same_jitter_makes_gaps_without_a_buffer() -> None:
    chance = random.Random(1)
    rendered = render(streamed(0.04, [chance.uniform(0.020, 0.080) for _ in range(100)]), buffer=0.001)
    assert len(rendered.sounds()) > 2
    assert len(rendered.times("underrun")) > 1


def test_after_an_underrun_it_fills_up_again() -> None:
    steps = streamed(0.04, [*[0.0] * 10, *[0.3] * 40])
    rendered = render(steps, buffer=0.16)
    (_, first), (second, end) = rendered.sounds()
    assert len(rendered.times("underrun")) == 1, "one gap, and not one with each frame"
    assert second - first < 0.5 * CONTEXT
    assert end - second == pytest.approx(40 * 0.04 * CONTEXT, abs=100)


def test_a_pause_of_the_bot_is_no_underrun() -> None:
    piece = play(*[8000] * 9600)
    rendered = render([piece, for_seconds(1), piece, for_seconds(1)], buffer=0.16)
    assert len(rendered.sounds()) == 2
    assert rendered.times("underrun") == []


def test_an_interruption_silences_at_once_and_what_follows_plays_whole() -> None:
    long = play(*[8000] * (10 * CONTEXT), item="first")
    steps = [long, for_seconds(1), {"message": {"interrupt": 1}}, for_seconds(0.5)]
    rendered = render([*steps, play(*[8000] * CONTEXT, item="second"), for_seconds(2)], buffer=0.16)
    (begin, end), (again, over) = rendered.sounds()
    assert end == pytest.approx(CONTEXT, abs=BLOCK)
    assert again - end > 0.5 * CONTEXT
    assert over - again == CONTEXT
    [played] = [message["playing"] for _, message in rendered.posted if "interrupted" in message]
    assert played == {"item": "first", "part": 0, "samples": end - begin}


def test_more_than_can_wait_is_dropped_and_told() -> None:
    steps = [play(*[8000] * CONTEXT) for _ in range(5)]
    rendered = render([*steps, for_seconds(6)], most=2.0)
    [(begin, end)] = rendered.sounds()
    assert end - begin == 3 * CONTEXT
    assert len(rendered.times("dropped")) == 2


def test_an_incomplete_sample_of_two_channels_is_left_out() -> None:
    rendered = render([play(8000, 4000, 8000, channels=2), {"render": 2}])
    assert (rendered.left[0], rendered.right[0]) == (8000 / 32768, 4000 / 32768)
    assert set(rendered.left[1:]) == {0.0}


def test_pcm_is_read_as_it_is_written() -> None:
    samples = array("h", [-32768, -1, 0, 1, 32767])
    assert render([play(*samples), {"render": 1}]).left[:5] == [sample / 32768 for sample in samples]


def recorded(rendered: Rendered) -> list[int]:
    """What the worklet says it has played; Int16Arrays come as objects with numbered keys."""
    return [
        sample for _, message in rendered.posted if "recorded" in message for sample in message["recorded"].values()
    ]


PAUSE: dict[str, Any] = {"message": {"pause": True}}
RESUME: dict[str, Any] = {"message": {"pause": False}}
RECORD: dict[str, Any] = {"message": {"record": True}}


@pytest.mark.parametrize("rate", [8000, 24_000, CONTEXT])
@pytest.mark.parametrize("buffer", [0.0, 0.16])
def test_after_a_pause_it_goes_on_with_the_next_sample(rate: int, buffer: float) -> None:
    whole = render([play(*sine(500, rate, 1), rate=rate), for_seconds(2)], buffer=buffer)
    steps = [play(*sine(500, rate, 1), rate=rate), for_seconds(0.5), PAUSE, for_seconds(3), RESUME, for_seconds(2)]
    paused = render(steps, buffer=buffer)
    at = round(0.5 * CONTEXT / BLOCK) * BLOCK
    silence = round(3 * CONTEXT / BLOCK) * BLOCK
    assert paused.left[:at] == whole.left[:at]
    assert set(paused.left[at : at + silence]) == {0.0}
    assert paused.left[at + silence :][: CONTEXT // 2] == whole.left[at:][: CONTEXT // 2]
    assert [message["speaking"] for _, message in paused.posted if "speaking" in message] == [True, False, True, False]
    assert paused.times("underrun") == []


def test_an_interruption_of_a_pause_counts_what_was_heard() -> None:
    long, ask = play(*[8000] * CONTEXT, item="first"), {"message": {"interrupt": 1}}
    for steps, item, seconds in (
        ([long, for_seconds(0.5), PAUSE, for_seconds(1)], "first", 0.5),
        ([PAUSE, long, for_seconds(1)], "first", 0),
        ([play(*[8000] * BLOCK, item="over"), for_seconds(1), PAUSE, long, for_seconds(1)], "first", 0),
    ):
        rendered = render([*steps, ask, RESUME, for_seconds(1)])
        [playing] = [message["playing"] for _, message in rendered.posted if "interrupted" in message]
        assert (playing["item"], playing["samples"] / CONTEXT) == (item, pytest.approx(seconds, abs=0.003))
        assert set(rendered.left[-CONTEXT + BLOCK :]) == {0.0}
    rendered = render([PAUSE, for_seconds(1), ask])
    assert [message["playing"] for _, message in rendered.posted if "interrupted" in message] == [None]


def test_what_is_recorded_is_what_was_played() -> None:
    chance = random.Random(2)
    samples = [chance.randrange(-32_768, 32_768) or 1 for _ in range(CONTEXT)]
    steps = [RECORD, *(play(*samples[n : n + 1000]) for n in range(0, CONTEXT, 1000))]
    steps += [for_seconds(0.3), PAUSE, for_seconds(0.2), RESUME, for_seconds(0.3), {"message": {"interrupt": 1}}]
    rendered = render([*steps, for_seconds(0.5), {"message": {"record": False}}, play(*samples), for_seconds(0.5)])
    [played] = [message["playing"]["samples"] for _, message in rendered.posted if "interrupted" in message]
    assert 0.55 * CONTEXT < played < 0.65 * CONTEXT
    assert recorded(rendered) == samples[:played]
    assert [message["last"] for _, message in rendered.posted if "recorded" in message][-1] is True
    assert len(rendered.times("recorded")) < 12, "a message each tenth of a second"


def test_the_end_of_what_was_played_is_told_at_once() -> None:
    rendered = render([RECORD, play(*[8000] * 1000), for_seconds(1), play(*[4000] * 1000), for_seconds(1)])
    assert recorded(rendered) == [8000] * 1000 + [4000] * 1000
    assert rendered.times("recorded")[0] < 0.05


def test_both_channels_are_recorded_as_one() -> None:
    rendered = render([RECORD, play(*[8000, 4000] * 1000, channels=2), for_seconds(1)])
    assert recorded(rendered) == [6000] * 1000
