"""The members of a client that run actions of the bot (RTVI 0.x): in a session, or one at a time over HTTP."""

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
    """Actions of the bot."""

    async def describe_actions(self, *, timeout: float | None = 10.0) -> ActionDescriptions:
        """The actions of the bot, as ``description.actions``. Mirrors ``describeActions()``.

        Args:
            timeout: seconds to wait for the answer; ``None`` waits as long as the session lasts.

        Raises:
            BotNotReadyError, RequestTimeoutError, DisconnectedError, UnsupportedFeatureError: as :meth:`action` does.
        """
        limit = seconds(timeout, "timeout")
        description: ActionDescriptions = await self._connection.require_ready("describe_actions()").request(
            "describe-actions", {}, timeout=limit, what="describe-actions"
        )
        return description

    async def action(self, request: Mapping[str, Any], *, timeout: float | None = 10.0) -> ActionResponse:
        """Run one of the bot's actions. Mirrors ``action()``.

        In a session the request goes through the transport. Without one it is POSTed to base URL +
        ``endpoints.action``. Each message of the answer, which may be a stream, fires its event as it arrives; this
        returns with the action's own response, while the stream may go on.

        Args:
            request: ``{"service": …, "action": …, "arguments": […]}``; arguments are ``{"name": …, "value": …}``
                each, or one dict of names and values.
            timeout: seconds to wait for the response; ``None`` means no limit.

        Returns:
            The bot's ``action-response``; ``response.data.result`` is the action's result.

        Raises:
            RequestError: the bot or its endpoint refused, in its own words; ``status`` has the HTTP status.
            RequestTimeoutError: it did not answer in time.
            HttpError: the endpoint did not answer, or its answer broke off.
            ActionEndpointNotSetError: there is neither a session nor an endpoint.
            DisconnectedError: the session ended first.
            UnsupportedFeatureError: the bot has no actions (RTVI 1.x bots).
            InvalidArgumentError, MessageTooLargeError: nothing was sent.
        """
        data = _action_data(request)
        limit = seconds(timeout, "timeout")
        what = f"action {data['service']}:{data['action']}"
        if self._connection.in_session:
            session = self._connection.require_ready("action()")
            response: ActionResponse = await session.request("action", data, timeout=limit, what=what)
            return response
        return await self._http_actions.ask(self._params, data, timeout=limit, what=what)


def _action_data(request: Mapping[str, Any]) -> dict[str, Any]:
    """An action's data as it goes over the wire."""
    if not isinstance(request, Mapping):
        raise InvalidArgumentError(f"An action must be a dict of service, action and arguments; it is {request!r}.")
    for name in ("service", "action"):
        if not isinstance(request.get(name), str):
            raise InvalidArgumentError(f"An action's {name} must be a string; it is {request.get(name)!r}.")
    if unknown := set(request) - {"service", "action", "arguments"}:
        raise InvalidArgumentError(f"An action has service, action and arguments; {min(unknown)!r} is unknown.")
    data = {"service": request["service"], "action": request["action"]}
    given = request.get("arguments")
    if given is None:
        return data
    if isinstance(given, Mapping):
        given = [{"name": name, "value": value} for name, value in given.items()]
    return {**data, "arguments": options_of(given, "arguments")}
