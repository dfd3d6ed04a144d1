"""What the tests of WebSocketTransport share: a connected client, and ears for what the bot plays and what it hears."""

import asyncio
import contextlib
import logging
import time
from array import array

from loopback import frequency, until

from rtvi_web import RTVIClient, RTVIEvent

NOTED = (
    RTVIEvent.TRANSPORT_STATE_CHANGED,
    RTVIEvent.CONNECTED,
    RTVIEvent.BOT_CONNECTED,
    RTVIEvent.BOT_DISCONNECTED,
    RTVIEvent.TRACK_STARTED,
    RTVIEvent.ERROR,
    RTVIEvent.DEVICE_ERROR,
)


@contextlib.asynccontextmanager
async def connected(port, transport, bundle=..., *, enable_mic=False, timeout=20.0, **options):
    """A client in a session with the bot of the test server, and what happened."""
    client = RTVIClient(transport=transport, enable_mic=enable_mic, timeout=timeout, **options)
    happened = []
    for event in NOTED:
        client.on(event, lambda *args, event=event: happened.append((event, *args)))
    if bundle is ...:
        bundle = {"ws_url": f"ws://127.0.0.1:{port}/pipecat"}
    try:
        await (client.connect() if bundle is None else client.connect(bundle))
        yield client, happened
    finally:
        await client.disconnect()


async def heard_from_now_on(client, check):
    """What the bot hears, as soon as it is what is waited for."""
    await client.send_client_request("heard", "from now on", timeout=20)

    async def told():
        answer = await client.send_client_request("heard", timeout=20)
        return answer if check(answer) else None

    return await until(told)


def loud(told):
    """Whether the bot has heard a sound."""
    return told["loud"]


def many(told):
    """Whether the bot has heard a while of sound or silence."""
    return told["frames"] > 10


@contextlib.contextmanager
def warnings_of(logger):
    """What is logged as a warning meanwhile."""
    found = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger(logger).addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger(logger).removeHandler(handler)


async def pitch_of(client, sound):
    """The pitch of a tone that the bot plays."""
    heard = b""
    client.send_client_message("tone", sound)
    async for frame in client.remote_audio(sample_rate=16_000, frame=0.1):
        if max(map(abs, array("h", frame.data))) > 1000:
            heard += frame.data
            if len(heard) >= 2 * 16_000:
                break
    async with Ear(client) as ear:
        await until(lambda: ear.silent_for(0.3))
    return frequency(heard[3200:], 16_000)


class Ear:
    """Listens to the bot: for how many seconds it was heard in all, and whether it is heard now."""

    def __init__(self, client):
        self._client = client
        self.seconds = 0.0
        self._since = time.monotonic()
        self._loud = False

    async def __aenter__(self):
        self._task = asyncio.ensure_future(self._listen())
        return self

    async def __aexit__(self, *exc):
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _listen(self):
        async for frame in self._client.remote_audio(sample_rate=16_000, frame=0.01):
            loud = max(map(abs, array("h", frame.data))) > 300
            if loud:
                self.seconds += 0.01
            if loud is not self._loud:
                self._loud, self._since = loud, time.monotonic()

    def loud_for(self, seconds):
        return self._loud and time.monotonic() - self._since > seconds

    def silent_for(self, seconds):
        return not self._loud and time.monotonic() - self._since > seconds
