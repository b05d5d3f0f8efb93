"""What is let through to the real network, over real sockets; and that nothing else is."""

import asyncio
import gc
import re
import socket
import sys
import threading
import weakref
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import AioHTTPTestCase, RawTestServer, TestClient, TestServer
from settling import settle

import aiohttpretty
from aiohttpretty import AioHTTPretty, DeactivatedError, NoMatchError, ResponsesExhausted, match, patch

URI = "http://example.com/"
PATIENCE = 20


@pytest.fixture(autouse=True)
def escapes():
    """In here, requests may reach this machine."""
    return []


@pytest.fixture(autouse=True)
def nothing_is_complained_of(complaints):
    """The event loop has nothing to complain of."""


class Real:
    """A server on a real port, which is none of aiohttp's test tools; it says what it was asked."""

    def __init__(self):
        self.asked = []
        self.goes_on = asyncio.Event()
        self.arrived = asyncio.Event()
        self.base = ""

    async def answer(self, request):
        self.asked.append(f"{request.method} {request.path_qs}")
        self.arrived.set()
        if request.path == "/ws":
            ws = web.WebSocketResponse()
            await ws.prepare(request)
            async for message in ws:
                await ws.send_str(message.data.upper())
            return ws
        if request.path == "/to":
            raise web.HTTPFound(request.query["at"])
        if request.path == "/wait":
            await self.goes_on.wait()
            raise web.HTTPFound("/after")
        if request.path == "/cut" and len(self.asked) == 2:  # on a connection that was good for one request
            request.transport.abort()
        return web.Response(body=b"real " + await request.content.read(), status=201, headers={"X-Real": "yes"})


@asynccontextmanager
async def listening():
    real = Real()
    runner = web.ServerRunner(web.Server(real.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    real.host = f"127.0.0.1:{runner.addresses[0][1]}"
    real.base = f"http://{real.host}"
    try:
        yield real
    finally:
        real.goes_on.set()
        await runner.cleanup()


@pytest.fixture
async def real():
    async with listening() as real:
        yield real


@pytest.fixture
async def session():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session:
        yield session


async def text(awaitable):
    async with awaitable as response:
        return await response.text()


async def test_only_what_is_named(real, session, active):
    """A host that is passed through is reached; another server of this process is not, and the hint says how."""
    async with listening() as other:
        aiohttpretty.passthrough(real.host)
        assert await text(session.post(f"{real.base}/a", data=b"body")) == "real body"
        with pytest.raises(NoMatchError) as caught:
            await session.get(f"{other.base}/a")
        assert (
            f"Cause: {other.host} is a server of this process, and a mock that is active stands before it, too. To let "
            f"requests through to it, write aiohttpretty.passthrough('{other.host}'). Or register the address."
        ) in " ".join(str(caught.value).split())
        assert (real.asked, other.asked) == (["POST /a"], [])
        aiohttpretty.passthrough(other.host)  # adds
        assert [await text(session.get(one.base)) for one in (real, other)] == ["real ", "real "]
        aiohttpretty.clear()
        with pytest.raises(NoMatchError):
            await session.get(real.base)


async def test_the_real_connector_is_untouched(real):
    """The session's own connector makes and keeps the connection, by its own `connect`, also an overridden one."""
    seen = []

    class Connector(aiohttp.TCPConnector):
        async def connect(self, req, traces, timeout):
            seen.append(req.url.path)
            return await super().connect(req, traces, timeout)

    async with aiohttp.ClientSession(connector=Connector()) as session:
        with aiohttpretty.activate(passthrough=[real.host]):
            aiohttpretty.register_uri("GET", URI)
            await text(session.get(f"{real.base}/a"))
            await text(session.get(URI))
            await text(session.get(f"{real.base}/b"))
            [[kept, *none]] = session.connector._conns.values()
            assert (type(kept[0]), none) == (aiohttp.client_proto.ResponseHandler, [])
        assert "connect" not in session.connector.__dict__
        # the pool is as it was: what was opened under the mock serves after it
        await text(session.get(f"{real.base}/d"))
        [[again, *none]] = session.connector._conns.values()
        assert again[0] is kept[0]
    assert seen == ["/a", "/b", "/d"]


async def test_hops(real, session, active):
    """Redirects lead from a mocked address to a real one and back: each hop in its own world."""
    aiohttpretty.passthrough(real.host)
    aiohttpretty.register_uri("GET", f"{URI}out", status=302, location=f"{real.base}/to?at={URI}in")
    aiohttpretty.register_uri("GET", f"{URI}in", body="mocked")
    async with session.get(f"{URI}out") as response:
        assert await response.text() == "mocked"
        assert [each.status for each in response.history] == [302, 302]
    first, second, third = aiohttpretty.calls
    assert [call.passed_through for call in aiohttpretty.calls] == [False, True, False]
    assert [call.status for call in aiohttpretty.calls] == [302, 302, 200]
    assert (second.redirected_from, third.redirected_from) == (first, second)
    with pytest.raises(NoMatchError) as caught:
        await session.get(f"{real.base}/to?at={URI}nowhere")
    assert (
        f"this is a hop of a redirect. GET {real.base}/to?at={URI}nowhere was answered with 302, by the real server, "
        "and aiohttp followed its Location."
    ) in " ".join(str(caught.value).split())


async def test_the_record(real, session, active):
    """It is in `calls`, with what was about to be sent, what came back, who asked, and without a route."""
    aiohttpretty.passthrough(lambda url: True)
    aiohttpretty.register_uri("GET", URI)
    assert await text(session.post(f"{real.base}/a?b=1", json={"c": 2}, headers={"X": "1"})) == 'real {"c": 2}'
    await text(session.get(URI))
    call, mocked = aiohttpretty.calls
    assert (call.passed_through, mocked.passed_through) == (True, False)
    assert (call.route, call.status, call.error, call.duration) == (None, 201, None, None)
    assert (call.match_info, call.groups) == ({}, ())
    assert call.response_headers["X-Real"] == "yes"
    assert (call.request_headers["X"], call.json()) == ("1", {"c": 2})
    assert (call["method"], call["uri"], call["json"]) == ("POST", f"{real.base}/a?b=1", {"c": 2})
    assert str(call.asked_at).partition(":")[0].endswith("test_passthrough.py")
    assert repr(call) == f"<Call POST {real.base}/a?b=1 -> 201, passed through>"
    assert "  route     none, it was passed through to the network\n" in call.describe()
    assert aiohttpretty.has_call(f"{real.base}/a", check_params=False, json={"c": 2})
    aiohttpretty.assert_called("POST", f"{real.base}/a", params={"b": 1}, match=match.json({"c": 2}), times=1)
    assert aiohttpretty.calls.matching("POST", f"{real.base}/a?b=1") == [call]
    aiohttpretty.assert_calls([("POST", f"{real.base}/a?b=1"), ("GET", URI)])
    aiohttpretty.assert_all_called()
    assert mocked.route.call_count == 1
    with pytest.raises(aiohttpretty.VerificationError, match="got nothing: it was passed through"):
        aiohttpretty.register_uri("POST", f"{real.base}/a?b=1").assert_called()


async def test_a_stream_is_not_read(real, session, active):
    """The record of a stream has its head; who asks for the body is told why it isn't known."""

    async def stream():
        yield b"streamed"

    aiohttpretty.passthrough(real.host)
    assert await text(session.post(f"{real.base}/a", data=stream())) == "real streamed"
    [call] = aiohttpretty.calls
    assert call.request_headers["Transfer-Encoding"] == "chunked"
    with pytest.raises(aiohttpretty.BodyNotKeptError) as caught:
        call.text()
    assert str(caught.value) == (
        f"The body of POST {real.base}/a is not known: the request was passed through, and its body was a stream, or "
        "was compressed on the way, which only the real server gets to see. Look at what the caller passed, "
        "call['data'], or register the address to have all of it."
    )
    assert call.body_start == b""
    for name in ("body_size", "body_digest"):
        with pytest.raises(aiohttpretty.BodyNotKeptError):
            getattr(call, name)
    assert (
        "\n\n  (a body that is not known: a stream, or one that is compressed on its way)\nAnswer:" in call.describe()
    )


@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
@pytest.mark.parametrize("size", [1024 * 1024, 1024 * 1024 + 1])
@pytest.mark.parametrize("keeps", [False, True])
async def test_a_large_body(real, session, size, keeps):
    """Of a large body as much is kept as of one that is mocked."""
    with aiohttpretty.activate(passthrough=[real.host], keep_bodies=keeps):
        await text(session.post(f"{real.base}/a", data=b"x" * size))
    [call] = aiohttpretty.calls
    assert (call.body_size, len(call.body_start)) == (size, 65536)
    if keeps or size <= 1024 * 1024:
        assert call.body == b"x" * size
    else:
        with pytest.raises(aiohttpretty.BodyNotKeptError):
            call.body


async def test_an_error_of_the_network(session, active):
    """What the network raises reaches the caller as without a mock, and is in the record."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    aiohttpretty.passthrough(f"127.0.0.1:{port}")
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await session.get(f"http://127.0.0.1:{port}/")
    assert caught.value.__context__ is caught.value.__cause__ is caught.value.os_error
    [call] = aiohttpretty.calls
    assert (call.error.kind, call.status) == (aiohttp.ClientConnectorError, None)
    assert repr(call) == f"<Call GET http://127.0.0.1:{port}/ -> ClientConnectorError, passed through>"


async def test_a_status_that_raises(real, active):
    """With raise_for_status, the record has the status, and no error: an answer came."""
    aiohttpretty.passthrough(real.host)
    async with aiohttp.ClientSession(raise_for_status=_refuse) as session:
        with pytest.raises(LookupError):
            await session.get(real.base)
    [call] = aiohttpretty.calls
    assert (call.status, call.error) == (201, None)


async def _refuse(response):
    raise LookupError(response.status)


async def test_a_second_attempt(real, session, active):
    """aiohttp's silent second attempt goes out, too, and is told apart."""
    aiohttpretty.passthrough(real.host)
    await text(session.get(f"{real.base}/first"))
    assert await text(session.get(f"{real.base}/cut")) == "real "
    assert [(call.url.path, call.status, call.attempt) for call in aiohttpretty.calls] == [
        ("/first", 201, 1),
        ("/cut", None, 1),
        ("/cut", 201, 2),
    ]


async def test_a_websocket(real, session, active):
    """A websocket is passed through, and lives on when the mock is gone."""
    aiohttpretty.passthrough("127.0.0.0/8")
    async with session.ws_connect(f"{real.base}/ws") as ws:
        aiohttpretty.deactivate()
        await ws.send_str("said")
        assert await ws.receive_str(timeout=PATIENCE) == "SAID"
    [call] = aiohttpretty.calls
    assert (call.status, call.passed_through) == (101, True)


async def test_through_a_proxy(real, active):
    """A request to a host that is passed through takes the proxy that the client says."""
    aiohttpretty.passthrough("proxied.test")
    async with aiohttp.ClientSession() as session:
        assert await text(session.get("http://proxied.test/a", proxy=real.base)) == "real "
        assert len(real.asked) == 1
        # the host decides, not the proxy
        aiohttpretty.clear()
        aiohttpretty.passthrough(real.host)
        with pytest.raises(NoMatchError):
            await session.get("http://proxied.test/a", proxy=real.base)
    assert len(real.asked) == 1


async def test_routes_come_first(real, session, active):
    """A registered address is answered, a removed one passes; one that is used up was mocked on purpose."""
    aiohttpretty.passthrough(real.host)
    route = aiohttpretty.register_uri("GET", f"{real.base}/a", body="mocked")
    aiohttpretty.register_uri("GET", f"{real.base}/once", responses=[{"body": "one"}])
    assert await text(session.get(f"{real.base}/a")) == "mocked"
    assert await text(session.post(f"{real.base}/a")) == "real "
    assert await text(session.get(f"{real.base}/once")) == "one"
    with pytest.raises(ResponsesExhausted):
        await session.get(f"{real.base}/once")
    route.remove()
    assert await text(session.get(f"{real.base}/a")) == "real "
    assert real.asked == ["POST /a", "GET /a"]


async def test_matchers_decide_before(real, session, active):
    """Where a route has matchers, a request that it refuses goes out, one that it accepts is answered."""
    asked = []

    def by_hand(request):
        asked.append((request.method, request["headers"]["X"], request.match_info["name"]))
        return request["headers"]["X"] == "1"

    aiohttpretty.passthrough(real.host)
    aiohttpretty.register_uri("POST", f"{real.base}/json", match=match.json({"a": 1}), body="mocked")
    aiohttpretty.register_uri("POST", f"{real.base}/by/{{name}}", match=by_hand, body="mocked")
    for a, answer in ((1, "mocked"), (2, 'real {"a": 2}'), (1, "mocked")):
        assert await text(session.post(f"{real.base}/json", json={"a": a})) == answer
    for x, answer in (("1", "mocked"), ("2", "real ")):
        assert await text(session.post(f"{real.base}/by/hand", headers={"X": x})) == answer
    assert set(asked) == {("POST", "1", "hand"), ("POST", "2", "hand")}
    assert [call.passed_through for call in aiohttpretty.calls] == [False, True, False, False, True]
    # a route without matchers behind them answers what they refuse
    aiohttpretty.register_uri("POST", f"{real.base}/json", body="behind")
    assert await text(session.post(f"{real.base}/json", json={"a": 2})) == "behind"


async def test_matchers_and_streams(real, session, active):
    """What hangs on a stream is for the routes: it can't be known before the request is under way."""

    async def stream(said):
        yield said

    aiohttpretty.passthrough(real.host)
    matchers = [match.headers({"X": "1"}), match.body(b"expected")]
    aiohttpretty.register_uri("POST", real.base, match=matchers, body="mocked")
    assert await text(session.post(real.base, data=stream(b"expected"), headers={"X": "1"})) == "mocked"
    assert await text(session.post(real.base, data=stream(b"other"), headers={"X": "2"})) == "real other"
    with pytest.raises(NoMatchError) as caught:
        await session.post(real.base, data=stream(b"other"), headers={"X": "1"})
    assert (
        "Cause: 127.0.0.1 is passed through, but a route for this address looks at the body, which is a stream: when "
        "it was known, the request was under way to the routes. Have a matcher before that one refuse the request, or "
        "send bytes."
    ) in " ".join(str(caught.value).split())
    assert real.asked == ["POST /"]


async def test_another_registry_lets_it_through(real, session):
    """Any of the active registries may let it through; it is recorded there. None of their routes answers it."""
    one, other = AioHTTPretty(passthrough=[real.host]), AioHTTPretty()
    with one.activate(), other.activate():
        other.register_uri("GET", f"{real.base}/mocked", body="other", match=match.headers({"X": "1"}))
        assert await text(session.get(f"{real.base}/a")) == "real "
        assert await text(session.get(f"{real.base}/mocked")) == "real "
        assert await text(session.get(f"{real.base}/mocked", headers={"X": "1"})) == "other"
        with pytest.raises(NoMatchError):
            await session.get(URI)
    assert [len(registry.calls) for registry in (one, other)] == [2, 1]


async def test_the_closest_setting_wins(real, session):
    """An inner activation says it otherwise than the outer one; what `passthrough()` adds holds beside both."""
    with aiohttpretty.activate(passthrough=[real.host]):
        await text(session.get(real.base))
        with aiohttpretty.activate(passthrough=[]):
            with pytest.raises(NoMatchError):
                await session.get(real.base)
            aiohttpretty.passthrough(real.host)
            await text(session.get(real.base))
            aiohttpretty.clear()
        await text(session.get(real.base))
    assert len(real.asked) == 3


async def test_deactivated_meanwhile(real, session):
    """What is on its way on the network comes back; its redirect is neither let out nor answered by a later mock."""
    with aiohttpretty.activate(passthrough=[real.host]):
        task = asyncio.create_task(session.get(f"{real.base}/wait"))
        await asyncio.wait_for(real.arrived.wait(), PATIENCE)
    with aiohttpretty.activate(passthrough=[real.host]):
        aiohttpretty.register_uri("GET", f"{real.base}/after")
        real.goes_on.set()
        with pytest.raises(DeactivatedError):
            await task
    assert real.asked == ["GET /wait"]
    [call] = aiohttpretty.calls
    assert (call.status, call.error) == (302, None)
    # the connector is free of us, though the request outlived the activation
    assert "connect" not in session.connector.__dict__


async def test_a_response_outlives_the_mock(real, session):
    """A response whose body is still to be read is read to its end after deactivate()."""
    with aiohttpretty.activate(passthrough=[real.host]):
        response = await session.post(real.base, data=b"x" * 1_000_000)
    assert len(await response.read()) == 1_000_005


async def test_it_waits_for_nobody(real, active):
    """The real pool and the mock's are two: a full one does not hold up the other."""
    aiohttpretty.passthrough(real.host)
    aiohttpretty.register_uri("GET", URI, body="mocked")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        task = asyncio.create_task(session.get(f"{real.base}/wait", allow_redirects=False))
        await asyncio.wait_for(real.arrived.wait(), PATIENCE)
        assert await text(session.get(URI)) == "mocked"
        real.goes_on.set()
        (await task).release()


async def test_removed_while_it_waited(real, active):
    """A route that goes while its request waits for a connection leaves it to the network."""
    aiohttpretty.passthrough(real.host)
    aiohttpretty.register_uri("GET", f"{real.base}/held", body=asyncio.StreamReader())
    route = aiohttpretty.register_uri("GET", real.base)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        held = await session.get(f"{real.base}/held")
        task = asyncio.create_task(text(session.get(real.base)))
        await settle()
        route.remove()
        held.close()
        assert await asyncio.wait_for(task, PATIENCE) == "real "


async def test_fake_request(real):
    """Without a session, the real resolver is asked, and the real connection closed."""
    own = AioHTTPretty(passthrough=["localhost", real.host])
    for host in (real.host, real.host.replace("127.0.0.1", "localhost")):
        response = await own.fake_request("POST", f"http://{host}/", data=b"x")
        assert await response.text() == "real x"
    assert [call.passed_through for call in own.calls] == [True, True]


async def test_nothing_stays(real):
    """A session that passed something through is forgotten as any other."""
    session = aiohttp.ClientSession()
    with aiohttpretty.activate(passthrough=[real.host]):
        await text(session.get(real.base))
    await session.close()
    gone = weakref.ref(session), weakref.ref(session.connector or session)
    del session
    gc.collect()
    assert [one() for one in gone] == [None, None]


async def test_many_at_once(real, session, active):
    """A thousand at once, mocked and passed through, each get their own answer."""
    aiohttpretty.passthrough(real.host)
    aiohttpretty.register_uri("POST", URI, handler=_echo)
    answers = await asyncio.gather(
        *(text(session.post((URI, real.base)[number % 2], data=str(number))) for number in range(1000))
    )
    assert answers == [f"{('mocked', 'real')[number % 2]} {number}" for number in range(1000)]


async def _echo(request):
    return web.Response(text=f"mocked {await request.text()}")


async def test_it_can_be_waited_for(real, session, active):
    """`wait_for_call` sees what is passed through."""
    aiohttpretty.passthrough(real.host)
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("GET", real.base, timeout=PATIENCE))
    await settle()
    await text(session.get(real.base))
    assert (await waiting).passed_through


# -- servers of aiohttp.test_utils


async def hello(request):
    return web.Response(text=f"from {request.path}")


async def external(request):
    """A handler that asks somebody else for what it says."""
    async with aiohttp.ClientSession() as session, session.get(URI) as response:
        return web.Response(text=f"said {await response.text()}")


def application():
    app = web.Application()
    app.router.add_get("/external", external)
    app.router.add_get("/{name}", hello)
    return app


async def test_the_common_case(active):
    """An application behind a `TestClient`, which asks an external API that is mocked: no setting is needed."""
    aiohttpretty.register_uri("GET", URI, body="mocked")
    async with TestClient(TestServer(application())) as client:
        response = await client.get("/external")
        assert await response.text() == "said mocked"
        assert client.app is client.server.app
    assert [call.passed_through for call in aiohttpretty.calls] == [False]
    assert [call.passed_through for call in aiohttpretty.calls.to_test_servers] == [True]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1"])
async def test_servers_of_the_test_tools(raw, host, session, real, active):
    """They are reached by any session, and by each name of this machine; not what listens beside or after them."""
    async with RawTestServer(hello, host=host) if raw else TestServer(application(), host=host) as server:
        url = server.make_url("/a")
        assert await text(session.get(url)) == "from /a"
        if host != "::1":
            assert await text(session.get(url.with_host("localhost"))) == "from /a"
        with pytest.raises(NoMatchError):
            await session.get(url.with_host("127.9.9.9") if host != "0.0.0.0" else url.with_host("example.com"))
        with pytest.raises(NoMatchError):
            await session.get(real.base)
        route = aiohttpretty.register_uri("GET", url, body="mocked")
        assert await text(session.get(url)) == "mocked"
        route.remove()
    with pytest.raises(NoMatchError):
        await session.get(url)


async def test_of_a_class_of_ones_own(active):
    """So is one of a class that inherits from theirs."""

    class Own(TestServer):
        pass

    async with Own(application()) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        assert await text(session.get("/own")) == "from /own"


async def test_started_before_and_after(session):
    """When it was started makes no difference."""
    async with TestServer(application()) as before:
        with aiohttpretty.activate():
            async with TestServer(application()) as after:
                for server in (before, after, before):
                    assert await text(session.get(server.make_url("/a"))) == "from /a"


async def test_not_through_a_proxy(real, session, active):
    """By itself nothing leaves this process: not by way of a proxy either, unless that is such a server, too."""
    async with TestServer(application()) as server, RawTestServer(hello) as proxy:
        with pytest.raises(NoMatchError):
            await session.get(server.make_url("/a"), proxy=real.base)
        assert await text(session.get(server.make_url("/a"), proxy=proxy.make_url("/"))) == "from /a"
    assert real.asked == []


async def test_in_another_loop(session, active):
    """A server in the event loop of another thread is one of this process."""
    started, url, over = threading.Event(), [], []

    async def serve():
        async with TestServer(application()) as server:
            url.append(server.make_url("/a"))
            over.extend([asyncio.get_running_loop(), asyncio.Event()])
            started.set()
            await over[1].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert await asyncio.to_thread(started.wait, PATIENCE)
        assert await text(session.get(url[0])) == "from /a"
    finally:
        over[0].call_soon_threadsafe(over[1].set)
        await asyncio.to_thread(thread.join)


class TestCase(AioHTTPTestCase):
    """`AioHTTPTestCase`, as it is written."""

    async def get_application(self):
        return application()

    async def test_its_client(self):
        """The client of the case reaches its application, beside what is mocked."""
        with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", URI, body="mocked")
            response = await self.client.get("/external")
            assert await response.text() == "said mocked"


async def test_without_the_test_tools(real, session, active, monkeypatch):
    """Where they are not imported, they are not asked for."""
    monkeypatch.delitem(sys.modules, "aiohttp.test_utils")
    with pytest.raises(NoMatchError):
        await session.get(real.base)
    assert "aiohttp.test_utils" not in sys.modules


async def test_matchers_beside_a_test_server(session, active):
    """At the address of such a server, too, what a route refuses goes out."""
    async with TestServer(application()) as server:
        aiohttpretty.register_uri("GET", server.make_url("/a"), match=match.headers({"X": "1"}), body="mocked")
        assert await text(session.get(server.make_url("/a"), headers={"X": "1"})) == "mocked"
        assert await text(session.get(server.make_url("/a"))) == "from /a"


# -- transparent activations


@pytest.fixture
def transparent():
    registry = AioHTTPretty()
    registry._transparent = True
    registry.register_uri("GET", URI, body="wire")
    return registry


async def test_transparent(real, session, transparent):
    """It answers what it has routes for, lets all else through, and records only what it answers."""
    with transparent.activate():
        assert await text(session.get(URI)) == "wire"
        assert await text(session.get(real.base)) == "real "
        transparent.register_uri("GET", real.base, body="wire", match=match.headers({"X": "1"}))
        assert await text(session.get(real.base)) == "real "
        assert await text(session.get(real.base, headers={"X": "1"})) == "wire"
    assert [call.passed_through for call in transparent.calls] == [False, False]
    assert transparent.unmatched == []


@pytest.mark.parametrize("first", [False, True])
async def test_transparent_beside_another(real, session, transparent, first):
    """Another registry decides what becomes of what neither answers; in whatever order they were activated."""
    order = (transparent, aiohttpretty) if first else (aiohttpretty, transparent)
    with order[0].activate(), order[1].activate():
        assert await text(session.get(URI)) == "wire"
        with pytest.raises(NoMatchError):
            await session.get(real.base)
        aiohttpretty.passthrough(real.host)
        assert await text(session.get(real.base)) == "real "
    assert (len(aiohttpretty.unmatched), len(transparent.unmatched)) == (1, 0)
    assert [len(registry.calls) for registry in (aiohttpretty, transparent)] == [1, 1]


async def test_transparent_outlives_another(real, session, transparent):
    """What began under a registry that minds is not let out when only the transparent one is left."""
    with transparent.activate():
        with aiohttpretty.activate(passthrough=[real.host]):
            task = asyncio.create_task(session.get(f"{real.base}/wait"))
            await asyncio.wait_for(real.arrived.wait(), PATIENCE)
        real.goes_on.set()
        with pytest.raises(DeactivatedError):
            await task
    assert real.asked == ["GET /wait"]


async def test_transparent_leaves_others_alone(real, session, transparent):
    """A request that has nothing to do with it goes on by its redirects when it ends."""
    with transparent.activate():
        task = asyncio.create_task(session.get(f"{real.base}/wait"))
        await asyncio.wait_for(real.arrived.wait(), PATIENCE)
    real.goes_on.set()
    async with await task as response:
        assert (response.status, response.url.path) == (201, "/after")


async def test_transparent_by_hand(real, session):
    """The interception itself can be entered so, with whoever answers."""
    registry = AioHTTPretty()
    activation = patch.enter(registry._answerer, transparent=True)
    try:
        assert await text(session.get(real.base)) == "real "
    finally:
        patch.leave(activation)
    assert registry.calls == []


async def test_a_pattern_is_asked_for_the_full_url(real, session, active):
    """A compiled pattern may let one path through."""
    aiohttpretty.passthrough(re.compile(re.escape(real.base) + "/open"))
    assert await text(session.get(f"{real.base}/open")) == "real "
    with pytest.raises(NoMatchError):
        await session.get(f"{real.base}/closed")


async def test_a_function_that_fails(session, active):
    """What a function raises reaches the caller as it is."""

    def broken(url):
        raise LookupError(url.host)

    aiohttpretty.passthrough(broken)
    with pytest.raises(LookupError, match="^example.com$"):
        await session.get(URI)
