"""What is sent: data of every kind, compressed, in chunks, after 100 Continue."""

import asyncio
import gzip
import io
import json
import zlib
from hashlib import sha256

import pytest
from aiohttp import FormData, MultipartWriter, payload
from multidict import MultiDict

from .looking import failure, seen

OK = [("POST", "/a", {"status": 201, "reason": "Created", "body": "ok"})]
# aiohttp warns of large bytes, which block the event loop; here that is the point
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")

LARGE = bytes(range(256)) * (5 << 12)  # 5 MB


async def pieces(*given):
    for piece in given:
        yield piece


def stream(content):
    reader = asyncio.StreamReader()
    reader.feed_data(content)
    reader.feed_eof()
    return reader


def form(*fields, **options):
    data = FormData(**options)
    for name, value, *more in fields:
        data.add_field(name, value, **dict(*more))
    return data


def multipart(subtype="mixed"):
    writer = MultipartWriter(subtype, boundary="between")
    writer.append("text", {"X-Part": "1"})
    writer.append_json({"a": 1})
    writer.append_form([("a", "1")])
    writer.append(b"\x00\xff")
    return writer


DATA = {
    "none": lambda: None,
    "bytes": lambda: b"\x00bytes",
    "no bytes": lambda: b"",
    "bytearray": lambda: bytearray(b"array"),
    "memoryview": lambda: memoryview(b"view"),
    "str": lambda: "text é",
    "dict": lambda: {"a": "1", "é": "ü & b"},
    "pairs": lambda: [("a", "1"), ("a", "2")],
    "multidict": lambda: MultiDict([("a", "1"), ("a", "2")]),
    "BytesIO": lambda: io.BytesIO(b"bytes io"),
    "BytesIO not at its start": lambda: _at(io.BytesIO(b"bytes io"), 3),
    "StringIO": lambda: io.StringIO("string io é"),
    "BufferedReader": lambda: io.BufferedReader(io.BytesIO(b"buffered")),
    "form": lambda: form(("a", "1"), ("b", "two words")),
    "form with a charset": lambda: form(("a", "é"), charset="latin-1"),
    "form with a file": lambda: form(
        ("text", "1"), ("file", io.BytesIO(b"content"), {"filename": "ü.txt", "content_type": "text/plain"})
    ),
    "form with bytes": lambda: form(("file", b"content", {"filename": "f.bin"})),
    "dict with a file": lambda: {"a": "1", "file": io.BytesIO(b"content")},
    "multipart": multipart,
    "multipart form": lambda: multipart("form-data"),
    "async generator": lambda: pieces(b"one", b"two", b"three"),
    "async generator of nothing": pieces,
    "asyncio stream": lambda: stream(b"from a stream"),
    "BytesPayload": lambda: payload.BytesPayload(b"payload", content_type="application/x-own", headers={"X-P": "1"}),
    "StringPayload": lambda: payload.StringPayload("payload é", encoding="latin-1", content_type="text/x; charset=a"),
    "JsonPayload": lambda: payload.JsonPayload({"a": 1}),
    "AsyncIterablePayload": lambda: payload.AsyncIterablePayload(pieces(b"1", b"2"), content_type="text/x"),
    "large bytes": lambda: payload.BytesPayload(LARGE),
    "large BytesIO": lambda: io.BytesIO(LARGE),
    "large async generator": lambda: pieces(*[LARGE[:100_000]] * 50),
    "one large piece": lambda: pieces(LARGE),
}


def _at(file, place):
    file.seek(place)
    return file


async def sent(both, data, **options):
    """Post `data()` in both worlds; what the server saw."""

    async def client(world):
        async with world.session() as session, session.post(world.base / "a", data=data(), **options) as response:
            return await seen(response)

    got, [asked] = await both(client, OK)
    assert (got["status"], got["body"]) == (201, b"ok")
    return asked


@pytest.mark.parametrize("kind", DATA)
async def test_data(both, kind):
    """Data of every kind goes over the wire as it goes over a socket."""
    asked = await sent(both, DATA[kind])
    assert bool(asked.body) is (not kind.startswith("no") and "nothing" not in kind)


@pytest.mark.parametrize(
    ("data", "content", "content_type"),
    [
        (lambda: b"1", b"1", "application/octet-stream"),
        (lambda: "é", "é".encode(), "text/plain; charset=utf-8"),
        (lambda: {"a": "1 2"}, b"a=1+2", "application/x-www-form-urlencoded"),
        (lambda: pieces(b"1", b"2"), b"12", "application/octet-stream"),
        (lambda: io.BytesIO(b"12"), b"12", "application/octet-stream"),
        (lambda: form(("a", "1"), ("a", "2")), b"a=1&a=2", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_sent(both, data, content, content_type):
    """The body and its Content-Type are what a server gets."""
    asked = await sent(both, data)
    assert (asked.body, dict(asked.headers)["Content-Type"]) == (content, content_type)


async def test_multipart_bytes(both):
    """A form of several parts is sent with its boundary and the headers of its parts."""

    def data():
        parts = MultipartWriter("form-data", boundary="between")
        parts.append("1").set_content_disposition("form-data", name="a")
        return parts

    asked = await sent(both, data)
    head = b'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    assert asked.body == b"--between\r\n" + head + b"1\r\n--between--\r\n"
    assert dict(asked.headers)["Content-Type"] == "multipart/form-data; boundary=between"


@pytest.mark.parametrize("mode", ["rb", "r"])
async def test_an_open_file(both, tmp_path, mode):
    """A file is sent from where it stands."""
    path = tmp_path / "upload.txt"
    path.write_bytes(b"skipped" + b"content of a file" * 10_000)
    with path.open(mode) as first, path.open(mode) as second, path.open(mode) as third:
        files = iter([first, second, third])
        asked = await sent(both, lambda: _at(next(files), 7))
    assert asked.body == b"content of a file" * 10_000


async def test_a_response_as_data(both):
    """The stream of one response is sent on as the body of another request."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "source") as source:
            async with session.post(world.base / "a", data=source.content) as response:
                return await seen(response)

    routes = [*OK, ("GET", "/source", {"body": b"passed on" * 50_000})]
    _, asked = await both(client, routes)
    assert asked[1].body == b"passed on" * 50_000


async def test_a_stream_that_is_written_while_it_is_sent(both):
    """A body is read to its exhaustion, also one that comes bit by bit."""

    async def client(world):
        reader = asyncio.StreamReader()

        async def write():
            for number in range(50):
                reader.feed_data(b"%d," % number)
                await asyncio.sleep(0)
            reader.feed_eof()

        async with world.session() as session:
            writing = asyncio.get_running_loop().create_task(write())
            async with session.post(world.base / "a", data=reader) as response:
                await writing
                return await seen(response)

    _, [asked] = await both(client, OK)
    assert asked.body == b"".join(b"%d," % number for number in range(50))


@pytest.mark.parametrize("compress", [True, "deflate", "gzip"])
@pytest.mark.parametrize("kind", ["bytes", "str", "form", "BytesIO", "async generator", "multipart"])
async def test_compress(both, compress, kind):
    """A compressed body goes over the wire compressed, and says so."""
    asked = await sent(both, DATA[kind], compress=compress)
    sizes = {zlib: zlib.MAX_WBITS, gzip: 16 + zlib.MAX_WBITS}
    assert dict(asked.headers)["Content-Encoding"] == ("gzip" if compress == "gzip" else "deflate")
    assert zlib.decompress(asked.body, sizes[gzip if compress == "gzip" else zlib])


async def test_compress_json(both):
    """json= can be compressed too."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.post(world.base / "a", json=["x"] * 1000, compress="gzip"))

    _, [asked] = await both(client, OK)
    assert json.loads(gzip.decompress(asked.body)) == ["x"] * 1000


@pytest.mark.parametrize("kind", ["bytes", "str", "form", "BytesIO", "async generator", "multipart", "large bytes"])
async def test_chunked(both, kind):
    """chunked=True announces chunks, and the server finds their end."""
    asked = await sent(both, DATA[kind], chunked=True)
    assert dict(asked.headers)["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in dict(asked.headers)


@pytest.mark.parametrize("kind", ["none", "bytes", "form", "async generator", "large BytesIO"])
async def test_expect100(both, kind):
    """expect100=True waits for the server's word before the body, and gets it."""
    asked = await sent(both, DATA[kind], expect100=True)
    assert dict(asked.headers)["Expect"] == "100-continue"


async def test_expect100_of_a_get(both):
    """A request without a body that waits all the same is answered."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get(world.base / "a", expect100=True))

    got, [asked] = await both(client, [("GET", "/a", {"body": "ok"})])
    assert (got["body"], dict(asked.headers)["Expect"]) == (b"ok", "100-continue")


async def test_expect100_by_hand(both):
    """An Expect header that the caller wrote is heard as well."""
    asked = await sent(both, DATA["bytes"], headers={"Expect": "100-continue"})
    assert asked.body == b"\x00bytes"


async def test_a_content_length_of_the_callers(both):
    """A Content-Length by hand is sent with a stream that has that size."""
    asked = await sent(both, lambda: pieces(b"12", b"345"), headers={"Content-Length": "5"})
    assert asked.body == b"12345"
    assert dict(asked.headers)["Content-Length"] == "5"


async def test_100_mb(both):
    """100 MB go up, in one piece and as a stream, and come down."""
    large = bytes(100 << 20)

    async def client(world):
        async with world.session() as session:
            up = await seen(await session.post(world.base / "a", data=pieces(large[: 50 << 20], large[50 << 20 :])))
            async with session.get(world.base / "down") as response:
                return up, sha256(await response.read()).hexdigest()

    (_, down), asked = await both(client, [*OK, ("GET", "/down", {"body": large})])
    assert down == sha256(large).hexdigest()
    assert [len(each.body) for each in asked] == [100 << 20, 0]


async def test_5_mb_both_ways(both):
    """A large body goes up and another comes down in one exchange."""

    async def client(world):
        async with world.session() as session, session.post(world.base / "a", data=io.BytesIO(LARGE)) as response:
            return await seen(response)

    got, [asked] = await both(client, [("POST", "/a", {"body": LARGE[::-1]})])
    assert (got["body"], asked.body) == (LARGE[::-1], LARGE)


async def test_an_upload_that_fails(both):
    """An error of the caller's own generator reaches the caller alike."""

    async def broken():
        yield b"begun"
        raise LookupError("my own error")

    async def client(world):
        async with world.session() as session:
            return await failure(session.post(world.base / "a", data=broken()))

    # whether a server sees the beginning depends on the moment
    got, _ = await both(client, OK, compare_asked=False)
    assert "my own error" in str(got)
