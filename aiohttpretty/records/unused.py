"""What was registered and has answered nothing.

Law of this room: it asks the routes themselves, and not the list of calls, which a test may clear.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..addresses.address import Exact
from ..diagnosis import masking

if TYPE_CHECKING:
    from ..route import Route


class Unused(NamedTuple):
    """A route that has answered nothing, or not with each of its `responses`; prints as what is missing, no secrets."""

    route: Route
    items: tuple[int, ...]
    """Which items of its `responses` were not used; empty where the whole route was not."""

    def __str__(self) -> str:
        address = self.route.address
        if isinstance(address, Exact):
            name = str(masking.url(address.url))
        else:
            name = masking.assigned(address.name if isinstance(address.name, str) else address.name.pattern)
        where = f"{self.route.method} {name} ({self.route.origin})"
        if not self.items:
            return where
        first, last = self.items[0], self.items[-1]
        return f"{where}: responses[{first}]" + (f" to [{last}]" if last > first else "")


def unused(routes: Iterable[Route]) -> list[Unused]:
    """Those of the routes that are not `optional` and have answered nothing, or not with all of their `responses`.

    `times=N` is a limit, so one answer is enough; `responses` say what is to happen, so each item is to be used.
    """
    found = (_unused(route) for route in routes if not route.optional)
    return [one for one in found if one is not None]


def _unused(route: Route) -> Unused | None:
    if not route.used:
        return Unused(route, ())
    if route.endless is not None or "responses" not in route.succession.written:
        return None
    left = range(route.succession.given, route.succession.count)
    return Unused(route, tuple(left)) if left else None
