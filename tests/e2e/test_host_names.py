"""All servers refuse requests for foreign host names, so a page cannot reach them by DNS rebinding."""

import http.client
from urllib.parse import urlsplit

import pytest
from local_bot import LocalBot
from rtvi_0_3_server import Rtvi03Servers


def status(url: str, host: str, method: str = "GET") -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    connection.request(method, address.path, headers={"Host": host, "Content-Length": "0"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:80", "localhost.rebound.example", "10.1.2.3", ""])
def test_a_foreign_host_name_is_refused(bot: LocalBot, rtvi_0_3_server: Rtvi03Servers, host: str) -> None:
    speech = bot.servers[1].health
    for url in (bot.address, speech, rtvi_0_3_server.bot_url + "/health", rtvi_0_3_server.connect_url + "/health"):
        assert status(url, host) == 400, url
        assert status(url, "localhost:1") == status(url, "127.0.0.1") == 200, url
    for path in ("start", "api/offer", "phrases", "v1/realtime/calls"):
        assert status(bot.address + path, host, "POST") == 400, path
