"""A number that is one for things that are the same, so that equals are looked for among few.

Law of this room: things that `notation.same` takes for the same have one likeness. Others may share it by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from .matcher import Matcher


def likeness(value: object) -> int:
    """The likeness of a matcher, or of what stands in one."""
    kind = type(value)
    if isinstance(value, Matcher):
        return hash((kind, _mapping(vars(value))))
    return hash((kind, _TELLING.get(kind, _silent)(value)))


def _items(value: Any) -> object:
    return tuple(map(likeness, value))


def _mapping(value: Any) -> object:
    return frozenset((name, likeness(item)) for name, item in value.items())


def _itself(value: Any) -> object:
    return value


def _silent(value: Any) -> object:
    # It may be unhashable, or be the same as something with another hash
    return None


_TELLING: dict[type, Callable[[Any], object]] = {
    **dict.fromkeys((str, bytes, int, float, bool, FunctionType), _itself),
    **dict.fromkeys((list, tuple), _items),
    dict: _mapping,
}
