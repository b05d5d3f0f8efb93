"""A number that is one for things that are the same, so that equals are looked for among few.

Law of this room: things that `notation.same` takes for the same have one likeness. Others may share it by chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from ..notation import Asked, has_own_eq
from .matcher import Matcher


def likeness(value: object) -> int:
    """The likeness of a matcher, or of what stands in one."""
    kind = type(value)
    if isinstance(value, Matcher):
        # one with an `__eq__` of its own may equal any other of its kind
        return hash((kind, _mapping(value.essence()) if kind.__eq__ is Matcher.__eq__ else None))
    return hash((kind, _TELLING.get(kind, _silent)(value)))


def _items(value: Any) -> object:
    return tuple(map(likeness, value))


def _mapping(value: Any) -> object:
    return frozenset((name, likeness(item)) for name, item in value.items())


def _pattern(value: Any) -> object:
    return value.pattern, value.flags


def _method(value: Any) -> object:
    return id(value.__self__), likeness(value.__func__)


def _asked(value: Any) -> object:
    # as `notation.same` compares them: the text counts where the object writes one of its own
    kind: Any = type(value.value)
    tells = kind.__repr__ is not object.__repr__
    return likeness(value.value), value.text if tells else None


def _itself(value: Any) -> object:
    return value


def _silent(value: Any) -> object:
    # What compares by more than identity may be unhashable, or be the same as something with another hash
    return None if has_own_eq(value) else id(value)


_TELLING: dict[type, Callable[[Any], object]] = {
    **dict.fromkeys((str, bytes, int, float, bool, type, FunctionType, BuiltinFunctionType), _itself),
    **dict.fromkeys((list, tuple), _items),
    dict: _mapping,
    re.Pattern: _pattern,
    MethodType: _method,
    Asked: _asked,
}
