"""The event table, against the names of the JavaScript client and against what real servers send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rtvi_web import ErrorMessage, InvalidMessage, RTVIEvent
from rtvi_web.core.checks import snake_case
from rtvi_web.core.event import Event
from rtvi_web.rtvi.protocol.events import BY_WIRE, EVENTS
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.rtvi.protocol.messages import decode
from rtvi_web.rtvi.protocol.outcomes import (
    Answered,
    BotBecameReady,
    CallAnnounced,
    Fire,
    ForHelpers,
    Refused,
)

TRACES = Path(__file__).parents[2] / "traces"
"""Recorded from Pipecat 0.0.73 and 1.14.0, one JSON object a line; ``corpus-*`` hold each kind of message."""

JAVASCRIPT = {
    "transportStateChanged": ("onTransportStateChanged", None),
    "botStarted": ("onBotStarted", None),
    "connected": ("onConnected", None),
    "disconnected": ("onDisconnected", None),
    "botConnected": ("onBotConnected", None),
    "botDisconnected": ("onBotDisconnected", None),
    "botReady": ("onBotReady", "bot-ready"),
    "error": ("onError", "error"),
    "messageError": ("onMessageError", "error-response"),
    "trackStarted": ("onTrackStarted", None),
    "trackStopped": ("onTrackStopped", None),
    "localAudioLevel": ("onLocalAudioLevel", None),
    "deviceError": ("onDeviceError", None),
    "userStartedSpeaking": ("onUserStartedSpeaking", "user-started-speaking"),
    "userStoppedSpeaking": ("onUserStoppedSpeaking", "user-stopped-speaking"),
    "botStartedSpeaking": ("onBotStartedSpeaking", "bot-started-speaking"),
    "botStoppedSpeaking": ("onBotStoppedSpeaking", "bot-stopped-speaking"),
    "userTranscript": ("onUserTranscript", "user-transcription"),
    "botTranscript": ("onBotTranscript", "bot-transcription"),
    "userLlmText": ("onUserLlmText", "user-llm-text"),
    "botLlmStarted": ("onBotLlmStarted", "bot-llm-started"),
    "botLlmText": ("onBotLlmText", "bot-llm-text"),
    "botLlmStopped": ("onBotLlmStopped", "bot-llm-stopped"),
    "botTtsStarted": ("onBotTtsStarted", "bot-tts-started"),
    "botTtsText": ("onBotTtsText", "bot-tts-text"),
    "botTtsStopped": ("onBotTtsStopped", "bot-tts-stopped"),
    "llmFunctionCall": ("onLLMFunctionCall", "llm-function-call"),
    "llmFunctionCallStarted": ("onLLMFunctionCallStarted", "llm-function-call-started"),
    "llmFunctionCallInProgress": ("onLLMFunctionCallInProgress", "llm-function-call-in-progress"),
    "llmFunctionCallStopped": ("onLLMFunctionCallStopped", "llm-function-call-stopped"),
    "serverMessage": ("onServerMessage", "server-message"),
    "genericMessage": ("onGenericMessage", None),
    "config": ("onConfig", "config"),
    "configDescribe": ("onConfigDescribe", "config-available"),
    "actionsAvailable": ("onActionsAvailable", "actions-available"),
    "participantConnected": ("onParticipantJoined", None),
    "participantLeft": ("onParticipantLeft", None),
    "metrics": ("onMetrics", "metrics"),
    "storageItemStored": ("onStorageItemStored", "storage-item-stored"),
    "botLlmSearchResponse": ("onBotLlmSearchResponse", "bot-llm-search-response"),
    "llmFunctionCallStart": ("onLLMFunctionCallStart", "llm-function-call-start"),
    "availableMicsUpdated": ("onAvailableMicsUpdated", None),
    "availableCamsUpdated": ("onAvailableCamsUpdated", None),
    "availableSpeakersUpdated": ("onAvailableSpeakersUpdated", None),
    "micUpdated": ("onMicUpdated", None),
    "camUpdated": ("onCamUpdated", None),
    "speakerUpdated": ("onSpeakerUpdated", None),
    "screenTrackStarted": ("onScreenTrackStarted", None),
    "screenTrackStopped": ("onScreenTrackStopped", None),
    "screenShareError": ("onScreenShareError", None),
    "remoteAudioLevel": ("onRemoteAudioLevel", None),
    "mediaStateUpdated": ("onMediaStateChanged", None),
    "botOutput": ("onBotOutput", "bot-output"),
    "uiCommand": ("onUICommand", "ui-command"),
    "uiJobGroup": ("onUIJobGroup", "ui-job-group"),
    "unsupportedFeature": ("onUnsupportedFeature", None),
    "userMuteStarted": ("onUserMuteStarted", "user-mute-started"),
    "userMuteStopped": ("onUserMuteStopped", "user-mute-stopped"),
    "llmJsonCompletion": ("onLLMJsonCompletion", "llm-json-completion"),
}
"""Event → callback and wire type, as client-js 0.3.5 and 1.13.1 name them."""

OUR_OWN = {
    "botAudioBlocked": None,
    "botAudioLevel": "bot-audio-level",
    "botInterrupted": "bot-interrupted",
    "botLlmMarker": "bot-llm-marker",
    "botStateChanged": None,
    "speakingWhileMuted": None,
    "conversationUpdated": None,
    "conversationCleared": None,
    "botTtsAudio": "bot-tts-audio",
    "llmRawText": "llm-raw-text",
    "sttRawText": "stt-raw-text",
    "systemLog": "system-log",
    "ttsRawText": "tts-raw-text",
    "userAudioLevel": "user-audio-level",
    "userInput": "user-input",
    "vadUserStartedSpeaking": "vad-user-started-speaking",
    "vadUserStoppedSpeaking": "vad-user-stopped-speaking",
    "reconnecting": None,
    "reconnected": None,
    "invalidMessage": None,
    "messageReceived": None,
    "messageSent": None,
}
"""Events that the JavaScript client doesn't have."""


class TestTheTable:
    def test_names_and_wire_types_are_those_of_the_javascript_client(self) -> None:
        table = {str(event): (event.js_callback, event.wire) for event in RTVIEvent if event not in OUR_OWN}
        assert table == JAVASCRIPT
        assert {str(event): event.wire for event in RTVIEvent if event in OUR_OWN} == OUR_OWN

    def test_every_row_is_there_once(self) -> None:
        events = list(RTVIEvent)
        assert len(events) == len(EVENTS) == len({event.callback for event in events})
        assert len(BY_WIRE) == len([event for event in events if event.wire])
        assert list(EVENTS.values()) == events

    @pytest.mark.parametrize("event", list(RTVIEvent), ids=str)
    def test_callbacks_are_found_by_both_names(self, event: Event[Any]) -> None:
        assert snake_case(event.js_callback) == event.callback
        assert snake_case(event.callback) == event.callback
        assert event.callback.startswith("on_")


def inbound(path: Path) -> Iterator[dict[str, Any]]:
    """The RTVI messages that a server sent; signalling has no label, it is the transport's own."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("dir") == "in" and record.get("msg", {}).get("label") == "rtvi-ai":
            yield record["msg"]


BESIDES: dict[str, type] = {
    "bot-ready": BotBecameReady,
    "error-response": Refused,
    "llm-function-call": CallAnnounced,
    "llm-function-call-in-progress": CallAnnounced,
}
"""What a message leads to besides its event."""


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_what_real_servers_send_is_understood(path: Path) -> None:
    session = MessageReader()
    messages = list(inbound(path))
    assert messages
    for message in messages:
        text = json.dumps(message)
        outcomes = session.receive(text)
        fires = [outcome for outcome in outcomes if isinstance(outcome, Fire)]
        if message["type"] == "server-response":
            assert outcomes == [Answered(message["id"], message["data"].get("d"))]
        elif event := BY_WIRE.get(message["type"]):
            assert [fire.event for fire in fires] == [event]
            assert_kept(message, fires[0].args)
        elif message["type"] == "action-response":
            [answered] = outcomes
            assert isinstance(answered, Answered)
            assert (answered.id, answered.value.data.result) == (message["id"], message["data"]["result"])
        else:
            assert outcomes == [ForHelpers(message)]
        besides = [type(outcome) for outcome in outcomes if not isinstance(outcome, Fire | Answered | ForHelpers)]
        assert besides in ([], [BESIDES.get(message["type"])])


def assert_kept(message: dict[str, Any], args: tuple[Any, ...]) -> None:
    """Whatever the server sent is in the payload, unknown fields too."""
    if not args:
        assert "data" not in message
        return
    [payload] = args
    if field := BY_WIRE[message["type"]].field:
        assert payload == message["data"][field]
    elif isinstance(payload, ErrorMessage):
        assert payload.data.error == message["data"]["error"]
        assert payload.id == message.get("id")
    elif hasattr(payload, "model_dump"):
        renamed = {"args": "arguments"}
        if "output_type" not in message["data"]:  # of RTVI 1.x
            renamed["aggregated_by"] = "output_type"
        sent = {renamed.get(key, key): value for key, value in message["data"].items()}
        assert sent.items() <= payload.model_dump(exclude_unset=True).items()
    else:
        assert payload == message["data"]


def test_the_traces_hold_every_wire_type_that_servers_send_unasked() -> None:
    """So that the test above means something for each row."""
    seen = {message["type"] for path in TRACES.glob("*.jsonl") for message in inbound(path)}
    never_recorded = {  # need a certain service or an older server, or are off by default
        "bot-llm-marker",
        "bot-llm-search-response",
        "bot-tts-audio",
        "llm-function-call-start",
        "stt-raw-text",
        "system-log",
        "ui-job-group",
        "vad-user-started-speaking",
        "vad-user-stopped-speaking",
    }
    assert set(BY_WIRE) - seen == never_recorded


def test_a_call_recorded_from_an_old_and_a_new_server_is_announced_once_each() -> None:
    for name in ("corpus-old-0.0.73", "corpus-new-1.14.0"):
        session = MessageReader()
        calls = [
            outcome.data.tool_call_id
            for message in inbound(TRACES / f"{name}.jsonl")
            for outcome in session.receive(json.dumps(message))
            if isinstance(outcome, CallAnnounced)
        ]
        assert calls
        assert len(calls) == len(set(calls))


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("bot-llm-text", {"text": "hi", "lang": "en"}),
        ("user-transcription", {"text": "hi", "confidence": 0.5}),
        ("bot-ready", {"version": "9.0.0", "powers": {"flight": True}}),
        ("llm-function-call-stopped", {"tool_call_id": "1", "why": "bored"}),
    ],
)
def test_unknown_fields_are_kept(type: str, data: dict[str, Any]) -> None:
    text = json.dumps({"label": "rtvi-ai", "type": type, "data": data, "trace": "t1"})
    [fire] = [outcome for outcome in MessageReader().receive(text) if isinstance(outcome, Fire)]
    unknown = fire.args[0].model_extra
    assert unknown
    assert unknown.items() <= data.items()


def test_the_envelope_keeps_unknown_fields_too() -> None:
    text = '{"label": "rtvi-ai", "type": "no-such-type", "data": [1], "trace": "t1"}'
    assert MessageReader().receive(text) == [ForHelpers(json.loads(text))]
    message = decode(text)
    assert (message.data, message.model_extra) == ([1], {"trace": "t1"})


def test_a_null_says_the_same_as_nothing() -> None:
    [refused, _] = MessageReader().receive('{"label": "rtvi-ai", "type": "error-response", "id": null, "data": null}')
    assert refused == Refused("", "unknown error")


def test_invalid_messages_are_cut() -> None:
    [fire] = MessageReader().receive("x" * 5000)
    assert isinstance(fire, Fire)
    assert isinstance(fire.args[0], InvalidMessage)
    assert fire.args[0].text == "x" * 2000


def test_metrics_of_today() -> None:
    tokens = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "reasoning_tokens": 2}
    first_sound = {"processor": "tts", "ttfa": 0.5, "ttfb": 0.25, "leading_silence": 0.25}
    message = {"label": "rtvi-ai", "type": "metrics", "data": {"tokens": [tokens], "ttfa": [first_sound]}}
    [fire] = MessageReader().receive(json.dumps(message))
    assert isinstance(fire, Fire)
    [metrics] = fire.args
    assert (metrics.tokens[0].total_tokens, metrics.tokens[0].reasoning_tokens) == (15, 2)
    assert (metrics.ttfa[0].processor, metrics.ttfa[0].leading_silence) == ("tts", 0.25)


@pytest.mark.parametrize("event", list(RTVIEvent), ids=str)
def test_the_names_of_javascript_are_told_what_they_are_called_here(event: Event[Any]) -> None:
    constant = next(name for name, value in vars(RTVIEvent).items() if value is event)
    javascript = event[0].upper() + event[1:]
    with pytest.raises(AttributeError, match=rf"There is no RTVIEvent\.{javascript}\. Did you mean RTVIEvent\."):
        getattr(RTVIEvent, javascript)
    assert getattr(RTVIEvent, constant) is event


def test_the_documents_first_event_is_named_exactly() -> None:
    with pytest.raises(AttributeError, match=r"Did you mean RTVIEvent\.BOT_READY\?"):
        RTVIEvent.BotReady  # type: ignore[attr-defined]  # noqa: B018


def test_a_word_that_is_like_no_event() -> None:
    with pytest.raises(AttributeError, match=r"^There is no RTVIEvent\.Xyzzy\.$"):
        RTVIEvent.Xyzzy  # type: ignore[attr-defined]  # noqa: B018
