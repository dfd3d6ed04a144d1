"""What the bot is doing always comes to rest, on the unit tests' own clock."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from sessions import Run, ready

from rtvi_web import BotState
from rtvi_web.testing import Step, expect

pytestmark = pytest.mark.usefixtures("tidy")

CALL = {"tool_call_id": "1", "function_name": "f", "text": "x"}
CALLS = ["llm-function-call-in-progress", "llm-function-call"]
HAPPENINGS = [
    *("call", "call that has stopped", "end of a call", "bot-interrupted", "error", "llm-function-call-started"),
    *("bot-llm-started", "bot-llm-text", "bot-llm-stopped", "bot-tts-started", "bot-output", "bot-tts-text"),
    *("bot-started-speaking", "bot-stopped-speaking", "user-started-speaking user-stopped-speaking"),
    *("user-transcription", "user-input"),
]
FUNCTION = "bot-llm-started llm-function-call-started bot-llm-stopped llm-function-call-in-progress"


def receive(run: Run, types: str, **data: Any) -> None:
    for type in types.split():
        run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": {**CALL, **data}}))


async def a_run(*steps: Step) -> Run:
    run = await ready(*steps)
    run.fired.clear()
    return run


def states(run: Run) -> list[str]:
    return [str(state) for state in run.arguments("botStateChanged")]


class TestFunctionsWithoutAnAnswer:
    @pytest.mark.parametrize(
        ("types", "cancelled"),
        [
            (f"{FUNCTION} llm-function-call-stopped", False),
            (f"{FUNCTION} llm-function-call-stopped", True),
            ("bot-llm-started llm-function-call-started bot-llm-stopped llm-function-call-stopped", True),
            ("bot-llm-started llm-function-call-started llm-function-call-stopped bot-llm-stopped", True),
            (
                "bot-llm-started llm-function-call-started llm-function-call-in-progress llm-function-call-stopped "
                "bot-llm-stopped",
                False,
            ),
        ],
    )
    async def test_it_listens_within_a_second(self, types: str, cancelled: bool) -> None:
        run = await a_run()
        receive(run, types, cancelled=cancelled)
        assert run.client.bot_state is BotState.THINKING
        await asyncio.sleep(0.99)
        assert states(run) == ["thinking", "listening"]
        assert [turn.ended for turn in run.client.conversation.turns] == [True]
        assert run.arguments("conversationUpdated")[-1].ended
        await run.client.disconnect()

    async def test_where_an_answer_follows_it_goes_on_thinking(self) -> None:
        run = await a_run()
        receive(run, f"{FUNCTION} llm-function-call-stopped")
        await asyncio.sleep(0.7)
        receive(run, "bot-llm-started bot-llm-text")
        await asyncio.sleep(5)
        receive(run, "bot-llm-stopped bot-started-speaking bot-tts-text bot-stopped-speaking")
        assert states(run) == ["thinking", "speaking", "listening"]
        assert len(run.client.conversation.turns) == 1
        await run.client.disconnect()

    async def test_what_it_says_before_the_result_is_no_answer(self) -> None:
        run = await a_run()
        receive(run, FUNCTION)
        receive(run, "bot-started-speaking bot-tts-text llm-function-call-stopped bot-stopped-speaking")
        await asyncio.sleep(0.7)
        receive(run, "bot-llm-started")
        assert states(run) == ["thinking", "speaking", "thinking"]
        receive(run, "bot-llm-stopped")
        await asyncio.sleep(3.1)
        assert run.client.bot_state is BotState.LISTENING
        await run.client.disconnect()

    async def test_what_it_says_after_the_result_may_be_from_before(self) -> None:
        """As recorded from Pipecat 0.0.108: the function ends before the voice begins."""
        run = await a_run()
        receive(run, f"{FUNCTION} llm-function-call-stopped bot-started-speaking bot-tts-text bot-stopped-speaking")
        await asyncio.sleep(0.7)
        receive(run, "bot-llm-started bot-llm-text")
        assert states(run) == ["thinking", "speaking", "thinking"]
        assert len(run.client.conversation.turns) == 1
        await run.client.disconnect()

    @pytest.mark.parametrize("sign", ["bot-tts-started", "bot-output"])
    async def test_words_that_no_model_writes_after_the_result(self, sign: str) -> None:
        run = await a_run()
        receive(run, f"{FUNCTION} llm-function-call-stopped")
        await asyncio.sleep(0.5)
        receive(run, sign)
        await asyncio.sleep(0.5)
        receive(run, "bot-started-speaking bot-tts-text bot-stopped-speaking")
        await asyncio.sleep(0.99)
        assert states(run)[:2] == ["thinking", "speaking"]
        assert run.client.bot_state is BotState.LISTENING
        assert run.client.conversation.turns[0].ended
        await run.client.disconnect()

    @pytest.mark.parametrize("announcement", CALLS)
    @pytest.mark.parametrize("cancelled", [True, False])
    async def test_a_call_that_stopped_before_it_came(self, announcement: str, cancelled: bool) -> None:
        run = await a_run(expect("llm-function-call-result"))
        receive(run, f"bot-llm-started bot-llm-stopped llm-function-call-stopped {announcement}", cancelled=cancelled)
        await asyncio.sleep(0.99)
        assert states(run) == ["thinking", "listening"]
        assert [turn.ended for turn in run.client.conversation.turns] == [True]
        receive(run, f"bot-llm-started bot-llm-stopped {announcement}")
        await asyncio.sleep(5)
        assert run.client.bot_state is BotState.THINKING, "the next answer may number its calls alike"
        await run.client.disconnect()

    async def test_one_of_two_calls(self) -> None:
        run = await a_run()
        receive(run, FUNCTION)
        receive(run, "llm-function-call-in-progress", tool_call_id="2")
        receive(run, "llm-function-call-stopped")
        await asyncio.sleep(30)
        assert run.client.bot_state is BotState.THINKING
        receive(run, "llm-function-call-stopped", tool_call_id="2")
        await asyncio.sleep(0.99)
        assert states(run) == ["thinking", "listening"]
        await run.client.disconnect()

    async def test_a_call_that_was_announced_and_never_came(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started llm-function-call-started bot-llm-stopped")
        await asyncio.sleep(3.1)
        assert states(run) == ["thinking", "listening"]
        await run.client.disconnect()

    async def test_an_unknown_call_that_has_stopped(self) -> None:
        run = await a_run()
        receive(run, "llm-function-call-stopped")
        await asyncio.sleep(1)
        [turn] = run.client.conversation.turns
        assert turn.ended
        assert states(run) == []
        await run.client.disconnect()


class TestAnswersThatAreNotSpoken:
    async def test_after_three_seconds_it_listens(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-llm-stopped")
        await asyncio.sleep(2.9)
        assert run.client.bot_state is BotState.THINKING
        assert not run.client.conversation.turns[0].ended
        await asyncio.sleep(0.2)
        assert states(run) == ["thinking", "listening"]
        assert run.client.conversation.turns[0].ended
        assert run.arguments("conversationUpdated")[-1] is run.client.conversation.turns[0]
        await run.client.disconnect()

    @pytest.mark.parametrize("sign", ["bot-tts-started", "bot-output", "bot-started-speaking"])
    async def test_a_sign_of_the_voice_keeps_it_going(self, sign: str) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-llm-stopped")
        await asyncio.sleep(2)
        receive(run, sign, spoken=False)
        await asyncio.sleep(5)
        assert run.client.bot_state is (BotState.SPEAKING if sign == "bot-started-speaking" else BotState.THINKING)
        assert not run.client.conversation.turns[0].ended
        await asyncio.sleep(60)
        assert (run.client.bot_state is BotState.SPEAKING) == (sign == "bot-started-speaking")
        await run.client.disconnect()

    async def test_speech_that_comes_later_still_reopens_the_turn(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-llm-stopped", text="It is noon.")
        await asyncio.sleep(4)
        [turn] = run.client.conversation.turns
        assert turn.ended
        receive(run, "bot-started-speaking")
        receive(run, "bot-output", text="It is", spoken=True, aggregated_by="word")
        assert not turn.ended
        receive(run, "bot-output", text="noon.", spoken=True, aggregated_by="word")
        receive(run, "bot-stopped-speaking")
        assert run.client.conversation.turns == [turn]
        assert (turn.spoken, turn.ended) == ("It is noon.", True)
        assert states(run) == ["thinking", "listening", "speaking", "listening"]
        await run.client.disconnect()

    async def test_the_link_may_be_lost_meanwhile(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-llm-stopped")
        run.transport.drop()
        await asyncio.sleep(1)
        await run.transport.restore()
        await asyncio.sleep(3.1)
        assert states(run) == ["thinking", "connecting", "listening"]
        assert run.client.conversation.turns[0].ended
        await run.client.disconnect()

    async def test_other_speech_does_not(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-llm-stopped", text="It is noon.")
        await asyncio.sleep(4)
        receive(run, "bot-started-speaking")
        receive(run, "bot-output", text="Are you still there?", spoken=True)
        assert [turn.text for turn in run.client.conversation.turns] == ["It is noon.", "Are you still there?"]
        await run.client.disconnect()

    async def test_a_voice_that_pauses_within_an_answer_and_never_goes_on(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-started-speaking bot-stopped-speaking bot-llm-stopped")
        assert run.client.bot_state is BotState.THINKING
        await asyncio.sleep(3.1)
        assert states(run) == ["thinking", "speaking", "thinking", "listening"]
        assert run.client.conversation.turns[0].ended
        await run.client.disconnect()

    @pytest.mark.parametrize("text", ["", "  ", "○", " ◐ "])
    async def test_nothing_but_a_marker(self, text: str) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-output bot-llm-stopped", text=text)
        assert states(run) == ["thinking", "listening"]
        assert run.client.conversation.turns == []
        await run.client.disconnect()


class TestWordsWithoutAnAnswer:
    @pytest.mark.parametrize("type", ["user-transcription", "user-input"])
    @pytest.mark.parametrize("text", ["", " "])
    async def test_blank_words_wait_for_no_answer(self, type: str, text: str) -> None:
        run = await a_run()
        receive(run, f"user-started-speaking {type} user-stopped-speaking", text=text, final=True)
        assert states(run) == []
        assert run.client.conversation.turns == []
        await run.client.disconnect()

    @pytest.mark.parametrize("type", ["user-transcription", "user-input"])
    async def test_words_that_were_answered_already(self, type: str) -> None:
        """From a model that hears and speaks by itself, which reports them late; and words reported once more."""
        run = await a_run()
        receive(run, "user-started-speaking user-stopped-speaking bot-llm-started bot-llm-text bot-started-speaking")
        receive(run, "bot-llm-stopped bot-tts-text bot-stopped-speaking")
        for _ in range(2):
            receive(run, type, text="Is it noon?", final=True, timestamp="1")
        assert states(run) == ["thinking", "speaking", "listening"]
        receive(run, f"user-started-speaking {type} user-stopped-speaking", text="Thanks.", final=True, timestamp="2")
        assert states(run)[3:] == ["thinking"]
        receive(run, "bot-started-speaking bot-stopped-speaking")
        receive(run, type, text="Thanks.", final=True, timestamp="2")
        receive(run, "user-stopped-speaking")
        assert states(run)[3:] == ["thinking", "speaking", "listening"]
        await run.client.disconnect()

    async def test_a_bot_that_does_not_want_to_answer(self) -> None:
        run = await a_run()
        receive(run, "user-started-speaking user-transcription user-stopped-speaking", final=True)
        assert run.client.bot_state is BotState.THINKING
        await asyncio.sleep(31)
        assert states(run) == ["thinking", "listening"]
        await run.client.disconnect()


class TestAnySession:
    """Seeded random sessions: once the server has ended what it began, the bot is at rest, and so are its turns."""

    @pytest.mark.parametrize("seed", range(200))
    async def test_it_comes_to_rest(self, seed: int) -> None:
        chance = random.Random(seed)
        run = await a_run(*[expect("llm-function-call-result")] * 20)
        calls: list[str] = []

        def end_calls(count: int) -> None:
            for _ in range(min(count, len(calls))):
                id = calls.pop(chance.randrange(len(calls)))
                receive(run, "llm-function-call-stopped", tool_call_id=id, cancelled=chance.random() < 0.5)

        for number in range(chance.randrange(1, 15)):
            match chance.choice(HAPPENINGS):
                case "call":
                    calls.append(chance.choice([str(number), ""]))
                    receive(run, "llm-function-call-in-progress", tool_call_id=calls[-1])
                case "call that has stopped":
                    receive(run, "llm-function-call-stopped", tool_call_id=f"{number}", cancelled=True)
                    receive(run, chance.choice(CALLS), tool_call_id=f"{number}")
                case "end of a call":
                    end_calls(1)
                case "bot-interrupted":
                    receive(run, "bot-interrupted bot-stopped-speaking")
                    end_calls(99)
                case types:
                    text = chance.choice(["Hello.", "", " ", "○"])
                    how: Any = chance.choice([{"spoken": True}, {"spoken": False}, {"will_be_spoken": False}])
                    receive(run, types, text=text, timestamp=f"{number}", segment_id=number, error="No.", **how)
            await asyncio.sleep(chance.choice([0, 0.1, 0.5, 4]))
        receive(run, "bot-llm-stopped bot-stopped-speaking")
        end_calls(99)
        await asyncio.sleep(31)
        assert run.client.bot_state in (BotState.LISTENING, BotState.INTERRUPTED)
        bots = [turn for turn in run.client.conversation.turns if turn.role == "bot"]
        assert all(turn.ended and not turn.waits_for_functions for turn in bots)
        assert set(bots) <= set(run.arguments("conversationUpdated"))
        await run.client.disconnect()


class TestTheEndOfASession:
    async def test_nothing_rests_later(self) -> None:
        run = await a_run()
        receive(run, "bot-llm-started bot-llm-text bot-llm-stopped")
        await run.client.disconnect()
        fired = list(run.fired)
        await asyncio.sleep(60)
        assert run.fired == fired
        assert run.client.bot_state is BotState.GONE

    async def test_calls_in_progress_are_cancelled(self) -> None:
        run = await a_run()
        receive(run, FUNCTION)
        receive(run, "bot-interrupted")
        receive(run, "user-transcription", text="Hello", final=True)
        receive(run, "bot-llm-started llm-function-call-in-progress", tool_call_id="2")
        run.fired.clear()
        await run.client.disconnect()
        turns = run.client.conversation.turns
        assert [call.status for turn in turns for call in turn.function_calls] == ["cancelled", "cancelled"]
        assert set(run.arguments("conversationUpdated")) == {turns[0], turns[2]}
