"""The bots that were started: those that wait for their page, and those that run."""

import asyncio
import secrets
from typing import Any, Literal

from bot import Extension, main
from fastapi import HTTPException, WebSocket
from loguru import logger
from pipecat.transports.network.webrtc_connection import SmallWebRTCConnection
from pydantic import BaseModel
from start import Start

MAX_RUNNING = 20
MAX_WAITING = 100
JOIN_TIMEOUT = 60.0  # seconds


class Offer(BaseModel):
    """A SmallWebRTC offer; with the `pc_id` of an answer it changes that connection."""

    sdp: str
    type: Literal["offer"]
    pc_id: str | None = None
    restart_pc: bool = False


class Sessions:
    """Every session of the server."""

    def __init__(self, extend: Extension) -> None:
        self._extend = extend
        self._waiting: dict[str, Start] = {}
        self._connections: dict[str, SmallWebRTCConnection] = {}
        self._running: set[asyncio.Task[None]] = set()

    def add(self, start: Start) -> str:
        """Keep a start until its page comes; the session's id."""
        if len(self._running) >= MAX_RUNNING or len(self._waiting) >= MAX_WAITING:
            raise HTTPException(503, "too many sessions are running or waiting for their page; try again later")
        session = secrets.token_urlsafe(16)
        self._waiting[session] = start
        asyncio.get_running_loop().call_later(JOIN_TIMEOUT, self._waiting.pop, session, None)
        return session

    async def answer(self, session: str | None, offer: Offer) -> dict[str, Any]:
        """Answer an offer: a page joins its session, or changes its connection."""
        if connection := self._connections.get(offer.pc_id or ""):
            try:
                await connection.renegotiate(offer.sdp, offer.type, offer.restart_pc)
            except Exception as error:  # The connection may be closed, and its session about to end.
                raise _unanswerable(error) from error
        else:
            connection = await self._join(session, offer)
        given: dict[str, Any] = connection.get_answer()
        return given

    async def meet(self, session: str | None, socket: WebSocket) -> None:
        """Run a session over a page's WebSocket."""
        start = self._waiting.pop(session or "", None) if len(self._running) < MAX_RUNNING else None
        if start is None:
            await socket.close()  # Before it is accepted: the page is answered with 403.
            return
        await socket.accept()
        task = asyncio.create_task(main(socket, start, self._extend))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await task
        except Exception:
            logger.exception("a session failed")

    async def close(self) -> None:
        """End every session."""
        for session in self._running:
            session.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _join(self, session: str | None, offer: Offer) -> SmallWebRTCConnection:
        if len(self._running) >= MAX_RUNNING:
            raise HTTPException(503, "too many sessions are running; try again later")
        start = self._waiting.pop(session or "", None)
        if start is None:
            raise HTTPException(404, "there is no such session, or somebody has joined it: start the bot again")
        connection = SmallWebRTCConnection()
        try:
            await connection.initialize(offer.sdp, offer.type)
        except Exception as error:
            await connection.disconnect()
            raise _unanswerable(error) from error
        task = asyncio.create_task(self._run(connection, start))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return connection

    async def _run(self, connection: SmallWebRTCConnection, start: Start) -> None:
        self._connections[connection.pc_id] = connection
        try:
            await main(connection, start, self._extend)
        except Exception:
            logger.exception("a session failed")
        finally:
            del self._connections[connection.pc_id]
            await connection.disconnect()


def _unanswerable(error: Exception) -> HTTPException:
    return HTTPException(400, f"the offer cannot be answered: {error}")
