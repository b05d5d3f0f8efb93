"""What comes back, in every style in which a body can be read."""

import asyncio
import gzip
import json
import zlib

import aiohttp
import pytest

from .looking import failure, head, outcome, seen

TEXT = "".join(f"line {number} é\n" for number in range(20_000)).encode()  # more than one slice of anything


def stream(content):
    reader = asyncio.StreamReader()
    reader.feed_data(content)
    reader.feed_eof()
    return reader


async def whole(pieces):
    """All pieces as one; their sizes are the network's business."""
    return b"".join([piece async for piece in pieces])


async def until_empty(read, *args):
    pieces = []
    while piece := await read(*args):
        pieces.append(piece)
    return pieces


async def read(response):
    return await response.read(), await response.read(), await response.content.read()


async def read_n(response):
    return [len(piece) for piece in [await response.content.read(0), await response.content.read(10)]], b"".join(
        await until_empty(response.content.read, 1000)
    )


async def readany(response):
    return b"".join(await until_empty(response.content.readany))


async def readline(response):
    return await until_empty(response.content.readline)


async def readuntil(response):
    return await until_empty(response.content.readuntil, b"0 ")


async def readexactly(response):
    first = await response.content.readexactly(100_000)
    rest = len(TEXT) - 100_000
    return first, await response.content.readexactly(rest), await failure(response.content.readexactly(1))


async def readexactly_too_much(response):
    return await failure(response.content.readexactly(len(TEXT) + 1))


async def readchunk(response):
    pieces = []
    while (piece := await response.content.readchunk()) != (b"", False):
        pieces.append(piece[0])
    return b"".join(pieces)


async def iter_chunked(response):
    sizes, pieces = set(), []
    async for piece in response.content.iter_chunked(1000):
        sizes.add(len(piece) <= 1000)
        pieces.append(piece)
    return sizes, b"".join(pieces)


async def iter_any(response):
    return await whole(response.content.iter_any())


async def iter_chunks(response):
    return b"".join([piece async for piece, _ in response.content.iter_chunks()])


async def lines(response):
    return [line async for line in response.content]


async def text(response):
    return await response.text(), await response.text("latin-1"), await response.text("ascii", "replace")


async def some_of_it(response):
    return await response.content.readexactly(10), response.content.at_eof()


async def nowait(response):
    await response.read()
    return response.content.read_nowait(), response.content.at_eof(), response.content.is_eof()


READERS = [
    read,
    read_n,
    readany,
    readline,
    readuntil,
    readexactly,
    readexactly_too_much,
    readchunk,
    iter_chunked,
    iter_any,
    iter_chunks,
    lines,
    text,
    some_of_it,
    nowait,
]


@pytest.mark.parametrize("framing", ["length", "stream"])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
async def test_reading(both, reader, framing):
    """A body gives the same in every reading style, of known size or as a stream."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            return await reader(response), head(response)

    def routes(world):
        if framing == "stream":
            return [("GET", "/a", {"body": stream(TEXT), "headers": {"Transfer-Encoding": "chunked"}})]
        return [("GET", "/a", {"body": TEXT})]

    (got, _), _ = await both(client, routes)
    assert got


@pytest.mark.parametrize("reader", [readline, readuntil])
async def test_a_line_that_is_too_long(both, reader):
    """A line longer than the read buffer raises the same error."""

    async def client(world):
        async with world.session(read_bufsize=1024) as session, session.get(world.base / "a") as response:
            return await failure(reader(response))

    got, _ = await both(client, [("GET", "/a", {"body": b"x" * 100_000})])
    assert got["type"].rpartition(".")[2] in ("ValueError", "LineTooLong")


@pytest.mark.parametrize("size", [1, 1024, 1 << 20])
async def test_read_bufsize(both, size):
    """The size of the read buffer changes nothing of what is read."""

    async def client(world):
        async with world.session(read_bufsize=size) as session:
            first = await seen(await session.get(world.base / "a"))
            async with session.get(world.base / "a", read_bufsize=2 * size) as response:
                return first["body"] == TEXT, await whole(response.content.iter_any()) == TEXT

    got, _ = await both(client, [("GET", "/a", {"body": TEXT})])
    assert got == (True, True)


@pytest.mark.parametrize(
    ("content_type", "body", "encoding"),
    [
        ("text/plain; charset=utf-8", "é".encode(), "utf-8"),
        ("text/plain; charset=latin-1", "é".encode("latin-1"), "iso8859-1"),
        ("text/plain; charset=nonsense", "é".encode(), "utf-8"),
        ("text/plain", "é".encode(), "utf-8"),
        ("application/json", '"é"'.encode(), "utf-8"),
        (None, "é".encode(), "utf-8"),
    ],
)
async def test_text(both, content_type, body, encoding):
    """text() decodes by the charset of the Content-Type."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            return await response.text(), response.get_encoding(), head(response)

    headers = {"Content-Type": content_type} if content_type else {}
    (got, found, _), _ = await both(client, [("GET", "/a", {"body": body, "headers": headers})])
    assert (got.strip('"'), found) == ("é", encoding)


async def test_text_that_is_none(both):
    """Bytes that are no text raise the same UnicodeDecodeError."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            return await failure(response.text())

    got, _ = await both(client, [("GET", "/a", {"body": b"\xff"})])
    assert got["type"] == "builtins.UnicodeDecodeError"


async def test_fallback_charset_resolver(both):
    """A resolver of the session's is asked for the charset."""

    async def client(world):
        async with world.session(fallback_charset_resolver=lambda response, body: "cp1252") as session:
            return await (await session.get(world.base / "a")).text()

    got, _ = await both(client, [("GET", "/a", {"body": b"\x80"})])
    assert got == "€"


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; charset=utf-8", "text/json"])
async def test_json(both, content_type):
    """json() reads the body, by the loader and the type that the caller asks for."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            kind = None if content_type == "text/json" else "application/json"
            loads = await response.json(content_type=kind, loads=lambda text: json.loads(text, parse_int=str))
            return await response.json(content_type=None), loads

    got, _ = await both(client, [("GET", "/a", {"json": {"a": [1, "é"]}, "headers": {"Content-Type": content_type}})])
    assert got == ({"a": [1, "é"]}, {"a": ["1", "é"]})


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("text/html", "{}", "aiohttp.client_exceptions.ContentTypeError"),
        (None, "{}", "aiohttp.client_exceptions.ContentTypeError"),
        ("application/json", "{", "json.decoder.JSONDecodeError"),
        ("application/json", b"\xff", "builtins.UnicodeDecodeError"),
        ("application/json", "", None),
    ],
)
async def test_json_that_is_none(both, content_type, body, error):
    """What is not JSON, by its type or its text, raises the same error; nothing at all is None."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            return await (failure(response.json()) if error else response.json())

    headers = {"Content-Type": content_type} if content_type else {}
    got, _ = await both(client, [("GET", "/a", {"body": body, "headers": headers})])
    assert got == error or got["type"] == error


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
@pytest.mark.parametrize("auto", [True, False, "request"])
async def test_auto_decompress(both, encoding, auto):
    """A compressed body is decoded, or left alone when the session or the request says so."""
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "gzip": gzip.compress(TEXT, mtime=0),
        "deflate": zlib.compress(TEXT),
        "raw deflate": raw.compress(TEXT) + raw.flush(),
    }[encoding]

    async def client(world):
        options = {"auto_decompress": False} if auto == "request" else {}
        async with world.session(auto_decompress=auto is True or auto == "request") as session:
            return await seen(await session.get(world.base / "a", **options))

    headers = {"Content-Encoding": encoding.split()[-1], "Content-Type": "text/plain"}
    got, _ = await both(client, [("GET", "/a", {"body": packed, "headers": headers})])
    assert got["body"] == (TEXT if auto is True else packed)
    assert dict(got["headers"])["content-encoding"] == encoding.split()[-1]


async def test_a_content_encoding_in_capitals(both):
    """GZIP is gzip to some versions and refused by others."""

    async def client(world):
        async with world.session() as session:
            return await outcome(session.get(world.base / "a"))

    headers = {"Content-Encoding": "GZIP"}
    got, _ = await both(client, [("GET", "/a", {"body": gzip.compress(b"text", mtime=0), "headers": headers})])
    assert got.get("body") == b"text" or "GZIP" in got["text"]


@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_answers_without_a_body(both, status, method):
    """204, 304 and answers to HEAD have their headers and no body, and the connection lives on."""

    async def client(world):
        async with world.session() as session:
            return [await seen(await session.request(method, world.base / "a")) for _ in range(2)]

    headers = {"Content-Type": "text/plain", "ETag": '"1"', "X": "1"}
    got, _ = await both(client, [(method, "/a", {"status": status, "headers": headers, "body": b"not nothing"})])
    empty = method == "HEAD" or status in (204, 304)
    assert [each["body"] for each in got] == [b"" if empty else b"not nothing"] * 2
    assert dict(got[0]["headers"])["content-length"] == "11"


async def test_an_unread_body(both):
    """A body that is not read, or read in part, does not get into the next response."""

    async def client(world):
        async with world.session(connector=world.connector(limit=1)) as session:
            async with session.get(world.base / "a") as response:
                first = await response.content.readexactly(5)
            second = await session.get(world.base / "a")
            second.release()
            third = await session.get(world.base / "a")
            third.close()
            return first, await seen(await session.get(world.base / "b"))

    (first, last), _ = await both(client, [("GET", "/a", {"body": TEXT}), ("GET", "/b", {"body": "b"})])
    assert (first, last["body"]) == (TEXT[:5], b"b")


async def test_a_response_that_is_closed_early(both):
    """Reading on after close() or release() raises the same."""

    async def client(world):
        async with world.session() as session:
            closed, released = [await session.get(world.base / "a") for _ in range(2)]
            closed.close()
            released.release()
            return [await failure(closed.read()), await failure(released.read()), closed.closed, released.closed]

    got, _ = await both(client, [("GET", "/a", {"body": TEXT * 10})])
    assert got[0]["type"] == "aiohttp.client_exceptions.ClientConnectionError"


async def test_a_small_response_can_be_read_after_the_session(both):
    """What has arrived can be read when the session is closed."""

    async def client(world):
        async with world.session() as session:
            response = await session.get(world.base / "a")
            await response.read()
        return await seen(response)

    got, _ = await both(client, [("GET", "/a", {"body": "small"})])
    assert got["body"] == b"small"


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 5 << 20])
async def test_sizes(both, size):
    """A body of any size arrives whole."""
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            return await response.read() == content, head(response)

    (got, _), _ = await both(client, [("GET", "/a", {"body": content})])
    assert got


async def test_mime_multipart_responses(both):
    """A multipart response is taken apart by aiohttp's reader."""
    body = (
        b"--x\r\nContent-Type: text/plain\r\n\r\none\r\n--x\r\nContent-Type: application/json\r\n\r\n[2]\r\n--x--\r\n"
    )

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            reader = aiohttp.MultipartReader.from_response(response)
            found = []
            while part := await reader.next():
                found.append((dict(part.headers), await part.read()))
            return found

    got, _ = await both(
        client, [("GET", "/a", {"body": body, "headers": {"Content-Type": "multipart/mixed; boundary=x"}})]
    )
    assert [bytes(content) for _, content in got] == [b"one", b"[2]"]
