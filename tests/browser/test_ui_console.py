"""The console, its launcher, and the parts that came with them."""

from conftest import over_both
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_start_button_starts_once_shows_that_and_stops(selenium):
    import js
    from loopback import until
    from pyodide.ffi import to_js
    from widgets import scripted, stage

    from rtvi_web import ConnectPhase, ui
    from rtvi_web.testing import handshake

    def click(count=1):
        options = to_js({"detail": count, "bubbles": True}, dict_converter=js.Object.fromEntries)
        button.dispatchEvent(js.MouseEvent.new("click", options))

    with stage() as place:
        client = scripted(*handshake())
        widget = ui.start_button(client, into=place, label="Call")
        [button] = place.querySelectorAll("button")
        button.focus()
        assert button.textContent == "Call"
        client.transport.hangs_in = ConnectPhase.ICE
        click()
        click(2)  # a double click
        assert (button.textContent, button.ariaBusy) == ("Connecting…", "true")
        assert button.ariaLabel == "Connecting… Press to cancel"
        await until(lambda: client.state == "connecting")
        click()
        await until(lambda: button.textContent == "Call")
        assert (button.ariaBusy, button.hasAttribute("aria-label")) == ("false", False)
        assert client.failure is None
        client.transport.hangs_in = None
        click()
        await until(lambda: button.textContent == "Stop")
        assert len(client.transport.connect_requests) == 2
        assert js.document.activeElement == button
        click()
        await until(lambda: button.textContent == "Call")
        widget.close()


@run_in_pyodide
async def test_the_start_button_starts_as_the_page_says(selenium):
    from loopback import until
    from widgets import scripted, stage

    from rtvi_web import RequestError, ui

    async def start():
        started.append("start")
        raise RequestError("Sign in first.")

    with stage() as place:
        client, started = scripted(), []
        widget = ui.start_button(client, into=place, start=start, failed=lambda error: started.append(str(error)))
        place.querySelector("button").click()
        await until(lambda: started == ["start", "Sign in first."])
        await until(lambda: widget.element.getAttribute("data-state") == "start")
        widget.close()


@run_in_pyodide
async def test_the_problem_card_says_what_failed_and_tries_again(selenium):
    import js
    import pytest
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import HttpError, StartBotError, ui
    from rtvi_web.core.http import HttpResponse
    from rtvi_web.testing import expect, handshake, say

    with stage() as place:
        step = expect("client-message")
        error = say("error", {"error": "The model is <b>slow</b>.", "fatal": False})
        client = scripted(*handshake(), step, error, params={"base_url": "https://bot.test"})
        card = ui.problem_card(client, into=place)
        assert (card.element.role, card.element.childElementCount) == ("alert", 0)
        client.transport.http.answers.append(HttpResponse(503, "{}"))
        with pytest.raises(StartBotError) as raised:
            await client.connect()
        assert client.failure is raised.value
        late = ui.problem_card(client, into=place)
        for each in (card, late):
            assert texts(each.element, "strong") == ["The bot's server has failed."]
            assert "503" in texts(each.element, "p")[0]
        late.close()
        client.transport.http.answers.append(HttpResponse(200, "{}"))
        again, dismiss = place.querySelectorAll("button")
        follows = ui.start_button(client, into=place)
        assert again.textContent == "Try again"
        again.focus()
        again.click()
        await until(lambda: client.state == "ready")
        assert js.document.activeElement == follows.element.firstChild
        assert card.element.childElementCount == 0
        client.send_client_message("go on")
        await until(lambda: texts(place, "p")[:1] == ["The model is <b>slow</b>."])
        assert texts(place, "strong, button") == ["The bot reports an error.", "Dismiss", "Stop"]
        dismiss.focus()
        card.show(HttpError("GET /help returned nothing."))
        assert texts(place, "strong") == ["The server cannot be reached."]
        assert js.document.activeElement == dismiss
        dismiss.click()
        assert card.element.childElementCount == 0
        assert js.document.activeElement == follows.element.firstChild
        await client.disconnect()
        card.close()
        follows.close()


@run_in_pyodide
async def test_the_problem_card_asks_for_a_denied_microphone_again(selenium):
    from loopback import until
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import handshake

    with stage() as place:
        client = scripted(*handshake())
        client.transport.microphone = "denied"
        card = ui.problem_card(client, into=place)
        await client.connect()
        assert texts(place, "strong") == ["The mic was denied by the script."]
        client.transport.microphone = "granted"
        place.querySelector("button").click()
        await until(lambda: client.is_mic_enabled)
        assert card.element.childElementCount == 0
        await client.disconnect()
        card.close()


@run_in_pyodide
async def test_the_composer_sends_text_and_keeps_what_was_not_sent(selenium):
    import js
    from loopback import until
    from pyodide.ffi import to_js
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake

    def press(**options):
        given = to_js(
            {"key": "Enter", "bubbles": True, "cancelable": True, **options}, dict_converter=js.Object.fromEntries
        )
        return field.dispatchEvent(js.KeyboardEvent.new("keydown", given))

    with stage() as place:
        client = scripted(*handshake(), expect("send-text"), expect("send-text"))
        widget = ui.composer(client, into=place)
        field, fields = place.querySelector("textarea"), place.querySelector("fieldset")
        assert fields.disabled
        await client.connect()
        assert not fields.disabled
        field.focus()
        field.value = "  Hello,\nbot. "
        assert press(shiftKey=True)
        assert press(isComposing=True)
        assert not press()
        await until(lambda: field.value == "")
        assert client.transport.sent[-1]["data"]["content"] == "Hello,\nbot."
        assert js.document.activeElement == field
        field.value = "x" * 70_000
        press()
        await until(lambda: texts(place, "[role=alert]")[0].startswith("This is too large to be sent. The message has"))
        assert len(field.value) == 70_000
        field.value = "Shorter."
        press()
        await until(lambda: field.value == "")
        assert texts(place, "[role=alert]") == [""]
        await client.disconnect()
        assert fields.disabled
        widget.close()


@run_in_pyodide
async def test_the_composer_sends_a_file_with_the_text(selenium):
    import base64

    import js
    from loopback import until
    from pyodide.ffi import to_js
    from widgets import scripted, stage, texts

    from rtvi_web import ui
    from rtvi_web.testing import expect, handshake

    def choose(name, content, type="text/plain"):
        transfer = js.DataTransfer.new()
        transfer.items.add(
            js.File.new(to_js([content]), name, to_js({"type": type}, dict_converter=js.Object.fromEntries))
        )
        picker.files = transfer.files
        picker.dispatchEvent(js.Event.new("change"))

    with stage() as place:
        client = scripted(*handshake(), expect("send-file"))
        widget = ui.composer(client, into=place)
        await client.connect()
        picker, field = place.querySelector("input"), place.querySelector("textarea")
        choose("huge.bin", js.Uint8Array.new(20_000_001))
        assert texts(place, "[role=alert]") == ["huge.bin is too large: 20 MB can be sent."]
        choose("note.txt", "A note.")
        assert texts(place, ".rtvi-chosen > span") == ["note.txt"]
        place.querySelector(".rtvi-chosen button").click()
        assert js.document.activeElement == field
        assert texts(place, ".rtvi-chosen > span") == []
        choose("note.txt", "A <b>note</b>.")
        field.value = "Read this."
        place.querySelector("form").requestSubmit()
        await until(lambda: field.value == "")
        sent = client.transport.sent[-1]
        assert (sent["type"], sent["data"]["content"]) == ("send-file", "Read this.")
        assert sent["data"]["file"]["name"] == "note.txt"
        assert "A <b>note</b>." in base64.b64decode(sent["data"]["file"]["source"]["bytes"]).decode()
        assert texts(place, ".rtvi-chosen > span") == []
        await client.disconnect()
        widget.close()


@run_in_pyodide
async def test_the_button_to_hold_lets_the_microphone_be_heard_while_it_is_held(selenium):
    import asyncio

    import js
    from loopback import until
    from pyodide.ffi import to_js
    from widgets import scripted, stage

    from rtvi_web import ui
    from rtvi_web.testing import handshake
    from rtvi_web.ui.face.push_to_talk import LATCH

    def do(target, kind, name, **options):
        given = to_js({"bubbles": True, "cancelable": True, **options}, dict_converter=js.Object.fromEntries)
        target.dispatchEvent(getattr(js, kind).new(name, given))

    with stage() as place:
        client = scripted(*handshake())
        widget = ui.push_to_talk(client, into=place)
        [button] = place.querySelectorAll("button")
        assert button.disabled
        await client.connect()
        assert not client.is_mic_enabled
        assert not button.disabled
        do(button, "PointerEvent", "pointerdown", button=0)
        await until(lambda: client.is_mic_enabled)
        assert (button.ariaPressed, button.textContent) == ("true", "Listening…")
        await asyncio.sleep(LATCH + 0.05)
        do(js.window, "PointerEvent", "pointerup")
        await until(lambda: not client.is_mic_enabled)
        assert (button.ariaPressed, button.textContent) == ("false", "Hold to talk")
        do(button, "KeyboardEvent", "keydown", key=" ")
        do(button, "KeyboardEvent", "keyup", key=" ")  # A short press begins …
        await until(lambda: client.is_mic_enabled)
        do(button, "KeyboardEvent", "keydown", key="Enter")  # … and another one ends.
        await until(lambda: not client.is_mic_enabled)
        button.click()  # as a screen reader does
        await until(lambda: client.is_mic_enabled)
        await client.disconnect()
        assert (button.ariaPressed, button.disabled) == ("false", True)
        widget.close()


@over_both
@run_in_pyodide
async def test_a_console_of_a_realtime_client(selenium, port, kind):
    from loopback import until
    from realtime_peer import session
    from widgets import stage, texts

    from rtvi_web import ui

    async with session(kind, port) as run:
        with stage() as place:
            console = ui.console(run.client, into=place)
            name = {"websocket": "WebSocket", "webrtc": "WebRTC"}[kind]
            assert texts(place, ".rtvi-transport > span")[0] == name
            place.querySelector(".rtvi-start button").click()
            await until(lambda: texts(place, ".rtvi-badge") == ["Connected"])
            assert not place.querySelector("fieldset").disabled
            place.querySelector(".rtvi-start button").click()
            await until(lambda: texts(place, ".rtvi-badge") == ["Not connected"])
            console.close()


@run_in_pyodide
async def test_a_console_inside_a_shadow_root(selenium):
    import js
    import pytest
    from pyodide.ffi import to_js
    from widgets import scripted, stage, texts

    from rtvi_web import InvalidArgumentError, ui
    from rtvi_web.testing import handshake

    with stage() as place:
        host = js.document.createElement("div")
        place.append(host)
        shadow = host.attachShadow(to_js({"mode": "closed"}, dict_converter=js.Object.fromEntries))
        inside = js.document.createElement("div")
        shadow.append(inside)
        client = scripted(*handshake())
        before = list(client.subscribed)
        console = ui.console(client, into=inside, layout="panel", mic="push")
        badge = ui.connection_badge(client, into=inside)
        assert shadow.adoptedStyleSheets.length == 1
        assert js.document.adoptedStyleSheets.length == 0
        assert js.getComputedStyle(console.element).display == "flex"
        await client.connect()
        assert texts(shadow, ".rtvi-badge") == ["Connected", "Connected"]
        await client.disconnect()
        console.close()
        assert shadow.adoptedStyleSheets.length == 1
        badge.close()
        assert (shadow.adoptedStyleSheets.length, inside.childElementCount) == (0, 0)
        for options in ({"layout": "wide"}, {"mic": "loud"}):
            with pytest.raises(InvalidArgumentError, match="must be '"):
                ui.console(client, into=inside, **options)  # type: ignore[arg-type]
        assert client.subscribed == before
        host.remove()


@run_in_pyodide
async def test_the_launcher_opens_a_panel_and_keeps_the_session(selenium):
    import js
    from pyodide.ffi import to_js
    from widgets import scripted, stage

    from rtvi_web import ui
    from rtvi_web.testing import handshake

    with stage() as place:
        client = scripted(*handshake())
        before = list(client.subscribed)
        launcher = ui.launcher(client, into=place, label="Ask us")
        button, panel = place.querySelector(".rtvi-launch"), place.querySelector("[role=dialog]")
        assert (button.ariaLabel, panel.ariaLabel, button.ariaExpanded, panel.hidden) == (
            "Ask us",
            "Ask us",
            "false",
            True,
        )
        button.click()
        assert (button.ariaExpanded, panel.hidden) == ("true", False)
        assert js.document.activeElement == panel.querySelector(".rtvi-start button")
        await client.connect()
        given = to_js({"key": "Escape", "bubbles": True}, dict_converter=js.Object.fromEntries)
        js.document.activeElement.dispatchEvent(js.KeyboardEvent.new("keydown", given))
        assert (panel.hidden, js.document.activeElement == button) == (True, True)
        assert client.connected
        assert button.hasAttribute("data-live")
        await client.disconnect()
        assert not button.hasAttribute("data-live")
        others = [ui.launcher(client, into=place) for _ in range(2)]
        others.pop(0).close()
        others.append(ui.launcher(client, into=place))
        lefts = [each.element.getBoundingClientRect().left for each in (launcher, *others)]
        assert lefts[0] - 72 == lefts[2] == lefts[1] + 72  # the free place is taken
        launcher.show()
        others[0].show()
        assert [each.element.firstChild.hidden for each in (launcher, *others)] == [True, False, True]
        assert js.document.activeElement == others[0].element.querySelector(".rtvi-start button")
        for each in others:
            each.close()
        launcher.close()
        assert client.subscribed == before
