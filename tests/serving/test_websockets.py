"""Websockets over TCP: handlers, the test's own end, and what is recorded of them."""

import asyncio

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from settling import until

from .conftest import PATIENCE, connected

FEED = "wss://api.example.com/feed"


@pytest.fixture
async def server(pretty, complaints):
    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{request.scheme} {message.data}")
        return socket

    pretty.register_websocket("wss://api.example.com/echo", echo)
    async with pretty.serve() as server:
        yield server


async def test_a_handler_talks_to_a_client(server, pretty):
    """With compression, large messages and a closing; the messages are in the record."""
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url_for("wss://api.example.com/echo"), compress=15) as socket:
            await socket.send_str("hi")
            assert await socket.receive_str() == "https hi"
            await socket.send_str("x" * 300_000)
            assert await socket.receive_str() == "https " + "x" * 300_000
    (call,) = pretty.calls
    await until(lambda: call.duration is not None)
    assert call.status == 101
    said = [(message.direction, message.data) for message in call.messages if message.type is WSMsgType.TEXT]
    assert said[:2] == [("sent", "hi"), ("received", "https hi")]


async def test_the_test_plays_the_other_end(server, pretty):
    """With the same words as over the wire."""
    route = pretty.register_websocket(FEED, protocols=["chat"])
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url_for(FEED), protocols=["chat"]) as socket:
            peer = await route.accepted(timeout=PATIENCE)
            assert socket.protocol == "chat"
            await peer.send_json({"a": 1})
            assert await socket.receive_json() == {"a": 1}
            await socket.send_str("hello")
            assert await peer.receive_str(timeout=PATIENCE) == "hello"
            await peer.close(code=4000, message="enough")
            message = await socket.receive()
            assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4000, "enough")


async def test_a_refused_handshake_leaves_the_connection_as_it_is(server, pretty):
    """What comes behind it is a request again."""
    pretty.register_websocket(FEED, status=403)
    pretty.register_uri("GET", "https://api.example.com/x", body=b"hello")
    handshake = (
        b"GET /wss://api.example.com/feed HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    last = b"GET /https://api.example.com/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with connected(server) as (reader, writer):
        writer.write(handshake + last)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"\r\n\r\nhello")


async def test_frames_may_come_with_the_handshake(server, pretty):
    """A client that does not wait for the 101 loses nothing."""
    handshake = (
        b"GET /wss://api.example.com/echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    text = b"\x81\x82\x00\x00\x00\x00hi"
    async with connected(server) as (reader, writer):
        writer.write(handshake + text)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        assert await asyncio.wait_for(reader.readexactly(10), PATIENCE) == b"\x81\x08https hi"
        writer.write(text)
        assert await asyncio.wait_for(reader.readexactly(10), PATIENCE) == b"\x81\x08https hi"


async def test_what_a_served_peer_tells(server, pretty):
    """Nobody in this process has opened it, and its report does not say where."""
    route = pretty.register_websocket("wss://api.example.com/told")
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(server.url_for("wss://api.example.com/told")):
            peer = await route.accepted()
            with pytest.raises(AssertionError) as caught:
                await peer.receive_str(timeout=0)
            assert "opened at" not in str(caught.value)
            await peer.close()
