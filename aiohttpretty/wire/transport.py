"""The connection itself: an `asyncio.Transport` with aiohttp's protocol at one end and a far end at the other.

Law of this room: nothing is said inside `write()`. What the far end has to say is said from the event loop, as
a socket's bytes would be, and whatever goes wrong there reaches the client instead of the loop's log.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

# So much a kernel would take in any case
_AT_ONCE = 64 * 1024
Data = bytes | bytearray | memoryview


class FarEnd(Protocol):
    """What a transport is plugged into."""

    def receive(self, data: bytes) -> None:
        """Take what the client wrote. Must not raise."""

    def end_of_request(self) -> None:
        """The client has nothing more to say before it is answered."""

    def resume(self) -> None:
        """The client reads again."""

    def hang_up(self) -> None:
        """The connection is gone, or as good as gone: hear and say nothing more."""


class WireTransport(asyncio.Transport):
    """One connection in memory."""

    _start_tls_compatible = True  # as asyncio's own says; aiohttp 3.10 warns of a tunnel through one that does not

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, extra: Mapping[str, Any]) -> None:
        self._loop = loop
        self._protocol: asyncio.BaseProtocol = protocol
        self._info = extra
        self._closing = False
        self._ending = False
        self._lost = False
        self._holding = False  # whether the writer was told to wait
        self.far_end: FarEnd
        self.reading = True
        """Whether the client wants more bytes now; a far end with many of them waits for `resume()`."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._info.get(name, default)

    def write(self, data: Data) -> None:
        if not self._closing and data:
            self.far_end.receive(data if isinstance(data, bytes) else bytes(data))

    def writelines(self, list_of_data: Iterable[Data]) -> None:
        # not joined: a large body must not be in memory twice
        for data in list_of_data:
            self.write(data)

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 0, 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered on the way out."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def is_reading(self) -> bool:
        return self.reading and not self._closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        if not self.reading:
            self.reading = True
            if not self._closing:
                self._loop.call_soon(self._resume)

    def breathe(self, taken: int | None = None) -> None:
        """Have the writer wait for a turn of the event loop, as for a socket whose buffer is full.

        Without that, a body without an end would leave nobody a turn, nor the client's own timeout.

        Args:
            taken: how much of a body was taken; a little is always taken at once.
        """
        if not (self._holding or self._closing) and (taken is None or taken > _AT_ONCE):
            self._holding = True
            self._protocol.pause_writing()
            self._loop.call_soon(self._let_go)

    def _let_go(self) -> None:
        self._holding = False
        self._protocol.resume_writing()

    def is_closing(self) -> bool:
        return self._closing or self._ending

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if not self._loop.is_closed():
                self._loop.call_soon(self.lose)

    def abort(self) -> None:
        self.close()

    def announce_end(self) -> None:
        """The server is about to close the connection: nothing more may be asked on it."""
        self._ending = True

    def end(self) -> None:
        """The server closes the connection (FIN)."""
        if not self._closing:
            cast("asyncio.Protocol", self._protocol).eof_received()
            self.close()

    def reset(self) -> None:
        """The server resets the connection (RST); from a callback of the event loop only."""
        if not self._closing:
            # at once: a client that is still writing must hear of it before it finds that it can't
            self.lose(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def lose(self, error: Exception | None = None) -> None:
        """Tell both ends, now, that the connection is gone."""
        self._closing = True
        if not self._lost:
            self._lost = True
            self.far_end.hang_up()
            self._protocol.connection_lost(error)
            del self.far_end  # the ends refer to each other; without this they would wait for the garbage collector

    def _resume(self) -> None:
        if self.reading and not self._closing:
            self.far_end.resume()
