"""The kernel's side of a face in a cell."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rtvi_web.core.checks import check_number, check_text
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event import Event
from rtvi_web.core.event_members import EventMembers
from rtvi_web.core.masking import described
from rtvi_web.core.tasks import MAX_ANSWERING
from rtvi_web.errors import (
    BotNotReadyError,
    InvalidArgumentError,
    MessageTooLargeError,
    RTVIError,
    UnsupportedFeatureError,
)
from rtvi_web.notebook.messages import FROM_PAGE, VERSION, Message, read, write
from rtvi_web.rtvi.members.functions import Functions
from rtvi_web.rtvi.session.functions import NO_HANDLER, FunctionCalls, answer

if TYPE_CHECKING:
    from rtvi_web.notebook.cell import Cell

LOG: Final = logging.getLogger("rtvi_web.notebook")
MAX_TURNS: Final = 1000
"""Turns that the transcript keeps."""
MAX_WORD: Final = 200
"""Characters of a name, such as a state's."""
SITE: Final = re.compile(r"https?://[^\s/\\?#@]+(/[^\s\\#]*)?")
TRANSPORTS: Final = ("webrtc", "websocket")
LOADING: Final = "loading"
CLOSED: Final = "closed"
READY: Final = ("bot-ready", "ready")


class Said(NamedTuple):
    """What was said in one turn, by ``"user"`` or ``"bot"``."""

    role: str
    text: str


class Problem(NamedTuple):
    """What went wrong, in words for the person: what happened, why, and what to do."""

    what: str
    why: str
    advice: str


class FaceEvent:
    """The events of a :class:`Face`."""

    STATE_CHANGED: Final[Event[str]] = Event("stateChanged")
    TRANSCRIPT: Final[Event[Said]] = Event("transcript")
    PROBLEM: Final[Event[Problem]] = Event("problem")


EVENTS: Final[dict[str, Event[Any]]] = {
    str(event): event for event in (FaceEvent.STATE_CHANGED, FaceEvent.TRANSCRIPT, FaceEvent.PROBLEM)
}
Where = Callable[[str], str]
"""Gives the address of a face's page, for a notebook whose page has this origin."""


def face(
    site: str | None = None,
    *,
    bot: str | None = None,
    transport: str | None = None,
    title: str = "Talk to the bot",
    script: str | None = None,
    height: int = 560,
) -> Face:
    """A bot's face, to be shown in a cell.

    Args:
        site: the address of a face, such as ``https://bots.example/face/``: one that ``mount()`` serves with the
            notebook's origin in ``frame=``, or a page of yours that calls :func:`rtvi_web.notebook.page.attach`.
            Without it, this kernel serves one on this machine's loopback, with rtvi-web-console.
        bot: without ``site``, the bot's server or its start endpoint, such as ``http://localhost:7860``.
        transport: without ``site``, ``"webrtc"`` or ``"websocket"``.
        title: what a screen reader calls the frame, and without ``site`` the heading of the face.
        script: without ``site``, the path of a Python file of yours that the page runs.
        height: of the frame, in CSS pixels.

    Raises:
        InvalidArgumentError: an argument cannot work, or one is missing.
        UnsupportedFeatureError: anywidget is not installed, or this kernel is in a web page, as JupyterLite's is, and
            cannot serve anything: give it ``site``.
    """
    check_number("height", height, 1, 10_000, "pixels", whole=True)
    check_text("title", title)
    own = {"bot": bot, "transport": transport, "script": script}
    for name, value in own.items():
        if value is not None:
            check_text(name, value)
    if transport not in (None, *TRANSPORTS):
        raise InvalidArgumentError(f"transport must be one of {', '.join(TRANSPORTS)}; it is {transport!r}.")
    where = _served(title, **own) if site is None else _mounted(site, own)
    try:
        from rtvi_web.notebook.cell import Cell
    except ImportError as error:
        raise UnsupportedFeatureError(
            "A face in a notebook needs anywidget: %pip install anywidget", feature="anywidget"
        ) from error
    return Face(Cell(title=title, height=height), where)


def _mounted(site: str, own: dict[str, str | None]) -> Where:
    if not isinstance(site, str) or not SITE.fullmatch(site.partition("#")[0]):
        raise InvalidArgumentError(
            f"site must be an http or https address, such as https://bots.example/face/; it is {described(site)}."
        )
    if given := [f"{name}=" for name, value in own.items() if value is not None]:
        raise InvalidArgumentError(f"The face at {site} has a bot of its own: {', '.join(given)} go without site.")
    return lambda origin: site


def _served(title: str, bot: str | None, transport: str | None, script: str | None) -> Where:
    if sys.platform == "emscripten":
        raise UnsupportedFeatureError(
            "This notebook's kernel runs in a web page, where it cannot serve a face: give the address of one, "
            'face("https://bots.example/face/").',
            feature="site",
        )
    if not bot:
        raise InvalidArgumentError('face() needs a bot, face(bot="http://localhost:7860"), or the address of a face.')
    from rtvi_web.notebook import local_site  # late: a page that imports this package needs no processes

    return partial(local_site.serve, bot=bot, title=title, transport=transport, script=script)


class Face(Functions, EventMembers):
    """A bot's face in a cell: show it as the last expression of a cell. :func:`face` makes one.

    It is driven by messages, which a kernel gets between cells: while a cell runs, also one that awaits something, no
    event arrives and no function is answered. So handle events with :meth:`on`, and wait for none in a cell.

    If it is shown in several places, the last one counts, and the others end.

    Attributes:
        widget: the anywidget that shows it.
    """

    def __init__(self, cell: Cell, where: Where) -> None:
        EventMembers.__init__(self, Emitter(EVENTS))
        self.widget = cell
        self._where = where
        self._functions = FunctionCalls(self._announce)
        self._answering: dict[str, asyncio.Task[None]] = {}  # by the id of the call
        self._view = ""
        self._there = False  # the page has said that it is
        self._starts = False
        self._state = CLOSED
        self._said: deque[Said] = deque(maxlen=MAX_TURNS)
        cell.on_msg(lambda _, content, buffers: self._received(content))

    @property
    def state(self) -> str:
        """``"closed"`` (not shown), ``"loading"``, or the session's: ``"disconnected"``, ``"bot-ready"`` …"""
        return self._state

    @property
    def transcript(self) -> list[Said]:
        """The last 1000 turns, of all sessions."""
        return list(self._said)

    def start(self) -> None:
        """Begin a session, as a click on Start does; as soon as the face is there, if it is not yet.

        The browser may want a click in the cell before it plays sound, or ask for the microphone.
        """
        self._starts = not self._there
        self._tell("start")

    def stop(self) -> None:
        """End the session."""
        self._starts = False
        self._tell("stop")

    def send(self, text: str) -> None:
        """Send the bot a text.

        Raises:
            BotNotReadyError: no session runs.
            MessageTooLargeError: the text is too long.
        """
        check_text("text", text)
        if self._state not in READY:
            raise BotNotReadyError("The bot is not ready: start() first, and wait until the state is 'bot-ready'.")
        self._tell("send", text=text)

    def close(self) -> None:
        """Take the face out of its cell, which ends its session."""
        self._end("This face was closed.")
        self.widget.close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """What Jupyter shows."""
        return self.widget._repr_mimebundle_(**kwargs)

    def _display_(self) -> Any:
        """What marimo shows."""
        return self.widget

    # Messages of the cell, each with the view that it comes from.

    def _received(self, content: object) -> None:
        match content:
            case {"view": str(view), "kind": str(kind), "text": str(text)} if len(view) <= MAX_WORD:
                if kind == "open":
                    self._open(view, text[:MAX_WORD])
                elif view == self._view:
                    self._of_the_view(kind, text)

    def _open(self, view: str, origin: str) -> None:
        self._end("This face is shown in another place now.")
        self._view = view
        self._change_state(LOADING)
        try:
            address = self._where(origin)
        except RTVIError as error:
            self._end(str(error))
            self._emitter.emit(FaceEvent.PROBLEM, Problem("The face cannot be shown.", str(error), ""))
        else:
            self._post("show", address)

    def _of_the_view(self, kind: str, text: str) -> None:
        if kind == "page":
            try:
                message = read(text, FROM_PAGE)
            except ValueError as error:
                LOG.debug("a message of the face was dropped: %s", error)
            else:
                self._heard(message)
        elif kind == "silent":
            advice = "Check the address, and that the face lets this notebook show it: mount(app, frame=[…])."
            self._emitter.emit(FaceEvent.PROBLEM, Problem("The face says nothing.", "", advice))
        elif kind == "close":
            self._gone()

    def _end(self, why: str) -> None:
        """End what the present view shows."""
        if self._view:
            self._post("end", why)
        self._gone()

    def _gone(self) -> None:
        self._view, self._there = "", False
        self._cancel_all()
        self._change_state(CLOSED)

    # Messages of the page.

    def _heard(self, message: Message) -> None:
        fields = message.fields
        match message.type:
            case "ready":
                self._greet(fields["version"])
            case "state":
                self._change_state(fields["state"][:MAX_WORD])
            case "transcript":
                said = Said(fields["role"][:MAX_WORD], fields["text"])
                self._said.append(said)
                self._emitter.emit(FaceEvent.TRANSCRIPT, said)
            case "problem":
                self._emitter.emit(FaceEvent.PROBLEM, Problem(**fields))
            case "call":
                self._call(**fields)
            case "cancel":
                self._cancel(fields["id"])

    def _greet(self, version: int) -> None:
        if version != VERSION:
            self._end(
                f"The face has another version of rtvi-web (messages {version}, here {VERSION}): update the older one."
            )
            return
        self._cancel_all()  # a page that was loaded again asks anew
        self._there = True
        self._announce()
        if self._starts:
            self.start()

    def _call(self, id: str, name: str, arguments: dict[str, Any]) -> None:
        if len(self._answering) >= MAX_ANSWERING or id in self._answering or len(id) > MAX_WORD:
            self._result(id, {"error": "The notebook answers too many calls already."})
            return
        task = self._answering[id] = self._emitter.run(self._answer(id, name, arguments), f"answering {name!r} failed")

        def ended(task: asyncio.Task[None]) -> None:
            if self._answering.get(id) is task:
                del self._answering[id]

        task.add_done_callback(ended)

    async def _answer(self, id: str, name: str, arguments: dict[str, Any]) -> None:
        from rtvi_web.rtvi.protocol.payloads import FunctionCallData  # late, see rtvi_web.rtvi.protocol

        call = FunctionCallData(function_name=name, arguments=arguments, tool_call_id=id)
        answered = await answer(self._functions.answerer(name) or NO_HANDLER, call)
        self._result(id, answered["result"])

    def _result(self, id: str, result: object) -> None:
        try:
            self._tell("result", id=id, result=result)
        except MessageTooLargeError as error:
            self._tell("result", id=id, result={"error": f"The result is too large. {error}"})

    def _cancel(self, id: str) -> None:
        if task := self._answering.pop(id, None):
            task.cancel()

    def _cancel_all(self) -> None:
        for id in list(self._answering):
            self._cancel(id)

    def _announce(self) -> None:
        self._tell("functions", functions=[[name, limit] for name, limit in self._functions.limits().items()])

    def _change_state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._emitter.emit(FaceEvent.STATE_CHANGED, state)

    def _tell(self, type: str, **fields: Any) -> None:
        """Tell the page something; nothing while there is none."""
        text = write(type, **fields)
        if self._there:
            self._post("page", text)

    def _post(self, kind: str, text: str) -> None:
        self.widget.send({"view": self._view, "kind": kind, "text": text})
