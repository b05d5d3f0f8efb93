"""What differs between what was expected and what came, and where: nothing else is shown.

Law of this room: one form for all, `where: expected this, got that`; a long value is cut around the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, TypeVar

from . import masking
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
        if self.expected == self.actual and MASK in self.expected:
            return f"{place}expected {self.expected}, got another value"
        if self.expected == NOTHING:
            return f"{place}not expected, got {self.actual}"
        return f"{place}expected {self.expected}, got {self.actual}"


def point(where: str, wanted: str, came: str, *, secret: bool = False) -> Point:
    """A difference, without its secret and cut around what differs."""
    if secret:
        return Point(where, *(text if text == NOTHING else MASK for text in (wanted, came)))
    return Point(where, *around(masking.assigned(wanted), masking.assigned(came)))


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


_T = TypeVar("_T", str, bytes)
# So much on either side tells what a value is the value of
_NEARBY = 2000


def nearby(one: _T, other: _T) -> tuple[_T, _T]:
    """Two texts, of which the long ones are reduced to what stands near the first difference between them."""
    start = max(common(one, other) - _NEARBY, 0)
    return one[start : start + 2 * _NEARBY], other[start : start + 2 * _NEARBY]


def cut(text: str, width: int = 2 * _WIDE) -> str:
    """A text, its middle left out if it is long."""
    return text if len(text) <= width else f"{text[: width - width // 4]}…{text[-(width // 4) :]}"


def common(one: _T, other: _T) -> int:
    """How many characters they have in common at the beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def unlikeness(one: str, other: str) -> float:
    """From 0 to 1: what of the longer one is in neither a common beginning nor a common end; a slip is near."""
    start, end = ends(one, other)
    longest = max(len(one), len(other))
    return 1 - (start + end) / longest if longest else 0.0


def ends(one: str, other: str) -> tuple[int, int]:
    """How many characters are a common beginning, and how many of the rest a common end; all that is not ASCII is one.

    It is asked of 10,000 routes with one other, so the characters are compared all at once, as one great number each.
    """
    mine, theirs, more = _number(one), _known_number(other), len(one) - len(other)
    behind = mine ^ theirs
    if more > 0:
        shortest, before = len(other), (mine >> 8 * more) ^ theirs
    elif more:
        shortest, before = len(one), mine ^ (theirs >> -8 * more)
    else:
        shortest, before = len(one), behind
    start = shortest - (before.bit_length() + 7) // 8
    rest = shortest - start
    end = ((behind & -behind).bit_length() - 1) // 8 if behind and rest else rest
    return start, min(rest, end)


def _number(text: str) -> int:
    return int.from_bytes(text.encode() if text.isascii() else text.encode("ascii", "replace"), "big")


_known_number = lru_cache(maxsize=8)(_number)


def _window(text: str, start: int) -> str:
    head = "…" if start else ""
    return head + (text[start:] if len(text) - start <= _WIDE else f"{text[start : start + _WIDE - 1]}…")
