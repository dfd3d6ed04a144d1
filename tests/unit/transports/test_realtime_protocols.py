"""The subprotocols that a WebSocket of a realtime session offers, and what errors show of them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import InvalidArgumentError
from rtvi_web.realtime.protocol.dialects.base import Dialect, Target
from rtvi_web.transports.realtime.protocols import offered_protocols, shown_protocols


def openai_protocols(key: str | None) -> list[str]:
    return [*Dialect().address(Target(api_key=key)).protocols]


KEYS = st.text("abcXYZ0189-_.~", min_size=4, max_size=40)


@pytest.mark.parametrize(
    ("protocols", "key", "offered"),
    [
        (openai_protocols, "ek_1", ["realtime", "openai-insecure-api-key.ek_1"]),
        (openai_protocols, None, ["realtime"]),
        (None, "key", []),
        ([], "key", []),
        (["realtime"], "key", ["realtime"]),
        (("a", "b"), None, ["a", "b"]),
        (lambda key: [f"xai-client-secret.{key}"], "key", ["xai-client-secret.key"]),
        (lambda key: None, "key", []),
    ],
)
def test_are_none_a_list_or_a_function_of_the_key(protocols: Any, key: str | None, offered: list[str]) -> None:
    assert offered_protocols(protocols, key) == offered


@pytest.mark.parametrize(
    "protocols",
    ["realtime", 3, [3], ["a b"], ["a", "a"], [""], lambda key: key, lambda key: [f"x.{key}\n"], {"a": 1}, b"a"],
)
def test_that_cannot_be_offered_are_refused_without_the_key(protocols: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        offered_protocols(protocols, "secret")
    assert "secret" not in str(caught.value)


def encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


FUNCTIONS: list[Callable[[str | None], list[str]]] = [
    openai_protocols,
    lambda key: [key or ""],
    lambda key: ["token", key or ""],
    lambda key: [f"a.b.c.{key}.d"],
    lambda key: [f"pre{key}post", "x"],
    lambda key: [encoded(key or "")],
    lambda key: ["bearer", f"base64url.{encoded(key or '')}"],
]


@given(st.sampled_from(FUNCTIONS), KEYS, st.booleans(), st.booleans())
def test_are_shown_without_the_key(
    function: Callable[[str | None], list[str]], key: str, by_list: bool, known: bool
) -> None:
    names = function(key)
    if by_list and (encoded(key) in names or (not known and {key, f"pre{key}post"} & {*names})):
        return  # a list that has a key as a name, and nothing says so
    protocols: Any = function(key) if by_list else function
    shown = shown_protocols(protocols, key if known or not by_list else None)
    for secret in (key, encoded(key)):
        assert (
            secret not in shown or secret in "the subprotocols realtime openai-insecure-api-key base64url bearer token"
        )
    if function is openai_protocols:
        assert shown == "the subprotocols realtime, openai-insecure-api-key.…"


def test_names_are_shown() -> None:
    shown = shown_protocols(["graphql", "realtime", "x" * 25, "a.b"], None)
    assert shown == "the subprotocols graphql, realtime, …, a.…"


def test_none_are_said_to_be_none() -> None:
    assert shown_protocols(None, "key") == "no subprotocol"
