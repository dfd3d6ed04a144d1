"""The items of a session, in their order."""

import base64
import secrets
from typing import Any

Item = dict[str, Any]
ROOT = "root"
BYTES_PER_MS = 48  # PCM of 16 bits at 24 kHz


class ItemError(Exception):
    """What a client wants of an item cannot be.

    Attributes:
        code: the protocol's word for it.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Conversation:
    """Items by their order; `sound` is how many bytes of PCM each answer has."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.sound: dict[str, int] = {}

    def add(self, item: Item, previous: str | None = None) -> str | None:
        """Put an item behind another ("root": first; None: last); the id of that one, if there is one.

        Raises ItemError when there is no such item, or one of the same id already.
        """
        item.setdefault("id", new_id("item"))
        if any(known["id"] == item["id"] for known in self.items):
            raise ItemError(f"An item with the id '{item['id']}' exists already.", "item_create_duplicate_id")
        index = len(self.items)
        if previous is not None:
            index = 0 if previous == ROOT else self.index(previous) + 1
        self.items.insert(index, item)
        return self.items[index - 1]["id"] if index else None

    def index(self, id: str) -> int:
        """Raises ItemError when there is no such item."""
        for index, item in enumerate(self.items):
            if item["id"] == id:
                return index
        raise ItemError(f"Error: the item with id '{id}' does not exist.", "item_not_found")

    def get(self, id: str) -> Item:
        """Raises ItemError when there is no such item."""
        return self.items[self.index(id)]

    def delete(self, id: str) -> None:
        """Raises ItemError when there is no such item."""
        del self.items[self.index(id)]

    def truncate(self, id: str, content_index: int, audio_end_ms: int) -> None:
        """Forget what of an answer was not heard.

        Raises ItemError when it is not an answer, or shorter than that already.
        """
        item = self.get(id)
        parts = item.get("content") or []
        if item.get("role") != "assistant" or not 0 <= content_index < len(parts):
            raise ItemError("Only model output audio messages can be truncated.", "invalid_value")
        length = self.sound.get(id, 0) // BYTES_PER_MS
        if not 0 <= audio_end_ms <= length:
            raise ItemError(f"Audio content of {length}ms is already shorter than {audio_end_ms}ms", "invalid_value")
        self.sound[id] = audio_end_ms * BYTES_PER_MS
        parts[content_index]["transcript"] = ""


def new_id(prefix: str) -> str:
    """A fresh id."""
    return f"{prefix}_{secrets.token_hex(10)}"


def pcm_of(content: list[dict[str, Any]]) -> bytes:
    """The sound in a message that a client made."""
    return b"".join(base64.b64decode(part["audio"]) for part in content if part.get("audio"))
