"""The members of a client that send something to the bot."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.core.checks import check_text, seconds
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.members.base import ClientBase

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.messages import RTVIMessage
    from rtvi_web.rtvi.protocol.payloads import BotReadyData


class Messages(ClientBase):
    """Messages to the bot.

    Each member may also raise :class:`BotNotReadyError` or :class:`DisconnectedError` without a session,
    :class:`MessageTooLargeError` above the transport's limit, :class:`InvalidArgumentError` for data that JSON cannot
    carry, and :class:`UnsupportedFeatureError` if the bot answered in this session that it does not know such messages
    (``unsupportedFeature`` fires the first time). In all these cases nothing was sent.
    """

    @property
    def bot_ready_data(self) -> BotReadyData | None:
        """The data of the bot's ``bot-ready``, for code that runs later than the event; ``None`` without a session."""
        return self._connection.bot_ready_data

    def send_message(self, message: RTVIMessage | Mapping[str, Any]) -> None:
        """Send a message of any type, as it is. Mirrors ``sendMessage()``.

        Args:
            message: ``{"type": …, "data": …}``, or an :class:`RTVIMessage`; an ``id`` is added if it lacks one.

        Raises:
            InvalidArgumentError: it has no type, or JSON cannot carry its data.
            BotNotReadyError, DisconnectedError: there is no session; nothing was sent.
            MessageTooLargeError: see its ``limit``; nothing was sent.
        """
        given = message if isinstance(message, Mapping) else getattr(message, "model_dump", dict)()
        if not isinstance(given.get("type"), str):
            raise InvalidArgumentError(f"A message must be a dict with a type; it is {message!r}.")
        self._connection.require_ready("send_message()").send(given["type"], given.get("data"), id=given.get("id"))

    def send_text(
        self, content: str, *, run_immediately: bool | None = None, audio_response: bool | None = None
    ) -> None:
        """Send text to the bot, as if the person had said it. Mirrors ``sendText()``.

        Args:
            content: the text.
            run_immediately: whether the bot answers at once and interrupts itself (its default: yes).
            audio_response: whether it speaks its answer (its default: yes).

        Raises:
            InvalidArgumentError: ``content`` is not a string.
            BotNotReadyError, DisconnectedError: there is no session; nothing was sent.
            MessageTooLargeError: see its ``limit``; nothing was sent.
        """
        check_text("content", content)
        options = {"run_immediately": run_immediately, "audio_response": audio_response}
        given = {name: value for name, value in options.items() if value is not None}
        self._connection.require_ready("send_text()").send("send-text", {"content": content, "options": given})
        self._conversation_tracker.wrote(content)

    def send_client_message(self, type: str, data: Any = None) -> None:
        """Send a message of your own to the bot and expect no answer. Mirrors ``sendClientMessage()``.

        Args:
            type: your name for it, which the bot's ``on_client_message`` gets.
            data: anything that JSON can carry.

        Raises:
            InvalidArgumentError: JSON cannot carry ``data``.
            BotNotReadyError, DisconnectedError: there is no session; nothing was sent.
            MessageTooLargeError: see its ``limit``; nothing was sent.
        """
        message = _client_message(type, data)
        self._connection.require_ready("send_client_message()").send("client-message", message)

    async def send_client_request(self, type: str, data: Any = None, *, timeout: float | None = 10.0) -> Any:
        """Send a message of your own to the bot and wait for its answer. Mirrors ``sendClientRequest()``.

        Args:
            type: your name for it.
            data: anything that JSON can carry.
            timeout: seconds to wait for the answer; ``None`` waits as long as the session lasts.

        Returns:
            The answer's data; ``None`` if the bot answered null.

        Raises:
            RequestError: the bot refused, in its own words.
            RequestTimeoutError: it did not answer in time.
            DisconnectedError: the session ended first.
            InvalidArgumentError, BotNotReadyError, MessageTooLargeError: nothing was sent.
        """
        limit = seconds(timeout, "timeout")
        message, session = _client_message(type, data), self._connection.require_ready("send_client_request()")
        return await session.request("client-message", message, timeout=limit, what=f"request {type!r}")

    def disconnect_bot(self) -> None:
        """Ask the bot to leave. Mirrors ``disconnectBot()``.

        The bot may take seconds to leave. Then ``botDisconnected`` fires and the session ends.

        Raises:
            BotNotReadyError, DisconnectedError: there is no session; nothing was sent.
        """
        self._connection.require_ready("disconnect_bot()").send("disconnect-bot", {})

    def append_to_context(
        self, role: str | Mapping[str, Any], content: Any = None, run_immediately: bool = False
    ) -> None:
        """Append a message to the model's context. Mirrors ``appendToContext()``.

        Deprecated: today's bots do not know this message. Use :meth:`send_text`.

        Args:
            role: ``"user"`` or ``"assistant"``; or a dict of all three, as in JavaScript.
            content: as the model's service writes it.
            run_immediately: whether the model answers at once.
        """
        warnings.warn("append_to_context() is deprecated: use send_text().", DeprecationWarning, stacklevel=2)
        given = role if isinstance(role, Mapping) else {"role": role, "content": content}
        self._connection.require_ready("append_to_context()").send(
            "append-to-context", {"run_immediately": run_immediately, **given}
        )

    def send_dtmf(self, keys: str) -> None:
        """Press keys of a telephone, in order. Mirrors ``sendDTMF()``.

        Args:
            keys: one or more of ``0``-``9``, ``*`` and ``#``.

        Raises:
            InvalidArgumentError: ``keys`` is empty or has other characters.
            QueueFullError: this bot takes one key per message, and only some of the keys fit into the queue.
        """
        if not isinstance(keys, str) or not re.fullmatch(r"[0-9*#]+", keys):
            raise InvalidArgumentError(f"Invalid DTMF sequence {keys!r}. Only 0-9, * and # are allowed.")
        if self._bot_version >= (2, 1):
            self._connection.require_ready("send_dtmf()").send("dtmf", {"buttons": list(keys)})
        else:  # One key per message, as in RTVI 2.0. A bot without support for keys answers with an error.
            for key in keys:
                self._connection.require_ready("send_dtmf()").send("dtmf", {"button": key})

    def send_ui_event(self, event: str, payload: Any = None) -> None:
        """Send an event of the page to the bot's UI worker. Mirrors ``sendUIEvent()``.

        Args:
            event: your name for it.
            payload: anything that JSON can carry; left out of the message if it is ``None``.
        """
        self._connection.require_ready("send_ui_event()").send(
            "ui-event", {"event": event} if payload is None else {"event": event, "payload": payload}
        )

    def cancel_ui_job_group(self, job_id: str, reason: str | None = None) -> None:
        """Ask the bot to cancel a group of jobs. Mirrors ``cancelUIJobGroup()``.

        Args:
            job_id: that of its ``uiJobGroup`` events.
            reason: for the bot's log.
        """
        data = {"job_id": job_id} if reason is None else {"job_id": job_id, "reason": reason}
        self._connection.require_ready("cancel_ui_job_group()").send("ui-cancel-job-group", data)

    @property
    def _bot_version(self) -> tuple[int, ...]:
        """The first two numbers of the bot's RTVI version; zeros if it is not numeric."""
        version = self.bot_ready_data.version if self.bot_ready_data else ""
        numbers = re.match(r"(\d{1,9})(?:\.(\d{1,9}))?", version)
        return tuple(int(number or 0) for number in numbers.groups()) if numbers else (0, 0)


def _client_message(type: str, data: Any) -> dict[str, Any]:
    if not type or not isinstance(type, str):
        raise InvalidArgumentError(f"A message's type must be a non-empty string; it is {type!r}.")
    return {"t": type} if data is None else {"t": type, "d": data}
