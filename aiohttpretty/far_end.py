"""The far end of a wire: takes a request in, and speaks the reply that was chosen for it.

Law of this room: it reads and writes bytes and knows of a reply only its shape. What goes wrong here is raised
where the client waits; an exception in a loop callback would be a hang until the client's timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from .errors import MalformedRequestError
from .wire.framing import BROKEN, COMPLETE, CONTINUE, RequestReader
from .wire.protocol import Shown, WireProtocol
from .wire.transport import WireTransport

# As much as a selector event loop reads from a socket at a time
_SLICE = 256 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class OneTimeBody(Protocol):
    """A body that comes in pieces, once."""

    def open(self) -> AsyncGenerator[bytes, None]: ...


class Spoken(Shown, Protocol):
    """The shape of a reply."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes | OneTimeBody: ...
    @property
    def whole(self) -> bytes | None: ...
    def head(self, *, length: int | None, last: bool) -> bytes: ...
    def bodiless(self, method: str) -> bool: ...


class Record(Protocol):
    """The shape of a call."""

    method: str
    url: Any
    status: int | None

    def received(self, head: bytes, body: list[bytes]) -> None: ...


class Speaker:
    """The far end of one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: WireProtocol, transport: WireTransport) -> None:
        self._loop = loop
        self._protocol = protocol
        self._transport = transport
        self._reader = RequestReader()
        self._reply: Spoken | None = None
        self._record: Record | None = None
        self._answered_by: object = None
        self._rest: memoryview | None = None
        self._pump: asyncio.Task[None] | None = None
        self._resumed: asyncio.Future[None] | None = None
        self._all_said = False
        self._last = False
        self._gone = False

    def owes(self, answerer: object) -> bool:
        """Whether something of `answerer`'s is still to be said."""
        speaking = self._rest is not None or (self._pump is not None and not self._pump.done())
        return self._answered_by is answerer and (speaking or self._reply is not None)

    def expect(self, reply: Spoken, record: Record, answered_by: object) -> None:
        """Say `reply` to the request that comes next, and note in `record` what it was."""
        self._reply = reply
        self._record = record
        self._answered_by = answered_by
        self._all_said = False

    def receive(self, data: bytes) -> None:
        if self._gone:
            return
        reader = self._reader
        progress = reader.feed(data)
        if progress is CONTINUE:
            self._loop.call_soon(self._deliver, _CONTINUE)
            progress = reader.feed(b"")  # a request without a body is whole all the same
        if progress is COMPLETE:
            self._reader = RequestReader()
            self._last = reader.closes
            if self._record is not None:
                self._record.received(reader.head, reader.body)
            self._loop.call_soon(self._answer)
        elif progress is BROKEN or self._all_said:
            self._loop.call_soon(self._refuse)

    def end_of_request(self) -> None:
        self._all_said = True  # but for a head without a body, which aiohttp writes only now
        if self._reader.head:
            self._loop.call_soon(self._refuse)

    def resume(self) -> None:
        if self._rest is not None:
            self._deliver_rest()
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)

    def hang_up(self) -> None:
        self._gone = True
        self._rest = None
        if self._pump is not None:
            self._pump.cancel()

    def _answer(self, waited: bool = False) -> None:
        if not (self._all_said or waited):
            # aiohttp 3.10 is yet to run the task that writes the body, even where there is none; an answer now would
            # cancel it, and cost the connection. A tick for the task, and one for what waits for its end.
            self._loop.call_soon(self._loop.call_soon, self._answer, True)
            return
        reply, record = self._reply, self._record
        self._reply = self._record = None
        if self._gone or self._transport.is_closing():
            return
        if reply is None or record is None:
            # Nobody was told of it: the CONNECT by which aiohttp opens a tunnel through a proxy
            self._deliver(_ESTABLISHED)
            return
        try:
            record.status = reply.status
            self._protocol.shown = reply
            self._speak(reply, record.method)
        except Exception as error:
            self._protocol.fail(error)

    def _speak(self, reply: Spoken, method: str) -> None:
        body = reply.body
        if reply.bodiless(method):
            self._deliver(reply.head(length=0, last=self._last))
        elif reply.whole is not None and not self._last:
            self._protocol.data_received(reply.whole)
        elif not isinstance(body, bytes):
            self._deliver(reply.head(length=None, last=self._last))
            self._pump = self._loop.create_task(self._stream(body.open()))
        else:
            self._deliver(reply.head(length=len(body), last=self._last))
            self._rest = memoryview(body)
            self._deliver_rest()

    def _deliver(self, data: bytes) -> None:
        if not self._gone and not self._transport.is_closing():
            self._protocol.data_received(data)

    def _deliver_rest(self) -> None:
        while self._rest is not None and self._transport.reading:
            piece, rest = self._rest[:_SLICE], self._rest[_SLICE:]
            self._rest = rest if len(rest) else None
            self._deliver(bytes(piece))

    async def _stream(self, pieces: AsyncGenerator[bytes, None]) -> None:
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    if not self._transport.reading:
                        self._resumed = self._loop.create_future()
                        await self._resumed
                    self._deliver(b"%x\r\n%b\r\n" % (len(piece), piece))
            self._deliver(b"0\r\n\r\n")
        except Exception as error:
            self._protocol.fail(error)
        except asyncio.CancelledError as error:
            if not self._gone:  # what is read was cancelled, and the client must not wait for the rest
                self._protocol.fail(error)
            raise

    def _refuse(self) -> None:
        if not self._reader.head:
            return  # the rest came right behind: aiohttp may write a long head and the end of its body apart
        record = self._record
        what = "to a proxy" if record is None else f"{record.method} {record.url}"
        self._protocol.fail(
            MalformedRequestError(
                f"The body of the request {what} does not follow the Content-Length or Transfer-Encoding in its "
                "headers, so no server could find its end: a real one would answer 400 or wait for ever. Leave both "
                "headers to aiohttp; it sets them itself, and chunked=True asks for chunks."
            )
        )
