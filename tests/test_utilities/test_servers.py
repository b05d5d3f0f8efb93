"""`TestServer`, `RawTestServer` and `TestClient` on real ports, beside an active registry; and nothing else there."""

import asyncio
import socket
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient, TestServer, unused_port

import aiohttpretty
from aiohttpretty import NoMatchError

from .shop import PRICES, RATE, application, raw


@pytest.fixture
async def client(active):
    async with TestClient(TestServer(application())) as client:
        yield client


async def test_get(client):
    """The application is reached on its port, and what it asks for itself is mocked."""
    async with client.get("/prices/tea") as response:
        assert (response.status, await response.json()) == (200, {"price": 200})
    assert client.port == client.server.port > 1024
    aiohttpretty.assert_calls([("GET", RATE)])


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
async def test_each_method(client, method):
    """Each method of the client's reaches the application, with its body; so does `request`."""
    for response in (
        await getattr(client, method)("/described", data="said"),
        await client.request(method.upper(), "/described", data="said"),
    ):
        assert response.headers["X-Method"] == method.upper()
        assert await response.text() == ("" if method == "head" else f"{method.upper()} said")
    assert len(aiohttpretty.calls) == 0


async def test_ws_connect(client):
    """A websocket to the application is a real one, and what its handler asks for is mocked."""
    async with client.ws_connect("/ticker") as ws:
        await ws.send_str("tea")
        assert await ws.receive_json(timeout=20) == {"name": "tea", "price": 200}
    assert ws.close_code == 1000
    aiohttpretty.assert_calls([("GET", RATE)])


async def test_the_application_can_be_seen(client):
    """The test may change the state of the application and see what requests have changed, as without a mock."""
    assert client.app is client.server.app
    client.server.app[PRICES]["coffee"] = 7
    async with client.get("/prices/coffee") as response:
        assert await response.json() == {"price": 14}
    async with client.put("/prices/coffee", json={"price": 8}) as response:
        assert response.status == 201
    assert client.app[PRICES] == {"tea": 100, "coffee": 8}
    assert client.session.cookie_jar.filter_cookies(client.make_url("/"))["changed"].value == "coffee"


async def test_redirects(client):
    """A redirect may stay in the application, or lead to what is mocked."""
    async with client.get("/moved") as response:
        assert (response.url.path, await response.json()) == ("/prices/tea", {"price": 200})
    async with client.get("/away") as response:
        assert (str(response.url), await response.json()) == (RATE, {"rate": 2})
    moved, price, away = aiohttpretty.calls.to_test_servers
    assert (price.redirected_from, aiohttpretty.calls[-1].redirected_from) == (moved, away)


async def test_the_last_hop_is_named(client):
    """The answer that led to a lost hop is the last one, be it the application's or mocked."""
    for start, asked, by in (
        (client.make_url("/nowhere"), client.make_url("/nowhere"), "the real server"),
        ("https://api.example.com/in", client.make_url("/nowhere"), "the real server"),
        (client.make_url("/away"), RATE, "the route at"),
    ):
        for uri, to in (("https://api.example.com/in", client.make_url("/nowhere")), (RATE, "/nowhere")):
            aiohttpretty.register_uri("GET", uri, status=302, location=str(to))
        with pytest.raises(NoMatchError) as caught:
            await client.session.get(start)
        said = " ".join(str(caught.value).split())
        assert f"this is a hop of a redirect. GET {asked} was answered with 302, by {by}" in said


async def test_an_application_that_fails(client):
    """An API that is not mocked is a bug of the test: a 500 of the application, and in `unmatched`."""
    aiohttpretty.clear()
    async with client.get("/prices/tea") as response:
        assert response.status == 500
    [record] = aiohttpretty.unmatched
    assert str(record.url) == RATE
    assert str(record.asked_at).partition(":")[0].endswith("shop.py")


async def test_a_raw_server(active, session):
    """A handler without an application is reached, too, by a client and by any session."""
    async with RawTestServer(raw) as server:
        async with session.get(server.make_url("/a")) as response:
            assert await response.json() == {"path": "/a", "rate": 2}
        async with TestClient(server) as client, client.get("/b") as response:
            assert await response.json() == {"path": "/b", "rate": 2}
            assert client.app is None
    aiohttpretty.assert_called("GET", RATE, times=2)


async def test_a_registered_address_wins(client):
    """What is registered at the address of such a server is mocked, and is a call as any other."""
    route = aiohttpretty.register_json_uri("GET", client.make_url("/prices/tea"), body={"price": 1})
    async with client.get("/prices/tea") as response:
        assert await response.json() == {"price": 1}
    assert (route.call_count, len(aiohttpretty.calls), len(aiohttpretty.calls.to_test_servers)) == (1, 1, 0)


async def test_over_tls(active):
    """A server with a certificate is reached by a client that trusts it."""
    authority = trustme.CA()
    serves, trusts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(serves)
    authority.configure_trust(trusts)
    server = TestServer(application())
    await server.start_server(ssl=serves)
    async with TestClient(server) as client:
        assert client.make_url("/").scheme == "https"
        async with client.get("/prices/tea", ssl=trusts) as response:
            assert await response.json() == {"price": 200}
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.get("/prices/tea")


async def test_an_unused_port(active, session):
    """At an `unused_port` nobody is reached until a server is there, and not when it has gone."""
    port = unused_port()
    url = f"http://127.0.0.1:{port}/prices/tea"
    for _ in range(2):
        with pytest.raises(NoMatchError):
            await session.get(url)
        async with TestServer(application(), port=port) as server:
            assert server.port == port
            async with session.get(url) as response:
                assert await response.json() == {"price": 200}
    with pytest.raises(NoMatchError):
        await session.get(url)


async def test_another_one_at_the_port_of_one_that_has_gone(active, session):
    """What listens where such a server was is a stranger."""
    port = unused_port()
    async with TestServer(application(), port=port), session.get(f"http://127.0.0.1:{port}/described") as response:
        assert response.status == 200
    asked = []
    async with await asyncio.start_server(
        lambda *streams: asked.append(streams), "127.0.0.1", port, reuse_address=True
    ):
        with pytest.raises(NoMatchError):
            await session.get(f"http://127.0.0.1:{port}/described")
    assert asked == []


@pytest.fixture(params=["asyncio.start_server", "TCPSite", "SockSite", "a thread"])
async def stranger(request):
    """A server of this process that is none of aiohttp's test tools: its address, and what it was asked."""
    asked = []

    async def handler(request):
        asked.append(request.path)
        return web.Response()

    def streams(reader, writer):
        asked.append(reader)
        writer.close()

    if request.param == "asyncio.start_server":
        async with await asyncio.start_server(streams, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1], asked
        return
    if request.param == "a thread":
        with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server.server_port, asked
            server.shutdown()
            thread.join()
        return
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    try:
        if request.param == "TCPSite":
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        else:
            await web.SockSite(runner, socket.create_server(("127.0.0.1", 0))).start()
        yield runner.addresses[0][1], asked
    finally:
        await runner.cleanup()


async def test_no_other_server_of_this_process(stranger, client, session):
    """Nothing else on loopback is reached, though a server of the test tools runs beside it; the report says how."""
    port, asked = stranger
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(NoMatchError) as caught:
            await session.get(f"http://{host}:{port}/")
        assert f"write aiohttpretty.passthrough('{host}:{port}')." in " ".join(str(caught.value).split())
    assert asked == []


async def test_no_server_of_another_process(client, session):
    """A server that this process has not started is not reached either."""
    serve = "import socket; server = socket.create_server(('127.0.0.1', 0)); print(server.getsockname()[1]); input()"
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    child = await asyncio.create_subprocess_exec(sys.executable, "-u", "-c", serve, **pipes)
    try:
        port = int(await child.stdout.readline())
        with pytest.raises(NoMatchError):
            await session.get(f"http://127.0.0.1:{port}/")
    finally:
        await child.communicate(b"\n")


async def test_two_applications(active):
    """One application may ask another, each behind a server of its own, and both what is mocked."""
    async with TestServer(application()) as behind:

        async def ask(request):
            async with aiohttp.ClientSession() as session, session.get(behind.make_url("/prices/tea")) as response:
                return web.json_response({"total": 3 * (await response.json())["price"]})

        front = web.Application()
        front.router.add_get("/total", ask)
        async with TestClient(TestServer(front)) as client, client.get("/total") as response:
            assert await response.json() == {"total": 600}
    aiohttpretty.assert_calls([("GET", RATE)])
    assert [call.url.path for call in aiohttpretty.calls.to_test_servers] == ["/total", "/prices/tea"]


async def test_without_the_mock(client):
    """When the mock is gone, the client goes on, on the same connections."""
    async with client.get("/prices/tea") as response:
        assert await response.json() == {"price": 200}
    [[kept, *none]] = client.session.connector._conns.values()
    aiohttpretty.deactivate()
    try:
        async with client.get("/described") as response:
            assert response.status == 200
        [[again, *none]] = client.session.connector._conns.values()
        assert (again[0] is kept[0], none) == (True, [])
    finally:
        aiohttpretty.activate()
