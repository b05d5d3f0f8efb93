"""Whole reports, as they print."""

import io
import re

import aiohttp
import pytest
from _pytest._io import TerminalWriter

import aiohttpretty
from aiohttpretty import match
from aiohttpretty.diagnosis.layout import coloured

from .failing import failure, told

HERE = "tests/diagnosis/test_golden.py:N"
URI = "http://example.com/users"


@pytest.fixture(autouse=True)
def active():
    with aiohttpretty.activate():
        yield


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


async def test_nothing_is_registered(session):
    """With nothing on offer, the report says so and what to write."""
    error = await failure(session.get("http://example.com"))
    assert (
        told(error)
        == """\
No URLs matching GET http://example.com with params {}. Not making request. Go fix your test.

Cause: nothing is registered by now. Register it before the request is made.

Asked:
  request  GET http://example.com
  by       tests/diagnosis/failing.py:N

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com', body=b'...')"""
    )


async def test_the_nearest_three(session):
    """Each of the nearest is shown with what fits and what differs; a wrong host is further away than all the rest."""
    aiohttpretty.register_uri("GET", "https://other.example:8443/users")
    aiohttpretty.register_uri("GET", "http://example.com/zebra")
    aiohttpretty.register_uri("GET", "http://example.com/user", params={"page": 1})
    aiohttpretty.register_uri("POST", URI, params={"page": 1})
    aiohttpretty.register_uri("GET", URI, params=[("page", 2), ("page", 3)])
    error = await failure(session.get(URI, params={"page": 1}))
    assert (
        told(error)
        == f"""\
No URLs matching GET http://example.com/users with params {{'page': '1'}}. Not making request. Go fix your test.

Cause: only the method differs: POST is registered, GET was asked for.

Asked:
  request  GET http://example.com/users?page=1
  by       tests/diagnosis/failing.py:N

The nearest of 5 routes:

1. POST http://example.com/users?page=1
   registered at {HERE}
   ✗ method  expected POST, got GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  page=1

2. GET http://example.com/users?page=2&page=3
   registered at {HERE}
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✗ params  page: expected ['2', '3'], got '1'

3. GET http://example.com/user?page=1
   registered at {HERE}
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /user, got /users
   ✓ params  page=1

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/users?page=1', body=b'...')"""
    )
    assert [candidate.route.method for candidate in error.candidates] == ["POST", "GET", "GET"]


async def test_conditions(session):
    """Each condition is a row, of a JSON body only what differs is shown, and the cause is named; no secret is."""
    aiohttpretty.register_uri(
        "POST",
        URI,
        match=match.json({"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 3}], "password": "hunter2"})
        & match.header("X-Key", "1"),
    )
    error = await failure(
        session.post(
            URI,
            json={"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": "3"}], "password": "letmein"},
            headers={"X-Key": "1", "Authorization": "Bearer abcdefgh"},
        )
    )
    assert (
        told(error)
        == f"""\
No URLs matching POST http://example.com/users with params {{}}. Not making request. Go fix your test.

Cause: only the JSON body differs: $.items[1].qty: expected 3, got "3"; $.password: expected ***,
       got another value. The type differs: int is expected, str came.

Asked:
  request         POST http://example.com/users
  by              tests/diagnosis/failing.py:N
  X-Key:          1
  Authorization:  Bearer ***
  Content-Type:   application/json
  body            {{"items": [{{"sku": "a", "qty": 1}}, {{"sku": "b", "qty": "3"}}], "password": "***"}}

The only route:

1. POST http://example.com/users
   registered at {HERE}
   ✓ method        POST
   ✓ scheme        http
   ✓ host          example.com
   ✓ path          /users
   ✓ params        none
   ✗ json          $.items[1].qty: expected 3, got "3"
                   $.password: expected ***, got another value
   ✓ header X-Key  match.header('X-Key', '1')

If the request is right, register it:
  aiohttpretty.register_uri(
      'POST',
      'http://example.com/users',
      match=aiohttpretty.match.json({{'items': \
[{{'sku': 'a', 'qty': 1}}, {{'sku': 'b', 'qty': '3'}}], 'password': str}}),
      body=b'...',
  )"""
    )


async def test_used_up(session):
    """A route that has nothing left to say is shown with who asked it before."""
    aiohttpretty.register_uri("GET", URI, responses=[{"status": 500}, {"body": b"ok"}])
    for _ in range(2):
        await session.get(URI)
    error = await failure(session.get(URI), aiohttpretty.ResponsesExhausted)
    assert (
        told(error)
        == f"""\
No response is left for GET http://example.com/users: all 2 of its responses have been used (registered at \
{HERE}). Add one to its responses=[...] for each further request, or give exhausted='repeat' or 'cycle'; or find out \
why the code asks more often than you expect.

Asked:
  request  GET http://example.com/users
  by       tests/diagnosis/failing.py:N

The route:

1. GET http://example.com/users
   registered at {HERE}; used up: it has answered 2 of 2
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none

It answered:
  GET 500  {HERE}
  GET 200  {HERE}"""
    )


async def test_a_hop_and_kinds_of_addresses(session):
    """A redirect names the route that led here; a template and a pattern say in their own terms why they don't fit."""
    aiohttpretty.register_uri("GET", URI, status=302, location="http://example.com/login?next=/users")
    aiohttpretty.register_uri("*", "http://example.com/{section}/{id}", check_params=False)
    aiohttpretty.register_uri("GET", re.compile(r"https://example\.com/login"))
    error = await failure(session.get(URI))
    assert (
        told(error)
        == f"""\
No URLs matching GET http://example.com/login?next=/users with params {{'next': '/users'}}. Not making request. \
Go fix your test.

Cause: this is a hop of a redirect. GET http://example.com/users was answered with 302, by the route
       at {HERE}, and aiohttp followed its Location. Register this
       address too, or ask with allow_redirects=False.
Also: only the path differs: /{{section}}/{{id}} is registered, /login was asked for.

Asked:
  request  GET http://example.com/login?next=/users
  by       tests/diagnosis/failing.py:N

The 3 routes, the nearest first:

1. * http://example.com/{{section}}/{{id}}
   registered at {HERE}
   ✓ method  any
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /{{section}}/{{id}}, got /login

2. GET http://example.com/users
   registered at {HERE}; it has answered 1 request
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /users, got /login
   ✗ params  next: not expected, got '/users'

3. GET https://example\\.com/login
   registered at {HERE}
   ✓ method   GET
   ✗ pattern  expected a match of 'https://example\\\\.com/login'
              got http://example.com/login?next=/users

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/login?next=/users', body=b'...')"""
    )


async def test_long_values(session):
    """Long values are cut around the difference, and no line is longer than 100 columns."""
    same = "x" * 500
    aiohttpretty.register_uri("POST", URI, match=match.json({"text": same + "one" + same, "list": list(range(200))}))
    error = await failure(session.post(URI, json={"text": same + "two" + same, "list": list(range(199))}))
    assert error.candidates[0].misses[0].difference == (
        "$.text: expected …xxxxxxxxxxxxone" + "x" * 28 + "…, got …xxxxxxxxxxxxtwo" + "x" * 28 + "…\n"
        "$.list: expected 200 items, got 199 items"
    )
    assert max(map(len, str(error).split("\n")[1:])) <= 100


def test_in_colour():
    """Each line gets its colour from pytest's own terminal writer; without colours it is the same text."""
    report = "No URLs matching GET /\n\nCause: none\n\nAsked:\n  request  GET /\n   ✗ host  a\n   ✓ path  b"

    def markup(text, **style):
        return f"<{'+'.join(style)}>{text}"

    assert coloured(report, markup).split("\n") == [
        "<red+bold>No URLs matching GET /",
        "",
        "<yellow+bold>Cause: none",
        "",
        "<bold>Asked:",
        "  request  GET /",
        "<red>   ✗ host  a",
        "<green>   ✓ path  b",
    ]
    assert coloured(report, TerminalWriter(io.StringIO()).markup) == report
