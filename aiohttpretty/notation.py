"""How a value is written in a sentence, and when two values are the same.

Law of this room: it never raises, whatever the values are. An object with a broken `__repr__` is named by its
type, and one with a strange `__eq__` is the same as nothing but itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

# A longer value is cut: a reason is read, not parsed
_LONG = 80
_ENCODER = json.JSONEncoder(ensure_ascii=False)


class Asked:
    """An object with its own `__eq__`, such as `unittest.mock.ANY`: it says itself what equals it.

    Its text is taken once: objects of dirty-equals print, once they were found equal, as what they equal.
    """

    __slots__ = ("text", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.text = written(value)

    def fits(self, actual: object) -> bool:
        """Ask it; on the left, so that it is asked first. What it raises is the caller's to see."""
        return bool(self.value == actual)

    def __repr__(self) -> str:
        return self.text


def has_own_eq(value: object) -> bool:
    """Whether it compares by more than identity; for a class, whether its metaclass does."""
    return type(value).__eq__ is not object.__eq__


def same(one: object, other: object) -> bool:
    """Whether they are of one structure: of equal types all the way down, with equal values.

    `==` won't do: `ANY` equals everything, `True` equals `1`, and some objects raise.
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    compare = _SAME.get(type(one), _both_say_so)
    try:
        return compare(one, other)
    except Exception:  # whatever their __eq__ raises, they are not known to be the same
        return False


def _same_items(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(map(same, one, other))


def _same_values(one: Any, other: Any) -> bool:
    return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())


def _same_asked(one: Any, other: Any) -> bool:
    # dirty-equals: ~IsInt and ~IsStr equal each other, but don't say the same
    kind: Any = type(one.value)
    tells = kind.__repr__ is not object.__repr__
    return same(one.value, other.value) and (one.text == other.text or not tells)


def _both_say_so(one: object, other: object) -> bool:
    return bool(one == other) and bool(other == one)


_SAME: dict[type, Callable[[Any, Any], bool]] = {
    list: _same_items,
    tuple: _same_items,
    dict: _same_values,
    Asked: _same_asked,
}


def written(value: object) -> str:
    """As it is written in Python; a class by its name."""
    try:
        return "".join(_pieces(value, _repr, "()"))
    except Exception:  # it is deeper than Python's stack, or no dict or list that can be walked through
        return f"<{type(value).__name__}>"


def in_json(value: object) -> str:
    """As it is written in JSON, cut when it is long; what JSON can't hold, as in Python."""
    text = ""
    try:
        for piece in _pieces(value, _json, "[]"):  # of a long value, or a deep one, no more is written than is shown
            text += piece
            if len(text) > _LONG:
                break
    except Exception:  # no dict or list that can be walked through
        text = f"<{type(value).__name__}>"
    return short(text)


def in_python(value: object) -> str:
    """As it is written in Python, cut when it is long."""
    # a body may have megabytes, of which a few bytes will be shown
    return short(_repr(value[: _LONG + 1]) if isinstance(value, (bytes, str)) else written(value))


def short(text: str) -> str:
    """The text, or its beginning."""
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def plain(function: object) -> object:
    """The function behind a `functools.partial`."""
    return plain(function.func) if isinstance(function, partial) else function


def named(function: object) -> str:
    """A callable's name, as its author would call it."""
    name = getattr(plain(function), "__qualname__", None)
    return name.rpartition("<locals>.")[2] if isinstance(name, str) else _repr(function)


class Bare(str):
    """A text that stands for itself, without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def call(name: str, *arguments: object, **named_arguments: object) -> str:
    """A call of a function of `match`, as it was written."""
    shown = [written(argument) for argument in arguments]
    shown += [f"{word}={written(argument)}" for word, argument in named_arguments.items() if argument is not None]
    return f"match.{name}({', '.join(shown)})"


def _pieces(value: object, scalar: Callable[[object], str], tuples: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{', ' if number else ''}{scalar(key)}: "
            yield from _pieces(item, scalar, tuples)
        yield "}"
    elif isinstance(value, (list, tuple)):
        brackets = tuples if isinstance(value, tuple) else "[]"
        yield brackets[0]
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(item, scalar, tuples)
        yield ",)" if brackets == "()" and len(value) == 1 else brackets[1]
    else:
        yield scalar(value)


def _json(value: object) -> str:
    if value is None or isinstance(value, (str, int, float)):
        with suppress(ValueError):  # an int of more digits than Python writes
            return _ENCODER.encode(value[: _LONG + 1] if isinstance(value, str) else value)
    return _repr(value)


def _repr(value: object) -> str:
    if isinstance(value, type) and not has_own_eq(value):
        return value.__qualname__
    try:
        return repr(value)
    except Exception:  # a broken __repr__ is no reason to lose the sentence
        return f"<{type(value).__name__}>"
