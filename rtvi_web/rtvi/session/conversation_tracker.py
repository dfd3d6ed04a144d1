"""Keeps a client's conversation and bot state up to date, and emits every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rtvi_web.core.emitter import Emitter
from rtvi_web.rtvi.protocol.conversation import CHANGING
from rtvi_web.rtvi.protocol.conversation.bot_state import FOLLOWED, BotStateTracker
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import BotState

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.conversation.conversation import Conversation
    from rtvi_web.rtvi.protocol.conversation.turn import Turn


class ConversationTracker:
    """Listens to a client, ahead of its user's handlers, so that these find everything up to date.

    Args:
        emitter: the client's.
        is_connecting: says whether ``connect()`` is running.
        clock: returns the time in seconds since 1970.
    """

    def __init__(self, emitter: Emitter, is_connecting: Callable[[], bool], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._emitter = emitter
        self._is_connecting = is_connecting
        self._tracker = BotStateTracker()
        self._timer: asyncio.TimerHandle | None = None
        self._rests_at: float | None = None  # when the timer fires: a timer of Pyodide's loop cannot be asked
        for event in CHANGING:
            emitter.on(event, self._taker(event))
        for event in FOLLOWED:
            emitter.on(event, partial(self._follow, event))
        emitter.on(RTVIEvent.DISCONNECTED, self._end)
        emitter.on(RTVIEvent.BOT_DISCONNECTED, lambda _: self._end())

    @cached_property
    def conversation(self) -> Conversation:
        """What was said. Its modules are imported when first needed, so that no page waits for them at its boot."""
        from rtvi_web.rtvi.protocol.conversation.conversation import Conversation

        return Conversation(self._clock, lambda: self._emitter.emit(RTVIEvent.CONVERSATION_CLEARED))

    @property
    def bot_state(self) -> BotState:
        """What the bot is doing."""
        return self._tracker.state

    def wrote(self, text: str, *, is_reported: bool = True) -> None:
        """The person wrote something to the bot; see :meth:`Conversation.wrote`."""
        self._emit_updates(self.conversation.wrote(text, is_reported=is_reported))

    def _taker(self, event: str) -> Callable[..., None]:
        """A handler that takes an event, in few steps: the model's words come by the hundred."""
        emit, updated = self._emitter.emit, RTVIEvent.CONVERSATION_UPDATED

        def taker(*args: Any) -> None:
            for turn in self.conversation.take(event, args):
                emit(updated, turn)

        return taker

    def _follow(self, event: str, *args: Any) -> None:
        if event == RTVIEvent.BOT_LLM_STOPPED:
            args = (self.conversation.answer_is_over,)
        elif event in (RTVIEvent.USER_TRANSCRIPT, RTVIEvent.USER_INPUT):
            args = (*args, self.conversation.words_wait)
        elif event == RTVIEvent.TRANSPORT_STATE_CHANGED:
            args = (*args, self._is_connecting())
        changed = self._tracker.take(event, args, asyncio.get_running_loop().time())
        self._wait()
        if changed:
            self._emitter.emit(RTVIEvent.BOT_STATE_CHANGED, self.bot_state)

    def _wait(self) -> None:
        """Wait until the bot counts as at rest."""
        at = self._tracker.rests_at
        if at == self._rests_at:
            return
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._rests_at = at
        if at is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0, at - loop.time()), self._rest)

    def _rest(self) -> None:
        self._timer = self._rests_at = None
        changed = self._tracker.rest()
        self._emit_updates(self.conversation.rest())
        if changed:
            self._emitter.emit(RTVIEvent.BOT_STATE_CHANGED, self.bot_state)

    def _end(self) -> None:
        self._emit_updates(self.conversation.end_session())

    def _emit_updates(self, turns: list[Turn]) -> None:
        for turn in turns:
            self._emitter.emit(RTVIEvent.CONVERSATION_UPDATED, turn)
