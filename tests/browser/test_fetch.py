"""HTTP through the page: every answer arrives, and every failure says why."""

import socket

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_method_headers_and_body_arrive_and_the_answer_comes_back(selenium):
    import json

    from rtvi_web.browser.fetch import fetch

    headers = {"Content-Type": "application/json", "X-Key": "k"}
    status, text, content_type = await fetch("PATCH", "/answers/echo", headers=headers, body='{"ü": 1}')
    echo = json.loads(text)
    assert (status, echo["method"], echo["body"]) == (200, "PATCH", '{"ü": 1}')
    assert content_type == "application/json"
    assert (echo["headers"]["X-Key"], echo["headers"]["Content-Type"]) == ("k", "application/json")


@run_in_pyodide
async def test_a_refusal_is_an_answer(selenium):
    from rtvi_web.browser.fetch import fetch

    assert await fetch("POST", "/answers/not-found", headers={}, body="{}") == (
        404,
        '{"detail": "Peer connection not found"}',
        "application/json",
    )


@pytest.fixture
def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@run_in_pyodide
async def test_a_server_that_is_down(selenium, free_port):
    import pytest

    from rtvi_web import HttpError
    from rtvi_web.browser._js import JsError
    from rtvi_web.browser.fetch import fetch

    url = f"http://127.0.0.1:{free_port}/start"
    with pytest.raises(HttpError) as caught:
        await fetch("POST", url, headers={}, body="{}")
    assert f"POST {url} got no answer (Failed to fetch)" in str(caught.value)
    assert f"Is a server running at http://127.0.0.1:{free_port}?" in str(caught.value)
    assert "CORS" in str(caught.value)
    assert isinstance(caught.value.__cause__, JsError)


@run_in_pyodide
async def test_an_answer_that_breaks_off(selenium):
    import pytest

    from rtvi_web import HttpError
    from rtvi_web.browser.fetch import fetch

    with pytest.raises(HttpError, match="got no answer"):
        await fetch("POST", "/answers/half", headers={}, body="{}")


@pytest.mark.parametrize(("url", "headers"), [("http://", {}), ("/answers/ok", {"bad name": "x"})])
@run_in_pyodide
async def test_what_cannot_be_sent_says_so_without_guessing_at_the_network(selenium, url, headers):
    import pytest

    from rtvi_web import HttpError
    from rtvi_web.browser.fetch import fetch

    with pytest.raises(HttpError, match="cannot be sent") as caught:
        await fetch("POST", url, headers=headers, body="{}")
    assert "running" not in str(caught.value)


@run_in_pyodide
async def test_cancelling_aborts_the_request(selenium):
    import asyncio

    import js
    import pytest

    from rtvi_web.browser.fetch import fetch

    aborted = js.eval(
        "(() => { const seen = []; const abort = AbortController.prototype.abort;"
        " AbortController.prototype.abort = function () { seen.push(1); AbortController.prototype.abort = abort;"
        " return abort.call(this); }; return seen; })()"
    )
    task = asyncio.ensure_future(fetch("POST", "/answers/never", headers={}, body="{}"))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert aborted.length == 1


@run_in_pyodide
async def test_an_upload_that_takes_too_long_closes_its_connection(selenium):
    import pytest
    from streams import Streamed

    from rtvi_web import RequestTimeoutError, RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    stream = Streamed()
    client = RTVIClient(transport=SmallWebRTCTransport())
    with pytest.raises(RequestTimeoutError, match="was not finished within 1 s"):
        await client.upload_file(b"x", name="a.txt", url=stream.url, timeout=1)
    await stream.tell("gone")


@run_in_pyodide
async def test_an_event_stream_arrives_piece_by_piece(selenium):
    from streams import Streamed

    from rtvi_web.core.http import HttpResponse

    stream = Streamed()
    answer = stream.open()
    # The server sends each piece after the one before has arrived; the second cuts a character in two.
    sent = b""
    for piece in (b"data: a\n\n", b"data: \xf0\x9f", b"\x98\x80\n\n"):
        await stream.tell("write", piece)
        sent += piece
        await stream.arrived(sent)
    assert stream.chunks == [b"data: a\n\n", b"data: \xf0\x9f", b"\x98\x80\n\n"]
    assert not answer.done()
    await stream.tell("end")
    assert await answer == HttpResponse(200, "", "Text/Event-Stream; charset=utf-8")


@run_in_pyodide
async def test_request_reads_an_event_stream_whole(selenium):
    from streams import Streamed

    from rtvi_web.transports.http import PageHttp

    stream = Streamed()
    await stream.tell("write", b"data: ")
    await stream.tell("write", b"\xc3\xbc\n\n")
    await stream.tell("end")
    response = await PageHttp().request("POST", stream.url, headers={}, body="{}")
    assert (response.status, response.text) == (200, "data: ü\n\n")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ok", (200, '{"hello": "world"}', "application/json")),
        ("sse-error", (503, "data: no bot is free\n\n", "text/event-stream")),
        ("sse-nothing", (204, "", "text/event-stream")),
        ("no-type", (200, "?", "")),
    ],
)
@run_in_pyodide
async def test_every_other_answer_is_read_whole(selenium, name, expected):
    from rtvi_web.transports.http import PageHttp

    chunks = []
    answer = await PageHttp().stream("POST", f"/answers/{name}", headers={}, body="{}", on_chunk=chunks.append)
    assert (tuple(answer), chunks) == (expected, [])


@run_in_pyodide
async def test_cancelling_in_mid_stream_closes_the_connection_and_frees_the_stream(selenium):
    import asyncio

    import js
    import pytest
    from streams import Streamed

    read = js.eval(
        "(() => { const seen = []; const open = ReadableStream.prototype.getReader;"
        " ReadableStream.prototype.getReader = function (...args) { seen.push(this);"
        " ReadableStream.prototype.getReader = open; return open.apply(this, args); }; return seen; })()"
    )
    stream = Streamed()
    answer = stream.open()
    await stream.tell("write", b"data: a\n\n")
    await stream.arrived(b"data: a\n\n")
    assert [body.locked for body in read] == [True]
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    await stream.tell("gone")
    assert [body.locked for body in read] == [False]


@run_in_pyodide
async def test_what_on_chunk_raises_closes_the_connection_and_comes_out(selenium):
    import pytest
    from streams import Streamed

    from rtvi_web.browser._js import JsError
    from rtvi_web.transports.http import PageHttp

    def refuse(chunk):
        raise JsError("TypeError", "not the network's")

    stream = Streamed()
    await stream.tell("write", b"data: a\n\n")
    with pytest.raises(JsError, match="not the network's"):
        await PageHttp().stream("POST", stream.url, headers={}, body="{}", on_chunk=refuse)
    await stream.tell("gone")


@run_in_pyodide
async def test_a_server_that_dies_in_mid_stream(selenium):
    import asyncio

    from streams import Streamed

    from rtvi_web import HttpError
    from rtvi_web.browser._js import JsError

    stream = Streamed()
    answer = stream.open()
    await stream.tell("write", b"data: a\n\n")
    await stream.arrived(b"data: a\n\n")
    failure, _ = await asyncio.gather(answer, stream.tell("die"), return_exceptions=True)
    assert isinstance(failure, HttpError)
    assert f"The answer to POST {stream.url} broke off in mid-stream (" in str(failure)
    assert isinstance(failure.__cause__, JsError)
    assert stream.chunks == [b"data: a\n\n"]
