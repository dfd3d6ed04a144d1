"""The document "Callbacks and events" in Python, see ``test_rtvi_0_3_documents``."""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from rtvi_0_3_bot import BOT_CONFIG, PACKAGE, greeting
from sessions import Transport, turns

import rtvi_web
from rtvi_web import RTVIClient, RTVIEvent, TransportState
from rtvi_web.core.checks import snake_case
from rtvi_web.testing import Say, expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")


TRACK, MICS = object(), [rtvi_web.core.media.MediaDevice("1", "Headset", "audioinput")]
PERSON = rtvi_web.Participant("1", "Ada", local=False)
ERROR = {"error": "no such action"}
TRANSCRIPT = {"text": "hi", "user_id": "1", "timestamp": "2024-09-01T00:00:00Z", "final": True}

Cause = Say | Callable[[Any], None]
"""What makes an event happen: a message of the bot, or something that the transport tells the client."""


def fires(event: Any, *args: Any) -> Callable[[Any], None]:
    return lambda transport: transport.host.fire(event, *args)


CONNECTS: tuple[Cause, ...] = ()
"""``connect()`` alone."""

HAPPENS: dict[str, Cause | tuple[Cause, ...]] = {
    "messageError": say("error-response", ERROR),
    "error": say("error", {"error": "bad", "fatal": False}),
    "connected": CONNECTS,
    "disconnected": CONNECTS,
    "transportStateChanged": CONNECTS,
    "configUpdated": say("config", {"config": BOT_CONFIG}),
    "configDescribe": say("config-available", {"config": []}),
    "actionsAvailable": say("actions-available", {"actions": []}),
    "participantConnected": CONNECTS,
    "participantLeft": CONNECTS,
    "trackStarted": fires(RTVIEvent.TRACK_STARTED, TRACK, PERSON),
    "trackStopped": fires(RTVIEvent.TRACK_STOPPED, TRACK, PERSON),
    "availableCamsUpdated": fires(RTVIEvent.AVAILABLE_CAMS_UPDATED, []),
    "availableMicsUpdated": fires(RTVIEvent.AVAILABLE_MICS_UPDATED, MICS),
    "camUpdated": fires(RTVIEvent.CAM_UPDATED, None),
    "micUpdated": fires(RTVIEvent.MIC_UPDATED, MICS[0]),
    "botConnected": CONNECTS,
    "botReady": CONNECTS,
    "botDisconnected": CONNECTS,  # "or because the local participant left the session"
    "botStartedSpeaking": say("bot-started-speaking"),
    "botStoppedSpeaking": say("bot-stopped-speaking"),
    "remoteAudioLevel": fires(RTVIEvent.REMOTE_AUDIO_LEVEL, 0.5, PERSON),
    "userStartedSpeaking": say("user-started-speaking"),
    "userStoppedSpeaking": say("user-stopped-speaking"),
    "localAudioLevel": fires(RTVIEvent.LOCAL_AUDIO_LEVEL, 0.5),
    "metrics": say("metrics", {"ttfb": [{"processor": "llm", "value": 0.2}]}),
    "userTranscript": say("user-transcription", TRANSCRIPT),
    "botTranscript": say("bot-transcription", {"text": "hi"}),
    "llmFunctionCall": say("llm-function-call", {"function_name": "f", "tool_call_id": "1", "args": {}}),
    "llmFunctionCallStart": say("llm-function-call-start", {"function_name": "f"}),
    "llmJsonCompletion": say("llm-json-completion", "{}"),
}
"""The events of the document, as strings, and what makes each happen."""

CALLBACKS = {
    "onTransportStateChanged": "transportStateChanged",
    "onConnected": "connected",
    "onDisconnected": "disconnected",
    "onBotConnected": "botConnected",
    "onBotReady": "botReady",
    "onBotDisconnected": "botDisconnected",
    "onGenericMessage": "genericMessage",
    "onMessageError": "messageError",
    "onError": "error",
    "onConfigUpdated": "configUpdated",
    "onConfigDescribe": "configDescribe",
    "onAvailableMicsUpdated": "availableMicsUpdated",
    "onAvailableCamsUpdated": "availableCamsUpdated",
    "onMicUpdated": "micUpdated",
    "onCamUpdated": "camUpdated",
    "onTrackStarted": "trackStarted",
    "onTrackStopped": "trackStopped",
    "onLocalAudioLevel": "localAudioLevel",
    "onRemoteAudioLevel": "remoteAudioLevel",
    "onBotStartedSpeaking": "botStartedSpeaking",
    "onBotStoppedSpeaking": "botStoppedSpeaking",
    "onUserStartedSpeaking": "userStartedSpeaking",
    "onUserStoppedSpeaking": "userStoppedSpeaking",
    "onUserTranscript": "userTranscript",  # the document heads it onUserStoppedSpeaking once more
    "onBotTranscript": "botTranscript",
    "onMetrics": "metrics",
}
"""The callbacks of the document, and the event that each belongs to."""

CONSTANTS = {
    name: name[0].upper() + name[1:] for name in HAPPENS if not name.startswith("llm") and name != "trackStopped"
} | {
    "trackStopped": "TrackedStopped",
    "llmFunctionCall": "LLMFunctionCall",
    "llmFunctionCallStart": "LLMFunctionCallStart",
    "llmJsonCompletion": "LLMJsonCompletion",
}
"""The events of the document, and its constants for them."""


class TestCallbacksAndEvents:
    """002, which says it all twice."""

    async def test_002_callbacks_in_the_constructor(self) -> None:
        ready: list[Any] = []
        bot_ready_handler_func = ready.append
        with pytest.warns(DeprecationWarning, match="is deprecated"):
            client = PACKAGE.VoiceClient(
                transport=Transport(*greeting(BOT_CONFIG)), callbacks={"onBotReady": bot_ready_handler_func}
            )
        await client.connect()
        assert [(data.version, data.config) for data in ready] == [("0.3.0", BOT_CONFIG)]
        await client.disconnect()

    @pytest.mark.parametrize("name", CALLBACKS)
    async def test_002_every_callback_is_called(self, name: str) -> None:
        called: list[Any] = []
        with deprecated("configUpdated" if name == "onConfigUpdated" else None):
            client = RTVIClient(transport=Transport(*handshake()), callbacks={name: lambda *args: called.append(args)})
        cause = HAPPENS.get(CALLBACKS[name], say("something-new", {"x": 1}))
        await make_happen(client, cause)
        assert called

    @pytest.mark.parametrize("name", HAPPENS)
    async def test_002_every_event_is_fired_under_its_string(self, name: str) -> None:
        fired: list[Any] = []
        client = RTVIClient(transport=Transport(*handshake()))
        with deprecated(name if name == "configUpdated" else None):
            client.on(name, lambda *args: fired.append(args))
        await make_happen(client, HAPPENS[name])
        assert fired

    @pytest.mark.parametrize("name", HAPPENS)
    def test_002_every_event_has_its_constant(self, name: str) -> None:
        constant = snake_case(CONSTANTS[name]).upper()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # VoiceEvent, and the two names that changed
            event = getattr(PACKAGE.VoiceEvent, constant)
        assert event == {"configUpdated": "config"}.get(name, name)

    def test_002_the_constants_that_changed(self) -> None:
        with pytest.warns(DeprecationWarning, match=re.escape("TrackedStopped is now RTVIEvent.TRACK_STOPPED")):
            assert RTVIEvent.TrackedStopped is RTVIEvent.TRACK_STOPPED  # type: ignore[attr-defined]
        with pytest.warns(DeprecationWarning, match=re.escape("ConfigUpdated is now RTVIEvent.CONFIG")):
            assert RTVIEvent.ConfigUpdated is RTVIEvent.CONFIG  # type: ignore[attr-defined]

    def test_002_the_states(self) -> None:
        """Those of the document but ``idle``, which is ``disconnected`` since the document was written."""
        documented = {"initializing", "initialized", "authenticating", "connecting", "connected", "ready", "error"}
        assert documented | {"disconnected"} <= set(TransportState)
        assert "idle" not in set(TransportState)

    @pytest.mark.parametrize("event", [RTVIEvent.BOT_READY, "botReady"], ids=["constant", "string"])
    async def test_002_binding_and_unbinding_a_handler(self, event: str) -> None:
        handled: list[Any] = []

        def handle_bot_ready() -> None:
            handled.append("Bot is ready!")

        client = RTVIClient(transport=Transport(*handshake(), *handshake()))
        client.on(event, handle_bot_ready)
        await client.connect()
        await client.disconnect()
        assert handled == ["Bot is ready!"]
        client.off(event, handle_bot_ready)
        await client.connect()
        await client.disconnect()
        assert handled == ["Bot is ready!"]


async def make_happen(client: RTVIClient, cause: Cause | tuple[Cause, ...]) -> None:
    """Connect, let it happen, and disconnect."""
    await client.connect()
    transport: Any = client.transport
    if isinstance(cause, Say):
        # No one here handles a function call, which the client says to the bot.
        transport.steps.append(expect("llm-function-call-result"))
        transport.receiver.receive(json.dumps(cause.message))
    elif callable(cause):
        cause(transport)
    await turns(10)
    await client.disconnect()


def deprecated(event: str | None) -> Any:
    """Expects the warning about an event's old name; with ``None``, none."""
    return pytest.warns(DeprecationWarning, match=event) if event else contextlib.nullcontext()
