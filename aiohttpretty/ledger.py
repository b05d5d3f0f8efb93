"""The ledger of routes: add, find, strike; and the view of it that the world may see.

The rule of precedence is here: an exact address is tried before templates and patterns; among routes that fit, those
with matchers before those without, the newest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, TypeVar, cast

from yarl import URL

from .address import Beneath, Exact, Template
from .route import Route
from .uri import Query, key

_K = TypeVar("_K")
Place = tuple[str, str, Query | None]
# Among as many of the newest, routes are looked for that a new one would hide; all of them would be too many to ask
# at each of 10,000 registrations
_LOOKED_BACK = 128


class Ledger:
    """Finding an exact address costs the same among one and among 100,000, whatever else is registered."""

    def __init__(self) -> None:
        self._routes: dict[Route, None] = {}
        self._number = 0
        # Each list in the order of precedence
        self._exact: dict[Place, list[Route]] = {}
        self._at: dict[str, dict[Route, None]] = {}
        self._loose_exact = 0  # how many of the exact ones are for any method or any query
        self._folders: dict[str, list[Route]] = {}
        self._patterns: list[Route] = []
        self._inexact: dict[Route, None] = {}
        self._alike: dict[object, dict[Route, None]] = {}  # of the inexact ones
        self.beneath: list[Route] = []
        """Those of a bundle that is still to be included under a base."""

    def add(self, route: Route) -> None:
        """Enter a route; one with the same method, address and matchers is replaced."""
        self._strike_same(route)
        self._number += 1
        route.rank = (bool(route.matchers), self._number)
        row = self._row(route)
        at = 0 if route.matchers else next((at for at, other in enumerate(row) if not other.matchers), len(row))
        row.insert(at, route)
        self._routes[route] = None
        address = route.address
        if isinstance(address, Exact):
            self._at.setdefault(address.place, {})[route] = None
            self._loose_exact += _loose(route.method, address)
        else:
            self._inexact[route] = None
            self._alike.setdefault((route.method, address.same), {})[route] = None

    def strike(self, route: Route) -> None:
        """Take a route out; nothing happens if it is not in."""
        if route not in self._routes:
            return
        del self._routes[route]
        row = self._row(route)
        row.remove(route)
        address = route.address
        if isinstance(address, Exact):
            self._loose_exact -= _loose(route.method, address)
            _strike(self._at, address.place, route)
            if not row:
                del self._exact[route.method, address.place, address.query]
            return
        del self._inexact[route]
        _strike(self._alike, (route.method, address.same), route)
        if isinstance(address, Template) and not row:
            del self._folders[address.folder]

    def clear(self) -> None:
        """Strike all."""
        self.__init__()  # type: ignore[misc]

    def sure(self, method: str, url: URL) -> Route | None:
        """The route that answers for certain, where a glance is enough to know it."""
        if self._loose_exact:
            return None
        address, query = key(url)
        row = self._exact.get((method, address, query))
        return row[0] if row is not None and row[0].sure else None

    def fitting(self, method: str, url: URL) -> Iterator[Route]:
        """The routes for a method (in upper case) and an absolute URL, in the order in which they are to be tried."""
        address, query = key(url)
        places: list[Place] = [(method, address, query)]
        if self._loose_exact:
            places += [("*", address, query), (method, address, None), ("*", address, None)]
        yield from _ordered([self._exact.get(place, ()) for place in places])
        if self._inexact:
            rows = [*self._near(address, url), self._patterns]
            for route in _ordered(rows):
                if route.method in ("*", method) and route.address.fits(url) is not None:
                    yield route

    def hidden_by(self, route: Route) -> Iterator[Route]:
        """Earlier routes that could never answer any more if this one was added."""
        address = route.address
        if isinstance(address, Exact):
            if not (route.matchers or _loose(route.method, address)):
                return
            others: Iterable[Route] = reversed(self._at.get(address.place, {}))
        else:
            others = reversed(self._inexact)
        for other in islice(others, _LOOKED_BACK):
            if route.covers(other) and not (_alike(route, other) and route.address.same == other.address.same):
                yield other

    def named(self, method: str, name: object) -> Route | None:
        """The route that was registered under a name: a URL written in any way, a template, a pattern or its text."""
        for route in reversed(self._inexact):
            known = route.address.name
            if route.method == method and name in (known, known.pattern if isinstance(known, re.Pattern) else known):
                return route
        address, query = key(URL(str(name)))
        rows = [self._exact.get((method, address, wanted), ()) for wanted in (query, None)]
        return next(_ordered(rows), None)

    def routes(self) -> Iterable[Route]:
        """All routes, in the order of registration."""
        return list(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def _row(self, route: Route) -> list[Route]:
        address = route.address
        if isinstance(address, Exact):
            return self._exact.setdefault((route.method, address.place, address.query), [])
        if isinstance(address, Template):
            return self._folders.setdefault(address.folder, [])
        return self.beneath if isinstance(address, Beneath) else self._patterns

    def _strike_same(self, route: Route) -> None:
        address = route.address
        if isinstance(address, Exact):
            alike: Iterable[Route] = self._exact.get((route.method, address.place, address.query), ())
        else:
            alike = self._alike.get((route.method, address.same), ())
        for other in alike:
            if _alike(other, route):
                self.strike(other)
                return

    def _near(self, address: str, url: URL) -> Iterator[list[Route]]:
        """The rows of templates that begin as the address does, up to one of its slashes."""
        if not self._folders:
            return
        # https:// is eight characters long; with a host and a port, the shortest origin is no shorter
        path = address[: address.index("/", 8)] + url.path_safe
        at = path.find("/", 8)
        while at >= 0:
            row = self._folders.get(path[: at + 1])
            if row is not None:
                yield row
            at = path.find("/", at + 1)


def _alike(one: Route, other: Route) -> bool:
    """Whether two routes for one address are one."""
    return (
        one.method == other.method
        and len(one.matchers) == len(other.matchers)
        and all(matcher in other.matchers for matcher in one.matchers)
    )


def _loose(method: str, address: Exact) -> bool:
    return method == "*" or address.query is None


def _strike(rows: dict[_K, dict[Route, None]], place: _K, route: Route) -> None:
    del rows[place][route]
    if not rows[place]:
        del rows[place]


def _ordered(rows: Iterable[Iterable[Route]]) -> Iterator[Route]:
    # a copy: what tries them may register or remove some
    filled = [list(row) for row in rows if row]
    if len(filled) == 1:
        return iter(filled[0])
    return iter(sorted(chain.from_iterable(filled), key=lambda route: route.rank, reverse=True))


class RegistryView(Mapping[tuple[str, "str | re.Pattern[str]"], Any]):
    """A read-only mapping from (method, uri) to what was registered: its options, or the list of `responses`.

    A key may be written in any way that a server would see as the same address; the method in any case. Of several
    routes with one key, which differ in their matchers, the one that is tried first is shown.
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
