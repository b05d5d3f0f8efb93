"""What the plug-in knows of a test while it runs, and what it makes of it at the end.

Law of this room: it hears of requests from the registry only, and of the test only what the hooks tell it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from time import monotonic
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import pytest

import aiohttpretty as front_door

if TYPE_CHECKING:
    from ..origin import Origin
    from ..records.recall import Recall
    from ..switch import Handle

# Where the tests of this run have registered something by themselves, not in what was set up for them
_OWN: pytest.StashKey[set[Origin]] = pytest.StashKey()

# Where pytest catches what comes out of a test or a fixture: an error that has come this far is in its report.
_REPORTED = pytest.CallInfo.from_call.__func__.__code__  # type: ignore[attr-defined]


class Watch:
    """Over one test, from a clean start to its end."""

    def __init__(self, item: pytest.Item, words: dict[str, Any], *, by_marker: bool) -> None:
        self.by_marker = by_marker
        self.on = True
        """Whether the test is mocked by it now."""
        self.failed = False
        """Whether the test has failed, be it as expected."""
        self.skipped = False
        self._seen_by = _seen_by(item)
        self._told: list[Any] = []  # those without an answer of which a report has told
        self._shown: tuple[int, int] | None = None  # how many requests the last timeline had
        self._seen: tuple[list[Any], ...] = ([], [], [], [])
        self._all_called = False
        self._named = False  # whether what was not used has been named
        self._began = monotonic()
        self._prepared: frozenset[Origin] = frozenset()
        self._own = item.session.stash.setdefault(_OWN, set())
        _cleared(self._own)
        self._handle: Handle = front_door.activate(**words)
        front_door._registry._beside = []

    def undo(self) -> None:
        """Switch off."""
        self.on = False
        self._handle.undo()
        self.look()  # an application may have failed at its end
        front_door._registry._beside = None

    def look(self, *, anew: bool = False) -> None:
        """Take note of what there is, before somebody clears it; `anew`, what is not there any more is not meant."""
        if anew:
            self._seen = ([], [], [], [])
        registry = front_door._registry
        self._all_called = registry.settings.assert_all_called if anew else self._all_called
        routes = registry._ledger.routes()  # a block of isolated() has been asked at its end whether all were used
        calls, unmatched, errors = [], [], []
        for each in _registries():
            calls += [*each.calls, *each.calls.to_test_servers]
            unmatched += each.unmatched
            errors += each.handler_errors
        news: tuple[Iterable[Any], ...] = calls, unmatched, routes, errors
        for seen, new in zip(self._seen, news, strict=True):
            known = {id(one) for one in seen}
            for one in new:
                if id(one) not in known:
                    known.add(id(one))  # one that nobody answered is noted by each that was asked
                    seen.append(one)

    def recalls(self) -> list[Recall]:
        """What `has_call` was last asked, of each registry that the test has."""
        return [each._recall for each in _registries() if each._recall is not None]

    def remember(self, when: str | None) -> None:
        """Note, when a phase is over, which routes the test itself has registered; no other test misses those."""
        if when == "setup":
            self._prepared = _registered()
        elif when == "call":
            self._own |= _registered() - self._prepared

    def timeline(self) -> str:
        """What happened, if something has since it was shown last."""
        from ..records import timeline, unused  # noqa: PLC0415 - only when there is something to report

        calls, unmatched, routes, _ = self._seen
        shown = len(calls), len(unmatched)
        if shown == self._shown:
            return ""
        self._shown = shown
        left = [] if self._named else unused.unused(routes)
        return timeline.timeline(calls, unmatched, left, self._began)

    def unnoticed(self) -> str:
        """What there is to say of requests without an answer whose error nobody has seen; it is said once."""
        _, unmatched, _, _ = self._seen
        found = [record for record in unmatched if not record.codes & self._seen_by and record not in self._told]
        if not found:
            return ""
        from ..diagnosis import report  # noqa: PLC0415 - only when there is something to report

        self._told += found
        return report.unmatched(found)

    def bugs(self) -> str:
        """What there is to say of exceptions that handlers let out; it is said once."""
        if not self._seen[3]:
            return ""
        from ..diagnosis import failed  # noqa: PLC0415 - only when there is something to report

        found = failed.untold(self._seen[3])
        return failed.report(found) if found else ""

    def left_over(self) -> str:
        """What there is to say of routes that were not used, if that matters and the test came to its end."""
        if not self._all_called or self.failed or self.skipped:
            return ""
        from ..verification import checks  # noqa: PLC0415 - only where it is asked for

        calls, unmatched, routes, _ = self._seen
        error = checks.left_over(routes, checks.Seen(calls, unmatched, active=True))
        self._named = error is not None
        return "" if error is None else str(error)


def _registries() -> list[front_door.AioHTTPretty]:
    """That of the process, and those of the blocks that the test has opened."""
    return [front_door._registry, *(front_door._registry._beside or ())]


def _registered() -> frozenset[Origin]:
    ledger = front_door._registry._ledger
    return frozenset([route.origin for route in ledger.routes()] + [route.origin for route in ledger.gone])


def _cleared(own: Collection[Origin]) -> None:
    """Clear, and keep in mind what somebody may miss: what was set up once, and is gone now."""
    ledger = front_door._registry._ledger
    # a matcher may hold on to whatever the test file has put into it
    earlier = tuple(route for route in ledger.gone if not route.matchers)
    front_door._registry._keep_unanswered()
    front_door.clear()
    gone = {route.origin: route for route in (*earlier, *ledger.gone) if route.origin not in own}
    ledger.gone.clear()
    ledger.gone.extend(gone.values())


def _seen_by(item: pytest.Item) -> frozenset[CodeType]:
    """Whose frames an error must have passed through to be noticed; asked before other plug-ins wrap the test."""
    codes = {_REPORTED}
    if hasattr(item, "dtest"):  # of a doctest, which compares the error with the one it expects
        codes.add(getattr(sys.modules["doctest"].DocTestRunner, "_DocTestRunner__run").__code__)  # noqa: B009
    layers: list[Any] = []
    function = getattr(item, "obj", None)
    while function is not None and function not in layers:
        layers.append(function)
        if isinstance(code := getattr(function, "__code__", None), CodeType):
            codes.update(_nested(code))
        function = _inner(function, getattr(item, "originalname", None))
    return frozenset(codes)


def _inner(function: Any, name: str | None) -> Any:
    """What a decorator has wrapped, if it has."""
    if isinstance(function, partial):
        return function.func
    if getattr(function, "is_hypothesis_test", False) is True:  # it calls the test through a function of its own
        return function.hypothesis.inner_test
    if (wrapped := getattr(function, "__wrapped__", None)) is not None:
        return wrapped
    # a decorator without functools.wraps has the test in its closure
    enclosed = getattr(function, "__closure__", None) or ()
    return next((cell.cell_contents for cell in enclosed if _is_function(cell, name)), None)


def _is_function(cell: CellType, name: str | None) -> bool:
    try:
        return type(cell.cell_contents) is FunctionType and cell.cell_contents.__name__ == name
    except ValueError:  # it is empty
        return False


def _nested(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of the functions written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
