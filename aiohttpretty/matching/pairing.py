"""Who stays alone when as many as possible are paired.

Law of this room: it knows numbers only, and asks no question twice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from types import MappingProxyType


def unpaired(
    lefts: int,
    rights: int,
    fits: Callable[[int, int], bool],
    asking: Collection[int] = (),
    paired: Mapping[int, int] = MappingProxyType({}),
    candidates: Callable[[int], Sequence[int] | None] = lambda left: None,
) -> tuple[list[int], list[int]]:
    """What stays alone on either side when as many as possible are paired: a maximum matching.

    Kuhn's algorithm, each search in breadth, so that no stack is too short for it. A search that finds nothing shows
    that nobody will ever get one of the partners that it came by, so they are left out from then on; that makes it
    cubic at worst. `fits` is asked once for each pair at most. It begins with the pairs in `paired`, which fit, and
    looks for the partners of a left among its `candidates` only, in ascending order, unless they are None.

    The lefts in `asking` run code of the test's own: they come last, and no more once a left stays alone; what is
    left over is not known then.
    """
    suits = cache(fits)
    partner = dict(paired)  # left: right
    owner = {right: left for left, right in paired.items()}
    hopeless: set[int] = set()
    lonely: list[int] = []

    def suitable(left: int, but: Collection[int]) -> Iterator[int]:
        for right in _nearest(left, rights, candidates(left)):
            if right not in hopeless and right not in but and suits(left, right):
                yield right

    for start in sorted((left for left in range(lefts) if left not in partner), key=lambda left: left in asking):
        if lonely and start in asking:
            return lonely, []
        came_from = _search(start, owner, suitable)
        free = next((right for right in reversed(came_from) if right not in owner), None)
        if free is None:
            lonely.append(start)
            hopeless.update(came_from)
        else:
            _hand_over(free, came_from, owner, partner)
    return lonely, [right for right in range(rights) if right not in owner and not (lonely and asking)]


def _nearest(left: int, rights: int, among: Sequence[int] | None) -> Iterable[int]:
    """All of them; often they are in order already, or reversed."""
    if among is not None:
        split = bisect_left(among, left)
        return chain(among[split:], among[:split])
    mirrored = rights - 1 - left
    ends = (left, mirrored) if 0 <= mirrored != left < rights else ()
    return chain(ends, range(min(left, rights), rights), range(min(left, rights)))


def _search(
    start: int, owner: dict[int, int], suitable: Callable[[int, Collection[int]], Iterable[int]]
) -> dict[int, int]:
    """The rights that `start` could get, should their owners take another, each with who would get it."""
    came_from: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        left = waiting.popleft()
        for right in suitable(left, came_from):
            came_from[right] = left
            if right not in owner:
                return came_from
            waiting.append(owner[right])
    return came_from


def _hand_over(free: int, came_from: dict[int, int], owner: dict[int, int], partner: dict[int, int]) -> None:
    right: int | None = free
    while right is not None:
        left = came_from[right]
        before = partner.get(left)
        owner[right], partner[left] = left, right
        right = before
