"""A session that meets faults, and what it tells of them: for the tests, and for `benchmarks/recovery.py`."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from browser import FLAGS, without
from in_page import InPagePython
from local_bot import LocalBot, local_bot
from namespaces import Cable, Namespace, cable
from paths import DIST
from playwright.sync_api import Browser, Playwright
from serve import serve

MICROPHONE = "--use-fake-device-for-media-stream"
# The page is on loopback and the bot is not; browsers ask the person before such a page may reach other hosts.
ANY_HOST = without("LocalNetworkAccessChecks")

CONNECT = """
import time
emitted = []

def record(event):
    client.on(event, lambda *args: emitted.append([time.time(), event, *args]))

client = new_client(
    transport=SmallWebRTCTransport(reconnect=None if reconnect is None else Reconnect(**reconnect)),
    params={"base_url": base, "endpoints": {"connect": "/start"}, "request_data": {"transport": "webrtc"}},
    disconnect_on_bot_disconnect=ends_with_bot,
)
for event in ("reconnecting", "reconnected", "error", "disconnected", "botDisconnected", "botReady"):
    record(event)
sent = []
client.on("messageSent", lambda text: sent.append(json.loads(text)["type"]))
heard = []
client.on("serverMessage", heard.append)
await client.connect()
microphone = client.tracks().local.audio
"""


@dataclass(frozen=True)
class Emitted:
    """What the application got, and when (`time.time()`)."""

    at: float
    event: str
    args: list[Any]


class Session:
    """A connected client in a page, its microphone open."""

    def __init__(
        self, page: InPagePython, base: str, reconnect: dict[str, Any] | None, *, ends_with_bot: bool = True
    ) -> None:
        self.page = page
        page.run(CONNECT, base=base, reconnect=reconnect, ends_with_bot=ends_with_bot)

    def run(self, code: str, **values: Any) -> Any:
        return self.page.run(code, **values)

    def echo(self, since: float) -> float:
        """Ask the bot something, as long as it takes; seconds from a moment until the answer."""
        answer, at = self.run("""
            try:
                result = [await client.send_client_request("echo", 1, timeout=PATIENCE), time.time()]
            except RTVIError as error:
                result = [str(error), time.time()]
        """)
        assert answer == 1, f"what the application got, and when: {self.emitted()}"
        return float(at - since)

    def emitted(self) -> list[Emitted]:
        """Everything so far."""
        rows = self.run("""
            result = [[at, event, *[arg if isinstance(arg, (bool, int, str)) else str(arg) for arg in args]]
                      for at, event, *args in emitted]
        """)
        return [Emitted(at, event, args) for at, event, *args in rows]

    def wait_for(self, event: str, patience: float) -> Emitted:
        """The first such event, which may have been before or must come within so many seconds."""
        self.run(
            """
            if not any(event == happened for _, happened, *_ in emitted):
                await client.wait_for(event, timeout=patience)
            """,
            event=event,
            patience=patience,
        )
        return next(emitted for emitted in self.emitted() if emitted.event == event)

    def peers(self) -> int:
        """How many peer connections there have been."""
        return int(self.page.page.evaluate("watched.peers.length"))

    def goes_on(self) -> bool:
        """The session is ready, and its microphone is the one that it had."""
        return bool(
            self.run("""
                result = client.state == "ready" and client.is_mic_enabled and (
                    client.tracks().local.audio is microphone and microphone.readyState == "live"
                )
            """)
        )

    def disconnect(self) -> None:
        self.run("await client.disconnect()")
        self.page.check_released()


@dataclass(frozen=True)
class Rig:
    """The bot at one end of a cable, the browser and the site at the other."""

    cable: Cable
    bot: LocalBot
    site: str
    browser: Browser


@contextlib.contextmanager
def rig(playwright: Playwright, folder: Path) -> Iterator[Rig]:
    """Make both ends; `folder` is for a command."""
    with contextlib.ExitStack() as stack:
        ends = stack.enter_context(cable())
        site = stack.enter_context(_in(ends.page, serve(DIST)))
        bot = stack.enter_context(_in(ends.bot, local_bot(host=ends.bot.address, origins=[site.rstrip("/")])))
        browser = playwright.chromium.launch(
            executable_path=ends.page.browser(folder), args=[*FLAGS, MICROPHONE, ANY_HOST]
        )
        stack.callback(browser.close)
        yield Rig(ends, bot, site, browser)


@contextlib.contextmanager
def _in(namespace: Namespace, server: contextlib.AbstractContextManager[Any]) -> Iterator[Any]:
    """A server that is started in a namespace; it stays there."""
    with contextlib.ExitStack() as stack:
        with namespace.entered():
            value = stack.enter_context(server)
        yield value


class Flapping:
    """Another address of an HTTP server: `up`, `gone` (connections are closed), `busy` (503) or `refusing` (403)."""

    ANSWERS: ClassVar = {"busy": b"503 Service Unavailable", "refusing": b"403 Forbidden"}

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.mode = "up"
        self.turned_away = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def wait_for_somebody(self, patience: float = 30.0) -> None:
        """Until a connection is turned away, of those that come from now on."""
        before, deadline = self.turned_away, time.monotonic() + patience
        while self.turned_away == before:
            assert time.monotonic() < deadline, f"no request came within {patience:g} s"
            time.sleep(0.01)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if self.mode != "up":
                self.turned_away += 1
                if answer := self.ANSWERS.get(self.mode):
                    client.recv(65536)
                    client.sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
                back.start()
                self._pass_on(client, server)
                back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(65536)) and self.mode == "up":  # it may have changed while there was nothing
                target.sendall(data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)


def report(name: str, **seconds: float) -> None:
    """Print how long something took; pytest shows it with -s, and with -rP at the end."""
    sys.stdout.write(f"{name}: " + ", ".join(f"{what} {value:.2f} s" for what, value in seconds.items()) + "\n")


def wait_until(moment: float) -> None:
    """Sleep until a moment of `time.time()`: for faults that last."""
    time.sleep(max(0.0, moment - time.time()))
