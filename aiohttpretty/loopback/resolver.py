"""Hosts, led to servers of the test's own on this machine.

Law of this room: no name is looked up, and what nobody has added is refused, not reached.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import is_ip_address
from yarl import URL

from ..errors import OptionTypeError, OptionValueError

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult
    from aiohttp.tracing import Trace

_LOCAL = {socket.AF_INET6: "::1"}  # for the others, this one:
_LOCALHOST = "127.0.0.1"
_OWN = frozenset({"localhost", _LOCALHOST, "::1"})
_BEYOND = frozenset(":/?#@*\\[] \t\r\n")  # what no name of a host has
_NAMED = 5  # so many of those that are known are named where one is not


class FakeResolver(AbstractResolver):
    """Leads hosts to servers on this machine: `aiohttp.TCPConnector(resolver=resolver)`.

    Whatever has not been added is refused with an `OSError`. An address in digits is never asked of a resolver: aiohttp
    connects to it at once. The session of `aiohttp_redirector` refuses those, too.
    """

    def __init__(self) -> None:
        self._ports: dict[tuple[str, int], int] = {}

    def add_server(self, host: str, port: int, target_port: int | None) -> None:
        """Lead what is asked of `host` at `port` to a port of this machine.

        Args:
            host: as the code under test has it in its URL, without scheme and path.
            port: the same; 443 for https, 80 for http.
            target_port: at which the test's server listens, at 127.0.0.1 (for a connector of IPv6 only, at ::1).

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) that is no host, or no port.
        """
        where = f"add_server({host!r}, {port!r}, {target_port!r})"
        if target_port is None:
            raise OptionTypeError(
                f"{where}: the server has no port, because it has not been started, or is closed. Add it between, for "
                "example in its `async with` block."
            )
        self._ports[_host(host, where), _port(port, where)] = _port(target_port, where)

    def target(self, host: str, port: int) -> int | None:
        """The port of this machine to which that leads; None if it leads nowhere."""
        if host in _OWN and port in self._ports.values():
            return port  # a server that was added is reached by its own address, too
        return self._ports.get((host.lower().rstrip("."), port))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """As aiohttp asks it.

        Raises:
            OSError: nothing was added there.
        """
        target = self.target(host, port)
        if target is None:
            raise self._refused(host, port)
        found = socket.AF_INET6 if family == socket.AF_INET6 else socket.AF_INET
        at = {"host": _LOCAL.get(found, _LOCALHOST), "port": target, "family": found}
        return [{"hostname": host, **at, "proto": 0, "flags": socket.AI_NUMERICHOST}]  # type: ignore[typeddict-item]

    async def close(self) -> None:
        """There is nothing to release."""

    def __repr__(self) -> str:
        return f"<FakeResolver: {self._known() or 'nothing'}>"

    def _refused(self, host: str, port: int) -> OSError:
        known = self._known()
        cure = f"Add it with add_server({host!r}, {port}, server.port)" + (f"; known: {known}." if known else ".")
        error = OSError(f"No test server known for {_place(host, port)}. {cure}")
        error.strerror = error.args[0]  # of which aiohttp makes the text of its own error
        return error

    def _known(self) -> str:
        named = [f"{_place(*asked)} -> {target}" for asked, target in self._ports.items()]
        return ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")


class RedirectingConnector(TCPConnector):
    """A connector that reaches what its resolver knows, and nothing else, be it written in digits."""

    def __init__(self, resolver: FakeResolver, *, ssl: SSLContext) -> None:
        # what is added anew leads elsewhere at once
        super().__init__(resolver=resolver, ssl=ssl, use_dns_cache=False)
        if sys.version_info < (3, 11):
            self._factory = partial(_Closing, loop=self._loop)  # type: ignore[assignment]

    async def _resolve_host(self, host: str, port: int, traces: Sequence[Trace] | None = None) -> list[ResolveResult]:
        if is_ip_address(host):
            return await self._resolver.resolve(host, port, family=self._family)
        return await super()._resolve_host(host, port, traces)


class _Closing(ResponseHandler):
    """Closes what the test's server has closed: CPython 3.10 has a warning for each end of TLS that nobody closes."""

    def connection_lost(self, exc: BaseException | None) -> None:
        transport = self.transport
        super().connection_lost(exc)
        if transport is not None:
            transport.close()


def leads(connector: Any, url: URL) -> bool:
    """Whether a connection that the connector makes for the URL ends at a server that was added to its resolver."""
    resolver = getattr(connector, "_resolver", None)
    if not isinstance(resolver, FakeResolver) or not url.raw_host or url.port is None:
        return False
    if is_ip_address(url.raw_host) and not isinstance(connector, RedirectingConnector):
        return False
    return resolver.target(url.raw_host, url.port) is not None


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host(host: object, where: str) -> str:
    """A host as aiohttp asks for it: in lower case, and in punycode."""
    if not isinstance(host, str):
        raise OptionTypeError(f"{where}: {host!r} is no host. Give a str, such as 'api.example.com'.")
    with suppress(ValueError):
        return str(ip_address(host.strip("[]")))
    with suppress(ValueError):
        if _BEYOND.isdisjoint(host) and (found := URL(f"http://{host}/").raw_host):
            return found.rstrip(".")
    raise OptionValueError(f"{where}: {host!r} is no host. Give it without scheme, port and path: 'api.example.com'.")


def _port(port: object, where: str) -> int:
    if not isinstance(port, int) or isinstance(port, bool):
        raise OptionTypeError(f"{where}: {port!r} is no port. Give an int, such as server.port.")
    if not 0 < port <= 65535:
        raise OptionValueError(f"{where}: {port} is no port. Give a number from 1 to 65535.")
    return port
