"""Websockets in a registry: the words of a registration, and a test that plays the other end."""

import asyncio
import gc
import re
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from settling import settle

import aiohttpretty
from aiohttpretty import NoMatchError, OptionTypeError, OptionValueError, PeerError

URI = "ws://example.com/feed"


def line(text):
    """A sentence without what is different each time: lines of this file, and times."""
    return re.sub(r"\d+\.\d+s", "0.000s", re.sub(r"[\w/.\-]*test_websockets\.py:\d+", "here", text))


async def connected(session, route, **options):
    """Both ends of a websocket."""
    socket = await session.ws_connect(URI, **options)
    return socket, await route.accepted()


@asynccontextmanager
async def opening():
    """A session; the websockets that it has opened are closed with it."""
    opened = []

    class Session(aiohttp.ClientSession):
        async def _ws_connect(self, *args, **options):
            opened.append(await super()._ws_connect(*args, **options))
            return opened[-1]

    async with Session() as session:
        yield session
        for socket in opened:
            await socket.close()


@pytest.fixture
async def session():
    with aiohttpretty.activate():
        async with opening() as session:
            yield session


@pytest.fixture
async def complaints():
    """What the event loop of the test would have logged."""
    seen = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context))
    yield seen
    assert seen == []


# -- the scripted peer


async def test_a_conversation(session):
    """A test plays the server of a client that it does not know."""

    async def client():
        async with session.ws_connect("wss://example.com/feed", protocols=["v2", "v1"]) as socket:
            await socket.send_json({"op": "subscribe"})
            got = [message.data async for message in socket]
            return got, socket.close_code

    route = aiohttpretty.register_websocket("wss://example.com/feed", protocols=["v1"], headers={"X-Server": "mock"})
    task = asyncio.create_task(client())
    peer = await route.accepted()
    assert (peer.protocol, peer.compress, peer.closed, peer.close_code) == ("v1", False, False, None)
    assert (peer.request.scheme, peer.request.path, peer.request.query_string) == ("https", "/feed", "")
    assert await peer.receive_json() == {"op": "subscribe"}
    await peer.send_str("one")
    await peer.send_json([2])
    await peer.send_bytes(b"three")
    await peer.close(code=4001, message="enough")
    assert await task == (["one", "[2]", b"three"], 4001)
    assert await peer.wait_closed() == 1000
    assert peer.closed
    [call] = route.calls
    assert peer.call is call
    assert (call.status, call.response_headers["X-Server"]) == (101, "mock")
    assert [(one.direction, one.type, one.data) for one in call.messages] == [
        ("sent", WSMsgType.TEXT, '{"op": "subscribe"}'),
        ("received", WSMsgType.TEXT, "one"),
        ("received", WSMsgType.TEXT, "[2]"),
        ("received", WSMsgType.BINARY, b"three"),
        ("received", WSMsgType.CLOSE, (4001, "enough")),
        ("sent", WSMsgType.CLOSE, (1000, "")),
    ]
    assert call.messages[0].json() == {"op": "subscribe"}
    times = [one.at for one in call.messages]
    assert times == sorted(times)
    assert 0 < times[0]
    assert times[-1] <= call.duration


async def test_several_at_once(session):
    """Each accepted() gives the next one, in the order in which they were opened."""
    route = aiohttpretty.register_websocket(URI)
    sockets = []
    for number in range(5):
        sockets.append(await session.ws_connect(URI))
        await sockets[-1].send_json(number)
    peers = [await route.accepted() for _ in sockets]
    assert [await peer.receive_json() for peer in peers] == list(range(5))
    for number, peer in enumerate(peers):
        await peer.send_json(-number)
    assert [await socket.receive_json() for socket in sockets] == [-number for number in range(5)]


async def test_who_waits_is_served_in_turn(session):
    """Several may wait for a connection."""
    route = aiohttpretty.register_websocket(URI)
    waiting = [asyncio.create_task(route.accepted()) for _ in range(3)]
    await settle()
    for number in range(3):
        await (await session.ws_connect(URI)).send_json(number)
    assert [await (await peer).receive_json() for peer in waiting] == [0, 1, 2]


@pytest.mark.parametrize("uri", ["http://example.com/feed", "ws://EXAMPLE.com:80/feed"])
async def test_one_address(session, uri):
    """http:// and ws:// are one address, and so are https:// and wss://, registered or called."""
    aiohttpretty.register_websocket(uri)
    aiohttpretty.register_websocket(uri.replace("http:", "https:").replace("ws:", "wss:").replace(":80", ":443"))
    for called in (
        "http://example.com/feed",
        "ws://example.com/feed",
        "https://example.com/feed",
        "wss://example.com/feed",
    ):
        async with session.ws_connect(called) as socket:
            assert not socket.closed
    assert [route.call_count for route in {call.route for call in aiohttpretty.calls}] == [2, 2]
    assert ("GET", "ws://example.com/feed") in aiohttpretty.registry


async def test_templates_and_patterns(session):
    """A websocket's address may be a template or a pattern, with any of the schemes."""
    first = aiohttpretty.register_websocket("ws://example.com/{room}")
    second = aiohttpretty.register_websocket(re.compile(r"https://example\.com/(\d+)/"))
    async with session.ws_connect("ws://example.com/a") as _, session.ws_connect("wss://example.com/17/") as _:
        assert (await first.accepted()).request.match_info == {"room": "a"}
        assert (await second.accepted()).call.groups == ("17",)


async def test_which_requests_are_meant(session):
    """Query, matchers and `times` say which handshakes are meant, and how many."""
    aiohttpretty.register_websocket(URI, status=403)
    route = aiohttpretty.register_websocket(
        URI, params={"a": 1}, match=aiohttpretty.match.headers({"Authorization": "Bearer x"}), times=1
    )
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await session.ws_connect(URI)
    with pytest.raises(aiohttpretty.NoMatchError):
        await session.ws_connect(URI + "?a=1")
    async with session.ws_connect(URI + "?a=1", headers={"Authorization": "Bearer x"}):
        assert (await route.accepted()).request.query["a"] == "1"
    with pytest.raises(aiohttpretty.ResponsesExhausted):
        await session.ws_connect(URI + "?a=1", headers={"Authorization": "Bearer x"})
    aiohttpretty.unmatched.clear()


async def test_with_a_handler(session):
    """A handler of aiohttp.web answers, and the exchange is recorded all the same."""

    async def shout(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    route = aiohttpretty.register_websocket(URI, shout)
    async with session.ws_connect(URI) as socket:
        await socket.send_str("x")
        assert await socket.receive_str() == "X"
    assert [one.data for one in route.calls[0].messages] == ["x", "X", (1000, ""), (1000, "")]
    with pytest.raises(PeerError) as caught:
        await route.accepted()
    assert line(str(caught.value)) == (
        f"accepted() waits for a websocket that the test plays, and <WebSocketRoute register_websocket('{URI}', "
        f"handler={shout!r}) at here> answers by itself. Leave the handler or the status out of register_websocket()."
    )


async def test_a_bug_in_a_handler(session):
    """It is told to the test, unless that has said that it is meant."""

    async def broken(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        raise LookupError("x")

    for meant in (False, True):
        route = aiohttpretty.register_websocket(URI, broken, expect_errors=meant)
        async with session.ws_connect(URI) as socket:
            assert (await socket.receive()).type is WSMsgType.CLOSED
            assert socket.close_code == 1006
        await settle()
        assert [type(one.error) for one in aiohttpretty.handler_errors] == ([] if meant else [LookupError])
        aiohttpretty.handler_errors.clear()
        route.remove()


async def test_pings_are_answered_meanwhile(session):
    """The client's pings and closings are answered, whatever the test is doing."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route, autoping=False)
    await socket.ping(b"there?")
    assert (await socket.receive()).data == b"there?"
    await peer.ping(b"and you?")
    assert (await socket.receive()).data == b"and you?"
    await socket.send_str("unfetched")
    assert await socket.close(code=4000, message=b"bye")
    assert socket.close_code == 1000
    assert await peer.wait_closed() == 4000
    assert await peer.receive_str() == "unfetched"
    assert (await peer.receive())[:3] == (WSMsgType.CLOSE, 4000, "bye")


async def test_iterating(session):
    """An iteration gives every message, and ends with the closing, also if that has come before."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    for number in range(3):
        await socket.send_json(number)
    await socket.close()
    assert [message.data async for message in peer] == ["0", "1", "2"]
    assert [message async for message in peer] == []


async def test_back_pressure(session):
    """A client that sends more than the test fetches has to wait; nothing is lost."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    sent = 0

    async def send():
        nonlocal sent
        for _ in range(64):
            await socket.send_bytes(bytes(1 << 20))
            sent += 1

    sending = asyncio.create_task(send())
    await settle()
    assert not sending.done()
    assert sent < 8
    for _ in range(64):
        assert len(await peer.receive_bytes(timeout=30)) == 1 << 20
    await sending
    await socket.close()
    assert await peer.wait_closed(timeout=30) == 1000


async def test_a_client_that_does_not_read(session):
    """A test that sends more than the client reads has to wait, too."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route, max_msg_size=0)
    sent = 0

    async def send():
        nonlocal sent
        for _ in range(64):
            await peer.send_bytes(bytes(1 << 20))
            sent += 1

    sending = asyncio.create_task(send())
    await settle()
    assert not sending.done()
    assert sent < 4
    for _ in range(64):
        assert len(await socket.receive_bytes(timeout=30)) == 1 << 20
    await sending
    await socket.close()


async def test_an_abort(session):
    """A peer that is aborted is an abnormal closure for the client."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    await peer.abort()
    await peer.abort()
    assert (await socket.receive()).type is WSMsgType.CLOSED
    assert socket.close_code == 1006
    await peer.wait_closed()
    assert repr(peer) == f"<Peer of {URI}: the test has aborted it>"


@pytest.mark.parametrize("ticks", range(1, 6))
async def test_a_client_that_is_gone_without_a_word(session, ticks):
    """Whoever sends to it is told, as soon as a socket would know, and before the peer itself has heard of it."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    socket._response.connection.transport.abort()
    for _ in range(ticks):
        await asyncio.sleep(0)
    with pytest.raises(PeerError) as caught:
        for _ in range(10):
            await peer.send_str("still there?")
    assert "the client is gone" in str(caught.value)
    await peer.wait_closed()


@pytest.mark.parametrize("ticks", range(1, 12))
async def test_a_client_that_leaves_in_its_handshake(session, complaints, ticks):
    """Wherever it is on its way, nobody is left waiting for it, and the next one is served."""
    route = aiohttpretty.register_websocket(URI)
    opening = asyncio.ensure_future(session.ws_connect(URI))
    for _ in range(ticks):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    await settle()
    assert aiohttpretty.handler_errors == []  # which clear() would forget
    aiohttpretty.clear()
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    await peer.send_str("hello")
    assert await socket.receive_str() == "hello"
    assert aiohttpretty.handler_errors == []


@pytest.mark.parametrize("ticks", range(1, 12))
async def test_a_session_that_is_closed_in_a_handshake(complaints, ticks):
    """It may be gone before anybody has looked at its request: that is no mistake of the test's."""
    aiohttpretty.register_websocket(URI)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as leaving:
            opening = asyncio.ensure_future(leaving.ws_connect(URI))
            for _ in range(ticks):
                await asyncio.sleep(0)
        await settle()
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled():
            opening.exception()
        assert aiohttpretty.handler_errors == []


@pytest.mark.parametrize("ticks", range(1, 8))
@pytest.mark.parametrize("end", ["abort", "clear"])
async def test_an_end_that_meets_another(session, complaints, end, ticks):
    """A client that is gone, and a test that ends it in the same moment, do not get in each other's way."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    socket._response.connection.transport.abort()
    for _ in range(ticks):
        await asyncio.sleep(0)
    if end == "abort":
        await peer.abort()
    else:
        aiohttpretty.clear()
    await peer.wait_closed()
    assert peer.closed


def test_a_loop_that_is_closed_without_ado():
    """A peer whose event loop is gone ends with its registry, and nothing complains of that."""

    async def open_one():
        session = aiohttp.ClientSession()
        route = aiohttpretty.register_websocket(URI)
        return session, await connected(session, route)

    aiohttpretty.activate()
    loop = asyncio.new_event_loop()
    session, (socket, peer) = loop.run_until_complete(open_one())
    loop.close()
    aiohttpretty.deactivate()
    assert peer.closed
    with warnings.catch_warnings():  # the test has left its session open, and aiohttp says so
        warnings.simplefilter("ignore", ResourceWarning)
        del session, socket
        gc.collect()


async def test_closing_both_at_once(session):
    """Closings that cross each other are no error."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    await asyncio.gather(peer.close(code=4001), socket.close(code=4002))
    await peer.close()
    assert await peer.wait_closed() in (4002, 1000)
    assert socket.closed


# -- what fails, and how


async def failed(awaitable):
    with pytest.raises(PeerError) as caught:
        await awaitable
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, aiohttpretty.VerificationError)
    return line(str(caught.value))


async def test_nothing_came(session):
    """A timeout says what state the websocket is in, and what was exchanged so far, without secrets."""
    route = aiohttpretty.register_websocket(URI + "?token=abcdef&a=1")
    socket = await session.ws_connect(URI + "?token=abcdef&a=1")
    peer = await route.accepted()
    assert await failed(peer.receive(timeout=0.001)) == (
        "receive() got nothing for 0.001 s: the client is connected, and silent. Have it send something first, or give "
        f"it more time with timeout=.\nNothing was exchanged over {URI}?token=***&a=1, opened at here."
    )
    await socket.send_json({"op": "login", "password": "abcdef"})
    await peer.send_str("x" * 100)
    await peer.send_bytes(b"")
    await peer.send_str("")
    assert (await peer.receive_json())["op"] == "login"
    await settle()
    assert await failed(peer.receive_json(timeout=0)) == (
        "receive_json() got nothing for 0 s: the client is connected, and silent. Have it send something first, or "
        "give it more time with timeout=.\n"
        f"Exchanged over {URI}?token=***&a=1, opened at here, from the client's side:\n"
        '    0.000s  sent      TEXT \'{"op": "login", "password": "***"}\'\n'
        f"    0.000s  received  TEXT '{'x' * 44}…{'x' * 14}' (100 bytes)\n"
        "    0.000s  received  BINARY\n"
        "    0.000s  received  TEXT ''"
    )


@pytest.mark.parametrize("timeout", ["1", True, -1, float("nan")])
async def test_no_length_of_time(session, timeout):
    """Nobody waits for ever, or fails with something of asyncio's, because of a timeout that is none."""
    route = aiohttpretty.register_websocket(URI)
    _, peer = await connected(session, route)
    if isinstance(timeout, (bool, str)):
        kind = OptionTypeError
        sentence = f"timeout={timeout!r} is no length of time. Give seconds as a number, or None to wait for ever."
    else:
        kind = OptionValueError
        sentence = f"timeout={timeout!r} can't be waited for. Give seconds from 0 to a year, or None to wait for ever."
    for attempt in (route.accepted, peer.receive, peer.receive_json, peer.wait_closed):
        with pytest.raises(kind) as caught:
            await asyncio.wait_for(attempt(timeout=timeout), 10)
        assert str(caught.value) == sentence


async def test_another_kind_came(session):
    """So does a message of another kind than was asked for."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    await socket.send_str("no json")
    await socket.send_str("text")
    await socket.send_bytes(b"bytes")
    exchanged = (
        f"\nExchanged over {URI}, opened at here, from the client's side:\n"
        "    0.000s  sent      TEXT 'no json'\n    0.000s  sent      TEXT 'text'\n    0.000s  sent      BINARY b'bytes'"
    )
    assert await failed(peer.receive_json()) == (
        "receive_json() got a text that is not JSON: Expecting value: line 1 column 1 (char 0). If it is right that "
        "the client sends that, fetch it with receive_str()." + exchanged
    )
    assert await failed(peer.receive_bytes()) == (
        "receive_bytes() got a message of type TEXT, not BINARY. If it is right that the client sends that, fetch it "
        "with receive_str() or receive_json()." + exchanged
    )
    assert await failed(peer.receive_str()) == (
        "receive_str() got a message of type BINARY, not TEXT. If it is right that the client sends that, fetch it "
        "with receive_bytes()." + exchanged
    )


async def by_client(socket, peer):
    await socket.close(code=4000, message=b"bye")


async def by_client_without_a_code(socket, peer):
    socket._response.connection.transport.write(b"\x88\x80\0\0\0\0")
    await socket.receive()


async def by_test(socket, peer):
    await peer.close(code=4001)
    await socket.receive()


async def by_abort(socket, peer):
    await peer.abort()


async def by_loss(socket, peer):
    socket._response.connection.transport.close()


async def by_garbage(socket, peer):
    socket._response.connection.transport.write(b"\xf1\x80\0\0\0\0")
    await socket.receive()


async def by_clear(socket, peer):
    aiohttpretty.clear()


async def by_deactivate(socket, peer):
    aiohttpretty.deactivate()


ENDS = {
    by_client: "the client has closed with 4000 'bye'",
    by_client_without_a_code: "the client has closed with no code",
    by_test: "the test has closed with 4001, and the client answered with 1000",
    by_abort: "the test has aborted it",
    by_loss: "the client is gone without a closing",
    by_garbage: "the client has sent what is no websocket's (Received frame with non-zero reserved bits)",
    by_clear: "clear() has ended it",
    by_deactivate: "deactivate() has ended it",
}


@pytest.mark.parametrize("end", ENDS)
async def test_after_the_end(session, end):
    """Whatever has ended a websocket is told to whoever sends or receives behind it."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    await end(socket, peer)
    assert await peer.wait_closed() == peer.close_code
    assert peer.closed
    while not peer._line.drained:
        assert (await peer.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
    for what, attempt in {"receive": peer.receive, "receive_str": peer.receive_str}.items():
        said, _, exchanged = (await failed(attempt())).partition("\n")
        assert said == f"{what}() can get nothing any more: {ENDS[end]}. Receive before that."
        assert exchanged.startswith(("Nothing was exchanged over ws://", "Exchanged over ws://"))
    for what, attempt in {
        "send_str": lambda: peer.send_str("x"),
        "send_bytes": lambda: peer.send_bytes(b"x"),
        "send_json": lambda: peer.send_json(1),
        "ping": peer.ping,
    }.items():
        said, _, _ = (await failed(attempt())).partition("\n")
        assert said == f"{what}() reaches nobody: {ENDS[end]}. Send before that."
    await peer.close()
    assert await peer.wait_closed() == peer.close_code
    assert [message async for message in peer] == []


@pytest.mark.parametrize("end", ENDS)
async def test_iterating_until_it_ends(session, end):
    """An iteration that waits when it ends ends like one that begins behind it."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)

    async def iterate():
        return [message.data async for message in peer]

    task = asyncio.create_task(iterate())
    await socket.send_str("one")
    await settle()
    await end(socket, peer)
    assert await asyncio.wait_for(task, 10) == ["one"]


NO_CLOSINGS = {
    "close(code='x'): that is no close code. Give an int, such as 1000 or 4001.": lambda peer: peer.close(code="x"),
    "close(code=None): that is no close code. Give an int, such as 1000 or 4001.": lambda peer: peer.close(code=None),
    "close(code=99999): a close frame has two bytes for its code (RFC 6455, 5.5.1). Give one of them, from 0 to 65535; "
    "those of applications are 4000 to 4999.": lambda peer: peer.close(code=99999),
    "close(message=None): that is no message. Give a str or bytes.": lambda peer: peer.close(message=None),
    "close(message=...): it is 124 bytes long, and there is room for 123 in such a frame (RFC 6455, 5.5). Shorten "
    "it.": lambda peer: peer.close(message="é" * 62),
    "ping(message=1): that is no message. Give a str or bytes.": lambda peer: peer.ping(1),
    "ping(message=...): it is 126 bytes long, and there is room for 125 in such a frame (RFC 6455, 5.5). Shorten "
    "it.": lambda peer: peer.ping(b"x" * 126),
}


@pytest.mark.parametrize("sentence", NO_CLOSINGS)
async def test_what_no_frame_can_say(session, sentence):
    """What can't be sent is refused where it is said, instead of cutting the connection; it stays open."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    with pytest.raises((OptionTypeError, OptionValueError)) as caught:
        await NO_CLOSINGS[sentence](peer)
    assert str(caught.value) == sentence
    await peer.ping("x" * 125)
    await peer.close(4001, "x" * 123)
    assert (await socket.receive())[:] == (WSMsgType.CLOSE, 4001, "x" * 123)


async def test_a_closing_that_is_not_answered(session):
    """Closing does not wait for the client; waiting for it says why it is in vain."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    await peer.close(code=4001)
    assert peer.closed
    said = await failed(peer.wait_closed(timeout=0.001))
    assert said.startswith(
        "wait_closed() waited 0.001 s in vain: the test has closed with 4001, unanswered so far. Have the client close "
        "it, or receive until it hears that it is closed; or give it more time with timeout=.\nExchanged over"
    )
    assert (await socket.receive()).data == 4001
    assert await peer.wait_closed() == 1000


async def test_none_is_registered():
    """A websocket that nobody answers is told how to register one."""
    async with aiohttp.ClientSession() as session:
        with aiohttpretty.activate(), pytest.raises(NoMatchError) as caught:
            await session.ws_connect("wss://example.com/feed?token=1&a=2", protocols=["chat"])
    aiohttpretty.clear()
    assert line(str(caught.value)) == (
        "No URLs matching GET wss://example.com/feed?token=***&a=2 with params {'token': '***', "
        "'a': '2'}. Not making request. Go fix your test.\n\n"
        "Cause: nothing is registered by now. Register it before the request is made.\n\n"
        "Asked:\n"
        "  request                  GET wss://example.com/feed?token=***&a=2\n"
        "  by                       here\n"
        "  Upgrade:                 websocket\n"
        "  Sec-WebSocket-Protocol:  chat\n\n"
        "Register it before the request is made:\n"
        "  aiohttpretty.register_websocket('wss://example.com/feed', params=[('token', str), ('a', '2')])"
    )


async def test_nobody_came():
    """Waiting for a client in vain says who came instead."""
    route = aiohttpretty.register_websocket(URI)
    start = f"accepted() waited 0.001 s for a client to open {URI}: "
    cure = ". Have the code under test connect first, or give it more time with timeout=.\n"
    assert await failed(route.accepted(timeout=0.001)) == (
        start + "nobody has asked for it" + cure + "No request has come so far."
    )
    aiohttpretty.register_uri("GET", "http://example.com/other")
    with aiohttpretty.activate():
        async with opening() as session:
            await session.get("http://example.com/other")
            assert await failed(route.accepted(timeout=0.001)) == (
                start + "nobody has asked for it" + cure + "Requests so far: 1 request:\n"
                "    0.000s  GET http://example.com/other -> 200, by here"
            )
            await session.get("http://example.com/feed")
            assert (await failed(route.accepted(timeout=0.001))).startswith(
                start + "the last one that asked was answered 400" + cure
            )
            for many in ("the one was accepted before", "the 2 that have opened it were accepted before"):
                await connected(session, route)
                assert (await failed(route.accepted(timeout=0.001))).startswith(start + many + cure)
            route = aiohttpretty.register_websocket(URI, delay=60)
            connecting = asyncio.create_task(session.ws_connect(URI))
            await settle()
            assert (await failed(route.accepted(timeout=0.001))).startswith(
                start + "one has asked, and is still connecting" + cure
            )
            connecting.cancel()
            await asyncio.wait([connecting])


@pytest.mark.parametrize("end", [aiohttpretty.clear, aiohttpretty.deactivate])
async def test_it_is_over(end):
    """Whoever waits for a client is told that the registry has ended."""
    route = aiohttpretty.register_websocket(URI)
    aiohttpretty.activate()
    waiting = asyncio.create_task(route.accepted())
    await settle()
    end()
    assert await failed(waiting) == (
        f"accepted() waited for a client to open {URI}, and {end.__name__}() came meanwhile. Accept it before that."
    )


def test_another_event_loop():
    """A peer belongs to the event loop of its client, and says so in another one."""
    route = aiohttpretty.register_websocket(URI)

    async def earlier():
        async with opening() as session:
            _, peer = await connected(session, route)
            socket = await session.ws_connect(URI)
            await socket.close()
            return peer

    async def later():
        said = await failed(peer.receive())
        assert said.partition("\n")[0] == (
            "receive() can't be used here: the client that opened this websocket lives in an event loop that is "
            "closed. Use the peer in the event loop of its client, and accept a new one for each client."
        )
        assert "another event loop than this one" in await failed(route.accepted(timeout=0.001))

    with aiohttpretty.activate():
        peer = asyncio.run(earlier())
        assert peer.closed
        asyncio.run(later())


def test_in_threads():
    """Each thread accepts the clients of its own event loop."""
    route = aiohttpretty.register_websocket(URI)

    async def talk(number):
        async with opening() as session:
            for step in range(5):
                socket, peer = await connected(session, route)
                await socket.send_json([number, step])
                assert await peer.receive_json() == [number, step]
                await socket.close()
        return True

    with aiohttpretty.activate(), ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda number: asyncio.run(talk(number)), range(8)))
        said = []

        async def elsewhere():
            async with opening() as session:
                _, peer = await connected(session, route)
                await asyncio.to_thread(lambda: said.append(asyncio.run(failed(peer.send_str("x")))))

        asyncio.run(elsewhere())
    assert "lives in an event loop that is another one" in said[0]


# -- the end


@pytest.mark.parametrize("end", ["clear", "deactivate", "nothing"])
async def test_nothing_is_left(end, complaints):
    """Peers that are left open are closed with their registry; no task stays, and the client is told."""
    route = aiohttpretty.register_websocket(URI)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            socket, peer = await connected(session, route)
            other = await session.ws_connect(URI)  # nobody accepts it
            receiving = asyncio.create_task(socket.receive())
            await settle()
            if end != "nothing":
                getattr(aiohttpretty, end)()
                message = await receiving
                assert message.type is (WSMsgType.CLOSED if end == "clear" else WSMsgType.ERROR)
                assert await peer.wait_closed() == 1006
            receiving.cancel()
            await socket.close()
            await other.close()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_a_loop_that_stops():
    """An event loop that is closed over an open websocket leaves nothing either."""
    route = aiohttpretty.register_websocket(URI)
    loop = asyncio.new_event_loop()
    kept = []

    async def open_it():
        session = aiohttp.ClientSession()
        kept.extend([session, *await connected(session, route)])

    with aiohttpretty.activate():
        loop.run_until_complete(open_it())
    loop.run_until_complete(kept[1].close())
    loop.run_until_complete(kept[0].close())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert kept[2].closed
    aiohttpretty.clear()
    kept.clear()
    gc.collect()


async def test_no_session_is_held():
    """Neither a route with a peer that nobody has accepted, nor a call with its messages, keeps a session alive."""
    route = aiohttpretty.register_websocket(URI)
    with aiohttpretty.activate():
        session = aiohttp.ClientSession()
        async with session.ws_connect(URI) as socket:
            await socket.send_str("x")
        await session.close()
        dead = weakref.ref(session), weakref.ref(socket)
        del session, socket
        await settle()
        gc.collect()
        assert [one() for one in dead] == [None, None]
        assert [one.data for one in route.calls[0].messages] == ["x", (1000, ""), (1000, "")]
        assert await (await route.accepted()).receive_str() == "x"


async def test_included(session):
    """A websocket of a bundle is one of its own in the registry that includes it."""
    bundle = aiohttpretty.AioHTTPretty()
    original = bundle.register_websocket("/feed", protocols=["v1"])
    [route] = aiohttpretty.include(bundle, "http://example.com")
    assert isinstance(route, aiohttpretty.WebSocketRoute)
    socket = await session.ws_connect(URI, protocols=["v1"])
    peer = await route.accepted()
    assert (peer.protocol, original.call_count) == ("v1", 0)
    aiohttpretty.clear()
    assert (await socket.receive()).type is WSMsgType.CLOSED
    assert peer.closed


async def test_replaced(session):
    """A websocket can be told to refuse from now on; what is open stays open."""
    route = aiohttpretty.register_websocket(URI)
    socket, peer = await connected(session, route)
    route.replace(status=503)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await session.ws_connect(URI)
    await peer.send_str("x")
    assert await socket.receive_str() == "x"


# -- the words


async def handler(request):
    return web.Response()


WRONG = {
    "protocols='chat' is not a list of names. Give one, such as protocols=['chat'].": {"protocols": "chat"},
    "protocols=[1] is not a list of names. Give one, such as protocols=['chat'].": {"protocols": [1]},
    "protocols=['a b']: 'a b' is no token (RFC 6455, 4.1). Use letters, digits, dots and hyphens.": {
        "protocols": ["a b"]
    },
    "compress=15 is not a bool. Give False to refuse compression, or leave it out.": {"compress": 15},
    "heartbeat='1' is no number of seconds. Give one, or leave it out.": {"heartbeat": "1"},
    "heartbeat=0 is no time between pings. Give seconds above 0, or leave it out.": {"heartbeat": 0},
    "headers has Upgrade, which the handshake itself says. Leave it out, and give protocols= and compress=; for a "
    "handshake that goes wrong, give a handler that returns web.Response(status=101, headers=...).": {
        "headers": {"Upgrade": "x"}
    },
    "protocols= and heartbeat= beside a handler, which says all of that itself, with web.WebSocketResponse. Leave the "
    "handler out, or these.": {"handler": handler, "protocols": ["a"], "heartbeat": 1},
    "status= beside a handler, which says all of that itself, with web.WebSocketResponse. Leave the handler out, or "
    "these.": {"handler": handler, "status": 403},
    "compress= beside status=403, with which no websocket is opened. Leave one or the other out.": {
        "status": 403,
        "compress": False,
    },
    "status=100 can't end a request. Give an int from 200 to 599, or a member of http.HTTPStatus.": {"status": 100},
    "status=True is not a status code. Give an int from 200 to 599, or a member of http.HTTPStatus.": {"status": True},
    "handler=1 is not a function. Give one that takes an aiohttp.web.Request and returns a response, such as: async "
    "def handler(request): return web.json_response({}).": {"handler": 1},
    "times=0 would never answer. Give an int from 1 on, or leave it out for any number of requests.": {"times": 0},
    "check_params=0 is not a bool. Give False to answer whatever the query is, or leave it out.": {"check_params": 0},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_what_cannot_be_meant(sentence):
    """It is said on the line that wrote it."""
    with pytest.raises((aiohttpretty.OptionTypeError, aiohttpretty.OptionValueError)) as caught:
        aiohttpretty.register_websocket(URI, **WRONG[sentence])
    assert str(caught.value) == sentence
    assert not aiohttpretty.registry


def test_a_path():
    """The global registry takes no path."""
    with pytest.raises(aiohttpretty.OptionValueError, match="has no scheme or no host"):
        aiohttpretty.register_websocket("/feed")


def test_how_it_is_shown():
    """A route, and the registry, show what was registered."""
    route = aiohttpretty.register_websocket(URI, protocols=["v1"], params={"a": 1}, times=2)
    assert line(repr(route)) == (f"<WebSocketRoute register_websocket('{URI}?a=1', times=2, protocols=['v1']) at here>")
    assert repr(aiohttpretty.registry["GET", URI + "?a=1"]["handler"]) == "<played by the test>"
    assert isinstance(route, aiohttpretty.Route)


async def test_a_deprecated_test_style(session):
    """`assert_called`, `assert_all_called` and `optional` know it as they know any route."""
    route = aiohttpretty.register_websocket(URI)
    aiohttpretty.register_websocket(URI + "/2", optional=True)
    with pytest.raises(aiohttpretty.VerificationError):
        aiohttpretty.assert_all_called()
    async with session.ws_connect(URI):
        pass
    route.assert_called(times=1)
    aiohttpretty.assert_all_called()
    aiohttpretty.assert_called("GET", URI)
