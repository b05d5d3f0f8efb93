"""`mount()`: which requests something mounted answers, and what the handle says."""

import asyncio
import re

import aiohttp
import pytest
from aiohttp import web
from settling import settle

import aiohttpretty
from aiohttpretty import match
from aiohttpretty.errors import ApplicationError
from aiohttpretty.live.hosts import AppHost

API = "https://api.example.test"
STARTED = web.AppKey("started", str)


async def told(request):
    return web.json_response({"url": str(request.url), "path": request.path, "app": id(request.app)})


def named(name):
    async def handler(request):
        return web.Response(text=name)

    return handler


async def get(session, url, method="GET", **options):
    async with session.request(method, url, **options) as response:
        return response.status, await response.text()


@pytest.fixture
async def session():
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            yield session


async def test_at_and_below(session):
    """Every request at and below the address is answered, by whole segments of the path, whatever method and query."""
    aiohttpretty.mount(f"{API}/v1", named("mounted"))
    for method, url in [
        ("GET", f"{API}/v1"),
        ("DELETE", f"{API}/v1/"),
        ("PURGE", f"{API}/v1/a/b/c?x=1&y=2"),
        ("GET", "HTTPS://API.example.test:443/v1/a%2Fb"),
        ("GET", f"{API}/%761/x"),
    ]:
        assert await get(session, url, method) == (200, "mounted")
    for url in (f"{API}/v1x", f"{API}/", f"{API}/v2/v1", "http://api.example.test/v1", f"{API}:8443/v1"):
        with pytest.raises(aiohttpretty.NoMatchError):
            await session.get(url)
    aiohttpretty.unmatched.clear()


async def test_an_application(session):
    """An application's routes begin at its address; what it sees of a request is the full address, as in add_subapp."""
    app = web.Application()
    app.router.add_get("/items/{item}", told, name="item")
    app.router.add_get("", named("the root"))

    async def where(request):
        return web.Response(text=str(request.app.router["item"].url_for(item="4")))

    app.router.add_get("/where", where)
    mount = aiohttpretty.mount(f"{API}/v1", app)
    async with session.get(f"{API}/v1/items/4?x=1") as response:
        assert await response.json() == {
            "url": f"{API}/v1/items/4?x=1",
            "path": "/v1/items/4",
            "app": id(app),
        }
    assert await get(session, f"{API}/v1") == (200, "the root")
    assert await get(session, f"{API}/v1/where") == (200, "/v1/items/4")
    assert await get(session, f"{API}/v1/nothing") == (404, "404: Not Found")
    assert (await get(session, f"{API}/v1/where", "POST"))[0] == 405
    assert [call.status for call in mount.calls] == [200, 200, 200, 404, 405]
    assert aiohttpretty.calls[0].response_headers["Content-Type"] == "application/json; charset=utf-8"


async def test_at_the_root(session):
    """An application at the root of a host has its routes as they are."""
    app = web.Application()
    app.router.add_get("/", named("the root"))
    app.router.add_get("/items", named("items"))
    aiohttpretty.mount(API, app)
    assert await get(session, API) == (200, "the root")
    assert await get(session, f"{API}/items") == (200, "items")


async def test_the_application_is_not_changed():
    """When it is mounted no more, an application's routes are what they were, in its sub-applications too."""
    app, sub = web.Application(), web.Application()
    app.router.add_get("/items/{item}", told)
    app.router.add_static("/static", ".")
    sub.router.add_get("/below", told, name="below")
    app.add_subapp("/sub", sub)

    def routes():
        return [str(resource) for each in (app, sub) for resource in each.router.resources()]

    before = routes()
    for path in ("/v1", "/v2/deeper"):
        with aiohttpretty.activate():
            aiohttpretty.mount(f"{API}{path}", app)
            async with aiohttp.ClientSession() as session:
                assert (await get(session, f"{API}{path}/sub/below"))[0] == 200
                assert (await get(session, f"{API}{path}/items/1"))[0] == 200
                assert str(sub.router["below"].url_for()) == f"{path}/sub/below"
        aiohttpretty.clear()
        await settle()
        assert routes() == before
    assert str(sub.router["below"].url_for()) == "/sub/below"


async def test_registered_routes_come_first(session):
    """What is registered answers first; when it is used up, or refuses, the mount does."""
    aiohttpretty.mount(API, named("mounted"))
    aiohttpretty.register_uri("GET", f"{API}/once", body="registered", times=1)
    aiohttpretty.register_uri("POST", f"{API}/a", match=match.json({"a": 1}), body="matched")
    aiohttpretty.register_uri("GET", f"{API}/{{any}}/x", body="a template")
    aiohttpretty.register_uri("GET", re.compile(f"{API}/pattern"), body="a pattern")
    assert [await get(session, f"{API}/once") for _ in range(3)] == [(200, "registered")] + [(200, "mounted")] * 2
    assert await get(session, f"{API}/once", "HEAD") == (200, "")
    assert await get(session, f"{API}/a", "POST", json={"a": 1}) == (200, "matched")
    assert await get(session, f"{API}/a", "POST", json={"a": 2}) == (200, "mounted")
    assert await get(session, f"{API}/some/x") == (200, "a template")
    assert await get(session, f"{API}/patterned") == (200, "a pattern")


async def test_an_application_behind_a_matcher(session):
    """An application that answers because a route refused gets the whole request, if it is the first one, too."""

    async def echo(request):
        return web.Response(text=f"{request.app[STARTED]}: {await request.text()}")

    async def start(app):
        app[STARTED] = "started"

    app = web.Application()
    app.router.add_post("/a", echo)
    app.on_startup.append(start)
    aiohttpretty.mount(API, app)
    aiohttpretty.register_uri("POST", f"{API}/a", match=match.body("one"), body="matched")
    assert await get(session, f"{API}/a", "POST", data="another") == (200, "started: another")
    assert await get(session, f"{API}/a", "POST", data="one") == (200, "matched")


async def test_several(session):
    """Of several mounts, the one nearest to the request answers; the same address again takes its place."""
    first = aiohttpretty.mount(API, named("root"))
    aiohttpretty.mount(f"{API}/a/b/", named("a/b"))
    aiohttpretty.mount(f"{API}/a", named("a"))
    seen = [(await get(session, API + path))[1] for path in ("/", "/x", "/a", "/a/c", "/a/b", "/a/b/c", "/ab")]
    assert seen == ["root", "root", "a", "a", "a/b", "a/b", "root"]
    aiohttpretty.mount(f"{API}/", named("another"))
    assert await get(session, f"{API}/x") == (200, "another")
    assert first.call_count == 3
    assert len(aiohttpretty.registry) == 3


async def test_the_handle(session):
    """A mount is a route: it tells its calls, verifies them, and can be removed; it need not be called."""
    mount = aiohttpretty.mount(f"{API}/v1", named("mounted"))
    assert (mount.called, mount.call_count, mount.calls) == (False, 0, [])
    aiohttpretty.assert_all_called()
    mount.assert_not_called()
    await get(session, f"{API}/v1/x", "POST", json={"a": 1})
    mount.assert_called(times=1, match=match.json({"a": 1}))
    assert [(call.method, str(call.url), call.json(), call.status) for call in mount.calls] == [
        ("POST", f"{API}/v1/x", {"a": 1}, 200)
    ]
    assert aiohttpretty.has_call(method="POST", uri=f"{API}/v1/x", json={"a": 1})
    mount.remove()
    mount.remove()
    with pytest.raises(aiohttpretty.NoMatchError, match="has been removed since, by remove"):
        await session.get(f"{API}/v1/x")
    aiohttpretty.unmatched.clear()


def test_how_it_prints():
    """A mount prints as it was written, and where; the registry shows what is mounted."""
    mount = aiohttpretty.mount(f"{API}/v1", told, expect_errors=True)
    assert re.fullmatch(
        rf"<Mount mount\('{API}/v1', <function told at 0x\w+>, expect_errors=True\) at .*test_mount.py:\d+>",
        repr(mount),
    )
    assert list(aiohttpretty.registry) == [("*", f"{API}/v1")]
    assert aiohttpretty.registry["*", f"{API}/v1"] == {"app": told, "expect_errors": True}
    assert aiohttpretty.registry["*", f"{API}:443/v1/"] == {"app": told, "expect_errors": True}
    assert ("GET", f"{API}/v1") not in aiohttpretty.registry


def test_replace():
    """A mount can't be told to say something else, and says what to do."""
    mount = aiohttpretty.mount(f"{API}/v1", told)
    with pytest.raises(aiohttpretty.OptionTypeError) as caught:
        mount.replace(body="x")
    assert str(caught.value) == (
        "replace() says what a registered route is to answer, and a mount answers what its application says. Mount "
        "another one in its place: mount('https://api.example.test/v1', ...)."
    )


REFUSED = {
    "a pattern": (
        (re.compile("x"), told),
        {},
        "mount(re.compile('x'), ...): a mount has one address, and answers everything below it. Give that as a URL, "
        "such as 'https://api.example.com/v1'; for a pattern, use register_uri('*', ..., handler=...).",
    ),
    "a template": (
        (f"{API}/{{user}}", told),
        {},
        "mount('https://api.example.test/{user}', ...): a mount has no variables, and answers everything below its "
        "address. Give the part before the first one, and leave the variables to the application's own routes.",
    ),
    "half a template": (
        (f"{API}/{{user", told),
        {},
        "mount('https://api.example.test/{user', ...): a mount has no variables, and answers everything below its "
        "address. Give the part before the first one, and leave the variables to the application's own routes.",
    ),
    "another half": (
        (f"{API}/user}}", told),
        {},
        "mount('https://api.example.test/user}', ...): a mount has no variables, and answers everything below its "
        "address. Give the part before the first one, and leave the variables to the application's own routes.",
    ),
    "a query": (
        (f"{API}/v1?x=1", told),
        {},
        "mount('https://api.example.test/v1?x=1', ...): the address has a query or a fragment, and nothing can be "
        "below that. Give it without; the query is left to what is mounted.",
    ),
    "a path": (
        ("/v1", told),
        {},
        "'/v1' has no scheme or no host, so no request can have this address. Give an absolute URL, such as "
        "'http://example.com/path'; for a session with base_url, the joined one.",
    ),
    "no application": (
        (API, "app"),
        {},
        "mount(..., 'app'): that can't be mounted. Give an aiohttp.web.Application, a web.Server, a handler (a "
        "function that takes a request and returns a response), or an ASGI or WSGI application.",
    ),
    "an application's class": (
        (API, web.Application),
        {},
        f"mount(..., {web.Application!r}): that can't be mounted. Give an aiohttp.web.Application, a web.Server, a "
        "handler (a function that takes a request and returns a response), or an ASGI or WSGI application.",
    ),
    "no bool": (
        (API, told),
        {"handler_cancellation": 1},
        "handler_cancellation=1 is not a bool. Give True, or leave it out.",
    ),
    "no bool either": (
        (API, told),
        {"expect_errors": None},
        "expect_errors=None is not a bool. Give True, or leave it out.",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused(why):
    """What can't be mounted is refused when it is, in a sentence with the cure."""
    args, options, sentence = REFUSED[why]
    with pytest.raises((aiohttpretty.OptionTypeError, aiohttpretty.OptionValueError)) as caught:
        aiohttpretty.mount(*args, **options)
    assert str(caught.value) == sentence
    assert list(aiohttpretty.registry) == []


async def test_a_server(session):
    """A web.Server gets every request as it is; one of another event loop is refused in a sentence."""

    async def raw(request):
        return web.Response(text=f"{type(request).__name__} {request.path}")

    aiohttpretty.mount(f"{API}/v1", web.Server(raw))
    assert await get(session, f"{API}/v1/x") == (200, "BaseRequest /v1/x")
    with pytest.raises(aiohttpretty.OptionValueError) as caught:
        aiohttpretty.mount(API, web.Server(raw), handler_cancellation=True)
    assert str(caught.value) == (
        "handler_cancellation=True beside a web.Server, which has been told already. Give it to the server: "
        "web.Server(handler, handler_cancellation=True)."
    )


def test_a_server_of_another_loop():
    """A web.Server serves in its own event loop only, and the client is told so."""

    async def make():
        return web.Server(told)

    async def ask():
        async with aiohttp.ClientSession() as session:
            await session.get(API)

    aiohttpretty.mount(API, asyncio.run(make()))
    with aiohttpretty.activate():
        with pytest.raises(aiohttpretty.ApplicationError) as caught:
            asyncio.run(ask())
    assert str(caught.value) == (
        "The web.Server mounted at https://api.example.test was made in another event loop, and serves in that one "
        "only. Make it in the event loop of the test, for example in a fixture."
    )


class View(web.View):
    async def get(self):
        return web.Response(text="a view")


@pytest.mark.parametrize("handler", [View, lambda request: web.Response(text="a view")], ids=["class", "plain"])
async def test_kinds_of_handlers(session, handler):
    """Whatever is a handler can be mounted."""
    aiohttpretty.mount(API, handler)
    assert await get(session, f"{API}/x") == (200, "a view")


async def test_in_a_bundle(session):
    """include() mounts what a bundle has mounted, below the base, and what is mounted runs there apart."""
    app = web.Application()
    app.router.add_get("/items", told)
    bundle = aiohttpretty.AioHTTPretty()
    bundle.mount("/v1", app)
    bundle.mount("https://other.example.test/", named("other"))
    mounts = aiohttpretty.include(bundle, base=f"{API}/base")
    assert [mount.address.name for mount in mounts] == [f"{API}/base/v1", "https://other.example.test/"]
    async with session.get(f"{API}/base/v1/items") as response:
        assert (await response.json())["path"] == "/base/v1/items"
    assert await get(session, "https://other.example.test/x") == (200, "other")
    assert (mounts[0].call_count, bundle.calls) == (1, [])
    with pytest.raises(aiohttpretty.OptionTypeError, match=r"^mount\(\.\.\., 4\): that can't be mounted\."):
        bundle.mount("/v2", 4)
    with pytest.raises(aiohttpretty.OptionValueError, match="'/v1' has a query|is a path"):
        bundle.activate()


async def test_a_registry_of_its_own(session):
    """Each registry has its mounts; the one that was activated last is asked first, and what it mounts, it answers."""
    other = aiohttpretty.AioHTTPretty()
    other.mount(f"{API}/a", named("other"))
    aiohttpretty.register_uri("GET", f"{API}/a/b", body="registered")
    aiohttpretty.mount(API, named("mounted"))
    with other.activate():
        assert await get(session, f"{API}/a/b") == (200, "other")
        assert await get(session, f"{API}/b") == (200, "mounted")
    assert await get(session, f"{API}/a/b") == (200, "registered")


def test_taken_away_meanwhile():
    """A request that comes to an application that has just been taken away, in another thread, says so."""
    host = AppHost(web.Application, None, "http://example.com/", "", handler_cancellation=False, on_failure=print)
    loop = asyncio.new_event_loop()
    with pytest.raises(ApplicationError) as caught:
        host.server(loop)
    loop.close()
    assert str(caught.value) == (
        "The application mounted at http://example.com/ was taken away while a request to it was under way. Await the "
        "request before clear(), remove() or another mount() at this address."
    )


async def test_one_is_taken_away_while_another_starts(session):
    """What is mounted in a second registry need not be there any more when the first one's has started."""
    starting, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(app):
        starting.set()
        await go_on.wait()
        yield

    async def answer(request):
        return web.Response(text="first")

    first = web.Application()
    first.cleanup_ctx.append(slowly)
    first.router.add_post("/", answer)
    other = aiohttpretty.AioHTTPretty()
    other.mount("http://example.com", web.Application())
    aiohttpretty.mount("http://example.com", first)
    aiohttpretty.register_uri("POST", "http://example.com/", match=lambda call: False)
    with other.activate():
        aiohttpretty.deactivate()
        aiohttpretty.activate()  # the one that is asked first
        asking = asyncio.create_task(session.post("http://example.com/"))
        await starting.wait()
        other.clear()
        go_on.set()
        async with await asking as response:
            assert await response.text() == "first"


async def test_near_misses(session):
    """A request that misses a mount is told which part of the address differs."""
    aiohttpretty.mount(f"{API}/v1", told)
    with pytest.raises(aiohttpretty.NoMatchError) as caught:
        await session.get(f"{API}/v2/items")
    aiohttpretty.unmatched.clear()
    text = re.sub(r"\S*test_mount\.py:\d+", "test_mount.py:1", str(caught.value))
    assert text == (
        "No URLs matching GET https://api.example.test/v2/items with params {}. Not making request. Go fix your test.\n"
        "\n"
        "Cause: only the path differs: /v1 or below is registered, /v2/items was asked for.\n"
        "\n"
        "Asked:\n"
        "  request  GET https://api.example.test/v2/items\n"
        "  by       test_mount.py:1\n"
        "\n"
        "The only route:\n"
        "\n"
        "1. * https://api.example.test/v1\n"
        "   registered at test_mount.py:1\n"
        "   ✓ method  any\n"
        "   ✓ scheme  https\n"
        "   ✓ host    api.example.test\n"
        "   ✗ path    expected /v1 or below, got /v2/items\n"
        "\n"
        "If the request is right, register it:\n"
        "  aiohttpretty.register_uri('GET', 'https://api.example.test/v2/items', body=b'...')"
    )


async def test_without_activation():
    """fake_request() asks what is mounted, active or not."""
    app = web.Application()
    app.router.add_get("/items", named("items"))
    aiohttpretty.mount(API, app)
    response = await aiohttpretty.fake_request("GET", f"{API}/items")
    assert await response.text() == "items"
