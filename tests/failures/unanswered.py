"""What is said of a request that gets no answer."""

# ruff: noqa: E501 - a failure is written as it prints
from .kinds import Kind

KINDS = [
    Kind(
        "Nothing is registered",
        "When there is no route at all. Register the request before it is made; the last line is ready to paste.",
        """
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: nothing is registered by now. Register it before the request is made.

Asked:
  request  GET http://example.com/users
  by       test_it.py:1

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "The nearest three",
        "Of many routes, those that come nearest are shown, the nearest first, each condition with what was expected "
        "and what came. The cause stands above all that.",
        """
aiohttpretty.register_uri("GET", "https://other.example:8443/users")
aiohttpretty.register_uri("GET", "http://example.com/zebra")
aiohttpretty.register_uri("GET", "http://example.com/user", params={"page": 1})
aiohttpretty.register_uri("POST", "http://example.com/users", params={"page": 1})
aiohttpretty.register_uri("GET", "http://example.com/users", params=[("page", 2), ("page", 3)])
await session.get("http://example.com/users", params={"page": 1})
""",
        """
No URLs matching GET http://example.com/users with params {'page': '1'}. Not making request. Go fix your test.

Cause: only the method differs: POST is registered, GET was asked for.

Asked:
  request  GET http://example.com/users?page=1
  by       test_it.py:6

The nearest of 5 routes:

1. POST http://example.com/users?page=1
   registered at test_it.py:4
   ✗ method  expected POST, got GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  page=1

2. GET http://example.com/users?page=2&page=3
   registered at test_it.py:5
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✗ params  page: expected ['2', '3'], got '1'

3. GET http://example.com/user?page=1
   registered at test_it.py:3
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /user, got /users
   ✓ params  page=1

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/users?page=1', body=b'...')
""",
    ),
    Kind(
        "One difference",
        "When the nearest route refuses for one reason only, the cause says which, and what is easily overlooked.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users/")
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: only a trailing slash makes the difference: /users/ is registered, /users was asked for.

Asked:
  request  GET http://example.com/users
  by       test_it.py:2

The only route:

1. GET http://example.com/users/
   registered at test_it.py:1
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /users/, got /users
   ✓ params  none

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Another host",
        "When nothing is registered for the host.",
        """
aiohttpretty.register_uri("POST", "http://files.example.org/upload")
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: no route is registered for the host example.com.

Asked:
  request  GET http://example.com/users
  by       test_it.py:2

The only route:

1. POST http://files.example.org/upload
   registered at test_it.py:1
   ✗ method  expected POST, got GET
   ✓ scheme  http
   ✗ host    expected files.example.org, got example.com
   ✗ path    expected /upload, got /users
   ✓ params  none

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Several differences",
        "When the nearest route refuses for more reasons than one.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users", params={"page": 1})
await session.post("http://example.com/users", params={"page": "2"})
""",
        """
No URLs matching POST http://example.com/users with params {'page': '2'}. Not making request. Go fix your test.

Cause: the nearest route (test_it.py:1) differs in method and params: method: expected GET, got
       POST; params: page: expected '1', got '2'.

Asked:
  request  POST http://example.com/users?page=2
  by       test_it.py:2

The only route:

1. GET http://example.com/users?page=1
   registered at test_it.py:1
   ✗ method  expected GET, got POST
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✗ params  page: expected '1', got '2'

If the request is right, register it:
  aiohttpretty.register_uri('POST', 'http://example.com/users?page=2', body=b'...')
""",
    ),
    Kind(
        "A template and a pattern",
        "They say in their own terms why they do not fit.",
        r"""
import re
aiohttpretty.register_uri("*", "http://example.com/{section}/{id}", check_params=False)
aiohttpretty.register_uri("GET", re.compile(r"https://example\.com/login"))
await session.get("http://example.com/login?next=/users")
""",
        r"""
No URLs matching GET http://example.com/login?next=/users with params {'next': '/users'}. Not making request. Go fix your test.

Cause: only the path differs: /{section}/{id} is registered, /login was asked for.

Asked:
  request  GET http://example.com/login?next=/users
  by       test_it.py:4

The 2 routes, the nearest first:

1. * http://example.com/{section}/{id}
   registered at test_it.py:2
   ✓ method  any
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /{section}/{id}, got /login

2. GET https://example\.com/login
   registered at test_it.py:3
   ✓ method   GET
   ✗ pattern  expected a match of 'https://example\\.com/login'
              got http://example.com/login?next=/users

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/login?next=/users', body=b'...')
""",
    ),
    Kind(
        "The JSON body differs",
        "Of a body, only the places that differ are shown, and what is the matter with the type; no secret is.",
        """
aiohttpretty.register_uri(
    "POST",
    "http://example.com/orders",
    match=match.json({"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 3}], "password": "hunter2"})
    & match.header("X-Key", "1"),
)
order = {"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": "3"}], "password": "letmein"}
await session.post(
    "http://example.com/orders", json=order, headers={"X-Key": "1", "Authorization": "Bearer abcdefgh"}
)
""",
        """
No URLs matching POST http://example.com/orders with params {}. Not making request. Go fix your test.

Cause: only the JSON body differs: $.items[1].qty: expected 3, got "3"; $.password: expected ***,
       got another value. The type differs: int is expected, str came.

Asked:
  request         POST http://example.com/orders
  by              test_it.py:8
  X-Key:          1
  Authorization:  Bearer ***
  Content-Type:   application/json
  body            {"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": "3"}], "password": "***"}

The only route:

1. POST http://example.com/orders
   registered at test_it.py:1
   ✓ method        POST
   ✓ scheme        http
   ✓ host          example.com
   ✓ path          /orders
   ✓ params        none
   ✗ json          $.items[1].qty: expected 3, got "3"
                   $.password: expected ***, got another value
   ✓ header X-Key  match.header('X-Key', '1')

If the request is right, register it:
  aiohttpretty.register_uri(
      'POST',
      'http://example.com/orders',
      match=aiohttpretty.match.json({'items': [{'sku': 'a', 'qty': 1}, {'sku': 'b', 'qty': '3'}],
          'password': str}),
      body=b'...',
  )
""",
    ),
    Kind(
        "A header is missing",
        "When a header that the route asks for did not come.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users", match=match.header("X-Tenant", "blue"))
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: only the header X-Tenant is missing: expected 'blue'.

Asked:
  request  GET http://example.com/users
  by       test_it.py:2

The only route:

1. GET http://example.com/users
   registered at test_it.py:1
   ✓ method           GET
   ✓ scheme           http
   ✓ host             example.com
   ✓ path             /users
   ✓ params           none
   ✗ header X-Tenant  expected 'blue', got nothing

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "The body was sent in another way",
        "When the route expects JSON and a form came, or the other way round.",
        """
aiohttpretty.register_uri("POST", "http://example.com/users", match=match.json({"name": "Ann"}))
await session.post("http://example.com/users", data={"name": "Ann"})
""",
        """
No URLs matching POST http://example.com/users with params {}. Not making request. Go fix your test.

Cause: the body was sent as a form, and the route expects JSON (json=).

Asked:
  request        POST http://example.com/users
  by             test_it.py:2
  Content-Type:  application/x-www-form-urlencoded
  body           name=Ann

The only route:

1. POST http://example.com/users
   registered at test_it.py:1
   ✓ method  POST
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none
   ✗ json    the body is not JSON (Expecting value: line 1 column 1 (char 0))

If the request is right, register it:
  aiohttpretty.register_uri('POST', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Used up: `responses`",
        "When all of `responses=[...]` have been used (`ResponsesExhausted`). It says who asked before.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users", responses=[{"status": 500}, {"body": b"ok"}])
for _ in range(3):
    await session.get("http://example.com/users")
""",
        """
No response is left for GET http://example.com/users: all 2 of its responses have been used (registered at test_it.py:1). Add one to its responses=[...] for each further request, or give exhausted='repeat' or 'cycle'; or find out why the code asks more often than you expect.

Asked:
  request  GET http://example.com/users
  by       test_it.py:3

The route:

1. GET http://example.com/users
   registered at test_it.py:1; used up: it has answered 2 of 2
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none

It answered:
  GET 500  test_it.py:3
  GET 200  test_it.py:3
""",
    ),
    Kind(
        "Used up: `times`",
        "When a route with `times=` has answered that many requests.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users", times=1)
for _ in range(2):
    await session.get("http://example.com/users")
""",
        """
No response is left for GET http://example.com/users: it was to answer one request (times=1), and has (registered at test_it.py:1). Give a greater times=, or none for any number of requests; or find out why the code asks more often than you expect.

Asked:
  request  GET http://example.com/users
  by       test_it.py:3

The route:

1. GET http://example.com/users
   registered at test_it.py:1; used up: it has answered 1 of 1
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none

It answered:
  GET 200  test_it.py:3
""",
    ),
    Kind(
        "A body that can be read only once",
        "When a stream was registered as the body, and a second request comes for it (`BodyConsumedError`).",
        """
async def pieces():
    yield b"ok"

aiohttpretty.register_uri("GET", "http://example.com/users", body=pieces())
for _ in range(2):
    async with session.get("http://example.com/users") as response:
        await response.read()
""",
        """
The body for GET http://example.com/users can be read only once, and has been read by an earlier request. It was registered at test_it.py:4. Register the body as bytes, or a fresh stream for each request in responses=[...].

Asked:
  request  GET http://example.com/users
  by       test_it.py:6

The route:

1. GET http://example.com/users
   registered at test_it.py:4; it has answered 1 request
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none

It answered:
  GET 200  test_it.py:6
""",
    ),
    Kind(
        "Registered further down",
        "When the registration stands in the same function, behind the request. Move it up.",
        """
await session.get("http://example.com/users")
aiohttpretty.register_uri("GET", "http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: it is registered only further down, at test_it.py:2: after the request. Register it before.

Asked:
  request  GET http://example.com/users
  by       test_it.py:1

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Registered too late",
        "When such a request had failed by the time its route was registered, in a task for instance.",
        """
import asyncio
task = asyncio.ensure_future(session.get("http://example.com/users"))
await asyncio.wait([task])
aiohttpretty.register_uri("GET", "http://example.com/users")
await task
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: it was registered only afterwards, at test_it.py:4. Register it before the request is made.

Asked:
  request  GET http://example.com/users
  by       test_it.py:3

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Removed",
        "When the route for it was there, and has been removed.",
        """
route = aiohttpretty.register_uri("GET", "http://example.com/users")
await session.get("http://example.com/users")
route.remove()
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: the route for it (test_it.py:1) has been removed since, by remove(). It had answered one
       request.

Asked:
  request  GET http://example.com/users
  by       test_it.py:4

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Cleared",
        "When `clear()` took the route away: the test's own, that of the marker or that of a project's conftest.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users")
aiohttpretty.clear()
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: the route for it (test_it.py:1) has been cleared since, by clear(), or by the marker or the
       fixture at the beginning of a test.

Asked:
  request  GET http://example.com/users
  by       test_it.py:3

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "Another registry",
        "When the route for it is in a registry that is not active.",
        """
own = aiohttpretty.AioHTTPretty()
own.register_uri("GET", "http://example.com/users")
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: the route for it (test_it.py:2) is in another registry, which is not active. Activate that
       one, too: with the_other.activate(): ...

Asked:
  request  GET http://example.com/users
  by       test_it.py:3

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "A bundle that is not included",
        "When a bundle has such a path, and nobody has included the bundle.",
        """
bundle = aiohttpretty.AioHTTPretty()
bundle.register_uri("GET", "/users")
await session.get("http://example.com/v1/users")
""",
        """
No URLs matching GET http://example.com/v1/users with params {}. Not making request. Go fix your test.

Cause: '/users' is registered at test_it.py:2, in a bundle that is not included. Write
       aiohttpretty.include(the_bundle, base='https://...').

Asked:
  request  GET http://example.com/v1/users
  by       test_it.py:3

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://example.com/v1/users', body=b'...')
""",
    ),
    Kind(
        "A hop of a redirect",
        "When aiohttp followed a redirect, and nothing is registered for where it leads.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users", status=302, location="/login")
await session.get("http://example.com/users")
""",
        """
No URLs matching GET http://example.com/login with params {}. Not making request. Go fix your test.

Cause: this is a hop of a redirect. GET http://example.com/users was answered with 302, by the route
       at test_it.py:1, and aiohttp followed its Location. Register this address too, or ask with
       allow_redirects=False.
Also: only the path differs: /users is registered, /login was asked for.

Asked:
  request  GET http://example.com/login
  by       test_it.py:2

The only route:

1. GET http://example.com/users
   registered at test_it.py:1; it has answered 1 request
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /users, got /login
   ✓ params  none

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/login', body=b'...')
""",
    ),
    Kind(
        "The session's `base_url`",
        "When the address that was asked for was joined to the session's `base_url`, and came out otherwise.",
        """
aiohttpretty.register_uri("GET", "http://example.com/v1/users")
async with aiohttp.ClientSession("http://example.com/") as based:
    await based.get("/users")
""",
        """
No URLs matching GET http://example.com/users with params {}. Not making request. Go fix your test.

Cause: '/users' was joined to the session's base_url, which gave http://example.com/users: a leading
       slash begins at the root of the host, so the path of the base_url is dropped.
Also: only the path differs: /v1/users is registered, /users was asked for.

Asked:
  request  GET http://example.com/users
  by       test_it.py:3

The only route:

1. GET http://example.com/v1/users
   registered at test_it.py:1
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /v1/users, got /users
   ✓ params  none

If the request is right, register it:
  aiohttpretty.register_uri('GET', 'http://example.com/users', body=b'...')
""",
    ),
    Kind(
        "A server of this process",
        "When the address is that of a server that the same process runs. (Those of `aiohttp.test_utils` are let through "
        "by themselves.)",
        """
import asyncio
server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
async with server:
    await session.get("http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1])
""",
        """
No URLs matching GET http://127.0.0.1:50000/ with params {}. Not making request. Go fix your test.

Cause: 127.0.0.1:50000 is a server of this process, and a mock that is active stands before it, too.
       To let requests through to it, write aiohttpretty.passthrough('127.0.0.1:50000'). Or register
       the address.

Asked:
  request  GET http://127.0.0.1:50000/
  by       test_it.py:4

Register it before the request is made:
  aiohttpretty.register_uri('GET', 'http://127.0.0.1:50000/', body=b'...')
""",
    ),
]
