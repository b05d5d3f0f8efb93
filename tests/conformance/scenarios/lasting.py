"""What takes its time: streams, websockets, timeouts, clients that go, many at once."""

import asyncio
from hashlib import sha256

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from ..looking import described, failure, head, outcome, seen
from ..test_handlers import LARGE
from .scenario import one_handler, scenario

BRIEF = 0.4  # seconds, for what will never come; a busy server must have begun by then


def handles(handler, **options):
    """A scenario of one handler, `handler(world, request)`."""
    return scenario(one_handler(handler), **options)


# -- step by step


async def upper(world, request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for line in request.content:
        await response.write(line.upper())
    return response


@handles(upper)
async def a_conversation_line_by_line(world):
    async def lines():
        for number in range(20):
            yield b"line %d\n" % number
            await world.signals[f"heard {number}"].wait()

    heard = []
    async with world.session() as session, session.post(world.url("/"), data=lines()) as response:
        async for line in response.content:
            world.signals[f"heard {len(heard)}"].set()
            heard.append(line)
        return heard, head(response)


async def waiting_to_go_on(world, request):
    response = web.StreamResponse(headers={"X-Head": "first"})
    await response.prepare(request)
    await world.signals["head seen"].wait()
    await response.write(b"body")
    return response


@handles(waiting_to_go_on)
async def a_head_before_its_body(world):
    async with world.session() as session, session.get(world.url("/")) as response:
        told = head(response)
        world.signals["head seen"].set()
        return told, await response.read()


async def events(world, request):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for number in range(5):
        await response.write(f"id: {number}\nevent: tick\ndata: {number}\n\n".encode())
        await world.signals[f"seen {number}"].wait()
    return response


@handles(events)
async def server_sent_events(world):
    got = []
    async with world.session() as session, session.get(world.url("/"), headers={"Last-Event-ID": "7"}) as response:
        while event := await response.content.readuntil(b"\n\n"):
            world.signals[f"seen {len(got)}"].set()
            got.append(event)
        return got, head(response)


async def by_chunks(world, request):
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for number in range(3):
        await response.write(b"chunk %d" % number)
        await world.signals[f"seen {number}"].wait()
    return response


@handles(by_chunks)
async def chunks_as_they_were_written(world):
    got = []
    async with world.session() as session, session.get(world.url("/")) as response:
        async for chunk, last in response.content.iter_chunks():
            world.signals[f"seen {len(got)}"].set()
            got.append((chunk, last))
    return got


# -- early answers


async def enough(world, request):
    await request.content.readany()
    return web.Response(text="enough")


@handles(enough)
async def an_answer_before_the_body_is_whole(world):
    async def body():
        yield b"begun"
        await world.signals["answered"].wait()
        yield b"ended"

    async with world.session() as session:
        async with session.post(world.url("/"), data=body()) as response:
            got = await seen(response)
            world.signals["answered"].set()
        return got, await seen(await session.post(world.url("/"), data=b"again"))


async def refusing(world, request):
    raise web.HTTPUnauthorized(text="who are you?")


@handles(refusing)
async def a_refusal_before_the_body_is_sent(world):
    async with world.session(traced=False) as session:
        return [
            (got["status"], got["body"])
            for got in [
                await outcome(session.post(world.url("/"), data=LARGE)),
                await outcome(session.post(world.url("/"), data=b"x", expect100=True)),
            ]
        ]


async def expecting(request):
    if request.headers.get("X-Allowed") != "yes":
        raise web.HTTPExpectationFailed(text="not you")
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def received(request):
    return web.Response(text=str(len(await request.read())))


def with_an_expectation(world):
    app = web.Application()
    app.router.add_post("/", received, expect_handler=expecting)
    return app


@scenario(with_an_expectation)
async def an_expect_handler(world):
    async with world.session() as session:
        refused = await outcome(session.post(world.url("/"), data=b"x" * 1000, expect100=True))
    async with world.session(headers={"X-Allowed": "yes"}) as session:
        return refused, await outcome(session.post(world.url("/"), data=b"x" * 1000, expect100=True))


# -- clients that go, and handlers that are cancelled


async def slow(world, request):
    world.signals["begun"].set()
    try:
        await world.signals["go on"].wait()
        world.note("to its end")
    except asyncio.CancelledError:
        world.note("cancelled")
        raise
    finally:
        world.signals["ended"].set()
    return web.Response()


async def leaving(world):
    async with world.session() as session:
        request = asyncio.ensure_future(session.get(world.url("/")))
        await world.signals["begun"].wait()
        request.cancel()
        return await asyncio.wait([request]) and request.cancelled()


@handles(slow, cancellation=True)
async def a_client_that_is_cancelled_cancels_the_handler(world):
    gone = await leaving(world)
    await world.signals["ended"].wait()
    return gone


@handles(slow)
async def a_client_that_is_cancelled_and_a_handler_that_goes_on(world):
    gone = await leaving(world)
    world.signals["go on"].set()
    await world.signals["ended"].wait()
    return gone


async def endless(world, request):
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"more" * 10_000)
            await asyncio.sleep(0)
    except Exception as error:
        world.note(described(error))
        raise
    finally:
        world.signals["ended"].set()


@handles(endless)
async def a_client_that_closes_while_it_is_written_to(world):
    async with world.session() as session:
        response = await session.get(world.url("/"))
        begun = await response.content.readexactly(4)
        response.close()
        await world.signals["ended"].wait()
        return begun


async def reading_on(world, request):
    try:
        await request.read()
    except BaseException as error:
        world.note(described(error))
        raise
    finally:
        world.signals["ended"].set()


@handles(reading_on)
async def an_upload_that_breaks_off(world):
    async def body():
        yield b"begun"
        raise LookupError("no more")

    async with world.session() as session:
        got = await failure(session.post(world.url("/"), data=body()))
        await world.signals["ended"].wait()
        return got


@handles(slow)
async def a_session_that_is_closed_under_a_request(world):
    async with world.session() as session:
        request = asyncio.ensure_future(failure(session.post(world.url("/"))))
        await world.signals["begun"].wait()
        await session.close()
        world.signals["go on"].set()
        await world.signals["ended"].wait()
        return await request


# -- timeouts


@handles(slow)
async def a_total_timeout(world):
    async with world.session(timeout=aiohttp.ClientTimeout(total=BRIEF)) as session:
        got = await failure(session.get(world.url("/")))
        world.signals["go on"].set()
        await world.signals["ended"].wait()
        return got


@handles(slow)
async def a_timeout_of_reading(world):
    async with world.session(timeout=aiohttp.ClientTimeout(sock_read=BRIEF)) as session:
        got = await failure(session.get(world.url("/")))
        world.signals["go on"].set()
        await world.signals["ended"].wait()
        return got


async def half(world, request):
    response = web.StreamResponse()
    response.content_length = 10
    await response.prepare(request)
    await response.write(b"half")
    await world.signals["go on"].wait()
    return response


@handles(half)
async def a_timeout_in_the_midst_of_a_body(world):
    told = []
    for timeout in (aiohttp.ClientTimeout(total=BRIEF), aiohttp.ClientTimeout(sock_read=BRIEF)):
        async with world.session(timeout=timeout) as session, session.get(world.url("/")) as response:
            told.append(await failure(response.read()))
    world.signals["go on"].set()
    return told


@handles(slow)
async def a_timeout_of_the_pool(world):
    timeout = aiohttp.ClientTimeout(connect=BRIEF)
    async with world.session(connector=world.connector(limit=1), timeout=timeout) as session:
        first = asyncio.ensure_future(outcome(session.get(world.url("/"))))
        await world.signals["begun"].wait()
        told = await failure(session.get(world.url("/")))
        world.signals["go on"].set()
        return told, await first


@handles(slow)
async def a_timeout_from_outside(world):
    async with world.session() as session:
        try:
            await asyncio.wait_for(session.get(world.url("/")), BRIEF)
        except asyncio.TimeoutError as error:
            world.signals["go on"].set()
            await world.signals["ended"].wait()
            return described(error)


# -- pooling, and many at once


async def who(world, request):
    caller = request.transport.get_extra_info("peername")
    connections = world.notes
    if caller not in connections:
        connections.append(caller)
    return web.Response(text=str(connections.index(caller)))


def _forgotten(world):
    """The ports are nobody's business."""
    world.notes[:] = [len(world.notes)]


@handles(who)
async def one_connection_for_one_after_the_other(world):
    async with world.session() as session:
        got = [await (await session.get(world.url("/"))).text() for _ in range(5)]
    _forgotten(world)
    return got


@handles(who)
async def a_connection_for_each(world):
    async with world.session(connector=world.connector(force_close=True)) as session:
        got = [await (await session.get(world.url("/"))).text() for _ in range(3)]
    _forgotten(world)
    return got


@handles(who)
async def a_connection_whose_answer_is_not_read(world):
    async with world.session() as session:
        first = await session.get(world.url("/"))
        second = await session.get(world.url("/"))
        got = [await first.text(), await second.text()]
    _forgotten(world)
    return got


async def number(world, request):
    await asyncio.sleep(0)
    return web.Response(text=f"{request.path} {await request.text()}")


@handles(number)
async def many_at_once(world):
    async with world.session(traced=False) as session:

        async def one(number):
            async with session.post(world.url(f"/{number}"), data=f"-{number}" * number) as response:
                return await response.text()

        return await asyncio.gather(*map(one, range(60)))


@handles(number)
async def many_through_a_narrow_pool(world):
    async with world.session(traced=False, connector=world.connector(limit=2)) as session:

        async def one(number):
            async with session.post(world.url(f"/{number}"), data=b"x") as response:
                return await response.text()

        return await asyncio.gather(*map(one, range(30)))


async def meeting(world, request):
    world.notes.append(request.path)
    if len(world.notes) == 3:
        world.signals["all there"].set()
    await world.signals["all there"].wait()
    return web.Response(text=request.path)


@handles(meeting)
async def handlers_that_run_at_once(world):
    async with world.session(traced=False) as session:
        got = await asyncio.gather(*(outcome(session.get(world.url(f"/{number}"))) for number in range(3)))
    world.notes.sort()
    return [each["body"] for each in got]


async def passing_on(world, request):
    if request.path.endswith("/inner"):
        return web.Response(text="from within")
    async with world.session() as session, session.get(world.url("/inner")) as response:
        return web.Response(text=f"passed on: {await response.text()}")


@handles(passing_on)
async def a_handler_that_is_a_client(world):
    async with world.session() as session:
        return await outcome(session.get(world.url("/outer")))


# -- large bodies, both ways


async def digest(world, request):
    taken, found = 0, sha256()
    async for piece in request.content.iter_any():
        taken += len(piece)
        found.update(piece)
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(32):
        await response.write(LARGE)
    world.note(taken, found.hexdigest())
    return response


@handles(digest)
async def thirty_two_megabytes_each_way(world):
    async def body():
        for _ in range(32):
            yield LARGE

    found = sha256()
    async with world.session(traced=False) as session, session.post(world.url("/"), data=body()) as response:
        async for piece in response.content.iter_any():
            found.update(piece)
        return head(response), found.hexdigest()


# -- websockets


async def echo(world, request):
    socket = web.WebSocketResponse(protocols=["chat"])
    world.note(socket.can_prepare(request).ok)
    await socket.prepare(request)
    world.note(socket.ws_protocol, socket.compress)
    async for message in socket:
        if message.data == "close":
            await socket.close(code=4001, message=b"as you say")
        elif message.data == "break":
            raise LookupError("a bug")
        elif message.data == "cut":
            request.transport.close()
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data.upper())
        else:
            await socket.send_bytes(message.data[::-1])
    world.note(socket.close_code, str(socket.exception()))
    world.signals["over"].set()
    return socket


async def _last(socket):
    message = await socket.receive()
    return message.type, message.data, message.extra, socket.closed, socket.close_code


@handles(echo)
async def a_websocket(world):
    async with world.session() as session, session.ws_connect(world.url("/"), protocols=["talk", "chat"]) as socket:
        await socket.send_str("text")
        heard = [socket.protocol, socket.compress, await socket.receive_str()]
        await socket.send_json({"a": 1})
        heard.append(await socket.receive_json())
        await socket.send_bytes(LARGE)
        heard.append(sha256(await socket.receive_bytes()).hexdigest())
        await socket.ping(b"there?")
        await socket.send_str("close")
        last = await _last(socket)
        await world.signals["over"].wait()
        return heard, last


@handles(echo)
async def a_compressed_websocket(world):
    async with world.session() as session, session.ws_connect(world.url("/"), compress=15) as socket:
        await socket.send_str("much " * 10_000)
        heard = [socket.compress, await socket.receive_str()]
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"enough")
        await world.signals["over"].wait()
        return heard, socket.close_code


@handles(echo)
async def a_websocket_whose_handler_has_a_bug(world):
    async with world.session() as session, session.ws_connect(world.url("/")) as socket:
        await socket.send_str("break")
        return await _last(socket)


@handles(echo)
async def a_websocket_that_is_cut(world):
    async with world.session() as session, session.ws_connect(world.url("/")) as socket:
        await socket.send_str("cut")
        last = await _last(socket)
        await world.signals["over"].wait()
        return last


async def answering_pings(world, request):
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    for _ in range(2):
        message = await socket.receive()
        world.note(message.type, bytes(message.data))
        await socket.pong(message.data)
    await socket.send_str("heard you")
    world.note((await socket.receive()).type)
    world.signals["over"].set()
    return socket


@handles(answering_pings)
async def a_websocket_with_a_heartbeat(world):
    async with world.session() as session, session.ws_connect(world.url("/"), heartbeat=BRIEF) as socket:
        heard = await socket.receive_str()
        await socket.close()
        await world.signals["over"].wait()
        return heard


async def silent(world, request):
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    await socket.receive()
    await world.signals["over"].wait()
    return socket


@handles(silent)
async def a_websocket_whose_heartbeat_is_not_answered(world):
    async with world.session() as session, session.ws_connect(world.url("/"), heartbeat=BRIEF) as socket:
        told = await _last(socket)
        world.signals["over"].set()
        return (told[0], described(told[1]), *told[2:])


@handles(refusing)
async def a_websocket_that_is_refused(world):
    async with world.session(traced=False) as session:
        told = await failure(session.ws_connect(world.url("/")))
    return told["type"], told["status"], told["message"], told["text"]


@handles(number)
async def a_websocket_where_there_is_none(world):
    async with world.session(traced=False) as session:
        told = await failure(session.ws_connect(world.url("/")))
    return told["type"], told["status"], told["message"], told["text"]


@handles(echo)
async def no_websocket_where_there_is_one(world):
    async with world.session() as session:
        return await outcome(session.get(world.url("/")))
