"""Who is measured. Each is prepared once for one kind of exchange, and then opened and closed any number of times;
between the two, `session` is a real `aiohttp.ClientSession` whose requests to `url` get the exchange's answer.
"""

import json
import re
from typing import Any, NamedTuple

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from floor import FloorConnector, PairConnector

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


class OwnRegistry(Contender):
    """aiohttpretty with a registry that is filled once, outside of what is measured."""

    def __init__(self):
        self._registry = aiohttpretty.AioHTTPretty()

    def answer(self, uri, method="GET", **options):
        self._registry.register_uri(method, uri, body=PRICE, headers={"Content-Type": "application/json"}, **options)

    async def open(self, exchange):
        self._registry.calls.clear()
        self._registry.activate()
        self.session = ClientSession()
        return URL

    async def close(self):
        await self.session.close()
        self._registry.deactivate()


class ManyRoutes(OwnRegistry):
    """Many exact addresses; the one that is asked for was registered last."""

    def __init__(self, count):
        super().__init__()
        for number in range(count - 1):
            self._registry.register_uri("GET", f"http://api.example.com/v1/orders/{number}")
        self.answer(URL)


class BesideTemplates(OwnRegistry):
    """An exact address beside many templates."""

    def __init__(self, count):
        super().__init__()
        for number in range(count):
            self._registry.register_uri("GET", f"http://api.example.com/v{number}/{{name}}")
        self.answer(URL)


class OneOfTemplates(OwnRegistry):
    """The template that fits is one of many for the same host."""

    def __init__(self, count):
        super().__init__()
        for number in range(count):
            self._registry.register_uri("GET", f"http://api.example.com/v1/kind{number}/{{name}}")
        self.answer("http://api.example.com/v1/{name}")


class OneOfPatterns(OwnRegistry):
    """The pattern that fits is one of many; it was registered first, so that all others are tried before."""

    def __init__(self, count):
        super().__init__()
        self.answer(re.compile(re.escape(str(URL))))
        for number in range(count - 1):
            self._registry.register_uri("GET", re.compile(rf"http://api\.example\.com/v1/orders/{number}/\w+"))


class BodyMatcher(OwnRegistry):
    """A POST whose JSON body decides."""

    def __init__(self):
        super().__init__()
        self.answer(URL, "POST", match=aiohttpretty.match.json_contains(POST.sent))


def served(exchange):
    """A handler that gives the exchange's answer."""

    async def handler(request):
        await request.read()
        return web.Response(body=exchange.body, content_type=exchange.content_type)

    return handler


def application(exchange):
    app = web.Application(client_max_size=0)
    app.router.add_route(exchange.method, "/v1/price", served(exchange))
    return app


class Handler(OwnRegistry):
    """aiohttpretty; a handler of aiohttp.web answers."""

    def prepare(self, exchange):
        self._registry.clear()
        self._registry.register_uri(exchange.method, URL, handler=served(exchange))


class Mounted(OwnRegistry):
    """aiohttpretty; an application of aiohttp.web answers, which is started and ended in each whole test."""

    async def open(self, exchange):
        # an application can be started once, so that making and mounting it is part of a whole test, as with TestServer
        self._registry.mount("http://api.example.com", application(exchange))
        return await super().open(exchange)

    async def close(self):
        await super().close()
        self._registry.clear()


class Wired(Contender):
    """aiohttpretty's `WireServer` in the place of `TestServer`."""

    server = aiohttpretty.WireServer

    async def open(self, exchange):
        self._server = self.server(application(exchange))
        await self._server.start_server()
        self.session = ClientSession()
        return str(self._server.make_url("/v1/price"))

    async def close(self):
        await self.session.close()
        await self._server.close()


class Loopback(Wired):
    server = TestServer


class ServedFloor(Contender):
    """aiohttp's client and aiohttp's server, with as little between them as can be."""

    async def open(self, exchange):
        self._runner = web.AppRunner(application(exchange))
        await self._runner.setup()
        self.session = ClientSession(connector=PairConnector(self._runner.server))
        return URL

    async def close(self):
        await self.session.close()
        await self._runner.cleanup()


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
    "served floor": ServedFloor,
    "handler": Handler,
    "application": Mounted,
    "WireServer": Wired,
    "TestServer": Loopback,
    "aioresponses": Aioresponses,
    "aiointercept": Aiointercept,
}
