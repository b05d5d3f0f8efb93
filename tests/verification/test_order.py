"""Which calls came by in which order, and whether all that is registered was used."""

import io

import pytest

import aiohttpretty
from aiohttpretty import OptionTypeError, OptionValueError, match

from .failing import fails, text

URI = "http://example.com/"
LOGIN, ME, LOGOUT = URI + "login", URI + "me", URI + "logout"


@pytest.fixture(autouse=True)
async def _calls():
    """A login, two requests, a logout."""
    aiohttpretty.register_uri("*", URI + "{rest:.*}", check_params=False, optional=True)
    for method, uri, words in [
        ("POST", LOGIN, {"json": {"name": "x"}}),
        ("GET", ME, {"params": {"p": 1}}),
        ("GET", ME, {"params": {"p": 2}}),
        ("POST", LOGOUT, {}),
    ]:
        await aiohttpretty.fake_request(method, uri, **words)


ALL = [
    ("post", LOGIN),
    {"method": "GET", "uri": ME, "params": {"p": 1}},
    {"method": "*", "uri": URI + "{name}", "check_params": False},
    {"method": "POST", "uri": LOGOUT, "match": match.body(b"")},
]


async def test_just_these():
    """They pass as pairs and as dicts, with the words of registering, in a list or whatever can be gone through."""
    aiohttpretty.assert_calls(ALL)
    aiohttpretty.assert_calls(iter(ALL))


@pytest.mark.parametrize("part", [[], ALL[:1], ALL[1:], ALL[::3], ALL, [("GET", ME + "?p=1"), ("GET", ME + "?p=2")]])
async def test_in_order(part):
    """With in_order=True, others may come before, between and behind them."""
    aiohttpretty.assert_calls(part, in_order=True)


@pytest.mark.parametrize("part", [[], ALL[:3], ALL[1:], [*ALL, ALL[-1]], [ALL[0], ALL[2], ALL[1], ALL[3]]])
async def test_not_just_these(part):
    """Without it, one that is missing, one too many or another order fails."""
    with fails():
        aiohttpretty.assert_calls(part)


async def test_the_first_is_missing():
    """What came is put beside what fits it; what has nothing beside it was not called."""
    with fails() as caught:
        aiohttpretty.assert_calls([("PUT", URI), *ALL])
    rows = text(caught.value).split("\n\n")[1].splitlines()
    assert [row.partition(" ->")[0] for row in rows if not row.startswith("     ")] == [
        "  ✗ 1. PUT http://example.com/: not called",
        "  ✓ 2. POST http://example.com/login",
        "  ✓ 3. GET http://example.com/me?p=1",
        "  ✓ 4. GET http://example.com/me?p=2",
        "  ✓ 5. POST http://example.com/logout",
    ]


@pytest.mark.parametrize("part", [ALL[::-1], [ALL[3], ALL[0]], [ALL[0], ALL[0]], [("PUT", ME)]])
async def test_not_in_order(part):
    """With it, another order fails, and one call doesn't stand for two."""
    with fails():
        aiohttpretty.assert_calls(part, in_order=True)


async def test_no_calls():
    """An empty list says that there were none."""
    aiohttpretty.clear()
    aiohttpretty.assert_calls([])


async def test_what_was_expected_beside_what_came():
    """The report has both in order: what fits, what came in whose place and why that doesn't fit, what is missing."""
    with fails(
        """
Expected 4 calls in this order and no others, and there were 4:

  ✓ 1. POST http://example.com/login -> 200 (call 1 of 4, asked at test_order.py:1)
  ✗ 2. GET http://example.com/me?p=3
       came: GET http://example.com/me?p=1 -> 200 (call 2 of 4, 0.001 s after the first, asked at test_order.py:1)
       ✗ params  p: expected '3', got '1'
  ✗ not expected: GET http://example.com/me?p=2 -> 200 (call 3 of 4, 0.001 s after the first, asked at test_order.py:1)
  ✓ 3. POST http://example.com/logout -> 200 (call 4 of 4, 0.001 s after the first, asked at test_order.py:1)
  ✗ 4. GET http://example.com/: not called
"""
    ) as caught:
        aiohttpretty.assert_calls([("POST", LOGIN), ("GET", ME + "?p=3"), ("POST", LOGOUT), ("GET", URI)])
    assert [near.call for near in caught.value.nearest] == [aiohttpretty.calls[1]]


async def test_how_far_the_order_was_kept():
    """In order: how far they came, the one that is missing, and the calls that are nearest to that."""
    with fails() as caught:
        aiohttpretty.assert_calls([("POST", LOGIN), ("POST", LOGOUT), ("GET", ME + "?p=2")], in_order=True)
    assert text(caught.value).startswith(
        """Expected 3 calls in this order, be there others or not, and there were 4:

  ✓ 1. POST http://example.com/login -> 200 (call 1 of 4, asked at test_order.py:1)
  ✓ 2. POST http://example.com/logout -> 200 (call 4 of 4, 0.001 s after the first, asked at test_order.py:1)
  ✗ 3. GET http://example.com/me?p=2: not called after that

Nearest to number 3:

1. GET http://example.com/me?p=2 -> 200 (call 3 of 4, 0.001 s after the first, asked at test_order.py:1)
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /me
   ✓ params  p=2
   ✗ order   it came before the one that is number 2
"""
    )


async def test_unmatched_requests_are_no_calls():
    """They are not in the order, but in the report."""
    with pytest.raises(aiohttpretty.NoMatchError):
        await aiohttpretty.fake_request("GET", "http://other.com/")
    aiohttpretty.assert_calls(ALL)
    with fails() as caught:
        aiohttpretty.assert_calls([])
    assert text(caught.value).endswith(
        "Not answered, and so no call:\n  GET http://other.com/ -> not answered (asked at test_order.py:1)"
    )


async def test_many_calls():
    """Long lists are compared, and shortened where they are told."""
    for number in range(300):
        await aiohttpretty.fake_request("GET", URI, params={"n": number})
    expected = [*ALL, *(("GET", f"{URI}?n={number}") for number in range(300))]
    aiohttpretty.assert_calls(expected)
    with fails() as caught:
        aiohttpretty.assert_calls([*expected[:100], *expected[101:]])
    assert len(text(caught.value).splitlines()) < 40
    with fails() as caught:
        aiohttpretty.assert_calls(expected[4:])
    assert "… " in text(caught.value)


async def test_a_body_that_was_not_kept():
    """What can't be told fails, and says so, where it makes a difference."""
    await aiohttpretty.fake_request("PUT", ME, data=io.BytesIO(b"x" * 2_000_000))
    aiohttpretty.assert_calls([*ALL, ("PUT", ME)])
    wanted = {"method": "PUT", "uri": ME, "match": match.body(b"x")}
    for words in ({}, {"in_order": True}):
        with fails() as caught:
            aiohttpretty.assert_calls([*ALL, wanted], **words)
        assert f"Whether PUT {ME} with match.body(b'x') was called can't be told" in text(caught.value)


REFUSED = {
    "no list": (
        "GET",
        "assert_calls: 'GET' is not a list. Give the calls as one, such as [('GET', 'http://example.com/')].",
    ),
    "one pair": (
        ("GET", URI),
        "assert_calls: item 0 is 'GET'. Give a pair, such as ('GET', 'http://example.com/'), or a dict with method and "
        "uri, and params, check_params or match.",
    ),
    "three of a pair": (
        [("GET", URI, 200)],
        "assert_calls: item 0 is ('GET', 'http://example.com/', 200). Give a pair, such as ('GET', "
        "'http://example.com/'), or a dict with method and uri, and params, check_params or match.",
    ),
    "no method": (
        [{"uri": URI}],
        "assert_calls: item 0 has no method: {'uri': 'http://example.com/'}. Give it, or '*' as the method for any.",
    ),
    "no uri": ([{"method": "GET"}], "assert_calls: item 0 has no uri: {'method': 'GET'}. Give an address."),
    "url": (
        [("GET", URI), {"method": "GET", "url": URI}],
        "assert_calls: item 1 has no option 'url'. Did you mean 'uri'? The options are: method, uri, params, "
        "check_params, match.",
    ),
    "times": (
        [{"method": "GET", "uri": URI, "times": 2}],
        "assert_calls: item 0 has no option 'times'. Write the item once for each call. The options are: method, uri, "
        "params, check_params, match.",
    ),
}


@pytest.mark.parametrize(("calls", "message"), REFUSED.values(), ids=REFUSED)
async def test_refused(calls, message):
    """What can't be meant by a list of calls is said, with the number of the item."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.assert_calls(calls)
    assert str(caught.value) == message


async def test_an_item_is_read_as_a_registration():
    """What is wrong with an address is said as register_uri says it."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.assert_calls([("GET", "/users")])
    assert "'/users' has no scheme or no host" in str(caught.value)


# -- all called


async def test_all_called():
    """Every route has to answer, and every item of responses; but not an optional one, and times=N only once."""
    aiohttpretty.assert_all_called()  # that of the fixture is optional
    aiohttpretty.register_uri("GET", URI + "a", times=5)
    aiohttpretty.register_uri("GET", URI + "b", responses=[{}, {"status": 404}])
    aiohttpretty.register_uri("GET", URI + "c", responses=[{}, {}, {}], exhausted="cycle")
    aiohttpretty.register_uri("GET", URI + "d", optional=True)
    for path in "abccc":
        await aiohttpretty.fake_request("GET", URI + path)
    with fails() as caught:
        aiohttpretty.assert_all_called()
    assert text(caught.value) == (
        "Not all that is registered has been used. This has answered nothing:\n\n"
        "  ✗ GET http://example.com/b (test_order.py:1): responses[1]\n\n"
        "Where that is meant to happen, register with optional=True."
    )
    await aiohttpretty.fake_request("GET", URI + "b")
    aiohttpretty.assert_all_called()


async def test_all_called_does_not_depend_on_the_list():
    """A test that has cleared its list of calls has used its routes all the same."""
    aiohttpretty.register_uri("GET", URI + "a")
    await aiohttpretty.fake_request("GET", URI + "a")
    aiohttpretty.calls.clear()
    aiohttpretty.assert_all_called()


async def test_all_called_names_what_was_asked_instead():
    """A route that is left over, and a request that was not answered, often are two sides of one mistake."""
    aiohttpretty.register_uri("GET", "http://other.com/a")
    with pytest.raises(aiohttpretty.NoMatchError):
        await aiohttpretty.fake_request("GET", "http://other.com/A")
    with fails() as caught:
        aiohttpretty.assert_all_called()
    assert text(caught.value).endswith(
        "Not answered, and so no call:\n  GET http://other.com/A -> not answered (asked at test_order.py:1)"
    )


async def test_removed_routes_need_not_be_called():
    """What isn't registered any more is not asked for."""
    aiohttpretty.register_uri("GET", URI + "a").remove()
    aiohttpretty.assert_all_called()


async def test_what_is_wrong_in_a_long_list_is_shown():
    """Of thousands of calls that are right, those beside the one that is wrong are shown, at once."""
    for number in range(2000):
        await aiohttpretty.fake_request("GET", URI, params={"n": number})
    expected = [*ALL, *(("GET", f"{URI}?n={number}") for number in range(2000) if number != 1000)]
    with fails() as caught:
        aiohttpretty.assert_calls(expected)
    assert "\n  ✗ not expected: GET http://example.com/?n=1000 -> 200" in str(caught.value)
    with fails() as caught:
        aiohttpretty.assert_calls([*expected[:1500], ("PUT", URI), *expected[1500:]], in_order=True)
    assert "\n  ✗ 1501. PUT http://example.com/: not called after that\n" in str(caught.value)


async def test_in_order_is_a_bool():
    """A word that is no bool is refused."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.assert_calls(ALL, in_order="yes")
    assert str(caught.value) == (
        "assert_calls: in_order='yes' is not a bool. Give True if others may come before, between and behind the "
        "calls, or leave it out."
    )


async def test_a_refusal_shows_no_secret():
    """What is wrong about an item is said without the secrets in it."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.assert_calls([{"uri": "http://example.com/?token=s3cret"}])
    assert str(caught.value) == (
        "assert_calls: item 0 has no method: {'uri': 'http://example.com/?token=***'}. Give it, or '*' as the method "
        "for any."
    )


async def test_matching_knows_its_words():
    """A word that calls.matching does not have is answered with the one to write."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.calls.matching("GET", ME, headers={})
    assert str(caught.value) == (
        "calls.matching has no option 'headers'. Write it as match=match.headers(...). The options are: params, "
        "check_params, match."
    )
