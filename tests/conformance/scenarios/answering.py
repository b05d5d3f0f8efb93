"""Answers of every kind, as the client sees them."""

import asyncio
import gzip
import io

import aiohttp
from aiohttp import web

from ..looking import VERSION, described, outcome, seen
from ..test_handlers import LARGE, pieces
from .scenario import Scenario, add, one_handler, scenario


def answers(name, made, *, methods=("GET", "HEAD"), status=200, path="/", **options):
    """A scenario of an answer, to each method, twice, so that the connection is seen to live on or not.

    `made(request)` is a response, or a coroutine that gives one.
    """

    async def handler(world, request):
        response = made(request)
        return await response if asyncio.iscoroutine(response) else response

    async def client(world):
        async with world.session() as session:
            return [
                await outcome(session.request(method, world.url(path), **options)) for method in methods for _ in "12"
            ]

    add(f"answering: {name}", Scenario(one_handler(handler), client, status=status))


answers("nothing", lambda request: web.Response())
answers("201 with a Location", lambda request: web.Response(status=201, headers={"Location": "/new"}), status=201)
answers("204", lambda request: web.Response(status=204), status=204)
answers("304 with an ETag", lambda request: web.Response(status=304, headers={"ETag": '"a"'}), status=304)
answers("a status of its own", lambda request: web.Response(status=299, reason="Mostly OK"), status=299)
answers("599", lambda request: web.Response(status=599, text="gone wrong"), status=599)
answers("text", lambda request: web.Response(text="Jö"))
answers("text in latin-1", lambda request: web.Response(text="Jö", charset="latin-1"))
answers("html", lambda request: web.Response(text="<p>", content_type="text/html"))
answers("bytes", lambda request: web.Response(body=b"\x00\xff"))
answers("json", lambda request: web.json_response({"a": ["ö", None, 1.5]}))
answers("1 MB", lambda request: web.Response(body=LARGE))
answers("20 MB", lambda request: web.Response(body=io.BytesIO(LARGE * 20)), methods=("GET",))
answers("a payload", lambda request: web.Response(body=aiohttp.payload.StringPayload("text")))
answers("a stream as body", lambda request: web.Response(body=pieces(b"one", b"two", LARGE)))
answers("a multipart body", lambda request: web.Response(body=_multipart()))
answers("many headers", lambda request: web.Response(headers=[("X-A", "1"), ("X-A", "2"), ("x-b", "ü")]))
answers("a large header", lambda request: web.Response(headers={"X-Large": "x" * 7000}))
answers("a header too large", lambda request: web.Response(headers={"X-Large": "x" * 9000}), status=None)
answers("links", lambda request: web.Response(headers={"Link": '<http://example.com/2>; rel="next"'}))
answers(
    "a disposition", lambda request: web.Response(headers={"Content-Disposition": 'attachment; filename="a b.txt"'})
)
answers("caching", lambda request: _cached(web.Response(text="x")))
answers("cookies", lambda request: _with_cookies(web.Response()))
answers("a closing connection", lambda request: _closing(web.Response(text="bye")))
answers("a stream", lambda request: _streamed(request, web.StreamResponse()))
answers("a stream, chunked by hand", lambda request: _streamed(request, _chunked(web.StreamResponse())))
answers("a stream of known size", lambda request: _streamed(request, _sized(web.StreamResponse(), 5000)))
answers("a stream beyond its size", lambda request: _streamed(request, _sized(web.StreamResponse(), 4000)))
answers("gzip", lambda request: _compressed(web.Response(text="much " * 5000), "gzip"))
answers("deflate", lambda request: _compressed(web.Response(text="much " * 5000), "deflate"))
answers("identity", lambda request: _compressed(web.Response(text="much " * 5000), "identity"))
answers("what the client takes", lambda request: _compressed(web.Response(text="much " * 500), None))
answers("a stream, compressed", lambda request: _streamed(request, _compressed(web.StreamResponse(), "gzip")))
answers(
    "compressed by hand",
    lambda request: web.Response(body=gzip.compress(b"x" * 1000, mtime=1), headers={"Content-Encoding": "gzip"}),
)
answers(
    "compressed, it says",
    lambda request: web.Response(body=b"not at all", headers={"Content-Encoding": "gzip"}),
    status=None,
)

# -- HTTPExceptions, and what else a handler may let out

REFUSALS = [
    web.HTTPOk,
    web.HTTPCreated,
    web.HTTPNoContent,
    web.HTTPNotModified,
    web.HTTPBadRequest,
    web.HTTPUnauthorized,
    web.HTTPForbidden,
    web.HTTPNotFound,
    web.HTTPConflict,
    web.HTTPGone,
    web.HTTPTooManyRequests,
    web.HTTPInternalServerError,
    web.HTTPServiceUnavailable,
]


def raises(name, made, *, status, **options):
    async def raising(request):
        raise made()

    answers(name, raising, status=status, **options)


for refusal in REFUSALS:
    raises(f"raised {refusal.__name__}", refusal, status=refusal.status_code)
raises("raised HTTPMethodNotAllowed", lambda: web.HTTPMethodNotAllowed("GET", ["POST", "PUT"]), status=405)
raises("raised HTTPRequestEntityTooLarge", lambda: web.HTTPRequestEntityTooLarge(10, 20), status=413)
raises(
    "raised with words",
    lambda: web.HTTPBadRequest(text='{"error": 1}', content_type="application/json", reason="So", headers={"X-E": "1"}),
    status=400,
)
raises("a bug", lambda: LookupError("a bug"), status=500)
raises("a bug, for html", lambda: LookupError("a bug"), status=500, headers={"Accept": "text/html"})
raises("a timeout", asyncio.TimeoutError, status=504)
raises("an OSError", lambda: OSError(5, "the disk"), status=500)
raises("a ConnectionResetError", lambda: ConnectionResetError("elsewhere"), status=None)
raises("a client's error", lambda: aiohttp.ClientConnectionError("upstream"), status=500)
answers("None", lambda request: _later(None), status=500)
answers("a str", lambda request: _later("text"), status=500)


async def _breaking_off(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    raise LookupError("a bug in the midst")


async def _cut_short(request):
    response = _sized(web.StreamResponse(), 100)
    await response.prepare(request)
    await response.write(b"half")
    request.transport.close()
    return response


async def _aborted(request):
    request.transport.abort()
    return web.Response()


async def _cancelled(request):
    raise asyncio.CancelledError


answers("a bug in the midst", _breaking_off, methods=("GET",), status=None)
answers("cut short", _cut_short, methods=("GET",), status=None)
answers("no answer", _aborted, methods=("POST",), status=None)
if VERSION >= (3, 11):  # 3.10 lets a client wait for ever on a connection that has been used
    answers("cancelled by itself", _cancelled, methods=("POST",), status=None)

# -- redirects


async def _around(request):
    left = int(request.query.get("left", 0))
    if not left:
        return web.json_response(
            {"method": request.method, "body": await request.text(), "cookies": dict(request.cookies)}
        )
    kind = getattr(web, request.query["kind"])
    found = kind(request.rel_url.update_query(left=left - 1))
    found.set_cookie(f"left{left}", "yes")
    raise found


for kind in ("HTTPMovedPermanently", "HTTPFound", "HTTPSeeOther", "HTTPTemporaryRedirect", "HTTPPermanentRedirect"):
    answers(
        f"{kind}, three times",
        _around,
        methods=("GET", "POST", "HEAD"),
        path=f"/?left=3&kind={kind}",
        headers={"Authorization": "Basic eA=="},
    )
answers("a redirect with a body", _around, methods=("POST",), path="/?left=1&kind=HTTPTemporaryRedirect", data=b"again")
answers("a redirect not followed", _around, path="/?left=1&kind=HTTPFound", allow_redirects=False, status=302)
answers("too many redirects", _around, path="/?left=9&kind=HTTPFound", max_redirects=3, status=None)
raises("a redirect to nowhere", lambda: web.HTTPFound("mailto:me@example.test"), status=None)
answers("a redirect without a Location", lambda request: web.Response(status=302), status=302)
answers("raise_for_status", lambda request: web.Response(status=409, text="no"), raise_for_status=True, status=None)


async def _relative(request):
    if "first" in request.query:
        raise web.HTTPFound("../c?x=1")
    return web.Response(text=request.path_qs)


answers("a relative redirect", _relative, path="/a/b?first=1")


@scenario(one_handler(lambda world, request: _later(_with_cookies(web.json_response(dict(request.cookies))))))
async def a_session_with_cookies(world):
    async with world.session() as session:
        first = [await seen(await session.get(world.url(path))) for path in ("/", "/deep/er", "/")]
        return first, sorted((cookie.key, cookie.value) for cookie in session.cookie_jar)


@scenario(one_handler(lambda world, request: _later(web.json_response({"a": 1}, content_type="text/plain"))))
async def ways_to_read(world):
    async with world.session() as session:
        async with session.get(world.url("/")) as response:
            told = [await response.text(), response.get_encoding()]
        async with session.get(world.url("/")) as response:
            try:
                await response.json()
            except aiohttp.ContentTypeError as error:
                told.append(described(error))
            told.append(await response.json(content_type=None))
        async with session.get(world.url("/")) as response:
            told.append([chunk async for chunk in response.content.iter_chunked(4)])
        async with session.get(world.url("/")) as response:
            told.append([chunk async for chunk, _ in response.content.iter_chunks()])
        return told


async def _later(value):
    return value


def _cached(response):
    response.etag = "abc"
    response.last_modified = 86400
    response.headers["Cache-Control"] = "max-age=60"
    return response


def _with_cookies(response):
    response.set_cookie("a", "1", path="/", httponly=True)
    response.set_cookie("b", "two words", max_age=60, samesite="Strict")
    response.set_cookie("deep", "only", path="/deep")
    response.del_cookie("c")
    return response


def _closing(response):
    response.force_close()
    return response


def _chunked(response):
    response.enable_chunked_encoding()
    return response


def _sized(response, size):
    response.content_length = size
    return response


def _compressed(response, coding):
    response.enable_compression(web.ContentCoding(coding) if coding else None)
    return response


def _multipart():
    writer = aiohttp.MultipartWriter("mixed", boundary="x")
    writer.append("one")
    writer.append_json({"two": 2})
    return writer


async def _streamed(request, response):
    await response.prepare(request)
    for number in range(5):
        await response.write(b"%d" % number * 1000)
    await response.write_eof()
    return response
