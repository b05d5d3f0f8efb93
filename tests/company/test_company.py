"""Installed before or after us and removed in any order, an instrumentation keeps working, and no request gets out."""

import asyncio
import socket
from contextlib import contextmanager, nullcontext
from functools import cache

import pytest
from aiohttp import ClientSession, web

import aiohttpretty

from .instrumentations import DDTrace, NewRelic, OpenTelemetry, Sentry

COMPANIES = {"opentelemetry": OpenTelemetry, "sentry": Sentry, "ddtrace": DDTrace, "newrelic": NewRelic}

INSTALL, REMOVE, ACTIVATE, DEACTIVATE = "install", "remove", "activate", "deactivate"
# Every order of the four, and some in which we come twice
ORDERS = [
    (INSTALL, REMOVE, ACTIVATE, DEACTIVATE),
    (INSTALL, ACTIVATE, REMOVE, DEACTIVATE),
    (INSTALL, ACTIVATE, DEACTIVATE, REMOVE),
    (ACTIVATE, INSTALL, REMOVE, DEACTIVATE),
    (ACTIVATE, INSTALL, DEACTIVATE, REMOVE),
    (ACTIVATE, DEACTIVATE, INSTALL, REMOVE),
    (INSTALL, ACTIVATE, DEACTIVATE, ACTIVATE, REMOVE, DEACTIVATE),
    (INSTALL, ACTIVATE, DEACTIVATE, ACTIVATE, DEACTIVATE, REMOVE),
    (ACTIVATE, INSTALL, DEACTIVATE, ACTIVATE, DEACTIVATE, REMOVE),
    (ACTIVATE, INSTALL, DEACTIVATE, ACTIVATE, REMOVE, DEACTIVATE),
    (ACTIVATE, INSTALL, DEACTIVATE, REMOVE, ACTIVATE, DEACTIVATE),
]


@cache
def company_called(name):
    return COMPANIES[name]()


@pytest.fixture(params=COMPANIES)
def company(request):
    """An instrumentation, not installed."""
    found = company_called(request.param)
    before = ClientSession.__dict__["_request"], ClientSession.__dict__["__init__"]
    yield found
    assert (ClientSession.__dict__["_request"], ClientSession.__dict__["__init__"]) == before


@pytest.fixture
async def server(aiohttp_server):
    """A loopback server that notes what it has been asked for."""
    served = []

    async def serve(request):
        served.append(request.path_qs)
        return web.Response(text="served", status=201)

    app = web.Application()
    app.router.add_get("/x", serve)
    server = await aiohttp_server(app)
    server.served = served
    return server


@contextmanager
def no_way_out(server):
    """While it lasts, nothing may connect, and the server must not be asked."""

    def connect(*args):
        raise AssertionError("a request got out")

    served = len(server.served)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr(socket, "getaddrinfo", connect)
        yield
    assert len(server.served) == served


async def ask(session, url):
    async with session.get(url, params={"q": "1"}) as response:
        return response.status, await response.text()


class Walk:
    """The four events, and after each a look at whether everybody does their part."""

    def __init__(self, company, server):
        self.company = company
        self.server = server
        self.url = server.make_url("/x")
        self.installed = self.active = self.wrapped_us = False
        self.sessions = []

    async def record_of_a_real_request(self):
        self.company.install()
        self.reference = await self.fresh_session_asks((201, "served"))
        self.company.remove()
        assert self.reference

    async def fresh_session_asks(self, expected):
        session = ClientSession()
        self.sessions.append(session)
        with self.company.watch() as records:
            assert await ask(session, self.url) == expected
        return records

    def go(self, event):
        if event == INSTALL:
            self.company.install()
            self.installed = True
            self.wrapped_us = self.active and self.company.wraps_request
        elif event == REMOVE:
            self.company.remove()
            self.installed = self.wrapped_us = False
        elif event == ACTIVATE:
            aiohttpretty.activate()
            aiohttpretty.register_uri("GET", self.url, params={"q": 1}, status=201, reason="Created", body="mocked")
            self.active = True
        else:
            with pytest.warns(aiohttpretty.AiohttprettyWarning) if self.wrapped_us else nullcontext():
                aiohttpretty.deactivate()
            aiohttpretty.clear()
            self.active = self.wrapped_us = False

    async def look(self):
        with no_way_out(self.server) if self.active else nullcontext():
            said = (201, "mocked") if self.active else (201, "served")
            records = await self.fresh_session_asks(said)
            assert records == (self.reference if self.installed else [])
            for session in self.sessions:
                assert await ask(session, self.url) == said
        assert len(aiohttpretty.calls) % (1 + len(self.sessions)) == 0
        assert bool(aiohttpretty.calls) is self.active
        aiohttpretty.calls.clear()

    async def close(self):
        for session in self.sessions:
            await session.close()


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_any_order(company, order, server):
    """After each event: answers come from where they should, what is recorded is what a real server gives, and in
    the end aiohttp is itself, at the latest after the next activation."""
    before = ClientSession.__dict__["_request"]
    walk = Walk(company, server)
    await walk.record_of_a_real_request()
    for event in order:
        walk.go(event)
        await walk.look()
    if ClientSession.__dict__["_request"] is not before:
        # Our function was below theirs when we left. It passes everything through, and the next cycle removes it.
        assert company.wraps_request
        assert order.index(ACTIVATE) < order.index(INSTALL) < order.index(DEACTIVATE) < order.index(REMOVE)
        walk.go(ACTIVATE)
        await walk.look()
        walk.go(DEACTIVATE)
    assert ClientSession.__dict__["_request"] is before
    await walk.look()
    await walk.close()


@pytest.mark.parametrize("first", [INSTALL, ACTIVATE])
async def test_a_gap(company, first, server):
    """A request that nobody registered fails through the instrumentation as without it, and does not get out."""
    walk = Walk(company, server)
    for event in (first, ACTIVATE if first == INSTALL else INSTALL):
        walk.go(event)
    async with ClientSession() as session:
        with no_way_out(server), pytest.raises(aiohttpretty.NoMatchError, match="^No URLs matching GET http://nowhere"):
            await ask(session, "http://nowhere.example/")
    assert [str(request.url) for request in aiohttpretty.unmatched] == ["http://nowhere.example/?q=1"]
    walk.go(REMOVE)
    walk.go(DEACTIVATE)


@pytest.mark.parametrize("first", [INSTALL, ACTIVATE])
async def test_in_flight(company, first, server):
    """A request under way when we leave fails; it does not get out through the instrumentation."""
    walk = Walk(company, server)
    body = asyncio.StreamReader()
    for event in (first, ACTIVATE if first == INSTALL else INSTALL):
        walk.go(event)
    aiohttpretty.register_uri("GET", walk.url, params={"q": 1}, body=body)
    async with ClientSession() as session:
        task = asyncio.create_task(ask(session, walk.url))
        while not aiohttpretty.calls:
            await asyncio.sleep(0)
        with no_way_out(server):
            walk.go(DEACTIVATE)
            with pytest.raises(aiohttpretty.DeactivatedError):
                await task
    walk.go(REMOVE)
    walk.go(ACTIVATE)
    walk.go(DEACTIVATE)


@pytest.mark.parametrize("ours", range(len(COMPANIES) + 1))
async def test_all_at_once(ours, server):
    """The four together, we at any place among them: each records, and the last to come goes first."""
    before = ClientSession.__dict__["_request"]
    companies = [company_called(name) for name in COMPANIES]
    for company in companies[:ours]:
        company.install()
    aiohttpretty.activate()
    for company in companies[ours:]:
        company.install()
    aiohttpretty.register_uri("GET", server.make_url("/x"), params={"q": 1}, status=201, body="mocked")
    for company in companies:
        with company.watch() as records, no_way_out(server):
            async with ClientSession() as session:
                assert await ask(session, server.make_url("/x")) == (201, "mocked")
        assert len(records) == (2 if type(company) is DDTrace else 1)
    assert len(aiohttpretty.calls) == len(companies)
    for company in reversed(companies[ours:]):
        company.remove()
    aiohttpretty.deactivate()
    for company in reversed(companies[:ours]):
        company.remove()
    assert ClientSession.__dict__["_request"] is before
