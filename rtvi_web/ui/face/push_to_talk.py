"""A button that is held while the person speaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from rtvi_web.browser import _js, dom
from rtvi_web.errors import RTVIError, UnsupportedFeatureError
from rtvi_web.ui.session_state import CHANGES, RUNNING, is_realtime, state_of
from rtvi_web.ui.widget import SessionClient, Widget

LATCH: Final = 0.4
"""Seconds: a shorter press begins a turn, and another one ends it."""
TAIL: Final = 0.2
"""Seconds for which the microphone stays on after the button is released: the last word may still be on its way."""
_TALK, _LISTENING = "Hold to talk", "Listening…"
_KEYS: Final = (" ", "Enter")


def push_to_talk(client: SessionClient, *, into: Any) -> Widget:
    """A button to hold while speaking; the microphone is muted otherwise. It works with a pointer, keys and touch.

    A short press begins a turn, and another one ends it, for those who cannot hold a button. Starting a session asks
    for the microphone, as it does without this button. With RealtimeClient the server's turn detection is switched
    off, where the server has one: the end of the turn asks for the answer.

    Args:
        client: the client whose microphone it is.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    return _PushToTalk(client, into)


def _turns_of(client: Any) -> Any:
    """The client whose turns the button ends: those of an RTVIClient end by themselves."""
    return client if is_realtime(client) else None


class _PushToTalk(Widget):
    """The button, and the microphone that follows it."""

    def __init__(self, client: SessionClient, into: Any) -> None:
        super().__init__(client, into, "div", "push-to-talk")
        self._session = client
        self._media = client.transport.media
        self._turns = _turns_of(client)
        self._since: float | None = None  # when the turn began
        self._held_by: int | str | None = None  # the pointer or the key that is down; None after a short press
        self._ending: asyncio.TimerHandle | None = None
        self._text = dom.make("span")
        self._button = dom.make("button", "", dom.icon(dom.MICROPHONE), self._text, type="button")
        self._button.title = "Hold it while you speak, or press once to begin and again to end."
        self.element.append(self._button)
        self._show()
        self._listen()
        if self._turns:
            with contextlib.suppress(UnsupportedFeatureError):
                self._turns.update_config({"turn_detection": None})
        self.follow(self._follow, *CHANGES)
        self.scope.defer(self._let_go)
        self._follow()

    def _listen(self) -> None:
        window = _js.api("window")
        self._on("pointerdown", lambda event: self._press(event.pointerId), lambda event: event.button == 0)
        self.scope.listen(self._button, "keydown", self._key_down)
        # Keys make no click (see _key_down), so one without a pointer comes from a screen reader or the like.
        self._on("click", lambda _: self._press(None), lambda event: event.detail == 0)
        self.scope.listen(self._button, "contextmenu", lambda event: event.preventDefault())
        for end in ("pointerup", "pointercancel"):
            self.scope.listen(window, end, lambda event: self._release(event.pointerId))
        self.scope.listen(
            window, "keyup", lambda event: self._release(event.key)
        )  # The focus may have moved meanwhile.
        self.scope.listen(window, "blur", lambda _: self._release(self._held_by))

    def _on(self, name: str, act: Callable[[Any], None], wanted: Callable[[Any], bool]) -> None:
        def check(event: Any) -> None:
            if wanted(event):
                act(event)

        self.scope.listen(self._button, name, check)

    def _key_down(self, event: Any) -> None:
        if event.key in _KEYS:
            event.preventDefault()
            if not event.repeat:
                self._press(str(event.key))

    def _follow(self, *_: Any) -> None:
        """Keep the microphone muted apart from the turns. A session that begins opens it as usual."""
        state = state_of(self._session)
        if state not in RUNNING:
            self._forget_turn()
        self._button.disabled = state not in RUNNING
        if state in ("disconnected", "error"):
            self._media.want_mic(True)
        elif state not in ("initializing", "disconnecting") and self._since is None:
            self._media.want_mic(False)

    def _press(self, by: int | str | None) -> None:
        """The button goes down: begin a turn, or end the one that a short press began."""
        if self._since is not None:
            self._end()
        elif not self._button.disabled:
            self._since, self._held_by = asyncio.get_running_loop().time(), by
            self._show()
            self._client.run(self._open(), "the turn could not begin")

    def _release(self, by: int | str | None) -> None:
        """What holds the button lets go. After a short press nothing holds it, and the turn goes on until another."""
        if self._since is None or self._held_by is None or by != self._held_by:
            return
        self._held_by = None
        if asyncio.get_running_loop().time() - self._since > LATCH:
            self._end()

    def _end(self) -> None:
        if self._ending is None:
            self._ending = asyncio.get_running_loop().call_later(TAIL, self._finish)

    async def _open(self) -> None:
        try:
            if self._turns:
                await self._turns.interrupt()
                if self._turns.transport.carries_tracks:
                    self._turns.realtime.send("input_audio_buffer.clear")  # the silence until now
            await self._client.enable_mic(True)
        except RTVIError:
            self._forget_turn()  # deviceError was fired, or the session has ended.

    def _finish(self) -> None:
        heard = self._client.is_mic_enabled
        self._forget_turn()
        self._media.want_mic(False)
        if heard and self._turns and self._turns.is_connected():
            with contextlib.suppress(RTVIError):  # The session has ended, or the server only transcribes.
                if self._turns.transport.carries_tracks:  # The client knows nothing of the sound on a track.
                    self._turns.realtime.send("input_audio_buffer.commit")
                self._turns.create_response()

    def _forget_turn(self) -> None:
        self._since = self._held_by = None
        if self._ending:
            self._ending.cancel()
            self._ending = None
        self._show()

    def _let_go(self) -> None:
        self._forget_turn()
        self._media.want_mic(True)

    def _show(self) -> None:
        self._text.textContent = _TALK if self._since is None else _LISTENING
        self._button.setAttribute("aria-pressed", "false" if self._since is None else "true")
