"""How a dialect is chosen and called: a page's own, those that a word names, and hooks that go wrong."""

from __future__ import annotations

import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import CLIENT_EVENTS, Run, connected

from rtvi_web import InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime import Address, Dialect, RealtimeClient
from rtvi_web.realtime.protocol.dialects import NAMES, dialect_of
from rtvi_web.testing import ScriptedRealtimeTransport

ROOT = Path(__file__).parents[3]


# The example in the documentation.


async def test_the_example_of_the_documentation_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 20
    transport = ScriptedRealtimeTransport()
    module: Any = types.ModuleType("websocket")
    module.RealtimeWebSocketTransport = lambda: transport
    monkeypatch.setitem(sys.modules, "rtvi_web.transports.realtime.websocket", module)
    names: dict[str, Any] = {"__name__": "page"}
    exec(example, names)
    client: RealtimeClient = names["client"]
    deltas: list[Any] = []
    client.on("server.response.output_text.delta", deltas.append)
    await client.connect()
    request = transport.requests[0]
    assert request.dialect.address(request.target(webrtc=False)) == Address(
        "wss://voice.acme.example/talk", {"model": "small"}, ["acme", "token.ek_1"]
    )
    assert transport.sent[0]["session"] == {"type": "realtime", "prompt": "Be brief."}
    client.create_response()
    transport.say("response.created", response={"id": "r"})
    transport.say("acme.text", response_id="r", item_id="i", content_index=0, delta="Hi")
    assert [item.formatted.text for item in client.get_conversation_items()] == ["Hi"]
    assert len(deltas) == 1
    assert client.cancel()
    assert transport.sent[-1] == {"type": "acme.stop"}
    await client.disconnect()


def test_the_documentation_names_every_dialect() -> None:
    text = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r'^\| `"(\w+)"` \|', text, re.MULTILINE)) == sorted(NAMES)


# Choosing one.


@pytest.mark.parametrize("name", NAMES)
def test_a_word_names_a_dialect(name: str) -> None:
    dialect = dialect_of(name)
    assert dialect.name == name
    assert dialect_of(name) is not dialect  # each client has one of its own
    assert dialect_of(dialect) is dialect


@pytest.mark.parametrize(
    ("given", "words"), [("opnai", "Did you mean 'openai'"), (3, "it is 3"), (Dialect, "a Dialect")]
)
def test_what_is_no_dialect_is_refused(given: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        RealtimeClient(transport=ScriptedRealtimeTransport(), dialect=given)


def test_the_default_loads_no_other() -> None:
    script = (
        "import sys; from rtvi_web.realtime import RealtimeClient;"
        "from rtvi_web.testing import ScriptedRealtimeTransport;"
        "client = RealtimeClient(transport=ScriptedRealtimeTransport()); print(*sys.modules)"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    home = "rtvi_web.realtime.protocol.dialects"
    loaded = [name for name in result.stdout.split() if name.startswith(home)]
    assert sorted(loaded) == [home, f"{home}.base"]


def test_the_code_of_sessions_knows_no_dialect_by_name() -> None:
    places = [
        *(ROOT / "rtvi_web" / "realtime").glob("*.py"),
        *(ROOT / "rtvi_web" / "transports" / "realtime").glob("*.py"),
    ]
    for path in places:
        if path.name != "settings.py":  # It lists them, as types.
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"dialect(\.name)? *(==|in|is) ", text), path


# Hooks that go wrong.


class Own(Dialect):
    """Does what a test gives it."""

    def __init__(self, **hooks: Any) -> None:
        for name, hook in hooks.items():
            setattr(self, name, hook)


def broken(*_: Any) -> Any:
    raise ValueError("secret")


@pytest.mark.parametrize("hook", [broken, lambda _: 3])
async def test_an_address_that_goes_wrong_is_said_without_the_key(hook: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"The dialect's address\(\)") as caught:
        Run(dialect=Own(address=hook))
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("hook", [broken, lambda _: 3, lambda _: None])
async def test_a_session_update_that_goes_wrong_is_said(hook: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"The dialect's session_update\(\)"):
        Run(dialect=Own(session_update=hook))


@pytest.mark.parametrize("hook", [broken, lambda _: 3, lambda _: [3], lambda _: {"a": 1}, lambda _: "text"])
async def test_what_comes_in_wrong_is_told_and_the_session_goes_on(hook: Any) -> None:
    does: list[Any] = [lambda event: event]
    run = await connected(dialect=Own(incoming=lambda event: does[0](event)))
    does[0] = hook
    run.server.say("response.created", response={"id": "r"})
    [error] = run.errors
    assert error.source == "message"
    assert "The dialect's incoming() " in error.message
    does[0] = lambda event: event
    run.server.user_item("item_1")
    assert run.ids == ["item_1"]
    await run.client.disconnect()


@pytest.mark.parametrize("hook", [broken, lambda _: 3, lambda _: [3], lambda _: {"a": 1}, lambda _: "text"])
async def test_what_goes_out_wrong_is_not_sent(hook: Any) -> None:
    does: list[Any] = [lambda event: event]
    run = await connected(dialect=Own(outgoing=lambda event: does[0](event)))
    count = len(run.server.sent)
    does[0] = hook
    with pytest.raises(InvalidArgumentError, match=r"The dialect's outgoing\(\) "):
        run.client.realtime.send("input_audio_buffer.clear")
    assert len(run.server.sent) == count
    await run.client.disconnect()


async def test_a_hook_may_change_what_it_got_and_may_return_none_or_several() -> None:
    def outgoing(event: dict[str, Any]) -> Any:
        match event["type"]:
            case "input_audio_buffer.clear":
                return None
            case "response.create":
                event["response"] = {"instructions": "changed"}
            case "conversation.item.create":
                return ({**event, "item": {**event["item"], "id": f"item_{n}"}} for n in range(2))
        return event

    def incoming(event: dict[str, Any]) -> Any:
        return [event, {**event, "type": "response.done"}] if event["type"] == "response.created" else event

    run = await connected(dialect=Own(outgoing=outgoing, incoming=incoming))
    sent: list[Any] = []
    run.client.on("client.*", sent.append)
    count = len(run.server.sent)
    run.client.realtime.send("input_audio_buffer.clear")
    assert run.server.sent[count:] == sent == []
    run.client.create_response()
    assert run.server.sent[-1]["response"] == {"instructions": "changed"}
    assert "response" not in sent[-1]  # the client itself sees what it sent
    run.server.response("resp_1")
    run.client.create_response()  # the first response has ended
    assert run.server.types.count("response.create") == 2
    item = {"type": "message", "role": "user", "content": []}
    run.client.realtime.send("conversation.item.create", {"item": item})
    assert [event["item"]["id"] for event in run.server.sent[-2:]] == ["item_0", "item_1"]
    await run.client.disconnect()


@pytest.mark.parametrize("type", ["", 3, None, "unknown"])
async def test_an_unknown_type_in_a_configuration_reaches_the_server(type: Any) -> None:
    run = Run(config={"type": type}, dialect=Own(outgoing=lambda event: event))
    assert run.client.config["type"] == type


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        *(
            "session.created",
            "session.updated",
            "transcription.delta",
            "transcription.done",
            "transcription.text.delta",
        ),
        *("response.created", "error", "turn.end", *CLIENT_EVENTS),
    ]
)
FIELDS = st.dictionaries(st.sampled_from(["session", "text", "delta", "usage", "item", "response", "audio"]), JSON)


@given(st.sampled_from(NAMES), TYPES, FIELDS)
def test_no_event_makes_a_dialect_raise_anything_but_its_own_errors(
    name: str, type: str, fields: dict[str, Any]
) -> None:
    dialect = dialect_of(name)
    for hook in (dialect.incoming, dialect.outgoing):
        try:
            translated = hook({**fields, "type": type})
        except UnsupportedFeatureError:
            continue
        events = [translated] if isinstance(translated, dict) else list(translated or [])
        assert all(isinstance(event["type"], str) for event in events)
