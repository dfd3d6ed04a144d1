"""Sessions recorded from real servers, replayed through a client.

What must come of each message is written here by hand from the protocol's documents, not read from the event table.
"""

from __future__ import annotations

import asyncio
import functools
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sessions import Run, Transport, turns

from rtvi_web import FunctionCall, RTVIClient, RTVIMessage, TransportState

pytestmark = pytest.mark.usefixtures("tidy")

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("*.jsonl"))

NOTHING, DATA, WHOLE, AS_SENT = "nothing", "the data", "the whole message", "the data as sent"
EXPECTED: dict[str, tuple[str, str]] = {
    # What RTVI 0.x has.
    "bot-ready": ("botReady", DATA),
    "config": ("config", "config"),
    "config-available": ("configDescribe", DATA),
    "actions-available": ("actionsAvailable", DATA),
    "error-response": ("messageError", WHOLE),
    "error": ("error", WHOLE),
    "user-started-speaking": ("userStartedSpeaking", NOTHING),
    "user-stopped-speaking": ("userStoppedSpeaking", NOTHING),
    "bot-started-speaking": ("botStartedSpeaking", NOTHING),
    "bot-stopped-speaking": ("botStoppedSpeaking", NOTHING),
    "user-transcription": ("userTranscript", DATA),
    "bot-transcription": ("botTranscript", DATA),
    "bot-llm-started": ("botLlmStarted", NOTHING),
    "bot-llm-stopped": ("botLlmStopped", NOTHING),
    "bot-tts-started": ("botTtsStarted", NOTHING),
    "bot-tts-stopped": ("botTtsStopped", NOTHING),
    "bot-llm-text": ("botLlmText", DATA),
    "bot-tts-text": ("botTtsText", DATA),
    "metrics": ("metrics", DATA),
    "llm-function-call": ("llmFunctionCall", DATA),
    "llm-json-completion": ("llmJsonCompletion", AS_SENT),
    "server-message": ("serverMessage", AS_SENT),
    "storage-item-stored": ("storageItemStored", DATA),
    # What RTVI 1.x and 2.x added.
    "user-llm-text": ("userLlmText", DATA),
    "bot-output": ("botOutput", DATA),
    "user-mute-started": ("userMuteStarted", NOTHING),
    "user-mute-stopped": ("userMuteStopped", NOTHING),
    "llm-function-call-started": ("llmFunctionCallStarted", DATA),
    "llm-function-call-in-progress": ("llmFunctionCallInProgress", DATA),
    "llm-function-call-stopped": ("llmFunctionCallStopped", DATA),
    "ui-command": ("uiCommand", DATA),
    # What servers send, and the JavaScript client passes over.
    "bot-interrupted": ("botInterrupted", NOTHING),
    "user-input": ("userInput", DATA),
    "llm-raw-text": ("llmRawText", DATA),
    "tts-raw-text": ("ttsRawText", DATA),
    "user-audio-level": ("userAudioLevel", "value"),
    "bot-audio-level": ("botAudioLevel", "value"),
}
"""The event that each message fires, and what its handlers get."""
ANSWERS_ONLY = {"action-response", "server-response"}
OUR_OWN = {
    *("messageReceived", "messageSent", "transportStateChanged", "connected", "participantConnected", "botConnected"),
    *("trackStarted", "conversationUpdated", "botStateChanged", "unsupportedFeature"),
}
"""Events that tell of the session, or that the client makes of several messages."""


def records(path: Path, direction: str) -> Iterator[dict[str, Any]]:
    """The RTVI messages that were received or sent; others are the transport's."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        message = record.get("msg")
        if record.get("dir") == direction and isinstance(message, dict) and message.get("label") == "rtvi-ai":
            yield message


def as_sent(value: Any) -> Any:
    """A payload as JSON, with only what was sent."""
    return value.model_dump(exclude_unset=True) if hasattr(value, "model_dump") else value


class Willing(Transport):
    """Takes whatever the client sends."""

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


async def connected() -> Run:
    run = Run(Willing())
    task = await run.connecting()
    run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": "bot-ready", "data": {"version": "2.1.0"}}))
    await task
    run.fired.clear()
    return run


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
async def test_each_inbound_message_gives_exactly_its_event(path: Path) -> None:
    run = await connected()
    count = 0
    for message in records(path, "in"):
        run.transport.receiver.receive(json.dumps(message))
        emitted = [(name, *args) for name, *args in run.fired if name not in OUR_OWN]
        assert [args for name, *args in run.fired if name == "messageReceived"] == [[json.dumps(message)]]
        run.fired.clear()
        count += 1
        if message["type"] in ANSWERS_ONLY:
            assert emitted == []
        elif message["type"] not in EXPECTED:
            [(name, generic)] = emitted
            assert name == "genericMessage"
            assert isinstance(generic, RTVIMessage)
            assert as_sent(generic) == message
        else:
            event, gets = EXPECTED[message["type"]]
            [(name, *args)] = emitted
            assert name == event
            data = message.get("data", {})
            if "args" in data and message["type"] == "llm-function-call":
                data = {**data, "arguments": data["args"]}
                del data["args"]
            if "aggregated_by" in data and "output_type" not in data:  # of RTVI 1.x
                data = {**data, "output_type": data["aggregated_by"]}
                del data["aggregated_by"]
            expected = {NOTHING: [], DATA: [data], AS_SENT: [data], WHOLE: [message]}
            assert [as_sent(arg) for arg in args] == (expected[gets] if gets in expected else [data[gets]])
        assert run.client.state is TransportState.READY
    assert count
    await turns(5)
    await run.client.disconnect()


def test_the_traces_have_what_is_expected() -> None:
    """So that no row above goes untested, and no message is taken for generic by mistake."""
    seen = {message["type"] for path in TRACES for message in records(path, "in")}
    assert set(EXPECTED) - seen == set()
    assert seen - set(EXPECTED) - ANSWERS_ONLY <= {"x"}


def options(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data.get("options", {})
    return found


METHODS: dict[str, Callable[[RTVIClient, dict[str, Any]], Any]] = {
    "describe-config": lambda client, data: client.describe_config(timeout=None),
    "get-config": lambda client, data: client.get_config(timeout=None),
    "update-config": lambda client, data: client.update_config(data["config"], data["interrupt"], timeout=None),
    "describe-actions": lambda client, data: client.describe_actions(timeout=None),
    "action": lambda client, data: client.action(data, timeout=None),
    "disconnect-bot": lambda client, data: client.disconnect_bot(),
    "client-message": lambda client, data: client.send_client_request(data["t"], data.get("d"), timeout=None),
    "send-text": lambda client, data: client.send_text(data["content"], **options(data)),
    "append-to-context": lambda client, data: client.append_to_context(**data),
    "ui-event": lambda client, data: client.send_ui_event(data["event"], data.get("payload")),
    "dtmf": lambda client, data: client.send_dtmf("".join(data["buttons"])),
    "no-such-type": lambda client, data: client.send_message({"type": "no-such-type", "data": data}),
}
"""How a page makes each message that was recorded."""


def by_a_client(message: dict[str, Any]) -> bool:
    """Whether a client sent it: the recordings have nonsense too, to see what servers make of it."""
    data = message.get("data")
    if not isinstance(message.get("id"), str) or not isinstance(message.get("type"), str) or not isinstance(data, dict):
        return False
    if message["type"] == "update-config":
        return "interrupt" in data
    if message["type"] == "action":
        return "action" in data and "service" in data
    if message["type"] == "client-message":
        return "t" in data and data.get("d", 0) is not None  # a null is left out here; servers take it for the same
    if message["type"] == "dtmf":
        return "buttons" in data  # the form before 2.1
    return message["type"] not in ("client-ready", "llm-function-call-result")


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
async def test_each_outbound_message_is_the_recorded_one(path: Path) -> None:
    run = await connected()
    tasks = []
    for message in filter(by_a_client, records(path, "out")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # append-to-context
            result = METHODS[message["type"]](run.client, message["data"])
        if asyncio.iscoroutine(result):
            tasks.append(asyncio.ensure_future(result))
            await turns(2)
        assert {**run.transport.sent[-1], "id": message["id"]} == message
    await run.client.disconnect()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(ended, ConnectionError)  # there was no answer


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
async def test_each_greeting_and_each_result_is_the_recorded_one(path: Path) -> None:
    """These the client sends by itself."""
    run = await connected()
    greeting = {**run.transport.sent[0], "id": "", "data": {}}
    for message in records(path, "out"):
        if message.get("type") == "client-ready" and isinstance(message.get("data"), dict):
            assert message["data"].keys() <= {"version", "about"}
            assert {**message, "id": "", "data": {}} == greeting
    for message in records(path, "out"):
        if message.get("type") != "llm-function-call-result":
            continue
        result = message["data"]["result"]
        answer = functools.partial(_answer, result=result)
        run.client.register_function_call_handler(message["data"]["function_name"], answer)
        for call in records(path, "in"):
            if call["type"] in ("llm-function-call", "llm-function-call-in-progress"):
                if call["data"]["tool_call_id"] != message["data"]["tool_call_id"]:
                    continue
                run.transport.receiver.receive(json.dumps(call))
                await turns(3)
        assert {**run.transport.sent[-1], "id": message["id"]} == message
    await run.client.disconnect()


def _answer(call: FunctionCall, result: Any) -> Any:
    assert isinstance(call.arguments, dict)
    return result


def test_every_kind_of_message_was_recorded() -> None:
    recorded = {message["type"] for path in TRACES for message in records(path, "out") if by_a_client(message)}
    assert recorded == set(METHODS)
