"""JSON values compared: where they differ, and how.

Law of this room: the comparison is a walk along the expectation, told in the order of that walk; what JSON leaves open
(the order of members, 1 or 1.0) makes no difference.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ..errors import OptionTypeError, OptionValueError
from ..notation import Bare, call, in_json, written
from .leaf import IN_JSON, asks, checked, refusal
from .matcher import JSON, Matcher
from .pairing import unpaired

# Deeper than anything that is sent, and shallow enough for Python's stack; a value that holds itself is deeper
_DEEP = 100
_NAME = re.compile(r"[^\W\d]\w*")


def checked_json(value: Any, name: str, path: str = "$", depth: int = 0) -> Any:
    """The expectation, copied; `name` says who wants it.

    Raises:
        OptionTypeError: JSON has no such value.
        OptionValueError: it has no end.
    """
    if depth > _DEEP:
        raise OptionValueError(
            f"{name}: the value is more than {_DEEP} levels deep, or holds itself. Give a flatter one."
        )
    if isinstance(value, (dict, MappingProxyType)):
        for key in value:
            if not isinstance(key, str):
                raise OptionTypeError(
                    f"{name}: {path} has the key {written(key)}, and the names in a JSON object are str. Write it as "
                    "one."
                )
        return {key: checked_json(item, name, path + _member(key), depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = (checked_json(item, name, f"{path}[{number}]", depth + 1) for number, item in enumerate(value))
        return tuple(items) if isinstance(value, tuple) else list(items)
    return checked(value, IN_JSON, f"{name}: {path}")


def difference(expected: Any, actual: Any, *, partly: bool) -> str | None:
    """The first difference, in words behind "the JSON differs", and how many more are known; None if there is none.

    With `partly`, the members of `expected` are enough, at every level.
    """
    return first_of(gap and gap.words for gap in gaps(expected, actual, partly=partly))


def first_of(reasons: Iterable[str | None]) -> str | None:
    """The first of many reasons, and how many more there are.

    A None says that code of the test's own is asked next. That may rely on what comes before it, so it isn't asked
    any more behind a difference, and the number is what is known by then.
    """
    every = iter(reasons)
    first = next((reason for reason in every if reason is not None), None)
    more = 0
    for reason in every:
        if reason is None:
            return f"{first}, and at least {more} more" if more else first
        more += 1
    return f"{first}, and {more} more" if more else first


class Gap(NamedTuple):
    """One place where two JSON values differ."""

    path: str
    """A JSONPath (RFC 9535)."""
    expected: Any
    actual: Any
    words: str
    """Behind "the JSON differs"."""


MISSING: Any = Bare("nothing")
"""In place of a value, where there is none."""


def gaps(expected: Any, actual: Any, *, partly: bool, path: str = "$") -> Iterator[Gap | None]:
    """All the differences, one after another; a None before code of the test's own is asked."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _members(expected, actual, partly, path)
    elif isinstance(expected, (list, tuple)) and isinstance(actual, list):
        if len(expected) == len(actual):
            for number, (inner, item) in enumerate(zip(expected, actual, strict=True)):
                yield from gaps(inner, item, partly=partly, path=f"{path}[{number}]")
        else:
            words = f" at {path}: it has {_items(len(actual))}, not {len(expected)}"
            yield Gap(path, Bare(_items(len(expected))), Bare(_items(len(actual))), words)
    elif isinstance(expected, (dict, list, tuple)):
        yield Gap(path, expected, actual, f" at {path}: it is {in_json(actual)}, not {in_json(expected)}")
    else:
        if asks(expected):
            yield None
        words = refusal(expected, actual, IN_JSON, partly=partly) or ""
        if words:
            yield Gap(path, expected, actual, f" at {path}: it is {in_json(actual)}{words}")


def _members(expected: dict[str, Any], actual: dict[str, Any], partly: bool, path: str) -> Iterator[Gap | None]:
    for key, inner in expected.items():
        place = path + _member(key)
        if key in actual:
            yield from gaps(inner, actual[key], partly=partly, path=place)
        else:
            yield Gap(place, inner, MISSING, f": {place} is missing")
    if not partly:
        for key, item in actual.items():
            if key not in expected:
                place = path + _member(key)
                yield Gap(place, MISSING, item, f": {place} is not expected")


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


def _member(key: str) -> str:
    """A step of a JSONPath (RFC 9535, 2.3.1)."""
    return f".{key}" if _NAME.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"


class AnyOrder(Matcher):
    """A list of these items, in any order."""

    sees = frozenset({JSON})
    asks = False

    def __init__(self, items: list[Any] | tuple[Any, ...]) -> None:
        self.items = items

    def why_not(self, request: Any) -> str | None:
        return self.judge(request, partly=False)

    def judge(self, seen: Any, *, partly: bool) -> str | None:
        if not isinstance(seen, list):
            return "it is no list"

        def fits(left: int, right: int) -> bool:
            return all(gap is None for gap in gaps(self.items[left], seen[right], partly=partly))

        asking = {number for number, item in enumerate(self.items) if asks(item)}
        equals, likely = _equals(self.items, seen), _candidates(self.items, seen, partly)
        lonely, left_over = unpaired(len(self.items), len(seen), fits, asking, equals, likely)
        if not lonely and not left_over:
            return None
        said = [f"no item is left for {in_json(self.items[number])}" for number in lonely[:1]]
        said += [f"{in_json(seen[number])} is not expected" for number in left_over[:1]]
        more = len(lonely) + len(left_over) - len(said)
        known = "at least " if lonely and asking else ""
        return ", and ".join([*said, f"{known}{more} more"] if more else said)

    def __repr__(self) -> str:
        return call("any_order", self.items)


def _key(value: Any, depth: int = 0) -> Hashable | None:
    """One for all values that are equal in JSON; None for a condition, and for what is deeper than any expectation."""
    kind = type(value)
    if kind in (int, float):
        return (float, value if value == value else None)  # noqa: PLR0124 - NaN isn't
    if kind in (str, bool, type(None)):
        return (kind, value)
    if kind not in (dict, list, tuple) or depth > _DEEP:
        return None
    names, items = (tuple(value), value.values()) if kind is dict else (None, value)
    keys = []
    for item in items:
        key = _key(item, depth + 1)
        if key is None:
            return None
        keys.append(key)
    return (list, tuple(keys)) if names is None else (dict, frozenset(zip(names, keys, strict=True)))


def _equals(items: Sequence[Any], seen: list[Any]) -> dict[int, int]:
    """Items without conditions, each with an equal one of its own, as far as there are enough."""
    free: dict[Hashable, deque[int]] = {}
    for number, item in enumerate(seen):
        free.setdefault(_key(item), deque()).append(number)
    free.pop(None, None)
    keys = ((number, _key(item)) for number, item in enumerate(items))
    return {number: free[key].popleft() for number, key in keys if free.get(key)}


def _candidates(items: Sequence[Any], seen: list[Any], partly: bool) -> Callable[[int], Sequence[int] | None]:
    """For an item, those among which all that fit it are, if something plain in it tells; else None."""
    wholes: dict[Hashable, list[int]] = {}
    marked: dict[Hashable, list[int]] = {}
    for number, item in enumerate(seen):
        wholes.setdefault(_key(item), []).append(number)
        for mark in _marks(item):
            marked.setdefault(mark, []).append(number)

    def candidates(left: int) -> Sequence[int] | None:
        whole = None if partly else _key(items[left])
        if whole is not None:
            return wholes.get(whole, ())
        return min((marked.get(mark, ()) for mark in _marks(items[left])), key=len, default=None)

    return candidates


def _marks(value: Any, path: tuple[Hashable, ...] = ()) -> Iterator[Hashable]:
    """What each value has that this is a part of: the plain scalars in it, each with the way to it."""
    if len(path) > _DEEP:
        return
    if isinstance(value, (dict, list, tuple)):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _marks(inner, (*path, step))
    else:
        key = _key(value)
        if key is not None:
            yield path, key
