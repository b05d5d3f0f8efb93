"""A connection of which nobody has heard anything yet: at the server's door with TLS, and in a proxy's tunnel.

Law of this room: what comes first tells what is spoken. No handshake is begun before a client begins it, and one that
never ends is nobody's concern but the server's: it can be cut at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reception import Reception

_HANDSHAKE = 0x16  # the first byte of a ClientHello (RFC 8446, 5.1), and of no request


class Threshold(asyncio.Protocol):
    """The server's end of a connection, until the first bytes come.

    Args:
        inside: makes the one who goes on then: `inside(secure=...)`.
        context: for TLS.
        always: whether nothing but TLS is spoken here.
        refusal: what is said to a client that begins with TLS where there is no context.
    """

    busy = False
    """Whether a request is being answered."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        reception: Reception,
        inside: Callable[..., Any],
        context: Any,
        *,
        always: bool = False,
        refusal: bytes = b"",
    ) -> None:
        self.transport: Any = None
        self._loop = loop
        self._reception = reception
        self._inside = inside
        self._context = context
        self._always = always
        self._refusal = refusal
        self._starting: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._reception.came(self)

    def data_received(self, data: bytes) -> None:
        if not self._always and data[0] != _HANDSHAKE:
            inside = self._inside(secure=False)
            self.transport.set_protocol(inside)
            inside.connection_made(self.transport)
            self._reception.left(self)
            inside.data_received(data)
        elif self._context is None:
            self.transport.write(self._refusal)
            self.transport.close()
        else:
            self.transport.pause_reading()
            self._starting = self._loop.create_task(self._secured())
            # Right behind the first step of that, and behind what it has the event loop do next: then TLS is there, and
            # has read nothing
            self._loop.call_soon(self._loop.call_soon, self._hand_on, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._reception.left(self)

    def cut(self) -> None:
        """End it, now."""
        self.transport.abort()

    async def _secured(self) -> None:
        inside = self._inside(secure=True)
        try:
            transport = await self._loop.start_tls(self.transport, inside, self._context, server_side=True)
        except OSError:  # the client does not trust it, or is gone; it knows why
            self.transport.abort()
            transport = None
        finally:
            self._starting = None
            self._reception.left(self)  # nobody tells it any more that the connection is lost
        # uvloop gives a transport also if the connection was lost meanwhile
        if transport is not None and not self.transport.is_closing():
            inside.connection_made(transport)

    def _hand_on(self, data: bytes) -> None:
        """Have TLS begin with what has been read."""
        protocol = self.transport.get_protocol()
        if protocol is self or self.transport.is_closing():
            return
        if not hasattr(protocol, "get_buffer"):  # pragma: no cover - CPython 3.10
            protocol.data_received(data)
            return
        while data:
            buffer = protocol.get_buffer(len(data))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            protocol.buffer_updated(size)
            data = data[size:]
