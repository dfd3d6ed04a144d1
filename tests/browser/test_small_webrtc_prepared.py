"""The connection of SmallWebRTC that is made while a server is asked for a bot."""

import socket

import pytest
from pytest_pyodide import run_in_pyodide

ALLOCATE = b"\x00\x03"
"""How the request begins with which a TURN client asks for an address of the relay."""


@run_in_pyodide
async def connect_by(selenium, relay):
    """A session for whose start the server names a relay. Returns whether the connection was there before that."""
    from loopback import RTVIBot, own_peer

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    class Naming(RTVIBot):
        async def _answer(self, method, path, body):
            answer = await super()._answer(method, path, body)
            if path == "start":
                self.was_prepared = own_peer() is not None
                server = {"urls": relay, "username": "ada", "credential": "secret"}
                answer["body"]["iceConfig"] = {"iceServers": [server]}
            return answer

    async with Naming() as bot:
        params = {"base_url": bot.url, "endpoints": {"connect": "/start"}}
        client = RTVIClient(transport=SmallWebRTCTransport(), params=params)
        await client.connect()
        await client.disconnect()
        return bot.was_prepared


def test_a_relay_that_only_the_start_answer_names_is_asked(selenium):
    """Though the connection and its offer are made while the server is asked for a bot."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay, socket.socket(type=socket.SOCK_DGRAM) as route:
        relay.bind(("", 0))
        relay.settimeout(10)
        route.connect(("192.0.2.1", 9))  # sends nothing, and tells this machine's address
        assert connect_by(selenium, f"turn:{route.getsockname()[0]}:{relay.getsockname()[1]}?transport=udp")
        while relay.recvfrom(2048)[0][:2] != ALLOCATE:
            """Browsers also ask it what address they have."""


@pytest.mark.parametrize("attempts", [1, 3])
@run_in_pyodide
async def test_a_connection_that_was_prepared_is_closed_if_the_bot_cannot_be_started(selenium, attempts):
    import js
    import pytest

    from rtvi_web import RTVIClient, StartBotError
    from rtvi_web.transports import SmallWebRTCTransport

    client = RTVIClient(transport=SmallWebRTCTransport())
    for _ in range(attempts):
        with pytest.raises(StartBotError):
            await client.start_bot_and_connect("/answers/not-found")
    assert js.opened.peers.size == attempts
    assert all(peer.signalingState == "closed" for peer in js.opened.peers)
