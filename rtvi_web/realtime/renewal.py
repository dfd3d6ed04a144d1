"""Exchanges a session that will expire for a new one with the same conversation, while the old one goes on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from rtvi_web.core.tasks import Tasks, start_task
from rtvi_web.errors import AlreadyStartedError, DisconnectedError, RequestError, RTVIError
from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.events import ErrorEvent
from rtvi_web.realtime.handshake import Handshake
from rtvi_web.realtime.protocol.content import history_items
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.items import Item, to_history
from rtvi_web.realtime.protocol.server_errors import HARMLESS_ERRORS, server_error
from rtvi_web.realtime.protocol.wire import Event, number_in, object_in, text_in
from rtvi_web.realtime.transport import SpareLink

AHEAD = 60.0
"""Seconds before its expiry in which a session is renewed; of a short session, half of its time."""
MARGIN = 5.0
"""Seconds before its expiry at which it is renewed even if someone is speaking."""
PATIENCE = 30.0
"""Seconds to wait for silence, if it is not known when the session expires."""
TAKEN_WITHIN = 2.0
"""Seconds in which the server confirms the items of the conversation."""
LOOK_EVERY = 0.25
"""Seconds between two looks at who is speaking."""
_CONFIRMATIONS = ("conversation.item.created", "conversation.item.done")


class SessionRenewedEvent(NamedTuple):
    """The session was exchanged for a new one with the same conversation: ``"session.renewed"``.

    Attributes:
        type: ``"session.renewed"``.
        session_id: the new session's id, ``""`` if the server gives none.
        expires_at: when it will expire, in seconds since 1970; ``None`` if the server does not say.
        items: how many items of the conversation the new session has got.
    """

    type: str
    session_id: str
    expires_at: float | None
    items: int


class Renewal:
    """Renews the session of a client: before it expires, and when the page wants it.

    Args:
        api: opens the new link.
        configuration: what the new session is configured with.
        conversation: goes on in the new session.
        client: gets the events.
        tasks: end with the session.
        is_idle: whether neither side speaks, and nothing is being made or answered.
        renewed: called with what the new server has said of its session, as soon as it has taken over.
        automatic: whether a session that will expire is renewed by itself.
    """

    def __init__(
        self,
        api: RealtimeAPI,
        configuration: Configuration,
        conversation: Conversation,
        client: RealtimeEventHandler,
        tasks: Tasks,
        *,
        is_idle: Callable[[], bool],
        renewed: Callable[[list[Event]], object],
        automatic: bool,
    ) -> None:
        self._api = api
        self._configuration = configuration
        self._conversation = conversation
        self._client = client
        self._tasks = tasks
        self._is_idle = is_idle
        self._renewed = renewed
        self._automatic = automatic
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._expires_at: float | None = None
        self._expires = 0.0  # the same by the clock of the event loop
        self._follows = ("", "")  # the last item that the server has got, and the last of the conversation

    # What the session calls.

    def server_event(self, event: Event) -> None:
        """Note when the session expires."""
        expires_at = number_in(object_in(event, "session"), "expires_at")
        if expires_at and expires_at != self._expires_at:
            self._expires_at = expires_at
            loop, left = asyncio.get_running_loop(), expires_at - time.time()
            self._expires = loop.time() + left
            self._stop_timer()
            if self._automatic and left > 0:
                self._timer = loop.call_later(max(left - AHEAD, left / 2), self._begin)

    def placed(self, event: Event) -> Event:
        """An event with the place of its item in the conversation: the new server may not know the last items."""
        known, last = self._follows
        return {**event, "previous_item_id": last} if known and event.get("previous_item_id") == known else event

    def session_begins(self) -> None:
        """A new session begins, with an empty conversation."""
        self._expires_at, self._follows = None, ("", "")

    def session_ended(self) -> None:
        """Renew nothing more."""
        self._stop_timer()
        if self._task is not None:
            self._task.cancel()

    async def renew(self) -> None:
        """See ``RealtimeClient.renew_session``."""
        self._api.require_connection()
        if self._task is not None:
            raise AlreadyStartedError("The session is being renewed already.")
        self._stop_timer()
        task = self._task = start_task(self._renew())
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            self._task = None
        if task.cancelled():
            raise DisconnectedError("The session ended while it was being renewed.")
        task.result()

    # By itself.

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._timer = None
        self._tasks.run(self._renew_by_itself(), "the session could not be renewed")

    async def _renew_by_itself(self) -> None:
        try:
            await self.renew()
        except AlreadyStartedError:
            return  # The page does it.
        except RTVIError as error:
            if self._api.is_connected():
                message = f"The session could not be renewed, and ends when it expires. {error.message}"
                self._client.dispatch("error", ErrorEvent("error", "renewal", message, error))

    # One renewal.

    async def _renew(self) -> None:
        spare = _Spare(self._api, self._configuration)
        now = asyncio.get_running_loop().time()
        deadline = now + PATIENCE if self._expires_at is None else self._expires - MARGIN
        known: dict[str, bool] = {}  # the items that were looked at, and whether the new server has got them
        try:
            await spare.open()
            while True:
                await self._be_idle(deadline)
                items = [item for item in self._conversation.get_items() if item.id not in known]
                items = [item for item in items if item.status != "in_progress"]
                if not items:
                    break
                known |= dict.fromkeys((item.id for item in items), False)
                known |= dict.fromkeys(await spare.take(items, self._taken(known)), True)
            # From here to the new link nothing is awaited: nothing is lost between them.
            spare.check()
            await spare.link.take_over(partial(self._taken_over, spare, known))
        except BaseException:
            await spare.close()
            raise

    async def _be_idle(self, deadline: float) -> None:
        """Wait until neither side speaks, but not longer than the old session lasts."""
        loop = asyncio.get_running_loop()
        while loop.time() < deadline:
            if self._is_idle():
                return
            await asyncio.sleep(LOOK_EVERY)

    def _taken(self, known: Mapping[str, bool]) -> list[Item]:
        return [item for item in self._conversation.get_items() if known.get(item.id)]

    def _taken_over(self, spare: _Spare, known: Mapping[str, bool]) -> None:
        """The new link is in use."""
        spare.is_open = False  # it is no spare any more
        taken, items = self._taken(known), self._conversation.get_items()
        self._follows = (taken[-1].id, items[-1].id) if taken else ("", "")
        self._expires_at = None
        self._renewed(spare.sessions)
        id = next((id for event in spare.sessions if (id := text_in(object_in(event, "session"), "id"))), "")
        event = SessionRenewedEvent("session.renewed", id, self._expires_at, len(taken))
        self._client.dispatch("session.renewed", event)


class _Spare:
    """A session beside the one in use, until it takes over or fails.

    Attributes:
        link: once it is open.
        sessions: what the server has said of it.
        is_open: whether it has to be closed.
    """

    link: SpareLink

    def __init__(self, api: RealtimeAPI, configuration: Configuration) -> None:
        self._api = api
        self._configuration = configuration
        self._handshake = Handshake()
        self._failure: RTVIError | None = None
        self.is_open = False
        self._confirmed: set[str] = set()
        self._news = asyncio.Event()
        self.sessions: list[Event] = []

    async def open(self) -> None:
        """Connect, and have the server take the configuration.

        Raises:
            RTVIError: it could not be reached, or has refused it.
        """
        config = self._configuration.to_send
        self.link = await self._api.open_spare(config, self._received, self._lost)
        self.is_open = True
        await self._handshake.wait_for_server()
        await self._configuration.establish_with(self._handshake, self._send)
        self.check()

    async def take(self, items: list[Item], known: list[Item]) -> list[str]:
        """Send the server items of the conversation, under their ids.

        Args:
            items: to send.
            known: those that it has got before.

        Returns:
            The ids of those that it has got; some cannot be created by a client.

        Raises:
            RequestError: it has refused one.
        """
        exported = [{"id": item.id, **exported} for item in items if (exported := to_history(item))]
        created = history_items(exported, known)
        for item in created:
            self._send("conversation.item.create", {"item": item})
        ids = [text_in(item, "id") for item in created]
        with contextlib.suppress(TimeoutError):  # some servers confirm nothing
            async with asyncio.timeout(TAKEN_WITHIN):
                while not self._confirmed.issuperset(filter(None, ids)) and self._failure is None:
                    self._news.clear()
                    await self._news.wait()
        self.check()
        return [id for id in ids if id]

    def check(self) -> None:
        """Check that it may take over.

        Raises:
            RTVIError: it is lost, or the server has refused something.
        """
        if self._failure is not None:
            raise self._failure

    async def close(self) -> None:
        """Close it; the session in use goes on."""
        if self.is_open:
            await self.link.close()

    def _send(self, type: str, data: Mapping[str, Any]) -> None:
        for text in self._api.encoded(type, data):
            self.link.send(text)

    def _received(self, frame: str | bytes) -> None:
        try:
            events = self._api.decoded(frame)
        except RTVIError as error:  # a dialect's
            self._lost(error)
            return
        for event in events:
            self._handshake.server_event(event)
            if event["type"] in ("session.created", "session.updated"):
                self.sessions.append(event)
            elif event["type"] in _CONFIRMATIONS:
                self._confirmed.add(text_in(object_in(event, "item"), "id"))
            elif event["type"] == "error" and (said := server_error(event)).code not in HARMLESS_ERRORS:
                refusal = RequestError(f"The server refused the new session: {said.message}")
                self._failure = self._failure or refusal
        self._news.set()

    def _lost(self, error: RTVIError) -> None:
        self._failure = error
        self._news.set()
