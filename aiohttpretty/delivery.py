"""A finished reply on its way to the client, no faster than the client reads.

Law of this room: it reads and writes bytes and knows of a reply only its shape. What goes wrong here is raised
where the client waits; an exception in a loop callback would be a hang until the client's timeout.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Protocol

from aiohttp import ClientConnectionError
from multidict import CIMultiDictProxy

from .errors import BodyError
from .script import Ending, Unconnected, Wait
from .wire.protocol import Shown, WireProtocol
from .wire.transport import WireTransport

# As much as a selector event loop reads from a socket at a time
_SLICE = 256 * 1024


# The status of a head that is said byte by byte
_HEAD = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)\b")


class PiecewiseBody(Protocol):
    """A body that comes in pieces."""

    @property
    def length(self) -> int | None: ...
    def open(self, wait: Callable[[float], Awaitable[object]]) -> AsyncGenerator[bytes, None]: ...


class Faulty(Protocol):
    """What goes wrong below HTTP."""

    @property
    def name(self) -> str: ...
    @property
    def connection(self) -> Unconnected | None: ...
    @property
    def upload(self) -> int | None: ...
    @property
    def attempts(self) -> int | None: ...
    @property
    def shows(self) -> bool: ...


class Deliverable(Shown, Protocol):
    """The shape of a reply that is said as it is."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes | PiecewiseBody: ...
    @property
    def whole(self) -> bytes | None: ...
    @property
    def fault(self) -> Faulty | None: ...
    def head(self, *, length: int | None, last: bool) -> bytes: ...
    def bodiless(self, method: str) -> bool: ...
    def script(self, method: str, *, last: bool, wait: Wait) -> AsyncGenerator[bytes | Ending, None]: ...


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
        self._script: asyncio.Task[None] | None = None  # that of the last fault
        self._resumed: asyncio.Future[None] | None = None
        self._read: Any = None  # where the client reads a body that goes wrong
        self._told: Told | None = None  # while there is something to tell
        self._gone = False

    @property
    def under_way(self) -> bool:
        """Whether something is still to be said."""
        return self._rest is not None or (self._pump is not None and not self._pump.done())

    def say(self, reply: Deliverable, record: Told, *, last: bool, wait: Wait | None = None) -> None:
        """Say it to the request of that record; `last` closes the connection behind it, `wait` is for pauses."""
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
                self._pump = self._loop.create_task(self._stream(body.open(wait or really), length))
            else:
                record.ended()
        else:
            self._told = record
            self._deliver(reply.head(length=len(body), last=last))
            self._rest = memoryview(body)
            self._deliver_rest()

    def play(self, reply: Deliverable, record: Told, *, last: bool, wait: Wait) -> None:
        """Say one that has a fault, which may end the connection."""
        self._told, self._read = record, None
        if self._script is not None:
            self._script.cancel()  # it goes on behind a whole answer
        self._script = self._pump = self._loop.create_task(self._play(reply, record, last=last, wait=wait))

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
        self._tell(_raised_in(self._read))
        if first:  # what a generator awaits at its end is not to be cancelled again
            for task in {self._pump, self._script}:  # once each
                if task is not None:
                    task.cancel()

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
            self._failed(error)

    async def _play(self, reply: Deliverable, record: Told, *, last: bool, wait: Wait) -> None:
        shows = reply.fault is not None and reply.fault.shows
        if shows:
            self._protocol.shown = reply
        head: bytes | None = b""  # until it is whole
        try:
            async with aclosing(reply.script(record.method, last=last, wait=wait)) as steps:
                async for step in steps:
                    if isinstance(step, Ending):
                        self._loop.call_soon(self.end, step, record)  # which ends this task, too
                        return
                    await self._send(step, chunked=False)
                    if head is not None and b"\r\n\r\n" in (head := head + step):
                        self._answered(reply if shows else None, head, record)
                        head = None
                    self._read = self._protocol._payload or self._read
                    await self._until_read()
                    if self._gone:
                        return
            if head is not None or (self._read is not None and not self._read.is_eof()):
                await wait(math.inf)  # half an answer, and nothing more comes
            self._tell()
        except BaseException as error:
            self._failed(error)

    def _answered(self, shown: Deliverable | None, head: bytes, record: Told) -> None:
        """Tell the record of a head that is whole, if aiohttp has taken it for one."""
        status = _HEAD.match(head)
        if status is None or self._protocol.exception() is not None:
            return
        if shown is None:
            record.answered(int(status[1]), head)
        else:
            record.answered(shown.status, shown.headers)

    def end(self, ending: Ending, record: Told) -> None:
        """Leave the connection; the record is told what the client makes of it. From a callback of the event loop."""
        where: Any = self._protocol._payload or self._protocol
        if ending is Ending.RESET:
            self._transport.reset()
            record.ended(where.exception())
        else:
            self._transport.end()
            self._loop.call_soon(lambda: record.ended(where.exception()))  # behind what that has called soon

    def _failed(self, error: BaseException) -> None:
        """What was to be said can't be."""
        if not self._gone:  # also if what is read was cancelled: the client must not wait for the rest
            self._tell(error)
            self._protocol.fail(error)
        elif isinstance(error, Exception):
            raise error  # a mistake in what the generator does at its end: there is only the log to tell
        if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, SystemExit)):
            raise error

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


def _raised_in(reader: Any) -> BaseException | None:
    """What went wrong with what the client reads; not that it has been closed, by the client."""
    if reader is None or reader.is_eof():
        return None
    error: BaseException | None = reader.exception()
    return None if type(error) is ClientConnectionError else error


async def really(seconds: float) -> None:
    """Let so many seconds pass by the clock, infinite for ever: until the connection is gone, and this is cancelled."""
    await (asyncio.get_running_loop().create_future() if math.isinf(seconds) else asyncio.sleep(seconds))


def later(
    loop: asyncio.AbstractEventLoop,
    wait: Wait,
    seconds: float,
    then: Callable[[], None],
    fail: Callable[[BaseException], None],
) -> asyncio.TimerHandle | asyncio.Task[None]:
    """Wait, and do it then, unless what is returned is cancelled; `fail` is told what goes wrong with that."""
    return loop.call_later(seconds, then) if wait is really else loop.create_task(_later(wait, seconds, then, fail))


async def _later(wait: Wait, seconds: float, then: Callable[[], None], fail: Callable[[BaseException], None]) -> None:
    try:
        await wait(seconds)
    except Exception as error:
        fail(error)
    else:
        then()
