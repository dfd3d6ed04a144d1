"""What is counted of answers whose sound comes in turns: one of the conversation, and one that is out of it."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_each_item_is_counted_by_itself(selenium):
    import asyncio

    from loopback import latest_context, until
    from sound import ramp

    from rtvi_web.browser.pcm_player import PcmPlayer

    spoken = asyncio.Queue()
    player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: None)
    await player.open()
    clock = latest_context()
    piece = ramp(1)
    for item in ("answer", "aside", *["answer"] * 9):
        player.play(piece, item, 0)
    assert await spoken.get() is True
    begun = clock.currentTime
    await until(lambda: clock.currentTime > begun + 2.5)  # In the answer's second piece, after the aside.
    played = await player.interrupt()
    assert played.item == "answer"
    assert 24_000 < played.samples < 240_000, played
    player.close()
