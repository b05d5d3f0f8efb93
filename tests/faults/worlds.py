"""Where a situation is played: on a real server that may go away, and on the wire."""

import asyncio
import ctypes
import re
import socket
from contextlib import ExitStack, asynccontextmanager

from aiohttp.abc import AbstractResolver
from conformance.looking import anonymous
from settling import settle
from yarl import URL

import aiohttpretty

from . import certificates
from .certificates import HOST
from .raw import RawServer
from .situation import Place

_PROXY = "proxy.example"
# A kernel connects to no address of many, on any machine: ENETUNREACH, without a packet
_OF_MANY = "224.0.0.1"
# What is never answered
_FOREVER = object()


class Names(AbstractResolver):
    """Finds every name at one address, or fails as the C library does."""

    def __init__(self):
        self.address = "127.0.0.1"
        self.error = None

    async def resolve(self, host, port=0, family=socket.AF_INET):
        if self.error is _FOREVER:
            await asyncio.get_running_loop().create_future()
        if self.error is not None:
            raise _unresolved(self.error)
        return [
            {"hostname": host, "host": self.address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        ]

    async def close(self):
        pass


def _unresolved(number):
    text = ctypes.CDLL(None).gai_strerror
    text.restype = ctypes.c_char_p
    return socket.gaierror(number, text(number).decode())


class World:
    """What the client knows, and what happens behind its back."""

    def __init__(self, port, *, https=False, proxy=False):
        self.port = port
        self.names = Names()
        self.base = URL.build(scheme="https" if https else "http", host=HOST, port=None if proxy else port, path="/")
        self.default = 3128 if proxy else self.base.with_port(None).port
        self.proxy = URL.build(scheme="http", host=_PROXY, port=port) if proxy else None

    async def vanish(self, connector):
        """The server goes away, and comes back in another way or not at all."""

    async def quiet(self):
        await settle()

    def asked(self):
        """How many requests the server saw; None if it can't know."""

    def neutral(self, value):
        """What was seen, with the scheme's own port in the place of the real one."""
        if isinstance(value, str):
            value = anonymous(value).replace(f"{HOST}:{self.port}/", f"{HOST}/")
            value = re.sub(rf"(?<!\d){self.port}(?!\d)", str(self.default), value)
            value = re.sub(r"'\d+(\.\d+){3}'", "'127.0.0.1'", value)
            return re.sub(r"_ssl\.c:\d+", "_ssl.c:...", value)
        if isinstance(value, dict):
            return {self.neutral(name): self.neutral(each) for name, each in value.items()}
        if type(value) in (list, tuple):
            return type(value)(map(self.neutral, value))
        return value


class Real(World):
    """A server on a loopback socket."""

    def __init__(self, really, sock, ear, *, https=False, proxy=False):
        super().__init__(sock.getsockname()[1], https=https, proxy=proxy)
        self.place = really if isinstance(really, Place) else None
        self._sock = sock
        tls = certificates.server() if https and not proxy else None
        self.server = RawServer(sock, [] if self.place else really, ear, tls)
        self._stack = None

    @asynccontextmanager
    async def open(self):
        self.server.start()
        with ExitStack() as self._stack:
            try:
                yield self
            finally:
                await self.server.stop()

    async def quiet(self):
        await (settle() if self.place else self.server.quiet())

    def asked(self):
        return None if self.place else len(self.server.asked)

    async def vanish(self, connector):
        if self.place is None:
            return
        await self.server.hang_up()
        kind, detail = self.place
        if kind in ("refusing", "deaf"):
            await self.server.stop_accepting()
            if kind == "refusing":
                self._sock.shutdown(socket.SHUT_RDWR)  # it is still bound, so nobody else will listen there
            else:
                self._fill()
        elif kind in ("unknown", "unheard"):
            self.names.error = _FOREVER if kind == "unheard" else detail
            connector.clear_dns_cache()  # what is still known of the name would be gone with time
        elif kind == "unreachable":
            self.names.address = _OF_MANY
            if (HOST, self.port) in connector._cached_hosts:  # then it is not looked up again
                known = await self.names.resolve(HOST, self.port)
                connector._cached_hosts.add((HOST, self.port), known)
        elif kind == "mute":
            await self.server.stop_accepting()  # the kernel takes connections all the same
        else:
            self.server.tls = None if kind == "plain" else certificates.server(detail)
            self.server.rude = kind == "plain"

    def _fill(self):
        """Leave no room for another connection that nobody has accepted."""
        self._sock.listen(0)
        self._stack.enter_context(socket.create_connection(self._sock.getsockname()))
        more = self._stack.enter_context(socket.socket())
        more.setblocking(False)
        more.connect_ex(self._sock.getsockname())


class Wire(World):
    """The same, from an active registry."""

    def __init__(self, port, options, **kind):
        super().__init__(port, **kind)
        self.registry = aiohttpretty.AioHTTPretty()
        self.registry.register_uri("GET", self.base / "first", body=b"first", auto_length=True)
        self.registry.register_uri("*", self.base / "a", **options)

    def asked(self):
        return sum(call.url.path != "/first" for call in self.registry.calls)
