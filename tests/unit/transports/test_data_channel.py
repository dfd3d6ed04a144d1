"""What the browser is given of an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.transports.data_channel import MOST_LINES, MOST_SDP, without_excess

CANDIDATE = "a=candidate:{} 1 udp 1 192.0.2.1 {} typ host\r\n"


def section(kind: str, count: int, line: str = CANDIDATE) -> str:
    """A media section with so many lines of one kind between others."""
    lines = "".join(line.format(n, 1024 + n) for n in range(count))
    return f"m={kind} 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{kind}\r\n{lines}a=end-of-candidates\r\na=sendrecv\r\n"


SESSION = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio\r\n"
counts = st.lists(st.sampled_from([0, 1, 30, MOST_LINES, MOST_LINES + 1, 500]), max_size=3)


@given(counts, st.sampled_from([CANDIDATE, "a=rtcp-fb:{} nack\r\n", "a=fmtp:{} x={}\r\n", "a=x-google\r\n"]))
def test_each_section_keeps_its_first_lines_of_each_kind(counts: list[int], line: str) -> None:
    def answer(counts: list[int]) -> str:
        return SESSION + "".join(section(f"audio{n}", count, line) for n, count in enumerate(counts))

    assert without_excess(answer(counts)) == answer([min(count, MOST_LINES) for count in counts])


@given(st.text(st.sampled_from("a=candidte:m \r\n\v\u2028x"), max_size=100))
def test_what_has_few_lines_is_left_as_it_is(text: str) -> None:
    """Also what is not SDP: the browser says so."""
    assert without_excess(text) == text


GROWING = {
    "names in a BUNDLE line": lambda n: SESSION.replace("audio", " ".join(map(str, range(n)))),
    "codecs": lambda n: SESSION + section("audio", 1).replace(" 111", " 111" * n),
    "lines of many kinds": lambda n: SESSION + "".join(f"a=x{n}:1\r\n" for n in range(n)),
    "lines that are no attributes": lambda n: SESSION + "b=AS:1\r\n" * n,
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


def test_excess_lines_do_not_count() -> None:
    assert len(section("audio", 5_000)) > MOST_SDP
    assert without_excess(section("audio", 5_000)) == section("audio", MOST_LINES)
