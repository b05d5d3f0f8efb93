"""`AioHTTPTestCase`, and the loops and requests that `aiohttp.test_utils` makes, beside an active registry."""

import asyncio
import os
import unittest
import warnings

import aiohttp
import pytest
from aiohttp import test_utils, web
from aiohttp.test_utils import AioHTTPTestCase, TestClient, TestServer, make_mocked_request

import aiohttpretty
from aiohttpretty import WireServer

from .shop import PRICES, RATE, application, price, rate

# Another one is no longer there in every aiohttp
UNITTEST_RUN_LOOP = getattr(test_utils, "unittest_run_loop", None)
LOOPS = pytest.mark.skipif(not hasattr(test_utils, "loop_context"), reason="this aiohttp makes no loops for tests")


def factory():
    """Makes the event loop that the run asks for."""
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return uvloop.new_event_loop
    return asyncio.new_event_loop


class Shop(AioHTTPTestCase):
    """What the cases below have in common; it has no tests itself."""

    async def get_application(self):
        return application()

    async def buys(self):
        async with self.client.get("/prices/tea") as response:
            self.assertEqual(await response.json(), {"price": 200})
        self.assertEqual([str(call.url) for call in aiohttpretty.calls], [RATE])


@pytest.mark.aiohttpretty
class MarkedTest(Shop):
    """Mocked by the marker: from before the server is started to after it was closed."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})

    async def test_its_client(self):
        """The application is reached, and what it asks for is mocked."""
        await self.buys()

    async def test_a_websocket(self):
        """So it is by a websocket."""
        async with self.client.ws_connect("/ticker") as ws:
            await ws.send_str("tea")
            self.assertEqual(await ws.receive_json(timeout=20), {"name": "tea", "price": 200})

    async def test_its_state(self):
        """`self.app` is the application that answers."""
        self.app[PRICES]["tea"] = 1
        async with self.client.get("/prices/tea") as response:
            self.assertEqual(await response.json(), {"price": 2})


class SetUpTest(Shop):
    """Mocked without pytest's help, from when the server is there; a registry knows it all the same."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        aiohttpretty.clear()
        aiohttpretty.activate()
        self.addCleanup(aiohttpretty.deactivate)

    async def test_its_client(self):
        """The application is reached, and what it asks for is mocked."""
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        await self.buys()


class DecoratedTest(Shop):
    """Mocked for the length of a method."""

    @aiohttpretty.activate
    async def test_decorated(self):
        """The application is reached, and what it asks for is mocked."""
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        await self.buys()

    async def test_in_a_block(self):
        """So it is in a block."""
        with aiohttpretty.activate():
            aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
            await self.buys()


@aiohttpretty.activate
class DecoratedClassTest(Shop):
    """Mocked by the decorator of the class."""

    def setUp(self):
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})

    async def test_its_client(self):
        """The application is reached, and what it asks for is mocked."""
        await self.buys()


class WithoutAPortTest(Shop):
    """The same case without a port: only `get_server` differs."""

    async def get_server(self, app):
        return WireServer(app)

    @aiohttpretty.activate
    async def test_decorated(self):
        """The application is reached, and what it asks for is mocked."""
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        await self.buys()


@pytest.mark.skipif(UNITTEST_RUN_LOOP is None, reason="this aiohttp has no unittest_run_loop")
@pytest.mark.parametrize("outer", [False, True])
def test_unittest_run_loop(outer):
    """Test methods that still have the decorator are mocked, be ours above or below it."""
    ran = []

    async def test_it(self):
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        await self.buys()
        ran.append(self.id())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # aiohttp's, of the decorator
        decorated = (
            aiohttpretty.activate(UNITTEST_RUN_LOOP(test_it))
            if outer
            else UNITTEST_RUN_LOOP(aiohttpretty.activate(test_it))
        )
    case = type("OldTest", (Shop,), {"test_it": decorated})
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert (result.testsRun, result.failures, result.errors, len(ran)) == (1, [], [], 1)


@LOOPS
def test_loop_context():
    """In the loop of `loop_context`, as in any other: client and server of one loop, and what is mocked."""
    with test_utils.loop_context(factory()) as loop, aiohttpretty.activate():
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        client = TestClient(TestServer(application()), loop=loop)
        loop.run_until_complete(client.start_server())
        assert loop.run_until_complete(_bought(client)) == {"price": 200}
        loop.run_until_complete(client.close())
    assert loop.is_closed()
    aiohttpretty.assert_calls([("GET", RATE)])


@LOOPS
def test_a_loop_after_the_other():
    """A loop that was torn down leaves nothing behind for the next one, under one activation."""
    with aiohttpretty.activate():
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        for _ in range(3):
            loop = test_utils.setup_test_loop(factory())
            try:
                assert asyncio.get_event_loop_policy().get_event_loop() is loop
                assert loop.run_until_complete(rate()) == 2
                assert loop.run_until_complete(_through_a_client()) == {"price": 200}
            finally:
                test_utils.teardown_test_loop(loop, fast=True)
            assert loop.is_closed()
    aiohttpretty.assert_called("GET", RATE, times=6)
    assert len(aiohttpretty.calls.to_test_servers) == 3


@LOOPS
def test_torn_down_while_mocked():
    """A loop that goes while a session has a mocked connection goes as without a mock: the session says so."""
    with aiohttpretty.activate():
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        with test_utils.loop_context(factory()) as loop:
            session = loop.run_until_complete(_opened())
            loop.run_until_complete(session.close())
    with test_utils.loop_context(factory()) as loop:
        assert loop.run_until_complete(_closed(session))


async def _opened():
    session = aiohttp.ClientSession()
    async with session.get(RATE) as response:
        assert await response.json() == {"rate": 2}
    return session


async def _closed(session):
    return session.closed


async def _bought(client):
    async with client.get("/prices/tea") as response:
        return await response.json()


async def _through_a_client():
    async with TestClient(TestServer(application())) as client:
        return await _bought(client)


async def test_make_mocked_request(active):
    """A handler that is called with a request made by hand is mocked in what it asks for; nothing is sent for it."""
    app = application()
    request = make_mocked_request("GET", "/prices/tea", app=app, match_info={"name": "tea"}, headers={"X": "1"})
    response = await price(request)
    assert response.text == '{"price": 200}'
    aiohttpretty.assert_calls([("GET", RATE)])
    assert (request.headers["X"], aiohttpretty.calls.to_test_servers) == ("1", [])


async def test_make_mocked_request_that_fails(active):
    """What it asks for and nobody has registered is refused where it asks."""
    aiohttpretty.clear()
    request = make_mocked_request("GET", "/", app=application(), match_info={"name": "tea"})
    with pytest.raises(aiohttpretty.NoMatchError, match=f"^No URLs matching GET {RATE} with params {{}}"):
        await price(request)


async def test_make_mocked_coro(active):
    """A mocked coroutine function may stand in a handler's place, behind a real server."""
    handler = test_utils.make_mocked_coro(return_value=web.Response(text="said"))
    async with test_utils.RawTestServer(handler) as server, aiohttp.ClientSession() as session:
        async with session.get(server.make_url("/")) as response:
            assert await response.text() == "said"
    handler.assert_called_once()
