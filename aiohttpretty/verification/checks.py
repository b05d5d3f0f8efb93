"""Whether the calls that came by are those that a test expected.

Law of this room: it looks and counts, and changes nothing. What can't be told, because a call's body was not kept, is
neither taken for a yes nor for a no.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..diagnosis.verdict import Verdict
from ..errors import BodyNotKeptError, OptionTypeError, OptionValueError, VerificationError
from ..legible import legible
from ..notation import written
from ..records.unused import unused
from . import shortfall
from .nearcalls import NearCall, aligned, judged_call, nearest

if TYPE_CHECKING:
    from ..records.call import Call, Unmatched
    from ..route import Route
    from .expectation import Expectation


# So many calls are compared with as many expected ones, to say which is which
_COMPARED = 100
_EARLY = 1.0


class Seen(NamedTuple):
    """What a registry has seen."""

    calls: Sequence[Call]
    unmatched: Sequence[Unmatched]
    active: bool
    to_test_servers: Sequence[Call] = ()


class Bounds(NamedTuple):
    """How often something is to be called."""

    least: int
    most: float

    def __str__(self) -> str:
        if self.most == 0:
            return "not to be called"
        least, most = shortfall.times(self.least), shortfall.times(self.most)
        if self.least == self.most:
            return f"to be called exactly {least}"
        if self.most == math.inf:
            return f"to be called at least {least}"
        return f"to be called at most {most}" if not self.least else f"to be called {least} to {most}"


ONCE_OR_MORE = Bounds(1, math.inf)


@legible
def bounds(times: int | None, at_least: int | None, at_most: int | None) -> Bounds:
    """How often, in the words of an assertion; at least once without any.

    Raises:
        OptionTypeError, OptionValueError: they are no numbers of calls, or contradict each other.
    """
    given = {"times": times, "at_least": at_least, "at_most": at_most}
    for word, number in given.items():
        if number is not None:
            check_number(word, number)
    if times is not None:
        beside = [word for word in ("at_least", "at_most") if given[word] is not None]
        if beside:
            raise OptionTypeError(
                f"times={times} is given beside {' and '.join(f'{word}={given[word]}' for word in beside)}, and says "
                "exactly how often. Leave one or the other out."
            )
        return Bounds(times, times)
    if at_most is None:
        return ONCE_OR_MORE if at_least is None else Bounds(at_least, math.inf)
    if at_least is not None and at_least > at_most:
        raise OptionValueError(
            f"at_least={at_least} is more than at_most={at_most}, so no number of calls would do. Swap them."
        )
    return Bounds(at_least or 0, at_most)


@legible
def check_number(word: str, number: object, *, least: int = 0) -> int:
    """A number of calls.

    Raises:
        OptionTypeError, OptionValueError: it is none, or is too small.
    """
    if isinstance(number, bool) or not isinstance(number, int):
        raise OptionTypeError(f"{word}={written(number)} is not a number of calls. Give an int from {least} on.")
    if number < least:
        raise OptionValueError(f"{word}={number} is not a number of calls. Give an int from {least} on.")
    return int(number)


def told_apart(expectation: Expectation, calls: Iterable[Call]) -> tuple[list[Call], list[Call]]:
    """The calls that fit, and those of which that can't be told."""
    fitting: list[Call] = []
    untold: list[Call] = []
    for call in calls:
        try:
            if expectation.fits(call):
                fitting.append(call)
        except BodyNotKeptError:  # noqa: PERF203 - each call has its own
            untold.append(call)
    return fitting, untold


def miscounted(expectation: Expectation, wanted: Bounds, seen: Seen) -> VerificationError | None:
    """What is wrong about how often the calls that are meant came by; None if nothing is."""
    fitting, untold = told_apart(expectation, seen.calls)
    least, most = len(fitting), len(fitting) + len(untold)
    if wanted.least <= least and most <= wanted.most:
        return None
    if wanted.least <= most and least <= wanted.most and untold:
        return VerificationError(shortfall.untold(expectation, untold, seen))
    near = [] if least > wanted.most else _nearest(expectation, fitting, seen)
    return VerificationError(shortfall.miscounted(expectation, wanted, fitting, near, seen), near)


class Watch:
    """Picks from the calls that come those that fit."""

    def __init__(self, expectation: Expectation, wanted: int) -> None:
        self.expectation = expectation
        self.wanted = wanted
        """How many of them are waited for."""
        self.found: list[Call] = []
        """Those that have come."""
        self.untold: list[Call] = []
        """Those of which it can't be told."""
        self._known: dict[int, Call] = {}  # one may come twice: from the list of calls, and when it is whole

    def look(self, calls: Iterable[Call]) -> bool:
        """Whether as many as are wanted have come, with these."""
        for call in calls:
            if len(self.found) < self.wanted and call.whole and id(call) not in self._known:
                self._known[id(call)] = call
                fitting, untold = told_apart(self.expectation, [call])
                self.found += fitting
                self.untold += untold
        return len(self.found) == self.wanted


@legible
def check_timeout(timeout: object) -> float | None:
    """How long to wait, in seconds; None for ever.

    Raises:
        OptionTypeError, OptionValueError: it is no length of time, or one that nobody can wait for.
    """
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise OptionTypeError(
            f"timeout={written(timeout)} is no length of time. Give seconds as a number, or None to wait for ever."
        )
    if not 0 <= timeout <= _LONGEST:
        raise OptionValueError(
            f"timeout={timeout!r} can't be waited for. Give seconds from 0 to a year, or None to wait for ever."
        )
    return float(timeout)


# More than that, not every event loop can wait
_LONGEST = 366 * 24 * 60 * 60


def missed(watch: Watch, timeout: float | None, seen: Seen, *, ended: bool) -> VerificationError:
    """What is said when a call that was waited for has not come; `ended` by a `deactivate()`."""
    expectation = watch.expectation
    if watch.untold:
        return VerificationError(shortfall.untold(expectation, watch.untold, seen))
    near = _nearest(expectation, watch.found, seen)
    waited = "Waited until deactivate()" if ended else f"Waited {timeout:g} s" if timeout else "Looked"
    return VerificationError(shortfall.missed(expectation, waited, watch.wanted, watch.found, near, seen), near)


def misordered(expected: Sequence[Expectation], seen: Seen, *, in_order: bool) -> VerificationError | None:
    """What is wrong about the calls beside the expected ones; None if nothing is.

    With `in_order`, others may come before, between and behind them.

    Raises:
        OptionTypeError: `in_order` is no bool.
    """
    if not isinstance(in_order, bool):
        raise OptionTypeError(
            f"assert_calls: in_order={written(in_order)} is not a bool. Give True if others may come before, between "
            "and behind the calls, or leave it out."
        )
    try:
        right = _in_order(expected, seen.calls) if in_order else _just(expected, seen.calls)
    except BodyNotKeptError:
        untold = ((one, told_apart(one, seen.calls)[1]) for one in expected)
        return VerificationError(shortfall.untold(*next(each for each in untold if each[1]), seen))
    if right:
        return None
    return _misplaced(expected, seen) if in_order else _unequal(expected, seen)


def left_over(routes: Iterable[Route], seen: Seen) -> VerificationError | None:
    """What is wrong if a route, or an item of its `responses`, has answered nothing; None if nothing is."""
    left = unused(routes)
    return VerificationError(shortfall.left_over(left, seen)) if left else None


def _just(expected: Sequence[Expectation], calls: Sequence[Call]) -> bool:
    return len(expected) == len(calls) and all(one.fits(call) for one, call in zip(expected, calls, strict=True))


def _in_order(expected: Sequence[Expectation], calls: Sequence[Call]) -> bool:
    return len(_found(expected, calls)) == len(expected)


def _found(expected: Sequence[Expectation], calls: Sequence[Call]) -> list[Call]:
    """The calls that fit, one after another, as far as they go."""
    found: list[Call] = []
    rest = iter(calls)
    for expectation in expected:
        call = next(filter(expectation.fits, rest), None)  # the earliest leaves the most room for the others
        if call is None:
            break
        found.append(call)
    return found


def _misplaced(expected: Sequence[Expectation], seen: Seen) -> VerificationError:
    found = _found(expected, seen.calls)
    near = [_after(one, found, seen) for one in _nearest(expected[len(found)], found, seen)]
    return VerificationError(shortfall.out_of_order(expected, found, near, seen), near)


def _after(near: NearCall, found: Sequence[Call], seen: Seen) -> NearCall:
    """What each condition says, and that the call has to come after those that were found."""
    places = {id(call): number for number, call in enumerate(seen.calls)}
    if not found or places.get(id(near.call), len(places)) > places[id(found[-1])]:
        return near
    early = Verdict("order", False, "", "", f"it came before the one that is number {len(found)}", _EARLY)
    return NearCall(near.call, (*near.verdicts, early))


def _unequal(expected: Sequence[Expectation], seen: Seen) -> VerificationError:
    near: list[NearCall] = []
    beside: list[tuple[Expectation | None, Call | None, Sequence[Verdict]]] = []
    for expectation, call, fits in _beside(expected, seen.calls):
        misses: Sequence[Verdict] = ()
        if expectation is not None and call is not None and not fits:
            near.append(judged_call(expectation, call))
            misses = near[-1].misses
        beside.append((expectation, call, misses))
    return VerificationError(shortfall.unequal(expected, beside, seen), near)


def _nearest(expectation: Expectation, found: Iterable[Call], seen: Seen) -> list[NearCall]:
    taken = set(map(id, found))
    return nearest(expectation, [call for call in seen.calls if id(call) not in taken], seen.unmatched)


def _beside(
    expected: Sequence[Expectation], calls: Sequence[Call]
) -> list[tuple[Expectation | None, Call | None, bool]]:
    start = 0
    while start < min(len(expected), len(calls)) and told_apart(expected[start], [calls[start]])[0]:
        start += 1
    same = [(one, call, True) for one, call in zip(expected[:start], calls[:start], strict=True)]
    # All are compared with all: of a long list, that would take too long
    few, some = expected[start : start + _COMPARED], calls[start : start + _COMPARED]
    rows = aligned(few, some, [[bool(told_apart(one, [call])[0]) for call in some] for one in few])
    more = [(one, None, False) for one in expected[start + _COMPARED :]]
    return [*same, *rows, *more, *((None, call, False) for call in calls[start + _COMPARED :])]
