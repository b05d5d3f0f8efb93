"""The ledger of routes: add, find, strike; and the view of it that the world may see.

The rule of precedence is here: an exact address is tried before templates and patterns; among routes that fit, those
with matchers before those without, the newest first.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast

from yarl import URL

from .addresses.address import Address, Beneath, Exact, address
from .addresses.mounted import Mounted, beginnings
from .addresses.template import Template
from .addresses.uri import Query, key
from .errors import OptionValueError
from .origin import Origin
from .route import Route

_K = TypeVar("_K")
Place = tuple[str, str, Query | None]
# Among as many of the newest, routes are looked for that a new one would hide; all of them would be too many to ask
# at each of 10,000 registrations
_LOOKED_BACK = 128
# Of routes that are there no more, so many are known
_REMEMBERED = 64


class Gone(NamedTuple):
    """What is known of a route that is there no more, to tell a request that comes too late."""

    method: str
    address: Address
    matchers: tuple[Any, ...]
    origin: Origin
    how: str


class Ledger:
    """Finding an exact address costs the same among one and among 100,000, whatever else is registered."""

    def __init__(self) -> None:
        self._routes: dict[Route, None] = {}
        self._number = 0
        # Each row is in the order of precedence, and none is ever empty: other threads may be reading it
        self._exact: dict[Place, list[Route]] = {}
        self._loose_exact = 0  # how many of the exact ones are for any method or any query
        self._folders: dict[str, list[Route]] = {}
        self._patterns: dict[None, list[Route]] = {}
        self._beneath: dict[None, list[Route]] = {}
        self._mounts: dict[str, list[Route]] = {}
        # The rest is for registering only, and for the view
        self._same: dict[object, dict[Route, None]] = {}
        self._marked: dict[object, dict[Route, None]] = {}
        self._named: dict[tuple[str, object], dict[Route, None]] = {}
        self.gone: deque[Gone] = deque(maxlen=_REMEMBERED)
        """The last ones that were struck."""

    def add(self, route: Route) -> None:
        """Enter a route; one with the same method, address and matchers is replaced."""
        self._strike_same(route)
        self._number += 1
        route.rank = (bool(route.matchers), self._number)
        rows, place = self._row(route)
        row = rows.get(place)
        if row is None:
            rows[place] = [route]
        else:
            row.insert(bisect_left(row, _before(route), key=_before), route)
        self._routes[route] = None
        self._loose_exact += _loose(route)
        for index, mark in self._indexed(route):
            index.setdefault(mark, {})[route] = None

    def strike(self, route: Route, how: str = "has been removed since, by remove()") -> None:
        """Take a route out; nothing happens if it is not in."""
        if route not in self._routes:
            return
        del self._routes[route]
        self.gone.append(_gone(route, how))
        rows, place = self._row(route)
        row = rows[place]
        if len(row) == 1:
            del rows[place]
        else:
            del row[bisect_left(row, _before(route), key=_before)]
        self._loose_exact -= _loose(route)
        for index, mark in self._indexed(route):
            _strike(index, mark, route)

    def clear(self) -> None:
        """Strike all."""
        gone = [_gone(route, _CLEARED) for route in islice(reversed(self._routes), _REMEMBERED) if route.host is None]
        self.__init__()  # type: ignore[misc]
        self.gone.extend(reversed(gone))

    def sure(self, method: str, url: URL) -> Route | None:
        """The route that answers for certain, where a glance is enough to know it."""
        if self._loose_exact:
            return None
        place, query = key(url)
        row = self._exact.get((method, place, query))
        return row[0] if row is not None and row[0].sure else None

    def fitting(self, method: str, url: URL) -> Iterator[Route]:
        """The routes for a method (in upper case) and an absolute URL, in the order in which they are to be tried."""
        where, query = key(url)
        places: list[Place] = [(method, where, query)]
        if self._loose_exact:
            places += [("*", where, query), (method, where, None), ("*", where, None)]
        yield from _ordered(row for place in places if (row := self._exact.get(place)))
        if self._folders or self._patterns:
            for route in _ordered([*self._near(where, url), *self._patterns.values()]):
                if route.method in ("*", method) and route.address.fits(url) is not None:
                    yield route
        yield from filter(None, [self.mounted(url)])

    def mounted(self, url: URL) -> Route | None:
        """What is mounted there, the nearest of several."""
        rows = (self._mounts.get(at) for at in beginnings(key(url).address)) if self._mounts else ()
        return next((row[0] for row in rows if row), None)

    def hidden_by(self, route: Route) -> Iterator[Route]:
        """Earlier routes that could never answer any more if this one was added."""
        where = route.address
        if isinstance(where, Exact) and not (route.matchers or _loose(route)):
            return  # it can only replace one
        rows = [self._marked.get(mark, {}) for mark in where.sought]
        if isinstance(where, Template):
            rows = sorted(rows, key=len)[:1]  # what it covers is in all of them
        for row in rows:
            for other in list(islice(reversed(row), _LOOKED_BACK)):
                if route.covers(other) and not _alike(route, other):
                    yield other

    def named(self, method: str, name: object) -> Route | None:
        """The route that was registered under a name: a URL written in any way, a template, a pattern or its text."""
        readings = () if isinstance(name, re.Pattern) else _readings(name)
        found = [route for reading in readings for route in self._read(method, reading)]
        found = found or [*self._named.get((method, name), ())]
        return max(found, key=lambda route: route.rank, default=None)

    def beneath(self) -> list[Route]:
        """Those of a bundle that is still to be included under a base."""
        return [route for route in self._routes if isinstance(route.address, Beneath)] if self._beneath else []

    def routes(self) -> list[Route]:
        """All routes, in the order of registration."""
        return list(self._routes)

    def __contains__(self, route: object) -> bool:
        return route in self._routes

    def _row(self, route: Route) -> tuple[dict[Any, list[Route]], object]:
        where = route.address
        if isinstance(where, Exact):
            return self._exact, (route.method, where.place, where.query)
        if isinstance(where, Template):
            return self._folders, where.folder
        if isinstance(where, Mounted):
            return self._mounts, where.start
        return (self._beneath if isinstance(where, Beneath) else self._patterns), None

    def _indexed(self, route: Route) -> Iterator[tuple[dict[Any, dict[Route, None]], object]]:
        """Where else it stands."""
        exact = isinstance(route.address, Exact)
        if route.matchers or not exact:
            yield self._same, route.identity
        yield from ((self._marked, mark) for mark in route.address.marks)
        if not exact:
            yield from ((self._named, (route.method, name)) for name in _names(route.address))

    def _strike_same(self, route: Route) -> None:
        if route.matchers or not isinstance(route.address, Exact):
            alike: Iterable[Route] = self._same.get(route.identity, ())
        else:  # among those for one address, it is the last
            rows, place = self._row(route)
            alike = rows.get(place, [])[-1:]
        for other in alike:
            if _alike(other, route):
                self.strike(other, f"has been replaced since ({route.origin})")
                return

    def _read(self, method: str, where: Address) -> Iterable[Route]:
        if isinstance(where, Exact):
            found = self._exact.get((method, where.place, where.query), [])
            return found or (self._mounts.get(where.place.rstrip("/"), []) if method == "*" else [])
        return self._named.get((method, where.same), {})

    def _near(self, where: str, url: URL) -> Iterator[list[Route]]:
        """The rows of templates that begin as the address does, up to one of its slashes."""
        if not self._folders:
            return
        # https:// is eight characters long; with a host and a port, the shortest origin is no shorter
        path = where[: where.index("/", 8)] + url.path_safe
        at = path.find("/", 8)
        while at >= 0:
            row = self._folders.get(path[: at + 1])
            if row is not None:
                yield row
            at = path.find("/", at + 1)


_CLEARED = "has been cleared since, by clear(), or by the marker or the fixture at the beginning of a test"


def _gone(route: Route, how: str) -> Gone:
    return Gone(route.method, route.address, route.matchers, route.origin, how)


def _alike(one: Route, other: Route) -> bool:
    """Whether two routes are one, registered again."""
    return (
        one.identity == other.identity
        and len(one.matchers) == len(other.matchers)
        and all(matcher in other.matchers for matcher in one.matchers)
        and all(matcher in one.matchers for matcher in other.matchers)
    )


def _loose(route: Route) -> bool:
    return isinstance(route.address, Exact) and (route.method == "*" or route.address.query is None)


def _before(route: Route) -> tuple[bool, int]:
    matched, number = route.rank
    return not matched, -number


def _strike(rows: dict[_K, dict[Route, None]], place: _K, route: Route) -> None:
    del rows[place][route]
    if not rows[place]:
        del rows[place]


def _ordered(rows: Iterable[list[Route]]) -> Iterator[Route]:
    copies = [list(row) for row in rows]  # what tries them may register or remove some
    return iter(copies[0]) if len(copies) == 1 else merge(*copies, key=_before)


def _names(where: Address) -> tuple[object, ...]:
    return (where.same, where.name.pattern) if isinstance(where.name, re.Pattern) else (where.same,)


def _readings(name: object) -> Iterator[Address]:
    """Which addresses are written so."""
    text = name if isinstance(name, (str, URL)) else str(name)
    try:
        yield address(text, beneath=True)
        yield address(text, check_params=False, beneath=True)
    except OptionValueError:
        pass  # it may be the text of a pattern


class RegistryView(Mapping[tuple[str, "str | re.Pattern[str]"], Any]):
    """A read-only mapping from (method, uri) to what was registered: its options, or the list of `responses`.

    A key may be written in any way that a server would see as the same address; the method in any case. Of several
    routes with one key, which differ in their matchers or in whether the query counts, the one that is tried first is
    shown.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getitem__(self, place: tuple[str, str | re.Pattern[str]]) -> Any:
        route = self._find(place)
        if route is None:
            raise KeyError(place)
        return route.shown

    def __contains__(self, place: object) -> bool:
        return self._find(place) is not None

    def __iter__(self) -> Iterator[tuple[str, str | re.Pattern[str]]]:
        return iter(dict.fromkeys((route.method, route.address.name) for route in self._ledger.routes()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        named = (f"{method} {getattr(name, 'pattern', name)}" for method, name in self)
        return f"<registry of {len(self)} routes: {', '.join(named)}>"

    def _find(self, place: object) -> Route | None:
        try:
            method, uri = cast("tuple[str, Any]", place)
            return self._ledger.named(method.upper(), uri)
        except (TypeError, ValueError, AttributeError):
            return None
