"""Waiting for a call that other tasks, threads and event loops make: without polling, and to the moment."""

import asyncio
import concurrent.futures
import contextlib
import io
import os
import threading

import aiohttp
import pytest

import aiohttpretty
from aiohttpretty import OptionTypeError, OptionValueError, VerificationError, match

from .failing import fails, text

URI = "http://example.com/"
PATIENCE = 30  # seconds, for what will never come


@pytest.fixture(autouse=True)
def _route():
    aiohttpretty.register_uri("*", URI + "{rest:.*}", check_params=False)


async def outcome(awaitable):
    try:
        return await awaitable
    except VerificationError as error:
        return error


def nobody_waits():
    return not aiohttpretty.activate.__self__.waiting


async def asleep(many=1):
    """Until so many wait."""
    for _ in range(1000):
        await asyncio.sleep(0)
        if len(aiohttpretty.activate.__self__.waiting) == many:
            return
    raise AssertionError("nobody waits")


async def test_a_call_that_came_already():
    """The first one that fits is returned at once, as often as it is asked for."""
    await aiohttpretty.fake_request("GET", URI)
    await aiohttpretty.fake_request("POST", URI, data=b"1")
    await aiohttpretty.fake_request("POST", URI, data=b"2")
    assert await aiohttpretty.wait_for_call("post", URI, timeout=0) is aiohttpretty.calls[1]
    assert await aiohttpretty.wait_for_call("POST", URI, timeout=0) is aiohttpretty.calls[1]
    assert await aiohttpretty.wait_for_call("POST", URI, match=match.body(b"2")) is aiohttpretty.calls[2]
    assert await aiohttpretty.wait_for_call("POST", URI, times=2) is aiohttpretty.calls[2]
    assert nobody_waits()


async def test_a_call_of_a_task():
    """It is there, with headers and body, as soon as its request is whole."""

    async def work():
        await asleep()
        await aiohttpretty.fake_request("GET", URI)
        await aiohttpretty.fake_request("POST", URI, json={"a": 1}, headers={"X": "1"})

    task = asyncio.create_task(work())
    call = await aiohttpretty.wait_for_call("POST", URI, timeout=PATIENCE)
    assert (call.json(), call.request_headers["X"]) == ({"a": 1}, "1")
    await task
    assert call.status == 200


@pytest.mark.parametrize("words", [{}, {"match": match.header("X", "1")}])
async def test_a_body_that_takes_its_time(words):
    """A call whose request is still being sent does not count yet, whether its route had to see the body or not."""
    aiohttpretty.register_uri("POST", URI, **words)
    go_on = asyncio.Event()

    async def body():
        yield b"1"
        await go_on.wait()
        yield b"2"

    task = asyncio.create_task(aiohttpretty.fake_request("POST", URI, data=body(), headers={"X": "1"}))
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("POST", URI, timeout=PATIENCE))
    await asleep()
    for _ in range(10):
        await asyncio.sleep(0)
    early = waiting.done() or await outcome(aiohttpretty.wait_for_call("POST", URI, timeout=0))
    go_on.set()
    assert isinstance(early, VerificationError)
    assert (await waiting).body == b"12"
    await task


async def test_a_route_that_looks_and_says_no_wakes_nobody():
    """A request that several routes look at is one call, of the route that answers."""
    aiohttpretty.register_uri("POST", URI, match=match.body(b"2"))
    aiohttpretty.register_uri("POST", URI, match=match.body(b"3"))
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("POST", URI, times=2, timeout=PATIENCE))
    await asleep()
    await aiohttpretty.fake_request("POST", URI, data=b"1")
    await asyncio.sleep(0)
    assert not waiting.done()
    await aiohttpretty.fake_request("POST", URI, data=b"2")
    assert await waiting is aiohttpretty.calls[1]


async def test_handlers_and_errors():
    """A call counts, be it answered by a handler or with an exception."""

    async def handler(request):
        return aiohttp.web.Response()

    aiohttpretty.register_uri("GET", URI + "handler", handler=handler)
    aiohttpretty.register_uri("GET", URI + "error", error=TimeoutError)
    for path in ("handler", "error"):
        waiting = asyncio.create_task(aiohttpretty.wait_for_call("GET", URI + path, timeout=PATIENCE))
        await asleep()
        with contextlib.suppress(TimeoutError):
            await aiohttpretty.fake_request("GET", URI + path)
        assert (await waiting).url.path == "/" + path


async def test_many_wait():
    """Each gets the call that it waits for; two may get the same."""
    wanted = [*range(20), 7]
    waiting = [
        asyncio.create_task(aiohttpretty.wait_for_call("GET", URI, params={"n": number}, timeout=PATIENCE))
        for number in wanted
    ]
    await asleep(21)
    await asyncio.gather(*(aiohttpretty.fake_request("GET", URI, params={"n": number}) for number in range(20)))
    found = await asyncio.gather(*waiting)
    assert [int(call.url.query["n"]) for call in found] == wanted
    assert found[7] is found[20]
    assert nobody_waits()


async def test_it_does_not_come():
    """After the timeout, the report: what was waited for, where, and what came instead."""
    await aiohttpretty.fake_request("GET", URI)
    with fails(
        f"""
Waited 0.01 s for POST {URI}, and it was not called (expected at test_waiting.py:1).

Nearest:

1. GET {URI} -> 200 (call 1 of 1, asked at test_waiting.py:1)
   ✗ method  expected POST, got GET
   ✓ scheme  http
   ✓ host    example.com
   ✓ path    /
   ✓ params  none
"""
    ) as caught:
        await aiohttpretty.wait_for_call("POST", URI, timeout=0.01)
    shown = [entry.name for entry in caught.traceback.filter(caught)]
    assert [name for name in shown if name != "fails"] == ["test_it_does_not_come"]
    with fails() as caught:
        await aiohttpretty.wait_for_call("GET", URI, times=3, timeout=0)
    assert text(caught.value).startswith(
        f"Looked for GET {URI} to be called 3 times, and it was called once (expected at test_waiting.py:1)."
    )
    assert nobody_waits()


async def test_the_line_of_a_task():
    """The report names the line that wrote what is waited for, also where a task of its own waits."""
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("POST", URI, timeout=0))
    with fails() as caught:
        await waiting
    assert "(expected at test_waiting.py:1)" in text(caught.value)


async def test_cancelled():
    """Who is cancelled waits no more, and the others go on."""
    one, other = (asyncio.create_task(aiohttpretty.wait_for_call("GET", URI, timeout=None)) for _ in range(2))
    await asleep(2)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    await aiohttpretty.fake_request("GET", URI)
    assert await other is aiohttpretty.calls[0]
    assert nobody_waits()


async def test_clear_goes_on_waiting():
    """clear() takes away what came, but nobody's hope; what had come before counts."""
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("GET", URI, times=2, timeout=PATIENCE))
    await asleep()
    first = asyncio.create_task(aiohttpretty.fake_request("GET", URI))
    await first
    aiohttpretty.clear()
    aiohttpretty.register_uri("GET", URI)
    await aiohttpretty.fake_request("GET", URI)
    assert await waiting is aiohttpretty.calls[0]


async def test_deactivate_ends_it():
    """The last deactivate() ends every wait, also one without a timeout, and the report says so."""
    aiohttpretty.activate()
    aiohttpretty.activate()
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("GET", URI, timeout=None))
    await asleep()
    aiohttpretty.deactivate()
    await asyncio.sleep(0)
    assert not waiting.done()
    aiohttpretty.deactivate()
    with fails() as caught:
        await asyncio.wait_for(waiting, PATIENCE)
    assert text(caught.value).startswith(f"Waited until deactivate() for GET {URI}, and it was not called (")


async def test_what_comes_just_before_the_end():
    """A call that comes in the moment in which all is switched off and cleared, has come."""
    aiohttpretty.activate()
    waiting = asyncio.create_task(aiohttpretty.wait_for_call("GET", URI, timeout=None))
    await asleep()
    request = asyncio.create_task(aiohttpretty.fake_request("GET", URI))
    while not (aiohttpretty.calls and aiohttpretty.calls[0].whole):
        await asyncio.sleep(0)
    call = aiohttpretty.calls[0]
    aiohttpretty.deactivate()
    aiohttpretty.clear()
    assert await waiting is call
    await request


async def test_a_body_that_was_not_kept():
    """A call of which it can't be told is named."""
    await aiohttpretty.fake_request("PUT", URI, data=io.BytesIO(b"x" * 2_000_000))
    with fails() as caught:
        await aiohttpretty.wait_for_call("PUT", URI, match=match.body(b"x"), timeout=0)
    assert f"Whether PUT {URI} with match.body(b'x') was called can't be told" in text(caught.value)


# -- threads


def new_loop():
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def run(main):
    loop = new_loop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()


async def test_a_call_of_another_thread():
    """A call that is made in another event loop wakes the one that waits in this."""
    started = threading.Event()

    async def work():
        async with aiohttp.ClientSession() as session:
            await session.get(URI + "first")
            started.wait(PATIENCE)  # only when this loop has nothing left to do but wait
            await session.get(URI + "second")

    asyncio.get_running_loop().set_debug(True)  # it refuses to be woken from another thread but in the one safe way
    with aiohttpretty.activate(), concurrent.futures.ThreadPoolExecutor() as pool:
        future = pool.submit(run, work())

        async def go():
            await asleep()
            started.set()

        going = asyncio.create_task(go())
        waiting = aiohttpretty.wait_for_call("GET", URI + "second", timeout=None)
        call = await asyncio.wait_for(waiting, PATIENCE)
        assert call is aiohttpretty.calls[1]
        await asyncio.wrap_future(future)
        await going


async def test_waiters_in_many_threads():
    """Several loops wait at once for calls that this one makes."""

    def wait(number):
        return run(aiohttpretty.wait_for_call("GET", f"{URI}{number}", timeout=PATIENCE))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(wait, number) for number in range(8)]
        for number in range(8):
            await aiohttpretty.fake_request("GET", f"{URI}{number}")
        found = await asyncio.gather(*map(asyncio.wrap_future, futures))
    assert [call.url.path for call in found] == [f"/{number}" for number in range(8)]
    assert nobody_waits()


def test_a_loop_that_was_closed():
    """Whoever was left waiting in a loop that is gone does no harm to a later call."""
    loop = new_loop()
    task = loop.create_task(aiohttpretty.wait_for_call("GET", URI, timeout=None))
    loop.run_until_complete(asleep())
    loop.close()
    assert not nobody_waits()
    run(aiohttpretty.fake_request("GET", URI))
    with contextlib.suppress(RuntimeError):
        task.get_coro().close()
    task._log_destroy_pending = False
    assert nobody_waits()


# -- arguments

REFUSED = {
    "no number": (
        {"timeout": "1"},
        OptionTypeError,
        "timeout='1' is no length of time. Give seconds as a number, or None to wait for ever.",
    ),
    "negative": (
        {"timeout": -1},
        OptionValueError,
        "timeout=-1 can't be waited for. Give seconds from 0 to a year, or None to wait for ever.",
    ),
    "endless": (
        {"timeout": float("inf")},
        OptionValueError,
        "timeout=inf can't be waited for. Give seconds from 0 to a year, or None to wait for ever.",
    ),
    "no times": ({"times": 0}, OptionValueError, "times=0 is not a number of calls. Give an int from 1 on."),
    "a word of assert_called": (
        {"at_least": 1},
        OptionTypeError,
        "wait_for_call has no option 'at_least'. The options are: params, check_params, match, timeout, times.",
    ),
}


@pytest.mark.parametrize(("words", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(words, kind, message):
    """What can't be meant is said on the line that wrote it, before anything is awaited."""
    with pytest.raises(kind) as caught:
        aiohttpretty.wait_for_call("GET", URI, **words)
    assert str(caught.value) == message
