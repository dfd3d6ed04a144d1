"""A summary of what a browser reports of a connection (W3C webrtc-stats)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Report: TypeAlias = Mapping[str, Any]

UNANSWERED_FOR = 8.5
"""At most this many seconds have passed since the last answered check when a browser reports a lost path. It checks
every 2.5 s, waits 5 s for an answer, and looks twice a second."""

JUST_NOW = 1.0
"""Seconds. If the last packet is younger, the way from the bot to the page works: a bot's sound never pauses."""


class Traffic(NamedTuple):
    """Bytes received and sent since the connection began, at a moment in seconds since 1970."""

    at: float
    received: int
    sent: int


NO_TRAFFIC = Traffic(0.0, 0, 0)


@dataclass(frozen=True)
class LinkStats:
    """Statistics of a link. ``None`` means that the browser or the transport does not report the value.

    Attributes:
        round_trip_time: seconds to the bot's server and back, measured by the latest check.
        jitter: seconds of variation in the arrival of the bot's audio packets.
        loss_received: share of the bot's audio packets that were lost, 0 to 1, over the whole connection.
        loss_sent: share of our packets that were lost, as the server reports it; Pipecat's does not always.
        bitrate_received, bitrate_sent: bits a second of all data since the previous ``stats()``, or since the
            connection began.
        audio_codec_received, audio_codec_sent, video_codec_received, video_codec_sent: such as ``"opus/48000/2"``.
        local_candidate, remote_candidate: the type of each end of the path: ``"host"``, ``"srflx"`` or ``"prflx"``
            (through a NAT), or ``"relay"`` (a TURN server).
        protocol: ``"udp"``, ``"tcp"`` or ``"websocket"``.
        buffered: bytes of messages that have not left yet.
        playback_delay: seconds of the bot's sound that wait in the page to be played; over a WebSocket when last
            reported, over WebRTC the mean of the whole connection.
        underruns: how often the bot's sound came too late in this session, so that there was a gap.
        traffic: the byte counts from which the next bitrates are computed.
    """

    round_trip_time: float | None = None
    jitter: float | None = None
    loss_received: float | None = None
    loss_sent: float | None = None
    bitrate_received: float | None = None
    bitrate_sent: float | None = None
    audio_codec_received: str | None = None
    audio_codec_sent: str | None = None
    video_codec_received: str | None = None
    video_codec_sent: str | None = None
    local_candidate: str | None = None
    remote_candidate: str | None = None
    protocol: str | None = None
    buffered: int = 0
    playback_delay: float | None = None
    underruns: int | None = None
    traffic: Traffic = NO_TRAFFIC


def summarize(reports: Iterable[Report], before: Traffic, *, buffered: int = 0) -> LinkStats:
    """Summarize a report.

    Args:
        reports: its parts.
        before: the byte counts of the previous summary, for the bitrates.
        buffered: bytes of messages that have not left yet.
    """
    by_id = {str(report["id"]): report for report in reports}
    pair = selected_pair(by_id)
    traffic = Traffic(pair.get("timestamp", 0.0) / 1000, pair.get("bytesReceived", 0), pair.get("bytesSent", 0))
    heard, echoed = _rtp(by_id, "inbound-rtp", "audio"), _rtp(by_id, "remote-inbound-rtp", "audio")
    local, remote = (by_id.get(str(pair.get(f"{end}CandidateId")), {}) for end in ("local", "remote"))
    return LinkStats(
        round_trip_time=pair.get("currentRoundTripTime"),
        jitter=heard.get("jitter"),
        loss_received=_loss(heard.get("packetsLost"), heard.get("packetsReceived")),
        loss_sent=echoed.get("fractionLost"),
        bitrate_received=_rate(traffic.received - before.received, traffic.at - before.at),
        bitrate_sent=_rate(traffic.sent - before.sent, traffic.at - before.at),
        audio_codec_received=_codec(by_id, heard),
        audio_codec_sent=_codec(by_id, _rtp(by_id, "outbound-rtp", "audio")),
        video_codec_received=_codec(by_id, _rtp(by_id, "inbound-rtp", "video")),
        video_codec_sent=_codec(by_id, _rtp(by_id, "outbound-rtp", "video")),
        local_candidate=local.get("candidateType"),
        remote_candidate=remote.get("candidateType"),
        protocol=local.get("protocol"),
        buffered=buffered,
        playback_delay=_mean(heard.get("jitterBufferDelay"), heard.get("jitterBufferEmittedCount")),
        traffic=traffic,
    )


def selected_pair(by_id: Mapping[str, Report]) -> Report:
    """The pair of candidates in use; empty if there is none."""
    for report in by_id.values():
        if report["type"] == "transport" and report.get("selectedCandidatePairId") in by_id:
            return by_id[report["selectedCandidatePairId"]]
    pairs = (report for report in by_id.values() if report["type"] == "candidate-pair" and report.get("nominated"))
    return next(pairs, {})


def arrived_until(reports: Iterable[Report], *, unanswered: bool) -> float:
    """The time until which everything we sent has arrived, in seconds since 1970; 0 if that is unknown.

    Args:
        unanswered: whether the browser gets no answers to its checks. If packets still arrive then, only the way to the
            bot is cut, and the browser does not say since when.
    """
    pairs = (report for report in reports if report["type"] == "candidate-pair")
    pair = max(pairs, key=lambda pair: float(pair.get("lastPacketReceivedTimestamp", 0.0)), default={})
    if not (heard := pair.get("lastPacketReceivedTimestamp", 0.0) / 1000):
        return 0.0
    now = pair.get("timestamp", 0.0) / 1000
    if unanswered and now - heard < JUST_NOW:
        return float(now - UNANSWERED_FOR)
    return float(heard - pair.get("currentRoundTripTime", 0.0))


def sound_sent(reports: Iterable[Report]) -> float | None:
    """The energy of the sound sent so far (V²s of full scale); ``None`` if no microphone sends."""
    sources = (report for report in reports if report["type"] == "media-source" and report.get("kind") == "audio")
    energies = [source["totalAudioEnergy"] for source in sources if "totalAudioEnergy" in source]
    return sum(energies) if energies else None


def _rtp(by_id: Mapping[str, Report], type: str, kind: str) -> Report:
    """The stream of a kind with the most bytes."""
    streams = [report for report in by_id.values() if report["type"] == type and report.get("kind") == kind]
    return max(streams, key=lambda stream: stream.get("bytesReceived", stream.get("bytesSent", 0)), default={})


def _codec(by_id: Mapping[str, Report], stream: Report) -> str | None:
    codec = by_id.get(str(stream.get("codecId")))
    if codec is None:
        return None
    name = f"{str(codec.get('mimeType', '')).partition('/')[2]}/{int(codec.get('clockRate', 0))}"
    return f"{name}/{int(codec['channels'])}" if "channels" in codec else name


def _loss(lost: float | None, received: float | None) -> float | None:
    if lost is None or received is None or lost + received <= 0:
        return None
    return max(0.0, lost / (lost + received))  # Packets that arrive twice make the loss negative.


def _mean(total: float | None, count: float | None) -> float | None:
    return total / count if total is not None and count else None


def _rate(size: int, seconds: float) -> float | None:
    return 8 * size / seconds if seconds > 0 and size >= 0 else None
