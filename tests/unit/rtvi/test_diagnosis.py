"""From what is known of a connection to words."""

from __future__ import annotations

from typing import Any

import pytest

from rtvi_web import ConnectPhase, DisconnectedError, RTVIError, TransportStartError, TransportState
from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence, candidate_types, diagnose

SDP = "v=0\r\na=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\na=candidate:2 1 udp 1 192.0.2.2 6 typ relay"


def problems(
    state: TransportState = TransportState.ERROR,
    phase: ConnectPhase = ConnectPhase.BOT_READY,
    failure: RTVIError | None = None,
    *,
    bot_ready: bool = False,
    mic_enabled: bool = True,
    **evidence: Any,
) -> list[str]:
    diagnosis = diagnose(state, phase, failure, LinkEvidence(**evidence), bot_ready=bot_ready, mic_enabled=mic_enabled)
    assert diagnosis.healthy is not bool(diagnosis.findings)
    if failure:
        assert str(failure) in str(diagnosis)
    return [finding.problem.value for finding in diagnosis.findings]


HOST = {"host"}
FAILED = TransportStartError("it failed")


@pytest.mark.parametrize(
    ("phase", "evidence", "problem"),
    [
        (ConnectPhase.DEVICES, {}, "devices"),
        (ConnectPhase.START, {}, "start-failed"),
        (ConnectPhase.LINK, {}, "no-link"),
        (ConnectPhase.LINK, {"opened": False, "close_code": 1006}, "no-link"),
        (ConnectPhase.BOT, {"opened": True}, "no-bot"),
        (ConnectPhase.BOT, {"channel_opened": True}, "no-bot"),
        (ConnectPhase.BOT_READY, {"opened": True}, "no-bot-ready"),
        (ConnectPhase.BOT_READY, {}, "no-bot-ready"),
        (ConnectPhase.OFFER, {}, "no-answer"),
        (ConnectPhase.OFFER, {"local_candidates": HOST}, "no-answer"),
        (ConnectPhase.ICE, {"remote_candidates": HOST}, "no-candidates"),
        (ConnectPhase.ICE, {"local_candidates": HOST, "remote_candidates": set()}, "no-remote-candidates"),
        (ConnectPhase.ICE, {"local_candidates": HOST, "remote_candidates": HOST}, "blocked"),
        (
            ConnectPhase.DATA_CHANNEL,
            {"local_candidates": HOST, "remote_candidates": HOST, "path_found": True},
            "no-channel",
        ),
        (
            ConnectPhase.BOT_READY,
            {"local_candidates": HOST, "remote_candidates": HOST, "path_found": True, "channel_opened": True},
            "no-bot-ready",
        ),
    ],
)
def test_why_an_attempt_fails_or_takes_long(phase: ConnectPhase, evidence: dict[str, Any], problem: str) -> None:
    assert problems(TransportState.ERROR, phase, TransportStartError("it failed", phase=phase), **evidence) == [problem]
    assert problems(TransportState.CONNECTING, phase, **evidence) == [problem]


def test_a_session_that_has_ended() -> None:
    lost = DisconnectedError("The bot left the session.")
    assert problems(TransportState.DISCONNECTED, failure=lost, phase=ConnectPhase.SESSION, channel_opened=True) == [
        "session-ended"
    ]
    assert problems(TransportState.DISCONNECTED) == ["not-connected"]


@pytest.mark.parametrize(
    ("evidence", "mic_enabled", "found"),
    [
        ({"heard": True, "sound": 0.01}, True, []),
        ({"heard": None, "sound": None}, True, []),
        ({"heard": False, "sound": 0.01}, True, ["server-silent"]),
        ({"path_lost": True, "heard": True, "sound": 0.0}, True, ["server-silent", "microphone-silent"]),
        ({"heard": True, "sound": 0.0}, False, ["microphone-off"]),
        ({"backlog": 1000}, True, []),
        ({"backlog": 1_000_000}, True, ["backlog"]),
        ({"backlog": 1_000_000, "heard": False}, True, ["server-silent", "backlog"]),
    ],
)
def test_a_session_that_goes_on(evidence: dict[str, Any], mic_enabled: bool, found: list[str]) -> None:
    assert problems(TransportState.READY, bot_ready=True, mic_enabled=mic_enabled, **evidence) == found
    assert problems(TransportState.RECONNECTING, bot_ready=True, mic_enabled=mic_enabled, **evidence) == found


@pytest.mark.parametrize(
    ("evidence", "well"),
    [
        ({}, False),
        ({"opened": True}, False),
        ({"heard": True}, True),
        ({"backlog": 0}, True),
        ({"round_trip_time": 0.1}, True),
    ],
)
def test_what_was_not_measured_is_not_called_well(evidence: dict[str, Any], well: bool) -> None:
    found = diagnose(
        TransportState.READY, ConnectPhase.SESSION, None, LinkEvidence(**evidence), bot_ready=True, mic_enabled=True
    )
    assert found.healthy
    assert ("session is well" in str(found)) is well
    assert ("nothing is known of the link" in str(found)) is not well


def test_a_close_code_is_named() -> None:
    failure = TransportStartError("it failed", phase=ConnectPhase.LINK)
    evidence = LinkEvidence(opened=False, close_code=1006)
    found = diagnose(TransportState.ERROR, ConnectPhase.LINK, failure, evidence, bot_ready=False, mic_enabled=True)
    assert "closed with code 1006. It said: it failed" in str(found)


def test_a_block_names_both_sides_and_what_goes_round_it() -> None:
    found = diagnose(
        TransportState.ERROR,
        ConnectPhase.ICE,
        FAILED,
        LinkEvidence(local_candidates={"srflx", "host"}, remote_candidates={"host"}),
        bot_ready=False,
        mic_enabled=True,
    )
    assert "(ours: host, srflx; theirs: host)" in str(found)
    assert "give a TURN server in ice_servers=" in str(found)


def test_candidate_types() -> None:
    assert candidate_types(SDP) == {"host", "relay"}
    assert candidate_types("candidate:1 1 udp 1 192.0.2.1 5 typ srflx raddr 0.0.0.0") == {"srflx"}
    assert candidate_types("") == set()


@pytest.mark.parametrize("hostile", ["candidate:", "a=candidate:1 ", "candidate: typ ", "candidate:\r\n", " typ host"])
def test_candidate_types_of_a_hostile_answer(hostile: str) -> None:
    """Two megabytes are read in a moment; a search that starts anew at each word would take hours."""
    assert candidate_types(hostile * (2_000_000 // len(hostile))) == set()


def test_candidate_types_of_a_long_answer() -> None:
    line = "a=candidate:{} 1 udp 1 192.0.2.1 {} typ {}\r\n"
    kinds = ("host", "srflx", "relay")
    assert candidate_types("".join(line.format(n, n, kinds[n % 3]) for n in range(5000))) == set(kinds)
