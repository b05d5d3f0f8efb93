"""Whole applications: how they find their handlers, what stands around those, and what they begin and end with."""

import gzip
import os

from aiohttp import web

from ..looking import outcome, seen
from .scenario import Scenario, World, add, scenario

SAID = web.AppKey("said", str)


async def here(request):
    """Says where it is."""
    return web.json_response(
        {
            "match_info": dict(request.match_info),
            "route": [request.match_info.route.name, getattr(request.match_info.route.resource, "canonical", None)],
            "path": [request.path, request.path_qs, str(request.url), str(request.rel_url)],
            "method": request.method,
        }
    )


class View(web.View):
    async def get(self):
        return await here(self.request)

    async def post(self):
        return web.Response(status=201, text=await self.request.text())


def routed(world: World):
    app = web.Application()
    app.router.add_get("/", here, name="home")
    app.router.add_get("/users/{name}", here, name="user")
    app.router.add_get(r"/numbers/{number:\d+}", here)
    app.router.add_post("/users", here)
    app.router.add_route("*", "/any", here)
    app.router.add_get("/deep/{tail:.*}", here)
    app.router.add_get("/no-head", here, allow_head=False)
    app.router.add_view("/view", View)
    app.router.add_get("/ü ö", here)
    app.router.add_get("/links", links)
    resource = app.router.add_resource("/several", name="several")
    resource.add_route("GET", here)
    resource.add_route("DELETE", here)
    return app


async def links(request):
    router = request.app.router
    return web.json_response(
        [
            str(router["user"].url_for(name="Jö/1").with_query(x=1)),
            str(router["home"].url_for()),
            str(request.url.join(router["several"].url_for())),
        ]
    )


def finds(name, *asked, app=routed, below="", status=200, **options):
    """A scenario of requests, each a method and a path, or those and their options."""

    async def client(world):
        async with world.session() as session:
            return [
                await outcome(session.request(method, world.url(path), **(more[0] if more else options)))
                for method, path, *more in asked
            ]

    add(f"routing: {name}", Scenario(app, client, below=below, status=status))


ROUTED = {
    "the root": [("GET", "/"), ("POST", "/"), ("OPTIONS", "/")],
    "a name": [("GET", "/users/J%C3%B6"), ("GET", "/users/a%2Fb"), ("GET", "/users/a%20b"), ("GET", "/users/")],
    "a number": [("GET", "/numbers/12"), ("GET", "/numbers/twelve")],
    "the rest of a path": [("GET", "/deep/a/b/c"), ("GET", "/deep/"), ("GET", "/deep")],
    "any method": [("GET", "/any"), ("PATCH", "/any"), ("OPTIONS", "/any"), ("PURGE", "/any")],
    "automatic HEAD": [("HEAD", "/users/a"), ("HEAD", "/no-head"), ("HEAD", "/nowhere"), ("HEAD", "/users")],
    "automatic OPTIONS": [("OPTIONS", "/users"), ("OPTIONS", "/view"), ("OPTIONS", "*")][:2],
    "a wrong method": [("DELETE", "/users"), ("POST", "/users/a"), ("PUT", "/several"), ("PATCH", "/view")],
    "a view": [("GET", "/view"), ("POST", "/view", {"data": "made"}), ("HEAD", "/view")],
    "nothing": [("GET", "/nowhere"), ("POST", "/nowhere", {"data": b"lost" * 1000}), ("GET", "/nowhere?x=1")],
    "a path beyond ASCII": [("GET", "/ü ö"), ("GET", "/%C3%BC%20%C3%B6")],
    "a trailing slash": [("GET", "/users/a/"), ("GET", "/several/")],
    "urls by name": [("GET", "/links")],
    "a path of dots": [("GET", "/deep/a/../b"), ("GET", "/deep/%2E%2E/b")],
}
FIRST = {"automatic OPTIONS": 405, "a wrong method": 405, "nothing": 404, "a trailing slash": 404}
for name, asked in ROUTED.items():
    finds(name, *asked, status=FIRST.get(name, 200))
    finds(f"{name}, below a path", *asked, below="/api/v1", status=FIRST.get(name, 200))


# -- sub-applications and middlewares


@web.middleware
async def marking(request, handler):
    try:
        response = await handler(request)
    except web.HTTPException as refused:
        refused.headers["X-Marked"] = f"{request.method} {refused.status}"
        raise
    response.headers.add("X-Marked", "outer")
    return response


@web.middleware
async def errors_as_json(request, handler):
    try:
        return await handler(request)
    except web.HTTPException as refused:
        return web.json_response({"error": refused.reason, "path": request.path}, status=refused.status)
    except LookupError as error:
        return web.json_response({"bug": str(error)}, status=503)


async def buggy(request):
    raise LookupError("found nothing")


def housed(world):
    inner = web.Application(middlewares=[errors_as_json])
    inner.router.add_get("/thing/{name}", here)
    inner.router.add_get("/buggy", buggy)
    innermost = web.Application()
    innermost.router.add_get("/here", where)
    innermost[SAID] = "innermost"
    inner.add_subapp("/innermost", innermost)
    app = web.Application(middlewares=[marking, web.normalize_path_middleware()])
    app.router.add_get("/home", here)
    app.router.add_get("/slash/", here)
    app[SAID] = "outer"
    app.add_subapp("/inner", inner)

    async def on_prepare(request, response):
        response.headers["X-Prepared"] = request.path
        response.headers["Server"] = "mine"

    app.on_response_prepare.append(on_prepare)
    return app


async def where(request):
    """Says in which applications it is, and what they know; those around the mounted one are none of its business."""
    return web.json_response(
        {
            "said": [request.app[SAID], request.config_dict[SAID]],
            "current": request.match_info.current_app is request.app,
            "path": request.path,
        }
    )


HOUSED = {
    "middlewares": [("GET", "/home"), ("GET", "/nowhere"), ("POST", "/home")],
    "a normalized path": [("GET", "/slash"), ("GET", "//home"), ("POST", "/slash")],
    "a sub-application": [("GET", "/inner/thing/x"), ("GET", "/inner/nowhere"), ("PUT", "/inner/thing/x")],
    "a sub-application's sub-application": [("GET", "/inner/innermost/here"), ("GET", "/inner/innermost")],
    "a bug that a middleware answers": [("GET", "/inner/buggy"), ("HEAD", "/inner/buggy")],
    "a sub-application itself": [("GET", "/inner"), ("GET", "/inner/")],
}
FIRST = {"a bug that a middleware answers": 503, "a sub-application itself": 404}
for name, asked in HOUSED.items():
    finds(name, *asked, app=housed, status=FIRST.get(name, 200))
    finds(
        f"{name}, below a path",
        *asked,
        app=housed,
        below="/v1",
        status=None if "normal" in name else FIRST.get(name, 200),
    )


def with_domain(world):
    app = web.Application()
    inner = web.Application()
    inner.router.add_get("/", here)
    app.add_domain(f"api.{world.base.host}:{world.base.port}", inner)
    app.router.add_get("/", where_from)
    return app


async def where_from(request):
    return web.Response(text=request.host)


@scenario(with_domain, status=200)
async def a_domain(world):
    host = f"api.{world.base.host}:{world.base.port}"
    async with world.session() as session:
        return [
            await outcome(session.get(world.url("/"))),
            await outcome(session.get(world.url("/"), headers={"Host": host})),
        ]


# -- files


def filed(world):
    (world.directory / "page.html").write_text("<p>Jö</p>")
    (world.directory / "data.bin").write_bytes(bytes(range(256)) * 1000)
    (world.directory / "zipped.txt").write_text("text")
    (world.directory / "zipped.txt.gz").write_bytes(gzip.compress(b"text", mtime=1))
    (world.directory / "empty").write_bytes(b"")
    (world.directory / "sub").mkdir(exist_ok=True)
    (world.directory / "sub" / "a b.txt").write_text("in a directory")
    for path in world.directory.rglob("*"):
        os.utime(path, (86400, 86400))
    app = web.Application()
    app.router.add_static("/files", world.directory, name="files")
    app.router.add_static("/shown", world.directory, show_index=True)
    app.router.add_get("/one", sends(world.directory / "data.bin"))
    app.router.add_get("/missing", sends(world.directory / "missing"))
    return app


def sends(path):
    async def handler(request):
        return web.FileResponse(path, headers={"X-File": "yes"})

    return handler


def ranged(value):
    return {"headers": {"Range": value}}


FILED = {
    "a file": [("GET", "/files/page.html"), ("HEAD", "/files/page.html")],
    "an empty file": [("GET", "/files/empty")],
    "a file below": [("GET", "/files/sub/a%20b.txt"), ("GET", "/files/sub/a b.txt")],
    "a range": [("GET", "/files/data.bin", ranged("bytes=10-19")), ("GET", "/one", ranged("bytes=-5"))],
    "an open range": [("GET", "/files/data.bin", ranged("bytes=255000-")), ("HEAD", "/one", ranged("bytes=255000-"))],
    "a range beyond the end": [("GET", "/one", ranged("bytes=999999-"))],
    "a range that is none": [("GET", "/one", ranged("bytes=a-b"))],
    "two ranges": [("GET", "/one", ranged("bytes=0-1,5-6"))],
    "a range of what has changed": [
        ("GET", "/one", {"headers": {"Range": "bytes=0-1", "If-Range": "Thu, 01 Jan 1970 00:00:00 GMT"}})
    ],
    "not modified": [
        ("GET", "/one", {"headers": {"If-Modified-Since": "Sat, 03 Jan 1970 00:00:00 GMT"}}),
        ("GET", "/one", {"headers": {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}}),
    ],
    "a compressed brother": [
        ("GET", "/files/zipped.txt"),
        ("GET", "/files/zipped.txt", {"headers": {"Accept-Encoding": "identity"}}),
    ],
    "no file": [("GET", "/files/nowhere"), ("GET", "/missing"), ("GET", "/files/../setup.py")],
    "a directory": [("GET", "/files/"), ("GET", "/files/sub"), ("GET", "/shown/sub")],
    "a file, by another method": [("POST", "/files/page.html"), ("OPTIONS", "/files/page.html")],
}
FIRST = {
    "a range": 206,
    "an open range": 206,
    "a range beyond the end": 416,
    "a range that is none": 416,
    "two ranges": None,
    "not modified": 304,
    "no file": 404,
    "a directory": 403,
    "a file, by another method": 405,
}
for name, asked in FILED.items():
    finds(name, *asked, app=filed, status=FIRST.get(name, 200))
finds("files below a path", *FILED["a file"], *FILED["a range"], app=filed, below="/cdn")


# -- the beginning and the end of an application


def living(world):
    async def started(app):
        world.note("started")
        app[SAID] = "there"

    async def resource(app):
        world.note("opened")
        yield
        world.note("closed")

    async def stopping(app):
        world.note("shutting down")

    async def cleaned(app):
        world.note("cleaned up")

    async def tell(request):
        world.note("asked")
        return web.Response(text=request.app[SAID])

    inner = web.Application()

    async def inside(app):
        world.note("inner opened")
        yield
        world.note("inner closed")
        world.signals["ended"].set()

    inner.cleanup_ctx.append(inside)
    app = web.Application()
    app.on_startup.append(started)
    app.cleanup_ctx.append(resource)
    app.on_shutdown.append(stopping)
    app.on_cleanup.append(cleaned)
    app.router.add_get("/", tell)
    app.add_subapp("/inner", inner)
    return app


@scenario(living, status=200, until="ended")
async def a_life(world):
    async with world.session() as session:
        return [await seen(await session.get(world.url("/"))) for _ in range(2)]


@scenario(living, below="/v1", status=200, until="ended")
async def a_life_below_a_path(world):
    async with world.session() as session:
        return [await seen(await session.get(world.url("/"))) for _ in range(2)]


# -- other things that can be mounted


def a_server(world):
    async def handle(request):
        world.note(type(request).__name__, request.path, str(request.url), await request.text())
        return web.Response(text=f"{request.method} {request.rel_url}")

    return web.Server(handle)


@scenario(a_server, status=200)
async def a_low_level_server(world):
    async with world.session() as session:
        return [
            await outcome(session.get(world.url("/a?b=c"))),
            await outcome(session.post(world.url("/"), data=b"body")),
            await outcome(session.request("PURGE", world.url("/a%2Fb"))),
        ]
