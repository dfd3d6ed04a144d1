"""What the bot is doing, as one word for a page to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import BotState, TransportState

_B = BotState
_NO_SESSION: Final = frozenset({TransportState.DISCONNECTED, TransportState.DISCONNECTING, TransportState.ERROR})
_DEVICES: Final = frozenset({TransportState.INITIALIZING, TransportState.INITIALIZED})
"""In these a bot is on its way if ``connect()`` opens the devices, and not if they are opened ahead of it."""
_BUSY: Final = frozenset({_B.THINKING, _B.SPEAKING})


class BotStateTracker:
    """Follows the events of a session."""

    def __init__(self) -> None:
        self.state = BotState.GONE
        self._bot_is_ready = self._words_were_heard = self._user_speaks = False
        self._generates = self._answers_aloud = self._will_call = False
        self._calls: set[str] = set()
        self._untold_calls: set[str] = set()  # whose end no message tells

    def take(self, event: str, args: tuple[Any, ...]) -> bool:
        """Take an event; says whether the state has changed.

        Args:
            event: what happened.
            args: what its handlers get; with ``BOT_LLM_STOPPED``, whether nothing of its answer is still to be heard;
                with ``TRANSPORT_STATE_CHANGED`` also whether ``connect()`` is running.
        """
        before = self.state
        self.state = _NEXT[event](self, *args)
        return self.state is not before

    def _transport_state(self, state: TransportState, is_connecting: bool) -> BotState:
        if state is TransportState.READY and (self._bot_is_ready or self.state is _B.GONE):
            # The link was restored; or it need not be any more, as the bot has left meanwhile.
            return _B.LISTENING if self.state is _B.CONNECTING else self.state
        self._calls.clear()
        self._words_were_heard = self._user_speaks = self._generates = False
        if state in _NO_SESSION or (state in _DEVICES and not is_connecting):
            self._bot_is_ready = False
            return _B.GONE
        return _B.CONNECTING

    def _bot_ready(self, _data: Any) -> BotState:
        self._bot_is_ready = True
        return self.state if self.state in _BUSY else _B.LISTENING

    def _bot_left(self, _bot: Any) -> BotState:
        self._bot_is_ready = False
        return _B.GONE

    def _user_started_speaking(self) -> BotState:
        self._user_speaks, self._words_were_heard = True, False
        return _B.LISTENING if self.state is _B.THINKING else self.state

    def _user_stopped_speaking(self) -> BotState:
        self._user_speaks = False
        return self._after_words()

    def _words(self, data: Any) -> BotState:
        if not data.final:
            return self.state
        self._words_were_heard = True
        return self._after_words()

    def _input(self, data: Any) -> BotState:
        # What was typed is not always to be answered, and an "mhm" never.
        return self._words(data) if data.input_type == "transcription" else self.state

    def _after_words(self) -> BotState:
        """Somebody who has spoken, and was understood, waits for an answer."""
        waits = self._words_were_heard and not self._user_speaks
        return _B.THINKING if waits and self.state in (_B.LISTENING, _B.INTERRUPTED) else self.state

    def _llm_started(self) -> BotState:
        self._generates = self._answers_aloud = True
        self._words_were_heard = self._will_call = False
        self._calls -= self._untold_calls  # as the model goes on
        self._untold_calls.clear()
        return self._at_work()

    def _llm_stopped(self, answer_is_over: bool) -> BotState:
        self._generates = False
        if answer_is_over and not self._will_call:
            self._answers_aloud = False
        return self._when_silent()

    def _output(self, data: Any) -> BotState:
        self._answers_aloud = data.will_be_spoken is not False
        return self._when_silent()

    def _error(self, _message: Any) -> BotState:
        self._answers_aloud = False  # nor at all, most likely
        return self._when_silent()

    def _when_silent(self) -> BotState:
        """An answer in writing is over with the model; one that is spoken, when it has been."""
        over = self.state is _B.THINKING and not self._generates and not self._answers_aloud
        return self._done() if over else self.state

    def _started_speaking(self) -> BotState:
        return _B.SPEAKING

    def _stopped_speaking(self) -> BotState:
        if self.state is not _B.SPEAKING:
            return self.state
        return _B.LISTENING if self._user_speaks else self._done()

    def _interrupted(self) -> BotState:
        self._calls.clear()
        self._generates = False
        return _B.INTERRUPTED if self.state in _BUSY else self.state

    def _call_started(self, _data: Any) -> BotState:
        self._will_call = True
        return self.state

    def _call(self, data: Any) -> BotState:
        self._calls.add(data.tool_call_id)
        self._untold_calls.discard(data.tool_call_id)
        return self._at_work()

    def _legacy_call(self, data: Any) -> BotState:
        if data.tool_call_id not in self._calls:
            self._untold_calls.add(data.tool_call_id)
            self._calls.add(data.tool_call_id)
        return self._at_work()

    def _call_stopped(self, data: Any) -> BotState:
        self._calls.discard(data.tool_call_id)
        return self.state

    def _at_work(self) -> BotState:
        return self.state if self.state is _B.SPEAKING else _B.THINKING

    def _done(self) -> BotState:
        return _B.THINKING if self._calls or self._generates else _B.LISTENING


_NEXT: Final[dict[str, Callable[..., BotState]]] = {
    RTVIEvent.TRANSPORT_STATE_CHANGED: BotStateTracker._transport_state,
    RTVIEvent.BOT_READY: BotStateTracker._bot_ready,
    RTVIEvent.BOT_DISCONNECTED: BotStateTracker._bot_left,
    RTVIEvent.ERROR: BotStateTracker._error,
    RTVIEvent.USER_STARTED_SPEAKING: BotStateTracker._user_started_speaking,
    RTVIEvent.USER_STOPPED_SPEAKING: BotStateTracker._user_stopped_speaking,
    RTVIEvent.USER_TRANSCRIPT: BotStateTracker._words,
    RTVIEvent.USER_INPUT: BotStateTracker._input,
    RTVIEvent.BOT_LLM_STARTED: BotStateTracker._llm_started,
    RTVIEvent.BOT_LLM_STOPPED: BotStateTracker._llm_stopped,
    RTVIEvent.BOT_OUTPUT: BotStateTracker._output,
    RTVIEvent.BOT_STARTED_SPEAKING: BotStateTracker._started_speaking,
    RTVIEvent.BOT_STOPPED_SPEAKING: BotStateTracker._stopped_speaking,
    RTVIEvent.BOT_INTERRUPTED: BotStateTracker._interrupted,
    RTVIEvent.LLM_FUNCTION_CALL_START: BotStateTracker._call_started,
    RTVIEvent.LLM_FUNCTION_CALL_STARTED: BotStateTracker._call_started,
    RTVIEvent.LLM_FUNCTION_CALL: BotStateTracker._legacy_call,
    RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS: BotStateTracker._call,
    RTVIEvent.LLM_FUNCTION_CALL_STOPPED: BotStateTracker._call_stopped,
}
"""What each event leads to."""

FOLLOWED: Final = tuple(_NEXT)
"""The events that may change a bot's state."""
