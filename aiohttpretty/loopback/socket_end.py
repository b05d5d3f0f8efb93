"""What a server on a socket knows of the client at the other end.

Law of this room: it looks, and ends; it says nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

_AT_ONCE = struct.pack("ii", 1, 0)  # lingers for no time: the kernel says RST


def watch(request: web.BaseRequest) -> Callable[[], bool]:
    """What tells whether the client still waits for the answer, or the rest of it."""
    writer: Any = request.writer
    return lambda: request.transport is not None and not writer._eof


def close(transport: asyncio.Transport | None) -> None:
    """Have the client's socket say that nothing more comes."""
    if transport is not None:
        transport.close()


def reset(transport: asyncio.Transport | None) -> None:
    """Have the client's socket say that its connection was reset."""
    if transport is None:
        return
    end = transport.get_extra_info("socket")
    if end is not None:
        # a copy of it, because uvloop's own can't be told
        with socket.socket(fileno=os.dup(end.fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
