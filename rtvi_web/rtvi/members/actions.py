"""The actions of a bot that has some (RTVI 0.x): in a session, or one at a time over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.core.checks import seconds
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.members.base import ClientBase
from rtvi_web.rtvi.protocol.config import options_of

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import ActionDescriptions, ActionResponse


class Actions(ClientBase):
    """What a client does with the bot's actions."""

    async def describe_actions(self, *, timeout: float | None = 10.0) -> ActionDescriptions:
        """The actions that the bot has, as ``description.actions``. Mirrors ``describeActions()``.

        Raises:
            BotNotReadyError, RequestTimeoutError, DisconnectedError, UnsupportedFeatureError: as :meth:`action` does.
        """
        limit = seconds(timeout, "timeout")
        description: ActionDescriptions = await self._connection.request(
            "describe-actions", {}, timeout=limit, what="describe-actions"
        )
        return description

    async def action(self, request: Mapping[str, Any], *, timeout: float | None = 10.0) -> ActionResponse:
        """Have the bot do one of its actions. Mirrors ``action()``.

        In a session it goes through the transport. Without one it is POSTed to base URL + ``endpoints.action``; every
        message of the answer, which may be a stream, is fired as an event as it arrives, and this returns with its
        own response: what else the bot says may still be on its way.

        Args:
            request: ``{"service": …, "action": …, "arguments": […]}``; arguments are ``{"name": …, "value": …}``
                each, or one dict of names and values.
            timeout: seconds until the response must be there; ``None`` waits as long as it takes.

        Returns:
            The bot's ``action-response``; ``response.data.result`` is what the action gave back.

        Raises:
            RequestError: the bot or its endpoint refused, in its own words; ``status`` has the HTTP status.
            RequestTimeoutError: it did not answer in time.
            HttpError: the endpoint gave no answer at all, or broke off.
            ActionEndpointNotSetError: there is neither a session nor an endpoint.
            DisconnectedError: the session ended first.
            UnsupportedFeatureError: the bot knows no actions (RTVI 1.x bots).
            InvalidArgumentError, MessageTooLargeError: nothing was sent.
        """
        data = _action_data(request)
        limit = seconds(timeout, "timeout")
        what = f"action {data['service']}:{data['action']}"
        if self._connection.in_session:
            response: ActionResponse = await self._connection.request("action", data, timeout=limit, what=what)
            return response
        return await self._http_actions.ask(self._params, data, timeout=limit, what=what)


def _action_data(request: Mapping[str, Any]) -> dict[str, Any]:
    """An action's data as the wire has it."""
    if not isinstance(request, Mapping):
        raise InvalidArgumentError(f"An action must be a dict of service, action and arguments; it is {request!r}.")
    for name in ("service", "action"):
        if not isinstance(request.get(name), str):
            raise InvalidArgumentError(f"An action's {name} must be a word; it is {request.get(name)!r}.")
    if unknown := set(request) - {"service", "action", "arguments"}:
        raise InvalidArgumentError(f"An action has service, action and arguments, but not {min(unknown)!r}.")
    data = {"service": request["service"], "action": request["action"]}
    given = request.get("arguments")
    if given is None:
        return data
    if isinstance(given, Mapping):
        given = [{"name": name, "value": value} for name, value in given.items()]
    return {**data, "arguments": options_of(given, "arguments")}
