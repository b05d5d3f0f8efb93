"""However much there is of something, memory stays as it was; `benchmarks/load.py` asks the same in large."""

import asyncio
import gc
import tracemalloc
from weakref import ref

import aiohttp
import pytest
from aiohttp import web

import aiohttpretty
from aiohttpretty import faults, match

HOST = "http://load.test"


async def handler(request):
    return web.Response(text="x")


async def pieces():
    yield b"one"
    yield b"two"


KINDS = {
    "constant": {"body": "x"},
    "matcher": {"match": match.json_contains({"name": "Ann"})},
    "list": {"responses": [{"body": "1"}, {"status": 404}], "exhausted": "cycle"},
    "handler": {"handler": handler},
    "stream": {"body": pieces},
    "error": {"error": RuntimeError("the same each time")},
    "reset": {"fault": faults.reset()},
    "refused": {"fault": faults.refused()},
}


async def ask(session, url):
    try:
        async with session.post(url, json={"name": "Ann"}) as response:
            await response.read()
    except (aiohttp.ClientError, RuntimeError):
        pass


@pytest.mark.parametrize("kind", KINDS)
async def test_memory_does_not_grow_with_requests(kind):
    """Neither what answers nor what fails keeps anything of a request, once the calls are cleared."""
    aiohttpretty.register_uri("POST", f"{HOST}/", **KINDS[kind])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:

            async def traced(count):
                for _ in range(count):
                    await ask(session, f"{HOST}/")
                aiohttpretty.calls.clear()
                gc.collect()
                return tracemalloc.get_traced_memory()[0]

            tracemalloc.start()
            try:
                # asyncio lets a hundred timers be that were cancelled
                before = await traced(110)
                after = await traced(300)
            finally:
                tracemalloc.stop()
    # a request that was kept would be 500 bytes of its record alone
    assert after - before < 300 * 100


@pytest.mark.parametrize("size", [8 * 1024 * 1024])
@pytest.mark.parametrize("to", ["constant", "handler", "stream"])
async def test_a_body_is_never_in_memory_as_a_whole(size, to):
    """Neither one that is sent, to whom it may be, nor one that comes."""
    piece = b"x" * 64 * 1024

    async def body():
        for _ in range(size // len(piece)):
            yield piece

    async def reading(request):
        async for _ in request.content.iter_any():
            pass
        return web.Response()

    aiohttpretty.register_uri("POST", f"{HOST}/constant")
    aiohttpretty.register_uri("POST", f"{HOST}/handler", handler=reading)
    aiohttpretty.register_uri("POST", f"{HOST}/stream", body=body)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            await ask(session, f"{HOST}/{to}")
            tracemalloc.start()
            try:
                sent = b"" if to == "stream" else body()
                async with session.post(f"{HOST}/{to}", data=sent) as response:
                    got = 0
                    async for part in response.content.iter_any():
                        got += len(part)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
    assert got == (size if to == "stream" else 0)
    assert aiohttpretty.calls[-1].body_size == (size if to == "constant" else 0) or to == "handler"
    assert peak < size // 2


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


@pytest.mark.parametrize("what", ["handler", "mounted handler", "mounted application"])
def test_event_loops_that_are_closed_are_not_kept(what):
    """A registry that stays active for a whole session of tests does not gather all of their event loops."""
    if what == "handler":
        aiohttpretty.register_uri("POST", f"{HOST}/", handler=handler)
    else:
        aiohttpretty.mount(HOST, handler if what == "mounted handler" else asgi)
    loops = []

    async def one():
        loops.append(ref(asyncio.get_running_loop()))
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{HOST}/") as response:
                assert response.status == 200

    with aiohttpretty.activate():
        for _ in range(5):
            asyncio.run(one())
        aiohttpretty.calls.clear()
        gc.collect()
        # the last one's is let go of when the next comes, or with the activation
        assert [loop for loop in loops[:-1] if loop() is not None] == []
    gc.collect()
    assert loops[-1]() is None


async def test_switching_on_and_off_leaves_nothing_on_sessions_that_live_on():
    """A process that lives long has its sessions as they were, and no more memory in use, after any number of tests."""
    # without timers: asyncio lets a hundred be that were cancelled
    timeout = aiohttp.ClientTimeout(total=None)
    sessions = [aiohttp.ClientSession(timeout=timeout) for _ in range(10)]
    before = aiohttp.ClientSession.__dict__["_request"]
    looks = [set(vars(session.connector)) for session in sessions]

    async def cycle():
        with aiohttpretty.activate():
            aiohttpretty.register_uri("POST", f"{HOST}/")
            for session in sessions:
                await ask(session, f"{HOST}/")
        aiohttpretty.clear()
        assert aiohttp.ClientSession.__dict__["_request"] is before

    async def traced(count):
        for _ in range(count):
            await cycle()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        start = await traced(12)
        end = await traced(40)
    finally:
        tracemalloc.stop()
    assert [set(vars(session.connector)) for session in sessions] == looks
    assert end - start < 40 * len(sessions) * 100
    for session in sessions:
        await session.close()
