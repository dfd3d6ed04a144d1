"""The kernel's side of a face in a cell."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cells import SITE, Browser
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter

from rtvi_web.errors import BotNotReadyError, InvalidArgumentError, MessageTooLargeError
from rtvi_web.notebook import FaceEvent, Problem, Said, face
from rtvi_web.notebook.messages import MAX_MESSAGE, VERSION


async def test_the_cell_is_told_where_the_page_is() -> None:
    browser = Browser()
    assert browser.face.state == "closed"
    browser.open()
    assert browser.comm.sent == [{"view": "v1", "kind": "show", "text": SITE}]
    assert browser.face.state == "loading"


async def test_the_page_is_driven_once_it_is_there() -> None:
    browser = Browser()
    browser.face.start()
    browser.open()
    assert browser.sent == [], "it is not there yet"
    browser.page("ready", version=VERSION)
    assert [each["type"] for each in browser.sent] == ["functions", "start"]
    browser.page("ready", version=VERSION)
    assert [each["type"] for each in browser.sent][2:] == ["functions"], "loaded again, it does not start again"
    browser.page("state", state="bot-ready")
    browser.face.send("hello")
    browser.face.stop()
    assert browser.sent[-2:] == [{"type": "send", "text": "hello"}, {"type": "stop"}]


async def test_a_start_that_was_taken_back() -> None:
    browser = Browser()
    browser.face.start()
    browser.face.stop()
    browser.show()
    assert [each["type"] for each in browser.sent] == ["functions"]


async def test_what_happens_is_told() -> None:
    browser = Browser()
    happened: list[object] = []
    for event in (FaceEvent.STATE_CHANGED, FaceEvent.TRANSCRIPT, FaceEvent.PROBLEM):
        browser.face.on(event, happened.append)
    browser.show()
    browser.page("state", state="connecting")
    browser.page("state", state="connecting")
    browser.page("transcript", role="user", text="<b>hi</b>")
    browser.page("problem", what="a", why="b", advice="c")
    said = Said("user", "<b>hi</b>")
    assert happened == ["loading", "connecting", said, Problem("a", "b", "c")]
    assert browser.face.transcript == [said]


async def test_texts_need_a_session_and_have_a_limit() -> None:
    browser = Browser()
    browser.show()
    with pytest.raises(BotNotReadyError, match=r"start\(\) first"):
        browser.face.send("hello")
    browser.page("state", state="bot-ready")
    with pytest.raises(MessageTooLargeError):
        browser.face.send("x" * MAX_MESSAGE)
    with pytest.raises(InvalidArgumentError, match="text must be a text"):
        browser.face.send(1)  # type: ignore[arg-type]


async def test_the_transcript_is_bounded() -> None:
    browser = Browser()
    browser.show()
    for number in range(1005):
        browser.page("transcript", role="bot", text=str(number))
    assert [said.text for said in browser.face.transcript] == [str(number) for number in range(5, 1005)]


class TestFunctions:
    async def test_they_are_answered_in_the_kernel(self) -> None:
        browser = Browser()

        @browser.face.register_function_call_handler("add", timeout=5)
        async def add(call: Any) -> int:
            await asyncio.sleep(0)
            total: int = sum(call.arguments["numbers"])
            return total

        browser.show()
        assert browser.last("functions")["functions"] == [["add", 5]]
        browser.page("call", id="1", name="add", arguments={"numbers": [1, 2]})
        assert await browser.answer("1") == {"result": 3}

    async def test_later_ones_are_told(self) -> None:
        browser = Browser()
        browser.show()
        assert browser.last("functions")["functions"] == []
        browser.face.register_function_call_handler(None, lambda call: call.function_name, timeout=None)
        assert browser.last("functions")["functions"] == [[None, None]]
        browser.page("call", id="1", name="any", arguments={})
        assert await browser.answer("1") == "any"
        browser.face.unregister_function_call_handler(None)
        assert browser.last("functions")["functions"] == []

    async def test_an_error_is_the_result(self, reported: list[Any]) -> None:
        browser = Browser()
        browser.face.register_function_call_handler("fail", lambda call: 1 / 0)
        browser.show()
        browser.page("call", id="1", name="fail", arguments={})
        assert await browser.answer("1") == {"error": "ZeroDivisionError: division by zero"}
        assert len(reported) == 1
        browser.page("call", id="2", name="unknown", arguments={})
        assert "no handler" in (await browser.answer("2"))["error"]

    async def test_a_large_result_is_an_error(self) -> None:
        browser = Browser()
        browser.face.register_function_call_handler("much", lambda call: "x" * MAX_MESSAGE)
        browser.show()
        browser.page("call", id="1", name="much", arguments={})
        assert "too large" in (await browser.answer("1"))["error"]

    @pytest.mark.parametrize("end", ["cancel", "close", "again", "elsewhere"])
    async def test_what_is_not_wanted_any_more_is_cancelled(self, end: str) -> None:
        browser = Browser()
        begun, ended = asyncio.Event(), asyncio.Event()

        async def wait(call: Any) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        browser.face.register_function_call_handler("wait", wait)
        browser.show()
        browser.page("call", id="1", name="wait", arguments={})
        async with asyncio.timeout(5):
            await begun.wait()
            if end == "cancel":
                browser.page("cancel", id="1")
            elif end == "close":
                browser.say({"view": "v1", "kind": "close", "text": ""})
            elif end == "again":
                browser.page("ready", version=VERSION)
            else:
                browser.open("v2")
            await ended.wait()
        assert not [each for each in browser.sent if each["type"] == "result"]

    async def test_there_are_only_so_many_at_once(self) -> None:
        browser = Browser()
        go = asyncio.Event()
        browser.face.register_function_call_handler("wait", lambda call: go.wait())
        browser.show()
        for number in range(65):
            browser.page("call", id=str(number), name="wait", arguments={})
        assert "too many calls" in (await browser.answer("64"))["error"]
        browser.page("call", id="0", name="wait", arguments={})
        assert "too many calls" in (await browser.answer("0"))["error"], "an id names one call"
        go.set()
        assert await browser.answer("63") == {"result": True}


class TestPlaces:
    async def test_the_last_place_counts(self) -> None:
        browser = Browser()
        browser.show()
        browser.open("v2")
        assert browser.comm.sent[-2:] == [
            {"view": "v1", "kind": "end", "text": "This face is shown in another place now."},
            {"view": "v2", "kind": "show", "text": SITE},
        ]
        browser.page("state", state="ready")
        browser.say({"view": "v1", "kind": "close", "text": ""})
        assert browser.face.state == "loading", "what an earlier place says does not count"

    async def test_another_version_is_refused(self) -> None:
        browser = Browser()
        browser.open()
        browser.page("ready", version=VERSION + 1)
        assert browser.comm.sent[-1]["kind"] == "end"
        assert "update the older one" in browser.comm.sent[-1]["text"]
        assert browser.sent == []

    async def test_a_page_that_says_nothing(self) -> None:
        browser = Browser()
        problems: list[Problem] = []
        browser.face.on(FaceEvent.PROBLEM, problems.append)
        browser.open()
        browser.say({"view": "v1", "kind": "silent", "text": SITE})
        assert "mount(app, frame=[…])" in problems[0].advice

    async def test_closing(self) -> None:
        browser = Browser()
        browser.show()
        browser.face.close()
        assert browser.comm.sent[-1] == {"view": "v1", "kind": "end", "text": "This face was closed."}
        assert browser.face.state == "closed"


@given(
    st.lists(
        st.none()
        | st.text()
        | st.dictionaries(
            st.sampled_from(["view", "kind", "text"]), st.sampled_from(["v1", "open", "page", ""]) | st.none()
        )
        | st.fixed_dictionaries(
            {"view": st.just("v1"), "kind": st.sampled_from(["open", "page", "silent", "close"]), "text": st.text()}
        )
    )
)
def test_nothing_that_a_browser_says_breaks_the_kernel(contents: list[Any]) -> None:
    async def listen() -> None:
        browser = Browser()
        browser.show()
        for content in contents:
            browser.say(content)
        assert browser.face.state in ("closed", "loading")
        browser.show()
        browser.page("state", state="connecting")
        assert browser.face.state == "connecting"

    asyncio.run(listen())


def test_jupyter_shows_the_widget() -> None:
    talk = face(SITE, title="Ask")
    shown, _ = DisplayFormatter().format(talk)  # type: ignore[no-untyped-call]
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"] == talk.widget.model_id
    assert talk.widget.get_state()["title"] == "Ask"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "needs a bot"),
        ({"site": "bots.example/face/"}, "must be an http or https address"),
        ({"site": "javascript:alert(1)"}, "must be an http or https address"),
        ({"site": "https://user:secret@bots.example/"}, "must be an http or https address"),
        ({"site": "https://bots.example\\face"}, "must be an http or https address"),
        ({"site": SITE, "bot": "http://localhost:7860"}, "has a bot of its own: bot="),
        ({"site": SITE, "transport": "webrtc", "script": "a.py"}, "transport=, script= go without site"),
        ({"bot": ""}, "needs a bot"),
        ({"bot": 5}, "bot must be a text"),
        ({"bot": "localhost:1", "script": 5}, "script must be a text"),
        ({"bot": "localhost:1", "transport": "pigeon"}, "transport must be one of webrtc, websocket"),
        ({"site": SITE, "height": 0}, "height must be"),
        ({"site": SITE, "title": None}, "title must be"),
    ],
)
def test_arguments_that_cannot_work(options: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidArgumentError, match=why) as raised:
        face(**options)
    assert "secret" not in str(raised.value)
