"""docs/transports.md: its table is current, and its example passes the contract suite as the page says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from transport_table import PAGE, transports, with_table

from rtvi_web import ConnectPhase
from rtvi_web.testing import contract

TEXT = Path(PAGE).read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


class Pipe:
    """A pipe in memory; the end of its lines is ``None``."""

    def __init__(self, server: PipeServer) -> None:
        self.server = server
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.says_goodbye = False
        self.is_closed = False

    async def bot_is_there(self) -> None:
        await self.server.reach(ConnectPhase.BOT)

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self.lines.get()) is not None:
            yield line

    def write(self, line: str) -> None:
        self.server.written.put_nowait(line)

    def hang_up(self, *, says_goodbye: bool) -> None:
        self.says_goodbye = says_goodbye
        self.lines.put_nowait(None)

    def close(self) -> None:
        self.is_closed = True


class PipeServer:
    """The other end of each pipe."""

    def __init__(self) -> None:
        self.written: asyncio.Queue[str] = asyncio.Queue()
        self.stalls: ConnectPhase | None = None
        self.refuses = False
        self.pipes: list[Pipe] = []

    @property
    def pipe(self) -> Pipe:
        return self.pipes[-1]

    async def reach(self, phase: ConnectPhase) -> None:
        await asyncio.sleep(0)
        if phase is self.stalls:
            await asyncio.Event().wait()

    async def dial(self) -> Pipe:
        await self.reach(ConnectPhase.LINK)
        if self.refuses:
            self.refuses = False
            raise OSError("the server is full")
        self.pipes.append(Pipe(self))
        return self.pipe


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The names of the page's blocks, run one after another as they stand there; only the server is ours."""
    names: dict[str, Any] = {"PipeServer": PipeServer}
    for block in BLOCKS:
        exec(compile(block, PAGE.name, "exec"), names)
    return names


def names() -> tuple[str, ...]:
    stage = BLOCKS[-1]
    written = dict.fromkeys(
        [*re.findall(r"def (\w+)\(self", stage), *re.findall(r"^    (\w+) = ", stage, re.MULTILINE)]
    )
    return contract.tests_of(type("Stage", (contract.Stage,), written))


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("name", names())
async def test_the_example_passes_the_suite(page: dict[str, Any], name: str) -> None:
    await page["test_the_pipe"](name)


def test_the_example_is_short_and_its_stage_names_these_tests(page: dict[str, Any]) -> None:
    code = [line for line in BLOCKS[1].splitlines() if line.strip()]
    assert len(code) <= 41
    assert set(names()) == set(contract.tests_of(page["PipeStage"]))
    assert {"an_end_has_a_typed_reason", "a_bot_that_leaves_ends_the_session"} <= set(names())


@pytest.mark.usefixtures("tidy")
async def test_a_pipe_with_devices_carries_what_it_says(page: dict[str, Any]) -> None:
    """What PageMedia opens is tested in the page: tests/browser/test_carried.py."""
    transport = page["MediaPipeTransport"](PipeServer().dial)
    assert transport.media.carries == {"mic", "speaker"}
    await transport.close()


def test_the_table_is_current() -> None:
    assert with_table(TEXT) == TEXT, "run python build/transport_table.py"
    assert all(f"| `{kind.__name__}` |" in TEXT for kind in transports())
