"""on, once, off, wait_for, and handlers that misbehave."""

from __future__ import annotations

import asyncio
import functools
import gc
from typing import Any

import pytest
from sessions import over, turns
from virtual_clock import kept_futures

from rtvi_web import DisconnectedError, InvalidArgumentError, Participant, RTVIEvent, TextData
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event_members import EventMembers
from rtvi_web.rtvi.protocol.events import EVENTS

pytestmark = pytest.mark.usefixtures("tidy")
TEXT = RTVIEvent.BOT_LLM_TEXT
HI = TextData(text="hi")
SOMEONE = Participant("p1", "Ann", local=False)


@pytest.fixture
def emitter() -> Emitter:
    return Emitter(EVENTS)


@pytest.fixture
def events(emitter: Emitter) -> EventMembers:
    return EventMembers(emitter)


class TestSubscribing:
    async def test_handlers_get_the_arguments_in_the_order_in_which_they_came(
        self, emitter: Emitter, events: EventMembers
    ) -> None:
        got: list[Any] = []
        events.on(TEXT, lambda text: got.append(("first", text)))
        events.on("botLlmText", lambda text: got.append(("second", text)))
        emitter.emit(TEXT, HI)
        assert got == [("first", HI), ("second", HI)]

    async def test_decorators_return_the_function(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[str] = []

        @events.on(TEXT)
        def always(text: TextData) -> None:
            got.append("always")

        @events.once(TEXT)
        def once(text: TextData) -> None:
            got.append("once")

        emitter.emit(TEXT, HI)
        emitter.emit(TEXT, HI)
        assert got == ["always", "once", "always"]
        assert (always.__name__, once.__name__) == ("always", "once")
        events.off(TEXT, always)
        emitter.emit(TEXT, HI)
        assert len(got) == 3

    async def test_on_returns_what_unsubscribes(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[TextData] = []
        unsubscribe = events.on(TEXT, got.append)
        unsubscribe()
        unsubscribe()
        emitter.emit(TEXT, HI)
        assert got == []
        assert not emitter.listens(TEXT)

    async def test_each_unsubscribes_its_own(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[TextData] = []
        first, _ = events.on(TEXT, got.append), events.on(TEXT, got.append)
        first()
        first()
        emitter.emit(TEXT, HI)
        assert got == [HI]

    async def test_unsubscribing_a_once_leaves_the_on_of_the_same_function(
        self, emitter: Emitter, events: EventMembers
    ) -> None:
        got: list[TextData] = []
        events.on(TEXT, got.append)
        unsubscribe = events.once(TEXT, got.append)
        unsubscribe()
        emitter.emit(TEXT, HI)
        emitter.emit(TEXT, HI)
        assert len(got) == 2

    async def test_off_finds_a_once(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[TextData] = []
        events.once(TEXT, got.append)
        events.off(TEXT, got.append)
        emitter.emit(TEXT, HI)
        assert got == []

    async def test_off_is_not_misled_by_a_wrapper(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[str] = []

        def plain(_: TextData) -> None:
            got.append("plain")

        @functools.wraps(plain)
        def wrapped(text: TextData) -> None:
            got.append("wrapped")

        events.on(TEXT, wrapped)
        events.on(TEXT, plain)
        events.off(TEXT, plain)
        emitter.emit(TEXT, HI)
        assert got == ["wrapped"]

    async def test_off_ignores_handlers_that_are_not_subscribed(self, emitter: Emitter, events: EventMembers) -> None:
        events.off(TEXT, print)
        events.on(TEXT, str)
        events.off(TEXT, print)
        assert emitter.listens(TEXT)

    async def test_unknown_events_are_answered_with_the_nearest_name(self, events: EventMembers) -> None:
        message = "There is no event 'botLlmTxt'. Did you mean 'botLlmText'?"
        for subscribe in (events.on, events.once, events.off):
            with pytest.raises(InvalidArgumentError) as raised:
                subscribe("botLlmTxt", print)
            assert str(raised.value) == message
        with pytest.raises(InvalidArgumentError, match="Did you mean 'botLlmText'"):
            await events.wait_for("botLlmTxt")
        with pytest.raises(InvalidArgumentError, match=r"^There is no event 'qqqqqqqq'\.$"):
            events.on("qqqqqqqq")

    async def test_a_handler_that_cannot_be_called(self, emitter: Emitter, events: EventMembers) -> None:
        with pytest.raises(InvalidArgumentError, match="must be a function; it is 5"):
            events.on("botLlmText", 5)  # type: ignore[call-overload]
        with pytest.raises(InvalidArgumentError, match="must be a function; it is 'x'"):
            events.once("botLlmText")("x")  # type: ignore[arg-type]
        assert not emitter.listens(TEXT)


class TestHandlersThatChangeTheHandlers:
    async def test_a_handler_that_removes_itself_skips_no_other(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[str] = []

        def leaving(_: TextData) -> None:
            got.append("leaving")
            events.off(TEXT, leaving)

        events.on(TEXT, leaving)
        events.on(TEXT, lambda _: got.append("next"))
        emitter.emit(TEXT, HI)
        emitter.emit(TEXT, HI)
        assert got == ["leaving", "next", "next"]

    async def test_a_once_that_is_removed_by_an_earlier_handler_does_not_run(
        self, emitter: Emitter, events: EventMembers
    ) -> None:
        got: list[TextData] = []
        events.on(TEXT, lambda _: events.off(TEXT, got.append))
        events.once(TEXT, got.append)
        emitter.emit(TEXT, HI)
        assert got == []

    async def test_adding_one_is_for_the_next_time(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[TextData] = []
        events.once(TEXT, lambda _: events.on(TEXT, got.append))
        emitter.emit(TEXT, HI)
        assert got == []
        emitter.emit(TEXT, HI)
        assert got == [HI]

    async def test_once_is_once_even_when_an_earlier_handler_fires_the_event_again(
        self, emitter: Emitter, events: EventMembers
    ) -> None:
        got: list[TextData] = []
        events.once(TEXT, lambda _: emitter.emit(TEXT, HI))
        events.once(TEXT, got.append)
        emitter.emit(TEXT, HI)
        assert got == [HI]


class TestAsyncHandlers:
    async def test_sync_ones_run_in_place_and_async_ones_start_in_order(
        self, emitter: Emitter, events: EventMembers
    ) -> None:
        got: list[str] = []
        gate = asyncio.Event()

        @events.on(TEXT)
        async def one(_: TextData) -> None:
            got.append("one")
            await gate.wait()
            got.append("one ends")

        events.on(TEXT, lambda _: got.append("sync"))

        @events.on(TEXT)
        async def two(_: TextData) -> None:
            got.append("two")

        emitter.emit(TEXT, HI)
        assert got == ["sync"]
        await turns(1)
        assert got == ["sync", "one", "two"]
        gate.set()
        await turns(2)
        assert got[-1] == "one ends"

    async def test_what_returns_a_coroutine_is_async_too(self, emitter: Emitter, events: EventMembers) -> None:
        got: list[str] = []

        async def note(word: str, _: TextData) -> None:
            got.append(word)

        events.on(TEXT, functools.partial(note, "partial"))
        events.on(TEXT, lambda text: note("lambda", text))
        events.once(TEXT, functools.partial(note, "once"))
        emitter.emit(TEXT, HI)
        await turns(2)
        assert got == ["partial", "lambda", "once"]

    async def test_a_cancelled_handler_is_not_reported(self, emitter: Emitter, events: EventMembers) -> None:
        @events.on(TEXT)
        async def waits(_: TextData) -> None:
            await asyncio.Event().wait()

        before = asyncio.all_tasks()
        emitter.emit(TEXT, HI)
        [task] = asyncio.all_tasks() - before
        await turns(1)
        task.cancel()
        await turns(2)
        assert task.cancelled()


class TestHandlersThatRaise:
    @pytest.mark.parametrize("error", [ValueError("boom"), asyncio.CancelledError()], ids=repr)
    async def test_sync(
        self, emitter: Emitter, events: EventMembers, reported: list[Any], error: BaseException
    ) -> None:
        def bad(_: TextData) -> None:
            raise error

        got: list[TextData] = []
        events.on(TEXT, bad)
        events.once(TEXT, bad)
        events.on(TEXT, got.append)
        emitter.emit(TEXT, HI)
        assert got == [HI]
        assert reported == [error, error]
        reported.clear()

    async def test_async(self, emitter: Emitter, events: EventMembers, reported: list[Any]) -> None:
        error = ValueError("boom")

        @events.on(TEXT)
        async def bad(_: TextData) -> None:
            raise error

        got: list[TextData] = []
        events.on(TEXT, got.append)
        emitter.emit(TEXT, HI)
        await turns(2)
        assert got == [HI]
        assert reported == [error]
        reported.clear()

    async def test_the_report_says_which_event(
        self, emitter: Emitter, events: EventMembers, caplog: pytest.LogCaptureFixture
    ) -> None:
        asyncio.get_running_loop().set_exception_handler(None)
        events.on(TEXT, lambda _: 1 / 0)
        emitter.emit(TEXT, HI)
        assert "a handler of 'botLlmText' raised" in caplog.text
        assert "ZeroDivisionError" in caplog.text
        assert "Traceback" in caplog.text

    async def test_one_that_needs_more_arguments(
        self, emitter: Emitter, events: EventMembers, reported: list[Any]
    ) -> None:
        events.on("botLlmText", lambda text, more: None)
        emitter.emit(TEXT, HI)
        assert isinstance(reported.pop(), TypeError)


class TestWaitFor:
    async def waiting(self, events: EventMembers, event: str, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(events.wait_for(event, **options))
        await turns(2)
        return task

    @pytest.mark.parametrize(
        ("event", "arguments", "result"),
        [
            (RTVIEvent.CONNECTED, (), None),
            (RTVIEvent.BOT_LLM_TEXT, (HI,), HI),
            (RTVIEvent.TRACK_STARTED, ("track", SOMEONE), ("track", SOMEONE)),
            (RTVIEvent.SERVER_MESSAGE, (0,), 0),
            (RTVIEvent.SERVER_MESSAGE, ([],), []),
        ],
    )
    async def test_gives_what_handlers_get(
        self, emitter: Emitter, events: EventMembers, event: Any, arguments: Any, result: Any
    ) -> None:
        task = await self.waiting(events, event)
        emitter.emit(event, *arguments)
        emitter.emit(event, *arguments)
        assert await over(task) == result
        assert not emitter.listens(event)
        assert await kept_futures() == []

    async def test_check(self, emitter: Emitter, events: EventMembers) -> None:
        task = await self.waiting(events, TEXT, check=lambda text: text.text == "two")
        for word in ("one", "two", "three"):
            emitter.emit(TEXT, TextData(text=word))
        assert (await over(task)).text == "two"

    async def test_a_check_that_raises_is_the_waiters_error(self, emitter: Emitter, events: EventMembers) -> None:
        task = await self.waiting(events, TEXT, check=lambda text: text.nonsense)
        emitter.emit(TEXT, HI)
        with pytest.raises(AttributeError, match="nonsense"):
            await over(task)
        assert not emitter.listens(TEXT)

    async def test_a_check_that_runs_out_of_items(self, emitter: Emitter, events: EventMembers) -> None:
        """StopIteration cannot pass through a future as it is."""
        task = await self.waiting(events, TEXT, check=lambda text: next(iter(())))
        emitter.emit(TEXT, HI)
        with pytest.raises(RuntimeError, match="check"):
            await over(task)

    async def test_timeout(self, emitter: Emitter, events: EventMembers) -> None:
        with pytest.raises(TimeoutError):
            await events.wait_for(TEXT, timeout=0.001)
        assert not emitter.listens(TEXT)
        assert await kept_futures() == []

    async def test_the_session_ends_first(self, emitter: Emitter, events: EventMembers) -> None:
        tasks = [await self.waiting(events, TEXT), await self.waiting(events, "connected")]
        emitter.fail_waiters("over")
        for task in tasks:
            with pytest.raises(DisconnectedError, match="over"):
                await over(task)

    async def test_what_happened_counts_although_the_session_ends_at_once(
        self, emitter: Emitter, events: EventMembers
    ) -> None:
        task = await self.waiting(events, RTVIEvent.DISCONNECTED)
        emitter.emit(RTVIEvent.DISCONNECTED)
        emitter.fail_waiters("over")
        assert await over(task) is None

    async def test_cancelled(self, emitter: Emitter, events: EventMembers) -> None:
        task = await self.waiting(events, TEXT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not emitter.listens(TEXT)

    async def test_cancelled_as_the_session_ends(self, emitter: Emitter, events: EventMembers) -> None:
        """Nobody is left to see the error, so it is not reported as unseen."""
        task = await self.waiting(events, TEXT)
        emitter.fail_waiters("over")
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        del task
        gc.collect()  # an unseen error is reported when its future is collected
