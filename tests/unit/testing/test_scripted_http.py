"""The scripted HTTP server: it must behave like the page's, or what is tested with it means nothing."""

from __future__ import annotations

import asyncio

import pytest

from rtvi_web import HttpError
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import HttpAnswer, HttpStream, ScriptedHttp


class Request:
    """A streamed request to a server that gives one answer, and the pieces that have come."""

    def __init__(self, answer: HttpAnswer) -> None:
        self.chunks: list[bytes] = []
        self.came = asyncio.Event()
        self.http = ScriptedHttp([answer])

    async def send(self) -> HttpResponse:
        return await self.http.stream("POST", "/action", headers={"a": "b"}, body='{"x": 1}', on_chunk=self.take)

    def take(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        self.came.set()


async def test_a_stream_arrives_piece_by_piece() -> None:
    request = Request(HttpStream([b"data: ", b"a\n\n"]))
    task = asyncio.ensure_future(request.send())
    await request.came.wait()
    assert (request.chunks, task.done()) == ([b"data: "], False)
    assert await task == HttpResponse(200, "", "text/event-stream")
    assert request.chunks == [b"data: ", b"a\n\n"]
    assert request.http.requests == [("POST", "/action", {"a": "b"}, {"x": 1})]


async def test_a_stream_breaks_off() -> None:
    request = Request(HttpStream([b"data: ", HttpError("gone")]))
    with pytest.raises(HttpError, match="gone"):
        await request.send()
    assert request.chunks == [b"data: "]


async def test_a_stream_stays_open_until_it_is_cancelled() -> None:
    request = Request(HttpStream([b"data: "], ends=False))
    task = asyncio.ensure_future(request.send())
    await request.came.wait()
    assert await asyncio.wait([task], timeout=0.01) == (set(), {task})
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("answer", [HttpResponse(200, "{}", "application/json"), HttpResponse(500, "no")])
async def test_another_answer_to_a_streamed_request_is_whole(answer: HttpResponse) -> None:
    request = Request(answer)
    assert await request.send() == answer
    assert request.chunks == []


async def test_a_stream_is_read_whole_by_request() -> None:
    http = ScriptedHttp([HttpStream([b"data: \xc3", b"\xbc\n\n"])])
    response = await http.request("POST", "/action", headers={}, body="{}")
    assert response == HttpResponse(200, "data: ü\n\n", "text/event-stream")
