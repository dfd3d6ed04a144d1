"""Sessions of the RTVI 0.3 bot, with peers outside of a page."""

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

from rtvi_0_3_requests import CONFIG, SERVICES, action, request
from rtvi_0_3_server import API_KEYS, BOT, Rtvi03Servers, rtvi_0_3_python, rtvi_0_3_servers

PEER = BOT / "peer.py"


def test_a_session_is_for_one_page(rtvi_0_3_server: Rtvi03Servers) -> None:
    url = start(rtvi_0_3_server)
    assert request(url, {"type": "offer"}).json == {"detail": "sdp: Field required"}
    refusal = request(url, {"type": "offer", "sdp": "m=nonsense"})
    assert refusal.status == 400
    assert "the offer cannot be answered" in refusal.json["detail"]
    assert request(url, {"type": "offer", "sdp": "m=nonsense"}).status == 404


def test_rtvi_0_3_takes_no_single_candidates(rtvi_0_3_server: Rtvi03Servers) -> None:
    assert request(start(rtvi_0_3_server), {"candidates": []}, method="PATCH").status == 405


def test_a_session_ends_when_its_time_is_up(rtvi_0_3_server: Rtvi03Servers) -> None:
    with peer(start(rtvi_0_3_server, max_duration=5)) as messages:
        first = next(messages)
        assert (first["type"], first["data"]["version"]) == ("bot-ready", "0.3.0")
        assert list(messages)[-1] == {"type": "signalling", "message": {"type": "peerLeft"}}


def test_an_action_that_fails_is_answered_and_so_is_the_next(rtvi_0_3_server: Rtvi03Servers) -> None:
    with peer(start(rtvi_0_3_server), action("tts", "say"), action("llm", "get_context")) as messages:
        answers: dict[str, Any] = {}
        for message in messages:
            answers |= {message.get("id") or message["type"]: message.get("data")}
            if "get_context" in answers:
                break
    assert answers["say"] == {"result": False}
    assert answers["error"] == {"error": "The action failed: KeyError('text')", "fatal": False}
    assert answers["get_context"]["result"]["messages"] == [{"role": "system", "content": "You are ExampleBot."}]


def test_a_configuration_that_cannot_be_applied_is_a_fatal_error(rtvi_0_3_server: Rtvi03Servers) -> None:
    config = [{"service": "tts", "options": [{"name": "voice", "value": "unknown"}]}]
    with peer(start(rtvi_0_3_server, config=config)) as messages:
        first = next(messages)
        assert first["type"] == "error"
        assert first["data"] == {
            "error": "The configuration cannot be applied: there is no voice 'unknown'",
            "fatal": True,
        }
        assert list(messages)[-1] == {"type": "signalling", "message": {"type": "peerLeft"}}
    logs = rtvi_0_3_server.bot.log.read_text() + rtvi_0_3_server.connect_endpoint.log.read_text()
    assert "the configuration cannot be applied" in logs, "with its traceback"
    assert not [key for key in API_KEYS.values() if key in logs]


def test_the_server_ends_at_once_in_the_middle_of_a_session() -> None:
    with rtvi_0_3_servers() as server, peer(start(server)) as messages:
        assert next(messages)["type"] == "bot-ready"
        server.bot.process.send_signal(signal.SIGTERM)
        assert server.bot.process.wait(20) == -signal.SIGTERM
        assert list(messages)[-1] == {"type": "signalling", "message": {"type": "peerLeft"}}


def start(server: Rtvi03Servers, **options: Any) -> str:
    """Start a bot; where the page meets it."""
    body = {"services": SERVICES, "config": CONFIG, "api_keys": API_KEYS, **options}
    return str(request(f"{server.bot_url}/start-bot", body).json["webrtc_url"])


@contextlib.contextmanager
def peer(url: str, *messages: dict[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
    """A peer in the session; what it receives, without the metrics that come at any time."""
    command = [str(rtvi_0_3_python()), str(PEER), url, *map(json.dumps, messages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = map(json.loads, process.stdout)
            yield (message for message in lines if message["type"] != "metrics")
        finally:
            process.kill()
