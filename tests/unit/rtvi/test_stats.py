"""A browser's report of a connection, in short."""

from __future__ import annotations

from typing import Any

import pytest

from rtvi_web.rtvi.protocol.link.stats import (
    UNANSWERED_FOR,
    Traffic,
    arrived_until,
    sound_sent,
    summarize,
)
from rtvi_web.transports.signs_of_life import received_count

REPORT: list[dict[str, Any]] = [
    {"id": "T", "type": "transport", "selectedCandidatePairId": "P2"},
    {"id": "P1", "type": "candidate-pair", "nominated": True, "responsesReceived": 1},
    {
        "id": "P2",
        "type": "candidate-pair",
        "timestamp": 1_000_010_000.0,
        "bytesReceived": 60_000,
        "bytesSent": 30_000,
        "packetsReceived": 500,
        "requestsReceived": 4,
        "responsesReceived": 5,
        "currentRoundTripTime": 0.02,
        "lastPacketReceivedTimestamp": 1_000_009_990.0,
        "localCandidateId": "L",
        "remoteCandidateId": "R",
    },
    {"id": "L", "type": "local-candidate", "candidateType": "srflx", "protocol": "udp"},
    {"id": "R", "type": "remote-candidate", "candidateType": "host"},
    {"id": "C1", "type": "codec", "mimeType": "audio/opus", "clockRate": 48000, "channels": 2},
    {"id": "C2", "type": "codec", "mimeType": "video/VP8", "clockRate": 90000},
    {
        "id": "I",
        "type": "inbound-rtp",
        "kind": "audio",
        "codecId": "C1",
        "jitter": 0.003,
        "packetsLost": 5,
        "packetsReceived": 495,
        "jitterBufferDelay": 4_800.0,  # seconds, of all samples
        "jitterBufferEmittedCount": 96_000,
    },
    {"id": "O", "type": "outbound-rtp", "kind": "audio", "codecId": "C1", "bytesSent": 10},
    {"id": "O1", "type": "outbound-rtp", "kind": "video", "bytesSent": 0},
    {"id": "O2", "type": "outbound-rtp", "kind": "video", "codecId": "C2", "bytesSent": 9},
    {"id": "M", "type": "media-source", "kind": "audio", "totalAudioEnergy": 0.25},
    {"id": "B", "type": "remote-inbound-rtp", "kind": "audio", "fractionLost": 0.1},
]


def test_a_report() -> None:
    stats = summarize(REPORT, Traffic(1_000_000.0, 10_000, 20_000), buffered=7)
    assert (stats.round_trip_time, stats.jitter) == (0.02, 0.003)
    assert (stats.loss_received, stats.loss_sent) == (0.01, 0.1)
    assert (stats.bitrate_received, stats.bitrate_sent) == (40_000, 8_000)
    assert (stats.audio_codec_received, stats.audio_codec_sent) == ("opus/48000/2", "opus/48000/2")
    assert (stats.video_codec_received, stats.video_codec_sent) == (None, "VP8/90000")
    assert (stats.local_candidate, stats.remote_candidate, stats.protocol) == ("srflx", "host", "udp")
    assert (stats.buffered, stats.playback_delay) == (7, 0.05)
    assert stats.traffic == Traffic(1_000_010.0, 60_000, 30_000)


def test_an_empty_report_tells_nothing() -> None:
    stats = summarize([], Traffic(0.0, 0, 0))
    reported = {name: getattr(stats, name) for name in stats.__dataclass_fields__}
    assert {value for name, value in reported.items() if name not in ("buffered", "traffic")} == {None}
    assert (received_count([]), arrived_until([], unanswered=True), sound_sent([])) == (0, 0.0, None)


def test_other_figures_of_a_report() -> None:
    assert received_count(REPORT) == 1 + 500 + 60_000 + 4 + 5
    assert sound_sent(REPORT) == 0.25


def test_the_last_moment_at_which_everything_sent_had_arrived() -> None:
    """Until a round trip before the last packet; if only the way there is cut, as long as no answer is missing."""
    assert arrived_until(REPORT, unanswered=False) == 1_000_009.97
    assert arrived_until(REPORT, unanswered=True) == 1_000_010 - UNANSWERED_FOR
    all_is_cut = [{"type": "candidate-pair", "timestamp": 106_000.0, "lastPacketReceivedTimestamp": 100_000.0}]
    assert arrived_until(all_is_cut, unanswered=True) == 100.0


FIREFOX: list[dict[str, Any]] = [
    {"id": "T", "type": "transport", "selectedCandidatePairId": "P"},
    {
        "id": "P",
        "type": "candidate-pair",
        "timestamp": 1795982939539,
        "nominated": True,
        "bytesReceived": 42311,
        "bytesSent": 40701,
        "currentRoundTripTime": 0,
        "lastPacketReceivedTimestamp": 1795982939538,
        "responsesReceived": 1,
        "localCandidateId": "L",
    },
    {"id": "L", "type": "local-candidate", "candidateType": "host", "protocol": "udp"},
    {"id": "M", "type": "media-source", "kind": "audio", "trackIdentifier": "{dfac}"},
    {"id": "O", "type": "outbound-rtp", "kind": "audio", "bytesSent": 18679, "packetsSent": 117},
]
"""What Firefox 153 reports: a pair without packets and requests, a microphone without its energy."""


def test_a_report_of_firefox() -> None:
    assert received_count(FIREFOX) == 42311 + 1
    assert sound_sent(FIREFOX) is None, "it does not say whether the microphone is silent"
    assert arrived_until(FIREFOX, unanswered=False) == 1795982939.538
    stats = summarize(FIREFOX, Traffic(1795982937.539, 311, 701))
    assert (stats.round_trip_time, stats.protocol, stats.local_candidate) == (0, "udp", "host")
    assert (stats.bitrate_received, stats.bitrate_sent) == (168_000, 160_000)


@pytest.mark.parametrize(("lost", "received", "loss"), [(-3, 100, 0.0), (0, 0, None), (10, 0, 1.0)])
def test_loss_at_its_edges(lost: int, received: int, loss: float | None) -> None:
    stream = {"id": "I", "type": "inbound-rtp", "kind": "audio", "packetsLost": lost, "packetsReceived": received}
    assert summarize([stream], Traffic(0.0, 0, 0)).loss_received == loss


def test_a_new_connection_has_no_rate_against_an_old_one() -> None:
    assert summarize(REPORT, Traffic(1_000_000.0, 10**9, 10**9)).bitrate_received is None
