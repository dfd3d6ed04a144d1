"""HTTP through the page: every answer arrives, and every failure says why."""

import socket

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_method_headers_and_body_arrive_and_the_answer_comes_back(selenium):
    import json

    from rtvi_web.browser.fetch import fetch

    headers = {"Content-Type": "application/json", "X-Key": "k"}
    status, text = await fetch("PATCH", "/answers/echo", headers=headers, body='{"ü": 1}')
    echo = json.loads(text)
    assert (status, echo["method"], echo["body"]) == (200, "PATCH", '{"ü": 1}')
    assert (echo["headers"]["X-Key"], echo["headers"]["Content-Type"]) == ("k", "application/json")


@run_in_pyodide
async def test_a_refusal_is_an_answer(selenium):
    from rtvi_web.browser.fetch import fetch

    assert await fetch("POST", "/answers/not-found", headers={}, body="{}") == (
        404,
        '{"detail": "Peer connection not found"}',
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
