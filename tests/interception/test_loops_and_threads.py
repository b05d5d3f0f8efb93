"""Several event loops, one after the other and at once, and switching from any of their threads."""

import asyncio
import concurrent.futures
import gc
import os
import threading
import warnings

import aiohttp
import pytest
from aiohttp import web
from settling import outcome, settle, text

import aiohttpretty
from aiohttpretty import known
from aiohttpretty.activation import in_thread_of, let_go_of_closed
from aiohttpretty.waiting import Waiter

from .conftest import Escaped

URI = "http://example.com/"
PATIENCE = 30  # seconds, for a thread that will never come


def new_loop():
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def run(main):
    """`asyncio.run` with the loop under test."""
    loop = new_loop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class LoopThread(threading.Thread):
    """An event loop that runs in a thread of its own until it is left."""

    def __init__(self):
        super().__init__(daemon=True)
        self.loop = new_loop()

    def run(self):
        self.loop.run_forever()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(PATIENCE)
        self.loop.close()

    def submit(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def do(self, coroutine):
        return self.submit(coroutine).result(PATIENCE)


async def get(uri=URI):
    async with aiohttp.ClientSession() as session, session.get(uri) as response:
        return await response.read()


async def new_session():
    return aiohttp.ClientSession()


async def close(session):
    await session.close()


def hooked(session):
    return [name for name in ("connect", "_close", "_close_immediately") if name in vars(session.connector)]


def test_one_loop_after_the_other(original):
    """An activation is no loop's own: it outlives them, and every new one is mocked."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    with aiohttpretty.activate():
        assert [run(get()) for _ in range(3)] == [b"x"] * 3


def test_without_a_session_in_several_loops():
    """fake_request() is as free: two loops one after the other, and two at once."""
    aiohttpretty.register_uri("GET", URI, body=b"x")

    async def fake():
        response = await aiohttpretty.fake_request("GET", URI)
        return await response.read()

    assert [run(fake()), run(fake())] == [b"x", b"x"]
    with LoopThread() as one, LoopThread() as two:
        futures = [thread.submit(fake()) for thread in (one, two) for _ in range(10)]
        assert [future.result(PATIENCE) for future in futures] == [b"x"] * 20


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt(original, kind):
    """One that comes while the far end is at work is for whoever runs the loop, and not for the client."""

    def interrupted(call):
        raise kind("now")

    aiohttpretty.register_uri("GET", URI, match=interrupted)
    loop = new_loop()
    with aiohttpretty.activate():
        asking = loop.create_task(outcome(get()))
        with pytest.raises(kind, match="now"):
            loop.run_until_complete(asking)
        assert not asking.done()
        asking.cancel()
        assert type(loop.run_until_complete(asking)) is asyncio.CancelledError
    loop.run_until_complete(settle())
    loop.close()


def test_deactivated_while_a_matcher_is_asked(original):
    """A registry that goes, in another thread, while it is asked begins nothing any more."""
    reached, go_on, begun = threading.Event(), threading.Event(), []

    def slow(call):
        reached.set()
        return go_on.wait(PATIENCE)

    async def handler(request):
        begun.append(request)

    aiohttpretty.register_uri("GET", URI, match=slow, handler=handler)
    with LoopThread() as thread:
        aiohttpretty.activate()
        asking = thread.submit(outcome(get()))
        reached.wait(PATIENCE)
        aiohttpretty.deactivate()
        go_on.set()
        assert type(asking.result(PATIENCE)) is aiohttpretty.DeactivatedError
    assert begun == []


@pytest.mark.parametrize("first", ["deactivate", "session"])
def test_a_loop_that_is_closed_before_its_handlers_end(original, caplog, first):
    """Handlers of a loop that is gone are unwound with the registry, or their client, and nobody complains of them."""
    unwound = []

    async def half(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"half")
        try:
            await asyncio.Event().wait()
        finally:
            unwound.append(request.path)
            await answer.write(b"more")  # to nobody

    async def leave_open():
        session = aiohttp.ClientSession()
        response = await session.get(URI)
        await response.content.readexactly(4)
        await (await session.get(URI + "idle")).read()
        return session, response

    aiohttpretty.activate()
    aiohttpretty.register_uri("GET", URI, handler=half)
    aiohttpretty.register_uri("GET", URI + "idle", handler=answered)
    loop = new_loop()
    session, response = loop.run_until_complete(leave_open())
    loop.close()
    if first == "session":
        for connection in (response.connection.transport, *transports(session)):
            connection.lose()
    aiohttpretty.deactivate()
    assert unwound == ["/"]
    assert hooked(session) == []
    with warnings.catch_warnings():  # the test has left them open, and aiohttp says so
        warnings.simplefilter("ignore", ResourceWarning)
        del session, response
        gc.collect()
    assert [record.getMessage() for record in caplog.records if "Task" in record.getMessage()] == []


async def answered(request):
    return web.Response(text="x")


def transports(session):
    """Those of idle connections."""
    shadow = session.connector.connect.__self__._shadow
    return [protocol.transport for idle in shadow._conns.values() for protocol, *_ in idle]


def test_a_loop_that_is_closed_before_deactivate(original):
    """A loop that is gone, with its session open and a response half read, hinders nobody."""
    aiohttpretty.activate()
    loop = new_loop()

    async def leave_open():
        aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
        session = aiohttp.ClientSession()
        return session, await session.get(URI)

    session, response = loop.run_until_complete(leave_open())
    loop.run_until_complete(asyncio.sleep(0))
    for task in asyncio.all_tasks(loop):  # what reads the stream
        task.cancel()
    loop.run_until_complete(settle())
    loop.close()
    aiohttpretty.deactivate()
    assert hooked(session) == []
    run(close(session))
    assert session.closed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # "Unclosed connection": aiohttp can't close it any more
        del response
        gc.collect()


def test_a_loop_that_is_closed_with_requests_on_their_way(original):
    """So does one whose tasks were never finished."""
    aiohttpretty.activate()
    loop = new_loop()
    loop.set_exception_handler(lambda loop, context: None)  # a task was destroyed; it means to be

    async def start():
        aiohttpretty.register_uri("POST", URI)

        async def never():
            yield b"x"
            await asyncio.Event().wait()

        session = aiohttp.ClientSession()
        task = asyncio.create_task(session.post(URI, data=never()))
        await settle()
        return session, task

    session, task = loop.run_until_complete(start())
    loop.close()
    aiohttpretty.deactivate()
    coroutine = task.get_coro()
    del task
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        coroutine.throw(RuntimeError("Event loop is closed"))
    gc.collect()
    assert hooked(session) == []
    run(close(session))


def test_a_body_that_is_read_when_its_loop_is_closed(original):
    """What reads it can be unwound, as Python does it with a task that nobody holds any more: without a word."""
    aiohttpretty.activate()
    loop = new_loop()
    loop.set_exception_handler(lambda loop, context: None)  # a task was destroyed; it means to be

    async def start():
        class Endless:
            async def read(self):
                await loop.create_future()

        aiohttpretty.register_uri("GET", URI, body=Endless())
        session = aiohttp.ClientSession()
        request = asyncio.create_task(text(session.get(URI)))
        await settle()
        [reads] = asyncio.all_tasks() - {asyncio.current_task(), request}
        return session, request, reads

    session, request, reads = loop.run_until_complete(start())
    loop.close()
    reads.get_coro().close()
    aiohttpretty.deactivate()
    assert hooked(session) == []
    run(close(session))
    request.get_coro().close()


def test_many_threads_at_once():
    """Sessions of several loops in several threads share one registry; each response is given once."""
    aiohttpretty.register_uri("GET", URI, responses=[{"body": str(number)} for number in range(200)])

    async def some():
        async with aiohttp.ClientSession() as session:
            got = []
            for _ in range(50):
                async with session.get(URI) as response:
                    got.append(int(await response.read()))
            return got

    with aiohttpretty.activate(), concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(run, some()) for _ in range(4)]
        got = [number for future in futures for number in future.result(PATIENCE)]
    assert sorted(got) == list(range(200))
    assert len(aiohttpretty.calls) == 200


def test_deactivated_from_another_thread(original):
    """deactivate() in one thread fails what waits in another, in that thread's own time, and cleans up there."""
    with LoopThread() as thread:
        aiohttpretty.activate()
        session = thread.do(new_session())
        reached = threading.Event()

        async def wait():
            aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
            async with session.get(URI) as response:
                reached.set()
                return await outcome(response.read())

        future = thread.submit(wait())
        assert reached.wait(PATIENCE)
        aiohttpretty.deactivate()
        error = future.result(PATIENCE)
        assert type(error) is aiohttpretty.DeactivatedError
        thread.do(settle())
        assert hooked(session) == []
        thread.do(close(session))


def test_deactivated_and_activated_again_from_another_thread():
    """A loop that is busy meanwhile finds the new activation; what belonged to the old one fails all the same."""
    aiohttpretty.register_uri("GET", URI, body=b"new")
    with LoopThread() as thread:
        aiohttpretty.activate()
        session = thread.do(new_session())
        busy, go_on = threading.Event(), threading.Event()

        async def old(reached):
            aiohttpretty.register_uri("GET", URI + "old", body=asyncio.StreamReader())
            async with session.get(URI + "old") as response:
                reached.set()
                return await outcome(response.read())

        async def across():
            async with session.get(URI) as response:
                await response.read()
            busy.set()
            go_on.wait(PATIENCE)  # the loop stands still
            async with session.get(URI) as response:
                return await response.read()

        reached = threading.Event()
        waiting = thread.submit(old(reached))
        assert reached.wait(PATIENCE)
        future = thread.submit(across())
        assert busy.wait(PATIENCE)
        aiohttpretty.deactivate()
        aiohttpretty.activate()
        go_on.set()
        assert future.result(PATIENCE) == b"new"
        assert type(waiting.result(PATIENCE)) is aiohttpretty.DeactivatedError
        aiohttpretty.deactivate()
        thread.do(settle())
        assert hooked(session) == []
        thread.do(close(session))


def test_switching_while_another_loop_asks(original, escapes):
    """However often one thread switches, a request in another is answered, fails with our error, or tries to leave."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    stop = threading.Event()

    async def ask():
        seen = set()
        async with aiohttp.ClientSession() as session:
            while not stop.is_set():
                got = await outcome(session.get(URI))
                seen.add(got if got == 200 else type(got))
        return seen

    with LoopThread() as thread:
        future = thread.submit(ask())
        for _ in range(200):
            aiohttpretty.activate()
            aiohttpretty.deactivate()
        stop.set()
        assert future.result(PATIENCE) <= {200, aiohttpretty.DeactivatedError, Escaped}
    escapes.clear()


async def test_a_session_of_another_loop():
    """A session whose loop is not the running one is no better off than without us."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    with LoopThread() as thread:
        session = thread.do(new_session())
        with aiohttpretty.activate():
            assert await asyncio.wrap_future(thread.submit(outcome(session.get(URI)))) == 200
            with pytest.raises(RuntimeError, match="should be used inside a task|Non-thread-safe operation"):
                await session.get(URI)
        thread.do(close(session))


def test_a_loop_that_is_closed_in_this_moment():
    """What was to be done in another thread's loop is not done when that is gone by then, and nobody minds."""
    done = []

    class Leaving:
        def is_running(self):
            return True

        def is_closed(self):
            return False

        def call_soon_threadsafe(self, action):
            raise RuntimeError("Event loop is closed")

    in_thread_of(Leaving(), lambda: done.append("here"))
    assert done == []


def test_what_ran_in_loops_that_are_closed():
    """It is ended when somebody else begins; what runs in others goes on."""
    closed, lives_on = new_loop(), new_loop()
    closed.close()
    running, ended = {closed: "over", lives_on: "goes on"}, []
    let_go_of_closed(running, ended.append)
    assert (running, ended) == ({lives_on: "goes on"}, ["over"])
    lives_on.close()


async def test_who_waits_in_a_loop_that_is_gone():
    """Nobody is there to be woken."""
    loop = new_loop()

    async def wait():
        return Waiter()

    waiter = await asyncio.to_thread(loop.run_until_complete, wait())
    loop.close()
    waiter.wake()
    assert not waiter.over


def test_outside_of_a_request():
    """There is no connector that leads it anywhere."""
    assert not known.redirected()
