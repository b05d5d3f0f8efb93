"""The whole way of a request, and never a socket; and many, and large ones.

The doors to the network are closed for every test in this package (see conftest); these here go through everything that
could lead to one, and play a random script.
"""

import asyncio
import random

import aiohttp
import pytest
from settling import outcome, settle

import aiohttpretty

from .conftest import Escaped

URI = "http://example.com/"


async def test_the_doors_are_closed(escapes):
    """The fixture works: without an activation, a request gets as far as a door."""
    for uri in (URI, "http://127.0.0.1:1/", "https://[::1]/"):
        async with aiohttp.ClientSession() as session:
            assert type(await outcome(session.get(uri))) is Escaped
    assert len(escapes) == 3
    escapes.clear()


@pytest.mark.parametrize(
    ("uri", "options"),
    [
        (URI, {}),
        ("https://example.com/", {}),
        ("https://example.com/", {"ssl": False}),
        ("http://127.0.0.1/", {}),
        ("http://[::1]:8080/", {}),
        ("http://localhost/", {}),
        ("http://bücher.example/", {}),
        ("http://example.com./", {}),
        (URI, {"proxy": "http://proxy.example:3128"}),
        ("https://example.com/", {"proxy": "http://user:secret@proxy.example:3128"}),
        (URI, {"timeout": aiohttp.ClientTimeout(5, 5, 5, 5)}),
        (URI, {"headers": {"Connection": "close"}}),
        (URI, {"expect100": True, "data": b"x"}),
        (URI, {"chunked": True, "data": b"x"}),
    ],
)
@pytest.mark.parametrize("traced", [False, True], ids=["", "traced"])
async def test_every_kind_of_address(uri, options, traced):
    """Names, numbers, TLS, proxies and tunnels: all without a name looked up or a socket opened."""
    aiohttpretty.register_uri("POST", uri, body=b"x")
    configs = [aiohttp.TraceConfig()] if traced else []
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(trace_configs=configs) as session:
            for _ in range(2):
                async with session.post(uri, **options) as response:
                    assert await response.read() == b"x"
    async with await aiohttpretty.fake_request("POST", uri, **options) as response:
        assert await response.read() == b"x"
    assert len(aiohttpretty.calls) == 3


async def test_a_websocket():
    """So is a websocket: without a route it is unmatched, with one it is refused as a server would."""
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError):
                await session.ws_connect("http://example.com/ws")
            aiohttpretty.register_uri("GET", "http://example.com/ws")
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect("http://example.com/ws")


async def test_the_function_request():
    """`aiohttp.request`, which makes a session of its own, is mocked, and leaves none."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    with aiohttpretty.activate():
        async with aiohttp.request("GET", URI) as response:
            assert await response.read() == b"x"


@pytest.mark.parametrize("limit", [0, 10])
async def test_a_thousand_at_once(limit):
    """A thousand requests at once, each with an answer of its own, over many connections or a few."""
    for number in range(1000):
        aiohttpretty.register_uri("POST", f"{URI}{number}", body=str(number))

    async def ask(session, number):
        async with session.post(f"{URI}{number}", data=str(number)) as response:
            return await response.text()

    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit)) as session:
            got = await asyncio.gather(*[ask(session, number) for number in range(1000)])
    assert got == [str(number) for number in range(1000)]
    assert sorted(call.text() for call in aiohttpretty.calls) == sorted(got)


async def test_a_hundred_megabytes_down():
    """A large body arrives whole, in pieces, and never much of it at once."""
    size, piece = 100 << 20, bytes(range(256)) * 4096
    aiohttpretty.register_uri("GET", URI, body=piece * 100)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URI) as response:
            got = largest = 0
            async for chunk in response.content.iter_any():
                assert chunk[0] == got % 256
                got += len(chunk)
                largest = max(largest, len(chunk))
    assert got == size
    assert largest < 2 << 20


async def test_a_hundred_megabytes_of_a_stream_down():
    """The same of a stream: it is read no faster than the code reads."""
    left = ahead = 100

    class Reader:
        async def read(self, size=-1):
            nonlocal left
            left -= 1
            return bytes(1 << 20) if left >= 0 else b""

    aiohttpretty.register_uri("GET", URI, body=Reader())
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URI) as response:
            await settle()
            ahead -= left
            got = 0
            async for chunk in response.content.iter_any():
                got += len(chunk)
    assert got == 100 << 20
    assert ahead <= 3


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_hundred_megabytes_up(chunked):
    """A large upload is taken in whole."""
    aiohttpretty.register_uri("POST", URI)
    piece = bytes(range(256)) * 4096

    async def upload():
        for _ in range(100):
            yield piece

    headers = {} if chunked else {"Content-Length": str(100 << 20)}
    with aiohttpretty.activate(keep_bodies=True):
        async with aiohttp.ClientSession() as session:
            async with session.post(URI, data=upload(), headers=headers) as response:
                assert response.status == 200
    [call] = aiohttpretty.calls
    assert len(call.body) == 100 << 20
    assert call.body.startswith(piece)
    assert call.body.endswith(piece)


async def test_without_a_session(escapes, complaints):
    """fake_request() needs no activation and no session, and leaves no warning and no task, whatever comes of it."""
    tasks = asyncio.all_tasks()
    aiohttpretty.register_uri("GET", URI, body=b"x", headers={"Set-Cookie": "a=b"})
    aiohttpretty.register_uri("GET", URI + "redirect", status=302, headers={"Location": URI})
    aiohttpretty.register_uri("GET", URI + "stream", body=asyncio.StreamReader())
    for active in (False, True):
        if active:
            aiohttpretty.activate()
        assert await (await aiohttpretty.fake_request("GET", URI)).read() == b"x"
        response = await aiohttpretty.fake_request("GET", URI + "redirect")
        assert [hop.status for hop in response.history] == [302]
        with pytest.raises(aiohttpretty.NoMatchError):
            await aiohttpretty.fake_request("GET", URI + "no")
        with pytest.raises(aiohttp.ClientResponseError):
            await aiohttpretty.fake_request("GET", URI + "redirect", raise_for_status=True, max_redirects=1)
    aiohttpretty.deactivate()
    response = await aiohttpretty.fake_request("GET", URI + "stream")
    response.close()
    await settle()
    assert asyncio.all_tasks() == tasks


class Script:
    """A random script of switching, asking, cancelling and closing."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        random.seed(seed)  # aiohttp shuffles
        self.registries = [aiohttpretty.AioHTTPretty() for _ in range(3)]
        self.depths = [0, 0, 0]
        self.sessions = []
        self.connectors = []
        self.asked = []
        self.readers = []
        self.outcomes = []

    async def play(self, steps):
        for number, registry in enumerate(self.registries):
            registry.register_uri("GET", URI, body=b"x")
            registry.register_uri("POST", f"{URI}{number}", body=bytes(500_000))
            registry.register_uri("GET", URI + "hop", status=302, headers={"Location": f"{URI}r{number}"})
            registry.register_uri("GET", f"{URI}r{number}", responses=[{"body": "x"}] * 3)
        acts = [
            self.switch_on,
            self.switch_off,
            self.open,
            self.close,
            *[self.ask] * 6,
            self.cancel,
            self.feed,
            self.wait,
        ]
        for _ in range(steps):
            await self.random.choice(acts)()
        while any(self.depths):
            await self.switch_off()
        for reader in self.readers:
            reader.feed_eof()
        ended = await asyncio.wait_for(asyncio.gather(*[task for task, _ in self.asked], return_exceptions=True), 8)
        # one that was cancelled before it began has not even an outcome
        self.outcomes += [outcome for outcome in ended if not isinstance(outcome, asyncio.CancelledError)]
        for session in self.sessions:
            await session.close()
        await settle()

    async def switch_on(self):
        which = self.random.randrange(3)
        self.registries[which].activate()
        self.depths[which] += 1

    async def switch_off(self):
        which = self.random.randrange(3)
        self.registries[which].deactivate()
        self.depths[which] = max(0, self.depths[which] - 1)

    async def open(self):
        connector = aiohttp.TCPConnector(limit=self.random.choice([1, 2, 100]), force_close=self.random.random() < 0.2)
        self.connectors.append(connector)
        self.sessions.append(aiohttp.ClientSession(connector=connector, connector_owner=self.random.random() < 0.8))

    async def close(self):
        # not in the middle of a request: aiohttp lets one that reads a body wait for ever then, over a socket too
        if self.sessions:
            session = self.random.choice(self.sessions)
            own = [task for task, whose in self.asked if whose is session]
            for task in own:
                task.cancel()
            await asyncio.gather(*own, return_exceptions=True)
            await session.close()

    async def ask(self):
        if self.sessions:
            session, reader, number = self.random.choice(self.sessions), asyncio.StreamReader(), len(self.asked)
            self.readers.append(reader)
            self.random.choice(self.registries).register_uri("GET", f"{URI}stream/{number}", body=reader)
            task = asyncio.create_task(self.one(session, number, self.random.randrange(7)))
            self.asked.append((task, session))

    async def one(self, session, number, kind):

        async def upload():
            for _ in range(3):
                await asyncio.sleep(0)
                yield b"x" * 1000

        how = [
            ("GET", URI, {}),
            ("POST", URI + "1", {"data": upload()}),
            ("POST", URI + "2", {"data": b"x", "expect100": True}),
            ("GET", f"{URI}stream/{number}", {}),
            ("GET", URI + "hop", {}),
            ("GET", URI + "nobody knows", {}),
            ("PUT", URI + "nobody knows", {"data": upload()}),
        ]
        method, uri, options = how[kind]
        mocked = any(self.depths)
        try:
            async with session.request(method, uri, **options) as response:
                await response.read()
                return mocked, session.closed, response.status
        except BaseException as error:
            return mocked, session.closed, error

    async def cancel(self):
        if self.asked:
            self.random.choice(self.asked)[0].cancel()

    async def feed(self):
        if self.readers:
            self.readers.pop(self.random.randrange(len(self.readers))).feed_eof()

    async def wait(self):
        for _ in range(self.random.randrange(8)):
            await asyncio.sleep(0)


def allowed(mocked, closed, got):
    """A request that was mocked when it began ends with an answer or an error of ours; others leave."""
    if isinstance(got, asyncio.CancelledError):
        return True
    if mocked and (got == 200 or isinstance(got, aiohttpretty.AiohttprettyError)):
        return True
    if not mocked and isinstance(got, Escaped):
        return True
    return closed and isinstance(got, RuntimeError) and str(got) == "Session is closed"


@pytest.mark.parametrize("seed", range(8))  # tests/network plays many more
async def test_a_random_script(seed, escapes, original, complaints):
    """Whatever happens in whatever order: every request ends, as it may, and everything is as it was in the end."""
    script = Script(seed)
    tasks = asyncio.all_tasks()
    await script.play(150)
    assert [outcome for outcome in script.outcomes if not allowed(*outcome)] == []
    assert len(escapes) <= sum(not mocked for mocked, *_ in script.outcomes)
    escapes.clear()
    assert aiohttp.ClientSession.__dict__["_request"] is original
    for connector in script.connectors:
        assert {"connect", "_close", "_close_immediately"} & set(vars(connector)) == set()
        await connector.close()
    assert asyncio.all_tasks() == tasks
