"""The client in a page against a real RTVI 0.3 bot (Pipecat 0.0.73): actions, the model's helper, functions."""

import pytest
from in_page import InPagePython
from rtvi_0_3_page import open_page  # noqa: F401


def test_actions(page: InPagePython) -> None:
    result = page.run("""
        client = new_client()
        unknown = []
        client.on(RTVIEvent.GENERIC_MESSAGE, lambda message: unknown.append([message.type, message.data]))
        early = await failure(client.get_config())
        await client.connect()
        described = await client.describe_actions()
        value = {"text": "é☃", "list": [1, None, 2.5]}
        test = {"service": "test", "action": "echo"}
        echo = await client.action({**test, "arguments": [{"name": "value", "value": value}]})
        same = await client.action({**test, "arguments": {"value": value}})
        missing = await failure(client.action({"service": "nope", "action": "missing"}))
        raw = {"label": "rtvi-ai", "type": "no-such-type", "data": {"a": 1}}
        await client.action({"service": "test", "action": "raw", "arguments": {"message": raw}})
        client.send_message({"type": "never-heard-of-it", "data": {}})
        refusal = await client.wait_for(RTVIEvent.MESSAGE_ERROR, timeout=PATIENCE)
        first = await failure(client.send_client_request("echo", 1))
        again = await failure(client.send_client_request("echo", 1))
        # An action that raises: this server answers no action any more.
        dead = await failure(client.action({"service": "test", "action": "fail"}, timeout=0.5))
        later = await failure(client.action({**test, "arguments": {"value": 1}}, timeout=0.5))
        alive = bool(await client.get_config())
        pending = asyncio.ensure_future(failure(client.action({"service": "test", "action": "echo"}, timeout=None)))
        await asyncio.sleep(0.1)
        await client.disconnect()
        result = {
            "early": early["type"],
            "described": [f"{action.service}:{action.action}" for action in described.actions],
            "echo": [echo.type, echo.data.result == value, same.data.result == value],
            "missing": [missing["type"], missing["text"]],
            "unknown": unknown,
            "refusal": refusal.data.error,
            "unsupported": [first["type"], again["type"]],
            "dead": [dead["type"], later["type"], alive],
            "pending": (await pending)["type"],
        }
    """)
    assert result["early"] == "BotNotReadyError"
    assert {"tts:say", "tts:interrupt", "llm:run", "llm:get_context"} <= set(result["described"])
    assert result["echo"] == ["action-response", True, True]
    assert result["missing"] == ["RequestError", "Action nope:missing not registered"]
    assert result["unknown"] == [["no-such-type", {"a": 1}]]
    assert result["refusal"] == "Unsupported type never-heard-of-it"
    assert result["unsupported"] == ["UnsupportedFeatureError"] * 2
    assert result["dead"] == ["RequestTimeoutError", "RequestTimeoutError", True]
    assert result["pending"] == "DisconnectedError"


def test_the_helper_of_the_model(page: InPagePython) -> None:
    result = page.run("""
        client = new_client()
        llm = client.register_helper("llm", LLMHelper())
        early = await failure(llm.get_context())
        await client.connect()
        first = await llm.get_context()
        done = await llm.set_context({"messages": [{"role": "system", "content": "You are a test."}]})
        second = await llm.get_context()
        appended = await llm.append_to_messages({"role": "user", "content": "who are you"})
        third = await llm.get_context()
        spoken = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
        await asyncio.sleep(0)
        ran = await llm.run(interrupt=True)
        await spoken
        result = {
            "early": [early["type"], early["text"]],
            "second": second.messages,
            "third": third.messages[-1],
            "done": [done, appended, ran.data.result],
            "said": client.conversation.turns[-1].text,
        }
        await client.disconnect()
    """)
    assert result["early"][0] == "BotNotReadyError"
    assert "get_context" in result["early"][1]
    assert result["second"] == [{"role": "system", "content": "You are a test."}]
    assert result["third"] == {"role": "user", "content": "who are you"}
    assert result["done"] == [True, True, True]
    assert "OpenAI" in result["said"]


@pytest.mark.parametrize("registered", ["named", "default", "helper", "raises", "none"])
def test_function_calls(page: InPagePython, registered: str) -> None:
    page.run("asyncio.get_running_loop().set_exception_handler(lambda *_: None)")  # the one that raises is meant
    said, calls = page.run(
        """
        client = new_client()
        llm = client.register_helper("llm", LLMHelper())
        calls = []

        async def weather(call):
            calls.append([call.function_name, call.arguments])
            return {"conditions": "sunny", "location": call.arguments["location"]}

        def broken(call):
            raise RuntimeError("the weather station is closed")

        if registered == "named":
            client.register_function_call_handler("get_weather", weather)
        elif registered == "default":
            client.register_function_call_handler(None, weather)
        elif registered == "helper":
            llm.handle_function_call(weather)
        elif registered == "raises":
            client.register_function_call_handler("get_weather", broken)
        await client.connect()
        said = await answer_to(client, "what is the weather")
        await client.disconnect()
        result = [said, calls]
        """,
        registered=registered,
    )
    if registered in ("named", "default", "helper"):
        assert calls == [["get_weather", {"location": "Paris"}]]
        assert "sunny" in said
    else:
        assert calls == []
        assert ("closed" if registered == "raises" else "no handler") in said


def test_single_turn_actions(page: InPagePython) -> None:
    result = page.run("""
        client = new_client()
        words = []
        client.on(RTVIEvent.BOT_LLM_TEXT, lambda piece: words.append(piece.text))
        request = {
            "service": "llm",
            "action": "append_to_messages",
            "arguments": {"messages": [{"role": "user", "content": "who are you"}], "run_immediately": True},
        }
        stopped = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_LLM_STOPPED, timeout=PATIENCE))
        await asyncio.sleep(0)
        response = await client.action(request)
        await stopped
        client.params.endpoints.action = "/nowhere"
        lost = await failure(client.action(request))
        client.params.endpoints.action = None
        unset = await failure(client.action(request))
        client.params.services = {"llm": "unknown"}
        client.params.endpoints.action = "/action"
        state = client.state
        result = [response.data.result, "".join(words).strip(), lost, unset["type"], state]
    """)
    done, said, lost, unset, state = result
    assert done is True
    assert said == "I am OpenAI's model."
    assert (lost["type"], lost["status"]) == ("RequestError", 404)
    assert unset == "ActionEndpointNotSetError"
    assert state == "disconnected"
