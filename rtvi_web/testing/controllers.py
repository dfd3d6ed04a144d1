"""Controllers: the widgets of :mod:`rtvi_web.ui` in a page of a test, by what a person does and sees.

Each takes a Playwright ``Page`` or ``Locator`` in which its widget is, and waits as Playwright does: what is asked for
must be there within Playwright's time limit. ``element`` is the widget's ``Locator``, for everything else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Controller:
    """What all controllers share.

    Args:
        place: the page, or the part of it, that has the widget.
        which: a CSS selector of the widget; by default that of its kind.
    """

    selector = ".rtvi"

    def __init__(self, place: Page | Locator, which: str | None = None) -> None:
        self.element: Locator = place.locator(which or self.selector)

    @property
    def is_there(self) -> bool:
        """Whether the page has the widget now."""
        return self.element.count() > 0

    def _wait_for_attribute(self, name: str, value: str) -> None:
        from playwright.sync_api import expect

        expect(self.element).to_have_attribute(name, value)


class ConnectionBadge(Controller):
    """The badge of :func:`rtvi_web.ui.connection_badge`."""

    selector = ".rtvi-badge"

    @property
    def state(self) -> str:
        """The client's state, ``"bot-ready"`` or ``"bot-left"``."""
        return self.element.get_attribute("data-state") or ""

    @property
    def text(self) -> str:
        """The state in words."""
        return self.element.inner_text()

    def wait_for(self, state: str) -> None:
        """Wait until this is the state.

        Raises:
            AssertionError: it is another.
        """
        self._wait_for_attribute("data-state", state)


class _Switch(Controller):
    """A toggle button, and the notice below it."""

    name = ""

    def __init__(self, place: Page | Locator, which: str | None = None) -> None:
        super().__init__(place, which)
        if which is None:
            button = place.get_by_role("button", name=self.name, exact=True)
            self.element = place.locator(".rtvi-switch").filter(has=button)
        self.button: Locator = self.element.get_by_role("button", name=self.name, exact=True)

    def press(self) -> None:
        """Click the button, as soon as it is enabled."""
        self.button.click()

    @property
    def is_pressed(self) -> bool:
        return self.button.get_attribute("aria-pressed") == "true"

    @property
    def is_enabled(self) -> bool:
        return self.button.is_enabled()

    @property
    def problem(self) -> str:
        """Why the device cannot be used; empty if it can."""
        return self.element.get_by_role("alert").locator("p").inner_text() if self._has_problem() else ""

    def ask_again(self) -> None:
        """Click the button in the notice, which asks for the device once more."""
        self.element.get_by_role("alert").get_by_role("button").click()

    def wait_until_pressed(self, pressed: bool = True) -> None:
        """Wait until the button is pressed, or not.

        Raises:
            AssertionError: it does not change.
        """
        from playwright.sync_api import expect

        expect(self.button).to_have_attribute("aria-pressed", "true" if pressed else "false")

    def _has_problem(self) -> bool:
        return self.element.get_by_role("alert").locator("p").count() > 0


class MicButton(_Switch):
    """The button of :func:`rtvi_web.ui.mic_button`; pressed means muted."""

    name = "Mute"


class CamButton(_Switch):
    """The button of :func:`rtvi_web.ui.cam_button`; pressed means that the camera sends."""

    name = "Camera"


class ScreenButton(_Switch):
    """The button of :func:`rtvi_web.ui.screen_button`; pressed means that a screen is shared."""

    name = "Share screen"


class DeviceSelect(Controller):
    """The list of :func:`rtvi_web.ui.device_select`.

    Args:
        label: the text above the list, such as ``"Microphone"``.
    """

    selector = ".rtvi-device-select"

    def __init__(self, place: Page | Locator, label: str | None = None) -> None:
        super().__init__(place)
        if label is not None:
            self.element = self.element.filter(has=place.locator("label > span", has_text=_exactly(label)))
        self._list = self.element.locator("select")

    @property
    def options(self) -> list[str]:
        """The devices, by their labels."""
        return self._list.locator("option").all_inner_texts()

    @property
    def selected(self) -> str:
        """The label of the device in use."""
        return self._list.locator("option:checked").inner_text()

    def choose(self, label: str) -> None:
        """Choose a device by its label."""
        self._list.select_option(label=label)

    @property
    def problem(self) -> str:
        """Why the last choice failed; empty if it did not."""
        return self.element.locator(".rtvi-problem").text_content() or ""


class LevelMeter(Controller):
    """The meter of :func:`rtvi_web.ui.level_meter`.

    Args:
        of: ``"mic"`` or ``"bot"``.
    """

    selector = ".rtvi-level"

    def __init__(self, place: Page | Locator, of: str = "mic") -> None:
        label = {"mic": "Microphone level", "bot": "Bot level"}[of]
        super().__init__(place, f'{self.selector}[aria-label="{label}"]')

    @property
    def level(self) -> float:
        """The level that screen readers are told, from 0 to 1 in steps of 0.1."""
        return int(self.element.get_attribute("aria-valuenow") or 0) / 100

    def wait_until_moving(self) -> None:
        """Wait until something is heard.

        Raises:
            AssertionError: nothing is.
        """
        from playwright.sync_api import expect

        expect(self.element).not_to_have_attribute("aria-valuenow", "0")


class Turn(NamedTuple):
    """What was said in a row."""

    who: str
    text: str
    going_on: bool
    interrupted: bool
    calls: list[str]


class Transcript(Controller):
    """The conversation of :func:`rtvi_web.ui.transcript`."""

    selector = ".rtvi-transcript"

    def turns(self) -> list[Turn]:
        """What the person sees now. The widget shows what is new a tenth of a second later: :meth:`wait_for` first."""
        read = """turns => turns.filter(turn => !turn.hidden).map(turn => [
            turn.querySelector(".rtvi-who").textContent,
            turn.querySelector(".rtvi-text").textContent.trim(),
            turn.hasAttribute("data-going-on"),
            turn.hasAttribute("data-interrupted"),
            [...turn.querySelectorAll(".rtvi-call")].map(call => call.textContent),
        ])"""
        return [Turn(*turn) for turn in self.element.locator(".rtvi-turn").evaluate_all(read)]

    def wait_for(self, text: str | re.Pattern[str], who: str | None = None) -> None:
        """Wait until a turn has this text in it.

        Args:
            text: what is said, or a pattern that finds it.
            who: who says it, such as ``"Bot"`` or ``"You"``; by default anybody.

        Raises:
            AssertionError: it is not said.
        """
        from playwright.sync_api import expect

        turns = self.element.locator(".rtvi-turn").filter(has_text=text)
        if who is not None:
            turns = turns.filter(
                has=self.element.page.locator(".rtvi-who", has_text=re.compile(rf"^{re.escape(who)}$"))
            )
        expect(turns.first).to_be_visible()

    @property
    def doing(self) -> str:
        """What the bot is doing, in words; empty if nothing worth saying."""
        return self.element.locator(".rtvi-doing").inner_text()


class BotAudio(Controller):
    """The button of :func:`rtvi_web.ui.bot_audio`."""

    selector = ".rtvi-bot-audio"

    @property
    def is_blocked(self) -> bool:
        """Whether the browser keeps the bot silent, so that there is a button."""
        return self.element.get_by_role("button").count() > 0

    def play(self) -> None:
        """Click the button, which lets the bot be heard."""
        self.element.get_by_role("button").click()


class VoiceVisualizer(Controller):
    """The bars of :func:`rtvi_web.ui.voice_visualizer`."""

    selector = ".rtvi-voice"

    @property
    def state(self) -> str:
        """What the bot is doing: ``client.bot_state``."""
        return self.element.get_attribute("data-state") or ""

    def wait_for(self, state: str) -> None:
        """Wait until the bot is doing this.

        Raises:
            AssertionError: it does something else.
        """
        self._wait_for_attribute("data-state", state)

    @property
    def heights(self) -> list[float]:
        """How high the bars are, from 0 to 1."""
        read = "bars => bars.map(bar => Number(bar.style.getPropertyValue('--rtvi-height') || 0))"
        found: list[float] = self.element.locator(":scope > div").evaluate_all(read)
        return found

    def wait_until_moving(self) -> None:
        """Wait until the bars show a voice."""
        self.element.evaluate(
            """widget => new Promise(resolve => {
                const moves = bar => Number(bar.style.getPropertyValue("--rtvi-height")) > 0;
                const look = () => [...widget.children].some(moves) ? resolve() : requestAnimationFrame(look);
                look();
            })"""
        )


def _exactly(text: str) -> re.Pattern[str]:
    """For Playwright, which else takes a text for a part of one."""
    return re.compile(rf"^{re.escape(text)}$")
