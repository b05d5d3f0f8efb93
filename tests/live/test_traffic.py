"""What goes over the wire to something mounted: large bodies, many requests, early answers, lost clients."""

import asyncio
import hashlib
import io
import tracemalloc
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import aiohttpretty

API = "https://api.example.test"
MIB = 1 << 20
MANY = 64


@pytest.fixture
def connections():
    """Those that the session has made."""
    return []


@pytest.fixture
async def session(connections):
    async def on_connection_create_end(session, context, params):
        connections.append(params)

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(on_connection_create_end)
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    with aiohttpretty.activate():
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, trace_configs=[trace]) as session:
            yield session
    await asyncio.sleep(0)
    assert complaints == []


KINDS = {
    "handler": lambda handler: handler,
    "server": web.Server,
}


def application(handler, **options):
    app = web.Application(**options)
    app.router.add_route("*", "/{tail:.*}", handler)
    return app


kinds = pytest.mark.parametrize("made", [*KINDS.values(), application], ids=[*KINDS, "application"])


@kinds
async def test_back_pressure(session, made):
    """64 MiB up and 64 MiB down, at the readers' pace: never more than 1 MiB of either is on its way."""
    size = MANY * MIB
    piece = bytes(64 * 1024)
    sent = received = answered = got = 0
    ahead = {"up": 0, "down": 0}

    async def upload():
        nonlocal sent
        while sent < size:
            sent += len(piece)
            ahead["up"] = max(ahead["up"], sent - received)
            yield piece

    async def mirror(request):
        nonlocal received, answered
        async for chunk in request.content.iter_any():
            received += len(chunk)
        response = web.StreamResponse()
        await response.prepare(request)
        while answered < size:
            answered += len(piece)
            ahead["down"] = max(ahead["down"], answered - got)
            await response.write(piece)
        return response

    aiohttpretty.mount(API, made(mirror))
    tracemalloc.start()
    try:
        async with session.post(f"{API}/x", data=upload()) as response:
            async for chunk in response.content.iter_any():
                got += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (sent, received, answered, got) == (size,) * 4
    assert max(ahead.values()) < MIB
    assert peak < 16 * MIB
    [call] = aiohttpretty.calls
    assert (call.body_size, call.status) == (size, 200)
    assert call.body_digest == hashlib.sha256(bytes(size)).hexdigest()


@kinds
async def test_a_thousand_at_once(session, made):
    """A thousand requests at once each get their own answer, also if they are the ones that start an application."""

    async def back(request):
        await asyncio.sleep(0)
        return web.Response(body=await request.read())

    aiohttpretty.mount(API, made(back))

    async def ask(number):
        async with session.post(f"{API}/{number}", data=b"%d" % number) as response:
            return int(await response.read())

    assert await asyncio.gather(*map(ask, range(1000))) == list(range(1000))
    assert len(aiohttpretty.calls) == 1000


@kinds
async def test_one_connection(session, connections, made):
    """Requests one after the other share a connection, with those that a registered route answers."""

    async def hello(request):
        return web.Response(text="hello")

    aiohttpretty.mount(API, made(hello))
    aiohttpretty.register_uri("GET", f"{API}/registered", body="registered")
    for path in ("/a", "/registered", "/b", "/registered"):
        async with session.get(API + path) as response:
            assert await response.text() == ("registered" if "registered" in path else "hello")
    assert len(connections) == 1


@kinds
async def test_https(session, made):
    """A request to https:// is a secure one to what is mounted, without any certificate."""

    async def tell(request):
        peer = request.transport.get_extra_info("peername")
        return web.json_response([request.scheme, request.secure, request.host, request.remote, peer[0]])

    aiohttpretty.mount(API, made(tell))
    aiohttpretty.mount(API.replace("https", "http"), made(tell))
    async with session.get(API) as response:
        assert await response.json() == ["https", True, "api.example.test", "127.0.0.1", "127.0.0.1"]
    async with session.get(API.replace("https", "http")) as response:
        assert await response.json() == ["http", False, "api.example.test", "127.0.0.1", "127.0.0.1"]


async def test_expect(session):
    """Expect: 100-continue is the application's to answer, by its own expect_handler."""
    asked = []

    async def expected(request):
        asked.append(request.headers["Expect"])
        if request.path == "/refused":
            raise web.HTTPExpectationFailed(text="refused")
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def length(request):
        return web.Response(text=str(len(await request.read())))

    app = web.Application()
    app.router.add_post("/taken", length, expect_handler=expected)
    app.router.add_post("/refused", length, expect_handler=expected)
    app.router.add_post("/default", length)
    aiohttpretty.mount(API, app)
    seen = []
    for path in ("/taken", "/default", "/refused"):  # aiohttp before 3.14 leaves a refused body unsent, and goes on
        async with session.post(API + path, data=bytes(1000), expect100=True) as response:
            seen.append((response.status, await response.text()))
    assert seen == [(200, "1000"), (200, "1000"), (417, "refused")]
    assert asked == ["100-continue"] * 2


async def test_a_limit_of_its_own(session):
    """An application's client_max_size is its own; a handler alone has none."""

    async def length(request):
        return web.Response(text=str(len(await request.read())))

    aiohttpretty.mount(f"{API}/default", application(length))
    aiohttpretty.mount(f"{API}/small", application(length, client_max_size=10))
    aiohttpretty.mount(f"{API}/handler", length)
    statuses = {}
    for path in ("default", "small", "handler"):
        for size in (9, 11, 2 * MIB):
            async with session.post(f"{API}/{path}/x", data=io.BytesIO(bytes(size))) as response:
                statuses[path, size] = response.status
                await response.read()
    assert statuses == {
        ("default", 9): 200,
        ("default", 11): 200,
        ("default", 2 * MIB): 413,
        ("small", 9): 200,
        ("small", 11): 413,
        ("small", 2 * MIB): 413,
        ("handler", 9): 200,
        ("handler", 11): 200,
        ("handler", 2 * MIB): 200,
    }


async def test_static_files(session, tmp_path):
    """Static files are served as in life: whole, in part, compressed beside, not modified, not found."""
    (tmp_path / "a.txt").write_bytes(b"0123456789" * 100_000)
    app = web.Application()
    app.router.add_static("/files", tmp_path)
    aiohttpretty.mount(f"{API}/v1", app)
    url = f"{API}/v1/files/a.txt"
    async with session.get(url) as response:
        assert (response.status, len(await response.read())) == (200, 1_000_000)
        modified = response.headers["Last-Modified"]
    async with session.get(url, headers={"Range": "bytes=5-14"}) as response:
        assert (response.status, await response.read()) == (206, b"5678901234")
        assert response.headers["Content-Range"] == "bytes 5-14/1000000"
    async with session.get(url, headers={"If-Modified-Since": modified}) as response:
        assert response.status == 304
    for path in ("nothing.txt", "../secret"):
        async with session.get(f"{API}/v1/files/{path}") as response:
            assert response.status == 404


async def test_middlewares_and_sub_applications(session):
    """Middlewares run in the application, in its sub-applications, and for what has no route."""
    seen = []

    def noting(name):
        @web.middleware
        async def middleware(request, handler):
            seen.append((name, request.path))
            response = await handler(request)
            response.headers["X-Seen"] = name
            return response

        return middleware

    async def below(request):
        return web.json_response([request.path, dict(request.match_info), str(request.match_info.route.resource)])

    app, sub = web.Application(middlewares=[noting("app")]), web.Application(middlewares=[noting("sub")])
    sub.router.add_get("/items/{item}", below)
    app.add_subapp("/sub", sub)
    aiohttpretty.mount(f"{API}/v1", app)
    async with session.get(f"{API}/v1/sub/items/4") as response:
        assert await response.json() == ["/v1/sub/items/4", {"item": "4"}, "<DynamicResource  /v1/sub/items/{item}>"]
        assert response.headers["X-Seen"] == "app"
    assert seen == [("app", "/v1/sub/items/4"), ("sub", "/v1/sub/items/4")]
    async with session.get(f"{API}/v1/other") as response:
        assert response.status == 404
    assert seen[2:] == [("app", "/v1/other")]


@pytest.mark.parametrize("made", [KINDS["handler"], application], ids=["handler", "application"])
@pytest.mark.parametrize("cancels", [True, False])
async def test_a_client_that_goes(session, made, cancels):
    """A handler whose client is gone goes on to its end, or is cancelled with handler_cancellation=True."""
    begun, go, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    told = []

    async def slow(request):
        begun.set()
        try:
            await go.wait()
            told.append("done")
        except asyncio.CancelledError:
            told.append("cancelled")
            raise
        finally:
            ended.set()
        return web.Response()

    aiohttpretty.mount(API, made(slow), handler_cancellation=cancels)
    request = asyncio.ensure_future(session.get(API))
    await begun.wait()
    request.cancel()
    await asyncio.wait([request])
    if not cancels:
        go.set()
    await asyncio.wait_for(ended.wait(), 10)
    assert told == ["cancelled" if cancels else "done"]


@kinds
async def test_an_early_answer(session, made):
    """An answer that comes while the client is still sending ends the request there, as in life."""
    cut = asyncio.Event()

    async def early(request):
        await request.content.readany()
        response = web.Response(status=413, text="too much")
        response.force_close()
        return response

    async def endless():
        try:
            while True:
                yield bytes(1000)
                await asyncio.sleep(0)
        finally:
            cut.set()

    aiohttpretty.mount(API, made(early))
    async with session.post(API, data=endless()) as response:
        assert (response.status, await response.text()) == (413, "too much")
    await asyncio.wait_for(cut.wait(), 10)


@asynccontextmanager
async def _mounted(app):
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app)
        yield API


@asynccontextmanager
async def _over_loopback(app):
    server = TestServer(app)
    await server.start_server(lingering_time=0.1)  # how long it waits for the rest of a request; 10 s by default
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@pytest.mark.parametrize("served", [_mounted, _over_loopback])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_after_an_early_answer(served, method):
    """The connection of a request that was answered before its body came is good for no other one, as over loopback.

    aiohttp up to 3.13 takes it all the same, loses it, and repeats what may be repeated.
    """
    log = []

    async def early(request):
        return web.Response(status=413, text="no")

    async def length(request):
        log.append(request.method)
        return web.Response(text=str(len(await request.read())))

    async def endless():
        while True:
            yield bytes(MIB)

    app = web.Application()
    app.router.add_post("/early", early)
    app.router.add_route("*", "/length", length)
    async with served(app) as url, aiohttp.ClientSession() as session:
        async with session.post(url + "/early", data=endless(), expect100=True) as response:
            assert (response.status, await response.text()) == (413, "no")
        try:
            async with session.request(method, url + "/length", data=b"1234" * (method == "POST")) as response:
                assert (response.status, await response.text()) == (200, "4" if method == "POST" else "0")
        except aiohttp.ServerDisconnectedError:
            assert method == "POST"
            assert tuple(map(int, aiohttp.__version__.split(".")[:2])) < (3, 14)
            assert log == []
        else:
            assert log == [method]


@kinds
async def test_websockets(session, made):
    """A websocket goes both ways."""

    async def echo(request):
        socket = web.WebSocketResponse(protocols=["chat"])
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    aiohttpretty.mount(API, made(echo))
    async with session.ws_connect(f"{API.replace('https', 'wss')}/ws", protocols=["chat"]) as socket:
        for word in ("one", "two"):
            await socket.send_str(word)
            assert await socket.receive_str(timeout=10) == word.upper()
    assert (socket.protocol, socket.close_code) == ("chat", 1000)
    [call] = aiohttpretty.calls
    assert call.status == 101


async def test_its_own_requests(session):
    """An application asks other mocked services, also in its start, as any code under test would."""
    other = "https://other.example.test/"

    async def context(app):
        async with aiohttp.ClientSession() as own:
            async with own.get(other) as response:
                app[TEXT] = await response.text()
            yield

    async def tell(request):
        async with aiohttp.ClientSession() as own, own.get(f"{API}/self") as response:
            return web.Response(text=f"{request.app[TEXT]} {await response.text()}")

    async def self(request):
        return web.Response(text="self")

    app = web.Application()
    app.cleanup_ctx.append(context)
    app.router.add_get("/", tell)
    app.router.add_get("/self", self)
    aiohttpretty.register_uri("GET", other, body="other")
    aiohttpretty.mount(API, app)
    async with session.get(API) as response:
        assert await response.text() == "other self"
    assert [str(call.url) for call in aiohttpretty.calls] == [other, API, f"{API}/self"]


TEXT = web.AppKey("text", str)
