"""Requests that nobody answers: the error is ours, at the caller, at once, and exact."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp.http_writer import StreamWriter
from settling import outcome, settle

import aiohttpretty

URI = "http://example.com/"
methods = pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])


@pytest.fixture(autouse=True)
def active():
    with aiohttpretty.activate():
        yield


def first_line(method, uri, params):
    return f"No URLs matching {method} {uri} with params {params}. Not making request. Go fix your test."


async def test_a_body_that_is_yet_to_be_compressed():
    """The report has it as it was given, and the headers as they go with that."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttpretty.NoMatchError) as caught:
            await session.post(URI, data=b"plain", compress="deflate", headers={"X-A": "1"})
    assert "plain" in str(caught.value)
    assert caught.value.request.headers["X-A"] == "1"
    assert "Content-Encoding" not in str(caught.value)


@methods
@pytest.mark.parametrize("reused", [False, True], ids=["new", "reused"])
async def test_no_match(method, reused):
    """The same error for every method, with or without a connection that could be reused."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    async with aiohttp.ClientSession() as session:
        if reused:
            await (await session.get(URI)).read()
        with pytest.raises(aiohttpretty.NoMatchError) as caught:
            await session.request(method, URI + "no", params={"a": "1"})
        assert type(caught.value) is aiohttpretty.NoMatchError
        assert str(caught.value).splitlines()[0] == first_line(method, URI + "no", {"a": "1"})
        assert caught.value.__cause__ is None
        # the connection is as good as it was
        await (await session.get(URI)).read()
    assert [(record.method, str(record.url)) for record in aiohttpretty.unmatched] == [(method, URI + "no?a=1")]


@methods
@pytest.mark.parametrize("status", [302, 307, 308])
async def test_the_second_hop(method, status):
    """A redirect to an address that nobody registered ends there, named by its own method and address."""
    aiohttpretty.register_uri(method, URI, status=status, headers={"Location": "/there?b=2"})
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttpretty.NoMatchError) as caught:
            await session.request(method, URI, allow_redirects=True, data=b"x")
    asked = "GET" if status == 302 and method == "POST" else method
    assert str(caught.value).splitlines()[0] == first_line(asked, URI + "there?b=2", {"b": "2"})
    assert [(call.method, call.status) for call in aiohttpretty.calls] == [(method, status)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("expect100", [False, True])
async def test_before_an_upload(method, expect100):
    """A streaming upload that nobody expects is not read from: its generator never starts."""
    started = []

    async def upload():
        started.append(True)
        yield b"x"

    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttpretty.NoMatchError):
            await session.request(method, URI, data=upload(), expect100=expect100)
    assert started == []


async def test_before_a_connection():
    """It takes no connection, and does not wait for one."""
    aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        async with session.get(URI):
            with pytest.raises(aiohttpretty.NoMatchError):
                await session.get(URI + "no")


async def test_not_eaten():
    """Neither retry code nor `except ClientError` nor raise_for_status can take it for a fault of the network."""
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        try:
            await session.get(URI)
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
            pytest.fail("it was eaten")
        except Exception as error:
            assert isinstance(error, aiohttpretty.AiohttprettyError)


async def test_traced():
    """Traces see it as the exception of the request."""
    seen = []
    config = aiohttp.TraceConfig()

    async def note(session, context, params):
        seen.append(type(params.exception))

    config.on_request_exception.append(note)
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        with pytest.raises(aiohttpretty.NoMatchError):
            await session.get(URI)
    assert seen == [aiohttpretty.NoMatchError]


async def test_exhausted_at_once():
    """With one connection and two responses, of ten requests at once two get one, and eight the error, exactly."""
    route = aiohttpretty.register_uri("GET", URI, responses=[{"body": b"1"}, {"body": b"2"}])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        outcomes = await asyncio.gather(*[outcome(session.get(URI)) for _ in range(10)])
        assert [got for got in outcomes if got == 200] == [200] * 2
        errors = [got for got in outcomes if got != 200]
        assert {(type(error), str(error).split("\n")[0]) for error in errors} == {
            (
                aiohttpretty.ResponsesExhausted,
                f"No response is left for GET {URI}: all 2 of its responses have been used (registered at "
                f"{route.origin}). Add one to its responses=[...] for each further request, or give exhausted='repeat' "
                "or 'cycle'; or find out why the code asks more often than you expect.",
            )
        }
        # the connection is back in the pool
        aiohttpretty.register_uri("GET", URI, body=b"x")
        assert await asyncio.wait_for(outcome(session.get(URI)), 5) == 200
    assert len(aiohttpretty.calls) == 3
    assert len(aiohttpretty.unmatched) == 8


async def test_a_one_time_body_at_once():
    """Of several requests at once for a body that can be read once, one gets all of it and the others the error."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"x" * 100_000)
    reader.feed_eof()
    aiohttpretty.register_uri("GET", URI, body=reader)

    async def read(session):
        async with session.get(URI) as response:
            return await response.read()

    async with aiohttp.ClientSession() as session:
        outcomes = await asyncio.gather(*[read(session) for _ in range(5)], return_exceptions=True)
    assert outcomes.count(b"x" * 100_000) == 1
    assert [type(got) for got in outcomes if isinstance(got, Exception)] == [aiohttpretty.BodyConsumedError] * 4


@pytest.mark.parametrize("limit", [1, 100])
async def test_a_one_time_body_in_the_pool(limit):
    """The same where they have to wait for one another."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"once")
    reader.feed_eof()
    aiohttpretty.register_uri("GET", URI, body=reader)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit)) as session:
        outcomes = await asyncio.gather(*[outcome(session.get(URI)) for _ in range(5)])
    assert outcomes.count(200) == 1
    assert sum(type(got) is aiohttpretty.BodyConsumedError for got in outcomes) == 4


@pytest.mark.parametrize(
    "headers",
    [{"Transfer-Encoding": "chunked"}, {"Content-Length": "3"}, {"transfer-encoding": "gzip, chunked"}],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_malformed(headers, method):
    """A body that does not follow the headers that the code wrote itself is an error, not a hang, and not retried."""
    aiohttpretty.register_uri(method, URI)
    async with aiohttp.ClientSession() as session:
        error = await asyncio.wait_for(outcome(session.request(method, URI, data=b"a plain body", headers=headers)), 10)
        await settle()
        assert await outcome(session.request(method, URI, data=b"x")) == 200
    if "Content-Length" in headers and type(error) is not aiohttpretty.MalformedRequestError:
        # aiohttp 3.12 cuts the body itself
        assert error == 200
        assert aiohttpretty.calls[0].body == b"a p"
        return
    assert type(error) is aiohttpretty.MalformedRequestError
    assert str(error) == (
        f"The body of the request {method} {URI} does not follow the Content-Length or Transfer-Encoding in its "
        "headers, so no server could find its end: a real one would answer 400 or wait for ever. Leave both headers to "
        "aiohttp; it sets them itself, and chunked=True asks for chunks."
    )
    assert len(aiohttpretty.calls) == 2


@pytest.mark.parametrize(("length", "data"), [("30", b"a plain body"), ("3", None)])
async def test_less_than_was_announced(length, data):
    """A server would wait for the rest; it is an error as soon as the client has nothing more to send."""
    aiohttpretty.register_uri("POST", URI)
    async with aiohttp.ClientSession() as session:
        asking = session.post(URI, data=data, headers={"Content-Length": length})
        error = await asyncio.wait_for(outcome(asking), 10)
        assert await outcome(session.post(URI, data=b"x")) == 200
    assert type(error) is aiohttpretty.MalformedRequestError
    assert str(error).startswith(f"The body of the request POST {URI} does not follow the Content-Length or ")


@pytest.mark.parametrize("data", [b"x", b"x" * 1_000_000, None])
async def test_expect_100(data):
    """A client that waits for `100 Continue` gets it, and then its answer; several times on one connection."""
    aiohttpretty.register_uri("PUT", URI, status=201)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        for _ in range(3):
            assert await asyncio.wait_for(outcome(session.put(URI, data=data, expect100=True)), 10) == 201
    assert [call.body for call in aiohttpretty.calls] == [data or b""] * 3


class BreakingReader:
    """A body whose reading breaks in the middle."""

    def __init__(self, error):
        self.error = error
        self.left = [b"some"]

    async def read(self, size=-1):
        if self.left:
            return self.left.pop()
        raise self.error


@pytest.mark.parametrize(
    "error", [ValueError("broken"), OSError(5, "broken"), asyncio.CancelledError("broken"), asyncio.TimeoutError()]
)
async def test_a_body_whose_read_breaks(error, complaints):
    """What reading the body raises is raised where the code reads the body, the very object; nothing hangs."""
    aiohttpretty.register_uri("GET", URI, body=BreakingReader(error))
    aiohttpretty.register_uri("GET", URI + "2", body=b"x")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        async with session.get(URI) as response:
            read = asyncio.ensure_future(response.read())
            await settle()
            assert read.done()
            with pytest.raises(type(error)) as caught:
                await read
            if not isinstance(error, asyncio.CancelledError):  # a task makes that anew
                assert caught.value is error
        assert await outcome(session.get(URI + "2")) == 200


async def test_a_body_that_is_not_bytes(complaints):
    """So is what is wrong with the pieces that it gives."""

    class Reader:
        async def read(self, size=-1):
            return 1

    reader = Reader()
    aiohttpretty.register_uri("GET", URI, body=reader)
    async with aiohttp.ClientSession() as session, session.get(URI) as response:
        with pytest.raises(aiohttpretty.BodyError) as caught:
            await response.read()
    assert str(caught.value) == (
        f"The body {reader!r} gave 1, which can't be sent. Let it give bytes, bytearray, memoryview or str."
    )


# aiohttp 3.11 never writes the end of such a body, and a server would wait for it for ever
if hasattr(StreamWriter, "send_headers"):

    async def test_a_long_head_that_comes_in_two_pieces(monkeypatch):
        """A chunked request without a body is whole even where aiohttp writes its end apart from a long head."""
        monkeypatch.setattr("aiohttp.http_writer.SKIP_WRITELINES", False, raising=False)  # as on the newest CPythons
        aiohttpretty.register_uri("POST", "http://example.com/", body=b"x")
        long = {"X-Long": "x" * 4000}
        response = await aiohttpretty.fake_request("POST", "http://example.com/", chunked=True, headers=long)
        assert await response.read() == b"x"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(None, id="no route"),
        pytest.param({"match": aiohttpretty.match.json({"a": 1})}, id="refused by a matcher"),
        pytest.param({"body": b"", "times": 1}, id="used up"),
        pytest.param({"responses": [{"fault": aiohttpretty.faults.refused()}]}, id="used up before a connection"),
        pytest.param({"error": ValueError("wrong")}, id="an error of the test's"),
    ],
)
async def test_what_pytest_shows_of_it(options):
    """The frames of the test and of aiohttp, and none of ours, in which there is nothing to be mended."""
    if options is not None:
        aiohttpretty.register_uri("GET", URI, **options)
    async with aiohttp.ClientSession() as session:
        await outcome(session.get(URI))
        with pytest.raises((aiohttpretty.AiohttprettyError, ValueError)) as caught:
            await session.get(URI)
    shown = [Path(str(entry.path)) for entry in caught.traceback.filter(caught)]
    assert shown[0] == Path(__file__)
    assert [path for path in shown if Path(aiohttpretty.__file__).parent in path.parents] == []
