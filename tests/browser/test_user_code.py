"""Code of the page that raises what ends programs, or swallows its cancellation, on Pyodide's own event loop."""

import pytest
from pytest_pyodide import run_in_pyodide

stubborn_ones = pytest.mark.parametrize("how", ["waits", "spins"])


@run_in_pyodide
async def test_exit_in_a_handler_ends_nothing(selenium):
    import asyncio

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.testing import ScriptedTransport, expect, handshake, say

    reported = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    try:
        call = {"function_name": "f", "tool_call_id": "1", "arguments": {}}
        result = {"error": "SystemExit: 3"}
        transport = ScriptedTransport(
            *handshake(),
            expect("client-message"),
            say("llm-function-call-in-progress", call),
            expect("llm-function-call-result", {"result": result}),
            say("bot-llm-text", {"text": "I see."}),
        )
        client = RTVIClient(transport=transport)

        @client.on(RTVIEvent.BOT_READY)
        def leaves():
            raise SystemExit(1)

        @client.on(RTVIEvent.BOT_READY)
        async def leaves_later():
            await asyncio.sleep(0)
            raise KeyboardInterrupt

        @client.register_function_call_handler("f")
        async def function(call):
            await asyncio.sleep(0)
            raise SystemExit(3)

        await client.connect()
        client.send_client_message("go")
        assert (await client.wait_for(RTVIEvent.BOT_LLM_TEXT, timeout=5)).text == "I see."
        transport.finish()
        await client.disconnect()
        assert [type(error).__name__ for error in reported] == ["SystemExit", "KeyboardInterrupt", "SystemExit"]
    finally:
        loop.set_exception_handler(None)


@stubborn_ones
@run_in_pyodide
async def test_a_connect_handler_that_swallows_its_cancellation(selenium, how):
    import asyncio

    import pytest
    from stubborn import Stubborn

    from rtvi_web import ConnectAbortedError, ConnectionTimeoutError, RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with Stubborn(how) as stubborn:
        client = RTVIClient(transport=SmallWebRTCTransport(), timeout=0.5, custom_connect_handler=stubborn)
        clock = asyncio.get_running_loop().time
        before = clock()
        with pytest.raises(ConnectionTimeoutError):
            await client.connect()
        assert clock() - before < 4  # a permission prompt and the microphone included
        assert client.tracks().local.audio is None
        assert stubborn.swallowed == 1
        assert client.tracks().local.audio is None

    async with Stubborn(how) as stubborn:
        client = RTVIClient(transport=SmallWebRTCTransport(), custom_connect_handler=stubborn)
        connecting = asyncio.ensure_future(client.connect())
        await stubborn.began.wait()
        assert client.tracks().local.audio is not None
        await client.disconnect()
        assert client.tracks().local.audio is None
        with pytest.raises(ConnectAbortedError):
            await connecting


@stubborn_ones
@run_in_pyodide
async def test_a_key_function_that_swallows_its_cancellation(selenium, how):
    import pytest
    from stubborn import Stubborn

    from rtvi_web import ConnectionTimeoutError
    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports import RealtimeWebRTCTransport

    async with Stubborn(how) as stubborn:
        client = RealtimeClient(transport=RealtimeWebRTCTransport(), timeout=0.5, api_key=stubborn)
        with pytest.raises(ConnectionTimeoutError):
            await client.connect()
        assert stubborn.swallowed == 1
        await client.disconnect()


@stubborn_ones
@run_in_pyodide
async def test_a_function_handler_that_swallows_its_cancellation(selenium, how):
    import asyncio

    from stubborn import Stubborn

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.testing import ScriptedTransport, expect, handshake, say

    reported = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(str(context["exception"])))
    try:
        text = "the handler of function 'f' gave no result within 0.5 s"
        transport = ScriptedTransport(
            *handshake(),
            expect("client-message"),
            say("llm-function-call-in-progress", {"function_name": "f", "tool_call_id": "1", "arguments": {}}),
            expect("llm-function-call-result", {"result": {"error": f"TimeoutError: {text}"}}),
            say("bot-llm-text", {"text": "I see."}),
        )
        async with Stubborn(how) as stubborn:
            client = RTVIClient(transport=transport)
            client.register_function_call_handler("f", stubborn, timeout=0.5)
            await client.connect()
            client.send_client_message("go")
            assert (await client.wait_for(RTVIEvent.BOT_LLM_TEXT)).text == "I see."
            transport.finish()
            await client.disconnect()
            assert (stubborn.swallowed, reported) == (1, [text])
    finally:
        loop.set_exception_handler(None)


@stubborn_ones
@run_in_pyodide
async def test_a_tool_that_swallows_its_cancellation(selenium, how):
    import asyncio

    from loopback import until
    from stubborn import Stubborn

    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.testing import ScriptedRealtimeTransport

    reported = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(str(context["exception"])))
    try:
        server = ScriptedRealtimeTransport()
        async with Stubborn(how) as stubborn:
            client = RealtimeClient(transport=server)
            client.register_tool({"name": "f"}, stubborn, timeout=0.5)
            await client.connect()
            call = {"id": "i", "type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
            server.say("response.created", response={"id": "r", "conversation_id": "conv", "output": []})
            done = {**call, "status": "completed"}
            server.say("response.output_item.done", response_id="r", output_index=0, item=done)
            await until(lambda: any(event["type"] == "conversation.item.create" for event in server.sent))
            [answer] = [event["item"] for event in server.sent if event["type"] == "conversation.item.create"]
            text = "tool 'f' gave no result within 0.5 s"
            assert answer["output"] == f'{{"error": "TimeoutError: {text}"}}'
            await client.disconnect()
            assert (stubborn.swallowed, reported) == (1, [text])
    finally:
        loop.set_exception_handler(None)
