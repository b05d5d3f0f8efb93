"""A server that the test plays itself: requests are received and answered by hand, and nobody hangs."""

import asyncio
import gc
import weakref
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, make_mocked_request
from settling import PATIENCE, raised, text

import aiohttpretty
from aiohttpretty import (
    AioHTTPretty,
    ControlError,
    DeactivatedError,
    NoMatchError,
    OptionTypeError,
    OptionValueError,
    VerificationError,
)
from aiohttpretty.live.desk import Desk
from aiohttpretty.live.held import Held, shortened

URI = "https://api.kraken.com"
SAMPLE = '{"error":[],"result":{"XXBTZUSD":{"a":["3602.30000","1","1.000"],"c":["3602.20000","0.01"]}}}'


class Kraken:
    """The code under test."""

    PAIRS = {"btcusd": "XXBTZUSD"}

    def __init__(self, session):
        self._session = session

    async def get_price(self, name):
        pair = self.PAIRS[name]
        async with self._session.get(f"{URI}/0/public/Ticker", params={"pair": pair}) as response:
            found = await response.json(content_type=None)
        return Decimal(found["result"][pair]["c"][0])


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.fixture
async def kraken(session):
    return Kraken(session)


async def test_the_price(kraken):
    """The test plays the server, step by step."""
    async with aiohttpretty.controlled("https://api.kraken.com") as server:
        task = asyncio.create_task(kraken.get_price("btcusd"))
        request = await server.receive_request()
        assert request.path_qs == "/0/public/Ticker?pair=XXBTZUSD"
        server.send_response(request, text=SAMPLE)
        assert await task == Decimal("3602.2")


async def test_a_registry_of_ones_own(session):
    """The method does the same for its registry, and switches that one on for the length of the block."""
    registry = AioHTTPretty()
    async with registry.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        server.send_response(await server.receive_request(), text="mine")
        assert await task == (200, "mine")
        assert "1 calls" in repr(registry)
    assert "not active" in repr(registry)
    assert [(call.method, str(call.url), call.status) for call in registry.calls] == [("GET", URI, 200)]
    assert aiohttpretty.calls == []


async def test_it_is_over_when_it_is_left(session):
    """An activation that goes on doesn't know the server any more."""
    with aiohttpretty.activate():
        async with aiohttpretty.controlled(URI) as server:
            task = asyncio.create_task(text(session.get(URI)))
            server.send_response(await server.receive_request())
            await task
        with pytest.raises(NoMatchError):
            await session.get(URI)
        aiohttpretty.unmatched.clear()


async def test_what_is_registered_comes_first(session):
    """The server gets only what no route answers, at and below its address."""
    aiohttpretty.register_uri("GET", URI + "/v1/known", body="registered")
    async with aiohttpretty.controlled(URI + "/v1") as server:
        assert await text(session.get(URI + "/v1/known")) == (200, "registered")
        task = asyncio.create_task(text(session.get(URI + "/v1/other?x=1")))
        request = await server.receive_request()
        assert (str(request.url), request.scheme, request.host) == (URI + "/v1/other?x=1", "https", "api.kraken.com")
        server.send_response(request, text="by hand")
        assert await task == (200, "by hand")
        with pytest.raises(NoMatchError):
            await session.get(URI + "/v2")
    aiohttpretty.unmatched.clear()


# -- receiving


async def test_in_the_order_in_which_they_came(session):
    """Requests come up as they came, whoever waits for them, and each once."""
    async with aiohttpretty.controlled(URI) as server:
        waiting = [asyncio.create_task(server.receive_request()) for _ in range(3)]
        tasks = [asyncio.create_task(text(session.get(f"{URI}/{number}"))) for number in range(6)]
        requests = [await each for each in waiting] + [await server.receive_request() for _ in range(3)]
        assert [request.path for request in requests] == [f"/{number}" for number in range(6)]
        for request in reversed(requests):
            server.send_response(request, text=f"to {request.path}")
        assert [await task for task in tasks] == [(200, f"to /{number}") for number in range(6)]


async def test_no_request_is_lost_to_one_who_stopped_waiting(session):
    """Who is cancelled while waiting takes no request along."""
    async with aiohttpretty.controlled(URI) as server:
        waiting = asyncio.create_task(server.receive_request(timeout=None))
        await asyncio.sleep(0)
        task = asyncio.create_task(text(session.get(URI)))
        while not server._came:
            await asyncio.sleep(0)
        waiting.cancel()
        request = await server.receive_request()
        server.send_response(request)
        assert (await task)[0] == 200
        assert waiting.cancelled()


async def test_a_body_as_it_comes(session):
    """The test reads an upload while it comes, and may answer in the midst."""
    go_on = asyncio.Event()

    async def body():
        yield b"one"
        await go_on.wait()
        yield b"two"

    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.post(URI, data=body())))
        request = await server.receive_request()
        assert await request.content.readany() == b"one"
        go_on.set()
        assert await request.read() == b"two"
        server.send_response(request, text="got it")
        assert await task == (200, "got it")


@pytest.mark.parametrize(
    ("data", "read", "expected"),
    [
        ({"json": {"a": 1}}, lambda request: request.json(), {"a": 1}),
        ({"data": {"a": "1"}}, lambda request: request.post(), {"a": "1"}),
        ({"data": b"x" * 3_000_000}, lambda request: request.read(), b"x" * 3_000_000),
        ({"data": "Jö", "expect100": True}, lambda request: request.text(), "Jö"),
    ],
)
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_body_in_every_form(session, data, read, expected):
    """A request is a real one of aiohttp.web's, whose body has no limit."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.post(URI, **data)))
        request = await server.receive_request()
        assert isinstance(request, web.Request)
        assert await read(request) == expected
        server.send_response(request)
        assert (await task)[0] == 200


async def test_what_failed_elsewhere_is_told(session):
    """Requests that other routes raised something for are listed with that."""
    aiohttpretty.register_uri("GET", "http://other.example/", error=LookupError("my own"))
    async with aiohttpretty.controlled("https://api.kraken.com/") as server:
        await raised(session.get("http://other.example/"))
        with pytest.raises(VerificationError) as caught:
            await server.receive_request(timeout=0)
    assert "Elsewhere went:\n  GET http://other.example/ -> LookupError" in str(caught.value)


def test_a_long_list():
    """Of many, the first and the last are shown, and how many are between."""
    assert shortened([str(number) for number in range(11)]) == [str(number) for number in range(11)]
    assert shortened([str(number) for number in range(30)]) == [
        *map(str, range(5)),
        "  … 20 more …",
        *map(str, range(25, 30)),
    ]


def test_answered_when_its_loop_is_gone():
    """Nobody waits there any more; it is no mistake of whoever answers."""

    async def hold():
        return Held(1, make_mocked_request("GET", "/"), lambda: False)

    loop = asyncio.new_event_loop()
    held = loop.run_until_complete(hold())
    loop.close()
    held.answer(web.Response(), "answered 200")
    assert (held.open, held.fate) == (False, "answered 200")


async def test_none_comes(session):
    """After the timeout, the report says what came so far, and what went elsewhere."""
    aiohttpretty.register_uri("GET", "http://example.com/")
    async with aiohttpretty.controlled(URI) as server:
        with pytest.raises(VerificationError) as caught:
            await server.receive_request(timeout=0)
        assert str(caught.value) == (
            "Looked for a request to the controlled server at https://api.kraken.com, and none came.\n\n"
            "Nothing came so far."
        )
        tasks = [asyncio.create_task(text(session.get(f"{URI}/{number}?token=x"))) for number in range(4)]
        first, second, third = [await server.receive_request() for _ in range(3)]
        server.send_response(first, status=201)
        server.send_error(second, LookupError("mine"))
        await session.get("http://example.com/")
        with pytest.raises(NoMatchError):
            await session.get("https://api.krakn.com/0")
        aiohttpretty.unmatched.clear()
        with pytest.raises(NoMatchError):
            await session.get("https://api.krakn.com/1")
        last = await server.receive_request()
        with pytest.raises(VerificationError) as caught:
            await server.receive_request(timeout=0.01)
        assert str(caught.value) == (
            "Waited 0.01 s for a request to the controlled server at https://api.kraken.com, and none came.\n\n"
            "What came so far:\n"
            "  1. GET https://api.kraken.com/0?token=*** -> answered 201\n"
            "  2. GET https://api.kraken.com/1?token=*** -> answered with LookupError\n"
            "  3. GET https://api.kraken.com/2?token=*** -> received, not answered\n"
            "  4. GET https://api.kraken.com/3?token=*** -> received, not answered\n\n"
            "Elsewhere went:\n"
            "  GET https://api.krakn.com/1 -> not answered\n"
            "  GET http://example.com/ -> 200"
        )
        shown = [entry.name for entry in caught.traceback.filter(caught)]
        assert shown == ["test_none_comes"]
        for request in (third, last):
            server.send_response(request)
        await asyncio.gather(*tasks, return_exceptions=True)
    aiohttpretty.unmatched.clear()


@pytest.mark.parametrize("timeout", ["1", -1])
async def test_no_length_of_time(timeout):
    """A timeout that is none is refused as everywhere."""
    async with aiohttpretty.controlled(URI) as server:
        with pytest.raises((OptionTypeError, OptionValueError), match="Give seconds"):
            await server.receive_request(timeout=timeout)


# -- answering

ANSWERS = {
    "nothing": ({}, (200, "application/octet-stream", b"")),
    "text": ({"text": "Jö"}, (200, "text/plain; charset=utf-8", "Jö".encode())),
    "bytes": ({"body": b"\x00"}, (200, "application/octet-stream", b"\x00")),
    "json": ({"json": {"a": None}}, (200, "application/json; charset=utf-8", b'{"a": null}')),
    "json null": ({"json": None, "status": 201}, (201, "application/json; charset=utf-8", b"null")),
    "a type": ({"text": "<p>", "content_type": "text/html"}, (200, "text/html; charset=utf-8", b"<p>")),
    "a charset": ({"text": "Jö", "charset": "latin-1"}, (200, "text/plain; charset=latin-1", b"J\xf6")),
    "204": ({"status": 204}, (204, "application/octet-stream", b"")),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_the_words_of_a_response(session, name):
    """The words are those of aiohttp.web.Response, and json."""
    words, expected = ANSWERS[name]
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.get(URI))
        server.send_response(await server.receive_request(), **words)
        response = await task
        got = (response.status, response.headers.get("Content-Type", expected[1]), await response.read())
        assert got == expected


async def test_reason_and_headers(session):
    """They are sent as they are given."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.get(URI))
        server.send_response(await server.receive_request(), reason="Fine", headers={"X-A": "1"})
        response = await task
        assert (response.reason, response.headers["X-A"]) == ("Fine", "1")


async def test_a_response_of_aiohttps(session, tmp_path):
    """Any response can be given: a file, an exception that is one, one that was made before."""
    (tmp_path / "a.txt").write_text("from a file")
    made = {
        "/file": web.FileResponse(tmp_path / "a.txt"),
        "/gone": web.HTTPGone(text="long ago"),
        "/stream": web.StreamResponse(status=202),
    }
    async with aiohttpretty.controlled(URI) as server:
        for path, response in made.items():
            task = asyncio.create_task(text(session.get(URI + path)))
            server.send_response(await server.receive_request(), response)
            assert (
                await task
                == {
                    "/file": (200, "from a file"),
                    "/gone": (410, "long ago"),
                    "/stream": (202, ""),
                }[path]
            )


async def test_a_stream_by_hand(session):
    """The test begins an answer, writes it piece by piece, and ends it."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.get(URI))
        request = await server.receive_request()
        stream = await server.prepare(request, web.StreamResponse(headers={"X-A": "1"}))
        response = await task  # the head is there, and nothing else
        assert response.headers["X-A"] == "1"
        for piece in (b"one", b"two"):
            await stream.write(piece)
            assert await response.content.readany() == piece
        assert not response.content.at_eof()
        server.send_response(request, stream)
        assert await response.read() == b""
        # and the connection lives on
        task = asyncio.create_task(text(session.get(URI)))
        again = await server.receive_request()
        assert again.transport is request.transport
        server.send_response(again)
        await task


async def test_a_stream_that_the_test_ended_itself(session):
    """An answer whose last byte the test has written is none that is missing."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        stream = await server.prepare(await server.receive_request(), web.StreamResponse())
        await stream.write(b"all")
        await stream.write_eof()
        assert await task == (200, "all")


@pytest.mark.parametrize(
    ("words", "status", "reason", "body"),
    [
        ({}, 500, "Internal Server Error", "500: Internal Server Error"),
        ({"status": 503}, 503, "Service Unavailable", "503: Service Unavailable"),
        ({"status": 404, "text": "nothing here"}, 404, "Not Found", "nothing here"),
        ({"status": 599, "reason": "Odd"}, 599, "Odd", "599: Odd"),
        ({"error": web.HTTPConflict(text="no")}, 409, "Conflict", "no"),
        ({"error": web.HTTPForbidden}, 403, "Forbidden", "403: Forbidden"),
    ],
)
async def test_an_error_of_the_server(session, words, status, reason, body):
    """An error is answered with its page, as aiohttp.web has it."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.get(URI))
        server.send_error(await server.receive_request(), **words)
        response = await task
        assert (response.status, response.reason, await response.text()) == (status, reason, body)
    assert aiohttpretty.handler_errors == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError(), ConnectionResetError(104, "gone"), TimeoutError])
async def test_an_exception_in_place_of_an_answer(session, error, method):
    """An exception is raised where the client waits, itself, and the request is not made again."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.request(method, URI))
        server.send_error(await server.receive_request(), error)
        got = await raised(task)
        assert got is error or type(got) is error
        with pytest.raises(VerificationError):
            await server.receive_request(timeout=0)
    assert aiohttpretty.handler_errors == []


async def test_an_exception_in_the_midst_of_an_answer(session):
    """After the beginning of an answer, it is raised where the client reads the rest."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.get(URI))
        request = await server.receive_request()
        stream = await server.prepare(request, web.StreamResponse())
        await stream.write(b"begun")
        response = await task
        assert await response.content.readany() == b"begun"
        server.send_error(request, error=LookupError("mine"))
        assert repr(await raised(response.read())) == "LookupError('mine')"


# -- what can't be


async def test_answered_twice(session):
    """An answer is final."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI + "/a")))
        request = await server.receive_request()
        server.send_response(request, text="first")
        for again in (server.send_response, server.send_error):
            with pytest.raises(ControlError) as caught:
                again(request)
            assert str(caught.value) == (
                "GET https://api.kraken.com/a was answered 200, and can't be answered again. Answer each request once."
            )
        with pytest.raises(ControlError):
            await server.prepare(request, web.StreamResponse())
        assert await task == (200, "first")


async def test_a_foreign_request(session):
    """What is no request to this server can't be answered by it."""
    async with aiohttpretty.controlled(URI) as server, aiohttpretty.controlled("http://example.com") as other:
        task = asyncio.create_task(text(session.get("http://example.com/a")))
        request = await other.receive_request()
        with pytest.raises(OptionTypeError) as caught:
            server.send_response(request)
        assert str(caught.value) == (
            "send_response(<Request GET /a >): that is no request to the controlled server at https://api.kraken.com. "
            "Give one that receive_request() returned."
        )
        with pytest.raises(OptionTypeError) as caught:
            other.send_error(None)
        assert str(caught.value) == (
            "send_error(None): that is no request to the controlled server at http://example.com. Give one that "
            "receive_request() returned."
        )
        other.send_response(request)
        await task


@pytest.mark.parametrize("received", [True, False])
async def test_a_client_that_is_gone(session, received):
    """A request whose client has given up can't be answered, and is not missed at the end."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        while not server._came:
            await asyncio.sleep(0)
        request = await server.receive_request() if received else None
        task.cancel()
        await asyncio.wait([task])
        request = request or await server.receive_request()
        while request.transport is not None:
            await asyncio.sleep(0)
        with pytest.raises(ControlError) as caught:
            server.send_response(request)
        assert str(caught.value) == (
            "GET https://api.kraken.com/ can't be answered: its client is gone, because it was cancelled, closed or "
            "timed out. Leave such a request unanswered."
        )


async def test_a_response_for_two(session):
    """A response object is sent once."""
    async with aiohttpretty.controlled(URI) as server:
        tasks = [asyncio.create_task(text(session.get(f"{URI}/{number}"))) for number in range(2)]
        first, second = [await server.receive_request() for _ in tasks]
        response = web.Response(text="one")
        server.send_response(first, response)
        await tasks[0]
        with pytest.raises(ControlError) as caught:
            server.send_response(second, response)
        assert str(caught.value) == (
            "The answer to GET https://api.kraken.com/1 was sent to another request before. Make a new response for "
            "each."
        )
        server.send_response(second)
        await tasks[1]


async def test_begun_and_not_kept(session):
    """An answer that was begun is gone on with."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        request = await server.receive_request()
        stream = await server.prepare(request, web.StreamResponse())
        with pytest.raises(ControlError) as caught:
            server.send_response(request, text="another")
        assert str(caught.value) == (
            "The answer to GET https://api.kraken.com/ was begun with prepare(), and no other can take its place. Give "
            "that response to end it: send_response(request, response)."
        )
        with pytest.raises(ControlError) as caught:
            await server.prepare(request, web.StreamResponse())
        assert str(caught.value) == (
            "The answer to GET https://api.kraken.com/ has been begun already. Write more of it with `await "
            "response.write(...)`, and end it with send_response(request, response)."
        )
        server.send_response(request, stream)
        await task


NO_ANSWERS = {
    "no response": (
        lambda server, request: server.send_response(request, "text"),
        OptionTypeError,
        "send_response(request, 'text'): that is no response. Give an aiohttp.web.Response or another StreamResponse, "
        "or text=, json= or body=.",
    ),
    "words beside it": (
        lambda server, request: server.send_response(request, web.Response(), text="x"),
        OptionTypeError,
        "send_response() got a response, and beside it text=. Give the one or the other.",
    ),
    "two bodies": (
        lambda server, request: server.send_response(request, text="x", body=b"x"),
        OptionValueError,
        "No response can be made of text=, body=. aiohttp.web says: body and text are not allowed together",
    ),
    "no text": (
        lambda server, request: server.send_response(request, text=1),
        OptionTypeError,
        "No response can be made of text=. aiohttp.web says: text argument must be str (<class 'int'>)",
    ),
    "a header that ends its line": (
        lambda server, request: server.send_response(request, headers={"X-A": "1\r\nX-B: 2"}),
        OptionValueError,
        "The header X-A has the value '1\\r\\nX-B: 2', with a line break or a NUL in it, which would end the header. "
        "Take it out.",
    ),
    "a header of an error": (
        lambda server, request: server.send_error(request, headers={"X A": "1"}),
        OptionValueError,
        "The header name 'X A' is not a token (RFC 9110, 5.6.2). Use letters, digits and hyphens, without spaces or "
        "colons.",
    ),
    "no last word": (
        lambda server, request: server.send_response(request, status=103),
        OptionValueError,
        "send_response(request, status=103): that can't end a request, and its client would wait for ever. Give a "
        "status from 200 on, or 101.",
    ),
    "no error": (
        lambda server, request: server.send_error(request, 302),
        OptionValueError,
        "send_error(request, 302): that is no status of an error. Give one from 400 to 599, or an exception; "
        "send_response() sends any other.",
    ),
    "no exception": (
        lambda server, request: server.send_error(request, "500"),
        OptionTypeError,
        "error='500' is not an exception. Give an instance or a class of one, such as TimeoutError; to answer with an "
        "error of the server, give status=500.",
    ),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
async def test_no_answers(session, name):
    """What is no answer is refused on the line that gives it, and another can still be given."""
    give, kind, sentence = NO_ANSWERS[name]
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        request = await server.receive_request()
        with pytest.raises(kind) as caught:
            give(server, request)
        assert str(caught.value) == sentence
        server.send_response(request, text="after all")
        assert await task == (200, "after all")


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        (
            "/path",
            "'/path' has no scheme or no host, so no request can have this address. Give an absolute URL, such as "
            "'http://example.com/path'; for a session with base_url, the joined one.",
        ),
        (
            "http://example.com/?x=1",
            "controlled('http://example.com/?x=1'): the address has a query or a fragment, and nothing can be below "
            "that. Give it without; the query is left to what is mounted.",
        ),
    ],
)
def test_no_address(uri, sentence):
    """What can't be the address of a server is said at once."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.controlled(uri)
    assert str(caught.value) == sentence


async def test_entered_twice():
    """A server is for one block."""
    server = aiohttpretty.controlled(URI)
    async with server:
        pass
    with pytest.raises(ControlError) as caught:
        async with server:
            pass
    assert str(caught.value) == (
        "The controlled server at https://api.kraken.com was entered before. Make another one with controlled(...)."
    )


# -- leaving


async def test_unanswered(session):
    """The block fails and lists what was left, and every client gets an error at once."""
    with pytest.raises(VerificationError) as caught:
        async with aiohttpretty.controlled(URI) as server:
            tasks = [asyncio.create_task(text(session.post(f"{URI}/{number}"))) for number in range(4)]
            requests = [await server.receive_request() for _ in range(3)]
            server.send_response(requests[0])
            await server.prepare(requests[1], web.StreamResponse(status=202))
            await tasks[0]
    assert str(caught.value) == (
        "The controlled server at https://api.kraken.com was left with 3 of 4 requests unanswered. Answer each with "
        "send_response() or send_error() before the block ends.\n\n"
        "  2. POST https://api.kraken.com/1 -> begun to be answered 202\n"
        "  3. POST https://api.kraken.com/2 -> received, not answered\n"
        "  4. POST https://api.kraken.com/3 -> not received yet"
    )
    assert [entry.name for entry in caught.traceback.filter(caught)] == ["test_unanswered"]
    for number, task in enumerate(tasks[1:], 1):
        error = await raised(task)
        assert (type(error), str(error)) == (
            DeactivatedError,
            f"The controlled server at https://api.kraken.com was left while POST https://api.kraken.com/{number} was "
            "waiting for its answer. Answer it with send_response() or send_error() before the block ends.",
        )
    with pytest.raises(ControlError) as caught:
        server.send_response(requests[2])
    assert str(caught.value) == (
        "POST https://api.kraken.com/2 can't be answered any more. Answer it before the block ends."
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_unanswered_while_the_registry_stays_active(session, method):
    """The client gets the same error, and asks nobody else."""
    aiohttpretty.activate()
    with pytest.raises(VerificationError, match="was left with its only request unanswered"):
        async with aiohttpretty.controlled(URI) as server:
            task = asyncio.create_task(text(session.request(method, URI)))
            await server.receive_request()
    assert isinstance(await raised(task), DeactivatedError)
    assert aiohttpretty.unmatched == []


async def test_left_in_the_midst_of_an_answer(session):
    """Who reads the rest of an answer only after that hears of it, too, and not of the registry's end."""
    with pytest.raises(VerificationError):
        async with aiohttpretty.controlled(URI) as server:
            task = asyncio.create_task(session.get(URI))
            stream = await server.prepare(await server.receive_request(), web.StreamResponse())
            await stream.write(b"one")
            response = await task
    with pytest.raises(DeactivatedError) as caught:
        await response.read()
    assert str(caught.value) == (
        "The controlled server at https://api.kraken.com was left while GET https://api.kraken.com/ was waiting for "
        "its answer. Answer it with send_response() or send_error() before the block ends."
    )


async def test_another_exception_is_on_its_way(session):
    """Then that is what the block ends with, and the client gets its error all the same."""
    with pytest.raises(LookupError, match="the test's"):
        async with aiohttpretty.controlled(URI) as server:
            task = asyncio.create_task(text(session.get(URI)))
            await server.receive_request()
            raise LookupError("the test's")
    assert isinstance(await raised(task), DeactivatedError)


@pytest.mark.parametrize("size", [0, 10, 5_000_000])
async def test_answered_at_the_very_end(session, size):
    """What was answered reaches its client, even if the block ends right behind."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        server.send_response(await server.receive_request(), text="x" * size)
    assert await task == (200, "x" * size)


async def test_a_client_that_does_not_read(session):
    """It holds nobody up who leaves."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(session.get(URI))
        server.send_response(await server.receive_request(), body=b"x" * 1_000_000)
        response = await task
    response.close()


async def test_who_waits_for_a_request_when_it_is_left():
    """Whoever waits in another task is told."""
    async with aiohttpretty.controlled(URI) as server:
        waiting = asyncio.create_task(server.receive_request(timeout=None))
        await asyncio.sleep(0)
    error = await raised(waiting)
    assert str(error) == (
        "Waited until the end for a request to the controlled server at https://api.kraken.com, and none came.\n\n"
        "Nothing came so far."
    )


async def test_cancelled_in_the_block(session):
    """A test that is cancelled leaves nobody waiting, and is cancelled."""
    begun = asyncio.Event()

    async def playing():
        async with aiohttpretty.controlled(URI) as server:
            await server.receive_request()
            begun.set()
            await server.receive_request(timeout=None)

    playing = asyncio.create_task(playing())
    await asyncio.sleep(0)
    task = asyncio.create_task(text(session.get(URI)))
    await begun.wait()
    playing.cancel()
    await asyncio.wait([playing])
    assert playing.cancelled()
    assert isinstance(await raised(task), DeactivatedError)
    assert "not active" in repr(aiohttpretty.activate.__self__)


# -- many, elsewhere, and nothing left behind


async def test_a_thousand_at_once():
    """A thousand requests are received, and answered in another order than they came in."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async with aiohttpretty.controlled(URI) as server:
            tasks = [
                asyncio.create_task(text(session.post(f"{URI}/{number}", data=str(number)))) for number in range(1000)
            ]
            requests = [await server.receive_request(timeout=PATIENCE) for _ in tasks]
            for request in sorted(requests, key=lambda request: request.path):
                server.send_response(request, text=f"to {await request.text()}")
            assert await asyncio.gather(*tasks) == [(200, f"to {number}") for number in range(1000)]


async def test_a_client_in_another_thread():
    """A request may come from another event loop."""

    def client():
        async def ask():
            async with aiohttp.ClientSession() as session:
                return await text(session.get(URI))

        return asyncio.run(ask())

    async with aiohttpretty.controlled(URI) as server:
        asking = asyncio.get_running_loop().run_in_executor(None, client)
        server.send_response(await server.receive_request(timeout=PATIENCE), text="over there")
        assert await asyncio.wait_for(asking, PATIENCE) == (200, "over there")


async def test_a_client_in_another_thread_that_is_left():
    """It gets its error as everybody."""

    def client():
        async def ask():
            async with aiohttp.ClientSession() as session:
                return await raised(text(session.get(URI)))

        return asyncio.run(ask())

    with pytest.raises(VerificationError):
        async with aiohttpretty.controlled(URI) as server:
            asking = asyncio.get_running_loop().run_in_executor(None, client)
            await server.receive_request(timeout=PATIENCE)
    assert isinstance(await asyncio.wait_for(asking, PATIENCE), DeactivatedError)


async def test_a_loop_that_ended_before():
    """A request whose event loop is gone is in nobody's way."""

    async def ask():
        async with aiohttp.ClientSession() as session:
            task = asyncio.create_task(session.get(URI))
            while not server._came:
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

    def client():
        asyncio.run(ask())

    async with aiohttpretty.controlled(URI) as server:
        await asyncio.get_running_loop().run_in_executor(None, client)
        request = await server.receive_request()
        with pytest.raises(ControlError, match="its client is gone"):
            server.send_response(request)


async def test_a_websocket_by_hand(session):
    """A websocket is begun like any other response, and the test is its peer."""
    async with aiohttpretty.controlled("wss://ws.kraken.com") as server:
        connecting = asyncio.create_task(session.ws_connect("wss://ws.kraken.com/feed"))
        request = await server.receive_request()
        there = web.WebSocketResponse()
        await server.prepare(request, there)
        async with await connecting as here:
            await here.send_json({"event": "ping"})
            assert await there.receive_json() == {"event": "ping"}
            await there.send_str("pong")
            assert await here.receive_str() == "pong"
            closing = asyncio.create_task(there.close(code=4000))
            assert (await here.receive()).data == 4000
            await closing
        server.send_response(request, there)


async def test_cleared_in_the_block(session):
    """Who clears the registry takes the server away, and may leave in peace."""
    async with aiohttpretty.controlled(URI):
        aiohttpretty.clear()
        with pytest.raises(NoMatchError):
            await session.get(URI)
    aiohttpretty.unmatched.clear()


async def test_deactivated_in_the_block(session):
    """Who deactivates the registry in the midst ends what is waiting, and may leave in peace."""
    async with aiohttpretty.controlled(URI) as server:
        task = asyncio.create_task(text(session.get(URI)))
        await server.receive_request()
        aiohttpretty.deactivate()
        assert isinstance(await raised(task), DeactivatedError)


async def test_the_same_words_over_a_socket():
    """The desk needs no wire: behind a server on a socket, requests lie there just so."""

    class OverTCP(Desk):
        def _watch(self, request):
            return lambda: request.transport is not None

        def _at_client(self, error):
            return web.HTTPServiceUnavailable(text=str(error))

    desk = OverTCP("the server")
    async with RawTestServer(desk.handle) as server, aiohttp.ClientSession() as session:
        tasks = [asyncio.create_task(text(session.post(server.make_url(f"/{n}"), data=str(n)))) for n in range(3)]
        requests = {request.path: request for request in [await desk.receive_request(timeout=PATIENCE) for _ in tasks]}
        desk.send_response(requests["/1"], text=f"one {await requests['/1'].text()}")
        desk.send_error(requests["/0"], 404, text="none")
        assert await asyncio.gather(*tasks[:2]) == [(404, "none"), (200, "one 1")]
        assert "was left with 1 of 3 requests unanswered" in str(desk.leave())
        assert (await tasks[2])[0] == 503


async def test_nothing_is_left_behind():
    """No task, and no reference to the session, the requests or the server."""
    before = asyncio.all_tasks()

    async def play():
        async with aiohttp.ClientSession() as session, aiohttpretty.controlled(URI) as server:
            answered = asyncio.create_task(text(session.get(URI)))
            request = await server.receive_request()
            server.send_response(request)
            await answered
            left = asyncio.create_task(text(session.post(URI, data=b"x")))
            await server.receive_request()
            things = [weakref.ref(each) for each in (session, session.connector, server)]
            try:
                raise LookupError
            finally:
                left.cancel()
                await asyncio.wait([left])
        return things

    with pytest.raises(LookupError) as caught:
        await play()
    traceback = caught.value.__traceback__
    while traceback.tb_frame.f_code is not play.__code__:
        traceback = traceback.tb_next
    things = traceback.tb_frame.f_locals["things"]
    del traceback, caught
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    aiohttpretty.clear()
    gc.collect()
    assert [thing() for thing in things] == [None, None, None]


@pytest.mark.parametrize("below", ["mount", "controlled"])
async def test_what_stands_below_answers_again(below):
    """A controlled server at the address of a mount, or of another one, answers in its place, and gives it back."""
    registry = aiohttpretty.AioHTTPretty()

    async def app(request):
        return web.Response(text="the mount")

    async def ask():
        async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
            return await response.text()

    with registry.activate():
        if below == "mount":
            registry.mount("http://example.com", app)
            async with registry.controlled("http://example.com") as server:
                task = asyncio.create_task(ask())
                server.send_response(await server.receive_request(), text="the test")
                assert await task == "the test"
            assert await ask() == "the mount"
        else:
            async with registry.controlled("http://example.com") as outer:
                async with registry.controlled("http://example.com") as inner:
                    task = asyncio.create_task(ask())
                    inner.send_response(await inner.receive_request(), text="inner")
                    assert await task == "inner"
                task = asyncio.create_task(ask())
                outer.send_response(await outer.receive_request(), text="outer")
                assert await task == "outer"
