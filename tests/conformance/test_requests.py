"""How requests are made up: addresses, headers, cookies, credentials, versions."""

import json

import aiohttp
import pytest
from aiohttp import BasicAuth, HttpVersion10
from multidict import CIMultiDict
from yarl import URL

from .looking import head, seen

pytestmark = pytest.mark.filterwarnings(
    "ignore:The .(proxy_)?auth. parameter is deprecated:DeprecationWarning",
    "ignore:BasicAuth is deprecated:DeprecationWarning",
)

OK = {"reason": "OK", "headers": {"Content-Type": "text/plain; charset=utf-8"}, "body": "ok"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "get", "PURGE"])
async def test_methods(both, method):
    """Every method is answered alike, also one of the user's own and one in lower case."""

    async def client(world):
        async with world.session() as session, session.request(method, world.base / "a") as response:
            return await seen(response)

    got, [asked] = await both(client, [(method, "/a", OK)])
    assert (got["status"], got["reason"], asked.method) == (200, "OK", method.upper())
    assert got["body"] == (b"" if method == "HEAD" else b"ok")


async def test_shortcuts(both):
    """session.get, post, and the rest of them ask the same."""
    methods = ["get", "post", "put", "patch", "delete", "options", "head"]

    async def client(world):
        async with world.session() as session:
            return [await seen(await getattr(session, method)(world.base / "a")) for method in methods]

    got, asked = await both(client, [(method, "/a", OK) for method in methods])
    assert [each["status"] for each in got] == [200] * 7
    assert [each.method.lower() for each in asked] == methods


async def test_aiohttp_request(both):
    """aiohttp.request() makes a session of its own for one request."""

    async def client(world):
        async with (
            world.connector() as connector,
            aiohttp.request("POST", world.base / "a", params={"q": "1"}, json=[1], connector=connector) as response,
        ):
            return await seen(response)

    got, [asked] = await both(client, [("POST", "/a?q=1", OK)])
    assert got["body"] == b"ok"
    assert asked.body == b"[1]"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/a b", "/a%20b"),
        ("/%7Euser", "/~user"),
        ("/ä?ö=ü", "/%C3%A4?%C3%B6=%C3%BC"),
        ("/?q=a+b&q=a%2Bb", "/?q=a+b&q=a%2Bb"),
        ("/a?b#c", "/a?b"),
        ("/a/../b/./c", "/b/c"),
        ("", "/"),
        ("?", "/"),
        ("/a%2Fb", "/a%2Fb"),
    ],
)
async def test_addresses(both, written, path):
    """What is written in a URL is asked for alike."""

    async def client(world):
        async with world.session() as session, session.get(str(world.base) + written) as response:
            return await seen(response)

    got, [asked] = await both(client, [("GET", path, OK)])
    assert got["body"] == b"ok"
    assert asked.url.endswith(path)


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"a": "1", "b": 2, "c": 1.5}, "z=0&a=1&b=2&c=1.5"),
        ([("a", "1"), ("a", "2")], "z=0&a=1&a=2"),
        ({"a": ["1", "2"]}, "z=0&a=1&a=2"),
        ({"q": "two words & more", "é": "ü"}, "z=0&q=two+words+%26+more&%C3%A9=%C3%BC"),
        ("a=1&b=%20", "z=0&a=1&b=%2520"),
        ({}, "z=0"),
    ],
)
async def test_params(both, params, query):
    """`params` of every kind are added to the query alike."""

    async def client(world):
        async with world.session() as session, session.get(f"{world.base}/a?z=0", params=params) as response:
            return await seen(response)

    got, [asked] = await both(client, [("GET", f"/a?{query}", OK)])
    assert got["body"] == b"ok"
    assert asked.url.endswith(f"/a?{query}")


async def test_base_url(both):
    """A session's base_url is joined to what is asked for."""

    async def client(world):
        async with world.session(world.base) as session:
            return [await seen(await session.get(path)) for path in ("/v1/users?a=1", "/")]

    got, asked = await both(client, [("GET", "/v1/users?a=1", OK), ("GET", "/", OK)])
    assert [each["body"] for each in got] == [b"ok", b"ok"]
    assert [URL(each.url).path for each in asked] == ["/v1/users", "/"]


async def test_session_headers(both):
    """The session's headers are merged with the request's, which win; repeated ones stay repeated."""

    async def client(world):
        async with world.session(headers={"X-Session": "1", "X-Both": "session", "User-Agent": "me"}) as session:
            headers = CIMultiDict([("x-both", "request"), ("X-Twice", "1"), ("X-Twice", "2"), ("X-Text", "é")])
            async with session.get(world.base / "a", headers=headers) as response:
                return await seen(response)

    _, [asked] = await both(client, [("GET", "/a", OK)])
    sent = CIMultiDict(asked.headers)
    assert (sent["X-Session"], sent.getall("X-Both"), sent.getall("X-Twice")) == ("1", ["request"], ["1", "2"])
    assert (sent["User-Agent"], sent["X-Text"]) == ("me", "é")


async def test_skip_auto_headers(both):
    """Headers that the session or the request asks to leave out are left out."""

    async def client(world):
        async with world.session(skip_auto_headers=["User-Agent"]) as session:
            async with session.post(world.base / "a", data=b"x", skip_auto_headers=["Content-Type"]) as response:
                return await seen(response)

    _, [asked] = await both(client, [("POST", "/a", OK)])
    assert {name.lower() for name, _ in asked.headers}.isdisjoint({"user-agent", "content-type"})


@pytest.mark.parametrize("way", ["session", "request", "url", "header"])
async def test_auth(both, way):
    """Credentials arrive as the same header, wherever they were given."""

    async def client(world):
        auth = BasicAuth("me", "pass:wörd", "utf-8")
        url = world.base / "a"
        options = {"auth": auth} if way == "request" else {}
        if way == "header":
            options = {"headers": {"Authorization": auth.encode()}}
        if way == "url":
            url = url.with_user("me").with_password("pass:wörd")
        async with world.session(auth=auth if way == "session" else None) as session:
            return await seen(await session.get(url, **options))

    got, [asked] = await both(client, [("GET", "/a", OK)])
    assert dict(asked.headers)["Authorization"].startswith("Basic bWU6cGFzczp3")
    assert got["url"][0].user is None


async def test_json_serialize(both):
    """The session's json_serialize writes the body of json=."""

    async def client(world):
        async with world.session(json_serialize=lambda value: json.dumps(value, sort_keys=True, indent=1)) as session:
            return await seen(await session.post(world.base / "a", json={"b": [1, None], "a": "é"}))

    _, [asked] = await both(client, [("POST", "/a", OK)])
    assert asked.body == b'{\n "a": "\\u00e9",\n "b": [\n  1,\n  null\n ]\n}'
    assert dict(asked.headers)["Content-Type"] == "application/json"


@pytest.mark.parametrize("value", [None, 0, False, "", {}, []])
async def test_json_values_that_are_false(both, value):
    """Falsy JSON is sent as it is; None sends nothing."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.post(world.base / "a", json=value))

    _, [asked] = await both(client, [("POST", "/a", OK)])
    assert asked.body == (b"" if value is None else json.dumps(value).encode())


async def test_http_1_0(both):
    """A session of HTTP/1.0 asks and is answered alike."""

    async def client(world):
        async with world.session(version=HttpVersion10) as session:
            return [await seen(await session.get(world.base / "a")) for _ in range(2)]

    got, asked = await both(client, [("GET", "/a", OK)])
    assert [each["body"] for each in got] == [b"ok"] * 2
    assert len(asked) == 2


async def test_a_response_class_of_ones_own(both):
    """response_class is what the caller gets, and its methods run."""

    class Mine(aiohttp.ClientResponse):
        async def text(self, *args, **kwargs):
            return "mine: " + await super().text(*args, **kwargs)

    async def client(world):
        async with world.session(response_class=Mine) as session, session.get(world.base / "a") as response:
            return await response.text(), head(response)

    (text, got), _ = await both(client, [("GET", "/a", OK)])
    assert (text, got["type"]) == ("mine: ok", "Mine")


async def test_a_request_class_of_ones_own(both):
    """request_class makes the request up."""

    class Mine(aiohttp.ClientRequest):
        def update_headers(self, headers):
            super().update_headers(headers)
            self.headers["X-Mine"] = "1"

    async def client(world):
        async with world.session(request_class=Mine) as session:
            return await seen(await session.get(world.base / "a"))

    _, [asked] = await both(client, [("GET", "/a", OK)])
    assert dict(asked.headers)["X-Mine"] == "1"


async def test_a_caching_session(both):
    """A subclass that overrides _request asks once, and answers from its cache afterwards."""

    class Caching(aiohttp.ClientSession):
        cache = {}

        async def _request(self, method, str_or_url, **kwargs):
            place = method, str(str_or_url)
            if place not in self.cache:
                response = await super()._request(method, str_or_url, **kwargs)
                await response.read()
                self.cache[place] = response
            return self.cache[place]

    async def client(world):
        Caching.cache.clear()
        async with Caching(connector=world.connector()) as session:
            return [await seen(await session.get(world.base / "a")) for _ in range(3)]

    got, asked = await both(client, [("GET", "/a", {**OK, "responses": [{"body": "first"}]})])
    assert [each["body"] for each in got] == [b"first"] * 3
    assert len(asked) == 1


async def test_any_timeout_that_is_not_reached(both):
    """Timeouts that are not reached change nothing."""
    timeout = aiohttp.ClientTimeout(total=60, connect=60, sock_connect=60, sock_read=60, ceil_threshold=1)

    async def client(world):
        async with world.session(timeout=timeout) as session:
            own = [timeout, aiohttp.ClientTimeout(), aiohttp.ClientTimeout(total=60), 60, None]
            return [await seen(await session.get(world.base / "a", timeout=each)) for each in own] + [
                await seen(await session.get(world.base / "a"))
            ]

    got, _ = await both(client, [("GET", "/a", OK)])
    assert [each["body"] for each in got] == [b"ok"] * 6


async def test_ssl_options_on_a_plain_connection(both):
    """ssl=False and server_hostname don't matter without TLS."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get(world.base / "a", ssl=False, server_hostname="x.test"))

    got, _ = await both(client, [("GET", "/a", OK)])
    assert got["body"] == b"ok"


async def test_no_headers_at_all(both):
    """A head without a single header shows none."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get(world.base / "a"))

    got, _ = await both(client, [("GET", "/a", {"body": b"all of it", "auto_length": False})])
    assert (got["headers"], got["reason"], got["body"]) == ([], "", b"all of it")


async def test_headers_arrive_as_they_are(both):
    """Repeated headers, their order and case, non-ASCII and blank values and words of one's own behind the status."""
    headers = [("x-b", "1"), ("X-A", "ü€"), ("X-B", "2"), ("X-Empty", ""), ("Link", '</2>; rel="next"')]

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get(world.base / "a"))

    got, _ = await both(client, [("GET", "/a", {"status": 418, "reason": "Ich bin eine Teekanne", "headers": headers})])
    assert got["raw_headers"][:5] == tuple((name.encode(), value.encode()) for name, value in headers)
    assert (got["status"], got["reason"]) == (418, "Ich bin eine Teekanne")
    assert got["links"][0][1]["url"].path == "/2"
