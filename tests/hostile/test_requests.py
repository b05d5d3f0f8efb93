"""Requests that nobody should send: over the wire they end as over a socket, with a real aiohttp.web server."""

import re
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from cases import cases
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from aiohttpretty import AioHTTPretty
from aiohttpretty.errors import AiohttprettyError, MalformedRequestError

from .test_answers import described
from .test_rooms import hosts, paths
from .things import mostly, texts

methods = mostly(
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
    st.one_of(
        st.sampled_from(["CONNECT", "get", "G\0T", "GE T", "GET\r\nX: y", "", "!#$%", "PRI", "É", "x" * 9000]), texts
    ),
    4,
)
_names = st.one_of(
    st.sampled_from(
        [
            *("X-A", "x-a", "Host", "Content-Length", "Transfer-Encoding", "Expect", "Connection", "Upgrade", "Cookie"),
            *(
                "Content-Type",
                "Content-Encoding",
                "Trailer",
                "TE",
                "Accept-Encoding",
                "User-Agent",
                ":authority",
                "",
                "X A",
            ),
        ]
    ),
    texts,
)
_values = st.one_of(
    st.sampled_from(
        [
            *(
                "1",
                "0",
                "3",
                "-1",
                "chunked",
                "gzip, chunked",
                "100-continue",
                "close",
                "upgrade",
                "websocket",
                "h2c",
                "",
            ),
            *(
                "a.example",
                "evil.example:80",
                "a b",
                "é",
                "\x01",
                "a\r\nX-Injected: 1",
                "a\nb",
                "a\rb",
                "a\0b",
                "a\r\n b",
                "\ud800",
            ),
            *("x" * 8000, "x" * 8200, "x" * 70_000),
        ]
    ),
    texts,
)
headers = st.lists(st.tuples(_names, _values), max_size=3)
bodies = st.sampled_from([None, b"", b"body", "té\ud8ff", {"a": "b\r\n--"}, [("a", "b")], b"\0" * 70_000, "stream"])
names = mostly(
    st.sampled_from(
        ["a.example", "A.Example", "bücher.example", "xn--bcher-kva.example", "u:p@a.example", "a.example:81"]
    ),
    hosts,
    6,
)
urls = st.builds(lambda host, path, encoded: (f"http://{host}/{path}", encoded), names, paths, st.booleans())


async def seen_by_server(request):
    """What the server sees, as the body of its answer."""
    try:
        body = repr(await request.read())
    except Exception as error:  # what is wrong with the request
        body = f"{type(error).__name__}"
    told = [request.method, request.raw_path, request.version, request.raw_headers, body]
    return web.Response(text=repr(told), headers={"X-Seen": "1"})


async def client_sees(session, method, url, fields, data):
    """What it comes to: status and what the server saw, or the error."""
    if data == "stream":

        async def pieces():
            yield b"one"
            yield b"two"

        data = pieces()
    try:
        async with session.request(method, url, headers=fields, data=data, allow_redirects=False) as response:
            return response.status, response.reason, await response.read()
    except MalformedRequestError:
        return UNFRAMED
    except AiohttprettyError:
        raise
    except Exception as error:
        return described(error)


@asynccontextmanager
async def a_server_of(handler):
    """A port of this machine, with aiohttp.web behind it."""
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


class _Here(aiohttp.abc.AbstractResolver):
    """Each name is that of one server."""

    def __init__(self, port):
        self.port = port

    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": "127.0.0.1", "port": self.port, "family": 2, "proto": 0, "flags": 4}]

    async def close(self):
        """Nothing to close."""


def timeouts(seconds):
    return aiohttp.ClientTimeout(total=seconds)


async def over_a_socket(requests, seconds=2):
    async with a_server_of(seen_by_server) as port:
        connector = aiohttp.TCPConnector(resolver=_Here(port))
        async with aiohttp.ClientSession(connector=connector, timeout=timeouts(seconds)) as session:
            return [await client_sees(session, *request) for request in requests]


async def over_the_wire(requests, seconds=2):
    pretty = AioHTTPretty()
    pretty.register_uri("*", re.compile(""), handler=seen_by_server, expect_errors=True)
    connector = aiohttp.TCPConnector()
    with pretty.activate():
        async with aiohttp.ClientSession(connector=connector, timeout=timeouts(seconds)) as session:
            return [await client_sees(session, *request) for request in requests]


def made(text, encoded):
    """The URL, as the client would make it; None if it would not."""
    try:
        url = URL(text, encoded=encoded and text.isascii())
        _ = url.raw_host, url.port  # an encoded one is read late
    except (ValueError, IndexError):
        return None
    return url


# What a server waits for in vain, or refuses, is told at once: the body does not follow the framing of the head
UNFRAMED = "a body that no server finds the end of"
CLEAN = ("GET", URL("http://a.example/clean"), {}, None)


@cases(0.03)
@given(methods, urls, headers, bodies)
def test_a_hostile_request_ends_as_over_a_socket(run, method, text, fields, data):
    """What the server sees of it, or what the client raises; and the next request on the session is clean."""
    url = made(*text)
    requests = [(method, url if url is not None else text[0], fields, data), CLEAN]
    wire = run(over_the_wire(requests))
    if method.upper() == "CONNECT":
        return  # what follows is no HTTP any more
    assert wire[1][0] == 200
    assert b"'/clean'" in wire[1][2]
    if (
        wire[0] == UNFRAMED
        or url is None
        or not url.raw_host
        or ":" in url.raw_host
        or url.raw_host.replace(".", "").isdigit()
    ):
        return  # no name, that would lead to the server
    assert wire == run(over_a_socket(requests))
