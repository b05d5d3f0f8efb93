"""What happened in a test, as text: its calls in time, those without an answer in place, and what nobody asked for.

Law of this room: it is told from what the records say, in lines of 100 columns; a long address is shortened in its
middle, and so is a long list, of which what went wrong always stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..diagnosis import masking
from ..diagnosis.difference import cut
from ..diagnosis.layout import MISSES, printable
from .messages import counted

if TYPE_CHECKING:
    from .unused import Unused

_ADDRESS = 60
_CALLS = 40  # so many stand in a list before its middle is left out
_UNUSED = 10
_DAY = 86_400  # no test takes that long: the clock was another one, such as freezegun's
_REASONS = {
    "NoMatchError": "no route answers this",
    "ResponsesExhausted": "no response is left",
    "BodyConsumedError": "the body has been read",
}


class Event(NamedTuple):
    """A line of the timeline."""

    at: float | None
    wrong: bool
    """Whether it got no answer; an error that was registered is one."""
    text: str

    def told(self, began: float) -> str:
        """The line, its time counted from the beginning of the test."""
        time = " " * 8
        if self.at is not None and not self.elsewhere(began):
            time = f"{max(self.at - began, 0.0):7.3f}s"
        return f"{MISSES if self.wrong else ' '} {time}  {printable(self.text)}"

    def elsewhere(self, began: float) -> bool:
        """Whether its time was told by another clock than that of the test's beginning."""
        return self.at is not None and abs(self.at - began) > _DAY


def timeline(calls: Iterable[Any], unmatched: Iterable[Any], unused: Sequence[Unused], began: float) -> str:
    """The calls of a test, and what was not used; empty if there is nothing to tell.

    Args:
        began: When the test began, as `time.monotonic()` tells it.
    """
    events = [*map(_call, calls), *map(_unmatched, unmatched)]
    if not events and not unused:
        return ""
    if not any(event.elsewhere(began) for event in events):  # else two clocks give no order, and they stay as they came
        # so do those of one moment; one that never was ready to be sent stands behind the others
        events.sort(key=lambda event: float("inf") if event.at is None else event.at)
    lines = [_headline(events)]
    lines += _shortened(events, began)
    if unused:
        lines.append("Not used:")
        lines += [f"  {one}" for one in unused[:_UNUSED]]
        if len(unused) > _UNUSED:
            lines.append(f"  ... and {len(unused) - _UNUSED} more")
    return "\n".join(lines)


def _headline(events: Sequence[Event]) -> str:
    if not events:
        return "No requests."
    wrong = sum(event.wrong for event in events)
    many = f"{len(events)} requests" if len(events) > 1 else "1 request"
    return f"{many}, {wrong} without an answer:" if wrong else f"{many}:"


def _shortened(events: Sequence[Event], began: float) -> list[str]:
    if len(events) <= _CALLS:
        return [event.told(began) for event in events]
    half = _CALLS // 2
    lines = [event.told(began) for event in events[:half]]
    left_out = 0
    for event in events[half:-half]:
        if not event.wrong:
            left_out += 1
            continue
        lines += _gap(left_out)
        left_out = 0
        lines.append(event.told(began))
    lines += _gap(left_out)
    return lines + [event.told(began) for event in events[-half:]]


def _gap(left_out: int) -> list[str]:
    return [f"  ... {left_out} more ..."] if left_out else []


def _call(call: Any) -> Event:
    # A mark of what is special: aiohttp's second attempt, and where a redirect led
    special = ["attempt 2"] if getattr(call, "attempt", 1) > 1 else []
    if getattr(call, "redirected_from", None) is not None:
        special.append("redirected")
    said = [str(call.status)] if call.status is not None else []
    if messages := getattr(call, "messages", ()):
        said.append(counted(messages))
    if (error := getattr(call, "error", None)) is not None:
        said.append(cut(" ".join(masking.assigned(str(error)).split())))
    outcome = ", ".join(said) or "not answered"
    by = "passed through" if getattr(call, "passed_through", False) else f"by {call.route.origin}"
    behind = f" ({', '.join(special)})" if special else ""
    return Event(
        getattr(call, "started", None),
        False,
        f"{call.method} {_address(call)}{behind} -> {outcome}, {by}",
    )


def _unmatched(record: Any) -> Event:
    kind = getattr(record, "kind", None)
    reason = _REASONS.get(getattr(kind, "__name__", ""), "not answered")
    asked_at = getattr(record, "asked_at", None)
    where = f", asked at {asked_at}" if asked_at is not None else ""
    return Event(getattr(record, "started", None), True, f"{record.method} {_address(record)} -> {reason}{where}")


def _address(record: Any) -> str:
    return cut(str(masking.url(record.url)), _ADDRESS)
