"""What comes over a raw socket: any client's bytes, in whatever pieces, one request behind another."""

import asyncio
import re
from functools import partial

import pytest
from aiohttp import web
from settling import settle, until

from aiohttpretty import faults, match
from aiohttpretty.tcp.speech import refusal_of

from .conftest import PATIENCE, connected, port, said

HOST = b"Host: api.example.com\r\n"
LAST = HOST + b"Connection: close\r\n"


@pytest.fixture
async def server(pretty, complaints):
    async def echo(request):
        return web.Response(body=b"[" + await request.read() + b"]")

    pretty.register_uri("*", "https://api.example.com/x", body=b"hello", headers={"X-A": "1"})
    pretty.register_uri("*", "https://api.example.com/echo", handler=echo)
    pretty.register_uri("*", "https://api.example.com/slow", body=b"slow", delay=0.02)
    async with pretty.serve() as server:
        yield server


HELLO = b"HTTP/1.1 200 \r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello"
HELLO_LAST = b"HTTP/1.1 200 \r\nX-A: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


async def test_the_bytes_are_those_registered_and_a_framing(server):
    """Nothing is added to a canned reply but what frames it."""
    assert await said(server, b"GET /x HTTP/1.1\r\n" + LAST + b"\r\n") == HELLO_LAST


async def test_requests_that_come_at_once_are_answered_in_order(server, pretty):
    """A client need not wait for an answer before it asks again; and the slow one comes first if it was first."""
    asked = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\nGET /x HTTP/1.1\r\n" + HOST + b"\r\n"
    asked += b"POST /echo HTTP/1.1\r\nContent-Length: 3\r\n" + HOST + b"\r\nabcGET /x HTTP/1.1\r\n" + LAST + b"\r\n"
    answer = await said(server, asked)
    assert answer.startswith(b"HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nslow" + HELLO + b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n[abc]" + HELLO_LAST)
    assert [call.url.path for call in pretty.calls] == ["/slow", "/x", "/echo", "/x"]


@pytest.mark.parametrize("path", [b"/x", b"/echo"])
async def test_a_request_may_come_byte_by_byte(server, pretty, path):
    """Where the pieces end is nobody's concern."""
    asked = b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + LAST + b"\r\n"
    asked += b"3;name=value\r\nabc\r\n1\r\nd\r\n0\r\nX-Trailer: 1\r\n\r\n"
    async with connected(server) as (reader, writer):
        for byte in asked:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.endswith(b"\r\n\r\nhello" if path == b"/x" else b"\r\n\r\n[abcd]")
    assert [call.body for call in pretty.calls] == [b"abcd"]


async def test_http_1_0_gets_what_it_understands(server, pretty):
    """No chunks, and the end of the connection is the end of the answer; unless it wants to keep it."""

    async def pieces():
        yield b"one"
        yield b"two"

    pretty.register_uri("GET", "https://api.example.com/stream", body=pieces)
    answer = await said(server, b"GET /stream HTTP/1.0\r\n" + HOST + b"\r\n")
    assert answer == b"HTTP/1.1 200 \r\nConnection: close\r\n\r\nonetwo"
    answer = await said(server, b"GET /x HTTP/1.0\r\n" + HOST + b"\r\n")
    assert answer == HELLO_LAST
    keeps = b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n" + HOST + b"\r\n"
    answer = await said(server, keeps + b"GET /x HTTP/1.0\r\n" + HOST + b"\r\n")
    assert answer == HELLO_LAST.replace(b"close", b"keep-alive") + HELLO_LAST


async def test_a_length_that_lies_is_not_sent(server, pretty):
    """A client would believe it: the framing always holds, and in an answer without a body the header is as it is."""
    pretty.register_uri("*", "https://api.example.com/lie", body=b"hello", headers={"Content-Length": "99", "X-B": "2"})
    answer = await said(server, b"GET /lie HTTP/1.1\r\n" + LAST + b"\r\n")
    assert answer == b"HTTP/1.1 200 \r\nX-B: 2\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    answer = await said(server, b"HEAD /lie HTTP/1.1\r\n" + LAST + b"\r\n")
    assert answer == b"HTTP/1.1 200 \r\nContent-Length: 99\r\nX-B: 2\r\nConnection: close\r\n\r\n"


async def test_registered_chunks_are_chunks(server, pretty):
    """What a reply says of its framing is how it is framed, where that can be."""
    pretty.register_uri("*", "https://api.example.com/c", body=b"hello", headers={"Transfer-Encoding": "chunked"})
    answer = await said(server, b"GET /c HTTP/1.1\r\n" + LAST + b"\r\n")
    head = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert answer == head + b"5\r\nhello\r\n0\r\n\r\n"


async def test_a_client_that_asks_may_go_on(server):
    """`Expect: 100-continue` is answered before the body comes, for a canned reply and for a handler."""
    for path, body in ((b"/x", b"hello"), (b"/echo", b"[abc]")):
        async with connected(server) as (reader, writer):
            writer.write(
                b"PUT " + path + b" HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" + LAST + b"\r\n"
            )
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert (await asyncio.wait_for(reader.read(), PATIENCE)).endswith(b"\r\n\r\n" + body)


BROKEN = {
    "no request": b"nonsense\r\n\r\n",
    "bare line feeds": b"GET /x HTTP/1.1\nHost: a\n\n",
    "a bad header": b"GET /x HTTP/1.1\r\nBad Header: 1\r\n\r\n",
    "two lengths": b"POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + HOST + b"\r\nab",
    "length and chunks": b"POST /x HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\n",
    "a bad host": b"GET /x HTTP/1.1\r\nHost: a:b:c\r\n\r\n",
    "a tunnel to nowhere": b"CONNECT \r\na.com:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel without a port": b"CONNECT api.example.com HTTP/1.1\r\nHost: a\r\n\r\n",
    "a bad tunnel": b"CONNECT a.com\xf680 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a bad port": b"GET /x HTTP/1.1\r\nHost: a:99999999\r\n\r\n",
    "a bad chunk": b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\nzz\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_request_is_refused(server, pretty, name):
    """With a 400 and the reason; the next connection is none the worse for it."""
    answer = await said(server, BROKEN[name])
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n")
    assert await said(server, b"GET /x HTTP/1.1\r\n" + LAST + b"\r\n") == HELLO_LAST


async def test_a_broken_one_does_not_spoil_the_one_before(server, pretty):
    """What has come before is answered, and then the rest is refused."""
    async with connected(server) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        await until(lambda: pretty.calls)
        writer.write(b"nonsense\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nslowHTTP/1.1 400 Bad Request\r\n")


async def test_a_client_that_goes_away_ends_what_it_asked_for(server, pretty):
    """In the middle of its request, or while it waits: nothing is left, and the record says how far it came."""
    ended = []

    async def pieces():
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.append(True)

    pretty.register_uri("GET", "https://api.example.com/endless", body=pieces)
    async with connected(server) as (reader, writer):
        writer.write(b"GET /endless HTTP/1.1\r\n" + HOST + b"\r\n")
        await reader.readexactly(300_000)
    await until(lambda: ended)
    async with connected(server) as (reader, writer):
        writer.write(b"POST /x HTTP/1.1\r\nContent-Length: 30\r\n" + HOST + b"\r\nabc")
        await until(lambda: len(pretty.calls) == 2)
    await until(lambda: pretty.calls[1].duration is not None)
    assert (pretty.calls[1].status, pretty.calls[1].whole) == (None, False)


HOSTS = {
    "its own address": (b"/own", b"127.0.0.1:%d", "http://127.0.0.1:{port}/own"),
    "localhost": (b"/own", b"localhost:%d", "http://127.0.0.1:{port}/own"),
    "no host": (b"/own", b"", "http://127.0.0.1:{port}/own"),
    "the host of a route": (b"/x", b"api.example.com", "https://api.example.com/x"),
    "that host at this port": (b"/x", b"api.example.com:%d", "https://api.example.com/x"),
    "that host in capitals": (b"/x", b"API.Example.COM", "https://api.example.com/x"),
    "absolute": (b"https://api.example.com/x", b"127.0.0.1:%d", "https://api.example.com/x"),
    "url_for": (b"/https://api.example.com/x", b"127.0.0.1:%d", "https://api.example.com/x"),
    "url_for, one slash lost": (b"/https:/api.example.com/x", b"127.0.0.1:%d", "https://api.example.com/x"),
    "url_for, brackets escaped": (b"/http://%5B::1%5D:8080/x", b"127.0.0.1:%d", "http://[::1]:8080/x"),
    "a websocket's": (b"/wss://api.example.com/x", b"127.0.0.1:%d", "https://api.example.com/x"),
    "another scheme": (b"/x", b"plain.example.com", "http://plain.example.com/x"),
    "another port": (b"/x", b"port.example.com:8443", "https://port.example.com:8443/x"),
}


async def test_an_address_that_is_none_says_so(server):
    """The cure is about the target, where that is what is wrong."""
    answer = await said(server, b"GET /https://a:b:c/x HTTP/1.1\r\n" + LAST + b"\r\n")
    assert answer.partition(b"\r\n\r\n")[2].decode() == (
        "The target '/https://a:b:c/x' is no address. Ask for one that server.url_for('https://api.example.com/x') "
        "gives, or by a proxy for one such as 'https://api.example.com/x'.\n"
    )


def test_a_refusal_may_repeat_what_no_encoding_has():
    """What came in a target, undecodable bytes as well, is shown in the sentence about it."""
    assert refusal_of(400, "a\udcf6").endswith(b"\r\nContent-Length: 7\r\nConnection: close\r\n\r\na\\udcf6")


async def test_a_handler_sees_the_scheme_that_its_condition_chose(server, pretty):
    """A Host header may mean http and https; which one is known only when a condition has seen the body."""
    seen = []

    async def look(request):
        seen.append(str(request.url))
        return web.Response(text=request.scheme)

    pretty.register_uri("POST", "http://both.example.com/x", match=match.json({"a": 1}), body=b"plain")
    pretty.register_uri("POST", "https://both.example.com/x", handler=look)
    ask = b"POST /x HTTP/1.1\r\nHost: both.example.com\r\nContent-Length: %d\r\n%b\r\n%b"
    close = b"Connection: close\r\n"
    asked = ask % (2, b"", b"{}") + ask % (8, b"", b'{"a": 1}') + ask % (2, close, b"{}")
    answer = await said(server, asked)
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 ")[1:]]
    assert bodies == [b"https", b"plain", b"https"]
    assert seen == ["https://both.example.com/x"] * 2
    assert [call.url.scheme for call in pretty.calls] == ["https", "http", "https"]


async def test_a_form_is_compared_with_all_its_fields(server, pretty):
    """As often as each came, in whatever order."""
    body = b"a=1&b=3&a=2"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % len(body)
    await said(server, b"POST /x HTTP/1.1\r\n" + kind + LAST + b"\r\n" + body)
    there = partial(pretty.has_call, "https://api.example.com/x", method="POST")
    assert there(data={"b": 3, "a": ["1", "2"]})
    assert there(data={"a": ("2", "1"), "b": "3"})
    assert not there(data={"a": "1", "b": "3"})
    assert not there(data={"a": "2", "b": "3"})
    assert not there(data={"a": ["1", "2"]})
    assert not there(data={"a": ["1", "1", "2"], "b": "3"})


@pytest.mark.parametrize("at", [b"api.example.com:80", b"api.example.com:8080"])
@pytest.mark.parametrize("together", [True, False])
async def test_a_tunnel_may_be_plain(server, pretty, at, together):
    """At any port, and with a request that is sent without waiting for the tunnel."""
    pretty.register_uri("GET", f"http://{at.decode()}/x", body=b"hello")
    established = b"HTTP/1.1 200 Connection established\r\n\r\n"
    connect, ask = b"CONNECT " + at + b" HTTP/1.1\r\nHost: " + at + b"\r\n\r\n", b"GET /x HTTP/1.1\r\nHost: " + at
    async with connected(server) as (reader, writer):
        writer.write(connect + (ask if together else b""))
        assert await asyncio.wait_for(reader.readexactly(len(established)), PATIENCE) == established
        writer.write((b"" if together else ask) + b"\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), PATIENCE)).endswith(b"\r\n\r\nhello")
    assert [call.url.host for call in pretty.calls] == ["api.example.com"]


@pytest.mark.parametrize("name", HOSTS)
async def test_which_host_is_meant(server, pretty, name):
    """The target says it, or the Host header does; without either it is the server itself."""
    target, host, expected = HOSTS[name]
    pretty.register_uri("GET", f"{server.url}/own", body=b"hello")
    pretty.register_uri("GET", "http://plain.example.com/x", body=b"hello")
    pretty.register_uri("GET", "http://[::1]:8080/x", body=b"hello")
    pretty.register_uri("GET", "https://port.example.com:8443/x", body=b"hello")
    host = host % port(server) if b"%" in host else host
    field = b"Host: " + host + b"\r\n" if host else b""
    version = b"1.1" if host else b"1.0"
    answer = await said(server, b"GET " + target + b" HTTP/" + version + b"\r\n" + field + b"Connection: close\r\n\r\n")
    assert answer.endswith(b"hello")
    (call,) = pretty.calls
    assert str(call.url) == expected.format(port=port(server))


async def test_a_handler_sees_what_its_server_would_have_seen(server, pretty):
    """Path, host and scheme, not the way by which the request came."""
    seen = []

    async def look(request):
        seen.append((request.path_qs, request.host, request.scheme, request.remote, str(request.url)))
        return web.Response()

    pretty.register_uri("GET", "https://api.example.com/look", params={"a": "1"}, handler=look)
    for target in (b"https://api.example.com/look?a=1", b"/https://api.example.com/look?a=1"):
        await said(server, b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    expected = ("/look?a=1", "api.example.com", "https", "127.0.0.1", "https://api.example.com/look?a=1")
    assert seen == [expected, expected]
    assert [call.request_headers["Host"] for call in pretty.calls] == ["api.example.com"] * 2


async def test_one_connection_may_speak_to_several_hosts(server, pretty):
    """As a proxy's does; each handler sees its own."""

    async def look(request):
        return web.Response(text=f"{request.scheme}://{request.host}")

    pretty.mount("http://one.example.com", look)
    pretty.mount("https://two.example.com", look)
    asked = b"".join(
        b"GET %b/ HTTP/1.1\r\nHost: x\r\n\r\n" % origin
        for origin in (b"http://one.example.com", b"https://two.example.com", b"http://one.example.com")
    )
    answer = await said(server, asked + b"GET https://api.example.com/x HTTP/1.1\r\n" + LAST + b"\r\n")
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 ")[1:]]
    assert bodies == [b"http://one.example.com", b"https://two.example.com", b"http://one.example.com", b"hello"]


async def test_a_redirect_leads_back_to_the_server(server, pretty):
    """In the answer to a request by `url_for`, a Location is one that its client finds here, whoever says it."""

    async def move(request):
        raise web.HTTPFound("/there?a=1")

    pretty.register_uri("GET", "https://api.example.com/canned", location="https://other.example.com/y")
    pretty.register_uri("GET", "https://api.example.com/handled", handler=move)
    for name, expected in (
        (b"canned", server.url_for("https://other.example.com/y")),
        (b"handled", server.url_for("https://api.example.com/there?a=1")),
    ):
        answer = await said(server, b"GET /https://api.example.com/" + name + b" HTTP/1.1\r\n" + LAST + b"\r\n")
        assert f"\r\nLocation: {expected}\r\n".encode() in answer
    answer = await said(server, b"GET https://api.example.com/canned HTTP/1.1\r\n" + LAST + b"\r\n")
    assert b"\r\nLocation: https://other.example.com/y\r\n" in answer


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_answer_may_come_before_the_request_is_whole(server, pretty, chunked):
    """The rest of it is read, and the next request is none the worse for it."""

    async def early(request):
        return web.Response(text="early")

    pretty.register_uri("POST", "https://api.example.com/early", handler=early)
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 10"
    parts = (b"3\r\nabc\r\n", b"7\r\ndefghij\r\n0\r\n\r\n") if chunked else (b"abc", b"defghij")
    async with connected(server) as (reader, writer):
        writer.write(b"POST /early HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n" + parts[0])
        assert (await asyncio.wait_for(reader.readuntil(b"early"), PATIENCE)).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.write(parts[1] + b"GET /x HTTP/1.1\r\n" + LAST + b"\r\n")
        assert await asyncio.wait_for(reader.read(), PATIENCE) == HELLO_LAST
    assert [call.body for call in pretty.calls] == [b"abcdefghij", b""]


async def test_many_requests_over_one_connection(server, pretty):
    """Canned and handled in turn, all sent at once: each gets its own answer."""
    ask = b"".join(
        b"POST /echo HTTP/1.1\r\nContent-Length: 3\r\n%b\r\n%03dGET /x HTTP/1.1\r\n%b\r\n" % (HOST, number, HOST)
        for number in range(100)
    )
    answer = await said(server, ask + b"GET /x HTTP/1.1\r\n" + LAST + b"\r\n")
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 ")[1:]]
    assert bodies == [body for number in range(100) for body in (b"[%03d]" % number, b"hello")] + [b"hello"]


async def test_a_request_that_names_no_host(server, pretty):
    """One in absolute form says it once: where aiohttp takes that, the server that is meant is told of it."""
    pretty.register_uri("GET", "http://api.example.com/items", body=b"items")
    answer = await said(server, b"GET http://api.example.com/items HTTP/1.1\r\nConnection: close\r\n\r\n")
    if answer.startswith(b"HTTP/1.1 400 "):  # aiohttp 3.14
        assert answer.endswith(b"This is no request that a server could read: Missing 'Host' header in request.\n")
    else:
        assert answer.endswith(b"\r\n\r\nitems")
        assert pretty.calls[0].request_headers["Host"] == "api.example.com"


async def test_the_server_as_a_whole(server, pretty):
    """`OPTIONS *` is asked of every path: it is found at any address that takes them all."""
    pretty.register_uri("OPTIONS", re.compile("http://api.example.com/.*"), status=204)
    answer = await said(server, b"OPTIONS * HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 204 ")


async def held(server, pretty, first, *behind):
    """What is said to a request that is answered only when all else has come."""
    go_on = asyncio.Event()

    async def handler(request):
        await go_on.wait()
        return web.Response(text="held")

    pretty.register_uri("GET", "http://api.example.com/held", handler=handler)
    pretty.register_uri("GET", "http://api.example.com/next", body=b"next")
    async with connected(server) as (reader, writer):
        for data in (first, *behind):
            writer.write(data)
            await writer.drain()
            await settle()
        go_on.set()
        return await asyncio.wait_for(reader.read(), PATIENCE)


HELD = b"GET http://api.example.com/held HTTP/1.1\r\nHost: x\r\n"
NEXT = b"GET http://api.example.com/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def test_what_comes_behind_broken_bytes_is_not_read(server, pretty):
    """The request before them is answered, then they are refused, once."""
    answer = await held(server, pretty, HELD + b"\r\n", b"\x00broken\r\n\r\n", NEXT)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert answer.partition(b"held")[2].startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("together", [False, True])
async def test_an_offer_to_speak_something_else_is_declined(server, pretty, together):
    """A client may say what it would rather speak; answered as ever, it goes on with requests, whenever they come."""
    behind = [NEXT] if together else [NEXT[:20], NEXT[20:]]
    answer = await held(server, pretty, HELD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", *behind)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.endswith(b"\r\n\r\nnext")


async def test_an_offer_with_nothing_behind_it(server, pretty):
    """The same where the next request comes only when the first has its answer."""
    pretty.register_uri("GET", "http://api.example.com/next", body=b"next")
    async with connected(server) as (reader, writer):
        writer.write(NEXT.replace(b"close\r\n", b"Upgrade\r\nUpgrade: websocket\r\n"))
        assert (await reader.readuntil(b"next")).startswith(b"HTTP/1.1 200 ")
        writer.write(NEXT)
        assert (await asyncio.wait_for(reader.read(), PATIENCE)).endswith(b"next")


CHUNKED = b"POST http://api.example.com/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_body_that_is_none_is_refused(server, pretty):
    """Broken chunks get a 400 that says so, where nothing has been said yet."""
    pretty.register_uri("POST", "http://api.example.com/upload")
    async with connected(server) as (reader, writer):
        writer.write(CHUNKED + b"1\r\na\r\n")
        await settle()
        writer.write(b"zz\r\n")
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"This is no body that a server could read: " in answer


async def test_a_body_that_is_none_behind_its_answer(server, pretty):
    """Where an answer has begun, broken chunks cut it: a refusal would be taken for a part of it."""

    async def early(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"begun")
        await asyncio.Event().wait()

    pretty.register_uri("POST", "http://api.example.com/upload", handler=early)
    async with connected(server) as (reader, writer):
        writer.write(CHUNKED + b"1\r\na\r\n")
        await reader.readuntil(b"begun")
        writer.write(b"zz\r\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), PATIENCE)


async def test_a_tunnel_behind_another_request(server, pretty):
    """A client may ask for it before it has the answer to what it asked before."""
    pretty.register_uri("GET", "http://api.example.com/items", body=b"items")
    pretty.register_uri("GET", "http://api.example.com/next", body=b"next")
    async with connected(server) as (reader, writer):
        first = b"GET http://api.example.com/items HTTP/1.1\r\nHost: x\r\n\r\n"
        writer.write(first + b"CONNECT api.example.com:80 HTTP/1.1\r\nHost: api.example.com:80\r\n\r\n")
        await reader.readuntil(b"items")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
        writer.write(b"GET /next HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), PATIENCE)).endswith(b"next")


async def test_an_answer_without_a_length(server, pretty):
    """One that is written without any framing is said as it is, and ends with the connection."""
    written = b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhello"
    pretty.register_uri("GET", "http://api.example.com/items", fault=faults.raw(written, faults.disconnect()))
    asked = b"GET http://api.example.com/items HTTP/1.1\r\nHost: x\r\n\r\n"
    assert await said(server, asked) == written


@pytest.mark.parametrize("connection", [b"keep-alive", b"close"])
async def test_what_is_said_behind_an_answer(server, pretty, connection):
    """A script that says more than its answer is long says it, unless the connection has ended with that."""
    written = b"HTTP/1.1 200 OK\r\nConnection: %b\r\nContent-Length: 2\r\n\r\nok" % connection
    fault = faults.raw(written, 0.01, b"more", faults.disconnect())
    pretty.register_uri("GET", "http://api.example.com/items", fault=fault)
    answer = await said(server, b"GET http://api.example.com/items HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer == written + (b"more" if connection == b"keep-alive" else b"")


async def test_another_request_may_be_quicker(server, pretty, monkeypatch):
    """A route that another thread uses up in this moment leaves the request to the next one."""
    once = pretty.register_uri("GET", "http://api.example.com/items", body=b"once", times=1)
    pretty.register_uri("GET", re.compile("http://api.example.com/.*"), body=b"ever")
    find = pretty._answerer.find

    def overtaken(method, url):
        found = find(method, url)
        if found is once:
            assert pretty._answerer.answer(once, method, url, {}) is not None
        return found

    monkeypatch.setattr(pretty._answerer, "find", overtaken)
    asked = b"GET http://api.example.com/items HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await said(server, asked)).endswith(b"ever")
