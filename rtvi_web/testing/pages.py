"""What the fixture ``rtvi_page`` opens: a page in a browser, its scripted bot, and a controller for each widget."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rtvi_web.testing.console_controllers import (
    Composer,
    Launcher,
    ProblemCard,
    PushToTalk,
    StartButton,
    TransportBadge,
)
from rtvi_web.testing.controllers import (
    BotAudio,
    CamButton,
    ConnectionBadge,
    DeviceSelect,
    LevelMeter,
    MicButton,
    ScreenButton,
    Transcript,
    VoiceVisualizer,
)
from rtvi_web.testing.script import ScriptError, Step, handshake
from rtvi_web.testing.site_server import serve
from rtvi_web.testing.stand_in import stand_in
from rtvi_web.testing.steps_json import write_steps

if TYPE_CHECKING:
    from playwright.sync_api import Page

Microphone = Literal["granted", "denied", "missing"]
PATIENCE = 30.0
"""Seconds that a page has for what a test waits for."""

MICROPHONE = """
(() => {
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  const refusals = { denied: "NotAllowedError", missing: "NotFoundError" };
  devices.getUserMedia = async (constraints) => {
    if (refusals[MICROPHONE]) throw new DOMException("The test says so.", refusals[MICROPHONE]);
    try {
      return await open(constraints);
    } catch (error) {
      // A browser without any microphone: a silent one takes its place.
      if (error.name !== "NotFoundError" || !constraints.audio || constraints.video) throw error;
      return new AudioContext().createMediaStreamDestination().stream;
    }
  };
})();
"""


class ScriptedBot:
    """The scripted bot of a page, as the test sees it.

    Each client that the page makes has a bot of its own, which follows the same script; ``number`` says whose this is.
    """

    def __init__(self, page: Page, number: int = 0) -> None:
        self._page = page
        self._number = number

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Every message that the client has sent."""
        sent: list[dict[str, Any]] = self._ask()["sent"]
        return sent

    @property
    def requests(self) -> list[tuple[str, str, dict[str, str], Any]]:
        """The HTTP requests that the client has made: method, address, headers and body."""
        return [(method, url, headers, body) for method, url, headers, body in self._ask()["requests"]]

    def go_on(self, *steps: Step) -> None:
        """Add steps to the script. If it was over, they happen now.

        Raises:
            ScriptError: the page has made no client within 30 seconds.
        """
        self._wait(lambda state: state["there"], PATIENCE)
        self._ask(steps=write_steps(steps))

    def wait_for_sent(self, type: str, *, timeout: float = PATIENCE) -> dict[str, Any]:
        """Wait until the client has sent a message of this type; returns the last one.

        Raises:
            ScriptError: it has not, within ``timeout`` seconds.
        """
        state = self._wait(lambda state: any(sent["type"] == type for sent in state["sent"]), timeout)
        found = [sent for sent in state["sent"] if sent["type"] == type]
        if not found:
            types = ", ".join(sent["type"] for sent in state["sent"]) or "nothing"
            raise ScriptError(f"the client has not sent {type!r} within {timeout:g} s; it sent: {types}")
        return dict(found[-1])

    def finish(self, *, timeout: float = PATIENCE) -> None:
        """Wait until the whole script has happened.

        Raises:
            ScriptError: the client did something else, or something is still expected after ``timeout`` seconds.
        """
        state = self._wait(lambda state: state["failed"] or not state["problem"], timeout)
        if state["problem"]:
            raise ScriptError(state["problem"])

    def _wait(self, enough: Any, timeout: float) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while not enough(state := self._ask()) and time.monotonic() < end:
            self._page.wait_for_timeout(50)
        return state

    def _ask(self, **what: Any) -> dict[str, Any]:
        ask = "text => globalThis.rtviWebTest ? rtviWebTest(text) : null"
        said = self._page.evaluate(ask, json.dumps({"bot": self._number, **what}))
        nothing = {"there": False, "sent": [], "requests": [], "failed": False, "recording": ""}
        return json.loads(said) if said else {**nothing, "problem": "the page's Python has not begun"}


class RTVIPage:
    """A page that a test has opened. A widget's controller may be asked for before the page has the widget.

    Attributes:
        page: Playwright's ``Page``.
        url: the address of the page.
        bot: the scripted bot of the first client; :class:`ScriptedBot` ``(page, 1)`` is that of the second.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.bot = ScriptedBot(page)

    def recording(self, number: int = 0) -> str:
        """What the page's first client, or another, has sent and received so far: text for :func:`replay`.

        Every client is recorded from its beginning, that of a page with its own bot (``bot=None``) as well.

        Raises:
            ScriptError: the page has made no such client within 30 seconds.
        """
        bot = ScriptedBot(self.page, number)
        state = bot._wait(lambda state: state.get("clients", 0) > number, PATIENCE)
        if state.get("clients", 0) <= number:
            raise ScriptError(f"the page has made {state.get('clients', 0)} clients")
        return str(bot._ask(recording=True)["recording"])

    @property
    def badge(self) -> ConnectionBadge:
        return ConnectionBadge(self.page)

    @property
    def mic_button(self) -> MicButton:
        return MicButton(self.page)

    @property
    def cam_button(self) -> CamButton:
        return CamButton(self.page)

    @property
    def screen_button(self) -> ScreenButton:
        return ScreenButton(self.page)

    @property
    def transcript(self) -> Transcript:
        return Transcript(self.page)

    @property
    def bot_audio(self) -> BotAudio:
        return BotAudio(self.page)

    @property
    def voice(self) -> VoiceVisualizer:
        return VoiceVisualizer(self.page)

    @property
    def start_button(self) -> StartButton:
        return StartButton(self.page)

    @property
    def composer(self) -> Composer:
        return Composer(self.page)

    @property
    def push_to_talk(self) -> PushToTalk:
        return PushToTalk(self.page)

    @property
    def problem_card(self) -> ProblemCard:
        return ProblemCard(self.page)

    @property
    def transport_badge(self) -> TransportBadge:
        return TransportBadge(self.page)

    @property
    def launcher(self) -> Launcher:
        return Launcher(self.page)

    def level(self, of: Literal["mic", "bot"] = "mic") -> LevelMeter:
        """The meter of the microphone, or of the bot."""
        return LevelMeter(self.page, of)

    def devices(self, label: str = "Microphone") -> DeviceSelect:
        """The list of devices with this label."""
        return DeviceSelect(self.page, label)


class PageOpener:
    """Opens pages for one test. The fixture ``rtvi_page`` is one.

    Args:
        folder: where relative paths begin.
        sites: folders that have what pages ask for and don't have themselves, Pyodide above all.
        new_page: opens an empty page.
    """

    def __init__(self, folder: Path, sites: Sequence[Path], new_page: Any) -> None:
        self._folder = folder
        self._sites = sites
        self._new_page = new_page
        self._open = ExitStack()

    def __call__(
        self,
        page: str | Path = ".",
        bot: Iterable[Step] | None = handshake(),
        *,
        start: Iterable[tuple[int, str]] = (),
        microphone: Microphone = "granted",
    ) -> RTVIPage:
        """Open a page, with a scripted bot in place of its transport.

        Args:
            page: a folder with an ``index.html``, or a file, which is served with its folder on this machine; or an
                ``http`` address where a page is served already. Relative paths begin at the folder of the test.
            bot: the bot's script, such as ``[*handshake(), expect("send-text"), say(…)]`` or ``replay(text)``. With
                ``None`` the page keeps its own transport and bot.
            start: the answers of the start endpoint, each a status and a text; after them, and by default, ``{}``.
            microphone: what the person allows, or whether there is one. In a browser without microphones, a silent one
                takes its place.

        Returns:
            The page, which is loading. Its controllers and its bot wait for what they need.

        Raises:
            FileNotFoundError: there is no such page.
            ValueError: ``microphone`` is another word.
        """
        if microphone not in ("granted", "denied", "missing"):
            raise ValueError(f"microphone is 'granted', 'denied' or 'missing', not {microphone!r}.")
        steps = None if bot is None else write_steps(bot)
        url = str(page) if str(page).startswith(("http://", "https://")) else self._serve(self._folder / page)
        opened: Page = self._new_page()
        if microphone == "granted":
            with suppress(Exception):  # Firefox and WebKit have no such permission to grant.
                opened.context.grant_permissions(["microphone"], origin=url)
        opened.add_init_script(MICROPHONE.replace("MICROPHONE", json.dumps(microphone)))
        stand_in(opened, {"steps": steps, "start": list(start)})
        opened.goto(url)
        return RTVIPage(opened, url)

    def _serve(self, path: Path) -> str:
        file = path / "index.html" if path.is_dir() else path
        if not file.is_file():
            raise FileNotFoundError(f"There is no page {file}.")
        address = self._open.enter_context(serve(file.parent, self._sites))
        return address + ("" if file.name == "index.html" else file.name)

    def close(self) -> None:
        """Serve nothing more."""
        self._open.close()
