"""The conversation, from what real servers sent and from what they are feared to send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conversations import TRACES, Heard, replay
from sessions import STARTED, URL, Run, Transport, ready, turns

from rtvi_web import BotState, Conversation, RTVIEvent, TransportState
from rtvi_web.rtvi.protocol.conversation import CHANGING
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.calls import MAX_CALLS
from rtvi_web.rtvi.protocol.conversation.person import MAX_WRITTEN
from rtvi_web.rtvi.protocol.conversation.turns import MAX_TURNS
from rtvi_web.testing import expect, handshake, leave, say


class TestRecordings:
    def test_a_recording_of_pipecat_1_14(self) -> None:
        conversation = replay("new-1.14.0-webrtc-full").conversation
        said = [(turn.role, turn.text) for turn in conversation.turns]
        assert said[:9] == [
            ("bot", "Hello from the fake model."),
            ("user", "I hear a tone at 660 hertz."),
            ("bot", "You said I hear a tone at 660 hertz. That is all."),
            ("user", ""),
            ("bot", "Please repeat after me."),
            ("user", "hello by text"),
            ("bot", "You said hello by text. That is all."),
            ("user", "quiet please"),
            ("bot", "You said quiet please. That is all."),
        ]
        assert [turn.typed for turn in conversation.turns[:9]] == [False] * 5 + [True, False, True, False]
        aloud, quiet = conversation.turns[2], conversation.turns[8]
        assert aloud.spoken == aloud.text
        assert quiet.spoken == ""
        [call] = next(turn for turn in conversation.turns if turn.function_calls).function_calls
        assert (call.function_name, call.arguments, call.status) == ("get_weather", {"location": "Paris"}, "done")
        assert call.result == {"conditions": "sunny", "where": "Paris"}
        assert quiet.ended_at is not None
        assert quiet.ended_at < conversation.turns[9].started_at, (
            "when the model had written it, not when somebody spoke next"
        )
        [story] = [turn for turn in conversation.turns if turn.interrupted]
        assert story.text.endswith("number 8 of the story.")
        assert story.output.will_say == ""

    def test_a_recording_of_rtvi_0_3(self) -> None:
        conversation = replay("old-0.0.73-webrtc-full").conversation
        hello, heard, answer = conversation.turns[:3]
        assert (hello.role, hello.text, hello.spoken) == ("bot", "Hello from the fake model.", hello.text)
        assert (heard.role, heard.text) == ("user", "I hear a tone at 660 hertz.")
        # A client of this era could make the model begin again; no message tells so.
        assert answer.text == "You said I hear a tone at 660 You said hello there. That is all."
        [call] = [call for turn in conversation.turns for call in turn.function_calls]
        assert (call.function_name, call.status) == ("get_weather", "done"), "though no message tells its end"

    @pytest.mark.parametrize("name", [path.stem for path in sorted(TRACES.glob("*.jsonl"))])
    def test_nothing_raises_and_all_is_json(self, name: str) -> None:
        conversation = replay(name).conversation
        assert json.loads(conversation.to_json()) == conversation.to_dict()
        for turn in conversation.turns[:-2]:
            assert turn.ended


class TestThePerson:
    def test_partial_words_are_replaced_and_final_ones_stay(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", text="make", final=False)
        [turn] = heard.hear("user-transcription", text="make the", final=False)
        assert (turn.text, turn.partial) == ("", "make the")
        heard.hear("user-transcription", text="make the page green", final=True)
        assert (turn.text, turn.partial) == ("make the page green", "")
        heard.hear("user-transcription", text=" and blue", final=True)
        assert heard.said == [("user", "make the page green and blue")]
        assert (turn.started_at, turn.ended_at) == (101, None)
        assert heard.hear("bot-llm-started") == []
        [ended, answer] = heard.hear("bot-llm-text", text="Done.")
        assert (ended, answer.role, turn.ended_at) == (turn, "bot", 106)

    def test_a_turn_begins_when_the_person_does(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        [turn] = heard.hear("user-transcription", text="hello", final=True)
        assert turn.started_at == 101
        heard.answer("Hello!")
        [turn] = heard.hear("user-input", text="written", input_type="chat", final=True)
        assert turn.started_at == heard.now

    def test_a_backchannel_is_no_turn(self) -> None:
        heard = Heard()
        assert heard.hear("user-input", text="mhm", input_type="backchannel", final=True) == []
        assert heard.said == []

    def test_what_was_typed_before_the_bot_was_known_to_tell_it(self) -> None:
        heard = Heard()
        [turn] = heard.conversation.wrote("hello")
        assert (turn.text, turn.typed, turn.started_at) == ("hello", True, heard.now)
        heard.hear("user-input", text="hello", input_type="chat", final=True)
        assert heard.said == [("user", "hello")]
        assert heard.conversation.wrote("again") == []  # from now on the bot tells
        heard.hear("user-input", text="again", input_type="chat", final=True)
        assert heard.said == [("user", "hello again")]

    def test_two_messages_about_the_same_words(self) -> None:
        heard = Heard()
        heard.hear("user-input", text="hello", input_type="transcription", final=True)
        heard.hear("user-transcription", text="hello", final=True)
        assert heard.said == [("user", "hello")]

    def test_old_bots_never_tell_what_was_written_and_nothing_piles_up(self) -> None:
        """Only the latest texts are remembered: should the bot tell an older one, it counts as said once more."""
        heard = Heard()
        for number in range(MAX_WRITTEN + 1):
            heard.conversation.wrote(f"text {number}")
        [turn] = heard.conversation.turns[-1:]
        before = turn.text
        heard.hear("user-input", text="text 1", input_type="chat", final=True)
        assert heard.conversation.turns[-1].text == before
        heard.hear("user-input", text="text 0", input_type="chat", final=True)
        assert heard.conversation.turns[-1].text == f"{before} text 0"

    def test_what_comes_with_a_file_is_told_by_no_bot(self) -> None:
        heard = Heard()
        heard.hear("user-input", text="hello", input_type="chat", final=True)
        heard.conversation.wrote("what is this", is_reported=False)
        assert heard.said == [("user", "hello what is this")]

    def test_what_is_written_while_the_bot_goes_on(self) -> None:
        """As with run_immediately=False: the bot is not interrupted, and its answer stays one turn."""
        heard = Heard()
        heard.answer("One. Two.")
        heard.hear("bot-output", text="One.", segment_id=1, will_be_spoken=True, spoken_status="new")
        [turn] = heard.hear("user-input", text="and later", input_type="chat", final=True)
        heard.hear("bot-output", text="Two.", segment_id=2, will_be_spoken=True, spoken_status="new")
        assert heard.said == [("bot", "One. Two."), ("user", "and later")]
        assert [turn.ended for turn in heard.conversation.turns] == [False, False]
        [answer] = heard.hear("bot-stopped-speaking")
        assert answer.ended
        heard.hear("bot-llm-started")
        assert not turn.ended
        heard.hear("bot-llm-text", text="Three.")
        assert turn.ended

    def test_words_that_are_known_when_the_bot_answers_already(self) -> None:
        """Models that hear and speak by themselves tell them that late."""
        heard = Heard()
        heard.answer("Hello!")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.answer("It is noon.")
        [turn] = heard.hear("user-transcription", text="What time", final=True)
        heard.hear("user-transcription", text="is it?", final=True)
        heard.hear("bot-llm-text", text=" I think.")
        assert heard.said == [
            ("bot", "Hello!"),
            ("user", "What time is it?"),
            ("bot", "It is noon. I think."),
        ]
        assert (turn.started_at, turn.ended_at) == (106, 109)

    def test_words_that_are_known_piece_by_piece_when_the_bot_answers_already(self) -> None:
        """As a model's that speaks by itself, in Pipecat 1.14: pieces of the person's words, among those of the bot."""
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="It is ")
        for piece in ("What", " time"):
            heard.hear("user-input", text=piece, final=False)
        heard.hear("bot-llm-text", text="noon.")
        heard.hear("user-input", text="What time is it?", final=True)
        assert heard.said == [("user", "What time is it?"), ("bot", "It is noon.")]
        assert heard.conversation.turns[0].partial == ""

    def test_words_that_are_known_when_the_bot_has_answered(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        heard.answer("Yes.")
        heard.hear("bot-stopped-speaking")
        heard.hear("user-input", text="Is it noon?", final=True)
        heard.hear("user-started-speaking")
        heard.hear("user-input", text="Thanks.", final=True)
        assert heard.said == [("user", "Is it noon?"), ("bot", "Yes."), ("user", "Thanks.")]

    def test_a_person_who_goes_on_before_the_bot_has_said_anything(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-input", text="I would like", final=True)
        heard.hear("user-stopped-speaking")
        heard.hear("bot-llm-started")
        heard.hear("user-started-speaking")
        heard.hear("bot-interrupted")
        heard.hear("user-input", text="a tea.", final=True)
        heard.answer("Here it is.")
        assert heard.said == [("user", "I would like a tea."), ("bot", "Here it is.")]

    def test_words_that_become_final_when_the_bot_answers_already(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-transcription", text="what", final=False)
        heard.hear("user-stopped-speaking")
        heard.answer("Yes?")
        [turn] = heard.hear("user-transcription", text="what time", final=True)
        assert turn.partial == ""
        assert heard.said == [("user", "what time"), ("bot", "Yes?")]


@pytest.mark.parametrize("type", ["bot-llm-text", "bot-tts-text", "user-transcription"])
def test_what_is_said_after_the_turns_were_forgotten(type: str) -> None:
    heard = Heard()
    heard.hear(type, text="One.", final=True)
    heard.conversation.clear()
    heard.hear(type, text="Two.", final=True)
    assert [text for _, text in heard.said] == ["Two."]


class TestTheBot:
    def test_it_says_something_while_it_waits_for_a_function(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("llm-function-call-in-progress", tool_call_id="1", function_name="f")
        heard.hear("bot-llm-stopped")
        heard.hear("bot-started-speaking")
        heard.says("Let me see.", 1)
        heard.hear("llm-function-call-stopped", tool_call_id="1")
        heard.answer("It is noon. Bye.")
        heard.says("It is noon.", 2)
        [turn] = heard.conversation.turns
        assert turn.text == "Let me see. It is noon. Bye."
        assert turn.spoken == "Let me see. It is noon."

    def test_it_takes_a_breath(self) -> None:
        heard = Heard()
        heard.answer("One. Two.")
        heard.says("One.", 1)
        [turn] = heard.hear("bot-stopped-speaking")
        assert turn.ended
        assert heard.hear("bot-started-speaking") == []
        heard.says("Two.", 2)
        assert not turn.ended
        heard.hear("bot-stopped-speaking")
        assert heard.said == [("bot", "One. Two.")]
        assert turn.ended
        assert heard.hear("bot-started-speaking") == []

    def test_an_answer_in_writing(self) -> None:
        heard = Heard()
        shown = {"will_be_spoken": False, "spoken_status": "new"}
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One. Two.")
        [turn] = heard.hear("bot-output", text="One.", segment_id=1, **shown)
        assert not turn.ended
        assert heard.hear("bot-llm-stopped") == [turn]
        assert turn.ended
        assert heard.hear("bot-output", text="Two.", segment_id=2, **shown) == [turn]
        assert (turn.text, turn.spoken, turn.output.shown) == ("One. Two.", "", "One. Two.")
        assert len(heard.conversation.turns) == 1

    def test_its_mhm_while_the_person_speaks_is_no_turn(self) -> None:
        heard = Heard()
        heard.hear("user-started-speaking")
        heard.hear("user-input", text="Once upon", final=True)
        heard.hear("bot-started-speaking")
        mhm = {"output_type": "backchannel", "segment_id": 1, "will_be_spoken": True, "spoken_status": "completed"}
        assert heard.hear("bot-output", text="Mm-hmm.", **mhm) == []
        assert heard.hear("bot-tts-text", text="Mm-hmm.") == []
        heard.hear("bot-stopped-speaking")
        heard.hear("user-input", text="a time", final=True)
        assert heard.said == [("user", "Once upon a time")]

    def test_an_answer_that_failed_is_no_turn(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        assert heard.conversation.answer_is_over
        heard.hear("bot-llm-stopped")
        assert heard.hear("bot-interrupted") == []
        assert heard.said == []

    def test_a_model_that_ends_after_it_was_heard(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One.")
        heard.hear("bot-started-speaking")
        heard.says("One.", 1)
        assert heard.hear("bot-stopped-speaking") == []
        assert not heard.conversation.answer_is_over
        [turn] = heard.hear("bot-llm-stopped")
        assert turn.ended
        assert heard.conversation.answer_is_over

    def test_old_and_new_message_about_a_call(self) -> None:
        heard = Heard()
        heard.hear("llm-function-call-in-progress", tool_call_id="1")
        [turn] = heard.hear("llm-function-call", tool_call_id="1", function_name="f", args={"a": 1})
        heard.hear("bot-llm-started")
        [call] = turn.function_calls
        assert (call.function_name, call.arguments, call.status) == ("f", {"a": 1}, "in-progress")
        heard.hear("llm-function-call-stopped", tool_call_id="1", result=5)
        assert (call.status, call.result) == ("done", 5)

    def test_an_interruption(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="A long story. It never ends.")
        heard.hear("bot-llm-stopped")
        heard.hear("bot-started-speaking")
        heard.says("A long story.", 1)
        heard.hear("bot-output", text="It never ends.", segment_id=2, will_be_spoken=True, spoken_status="new")
        heard.hear("user-started-speaking")
        [turn] = heard.hear("bot-interrupted")
        assert (turn.interrupted, turn.ended) == (True, True)
        assert turn.spoken == "A long story."
        heard.hear("bot-stopped-speaking")
        progress = {"accumulated_text": "It never", "remaining_text": " ends."}
        late = {"segment_id": 2, "will_be_spoken": True, "spoken_status": "in-progress", "spoken_progress": progress}
        heard.hear("bot-output", text="It never ends.", **late)
        assert heard.said == [("bot", "A long story. It never ends.")]
        assert turn.spoken == "A long story. It never"

    def test_words_that_come_after_the_interruption(self) -> None:
        """They were on their way already; the person's are known by then, or not."""
        heard = Heard()
        heard.answer("One. Two.")
        segment = {"text": "One. Two.", "segment_id": 1, "will_be_spoken": True}
        heard.hear("bot-output", **segment, spoken_status="new")
        heard.hear("bot-interrupted")
        heard.hear("bot-llm-text", text=" Three.")
        heard.hear("user-input", text="Stop", final=False)
        progress = {"accumulated_text": "One.", "remaining_text": " Two."}
        heard.hear("bot-output", **segment, spoken_status="in-progress", spoken_progress=progress)
        assert heard.said == [("bot", "One. Two. Three."), ("user", "")]
        assert heard.conversation.turns[0].spoken == "One."

    def test_silence_is_not_interrupted(self) -> None:
        assert Heard().hear("bot-interrupted") == []

    def test_an_interruption_of_the_first_era(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One. Two.")
        for type in ("bot-llm-stopped", "bot-started-speaking", "user-started-speaking", "bot-stopped-speaking"):
            heard.hear(type)
        [turn] = heard.conversation.turns
        assert (turn.interrupted, turn.ended) == (True, True)
        heard.hear("user-stopped-speaking")
        heard.hear("bot-tts-text", text="One.")
        assert heard.said == [("bot", "One. Two.")]
        assert turn.spoken == "One."

    def test_speech_after_the_bot_has_said_all_interrupts_nothing(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One.")
        heard.hear("bot-llm-stopped")
        heard.hear("bot-started-speaking")
        heard.hear("bot-tts-text", text="One.")
        heard.hear("user-started-speaking")
        [turn] = heard.hear("bot-stopped-speaking")
        assert (turn.interrupted, turn.ended) == (False, True)

    def test_an_answer_to_what_was_said_while_the_last_one_goes_on(self) -> None:
        """As from a model that answers by itself whatever it hears."""
        heard = Heard()
        heard.answer("One.")
        heard.hear("user-started-speaking")
        heard.hear("user-stopped-speaking")
        [first] = heard.hear("bot-llm-started")
        assert first.ended
        heard.hear("bot-llm-text", text="Two.")
        assert heard.said == [("bot", "One."), ("bot", "Two.")]

    def test_a_pause_between_sentences_is_no_end(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="One. Two.")
        heard.hear("bot-started-speaking")
        heard.hear("bot-tts-text", text="One.")
        assert heard.hear("bot-stopped-speaking") == []
        assert heard.hear("bot-llm-stopped") == []
        [turn] = heard.hear("bot-stopped-speaking")
        assert turn.ended
        assert heard.hear("bot-stopped-speaking") == []

    def test_a_call_keeps_the_turn_going(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for type in ("llm-function-call", "llm-function-call-in-progress"):
            heard.hear(type, tool_call_id="1", function_name="f")
        heard.hear("bot-llm-stopped")
        assert heard.hear("bot-stopped-speaking") == []
        [turn] = heard.hear("llm-function-call-stopped", tool_call_id="1", cancelled=True)
        assert [(call.tool_call_id, call.status) for call in turn.function_calls] == [("1", "cancelled")]
        heard.hear("bot-llm-started")
        heard.hear("bot-llm-text", text="Done.")
        assert heard.said == [("bot", "Done.")]

    def test_it_is_bounded(self) -> None:
        heard = Heard()
        for number in range(MAX_TURNS + 20):
            heard.hear("user-transcription" if number % 2 else "bot-tts-text", text=str(number))
        assert len(heard.conversation.turns) == MAX_TURNS
        assert heard.conversation.dropped == 20
        for _ in range(3):
            heard.hear("bot-llm-text", text="x" * MAX_TEXT)
        for number in range(MAX_CALLS + 5):
            heard.hear("llm-function-call-in-progress", tool_call_id=str(number), function_name="f")
        last = heard.conversation.turns[-1]
        heard.hear("llm-function-call-stopped", tool_call_id="unknown")
        assert (len(last.text), len(last.function_calls)) == (MAX_TEXT, MAX_CALLS)

    def test_what_calls_bring_is_bounded(self) -> None:
        heard = Heard()
        big = "x" * (MAX_TEXT // 3)
        for id in ("1", "2", "3"):
            heard.hear("llm-function-call-in-progress", tool_call_id=id, function_name="f", arguments={"a": big})
        [turn] = heard.hear("llm-function-call-stopped", tool_call_id="1", result=5)
        assert [call.arguments for call in turn.function_calls] == [{"a": big}, {"a": big}, None]
        assert (turn.function_calls[0].status, turn.function_calls[0].result) == ("done", 5)
        heard.hear("llm-function-call-stopped", tool_call_id="2", result=big)
        assert (turn.function_calls[1].status, turn.function_calls[1].result) == ("done", None)
        heard.hear("llm-function-call", tool_call_id=big, function_name="f")
        assert len(turn.function_calls) == 3

    def test_what_json_does_not_know(self) -> None:
        heard = Heard()
        numbers = {"a": float("nan"), "b": [float("-inf")], "c": 1.5}
        heard.hear("llm-function-call-in-progress", tool_call_id="1", function_name="f", arguments=numbers)
        conversation = heard.conversation
        assert json.loads(conversation.to_json(), parse_constant=pytest.fail) == conversation.to_dict()
        assert conversation.turns[0].function_calls[0].arguments == {"a": None, "b": [None], "c": 1.5}

    def test_the_end_of_a_session_ends_its_turns(self) -> None:
        heard = Heard()
        heard.hear("user-transcription", text="he", final=False)
        heard.now += 1
        [turn] = heard.conversation.end_session()
        assert (turn.ended_at, turn.partial) == (heard.now, "he"), "what never became final"
        assert heard.conversation.end_session() == []
        heard.hear("user-transcription", text="hello", final=True)
        assert [turn.id for turn in heard.conversation.turns] == [1, 2]

    @pytest.mark.parametrize("how", ["numbers its sentences alike", "after an interruption", "after a breath"])
    def test_what_a_bot_says_belongs_to_its_own_session(self, how: str) -> None:
        heard = Heard()
        if how == "numbers its sentences alike":
            heard.says("Hello!", 1)
        else:
            heard.answer("Hello!")
        if how == "after an interruption":
            heard.hear("bot-interrupted")
        heard.conversation.end_session()
        before = [turn.to_dict() for turn in heard.conversation.turns]
        heard.hear("bot-started-speaking")
        if how == "numbers its sentences alike":
            heard.says("Welcome back!", 1)
        else:
            heard.hear("bot-tts-text", text="Welcome back!")
        assert [turn.to_dict() for turn in heard.conversation.turns[:-1]] == before
        assert heard.said == [("bot", "Hello!"), ("bot", "Welcome back!")]


@pytest.mark.usefixtures("tidy")
class TestTheClient:
    async def test_a_bot_that_leaves_is_gone_though_the_session_goes_on(self) -> None:
        run = await ready(expect("send-text"), leave(), disconnect_on_bot_disconnect=False)
        run.client.send_text("bye")
        await turns(10)
        assert run.client.state is TransportState.READY
        assert run.client.bot_state is BotState.GONE
        assert all(turn.ended for turn in run.client.conversation.turns)
        await run.client.disconnect()

    async def test_a_link_that_is_restored_ends_no_turn(self) -> None:
        run = await ready(expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}))
        run.client.send_text("hello")
        await turns(5)
        run.transport.drop()
        await run.transport.restore()
        assert not run.client.conversation.turns[-1].ended
        await run.client.disconnect()

    async def test_a_new_bot_begins_a_new_turn(self) -> None:
        """Its greeting comes at once, maybe before the client has told that it is there."""
        begun = say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"})
        steps = *handshake(), expect("send-text"), *begun, *handshake(), *begun
        transport = Transport(*steps, start=[STARTED] * 2)
        run = Run(transport, params={"base_url": URL})
        await run.client.connect()
        run.client.send_text("hello")
        await turns(5)
        run.transport.drop()
        await run.transport.restore(resumed=False)
        said = [(turn.text, turn.ended) for turn in run.client.conversation.turns]
        assert said == [("hello", True), ("Hi!", True), ("Hi!", False)]
        await run.client.disconnect()

    async def test_clearing_is_told(self) -> None:
        run = await ready(expect("send-text"))
        run.client.send_text("hello")
        seen: list[int] = []
        run.client.on(RTVIEvent.CONVERSATION_CLEARED, lambda: seen.append(len(run.client.conversation.turns)))
        run.client.conversation.clear()
        assert seen == [0]
        await run.client.disconnect()

    async def test_conversation_and_state_are_up_to_date_in_handlers(self) -> None:
        run = await ready(expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}))
        seen: list[Any] = []
        run.client.on(RTVIEvent.BOT_LLM_TEXT, lambda _: seen.append(run.client.conversation.turns[-1].text))
        assert run.client.bot_state is BotState.LISTENING
        run.client.send_text("hello")
        await turns(5)
        assert seen == ["Hi!"]
        assert [(turn.role, turn.text) for turn in run.client.conversation.turns] == [("user", "hello"), ("bot", "Hi!")]
        assert run.client.bot_state is BotState.THINKING  # type: ignore[comparison-overlap]  # it has changed
        await run.client.disconnect()
        assert run.client.bot_state is BotState.GONE
        assert all(turn.ended for turn in run.client.conversation.turns)
        assert run.arguments("botStateChanged") == ["connecting", "listening", "thinking", "gone"]
        assert run.arguments("conversationUpdated")[-1] is run.client.conversation.turns[-1]


@pytest.mark.parametrize("event", [event for event in RTVIEvent if event not in CHANGING])
def test_no_other_event_changes_a_conversation(event: str) -> None:
    assert Conversation(lambda: 0.0).take(event, ()) == []
