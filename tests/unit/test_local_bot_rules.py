"""The local bot's rule-based model: what it answers, and when it asks for a function call."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "examples" / "local_bot"))

from rules import FALLBACK, GREETING, Call, Phrase, RuleBasedModel, load_phrases

PHRASES = load_phrases()
FUNCTIONS = {phrase.call.name for phrase in PHRASES if phrase.call}


def reply(*messages: dict[str, Any], functions: set[str] = FUNCTIONS) -> str | Call:
    return RuleBasedModel(PHRASES).reply(list(messages), functions)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def tool(result: Any) -> dict[str, Any]:
    return {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": result if isinstance(result, str) else json.dumps(result),
    }


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.say)
def test_each_phrase_gets_its_own_answer(phrase: Phrase) -> None:
    assert reply(user(phrase.say)) == (phrase.call or phrase.answer)


def test_typed_text_may_have_capitals_punctuation_and_more_words() -> None:
    assert reply(user("Please, make the page GREEN!")) == Call("set_page_color", {"color": "green"})


def test_words_that_only_contain_a_phrase_are_not_taken_for_it() -> None:
    assert reply(user("othello")) == FALLBACK


def test_the_answer_after_a_call_uses_what_the_page_answered() -> None:
    asked = user("make the page green")
    assert reply(asked, tool({"color": "lime"})) == "The page is lime now."


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({"error": "no such colour"}, "That did not work: no such colour."),
        ("CANCELLED", "I asked for it, but no answer came in time."),
        ("done", "The answer is done."),
        ({"other": 1}, 'The answer is {"other": 1}.'),
        ("[" * 10_000, f"The answer is {'[' * 10_000}."),
    ],
)
def test_a_result_without_the_expected_field_still_gets_an_answer(result: Any, answer: str) -> None:
    assert reply(user("make the page green"), tool(result)) == answer


def test_a_function_that_the_chat_does_not_offer_is_not_called() -> None:
    assert reply(user("make the page green"), functions=set()) == FALLBACK


def test_the_greeting_and_the_fallback_name_only_phrases_that_are_understood() -> None:
    said = {phrase.say for phrase in PHRASES}
    suggestions = FALLBACK.removesuffix(".").partition("Try: ")[2].split(", or: ")
    assert {*suggestions, GREETING.removesuffix(".").partition("saying: ")[2]} <= said
    assert reply(user("how is the weather")) == FALLBACK
    assert reply({"role": "developer", "content": "Greet the user."}) == GREETING


def test_only_the_last_thing_said_counts_and_its_content_may_come_in_parts() -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "good"}, {"type": "text", "text": "bye"}]}
    assert str(reply(user("hello"), {"role": "assistant", "content": "Hello!"}, parts)).startswith("Good bye")
