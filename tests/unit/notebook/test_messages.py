"""What the page of a face and a notebook's kernel take from each other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.errors import MessageTooLargeError
from rtvi_web.notebook.messages import FROM_PAGE, MAX_MESSAGE, TO_PAGE, is_from, read, write

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
KINDS = {**FROM_PAGE, **TO_PAGE}
NAMES = st.sampled_from([*KINDS, "version", "id", "text", "type"]) | st.text()


@given(st.text() | JSON.map(json.dumps) | st.dictionaries(NAMES, JSON | NAMES).map(json.dumps) | JSON)
def test_whatever_comes_is_a_message_of_the_table_or_refused(text: object) -> None:
    try:
        message = read(text, KINDS)
    except ValueError:
        return
    assert set(message.fields) == set(KINDS[message.type])
    for name, kind in KINDS[message.type].items():
        assert isinstance(message.fields[name], kind)


VALUES = {
    str: st.text(),
    int: st.integers(0, 9),
    dict: st.dictionaries(st.text(), st.text()),
    list: st.lists(st.text()),
}


@given(st.data(), st.sampled_from([*KINDS]))
def test_what_is_written_is_read(data: st.DataObject, type: str) -> None:
    kinds = {name: kind[0] if isinstance(kind, tuple) else kind for name, kind in KINDS[type].items()}
    fields = {name: data.draw(VALUES[kind]) for name, kind in kinds.items()}
    text = write(type, **fields)
    assert text.isascii()
    assert read(text, KINDS) == (type, fields)
    assert read(json.dumps({**json.loads(text), "more": 1}), KINDS) == (type, fields), "what is unknown is dropped"


@pytest.mark.parametrize("text", [json.dumps({"type": "ready", "version": True}), '{"type": ["ready"], "version": 1}'])
def test_types_are_strict(text: str) -> None:
    with pytest.raises(ValueError, match="its "):
        read(text, FROM_PAGE)


def test_sizes_and_depths_are_bounded() -> None:
    room = MAX_MESSAGE - len(write("send", text=""))
    assert read(write("send", text="x" * room), TO_PAGE).fields["text"] == "x" * room
    with pytest.raises(MessageTooLargeError):
        write("send", text="x" * (room + 1))
    with pytest.raises(ValueError, match="bounded length"):
        read(json.dumps({"type": "send", "text": "x" * (room + 1)}), TO_PAGE)
    with pytest.raises(ValueError, match="nested"):
        read('{"type": "functions", "functions": ' + "[" * 300 + "]" * 300 + "}", TO_PAGE)


@pytest.mark.parametrize(
    ("origin", "allowed", "expected"),
    [
        ("https://lab.example", "https://lab.example", True),
        ("https://lab.example", "https://LAB.example:443/", True),
        ("http://lab.example", "http://lab.example:80", True),
        ("http://localhost:8888", "http://localhost:8888", True),
        ("http://localhost:8888", "http://localhost", False),
        ("http://lab.example", "https://lab.example", False),
        ("https://lab.example", "http://lab.example:443", False),
        ("https://lab.example.evil.test", "https://lab.example", False),
        ("https://evil-lab.example", "https://lab.example", False),
        ("https://a.lab.example", "https://*.lab.example", True),
        ("https://a.b.lab.example:8443", "https://*.lab.example:8443", True),
        ("https://a.lab.example:8443", "https://*.lab.example", False),
        ("https://lab.example", "https://*.lab.example", False),
        ("https://.lab.example", "https://*.lab.example", False),
        ("https://evil-lab.example", "https://*.lab.example", False),
        ("http://a.lab.example", "https://*.lab.example", False),
        ("null", "https://lab.example", False),
        ("", "https://lab.example", False),
    ],
)
def test_origins(origin: str, allowed: str, expected: bool) -> None:
    assert is_from(origin, [allowed]) is expected
    assert is_from(origin, ["https://other.example", allowed]) is expected
    assert not is_from(origin, [])
