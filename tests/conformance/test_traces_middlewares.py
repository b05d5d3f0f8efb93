"""Trace configs with their full sequence of events, and what stands between the session and the wire."""

import asyncio
import hashlib
import re
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import TraceConfig

from .looking import VERSION, failure, names, seen, tracing

OK = {"reason": "OK", "body": "ok"}
FIRST = [
    "request_start",
    "connection_create_start",
    "dns_cache_miss",
    "dns_resolvehost_start",
    "dns_resolvehost_end",
    "connection_create_end",
]
# aiohttp 3.10 says that it sent the end of a body, even where there is none
SENT = ["request_headers_sent", "request_chunk_sent"] if VERSION < (3, 11) else ["request_headers_sent"]
END = [*SENT, "request_end"]


async def traced(both, ask, routes, **connector):
    """The names of the events while `ask(session, world)` runs; all that comes with them is compared too."""

    async def client(world):
        config, events = tracing()
        async with world.session(trace_configs=[config], connector=world.connector(**connector)) as session:
            got = await ask(session, world)
        return got, events

    (_, events), _ = await both(client, routes)
    return names(events)


async def test_a_new_connection_and_one_that_is_used_again(both):
    """The first request resolves and connects, the second reuses."""

    async def ask(session, world):
        return [await seen(await session.get(world.base / "a", params={"q": 1})) for _ in range(2)]

    events = await traced(both, ask, [("GET", "/a?q=1", OK)])
    chunk = "response_chunk_received"
    assert events == [*FIRST, *END, chunk, "request_start", "connection_reuseconn", *END, chunk]


async def test_the_dns_cache(both):
    """A second connection to the same host takes its address from the cache."""

    async def ask(session, world):
        return [await seen(await session.get(world.base / "a")) for _ in range(2)]

    events = await traced(both, ask, [("GET", "/a", OK)], force_close=True)
    assert events[len(FIRST) :] == [
        *END,
        "response_chunk_received",
        "request_start",
        "connection_create_start",
        "dns_cache_hit",
        "connection_create_end",
        *END,
        "response_chunk_received",
    ]


@pytest.mark.parametrize("options", [{"use_dns_cache": False}, {"ttl_dns_cache": 0}, {"ttl_dns_cache": None}])
async def test_dns_cache_options(both, options):
    """What the connector says about the DNS cache holds."""

    async def ask(session, world):
        return [await seen(await session.get(world.base / "a")) for _ in range(2)]

    events = await traced(both, ask, [("GET", "/a", OK)], force_close=True, **options)
    assert events.count("dns_resolvehost_start") == (1 if options.get("ttl_dns_cache", 0) is None else 2)


async def test_an_address_is_not_resolved(both):
    """An IP address needs no name resolution."""

    async def ask(session, world):
        return await seen(await session.get(world.base.with_host("127.0.0.1") / "a"))

    events = await traced(both, ask, lambda world: [("GET", world.base.with_host("127.0.0.1") / "a", OK)])
    assert not any(name.startswith("dns") for name in events)


async def test_waiting_for_the_pool(both):
    """With limit=1 the second request says that it waits, and when it has waited."""

    async def client(world):
        config, events = tracing()

        async def one(number):
            async with session.get(world.base / "a", trace_request_ctx=number) as response:
                return await response.read()

        async with world.session(connector=world.connector(limit=1), trace_configs=[config]) as session:
            got = await asyncio.gather(one(1), one(2))
        # how the two are shuffled into each other is nobody's promise
        return got, [[event for event in events if event[1]["ctx"] == number] for number in (1, 2)]

    (_, (first, second)), _ = await both(client, [("GET", "/a", {"body": b"x" * (1 << 20)})])
    chunk = "response_chunk_received"
    assert names(first) == [*FIRST, *END, chunk]
    waits = ["connection_queued_start", "connection_queued_end", "connection_reuseconn"]
    assert names(second) == ["request_start", *waits, *END, chunk]


async def test_a_redirect(both):
    """A redirect is one request with two hops."""

    async def ask(session, world):
        return await seen(await session.get(world.base / "a"))

    routes = [("GET", "/a", {"status": 302, "headers": {"Location": "/b"}}), ("GET", "/b", OK)]
    events = await traced(both, ask, routes)
    hops = [*SENT, "request_redirect", "connection_reuseconn", *END]
    assert events == [*FIRST, *hops, "response_chunk_received"]


async def test_an_upload(both):
    """Every chunk that is sent is an event with its bytes."""

    async def pieces():
        yield b"one"
        yield b"two"

    async def ask(session, world):
        return [
            await seen(await session.post(world.base / "a", data=data)) for data in (pieces(), b"bytes", {"form": "1"})
        ]

    events = await traced(both, ask, [("POST", "/a", OK)])
    assert events.count("request_chunk_sent") >= 4


async def test_exceptions(both):
    """A request that fails ends with the exception as its event."""

    async def ask(session, world):
        return [
            await failure(session.get(world.base / "a", raise_for_status=True)),
            await failure(session.get(world.base / "loop", max_redirects=2)),
            await failure(session.get(world.base / "bad")),
        ]

    routes = [
        ("GET", "/a", {"status": 500, "reason": "Oh"}),
        ("GET", "/loop", {"status": 302, "headers": {"Location": "/loop"}}),
        ("GET", "/bad", {"status": 302, "headers": {"Location": "ftp://x"}}),
    ]
    events = await traced(both, ask, routes)
    assert events.count("request_exception") >= 2
    assert events.count("request_redirect") == 3


async def test_the_context_of_a_trace(both):
    """trace_request_ctx reaches every event, and a context factory is asked."""

    told = []

    def context(trace_request_ctx):
        told.append(trace_request_ctx)
        return SimpleNamespace(trace_request_ctx=("made", trace_request_ctx))

    async def client(world):
        told.clear()
        config, events = tracing(trace_config_ctx_factory=context)
        async with world.session(trace_configs=[config]) as session:
            return await seen(await session.get(world.base / "a", trace_request_ctx=7)), events, list(told)

    (_, events, factory), _ = await both(client, [("GET", "/a", OK)])
    assert factory == [7]
    assert {told["ctx"] for _, told in events} == {("made", 7)}


async def test_a_trace_that_fails(both):
    """An exception in a trace callback reaches the caller alike."""

    async def fail(session, context, params):
        raise LookupError("in the trace")

    async def client(world):
        found = []
        for name in ("on_request_start", "on_connection_create_start", "on_request_end", "on_request_headers_sent"):
            config = TraceConfig()
            getattr(config, name).append(fail)
            async with world.session(trace_configs=[config]) as session:
                found.append(await failure(session.get(world.base / "a")))
        return found

    got, _ = await both(client, [("GET", "/a", OK)], compare_asked=False)
    assert "in the trace" in str(got)


async def test_several_traces(both):
    """Several trace configs get their events in the same order."""

    async def client(world):
        first, events = tracing()
        second, more = tracing()
        async with world.session(trace_configs=[first, second]) as session:
            return await seen(await session.get(world.base / "a")), events, more

    (_, events, more), _ = await both(client, [("GET", "/a", OK)])
    assert names(events) == names(more) == [*FIRST, *END, "response_chunk_received"]


if VERSION >= (3, 12):

    @pytest.mark.parametrize("way", ["session", "request"])
    async def test_middlewares(both, way):
        """Middlewares see the request and the response, from the outside in and back."""
        told = []

        def middleware(name):
            async def run(request, handler):
                told.append((name, "before", request.method, str(request.url.path)))
                request.headers[f"X-{name}"] = "1"
                response = await handler(request)
                told.append((name, "after", response.status))
                return response

            return run

        async def client(world):
            told.clear()
            both_ways = {"middlewares": (middleware("Outer"), middleware("Inner"))}
            async with world.session(**(both_ways if way == "session" else {})) as session:
                async with session.get(world.base / "a", **(both_ways if way == "request" else {})) as response:
                    return await seen(response), list(told)

        (_, events), [asked] = await both(client, [("GET", "/a", OK)])
        assert [name for name, *_ in events] == ["Outer", "Inner", "Inner", "Outer"]
        assert {"X-Outer", "X-Inner"} <= dict(asked.headers).keys()

    async def test_a_middleware_that_retries(both):
        """A middleware may ask again; each time is a request of its own."""

        async def retry(request, handler):
            for _ in range(3):
                response = await handler(request)
                if response.ok:
                    break
            return response

        async def client(world):
            async with world.session(middlewares=[retry]) as session:
                return await seen(await session.post(world.base / "a", data=b"again"))

        answers = {"responses": [{"status": 503}, {"status": 500, "body": "x"}, {"body": "at last"}]}
        got, asked = await both(client, [("POST", "/a", answers)])
        assert got["body"] == b"at last"
        assert [each.body for each in asked] == [b"again"] * 3

    async def test_a_middleware_that_answers_elsewhere(both):
        """A middleware may send the request to another address, or not at all."""

        class ShortCutError(Exception):
            pass

        async def elsewhere(request, handler):
            if request.url.path == "/stop":
                raise ShortCutError("stopped")
            request.url = request.url.with_path("/b")
            return await handler(request)

        async def client(world):
            async with world.session(middlewares=[elsewhere]) as session:
                return (
                    await failure(session.get(world.base / "stop")),
                    await seen(await session.get(world.base / "a")),
                )

        (stopped, got), asked = await both(client, [("GET", "/b", {"body": "elsewhere"})])
        assert (stopped["text"], got["body"], len(asked)) == ("stopped", b"elsewhere", 1)

    async def test_a_middleware_that_asks_the_session(both):
        """A middleware may make requests of its own, such as for a token."""

        async def with_token(request, handler):
            async with request.session.post(request.url.with_path("/token"), middlewares=()) as response:
                request.headers["Authorization"] = "Bearer " + await response.text()
            return await handler(request)

        async def client(world):
            async with world.session(middlewares=[with_token]) as session:
                return await seen(await session.get(world.base / "a"))

        got, asked = await both(client, [("POST", "/token", {"body": "t0ken"}), ("GET", "/a", OK)])
        assert got["body"] == b"ok"
        assert dict(asked[1].headers)["Authorization"] == "Bearer t0ken"

    @pytest.mark.parametrize("password", ["secret", "wrong"])
    @pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
    async def test_digest_auth(both, monkeypatch, algorithm, password):
        """Digest credentials are calculated from the challenge, and refused again when they are refused."""
        # what the client makes up, the same for both
        monkeypatch.setattr("os.urandom", bytes)
        monkeypatch.setattr("time.ctime", lambda *args: "now")

        async def client(world):
            digest = aiohttp.DigestAuthMiddleware("me", password)
            async with world.session(middlewares=[digest]) as session:
                return [await seen(await session.get(world.base / "a", params={"q": "1"})) for _ in range(2)]

        challenge = f'Digest realm="r", nonce="n0", qop="auth", algorithm={algorithm}, opaque="o"'
        refused = {"status": 401, "headers": {"WWW-Authenticate": challenge}, "body": "who?"}
        answers = [refused, OK, OK] if password == "secret" else [refused] * 4
        got, asked = await both(client, [("GET", "/a?q=1", {"responses": answers})])
        assert [each["status"] for each in got] == [200 if password == "secret" else 401] * 2
        sent = dict(re.findall(r'(\w+)="?([^",]*)"?', dict(asked[1].headers)["Authorization"]))
        assert sent["response"] == _digest_response(algorithm, password, sent)

    def _digest_response(algorithm, password, sent):
        def digest(*parts):
            return hashlib.new(algorithm.replace("-", ""), ":".join(parts).encode()).hexdigest()

        # RFC 7616, 3.4.1
        secret, action = digest("me", "r", password), digest("GET", sent["uri"])
        return digest(secret, sent["nonce"], sent["nc"], sent["cnonce"], sent["qop"], action)
