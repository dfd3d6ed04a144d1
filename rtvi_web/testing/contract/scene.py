"""One play of a test: clients over a stage's transports, a bot that speaks RTVI, and a record of all that was fired."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from rtvi_web.errors import RTVIError
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.envelope import LABEL, PROTOCOL_VERSION
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.testing.contract.stage import Stage

Result = TypeVar("Result")
Fired = tuple[str, tuple[Any, ...]]
"""An event's name and arguments."""
POLL = 0.02
"""Seconds between two looks at something that nothing tells of, such as a browser's connection."""


class ContractError(AssertionError):
    """A transport does not keep its contract; the message says what it should have done."""


def check(holds: object, message: str) -> None:
    """Fail with a message unless something holds."""
    if not holds:
        raise ContractError(message)


def same(found: object, expected: object, what: str) -> None:
    """Fail unless two things are equal."""
    check(found == expected, f"{what}:\n  expected {expected}\n  found    {found}")


class Scene:
    """What the tests play with.

    Attributes:
        stage: the stage.
        fired: all that the present client has fired.
        messages: what the bot has heard, parsed.
        is_bot_ready: whether the bot answers client-ready.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.fired: list[Fired] = []
        self.messages: list[dict[str, Any]] = []
        self.is_bot_ready = True
        self._changed = asyncio.Event()
        self._client: RTVIClient | None = None
        self._before = asyncio.all_tasks()
        self._loop = asyncio.get_running_loop()
        self._handler = self._loop.get_exception_handler()
        self._loop.set_exception_handler(lambda _, context: self._reported.append(context))
        self._reported: list[dict[str, Any]] = []
        self._bot = asyncio.ensure_future(self._play_bot())

    @property
    def last(self) -> str:
        """What has happened last, for the message of a failure."""
        return ", ".join(name for name, _ in self.fired[-5:]) or "nothing was fired"

    # The client.

    def make_client(self, **options: Any) -> RTVIClient:
        """A client over a new transport; it becomes the present one."""
        given = {"timeout": self.stage.patience, **self.stage.client_options, **options}
        client = self._client = RTVIClient(transport=self.stage.make_transport(), **given)
        fired: list[Fired] = []
        self.fired = fired
        for event in RTVIEvent:
            if event not in (RTVIEvent.LOCAL_AUDIO_LEVEL, RTVIEvent.REMOTE_AUDIO_LEVEL, RTVIEvent.SPEAKING_WHILE_MUTED):
                client.on(event, self._recorder(str(event), fired))
        return client

    def _recorder(self, name: str, fired: list[Fired]) -> Callable[..., None]:
        def record(*args: Any) -> None:
            fired.append((name, args))
            self._changed.set()

        return record

    async def connected(self, **options: Any) -> RTVIClient:
        """A client that has connected."""
        client = self.make_client(**options)
        await self.within(client.connect())
        return client

    def arguments(self, event: str) -> list[tuple[Any, ...]]:
        """What the handlers of an event got, time by time."""
        return [args for name, args in self.fired if name == event]

    @property
    def states(self) -> list[str]:
        """The states that the client went through."""
        return [args[0].value for args in self.arguments("transportStateChanged")]

    # Waiting.

    async def within(self, work: Awaitable[Result]) -> Result:
        """Wait for something, no longer than the stage's patience."""
        async with asyncio.timeout(self.stage.patience):
            return await work

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until what was fired or heard makes a condition true."""
        try:
            async with asyncio.timeout(self.stage.patience):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise ContractError(f"{what} within {self.stage.patience:g} s; last: {self.last}") from None

    async def until_fired(self, event: str) -> tuple[Any, ...]:
        """Wait until an event has been fired; its arguments."""
        await self.until(lambda: self.arguments(event), f"{event} must be fired")
        return self.arguments(event)[-1]

    async def failure(self, work: Awaitable[object], kind: type[RTVIError], what: str) -> Any:
        """The error of this kind that something must raise."""
        try:
            await self.within(work)
        except kind as error:
            return error
        except RTVIError as error:
            raise ContractError(f"{what} must raise {kind.__name__}, not {error!r}") from error
        raise ContractError(f"{what} must raise {kind.__name__}; it succeeded")

    # The bot.

    async def say(self, type: str, data: Any = None, id: str = "") -> None:
        """The bot sends an RTVI message."""
        await self.stage.say(json.dumps({"label": LABEL, "type": type, "id": id, "data": data}))

    async def _play_bot(self) -> None:
        while True:
            message = json.loads(await self.stage.heard())
            self.messages.append(message)
            self._changed.set()
            if message["type"] == "client-ready" and self.is_bot_ready:
                await self.say("bot-ready", {"version": PROTOCOL_VERSION}, message["id"])
            elif message["type"] == "client-message" and message["data"]["t"] == "echo":
                await self.say("server-response", message["data"], message["id"])

    def heard(self, type: str) -> list[dict[str, Any]]:
        """The messages of a type that the bot has heard."""
        return [message for message in self.messages if message["type"] == type]

    # The end.

    async def is_over(self, state: TransportState, microphone: Any = None) -> None:
        """Check that the present client's session is over and holds nothing.

        Args:
            state: the state in which it must be.
            microphone: the track that was sent.
        """
        client = self._client
        assert client
        await self.until(lambda: client.state is state, f"the state must be {state.value}; it is {client.state.value}")
        check(microphone is None or microphone.readyState == "ended", "the microphone must be released")
        check(client.tracks().local.audio is None, "no track of the microphone may be left")
        check(client.tracks().bot.audio is None, "no track of the bot may be left")
        check(not client.devices_open, "the devices must be closed")
        await self.nothing_left()

    async def nothing_left(self) -> None:
        """Check that neither tasks nor anything of the browser is left, and that nothing has failed unseen."""
        left: list[str] = []
        try:
            async with asyncio.timeout(self.stage.patience):
                while left := [*self._tasks_left(), *self.stage.left_open()]:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise ContractError(f"nothing may be left open: {', '.join(left)}") from None
        self.nothing_reported()

    def nothing_reported(self) -> None:
        """Check that no exception has reached the event loop: of a task, a callback, or a transport that hangs."""
        if self._reported:
            context = self._reported[0]
            message = f"nothing may fail unseen: {context.get('message')}: {context.get('exception')!r}"
            raise ContractError(message) from context.get("exception")

    def _tasks_left(self) -> list[str]:
        ours = {*self._before, self._bot, asyncio.current_task()}
        coroutines = [task.get_coro() for task in asyncio.all_tasks() - ours]
        return [f"the task of {getattr(coroutine, '__qualname__', coroutine)}" for coroutine in coroutines]

    async def close(self) -> None:
        """End the session of the present client, and the bot."""
        if self._client:
            await self._client.disconnect()
        self._bot.cancel()
        await asyncio.wait({self._bot})
        self._loop.set_exception_handler(self._handler)
        if not self._bot.cancelled() and (error := self._bot.exception()):
            raise error
