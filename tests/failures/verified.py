"""What is said of calls that are not those that a test expected."""

from .kinds import Kind

KINDS = [
    Kind(
        "Not called",
        "When no call fits: the nearest ones, and what is against each.",
        """
aiohttpretty.register_uri("POST", "http://example.com/users", status=201)
aiohttpretty.register_uri("GET", "http://example.com/users", params={"page": 1})
await session.post("http://example.com/users", json={"name": "Ann", "age": "41"})
await session.get("http://example.com/users", params={"page": 1})
aiohttpretty.assert_called("POST", "http://example.com/users", match=match.json({"name": "Ann", "age": 41}))
""",
        """
Expected POST http://example.com/users with match.json({'name': 'Ann', 'age': 41}) to be called at
least once, and it was not called (expected at test_it.py:5).

Nearest:

1. POST http://example.com/users -> 201 (call 1 of 2, asked at test_it.py:3)
   ✓ method  POST
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none
   ✗ json    $.age: expected 41, got "41"

2. GET http://example.com/users?page=1 -> 200
   (call 2 of 2, 0.000 s after the first, asked at test_it.py:4)
   ✗ method  expected POST, got GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✗ params  page: not expected, got '1'
   ✗ json    the body is empty, not JSON
""",
    ),
    Kind(
        "Called too often, or too seldom",
        "The calls that count, and then those that come near.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users/{id}")
for number in (1, 2):
    await session.get(f"http://example.com/users/{number}")
aiohttpretty.assert_called("GET", "http://example.com/users/1", times=2)
""",
        """
Expected GET http://example.com/users/1 to be called exactly twice, and it was called once (expected
at test_it.py:4).

It was called:
  GET http://example.com/users/1 -> 200 (call 1 of 2, asked at test_it.py:3)

Nearest of the others:

1. GET http://example.com/users/2 -> 200
   (call 2 of 2, 0.000 s after the first, asked at test_it.py:3)
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /users/1, got /users/2
   ✓ params  none
""",
    ),
    Kind(
        "Called, and should not have been",
        "The calls, with the lines that made them.",
        """
aiohttpretty.register_uri("DELETE", "http://example.com/users/1")
await session.delete("http://example.com/users/1")
aiohttpretty.assert_not_called("DELETE", "http://example.com/users/1")
""",
        """
Expected DELETE http://example.com/users/1 not to be called, and it was called once (expected at
test_it.py:3).

It was called:
  DELETE http://example.com/users/1 -> 200 (call 1 of 1, asked at test_it.py:2)
""",
    ),
    Kind(
        "Called, and not answered",
        "A request that no route answered is no call; it is shown all the same.",
        """
try:
    await session.get("http://example.com/users")
except aiohttpretty.NoMatchError:
    pass
aiohttpretty.assert_called("GET", "http://example.com/users")
""",
        """
Expected GET http://example.com/users to be called at least once, and it was not called (expected at
test_it.py:5).

Nearest:

1. GET http://example.com/users -> not answered (asked at test_it.py:2)
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /users
   ✓ params  none
   ✗ answer  no route answered it, so it is no call; aiohttpretty.unmatched has the report
""",
    ),
    Kind(
        "Nothing was called at all",
        "When no request came by; and, as here, when the registry is not even active.",
        """
aiohttpretty.deactivate()
aiohttpretty.assert_called("GET", "http://example.com/users")
""",
        """
Expected GET http://example.com/users to be called at least once, and it was not called (expected at
test_it.py:2).

Nothing was called at all. This registry is not active; if it wasn't while the code ran, the
requests went elsewhere. Activate it: with aiohttpretty.activate(): ..., or by the marker or the
fixture.
""",
    ),
    Kind(
        "Another number of calls of a route",
        "The same, asked of a route: other routes' calls don't count.",
        """
route = aiohttpretty.register_uri("GET", "http://example.com/users")
aiohttpretty.register_uri("GET", "http://example.com/orders")
await session.get("http://example.com/orders")
route.assert_called(times=1)
""",
        """
Expected the route GET http://example.com/users (test_it.py:1) to be called exactly once, and it was
not called (expected at test_it.py:4).

Nearest:

1. GET http://example.com/orders -> 200 (call 1 of 1, asked at test_it.py:3)
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✗ path    expected /users, got /orders
   ✓ params  none
   ✗ route   expected the one registered at test_it.py:1
             got the one registered at test_it.py:2
""",
    ),
    Kind(
        "Not just these calls",
        "`assert_calls([...])`: what was expected beside what came.",
        """
aiohttpretty.register_uri("*", "http://example.com/{name}", check_params=False)
await session.post("http://example.com/login")
await session.get("http://example.com/me?page=1")
await session.get("http://example.com/me?page=2")
await session.post("http://example.com/logout")
aiohttpretty.assert_calls(
    [
        ("POST", "http://example.com/login"),
        ("GET", "http://example.com/me?page=3"),
        ("POST", "http://example.com/logout"),
        ("GET", "http://example.com/bye"),
    ]
)
""",
        """
Expected 4 calls in this order and no others, and there were 4:

  ✓ 1. POST http://example.com/login -> 200 (call 1 of 4, asked at test_it.py:2)
  ✗ 2. GET http://example.com/me?page=3
       came: GET http://example.com/me?page=1 -> 200
             (call 2 of 4, 0.000 s after the first, asked at test_it.py:3)
       ✗ params  page: expected '3', got '1'
  ✗ not expected: GET http://example.com/me?page=2 -> 200
                  (call 3 of 4, 0.000 s after the first, asked at test_it.py:4)
  ✓ 3. POST http://example.com/logout -> 200
       (call 4 of 4, 0.000 s after the first, asked at test_it.py:5)
  ✗ 4. GET http://example.com/bye: not called
""",
    ),
    Kind(
        "Out of order",
        "`assert_calls([...], in_order=True)`: how far the calls came in this order, and which one is missing.",
        """
aiohttpretty.register_uri("*", "http://example.com/{name}")
await session.post("http://example.com/login")
await session.get("http://example.com/me")
await session.post("http://example.com/logout")
aiohttpretty.assert_calls(
    [
        ("POST", "http://example.com/login"),
        ("POST", "http://example.com/logout"),
        ("GET", "http://example.com/me"),
    ],
    in_order=True,
)
""",
        """
Expected 3 calls in this order, be there others or not, and there were 3:

  ✓ 1. POST http://example.com/login -> 200 (call 1 of 3, asked at test_it.py:2)
  ✓ 2. POST http://example.com/logout -> 200
       (call 3 of 3, 0.000 s after the first, asked at test_it.py:4)
  ✗ 3. GET http://example.com/me: not called after that

Nearest to number 3:

1. GET http://example.com/me -> 200 (call 2 of 3, 0.000 s after the first, asked at test_it.py:3)
   ✓ method  GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /me
   ✓ params  none
   ✗ order   it came before the one that is number 2
""",
    ),
    Kind(
        "Not all used",
        "`assert_all_called()`: routes, and items of their `responses`, that have answered nothing.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users", responses=[{"status": 500}, {"body": "ok"}])
aiohttpretty.register_uri("GET", "http://example.com/orders")
await session.get("http://example.com/users")
aiohttpretty.assert_all_called()
""",
        """
Not all that is registered has been used. This has answered nothing:

  ✗ GET http://example.com/users (test_it.py:1): responses[1]
  ✗ GET http://example.com/orders (test_it.py:2)

Where that is meant to happen, register with optional=True.
""",
    ),
    Kind(
        "Waited in vain",
        "`wait_for_call(...)`: the call did not come in time.",
        """
aiohttpretty.register_uri("POST", "http://example.com/events")
await aiohttpretty.wait_for_call("POST", "http://example.com/events", timeout=0)
""",
        """
Looked for POST http://example.com/events, and it was not called (expected at test_it.py:2).

Nothing was called at all.
""",
    ),
    Kind(
        "The body was not kept",
        "Of a body above 1 MiB only the beginning is kept, so nobody can tell whether it fits. Keep it whole.",
        """
import io
aiohttpretty.register_uri("POST", "http://example.com/files")
await session.post("http://example.com/files", data=io.BytesIO(b"x" * 2_000_000))
aiohttpretty.assert_called("POST", "http://example.com/files", match=match.body(b"x" * 2_000_000))
""",
        """
Whether POST http://example.com/files with
match.body(b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxx') was called
can't be told (expected at test_it.py:4), because the body of this call was not kept whole. To have
all of a body above 1 MiB, keep it: activate(keep_bodies=True).

  POST http://example.com/files -> 200 (call 1 of 1, asked at test_it.py:3)
""",
    ),
]
