"""Which address a request over a socket means.

Law of this room: what is said most plainly counts. A target in absolute form, as for a proxy, says all; so does one of
`url_for`; else the Host header says which host is meant, and the scheme is whichever is registered; and a request
that says nothing means the server itself.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote

from yarl import URL

from ..addresses.uri import AS_HTTP, NO_URL, absolute
from ..errors import OptionValueError

_SCHEMES = ("http", "https", *AS_HTTP)
_ABSOLUTE = re.compile(r"(?P<scheme>https?|wss?)://(?P<authority>[^/?#]+)(?P<rest>[^#]*)", re.IGNORECASE)
# Some clients make one slash of two
_BEHIND = re.compile(r"/(?P<scheme>https?|wss?):/{1,2}(?P<authority>[^/?#]+)(?P<rest>[^#]*)", re.IGNORECASE)
_DELIMITER = re.compile(r"[/?#\s]")
_PORTS = {"http": 80, "https": 443}


class Place(NamedTuple):
    """Where a server listens."""

    scheme: str
    host: str
    """As its URL has it, without brackets."""
    port: int

    @property
    def authority(self) -> str:
        """Host and port, as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The root of the server, without a slash at its end."""
        return f"{self.scheme}://{self.authority}"

    def in_scheme(self, scheme: str) -> Place:
        """The same place, spoken to in another way."""
        return Place(scheme, self.host, self.port)


class Meant(NamedTuple):
    """What a request asks for."""

    urls: tuple[URL, ...]
    """The addresses that it may mean; the first one that is registered is meant, or the first."""
    target: str
    """What its server would have got as target."""
    host: str
    """And as Host."""
    behind: bool = False
    """Whether it came by `url_for`."""


def meant(target: str, host: str, place: Place) -> Meant:
    """What a request with that target and that Host asks for.

    Raises:
        ValueError: it is no address.
    """
    if (found := _ABSOLUTE.fullmatch(target)) is not None:
        return _said(found, behind=False)
    if (found := _BEHIND.fullmatch(target)) is not None:
        return _said(found, behind=True)
    if target == "*":
        target = "/*"  # OPTIONS of the server as a whole
    authorities = tuple(dict.fromkeys(_authorities(host, place)))
    urls = tuple(_url(scheme, authority, target) for scheme, authority in authorities)
    return Meant(urls, target, host or place.authority)


def url_for(uri: object, place: Place) -> str:
    """Where a client finds an address at that server.

    Raises:
        OptionValueError: it is no absolute URL of a web server.
    """
    url = absolute(uri)
    if url.scheme not in _SCHEMES:
        raise OptionValueError(
            f"url_for({str(uri)!r}): {url.scheme!r} is no scheme of a web server. Give an address such as "
            "'https://api.example.com/items'."
        )
    # user and password travel as a header, which the client makes of what stands there
    root = URL(_root(url.scheme, place)).with_user(url.user).with_password(url.password)
    return f"{str(root).rstrip('/')}/{url.with_user(None)}"


def moved(location: bytes, url: URL, place: Place) -> bytes:
    """A Location in the answer to a request that came by `url_for`, so that its client finds that here, too."""
    try:
        there = url.join(URL(location.decode("utf-8", "surrogateescape")))
        return url_for(there, place).encode("utf-8", "surrogateescape")
    except (OptionValueError, *NO_URL):
        return location


def _said(found: re.Match[str], *, behind: bool) -> Meant:
    rest = found["rest"] if found["rest"].startswith("/") else f"/{found['rest']}"
    scheme = found["scheme"].lower()
    authority = found["authority"]
    if behind and not _DELIMITER.search(plain := unquote(authority)):
        authority = plain  # some clients escape the brackets of an IPv6 address where a path is
    authority = authority.rpartition("@")[2]
    url = _parsed(AS_HTTP.get(scheme, scheme), authority, rest)
    if url is None:
        raise ValueError(
            f"The target {found[0]!r} is no address. Ask for one that server.url_for('https://api.example.com/x') "
            "gives, or by a proxy for one such as 'https://api.example.com/x'."
        )
    return Meant((url,), rest, authority, behind)


def _authorities(host: str, place: Place) -> list[tuple[str, str]]:
    """Schemes and hosts that a Host header may mean."""
    own = (place.scheme, place.authority)
    if not host:
        return [own]
    other = "http" if place.scheme == "https" else "https"
    name, port = _parts(host)
    if _is_here(name, place) and port == place.port:
        return [own, (place.scheme, host)]
    if port == place.port:  # a name that a client was told to look for here
        name = host.rpartition(":")[0]
        return [(place.scheme, name), (other, name), (place.scheme, host)]
    return [(place.scheme, host), (other, host)]


def _parts(host: str) -> tuple[str, int | None]:
    url = _url("http", host, "/")
    return url.raw_host or "", url.explicit_port


def _is_here(name: str, place: Place) -> bool:
    try:
        return ip_address(name) is not None
    except ValueError:
        return name in (place.host, "localhost")


def _root(scheme: str, place: Place) -> str:
    if scheme in AS_HTTP:  # whose clients want such a scheme to begin with
        return place.in_scheme("wss" if place.scheme == "https" else "ws").url
    return place.url


def _parsed(scheme: str, authority: str, target: str) -> URL | None:
    try:
        url = URL(f"{scheme}://{authority}{target}")
    except NO_URL:
        return None
    return url if url.raw_host and url.raw_path.startswith("/") else None


def _url(scheme: str, authority: str, target: str) -> URL:
    if (url := _parsed(scheme, authority, target)) is not None:
        return url
    raise ValueError(
        f"Host {authority!r} and target {target!r} make no address. Send a Host header with a host, such as "
        "'api.example.com'."
    )
