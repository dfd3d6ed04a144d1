"""The widgets: each alone, showing what is true, and gone without a trace when closed."""

import re
from pathlib import Path

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
                if name not in ("Widget", "ProblemCard", "device_select", "level_meter", "realtime_settings")
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
