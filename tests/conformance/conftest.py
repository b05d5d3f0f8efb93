"""The player of scenarios."""

import asyncio
import re
import socket
from contextlib import ExitStack
from types import SimpleNamespace
from uuid import UUID

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from yarl import URL

import aiohttpretty

from .looking import differences
from .server import Asked, Server, origin

# Long enough for 100 MB on a busy machine; a scenario that hangs must not hang the run
_PATIENCE = 60


class Everywhere(AbstractResolver):
    """Finds every name on this machine, so that nothing is ever asked of a real one."""

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self):
        pass


class World:
    """What a scenario knows: three origins, and how to make a session that finds them."""

    def __init__(self, base: URL, other: URL, secure: URL):
        self.base = base
        self.other = other
        self.secure = secure

    def connector(self, **options):
        return aiohttp.TCPConnector(resolver=Everywhere(), **options)

    def session(self, base_url=None, **options):
        options.setdefault("connector", None)
        options["connector"] = options["connector"] or self.connector()
        return aiohttp.ClientSession(base_url, **options)


@pytest.fixture
def both(monkeypatch):
    """`await both(client, routes)` plays a scenario twice and compares; gives what was seen and what was asked.

    Over the loopback server it is played once more, from an active registry that lets everything through.

    `client(world)` is a coroutine function that returns what it saw. `routes` are (method, path or URL, options), or a
    function of the world that gives them. Content-Length is registered for every body whose size is known, because
    a real server has to say it. `ordered=False` compares what was asked without its order, `compare_asked=False` not at
    all. `really` are the routes for the loopback server, where it has to be told in plainer words: it knows status,
    reason, headers and a body of bytes, or one with an async read. `tls`, an `ssl.SSLContext` of a server, makes one
    listen at `world.secure`.
    """
    # aiohttp makes a boundary up for each multipart body; here both worlds get the same
    monkeypatch.setattr("aiohttp.multipart.uuid", SimpleNamespace(uuid4=lambda: UUID(int=1)))

    async def play(client, routes, *, really=None, tls=None, ordered=True, compare_asked=True):
        with ExitStack() as stack:
            socks = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
            again = [stack.enter_context(sock.dup()) for sock in socks]
            places = [("http", "example.test"), ("http", "other.test"), ("https", "secure.test")]
            world = World(*(origin(*place, sock) for place, sock in zip(places, socks, strict=True)))
            real = await _over_loopback(client, world, _routes(really or routes, world), socks, tls)
            passed = await _through_a_registry(client, world, _routes(really or routes, world), again, tls)
        fake = await _over_the_wire(client, world, _routes(routes, world))
        (real_seen, real_asked), (fake_seen, fake_asked) = real, fake
        for other_seen, other_asked in (passed, fake):
            assert differences(other_seen, real_seen) == []
            if not ordered:
                real_asked.sort()
                other_asked.sort()
            if compare_asked:
                assert differences(other_asked, real_asked) == []
        return fake_seen, fake_asked

    return play


async def _over_loopback(client, world, routes, socks, tls):
    log = []
    servers = [Server(place.scheme, routes, log) for place in (world.base, world.other, world.secure)]
    for server, sock in zip(servers[: 2 if tls is None else 3], socks, strict=False):
        await server.start(sock, ssl=tls if server is servers[2] else None)
    try:
        seen = await asyncio.wait_for(client(world), _PATIENCE)
    finally:
        for server in servers[: 2 if tls is None else 3]:
            await server.stop()
    return seen, log


async def _through_a_registry(client, world, routes, socks, tls):
    registry = aiohttpretty.AioHTTPretty(passthrough=[re.compile("")])
    with registry.activate():
        played = await _over_loopback(client, world, routes, socks, tls)
    assert all(call.passed_through for call in registry.calls)
    assert registry.unmatched == []
    return played


async def _over_the_wire(client, world, routes):
    for method, url, options in routes:
        aiohttpretty.register_uri(method, url, **options)
    with aiohttpretty.activate(keep_bodies=True):
        seen = await asyncio.wait_for(client(world), _PATIENCE)
    log = [
        Asked(call.method, f"{call.url.origin()}{call.url.raw_path_qs}", list(call.request_headers.items()), call.body)
        for call in aiohttpretty.calls
    ]
    return seen, log


def _routes(routes, world):
    given = routes(world) if callable(routes) else routes
    return [(method, _url(world, place), _with_length(options)) for method, place, options in given]


def _url(world, place):
    return place if isinstance(place, URL) else URL(str(world.base) + place, encoded=True)


def _with_length(options):
    known = "Transfer-Encoding" not in dict(options.get("headers", ()))
    return {"auto_length": known, **options}
