"""Sessions and connectors of every kind and age, and what is left of them."""

import asyncio
import gc
import inspect
import logging
import socket
import warnings
import weakref

import aiohttp
import pytest
from settling import settle

import aiohttpretty
from aiohttpretty.wire.transport import WireTransport

from .conftest import Escaped

URI = "http://example.com/"
HOOKED = ("connect", "_close", "_close_immediately")


def hooked(connector):
    """The attributes that we have put on a connector."""
    return [name for name in HOOKED if name in vars(connector)]


async def read(session, uri=URI):
    async with session.get(uri) as response:
        return await response.read()


@pytest.fixture(autouse=True)
def registered():
    aiohttpretty.register_uri("GET", URI, body=b"x")


async def test_a_session_made_before(escapes):
    """A session from before the activation is mocked during it, and itself again after it."""
    async with aiohttp.ClientSession() as session:
        connector = session.connector
        before = dict(vars(connector))
        with aiohttpretty.activate():
            assert await read(session) == b"x"
            assert session.connector is connector
        assert set(vars(connector)) == set(before)
        with pytest.raises(Escaped):
            await read(session)
        escapes.clear()


async def test_a_session_made_during(escapes):
    """A session made during the activation goes on as a real one."""
    with aiohttpretty.activate():
        session = aiohttp.ClientSession()
        assert await read(session) == b"x"
    assert hooked(session.connector) == []
    with pytest.raises(Escaped):
        await read(session)
    escapes.clear()
    await session.close()


async def test_a_session_made_after(escapes):
    """A session made afterwards has never heard of us."""
    with aiohttpretty.activate():
        pass
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Escaped):
            await read(session)
        assert hooked(session.connector) == []
    escapes.clear()


async def test_several_activations(escapes):
    """One session goes in and out of activations, of several registries."""
    other = aiohttpretty.AioHTTPretty()
    other.register_uri("GET", URI, body=b"other")
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            with aiohttpretty.activate():
                assert await read(session) == b"x"
            with other.activate():
                assert await read(session) == b"other"
            with pytest.raises(Escaped):
                await read(session)
    escapes.clear()


async def test_closed_while_active_and_afterwards():
    """Closing a session works the same wherever it is done."""
    during, after = aiohttp.ClientSession(), aiohttp.ClientSession()
    with aiohttpretty.activate():
        for session in (during, after):
            await read(session)
        await during.close()
        assert during.closed
        with pytest.raises(RuntimeError, match="Session is closed"):
            await read(during)
    await after.close()
    assert after.closed


async def test_a_shared_connector(escapes):
    """Sessions that share a connector, and don't own it, share it still; it stays open for the last of them."""
    connector = aiohttp.TCPConnector()
    with aiohttpretty.activate():
        for _ in range(2):
            async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
                assert await read(session) == b"x"
                assert session.connector is connector
            assert not connector.closed
        inside = aiohttp.ClientSession(connector=connector, connector_owner=False)
    with pytest.raises(Escaped):
        await read(inside)
    escapes.clear()
    await connector.close()
    assert connector.closed


async def test_a_connector_closed_inside():
    """Closing the connector closes the session, as it does without us."""
    connector = aiohttp.TCPConnector()
    session = aiohttp.ClientSession(connector=connector)
    with aiohttpretty.activate():
        await read(session)
        await connector.close()
        assert session.closed
        with pytest.raises(RuntimeError, match="Session is closed"):
            await read(session)
    assert hooked(connector) == []
    await session.close()


async def test_a_connector_closed_in_the_middle():
    """A connector that is closed while its first request is on its way refuses it, as it does without us."""

    async def close(session, *args):
        await session.connector.close()

    config = aiohttp.TraceConfig()
    config.on_request_start.append(close)
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        with aiohttpretty.activate(), pytest.raises(aiohttp.ClientConnectionError, match="Connector is closed"):
            await read(session)


async def test_a_detached_session():
    """A detached session is closed, and its connector belongs to somebody else."""
    with aiohttpretty.activate():
        session = aiohttp.ClientSession()
        connector = session.connector
        await read(session)
        session.detach()
        with pytest.raises(RuntimeError, match="Session is closed"):
            await read(session)
        async with aiohttp.ClientSession(connector=connector) as heir:
            assert await read(heir) == b"x"


class ConnectingConnector(aiohttp.TCPConnector):
    """A connector with a `connect` of its own."""

    connected = 0

    async def connect(self, req, traces, timeout):
        self.connected += 1
        return await super().connect(req, traces, timeout)


class ClosingConnector(aiohttp.TCPConnector):
    """A connector that notes that it was closed."""

    closings = 0

    def close(self, *args, **kwargs):
        self.closings += 1
        return super().close(*args, **kwargs)


class CustomConnector(aiohttp.BaseConnector):
    """A connector that is neither a TCP nor a Unix one."""

    async def _create_connection(self, req, traces, timeout):
        raise Escaped("a custom connection")


@pytest.mark.parametrize(
    "connector",
    [
        aiohttp.TCPConnector,
        ConnectingConnector,
        ClosingConnector,
        CustomConnector,
        lambda: aiohttp.UnixConnector("/no/such/socket"),
        lambda: aiohttp.TCPConnector(limit=1, limit_per_host=1, force_close=True),
        lambda: aiohttp.TCPConnector(keepalive_timeout=1, ttl_dns_cache=None, use_dns_cache=False),
        lambda: aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver()),
        lambda: aiohttp.TCPConnector(ssl=False, family=2),
    ],
    ids=["tcp", "connect", "close", "custom", "unix", "limits", "timeouts", "resolver", "ssl"],
)
async def test_connectors_of_every_kind(connector, escapes):
    """A connector of any kind is mocked with what was set on it, is its session's own, and is real again after it."""
    connector = connector()
    before = set(vars(connector))
    async with aiohttp.ClientSession(connector=connector) as session:
        with aiohttpretty.activate():
            for _ in range(3):
                assert await read(session) == b"x"
            assert session.connector is connector
        assert set(vars(connector)) - before <= {"closings"}
        with pytest.raises((Escaped, aiohttp.ClientConnectorError)):
            await read(session)
    escapes.clear()
    assert getattr(connector, "closings", 1) >= 1
    assert connector.closed


async def test_ones_own_connect_comes_back(escapes):
    """A `connect` of a subclass is not run while mocked, and runs again after it."""
    async with aiohttp.ClientSession(connector=ConnectingConnector()) as session:
        with aiohttpretty.activate():
            await read(session)
        assert session.connector.connected == 0
        with pytest.raises(Escaped):
            await read(session)
        assert session.connector.connected == 1
    escapes.clear()


async def test_an_attribute_on_the_instance_comes_back():
    """What somebody had put on the connector's instance before us is there again after us."""
    async with aiohttp.ClientSession() as session:

        async def connect(req, traces, timeout):
            raise Escaped("mine")

        session.connector.connect = connect
        with aiohttpretty.activate():
            assert await read(session) == b"x"
        assert vars(session.connector)["connect"] is connect


async def test_an_attribute_set_meanwhile_stays(escapes):
    """What somebody puts on the instance while it is mocked stays theirs, gets the requests, and reaches us."""
    seen = []
    async with aiohttp.ClientSession() as session:
        connector = session.connector
        with aiohttpretty.activate():
            await read(session)
            ours = connector.connect

            async def connect(*args, **kwargs):
                seen.append(args)
                return await ours(*args, **kwargs)

            connector.connect = connect
            assert await read(session) == b"x"
            assert len(seen) == 1
            connector.connect = ours
            assert await read(session) == b"x"
        assert hooked(connector) == []
        with aiohttpretty.activate():
            await read(session)
            connector.connect = connect
            await read(session)
        assert vars(connector)["connect"] is connect
        with pytest.raises(Escaped):
            await read(session)
        escapes.clear()


class Proxy:
    """As ddtrace's wrapper of a session's connector."""

    def __init__(self, wrapped):
        self.__wrapped__ = wrapped

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)


async def test_a_proxy_of_a_connector():
    """A connector behind a transparent proxy is found, and left as it was."""
    async with aiohttp.ClientSession() as session:
        connector = session.connector
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            session._connector = Proxy(connector)
        with aiohttpretty.activate():
            assert [await read(session), await read(session)] == [b"x", b"x"]
        assert hooked(connector) == []


# -- what is left


async def forget(uri):
    """Use a session and forget to close it."""
    session = aiohttp.ClientSession()
    try:
        await read(session, uri)
    except aiohttpretty.NoMatchError:
        pass
    return weakref.ref(session), weakref.ref(session.connector)


@pytest.mark.parametrize("uri", [URI, URI + "unmatched"])
@pytest.mark.parametrize("active", [True, False], ids=["while active", "after it"])
async def test_a_forgotten_session_says_so(uri, active):
    """A session that nobody closed dies with aiohttp's own warning, though its calls are on record."""
    seen = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context["message"]))
    aiohttpretty.activate()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        references = await forget(uri)
        if not active:
            aiohttpretty.deactivate()
        await settle()
        gc.collect()
    aiohttpretty.deactivate()
    said = [str(warning.message) for warning in caught if warning.category is ResourceWarning]
    assert sum(message.startswith("Unclosed client session") for message in said) == 1
    assert "Unclosed client session" in seen
    caught.clear()  # a warning holds what it is about
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert len(aiohttpretty.calls) + len(aiohttpretty.unmatched) == 1


def pending(loop):
    """What the loop would still do."""
    return [handle for handle in getattr(loop, "_scheduled", ()) if not handle.cancelled()]


def transports(besides=()):
    """Those that are there, but for these: an exception that an earlier test keeps, as a parameter, holds some."""
    known = set(map(id, besides))
    return [thing for thing in gc.get_objects() if isinstance(thing, WireTransport) and id(thing) not in known]


@pytest.mark.parametrize("owner", [True, False], ids=["close", "deactivate"])
@pytest.mark.parametrize("timeout", [aiohttp.ClientTimeout(), aiohttp.ClientTimeout(60, 60, 60, 60)])
async def test_nothing_is_left(owner, timeout):
    """After close(), or deactivate(), no task, no timer and no connection is left, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        loop = asyncio.get_running_loop()
        before, tasks, earlier = len(pending(loop)), asyncio.all_tasks(), transports()
        aiohttpretty.register_uri("POST", URI, body=bytes(300_000))
        session = aiohttp.ClientSession(timeout=timeout)
        aiohttpretty.activate()
        await asyncio.gather(*[read(session) for _ in range(5)])
        for _ in range(3):
            async with session.post(URI, data=b"x") as response:
                await response.read()
        assert transports(earlier) != []
        del response
        if owner:
            await session.close()
        else:
            aiohttpretty.deactivate()
        assert asyncio.all_tasks() == tasks
        assert len(pending(loop)) == before
        assert transports(earlier) == []
        aiohttpretty.deactivate()
        await session.close()
    finally:
        gc.enable()


async def test_nothing_is_left_of_streams():
    """The same when the session is closed in the middle of a body, in both directions."""
    gc.collect()
    tasks, earlier = asyncio.all_tasks(), transports()
    aiohttpretty.register_uri("POST", URI, body=asyncio.StreamReader())
    aiohttpretty.register_uri("PUT", URI)

    async def endless():
        while True:
            yield b"x"
            await asyncio.Event().wait()

    with aiohttpretty.activate():
        session = aiohttp.ClientSession()
        response = await session.post(URI)
        upload = asyncio.create_task(session.put(URI, data=endless()))
        await settle()
        await session.close()
        # aiohttp's own words, different in each version; see the same over loopback
        [error] = await asyncio.gather(upload, return_exceptions=True)
        assert type(error) in (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionError, AttributeError)
        # aiohttp's own words, of versions before and since 3.11
        with pytest.raises((RuntimeError, aiohttp.ClientConnectionError), match="Connection closed"):
            await response.read()
        await settle()
        del upload, response, error
        gc.collect()
    assert asyncio.all_tasks() == tasks
    assert transports(earlier) == []


async def test_nothing_is_left_of_a_stream_that_waits_to_be_read(complaints):
    """The same for a stream that is ahead of its reader: what it reads from is let go at once."""
    tasks = asyncio.all_tasks()
    ended = []

    class Reader:
        async def read(self, size=-1):
            return bytes(size)

        def __del__(self):
            ended.append(True)

    aiohttpretty.register_uri("GET", URI, body=Reader())
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            response = await session.get(URI)
            await settle()
        response.close()
        aiohttpretty.clear()
        del response
        await settle()
        assert asyncio.all_tasks() == tasks
    gc.collect()
    assert ended == [True]


@pytest.mark.parametrize("traces", [None, [aiohttp.TraceConfig()]], ids=["directly", "all the way"])
@pytest.mark.parametrize(
    ("family", "place"),
    [
        (socket.AF_UNSPEC, ("127.0.0.1", 80)),
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
    ],
)
async def test_the_family_of_an_address(family, place, traces):
    """A server is in the address family that the connector asks for, and is called as a socket calls it."""
    connector = aiohttp.TCPConnector(family=family)
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
        async with aiohttp.ClientSession(connector=connector, trace_configs=traces) as session:
            async with session.get(URI) as response:
                assert response.connection.transport.get_extra_info("peername") == place


async def test_what_a_transport_says():
    """A connection's transport keeps the contract of asyncio's: it buffers nothing, and has no half."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
        async with aiohttp.ClientSession() as session, session.get(URI) as response:
            transport = response.connection.transport
            protocol = transport.get_protocol()
            assert (transport.get_write_buffer_size(), transport.get_write_buffer_limits()) == (0, (0, 0))
            assert not transport.can_write_eof()
            transport.set_write_buffer_limits(high=1)
            assert transport.get_write_buffer_limits() == (0, 0)
            transport.set_protocol(protocol)
            assert transport.get_protocol() is protocol
            transport.pause_reading()
            assert not transport.is_reading()
            transport.close()
            transport.resume_reading()
            transport.write(b"to nobody")
            assert (transport.is_closing(), transport.is_reading()) == (True, False)
            await settle()


async def test_a_response_read_after_close():
    """A small body has arrived already when its session is closed; it can be read still."""
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            response = await session.get(URI)
        assert await response.read() == b"x"


async def test_cancelled_requests_leave_the_connector_usable():
    """With one connection to share, a request after one that was cancelled gets it, whatever stage that one was at."""
    aiohttpretty.register_uri("POST", URI, body=b"y")

    async def never():
        yield b"x"
        await asyncio.Event().wait()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        with aiohttpretty.activate():
            for ticks in range(12):
                for data in (None, b"x", never()):
                    task = asyncio.create_task(session.post(URI, data=data))
                    for _ in range(ticks):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    if not task.cancelled():
                        task.result().close()
                    assert await asyncio.wait_for(read(session), 5) == b"x"
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_module_is_quiet(caplog):
    """aiohttp and asyncio log nothing of what is done here."""
    caplog.set_level(logging.DEBUG)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            await read(session)
            with pytest.raises(aiohttpretty.NoMatchError):
                await read(session, URI + "unmatched")
    assert [record for record in caplog.records if "Using selector" not in record.message] == []
    assert inspect.iscoroutinefunction(aiohttpretty.fake_request)
