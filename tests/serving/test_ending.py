"""What becomes of requests that get no answer, of bugs, and of all that is under way at the end."""

import asyncio
import gc
import re
import socket
import ssl
from functools import partial

import aiohttp
import httpx
import pytest
from aiohttp import web
from settling import settle, until

from aiohttpretty import (
    AioHTTPretty,
    Authority,
    ControlError,
    HandlerError,
    OptionTypeError,
    OptionValueError,
    UnansweredError,
)
from aiohttpretty.diagnosis import listening
from aiohttpretty.tcp.caller import Caller
from aiohttpretty.tcp.threshold import Threshold

from .conftest import PATIENCE, connected, port, said

AUTHORITY, CLIENT = Authority(), ssl.create_default_context()
API = "https://api.example.com"
ASK = b"GET /https://api.example.com/%b HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = ASK[:-2] + b"Connection: close\r\n\r\n"


# -- no answer


async def test_a_request_that_nobody_answers_gets_the_report(pretty, complaints):
    """A 501 with the whole of it; it is in `unmatched`, and the end of the block says so."""
    pretty.register_uri("GET", f"{API}/items")
    with pytest.raises(UnansweredError) as caught:
        async with pretty.serve() as server, httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(server.url_for(f"{API}/items"), json={"a": 1})
            assert (answer.status_code, answer.headers["content-type"]) == (501, "text/plain; charset=utf-8")
            (record,) = pretty.unmatched
            assert answer.text == f"{record.report}\n"
            assert answer.text.startswith("No URLs matching POST https://api.example.com/items with params {}.")
            assert "expected GET, got POST" in answer.text
            assert "POST https://api.example.com/items" in answer.text.partition("Asked:")[2]
    assert str(caught.value).startswith("A request was not answered, and the error did not reach the test:\n\nNo URLs")
    assert pretty.calls == []


async def test_what_came_before_the_block_does_not_hide_what_comes_in_it(pretty, complaints):
    """However many were there before, and wherever the list is cleared: it tells of its own, and of no other."""
    async with pretty.serve() as outer:
        for _ in range(2):
            await said(outer, LAST % b"before")
        with pytest.raises(UnansweredError) as caught:
            async with pretty.serve() as server:
                pretty.clear()
                await said(server, LAST % b"inside")
        assert str(caught.value).startswith("A request was not answered")
        assert str(caught.value).count("No URLs matching GET https://api.example.com/inside") == 1


MODULE = """
import asyncio
import aiohttpretty, pytest, pytest_asyncio

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server():
    async with aiohttpretty.serve() as server:
        yield server

async def ask(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(b"GET /https://api.example.com/x HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 501 ")
    writer.close()

@pytest.mark.asyncio(loop_scope="module")
async def test_unmarked(server):
    await ask(server)
    {clear}

@pytest.mark.aiohttpretty
@pytest.mark.asyncio(loop_scope="module")
async def test_marked(server):
    pass
"""


@pytest.mark.parametrize("swallowed", [True, False])
def test_a_server_of_several_tests_tells_at_its_end(pytester, swallowed):
    """The setup of the next test, which clears the lists, does not mean what nobody has been told of; a test may."""
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(MODULE.format(clear="" if swallowed else "aiohttpretty.unmatched.clear()"))
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, errors=int(swallowed))
    if swallowed:
        result.stdout.fnmatch_lines(["*A request was not answered, and the error did not reach the test:*"])


async def test_what_is_used_up_says_so(pretty, complaints):
    """Also that gets a 501, with its own report."""
    pretty.register_uri("GET", f"{API}/once", times=1)
    async with pretty.serve() as server, httpx.AsyncClient(trust_env=False) as client:
        answers = [await client.get(server.url_for(f"{API}/once")) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 501]
        assert answers[1].text.startswith("No response is left for GET https://api.example.com/once:")
        pretty.unmatched.clear()


async def test_the_server_itself_says_how_it_is_asked(pretty, complaints):
    """A request without a host finds the way to the routes in its report."""
    async with pretty.serve() as server:
        answer = (await said(server, b"GET /items HTTP/1.0\r\n\r\n")).decode()
        assert " ".join(answer.split()).partition("Cause: ")[2].partition(" Asked:")[0] == (
            f"{server.url[7:]} is the registry's own server, and the request does not say which host it means. Send it "
            "to server.url_for('https://api.example.com/...'), or have the client take the server for its proxy. Or "
            "register the address."
        )
        pretty.unmatched.clear()


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_large_upload_that_nobody_wants_is_not_kept(pretty, complaints, chunked):
    """It is read to its end, so that the client gets its answer, and not held."""

    def pieces():
        for _ in range(300):
            yield b"x" * 100_000

    async with pretty.serve() as server, httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        length = {} if chunked else {"Content-Length": "30000000"}

        async def stream():
            for piece in pieces():
                yield piece

        answer = await client.post(server.url_for(f"{API}/items"), content=stream(), headers=length)
        assert answer.status_code == 501
        assert answer.text.startswith("No URLs matching POST")
        pretty.unmatched.clear()


@pytest.mark.parametrize("swallowed", [True, False])
def test_a_test_fails_at_its_end(pytester, swallowed):
    """With the marker, at teardown, as ever: the client in the other process may have said nothing of its 501."""
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    clear = "" if swallowed else "aiohttpretty.unmatched.clear()"
    pytester.makepyfile(
        f"""
        import asyncio, sys
        import aiohttpretty, pytest

        @pytest.mark.aiohttpretty
        async def test_it():
            async with aiohttpretty.serve() as server:
                program = "import sys, urllib.request as u; u.urlopen(sys.argv[1])"
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", program, server.url_for("https://api.example.com/x"),
                    stderr=asyncio.subprocess.DEVNULL,
                )
                assert await process.wait() == 1
                {clear}
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=int(swallowed))
    if swallowed:
        result.stdout.fnmatch_lines(["*A request was not answered, and the error did not reach the test:*"])


# -- errors


@pytest.mark.parametrize("delay", [0, 0.01])
async def test_an_error_is_the_end_of_the_connection(pretty, complaints, delay):
    """There is no client in this process in which it could be raised: nothing is answered, and the record has it."""
    pretty.register_uri("GET", f"{API}/x", error=ValueError("no"), delay=delay)
    async with pretty.serve() as server:
        assert await said(server, ASK % b"x") == b""
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(server.url_for(f"{API}/x"))
    assert [str(call.error) for call in pretty.calls] == ["ValueError: no"] * 2
    assert pretty.handler_errors == []


async def test_a_body_that_fails_cuts_the_answer_and_fails_the_test(pretty, complaints):
    """The client must not take it for whole, and nobody else would hear of it."""

    async def pieces():
        yield b"one"
        raise ValueError("no more")

    pretty.register_uri("GET", f"{API}/x", body=pieces)
    with pytest.raises(HandlerError, match="ValueError: no more"):
        async with pretty.serve() as server:
            async with httpx.AsyncClient(trust_env=False) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(server.url_for(f"{API}/x"))


async def test_a_body_that_is_gone_is_said(pretty, complaints, tmp_path):
    """Before anything was answered: a 500 with the sentence, and the test fails."""
    path = tmp_path / "gone"
    path.write_bytes(b"x")
    pretty.register_uri("GET", f"{API}/x", body=path)
    path.unlink()
    async with pretty.serve() as server:
        answer = await said(server, ASK % b"x")
        assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain")
        assert b"was a file when it was registered, and can't be read now (No such file or directory)" in answer
        assert [type(failure.error).__name__ for failure in pretty.handler_errors] == ["BodyError"]
        pretty.handler_errors.clear()


async def test_a_matcher_with_a_bug_fails_the_test(pretty, complaints):
    """Its client gets a 500 that says so."""

    def broken(request):
        raise KeyError("oops")

    pretty.register_uri("GET", f"{API}/x", match=broken)
    async with pretty.serve() as server:
        answer = await said(server, LAST % b"x")
        assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
        assert answer.endswith(b"KeyError: 'oops'\n")
        (failure,) = pretty.handler_errors
        assert (failure.method, str(failure.url), repr(failure.error)) == ("GET", f"{API}/x", "KeyError('oops')")
        pretty.handler_errors.clear()


async def test_a_handler_with_a_bug_fails_the_test(pretty, complaints):
    """As ever: the client gets aiohttp's 500, the test the exception."""

    async def broken(request):
        raise ValueError("bug")

    pretty.register_uri("GET", f"{API}/x", handler=broken)
    with pytest.raises(HandlerError, match="ValueError: bug"):
        async with pretty.serve() as server:
            assert (await said(server, LAST % b"x")).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


async def test_an_application_that_does_not_start_says_so(pretty, complaints):
    """A 500 with the sentence, for each request."""

    async def fail(app):
        raise ValueError("no database")

    app = web.Application()
    app.on_startup.append(fail)
    pretty.mount(API, app)
    async with pretty.serve() as server:
        for _ in range(2):
            answer = await said(server, ASK % b"x")
            assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
            assert b"The application mounted at https://api.example.com could not be started" in answer
        pretty.handler_errors.clear()


async def test_a_server_under_control_can_be_served(pretty, complaints):
    """The test answers what came over TCP, and an error that it sends is the end of the connection."""
    async with pretty.controlled(API) as api, pretty.serve() as server:
        asking = asyncio.create_task(said(server, LAST % b"x"))
        request = await api.receive_request()
        api.send_response(request, text="hi")
        assert (await asking).endswith(b"\r\n\r\nhi")
        asking = asyncio.create_task(said(server, LAST % b"x"))
        api.send_error(await api.receive_request(), error=ValueError("no"))
        assert await asking == b""


# -- the end


async def test_what_is_under_way_is_cut_when_the_block_ends(pretty, complaints):
    """A delay, a stream, a handler, a websocket, an upload: the client sees the end, and no task is left."""
    ended = []

    async def wait(request):
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("handler")

    async def pieces():
        try:
            yield b"one"
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("stream")

    pretty.register_uri("GET", f"{API}/delay", delay=1000)
    pretty.register_uri("GET", f"{API}/stream", body=pieces)
    pretty.register_uri("*", f"{API}/handler", handler=wait)
    pretty.register_websocket(f"{API}/feed")
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        async with pretty.serve() as server:
            asking = [asyncio.create_task(said(server, ASK % name)) for name in (b"delay", b"stream", b"handler")]
            asking.append(
                asyncio.create_task(said(server, b"POST" + (ASK % b"handler")[3:-2] + b"Content-Length: 9\r\n\r\n"))
            )
            socket = await session.ws_connect(server.url_for("wss://api.example.com/feed"))
            await until(lambda: len(pretty.calls) == 5)
            await until(lambda: any(call.status == 200 for call in pretty.calls))
        assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, bytes) and not answer.startswith(b"HTTP/1.1 200")] in (
        [b""] * 3,
        [b""] * 2,
        [b""],
        [],
    )
    assert sorted(ended) == ["handler", "handler", "stream"]
    assert asyncio.all_tasks() == before
    assert all(call.duration is not None for call in pretty.calls)


async def test_deactivation_cuts_what_is_under_way(complaints):
    """The test is over for those that wait; the server goes on to listen until its block ends."""
    pretty = AioHTTPretty()
    pretty.register_uri("GET", f"{API}/delay", delay=1000)
    pretty.register_uri("GET", f"{API}/x", body=b"hello")
    pretty.activate()
    async with pretty.serve() as server:
        asking = asyncio.create_task(said(server, ASK % b"delay"))
        await pretty.wait_for_call("GET", f"{API}/delay", timeout=PATIENCE)
        pretty.deactivate()
        assert (await asyncio.gather(asking, return_exceptions=True))[0] in (b"", *_resets(asking))
        assert (await said(server, LAST % b"x")).endswith(b"hello")


def _resets(task):
    return [task.exception()] if task.exception() is not None else []


async def test_an_application_ends_with_the_server_if_nothing_else_holds_it(pretty, complaints):
    """Its clean-up has run when the block is over."""
    steps = []

    async def context(app):
        steps.append("begun")
        yield
        steps.append("ended")

    app = web.Application()
    app.cleanup_ctx.append(context)
    pretty.mount(API, app)
    async with pretty.serve() as server:
        await said(server, LAST % b"x")
        assert steps == ["begun"]
    await until(lambda: steps == ["begun", "ended"])


async def test_nothing_of_it_stays(complaints):
    """No socket, no task, no port, nothing that the garbage collector would have to find a warning in."""
    pretty = AioHTTPretty()
    pretty.register_uri("GET", f"{API}/x", body=b"hello")
    before = asyncio.all_tasks()
    for _ in range(3):
        async with pretty.serve() as server:
            async with connected(server) as (reader, writer):
                writer.write(ASK % b"x")
                assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(OSError, match=r"Connect call failed|Connection refused"):
            await said(server, b"")
    gc.collect()
    assert asyncio.all_tasks() == before
    assert listening.served == {}


async def test_a_server_is_started_once(pretty, complaints):
    """Before and behind that, it says what to do."""
    server = pretty.serve()
    for ask in (lambda: server.url, lambda: server.proxy_url, lambda: server.url_for(API)):
        with pytest.raises(ControlError) as caught:
            ask()
        assert str(caught.value) == (
            "The server has no address yet, because it has not been started. Ask in its block: "
            "async with aiohttpretty.serve() as server."
        )
    assert repr(server) == "<RegistryServer not started>"
    await server.start()
    assert re.fullmatch(r"<RegistryServer http://127\.0\.0\.1:\d+>", repr(server))
    with pytest.raises(ControlError) as caught:
        await server.start()
    assert str(caught.value) == "The server was started before. Make another one with aiohttpretty.serve()."
    await server.close()
    await server.close()


async def test_a_server_that_could_not_start_may_try_again(pretty, complaints):
    """The port was in use; when it is free, the server is there."""
    async with pretty.serve() as first:
        second = pretty.serve(port(first))
        for _ in range(2):
            with pytest.raises(OSError, match="address already in use"):
                await second.start()
        with pytest.raises(ControlError, match="has no address yet"):
            second.url  # noqa: B018
        assert listening.is_served("127.0.0.1", port(first))
    async with second:
        assert second.url.startswith("http://127.0.0.1:")


async def test_a_block_of_another_kind_says_which(pretty):
    """`with` and `await` are refused with what to write."""
    ask = "the server listens for as long as a block lasts. Write async with aiohttpretty.serve() as server."
    with pytest.raises(OptionTypeError) as caught, pretty.serve():
        pass
    assert str(caught.value) == f"with aiohttpretty.serve(): {ask}"
    with pytest.raises(OptionTypeError) as caught:
        await pretty.serve()
    assert str(caught.value) == f"await aiohttpretty.serve(): {ask}"


def test_a_server_whose_event_loop_is_gone_is_none(pretty):
    """It was never closed: its port is any port again, and the registry forgets it."""

    async def forget():
        server = await pretty.serve().start()
        at = port(server)
        assert listening.is_served("127.0.0.1", at)
        for one in server._listening.values():
            one.close()
            await one.wait_closed()
        return at

    loop = asyncio.new_event_loop()
    at = loop.run_until_complete(forget())
    loop.close()
    assert not listening.is_served("127.0.0.1", at)
    with pretty.activate():
        pass
    assert pretty._served == set()
    listening.served.pop(at)


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        (
            {"port": "80"},
            OptionTypeError,
            "serve(port='80'): that is no port. Give a number, or leave it out for a free one.",
        ),
        (
            {"port": 70000},
            OptionValueError,
            "serve(port=70000): ports go from 1 to 65535. Leave it out for a free one.",
        ),
        (
            {"host": 1},
            OptionTypeError,
            "serve(host=1): that is no host. Give an IP address of this machine as a str.",
        ),
        (
            {"host": "api.example.com"},
            OptionValueError,
            "serve(host='api.example.com'): that is no IP address of this machine. Give one, such as '127.0.0.1' or "
            "'::1'. Which hosts it answers for is a matter of what is registered; see url_for().",
        ),
        (
            {"tls": True},
            OptionTypeError,
            "serve(tls=True): that is no ssl.SSLContext. Give a server's, such as "
            "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) with a certificate loaded into it.",
        ),
        (
            {"tls": AUTHORITY},
            OptionTypeError,
            f"serve(tls={AUTHORITY!r}): that is no ssl.SSLContext. Give a server's, such as "
            "aiohttp_tls.server_context().",
        ),
        (
            {"tls": CLIENT},
            OptionValueError,
            f"serve(tls={CLIENT!r}): that is a client's context. Give a server's, such as "
            "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) with a certificate loaded into it.",
        ),
    ],
)
def test_words_that_can_not_be_meant_are_refused(pretty, words, kind, sentence):
    """At once, with what to give instead."""
    with pytest.raises(kind) as caught:
        pretty.serve(**words)
    assert str(caught.value) == sentence


async def test_a_port_and_a_host_of_the_tests_own(pretty, complaints):
    """As they were asked for."""
    pretty.register_uri("GET", f"{API}/x", body=b"hello")
    async with pretty.serve() as first:
        at = port(first)
    async with pretty.serve(at, host="localhost") as server:
        assert server.url == f"http://localhost:{at}"
        assert (await said(server, LAST % b"x")).endswith(b"hello")
        with pytest.raises(OSError, match="address already in use"):
            await pretty.serve(at).start()


async def test_a_delay_that_is_cut_when_the_block_ends(pretty, complaints):
    """Nothing but its connection is waited for."""
    pretty.register_uri("GET", f"{API}/delay", delay=1000)
    async with pretty.serve() as server:
        asking = asyncio.create_task(said(server, ASK % b"delay"))
        await pretty.wait_for_call("GET", f"{API}/delay", timeout=PATIENCE)
    assert (await asyncio.gather(asking, return_exceptions=True))[0] in (b"", *_resets(asking))


async def test_what_a_block_raises_goes_before_what_it_would_tell(pretty, complaints):
    """A test that has failed fails for its own reason."""
    with pytest.raises(LookupError, match="my own"):
        async with pretty.serve() as server:
            await said(server, LAST % b"unknown")
            raise LookupError("my own")
    assert len(pretty.unmatched) == 1


async def test_an_idle_connection_outlives_a_deactivation(complaints):
    """Nothing of it is under way, and it goes on to ask."""
    pretty = AioHTTPretty()
    pretty.register_uri("GET", f"{API}/x", body=b"hello")
    pretty.activate()
    async with pretty.serve() as server, connected(server) as (reader, writer):
        for _ in range(2):
            writer.write(ASK % b"x")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
            pretty.deactivate()


async def test_an_end_while_an_application_starts(pretty, complaints):
    """The block does not wait for it, and nobody is answered."""
    starting, begun, go_on = asyncio.Event(), [], asyncio.Event()

    async def context(app):
        starting.set()
        await go_on.wait()
        yield

    async def handler(request):
        begun.append(request)

    app = web.Application()
    app.cleanup_ctx.append(context)
    app.router.add_get("/x", handler)
    pretty.mount(API, app)
    async with pretty.serve() as server:
        asking = asyncio.create_task(said(server, ASK % b"x"))
        await starting.wait()
    assert (await asyncio.gather(asking, return_exceptions=True))[0] in (b"", *_resets(asking))
    go_on.set()
    await settle()
    assert begun == []


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_for_whoever_runs_the_loop(pretty, kind):
    """One that comes while a matcher is asked is no bug of the matcher's."""

    def interrupted(call):
        raise kind("now")

    async def play():
        async with pretty.serve() as server:
            return await said(server, LAST % b"x")

    pretty.register_uri("GET", f"{API}/x", match=interrupted)
    loop = asyncio.new_event_loop()
    asking = loop.create_task(play())
    with pytest.raises(kind, match="now"):
        loop.run_until_complete(asking)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(asking)
    loop.close()
    assert pretty.handler_errors == []


class Taken:
    """What receives a connection, and may cut it at once; and its transport."""

    def __init__(self, *, cuts):
        self.cuts = cuts
        self.aborted = False

    def came(self, caller):
        if self.cuts:
            caller.cut()

    def left(self, caller):
        """A connection is gone."""

    def abort(self):
        self.aborted = True

    def is_closing(self):
        return self.aborted


@pytest.mark.parametrize("cuts", [True, False], ids=["cut", "lost"])
async def test_a_tunnel_that_ends_as_it_begins(cuts):
    """What a client has said in it by then is not read: nobody would hear the answer."""
    taken = Taken(cuts=cuts)
    caller = Caller(asyncio.get_running_loop(), taken, secure=True)
    caller.data_received(b"GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
    if not cuts:
        caller.connection_lost(None)
    caller.connection_made(taken)
    caller.pause_writing()
    caller.resume_writing()
    assert (taken.aborted, caller.busy) == (True, False)


@pytest.mark.parametrize("kind", [Caller, partial(Threshold, inside=None, context=None)], ids=["plain", "tls"])
async def test_a_connection_that_comes_at_the_end(pretty, kind):
    """One that was waiting to be taken when the block ended ends with it."""
    async with pretty.serve() as server:
        pass
    taken = Taken(cuts=False)
    kind(asyncio.get_running_loop(), server).connection_made(taken)
    assert taken.aborted


async def test_a_client_that_goes_as_tls_begins(pretty, complaints):
    """What it has said is handed on to nobody, and the server goes on."""
    pretty.register_uri("GET", f"{API}/x", body=b"hello")
    before = asyncio.all_tasks()
    async with pretty.serve(tls=AUTHORITY.server_context()) as server:
        with socket.create_connection(("127.0.0.1", port(server)), PATIENCE) as client:
            client.sendall(b"\x16\x03\x01")
            await until(lambda: any(caller._starting for caller in server._callers))
            [threshold] = server._callers
            threshold.transport.abort()
            await until(lambda: not server._callers)
    assert asyncio.all_tasks() == before
