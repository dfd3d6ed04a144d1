"""The client in a page with loadPyodide, against a real bot: requests, functions, and every way a session can end."""

import signal
import time

import pytest
from conftest import Visit
from in_page import InPagePython
from local_bot import LocalBot, local_bot
from paths import DIST


def test_requests(in_page: InPagePython) -> None:
    result = in_page.run("""
        client = new_client(enable_mic=False)
        ready = await client.connect()
        echo = await client.send_client_request("echo", {"text": "é☃", "list": [1, None, 2.5]})
        refused = await failure(client.send_client_request("fail"))
        clock = asyncio.get_running_loop().time
        before = clock()
        unanswered = await failure(client.send_client_request("unanswered", timeout=0.5))
        took = clock() - before
        heard = asyncio.ensure_future(client.wait_for(RTVIEvent.SERVER_MESSAGE, timeout=PATIENCE))
        await asyncio.sleep(0)
        client.send_client_message("notify", {"a": 1})
        notified = await heard
        pending = asyncio.ensure_future(failure(client.send_client_request("unanswered")))
        await asyncio.sleep(0)
        await client.disconnect()
        result = [ready.version, echo, refused, unanswered["type"], took, notified, (await pending)["type"]]
    """)
    version, echo, refused, unanswered, took, notified, pending = result
    assert version == "2.2.0"
    assert echo == {"text": "é☃", "list": [1, None, 2.5]}
    assert (refused["type"], refused["text"]) == ("RequestError", "this request always fails")
    assert unanswered == "RequestTimeoutError"
    assert 0.49 < took < 5, "half a second, and not the ten that are the default"
    assert notified == {"a": 1}
    assert pending == "DisconnectedError"
    assert in_page.page.evaluate("watched.tracks.length") == 0, "enable_mic=False never opens the microphone"
    in_page.check_released()


def test_a_message_over_the_limit_is_refused_and_the_session_goes_on(in_page: InPagePython) -> None:
    result = in_page.run("""
        client = new_client(enable_mic=False)
        await client.connect()
        async def too_much():
            client.send_client_message("echo", "x" * 300_000)
        refused = await failure(too_much())
        result = [refused["type"], await client.send_client_request("echo", "x" * 200_000) == "x" * 200_000]
        await client.disconnect()
    """)
    assert result == ["MessageTooLargeError", True]


@pytest.mark.parametrize(
    ("said", "registered", "answer"),
    [
        ("what time is it", "nothing", "It is "),  # the server owns it
        ("make the page green", "answers", "The page is green now"),
        ("make the page green", "raises", "That did not work: ZeroDivisionError"),
    ],
)
def test_function_calls(in_page: InPagePython, said: str, registered: str, answer: str) -> None:
    in_page.run("asyncio.get_running_loop().set_exception_handler(lambda *_: None)")  # the one that raises is meant
    spoken = in_page.run(
        """
        client = new_client(enable_mic=False)
        calls = []
        if registered != "nothing":
            @client.register_function_call_handler("set_page_color")
            async def handler(call):
                calls.append([call.function_name, call.arguments, bool(call.tool_call_id)])
                return 1 / 0 if registered == "raises" else call.arguments
        greeted = asyncio.Event()
        client.on(RTVIEvent.BOT_STOPPED_SPEAKING, lambda *_: greeted.set())
        await client.connect()
        async with asyncio.timeout(PATIENCE):
            await greeted.wait()
        words = []
        client.on(RTVIEvent.BOT_LLM_TEXT, lambda piece: words.append(piece.text))
        client.send_text(said)
        async with asyncio.timeout(PATIENCE):
            while wanted not in "".join(words):
                await client.wait_for(RTVIEvent.BOT_LLM_TEXT)
        await client.disconnect()
        result = ["".join(words), calls]
        """,
        said=said,
        registered=registered,
        wanted=answer,
    )
    words, calls = spoken
    assert answer in words
    assert calls == ([] if registered == "nothing" else [["set_page_color", {"color": "green"}, True]])


def test_disconnect_at_any_moment_of_connect(in_page: InPagePython) -> None:
    """From the first step of connect() until it is through, and then it connects."""
    result = in_page.run("""
        async def outcome(connecting):
            try:
                await connecting
            except ConnectAbortedError as error:
                return "aborted", error.phase
            return "connected", "none"

        async def reaches(state):
            reached = asyncio.Event()
            client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, lambda now: now == state and reached.set())
            async with asyncio.timeout(PATIENCE):
                await reached.wait()

        client = new_client()
        outcomes = []
        phases = set()
        milliseconds = [0, 0, 1, 2, 4, 8, 12, 16, 20, 30, 40, 60, 80, 100, 130, 160, 200, 250]
        moments = [lambda ms=ms: asyncio.sleep(ms / 1000) for ms in milliseconds]
        # On a slow machine all of those are early.
        moments += [lambda state=state: reaches(state) for state in ("authenticating", "connecting")]
        for moment in moments:
            attempt = asyncio.ensure_future(outcome(client.connect()))
            await moment()
            await client.disconnect()
            how, phase = await attempt
            outcomes.append(how)
            phases.add(phase)
            assert client.state == "disconnected", client.state
            assert not client.is_mic_enabled
        await client.connect()
        result = [outcomes, sorted(phases), client.is_mic_enabled]
        await client.disconnect()
    """)
    outcomes, phases, mic = result
    assert set(outcomes) <= {"aborted", "connected"}
    assert "aborted" in outcomes
    interrupted = set(phases) - {"none"}
    assert interrupted > {"devices"}, f"only {phases} were interrupted"
    assert mic
    in_page.check_released()


def test_cancelling_the_task_that_connects(in_page: InPagePython) -> None:
    result = in_page.run("""
        client = new_client()
        result = []
        for milliseconds in [1, 10, 30, 60, 100, 150]:
            attempt = asyncio.ensure_future(client.connect())
            await asyncio.sleep(milliseconds / 1000)
            attempt.cancel()
            done, _ = await asyncio.wait({attempt}, timeout=PATIENCE)
            result.append([bool(done), client.state in ("disconnected", "ready")])
            await client.disconnect()
    """)
    assert all(ended and settled for ended, settled in result)
    in_page.check_released()


def test_a_second_connect_is_refused_and_harms_nothing(in_page: InPagePython) -> None:
    result = in_page.run("""
        client = new_client(enable_mic=False)
        first = asyncio.ensure_future(client.connect())
        await asyncio.sleep(0)
        result = [(await failure(client.connect()))["type"]]
        await first
        result += [(await failure(client.connect()))["type"], await client.send_client_request("echo", 1)]
        await client.disconnect()
    """)
    assert result == ["AlreadyStartedError", "AlreadyStartedError", 1]


def test_the_server_ends_in_a_live_session(visit: Visit) -> None:
    """It says goodbye (test_faults has one that doesn't): all is released, and a new bot can be met."""
    allow = ("ERR_CONNECTION_REFUSED",)
    with local_bot(site=DIST) as doomed:
        page = InPagePython(visit("", allow=allow), doomed.address)
        page.run("""
            client = new_client()
            await client.connect()
            over = asyncio.ensure_future(client.wait_for(RTVIEvent.DISCONNECTED, timeout=PATIENCE))
            waiting = asyncio.ensure_future(failure(client.send_client_request("unanswered", timeout=None)))
            await asyncio.sleep(0.1)
        """)
        doomed.servers[0].process.send_signal(signal.SIGTERM)
        result = page.run("""
            await over
            ended = await waiting
            again = await failure(client.connect())
            result = [client.state, client.is_mic_enabled, ended["type"], ended["text"], again["type"]]
        """)
    assert result == [
        "error",
        False,
        "DisconnectedError",
        "The bot left the session. [phase: session]",
        "StartBotError",
    ]
    page.check_released()


def test_the_bot_is_told_when_the_page_is_left(in_page: InPagePython, bot: LocalBot) -> None:
    """Else the server would notice after half a minute only."""
    in_page.run("client = new_client(enable_mic=False)\nawait client.connect()")
    log = bot.servers[0].log
    before = len(log.read_text(errors="replace"))
    in_page.page.goto("about:blank")
    deadline = time.monotonic() + 20
    while "disconnected" not in (logged := log.read_text(errors="replace")[before:]).lower():
        assert time.monotonic() < deadline, f"the bot did not notice; its log since then: {logged}"
        time.sleep(0.05)


def test_micropip_installs_the_plain_wheel(in_page: InPagePython) -> None:
    wheel = next((DIST / "wheels").glob("rtvi_web-*.whl")).name
    version = in_page.page.evaluate(
        """async (wheel) => {
          const { loadPyodide } = await import("./pyodide/pyodide.mjs");
          const pyodide = await loadPyodide({ packages: ["micropip"] });
          const source = `
            import micropip
            await micropip.install("${new URL("wheels/" + wheel, location).href}")
            import rtvi_web
            rtvi_web.__version__ + " " + rtvi_web.__file__
          `;
          return pyodide.runPythonAsync(source.replace(/^ +/gm, ""));
        }""",
        wheel,
    )
    assert version.startswith(wheel.split("-")[1] + " /lib/python3")
    assert version.endswith("__init__.py"), "the plain wheel holds sources"
