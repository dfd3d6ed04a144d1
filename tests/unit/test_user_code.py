"""Code of the page that raises what ends programs, or that will not be stopped: no session hangs or ends by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sessions import CALL, Run, Transport, ready, turns

from rtvi_web import (
    ConnectAbortedError,
    ConnectionTimeoutError,
    RTVIClient,
    RTVIClientHelper,
    RTVIEvent,
    RTVIMessage,
    StartBotError,
    TransportStartError,
    TransportState,
)
from rtvi_web.core.tasks import PATIENCE, call_user_code
from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedRealtimeTransport, ScriptedTransport, expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")


class Odd(BaseException):
    """As libraries have them: pytest's failures, for example."""


EXITS = [SystemExit(1), KeyboardInterrupt("stop"), GeneratorExit("over"), Odd("odd")]
KINDS = ["sync", "async"]
TEXT = {"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "hi"}}


def raises(kind: str, error: BaseException) -> Callable[..., Any]:
    """A function of the page that raises."""

    def function(*_: Any) -> Any:
        raise error

    async def coroutine(*_: Any) -> Any:
        await asyncio.sleep(0)
        raise error

    return function if kind == "sync" else coroutine


class Stubborn:
    """A coroutine function that swallows cancellation, until the test lets it go."""

    def __init__(self) -> None:
        self.cancelled = 0
        self._let_go = False

    async def __call__(self, *_: Any) -> Any:
        while not self._let_go:
            try:
                await asyncio.sleep(1)
            except:  # noqa: E722, what this is about
                self.cancelled += 1
        return "late"

    async def end(self) -> None:
        self._let_go = True
        await asyncio.sleep(2)


@pytest.fixture
def stubborn(reported: list[Any]) -> Stubborn:
    return Stubborn()


async def given_up(stubborn: Stubborn, reported: list[Any], what: str) -> None:
    """Check that it was cancelled once and is reported in time, and end it."""
    await asyncio.sleep(PATIENCE + 0.1)
    assert stubborn.cancelled == 1
    assert [str(error) for error in reported if "still running" in str(error)] == [
        f"{what} was cancelled, but is still running after 5 s"
    ]
    reported.clear()
    await stubborn.end()


@pytest.mark.parametrize("error", EXITS, ids=repr)
@pytest.mark.parametrize("kind", KINDS)
class TestExit:
    """It is reported like any exception, and nothing else notices."""

    async def test_of_a_handler(self, kind: str, error: BaseException, reported: list[Any]) -> None:
        run = await ready(expect("client-message"), say("bot-llm-text", {"text": "hi"}))
        got: list[str] = []
        run.client.on(RTVIEvent.BOT_LLM_TEXT, raises(kind, error))
        run.client.once(RTVIEvent.BOT_LLM_TEXT, raises(kind, error))
        run.client.on(RTVIEvent.BOT_LLM_TEXT, lambda text: got.append(text.text))
        waiting = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT))
        await turns(1)
        run.client.send_client_message("go")
        assert (await waiting).text == "hi"
        await turns(5)
        assert got == ["hi"]
        assert reported == [error, error]
        reported.clear()
        await run.client.disconnect()

    async def test_of_handlers_of_connecting(self, kind: str, error: BaseException, reported: list[Any]) -> None:
        client = RTVIClient(transport=ScriptedTransport(*handshake()))
        for event in RTVIEvent:
            client.on(event, raises(kind, error))
        await client.connect()
        await client.disconnect()
        await turns(5)
        assert len(reported) > 10
        assert set(map(id, reported)) == {id(error)}
        reported.clear()

    async def test_of_a_helper(self, kind: str, error: BaseException, reported: list[Any]) -> None:
        class Helper(RTVIClientHelper):
            def get_message_types(self) -> list[str]:
                return ["mine"]

            def handle_message(self, message: RTVIMessage) -> object:
                return raises(kind, error)(message)

        run = await ready(expect("client-message"), say("mine"), say("bot-llm-text", {"text": "hi"}))
        run.client.register_helper("x", Helper())
        run.client.send_client_message("go")
        assert (await run.client.wait_for(RTVIEvent.BOT_LLM_TEXT)).text == "hi"
        await turns(5)
        assert reported == [error]
        reported.clear()
        await run.client.disconnect()

    async def test_of_a_function_handler(self, kind: str, error: BaseException, reported: list[Any]) -> None:
        result = {"error": f"{type(error).__name__}: {error}"}
        run = await ready(expect("client-message"), CALL, expect("llm-function-call-result", {"result": result}))
        run.client.register_function_call_handler("f", raises(kind, error))
        run.client.send_client_message("go")
        await turns(10)
        run.transport.finish()
        assert reported == [error]
        reported.clear()
        await run.client.disconnect()

    async def test_of_a_connect_handler(self, kind: str, error: BaseException) -> None:
        run = Run(Transport(), custom_connect_handler=raises(kind, error))
        with pytest.raises(StartBotError, match=f"raised {type(error).__name__}: {error}") as raised:
            await run.client.connect()
        assert raised.value.__cause__ is error
        assert run.client.state is TransportState.ERROR
        run.released()

    async def test_of_realtime_handlers(self, kind: str, error: BaseException, reported: list[Any]) -> None:
        client = RealtimeClient(transport=ScriptedRealtimeTransport())
        got: list[Any] = []
        client.on("*", raises(kind, error))
        client.on("client.connected", got.append)
        await client.connect()
        await client.disconnect()
        await turns(5)
        assert len(got) == 1
        assert set(map(id, reported)) == {id(error)}
        reported.clear()

    async def test_of_a_tool(self, kind: str, error: BaseException, reported: list[Any]) -> None:
        server = ScriptedRealtimeTransport()
        client = RealtimeClient(transport=server)
        client.register_tool({"name": "f"}, raises(kind, error))
        await client.connect()
        call_tool(server)
        await turns(10)
        assert outputs(server) == [f'{{"error": "{type(error).__name__}: {error}"}}']
        assert reported == [error]
        reported.clear()
        await client.disconnect()

    async def test_of_the_function_that_gives_the_key(self, kind: str, error: BaseException) -> None:
        client = RealtimeClient(transport=ScriptedRealtimeTransport(), api_key=raises(kind, error))
        with pytest.raises(TransportStartError, match=f"{type(error).__name__}: {error}"):
            await client.connect()
        assert not client.is_connected()


@pytest.mark.parametrize("error", EXITS, ids=repr)
async def test_exit_of_a_coroutine_from_a_click(error: BaseException, reported: list[Any]) -> None:
    rtvi, realtime = RTVIClient(transport=ScriptedTransport()), RealtimeClient(transport=ScriptedRealtimeTransport())
    for client in (rtvi, realtime):
        await asyncio.wait({client.run(raises("async", error)(), "clicking failed")})
        assert reported == [error]
        reported.clear()


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration()], ids=repr)
async def test_exit_of_a_check(error: BaseException) -> None:
    run = await ready(expect("client-message"), say("bot-llm-text", {"text": "hi"}))
    waiting = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT, check=raises("sync", error)))
    await turns(1)
    run.client.send_client_message("go")
    with pytest.raises(RuntimeError, match=rf"the check of wait_for\(\) raised {type(error).__name__}"):
        await waiting
    await run.client.disconnect()


def call_tool(server: ScriptedRealtimeTransport) -> None:
    item = {"id": "i1", "type": "function_call", "name": "f", "call_id": "c1", "status": "completed", "arguments": "{}"}
    server.say("response.created", response={"id": "r1", "conversation_id": "conv_1", "output": []})
    server.say("response.output_item.done", response_id="r1", output_index=0, item=item)


def outputs(server: ScriptedRealtimeTransport) -> list[str]:
    items = [event["item"] for event in server.sent if event["type"] == "conversation.item.create"]
    return [item["output"] for item in items if item["type"] == "function_call_output"]


class TestWhatWillNotBeStopped:
    """It is left to itself and reported; what waited for it goes on in time."""

    @pytest.mark.parametrize("ends_by", ["deadline", "disconnect", "cancelling"])
    async def test_a_connect_handler(self, ends_by: str, stubborn: Stubborn, reported: list[Any]) -> None:
        run = Run(Transport(), custom_connect_handler=stubborn, timeout=3 if ends_by == "deadline" else None)
        await ended_in_time(run.client.connect, run.client.disconnect, ends_by)
        assert all(track.readyState == "ended" for track in run.microphones)
        await given_up(stubborn, reported, "the custom connect handler")
        run.released()

    @pytest.mark.parametrize("ends_by", ["deadline", "disconnect", "cancelling"])
    async def test_the_function_that_gives_the_key(self, ends_by: str, stubborn: Stubborn, reported: list[Any]) -> None:
        server = ScriptedRealtimeTransport()
        client = RealtimeClient(transport=server, api_key=stubborn, timeout=3 if ends_by == "deadline" else None)
        await ended_in_time(client.connect, client.disconnect, ends_by)
        assert not client.is_mic_enabled
        await given_up(stubborn, reported, "the function api_key")

    async def test_a_function_handler(self, stubborn: Stubborn, reported: list[Any]) -> None:
        error = "TimeoutError: the handler of function 'f' gave no result within 3 s"
        run = await ready(
            expect("client-message"), CALL, expect("llm-function-call-result", {"result": {"error": error}})
        )
        run.client.register_function_call_handler("f", stubborn, timeout=3)
        run.client.send_client_message("go")
        await asyncio.sleep(3.1)
        run.transport.finish()
        assert [str(error) for error in reported] == ["the handler of function 'f' gave no result within 3 s"]
        await given_up(stubborn, reported, "the handler of function 'f'")
        run.transport.finish()
        await run.client.disconnect()

    async def test_a_function_handler_at_the_end_of_the_session(self, stubborn: Stubborn, reported: list[Any]) -> None:
        run = await ready(expect("client-message"), CALL)
        run.client.register_function_call_handler("f", stubborn)
        run.client.send_client_message("go")
        await turns(5)
        await run.client.disconnect()
        await given_up(stubborn, reported, "the handler of function 'f'")
        run.transport.finish()

    async def test_a_tool(self, stubborn: Stubborn, reported: list[Any]) -> None:
        server = ScriptedRealtimeTransport()
        client = RealtimeClient(transport=server)
        client.register_tool({"name": "f"}, stubborn, timeout=3)
        await client.connect()
        call_tool(server)
        await asyncio.sleep(3.1)
        assert outputs(server) == ['{"error": "TimeoutError: tool \'f\' gave no result within 3 s"}']
        await given_up(stubborn, reported, "tool 'f'")
        await client.disconnect()

    async def test_a_tool_at_the_end_of_the_session(self, stubborn: Stubborn, reported: list[Any]) -> None:
        server = ScriptedRealtimeTransport()
        client = RealtimeClient(transport=server)
        client.register_tool({"name": "f"}, stubborn)
        await client.connect()
        call_tool(server)
        await turns(5)
        await client.disconnect()
        assert outputs(server) == []
        await given_up(stubborn, reported, "tool 'f'")

    async def test_a_handler_of_an_event(self, stubborn: Stubborn) -> None:
        run = await ready()
        run.client.on(RTVIEvent.DISCONNECTED, stubborn)
        await run.client.disconnect()
        assert run.client.state is TransportState.DISCONNECTED
        await stubborn.end()


async def ended_in_time(
    connect: Callable[[], Awaitable[Any]], disconnect: Callable[[], Awaitable[None]], ends_by: str
) -> None:
    """End an attempt to connect after three seconds, and check that it takes no longer."""
    clock = asyncio.get_running_loop().time
    before = clock()
    connecting = asyncio.ensure_future(connect())
    if ends_by == "deadline":
        with pytest.raises(ConnectionTimeoutError):
            await connecting
    else:
        await asyncio.sleep(3)
        if ends_by == "disconnect":
            await disconnect()
        else:
            connecting.cancel()
        with pytest.raises(ConnectAbortedError if ends_by == "disconnect" else asyncio.CancelledError):
            await connecting
    assert clock() - before == pytest.approx(3, abs=0.01)


class TestCallUserCode:
    async def test_a_coroutine_that_is_cancelled_ends(self) -> None:
        ended: list[str] = []

        async def patient() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("ended")

        with pytest.raises(TimeoutError, match="it gave no result within 1 s"):
            await call_user_code(patient, "it", timeout=1)
        await turns(2)
        assert ended == ["ended"]

    async def test_a_coroutine_that_was_cancelled_by_another(self) -> None:
        """That is an error of the user's code, and not the cancellation of who waits for it."""
        with pytest.raises(asyncio.CancelledError):
            await call_user_code(raises("async", asyncio.CancelledError()), "it")
        task = asyncio.current_task()
        assert task
        assert not task.cancelling()

    async def test_an_error_after_the_cancellation_is_reported(self, reported: list[Any]) -> None:
        error = LookupError()

        async def late() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise error from None

        with pytest.raises(TimeoutError):
            await call_user_code(late, "it", timeout=1)
        await turns(2)
        assert reported == [error]
        reported.clear()

    async def test_an_error_at_the_moment_of_the_cancellation_is_reported(self, reported: list[Any]) -> None:
        error = SystemExit(1)
        ended = asyncio.Event()

        async def fails() -> None:
            await ended.wait()
            raise error

        calling = asyncio.ensure_future(call_user_code(fails, "it"))
        await turns(2)
        ended.set()
        await turns(1)  # It has raised, and the caller has not heard of it yet.
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await turns(2)
        assert reported == [error]
        reported.clear()

    async def test_what_is_not_a_coroutine_but_can_be_awaited(self) -> None:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(1, future.set_result, 5)
        assert await call_user_code(lambda: future, "it", timeout=2) == 5
        assert await call_user_code(lambda: "plain", "it") == "plain"
