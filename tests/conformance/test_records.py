"""What a call's record says is what the client got and what the server saw."""

import asyncio
import gc
import hashlib
import inspect
import time
import tracemalloc
import weakref
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from settling import until

import aiohttpretty
from aiohttpretty import BodyError, NoMatchError, match
from aiohttpretty.records.recorded import LARGE, START

from .looking import VERSION

URI = "http://example.com/"
HERE = Path(__file__)


@pytest.fixture
async def session():
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            yield session


def line_number():
    return inspect.currentframe().f_back.f_lineno


def only_call():
    [call] = aiohttpretty.calls
    return call


# -- what was answered


async def test_the_answer_of_a_canned_reply(session):
    """Status and headers are those that the client got, repeated ones too."""
    aiohttpretty.register_uri("GET", URI, status=201, headers=[("X", "1"), ("x", "2")], cookies={"c": "1"})
    async with session.get(URI) as response:
        await response.read()
    call = only_call()
    assert call.status == response.status == 201
    assert list(call.response_headers.items()) == list(response.headers.items())
    assert call.response_headers.getall("x") == ["1", "2"]
    assert call.error is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("status", [200, 204, 404])
async def test_the_answer_of_a_handler(session, method, prepared, status):
    """Status and headers of a handler's answer are those that it wrote, with what aiohttp's server adds."""

    async def handler(request):
        response = web.StreamResponse(status=status, headers=[("X-Text", "é"), ("Set-Cookie", "a=1")])
        if not prepared:
            return web.Response(status=status, text=None if status == 204 else "text", headers=response.headers)
        await response.prepare(request)
        if status != 204 and method != "HEAD":
            await response.write(b"text")
        return response

    aiohttpretty.register_uri(method, URI, handler=handler)
    async with session.request(method, URI) as response:
        await response.read()
    call = only_call()
    assert call.status == response.status == status
    lowered = [(name.lower(), value) for name, value in call.response_headers.items()]
    assert lowered == [(name.lower(), value) for name, value in response.headers.items()]
    await until(lambda: call.duration is not None)
    assert call.error is None


# -- how long it took


async def test_when_it_began_and_how_long_it_took(session):
    """A call begins when its request is ready to be sent, and takes until the answer is said; both in seconds."""
    aiohttpretty.register_uri("GET", URI, delay=0.2)
    before = time.monotonic()
    task = asyncio.create_task(session.request("GET", URI))
    await until(lambda: aiohttpretty.calls)
    call = only_call()
    assert before <= call.started <= time.monotonic()
    assert call.duration is None
    await task
    assert 0.2 <= call.duration + 0.001  # a timer may come early by its resolution
    assert call.started + call.duration <= time.monotonic()


async def test_a_body_in_pieces_takes_until_its_end(session):
    """A streamed answer has ended with its last piece, not with its head."""
    go_on = asyncio.Event()

    async def body():
        yield b"one"
        await go_on.wait()
        yield b"two"

    aiohttpretty.register_uri("GET", URI, body=body)
    async with session.get(URI) as response:
        assert await response.content.readany() == b"one"
        call = only_call()
        assert (call.status, call.duration) == (200, None)
        go_on.set()
        await response.read()
    assert call.duration > 0


async def test_a_large_answer_takes_until_it_is_read(session):
    """An answer that the client has not read yet is not said."""
    aiohttpretty.register_uri("GET", URI, body=bytes(4 << 20))
    async with session.get(URI) as response:
        call = only_call()
        assert (call.status, call.duration) == (200, None)
        assert len(await response.read()) == 4 << 20
    assert call.duration > 0


async def test_a_handlers_answer_takes_until_its_end(session):
    """So it is with a handler that writes by and by."""
    go_on = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one")
        await go_on.wait()
        await response.write(b"two")
        return response

    aiohttpretty.register_uri("GET", URI, handler=handler)
    async with session.get(URI) as response:
        assert await response.content.readany() == b"one"
        call = only_call()
        assert (call.status, call.duration) == (200, None)
        go_on.set()
        assert await response.read() == b"two"
    assert call.duration > 0


# -- what was raised


@pytest.mark.parametrize("error", [TimeoutError("slow"), aiohttp.ServerDisconnectedError, OSError(5, "what")])
async def test_a_registered_error(session, error):
    """What is registered as error= is on the call, once, whatever aiohttp makes of it."""
    aiohttpretty.register_uri("GET", URI, error=error)
    with pytest.raises(BaseException) as caught:
        await session.get(URI)
    call = only_call()
    assert call.error.kind is type(caught.value)
    assert call.error.text == str(caught.value)
    assert (call.status, call.attempt) == (None, 1)
    assert call.duration > 0


async def test_a_bug_in_a_handler(session):
    """What a handler lets out is a 500 on the call, as it is for the client; the exception is among handler_errors."""

    async def handler(request):
        raise ZeroDivisionError("a bug")

    aiohttpretty.register_uri("GET", URI, handler=handler)
    async with session.get(URI) as response:
        await response.read()
    call = only_call()
    assert (call.error, call.status) == (None, 500)
    assert call.duration > 0
    assert [repr(failure.error) for failure in aiohttpretty.handler_errors] == ["ZeroDivisionError('a bug')"]
    aiohttpretty.handler_errors.clear()


async def test_a_body_that_broke(session):
    """A body that breaks in the middle has a status and an error."""

    async def body():
        yield b"one"
        raise BodyError("no more")

    aiohttpretty.register_uri("GET", URI, body=body)
    async with session.get(URI) as response:
        with pytest.raises(BodyError):
            await response.read()
    call = only_call()
    assert (call.status, str(call.error)) == (200, "aiohttpretty.errors.BodyError: no more")
    assert repr(call) == "<Call GET http://example.com/ -> 200, BodyError>"
    assert call.duration > 0


async def test_a_client_that_waits_no_longer(session):
    """If the client gives up before an answer, what was raised there is on the call."""
    aiohttpretty.register_uri("GET", URI, delay=60)
    with pytest.raises(asyncio.TimeoutError) as caught:
        await session.get(URI, timeout=aiohttp.ClientTimeout(total=0.001))
    call = only_call()
    assert (call.status, call.error.kind) == (None, type(caught.value))
    assert call.duration > 0


async def test_a_cancelled_request(session):
    """So it is when the request is cancelled."""
    aiohttpretty.register_uri("GET", URI, delay=60)
    task = asyncio.create_task(session.request("GET", URI))
    await until(lambda: aiohttpretty.calls)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    call = only_call()
    assert (call.status, call.error.kind) == (None, asyncio.CancelledError)
    assert call.duration > 0


async def test_a_client_that_leaves_in_the_middle(session):
    """If the client hangs up in the middle of a body, that is the end of the call, and no error."""

    async def body():
        yield b"one"
        await asyncio.Event().wait()

    aiohttpretty.register_uri("GET", URI, body=body)
    async with session.get(URI) as response:
        assert await response.content.readany() == b"one"
    call = only_call()
    await until(lambda: call.duration is not None)
    assert (call.status, call.error) == (200, None)


async def test_an_answer_that_aiohttp_raises_for_is_an_answer(session):
    """raise_for_status() is about an answer: the status says it, and nothing failed."""
    aiohttpretty.register_uri("GET", URI, status=500)
    with pytest.raises(aiohttp.ClientResponseError):
        await session.get(URI, raise_for_status=True)
    assert (only_call().status, only_call().error) == (500, None)


async def test_records_of_failures_keep_nothing_alive():
    """An exception on a call does not keep the traceback, nor the session in it, alive."""
    aiohttpretty.register_uri("GET", URI + "error", error=TimeoutError)
    aiohttpretty.register_uri("GET", URI + "late", delay=60)

    async def handler(request):
        raise ZeroDivisionError

    aiohttpretty.register_uri("GET", URI + "bug", handler=handler)
    watched = []

    async def use():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as session:
            watched.append(weakref.ref(session))
            for path in ("error", "late"):
                with pytest.raises((asyncio.TimeoutError, TimeoutError)):
                    await session.get(URI + path)
            async with session.get(URI + "bug", timeout=aiohttp.ClientTimeout(60)) as response:
                assert response.status == 500

    with aiohttpretty.activate():
        await use()
        for _ in range(10):  # the server's task may be on its way out
            await asyncio.sleep(0)
        gc.collect()
        assert [call.error is None for call in aiohttpretty.calls] == [False, False, True]
        assert [reference() for reference in watched] == [None]
        assert len(aiohttpretty.handler_errors) == 1  # which does keep its traceback
        aiohttpretty.handler_errors.clear()


# -- one request, several calls


async def lost_once(ask):
    """What `ask(session, url)` gets of a server that hangs up on the first request, over loopback; and how often
    it was asked."""
    asked = []

    async def connected(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            asked.append(head)
            if len(asked) == 1:
                break
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def serve(reader, writer):
        try:
            await connected(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            got = await ask(session, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    finally:
        server.close()
        await server.wait_closed()
    return got, len(asked)


def hanging_up_once():
    """A handler that hangs up on the first request."""
    asked = []

    async def handler(request):
        asked.append(request)
        if len(asked) == 1:
            request.transport.close()
        return web.Response()

    return handler


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("matched", [False, True])
async def test_the_silent_second_attempt(method, matched):
    """When aiohttp sends a request again by itself, that is a call of its own, and its attempt is 2, as in life."""

    async def ask(session, url):
        try:
            async with session.request(method, url) as response:
                return response.status
        except aiohttp.ServerDisconnectedError:
            return "disconnected"

    really, count = await lost_once(ask)
    options = {"match": match.where(lambda request: True)} if matched else {}
    aiohttpretty.register_uri(method, URI, handler=hanging_up_once(), **options)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert await ask(session, URI) == really
    calls = aiohttpretty.calls
    assert [call.attempt for call in calls] == list(range(1, count + 1))
    assert (calls[0].status, calls[0].duration is not None) == (None, True)
    assert calls[-1].redirected_from is None


async def test_the_first_attempt_of_a_request_that_is_not_repeated(session):
    """What the caller was told of a lost connection is on the call."""
    aiohttpretty.register_uri("POST", URI, handler=hanging_up_once())
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await session.post(URI)
    assert only_call().error.kind is aiohttp.ServerDisconnectedError


@pytest.mark.parametrize("matched", [False, True])
async def test_redirects(session, matched):
    """Each hop knows the one that it came from, also one to the same address again."""
    options = {"match": match.where(lambda request: True)} if matched else {}
    aiohttpretty.register_uri("GET", URI, location="/loop", **options)
    aiohttpretty.register_uri(
        "GET",
        URI + "loop",
        responses=[{"location": "/loop", "cookies": {"seen": "1"}}, {"location": "/end"}],
        **options,
    )
    aiohttpretty.register_uri("GET", URI + "end", handler=hanging_up_once(), **options)
    await session.get(URI)
    first, loop, again, lost, end = aiohttpretty.calls
    assert [call.redirected_from for call in (first, loop, again, lost, end)] == [None, first, loop, again, again]
    assert [call.attempt for call in (first, loop, again, lost, end)] == [1, 1, 1, 1, 2]


async def test_one_request_after_another_is_another(session):
    """Requests of the caller's own have nothing to do with each other, however alike they are."""
    aiohttpretty.register_uri("GET", URI, status=302)
    for _ in range(2):
        await session.get(URI, allow_redirects=False)
    assert [(call.redirected_from, call.attempt) for call in aiohttpretty.calls] == [(None, 1)] * 2


async def test_a_redirect_to_nowhere(session):
    """A hop that is not mocked leaves the record of the one before as it was."""
    aiohttpretty.register_uri("GET", URI, location=URI + "nowhere")
    with pytest.raises(NoMatchError):
        await session.get(URI)
    assert (only_call().status, only_call().error) == (302, None)


if VERSION >= (3, 12):

    async def test_a_middlewares_new_attempt_is_another(session):
        """A middleware that tries again makes a new request: neither aiohttp's second attempt, nor a redirect."""
        aiohttpretty.register_uri("GET", URI, responses=[{"status": 302}, {"error": TimeoutError}, {"status": 200}])

        async def retry(request, handler):
            await handler(request)
            try:
                return await handler(request)
            except TimeoutError:
                return await handler(request)

        await session.get(URI, middlewares=[retry])
        assert [(call.redirected_from, call.attempt) for call in aiohttpretty.calls] == [(None, 1)] * 3
        assert [call.status for call in aiohttpretty.calls] == [302, None, 200]


# -- who asked


async def test_the_line_that_asked(session):
    """asked_at is the line that awaited the request, whichever way; each hop of it has the same."""
    aiohttpretty.register_uri("GET", URI, location=URI + "there")
    aiohttpretty.register_uri("GET", URI + "there")
    aiohttpretty.register_uri("POST", URI, match=match.where(lambda request: True))
    lines = [line_number() + 1]
    await session.get(URI)
    lines += [lines[0], line_number() + 1]
    async with session.post(URI):
        pass
    lines += [line_number() + 1]
    await session.request("POST", URI)
    lines += [line_number() + 1]
    await asyncio.wait_for(_asks(session), 60)
    lines[-1] = _ASKS
    lines += [_ASKS] * 2
    await asyncio.gather(*(_asks(session) for _ in range(2)))
    lines += [line_number() + 1]
    await aiohttpretty.fake_request("POST", URI)
    lines += [line_number() + 1]
    async with aiohttp.request("POST", URI):
        pass
    assert [call.asked_at.line for call in aiohttpretty.calls] == lines
    assert {call.asked_at.file for call in aiohttpretty.calls} == {str(HERE)}
    assert str(only_call_of("there").asked_at).endswith(f"test_records.py:{lines[0]}")


def only_call_of(path):
    [call] = aiohttpretty.calls.matching("GET", URI + path)
    return call


async def _asks(session):
    await session.post(URI)


_ASKS = line_number() - 3


async def test_nobody_but_the_event_loop_asked(session):
    """If a task runs aiohttp's coroutine itself, no line can be named, and none is made up."""
    aiohttpretty.register_uri("GET", URI)
    await asyncio.gather(session.get(URI))
    assert only_call().asked_at is None


# -- large bodies


async def pieces(count, size=START):
    for number in range(count):
        yield bytes([number % 256]) * size


BODY = b"".join(bytes([number]) * START for number in range(40))


def short(call):
    return call.body_start, call.body_size, call.body_digest


SHORT = (BODY[:START], len(BODY), hashlib.sha256(BODY).hexdigest())


@pytest.mark.parametrize("way", ["at once", "in pieces"])
@pytest.mark.parametrize("options", [{}, {"delay": 0.001}, {"error": TimeoutError}])
async def test_a_large_body_in_short(session, way, options):
    """Of a large body, the beginning, the size and the digest are kept, however it comes."""
    aiohttpretty.register_uri("POST", URI, **options)
    try:
        with pytest.warns(ResourceWarning) if way == "at once" else _nothing():
            await session.post(URI, data=BODY if way == "at once" else pieces(40))
    except TimeoutError:
        assert "error" in options
    call = only_call()
    assert short(call) == SHORT
    with pytest.raises(aiohttpretty.AiohttprettyError, match="keep_bodies=True"):
        call.text()


class _nothing:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


@pytest.mark.parametrize("options", [{}, {"delay": 0.001}, {"match": match.body(BODY)}])
async def test_a_handler_gets_all_of_a_large_body(session, options):
    """What the record leaves out, a handler and a matcher get."""
    got = []

    async def handler(request):
        got.append(await request.read())
        return web.Response()

    aiohttpretty.register_uri("POST", URI, handler=handler, **options)
    await session.post(URI, data=pieces(40))
    assert got == [BODY]
    assert short(only_call()) == SHORT


async def test_a_matcher_sees_all_of_a_large_body(session):
    """All routes that look at a body see all of it, before it is kept in short."""
    seen = []
    for _ in range(2):
        aiohttpretty.register_uri("POST", URI, match=match.where(lambda call: seen.append(call.body)))
    aiohttpretty.register_uri("POST", URI, match=match.body(BODY))
    await session.post(URI, data=pieces(40))
    assert short(only_call()) == SHORT
    assert all(body == BODY for body in seen)


async def test_a_large_body_kept_whole():
    """With keep_bodies, all of it is there."""
    registry = aiohttpretty.AioHTTPretty(keep_bodies=True)
    registry.register_uri("POST", URI)
    await registry.fake_request("POST", URI, data=pieces(40))
    [call] = registry.calls
    assert call.body == BODY
    assert short(call) == SHORT


async def test_memory_does_not_hold_a_large_body(session):
    """While it comes and afterwards, no more is held of a large body than a small one may have."""
    aiohttpretty.register_uri("POST", URI)
    await session.post(URI, data=pieces(1))
    aiohttpretty.clear()
    aiohttpretty.register_uri("POST", URI)
    tracemalloc.start()
    try:
        await session.post(URI, data=pieces(256))  # 16 MiB
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert only_call().body_size == 256 * START
    assert peak < 2 * LARGE + 8 * START
