"""JSON from outside: its depth is limited, whatever its shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.core.foreign_json import MAX_DEPTH, NestedTooDeeplyError, check_depth, read_json
from rtvi_web.core.http import HttpResponse, explain

TEXTS = st.text(alphabet='[]{}"\\ aé:,\n')


def nested(levels: int, opening: str = "[") -> str:
    return {"[": "[" * levels + "]" * levels, "{": '{"a":' * levels + "1" + "}" * levels}[opening]


@pytest.mark.parametrize("opening", ["[", "{"])
class TestTheLimit:
    def test_is_allowed_itself(self, opening: str) -> None:
        value, levels = read_json(nested(MAX_DEPTH, opening)), 0
        while isinstance(value, list | dict) and value:
            value, levels = next(iter(value.values() if isinstance(value, dict) else value)), levels + 1
        assert levels == (MAX_DEPTH - 1 if opening == "[" else MAX_DEPTH)

    @pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 10_000, 200_000])
    def test_more_than_the_limit_is_refused(self, opening: str, levels: int) -> None:
        with pytest.raises(NestedTooDeeplyError, match="more than 200 levels"):
            read_json(nested(levels, opening))

    def test_unclosed_brackets_count_too(self, opening: str) -> None:
        with pytest.raises(NestedTooDeeplyError):
            read_json(opening * 10_000)


def test_many_shallow_brackets_are_no_depth() -> None:
    assert read_json("[" + ",".join(["[]"] * 5000) + "]") == [[]] * 5000


def test_brackets_in_texts_do_not_count() -> None:
    text = '\\"[{' * 1000
    assert read_json(json.dumps({"a": text})) == {"a": text}


def test_it_is_the_limit_of_pydantic() -> None:
    from pydantic_core import from_json

    from_json(nested(MAX_DEPTH, "{"))
    with pytest.raises(ValueError, match="recursion limit"):
        from_json(nested(MAX_DEPTH + 1, "{"))


@given(st.recursive(st.none() | st.booleans() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_the_depth_is_counted_exactly(value: Any) -> None:
    """However texts and brackets are mixed: a value that fits is lifted to just below the limit, then above it."""

    def depth(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    lift = MAX_DEPTH - depth(value)
    text = "[" * lift + json.dumps(value, ensure_ascii=False) + "]" * lift
    check_depth(text)
    with pytest.raises(NestedTooDeeplyError):
        check_depth(f"[{text}]")


@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(json.JSONDecodeError):
            read_json(text)
    else:
        assert read_json(text) == expected


class TestWhatAServerSays:
    @pytest.mark.parametrize("text", ["<script>" * 100_000, "<title" * 100_000, "<!--" * 100_000, "<" * 1_000_000])
    def test_hostile_pages_are_cut_before_they_are_searched(self, text: str) -> None:
        assert len(explain(HttpResponse(500, text))) <= 200

    @pytest.mark.parametrize(
        ("page", "words"),
        [
            ("<h1>Bad\n gateway</h1><p>Try <b>later</b></p>", "Bad gateway Try later"),
            ("<title>Oops</title><style>b{}</style><script>if (a<b) {}</script><p>No</p>", "No"),
            ("<p>a &lt; b &amp; c", "a < b & c"),
            ("<p>1 < 2 > 1", "1 < 2 > 1"),
            ("<title>only", "(no text)"),
            ("<!-- a comment --><P>No</P><SCRIPT>a</ScrIpt>.<p", "No ."),
        ],
    )
    def test_pages_are_read_as_text(self, page: str, words: str) -> None:
        assert explain(HttpResponse(502, page)) == words

    @pytest.mark.parametrize("place", [5, True, {"a": 1}, None, [1, None], "body"])
    def test_a_place_of_any_kind_is_quoted(self, place: Any) -> None:
        assert "no such thing" in explain(
            HttpResponse(422, json.dumps({"detail": [{"loc": place, "msg": "no such thing"}]}))
        )

    def test_a_deep_answer_is_text(self) -> None:
        assert explain(HttpResponse(500, nested(10_000))).startswith("[[[")
