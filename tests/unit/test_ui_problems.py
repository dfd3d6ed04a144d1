"""Errors in words for the person in front of the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtvi_web import errors
from rtvi_web.errors import (
    BotError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DeviceError,
    DisconnectedError,
    DisconnectReason,
    HttpError,
    InvalidArgumentError,
    RequestError,
    RTVIError,
    StartBotError,
    TransportStartError,
)
from rtvi_web.ui.face.problems import explain

SPECIAL: dict[str, Callable[[], RTVIError]] = {
    "MessageTooLargeError": lambda: errors.MessageTooLargeError(10, 5),
    "NotInBrowserError": lambda: errors.NotInBrowserError("document"),
    "UnsupportedFeatureError": lambda: errors.UnsupportedFeatureError("No.", feature="camera"),
    "DeviceError": lambda: DeviceError("No microphone was found. Plug one in.", devices=["mic"], type="not-found"),
}
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RTVIError)]


def made(kind: type[RTVIError]) -> RTVIError:
    make = SPECIAL.get(kind.__name__)
    return make() if make else kind("The words of the error.")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_said_in_a_sentence(kind: type[RTVIError]) -> None:
    problem = explain(made(kind))
    assert problem.what[0].isupper()
    assert problem.what.endswith(".")
    assert len(problem.what) <= 60, "one short sentence"
    for text in problem[:3]:
        assert "Error" not in text
        assert "Traceback" not in text
        assert "[phase" not in text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (DeviceError, ConnectAbortedError)])
def test_the_words_of_the_error_are_the_reason(kind: type[RTVIError]) -> None:
    error = made(kind)
    assert explain(error).why == error.message


@pytest.mark.parametrize("reason", list(DisconnectReason))
@pytest.mark.parametrize("kind", [DisconnectedError, TransportStartError])
def test_every_reason_of_an_end_has_words_of_its_own(kind: type[errors.LinkError], reason: DisconnectReason) -> None:
    problems = {explain(kind("It ended.", reason=each)).what for each in DisconnectReason}
    assert len(problems) == len(DisconnectReason)
    assert explain(kind("It ended.", reason=reason)).is_failure == (reason is not DisconnectReason.BOT_LEFT)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 429])
def test_an_offer_that_is_refused_has_advice_of_its_own(status: int) -> None:
    """Such as that of a wrong key, which trying again does not help against."""
    vague, refused = (explain(TransportStartError("It was refused.", each)) for each in (None, status))
    assert refused.what == vague.what
    assert refused.advice not in ("", vague.advice)


@pytest.mark.parametrize("phase", [phase for phase in ConnectPhase if phase is not ConnectPhase.SESSION])
def test_what_takes_too_long_has_advice_in_every_phase(phase: ConnectPhase) -> None:
    assert explain(ConnectionTimeoutError("It stalled.", phase=phase)).advice


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (None, "The bot's server cannot be reached."),
        (401, "You are not signed in."),
        (403, "The bot's server does not let this page in."),
        (404, "There is no bot at this address."),
        (418, "The bot's server did not start a bot."),
        (429, "The bot has too much to do."),
        (500, "The bot's server has failed."),
        (503, "The bot's server has failed."),
    ],
)
def test_the_answers_of_a_start_endpoint(status: int | None, what: str) -> None:
    assert explain(StartBotError("POST /start returned it.", status)).what == what


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (StartBotError("No."), "connect"),
        (HttpError("No."), "connect"),
        (BotError("No."), "connect"),
        (DisconnectedError("No.", reason=DisconnectReason.LOST), "connect"),
        (RequestError("No.", phase=ConnectPhase.SESSION), "connect"),
        (RequestError("No."), ""),
        (InvalidArgumentError("No."), ""),
        (DeviceError("No.", devices=["mic"], type="permissions"), "mic"),
        (DeviceError("No.", devices=["mic"], type="undefined-mediadevices"), ""),
        (DeviceError("No.", devices=["cam"], type="permissions"), ""),
    ],
)
def test_what_a_button_can_do_about_it(error: RTVIError, remedy: str) -> None:
    assert explain(error).remedy == remedy


def test_a_device_error_says_what_happened_first_and_then_what_to_do() -> None:
    problem = explain(
        DeviceError("The microphone is not allowed here. Allow it. Then reload.", devices=["mic"], type="")
    )
    assert (problem.what, problem.why) == ("The microphone is not allowed here.", "Allow it. Then reload.")
