"""Requests that are under way when `deactivate()` comes: they fail with our error, and stay inside."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from settling import outcome, settle, until

import aiohttpretty

from .conftest import Escaped

URI = "http://example.com/"
NAMED = (
    "aiohttpretty was deactivated while {} was under way; it was neither answered nor let out to the network. Await "
    "the request, or cancel its task, before deactivate() (with the marker or the fixture: before the test ends)."
)


class Hold:
    """A place where the code under test stays until the test lets it go on."""

    def __init__(self):
        self.reached = asyncio.Event()
        self._go_on = asyncio.Event()

    async def here(self, *args):
        self.reached.set()
        await self._go_on.wait()

    def release(self):
        self._go_on.set()


async def uploading(hold, method):
    """The body is being sent."""
    aiohttpretty.register_uri(method, URI)

    async def upload():
        yield b"some"
        await hold.here()
        yield b"more"

    async with aiohttp.ClientSession() as session:
        await session.request(method, URI, data=upload())


async def uploading_large_chunks(hold, method):
    """The body is being sent, with more of it at once than fits any buffer, and in chunks."""
    aiohttpretty.register_uri(method, URI)

    async def upload():
        yield bytes(1 << 20)
        await hold.here()
        yield bytes(1 << 20)

    async with aiohttp.ClientSession() as session:
        await session.request(method, URI, data=upload(), chunked=True)


async def reading(hold, method):
    """The code waits for the rest of the body."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"some")
    aiohttpretty.register_uri(method, URI, body=reader)
    async with aiohttp.ClientSession() as session, session.request(method, URI) as response:
        assert await response.content.readany() == b"some"
        hold.reached.set()
        await response.read()


async def reading_later(hold, method):
    """The code has the response and does something else before it reads on."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"some")
    aiohttpretty.register_uri(method, URI, body=reader)
    async with aiohttp.ClientSession() as session, session.request(method, URI) as response:
        await hold.here()
        await response.read()


async def reading_a_large_body(hold, method):
    """The code reads a body that is larger than aiohttp's buffers, and has not asked for the rest yet."""
    aiohttpretty.register_uri(method, URI, body=bytes(10 << 20))
    async with aiohttp.ClientSession() as session, session.request(method, URI) as response:
        await response.content.read(1)
        await hold.here()
        await response.read()


async def waiting_for_the_pool(hold, method):
    """All connections are in use."""
    aiohttpretty.register_uri(method, URI, body=asyncio.StreamReader())
    aiohttpretty.register_uri(method, URI + "2")
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector) as session, session.request(method, URI):
        hold.reached.set()
        await session.request(method, URI + "2")


async def waiting_for_the_pool_of_one_host(hold, method):
    """All connections to this host are in use."""
    aiohttpretty.register_uri(method, URI, body=asyncio.StreamReader())
    connector = aiohttp.TCPConnector(limit_per_host=1)
    aiohttpretty.register_uri(method, URI + "2")
    async with aiohttp.ClientSession(connector=connector) as session, session.request(method, URI):
        hold.reached.set()
        await session.request(method, URI + "2")


def in_trace(event):
    """Asleep in the callback of a trace."""

    async def traced(hold, method):
        config = aiohttp.TraceConfig()
        getattr(config, event).append(hold.here)
        aiohttpretty.register_uri(method, URI, body=asyncio.StreamReader())
        aiohttpretty.register_uri(method, URI + "2", status=307, headers={"Location": URI + "3"})
        aiohttpretty.register_uri(method, URI + "3")
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(connector=connector, trace_configs=[config]) as session:
            if event == "on_connection_queued_start":
                async with session.request(method, URI):
                    await session.request(method, URI + "2", data=b"x")
            await session.request(method, URI + "2", data=b"x")

    traced.__name__ = event
    return traced


async def between_two_hops_without_a_trace(hold, method):
    """The next hop of a redirect has to wait for the pool."""
    aiohttpretty.register_uri(method, URI, body=asyncio.StreamReader())
    aiohttpretty.register_uri(method, URI + "2", status=307, headers={"Location": URI})

    class Jar(aiohttp.DummyCookieJar):
        def update_cookies(self, *args):
            hold.reached.set()

    connector = aiohttp.TCPConnector(limit=1)
    aiohttpretty.register_uri(method, URI + "2", status=307, headers={"Location": URI, "Set-Cookie": "a=b"})
    async with aiohttp.ClientSession(connector=connector) as holder, holder.request(method, URI):
        session = aiohttp.ClientSession(connector=connector, connector_owner=False, cookie_jar=Jar())
        async with session:
            hold.reached.set()
            await session.request(method, URI + "2")


async def in_middleware(hold, method):
    """Asleep in a client middleware, before the request is sent."""
    aiohttpretty.register_uri(method, URI)

    async def middleware(request, handler):
        await hold.here()
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(middleware,)) as session:
        await session.request(method, URI)


async def in_a_middleware_that_retries(hold, method):
    """A client middleware asks again, whatever the first answer was."""
    aiohttpretty.register_uri(method, URI, status=500)

    async def middleware(request, handler):
        (await handler(request)).release()
        await hold.here()
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(middleware,)) as session:
        await session.request(method, URI)


async def in_a_subclass(hold, method):
    """A subclass of the session asks twice in one `_request`."""
    aiohttpretty.register_uri(method, URI)

    class Session(aiohttp.ClientSession):
        async def _request(self, *args, **kwargs):
            response = await super()._request(*args, **kwargs)
            await response.read()
            body = asyncio.StreamReader()
            aiohttpretty.register_uri(method, URI, body=body)
            second = await super()._request(*args, **kwargs)
            hold.reached.set()
            await second.read()

    async with Session() as session:
        await session.request(method, URI)


STAGES = [
    uploading,
    uploading_large_chunks,
    reading,
    reading_later,
    reading_a_large_body,
    waiting_for_the_pool,
    waiting_for_the_pool_of_one_host,
    between_two_hops_without_a_trace,
    in_a_subclass,
    *map(
        in_trace,
        [
            "on_request_start",
            "on_connection_queued_start",
            "on_connection_create_start",
            "on_connection_create_end",
            "on_dns_resolvehost_start",
            "on_dns_resolvehost_end",
            "on_dns_cache_miss",
            "on_request_headers_sent",
            "on_request_chunk_sent",
            "on_request_redirect",
        ],
    ),
]
if hasattr(aiohttp, "ClientMiddlewareType"):  # aiohttp 3.12
    STAGES += [in_middleware, in_a_middleware_that_retries]

everywhere = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
methods = pytest.mark.parametrize("method", ["GET", "POST"])


async def play(stage, method, meanwhile):
    """Run a stage, do something while it is held, let it go on; the error that came of it."""
    hold = Hold()
    task = asyncio.create_task(stage(hold, method))
    await hold.reached.wait()
    await settle()
    meanwhile()
    hold.release()
    [error] = await asyncio.gather(task, return_exceptions=True)
    return error


@methods
@everywhere
async def test_deactivated(stage, method, complaints):
    """Wherever the request was, it ends with DeactivatedError exactly: not retried, not let out."""
    aiohttpretty.activate()
    before = []

    def meanwhile():
        aiohttpretty.deactivate()
        before.append(len(aiohttpretty.calls))

    error = await play(stage, method, meanwhile)
    assert type(error) is aiohttpretty.DeactivatedError, repr(error)
    assert str(error) in {
        NAMED.format(f"{method} {URI}"),
        NAMED.format(f"{method} {URI}2"),
        NAMED.format(f"{method} {URI}3"),
        NAMED.format("a request on this connection"),
    }
    assert before == [len(aiohttpretty.calls)]
    assert aiohttpretty.unmatched == []


@methods
@everywhere
async def test_activated_again(stage, method, complaints):
    """A new activation, of the same registry, never answers a request of an earlier one."""
    aiohttpretty.activate()
    before = []

    def meanwhile():
        aiohttpretty.deactivate()
        aiohttpretty.activate()
        before.append(len(aiohttpretty.calls))

    error = await play(stage, method, meanwhile)
    assert type(error) is aiohttpretty.DeactivatedError, repr(error)
    assert before == [len(aiohttpretty.calls)]
    aiohttpretty.deactivate()


@methods
@everywhere
async def test_other_registries_go_on(stage, method, complaints):
    """Another registry that comes and goes meanwhile changes nothing for the request."""
    aiohttpretty.activate()
    other = aiohttpretty.AioHTTPretty()

    def meanwhile():
        with other.activate():
            pass
        aiohttpretty.deactivate()

    error = await play(stage, method, meanwhile)
    assert type(error) is aiohttpretty.DeactivatedError, repr(error)
    assert other.calls == other.unmatched == []


async def test_cancelled_in_the_same_breath(complaints):
    """A request that is cancelled while it waits for the pool is, also if the registry goes in the same moment."""
    aiohttpretty.activate()
    aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
    aiohttpretty.register_uri("GET", URI + "2")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        first = await session.get(URI)
        waiting = [asyncio.create_task(session.get(URI + "2")) for _ in range(2)]
        await settle()
        waiting[0].cancel()
        aiohttpretty.deactivate()
        cancelled, failed = await asyncio.gather(*waiting, return_exceptions=True)
        assert (type(cancelled), type(failed)) == (asyncio.CancelledError, aiohttpretty.DeactivatedError)
        first.close()


async def test_the_session_is_closed(complaints):
    """A request whose session is closed while it waits has an end, though its second attempt reaches no server."""
    aiohttpretty.register_uri("GET", URI, delay=60)
    with aiohttpretty.activate():
        session = aiohttp.ClientSession()
        task = asyncio.create_task(outcome(session.get(URI)))
        await settle()
        await session.close()
        # aiohttp's own words, different in each version
        assert isinstance(await task, Exception)
    [call] = aiohttpretty.calls
    assert (call.status, call.duration is not None) == (None, True)


async def test_a_client_that_leaves_when_its_answer_is_due(complaints):
    """Who closes the connection in the very moment to which the answer was delayed gets none, and nothing breaks."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("POST", URI, delay=0.1)  # a GET would be repeated
        async with aiohttp.ClientSession() as session:
            asking = asyncio.create_task(session.post(URI))
            await until(lambda: aiohttpretty.calls)
            [protocol] = session.connector.connect.__self__._shadow._acquired
            await until(lambda: protocol.transport.far_end._timer)
            loop, due = asyncio.get_running_loop(), protocol.transport.far_end._timer.when()
            loop.call_at(due - 0.005, protocol.transport.close)
            while loop.time() <= due:  # so that both come in the same turn of the event loop
                pass
            [error] = await asyncio.gather(asking, return_exceptions=True)
    assert type(error) is aiohttp.ServerDisconnectedError


async def test_a_websocket_behind_its_handshake(complaints):
    """A registry that goes between the handshake and the first message leaves a websocket that tells why."""
    with aiohttpretty.activate():
        aiohttpretty.register_websocket("ws://example.com/")
        config = aiohttp.TraceConfig()

        async def go(*args):
            aiohttpretty.deactivate()

        config.on_request_end.append(go)
        async with aiohttp.ClientSession(trace_configs=[config]) as session:
            socket = await session.ws_connect("ws://example.com/")
            message = await socket.receive()
    assert message.type is aiohttp.WSMsgType.ERROR
    assert type(message.data) is aiohttpretty.DeactivatedError


async def test_one_registry_goes(complaints):
    """What a registry was saying fails when it goes; what others are saying goes on, on the same session."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    readers = [asyncio.StreamReader(), asyncio.StreamReader()]
    for registry, reader, uri in zip((first, second), readers, (URI, URI + "2"), strict=True):
        registry.register_uri("GET", uri, body=reader)
        registry.activate()
    async with aiohttp.ClientSession() as session:
        responses = [await session.get(URI), await session.get(URI + "2")]
        second.deactivate()
        with pytest.raises(aiohttpretty.DeactivatedError):
            await responses[1].read()
        readers[0].feed_data(b"still here")
        readers[0].feed_eof()
        assert await responses[0].read() == b"still here"
    first.deactivate()


async def test_one_registry_goes_between_two_requests(complaints):
    """A connection that one registry has answered on is another's, when it is used again; nothing happens to it."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    first.register_uri("GET", URI, body=b"first")
    second.register_uri("GET", URI + "2", body=b"second")
    hold = Hold()
    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(hold.here)
    with first.activate():
        second.activate()
        async with aiohttp.ClientSession(trace_configs=[config]) as session:
            await (await session.get(URI + "2")).read()
            task = asyncio.create_task(session.get(URI))
            await hold.reached.wait()
            second.deactivate()
            hold.release()
            assert await (await asyncio.wait_for(task, 5)).read() == b"first"


async def test_left_behind(escapes):
    """A task that a request has started, and that outlives it, is not taken for the request."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    left = []

    async def start_another(session, context, params):
        if not left:
            left.append(asyncio.create_task(later(session)))

    async def later(session):
        await go_on.wait()
        async with aiohttp.ClientSession() as another:
            return [await outcome(another.get(URI)), await outcome(session.get(URI))]

    go_on = asyncio.Event()
    config = aiohttp.TraceConfig()
    config.on_request_start.append(start_another)
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        with aiohttpretty.activate():
            await session.get(URI)
        go_on.set()
        [first, second] = await left[0]
        assert (type(first), type(second)) == (Escaped, Escaped)
        escapes.clear()
        assert len(aiohttpretty.calls) == 1


@methods
@everywhere
async def test_cancelled(stage, method, complaints):
    """A task that is cancelled, wherever it was, leaves nothing behind: no task, no attribute on the connector."""
    aiohttpretty.activate()
    hold = Hold()
    task = asyncio.create_task(stage(hold, method))
    await hold.reached.wait()
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    aiohttpretty.deactivate()


async def test_asked_for_before_and_awaited_after(escapes):
    """A request that was made while aiohttpretty was active, and had no turn yet, is not let out either."""
    aiohttpretty.register_uri("GET", URI)
    async with aiohttp.ClientSession() as session:
        with aiohttpretty.activate():
            task = asyncio.ensure_future(session.get(URI))
            late = session.get(URI)
        for asked in (task, late):
            assert str(await outcome(asked)) == NAMED.format(f"GET {URI}")
        with aiohttpretty.activate():
            assert await outcome(session.get(URI)) == 200
        assert type(await outcome(session.get(URI))) is Escaped
    escapes.clear()


async def test_awaited_when_a_server_on_the_wire_is_gone(escapes):
    """What nobody would have kept, while there was only a WireServer, goes out."""
    async with aiohttp.ClientSession() as session:
        async with aiohttpretty.WireServer(web.Application()):
            late = session.get(URI)
        assert type(await outcome(late)) is Escaped
    escapes.clear()


def test_a_copy_that_somebody_has_kept(escapes):
    """Code that was imported in a test, and kept a copy of `_request`, is not refused in the tests behind that one."""

    async def importing():
        async with aiohttp.ClientSession() as session:
            aiohttpretty.register_uri("GET", URI)
            with aiohttpretty.activate():
                await session.get(URI)
                return aiohttp.ClientSession._request

    async def later():
        async with aiohttp.ClientSession() as session:
            return await outcome(kept(session, "GET", URI))

    kept = asyncio.run(importing())
    assert type(asyncio.run(later())) is Escaped
    escapes.clear()
