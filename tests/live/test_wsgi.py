"""WSGI applications: over a loopback server of aiohttp's, and mounted, they see and say the same."""

import asyncio
import sys
import threading

import aiohttp
import pytest
from flask import Flask, Response, request, stream_with_context
from settling import outcome, until

import aiohttpretty
from aiohttpretty.errors import MissingPackageError
from aiohttpretty.live import lifetime

from .playing import PATIENCE


@pytest.fixture(autouse=True)
def _no_threads_stay():
    """Whatever a test does, no thread of an application's is left behind."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("WSGI"):
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_the_environ(playing, prefix):
    """The keys of PEP 3333 are those of a server where the application is mounted."""
    seen = []

    def app(environ, start_response):
        seen.append({key: environ[key] for key in environ if key.isupper() or key == "wsgi.url_scheme"})
        seen.append(environ["wsgi.input"].read())
        start_response("201 Made", [("X-A", "1"), ("X-A", "2"), ("Content-Type", "text/plain")])
        return [b"one", b"", b"two"]

    async with playing(app, prefix) as (session, url):
        headers = {"X-Name": "é", "User-Agent": "me", "Accept": "*/*", "Accept-Encoding": "br"}
        async with session.post(f"{url}/caf%C3%A9?q=1", data=b"hello", headers=headers) as response:
            assert (response.status, await response.read()) == (201, b"onetwo")
            assert response.headers.getall("X-A") == ["1", "2"]
    environ, body = seen
    assert body == b"hello"
    for key in ("HTTP_HOST", "REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME", "SERVER_PORT"):
        assert type(environ.pop(key)) is str
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": prefix,
        "PATH_INFO": "/café".encode().decode("latin-1"),
        "QUERY_STRING": "q=1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "application/octet-stream",
        "HTTP_X_NAME": "é".encode().decode("latin-1"),
        "HTTP_USER_AGENT": "me",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_ENCODING": "br",
        "wsgi.url_scheme": "http",
    }


@pytest.mark.parametrize("prefix", ["", "/v1"])
async def test_flask(playing, prefix):
    """An application of Flask's: routing, forms, files, cookies, errors, links, streams."""
    app = Flask("mounted")

    @app.post("/form/<name>")
    def form(name):
        return {"name": name, "form": request.form, "file": request.files["f"].read().decode(), "url": request.url}

    @app.post("/echo")
    def echo():
        return request.get_data()

    @app.get("/stream")
    def stream():
        return Response(stream_with_context(f"{number}\n" for number in range(3)), headers={"X-A": "1"})

    @app.get("/cookie")
    def cookie():
        made = Response(request.cookies.get("a", "none"))
        made.set_cookie("a", "1", path=request.script_root or "/")
        return made

    async def chunks():
        yield b"one"
        yield b"two"

    async with playing(app, prefix) as (session, url):
        data = aiohttp.FormData({"x": "é"})
        data.add_field("f", b"file" * 1000, filename="f.txt")
        async with session.post(f"{url}/form/a%20b?q=1", data=data) as response:
            assert await response.json() == {
                "name": "a b",
                "form": {"x": "é"},
                "file": "file" * 1000,
                "url": f"{url}/form/a%20b?q=1",
            }
        async with session.post(f"{url}/echo", data=chunks()) as response:
            assert await response.read() == b"onetwo"
        async with session.get(f"{url}/stream") as response:
            assert (await response.text(), response.headers["X-A"]) == ("0\n1\n2\n", "1")
        async with session.get(f"{url}/nowhere") as response:
            assert response.status == 404
        async with session.head(f"{url}/stream") as response:
            assert (response.status, await response.read()) == (200, b"")


async def test_reading_in_every_way(playing):
    """`read`, `readline` with and without a size, `readlines` and iteration give what they say (PEP 3333)."""
    sent = b"".join(b"line %d\n" % number for number in range(2000)) + b"end"

    def app(environ, start_response):
        body = environ["wsgi.input"]
        start_response("200 OK", [])
        if environ["QUERY_STRING"] == "sizes":
            read = [body.read(3), body.readline(2), body.readline(), body.readline(100_000), body.read()]
            assert read[1:4] == [b"e ", b"0\n", b"line 1\n"]
        elif environ["QUERY_STRING"] == "lines":
            read = body.readlines()
        else:
            read = list(body)
        assert body.read() == body.readline() == b""
        assert read[-1].endswith(b"end")
        return [b"".join(read)]

    async with playing(app) as (session, url):
        for way in ("sizes", "lines", "iteration"):
            async with session.post(f"{url}?{way}", data=sent) as response:
                assert await response.read() == sent


async def test_both_ways_at_once(playing):
    """The answer goes out piece by piece, while the request comes in piece by piece."""

    def app(environ, start_response):
        start_response("200 OK", [])
        while line := environ["wsgi.input"].readline():
            yield line.upper()

    turn = asyncio.Queue()

    async def pieces():
        while piece := await turn.get():
            yield piece

    async with playing(app) as (session, url):
        turn.put_nowait(b"one\n")
        async with session.post(url, data=pieces()) as response:
            assert await asyncio.wait_for(response.content.readline(), PATIENCE) == b"ONE\n"
            turn.put_nowait(b"two\n")
            assert await asyncio.wait_for(response.content.readline(), PATIENCE) == b"TWO\n"
            turn.put_nowait(b"")
            assert await asyncio.wait_for(response.read(), PATIENCE) == b""


async def test_no_faster_than_it_is_read(playing):
    """An application that gives more than its client reads is made to wait, and its answer closed when that leaves."""
    made = 0
    closed = threading.Event()

    class Endless:
        def __iter__(self):
            return self

        def __next__(self):
            nonlocal made
            made += 1
            return bytes(256 * 1024)

        def close(self):
            closed.set()

    def app(environ, start_response):
        start_response("200 OK", [])
        return Endless()

    async with playing(app) as (session, url):
        async with session.get(url) as response:
            await response.content.readexactly(10_000_000)
            held = made
        assert await asyncio.to_thread(closed.wait, PATIENCE)
    if playing.mounted:
        assert held < (10_000_000 + 4_000_000) // (256 * 1024)
    assert playing.errors == []


async def test_writing(playing):
    """What `start_response` returns writes, as the older applications do."""

    def app(environ, start_response):
        write = start_response("200 OK", [])
        for number in range(10):
            write(b"%d" % number)
        return []

    async with playing(app) as (session, url), session.get(url) as response:
        assert await response.read() == b"0123456789"


async def test_many_at_once(playing):
    """A hundred requests at once are answered, each with its own."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    async def one(session, url, number):
        async with session.get(f"{url}/{number}") as response:
            return await response.text()

    async with playing(app) as (session, url):
        seen = await asyncio.gather(*(one(session, url, number) for number in range(100)))
    assert seen == [f"/{number}" for number in range(100)]


@pytest.mark.parametrize("when", ["before", "within"])
async def test_a_bug(playing, when):
    """An exception is a 500 to the client, or an answer that ends too early, and the test is shown it."""

    def app(environ, start_response):
        if when == "within":
            start_response("200 OK", [])
            yield b"beginning"
        raise KeyError("bug")

    async with playing(app, bugs=True) as (session, url):
        async with session.get(url) as response:
            assert response.status == (500 if when == "before" else 200)
            if when == "within":
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
    assert [repr(error) for error in playing.errors] == ["KeyError('bug')"]


async def test_an_answer_without_a_beginning(playing):
    """An application that doesn't call `start_response` is told so, and the client gets a 500."""

    def app(environ, start_response):
        return [b"x"] * 3

    async with playing(app, bugs=True) as (session, url), session.get(url) as response:
        assert response.status == 500
    assert [str(error) for error in playing.errors] == [
        f"The WSGI application {app!r} gave its answer without calling start_response, so that it has no status. Call "
        "start_response('200 OK', headers) before the first piece."
    ]


async def test_a_client_that_leaves_its_body_unfinished(playing):
    """An application that reads then gets an `OSError`, not the beginning of the body for the whole."""
    begun, failed = threading.Event(), []

    def app(environ, start_response):
        environ["wsgi.input"].read(1)
        begun.set()
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            failed.append(error)
            raise
        start_response("200 OK", [])
        return []

    async def pieces():
        yield b"beginning"
        await asyncio.Event().wait()

    async with playing(app) as (session, url):
        waiting = asyncio.create_task(session.post(url, data=pieces()))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        waiting.cancel()
    assert len(failed) == 1
    assert playing.errors == []


async def test_writing_to_a_client_that_is_gone(playing):
    """An application that writes by itself is told with an `OSError`, and does not write on for ever."""
    begun, failed, over = threading.Event(), [], threading.Event()

    def app(environ, start_response):
        write = start_response("200 OK", [])
        try:
            while True:
                write(bytes(64 * 1024))
                begun.set()
        except OSError as error:
            failed.append(str(error))
        finally:
            over.set()
        return []

    async with playing(app) as (session, url):
        response = await session.get(url)
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        response.close()
        assert await asyncio.to_thread(over.wait, PATIENCE)
    assert failed == ["The client is gone"]


async def test_reading_from_a_client_that_is_gone(playing):
    """The same for one that begins to read only then."""
    begun, gone, failed, over = threading.Event(), threading.Event(), [], threading.Event()

    def app(environ, start_response):
        begun.set()
        gone.wait(PATIENCE)
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            failed.append(type(error))
        finally:
            over.set()
        start_response("200 OK", [])
        return []

    async def pieces():
        yield b"beginning"
        await asyncio.Event().wait()

    async with playing(app) as (session, url):
        waiting = asyncio.create_task(session.post(url, data=pieces()))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        waiting.cancel()
        await asyncio.wait([waiting])
        for _ in range(20):
            await asyncio.sleep(0)
        gone.set()
        assert await asyncio.to_thread(over.wait, PATIENCE)
    assert len(failed) == 1


async def test_a_thread_that_does_not_end(monkeypatch):
    """What an application goes on with behind its shutdown is not waited for longer than a moment."""
    monkeypatch.setattr("aiohttpretty.live.wsgi._GRACE", 0)
    begun, go_on = threading.Event(), threading.Event()

    def app(environ, start_response):
        begun.set()
        go_on.wait(PATIENCE)
        start_response("200 OK", [])
        return []

    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        with aiohttpretty.activate():
            aiohttpretty.mount("http://example.com", app)
            asking = asyncio.create_task(outcome(session.get("http://example.com/")))
            assert await asyncio.to_thread(begun.wait, PATIENCE)
        assert type(await asking) is aiohttpretty.DeactivatedError
    await asyncio.wait_for(until(lambda: loop not in lifetime._lives), PATIENCE)
    assert not go_on.is_set()
    go_on.set()


def test_a_thread_that_goes_on_behind_its_event_loop(monkeypatch):
    """What an application does when nobody runs its loop any more ends, and does not hold up the end of the process."""
    monkeypatch.setattr("aiohttpretty.live.wsgi._GRACE", 0)
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def app(environ, start_response):
        begun.set()
        go_on.wait(PATIENCE)
        try:
            start_response("200 OK", [])
        except ConnectionResetError as error:
            seen.append(str(error))
            raise
        return []

    async def ask():
        async with aiohttp.ClientSession() as session:
            with aiohttpretty.activate():
                aiohttpretty.mount("http://example.com", app)
                asking = asyncio.create_task(outcome(session.get("http://example.com/")))
                assert await asyncio.to_thread(begun.wait, PATIENCE)
            await asking

    asyncio.run(ask())
    [thread] = [thread for thread in threading.enumerate() if thread.name.startswith("WSGI_")]
    go_on.set()
    thread.join(PATIENCE)
    assert seen == ["The client is gone"]


async def test_a_websocket(playing):
    """WSGI has no websockets: the application gets the request as any other, and the client sees its answer."""

    def app(environ, start_response):
        assert environ["HTTP_UPGRADE"] == "websocket"
        start_response("404 Not Found", [])
        return []

    async with playing(app) as (session, url):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(url)
        assert caught.value.status == 404


def test_the_end_of_the_event_loop():
    """A loop that ends in the midst of an endless answer takes the application's thread with it."""
    closed = threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            while True:
                yield bytes(64 * 1024)
        finally:
            closed.set()

    async def ask(begun):
        async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
            await response.content.readexactly(1_000_000)
            begun.set()
            await asyncio.Event().wait()

    async def main():
        begun = asyncio.Event()
        main.asking = asyncio.create_task(ask(begun))
        await begun.wait()

    aiohttpretty.mount("http://example.com", app)
    with aiohttpretty.activate():
        asyncio.run(main())
    assert closed.wait(PATIENCE)


def test_the_event_loop_ends_before():
    """An event loop that ends while the application does has it end properly, though its tasks are cancelled."""
    complaints = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        with aiohttpretty.activate():
            aiohttpretty.mount("https://api.example.test", hello)
            async with aiohttp.ClientSession() as session, session.get("https://api.example.test/") as response:
                assert await response.read() == b"hello"
        for _ in range(3):
            await asyncio.sleep(0)  # the end has begun

    def hello(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    asyncio.run(main())
    assert (complaints, aiohttpretty.handler_errors) == ([], [])


def test_without_a2wsgi(monkeypatch):
    """Without the package, mounting says which one to install."""
    monkeypatch.setitem(sys.modules, "a2wsgi", None)
    with pytest.raises(MissingPackageError) as caught:
        aiohttpretty.mount("http://example.com", Flask("mounted"))
    assert str(caught.value) == (
        "A WSGI application is mounted with the package a2wsgi, which is not installed. Install it: "
        "pip install 'aiohttpretty[wsgi]'."
    )
