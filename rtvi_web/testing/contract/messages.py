"""Messages in both directions: whole, in order, within the limit, and whatever a bot may send."""

from __future__ import annotations

import json

from rtvi_web.errors import MessageTooLargeError
from rtvi_web.rtvi.protocol.envelope import LABEL
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.testing.contract.scene import Scene, check, same
from rtvi_web.testing.contract.suite import contract_test

MANY = 100
LARGEST = 1_500_000
"""Bytes. A transport that carries more than this is tested with so many."""
TEXTS = ("grüße 👋 \x00 \u2028", '"\\"', "", "ä" * 5000)


@contract_test()
async def messages_arrive_whole_and_in_order(scene: Scene) -> None:
    """A hundred messages each way, with any characters, arrive as they were sent and in their order."""
    client = await scene.connected()
    for number in range(MANY):
        client.send_client_message("count", {"number": number, "text": TEXTS[number % len(TEXTS)]})
    await scene.until(lambda: len(scene.heard("client-message")) >= MANY, f"the bot must hear {MANY} messages")
    data = [message["data"]["d"] for message in scene.heard("client-message")]
    expected = [{"number": number, "text": TEXTS[number % len(TEXTS)]} for number in range(MANY)]
    same([each["number"] for each in data], list(range(MANY)), "the order in which the bot hears messages")
    check(data == expected, "the bot must hear messages as they were sent")
    for each in expected:
        await scene.say("server-message", each)
    await scene.until(lambda: len(scene.arguments("serverMessage")) >= MANY, f"{MANY} messages of the bot must arrive")
    data = [args[0] for args in scene.arguments("serverMessage")]
    same([each["number"] for each in data], list(range(MANY)), "the order in which the bot's messages arrive")
    check(data == expected, "the bot's messages must arrive as they were sent")
    await client.disconnect()


@contract_test()
async def the_limit_of_a_message_is_true(scene: Scene) -> None:
    """A message of as many bytes as the transport says it carries arrives whole. One more is refused here."""
    client = await scene.connected()
    limit = client.transport.max_message_size
    check(limit > 0, "max_message_size must be positive")
    client.send_client_message("size", "")
    await scene.until(lambda: scene.heard("client-message"), "the bot must hear a message")
    empty = len(json.dumps(scene.heard("client-message")[0]).encode())
    [sent] = [args[0] for args in scene.arguments("messageSent") if '"size"' in args[0]]
    room = min(limit, LARGEST) - len(sent.encode())
    check(room > 0, f"max_message_size must have room for a message; it is {limit}, and one has {empty}")
    client.send_client_message("size", "x" * room)
    await scene.until(lambda: len(scene.heard("client-message")) > 1, "the bot must hear the largest message")
    same(len(scene.heard("client-message")[1]["data"]["d"]), room, "how much of it arrives")
    try:
        client.send_client_message("size", "x" * (limit - len(sent.encode()) + 1))
    except MessageTooLargeError as error:
        same((error.size, error.limit), (limit + 1, limit), "size and limit in the error")
    else:
        check(False, "a message above max_message_size must be refused")
    same(await scene.within(client.send_client_request("echo", 1)), 1, "the session must go on: the bot's answer")
    await client.disconnect()


@contract_test()
async def unknown_and_foreign_messages_end_nothing(scene: Scene) -> None:
    """Other texts than RTVI messages, and messages of unknown types, reach the page as events. The session goes on."""
    client = await scene.connected()
    foreign = ["no JSON", "{", "[]", '"text"', "42", "null", json.dumps({"label": "another", "type": "bot-ready"})]
    for text in (*foreign, "[" * 10_000, json.dumps({"label": LABEL}), "\ufeff{}", "x" * 5000):
        await scene.stage.say(text)
    await scene.say("type-of-the-future", {"deep": [1, {"a": None}]})
    await scene.say("bot-llm-text", {"text": "after them"})
    await scene.until_fired("botLlmText")
    received = [args[0] for args in scene.arguments("messageReceived")]
    for text in foreign:
        check(text in received, f"the transport must hand over every text as it came, also {text!r}")
    [[unknown]] = scene.arguments("genericMessage")
    same(unknown.type, "type-of-the-future", "the unknown message")
    same(len(scene.arguments("botReady")), 1, "how often botReady was fired")
    check(client.state is TransportState.READY, f"the session must go on; the state is {client.state.value}")
    same(await scene.within(client.send_client_request("echo", 1)), 1, "the bot's answer")
    await client.disconnect()


@contract_test("stranger_says")
async def only_the_bot_is_listened_to(scene: Scene) -> None:
    """What somebody other than the bot sends is not taken for a message of the bot."""
    client = await scene.connected()
    await scene.stage.stranger_says(json.dumps({"label": LABEL, "type": "server-message", "data": "of a stranger"}))
    await scene.say("server-message", "of the bot")
    await scene.until_fired("serverMessage")
    same(scene.arguments("serverMessage"), [("of the bot",)], "what is heard")
    check(all("stranger" not in args[0] for args in scene.arguments("messageReceived")), "strangers must not be heard")
    await client.disconnect()


@contract_test()
async def nothing_of_a_session_reaches_the_next(scene: Scene) -> None:
    """What a bot says as the session ends is not heard in the next one."""
    client = await scene.connected()
    for number in range(10):
        await scene.say("server-message", f"of the first session, {number}")
    await client.disconnect()
    scene.fired.clear()
    await scene.within(client.connect())
    await scene.say("server-message", "of the second")
    await scene.until_fired("serverMessage")
    same(scene.arguments("serverMessage"), [("of the second",)], "what is heard in the second session")
    await client.disconnect()
