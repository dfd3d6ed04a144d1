"""Errors in words for the person in front of the page: what happened, why, and what to do."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from rtvi_web.errors import (
    BotError,
    BotNotReadyError,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DeviceError,
    DisconnectReason,
    HttpError,
    InvalidArgumentError,
    LinkError,
    MessageTooLargeError,
    NotInBrowserError,
    QueueFullError,
    RequestError,
    RequestTimeoutError,
    RTVIError,
    StartBotError,
    TransportStartError,
    UnsupportedFeatureError,
    UnsupportedRuntimeError,
)

Remedy = Literal["", "connect", "mic"]
"""What a button can do about it: connect again, or ask for the microphone again."""


class Problem(NamedTuple):
    """What the person reads.

    Attributes:
        what: what happened, in one short sentence.
        why: what is known of the reason; may be empty.
        advice: what the person can do; may be empty if the reason says so.
        remedy: what a button can do about it.
        is_failure: whether something went wrong; a bot may also just have left.
    """

    what: str
    why: str = ""
    advice: str = ""
    remedy: Remedy = ""
    is_failure: bool = True


_SERVER_ADVICE: Final = "Check that the bot's server is running and that the address is right, then try again."
_LOG_ADVICE: Final = "Try again in a moment. The log of the bot's server says more."
_MAKER_ADVICE: Final = "This has to be changed in the page itself."

_STATUSES: Final = {
    401: Problem("You are not signed in.", advice="Sign in, then try again."),
    403: Problem("The bot's server does not let this page in.", advice="Its operator can allow the page."),
    404: Problem("There is no bot at this address.", advice=_SERVER_ADVICE),
    405: Problem("There is no bot at this address.", advice=_SERVER_ADVICE),
    429: Problem("The bot has too much to do.", advice="Wait a moment, then try again."),
}
_ENDINGS: Final = {
    DisconnectReason.BOT_LEFT: Problem("The bot has left.", advice="Start again to talk to it.", is_failure=False),
    DisconnectReason.CLOSED: Problem("The server has ended the session.", advice="Start again to go on."),
    DisconnectReason.LOST: Problem("The connection was lost.", advice="Check your network, then start again."),
    DisconnectReason.EXPIRED: Problem("The time of this session is over.", advice="Start again to go on."),
    DisconnectReason.EJECTED: Problem("You were removed from the session."),
    DisconnectReason.ROOM_FULL: Problem("The room is full.", advice="Try again when somebody has left."),
    DisconnectReason.REFUSED: Problem("The server does not let you in.", advice="Its operator can allow it."),
}
_STALLED: Final = {
    ConnectPhase.START: "The server may be starting up. Try again in a moment.",
    ConnectPhase.LINK: _SERVER_ADVICE,
    ConnectPhase.OFFER: _SERVER_ADVICE,
    ConnectPhase.ICE: "A firewall may be in the way. Try another network.",
    ConnectPhase.DATA_CHANNEL: "A firewall may be in the way. Try another network.",
    ConnectPhase.BOT: _LOG_ADVICE,
    ConnectPhase.BOT_READY: _LOG_ADVICE,
}
_NO_CONNECTION: Final = Problem("No connection to the bot was possible.", advice="Try again in a moment.")
_REFUSALS: Final = {
    401: "The key or the sign-in is wrong. The server's operator can change it.",
    403: "The server's operator can allow the page.",
    404: _SERVER_ADVICE,
    405: _SERVER_ADVICE,
    429: "Wait a moment, then try again.",
}
"""What to do when the offer of a connection was refused, by its HTTP status."""
_KINDS: Final[tuple[tuple[type[RTVIError], Problem], ...]] = (
    (HttpError, Problem("The server cannot be reached.", advice=_SERVER_ADVICE)),
    (TransportStartError, _NO_CONNECTION),
    (LinkError, Problem("The session has ended.", advice="Start again to go on.")),
    (BotError, Problem("The bot has failed.", advice=_LOG_ADVICE)),
    (BotNotReadyError, Problem("The bot is not ready.", advice="Press Start first.")),
    (RequestTimeoutError, Problem("The bot did not answer in time.", advice="Try again.")),
    (RequestError, Problem("The server refused this.")),
    (MessageTooLargeError, Problem("This is too large to be sent.", advice="Send less at once.")),
    (QueueFullError, Problem("This was not sent.", advice="Wait until the connection is back, then send it again.")),
    (UnsupportedRuntimeError, Problem("This page's Python cannot run rtvi_web.", advice=_MAKER_ADVICE)),
    (UnsupportedFeatureError, Problem("This does not work here.")),
    (InvalidArgumentError, Problem("This page is not set up correctly.", advice=_MAKER_ADVICE)),
    (NotInBrowserError, Problem("This browser lacks something.", advice="Try a newer browser, or open it over https.")),
)


def explain(error: RTVIError) -> Problem:
    """An error in words."""
    if isinstance(error, DeviceError):
        what, _, rest = error.message.partition(". ")
        mic = "mic" in error.devices and error.type != "undefined-mediadevices"
        return Problem(f"{what.removesuffix('.')}.", rest, remedy="mic" if mic else "")
    if isinstance(error, ConnectAbortedError):
        return Problem("Connecting was cancelled.", is_failure=False)
    return _of_session(error)._replace(why=error.message, remedy=_remedy(error))


def _of_session(error: RTVIError) -> Problem:
    if isinstance(error, StartBotError):
        return _of_start(error)
    if isinstance(error, ConnectionTimeoutError):
        advice = _STALLED.get(error.phase or ConnectPhase.START, "Try again in a moment.")
        return Problem("Connecting took too long.", advice=advice)
    if isinstance(error, LinkError) and error.reason:
        return _ENDINGS[error.reason]
    if isinstance(error, TransportStartError) and error.status in _REFUSALS:
        return _NO_CONNECTION._replace(advice=_REFUSALS[error.status])
    known = (problem for kind, problem in _KINDS if isinstance(error, kind))
    return next(known, Problem("Something went wrong.", advice="Try again."))


def _of_start(error: StartBotError) -> Problem:
    if error.status is None:
        return Problem("The bot's server cannot be reached.", advice=_SERVER_ADVICE)
    if error.status >= 500:
        return Problem("The bot's server has failed.", advice=_LOG_ADVICE)
    return _STATUSES.get(error.status) or Problem("The bot's server did not start a bot.", advice=_LOG_ADVICE)


def _remedy(error: RTVIError) -> Remedy:
    """Connecting again helps against what has ended a session, but not against what the page got wrong."""
    ends_session = isinstance(error, StartBotError | ConnectionTimeoutError | LinkError | HttpError | BotError)
    of_page = isinstance(error, UnsupportedRuntimeError)
    return "connect" if ends_session or (error.phase and not of_page) else ""
