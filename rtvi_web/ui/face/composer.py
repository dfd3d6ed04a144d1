"""Where the person writes to the bot and chooses files for it."""

from __future__ import annotations

import inspect
from typing import Any, Final

from rtvi_web.browser import _js, dom
from rtvi_web.errors import InvalidArgumentError, RTVIError
from rtvi_web.ui.face.problems import explain
from rtvi_web.ui.face.push_to_talk import push_to_talk as talk_button
from rtvi_web.ui.session_state import CHANGES, RUNNING, is_realtime, state_of
from rtvi_web.ui.widget import SessionClient, Widget

MAX_FILE: Final = 20_000_000
"""Bytes of the largest file that is read. Servers take less, and say so."""
_IMAGES: Final = "image/png,image/jpeg,image/webp,image/gif"
"""What a Realtime server takes."""


def composer(
    client: SessionClient,
    *,
    into: Any,
    files: bool = True,
    push_to_talk: bool = False,
    placeholder: str = "Type a message",
) -> Widget:
    """A field for messages, with a button for a file and one to talk. Enter sends, Shift+Enter begins a line.

    It is enabled while there is a session. What could not be sent stays in the field, and the reason is shown below.

    Args:
        client: the client that sends it.
        into: a CSS selector or an element; the widget is added to it.
        files: whether files can be sent. RealtimeClient sends images only.
        push_to_talk: whether there is a button to hold while speaking, see :func:`push_to_talk`.
        placeholder: the text in the empty field.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    return _Composer(client, into, files=files, push_to_talk=push_to_talk, placeholder=placeholder)


class _Composer(Widget):
    """A form, the file that goes with the next message, and what could not be sent."""

    def __init__(self, client: SessionClient, into: Any, *, files: bool, push_to_talk: bool, placeholder: str) -> None:
        super().__init__(client, into, "form", "composer")
        self._session = client
        self._sender = _RealtimeSender(client) if is_realtime(client) else _Sender(client)
        self._file: Any = None
        self._sending = False
        self._text = dom.make(
            "textarea", "", rows="1", placeholder=placeholder, aria_label="Message", enterkeyhint="send"
        )
        self._send = dom.make("button", "rtvi-primary rtvi-round", dom.icon(dom.SEND), type="submit", aria_label="Send")
        self._problem = dom.make("p", "rtvi-problem", role="alert")
        self._progress = dom.make("progress", "", max="1", aria_label="Sending the file")
        self._chosen = dom.make("div", "rtvi-chosen")
        self._fields = dom.make(
            "fieldset", "rtvi-fields", *(self._make_picker() if files else ()), self._text, self._send
        )
        self.element.append(self._chosen, self._fields, self._problem)
        if push_to_talk:
            talk = talk_button(client, into=self.element)
            self.scope.defer(talk.close)
        self.scope.listen(self.element, "submit", self._submit)
        self.scope.listen(self._text, "keydown", self._key)
        self.follow(self._show, *CHANGES)
        self._show()

    def _make_picker(self) -> list[Any]:
        """The button for a file, and the hidden field that opens the browser's own dialog."""
        self._picker = dom.make(
            "input", "", type="file", accept=self._sender.accepts, tabindex="-1", aria_hidden="true"
        )
        self._picker.hidden = True
        attach = dom.make("button", "rtvi-round", dom.icon(dom.CLIP), type="button", aria_label=self._sender.attach)
        self.scope.listen(attach, "click", lambda _: self._picker.click())
        self.scope.listen(self._picker, "change", self._choose)
        self._remove = dom.make(
            "button", "rtvi-round", dom.icon(dom.CROSS), type="button", aria_label="Remove the file"
        )
        self.scope.listen(self._remove, "click", lambda _: self._take_away(focus=True))
        return [attach, self._picker]

    def _show(self, *_: Any) -> None:
        self._fields.disabled = state_of(self._session) not in RUNNING or self._sending

    def _key(self, event: Any) -> None:
        if event.key == "Enter" and not event.shiftKey and not event.isComposing:
            event.preventDefault()
            self.element.requestSubmit()

    def _choose(self, _event: Any) -> None:
        file = self._picker.files.item(0)
        self._take_away()
        if _js.or_none(file) is None:
            return
        if file.size > MAX_FILE:
            self._problem.textContent = f"{file.name} is too large: {MAX_FILE // 1_000_000} MB can be sent."
            return
        self._file = file
        self._chosen.replaceChildren(dom.make("span", "", file.name), self._remove)
        self._text.focus()

    def _take_away(self, *, focus: bool = False) -> None:
        self._file = None
        self._problem.textContent = ""
        self._chosen.replaceChildren()
        self._picker.value = ""
        if focus:
            self._text.focus()

    def _submit(self, event: Any) -> None:
        event.preventDefault()
        text = str(self._text.value).strip()
        if (text or self._file) and not self._fields.disabled:
            self._client.run(self._deliver(text), "sending failed")

    async def _deliver(self, text: str) -> None:
        self._sending = True
        self._problem.textContent = ""
        had_focus = self._text.matches(":focus") or self._send.matches(":focus")
        self._show()
        try:
            await self._send_all(text)
        except _js.JsError as error:
            self._problem.textContent = f"The file cannot be read: {error.message}"
        except RTVIError as error:
            problem = explain(error)
            self._problem.textContent = " ".join(filter(None, (problem.what, problem.why)))
        else:
            self._text.value = ""
            if self._file:
                self._take_away()
        finally:
            self._progress.remove()
            self._sending = False
            self._show()
            if had_focus:
                self._text.focus()

    async def _send_all(self, text: str) -> None:
        if self._file is None:
            await self._sender.send_text(text)
            return
        self._progress.value = 0
        self._chosen.append(self._progress)
        data = await dom.read_file(self._file)
        await self._sender.send_file(text, data, str(self._file.name), str(self._file.type), self._progressed)

    def _progressed(self, share: float) -> None:
        self._progress.value = share


class _Sender:
    """Sends over an RTVIClient."""

    accepts = ""
    attach = "Attach a file"

    def __init__(self, client: Any) -> None:
        self._client = client

    async def send_text(self, text: str) -> None:
        sent = self._client.send_text(text)
        if inspect.isawaitable(sent):
            await sent

    async def send_file(self, text: str, data: bytes, name: str, type: str, on_progress: Any) -> None:
        format = type or "application/octet-stream"
        await self._client.send_file(text, data, name=name, format=format, on_progress=on_progress)


class _RealtimeSender(_Sender):
    """Sends over a RealtimeClient, which takes images."""

    accepts = _IMAGES
    attach = "Attach an image"

    async def send_file(self, text: str, data: bytes, name: str, type: str, on_progress: Any) -> None:
        if not type.startswith("image/"):
            raise InvalidArgumentError(f"{name} is not an image.")
        import base64

        image = f"data:{type};base64,{base64.b64encode(data).decode()}"
        self._client.add_image(image, trigger_response=not text)
        if text:
            await self.send_text(text)
