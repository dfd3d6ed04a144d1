"""Session configurations of every shape, and what the server is told of them."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime import RealtimeSessionCreateRequest
from realtime_server import Run, Server, connected, turns, violations

from rtvi_web import DisconnectedError, InvalidArgumentError, RequestError
from rtvi_web.realtime.protocol.dialects.base import Dialect
from rtvi_web.realtime.protocol.session_config import PCM16, default_config, for_session, merge, to_ga

BETA = {
    "modalities": ["text", "audio"],
    "instructions": "",
    "voice": "verse",
    "input_audio_format": "pcm16",
    "output_audio_format": "g711_ulaw",
    "input_audio_transcription": {"model": "whisper-1"},
    "input_audio_noise_reduction": None,
    "turn_detection": None,
    "tools": [{"name": "f"}],
    "tool_choice": "auto",
    "temperature": 0.8,
    "max_response_output_tokens": 4096,
    "speed": 1.1,
}
OPENAI_REALTIME_API = {
    "model": {
        "provider": "tiwater",
        "name": "stardust-2.5-turbo",
        "modalities": ["text", "audio"],
        "instructions": "",
        "tools": [{"name": "f"}],
        "tool_choice": "auto",
        "temperature": 0.8,
        "max_response_output_tokens": 4096,
    },
    "speech": {"voice": "verse", "output_audio_format": "g711_ulaw", "speed": 1.1},
    "hearing": {
        "input_audio_format": "pcm16",
        "input_audio_transcription": {"model": "whisper-1"},
        "input_audio_noise_reduction": None,
        "turn_detection": None,
    },
    "vision": {"enable_face_detection": False},
    "knowledge": {"scripts": []},
}
GA: dict[str, Any] = {
    "output_modalities": ["audio"],
    "instructions": "",
    "audio": {
        "input": {
            "format": PCM16,
            "transcription": {"model": "whisper-1"},
            "noise_reduction": None,
            "turn_detection": None,
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "verse", "speed": 1.1},
    },
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}],
    "tool_choice": "auto",
    "max_output_tokens": 4096,
}


def test_names_of_the_beta_and_of_openai_realtime_api_are_translated() -> None:
    assert to_ga(BETA) == {**GA, "temperature": 0.8}
    own = {key: OPENAI_REALTIME_API[key] for key in ("vision", "knowledge")}
    own |= {"model": "stardust-2.5-turbo", "provider": "tiwater", "temperature": 0.8}
    assert to_ga(OPENAI_REALTIME_API) == {**GA, **own}
    assert to_ga(GA) == GA
    update = Dialect().session_update(for_session(to_ga(OPENAI_REALTIME_API), "realtime"))
    assert update == {**GA, "type": "realtime"}
    assert violations({"type": "session.update", "session": update}) == []


def test_tools_of_every_shape_become_those_of_today() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "string"}}}
    older = {"id": "1", "name": "f", "parameters": parameters, "required": ["a"], "operation_mode": "client_mode"}
    mcp = {"type": "mcp", "server_label": "s", "server_url": "https://x.test/", "require_approval": "never"}
    expected = [{"type": "function", "name": "f", "parameters": {**parameters, "required": ["a"]}}, mcp]
    for given in ([older, mcp], ({**older, "type": "function", "strict": True}, mcp)):
        assert to_ga({"tools": given}) == to_ga({"model": {"tools": given}}) == {"tools": expected}
    assert violations({"type": "session.update", "session": {"type": "realtime", "tools": expected}}) == []
    assert "required" not in parameters
    with pytest.raises(InvalidArgumentError, match="must have a name"):
        Run(config={"tools": [{"description": "x"}]})
    for wrong in ([print], [None], {"name": "f"}, "f"):
        with pytest.raises(InvalidArgumentError, match="must be a"):
            Run(config={"tools": wrong})


def test_what_only_the_server_can_say_is_not_said_back() -> None:
    session = {"id": "sess_1", "object": "realtime.session", "expires_at": 1, "client_secret": {"value": "ek_1"}}
    assert to_ga({**session, "instructions": "x"}) == {"instructions": "x"}


@pytest.mark.parametrize("modalities", [["text", "audio"], ("text", "audio"), ("audio",)])
def test_sound_comes_with_its_text(modalities: Any) -> None:
    assert to_ga({"modalities": modalities}) == {"output_modalities": ["audio"]}


async def test_tools_may_be_null() -> None:
    run = await connected(config={"tools": None})
    assert run.client.get_tools() == []
    run.client.register_tool({"name": "f"}, print)
    run.client.update_config({"tools": None})
    run.client.add_tool({"name": "g"})
    assert [tool["name"] for tool in run.server.sent[-1]["session"]["tools"]] == ["g", "f"]
    await run.client.disconnect()


def test_models_and_objects_are_configurations_too() -> None:
    class Given:
        def getSessionPayload(self) -> dict[str, Any]:
            return {"session": OPENAI_REALTIME_API}

    assert to_ga(Given())["audio"] == GA["audio"]
    model = RealtimeSessionCreateRequest.model_validate({"type": "realtime", **GA})
    assert to_ga(model) == {"type": "realtime", **GA}
    with pytest.raises(InvalidArgumentError, match="it is int"):
        to_ga(3)


def test_the_given_configuration_is_not_changed() -> None:
    given = {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    taken = to_ga(given)
    taken["audio"]["input"]["turn_detection"]["threshold"] = 1
    assert given == {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}


@pytest.mark.parametrize("given", ["none", {"type": "none"}, None])
def test_turn_detection_can_be_switched_off_in_several_ways(given: Any) -> None:
    assert to_ga({"turn_detection": given}) == {"audio": {"input": {"turn_detection": None}}}


def test_merging_keeps_what_is_not_named_and_null_and_what_is_falsy() -> None:
    base = to_ga(BETA)
    changed: Any = merge(
        base, to_ga({"turn_detection": {"type": "server_vad", "create_response": False, "threshold": 0}})
    )
    assert changed["audio"]["input"] == {
        **GA["audio"]["input"],
        "turn_detection": {"type": "server_vad", "create_response": False, "threshold": 0},
    }
    changed = merge(changed, to_ga({"input_audio_transcription": None, "voice": "marin"}))
    assert changed["audio"]["input"]["transcription"] is None
    assert changed["audio"]["output"] == {**GA["audio"]["output"], "voice": "marin"}
    assert changed["tools"] == GA["tools"]
    assert base == to_ga(BETA)


def test_the_default_leaves_everything_to_the_server() -> None:
    run = Run()
    assert run.client.config == default_config()
    assert run.client.get_turn_detection_type() is None
    assert run.client.config == {"type": "realtime", "tools": []}
    assert run.client.get_session_payload() == {"session": run.client.config}
    run.client.config["tools"].append("mine")
    assert run.client.get_tools() == []


async def test_connect_tells_everything_once_the_server_has_a_session() -> None:
    run = Run(config={"model": "m", "instructions": "Be brief."}, server=Server(handshake=False))
    run.client.register_tool({"name": "f"}, print)
    import asyncio

    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    assert run.server.requests[0].model == "m"
    assert run.server.requests[0].session["tools"] == run.client.get_tools()
    assert run.server.sent == []
    run.server.say("session.created", session={})
    await turns()
    assert run.client.session_created
    (update,) = run.server.sent
    assert update["session"]["instructions"] == "Be brief."
    assert update["session"]["tools"] == run.client.get_tools()
    assert "model" not in update["session"]
    assert not connecting.done()
    run.server.say("session.updated", session={})
    await connecting
    await run.client.disconnect()
    assert not run.client.session_created


async def test_a_refused_configuration_fails_connect_in_the_servers_words() -> None:
    import asyncio

    run = Run(server=Server(handshake=False))
    connecting = asyncio.ensure_future(run.client.connect())
    await turns()
    run.server.say("session.created", session={})
    await turns()
    error = {"type": "invalid_request_error", "message": "No such voice.", "event_id": run.server.sent[0]["event_id"]}
    run.server.say("error", error=error)
    with pytest.raises(RequestError, match=r"refused the session's configuration: No such voice\."):
        await connecting
    assert not run.client.is_connected()
    assert not run.server.is_open


async def test_updates_tell_only_what_changed_and_reconnecting_tells_all() -> None:
    run = await connected(config=OPENAI_REALTIME_API)
    run.client.update_config({"hearing": {"turn_detection": {"type": "semantic_vad"}}})
    assert run.server.sent[-1]["session"] == {
        "type": "realtime",
        "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}},
    }
    assert run.client.get_turn_detection_type() == {"type": "semantic_vad"}
    await run.client.disconnect()
    run.client.update_config({"instructions": "New."})
    await run.client.connect()
    session = run.server.sent[-1]["session"]
    assert session["instructions"] == "New."
    assert session["audio"]["input"]["turn_detection"] == {"type": "semantic_vad"}
    assert [tool["name"] for tool in session["tools"]] == ["f"]
    run.client.update_session()
    assert run.server.sent[-1]["session"] == session
    await run.client.disconnect()


async def test_what_cannot_be_sent_changes_nothing() -> None:
    run = await connected()
    before = run.client.config
    run.server.is_open = False
    with pytest.raises(DisconnectedError):
        run.client.update_config({"instructions": "New."})
    with pytest.raises(DisconnectedError):
        run.client.add_tool({"name": "f"})
    with pytest.raises(DisconnectedError):
        run.client.register_tool({"name": "f"}, print)
    assert run.client.config == before
    assert run.client.tools == {}
    await run.client.disconnect()


async def test_a_configuration_object_answers_for_turn_detection() -> None:
    class Config:
        def get_session_payload(self) -> dict[str, Any]:
            return {"session": {"instructions": "Hi."}}

        def get_turn_detection_type(self) -> str:
            return "server_vad"

    run = Run(config=Config())
    assert run.client.config["instructions"] == "Hi."
    assert run.client.get_turn_detection_type() == "server_vad"
    run.client.update_config({"turn_detection": {"type": "semantic_vad"}})
    assert run.client.get_turn_detection_type() == {"type": "semantic_vad"}
    run = await connected(config=Config())
    run.client.update_config({"instructions": "Ho."})
    assert run.client.get_turn_detection_type() == "server_vad"
    run.client.update_config({"turn_detection": None})
    assert run.client.get_turn_detection_type() is None
    run.client.append_input_audio(bytes(4800))
    run.client.create_response()
    assert "input_audio_buffer.commit" in run.server.types
    await run.client.disconnect()


async def test_reset_goes_back_to_the_beginning() -> None:
    run = await connected(config=OPENAI_REALTIME_API)
    run.client.register_tool({"name": "g"}, print)
    run.server.user_item("u")
    run.client.append_input_audio(b"\0\0")
    run.client.reset()
    assert not run.client.is_connected()
    assert run.client.config == default_config()
    assert run.client.tools == {}
    assert run.client.get_conversation_items() == []
    assert len(run.client.input_audio_buffer) == 0
    await turns(20)
    assert not run.server.is_open
    assert run.client.listens("conversation.updated")  # handlers stay
