"""The fixtures of pytest-aiohttp, and of the plug-in that is inside aiohttp before 4.0, beside our own."""

import importlib.util
import os

import pytest

SHOP = """
from aiohttp import web

async def external(request):
    return web.Response(text="said " + await fetch())

async def chat(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(message.data + await fetch())
    return ws

def application():
    app = web.Application()
    app.router.add_get("/", external)
    app.router.add_get("/chat", chat)
    return app

"""
TESTS = """
@pytest.mark.aiohttpretty(assert_all_called=True)
async def test_a_client(aiohttp_client):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    client = await aiohttp_client(application())
    response = await client.get("/")
    assert await response.text() == "said mocked"
    assert client.server.app is client.app
    aiohttpretty.assert_calls([("GET", URL)])

@pytest.mark.aiohttpretty
async def test_a_websocket(aiohttp_client):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    client = await aiohttp_client(application())
    async with client.ws_connect("/chat") as ws:
        await ws.send_str("said ")
        assert await ws.receive_str() == "said mocked"

@pytest.mark.aiohttpretty
async def test_a_server(aiohttp_server):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    server = await aiohttp_server(application())
    assert await fetch(server.make_url("/")) == "said mocked"
    aiohttpretty.assert_called("GET", URL, times=1)

@pytest.mark.aiohttpretty
async def test_a_raw_server(aiohttp_raw_server, aiohttp_client):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    client = await aiohttp_client(await aiohttp_raw_server(external))
    response = await client.get("/anything")
    assert await response.text() == "said mocked"

async def test_a_gap(aiohttpretty, own):
    response = await own.get("/")
    assert response.status == 500
    assert [str(record.url) for record in aiohttpretty.unmatched] == [URL]
    aiohttpretty.unmatched.clear()

async def test_the_fixture_after_the_client(own, aiohttpretty):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    response = await own.get("/")
    assert await response.text() == "said mocked"

async def test_without(own):
    assert not mocked()
    assert (await own.get("/chat")).status == 400
"""
PASSED = {"passed": TESTS.count("async def test_")}


def test_pytest_aiohttp(play):
    """Its clients and servers are reached without a setting, the external API is mocked, and nothing stays."""
    pytest.importorskip("pytest_aiohttp")
    result = play(
        SHOP
        + """
@pytest.fixture
async def own(aiohttp_client):
    return await aiohttp_client(application())
"""
        + TESTS
        + """
from aiohttp.test_utils import TestClient

class Client(TestClient):
    async def said(self):
        async with self.get("/") as response:
            return await response.text()

class TestOfOnesOwnClass:
    @pytest.fixture
    def aiohttp_client_cls(self):
        return Client

    async def test_it(self, aiohttp_client, aiohttpretty):
        aiohttpretty.register_uri("GET", URL, body="mocked")
        client = await aiohttp_client(application())
        assert await client.said() == "said mocked"
"""
    )
    assert result.parseoutcomes() == {"passed": PASSED["passed"] + 1}


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_in_either_mode(mode, play):
    """In pytest-asyncio's strict mode, where each test says that it is one, it is the same."""
    pytest.importorskip("pytest_aiohttp")
    result = play(
        SHOP
        + """
@pytest.mark.asyncio
@pytest.mark.aiohttpretty
async def test_it(aiohttp_client):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    client = await aiohttp_client(application())
    response = await client.get("/")
    assert await response.text() == "said mocked"
""",
        mode=mode,
    )
    assert result.parseoutcomes() == {"passed": 1}


@pytest.mark.skipif(importlib.util.find_spec("aiohttp.pytest_plugin") is None, reason="this aiohttp has no plug-in")
def test_the_plug_in_inside_aiohttp(play):
    """The plug-in that came with aiohttp runs tests and fixtures in a loop of its own; beside it, it is the same."""
    loop = "uvloop" if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop" else "pyloop"
    result = play(
        SHOP
        + """
@pytest.fixture
async def own(loop, aiohttp_client):
    return await aiohttp_client(application())
"""
        + TESTS
        + """
@pytest.mark.aiohttpretty
async def test_an_unused_port(aiohttp_unused_port, aiohttp_server):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    port = aiohttp_unused_port()
    with pytest.raises(aiohttpretty.NoMatchError):
        await fetch(f"http://127.0.0.1:{port}/")
    server = await aiohttp_server(application(), port=port)
    assert await fetch(f"http://127.0.0.1:{port}/") == "said mocked"

@pytest.mark.aiohttpretty
def test_a_plain_one(loop, aiohttp_client):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    client = loop.run_until_complete(aiohttp_client(application()))
    response = loop.run_until_complete(client.get("/"))
    assert loop.run_until_complete(response.text()) == "said mocked"
""",
        # its entry in place of the two plug-ins that run tests here; newer versions of it warn that it will go
        *("-pno:aiohttp", "-pno:asyncio", "-paiohttp.pytest_plugin", f"--aiohttp-loop={loop}", "--aiohttp-fast"),
        *("-W", "ignore:aiohttp.pytest_plugin will be removed:DeprecationWarning"),
        *("-W", "ignore:Unknown config option:pytest.PytestConfigWarning"),  # those of pytest-asyncio
        subprocess=True,
    )
    assert result.parseoutcomes() == {"passed": PASSED["passed"] + 2}
