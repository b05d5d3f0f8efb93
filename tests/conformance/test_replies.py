"""What the options of a reply say, against a server that says it by hand, byte for byte."""

import asyncio
import functools
import gzip
import importlib
import io
import sys
import tempfile
import zlib
from http.cookies import SimpleCookie

import pytest
from yarl import URL

from aiohttpretty import coding

from .looking import head, seen
from .test_reading import READERS, iter_chunked, readchunk, readuntil, some_of_it

CHUNKED = {"Transfer-Encoding": "chunked"}
# aiohttp up to 3.13 looks for a separator in each piece alone, so readuntil depends on where the network cuts
READERS = [reader for reader in READERS if reader is not readuntil]
TEXT = "".join(f"line {number} é\n" for number in range(20_000)).encode()


class Pieces:
    """For the loopback server: gives one piece a read."""

    def __init__(self, pieces):
        self._pieces = pieces

    async def read(self, size):
        return await anext(self._pieces, b"")


async def cut(content, size=10_000):
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def text_pieces():
    async for piece in cut(TEXT):
        yield piece


async def get(both, options, really, reader=None):
    """Get what is said with `options`, and what the loopback server says with `really`'s."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            return head(response), await (reader(response) if reader else response.read())

    def routes(given):
        def of(world):
            return [("GET", "/a", {"auto_length": False, **(given(world) if callable(given) else given)})]

        return of

    return await both(client, routes(options), really=routes(really))


# -- cookies

COOKIES = {
    "plain": ({"a": "1"}, ["a=1"]),
    "several": ({"a": "1", "b": "2"}, ["a=1", "b=2"]),
    "quoted": ({"a": 'x "y"; z'}, ['a="x \\"y\\"\\073 z"']),
    "morsels": (SimpleCookie("a=1"), ["a=1"]),
    "a path": ({"a": {"value": "1", "path": "/a"}}, ["a=1; Path=/a"]),
    "the other path": ({"a": {"value": "1", "path": "/b"}}, ["a=1; Path=/b"]),
    "a domain": ({"a": {"value": "1", "domain": "example.test"}}, ["a=1; Domain=example.test"]),
    "a domain of others": ({"a": {"value": "1", "domain": "other.test"}}, ["a=1; Domain=other.test"]),
    "an age": ({"a": {"value": "1", "max_age": 60}}, ["a=1; Max-Age=60"]),
    "no age": ({"a": {"value": "1", "max-age": 0}}, ["a=1; Max-Age=0"]),
    "expired": (
        {"a": {"value": "1", "expires": "Sat, 01 Jan 2000 00:00:00 GMT"}},
        ["a=1; expires=Sat, 01 Jan 2000 00:00:00 GMT"],
    ),
    "secure": ({"a": {"value": "1", "secure": True}}, ["a=1; Secure"]),
    "flags": (
        {"a": {"value": "1", "httponly": True, "samesite": "Lax"}},
        ["a=1; HttpOnly; SameSite=Lax"],
    ),
}


@pytest.mark.parametrize("kind", COOKIES)
async def test_cookies(both, kind):
    """A cookie is understood, kept and sent back as one of a server."""
    cookies, lines = COOKIES[kind]

    async def client(world):
        async with world.session() as session:
            first = await seen(await session.get(world.base / "a"))
            kept = [(one.key, one.value, one["domain"], one["path"]) for one in session.cookie_jar]
            return first, kept, await seen(await session.get(world.base / "b"))

    again = ("GET", "/b", {})
    [(first, kept, _), asked] = await both(
        client,
        [("GET", "/a", {"cookies": cookies}), again],
        really=[("GET", "/a", {"headers": [("Set-Cookie", line) for line in lines]}), again],
    )
    assert len(first["cookies"]) == len(lines)
    sent_back = kind not in ("the other path", "a path", "a domain of others", "no age", "expired", "secure")
    assert ("Cookie" in dict(asked[1].headers)) is (sent_back or kind == "the other path")
    assert bool(kept) is (kind not in ("a domain of others", "no age", "expired"))


# -- codings


def squeezed(name, pieces):
    """What a server sends, made without the package; each piece can be decoded at once."""
    if name == "br":
        import brotli

        compressor = brotli.Compressor()
        return [*(compressor.process(piece) + compressor.flush() for piece in pieces), compressor.finish()]
    if name == "zstd":
        zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
        compressor = zstd.ZstdCompressor()
        return [*(compressor.compress(piece, compressor.FLUSH_BLOCK) for piece in pieces), compressor.flush()]
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS + (16 if name == "gzip" else 0))
    flushed = [compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*flushed, compressor.flush()]


async def given(*pieces):
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("name", coding.known())
@pytest.mark.parametrize("body", [TEXT, text_pieces], ids=["bytes", "stream"])
async def test_content_encoding(both, name, body):
    """What is encoded for the caller is decoded by the client as what a server has encoded."""

    def really(world):
        return {"headers": {**CHUNKED, "Content-Encoding": name}, "body": Pieces(given(*squeezed(name, [TEXT])))}

    options = {"headers": CHUNKED, "body": body, "content_encoding": name}
    (_, got), _ = await get(both, options, really)
    assert got == TEXT


@pytest.mark.parametrize("name", [None, *coding.known()])
async def test_each_piece_when_it_is_there(both, name):
    """Each piece reaches the client as it is produced, encoded or not, while the next one is still to come."""

    async def produced(world):
        for piece in b"one", b"two", b"three":
            yield piece
            await world.gate.acquire()

    async def squeezed_one_by_one(world):
        pieces = iter(squeezed(name, [b"one", b"two", b"three"]))
        async for _ in produced(world):
            yield next(pieces)
        yield next(pieces)

    headers = CHUNKED if name is None else {**CHUNKED, "Content-Encoding": name}

    def options(world):
        world.gate = asyncio.Semaphore(0)
        coded = {} if name is None else {"content_encoding": name}
        return {"headers": CHUNKED, "body": functools.partial(produced, world), **coded}

    def really(world):
        world.gate = asyncio.Semaphore(0)
        pieces = produced(world) if name is None else squeezed_one_by_one(world)
        return {"headers": headers, "body": Pieces(pieces)}

    async def client(world):
        async with world.session() as session, session.get(world.base / "a") as response:
            pieces = []
            async for piece in response.content.iter_any():
                pieces.append(piece)  # noqa: PERF401
                world.gate.release()
            return head(response), pieces

    def route(given):
        return lambda world: [("GET", "/a", {"auto_length": False, **given(world)})]

    (_, pieces), _ = await both(client, route(options), really=route(really))
    assert pieces == [b"one", b"two", b"three"]


# -- bodies in pieces


def opened(content):
    file = tempfile.TemporaryFile()
    file.write(content)
    file.seek(0)
    return file


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("kind", ["path", "file", "BytesIO"])
async def test_files(both, tmp_path, kind, reader):
    """A file comes with its length, as bytes do, in every reading style."""
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    with opened(TEXT) as file:
        body = {"path": path, "file": file, "BytesIO": io.BytesIO(TEXT)}[kind]
        options = {"body": body, "auto_length": True}
        (headers, _), _ = await get(both, options, {"body": TEXT, "auto_length": True}, reader)
    assert headers["content_length"] == len(TEXT)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("body", [text_pieces, lambda: io.StringIO(TEXT.decode())], ids=["generator", "text file"])
async def test_pieces(both, body, reader):
    """What is produced piece by piece reads as a chunked body, in every reading style."""

    def options(world):
        return {"headers": CHUNKED, "body": body if body is text_pieces else body()}

    def really(world):
        return {"headers": CHUNKED, "body": Pieces(text_pieces())}

    await get(both, options, really, reader)


@pytest.mark.parametrize("reader", [iter_chunked, readchunk, some_of_it], ids=lambda reader: reader.__name__)
async def test_larger_than_any_buffer(both, tmp_path, reader):
    """A file that does not fit into what client and server buffer comes whole."""
    path = tmp_path / "file"
    path.write_bytes(TEXT * 40)
    options = {"body": path, "auto_length": True}
    await get(both, options, {"body": TEXT * 40, "auto_length": True}, reader)


@pytest.mark.parametrize("content", [b"", b"x"])
async def test_small_files(both, tmp_path, content):
    """An empty file is an empty body."""
    path = tmp_path / "file"
    path.write_bytes(content)
    (_, got), _ = await get(both, {"body": path, "auto_length": True}, {"body": content, "auto_length": True})
    assert got == content


@pytest.mark.parametrize("status", [200, 204, 304])
async def test_no_body(both, tmp_path, status):
    """HEAD, 204 and 304 have the headers of the body, and nothing of it; the connection goes on."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")

    async def client(world):
        async with world.session() as session:
            return [
                await seen(await session.request(method, world.base / "a"))
                for method in (("HEAD", "GET") if status == 200 else ("GET", "GET"))
            ]

    def routes(body):
        return lambda world: [(method, "/a", {"body": body, "status": status}) for method in ("HEAD", "GET")]

    await both(client, routes(path), really=routes(b"abc"))


# -- redirects


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("status", [None, 201, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["relative", "absolute", "URL"])
async def test_location(both, method, status, place):
    """A redirect by location= is followed as one by a server's header."""

    def there(world):
        return {"relative": "b?x=é", "absolute": str(world.other / "b"), "URL": (world.other / "b") % {"x": "é"}}[place]

    def target(world):
        base = world.base if place == "relative" else world.other
        url = base / "b" if place == "absolute" else (base / "b") % {"x": "é"}
        return [(verb, URL(str(url)), {"body": b"there"}) for verb in ("GET", "POST", "HEAD")]

    def routes(world):
        given = {} if status is None else {"status": status}
        return [(method, "/a", {"location": there(world), **given}), *target(world)]

    def really(world):
        return [(method, "/a", {"status": status or 302, "headers": {"Location": str(there(world))}}), *target(world)]

    async def client(world):
        data = b"sent" if method == "POST" else None
        async with world.session() as session, session.request(method, world.base / "a", data=data) as response:
            return await seen(response)

    _, asked = await both(client, routes, really=really)
    assert len(asked) == (1 if status == 201 else 2)


# -- text


@pytest.mark.parametrize("content_type", [None, "text/html", "text/html; charset=latin-1"])
async def test_charset(both, content_type):
    """Text in a charset reads as a server's."""
    given = {} if content_type is None else {"headers": {"Content-Type": content_type}}
    said = f"{(content_type or 'text/plain').partition(';')[0]}; charset=latin-1"
    options = {"body": "straße", "charset": "latin-1", "auto_length": True, **given}
    really = {"body": "straße".encode("latin-1"), "headers": {"Content-Type": said}, "auto_length": True}
    (_, got), _ = await get(both, options, really, lambda response: response.text())
    assert got == "straße"


async def test_all_of_it_together(both):
    """Cookies, a coding and a charset go together."""

    def really(world):
        return {
            "status": 201,
            "headers": [
                *CHUNKED.items(),
                ("Content-Type", "text/plain; charset=latin-1"),
                ("Location", "/b"),
                ("Content-Encoding", "gzip"),
                ("Set-Cookie", "a=1"),
            ],
            "body": Pieces(given(gzip.compress(b"stra\xdfe"))),
        }

    options = {
        "status": 201,
        "headers": CHUNKED,
        "body": "straße",
        "charset": "latin-1",
        "cookies": {"a": "1"},
        "content_encoding": "gzip",
        "location": "/b",
    }
    (_, got), _ = await get(both, options, really, lambda response: response.text())
    assert got == "straße"
