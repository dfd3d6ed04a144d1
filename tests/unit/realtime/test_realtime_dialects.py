"""Every dialect against a scripted peer: connect, speak, answer, tool, interrupt, close.

A server that only transcribes refuses the cells that it does not have, with an UnsupportedFeatureError that says so.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Any

import pytest
from dialect_peers import PEERS
from openai_peers import ANSWER, CONFIG, SAID, SOUND, TOOL, Peer
from realtime_server import pcm, turns

from rtvi_web import DisconnectedError, UnsupportedFeatureError
from rtvi_web.realtime import Played, RealtimeClient

EVERY = pytest.mark.parametrize("name", PEERS)
ANSWERING = pytest.mark.parametrize("name", [name for name, peer in PEERS.items() if not peer.transcribes])


class Session:
    """A client of a dialect and its peer, connected."""

    def __init__(self, name: str, config: dict[str, Any] = CONFIG, **options: Any) -> None:
        self.peer: Peer = PEERS[name]()
        given: Any = {**self.peer.options, **options}
        self.client = RealtimeClient(transport=self.peer, dialect=name, config=config, **given)  # type: ignore[arg-type]
        self.errors: list[Any] = []
        self.client.on("error", self.errors.append)

    async def __aenter__(self) -> Session:
        await self.client.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.disconnect()
        assert self.errors == []

    def sent_since(self, count: int) -> list[dict[str, Any]]:
        return [{**event, "event_id": None} for event in self.peer.sent[count:]]

    def types_since(self, count: int) -> list[str]:
        return [event["type"] for event in self.peer.sent[count:]]

    def texts(self, role: str) -> list[str]:
        items = self.client.get_conversation_items()
        return [item.formatted.transcript for item in items if item.role == role]


def test_every_peer_names_its_source() -> None:
    assert all(len(peer.source) > 30 for peer in PEERS.values())


@EVERY
async def test_connect(name: str) -> None:
    """The address, the subprotocols, and the configuration in the words of the server."""
    async with Session(name) as session:
        peer, request = session.peer, session.peer.requests[0]
        address = request.dialect.address(request.target(webrtc=False))
        url, query, protocols = peer.address
        assert (address.url, address.query, [*address.protocols]) == (url, query, protocols)
        first = peer.sent[0] if peer.sent else {}
        if name == "vllm":
            assert first == {"type": "session.update", "model": "m-1"}
        elif name == "mistral":
            assert peer.sent == []  # There is nothing to configure.
        else:
            assert first["session"] == peer.session
        assert peer.rates == peer.rates_used
        assert session.client.session_created


async def test_vllm_is_not_waited_for_as_it_never_acknowledges(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Session("vllm", {"model": "m-1"}):
        assert loop.time() - began < 0.5
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@EVERY
async def test_speak(name: str) -> None:
    """The microphone is heard, and what was said is written down."""
    async with Session(name) as session:
        peer = session.peer
        count = len(peer.sent)
        peer.hear(pcm(480))
        sent = peer.sent[count:]
        sound = [base64.b64decode(event["audio"]) for event in sent if "audio" in event]
        assert b"".join(sound) == pcm(480)
        if name == "vllm":
            assert session.types_since(count) == ["input_audio_buffer.commit", "input_audio_buffer.append"]
        if peer.transcribes:
            session.client.realtime.send("input_audio_buffer.commit")
            assert session.types_since(count)[-1] in ("input_audio_buffer.commit", "input_audio.flush")
            peer.hear(pcm(480))  # the next one
        peer.hears(SAID)
        assert session.texts("user") == [SAID]
        peer.hears("Again.")
        assert session.texts("user") == [SAID, "Again."]
        if peer.transcribes:
            assert session.client.usage.transcription["input_tokens"] == 16


@EVERY
async def test_answer(name: str) -> None:
    """A text is sent, and the answer is heard and written down."""
    async with Session(name) as session:
        peer, client = session.peer, session.client
        count = len(peer.sent)
        if peer.transcribes:
            with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes"):
                client.create_response()
            with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes"):
                client.send_user_message_content([{"type": "input_text", "text": "Hi."}])
            with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes"):
                await client.send_text("Hi.")
            with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes"):
                client.realtime.send("response.create")
            assert peer.sent[count:] == []
            return
        await client.send_text("Hi.")
        assert session.types_since(count) == ["conversation.item.create", "response.create"]
        peer.answers(ANSWER, SOUND)
        assert session.texts("assistant") == [ANSWER]
        assert b"".join(sound for _, sound in peer.played) == SOUND
        assert client.usage.tokens["input_tokens"] == 8
        client.create_response({"output_modalities": ["text"]})
        words = {"xai": "modalities", "qwen": "modalities", "speaches": "modalities"}
        assert peer.sent[-1]["response"] == {words.get(name, "output_modalities"): ["text"]}


@EVERY
async def test_tool(name: str) -> None:
    """A tool is offered in the server's shape, called, and its output sent back."""
    async with Session(name) as session:
        peer, client = session.peer, session.client
        if peer.transcribes:
            with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes") as caught:
                client.register_tool(TOOL, print)
            assert caught.value.feature == "tools"
            assert client.tools == {}
            client.remove_tool("unknown")
            return
        client.register_tool(TOOL, lambda arguments: f"found {arguments['of']}")
        assert peer.sent[-1]["session"]["tools"] == peer.offered
        count = len(peer.sent)
        peer.calls("lookup", '{"of": "it"}')
        await turns()
        output = {"type": "function_call_output", "call_id": "call_1", "output": "found it"}
        assert peer.sent[count]["item"] == output
        assert session.types_since(count) == ["conversation.item.create", "response.create"]


@EVERY
async def test_interrupt(name: str) -> None:
    """The model falls silent at once, and the server is told what it understands."""
    async with Session(name) as session:
        peer, client = session.peer, session.client
        if peer.transcribes:
            for call in (client.cancel, client.cancel_response):
                with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes"):
                    call()
            with pytest.raises(UnsupportedFeatureError, match=f"Dialect {name}: it only transcribes"):
                await client.interrupt()
            return
        client.create_response()
        place, response = peer.begins()
        peer.speaks(place, "Good", SOUND)
        peer.now_playing = Played(place["item_id"], 0, 240)
        count = len(peer.sent)
        item = await client.interrupt()
        assert item is not None
        assert item.id == place["item_id"]
        assert session.types_since(count) == peer.after_interruption
        peer.speaks(place, " morning.", SOUND)
        assert b"".join(sound for _, sound in peer.played) == SOUND  # The rest of it is not heard.
        if name == "speaches":
            with pytest.raises(UnsupportedFeatureError, match="its server cannot stop a response") as caught:
                client.cancel()
            assert caught.value.feature == "response.cancel"
        client.create_response()
        assert "response.create" not in session.types_since(count)
        peer.ends(response, status="cancelled")
        assert session.types_since(count)[-1] == "response.create"  # The next one does not wait forever.


@ANSWERING
async def test_interrupt_an_answer_that_was_not_heard(name: str) -> None:
    """It is deleted, where items can be."""
    async with Session(name) as session:
        peer, client = session.peer, session.client
        client.create_response()
        place, _ = peer.begins()
        peer.speaks(place, "Good", SOUND)
        peer.now_playing = Played(place["item_id"], 0, 0)
        count = len(peer.sent)
        await client.interrupt()
        both = ["response.cancel", "conversation.item.delete"]
        assert session.types_since(count) == [type for type in both if type in peer.client_events]


@ANSWERING
async def test_interrupt_before_the_response_is_made(name: str) -> None:
    async with Session(name) as session:
        peer, client = session.peer, session.client
        count = len(peer.sent)
        client.create_response()
        await client.interrupt()
        place, _ = peer.begins()
        both = ["response.cancel"] * 2 if "response.cancel" in peer.client_events else []
        assert session.types_since(count) == ["response.create", *both]  # The first came too early.
        peer.speaks(place, "Good", SOUND)
        assert peer.played == []


@EVERY
async def test_close(name: str) -> None:
    """An error of the server is told in its words, a lost link ends everything, and the next session begins anew."""
    session = Session(name)
    peer, client = session.peer, session.client
    closed: list[Any] = []
    client.on("close", closed.append)
    await client.connect()
    first = list(peer.sent)
    peer.hear(pcm(480))
    peer.hears(SAID)
    words = peer.complains()
    assert [error.message for error in session.errors] == [words]
    waiting = asyncio.ensure_future(client.wait_for_next_item())
    await turns()
    peer.lose()
    with pytest.raises(DisconnectedError):
        await waiting
    await turns()
    assert [event["error"] for event in closed] == [True]
    assert not client.is_connected()
    session.errors.clear()
    began = len(peer.sent)
    await client.connect()
    again = peer.sent[began:]
    assert [{**event, "event_id": 0} for event in again] == [{**event, "event_id": 0} for event in first]
    peer.hear(pcm(480))
    peer.hears("Again.")
    assert session.texts("user") == ["Again."]
    await client.disconnect()
    assert [event["error"] for event in closed] == [True, False]
    assert session.errors == []
