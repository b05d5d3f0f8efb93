"""What the calls tell of faults, and what a fault leaves to the next request on its connection."""

import asyncio

import aiohttp
import pytest
from settling import settle

import aiohttpretty
from aiohttpretty import faults

URL = "http://example.com/"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

pytestmark = pytest.mark.aiohttpretty


@pytest.fixture
async def session():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


async def asked(session, method="GET", **options):
    """What came of a request: the body, or the exception."""
    try:
        async with session.request(method, URL, **options) as response:
            return await response.read()
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        return error


def told():
    return [(call.status, call.error and call.error.kind, call.attempt) for call in aiohttpretty.calls]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.reset(), aiohttp.ClientOSError),
        (faults.disconnect(), aiohttp.ServerDisconnectedError),
        (faults.during_upload(after=0), aiohttp.ClientOSError),
        (faults.raw(b"HTTP/1.1", faults.reset()), aiohttp.ClientOSError),
        (faults.malformed(b"nonsense\r\n\r\n"), aiohttp.ClientResponseError),
    ],
    ids=str,
)
async def test_on_a_connection_that_was_used(session, fault, kind):
    """A call tells its own request's error, whatever the connection carried before."""
    aiohttpretty.register_uri("POST", URL, responses=[{"body": b"one"}, {"fault": fault}])
    assert await asked(session, "POST") == b"one"
    error = await asked(session, "POST", data=b"x")
    assert type(error) is kind
    assert told() == [(200, None, 1), (None, kind, 1)]
    assert aiohttpretty.calls[1].error.text == str(error)


@pytest.mark.parametrize(
    "said",
    [
        WHOLE,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
@pytest.mark.parametrize("end", [faults.disconnect(), faults.reset()], ids=str)
async def test_behind_a_whole_answer(session, said, end):
    """Who has got all of an answer has no error, and neither has the call."""
    aiohttpretty.register_uri("GET", URL, fault=faults.raw(said, end))
    assert await asked(session) in (b"ok", b"")
    await settle()
    assert told() == [(204 if b"204" in said else 200, None, 1)]


async def test_behind_an_answer_that_ends_with_the_connection(session):
    """That is whole when the connection is closed."""
    aiohttpretty.register_uri("GET", URL, fault=faults.raw(b"HTTP/1.0 200 OK\r\n\r\nok", faults.disconnect()))
    assert await asked(session) == b"ok"
    await settle()
    assert told() == [(200, None, 1)]


async def test_a_closed_connection_uses_up_nothing(session):
    """A server that closes behind its answer is asked nothing more on that connection, so no reply is lost."""
    first = {"fault": faults.raw(WHOLE, faults.disconnect())}
    aiohttpretty.register_uri("GET", URL, responses=[first, {"body": b"second", "delay": 0.001}, {"body": b"third"}])
    assert [await asked(session) for _ in range(3)] == [b"ok", b"second", b"third"]
    assert told() == [(200, None, 1)] * 3


@pytest.mark.parametrize("pause", [0.05, faults.stall()], ids=str)
async def test_a_script_that_goes_on(session, pause):
    """What a server still has in mind behind its answer disturbs no other one."""
    aiohttpretty.register_uri("GET", URL, fault=faults.raw(WHOLE, pause))
    assert [await asked(session) for _ in range(3)] == [b"ok"] * 3
    assert told() == [(200, None, 1)] * 3


@pytest.mark.parametrize(
    ("after", "status", "kind"), [(None, None, asyncio.CancelledError), (1, 200, None)], ids=["at first", "midway"]
)
async def test_a_client_that_leaves(session, after, status, kind):
    """Who waits for a stalled answer, and goes, leaves nothing behind, and the call has an end."""
    aiohttpretty.register_uri("GET", URL, body=b"ok", fault=faults.stall(after=after))
    tasks = asyncio.all_tasks()
    asking = asyncio.create_task(asked(session))
    await settle()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await settle()
    assert asyncio.all_tasks() == tasks
    [call] = aiohttpretty.calls
    assert told() == [(status, kind, 1)]
    assert call.duration is not None


async def test_an_answer_that_comes_to_its_end(session):
    """A fault that only slows an answer down lets it end, and the call with it."""
    aiohttpretty.register_uri("GET", URL, body=b"ok", fault=faults.drip(chunk=1, every=0.001))
    assert await asked(session) == b"ok"
    await settle()
    assert told() == [(200, None, 1)]
    assert aiohttpretty.calls[0].duration is not None


async def test_a_delayed_reset_amid_an_upload(session):
    """What the client still sends changes nothing: one failure, one call, one reply."""
    aiohttpretty.register_uri(
        "POST", URL, responses=[{"fault": faults.during_upload(after=3), "delay": 0.001}, {"status": 201}]
    )

    async def pieces():
        for _ in range(5):
            await settle()
            yield b"ab"

    error = await asked(session, "POST", data=pieces())
    assert type(error) is aiohttp.ClientOSError
    assert told() == [(None, aiohttp.ClientOSError, 1)]
    assert aiohttpretty.calls[0].body.startswith(b"abab")


async def test_a_head_ends_where_it_ends(session):
    """The headers of a call are those of the head, whatever the body looks like."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nab\r\nFoo: bar"
    aiohttpretty.register_uri("GET", URL, fault=faults.raw(said))
    assert await asked(session) == b"ab\r\nFoo: bar"
    assert dict(aiohttpretty.calls[0].response_headers) == {"Content-Length": "12"}


@pytest.mark.parametrize("segments", [1, 2])
async def test_behind_an_early_hint(session, segments):
    """A call has the status of the answer, not of the 1xx before it."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    aiohttpretty.register_uri(
        "GET", URL, fault=faults.raw(early, WHOLE) if segments == 2 else faults.raw(early + WHOLE)
    )
    assert await asked(session) == b"ok"
    assert told() == [(200, None, 1)]
    assert dict(aiohttpretty.calls[0].response_headers) == {"Content-Length": "2"}


async def test_what_could_not_be_decoded(session):
    """A body that is corrupt is an error of the call, too."""
    aiohttpretty.register_uri("GET", URL, body=b"hello", fault=faults.corrupt("gzip"))
    assert type(await asked(session)) is aiohttp.ClientPayloadError
    assert told() == [(200, aiohttp.ClientPayloadError, 1)]


async def test_a_head_that_breaks_off(session):
    """Where the client got no head, the call has no status, and the second attempt is the second."""
    aiohttpretty.register_uri("GET", URL, fault=faults.raw(b"HTTP/1.1 200 OK\r\nContent-", faults.disconnect()))
    assert type(await asked(session)) is aiohttp.ServerDisconnectedError
    assert told() == [(None, aiohttp.ServerDisconnectedError, 1), (None, aiohttp.ServerDisconnectedError, 2)]
