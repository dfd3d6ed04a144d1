"""The page's side of a face in a notebook's cell. It runs in the page that the cell's frame shows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from itertools import count
from typing import Any, Final

from rtvi_web.browser.parent import ParentPage, fragment, in_a_frame
from rtvi_web.core.checks import check_number
from rtvi_web.errors import InvalidArgumentError, RTVIError
from rtvi_web.notebook.messages import MAX_MESSAGE, TO_PAGE, VERSION, is_from, read, write
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.session.functions import FunctionCall
from rtvi_web.ui.face.remote import Remote

FRAGMENT: Final = "notebook"
"""What a cell adds to the address of its frame, after ``#``."""
MAX_FUNCTIONS: Final = 1000
MAX_TOLD: Final = 20_000
"""Characters of a text that is told; what is longer is cut."""


def attach(client: RTVIClient, *, parents: Iterable[str]) -> None:
    """Let the notebook that shows this page in a cell's frame drive the client; elsewhere this does nothing.

    The notebook starts and stops the session, sends texts, is told what was said, and answers functions, in place of
    handlers of the page with the same names. Nothing that it sends is inserted as HTML or evaluated.

    ::

        attach(client, parents=["https://lab.example"])

    Args:
        client: the page's client.
        parents: the origins of notebooks that may, such as ``https://lab.example``, or ``https://*.lab.example`` for
            all hosts below. The server of this page should name them in ``frame-ancestors`` as well.

    Raises:
        InvalidArgumentError: ``parents`` is one text and no list of them.
    """
    if isinstance(parents, str):
        raise InvalidArgumentError(f"parents is a list of origins: parents=[{parents!r}].")
    if fragment() == FRAGMENT and in_a_frame():
        _Attached(client, [str(origin) for origin in parents])


class _Attached:
    """The client, and the notebook around its page. It stays until the page goes."""

    def __init__(self, client: RTVIClient, parents: list[str]) -> None:
        self._client = client
        self._remote = Remote(client, self._tell_texts)
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._ids = count(1)
        self._functions: set[str | None] = set()  # those that the notebook answers
        self._parent = ParentPage(partial(is_from, allowed=parents), MAX_MESSAGE, self._received)
        self._parent.greet(write("ready", version=VERSION))

    def _received(self, text: str) -> None:
        try:
            type, fields = read(text, TO_PAGE)
        except ValueError:
            return
        match type:
            case "functions":
                self._register(fields["functions"])
                self._remote.tell_state()
            case "result":
                asked = self._asked.get(fields["id"])
                if asked and not asked.done():
                    asked.set_result(fields["result"])
            case _:
                self._remote.obey(type, fields.get("text", ""))

    def _register(self, functions: list[Any]) -> None:
        """Have the notebook answer these functions, and no others."""
        earlier, self._functions = self._functions, set()
        for each in functions[:MAX_FUNCTIONS]:
            try:
                name, limit = each
                if limit is not None:
                    check_number("limit", limit, 0, float("inf"), "seconds")
                self._client.register_function_call_handler(name, self._ask, timeout=limit)
            except (TypeError, ValueError, RTVIError):
                continue  # it names none
            self._functions.add(name)
        for name in earlier - self._functions:
            self._client.unregister_function_call_handler(name, self._ask)

    async def _ask(self, call: FunctionCall) -> Any:
        """The notebook's answer to a call; the client limits the time."""
        id = str(next(self._ids))
        text = write("call", id=id, name=call.function_name, arguments=call.arguments)
        answer = self._asked[id] = asyncio.get_running_loop().create_future()
        try:
            self._parent.post(text)
            return await answer
        finally:
            del self._asked[id]
            if not answer.done() or answer.cancelled():
                self._parent.post(write("cancel", id=id))

    def _tell_texts(self, type: str, texts: dict[str, str]) -> None:
        self._parent.post(write(type, **{name: text[:MAX_TOLD] for name, text in texts.items()}))
