"""The steps after a lost link, without a clock."""

from __future__ import annotations

import itertools

import pytest

from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect
from rtvi_web.rtvi.protocol.link.recovery import (
    LONGEST_PAUSE,
    PATIENCE,
    RESUME_LIMIT,
    START_LIMIT,
    GiveUp,
    Recovery,
    Resume,
    StartAgain,
    Watch,
)


def recovery(
    loss: LinkLoss = LinkLoss.FAILED,
    *,
    budget: float | None = 30.0,
    fresh_start: bool = False,
    random: float = 1.0,
    resumable: bool = True,
) -> Recovery:
    return Recovery(Reconnect(budget, fresh_start), loss, random=lambda: random, resumable=resumable)


def test_silence_may_heal_before_anything_is_tried() -> None:
    steps = recovery(LinkLoss.SILENT)
    patience = PATIENCE[LinkLoss.SILENT]
    assert steps.next(0.0) == Watch(patience)
    assert steps.next(patience - 1) == Watch(1.0)
    assert steps.next(patience) == Resume(1, RESUME_LIMIT)


def test_without_a_budget_it_is_tried_without_end() -> None:
    steps = recovery(budget=None)
    for hour in range(3):
        assert steps.next(3600.0 * hour) == Resume(hour + 1, RESUME_LIMIT)
        steps.failed(3600.0 * hour, "no answer")


@pytest.mark.parametrize("loss", [LinkLoss.FAILED, LinkLoss.CHANNEL_CLOSED])
def test_what_cannot_heal_is_not_watched(loss: LinkLoss) -> None:
    assert recovery(loss).next(0.0) == Resume(1, RESUME_LIMIT)


def test_a_change_of_the_network_ends_the_wait() -> None:
    steps = recovery(LinkLoss.SILENT)
    steps.retry_now()
    assert steps.next(0.1) == Resume(1, RESUME_LIMIT)
    steps.failed(0.2, "no answer")
    assert isinstance(steps.next(0.2), Watch)
    steps.retry_now()
    assert steps.next(0.3) == Resume(2, RESUME_LIMIT)


def test_pauses_double_up_to_a_limit() -> None:
    steps = recovery(budget=100.0)
    pauses = []
    for _ in range(6):
        assert isinstance(steps.next(0.0), Resume)
        steps.failed(0.0, "no answer")
        step = steps.next(0.0)
        assert isinstance(step, Watch)
        pauses.append(step.seconds)
        steps.retry_now()
    assert pauses == [0.5, 1.0, 2.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


@pytest.mark.parametrize(("random", "pause"), [(0.0, 0.25), (0.5, 0.375), (1.0, 0.5)])
def test_chance_shortens_a_pause_to_no_less_than_half(random: float, pause: float) -> None:
    steps = recovery(random=random)
    steps.next(0.0)
    steps.failed(1.0, "no answer")
    assert steps.next(1.0) == Watch(pause)


def test_the_budget_bounds_every_step_and_ends_them() -> None:
    steps = recovery(LinkLoss.SILENT, budget=7.0)
    assert steps.next(5.0) == Resume(1, 2.0)
    steps.failed(6.9, "the server did not answer")
    watch = steps.next(6.9)
    assert isinstance(watch, Watch)
    assert watch.seconds == pytest.approx(0.1)
    assert steps.next(7.0) == GiveUp("The link could not be restored within 7 s: the server did not answer")


def test_a_budget_within_the_patience_is_kept() -> None:
    steps = recovery(LinkLoss.SILENT, budget=2.0)
    assert steps.next(0.0) == Watch(2.0)
    assert steps.next(2.0) == GiveUp("The link could not be restored within 2 s: No attempt succeeded in time.")


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422, 499])
def test_a_refusal_is_not_asked_again(status: int) -> None:
    steps = recovery()
    steps.next(0.0)
    steps.failed(1.0, "refused", status)
    assert steps.next(1.0) == GiveUp("refused")


@pytest.mark.parametrize("status", [None, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again(status: int | None) -> None:
    steps = recovery()
    steps.next(0.0)
    steps.failed(1.0, "trouble", status)
    assert steps.next(2.0) == Resume(2, RESUME_LIMIT)


def test_a_session_that_is_gone_ends_unless_a_fresh_start_is_allowed() -> None:
    steps = recovery()
    steps.next(0.0)
    steps.session_gone("the server has given the session up")
    assert steps.next(1.0) == GiveUp("the server has given the session up")

    steps = recovery(fresh_start=True)
    steps.next(0.0)
    steps.session_gone("the server has given the session up")
    assert steps.next(1.0) == StartAgain(2, START_LIMIT)
    steps.failed(2.0, "no bot is free", 503)
    assert steps.next(10.0) == StartAgain(3, START_LIMIT)
    assert steps.next(29.0) == StartAgain(4, 1.0)
    steps.failed(29.5, "not for you", 401)
    assert steps.next(29.5) == GiveUp("not for you")


def test_a_refused_resumption_may_become_a_fresh_start() -> None:
    steps = recovery(fresh_start=True)
    steps.next(0.0)
    steps.failed(1.0, "unknown session", 404)
    assert steps.next(1.0) == StartAgain(2, START_LIMIT)


@pytest.mark.parametrize("random", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("fresh_start", [False, True])
@pytest.mark.parametrize("took", [0.0, 0.7, 8.0])
@pytest.mark.parametrize("loss", list(LinkLoss))
def test_every_recovery_ends_within_its_budget(loss: LinkLoss, took: float, fresh_start: bool, random: float) -> None:
    steps = recovery(loss, fresh_start=fresh_start, random=random)
    elapsed = 0.0
    for count in itertools.count():
        match steps.next(elapsed):
            case Watch(seconds):
                elapsed += seconds
            case Resume(attempt, seconds) | StartAgain(attempt, seconds):
                elapsed += min(took, seconds)
                if fresh_start and attempt == 3:
                    steps.session_gone("gone")
                else:
                    steps.failed(elapsed, "no answer", 503)
            case GiveUp():
                break
        assert elapsed <= 30.0 + 1e-9
        assert count < 200


class TestASessionThatCannotBeResumed:
    """As over a WebSocket, where every connection makes a new bot."""

    def test_a_silent_link_may_heal_as_long_as_the_budget_lasts(self) -> None:
        steps = recovery(LinkLoss.SILENT, resumable=False)
        assert steps.next(0.0) == Watch(30.0)
        steps.retry_now()  # The network has changed, but there is nothing to try.
        assert steps.next(20.0) == Watch(10.0)
        step = steps.next(30.0)
        assert step == GiveUp("The link could not be restored within 30 s: The session cannot be resumed.")

    def test_without_a_budget_no_wait_is_endless(self) -> None:
        step = recovery(LinkLoss.SILENT, resumable=False, budget=None).next(1e6)
        assert isinstance(step, Watch)
        assert step.seconds < 3600

    @pytest.mark.parametrize("loss", [LinkLoss.FAILED, LinkLoss.CHANNEL_CLOSED])
    def test_a_closed_one_ends_it(self, loss: LinkLoss) -> None:
        assert recovery(loss, resumable=False).next(0.0) == GiveUp("The session cannot be resumed.")

    def test_a_silent_one_that_is_closed_meanwhile_ends_it(self) -> None:
        steps = recovery(LinkLoss.SILENT, resumable=False)
        steps.cannot_heal()
        assert steps.next(1.0) == GiveUp("The session cannot be resumed.")

    def test_if_that_is_allowed_a_new_one_begins(self) -> None:
        assert recovery(LinkLoss.FAILED, resumable=False, fresh_start=True).next(0.0) == StartAgain(1, START_LIMIT)
        steps = recovery(LinkLoss.SILENT, resumable=False, fresh_start=True)
        assert steps.next(0.0) == Watch(PATIENCE[LinkLoss.SILENT])
        steps.retry_now()
        assert steps.next(0.1) == StartAgain(1, START_LIMIT)
        steps.failed(0.2, "refused with 403", 403)
        assert steps.next(0.2) == GiveUp("refused with 403")
