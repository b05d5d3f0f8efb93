"""One answer that goes wrong, on its way: its script, played on a connection.

Law of this room: what is said is said; a script goes on behind a whole answer, as a server would, whatever is asked
next. What the client made of it is noted in the record of its own request, and in no other.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import ClientConnectionError, ClientError

from .script import Ending, Wait
from .wire.protocol import WireProtocol
from .wire.transport import WireTransport

if TYPE_CHECKING:
    from .delivery import Deliverable, Told

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)\b")
_HEAD_END = b"\r\n\r\n"


class Play:
    """`send` takes bytes to the client; `until_read` returns when they have reached it, and it wants more."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: WireProtocol,
        transport: WireTransport,
        record: Told,
        send: Callable[[bytes], Awaitable[None]],
        until_read: Callable[[], Awaitable[None]],
    ) -> None:
        self._loop = loop
        self._protocol = protocol
        self._transport = transport
        self._record = record
        self._send = send
        self._until_read = until_read
        self._before = protocol._payload  # of the last answer on this connection
        self._payload: Any = None  # where the client reads the body
        self._head = b""  # as far as it has been said
        self._whole = False  # whether that is all of it
        self._taken = False  # whether aiohttp has taken it for one
        self.gone = False
        """Whether the client is."""
        self.left = False
        """Whether the client waits for more though its connection is gone: aiohttp's parser in C does not tell it."""

    async def run(self, reply: Deliverable, *, last: bool, wait: Wait) -> None:
        """Play it to its end; `last` says that no other answer follows on this connection."""
        shown = reply if reply.fault is not None and reply.fault.shows else None
        if shown is not None:
            self._protocol.shown = shown
        try:
            async with aclosing(reply.script(self._record.method, last=last, wait=wait)) as steps:
                step = await anext(steps, None)
                while isinstance(step, bytes):
                    await self._send(step)
                    self._note(step, shown)
                    step = await self._next(steps, streams=shown is not None) if not self.left else None
            if self.left:
                await self._linger(wait)
                return
            if step is not None:
                self._loop.call_soon(self.end, step)  # which ends this task, too
                return
            if not self._complete:
                await wait(math.inf)  # half an answer, and nothing more comes
            self._record.ended()
        except BaseException as error:
            self._failed(error)

    async def _next(self, steps: AsyncGenerator[bytes | Ending, None], *, streams: bool) -> bytes | Ending | None:
        if streams:  # a piece of a body is made when the one before has been read
            await self._until_read()
            return await anext(steps, None)
        step = await anext(steps, None)
        if step is Ending.DISCONNECT:
            self._transport.announce_end()
        await self._until_read()
        return step

    def _note(self, step: bytes, shown: Deliverable | None) -> None:
        """Note what aiohttp has made of it."""
        if not self._whole:
            self._head += step
            while (end := self._head.find(_HEAD_END)) >= 0:
                status = _STATUS.match(self._head)
                self._whole = status is None or status[1] == b"101" or not status[1].startswith(b"1")
                if self._whole:
                    self._answered(status, self._head[: end + len(_HEAD_END)], shown)
                    break
                self._head = self._head[end + len(_HEAD_END) :]  # a 1xx goes before the answer
        if self._protocol._payload is not self._before:
            self._payload = self._protocol._payload or self._payload
        if self._payload is None or self._payload.is_eof():
            return
        if self._payload.exception() is not None:
            self.tell()  # before the client's task goes on
        elif self._protocol.exception() is not None:
            self.left, self._protocol.left = True, (self._transport.far_end, self._payload)

    def _answered(self, status: re.Match[bytes] | None, head: bytes, shown: Deliverable | None) -> None:
        self._taken = status is not None and self._protocol.exception() is None
        if status is None or not self._taken:
            return
        if shown is None:
            self._record.answered(int(status[1]), head)
        else:
            self._record.answered(shown.status, shown.headers)

    @property
    def _complete(self) -> bool:
        """Whether the client has all of the answer, or will never have it."""
        return self._whole and (self._payload is None or self._payload.is_eof())

    def end(self, ending: Ending) -> None:
        """Leave the connection; the record is told what the client makes of it. From a callback of the event loop."""
        if ending is Ending.RESET:
            self._transport.reset()
            self.tell()
        else:
            self._transport.end()
            self._loop.call_soon(self.tell)  # behind what that has called soon

    def tell(self) -> None:
        """Tell the record what has gone wrong for the client; not that it has closed the connection itself."""
        error = None
        if self._payload is not None:
            error = None if self._payload.is_eof() else self._payload.exception()
        elif not self._taken:
            error = self._protocol.exception()
            if not isinstance(error, ClientError):
                error = None  # of a parser's error, aiohttp makes another one
        self._record.ended(None if type(error) is ClientConnectionError else error)

    async def _linger(self, wait: Wait) -> None:
        """Stay for a client that is left waiting, as long as it waits."""
        await asyncio.sleep(0)  # now the connection is gone, and who does not wait for its bytes yet never will
        waiter, task = self._payload._waiter or self._payload._eof_waiter, asyncio.current_task()
        try:
            if waiter is not None and task is not None:
                waiter.add_done_callback(lambda _: task.cancel())
                await wait(math.inf)
        except asyncio.CancelledError:
            self.gone = True
            raise
        self._protocol.left = None

    def _failed(self, error: BaseException) -> None:
        """What was to be said can't be."""
        if not self.gone:  # also if what is read was cancelled: the client must not wait for the rest
            self._record.ended(error)
            self._protocol.fail(error)
        elif isinstance(error, Exception):
            raise error  # a mistake in what the generator does at its end: there is only the log to tell
        if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, SystemExit)):
            raise error
