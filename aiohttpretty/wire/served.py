"""The server's end of a wire: a server protocol, aiohttp's own, that believes it has a connection.

Law of this room: what a server would notice of its client, and when, it notices here: bytes in slices, the end of them
only after the bytes, a client that is gone when it writes. It runs in a context of its own, never in the client's.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from itertools import count
from typing import Any

from .exchange import Exchange
from .flow import Flow
from .frames import Frames, opened
from .protocol import WireProtocol
from .server_socket import ServerTransport
from .transport import WireTransport

# Where clients call from: the ports that are nobody's (RFC 6335, 6), one after another
_PORTS = range(49152, 65536)
_callers = count()
_SWITCHING_PROTOCOLS = 101
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "


class ServedEnd:
    """The server's end of one connection; `server` makes its protocol."""

    _frames: Frames | None = None  # once it is a websocket

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: WireProtocol,
        transport: WireTransport,
        server: Callable[[], asyncio.Protocol],
        *,
        context: Context | None = None,
        on_lost: Callable[[ServedEnd], None] = lambda end: None,
    ) -> None:
        context = Context() if context is None else context.copy()
        self.exchange: Exchange | None = None
        """The last one that began."""
        self._loop = loop
        self._protocol = protocol
        self._transport = transport
        self._on_lost = on_lost
        self._status: int | None = None
        self.handling: Callable[[], asyncio.Task[Any] | None] = _none
        """The task in which the last handler runs, or ran, while that is known elsewhere, too."""
        self.upgraded = False
        """Whether what is said is no HTTP any more."""
        self._gone = False  # the client is
        self._lost = False  # the server's protocol knows that the connection is
        self._server = served = server()
        self._socket = socket = ServerTransport(self, served, _seen_from_there(transport))
        self._up = Flow(
            loop, context, writer=protocol, wanted=socket.is_reading, deliver=self._hear, finish=self._end_of_requests
        )
        self._down = Flow(
            loop,
            context,
            writer=served,
            wanted=transport.is_reading,
            deliver=self._reach,
            finish=self._end_of_answers,
        )
        context.run(served.connection_made, socket)
        self.task: Any = getattr(served, "_task_handler", None)
        """Takes the requests; aiohttp's protocol forgets it with the connection, and somebody may have to end it."""

    @property
    def gone(self) -> bool:
        """Whether the client is."""
        return self._gone

    @property
    def busy(self) -> bool:
        """Whether something of an answer is still to reach the client."""
        open_ = not self._gone and not self._transport.is_closing()
        return open_ and (self._status == _SWITCHING_PROTOCOLS or self._owes())

    def begin(self, exchange: Exchange) -> None:
        """The next request is coming."""
        self.exchange = exchange
        self._status = None

    def feed(self, data: bytes) -> None:
        """Take what the client wrote."""
        if self._frames is not None:
            self._frames.sent(data)
        self._up.put(data)

    def feed_last(self, data: bytes) -> None:
        """Take the end of a request; the client has nothing more to do before it is answered."""
        self._up.pass_on(data)

    def hear(self) -> None:
        """The client has done all that there is to do before it is answered."""
        self._up.hurry()

    def resume(self) -> None:
        """The client reads again."""
        self._down.wake()

    def hang_up(self, *, midway: bool = False) -> None:
        """The client is gone, perhaps midway through a request; the server hears of it as it would from a socket."""
        if self._gone:
            return
        answered = self._status not in (None, _SWITCHING_PROTOCOLS) and not self._owes()
        idle = answered and not midway and not self._up.size
        self._gone = True
        self._down.cut()
        if self._lost:
            return
        if self._loop.is_closed():
            self._bury()
        elif idle:
            # at once, so that a loop that stops next leaves no task behind
            self.lose()
        elif self._socket.is_closing():
            self._loop.call_soon(self.lose)
        else:
            self._up.end()

    def fail(self, exchange: Exchange, error: BaseException) -> None:
        """Raise `error` where the client of that exchange waits, if it still does."""
        # by now, another request may be on its way over this connection, or the answer have been whole
        if exchange is self.exchange and self.busy:
            exchange.on_fail(error)
            self._protocol.fail(error)
            self.hang_up()

    def close(self) -> None:
        """End it, now, whatever the handler is doing; what has been said still reaches the client."""
        if self._loop.is_closed():
            self._bury()
            return
        if not self.busy:
            # no part in the connection any more: it goes on, and somebody else may be answering on it
            self._gone = True
            self._down.cut()
        self._socket.abort()
        self.lose()
        dismiss(self.task)

    def lose(self, error: BaseException | None = None) -> None:
        """Tell the server's protocol, now, that the connection is gone."""
        if not self._lost:
            self._lost = True
            self._socket.closing = True
            self._up.cut()
            self._server.connection_lost(error)  # type: ignore[arg-type]
            self._on_lost(self)

    def say(self, data: bytes) -> None:
        """Take what the server wrote."""
        if self._gone:
            # what a kernel would answer to it; who goes on writing without waiting must see it at once
            self._socket.closing = True
            self._loop.call_soon(self.lose, _reset())
            return
        if self._status is None and data.startswith(b"HTTP/1.") and self.exchange is not None:
            end = self._read_head(self.exchange, data)
            if end and _is_whole(data, end):
                self._down.pass_on(data)
                return
        self._down.put(data)  # what is written next arrives together with this, as from a socket

    def wants_more(self) -> None:
        """The server reads again."""
        self._up.wake()

    def server_closes(self) -> None:
        """The server has nothing more to say, and hears nothing more."""
        self._up.cut()
        if self._gone:
            self._loop.call_soon(self.lose)
        else:
            self._down.end()

    def _owes(self) -> bool:
        if self.exchange is None:
            return False
        if self._status is None or self._down.size:
            return True
        payload = self._protocol._payload
        return payload is not None and not payload.is_eof()

    def _hear(self, data: bytes) -> None:
        try:
            self._server.data_received(data)
        except Exception as error:
            self._protocol.fail(error)
            self._loop.call_soon(self.close)

    def _read_head(self, exchange: Exchange, head: bytes) -> int:
        """Tell of the head of an answer; where it ends, or 0 if it only begins like one."""
        end = head.find(_HEAD_END) + len(_HEAD_END)
        if end < len(_HEAD_END) or not (code := head[9:12]).isdigit():
            return 0  # a handler may write into its transport what it likes
        status = int(code)
        if status >= 200 or status == _SWITCHING_PROTOCOLS:
            self._status = status
            exchange.on_head(status, head[: end - 2])
            if status == _SWITCHING_PROTOCOLS:
                self.upgraded = True
                self._frames = opened(head[:end], self._down.size + end, exchange.told)
        return end

    def _reach(self, data: bytes) -> None:
        if self._frames is not None:
            self._frames.received(data)
        self._protocol.data_received(data)
        if self.exchange is not None and self._status != _SWITCHING_PROTOCOLS and not self._owes():
            self.exchange.on_end()

    def _end_of_requests(self) -> None:
        # A tick later, because aiohttp doesn't expect it before the task that takes the request has begun; between
        # bytes and the end of them, a socket's loop always has one
        self._loop.call_soon(self.lose)

    def _end_of_answers(self) -> None:
        self.lose()
        self._protocol.eof_received()
        self._transport.close()

    def _bury(self) -> None:
        self._lost = self._gone = True
        self._socket.closing = True
        self._on_lost(self)
        dismiss(self.task)


def dismiss(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task, or, if its event loop is closed, unwind it here; either way it leaves no warning."""
    if task is None or task.done():
        return
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    if not task.get_loop().is_closed():
        task.cancel()
        return
    coroutine: Any = task.get_coro()
    with suppress(Exception):  # of a `finally` that wants to wait for something
        coroutine.close()


def _is_whole(answer: bytes, end: int) -> bool:
    """Whether an answer whose head ends there says by its length that it is whole."""
    at = answer.find(_LENGTH, 0, end) + len(_LENGTH)
    return at >= len(_LENGTH) and answer[at : answer.find(b"\r", at)] == b"%d" % (len(answer) - end)


def _none() -> None:
    """Nobody has asked for anything yet."""


def _reset() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _seen_from_there(transport: WireTransport) -> dict[str, Any]:
    """What the server's end of a connection knows about it, from what the client's end knows."""
    place = transport.get_extra_info("peername")
    caller = transport.get_extra_info("sockname")
    if caller is None:  # and the client's end of a Unix socket has no name
        caller = (place[0], _PORTS[next(_callers) % len(_PORTS)], *place[2:]) if isinstance(place, tuple) else ""
    return {"peername": caller, "sockname": place, "sslcontext": transport.get_extra_info("sslcontext")}
