"""Microphone, camera and screen: heard, muted, denied, changed, and closed where they do not travel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rtvi_web.core.media import Carried
from rtvi_web.errors import DeviceError, UnsupportedFeatureError
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.testing.contract.scene import Scene, check, same
from rtvi_web.testing.contract.suite import contract_test


@contract_test("bot_hears")
async def the_microphone_is_heard_and_released(scene: Scene) -> None:
    """The bot hears the microphone in every session; after each it is released."""
    client = scene.make_client()
    for _ in range(2):
        await scene.within(client.connect())
        await scene.within(scene.stage.bot_hears(True))
        microphone = client.tracks().local.audio
        check(microphone is not None, "tracks().local.audio must be the microphone's track")
        check(client.is_mic_enabled, "is_mic_enabled must be true")
        await client.disconnect()
        await scene.is_over(TransportState.DISCONNECTED, microphone)


@contract_test("bot_hears")
async def a_muted_microphone_is_not_heard(scene: Scene) -> None:
    """Muted, the bot hears silence or nothing; unmuted, it hears the person again. Also muted from the beginning."""
    client = await scene.connected()
    for enabled in (True, False, True):
        await scene.within(client.enable_mic(enabled))
        same(client.is_mic_enabled, enabled, "is_mic_enabled")
        await scene.within(scene.stage.bot_hears(enabled))
    await client.disconnect()
    client = await scene.connected(enable_mic=False)
    await scene.within(scene.stage.bot_hears(False))
    check(client.tracks().local.audio is None, "a microphone that is not wanted must not be opened")
    await scene.within(client.enable_mic(True))
    await scene.within(scene.stage.bot_hears(True))
    await client.disconnect()


@contract_test("deny_microphone", "allow_microphone", "bot_hears")
async def a_denied_microphone_does_not_end_the_session(scene: Scene) -> None:
    """If the person refuses, the session begins without the microphone. If they allow it later, the bot hears them."""
    await scene.stage.deny_microphone()
    client = await scene.connected()
    [[error]] = scene.arguments("deviceError")
    same((error.devices, error.type), (("mic",), "permissions"), "devices and type of the DeviceError")
    check(not client.is_mic_enabled, "a denied microphone must not count as enabled")
    same(await scene.within(client.send_client_request("echo", 1)), 1, "the bot's answer")
    await scene.failure(client.enable_mic(True), DeviceError, "enable_mic(True) while the microphone is denied")
    await scene.stage.allow_microphone()
    await scene.within(client.enable_mic(True))
    await scene.within(scene.stage.bot_hears(True))
    await client.disconnect()


@contract_test("bot_hears")
async def another_microphone_is_heard_in_the_same_session(scene: Scene) -> None:
    """``update_mic()`` in a call: the bot hears the other device, without another session."""
    client = await scene.connected()
    before, used = client.tracks().local.audio, client.selected_mic
    others = [mic for mic in await client.get_all_mics() if used is None or mic.id != used.id]
    check(others, "the stage must have two microphones")
    await scene.within(client.update_mic(others[-1].id))
    same(client.selected_mic and client.selected_mic.id, others[-1].id, "the microphone in use")
    await scene.within(scene.stage.bot_hears(True))
    now = client.tracks().local.audio
    same(len(scene.arguments("connected")), 1, "how often connected was fired")
    await client.disconnect()
    for microphone in (before, now):
        await scene.is_over(TransportState.DISCONNECTED, microphone)


@contract_test()
async def what_is_not_carried_is_not_opened(scene: Scene) -> None:
    """Microphone, camera and screen that the transport does not carry raise UnsupportedFeatureError and stay closed."""
    client = await scene.connected()
    carries = client.transport.media.carries
    enabling: dict[Carried, Callable[[bool], Awaitable[None]]] = {
        "mic": client.enable_mic,
        "cam": client.enable_cam,
        "screen": client.enable_screen_share,
    }
    for name, enable in enabling.items():
        if name in carries:
            continue
        await scene.failure(enable(True), UnsupportedFeatureError, f"{name}, which is not carried,")
        await scene.within(enable(False))
    if "cam" not in carries:
        await scene.failure(client.update_cam("any"), UnsupportedFeatureError, "update_cam() without a camera")
    _nothing_but(carries, client)
    await client.disconnect()


def _nothing_but(carries: frozenset[Carried], client: RTVIClient) -> None:
    local = client.tracks().local
    tracks: dict[Carried, Any] = {"mic": local.audio, "cam": local.video, "screen": local.screen_video}
    opened = [name for name, track in tracks.items() if track is not None and name not in carries]
    same(opened, [], "what is open and not carried")
