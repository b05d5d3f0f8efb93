"""What is raised: the same type with the same message, attributes and cause."""

import aiohttp
import pytest

from .looking import described, failure, head, outcome, seen

BAD = {"status": 503, "reason": "Service Unavailable", "headers": {"Retry-After": "1"}, "body": "later"}


@pytest.mark.parametrize("status", [200, 302, 400, 404, 500, 599])
@pytest.mark.parametrize("way", ["session", "request", "not this request", "by hand"])
async def test_raise_for_status(both, status, way):
    """raise_for_status raises the same error, whoever asked for it."""

    async def client(world):
        options = {"request": {"raise_for_status": True}, "not this request": {"raise_for_status": False}}.get(way, {})
        async with world.session(raise_for_status=way in ("session", "not this request")) as session:
            try:
                response = await session.get(world.base / "a", allow_redirects=False, **options)
                before = head(response)
                if way == "by hand":
                    response.raise_for_status()
                return before, await response.read()
            except aiohttp.ClientResponseError as error:
                return described(error), repr(error)

    got, _ = await both(client, [("GET", "/a", {**BAD, "status": status})])
    assert ("ClientResponseError" in got[1]) if status >= 400 and way != "not this request" else got[1] == b"later"


@pytest.mark.parametrize("way", ["session", "request"])
async def test_raise_for_status_of_ones_own(both, way):
    """A coroutine function as raise_for_status is given the response, and may raise what it likes."""

    class MyError(Exception):
        pass

    async def check(response):
        if response.status >= 400:
            raise MyError(response.status, await response.text())

    async def client(world):
        options = {"raise_for_status": check} if way == "request" else {}
        async with world.session(raise_for_status=check if way == "session" else False) as session:
            return (
                await seen(await session.get(world.base / "good", **options)),
                await failure(session.get(world.base / "a", **options)),
            )

    (good, bad), _ = await both(client, [("GET", "/a", BAD), ("GET", "/good", {"body": "good"})])
    assert (good["body"], bad["text"]) == (b"good", "(503, 'later')")


@pytest.mark.parametrize(
    "url", ["http://", "nonsense", "/relative", "ftp://example.test/", "http://[::1/", "http://h:99999/", "", "ws:///x"]
)
async def test_addresses_that_are_none(both, url):
    """An address that can't be asked raises the same error, before anything is looked up."""

    async def client(world):
        async with world.session() as session:
            return await failure(session.get(url))

    got, asked = await both(client, [])
    assert got["type"].startswith(("aiohttp.client_exceptions.", "builtins.ValueError"))
    assert asked == []


async def test_a_closed_session(both):
    """A session that is closed says so."""

    async def client(world):
        session = world.session()
        await session.close()
        return await failure(session.get(world.base / "a"))

    got, asked = await both(client, [("GET", "/a", BAD)])
    assert (got["type"], got["text"], asked) == ("builtins.RuntimeError", "Session is closed", [])


async def test_a_closed_connector(both):
    """A connector that is closed under its session says so."""

    async def client(world):
        connector = world.connector()
        session = world.session(connector=connector, connector_owner=False)
        await connector.close()
        return await failure(session.get(world.base / "a"))

    got, asked = await both(client, [("GET", "/a", BAD)])
    assert (got["type"], asked) == ("builtins.RuntimeError", [])


@pytest.mark.parametrize(
    "options",
    [
        {"data": b"x", "json": {}},
        {"data": object()},
        {"json": object()},
        {"params": {"a": True}},
        {"params": {"a": object()}},
        {"compress": True, "headers": {"Content-Encoding": "gzip"}, "data": b"x"},
        {"chunked": True, "headers": {"Transfer-Encoding": "chunked"}, "data": b"x"},
        {"chunked": True, "headers": {"Content-Length": "1"}, "data": b"x"},
        {"timeout": "soon"},
        {"no_such_option": 1},
    ],
    ids=lambda options: str(options).partition(" at 0x")[0],  # an address would differ between two processes
)
async def test_requests_that_make_no_sense(both, options):
    """A request that aiohttp refuses is refused with the same words."""

    async def client(world):
        async with world.session() as session:

            async def ask():
                return await session.post(world.base / "a", **options)

            return await outcome(ask())

    got, asked = await both(client, [("POST", "/a", {"body": "ok"})])
    assert "cause" in got
    assert asked == []


@pytest.mark.parametrize("headers", [{"X": "line\r\nbreak"}, {"X\r\nY": "1"}])
async def test_headers_that_would_inject(both, headers):
    """aiohttp refuses a line break in a header when it writes the head; the error is the same."""

    async def client(world):
        async with world.session() as session:
            return await failure(session.post(world.base / "a", headers=headers))

    # aiohttp has its connection by then: the call is recorded, as one that broke off before its first byte
    got, asked = await both(client, [("POST", "/a", {"body": "ok"})], compare_asked=False)
    assert "ValueError" in str(got)
    assert asked[0].headers == []


@pytest.mark.parametrize("method", ["G ET", "GET\r\n"])
async def test_methods_that_are_none(both, method):
    """A method that aiohttp refuses is refused alike."""

    async def client(world):
        async with world.session() as session:
            return await failure(session.request(method, world.base / "a"))

    got, asked = await both(client, [])
    assert (got["type"], asked) == ("builtins.ValueError", [])


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_wrong_content_encoding(both, encoding):
    """A body that is not compressed as it says raises the same ClientPayloadError."""

    async def client(world):
        async with world.session() as session:
            return await failure(_read(session, world.base / "a"))

    got, _ = await both(client, [("GET", "/a", {"body": b"no" * 10_000, "headers": {"Content-Encoding": encoding}})])
    assert got["type"].startswith("aiohttp.")
    assert encoding in str(got)


async def _read(session, url):
    async with session.get(url) as response:
        return await response.read()


@pytest.mark.parametrize("length", [8189, 8190, 8191, 9000, 70_000])
@pytest.mark.parametrize("field", ["value", "wide value", "name", "reason"])
async def test_a_head_that_is_too_long(both, field, length):
    """A head at aiohttp's limits is accepted or refused alike."""

    async def client(world):
        async with world.session() as session:
            return await outcome(session.get(world.base / "a"))

    long = "x" * length if field != "wide value" else "€" * (length // 3)
    options = {
        "wide value": {"headers": {"X": long}},
        "value": {"headers": {"X": long}},
        "name": {"headers": {long: "1"}},
        "reason": {"reason": long},
    }[field]
    got, _ = await both(client, [("GET", "/a", {"body": "ok", **options})])
    assert ("body" in got) is (length <= 8190) or length in (8189, 8190, 8191)


@pytest.mark.parametrize("limit", [64, 1024, 20_000])
@pytest.mark.parametrize("way", ["session", "request"])
async def test_limits_of_ones_own(both, way, limit):
    """max_line_size and max_field_size of the session or the request are held."""

    async def client(world):
        limits = {"max_line_size": limit, "max_field_size": limit}
        async with world.session(**(limits if way == "session" else {})) as session:
            return await outcome(session.get(world.base / "a", **(limits if way == "request" else {})))

    got, _ = await both(client, [("GET", "/a", {"body": "ok", "headers": {"X": "x" * 10_000}})])
    assert ("body" in got) is (limit == 20_000)


async def test_many_headers(both):
    """A head of more headers than aiohttp takes is refused alike."""

    async def client(world):
        async with world.session() as session:
            return await outcome(session.get(world.base / "a"))

    headers = [(f"X-{number}", "1") for number in range(200)]
    await both(client, [("GET", "/a", {"body": "ok", "headers": headers})])


async def test_an_error_of_the_callers_own(both):
    """What is raised while the response is open leaves it as it does in life."""

    async def client(world):
        async with world.session() as session:

            async def use():
                async with session.get(world.base / "a"):
                    raise LookupError("mine")

            return await failure(use()), await seen(await session.get(world.base / "a"))

    (error, after), _ = await both(client, [("GET", "/a", {"body": "ok"})])
    assert (error["text"], after["body"]) == ("mine", b"ok")
