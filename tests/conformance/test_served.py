"""The server's end of a wire: what a loopback server could not promise."""

import asyncio
import contextvars
import gc
import io
import logging
import subprocess
import sys
import warnings
import weakref

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from peers import echo
from settling import settle, until

from aiohttpretty.wire.connector import CLOSE
from aiohttpretty.wire.exchange import AtClient
from aiohttpretty.wire.handlers import HandlerServer, Serving
from aiohttpretty.wire.protocol import WireProtocol
from aiohttpretty.wire.served import Exchange, ServedEnd
from aiohttpretty.wire.transport import WireTransport

from .serving import Noted, Served, Stage, staged

MEGABYTE = 1 << 20
who = contextvars.ContextVar("who", default="nobody")


async def hello(request):
    return web.Response(text="hello")


async def read(response):
    async with response:
        return response.status, await response.text()


async def test_one_connection():
    """Requests for several handlers share one connection, and each handler gets its own."""

    async def name(request):
        return web.Response(text=f"{request.match_info['name']} on {id(request.transport)}")

    async with staged(("/hello", hello), ("/named/{name}", name)) as session:
        first = await read(await session.get("/named/a"))
        assert await read(await session.get("/hello")) == (200, "hello")
        second = await read(await session.get("/named/b"))
        assert first[1].split()[1:] == second[1].split()[1:]
        assert len(session.connector.ends) == 1
        assert session.connector.statuses == [200, 200, 200]


async def test_no_limit_to_a_body():
    """A handler reads a body that is larger than an application allows unless it is told otherwise."""

    async def size(request):
        return web.Response(text=str(len(await request.read())))

    async with staged(("/a", size)) as session:
        assert await read(await session.post("/a", data=io.BytesIO(bytes(3 * MEGABYTE)))) == (200, str(3 * MEGABYTE))


async def test_contexts():
    """A handler runs in the context that its server was given, never in its client's; nor does it change that."""

    async def tell(request):
        seen, _ = who.get(), who.set("the handler")
        return web.Response(text=f"{seen} {await request.text()}")

    given = contextvars.copy_context()
    given.run(who.set, "the test")
    for server, expected in [(HandlerServer(), "nobody"), (HandlerServer(context=given), "the test")]:
        async with staged(("/a", tell), server=server) as session:
            token = who.set("the client")
            for _ in range(2):
                assert await read(await session.post("/a", data="told")) == (200, f"{expected} told")
            assert who.get() == "the client"
            who.reset(token)
    assert given[who] == "the test"


async def test_a_handler_that_asks_on():
    """A handler may be a client itself, over the same connector, of another handler."""

    async def gateway(request):
        return web.Response(text="passed on: " + (await read(await session.get("/hello")))[1])

    async with staged(("/gateway", gateway), ("/hello", hello)) as session:
        assert await read(await session.get("/gateway")) == (200, "passed on: hello")
        assert len(session.connector.ends) == 2


async def test_what_is_raised_at_the_client(caplog):
    """`AtClient` has an exception raised where the client waits, once, and it is neither a bug nor in the log."""
    given = LookupError("my own")
    asked = []

    async def failing(request):
        asked.append(request.path)
        raise AtClient(given)

    async with staged(("/a", failing), ("/hello", hello)) as session:
        for method in ("GET", "POST"):
            with pytest.raises(LookupError) as caught:
                await session.request(method, "/a")
            assert caught.value is given
        assert asked == ["/a", "/a"]
        assert session.connector.bugs == []
        assert session.connector.statuses == []
        assert await read(await session.get("/hello")) == (200, "hello")
    assert caplog.records == []


async def test_what_is_raised_at_the_client_in_the_midst():
    """The same after the beginning of the answer: it is raised where the client reads the rest."""
    given = LookupError("my own")

    async def failing(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        await go_on.wait()
        raise AtClient(given)

    go_on = asyncio.Event()
    async with staged(("/a", failing)) as session, session.get("/a") as response:
        assert await response.content.readexactly(5) == b"begun"
        go_on.set()
        with pytest.raises(LookupError) as caught:
            await response.read()
        assert caught.value is given


async def test_a_bug_that_is_no_exception_of_pythons_kind():
    """`pytest.fail()` in a handler, which is no `Exception`, is a bug like others, and the client gets an answer."""

    async def failing(request):
        pytest.fail("not like this")

    async with staged(("/a", failing)) as session:
        assert (await session.get("/a")).status == 500
        [bug] = session.connector.bugs
    assert (type(bug), str(bug)) == (pytest.fail.Exception, "not like this")


async def test_a_bug_after_the_answer():
    """An exception that comes when the answer is whole harms no other request on the connection, but is seen."""

    async def late(request):
        response = web.Response(text="whole")
        await response.prepare(request)
        await response.write_eof()
        await go_on.wait()
        raise LookupError("too late")

    go_on = asyncio.Event()
    async with staged(("/a", late), ("/hello", hello)) as session:
        assert await read(await session.get("/a")) == (200, "whole")
        following = asyncio.ensure_future(session.get("/hello"))
        await asyncio.sleep(0)
        go_on.set()
        # the server closes, as in life; aiohttp asks again on another connection
        assert await read(await following) == (200, "hello")
        assert list(map(str, session.connector.bugs)) == ["too late"]


async def test_a_bug_that_is_answered(caplog):
    """A bug is a 500 and in the log, as in life, and is seen."""
    bug = LookupError("my own")

    async def broken(request):
        raise bug

    async with staged(("/a", broken)) as session:
        status, _ = await read(await session.get("/a"))
        assert (status, session.connector.bugs, session.connector.statuses) == (500, [bug], [500])
    assert [record.exc_info[1] for record in caplog.records] == [bug]


async def test_no_response(caplog):
    """A handler that returns something else answers 500 as in life, and is told so in a sentence."""

    async def forgetful(request):
        """Returns nothing."""

    async with staged(("/a", forgetful)) as session:
        assert (await session.get("/a")).status == 500
        [error] = session.connector.bugs
    assert str(error) == (
        "The handler test_no_response.<locals>.forgetful returned None, which is no response. Return an "
        "aiohttp.web.Response, such as web.json_response({}), or another StreamResponse."
    )


async def test_no_response_to_nobody(caplog):
    """The same is told of one whose client has gone meanwhile."""

    async def forgetful(request):
        begun.set()
        await go_on.wait()

    begun, go_on = asyncio.Event(), asyncio.Event()
    async with staged(("/a", forgetful)) as session:
        asking = asyncio.ensure_future(session.get("/a"))
        await begun.wait()
        asking.cancel()
        await settle()
        go_on.set()
        await until(lambda: session.connector.bugs)
        [error] = session.connector.bugs
    assert str(error).startswith("The handler test_no_response_to_nobody.<locals>.forgetful returned None")


async def test_a_protocol_with_a_bug():
    """A server whose protocol can't take what comes fails its client with that, and does not leave it waiting."""

    class Broken(web.RequestHandler):
        def data_received(self, data):
            raise LookupError("my own")

    class Server(web.Server):
        def __call__(self):
            return Broken(self, loop=asyncio.get_running_loop())

    async with staged(("/a", None), server=Serving(Server(hello))) as session:
        for method in ("GET", "POST"):
            with pytest.raises(LookupError, match="my own"):
                await session.request(method, "/a")


async def test_what_a_request_knows_of_its_route():
    """A handler finds a resource like others, and a router that has it."""

    async def ask(request):
        resource = request.match_info.route.resource
        routes = list(request.app.router.routes())
        return web.json_response(
            [resource.canonical, str(resource.url_for(tail="a")), len(resource), routes == list(resource)]
        )

    async with staged(("/a", ask)) as session:
        async with session.get("/a") as response:
            assert await response.json() == ["/{tail}", "/a", 1, True]


async def test_written_below_http():
    """A handler may write to its transport itself, in one piece or several, and is heard in order."""

    async def raw(request):
        transport = request.transport
        assert not transport.can_write_eof()
        assert transport.get_protocol() is request.protocol
        transport.write(b"")
        transport.writelines([b"HTTP/1.1 200 OK\r\nContent-", bytearray(b"Length: 4\r\n\r\nra"), memoryview(b"w!")])
        transport.close()
        transport.write(b"to nobody")
        return web.Response()

    async with staged(("/a", raw)) as session:
        assert await read(await session.get("/a")) == (200, "raw!")


def plain(request):
    return web.Response(text="plain")


def giving_a_coroutine(request):
    return hello(request)


class Called:
    async def __call__(self, request):
        return web.Response(text="called")


@pytest.mark.parametrize(
    ("handler", "text"),
    [(plain, "plain"), (giving_a_coroutine, "hello"), (Called(), "called"), (Called().__call__, "called")],
)
async def test_kinds_of_handlers(handler, text):
    """Whatever can be called with a request and returns a response, now or later, is a handler."""
    async with staged(("/a", handler)) as session:
        assert await read(await session.get("/a")) == (200, text)


async def test_no_bugs():
    """An HTTPException is an answer, a cancellation comes from outside, and a client that goes is no bug either."""

    async def refusing(request):
        raise web.HTTPForbidden

    async def cancelled(request):
        raise asyncio.CancelledError

    async def talking(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"more")
                await asyncio.sleep(0)
        finally:
            ended.set()

    ended = asyncio.Event()
    routes = [("/refusing", refusing), ("/cancelled", cancelled), ("/talking", talking)]
    async with staged(*routes) as session:
        # first: on a connection that has been used, aiohttp 3.10 lets the client wait for ever
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.post("/cancelled")
        assert (await session.get("/refusing")).status == 403
        (await session.get("/talking")).close()
        await ended.wait()
        await asyncio.sleep(0)
        assert session.connector.bugs == []


async def test_statuses():
    """The status that is told is the final one: neither 100 Continue, nor anything after the handshake of a socket."""

    async def echo(request):
        # the body has to be read: else aiohttp before 3.14 leaves it unsent, and the next request is taken for it
        return web.Response(body=await request.read())

    async def socket(request):
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        await answer.send_str("HTTP/1.1 200 not a head")
        return answer

    async with staged(("/hello", hello), ("/echo", echo), ("/socket", socket)) as session:
        await read(await session.post("/echo", data=b"x", expect100=True))
        async with session.ws_connect("/socket") as client:
            assert await client.receive_str() == "HTTP/1.1 200 not a head"
        await read(await session.head("/hello"))
        assert session.connector.statuses == [200, 101, 200]


async def test_busy():
    """An end is busy from the beginning of a request until the client has all of the answer, read or not."""

    async def slow(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        await go_on.wait()
        await response.write(b", ended")
        await response.write_eof()
        answered.set()
        return response

    go_on, answered = asyncio.Event(), asyncio.Event()
    async with staged(("/slow", slow), ("/hello", hello), ("/echo", echo)) as session:
        for method in ("GET", "HEAD"):
            await read(await session.request(method, "/hello"))
            [end] = session.connector.ends
            assert not end.busy
        async with session.get("/slow") as response:
            assert end.busy
            go_on.set()
            await answered.wait()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not end.busy
            assert await response.read() == b"begun, ended"
        async with session.ws_connect("/echo") as client:
            await client.send_str("still there?")
            await client.receive_str()
            assert end.busy
        assert not end.busy


async def test_up_with_little_in_flight():
    """64 MB go up while a handler reads them, and less than 1 MB is ever on the way, because the client waits."""
    made = most = 0

    async def body():
        nonlocal made
        for _ in range(1024):
            made += 64 * 1024
            yield bytes(64 * 1024)

    async def reading(request):
        nonlocal most
        taken = 0
        async for piece in request.content.iter_any():
            taken += len(piece)
            most = max(most, made - taken)
            await asyncio.sleep(0)
        return web.Response(text=str(taken))

    async with staged(("/a", reading)) as session:
        assert await read(await session.post("/a", data=body())) == (200, str(64 * MEGABYTE))
    assert most < MEGABYTE


async def test_down_with_little_in_flight():
    """64 MB come down as a handler writes them, and less than 1 MB is ever on the way, because the writer waits."""
    made = most = taken = 0

    async def writing(request):
        nonlocal made
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1024):
            made += 64 * 1024
            await response.write(bytes(64 * 1024))
        return response

    async with staged(("/a", writing)) as session, session.get("/a") as response:
        async for piece in response.content.iter_any():
            taken += len(piece)
            most = max(most, made - taken)
            await asyncio.sleep(0)
    assert taken == 64 * MEGABYTE
    assert most < MEGABYTE


async def test_a_client_that_reads_nothing():
    """A handler that writes for ever is stopped by a client that doesn't read, and ended by one that goes."""
    made = 0

    async def endless(request):
        nonlocal made
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                made += 64 * 1024
                await response.write(bytes(64 * 1024))
        finally:
            ended.set()

    ended = asyncio.Event()
    async with staged(("/a", endless)) as session:
        response = await session.get("/a")
        before = -1
        while made != before:
            before = made
            for _ in range(20):
                await asyncio.sleep(0)
        assert made < MEGABYTE
        response.close()
        await ended.wait()


@pytest.mark.parametrize("cancellation", [True, False])
async def test_closing(cancellation):
    """close() cancels what is running, whoever waits for it, and leaves no task, no timer and no connection behind."""
    ends = []

    async def waiting(request):
        begun.release()
        try:
            await asyncio.Event().wait()
        finally:
            ends.append(request.path)

    before = asyncio.all_tasks()
    begun = asyncio.Semaphore(0)
    server = HandlerServer(handler_cancellation=cancellation)
    stage = Stage([("/hello", hello), ("/waiting/{number}", waiting)], server=server)
    async with aiohttp.ClientSession("http://example.test", connector=stage) as session:
        await read(await session.get("/hello"))
        requests = [asyncio.ensure_future(session.post(f"/waiting/{number}")) for number in range(3)]
        for _ in requests:
            await begun.acquire()
        requests[0].cancel()  # a client that goes
        await asyncio.wait(requests[:1])
        left = server.close()
        await asyncio.wait([*left, *requests])
        assert [type(request.exception()) for request in requests[1:]] == [aiohttp.ServerDisconnectedError] * 2
        assert sorted(ends) == ["/waiting/0", "/waiting/1", "/waiting/2"]
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    # a timer that is still on the loop would keep the ends alive
    alive = [weakref.ref(end) for end in stage.ends]
    del server, stage, session, requests, left
    gc.collect()
    assert [end() for end in alive if end() is not None] == []


async def test_an_idle_connection_leaves_nothing():
    """When a session is closed, the server's end is gone one tick later, with its task and its timer."""
    before = asyncio.all_tasks()
    stage = Stage([("/hello", hello)])
    async with aiohttp.ClientSession("http://example.test", connector=stage) as session:
        await read(await session.get("/hello"))
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    await asyncio.sleep(0)  # for those who wait for the end of the task
    alive = weakref.ref(stage.ends.pop())
    del stage, session
    gc.collect()
    assert alive() is None


async def _leave_open(stage, begun):
    session = aiohttp.ClientSession("http://example.test", connector=stage)
    await read(await session.get("/hello"))
    first = asyncio.ensure_future(session.get("/waiting"))
    await begun.wait()
    return session, first


@pytest.mark.parametrize("closed", [True, False])
def test_closing_without_a_running_loop(closed, caplog):
    """close() leaves no warning when the event loop is stopped, or closed, with a handler in the midst of its work."""
    ends = []

    async def waiting(request):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ends.append(request.path)

    async def main():
        nonlocal begun, stage
        begun, stage = asyncio.Event(), Stage([("/hello", hello), ("/waiting", waiting)])
        return await _leave_open(stage, begun)

    begun = stage = None
    loop = asyncio.new_event_loop()
    session, request = loop.run_until_complete(main())
    request.cancel()
    loop.run_until_complete(asyncio.wait([request]))
    server = stage.server
    if closed:
        loop.close()
        for end in stage.ends:
            end.hang_up()
        server.close()
        assert ends == ["/waiting"]
        getattr(stage, CLOSE)()
    else:
        server.close()
        loop.run_until_complete(session.close())
        loop.close()
    request = None
    del session, server, stage
    gc.collect()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_socket_of_its_own():
    """A transport tells what a server's would, and nothing of a real socket."""

    async def tell(request):
        names = ("peername", "sockname", "socket", "sslcontext", "ssl_object", "nothing")
        return web.json_response([repr(request.get_extra_info(name)) for name in names])

    async with staged(("/a", tell)) as session:
        peername, sockname, *others = await (await session.get("/a")).json()
        host, port = eval(peername)
        assert host == "127.0.0.1"
        assert 49152 <= port < 65536
        assert sockname == "('127.0.0.1', 80)"
        assert others == ["None"] * 4


async def test_a_socket_that_stays_open():
    """A websocket lives on while others come and go over other connections, and is closed with its server."""

    async with staged(("/hello", hello), ("/echo", echo)) as session, session.ws_connect("/echo") as client:
        for number in range(3):
            await client.send_str(str(number))
            assert await client.receive_str() == str(number)
            assert await read(await session.get("/hello")) == (200, "hello")
        await asyncio.gather(*session.connector.server.close(), return_exceptions=True)
        assert (await client.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


def test_the_import_is_light():
    """Whoever has no handler does not pay for aiohttp.web."""
    code = "import aiohttpretty, sys; print('aiohttp.web' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


class Noting(asyncio.Protocol):
    """A server that is not aiohttp's: notes what it is told, and by whom."""

    def __init__(self):
        self.notes = []

    def connection_made(self, transport):
        self.transport = transport
        self.notes.append(("made", who.get()))

    def data_received(self, data):
        self.notes.append((data, who.get()))
        self.transport.write(b"HTTP/1.1 299 Noted\r\nContent-Length: 0\r\n\r\n")

    def connection_lost(self, error):
        self.notes.append(("lost", error))


def plugged(loop, server):
    """A served end, with a client that waits at the other."""
    protocol = WireProtocol(loop)
    transport = WireTransport(loop, protocol, {"peername": ("127.0.0.1", 80)})
    end = server(loop, protocol, transport)
    transport.far_end = Served(end)
    protocol.connection_made(transport)
    return end, transport


async def test_any_server():
    """Any protocol can be the server; it is told of everything in its own context, and of the end after the bytes."""
    server, statuses = Noting(), []
    given = contextvars.copy_context()
    given.run(who.set, "the server")
    end, transport = plugged(asyncio.get_running_loop(), lambda *ends: ServedEnd(*ends, lambda: server, context=given))
    end.begin(Noted(None, {}, statuses, []))
    who.set("the client")
    transport.write(b"one, ")
    transport.write(b"two")
    assert server.notes == [("made", "the server")]  # nothing is told inside a write
    transport.lose()
    for _ in range(4):
        await asyncio.sleep(0)
    assert server.notes[1] == (b"one, two", "the server")
    assert [note for note, _ in server.notes[2:]] == ["lost"]
    # it wrote to a client that was gone
    assert statuses == []
    assert server.transport.is_closing()


async def test_the_end_as_a_socket_tells_it():
    """The client's protocol is told of the end of the bytes, and then of the connection's, when the server closes."""
    server, told = Noting(), []
    end, transport = plugged(asyncio.get_running_loop(), lambda *ends: ServedEnd(*ends, lambda: server))
    protocol = transport.get_protocol()
    protocol.eof_received = lambda: told.append("eof")
    protocol.connection_lost = lambda error: told.append(("lost", error))
    server.transport.close()
    for _ in range(4):
        await asyncio.sleep(0)
    assert told == ["eof", ("lost", None)]


async def test_a_server_that_closes_first():
    """A server that closed, and waits for its client to read the rest, is told when the client goes instead."""
    server = Noting()
    end, transport = plugged(asyncio.get_running_loop(), lambda *ends: ServedEnd(*ends, lambda: server))
    transport.pause_reading()
    transport.write(b"one")
    for _ in range(3):
        await asyncio.sleep(0)
    server.transport.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert server.notes[1:] == [(b"one", "nobody")]
    transport.lose()
    await asyncio.sleep(0)
    assert server.notes[2:] == [("lost", None)]


async def test_a_request_before_the_end():
    """A handler gets the last request of a client that is gone by then, as it would from a socket."""
    answered = []

    async def answering(request):
        answered.append((request.path, request.remote, await request.read()))
        return web.Response()

    server = HandlerServer()
    end, transport = plugged(asyncio.get_running_loop(), server.connect)
    end.begin(Exchange(answering))
    transport.write(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
    transport.lose()
    for _ in range(5):
        await asyncio.sleep(0)
    assert answered == [("/a", "127.0.0.1", b"body")]
    assert server.close() == []


async def test_a_client_that_goes_while_nobody_reads():
    """A handler that waits to write more is ended when its client goes, though it has not read what that sent."""

    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        begun.set()
        try:
            while True:
                await response.write(bytes(64 * 1024))
        finally:
            ended.set()

    begun, ended = asyncio.Event(), asyncio.Event()
    async with staged(("/a", endless)) as session:
        response = await session.post("/a", data=io.BytesIO(bytes(4 * MEGABYTE)))
        await begun.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        response.close()
        await asyncio.wait_for(ended.wait(), 10)


def test_an_idle_connection_and_the_last_moment_of_a_loop():
    """An idle connection that is lost in the last moment of an event loop leaves no task to be destroyed."""

    async def main():
        stage = Stage([("/hello", hello)])
        session = aiohttp.ClientSession("http://example.test", connector=stage)
        await read(await session.get("/hello"))
        session.detach()
        getattr(stage, CLOSE)()
        stage.ends[0]._transport.lose()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    assert asyncio.all_tasks(loop) == set()
    loop.close()


async def test_what_is_delivered_together():
    """What a server writes in one go arrives in one piece, as from a socket; a whole answer need not wait for more."""
    server, got = Noting(), []
    end, transport = plugged(asyncio.get_running_loop(), lambda *ends: ServedEnd(*ends, lambda: server))
    transport.get_protocol().data_received = got.append
    end.begin(Exchange())
    server.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    server.transport.write(b"body")
    assert got == []
    await asyncio.sleep(0)
    assert got == [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"]
    end.begin(Exchange())
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    server.transport.write(whole)
    assert got[1:] == [whole]
    end.begin(Exchange())
    transport.pause_reading()
    server.transport.write(whole)
    assert got[2:] == []
    transport.resume_reading()
    for _ in range(2):
        await asyncio.sleep(0)
    assert got[2:] == [whole]
    transport.lose()


async def test_applications_of_their_own():
    """What a handler keeps in its application is gone with the server that it ran on."""

    async def keep(request):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # aiohttp would have it in the application before that starts
            request.app["kept"] = kept = request.app.get("kept", 0) + 1
        return web.Response(text=str(kept))

    for _ in range(2):
        async with staged(("/a", keep)) as session:
            assert [(await read(await session.get("/a")))[1] for _ in range(2)] == ["1", "2"]
