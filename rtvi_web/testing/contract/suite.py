"""The register of the tests: which there are, which fit a stage, and how one is played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from rtvi_web.testing.contract.scene import ContractError, Scene
from rtvi_web.testing.contract.stage import Stage

Play: TypeAlias = Callable[[Scene], Awaitable[None]]


class _Test(NamedTuple):
    play: Play
    needs: tuple[str, ...]


_TESTS: dict[str, _Test] = {}


def contract_test(*needs: str) -> Callable[[Play], Play]:
    """Register a test.

    Args:
        needs: the optional methods and attributes of a :class:`Stage` without which it cannot be played.
    """

    def register(play: Play) -> Play:
        _TESTS[play.__name__] = _Test(play, needs)
        return play

    return register


def tests_of(stage: type[Stage] | None = None) -> tuple[str, ...]:  # noqa: PT028 - not a test
    """The names of the tests for which a stage brings all that they need.

    Args:
        stage: the class of the stage; ``None`` stands for one that brings everything.
    """
    if stage is None:
        return tuple(_TESTS)
    return tuple(name for name, test in _TESTS.items() if all(_brings(stage, need) for need in test.needs))


tests_of.__test__ = False  # type: ignore[attr-defined]  # pytest collects what begins with "test"


def _brings(stage: type[Stage], need: str) -> bool:
    return getattr(stage, need) is not getattr(Stage, need)


async def play(name: str, stage: Stage) -> None:
    """Play a test. The stage is started and stopped.

    Args:
        name: of a test, one of :func:`tests_of`.
        stage: a new one.

    Raises:
        ContractError: the transport does not keep its contract.
        KeyError: there is no such test.
    """
    test = _TESTS[name]
    async with stage:
        scene = Scene(stage)
        try:
            await test.play(scene)
            scene.nothing_reported()
        except TimeoutError as error:
            raise ContractError(f"{name}: it took longer than {stage.patience:g} s; last: {scene.last}") from error
        finally:
            await scene.close()
