"""Items are paired in any order: the best way is found, and soon where plain values tell."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiohttpretty import match
from aiohttpretty.matching import compare
from aiohttpretty.matching.pairing import unpaired

from .asking import FORM, asked
from .test_json import VALUES, fits

COUNT = 300
INTEGER = match.where(lambda value: type(value) is int, why="no int")
FLOAT = match.where(lambda value: type(value) is float, why="no float")
FIVE = st.integers(0, 4)


@pytest.mark.parametrize("maker", [match.json, match.json_contains])
@pytest.mark.parametrize(
    "expected, items",
    [
        ([1, FLOAT], [1.0, 1]),
        ([1, FLOAT], [1, 1.0]),
        ([1.0, INTEGER], [1, 1.0]),
        ([{"a": 1}, {"a": FLOAT}], [{"a": 1.0}, {"a": 1}]),
        ([[1, 2], [FLOAT, 2]], [[1.0, 2], [1, 2.0]]),
        ([float("nan"), 0], [-0.0, float("nan")]),
        ([None, False, 0, "", (), {}], [{}, [], "", 0.0, False, None]),
        ([{"a": {"b": [1, INTEGER]}}], [{"a": {"b": [1.0, 2]}}]),
    ],
)
def test_equal_values_give_way(maker, expected, items):
    """A plain value is paired with an equal one, but leaves it to a condition that takes no other."""
    assert fits(maker(match.any_order(expected)), items)


@pytest.mark.parametrize("expected, item", [(True, 1), (1, True), (0, False), ("1", 1), (None, 0), ([], {}), ({}, [])])
def test_no_equals(expected, item):
    """A bool is no number, also where equals are looked up."""
    assert not fits(match.json(match.any_order([expected])), [item])
    assert not fits(match.json(match.any_order([[expected]])), [[item]])
    assert not fits(match.json_contains(match.any_order([{"a": expected}])), [{"a": item}])


def test_asked_by_itself():
    """It says by itself what it has against a JSON value, as everything that `match` makes does."""
    assert match.any_order([1, 2]).why_not([2, 1]) is None
    assert match.any_order([1, 2]).why_not({"a": 1}) == "it is no list"
    assert match.any_order([1, {"a": 2}]).why_not([1, {"a": 2, "b": 3}]) == (
        'no item is left for {"a": 2}, and {"a": 2, "b": 3} is not expected'
    )


def test_joined_and_asked_by_itself():
    """Joined ones, too, see all of an item by themselves, and stand where a single one may."""
    one, other, more = match.any_order([{"a": 1}]), match.any_order([{"b": 1}]), [{"a": 1, "b": 1}]
    assert (one & one).why_not(more) is not None
    assert (other | one).why_not(more) is not None
    assert (~one).why_not(more) is None
    for maker, fit in ((match.json, False), (match.json_contains, True)):
        assert fits(maker({"a": one & other}), {"a": more}) is fit
        assert fits(maker({"a": ~one}), {"a": more}) is not fit


@pytest.mark.parametrize("maker", [match.json, match.json_contains])
def test_deeper_than_any_expectation(maker):
    """An item that is nested deeper than anything that can be expected gets in nobody's way."""
    deep = [1]
    for _ in range(300):
        deep = [deep]
    assert fits(maker(match.any_order([list, 1])), [1, deep])
    assert not fits(maker(match.any_order([[[1]], 1])), [1, deep])


def test_more_members_are_left_to_who_needs_them():
    """In `json_contains`, an item that is a part of two leaves the one that another needs."""
    items = [{"a": 1, "b": 2}, {"a": 1}]
    for expected in ([{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}], [{}, {"b": 2}], [{"a": 1}, {"a": 1}]):
        assert fits(match.json_contains(match.any_order(expected)), items)


@given(FIVE, FIVE, st.sets(st.tuples(FIVE, FIVE)), st.sets(FIVE), st.data())
def test_helped_or_not_as_many_are_paired(lefts, rights, pairs, asking, data):
    """Some pairs to begin with and the candidates change nothing but the way; who asks stays out behind a refusal."""
    pairs = {(left, right) for left, right in pairs if left < lefts and right < rights}
    plain, asking = [left for left in range(lefts) if left not in asking], {left for left in asking if left < lefts}
    begun = {}
    for left, right in data.draw(st.permutations(sorted(pairs))):
        if left in plain and left not in begun and right not in begun.values() and data.draw(st.booleans()):
            begun[left] = right
    asked_for = []

    def suits(left, right):
        asked_for.append((left, right))
        return (left, right) in pairs

    def candidates(left):
        return [right for right in range(rights) if (left, right) in pairs or right == left]

    lonely, left_over = unpaired(lefts, rights, suits, asking, begun, candidates)
    slow = unpaired(lefts, rights, lambda *pair: pair in pairs)
    assert bool(lonely) is bool(slow[0])
    assert len(asked_for) == len(set(asked_for))
    if not lonely or not asking:
        assert (len(lonely), len(left_over)) == tuple(map(len, slow))
    elif set(lonely) <= set(plain):
        assert not {left for left, _ in asked_for} & asking


def item(number, **more):
    return {"in": {"id": number}, "tags": ["a", number], **more}


TURNS = {
    "in order": lambda items: items,
    "reversed": lambda items: items[::-1],
    "shuffled": lambda items: [items[number * 7 % COUNT] for number in range(COUNT)],
}
KINDS = {
    "equals": (match.json, [item(number) for number in range(COUNT)]),
    "parts": (match.json_contains, [{"in": {"id": number}} for number in range(COUNT)]),
    "conditions beside what tells": (
        match.json,
        [{"in": {"id": number}, "tags": ["a", INTEGER]} for number in range(COUNT)],
    ),
    "all alike": (match.json_contains, [{"tags": ["a", int]}] * COUNT),
}


@pytest.mark.parametrize("fit", [True, False])
@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", KINDS)
def test_few_comparisons(kind, turn, fit, monkeypatch):
    """Of hundreds of items, each is compared with few others, whether they fit or not."""
    counted = []
    plain = compare.refusal

    def refusal(*arguments, **options):
        counted.append(arguments)
        return plain(*arguments, **options)

    maker, expected = KINDS[kind]
    monkeypatch.setattr(compare, "refusal", refusal)
    items = TURNS[turn]([item(number) for number in range(COUNT)])
    if not fit:
        items[COUNT // 2] = {}
    # the matcher of the whole is one of them, and each item has up to three values
    assert fits(maker(match.any_order(expected)), items) is fit
    assert len(counted) <= 6 * COUNT + 1


@given(VALUES)
def test_what_is_equal_has_one_key(value):
    """A value fits itself as it comes back from JSON, floats for ints too."""
    again = json.loads(json.dumps(value), parse_int=float)
    assert fits(match.json(match.any_order([value, [value]])), [[again], again])


def test_a_long_list_of_values_is_cut():
    """A reason for thousands of equal fields is as short as any other, on both sides."""
    body = b"&".join([b"a=1"] * 5000)
    one = "['1', " + "'1', " * 14
    reason = match.form({"a": [1, 2]}).why_not(asked(body, FORM))
    assert reason == f"the form field 'a' is {one}'1'…, not ['1', '2'] in any order"
    reason = match.form({"a": [2] * 5000}).why_not(asked(b"a=1", FORM))
    assert reason == f"the form field 'a' is ['1'], not {one.replace('1', '2')}'2'… in any order"
    reason = match.params_contain({"a": [2, 1]}).why_not(asked(url=f"http://h/?{'a=1&' * 5000}"))
    assert reason == f"the parameter 'a' is {one}'1'…, where '2' is missing"
