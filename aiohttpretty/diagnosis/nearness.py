"""The nearest of many, on one scale for all their conditions.

Law of this room: the nearest are found exactly, and most of the many are only glanced at. The distance of a place and
a method is cheap, and what matchers say only adds to it: once it alone is greater than that of the last one shown,
nobody behind can be nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappush, heapreplace
from typing import Any, TypeVar

from yarl import URL

from .place import METHOD, Glance
from .verdict import Judged, Verdict, Wanted

_W = TypeVar("_W", bound=Wanted)
SHOWN = 3
# So many are judged at most: at one address, thousands may differ in their matchers only
JUDGED = 64


@dataclass(frozen=True, slots=True)
class Candidate(Judged):
    """A route that could have been meant, and what each of its conditions says."""

    route: Any
    verdicts: tuple[Verdict, ...]

    def verdict(self, condition: str) -> Verdict | None:
        """What the condition of this name says, if there is one."""
        return next((verdict for verdict in self.verdicts if verdict.condition == condition), None)


def nearest(
    method: str, url: URL, offered: Iterable[_W], judge: Callable[[_W], list[Verdict]], *, shown: int = SHOWN
) -> list[Candidate]:
    """Those on offer that are nearest to a request, the nearest first; among equals, the first registered.

    Args:
        judge: What all the conditions of one say.
    """
    found: list[Candidate] = []
    for far, one in glanced(method, url, offered):
        if len(found) >= shown and far > sorted(candidate.distance for candidate in found)[shown - 1]:
            break
        found.append(Candidate(one, tuple(judge(one))))
    return sorted(found, key=lambda candidate: candidate.distance)[:shown]


def glanced(method: str, url: URL, offered: Iterable[_W]) -> list[tuple[float, _W]]:
    """The nearest by method and address alone."""
    glance = Glance(url)
    best: list[tuple[float, int, _W]] = []  # a heap, the furthest first
    limit = float("inf")
    for number, one in enumerate(offered):
        far = 0.0 if one.method in ("*", method) else METHOD
        far += glance.away(one.address, limit - far)
        if far < limit:
            heappush(best, (-far, -number, one)) if len(best) < JUDGED else heapreplace(best, (-far, -number, one))
            limit = -best[0][0] if len(best) == JUDGED else limit
    return [(-far, one) for far, _, one in sorted(best, key=lambda entry: entry[:2], reverse=True)]
