"""`handler=` among everything else that goes on: on shared connections, beside other registries, decided late."""

import asyncio
import gc
import os
import random
import weakref
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import aiohttp
import pytest
from aiohttp import web
from settling import outcome, settle

import aiohttpretty
from aiohttpretty.wire.framing import RequestReader

URI = "http://example.com/"
EARLY = pytest.mark.parametrize(
    "early", [{}, {"delay": 0.001}, {"match": lambda request: True}], ids=["at once", "late", "decided"]
)
LARGE = random.Random(2).randbytes(8 << 20)


def alone(**options):
    """A session that has one connection at a time, and the list of those that it made."""
    made = []

    async def on_connection_create_end(session, context, params):
        made.append(params)

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(on_connection_create_end)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1), trace_configs=[trace], **options), made


async def hello(request):
    return web.Response(text="hello")


async def digest(request):
    return web.Response(text=sha256(await request.read()).hexdigest())


async def pieces(*parts):
    for part in parts:
        yield part


@EARLY
async def test_websockets(complaints, early):
    """A websocket goes both ways, also if its handler was chosen only when the handshake was whole, or began later."""

    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    aiohttpretty.register_uri("GET", URI, handler=echo, **early)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URI) as socket:
            for word in ("one", "two", "three"):
                await socket.send_str(word)
                assert await socket.receive_str(timeout=30) == word.upper()
        assert socket.close_code == 1000
    [call] = aiohttpretty.calls
    assert call.status == 101


BODIES = {
    "bytes": lambda: {"data": LARGE[: 1 << 19]},
    "chunks": lambda: {"data": pieces(*(LARGE[at : at + (1 << 20)] for at in range(0, len(LARGE), 1 << 20)))},
    "compressed": lambda: {"data": LARGE[: 1 << 19], "compress": "deflate"},
    "after a 100 Continue": lambda: {"data": LARGE[: 1 << 19], "expect100": True},
}


@EARLY
@pytest.mark.parametrize("kind", BODIES)
async def test_bodies(complaints, kind, early):
    """The handler reads the same body, however it was sent and whenever the handler begins; the call has it, too."""
    aiohttpretty.register_uri("POST", URI, handler=digest, **early)
    session, made = alone()
    with aiohttpretty.activate(keep_bodies=True):
        async with session:
            got = [await (await session.post(URI, **BODIES[kind]())).text() for _ in range(2)]
    assert len(made) == 1
    assert got == [sha256(LARGE if kind == "chunks" else LARGE[: 1 << 19]).hexdigest()] * 2
    assert [sha256(call.content).hexdigest() for call in aiohttpretty.calls] == got


async def test_while_the_client_is_sending():
    """A handler without a condition reads what has been sent, and answers, before the client has sent the rest."""
    heard = asyncio.Event()

    async def first_words(request):
        assert await request.content.readany() == b"first"
        heard.set()
        return web.Response(text=(await request.read()).decode())

    async def body():
        yield b"first"
        await heard.wait()
        yield b"last"

    aiohttpretty.register_uri("POST", URI, handler=first_words)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.post(URI, data=body()) as response:
            assert await response.text() == "last"
    [call] = aiohttpretty.calls
    assert call.body == b"firstlast"


async def test_one_connection_for_all_kinds(complaints):
    """Whatever answers, and in whatever order, one connection serves it all."""

    async def stream(request):
        await request.read()
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"hel")
        await response.write(b"lo")
        return response

    async def generator():
        yield b"hel"
        yield b"lo"

    async def read(request):
        await request.read()
        return web.Response(text="hello")

    kinds = {
        "written down": {"body": b"hello"},
        "late": {"body": b"hello", "delay": 0.0001},
        "decided": {"body": b"hello", "match": lambda request: True},
        "generated": {"body": generator},
        "handled": {"handler": read},
        "streamed": {"handler": stream},
        "handled late": {"handler": read, "delay": 0.0001},
        "decided and streamed": {"handler": stream, "match": lambda request: True},
    }
    for number, options in enumerate(kinds.values()):
        aiohttpretty.register_uri("POST", f"{URI}{number}", **options)
    session, made = alone()
    dice = random.Random(3)
    with aiohttpretty.activate():
        async with session:
            for _ in range(150):
                data = dice.choice([None, b"x", LARGE[:300_000], pieces(b"a", b"b")])
                uri = f"{URI}{dice.randrange(len(kinds))}"
                async with session.post(uri, data=data) as response:
                    assert await response.read() == b"hello"
    assert len(made) == 1
    assert [call.status for call in aiohttpretty.calls] == [200] * 150


async def test_a_handler_that_closes():
    """After Connection: close, from either side, the next request has a connection of its own."""

    async def last(request):
        response = web.Response(text="bye")
        response.force_close()
        return response

    aiohttpretty.register_uri("GET", URI, handler=last)
    aiohttpretty.register_uri("GET", URI + "a", handler=hello)
    session, made = alone()
    with aiohttpretty.activate():
        async with session:
            for uri, headers in ((URI, {}), (URI + "a", {"Connection": "close"}), (URI + "a", {}), (URI + "a", {})):
                async with session.get(uri, headers=headers) as response:
                    assert response.status == 200
                    await response.read()
    assert len(made) == 3


@pytest.mark.parametrize("end", ["bytes=-5", "bytes=2-4"])
async def test_a_part_of_a_file(tmp_path, end):
    """A FileResponse heeds the range that the client asked for."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")

    async def file(request):
        return web.FileResponse(path)

    aiohttpretty.register_uri("GET", URI, handler=file)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URI, headers={"Range": end}) as response:
            assert (response.status, await response.read()) == (206, b"56789" if end == "bytes=-5" else b"234")


async def test_a_stop_iteration(complaints):
    """The exception that no coroutine can raise is told as the one that Python puts in its place."""
    aiohttpretty.register_uri("GET", URI, handler=lambda request: next(iter([])))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            async with session.get(URI, timeout=aiohttp.ClientTimeout(10)) as response:
                assert response.status == 500
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert repr(failure.error) == "RuntimeError('coroutine raised StopIteration')"
    assert isinstance(failure.error.__cause__, StopIteration)


@EARLY
@pytest.mark.parametrize("bug", [LookupError("x"), OSError(5, "io"), aiohttp.ServerDisconnectedError("x")], ids=repr)
async def test_a_bug_in_the_midst(complaints, early, bug):
    """What a handler raises when the head is out breaks the answer off, as in life; the test is told, and the call."""
    raised = asyncio.Event()

    async def breaking(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        await raised.wait()
        raise bug

    aiohttpretty.register_uri("GET", URI, handler=breaking, **early)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URI) as response:
            assert await response.content.readexactly(4) == b"half"
            raised.set()
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        [call] = aiohttpretty.calls
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert (call.status, call.error.kind, call.error.text) == (200, type(bug), str(bug))
    assert failure.error is bug


ANSWERS = {
    "late": {"body": b"other", "delay": 0.03},
    "decided": {"body": b"other", "delay": 0.03, "match": lambda request: True},
    "idle": {"body": b"other"},
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_another_registry_goes_on(complaints, kind):
    """A connection on which a registry's handler has answered outlives that registry, and what others say on it."""
    aiohttpretty.register_uri("GET", URI, handler=hello)
    other = aiohttpretty.AioHTTPretty()
    other.register_uri("POST", URI, **ANSWERS[kind])
    session, made = alone()
    with other.activate():
        async with session:
            with aiohttpretty.activate():
                async with session.get(URI) as response:
                    assert await response.text() == "hello"
                request = asyncio.ensure_future(session.post(URI))
                if kind != "idle":
                    await settle()
            async with await request as response:
                assert await response.read() == b"other"
    assert len(made) == 1


async def test_another_registrys_stream_goes_on(complaints):
    """The same for a body that is on its way when the registry ends whose handler answered before."""
    go_on = asyncio.Event()

    async def body():
        yield b"be"
        await go_on.wait()
        yield b"gun"

    aiohttpretty.register_uri("GET", URI, handler=hello)
    other = aiohttpretty.AioHTTPretty()
    other.register_uri("POST", URI, body=body)
    session, made = alone()
    with other.activate():
        async with session:
            with aiohttpretty.activate():
                await (await session.get(URI)).read()
                response = await session.post(URI)
                assert await response.content.readexactly(2) == b"be"
            go_on.set()
            assert await response.read() == b"gun"
    assert len(made) == 1


@pytest.mark.parametrize("when", ["working", "begun", "late", "uploading", "undecided"])
async def test_deactivated(complaints, when):
    """deactivate() tells the client at once, wherever its request is, and no task is left."""
    reached = asyncio.Event()
    cancelled = []

    async def handler(request):
        try:
            if when == "begun":
                response = web.StreamResponse()
                await response.prepare(request)
                await response.write(b"x")
            reached.set()
            if when == "uploading":
                await request.read()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(when)
            raise

    async def upload():
        yield b"x"
        if when == "undecided":
            reached.set()
        await asyncio.Event().wait()

    options = {"late": {"delay": 600}, "undecided": {"match": lambda request: True}}.get(when, {})
    aiohttpretty.register_uri("POST", URI, handler=handler, **options)
    async with aiohttp.ClientSession() as session:

        async def ask():
            async with session.post(URI, data=upload() if when in ("uploading", "undecided") else None) as response:
                return await response.read()

        with aiohttpretty.activate():
            request = asyncio.ensure_future(ask())
            if when == "late":
                await settle()
            else:
                await reached.wait()
        await asyncio.wait([request])
        assert isinstance(request.exception(), aiohttpretty.DeactivatedError)
        await settle()
        assert cancelled == ([] if when in ("late", "undecided") else [when])
        assert asyncio.all_tasks() == {asyncio.current_task()}


@EARLY
async def test_nothing_is_held(early):
    """An idle connection holds neither the body that a handler was sent, nor what the caller passed, nor the call."""

    class Passed:
        pass

    aiohttpretty.register_uri("POST", URI, handler=digest, **early)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            passed = Passed()
            dead = weakref.ref(passed)
            body = os.urandom(100_000)  # like no other test's
            async with session.post(URI, data=body, trace_request_ctx=passed) as response:
                await response.read()
            route = weakref.ref(aiohttpretty.calls[0].route)
            aiohttpretty.clear()
            del passed, response
            await settle()
            gc.collect()
            assert (dead(), route()) == (None, None)
            lists = [one for one in gc.get_objects() if type(one) is list]
            assert not [one for one in lists if any(type(each) is bytes and each == body for each in one)]


async def test_nothing_is_held_of_a_websocket():
    """What goes over a websocket is no request any more, and none of it is kept as the beginning of one."""

    async def swallow(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(str(len(message.data)))
        return socket

    def readers():
        return [one for one in gc.get_objects() if type(one) is RequestReader]

    earlier = readers()  # an exception that an earlier test keeps, as a parameter, holds some
    aiohttpretty.register_uri("GET", URI, handler=swallow)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URI) as socket:
            for _ in range(3):
                await socket.send_bytes(bytes(10_000))
                assert await socket.receive_str(timeout=30) == "10000"
            ours = [one for one in readers() if one not in earlier]
            assert ours != []
            assert [one for one in ours if len(one.head) + len(one._rest) > 9_000] == []


def test_in_threads():
    """One registry's handler answers in several threads at once, in the event loop of each client."""

    async def here(request):
        return web.Response(text=str(id(asyncio.get_running_loop())))

    async def ask():
        async with aiohttp.ClientSession() as session:
            got = await asyncio.gather(*[outcome_text(session.get(URI)) for _ in range(20)])
        return set(got) == {str(id(asyncio.get_running_loop()))}

    async def outcome_text(request):
        async with await request as response:
            return await response.text()

    aiohttpretty.register_uri("GET", URI, handler=here)
    with aiohttpretty.activate(), ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: asyncio.run(ask()), range(8))) == [True] * 8
    assert len(aiohttpretty.calls) == 160


async def test_at_once(complaints):
    """A thousand requests at once get the answers to their own bodies."""

    async def back(request):
        await asyncio.sleep(0)
        return web.Response(body=await request.read())

    aiohttpretty.register_uri("POST", URI, handler=back)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def ask(number):
                async with session.post(URI, data=b"%d" % number) as response:
                    return int(await response.read())

            assert await asyncio.gather(*map(ask, range(1000))) == list(range(1000))


async def test_in_a_list_of_responses():
    """A handler is one of several responses, and `times` counts it like any other."""
    aiohttpretty.register_uri("GET", URI, responses=[{"handler": hello}, {"error": OSError}, {"handler": hello}])
    aiohttpretty.register_uri("GET", URI + "twice", handler=hello, times=2)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            got = [await outcome(session.get(URI)) for _ in range(4)]
            twice = await asyncio.gather(*[outcome(session.get(URI + "twice")) for _ in range(5)])
    assert [one if isinstance(one, int) else type(one) for one in got] == [
        200,
        OSError,
        200,
        aiohttpretty.ResponsesExhausted,
    ]
    assert sorted(str(one) for one in twice if isinstance(one, int)) == ["200", "200"]
    aiohttpretty.unmatched.clear()
