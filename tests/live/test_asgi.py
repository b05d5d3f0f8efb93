"""ASGI applications: over a loopback server of aiohttp's, and mounted, they see and say the same."""

import asyncio
import contextlib
import gc
import sys

import aiohttp
import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from multidict import CIMultiDict
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

import aiohttpretty
from aiohttpretty.errors import ApplicationError
from aiohttpretty.live.departure import is_of_departure, on_departure
from aiohttpretty.live.foreign import adapted

from .playing import PATIENCE


async def body_of(receive):
    """The whole body of a request."""
    pieces = []
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        pieces.append(message["body"])
        if not message["more_body"]:
            return b"".join(pieces)


async def say(send, body=b"", status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


# -- what the application is told


@pytest.mark.parametrize("prefix", ["", "/v1", "/a/b"])
async def test_the_scope_of_a_request(playing, prefix):
    """Every key of the specification, as a server of ASGI that is mounted there would have it."""
    scopes = []

    async def app(scope, receive, send):
        assert scope["type"] in ("http", "lifespan")
        if scope["type"] == "http":
            scopes.append(scope)
            await say(send, await body_of(receive))

    async with playing(app, prefix) as (session, url):
        headers = CIMultiDict([("X-Twice", "1"), ("X-Twice", "2"), ("User-Agent", "me")])
        headers.extend({"Accept": "*/*", "Accept-Encoding": "br"})
        async with session.post(f"{url}/caf%C3%A9%2Fx?q=%C3%A9&q=2", data=b"hello", headers=headers) as response:
            assert await response.read() == b"hello"
    [scope] = scopes
    host = scope["headers"][0]
    assert host[0] == b"host"
    client, server = scope.pop("client"), scope.pop("server")
    assert (type(client[0]), type(client[1])) == (type(server[0]), type(server[1])) == (str, int)
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{prefix}/café/x",
        "raw_path": f"{prefix}/caf%C3%A9%2Fx".encode(),
        "query_string": b"q=%C3%A9&q=2",
        "root_path": prefix,
        "headers": [
            host,
            (b"x-twice", b"1"),
            (b"x-twice", b"2"),
            (b"user-agent", b"me"),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"br"),
            (b"content-length", b"5"),
            (b"content-type", b"application/octet-stream"),
        ],
        "state": {},
        "extensions": {},
    }


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("path", ["", "/"])
async def test_the_prefix_itself(playing, prefix, path):
    """Where it is mounted, with a slash and without, the application answers as well."""

    async def app(scope, receive, send):
        assert scope["type"] in ("http", "lifespan")
        if scope["type"] == "http":
            await say(send, f"{scope['root_path']} {scope['path']}".encode())

    async with playing(app, prefix) as (session, url):
        async with session.get(url + path) as response:
            assert await response.text() == f"{prefix} {prefix}{path}" if prefix else " /"


async def test_a_body_in_pieces(playing):
    """A chunked body comes piece by piece, as it is sent, and the answer goes out piece by piece, while it is read."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200})
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            await send({"type": "http.response.body", "body": message["body"].upper(), "more_body": more})

    turn = asyncio.Queue()

    async def pieces():
        while piece := await turn.get():
            yield piece

    async with playing(app) as (session, url):
        turn.put_nowait(b"one")
        async with session.post(url, data=pieces()) as response:
            assert await asyncio.wait_for(response.content.readany(), PATIENCE) == b"ONE"
            turn.put_nowait(b"two")
            assert await asyncio.wait_for(response.content.readany(), PATIENCE) == b"TWO"
            turn.put_nowait(b"")
            assert await asyncio.wait_for(response.read(), PATIENCE) == b""


async def test_more_than_memory_should_hold(playing):
    """64 MB each way at once arrive whole, and the application is never far ahead of its client."""
    size, piece = 64 * 1024 * 1024, bytes(256 * 1024)
    sent = taken = read = ahead = 0

    async def app(scope, receive, send):
        nonlocal taken, ahead
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200})
        more = True
        while more:
            message = await receive()
            more = message["more_body"]
            taken += len(message["body"])
            await send({"type": "http.response.body", "body": message["body"], "more_body": more})
            ahead = max(ahead, taken - read)

    async def pieces():
        nonlocal sent, ahead
        while sent < size:
            sent += len(piece)
            yield piece

    async with playing(app) as (session, url), session.post(url, data=pieces()) as response:
        async for data in response.content.iter_any():
            read += len(data)
    assert read == size
    if playing.mounted:
        assert ahead < 1024 * 1024


# -- what it answers


async def test_the_head_of_an_answer(playing):
    """Headers arrive as often and as written as they were sent; framing is the server's; no type is invented."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            headers = [(b"Set-Cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-utf", "é".encode())]
            headers.append((b"x-latin", b"\xe9"))
            await say(send, b"hi", 418, [*headers, (b"transfer-encoding", b"chunked"), (b"Content-Length", b"2")])

    async with playing(app) as (session, url), session.get(url) as response:
        seen = [(name.lower(), value) for name, value in response.headers.items()]
        assert await response.read() == b"hi"
    assert response.status == 418
    assert [pair for pair in seen if pair[0] not in ("date", "server")] == [
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("x-utf", "é"),
        ("x-latin", "é"),
        ("content-length", "2"),
    ]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_without_content(playing, method, status):
    """What has no content by its nature is sent without, and the connection is used again."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await say(send, b"12345" if method == "HEAD" else b"", status, [(b"content-type", b"text/plain")])

    async with playing(app) as (session, url):
        for _ in range(2):
            async with session.request(method, url) as response:
                assert (response.status, await response.read()) == (status, b"")


async def test_what_runs_after_the_answer(playing):
    """An application may go on when all is said; the client doesn't wait, and `receive` then says it is over."""
    go, over = asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await body_of(receive)
        await say(send, b"done")
        assert await receive() == {"type": "http.disconnect"}
        await go.wait()
        over.set()

    async with playing(app) as (session, url):
        async with session.get(url) as response:
            assert await asyncio.wait_for(response.read(), PATIENCE) == b"done"
        go.set()
        await asyncio.wait_for(over.wait(), PATIENCE)


# -- what goes wrong


SENT = "The ASGI application "


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        (
            [],
            SENT + "returned without an answer to GET /. Send http.response.start and http.response.body.",
        ),
        (
            [{"type": "http.response.start", "status": 200}],
            SENT + "returned before its answer to GET / was complete. Send a last http.response.body, without "
            "more_body.",
        ),
        (
            [{"type": "http.response.body", "body": b""}],
            SENT + "sent 'http.response.body', which can't come here. Send http.response.start once, then "
            "http.response.body until one has no more_body.",
        ),
        (
            [{"type": "http.response.trailers", "headers": []}],
            SENT + "sent 'http.response.trailers', which can't come here. Send http.response.start once, then "
            "http.response.body until one has no more_body.",
        ),
        (
            [{"type": "http.response.start", "status": "200"}],
            SENT + "sent the status '200'. Send an int from 200 to 599.",
        ),
        (
            [{"type": "http.response.start", "status": 200}, {"type": "http.response.body", "body": "text"}],
            SENT + "sent the body 'text', which is a str. Send bytes.",
        ),
        (
            [
                {"type": "http.response.start", "status": 200, "headers": [("x-a", "b")]},
                {"type": "http.response.body"},
            ],
            SENT + "sent the header ('x-a', 'b'). Send name and value as bytes.",
        ),
        (
            [
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]},
                {"type": "http.response.body", "body": b"long"},
            ],
            "The body of the ASGI application is longer than the Content-Length that it gave, by 2 bytes. Give the "
            "right length, or none.",
        ),
        (
            [
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]},
                {"type": "http.response.body", "body": b"long"},
            ],
            "The body of the ASGI application is shorter than the Content-Length that it gave, by 1 bytes. Give the "
            "right length, or none.",
        ),
    ],
    ids=range(9),
)
async def test_rules_that_are_broken(playing, messages, sentence):
    """An application that breaks the rules is told so; its client gets a 500, or a connection that ends."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            for message in messages:
                await send(message)

    async with playing(app, bugs=True) as (session, url):
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(url) as response:
                if response.status == 500:
                    await response.read()
                else:
                    with pytest.raises(aiohttp.ClientPayloadError):
                        await response.read()
    [error] = playing.errors
    assert type(error) is ApplicationError
    assert str(error) == sentence


async def test_a_bug(playing):
    """An exception is a 500 to the client, and the test is shown it."""

    async def app(scope, receive, send):
        assert scope["type"] in ("http", "lifespan")
        raise KeyError("bug")

    async with playing(app, bugs=True) as (session, url), session.get(url) as response:
        assert response.status == 500
    assert [repr(error) for error in playing.errors] == ["KeyError('bug')"]


async def test_a_bug_that_a_framework_answered(playing):
    """Starlette answers a bug with its own 500, and lets it out, too; the client gets Starlette's answer."""

    async def broken(request):
        raise KeyError("bug")

    app = Starlette(routes=[Route("/", broken)])
    async with playing(app, bugs=True) as (session, url), session.get(url) as response:
        assert (response.status, await response.text()) == (500, "Internal Server Error")
    assert [repr(error) for error in playing.errors] == ["KeyError('bug')"]


# -- clients that leave


async def test_a_client_that_leaves_while_it_waits(playing):
    """`receive` says that the client is gone, to an application that has its request and works on the answer."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await body_of(receive)
        asked.set()
        assert await receive() == {"type": "http.disconnect"}
        assert await receive() == {"type": "http.disconnect"}
        with pytest.raises(OSError):
            await say(send)
        gone.set()

    for options in ({}, {"data": b"body"}):
        asked.clear()
        gone.clear()
        async with playing(app) as (session, url):
            waiting = asyncio.create_task(session.post(url, **options))
            await asyncio.wait_for(asked.wait(), PATIENCE)
            waiting.cancel()
            await asyncio.wait_for(gone.wait(), PATIENCE)
        assert playing.errors == []


async def test_a_client_that_leaves_a_stream(playing):
    """An endless answer ends when its client leaves: `send` raises an `OSError`, and nobody takes that for a bug."""
    ended = asyncio.Event()

    async def endless():
        while True:
            yield b"x" * 64 * 1024

    async def stream(request):
        return StreamingResponse(endless())

    inner = Starlette(routes=[Route("/", stream)])

    async def app(scope, receive, send):
        try:
            await inner(scope, receive, send)
        finally:
            if scope["type"] == "http":
                ended.set()

    async with playing(app) as (session, url):
        async with session.get(url) as response:
            await response.content.readexactly(100_000)
        await asyncio.wait_for(ended.wait(), PATIENCE)
    assert playing.errors == []


async def test_a_client_that_leaves_its_body_unfinished(playing):
    """A client that leaves while it uploads is a disconnect, too."""
    heard = asyncio.Queue()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        while True:
            message = await receive()
            heard.put_nowait(message["type"])
            if message["type"] == "http.disconnect":
                return

    async def pieces():
        yield b"beginning"
        await asyncio.Event().wait()

    async with playing(app) as (session, url):
        waiting = asyncio.create_task(session.post(url, data=pieces()))
        assert await asyncio.wait_for(heard.get(), PATIENCE) == "http.request"
        waiting.cancel()
        assert await asyncio.wait_for(heard.get(), PATIENCE) == "http.disconnect"
    assert playing.errors == []


# -- lifespan


async def test_the_lifespan(playing):
    """It starts before the first request and ends at the end; each request gets a copy of its state."""
    told = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            told.append(scope["asgi"])
            told.append((await receive())["type"])
            scope["state"]["shared"] = shared
            await send({"type": "lifespan.startup.complete"})
            told.append((await receive())["type"])
            await send({"type": "lifespan.shutdown.complete"})
        else:
            assert scope["state"] == {"shared": shared}
            scope["state"]["mine"] = True
            told.append("request")
            await say(send)

    shared = []
    async with playing(app) as (session, url):
        for _ in range(2):
            assert (await session.get(url)).status == 200
    assert told == [
        {"version": "3.0", "spec_version": "2.0"},
        *("lifespan.startup", "request", "request", "lifespan.shutdown"),
    ]
    assert playing.errors == []


@pytest.mark.parametrize("how", ["raises", "returns"])
async def test_without_a_lifespan(playing, how):
    """An application that knows no lifespan, and says so as the specification allows, is served without."""

    async def app(scope, receive, send):
        if scope["type"] != "lifespan":
            await say(send)
        elif how == "raises":
            raise ValueError("what is a lifespan?")

    async with playing(app) as (session, url):
        assert (await session.get(url)).status == 200
    assert playing.errors == []


async def test_a_startup_that_fails():
    """It is told as one of aiohttp's is: it is raised where the application is started, with its cause."""

    @contextlib.asynccontextmanager
    async def lifespan(app):
        raise KeyError("no database")
        yield

    app = Starlette(lifespan=lifespan)
    runner = web.AppRunner(adapted(app))
    with pytest.raises(ApplicationError) as caught:
        await runner.setup()
    assert str(caught.value).startswith(
        f"The ASGI application {app!r} said that its startup failed: Traceback (most recent call last):\n"
    )
    assert str(caught.value).endswith("KeyError: 'no database'\n. Correct what it does there, or what it needs for it.")
    assert repr(caught.value.__cause__) == "KeyError('no database')"
    await runner.cleanup()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("message", ["the disk is full", ""])
async def test_a_shutdown_that_fails(message):
    """It is raised where the application is ended."""

    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.failed", **({"message": message} if message else {})})

    runner = web.AppRunner(adapted(app))
    await runner.setup()
    with pytest.raises(ApplicationError) as caught:
        await runner.cleanup()
    assert str(caught.value) == (
        f"The ASGI application {app!r} said that its shutdown failed: {message or 'it gave no reason'}. Correct what "
        "it does there, or what it needs for it."
    )
    assert asyncio.all_tasks() == {asyncio.current_task()}


# -- websockets


async def test_the_scope_of_a_websocket(playing):
    """A websocket's scope says what was offered, and its messages come as they were sent."""
    scopes, heard = [], []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        scopes.append(scope)
        heard.append(await receive())
        await send({"type": "websocket.accept", "subprotocol": "two", "headers": [(b"x-a", b"1")]})
        await send({"type": "websocket.send", "text": ""})
        await send({"type": "websocket.send", "bytes": b"\0", "text": None})
        while heard[-1]["type"] != "websocket.disconnect":
            heard.append(await receive())

    async with playing(app, "/v1") as (session, url):
        async with session.ws_connect(f"{url}/ws?a=1", protocols=("one", "two")) as ws:
            assert ws.protocol == "two"
            assert ws._response.headers["x-a"] == "1"
            assert await ws.receive_str(timeout=PATIENCE) == ""
            assert await ws.receive_bytes(timeout=PATIENCE) == b"\0"
            await ws.send_str("é")
            await ws.send_bytes(b"x" * 1_000_000)
            await ws.close(code=4001, message=b"enough")
    [scope] = scopes
    assert {key: scope[key] for key in ("type", "scheme", "path", "root_path", "query_string", "subprotocols")} == {
        "type": "websocket",
        "scheme": "ws",
        "path": "/v1/ws",
        "root_path": "/v1",
        "query_string": b"a=1",
        "subprotocols": ["one", "two"],
    }
    assert "method" not in scope
    assert scope["extensions"] == {"websocket.http.response": {}}
    assert heard == [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "é", "bytes": None},
        {"type": "websocket.receive", "text": None, "bytes": b"x" * 1_000_000},
        {"type": "websocket.disconnect", "code": 4001, "reason": "enough"},
    ]


async def test_a_websocket_that_the_application_closes(playing):
    """Its code and reason reach the client; without any, 1000."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", **({"code": 4002, "reason": "é"} if scope["query_string"] else {})})
        with pytest.raises(OSError):
            await send({"type": "websocket.send", "text": "late"})

    async with playing(app) as (session, url):
        for query, code, reason in (("?x", 4002, "é"), ("", 1000, "")):
            async with session.ws_connect(url + query) as ws:
                message = await ws.receive(timeout=PATIENCE)
                assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, code, reason)
    assert playing.errors == []


async def test_a_websocket_that_is_refused(playing):
    """Closed before it is accepted, it is a 403; with the extension, it is any answer."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await receive()
        if scope["path"] == "/plain":
            await send({"type": "websocket.close"})
            return
        headers = [(b"x-why", b"late")]
        await send({"type": "websocket.http.response.start", "status": 410, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"gone", "more_body": True})
        await send({"type": "websocket.http.response.body"})

    async with playing(app) as (session, url):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{url}/plain")
        assert caught.value.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{url}/other")
        assert (caught.value.status, caught.value.headers["x-why"]) == (410, "late")
        async with session.get(f"{url}/plain", headers={"Upgrade": "websocket"}) as response:
            assert (response.status, "No WebSocket UPGRADE hdr" in await response.text()) == (400, False)
    assert playing.errors == []


async def test_a_websocket_client_that_is_gone(playing):
    """A connection that breaks is a disconnect with code 1006, and `send` an `OSError`."""
    heard = asyncio.Queue()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        await receive()
        await send({"type": "websocket.accept"})
        heard.put_nowait(await receive())
        await send({"type": "websocket.send", "text": "x"})

    async with playing(app) as (session, url):
        ws = await session.ws_connect(url)
        ws._response.connection.transport.abort()
        message = await asyncio.wait_for(heard.get(), PATIENCE)
        assert message == {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        await ws.close()
    assert playing.errors == []


async def leaving(app, url="ws://example.com/"):
    """A client that leaves when the application has begun; what came of the application."""
    begun, over, errors = asyncio.Event(), asyncio.Event(), []

    async def watched(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        try:
            await app(receive, send, begun)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            over.set()

    with aiohttpretty.activate():
        aiohttpretty.mount("http://example.com", watched)
        async with aiohttp.ClientSession() as session:
            asking = asyncio.ensure_future(session.ws_connect(url))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            asking.cancel()
            await asyncio.wait_for(over.wait(), PATIENCE)
            await asyncio.wait([asking])
    return errors


@pytest.mark.parametrize("accepts", [False, True])
async def test_a_websocket_client_that_is_gone_before_it_is_answered(accepts):
    """It is a disconnect as well, and whoever accepts it all the same gets an `OSError`; nobody calls it a bug."""
    heard = []

    async def app(receive, send, begun):
        heard.append(await receive())
        begun.set()
        heard.append(await receive())
        if accepts:
            await send({"type": "websocket.accept"})

    errors = await leaving(app)
    assert heard == [
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1006, "reason": ""},
    ]
    assert [str(error) for error in errors] == ["The client is gone"] * accepts
    assert all(isinstance(error, OSError) for error in errors)


async def test_a_websocket_client_that_is_gone_while_it_is_refused():
    """An application that refuses at length hears that nobody reads it."""
    heard = []

    async def app(receive, send, begun):
        await receive()
        await send({"type": "websocket.http.response.start", "status": 410})
        await send({"type": "websocket.http.response.body", "body": b"some", "more_body": True})
        begun.set()
        heard.append(await receive())

    assert await leaving(app) == []
    assert heard == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]


async def test_a_subprotocol_that_nobody_offered(playing):
    """An application that chooses one all the same has it sent, as by other servers."""

    async def app(scope, receive, send):
        if scope["type"] != "lifespan":
            await receive()
            await send({"type": "websocket.accept", "subprotocol": "other"})
            await send({"type": "websocket.close"})

    async with playing(app) as (session, url), session.ws_connect(url, protocols=["mine"]) as socket:
        assert socket.protocol is None
        assert socket._response.headers["Sec-WebSocket-Protocol"] == "other"


async def test_a_connection_that_the_application_ends(playing):
    """Connection: close in an answer closes it, and the next request has another one."""

    async def app(scope, receive, send):
        if scope["type"] != "lifespan":
            await body_of(receive)
            await say(send, b"bye", headers=[(b"connection", b"close"), (b"content-length", b"3")])

    async with playing(app) as (session, url):
        for _ in range(2):
            async with session.get(url) as response:
                assert (await response.read(), response.headers["Connection"]) == (b"bye", "close")
        assert not session.connector._conns


async def test_a_startup_that_fails_and_does_not_end(monkeypatch):
    """An application that goes on behind that is not waited for."""
    monkeypatch.setattr("aiohttpretty.live.asgi._GRACE", 0)

    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed"})
        await asyncio.Event().wait()

    with aiohttpretty.activate():
        aiohttpretty.mount("http://example.com", app)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ApplicationError, match="said that its startup failed: it gave no reason") as caught:
                await session.get("http://example.com/")
        aiohttpretty.handler_errors.clear()
    assert "its startup failed: it gave no reason" in str(caught.value)


async def test_the_ends_of_a_unix_socket():
    """A server has the path for its address, and its client none."""
    scopes = []

    async def app(scope, receive, send):
        if scope["type"] != "lifespan":
            scopes.append((scope["client"], scope["server"]))
            await say(send)

    with aiohttpretty.activate():
        aiohttpretty.mount("http://example.com", app)
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector("/run/app.sock")) as session:
            assert (await session.get("http://example.com/")).status == 200
    assert scopes == [(None, ("/run/app.sock", None))]


class Group(Exception):
    """As an ExceptionGroup, on every Python."""

    def __init__(self, *exceptions):
        self.exceptions = exceptions


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(), True),
        (Group(OSError(), ConnectionResetError()), True),
        (Group(OSError(), LookupError()), False),
        (LookupError(), False),
    ],
)
def test_what_says_only_that_the_client_is_gone(error, expected):
    """All of a group's exceptions have to; a bug is a bug, also when nobody hears of it."""
    assert is_of_departure(error) is expected


async def test_a_body_that_tells_of_its_end():
    """It is the same body to whoever reads it, and says besides when nothing more will come."""
    told = []
    payload = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
    request = make_mocked_request("POST", "/", payload=payload)
    on_departure(request, lambda: told.append("gone"))
    payload.feed_data(b"some")
    assert (request.content.read_nowait(), told) == (b"some", [])
    request._payload.set_exception(ConnectionResetError("gone"))
    assert told == ["gone"]
    assert isinstance(payload.exception(), ConnectionResetError)


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], SENT + "returned without an answer to the websocket /. Send websocket.accept or websocket.close."),
        (
            [{"type": "websocket.send", "text": "x"}],
            SENT + "sent 'websocket.send' to the websocket /, which can't come here. Send websocket.accept once, then "
            "websocket.send, and websocket.close at the end; or only websocket.close to refuse.",
        ),
        (
            [{"type": "websocket.accept"}, {"type": "websocket.accept"}],
            SENT
            + "sent 'websocket.accept' to the websocket /, which can't come here. Send websocket.accept once, then "
            "websocket.send, and websocket.close at the end; or only websocket.close to refuse.",
        ),
        (
            [{"type": "websocket.accept"}, {"type": "websocket.send", "text": None}],
            SENT + "sent a websocket message with text None and bytes None. Send one of them.",
        ),
        (
            [{"type": "websocket.http.response.start", "status": 404}],
            SENT
            + "returned before its answer to GET / was complete. Send a last websocket.http.response.body, without "
            "more_body.",
        ),
    ],
    ids=range(5),
)
async def test_rules_that_are_broken_in_a_websocket(playing, messages, sentence):
    """An application that breaks the rules is told so."""

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            for message in messages:
                await send(message)

    async with playing(app, bugs=True) as (session, url):
        with contextlib.suppress(aiohttp.WSServerHandshakeError):
            async with session.ws_connect(url) as ws:
                assert (await ws.receive(timeout=PATIENCE)).type is aiohttp.WSMsgType.CLOSED
                assert ws.close_code == 1006
    [error] = playing.errors
    assert str(error) == sentence


# -- frameworks


def made_with_fastapi(log):
    @contextlib.asynccontextmanager
    async def lifespan(app):
        log.append("startup")
        yield {"database": log}
        log.append("shutdown")

    app = FastAPI(lifespan=lifespan)

    @app.get("/items/{number}")
    async def item(number: int, request: Request):
        request.state.database.append(f"item {number}")
        return {"number": number, "url": str(request.url), "link": str(request.url_for("item", number=2))}

    @app.get("/plain")
    def in_a_thread(background: BackgroundTasks):
        background.add_task(log.append, "afterwards")
        return "plain"

    @app.websocket("/ws")
    async def echo(ws: WebSocket):
        await ws.accept()
        while True:
            await ws.send_json({"got": await ws.receive_json()})

    return app


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_fastapi(playing, prefix):
    """An application of FastAPI's: paths, validation, links, threads, background tasks, lifespan, websockets."""
    log = []
    async with playing(made_with_fastapi(log), prefix) as (session, url):
        async with session.get(f"{url}/items/1?q=1") as response:
            assert await response.json() == {"number": 1, "url": f"{url}/items/1?q=1", "link": f"{url}/items/2"}
        async with session.get(f"{url}/items/x") as response:
            assert response.status == 422
        async with session.get(f"{url}/nowhere") as response:
            assert (response.status, await response.json()) == (404, {"detail": "Not Found"})
        async with session.get(f"{url}/plain") as response:
            assert await response.json() == "plain"
        async with session.ws_connect(f"{url}/ws") as ws:
            await ws.send_json([1])
            assert await ws.receive_json(timeout=PATIENCE) == {"got": [1]}
    assert log == ["startup", "item 1", "afterwards", "shutdown"]
    assert playing.errors == []  # WebSocketDisconnect, which the echo lets out, is no bug


async def test_starlette(playing):
    """An application of Starlette's, with another mounted in it, and a client that leaves its websocket."""
    left = asyncio.Event()

    async def where(request):
        return PlainTextResponse(f"{request.scope['root_path']} {request.url.path}", headers={"x-a": "1"})

    async def listen(ws):
        await ws.accept()
        with pytest.raises(WebSocketDisconnect):
            await ws.receive_text()
        left.set()

    inner = Mount("/in", routes=[Route("/side", where)])
    app = Starlette(routes=[Route("/", where), inner, WebSocketRoute("/ws", listen)])
    async with playing(app, "/v1") as (session, url):
        async with session.get(f"{url}/") as response:
            assert await response.text() == "/v1 /v1/"
        async with session.get(f"{url}/in/side") as response:
            assert await response.text() == "/v1/in /v1/in/side"
        async with session.ws_connect(f"{url}/ws"):
            pass
        await asyncio.wait_for(left.wait(), PATIENCE)


async def test_https():
    """Mounted at an https address, the application sees https, and wss, and needs no certificate."""
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        seen.append((scope["scheme"], scope["server"][1]))
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await say(send)

    aiohttpretty.mount("https://example.com", app)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert (await session.get("https://example.com/")).status == 200
            async with session.ws_connect("wss://example.com/"):
                pass
    assert seen == [("https", 443), ("wss", 443)]


def test_the_end_of_the_event_loop():
    """A loop that ends before the mount does tells the application of it first, in that loop, and leaves nothing."""
    told = []

    async def app(scope, receive, send):
        if scope["type"] != "lifespan":
            await say(send)
            return
        told.append(asyncio.get_running_loop())
        assert await receive() == {"type": "lifespan.startup"}
        await send({"type": "lifespan.startup.complete"})
        assert await receive() == {"type": "lifespan.shutdown"}
        told.append(asyncio.get_running_loop())
        await send({"type": "lifespan.shutdown.complete"})

    async def main():
        async with aiohttp.ClientSession() as session:
            assert (await session.get("http://example.com/")).status == 200

    aiohttpretty.mount("http://example.com", app)
    with aiohttpretty.activate():
        asyncio.run(main())
        asyncio.run(main())
    assert told[0] is told[1]
    assert told[2] is told[3]
    assert len(told) == 4


async def test_a_thousand_at_once():
    """A thousand requests at once are answered, each with its own."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await say(send, await body_of(receive))

    async def one(session, number):
        async with session.post("http://example.com/", data=b"%d" % number) as response:
            return await response.read()

    aiohttpretty.mount("http://example.com", app)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            seen = await asyncio.gather(*(one(session, number) for number in range(1000)))
    assert seen == [b"%d" % number for number in range(1000)]


def test_the_event_loop_ends_in_the_midst_of_the_shutdown():
    """A shutdown that is under way when the event loop ends comes to its end, though the loop cancels all tasks."""
    said = []

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            said.append("begins")
            await asyncio.sleep(0.01)
            said.append("ends")
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"hello"})

    async def main():
        with aiohttpretty.activate():
            aiohttpretty.mount("http://example.com", app)
            async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
                assert await response.read() == b"hello"
        while not said:
            await asyncio.sleep(0)

    asyncio.run(main())
    assert said == ["begins", "ends"]
    assert aiohttpretty.handler_errors == []


def test_an_event_loop_that_is_closed_without_ado(monkeypatch):
    """An application that nobody could shut down any more is let go of without a word."""
    complaints = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)

    async def app(scope, receive, send):
        while scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
        await receive()
        await say(send, b"hello")

    async def main():
        async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
            return await response.read()

    with aiohttpretty.activate():
        aiohttpretty.mount("http://example.com", app)
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(main()) == b"hello"
        loop.close()
    gc.collect()
    assert complaints == []
