"""Code of the page that raises what ends programs, or swallows its cancellation, on Pyodide's own event loop."""

from pytest_pyodide import run_in_pyodide


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


@run_in_pyodide
async def test_a_connect_handler_that_swallows_its_cancellation(selenium):
    import asyncio

    import pytest

    from rtvi_web import ConnectionTimeoutError, RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    let_go = asyncio.Event()
    swallowed = []

    async def stubborn(params, timeout, abort_controller):
        while not let_go.is_set():
            try:
                await let_go.wait()
            except BaseException:
                swallowed.append(True)

    client = RTVIClient(transport=SmallWebRTCTransport(), timeout=0.5, custom_connect_handler=stubborn)
    clock = asyncio.get_running_loop().time
    before = clock()
    with pytest.raises(ConnectionTimeoutError):
        await client.connect()
    assert clock() - before < 4  # a permission prompt and the microphone included
    assert client.tracks().local.audio is None
    assert swallowed == [True]
    let_go.set()
    await asyncio.sleep(0)
