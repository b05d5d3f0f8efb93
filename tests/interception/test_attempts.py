"""aiohttp's silent second attempt: the same fault answers it, unless that was said to be one of a single attempt."""

import asyncio
import re

import aiohttp
import pytest
from settling import outcome, retrying, settle

import aiohttpretty
from aiohttpretty import AioHTTPretty, DeactivatedError, ResponsesExhausted, faults, match

URI = "http://example.com/"
MIDDLEWARES = hasattr(aiohttp, "ClientMiddlewareType")
LOST = [faults.disconnect(), faults.reset()]

pytestmark = pytest.mark.usefixtures("active")


@pytest.fixture(autouse=True)
async def nothing_is_left(complaints):
    """When a test is over, no task is, and the event loop has nothing to complain of."""
    yield
    await settle()
    assert asyncio.all_tasks() - {asyncio.current_task()} == set()


async def ask(session, method="GET", uri=URI, **options):
    return await outcome(session.request(method, uri, **options))


def seen(calls=None):
    return [(call.status, call.attempt) for call in (aiohttpretty.calls if calls is None else calls)]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_both_attempts(fault):
    """One request is two calls with one fault; nothing else is used up by the second."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": fault}, {"status": 201}])
    async with aiohttp.ClientSession() as session:
        error = await ask(session)
        assert isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError))
        assert seen() == [(None, 1), (None, 2)]
        assert await ask(session) == 201
    assert seen() == [(None, 1), (None, 2), (201, 1)]
    first, second, _ = aiohttpretty.calls
    assert first.error.kind is second.error.kind is type(error)
    assert first.route is second.route


@pytest.mark.parametrize("attempts", [None, 2, 3])
async def test_so_many_attempts(attempts):
    """There is one silent repetition, however many would be answered."""
    aiohttpretty.register_uri("GET", URI, fault=faults.disconnect(attempts=attempts), times=1)
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session)) is aiohttp.ServerDisconnectedError
        assert seen() == [(None, 1), (None, 2)]
        assert type(await ask(session)) is ResponsesExhausted


async def test_one_attempt():
    """With `attempts=1` the repetition gets the next reply, and the caller never hears of the fault."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.disconnect(attempts=1)}, {"status": 201}])
    async with aiohttp.ClientSession() as session:
        assert await ask(session) == 201
    assert seen() == [(None, 1), (201, 2)]


async def test_one_attempt_of_one_reply():
    """If there is no next reply, the second attempt is told so."""
    aiohttpretty.register_uri("GET", URI, fault=faults.disconnect(attempts=1), times=1)
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session)) is ResponsesExhausted
    assert seen() == [(None, 1)]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_is_not_repeated(method):
    """aiohttp repeats none of these; the next request is one of its own."""
    aiohttpretty.register_uri(method, URI, responses=[{"fault": faults.disconnect()}, {"status": 201}])
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session, method)) is aiohttp.ServerDisconnectedError
        assert await ask(session, method) == 201
    assert seen() == [(None, 1), (201, 1)]


async def test_the_next_request_of_the_session():
    """Two requests of a caller are two: the second takes what comes next, though it asks for the same."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.disconnect()}] * 2 + [{}])
    async with aiohttp.ClientSession() as session:
        said = [await ask(session) for _ in range(3)]
    assert [type(answer) for answer in said[:2]] == [aiohttp.ServerDisconnectedError] * 2
    assert said[2] == 200
    assert seen() == [(None, 1), (None, 2)] * 2 + [(200, 1)]


async def test_a_body_sent_twice():
    """Each attempt has the body of its own."""
    aiohttpretty.register_uri("PUT", URI, fault=faults.reset())
    async with aiohttp.ClientSession() as session:
        assert isinstance(await ask(session, "PUT", data=b"sent"), aiohttp.ClientOSError)
    assert [call.body for call in aiohttpretty.calls] == [b"sent", b"sent"]


async def test_matchers_are_asked_once():
    """Which route it is was decided by the first attempt."""
    asked = []

    def mine(request):
        asked.append(request.request_headers["X-A"])
        return True

    aiohttpretty.register_uri("GET", URI, match=mine, responses=[{"fault": faults.disconnect()}, {}])
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session, headers={"X-A": "1"})) is aiohttp.ServerDisconnectedError
        assert asked == ["1"]
        assert await ask(session, headers={"X-A": "2"}) == 200
    assert (asked, seen()) == (["1", "2"], [(None, 1), (None, 2), (200, 1)])


async def test_one_attempt_with_a_matcher():
    """With `attempts=1`, the second attempt is looked up as any request."""
    aiohttpretty.register_uri("GET", URI, status=201)
    fault = faults.reset(attempts=1)
    aiohttpretty.register_uri("GET", URI, match=match.headers({"X-A": "1"}), fault=fault, times=1)
    async with aiohttp.ClientSession() as session:
        assert await ask(session, headers={"X-A": "1"}) == 201
    assert seen() == [(None, 1), (201, 2)]


async def test_a_redirect_is_no_repetition():
    """A redirect to the same address, cut off in its body, is followed; that is another request."""
    cut = {"fault": faults.truncate(after=1), "location": URI, "body": "moved"}
    aiohttpretty.register_uri("GET", URI, responses=[cut, {"status": 201}])
    async with aiohttp.ClientSession() as session:
        assert await ask(session) == 201
    first, second = aiohttpretty.calls
    assert (first.status, second.status, second.attempt) == (302, 201, 1)
    assert second.redirected_from is first


async def test_behind_a_redirect():
    """A hop is repeated like any request, and both of its attempts come from the one before."""
    aiohttpretty.register_uri("GET", URI, location="/there")
    aiohttpretty.register_uri("GET", f"{URI}there", fault=faults.disconnect(), times=1)
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session)) is aiohttp.ServerDisconnectedError
    assert seen() == [(302, 1), (None, 1), (None, 2)]
    first, *others = aiohttpretty.calls
    assert [call.redirected_from for call in others] == [first, first]


async def test_a_fault_in_the_body():
    """Behind a head nothing is repeated."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.disconnect(after=1), "body": "abc"}, {}])
    async with aiohttp.ClientSession() as session:
        async with session.get(URI) as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        assert await ask(session) == 200
    assert seen() == [(200, 1), (200, 1)]


@pytest.mark.skipif(not MIDDLEWARES, reason="this aiohttp has no client middlewares")
async def test_a_middleware_that_tries_again():
    """What a middleware repeats is a new request, which takes the next reply."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.disconnect()}, {"status": 201}])
    async with aiohttp.ClientSession(middlewares=(retrying(aiohttp.ServerDisconnectedError),)) as session:
        assert await ask(session) == 201
    assert seen() == [(None, 1), (201, 1)]


@pytest.mark.skipif(not MIDDLEWARES, reason="this aiohttp has no client middlewares")
async def test_a_middleware_and_aiohttp():
    """A middleware tries again within each attempt: aiohttp's repetition gets what the attempt before it ended with."""
    replies = [{"fault": faults.disconnect()}, {"fault": faults.disconnect()}, {"status": 201}]
    aiohttpretty.register_uri("GET", URI, responses=replies)
    async with aiohttp.ClientSession(middlewares=(retrying(aiohttp.ServerDisconnectedError),)) as session:
        assert await ask(session) == 201
    # the first, its repetition by the middleware, aiohttp's second attempt of that, and the middleware's of this
    assert seen() == [(None, 1), (None, 1), (None, 2), (201, 1)]


async def test_through_a_pattern():
    """Not only exact addresses know what they have said."""
    aiohttpretty.register_uri("*", re.compile("http://.*"), responses=[{"fault": faults.reset()}, {"status": 201}])
    async with aiohttp.ClientSession() as session:
        assert isinstance(await ask(session), aiohttp.ClientOSError)
        assert await ask(session) == 201


async def test_another_registry():
    """Both attempts are the same registry's, also if another one has been asked first."""
    beneath, above = AioHTTPretty(), AioHTTPretty()
    beneath.register_uri("GET", URI, fault=faults.disconnect(), times=1)
    above.register_uri("GET", URI, match=match.headers({"X-A": "1"}))
    with beneath.activate(), above.activate():
        async with aiohttp.ClientSession() as session:
            assert type(await ask(session)) is aiohttp.ServerDisconnectedError
    assert (seen(beneath.calls), seen(above.calls)) == ([(None, 1), (None, 2)], [])


@pytest.mark.parametrize("when", ["on_request_exception", "on_connection_create_start"])
async def test_deactivated_between_the_attempts(when):
    """A second attempt after the end is neither answered nor let out."""
    mine, config, begun = AioHTTPretty(), aiohttp.TraceConfig(), []

    class Request(aiohttp.ClientRequest):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            begun.append(self)
            if len(begun) == 2 and when == "on_request_exception":
                mine.deactivate()

    async def happened(session, context, params):
        if len(begun) == 2 and when != "on_request_exception":
            mine.deactivate()

    config.on_connection_create_start.append(happened)
    mine.register_uri("GET", URI, fault=faults.disconnect())
    aiohttpretty.deactivate()  # nobody else is there
    mine.activate()
    async with aiohttp.ClientSession(request_class=Request, trace_configs=[config]) as session:
        error = await ask(session)
    assert type(error) is DeactivatedError
    assert (len(begun), seen(mine.calls)) == (2, [(None, 1)])


async def test_deactivated_beside_another():
    """So it is where another registry goes on: that one does not answer what it has not begun."""
    mine, config = AioHTTPretty(), aiohttp.TraceConfig()

    async def happened(session, context, params):
        if mine.calls:
            mine.deactivate()

    config.on_connection_create_start.append(happened)
    aiohttpretty.register_uri("GET", URI)
    mine.register_uri("GET", URI, fault=faults.disconnect())
    mine.activate()
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        assert type(await ask(session)) is DeactivatedError
    assert (seen(mine.calls), seen()) == ([(None, 1)], [])


async def test_a_request_in_the_meantime():
    """What others ask meanwhile has nothing to do with it."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.disconnect()}] + [{"status": 201}] * 3)
    async with aiohttp.ClientSession() as session:
        said = await asyncio.gather(*(ask(session) for _ in range(4)))
    assert [type(said[0]), *said[1:]] == [aiohttp.ServerDisconnectedError, 201, 201, 201]
    assert sorted(call.attempt for call in aiohttpretty.calls) == [1, 1, 1, 1, 2]
