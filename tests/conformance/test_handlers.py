"""A handler at the far end of a wire sees the client, and is seen, as behind a loopback socket."""

import asyncio
import gzip
import io
import json
import random
import ssl
import warnings
from hashlib import sha256
from types import SimpleNamespace
from uuid import UUID

import aiohttp
import pytest
import trustme
from aiohttp import WSCloseCode, WSMsgType, web

from .looking import described, differences, failure, head, outcome, seen
from .serving import over_loopback, over_the_wire, registered, undated

# Of more, aiohttp warns when it is sent in one piece
LARGE = random.Random(1).randbytes(1 << 20)


@pytest.fixture(autouse=True)
def _one_boundary(monkeypatch):
    # aiohttp makes a boundary up for each multipart body; here both worlds get the same
    monkeypatch.setattr("aiohttp.multipart.uuid", SimpleNamespace(uuid4=lambda: UUID(int=1)))


async def same(client, *routes, tls=None, handler_cancellation=False):
    """Play it in all worlds; what was seen, when that was the same."""
    real, base = await over_loopback(client, routes, tls=tls, handler_cancellation=handler_cancellation)
    fakes = [await over_the_wire(client, routes, base, handler_cancellation=handler_cancellation)]
    if not handler_cancellation:
        fakes.append(await registered(client, routes, base))
    for fake in fakes:
        assert differences(undated(fake), undated(real)) == []
    return undated(real)


async def looked(request):
    """All that a handler can see of a request, without its body."""
    return {
        "method": request.method,
        "paths": [request.path, request.raw_path, request.path_qs, str(request.rel_url)],
        "url": str(request.url),
        "host": request.host,
        "scheme": [request.scheme, request.secure],
        "version": list(request.version),
        "remote": request.remote,
        "ends": [request.transport.get_extra_info(name)[0] for name in ("peername", "sockname")],
        "port": request.transport.get_extra_info("sockname")[1] == request.url.port,
        "query": list(request.query.items()),
        "headers": [list(pair) for pair in request.headers.items()],
        "raw_headers": repr(request.raw_headers),
        "match_info": dict(request.match_info),
        "keep_alive": request.keep_alive,
        "cookies": dict(request.cookies),
        "content": [request.content_type, request.charset, request.content_length],
        "expected": [request.can_read_body, request.body_exists],
        "modified": str(request.if_modified_since),
        "range": str(request.http_range),
        "apps": [len(request.match_info.apps), request.app is request.match_info.current_app, len(request.app)],
        "config": list(request.config_dict),
    }


async def mirror(request):
    """Answers with all that it saw."""
    saw = await looked(request)
    saw["body"] = sha256(await request.read()).hexdigest()
    return web.json_response(saw)


async def pieces(*parts):
    for part in parts:
        yield part


def form(**files):
    data = aiohttp.FormData({"name": "Jö"})
    for name, content in files.items():
        data.add_field(name, io.BytesIO(content.encode()), filename=f"{name}.txt", content_type="text/plain")
    return data


REQUESTS = {
    "GET": ("GET", "/a", {}),
    "a query": ("GET", "/a/b%20c?x=1&x=2&ü=ö", {"params": {"y": "z z"}}),
    "an escaped slash": ("GET", "/a%2Fb", {}),
    "headers": ("GET", "/a", {"headers": [("X-One", "1"), ("X-One", "2"), ("Accept", "text/plain")]}),
    "conditions": (
        "GET",
        "/a",
        {"headers": {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT", "Range": "bytes=1-5"}},
    ),
    "cookies": ("GET", "/a", {"cookies": {"a": "1", "b": "2"}}),
    "HEAD": ("HEAD", "/a", {}),
    "OPTIONS": ("OPTIONS", "/a", {}),
    "a method of one's own": ("PURGE", "/a", {}),
    "close": ("GET", "/a", {"headers": {"Connection": "close"}}),
    "bytes": ("POST", "/a", {"data": b"\x00bytes"}),
    "text": ("PUT", "/a", {"data": "Jö"}),
    "json": ("PATCH", "/a", {"json": {"a": [1, 2]}}),
    "a form": ("POST", "/a", {"data": {"a": "1", "b": "ö"}}),
    "a file": ("POST", "/a", {"data": lambda: io.BytesIO(LARGE)}),
    "multipart": ("POST", "/a", {"data": lambda: form(one="1" * 100_000, two="2")}),
    "chunks": ("POST", "/a", {"data": lambda: pieces(b"one", b"two" * 30_000, b"3")}),
    "chunked bytes": ("POST", "/a", {"data": b"bytes" * 50_000, "chunked": True}),
    "compressed": ("POST", "/a", {"data": b"bytes" * 50_000, "compress": "gzip"}),
    "compressed chunks": ("POST", "/a", {"data": lambda: pieces(b"one", b"two" * 30_000), "compress": "deflate"}),
    "1 MB": ("POST", "/a", {"data": LARGE}),
    "100-continue": ("POST", "/a", {"data": b"after it" * 20_000, "expect100": True}),
    "another expectation": ("POST", "/a", {"data": b"body", "headers": {"Expect": "the best"}}),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests(name):
    """A handler sees every part of a request, and the client its answer, whatever the request is."""
    method, path, options = REQUESTS[name]

    async def client(session):
        made = {key: each() if callable(each) else each for key, each in options.items()}
        return await outcome(session.request(method, path, **made))

    got = await same(client, ("/{tail}", mirror), ("/a/{rest}", mirror))
    assert got["status"] == (417 if name == "another expectation" else 200)


async def test_old_http():
    """HTTP/1.0 is heard and answered."""

    async def client(session):
        async with aiohttp.ClientSession(
            session._base_url, connector=session.connector, connector_owner=False, version=aiohttp.HttpVersion10
        ) as old:
            return [await seen(await old.post("/a", data=b"1")), await seen(await old.get("/a"))]

    got = await same(client, ("/a", mirror))
    assert json.loads(got[0]["body"])["version"] == [1, 0]


async def test_tls():
    """Behind https, the request is secure, and its address says so."""
    authority = trustme.CA()
    server, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("example.test").configure_cert(server)
    authority.configure_trust(trusting)

    async def client(session):
        return await seen(await session.get("/a"))

    got = await same(client, ("/a", mirror), tls=(server, trusting))
    saw = json.loads(got["body"])
    assert saw["scheme"] == ["https", True]
    assert saw["url"].startswith("https://example.test:")


async def test_match_info():
    """What the template found is the handler's match_info."""

    async def client(session):
        return [await seen(await session.get(f"/users/{name}/posts/{number}")) for name, number in ["a1", "b2"]]

    got = await same(client, ("/users/{name}/posts/{number}", mirror))
    assert [json.loads(each["body"])["match_info"] for each in got] == [
        {"name": "a", "number": "1"},
        {"name": "b", "number": "2"},
    ]


async def streamed(request):
    response = web.StreamResponse(headers={"X-Streamed": "yes"})
    await response.prepare(request)
    for number in range(5):
        await response.write(b"%d" % number * 1000)
    return response


async def sized(request):
    response = web.StreamResponse()
    response.content_length = 6
    await response.prepare(request)
    await response.write(b"abc")
    await response.write(b"def")
    await response.write_eof()
    return response


async def compressed(request):
    response = web.Response(text="much " * 5000)
    response.enable_compression()
    return response


async def cookies(request):
    response = web.Response(text="cookies", reason="Sweet")
    response.set_cookie("a", "1", path="/", httponly=True)
    response.set_cookie("b", "2", max_age=60)
    response.del_cookie("c")
    return response


async def closing(request):
    response = web.Response(text="good bye")
    response.force_close()
    return response


async def redirecting(request):
    if request.match_info.get("tail") == "there":
        return web.Response(text=f"there with {dict(request.cookies)}")
    found = web.HTTPFound("/there")
    found.set_cookie("seen", "yes")
    raise found


async def raising(request):
    raise web.HTTPConflict(text="not now", headers={"X-When": "later"})


async def not_allowed(request):
    raise web.HTTPMethodNotAllowed(request.method, ["POST"])


async def made_of_iterator(request):
    return web.Response(body=pieces(b"one", b"two"), headers={"Content-Type": "x/y"})


async def from_body(request):
    parts = [(part.name, part.filename, await part.text()) async for part in await request.multipart()]
    return web.json_response(parts)


async def posted(request):
    fields = await request.post()
    return web.json_response([(name, getattr(each, "filename", each)) for name, each in fields.items()])


async def line_by_line(request):
    return web.json_response([line.decode() async for line in request.content])


async def broken(request):
    raise LookupError("a bug")


async def timing_out(request):
    raise asyncio.TimeoutError


async def breaking_off(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    raise LookupError("a bug, later")


async def cut_short(request):
    response = web.StreamResponse()
    response.content_length = 100
    await response.prepare(request)
    await response.write(b"half")
    request.transport.close()
    return response


async def aborted(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    request.transport.abort()
    return response


async def gone_at_once(request):
    request.transport.close()
    return web.Response()


async def nothing(request):
    return None


async def text_only(request):
    return "text"


class Looking(web.View):
    async def get(self):
        return web.Response(text=f"seen by a view: {self.request.path}")


class Kept:
    async def __call__(self, request):
        return web.Response(text="from an object")


ANSWERS = {
    "empty": lambda request: _later(web.Response()),
    "204": lambda request: _later(web.Response(status=204)),
    "304": lambda request: _later(web.Response(status=304)),
    "json": lambda request: _later(web.json_response({"a": ["ö", None]})),
    "text": lambda request: _later(web.Response(text="ö", charset="latin-1", status=201)),
    "headers": lambda request: _later(web.Response(headers=[("X-A", "1"), ("X-A", "2")])),
    "1 MB": lambda request: _later(web.Response(body=LARGE)),
    "a stream": streamed,
    "a stream of known size": sized,
    "compressed": compressed,
    "cookies": cookies,
    "closing": closing,
    "a redirect": redirecting,
    "an exception": raising,
    "another exception": not_allowed,
    "an iterator": made_of_iterator,
    "a bug": broken,
    "a timeout": timing_out,
    "a bug in the midst": breaking_off,
    "cut short": cut_short,
    "aborted": aborted,
    "no answer": gone_at_once,
    "None": nothing,
    "a str": text_only,
    "an object": Kept().__call__,
}


async def _later(response):
    return response


def handler_of(name):
    """A coroutine function, because the application over loopback warns of others."""
    made = ANSWERS[name]

    async def handler(request):
        return await made(request)

    return handler


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_answers(name, method):
    """Whatever a handler answers, the client sees it; twice, so that the connection is seen to live on or not."""

    async def client(session):
        return [await outcome(session.request(method, "/first")), await outcome(session.request(method, "/first"))]

    await same(client, ("/{tail}", handler_of(name)))


async def test_a_view():
    """A class-based view is a handler."""

    async def client(session):
        return [await seen(await session.get("/a")), await seen(await session.post("/a"))]

    got = await same(client, ("/a", Looking))
    assert [each["status"] for each in got] == [200, 405]


async def test_a_returned_exception():
    """An HTTPException that is returned is an answer, too; aiohttp warns of it, here as there."""

    async def handler(request):
        return web.HTTPGone(text="long ago")

    async def client(session):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            got = await seen(await session.get("/a"))
        return got, [str(each.message) for each in caught]

    got, caught = await same(client, ("/a", handler))
    assert (got["status"], got["body"], len(caught)) == (410, b"long ago", 1)


@pytest.mark.filterwarnings("ignore:Bare functions:DeprecationWarning")
async def test_a_plain_function():
    """A function that isn't a coroutine function answers, too."""

    def handler(request):
        return web.Response(text=request.path)

    async def client(session):
        return await seen(await session.get("/a"))

    got = await same(client, ("/a", handler))
    assert got["body"] == b"/a"


READERS = {
    "multipart": (from_body, lambda: form(one="1" * 200_000, two="2")),
    "post, multipart": (posted, lambda: form(one="1" * 2_000_000)),
    "post, a form": (posted, lambda: {"a": "1", "b": "ö"}),
    "content": (line_by_line, lambda: pieces(b"one\ntwo\nth", b"ree\n" * 10_000)),
}


@pytest.mark.parametrize("name", READERS)
async def test_reading_a_body(name):
    """A handler reads a body by every way that a request offers."""
    handler, data = READERS[name]

    async def client(session):
        return await seen(await session.post("/a", data=data()))

    got = await same(client, ("/a", handler))
    assert got["status"] == 200


@pytest.mark.parametrize("ranges", [None, "bytes=0-9", "bytes=100-", "bytes=-5", "bytes=999999999-"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_files(tmp_path, method, ranges):
    """A file is sent, whole or the range that is asked for."""
    path = tmp_path / "file.bin"
    path.write_bytes(LARGE)

    async def handler(request):
        return web.FileResponse(path)

    async def client(session):
        return await seen(await session.request(method, "/a", headers={"Range": ranges} if ranges else None))

    got = await same(client, ("/a", handler))
    assert got["status"] == {None: 200, "bytes=999999999-": 416}.get(ranges, 206)


async def test_a_compressed_file(tmp_path):
    """The compressed brother of a file is sent to who can take it."""
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"text", mtime=1))

    async def handler(request):
        return web.FileResponse(tmp_path / "a.txt")

    async def client(session):
        return await seen(await session.get("/a"))

    got = await same(client, ("/a", handler))
    assert (dict(got["headers"])["content-encoding"], got["body"]) == ("gzip", b"text")


async def test_step_by_step():
    """What a handler writes reaches the client before the handler writes more, and the other way round."""

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        async for line in request.content:
            await response.write(line.upper())
        return response

    async def client(session):
        read = asyncio.Event()

        async def lines():
            for number in range(20):
                yield b"line %d\n" % number
                await read.wait()
                read.clear()

        heard = []
        async with session.post("/a", data=lines()) as response:
            async for line in response.content:
                heard.append(line)
                read.set()
            return heard, head(response)

    heard, _ = await same(client, ("/a", handler))
    assert heard == [b"LINE %d\n" % number for number in range(20)]


async def test_an_answer_before_the_body_is_whole():
    """A handler may answer while the client is still writing; the rest is heard out, and the connection lives on."""

    async def handler(request):
        await request.content.readany()
        return web.Response(text="enough")

    async def client(session):
        answered = asyncio.Event()

        async def body():
            yield b"begun"
            await answered.wait()
            yield b"ended"

        async with session.post("/a", data=body()) as response:
            got = await seen(response)
            answered.set()
        return got, await seen(await session.post("/a", data=b"again"))

    first, second = await same(client, ("/a", handler))
    assert (first["body"], second["body"]) == (b"enough", b"enough")


async def test_an_answer_without_reading():
    """A handler may leave a large body unread."""

    async def handler(request):
        return web.Response(text="unread")

    async def client(session):
        return [
            await outcome(session.post("/a", data=LARGE)),
            await outcome(session.post("/a", data=io.BytesIO(LARGE))),
        ]

    got = await same(client, ("/a", handler))
    assert [each["body"] for each in got] == [b"unread", b"unread"]


async def test_a_client_that_goes():
    """A handler that writes to a client that is gone gets the exception that aiohttp has for that."""
    raised = []

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"more" * 10_000)
                await asyncio.sleep(0)
        except Exception as error:
            raised.append(described(error))
            ended.set()
            raise

    async def client(session):
        nonlocal ended
        ended = asyncio.Event()
        response = await session.get("/a")
        begun = await response.content.readexactly(4)
        response.close()
        await ended.wait()
        return begun, raised.pop()

    ended = None
    _, error = await same(client, ("/a", handler))
    assert error["text"] == "Cannot write to closing transport"


@pytest.mark.parametrize("cancelled", [True, False])
async def test_handler_cancellation(cancelled):
    """A handler whose client is gone is cancelled, or runs on to its end, as the server was told."""
    said = []

    async def handler(request):
        begun.set()
        try:
            await go_on.wait()
            said.append("to its end")
        except asyncio.CancelledError:
            said.append("cancelled")
            raise
        finally:
            ended.set()
        return web.Response()

    async def client(session):
        nonlocal begun, go_on, ended
        begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        request = asyncio.ensure_future(session.get("/a"))
        await begun.wait()
        request.cancel()
        await asyncio.wait([request])
        if not cancelled:
            go_on.set()
        await ended.wait()
        return said.pop()

    begun = go_on = ended = None
    assert await same(client, ("/a", handler), handler_cancellation=cancelled) == (
        "cancelled" if cancelled else "to its end"
    )


async def test_a_body_that_breaks_off():
    """A handler that reads an upload whose client goes gets the same exception."""
    raised = []

    async def handler(request):
        try:
            await request.read()
        except BaseException as error:
            raised.append(described(error))
            raise
        finally:
            ended.set()

    async def client(session):
        nonlocal ended
        ended = asyncio.Event()

        async def body():
            yield b"begun"
            raise LookupError("no more")

        got = await failure(session.post("/a", data=body()))
        await ended.wait()
        return got, raised.pop()

    ended = None
    await same(client, ("/a", handler))


@pytest.mark.parametrize("compress", [0, 15])
async def test_websockets(compress):
    """Text, bytes, JSON, large messages, pings and both closings go through a websocket."""

    async def handler(request):
        socket = web.WebSocketResponse(protocols=["chat"], autoping=True)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT and message.data == "close":
                await socket.close(code=4001, message=b"as you say")
            elif message.type is WSMsgType.TEXT:
                await socket.send_str(message.data.upper())
            else:
                await socket.send_bytes(message.data[::-1])
        return socket

    async def client(session):
        heard = []
        async with session.ws_connect("/a", protocols=["chat", "talk"], compress=compress) as socket:
            heard.append((socket.protocol, socket.compress))
            await socket.send_str("text")
            heard.append(await socket.receive_str())
            await socket.send_json({"a": 1})
            heard.append(await socket.receive_json())
            await socket.send_bytes(LARGE)
            heard.append(sha256(await socket.receive_bytes()).hexdigest())
            await socket.ping(b"there?")
            await socket.send_str("close")
            last = await socket.receive()
            heard.append((last.type, last.data, last.extra, socket.closed, socket.close_code))
        async with session.ws_connect("/a") as socket:
            heard.append(await socket.close(code=WSCloseCode.GOING_AWAY))
            heard.append(socket.close_code)
        return heard

    got = await same(client, ("/a", handler))
    assert got[0] == ("chat", compress)
    assert got[4][1:] == (4001, "as you say", True, 4001)


async def test_a_refused_handshake(monkeypatch):
    """A websocket that a handler refuses is a WSServerHandshakeError with its status."""

    async def client(session):
        monkeypatch.setattr("aiohttp.client.os.urandom", bytes)  # for the key of the handshake
        return await failure(session.ws_connect("/a")), await failure(session.ws_connect("/b"))

    refused, missed = await same(client, ("/a", handler_of("an exception")), ("/b", handler_of("text")))
    assert (refused["status"], missed["status"]) == (409, 201)


async def test_a_socket_that_breaks():
    """Either side that goes without a closing handshake is seen by the other as abnormal."""
    codes = []

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        message = await socket.receive()
        if message.type is WSMsgType.TEXT:
            request.transport.abort()
        codes.append((message.type, socket.close_code))
        ended.set()
        return socket

    async def client(session):
        nonlocal ended
        ended = asyncio.Event()
        socket = await session.ws_connect("/a")
        await socket.send_str("go")
        last = await socket.receive()
        heard = [last.type, socket.close_code]
        await ended.wait()
        ended.clear()
        await socket.close()
        socket = await session.ws_connect("/a")
        socket._response.connection.transport.abort()
        await ended.wait()
        await socket.close()
        return heard, codes[-1]

    ended = None
    heard, there = await same(client, ("/a", handler))
    assert heard == [WSMsgType.CLOSED, 1006]
    assert there[1] == 1006


async def test_many_at_once():
    """Fifty requests at once, each on a connection of its own, get their own answers."""

    async def handler(request):
        await asyncio.sleep(0)
        return web.Response(text=request.match_info["number"] + (await request.text()))

    async def client(session):
        async def one(number):
            async with session.post(f"/a/{number}", data=f"-{number}" * number) as response:
                return await response.text()

        return await asyncio.gather(*map(one, range(50)))

    assert await same(client, ("/a/{number}", handler)) == [f"{number}" + f"-{number}" * number for number in range(50)]
