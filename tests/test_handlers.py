"""`handler=`: a handler of aiohttp.web answers; what a registry adds to that."""

import asyncio
import contextvars
import gc

import aiohttp
import pytest
from aiohttp import web

import aiohttpretty
from aiohttpretty import match

URL = "https://api.example.test/items"
who = contextvars.ContextVar("who", default="nobody")


async def get(session, url=URL, **options):
    async with session.get(url, **options) as response:
        return response.status, await response.text()


async def echo(request):
    return web.Response(status=201, text=f"{request.method} {request.url} {await request.text()}")


async def test_a_call():
    """A request that a handler answers is a call like any other, with the status that the handler chose."""
    route = aiohttpretty.register_uri("POST", f"{URL}/{{item}}", handler=echo)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.post(f"{URL}/4", json={"a": 1}) as response:
            assert (response.status, await response.text()) == (201, f'POST {URL}/4 {{"a": 1}}')
    [call] = aiohttpretty.calls
    assert (call.status, call.body, call.match_info, call.route) == (201, b'{"a": 1}', {"item": "4"}, route)


async def test_beside_others():
    """Handlers and replies that are written down take turns, in one succession and on one connection."""
    aiohttpretty.register_uri(
        "GET",
        URL,
        responses=[{"body": "first"}, {"handler": echo}, {"body": "third"}, {"handler": echo, "delay": 0.001}],
    )
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            seen = [await get(session) for _ in range(4)]
    answered = (201, f"GET {URL} ")
    assert seen == [(200, "first"), answered, (200, "third"), answered]
    assert [call.status for call in aiohttpretty.calls] == [200, 201, 200, 201]


async def test_behind_a_matcher():
    """A handler that is chosen by the body of a request gets that body, whole, in chunks or compressed."""
    aiohttpretty.register_uri("POST", URL, match=match.json_contains({"kind": "a"}), handler=echo)
    aiohttpretty.register_uri("POST", URL, body="another")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            for options in ({}, {"chunked": True}, {"compress": "gzip"}, {"expect100": True}):
                async with session.post(URL, json={"kind": "a"}, **options) as response:
                    assert await response.text() == f'POST {URL} {{"kind": "a"}}'
            async with session.post(URL, json={"kind": "b"}) as response:
                assert await response.text() == "another"


async def test_a_handler_is_not_its_client():
    """A handler runs in no context of its client's: it may ask the same session for what is mocked."""

    async def gateway(request):
        return web.Response(text=f"{who.get()}: {(await get(session, URL + '/behind'))[1]}")

    aiohttpretty.register_uri("GET", URL, handler=gateway)
    aiohttpretty.register_uri("GET", URL + "/behind", body="behind")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            who.set("the client")
            assert await get(session) == (200, "nobody: behind")
    assert [str(call.url) for call in aiohttpretty.calls] == [URL, URL + "/behind"]


async def test_a_redirect_and_cookies():
    """What a handler answers is followed, and its cookies come back to it."""

    async def login(request):
        found = web.HTTPFound(URL)
        found.set_cookie("token", "secret")
        raise found

    async def items(request):
        return web.Response(text=request.cookies.get("token", "none"))

    aiohttpretty.register_uri("POST", URL + "/login", handler=login)
    aiohttpretty.register_uri("GET", URL, handler=items)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.post(URL + "/login") as response:
            assert await response.text() == "secret"
            assert [earlier.status for earlier in response.history] == [302]
    assert [call.status for call in aiohttpretty.calls] == [302, 200]


async def test_deactivated_in_the_midst():
    """deactivate() ends the handlers that are running, and tells their clients; nothing is left behind."""
    ended = []

    async def waiting(request):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request.path)

    before = asyncio.all_tasks()
    begun = asyncio.Event()
    aiohttpretty.register_uri("GET", URL, handler=waiting)
    aiohttpretty.activate()
    async with aiohttp.ClientSession() as session:
        request = asyncio.ensure_future(session.get(URL))
        await begun.wait()
        aiohttpretty.deactivate()
        with pytest.raises(aiohttpretty.DeactivatedError):
            await request
    for _ in range(3):
        await asyncio.sleep(0)
    assert ended == ["/items"]
    assert asyncio.all_tasks() == before


def test_deactivated_after_the_loop():
    """deactivate() after the event loop was closed with a handler at work leaves no warning."""

    async def waiting(request):
        begun.set()
        await asyncio.Event().wait()

    async def main():
        nonlocal begun
        begun = asyncio.Event()
        async with aiohttp.ClientSession() as session:
            request = asyncio.ensure_future(session.get(URL))
            await begun.wait()
            request.cancel()
            await asyncio.wait([request])

    begun = None
    aiohttpretty.register_uri("GET", URL, handler=waiting)
    aiohttpretty.activate()
    loop = asyncio.new_event_loop()
    complaints = []
    loop.set_exception_handler(lambda loop, context: complaints.append(context))
    loop.run_until_complete(main())
    loop.close()
    aiohttpretty.deactivate()
    aiohttpretty.clear()
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_end_of_the_process(kind):
    """What ends the process ends it, also from within a handler; it is no bug of the handler's."""

    async def ending(request):
        raise kind

    async def main():
        aiohttpretty.register_uri("GET", URL, handler=ending)
        with aiohttpretty.activate():
            async with aiohttp.ClientSession() as session:
                await session.get(URL)

    with pytest.raises(kind):
        asyncio.run(main())
    assert aiohttpretty.handler_errors == []


def test_one_after_the_other_in_loops_of_their_own():
    """A registry that stays active serves a handler in every event loop that asks it."""

    async def main():
        async with aiohttp.ClientSession() as session:
            return await get(session)

    aiohttpretty.register_uri("GET", URL, handler=echo)
    with aiohttpretty.activate():
        assert [asyncio.run(main()) for _ in range(3)] == [(201, f"GET {URL} ")] * 3


async def test_a_class_based_view():
    """A view of aiohttp.web is a handler, too; a class that is none is refused."""

    class Item(web.View):
        async def get(self):
            return web.Response(text=self.request.match_info["item"])

    aiohttpretty.register_uri("*", f"{URL}/{{item}}", handler=Item)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert await get(session, f"{URL}/4") == (200, "4")
            async with session.delete(f"{URL}/4") as response:
                assert (response.status, response.headers["Allow"]) == (405, "GET")
    with pytest.raises(aiohttpretty.OptionTypeError, match="^handler=<class 'dict'> is not a function"):
        aiohttpretty.register_uri("GET", URL, handler=dict)
