"""`error=`: what is registered is raised where the request was made, as it is, once."""

import asyncio
import gc
import io
import ssl
import weakref
from contextlib import suppress

import aiohttp
import pytest
from settling import Stop, outcome

import aiohttpretty

URI = "http://example.com/"

pytestmark = pytest.mark.usefixtures("active")


ERRORS = [
    ValueError("wrong"),
    KeyError("k"),
    OSError(5, "io"),
    ConnectionResetError(104, "reset"),
    TimeoutError("slow"),
    asyncio.TimeoutError(),
    asyncio.CancelledError(),
    ssl.SSLError(1, "tls"),
    aiohttp.ClientError("client"),
    aiohttp.ClientOSError(104, "reset"),
    aiohttp.ClientConnectionError("connection"),
    aiohttp.ServerDisconnectedError("bye"),
    aiohttp.ServerTimeoutError("server"),
    aiohttp.ClientPayloadError("payload"),
    aiohttp.InvalidURL("http://x"),
    Stop("stop"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_instance(error, method):
    """An instance arrives as itself, with nothing chained to it, after one attempt that is one call."""
    aiohttpretty.register_uri(method, URI, error=error)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(type(error)) as caught:
            await session.request(method, URI, data=b"sent" if method == "POST" else None, headers={"X-A": "1"})
    assert caught.value is error
    assert (error.__cause__, error.__context__, error.__suppress_context__) == (None, None, False)
    [call] = aiohttpretty.calls
    assert (call.request_headers["X-A"], call.status) == ("1", None)
    assert call.body == (b"sent" if method == "POST" else b"")


@pytest.mark.parametrize("kind", [ValueError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, OSError, Stop])
async def test_a_class(kind):
    """Of a class, each request gets an exception of its own."""
    aiohttpretty.register_uri("GET", URI, error=kind)
    caught = []
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            with pytest.raises(kind) as info:
                await session.get(URI)
            caught.append(info.value)
    assert type(caught[0]) is type(caught[1]) is kind
    assert caught[0] is not caught[1]
    assert len(aiohttpretty.calls) == 2


async def test_among_responses():
    """A loop of retries gets the error and then the answer; the session and its connections are fine."""
    responses = [{"error": aiohttp.ServerDisconnectedError()}, {"status": 503}, {"error": OSError}, {"body": b"ok"}]
    aiohttpretty.register_uri("GET", URI, responses=responses)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        outcomes = [await outcome(session.get(URI)) for _ in range(4)]
    got = [one if isinstance(one, int) else type(one) for one in outcomes]
    assert got == [aiohttp.ServerDisconnectedError, 503, OSError, 200]
    assert [call.status for call in aiohttpretty.calls] == [None, 503, None, 200]


@pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError("bye"), OSError(5, "io"), ValueError("x")])
async def test_traces(error):
    """Traces are told of the exception once."""
    told = []

    async def on_request_exception(session, context, params):
        told.append(params.exception)

    trace = aiohttp.TraceConfig()
    trace.on_request_exception.append(on_request_exception)
    aiohttpretty.register_uri("GET", URI, error=error)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        with pytest.raises(type(error)):
            await session.get(URI)
    [exception] = told
    assert exception is error or exception.__cause__ is error


if hasattr(aiohttp, "ClientMiddlewareType"):

    @pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError("bye"), ValueError("x")])
    async def test_a_middleware_that_tries_again(error):
        """Each attempt of a middleware is an attempt: it gets the error, then the answer, and both are calls."""
        seen = []

        async def retry(request, handler):
            try:
                return await handler(request)
            except type(error) as failure:
                seen.append(failure)
                return await handler(request)

        aiohttpretty.register_uri("GET", URI, responses=[{"error": error}, {"body": b"ok"}])
        async with aiohttp.ClientSession(middlewares=(retry,)) as session, session.get(URI) as response:
            assert await response.read() == b"ok"
        assert seen == [error]
        assert [call.status for call in aiohttpretty.calls] == [None, 200]

    @pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError("bye"), ValueError("x")])
    async def test_a_middleware_that_insists(error):
        """A middleware's attempts are counted, and aiohttp's silent second try, which runs it anew, adds none."""

        async def thrice(request, handler):
            with suppress(type(error)):
                return await handler(request)
            with suppress(type(error)):
                return await handler(request)
            return await handler(request)

        aiohttpretty.register_uri("GET", URI, error=error)
        async with aiohttp.ClientSession(middlewares=(thrice,)) as session:
            with pytest.raises(type(error)) as caught:
                await session.get(URI)
        assert caught.value is error
        assert len(aiohttpretty.calls) == 3

    @pytest.mark.parametrize("own", [LookupError(104, "reset"), aiohttp.ClientOSError(104, "mine")], ids=repr)
    async def test_a_middleware_that_says_it_in_its_own_words(own):
        """What a middleware makes of an error is left alone, though it is raised from it."""

        async def translating(request, handler):
            try:
                return await handler(request)
            except OSError as error:
                raise own from error

        aiohttpretty.register_uri("POST", URI, error=ConnectionResetError(104, "reset"))
        async with aiohttp.ClientSession(middlewares=(translating,)) as session:
            with pytest.raises(type(own)) as caught:
                await session.post(URI)
        assert caught.value is own


def _form():
    form = aiohttp.FormData()
    form.add_field("file", b"content", filename="a.txt")
    return form


async def _pieces():
    yield b"a"


@pytest.mark.parametrize("body", [_form, _pieces, lambda: io.BytesIO(b"abc")], ids=["form", "generator", "file"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("kind", [aiohttp.ServerDisconnectedError, aiohttp.ClientOSError])
async def test_bodies_that_can_not_be_sent_again(kind, method, body):
    """aiohttp's silent second try, which some versions make with a body that is read already, covers nothing up."""
    error = kind("x")
    aiohttpretty.register_uri(method, URI, error=error)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(kind) as caught:
            await session.request(method, URI, data=body())
    assert caught.value is error
    assert len(aiohttpretty.calls) == 1


async def test_without_a_session():
    """fake_request raises it, too, though not active."""
    error = OSError(5, "io")
    other = aiohttpretty.AioHTTPretty()
    other.register_uri("GET", URI, error=error)
    with pytest.raises(OSError, match="io") as caught:
        await other.fake_request("GET", URI)
    assert caught.value is error


async def test_a_websocket():
    """ws_connect raises it, too, and not a failure of the handshake."""
    error = aiohttp.ServerDisconnectedError("bye")
    aiohttpretty.register_uri("GET", URI, error=error)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ServerDisconnectedError) as caught:
            await session.ws_connect(URI)
    assert caught.value is error
    assert len(aiohttpretty.calls) == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program(kind):
    """KeyboardInterrupt and SystemExit are raised where the request was made, and go on from there."""
    error = kind("enough")
    passed = []
    aiohttpretty.register_uri("GET", URI, error=error)

    async def ask():
        async with aiohttp.ClientSession() as session:
            try:
                await session.get(URI)
            except kind as failure:
                passed.append(failure)
                raise

    with pytest.raises(kind) as caught:
        asyncio.run(ask())
    assert caught.value is error
    assert passed == [error]
    assert len(aiohttpretty.calls) == 1


async def test_a_registered_instance_keeps_nothing():
    """An instance that was raised many times holds no frame of an earlier request, and so no session."""
    error = ValueError("x")
    aiohttpretty.register_uri("GET", URI, error=error)

    async def ask():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ValueError, match="x"):
                await session.get(URI)
            return weakref.ref(session)

    sessions = [await ask() for _ in range(3)]
    depths = []
    for _ in range(3):
        await ask()
        traceback, depth = error.__traceback__, 0
        while traceback is not None:
            traceback, depth = traceback.tb_next, depth + 1
        depths.append(depth)
    traceback = None
    assert len(set(depths)) == 1
    gc.collect()
    assert [session() for session in sessions] == [None] * 3


async def test_a_thousand_at_once():
    """Each of many requests at once gets its error, and nothing is left of them."""
    aiohttpretty.register_uri("GET", URI, error=ConnectionResetError)
    async with aiohttp.ClientSession() as session:
        got = await asyncio.gather(*[session.get(URI) for _ in range(1000)], return_exceptions=True)
    assert {type(one) for one in got} == {ConnectionResetError}
    assert len(aiohttpretty.calls) == 1000
