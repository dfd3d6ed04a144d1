"""What is shown of addresses and headers holds no key."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import ClientParams, InvalidArgumentError, RTVIClient, StartBotError
from rtvi_web.core.masking import Headers, header_name, masked_url
from rtvi_web.realtime import RealtimeClient
from rtvi_web.realtime.settings import Settings
from rtvi_web.realtime.transport import RealtimeRequest
from rtvi_web.rtvi.session.start import BotRequest
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.testing import ScriptedRealtimeTransport, ScriptedTransport
from rtvi_web.transports.small_webrtc.offer import check_template, offer_request


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://bot.test/start", "https://bot.test/start"),
        ("https://me:secret@bot.test/start?key=secret#secret", "https://bot.test/start?…"),
        ("https://secret@bot.test", "https://bot.test"),
        ("https://a@secret@bot.test/x@y", "https://bot.test/x@y"),
        ("//me:secret@bot.test/start", "//bot.test/start"),
        ("wss://bot.test?secret", "wss://bot.test?…"),
        ("/start?url=https://me:secret@bot.test", "/start?…"),
        ("/a//b@c", "/a//b@c"),
        ("connect", "connect"),
        ("HTTPS:/me:secret@bot.test/start", "HTTPS:/bot.test/start"),
        ("https:me:secret@bot.test", "https:bot.test"),
        ("wss:\\\\me:secret@bot.test\\start@1", "wss:\\\\bot.test\\start@1"),
        (" https://me:secret@bot.test/", " https://bot.test/"),
        ("turn:me@bot.test", "turn:me@bot.test"),
        ("", ""),
    ],
)
def test_addresses(url: str, shown: str) -> None:
    assert masked_url(url) == shown


WORDS = st.text(alphabet="abc:@/?#.%é", max_size=8)


@given(WORDS, WORDS, WORDS)
def test_no_address_shows_its_secrets(path: str, query: str, password: str) -> None:
    user = "".join(char for char in password if char not in "/?#")
    for url in (f"https://me:SECRET{user}@bot.test/{path}?SECRET{query}", f"/{path}?{query}#SECRET"):
        assert "SECRET" not in masked_url(url)


def test_headers_are_still_a_dict() -> None:
    headers = Headers({"Authorization": "Bearer secret"})
    assert headers == {"Authorization": "Bearer secret"}
    assert repr(headers) == "{'Authorization': '…'}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Authorization", "Authorization"),
        ("x-api_key.2", "x-api_key.2"),
        ("Authorization: Bearer secret", "Authorization…"),
        ("Bearer secret", "Bearer…"),
        ("X\nsecret", "X…"),
        ("é secret", "…"),
        ("", ""),
    ],
)
def test_what_cannot_be_a_header_is_not_shown(name: str, shown: str) -> None:
    assert header_name(name) == shown
    assert repr(Headers({name: "secret"})) == f"{{{shown!r}: '…'}}"


URL = "https://me:secret@bot.test/start?key=secret"
KEYS = {"Authorization": "Bearer secret", "X-Key": "secret"}


@pytest.mark.parametrize(
    "shown",
    [
        ClientParams(base_url=URL, headers=KEYS, endpoints={"connect": "/start?key=secret"}),
        ClientParams(base_url=URL, request_data={"api_key": "secret"}),
        RealtimeRequest(URL, "m", "secret", {"prompt": "secret"}),
        RealtimeRequest(URL, "m", "secret").target(webrtc=True),
        Settings(url="wss://me:secret@bot.test", api_key="ek_1"),
        BotRequest.of(URL, headers=KEYS),
        ConnectRequest({"token": "secret", "webrtc_url": URL}, URL, URL, KEYS, {"api_key": "secret"}),
        offer_request(None, ConnectRequest({"sessionId": "s1"}, URL, URL, KEYS)),
        offer_request(
            None, ConnectRequest({"webrtc_request_params": {"endpoint": URL, "headers": KEYS}}, URL, URL, KEYS)
        ),
    ],
)
def test_what_is_shown_of_a_request(shown: Any) -> None:
    for text in (repr(shown), str(shown), f"{shown}"):
        assert "secret" not in text
        assert "bot.test" in text or isinstance(shown, ClientParams)


@pytest.mark.parametrize(
    "wrong",
    [
        "secret",
        '{"url": "https://bot.test", "api_key": "secret"}',
        "{'headers': 'secret', 'url': 'https://bot.test'}",
        ["secret"],
        {"secret"},
        b"secret",
        ("https://bot.test", {"Authorization": "secret"}),
        "wss://me:secret@bot.test?secret",
        "/start?secret",
    ],
    ids=repr,
)
async def test_a_value_of_the_wrong_type_tells_no_key(wrong: Any) -> None:
    client = RTVIClient(transport=ScriptedTransport())
    asks: list[Any] = [
        lambda: RTVIClient(transport=wrong),
        lambda: RTVIClient(transport=ScriptedTransport(), params=wrong),
        lambda: ClientParams(request_data=wrong),
        lambda: ClientParams(endpoints=wrong),
        lambda: ClientParams(base_url=[wrong]),  # type: ignore[arg-type]
        lambda: ClientParams(endpoints={"connect": [wrong]}),  # type: ignore[arg-type]
        lambda: BotRequest.of([wrong]),  # type: ignore[arg-type]
        lambda: BotRequest.of({"endpoint": [wrong]}),
        lambda: BotRequest.of("/start", headers=wrong),
        lambda: RealtimeClient(transport=wrong),
        lambda: RealtimeClient(transport=ScriptedRealtimeTransport(), url=[wrong]),  # type: ignore[arg-type]
        lambda: offer_request(None, ConnectRequest({"webrtc_request_params": wrong}, URL, URL, {})),
    ]
    for ask in asks:
        with pytest.raises((InvalidArgumentError, StartBotError)) as caught:
            ask()
        assert "secret" not in str(caught.value) + repr(caught.value)
    for bundle in (wrong, [wrong]):
        with pytest.raises(InvalidArgumentError) as caught:
            await client.connect(bundle)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
        handing = RTVIClient(transport=ScriptedTransport(), custom_connect_handler=lambda *_, given=bundle: given)
        with pytest.raises(StartBotError) as refused:
            await handing.connect()
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RTVIClient(transport=ScriptedTransport(), params=URL),  # type: ignore[arg-type]
        lambda: RTVIClient(transport=ScriptedTransport(), params={"endpoints": URL}),
        lambda: check_template(URL),
    ],
)
def test_an_address_in_the_wrong_place_is_masked_too(make: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"bot\.test") as caught:
        make()
    assert "secret" not in str(caught.value)
