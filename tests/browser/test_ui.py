"""The widgets: each alone, showing what is true, and gone without a trace when closed."""

import re
from pathlib import Path

import pytest
from pytest_pyodide import run_in_pyodide


def test_the_widgets_of_the_readme(selenium):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```python\n(from rtvi_web import ui\n.*?)```", readme, re.DOTALL)
    make_widgets(selenium, block)


@run_in_pyodide
async def make_widgets(selenium, block):
    import re

    from widgets import scripted, stage

    with stage() as place:
        names = re.findall(r'into="#(\w+)"', block)
        place.innerHTML = "".join(f'<div id="{name}"></div>' for name in sorted(set(names)))
        made = []
        collecting = re.sub(r"^(ui\..*?\))(  #.*)?$", r"made.append(\1)", block, flags=re.MULTILINE)
        exec(collecting, {"client": scripted(), "made": made})
        assert len(made) == len(names) >= 7
        assert [place.querySelector(f"#{name}").childElementCount for name in names] == [names.count(n) for n in names]
        for widget in made:
            widget.close()
        place.replaceChildren()


@run_in_pyodide
async def test_close_takes_away_all_that_was_added(selenium):
    import js
    from loopback import until
    from widgets import scripted, stage, wants_level

    from rtvi_web import ui
    from rtvi_web.core.media import BOT

    with stage() as place:
        client = scripted()
        before = list(client.subscribed)
        made = [
            ui.device_select(client, "mic", into=place),
            ui.device_select(client, "cam", into=place),
            ui.device_select(client, "speaker", into=place),
            ui.level_meter(client, into=place),
            ui.level_meter(client, "bot", into=place),
            *(
                getattr(ui, name)(client, into="#stage")
                for name in ui.__all__
                if name not in ("Widget", "device_select", "level_meter")
            ),
        ]
        assert place.childElementCount == len(made)
        assert [widget.element.parentNode for widget in made] == [place] * len(made)
        assert js.document.adoptedStyleSheets.length == 1
        assert len(client.subscribed) > len(before)
        await until(lambda: wants_level(client, BOT))  # They are in view.
        for widget in made[1:]:
            widget.close()
        assert js.document.adoptedStyleSheets.length == 1
        made[0].close()
        made[0].close()
        assert client.subscribed == before


@run_in_pyodide
async def test_places_that_are_not_there_and_words_that_say_nothing(selenium):
    import js
    import pytest
    from widgets import scripted, stage

    from rtvi_web import InvalidArgumentError, ui

    with stage() as place:
        client = scripted()
        before = list(client.subscribed)
        for into in ("#nowhere", "?!", None, 5, js.document):
            with pytest.raises(InvalidArgumentError, match=r"no element|not a CSS selector"):
                ui.mic_button(client, into=into)
        with pytest.raises(InvalidArgumentError, match="'mic', 'cam' or 'speaker', not 'mike'"):
            ui.device_select(client, "mike", into=place)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="'mic' or 'bot'"):
            ui.level_meter(client, "cam", into=place)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="'bot' or 'mic'"):
            ui.voice_visualizer(client, "cam", into=place)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="bars must be 1 to 32"):
            ui.voice_visualizer(client, into=place, bars=0)
        assert client.subscribed == before


@run_in_pyodide
async def test_the_pages_own_rules_and_variables_win(selenium):
    import js
    from widgets import scripted, stage

    from rtvi_web import ui

    with stage() as place:
        badge = ui.connection_badge(scripted(), into=place)
        color = js.getComputedStyle(badge.element).color
        place.style.setProperty("--rtvi-ink", "rgb(1, 2, 3)")
        assert js.getComputedStyle(badge.element).color == "rgb(1, 2, 3)" != color
        rules = js.document.createElement("style")
        rules.textContent = "p { color: rgb(4, 5, 6) }"
        place.append(rules)
        assert js.getComputedStyle(badge.element).color == "rgb(4, 5, 6)"
        rules.remove()
        badge.close()


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
async def test_the_level_is_measured_while_it_is_seen(selenium):
    from loopback import RTVIBot, until
    from widgets import calling, stage, wants_level

    from rtvi_web import ui
    from rtvi_web.core.media import BOT, LOCAL

    async with RTVIBot(speaks=True) as bot:
        with stage() as place:
            async with calling(bot) as client:
                meters = [ui.level_meter(client, into=place), ui.level_meter(client, "bot", into=place)]
                mine, bots = (meter.element for meter in meters)
                assert (mine.role, mine.ariaLabel, bots.ariaLabel) == ("meter", "Microphone level", "Bot level")
                for element in (mine, bots):
                    await until(lambda element=element: int(element.ariaValueNow) >= 10)
                assert bots.firstChild.style.transform.startswith("scaleX(0.")
                place.hidden = True
                await until(lambda: not wants_level(client, LOCAL))
                assert not wants_level(client, BOT)
                place.hidden = False
                await until(lambda: wants_level(client, LOCAL))
                await until(lambda: int(bots.ariaValueNow) >= 10)
            assert [element.ariaValueNow for element in (mine, bots)] == ["0", "0"]
            assert bots.firstChild.style.transform == "scaleX(0)"
            for meter in meters:
                meter.close()
            assert not wants_level(client, LOCAL)


@run_in_pyodide
async def test_the_bots_voice_moves_the_bars_while_they_are_seen(selenium):
    import js
    from loopback import RTVIBot, until
    from widgets import calling, stage

    from rtvi_web import ui

    def running():
        return sum(context.state != "closed" for context in js.opened.contexts)

    def heights():
        return [
            float(bar.style.getPropertyValue("--rtvi-height") or 0) for bar in place.querySelectorAll(".rtvi-voice > *")
        ]

    async with RTVIBot(speaks=True) as bot:
        with stage() as place:
            async with calling(bot) as client:
                before = running()
                voice = ui.voice_visualizer(client, into=place, bars=5)
                await until(lambda: len(heights()) == 5 and max(heights()) > 0.3)
                assert heights() == heights()[::-1]
                assert voice.element.getAttribute("data-state") == client.bot_state == "listening"
                assert running() == before + 1
                place.hidden = True
                await until(lambda: running() == before)
                assert heights() == [0] * 5
                place.hidden = False
                await until(lambda: max(heights()) > 0.3)
            await until(lambda: running() == before)
            assert heights() == [0] * 5
            assert voice.element.getAttribute("data-state") == "gone"
            voice.close()


@run_in_pyodide
async def test_a_browser_that_keeps_the_bot_silent(selenium):
    from edge import refusing
    from loopback import RTVIBot, until
    from widgets import stage

    from rtvi_web import RTVIClient, ui
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot(speaks=True) as bot:
        with stage() as place:
            client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
            widget = ui.bot_audio(client, into=place)
            assert not widget.element.childElementCount
            with refusing("HTMLMediaElement.prototype", "play", "NotAllowedError"):
                await client.connect()
                await until(lambda: place.querySelector("button"))
                button = place.querySelector("button")
                late = ui.bot_audio(client, into=place)
                await until(lambda: late.element.childElementCount)
                late.close()
                assert button.textContent == "Tap to hear the bot"
                button.click()  # In vain: it is said again.
                assert not button.isConnected
                await until(lambda: button.isConnected)
            button.click()
            await until(lambda: not client.transport.media.player.element.paused)  # type: ignore[attr-defined]
            assert not button.isConnected
            await client.disconnect()
            widget.close()


@run_in_pyodide
async def test_the_badge_says_that_the_bot_has_left(selenium):
    from widgets import scripted, stage

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, leave

    with stage() as place:
        client = scripted(*handshake(), expect("send-text"), leave(), disconnect_on_bot_disconnect=False)
        badge = ui.connection_badge(client, into=place)
        await client.connect()
        client.send_text("bye")
        await client.wait_for("botStateChanged")
        assert (badge.element.getAttribute("data-state"), badge.element.textContent) == ("bot-left", "The bot has left")
        await client.disconnect()
        badge.close()


@run_in_pyodide
async def test_the_badge_says_where_the_session_stands(selenium):
    from widgets import scripted, stage

    from rtvi_web import RTVIEvent, ui
    from rtvi_web.testing import handshake

    with stage() as place:
        client = scripted(*handshake())
        seen = []
        badge = ui.connection_badge(client, into=place)
        client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, lambda _: seen.append(badge.element.textContent))
        assert (badge.element.role, badge.element.textContent) == ("status", "Not connected")
        await client.connect()
        assert (badge.element.getAttribute("data-state"), badge.element.textContent) == ("bot-ready", "Connected")
        late = ui.connection_badge(client, into=place)
        assert late.element.textContent == "Connected"
        client.transport.drop()
        assert badge.element.textContent == "Reconnecting…"
        await client.transport.restore()
        assert badge.element.textContent == "Connected"
        await client.disconnect()
        assert seen[0] == "Opening the devices…"
        assert "Waiting for the bot…" in seen
        assert seen[-2:] == ["Hanging up…", "Not connected"]
        badge.close()
        late.close()


@run_in_pyodide
async def test_the_transcript_grows_and_tells_each_turn_once(selenium):
    import js
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    with stage() as place:
        client = scripted(
            *handshake(),
            expect("client-message"),
            say("user-transcription", {"text": "what <b>ti", "final": False, "timestamp": "", "user_id": ""}),
            expect("client-message"),
            say(
                "user-transcription", {"text": "What <b>time</b> is it?", "final": True, "timestamp": "", "user_id": ""}
            ),
            expect("client-message"),
            say("bot-llm-started"),
            say("bot-llm-text", {"text": "It is "}),
            say("bot-llm-text", {"text": "noon."}),
            expect("client-message"),
            say("bot-llm-stopped"),
            say("bot-started-speaking"),
            say("bot-stopped-speaking"),
            expect("client-message"),
            say("user-transcription", {"text": "Thanks.", "final": True, "timestamp": "", "user_id": ""}),
            say("bot-llm-started"),
            say("bot-llm-text", {"text": "Bye."}),
            say("bot-interrupted"),
        )
        widget = ui.transcript(client, into=place)
        root = widget.element
        announced = []
        live = root.querySelector("[role=log]")
        assert texts(root, ".rtvi-empty") == ["What is said appears here."]
        await client.connect()

        async def go_on(condition):
            client.send_client_message("go on")
            await until(condition)
            announced.append(live.textContent)

        await go_on(lambda: texts(root, ".user .rtvi-rest") == ["what <b>ti"])
        await go_on(lambda: texts(root, ".user .rtvi-text") == ["What <b>time</b> is it?"])
        await go_on(lambda: texts(root, ".bot .rtvi-text") == ["It is noon."])
        assert texts(root, ".rtvi-doing") == ["The bot is thinking…"]
        assert root.querySelector(".bot").hasAttribute("data-going-on")
        await go_on(lambda: not root.querySelector(".bot").hasAttribute("data-going-on"))
        assert announced == ["", "", "You: What <b>time</b> is it?", "Bot: It is noon."]
        assert not root.querySelector(".rtvi-turns b b, .rtvi-text b")
        assert js.getComputedStyle(root.querySelector(".rtvi-empty")).display == "none"
        late = ui.transcript(client, into=place)
        assert texts(late.element, ".rtvi-text") == ["What <b>time</b> is it?", "It is noon."]
        assert late.element.querySelector("[role=log]").textContent == ""
        await go_on(lambda: texts(root, "[role=log] p") == ["You: Thanks.", "Bot: Bye."])
        client.conversation.clear()
        await until(lambda: not texts(root, ".rtvi-turn"))
        assert js.getComputedStyle(root.querySelector(".rtvi-empty")).display != "none"
        await client.disconnect()
        widget.close()
        late.close()


@run_in_pyodide
async def test_the_transcript_shows_who_speaks_if_there_are_several(selenium):
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    with stage() as place:
        client = scripted(
            *handshake(),
            say("user-transcription", {"text": "One.", "final": True, "timestamp": "1", "user_id": "ann"}),
            expect("client-message"),
            say("user-transcription", {"text": "Two.", "final": True, "timestamp": "2", "user_id": "<b>"}),
            say("bot-tts-text", {"text": "Three."}),
        )
        widget = ui.transcript(client, into=place)
        await client.connect()
        await until(lambda: texts(place, ".rtvi-who") == ["You"])
        client.send_client_message("go on")
        await until(lambda: texts(place, ".rtvi-who") == ["ann", "<b>", "Bot"])
        assert texts(place, "[role=log] p") == ["ann: One.", "<b>: Two."]
        await client.disconnect()
        widget.close()


@run_in_pyodide
async def test_the_transcript_shows_what_was_not_said_and_what_was_called(selenium):
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake, say

    go_on = expect("client-message")
    call = {"tool_call_id": "1", "function_name": "set_page_color", "arguments": {"color": "green"}}
    with stage() as place:
        client = scripted(
            *handshake(),
            say("bot-llm-started"),
            say("bot-llm-text", {"text": "One, two, three."}),
            say("llm-function-call-in-progress", call),
            say("bot-started-speaking"),
            say("bot-tts-text", {"text": "One, two,"}),
            go_on,
            say("llm-function-call-stopped", {"tool_call_id": "1", "cancelled": False}),
            say("user-started-speaking"),
            say("bot-stopped-speaking"),
            go_on,
            say("user-transcription", {"text": "Next", "final": False, "timestamp": "", "user_id": ""}),
            go_on,
            say("user-transcription", {"text": "Next word", "final": False, "timestamp": "", "user_id": ""}),
        )
        widget = ui.transcript(client, into=place)
        await client.connect()
        await until(lambda: texts(place, ".rtvi-rest") == [" three."])
        assert texts(place, ".rtvi-call") == ["set_page_color(color='green') …"]
        client.send_client_message("go on")
        await until(lambda: texts(place, ".rtvi-call") == ["set_page_color(color='green')"])
        assert place.querySelector(".bot").hasAttribute("data-interrupted")
        assert texts(place, ".bot .rtvi-text") == ["One, two, three."]
        client.conversation.clear()  # What a conversation forgets, the page forgets too.
        client.send_client_message("go on")
        await until(lambda: texts(place, ".rtvi-text") == ["Next"])
        client.send_client_message("go on")
        await client.wait_for("conversationUpdated")
        widget.close()  # before the change is shown
        await client.disconnect()


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
