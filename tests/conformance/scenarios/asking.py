"""Requests of every kind, to a handler that says all it sees."""

import asyncio
import io
import json
from hashlib import sha256

import aiohttp
from aiohttp import web
from multidict import MultiDict
from yarl import URL

from ..looking import VERSION, outcome, seen
from ..test_handlers import LARGE, form, looked, pieces
from .scenario import Scenario, add, one_handler, scenario


async def mirror(world, request):
    """Notes all that it saw, and answers with the most important."""
    saw = await looked(request)
    saw["body"] = sha256(await request.read()).hexdigest()
    world.note(saw)
    return web.json_response({"method": request.method, "url": str(request.url), "size": len(await request.read())})


MIRROR = one_handler(mirror)


def asks(name, method, path="/", *, session=None, status=200, below="", tls=False, times=1, **options):
    """A scenario of a request, made once or more; a callable among the options is called for each."""

    async def client(world):
        async with world.session(**(session or {})) as made:
            return [
                await outcome(
                    made.request(
                        method,
                        URL(world.url(path), encoded="%" in path),
                        **{word: value() if callable(value) else value for word, value in options.items()},
                    )
                )
                for _ in range(times)
            ]

    add(f"asking: {name}", Scenario(MIRROR, client, below=below, tls=tls, status=status))


for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"):
    asks(method, method, "/a")
asks("twice over one connection", "GET", times=2)
asks("a query", "GET", "/a?x=1&x=2&empty=&ü=ö")
asks("params", "GET", "/a?x=1", params=MultiDict([("x", "2"), ("y", "a b+c&d")]))
asks("an encoded path", "GET", "/a%2Fb/%C3%BC%20x?q=%26%3D")
asks("a path of dots", "GET", "/a/../b/./c")
asks("a double slash", "GET", "//a//b")
asks("a fragment", "GET", "/a#part")
asks("a long address", "GET", "/" + "a" * 4000 + "?" + "b" * 3000)
asks("headers", "GET", headers=[("X-One", "1"), ("X-One", "2"), ("Accept", "text/plain"), ("x-lower", "l")])
asks("a large header", "GET", headers={"X-Large": "x" * 7000})
asks("a header beyond ASCII", "GET", headers={"X-Name": "Jürgen"})
asks("a host of one's own", "GET", headers={"Host": "api.example.org"})
asks("its own user agent", "GET", headers={"User-Agent": "mine/1.0"}, skip_auto_headers=["Accept"])
asks("cookies", "GET", session={"cookies": {"a": "1"}}, cookies={"b": "two words"})
asks("authorization", "GET", headers={"Authorization": "Basic dXNlcjpw"})
asks("conditions", "GET", headers={"If-None-Match": '"x"', "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"})
asks("a range", "GET", headers={"Range": "bytes=1-5"})
asks("a wrong range", "GET", headers={"Range": "lines=1-5"}, status=500)
asks("connection: close", "GET", headers={"Connection": "close"}, times=2)
asks("HTTP/1.0", "GET", session={"version": aiohttp.HttpVersion10}, times=2)
asks("HTTP/1.0 with a body", "POST", session={"version": aiohttp.HttpVersion10}, data=b"1.0")
asks("a GET with a body", "GET", data=b"body")
asks("an empty body", "POST", data=b"")
asks("bytes", "POST", data=b"\x00bytes\xff")
asks("text", "PUT", data="Jö")
asks("text in another charset", "POST", data="Jö", headers={"Content-Type": "text/plain; charset=latin-1"})
asks("json", "PATCH", json={"a": [1, 2, None], "ö": "ü"})
asks("a form", "POST", data={"a": "1", "b": "ö & x"})
asks("multipart", "POST", data=lambda: form(one="1" * 100_000, two="2"))
asks("a file", "POST", data=lambda: io.BytesIO(LARGE))
asks("chunks", "POST", data=lambda: pieces(b"one", b"two" * 30_000, b"3"))
asks("no chunks at all", "POST", data=pieces)
asks("chunked bytes", "POST", data=b"bytes" * 50_000, chunked=True)
asks("gzip", "POST", data=b"bytes" * 50_000, compress="gzip")
asks("deflate in chunks", "POST", data=lambda: pieces(b"one", b"two" * 30_000), compress="deflate")
asks("1 MB", "POST", data=LARGE)
asks("20 MB", "PUT", data=lambda: io.BytesIO(LARGE * 20))
asks("100-continue", "POST", data=b"after it" * 20_000, expect100=True)
asks("100-continue twice", "POST", data=b"after it", expect100=True, times=2)
asks("another expectation", "POST", data=b"body", headers={"Expect": "the best"}, status=417)
asks("https", "POST", "/a?x=1", tls=True, data=b"secret")
asks("below a path", "GET", "/a/b?x=1", below="/v1")
asks("the path itself, with a slash", "GET", "/", below="/v1")
asks("deep below a path", "POST", "/%C3%BC", below="/v1.0/a-b/deep", data=b"1")


async def failing():
    raise LookupError("nothing to send")
    yield b""


asks("a body that fails at once", "POST", data=failing, status=None)


@scenario(MIRROR, status=200)
async def several_bodies_over_one_connection(world):
    async with world.session(connector=world.connector(limit=1)) as session:
        bodies = [b"", b"1", LARGE, b"2"]
        return [await outcome(session.post(world.url(f"/{len(body)}"), data=body)) for body in bodies]


@scenario(MIRROR)
async def a_base_url(world):
    async with world.session(base_url=world.url("/"), headers={"X-Session": "s"}) as session:
        return [await outcome(session.get("a/b")), await outcome(session.get("/c", headers={"X-Session": "r"}))]


@scenario(MIRROR)
async def a_cookie_jar_of_ones_own(world):
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({"jar": "full"}, world.base)
    async with world.session(cookie_jar=jar) as session:
        return await outcome(session.get(world.url("/")))


# -- reading a request in all the ways that aiohttp.web has


def reads(name, handler, data, *, status=200, **options):
    async def client(world):
        async with world.session() as session:
            return [await outcome(session.post(world.url("/"), data=data(), **options))]

    add(f"reading: {name}", Scenario(one_handler(handler), client, status=status))


async def by_lines(world, request):
    return web.json_response([line.decode() async for line in request.content])


async def by_post(world, request):
    found = await request.post()
    fields = {
        name: sha256(each.file.read()).hexdigest() if isinstance(each, web.FileField) else each
        for name, each in found.items()
    }
    for each in found.values():
        if isinstance(each, web.FileField):
            each.file.close()
    return web.json_response(fields)


async def by_multipart(world, request):
    parts = await request.multipart()
    return web.json_response([[part.name, part.filename, len(await part.read())] async for part in parts])


async def by_json(world, request):
    return web.json_response(await request.json())


async def not_at_all(world, request):
    return web.Response(text="unread")


async def part_of_it(world, request):
    return web.Response(text=(await request.content.readexactly(3)).decode())


async def twice(world, request):
    return web.json_response([await request.text(), await request.text(), request.body_exists, request.can_read_body])


async def by_halves(world, request):
    first = await request.content.readexactly(2)
    try:
        await request.content.readexactly(100)
    except asyncio.IncompleteReadError as error:
        world.note(error.partial, error.expected)
    return web.Response(body=first)


reads("by lines", by_lines, lambda: pieces(b"one\ntw", b"o\n", b"three"))
reads("a form", by_post, lambda: {"a": "1", "b": "ö"})
reads("an upload", by_post, lambda: form(one="1" * 2_000_000))
reads("multipart", by_multipart, lambda: form(one="1" * 100_000, two="2"))
reads("multipart, which it isn't", by_multipart, lambda: b"plain", status=500)
reads("json", by_json, lambda: json.dumps({"a": 1}))
reads("json, which it isn't", by_json, lambda: b"{", status=500)
reads("not at all", not_at_all, lambda: b"some")
reads("not at all, 1 MB", not_at_all, lambda: LARGE)
reads("a part of it", part_of_it, lambda: b"abcdef")
reads("twice", twice, lambda: b"abc")
reads("more than there is", by_halves, lambda: b"abcdef")


async def limited(world, request):
    try:
        return web.Response(text=str(len(await request.read())))
    except web.HTTPRequestEntityTooLarge as error:
        world.note(error.status, error.text)
        raise


def with_a_limit(world):
    app = web.Application(client_max_size=1000)

    async def handle(request):
        return await limited(world, request)

    app.router.add_post("/", handle)
    return app


@scenario(with_a_limit, status=413)
async def more_than_the_application_takes(world):
    async with world.session() as session:
        return [
            await outcome(session.post(world.url("/"), data=b"x" * 1001)),
            await outcome(session.post(world.url("/"), data=b"x" * 1000)),
        ]


if VERSION >= (3, 12):

    @scenario(MIRROR)
    async def client_middlewares(world):
        async def doubling(request, handler):
            request.headers["X-Middleware"] = "was here"
            first = await handler(request)
            first.release()
            return await handler(request)

        async with world.session(middlewares=[doubling]) as session:
            return await seen(await session.post(world.url("/a"), data=b"body"))
