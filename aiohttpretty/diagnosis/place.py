"""How far an address is from the one that was asked for.

Law of this room: every part of it adds its own distance, on one scale, so that what is wrong in one more part is never
nearer. It is quick, because it is asked of every route.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple
from urllib.parse import unquote

from yarl import URL

from ..addresses.address import Address, Exact, Expression
from ..addresses.mounted import Mounted
from ..addresses.template import Template
from ..addresses.uri import Query, key
from .difference import ends, unlikeness

SCHEME: Final = 6.0
SLIP: Final = 8.0
"""A slash, the case, an encoding, or a character twice."""
METHOD: Final = 10.0
QUERY: Final = (12.0, 20.0)
PORT: Final = 20.0
PATH: Final = (24.0, 60.0)
PATTERN: Final = 70.0
HOST: Final = (80.0, 120.0)
CONDITION: Final = (4.0, 8.0)
"""A matcher's."""

_STANDARD = {"http": "80", "https": "443"}


class Place(NamedTuple):
    """The parts of an address, as they are compared."""

    scheme: str
    host: str
    port: str
    path: str
    query: Query
    smooth: str = ""
    """The path, without what is easily mistaken in one."""
    server: str = ""

    @property
    def standard(self) -> bool:
        """Whether the port is the one of the scheme."""
        return self.port == _STANDARD.get(self.scheme)

    @property
    def shown(self) -> str:
        """The host, with the port if that says something."""
        return self.host if self.standard else f"{self.host}:{self.port}"


class Apart(NamedTuple):
    """How far each part is from what was asked; 0 fits."""

    scheme: float = 0.0
    host: float = 0.0
    path: float = 0.0
    query: float = 0.0
    pattern: float = 0.0

    @property
    def all(self) -> float:
        """Together."""
        return sum(self)


_HERE = Apart()
_ELSEWHERE = Apart(pattern=PATTERN)


def place(url: URL) -> Place:
    """The parts of an absolute URL."""
    address, query = key(url)
    scheme, server, path = _split(address)
    host, _, port = server.rpartition(":")
    return Place(scheme, host, port, path, query, smoothed(path), server)


def apart(offered: Address, asked: Place, url: URL) -> Apart:
    """How far an address on offer is from the one that was asked for."""
    if isinstance(offered, Exact):
        scheme, server, path = _split(offered.place)
        away = path_apart(path, asked) if path != asked.path else 0.0
    elif isinstance(offered, Template):
        scheme, server, _ = _split(offered.origin + "/")
        away = 0.0 if offered.fits_path(url) else _template_apart(offered, asked)
    elif isinstance(offered, Mounted):
        scheme, server, path = _split(offered.start + "/")
        away = 0.0 if (asked.path + "/").startswith(path) else _start_apart(path, asked.path)
    elif isinstance(offered, Expression):
        return _HERE if offered.fits(url) is not None else _ELSEWHERE
    else:
        return _ELSEWHERE
    query = offered.query
    return Apart(
        0.0 if scheme == asked.scheme else SCHEME,
        0.0 if server == asked.server else _server_apart(scheme, server, asked),
        away,
        0.0 if query is None or query == asked.query else query_apart(query, asked.query),
    )


class Glance:
    """A look at thousands of addresses, from one that was asked for: only how far, and nearly all are left out."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._asked = place(url)
        # those of the last one: routes of one server, or one path, mostly stand together
        self._server: tuple[tuple[str, str] | None, float] = None, 0.0
        self._path: tuple[str | None, float] = None, 0.0

    def away(self, offered: Address, limit: float) -> float:
        """How far an address is, all its parts together; infinite as soon as it is more than `limit`."""
        if isinstance(offered, Exact):
            scheme, _, server, path = offered.place.split("/", 3)
        elif isinstance(offered, Template):
            (scheme, _, server), path = offered.origin.split("/", 2), ""
        else:
            return sum(apart(offered, self._asked, self._url))
        asked = self._asked
        far = 0.0 if scheme[:-1] == asked.scheme else SCHEME
        if server != asked.server:
            far += self._server_away(scheme[:-1], server)
            if far > limit:
                return _TOO_FAR
        if isinstance(offered, Template):
            far += 0.0 if offered.fits_path(self._url) else _template_apart(offered, asked)
        elif path != asked.path[1:]:
            if far + SLIP > limit:
                return _TOO_FAR
            far += self._path_away(path)
        query = offered.query
        if query is not None and query != asked.query:
            if far + QUERY[0] > limit:
                return _TOO_FAR
            far += query_apart(query, asked.query)
        return far

    def _server_away(self, scheme: str, server: str) -> float:
        known, far = self._server
        if (scheme, server) != known:  # how far a port is depends on the scheme
            far = _server_apart(scheme, server, self._asked)
            self._server = (scheme, server), far
        return far

    def _path_away(self, path: str) -> float:
        known, far = self._path
        if path != known:
            far = path_apart("/" + path, self._asked)
            self._path = path, far
        return far


_TOO_FAR = float("inf")


def _split(address: str) -> tuple[str, str, str]:
    scheme, _, server, path = address.split("/", 3)
    return scheme[:-1], server, "/" + path


def _server_apart(scheme: str, server: str, asked: Place) -> float:
    host, _, port = server.rpartition(":")
    if host != asked.host:
        return _between(HOST, unlikeness(host, asked.host))
    both = port == _STANDARD.get(scheme) and asked.standard  # then the scheme says it already
    return 0.0 if both else PORT


def _start_apart(start: str, asked: str) -> float:
    """How far the beginning of a path, which ends with a slash, is from one that was to be below it."""
    level = "/".join(asked.split("/")[: start.count("/")])
    return SLIP if smoothed(start) == smoothed(level) else _between(PATH, unlikeness(start, level))


def path_apart(path: str, asked: Place) -> float:
    """How far a path, as `uri.key` writes it, is from the one that was asked for."""
    start, end = ends(path, asked.path)
    if _may_be_a_slip(path, asked.path, start) and smoothed(path) == asked.smooth:
        return SLIP
    longest = max(len(path), len(asked.path))
    return PATH[1] - (PATH[1] - PATH[0]) * (start + end) / longest


def _may_be_a_slip(path: str, asked: str, at: int) -> bool:
    """A glance at where they begin to differ: to smooth thousands of paths takes long."""
    mine, theirs = path[at : at + 1], asked[at : at + 1]
    if not (mine and theirs) or mine in "/%" or theirs in "/%" or mine.lower() == theirs.lower():
        return True
    return "%" in path[max(at - 2, 0) : at] or not path.isascii() or not asked.isascii()


def _template_apart(offered: Template, asked: Place) -> float:
    return _between(PATH, unlikeness(offered.path, asked.path))


def query_apart(mine: Query, theirs: Query) -> float:
    """How far two queries are from one another, by the number of pairs that only one of them has."""
    one, other = set(mine), set(theirs)
    if len(one) + len(other) == len(mine) + len(theirs):
        apart = len(one ^ other)
    else:  # some are there twice
        many, others = Counter(mine), Counter(theirs)
        apart = (many - others).total() + (others - many).total()
    return min(QUERY[0] + apart, QUERY[1])


def smoothed(path: str) -> str:
    """A path without what is easily mistaken in one."""
    if "%" in path:
        path = unquote(unquote(path)).strip()
    while "//" in path:
        path = path.replace("//", "/")
    return path.casefold().rstrip("/")


def _between(bounds: tuple[float, float], share: float) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * share
