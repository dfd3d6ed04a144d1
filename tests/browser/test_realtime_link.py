"""The link of a realtime session: checked after what links often do not survive, and closed as the page is left."""

from conftest import over_both
from pytest_pyodide import run_in_pyodide


@over_both
@run_in_pyodide
async def test_a_realtime_session_says_goodbye_as_the_page_is_left(selenium, port, kind):
    import js
    from loopback import until
    from realtime_peer import session

    async with session(kind, port) as made:
        await made.client.connect()
        js.window.dispatchEvent(js.Event.new("pagehide"))
        await until(lambda: made.client.state == "disconnected")
        assert (made.client.failure.message, made.client.failure.reason) == ("The page was left.", "closed")
        await made.client.connect()  # of a page that is shown again
        assert made.client.failure is None


@over_both
@run_in_pyodide
async def test_a_realtime_session_checks_its_link(selenium, port, kind):
    import js
    from edge import page_is, replaced
    from loopback import until
    from realtime_peer import session

    async with session(kind, port) as made:
        await made.client.connect()
        sent = []
        made.client.on("client.session.update", sent.append)
        answers = []
        made.client.on("server.session.updated", answers.append)
        for _ in range(3):
            page_is(hidden=True)
            page_is(hidden=False)
            js.window.dispatchEvent(js.Event.new("online"))
        if kind == "websocket":
            await until(lambda: len(answers) == len(sent) == 9)
            made.client.realtime.send("hang")
        frozen = "async function () { return edge.report ??= await original.call(this) }"  # of a dead path
        with replaced("RTCPeerConnection.prototype", "getStats", frozen):
            js.edge.report = None
            js.window.dispatchEvent(js.Event.new("online"))
            await until(lambda: made.client.state == "disconnected")
        assert made.client.failure.message == "The server is silent: nothing has come from it for 7 s."
