"""A server on a loopback socket that says just the bytes of a script, one segment at a time, and ends as it says.

It knows nothing of aiohttpretty. Nothing here waits for a length of time, but where a script says so: a segment is said
when the client has taken in the one before, and the event loop has gone round often enough for the client to act on it.
"""

import asyncio
import socket
import struct
import sys
from contextlib import contextmanager, suppress
from enum import Enum
from typing import NamedTuple

from aiohttp.client_proto import ResponseHandler
from settling import settle, until


class End(Enum):
    FIN = "fin"
    RST = "rst"
    SILENCE = "silence"


FIN, RST, SILENCE = End


class Pause(NamedTuple):
    """Wait so many seconds."""

    seconds: float


class Partly(NamedTuple):
    """Take in the head and only so many bytes of the request's body, or all of a smaller one; stands first."""

    size: int


Script = tuple[bytes | Pause | Partly | End, ...]


class Ear:
    """Hears what the client takes in from each of its sockets, by their own addresses."""

    def __init__(self):
        self.taken = {}
        self.lost = set()

    @contextmanager
    def listening(self, monkeypatch):
        names = {}

        def connection_made(protocol, transport):
            names[id(protocol)] = name = transport.get_extra_info("sockname")
            self.taken.setdefault(name, 0)
            made(protocol, transport)

        def data_received(protocol, data):
            received(protocol, data)
            self.taken[names[id(protocol)]] += len(data)

        def connection_lost(protocol, error):
            transport = protocol.transport
            lost(protocol, error)
            if sys.version_info < (3, 11) and transport is not None:
                transport.close()  # or CPython 3.10 warns of each TLS transport that its server has closed
            self.lost.add(names[id(protocol)])

        made, received, lost = (
            getattr(ResponseHandler, name) for name in ("connection_made", "data_received", "connection_lost")
        )
        with monkeypatch.context() as patch:
            for function in (connection_made, data_received, connection_lost):
                patch.setattr(ResponseHandler, function.__name__, function)
            yield self


class RawServer:
    """Answers `/first` as any server does, and other requests by the scripts in turn, the last one again and again."""

    def __init__(self, sock, scripts, ear, tls=None):
        self.asked = []
        """The first line of each request but `/first`."""
        self.in_time = False
        """Whether the client had taken in all that was said when it left."""
        self.tls = tls
        """What it speaks TLS with; None for plain HTTP."""
        self.rude = False
        """Whether it takes anything for a bad request."""
        self._sock = sock
        self._scripts = scripts
        self._ear = ear
        self._connections = set()
        self._known = set()
        self._open = set()
        self._busy = 0
        self._accepting = None

    def start(self):
        self._sock.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())

    async def stop_accepting(self):
        if self._accepting is not None:
            self._accepting.cancel()
            with suppress(asyncio.CancelledError):
                await self._accepting
            self._accepting = None

    async def stop(self):
        await self.stop_accepting()
        await self.hang_up()

    async def hang_up(self):
        """Close all connections, as a server does that goes away."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        # a client that takes the last one off the list has noticed
        await until(lambda: self._known & self._ear.taken.keys() <= self._ear.lost)

    async def quiet(self):
        """Until each request that the client made has been played to its end."""
        await until(
            lambda: self._ear.taken.keys() <= self._known and not self._open & self._ear.lost and not self._busy
        )
        await settle()

    async def _accept(self):
        loop = asyncio.get_running_loop()
        while True:
            sock, peer = await loop.sock_accept(self._sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = loop.create_task(self._connected(sock, peer))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)

    async def _connected(self, sock, peer):
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        try:
            transport, protocol = await loop.connect_accepted_socket(
                lambda: asyncio.StreamReaderProtocol(reader), sock, ssl=self.tls
            )
        except OSError:  # a handshake that failed; the loop has closed the socket
            sock.close()
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            # a client that has left midway is the end of a script, too
            with suppress(OSError, asyncio.IncompleteReadError):
                if self.rude:
                    await reader.read(1)
                    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    await reader.read()
                else:
                    await _Connection(self, reader, writer, sock, peer).serve()
        finally:
            transport.abort()


class _Connection:
    def __init__(self, server, reader, writer, sock, peer):
        self._server = server
        self._reader = reader
        self._writer = writer
        self._sock = sock
        self._peer = peer
        self._said = 0

    async def serve(self):
        self._server._known.add(self._peer)
        self._server._open.add(self._peer)
        try:
            await self._serve()
        finally:
            self._server._open.discard(self._peer)

    async def _serve(self):
        while True:
            head = await self._reader.readuntil(b"\r\n\r\n")
            self._server._busy += 1
            try:
                ended = await self._answer(head)
            finally:
                self._server._busy -= 1
            if ended:
                return

    async def _answer(self, head):
        line = head.partition(b"\r\n")[0].decode()
        script = self._script(line)
        partly = script[0].size if script and isinstance(script[0], Partly) else None
        await self._take(head, partly)
        for step in script:
            if isinstance(step, bytes):
                await self._say(step)
            elif isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            elif isinstance(step, End):
                await self._end(step)
                return True
        return False

    def _script(self, line):
        if "/first" in line:
            return (b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nfirst",)
        asked, scripts = self._server.asked, self._server._scripts
        asked.append(line)
        return scripts[min(len(asked), len(scripts)) - 1]

    async def _take(self, head, partly):
        """The body, or the beginning of it."""
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (field.partition(b":") for field in head.split(b"\r\n")[1:])
        }
        if b"transfer-encoding" not in headers:
            size = int(headers.get(b"content-length", 0))
            await self._reader.readexactly(size if partly is None else min(size, partly))
            return
        assert partly is None
        while size := int(await self._reader.readline(), 16):
            await self._reader.readexactly(size + 2)
        await self._reader.readexactly(2)

    async def _say(self, data):
        self._said += len(data)
        self._writer.write(data)
        ear = self._server._ear
        await until(lambda: ear.taken.get(self._peer, 0) >= self._said or self._peer in ear.lost)
        await settle()

    async def _end(self, end):
        ear = self._server._ear
        if end is SILENCE:
            self._server.in_time = self._peer not in ear.lost
            self._server._busy -= 1  # nothing is to come any more
            try:
                await self._reader.read()  # until the client leaves
            finally:
                self._server._busy += 1
        else:
            self._server.in_time = ear.taken.get(self._peer, 0) >= self._said
        if end is FIN:
            self._writer.close()
        elif end is RST:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        await until(lambda: self._peer in ear.lost)
        await settle()
