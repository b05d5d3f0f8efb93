"""What handlers let out: a 500 to the client as in life, and told to the test."""

import asyncio
import gc
import re
import weakref

import aiohttp
import pytest
from aiohttp import web
from settling import settle

import aiohttpretty

URL = "https://api.example.test/items"
BUG = LookupError("my own")


async def broken(request):
    raise BUG


async def forgetful(request):
    """Returns nothing."""


def application():
    app = web.Application()
    app.router.add_route("*", "/items", broken)
    return app


WAYS = {
    "a route": lambda **options: aiohttpretty.register_uri("*", URL, handler=broken, **options),
    "one of several responses": lambda **options: aiohttpretty.register_uri(
        "*", URL, responses=[{"handler": broken}], exhausted="repeat", **options
    ),
    "a mounted handler": lambda **options: aiohttpretty.mount("https://api.example.test", broken, **options),
    "a mounted application": lambda **options: aiohttpretty.mount("https://api.example.test", application(), **options),
}
way = pytest.mark.parametrize("register", WAYS.values(), ids=WAYS)


async def ask(method="GET", url=URL):
    async with aiohttp.ClientSession() as session, session.request(method, url) as response:
        return response.status, await response.text()


@pytest.fixture(autouse=True)
def _meant(caplog):
    """aiohttp's log has each of them, as in life; here that is only noise."""


def sentence(route, url=URL):
    return (
        "A handler raised an exception, and its client was answered as by a broken server: LookupError: my own "
        f"(GET {url}, answered by the route at {route.origin}). Mend it; or if the test means it to happen, let it say "
        "so: expect_errors=True in the registration or the mount, or aiohttpretty.handler_errors.clear()."
    )


@way
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_bug(register, method, caplog):
    """The client gets aiohttp's own 500, the log its record, the registry the exception; the call has the status."""
    route = register()
    with aiohttpretty.activate():
        status, text = await ask(method)
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert status == 500
    assert "500 Internal Server Error" in text
    assert (failure.error, failure.method, failure.url, failure.route) == (BUG, method, aiohttp.client.URL(URL), route)
    assert repr(failure) == f"<HandlerFailure {method} {URL}: LookupError('my own')>"
    [call] = aiohttpretty.calls
    assert (call.status, call.error) == (500, None)
    assert [record.exc_info[1] for record in caplog.records] == [BUG]


@way
async def test_the_end_of_a_block(register):
    """The end of a block raises what was let out, if no other exception is on its way; once."""
    route = register()
    with pytest.raises(aiohttpretty.HandlerError) as caught:
        with aiohttpretty.activate():
            await ask()
    assert str(caught.value) == sentence(route)
    assert caught.value.__cause__ is BUG
    with aiohttpretty.activate():
        pass
    with pytest.raises(aiohttpretty.HandlerError):
        async with aiohttpretty.activate():
            await ask()


async def test_another_exception():
    """An exception of the test's own goes on as it is."""
    WAYS["a route"]()
    with pytest.raises(ZeroDivisionError):
        with aiohttpretty.activate():
            await ask()
            raise ZeroDivisionError
    assert len(aiohttpretty.handler_errors) == 1


async def test_deactivate():
    """deactivate() raises it, the last one; in a `finally` with an exception on its way it does not."""
    route = WAYS["a route"]()
    aiohttpretty.activate()
    aiohttpretty.activate()
    await ask()
    aiohttpretty.deactivate()
    with pytest.raises(aiohttpretty.HandlerError) as caught:
        aiohttpretty.deactivate()
    assert str(caught.value) == sentence(route)
    aiohttpretty.deactivate()
    aiohttpretty.activate()
    with pytest.raises(ZeroDivisionError):
        try:
            await ask()
            raise ZeroDivisionError
        finally:
            aiohttpretty.deactivate()


async def test_a_decorated_function():
    """A decorated function raises it, and leaves nothing to the next one."""

    @aiohttpretty.activate
    async def function():
        WAYS["a route"]()
        await ask()

    for _ in range(2):
        with pytest.raises(aiohttpretty.HandlerError):
            await function()
        assert (aiohttpretty.handler_errors, list(aiohttpretty.registry)) == ([], [])


@way
async def test_expected(register, caplog):
    """expect_errors=True: the 500 is meant, and nothing else is said; aiohttp's log has it as in life."""
    register(expect_errors=True)
    with aiohttpretty.activate():
        assert (await ask())[0] == 500
        assert aiohttpretty.handler_errors == []
    assert len(caplog.records) == 1


async def test_several():
    """Of several, the first one is told, and how many more there are."""
    route = WAYS["a route"]()
    with pytest.raises(aiohttpretty.HandlerError) as caught:
        with aiohttpretty.activate():
            for _ in range(3):
                await ask()
    assert str(caught.value) == (
        "3 handlers raised an exception, and their clients were answered as by a broken server: LookupError: my own "
        f"(GET {URL}, answered by the route at {route.origin}), and 2 more (see aiohttpretty.handler_errors). Mend it; "
        "or if the test means it to happen, let it say so: expect_errors=True in the registration or the mount, or "
        "aiohttpretty.handler_errors.clear()."
    )


async def test_cleared():
    """clear() forgets them, with the rest."""
    WAYS["a route"]()
    with aiohttpretty.activate():
        await ask()
        aiohttpretty.clear()
        assert aiohttpretty.handler_errors == []


@pytest.mark.parametrize("mounted", [True, False])
async def test_no_response(mounted):
    """A handler that returns something else than a response is told so in a sentence; its client gets a 500."""
    if mounted:
        app = web.Application()
        app.router.add_get("/items", forgetful)
        aiohttpretty.mount("https://api.example.test", app)
    else:
        aiohttpretty.register_uri("GET", URL, handler=forgetful)
    with aiohttpretty.activate():
        assert (await ask())[0] == 500
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert type(failure.error) is aiohttpretty.HandlerResultError
    assert str(failure.error) == (
        "The handler forgetful returned None, which is no response. Return an aiohttp.web.Response, such as "
        "web.json_response({}), or another StreamResponse."
    )


async def test_a_timeout():
    """A timeout that a handler lets out is aiohttp's 504, and told like any other."""

    async def slow(request):
        raise asyncio.TimeoutError

    aiohttpretty.mount("https://api.example.test", slow)
    with aiohttpretty.activate():
        assert (await ask())[0] == 504
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert type(failure.error) is asyncio.TimeoutError


async def test_what_is_no_bug():
    """An HTTPException is an answer, be it a 500, and a client that goes away is no bug."""
    ended = asyncio.Event()

    async def refusing(request):
        raise web.HTTPInternalServerError

    async def talking(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"more")
        finally:
            ended.set()

    async def reading(request):
        try:
            await request.read()
        finally:
            ended.set()

    aiohttpretty.register_uri("GET", URL, handler=refusing)
    aiohttpretty.register_uri("GET", URL + "/talking", handler=talking)
    aiohttpretty.register_uri("POST", URL + "/reading", handler=reading)

    async def endless():
        yield b"x"
        await asyncio.Event().wait()

    with aiohttpretty.activate():
        assert (await ask())[0] == 500
        async with aiohttp.ClientSession() as session:
            (await session.get(URL + "/talking")).close()
            await asyncio.wait_for(ended.wait(), 10)
            ended.clear()
            upload = asyncio.ensure_future(session.post(URL + "/reading", data=endless()))
            while not aiohttpretty.calls[-1].url.path.endswith("reading"):
                await asyncio.sleep(0)
            await settle()
            upload.cancel()
            await asyncio.wait_for(ended.wait(), 10)
        await asyncio.sleep(0)
    assert aiohttpretty.handler_errors == []


async def breaking_off(request):
    async def body():
        yield b"x"
        raise BUG

    return web.Response(body=body())


async def failing_in_its_body(request):
    async def body():
        yield b"x"
        pytest.fail("no")

    return web.Response(body=body())


async def unprepared(request):
    return Unprepared()


class Unprepared(web.Response):
    async def prepare(self, request):
        raise BUG


@pytest.mark.parametrize(
    ("handler", "error", "seen"),
    [
        (breaking_off, LookupError, aiohttp.ClientPayloadError),
        (failing_in_its_body, pytest.fail.Exception, aiohttp.ClientError),
        (unprepared, LookupError, aiohttp.ServerDisconnectedError),
    ],
)
@way
async def test_while_the_answer_is_sent(register, handler, error, seen, monkeypatch):
    """What fails after the handler has returned, as a body that is made meanwhile, is a bug as well: the client loses
    the connection as in life, and the test is told."""
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    monkeypatch.setitem(globals(), "broken", handler)
    route = register()
    with aiohttpretty.activate():
        with pytest.raises(seen):
            await ask("POST")
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
        aiohttpretty.clear()
        register(expect_errors=True)
        with pytest.raises(seen):
            await ask("POST")
        assert aiohttpretty.handler_errors == []
    assert (type(failure.error), failure.method, failure.route) == (error, "POST", route)
    aiohttpretty.clear()
    gc.collect()
    assert complaints == []


async def test_a_hook_that_fails():
    """What on_response_prepare lets out is told, too."""

    async def failing(request, response):
        raise BUG

    async def hello(request):
        return web.Response(text="hello")

    app = web.Application()
    app.on_response_prepare.append(failing)
    app.router.add_post("/items", hello)
    aiohttpretty.mount("https://api.example.test", app)
    with pytest.raises(aiohttpretty.HandlerError) as caught:
        with aiohttpretty.activate():
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await ask("POST")
    assert caught.value.__cause__ is BUG


async def test_a_client_that_leaves_before_the_rest():
    """What fails while the answer is sent to a client that is gone is no bug: nobody sees it."""
    left, ended = asyncio.Event(), asyncio.Event()

    async def handler(request):
        async def body():
            yield b"x"
            await left.wait()
            ended.set()
            raise BUG

        return web.Response(body=body())

    aiohttpretty.register_uri("GET", URL, handler=handler)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            (await session.get(URL)).close()
            for _ in range(10):
                await asyncio.sleep(0)
            left.set()
            await asyncio.wait_for(ended.wait(), 10)
            for _ in range(10):
                await asyncio.sleep(0)
    assert aiohttpretty.handler_errors == []


async def test_after_the_handshake_of_a_websocket():
    """A bug behind a websocket drops the connection as in life, and is told."""

    async def breaking(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        raise BUG

    aiohttpretty.register_uri("GET", URL, handler=breaking)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URL) as socket:
            await socket.send_str("x")
            message = await socket.receive()
            assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert failure.error is BUG


async def test_a_handler_keeps_nobody_waiting():
    """pytest.fail() in a handler, which is no `Exception`, is told like any other, and the client gets an answer."""

    def failing(request):
        pytest.fail("not like this")

    aiohttpretty.mount("https://api.example.test", failing)
    with pytest.raises(aiohttpretty.HandlerError, match=re.escape("Failed: not like this (GET ")):
        with aiohttpretty.activate():
            assert (await ask())[0] == 500


async def test_the_session_is_not_held():
    """What is kept of a bug does not keep the client's session, which may be one that somebody forgot to close."""
    WAYS["a mounted application"]()
    with aiohttpretty.activate():
        session = aiohttp.ClientSession()
        async with session.get(URL) as response:
            await response.read()
        await session.close()
        dead = weakref.ref(session)
        del session, response
        await settle()
        gc.collect()
        assert dead() is None
        assert len(aiohttpretty.handler_errors) == 1
        aiohttpretty.handler_errors.clear()


REFUSED = {
    "no handler": (
        {"expect_errors": True},
        "expect_errors= is about what a handler lets out, and there is no handler=. Leave it out.",
    ),
    "an answer": (
        {"expect_errors": True, "status": 500},
        "expect_errors= is given beside status=, and it is about what a handler lets out. Leave one or the other out; "
        "only delay=, handler= and time= go with expect_errors=.",
    ),
    "no bool": (
        {"expect_errors": "yes", "handler": broken},
        "expect_errors='yes' is not a bool. Give True, or leave it out.",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused(why):
    """Where there is no handler, expect_errors= means nothing."""
    options, said = REFUSED[why]
    with pytest.raises(aiohttpretty.OptionTypeError) as caught:
        aiohttpretty.register_uri("GET", URL, **options)
    assert str(caught.value) == said


def test_beside_responses():
    """Beside `responses`, it is said of the handlers among them."""
    responses = [{"handler": broken}, {"body": b"x"}, {"handler": broken, "expect_errors": False}]
    route = aiohttpretty.register_uri("GET", URL, responses=responses, expect_errors=True)
    assert [route.next_reply("GET").expects_errors for _ in range(3)] == [True, False, False]
