"""Sound that the system interrupts: Safari's words, which no other browser says, are put into the browser's mouth."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_context_that_the_system_interrupts_is_resumed(selenium):
    import js
    from edge import replaced

    from rtvi_web.browser import _js
    from rtvi_web.browser.analysis import resume_after_interruptions

    def becomes(state):
        js.Object.defineProperty(context, "state", _js.plain({"value": state, "configurable": True}))
        before = js.edge.resumed
        context.dispatchEvent(js.Event.new("statechange"))
        return js.edge.resumed - before

    scope, context = _js.Scope(), js.AudioContext.new()
    counting = "async () => { edge.resumed++ }"
    with replaced("AudioContext.prototype", "resume", counting):
        js.edge.resumed = 0
        resume_after_interruptions(context, scope)
        states = ["running", "suspended", "interrupted", "suspended", "running", "suspended", "interrupted", "running"]
        # A context that the page itself has suspended stays so.
        assert [becomes(state) for state in states] == [0, 0, 1, 1, 0, 0, 1, 0]
        scope.close()
        assert becomes("interrupted") == 0
    del context.state
    await _js.call(context, "close")


@run_in_pyodide
async def test_player_and_microphone_go_on_after_an_interruption(selenium):
    import asyncio

    import js
    from edge import replaced
    from watching import tone

    from rtvi_web.browser import _js
    from rtvi_web.browser.pcm_player import PcmPlayer
    from rtvi_web.browser.worklet_recorder import WorkletRecorder

    def interrupt():
        context = list(js.opened.contexts)[-1]
        js.Object.defineProperty(context, "state", _js.plain({"value": "interrupted", "configurable": True}))
        before = js.edge.resumed
        context.dispatchEvent(js.Event.new("statechange"))
        del context.state
        return js.edge.resumed - before

    counting = "function () { edge.resumed++; return original.call(this) }"
    async with tone() as track:
        with replaced("AudioContext.prototype", "resume", counting):
            js.edge.resumed = 0
            player = PcmPlayer(rate=24_000, speaking=lambda speaking: None, blocked=lambda: None)
            assert interrupt() == 1
            player.close()
            heard = asyncio.Event()
            recorder = WorkletRecorder(24_000, 960, heard.set)
            await recorder.listen(track)
            assert interrupt() == 1
            await heard.wait()
            recorder.close()
