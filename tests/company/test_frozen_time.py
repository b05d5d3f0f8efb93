"""Under a clock that stands still or jumps: nothing of ours hangs, and what a server would say of time is said."""

import asyncio

import aiohttp
import freezegun
import pytest
import time_machine
from aiohttp import web
from settling import PATIENCE

import aiohttpretty

URL = "http://example.com/"
NEW_YEAR = "2030-01-01"


def frozen(**options):
    return lambda: freezegun.freeze_time(NEW_YEAR, **options)


CLOCKS = {
    "freezegun": frozen(),
    "freezegun, ticking": frozen(tick=True),
    "freezegun, but not for asyncio": frozen(real_asyncio=True),
    "freezegun, long ago": lambda: freezegun.freeze_time("1970-01-02"),
    "time-machine": lambda: time_machine.travel(NEW_YEAR, tick=False),
    "time-machine, ticking": lambda: time_machine.travel(NEW_YEAR, tick=True),
}


@pytest.fixture(params=CLOCKS)
def clock(request):
    """What makes the clock stand still, or go on from elsewhere, as a context manager that `move_to` moves."""
    return CLOCKS[request.param]()


async def ask(session, path="", method="GET", **options):
    async with session.request(method, URL + path, **options) as response:
        return await response.text()


async def test_requests(clock):
    """Answers, handlers, streams and websockets come, on a new connection and on one that was kept."""

    async def handler(request):
        return web.Response(text=await request.text())

    async def stream():
        yield "a"
        await asyncio.sleep(0)
        yield "b"

    async def hello(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        await socket.close()
        return socket

    with aiohttpretty.activate(), clock:
        aiohttpretty.register_uri("GET", URL, body="abc")
        aiohttpretty.register_uri("POST", URL, handler=handler)
        aiohttpretty.register_uri("PUT", URL, body=stream)
        aiohttpretty.register_websocket("ws://example.com/ws", hello)
        async with aiohttp.ClientSession() as session:
            assert [await ask(session) for _ in range(3)] == ["abc"] * 3
            assert await ask(session, method="POST", data="sent") == "sent"
            assert await ask(session, method="PUT") == "ab"
            async with session.ws_connect("ws://example.com/ws") as socket:
                assert await socket.receive_str() == "hello"
    assert len(aiohttpretty.calls) == 6


async def test_told_time(clock):
    """With time="instant", delays and timeouts pass also where no clock goes on."""
    with aiohttpretty.activate(time="instant"), clock:
        aiohttpretty.register_uri("GET", URL, delay=3600, body="late")
        aiohttpretty.register_uri("GET", URL + "stall", fault=aiohttpretty.faults.stall())
        aiohttpretty.register_uri("GET", URL + "lost", fault=aiohttpretty.faults.connect_timeout())
        async with aiohttp.ClientSession() as session:
            patient = aiohttp.ClientTimeout(total=7200)
            assert await ask(session, timeout=patient) == "late"
            with pytest.raises(asyncio.TimeoutError) as caught:
                await ask(session, timeout=aiohttp.ClientTimeout(total=60))
            assert type(caught.value) is asyncio.TimeoutError
            with pytest.raises(aiohttp.SocketTimeoutError):
                await ask(session, "stall", timeout=aiohttp.ClientTimeout(sock_read=60))
            with pytest.raises(aiohttp.ConnectionTimeoutError):
                await ask(session, "lost", timeout=aiohttp.ClientTimeout(connect=60))


@pytest.mark.parametrize("name", ["freezegun, ticking", "freezegun, but not for asyncio", "time-machine"])
async def test_real_time(name):
    """A real delay, and a real timeout, pass where the event loop's clock goes on."""
    with aiohttpretty.activate(), CLOCKS[name]():
        aiohttpretty.register_uri("GET", URL, delay=0.01, body="late")
        aiohttpretty.register_uri("GET", URL + "stall", fault=aiohttpretty.faults.stall())
        async with aiohttp.ClientSession() as session:
            assert await ask(session) == "late"
            with pytest.raises(asyncio.TimeoutError):
                await ask(session, "stall", timeout=aiohttp.ClientTimeout(total=0.01))


async def test_moving_the_clock_is_waiting():
    """A delay, or a timeout, is over when freezegun says that so much time has passed."""
    with aiohttpretty.activate(), freezegun.freeze_time(NEW_YEAR) as clock:
        aiohttpretty.register_uri("GET", URL, delay=60, body="late")
        async with aiohttp.ClientSession() as session:
            for timeout, came in ((None, "late"), (30, "TimeoutError()")):
                before = len(aiohttpretty.calls)
                asked = asyncio.create_task(ask(session, timeout=aiohttp.ClientTimeout(total=timeout)))
                while len(aiohttpretty.calls) == before:
                    await asyncio.sleep(0)
                for _ in range(50):
                    await asyncio.sleep(0)
                assert not asked.done()
                clock.tick(61 if timeout is None else 31)
                [said] = await asyncio.gather(asked, return_exceptions=True)
                assert said == came or repr(said) == came


async def test_cookies_expire(clock):
    """A cookie of ours is kept as long as its age says, by the clock of the test."""
    with aiohttpretty.activate(), clock as clock:
        aiohttpretty.register_uri("GET", URL, cookies={"short": {"value": "1", "max_age": 60}, "long": "2"})
        async with aiohttp.ClientSession() as session:
            for path in ("", ""):
                await ask(session, path)
            assert aiohttpretty.calls[-1].request_headers["Cookie"] == "long=2; short=1"
            clock.move_to("2030-01-02")
            await ask(session)
    assert aiohttpretty.calls[-1].request_headers["Cookie"] == "long=2"


async def test_what_a_server_says_of_time(clock):
    """A handler's answer has the date that it is."""

    async def handler(request):
        return web.Response()

    with aiohttpretty.activate(), clock as clock:
        clock.move_to("2031-05-05")
        aiohttpretty.register_uri("GET", URL, handler=handler)
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert response.headers["Date"].startswith("Mon, 05 May 2031 00:00:0")


async def test_the_times_of_records():
    """They are those of `time.monotonic()`, which freezegun freezes and moves."""
    with aiohttpretty.activate(), freezegun.freeze_time(NEW_YEAR) as clock:
        aiohttpretty.register_uri("GET", URL)
        async with aiohttp.ClientSession() as session:
            await ask(session)
            clock.tick(10)
            await ask(session)
    first, second = aiohttpretty.calls
    assert second.started - first.started == 10
    assert first.duration == second.duration == 0


async def test_over_a_socket(clock):
    """A registry that is served on a real socket answers, too."""
    aiohttpretty.register_uri("GET", URL, body="abc")
    async with aiohttpretty.serve() as server, aiohttp.ClientSession() as session:
        with clock:
            async with session.get(server.url_for(URL)) as response:
                assert await response.text() == "abc"


async def test_frozen_in_the_middle():
    """A request that began by one clock ends by another, in both directions."""
    with aiohttpretty.activate(time="instant"):
        for enter, leave in ((0, 1), (1, 0)):
            body = asyncio.StreamReader()
            aiohttpretty.register_uri("GET", URL, body=body)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
                with freezegun.freeze_time(NEW_YEAR) if leave else freezegun.freeze_time("1970-01-02"):
                    response = await session.get(URL)
                    if enter:
                        body.feed_eof()
                        assert await response.read() == b""
                body.feed_eof()
                assert await response.read() == b""
    assert [call.status for call in aiohttpretty.calls] == [200, 200]
