"""Files that the page sends: in a message, by reference, or uploaded."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sessions import Transport, ready, session

from rtvi_web import (
    BotNotReadyError,
    FileReference,
    HttpError,
    InvalidArgumentError,
    RequestError,
    RTVIEvent,
    UnsupportedFeatureError,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")
STORED = HttpResponse(
    200, '{"name": "a.pdf", "source": {"type": "url", "url": "pipecat:1"}, "format": "application/pdf"}'
)


class TestFiles:
    async def test_a_small_file_goes_in_the_message(self) -> None:
        source = {"type": "bytes", "bytes": base64.b64encode(b"\x00\xff").decode()}
        file = {"format": "image/png", "name": "a.png", "source": source}
        run = await session(
            expect("send-file", {"content": "look", "file": file, "options": {"audio_response": False}})
        )
        await run.client.send_file("look", b"\x00\xff", name="a.png", audio_response=False)
        assert "run_immediately" not in run.transport.sent[-1]["data"]["options"]
        run.transport.finish()
        await run.client.disconnect()

    async def test_a_url_is_sent_as_it_is(self) -> None:
        file = {"format": "application/pdf", "source": {"type": "url", "url": "https://x.test/a.pdf"}}
        run = await session(expect("send-file", {"file": file, "options": {"custom_options": {"detail": "high"}}}))
        reference = FileReference("https://x.test/a.pdf", "application/pdf")
        await run.client.send_file("read", reference, custom_options={"detail": "high"})
        run.transport.finish()
        await run.client.disconnect()

    async def test_a_large_file_is_uploaded(self) -> None:
        url = {"type": "url", "url": "pipecat:1"}
        run = await session(expect("send-file", {"file": {"source": url}}), start=[STORED])
        run.client.params.base_url = "http://bot.test/"
        progress: list[float] = []
        await run.client.send_file("read", bytes(65536), name="a.pdf", on_progress=progress.append)
        [request] = run.transport.http.requests
        assert (request.url, request.body["name"], request.body["media_type"]) == (
            "http://bot.test/files",
            "a.pdf",
            "application/pdf",
        )
        assert len(request.body["data"]) == 65536
        assert progress == [1.0]
        run.transport.finish()
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("content", "size", "source"),
        [
            ("read", 48_000, "bytes"),
            ("read", 49_100, "url"),
            ("read", 80_000, "url"),
            ("你" * 8000, 20_000, "bytes"),
            ("你" * 8000, 40_000, "url"),
        ],
        ids=lambda value: ascii(value)[:10],
    )
    async def test_what_does_not_fit_into_the_message_is_uploaded(self, content: str, size: int, source: str) -> None:
        run = await session(expect("send-file"), start=[STORED])
        run.client.params.base_url = "http://bot.test"
        await run.client.send_file(content, bytes(size), name="a.pdf")
        assert run.transport.sent[-1]["data"]["file"]["source"]["type"] == source
        assert len(run.transport.http.requests) == (source == "url")
        await run.client.disconnect()

    async def test_nothing_is_uploaded_for_a_bot_that_knows_no_files(self) -> None:
        refusal = say("error-response", {"error": "Unsupported type send-file"}, answers=True)
        run = await session(expect("send-file"), refusal, start=[STORED])
        run.client.params.base_url = "http://bot.test"
        await run.client.send_file("see", b"x", name="a.pdf")
        await run.client.wait_for(RTVIEvent.UNSUPPORTED_FEATURE, timeout=1)
        with pytest.raises(UnsupportedFeatureError):
            await run.client.send_file("see", bytes(80_000), name="a.pdf")
        assert run.transport.http.requests == []
        await run.client.disconnect()

    @pytest.mark.parametrize(("content", "file"), [("see", "a.png"), ("see", None), (None, b"x")])
    async def test_invalid_files_are_refused(self, content: Any, file: Any) -> None:
        run = await session()
        with pytest.raises(InvalidArgumentError, match="must be"):
            await run.client.send_file(content, file, name="a.png")
        assert len(run.transport.sent) == 1
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("start_url", "advertised", "url"),
        [
            ("http://bot.test/api/start", "/sessions/1/files", "http://bot.test/sessions/1/files"),
            ("/api/start", "/sessions/1/files", "/sessions/1/files"),
            ("/start", "https://files.test/up", "https://files.test/up"),
        ],
    )
    async def test_the_upload_goes_where_the_server_says(self, start_url: str, advertised: str, url: str) -> None:
        from sessions import Run

        answer = HttpResponse(200, f'{{"sessionId": "1", "fileUploadUrl": "{advertised}"}}')
        run = Run(Transport(*handshake(), start=[answer, STORED]))
        await run.client.start_bot_and_connect(start_url, headers={"X": "1"})
        assert await run.client.upload_file(b"x", name="a.pdf") == ("pipecat:1", "application/pdf", "a.pdf")
        assert run.transport.http.requests[1].url == url
        assert run.transport.http.requests[1].headers == {"X": "1"}
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("answer", "error", "message"),
        [
            (HttpResponse(413, '{"detail": "too large"}'), RequestError, "413: too large"),
            (HttpResponse(200, "[]"), HttpError, "did not return the file"),
            (HttpError("no answer"), HttpError, "no answer"),
        ],
    )
    async def test_refusals(self, answer: Any, error: type[Exception], message: str) -> None:
        run = await session(start=[answer])
        with pytest.raises(error, match=message):
            await run.client.upload_file(b"x", name="a.pdf", url="/files")
        await run.client.disconnect()

    async def test_uploads_that_cannot_work_are_refused(self) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match=r"media type of 'a\.unheard-of' cannot be guessed"):
            await run.client.send_file("x", b"x", name="a.unheard-of")
        with pytest.raises(InvalidArgumentError, match="address for uploads"):
            await run.client.upload_file(b"x", name="a.pdf")
        await run.client.disconnect()
        with pytest.raises(BotNotReadyError, match=r"send_file\(\) is not possible while the client is disconnected"):
            await run.client.send_file("x", b"x", name="a.pdf")
