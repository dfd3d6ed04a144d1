"""What is put into the browser's mouth, because a headless one cannot be made to say it: only at its very edge."""

import contextlib

import js

from rtvi_web.browser import _js


@contextlib.contextmanager
def replaced(owner, method, source):
    """A method of a browser's prototype is another one for a while; ``original`` is the one before."""
    js.eval(
        f"globalThis.edge ??= {{}}; (edge.{method} ??= []).push({owner}.{method});"
        f"{owner}.{method} = (function () {{ const original = edge.{method}.at(-1); return {source} }})()"
    )
    try:
        yield
    finally:
        js.eval(f"{owner}.{method} = edge.{method}.pop()")


@contextlib.contextmanager
def absent(owner, name):
    """A browser that has no such member."""
    js.eval(f"globalThis.edge ??= {{}}; edge.absent = Object.getOwnPropertyDescriptor({owner}, '{name}')")
    js.eval(f"delete {owner}.{name}")
    try:
        yield
    finally:
        js.eval(f"Object.defineProperty({owner}, '{name}', edge.absent)")


def slow(owner, method):
    """A method takes effect at once, and says so 0.3 s later; ``edge.slowed`` counts its calls."""
    js.eval("globalThis.edge ??= {}; edge.slowed = 0")
    source = (
        "async function (...args) { const outcome = await original.apply(this, args); edge.slowed++;"
        "await new Promise((go) => setTimeout(go, 300)); return outcome }"
    )
    return replaced(owner, method, source)


@contextlib.contextmanager
def held(owner, method, *, when):
    """Calls that meet a condition take effect at once, and say so once ``release()`` was called."""
    js.eval("globalThis.edge ??= {}; edge.holding = 0; edge.released = new Promise((go) => edge.release = go)")
    source = (
        "async function (...args) { const outcome = await original.apply(this, args);"
        f"if ({when}) {{ edge.holding++; await edge.released }} return outcome }}"
    )
    with replaced(owner, method, source):
        try:
            yield js.edge.release
        finally:
            js.edge.release()


def connection_becomes(peer, state):
    """What a browser says when the network path comes or goes, which a loopback's never does."""
    js.Object.defineProperty(peer, "connectionState", _js.plain({"value": state, "configurable": True}))
    peer.dispatchEvent(js.Event.new("connectionstatechange"))


def ice_becomes(peer, state):
    """The network path comes or goes, as :func:`connection_becomes`, and the states of ICE say it too."""
    js.Object.defineProperty(peer, "iceConnectionState", _js.plain({"value": state, "configurable": True}))
    connection_becomes(peer, state)


def candidate_found(peer, candidate, section):
    """What a browser says of each ICE candidate of a media section."""
    found = {"candidate": candidate, "sdpMid": str(section), "sdpMLineIndex": section}
    found = js.RTCIceCandidate.new(_js.plain(found))
    peer.dispatchEvent(js.RTCPeerConnectionIceEvent.new("icecandidate", candidate=found))


@contextlib.contextmanager
def unplugged(*labels):
    """Devices of these labels are not in the list: headless Chromium cannot unplug its fake devices."""
    source = (
        "async function () { const devices = await original.call(this);"
        f"return devices.filter((device) => !{js.JSON.stringify(_js.plain(labels))}.includes(device.label)) }}"
    )
    with replaced("MediaDevices.prototype", "enumerateDevices", source):
        devices_changed()
        yield
    devices_changed()


def refusing(owner, method, name):
    """A method rejects with a DOMException of this name."""
    source = f"async () => {{ throw new DOMException('says the test', '{name}') }}"
    return replaced(owner, method, source)


def exclusive():
    """A system that opens one microphone and one camera at a time, as Android does: it refuses while a track lives."""
    source = (
        "async function (constraints) { const kind = constraints.audio ? 'audio' : 'video';"
        "if ([...opened.tracks].some((track) => track.kind === kind && track.readyState === 'live'))"
        " throw new DOMException('Could not start the source', 'NotReadableError');"
        "return original.call(this, constraints) }"
    )
    return replaced("MediaDevices.prototype", "getUserMedia", source)


@contextlib.contextmanager
def busy(*ids):
    """Another program uses the devices of these ids; an empty id stands for the one that the browser would take.

    ``edge.asked`` has the id of each device that was asked for.
    """
    source = (
        "async function (constraints) {"
        "const id = (constraints.audio || constraints.video).deviceId?.exact ?? '';"
        "edge.asked.push(id); if (edge.busy.includes(id))"
        " throw new DOMException('Could not start the source', 'NotReadableError');"
        "return original.call(this, constraints) }"
    )
    with replaced("MediaDevices.prototype", "getUserMedia", source):
        js.edge.busy, js.edge.asked = _js.plain(list(ids)), js.Array.new()
        yield


@contextlib.contextmanager
def sounding(track):
    """The default microphone sounds like this track: Chromium's fake ones only beep once a second."""
    source = (
        "async function () { const copy = edge.sound.clone(); opened.tracks.add(copy);"
        "copy.getSettings = () => ({ deviceId: 'default' }); return new MediaStream([copy]) }"
    )
    with replaced("MediaDevices.prototype", "getUserMedia", source):
        js.edge.sound = track
        yield
        del js.edge.sound


def system_mutes(track, muted):
    """What a browser does as the system mutes a track, or lets it go on."""
    js.Object.defineProperty(track, "muted", _js.plain({"value": muted, "configurable": True}))
    track.dispatchEvent(js.Event.new("mute" if muted else "unmute"))


@contextlib.contextmanager
def has(owner, name, value):
    """A browser that has one member more."""
    js.Object.defineProperty(owner, name, _js.plain({"value": value, "configurable": True}))
    try:
        yield
    finally:
        js.Reflect.deleteProperty(owner, name)


@contextlib.contextmanager
def wake_locks():
    """``edge.locks`` has the wake locks that the page gets."""
    source = (
        "async function () { const lock = await original.call(this, 'screen'); edge.locks.push(lock); return lock }"
    )
    with replaced("WakeLock.prototype", "request", source):
        js.edge.locks = js.Array.new()
        yield


def page_is(hidden):
    """What a browser does as a page is hidden, or shown again."""
    js.Object.defineProperty(js.document, "hidden", _js.plain({"value": hidden, "configurable": True}))
    js.document.dispatchEvent(js.Event.new("visibilitychange"))
    if not hidden:
        js.Reflect.deleteProperty(js.document, "hidden")


def devices_changed():
    """What a browser fires when something is plugged in or out."""
    js.navigator.mediaDevices.dispatchEvent(js.Event.new("devicechange"))
