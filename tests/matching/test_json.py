"""JSON compared whole and in part, against a slow reference that is written in another way."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiohttpretty import match
from aiohttpretty.matching.pairing import unpaired

from .asking import asked

SCALARS = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from([0.0, 1.0, 0.5, "", "1", "é"])
NAMES = st.sampled_from(["a", "b", "c d"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def parts(draw, value):
    """A part of a value: some members left out, at every level."""
    if isinstance(value, dict):
        return {name: draw(parts(item)) for name, item in value.items() if draw(st.booleans())}
    if isinstance(value, list):
        return [draw(parts(item)) for item in value]
    return value


@st.composite
def values_and_parts(draw):
    value = draw(VALUES)
    return value, draw(parts(value))


def fits(matcher, value):
    return matcher.why_not(asked(json.dumps(value).encode())) is None


def leaves(value, path=()):
    """Every place in a value: where it is, of what kind, and what it holds."""
    if isinstance(value, dict):
        yield path, "dict", None
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        yield path, "list", len(value)
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        yield path, "number" if number else type(value).__name__, value


def is_part(part, whole):
    """Every place in the part is in the whole."""
    places = list(leaves(whole))
    return all(place in places for place in leaves(part))


@given(values_and_parts())
def test_a_part_is_contained(value_and_part):
    """Whatever members are left out, at any level, the rest is a part of the whole; and the whole of itself."""
    value, part = value_and_part
    assert fits(match.json_contains(part), value)
    assert fits(match.json(value), value)


@given(VALUES, VALUES)
def test_like_the_reference(one, other):
    """`json_contains` is the reference's subset, and `json` subset in both directions."""
    assert fits(match.json_contains(one), other) is is_part(one, other)
    assert fits(match.json(one), other) is (is_part(one, other) and is_part(other, one))


@given(values_and_parts(), st.data())
def test_a_changed_part_is_like_the_reference(value_and_part, data):
    """One item of a part is replaced: the matcher says what the reference says."""
    value, part = value_and_part
    holders = [holder for holder in _holders(part) if holder]
    if holders:
        holder = data.draw(st.sampled_from(holders))
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        holder[key] = data.draw(VALUES)
    assert fits(match.json_contains(part), value) is is_part(part, value)


def _holders(value):
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _holders(item)


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4))
def test_any_order_is_like_trying_all(expected, items):
    """`any_order` fits when one of all orders does: parts in `json_contains`, equals in `json`."""
    orders = list(itertools.permutations(items))
    assert fits(match.json_contains(match.any_order(expected)), items) is any(
        is_part(expected, list(each)) for each in orders
    )
    assert fits(match.json(match.any_order(expected)), items) is any(
        fits(match.json(expected), each) for each in orders
    )


@given(st.lists(VALUES, max_size=5), st.randoms())
def test_any_order_of_the_same_items(items, random):
    """The items of a list fit, however they are shuffled."""
    shuffled = random.sample(items, len(items))
    assert fits(match.json({"l": match.any_order(items)}), {"l": shuffled})


@given(st.integers(0, 5), st.integers(0, 5), st.data())
def test_as_many_as_possible_are_paired(lefts, rights, data):
    """No other way pairs more, and each pair fits."""
    pairs = set(data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)))))
    asked_for = []

    def suits(left, right):
        asked_for.append((left, right))
        return (left, right) in pairs

    lonely, left_over = unpaired(lefts, rights, suits)
    most = max(
        sum(pair in pairs for pair in zip(range(lefts), order, strict=False))
        for order in itertools.permutations([*range(rights), *[None] * lefts], lefts)
    )
    assert (lefts - len(lonely), rights - len(left_over)) == (most, most)
    assert len(asked_for) == len(set(asked_for)) <= lefts * rights


@pytest.mark.parametrize("turn", [lambda numbers: numbers, lambda numbers: numbers[1:] + numbers[:1]])
def test_a_long_chain_of_exchanges(turn):
    """Hundreds of items that each must give way to the next are paired; no stack is too short."""
    expected = [match.where(lambda value, number=number: value in (number, number + 1)) for number in range(300)]
    assert fits(match.json(match.any_order(turn(expected))), list(range(1, 301)))


def test_many_items_without_a_partner():
    """The questions asked are at most one a pair, even where half of a thousand items find none."""
    asked_for = []

    def suits(left, right):
        asked_for.append((left, right))
        return right < 250

    lonely, left_over = unpaired(500, 500, suits)
    assert (lonely, left_over) == (list(range(250, 500)), list(range(250, 500)))
    assert len(asked_for) <= 500 * 500


def test_json_deeper_than_any_stack():
    """A body that is nested without end is refused, or compared as far as it is asked for."""
    deep = b"[" * 100_000 + b"]" * 100_000
    assert match.json([]).why_not(asked(deep)) is not None
    nested = b'{"a":' * 400 + b"1" + b"}" * 400
    shown = '{"a": ' * 13
    assert match.json({"a": 1}).why_not(asked(nested)) == f"the JSON differs at $.a: it is {shown}{{…, not 1"


def test_numbers_without_end():
    """A number of more digits than Python reads is a reason, not an error."""
    reason = match.json(1).why_not(asked(b"1" * 5000))
    assert reason.startswith("the body is not JSON (Exceeds the limit")
    assert match.json({"a": 10**5000}).why_not(asked(b"1")) == 'the JSON differs at $: it is 1, not {"a": <int>}'
