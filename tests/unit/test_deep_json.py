"""Every place that parses JSON from outside gets JSON of 10,000 levels, and answers with a typed error or an event."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deep_json import DEEP, EXERCISES

ROOT = Path(__file__).parents[2]
PARSERS = {
    "loads",
    "load",
    "json",
    "from_json",
    "validate_json",
    "model_validate_json",
    "read_json",
    "parse_json",
    "to_py",
    "literal_eval",
    "eval",
}
"""What parses, by the last part of its name; and ``JSON.parse`` and ``Json[…]``."""
ELSEWHERE = {
    "rtvi_web/transports/websocket/liveness.py: _is_answer": (
        "tests/unit/transports/test_websocket_liveness.py::test_what_only_looks_like_an_answer_is_a_message"
    ),
    "rtvi_web/ui/realtime_turns.py: function_calls": (
        "tests/unit/test_realtime_turns.py::test_arguments_that_cannot_be_read_are_not_shown"
    ),
    "rtvi_web/browser/devices.py: recall": (
        "tests/browser/test_devices_chosen.py::test_invalid_data_in_the_storage_is_ignored"
    ),
    "rtvi_web/transports/small_webrtc/link.py: _signalling_message": (
        "tests/browser/test_hostile_servers.py::test_deep_frames"
    ),
    "rtvi_web/transports/realtime/call.py: _reason": (
        "tests/browser/test_hostile_servers.py::test_a_deep_refusal_of_a_realtime_offer"
    ),
    "examples/connect_endpoint/connect_endpoint.py: read_json": (
        "tests/e2e/test_connect_endpoint_answers.py::test_a_bot_that_answers_otherwise"
    ),
    "examples/realtime_relay/relay.py: client_secret": (
        "tests/e2e/test_realtime_relay.py::test_an_answer_that_is_not_a_secret_is_a_bad_gateway"
    ),
    "examples/realtime_relay/relay.py: reason": (
        "tests/e2e/test_realtime_relay.py::test_a_refusal_comes_back_without_keys"
    ),
    "examples/realtime_relay/socket_relay.py: _answer_to_own": (
        "tests/e2e/test_realtime_relay.py::test_what_the_api_sends_comes_as_it_is"
    ),
    "examples/local_bot/speech_server.py: read_json": (
        "tests/e2e/test_local_speech.py::test_a_bad_request_is_refused_with_a_reason"
    ),
    "examples/local_bot/rules.py: _answer_with": (
        "tests/unit/test_local_bot_rules.py::test_a_result_without_the_expected_field_still_gets_an_answer"
    ),
}
"""The places that the tests of CPython cannot reach, and the tests that do."""
CALL_THOSE = {
    "examples/connect_endpoint/connect_endpoint.py: read_answer",
    "examples/connect_endpoint/connect_endpoint.py: read_detail",
    "examples/connect_endpoint/connect_endpoint.py: read_object",
    "examples/connect_endpoint/connect_endpoint.py: text_without_keys",
    "examples/local_bot/speech_server.py: speak",
    "examples/local_bot/speech_server.py: chat",
}
"""They use the reader of their own file."""
NOT_FOREIGN = {
    "rtvi_web/browser/rtc.py: stats": "the browser's own figures",
    "rtvi_web/rtvi/protocol/conversation/calls.py: copy_of": "a text that was just written",
    "rtvi_web/testing/http.py: stream": "what the tested client sends",
    "rtvi_web/testing/following.py: send": "what the tested client sends",
    "rtvi_web/testing/following.py: _take": "what the tested client sends",
    "rtvi_web/testing/in_page.py: command": "what the test says",
    "rtvi_web/testing/pages.py: _ask": "what the page of the test answers",
    "rtvi_web/testing/realtime.py: send": "what the tested client sends",
    "rtvi_web/testing/contract/scene.py: _play_bot": "what the tested client sends",
    "examples/connect_endpoint/connect_endpoint.py: main": "the deployer's own file",
    "examples/realtime_relay/relay.py: main": "the deployer's own file",
    "examples/local_bot/rules.py: load_phrases": "the deployer's own file",
}


def places(source: str) -> Iterator[str]:
    """The functions, or classes, in which something is parsed."""

    def walk(node: ast.AST, owner: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if _parses(child):
                yield owner
            yield from walk(child, child.name if named else owner)  # type: ignore[attr-defined]

    return walk(ast.parse(source), "(module)")


def _parses(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(ast.Name("Json")):  # pydantic's field that parses a text
            return True
        case ast.Attribute(ast.Name("JSON") | ast.Attribute(_, "JSON"), "parse"):
            return True
        case ast.Attribute(_, name, ast.Load()):
            return name in PARSERS
        case ast.Name(name, ast.Load()):
            return name in PARSERS - {"json"}  # a module has this name
    return False


def found() -> set[str]:
    files = [path for folder in ("rtvi_web", "examples") for path in (ROOT / folder).rglob("*.py")]
    return {
        f"{path.relative_to(ROOT).as_posix()}: {place}"
        for path in files
        for place in places(path.read_text(encoding="utf-8"))
    }


def test_every_place_that_parses_is_known() -> None:
    exercised = [place for those in EXERCISES.values() for place in those]
    assert len(exercised) == len(set(exercised))
    assert found() == {*exercised, *ELSEWHERE, *CALL_THOSE, *NOT_FOREIGN}, "give it 10,000 levels, or say why not"


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_the_tests_elsewhere_exist(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("deep", DEEP, ids=["arrays", "objects"])
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.__name__)
async def test_10_000_levels(exercise: Callable[[str], Any], deep: str) -> None:
    await exercise(deep)


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): json.loads(x)",
        "def f(x): return x and from_json(x)",
        "async def f(x): return await x.json()",
        "def f(x): return js.JSON.parse(x)",
        "class f:\n    x: int | Json[dict]",
        "def f(x): return partial(adapter.validate_json, x)()",
    ],
)
def test_what_parses_is_found(source: str) -> None:
    assert list(places(source)) == ["f"]
