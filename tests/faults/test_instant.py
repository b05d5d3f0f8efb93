"""Told time: with time="instant" nobody waits, and what comes is what would have come to somebody who waited."""

import asyncio
import gc
from contextlib import nullcontext

import aiohttp
import pytest
from aiohttp import ClientTimeout, web
from aiohttp.http_parser import HttpResponseParser, HttpResponseParserPy
from conformance.looking import VERSION, described, names, tracing
from settling import outcome, settle, until

import aiohttpretty
from aiohttpretty import AioHTTPretty, DeactivatedError, FaultError, faults

URI = "http://example.com/"
# A short while of the clock, and a long one that nobody waits for
SHORT, HOUR = 0.25, 3600.0
# So many times as long: never in this test, whatever else the machine does
NEVER = 1000

NONE = ClientTimeout()
MIDDLEWARES = pytest.mark.skipif(VERSION < (3, 12), reason="aiohttp has no middlewares")

BODY = b"0123456789"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


def stalled(what="answer to", limit="sock_read"):
    return (
        f"The {what} GET {URI} stalls for ever, and the client has no timeout that would end it; with "
        "time='instant', it fails at once instead of hanging. Give the request or the session a timeout, such as "
        f"aiohttp.ClientTimeout({limit}=30); or, where something else is to end it, give the reply time='real'."
    )


async def ask(timeout, *, method="GET", session=None, uri=URI, **keywords):
    """What a client sees of one request: how far it came, what it read, what was raised, what its traces heard."""
    config, events = tracing()
    seen = {"status": None, "pieces": [], "error": None}
    async with aiohttp.ClientSession(trace_configs=[config], **session or {}) as client:
        try:
            async with client.request(method, uri, timeout=timeout, **keywords) as response:
                seen["status"] = response.status
                async for piece in response.content.iter_any():
                    seen["pieces"].append(piece)
        except Exception as error:
            seen["error"] = described(error)
            seen["context"] = type(error.__context__).__name__, error.__suppress_context__
    return {**seen, "events": names(events)}


async def handler(request):
    return web.Response(body=BODY)


async def pieces():
    yield BODY[:5]
    yield BODY[5:]


# What is answered, and the client's timeouts: what comes first comes after `s` seconds, all else never
SITUATIONS = {
    "in time": lambda s: ({"delay": s}, {"total": NEVER * s, "sock_read": NEVER * s}),
    "in time, for nobody has a timeout": lambda s: ({"delay": s}, {}),
    "total": lambda s: ({"delay": NEVER * s}, {"total": s}),
    "sock_read": lambda s: ({"delay": NEVER * s}, {"sock_read": s}),
    "total before sock_read": lambda s: ({"delay": NEVER * s}, {"total": s, "sock_read": NEVER * s}),
    "sock_read before total": lambda s: ({"delay": NEVER * s}, {"total": NEVER * s, "sock_read": s}),
    "what limits the way to a connection": lambda s: ({"delay": 2 * s}, {"connect": s, "sock_connect": s}),
    "a stall, total": lambda s: ({"fault": faults.stall()}, {"total": s}),
    "a stall, sock_read": lambda s: ({"fault": faults.stall()}, {"sock_read": s}),
    "a stall in the body, total": lambda s: ({"fault": faults.stall(after=4)}, {"total": s}),
    "a stall in the body, sock_read": lambda s: ({"fault": faults.stall(after=4)}, {"sock_read": s}),
    "a stall at the body": lambda s: ({"fault": faults.stall(after=0)}, {"sock_read": s}),
    "a stall in a stream": lambda s: ({"fault": faults.stall(after=7), "body": pieces}, {"sock_read": s}),
    "a stall after a delay": lambda s: ({"fault": faults.stall(after=4), "delay": s}, {"sock_read": 2 * s}),
    "a drip": lambda s: ({"fault": faults.drip(chunk=4, every=s)}, {"sock_read": NEVER * s}),
    "a drip, total": lambda s: ({"fault": faults.drip(chunk=4, every=NEVER * s)}, {"total": s}),
    "a drip, sock_read": lambda s: ({"fault": faults.drip(chunk=4, every=NEVER * s)}, {"sock_read": s}),
    "a pause before the head": lambda s: ({"fault": faults.raw(s, HEAD + BODY)}, {"sock_read": NEVER * s}),
    "a pause before the head, sock_read": lambda s: ({"fault": faults.raw(NEVER * s, HEAD)}, {"sock_read": s}),
    "a pause in the head": lambda s: ({"fault": faults.raw(HEAD[:9], s, HEAD[9:] + BODY)}, {"total": NEVER * s}),
    "a pause in the head, total": lambda s: ({"fault": faults.raw(HEAD[:9], NEVER * s, HEAD[9:])}, {"total": s}),
    "a pause, and the end": lambda s: ({"fault": faults.raw(HEAD + BODY[:5], s, faults.disconnect())}, {}),
    "an early hint": lambda s: (
        # aiohttp drops sock_read there
        {"fault": faults.raw(b"HTTP/1.1 102 Processing\r\n\r\n", NEVER * s, HEAD + BODY)},
        {"sock_read": s / 2, "total": s},
    ),
    "events": lambda s: ({"sse": ["1", "2"], "delay": s}, {"sock_read": NEVER * s}),
    "events, sock_read": lambda s: ({"sse": ["1", "2"], "delay": NEVER * s}, {"sock_read": s}),
    "events, total": lambda s: ({"sse": ["1", "2"], "delay": NEVER * s}, {"total": s}),
    "an error": lambda s: ({"error": ValueError("late"), "delay": s}, {"total": NEVER * s}),
    "an error, total": lambda s: ({"error": ValueError("late"), "delay": NEVER * s}, {"total": s}),
    "a handler": lambda s: ({"handler": handler, "delay": s}, {"sock_read": NEVER * s}),
    "a handler, sock_read": lambda s: ({"handler": handler, "delay": NEVER * s}, {"sock_read": s}),
    "lost in the request": lambda s: ({"fault": faults.during_upload(after=2), "delay": s}, {"sock_read": NEVER * s}),
    "lost in the request, sock_read": lambda s: (
        {"fault": faults.during_upload(after=2), "delay": NEVER * s},
        {"sock_read": s},
    ),
    "no connection": lambda s: ({"fault": faults.refused(), "delay": s}, {"total": NEVER * s, "connect": NEVER * s}),
    "no connection, connect": lambda s: ({"fault": faults.refused(), "delay": NEVER * s}, {"connect": s}),
    "no connection, sock_connect": lambda s: ({"fault": faults.refused(), "delay": NEVER * s}, {"sock_connect": s}),
    "no connection, total": lambda s: ({"fault": faults.refused(), "delay": NEVER * s}, {"total": s}),
    "nobody there, connect": lambda s: (
        {"fault": faults.connect_timeout()},
        {"connect": s, "sock_connect": NEVER * s, "total": NEVER * s},
    ),
    "nobody there, sock_connect": lambda s: (
        {"fault": faults.connect_timeout()},
        {"connect": NEVER * s, "sock_connect": s, "total": NEVER * s},
    ),
    "nobody there, total": lambda s: (
        {"fault": faults.connect_timeout()},
        {"connect": NEVER * s, "sock_connect": NEVER * s, "total": s},
    ),
    "no name": lambda s: ({"fault": faults.dns_failure(), "delay": s}, {"connect": NEVER * s}),
    "no name, what limits the rest of the way": lambda s: (
        {"fault": faults.dns_failure(), "delay": 2 * s},
        {"sock_connect": s, "sock_read": s},
    ),
    "no name, connect": lambda s: ({"fault": faults.dns_failure(), "delay": NEVER * s}, {"connect": s}),
    "no name, total": lambda s: ({"fault": faults.dns_failure(), "delay": NEVER * s}, {"total": s}),
    "a lost connection": lambda s: ({"fault": faults.reset(), "delay": s}, {"total": NEVER * s}),
    "a lost connection, total": lambda s: ({"fault": faults.disconnect(), "delay": NEVER * s}, {"total": s}),
}


METHODS = ("GET", "POST")
_waited = {}


async def played(registry, name, method, seconds):
    options, timeouts = SITUATIONS[name](seconds)
    alone = {"error", "handler", "sse", "body"} & set(options)
    uri = f"http://{method}-{list(SITUATIONS).index(name)}.example.com/"
    route = registry.register_uri(method, uri, **({} if alone else {"body": BODY}), **options)
    seen = await ask(ClientTimeout(**timeouts), method=method, uri=uri, data=b"data" if method == "POST" else None)
    calls = [(call.status, call.error and call.error.text) for call in registry.calls if call.route is route]
    return {**seen, "calls": calls}


async def playing(each, time, seconds):
    """What comes of some of the situations at the same time."""
    registry = AioHTTPretty()
    with registry.activate(time=time):
        got = await asyncio.gather(*(played(registry, *one, seconds) for one in each))
    return dict(zip(each, got, strict=True))


async def waited(one, seconds):
    """What comes of it by the clock; for a short while, several wait together."""
    each = [(name, method) for name in SITUATIONS for method in METHODS]
    if seconds != SHORT:
        return (await playing([one], "real", seconds))[one]
    while len(_waited) < len(each):
        _waited.update(await playing(each[len(_waited) :][:8], "real", seconds))
    return _waited[one]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SITUATIONS)
async def test_as_if_one_had_waited(name, method):
    """Type, message, cause, what of the body arrived and what traces hear are those of real waiting; hours, too."""
    one = name, method
    told = (await playing([one], "instant", HOUR))[one]
    for seconds in (SHORT, 4 * SHORT, 20 * SHORT):  # where the machine is busy, a short timeout is over before its time
        real, short = await waited(one, seconds), (await playing([one], "instant", seconds))[one]
        if real == short == told:
            return
    assert real == told
    assert short == told


@pytest.mark.parametrize("limit", ["total", "sock_read"])
async def test_a_tie_is_the_clients(limit):
    """What lasts as long as a timeout runs into it: that was set first."""
    aiohttpretty.register_uri("GET", URI, delay=HOUR)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(**{limit: HOUR}))
    assert seen["error"]["type"].endswith("TimeoutError")


# -- how far the told time reaches


@pytest.mark.parametrize(("hours", "calls", "got"), [(3.5, 3, 200), (2.5, 3, None), (1.5, 2, None), (0.5, 1, None)])
async def test_total_spans_redirects(hours, calls, got):
    """The client's `total` counts what has been skipped before each of the redirects."""
    aiohttpretty.register_uri("GET", URI, location=URI + "2", delay=HOUR)
    aiohttpretty.register_uri("GET", URI + "2", location=URI + "3", delay=HOUR)
    aiohttpretty.register_uri("GET", URI + "3", delay=HOUR)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(total=hours * HOUR))
    assert (seen["status"], len(aiohttpretty.calls)) == (got, calls)
    assert (seen["error"] is None) == (got is not None)


@pytest.mark.parametrize(("hours", "calls"), [(2.5, 2), (1.5, 2), (0.5, 1)])
async def test_total_spans_the_silent_second_attempt(hours, calls):
    """It counts what has been skipped before aiohttp's first attempt."""
    aiohttpretty.register_uri("GET", URI, fault=faults.disconnect(), delay=HOUR)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(total=hours * HOUR))
    kind = "ServerDisconnectedError" if hours > calls else "TimeoutError"
    assert (seen["error"]["type"].rpartition(".")[2], len(aiohttpretty.calls)) == (kind, calls)


@pytest.mark.parametrize(("hours", "arrives"), [(1.5, 2), (2.5, 3), (8.5, 9), (9.5, 10)])
async def test_total_counts_all_pauses(hours, arrives):
    """Of a body that drips, so much arrives as would have in that time."""
    aiohttpretty.register_uri("GET", URI, body=BODY, fault=faults.drip(chunk=1, every=HOUR))
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(total=hours * HOUR, sock_read=1.5 * HOUR))
    assert seen["pieces"] == [b"%d" % number for number in range(arrives)]
    assert (seen["error"] is None) == (arrives == len(BODY))


@pytest.mark.parametrize(("hours", "got"), [(2.5, []), (3.5, [b"01234", b"56789"])])
async def test_sock_read_counts_from_the_last_bytes(hours, got):
    """Pauses add up for `sock_read` until bytes come, and no longer."""
    said = faults.raw(HOUR, 2 * HOUR, HEAD + BODY[:5], 3 * HOUR, BODY[5:])
    aiohttpretty.register_uri("GET", URI, fault=said)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(sock_read=hours * HOUR))
    assert seen["pieces"] == got


@pytest.mark.parametrize(("hours", "kind"), [(1.5, "SocketTimeoutError"), (3.5, "TimeoutError")])
async def test_a_delay_and_what_it_delays(hours, kind):
    """What follows a delay goes on in the same told time."""
    aiohttpretty.register_uri("GET", URI, delay=HOUR, fault=faults.raw(HOUR, HEAD, HOUR, BODY))
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(sock_read=hours * HOUR, total=2.5 * HOUR))
    assert seen["error"]["type"].rpartition(".")[2] == kind
    assert seen["status"] == (200 if kind == "TimeoutError" else None)


@MIDDLEWARES
async def test_a_middleware_that_tries_again():
    """Each attempt of a middleware's has its own `sock_read`; they share one `total`."""

    async def stubborn(request, handler):
        while True:
            try:
                return await handler(request)
            except aiohttp.SocketTimeoutError:  # noqa: PERF203 - to try again is the point
                await asyncio.sleep(0.001)

    aiohttpretty.register_uri("GET", URI, fault=faults.stall())
    with aiohttpretty.activate(time="instant"):
        timeout = ClientTimeout(sock_read=HOUR, total=3.5 * HOUR)
        seen = await ask(timeout, session={"middlewares": (stubborn,)})
    assert seen["error"]["type"].rpartition(".")[2] == "TimeoutError"
    assert len(aiohttpretty.calls) == 4


@MIDDLEWARES
@pytest.mark.parametrize(
    ("each", "hours", "got"), [(2, 4.5, 200), (2, 3.5, None), (2, 1.5, None), (5, 4.5, None), (1, 2.1, 200)]
)
@pytest.mark.parametrize("together", [False, True])
async def test_what_a_middleware_asks_for(each, hours, got, together):
    """The time that a request within a request takes is the outer one's, too; of several at once, that of one."""

    async def fetch():
        async with aiohttp.ClientSession(timeout=NONE) as other:
            await (await other.get(URI + "token")).read()

    async def authorized(request, handler):
        await asyncio.gather(*(fetch() for _ in range(3))) if together else await fetch()
        return await handler(request)

    aiohttpretty.register_uri("GET", URI + "token", delay=each * HOUR)
    aiohttpretty.register_uri("GET", URI, delay=each * HOUR)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(total=hours * HOUR), session={"middlewares": (authorized,)})
    assert seen["status"] == got
    assert got or seen["error"]["type"].endswith("TimeoutError")


# -- before a timeout is over, the client goes as far as it would have gone


async def dawdle():
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("limit", ["total", "sock_read"])
async def test_traces_that_take_their_time(limit):
    """A trace that awaits something changes nothing of what comes, and when."""

    async def slowly(*event):
        heard.append(len(event))
        await dawdle()
        await asyncio.sleep(0.002)

    heard = []
    slow = aiohttp.TraceConfig()
    for name in [name for name in dir(slow) if name.startswith("on_")]:
        getattr(slow, name).append(slowly)
    aiohttpretty.register_uri("POST", URI, body=BODY, fault=faults.stall(after=4))
    timeout = ClientTimeout(**{limit: HOUR})
    with aiohttpretty.activate(time="instant"):
        quick = await ask(timeout, method="POST", data=b"data")
        async with aiohttp.ClientSession(trace_configs=[slow]) as session:
            async with session.post(URI, data=b"data", timeout=timeout) as response:
                assert await response.content.readexactly(4) == BODY[:4]
                with pytest.raises(asyncio.TimeoutError) as caught:
                    await response.content.readany()
    assert described(caught.value) == quick["error"]
    assert heard


def test_a_clock_that_stands_still():
    """What is over at once is over by any clock, also by one that a tool such as freezegun has stopped, long ago."""

    async def lost():
        with aiohttpretty.activate(time="instant"):
            aiohttpretty.register_uri("GET", URI, fault=faults.connect_timeout())
            asked = asyncio.create_task(
                outcome(aiohttpretty.fake_request("GET", URI, timeout=ClientTimeout(connect=60)))
            )
            await settle()
            await settle()
            assert asked.done()
            return asked.result()

    loop = asyncio.SelectorEventLoop()
    loop.time = lambda: 86_400.0
    try:
        assert type(loop.run_until_complete(lost())) is aiohttp.ConnectionTimeoutError
    finally:
        loop.close()


async def test_a_client_that_does_something_else():
    """No timeout is over before the client waits: a response that nobody reads yet is a good one."""
    aiohttpretty.register_uri("GET", URI, body=BODY, fault=faults.stall(after=4))
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession(timeout=ClientTimeout(sock_read=HOUR, total=2 * HOUR)) as session:
            async with session.get(URI) as response:
                await asyncio.sleep(0.02)
                assert response.content.exception() is None
                assert await response.content.readany() == BODY[:4]
                await asyncio.sleep(0.02)
                assert response.content.exception() is None
                with pytest.raises(aiohttp.SocketTimeoutError):
                    await response.content.readany()


async def test_a_client_that_never_waits():
    """What is on its way comes also to a client that only looks whether it has come."""
    aiohttpretty.register_uri("GET", URI, body=BODY, fault=faults.drip(chunk=1, every=HOUR))
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession() as session, session.get(URI, timeout=NONE) as response:
            await until(lambda: response.content.total_bytes == len(BODY))
            assert response.content.read_nowait() == BODY


async def test_a_client_that_reads_slowly():
    """A reader that takes its time, and more than one buffer, gets all; and its time is not the server's."""
    body = bytes(range(256)) * 4000
    aiohttpretty.register_uri("GET", URI, body=body, fault=faults.drip(chunk=200_000, every=HOUR))
    read = b""
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession() as session:
            async with session.get(URI, timeout=ClientTimeout(sock_read=1.5 * HOUR)) as response:
                while piece := await response.content.read(50_000):
                    read += piece
                    await dawdle()
    assert read == body


async def test_an_upload_in_real_time():
    """What the client takes to say its request is no time of the server's silence."""

    async def slowly(*more):
        yield b"1"
        await asyncio.sleep(0.02)
        for piece in more:
            yield piece

    aiohttpretty.register_uri("POST", URI, fault=faults.stall())
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(sock_read=HOUR), method="POST", data=slowly(b"2"))
        again = await ask(ClientTimeout(sock_read=HOUR), method="POST", data=b"12", expect100=True)
        whole = {"Content-Length": "1"}  # which is there before the client has looked for more
        last = await ask(ClientTimeout(sock_read=HOUR), method="POST", data=slowly(), headers=whole)
    assert [call.body for call in aiohttpretty.calls] == [b"12", b"12", b"1"]
    kinds = {one["error"]["type"] for one in (seen, again, last)}
    assert kinds == {"aiohttp.client_exceptions.SocketTimeoutError"}


@pytest.mark.parametrize("rest", [b"", b"4"])
async def test_an_upload_that_is_cut_in_pieces(rest):
    """A connection is lost once, however many pieces came by then, and whether or not the request was whole."""

    async def together():
        for piece in (b"1", b"2", b"3", rest):
            yield piece

    aiohttpretty.register_uri("POST", URI, fault=faults.during_upload(after=1))
    with aiohttpretty.activate():
        seen = await ask(ClientTimeout(), method="POST", data=together(), headers={"Content-Length": "4"})
    assert seen["error"]["type"].rpartition(".")[2] == "ClientOSError"
    assert [(call.attempt, call.status) for call in aiohttpretty.calls] == [(1, None)]


@pytest.mark.parametrize(
    ("hours", "kind"), [(1.5, "ClientOSError"), (None, "ClientOSError"), (0.5, "TimeoutError")], ids=str
)
async def test_an_upload_that_is_cut_late(hours, kind):
    """A delay that begins in the middle of a request runs beside the rest of that, and under `total` only."""

    async def endless():
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0)

    aiohttpretty.register_uri("POST", URI, fault=faults.during_upload(after=2000), delay=HOUR)
    total = hours and hours * HOUR
    with aiohttpretty.activate(time="instant"):
        if kind == "TimeoutError":  # it is not over before the client has said all, and waits
            seen = await ask(ClientTimeout(total=total), method="POST", data=pieces())
        else:
            seen = await ask(ClientTimeout(total=total, sock_read=HOUR / 2), method="POST", data=endless())
    assert seen["error"]["type"].rpartition(".")[2] == kind


# -- whose timeouts


async def test_the_timeouts_of_session_and_request():
    """Those of the request go before those of the session, as aiohttp has it; without any, aiohttp's own hold."""
    aiohttpretty.register_uri("GET", URI, fault=faults.stall())
    long = ClientTimeout(total=2 * HOUR)
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession(timeout=ClientTimeout(sock_read=HOUR)) as session:
            with pytest.raises(aiohttp.SocketTimeoutError):
                await session.get(URI)
            for timeout in (long, ClientTimeout(total=HOUR, sock_read=2 * HOUR)):
                with pytest.raises(asyncio.TimeoutError) as caught:
                    await session.get(URI, timeout=timeout)
                assert not isinstance(caught.value, aiohttp.ClientError)
        with pytest.raises(asyncio.TimeoutError):
            await aiohttpretty.fake_request("GET", URI)
        with pytest.raises(FaultError):
            await aiohttpretty.fake_request("GET", URI, timeout=None)


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("timeouts", [{"total": 3 * HOUR}, {"total": 0.1}, {"sock_read": HOUR / 2}, {}], ids=repr)
@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("GET", (WHOLE, HOUR, faults.reset())),
        ("GET", (WHOLE, faults.stall())),
        ("HEAD", (WHOLE[:-2], HOUR, b"ok")),
    ],
)
async def test_behind_a_whole_answer(method, said, timeouts):
    """What is still to come there takes its time: nobody waits for it, whoever asks next on the connection."""
    fault = {"fault": faults.raw(*said)}
    responses = [fault, {"body": b"second", "delay": HOUR / 4 if "sock_read" in timeouts else 0.05}, {"body": b"third"}]
    aiohttpretty.register_uri(method, URI, responses=responses)
    config, events = tracing()
    got = []
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession(timeout=ClientTimeout(**timeouts), trace_configs=[config]) as session:
            for _ in responses:
                async with session.request(method, URI) as response:
                    got.append((response.status, await response.read()))
                await settle()
                await settle()
    assert got == [(200, b"" if method == "HEAD" else body) for body in (b"ok", b"second", b"third")]
    assert [(call.attempt, call.error) for call in aiohttpretty.calls] == [(1, None)] * 3
    assert names(events).count("connection_reuseconn") == 2


C_PARSER = pytest.mark.skipif(HttpResponseParser is HttpResponseParserPy, reason="aiohttp's parser in Python tells")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD_CHUNKS = [
    faults.bad_chunk(after=2),
    faults.raw(CHUNKED, b"zz\r\n"),
    faults.raw(CHUNKED, b"zz\r\n", faults.stall()),
]


@C_PARSER
@pytest.mark.parametrize("fault", BAD_CHUNKS)
async def test_a_reader_whom_nobody_tells(fault):
    """Where only `total` ends the wait for a chunk that makes no sense, it is over now; `sock_read` is not."""
    aiohttpretty.register_uri("GET", URI, body=BODY, fault=fault)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(total=HOUR, sock_read=1))
        assert (seen["error"]["type"].rpartition(".")[2], seen["status"]) == ("TimeoutError", 200)
        seen = await ask(ClientTimeout(sock_read=1))
        assert seen["error"]["text"] == stalled(limit="total")
    assert [call.error and call.error.text for call in aiohttpretty.calls] == [None, stalled(limit="total")]


async def test_what_comes_soon_behind_a_whole_answer():
    """A short pause there ends, and with it the connection."""
    aiohttpretty.register_uri("GET", URI, fault=faults.raw(WHOLE, 0.001, faults.disconnect()))
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession() as session:
            assert await (await session.get(URI)).read() == b"ok"
            [[(protocol, *_)]] = session.connector.connect.__self__._shadow._conns.values()
            await until(lambda: protocol.transport is None)


async def test_pauses_behind_a_whole_answer_while_another_request_is_sent():
    """They take their time, and end the connection under whoever uses it by then."""
    again = faults.raw(WHOLE, 0.05, 0.001, faults.disconnect())
    aiohttpretty.register_uri("GET", URI, fault=again)
    aiohttpretty.register_uri("POST", URI)

    async def upload():
        yield b"begun"
        await until(lambda: protocol.transport is None)
        yield b"ended"

    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession() as session:
            assert await (await session.get(URI)).read() == b"ok"
            [[(protocol, *_)]] = session.connector.connect.__self__._shadow._conns.values()
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.post(URI, data=upload())


async def test_a_reader_without_any_timeout():
    """Whoever waits for the end of a body in a way that aiohttp sets no limit to waits on behind `total`, too."""
    aiohttpretty.register_uri("GET", URI, body=BODY, fault=faults.stall(after=4))
    before = asyncio.all_tasks()
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession(timeout=ClientTimeout(total=HOUR)) as session:
            response = await session.get(URI)
            waiting = asyncio.ensure_future(response.content.wait_eof())
            await settle()
            assert not waiting.done()
            with pytest.raises(asyncio.TimeoutError):
                await response.content.readany()
                await response.content.readany()
            waiting.cancel()
            response.close()
        await settle()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("ticks", range(1, 8))
async def test_deactivated_before_a_connection_is_told_of(ticks):
    """An attempt that is yet to begin fails as one that waits, in told time, too."""
    registry = AioHTTPretty(time="instant")
    registry.register_uri("GET", URI, fault=faults.connect_timeout())
    async with aiohttp.ClientSession(timeout=ClientTimeout(connect=HOUR)) as session:
        with registry.activate():
            asking = asyncio.create_task(outcome(session.get(URI)))
            for _ in range(ticks):
                await asyncio.sleep(0)
        error = await asking
    assert type(error) is DeactivatedError or isinstance(error, asyncio.TimeoutError)


@pytest.mark.parametrize("fault", [None, faults.drip(chunk=1, every=0)], ids=["said", "played"])
async def test_a_bug_at_the_end_of_what_nobody_reads(fault):
    """A generator that fails when it is ended, because its client has gone, is told of by the event loop."""
    told, begun = [], asyncio.Event()

    async def body():
        try:
            yield b"begun"
            begun.set()
            await asyncio.Event().wait()
        finally:
            raise LookupError("my own")

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
    aiohttpretty.register_uri("GET", URI, body=body, **{} if fault is None else {"fault": fault})
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            response = await session.get(URI)
            await asyncio.wait_for(begun.wait(), 30)
            response.close()
            await settle()
    gc.collect()
    await until(lambda: told)
    assert [repr(error) for error in told] == ["LookupError('my own')"]


async def test_a_large_body_that_breaks_off():
    """It arrives up to there, slice by slice."""
    whole = bytes(range(256)) * 4096
    aiohttpretty.register_uri(
        "GET", URI, fault=faults.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + whole)
    )
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(sock_read=HOUR))
    assert b"".join(seen["pieces"]) == whole
    assert seen["error"]["type"].endswith("SocketTimeoutError")


@C_PARSER
@pytest.mark.parametrize("time", ["real", "instant"])
@pytest.mark.parametrize("fault", BAD_CHUNKS)
async def test_who_reads_only_later(fault, time):
    """Who does not wait yet when it comes is told by aiohttp when he reads, and nobody stays for him."""
    aiohttpretty.register_uri("GET", URI, body=BODY, fault=fault, time=time)
    before = asyncio.all_tasks()
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URI) as response:
            await settle()
            assert asyncio.all_tasks() == before
            for kind in (RuntimeError, aiohttp.ClientConnectionError):
                with pytest.raises(kind, match="^Connection closed"):
                    await response.read()


@C_PARSER
@pytest.mark.parametrize("fault", BAD_CHUNKS)
@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("how", ["deactivate", "cancel"])
async def test_a_reader_whom_nobody_tells_and_the_end(fault, others, how):
    """Who waits for it really, and is deactivated or cancelled, does not wait on; nothing is left."""
    registry, other = AioHTTPretty(), AioHTTPretty()
    registry.register_uri("GET", URI, body=BODY, fault=fault)
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        with other.activate() if others else nullcontext():
            with registry.activate():
                task = asyncio.ensure_future(read(session))
                await until(lambda: registry.calls and registry.calls[0].status)
                await settle()
                assert not task.done()
                if how == "cancel":
                    task.cancel()
                    await settle()
            await settle()
            assert task.done()
    [got] = await asyncio.gather(task, return_exceptions=True)
    assert type(got) is {"cancel": asyncio.CancelledError, "deactivate": DeactivatedError}[how]
    assert [call.error and call.error.text for call in registry.calls] == [None if how == "cancel" else str(got)]
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("GET", faults.raw(b"HTTP/1.1 100 Continue\r\n\r\n")),
        ("HEAD", faults.status_line("HTTP/1.1 100 Continue")),
        ("GET", faults.raw(b"HTTP/1.1 103 Early Hints\r\n\r\n", HEAD[:9])),
    ],
)
async def test_only_an_interim_answer(method, fault):
    """The head of a 1xx is no answer yet: the client waits on, until `total` is over, or nothing would end it."""
    aiohttpretty.register_uri(method, URI, fault=fault)
    with aiohttpretty.activate(time="instant"):
        seen = await ask(ClientTimeout(total=HOUR), method=method)
        assert (seen["error"]["type"].rpartition(".")[2], seen["status"]) == ("TimeoutError", None)
        seen = await ask(NONE, method=method)
    assert seen["error"]["text"] == stalled(limit="total").replace("GET", method)  # a 1xx ends `sock_read`


@pytest.mark.parametrize("fault", [faults.stall(), faults.stall(after=4), faults.raw(HEAD, faults.stall())])
@pytest.mark.parametrize("timeout", [None, NONE, ClientTimeout(total=0, connect=1, sock_connect=1)])
async def test_a_stall_that_nothing_ends(fault, timeout):
    """Where a client would hang for ever, a sentence says so at once; the session stays usable."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": fault}, {"body": b"next"}], body=BODY)
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession() as session:
            with pytest.raises(FaultError) as caught:
                await (await session.get(URI, timeout=timeout)).read()
            assert await (await session.get(URI, timeout=timeout)).read() == b"next"
    assert str(caught.value) == stalled()
    assert [call.error and call.error.text for call in aiohttpretty.calls] == [stalled(), None]


async def test_a_connection_that_nothing_ends():
    """The same is said of an attempt to connect."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.connect_timeout()}, {"body": b"next"}])
    with aiohttpretty.activate(time="instant"):
        async with aiohttp.ClientSession(timeout=ClientTimeout(sock_read=1)) as session:
            with pytest.raises(FaultError) as caught:
                await session.get(URI)
            assert await (await session.get(URI)).read() == b"next"
    assert str(caught.value) == stalled("connection for", "sock_connect")


# -- whose time


async def test_a_reply_goes_before_its_registry():
    """A reply's own word holds, also in `responses`; else that of the closest activation, and of the registry."""
    loop, took = asyncio.get_running_loop(), []
    registry = AioHTTPretty(time="real")
    both = [{"time": "real"}, {"time": "instant"}, {}]
    registry.register_uri("GET", URI, responses=both, delay=SHORT / 5, exhausted="cycle")
    for time in ("real", "instant"):
        with registry.activate(time=time):
            for _ in both:
                start = loop.time()
                await registry.fake_request("GET", URI)
                took.append(loop.time() - start >= SHORT / 5 * 0.9)  # a loop's clock has a resolution
    assert [took[0], took[2], took[3]] == [True, True, True]


async def test_side_by_side():
    """Instant replies pass a real one by, and a thousand of them don't wait for each other."""

    async def get(session, number):
        return await outcome(session.get(f"{URI}{number}"))

    aiohttpretty.register_uri("GET", URI + "real", fault=faults.stall(), time="real")
    for number in range(1000):
        aiohttpretty.register_uri("GET", f"{URI}{number}", delay=number * HOUR, time="instant")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(timeout=ClientTimeout(total=499.5 * HOUR)) as session:
            real = asyncio.ensure_future(get(session, "real"))
            got = await asyncio.gather(*(get(session, number) for number in range(1000)))
            assert not real.done()
            real.cancel()
            assert isinstance(await real, asyncio.CancelledError)
    assert got[:500] == [200] * 500
    assert {type(one) for one in got[500:]} == {asyncio.TimeoutError}


async def test_what_is_the_tests_own_stays_real():
    """What a handler or a stream awaits takes its time, and aiohttp's real timeouts end it."""

    async def slow(request):
        await asyncio.sleep(SHORT / 5 * (1 if request.query else NEVER))
        return web.Response(body=BODY)

    async def stream():
        yield BODY[:5]
        await asyncio.sleep(SHORT / 5)
        yield BODY[5:]

    loop = asyncio.get_running_loop()
    aiohttpretty.register_uri("GET", URI, check_params=False, handler=slow, delay=HOUR)
    aiohttpretty.register_uri("GET", URI + "stream", body=stream)
    with aiohttpretty.activate(time="instant"):
        for uri in (URI + "?short", URI + "stream"):
            start = loop.time()
            assert b"".join((await ask(NONE, uri=uri))["pieces"]) == BODY
            assert loop.time() - start >= SHORT / 5 * 0.9  # a loop's clock has a resolution
        aiohttpretty.register_uri("GET", URI, handler=slow)
        assert (await ask(ClientTimeout(sock_read=SHORT)))["error"]["type"].endswith("SocketTimeoutError")


# -- the end


@pytest.mark.parametrize(
    "options",
    [
        {"delay": NEVER},
        {"fault": faults.stall()},
        {"fault": faults.stall(after=4)},
        {"fault": faults.drip(chunk=4, every=NEVER)},
        {"sse": ["1", "2"], "delay": NEVER},
    ],
    ids=repr,
)
@pytest.mark.parametrize("how", ["cancel", "deactivate"])
async def test_nothing_is_left(options, how):
    """Who is cancelled or deactivated amid a real pause leaves no task and no timer behind."""
    registry = AioHTTPretty()
    registry.register_uri("GET", URI, **({} if "sse" in options else {"body": BODY}), **options)
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        handle = registry.activate()
        task = asyncio.ensure_future(read(session))
        await until(lambda: registry.calls)
        await settle()
        if how == "cancel":
            task.cancel()
        else:
            handle.undo()
        [got] = await asyncio.gather(task, return_exceptions=True)
        handle.undo()
    await settle()
    assert isinstance(got, {"cancel": asyncio.CancelledError, "deactivate": DeactivatedError}[how])
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("how", ["close", "deactivate"])
@pytest.mark.parametrize("timeout", [NONE, ClientTimeout(total=HOUR)])
async def test_nothing_is_left_of_what_nobody_read(how, timeout):
    """Nor does a told pause that waits for a client to read."""
    registry = AioHTTPretty()
    registry.register_uri("GET", URI, body=BODY, fault=faults.stall(after=4))
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        handle = registry.activate(time="instant")
        response = await session.get(URI, timeout=timeout)
        await settle()
        if how == "deactivate":
            handle.undo()
            with pytest.raises(DeactivatedError):
                await response.read()
        response.close()
    handle.undo()
    await settle()
    assert asyncio.all_tasks() == before


async def read(session):
    async with session.get(URI, timeout=NONE) as response:
        return await response.read()
