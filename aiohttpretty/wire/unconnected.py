"""Attempts to connect that fail.

Law of this room: aiohttp goes its own way to a connection (pool, limits, names and their cache, traces, proxies); only
what the system says to the last step is ours, and what aiohttp makes of that is as its own connectors do it.
"""

from __future__ import annotations

import asyncio
import errno
import math
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import aiohttp
from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver
from aiohttp.client_exceptions import UnixClientConnectorError
from aiohttp.helpers import ceil_timeout

from ..errors import FaultError
from ..pace import connecting
from .connector import Guide, Plug
from .possible import obstacle
from .said import Stranger, afterwards, by_aiohttp, by_system, is_timeout, system

if TYPE_CHECKING:
    from ..script import Unconnected
    from ..shapes import Timed
    from .said import Reply


class Attempt:
    """One attempt to connect that fails, for the sake of a reply's fault."""

    def __init__(self, reply: Reply, req: Any, real: Any, by: object) -> None:
        assert reply.fault is not None
        self.req = req
        self.why: Unconnected = reply.fault.connection
        """Why it fails."""
        self.reply = reply
        self._real = real
        self._by = by
        self.turn: Timed | None = None
        """The request, if it goes by told time."""
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        tls = isinstance(real, TCPConnector) and req.is_ssl()
        self.context: ssl.SSLContext | None = real._get_ssl_context(req) if tls else None
        self.fingerprint: Any = real._get_fingerprint(req) if tls else None

    def check(self) -> None:
        """See that it can happen to the request.

        Raises:
            FaultError: it can't.
        """
        why_not = obstacle(self.why, self.req, self._real, self.context, self.fingerprint)
        if why_not is not None:
            raise FaultError(
                f"{self.reply.fault!r} is registered for {self.req.method} {self.req.url}, and can't happen to it: "
                f"{why_not}"
            )

    async def connect(self, plug: Plug, guide: Guide | None, traces: Any, timeout: Any) -> Any:
        """Raise what aiohttp raises; the guide is the one that has led to connections so far."""
        if isinstance(self._real, TCPConnector):
            return await NoWay(self._real, plug, self, guide)._create_connection(self.req, traces, timeout)
        try:
            await self.happen(timeout, lambda: system(errno.ECONNREFUSED))
        except OSError as error:
            if is_timeout(error):
                raise
            raise UnixClientConnectorError(self._real.path, self.req.connection_key, error) from error

    async def happen(self, timeout: Any, failure: Callable[[], Exception]) -> NoReturn:
        """Wait as long as it takes, or the client's timeout allows, and raise what the system says."""
        async with ceil_timeout(timeout.sock_connect, ceil_threshold=timeout.ceil_threshold):
            await self.pause(math.inf if self.why.kind == "connect_timeout" else self.reply.delay, timeout.sock_connect)
            raise failure()

    async def pause(self, seconds: float, sock_connect: float | None = None) -> None:
        """Let so much time pass, unless what waits for it is over before."""
        if seconds and self._error is None:
            await self._wait(seconds, sock_connect)
        if self._error is not None:
            raise self._error

    async def _wait(self, seconds: float, sock_connect: float | None) -> None:
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        if self.turn is not None:
            await connecting(self.turn, seconds, sock_connect, waiter)
            return
        timer = None if math.isinf(seconds) else loop.call_later(seconds, _wake, waiter)
        try:
            await waiter
        finally:
            if timer is not None:
                timer.cancel()

    def owes(self, answerer: object) -> bool:
        """Whether it is `answerer` that has it fail."""
        return self._by is answerer

    def fail(self, error: BaseException) -> None:
        """Raise this instead, if it still waits, or is yet to begin."""
        self._error = error
        if self._waiter is not None:
            _wake(self._waiter)

    def over(self) -> None:
        """Nobody waits for it any more; aiohttp leaves a look-up of names alone, which would go on."""
        if self._waiter is not None:
            self._waiter.cancel()

    def spoken(self) -> bytes:
        """What the proxy answers."""
        body = self.reply.body if isinstance(self.reply.body, bytes) else b""
        return self.reply.head(length=len(body), last=True) + body

    def error(self) -> BaseException | None:
        """What is raised where it is known too late, with a connection there; None if there is none to be missed."""
        req, kind = self.req, self.why.kind
        if kind == "proxy_status" and req.proxy and not req.is_ssl():
            return None  # what the proxy answers is the response
        try:
            self.check()
            afterwards(self.reply, req, self._real, self.context, self.fingerprint)
        except Exception as error:
            error.__context__ = error.__cause__  # as where aiohttp handles the one and raises the other
            return error.with_traceback(None)


class NoWay(Guide):
    """Goes aiohttp's whole way, and leads to no connection."""

    def __init__(self, real: TCPConnector, plug: Plug, attempt: Attempt, guide: Guide | None) -> None:
        super().__init__(real, plug)
        self._attempt = attempt
        self._proxied = bool(attempt.req.proxy)
        if attempt.why.kind == "dns_failure":
            self._resolver = _Nameless(attempt)  # and what was known of names has expired
        elif guide is not None:
            self._cached_hosts = guide._cached_hosts

    async def _create_direct_connection(self, req: Any, *args: Any, **kwargs: Any) -> Any:
        made = await super()._create_direct_connection(req, *args, **kwargs)
        if self._attempt.why.kind == "proxy_status":
            await self._attempt.pause(self._attempt.reply.delay)
        return made

    async def _wrap_create_connection(  # type: ignore[override]
        self,
        *args: Any,
        addr_infos: Any,
        req: Any,
        timeout: Any,
        client_error: Any = aiohttp.ClientConnectorError,
        ssl: Any = None,
        server_hostname: Any = None,
        **kwargs: Any,
    ) -> Any:
        attempt, address = self._attempt, addr_infos[0][4]
        kind = attempt.why.kind
        if kind == "tls_fingerprint" and not self._proxied:
            return await self._stranger(timeout, address, ssl)
        if self._proxied and kind != "proxy_refused":
            made = await super()._wrap_create_connection(*args, addr_infos=addr_infos, ssl=ssl, **kwargs)
            if kind == "proxy_status":
                transport, protocol = made
                transport.far_end.established = attempt.spoken()
                protocol.shown = attempt.reply
            return made
        try:
            await attempt.happen(timeout, lambda: by_system(attempt.why, address, ssl, server_hostname))
        except OSError as error:
            if is_timeout(error):
                raise
            raise by_aiohttp(req.connection_key, error, client_error) from error

    async def _start_tls_connection(
        self, underlying_transport: Any, req: Any, timeout: Any, client_error: Any = aiohttp.ClientConnectorError
    ) -> Any:
        attempt, address = self._attempt, underlying_transport.get_extra_info("peername")
        context = self._get_ssl_context(req)
        try:
            if attempt.why.kind == "tls_fingerprint":
                transport, _ = await self._stranger(timeout, address, context)
                attempt.fingerprint.check(transport)  # which raises: it is another one's
            await attempt.happen(
                timeout, lambda: by_system(attempt.why, address, context, req.server_hostname or req.host)
            )
        except OSError as error:
            if is_timeout(error):
                raise
            raise by_aiohttp(req.connection_key, error, client_error) from error
        finally:
            underlying_transport.close()

    async def _stranger(self, timeout: Any, address: Any, context: Any) -> Any:
        """A connection to a server with another certificate; aiohttp is the one to notice."""
        async with ceil_timeout(timeout.sock_connect, ceil_threshold=timeout.ceil_threshold):
            await self._attempt.pause(self._attempt.reply.delay, timeout.sock_connect)
        return self._plug.connect(**Stranger(context, address).about)

    def _get_fingerprint(self, req: Any) -> Any:
        return self._attempt.fingerprint if req is self._attempt.req else None  # the proxy's certificate is right


class _Nameless(AbstractResolver):
    """Knows no name."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        await self._attempt.pause(self._attempt.reply.delay)
        raise by_system(self._attempt.why, None, None, host)

    async def close(self) -> None:
        """There is nothing to close."""


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
