"""Handlers in three worlds: behind aiohttp's server on a loopback socket, at the far end of a wire, in a registry."""

import asyncio
import re
import socket
import ssl
import sys
from contextlib import asynccontextmanager
from urllib.parse import unquote

import aiohttp
from aiohttp import BaseConnector, web

import aiohttpretty
from aiohttpretty.wire.handlers import HandlerServer
from aiohttpretty.wire.protocol import WireProtocol
from aiohttpretty.wire.served import Exchange
from aiohttpretty.wire.transport import WireTransport

from .conftest import Everywhere
from .server import origin

# A scenario that hangs must not hang the run
_PATIENCE = 60


class Served:
    """A far end that is nothing but a server's end."""

    def __init__(self, end):
        self.end = end
        self.receive = end.feed
        self.resume = end.resume
        self.hang_up = end.hang_up

    def end_of_request(self):
        pass


class Noted(Exchange):
    """Notes the statuses and the bugs."""

    match_info = None

    def __init__(self, handler, match_info, statuses, bugs):
        super().__init__(handler)
        self.match_info = match_info
        self.on_bug = bugs.append
        self._statuses = statuses

    def on_head(self, status, head):
        self._statuses.append(status)


class Stage(BaseConnector):
    """Connections over wires to a `HandlerServer`; `routes` are pairs of a path with {names} and a handler.

    What `Exchange` tells goes to `statuses` and `bugs`.
    """

    def __init__(self, routes, *, server=None, **options):
        super().__init__(**options)
        self.server = server or HandlerServer()
        self.statuses = []
        self.bugs = []
        self.ends = []
        self._routes = [(re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path)), handler) for path, handler in routes]

    async def connect(self, req, traces, timeout):
        connection = await super().connect(req, traces, timeout)
        match_info, handler = self._found(req.url.raw_path)
        exchange = Noted(handler, match_info, self.statuses, self.bugs)
        connection.protocol.transport.far_end.end.begin(exchange)
        return connection

    async def _create_connection(self, req, traces, timeout):
        protocol = WireProtocol(self._loop)
        context = ssl.create_default_context() if req.is_ssl() else None
        transport = WireTransport(self._loop, protocol, {"peername": ("127.0.0.1", req.port), "sslcontext": context})
        end = self.server.connect(self._loop, protocol, transport)
        self.ends.append(end)
        transport.far_end = Served(end)
        protocol.connection_made(transport)
        return protocol

    def _found(self, path):
        for pattern, handler in self._routes:
            if found := pattern.fullmatch(path):
                return {name: unquote(value) for name, value in found.groupdict().items()}, handler
        raise LookupError(path)


@asynccontextmanager
async def staged(*routes, server=None, limit=100, **options):
    """A session whose connector, `session.connector`, is a `Stage`."""
    stage = Stage(routes, server=server, limit=limit)
    try:
        async with aiohttp.ClientSession("http://example.test", connector=stage, **options) as session:
            yield session
    finally:
        await _settled(stage.server.close())


async def over_loopback(client, routes, *, tls=None, handler_cancellation=False):
    """Play `client(session)` over a socket; what it returned, and the address it was played at.

    `tls` is a pair of SSL contexts, the server's and the client's.
    """
    app = web.Application(client_max_size=sys.maxsize)
    for path, handler in routes:
        app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=handler_cancellation, shutdown_timeout=1)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        base = origin("https" if tls else "http", "example.test", sock)
        try:
            await web.SockSite(runner, sock, ssl_context=tls[0] if tls else None).start()
            connector = aiohttp.TCPConnector(resolver=Everywhere(), ssl=tls[1] if tls else True)
            return await _play(client, base, connector), base
        finally:
            await runner.cleanup()


async def over_the_wire(client, routes, base, *, handler_cancellation=False):
    """The same over bare wires."""
    stage = Stage(routes, server=HandlerServer(handler_cancellation=handler_cancellation))
    try:
        return await _play(client, base, stage)
    finally:
        await _settled(stage.server.close())


async def registered(client, routes, base):
    """The same in a registry; what aiohttp's log was told is told to the client there."""
    registry = aiohttpretty.AioHTTPretty()
    for path, handler in routes:
        registry.register_uri("*", f"{base}{path}", handler=handler, check_params=False, expect_errors=True)
    with registry.activate():
        return await _play(client, base, aiohttp.TCPConnector(resolver=Everywhere()))


async def _play(client, base, connector):
    async with aiohttp.ClientSession(base, connector=connector) as session:
        return await asyncio.wait_for(client(session), _PATIENCE)


async def _settled(tasks):
    await asyncio.gather(*tasks, return_exceptions=True)


def undated(value):
    """The same without the time at which a server answered."""
    if isinstance(value, dict):
        return {name: undated(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[0], (str, bytes)) and value[0].lower() in ("date", b"date"):
            return value[0], "some time"
        return type(value)(*map(undated, value)) if hasattr(value, "_fields") else type(value)(map(undated, value))
    return value
