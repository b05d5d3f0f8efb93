"""How often calls came by, asked in the words of registering; and what is said if that was wrong."""

import io
import pickle
import re
import unittest

import aiohttp
import pytest

import aiohttpretty
from aiohttpretty import OptionTypeError, OptionValueError, VerificationError, match

from .failing import fails, text

URI = "http://example.com/"
USERS = URI + "users"


@pytest.fixture(autouse=True)
async def _calls(request):
    """Two POST to /users with another body each, and a GET with a query."""
    aiohttpretty.register_uri("*", URI + "{rest:.*}", check_params=False, optional=True)
    await aiohttpretty.fake_request("POST", USERS, json={"name": "x", "qty": 3}, headers={"X-Key": "1"})
    await aiohttpretty.fake_request("POST", USERS, json={"name": "x", "qty": "3"}, headers={"X-Key": "2"})
    await aiohttpretty.fake_request("GET", USERS, params={"a": 1})


PASSING = {
    "at least one": {},
    "exactly": {"times": 2},
    "at least": {"at_least": 1},
    "at least as many as there are": {"at_least": 2},
    "at most": {"at_most": 2},
    "between": {"at_least": 1, "at_most": 2},
}
FAILING = {
    "too many": ({"times": 1}, "to be called exactly once, and it was called twice"),
    "too few": ({"times": 3}, "to be called exactly 3 times, and it was called twice"),
    "none wanted": ({"times": 0}, "not to be called, and it was called twice"),
    "not enough": ({"at_least": 3}, "to be called at least 3 times, and it was called twice"),
    "above": ({"at_most": 1}, "to be called at most once, and it was called twice"),
    "not between": ({"at_least": 3, "at_most": 4}, "to be called 3 times to 4 times, and it was called twice"),
}


@pytest.mark.parametrize("often", PASSING.values(), ids=PASSING)
async def test_called_often_enough(often):
    """Nothing is said when the calls came as often as expected."""
    aiohttpretty.assert_called("post", USERS, **often)


@pytest.mark.parametrize(("often", "said"), FAILING.values(), ids=FAILING)
async def test_called_too_often_or_too_seldom(often, said):
    """What was expected and what came is the first thing that is said."""
    with fails() as caught:
        aiohttpretty.assert_called("POST", USERS, **often)
    assert text(caught.value).startswith(f"Expected POST {USERS} {said} (expected at test_called.py:1).")


async def test_at_most_alone_allows_never():
    """at_most is an upper bound and nothing else."""
    aiohttpretty.assert_called("PUT", USERS, at_most=1)


WORDS = {
    "any method": (("*", USERS), {"check_params": False, "times": 3}),
    "its query in params": (("GET", USERS), {"params": {"a": "1"}, "times": 1}),
    "its query in the uri": (("GET", USERS + "?a=1"), {"times": 1}),
    "whatever its query": (("GET", USERS), {"check_params": False, "times": 1}),
    "a condition in params": (("GET", USERS), {"params": {"a": re.compile(r"\d")}, "times": 1}),
    "a template": (("POST", URI + "{name}"), {"times": 2}),
    "a pattern": (("*", re.compile(r"http://example\.com/us")), {"times": 3}),
    "a matcher": (("POST", USERS), {"match": match.json_contains({"qty": 3}), "times": 1}),
    "several matchers": (("POST", USERS), {"match": [match.json_contains({}), match.header("X-Key", "2")], "times": 1}),
    "a function": (("POST", USERS), {"match": lambda call: call.json()["qty"] == 3, "times": 1}),
    "what a variable holds": (
        ("POST", URI + "{name}"),
        {"match": lambda call: call.match_info == {"name": "users"}, "times": 2},
    ),
}


@pytest.mark.parametrize(("which", "words"), WORDS.values(), ids=WORDS)
async def test_the_words_of_registering(which, words):
    """Which calls are meant is said as in register_uri; a template's variables are its own, not the route's."""
    aiohttpretty.assert_called(*which, **words)


async def test_not_called():
    """It passes where nothing fits, and fails where something does, with the call."""
    aiohttpretty.assert_not_called("GET", USERS)
    aiohttpretty.assert_not_called("POST", USERS, match=match.header("X-Key", "3"))
    with fails(
        f"""
Expected GET {USERS}?a=1 not to be called, and it was called once (expected at test_called.py:1).

It was called:
  GET {USERS}?a=1 -> 200 (call 3 of 3, 0.001 s after the first, asked at test_called.py:1)
"""
    ) as caught:
        aiohttpretty.assert_not_called("GET", USERS, params={"a": 1})
    assert caught.value.nearest == ()


async def test_the_nearest_calls_are_shown():
    """The three nearest, the nearest first: what each condition says of them, when and where they were asked."""
    wanted = f"POST {USERS} with match.json({{'name': 'x', 'qty': 4}})"
    with fails(
        f"""
Expected {wanted} to be called at least once, and it was not called (expected at test_called.py:1).

Nearest:

1. POST {USERS} -> 200 (call 1 of 3, asked at test_called.py:1)
   ✓ method  POST
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none
   ✗ json    $.qty: expected 4, got 3

2. POST {USERS} -> 200 (call 2 of 3, 0.001 s after the first, asked at test_called.py:1)
   ✓ method  POST
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none
   ✗ json    $.qty: expected 4, got "3"

3. GET {USERS}?a=1 -> 200 (call 3 of 3, 0.001 s after the first, asked at test_called.py:1)
   ✗ method  expected POST, got GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✗ params  a: not expected, got '1'
   ✗ json    the body is empty, not JSON
"""
    ) as caught:
        aiohttpretty.assert_called("POST", USERS, match=match.json({"name": "x", "qty": 4}))
    assert [near.call for near in caught.value.nearest] == list(aiohttpretty.calls)
    assert [miss.condition for miss in caught.value.nearest[2].misses] == ["method", "params", "json"]


async def test_those_that_fit_are_not_among_the_nearest():
    """Too few calls: the ones that count are listed, and of the others what is wrong with them."""
    with fails() as caught:
        aiohttpretty.assert_called("POST", USERS, times=2, match=match.header("X-Key", "2"))
    blocks = text(caught.value).split("\n\n")
    assert blocks[1] == (
        f"It was called:\n  POST {USERS} -> 200 (call 2 of 3, 0.001 s after the first, asked at test_called.py:1)"
    )
    assert blocks[2] == "Nearest of the others:"
    assert blocks[3].endswith("✗ header X-Key  expected '2', got '1'")


async def test_many_calls_are_shortened():
    """Of a hundred calls too many, ten are listed."""
    for _ in range(100):
        await aiohttpretty.fake_request("PUT", USERS)
    with fails() as caught:
        aiohttpretty.assert_not_called("PUT", USERS)
    assert "\n  … 90 more …\n" in text(caught.value)
    assert text(caught.value).count("PUT") == 11


async def test_an_unmatched_request_may_be_the_nearest():
    """A request that would have counted, had a route answered it, comes first; others are listed."""
    for path in ("users", "else"):
        with pytest.raises(aiohttpretty.NoMatchError):
            await aiohttpretty.fake_request("GET", f"http://other.com/{path}")
    with fails() as caught:
        aiohttpretty.assert_called("GET", "http://other.com/users")
    blocks = text(caught.value).split("\n\n")
    assert blocks[2] == (
        "1. GET http://other.com/users -> not answered (asked at test_called.py:1)\n"
        "   ✓ method  GET\n"
        "   ✓ scheme  http\n"
        "   ✓ host    other.com\n"
        "   ✓ path    /users\n"
        "   ✓ params  none\n"
        "   ✗ answer  no route answered it, so it is no call; aiohttpretty.unmatched has the report"
    )
    with fails() as caught:
        aiohttpretty.assert_called("POST", USERS, match=match.header("X-Key", "3"))
    assert text(caught.value).endswith(
        "Not answered, and so no calls:\n"
        "  GET http://other.com/users -> not answered (asked at test_called.py:1)\n"
        "  GET http://other.com/else -> not answered (asked at test_called.py:1)"
    )


async def test_long_lines_are_wrapped():
    """No line is longer than 100 columns, however long what it tells."""
    await aiohttpretty.fake_request("GET", URI + "x" * 700)
    await aiohttpretty.fake_request("GET", URI + "x" * 50)
    with fails() as caught:
        aiohttpretty.assert_called("GET", URI + "x" * 60, match=match.json(list(range(100))))
    assert max(map(len, str(caught.value).splitlines())) <= 100


async def test_nothing_was_called():
    """Where nothing came at all, the report says so, and whether the registry is active."""
    aiohttpretty.clear()
    first = f"Expected GET {URI} to be called at least once, and it was not called (expected at test_called.py:1)."
    nothing = "Nothing was called at all."
    with aiohttpretty.activate(), fails(f"{first}\n\n{nothing}"):
        aiohttpretty.assert_called("GET", URI)
    with fails(
        f"{first}\n\n{nothing} This registry is not active; if it wasn't while the code ran, the\n"
        "requests went elsewhere. Activate it: with aiohttpretty.activate(): ..., or by the marker or the\nfixture."
    ):
        aiohttpretty.assert_called("GET", URI)


async def test_secrets_are_masked():
    """Neither what was expected nor what came shows a secret."""
    await aiohttpretty.fake_request(
        "POST",
        URI + "login?token=t0psecret",
        json={"password": "hunter22"},
        headers={"Authorization": "Bearer abcdefg"},
    )
    wanted = [match.json({"password": "hunter33"}), match.header("Authorization", "Bearer gfedcba")]
    with fails() as caught:
        aiohttpretty.assert_called("POST", URI + "login?token=an0ther", match=wanted)
    for secret in ("t0psecret", "an0ther", "hunter", "abcdefg", "gfedcba"):
        assert secret not in str(caught.value)
    assert "✗ header Authorization  expected ***, got another value" in str(caught.value)


async def test_a_broken_repr_does_not_hide_the_failure():
    """A value of the test's own that can't be printed doesn't get in the way of the report."""

    class Broken:
        __hash__ = None

        def __eq__(self, other):
            return False

        def __repr__(self):
            raise RuntimeError("broken")

    with fails():
        aiohttpretty.assert_called("POST", USERS, match=match.header("X-Key", Broken()))


async def test_what_a_function_raises_reaches_the_test():
    """A mistake in the test's own condition is no failed assertion."""
    with pytest.raises(ZeroDivisionError):
        aiohttpretty.assert_called("POST", USERS, match=lambda call: 1 / 0)


# -- routes


async def test_a_route_counts_its_own_calls():
    """What another route answered does not count, though it may be the nearest."""
    wide = aiohttpretty.register_uri("*", URI + "{any}")
    route = aiohttpretty.register_uri("POST", USERS, match=match.header("X-Key", "9"))
    route.assert_not_called()
    await aiohttpretty.fake_request("POST", USERS, headers={"X-Key": "9"}, data=b"1")
    route.assert_called()
    route.assert_called(times=1, match=match.body(b"1"))
    route.assert_not_called(match=match.body(b"2"))
    wide.assert_not_called()
    with fails() as caught:
        route.assert_called(times=2)
    report = text(caught.value)
    assert report.startswith(
        f"Expected the route POST {USERS} (test_called.py:1) with match.header('X-Key', '9') to be called exactly "
        "twice, and it was called once (expected at test_called.py:1).\n\nIt was called:\n"
    )
    assert "✗ header X-Key  expected '9', got '1'\n" in report
    assert "✗ route         expected the one registered at test_called.py:1\n" in report
    with fails():
        route.assert_not_called()


# -- large bodies


async def test_what_can_not_be_told_is_said():
    """A call whose body was not kept whole is neither a yes nor a no; where it makes no difference, it isn't asked."""
    large = b"x" * 2_000_000
    await aiohttpretty.fake_request("PUT", USERS, data=io.BytesIO(large))
    aiohttpretty.assert_called("PUT", USERS)
    aiohttpretty.assert_called("PUT", USERS, at_most=1, match=match.body(large))
    for ask in (
        lambda: aiohttpretty.assert_called("PUT", USERS, match=match.body(large)),
        lambda: aiohttpretty.assert_not_called("PUT", USERS, match=match.body(large)),
        lambda: aiohttpretty.assert_called("PUT", USERS, at_most=0, match=~match.body(large)),
    ):
        with fails() as caught:
            ask()
        assert "can't be told (expected at" in text(caught.value)
        assert "activate(keep_bodies=True)" in text(caught.value)
    with fails() as caught:
        aiohttpretty.assert_called("PUT", USERS, times=2, match=match.body(large))
    assert "and it was not called" in text(caught.value)


# -- arguments

TYPES = {
    "times beside at_least": (
        {"times": 1, "at_least": 1},
        "times=1 is given beside at_least=1, and says exactly how often. Leave one or the other out.",
    ),
    "times beside both": (
        {"times": 1, "at_least": 1, "at_most": 2},
        "times=1 is given beside at_least=1 and at_most=2, and says exactly how often. Leave one or the other out.",
    ),
    "no number": ({"times": "2"}, "times='2' is not a number of calls. Give an int from 0 on."),
    "a bool": ({"at_least": True}, "at_least=True is not a number of calls. Give an int from 0 on."),
    "a word of has_call": (
        {"headers": {"X": "1"}},
        "assert_called has no option 'headers'. Write it as match=match.headers(...). The options are: params, "
        "check_params, match, times, at_least, at_most.",
    ),
    "a word of others": (
        {"call_count": 1},
        "assert_called has no option 'call_count'. Did you mean 'times'? The options are: params, check_params, match, "
        "times, at_least, at_most.",
    ),
    "a slip": (
        {"atleast": 1},
        "assert_called has no option 'atleast'. Did you mean 'at_least'? The options are: params, check_params, match, "
        "times, at_least, at_most.",
    ),
    "no matcher": (
        {"match": {"a": 1}},
        "match={'a': 1} is not a matcher. Write match.json({…}), match.json_contains({…}) or match.form({…}), or give "
        "a function of the request.",
    ),
}
VALUES = {
    "negative": ({"at_most": -1}, "at_most=-1 is not a number of calls. Give an int from 0 on."),
    "the wrong way round": (
        {"at_least": 2, "at_most": 1},
        "at_least=2 is more than at_most=1, so no number of calls would do. Swap them.",
    ),
}


@pytest.mark.parametrize(("words", "message"), TYPES.values(), ids=TYPES)
async def test_wrong_types(words, message):
    """What can't be meant is refused as a TypeError, never taken for a failed assertion."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.assert_called("POST", USERS, **words)
    assert str(caught.value) == message


@pytest.mark.parametrize(("words", "message"), VALUES.values(), ids=VALUES)
async def test_wrong_values(words, message):
    """A number that is none of calls is refused as a ValueError."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.assert_called("POST", USERS, **words)
    assert str(caught.value) == message


async def test_how_often_is_no_word_of_not_called():
    """assert_not_called says how often by itself."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.assert_not_called("POST", USERS, times=1)
    assert str(caught.value) == (
        "assert_not_called has no option 'times'. The options are: params, check_params, match."
    )


@pytest.mark.parametrize("which", [(b"GET", URI), ("GET", "/users"), ("G T", URI)])
async def test_no_call_can_be_meant(which):
    """A method or an address that no request has is refused, so that assert_not_called can't pass by a slip."""
    with pytest.raises((OptionTypeError, OptionValueError)):
        aiohttpretty.assert_not_called(*which)


# -- in test frameworks


async def test_it_is_an_assertion_error():
    """pytest and unittest count it as a failure; its frames are hidden from pytest's traceback."""
    with pytest.raises(AssertionError) as caught:
        aiohttpretty.assert_called("PUT", USERS)
    assert isinstance(caught.value, aiohttpretty.AiohttprettyError)
    assert [entry.name for entry in caught.traceback.filter(caught)] == ["test_it_is_an_assertion_error"]

    class Case(unittest.TestCase):
        def test(self):
            aiohttpretty.assert_called("PUT", USERS)

    result = unittest.TestResult()
    Case("test").run(result)
    assert (len(result.failures), len(result.errors)) == (1, 0)


async def test_a_registry_of_ones_own():
    """A registry looks at its own calls."""
    own = aiohttpretty.AioHTTPretty()
    own.register_uri("GET", URI)
    own.assert_not_called("POST", USERS)
    with own.activate():
        async with aiohttp.ClientSession() as session:
            await session.get(URI)
    own.assert_called("GET", URI, times=1)
    aiohttpretty.assert_not_called("GET", URI)


async def test_an_error_can_be_pickled():
    """Another process can get its report."""
    with pytest.raises(VerificationError) as caught:
        aiohttpretty.assert_called("PUT", USERS)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


class Silent(match.Matcher):
    """A condition of somebody's own, which can't even be printed."""

    def why_not(self, request):
        return "it never fits"

    def __repr__(self):
        raise RuntimeError


async def test_a_condition_that_can_not_be_printed():
    """Such a one refuses as any other, and gets in nobody's way."""
    with fails() as caught:
        aiohttpretty.assert_called("GET", USERS, params={"a": 1}, match=Silent())
    assert text(caught.value).startswith(f"Expected GET {USERS}?a=1 with a matcher to be called at least once, and it ")
    assert "\n   ✗ match   it never fits\n" in str(caught.value)
