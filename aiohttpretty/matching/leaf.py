"""A single value that is expected: what may stand there, and what fits it.

Law of this room: an expectation is checked and copied where it was written, so that neither a mistake nor a later
change of the caller's object shows up in the middle of a request. One word is understood alike wherever it stands:
a type, a `re.Pattern` (all of the text must match it), an object with its own `__eq__` (which is asked), a
matcher; anything else means its equal.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from ..errors import OptionTypeError, OptionValueError
from ..notation import Asked, has_own_eq, in_json, in_python, named, written
from .matcher import CONTENT, JSON, TEXT, Matcher

_INT = re.compile(r"[+-]?[0-9]+")
# They compare by value too, but never equal to anything that comes over the wire
_NEVER = (
    *(bytes, bytearray, memoryview, str, int, float, complex, type(None)),
    *(set, frozenset, list, tuple, dict, range, slice),
)
_NEVER_FROM = ("datetime", "pathlib", "types", "typing", "uuid", "zoneinfo")


class Content:
    """Bytes that may be a text."""

    def __init__(self, raw: bytes, charset: str) -> None:
        self.raw = raw
        self.text: str | None = None
        with suppress(LookupError, ValueError):  # no such charset, or no such text
            self.text = raw.decode(charset)


class Place(NamedTuple):
    """What may stand in a place, and how it is compared."""

    sees: str
    scalars: tuple[type, ...]
    types: dict[type, tuple[str, Callable[[Any], bool]]]
    equal: Callable[[Any, Any], bool]
    matched: Callable[[re.Pattern[Any], Any], bool]
    shown: Callable[[Any], str]
    """How what came is written in a reason."""
    wanted: Callable[[Any], str]
    """How a scalar that was expected is written there."""
    ask: Callable[[Any], tuple[object, ...]]
    """In what forms an object or a function gets what came; one that fits is enough."""
    patterns: tuple[type, ...]
    cure: str


def checked(value: object, place: Place, name: str) -> Any:
    """The expectation, ready to be compared; `name` says where it stands.

    Raises:
        OptionTypeError: nothing that can come here would ever fit it.
        OptionValueError: a pattern of bytes for a text, or the other way round.
    """
    if isinstance(value, Matcher):
        return _checked_matcher(value, place, name)
    if isinstance(value, re.Pattern):
        if not isinstance(value.pattern, place.patterns):
            raise OptionValueError(
                f"{name} is {written(value)}, a pattern of bytes, and what comes there is text. Compile it from a str."
            )
        return value
    if isinstance(value, type) and not has_own_eq(value) and value in place.types:
        return value
    if isinstance(value, place.scalars) and not (isinstance(value, bool) and bool not in place.scalars):
        return bytes(value) if isinstance(value, (bytearray, memoryview)) else value
    if not _can_be_asked(value):
        function = inspect.isroutine(value) or isinstance(value, partial)
        cure = f"For a function of the value, write match.where({named(value)})" if function else place.cure
        raise OptionTypeError(f"{name} is {written(value)}, which nothing that comes there can be. {cure}.")
    return Asked(value)


def is_condition(value: object) -> bool:
    """Whether it is no plain value of a query, but says itself what it fits."""
    if isinstance(value, (Matcher, re.Pattern, type)):
        return True
    return _can_be_asked(value) and not hasattr(type(value), "__int__")  # yarl takes what has an int for one


def _can_be_asked(value: object) -> bool:
    if inspect.isroutine(value) or not has_own_eq(value) or isinstance(value, _NEVER):
        return False
    return type(value).__module__.partition(".")[0] not in _NEVER_FROM


def _checked_matcher(value: Matcher, place: Place, name: str) -> Matcher:
    if place.sees in value.sees:
        return value
    raise OptionTypeError(
        f"{name} is {value!r}, which looks at {' or '.join(sorted(value.sees))}, and what comes there is {place.sees}. "
        f"{place.cure}."
    )


def refusal(expected: Any, actual: Any, place: Place, *, partly: bool = False) -> str | None:
    """What is to be said behind the value that came, when it isn't the expected one: `, not 3`."""
    if isinstance(expected, Matcher):
        reason = expected.judge(place.ask(actual)[0], partly=partly)
        return None if reason is None else f": {reason}"
    if isinstance(expected, Asked):
        return None if any(expected.fits(form) for form in place.ask(actual)) else f", not {expected.text}"
    if isinstance(expected, type):
        words, test = place.types[expected]
        return None if test(actual) else f", not {words}"
    if isinstance(expected, re.Pattern):
        return None if place.matched(expected, actual) else f", not a match of {written(expected)}"
    return None if place.equal(expected, actual) else f", not {place.wanted(expected)}"


def asks(expected: Any) -> bool:
    """Whether a comparison with it may run code of the test's own."""
    if isinstance(expected, dict):
        return any(map(asks, expected.values()))
    if isinstance(expected, (list, tuple)):
        return any(map(asks, expected))
    if isinstance(expected, Matcher):
        return type(expected).asks or any(map(asks, vars(expected).values()))
    return isinstance(expected, Asked)


def none_fits(expected: Any, texts: Iterable[str]) -> str | None:
    """Why the first doesn't fit, if none does."""
    every = []
    for text in texts:
        words = refusal(expected, text, IN_TEXT)
        if words is None:
            return None
        every.append(words)
    return every[0]


def as_text(expected: Any) -> Any:
    """A scalar as it is written in a text: 3 is '3'."""
    if isinstance(expected, float):
        return str(float(expected))  # as yarl and urllib write it, whatever a subclass prints
    return str(int(expected)) if isinstance(expected, int) else expected


def _is_float(text: str) -> bool:
    with suppress(ValueError):
        float(text)
        return True
    return False


def _is_number(actual: object) -> bool:
    return isinstance(actual, (int, float)) and not isinstance(actual, bool)


def _equal_json(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) is not isinstance(actual, bool):
        return False
    # NaN is none of JSON's values, but Python writes and reads it, and who expects it means it
    return bool(expected == actual) or (_is_nan(expected) and _is_nan(actual))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124 - that is what NaN is


def _equal_content(expected: Any, actual: Content) -> bool:
    expected = as_text(expected)
    if isinstance(expected, bytes):
        return expected == actual.raw
    return bool(expected == actual.text) or expected.encode("utf-8", "surrogateescape") == actual.raw


def _matched_json(pattern: re.Pattern[str], actual: object) -> bool:
    return isinstance(actual, str) and pattern.fullmatch(actual) is not None


def _matched_text(pattern: re.Pattern[str], actual: str) -> bool:
    return pattern.fullmatch(actual) is not None


def _matched_content(pattern: re.Pattern[Any], actual: Content) -> bool:
    whole = actual.raw if isinstance(pattern.pattern, bytes) else actual.text
    return whole is not None and pattern.fullmatch(whole) is not None


def _found_in_content(pattern: re.Pattern[Any], actual: Content) -> bool:
    whole = actual.raw if isinstance(pattern.pattern, bytes) else actual.text
    return whole is not None and pattern.search(whole) is not None


def _shown_content(actual: Content) -> str:
    return in_python(actual.raw if actual.text is None else actual.text)


def _text_first(actual: Content) -> tuple[object, ...]:
    return (actual.raw,) if actual.text is None else (actual.text, actual.raw)


def _bytes_first(actual: Content) -> tuple[object, ...]:
    return (actual.raw,) if actual.text is None else (actual.raw, actual.text)


def _wanted_text(expected: Any) -> str:
    return in_python(as_text(expected))


IN_JSON = Place(
    sees=JSON,
    scalars=(str, bool, int, float, type(None)),
    types={
        str: ("a str", lambda actual: isinstance(actual, str)),
        # JSON has one kind of number (RFC 8259, 6): 1.0 is an integer, as JSON Schema says, and 1 is a fine float
        int: ("an int", lambda actual: _is_number(actual) and actual == actual // 1),
        float: ("a number", _is_number),
        bool: ("a bool", lambda actual: isinstance(actual, bool)),
        list: ("a list", lambda actual: isinstance(actual, list)),
        dict: ("a dict", lambda actual: isinstance(actual, dict)),
        type(None): ("null", lambda actual: actual is None),
    },
    equal=_equal_json,
    matched=_matched_json,
    shown=in_json,
    wanted=in_json,
    ask=lambda actual: (actual,),
    patterns=(str,),
    cure="Give a dict, list, str, int, float, bool or None, one of these types, a re.Pattern, match.any_order(…), "
    "match.where(…) or an object whose __eq__ knows JSON values",
)
IN_TEXT = Place(
    sees=TEXT,
    scalars=(str, int, float),
    types={
        str: ("a text", lambda actual: True),
        int: ("an int", lambda actual: _INT.fullmatch(actual) is not None),
        float: ("a number", _is_float),
    },
    equal=lambda expected, actual: bool(as_text(expected) == actual),
    matched=_matched_text,
    shown=in_python,
    wanted=_wanted_text,
    ask=lambda actual: (actual,),
    patterns=(str,),
    cure="Give a str, int or float, one of these types, a re.Pattern, match.where(…) or an object whose __eq__ knows "
    "a str",
)


def _in_content(
    cure: str,
    *,
    scalars: tuple[type, ...] = (),
    matched: Callable[[re.Pattern[Any], Any], bool] = _matched_content,
    ask: Callable[[Any], tuple[object, ...]] = _bytes_first,
) -> Place:
    return Place(
        sees=CONTENT,
        scalars=(str, bytes, bytearray, memoryview, *scalars),
        types={
            str: ("a text", lambda actual: actual.text is not None),
            bytes: ("bytes", lambda actual: True),
        },
        equal=_equal_content,
        matched=matched,
        shown=_shown_content,
        wanted=_wanted_text,
        ask=ask,
        patterns=(str, bytes),
        cure=cure,
    )


_OF_BODIES = (
    "Give bytes, a str, one of these types, a re.Pattern, match.where(…) or an object whose __eq__ knows bytes or a str"
)
IN_BODY = _in_content(_OF_BODIES, matched=_found_in_content)
IN_FILE = _in_content(_OF_BODIES)
IN_FIELD = _in_content(
    "Give a str, bytes, an int or a float, the type str or bytes, a re.Pattern, match.file(…), match.where(…) or an "
    "object whose __eq__ knows a str or bytes",
    scalars=(int, float),
    ask=_text_first,
)
