"""Two network namespaces and a cable between them that can be cut: the bot lives in one, the browser in the other.

It needs Linux, root and the right to make namespaces; `why_not()` says what is missing. Everything it makes has this
process's number in its name, and is removed at the end.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from browser import chromium_path

_CLONE_NEWNET = 0x40000000
_NO_CARD = "02:00:00:00:00:fe"  # a hardware address that no card has


@dataclass(frozen=True)
class Namespace:
    """One end of the cable."""

    name: str
    address: str
    device: str

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """The network of this thread, and of what it starts, is this one."""
        with open("/proc/thread-self/ns/net") as home:
            _enter(Path("/run/netns", self.name))
            try:
                yield
            finally:
                _setns(home.fileno())

    def browser(self, folder: Path) -> str:
        """A command in `folder` that is Chromium in this network."""
        command = folder / "chromium"
        command.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} "{chromium_path()}" "$@"\n')
        command.chmod(0o755)
        return str(command)


@dataclass(frozen=True)
class Cable:
    """The two namespaces, and the link between them."""

    bot: Namespace
    page: Namespace

    def cut(self, *, one_way: bool = False) -> float:
        """Nothing passes, and neither end is told: both send to a hardware address that does not exist.

        Args:
            one_way: only the page does, and hears the bot on.

        Returns:
            When that was (`time.time()`).
        """
        ways = [(self.page, self.bot), (self.bot, self.page)]
        for here, there in ways[:1] if one_way else ways:
            _ip(f"-n {here.name} neigh replace {there.address} lladdr {_NO_CARD} dev {here.device} nud permanent")
        return time.time()

    def restore(self) -> float:
        """Everything passes again; when that was."""
        for end in (self.bot, self.page):
            _ip(f"-n {end.name} neigh flush dev {end.device} nud permanent")
        return time.time()


def why_not() -> str | None:
    """Why this machine cannot have such a cable; `None` if it can."""
    if shutil.which("ip") is None:
        return "there is no `ip` command (Debian: apt-get install iproute2)"
    probe = f"rtvi-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True)
    if made.returncode:
        return f"`ip netns add` is refused: {made.stderr.strip()}"
    _ip(f"netns del {probe}")
    return None


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Make both namespaces and the link; remove them at the end."""
    number = os.getpid()
    bot = Namespace(f"rtvi-bot-{number}", "10.203.0.1", f"vb{number}")
    page = Namespace(f"rtvi-page-{number}", "10.203.0.2", f"vp{number}")
    try:
        for end in (bot, page):
            _ip(f"netns add {end.name}")
        _ip(f"-n {bot.name} link add {bot.device} type veth peer name {page.device} netns {page.name}")
        for end, other in ((bot, page), (page, bot)):
            subprocess.run(
                ["ip", "netns", "exec", end.name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"],
                check=False,  # where there is no IPv6, there is nothing to turn off
                stderr=subprocess.DEVNULL,
            )
            _ip(f"-n {end.name} link set lo up")
            _ip(f"-n {end.name} addr add {end.address}/24 dev {end.device}")
            _ip(f"-n {end.name} link set {end.device} up")
            _ip(f"-n {end.name} route add default via {other.address}")
        yield Cable(bot, page)
    finally:
        for end in (bot, page):
            subprocess.run(["ip", "netns", "del", end.name], check=False, stderr=subprocess.DEVNULL)


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True, capture_output=True)


def _enter(namespace: Path) -> None:
    with namespace.open() as file:
        _setns(file.fileno())


def _setns(file: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(file, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
