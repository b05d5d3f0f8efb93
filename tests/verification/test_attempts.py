"""aiohttp's silent second attempts are calls; an assertion that they fail says so, and what to write."""

import asyncio

import aiohttp
import pytest
from settling import outcome

import aiohttpretty
from aiohttpretty import faults, match

from .failing import fails, text

URI = "http://example.com/"
LOST = "http://example.com/lost"
FAILED = f"{LOST} -> ServerDisconnectedError"

pytestmark = pytest.mark.aiohttpretty


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(autouse=True)
def _routes():
    """One address that answers, and one that is never reached."""
    aiohttpretty.register_uri("GET", URI, optional=True)
    aiohttpretty.register_uri("*", LOST, fault=faults.disconnect(), optional=True)


async def lost(session, method="GET", **options):
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await session.request(method, LOST, **options)


async def test_one_too_many(session):
    """The report says which call is the second attempt, and of which; what it says to write passes."""
    await session.get(URI)
    await lost(session)
    with fails(
        f"""
Expected GET {LOST} to be called exactly once, and it was called twice (expected at test_attempts.py:1).

It was called:
  GET {FAILED} (call 2 of 3, 0.001 s after the first, asked at test_attempts.py:1)
  GET {FAILED} (call 3 of 3, 0.001 s after the first, asked at test_attempts.py:1)

Call 3 is aiohttp's silent second attempt of call 2: the connection was lost before an answer.
Either count it, too: times=2; or count first attempts only: match=lambda call: call.attempt == 1.
"""
    ):
        aiohttpretty.assert_called("GET", LOST, times=1)
    aiohttpretty.assert_called("GET", LOST, times=2)
    aiohttpretty.assert_called("GET", LOST, times=1, match=lambda call: call.attempt == 1)


async def test_of_a_route(session):
    """So it is for the calls of a route, and for a limit of another kind."""
    route = aiohttpretty.register_uri("GET", LOST, fault=faults.reset())
    assert isinstance(await outcome(session.get(LOST)), aiohttp.ClientOSError)
    with fails() as caught:
        route.assert_called(at_most=1)
    assert text(caught.value).endswith(
        "\n\nCall 2 is aiohttp's silent second attempt of call 1: the connection was lost before an answer.\n"
        "Either count it, too: times=2; or count first attempts only: match=lambda call: call.attempt == 1."
    )
    route.assert_called(times=1, match=lambda call: call.attempt == 1)


async def test_several_too_many(session):
    """Of several second attempts the numbers are told, of many the first ones."""
    for _ in range(2):
        await lost(session)
    with fails() as caught:
        aiohttpretty.assert_called("GET", LOST, times=2)
    assert text(caught.value).endswith(
        "\n\nCalls 2 and 4 are aiohttp's silent second attempts: each time, the connection was lost before an\nanswer. "
        "Either count them, too: times=4; or count first attempts only: match=lambda call:\ncall.attempt == 1."
    )
    for _ in range(5):
        await lost(session)
    with fails() as caught:
        aiohttpretty.assert_called("GET", LOST, times=7)
    assert "\n\nCalls 2, 4, 6, 8, 10 and 2 more are aiohttp's silent second attempts: each time, " in text(caught.value)


async def test_side_by_side(session):
    """Which of two equal requests is repeated can't be told, and is not."""
    await asyncio.gather(*(lost(session, headers={"X-A": which}) for which in "12"))
    assert [call.attempt for call in aiohttpretty.calls] == [1, 1, 2, 2]
    mine = match.header("X-A", "1")
    with fails() as caught:
        aiohttpretty.assert_called("GET", LOST, times=1, match=mine)
    number = next(
        number
        for number, call in enumerate(aiohttpretty.calls, 1)
        if call.attempt == 2 and call.request_headers["X-A"] == "1"
    )
    assert text(caught.value).endswith(
        f"\n\nCall {number} is aiohttp's silent second attempt: the connection was lost before an answer. Either "
        "count\nit, too: times=2; or count first attempts only: match=lambda call: call.attempt == 1."
    )


@pytest.mark.parametrize(
    "words", [{"times": 3}, {"at_least": 3}, {"times": 0}, {"times": 1, "match": match.header("X-A", "1")}]
)
async def test_where_it_is_not_the_reason(words, session):
    """Of calls that are too few, or that were not to be made at all, nothing is said of attempts."""
    await lost(session)
    with fails() as caught:
        aiohttpretty.assert_called("GET", LOST, **words)
    assert "attempt" not in text(caught.value).replace("test_attempts.py", "")


async def test_what_aiohttp_does_not_repeat(session):
    """Two requests of the test's own are two."""
    for _ in range(2):
        await lost(session, "POST")
    with fails() as caught:
        aiohttpretty.assert_called("POST", LOST, times=1)
    assert "attempt" not in text(caught.value).replace("test_attempts.py", "")


async def test_in_a_list(session):
    """A second attempt that is not in a list of calls is told as what it is; what is said to write passes."""
    await lost(session)
    await session.get(URI)
    with fails(
        f"""
Expected 2 calls in this order and no others, and there were 3:

  ✓ 1. GET {FAILED} (call 1 of 3, asked at test_attempts.py:1)
  ✗ not expected: GET {FAILED} (call 2 of 3, 0.001 s after the first, asked at test_attempts.py:1)
  ✓ 2. GET {URI} -> 200 (call 3 of 3, 0.001 s after the first, asked at test_attempts.py:1)

Call 2 is aiohttp's silent second attempt of call 1: the connection was lost before an answer.
Either list each attempt, or let others come between: in_order=True.
"""
    ):
        aiohttpretty.assert_calls([("GET", LOST), ("GET", URI)])
    aiohttpretty.assert_calls([("GET", LOST), ("GET", LOST), ("GET", URI)])
    aiohttpretty.assert_calls([("GET", LOST), ("GET", URI)], in_order=True)


async def test_in_a_list_that_knows_it(session):
    """Where the second attempt is listed, and something else is wrong, nothing is said of it."""
    await lost(session)
    with fails() as caught:
        aiohttpretty.assert_calls([("GET", LOST), ("GET", LOST), ("GET", URI)])
    assert "attempt" not in text(caught.value).replace("test_attempts.py", "")
