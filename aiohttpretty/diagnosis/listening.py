"""Whether this process listens at an address of its own machine.

Law of this room: it looks at the sockets that are open here, whoever opened them, and never opens one to find out.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from ipaddress import ip_address
from typing import Any

_LOCALHOST = frozenset({"127.0.0.1", "::1"})

served: dict[int, Any] = {}
"""The ports at which registries of this process are servers themselves, each with the event loop that makes it one."""


def here(host: str | None, port: int | None) -> bool:
    """Whether a server in this process listens at a loopback address; False where that can't be found out."""
    own = bool(meant(host)) or (host or "").endswith(".localhost")
    return own and port is not None and bool(listens(port))


def meant(host: str | None) -> frozenset[str]:
    """The addresses of this machine that a host means for certain.

    Another name has none, such as `shop.localhost`: it would be looked up, and some resolvers ask the network.
    """
    if host == "localhost":
        return _LOCALHOST
    try:
        address = ip_address(host or "")
    except ValueError:
        return frozenset()
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified:  # systems take it for this one, as the address of a peer
        return frozenset({"127.0.0.1" if address.version == 4 else "::1"})
    return frozenset({str(address)}) if address.is_loopback else frozenset()


def is_served(host: str | None, port: int | None) -> bool:
    """Whether a registry of this process is the server at an address."""
    loop = served.get(port) if port is not None else None
    return loop is not None and not loop.is_closed() and bool(meant(host))


def listens(port: int) -> bool | None:
    """Whether a socket of this process listens at a port; None where that can't be found out."""
    found = addresses(port)
    return None if found is None else bool(found)


def addresses(port: int) -> set[str] | None:
    """The addresses at which sockets of this process listen at a port; None where that can't be found out."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd") if name.isdigit()]
    except Exception:  # not on this system; or not in an event loop, says blockbuster of all that lists a folder
        return None
    return {at for at, listening in _bound(numbers) if listening == port}


def _bound(numbers: Iterable[int]) -> Iterator[tuple[str, int]]:
    for number in numbers:
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                # not `socket.socket`: that is what pytest-socket and its kind forbid, and nothing is opened here
                with closing(socket.SocketType(fileno=os.dup(number))) as looked_at:
                    if looked_at.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield from _address(looked_at)


def _address(looked_at: socket.SocketType) -> Iterator[tuple[str, int]]:
    if looked_at.family in (socket.AF_INET, socket.AF_INET6):
        yield looked_at.getsockname()[:2]
