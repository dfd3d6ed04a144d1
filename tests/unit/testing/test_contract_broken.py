"""The contract suite finds transports that break the contract: each of its tests has been seen to fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted_stage import Scripted, ScriptedStage

from rtvi_web import DisconnectedError, LinkStats, Participant, RTVIError, RTVIEvent
from rtvi_web.core.media import BOT
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.testing import ScriptedTrack, contract

# Transports that break their contract, each in one way, and the test that must find it.


class NamesTheBotTwice(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        receiver.participant_joined(bot)
        return bot


class SaysConnectedItself(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.host.fire(RTVIEvent.CONNECTED)
        return await super().connect(request, receiver)


class SaysTheBotLeftTooEarly(Scripted):
    async def close(self) -> None:
        if self.receiver:
            self.host.fire(RTVIEvent.DISCONNECTED)
        await super().close()


class TellsTracksItself(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.host.fire(RTVIEvent.TRACK_STARTED, ScriptedTrack("mic"), BOT)
        return await super().connect(request, receiver)


class ForgetsItsTrack(Scripted):
    async def close(self) -> None:
        self.sound = None
        await super().close()


class KeepsTheMicrophone(Scripted):
    async def close(self) -> None:
        self.receiver = None


class KeepsTheMicrophoneAfterAFailure(Scripted):
    async def close(self) -> None:
        if self.receiver:
            await super().close()


class DropsAMessage(Scripted):
    count = 0

    def send(self, text: str) -> None:
        self.count += 1
        if self.count != 50:
            super().send(text)


class SwapsMessages(Scripted):
    kept: str | None = None

    def send(self, text: str) -> None:
        if '"number": 7' in text:
            self.kept = text
            return
        super().send(text)
        if self.kept and (kept := self.kept):
            self.kept = None
            super().send(kept)


class CutsLongMessages(Scripted):
    def send(self, text: str) -> None:
        super().send(text.replace("x" * 40_000, "x"))


class HidesWhatIsNoJson(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        told = receiver.receive
        self.receiver = Wrapped(receiver, receive=lambda text: told(text) if "label" in text else None)
        return bot


class Wrapped:
    """A receiver, some of whose members are others."""

    def __init__(self, receiver: SessionReceiver, **others: Any) -> None:
        self._receiver = receiver
        self.__dict__ |= others

    def __getattr__(self, name: str) -> Any:
        return getattr(self._receiver, name)


class EntersNoPhase(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        return await super().connect(request, Wrapped(receiver, enter=lambda *_: None))


class SpeaksOfSomethingElse(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        enter = receiver.enter
        return await super().connect(request, Wrapped(receiver, enter=lambda phase: enter(phase, "a spell is cast")))


class GivesNoReason(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        lost = receiver.lost
        self.receiver = Wrapped(receiver, lost=lambda error: lost(DisconnectedError(error.message)))
        return bot


class TakesALeaveForALoss(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        lost = receiver.lost
        self.receiver = Wrapped(receiver, bot_left=lambda _: lost(DisconnectedError("closed")))
        return bot


class DoesNotTellTheLeave(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        self.receiver = Wrapped(receiver, bot_left=lambda _: None)
        return bot


class LeavesATask(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.task = asyncio.ensure_future(asyncio.sleep(3600))
        return await super().connect(request, receiver)


class ClosesOnce(Scripted):
    is_closed = False

    async def close(self) -> None:
        if self.is_closed:
            raise RuntimeError("closed already")
        self.is_closed = True
        await super().close()


class HearsTheLastSession(Scripted):
    late = ""

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        told = receiver.receive
        if self.late:
            asyncio.get_running_loop().call_soon(told, self.late)

        def receive(text: str) -> None:
            self.late = text
            told(text)

        self.receiver = Wrapped(receiver, receive=receive)
        return bot


class IgnoresItsCancellation(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        try:
            return await super().connect(request, receiver)
        except asyncio.CancelledError:
            await asyncio.Event().wait()
            raise


class CannotBeMuted(Scripted):
    async def enable_mic(self, enable: bool) -> None:
        await super().enable_mic(True)


class OpensWhatIsNotWanted(Scripted):
    async def open_devices(self, *, mic: bool = False) -> None:
        await super().open_devices(mic=True)


class EndsWithoutAMicrophone(Scripted):
    async def open_devices(self, *, mic: bool = False) -> None:
        await super().open_devices(mic=mic)
        if self.media_state.mic.error:
            raise self.media_state.mic.error


class ChangesNothing(Scripted):
    async def select_device(self, name: Any, id: str) -> None:
        return


class CarriesLessThanItOpens(Scripted):
    carries = frozenset({"mic"})


class RefusesWithoutAnError(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        if self.stage.refusal:
            raise RTVIError("no")
        return await super().connect(request, receiver)


class RefusesForGood(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        refusal = self.stage.refusal
        try:
            return await super().connect(request, receiver)
        finally:
            self.stage.refusal = refusal


class KnowsNothing(Scripted):
    async def stats(self) -> LinkStats:
        return LinkStats()


class SendsIntoNothing(Scripted):
    def send(self, text: str) -> None:
        if self.receiver:
            super().send(text)


class ForgetsWhatWaits(Scripted):
    def send(self, text: str) -> None:
        if '"meanwhile"' not in text:
            super().send(text)


class DoesNotNoticeACut(Scripted):
    def drop(self, *_: Any, **__: Any) -> None:
        return


class TakesALongTimeToClose(Scripted):
    async def close(self) -> None:
        if self.is_cut:
            await asyncio.sleep(30)
        await super().close()


class HearsStrangers(Scripted):
    def stranger_says(self, text: str) -> None:
        assert self.receiver
        self.receiver.receive(text)


class TakesAStrangerForTheBot(Scripted):
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        bot = await super().connect(request, receiver)
        self.receiver = Wrapped(receiver, participant_left=receiver.bot_left)
        return bot


BROKEN: dict[type[Scripted], str] = {
    NamesTheBotTwice: "states_and_events_come_in_order",
    SaysConnectedItself: "states_and_events_come_in_order",
    SaysTheBotLeftTooEarly: "states_and_events_come_in_order",
    TellsTracksItself: "tracks_of_the_bot_come_after_the_bot",
    ForgetsItsTrack: "tracks_of_the_bot_come_after_the_bot",
    KeepsTheMicrophone: "the_microphone_is_heard_and_released",
    KeepsTheMicrophoneAfterAFailure: "a_refusal_is_an_error_of_the_transport",
    DropsAMessage: "messages_arrive_whole_and_in_order",
    SwapsMessages: "messages_arrive_whole_and_in_order",
    CutsLongMessages: "the_limit_of_a_message_is_true",
    HidesWhatIsNoJson: "unknown_and_foreign_messages_end_nothing",
    EntersNoPhase: "a_stall_names_its_phase_in_words_of_the_transport",
    SpeaksOfSomethingElse: "a_stall_names_its_phase_in_words_of_the_transport",
    GivesNoReason: "an_end_has_a_typed_reason",
    TakesALeaveForALoss: "a_bot_that_leaves_ends_the_session",
    DoesNotTellTheLeave: "a_session_may_outlive_its_bot",
    LeavesATask: "many_sessions_leave_nothing_behind",
    ClosesOnce: "close_works_early_late_and_twice",
    HearsTheLastSession: "nothing_of_a_session_reaches_the_next",
    IgnoresItsCancellation: "connecting_can_be_cancelled_at_every_await",
    CannotBeMuted: "a_muted_microphone_is_not_heard",
    OpensWhatIsNotWanted: "a_muted_microphone_is_not_heard",
    EndsWithoutAMicrophone: "a_denied_microphone_does_not_end_the_session",
    ChangesNothing: "another_microphone_is_heard_in_the_same_session",
    CarriesLessThanItOpens: "what_is_not_carried_is_not_opened",
    RefusesWithoutAnError: "a_refusal_is_an_error_of_the_transport",
    RefusesForGood: "a_refusal_is_an_error_of_the_transport",
    KnowsNothing: "a_link_is_called_well_only_if_it_was_measured",
    SendsIntoNothing: "sending_without_a_session_is_refused",
    ForgetsWhatWaits: "a_link_that_heals_goes_on",
    DoesNotNoticeACut: "disconnect_while_the_link_is_lost_ends_it",
    HearsStrangers: "only_the_bot_is_listened_to",
    TakesAStrangerForTheBot: "people_come_and_go",
    TakesALongTimeToClose: "disconnect_while_the_link_is_lost_ends_it",
}
MISSED = {
    "connecting_can_be_ended_by_disconnect_at_every_await": IgnoresItsCancellation,
    "a_link_that_does_not_heal_ends_the_session": GivesNoReason,
}
BREAKS: list[tuple[type[Scripted], str]] = [*BROKEN.items(), *((kind, name) for name, kind in MISSED.items())]


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize(("kind", "name"), BREAKS, ids=[f"{kind.__name__}-{name}" for kind, name in BREAKS])
async def test_a_transport_that_breaks_it_is_found(kind: type[Scripted], name: str) -> None:
    with pytest.raises((contract.ContractError, RuntimeError, RTVIError)):
        await contract.play(name, ScriptedStage(kind))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


def test_each_test_has_been_seen_to_fail() -> None:
    assert {*BROKEN.values(), *MISSED} == set(contract.tests_of(ScriptedStage))
