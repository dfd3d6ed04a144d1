"""Reports to handlers and helpers what the bot's messages say, in a session and outside one (actions over HTTP)."""

from __future__ import annotations

import logging
from collections.abc import Container

from rtvi_web.core.emitter import Emitter
from rtvi_web.errors import RequestError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.messages import RTVIMessage
from rtvi_web.rtvi.protocol.outcomes import Fire, ForHelpers, Outcome, Refused
from rtvi_web.rtvi.session.helpers import MessageHelpers

logger = logging.getLogger(__name__)


def notify(outcome: Outcome, emitter: Emitter, helpers: MessageHelpers) -> bool:
    """Fire a message's event and call its helpers. Returns ``False`` for any other outcome."""
    if isinstance(outcome, Fire):
        event, args, message = outcome
        if message:
            helpers.handle(message)
        elif event is RTVIEvent.INVALID_MESSAGE:
            logger.warning("not an RTVI message: %s", args[0].reason)
        emitter.emit(event, *args)
        return True
    if isinstance(outcome, ForHelpers):
        if not helpers.handle(outcome.message):
            emitter.emit(RTVIEvent.GENERIC_MESSAGE, RTVIMessage.model_validate(outcome.message))
        return True
    return False


def refusal(refused: Refused, sent: Container[str]) -> RequestError | UnsupportedFeatureError:
    """The error for the request that was refused.

    Args:
        sent: the types of messages that were sent. The bot's own code may use the same words about other things.
    """
    unknown = refused.unsupported
    return unknown_type(unknown) if unknown is not None and unknown in sent else RequestError(refused.reason)


def unknown_type(type: str) -> UnsupportedFeatureError:
    """The error for a message of a type that the bot does not know."""
    return UnsupportedFeatureError(f"The bot does not know the message {type!r}.", feature=type)
