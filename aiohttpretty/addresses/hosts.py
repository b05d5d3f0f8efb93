"""What `passthrough` takes: the hosts whose requests are let through to the real network.

Law of this room: a host is read once, on the line that wrote it; a request is only compared. No name is looked up: a
network has the addresses that are written as such.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple

from yarl import URL

from ..calling import misfit
from ..errors import OptionTypeError, OptionValueError
from ..legible import legible
from .address import Expression
from .uri import AS_HTTP, NO_URL

Host = (
    str
    | URL
    | IPv4Address
    | IPv6Address
    | IPv4Network
    | IPv6Network
    | re.Pattern[str]
    | Callable[[URL], bool]
)  # fmt: skip

_SCHEMES = frozenset({"http", "https", *AS_HTTP})
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[^:]*))?")
_EXAMPLES = "such as 'localhost', 'localhost:8080', 'http://localhost:8080', '*.example.com' or '127.0.0.0/8'"


class Rule(NamedTuple):
    """A host that is let through; prints as it was written."""

    written: object
    fits: Callable[[URL], object]
    """Whether such an address is one of its."""

    def __repr__(self) -> str:
        return repr(self.written)


Rules = tuple[Rule, ...]


@legible
def rules(hosts: Iterable[object], where: str) -> Rules:
    """The hosts, read; `where` is what they were given to.

    Raises:
        OptionTypeError: (a `TypeError`) one is of a kind that names no host.
        OptionValueError: (a `ValueError`) one could never be a host, or says more than a host.
    """
    return tuple(host if isinstance(host, Rule) else Rule(host, _read(host, where)) for host in hosts)


def _read(host: object, where: str) -> Callable[[URL], object]:
    if isinstance(host, URL):
        return _origin(host, host, where)
    if isinstance(host, str):
        return _text(host, where)
    if isinstance(host, (IPv4Network, IPv6Network)):
        return _network(host)
    if isinstance(host, (IPv4Address, IPv6Address)):
        return _place(str(host), None)
    if isinstance(host, re.Pattern):
        if not isinstance(host.pattern, str):
            raise OptionTypeError(f"{where}: {host!r} is a pattern of bytes. Compile it from a str.")
        return Expression(host).match
    if callable(host) and not isinstance(host, type):
        return _asked(host, where)
    if isinstance(host, Iterable) and not isinstance(host, (bytes, bytearray)):
        raise OptionTypeError(f"{where}: {host!r} is not one host. Give each by itself, {_EXAMPLES}.")
    raise OptionTypeError(
        f"{where}: {host!r} names no host. Give a str, {_EXAMPLES}; an ipaddress object; a compiled pattern, matched "
        "from the start of the full URL; or a function that takes the yarl.URL and returns a bool."
    )


def _text(text: str, where: str) -> Callable[[URL], object]:
    if not text.strip():
        raise OptionValueError(f"{where}: {text!r} names no host. Give a host, {_EXAMPLES}.")
    if "://" in text:
        try:
            url = URL(text)
        except NO_URL as error:
            raise OptionValueError(
                f"{where}: {text!r} is not a URL ({error}). Give an origin, such as 'http://localhost:8080'."
            ) from error
        return _origin(url, text, where)
    if "/" in text:
        return _network(_read_network(text, where))
    if _is_ip(text):  # of version 6 too, whose colons begin no port
        _not_meant(text, where)
        return _place(text, None)
    found = _WITH_PORT.fullmatch(text)
    if found is None:
        raise OptionValueError(f"{where}: {text!r} is not a host. Give one, {_EXAMPLES}; or '[::1]:8080'.")
    port = None if found["port"] is None else _port(found["port"], text, where)
    if found["host"].startswith("*."):
        return _below(_name(found["host"][2:], text, where), port)
    return _place(_name(found["host"], text, where), port)


def _read_network(text: str, where: str) -> IPv4Network | IPv6Network:
    start = text.partition("/")[0]
    try:
        return ip_network(text)
    except ValueError as error:
        if not _is_ip(start):
            cure = f"Give the host alone: {start!r}" if start else f"Give a host, {_EXAMPLES}"
            raise OptionValueError(
                f"{where}: {text!r} has a path, and whole hosts are let through. {cure}; or a compiled pattern, which "
                "is matched against the full URL."
            ) from None
        try:
            cure = f"Write {str(ip_network(text, strict=False))!r}, or {start!r} for the one address."
        except ValueError:
            cure = "Give one such as '127.0.0.0/8'."
        raise OptionValueError(f"{where}: {text!r} is not an IP network ({error}). {cure}") from None


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _not_meant(text: str, where: str) -> None:
    """'::1:8080' reads as an address, which no machine has; others with a port behind may be ones that exist."""
    host, _, port = text.rpartition(":")
    if host == "::1" and port.isdigit():
        raise OptionValueError(
            f"{where}: {text!r} is an IPv6 address by itself, and no host with a port. Write '[::1]:{port}'."
        )


def _port(text: str, written: str, where: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 65535:
        return int(text)
    raise OptionValueError(
        f"{where}: {written!r} has {text!r} as its port, which is none. Give a number from 1 to 65535, or leave it out "
        "for any port."
    )


def _name(host: str, written: str, where: str) -> str:
    """A host as a URL has it: in lower case, and in punycode."""
    if "*" in host:
        raise OptionValueError(
            f"{where}: {written!r} has a '*' where none can stand: '*.example.com' is any sub-domain of example.com. "
            "For anything else, give a compiled pattern, such as re.compile(r'https?://[^/]*\\.example\\.'); for every "
            "host, lambda url: True."
        )
    if host.startswith("[") and _is_ip(host[1:-1]):
        return host[1:-1]
    try:
        url = URL(f"http://{host}/")
        alone = (url.raw_path, url.raw_user, url.raw_query_string) == ("/", None, "")
        if url.raw_host and alone and not any(character.isspace() for character in host):
            return url.raw_host.rstrip(".")
    except NO_URL:
        pass
    raise OptionValueError(f"{where}: {written!r} is not a host. Give one, {_EXAMPLES}.")


def _origin(url: URL, written: object, where: str) -> Callable[[URL], object]:
    if url.scheme not in _SCHEMES or not url.raw_host:
        raise OptionValueError(
            f"{where}: {str(written)!r} is not the origin of a web server. Give one, such as 'http://localhost:8080', "
            "or the host alone."
        )
    beyond = [
        what
        for what, there in (
            ("a user", url.raw_user is not None or url.raw_password is not None),
            ("a path", url.raw_path not in ("", "/")),
            ("a query", bool(url.raw_query_string)),
            ("a fragment", bool(url.raw_fragment)),
        )
        if there
    ]
    if beyond:
        raise OptionValueError(
            f"{where}: {str(written)!r} has {' and '.join(beyond)}, and whole hosts are let through. Give the origin "
            f"alone: '{url.origin()}'; or a compiled pattern, which is matched against the full URL."
        )
    scheme, on_host = AS_HTTP.get(url.scheme, url.scheme), _place(url.raw_host, url.port)
    return lambda asked: AS_HTTP.get(asked.scheme, asked.scheme) == scheme and on_host(asked)


def _place(host: str, port: int | None) -> Callable[[URL], bool]:
    if _is_ip(host):
        address = ip_address(host)
        return lambda url: _ip(url) == address and port in (None, url.port)
    wanted = host.lower().rstrip(".")
    return lambda url: (url.raw_host or "").rstrip(".") == wanted and port in (None, url.port)


def _below(suffix: str, port: int | None) -> Callable[[URL], bool]:
    end = f".{suffix.lower()}"
    return lambda url: (url.raw_host or "").rstrip(".").endswith(end) and port in (None, url.port)


def _network(network: IPv4Network | IPv6Network) -> Callable[[URL], bool]:
    return lambda url: (address := _ip(url)) is not None and address in network


def _ip(url: URL) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(url.raw_host or "")
    except ValueError:
        return None


def _asked(function: Callable[..., Any], where: str) -> Callable[[URL], object]:
    call = getattr(function, "__call__", None)  # noqa: B004 - it may be the one that is a coroutine function
    if any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in (function, call)):
        raise OptionTypeError(
            f"{where}: {function!r} is a coroutine function, and nobody would await it. Give a plain function that "
            "takes the yarl.URL and returns a bool."
        )
    if (why := misfit(function, URL("http://example.com/"))) is not None:
        raise OptionTypeError(
            f"{where}: {function!r} can't be called with one argument ({why}). Give a function that takes the "
            "yarl.URL and returns a bool."
        )
    return function
