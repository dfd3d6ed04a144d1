"""The stage of the scripted transport, for the contract suite."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from rtvi_web import (
    ConnectPhase,
    DisconnectedError,
    DisconnectReason,
    MediaDevice,
    Participant,
    ParticipantTracks,
    Tracks,
    TransportStartError,
)
from rtvi_web.core.media import BOT
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport, TransportHost
from rtvi_web.testing import ScriptedTrack, ScriptedTransport, contract

PHASES = (ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL)
ADA = Participant("ada", "Ada", local=False)
MICS = [MediaDevice("m1", "one", "audioinput"), MediaDevice("m2", "two", "audioinput")]


class Scripted(ScriptedTransport):
    """A scripted transport whose bot says what the stage says, and hears all."""

    def __init__(self, stage: ScriptedStage) -> None:
        super().__init__(devices=MICS, microphone=stage.microphone)
        self.stage = stage
        self.receiver: SessionReceiver | None = None
        self.sound: ScriptedTrack | None = None
        self.is_cut = False

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        super().attach(host, enable_mic=enable_mic, enable_cam=enable_cam)
        self.host = host

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.fails_with, self.stage.refusal = self.stage.refusal, None
        self.hangs_in = self.stage.stalled
        if self.stage.sounds:
            self.sound = ScriptedTrack("mic")
            self.host.media.track_changed(BOT, None, self.sound)
        bot = await super().connect(request, receiver)
        self.receiver = receiver
        return bot

    def tracks(self) -> Tracks:
        return super().tracks()._replace(bot=ParticipantTracks(self.sound))

    def send(self, text: str) -> None:
        if self.receiver is None or self.is_cut:
            raise DisconnectedError("There is no link.")
        self.stage.to_bot.put_nowait(text)

    def stranger_says(self, text: str) -> None:
        """It listens to the bot only."""

    async def close(self) -> None:
        self.receiver, self.is_cut = None, False
        sound, self.sound = self.sound, None
        if sound:
            self.host.media.track_changed(BOT, sound, None)
        await super().close()


class ScriptedStage(contract.Stage):
    """Plays the suite over :class:`Scripted`, or over a broken kind of it."""

    phases = PHASES
    words: Mapping[ConnectPhase, str] = {ConnectPhase.ICE: "network path"}
    reasons = tuple(DisconnectReason)[1:]

    def __init__(self, kind: type[Scripted] = Scripted) -> None:
        self._kind = kind
        self.to_bot: asyncio.Queue[str] = asyncio.Queue()
        self.stalled: ConnectPhase | None = None
        self.refusal: TransportStartError | None = None
        self.sounds = False
        self.microphone = "granted"
        self.patience = 5.0

    def make_transport(self) -> Transport:
        self.transport = self._kind(self)
        return self.transport

    @property
    def receiver(self) -> SessionReceiver:
        assert self.transport.receiver
        return self.transport.receiver

    async def say(self, text: str) -> None:
        self.receiver.receive(text)

    async def heard(self) -> str:
        return await self.to_bot.get()

    async def stranger_joins(self) -> None:
        self.receiver.participant_joined(ADA)

    async def stranger_leaves(self) -> None:
        self.receiver.participant_left(ADA)

    async def stranger_says(self, text: str) -> None:
        await self.stranger_joins()
        self.transport.stranger_says(text)

    async def leave(self) -> None:
        self.receiver.bot_left(BOT)

    async def stall(self, phase: ConnectPhase | None) -> None:
        self.stalled = phase

    async def refuse(self) -> None:
        self.refusal = TransportStartError("The server is full.")

    async def cut(self) -> None:
        self.transport.is_cut = True
        self.transport.drop()
        self._ending = asyncio.get_running_loop().call_later(2, self._lose)

    def _lose(self) -> None:
        if self.transport.receiver:
            self.receiver.lost(DisconnectedError("It is gone.", reason=DisconnectReason.LOST))

    async def heal(self) -> None:
        self._ending.cancel()
        self.transport.is_cut = False
        if self.transport.receiver:
            await self.transport.restore()

    async def end(self, reason: DisconnectReason) -> None:
        self.receiver.lost(DisconnectedError("It is over.", reason=reason))

    async def deny_microphone(self) -> None:
        self.microphone = "denied"

    async def allow_microphone(self) -> None:
        self.microphone = self.transport.microphone = "granted"

    async def bot_hears(self, sound: bool) -> None:
        async with asyncio.timeout(1):
            while self.transport.is_mic_enabled is not sound:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.1)

    async def bot_sounds(self) -> None:
        self.sounds = True
