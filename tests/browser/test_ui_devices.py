"""The widgets of devices: the list to choose from, and the buttons of the microphone, the camera and the screen."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_device_is_chosen_before_a_call_and_in_it(selenium):
    from edge import unplugged
    from loopback import RTVIBot, until
    from widgets import calling, choose, options, stage, texts

    from rtvi_web import RTVIEvent, ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot) as client:
                picker = ui.device_select(client, "mic", into=place)
                assert place.querySelector("label").textContent.startswith("Microphone")
                select = place.querySelector("select")
                await until(lambda: not select.disabled)
                labels = ["Fake Default Audio Input", "Fake Audio Input 1", "Fake Audio Input 2"]
                assert options(select) == labels
                assert select.value == client.selected_mic.id == "default"
                second = (await client.get_all_mics())[2]
                choose(select, second.id)
                await client.wait_for(RTVIEvent.MIC_UPDATED, check=lambda mic: mic == second)
                assert client.tracks().local.audio.getSettings().deviceId == second.id == select.value
                with unplugged(second.label):
                    await until(lambda: select.value == "default")
                    assert options(select) == labels[:2]
                    said = f"{second.label} is gone; {labels[0]} is used in its place."
                    await until(lambda: texts(place, "[role=alert]") == [said])
                await until(lambda: select.value == second.id)
                assert texts(place, "[role=alert]") == [""]
                # The application may choose, too.
                await client.update_mic("default")
                assert select.value == "default"
            choose(select, second.id)  # For the next call.
            await until(lambda: client.selected_mic == second)
            picker.close()


@pytest.mark.parametrize("when", ["before", "in"])
@run_in_pyodide
async def test_the_list_says_which_device_is_used_in_place_of_a_busy_one(selenium, when):
    import js
    from edge import busy
    from loopback import RTVIBot
    from widgets import stage, texts

    from rtvi_web import RTVIClient, ui
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url), enable_mic=when == "before")
        default, _, taken = await client.get_all_mics()
        await client.update_mic(taken.id)
        with stage() as place, busy(taken.id):
            picker = ui.device_select(client, "mic", into=place)
            select = place.querySelector("select")
            await client.connect()
            await client.enable_mic(True)
            said = f"{taken.label} is in use by another program; {default.label} is used in its place."
            assert (select.value, texts(place, "[role=alert]")) == (default.id, [said])
            js.edge.busy = js.Array.new()
            await client.update_mic(taken.id)
            assert (select.value, texts(place, "[role=alert]")) == (taken.id, [""])
            picker.close()
        await client.disconnect()


@run_in_pyodide
async def test_a_speaker_that_is_unplugged_is_said_to_be_gone_until_it_is_back(selenium):
    from edge import unplugged
    from loopback import RTVIBot, until
    from widgets import calling, choose, stage, texts

    from rtvi_web import ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot) as client:
                picker = ui.device_select(client, "speaker", into=place)
                select = place.querySelector("select")
                await until(lambda: not select.disabled)
                speakers = await client.get_all_speakers()
                choose(select, speakers[1].id)
                await until(lambda: client.selected_speaker == speakers[1])
                with unplugged(speakers[1].label):
                    said = f"{speakers[1].label} is gone; {speakers[0].label} is used."
                    await until(lambda: texts(place, "[role=alert]") == [said])
                    assert select.value == speakers[0].id
                await until(lambda: select.value == speakers[1].id)
                assert texts(place, "[role=alert]") == [""]
                picker.close()


@run_in_pyodide
async def test_a_choice_that_fails_says_why_and_the_device_before_stays(selenium):
    from edge import refusing
    from loopback import RTVIBot, until
    from widgets import calling, choose, stage, texts

    from rtvi_web import ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot) as client:
                picker = ui.device_select(client, "mic", into=place, label="Your voice")
                select = place.querySelector("select")
                await until(lambda: not select.disabled)
                with refusing("MediaDevices.prototype", "getUserMedia", "NotReadableError"):
                    choose(select, select.options[1].value)
                    await until(lambda: texts(place, "[role=alert]") != [""])
                assert "cannot be opened" in texts(place, "[role=alert]")[0]
                assert select.value == "default" == client.selected_mic.id
                choose(select, select.options[1].value)
                await until(lambda: client.tracks().local.audio)
                assert select.value == select.options[1].value == client.selected_mic.id
                assert texts(place, "[role=alert]") == [""]
                picker.close()


@run_in_pyodide
async def test_without_permission_there_is_nothing_to_choose(selenium):
    import js
    from loopback import until
    from widgets import options, stage

    from rtvi_web import RTVIClient, ui
    from rtvi_web.transports import SmallWebRTCTransport

    await js.allow("")
    with stage() as place:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/unused"))
        picker = ui.device_select(client, "mic", into=place)
        select = place.querySelector("select")
        await client.init_devices()
        assert select.disabled
        assert options(select) == ["Listed once one is allowed"]
        await js.allow("microphone")
        await until(lambda: not select.disabled)
        assert len(options(select)) == 3
        await client.disconnect()
        picker.close()


@run_in_pyodide
async def test_muting_and_unmuting(selenium):
    from loopback import RTVIBot, until
    from widgets import calling, stage

    from rtvi_web import ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot) as client:
                switch = ui.mic_button(client, into=place)
                [button] = place.querySelectorAll("button")
                assert (button.textContent, button.disabled, button.ariaPressed) == ("Mute", False, "false")
                button.click()
                await until(lambda: button.ariaPressed == "true")
                assert not client.tracks().local.audio.enabled
                button.click()
                await until(lambda: button.ariaPressed == "false")
                assert client.is_mic_enabled
                await client.enable_mic(False)
                assert button.ariaPressed == "true"
            assert (button.disabled, button.ariaPressed) == (True, "false")
            switch.close()


@run_in_pyodide
async def test_a_session_without_a_microphone_can_have_one_later(selenium):
    from loopback import RTVIBot, until
    from widgets import calling, stage

    from rtvi_web import ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot, enable_mic=False) as client:
                switch = ui.mic_button(client, into=place)
                [button] = place.querySelectorAll("button")
                assert (button.disabled, button.ariaPressed) == (False, "true")
                button.click()
                await until(lambda: client.is_mic_enabled)
                assert button.ariaPressed == "false"
                switch.close()


@run_in_pyodide
async def test_a_denied_microphone_is_said_and_asked_for_again(selenium):
    import js
    from loopback import RTVIBot, until
    from widgets import stage

    from rtvi_web import RTVIClient, RTVIEvent, ui
    from rtvi_web.transports import SmallWebRTCTransport

    await js.allow("")
    async with RTVIBot() as bot:
        with stage() as place:
            client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
            switch = ui.mic_button(client, into=place)
            async with client:
                mute, ask = place.querySelectorAll("button")
                assert mute.disabled
                assert ask.textContent == "Ask for the microphone again"
                assert "not allowed" in place.querySelector("[role=alert] p").textContent
                ask.focus()
                ask.click()
                await client.wait_for(RTVIEvent.DEVICE_ERROR)  # Denied once more.
                assert ask.isConnected
                assert js.document.activeElement == ask
                await js.allow("microphone")
                # The browser tells of it, and there is nothing to complain about any more.
                await until(lambda: not ask.isConnected)
                mute.click()
                await until(lambda: client.is_mic_enabled)
                assert not mute.disabled
            switch.close()


@run_in_pyodide
async def test_a_forbidden_camera_shows_no_error_until_it_is_asked_for(selenium):
    import js
    from loopback import RTVIBot, until
    from widgets import calling, stage

    from rtvi_web import RTVIEvent, ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot) as client:
                switch = ui.cam_button(client, into=place)
                [button] = place.querySelectorAll("button")
                assert (client.media_state.cam.reason, button.disabled) == ("permissions", False)
                button.click()
                await client.wait_for(RTVIEvent.DEVICE_ERROR)
                assert button.disabled
                ask = place.querySelectorAll("button")[1]
                assert ask.textContent == "Ask for the camera again"
                ask.focus()
                await js.allow("microphone camera")
                await until(lambda: not ask.isConnected)
                assert js.document.activeElement == button
                switch.close()


@run_in_pyodide
async def test_camera_and_screen(selenium_screen):
    from loopback import RTVIBot, until
    from widgets import calling, stage

    from rtvi_web import ui

    async with RTVIBot() as bot:
        with stage() as place:
            async with calling(bot, enable_mic=False) as client:
                switches = [ui.cam_button(client, into=place), ui.screen_button(client, into=place)]
                camera, screen = place.querySelectorAll("button")
                assert (camera.textContent, camera.ariaPressed) == ("Camera", "false")
                assert (screen.textContent, screen.ariaPressed) == ("Share screen", "false")
                camera.click()
                screen.click()
                await until(lambda: client.is_cam_enabled and client.is_sharing_screen)
                assert (camera.ariaPressed, screen.ariaPressed) == ("true", "true")
                camera.click()
                screen.click()
                await until(lambda: not client.is_cam_enabled and not client.is_sharing_screen)
                assert (camera.ariaPressed, screen.ariaPressed) == ("false", "false")
            for switch in switches:
                switch.close()


@run_in_pyodide
async def test_the_list_follows_what_is_plugged_in_before_a_session_and_after(selenium):
    from edge import unplugged
    from loopback import until
    from widgets import stage

    from rtvi_web import RTVIClient, ui
    from rtvi_web.transports import SmallWebRTCTransport

    with stage() as place:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/unused"))
        picker = ui.device_select(client, "mic", into=place)
        for _ in range(2):
            await until(lambda: len(place.querySelectorAll("option")) == 3)
            with unplugged("Fake Audio Input 1"):
                await until(lambda: len(place.querySelectorAll("option")) == 2)
            await until(lambda: len(place.querySelectorAll("option")) == 3)
            await client.init_devices()
            await client.disconnect()
        picker.close()
