"""Much of everything: bytes in constant memory, connections, and clients that read slowly."""

import asyncio
import tracemalloc
from hashlib import sha256

import pytest
from aiohttp import web
from settling import settle, until

from .conftest import PATIENCE, connected, said

API = "https://api.example.com"
ASK = b"GET /https://api.example.com/%b HTTP/1.1\r\nHost: x\r\n\r\n"
MUCH = {"stream": 100 * 1024 * 1024, "canned": 100 * 1024 * 1024, "handler": 32 * 1024 * 1024}
PIECE = b"x" * (256 * 1024)


async def stream():
    for _ in range(MUCH["stream"] // len(PIECE)):
        yield PIECE


async def handled(request):
    response = web.StreamResponse(headers={"Content-Length": str(MUCH["handler"])})
    await response.prepare(request)
    for _ in range(MUCH["handler"] // len(PIECE)):
        await response.write(PIECE)
    return response


@pytest.mark.parametrize("kind", ["stream", "handler"])
async def test_many_megabytes_go_out_in_constant_memory(pretty, complaints, kind):
    """No more is made than the client reads."""
    pretty.register_uri("GET", f"{API}/much", **({"body": stream} if kind == "stream" else {"handler": handled}))
    async with pretty.serve() as server, connected(server) as (reader, writer):
        tracemalloc.start()
        writer.write(ASK % b"much")
        await reader.readuntil(b"\r\n\r\n")
        came = 0
        while came < MUCH[kind]:
            came += len(await asyncio.wait_for(reader.read(1024 * 1024), PATIENCE))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("kind", ["canned", "handler"])
async def test_many_megabytes_come_in_in_constant_memory(pretty, complaints, kind):
    """The record has the beginning, the size and the digest."""

    async def count(request):
        size = 0
        async for piece in request.content.iter_any():
            size += len(piece)
        return web.Response(text=str(size))

    pretty.register_uri(
        "POST", f"{API}/much", **({"body": str(MUCH[kind])} if kind == "canned" else {"handler": count})
    )
    digest = sha256()
    async with pretty.serve() as server, connected(server) as (reader, writer):
        tracemalloc.start()
        writer.write(b"POST" + (ASK % b"much")[3:-2] + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % MUCH[kind])
        for _ in range(MUCH[kind] // len(PIECE)):
            writer.write(PIECE)
            digest.update(PIECE)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert answer.endswith(b"\r\n\r\n%d" % MUCH[kind])
    assert peak < 8 * 1024 * 1024
    (call,) = pretty.calls
    assert (call.body_size, call.body_digest) == (MUCH[kind], digest.hexdigest())


async def test_a_client_that_does_not_read_stops_what_makes_the_body(pretty, complaints):
    """The pieces wait for it, and go on when it reads."""
    made = []

    async def pieces():
        for number in range(1000):
            made.append(number)
            yield PIECE

    pretty.register_uri("GET", f"{API}/much", body=pieces)
    async with pretty.serve() as server, connected(server) as (reader, writer):
        writer.write(ASK % b"much")
        await reader.readuntil(b"\r\n\r\n")
        await _at_rest(made)
        assert len(made) < 100
        stood = len(made)
        while len(made) == stood:
            await reader.read(1024 * 1024)


async def _at_rest(made):
    """Wait until nothing more is made, though the event loop turns."""
    while True:
        before = len(made)
        for _ in range(5):
            await settle()
        if len(made) == before:
            return


async def test_a_handler_that_does_not_read_stops_its_client(pretty, complaints):
    """What it has not read waits in the kernel, not here."""
    go_on = asyncio.Event()

    async def late(request):
        await go_on.wait()
        return web.Response(text=str(len(await request.read())))

    pretty.register_uri("POST", f"{API}/late", handler=late)
    async with pretty.serve() as server, connected(server) as (reader, writer):
        size = 30_000_000
        writer.write(b"POST" + (ASK % b"late")[3:-2] + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        await until(lambda: pretty.calls)
        for _ in range(10):
            await settle()
        assert writer.transport.get_write_buffer_size() > 15_000_000
        go_on.set()
        assert (await asyncio.wait_for(reader.read(), PATIENCE)).endswith(b"\r\n\r\n%d" % size)


async def test_a_thousand_connections_at_once(pretty, complaints):
    """All are open, all have asked, and each gets its own answer."""
    arrived = []
    everybody = asyncio.Event()

    async def together(request):
        arrived.append(request)
        if len(arrived) == 500:
            everybody.set()
        await everybody.wait()
        return web.Response(text=request.match_info["n"])

    pretty.register_uri("GET", f"{API}/h/{{n}}", handler=together)
    pretty.register_uri("GET", f"{API}/c", body=b"canned", delay=0.01)
    async with pretty.serve() as server:
        ask = [(b"h/%d" % number, b"%d" % number) for number in range(500)] + [(b"c", b"canned")] * 500
        close = b"Connection: close\r\n\r\n"
        answers = await asyncio.gather(*[said(server, (ASK % path)[:-2] + close) for path, _ in ask])
    assert [answer.rpartition(b"\r\n\r\n")[2] for answer in answers] == [body for _, body in ask]
    assert len(pretty.calls) == 1000
