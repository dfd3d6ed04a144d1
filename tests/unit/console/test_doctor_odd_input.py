"""rtvi-web doctor: addresses, options and answers that cannot be are told in words."""

from __future__ import annotations

from typing import Any

import pytest
from bot_servers import CORS, PAGE, Bot, served
from hypothesis import example, given
from hypothesis import strategies as st
from rtvi_web_console.cli.checks.address import UnreachableError, complete
from rtvi_web_console.cli.checks.ice import check_ice
from rtvi_web_console.cli.main import main
from starlette.responses import RedirectResponse

NOT_ADDRESSES = ("[::1", "http://a..b/", f"http://{'a' * 70}.example/", "http://a b/", "a|b", "http://x:y")


def doctor(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, str]:
    """The exit status, and what it says."""
    status = main(["doctor", *given])
    return status, capsys.readouterr().out


@given(st.text() | st.from_regex(r"(https?://)?[\[\]a.:@ü/ ?#%]{0,12}", fullmatch=True))
@example("[::1")
@example("http://a..b/")
def test_an_address_is_ascii_or_refused(address: str) -> None:
    try:
        completed = complete(address)
    except UnreachableError:
        return
    assert completed.isascii()
    assert " " not in completed
    assert complete(completed) == completed


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_what_is_not_an_address(capsys: pytest.CaptureFixture[str], address: str) -> None:
    status, said = doctor(capsys, address)
    assert status == 1
    assert "address" in said
    assert "1 problem." in said


def test_an_address_is_sent_as_a_browser_sends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert complete("https://münchen.example/über uns?a=ü") == (
        "https://xn--mnchen-3ya.example/%C3%BCber%20uns?a=%C3%BC"
    )
    with served(Bot().app()) as host:
        _, said = doctor(capsys, f"http://{host}/stärt it")
    assert "/st%C3%A4rt%20it is refused with 404" in said


def test_a_user_name_is_for_no_browser(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = doctor(capsys, "http://user:s3cret@localhost:1/start")
    assert status == 1
    assert "browsers refuse" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("header", ["X: €", "Na me: v", "A: b\nc", ": x", "A: \x00"])
def test_headers_that_http_has_not(capsys: pytest.CaptureFixture[str], header: str) -> None:
    status, said = doctor(capsys, "localhost:1", "--header", header)
    assert status == 1
    assert "--header must be like 'Name: value'" in said


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e30", "x"])
def test_times_that_cannot_be(capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    with pytest.raises(SystemExit):
        doctor(capsys, "localhost:1", f"--timeout={seconds}")
    assert "--timeout" in capsys.readouterr().err


@pytest.mark.parametrize("origin", ["page", "http://[::1", "http://x:y", "ftp://x"])
def test_origins_that_are_none(capsys: pytest.CaptureFixture[str], origin: str) -> None:
    status, said = doctor(capsys, "localhost:1", "--origin", origin)
    assert status == 1
    assert "--origin: " in said


@pytest.mark.parametrize("written", [f"{PAGE}/", f"{PAGE}/a/page.html", PAGE.upper()])
def test_an_origin_may_be_written_as_the_address_of_a_page(capsys: pytest.CaptureFixture[str], written: str) -> None:
    with served(Bot().app([CORS])) as host:
        status, said = doctor(capsys, host, "--origin", written)
    assert status == 0, said
    assert f"a page of {PAGE} may call the start endpoint" in said


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"wsUrl": "ws://[bad"}, "is not the address of a WebSocket"),
        ({"wsUrl": "ws://a..b/"}, "is not the address of a WebSocket"),
        ({"wsUrl": "ws://x:99999/"}, "is not the address of a WebSocket"),
        ({"wsUrl": "ws://127.0.0.1:1/ü b"}, "does not open"),
        ({"wsUrl": 5}, "WebSocket"),
        ({"webrtcUrl": "http://[bad"}, "address"),
        ({"webrtcUrl": "http://a..b/offer"}, "address"),
        (RedirectResponse("http://[bad/?key=s3cret"), "leads elsewhere (307): to http://"),
    ],
    ids=str,
)
def test_answers_with_addresses_that_are_none(capsys: pytest.CaptureFixture[str], answer: Any, says: str) -> None:
    transport = "websocket" if isinstance(answer, dict) and "wsUrl" in answer else "webrtc"
    with served(Bot(answer).app()) as host:
        status, said = doctor(capsys, host, "--transport", transport, "--timeout", "5")
    assert status == 1
    assert says in said
    assert "s3cret" not in said


@pytest.mark.parametrize("urls", ["stun:127.0.0.1:99999", "stun:a..b", "turns:a..b:1", 5, {"a": 1}])
def test_ice_servers_that_cannot_be(urls: Any) -> None:
    server = {"urls": urls, "username": "u", "credential": "c"}
    said = "\n".join(f"{level.value}: {text}" for level, text, _ in check_ice([server], local=True))
    assert said.startswith("problem: ")
