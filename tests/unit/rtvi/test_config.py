"""Configurations, as pure functions: one shape out of several, and nothing given is changed."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

from rtvi_web import InvalidArgumentError
from rtvi_web.rtvi.protocol.config import merge, normalize, option_value, options_of, service_options, set_options

VAD = {"service": "vad", "options": [{"name": "params", "value": {"stop_secs": 0.3}}]}
LLM: dict[str, Any] = {
    "service": "llm",
    "options": [{"name": "model", "value": "small"}, {"name": "messages", "value": [{"n": 1}]}],
}
CONFIG: list[dict[str, Any]] = [VAD, LLM]

pytestmark = pytest.mark.filterwarnings("ignore:.*shorthand")


@pytest.fixture(autouse=True)
def unchanged() -> Any:
    """No test may have changed what it gave."""
    before = copy.deepcopy(CONFIG)
    yield
    assert before == CONFIG


class TestNormalize:
    def test_the_shorthand_warns_unless_it_is_the_bots(self) -> None:
        shorthand = [{"service": "vad", "options": [{"stop_secs": 0.5}]}]
        with pytest.warns(
            DeprecationWarning, match=r"^config\[0\]\.options\[0\]: the shorthand .* is deprecated"
        ) as caught:
            normalize(shorthand)
        assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert normalize(shorthand, of_bot=True)[0]["options"] == [{"name": "stop_secs", "value": 0.5}]
            normalize([{"service": "vad", "options": [{}, {"name": "stop_secs", "value": 0.5}]}])

    @pytest.mark.parametrize(
        ("options", "normal"),
        [
            ([{"name": "stop_secs", "value": 0.5}], [{"name": "stop_secs", "value": 0.5}]),
            ([{"stop_secs": 0.5}], [{"name": "stop_secs", "value": 0.5}]),
            ([{"a": 1, "b": None}], [{"name": "a", "value": 1}, {"name": "b", "value": None}]),
            ({"a": 1}, [{"name": "a", "value": 1}]),
            ([{"name": "run"}], [{"name": "run", "value": None}]),
            ([{"name": 5}], [{"name": "name", "value": 5}]),
            ([{"name": "x", "of": 5}], [{"name": "name", "value": "x"}, {"name": "of", "value": 5}]),
            ([{"value": 5}], [{"name": "value", "value": 5}]),
            ([{"name": "a", "value": 1, "unit": "s"}], [{"name": "a", "value": 1, "unit": "s"}]),
            ([{}], []),
            ((), []),
            (({"a": number} for number in (1, 2)), [{"name": "a", "value": 1}, {"name": "a", "value": 2}]),
        ],
    )
    def test_options(self, options: Any, normal: Any) -> None:
        assert normalize([{"service": "s", "options": options}]) == [{"service": "s", "options": normal}]

    def test_services_keep_their_order_and_what_else_they_say(self) -> None:
        given = ({"service": name, "beta": True} for name in ("tts", "llm", "stt"))
        assert normalize(given) == [{"service": name, "options": [], "beta": True} for name in ("tts", "llm", "stt")]

    def test_the_copy_is_deep(self) -> None:
        normalize(CONFIG)[1]["options"][1]["value"][0]["n"] = 2
        assert LLM["options"][1]["value"] == [{"n": 1}]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ("llm", r"^it must be a list of \{service, options\}; it is 'llm'\.$"),
            ({"service": "llm"}, "^it must be a list"),
            (5, "^it must be a list"),
            (["llm"], r"^it\[0\] must be \{service, options\} with the service's name; it is 'llm'"),
            ([LLM, {"options": []}], r"^it\[1\] must be"),
            ([{"service": 5}], r"^it\[0\] must be"),
            ([{"service": "s", "options": "x"}], r"^it\[0\]\.options must be a list of \{name, value\}; it is 'x'"),
            ([{"service": "s", "options": None}], r"^it\[0\]\.options must be a list"),
            ([{"service": "s", "options": [1]}], r"^it\[0\]\.options\[0\] must be \{name, value\}; it is 1\.$"),
            ([{"service": "s", "options": [{1: 2}]}], r"^it\[0\]\.options\[0\] must be"),
        ],
    )
    def test_errors_name_the_entry(self, given: Any, message: str) -> None:
        with pytest.raises(InvalidArgumentError, match=message):
            normalize(given, "it")


class TestReading:
    def test_a_service(self) -> None:
        found = service_options(CONFIG, "llm")
        assert found == LLM
        assert found is not LLM
        assert service_options(CONFIG, "tts") is None
        assert service_options(CONFIG, "") is None

    @pytest.mark.parametrize(
        ("service", "option", "value"),
        [("llm", "model", "small"), ("vad", "params", {"stop_secs": 0.3}), ("llm", "x", None), ("x", "model", None)],
    )
    def test_a_value(self, service: str, option: str, value: Any) -> None:
        assert option_value(CONFIG, service, option) == value


class TestSetting:
    def test_options_keep_their_place_and_new_ones_follow(self) -> None:
        changed = set_options(CONFIG, "llm", options_of([{"temperature": 1}, {"name": "model", "value": "big"}]))
        assert changed == [
            VAD,
            {
                "service": "llm",
                "options": [
                    {"name": "model", "value": "big"},
                    {"name": "messages", "value": [{"n": 1}]},
                    {"name": "temperature", "value": 1},
                ],
            },
        ]

    def test_what_else_an_option_says_stays(self) -> None:
        given = normalize([{"service": "s", "options": [{"name": "a", "value": 1, "unit": "s"}]}])
        assert set_options(given, "s", [{"name": "a", "value": 2}])[0]["options"] == [
            {"name": "a", "value": 2, "unit": "s"}
        ]

    def test_a_service_that_is_not_there_is_not_added(self) -> None:
        assert set_options(CONFIG, "tts", [{"name": "voice", "value": "x"}]) == CONFIG

    def test_values_are_copies(self) -> None:
        messages = [{"n": 5}]
        changed = set_options(CONFIG, "llm", [{"name": "messages", "value": messages}])
        messages[0]["n"] = 6
        assert option_value(changed, "llm", "messages") == [{"n": 5}]

    def test_several_services_one_after_another(self) -> None:
        changes = [
            {"service": "llm", "options": [{"name": "model", "value": "big"}]},
            {"service": "tts", "options": [{"name": "voice", "value": "x"}]},
            {"service": "vad", "options": [{"name": "params", "value": None}]},
            {"service": "llm", "options": [{"name": "model", "value": "huge"}]},
        ]
        changed = merge(CONFIG, changes)
        assert [entry["service"] for entry in changed] == ["vad", "llm"]
        assert option_value(changed, "llm", "model") == "huge"
        assert option_value(changed, "vad", "params") is None

    def test_without_changes_it_is_a_copy(self) -> None:
        unchanged = merge(CONFIG, [])
        assert unchanged == CONFIG
        assert unchanged[0] is not VAD

    def test_errors_name_the_option(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^option must be a list of \{name, value\}; it is 'model'"):
            options_of("model", "option")  # type: ignore[arg-type]
