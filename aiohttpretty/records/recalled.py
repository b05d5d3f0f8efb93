"""Why `has_call` said what it said.

Law of this room: it returns text and raises nothing; it is entered only when a test has failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..addresses.address import Exact
from ..diagnosis import masking, outside
from ..diagnosis.difference import told
from ..diagnosis.layout import FITS, MISSES, paragraph, table
from ..diagnosis.place import CONDITION, METHOD
from ..diagnosis.verdict import Verdict, of_address
from .passed import ABSENT, apart, equal, shown

if TYPE_CHECKING:
    from .call import Call
    from .recall import Recall

_SHOWN = 3


def explained(recall: Recall) -> str:
    """What was asked, and the call that answers it, or those that come nearest and what differs."""
    asked = f"has_call({_asked(recall)})"
    if recall.found is not None:
        return f"{asked} is True: {_told(recall.found)}"
    elsewhere = outside.to_test_servers(recall.elsewhere)
    if not recall.near:
        return "\n".join([f"{asked} is False: there are no calls.", *([paragraph(elsewhere)] if elsewhere else [])])
    judged = [(call, list(_verdicts(recall, call))) for call in recall.near]
    judged.sort(key=lambda pair: sum(verdict.distance for verdict in pair[1]))
    many = f"Nearest of {len(judged)} calls:" if len(judged) > 1 else "The only call:"
    lines = [f"{asked} is False. {many}"]
    for number, (call, verdicts) in enumerate(judged[:_SHOWN], 1):
        lines += [f"{number}. {_told(call)}", table([_row(verdict) for verdict in verdicts], "   ")]
    return "\n".join([*lines, *([paragraph(elsewhere)] if elsewhere else [])])


def _asked(recall: Recall) -> str:
    name = recall.address.name
    exact = masking.url(recall.address.url) if isinstance(recall.address, Exact) else None
    words = [repr(str(exact)) if exact is not None else masking.assigned(repr(name))]
    if not recall.check_params:
        words.append("check_params=False")
    if recall.method is not None:
        words.append(f"method={recall.method!r}")
    words += [
        f"{name}={masking.MASK if masking.is_secret(name) else shown(value)}" for name, value in recall.words.items()
    ]
    return ", ".join(words)


def _verdicts(recall: Recall, call: Call) -> Iterator[Verdict]:
    if recall.method is not None:
        right = recall.method == call.method
        said = "" if right else f"expected {recall.method}, got {call.method}"
        yield Verdict("method", right, recall.method, call.method, said, 0.0 if right else METHOD)
    yield from of_address(recall.address, recall.called(call))
    for name, value in recall.words.items():
        actual = call.get(name, None if value is None else ABSENT)
        if equal(value, actual):
            yield Verdict(name, True, "", "")
            continue
        points = list(apart(name, value, actual))
        distance = min(CONDITION[0] + (len(points) - 1) / 2, CONDITION[1])
        yield Verdict(name, False, "", "", told(points).replace(f"{name}: ", "", 1), distance)


def _row(verdict: Verdict) -> tuple[str, str]:
    mark = FITS if verdict.fits else MISSES
    return f"{mark} {verdict.condition}", "" if verdict.fits else verdict.difference


def _told(call: Call) -> str:
    asked_at = getattr(call, "asked_at", None)
    where = f", asked at {asked_at}" if asked_at is not None else ""
    return f"{call.method} {masking.url(call.url)}{where}"
