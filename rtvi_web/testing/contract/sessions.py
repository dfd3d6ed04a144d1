"""A session from its beginning to its end: the order of states and events, participants and tracks."""

from __future__ import annotations

from typing import Any

from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.testing.contract.scene import Scene, check, same
from rtvi_web.testing.contract.suite import contract_test

_BEGINNING = [
    *("initializing", "initialized", "connecting", "connected", "<connected>"),
    *("<participantConnected>", "<botConnected>", "ready", "<botReady>"),
]
_END = ["disconnecting", "<participantLeft>", "<botDisconnected>", "disconnected", "<disconnected>"]
_TOLD = {text[1:-1] for text in (*_BEGINNING, *_END) if text.startswith("<")}


def _course(scene: Scene) -> list[str]:
    """States as they are, and the events of a session in brackets, in their order."""
    course = []
    for name, args in scene.fired:
        if name == "transportStateChanged" and args[0] not in (
            TransportState.AUTHENTICATING,
            TransportState.AUTHENTICATED,
        ):
            course.append(str(args[0].value))
        elif name in _TOLD:
            course.append(f"<{name}>")
    return course


@contract_test()
async def states_and_events_come_in_order(scene: Scene) -> None:
    """Every transport leads to the same states and events, in the same order; and once more."""
    client = await scene.connected()
    same(_course(scene), _BEGINNING, "connecting must lead to")
    [[joined]], [[bot]] = scene.arguments("participantConnected"), scene.arguments("botConnected")
    same(joined, bot, "participantConnected must be about the bot")
    check(not bot.local, "the bot must not be the local participant")
    scene.fired.clear()
    await client.disconnect()
    same(_course(scene), _END, "disconnecting must lead to")
    scene.fired.clear()
    await scene.within(client.connect())
    same(_course(scene), _BEGINNING, "connecting once more must lead to")
    await client.disconnect()


@contract_test("bot_sounds")
async def tracks_of_the_bot_come_after_the_bot(scene: Scene) -> None:
    """``trackStarted`` comes after ``botConnected``, about the same participant; ``trackStopped`` before the end."""
    await scene.stage.bot_sounds()
    client = await scene.connected()
    await scene.until(lambda: _tracks(scene, "trackStarted"), "trackStarted must be fired for the bot's track")
    check(client.tracks().bot.audio is not None, "tracks().bot.audio must be the bot's track")
    [[bot]] = scene.arguments("botConnected")
    names = [name if name != "trackStarted" or args[1].local else "the bot's track" for name, args in scene.fired]
    check(names.index("botConnected") < names.index("the bot's track"), "the bot's track must come after botConnected")
    for track, participant in _tracks(scene, "trackStarted"):
        same(participant, bot, "the participant of the track")
        same(track.kind, "audio", "the kind of the track")
    await client.disconnect()
    same(len(_tracks(scene, "trackStopped")), len(_tracks(scene, "trackStarted")), "tracks that started and stopped")
    names = [name for name, _ in scene.fired]
    last = len(names) - 1 - names[::-1].index("trackStopped")
    check(last < names.index("disconnected"), "trackStopped must come before disconnected")
    await scene.is_over(TransportState.DISCONNECTED)


def _tracks(scene: Scene, event: str) -> list[tuple[Any, ...]]:
    return [args for args in scene.arguments(event) if not args[1].local]


@contract_test("stranger_joins", "stranger_leaves")
async def people_come_and_go(scene: Scene) -> None:
    """Other people are told when they come and go, and at the end. The session is with the bot."""
    client = await scene.connected()
    [[bot]] = scene.arguments("botConnected")
    for _ in range(2):
        scene.fired.clear()
        await scene.stage.stranger_joins()
        [stranger] = await scene.until_fired("participantConnected")
        check(stranger.id != bot.id and not stranger.local, f"a stranger must not be the bot or the person: {stranger}")
        await scene.stage.stranger_leaves()
        same(await scene.until_fired("participantLeft"), (stranger,), "who has left")
    scene.fired.clear()
    await scene.stage.stranger_joins()
    [stranger] = await scene.until_fired("participantConnected")
    same(await scene.within(client.send_client_request("echo", 1)), 1, "the bot's answer")
    scene.fired.clear()
    await client.disconnect()
    left = [args[0].id for args in scene.arguments("participantLeft")]
    same(sorted(left), sorted([bot.id, stranger.id]), "who has left at the end")
    same(scene.arguments("botDisconnected"), [(bot,)], "the bot that left")


@contract_test()
async def many_sessions_leave_nothing_behind(scene: Scene) -> None:
    """Thirty sessions, one after another. What one has fired or left open does not reach the next."""
    client = scene.make_client()
    for _ in range(scene.stage.cycles):
        await scene.within(client.connect())
        same(await scene.within(client.send_client_request("echo", {})), {}, "the bot's answer")
        await scene.within(client.disconnect())
        await scene.is_over(TransportState.DISCONNECTED)
    for event in ("connected", "botConnected", "botReady", "botDisconnected", "disconnected"):
        same(len(scene.arguments(event)), scene.stage.cycles, f"how often {event} was fired")


@contract_test()
async def a_link_is_called_well_only_if_it_was_measured(scene: Scene) -> None:
    """``stats()`` works or says that it does not exist; ``diagnose()`` calls a link well only if it was measured."""
    from rtvi_web.errors import DisconnectedError, UnsupportedFeatureError
    from rtvi_web.rtvi.protocol.link.stats import LinkStats

    client = await scene.connected()
    try:
        check(isinstance(await scene.within(client.stats()), LinkStats), "stats() must return LinkStats")
    except UnsupportedFeatureError:
        pass
    else:
        evidence = (await scene.within(client.diagnose())).evidence
        check(evidence.measured, "a transport with stats() must have evidence that its link works")
    diagnosis = await scene.within(client.diagnose())
    check(diagnosis.evidence.measured or "is well" not in str(diagnosis), "diagnose() must not guess")
    await client.disconnect()
    try:
        await scene.within(client.stats())
    except (DisconnectedError, UnsupportedFeatureError):
        return
    check(False, "stats() without a session must raise")
