"""A websocket that is held open while a test plays the server.

Law of this room: the websocket is aiohttp's own. What the client sends is read as soon as it comes, so that its pings
and its closing are answered as by any server, whatever the test is doing; what the test has not fetched is kept for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import WSMessage, WSMsgType, web

from ..waiting import Waiter
from ..wire.served import dismiss
from ..wire.server_socket import SERVED_END

LAST = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})
"""The types of a message behind which none comes."""

# So many bytes are kept for a test that does not fetch them; then the client has to wait, as with any server
_UNFETCHED = 4 * 1024 * 1024


class Line:
    """One websocket, in the event loop of its client."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.loop = asyncio.get_running_loop()
        self.closing: tuple[int, bytes] | None = None
        """The code and the reason with which the test has closed it."""
        self.over = False
        """Whether nothing goes either way any more."""
        self._request = request
        self._inbox: deque[WSMessage] = deque()
        self._last: WSMessage | None = None
        self._unfetched = 0
        self._room: asyncio.Future[None] | None = None  # while too much is unfetched
        self._wanted: asyncio.Future[None] = self.loop.create_future()  # to be closed
        self._said: asyncio.Future[None] = self.loop.create_future()  # that it is
        self._cut = ""  # by what, or whom
        self._waiters: dict[Waiter, None] = {}  # in the order in which they came

    async def play(self) -> None:
        """Be there for the client, until it is closed or lost; in the task of the handler."""
        reading = self.loop.create_task(self._read())
        closing: asyncio.Task[bool] | None = None
        try:
            await asyncio.wait({reading, self._wanted}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() or self.closing is None:
                await reading
                return
            reading.cancel()  # while somebody receives, aiohttp would not wait for the client's answer
            await asyncio.wait({reading})
            code, message = self.closing
            closing = self.loop.create_task(self.socket.close(code=code, message=message))
            await asyncio.sleep(0)  # it has been said by then, unless the client doesn't read
            self._set(self._said)
            await closing
        except asyncio.CancelledError:
            self.ended_by("its task was cancelled, as at the end of an event loop")
            raise
        finally:
            dismiss(reading)
            dismiss(closing)
            self.over = True
            if not self.loop.is_closed():
                self._set(self._said)
                self._wake()

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.over or self._last is not None or self.closing is not None or bool(self._cut)

    @property
    def drained(self) -> bool:
        """Whether nothing is left to be fetched, and nothing will come."""
        return self.closed and not self._inbox

    async def fetch(self, timeout: float | None) -> WSMessage | None:
        """The next message; None if none comes in so many seconds, or ever."""
        await self.until(lambda: bool(self._inbox) or self.drained, timeout)
        if not self._inbox:
            return None
        message = self._inbox.popleft()
        if message.type not in LAST:
            self._unfetched -= len(message.data)
            if self._room is not None and self._unfetched <= _UNFETCHED // 2:
                self._set(self._room)
        return message

    async def until(self, look: Callable[[], bool], timeout: float | None) -> bool:
        """Whether `look` says yes before so many seconds are over; it is asked whenever something has happened."""
        waiter = Waiter()
        self._waiters[waiter] = None
        try:
            return await waiter.until(lambda _: look(), timeout)
        finally:
            self._waiters.pop(waiter)

    async def close(self, code: int, message: bytes) -> None:
        """Say that it is closed; the client's answer is awaited elsewhere."""
        if not self.closed:
            self.closing = code, message
            self._set(self._wanted)
            await self._said

    def abort(self) -> None:
        """Cut the connection without a word."""
        self.ended_by("the test has aborted it")
        if (transport := self._request.transport) is not None:
            transport.abort()

    def cut(self, why: str) -> None:
        """End it, now, whatever anybody is doing; in its event loop's own thread, if that is running."""
        self.ended_by(why)
        if (end := self._request.get_extra_info(SERVED_END)) is not None:
            end.close()

    def ended_by(self, why: str) -> None:
        """Note what has ended it, if that was no closing."""
        by_client = self._last is not None and self._last.type is WSMsgType.CLOSE
        if not (by_client or self.closing or self._cut):
            self._cut = why

    @property
    def state(self) -> str:
        """How it is, in words."""
        last = self._last
        if last is not None and last.type is WSMsgType.CLOSE:
            reason = f" {last.extra!r}" if last.extra else ""
            return f"the client has closed with {last.data or 'no code'}{reason}"
        if self._cut:
            return self._cut
        if self.closing is not None:
            outcome = f"and the client answered with {self.socket.close_code}" if self.over else "unanswered so far"
            return f"the test has closed with {self.closing[0]}, {outcome}"
        if last is not None and last.type is WSMsgType.ERROR and not isinstance(last.data, OSError):
            return f"the client has sent what is no websocket's ({last.data})"
        return "the client is gone without a closing" if self.closed else "the client is connected"

    async def _read(self) -> None:
        while self._last is None:
            message = await self.socket.receive()
            self._inbox.append(message)
            if message.type in LAST:
                self._last = message
            else:
                self._unfetched += len(message.data)
            self._wake()
            if self._unfetched > _UNFETCHED:
                self._room = self.loop.create_future()
                await self._room

    def _wake(self) -> None:
        for waiter in list(self._waiters):
            waiter.wake()

    @staticmethod
    def _set(future: asyncio.Future[None]) -> None:
        if not future.done():
            future.set_result(None)
