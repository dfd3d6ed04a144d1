"""The local bot's speech server, over HTTP as Pipecat's OpenAI services use it."""

import contextlib
import io
import json
import uuid
import wave
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from local_bot import EXAMPLE, LocalBot

PATIENCE = 60.0  # seconds
PHRASES = [phrase["say"] for phrase in json.loads((EXAMPLE / "phrases.json").read_text())]


def post(bot: LocalBot, path: str, body: bytes, content_type: str = "application/json") -> bytes:
    speech_server = bot.servers[1]
    url = speech_server.health.replace("health", f"v1/{path}")
    with urlopen(Request(url, body, {"Content-Type": content_type}), timeout=PATIENCE) as answer:
        received: bytes = answer.read()
        return received


def transcribe(bot: LocalBot, file: bytes) -> str:
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    body = head.encode() + file + f"\r\n--{boundary}--\r\n".encode()
    answer = json.loads(post(bot, "audio/transcriptions", body, f"multipart/form-data; boundary={boundary}"))
    return str(answer["text"])


def wav(pcm: bytes, rate: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm)
    return buffer.getvalue()


@pytest.mark.parametrize("phrase", PHRASES)
def test_the_bot_understands_each_phrase_when_it_is_spoken(bot: LocalBot, phrase: str) -> None:
    pcm = post(bot, "audio/speech", json.dumps({"input": phrase, "response_format": "pcm"}).encode())
    assert transcribe(bot, wav(pcm, 24_000)) == phrase


def test_speech_lasts_as_long_as_speech_lasts(bot: LocalBot) -> None:
    """At the wrong rate it would be a tenth too short or too long."""
    text = " ".join(["one two three four five"] * 6)  # 30 words at 150 a minute
    pcm = post(bot, "audio/speech", json.dumps({"input": text, "response_format": "pcm"}).encode())
    assert len(pcm) / 2 / 24_000 == pytest.approx(10, rel=0.3)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("audio/speech", b"no json"),
        ("chat/completions", b"[" * 10_000),
        ("audio/speech", b'{"input": 1, "response_format": "pcm"}'),
        ("audio/speech", b'{"input": "hello", "response_format": "mp3"}'),
        ("audio/speech", json.dumps({"input": "a" * 5000, "response_format": "pcm"}).encode()),
        ("chat/completions", b'{"messages": "hello", "stream": true}'),
    ],
    ids=["no JSON", "too deep", "no text", "another format", "too long a text", "no chat"],
)
def test_a_bad_request_is_refused_with_a_reason(bot: LocalBot, path: str, body: bytes) -> None:
    with pytest.raises(HTTPError) as refusal:
        post(bot, path, body)
    with refusal.value as answer:
        assert answer.code == 400
        assert json.load(answer)["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"), [({"Content-Length": "4000001"}, 413), ({"Transfer-Encoding": "chunked"}, 411)]
)
def test_a_request_is_refused_by_its_size_before_it_is_read(
    bot: LocalBot, headers: dict[str, str], status: int
) -> None:
    connection = HTTPConnection(urlsplit(bot.servers[1].health).netloc, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.putrequest("POST", "/v1/chat/completions")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == status


def test_a_file_that_is_no_wav_is_refused(bot: LocalBot) -> None:
    with pytest.raises(HTTPError) as refusal:
        transcribe(bot, b"ID3 this is something else")
    with refusal.value as answer:
        assert answer.code == 400
