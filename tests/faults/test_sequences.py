"""Faults among other replies, and aiohttp's silent second attempt: what comes is what a real server would have sent."""

import aiohttp
import pytest
from conformance.looking import VERSION, differences
from settling import retrying

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
