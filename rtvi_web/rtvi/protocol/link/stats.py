"""What a browser reports of a connection, in short (W3C webrtc-stats)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Report: TypeAlias = Mapping[str, Any]

UNANSWERED_FOR = 8.5
"""Seconds for which, at most, a browser has had no answer when it says so: it asks every 2.5 s, misses the answer for
5 s, and looks twice a second."""

JUST_NOW = 1.0
"""Seconds within which something has come from a bot that can be heard: its sound comes all the time."""


class Traffic(NamedTuple):
    """How much had passed at a moment: seconds, and bytes received and sent since the connection began."""

    at: float
    received: int
    sent: int


@dataclass(frozen=True)
class LinkStats:
    """How a link does. ``None`` is what the browser does not tell, or what there is none of.

    Attributes:
        round_trip_time: seconds to the bot's server and back, of the latest check.
        jitter: seconds by which the bot's audio packets come unevenly.
        loss_received: the part of the bot's audio packets that was lost on the way, 0 to 1, of the whole connection.
        loss_sent: the same of ours, as the server tells; Pipecat's does not always.
        bitrate_received, bitrate_sent: bits a second of everything, since the ``stats()`` before (at first: since the
            connection began).
        audio_codec_received, audio_codec_sent, video_codec_received, video_codec_sent: such as ``"opus/48000/2"``.
        local_candidate, remote_candidate: what the path's ends are: ``"host"``, ``"srflx"`` and ``"prflx"`` (through a
            NAT) or ``"relay"`` (a TURN server).
        protocol: ``"udp"`` or ``"tcp"``.
        buffered: bytes of messages that have not left yet.
        traffic: what the bitrates were reckoned from.
    """

    round_trip_time: float | None
    jitter: float | None
    loss_received: float | None
    loss_sent: float | None
    bitrate_received: float | None
    bitrate_sent: float | None
    audio_codec_received: str | None
    audio_codec_sent: str | None
    video_codec_received: str | None
    video_codec_sent: str | None
    local_candidate: str | None
    remote_candidate: str | None
    protocol: str | None
    buffered: int
    traffic: Traffic


def summarize(reports: Iterable[Report], before: Traffic, *, buffered: int = 0) -> LinkStats:
    """The summary of a report.

    Args:
        reports: its parts.
        before: the traffic from which bitrates are reckoned.
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
        traffic=traffic,
    )


def selected_pair(by_id: Mapping[str, Report]) -> Report:
    """The pair of candidates in use; empty where there is none."""
    for report in by_id.values():
        if report["type"] == "transport" and report.get("selectedCandidatePairId") in by_id:
            return by_id[report["selectedCandidatePairId"]]
    pairs = (report for report in by_id.values() if report["type"] == "candidate-pair" and report.get("nominated"))
    return next(pairs, {})


def packets_received(reports: Iterable[Report]) -> int:
    """How much has come from the other side in all: it grows while that lives, be it by checks alone."""
    received = ("packetsReceived", "requestsReceived", "responsesReceived")
    pairs = (report for report in reports if report["type"] == "candidate-pair")
    return sum(int(pair.get(name, 0)) for pair in pairs for name in received)


def arrived_until(reports: Iterable[Report], *, unanswered: bool) -> float:
    """What was sent until then has arrived, in seconds since 1970; 0 where nobody knows.

    Args:
        unanswered: whether the browser misses the answers to its checks. If packets come all the same, the way there
            is cut, and that nobody knows since when.
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
    """The energy of the sound that was sent so far (V²s of full scale); ``None`` where no microphone sends."""
    sources = (report for report in reports if report["type"] == "media-source" and report.get("kind") == "audio")
    energies = [source["totalAudioEnergy"] for source in sources if "totalAudioEnergy" in source]
    return sum(energies) if energies else None


def _rtp(by_id: Mapping[str, Report], type: str, kind: str) -> Report:
    """The stream of a kind through which the most has passed."""
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
    return max(0.0, lost / (lost + received))  # Packets that come twice make the loss negative.


def _rate(size: int, seconds: float) -> float | None:
    return 8 * size / seconds if seconds > 0 and size >= 0 else None
