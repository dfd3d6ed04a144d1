"""The ICE servers of a start answer: whether they can be used, and whether they are there."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rtvi_web_console.cli.checks.finding import Finding, bad, good, note

ICE_URL = re.compile(
    r"(stuns?|turns?):(\[[0-9a-fA-F:.]{2,45}\]|[\w.-]{1,253})(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?"
)
MAGIC = b"\x21\x12\xa4\x42"
PATIENCE = 2.0
"""Seconds that an ICE server has for an answer; a browser waits about as long."""
TRIES = 2
MAX_PORT = 65_535
FEW = 8
"""ICE servers that are tried; browsers slow down from five on."""


def check_ice(servers: Sequence[Mapping[str, Any]], *, local: bool) -> Iterator[Finding]:
    """What is wrong with the ICE servers.

    Args:
        servers: as a start answer has them: ``urls``, ``username``, ``credential``.
        local: whether the bot is on this machine.
    """
    if not servers:
        text = "The answer names no ICE servers"
        if local:
            yield good(f"{text}; a bot on this machine, or in the same network, needs none.")
        else:
            yield note(
                f"{text}: a page in another network reaches the bot only if the bot's own addresses are public.",
                "Start Pipecat's runner with --ice-servers (or PIPECAT_ICE_SERVERS), or give the page "
                "SmallWebRTCTransport(ice_servers=[…]): a STUN server, and a TURN server for strict networks.",
            )
        return
    addresses = [(url, server) for server in servers for url in _urls(server)]
    for url, server in addresses[:FEW]:
        yield _check(url, server)
    if len(addresses) > FEW:
        yield note(f"The answer names {len(addresses)} ICE servers; browsers become slow from five on.")
    if not any(url.startswith("turn") for url, _ in addresses):
        yield note(
            "No TURN server is among the ICE servers: pages in networks that let no UDP through get no link.",
            "Add one, if such people are to be reached.",
        )


def _urls(server: Mapping[str, Any]) -> list[str]:
    urls = server.get("urls") or server.get("url") or []
    return [str(url) for url in (urls if isinstance(urls, list | tuple) else [urls])]


def _check(url: str, server: Mapping[str, Any]) -> Finding:
    match = ICE_URL.fullmatch(url)
    if not match or int(match[3] or 0) > MAX_PORT:
        return bad(
            f"{url[:100]!r} is not the address of an ICE server: browsers refuse the whole list.",
            "Such addresses are like stun:stun.example.com:3478 or turn:turn.example.com:3478?transport=udp.",
        )
    kind, host, port, transport = match.groups()
    if kind.startswith("turn") and not (server.get("username") and server.get("credential")):
        return bad(f"{url} has no username or no credential: browsers refuse the whole list.", "Add both.")
    encrypted = kind.endswith("s")
    try:
        answers = _answers(host.strip("[]"), int(port or (5349 if encrypted else 3478)), encrypted, transport)
    except (OSError, UnicodeError) as error:  # also a name that cannot be
        reason = getattr(error, "strerror", None) or error
        return bad(f"The ICE server {url} cannot be reached: {reason}.", "Check its name and port.")
    if answers:
        return good(f"The ICE server {url} answers.")
    return note(f"The ICE server {url} does not answer from here.", "Check it, or a firewall that stops UDP.")


def _answers(host: str, port: int, encrypted: bool, transport: str | None) -> bool:
    """Whether an ICE server is there: over TCP by taking a connection, over UDP by answering a STUN request."""
    if encrypted or transport == "tcp":
        with socket.create_connection((host, port), PATIENCE) as stream:
            if encrypted:
                with ssl.create_default_context().wrap_socket(stream, server_hostname=host):
                    pass
        return True
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(PATIENCE / TRIES)
        for _ in range(TRIES):
            number = os.urandom(12)
            datagrams.sendto(b"\x00\x01\x00\x00" + MAGIC + number, address)
            try:
                answer, _ = datagrams.recvfrom(2048)
            except (TimeoutError, ConnectionRefusedError):
                continue
            if answer[4:20] == MAGIC + number:
                return True
    return False
