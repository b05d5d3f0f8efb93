"""A server on a real port that the test plays itself: the words of `controlled()`, over TCP."""

import asyncio
import gc
import ssl
import weakref

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient
from settling import PATIENCE, raised, text, until

import aiohttpretty
from aiohttpretty import (
    Authority,
    CaseControlledTestServer,
    ControlError,
    OptionTypeError,
    OptionValueError,
    VerificationError,
)
from aiohttpretty.loopback import socket_end


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as made:
        yield made


def name(server):
    return f"the controlled server at http://127.0.0.1:{server.port}"


def test_the_end_of_a_client_that_is_gone():
    """A server that leaves a client that has left already has nothing to do; one without a socket is only left."""

    class Transport:
        aborted = False

        def get_extra_info(self, name):
            return None

        def abort(self):
            self.aborted = True

    socket_end.close(None)
    socket_end.reset(None)
    transport = Transport()
    socket_end.reset(transport)
    assert transport.aborted


async def test_the_words_of_controlled(session):
    """It is a `RawTestServer`, whose requests are received and answered one by one, in any order."""
    async with CaseControlledTestServer() as server:
        assert isinstance(server, RawTestServer)
        tasks = []
        for number in range(3):
            tasks.append(asyncio.create_task(text(session.post(server.make_url(f"/{number}?x=1"), data=str(number)))))
            await until(lambda: len(server._came) == len(tasks))
        first, second, third = [await server.receive_request(PATIENCE) for _ in tasks]
        assert isinstance(first, web.Request)
        assert [request.path_qs for request in (first, second, third)] == ["/0?x=1", "/1?x=1", "/2?x=1"]
        server.send_response(third, json={"to": await third.text()}, status=201, headers={"X-A": "1"})
        server.send_error(first, 503)
        stream = await server.prepare(second, web.StreamResponse())
        await stream.write(b"piece by ")
        await stream.write(b"piece")
        server.send_response(second, stream)
        assert await asyncio.gather(*tasks) == [
            (503, "503: Service Unavailable"),
            (200, "piece by piece"),
            (201, '{"to": "2"}'),
        ]


async def big():
    for _ in range(30):
        yield b"x" * 100_000


@pytest.mark.parametrize(
    ("data", "size"), [({"data": big}, 3_000_000), ({"data": "x", "expect100": True}, 1), ({"data": {"a": "b"}}, 3)]
)
async def test_a_body_in_every_form(session, data, size):
    """A body has no limit, and whoever waits for a 100 Continue gets one."""
    data = {key: value() if callable(value) else value for key, value in data.items()}
    async with CaseControlledTestServer() as server:
        task = asyncio.create_task(text(session.post(server.make_url("/"), **data)))
        request = await server.receive_request(PATIENCE)
        assert len(await request.read()) == size
        server.send_response(request)
        assert await asyncio.wait_for(task, PATIENCE) == (200, "")


@pytest.mark.parametrize("target", [b"OPTIONS *", b"CONNECT example.com:443", b"GET http://example.com/x", b"PURGE /x"])
async def test_whatever_is_asked_for(target):
    """A request to no path, or by no usual method, comes up like any other."""
    async with CaseControlledTestServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(target + b" HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")
        request = await server.receive_request(PATIENCE)
        assert request.method.encode() == target.split()[0]
        server.send_response(request, status=204)
        assert (await reader.readline()).startswith(b"HTTP/1.1 204")
        writer.close()
        await writer.wait_closed()


async def test_none_comes(session):
    """After the timeout, the report says what came so far."""
    async with CaseControlledTestServer() as server:
        with pytest.raises(VerificationError) as caught:
            await server.receive_request(timeout=0)
        assert str(caught.value) == f"Looked for a request to {name(server)}, and none came.\n\nNothing came so far."
        task = asyncio.create_task(text(session.get(server.make_url("/a"))))
        server.send_response(await server.receive_request(PATIENCE), status=204)
        await task
        with pytest.raises(VerificationError) as caught:
            await server.receive_request(timeout=0.01)
        assert str(caught.value) == (
            f"Waited 0.01 s for a request to {name(server)}, and none came.\n\n"
            "What came so far:\n"
            f"  1. GET http://127.0.0.1:{server.port}/a -> answered 204"
        )
        assert [entry.name for entry in caught.traceback.filter(caught)] == ["test_none_comes"]


async def test_before_it_has_started():
    """Nothing comes where nobody listens, and the sentence says so."""
    server = CaseControlledTestServer()
    with pytest.raises(VerificationError) as caught:
        await server.receive_request(timeout=0)
    assert str(caught.value) == (
        "Looked for a request to the controlled server that has not been started, and none came.\n\n"
        "Nothing came so far."
    )


async def test_what_can_not_be(session):
    """An answer is final, and what was no request to this server can't be answered."""
    async with CaseControlledTestServer() as server:
        task = asyncio.create_task(text(session.get(server.make_url("/a"))))
        request = await server.receive_request(PATIENCE)
        with pytest.raises(OptionTypeError) as caught:
            server.send_response(None)
        assert str(caught.value) == (
            f"send_response(None): that is no request to {name(server)}. Give one that receive_request() returned."
        )
        server.send_response(request, text="first")
        with pytest.raises(ControlError) as caught:
            server.send_response(request)
        assert str(caught.value) == (
            f"GET http://127.0.0.1:{server.port}/a was answered 200, and can't be answered again. Answer each request "
            "once."
        )
        assert await task == (200, "first")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("before", [False, True])
async def test_a_connection_that_ends(session, method, begun, before):
    """An error that a lost connection makes is made by losing it: by a FIN, or by a RST."""
    seen = []
    for error in (aiohttp.ServerDisconnectedError, ConnectionResetError("gone")):
        async with CaseControlledTestServer() as server:
            if before:  # the connection was used before
                task = asyncio.create_task(text(session.get(server.make_url("/"))))
                server.send_response(await server.receive_request(PATIENCE))
                await task

            async def ask(url):
                async with session.request(method, url) as response:
                    await response.read()

            task = asyncio.create_task(raised(ask(server.make_url("/"))))
            # aiohttp makes a GET once more when the connection is lost before the answer
            for _ in range(2 if method == "GET" and not begun else 1):
                request = await server.receive_request(PATIENCE)
                if begun:
                    await (await server.prepare(request, web.StreamResponse())).write(b"some")
                server.send_error(request, error)
            seen.append(type(await task))
    expected = [aiohttp.ServerDisconnectedError, aiohttp.ClientOSError]
    assert seen == ([aiohttp.ClientPayloadError] * 2 if begun else expected)


async def test_an_exception_that_can_not_travel(session):
    """Any other exception is refused, and another answer can still be given."""
    async with CaseControlledTestServer() as server:
        task = asyncio.create_task(text(session.get(server.make_url("/"))))
        request = await server.receive_request(PATIENCE)
        with pytest.raises(OptionValueError) as caught:
            server.send_error(request, LookupError("mine"))
        assert str(caught.value) == (
            "send_error(request, LookupError('mine')): an exception can't be raised at the other end of a socket. Give "
            "a status of an error; or aiohttp.ServerDisconnectedError, to close the connection; or "
            "ConnectionResetError, to reset it. With aiohttpretty.controlled(), any can be raised."
        )
        server.send_error(request, web.HTTPGone(text="gone"))
        assert await task == (410, "gone")


async def test_a_client_that_is_gone(session):
    """A request whose client has given up can't be answered, and is not missed at the end."""
    async with CaseControlledTestServer() as server:
        task = asyncio.create_task(text(session.get(server.make_url("/"))))
        request = await server.receive_request(PATIENCE)
        task.cancel()
        await asyncio.wait([task])
        await until(lambda: request.transport is None)
        with pytest.raises(ControlError) as caught:
            server.send_response(request)
        assert str(caught.value) == (
            f"GET http://127.0.0.1:{server.port}/ can't be answered: its client is gone, because it was cancelled, "
            "closed or timed out. Leave such a request unanswered."
        )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_left_without_an_answer(session, method):
    """The block fails and lists what was left; those who wait see their connection lost."""
    with pytest.raises(VerificationError) as caught:
        async with CaseControlledTestServer() as server:
            server_name, url = name(server), str(server.make_url("/"))
            task = asyncio.create_task(text(session.request(method, url)))
            request = await server.receive_request(PATIENCE)
    assert str(caught.value) == (
        f"{server_name[0].upper()}{server_name[1:]} was left with its only request unanswered. Answer each with "
        f"send_response() or send_error() before the block ends.\n\n  1. {method} {url} -> received, not answered"
    )
    assert [entry.name for entry in caught.traceback.filter(caught)] == ["test_left_without_an_answer"]
    assert isinstance(await raised(task), aiohttp.ClientConnectionError)
    with pytest.raises(ControlError, match="can't be answered any more"):
        server.send_response(request)


async def test_closed_without_an_answer(session):
    """`close()` cancels what is pending, received or not, and begun or not; it says nothing."""
    server = CaseControlledTestServer()
    await server.start_server()
    tasks = [asyncio.create_task(session.post(server.make_url(f"/{number}"))) for number in range(3)]
    requests = [await server.receive_request(PATIENCE) for _ in range(2)]
    await server.prepare(requests[0], web.StreamResponse())
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await until(lambda: server._came)
    await server.close()
    await server.close()
    begun = await done.pop()
    assert isinstance(await raised(begun.read()), aiohttp.ClientPayloadError)
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(type(each).__name__ for each in errors) == ["ClientResponse", *["ServerDisconnectedError"] * 2]
    assert isinstance(await raised(session.get(f"http://127.0.0.1:{requests[0].url.port}/")), aiohttp.ClientOSError)


async def test_another_exception_is_on_its_way(session):
    """Then that is what the block ends with."""
    with pytest.raises(LookupError, match="the test's"):
        async with CaseControlledTestServer() as server:
            task = asyncio.create_task(text(session.post(server.make_url("/"))))
            await server.receive_request(PATIENCE)
            raise LookupError("the test's")
    assert isinstance(await raised(task), aiohttp.ServerDisconnectedError)


@pytest.mark.parametrize("size", [0, 5_000_000])
async def test_answered_at_the_very_end(session, size):
    """What was answered reaches its client, even if the block ends right behind."""
    async with CaseControlledTestServer() as server:
        task = asyncio.create_task(text(session.get(server.make_url("/"))))
        server.send_response(await server.receive_request(PATIENCE), text="x" * size)
    assert await task == (200, "x" * size)


async def test_a_client_that_does_not_read(session):
    """It holds up whoever leaves no longer than `shutdown_timeout`."""
    server = CaseControlledTestServer()
    await server.start_server(shutdown_timeout=0.01)
    task = asyncio.create_task(session.get(server.make_url("/")))
    server.send_response(await server.receive_request(PATIENCE), body=b"x" * 30_000_000)
    response = await task
    await asyncio.wait_for(server.close(), PATIENCE)  # by default, aiohttp's servers wait for a minute
    assert not response.content.at_eof()
    response.close()


async def test_a_stream_that_the_test_ended_itself(session):
    """An answer whose last byte the test has written is none that is missing."""
    async with CaseControlledTestServer() as server:
        task = asyncio.create_task(text(session.get(server.make_url("/"))))
        stream = await server.prepare(await server.receive_request(PATIENCE), web.StreamResponse())
        await stream.write_eof(b"all")
        assert await task == (200, "all")


async def test_a_websocket_by_hand(session):
    """A websocket is begun like any other response, and the test is its peer."""
    async with CaseControlledTestServer() as server:
        connecting = asyncio.create_task(session.ws_connect(server.make_url("/feed")))
        request = await server.receive_request(PATIENCE)
        there = web.WebSocketResponse()
        await server.prepare(request, there)
        async with await connecting as here:
            await here.send_str("ping")
            assert await there.receive_str() == "ping"
            closing = asyncio.create_task(there.close(code=4000))
            assert (await here.receive()).data == 4000
            await closing
        server.send_response(request, there)


async def test_a_client_in_another_thread():
    """A request may come from another event loop."""

    async def ask(url):
        async with aiohttp.ClientSession() as session:
            return await text(session.get(url))

    async with CaseControlledTestServer() as server:
        asking = asyncio.get_running_loop().run_in_executor(None, lambda: asyncio.run(ask(server.make_url("/"))))
        server.send_response(await server.receive_request(timeout=PATIENCE), text="over there")
        assert await asyncio.wait_for(asking, PATIENCE) == (200, "over there")


async def test_with_aiohttps_client():
    """It stands wherever aiohttp's test servers do: in a `TestClient`, which closes it."""
    server = CaseControlledTestServer()
    async with TestClient(server) as client:
        task = asyncio.create_task(text(client.get("/x")))
        server.send_response(await server.receive_request(PATIENCE), text="by hand")
        assert await task == (200, "by hand")
    assert server.closed


async def test_closed_before_it_was_started():
    """To close what does not run does nothing, as with aiohttp's own."""
    server = CaseControlledTestServer()
    await server.close()
    async with server, aiohttp.ClientSession() as session:
        task = asyncio.create_task(text(session.get(server.make_url("/"))))
        server.send_response(await server.receive_request(PATIENCE), text="after all")
        assert await task == (200, "after all")


async def test_who_waits_for_a_request_when_it_is_closed():
    """Whoever waits in another task is told."""
    server = CaseControlledTestServer()
    await server.start_server()
    sentence = f"Waited until the end for a request to {name(server)}, and none came.\n\nNothing came so far."
    waiting = asyncio.create_task(server.receive_request(timeout=None))
    await asyncio.sleep(0)
    await server.close()
    assert str(await raised(waiting)) == sentence


async def test_cancelled_at_the_end(session):
    """A test that is cancelled while it leaves still closes the server."""
    server = CaseControlledTestServer()

    async def play():
        async with server:
            asking.append(asyncio.create_task(raised(session.post(server.make_url("/")))))
            await server.receive_request(PATIENCE)

    asking = []
    playing = asyncio.create_task(play())
    await until(lambda: server._left)
    playing.cancel()
    await asyncio.wait([playing])
    assert (playing.cancelled(), server.closed) == (True, True)
    assert isinstance(await asking[0], aiohttp.ServerDisconnectedError)


async def test_started_again():
    """Once closed, it can't be used again, and says so; to start it twice means once, as aiohttp has it."""
    server = CaseControlledTestServer()
    await server.start_server()
    async with server:
        port = server.port
    with pytest.raises(ControlError) as caught:
        await server.start_server()
    assert str(caught.value) == (
        f"The controlled server at http://127.0.0.1:{port} was closed before. Make another CaseControlledTestServer()."
    )


@pytest.mark.parametrize("word", ["ssl_context", "tls", "sheme", "x"])
def test_a_word_that_it_does_not_know(word):
    """A word that aiohttp's own server would swallow is refused, with the one that was meant."""
    near = {"ssl_context": "", "tls": " Did you mean 'ssl'?", "sheme": " Did you mean 'scheme'?", "x": ""}[word]
    with pytest.raises(OptionTypeError) as caught:
        CaseControlledTestServer(**{word: 1})
    said, options = str(caught.value).split(" The options are: ")
    assert said == f"CaseControlledTestServer has no option {word!r}.{near}"
    assert {"ssl", "scheme", "host", "port", "skip_url_asserts", "socket_factory"} <= set(options[:-1].split(", "))


async def test_the_words_of_aiohttps_own():
    """What aiohttp's server takes is taken."""
    server = CaseControlledTestServer(skip_url_asserts=True, scheme="http", host="localhost", port=0)
    async with server:
        assert str(server.make_url("/a")) == f"http://localhost:{server.port}/a"
        assert server.skip_url_asserts


async def test_tls_by_another_name_at_the_start():
    """Where it is started by hand, too, no server is plain that was meant to speak TLS."""
    server = CaseControlledTestServer()
    with pytest.raises(OptionTypeError) as caught:
        await server.start_server(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    assert str(caught.value) == "start_server() has no option 'tls'. Write it as ssl=context."
    assert not server.started


@pytest.mark.parametrize("at_the_start", [False, True])
@pytest.mark.parametrize(
    ("context", "kind", "sentence"),
    [
        (
            Authority,
            OptionTypeError,
            "that is the authority, which makes contexts, and is none. Give one that it makes: "
            "ssl=aiohttp_tls.server_context().",
        ),
        (
            lambda: True,
            OptionTypeError,
            "True is no ssl.SSLContext. Give a server's, such as ssl=aiohttp_tls.server_context(), or leave it out for "
            "plain http.",
        ),
        (
            lambda: "cert.pem",
            OptionTypeError,
            "'cert.pem' is no ssl.SSLContext. Give a server's, such as ssl=aiohttp_tls.server_context(), or leave it "
            "out for plain http.",
        ),
        (
            ssl.create_default_context,
            OptionValueError,
            "that is a client's context, and no server can speak TLS with it. Give a server's, such as "
            "ssl=aiohttp_tls.server_context(); without aiohttp_tls, "
            "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) with a certificate loaded into it.",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
async def test_what_no_server_can_speak_tls_with(context, kind, sentence, at_the_start):
    """It is refused where it is given, before a socket is opened; a client would only see its connection lost."""
    given = context()
    with pytest.raises(kind) as caught:
        if at_the_start:
            server = CaseControlledTestServer()
            await server.start_server(ssl=given)
        else:
            CaseControlledTestServer(ssl=given)
    where = "start_server" if at_the_start else "CaseControlledTestServer"
    assert str(caught.value) == f"{where}(ssl=...): {sentence}"
    gc.collect()  # a socket that is left would warn


async def test_ipv6(session, unused_tcp_port_factory):
    """The words that are aiohttp's own mean what they mean there: the address, and the port."""
    port = unused_tcp_port_factory()
    async with CaseControlledTestServer(host="::1", port=port) as server:
        assert str(server.make_url("/")) == f"http://[::1]:{port}/"
        task = asyncio.create_task(text(session.get(server.make_url("/"))))
        server.send_response(await server.receive_request(PATIENCE), text="six")
        assert await task == (200, "six")
        with pytest.raises(VerificationError, match=rf"to the controlled server at http://\[::1\]:{port}, and none"):
            await server.receive_request(timeout=0)


async def test_beside_an_active_registry(session):
    """Requests to it pass through by themselves, as to any of aiohttp's test servers; others are mocked."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", "http://example.com/", body="mocked")
        async with CaseControlledTestServer() as server:
            task = asyncio.create_task(text(session.get(server.make_url("/"))))
            server.send_response(await server.receive_request(PATIENCE), text="real")
            assert await task == (200, "real")
            assert await text(session.get("http://example.com/")) == (200, "mocked")
    assert aiohttpretty.unmatched == []


async def test_nothing_is_left_behind():
    """No task, and no reference to the server."""
    before = asyncio.all_tasks()

    async def play():
        async with aiohttp.ClientSession() as session:
            server = CaseControlledTestServer()
            await server.start_server()
            answered = asyncio.create_task(text(session.get(server.make_url("/"))))
            server.send_response(await server.receive_request(PATIENCE))
            await answered
            left = asyncio.create_task(text(session.post(server.make_url("/"))))
            await server.receive_request(PATIENCE)
            await server.close()
            await asyncio.wait([left])
            left.exception()
            return weakref.ref(server)

    server = await play()
    await until(lambda: asyncio.all_tasks() == before)
    gc.collect()
    assert server() is None
