"""Who sees a block, and who does not: tasks, threads, event loops, callbacks, handlers, fixtures."""

import asyncio
import concurrent.futures
import contextvars
import gc
import threading
import unittest
import weakref

import aiohttp
import aiohttp.web
import pytest
from aiohttp.test_utils import RawTestServer
from settling import raised

import aiohttpretty
from aiohttpretty.errors import NoMatchError

from .asking import URI, ask, said

MANY = 1000
NOT_SEEN = (
    "which this request does not see: only the code of the block does, and the tasks, callbacks and to_thread() calls "
    "that begin in there. Begin in the block what makes the request, or register for all with "
    "aiohttpretty.register_uri() and aiohttpretty.activate()."
)


# Who sees it


async def test_a_thousand_tasks_each_with_its_own():
    """On one shared session, a thousand blocks answer the same URL each its own; none sees another's call."""
    together = asyncio.Barrier(MANY) if hasattr(asyncio, "Barrier") else None
    found = aiohttp.ClientSession.__dict__["_request"]

    async def one(number):
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URI, body=str(number))
            if together is not None:
                await together.wait()
            first, second = await asyncio.gather(ask(session), ask(session))
            assert (first, second) == (str(number), str(number))
            return len(pretty.calls)

    async with aiohttp.ClientSession() as session:
        assert await asyncio.gather(*map(one, range(MANY))) == [2] * MANY
    assert aiohttp.ClientSession.__dict__["_request"] is found


async def test_what_begins_in_the_block_sees_it():
    """Tasks, tasks of tasks, callbacks, timers, to_thread with an event loop of its own, and copies of the context."""
    loop = asyncio.get_running_loop()

    async def child():
        return await asyncio.create_task(ask())

    def calls_back(schedule):
        answered = loop.create_future()
        schedule(lambda: loop.create_task(ask()).add_done_callback(lambda task: answered.set_result(task.result())))
        return answered

    async with aiohttpretty.isolated() as pretty:
        pretty.register_uri("GET", URI, body=b"inside")
        assert await asyncio.wait_for(ask(), 30) == "inside"
        assert await asyncio.create_task(child()) == "inside"
        assert await asyncio.gather(ask(), ask()) == ["inside", "inside"]
        assert await calls_back(loop.call_soon) == "inside"
        assert await calls_back(lambda call: loop.call_later(0, call)) == "inside"
        assert await calls_back(loop.call_soon_threadsafe) == "inside"
        assert await asyncio.to_thread(asyncio.run, ask()) == "inside"
        context = contextvars.copy_context()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            assert await loop.run_in_executor(pool, context.run, asyncio.run, ask()) == "inside"
    assert len(pretty.calls) == 9


def test_blocks_in_threads_with_loops_of_their_own():
    """Sixteen threads, each with an event loop, a session and blocks of its own, never meet."""
    found = aiohttp.ClientSession.__dict__["_request"]
    together = threading.Barrier(16)

    async def turns(number):
        async with aiohttp.ClientSession() as session:
            for turn in range(20):
                async with aiohttpretty.isolated() as pretty:
                    pretty.register_uri("GET", URI, body=f"{number}.{turn}")
                    assert await ask(session) == f"{number}.{turn}"

    def run(number):
        together.wait()
        asyncio.run(turns(number))

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(run, range(16)))
    assert aiohttp.ClientSession.__dict__["_request"] is found


class InUnittest(unittest.IsolatedAsyncioTestCase):
    """A block for each test, opened and left by what is around it."""

    async def asyncSetUp(self):
        block = aiohttpretty.isolated()
        self.pretty = await block.__aenter__()
        self.addAsyncCleanup(block.__aexit__, None, None, None)

    async def check(self):
        self.pretty.register_uri("GET", URI, body=b"inside")
        assert await ask() == "inside"


def test_opened_in_asyncsetup():
    """With unittest, a test sees the block that its asyncSetUp has opened."""
    result = unittest.TestResult()
    InUnittest("check").run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])


async def test_redirects_and_retries_stay_in_the_block():
    """Each hop of a redirect, and aiohttp's own second attempt, is asked of the block in which the request began."""
    aiohttpretty.register_uri("GET", "http://api.example.com/next", body=b"outside")
    with aiohttpretty.activate():
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URI, status=302, headers={"Location": "/next"})
            pretty.register_uri(
                "GET",
                "http://api.example.com/next",
                responses=[{"fault": aiohttpretty.faults.disconnect(attempts=1)}, {"body": b"inside"}],
            )
            assert await ask() == "inside"
    assert len(pretty.calls) == 3


@pytest.mark.parametrize("how", ["handler", "function", "application", "websocket", "served"])
async def test_what_the_block_answers_with_sees_it(how):
    """A handler or an application that the block's registry runs asks other services in the block, too."""
    seen = []

    async def front(request):
        seen.append(await ask())
        if how == "websocket":
            socket = aiohttp.web.WebSocketResponse()
            await socket.prepare(request)
            return socket
        return aiohttp.web.Response(text=seen[-1])

    async def startup(app):
        seen.append(await ask())

    uri = "http://front.example.com/"
    async with aiohttpretty.isolated() as pretty, aiohttp.ClientSession() as session:
        pretty.register_uri("GET", URI, body=b"inside")
        if how == "application":
            app = aiohttp.web.Application()
            app.router.add_get("/", front)
            app.on_startup.append(startup)
            pretty.mount(uri, app)
        elif how == "function":
            pretty.mount(uri, front)
        elif how == "websocket":
            pretty.register_websocket(uri, front)
        else:
            pretty.register_uri("GET", uri, handler=front)
        if how == "websocket":
            async with session.ws_connect(uri):
                pass
        elif how == "served":
            async with pretty.serve() as server:
                assert await ask(session, server.url_for(uri)) == "inside"
        else:
            assert await ask(session, uri) == "inside"
    assert set(seen) == {"inside"}


async def test_servers_of_the_test_are_reached_from_anywhere():
    """aiohttp's test servers and a WireServer are reached in a block, and outside of it while one is open."""

    async def handler(request):
        return aiohttp.web.Response(text="server")

    gate = asyncio.Event()

    async def outside(uri):
        await gate.wait()
        return await ask(uri=uri)

    async with RawTestServer(handler) as real, aiohttpretty.WireServer(handler) as wired:
        addresses = [str(real.make_url("/")), str(wired.make_url("/"))]
        waiting = [asyncio.create_task(outside(uri)) for uri in addresses]
        async with aiohttpretty.isolated(fall_through=False):
            assert [await ask(uri=uri) for uri in addresses] == ["server", "server"]
            gate.set()
            assert await asyncio.gather(*waiting) == ["server", "server"]


# Who does not


async def test_a_server_on_the_wire_does_not_answer_for_a_block():
    """Where only a WireServer is there for the process, what sees no registry is refused all the same, and once."""
    gate = asyncio.Event()
    asking = await begun_before(gate)
    async with aiohttpretty.WireServer(aiohttp.web.Application()), aiohttpretty.isolated():
        gate.set()
        error = await raised(asking)
    assert type(error) is NoMatchError
    assert [one.report for one in aiohttpretty.unmatched] == [str(error)]


async def begun_before(gate):
    async def early():
        await gate.wait()
        return await ask()

    return asyncio.create_task(early())


async def worker_of_a_queue(gate):
    jobs = asyncio.Queue()

    async def work():
        job, answered = await jobs.get()
        try:
            answered.set_result(await job())
        except Exception as error:
            answered.set_exception(error)

    worker = asyncio.create_task(work())

    async def put():
        await gate.wait()
        answered = asyncio.get_running_loop().create_future()
        await jobs.put((ask, answered))
        try:
            return await answered
        finally:
            await worker

    return asyncio.create_task(put())


async def executor(gate):
    async def thread():
        await gate.wait()
        return await asyncio.get_running_loop().run_in_executor(None, asyncio.run, ask())

    return asyncio.create_task(thread())


async def plain_thread(gate):
    async def thread():
        await gate.wait()
        found = concurrent.futures.Future()

        def run():
            try:
                found.set_result(asyncio.run(ask()))
            except Exception as error:
                found.set_exception(error)

        running = threading.Thread(target=run)
        running.start()
        try:
            return await asyncio.wrap_future(found)
        finally:
            await asyncio.to_thread(running.join)

    return asyncio.create_task(thread())


ELSEWHERE = [begun_before, worker_of_a_queue, executor, plain_thread]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_what_began_elsewhere_asks_the_process(elsewhere):
    """A task from before, a queue's worker, an executor, another thread: they see the process-wide registry."""
    aiohttpretty.register_uri("GET", URI, body=b"outside")
    gate = asyncio.Event()
    with aiohttpretty.activate():
        asking = await elsewhere(gate)
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URI, body=b"inside")
            gate.set()
            assert await asking == "outside"
    assert not pretty.calls
    assert len(aiohttpretty.calls) == 1


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_what_began_elsewhere_is_not_let_out(elsewhere):
    """If no registry is active for the process, such a request is refused while a block is open, and told why."""
    gate = asyncio.Event()
    asking = await elsewhere(gate)
    block = aiohttpretty.isolated()
    async with block as pretty:
        route = pretty.register_uri("GET", URI, body=b"inside")
        gate.set()
        error = await raised(asking)
    assert type(error) is NoMatchError
    assert (
        f"Cause: the route for it ({route.origin}) is in the registry of isolated() ({pretty.isolated_at}), {NOT_SEEN} "
        "Asked:"
    ) in said(error)
    assert [one.report for one in aiohttpretty.unmatched] == [str(error)]
    assert not pretty.unmatched


async def test_a_request_that_nobody_knows_at_all_is_told_of_the_block():
    """Also where the block has no route for it, the error names the block as what there is."""
    gate = asyncio.Event()
    asking = await begun_before(gate)
    async with aiohttpretty.isolated() as pretty:
        gate.set()
        error = await raised(asking)
    assert (
        f"Cause: the only registry that is active is that of isolated() ({pretty.isolated_at}), {NOT_SEEN} Asked:"
    ) in said(error)


async def test_of_several_blocks_each_registry_is_asked():
    """A request that sees none of them is noted once by each registry that opened a block; each may let it out."""
    gate, later = asyncio.Event(), asyncio.Event()
    nowhere = "http://127.0.0.1:1/"

    async def early():
        await later.wait()
        return await ask(uri=nowhere)

    lost, passing = await begun_before(gate), asyncio.create_task(early())
    own = aiohttpretty.AioHTTPretty()
    with own.isolated() as first, first.isolated(), aiohttpretty.isolated(), aiohttpretty.isolated():
        gate.set()
        error = await raised(lost)
        assert f"that of isolated() ({first.isolated_at}), which this request does not see" in said(error)
        for registry in (own, first, aiohttpretty):
            assert [one.report for one in registry.unmatched] == [str(error)]
        aiohttpretty.passthrough("127.0.0.1")
        later.set()
        assert isinstance(await raised(passing), aiohttp.ClientConnectorError)


async def test_the_registry_of_the_process_names_the_block():
    """An active registry that refuses a request says so when a block has the route for it."""
    gate = asyncio.Event()
    with aiohttpretty.activate():
        asking = await begun_before(gate)
        async with aiohttpretty.isolated() as pretty:
            route = pretty.register_uri("GET", URI, body=b"inside")
            gate.set()
            error = await raised(asking)
    assert f"({route.origin}) is in the registry of isolated() ({pretty.isolated_at}), {NOT_SEEN}" in said(error)


async def test_what_may_pass_passes_outside_of_blocks_too():
    """A host that the process-wide registry lets through is let through while only a block is open."""
    aiohttpretty.passthrough("127.0.0.1")
    hits = []

    async def closed(reader, writer):
        hits.append(await reader.readline())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(closed, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gate = asyncio.Event()

    async def early():
        await gate.wait()
        async with aiohttp.ClientSession() as session, session.post(f"http://127.0.0.1:{port}/"):
            pass

    async with server:
        asking = asyncio.create_task(early())
        async with aiohttpretty.isolated():
            gate.set()
            assert type(await raised(asking)) is aiohttp.ServerDisconnectedError
    assert hits == [b"POST / HTTP/1.1\r\n"]


@pytest.mark.parametrize("fall_through", [True, False])
@pytest.mark.parametrize("kept", [True, False])
async def test_a_child_that_outlives_the_block(fall_through, kept):
    """What began in a block and asks when it is over, asks the process-wide registry; also while another is open."""
    gate = asyncio.Event()
    aiohttpretty.register_uri("GET", URI, body=b"outside")
    with aiohttpretty.activate():
        async with aiohttpretty.isolated(fall_through=fall_through) as pretty:
            pretty.register_uri("GET", URI, body=b"inside")
            child, other = await begun_before(gate), await begun_before(later := asyncio.Event())
        if not kept:
            del pretty
            gc.collect()
        gate.set()
        assert await child == "outside"
        async with aiohttpretty.isolated():
            later.set()
            assert await other == "outside"


async def test_a_child_keeps_nothing_of_the_block():
    """A task that began in a block, and goes on for long, does not keep what the block's registry has answered."""
    gate = asyncio.Event()
    async with aiohttpretty.isolated() as pretty:
        pretty.register_uri("GET", URI, body=b"inside")
        assert await ask() == "inside"
        child = asyncio.create_task(gate.wait())
    kept = weakref.ref(pretty)
    del pretty
    gc.collect()
    assert kept() is None
    gate.set()
    await child


async def test_a_connection_kept_alive_answers_for_whoever_asks():
    """The next request on a connection that served a block is answered by who sees it, and not by the block."""
    aiohttpretty.register_uri("GET", URI, body=b"outside")
    connector = aiohttp.TCPConnector(limit=1)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=connector) as session:
            for number in range(3):
                async with aiohttpretty.isolated() as pretty:
                    pretty.register_uri("GET", URI, body=str(number))
                    assert await ask(session) == str(number)
                assert await ask(session) == "outside"
