"""The server side of the seed era for the tests: one connect endpoint and one bot for the whole run."""

from collections.abc import Iterator

import pytest
from local_bot import LocalBot
from seed_bot import SeedBot, seed_bot


@pytest.fixture(scope="session", name="seed_server")
def start_seed_server(bot: LocalBot) -> Iterator[SeedBot]:
    """A real Pipecat 0.0.73 behind a connect endpoint, for the pages that the local bot serves."""
    with seed_bot(origins=[bot.address.rstrip("/")]) as running:
        yield running
        running.check()
