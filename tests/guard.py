"""Nothing leaves this machine while a test runs: what tries raises `Escaped`, and is noted in case nobody sees it.

An audit hook hears of each connect, datagram and name look-up that Python makes, in whatever thread; it can't be taken
away or patched over. uvloop makes its own below Python, so that the methods of its loop are closed as well.
"""

import functools
import ipaddress
import sys
from contextlib import suppress

try:
    import uvloop
except ImportError:
    uvloop = None

LOCAL = ("localhost", "ip6-localhost", "localhost.localdomain")


class Escaped(AssertionError):
    """Something was about to leave this machine."""


seen: list[str] = []
"""What tried; a test that means it to must clear the list."""

_strict: list = []


def watch(judge):
    """Have `judge(event, host, port)` say which attempts may be, until `unwatch`."""
    _strict.append(judge)


def unwatch(judge):
    _strict.remove(judge)


def is_here(host):
    """Whether it is this machine, for certain and without a look-up."""
    if host is None or host == "" or (isinstance(host, str) and host.lower() in LOCAL):
        return True
    with suppress(ValueError):
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
        address = getattr(address, "ipv4_mapped", None) or address  # CPython 3.13 does so by itself
        # as the address of a peer, systems take 0.0.0.0 for this machine
        return address.is_loopback or address.is_unspecified
    return False


def leads_nowhere(event, host):
    """Whether a kernel refuses to connect to it without sending anything: an address of many (RFC 1112)."""
    with suppress(ValueError):
        return event in ("connect", "create_connection", "getaddrinfo") and ipaddress.ip_address(host).is_multicast
    return False


def ask(event, host, port):
    """Somebody tries: raise, unless it may be."""
    if _strict:
        said = all(judge(event, host, port) for judge in _strict)
    else:
        said = is_here(host) or leads_nowhere(event, host)
    if not said:
        text = f"{event} {host!r}:{port}"
        seen.append(text)
        raise Escaped(text)


def _address(event, address):
    if isinstance(address, tuple):  # and not the path of a Unix socket
        ask(event, *address[:2])


_EVENTS = {
    "socket.connect": lambda sock, address: _address("connect", address),
    "socket.sendto": lambda sock, address: _address("sendto", address),
    "socket.sendmsg": lambda sock, address: _address("sendmsg", address),
    "socket.getaddrinfo": lambda host, port, *others: ask("getaddrinfo", host, port),
    "socket.gethostbyname": lambda host: ask("gethostbyname", host, None),
    "socket.gethostbyaddr": lambda host: ask("gethostbyaddr", host, None),
    "socket.getnameinfo": lambda address: _address("getnameinfo", address),
}


def _audit(event, arguments):
    heard = _EVENTS.get(event)
    if heard is not None:
        heard(*arguments)


def _closed(name, address):
    """The loop's method, behind the same question."""
    method = getattr(uvloop.Loop, name)

    @functools.wraps(method)
    async def closed(self, *args, **kwargs):
        if (asked := address(*args, **kwargs)) is not None:
            ask(name, *asked)
        return await method(self, *args, **kwargs)

    setattr(uvloop.Loop, name, closed)


def _to(protocol_factory, host=None, port=None, **kwargs):
    return None if host is None else (host, port)


def _to_remote(protocol_factory, local_addr=None, remote_addr=None, **kwargs):
    return None if remote_addr is None else remote_addr[:2]


def install():
    """Close the doors, for as long as this process lives."""
    sys.addaudithook(_audit)
    if uvloop is not None:
        _closed("getaddrinfo", lambda host, port, **kwargs: (host, port))
        _closed("create_connection", _to)
        _closed("create_datagram_endpoint", _to_remote)
