"""A finished reply on its way to the client, no faster than the client reads.

Law of this room: it reads and writes bytes and knows of a reply only its shape. What goes wrong here is raised
where the client waits; an exception in a loop callback would be a hang until the client's timeout.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from aiohttp import ConnectionTimeoutError
from multidict import CIMultiDictProxy

from .errors import BodyError
from .script import Ending, Unconnected, Wait
from .wire.protocol import Shown, WireProtocol
from .wire.transport import WireTransport

if TYPE_CHECKING:
    from .play import Play
    from .shapes import Turn

# As much as a selector event loop reads from a socket at a time
_SLICE = 256 * 1024


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
        self._plays: dict[Play, asyncio.Task[None]] = {}  # of faults; one may go on behind a whole answer
        self._resumed: asyncio.Future[None] | None = None
        self._told: Told | None = None  # while there is something to tell
        self._gone = False

    @property
    def under_way(self) -> bool:
        """Whether something is still to be said."""
        return self._rest is not None or (self._pump is not None and not self._pump.done()) or bool(self._plays)

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
        from .play import Play  # noqa: PLC0415 - few replies have a fault

        play = Play(self._loop, self._protocol, self._transport, record, self._send, self._until_read)
        task = self._plays[play] = self._loop.create_task(play.run(reply, last=last, wait=wait))
        task.add_done_callback(lambda _: self._plays.pop(play, None))

    def miss(self, turn: Turn, error: BaseException, record: Told, wait: Wait) -> None:
        """Raise what there is in the place of a connection; that nobody answers takes the client its time."""
        self._told = record
        if isinstance(error, ConnectionTimeoutError):
            self._pump = self._loop.create_task(self._unanswered(turn, error, told=wait is not really))
        else:
            self._missed(turn, error)

    async def _unanswered(self, turn: Turn, error: BaseException, *, told: bool) -> None:
        from .pace import unanswered  # noqa: PLC0415 - hardly a reply is that

        try:
            await unanswered(turn, self._protocol, told=told)
        except Exception as other:
            error = other
        self._missed(turn, error)

    def _missed(self, turn: Turn, error: BaseException) -> None:
        turn.error = error
        self._tell(error)
        self._protocol.fail(error)

    def end(self, ending: Ending, record: Told) -> None:
        """Leave the connection in the place of an answer. From a callback of the event loop."""
        from .play import Play  # noqa: PLC0415 - few replies have a fault

        Play(self._loop, self._protocol, self._transport, record, self._send, self._until_read).end(ending)

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
        if first and self._pump is not None:  # what a generator awaits at its end is not to be cancelled again
            self._pump.cancel()
        for play, task in list(self._plays.items()):
            play.tell()
            if first and not play.left:
                play.gone = True
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

    def _failed(self, error: BaseException) -> None:
        """What was to be said can't be."""
        if self._loop.is_closed():
            return  # only now is it unwound, and nobody waits for it any more
        if not self._gone:  # also if what is read was cancelled: the client must not wait for the rest
            self._tell(error)
            self._protocol.fail(error)
        elif isinstance(error, Exception):
            raise error  # a mistake in what the generator does at its end: there is only the log to tell
        if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, SystemExit)):
            raise error

    async def _send(self, piece: bytes, *, chunked: bool = False) -> None:
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


async def really(seconds: float) -> None:
    """Let so many seconds pass by the clock, infinite for ever: until the connection is gone, and this is cancelled."""
    await (asyncio.get_running_loop().create_future() if math.isinf(seconds) else asyncio.sleep(seconds))


def later(
    loop: asyncio.AbstractEventLoop,
    wait: Wait,
    seconds: float,
    then: Callable[[], None],
) -> asyncio.TimerHandle | asyncio.Task[None]:
    """Wait, which has an end, and do it then, unless what is returned is cancelled."""
    return loop.call_later(seconds, then) if wait is really else loop.create_task(_later(wait, seconds, then))


async def _later(wait: Wait, seconds: float, then: Callable[[], None]) -> None:
    await wait(seconds)
    then()
