"""The page's code that does not let itself be stopped."""

import asyncio


class Stubborn:
    """A coroutine function that swallows its cancellation, until the block ends.

    Args:
        how: ``"waits"`` for one event, or ``"spins"``: it sleeps a millisecond at a time, for which Pyodide posts
            messages to the page without a pause.
    """

    def __init__(self, how):
        self.began = asyncio.Event()
        self.swallowed = 0
        self._seconds = 0.001 if how == "spins" else None
        self._over = asyncio.Event()
        self._ended = []

    async def __call__(self, *_args):
        ended = asyncio.Event()
        self._ended.append(ended)
        self.began.set()
        while not self._over.is_set():
            try:
                if self._seconds is None:
                    await self._over.wait()
                else:
                    await asyncio.sleep(self._seconds)
            except BaseException:
                self.swallowed += 1
        ended.set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_exc):
        self._over.set()
        for ended in self._ended:
            await ended.wait()
