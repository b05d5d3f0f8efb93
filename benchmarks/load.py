"""What becomes of memory and time when there is a lot of everything.

    python benchmarks/load.py [requests kinds crowd websockets bodies served cycles isolated] [--scale 0.01]

Without names, all of them; each runs in a process of its own. Prints what was measured, and PASS or FAIL for each
promise; exits with 1 if one does not hold. `--scale` does as much less of everything: a glance, not a judgement.
`README.md` beside this file says what each row means.
"""

import argparse
import asyncio
import gc
import logging
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))  # this clone is measured, installed or not

import aiohttp  # noqa: E402
from aiohttp import web  # noqa: E402

import aiohttpretty  # noqa: E402
from aiohttpretty import match  # noqa: E402

HOST = "http://load.test"
MIB = 1024 * 1024
GB = 1_000_000_000
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
SLICE = b"x" * (256 * 1024)

# Of memory, so many blocks of Python's allocator may come and go (caches, lists that grow)
BLOCKS = 2_000
# Of time, so much another machine's load may make of it; what is quadratic is far beyond
SLOWER = 1.25
failures = []


def promise(what, value, limit, unit=""):
    """A row with a verdict: the value is at most the limit."""
    kept = value <= limit
    if not kept:
        failures.append(what)
    print(f"  {'PASS' if kept else 'FAIL'}  {what:<66} {value:>12,.2f}{unit} (at most {limit:,g}{unit})", flush=True)


def row(what, value):
    """A row that is only told."""
    print(f"        {what:<66} {value}", flush=True)


def rss():
    """Bytes of memory that this process has now."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * PAGE


def blocks():
    """How many blocks Python has allocated, when nothing waits for the garbage collector."""
    gc.collect()
    return sys.getallocatedblocks()


class Peak:
    """The most memory that a block of code needed, above what was there before it."""

    def __enter__(self):
        gc.collect()
        # so that the system's own high-water mark begins anew
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        self._before = rss()
        return self

    def __exit__(self, *_):
        status = pathlib.Path("/proc/self/status").read_text()
        self.mib = (int(status.partition("VmHWM:")[2].split()[0]) * 1024 - self._before) / MIB


async def repeated(ask, count, what):
    """Ask so often, the calls cleared in between; memory and time at the beginning and at the end."""
    few, tenth = max(count // 100, 10), max(count // 10, 20)
    clear = min(1_000, few)
    spent, memory, started = [], [], time.process_time()
    for number in range(1, count + 1):
        await ask()
        if not number % clear:
            aiohttpretty.calls.clear()
        if not number % few:
            spent.append(time.process_time() - started)
            if number in (few, count):
                memory.append((blocks(), rss()))
            started = time.process_time()
    a_batch = tenth // few
    first, last = (sum(sorted(part)[: a_batch // 2 + 1]) for part in (spent[:a_batch], spent[-a_batch:]))
    row(f"{what}: {count:,} requests, processor time of each", f"{sum(spent) / count * 1e6:8.1f} µs")
    promise(f"{what}: blocks more after all than after the first {few:,}", memory[1][0] - memory[0][0], BLOCKS)
    promise(f"{what}: memory more", (memory[1][1] - memory[0][1]) / MIB, 4, " MiB")
    promise(f"{what}: time of the last {tenth:,} to that of the first", last / first, SLOWER, "x")


async def requests(scale):
    """One million of the same, and what a call costs that is kept."""
    with aiohttpretty.activate():
        aiohttpretty.register_json_uri("GET", f"{HOST}/", body={"answer": 42})
        aiohttpretty.register_json_uri("POST", f"{HOST}/", body={"answer": 42})
        async with aiohttp.ClientSession() as session:

            async def ask():
                async with session.get(f"{HOST}/") as response:
                    await response.json()

            async def tell():
                async with session.post(f"{HOST}/", json={"name": "Ann", "tags": [1, 2, 3]}) as response:
                    await response.json()

            await repeated(ask, int(1_000_000 * scale), "constant reply")
            for what, once in (("GET", ask), ("POST with a small JSON body", tell)):
                aiohttpretty.calls.clear()
                await once()
                tracemalloc.start()
                before = tracemalloc.get_traced_memory()[0]
                for _ in range(2_000):
                    await once()
                gc.collect()
                kept = (tracemalloc.get_traced_memory()[0] - before) / 2_000
                tracemalloc.stop()
                promise(f"a call that is kept, {what}", kept, 2_048, " bytes")


async def pieces():
    for _ in range(4):
        yield b"piece"


async def handler(request):
    return web.json_response({"n": request.query.get("n")})


async def kinds(scale):
    """Each kind of reply, and of what goes wrong, as often as a long run would have it."""
    register, count = aiohttpretty.register_uri, int(100_000 * scale)
    error = RuntimeError("the same each time")
    wrong = max(count // 10, 200)
    options = {
        "handler": (count, {"handler": handler}),
        "JSON matcher": (count, {"match": match.json_contains({"name": "Ann"})}),
        "responses": (count, {"responses": [{"body": "1"}, {"status": 404}], "exhausted": "cycle"}),
        "stream body": (count, {"body": pieces}),
        "delay of 0 s in a list": (wrong, {"responses": [{"delay": 0}, {}], "exhausted": "cycle"}),
        "error": (wrong, {"error": error}),
        "fault": (wrong, {"fault": aiohttpretty.faults.reset()}),
        "truncated": (wrong, {"body": "all of it", "fault": aiohttpretty.faults.truncate(after=3)}),
        "a server that is not there": (wrong, {"fault": aiohttpretty.faults.refused()}),
        "unmatched": (max(wrong // 10, 100), None),
    }
    for what, (often, how) in options.items():
        if how is not None:
            register("POST", f"{HOST}/{what}", **how)
    register("POST", f"{HOST}/items/{{id}}/parts/{{part}}", body="template")
    options["template"] = (count, {})
    aiohttpretty.register_websocket(f"{HOST}/socket", echo)

    async with aiohttp.ClientSession() as session:
        with aiohttpretty.activate():
            for what, (often, _) in options.items():
                path = "items/1/parts/2" if what == "template" else what

                async def ask(url=f"{HOST}/{path}"):
                    try:
                        async with session.post(url, json={"name": "Ann"}) as response:
                            await response.read()
                    except (aiohttp.ClientError, aiohttpretty.AiohttprettyError, RuntimeError):
                        aiohttpretty.unmatched.clear()

                await repeated(ask, often, what)

            async def open_and_close():
                async with session.ws_connect(f"{HOST}/socket") as socket:
                    await socket.send_str("x")
                    await socket.receive()

            await repeated(open_and_close, wrong, "websocket, opened and closed")
        aiohttpretty.clear()


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{request.query.get('n')} {message.data}")
    return socket


async def gathered(count, one):
    """All at once; processor seconds, without those of the garbage collector.

    That looks at all that lives, again and again while it grows, whoever has made it: ten times as many tasks take it
    more than ten times as long.
    """
    gc.collect()
    gc.disable()
    started = time.process_time()
    try:
        answers = await asyncio.gather(*[one(number) for number in range(count)])
    finally:
        gc.enable()
    assert answers == list(range(count)), "somebody got an answer that was for another"
    return time.process_time() - started


async def compared(count, what, run, limit=1.5):
    """So many at once, against a tenth of them a piece."""
    fewer = max(count // 10, 10)
    before = min([await run(fewer) / fewer for _ in range(2)])
    after = await run(count) / count
    row(f"{what}: {count:,} at once, processor time of each", f"{after * 1e6:8.1f} µs")
    # not once: the processor's caches hold few of them better than many
    promise(f"{what}: time of each, to that among {fewer:,} at once", after / before, limit, "x")
    await asyncio.sleep(0)
    promise(f"{what}: tasks left", len(asyncio.all_tasks()) - 1, 0)


async def crowd(scale):
    """All at once, on one session and on one each, and each with its own answer."""
    count = int(10_000 * scale)
    with aiohttpretty.activate():
        for number in range(count):
            aiohttpretty.register_json_uri("GET", f"{HOST}/{number}", body=number)

        for limit in (0, 100):

            async def run(many, limit=limit):
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit)) as session:

                    async def one(number):
                        async with session.get(f"{HOST}/{number}") as response:
                            return await response.json()

                    return await gathered(many, one)

            await compared(count, f"one session, limit={limit}", run)

        async def own(number):
            async with aiohttp.ClientSession() as session, session.get(f"{HOST}/{number}") as response:
                return await response.json()

        await compared(count, "a session each", lambda many: gathered(many, own))

        async def lost(number):
            async with aiohttp.ClientSession() as session:
                try:
                    await session.get(f"{HOST}/nowhere/{number}")
                except aiohttpretty.AiohttprettyError:
                    return number

        aiohttpretty.clear()
        aiohttpretty.register_uri("GET", f"{HOST}/somewhere")
        # the report glances at every task, to say who asked
        await compared(max(count // 10, 20), "unmatched", lambda many: gathered(many, lost), limit=3)
    left_alone()


def left_alone():
    """Nothing of ours is anywhere any more."""
    aiohttpretty.clear()
    gc.collect()
    ours = [one for one in gc.get_objects() if str(type(one).__module__).startswith("aiohttpretty.")]
    names = {"Binding", "Hook", "Shadow", "Speaker", "Call", "WireTransport", "ServedEnd", "Line", "Peer"}
    left = [one for one in ours if type(one).__name__ in names]
    promise("objects of the wire and records left behind", len(left), 0)
    promise("connectors with attributes of ours", sum("connect" in vars(one) for one in connectors()), 0)


def connectors():
    return [one for one in gc.get_objects() if isinstance(one, aiohttp.TCPConnector)]


async def websockets(scale):
    """All open at once, each with messages of its own; answered by a handler, and played by a test."""
    count = int(10_000 * scale)

    async def run(many, play=None):
        opened, all_open = 0, asyncio.Event()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one(number):
                nonlocal opened
                async with session.ws_connect(f"{HOST}/{'played' if play else 'handler'}?n={number}") as socket:
                    opened += 1
                    if opened == many:
                        all_open.set()
                    await all_open.wait()
                    for word in ("first", "second"):
                        await socket.send_str(word)
                        if await socket.receive_str(timeout=None) != f"{number} {word}":
                            return None
                    return number

            players = [asyncio.create_task(play()) for _ in range(many)] if play else []
            spent = await gathered(many, one)
            await asyncio.gather(*players)
        aiohttpretty.calls.clear()
        return spent

    with aiohttpretty.activate():
        aiohttpretty.register_websocket(f"{HOST}/handler", echo, check_params=False)
        route = aiohttpretty.register_websocket(f"{HOST}/played", check_params=False)

        async def play():
            peer = await route.accepted(timeout=None)
            number = peer.request.query["n"]
            for _ in range(2):
                await peer.send_str(f"{number} {await peer.receive_str(timeout=None)}")
            await peer.wait_closed(timeout=None)

        await compared(count, "handler", run)
        await compared(count, "played by a test", lambda many: run(many, play))
        await asyncio.sleep(0)
    left_alone()


async def upload(size):
    """A body of so many bytes, one piece at a time."""
    while size > 0:
        yield SLICE[:size]
        size -= len(SLICE)


async def drained(response, size):
    """Read so many bytes; the rest is left."""
    got = 0
    async for piece in response.content.iter_any():
        got += len(piece)
        if got >= size:
            break
    return got


def register_bodies(pretty, size, folder):
    """A place for large bodies to go to, and where they come from."""

    async def reading(request):
        got = 0
        async for piece in request.content.iter_any():
            got += len(piece)
        return web.json_response(got)

    async def streamed():
        async for piece in upload(size):
            yield piece

    async def endless():
        while True:
            yield SLICE

    path = pathlib.Path(folder) / "body"
    with path.open("wb") as file:
        file.truncate(size)  # a sparse one, which takes no room
    pretty.register_uri("POST", f"{HOST}/constant")
    pretty.register_uri("POST", f"{HOST}/handler", handler=reading)
    pretty.register_uri("GET", f"{HOST}/stream", body=streamed)
    pretty.register_uri("GET", f"{HOST}/file", body=path)
    pretty.register_uri("GET", f"{HOST}/endless", body=endless)
    return pretty


async def bodies(scale):
    """Ten gigabytes each way; memory does not grow with the body."""
    size = int(10 * GB * scale)
    with tempfile.TemporaryDirectory() as folder, aiohttpretty.activate():
        register_bodies(aiohttpretty, size, folder)
        await both_ways(aiohttpretty.calls, HOST, size)


async def served(scale):
    """One gigabyte each way over a real socket."""
    size = int(GB * scale)
    with tempfile.TemporaryDirectory() as folder:
        pretty = register_bodies(aiohttpretty.AioHTTPretty(), size, folder)
        async with pretty.serve() as server:
            await both_ways(pretty.calls, str(server.url_for(HOST)), size)


async def both_ways(calls, base, size):
    """To a route that takes it, to a handler that reads it; from a stream, from a file, from one without an end."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        (await session.get(f"{base}/stream")).close()  # what is imported then, is imported
        for path in ("constant", "handler"):
            with Peak() as peak:
                started = time.process_time()
                async with session.post(f"{base}/{path}", data=upload(size)) as response:
                    answer = await response.read()
            assert path == "constant" or int(answer) == size
            assert calls[-1].body_size == size or path == "handler"
            told(f"up to a {path}", size, started, peak)
        for path in ("stream", "file", "endless"):
            with Peak() as peak:
                started = time.process_time()
                async with session.get(f"{base}/{path}") as response:
                    assert await drained(response, size) >= size
            told(f"down from a {path}" if path != "endless" else "down without an end", size, started, peak)


def told(what, size, started, peak):
    row(f"{what}: {size / GB:,.1f} GB", f"{(time.process_time() - started):8.1f} s")
    promise(f"{what}: memory at its peak", peak.mib, 32, " MiB")


async def cycles(scale):
    """On and off, with a thousand sessions alive."""
    count = int(1_000 * scale)
    sessions = [aiohttp.ClientSession() for _ in range(count)]
    before = aiohttp.ClientSession.__dict__["_request"]
    looks = [dict(vars(session.connector)).keys() for session in sessions]
    spent, memory = [], []

    async def cycle(asked):
        started = time.process_time()
        with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", f"{HOST}/")
            for session in asked:
                async with session.get(f"{HOST}/") as response:
                    assert response.status == 200
        aiohttpretty.clear()
        spent.append(time.process_time() - started)
        assert aiohttp.ClientSession.__dict__["_request"] is before

    await cycle(sessions)
    spent.clear()
    for number in range(count):
        await cycle([sessions[(number * 10 + offset) % count] for offset in range(10)])
        if number in (count // 100, count - 1):
            memory.append(blocks())
    tenth = max(count // 10, 1)
    first, last = (sum(sorted(part)[: tenth // 2 + 1]) for part in (spent[:tenth], spent[-tenth:]))
    row(f"{count:,} cycles with {count:,} sessions, ten requests in each", f"{sum(spent) / count * 1e6:8.1f} µs")
    promise("time of the last tenth of cycles to that of the first", last / first, SLOWER, "x")
    promise("blocks more after all than at the beginning", memory[-1] - memory[0], BLOCKS)
    alike = [dict(vars(one.connector)).keys() for one in sessions]
    promise("connectors that are not as before", sum(a != b for a, b in zip(looks, alike, strict=True)), 0)
    spent.clear()
    for _ in range(10):
        await cycle(sessions)
    row("a cycle with a request on each of the sessions", f"{min(spent) * 1e3:8.1f} ms")
    nested = []
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", f"{HOST}/")
        for session in sessions:
            await session.get(f"{HOST}/")
        inner = aiohttpretty.AioHTTPretty()
        for _ in range(100):
            started = time.process_time()
            with inner.activate():
                pass
            nested.append(time.process_time() - started)
    row("on and off of a second registry, all sessions in use by the first", f"{min(nested) * 1e6:8.1f} µs")
    aiohttpretty.clear()
    for session in sessions:
        await session.close()
    left_alone()


async def isolated(scale):
    """A registry of its own for each of a thousand tasks, on one shared session."""
    count = int(1_000 * scale)

    async def run(many):
        everyone, here = asyncio.Event(), 0
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(number):
                nonlocal here
                async with aiohttpretty.isolated() as pretty:
                    pretty.register_json_uri("GET", f"{HOST}/", body=number)
                    here += 1
                    if here == many:
                        everyone.set()
                    await everyone.wait()
                    for _ in range(3):
                        await asyncio.sleep(random.random() / 100)
                        async with session.get(f"{HOST}/") as response:
                            if await response.json() != number:
                                return None
                    return number

            return await gathered(many, one)

    await compared(count, "isolated, one session", run, limit=2)

    async def apart(many):
        async def one(number):
            async with aiohttpretty.isolated() as pretty, aiohttp.ClientSession() as session:
                pretty.register_json_uri("GET", f"{HOST}/", body=number)
                async with session.get(f"{HOST}/") as response:
                    return await response.json()

        return await gathered(many, one)

    await compared(count, "isolated, a session each", apart, limit=2)
    gc.collect()
    memory = []
    for number in range(count):
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", f"{HOST}/")
        if number in (count // 10, count - 1):
            memory.append(blocks())
    promise("blocks more after all blocks than after a tenth of them", memory[-1] - memory[0], BLOCKS)
    left_alone()


PARTS = {part.__name__: part for part in (requests, kinds, crowd, websockets, bodies, served, cycles, isolated)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0, help="as much of everything, such as 0.01")
    given = parser.parse_args()
    if unknown := [name for name in given.parts if name not in PARTS]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if len(given.parts) != 1:
        command = [sys.executable, __file__, "--scale", str(given.scale)]
        ended = [subprocess.run([*command, name], check=False).returncode for name in given.parts or PARTS]
        return int(any(ended))
    logging.disable(logging.CRITICAL)
    part = PARTS[given.parts[0]]
    print(f"{part.__name__}: {part.__doc__}", flush=True)
    started = time.perf_counter()
    asyncio.run(part(given.scale))
    print(f"  {time.perf_counter() - started:.0f} s\n", flush=True)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
