"""A server on a loopback socket that says exactly what was registered, byte for byte, and adds nothing.

aiohttp's own server would add Date, Server and Content-Type; this one is small enough to be trusted.
"""

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from multidict import CIMultiDict
from yarl import URL

_SLICE = 64 * 1024


class Asked(NamedTuple):
    """One request, as a server saw it."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes


class Reply(NamedTuple):
    status: int
    reason: str
    headers: CIMultiDict
    body: object
    delay: float = 0

    @classmethod
    def of(cls, options):
        headers, body = CIMultiDict(options.get("headers", ())), options.get("body", b"")
        if "json" in options:
            body = json.dumps(options["json"])
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        if options.get("auto_length"):
            headers["Content-Length"] = str(len(body))
        return cls(int(options.get("status", 200)), options.get("reason", ""), headers, body, options.get("delay", 0))

    def framed(self, method):
        """Whether the client can find the end of it without the connection being closed."""
        return not self.sent(method) or "Content-Length" in self.headers or "Transfer-Encoding" in self.headers

    def sent(self, method):
        """Whether there is a body behind the head (RFC 9110, 6.4.1)."""
        return method != "HEAD" and self.status not in (204, 304)


class Server:
    """Serves `routes`, (method, url, options), and notes what it was asked in `log`.

    A request in absolute form is served too, as a proxy would; a CONNECT is relayed to the port that it names.
    """

    def __init__(self, scheme, routes, log):
        self._scheme = scheme
        self._log = log
        self._replies = {}
        for method, url, options in routes:
            single = {name: value for name, value in options.items() if name != "responses"}
            replies = [Reply.of({**single, **more}) for more in options.get("responses", [{}])]
            place = method.upper(), str(url)
            self._replies[place] = deque(replies) if "responses" in options else replies[0]
        self._tasks = set()
        self._server = None

    async def start(self, sock, ssl=None):
        self._server = await asyncio.start_server(self._connected, sock=sock, ssl=ssl, limit=1 << 20)

    async def stop(self):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader, writer):
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader, writer):
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
                writer.close()
                await reader.read()  # what the client still has to say is heard out, or it would be a reset
        finally:
            writer.transport.abort()

    async def _exchange(self, reader, writer):
        """Take a request and answer it; whether the connection lives on."""
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")[:-2]
        method, target, version = start.split(" ")
        if method == "CONNECT":
            await self._relay(reader, writer, int(target.rpartition(":")[2]))
            return False
        pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        headers = CIMultiDict(pairs)
        url = f"{self._scheme}://{headers['Host']}{target}" if target.startswith("/") else target
        number = len(self._log)
        self._log.append(Asked(method, url, [], b""))  # as much as there is to say of a request that breaks off
        if headers.get("Expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _body(reader, headers)
        self._log[number] = Asked(method, url, pairs, body)
        reply = self._replies.get((method, url)) or Reply.of({"status": 599, "reason": f"No route for {method} {url}"})
        if isinstance(reply, deque):
            reply = reply.popleft()
        await asyncio.sleep(reply.delay)
        await _speak(writer, method, reply)
        said = headers.get("Connection", "").lower(), reply.headers.get("Connection", "").lower()
        old = version == "HTTP/1.0" and said[0] != "keep-alive"
        return reply.framed(method) and "close" not in said and not old

    async def _relay(self, reader, writer, port):
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        finally:
            back.transport.abort()


async def _body(reader, headers):
    if "Transfer-Encoding" not in headers:
        return await reader.readexactly(int(headers.get("Content-Length", 0)))
    chunks = []
    while size := int(await reader.readline(), 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(chunks)


async def _speak(writer, method, reply):
    lines = [
        f"HTTP/1.1 {reply.status} {reply.reason}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
    ]
    head = "".join(line + "\r\n" for line in [*lines, ""]).encode("utf-8", "surrogateescape")
    if not reply.sent(method):
        writer.write(head)
    elif isinstance(reply.body, bytes):
        writer.writelines([head, reply.body])
    else:
        writer.write(head)
        while piece := await reply.body.read(_SLICE):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _pipe(reader, writer):
    while piece := await reader.read(_SLICE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def origin(scheme, host, sock):
    """The address of a listening socket, by a name."""
    return URL.build(scheme=scheme, host=host, port=sock.getsockname()[1])
