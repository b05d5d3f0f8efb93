"""Whether this process listens at an address of its own machine.

Law of this room: it looks at the sockets that are open here, whoever opened them, and never opens one to find out.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress

_OWN = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})

served: set[int] = set()
"""The ports at which registries of this process are servers themselves."""


def here(host: str | None, port: int | None) -> bool:
    """Whether a server in this process listens at a loopback address; False where that can't be found out."""
    return is_own(host) and port is not None and bool(listens(port))


def is_own(host: str | None) -> bool:
    """Whether a host is this machine, as it is written."""
    return host in _OWN or (host or "").endswith(".localhost") or (host or "").startswith("127.")


def is_served(host: str | None, port: int | None) -> bool:
    """Whether a registry of this process is the server at an address."""
    return port in served and is_own(host)


def listens(port: int) -> bool | None:
    """Whether a socket of this process listens at a port; None where that can't be found out."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd") if name.isdigit()]
    except OSError:  # not on this system
        return None
    return any(port == listening for listening in _ports(numbers))


def _ports(numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as looked_at:
                    if looked_at.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield from _port(looked_at)


def _port(looked_at: socket.socket) -> Iterator[int]:
    if looked_at.family in (socket.AF_INET, socket.AF_INET6):
        yield looked_at.getsockname()[1]
