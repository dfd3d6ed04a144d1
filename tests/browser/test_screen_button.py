"""The screen's button where no screen can be shared, and where it is refused."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_browser_without_screens_is_said_by_a_disabled_button(selenium):
    from edge import absent
    from widgets import scripted, stage, texts

    from rtvi_web import RTVIClient, ui
    from rtvi_web.transports import SmallWebRTCTransport, WebSocketTransport

    with absent("MediaDevices.prototype", "getDisplayMedia"), stage() as place:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/unused"))
        switch = ui.screen_button(client, into=place)
        assert client.screen_share_obstacle == "This browser cannot share screens."
        assert texts(place, "[role=alert]") == [client.screen_share_obstacle]
        await client.init_devices()
        assert place.querySelector("button").disabled
        switch.close()
        await client.disconnect()
    with stage() as place:
        client = RTVIClient(transport=WebSocketTransport(ws_url="ws://unused"))
        switch = ui.screen_button(client, into=place)
        assert texts(place, "[role=alert]") == ["This connection carries no screen."]
        switch.close()
        switch = ui.screen_button(scripted(), into=place)
        assert texts(place, "[role=alert]") == [""]
        switch.close()


@run_in_pyodide
async def test_a_refusal_is_shown_until_the_next_try(selenium):
    from edge import refusing, replaced
    from loopback import until
    from widgets import stage, texts

    from rtvi_web import RTVIClient, ui
    from rtvi_web.transports import SmallWebRTCTransport

    with stage() as place:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/unused"))
        await client.init_devices()
        switch = ui.screen_button(client, into=place)
        button = place.querySelector("button")
        assert not button.disabled
        with refusing("MediaDevices.prototype", "getDisplayMedia", "NotAllowedError"):
            button.click()
            refusal = "The screen was not shared: the person or the system refused."
            await until(lambda: texts(place, "[role=alert]") == [refusal])
            assert not button.disabled
        shows = (
            "async () => { const canvas = document.createElement('canvas'); canvas.getContext('2d');"
            "return canvas.captureStream(1) }"
        )
        with replaced("MediaDevices.prototype", "getDisplayMedia", shows):
            button.click()
            await until(lambda: client.is_sharing_screen)
        assert texts(place, "[role=alert]") == [""]
        assert button.ariaPressed == "true"
        switch.close()
        await client.disconnect()
