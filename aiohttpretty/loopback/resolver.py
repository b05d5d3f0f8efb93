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
from typing import TYPE_CHECKING, Any, NamedTuple

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


class _Target(NamedTuple):
    """Where a server listens; without an address, at that of the family which the connector asks for."""

    host: str | None
    port: int


class FakeResolver(AbstractResolver):
    """Leads hosts to servers on this machine: `aiohttp.TCPConnector(resolver=resolver)`.

    Whatever has not been added is refused with an `OSError`. An address in digits is never asked of a resolver: aiohttp
    connects to it at once. The session of `aiohttp_redirector` refuses those, too.
    """

    def __init__(self) -> None:
        self._targets: dict[tuple[str, int], _Target] = {}

    def add_server(self, host: str, port: int, target_port: int | None, *, target_host: str | None = None) -> None:
        """Lead what is asked of `host` at `port` to a port of this machine.

        Args:
            host: as the code under test has it in its URL, without scheme and path.
            port: the same; 443 for https, 80 for http.
            target_port: at which the test's server listens.
            target_host: the address of this machine at which it does, such as `"::1"`. By default, that is 127.0.0.1
                (for a connector of IPv6 only, ::1).

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) that is no host, no port, or no
                address of this machine.
        """
        where = f"add_server({host!r}, {port!r}, {target_port!r})"
        if target_port is None:
            raise OptionTypeError(
                f"{where}: the server has no port, because it has not been started, or is closed. Add it between, for "
                "example in its `async with` block."
            )
        asked = _host(host, where), _port(port, where)
        self._targets[asked] = _Target(_address(target_host, where), _port(target_port, where))

    def target(self, host: str, port: int) -> _Target | None:
        """Where on this machine that leads; None if it leads nowhere."""
        found = self._targets.get((host.lower().rstrip("."), port))
        if found is None and host in _OWN:  # a server that was added is reached by its own address, too
            found = next((target for target in self._targets.values() if target.port == port), None)
            if found is not None and host != "localhost":
                found = _Target(host, port)
        return found

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
        address = target.host or _LOCAL.get(family, _LOCALHOST)
        at = {"host": address, "port": target.port, "family": socket.AF_INET6 if ":" in address else socket.AF_INET}
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
        named = [
            f"{_place(*asked)} -> {_place(host, port) if host else port}"
            for asked, (host, port) in self._targets.items()
        ]
        return ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")


class RedirectingConnector(TCPConnector):
    """A connector that reaches what its resolver knows, and nothing else, be it written in digits."""

    def __init__(self, resolver: FakeResolver, *, ssl: SSLContext) -> None:
        # what is added anew leads elsewhere at once
        super().__init__(resolver=resolver, ssl=ssl, use_dns_cache=False)
        if sys.version_info < (3, 11):  # pragma: no cover - CPython 3.10
            self._factory = partial(_Closing, loop=self._loop)  # type: ignore[assignment]

    async def _resolve_host(self, host: str, port: int, traces: Sequence[Trace] | None = None) -> list[ResolveResult]:
        if is_ip_address(host):
            return await self._resolver.resolve(host, port, family=self._family)
        return await super()._resolve_host(host, port, traces)


class _Closing(ResponseHandler):  # pragma: no cover - CPython 3.10
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
    with suppress(ValueError, IndexError):
        if _BEYOND.isdisjoint(host) and (found := URL(f"http://{host}/").raw_host):
            return found.rstrip(".")
    raise OptionValueError(f"{where}: {host!r} is no host. Give it without scheme, port and path: 'api.example.com'.")


def _port(port: object, where: str) -> int:
    if not isinstance(port, int) or isinstance(port, bool):
        raise OptionTypeError(f"{where}: {port!r} is no port. Give an int, such as server.port.")
    if not 0 < port <= 65535:
        raise OptionValueError(f"{where}: {port} is no port. Give a number from 1 to 65535.")
    return port


def _address(address: object, where: str) -> str | None:
    """An address of this machine; of a server that listens at all of them, the one that every machine has."""
    if address is None:
        return None
    if not isinstance(address, str):
        raise OptionTypeError(
            f"{where}: target_host={address!r} is no address. Give a str, such as '::1', or leave it out."
        )
    with suppress(ValueError):
        found = ip_address(address.strip("[]"))
        if found.is_unspecified:
            return _LOCALHOST if found.version == 4 else _LOCAL[socket.AF_INET6]
        if found.is_loopback:
            return str(found)
    raise OptionValueError(
        f"{where}: target_host={address!r} is no address at which only this machine is reached. Give '127.0.0.1' or "
        "'::1', whichever the test's server listens at, or leave it out."
    )
