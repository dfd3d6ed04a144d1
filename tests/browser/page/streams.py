"""An event stream whose both ends are in the page: its server side is told what to do by the test, over real HTTP."""

import asyncio
import os

from rtvi_web.browser.fetch import fetch
from rtvi_web.transports.http import PageHttp


class Streamed:
    """One request that is answered with an event stream, and the bytes of it that have arrived."""

    def __init__(self):
        self.url = f"/streams/{os.urandom(4).hex()}"
        self.chunks = []
        self._changed = asyncio.Event()

    def open(self):
        """Send the request; the task ends with its answer."""
        return asyncio.ensure_future(PageHttp().stream("POST", self.url, headers={}, body="{}", on_chunk=self._take))

    def _take(self, chunk):
        self.chunks.append(chunk)
        self._changed.set()

    async def arrived(self, data):
        """Wait until exactly this has arrived."""
        while b"".join(self.chunks) != data:
            self._changed.clear()
            await self._changed.wait()

    async def command(self, verb, data=b""):
        """Tell the server to ``write`` a piece, to ``end``, to ``die``, or to wait until the page is ``gone``."""
        assert (await fetch("POST", f"{self.url}/{verb}", headers={}, body=data.hex()))[0] == 200
