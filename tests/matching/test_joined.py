"""Matchers are joined, compared and printed as values."""

import re
from functools import partial
from unittest.mock import ANY

import pytest
from dirty_equals import IsInt, IsStr
from hypothesis import given
from hypothesis import strategies as st

from aiohttpretty import match

from .asking import asked

HEADERS = st.dictionaries(st.sampled_from("ABC"), st.sampled_from("12"))
SIMPLE = st.builds(match.header, st.sampled_from("ABC"), st.sampled_from(["1", "2", None]))
JOINED = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda one, other: one & other, inner, inner),
        st.builds(lambda one, other: one | other, inner, inner),
        st.builds(lambda one: ~one, inner),
    ),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([1.0, "", "1", ANY, IsInt, int, re.compile("1")]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


def is_ready(request):
    return False


def fits(matcher, headers):
    return matcher.why_not(asked(headers=headers)) is None


@given(JOINED, JOINED, HEADERS)
def test_the_laws_of_logic(one, other, headers):
    """`&`, `|` and `~` are and, or and not; De Morgan's laws hold."""
    assert fits(one & other, headers) is (fits(one, headers) and fits(other, headers))
    assert fits(one | other, headers) is (fits(one, headers) or fits(other, headers))
    assert fits(~one, headers) is not fits(one, headers)
    assert fits(~(one & other), headers) is fits(~one | ~other, headers)
    assert fits(~(one | other), headers) is fits(~one & ~other, headers)
    assert ~~one == one


@given(JOINED, HEADERS)
def test_it_reads_as_it_was_written(matcher, headers):
    """What `repr` shows makes an equal matcher, parentheses where they are needed."""
    again = eval(repr(matcher), {"match": match})
    assert again == matcher
    assert hash(again) == hash(matcher)
    assert again.why_not(asked(headers=headers)) == matcher.why_not(asked(headers=headers))


@given(PLAIN, PLAIN)
def test_equal_means_of_one_structure(one, other):
    """Matchers are equal just when their arguments print the same: 1, 1.0, True, "1" and ANY are all different."""
    assert (match.json(one) == match.json(other)) is (spelled(one) == spelled(other))
    assert match.json(one) != match.json_contains(one)
    assert hash(match.json(one)) == hash(match.json(other))


def spelled(value):
    """What `==` would mix up, as a text; a dict without its order."""
    if isinstance(value, dict):
        return f"dict {sorted((key, spelled(item)) for key, item in value.items())}"
    return str([spelled(item) for item in value]) if isinstance(value, list) else repr(value)


class Odd:
    """Refuses to be compared."""

    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None


class Even:
    """Equals everything even, and has no `repr`."""

    def __eq__(self, other):
        return isinstance(other, Even) or other % 2 == 0

    __hash__ = None


ODD = Odd()
EQUAL = {
    "a header's name in any case": (match.header("X", 1), match.header("x", 1)),
    "headers": (match.headers({"X": 1, "Y": ANY}), match.headers({"x": 1, "y": ANY})),
    "a form": (match.form({"a": ["1", "2"]}), match.form([("a", "1"), ("a", "2")])),
    "a pattern": (match.body(re.compile("x")), match.body(re.compile("x"))),
    "a function": (match.where(is_ready, "x"), match.where(is_ready, why="x")),
    "a method": (match.where(ODD.__str__), match.where(ODD.__str__)),
    "dirty-equals": (match.json(IsInt), match.json(IsInt)),
    "the same object, whatever it says": (match.json([ODD]), match.json([ODD])),
    "objects that say so both": (match.json(Even()), match.json(Even())),
    "joined one after the other": (
        (match.header("A", 1) & match.header("B", 2)) & is_ready,
        match.header("A", 1) & (match.header("B", 2) & is_ready),
    ),
    "a file": (match.multipart({"a": match.file(content=b"x")}), match.multipart({"a": match.file(content=b"x")})),
    "any order": (match.json(match.any_order([ANY])), match.json(match.any_order([ANY]))),
    "basic auth": (match.basic_auth("a", "b"), match.basic_auth("a", "b")),
}
DIFFERENT = {
    "ANY": (match.json({"a": ANY}), match.json({"a": 1})),
    "a bool": (match.json([True]), match.json([1])),
    "another name": (match.header("X", 1), match.header("Y", 1)),
    "text and bytes": (match.body("a"), match.body(b"a")),
    "another order": (match.header("X", 1) & is_ready, is_ready & match.header("X", 1)),
    "another sign": (match.header("X", 1) & is_ready, match.header("X", 1) | is_ready),
    "a negation": (~match.header("X", 1), match.header("X", 1)),
    "another function": (match.where(is_ready), match.where(len)),
    "another reason": (match.where(is_ready), match.where(is_ready, why="x")),
    "negations that equal each other": (match.json(~IsInt), match.json(~IsStr)),
    "another password": (match.basic_auth("a", "b"), match.basic_auth("a", "c")),
    "objects that refuse to be compared": (match.json(Odd()), match.json(Odd())),
    "all and a part of the query": (match.params({"a": 1}), match.params_contain({"a": 1})),
    "something else": (match.json(1), 1),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_matchers(name):
    """Matchers of one kind with the same arguments are equal, and so are their hashes."""
    one, other = EQUAL[name]
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_matchers(name):
    """What differs in kind, type or value is not equal, whatever the values themselves say; nothing raises."""
    one, other = DIFFERENT[name]
    assert one != other
    assert other != one


def test_every_repr():
    """Each matcher prints as it was written; a password is not shown."""
    said = {
        "match.json({'a': (1,), 'b': [<ANY>, IsInt, int, None]})": match.json(
            {"a": (1,), "b": [ANY, IsInt, int, None]}
        ),
        "match.json_contains(match.any_order([1, 2]))": match.json_contains(match.any_order([1, 2])),
        "match.form({'a': 1, 'b': ['x', 'y']})": match.form([("a", 1), ("b", "x"), ("b", "y")]),
        "match.multipart({'f': match.file(filename='x', content=b'y')})": match.multipart(
            {"f": match.file(filename="x", content=b"y")}
        ),
        "match.body(re.compile('x'))": match.body(re.compile("x")),
        "match.headers({'A': '1', 'B': None})": match.headers({"A": "1", "B": None}),
        "match.headers([('A', '1'), ('A', '2')])": match.headers([("A", "1"), ("A", "2")]),
        "match.cookie('a', str)": match.cookie("a", str),
        "match.params_contain({'a': ''})": match.params_contain({"a": None}),
        "match.params({'a': 1})": match.params({"a": 1}),
        "match.basic_auth('ann', …)": match.basic_auth("ann", "secret"),
        "match.where(is_ready, why='it is not')": match.where(is_ready, why="it is not"),
        "match.where(<lambda>)": match.where(lambda request: True),
        "match.where(is_ready)": match.where(partial(partial(is_ready))),
        "(match.header('A', 1) | match.where(is_ready)) & ~match.body(b'')": (match.header("A", 1) | is_ready)
        & ~match.body(b""),
        "~(match.header('A', 1) & match.where(is_ready)) | match.body('')": ~(match.header("A", 1) & is_ready)
        | match.body(""),
    }
    assert {text: repr(matcher) for text, matcher in said.items()} == {text: text for text in said}


def test_what_was_asked_prints_as_before():
    """An object of dirty-equals prints as what it equalled; the matcher goes on to say what was written."""
    matcher = match.json({"a": IsInt(gt=1)})
    assert matcher.why_not(asked(b'{"a": 3}')) is None
    assert repr(matcher) == "match.json({'a': IsInt(gt=1)})"
    assert matcher.why_not(asked(b'{"a": 1}')) == "the JSON differs at $.a: it is 1, not IsInt(gt=1)"


def test_what_was_given_may_change():
    """A matcher keeps what it was given, not what becomes of it."""
    value, fields = {"a": [1]}, {"a": ["1"]}
    matcher, form = match.json(value), match.form(fields)
    value["a"].append(2)
    fields["a"].append("2")
    assert matcher.why_not(asked(b'{"a": [1]}')) is None
    assert form.why_not(asked(b"a=1", "application/x-www-form-urlencoded")) is None


def test_no_more_are_asked_than_needed():
    """From the left, until it is clear: a condition can stand guard before another one."""
    never = match.where(lambda request: 1 / 0)
    no = match.header("X", "1")
    assert (no & never).why_not(asked()) == "the header X is missing"
    assert (~no | never).why_not(asked()) is None


BUGS = {
    "a function": lambda: match.where(lambda request: 1 / 0),
    "a function of a value": lambda: match.json([match.where(lambda value: 1 / 0)]),
    "a function that raises what a broken body does": lambda: match.json([match.where(lambda value: int("x"))]),
    "a function beside others": lambda: ~(match.where(lambda request: 1 / 0) | match.json(1)),
    "an __eq__": lambda: match.json([ODD]),
    "an __eq__ in any order": lambda: match.json(match.any_order([ODD])),
    "an __eq__ of a body": lambda: match.body(Even()),
}


@pytest.mark.parametrize("name", BUGS)
def test_bugs_of_the_test_come_out(name):
    """What the test's own code raises reaches the test as it is."""
    with pytest.raises((ZeroDivisionError, RuntimeError, ValueError, TypeError)) as caught:
        BUGS[name]().why_not(asked(b"[1]"))
    assert caught.traceback[-1].path.name == "test_joined.py"


def test_a_matcher_of_ones_own():
    """Whoever needs a new kind derives it, with `why_not` alone; it is joined and compared like the others."""

    class Tall(match.Matcher):
        def __init__(self, height):
            self.height = height

        def why_not(self, request):
            return "it is too small"

    assert Tall(1) == Tall(1) != Tall(2)
    assert (~Tall(1) & match.body(b"")).why_not(asked()) is None
    assert (Tall(1) | match.body(b"x")).why_not(asked()) == "it is too small, and the body is empty, not b'x'"
    assert match.check(Tall(1)) == (Tall(1),)
    assert repr(Tall(1)) == "<Tall>"
