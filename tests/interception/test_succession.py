"""`responses`, `exhausted` and `times`: how often a reply is given, whoever asks at once."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest
from aiohttp import web
from settling import outcome

import aiohttpretty
from aiohttpretty import faults

URI = "http://example.com/"

pytestmark = pytest.mark.usefixtures("active")


async def statuses(count):
    async with aiohttp.ClientSession() as session:
        got = await asyncio.gather(*[outcome(session.get(URI)) for _ in range(count)])
    return [one if isinstance(one, int) else type(one) for one in got]


RESPONSES = [{"status": 201}, {"status": 202}, {"status": 203}]


@pytest.mark.parametrize(
    ("exhausted", "then"),
    [
        ("error", [aiohttpretty.ResponsesExhausted] * 4),
        ("repeat", [203, 203, 203, 203]),
        ("cycle", [201, 202, 203, 201]),
    ],
)
async def test_what_follows_the_last(exhausted, then):
    """After the last of responses comes what was asked for."""
    aiohttpretty.register_uri("GET", URI, responses=RESPONSES, exhausted=exhausted)
    got = [(await statuses(1))[0] for _ in range(7)]
    assert got == [201, 202, 203, *then]


async def test_times():
    """A single reply answers so many requests, and then no more."""
    route = aiohttpretty.register_uri("GET", URI, times=2)
    assert [(await statuses(1))[0] for _ in range(3)] == [200, 200, aiohttpretty.ResponsesExhausted]
    assert route.call_count == 2


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({"times": 7}, {200: 7, aiohttpretty.ResponsesExhausted: 993}),
        ({"responses": RESPONSES * 100}, {201: 100, 202: 100, 203: 100, aiohttpretty.ResponsesExhausted: 700}),
        ({"responses": RESPONSES, "exhausted": "repeat"}, {201: 1, 202: 1, 203: 998}),
        ({"responses": RESPONSES[:2], "exhausted": "cycle"}, {201: 500, 202: 500}),
    ],
)
async def test_at_once(options, counts):
    """Of 1,000 requests at once, exactly as many get a reply as it was registered for."""
    aiohttpretty.register_uri("GET", URI, **options)
    assert Counter(await statuses(1000)) == counts


def test_in_threads():
    """Nor do requests of several threads ever get one reply twice."""
    aiohttpretty.register_uri("GET", URI, times=150)
    with ThreadPoolExecutor(4) as pool:
        got = Counter(status for each in pool.map(lambda _: asyncio.run(statuses(50)), range(4)) for status in each)
    assert got == {200: 150, aiohttpretty.ResponsesExhausted: 50}


async def test_a_used_up_one_steps_aside():
    """The next route that fits answers, and only when none is left it is said that the first is used up."""
    aiohttpretty.register_uri("GET", "http://example.com/{rest:.*}", status=299, times=1)
    aiohttpretty.register_uri("GET", URI, responses=[{"status": 201}])
    assert [(await statuses(1))[0] for _ in range(3)] == [201, 299, aiohttpretty.ResponsesExhausted]


async def test_a_used_up_one_steps_aside_for_one_that_is_not_there():
    """Also where the next one says that there is no connection, which is known before one is asked for."""
    aiohttpretty.register_uri("GET", URI, fault=faults.refused())
    aiohttpretty.register_uri("GET", URI, match=lambda request: True, status=201, times=1)
    assert [(await statuses(1))[0] for _ in range(2)] == [201, aiohttp.ClientConnectorError]


async def test_another_thread_was_quicker():
    """A reply that is chosen before there is a connection, and given to another request by then, is not given twice."""
    route = aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.refused()}, {"status": 202}])
    give = route.give

    def give_late(due, method):
        route.give = give
        route.next_reply(method)  # what another thread asks for just now
        return give(due, method)

    route.give = give_late
    assert await statuses(2) == [202, aiohttpretty.ResponsesExhausted]


async def test_a_body_that_is_there_once_behind_a_condition():
    """It is given to one of the requests that fit, and the next is told so; a HEAD takes nothing of it."""

    async def pieces():
        yield b"abc"

    aiohttpretty.register_uri("*", URI, body=pieces(), match=lambda request: True)
    async with aiohttp.ClientSession() as session:
        assert (await session.head(URI)).status == 200
        async with session.get(URI) as response:
            assert await response.read() == b"abc"
        for again in session.get, session.post:
            with pytest.raises(aiohttpretty.BodyConsumedError):
                await again(URI)


async def test_every_kind_in_one_list():
    """An item may be any reply: a status, an error, a late one, a handler, a stream."""

    def handler(request):
        return web.Response(status=418)

    async def stream():
        yield b"x"

    aiohttpretty.register_uri(
        "GET",
        URI,
        responses=[
            {"status": 201},
            {"error": ValueError},
            {"status": 202, "delay": 0.001},
            {"handler": handler},
            {"body": stream, "status": 203},
            {"handler": handler, "delay": 0.001},
        ],
        exhausted="cycle",
    )
    got = [(await statuses(1))[0] for _ in range(12)]
    assert got == [201, ValueError, 202, 418, 203, 418] * 2
