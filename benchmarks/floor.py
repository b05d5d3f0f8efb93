"""aiohttp's own floors: its real client over a connection in memory.

That answers a constant: the far end parses nothing, looks nothing up and remembers nothing; the answer comes one tick
of the event loop after the request's last byte, and goes through aiohttp's real response parser. No mock that keeps the
client real can be faster.

Or with aiohttp's server protocol at the other end: what is written at one end reaches the other a tick later, and
nothing else is done. What keeps both real can be faster by a tick or two, and by what it does not do twice.
"""

import asyncio

from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler

# As much as a selector event loop reads from a socket at a time
SLICE = 256 * 1024


class FloorTransport(asyncio.Transport):
    """Says the pieces of `answer` whenever something ends with `last`, which only the end of a request does."""

    def __init__(self, loop, protocol, last, answer):
        self._loop = loop
        self._protocol = protocol
        self._last = last
        self._answer = answer
        self._closing = False

    def get_extra_info(self, name, default=None):
        return default

    def write(self, data):
        if data.endswith(self._last):
            self._loop.call_soon(self._say)

    def _say(self):
        for piece in self._answer:
            self._protocol.data_received(piece)

    def writelines(self, list_of_data):
        self.write(b"".join(list_of_data))

    def is_closing(self):
        return self._closing

    def close(self):
        # As every transport of asyncio's does it: not now, but soon
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self):
        """All has been said already."""

    resume_reading = pause_reading


class FloorConnector(TCPConnector):
    """A `TCPConnector` that reaches everything at once."""

    def __init__(self, last, answer):
        super().__init__()
        self._last = last
        self._answer = [answer[at : at + SLICE] for at in range(0, len(answer), SLICE)]

    async def _create_connection(self, req, traces, timeout):
        protocol = ResponseHandler(self._loop)
        protocol.connection_made(FloorTransport(self._loop, protocol, self._last, self._answer))
        return protocol


class PairTransport(asyncio.Transport):
    """One end of a connection between two protocols."""

    def __init__(self, loop, protocol):
        self._loop = loop
        self._protocol = protocol
        self._written = []
        self.other = None
        self.closing = False

    def get_extra_info(self, name, default=None):
        return default

    def write(self, data):
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)

    def _flush(self):
        written, self._written = self._written, []
        self.other._protocol.data_received(b"".join(written) if len(written) > 1 else written[0])

    def writelines(self, list_of_data):
        for data in list_of_data:
            self.write(data)

    def is_closing(self):
        return self.closing

    def close(self):
        if not self.closing:
            for end in (self, self.other):
                end.closing = True
                self._loop.call_soon(end._protocol.connection_lost, None)

    abort = close

    def pause_reading(self):
        """Nobody is slower than anybody here."""

    resume_reading = pause_reading


class PairConnector(TCPConnector):
    """A `TCPConnector` that reaches a server, which makes its end of each connection."""

    def __init__(self, server):
        super().__init__()
        self._server = server

    async def _create_connection(self, req, traces, timeout):
        here = PairTransport(self._loop, ResponseHandler(self._loop))
        here.other = PairTransport(self._loop, self._server())
        here.other.other = here
        for end in (here.other, here):
            end._protocol.connection_made(end)
        return here._protocol
