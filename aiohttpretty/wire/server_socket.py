"""What a server's protocol takes for a socket.

Law of this room: it holds no bytes; what is written goes to the end of the connection that it belongs to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .transport import Data

if TYPE_CHECKING:
    from .served import ServedEnd

SERVED_END = "aiohttpretty.served_end"
"""Under this name, a server's transport tells which `ServedEnd` it belongs to."""


class ServerTransport(asyncio.Transport):
    """What the server's protocol takes for a socket."""

    def __init__(self, end: ServedEnd, protocol: asyncio.BaseProtocol, extra: Mapping[str, Any]) -> None:
        self._end = end
        self._protocol = protocol
        self._info = {**extra, SERVED_END: end}
        self._reading = True
        self.closing = False

    @property
    def _sendfile_compatible(self) -> Any:
        # Asked by loop.sendfile(). Any answer would have asyncio look for a socket; this exception is the one
        # on which aiohttp falls back to reading and writing
        raise NotImplementedError

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._info.get(name, default)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def write(self, data: Data) -> None:
        if not self.closing and data:
            self._end.say(data if isinstance(data, bytes) else bytes(data))

    def writelines(self, list_of_data: Iterable[Data]) -> None:
        for data in list_of_data:
            self.write(data)

    def can_write_eof(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return self._reading and not self.closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            self._end.wants_more()

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._end.server_closes()

    def abort(self) -> None:
        # What was written is with the client's kernel by then
        self.close()
