"""Connections: how many at once, kept alive and used again, or closed."""

import asyncio
import gc

import aiohttp
import pytest

import aiohttpretty

from .looking import failure, names, seen, tracing

LARGE = b"x" * (1 << 20)  # more than is read ahead: its connection is held until somebody reads it
COUNTED = ["connection_create_end", "connection_reuseconn", "connection_queued_start", "connection_queued_end"]


class Counter:
    """Holds responses open until as many as expected are, and knows how many were at most."""

    def __init__(self, expected):
        self.expected = expected
        self.now = self.most = 0
        self.reached = asyncio.Event()

    async def hold(self, session, url):
        async with session.get(url) as response:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == self.expected:
                self.reached.set()
            await self.reached.wait()
            body = await response.read()
            self.now -= 1
        return len(body)


def counts(events):
    found = names(events)
    return {name: found.count(name) for name in COUNTED}


@pytest.mark.parametrize(
    ("options", "at_once"),
    [
        ({"limit": 1}, 1),
        ({"limit": 2}, 2),
        ({"limit_per_host": 1}, 2),
        ({"limit_per_host": 2}, 4),
        ({"limit": 3, "limit_per_host": 2}, 3),
        ({"limit": 0}, 6),
        ({}, 6),
    ],
    ids=str,
)
async def test_limits(both, options, at_once):
    """limit and limit_per_host say how many requests are under way at once, the others wait."""

    async def client(world):
        config, events = tracing()
        async with world.session(connector=world.connector(**options), trace_configs=[config]) as session:
            counter = Counter(at_once)
            urls = [world.base / "a", world.other / "a"] * 3
            sizes = await asyncio.gather(*(counter.hold(session, url) for url in urls))
        return sizes, counter.most, "connection_queued_start" in names(events)

    def routes(world):
        return [("GET", world.base / "a", {"body": LARGE}), ("GET", world.other / "a", {"body": LARGE})]

    got, _ = await both(client, routes, ordered=False)
    assert got == ([len(LARGE)] * 6, at_once, at_once < 6)


async def test_a_thousand_at_once(both):
    """A thousand concurrent requests on one session all get their own answer, over a hundred connections."""

    async def client(world):
        config, events = tracing()

        async def one(number):
            async with session.get(world.base / str(number)) as response:
                return await response.json(content_type=None)

        async with world.session(trace_configs=[config]) as session:
            got = await asyncio.gather(*map(one, range(1000)))
        return got, counts(events)

    routes = [("GET", f"/{number}", {"json": number}) for number in range(1000)]
    (got, events), asked = await both(client, routes, ordered=False)
    assert got == list(range(1000))
    assert len(asked) == 1000
    assert events["connection_create_end"] == 100


async def connections(both, ask, routes, **options):
    """What `ask(session, world)` gave, and how often a connection was made or used again."""

    async def client(world):
        config, events = tracing()
        version = options.pop("version", aiohttp.HttpVersion11)
        connector = world.connector(**options)
        async with world.session(connector=connector, trace_configs=[config], version=version) as session:
            got = await ask(session, world)
        options["version"] = version
        return got, [name.removeprefix("connection_") for name in names(events) if name in COUNTED]

    (_, events), _ = await both(client, routes)
    return events


async def twice(session, world, **options):
    first = await seen(await session.get(world.base / "a", **options))
    # both worlds get the time to notice that the other end has closed
    for _ in range(10):
        await asyncio.sleep(0)
    return first, await seen(await session.get(world.base / "a", **options))


async def test_keep_alive(both):
    """A connection is used again."""
    assert await connections(both, twice, [("GET", "/a", {"body": "ok"})]) == ["create_end", "reuseconn"]


@pytest.mark.parametrize("kind", ["none", "bytes", "generator", "form"])
async def test_keep_alive_at_once(both, kind):
    """A connection is free for the next request as soon as the body has been read."""

    async def generator():
        yield b"1"
        yield b"2"

    data = {"none": lambda: None, "bytes": lambda: b"1", "generator": generator, "form": lambda: {"a": "1"}}[kind]

    async def ask(session, world):
        for _ in range(3):
            async with session.post(world.base / "a", data=data()) as response:
                await response.read()

    events = await connections(both, ask, [("POST", "/a", {"body": "ok"})])
    assert events == ["create_end", "reuseconn", "reuseconn"]


async def test_a_client_that_closes(both):
    """A server closes after a request that says Connection: close."""

    async def ask(session, world):
        return await twice(session, world, headers={"Connection": "close"})

    assert await connections(both, ask, [("GET", "/a", {"body": "ok"})]) == ["create_end", "create_end"]


async def test_a_client_of_http_1_0(both):
    """A server closes after a request of HTTP/1.0 that does not ask to keep the connection."""
    events = await connections(both, twice, [("GET", "/a", {"body": "ok"})], version=aiohttp.HttpVersion10)
    assert events[0] == "create_end"


async def test_force_close(both):
    """force_close=True closes after every request."""
    events = await connections(both, twice, [("GET", "/a", {"body": "ok"})], force_close=True)
    assert events == ["create_end", "create_end"]


@pytest.mark.parametrize("status", [200, 204, 304, 500])
async def test_a_server_that_closes(both, status):
    """Connection: close in the answer closes the connection."""
    answer = {"status": status, "headers": {"Connection": "close"}, "body": "ok"}
    assert await connections(both, twice, [("GET", "/a", answer)]) == ["create_end", "create_end"]


async def test_other_hosts_have_other_connections(both):
    """A connection is used again for the same origin only."""

    async def ask(session, world):
        return [await seen(await session.get(origin / "a")) for origin in (world.base, world.other) * 2]

    def routes(world):
        return [("GET", world.base / "a", {"body": "1"}), ("GET", world.other / "a", {"body": "2"})]

    assert await connections(both, ask, routes) == ["create_end", "create_end", "reuseconn", "reuseconn"]


async def test_a_response_that_is_closed_costs_its_connection(both):
    """close() of a response that was not read closes its connection; release() does so too."""

    async def ask(session, world):
        for end in ("close", "release", "close"):
            getattr(await session.get(world.base / "a"), end)()
        return await seen(await session.get(world.base / "a"))

    assert await connections(both, ask, [("GET", "/a", {"body": LARGE})]) == ["create_end"] * 4


async def test_a_session_that_shares_its_connector(both):
    """Sessions that share a connector share its connections; connector_owner=False leaves it open."""

    async def client(world):
        config, events = tracing()
        async with world.connector() as connector:
            found = []
            for _ in range(2):
                options = {"connector": connector, "connector_owner": False, "trace_configs": [config]}
                async with world.session(**options) as session:
                    found.append(await seen(await session.get(world.base / "a")))
            return found, connector.closed, counts(events)

    (_, closed, events), _ = await both(client, [("GET", "/a", {"body": "ok"})])
    assert (closed, events["connection_create_end"], events["connection_reuseconn"]) == (False, 1, 1)


async def test_a_request_that_is_cancelled_in_the_queue(both):
    """A request that is cancelled while it waits for the pool leaves its place to the next."""

    async def ask(session, world):
        held = await session.get(world.base / "a")
        waiting = [asyncio.ensure_future(seen_body(session, world)) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting[0].cancel()
        cancelled = (await asyncio.gather(waiting[0], return_exceptions=True))[0]
        await held.read()
        return type(cancelled), await waiting[1]

    events = await connections(both, ask, [("GET", "/a", {"body": LARGE})], limit=1)
    assert events[0] == "create_end"
    assert events[-1] == "reuseconn"


async def seen_body(session, world):
    async with session.get(world.base / "a") as response:
        return len(await response.read())


# which aiohttp leaves behind, over a socket too
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("place", ["connection_create_start", "connection_create_end", "connection_reuseconn"])
async def test_a_session_closed_on_the_way_to_a_connection(both, place, method):
    """A session that is closed in a trace callback fails its request as aiohttp fails it, at each step of the way."""

    async def client(world):
        async def close(session, context, params):
            if len(session.cookie_jar):
                await session.close()

        config = aiohttp.TraceConfig()
        getattr(config, f"on_{place}").append(close)
        closing = place != "connection_reuseconn"
        async with world.session(connector=world.connector(force_close=closing), trace_configs=[config]) as session:
            async with session.get(world.base / "a"):
                pass
            session.cookie_jar.update_cookies({"from": "now on"})
            try:
                async with session.request(method, world.base / "a") as response:
                    return response.status
            except Exception as error:  # of aiohttp's, which differ from version to version
                return type(error), str(error), type(error.__cause__)

    await both(client, [("GET", "/a", {"body": b"x"}), ("POST", "/a", {"body": b"x"})])
    gc.collect()  # now, and not in the midst of another test


@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")  # aiohttp forgets it there
@pytest.mark.parametrize("early", [False, True], ids=["", "with a reply chosen early"])
async def test_the_session_is_closed_while_a_connection_is_taken_again(both, early):
    """Closed in the trace callback of a kept connection: the same error, and the server hears of no second request."""

    async def client(world):
        config = aiohttp.TraceConfig()

        async def close(*args):
            await sessions[0].close()

        config.on_connection_reuseconn.append(close)
        sessions = [world.session(trace_configs=[config])]
        async with sessions[0].post(world.base / "a") as response:
            first = await response.text()
        error = await failure(sessions[0].post(world.base / "a"))
        sessions.clear()
        gc.collect()
        return first, error

    answer = {"body": "ok"}
    # a route with a reply that there is no connection has its replies chosen before there is one
    answers = {"responses": [answer, answer, {"fault": aiohttpretty.faults.refused()}]} if early else answer
    (first, error), _ = await both(client, [("POST", "/a", answers)], really=[("POST", "/a", answer)])
    assert first == "ok"
    assert error is not None
