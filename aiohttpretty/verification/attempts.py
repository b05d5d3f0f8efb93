"""What is said of calls that nobody but aiohttp made: its silent second attempts.

Law of this room: it returns text, and names the call that a second attempt is of only where there can't be another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records.call import Call

# So many are named by their number
_NAMED = 5


def counted(calls: Sequence[Call], among: Sequence[Call]) -> str:
    """What is said of second attempts, if there are any in these `calls`, of which there are more than was expected.

    Args:
        among: all calls, by which these are numbered.
    """
    said = _second(calls, among)
    every = f"count it, too: times={len(calls)}" if said.startswith("Call ") else f"count them, too: times={len(calls)}"
    return said and f"{said} Either {every}; or count first attempts only: match=lambda call: call.attempt == 1."


def listed(calls: Sequence[Call], among: Sequence[Call]) -> str:
    """The same, if these `calls` are not in the list of those that were expected."""
    said = _second(calls, among)
    return said and f"{said} Either list each attempt, or let others come between: in_order=True."


def _second(calls: Sequence[Call], among: Sequence[Call]) -> str:
    numbers = {id(call): number for number, call in enumerate(among, 1)}
    second = [numbers[id(call)] for call in calls if call.attempt > 1]
    if not second:
        return ""
    lost = "connection was lost before an answer"
    if len(second) > 1:
        return f"Calls {_listed(second)} are aiohttp's silent second attempts: each time, the {lost}."
    first = _firsts(among).get(second[0])
    of = "" if first is None else f" of call {first}"
    return f"Call {second[0]} is aiohttp's silent second attempt{of}: the {lost}."


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) > _NAMED:
        return f"{', '.join(map(str, numbers[:_NAMED]))} and {len(numbers) - _NAMED} more"
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _firsts(calls: Sequence[Call]) -> dict[int, int]:
    """Of which call each second attempt is, by their numbers; requests made side by side can't be told apart."""
    waiting: dict[tuple[str, str, int], list[int]] = {}
    found = {}
    for number, call in enumerate(calls, 1):
        before = waiting.get((call.method, str(call.url), call.attempt - 1), [])
        if len(before) == 1:
            found[number] = before.pop()
        if call.status is None:
            waiting.setdefault((call.method, str(call.url), call.attempt), []).append(number)
    return found
