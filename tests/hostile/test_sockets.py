"""What a client sends to `serve()` is answered or refused, as aiohttp.web does it, and the next client is served."""

import asyncio
import re

from aiohttp import web
from cases import cases
from hypothesis import given
from hypothesis import strategies as st
from settling import PATIENCE

from aiohttpretty import AioHTTPretty

from .test_requests import a_server_of
from .things import mostly

# For how many seconds nobody speaks who waits for the other; the next one is tried only where there is a difference
_IDLE = (0.1, 1, 10)
_LAST = b"GET /last HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"

_targets = mostly(
    st.sampled_from([b"/", b"/a?b=c", b"/%2e%2e/x", b"/a/../b", b"//a", b"/%00", b"/a;b", b"/%ff", b"/a%2Fb", b"/#x"]),
    st.one_of(
        st.sampled_from(
            [b"*", b"", b"a", b"http://a.example/x", b"https://u:p@b.example:81/", b"http://[::1]/", b"http:///"]
        ),
        st.sampled_from(
            [b"/http://a.example/x", b"/https:/b.example", b"a.example:443", b"a.example:80", b"/\xff", b"/ /"]
        ),
        st.sampled_from(
            [b"/" + b"a" * 9000, b"/http://a\xff/", b"/http://%5B::1%5D/x", b"\x00", b"ftp://a/", b"/http://"]
        ),
        st.binary(max_size=8),
    ),
    4,
)
_methods = mostly(
    st.sampled_from([b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS"]),
    st.sampled_from([b"CONNECT", b"PRI", b"get", b"G T", b"", b"\x16\x03\x01", b"TRACE", b"!", b"x" * 9000]),
    5,
)
_versions = mostly(
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"]),
    st.sampled_from([b"HTTP/2.0", b"HTTP/1.1 ", b"", b"HTTP/0.9", b"http/1.1"]),
    5,
)
_fields = st.lists(
    st.sampled_from(
        [
            *(b"Host: b.example", b"Host:", b"Host: a b", b"Host: [::1", b"Host: \xff", b"Host: u@a", b"Host: a:99999"),
            *(
                b"Content-Length: 3",
                b"Content-Length: 4",
                b"Content-Length: 3, 3",
                b"Content-Length: +3",
                b"Content-Length:",
            ),
            *(b"Content-Length : 3", b" Content-Length: 3", b"Content-Length: 0x3", b"Content-Length: 9" + b"9" * 30),
            *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked"),
            *(b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding : chunked"),
            *(
                b"Connection: close",
                b"Connection: keep-alive",
                b"Connection: upgrade\r\nUpgrade: websocket",
                b"Upgrade: h2c",
            ),
            *(
                b"Expect: 100-continue",
                b"Expect: other",
                b"X: a\r\n b",
                b"X: a\nY: b",
                b"X: a\rY: b",
                b"X\0: a",
                b": a",
                b"X",
            ),
            *(b"X: " + b"x" * 9000, b"Content-Encoding: gzip", b"Sec-WebSocket-Version: 13"),
        ]
    ),
    max_size=3,
)
_bodies = mostly(
    st.sampled_from([b"", b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n"]),
    st.one_of(
        st.sampled_from(
            [
                b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
                b"3\nabc\n0\n\n",
                b"zz\r\n",
                b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
            ]
        ),
        st.sampled_from(
            [b"-3\r\nabc", b"3\r\nabcd\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"3;\n\r\nabc\r\n0\r\n\r\n"]
        ),
        st.binary(max_size=12),
    ),
    5,
)
_ends = mostly(st.just(b"\r\n"), st.sampled_from([b"\n", b"\r", b"\r\r\n"]), 15)


@st.composite
def requests(draw):
    """One request, or something like it."""
    end = draw(_ends)
    line = b" ".join([draw(_methods), draw(_targets), draw(_versions)])
    fields = [*draw(mostly(st.just([b"Host: a.example"]), st.just([]), 8)), *draw(_fields)]
    return (
        end.join([line, *fields, b""])
        + draw(mostly(st.just(b"\r\n"), st.sampled_from([b"\n", b""]), 15))
        + draw(_bodies)
    )


streams = st.lists(requests(), min_size=1, max_size=3).map(b"".join)


def seeing(seen, idle):
    """A handler that notes what it has been asked."""

    async def handler(request):
        try:
            body = await asyncio.wait_for(request.read(), idle / 2)
        except Exception as error:
            body = type(error).__name__
        seen.append((request.method, request.raw_path, request.version, body))
        return web.Response(body=b"seen")

    return handler


async def spoken(port, data, idle):
    """What a server says to these bytes, until it closes the connection or has nothing more to say."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        said = b""
        while True:
            try:
                more = await asyncio.wait_for(reader.read(2**16), idle)
            except asyncio.TimeoutError:
                return said, "waits"
            if not more:
                return said, "closed"
            said += more
    except ConnectionError:
        return said, "closed"
    finally:
        writer.close()


def statuses(said):
    """Those of the answers."""
    return re.findall(rb"HTTP/1\.\d (\d\d\d)", said)


async def by_serve(data, idle=_IDLE[0]):
    """What comes of it, and what the handler has seen."""
    seen = []
    pretty = AioHTTPretty()
    pretty.register_uri("*", re.compile(""), handler=seeing(seen, idle), expect_errors=True)
    async with pretty.serve() as server:
        port = int(server.url.rpartition(":")[2])
        said, end = await spoken(port, data, idle)
        asked = list(seen)
        clean, _ = await spoken(port, _LAST, PATIENCE)
        assert clean.endswith(b"\r\n\r\nseen"), clean
        pretty.unmatched.clear()
    return statuses(said), end, asked


async def by_a_real_server(data, idle):
    """The same of aiohttp.web."""
    seen = []
    async with a_server_of(seeing(seen, idle)) as port:
        said, end = await spoken(port, data, idle)
    return statuses(said), end, list(seen)


@cases(0.01)
@given(streams)
def test_any_bytes_of_a_client_are_survived(run, data):
    """Broken requests, smuggled ones, absolute targets, tunnels: the server goes on, for the next client too."""
    run(by_serve(data + _LAST))


# What means another host, or a tunnel, means more to this server than to aiohttp.web
_PLAIN = re.compile(rb"(GET|POST|PUT|HEAD|OPTIONS|DELETE) /(?!/|https?:|wss?:)[^ ]{0,99} HTTP/1\.[01]\r\n")


@cases(0.01)
@given(requests())
def test_a_request_is_taken_as_by_a_real_server(run, data):
    """Framed in two ways, in lengths that lie, with line feeds for line ends: it is what aiohttp.web makes of it.

    So that a test which passes against this server passes against a real one; above all, nobody sees a request that
    is none (smuggling).
    """
    # this server has other limits, and leaves the decoding of a body to who reads it
    if _PLAIN.match(data) is None or b"x" * 9000 in data or b"Content-Encoding" in data:
        return
    data += _LAST
    for idle in _IDLE:
        ours, theirs = run(by_serve(data, idle)), run(by_a_real_server(data, idle))
        if same(ours, theirs):
            return
    assert ours == theirs


def same(ours, theirs):
    """Whether both have seen the same, and said the same; a refusal may come before the other side gives up waiting."""
    if ours[2] != theirs[2]:
        return False
    return ours == theirs or (ours[0][-1:] == [b"400"] and theirs[1] == "waits" and ours[0][:-1] == theirs[0])
