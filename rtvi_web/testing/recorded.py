"""Makes a script of a recording."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.foreign_json import read_json
from rtvi_web.errors import DisconnectedError, DisconnectReason
from rtvi_web.rtvi.protocol.envelope import LABEL
from rtvi_web.testing.script import Expect, Say, Step, handshake, leave, lose, wait

SHORTEST = 0.01
"""Seconds of silence that are worth a step of their own."""


def replay(text: str, *, speed: float = 1.0) -> list[Step]:
    """The script of a recording: the bot says again what it said, when it said it; the client must send the same.

    ::

        transport = ScriptedTransport(*replay(Path("talk.jsonl").read_text()))

    Each pause of the bot is as long as it was, counted from what came before. It waits for what the client sent then,
    however long that takes. Ids of messages are those of the new session, and what was masked in the recording is
    compared masked. Lost links that were restored are left out: the script has one link. A recording that began in a
    session gets a handshake. Sound is not in recordings; put :func:`sound` into the list.

    Args:
        text: what ``client.record().text()`` returned, or a file of ``save()``: a line is JSON, or empty.
        speed: how much faster the bot is; infinity (``math.inf``) leaves all pauses out.

    Raises:
        ValueError: ``speed`` is not above 0, or a line is not one of a recording; the message has its number.
    """
    if not speed > 0:
        raise ValueError(f"speed must be above 0; it is {speed!r}.")
    script = _Script(speed)
    for number, line in enumerate(text.split("\n"), 1):  # A text may have other ends of lines in it.
        if line.strip():
            try:
                script.add(read_json(line))
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                raise ValueError(f"Line {number} is not one of a recording: {line[:80]!r}.") from error
    script.end_session()
    return script.steps


class _Script:
    """The steps, as the lines make them."""

    def __init__(self, speed: float) -> None:
        self.steps: list[Step] = []
        self._speed = speed
        self._now = 0.0
        self._sent: set[str] = set()
        self._began: int | None = None  # in a session, where the bot's next step after client-ready is
        self._is_ready = False
        self._left_out = ""  # the id of a client-ready in a session, to a bot that took the place of one that was lost

    def add(self, line: dict[str, Any]) -> None:
        before = self._now
        self._now = max(before, float(line.get("t_ms", before)))
        if "dir" not in line:
            self._happened(line["event"], line)
        elif "msg" not in line or (isinstance(line["msg"], dict) and line["msg"].get("label") != LABEL):
            return  # The transport's own: signalling, binary frames.
        elif line["dir"] == "in":
            self._bot_said(line["msg"], (self._now - before) / 1000 / self._speed)
        elif line["dir"] != "out":
            raise ValueError(line["dir"])
        elif isinstance(line["msg"], dict) and "type" in line["msg"]:
            self._client_sent(line["msg"])

    def end_session(self) -> None:
        """Nothing more belongs to the session. One whose bot-ready is not in the recording gets one."""
        if self._began is not None and not self._is_ready:
            self.steps.insert(self._began, handshake()[1])
        self._began, self._is_ready = None, False

    def _client_sent(self, message: dict[str, Any]) -> None:
        id, is_ready = str(message.get("id", "")), message["type"] == "client-ready"
        if is_ready and self._began is not None:
            self._left_out = id
            return
        if not is_ready:
            self._begin()
        self._sent.add(id)
        # What the client is may change from one version to the next.
        self.steps.append(Expect(message["type"], {} if is_ready else message.get("data") or {}, id))
        if is_ready:
            self._began = len(self.steps)

    def _bot_said(self, message: dict[str, Any] | str, pause: float) -> None:
        id, is_ready = "", False
        if isinstance(message, dict):
            id, is_ready = str(message.get("id", "")), message.get("type") == "bot-ready"
        if id and id == self._left_out:
            return
        self._begin()
        self._is_ready |= is_ready
        if pause >= SHORTEST:
            self.steps.append(wait(round(pause, 4)))
        self.steps.append(Say(message, answers=id if id in self._sent else False))

    def _begin(self) -> None:
        if self._began is None:
            self.steps.append(handshake()[0])
            self._began = len(self.steps)

    def _happened(self, event: str, line: dict[str, Any]) -> None:
        if self._began is None:
            return
        if event == "bot-left":
            self.steps.append(leave())
            self.end_session()
        elif event == "disconnected":
            if line.get("cause") == "lost":
                reason = line.get("reason")
                error = DisconnectedError(line["error"], reason=DisconnectReason(reason) if reason else None)
                self.steps.append(lose(error))
            self.end_session()
