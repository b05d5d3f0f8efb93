"""JSON values compared: where they differ, and how.

Law of this room: the comparison is a walk along the expectation, told in the order of that walk; what JSON leaves open
(the order of members, 1 or 1.0) makes no difference.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType
from typing import Any

from .errors import OptionTypeError, OptionValueError
from .leaf import IN_JSON, checked, refusal
from .matcher import JSON, Matcher
from .notation import call, in_json, written

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
    """The first difference, in words behind "the JSON differs", and how many more there are; None if there is none.

    With `partly`, the members of `expected` are enough, at every level.
    """
    return first_of(_differences(expected, actual, partly, "$"))


def first_of(reasons: Iterable[str]) -> str | None:
    """The first of many reasons, and how many more there are."""
    every = iter(reasons)
    first = next(every, None)
    more = sum(1 for _ in every)
    return f"{first}, and {more} more" if more else first


def _differences(expected: Any, actual: Any, partly: bool, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _members(expected, actual, partly, path)
    elif isinstance(expected, (list, tuple)) and isinstance(actual, list):
        if len(expected) == len(actual):
            for number, (inner, item) in enumerate(zip(expected, actual, strict=True)):
                yield from _differences(inner, item, partly, f"{path}[{number}]")
        else:
            yield f" at {path}: it has {_items(len(actual))}, not {len(expected)}"
    elif isinstance(expected, (dict, list, tuple)):
        yield f" at {path}: it is {in_json(actual)}, not {in_json(expected)}"
    else:
        words = refusal(expected, actual, IN_JSON, partly=partly)
        if words is not None:
            yield f" at {path}: it is {in_json(actual)}{words}"


def _members(expected: dict[str, Any], actual: dict[str, Any], partly: bool, path: str) -> Iterator[str]:
    for key, inner in expected.items():
        if key in actual:
            yield from _differences(inner, actual[key], partly, path + _member(key))
        else:
            yield f": {path}{_member(key)} is missing"
    if not partly:
        for key in actual:
            if key not in expected:
                yield f": {path}{_member(key)} is not expected"


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


def _member(key: str) -> str:
    """A step of a JSONPath (RFC 9535, 2.3.1)."""
    return f".{key}" if _NAME.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"


class AnyOrder(Matcher):
    """A list of these items, in any order."""

    sees = frozenset({JSON})

    def __init__(self, items: list[Any] | tuple[Any, ...]) -> None:
        self.items = items

    def why_not(self, request: Any) -> str | None:
        return self.judge(request, partly=False)

    def judge(self, seen: Any, *, partly: bool) -> str | None:
        if not isinstance(seen, list):
            return "it is no list"

        def fits(left: int, right: int) -> bool:
            return next(_differences(self.items[left], seen[right], partly, ""), None) is None

        lonely, left_over = unpaired(len(self.items), len(seen), fits)
        if not lonely and not left_over:
            return None
        said = [f"no item is left for {in_json(self.items[number])}" for number in lonely[:1]]
        said += [f"{in_json(seen[number])} is not expected" for number in left_over[:1]]
        more = len(lonely) + len(left_over) - len(said)
        return ", and ".join([*said, f"{more} more"] if more else said)

    def __repr__(self) -> str:
        return call("any_order", self.items)


def unpaired(lefts: int, rights: int, fits: Callable[[int, int], bool]) -> tuple[list[int], list[int]]:
    """What stays alone on either side when as many as possible are paired: a maximum matching.

    Kuhn's algorithm, each search in breadth, so that no stack is too short for it. A search that finds nothing shows
    that nobody will ever get one of the partners that it came by, so they are left out from then on; that makes it
    cubic at worst. `fits` is asked once for each pair at most.
    """
    known: dict[tuple[int, int], bool] = {}
    owner: dict[int, int] = {}  # right: left
    hopeless: set[int] = set()
    lonely = []

    def suits(left: int, right: int) -> bool:
        if (left, right) not in known:
            known[left, right] = fits(left, right)
        return known[left, right]

    for start in range(lefts):
        order = [*range(start, rights), *range(min(start, rights))]  # often they are in order already
        came_from = _search(start, [right for right in order if right not in hopeless], owner, suits)
        free = next((right for right in came_from if right not in owner), None)
        if free is None:
            lonely.append(start)
            hopeless.update(came_from)
        else:
            _hand_over(free, came_from, owner)
    return lonely, [right for right in range(rights) if right not in owner]


def _search(start: int, rights: list[int], owner: dict[int, int], suits: Callable[[int, int], bool]) -> dict[int, int]:
    """The rights that `start` could get, should their owners take another, each with who would get it."""
    came_from: dict[int, int] = {}
    waiting = deque([start])
    while waiting:
        left = waiting.popleft()
        for right in rights:
            if right not in came_from and suits(left, right):
                came_from[right] = left
                if right not in owner:
                    return came_from
                waiting.append(owner[right])
    return came_from


def _hand_over(free: int, came_from: dict[int, int], owner: dict[int, int]) -> None:
    owned = {left: right for right, left in owner.items()}
    right: int | None = free
    while right is not None:
        left = came_from[right]
        owner[right] = left
        right = owned.get(left)
