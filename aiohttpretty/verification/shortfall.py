"""What is said when the calls fall short of what a test expected, or go beyond it.

Law of this room: it returns text and raises nothing. A failure answers: what was expected, and where; what came
instead, when, asked from where, and why each is not what was meant. No secret is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..addresses.address import Exact, as_sent
from ..diagnosis import layout, masking, outside
from ..diagnosis.difference import cut
from ..diagnosis.prose import told
from . import attempts

if TYPE_CHECKING:
    from ..diagnosis.verdict import Verdict
    from ..matching.matcher import Matcher
    from ..records.call import Call, Unmatched
    from ..records.unused import Unused
    from .checks import Bounds, Seen
    from .expectation import Expectation
    from .nearcalls import NearCall

# So many calls, or unmatched requests, are listed at most: the first and the last of them
_LISTED = 10
_URL = 72
_MARKS = {True: layout.FITS, False: layout.MISSES, None: layout.UNKNOWN}


_TIMES: dict[float, str] = {0: "never", 1: "once", 2: "twice"}


def times(number: float) -> str:
    """A number of calls in words."""
    return _TIMES.get(number, f"{number} times")


def miscounted(
    expectation: Expectation, wanted: Bounds, fitting: Sequence[Call], near: Sequence[NearCall], seen: Seen
) -> str:
    """What is said of calls that came too seldom or too often."""
    first = f"Expected {named(expectation)} {wanted}, and it was {_called(fitting)} (expected at {expectation.origin})."
    more = attempts.counted(fitting, seen.calls) if 0 < wanted.most < len(fitting) else ""
    return _joined(layout.paragraph(first), _came(expectation, fitting, near, seen), layout.paragraph(more))


def untold(expectation: Expectation, calls: Sequence[Call], seen: Seen) -> str:
    """What is said of calls that may fit or not."""
    these = "this call" if len(calls) == 1 else f"these {len(calls)} calls"
    first = (
        f"Whether {named(expectation)} was called can't be told (expected at {expectation.origin}), because the body "
        f"of {these} was not kept whole. To have all of a body above 1 MiB, keep it: activate(keep_bodies=True)."
    )
    return _joined(layout.paragraph(first), _listed(calls, seen))


def missed(
    expectation: Expectation, waited: str, wanted: int, fitting: Sequence[Call], near: Sequence[NearCall], seen: Seen
) -> str:
    """What is said when a call that was waited for has not come."""
    often = "" if wanted == 1 else f" to be called {times(wanted)}"
    first = (
        f"{waited} for {named(expectation)}{often}, and it was {_called(fitting)} (expected at {expectation.origin})."
    )
    return _joined(layout.paragraph(first), _came(expectation, fitting, near, seen))


def unequal(
    expected: Sequence[Expectation],
    beside: Iterable[tuple[Expectation | None, Call | None, Sequence[Verdict]]],
    seen: Seen,
) -> str:
    """What is said of calls that are not just the expected ones in their order.

    Args:
        beside: What was expected, what came in its place, and what is against that.
    """
    rows: list[_Row] = []
    extra: list[Call] = []
    number = 0
    for expectation, came, misses in beside:
        number += expectation is not None
        right = came is not None and expectation is not None and not misses
        rows.append(_Row(not right, partial(_beside, number, expectation, came, misses, seen)))
        extra += [came] if came is not None and not right else []
    first = f"Expected {_many(expected, 'call')} in this order and no others, and there {_were(seen)}:"
    more = layout.paragraph(attempts.listed(extra, seen.calls))
    return _joined(layout.paragraph(first), "\n".join(_shortened(rows)), _circumstances(seen, expected=expected), more)


def _beside(
    number: int, expectation: Expectation | None, came: Call | None, misses: Sequence[Verdict], seen: Seen
) -> str:
    if expectation is None:
        return _entry(f"  {layout.MISSES} not expected: ", came, seen)
    if came is None:
        return f"  {layout.MISSES} {number}. {named(expectation)}: not called"
    if not misses:
        return _entry(f"  {layout.FITS} {number}. ", came, seen)
    lines = (f"  {layout.MISSES} {number}. {named(expectation)}", _entry("       came: ", came, seen))
    return "\n".join([*lines, _conditions(misses, " " * 7)])


def out_of_order(expected: Sequence[Expectation], found: Sequence[Call], near: Sequence[NearCall], seen: Seen) -> str:
    """What is said when the expected calls did not come one after another."""
    missing, after = len(found) + 1, "not called after that" if found else "not called"
    rows = [
        *(
            _Row(False, partial(_entry, f"  {layout.FITS} {number}. ", call, seen))
            for number, call in enumerate(found, 1)
        ),
        _Row(True, lambda: f"  {layout.MISSES} {missing}. {named(expected[len(found)])}: {after}"),
        *(
            _Row(False, partial(_later, number, expected[number - 1]))
            for number in range(missing + 1, len(expected) + 1)
        ),
    ]
    first = f"Expected {_many(expected, 'call')} in this order, be there others or not, and there {_were(seen)}:"
    return _joined(
        layout.paragraph(first),
        "\n".join(_shortened(rows)),
        _nearest(f"Nearest to number {missing}:", near, seen),
        _circumstances(seen, near, expected),
    )


def _later(number: int, expectation: Expectation) -> str:
    return f"  {layout.UNKNOWN} {number}. {named(expectation)}"


def left_over(left: Sequence[Unused], seen: Seen) -> str:
    """What is said of routes, or of items of their `responses`, that answered nothing."""
    return _joined(
        "Not all that is registered has been used. This has answered nothing:",
        "\n".join(f"  {layout.MISSES} {masking.assigned(str(one))}" for one in left),
        "Where that is meant to happen, register with optional=True.",
        _circumstances(seen),
    )


def named(expectation: Expectation) -> str:
    """What is expected, on one line."""
    address = expectation.address
    if isinstance(address, Exact):
        where = as_sent(masking.url(address.url))
    else:
        where = masking.assigned(str(getattr(address.name, "pattern", address.name)))
    text = f"{expectation.method} {where}"
    if expectation.route is not None:
        text = f"the route {text} ({expectation.route.origin})"
    beside = list(map(_shown, expectation.matchers))
    return f"{text} with {' and '.join(beside)}" if beside else text


def _shown(matcher: Matcher) -> str:
    from ..diagnosis.matched import KINDS  # noqa: PLC0415 - where there is a matcher, all that it needs has been imported

    kind = KINDS.get(type(matcher))
    try:
        if kind is not None and kind.shown is not repr:
            return cut(kind.shown(matcher))
        text = masking.assigned(repr(matcher))
    except Exception:  # a broken repr of somebody's value
        return "a matcher"
    return cut(masking.Secrets(masking.of_expected(matcher)).scrub(text, quoted=True))


def _entry(label: str, call: Any, seen: Seen) -> str:
    """One call: what became of it, when it came and where it was asked."""
    head = f"{label}{call.method} {cut(str(masking.url(call.url)), _URL)}"
    details = []
    number = next((number for number, one in enumerate(seen.calls, 1) if one is call), None)
    if number is None:
        head += " -> not answered"
    else:
        head += f" -> {_outcome(call)}"
        details.append(f"call {number} of {len(seen.calls)}")
        first, started = seen.calls[0].started, call.started
        if number > 1 and first is not None and started is not None:
            details.append(f"{started - first:.3f} s after the first")
    if call.asked_at is not None:
        details.append(f"asked at {call.asked_at}")
    if not details:
        return head
    line = f"{head} ({', '.join(details)})"
    indent = " " * (len(label) + 2 * label.isspace())
    return line if len(line) <= layout.COLUMNS else f"{head}\n{indent}({', '.join(details)})"


def _outcome(call: Call) -> str:
    if not call.whole:
        return "its request has not come whole"
    if call.error is not None:
        return call.error.kind.__name__
    return "no answer yet" if call.status is None else str(call.status)


def _came(expectation: Expectation, fitting: Sequence[Call], near: Sequence[NearCall], seen: Seen) -> str:
    return _joined(
        f"It was called:\n{_listed(fitting, seen)}" if fitting else "",
        _nearest("Nearest of the others:" if fitting else "Nearest:", near, seen),
        _circumstances(seen, near, [expectation]) if near or not fitting else "",
    )


def _nearest(title: str, near: Sequence[NearCall], seen: Seen) -> str:
    if not near:
        return ""
    entries = (
        f"{_entry(f'{number}. ', one.call, seen)}\n{_conditions(one.verdicts, '   ')}"
        for number, one in enumerate(near, 1)
    )
    return _joined(title, *entries)


def _conditions(verdicts: Iterable[Verdict], indent: str) -> str:
    return layout.table(
        ((f"{_MARKS[verdict.fits]} {verdict.condition}", told(verdict)) for verdict in verdicts), indent
    )


def _listed(calls: Iterable[Call | Unmatched], seen: Seen) -> str:
    return "\n".join(_shortened([_Row(False, partial(_entry, "  ", call, seen)) for call in calls]))


class _Row(NamedTuple):
    wrong: bool
    """Whether it is one of those that the list is for."""
    told: Callable[[], str]
    """Only asked of a row that is shown: there may be thousands."""


def _shortened(rows: Sequence[_Row]) -> Iterator[str]:
    """Of a long list the first and the last rows, or those around the first of what is wrong."""
    shown = set(range(len(rows)))
    if len(rows) > _LISTED + 1:
        wrong = [number for number, row in enumerate(rows) if row.wrong][: _LISTED // 2]
        near = {other for number in wrong for other in range(number - 2, number + 3)}
        shown &= near or {*range(_LISTED // 2), *range(len(rows) - _LISTED // 2, len(rows))}
    before = -1
    for number in [*sorted(shown), len(rows)]:
        if left_out := number - before - 1:
            yield f"  … {left_out} more …" if left_out > 1 else rows[before + 1].told()
        if number < len(rows):
            yield rows[number].told()
        before = number


def _circumstances(seen: Seen, near: Sequence[NearCall] = (), expected: Sequence[Expectation] = ()) -> str:
    """What may be the reason: nothing came, or what came, and is not shown as one of the nearest, was not answered."""
    meant = [one for one in seen.to_test_servers if any(_meant(expectation, one) for expectation in expected)]
    elsewhere = layout.paragraph(outside.to_test_servers(meant))
    if not seen.calls and not seen.unmatched:
        but = ", but for test servers of this process." if seen.to_test_servers else "."
        nothing = f"Nothing was called at all{but}{'' if seen.active else _NOT_ACTIVE}"
        return _joined(layout.paragraph(nothing), elsewhere)
    shown = {id(one.call) for one in near}
    others = [record for record in seen.unmatched if id(record) not in shown]
    refused = f"Not answered, and so no {'calls' if len(others) > 1 else 'call'}:\n{_listed(others, seen)}"
    return _joined(refused if others else "", elsewhere)


def _meant(expectation: Expectation, record: Call) -> bool:
    here = expectation.method in ("*", record.method) and expectation.address.fits(record.url) is not None
    return here and expectation.route is None


_NOT_ACTIVE = (
    " This registry is not active; if it wasn't while the code ran, the requests went elsewhere. Activate it: "
    "with aiohttpretty.activate(): ..., or by the marker or the fixture."
)


def _called(calls: Sequence[Call]) -> str:
    return f"called {times(len(calls))}" if calls else "not called"


def _many(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _were(seen: Seen) -> str:
    count = len(seen.calls)
    return "were none" if not count else "was one" if count == 1 else f"were {count}"


def _joined(*blocks: str) -> str:
    return layout.printable("\n\n".join(block for block in blocks if block))
