"""The contract suite, played over the scripted transport on CPython."""

from __future__ import annotations

import pytest
from scripted_stage import ScriptedStage

from rtvi_web.rtvi.transport import Transport
from rtvi_web.testing import contract


def test_all_tests_fit_a_stage_that_brings_everything() -> None:
    assert contract.tests_of(ScriptedStage) == contract.tests_of()
    assert len(contract.tests_of()) >= 20

    class Least(contract.Stage):
        def make_transport(self) -> Transport:
            raise NotImplementedError

        async def say(self, text: str) -> None: ...

        async def heard(self) -> str:
            raise NotImplementedError

    assert 8 <= len(contract.tests_of(Least)) < len(contract.tests_of(ScriptedStage))


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("name", contract.tests_of(ScriptedStage))
async def test_the_scripted_transport(name: str) -> None:
    await contract.play(name, ScriptedStage())
