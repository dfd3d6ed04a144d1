"""The widgets with RealtimeClient, over both of its transports."""

from conftest import over_both
from pytest_pyodide import run_in_pyodide


@over_both
@run_in_pyodide
async def test_close_takes_away_all_that_was_added(selenium, port, kind):
    from realtime_peer import session
    from widgets import stage

    from rtvi_web import ui

    async with session(kind, port) as run:
        names = [
            *run.EVENTS.split(),
            "localAudioLevel",
            "remoteAudioLevel",
            "conversation.speaking",
            "client.connected",
            "transportStateChanged",
            "conversation.updated",
            "server.response.created",
        ]
        run.client.clear_event_handlers()
        with stage() as place:
            made = [
                ui.device_select(run.client, "mic", into=place),
                ui.device_select(run.client, "speaker", into=place),
                ui.mic_button(run.client, into=place),
                ui.level_meter(run.client, into=place),
                ui.voice_visualizer(run.client, into=place),
                ui.bot_audio(run.client, into=place),
                ui.realtime_settings(run.client, into=place),
                ui.console(run.client, into=place),
            ]
            await run.client.connect()
            assert run.client.listens("micUpdated")
            for widget in made:
                widget.close()
            assert [name for name in names if run.client.listens(name)] == []


@run_in_pyodide
async def test_there_is_no_camera_to_choose(selenium, port):
    import pytest
    from realtime_peer import session
    from widgets import stage

    from rtvi_web import InvalidArgumentError, ui

    async with session("websocket", port) as run:
        with stage() as place, pytest.raises(InvalidArgumentError, match="RealtimeClient has no camera"):
            ui.device_select(run.client, "cam", into=place)


@over_both
@run_in_pyodide
async def test_settings_are_checked_and_rest_during_a_session(selenium, port, kind):
    import js
    from realtime_peer import session
    from widgets import stage, texts

    from rtvi_web import ui

    def write(field, text):
        field.value = text
        field.dispatchEvent(js.Event.new("change"))

    async with session(kind, port) as run:
        with stage() as place:
            client, url = run.client, run.client.url
            client.update_config({"instructions": "Be brief.", "voice": "marin"})
            widget = ui.realtime_settings(client, into=place)
            address, model, voice, instructions = place.querySelectorAll("input, textarea")
            assert [each.value for each in (address, model, voice, instructions)] == [url, "", "marin", "Be brief."]
            write(model, " gpt-realtime ")
            write(instructions, "Be kind.")
            write(voice, "cedar")
            assert client.config["model"] == "gpt-realtime"
            assert client.config["instructions"] == "Be kind."
            assert client.config["audio"]["output"]["voice"] == "cedar"
            write(address, "")
            assert client.url is None
            write(address, url)
            assert client.url == url
            assert texts(place, "[role=alert]") == [""]
            write(model, "")
            await client.connect()
            assert place.querySelector("fieldset").disabled
            await client.disconnect()
            assert not place.querySelector("fieldset").disabled
            widget.close()


@run_in_pyodide
async def test_an_address_that_cannot_be_is_said_where_it_is_written(selenium):
    import js
    import pytest
    from widgets import stage, texts

    from rtvi_web import InvalidArgumentError, ui
    from rtvi_web.realtime import RealtimeClient

    def write(field, text):
        field.value = text
        field.dispatchEvent(js.Event.new("change"))
        return texts(place, ".rtvi-problem")[0]

    for transport in ("websocket", "webrtc"):
        with stage() as place:
            client = RealtimeClient(transport=transport, microphone=False)
            widget = ui.realtime_settings(client, into=place)
            address, model = place.querySelectorAll("input")[:2]
            for text in (
                "ftp://x",
                "::::",
                "localhost:8080/v1",
                "wss:/",
                "wss://",
                "https:///x",
                "wss://h:99999",
                "//",
            ):
                said = write(address, text)
                assert "is not the address of a realtime server. Write one that begins with wss://" in said, text
                assert (address.ariaInvalid, write(model, "m")) == ("true", said), text
                with pytest.raises(InvalidArgumentError) as raised:  # and not where the field said before
                    await client.connect()
                assert raised.value.message == said
            assert "does not say how to reach this server" in write(address, "models.example/v1")
            for text in ("https://user:s3cret@h/", "wss://s3cret@h/v1"):
                said = write(address, text)
                assert "a user name or a password in it" in said
                assert "s3cret" not in said
            for text in ("wss://h/v1", "HTTPS://h:8/", "/v1/realtime", "v1/realtime", "../v1", "//h/v1", "?a=b:c", ""):
                assert (write(address, text), client.url) == ("", text or None), text
            assert not address.hasAttribute("aria-invalid")
            widget.close()


@over_both
@run_in_pyodide
async def test_devices_are_chosen_before_a_session_and_in_it(selenium, port, kind):
    from edge import unplugged
    from loopback import until
    from realtime_peer import session
    from widgets import choose, options, stage, texts

    from rtvi_web import ui

    async with session(kind, port) as run:
        with stage() as place:
            client = run.client
            pickers = [ui.device_select(client, device, into=place) for device in ("mic", "speaker")]
            assert texts(place, "label > span") == ["Microphone", "Speaker"]
            mic, speaker = place.querySelectorAll("select")
            await until(lambda: not mic.disabled and not speaker.disabled)
            mics, speakers = await client.get_all_mics(), await client.get_all_speakers()
            assert options(mic) == [each.label for each in mics]
            assert options(speaker) == [each.label for each in speakers]
            choose(mic, mics[1].id)
            await until(lambda: client.selected_mic == mics[1])
            await client.connect()
            assert (mic.value, client.tracks().local.audio.label) == (mics[1].id, mics[1].label)
            choose(mic, mics[2].id)
            choose(speaker, speakers[2].id)
            await until(lambda: client.tracks().local.audio.label == mics[2].label)
            await until(lambda: run.sinks == {speakers[2].id})
            with unplugged(mics[2].label, speakers[2].label):
                said = [
                    f"{mics[2].label} is gone; {mics[0].label} is used in its place.",
                    f"{speakers[2].label} is gone; {speakers[0].label} is used.",
                ]
                await until(lambda: texts(place, "[role=alert]") == said)
                assert (mic.value, speaker.value) == (mics[0].id, speakers[0].id)
            await until(lambda: (mic.value, speaker.value) == (mics[2].id, speakers[2].id))
            assert texts(place, "[role=alert]") == ["", ""]
            await client.update_mic(mics[0].id)  # The application may choose, too.
            assert mic.value == mics[0].id
            for picker in pickers:
                picker.close()


@over_both
@run_in_pyodide
async def test_muting_and_what_a_denied_microphone_needs(selenium, port, kind):
    import js
    from loopback import until
    from realtime_peer import session
    from widgets import stage, texts

    from rtvi_web import ui

    await js.allow("")
    async with session(kind, port) as run:
        with stage() as place:
            switch = ui.mic_button(run.client, into=place)
            [mute] = place.querySelectorAll("button")
            assert (mute.textContent, mute.disabled) == ("Mute", True)
            await run.client.connect()
            _, ask = place.querySelectorAll("button")
            assert mute.disabled
            assert "not allowed" in texts(place, "[role=alert] p")[0]
            ask.focus()
            ask.click()
            await until(lambda: len(run.of("deviceError")) == 2)
            assert js.document.activeElement == ask
            await js.allow("microphone")
            await until(lambda: not ask.isConnected)
            assert js.document.activeElement == mute
            assert (mute.disabled, mute.ariaPressed) == (False, "true")
            mute.click()
            await run.hears()
            assert mute.ariaPressed == "false"
            run.client.mute()  # The application may mute, too.
            assert mute.ariaPressed == "true"
            await run.client.disconnect()
            assert (mute.disabled, mute.ariaPressed) == (True, "false")
            switch.close()


@over_both
@run_in_pyodide
async def test_levels_and_bars_move_with_both_sides(selenium, port, kind):
    from loopback import until
    from realtime_peer import session
    from sound import tone
    from widgets import stage

    from rtvi_web import ui

    def height(voice):
        return max(float(bar.style.getPropertyValue("--rtvi-height") or 0) for bar in voice.element.children)

    async with tone(440) as own, session(kind, port, microphone=own) as run:
        with stage() as place:
            client = run.client
            levels = [ui.level_meter(client, of, into=place) for of in ("mic", "bot")]
            voices = [ui.voice_visualizer(client, of, into=place) for of in ("mic", "bot")]
            states = [voice.element.getAttribute("data-state") for voice in voices]
            assert states == ["disconnected", "disconnected"]
            await client.connect()
            run.let_it_speak()
            for level in levels:
                await until(lambda element=level.element: int(element.ariaValueNow) >= 10)
            for voice in voices:
                await until(lambda voice=voice: height(voice) > 0.3)
            state = "speaking" if kind == "websocket" else "listening"  # WebRTC's peer does not say that it speaks.
            assert voices[1].element.getAttribute("data-state") == state
            await client.disconnect()
            assert [level.element.ariaValueNow for level in levels] == ["0", "0"]
            assert [height(voice) for voice in voices] == [0, 0]
            assert voices[1].element.getAttribute("data-state") == "disconnected"
            for widget in (*levels, *voices):
                widget.close()


@over_both
@run_in_pyodide
async def test_a_browser_that_keeps_the_model_silent(selenium, port, kind):
    from loopback import until
    from realtime_peer import kept_silent, session
    from widgets import stage

    from rtvi_web import ui

    async with session(kind, port) as run:
        with stage() as place:
            widget = ui.bot_audio(run.client, into=place)
            assert not widget.element.childElementCount
            with kept_silent(kind):
                await run.client.connect()
                await run.suspend()
                run.let_it_speak()
                await until(lambda: place.querySelector("button"))
            button = place.querySelector("button")
            button.click()
            assert not button.isConnected
            await until(run.plays)
            await run.client.disconnect()
            widget.close()
