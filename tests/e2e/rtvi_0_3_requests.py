"""What tests ask of the servers of RTVI 0.3 over HTTP, and what they read in the answers."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from rtvi_0_3_server import Rtvi03Servers

SERVICES = {"llm": "together"}
CONFIG = [
    {
        "service": "llm",
        "options": [
            {"name": "model", "value": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"},
            {"name": "initial_messages", "value": [{"role": "system", "content": "You are ExampleBot."}]},
        ],
    }
]
opener = build_opener(ProxyHandler({}))


@dataclass
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def request(url: str, body: Any = None, *, method: str = "POST", **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in {"content_type": "application/json", **headers}.items()}
    try:
        with opener.open(Request(url, data, headers, method=method), timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.headers, refusal.read().decode())


def received(server: Rtvi03Servers) -> list[dict[str, Any]]:
    """What the connect endpoint has sent to the bot's server."""
    bodies: list[dict[str, Any]] = request(f"{server.bot_url}/received", b"", method="GET").json
    return bodies


def action(service: str, name: str, **arguments: Any) -> dict[str, Any]:
    listed = [{"name": argument, "value": value} for argument, value in arguments.items()]
    data = {"service": service, "action": name, "arguments": listed}
    return {"label": "rtvi-ai", "type": "action", "id": name, "data": data}


def events(stream: str) -> list[dict[str, Any]]:
    """The RTVI messages in the server-sent events of RTVI 0.3, which are base64."""
    lines = [line for line in stream.splitlines() if line]
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(base64.b64decode(line.removeprefix("data: "))) for line in lines]
