"""The members of a client that speak, write, ask for answers, and cut them short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rtvi_web.realtime.members.base import Members
from rtvi_web.realtime.protocol.content import image_part, user_content
from rtvi_web.realtime.protocol.items import Item
from rtvi_web.realtime.protocol.session_config import to_ga


class ItemResult(NamedTuple):
    """What ``cancel_response()`` cut short; ``item`` is ``None`` if it was not asked to cut an item."""

    item: Item | None


class SpeakingMembers(Members):
    """What a client says to the model, and how it has the model answer or fall silent."""

    def append_input_audio(self, sound: Any) -> bool:
        """Send the server sound, in addition to the microphone's. Mirrors ``appendInputAudio()``.

        Args:
            sound: PCM of 16 bits, mono, at the rate of the session's input format (24 kHz if it names none; 8 kHz for
                G.711, which it is converted to): bytes or ``array("h")``; or samples from -1 to 1 as ``array("f")``;
                or a typed array of JavaScript. It is sent in messages of a second at most.

        Returns:
            Whether it was sent: ``False`` during a :meth:`pause`, which drops it.

        Raises:
            DisconnectedError: there is no connection; nothing was kept.
            InvalidArgumentError: it is not sound.
        """
        return self._speech.append(sound)

    def create_response(self, response: Mapping[str, Any] | None = None) -> bool:
        """Have the model answer as soon as it has finished what it is saying. Mirrors ``createResponse()``.

        Sound of ``append_input_audio()`` that the server has not taken yet is committed first, as the person's turn;
        with push-to-talk the microphone's, too. If a turn of push-to-talk is shorter than 100 ms, which servers refuse,
        nothing is sent and an ``error`` is dispatched. Over WebRTC only the server knows what
        it has heard: if the person has spoken, send ``input_audio_buffer.commit`` first (``realtime.send()``).

        Args:
            response: options of this one response (``instructions``, ``output_modalities``, ``metadata`` …). With
                ``"conversation": "none"`` it stays out of the conversation and does not wait; give it ``metadata``
                to recognise it by.

        Returns:
            Always ``True``.

        Raises:
            DisconnectedError, InvalidArgumentError, MessageTooLargeError: nothing was sent.
            UnsupportedFeatureError: the session only transcribes.
        """
        self._session.create_response(None if response is None else to_ga(response))
        return True

    def send_user_message_content(self, content: Iterable[Mapping[str, Any]]) -> bool:
        """Say something in parts, and have the model answer. Mirrors ``sendUserMessageContent()``.

        Args:
            content: parts such as ``{"type": "input_text", "text": "Hello"}``; if it is empty, nothing is sent. Sound
                (``{"type": "input_audio", "audio": …}``) may be base64, or what ``append_input_audio()`` takes.

        Returns:
            Always ``True``.

        Raises:
            DisconnectedError, InvalidArgumentError, MessageTooLargeError: nothing was sent.
        """
        if parts := user_content(content, self._speech.input_format):
            self._session.send_message(parts)
            self._session.create_response(of_speech=False)
        return True

    async def send_text(self, text: str, *, interrupt: bool = True) -> None:
        """Write to the model and have it answer.

        Args:
            text: what to say.
            interrupt: whether the model falls silent first (:meth:`interrupt`), or finishes what it is saying.

        Raises:
            DisconnectedError, MessageTooLargeError: it was not sent.
        """
        parts = user_content([{"type": "input_text", "text": text}])
        if interrupt:
            await self.interrupt()
        self._session.send_message(parts)
        self._session.respond()

    def add_image(self, image: str | bytes, *, detail: str | None = None, trigger_response: bool = True) -> None:
        """Show the model an image.

        Args:
            image: the bytes of a PNG or JPEG, or a ``data:`` URI.
            detail: ``"auto"``, ``"low"`` or ``"high"``.
            trigger_response: whether the model says something about it now.

        Raises:
            DisconnectedError, InvalidArgumentError, MessageTooLargeError: it was not sent.
        """
        self._session.send_message([image_part(image, detail)])
        if trigger_response:
            self._session.respond()

    def cancel(self) -> bool:
        """Stop the response that is being made. What has already arrived of it is still heard.

        Returns:
            Whether there was one.

        Raises:
            DisconnectedError: there is no connection.
            UnsupportedFeatureError: the dialect's server cannot stop a response, or makes none.
        """
        self._api.require_connection()
        self._configuration.require_responses("cancel")
        return self._speech.cancel()

    def cancel_response(self, item_id: str | None = None, sample_count: float = 0) -> ItemResult:
        """Stop the response, and cut an answer to what was heard. Mirrors ``cancelResponse()``.

        Args:
            item_id: the answer to cut; without it, this is :meth:`cancel`.
            sample_count: how many of its samples were heard, at the rate of the output's format (24 kHz by default); a
                number beyond what arrived means all. :meth:`interrupt` counts by itself.

        Returns:
            The item; it is ``None`` without ``item_id``.

        Raises:
            DisconnectedError: there is no connection.
            InvalidArgumentError: there is no such item, it is not a message of the assistant, or the count is not a
                number; nothing was sent.
            UnsupportedFeatureError: as for :meth:`cancel`; nothing was sent.
        """
        self._api.require_connection()
        self._configuration.require_responses("cancel_response")
        return ItemResult(self._speech.cancel_response(item_id, sample_count))

    async def interrupt(self) -> Item | None:
        """Silence the model: stop the response, drop what would still be heard, and tell the server what was heard.

        If the dialect's server cannot stop a response, the rest of it is not heard all the same.

        Returns:
            The answer that was cut short, if one was being played here.

        Raises:
            DisconnectedError: there is no connection.
            UnsupportedFeatureError: the session only transcribes.
        """
        self._api.require_connection()
        self._configuration.require_responses("interrupt")
        return await self._speech.interrupt()
