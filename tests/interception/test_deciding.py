"""Requests whose route depends on what they carry: decided when they are whole, and otherwise like any other."""

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest
from aiohttp import web
from settling import Stop, outcome, settle

import aiohttpretty
from aiohttpretty import match

URI = "http://example.com/"

pytestmark = pytest.mark.usefixtures("active")


BUGS = [ValueError("bug"), OSError(5, "bug"), TimeoutError("bug"), aiohttp.ClientOSError(5, "bug"), Stop("bug")]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_bug_in_a_callable(bug, method):
    """What a user's callable raises reaches the test as that exception, with the line that raised it, once."""
    asked = []

    def wrong(request):
        asked.append(request)
        raise bug

    aiohttpretty.register_uri(method, URI, match=wrong)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(type(bug)) as caught:
            await session.request(method, URI)
        assert caught.value is bug
        assert caught.traceback[-1].name == "wrong"
        assert len(asked) == 1
        aiohttpretty.register_uri(method, URI + "next")
        async with session.request(method, URI + "next") as response:
            assert response.status == 200


async def test_a_stop_iteration_of_a_callable():
    """A callable that looks for what is not there fails its request, and does not have it wait for ever."""
    aiohttpretty.register_uri("GET", URI, match=lambda request: next(iter(())))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(RuntimeError, match="raised StopIteration") as caught:
            await session.get(URI)
    assert isinstance(caught.value.__cause__, StopIteration)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_no_match(method):
    """A request that all matchers refuse gets NoMatchError once, and is in `unmatched` with why."""
    aiohttpretty.register_uri(method, URI, match=match.json({"a": 1}))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttpretty.NoMatchError, match=r"only the JSON body differs: \$\.a: expected 1, got 2\."):
            await session.request(method, URI, json={"a": 2})
        async with session.request(method, URI, json={"a": 1}) as response:
            assert response.status == 200
    [unmatched] = aiohttpretty.unmatched
    assert "only the JSON body differs: $.a: expected 1, got 2." in unmatched.report
    assert len(aiohttpretty.calls) == 1
    aiohttpretty.unmatched.clear()


async def test_behind_a_redirect():
    """The next hop is decided by what it carries itself."""
    aiohttpretty.register_uri("POST", URI, match=match.json(1), status=307, location="/there")
    aiohttpretty.register_uri(
        "POST", URI + "there", match=match.json(1) & match.header("Host", "example.com"), body="x"
    )
    async with aiohttp.ClientSession() as session, session.post(URI, json=1) as response:
        assert (str(response.url), await response.text()) == (URI + "there", "x")


async def test_through_a_proxy():
    """Behind a tunnel, too."""
    aiohttpretty.register_uri("POST", "https://secure.example/", match=match.body(b"x"), body="x")
    async with aiohttp.ClientSession() as session:
        async with session.post("https://secure.example/", data=b"x", proxy="http://proxy.example:3128") as response:
            assert await response.text() == "x"


async def test_many_at_once():
    """Each of 1,000 requests gets the answer to its own body."""
    for number in range(10):
        aiohttpretty.register_uri("POST", URI, match=match.json({"n": number}), body=str(number))
    async with aiohttp.ClientSession() as session:

        async def ask(number):
            async with session.post(URI, json={"n": number % 10}) as response:
                return await response.text()

        assert await asyncio.gather(*map(ask, range(1000))) == [str(number % 10) for number in range(1000)]


async def test_several_registries():
    """What the matchers of the last activated one refuse is the next one's to answer."""
    other = aiohttpretty.AioHTTPretty()
    other.register_uri("POST", URI, match=match.json({"a": 1}), body="other")
    aiohttpretty.register_uri("POST", URI, match=match.json({"a": 2}), body="global")
    with other.activate():
        async with aiohttp.ClientSession() as session:
            got = [await (await session.post(URI, json={"a": number})).text() for number in (1, 2)]
            assert got == ["other", "global"]
            assert isinstance(await outcome(session.post(URI, json={"a": 3})), aiohttpretty.NoMatchError)
    assert (len(other.calls), len(aiohttpretty.calls)) == (1, 1)
    assert (len(other.unmatched), len(aiohttpretty.unmatched)) == (1, 1)
    aiohttpretty.unmatched.clear()


async def test_deactivated_while_it_is_sent():
    """A request that is on its way when deactivate() comes gets our error."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def upload():
        yield b"some"
        reached.set()
        await go_on.wait()
        yield b"more"

    other = aiohttpretty.AioHTTPretty()
    other.register_uri("POST", "http://other.example/", match=match.body(b"somemore"))
    async with aiohttp.ClientSession() as session:
        with other.activate():
            request = asyncio.ensure_future(session.post("http://other.example/", data=upload()))
            await reached.wait()
        go_on.set()
        got = await asyncio.wait_for(outcome(request), 5)
    assert isinstance(got, (aiohttpretty.DeactivatedError, aiohttpretty.NoMatchError))
    aiohttpretty.unmatched.clear()


@pytest.mark.parametrize("change", ["clear", "remove", "another"])
async def test_the_test_goes_on_meanwhile(change):
    """What is registered when a request is whole decides, not what was when it began."""
    route = aiohttpretty.register_uri("POST", URI, match=match.body("x"), body="first")
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def upload():
        reached.set()
        await go_on.wait()
        yield b"x"

    async with aiohttp.ClientSession() as session:
        request = asyncio.ensure_future(session.post(URI, data=upload()))
        await reached.wait()
        {
            "clear": aiohttpretty.clear,
            "remove": route.remove,
            "another": lambda: aiohttpretty.register_uri(
                "POST", URI, match=match.body("x") & match.body("x"), body="2"
            ),
        }[change]()
        go_on.set()
        got = await outcome(request)
        if change == "another":
            assert await request.result().text() == "2"
        else:
            assert isinstance(got, aiohttpretty.NoMatchError)
    aiohttpretty.unmatched.clear()


async def test_another_registry_learns_of_it_meanwhile():
    """A request that waits for a connection is answered by what the first of several registries knows by then."""
    other = aiohttpretty.AioHTTPretty()
    go_on = asyncio.Event()

    async def slowly(request):
        await go_on.wait()
        return web.Response()

    aiohttpretty.register_uri("GET", URI + "slow", handler=slowly)
    aiohttpretty.register_uri("GET", URI, body="second")
    with other.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            slow = asyncio.ensure_future(session.get(URI + "slow"))
            await settle()
            waiting = asyncio.ensure_future(session.get(URI))
            await settle()
            other.register_uri("GET", URI, body="first")
            go_on.set()
            (await slow).release()
            assert await (await waiting).text() == "first"


async def test_a_used_up_one():
    """Of matched requests, only what fits counts, and the last word is ResponsesExhausted."""
    aiohttpretty.register_uri("POST", URI, match=match.json(1), responses=[{"body": "1"}])
    async with aiohttp.ClientSession() as session:
        assert isinstance(await outcome(session.post(URI, json=2)), aiohttpretty.NoMatchError)
        assert await outcome(session.post(URI, json=1)) == 200
        assert isinstance(await outcome(session.post(URI, json=1)), aiohttpretty.ResponsesExhausted)
        assert isinstance(await outcome(session.post(URI, json=2)), aiohttpretty.NoMatchError)
    aiohttpretty.unmatched.clear()


def test_in_threads():
    """Requests of several threads and event loops are decided each by its own body, and each reply is given once."""
    aiohttpretty.register_uri("POST", URI, match=match.json("a"), responses=[{"json": n} for n in range(100)])

    async def ask():
        async with aiohttp.ClientSession() as session:
            return [await (await session.post(URI, json="a")).json() for _ in range(25)]

    with ThreadPoolExecutor(4) as pool:
        got = [number for numbers in pool.map(lambda _: asyncio.run(ask()), range(4)) for number in numbers]
    assert sorted(got) == list(range(100))


async def test_nothing_is_held():
    """An idle connection holds neither the body that it carried nor what the matchers were shown."""
    aiohttpretty.register_uri("POST", URI, match=match.where(lambda request: len(request.body) == 100_000))
    async with aiohttp.ClientSession() as session:
        payload = aiohttp.BytesPayload(bytes(100_000))
        dead = weakref.ref(payload)
        async with session.post(URI, data=payload) as response:
            assert response.status == 200
        call = weakref.ref(aiohttpretty.calls[0].route)
        aiohttpretty.clear()
        del payload, response
        await settle()
        gc.collect()
        assert (dead(), call()) == (None, None)


async def test_the_others_are_not_asked():
    """When one of several matchers has refused, the next one is asked neither for the answer nor for the report."""
    asked = []
    aiohttpretty.register_uri("POST", URI, match=[match.header("X", "1"), asked.append])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttpretty.NoMatchError, match="only the header X is missing"):
            await session.post(URI)
    assert asked == []
    aiohttpretty.unmatched.clear()


async def test_a_matcher_of_two_minds():
    """A function that refuses, and says something else when it is asked for the report, leaves no empty reason."""
    minds = iter([False, True])
    route = aiohttpretty.register_uri("POST", URI, match=lambda request: next(minds))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttpretty.NoMatchError) as caught:
            await session.post(URI)
    said = " ".join(str(caught.value).split())
    assert (
        f"Cause: the nearest route ({route.origin}) refused the request when it was asked, and fits now: a condition "
        "of its doesn't always answer the same."
    ) in said
    aiohttpretty.unmatched.clear()
