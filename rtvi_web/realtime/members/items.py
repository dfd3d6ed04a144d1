"""The members of a client that concern the items of the conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rtvi_web.realtime.members.base import Members
from rtvi_web.realtime.protocol.content import history_items
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.items import Item, ItemEvent, to_history


class ItemMembers(Members):
    """What a client knows of the conversation."""

    @property
    def conversation(self) -> Conversation:
        """Mirrors ``conversation``."""
        return self._session.conversation

    def get_conversation_items(self) -> list[Item]:
        """The items in their order. Mirrors ``getConversationItems()``."""
        return self.conversation.get_items()

    async def wait_for_next_item(self, timeout: float | None = None) -> ItemEvent:
        """Wait for the next item. Mirrors ``waitForNextItem()``.

        Args:
            timeout: seconds; ``None`` waits as long as the session lasts.

        Returns:
            The event, whose ``item`` is ``None`` when none came in time.

        Raises:
            DisconnectedError: the session ended first.
        """
        return await self._next("conversation.item.appended", timeout)

    async def wait_for_next_completed_item(self, timeout: float | None = None) -> ItemEvent:
        """Wait for the next item that is complete, the person's too; otherwise like :meth:`wait_for_next_item`.

        Mirrors ``waitForNextCompletedItem()``.
        """
        return await self._next("conversation.item.completed", timeout)

    async def _next(self, event_name: str, timeout: float | None) -> ItemEvent:
        event = await self.wait_for_next(event_name, timeout)
        return event if isinstance(event, ItemEvent) else ItemEvent(event_name, None)

    def export_history(self) -> list[dict[str, Any]]:
        """The conversation so far, as plain data for JSON and for :meth:`import_history`.

        Speech is exported as its transcript. Truncated answers are left out, as it is not known which words were heard;
        so are answers of which nothing was heard.
        """
        return [item for item in map(to_history, self.get_conversation_items()) if item]

    def import_history(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Send the server an earlier conversation: what :meth:`export_history` gave, or items made by hand.

        Spoken answers are sent as text. What a client cannot create is left out: calls of MCP, outputs without their
        call, and ids that are taken or longer than 32 characters.

        Raises:
            InvalidArgumentError: one of them is not a dict; nothing was sent.
            DisconnectedError, MessageTooLargeError: the items before were sent.
        """
        self._api.require_connection()
        for item in history_items(items, self.get_conversation_items()):
            self._api.send("conversation.item.create", {"item": item})
