"""WebRTC with aiortc: the events on the data channel `oai-events`, the sound on tracks."""

import asyncio
import contextlib
import fractions
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from mind import SAMPLE_RATE, Mind
from session import Session

CHANNEL = "oai-events"
FRAME = SAMPLE_RATE // 50 * 2  # bytes: 20 ms


class AnswerTrack(MediaStreamTrack):
    """Plays the answers, and silence in between. `drained` is called when nothing is left."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.drained: Callable[[], object] = lambda: None
        self._pieces: deque[tuple[bytes, str]] = deque()
        self._offset = 0
        self._item = ""
        self._played = 0  # bytes of the item
        self._sent = 0  # samples
        self._begun: float | None = None

    def play(self, pcm: bytes, item_id: str) -> None:
        self._pieces.append((pcm, item_id))

    def silence(self) -> tuple[str, int] | None:
        playing = (self._item, self._played * 1000 // SAMPLE_RATE // 2) if self._pieces else None
        self._pieces.clear()
        self._offset = 0
        return playing

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, when their time has come."""
        now = time.monotonic()
        self._begun = self._begun or now
        await asyncio.sleep(max(0.0, self._begun + self._sent / SAMPLE_RATE - now))
        frame = av.AudioFrame(format="s16", layout="mono", samples=FRAME // 2)
        frame.planes[0].update(self._next())
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._sent, fractions.Fraction(1, SAMPLE_RATE)
        self._sent += FRAME // 2
        return frame

    def _next(self) -> bytes:
        data = b""
        while len(data) < FRAME and self._pieces:
            pcm, item = self._pieces[0]
            if item != self._item:
                self._item, self._played = item, 0
            piece = pcm[self._offset : self._offset + FRAME - len(data)]
            data += piece
            self._played += len(piece)
            self._offset += len(piece)
            if self._offset >= len(pcm):
                self._pieces.popleft()
                self._offset = 0
        if not self._pieces:
            self.drained()
        return data.ljust(FRAME, b"\0")


class Calls:
    """The calls of one server."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._connections: set[RTCPeerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, offer: str, config: dict[str, Any]) -> str:
        """The SDP of the answer; the session begins when the client's data channel opens.

        Raises ValueError when the offer is not SDP, or offers nothing.
        """
        if "m=" not in offer:
            raise ValueError("Failed to parse SDP offer: it offers nothing")
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connections.add(connection)
        track = AnswerTrack()
        session: Session | None = None

        @connection.on("datachannel")
        def on_datachannel(channel: Any) -> None:
            nonlocal session
            session = Session(channel.send, self._mind, config, track)
            track.drained = session.spoken
            channel.on("message", session.receive)
            session.begin()

        def hear(pcm: bytes) -> None:
            if session:
                session.hear(pcm)

        @connection.on("track")
        def on_track(heard: Any) -> None:
            self._run(self._hear(heard, hear))

        @connection.on("connectionstatechange")
        async def on_state() -> None:
            if connection.connectionState in ("failed", "closed"):
                self._connections.discard(connection)
                if session:
                    session.close()
                await connection.close()

        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        except Exception as error:
            self._connections.discard(connection)
            await connection.close()
            raise ValueError(f"Failed to parse SDP offer: {error}") from error
        for transceiver in connection.getTransceivers():
            if transceiver.kind == "audio":
                transceiver.sender.replaceTrack(track)
                transceiver.direction = "sendrecv"
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    async def close(self) -> None:
        """End every call."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(connection.close() for connection in self._connections))

    async def _hear(self, track: Any, hear: Callable[[bytes], object]) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        with contextlib.suppress(MediaStreamError):
            while True:
                for frame in resampler.resample(await track.recv()):
                    hear(frame.to_ndarray().tobytes())

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
