"""Recordings show no key, wherever it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.core.masked_data import masked_data

SECRET = "s3cr3t-0123456789abcdef"
NAMES = [
    *("api_key", "apiKey", "x-api-key", "API_KEY", "OPENAI_API_KEY", "apikey", "access_token", "token", "authToken"),
    *("Authorization", "client_secret", "password", "userPassword", "db-passwd", "private_key", "cookie", "Set-Cookie"),
    *("credentials", "bearer", "jwt", "signature", "aws_secret_access_key"),
]
HARMLESS = [
    *("content", "text", "tool_call_id", "id", "keyboard", "keywords", "max_tokens", "tokens", "prompt_tokens", "key"),
    *("monkey", "voice", "model", "session_id", "author", "tokenizer"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, *HARMLESS]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets_hide_their_values(name: str) -> None:
    assert masked_data({"a": [{name: SECRET}]}) == {"a": [{name: "…"}]}
    assert masked_data({name: {"deep": [SECRET, 5, None, True]}}) == {name: {"deep": ["…", "…", None, True]}}
    assert masked_data({"name": name, "value": SECRET}) == {"name": name, "value": "…"}


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_do_not(name: str) -> None:
    assert masked_data({name: "a value", "value": 7}) == {name: "a value", "value": 7}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer abcdef123456", "Bearer …"),
        ("use sk-abcdefghijkl please", "use … please"),
        ("Incorrect API key provided: sk-proj-abc_DEF-123456.", "Incorrect API key provided: …."),
        ("ek_68b2f0aa1122 gsk_abcdefgh hf_ABCDEFGHIJ xoxb-123456789", "… … … …"),
        ("AIzaSyA0123456789abcdefghijk", "…"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0abc.c2lnbmF0dXJl", "…"),
        ("see https://ann:pw@host.test/path?token=abc#x then", "see https://host.test/path?… then"),
        ("wss://host.test/ws?key=1", "wss://host.test/ws?…"),
        ("api_key=abcdef&x=1", "api_key=…&x=1"),
        ("the password: hunter2", "the password: …"),
        ('{"api_key": "abc", "n": 1}', '{"api_key": "…", "n": 1}'),
        ('{"n": 1,  "m": 2}', '{"n": 1,  "m": 2}'),
        ("{no json", "{no json"),
    ],
)
def test_texts_hide_what_looks_like_a_key(text: str, shown: str) -> None:
    assert masked_data({"content": text}) == {"content": shown}


@pytest.mark.parametrize(
    "text",
    [
        "What is the key to happiness?",
        "The bearer of this letter is a friend.",
        "I need a new token of appreciation",
        "https://example.com/a/b",
        "Hello! It's 12:30, isn't it?",
        "skating-rink ski-jumping task-force",
    ],
)
def test_plain_speech_stays(text: str) -> None:
    assert masked_data(text) == text


def test_named_secrets_are_hidden_anywhere() -> None:
    assert masked_data({"x": [f"a{SECRET}b"], "y": json.dumps({"z": SECRET})}, (SECRET,)) == {
        "x": ["a…b"],
        "y": '{"z": "…"}',
    }


@given(json_values)
def test_masking_twice_is_masking_once(data: Any) -> None:
    once = masked_data(data)
    assert masked_data(once) == once


@given(json_values, st.sampled_from(NAMES))
def test_no_secret_gets_through(data: Any, name: str) -> None:
    hiding = {"a": data, name: [SECRET, {"b": SECRET}], "c": json.dumps({name: SECRET})}
    assert SECRET not in json.dumps(masked_data(hiding))
