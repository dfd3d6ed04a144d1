"""What the bot is doing, as one word for a page to show."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from rtvi_web.core.seen import Seen
from rtvi_web.rtvi.protocol.conversation.spelling import is_blank
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import BotState, TransportState

_B = BotState
_NO_SESSION: Final = frozenset({TransportState.DISCONNECTED, TransportState.DISCONNECTING, TransportState.ERROR})
_DEVICES: Final = frozenset({TransportState.INITIALIZING, TransportState.INITIALIZED})
"""In these states a bot is on its way only if ``connect()`` opens the devices."""
_BUSY: Final = frozenset({_B.THINKING, _B.SPEAKING})

MAX_CALLS: Final = 256
"""Calls in progress that are counted; the oldest are forgotten first."""
_AFTER_CALL: Final = 0.8
"""Seconds that the bot has to answer after a function call: it may need no answer."""
_AFTER_TEXT: Final = 3.0
"""Seconds that the voice has to begin after the model has ended its answer: there may be none."""
_AFTER_VOICE: Final = 10.0
"""Seconds that sound has to arrive after the voice has begun to make it."""
_AFTER_WORDS: Final = 30.0
"""Seconds that the bot has to begin an answer to what was said: it may not want to."""


class BotStateTracker:
    """Follows the events of a session.

    Attributes:
        state: what the bot is doing.
        rests_at: when the bot counts as at rest if nothing else happens: the time to call :meth:`rest`.
    """

    def __init__(self) -> None:
        self.state = BotState.GONE
        self.rests_at: float | None = None
        self._now = 0.0
        self._bot_is_ready = self._words_were_heard = self._user_speaks = False
        self._generates = self._answers_aloud = self._will_call = self._answer_follows = False
        self._reports_model = False
        self._calls: deque[str] = deque(maxlen=MAX_CALLS)
        self._legacy_calls = Seen(MAX_CALLS)  # no message reports their end
        self._stopped = Seen()  # calls, since the model began its answer: their beginning may be reported later

    def take(self, event: str, args: tuple[Any, ...], now: float) -> bool:
        """Take an event; returns whether the state has changed.

        Args:
            event: what happened.
            args: what its handlers get; with ``BOT_LLM_STOPPED``, whether nothing of its answer is still to be heard;
                with ``USER_TRANSCRIPT`` and ``USER_INPUT`` also whether it has words that wait for an answer; with
                ``TRANSPORT_STATE_CHANGED`` also whether ``connect()`` is running.
            now: seconds, of any clock.
        """
        before, self._now = self.state, now
        self.state = _NEXT[event](self, *args)
        return self.state is not before

    def rest(self) -> bool:
        """Nothing has happened until ``rests_at``; returns whether the state has changed."""
        before, self.rests_at = self.state, None
        self._answer_follows = self._will_call = self._answers_aloud = self._words_were_heard = False
        if self.state is _B.THINKING:
            self.state = self._done()
        return self.state is not before

    def _wait(self, seconds: float) -> None:
        self.rests_at = self._now + seconds

    def _transport_state(self, state: TransportState, is_connecting: bool) -> BotState:
        if state is TransportState.READY and (self._bot_is_ready or self.state is _B.GONE):
            # The link was restored, or is no longer restored because the bot has left.
            if self.state is not _B.CONNECTING:
                return self.state
            self._wait(_AFTER_TEXT)  # The rest of an answer may have been lost.
            return _B.LISTENING
        self._calls.clear()
        self._words_were_heard = self._user_speaks = self._generates = self._answer_follows = False
        self.rests_at = None
        if state in _NO_SESSION:
            self._reports_model = False
        if state in _NO_SESSION or (state in _DEVICES and not is_connecting):
            self._bot_is_ready = False
            return _B.GONE
        return _B.CONNECTING

    def _bot_ready(self, _data: Any) -> BotState:
        self._bot_is_ready = True
        return self.state if self.state in _BUSY else _B.LISTENING

    def _bot_left(self, _bot: Any) -> BotState:
        self._bot_is_ready = False
        self.rests_at = None
        return _B.GONE

    def _user_started_speaking(self) -> BotState:
        self._user_speaks, self._words_were_heard = True, False
        return _B.LISTENING if self.state is _B.THINKING else self.state

    def _user_stopped_speaking(self) -> BotState:
        self._user_speaks = False
        return self._after_words()

    def _words(self, _data: Any, wait: bool) -> BotState:
        if not wait:
            return self.state
        self._words_were_heard = True
        return self._after_words()

    def _after_words(self) -> BotState:
        """A person who has spoken, and was understood, waits for an answer."""
        waits = self._words_were_heard and not self._user_speaks
        if not waits or self.state not in (_B.LISTENING, _B.INTERRUPTED):
            return self.state
        self._wait(_AFTER_WORDS)
        return _B.THINKING

    def _llm_started(self) -> BotState:
        self._generates = self._answers_aloud = self._reports_model = True
        self._words_were_heard = self._will_call = self._answer_follows = False
        self.rests_at = None
        # As the model goes on, it has their results.
        self._calls = deque((call for call in self._calls if call not in self._legacy_calls), MAX_CALLS)
        self._legacy_calls.clear()
        self._stopped.clear()
        return self._at_work()

    def _llm_stopped(self, answer_is_over: bool) -> BotState:
        self._generates = False
        if answer_is_over and not self._will_call:
            self._answers_aloud = False
        if self.state is not _B.SPEAKING:
            self._wait(_AFTER_CALL if self._answer_follows else _AFTER_TEXT)
        return self._when_silent()

    def _output(self, data: Any) -> BotState:
        if is_blank(data.text):
            return self.state
        self._answers_aloud = data.will_be_spoken is not False or bool(data.spoken)
        if self._answers_aloud:
            self._voice()
        return self._when_silent()

    def _voice(self) -> BotState:
        """The voice makes sound, which will be heard."""
        if self.rests_at is not None and self.state is not _B.SPEAKING:
            self._wait(_AFTER_VOICE)
        return self.state

    def _error(self, _message: Any) -> BotState:
        self._answers_aloud = False  # the answer has failed, most likely
        return self._when_silent()

    def _when_silent(self) -> BotState:
        """A written answer ends with the model, a spoken one when it was spoken."""
        over = self.state is _B.THINKING and not self._generates and not self._answers_aloud
        return self._done() if over else self.state

    def _started_speaking(self) -> BotState:
        self._words_were_heard = False  # they are being answered
        if not self._reports_model:
            self._answer_follows = False  # this is the answer; else it may be what the bot said before the call
        if not self._answer_follows:
            self.rests_at = None
        return _B.SPEAKING

    def _stopped_speaking(self) -> BotState:
        self._wait(_AFTER_CALL if self._answer_follows else _AFTER_TEXT)  # if the answer goes on
        if self.state is not _B.SPEAKING:
            return self.state
        return _B.LISTENING if self._user_speaks else self._done()

    def _interrupted(self) -> BotState:
        self._calls.clear()
        self._generates = self._answer_follows = False
        self.rests_at = None
        return _B.INTERRUPTED if self.state in _BUSY else self.state

    def _call_started(self, _data: Any) -> BotState:
        self._will_call = True
        return self.state

    def _call(self, data: Any) -> BotState:
        self._legacy_calls.forget(data.tool_call_id)
        return self._begin_call(data.tool_call_id)

    def _legacy_call(self, data: Any) -> BotState:
        if data.tool_call_id not in self._calls:
            self._legacy_calls.add(data.tool_call_id)
        return self._begin_call(data.tool_call_id)

    def _begin_call(self, id: str) -> BotState:
        if id in self._stopped:
            return self.state
        if not id or id not in self._calls:
            self._calls.append(id)
        self.rests_at, self._answer_follows = None, False
        return self._at_work()

    def _call_stopped(self, data: Any) -> BotState:
        if data.tool_call_id in self._calls:
            self._calls.remove(data.tool_call_id)
        if data.tool_call_id:
            self._stopped.add(data.tool_call_id)
        if not self._calls:
            self._answer_follows = True
            self._wait(_AFTER_CALL)
        return self.state

    def _at_work(self) -> BotState:
        return self.state if self.state is _B.SPEAKING else _B.THINKING

    def _done(self) -> BotState:
        return _B.THINKING if self._calls or self._generates or self._answer_follows else _B.LISTENING


_NEXT: Final[dict[str, Callable[..., BotState]]] = {
    RTVIEvent.TRANSPORT_STATE_CHANGED: BotStateTracker._transport_state,
    RTVIEvent.BOT_READY: BotStateTracker._bot_ready,
    RTVIEvent.BOT_DISCONNECTED: BotStateTracker._bot_left,
    RTVIEvent.ERROR: BotStateTracker._error,
    RTVIEvent.USER_STARTED_SPEAKING: BotStateTracker._user_started_speaking,
    RTVIEvent.USER_STOPPED_SPEAKING: BotStateTracker._user_stopped_speaking,
    RTVIEvent.USER_TRANSCRIPT: BotStateTracker._words,
    RTVIEvent.USER_INPUT: BotStateTracker._words,
    RTVIEvent.BOT_LLM_STARTED: BotStateTracker._llm_started,
    RTVIEvent.BOT_LLM_STOPPED: BotStateTracker._llm_stopped,
    RTVIEvent.BOT_OUTPUT: BotStateTracker._output,
    RTVIEvent.BOT_TTS_STARTED: BotStateTracker._voice,
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
