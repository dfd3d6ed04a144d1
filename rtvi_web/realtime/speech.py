"""Sound: what goes to the server, what goes to the speaker, and how an answer is cut short."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from rtvi_web.core.seen import Seen
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.protocol.audio import (
    SAMPLE_RATE,
    InputAudio,
    from_base64,
    milliseconds,
    to_base64,
    to_pcm,
)
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.formats import SoundFormat, sound_format
from rtvi_web.realtime.protocol.items import Item, ItemEvent
from rtvi_web.realtime.protocol.responses import ResponseSequencer
from rtvi_web.realtime.protocol.session_config import named_format
from rtvi_web.realtime.protocol.wire import Event, index_in, text_in
from rtvi_web.realtime.transport import RealtimeTransport

APPEND_BYTES = SAMPLE_RATE * 2
"""Bytes in one ``input_audio_buffer.append`` at most: a second of PCM. OpenAI takes 15 MiB, data channels less."""


MIN_TURN = 0.1
"""Seconds of the shortest turn that servers take."""
MAX_ITEMS = 64
"""How many items in the player are remembered."""
MAX_HELD = 250
"""Chunks of the microphone's sound that are kept while the session begins; 10 s, at 40 ms each."""


class Speech:
    """The sound of one client.

    Args:
        api: sends the events.
        transport: plays the answers.
        conversation: keeps the sound of the items.
        input_audio: keeps the person's own sound.
        responses: knows whether one is being made.
        tasks: end with the session.
    """

    def __init__(
        self,
        api: RealtimeAPI,
        transport: RealtimeTransport,
        conversation: Conversation,
        input_audio: InputAudio,
        responses: ResponseSequencer,
        tasks: Tasks,
    ) -> None:
        self._api = api
        self._transport = transport
        self._conversation = conversation
        self._responses = responses
        self._input = input_audio
        self._tasks = tasks
        self.input_format = self.output_format = SoundFormat()
        self._halves: dict[str, bytes] = {}  # by item: a byte that waits for the other half of its sample

        self._playing: deque[str] = deque(maxlen=MAX_ITEMS)  # in the player, in their order; old ones may be over
        self._played = Seen()  # items; over WebRTC, responses
        self._deleted = Seen()
        self.paused = False
        self._held: deque[bytes] | None = None  # the microphone's sound, until the configuration was taken

    def session_begins(self) -> None:
        """A new session begins: keep the microphone's sound until :meth:`release`."""
        self._halves.clear()
        self._playing.clear()
        self._played.clear()
        self._deleted.clear()
        self.paused = False
        self._held = deque(maxlen=MAX_HELD)

    def use_formats(self, input: SoundFormat, output: SoundFormat) -> None:
        """The formats of the session, from now on: those that the page has named, or that the server says it uses.

        Raises:
            InvalidArgumentError, UnsupportedFeatureError: one cannot be used here.
        """
        if (input, output) == (self.input_format, self.output_format):
            return
        self._transport.use_rates(microphone=input.rate, answers=output.rate)
        if input.rate != self.input_format.rate:
            self._input.change_rate(input.rate)
            if self._held:
                self._held.clear()  # recorded at another rate
        self.input_format, self.output_format = input, output
        self._conversation.use_formats(input, output)

    def release(self) -> None:
        """The server has taken the configuration: send the microphone's sound from now on."""
        held, self._held = self._held, None
        for pcm in held or ():
            self.heard(pcm)

    def pause(self, paused: bool) -> None:
        """See ``RealtimeClient.pause``."""
        if paused != self.paused:
            self._transport.pause(paused)
            self.paused = paused

    # To the server.

    def append(self, sound: Any) -> bool:
        """See ``RealtimeClient.append_input_audio``."""
        pcm = to_pcm(sound)
        if self.paused:
            return False
        self._send_sound(pcm)
        self._input.given = self._input.given or bool(pcm)
        return True

    def _send_sound(self, pcm: bytes) -> None:
        if not self._api.is_connected():
            raise DisconnectedError("Sound cannot be sent: not connected. Await connect() first.")
        step = _fitting(self._api.max_message_size)
        data = self.input_format.encode(pcm)
        for start in range(0, len(data), step):
            chunk = data[start : start + step]
            self._api.send("input_audio_buffer.append", {"audio": to_base64(chunk)})

    def heard(self, pcm: bytes) -> None:
        """The microphone has heard this."""
        if self.paused:
            return
        if self._held is not None:
            self._held.append(pcm)
            return
        with contextlib.suppress(DisconnectedError):  # the transport reports the lost link by itself
            self._send_sound(pcm)

    def commit(self, *, push_to_talk: bool) -> bool:
        """Commit the sound of the page; with push-to-talk, the microphone's too.

        Returns:
            Whether the person's turn can be answered; a turn of push-to-talk that is too short cannot.
        """
        if push_to_talk and 0 < self._input.uncommitted < MIN_TURN * self._input.rate:
            return False
        if self._input.given or (push_to_talk and self._input.uncommitted):
            self._api.send("input_audio_buffer.commit")
        return True

    # To the speaker.

    def check_response(self, params: Mapping[str, Any]) -> None:
        """Check that the answer to a ``response.create`` can be played.

        Raises:
            InvalidArgumentError: its sound would have another format than that of the session.
        """
        given = named_format(params, "output")
        if given is not None and not self._transport.carries_tracks and sound_format(given) != self.output_format:
            raise InvalidArgumentError(
                f"A single response cannot have a format of its own ({given!r}). Name the format in the configuration."
            )

    def play(self, event: Event) -> list[ItemEvent]:
        """Play a ``response.output_audio.delta``, and add it to its item.

        Returns:
            What happened to the item. An out-of-band response has none, but is played too.
        """
        item_id, index = text_in(event, "item_id"), index_in(event, "content_index")
        data = self._halves.pop(item_id, b"") + from_base64(event.get("delta"))
        if len(data) % self.output_format.sample_bytes:
            self._halves[item_id], data = data[-1:], data[:-1]
            if len(self._halves) > MAX_ITEMS:
                del self._halves[next(iter(self._halves))]
        if not data:
            return []
        pcm = self.output_format.decode(data)
        if not self._transport.carries_tracks and not self._responses.is_silenced(text_in(event, "response_id")):
            self._transport.play(pcm, item_id=item_id, content_index=index)
            if item_id not in self._playing:
                self._playing.append(item_id)
                self._played.add(item_id)
        return self._conversation.add_audio(event, pcm)

    # Cutting short.

    def cancel(self) -> bool:
        """Stop the response that is being made.

        Returns:
            Whether there was one.
        """
        if not self._responses.cancel():
            return False
        try:
            self._api.send("response.cancel")
        except UnsupportedFeatureError:
            self._responses.not_cancelled()
            raise
        return True

    def cancel_response(self, item_id: str | None, heard: float) -> Item | None:
        """See ``RealtimeClient.cancel_response``."""
        if isinstance(heard, bool) or not isinstance(heard, int | float) or heard != heard:
            raise InvalidArgumentError(f"sample_count must be a number of samples; it is {heard!r}.")
        item = self._cancellable(item_id) if item_id else None
        self.cancel()
        if item:
            self._silence()
            self._truncate(item, heard)
            self._tasks.run(self._stop_player(), "the player could not be stopped")
        return item

    async def interrupt(self) -> Item | None:
        """See ``RealtimeClient.interrupt``."""
        try:
            self.cancel()
        except UnsupportedFeatureError:
            self._responses.silence_when_created()  # One that is being made already is silenced below.
        self._silence()
        return await self.stop_playing()

    def _silence(self) -> None:
        """Let nothing more of the active response be heard. Over WebRTC, the server truncates it by itself."""
        self._responses.silence()
        if self._transport.carries_tracks:
            self._api.send("output_audio_buffer.clear")

    def output_started(self, response_id: str) -> bool:
        """Over WebRTC, the server begins to play a response.

        Returns:
            Whether it will be heard. If it was silenced before, the server is asked to stop.
        """
        if self._responses.is_silenced(response_id):
            with contextlib.suppress(DisconnectedError):  # the transport reports the lost link by itself
                self._api.send("output_audio_buffer.clear")
            return False
        self._played.add(response_id)
        return True

    async def stop_playing(self) -> Item | None:
        """Stop the player, and tell the server what was heard.

        Returns:
            The item that was cut short.
        """
        order = list(self._playing)
        self._playing.clear()
        played = await self._transport.interrupt()
        if played is None or not self._api.is_connected():
            return None
        for id in order[order.index(played.item_id) + 1 :] if played.item_id in order else ():
            if waiting := self._conversation.get_item(id):
                self.delete_unheard(waiting)
        item = self._conversation.get_item(played.item_id)
        if item:
            with contextlib.suppress(DisconnectedError):  # the transport reports the lost link by itself
                self._truncate(item, played.samples, played.content_index)
        return item

    def response_done(self, response_id: str, item_ids: list[str]) -> None:
        """A response has ended: if it was silenced, delete its answers of which nothing was heard."""
        if not self._responses.is_silenced(response_id) or response_id in self._played:
            return
        for id in item_ids:
            item = self._conversation.get_item(id)
            if item and id not in self._played and item.role == "assistant" and item.audio_index is not None:
                self.delete_unheard(item)

    def delete_unheard(self, item: Item) -> None:
        """Delete an answer of which nothing was heard: the model must not believe that the person knows it."""
        item.audio_end_ms = 0
        if self._deleted.add(item.id):
            with contextlib.suppress(DisconnectedError):  # the transport reports the lost link by itself
                self._api.send("conversation.item.delete", {"item_id": item.id})

    async def _stop_player(self) -> None:
        await self._transport.interrupt()

    def _truncate(self, item: Item, heard: float, content_index: int | None = None) -> None:
        """Tell the server that only this many samples of an answer were heard.

        It is deleted if nothing was. Nothing is sent if the server has cut it there already: it would refuse that.
        """
        index = item.audio_index if content_index is None else content_index
        clip = item.formatted.audio
        end = milliseconds(int(max(0, min(heard, clip.received))), clip.rate)
        if index is None or (item.audio_end_ms is not None and end >= item.audio_end_ms):
            return
        if end == 0:
            self.delete_unheard(item)
            return
        self._api.send("conversation.item.truncate", {"item_id": item.id, "content_index": index, "audio_end_ms": end})

    def _cancellable(self, item_id: str) -> Item:
        """The answer with this id.

        Raises:
            InvalidArgumentError: there is no such item, or it is not a message of the assistant.
        """
        item = self._conversation.get_item(item_id)
        if item is None:
            # The words of openai-realtime-api, in all three.
            raise InvalidArgumentError(f'Could not find item "{item_id}"')
        if item.type != "message":
            raise InvalidArgumentError('Can only cancelResponse messages with type "message"')
        if item.role != "assistant":
            raise InvalidArgumentError('Can only cancelResponse messages with role "assistant"')
        return item


def _fitting(max_message_size: int) -> int:
    """Bytes of PCM whose base64 fits into a message: whole samples, without padding."""
    room = (max_message_size - 200) * 3 // 4
    return max(6, min(APPEND_BYTES, room) // 6 * 6)
