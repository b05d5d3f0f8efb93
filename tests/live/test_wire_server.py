"""`WireServer`: the tests of a small application, once with aiohttp's `TestServer` and once over the wire."""

import asyncio
import contextvars
import gc
import socket
import unittest
import warnings

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import AioHTTPTestCase, BaseTestServer, RawTestServer, TestClient, TestServer

import aiohttpretty
from aiohttpretty import WireServer

who = contextvars.ContextVar("who", default="nobody")
NOTES = web.AppKey("notes", list)
BEHIND = "https://behind.example.test/price"


@pytest.fixture(params=[TestServer, WireServer])
def make(request):
    """The kind of server that the application runs on."""
    return request.param


async def add(request):
    request.app[NOTES].append(await request.text())
    raise web.HTTPSeeOther(f"/notes/{len(request.app[NOTES]) - 1}")


async def note(request):
    try:
        return web.json_response({"note": request.app[NOTES][int(request.match_info["number"])]})
    except IndexError:
        raise web.HTTPNotFound(text="no such note") from None


async def visits(request):
    count = int(request.cookies.get("visits", "0")) + 1
    response = web.Response(text=str(count))
    response.set_cookie("visits", str(count))
    return response


async def where(request):
    seen = [str(request.url), request.host, request.scheme, request.secure, request.remote]
    return web.json_response([*seen, request.transport.get_extra_info("sockname")[0], who.get()])


async def chat(request):
    ws = web.WebSocketResponse(protocols=["chat"])
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(message.data.upper())
    return ws


async def upload(request):
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))


async def pieces(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(3):
        await response.write(b"%d\n" % number)
        await asyncio.sleep(0)
    return response


async def broken(request):
    raise LookupError("a bug")


async def price(request):
    async with aiohttp.ClientSession() as session, session.get(BEHIND) as response:
        return web.Response(text=f"costs {await response.text()}")


def application(told=None):
    """The small application; what it does at its start and end goes to `told`."""
    told = [] if told is None else told

    async def database(app):
        told.append("started")
        yield
        told.append("ended")

    @web.middleware
    async def stamp(request, handler):
        response = await handler(request)
        response.headers["X-Stamp"] = "yes"
        return response

    app = web.Application(middlewares=[stamp])
    app[NOTES] = []
    app.cleanup_ctx.append(database)
    app.router.add_post("/notes", add)
    app.router.add_get("/notes/{number}", note)
    for handler in (visits, where, chat, upload, pieces, broken, price):
        app.router.add_route("*", f"/{handler.__name__}", handler)
    return app


async def test_a_small_application(make):
    """Routes, redirects, errors, middlewares, streams and uploads are the same."""
    told = []
    async with TestClient(make(application(told))) as client:
        assert told == ["started"]
        async with client.post("/notes", data="remember") as response:
            assert (response.status, await response.json()) == (200, {"note": "remember"})
            assert (response.url.path, [one.status for one in response.history]) == ("/notes/0", [303])
            assert response.headers["X-Stamp"] == "yes"
        async with client.get("/notes/7") as response:
            assert (response.status, await response.text()) == (404, "no such note")
        async with client.delete("/notes/7") as response:
            assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")
        async with client.get("/pieces") as response:
            assert [line async for line in response.content] == [b"0\n", b"1\n", b"2\n"]
        async with client.put("/upload", data=bytes(3 << 20)) as response:
            assert await response.text() == str(3 << 20)
        assert client.app[NOTES] == ["remember"]
    assert told == ["started", "ended"]


@pytest.fixture(autouse=True)
def _large_bodies_are_meant():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending a large body directly", ResourceWarning)
        yield


async def test_cookies(make):
    """The cookie jar of a test client takes cookies from an address, as aiohttp makes it for its test server."""
    async with TestClient(make(application())) as client:
        assert [await (await client.get("/visits")).text() for _ in range(3)] == ["1", "2", "3"]


async def test_a_websocket(make):
    """Messages go both ways, with a protocol and an orderly end."""
    async with TestClient(make(application())) as client, client.ws_connect("/chat", protocols=["chat"]) as ws:
        assert ws.protocol == "chat"
        for word in ("one", "two"):
            await ws.send_str(word)
            assert await ws.receive_str() == word.upper()
        await ws.close()
        assert ws.close_code == 1000


async def test_a_bug_is_a_500(make, caplog):
    """An exception in a handler is the client's 500 and in the log; the test of an application is about just that."""
    async with TestClient(make(application())) as client:
        assert (await client.get("/broken")).status == 500
    [record] = caplog.records
    assert (record.name, str(record.exc_info[1])) == ("aiohttp.server", "a bug")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_what_a_handler_sees(make, host):
    """Address, scheme and ends of the connection are those of the server; its context is that of the server's start."""
    if host == "::1" and not socket.has_ipv6:
        host = "127.0.0.1"
    token = who.set("the starter")
    server = make(application(), host=host)
    async with TestClient(server) as client:
        who.reset(token)
        who.set("the client")
        shown = "[::1]" if host == "::1" else host
        seen = await (await client.get("/where")).json()
        ip = "127.0.0.1" if host == "localhost" else host
        assert seen == [
            f"http://{shown}:{server.port}/where",
            f"{shown}:{server.port}",
            "http",
            False,
            ip,
            ip,
            "the starter",
        ]
        assert (server.host, client.host, client.port) == (ip, ip, server.port)
        assert str(server.make_url("/where")) == f"http://{shown}:{server.port}/where"


async def test_https():
    """A scheme is all that https needs; no certificate is asked for."""
    async with TestClient(WireServer(application(), scheme="https")) as client:
        seen = await (await client.get("/where")).json()
    assert seen[2:4] == ["https", True]


async def test_a_handler():
    """A handler alone is served as `RawTestServer` serves it."""

    async def handler(request):
        return web.Response(text=f"{type(request).__name__} {request.method} {request.path}")

    for server in (RawTestServer(handler), WireServer(handler)):
        async with TestClient(server) as client:
            assert await (await client.put("/a/b")).text() == "BaseRequest PUT /a/b"
            assert client.app is None


async def test_other_applications():
    """A `web.Server` and an ASGI application are served, too."""

    async def handler(request):
        return web.Response(text="a server")

    async def asgi(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"asgi"})

    for app, text in ((web.Server(handler), "a server"), (asgi, "asgi")):
        async with TestClient(WireServer(app)) as client:
            assert await (await client.get("/")).text() == text


async def test_what_can_not_be_served():
    """Anything else is refused on the line that made it."""
    with pytest.raises(aiohttpretty.OptionTypeError) as caught:
        WireServer(7)
    assert str(caught.value) == (
        "WireServer(7): that can't be served. Give an aiohttp.web.Application, a handler (a coroutine function that "
        "takes a request and returns a response), a web.Server, or an ASGI or WSGI application."
    )


async def test_start_and_end(make):
    """Starting twice and closing twice is once; afterwards it has no address, and is closed."""
    told = []
    server = make(application(told))
    assert isinstance(server, BaseTestServer)
    assert not server.started
    await server.start_server()
    await server.start_server()
    assert (server.started, server.closed, told) == (True, False, ["started"])
    assert isinstance(server.handler, web.Server)
    await server.close()
    await server.close()
    assert (server.closed, server.port, told) == (True, None, ["started", "ended"])


async def test_an_application_that_can_not_start(make):
    """What its start raises is raised where the server is started, and nothing stays switched on."""

    async def failing(app):
        raise LookupError("no database")

    app = application()
    app.on_startup.append(failing)
    before = aiohttp.ClientSession._request
    with pytest.raises(LookupError, match="no database"):
        await make(app).start_server()
    assert aiohttp.ClientSession._request is before


async def test_no_socket(monkeypatch):
    """Nothing listens, and nothing connects."""

    def refuse(*args, **kwargs):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    async with TestClient(WireServer(application())) as client:
        assert await (await client.get("/visits")).text() == "1"


async def test_any_session(make):
    """Any session of the event loop reaches it, one that was open before as well, by name and by number."""
    async with aiohttp.ClientSession() as session, make(application(), host="localhost") as server:
        for url in (server.make_url("/visits"), f"http://127.0.0.1:{server.port}/visits"):
            async with session.get(url) as response:
                assert response.status == 200


async def test_several_at_once(make):
    """Each has an address of its own."""
    async with make(application()) as one, make(application()) as other, aiohttp.ClientSession() as session:
        assert one.port != other.port
        async with session.post(one.make_url("/notes"), data="mine") as response:
            assert response.status == 200
        async with session.get(other.make_url("/notes/0")) as response:
            assert response.status == 404
    assert aiohttpretty.calls == []


async def test_a_port_of_its_own():
    """A port that is asked for is the one that is shown."""
    async with WireServer(application(), port=8080) as server:
        assert str(server.make_url("/")) == "http://127.0.0.1:8080/"


async def test_closed_with_requests_under_way(make):
    """Closing ends a handler that waits for ever, and its client is told; nothing is left behind."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def waiting(request):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    before = asyncio.all_tasks()
    server = make(waiting_application(waiting))
    await server.start_server(shutdown_timeout=0.01)
    async with TestClient(server) as client:
        request = asyncio.ensure_future(client.post("/"))  # which nobody tries again
        await begun.wait()
        await server.close()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await request
        await asyncio.wait_for(ended.wait(), 30)
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_the_client_goes(make):
    """A handler is cancelled when its client goes, as aiohttp's test server has it."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def waiting(request):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with TestClient(make(waiting_application(waiting))) as client:
        request = asyncio.ensure_future(client.get("/"))
        await begun.wait()
        request.cancel()
        await asyncio.wait_for(ended.wait(), 30)


def waiting_application(handler):
    app = web.Application()
    app.router.add_route("*", "/", handler)
    return app


async def test_beside_a_mock(make):
    """The application's own requests are mocked, whichever was there first; the mock does not see the client's."""
    aiohttpretty.register_uri("GET", BEHIND, body="7")
    with aiohttpretty.activate():
        async with TestClient(make(application())) as client:
            assert await (await client.get("/price")).text() == "costs 7"
    async with TestClient(make(application())) as client:
        with aiohttpretty.activate():
            assert await (await client.get("/price")).text() == "costs 7"
    assert [str(call.url) for call in aiohttpretty.calls if not call.passed_through] == [BEHIND, BEHIND]


async def test_all_other_requests():
    """Nothing else is answered or recorded: what no mock knows goes out, unless a mock is there that minds."""
    async with (
        TestServer(application()) as real,
        WireServer(application()) as server,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(real.make_url("/where")) as response:
            assert (await response.json())[0] == str(real.make_url("/where"))
        assert server.calls == []
        with aiohttpretty.activate():
            with pytest.raises(aiohttpretty.NoMatchError):
                await session.get(BEHIND)
            async with session.get(server.make_url("/visits")) as response:
                assert await response.text() == "1"
        assert [str(one.url) for one in aiohttpretty.unmatched] == [BEHIND]
        aiohttpretty.unmatched.clear()
    assert aiohttpretty.calls == []


async def test_redirects_there_and_back():
    """A redirect from a real server to this one is followed, and one back."""

    async def there(request):
        raise web.HTTPFound(server.make_url("/back"))

    async def back(request):
        raise web.HTTPFound(real.make_url("/where"))

    one, other = application(), application()
    one.router.add_get("/there", there)
    other.router.add_get("/back", back)
    async with TestServer(one) as real, WireServer(other) as server, aiohttp.ClientSession() as session:
        async with session.get(real.make_url("/there")) as response:
            assert (await response.json())[0] == str(real.make_url("/where"))
            assert [hop.url.port for hop in response.history] == [real.port, server.port]


@pytest.mark.aiohttpretty
async def test_with_the_marker(make):
    """A marked test of an application mocks what that asks for."""
    aiohttpretty.register_uri("GET", BEHIND, body="7")
    async with TestClient(make(application())) as client:
        assert await (await client.get("/price")).text() == "costs 7"


async def test_nobody_is_left(make):
    """After it, aiohttp is as it was before."""
    before = aiohttp.ClientSession._request
    async with TestClient(make(application())) as client:
        await client.get("/visits")
    assert aiohttp.ClientSession._request is before


async def test_its_calls():
    """It tells what it has answered, as a registry does."""
    async with TestClient(WireServer(application())) as client:
        await client.post("/notes", data="remember")
        assert [(call.method, call.url.path, call.status, call.body) for call in client.server.calls] == [
            ("POST", "/notes", 303, b"remember"),
            ("GET", "/notes/0", 200, b""),
        ]


async def test_forgotten():
    """One that nobody closed switches itself off when it dies, and says so."""
    before = aiohttp.ClientSession._request
    gc.collect()  # what others have forgotten
    server = WireServer(application())
    await server.start_server()
    address = str(server.make_url("/"))[:-1]
    await server.runner.cleanup()
    with pytest.warns(ResourceWarning) as caught:
        del server
        gc.collect()
    assert [str(one.message) for one in caught] == [
        f"The WireServer at {address} was not closed. Await its close(), or use it in an async with block."
    ]
    assert aiohttp.ClientSession._request is before


def test_in_a_test_case_of_unittest():
    """aiohttp's own test case takes it from `get_server`."""

    class Case(AioHTTPTestCase):
        async def get_application(self):
            return application()

        async def get_server(self, app):
            return WireServer(app)

        async def test_visits(self):
            assert isinstance(self.server, WireServer)
            async with self.client.get("/visits") as response:
                assert await response.text() == "1"

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])
