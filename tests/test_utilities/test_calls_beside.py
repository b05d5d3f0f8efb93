"""What reaches a server of `aiohttp.test_utils` by itself is none of the mock's calls, and can be seen all the same."""

import asyncio
import re

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from settling import settle

import aiohttpretty
from aiohttpretty import AioHTTPretty, FakeResolver, VerificationError, WireServer

from .shop import RATE, application


@pytest.fixture
async def client(active):
    async with TestClient(TestServer(application())) as client:
        yield client


@pytest.mark.parametrize("kind", [TestServer, WireServer])
async def test_calls_are_those_of_the_mock(active, kind):
    """What the test asks of its own application is no call, be the application on a port or on the wire."""
    async with TestClient(kind(application())) as client:
        for _ in range(3):
            async with client.get("/prices/tea") as response:
                assert await response.json() == {"price": 200}
        assert len(aiohttpretty.calls) == 3
        aiohttpretty.assert_calls([("GET", RATE)] * 3)
        aiohttpretty.assert_called("GET", RATE, times=3)
        aiohttpretty.assert_not_called("GET", client.make_url("/prices/tea"))
        assert not aiohttpretty.has_call(client.make_url("/prices/tea"))


async def test_what_reached_them_can_be_seen(client):
    """What went there by itself is kept beside the calls, with all that is known of a request that was let through."""
    async with client.put("/prices/tea", json={"price": 3}) as response:
        assert response.status == 201
    [call] = aiohttpretty.calls.to_test_servers
    assert (call.passed_through, call.route, call.status, call.json()) == (True, None, 201, {"price": 3})
    assert call.url == client.make_url("/prices/tea")
    assert call.response_headers["Set-Cookie"].startswith("changed=tea")
    assert aiohttpretty.calls.to_test_servers[0] == {"method": "PUT", "uri": str(call.url), "json": {"price": 3}} | {
        key: call[key] for key in call if key not in ("method", "uri", "json")
    }
    aiohttpretty.clear()
    assert aiohttpretty.calls.to_test_servers == []


async def test_emptying_the_calls(client):
    """`calls.clear()` empties both, so that what follows can be looked at alone."""
    await client.get("/prices/tea")
    aiohttpretty.calls.clear()
    assert (aiohttpretty.calls, aiohttpretty.calls.to_test_servers) == ([], [])


async def test_a_server_that_is_named(client):
    """Who names such a server has said that its requests are of interest: they are calls, as with any other host."""
    aiohttpretty.passthrough(f"127.0.0.1:{client.port}")
    waiting = asyncio.ensure_future(aiohttpretty.wait_for_call("GET", client.make_url("/prices/tea"), timeout=20))
    await client.get("/prices/tea")
    assert (await waiting).passed_through
    aiohttpretty.assert_calls([("GET", client.make_url("/prices/tea")), ("GET", RATE)])
    assert aiohttpretty.calls.to_test_servers == []


async def test_where_a_resolver_leads_to_one(active):
    """A host that the test has led to such a server is one that it has named: the requests to it are calls."""
    async with TestServer(application()) as server:
        resolver = FakeResolver()
        resolver.add_server("shop.example.com", 80, server.port)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
            async with session.get("http://shop.example.com/prices/tea") as response:
                assert await response.json() == {"price": 200}
    aiohttpretty.assert_calls([("GET", "http://shop.example.com/prices/tea"), ("GET", RATE)])
    assert aiohttpretty.calls.to_test_servers == []


async def test_who_waits_for_a_call(client):
    """Who waits for any call is given the first of the mock's, not what the test asks of its own application."""
    waiting = asyncio.ensure_future(aiohttpretty.wait_for_call("GET", re.compile("http"), timeout=20))
    await settle()
    await client.get("/prices/tea")
    assert str((await waiting).url) == RATE


async def test_each_registry_keeps_its_own(session):
    """Of several registries, the one activated last keeps the record."""
    first, last = AioHTTPretty(), AioHTTPretty()
    async with TestServer(application()) as server:
        with first.activate(), last.activate():
            await session.get(server.make_url("/described"))
    assert [len(each.calls.to_test_servers) for each in (first, last)] == [0, 1]


ONE = (
    "1 such request reached a test server of this process, and what gets to one by itself is none of the calls: "
    "aiohttpretty.calls.to_test_servers has it. To have such requests among the calls, write "
    "aiohttpretty.passthrough('127.0.0.1:{}')."
)
TWO = ONE.replace("1 such request", "2 such requests").replace("has it", "has them")


async def missed(check):
    """What is said when the check fails."""
    with pytest.raises(VerificationError) as caught:
        if (awaited := check()) is not None:
            await awaited
    return " ".join(str(caught.value).split())


async def test_who_looks_for_them_is_told(client):
    """An assertion that looks for such a request among the calls says where it is, and how to have it there."""
    url = client.make_url("/described")
    checks = [
        lambda: aiohttpretty.assert_called("GET", url),
        lambda: aiohttpretty.assert_calls([("GET", url)]),
        lambda: aiohttpretty.assert_calls([{"method": "GET", "uri": url}], in_order=True),
        lambda: aiohttpretty.wait_for_call("GET", url, timeout=0),
    ]
    await client.get("/described")
    for check in checks:
        said = await missed(check)
        assert said.endswith(
            f"Nothing was called at all, but for test servers of this process. {ONE}".format(client.port)
        )
    await client.get("/described")
    await client.get("/prices/tea")
    for check in checks:
        assert (await missed(check)).endswith(TWO.format(client.port))


async def test_who_does_not_is_not(client):
    """Of requests that nobody looks for, nothing is said but that they were there."""
    await client.get("/described")
    said = await missed(lambda: aiohttpretty.assert_called("GET", RATE))
    assert said.endswith("Nothing was called at all, but for test servers of this process.")
    await client.get("/prices/tea")
    for check in (
        lambda: aiohttpretty.assert_called("GET", f"{RATE}/other"),
        lambda: aiohttpretty.assert_called("POST", client.make_url("/described")),
        lambda: aiohttpretty.register_uri("GET", client.make_url("/described")).assert_called(),
        lambda: aiohttpretty.assert_not_called("GET", RATE),
        aiohttpretty.assert_all_called,
    ):
        assert "test server" not in await missed(check)


def test_what_pytest_prints(play):
    """The section of a failed test has them in time, and a `has_call` that looked for one says where it is."""
    result = play("""
        from aiohttp import web
        from aiohttp.test_utils import TestClient, TestServer

        async def said(request):
            return web.Response(text=await fetch() if request.path == "/other" else "")

        def application():
            app = web.Application()
            app.router.add_get("/{name}", said)
            return app

        @pytest.mark.aiohttpretty
        async def test_it():
            aiohttpretty.register_uri("GET", URL)
            async with TestClient(TestServer(application())) as client:
                await client.get("/name")
                await client.get("/other")
                assert aiohttpretty.has_call(client.make_url("/name"))

        @pytest.mark.aiohttpretty
        async def test_alone():
            async with TestClient(TestServer(application())) as client:
                await client.get("/name")
                assert aiohttpretty.has_call(client.make_url("/name"))
    """)
    assert result.parseoutcomes() == {"failed": 2}
    hint = [
        "1 such request reached a test server of this process, and what gets to one by itself is none of the",
        "calls: aiohttpretty.calls.to_test_servers has it. To have such requests among the calls, write",
        r"aiohttpretty\.passthrough\('127\.0\.0\.1:\d+'\)\.",
    ]
    result.stdout.re_match_lines(
        [
            "3 requests:",
            r"  +\d\.\d{3}s  GET http://127\.0\.0\.1:\d+/name -> 200, passed through",
            r"  +\d\.\d{3}s  GET http://127\.0\.0\.1:\d+/other -> 200, passed through",
            r"  +\d\.\d{3}s  GET http://example\.com/ -> 200, by test_child\.py:\d+",
        ],
        consecutive=True,
    )
    result.stdout.re_match_lines([r"has_call\(.* is False\. The only call:", "1. GET http://example.com/.*"])
    result.stdout.re_match_lines(hint, consecutive=True)
    result.stdout.re_match_lines([r"has_call\(.* is False: there are no calls\.", *hint], consecutive=True)


async def test_a_websocket_that_nobody_opened(client):
    """Who waits for a client sees which requests have come so far, also those to the application itself."""
    feed = aiohttpretty.register_websocket("wss://api.example.com/feed")
    await client.get("/described")
    with pytest.raises(aiohttpretty.PeerError) as caught:
        await feed.accepted(timeout=0)
    assert f"GET {client.make_url('/described')} -> 200, passed through" in str(caught.value)
