"""What the client promises a transport: phases and their words, participants, tracks, interruptions, reasons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sessions import URL, Run, Transport, over, ready, turns

from rtvi_web import (
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    DisconnectReason,
    Participant,
    RTVIEvent,
    TransportStartError,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.core.media import LOCAL
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.testing import BOT, ScriptedTrack, expect, handshake, lose, say

pytestmark = pytest.mark.usefixtures("tidy")

ADA = Participant("ada", "Ada", local=False)
BEN = Participant("ben", "Ben", local=False)
Report = Callable[[SessionReceiver], Any]


class Reporting(Transport):
    """A transport that reports something while it connects, and enters no phase by itself."""

    def __init__(self, report: Report, *, hangs: bool = False) -> None:
        super().__init__(*handshake(), *handshake(), start=[HttpResponse(200, "{}")] * 2)
        self.report = report
        self._hangs = hangs

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.report(receiver)
        if self._hangs:
            await asyncio.Event().wait()
        return await super().connect(request, receiver)


def track(kind: str = "audio") -> ScriptedTrack:
    return ScriptedTrack("mic" if kind == "audio" else "cam")


class TestPhases:
    @pytest.mark.parametrize(
        ("report", "phase", "words"),
        [
            (lambda _: None, "link", "the link to the bot's server did not open"),
            (lambda host: host.enter(ConnectPhase.LINK, "the socket did not open"), "link", "the socket did not open"),
            (lambda host: host.enter(ConnectPhase.BOT), "bot", "the bot did not join"),
            (
                lambda host: [host.enter(ConnectPhase.BOT, "the room is empty"), host.enter(ConnectPhase.BOT, "…")],
                "bot",
                "…",
            ),
            (
                lambda host: [host.enter(ConnectPhase.LINK, "the socket …"), host.enter(ConnectPhase.BOT)],
                "bot",
                "the bot did not join",
            ),
        ],
    )
    @pytest.mark.parametrize("params", [None, {"base_url": URL}])
    async def test_a_stall_is_told_in_the_words_of_the_transport(
        self, params: Any, report: Report, phase: str, words: str
    ) -> None:
        run = Run(Reporting(report, hangs=True), params=params, timeout=2)
        with pytest.raises(ConnectionTimeoutError) as raised:
            await run.client.connect()
        assert raised.value.message == f"The bot did not become ready within 2 s: {words}."
        assert raised.value.phase == phase

    async def test_the_words_of_a_phase_do_not_reach_the_next_attempt(self) -> None:
        transport = Reporting(lambda host: host.enter(ConnectPhase.BOT_READY, "the socket did not open"))
        transport.steps[:] = [expect("client-ready"), expect("client-ready")]
        run = Run(transport, timeout=2)
        for _ in range(2):
            with pytest.raises(ConnectionTimeoutError, match="the bot did not say bot-ready"):
                await run.client.connect()


def people(run: Run) -> list[tuple[str, Any]]:
    names = ("participantConnected", "participantLeft", "botConnected", "botDisconnected", "connected", "disconnected")
    return [(name, args[0] if args else None) for name, *args in run.fired if name in names]


class TestParticipants:
    async def test_the_bot_is_told_first_and_all_leave_at_the_end(self) -> None:
        def report(receiver: SessionReceiver) -> None:
            for _ in range(2):
                receiver.participant_joined(ADA)
            receiver.participant_joined(BEN)
            receiver.participant_left(BEN)

        run = Run(Reporting(report))
        await run.client.connect()
        run.transport.receiver.participant_joined(BEN)
        await run.client.disconnect()
        run.transport.receiver.participant_joined(BEN)
        run.transport.receiver.participant_left(ADA)
        assert people(run) == [
            ("connected", None),
            *(("participantConnected", BOT), ("botConnected", BOT)),
            *(("participantConnected", ADA), ("participantConnected", BEN)),
            *(("participantLeft", ADA), ("participantLeft", BEN)),
            *(("participantLeft", BOT), ("botDisconnected", BOT)),
            ("disconnected", None),
        ]

    async def test_people_stay_when_the_bot_has_left(self) -> None:
        run = await ready(disconnect_on_bot_disconnect=False)
        run.transport.receiver.participant_joined(ADA)
        run.transport.receiver.bot_left(BOT)
        run.transport.receiver.participant_left(ADA)
        run.transport.receiver.participant_left(ADA)
        assert people(run)[3:] == [
            ("participantConnected", ADA),
            *(("participantLeft", BOT), ("botDisconnected", BOT)),
            ("participantLeft", ADA),
        ]
        await run.client.disconnect()

    async def test_people_of_a_session_that_fails_are_not_told(self) -> None:
        def report(receiver: SessionReceiver) -> None:
            receiver.participant_joined(ADA)
            raise TransportStartError("no room")

        run = Run(Reporting(report))
        with pytest.raises(TransportStartError):
            await run.client.connect()
        assert people(run) == [("disconnected", None)]

    async def test_a_handler_ends_the_session(self) -> None:
        run = Run(Reporting(lambda host: host.participant_joined(ADA)))
        run.client.on(RTVIEvent.BOT_CONNECTED, lambda _: run.transport.receiver.participant_left(ADA))
        await run.client.connect()
        assert ("participantConnected", ADA) not in people(run)
        await run.client.disconnect()


class TestTracks:
    """``trackStarted`` of the other side comes after ``botConnected``."""

    def tracks(self, run: Run) -> list[Any]:
        tracks = ("trackStarted", "trackStopped", "screenTrackStarted", "screenTrackStopped")
        return [
            (name, *args) if name in tracks else name
            for name, *args in run.fired
            if name == "botConnected" or (name in tracks and args[1] is not LOCAL)
        ]

    async def test_early_tracks_wait_for_the_bot(self) -> None:
        sound, screen, gone = track(), track("video"), track("video")

        def report(_: SessionReceiver) -> None:
            media = transport.media.listener
            media.track_changed(BOT, None, sound)
            media.track_changed(ADA, None, screen, screen=True)
            media.track_changed(BOT, None, gone)
            media.track_changed(BOT, gone, None)

        transport = Reporting(report)
        run = Run(transport)
        await run.client.connect()
        other = track()
        transport.media.listener.track_changed(BOT, sound, other)
        assert self.tracks(run) == [
            "botConnected",
            *(("trackStarted", sound, BOT), ("screenTrackStarted", screen, ADA)),
            *(("trackStopped", sound, BOT), ("trackStarted", other, BOT)),
        ]
        await run.client.disconnect()

    async def test_our_own_tracks_do_not_wait(self) -> None:
        run = Run(Reporting(lambda _: None, hangs=True), timeout=2)
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert [args[1] for args in run.arguments("trackStarted")] == [LOCAL]

    async def test_tracks_of_a_session_that_fails_are_never_told(self) -> None:
        early = track()

        class Late(Reporting):
            async def close(self) -> None:
                self.media.listener.track_changed(BOT, early, None)
                await super().close()

        def report(_: SessionReceiver) -> None:
            transport.media.listener.track_changed(BOT, None, early)
            if fails:
                raise TransportStartError("no")

        fails = True
        transport = Late(report)
        run = Run(transport)
        with pytest.raises(TransportStartError):
            await run.client.connect()
        assert self.tracks(run) == []
        fails = False
        await run.client.connect()
        await run.client.disconnect()
        assert self.tracks(run) == ["botConnected", ("trackStarted", early, BOT), ("trackStopped", early, BOT)]

    async def test_a_new_bot_of_a_fresh_start(self) -> None:
        old, new = track(), track()

        def report(_: SessionReceiver) -> None:
            transport.media.listener.track_changed(BOT, None, new)

        transport = Reporting(lambda _: None)
        run = Run(transport, params={"base_url": URL})
        await run.client.connect()
        transport.media.listener.track_changed(BOT, None, old)
        transport.drop()
        transport.report = report
        transport.media.listener.track_changed(BOT, old, None)
        await transport.restore(resumed=False)
        assert self.tracks(run) == [
            *("botConnected", ("trackStarted", old, BOT), ("trackStopped", old, BOT)),
            *("botConnected", ("trackStarted", new, BOT)),
        ]
        await run.client.disconnect()


class TestInterruptions:
    @pytest.mark.parametrize("said", ["bot-interrupted", "user-started-speaking"])
    async def test_the_transport_falls_silent_before_the_page_is_told(self, said: str) -> None:
        run = await ready(expect("send-text"), say(said))
        counts: list[int] = []
        for event in (RTVIEvent.BOT_INTERRUPTED, RTVIEvent.USER_STARTED_SPEAKING):
            run.client.on(event, lambda: counts.append(run.transport.interruptions))
        run.client.send_text("hello")
        await turns(3)
        assert counts == [1]
        await run.client.disconnect()

    async def test_other_messages_interrupt_nothing(self) -> None:
        others = ("user-stopped-speaking", "bot-started-speaking", "bot-stopped-speaking", "vad-user-started-speaking")
        run = await ready(expect("send-text"), *map(say, others))
        run.client.send_text("hello")
        await turns(3)
        assert run.transport.interruptions == 0
        await run.client.disconnect()


class TestReasons:
    """What waits for a session gets the reason and the code with which it has ended."""

    LOSSES = (
        (DisconnectedError("expired", reason=DisconnectReason.EXPIRED, code="exp-room"), "expired", "exp-room"),
        (DisconnectedError("closed", reason=DisconnectReason.CLOSED, code=1009), "closed", 1009),
        (DisconnectedError("says nothing"), None, None),
        (TransportStartError("full", reason=DisconnectReason.ROOM_FULL), "room-full", None),
    )

    @pytest.mark.parametrize(("error", "reason", "code"), LOSSES)
    async def test_of_a_loss(self, error: Any, reason: Any, code: Any) -> None:
        run = await ready(expect("client-message"), lose(error))
        waiting = [
            asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT)),
            asyncio.ensure_future(run.client.send_client_request("a", {})),
        ]
        for task in waiting:
            with pytest.raises(DisconnectedError) as raised:
                await over(task)
            assert (raised.value.reason, raised.value.code) == (reason, code)
        [event] = run.arguments("error")
        told = event.data.model_dump()
        assert (told.get("reason"), told.get("code")) == (
            (reason, code) if isinstance(error, DisconnectedError) else (None, None)
        )
        await run.client.disconnect()

    async def test_of_a_loss_while_connecting(self) -> None:
        run = Run(Transport(expect("client-ready"), lose(self.LOSSES[0][0])))
        waiting = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_READY))
        await turns(1)
        for task in (run.client.connect(), waiting):
            with pytest.raises(DisconnectedError) as raised:
                await task
            assert (raised.value.reason, raised.value.code) == (DisconnectReason.EXPIRED, "exp-room")

    @pytest.mark.parametrize("ends", [True, False])
    async def test_of_a_bot_that_left(self, ends: bool) -> None:
        run = await ready(disconnect_on_bot_disconnect=ends)
        run.transport.steps.append(expect("client-message"))
        asked = asyncio.ensure_future(run.client.send_client_request("a", {}))
        await turns(3)
        run.transport.receiver.bot_left(BOT)
        with pytest.raises(DisconnectedError) as raised:
            await over(asked)
        assert raised.value.reason is DisconnectReason.BOT_LEFT
        if not ends:
            with pytest.raises(DisconnectedError) as raised:
                run.client.send_client_message("a", {})
            assert raised.value.reason is DisconnectReason.BOT_LEFT
        await run.client.disconnect()

    async def test_of_disconnect_there_is_none(self) -> None:
        """Also after a session that was lost."""
        run = await ready(expect("send-text"), lose(self.LOSSES[0][0]), *handshake())
        run.client.send_text("a")
        await run.client.wait_for(RTVIEvent.DISCONNECTED)
        await run.client.connect()
        waiting = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_LLM_TEXT))
        await turns(1)
        await run.client.disconnect()
        with pytest.raises(DisconnectedError) as raised:
            await over(waiting)
        assert raised.value.reason is None
