"""A peer without a browser, for the tests: `peer.py URL MESSAGE…`.

It connects to a session, says that it is ready, sends each message after the answer to the one before, and writes
what it receives as lines of JSON, until the connection ends or LIMIT is over.
"""

import asyncio
import json
import sys
from typing import Any

import httpx
from aiortc import RTCPeerConnection, RTCSessionDescription

LIMIT = 60.0  # seconds; a session that does not end fails its test


def show(message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def main(url: str, messages: list[dict[str, Any]]) -> None:
    connection = RTCPeerConnection()
    connection.addTransceiver("audio")
    channel = connection.createDataChannel("chat")
    over = asyncio.Event()
    to_send = [{"type": "client-ready", "id": "ready"}, *messages]

    @channel.on("open")
    def send() -> None:
        if to_send:
            channel.send(json.dumps({"label": "rtvi-ai", "data": {}, **to_send.pop(0)}))

    @channel.on("message")
    def receive(text: str) -> None:
        message = json.loads(text)
        show(message)
        if "id" in message:
            send()

    @channel.on("close")
    def close() -> None:
        over.set()

    await connection.setLocalDescription(await connection.createOffer())
    offer = {"sdp": connection.localDescription.sdp, "type": "offer"}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.post(url, json=offer)).raise_for_status().json()
    await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    await asyncio.wait_for(over.wait(), LIMIT)
    await connection.close()


asyncio.run(main(sys.argv[1], [json.loads(text) for text in sys.argv[2:]]))
