"""Sessions that end by themselves: a bot that leaves, a link that is lost, a server that closes it."""

from __future__ import annotations

import asyncio
from typing import Any

from rtvi_web.errors import DisconnectedError, DisconnectReason
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.testing.contract.scene import Scene, check, same
from rtvi_web.testing.contract.suite import contract_test


@contract_test("leave")
async def a_bot_that_leaves_ends_the_session(scene: Scene) -> None:
    """The page is told that the bot left, without an error, and what waits for it fails with this reason."""
    client = await scene.connected()
    microphone, waiting = client.tracks().local.audio, _wait(client)
    await scene.stage.leave()
    error = await scene.failure(waiting, DisconnectedError, "what waits while the bot leaves")
    same(error.reason, DisconnectReason.BOT_LEFT, "the reason")
    await scene.is_over(TransportState.DISCONNECTED, microphone)
    same(scene.arguments("botDisconnected"), scene.arguments("botConnected"), "the bot that left")
    same(scene.arguments("error"), [], "a bot that leaves must not be reported as an error")
    check("reconnecting" not in scene.states, "a bot that leaves is not looked for")
    await _once_more(scene, client)


@contract_test("leave")
async def a_session_may_outlive_its_bot(scene: Scene) -> None:
    """With ``disconnect_on_bot_disconnect=False`` the devices stay open, and nothing can be sent any more."""
    client = await scene.connected(disconnect_on_bot_disconnect=False)
    await scene.stage.leave()
    await scene.until_fired("botDisconnected")
    same(client.state, TransportState.READY, "the state")
    try:
        client.send_client_message("anybody there?")
    except DisconnectedError as error:
        same(error.reason, DisconnectReason.BOT_LEFT, "the reason")
    else:
        check(False, "sending to a bot that has left must raise DisconnectedError")
    await scene.within(client.disconnect())
    await scene.is_over(TransportState.DISCONNECTED)


@contract_test("end", "reasons")
async def an_end_has_a_typed_reason(scene: Scene) -> None:
    """Each way in which the session can end by itself is told once, with its reason, to all that wait for it."""
    for reason in scene.stage.reasons:
        client = await scene.connected()
        microphone, waiting = client.tracks().local.audio, _wait(client)
        await scene.stage.end(reason)
        error = await scene.failure(waiting, DisconnectedError, f"what waits at the end {reason.value!r}")
        same(error.reason, reason, "the reason")
        await scene.is_over(TransportState.DISCONNECTED, microphone)
        _told_once(scene, reason)
        await _once_more(scene, client)


@contract_test("cut", "heal")
async def a_link_that_heals_goes_on(scene: Scene) -> None:
    """A cut is told as ``reconnecting``. When it heals, the same session goes on, and what waited is sent in order."""
    client = await scene.connected()
    await scene.stage.cut()
    await _until_noticed(scene, client)
    for number in range(3):
        client.send_client_message("meanwhile", number)
    await scene.stage.heal()
    await scene.until_fired("reconnected")
    same(scene.arguments("reconnected"), [(True,)], "reconnected, with whether it is the same session,")
    same(client.state, TransportState.READY, "the state")
    await scene.until(lambda: len(scene.heard("client-message")) >= 3, "what was sent meanwhile must arrive")
    numbers = [message["data"].get("d") for message in scene.heard("client-message")]
    same(numbers, [0, 1, 2], "what was sent meanwhile")
    same(await scene.within(client.send_client_request("echo", 1)), 1, "the bot's answer")
    same(len(scene.arguments("botConnected")), 1, "how often botConnected was fired")
    same(scene.arguments("error"), [], "a link that heals must not be reported as an error")
    await client.disconnect()
    await scene.is_over(TransportState.DISCONNECTED)


@contract_test("cut", "heal")
async def a_link_that_does_not_heal_ends_the_session(scene: Scene) -> None:
    """A cut that lasts is told within the stage's patience, once, with the reason ``lost``."""
    client = await scene.connected()
    microphone, waiting = client.tracks().local.audio, _wait(client)
    await scene.stage.cut()
    error = await scene.failure(waiting, DisconnectedError, "what waits for a lost session")
    same(error.reason, DisconnectReason.LOST, "the reason")
    await scene.is_over(TransportState.DISCONNECTED, microphone)
    _told_once(scene, DisconnectReason.LOST)
    await scene.stage.heal()
    await _once_more(scene, client)


@contract_test("cut", "heal")
async def disconnect_while_the_link_is_lost_ends_it(scene: Scene) -> None:
    """``disconnect()`` does not wait for a link that is lost."""
    client = await scene.connected()
    microphone = client.tracks().local.audio
    await scene.stage.cut()
    await _until_noticed(scene, client)
    await scene.within(client.disconnect())
    await scene.is_over(TransportState.DISCONNECTED, microphone)
    same(scene.arguments("error"), [], "disconnect() must not be reported as an error")
    await scene.stage.heal()
    await _once_more(scene, client)


async def _until_noticed(scene: Scene, client: RTVIClient) -> None:
    await scene.until(lambda: client.state is TransportState.RECONNECTING, "a cut must be told as reconnecting")


def _wait(client: RTVIClient) -> asyncio.Future[Any]:
    return asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_LLM_SEARCH_RESPONSE))


def _told_once(scene: Scene, reason: DisconnectReason) -> None:
    same(len(scene.arguments("error")), 1, "how often error was fired")
    told = scene.arguments("error")[0][0].data
    check(told.fatal, "the error must be fatal")
    same(getattr(told, "reason", None), reason, "the reason in the event 'error'")
    same(len(scene.arguments("disconnected")), 1, "how often disconnected was fired")


async def _once_more(scene: Scene, client: RTVIClient) -> None:
    await scene.within(client.connect())
    same(await scene.within(client.send_client_request("echo", 1)), 1, "the bot's answer in the next session")
    await scene.within(client.disconnect())
