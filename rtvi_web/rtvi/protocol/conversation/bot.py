"""The bot's side of a conversation: what it writes, says and calls, and to which turn that belongs."""

from __future__ import annotations

from typing import Any

from rtvi_web.rtvi.protocol.conversation.bot_output import is_spoken_piece
from rtvi_web.rtvi.protocol.conversation.call_book import CallBook
from rtvi_web.rtvi.protocol.conversation.person import Person
from rtvi_web.rtvi.protocol.conversation.spelling import MarkerFilter, is_blank
from rtvi_web.rtvi.protocol.conversation.turn import Turn
from rtvi_web.rtvi.protocol.conversation.turns import Turns

_PAUSE = 3.0
"""Seconds for which the voice may pause within an answer, if the bot does not report its model."""


class Bot:
    """Takes what the bot of one session reports; each method gives the turns that it changed."""

    def __init__(self, turns: Turns, person: Person) -> None:
        self._turns = turns
        self._person = person
        self._calls = CallBook()
        self._marker = MarkerFilter()  # of the model's answer, whose turn may begin after its marker
        self._generating = self._speaks = self._answer_is_empty = self._answer_follows = False
        self._reports_output = self._reports_interruptions = self._reports_model = False
        self._written: Turn | None = None  # the turn of the model's last piece
        self._voiced: Turn | None = None  # the turn of the voice's last piece, until it begins another utterance
        self._is_behind = False  # whether the voice may still report something of another turn

    @property
    def answer_is_over(self) -> bool:
        """Whether nothing of the model's last answer is still to be spoken: it is empty, only shown, or was spoken."""
        return self._answer_is_empty or self._turns.open_turn("bot") is None

    def forget(self) -> None:
        """The turns were forgotten: what comes goes into new ones."""
        self._written = self._voiced = None

    def is_busy(self, turn: Turn) -> bool:
        """Whether it works on a turn, or speaks."""
        return self._generating or self._speaks or self._answer_follows or turn.waits_for_functions

    def is_answering(self, turn: Turn) -> bool:
        """Whether a turn is an answer that goes on, or that the model has written and the voice has yet to say."""
        return not turn.ended and (self.is_busy(turn) or (self._reports_model and turn.output.is_unsaid))

    def rest(self) -> list[Turn]:
        """The bot has been silent for long enough: end an answer that it no longer works on."""
        self._answer_follows = False
        self._end_unless_busy(self._turns.open_turn("bot"))
        return []

    def _end_unless_busy(self, turn: Turn | None) -> None:
        if turn and not self.is_busy(turn):
            self._turns.end(turn)

    # To which turn something belongs.

    def _turn(self) -> Turn:
        return self._turns.open_turn("bot") or self._turns.begin("bot")

    def _turn_of(self, text: str, *, is_spoken: bool = False, is_shown: bool = False) -> Turn:
        """The turn of a text that the bot says or announces.

        A turn may end before all of it was reported. The rest may come even after the next turn has begun.
        """
        recent = self._turns.recent("bot")
        open_turn = next((turn for turn in recent if not turn.ended), None)
        otherwise = open_turn or self._late_turn(is_shown=is_shown)
        ended = [turn for turn in reversed(recent) if self._may_go_on(turn)]
        if ended == [otherwise] and not self._speaks:
            return ended[0]  # the only turn that it may belong to

        def goes_on() -> bool:
            return open_turn is not None and self._expects(open_turn, text, is_spoken)

        for turn in ended:
            if self._expects(turn, text, is_spoken):
                has_begun = is_spoken and turn.spoken and not turn.interrupted
                if not has_begun and goes_on():
                    break
                return self._resumed(turn)
        late = self._voiced if is_spoken else None
        if late and late.ended and self._is_incomplete(late) and not goes_on():
            return late  # in a spelling of its own
        return otherwise or self._turns.begin("bot")

    def _late_turn(self, *, is_shown: bool = False) -> Turn | None:
        """The last turn, if what comes now is late: it is only shown, or the bot was interrupted and is silent."""
        last = self._turns.last
        if last is None or last.role != "bot" or self._generating:
            return None
        return last if is_shown or (last.interrupted and not self._speaks) else None

    def _may_go_on(self, turn: Turn) -> bool:
        """Whether more may be reported of a turn that has ended; of one that was cut off, until the next speech."""
        return turn.ended and (not turn.interrupted or turn is self._voiced)

    def _is_incomplete(self, turn: Turn) -> bool:
        """Whether the voice has more to report of a turn that it was saying."""
        return turn.output.is_within_sentence or (not turn.interrupted and turn.output.is_unsaid)

    def _expects(self, turn: Turn, text: str, is_spoken: bool) -> bool:
        if is_spoken:
            return turn.output.expects_speech(text)
        # What is announced while the bot speaks is said later.
        return turn.output.expects_segment(text, is_said=not self._speaks)

    def _resumed(self, turn: Turn) -> Turn:
        """Let an ended turn go on, if the bot speaks again and no other turn has begun since.

        An answer of which nothing was spoken goes on even if the person has begun a turn.
        """
        is_latest = turn is self._turns.last or (not turn.spoken and turn is self._turns.recent("bot")[0])
        if self._speaks and is_latest and not self._generating:
            turn.ended_at = None
            turn.output.pause()
        return turn

    # The model.

    def llm_started(self) -> list[Turn]:
        """``bot-llm-started``: an answer begins. Its turn begins with its first words, since there may be none."""
        self._generating = self._answer_is_empty = self._reports_model = True
        self._answer_follows = False
        self._marker.restart()
        self._calls.answer_begins()
        self._person.is_answered()
        turn = self._turns.open_turn("bot")
        if turn is None:
            return []
        if turn is self._turns.last and turn.started_at >= (self._person.unheard_since or 0):
            turn.output.begin_answer()  # what comes after a function call is another sentence
            return [turn]
        self._turns.end(turn)
        return []

    def llm_text(self, data: Any) -> list[Turn]:
        """``bot-llm-text``: a piece of what the model writes."""
        turn = self._written
        if turn and turn.ended_at is None and not self._answer_is_empty:
            turn.output.write(data.text)  # the way of hundreds of pieces
            return [turn]
        self._reports_model = True
        text = self._marker.feed(data.text)
        if not text.strip():
            turn = self._turns.open_turn("bot")
            if turn is None:
                return []
        else:
            self._answer_is_empty = False
            last = self._turns.last
            is_late = last and last.role == "bot" and last.interrupted and not self._generating
            turn = last if last and is_late else self._turn()
        turn.output.write(text)
        self._written = turn
        return [turn]

    def llm_stopped(self) -> list[Turn]:
        """``bot-llm-stopped``: the answer is complete."""
        self._generating = False
        self._marker.restart()
        turn = self._turns.open_turn("bot")
        if turn and not self.is_busy(turn) and (turn.output.is_silent or (turn.spoken and not turn.output.is_unsaid)):
            self._turns.end(turn)
        return []

    # The voice.

    def output(self, data: Any) -> list[Turn]:
        """``bot-output``: a segment, or a piece of what the voice says."""
        self._reports_output = True
        if data.output_type == "backchannel":
            return []  # an "mhm" while the person speaks: it is still their turn
        turn = next((turn for turn in self._turns.recent("bot") if turn.output.knows(data)), None)
        if turn is None:
            if is_blank(data.text) and not self._turns.open_turn("bot"):
                return []
            is_spoken = is_spoken_piece(data) or data.spoken_status == "completed"
            is_shown = not is_spoken and data.will_be_spoken is False
            turn = self._turn_of(data.text, is_spoken=is_spoken, is_shown=is_shown)
            if is_spoken:
                self._voiced = turn
        turn.output.add(data)
        if not turn.ended and turn.output.is_silent:
            self._end_unless_busy(turn)  # no message reports the end of a written answer: it ends with the model
        return [turn]

    def tts_text(self, data: Any) -> list[Turn]:
        """``bot-tts-text``: a piece of what the voice says, from bots that send no output."""
        if self._reports_output:
            return []
        turn = self._voiced
        if self._is_behind or turn is None or (turn.ended_at is not None and turn is not self._late_turn()):
            if is_blank(data.text) and not self._turns.open_turn("bot"):
                return []
            turn = self._voiced = self._turn_of(data.text, is_spoken=True)
            others = (each for each in self._turns.recent("bot") if each is not turn)
            self._is_behind = any(self._may_go_on(each) and self._is_incomplete(each) for each in others)
        turn.output.say(data.text)
        return [turn]

    def started_speaking(self) -> list[Turn]:
        """``bot-started-speaking``."""
        self._speaks = True
        self._answer_follows = self._answer_follows and self._reports_model  # else this is the answer
        self._person.is_answered()
        if self._voiced and self._voiced.ended:
            self._voiced = None  # what follows is another utterance
        last = self._turns.last
        if last is None or last.role != "bot":
            return []
        if not last.ended:
            last.output.pause()
        elif not self._reports_model and not last.interrupted and self._turns.now() - (last.ended_at or 0) <= _PAUSE:
            last.ended_at = None  # it only took a breath
            last.output.pause()
            return [last]
        return []

    def stopped_speaking(self) -> list[Turn]:
        """``bot-stopped-speaking``: at the end of an answer, between two sentences, or before a function's result."""
        self._speaks = False
        turn = self._turns.open_turn("bot")
        if turn is None:
            return []
        turn.output.fall_silent()
        if self._person.speaks and not self._reports_interruptions and (self._generating or turn.output.is_unsaid):
            return self._cut_off(turn)  # RTVI 0.x has no message for it
        self._end_unless_busy(turn)
        return []

    def interrupted(self) -> list[Turn]:
        """``bot-interrupted``; today's bots send it even when they were silent."""
        self._reports_interruptions = True
        return self._cut_off(self._turns.open_turn("bot"))

    def _cut_off(self, turn: Turn | None) -> list[Turn]:
        self._generating = self._speaks = self._answer_follows = False
        if turn:
            turn.interrupted = True
            turn.output.cut_off()
            self._voiced = turn
            self._is_behind = True
            self._turns.end(turn)
        return []

    # Function calls.

    def call_in_progress(self, data: Any) -> list[Turn]:
        """``llm-function-call-in-progress``."""
        return self._call(data, is_legacy=False)

    def legacy_call(self, data: Any) -> list[Turn]:
        """``llm-function-call``."""
        return self._call(data, is_legacy=True)

    def _call(self, data: Any, *, is_legacy: bool) -> list[Turn]:
        """A call is in progress: an old and a new message may say so, and it may have stopped already."""
        found = self._calls.find(self._turns.of_session(), data.tool_call_id)
        turn, record = found or (self._turn(), None)
        self._calls.begin(turn, record, data, is_legacy=is_legacy)
        return [turn]

    def call_stopped(self, data: Any) -> list[Turn]:
        """``llm-function-call-stopped``; an answer may follow."""
        turn, record = self._calls.stopped(self._turns.of_session(), data) or (None, None)
        if turn is None:
            turn = next(iter(self._turns.recent("bot")), None) or self._turn()
        self._calls.end(turn, record, data)
        self._answer_follows = not turn.ended and not turn.waits_for_functions
        return [turn]
