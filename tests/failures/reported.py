"""What stands in pytest's report."""

# ruff: noqa: E501 - a failure is written as it prints
from .kinds import Kind

KINDS = [
    Kind(
        "The timeline of a failed test",
        "Each failed test that used the mock has a section: its requests in time, those without an answer marked, and "
        "what was not used. `--aiohttpretty-show=never` leaves it out, `=always` shows it of tests that pass, too.",
        """
import aiohttp


async def test_it(aiohttpretty):
    aiohttpretty.register_uri("POST", "http://example.com/token", json={"access_token": "s3cret"})
    aiohttpretty.register_uri("GET", "http://example.com/moved", status=302, location="/items?access_token=s3cret")
    aiohttpretty.register_uri("GET", "http://example.com/items?access_token=s3cret", responses=[{"status": 503}, {}])
    aiohttpretty.register_uri("GET", "http://example.com/slow", error=TimeoutError("too slow"))
    aiohttpretty.register_uri("GET", "http://example.com/spare")
    async with aiohttp.ClientSession() as session:
        await session.post("http://example.com/token")
        await session.get("http://example.com/moved")
        try:
            await session.get("http://example.com/slow")
        except TimeoutError:
            pass
        try:
            await session.get("http://example.com/other")
        except aiohttpretty.NoMatchError:
            pass
    raise SystemError("something else")
""",
        """
--------------------------------- aiohttpretty ---------------------------------
5 requests, 1 without an answer:
    0.000s  POST http://example.com/token -> 200, by test_it.py:5
    0.000s  GET http://example.com/moved -> 302, by test_it.py:6
    0.000s  GET http://example.com/items?access_token=*** (redirected) -> 503, by test_it.py:7
    0.000s  GET http://example.com/slow -> TimeoutError: too slow, by test_it.py:8
✗   0.000s  GET http://example.com/other -> no route answers this, asked at test_it.py:18
Not used:
  GET http://example.com/items?access_token=*** (test_it.py:7): responses[1]
  GET http://example.com/spare (test_it.py:9)
""",
    ),
    Kind(
        "A request without an answer, that nobody noticed",
        "When the code under test has swallowed the error, the test fails at its end. Register the request; or, if the "
        "test means it to happen, `aiohttpretty.unmatched.clear()`.",
        """
import aiohttp
import pytest


async def fetch(url):
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.text()
    except Exception:
        return None


@pytest.mark.aiohttpretty
async def test_it():
    assert await fetch("http://example.com/users") is None
""",
        """
_________________________ ERROR at teardown of test_it _________________________
A request was not answered, and the error did not reach the test:

No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: nothing is registered by now. Register it before the request is made.

Asked:
  request  GET http://example.com/users
  by       test_it.py:7

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')

If the test means this to happen, let it say so: aiohttpretty.unmatched.clear().
--------------------------------- aiohttpretty ---------------------------------
1 request, 1 without an answer:
✗   0.000s  GET http://example.com/users -> no route answers this, asked at test_it.py:7
""",
    ),
    Kind(
        "Routes that were not used",
        "With the setting `assert_all_called`, a test that passed fails at its end. Take the route out, or register it "
        "with `optional=True`.",
        """
import aiohttp
import aiohttpretty
import pytest


@pytest.mark.aiohttpretty(assert_all_called=True)
async def test_it():
    aiohttpretty.register_uri("GET", "http://example.com/users", responses=[{"status": 500}, {"body": "ok"}])
    aiohttpretty.register_uri("GET", "http://example.com/orders")
    async with aiohttp.ClientSession() as session:
        await session.get("http://example.com/users")
""",
        """
_________________________ ERROR at teardown of test_it _________________________
Not all that is registered has been used. This has answered nothing:

  ✗ GET http://example.com/users (test_it.py:8): responses[1]
  ✗ GET http://example.com/orders (test_it.py:9)

Where that is meant to happen, register with optional=True.
--------------------------------- aiohttpretty ---------------------------------
1 request:
    0.000s  GET http://example.com/users -> 500, by test_it.py:8
""",
    ),
    Kind(
        "`assert has_call(...)`",
        "When such an assertion fails, the section says what differs in the nearest calls. If it was to be false, it "
        "says which call it was.",
        """
import aiohttp


async def test_it(aiohttpretty):
    aiohttpretty.register_uri("POST", "http://example.com/items")
    async with aiohttp.ClientSession() as session:
        await session.post("http://example.com/items", json={"qty": "2"}, headers={"Authorization": "s3cret"})
    assert aiohttpretty.has_call("http://example.com/items", method="POST", json={"qty": 2})
""",
        """
--------------------------------- aiohttpretty ---------------------------------
has_call('http://example.com/items', method='POST', json={'qty': 2}) is False. The only call:
1. POST http://example.com/items, asked at test_it.py:7
   ✓ method
   ✓ scheme
   ✓ host
   ✓ path
   ✓ params
   ✗ json    json['qty']: expected 2, got '2'

1 request:
    0.000s  POST http://example.com/items -> 200, by test_it.py:5
""",
    ),
    Kind(
        "Comparing a call with a mapping",
        "A call reads as what the caller passed. Of the items, only those that differ are told, and where.",
        """
import aiohttp


async def test_it(aiohttpretty):
    aiohttpretty.register_uri("POST", "http://example.com/items")
    async with aiohttp.ClientSession() as session:
        await session.post("http://example.com/items", json={"items": [{"qty": 1}, {"qty": "3"}]})
    assert aiohttpretty.calls[0] == {
        "method": "POST",
        "uri": "http://example.com/items",
        "json": {"items": [{"qty": 1}, {"qty": 3}]},
    }
""",
        """
E       AssertionError: assert POST call == expected
E         The call, asked at test_it.py:7, differs; 2 of 4 items are equal.
E         json['items'][1]['qty']: expected 3, got '3'
E         data: not expected, got None
--------------------------------- aiohttpretty ---------------------------------
1 request:
    0.000s  POST http://example.com/items -> 200, by test_it.py:5
""",
    ),
    Kind(
        "A setting that does not exist",
        "The test is not run.",
        """
import pytest


@pytest.mark.aiohttpretty(assert_all_requests_are_fired=True)
async def test_it():
    pass
""",
        """
__________________________ ERROR at setup of test_it ___________________________
@pytest.mark.aiohttpretty has no option 'assert_all_requests_are_fired'. Did you mean 'assert_all_called'? The options are: assert_all_called, keep_bodies, passthrough, time.
""",
    ),
]
