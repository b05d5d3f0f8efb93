"""What is the same has one likeness, so that equals are looked for among few."""

import re
from functools import partial
from unittest.mock import ANY

import pytest
from dirty_equals import IsInt, IsStr
from hypothesis import given

from aiohttpretty import AioHTTPretty, match
from aiohttpretty.matching.likeness import likeness
from aiohttpretty.notation import Asked, same

from .test_joined import EQUAL, JOINED, PLAIN

URI = "http://example.com/"
COUNT = 60


class Box:
    """Has a method, and an `__eq__` that says yes."""

    __hash__ = None

    def __eq__(self, other):
        return isinstance(other, Box)

    def method(self, request):
        return True


class Callable:
    """A condition that is compared by identity."""

    def __call__(self, request):
        return True


class Loose(match.Matcher):
    """Equals all of its kind, whatever they hold."""

    def __init__(self, held):
        self.held = held

    def __eq__(self, other):
        return isinstance(other, Loose)

    __hash__ = match.Matcher.__hash__


BOX, OTHER = Box(), Box()
VALUES = [
    *(1, 1.0, True, "1", b"1", None, [1], (1,), {"a": 1}, int, float, len, "x".join, "x".split, Box.method),
    *(
        re.compile("a"),
        re.compile("a", re.IGNORECASE),
        re.compile(b"a"),
        BOX.method,
        BOX.method,
        OTHER.method,
        BOX,
        OTHER,
    ),
    *(Asked(IsInt), Asked(IsInt()), Asked(IsInt(gt=1)), Asked(IsInt(gt=1)), Asked(~IsInt), Asked(~IsStr), Asked(ANY)),
    *(Asked(BOX), Asked(OTHER), Loose(1), Loose(2), partial(len), BOX.__str__, BOX.__str__, Callable(), Callable()),
    *(match.headers({"A": 1, "B": 2}), match.headers({"b": 2, "a": 1}), match.header("A", 1), match.header("a", 1)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_the_same_have_one_likeness(value):
    """Whatever kind they are of: values that are the same, or matchers that are equal, have one likeness."""
    assert likeness(value) == likeness(value)
    assert {likeness(other) for other in VALUES if same(value, other)} == {likeness(value)}


@given(PLAIN, PLAIN)
def test_equal_json_has_one_likeness(one, other):
    """Likewise for what is put together."""
    one, other = match.json(one), match.json(other)
    assert one != other or likeness(one) == likeness(other)


@given(JOINED, JOINED)
def test_what_is_joined_alike_has_one_likeness(one, other):
    """Likewise for what is joined."""
    assert one != other or likeness(one) == likeness(other)


@pytest.mark.parametrize("name", EQUAL)
def test_equal_matchers_have_one_likeness(name):
    """Likewise for all pairs of equal matchers."""
    one, other = EQUAL[name]
    assert likeness(one) == likeness(other)


def test_header_names_in_any_case():
    """Headers are equal in any case of their names and in any order, and print as they were written."""
    one, other = match.headers({"X-Key": 1, "Y": 2}), match.headers({"y": 2, "x-key": 1})
    assert one == other
    assert repr(one) == "match.headers({'X-Key': 1, 'Y': 2})"
    assert match.header("X-Key", 1) == match.header("x-key", 1)
    assert repr(match.header("X-Key", 1)) == "match.header('X-Key', 1)"
    assert match.headers([("A", 1), ("A", 2)]) != match.headers({"A": 1})


@pytest.mark.parametrize(
    "one, other",
    [
        (match.header("X-Key", "1"), match.header("x-key", "1")),
        (match.headers({"A": 1, "B": ANY}), match.headers({"b": ANY, "a": 1})),
        (match.json({"a": IsInt}), match.json({"a": IsInt})),
        (match.where(BOX.method), match.where(BOX.method)),
        (Loose(1), Loose(2)),
    ],
    ids=repr,
)
def test_an_equal_registration_replaces(one, other):
    """Of two registrations with equal matchers, the second takes the place of the first."""
    mock = AioHTTPretty()
    routes = [mock.register_uri("GET", URI, match=matcher) for matcher in (one, other)]
    assert mock._ledger.routes() == routes[1:]


MANY = {
    "patterns": lambda number: match.header("X", re.compile(str(number))),
    "flags": lambda number: match.header("X", re.compile("a" * (number // 2), re.IGNORECASE if number % 2 else 0)),
    "types": lambda number: match.json([(int, str)[number >> bit & 1] for bit in range(6)]),
    "bound methods": lambda number: match.where(Box().method),
    "objects that can be called": lambda number: match.where(Callable()),
    "dirty-equals": lambda number: match.json({"a": IsInt(gt=number)}),
}


@pytest.mark.parametrize("name", MANY)
def test_many_matchers_at_one_address(name, monkeypatch):
    """Among many matchers that differ in such a value, none is compared with all the others."""
    compared = []
    plain = match.Matcher.__eq__

    def counted(self, other):
        compared.append((self, other))
        return plain(self, other)

    matchers = [MANY[name](number) for number in range(COUNT)]
    mock = AioHTTPretty()

    monkeypatch.setattr(match.Matcher, "__eq__", counted)
    for matcher in matchers:
        mock.register_uri("GET", URI, match=matcher)
    assert len(compared) <= COUNT
    assert len({likeness(matcher) for matcher in matchers}) == COUNT
