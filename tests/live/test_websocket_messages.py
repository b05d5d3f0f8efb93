"""What went over a websocket is part of its call's record, whoever was at the other end."""

import asyncio
import dataclasses
import json
import threading
from hashlib import sha256

import aiohttp
import pytest
from aiohttp import WSMsgType, web

import aiohttpretty

URI = "ws://example.com/feed"


async def echo(request):
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


def by_handler(**options):
    return aiohttpretty.register_uri("GET", URI, handler=echo, **options)


def late():
    return by_handler(delay=0.001)


def decided():
    return by_handler(match=lambda request: True)


def by_websocket():
    return aiohttpretty.register_websocket(URI, echo)


def by_mount():
    app = web.Application()
    app.router.add_get("/feed", echo)
    return aiohttpretty.mount("http://example.com", app)


def by_mounted_handler():
    return aiohttpretty.mount("http://example.com/", echo)


async def talk(*messages, keep_bodies=False, **options):
    """Send them, and get them back; the call."""
    with aiohttpretty.activate(keep_bodies=keep_bodies):
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(URI, max_msg_size=0, **options) as socket:
                for message in messages:
                    await (socket.send_str if isinstance(message, str) else socket.send_bytes)(message)
                    assert (await socket.receive()).data == message
    return aiohttpretty.calls[-1]


async def test_the_message_that_closes():
    """Of it, too, there are a beginning, a size and a digest: those of the reason that it gives."""
    by_handler()
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(URI) as socket:
                await socket.close(code=4000, message="é".encode())
    message = aiohttpretty.calls[0].messages[0]
    assert (message.type, message.data) == (WSMsgType.CLOSE, (4000, "é"))
    assert (message.start, message.size) == ("é".encode(), 2)
    assert message.digest == sha256("é".encode()).hexdigest()


@pytest.mark.parametrize("register", [by_handler, late, decided, by_websocket, by_mount, by_mounted_handler])
@pytest.mark.parametrize("compress", [0, 15])
async def test_whoever_serves_it(register, compress):
    """All that was said is there, in order, compressed or not, from the handshake's end on."""
    register()
    call = await talk("text", b"bytes", "", compress=compress)
    assert [(one.direction, one.type.name, one.data) for one in call.messages] == [
        ("sent", "TEXT", "text"),
        ("received", "TEXT", "text"),
        ("sent", "BINARY", b"bytes"),
        ("received", "BINARY", b"bytes"),
        ("sent", "TEXT", ""),
        ("received", "TEXT", ""),
        ("sent", "CLOSE", (1000, "")),
        ("received", "CLOSE", (1000, "")),
    ]
    assert call.messages[-1].data.code == 1000
    times = [one.at for one in call.messages]
    assert times == sorted(times)
    assert 0 < times[0] <= times[-1] <= call.duration


async def test_a_call_without_a_websocket():
    """It has no messages, and neither has a refused handshake."""
    aiohttpretty.register_uri("GET", URI, responses=[{}, {"status": 403}])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            await session.get(URI.replace("ws", "http"))
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(URI)
    assert [call.messages for call in aiohttpretty.calls] == [[], []]


async def test_large_messages():
    """Of one above 1 MiB the beginning is kept, the size and the digest."""
    by_websocket()
    texts = "x" * (1 << 20), "x" + "ö" * (1 << 19)
    call = await talk(*texts, texts[1].encode())
    whole, _, text, _, data, *_ = call.messages
    assert whole.data == texts[0]
    for message in (text, data):
        assert message.start == texts[1].encode()[: 64 * 1024]
        assert message.size == (1 << 20) + 1
        assert message.digest == sha256(texts[1].encode()).hexdigest()
        with pytest.raises(aiohttpretty.BodyNotKeptError) as caught:
            message.data
        assert str(caught.value) == (
            "The message was 1048577 bytes long. Of one above 1048576 bytes, and of all behind the first 16777216 "
            "bytes of a call's messages, only the beginning is kept (message.start), the size (message.size) and the "
            "SHA-256 (message.digest). To have all of it, keep bodies whole: activate(keep_bodies=True), or "
            "keep_bodies=True in the marker."
        )
        with pytest.raises(aiohttpretty.BodyNotKeptError):
            message.json()
    assert (whole.start, whole.size, whole.digest) == (
        b"x" * 64 * 1024,
        1 << 20,
        sha256(texts[0].encode()).hexdigest(),
    )


async def test_large_messages_that_are_kept():
    """With keep_bodies, all of it is there, also when the registry has ended."""
    by_websocket()
    call = await talk("x" * (3 << 20), bytes(3 << 20), keep_bodies=True)
    assert [one.data for one in call.messages[:4:2]] == ["x" * (3 << 20), bytes(3 << 20)]


async def test_many_of_a_middle_size():
    """Behind 16 MiB of messages, only a little is kept of each: a stream that goes on and on can be recorded."""
    by_websocket()
    call = await talk(*[bytes(256 * 1024)] * 40)
    kept = [one.size for one in call.messages if isinstance(one._content, bytes)]
    assert sum(kept) == 16 << 20
    assert len(call.messages) == 82
    assert {len(one.start) for one in call.messages[-10:-2]} == {1024}
    assert {one.size for one in call.messages[-10:-2]} == {256 * 1024}


async def test_ten_thousand():
    """Ten thousand messages are all there, read when somebody asks, and while they come."""
    by_websocket()
    seen = []
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URI) as socket:
            call = aiohttpretty.calls[0]
            for number in range(10_000):
                await socket.send_str(str(number))
                await socket.receive_str()
                if number % 1000 == 999:
                    seen.append(len(call.messages))
    assert seen == [2000 * number for number in range(1, 11)]
    assert [one.data for one in call.messages[0:-2:2]] == [str(number) for number in range(10_000)]
    assert [one.data for one in call.messages[1:-2:2]] == [str(number) for number in range(10_000)]


async def test_looking_from_another_thread():
    """A test may look in another thread while messages come."""
    by_websocket()
    over = threading.Event()
    lengths = []

    def look():
        while not over.is_set():
            lengths.append(sum(len(call.messages) for call in list(aiohttpretty.calls)))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        call = await talk(*map(str, range(500)), b"x" * (1 << 20), *map(str, range(500)))
    finally:
        over.set()
        looking.join()
    assert lengths == sorted(lengths)
    assert len(call.messages) == 2004


async def test_a_list_of_ones_own():
    """A test may do with the list what it likes, and a message never changes."""
    by_websocket()
    call = await talk('{"a": 1}')
    call.messages.clear()
    [message, *_] = call.messages
    assert message.json() == {"a": 1}
    assert isinstance(message, aiohttpretty.Message)
    assert message == call.messages[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.at = 0
    with pytest.raises(json.JSONDecodeError):
        dataclasses.replace(message, _content="no").json()


async def test_how_it_is_told():
    """A message says what it is, in a line; so do the call's description and the timeline, without secrets."""
    route = aiohttpretty.register_websocket(URI)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URI) as socket:
            peer = await route.accepted()
            await socket.send_str('{"token": "abcdefgh"}')
            await socket.send_bytes(bytes(100))
            await socket.ping(b"p")
            for number in range(30):
                await socket.send_json(number)
            await peer.close(code=4001, message="enough")
            await socket.receive()
    [call] = aiohttpretty.calls
    assert [str(one) for one in call.messages[:3]] == [
        """TEXT '{"token": "***"}'""",
        "BINARY b'" + "\\x00" * 10 + "\\x0…" + "00\\x00\\x00\\x00'" + " (100 bytes)",
        "PING b'p'",
    ]
    assert repr(call.messages[-2]).startswith("<Message received CLOSE 4001 enough at ")
    _, _, told = call.describe().partition("Messages:\n")
    lines = [line[10:].strip() for line in told.splitlines()]
    assert lines[0].endswith("""sent      TEXT '{"token": "***"}'""")
    assert lines[-2:] == ["received  CLOSE 4001 enough", "sent      CLOSE 1000"]
    assert told.splitlines()[10] == f"  ... {len(call.messages) - 20} more ..."
    assert len(lines) == 21
    assert "abcdefgh" not in call.describe()


async def test_the_timeline():
    """The timeline of a test counts what was said."""
    from aiohttpretty.records.timeline import timeline

    by_websocket()
    call = await talk("a", b"b")
    told = timeline([call], [], [], call.started)
    assert told.splitlines()[1].partition(", by ")[0] == (f"    0.000s  GET {URI} -> 101, 2 messages sent, 2 received")


async def test_a_ping_of_the_servers(monkeypatch):
    """What holds a connection open is recorded, and not counted as said."""

    async def pinging(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.ping(b"there?")
        async for _ in socket:
            pass
        return socket

    aiohttpretty.register_websocket(URI, pinging)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URI, autoping=False) as socket:
            assert (await socket.receive()).data == b"there?"
            await socket.pong(b"there?")
    assert [(one.direction, one.type.name, one.data) for one in aiohttpretty.calls[0].messages[:2]] == [
        ("received", "PING", b"there?"),
        ("sent", "PONG", b"there?"),
    ]


async def test_asyncio_is_not_kept_waiting():
    """A large message that comes in pieces is recorded when it is whole, not before."""
    by_websocket()
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.ws_connect(URI, max_msg_size=0) as socket:
            sending = asyncio.ensure_future(socket.send_bytes(bytes(8 << 20)))
            call = aiohttpretty.calls[0]
            assert call.messages == []
            await sending
            assert len((await socket.receive()).data) == 8 << 20
            assert [one.size for one in call.messages] == [8 << 20] * 2
