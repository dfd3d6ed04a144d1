"""The members of a client that concern its helpers."""

from __future__ import annotations

from typing import TypeVar

from rtvi_web.rtvi.members.actions import Actions
from rtvi_web.rtvi.members.functions import Functions
from rtvi_web.rtvi.session.helpers import RTVIClientHelper

Helper = TypeVar("Helper", bound=RTVIClientHelper)


class Helpers(Actions, Functions):
    """The helpers of a client; they use its actions and functions."""

    def register_helper(self, service: str, helper: Helper) -> Helper:
        """Pass the messages that a helper takes to it. Mirrors ``registerHelper()``.

        Args:
            service: the name of the service that it helps with, such as ``"llm"``.
            helper: such as an :class:`LLMHelper`.

        Returns:
            The helper.

        Raises:
            InvalidArgumentError: the name is taken, or ``helper`` is not a helper or is registered already.
        """
        self._helpers.register(service, helper, self)
        return helper

    def get_helper(self, service: str) -> RTVIClientHelper | None:
        """The helper registered under a name. Mirrors ``getHelper()``."""
        return self._helpers.get(service)

    def unregister_helper(self, service: str) -> None:
        """Stop passing messages to a helper. Unknown names are ignored. Mirrors ``unregisterHelper()``."""
        self._helpers.unregister(service)

    def require_ready(self, what: str) -> None:
        """Check that the session is ready for requests, as helpers do before theirs.

        Args:
            what: what is about to be done, for the error's message.

        Raises:
            BotNotReadyError: there is no session, or the bot is not ready.
        """
        self._connection.require_ready(what)
