"""The nearest routes, on one scale."""

import asyncio
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, match
from aiohttpretty.addresses.address import address
from aiohttpretty.diagnosis import nearness
from aiohttpretty.diagnosis.place import Glance, apart, place, query_apart
from aiohttpretty.diagnosis.verdict import verdicts

from .failing import failure

# One way of being wrong for each condition; what is right is asked for
RIGHT = {"scheme": "http", "host": "example.com", "path": "/users", "page": "1", "header": "a", "json": {"b": 1}}
WRONG = {"scheme": "https", "host": "example.org", "path": "/user", "page": "2", "header": "x", "json": {"b": 2}}


def register(own, wrong, method="GET"):
    with_ = {name: (WRONG if name in wrong else RIGHT)[name] for name in RIGHT}
    return own.register_uri(
        "POST" if "method" in wrong else method,
        f"{with_['scheme']}://{with_['host']}{with_['path']}",
        params={"page": with_["page"]},
        match=[match.header("X", with_["header"]), match.json(with_["json"])],
    )


async def refused(own):
    asked = own.fake_request("GET", "http://example.com/users", params={"page": 1}, headers={"X": "a"}, json={"b": 1})
    return await failure(asked)


wrongs = st.sets(st.sampled_from(["method", *RIGHT]), min_size=1)


@settings(max_examples=40, deadline=None)
@given(wrongs, wrongs)
def test_one_more_mistake_is_never_nearer(some, more):
    """Whatever is wrong already, a route with one more condition that doesn't fit is further away."""
    if some < some | more:
        own = AioHTTPretty()
        far, near = register(own, some | more), register(own, some)
        error = asyncio.run(refused(own))
        assert [candidate.route for candidate in error.candidates] == [near, far]
        assert error.candidates[0].distance < error.candidates[1].distance


@settings(max_examples=40, deadline=None)
@given(wrongs)
def test_every_condition_is_judged(wrong):
    """Each condition that doesn't fit, and no other, has a verdict that says so."""
    own = AioHTTPretty()
    register(own, wrong)
    [candidate] = asyncio.run(refused(own)).candidates
    names = {"header X": "header", "params": "page"}
    assert {names.get(miss.condition, miss.condition) for miss in candidate.misses} == wrong


@pytest.mark.parametrize("other", ["header", "json", "page", "method", "path", "scheme"])
async def test_a_wrong_host_is_the_furthest(other):
    """A route that is wrong in one other way is nearer than one on another host."""
    own = AioHTTPretty()
    register(own, {"host"})
    near = register(own, {other})
    assert (await refused(own)).candidates[0].route is near


async def test_few_of_many_are_looked_at_closely(monkeypatch):
    """Of 10,000 routes a few are judged, and the nearest is among them."""
    own = AioHTTPretty()
    for number in range(10_000):
        own.register_uri("GET", f"http://example.com/users/{number}/orders")
    judged = []
    monkeypatch.setattr(
        "aiohttpretty.diagnosis.inquiry.verdicts",
        lambda route, *rest, **words: judged.append(route) or verdicts(route, *rest, **words),
    )
    error = await failure(own.fake_request("GET", "http://example.com/users/7x77/orders"))
    assert str(error.candidates[0].route.url) in (
        "http://example.com/users/777/orders",
        "http://example.com/users/7077/orders",
    )
    assert len(judged) <= 64


async def test_at_one_address_the_matchers_decide():
    """Routes that differ only in their matchers are told apart by these, however many there are."""
    own = AioHTTPretty()
    for number in range(50):
        own.register_uri("POST", "http://example.com/", match=match.json({"a": number, "b": 1, "c": 1, "d": 1}))
    near = own.register_uri("POST", "http://example.com/", match=match.json({"a": 51, "b": 2, "c": 2, "d": 2}))
    error = await failure(own.fake_request("POST", "http://example.com/", json={"a": 0, "b": 2, "c": 2, "d": 2}))
    assert error.candidates[0].route is near


async def test_kinds_of_addresses():
    """Templates, patterns and bundles' paths are ranked on the same scale."""
    own = AioHTTPretty()
    template = own.register_uri("GET", "http://example.com/users/{id}")
    pattern = own.register_uri("GET", re.compile(r"http://example\.com/orders/\d+$"))
    other = own.register_uri("GET", "http://other.org/users/{id}")
    error = await failure(own.fake_request("GET", "http://example.com/user/1"))
    assert [candidate.route for candidate in error.candidates] == [template, pattern, other]
    assert [verdict.condition for verdict in error.candidates[1].verdicts] == ["method", "pattern"]


async def test_a_matcher_that_raises_does_not_hide_the_report():
    """A bug in a condition that shows only when it is asked for the report is told there, and nowhere else."""
    answers = iter([False])

    def bug(request):
        for answer in answers:
            return answer
        raise KeyError("nope")

    aiohttpretty.register_uri("GET", "http://example.com/a", match=match.where(bug))
    error = await failure(aiohttpretty.fake_request("GET", "http://example.com/a"))
    told = {verdict.condition.split(" ")[0]: verdict.difference for verdict in error.candidates[0].verdicts}
    assert told["where"] == "it raised KeyError: 'nope'"


async def test_functions_behind_a_difference():
    """A function of the test's own may rely on what stands beside it, so it is not asked where that has refused."""
    asked = []
    aiohttpretty.register_uri("GET", "http://example.com/a", match=match.where(asked.append))
    aiohttpretty.register_uri("GET", "http://example.com/b", match=[match.header("X", "1"), asked.append])
    error = await failure(aiohttpretty.fake_request("GET", "http://example.com/b"))
    assert asked == []
    assert [str(candidate.route.address.url)[-1] for candidate in error.candidates] == ["b", "a"]
    for candidate in error.candidates:
        verdict = candidate.verdict("where list.append")
        assert (verdict.fits, verdict.difference) == (None, "not asked, because another condition refused")


def test_shown():
    """Three are shown."""
    assert nearness.SHOWN == 3


PATHS = st.text("aAb/%2", max_size=8)
ASKED = st.builds(str.__add__, PATHS, st.sampled_from(["", "?a=1", "?a=1&a=1&b=2"]))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(ASKED, max_size=5),
    ASKED,
    st.sampled_from([5.0, 14.0, 24.0, 70.0, 1000.0]),
    st.sampled_from(["h", "x.h:81"]),
)
def test_a_glance_sees_what_a_closer_look_sees(offered, asked, limit, host):
    """However fast it is, a glance says the same distance, or that it is more than the limit."""
    url = URL(f"http://{host}/{asked}")
    glance = Glance(url)
    for path in offered:
        where = address(f"http://h/{path}")
        exactly = apart(where, place(url), url).all
        assert glance.away(where, limit) in (pytest.approx(exactly), float("inf") if exactly > limit else exactly)


def test_pairs_that_are_there_twice():
    """Two queries are as far from one another as there are pairs that only one of them has, on either side."""
    a, b = ("a", "1"), ("b", "2")
    far = [query_apart(*both) for both in (((a, a), (a,)), ((a, a), (a, b)), ((a, b), (a, a)), ((a, a), (b,)))]
    assert [one - far[0] for one in far] == [0, 1, 1, 2]
