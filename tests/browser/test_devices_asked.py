"""Devices that the browser asks the person about, though its permission says "granted".

Firefox asks so. It is put into Chromium's mouth, with what the person does.
"""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_person_is_awaited_while_the_browser_may_be_asking(selenium):
    import asyncio

    from edge import absent, held
    from loopback import until
    from websocket_peer import warnings_of

    from rtvi_web.browser.capture import open_input

    with (
        absent("Navigator.prototype", "userAgentData"),
        held("MediaDevices.prototype", "getUserMedia", when="true") as answer,
        warnings_of("rtvi_web.browser.capture") as said,
    ):
        opening = asyncio.ensure_future(open_input("mic", {}, timeout=0.05))
        await until(lambda: said)
        assert not opening.done()
        answer()
        track = await opening
        assert track.readyState == "live"
        track.stop()
    [warning] = said
    assert "The browser may be asking whether this page may use it: answer the question." in warning


@pytest.mark.parametrize("takes_it", [True, False])
@run_in_pyodide
async def test_a_remembered_microphone_is_asked_for_once(selenium, takes_it):
    """While the list has no ids, as in a page that has opened nothing yet. The person may pick another one."""
    import js
    from edge import absent, replaced
    from loopback import transport, until

    async with transport("/unused") as (link, _):
        await link.media.open_devices(mic=True)
        [_, other, remembered] = await link.media.list_devices("mic")
        await link.media.select_device("mic", remembered.id)
    picked = remembered if takes_it else other
    asking = (
        "function (constraints) { edge.asked.push(JSON.stringify(constraints));"
        f"return original.call(this, {{ audio: {{ deviceId: {{ exact: '{picked.id}' }} }} }}) }}"
    )
    without_ids = (
        "async function () { const devices = await original.call(this);"
        "return edge.asked.length ? devices : [{ deviceId: '', label: '', kind: 'audioinput', groupId: '' }] }"
    )
    wish = f'{{"audio":{{"deviceId":{{"ideal":"{remembered.id}"}}}}}}'
    with (
        absent("Navigator.prototype", "userAgentData"),
        replaced("MediaDevices.prototype", "getUserMedia", asking),
        replaced("MediaDevices.prototype", "enumerateDevices", without_ids),
    ):
        js.edge.asked = js.Array.new()
        async with transport("/unused") as (link, _):
            await link.media.open_devices(mic=True)
            await until(lambda: link.media.selected_device("mic") == picked)
            assert list(js.edge.asked) == [wish]
    async with transport("/unused") as (link, _):
        await link.media.open_devices(mic=True)
        assert link.media.selected_device("mic") == picked, "it is the choice from now on"
