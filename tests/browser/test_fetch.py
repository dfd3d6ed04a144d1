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


@run_in_pyodide
async def test_answers_are_read_up_to_a_limit(selenium):
    """By default a megabyte. A refusal's text is cut, for its status tells enough."""
    import pytest

    from rtvi_web import HttpError
    from rtvi_web.browser.fetch import fetch

    with pytest.raises(HttpError, match=r"The answer to POST /answers/echo is larger than 1,048,576 bytes") as caught:
        await fetch("POST", "/answers/echo", headers={}, body="x" * 1_048_576)
    assert caught.value.status == 200
    status, text, _ = await fetch("POST", "/answers/echo", headers={}, body="x" * 1_000_000)
    assert (status, len(text) > 1_000_000) == (200, True)
    assert await fetch("POST", "/answers/long-refusal", headers={}, body="", limit=10) == (
        500,
        "no no no n",
        "text/plain",
    )
    assert (await fetch("POST", "/answers/bom", headers={}, body="", limit=5))[:2] == (200, "ü")
    with pytest.raises(HttpError, match="larger than 4 bytes"):
        await fetch("POST", "/answers/bom", headers={}, body="", limit=4)


@pytest.mark.parametrize("answer", ["ok", "long-refusal", "bad-key"])
@run_in_pyodide
async def test_uploads_too(selenium, answer):
    import pytest

    from rtvi_web import HttpError
    from rtvi_web.browser.upload import upload

    sent = []

    async def upload_to(limit):
        file = {"name": "a.txt", "media_type": "text/plain", "data": b"x" * 100_000}
        return await upload(f"/answers/{answer}", headers={"X": "1"}, limit=limit, on_progress=sent.append, **file)  # type: ignore[arg-type]

    if answer == "ok":
        with pytest.raises(HttpError, match=r"The answer to POST /answers/ok is larger than 10 bytes"):
            await upload_to(10)
    else:
        status, text = await upload_to(10)
        assert (status, len(text)) == (500 if answer == "long-refusal" else 401, 10)
    assert await upload_to(10_000_000)
    assert sent[-1] == 1


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://me:secret@127.0.0.1/start?key=secret", {}),
        ("/answers/ok?key=secret", {"Authorization": "secret\n1"}),
        ("/answers/ok", {"X-Key": "secret\u2028"}),
        ("/answers/ok", {"Authorization: Bearer secret": ""}),
    ],
)
@run_in_pyodide
async def test_what_cannot_be_sent_shows_no_keys(selenium, url, headers):
    """Neither does the traceback, which would show the browser's own words as the cause."""
    import traceback

    import pytest

    from rtvi_web import HttpError
    from rtvi_web.browser.fetch import fetch
    from rtvi_web.browser.upload import upload

    with pytest.raises(HttpError, match="cannot be sent") as caught:
        await fetch("POST", url, headers=headers, body="{}")
    assert "secret" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    if not url.startswith("https:"):
        file = {"name": "a", "media_type": "text/plain", "data": b"", "on_progress": None}
        with pytest.raises(HttpError, match="cannot be sent") as caught:
            await upload(url, headers=headers, **file)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
        assert caught.value.__suppress_context__


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
    await stream.command("gone")


@run_in_pyodide
async def test_an_event_stream_arrives_piece_by_piece(selenium):
    from streams import Streamed

    from rtvi_web.core.http import HttpResponse

    stream = Streamed()
    answer = stream.open()
    # The server sends each piece after the one before has arrived; the second cuts a character in two.
    sent = b""
    for piece in (b"data: a\n\n", b"data: \xf0\x9f", b"\x98\x80\n\n"):
        await stream.command("write", piece)
        sent += piece
        await stream.arrived(sent)
    assert stream.chunks == [b"data: a\n\n", b"data: \xf0\x9f", b"\x98\x80\n\n"]
    assert not answer.done()
    await stream.command("end")
    assert await answer == HttpResponse(200, "", "Text/Event-Stream; charset=utf-8")


@run_in_pyodide
async def test_request_reads_an_event_stream_whole(selenium):
    from streams import Streamed

    from rtvi_web.transports.http import PageHttp

    stream = Streamed()
    await stream.command("write", b"data: ")
    await stream.command("write", b"\xc3\xbc\n\n")
    await stream.command("end")
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
        " seen.restore = () => { ReadableStream.prototype.getReader = open; };"
        " ReadableStream.prototype.getReader = function (...args) { seen.push(this); return open.apply(this, args); };"
        " return seen; })()"
    )
    stream = Streamed()
    answer = stream.open()
    await stream.command("write", b"data: a\n\n")
    await stream.arrived(b"data: a\n\n")
    read.restore()
    assert sum(body.locked for body in read) == 1
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    await stream.command("gone")
    assert not any(body.locked for body in read)


@run_in_pyodide
async def test_what_on_chunk_raises_closes_the_connection_and_comes_out(selenium):
    import pytest
    from streams import Streamed

    from rtvi_web.browser._js import JsError
    from rtvi_web.transports.http import PageHttp

    def refuse(chunk):
        raise JsError("TypeError", "not the network's")

    stream = Streamed()
    await stream.command("write", b"data: a\n\n")
    with pytest.raises(JsError, match="not the network's"):
        await PageHttp().stream("POST", stream.url, headers={}, body="{}", on_chunk=refuse)
    await stream.command("gone")


@run_in_pyodide
async def test_a_server_that_dies_in_mid_stream(selenium):
    import asyncio

    from streams import Streamed

    from rtvi_web import HttpError
    from rtvi_web.browser._js import JsError

    stream = Streamed()
    answer = stream.open()
    await stream.command("write", b"data: a\n\n")
    await stream.arrived(b"data: a\n\n")
    failure, _ = await asyncio.gather(answer, stream.command("die"), return_exceptions=True)
    assert isinstance(failure, HttpError)
    assert f"The answer to POST {stream.url} broke off in mid-stream (" in str(failure)
    assert isinstance(failure.__cause__, JsError)
    assert stream.chunks == [b"data: a\n\n"]
