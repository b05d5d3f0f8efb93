"""A late answer: the client's own timeouts are real, and say what they would say of a slow server."""

import asyncio

import aiohttp
import pytest

import aiohttpretty

from .looking import failure, outcome, seen

SLOW = 30  # longer than any client here waits
SHORT = 0.02
# A timeout of a client: long enough for a server on a socket to have read the request, on a busy machine, too
LIMIT = 0.25


@pytest.mark.parametrize("limit", ["total", "sock_read"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_timeouts(both, limit, method):
    """A delay that is longer than a timeout of the client ends in the error that a slow server would end in."""

    async def client(world):
        timeout = aiohttp.ClientTimeout(**{limit: LIMIT})
        data = b"x" if method == "POST" else None
        async with world.session() as session:
            return await failure(session.request(method, world.base / "slow", data=data, timeout=timeout))

    got, _ = await both(client, [(method, "/slow", {"delay": SLOW})])
    assert "Timeout" in got["type"]


async def test_connect_timeouts_do_not_count(both):
    """What limits the way to a connection has nothing to do with how long the answer takes."""

    async def client(world):
        timeout = aiohttp.ClientTimeout(connect=LIMIT, sock_connect=LIMIT)
        async with world.session() as session:
            return await seen(await session.get(world.base / "slow", timeout=timeout))

    got, _ = await both(client, [("GET", "/slow", {"delay": 2 * LIMIT, "body": b"late"})])
    assert got["body"] == b"late"


async def test_the_connection_after_a_timeout(both):
    """A request that ran into its timeout leaves the session usable."""

    async def client(world):
        async with world.session() as session:
            first = await outcome(session.get(world.base / "slow", timeout=aiohttp.ClientTimeout(total=LIMIT)))
            return first, await outcome(session.get(world.base / "fast"))

    await both(client, [("GET", "/slow", {"delay": SLOW}), ("GET", "/fast", {"body": b"fast"})])


async def test_in_time(both):
    """An answer that comes late, but in time, is the same answer; the next one on the connection waits its own time."""

    async def client(world):
        async with world.session(timeout=aiohttp.ClientTimeout(total=20)) as session:
            return [await seen(await session.get(world.base / "slow")) for _ in range(3)]

    responses = [{"delay": SHORT, "body": b"1"}, {"body": b"2"}, {"delay": SHORT, "status": 404}]
    got, _ = await both(client, [("GET", "/slow", {"responses": responses})])
    assert [one["status"] for one in got] == [200, 200, 404]


@pytest.mark.parametrize("late", [{"body": b"late"}, {"error": ValueError("late")}])
async def test_no_sooner(late):
    """Neither an answer nor an error comes before its time, and it comes by the clock of the event loop."""
    loop = asyncio.get_running_loop()
    aiohttpretty.register_uri("GET", "http://h/", delay=SHORT, **late)
    start = loop.time()
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            got = await asyncio.gather(session.get("http://h/"), return_exceptions=True)
    assert loop.time() - start >= SHORT * 0.9  # a loop's clock has a resolution
    assert isinstance(got[0], ValueError if "error" in late else aiohttp.ClientResponse)


async def test_cancelled():
    """A request that is cancelled while its answer waits takes its timer along."""
    loop = asyncio.get_running_loop()
    timers = []
    call_later = loop.call_later

    def noted(delay, *args, **kwargs):
        handle = call_later(delay, *args, **kwargs)
        if delay == SLOW:
            timers.append(handle)
        return handle

    aiohttpretty.register_uri("GET", "http://h/", delay=SLOW)
    loop.call_later = noted
    try:
        with aiohttpretty.activate():
            async with aiohttp.ClientSession() as session:
                request = asyncio.ensure_future(session.get("http://h/"))
                while not timers:
                    await asyncio.sleep(0)
                request.cancel()
                await asyncio.wait([request])
    finally:
        del loop.call_later
    assert [timer.cancelled() for timer in timers] == [True]


async def test_deactivated():
    """deactivate() ends the waiting at once."""
    aiohttpretty.register_uri("GET", "http://h/", delay=SLOW)
    async with aiohttp.ClientSession() as session:
        with aiohttpretty.activate():
            request = asyncio.ensure_future(session.get("http://h/"))
            while not aiohttpretty.calls:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(aiohttpretty.DeactivatedError):
            await asyncio.wait_for(request, 5)
