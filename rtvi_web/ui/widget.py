"""What all widgets share: an element in the page, and ``close()``, which removes everything again."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

from rtvi_web.browser import _js, dom
from rtvi_web.core.media import MediaDevice, MediaState, Tracks
from rtvi_web.errors import InvalidArgumentError, RTVIError


class MediaClient(Protocol):
    """What the widgets of sound and devices need of a client. Both clients have it.

    The events of devices and media have the same names in both, and the same first argument.
    """

    def on(self, event: str, handler: Callable[..., object], /) -> object: ...
    def off(self, event: str, handler: Callable[..., object], /) -> object: ...
    def run(self, coroutine: Coroutine[Any, Any, Any], reason: str, /) -> object: ...

    @property
    def devices_open(self) -> bool: ...
    @property
    def media_state(self) -> MediaState: ...
    async def get_all_mics(self) -> list[MediaDevice]: ...
    async def get_all_speakers(self) -> list[MediaDevice]: ...
    @property
    def selected_mic(self) -> MediaDevice | None: ...
    @property
    def selected_speaker(self) -> MediaDevice | None: ...
    async def update_mic(self, id: str) -> None: ...
    async def update_speaker(self, id: str) -> None: ...
    @property
    def is_mic_enabled(self) -> bool: ...
    async def enable_mic(self, enable: bool) -> None: ...
    def tracks(self) -> Tracks: ...
    async def resume_bot_audio(self) -> None: ...


class SessionClient(MediaClient, Protocol):
    """What the widgets of a session need of a client besides. Both clients have it."""

    @property
    def state(self) -> str: ...
    @property
    def failure(self) -> RTVIError | None: ...
    @property
    def transport(self) -> Any: ...
    def connect(self) -> Awaitable[object]: ...
    def disconnect(self) -> Awaitable[object]: ...


class Widget:
    """A part of the page that follows a client.

    Attributes:
        element: the element that was added to the page. Style it, move it, give it an id. What is inside it may change
            between versions.
    """

    element: Any

    def __init__(self, client: MediaClient, into: Any, tag: str, kind: str, **attributes: str) -> None:
        parent = dom.find(into)
        self.element = dom.make(tag, f"rtvi rtvi-{kind}", **attributes)
        self.scope = _js.Scope()
        self._client = client
        self.scope.defer(_use_style(dom.style_root(parent)))
        parent.append(self.element)
        self.scope.defer(self.element.remove)

    def follow(self, handler: Callable[..., object], *events: str) -> None:
        """Call a handler at these events of the client, until ``close()``."""
        for event in events:
            self.scope.defer(subscribe(self._client, event, handler))

    def close(self) -> None:
        """Remove the widget and everything it added. May be called again."""
        self.scope.close()


def subscribe(client: MediaClient, event: str, handler: Callable[..., object]) -> Callable[[], None]:
    """Call a handler at an event of a client, until the returned function is called."""
    client.on(event, handler)

    def unsubscribe() -> None:
        with suppress(InvalidArgumentError):  # The page has removed all handlers already.
            client.off(event, handler)

    return unsubscribe


class _Style:
    """The widgets' style sheet in a document or a shadow root, while there is a widget in it."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.users = 0
        folder = os.path.dirname(__file__)
        rules = []
        for name in ("widgets.css", "console.css"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                rules.append(file.read())
        self.remove = dom.adopt_style("\n".join(rules), root)


_styles: list[_Style] = []


def _use_style(root: Any) -> Callable[[], None]:
    """Keep the style sheet there until the returned function is called."""
    style = next((style for style in _styles if style.root == root), None)
    if style is None:
        style = _Style(root)
        _styles.append(style)
    style.users += 1

    def release() -> None:
        style.users -= 1
        if not style.users:
            _styles.remove(style)
            style.remove()

    return release
