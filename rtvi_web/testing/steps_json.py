"""Scripts as JSON: a test writes them, and the page of the test follows them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from rtvi_web.errors import DisconnectedError, DisconnectReason
from rtvi_web.testing.script import Expect, Leave, Lose, Say, Sound, Step, Wait


def write_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Steps as what JSON can carry.

    Raises:
        TypeError: one of them is not a step.
    """
    return [_written(step) for step in steps]


def _written(step: Step) -> dict[str, Any]:
    match step:
        case Expect(type, data, id):
            return {"step": "expect", "type": type, "data": data, "id": id}
        case Say(message, answers):
            return {"step": "say", "message": message, "answers": answers}
        case Wait(seconds):
            return {"step": "wait", "seconds": seconds}
        case Sound(pcm, rate, channels):
            return {"step": "sound", "pcm": base64.b64encode(pcm).decode(), "rate": rate, "channels": channels}
        case Leave():
            return {"step": "leave"}
        case Lose(error):
            reason = getattr(error, "reason", None)
            return {"step": "lose", "error": str(getattr(error, "message", error)), "reason": reason}
    raise TypeError(f"A script has steps such as say(…) and wait(…), not {step!r}.")


def read_steps(steps: Iterable[dict[str, Any]]) -> list[Step]:
    """The steps that :func:`write_steps` wrote."""
    return [_read(step) for step in steps]


def _read(step: dict[str, Any]) -> Step:
    given = {name: value for name, value in step.items() if name != "step"}
    match step["step"]:
        case "expect":
            return Expect(**given)
        case "say":
            return Say(**given)
        case "wait":
            return Wait(**given)
        case "sound":
            return Sound(**{**given, "pcm": base64.b64decode(given["pcm"])})
        case "leave":
            return Leave()
    reason = given["reason"]
    return Lose(DisconnectedError(given["error"], reason=DisconnectReason(reason) if reason else None))
