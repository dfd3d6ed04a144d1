"""The policy that a page is served with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rtvi_web_console import Options
from rtvi_web_console.policy import link_origins, page_origin, policy

SOURCE = re.compile(r"(https?|wss?)://([a-z0-9_.*-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII)


def directive(of: str, name: str) -> list[str]:
    """The sources of a directive."""
    [found] = [part.split()[1:] for part in of.split("; ") if part.split()[0] == name]
    return found


def test_a_page_may_use_its_own_origin_alone_and_evaluate_nothing() -> None:
    strict = Options.of().policy
    assert directive(strict, "default-src") == ["'none'"]
    assert directive(strict, "script-src") == ["'self'", "'wasm-unsafe-eval'"]
    assert directive(strict, "connect-src") == ["'self'"]
    assert directive(strict, "frame-ancestors") == ["'none'"]


@pytest.mark.parametrize(
    ("address", "origins"),
    [
        ("https://bots.example/start?a=1", ["https://bots.example", "wss://bots.example"]),
        ("http://localhost:7860", ["http://localhost:7860", "ws://localhost:7860"]),
        ("wss://bots.example:8443/ws", ["https://bots.example:8443", "wss://bots.example:8443"]),
        ("https://me:secret@Bots.Example/", ["https://bots.example", "wss://bots.example"]),
        ("https://bücher.example", ["https://xn--bcher-kva.example", "wss://xn--bcher-kva.example"]),
        ("https://*.example.com", ["https://*.example.com", "wss://*.example.com"]),
    ],
)
def test_an_address_allows_its_origins_for_http_and_websocket(address: str, origins: list[str]) -> None:
    assert link_origins(address) == origins
    assert directive(Options.of(connect=[address]).policy, "connect-src") == ["'self'", *origins]


def test_frames_are_allowed_by_name() -> None:
    framed = Options.of(frame=["https://their.example/page", "http://localhost:8000"]).policy
    assert directive(framed, "frame-ancestors") == ["https://their.example", "http://localhost:8000"]


@pytest.mark.parametrize(
    "address",
    [
        "their.example",
        "https://",
        "https:///x",
        "ftp://a.example",
        "https://a b",
        "*",
        "",
        "https://a;b",
        "https://[::1",
        "https://a:65536",
        "https://a:0",
        "https://[::1]:99999",
    ],
)
def test_what_is_no_origin_is_refused(address: str) -> None:
    for option in ({"connect": [address]}, {"frame": [address]}):
        with pytest.raises(ValueError, match="is not an origin: write it as"):
            Options.of(**option)  # type: ignore[arg-type]


def test_an_ipv6_address_is_refused_as_browsers_ignore_it() -> None:
    """Chromium: "contains an invalid source: 'http://[::1]:9'. It will be ignored."."""
    address = "http://[::1]:7860/start"
    for option in ({"connect": [address]}, {"frame": [address]}, {"start": address}):
        with pytest.raises(ValueError, match=r"http://\[::1\]:7860: .* IPv6 .* such as localhost"):
            Options.of(**option)


def test_the_origin_that_is_proposed_is_one() -> None:
    with pytest.raises(ValueError, match="write it as https://host or https://host:port "):
        Options.of(connect=["bots.example"])


def test_a_single_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"connect=\['https://a.example'\]"):
        Options.of(connect="https://a.example")


@given(st.from_regex(r"(https?|wss?)://.*", fullmatch=True) | st.text())
def test_an_address_adds_sources_and_nothing_else(address: str) -> None:
    try:
        allowed = policy(connect=[address])
    except ValueError:
        return
    for source in directive(allowed, "connect-src")[1:]:
        assert SOURCE.fullmatch(source)
    strict = policy()
    assert [part.split()[0] for part in allowed.split("; ")] == [part.split()[0] for part in strict.split("; ")]


@given(st.text(alphabet=";, '\n\rhtps:/*a"))
def test_a_frame_adds_sources_and_nothing_else(address: str) -> None:
    try:
        source = page_origin(address)
    except ValueError:
        return
    assert SOURCE.fullmatch(source)
