"""Faults among other replies, and aiohttp's silent second attempt: what comes is what a real server would have sent."""

import asyncio

import aiohttp
import pytest
from conformance.looking import VERSION, differences
from settling import retrying

import aiohttpretty
from aiohttpretty import faults

from . import playing
from .raw import FIN, RST, SILENCE
from .situation import BODY, CHUNKED, LENGTH, chunked

# aiohttp repeats these by itself
IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]


@pytest.fixture
def both(monkeypatch):
    """`await both(client, scripts, options)` plays it twice and compares; gives what came, and how many requests."""

    async def play(client, scripts, options):
        real, fake = await playing.sequence(client, scripts, options, monkeypatch)
        assert differences(fake, real) == []
        return [brief(told) for told in fake["told"]], fake["attempts"]

    return play


def brief(told):
    """The name of what was raised, or else the body."""
    return playing.summary(told).partition(":")[0].removeprefix("aiohttp.") or b"".join(told["pieces"])


def asking(method="GET", times=1, **options):
    async def client(world, session):
        return [await playing.asked(session, method, world.base / "a", **options) for _ in range(times)]

    return client


def answer(body):
    return (b"HTTP/1.1 200 \r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),)


def replies(*items):
    """`responses` out of bodies and faults."""
    made = [{"fault": item} if isinstance(item, faults.Fault) else {"body": item} for item in items]
    return {"body": BODY, "auto_length": True, "responses": made}


@pytest.mark.parametrize(("method", "silently"), [("GET", 1), ("POST", 0)])
async def test_among_others(both, method, silently):
    """A fault in `responses` is one of them, however often aiohttp repeats the request; the others are as ever."""
    scripts = [
        answer(b"one"),
        *[(FIN,)] * (1 + silently),
        answer(b"two"),
        (LENGTH, BODY[:5], FIN),
        *[(RST,)] * (1 + silently),
        answer(b"three"),
    ]
    responses = replies(b"one", faults.disconnect(), b"two", faults.truncate(after=5), faults.reset(), b"three")
    came, attempts = await both(asking(method, times=6), scripts, responses)
    assert came == [b"one", "ServerDisconnectedError", b"two", "ClientPayloadError", "ClientOSError", b"three"]
    assert attempts == 6 + 2 * silently


@pytest.mark.parametrize("fault", [faults.disconnect, faults.reset])
@pytest.mark.parametrize("method", [*IDEMPOTENT, "POST", "PATCH"])
async def test_one_attempt(both, method, fault):
    """With attempts=1 the silent repetition gets what comes next, and the caller sees nothing of the fault."""
    end = FIN if fault is faults.disconnect else RST
    came, attempts = await both(
        asking(method, times=1 + (method not in IDEMPOTENT)),
        [(end,), answer(b"") if method == "HEAD" else answer(b"two")],
        replies(fault(attempts=1), b"" if method == "HEAD" else b"two"),
    )
    raised = "ServerDisconnectedError" if end is FIN else "ClientOSError"
    body = b"" if method == "HEAD" else b"two"
    assert came == ([body] if method in IDEMPOTENT else [raised, body])
    assert attempts == 2


@pytest.mark.parametrize("method", [*IDEMPOTENT, "POST", "PATCH"])
@pytest.mark.parametrize("attempts", [None, 2, 3])
async def test_all_attempts(both, method, attempts):
    """Without attempts=1 the fault answers both attempts, and what comes next is for the next request."""
    repeated = 1 + (method in IDEMPOTENT)
    last = b"" if method == "HEAD" else b"two"
    came, asked = await both(
        asking(method, times=2),
        [*[(FIN,)] * repeated, answer(last)],
        replies(faults.disconnect(attempts=attempts), last),
    )
    assert came == ["ServerDisconnectedError", last]
    assert asked == repeated + 1


async def test_one_attempt_twice(both):
    """Two faults with attempts=1 are the two attempts of one GET; there is no third."""
    came, attempts = await both(
        asking(times=2),
        [(FIN,), (RST,), answer(b"three")],
        replies(faults.disconnect(attempts=1), faults.reset(attempts=1), b"three"),
    )
    assert came == ["ClientOSError", b"three"]
    assert attempts == 3


async def test_behind_a_redirect(both):
    """A followed redirect is a request of its own, and shares the one silent repetition with those before."""
    there = b"HTTP/1.1 302 \r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"
    options = replies(b"", faults.disconnect(), b"three")
    options["responses"][0] = {"status": 302, "headers": {"Location": "/a"}, "body": b""}
    came, attempts = await both(asking(times=2), [(there,), (FIN,), (FIN,), answer(b"three")], options)
    assert came == ["ServerDisconnectedError", b"three"]
    assert attempts == 4


@pytest.mark.skipif(VERSION < (3, 12), reason="aiohttp has middlewares since 3.12")
@pytest.mark.parametrize(("method", "attempts"), [("GET", 2), ("POST", 2)])
async def test_a_middleware_that_repeats(both, method, attempts):
    """A middleware's repetition is a new request, which gets what comes next."""
    again = retrying(aiohttp.ServerDisconnectedError)
    came, asked = await both(
        asking(method, middlewares=(again,)), [(FIN,), answer(b"two")], replies(faults.disconnect(), b"two")
    )
    assert came == [b"two"]
    assert asked == attempts


HEADS = [
    (faults.disconnect(after=5), (LENGTH, FIN), {}),
    (faults.reset(after=5), (LENGTH, RST), {}),
    (faults.truncate(after=5), (LENGTH, FIN), {}),
    (faults.truncate(after=5), (CHUNKED, FIN), chunked()),
    (faults.bad_chunk(after=5), (CHUNKED, FIN), chunked()),
    (faults.drip(chunk=5, every=60), (LENGTH,), {}),
    (faults.stall(after=5), (LENGTH, SILENCE), {}),
]


@pytest.mark.parametrize(("fault", "script", "options"), HEADS, ids=[f"{fault} {len(o)}" for fault, _, o in HEADS])
async def test_head(both, fault, script, options):
    """An answer to HEAD has no body in which anything could go wrong."""
    came, attempts = await both(
        asking("HEAD"), [script], {"body": BODY, "auto_length": True, **options, "fault": fault}
    )
    assert came == [b""]
    assert attempts == 1


async def _three():
    yield b"abc"


SHORT = [
    (faults.truncate(after=100), (CHUNKED, b"3\r\nabc\r\n", FIN), "ClientPayloadError"),
    (faults.reset(after=100), (CHUNKED, b"3\r\nabc\r\n", RST), "ClientPayloadError"),
    (faults.drip(chunk=3, every=0.001), (CHUNKED, b"3\r\nabc\r\n", b"0\r\n\r\n"), b"abc"),
]


@pytest.mark.parametrize(("fault", "script", "came"), SHORT, ids=[str(fault) for fault, _, _ in SHORT])
async def test_a_stream_that_ends_before_the_fault(both, fault, script, came):
    """Nobody knows beforehand how long a stream is; behind its last piece comes what the fault is."""
    options = {"body": _three, "headers": {"Transfer-Encoding": "chunked"}, "fault": fault}
    assert await both(asking("POST"), [script], options) == ([came], 1)


async def test_a_bad_chunk_behind_a_stream():
    """The same; aiohttp's parser in C does not tell the reader of it, who waits for the client's timeout."""
    aiohttpretty.register_uri("POST", "http://h/", body=_three, fault=faults.bad_chunk(after=100), time="instant")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            async with session.post("http://h/") as response:
                assert await response.content.readexactly(3) == b"abc"
                with pytest.raises((aiohttp.ClientPayloadError, TimeoutError, asyncio.TimeoutError)):
                    await response.read()


async def test_a_drip_of_nothing(both):
    """An answer without a body drips nothing, and is whole."""
    options = {"body": b"", "auto_length": True, "fault": faults.drip(chunk=1, every=60)}
    assert await both(asking("POST"), [answer(b"")], options) == ([b""], 1)


@pytest.mark.parametrize(("line", "reason"), [(b"HTTP/1.1 299 Odd", "Odd"), ("HTTP/1.1 299 \xe9", "\xe9")])
async def test_a_status_line_that_can_be_read(line, reason):
    """It may be bytes or text; the rest of the answer is as registered, and says that it is the last if it is."""
    aiohttpretty.register_uri("GET", "http://h/", body=b"abc", headers={"X": "1"}, fault=faults.status_line(line))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            async with session.get("http://h/") as response:
                assert (response.status, response.reason, await response.read()) == (299, reason, b"abc")
                assert dict(response.headers) == {"X": "1", "Content-Length": "3"}
            async with session.get("http://h/", headers={"Connection": "close"}) as response:
                assert (response.status, await response.read()) == (299, b"abc")
                assert dict(response.headers) == {"X": "1", "Content-Length": "3", "Connection": "close"}


@pytest.mark.parametrize(("status", "reason"), [(407, "Proxy Authentication Required"), (599, "")])
async def test_the_reason_of_a_proxy(status, reason):
    """A proxy says why in the words of the standard, where that has some."""
    aiohttpretty.register_uri("GET", "http://h/", fault=faults.proxy_status(status))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get("http://h/", proxy="http://p:1/") as response:
            assert (response.status, response.reason) == (status, reason)
