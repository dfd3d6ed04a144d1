"""A place for widgets in the page, and clients for them to show."""

import contextlib

import js

from rtvi_web import RTVIClient
from rtvi_web.testing import ScriptedTransport
from rtvi_web.transports import SmallWebRTCTransport


@contextlib.contextmanager
def stage():
    """An element in view; at the end the test has closed all its widgets, and nothing of them is left."""
    element = js.document.createElement("main")
    element.id = "stage"
    js.document.body.prepend(element)
    try:
        yield element
        assert element.childNodes.length == 0
        assert js.document.adoptedStyleSheets.length == 0
    finally:
        element.remove()
        js.document.adoptedStyleSheets.splice(0)


@contextlib.asynccontextmanager
async def calling(bot, **options):
    """A client in a call with a bot in the page."""
    client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url), **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


def scripted(*steps, **options):
    """A client whose bot follows a script."""
    return CountingClient(transport=ScriptedTransport(*steps), **options)


class CountingClient(RTVIClient):
    """A client that knows what was subscribed with ``on`` and not unsubscribed with ``off``."""

    def __init__(self, **options):
        self.subscribed = []
        super().__init__(**options)

    def on(self, event, handler):  # type: ignore[override]
        self.subscribed.append((event, handler))
        return super().on(event, handler)

    def off(self, event, handler):
        self.subscribed.remove((event, handler))
        super().off(event, handler)


def wants_level(client, participant):
    """Whether the client's media are to measure how loud somebody is."""
    return client.transport.media.listener.wants_level(participant)


def choose(select, id):
    """What a person does to a list."""
    select.value = id
    select.dispatchEvent(js.Event.new("change"))


def options(select):
    """What a list offers."""
    return [option.textContent for option in select.options]


def texts(root, selector):
    """The texts of the elements that are found and not hidden."""
    return [found.textContent for found in root.querySelectorAll(selector) if not found.hidden]
