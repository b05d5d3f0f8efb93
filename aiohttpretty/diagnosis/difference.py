"""What differs between what was expected and what came, and where: nothing else is shown.

Law of this room: one form for all, `where: expected this, got that`; a long value is cut around the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .masking import MASK

NOTHING = "nothing"
_WIDE = 44
# So much of what is the same is left on either side of the difference
_CONTEXT = 12
_MANY = 6


class Point(NamedTuple):
    """One place where something differs; without a place, it is the whole."""

    where: str
    expected: str
    actual: str
    words: str = ""
    """What is to be said instead, where two values don't tell it."""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        if self.words:
            return place + self.words
        if self.expected == self.actual == MASK:
            return f"{place}expected {MASK}, got another value"
        if self.expected == NOTHING:
            return f"{place}not expected, got {self.actual}"
        return f"{place}expected {self.expected}, got {self.actual}"


def told(points: Iterable[Point]) -> str:
    """The first of them, a line each, and how many more there are."""
    every = list(points)
    lines = [str(point) for point in every[:_MANY]]
    more = len(every) - _MANY
    return "\n".join([*lines, f"… and {more} more"] if more > 0 else lines)


def around(one: str, other: str) -> tuple[str, str]:
    """Two texts, the long ones cut around the first difference between them."""
    if len(one) <= _WIDE and len(other) <= _WIDE:
        return one, other
    start = max(common(one, other) - _CONTEXT, 0)
    return _window(one, start), _window(other, start)


def cut(text: str, width: int = 2 * _WIDE) -> str:
    """A text, its middle left out if it is long."""
    return text if len(text) <= width else f"{text[: width - width // 4]}…{text[-(width // 4) :]}"


def common(one: str, other: str) -> int:
    """How many characters they have in common at the beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[:middle]):
            low = middle
        else:
            high = middle - 1
    return low


def unlikeness(one: str, other: str) -> float:
    """From 0 to 1: what of the longer one is in neither a common beginning nor a common end; a slip is near.

    It is asked of 10,000 routes, so the characters are compared all at once, as one great number each.
    """
    longest, shortest = max(len(one), len(other)), min(len(one), len(other))
    if not shortest:
        return float(longest > 0)
    mine, theirs = one.encode("ascii", "replace"), other.encode("ascii", "replace")
    differing = int.from_bytes(mine[:shortest], "big") ^ int.from_bytes(theirs[:shortest], "big")
    start = shortest - (differing.bit_length() + 7) // 8
    differing = int.from_bytes(mine[-shortest:], "big") ^ int.from_bytes(theirs[-shortest:], "big")
    end = ((differing & -differing).bit_length() - 1) // 8 if differing else shortest
    return 1 - min(start + end, shortest) / longest


def _window(text: str, start: int) -> str:
    head = "…" if start else ""
    return head + (text[start:] if len(text) - start <= _WIDE else f"{text[start : start + _WIDE - 1]}…")
