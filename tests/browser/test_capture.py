"""The microphone: granted, denied, missing, closed at any moment."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_granted_muted_unmuted_and_released(selenium):
    from loopback import capture

    microphone = capture()
    assert not microphone.enabled
    await microphone.open({})
    track = microphone.track
    assert (track.kind, track.readyState, microphone.enabled) == ("audio", "live", True)
    microphone.mute(True)
    assert (track.readyState, microphone.enabled) == ("live", False)
    await microphone.open({})
    assert microphone.enabled
    assert microphone.track is track
    microphone.close()
    assert (track.readyState, microphone.track, microphone.enabled) == ("ended", None, False)
    microphone.close()


@run_in_pyodide
async def test_denied_and_then_granted(selenium):
    import js
    import pytest
    from loopback import capture

    from rtvi_web import DeviceError

    microphone = capture()
    await js.allow("")
    with pytest.raises(DeviceError) as caught:
        await microphone.open({})
    assert (caught.value.type, caught.value.devices) == ("permissions", ("mic",))
    assert "Allow it in the browser's site settings" in str(caught.value)
    await js.allow("microphone")
    await microphone.open({})
    assert microphone.enabled
    microphone.close()


@run_in_pyodide
async def test_a_system_that_never_opens_it(selenium):
    """The limit holds only without a prompt: a person may take their time over one."""
    import asyncio

    import js
    import pytest
    from loopback import until

    from rtvi_web import DeviceError
    from rtvi_web.browser.capture import open_input

    before = asyncio.all_tasks()
    devices = js.navigator.mediaDevices
    js.refusals = js.Array.new()
    devices.getUserMedia = js.eval("() => new Promise((_, reject) => refusals.push(reject))")
    try:
        with pytest.raises(DeviceError, match=r"is allowed, but did not open within 0\.05 s") as caught:
            await open_input("mic", {}, timeout=0.05)
        assert (caught.value.type, caught.value.devices) == ("in-use", ("mic",))
        await js.allow("")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(open_input("mic", {}, timeout=0.05), 1)
    finally:
        for refuse in js.refusals:
            refuse()
        await until(lambda: asyncio.all_tasks() == before)
        del devices.getUserMedia, js.refusals
        await js.allow("microphone")


@run_in_pyodide
async def test_no_microphone(selenium_no_devices):
    import pytest

    from rtvi_web import DeviceError
    from rtvi_web.browser.capture import open_input

    with pytest.raises(DeviceError) as caught:
        await open_input("mic", {})
    assert caught.value.type == "not-found"
    assert "No microphone was found" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("NotReadableError", "in-use"),
        ("AbortError", "in-use"),
        ("OverconstrainedError", "constraints"),
        ("TypeError", "unknown"),
    ],
)
@run_in_pyodide
def test_each_refusal_of_a_device_has_its_type(selenium, name, type):
    from rtvi_web.browser._js import JsError
    from rtvi_web.browser.device_errors import device_error

    error = device_error(JsError(name, "why"), "mic")
    assert error.type == type
    assert error.devices == ("mic",)


@run_in_pyodide
async def test_an_insecure_origin_has_no_devices(selenium):
    import js
    import pytest

    from rtvi_web import DeviceError, NotInBrowserError
    from rtvi_web.browser.capture import open_input

    secure = js.Object.getOwnPropertyDescriptor(js.globalThis, "isSecureContext")
    js.eval("Object.defineProperty(navigator, 'mediaDevices', {value: undefined, configurable: true})")
    js.eval("Object.defineProperty(globalThis, 'isSecureContext', {value: false, configurable: true})")
    try:
        with pytest.raises(DeviceError, match="https") as caught:
            await open_input("mic", {})
        assert caught.value.type == "undefined-mediadevices"
        js.eval("Object.defineProperty(globalThis, 'isSecureContext', {value: true, configurable: true})")
        with pytest.raises(NotInBrowserError, match=r"navigator\.mediaDevices"):
            await open_input("mic", {})
    finally:
        js.eval("delete navigator.mediaDevices")
        js.Object.defineProperty(js.globalThis, "isSecureContext", secure)
    assert js.isSecureContext


@run_in_pyodide
async def test_closing_while_the_browser_asks(selenium):
    import asyncio

    from loopback import capture, released

    from rtvi_web import DisconnectedError

    microphone = capture()
    openers = [asyncio.ensure_future(microphone.open({})) for _ in range(2)]
    await asyncio.sleep(0)
    microphone.close()
    outcomes = await asyncio.gather(*openers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DisconnectedError, DisconnectedError]
    assert microphone.track is None
    # The browser still opens it a little later; the track is stopped then.
    await released()


@run_in_pyodide
async def test_closing_at_every_step_of_opening(selenium):
    import asyncio

    from loopback import released

    from rtvi_web import DisconnectedError
    from rtvi_web.browser.capture import Capture, open_input

    async def open_track(constraints):
        answers.append(await open_input("mic", constraints))
        return answers[-1]

    early, late = [(False, steps) for steps in range(1, 20)], [(True, steps) for steps in range(10)]
    for has_answered, steps in early + late:
        microphone, answers = Capture("mic", open_track, print), []
        opener = asyncio.ensure_future(microphone.open({}))
        while has_answered and not answers:  # noqa: ASYNC110 - every turn counts
            await asyncio.sleep(0)
        for _ in range(steps):
            await asyncio.sleep(0)
        was_open = opener.done()
        microphone.close()
        [outcome] = await asyncio.gather(opener, return_exceptions=True)
        assert was_open or isinstance(outcome, DisconnectedError)
        await released()
    assert was_open


@run_in_pyodide
async def test_two_openers_share_one_microphone(selenium):
    import asyncio

    import js
    from loopback import capture

    before = js.opened.tracks.size
    microphone = capture()
    await asyncio.gather(microphone.open({}), microphone.open({}))
    assert js.opened.tracks.size - before == 1
    microphone.close()


@run_in_pyodide
async def test_a_microphone_that_is_unplugged(selenium):
    import js
    from loopback import capture

    ends = []
    microphone = capture(lambda: ends.append(microphone.track))
    await microphone.open({})
    # Headless Chromium cannot unplug its fake device: this is the event that the browser fires then.
    microphone.track.dispatchEvent(js.Event.new("ended"))
    assert ends == [None]
    await microphone.open({})
    assert microphone.enabled
    microphone.close()


@run_in_pyodide
async def test_a_microphone_that_comes_as_opening_is_cancelled_is_released(selenium):
    """In the one turn of the loop between its arrival and the end of open()."""
    import asyncio

    from rtvi_web.browser.capture import Capture, open_input

    tracks = []

    async def open_track(constraints):
        tracks.append(await open_input("mic", constraints))
        assert tracks[0].readyState == "live"
        asyncio.get_running_loop().call_soon(opener.cancel)
        return tracks[0]

    microphone = Capture("mic", open_track, print)
    opener = asyncio.ensure_future(microphone.open({}))
    await asyncio.wait({opener})
    [track] = tracks
    assert opener.cancelled()
    assert microphone.track is None
    assert track.readyState == "ended"
