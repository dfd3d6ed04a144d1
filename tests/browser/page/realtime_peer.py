"""The other end of a realtime session in the page: a host that writes down, and a peer that answers SDP with SDP."""

import asyncio
import contextlib

from loopback import Bot, Host, event
from sound import loudness

from rtvi_web.browser import _js
from rtvi_web.realtime.transport import RealtimeRequest


class RealtimeHost(Host):
    """A RealtimeHost that writes down what a transport tells."""

    def __init__(self):
        super().__init__()
        self.heard = []
        self.spoken = []

    def microphone(self, pcm):
        self.heard.append(pcm)
        self._changed.set()

    def speaking(self, speaking):
        self.spoken.append(speaking)
        self._changed.set()


class RealtimePeer(Bot):
    """Answers one offer as OpenAI's ``/v1/realtime/calls`` does."""

    async def _answer(self, method, path, body):
        self._open()
        pc = self.connection
        await _js.call(pc, "setRemoteDescription", {"type": "offer", "sdp": body})
        [transceiver] = pc.getTransceivers()
        transceiver.direction = "sendrecv"
        if self.speaks:
            self._speak()
            await _js.call(transceiver.sender, "replaceTrack", self.track)
        await _js.call(pc, "setLocalDescription", await _js.call(pc, "createAnswer"))
        while pc.iceGatheringState != "complete":
            await event(pc, "icegatheringstatechange")
        return {"status": 201, "body": pc.localDescription.sdp}

    async def hears(self):
        """How loud the client is."""
        [receiver] = self.connection.getReceivers()
        return await loudness(receiver.track)


def request(url=None, **fields):
    return RealtimeRequest(url=url, **fields)


@contextlib.asynccontextmanager
async def transport(made):
    """A transport and its host; closed at the end."""
    host = RealtimeHost()
    made.attach(host)
    try:
        yield made, host
    finally:
        await made.close()
        await asyncio.sleep(0)
