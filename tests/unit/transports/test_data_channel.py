"""What the browser is given of an answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.transports.data_channel import MOST_CANDIDATES, without_excess

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
