"""Explains in words why a connection fails, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rtvi_web.errors import ConnectPhase, RTVIError
from rtvi_web.rtvi.protocol.state import STARTABLE, TransportState

_TYPES = {"host", "srflx", "prflx", "relay"}
"""The types of candidates (RFC 8839)."""
LONG_BACKLOG = 262_144
"""Bytes; two seconds of sound as a WebSocket carries it are a quarter of that."""
QUIET = 1e-9
"""The energy of a second of a real microphone's noise is above this (V²s of full scale)."""


@dataclass
class LinkEvidence:
    """What is known of a link, in the order in which it is learned. A transport sets what it can know.

    Attributes:
        opened: whether the link was ever open; ``None`` if the transport does not say. Of a WebRTC link
            ``channel_opened`` says it.
        close_code: the code with which the link was closed; ``None`` if it has none.
        backlog: bytes that have not left yet; ``None`` if nothing was measured.
        round_trip_time: seconds to the bot's server and back; ``None`` if nothing was measured.
        offered: whether the browser has made an offer.
        local_candidates: the types of the addresses that the browser found.
        remote_candidates: those in the server's answer; ``None`` without an answer.
        path_found: whether a network path was ever found.
        channel_opened: whether the data channel was ever open.
        path_lost: whether the path is lost at this moment.
        heard: whether something came from the bot's side in the last seconds; ``None`` if nothing was measured.
        sound: the energy of the sound that the microphone sent in the last seconds (V²s of full scale); ``None`` if
            nothing was measured.
    """

    opened: bool | None = None
    close_code: int | None = None
    backlog: int | None = None
    round_trip_time: float | None = None
    offered: bool = False
    local_candidates: set[str] = field(default_factory=set)
    remote_candidates: set[str] | None = None
    path_found: bool = False
    channel_opened: bool = False
    path_lost: bool = False
    heard: bool | None = None
    sound: float | None = None

    @property
    def was_open(self) -> bool:
        """Whether messages could ever be sent."""
        return bool(self.opened) or self.channel_opened

    @property
    def measured(self) -> bool:
        """Whether anything tells how the link is at this moment."""
        return any(value is not None for value in (self.heard, self.backlog, self.round_trip_time)) or self.path_lost


class Problem(StrEnum):
    """What can be wrong."""

    NOT_CONNECTED = "not-connected"
    DEVICES = "devices"
    START_FAILED = "start-failed"
    NO_LINK = "no-link"
    NO_ANSWER = "no-answer"
    NO_CANDIDATES = "no-candidates"
    NO_REMOTE_CANDIDATES = "no-remote-candidates"
    BLOCKED = "blocked"
    NO_CHANNEL = "no-channel"
    NO_BOT = "no-bot"
    NO_BOT_READY = "no-bot-ready"
    SERVER_SILENT = "server-silent"
    BACKLOG = "backlog"
    MICROPHONE_OFF = "microphone-off"
    MICROPHONE_SILENT = "microphone-silent"
    SESSION_ENDED = "session-ended"


class Finding(NamedTuple):
    """One thing that is wrong: what, and in words what it means and what to do."""

    problem: Problem
    text: str


class Diagnosis(NamedTuple):
    """What ``diagnose()`` found, the most important first. ``str()`` gives a sentence for each finding.

    Attributes:
        findings: what is wrong; empty if nothing is.
        evidence: what was known of the link.
    """

    findings: tuple[Finding, ...]
    evidence: LinkEvidence

    @property
    def healthy(self) -> bool:
        """Whether nothing wrong was found. If ``evidence.measured`` is ``False``, little could be."""
        return not self.findings

    def __str__(self) -> str:
        if self.findings:
            return "\n".join(finding.text for finding in self.findings)
        if not self.evidence.measured:
            return "Nothing wrong was found, but nothing is known of the link: the transport does not measure it."
        return "The session is well: nothing wrong was found."


def candidate_types(sdp: str) -> set[str]:
    """The types of the candidates in a session description, or of one candidate."""
    types: set[str] = set()
    for line in sdp.splitlines():
        if line.removeprefix("a=").startswith("candidate:"):
            types.update(line.partition(" typ ")[2].split(maxsplit=1)[:1])
    return types & _TYPES


def diagnose(
    state: TransportState,
    phase: ConnectPhase | None,
    failure: RTVIError | None,
    evidence: LinkEvidence,
    *,
    bot_ready: bool,
    mic_enabled: bool,
) -> Diagnosis:
    """What is wrong with a session, or with ``connect()``.

    Args:
        state: the client's state.
        phase: what ``connect()`` is doing, or what it was doing when it failed.
        failure: why the last session or ``connect()`` ended.
        evidence: what is known of the link.
        bot_ready: whether the bot has said bot-ready.
        mic_enabled: whether the microphone is enabled.
    """
    if state in STARTABLE and failure is None:
        nothing = Finding(Problem.NOT_CONNECTED, "No session is running and none has failed. Call connect().")
        return Diagnosis((nothing,), evidence)
    found = [] if bot_ready and state not in STARTABLE else [_why_not_ready(phase, failure, evidence)]
    if state not in STARTABLE and bot_ready:
        found += _in_session(evidence, mic_enabled)
    return Diagnosis(tuple(finding for finding in found if finding), evidence)


def _why_not_ready(phase: ConnectPhase | None, failure: RTVIError | None, evidence: LinkEvidence) -> Finding:
    said = f" It said: {failure}" if failure else ""
    if evidence.close_code is not None:
        said = f" It was closed with code {evidence.close_code}.{said}"
    if phase is ConnectPhase.BOT:
        text = "The link is open, but the bot has not joined. Read the bot's log: it may not have been started."
        return Finding(Problem.NO_BOT, text + said)
    if evidence.was_open or phase in (ConnectPhase.BOT_READY, ConnectPhase.SESSION):
        if phase is ConnectPhase.BOT_READY:
            return Finding(
                Problem.NO_BOT_READY,
                "The server is connected, but the bot has not said bot-ready. Read the bot's log: its pipeline may not "
                "have started, or may lack an RTVI processor." + said,
            )
        return Finding(Problem.SESSION_ENDED, f"The session has ended.{said}")
    if phase is ConnectPhase.DEVICES:
        text = "The devices are not open: the browser may be asking for permission, or it has refused."
        return Finding(Problem.DEVICES, text + said)
    if phase is ConnectPhase.START:
        return Finding(Problem.START_FAILED, f"The start endpoint did not start a bot.{said}")
    if phase is ConnectPhase.LINK:
        return Finding(
            Problem.NO_LINK,
            "The link to the bot's server did not open: it is down, the address is wrong, it refuses this page, or the "
            f"browser refuses to reach it (CORS, Content-Security-Policy).{said}",
        )
    if evidence.remote_candidates is None:
        return Finding(
            Problem.NO_ANSWER,
            "The server did not answer the WebRTC offer: it is down, the address is wrong, or the browser refuses to "
            f"reach it (CORS, Content-Security-Policy).{said}",
        )
    return _no_path(evidence, said)


def _no_path(evidence: LinkEvidence, said: str) -> Finding:
    if evidence.path_found:
        text = "A network path to the bot was found, but the data channel did not open."
        return Finding(Problem.NO_CHANNEL, text + said)
    if not evidence.local_candidates:
        return Finding(
            Problem.NO_CANDIDATES,
            "The browser found no network address to offer: the network is down, or a policy or an extension keeps "
            f"WebRTC from using it.{said}",
        )
    if not evidence.remote_candidates:
        return Finding(
            Problem.NO_REMOTE_CANDIDATES,
            f"The server's answer contains no network address: loopback is its only network interface.{said}",
        )
    ours, theirs = (", ".join(sorted(types)) for types in (evidence.local_candidates, evidence.remote_candidates))
    advice = (
        "the TURN server did not help; check its address and credentials"
        if "relay" in evidence.local_candidates
        else "give a TURN server in ice_servers="
    )
    return Finding(
        Problem.BLOCKED,
        f"Both sides have network addresses (ours: {ours}; theirs: {theirs}), but nothing passes between them. A "
        f"firewall or NAT blocks it: {advice}.{said}",
    )


def _in_session(evidence: LinkEvidence, mic_enabled: bool) -> list[Finding]:
    found = []
    if evidence.path_lost or evidence.heard is False:
        found.append(
            Finding(
                Problem.SERVER_SILENT,
                "Nothing arrives from the bot's side: the network is down, or the server hangs or has died.",
            )
        )
    if evidence.backlog is not None and evidence.backlog >= LONG_BACKLOG:
        found.append(
            Finding(
                Problem.BACKLOG,
                f"{evidence.backlog:,} bytes wait to be sent: the network is too slow, or the way to the bot is cut.",
            )
        )
    if not mic_enabled:
        found.append(Finding(Problem.MICROPHONE_OFF, "The microphone is muted, or was not opened."))
    elif evidence.sound is not None and evidence.sound < QUIET:
        found.append(
            Finding(
                Problem.MICROPHONE_SILENT,
                "The microphone is open but sends complete silence: a switch or the system mutes it, or it is the "
                "wrong device.",
            )
        )
    return found
