"""Controllers for the console and its own parts: start, messages, problems, the launcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rtvi_web.testing.controllers import Controller

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page


class StartButton(Controller):
    """The button of :func:`rtvi_web.ui.start_button`."""

    selector = ".rtvi-start"

    def press(self) -> None:
        """Click it: it starts a session, cancels one that is being made, or stops one."""
        self.element.get_by_role("button").click()

    @property
    def state(self) -> str:
        """``start``, ``connecting``, ``stop`` or ``stopping``."""
        return self.element.get_attribute("data-state") or ""

    def wait_for(self, state: Literal["start", "connecting", "stop", "stopping"]) -> None:
        """Wait until this is the state.

        Raises:
            AssertionError: it is another.
        """
        self._wait_for_attribute("data-state", state)


class Composer(Controller):
    """The form of :func:`rtvi_web.ui.composer`."""

    selector = ".rtvi-composer"

    def __init__(self, place: Page | Locator, which: str | None = None) -> None:
        super().__init__(place, which)
        self.field: Locator = self.element.get_by_role("textbox", name="Message")

    def send(self, text: str) -> None:
        """Write this and send it, as soon as there is a session."""
        self.field.fill(text)
        self.element.get_by_role("button", name="Send").click()

    def attach(self, path: str | Path) -> None:
        """Choose a file, which goes with the next message."""
        self.element.locator("input[type=file]").set_input_files(path)

    @property
    def attached(self) -> str:
        """The name of the chosen file; empty if there is none."""
        chosen = self.element.locator(".rtvi-chosen span")
        return (chosen.text_content() or "") if chosen.count() else ""

    def remove_file(self) -> None:
        """Send the next message without the file."""
        self.element.get_by_role("button", name="Remove the file").click()

    @property
    def text(self) -> str:
        """What is in the field: what could not be sent stays there."""
        return self.field.input_value()

    @property
    def is_enabled(self) -> bool:
        return self.field.is_enabled()

    @property
    def problem(self) -> str:
        """Why a message was not sent; empty if it was."""
        return self.element.locator(".rtvi-problem").text_content() or ""


class PushToTalk(Controller):
    """The button of :func:`rtvi_web.ui.push_to_talk`."""

    selector = ".rtvi-push-to-talk"

    def hold(self) -> None:
        """Press the button, and hold it."""
        self.element.get_by_role("button").hover()
        self.element.page.mouse.down()

    def release(self) -> None:
        """Let go of the button. After a short press the turn goes on, until the next one."""
        self.element.page.mouse.up()

    def wait_until_listening(self, listening: bool = True) -> None:
        """Wait until a turn goes on, or has ended.

        Raises:
            AssertionError: it does not.
        """
        from playwright.sync_api import expect

        button = self.element.get_by_role("button")
        expect(button).to_have_attribute("aria-pressed", "true" if listening else "false")


class ProblemCard(Controller):
    """The card of :func:`rtvi_web.ui.problem_card`."""

    selector = ".rtvi-problem-card"

    @property
    def what(self) -> str:
        """What went wrong; empty if nothing is."""
        what = self.element.locator(".rtvi-problem-words strong")
        return (what.text_content() or "") if what.count() else ""

    @property
    def text(self) -> str:
        """All of its words: what, why, and what to do."""
        words = self.element.locator(".rtvi-problem-words")
        return words.inner_text() if words.count() else ""

    def wait_for(self, text: str) -> None:
        """Wait until the card says this.

        Raises:
            AssertionError: it does not.
        """
        from playwright.sync_api import expect

        expect(self.element).to_contain_text(text)

    def fix(self) -> None:
        """Click what it offers: to try again, or to ask for the microphone again."""
        self.element.locator(".rtvi-problem-buttons .rtvi-primary").click()

    def dismiss(self) -> None:
        self.element.get_by_role("button", name="Dismiss").click()


class TransportBadge(Controller):
    """The badge of :func:`rtvi_web.ui.transport_badge`.

    It names the page's transport, also where a scripted bot has taken its place.
    """

    selector = ".rtvi-transport"

    @property
    def text(self) -> str:
        """The transport, and how long the way to the bot is."""
        return self.element.inner_text()


class Launcher(Controller):
    """The button of :func:`rtvi_web.ui.launcher`, and its panel."""

    selector = ".rtvi-launcher"

    def __init__(self, place: Page | Locator, which: str | None = None) -> None:
        super().__init__(place, which)
        self.panel: Locator = self.element.get_by_role("dialog")

    def press(self) -> None:
        """Click the button, which opens the panel, or closes it."""
        self.element.locator(".rtvi-launch").click()

    def close(self) -> None:
        """Click the cross in the panel."""
        self.panel.get_by_role("button", name="Close").click()

    @property
    def is_open(self) -> bool:
        return self.panel.count() > 0

    @property
    def shows_session(self) -> bool:
        """Whether the button shows that a session goes on."""
        return self.element.locator(".rtvi-launch").get_attribute("data-live") is not None
