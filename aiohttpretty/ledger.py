"""The ledger of routes: add, find, clear; and the view of it that the world may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from yarl import URL

from .route import Route
from .uri import Query, key


class Ledger:
    """Routes by method, address and query: finding one costs the same among one and among 100,000."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str, Query], Route] = {}

    def add(self, route: Route) -> None:
        """Enter a route; one with the same method, address and query is replaced, in the last place."""
        place = (route.method, route.key.address, route.key.query)
        self._routes.pop(place, None)
        self._routes[place] = route

    def find(self, method: str, url: URL) -> Route | None:
        """The route for a method (in upper case) and an absolute URL, if there is one."""
        address, query = key(url)
        return self._routes.get((method, address, query))

    def clear(self) -> None:
        """Strike all."""
        self._routes.clear()

    def routes(self) -> Iterable[Route]:
        """All routes, in the order of registration."""
        return list(self._routes.values())

    def __len__(self) -> int:
        return len(self._routes)


class RegistryView(Mapping[tuple[str, str], Any]):
    """A read-only mapping from (method, uri) to what was registered: its options, or the list of `responses`.

    A key may be written in any way that a server would see as the same address; the method in any case.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getitem__(self, place: tuple[str, str]) -> Any:
        route = self._find(place)
        if route is None:
            raise KeyError(place)
        return route.shown

    def __contains__(self, place: object) -> bool:
        return self._find(place) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((route.method, str(route.url)) for route in self._ledger.routes())

    def __len__(self) -> int:
        return len(self._ledger)

    def __repr__(self) -> str:
        return f"<registry of {len(self)} routes: {', '.join(' '.join(place) for place in self)}>"

    def _find(self, place: object) -> Route | None:
        try:
            method, uri = cast("tuple[str, str]", place)
            return self._ledger.find(method.upper(), URL(str(uri)))
        except (TypeError, ValueError, AttributeError):
            return None
