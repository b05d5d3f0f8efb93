"""Who is measured. Each is prepared once for one kind of exchange, and then opened and closed any number of times;
between the two, `session` is a real `aiohttp.ClientSession` whose requests to `url` get the exchange's answer.
"""

import json
from typing import Any, NamedTuple

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from floor import FloorConnector

import aiohttpretty

URL = "http://api.example.com/v1/price"


class Exchange(NamedTuple):
    """A request, and its constant answer."""

    method: str
    sent: Any
    body: bytes
    content_type: str

    async def ask(self, session, url):
        async with session.request(self.method, url, json=self.sent) as response:
            return await (response.json() if self.content_type == "application/json" else response.read())

    def expected(self):
        return json.loads(self.body) if self.content_type == "application/json" else self.body


PRICE = json.dumps({"pair": "XBTUSD", "price": "64123.5"}).encode()
GET = Exchange("GET", None, PRICE, "application/json")
POST = Exchange("POST", {"pair": "XBTUSD", "volume": "0.5"}, PRICE, "application/json")
LARGE = Exchange("GET", None, bytes(1_000_000), "application/octet-stream")


class Contender:
    def prepare(self, exchange):
        """Once for any number of tests: registering is not part of a whole test, nor is writing a handler."""


class Floor(Contender):
    async def open(self, exchange):
        last = b"\r\n\r\n" if exchange.sent is None else json.dumps(exchange.sent).encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {exchange.content_type}\r\nContent-Length: {len(exchange.body)}\r\n\r\n"
        )
        self.session = ClientSession(connector=FloorConnector(last, head.encode() + exchange.body))
        return URL

    async def close(self):
        await self.session.close()


class Aiohttpretty(Contender):
    def prepare(self, exchange):
        aiohttpretty.clear()
        if exchange.content_type == "application/json":
            aiohttpretty.register_json_uri(exchange.method, URL, body=exchange.expected())
        else:
            headers = {"Content-Type": exchange.content_type}
            aiohttpretty.register_uri(exchange.method, URL, body=exchange.body, headers=headers)

    async def open(self, exchange):
        aiohttpretty.calls.clear()
        aiohttpretty.activate()
        self.session = ClientSession()
        return URL

    async def close(self):
        await self.session.close()
        aiohttpretty.deactivate()


class ManyRoutes(Contender):
    """aiohttpretty with many routes; the one that is asked for was registered last."""

    def __init__(self, count):
        self._registry = aiohttpretty.AioHTTPretty()
        for number in range(count - 1):
            self._registry.register_uri("GET", f"http://api.example.com/v1/orders/{number}")
        self._registry.register_uri("GET", URL, body=PRICE, headers={"Content-Type": "application/json"})

    async def open(self, exchange):
        self._registry.calls.clear()
        self._registry.activate()
        self.session = ClientSession()
        return URL

    async def close(self):
        await self.session.close()
        self._registry.deactivate()


class Loopback(Contender):
    def prepare(self, exchange):
        async def handler(request):
            await request.read()
            return web.Response(body=exchange.body, content_type=exchange.content_type)

        self._route = (exchange.method, "/v1/price", handler)

    async def open(self, exchange):
        app = web.Application(client_max_size=0)
        app.router.add_route(*self._route)
        self._server = TestServer(app)
        await self._server.start_server()
        self.session = ClientSession()
        return str(self._server.make_url("/v1/price"))

    async def close(self):
        await self.session.close()
        await self._server.close()


class Aioresponses(Contender):
    async def open(self, exchange):
        from aioresponses import aioresponses

        self._mock = aioresponses()
        self._mock.start()
        self._mock.add(URL, exchange.method, body=exchange.body, content_type=exchange.content_type, repeat=True)
        self.session = ClientSession()
        return URL

    async def close(self):
        await self.session.close()
        self._mock.stop()


class Aiointercept(Contender):
    """With `mock_external_urls`, so that the code under test may ask for addresses of its own, as with the others."""

    async def open(self, exchange):
        from aiointercept import aiointercept

        self._mock = aiointercept(mock_external_urls=True)
        await self._mock.start()
        self._mock.add(URL, exchange.method, body=exchange.body, content_type=exchange.content_type, repeat=True)
        self.session = ClientSession()
        return URL

    async def close(self):
        await self.session.close()
        await self._mock.stop()


CONTENDERS = {
    "floor": Floor,
    "aiohttpretty": Aiohttpretty,
    "TestServer": Loopback,
    "aioresponses": Aioresponses,
    "aiointercept": Aiointercept,
}
