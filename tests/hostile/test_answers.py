"""Whatever the far end says, the client gets a response or an error of aiohttp's, and the next request is clean."""

import asyncio

import aiohttp
from aiohttp import web
from cases import cases
from hypothesis import given
from hypothesis import strategies as st

from aiohttpretty import AioHTTPretty, faults
from aiohttpretty.errors import AiohttprettyError

API = "http://a.example"
CLEAN = [200, "", ((b"X-Clean", b"yes"),), b"clean"]
REFUSALS = (aiohttp.ClientError, asyncio.TimeoutError)

_versions = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTP/0.9", b"http/1.1", b"ICE/1.0"])
_codes = st.sampled_from(
    [b"200", b"200", b"200", b"204", b"304", b"100", b"101", b"102", b"407", b"0", b"99999", b"2OO", b""]
)
_status = st.builds(
    lambda *parts: b" ".join(parts), _versions, _codes, st.sampled_from([b"OK", b"", b"\xff\x00", b"O\rK"])
)
_values = st.one_of(
    st.sampled_from(
        [
            b"0",
            b"5",
            b"+5",
            b"-1",
            b"5, 5",
            b"5,6",
            b"99999999999999999999",
            b"0x5",
            b" 5 ",
            b"\t5",
            b"5\x0b",
            b"5_0",
            b"",
        ]
    ),
    st.sampled_from(
        [
            b"chunked",
            b"gzip, chunked",
            b"chunked, gzip",
            b"Chunked",
            b"xchunked",
            b"identity",
            b"\x0bchunked",
            b"gzip",
            b"br",
        ]
    ),
    st.sampled_from(
        [b"close", b"keep-alive", b"upgrade", b"websocket", b"text/plain; charset=no", b"a=b; Path", b"zstd"]
    ),
    st.sampled_from(
        [b"/", b"//", b"http://[", b"http://b.example:99999/", b"?\xff", b"javascript:1", b"http://a.example/clean"]
    ),
    st.binary(max_size=6),
    st.sampled_from([b"x" * 8189, b"x" * 8191, b"x" * 70_000]),
)
_names = st.one_of(
    st.sampled_from(
        [b"Content-Length", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Content-Encoding", b"Upgrade"]
    ),
    st.sampled_from(
        [b"Content-Type", b"Set-Cookie", b"Location", b"Keep-Alive", b"Content-Length ", b" X", b"", b"X\0Y"]
    ),
    st.binary(max_size=4),
)
_fields = st.builds(
    lambda name, colon, value: name + colon + value,
    _names,
    st.sampled_from([b": ", b":", b"", b" : ", b":\t"]),
    _values,
)
_ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n ", b""])
_chunks = st.builds(
    lambda size, extension, data, end: size + extension + end + data + end,
    st.sampled_from([b"5", b"0", b"4", b"-1", b"5 ", b"0x5", b"ffffffffffffffff", b"F" * 17, b"", b"\xff"]),
    st.sampled_from([b"", b"", b";a=b", b";\n", b";" + b"x" * 9000]),
    st.sampled_from([b"hello", b"", b"hello\r\n0\r\n\r\n"]),
    _ends,
)
_bodies = st.one_of(
    st.sampled_from(
        [b"hello", b"", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", b"\x1f\x8b\x08"]
    ),
    st.lists(_chunks, max_size=3).map(b"".join),
    st.binary(max_size=20),
)


@st.composite
def answers(draw):
    """The bytes of an answer, or of something like it."""
    said = draw(_status) + draw(_ends)
    for field in draw(st.lists(_fields, max_size=4)):
        said += field + draw(_ends)
    said += draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"", b"\r"])) + draw(_bodies)
    for _ in range(draw(st.integers(0, 2))):  # damaged
        at = draw(st.integers(0, len(said)))
        said = (
            said[:at]
            + draw(st.one_of(st.binary(max_size=2), st.just(said[:at])))
            + said[at + draw(st.integers(0, 3)) :]
        )
    return said or b"\0"


segments = st.lists(st.one_of(answers(), st.binary(min_size=1, max_size=30)), min_size=1, max_size=3)
endings = st.sampled_from([None, faults.disconnect(), faults.reset(), faults.stall()])


async def asked(session, url, method="GET", **options):
    """What the client sees: status, reason, headers and body, or the error."""
    try:
        async with session.request(method, url, allow_redirects=False, **options) as response:
            seen = [response.status, response.reason, response.raw_headers]
            try:
                seen.append(await response.read())
            except REFUSALS as error:
                seen.append(described(error))
            return seen
    except REFUSALS as error:
        return described(error)


def described(error):
    """The error, as far as it is the same wherever the server is."""
    if isinstance(error, asyncio.TimeoutError):
        return "a timeout"  # which of them is a matter of the machine's speed
    return type(error), str(error)


def client(seconds=5):
    """A session that waits for nothing long."""
    timeout = aiohttp.ClientTimeout(total=seconds, sock_read=seconds, sock_connect=seconds)
    return aiohttp.ClientSession(timeout=timeout)


async def then_clean(pretty, method, *, sure=True, seconds=5):
    """What is said at /odd is survived, and what is asked next on the same session is answered in order.

    It need not be where more is said behind what may be a whole answer: that is taken for the next one (by the same
    client, of a real server, too); but it ends, and a new session knows nothing of it.
    """
    pretty.register_uri("GET", f"{API}/clean", body=b"clean", headers={"X-Clean": "yes"})
    with pretty.activate(time="instant"):
        async with client(seconds) as session:
            await asked(session, f"{API}/odd", method, data=b"sent" if method == "POST" else None)
            for _ in range(2):
                clean = await asked(session, f"{API}/clean")
                assert clean == CLEAN or not sure
        async with client() as session:
            assert await asked(session, f"{API}/clean") == CLEAN


@cases(0.05)
@given(segments, endings, st.sampled_from(["GET", "POST", "HEAD"]), st.sampled_from([None, 1]))
def test_any_bytes_are_survived(run, said, ending, method, attempts):
    """`faults.raw`: whatever comes, in however many segments, however it ends."""
    pretty = AioHTTPretty()
    fault = faults.raw(*said, *([ending] if ending is not None else [faults.disconnect()]), attempts=attempts)
    then = {"body": b"again"}  # for aiohttp's silent second attempt
    pretty.register_uri("*", f"{API}/odd", responses=[{"fault": fault}, then], exhausted="repeat")
    run(then_clean(pretty, method, sure=len(said) == 1))


@cases(0.05)
@given(
    answers(), st.one_of(st.text(max_size=20), st.binary(max_size=20)), st.booleans(), st.sampled_from(["GET", "POST"])
)
def test_any_answer_or_status_line_is_survived(run, said, line, malformed, method):
    """`faults.malformed` and `faults.status_line`, of whatever bytes they take."""
    pretty = AioHTTPretty()
    try:
        fault = faults.malformed(said) if malformed else faults.status_line(line)
    except AiohttprettyError:
        return
    pretty.register_uri("*", f"{API}/odd", fault=fault, body=b"body")
    run(then_clean(pretty, method))


@cases(0.02)
@given(segments, st.sampled_from(["return", "close", "abort", "raise", "nothing"]), st.sampled_from(["GET", "POST"]))
def test_any_bytes_of_a_handler_are_survived(run, said, then, method):
    """A handler that writes into its transport, past aiohttp.web, and then does as it likes."""

    async def handler(request):
        for segment in said:
            request.transport.write(segment)
            await asyncio.sleep(0)
        if then == "raise":
            raise web.HTTPGone
        if then in ("close", "abort"):
            getattr(request.transport, then)()
        return web.Response(body=b"answer") if then != "nothing" else None

    pretty = AioHTTPretty()
    pretty.register_uri("*", f"{API}/odd", handler=handler, expect_errors=True)
    run(then_clean(pretty, method, sure=False, seconds=0.1))  # a handler takes its time, whatever time is told
