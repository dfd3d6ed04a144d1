"""Where the Daily room of a session is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rtvi_web.core.http import shorten
from rtvi_web.core.masking import masked_url, quoted
from rtvi_web.errors import ConnectPhase, TransportStartError

URLS = ("room_url", "roomUrl", "dailyRoom", "daily_room", "dailyRoomUrl", "daily_room_url", "url")
TOKENS = ("token", "dailyToken", "daily_token", "room_token", "roomToken")
BOTS = ("bot_id", "botId", "bot_name", "botName")


class RoomAddress(NamedTuple):
    """A room.

    Attributes:
        url: its address.
        token: the person's meeting token; ``None`` for a public room.
        bot: the session id or the name of the bot in it, if the server tells it.
    """

    url: str
    token: str | None
    bot: str | None

    def __repr__(self) -> str:
        return f"RoomAddress({masked_url(self.url)}, …)"


def room_address(bundle: Mapping[str, Any], options: Mapping[str, Any]) -> RoomAddress:
    """The room that the start endpoint's answer names, else that of the factory options.

    Args:
        bundle: the answer, with one of :data:`URLS` and one of :data:`TOKENS`.
        options: daily-js' own: ``url`` and ``token``.

    Raises:
        TransportStartError: there is none; the message says what was answered instead.
    """
    url, token = _first(bundle, URLS), _first(bundle, TOKENS)
    if url is None and not any(key in bundle for key in URLS):
        url, token = options.get("url"), token or options.get("token")
    if url is None:
        raise _failed(_why_none(bundle))
    if not (isinstance(url, str) and re.match(r"https?://", url, re.IGNORECASE)):
        room = shorten(masked_url(url)) if isinstance(url, str) else quoted(url)
        raise _failed(f"A Daily room has an address like https://example.daily.co/room; this one is {room}.")
    if not isinstance(token, str | None):
        raise _failed(f"The token of a Daily room is a text; this one is a {type(token).__name__}.")
    bot = _first(bundle, BOTS)
    return RoomAddress(url, token or None, bot if isinstance(bot, str) else None)


def _first(bundle: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((bundle[key] for key in keys if bundle.get(key) not in (None, "")), None)


def _why_none(bundle: Mapping[str, Any]) -> str:
    if null := next((key for key in URLS if key in bundle), None):
        return (
            f"The start endpoint has made no Daily room: its answer has {null} = {json.dumps(bundle[null])}. A bot may "
            'have been started all the same. A Pipecat runner makes a room for {"createDailyRoom": true} in '
            "request_data, or with DAILY_ROOM_URL in its environment."
        )
    known = f" The start endpoint's answer has {', '.join(sorted(map(str, bundle)))}." if bundle else ""
    return (
        f"There is no Daily room to join.{known} Give its address and token as room_url and token: in that answer, to "
        "connect(), or as url and token in DailyTransport's options."
    )


def _failed(message: str) -> TransportStartError:
    return TransportStartError(message, phase=ConnectPhase.LINK)
