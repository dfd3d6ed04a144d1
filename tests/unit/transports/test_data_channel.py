"""What the browser is given of an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.transports.data_channel import MOST_CANDIDATES, MOST_SDP, without_excess

CANDIDATE = "a=candidate:{} 1 udp 1 192.0.2.1 {} typ host\r\n"


def section(kind: str, count: int) -> str:
    """A media section with so many candidates between other lines."""
    candidates = "".join(CANDIDATE.format(n, 1024 + n) for n in range(count))
    return f"m={kind} 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{kind}\r\n{candidates}a=end-of-candidates\r\na=sendrecv\r\n"


SESSION = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio\r\n"
counts = st.lists(st.sampled_from([0, 1, 30, MOST_CANDIDATES, MOST_CANDIDATES + 1, 500]), max_size=4)


@given(counts)
def test_each_section_keeps_its_first_hundred_candidates_and_all_else(counts: list[int]) -> None:
    answer = SESSION + "".join(section(f"audio{n}", count) for n, count in enumerate(counts))
    kept = [min(count, MOST_CANDIDATES) for count in counts]
    assert without_excess(answer) == SESSION + "".join(section(f"audio{n}", count) for n, count in enumerate(kept))


@given(st.text(st.sampled_from("a=candidte:m \r\n\v\u2028x"), max_size=100))
def test_what_has_few_candidates_is_left_as_it_is(text: str) -> None:
    """Also what is not SDP: the browser says so."""
    assert without_excess(text) == text


GROWING = {
    "names in a BUNDLE line": lambda n: SESSION.replace("audio", " ".join(map(str, range(n)))),
    "codecs": lambda n: SESSION + section("audio", 1).replace(" 111", " 111" * n),
    "lines of one kind": lambda n: SESSION + section("audio", 1) + "a=ssrc:1 cname:x\r\n" * n,
    "media sections": lambda n: SESSION + section("audio", 1) * n,
    "one candidate": lambda n: SESSION + section("audio", 0) + CANDIDATE.replace("host", "h" * n),
    "one line": lambda n: SESSION + "x" * n,
}


@pytest.mark.parametrize("answer", GROWING.values(), ids=GROWING)
def test_the_browser_is_given_a_bounded_length(answer: Callable[[int], str]) -> None:
    assert without_excess(answer(20)) == answer(20)
    with pytest.raises(ValueError, match=f"is too long: {len(answer(100_000)):,} characters"):
        without_excess(answer(100_000))


def test_the_longest_answer() -> None:
    longest = SESSION.ljust(MOST_SDP, "x")
    assert without_excess(longest) == longest
    with pytest.raises(ValueError, match="100,001 characters"):
        without_excess(longest + "x")


def test_excess_candidates_do_not_count() -> None:
    assert len(section("audio", 5_000)) > MOST_SDP
    assert without_excess(section("audio", 5_000)) == section("audio", MOST_CANDIDATES)
