"""Code of the test's own is asked only as long as everything before it fits."""

import re

import pytest
from dirty_equals import IsInt

from aiohttpretty import match
from aiohttpretty.matching.leaf import asks

from .asking import FORM, asked, field, multipart

URL = "http://example.com/?kind=b&n="


def never(value):
    raise AssertionError("it was asked behind a difference")


class Never:
    """Lets nobody compare it."""

    __hash__ = None

    def __eq__(self, other):
        never(other)

    def __repr__(self):
        return "Never()"


NO = match.where(never)
GUARDED = {
    "a member": (
        match.json_contains({"type": "order", "total": match.where(lambda value: value > 10)}),
        asked(b'{"type": "note", "total": null}'),
        'the JSON differs at $.type: it is "note", not "order"',
    ),
    "an item": (match.json([1, NO]), asked(b"[2, 3]"), "the JSON differs at $[0]: it is 2, not 1"),
    "a level below": (
        match.json({"a": 1, "b": {"c": [NO]}}),
        asked(b'{"b": {"c": [0]}}'),
        "the JSON differs: $.a is missing",
    ),
    "differences before it": (
        match.json({"a": 1, "b": 2, "c": NO, "d": 3}),
        asked(b'{"a": 0, "b": 0, "c": 0, "d": 0}'),
        "the JSON differs at $.a: it is 0, not 1, and at least 1 more",
    ),
    "an object with its own __eq__": (
        match.json({"a": 1, "b": Never()}),
        asked(b'{"a": 0, "b": 0}'),
        "the JSON differs at $.a: it is 0, not 1",
    ),
    "joined": (
        match.json([1, ~(NO & NO)]),
        asked(b"[2, 3]"),
        "the JSON differs at $[0]: it is 2, not 1",
    ),
    "in any order": (
        match.json([1, match.any_order([[NO]])]),
        asked(b"[2, [[0]]]"),
        "the JSON differs at $[0]: it is 2, not 1",
    ),
    "beside others in any order": (
        match.json(match.any_order([NO, 1, 2, 3])),
        asked(b"[0, 4, 5, 1]"),
        "the JSON differs at $: it is [0, 4, 5, 1]: no item is left for 2, and at least 1 more",
    ),
    "behind a member in any order": (
        match.json_contains(match.any_order([{"total": NO, "type": "order"}])),
        asked(b'[{"type": "note", "total": 0}]'),
        'the JSON differs at $: it is [{"type": "note", "total": 0}]: no item is left for {"total": '
        'match.where(never), "type": "order"}',
    ),
    "headers": (
        match.headers({"X-Kind": "a", "X-N": match.where(lambda value: int(value) > 3)}),
        asked(headers={"X-Kind": "b", "X-N": ""}),
        "the header X-Kind is 'b', not 'a'",
    ),
    "a query": (match.params({"kind": "a", "n": NO}), asked(url=URL), "the parameter 'kind' is 'b', not 'a'"),
    "a form": (match.form({"a": 1, "b": Never()}), asked(b"a=2&b=", FORM), "the form field 'a' is '2', not '1'"),
    "values of one name": (
        match.form({"a": [NO, "x"]}),
        asked(b"a=1&a=2", FORM),
        "the form field 'a' is ['1', '2'], not [match.where(never), 'x'] in any order",
    ),
    "parts": (
        match.multipart({"a": "1", "b": match.file(content=NO)}),
        multipart(field("a", b"2"), field("b", b"")),
        "the part 'a' is '2', not '1'",
    ),
}


@pytest.mark.parametrize("name", GUARDED)
def test_nothing_is_asked_behind_a_difference(name):
    """A condition may rely on what is written before it: behind a difference it isn't asked, not even to count."""
    matcher, request, reason = GUARDED[name]
    assert matcher.why_not(request) == reason


PLAIN = {
    "types and patterns": (
        match.json([1, int, re.compile("a")]),
        asked(b'[2, "x", "b"]'),
        "the JSON differs at $[0]: it is 2, not 1, and 2 more",
    ),
    "any order of what is plain": (
        match.json({"a": 1, "b": ~match.any_order([2])}),
        asked(b'{"a": 2, "b": [2]}'),
        "the JSON differs at $.a: it is 2, not 1, and 1 more",
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_what_asks_nobody_is_counted(name):
    """What runs no code of the test's own is compared to the end, so that the number of differences is true."""
    matcher, request, reason = PLAIN[name]
    assert matcher.why_not(request) == reason


def test_a_matcher_of_ones_own_is_code_of_the_test():
    """A kind that somebody derived is not asked behind a difference either, without saying anything of itself."""

    class Picky(match.Matcher):
        sees = frozenset({"a JSON value"})

        def why_not(self, request):
            never(request)

    assert match.json([1, Picky()]).why_not(asked(b"[2, 3]")) == "the JSON differs at $[0]: it is 2, not 1"
    assert asks(match.any_order([[{"a": Picky()}]]))


def test_the_order_of_writing_decides():
    """A condition before the difference is asked, and its reason comes first."""
    seen = []
    matcher = match.json([match.where(seen.append, why="no"), IsInt, 2])
    assert matcher.why_not(asked(b"[1, 2, 3]")) == "the JSON differs at $[0]: it is 1: no"
    assert seen == [1]
