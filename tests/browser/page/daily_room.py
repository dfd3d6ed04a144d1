"""A Daily room in the page, with the real daily-js and a call machine of ours behind it, and bots in it."""

import contextlib
import json

import js
from loopback import event

from rtvi_web import RTVIClient
from rtvi_web.browser import _js
from rtvi_web.transports import DailyTransport

URL = "https://example.daily.co/room"
STARTED = {"room_url": URL, "token": "secret"}


def options(**more):
    """Factory options with which daily-js takes the call machine of ours."""
    return {"dailyConfig": {"avoidEval": True, "bundlePathOverride": f"{js.location.origin}/daily"}, **more}


async def load(name):
    """Load a script once."""
    if js.document.querySelector(f'script[src="/daily/{name}"]'):
        return
    script = js.document.createElement("script")
    script.src = f"/daily/{name}"
    js.document.head.append(script)
    await event(script, "load")


@contextlib.asynccontextmanager
async def daily_room(**settings):
    """An empty room, which the page may join; afterwards no call is left."""
    for name in ("daily.js", "room.js"):
        await load(name)
    room = js.globalThis.dailyRoom = js.DailyRoom.new()
    for name, value in settings.items():
        setattr(room, name, _js.plain(value))
    yield room
    assert list(room.unknown) == [], "daily-js asked for what the call machine cannot do"
    assert list(room.calls) == [], "a call is left"
    assert not room.isJoined


def client(transport=None, *, bundle=STARTED, timeout=20, **more):
    """A client whose server answers with a bundle."""

    async def start(_params, _timeout, _abort):
        return bundle

    transport = transport or DailyTransport(options())
    return RTVIClient(transport=transport, custom_connect_handler=start, timeout=timeout, **more)


def events_of(client, *names):
    """All events of these names from now on, as texts and whom they are about."""
    seen = []
    for name in names:
        client.on(name, lambda *args, name=name: seen.append((name, *(getattr(arg, "id", arg) for arg in args))))
    return seen


async def changed(room, condition):
    """Wait until a change of the room's makes a condition true; its value."""
    while not (value := condition()):
        await event(room, "changed")
    return value


def send(room, sender, message):
    """A participant says something in the room."""
    room.say(_js.plain(message), sender)


class RoomBot:
    """A bot that says bot-ready when it is greeted, and answers requests with what they asked."""

    def __init__(self, room, id="bot-1", name="Pipecat"):
        self._room = room
        self.id, self.name = id, name
        self.got = []
        self._scope = _js.Scope()

    def __enter__(self):
        self._scope.listen(self._room, "sent", self._on_sent)
        return self

    def __exit__(self, *exc):
        self._scope.close()

    def join(self, audio=None, **tracks):
        """Come into the room with these tracks."""
        self._room.join(self.id, self.name, _js.plain({"audio": audio or _js.null, **tracks}))

    def update(self, **tracks):
        """Send these tracks from now on."""
        self._room.update(self.id, _js.plain(tracks))

    def say(self, type, data, **more):
        """Say an RTVI message."""
        send(self._room, self.id, {"label": "rtvi-ai", "type": type, "data": data, **more})

    def _on_sent(self, event):
        assert event.detail.to == self.id, "only the bot is addressed"
        message = json.loads(str(js.JSON.stringify(event.detail.data)))
        self.got.append(message["type"])
        if message["type"] == "client-ready":
            self.say("bot-ready", {"version": "2.2.0"}, id=message["id"])
        elif message["type"] == "client-message":
            self.say("server-response", message["data"], id=message["id"])


@contextlib.asynccontextmanager
async def session(room, track, transport=None, *, made=None, **more):
    """A bot that is heard, and a client (this one, or a new one) in a session with it."""
    with RoomBot(room) as bot:
        bot.join(track)
        made = made or client(transport, **more)
        await made.connect()
        try:
            yield made, bot
        finally:
            await made.disconnect()
            room.others.clear()


@contextlib.contextmanager
def other_globals(**values):
    """Globals of the page are others for a while; None stands for missing."""
    before = {name: getattr(js, name, None) for name in values}
    for name, value in values.items():
        js.Reflect.set(js.globalThis, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            js.Reflect.set(js.globalThis, name, value)


__all__ = [
    "STARTED",
    "URL",
    "RoomBot",
    "changed",
    "client",
    "daily_room",
    "events_of",
    "options",
    "other_globals",
    "send",
    "session",
]
