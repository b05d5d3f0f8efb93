"""Real connectors whose connections are wires.

Law of this room: everything that a connector of aiohttp's does, it does here too (limits, pooling, keep-alive, DNS
cache and its trace events, proxies and their tunnels); only the last step, from an address to a connection, is ours.
The private names of aiohttp that are carried over stand in two tables; those that are overridden are methods of
`Shadow` (the pool) and `Guide` (the way to a connection).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol
from weakref import ref

from aiohttp import BaseConnector, TCPConnector
from aiohttp.abc import AbstractResolver

from .protocol import WireProtocol
from .transport import FarEnd, WireTransport


class Failing(Protocol):
    """An attempt to connect that fails."""

    async def connect(self, plug: Plug, guide: Guide | None, traces: Any, timeout: Any) -> Any:
        """Raise what aiohttp raises; the guide is the one that has led to connections so far."""
        ...

    def owes(self, answerer: object) -> bool:
        """Whether it is `answerer` that has it fail."""
        ...

    def fail(self, error: BaseException) -> None:
        """Raise this instead, if it still waits."""

    def over(self) -> None:
        """Nobody waits for it any more."""


PlugIn = Callable[[Any, WireProtocol, WireTransport], FarEnd]

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

# What the user set on the real connector, and aiohttp reads while a request is on its way. Not every version has all
# of the second.
# The look-ups under way are shared, not copied: the real connector's close() ends them.
_CARRIED = ("_limit", "_limit_per_host", "_force_close", "_keepalive_timeout", "_timeout_ceil_threshold")
_CARRIED_TCP = ("_ssl", "_family", "_use_dns_cache", "_interleave", "_ssl_shutdown_timeout", "_resolve_host_tasks")


class WireResolver(AbstractResolver):
    """Knows every name, and answers in the address family that is asked for."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        if family == socket.AF_UNSPEC:
            family = socket.AF_INET
        return [
            {
                "hostname": host,
                "host": LOOPBACK.get(family, "127.0.0.1"),
                "port": port,
                "family": family,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None:
        """There is nothing to close."""


_RESOLVER = WireResolver()


class Plug:
    """Makes connections: a protocol at the client's end, and what `plug_in` gives at the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, plug_in: PlugIn) -> None:
        self._loop = loop
        self._plug_in = plug_in

    def connect(self, **extra: Any) -> tuple[WireTransport, WireProtocol]:
        """A new connection; `extra` is what its transport will tell about itself."""
        protocol = WireProtocol(self._loop)
        transport = WireTransport(self._loop, protocol, extra)
        transport.far_end = self._plug_in(self._loop, protocol, transport)
        protocol.connection_made(transport)
        return transport, protocol


class Shadow(BaseConnector):
    """Stands behind a real connector while it is mocked, with a pool and limits of its own."""

    def __init__(self, real: BaseConnector, plug_in: PlugIn) -> None:
        super().__init__(loop=real._loop)
        for name in _CARRIED:
            setattr(self, name, getattr(real, name))
        self._plug = Plug(self._loop, plug_in)
        self._real = ref(real)  # weakly: see interception
        self._guide: Guide | None = None
        self._attempts: dict[Any, Failing] = {}

    async def attempt(self, failing: Failing, req: Any, traces: Any, timeout: Any) -> Any:
        """The same as `connect`, for a request whose attempt to connect fails."""
        self._attempts[req] = failing
        self._get = self._get_none  # type: ignore[assignment, method-assign]
        try:
            return await self.connect(req, traces=traces, timeout=timeout)
        finally:
            failing.over()
            del self._attempts[req]
            if not self._attempts:
                del self._get

    async def _get_none(self, key: Any, *others: Any) -> Any:
        """In the place of `_get`: what is not there has no idle connections either."""
        if any(req.connection_key == key for req in self._attempts):
            _lose(self._conns.get(key, ()))
        return await BaseConnector._get(self, key, *others)

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        if self._attempts and (failing := self._attempts.get(req)) is not None:
            return await failing.connect(self._plug, self._guide, traces, timeout)
        real = self._real()
        host = req.url.raw_host
        if not isinstance(real, TCPConnector):  # Unix sockets, named pipes, somebody's own
            _, protocol = self._plug.connect(peername=getattr(real, "_path", None))
        elif traces or req.proxy or host[0].isdigit() or host[-1] == "." or ":" in host:
            if self._guide is None:
                self._guide = Guide(real, self._plug)
            return await self._guide._create_connection(req, traces, timeout)
        else:
            # Nobody could see aiohttp's way to a connection: no trace, no proxy, no address for it to check
            address = ("::1", req.port, 0, 0) if real._family == socket.AF_INET6 else ("127.0.0.1", req.port)
            _, protocol = self._plug.connect(peername=address, sslcontext=real._get_ssl_context(req))
        return protocol

    @property
    def in_use(self) -> bool:
        """Whether there is something to fail."""
        return bool(self._acquired or self._attempts)

    def abandon(self, error: Callable[[], BaseException]) -> None:
        """Fail everything that is under way with an error of its own, and close the rest."""
        for waiters in list(self._waiters.values()):
            for waiter in list(waiters):
                if not waiter.done():
                    waiter.set_exception(error())
        self.fail(lambda end: True, error)
        # Their requests close them, when they have noticed; a closed connector would no longer see to that
        self._acquired.clear()
        self._release = self._close_released  # type: ignore[method-assign]
        self.hang_up()

    def _close_released(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        protocol.close()

    def fail(self, which: Callable[[Any], bool], error: Callable[[], BaseException]) -> None:
        """Fail what is under way to such far ends, with an error of its own each."""
        for failing in list(self._attempts.values()):
            if which(failing):
                failing.fail(error())
        for protocol in list(self._acquired):
            if not isinstance(protocol, WireProtocol):  # aiohttp 3.10 holds the place of a connection being made
                continue
            if isinstance(protocol.transport, WireTransport):
                end = protocol.transport.far_end
            elif protocol.left is not None:
                end = protocol.left[0]
            else:
                continue
            if which(end):
                protocol.fail(error())

    def hang_up(self) -> list[Any]:
        """Close, idle connections at once and without a task; returns what is left to wait for."""
        for protocols in list(self._conns.values()):
            _lose(protocols)
        if self._guide is not None:
            _close(self._guide)
        return list(_close(self) or ())

    def __del__(self, _warnings: Any = None) -> None:
        # Whether the user's connector was closed is for the user's connector to say.
        pass


def _lose(idle: Iterable[Any]) -> None:
    for protocol, *_ in list(idle):
        if isinstance(protocol.transport, WireTransport):
            protocol.transport.lose()


# aiohttp 4.0 renames it
CLOSE = "_close_immediately" if hasattr(BaseConnector, "_close_immediately") else "_close"


def _close(connector: BaseConnector) -> Any:
    # BaseConnector's, not TCPConnector's, which would cancel name look-ups: the tasks that wait for them would be
    # told of a cancellation that nobody asked for
    return getattr(BaseConnector, CLOSE)(connector)


class Guide(TCPConnector):
    """Goes aiohttp's whole way to a connection (names, proxies, tunnels); only the last step of it is ours."""

    def __init__(self, real: TCPConnector, plug: Plug) -> None:
        super().__init__(loop=real._loop, resolver=_RESOLVER)
        for name in _CARRIED_TCP:
            if hasattr(real, name):  # pragma: no branch - aiohttp < 3.12 has not all
                setattr(self, name, getattr(real, name))
        cache = real._cached_hosts
        self._cached_hosts = type(cache)(ttl=cache._ttl, **_cache_size(cache))
        self._plug = plug
        self._factory = partial(WireProtocol, self._loop)  # type: ignore[assignment]

    async def _wrap_create_connection(self, *args: Any, addr_infos: Any, ssl: Any = None, **kwargs: Any) -> Any:
        return self._plug.connect(peername=addr_infos[0][4], sslcontext=ssl)

    async def _start_tls_connection(
        self, underlying_transport: Any, req: Any, timeout: Any, client_error: Any = None
    ) -> Any:
        address = underlying_transport.get_extra_info("peername")
        return self._plug.connect(peername=address, sslcontext=self._get_ssl_context(req))

    def _get_fingerprint(self, req: Any) -> None:
        # There is no certificate to compare with: a wire stands for a server whose certificate is right.
        return None

    def __del__(self, _warnings: Any = None) -> None:
        # It never has a connection of its own.
        pass


def _cache_size(cache: Any) -> dict[str, int]:
    return {"max_size": cache._max_size} if hasattr(cache, "_max_size") else {}
