"""What happens in random episodes of RealtimeClient, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from episode import Arguments, Kind, both, none, one
from realtime_world import MICS, TOOLS, RealtimeWorld
from world import Step

LIFE = ["client.connected", "client.disconnected", "close", "error", "server.*", "client.*", "conversation.updated"]
LIFE += ["conversation.item.appended", "conversation.item.completed", "conversation.interrupted", "trackStarted"]
LIFE += ["trackStopped", "mediaStateUpdated", "server.session.created", "server.response.done", "deviceError"]
CHAOS = ["response.created", "response.done", "response.output_item.added", "response.output_item.done", "error"]
CHAOS += ["conversation.item.added", "conversation.item.done", "conversation.item.deleted", "session.created"]
CHAOS += ["conversation.item.truncated", "response.output_audio.delta", "input_audio_buffer.committed"]
CHAOS += ["conversation.item.input_audio_transcription.completed", "session.updated", "output_audio_buffer.started"]
FIELDS: list[Mapping[str, Any]] = [
    {},
    {"response": {"id": "resp_x", "status": "completed", "output": []}},
    {"response": {"id": "resp_y", "conversation_id": None}},
    {"item": {"id": "item_x", "type": "message", "role": "assistant", "content": []}},
    {"item": {"id": "item_y", "type": "function_call", "name": "value", "call_id": "c", "status": "completed"}},
    {"error": {"code": "conversation_already_has_active_response", "message": "active"}},
    {"error": {"message": "The server had an error."}},
    {"delta": "AAA=", "content_index": 0},
    {"previous_item_id": "item_x", "audio_end_ms": 0},
]


def some_step(chance: Random) -> Step:
    return [REALTIME.step(chance, without=("when", "when_awaiting", "sleep", "quiet"))]


def options(chance: Random) -> Mapping[str, Any]:
    detection = [None, {"type": "server_vad"}, {"type": "semantic_vad", "interrupt_response": False}]
    given: dict[str, Any] = {
        "timeout": chance.choice([0.5, 5.0, 15.0, None]),
        "microphone": chance.random() < 0.7,
        "keep_audio": chance.choice([None, 0, 0.1]),
        "carries_tracks": chance.random() < 0.4,
        "handshake": chance.random() < 0.85,
        "key": chance.choice(["value", "raises", "hangs", "swallows", "exits"]) if chance.random() < 0.15 else None,
    }
    return {**given, "turn_detection": chance.choice(detection)} if chance.random() < 0.6 else given


TIMES: Arguments = one(0.2, 1.0, 5.0, None)
PARTS: list[Step] = [["refuses_to_send", True], ["refuses_to_send", False], ["closing", "hangs"], ["closing", "ok"]]
PARTS += [["microphone", "denied"], ["microphone", "granted"]]


def be(chance: Random) -> Step:
    return chance.choice(PARTS)


STEPS: dict[str, tuple[int, Arguments]] = {
    "connect": (9, none),
    "disconnect": (5, none),
    "disconnect_and_go_on": (2, none),
    "reset": (1, none),
    "cancel": (6, one(*range(8))),
    "open_microphone": (3, none),
    "enable_mic": (2, one(True, False)),
    "mute": (2, one(True, False)),
    "update_mic": (1, one(*MICS, "unknown")),
    "write": (8, one("hi")),
    "create_response": (6, one("plain", "params", "out of band")),
    "send_text": (3, one(True, False)),
    "interrupt": (4, none),
    "stop": (3, none),
    "cut": (2, both(one(*range(5)), one(0, 1200, 10**6))),
    "append": (4, one(0, 100, 4800, 96000)),
    "send": (2, one("input_audio_buffer.commit", "input_audio_buffer.clear")),
    "delete": (3, one(*range(5))),
    "update_config": (1, none),
    "pause": (2, one(True, False)),
    "record": (2, one(0.1, 60.0)),
    "renew": (3, none),
    "history": (1, none),
    "wait_for": (3, both(one(*LIFE), TIMES)),
    "wait_for_item": (2, both(one(True, False), TIMES)),
    "when": (5, both(one(*LIFE), some_step, one(True, False))),
    "when_awaiting": (3, both(one(*LIFE), one("disconnects", "reconnects", "raises", "exits", "hangs"))),
    "take": (14, one(1, 1, 2, 5)),
    "begin_response": (3, none),
    "speak": (5, none),
    "model_calls": (6, one(*TOOLS, "value", "value", "unknown")),
    "finish": (7, one("completed", "completed", "cancelled", "failed", "incomplete")),
    "speech": (2, one(True, False)),
    "chaos": (2, both(one(*CHAOS), one(*range(4)), one(*FIELDS))),
    "nonsense": (1, none),
    "hear": (3, one(960, 4800)),
    "lose": (2, none),
    "network": (2, one("hangs", "fails", "works", "works")),
    "be": (3, be),
    "quiet": (5, none),
    "sleep": (4, one(0.05, 0.6, 1.1, 5.0)),
}

PHRASES: list[list[Step]] = [
    [["connect"], ["turns", 30]],
    [["write", "hi"], ["write", "hi"], ["take", 5], ["speak"], ["finish", "completed"], ["take", 5], ["quiet"]],
    [["write", "hi"], ["take", 5], ["model_calls", "value"], ["turns", 4], ["finish", "completed"], ["quiet"]],
    [["write", "hi"], ["take", 5], ["model_calls", "value"], ["model_calls", "hangs"], ["write", "x"], ["quiet"]],
    [["write", "hi"], ["take", 5], ["model_calls", "reconnects"], ["turns", 30], ["quiet"]],
    [["write", "hi"], ["take", 5], ["speak"], ["interrupt"], ["turns", 4], ["take", 5], ["quiet"]],
    [["append", 96000], ["create_response", "plain"], ["take", 5], ["finish", "completed"], ["quiet"]],
    [["connect"], ["turns", 3], ["cancel", 0], ["turns", 1], ["connect"]],
]
REALTIME = Kind("realtime", RealtimeWorld, options, STEPS, PHRASES)
