"""Under blockbuster, which lets no call block the event loop: none of ours does, wherever a test leads."""

import asyncio
import ssl

import aiohttp
import blockbuster
import pytest
from aiohttp import web

import aiohttpretty

URL = "http://example.com/"


@pytest.fixture
def nothing_blocks():
    """From here on, in the event loop."""
    with blockbuster.blockbuster_ctx() as guards:
        for guard in guards.functions.values():
            # another test of this folder brings ddtrace along, which looks for the file of each module that is imported
            guard.can_block_in("ddtrace/internal/module.py", {"_exec_module"})
        yield guards


async def ask(url=URL, method="GET", **options):
    async with aiohttp.ClientSession() as session, session.request(method, url, **options) as response:
        return await response.read()


async def test_the_guard_is_there(nothing_blocks, tmp_path):
    """Without it, the tests below would say nothing."""
    with pytest.raises(blockbuster.BlockingError):
        tmp_path.stat()


async def test_requests(nothing_blocks):
    """Registering, asking, handlers, streams, uploads, websockets, delays, TLS and its faults."""

    async def echo(request):
        return web.Response(body=await request.read())

    async def stream():
        yield b"a"
        yield b"b"

    async def hello(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/", echo)
    with aiohttpretty.activate(time="instant"):
        aiohttpretty.register_uri("GET", URL, body="abc", content_encoding="gzip")
        aiohttpretty.register_uri("POST", URL, handler=echo)
        aiohttpretty.register_uri("PUT", URL, match=aiohttpretty.match.json({"a": 1}), delay=60)
        aiohttpretty.register_uri("PATCH", URL, body=stream)
        aiohttpretty.register_uri("GET", "https://example.com/", body="tls")
        aiohttpretty.register_uri(
            "GET", "https://expired.example/", fault=aiohttpretty.faults.tls_certificate("expired")
        )
        aiohttpretty.register_websocket("ws://example.com/ws", hello)
        aiohttpretty.mount("http://app.example/", app)
        assert await ask() == b"abc"
        assert await ask(method="POST", data=b"x" * 300_000) == b"x" * 300_000
        assert await ask(method="PUT", json={"a": 1}) == b""
        assert await ask(method="PATCH") == b"ab"
        assert await ask("https://example.com/") == b"tls"
        assert await ask("http://app.example/") == b""
        with pytest.raises(aiohttp.ClientConnectorCertificateError) as caught:
            await ask("https://expired.example/")
        assert isinstance(caught.value.certificate_error, ssl.SSLCertVerificationError)
        async with aiohttp.ClientSession() as session, session.ws_connect("ws://example.com/ws") as socket:
            assert await socket.receive_str() == "hello"
        aiohttpretty.assert_all_called()


async def test_reports(nothing_blocks):
    """Reports read the source of the test, and look for servers of this process: neither is in the way of the error."""
    with aiohttpretty.activate():
        for url in (URL, "http://127.0.0.1:9/", "http://localhost:9/"):
            with pytest.raises(aiohttpretty.NoMatchError):
                await ask(url)
        aiohttpretty.register_uri("GET", URL, responses=[{"body": "once"}])  # too late, which it says
        await ask()
        with pytest.raises(aiohttpretty.ResponsesExhausted):
            await ask()
        with pytest.raises(aiohttpretty.VerificationError):
            aiohttpretty.assert_called("POST", URL)
        with pytest.raises(aiohttpretty.VerificationError):
            await aiohttpretty.wait_for_call("POST", URL, timeout=0.01)


async def test_files(nothing_blocks, tmp_path):
    """A file is read in a thread, by its path as well as by its object."""
    path = tmp_path / "file"
    content = b"x" * 300_000

    def made():
        path.write_bytes(content)
        return path.open("rb")

    file = await asyncio.to_thread(made)
    # to look at a path is to ask the disk; where it is registered in an async test, blockbuster has to be told
    for name in ("os.stat", "os.path.abspath", "os.getcwd"):
        nothing_blocks.functions[name].can_block_in("aiohttpretty/replies/body.py", {"_path"})
    with aiohttpretty.activate(), file:
        aiohttpretty.register_uri("GET", URL, body=file)
        aiohttpretty.register_uri("POST", URL, body=path)
        assert await ask() == content
        assert await ask(method="POST") == content


async def test_a_path_is_looked_at_where_it_is_registered(nothing_blocks, tmp_path):
    """Where blockbuster was not told, that is what it says; and nothing is registered."""
    with aiohttpretty.activate():
        with pytest.raises(Exception, match="Blocking call to os.stat"):
            aiohttpretty.register_uri("GET", URL, body=tmp_path)
        assert not aiohttpretty.registry
