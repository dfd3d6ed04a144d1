"""JSON that is nested 10,000 levels deep, given to each place of the package that parses: on CPython and in the page.

Each function gives it to some places, checks how that ends, and that the client goes on. It needs nothing of pytest, so
that the browser test runs it as it is.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from typing import Any

from rtvi_web import (
    HttpError,
    RequestError,
    RTVIClient,
    RTVIClientHelper,
    RTVIEvent,
    StartBotError,
    TransportStartError,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.notebook.messages import TO_PAGE, read
from rtvi_web.realtime import RealtimeClient
from rtvi_web.rtvi.protocol.events import BY_WIRE
from rtvi_web.testing import ScriptedRealtimeTransport, ScriptedTransport, expect, handshake, replay, say
from rtvi_web.testing.http import HttpAnswer, HttpStream, ScriptedHttp

LEVELS = 10_000
DEEP = ["[" * LEVELS + "]" * LEVELS, '{"a":' * LEVELS + "1" + "}" * LEVELS]
URL = "http://bot.test"


async def raises(kind: type[Exception], words: str, awaited: Any) -> None:
    """Check that an await ends with an error."""
    outcome = (await asyncio.gather(awaited, return_exceptions=True))[0]
    assert isinstance(outcome, kind), outcome
    assert words in str(outcome), outcome


async def become_invalid_messages(client: RTVIClient, texts: list[str]) -> None:
    """The bot says these texts, then something good: the client fires as many invalid messages, and goes on."""
    events = client.events(RTVIEvent.INVALID_MESSAGE, RTVIEvent.SERVER_MESSAGE)
    await client.connect()
    for text in texts:
        event, args = await anext(events)
        assert event == RTVIEvent.INVALID_MESSAGE, (event, text[:100])
        assert len(args[0].text) <= 2000
    assert (await anext(events)).args == ("and on",)
    await client.disconnect()


async def messages(deep: str) -> None:
    """Messages of every type, some of which helpers take."""

    class Helper(RTVIClientHelper):
        def get_message_types(self) -> list[str]:
            return ["of-a-helper", "metrics"]

        def handle_message(self, message: object) -> None:
            raise AssertionError(message)

    types = [*BY_WIRE, "server-response", "action-response", "of-a-helper", "unknown"]
    texts = [f'{{"label": "rtvi-ai", "type": "{type}", "id": "1", "data": {deep}}}' for type in types]
    texts += [f'{{"label": "rtvi-ai", "type": "metrics", "data": {{"ttfb": [{{"value": {deep}}}]}}}}']
    texts += [deep, f'{{"type": {deep}}}', f'{{"label": {deep}, "type": "x"}}']
    transport = ScriptedTransport(*handshake(), *map(say_text, texts), say("server-message", "and on"))
    client = RTVIClient(transport=transport)
    client.register_helper("helper", Helper())
    await become_invalid_messages(client, texts)


def say_text(text: str) -> Any:
    """The step in which a bot sends a text that need not be a message."""
    return say("x", None)._replace(message=text)


async def arguments_of_a_function(deep: str) -> None:
    """Some models write arguments as a text, which is JSON once more."""
    data = {"function_name": "f", "tool_call_id": "1", "arguments": deep}
    text = json.dumps({"label": "rtvi-ai", "type": "llm-function-call-in-progress", "data": data})
    transport = ScriptedTransport(*handshake(), say_text(text), say("server-message", "and on"))
    client = RTVIClient(transport=transport)
    client.register_function_call_handler("f", lambda call: 1 / 0)
    await become_invalid_messages(client, [text])


async def answers_to_a_start_request(deep: str) -> None:
    """An answer of this kind cannot be used, and a refusal of this kind is quoted."""
    start = [HttpResponse(200, deep), HttpResponse(500, deep), HttpResponse(500, f'{{"detail": {deep}}}')]
    client = RTVIClient(transport=ScriptedTransport(start=start), params={"base_url": URL})
    await raises(StartBotError, "not a JSON object", client.connect())
    await raises(StartBotError, "returned 500: " + deep[:4], client.connect())
    await raises(StartBotError, 'returned 500: {"detail"', client.connect())
    client = RTVIClient(transport=ScriptedTransport(start=[HttpResponse(200, deep)]))
    await raises(StartBotError, "not JSON", client.start_bot(URL))


async def answers_to_an_upload(deep: str) -> None:
    start = [HttpResponse(200, deep), HttpResponse(200, f'{{"source": {deep}}}')]
    client = RTVIClient(transport=ScriptedTransport(start=start), params={"base_url": URL})
    for _ in start:
        await raises(HttpError, "address", client.upload_file(b"x", name="a.txt"))


async def answers_to_an_offer(deep: str) -> None:
    from rtvi_web.transports.small_webrtc.offer import OfferRequest
    from rtvi_web.transports.small_webrtc.signalling import Signalling

    http = ScriptedHttp([HttpResponse(200, deep), HttpResponse(200, f'{{"sdp": {deep}}}')])
    signalling = Signalling(http, OfferRequest([URL], {}))
    for _ in range(2):
        await raises(TransportStartError, "is not JSON", signalling.offer("v=0"))


async def messages_in_a_daily_room(deep: str) -> None:
    from rtvi_web.browser.daily import Person
    from rtvi_web.transports.daily.room import Room

    room = Room(None)
    room.update(Person("1", "", local=False, kind="", tracks={}), 0)
    for text in (deep, f'{{"label": "rtvi-ai", "type": "bot-ready", "data": {deep}}}'):
        room.said("1", text)
    assert room.bot(0) is None


async def answers_to_an_action(deep: str) -> None:
    """In a stream of events, as text and as base64, and in one answer."""
    text = f'{{"label": "rtvi-ai", "type": "action-response", "id": "1", "data": {deep}}}'
    stream = [f"data: {text}\n\n".encode(), b"data: " + base64.b64encode(text.encode()) + b"\n\n"]
    start: list[HttpAnswer] = [HttpStream(stream), HttpResponse(200, text), HttpResponse(400, deep)]
    client = RTVIClient(transport=ScriptedTransport(start=start), params={"base_url": URL})
    invalid: list[Any] = []
    client.on(RTVIEvent.INVALID_MESSAGE, invalid.append)
    action = {"service": "llm", "action": "run"}
    await raises(RequestError, "without an answer", client.action(action))
    assert len(invalid) == 2
    await raises(RequestError, "", client.action(action))
    await raises(RequestError, "returned 400", client.action(action))


class Bundle:
    """On CPython, what stands for a JavaScript object with so many levels."""

    def __init__(self, levels: int) -> None:
        self._levels = levels

    def to_py(self, *, depth: int) -> Any:
        if depth == 0:
            return self
        return {"a": Bundle(self._levels - 1).to_py(depth=depth - 1)} if self._levels else 1


async def what_a_connect_handler_returns(deep: str) -> None:
    """It may be an object of JavaScript, such as ``await response.json()`` gives."""
    if sys.platform == "emscripten":
        import js

        bundle = js.JSON.parse(f'{{"a": {deep}}}')
    else:
        bundle = Bundle(LEVELS)
    client = RTVIClient(transport=ScriptedTransport(), custom_connect_handler=lambda *_: bundle)
    await raises(StartBotError, "more than 200 levels", client.connect())


async def realtime_events(deep: str) -> None:
    """Frames, the arguments of a tool, and arguments whose end says whether they are whole."""
    server = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=server)
    errors: list[Any] = []
    client.on("error", errors.append)
    client.register_tool({"name": "f"}, lambda arguments: 1 / 0)
    await client.connect()
    for text in (deep, f'{{"type": "response.done", "response": {deep}}}', f'{{"type": {deep}}}'):
        server.say_text(text)
        assert errors.pop().source == "message"
    item = {"type": "function_call", "name": "f", "call_id": "c", "arguments": deep}
    loop = asyncio.get_running_loop()
    reported: list[Any] = []
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    server.say("response.output_item.done", response_id="r", item={**item, "id": "i", "status": "completed"})
    end = {"item_id": "j", "response_id": "r", "name": "f", "call_id": "d", "arguments": deep}
    server.say("response.function_call_arguments.done", **end)
    for _ in range(20):
        await asyncio.sleep(0)
    loop.set_exception_handler(handler)
    outputs = [event["item"]["output"] for event in server.sent_of("conversation.item.create")]
    assert outputs
    assert all("more than 200 levels" in json.loads(output)["error"] for output in outputs)
    assert all("more than 200 levels" in str(error) for error in reported)
    await client.disconnect()


async def what_is_just_within_the_limit(deep: str) -> None:
    """It is handed on, kept, copied and sent back like any other value."""
    levels = 190
    value = json.loads(deep[0] * levels + "]" * levels if deep[0] == "[" else '{"a":' * levels + "1" + "}" * levels)
    call = {"function_name": "f", "tool_call_id": "1", "arguments": {"value": value}}
    transport = ScriptedTransport(
        *handshake(),
        say("llm-function-call-in-progress", call),
        expect("llm-function-call-result", {"result": {"value": value}}),
        say("server-message", value),
    )
    client = RTVIClient(transport=transport)
    client.register_function_call_handler("f", lambda call: call.arguments)
    recording = client.record()
    messages = client.events(RTVIEvent.SERVER_MESSAGE)
    await client.connect()
    assert (await anext(messages)).args == (value,)
    assert json.dumps(value) in recording.text()
    assert json.loads(client.conversation.to_json())["turns"][0]["function_calls"][0]["arguments"] == {"value": value}
    await client.disconnect()

    server = ScriptedRealtimeTransport()
    realtime = RealtimeClient(transport=server)
    seen: list[Any] = []
    realtime.on("realtime.event", seen.append)
    await realtime.connect()
    server.say("conversation.item.added", item={"id": "i", "type": "message", "role": "user", "x": value})
    item = realtime.conversation.get_item("i")
    assert item
    assert item.extra == {"x": value}
    assert seen[-1].event["item"]["x"] == value
    await realtime.disconnect()


async def replaying(text: str) -> None:
    replay(text)


async def recordings(deep: str) -> None:
    """A recording keeps deep messages as text, and no script is made of deep lines."""
    message = json.dumps({"label": "rtvi-ai", "type": "server-message", "data": "?"}).replace('"?"', deep)
    call = say("llm-function-call-in-progress", {"function_name": "f", "tool_call_id": "1", "arguments": deep})
    transport = ScriptedTransport(*handshake(), say_text(message), call, say("server-message", "and on"))
    client = RTVIClient(transport=transport)
    recording = client.record()
    events = client.events(RTVIEvent.SERVER_MESSAGE)
    await client.connect()
    assert (await anext(events)).args == ("and on",)
    await client.disconnect()
    recording.stop()
    lines = [json.loads(line) for line in recording.text().splitlines()]
    said = [line["msg"] for line in lines if line.get("dir") == "in"]
    assert said[1:3] == [message, call.message]
    assert len(replay(recording.text())) >= 4
    line = json.dumps({"dir": "in", "msg": "?"}).replace('"?"', deep)
    await raises(ValueError, "Line 1 is not one of a recording", replaying(line))


async def what_a_notebook_says(deep: str) -> None:
    async def reading(text: str) -> None:
        read(text, TO_PAGE)

    await raises(ValueError, "", reading(deep))
    await raises(ValueError, "", reading(f'{{"type": "result", "id": "1", "result": {deep}}}'))


EXERCISES: dict[Callable[[str], Any], list[str]] = {
    messages: [
        "rtvi_web/rtvi/protocol/messages.py: parse",
        "rtvi_web/rtvi/protocol/messages.py: decode",
        "rtvi_web/rtvi/protocol/inbound.py: _text_reader",
    ],
    arguments_of_a_function: ["rtvi_web/rtvi/protocol/payloads/conversation.py: FunctionCallData"],
    answers_to_a_start_request: [
        "rtvi_web/core/foreign_json.py: read_json",
        "rtvi_web/core/http.py: explain",
        "rtvi_web/core/http.py: parse_json",
        "rtvi_web/rtvi/session/start.py: ask",
    ],
    answers_to_an_upload: ["rtvi_web/rtvi/members/files.py: upload_file"],
    answers_to_an_offer: ["rtvi_web/transports/small_webrtc/signalling.py: offer"],
    messages_in_a_daily_room: ["rtvi_web/transports/daily/room.py: _is_from_a_bot"],
    answers_to_an_action: [],
    what_a_connect_handler_returns: ["rtvi_web/rtvi/session/start.py: _as_python"],
    realtime_events: [
        "rtvi_web/realtime/protocol/wire.py: decode",
        "rtvi_web/realtime/protocol/conversation.py: _is_object",
        "rtvi_web/realtime/tools.py: answer",
    ],
    recordings: [
        "rtvi_web/core/masked_data.py: _masked_text",
        "rtvi_web/rtvi/session/recording.py: message",
        "rtvi_web/testing/recorded.py: replay",
    ],
    what_a_notebook_says: ["rtvi_web/notebook/messages.py: read"],
    what_is_just_within_the_limit: [],
}
"""The functions, and the places that each gives it to."""
