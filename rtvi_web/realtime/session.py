"""What happens in a session: what server events lead to, responses, and calls of tools."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from rtvi_web.core.seen import Seen
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, RTVIError, UnsupportedFeatureError
from rtvi_web.realtime.calls import CallRunner
from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.events import ErrorEvent
from rtvi_web.realtime.floor import Floor, SpeakingEvent
from rtvi_web.realtime.protocol.attribution import attributed
from rtvi_web.realtime.protocol.audio import InputAudio, from_base64
from rtvi_web.realtime.protocol.content import sound_of
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.items import ItemEvent
from rtvi_web.realtime.protocol.responses import ResponseSequencer, is_out_of_band
from rtvi_web.realtime.protocol.server_errors import COMMIT_EMPTY, HARMLESS_ERRORS, server_error
from rtvi_web.realtime.protocol.transcript_events import TranscriptEvent, TranscriptEvents
from rtvi_web.realtime.protocol.usage import Usage
from rtvi_web.realtime.protocol.wire import Event, copied, index_in, new_id, object_in, objects_in, text_in
from rtvi_web.realtime.recording import Recorder
from rtvi_web.realtime.renewal import Renewal
from rtvi_web.realtime.retry import ResponseRetry
from rtvi_web.realtime.settings import Settings
from rtvi_web.realtime.speech import Speech
from rtvi_web.realtime.transport import RealtimeTransport

logger = logging.getLogger(__name__)

INPUT_WINDOW = 60.0
"""Seconds of the person's sound that are kept until an item is made of it."""


class RealtimeSession:
    """Handles the server's events, one session after another; the connection's ``Listener``.

    Args:
        transport: plays the answers.
        api: sends the events.
        configuration: what the sessions are configured with.
        client: dispatches what happens.
        settings: those of the client.
    """

    def __init__(
        self,
        transport: RealtimeTransport,
        api: RealtimeAPI,
        configuration: Configuration,
        client: RealtimeEventHandler,
        settings: Settings,
    ) -> None:
        self._transport = transport
        self._api = api
        self._configuration = configuration
        self._client = client
        self._tasks = Tasks()
        self._responses = ResponseSequencer()
        self._finals = Seen()
        self._number = 0
        self.created = False
        self.usage = Usage()
        self.input_audio = InputAudio(INPUT_WINDOW)
        self.conversation = Conversation(
            keep_audio=settings.keep_audio, input_audio=self.input_audio, is_out_of_band=self._responses.is_out_of_band
        )
        self.renewal = Renewal(
            api,
            configuration,
            self.conversation,
            client,
            self._tasks,
            is_idle=self._is_idle,
            renewed=self._renewed,
            automatic=settings.renew_sessions,
        )
        self._floor = Floor()
        self._retry = ResponseRetry(settings.response_retries, self._responses, client, self._try_next)
        self.recorder = Recorder(transport, client)
        self._transcripts = TranscriptEvents(self.conversation.is_transcript_final)
        self._calls = CallRunner(api, configuration, self.conversation, self._emit_error, self._go_on)
        self.speech = Speech(api, transport, self.conversation, self.input_audio, self._responses, self._tasks)

    async def connect(self) -> None:
        """See ``RealtimeClient.connect``."""
        self._configuration.check()
        await self._api.connect(self._configuration.to_send, self)

    # What the connection calls: Listener.

    async def configure(self) -> None:
        await self._configuration.establish(at_once=self._transport.carries_tracks)
        await self._transport.start_microphone()
        self.speech.release()

    def session_begins(self) -> None:
        self.conversation.clear()
        self.input_audio.reset(self.speech.input_format.rate)
        self.speech.session_begins()
        self._configuration.session_begins()
        self.speech.use_formats(*self._configuration.formats)
        self._responses.reset()
        self._calls.session_begins()
        self.renewal.session_begins()
        self._floor = Floor()
        self._finals.clear()

    def _follow_formats(self) -> None:
        """Use the formats that the server says it uses."""
        if self._transport.carries_tracks:
            return
        try:
            self.speech.use_formats(*self._configuration.formats)
        except RTVIError as error:
            self._emit_error("server", f"The server's sound cannot be used. {error.message}", error)

    def _is_idle(self) -> bool:
        """Whether neither side speaks, and nothing is being made, answered or held."""
        unsent = self._configuration.is_push_to_talk and self.input_audio.uncommitted
        busy = self._responses.busy or self._calls.running or self.input_audio.given or unsent
        return not busy and self._floor.is_free

    def _renewed(self, sessions: list[Event]) -> None:
        """The session goes on over a new link, whose server knows the conversation, and counts from zero."""
        self._responses.reset(keep_waiting=True)
        self._calls.session_begins()
        self._finals.clear()
        self.input_audio.reset(self.speech.input_format.rate)
        for event in sessions:
            self._configuration.server_event(event)
            self.renewal.server_event(event)
        self._follow_formats()
        self._try_next()

    def session_ended(self, reason: str) -> None:
        self.created = False
        self._number += 1
        self._tasks.cancel()
        self._calls.session_ended()
        self._retry.session_ended()
        self.renewal.session_ended()
        self.speech.paused = False
        self.recorder.session_ended()

    def recorded(self, side: str, pcm: bytes, rate: int) -> None:
        self.recorder.add(side, pcm, rate)

    def ask(self) -> bool:
        return self._configuration.ask()

    def microphone(self, pcm: bytes, muted: bool) -> None:
        if not muted or self._floor.person_speaks:  # A server that hears nothing at all would wait for the rest.
            self.speech.heard(pcm)

    def speaking(self, speaking: bool) -> None:
        self._floor.model_speaks = speaking
        self._client.dispatch("conversation.speaking", SpeakingEvent("conversation.speaking", speaking))

    def server_event(self, event: Event) -> None:
        event = self.renewal.placed(attributed(event, self._responses.current_id))
        self._floor.server_event(event["type"])
        self._retry.server_event(event)
        if event["type"] == "response.output_audio.delta":  # the most frequent one, and only sound
            item_events = self.speech.play(event)
        else:
            item_events = self._process(event)
        number = self._number
        wants_transcripts = item_events and self._client.listens("transcript.updated")
        transcripts = self._transcripts.of(item_events) if wants_transcripts else []
        told: list[ItemEvent | TranscriptEvent] = [*item_events, *transcripts]
        for each in told:
            self._client.dispatch(each.type, each)
            if number != self._number:  # a handler has disconnected
                return
        if act := _ACTIONS.get(event["type"]):
            act(self, event, item_events)

    def _process(self, event: Event) -> list[ItemEvent]:
        """Take an event into account; gives what it changed in the conversation."""
        self._configuration.server_event(event)
        if event["type"] in ("session.created", "session.updated"):
            self.renewal.server_event(event)
            self._follow_formats()
        self._responses.notice(event)
        return self.conversation.process_event(event)

    def client_event(self, event: Event) -> None:
        self._floor.client_event(event["type"])
        match event["type"]:
            case "response.create":
                self._responses.sent(event)
                self._configuration.allow_for_response(object_in(event, "response"))
            case "conversation.item.create":
                item = object_in(event, "item")
                if (id := text_in(item, "id")) and (sound := sound_of(item)):
                    self.conversation.expect_sound(id, self.speech.input_format.decode(sound))
            case "conversation.item.delete":
                self.conversation.expect_deletion(text_in(event, "event_id"), text_in(event, "item_id"))
            case "input_audio_buffer.append":
                format = self.speech.input_format
                pcm = format.decode(from_base64(event.get("audio")))
                self.input_audio.append(pcm)
                self.recorder.sent(pcm, format.rate)
            case "input_audio_buffer.commit":
                self.conversation.queue_input_audio(self.input_audio.commit())
            case "input_audio_buffer.clear":
                self.input_audio.clear()

    # What the events lead to.

    def _on_session_created(self, event: Event, item_events: list[ItemEvent]) -> None:
        self.created = True

    def _on_error(self, event: Event, item_events: list[ItemEvent]) -> None:
        error = server_error(event)
        self._responses.refused(error)
        if error.event_id:
            self.conversation.deletion_refused(error.event_id)
        if error.code == COMMIT_EMPTY:
            self.conversation.queue_input_audio(None)
            self.input_audio.committed()
        if error.code in HARMLESS_ERRORS:
            logger.debug("the server says: %s", error.code)
        else:
            self._emit_error("server", error.message or "The server reported an error.", error.given)
        self._try_next()

    def _on_response_created(self, event: Event, item_events: list[ItemEvent]) -> None:
        id = text_in(object_in(event, "response"), "id")
        self._finals.forget(id)
        self._calls.response_created(id)
        if self._responses.created(event):
            # The transport reports a lost link by itself. Where responses cannot be stopped, this one stays silenced.
            with contextlib.suppress(DisconnectedError, UnsupportedFeatureError):
                self._api.send("response.cancel", {"response_id": id})
        self._retry.begun(id)

    def _on_output_item_done(self, event: Event, item_events: list[ItemEvent]) -> None:
        id = text_in(object_in(event, "item"), "id")
        self._run_calls(text_in(event, "response_id"), [id], item_events)

    def _on_arguments_done(self, event: Event, item_events: list[ItemEvent]) -> None:
        self._run_calls(text_in(event, "response_id"), [], item_events)

    def _on_response_done(self, event: Event, item_events: list[ItemEvent]) -> None:
        response = object_in(event, "response")
        id, status = text_in(response, "id"), response.get("status")
        listed = [text_in(raw, "id") for raw in objects_in(response, "output")]
        self._run_calls(id, listed, item_events)
        usage = object_in(response, "usage")
        is_new = bool(usage or status == "failed") and (not id or self._finals.add(id))
        if is_new:
            self.usage.add_response(usage)
        if is_new and status == "failed":
            self._on_failed(response)
        self._responses.done(event)
        if self._calls.response_done(id, goes_on=status not in ("cancelled", "failed")):
            self._responses.request(automatic=True)
        self.speech.response_done(id, listed)
        self._try_next()

    def _on_failed(self, response: Event) -> None:
        details = response.get("status_details") or {"error": response.get("error")}
        error = server_error(details if isinstance(details, Mapping) else {"error": details})
        message = error.message or "The response failed."
        if not self._retry.failed(response, message, copied(error.given)):
            self._emit_error("response", message, error.given)

    def _on_transcription_completed(self, event: Event, item_events: list[ItemEvent]) -> None:
        transcript = text_in(event, "item_id"), index_in(event, "content_index"), text_in(event, "transcript")
        if self._finals.add(transcript):
            self.usage.add_transcription(object_in(event, "usage"))

    def _on_speech_started(self, event: Event, item_events: list[ItemEvent]) -> None:
        self.input_audio.taken()
        self._responses.interrupted()
        self._client.dispatch("conversation.interrupted", copied(event))
        detection = self._configuration.get_turn_detection_type()
        interrupts = not isinstance(detection, Mapping) or detection.get("interrupt_response") is not False
        if interrupts and not self._transport.carries_tracks and self._api.is_connected():
            self._responses.silence()
            self._tasks.run(self.speech.stop_playing(), "the interrupted answer could not be truncated")

    def _on_truncated(self, event: Event, item_events: list[ItemEvent]) -> None:
        item = self.conversation.get_item(text_in(event, "item_id"))
        if item and item.audio_end_ms == 0 and self._transport.carries_tracks:  # the server itself has truncated it
            self.speech.delete_unheard(item)

    def _on_committed(self, event: Event, item_events: list[ItemEvent]) -> None:
        self.input_audio.committed()

    def _on_output_started(self, event: Event, item_events: list[ItemEvent]) -> None:
        if self.speech.output_started(text_in(event, "response_id")):
            self.speaking(True)

    def _on_output_stopped(self, event: Event, item_events: list[ItemEvent]) -> None:
        self.speaking(False)

    # What the person does.

    def send_message(self, content: list[dict[str, Any]]) -> None:
        """Send a message of the person. One with sound gets an id, so that the sound is found again."""
        self._configuration.require_responses()
        item: dict[str, Any] = {"type": "message", "role": "user", "content": content}
        if sound_of(item):
            item["id"] = new_id("item_")
        self._api.send("conversation.item.create", {"item": item})

    def create_response(self, params: Mapping[str, Any] | None = None, *, of_speech: bool = True) -> None:
        """See ``RealtimeClient.create_response``.

        Args:
            params: options of this one response.
            of_speech: whether the response is to what the person has said, not to a message.
        """
        self._configuration.require_responses()
        self.speech.check_response(params or {})
        if params is not None and is_out_of_band(params):
            self._api.send("response.create", {"response": params})  # it need not wait for the active response
            return
        self._api.check("response.create", None if params is None else {"response": params})
        if self.speech.commit(push_to_talk=self._configuration.is_push_to_talk) or not of_speech:
            self.respond(params)
        else:
            message = "The person spoke for less than 100 ms, which servers refuse: nothing was committed or answered."
            self._emit_error("message", message)

    def reset(self) -> None:
        """Forget the conversation and the usage."""
        self.conversation.clear()
        self.input_audio.reset()
        self.usage = Usage()

    # Responses.

    def respond(self, params: Mapping[str, Any] | None = None) -> None:
        """Ask for a response in the conversation, as soon as the active one has ended.

        Raises:
            DisconnectedError: nothing was sent.
        """
        self._api.require_connection()
        self._responses.request(params)
        self._send_next()

    def _send_next(self) -> None:
        if request := self._responses.take():
            try:
                self._api.send("response.create", request.fields)
            except RTVIError:
                self._responses.not_sent(request)
                raise

    def _try_next(self) -> None:
        """Send the next request for a response, if none is active now; errors are dispatched."""
        if self._api.is_connected():
            try:
                self._send_next()
            except RTVIError as error:
                self._emit_error("response", error.message, error)

    # Helpers.

    def _run_calls(self, response_id: str, ids: list[str], item_events: list[ItemEvent]) -> None:
        ids = [*ids, *(each.item.id for each in item_events if each.item)]
        self._calls.run(response_id or self._responses.current_id, ids)

    def _go_on(self) -> None:
        """The calls of a response are answered: have the model go on."""
        self._responses.request(automatic=True)
        self._try_next()

    def _emit_error(self, source: str, message: str, error: Any = None) -> None:
        """Dispatch an ``error`` event."""
        self._client.dispatch("error", ErrorEvent("error", source, message, copied(error)))


_ACTIONS: dict[str, Callable[[RealtimeSession, Event, list[ItemEvent]], None]] = {
    "error": RealtimeSession._on_error,
    "session.created": RealtimeSession._on_session_created,
    "response.created": RealtimeSession._on_response_created,
    "response.output_item.done": RealtimeSession._on_output_item_done,
    "response.function_call_arguments.done": RealtimeSession._on_arguments_done,
    "response.done": RealtimeSession._on_response_done,
    "conversation.item.input_audio_transcription.completed": RealtimeSession._on_transcription_completed,
    "conversation.item.truncated": RealtimeSession._on_truncated,
    "input_audio_buffer.speech_started": RealtimeSession._on_speech_started,
    "input_audio_buffer.committed": RealtimeSession._on_committed,
    "output_audio_buffer.started": RealtimeSession._on_output_started,
    "output_audio_buffer.stopped": RealtimeSession._on_output_stopped,
    "output_audio_buffer.cleared": RealtimeSession._on_output_stopped,
}
