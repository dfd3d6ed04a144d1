"""What is sent again where a new connection takes the place of a dead one."""

from __future__ import annotations

import logging

import pytest

from rtvi_web.transports.resend_buffer import COUNT, MEMORY, SIZE, ResendBuffer


def sent(*times: float) -> ResendBuffer:
    recently = ResendBuffer()
    for time in times:
        recently.remember(f"at {time:g}", time)
    return recently


def test_messages_that_may_be_lost_are_sent_again() -> None:
    recently = sent(1.0, 2.0, 3.0)
    recently.arrived(2.0)
    recently.arrived(1.0)
    assert recently.send_again(4.0) == ["at 3"]


def test_messages_that_were_sent_again_may_be_sent_once_more() -> None:
    recently = sent(1.0, 3.0)
    recently.arrived(2.0)
    for now in (5.0, 7.0):
        assert recently.send_again(now) == ["at 3"]
    recently.remember("at 8", 8.0)
    assert recently.send_again(9.0) == ["at 3", "at 8"]
    recently.arrived(10.0)
    assert recently.send_again(11.0) == []


def test_without_a_known_moment_nothing_is_sent_again() -> None:
    assert sent(1.0, 2.0).send_again(3.0) == []


def test_old_messages_count_as_arrived() -> None:
    recently = sent(1.0, 2.0 + MEMORY)
    recently.arrived(0.5)
    assert recently.send_again(3.0 + MEMORY) == [f"at {2 + MEMORY:g}"]


@pytest.mark.parametrize(("text", "kept"), [("x", COUNT), ("x" * (SIZE // 4), 4)])
def test_it_is_bounded_and_says_what_it_has_forgotten(text: str, kept: int, caplog: pytest.LogCaptureFixture) -> None:
    recently = ResendBuffer()
    for _ in range(kept + 1):
        recently.remember(text, 10.0)
    recently.arrived(9.0)
    with caplog.at_level(logging.WARNING):
        assert len(recently.send_again(11.0)) == kept
    assert "has not arrived and is not sent again" in caplog.text
