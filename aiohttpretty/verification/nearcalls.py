"""The calls that come nearest to what was expected, on the scale on which routes are ranked for a request.

Law of this room: an expectation is to a call what a route is to a request, and is judged by the same verdicts. A
request that no route answered is no call, and may be the nearest all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, NamedTuple

from ..diagnosis.nearness import JUDGED, SHOWN
from ..diagnosis.place import METHOD, apart, place
from ..diagnosis.verdict import Judged, Verdict, verdicts
from ..records.call import Call

if TYPE_CHECKING:
    from ..addresses.address import Address
    from ..matching.matcher import Matcher
    from ..records.call import Unmatched
    from .expectation import Expectation

_BY_ANOTHER = 3.0
_UNANSWERED = 1.0


class _Place(NamedTuple):
    method: str
    address: Address
    matchers: tuple[Matcher, ...] = ()


@dataclass(frozen=True, slots=True)
class NearCall(Judged):
    """A call that could have been meant, and what each condition says of it."""

    call: Any
    """The call, or the record of a request that no route answered."""
    verdicts: tuple[Verdict, ...]


def nearest(expectation: Expectation, calls: Iterable[Call], unmatched: Iterable[Unmatched]) -> list[NearCall]:
    """The few that are nearest, the nearest first; among equals, the first that came."""

    def far(one: Any) -> float:
        wrong_method = 0.0 if expectation.method in ("*", one.method) else METHOD
        return apart(expectation.address, place(one.url), one.url).all + wrong_method

    every: list[Any] = [*calls, *unmatched]
    measured = [(far(one), number, one) for number, one in enumerate(every)]
    judged = [_judged(expectation, one) for _, _, one in nsmallest(JUDGED, measured)]
    return nsmallest(SHOWN, judged, key=lambda near: near.distance)


def judged_call(expectation: Expectation, call: Call) -> NearCall:
    """What each condition says of a call."""
    found = verdicts(expectation, expectation.seen(call))
    route = expectation.route
    if route is not None and call.route is not route:
        by = "nothing" if call.route is None else str(call.route.origin)
        got = "nothing: it was passed through" if call.route is None else f"the one registered at {by}"
        said = f"expected the one registered at {route.origin}\ngot {got}"
        found.append(Verdict("route", False, str(route.origin), by, said, _BY_ANOTHER))
    return NearCall(call, tuple(found))


def _judged(expectation: Expectation, record: Any) -> NearCall:
    if isinstance(record, Call):
        return judged_call(expectation, record)
    found = verdicts(_Place(expectation.method, expectation.address), record)  # the rest of it is not recorded
    said = "no route answered it, so it is no call; aiohttpretty.unmatched has the report"
    return NearCall(record, (*found, Verdict("answer", False, "of a route", "none", said, _UNANSWERED)))


def aligned(
    expected: Sequence[Expectation], calls: Sequence[Call], fits: Sequence[Sequence[bool]]
) -> list[tuple[Expectation | None, Call | None, bool]]:
    """Expected calls beside those that came, both in their order, as many as can be beside one that fits.

    Args:
        fits: Whether each expectation (the rows) fits each call.
    """
    common = [[0] * (len(calls) + 1) for _ in range(len(expected) + 1)]
    for one in reversed(range(len(expected))):
        for other in reversed(range(len(calls))):
            here = common[one + 1][other + 1] + 1 if fits[one][other] else 0
            common[one][other] = max(here, common[one + 1][other], common[one][other + 1])
    rows: list[tuple[Expectation | None, Call | None, bool]] = []
    one = other = 0
    while one < len(expected) and other < len(calls):
        if fits[one][other]:
            rows.append((expected[one], calls[other], True))
            one, other = one + 1, other + 1
        elif common[one + 1][other + 1] == common[one][other]:
            rows.append((expected[one], calls[other], False))  # one stands in the other's place
            one, other = one + 1, other + 1
        elif common[one + 1][other] >= common[one][other + 1]:
            rows.append((expected[one], None, False))
            one += 1
        else:
            rows.append((None, calls[other], False))
            other += 1
    rows += [(missing, None, False) for missing in expected[one:]]
    return rows + [(None, extra, False) for extra in calls[other:]]
