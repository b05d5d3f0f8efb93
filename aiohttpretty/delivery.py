"""A finished reply on its way to the client, no faster than the client reads.

Law of this room: it reads and writes bytes and knows of a reply only its shape. What goes wrong here is raised
where the client waits; an exception in a loop callback would be a hang until the client's timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from multidict import CIMultiDictProxy

from .errors import BodyError
from .wire.protocol import Shown, WireProtocol
from .wire.transport import WireTransport

# As much as a selector event loop reads from a socket at a time
_SLICE = 256 * 1024


class PiecewiseBody(Protocol):
    """A body that comes in pieces."""

    @property
    def length(self) -> int | None: ...
    def open(self, wait: Callable[[float], Awaitable[object]]) -> AsyncGenerator[bytes, None]: ...


class Deliverable(Shown, Protocol):
    """The shape of a reply that is said as it is."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes | PiecewiseBody: ...
    @property
    def whole(self) -> bytes | None: ...
    def head(self, *, length: int | None, last: bool) -> bytes: ...
    def bodiless(self, method: str) -> bool: ...


class Told(Protocol):
    """Who is told what becomes of a request."""

    method: str
    status: int | None

    def answered(self, status: int, headers: CIMultiDictProxy[str] | bytes) -> None: ...
    def said(self, status: int, headers: CIMultiDictProxy[str]) -> None: ...
    def ended(self, error: BaseException | None = None) -> None: ...


class Delivery:
    """Says replies on one connection, one after another."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: WireProtocol, transport: WireTransport) -> None:
        self._loop = loop
        self._protocol = protocol
        self._transport = transport
        self._rest: memoryview | None = None
        self._pump: asyncio.Task[None] | None = None
        self._resumed: asyncio.Future[None] | None = None
        self._told: Told | None = None  # while there is something to tell
        self._gone = False

    @property
    def under_way(self) -> bool:
        """Whether something is still to be said."""
        return self._rest is not None or (self._pump is not None and not self._pump.done())

    def say(self, reply: Deliverable, record: Told, *, last: bool) -> None:
        """Say it to the request of that record; `last` closes the connection behind it."""
        self._protocol.shown = reply
        body = reply.body
        if reply.bodiless(record.method):
            record.said(reply.status, reply.headers)
            self._deliver(reply.head(length=0, last=last))
            return
        if reply.whole is not None and not last:
            record.said(reply.status, reply.headers)
            self._protocol.data_received(reply.whole)
            return
        record.answered(reply.status, reply.headers)
        if not isinstance(body, bytes):
            length = body.length
            self._deliver(reply.head(length=length, last=last))
            if length != 0:
                self._told = record
                self._pump = self._loop.create_task(self._stream(body.open(asyncio.sleep), length))
            else:
                record.ended()
        else:
            self._told = record
            self._deliver(reply.head(length=len(body), last=last))
            self._rest = memoryview(body)
            self._deliver_rest()

    def resume(self) -> None:
        """The client reads again."""
        if self._rest is not None:
            self._deliver_rest()
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)

    def stop(self) -> None:
        """The client is gone."""
        first, self._gone = not self._gone, True
        self._rest = None
        self._tell()
        if self._pump is not None and first:  # what a generator awaits at its end is not to be cancelled again
            self._pump.cancel()

    def _tell(self, error: BaseException | None = None) -> None:
        told, self._told = self._told, None
        if told is not None:
            told.ended(error)

    def _deliver(self, data: bytes) -> None:
        if not self._gone and not self._transport.is_closing():
            self._protocol.data_received(data)

    def _deliver_rest(self) -> None:
        while self._rest is not None and self._transport.reading:
            piece, rest = self._rest[:_SLICE], self._rest[_SLICE:]
            self._rest = rest if len(rest) else None
            self._deliver(bytes(piece))
        if self._rest is None:
            self._tell()

    async def _stream(self, pieces: AsyncGenerator[bytes, None], length: int | None) -> None:
        left = length
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    await self._send(piece[:left], chunked=length is None)
                    if left is not None and not (left := left - min(left, len(piece))):
                        break  # the client may ask for something else by now; what a file has grown by is not sent
                    await self._until_read()
                    if self._gone:
                        return
            if left:
                raise BodyError(
                    f"The body ended {left} bytes before its size: it was {length} bytes long when the answer began, "
                    "and has been shortened since. Leave the file alone until the answer is read."
                )
            if left is None:
                self._deliver(b"0\r\n\r\n")
            self._tell()
        except BaseException as error:
            if not self._gone:  # also if what is read was cancelled: the client must not wait for the rest
                self._tell(error)
                self._protocol.fail(error)
            elif isinstance(error, Exception):
                raise  # a mistake in what the generator does at its end: there is only the log to tell
            if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, SystemExit)):
                raise

    async def _send(self, piece: bytes, *, chunked: bool) -> None:
        before, after = (b"%x\r\n" % len(piece), b"\r\n") if chunked else (b"", b"")
        if len(piece) <= _SLICE:
            self._deliver(before + piece + after)
            return
        self._deliver(before)
        for start in range(0, len(piece), _SLICE):
            if start:
                await self._until_read()
            self._deliver(piece[start : start + _SLICE])
        if after:
            self._deliver(after)

    async def _until_read(self) -> None:
        """Each piece reaches the client before the next is made, and none is made while the client doesn't read."""
        await asyncio.sleep(0)
        while not self._transport.reading and not self._gone:
            self._resumed = self._loop.create_future()
            await self._resumed
