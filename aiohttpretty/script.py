"""What goes wrong with a connection, in the few words that both staircases know.

Law of this room: values only. The left staircase writes a script of them, the right one plays it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Literal, NamedTuple

# Waits so many seconds; infinite for ever
Wait = Callable[[float], Awaitable[object]]
# How what waits does so: by the clock, or not at all
Time = Literal["real", "instant"]


# Why some of what follows can't happen, and what to do
NO_TLS = (
    "the address is {0}, so that no TLS is spoken. Register it for an {0}s address, or give a fault of plain "
    "connections, such as faults.refused()."
)
NO_NAME = (
    "{} is an IP address, so that no name is looked up. Register it for an address with a name, or give "
    "faults.unreachable()."
)


class Ending(Enum):
    """How a server leaves a connection."""

    DISCONNECT = "disconnect"
    """In order: a FIN."""
    RESET = "reset"
    """At once: a RST, which a client sees as "Connection reset by peer"."""


class Unconnected(NamedTuple):
    """Why there is no connection."""

    kind: str
    """The name of the fault: "refused", "unreachable", "dns_failure", "connect_timeout", "tls_certificate",
    "tls_handshake", "tls_fingerprint", "proxy_refused" or "proxy_status"."""
    detail: Any = None
    """The reason of a "tls_certificate", the status of a "proxy_status", whether a "dns_failure" is temporary."""
