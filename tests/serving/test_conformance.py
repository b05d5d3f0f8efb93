"""What aiohttp's client gets from a registry over TCP is what it gets from it over the wire, field by field."""

import asyncio
import io
import zlib
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from conformance.looking import failure, seen

from aiohttpretty import AioHTTPretty

URL = "http://api.example.com/x"
# How a body is framed is the one thing in which the two may differ
FRAMING = ("date", "content-length", "transfer-encoding", "connection")


async def pieces():
    for piece in (b"one", b"two" * 30000, b"three"):
        yield piece


async def greet(request):
    return web.json_response(
        {"query": dict(request.query), "body": await request.text(), "url": str(request.url), "who": request.remote},
        headers={"X-Twice": "1"},
    )


async def streaming(request):
    response = web.StreamResponse(headers={"X-A": "1"})
    await response.prepare(request)
    await response.write(b"one")
    await response.write(b"two")
    return response


async def shout(request):
    raise web.HTTPConflict(text="no")


REPLIES = {
    "empty": {},
    "bytes": {"body": b"hello"},
    "reason": {"reason": "Very Fine", "body": b"x"},
    "own status": {"status": 299, "body": b"x"},
    "not found": {"status": 404, "reason": "Not Found", "body": b"gone"},
    "no content": {"status": 204},
    "no content with headers": {"status": 204, "headers": {"X-A": "1", "ETag": '"1"'}},
    "not modified": {"status": 304, "headers": {"Content-Length": "12", "ETag": '"1"'}},
    "twice": {"headers": [("Set-Cookie", "a=1"), ("X-A", "1"), ("Set-Cookie", "b=2; Path=/"), ("x-a", "2")]},
    "unicode": {"headers": {"X-Name": "Zoë"}, "reason": "Größe", "body": "Grüße"},
    "length": {"headers": {"Content-Length": "5"}, "body": b"hello"},
    "auto length": {"auto_length": True, "body": b"hello"},
    "chunked": {"headers": {"Transfer-Encoding": "chunked"}, "body": b"hello"},
    "json": {"json": {"a": [1, None, "ü"]}},
    "gzip": {"content_encoding": "gzip", "body": b"hello" * 100},
    "deflated by hand": {"headers": {"Content-Encoding": "deflate"}, "body": zlib.compress(b"hello")},
    "stream": {"body": pieces},
    "gzipped stream": {"body": pieces, "content_encoding": "gzip"},
    "file": {"body": Path(__file__)},
    "file object": {"body": io.BytesIO(b"hello" * 50000)},
    "events": {"sse": [{"data": "one"}, {"data": "two", "id": "2"}]},
    "large": {"body": b"0123456789" * 100_000},
    "long header": {"headers": {"X-Long": "x" * 7000}, "body": b"x"},
    "many headers": {"headers": [(f"X-{number}", "x") for number in range(110)], "body": b"x"},
    "cookies": {"cookies": {"a": "1"}, "body": b"x"},
    "close": {"headers": {"Connection": "close"}, "body": b"x"},
    "delay": {"delay": 0.01, "body": b"x"},
    "redirect away": {"location": "/x?again", "status": 302},
    "handler": {"handler": greet},
    "streaming handler": {"handler": streaming},
    "raising handler": {"handler": shout},
    "late handler": {"handler": greet, "delay": 0.01},
}


def comparable(result, *, method="GET"):
    """Without the framing; a body that is read is."""
    if not isinstance(result, dict) or "headers" not in result:
        return result
    result = dict(result)
    # an answer without a body is not framed, so that nothing may be left out
    framing = ("date",) if method == "HEAD" or result["status"] in (204, 304) else FRAMING
    result["headers"] = [(name, value) for name, value in result["headers"] if name not in framing]
    result["raw_headers"] = tuple(pair for pair in result["raw_headers"] if pair[0].decode().lower() not in framing)
    if len(framing) > 1:
        del result["content_length"], result["repr"]
    result["history"] = [comparable(earlier) for earlier in result["history"]] if "history" in result else []
    return result


async def answered(session, method, url=URL, **options):
    try:
        async with session.request(method, url, allow_redirects=False, **options) as response:
            return comparable(await seen(response), method=method)
    except aiohttp.ClientError:
        return await failure(session.request(method, url, **options))


async def both(replies, ask):
    """What comes of it over the wire, and over TCP."""
    over_wire, over_tcp = AioHTTPretty(), AioHTTPretty()
    for pretty in (over_wire, over_tcp):
        options = dict(replies)
        if "responses" not in options:
            options = (
                {"responses": [options], "exhausted": "repeat"}
                if isinstance(options.get("body"), io.IOBase)
                else options
            )
        pretty.register_uri("*", URL, check_params=False, **options)
    with over_wire.activate():
        async with aiohttp.ClientSession() as session:
            expected = await ask(session, {})
    async with over_tcp.serve() as server, aiohttp.ClientSession() as session:
        came = await ask(session, {"proxy": server.proxy_url})
    return expected, came, over_wire, over_tcp


# What a handler writes in answer to HEAD is sent, by aiohttp as by us; what a client makes of that is a matter of time
POSTED = ("bytes", "no content", "stream", "large", "delay", "handler", "late handler")
CASES = [
    (name, method)
    for name in REPLIES
    for method in ("GET", "POST", "HEAD")
    if (name, method) != ("streaming handler", "HEAD") and (method != "POST" or name in POSTED)
]


@pytest.mark.parametrize(("name", "method"), CASES)
async def test_a_reply_is_the_same_over_tcp(name, method, complaints):
    """Status, reason, headers and their order, cookies, body: as on the wire; for the second request, too."""

    async def ask(session, how):
        return [await answered(session, method, **how) for _ in range(2)]

    expected, came, over_wire, over_tcp = await both(REPLIES[name], ask)
    assert came == expected
    assert [(call.method, call.url, call.status) for call in over_tcp.calls] == [
        (call.method, call.url, call.status) for call in over_wire.calls
    ]


async def pour():
    for _ in range(3):
        yield b"piece" * 1000


REQUESTS = {
    "json": {"json": {"a": "ü"}},
    "form": {"data": {"a": "1", "b": "2"}},
    "chunked": {"data": b"body" * 100, "chunked": True},
    "stream": {"data": pour},
    "compressed": {"data": b"body" * 1000, "compress": "gzip"},
    "expecting": {"data": b"body" * 1000, "expect100": True},
    "large": {"data": b"x" * 1_040_000 + b"y" * 8_000},
    "headers": {"headers": [("X-A", "1"), ("x-a", "2"), ("Cookie", "a=b")]},
    "query": {"params": {"a": "1 2", "b": "ü/?"}},
    "none": {},
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("reply", ["canned", "matched", "handler"])
async def test_a_request_is_recorded_as_on_the_wire(name, reply, complaints):
    """Headers, body, size, digest: the same record, whichever way it came."""

    async def ask(session, how):
        options = dict(REQUESTS[name])
        if options.get("data") is pour:
            options["data"] = pour()
        return await answered(session, "PUT", **options, **how)

    options = {"canned": {}, "matched": {"match": _any}, "handler": {"handler": greet}}[reply]
    expected, came, over_wire, over_tcp = await both(options, ask)
    assert came == expected
    (wired,), (served,) = over_wire.calls, over_tcp.calls
    assert (served.body_size, served.body_digest, served.url) == (wired.body_size, wired.body_digest, wired.url)
    # aiohttp asks a proxy, and only a proxy, in this way
    heads = [list(call.request_headers.items()) for call in (served, wired)]
    assert [pair for pair in heads[0] if not pair[0].startswith("Proxy-")] == heads[1]


def _any(request):
    return True


async def test_a_mounted_application_is_the_same_over_tcp(complaints):
    """Its start, its routes, its state and its errors."""
    started = []

    async def begin(app):
        started.append(app)
        yield
        started.append("ended")

    async def show(request):
        return web.json_response({"path": request.path, "scheme": request.scheme, "host": request.host})

    results = []
    for way in ("wire", "tcp"):
        app = web.Application()
        app.cleanup_ctx.append(begin)
        app.router.add_get("/deep/{x}", show)
        pretty = AioHTTPretty()
        pretty.mount("http://api.example.com/v1", app)
        async with aiohttp.ClientSession() as session:
            if way == "wire":
                with pretty.activate():
                    results.append(
                        [await answered(session, "GET", f"http://api.example.com/v1/{p}") for p in ("deep/1", "no")]
                    )
                await asyncio.sleep(0)
            else:
                async with pretty.serve() as server:
                    results.append(
                        [
                            await answered(session, "GET", f"http://api.example.com/v1/{p}", proxy=server.url)
                            for p in ("deep/1", "no")
                        ]
                    )
    assert results[0] == results[1]
    assert len(started) == 4


async def test_a_redirect_is_followed_over_tcp(pretty):
    """A client that takes the server for its proxy goes where it is sent, also to another host."""
    pretty.register_uri("GET", URL, location="http://other.example.com/y")
    pretty.register_uri("GET", "http://other.example.com/y", body=b"there")
    async with pretty.serve() as server, aiohttp.ClientSession() as session:
        async with session.get(URL, proxy=server.url) as response:
            assert (await response.read(), str(response.url)) == (b"there", "http://other.example.com/y")
    assert [str(call.url) for call in pretty.calls] == [URL, "http://other.example.com/y"]
