"""What happens in a session: the server's events in, the conversation, answers and tools out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, InvalidArgumentError, RTVIError
from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import ErrorEvent, RealtimeAPI
from rtvi_web.realtime.event_handlers import EventHandlers
from rtvi_web.realtime.protocol.audio import InputAudio, from_base64
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.items import Item, ItemEvent
from rtvi_web.realtime.protocol.responses import ABOUT_OTHERS, ALREADY_ACTIVE, ResponseSequencer, is_out_of_band
from rtvi_web.realtime.protocol.usage import Usage
from rtvi_web.realtime.protocol.wire import Event, object_in, objects_in, text_in
from rtvi_web.realtime.settings import Settings
from rtvi_web.realtime.speech import Speech
from rtvi_web.realtime.tools import Tool, ToolCalls, answer, not_offered
from rtvi_web.realtime.transport import RealtimeTransport

logger = logging.getLogger(__name__)

INPUT_WINDOW = 60.0
"""Seconds of the person's own sound that are kept until an item is made of it."""
TOLERATED = ABOUT_OTHERS | {ALREADY_ACTIVE}
"""What two sides that act at the same moment run into: the server's word on it harms nothing."""


class SpeakingEvent(NamedTuple):
    """The assistant begins to be heard, or falls silent: ``"conversation.speaking"``."""

    type: str
    speaking: bool


class RealtimeSession:
    """Everything of one client that listens and answers."""

    def __init__(
        self, transport: RealtimeTransport, settings: Settings, configuration: Configuration, handlers: EventHandlers
    ) -> None:
        self._handlers = handlers
        self._transport = transport
        self.configuration = configuration
        self.api = RealtimeAPI(transport, settings, self, handlers)
        configuration.attach(self.api)
        self.responses = ResponseSequencer()
        self.input_audio = InputAudio(INPUT_WINDOW)
        self.conversation = Conversation(
            keep_audio=settings.keep_audio,
            input_audio=self.input_audio,
            is_out_of_band=self.responses.is_out_of_band,
        )
        self.speech = Speech(self.api, transport, self.conversation, self.input_audio, self.responses)
        self.usage = Usage()
        self.session_created = False
        self._session = 0
        self._calls = ToolCalls()
        self._tasks = Tasks()

    # What the connection tells: Listener.

    def session_begins(self) -> None:
        self.conversation.clear()
        self.input_audio.reset()
        self.configuration.session_begins()
        self.responses.reset()
        self._calls.reset()

    def session_ended(self, reason: str) -> None:
        self.session_created = False
        self._session += 1
        self._tasks.cancel()

    def microphone(self, pcm: bytes) -> None:
        self.speech.heard(pcm)

    def speaking(self, speaking: bool) -> None:
        self._handlers.dispatch("conversation.speaking", SpeakingEvent("conversation.speaking", speaking))

    def server_event(self, event: Event) -> None:
        session = self._session
        self.configuration.server_event(event)
        self.responses.notice(event)
        told = self.conversation.process_event(event)
        for each in told:
            self._handlers.dispatch(each.type, each)
            if session != self._session:
                return  # a handler has disconnected
        if act := _ACTIONS.get(event["type"]):
            act(self, event, told)

    def client_event(self, event: Event) -> None:
        match event["type"]:
            case "response.create":
                self.responses.sent(event)
                self.configuration.allow_for_response(object_in(event, "response"))
            case "input_audio_buffer.append":
                self.input_audio.append(from_base64(event.get("audio")))
            case "input_audio_buffer.commit":
                self.conversation.queue_input_audio(self.input_audio.commit())
            case "input_audio_buffer.clear":
                self.input_audio.clear()

    # What the events lead to.

    def _on_session_created(self, event: Event, told: list[ItemEvent]) -> None:
        self.session_created = True

    def _on_error(self, event: Event, told: list[ItemEvent]) -> None:
        error = object_in(event, "error")
        self.responses.refused(error)
        code = text_in(error, "code")
        if code == "input_audio_buffer_commit_empty":
            self.conversation.queue_input_audio(None)
        if code in TOLERATED:
            logger.debug("the server says: %s", code)
        else:
            self.complain("server", text_in(error, "message") or "The server reported an error.", error)
        self._go_on()

    def _on_response_created(self, event: Event, told: list[ItemEvent]) -> None:
        self.responses.created(event)

    def _on_output_item_done(self, event: Event, told: list[ItemEvent]) -> None:
        self._call_tools(text_in(event, "response_id"), [text_in(object_in(event, "item"), "id")])

    def _on_response_done(self, event: Event, told: list[ItemEvent]) -> None:
        response = object_in(event, "response")
        id, status = text_in(response, "id"), response.get("status")
        listed = [text_in(raw, "id") for raw in objects_in(response, "output")]
        self._call_tools(id, [*listed, *(each.item.id for each in told if each.item)])
        self.usage.add_response(object_in(response, "usage"))
        self.responses.done(event)
        if status == "failed":
            error = object_in(object_in(response, "status_details"), "error")
            self.complain("response", text_in(error, "message") or "The response failed.", error)
        if self._calls.response_done(id, cancelled=status == "cancelled"):
            self.responses.request(automatic=True)
        self._go_on()

    def _on_transcription_completed(self, event: Event, told: list[ItemEvent]) -> None:
        self.usage.add_transcription(object_in(event, "usage"))

    def _on_audio_delta(self, event: Event, told: list[ItemEvent]) -> None:
        # An out-of-band response has no item, and is heard all the same.
        pcm = told[0].delta.audio if told and told[0].delta else from_base64(event.get("delta"))
        self.speech.play(pcm or b"", event)

    def _on_speech_started(self, event: Event, told: list[ItemEvent]) -> None:
        self._handlers.dispatch("conversation.interrupted", event)
        detection = self.configuration.get_turn_detection_type()
        interrupts = not isinstance(detection, Mapping) or detection.get("interrupt_response") is not False
        if interrupts and not self._transport.carries_tracks and self.api.is_connected():
            self.run(self.speech.stop_playing(), "the interrupted answer could not be truncated")

    def _on_committed(self, event: Event, told: list[ItemEvent]) -> None:
        if self.configuration.get_turn_detection_type() is not None:
            self.input_audio.committed()

    def _on_output_started(self, event: Event, told: list[ItemEvent]) -> None:
        self.speaking(True)

    def _on_output_stopped(self, event: Event, told: list[ItemEvent]) -> None:
        self.speaking(False)

    # What the person does.

    def send_message(self, content: list[dict[str, Any]]) -> None:
        """Create a message of the person."""
        item = {"type": "message", "role": "user", "content": content}
        self.api.send("conversation.item.create", {"item": item})

    def create_response(self, params: Mapping[str, Any] | None = None) -> None:
        """See ``RealtimeClient.create_response``."""
        if params is not None and is_out_of_band(params):
            self.api.send("response.create", {"response": params})  # it waits for nobody
            return
        self.api.check("response.create", None if params is None else {"response": params})
        if self.configuration.get_turn_detection_type() is None:
            self.speech.commit()
        self.respond(params)

    def cancel_response(self, item_id: str | None, heard: float) -> Item | None:
        """See ``RealtimeClient.cancel_response``."""
        self.api.require_connection()
        if isinstance(heard, bool) or not isinstance(heard, int | float) or heard != heard:
            raise InvalidArgumentError(f"sample_count must be a number of samples; it is {heard!r}.")
        item = self.speech.cancellable(item_id) if item_id else None
        self.speech.cancel()
        if item:
            self.speech.silence_tracks()
            self.speech.truncate(item, heard)
            self.run(self._stop_player(), "the player could not be stopped")
        return item

    async def _stop_player(self) -> None:
        await self._transport.interrupt()

    async def interrupt(self) -> Item | None:
        """See ``RealtimeClient.interrupt``."""
        self.api.require_connection()
        self.speech.cancel()
        self.speech.silence_tracks()
        return await self.speech.stop_playing()

    def reset(self) -> None:
        """Forget the conversation and the usage."""
        self.conversation.clear()
        self.input_audio.reset()
        self.usage = Usage()

    # Responses.

    def respond(self, params: Mapping[str, Any] | None = None) -> None:
        """Ask for a response of the conversation, in its turn.

        Raises:
            DisconnectedError: nothing was sent.
        """
        self.api.require_connection()
        self.responses.request(params)
        self._take_turn()

    def _take_turn(self) -> None:
        if request := self.responses.take():
            try:
                self.api.send("response.create", request.fields)
            except RTVIError:
                self.responses.refused({"event_id": request.event_id})
                raise

    def _go_on(self) -> None:
        """The way may be free for the next response."""
        if self.api.is_connected():
            try:
                self._take_turn()
            except RTVIError as error:
                self.complain("response", error.message, error)

    # Tools.

    def _call_tools(self, response_id: str, ids: list[str]) -> None:
        for id in ids:
            item = self.conversation.get_item(id)
            if item is None or item.type != "function_call" or item.status != "completed":
                continue
            tool = self.configuration.tools.get(item.name or "")
            if tool is None and self.configuration.is_offered(item.name or ""):
                continue  # it is somebody else's: the page's own, or the server's
            if self._calls.begin(response_id, item.call_id or ""):
                self.run(self._answer(tool, item, response_id), f"tool {item.name!r} could not be answered")

    async def _answer(self, tool: Tool | None, item: Item, response_id: str) -> None:
        session = self._session
        if tool:
            answered = await answer(tool, item.arguments or "")
        else:
            self.complain("response", f"The model called {item.name!r}, a tool that it was not offered.")
            answered = not_offered(item.name)
        if session != self._session:
            return  # the call belongs to a session that is over
        output = {"type": "function_call_output", "call_id": item.call_id, "output": answered.output}
        try:
            self.api.send("conversation.item.create", {"item": output})
        except DisconnectedError:
            return
        except RTVIError as error:
            self.complain("message", f"The result of tool {item.name!r} was not sent: {error.message}", error)
            short = {**output, "output": json.dumps({"error": error.message})}
            self.api.send("conversation.item.create", {"item": short})
        if self._calls.answered(response_id, respond=answered.respond):
            self.responses.request(automatic=True)
            self._go_on()

    # Helpers.

    def complain(self, source: str, message: str, error: Any = None) -> None:
        """Dispatch an ``error`` event."""
        self._handlers.dispatch("error", ErrorEvent("error", source, message, error))

    def run(self, coroutine: Coroutine[Any, Any, Any], complaint: str) -> None:
        """Run a coroutine until it ends, or until the session does."""
        self._tasks.run(coroutine, complaint)


_ACTIONS: dict[str, Callable[[RealtimeSession, Event, list[ItemEvent]], None]] = {
    "error": RealtimeSession._on_error,
    "session.created": RealtimeSession._on_session_created,
    "response.created": RealtimeSession._on_response_created,
    "response.output_item.done": RealtimeSession._on_output_item_done,
    "response.done": RealtimeSession._on_response_done,
    "response.output_audio.delta": RealtimeSession._on_audio_delta,
    "conversation.item.input_audio_transcription.completed": RealtimeSession._on_transcription_completed,
    "input_audio_buffer.speech_started": RealtimeSession._on_speech_started,
    "input_audio_buffer.committed": RealtimeSession._on_committed,
    "output_audio_buffer.started": RealtimeSession._on_output_started,
    "output_audio_buffer.stopped": RealtimeSession._on_output_stopped,
    "output_audio_buffer.cleared": RealtimeSession._on_output_stopped,
}
