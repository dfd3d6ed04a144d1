"""pause() and resume(): neither side is heard, and the answer goes on where it stopped."""

from __future__ import annotations

from typing import Any

import pytest
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web.errors import DisconnectedError, UnsupportedFeatureError
from rtvi_web.realtime import Played


@pytest.fixture
async def run() -> Any:
    run = await connected()
    run.client.on("session.*", run.events.append)
    yield run
    await run.client.disconnect()


def appended(run: Run) -> int:
    return len(run.server.sent_of("input_audio_buffer.append"))


async def test_nothing_is_sent_and_the_answer_is_held(run: Run) -> None:
    run.server.hear(pcm(960))
    assert (appended(run), run.client.is_paused) == (1, False)
    run.client.pause()
    run.client.pause()
    assert run.client.is_paused
    assert run.server.paused
    run.server.hear(pcm(960))
    assert run.client.append_input_audio(pcm(960)) is False
    assert appended(run) == 1
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(2400))  # arrives, and waits in the player
    assert run.server.played == [("item_a", pcm(2400))]
    run.client.resume()
    run.client.resume()
    assert (run.client.is_paused, run.server.paused) == (False, False)
    run.server.hear(pcm(960))
    assert run.client.append_input_audio(pcm(960)) is True
    assert appended(run) == 3
    told = [event for event in run.events if isinstance(event, dict)]
    assert told == [{"type": "session.paused"}, {"type": "session.resumed"}]


async def test_what_is_not_sent_is_not_committed(run: Run) -> None:
    run.client.pause()
    run.client.append_input_audio(pcm(24_000))
    run.client.resume()
    run.client.create_response()
    assert run.server.types == ["response.create"]


async def test_words_and_interruptions_work_in_a_pause(run: Run) -> None:
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(24_000))
    run.client.pause()
    run.server.now_playing = Played("item_a", 0, 12_000)
    await run.client.send_text("Stop.")
    assert run.server.types == [
        "response.cancel",
        "conversation.item.truncate",
        "conversation.item.create",
    ]
    assert run.client.is_paused


async def test_a_pause_ends_with_its_session(run: Run) -> None:
    run.client.pause()
    await run.client.disconnect()
    assert not run.client.is_paused
    for act in (run.client.pause, run.client.resume):
        with pytest.raises(DisconnectedError):
            act()
    await run.client.connect()
    assert (run.client.is_paused, run.server.paused) == (False, False)
    run.server.hear(pcm(960))
    assert appended(run) == 1


async def test_sound_held_back_while_connecting_is_not_sent_in_a_pause() -> None:
    run = Run(server=Server(handshake=False))
    connecting = run.client.run(run.client.connect(), "connecting")
    while not run.client.is_connected():
        await turns(1)
    run.server.hear(pcm(960))
    run.client.pause()
    run.server.hear(pcm(960))
    await connecting
    assert appended(run) == 0
    await run.client.disconnect()


async def test_over_webrtc_the_error_says_why() -> None:
    run = await connected(server=Server(carries_tracks=True))
    with pytest.raises(UnsupportedFeatureError, match="cannot hold an answer") as caught:
        run.client.pause()
    assert (caught.value.feature, run.client.is_paused) == ("pause", False)
    run.client.resume()
    await run.client.disconnect()
