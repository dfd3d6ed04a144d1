"""What is counted of answers whose sound comes in turns: one of the conversation, and one that is out of it."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_each_item_is_counted_by_itself(selenium):
    from loopback import until
    from sound import ramp

    from rtvi_web.browser.pcm_player import PcmPlayer

    player = PcmPlayer(rate=24_000, speaking=lambda _: None, blocked=lambda: None)
    await player.open()
    piece = ramp(1)
    for item in ("answer", "aside", *["answer"] * 9):
        player.play(piece, item, 0)
    for item in ("answer", "aside", "answer"):
        await until(lambda item=item: player._last is not None and player._last.item == item)
    played = await player.interrupt()
    assert played.item == "answer"
    assert 24_000 < played.samples < 240_000, played
    player.close()
