"""What happens in random episodes of RTVIClient, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from episode import Arguments, Kind, both, none, one
from rtvi_bot import MICS, STARTS
from rtvi_world import FUNCTIONS, HANDLERS, RTVIWorld
from world import Step

from rtvi_web import LinkLoss, RTVIEvent

EVENTS = [str(event) for event in RTVIEvent if not str(event).endswith("AudioLevel")]
LIFE = ["transportStateChanged", "connected", "botConnected", "botReady", "disconnected", "botDisconnected", "error"]
LIFE += ["reconnecting", "reconnected", "trackStarted", "trackStopped", "botLlmText", "botStarted", "deviceError"]


def some_step(chance: Random) -> Step:
    return [RTVI.step(chance, without=("when", "when_awaiting", "turns", "sleep", "quiet"))]


def options(chance: Random) -> Mapping[str, Any]:
    handler = chance.choice(HANDLERS) if chance.random() < 0.15 else None
    return {
        "timeout": chance.choice([0.5, 5.0, 15.0, None]),
        "enable_mic": chance.random() < 0.8,
        "enable_cam": chance.random() < 0.2,
        "disconnect_on_bot_disconnect": chance.random() < 0.7,
        "reconnect": chance.choice([None, [30.0, False], [8.0, True], [60.0, True], [None, False]]),
        "handler": handler,
    }


def be(chance: Random) -> Step:
    part: str = chance.choice(list(PARTS))
    return [part, chance.choice(PARTS[part])]


PARTS = {
    "greeting": ["ready", "ready", "late", "silent", "fatal", "leaves"],
    "answering": ["echo", "twice", "late", "refuses", "never"],
    "server": ["alive", "gone", "unreachable", "hangs"],
    "resuming": ["ok", "ok", "fails", "hangs"],
    "closing": ["ok", "ok", "hangs"],
}
SAYS = ["text"] * 6 + ["fatal", "error", "nonsense", "bot-started-speaking", "bot-llm-started", "bot-ready", "pong"]
TIMES: Arguments = one(0.2, 1.0, 5.0, None)

STEPS: dict[str, tuple[int, Arguments]] = {
    "connect": (10, none),
    "start_bot": (3, none),
    "start_bot_and_connect": (3, none),
    "init_devices": (4, none),
    "disconnect": (8, none),
    "cancel": (8, one(*range(8))),
    "request": (5, TIMES),
    "send_text": (8, none),
    "disconnect_bot": (1, none),
    "upload": (1, one(0.5, 5.0)),
    "action": (1, one(0.5, 5.0)),
    "wait_for": (4, both(one(*EVENTS), TIMES)),
    "events": (1, none),
    "enable": (4, both(one("mic", "mic", "cam", "screen"), one(True, False))),
    "update_mic": (2, one(*MICS, "unknown")),
    "when": (6, both(one(*LIFE), some_step, one(True, False))),
    "when_awaiting": (4, both(one(*LIFE), one("disconnects", "reconnects", "raises", "exits", "hangs"))),
    "start_endpoint": (3, one(*STARTS)),
    "phase": (3, one(None, None, "devices", "offer", "ice", "data-channel")),
    "route": (2, one(True, False)),
    "permission": (2, both(one("microphone", "camera", "screen"), one("granted", "denied"))),
    "be": (6, be),
    "full": (2, one(True, False)),
    "lose": (7, one(*[loss.value for loss in LinkLoss])),
    "recover": (4, none),
    "page_event": (2, none),
    "lost": (2, one(0, 0, 1)),
    "leave": (3, none),
    "mute_by_system": (1, one(True, False)),
    "say": (10, both(one(0, 0, 0, 1), one(*SAYS))),
    "function": (6, one(*FUNCTIONS)),
    "quiet": (2, none),
    "sleep": (6, one(0.05, 0.3, 1.0, 3.0, 6.0, 20.0)),
}

PHRASES: list[list[Step]] = [
    [["connect"], ["turns", 40]],
    [["lose", "silent"], ["send_text"], ["send_text"], ["sleep", 1.0], ["send_text"], ["recover"], ["turns", 30]],
    [["be", "server", "gone"], ["lose", "channel-closed"], ["send_text"], ["sleep", 3.0], ["send_text"]],
    [["full", True], ["lose", "silent"], ["send_text"], ["send_text"], ["recover"], ["sleep", 0.3], ["full", False]],
    [["connect"], ["turns", 4], ["cancel", 0], ["turns", 1], ["connect"]],
    [["init_devices"], ["lost", 0], ["turns", 1], ["connect"]],
    [["function", "hangs"], ["function", "value"], ["quiet"]],
]
RTVI = Kind("rtvi", RTVIWorld, options, STEPS, PHRASES)
