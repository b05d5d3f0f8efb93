"""Names with values, such as a query or a form: compared as a multiset.

Law of this room: the order never matters, how often a value is there always does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import OptionTypeError
from ..notation import short, written
from .leaf import Place, asks, checked, refusal
from .pairing import unpaired

Expected = dict[Any, list[Any]]


class Kind(NamedTuple):
    """What is compared: what one pair is called, and what may be expected of its value."""

    noun: str
    place: Place
    check: Callable[[object, Place, str], Any] = checked
    refuse: Callable[[Any, Any, Place], str | None] = refusal
    name: type | tuple[type, ...] = str
    shown: Callable[[Any], str] | None = None
    """How a value that came is written in a reason, if not as the place does."""


def expected_pairs(given: Any, kind: Kind, maker: str) -> Expected:
    """The values that are expected of each name; `maker` is who wants them.

    Raises:
        OptionTypeError: it is neither a mapping nor pairs, a name is no str, or a value can't be there.
    """
    expected: Expected = {}
    for name, value in given_pairs(given, maker):
        if not isinstance(name, kind.name):
            raise OptionTypeError(f"{maker}: the name {written(name)} is not a str. Write it as one.")
        values = value if isinstance(value, (list, tuple)) else [value]
        expected.setdefault(name, []).extend(kind.check(one, kind.place, f"{maker}: {written(name)}") for one in values)
    return expected


def given_pairs(given: Any, maker: str) -> Iterable[tuple[Any, Any]]:
    """What was given as a mapping or as pairs, as pairs."""
    if isinstance(given, Mapping):
        return given.items()
    if isinstance(given, (list, tuple)) and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in given):
        return [(name, value) for name, value in given]
    raise OptionTypeError(
        f"{maker}: {written(given)} is neither a mapping nor a list of pairs. Give a dict, or a list of (name, value)."
    )


def refusals(
    expected: Expected, actual: Iterable[tuple[Any, Any]], kind: Kind, *, partly: bool = False
) -> Iterator[str | None]:
    """Each name whose values differ, for `first_of`; with `partly`, more names and more values may be there."""
    return (gap and gap.words for gap in gaps(expected, actual, kind, partly=partly))


class Gap(NamedTuple):
    """A name whose values differ."""

    name: Any
    expected: list[Any]
    actual: list[Any]
    words: str


def gaps(
    expected: Expected, actual: Iterable[tuple[Any, Any]], kind: Kind, *, partly: bool = False
) -> Iterator[Gap | None]:
    """The same, with the values; a None before code of the test's own is asked."""
    grouped: dict[Any, list[Any]] = {}
    for name, value in actual:
        grouped.setdefault(name, []).append(value)
    for name, values in expected.items():
        came = grouped.get(name, [])
        if asks(values):
            yield None
        reason = _refusal(values, came, kind, partly)
        if reason is not None:
            yield Gap(name, values, came, f"{_label(name, kind)} {reason}")
    if not partly:
        for name, values in grouped.items():
            if name not in expected:
                yield Gap(name, [], values, f"{_label(name, kind)} is not expected")


def _label(name: str | None, kind: Kind) -> str:
    return f"{kind.noun} without a name" if name is None else f"{kind.noun} {written(name)}"


def _refusal(expected: list[Any], actual: list[Any], kind: Kind, partly: bool) -> str | None:
    place, shown = kind.place, kind.shown or kind.place.shown
    if not actual:
        return "is missing" if expected else None
    if len(expected) == len(actual) == 1:
        words = kind.refuse(expected[0], actual[0], place)
        return None if words is None else f"is {shown(actual[0])}{words}"
    lonely, left_over = unpaired(
        len(expected),
        len(actual),
        lambda left, right: kind.refuse(expected[left], actual[right], place) is None,
        asking={number for number, one in enumerate(expected) if asks(one)},
    )
    if not lonely and (partly or not left_over):
        return None
    is_now = f"is {_listed(actual, shown)}"
    if partly:
        return f"{is_now}, where {_wanted(expected[lonely[0]], place)} is missing"
    return f"{is_now}, not {_listed(expected, lambda one: _wanted(one, place))} in any order"


def _listed(values: list[Any], shown: Callable[[Any], str]) -> str:
    """The values as a list, cut when it is long."""
    text = "["
    for number, value in enumerate(values):  # of a long list, no more is written than will be shown
        text += f"{', ' if number else ''}{shown(value)}"
        if short(text) != text:
            return short(text)
    return short(f"{text}]")


def _wanted(expected: Any, place: Place) -> str:
    return place.wanted(expected) if isinstance(expected, place.scalars) else written(expected)


def as_mapping(expected: Expected) -> dict[Any, Any]:
    """The expected pairs as they are shown: a name with its value, or a list of them."""
    return {name: values[0] if len(values) == 1 else values for name, values in expected.items()}
