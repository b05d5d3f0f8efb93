"""A websocket over the wire is as one over a loopback socket, whoever is at its other end: a handler, a mounted
application, or the test itself."""

import asyncio
import random
import ssl
import struct
from hashlib import sha256

import aiohttp
import pytest
import trustme
from aiohttp import WSCloseCode, WSMsgType, web

import aiohttpretty

from .conftest import Everywhere
from .looking import described, differences, failure, outcome
from .serving import over_loopback, over_the_wire, registered, undated

LARGE = random.Random(4).randbytes(1 << 20)
_PATIENCE = 60


async def same(client, server, *, tls=None, scripted=True, **options):
    """Play it in all worlds; what client and server saw, when that was the same, and what was recorded of it.

    `client(session)` and `server(socket)` are the two sides; a socket is a `web.WebSocketResponse` or a `Peer`.
    `options` are those of the first.
    """
    ends = []

    async def handler(request):
        socket = web.WebSocketResponse(max_msg_size=0, **options)
        await socket.prepare(request)
        ends.append(server_saw := asyncio.get_running_loop().create_future())
        try:
            server_saw.set_result(await server(socket))
        finally:
            server_saw.cancel()
        return socket

    async def both(session, route=None):
        ends.clear()
        seen = await client(session)
        return seen, [await end for end in ends]

    routes = [("/a", handler)]
    real, base = await over_loopback(both, routes, tls=tls)
    fakes = {"wire": await over_the_wire(both, routes, base), "handler": await registered(both, routes, base)}
    fakes["websocket"], records = await in_registry(both, base, lambda registry: listening(registry, base, handler))
    fakes["mount"], mounted = await in_registry(both, base, lambda registry: mounting(registry, base, handler))
    kept = [records, mounted]
    if scripted:
        fakes["scripted"], played = await in_registry(
            scripting(client, server), base, lambda registry: listening(registry, base, **options)
        )
        kept.append(played)
    for world, fake in fakes.items():
        assert differences(undated(fake), undated(real), world) == []
    for record in kept[1:]:
        assert differences(record, records) == []
    return undated(real), records


def listening(registry, base, handler=None, **options):
    return registry.register_websocket(f"{base}/a".replace("http", "ws"), handler, **options)


def mounting(registry, base, handler):
    app = web.Application()
    app.router.add_get("/a", handler)
    registry.mount(str(base), app)


def scripting(client, server):
    """The same with a test that plays the server, for as many connections as come."""

    async def play(session, route):
        seen, going = [], []

        async def accept():
            while True:
                peer = await route.accepted(timeout=None)
                seen.append(None)
                going.append(asyncio.ensure_future(one(len(seen) - 1, peer)))

        async def one(number, peer):
            seen[number] = await server(peer)

        accepting = asyncio.ensure_future(accept())
        saw = await client(session)
        accepting.cancel()
        await asyncio.gather(*going)
        return saw, seen

    return play


async def in_registry(play, base, register):
    registry = aiohttpretty.AioHTTPretty()
    route = register(registry)
    with registry.activate(keep_bodies=True):
        connector = aiohttp.TCPConnector(resolver=Everywhere())
        async with aiohttp.ClientSession(base, connector=connector) as session:
            seen = await asyncio.wait_for(play(session, route), _PATIENCE)
    records = [[(one.direction, one.type.name, one.data) for one in call.messages] for call in registry.calls]
    return seen, records


def shown(message):
    """A message, as plain values."""
    data = message.data
    if isinstance(data, BaseException):
        data = described(data)
    elif isinstance(data, (str, bytes, bytearray)) and len(data) > 1000:
        data = len(data), sha256(data if not isinstance(data, str) else data.encode()).hexdigest()
    return message.type.name, bytes(data) if isinstance(data, bytearray) else data, message.extra or None


async def until_closed(socket):
    """Every message up to the one that closes, and the code."""
    got = []
    while not got or got[-1][0] not in ("CLOSE", "CLOSING", "CLOSED", "ERROR"):
        got.append(shown(await socket.receive(timeout=None)))
    return got, await ended(socket)


async def ended(socket):
    """The close code, when both ends know that it is over."""
    if isinstance(socket, aiohttpretty.Peer):
        await socket.wait_closed(timeout=None)
    return socket.close_code


async def echo(socket):
    """Sends everything back, and tells what it was."""
    got = []
    while True:
        message = await socket.receive(timeout=None)
        got.append(shown(message))
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        else:
            return got, await ended(socket)


@pytest.mark.parametrize("compress", [0, 9, 15])
async def test_messages(compress):
    """Text, bytes, JSON, empty and large messages go both ways, compressed or not."""

    async def client(session):
        got = []
        async with session.ws_connect("/a", compress=compress, max_msg_size=0) as socket:
            got.append((socket.protocol, socket.compress, socket.closed))
            for text in ("text", "", "Jö €"):
                await socket.send_str(text)
                got.append(await socket.receive_str())
            await socket.send_json({"a": [1, None]})
            got.append(await socket.receive_json())
            for data in (b"", b"\x00\xff", LARGE, LARGE * 3):
                await socket.send_bytes(data)
                got.append(shown(await socket.receive()))
            await socket.send_str("x" * (1 << 20))
            got.append(shown(await socket.receive()))
        return got, socket.closed, socket.close_code

    ((got, *end), _), [record] = await same(client, echo)
    assert (got[0][0], bool(got[0][1]), got[0][2]) == (None, bool(compress), False)
    assert end == [True, 1000]
    assert record[:2] == [("sent", "TEXT", "text"), ("received", "TEXT", "text")]
    assert ("sent", "BINARY", LARGE * 3) in record
    assert record[-2:] == [("sent", "CLOSE", (1000, "")), ("received", "CLOSE", (1000, ""))]


async def test_compression_that_is_refused():
    """A server that does not compress is heard out."""

    async def client(session):
        async with session.ws_connect("/a", compress=15) as socket:
            await socket.send_str("x" * 1000)
            return socket.compress, await socket.receive_str()

    ((compress, _), _), _ = await same(client, echo, compress=False)
    assert compress == 0


@pytest.mark.parametrize(
    ("asked", "agreed"), [(["talk", "chat"], "talk"), (["chat"], "chat"), (["a"], None), ([], None)]
)
async def test_subprotocols(asked, agreed):
    """The first of the client's subprotocols that the server speaks is agreed upon."""

    async def server(socket):
        return (socket.protocol if isinstance(socket, aiohttpretty.Peer) else socket.ws_protocol), await echo(socket)

    async def client(session):
        async with session.ws_connect("/a", protocols=asked) as socket:
            return socket.protocol

    (protocol, [(there, _)]), _ = await same(client, server, protocols=["chat", "talk"])
    assert (protocol, there) == (agreed, agreed)


def frame(kind, data, *, last=True, masked=False):
    """A frame of fewer than 65536 bytes (RFC 6455, 5.2)."""
    head = bytes([kind | (0x80 if last else 0)])
    mask = 0x80 if masked else 0
    head += bytes([mask | len(data)]) if len(data) < 126 else bytes([mask | 126]) + struct.pack("!H", len(data))
    return head + (b"\0\0\0\0" if masked else b"") + data


def transport_of(socket):
    """The transport under any of the three."""
    if isinstance(socket, aiohttp.ClientWebSocketResponse):
        return socket._response.connection.transport
    return socket.request.transport if isinstance(socket, aiohttpretty.Peer) else socket._req.transport


@pytest.mark.parametrize("cut", [None, 1, 7], ids=["at once", "byte by byte", "in sevens"])
async def test_fragments(cut):
    """A message in many frames, with a ping between them, and frames in many pieces, arrive as one."""
    pieces = [(1, b"frag", False), (0, b"men", False), (9, b"ping", True), (0, b"x" * 300, False), (0, b"ted", True)]

    def write(socket, *, masked):
        data = b"".join(frame(kind, part, last=last, masked=masked) for kind, part, last in pieces)
        for at in range(0, len(data), cut or len(data)):
            transport_of(socket).write(data[at : at + (cut or len(data))])

    async def server(socket):
        got = [shown(await socket.receive(timeout=None))]
        write(socket, masked=False)
        return got, await until_closed(socket)

    async def client(session):
        async with session.ws_connect("/a") as socket:
            write(socket, masked=True)
            return shown(await socket.receive()), await socket.close()

    whole = "fragmen" + "x" * 300 + "ted"
    ((got, _), [(there, _)]), [record] = await same(client, server)
    assert got == ("TEXT", whole, None)
    assert there == [got]
    assert ("sent", "TEXT", whole) in record
    assert ("sent", "PING", b"ping") in record
    assert ("received", "PONG", b"ping") in record


async def test_pings():
    """Pings of both sides are answered, and shown to a client that wants to answer them itself."""

    async def server(socket):
        await socket.ping(b"from there")
        return await echo(socket)

    async def client(session):
        async with session.ws_connect("/a", autoping=False) as socket:
            got = [shown(await socket.receive())]
            await socket.pong(b"from there")
            await socket.ping(b"from here")
            got.append(shown(await socket.receive()))
            return got

    (got, _), [record] = await same(client, server)
    assert got == [("PING", b"from there", None), ("PONG", b"from here", None)]
    assert record[:2] == [("received", "PING", b"from there"), ("sent", "PONG", b"from there")]


async def test_the_servers_heartbeat():
    """The server pings at intervals a client that is silent, and goes on with one that answers."""

    async def client(session):
        async with session.ws_connect("/a", autoping=False) as socket:
            got = []
            for _ in range(3):
                got.append(shown(await socket.receive()))
                await socket.pong(got[-1][1])
            await socket.send_str("well")
            while (message := await socket.receive()).type is WSMsgType.PING:
                await socket.pong(message.data)
            return got, shown(message)

    async def server(socket):
        return [shown(await socket.receive(timeout=None)), (await echo_one(socket)), (await until_closed(socket))[1]]

    async def echo_one(socket):
        await socket.send_str("well")

    ((got, last), _), _ = await same_but_records(client, server, heartbeat=0.05)
    assert got == [("PING", b"", None)] * 3
    assert last == ("TEXT", "well", None)


async def same_but_records(client, server, **options):
    """The same where how many pings go by depends on the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttpretty.Call, "messages", [])
        return await same(client, server, **options)


async def test_a_client_that_does_not_answer_the_heartbeat():
    """It is given up by the server, and sees that as an abnormal closure."""

    async def client(session):
        socket = await session.ws_connect("/a", autoping=False)
        got = [shown(await socket.receive())]
        while got[-1][0] == "PING":
            got.append(shown(await socket.receive()))
        return got[-1][0], socket.close_code

    async def server(socket):
        return (await until_closed(socket))[1]

    (got, there), _ = await same_but_records(client, server, heartbeat=0.05)
    assert (got[1], there) == (1006, [1006])


async def test_the_clients_heartbeat():
    """The client pings at intervals, and gives up a server that does not answer."""

    async def server(socket):
        if not isinstance(socket, aiohttpretty.Peer):
            socket._autoping = False
        got = [shown(await socket.receive(timeout=None))]
        while got[-1][0] == "PING":
            got.append(shown(await socket.receive(timeout=None)))
        return got[0]

    async def client(session):
        async with session.ws_connect("/a", heartbeat=0.05) as socket:
            got = shown(await socket.receive())
            return got, socket.close_code

    (got, there), _ = await same_but_records(client, server, scripted=False)
    assert got[0][0] == "ERROR"
    assert (got[1], there) == (1006, [("PING", b"", None)])


async def test_the_client_closes():
    """The server gets the code and the reason, and the client the server's answer."""

    async def client(session):
        socket = await session.ws_connect("/a")
        closed = await socket.close(code=4000, message="bye ö".encode())
        return closed, await socket.close(), socket.close_code, socket.closed, shown(await socket.receive())

    (got, [there]), [record] = await same(client, until_closed)
    assert got[:4] == (True, False, 1000, True)
    assert there == ([("CLOSE", 4000, "bye ö")], 4000)
    assert record == [("sent", "CLOSE", (4000, "bye ö")), ("received", "CLOSE", (1000, ""))]


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 3000, 4999])
async def test_the_server_closes(code):
    """The client gets the code and the reason, and is answered for."""

    async def server(socket):
        await socket.send_str("last words")
        await socket.close(code=code, message=b"so long")
        return await ended(socket)

    async def client(session):
        async with session.ws_connect("/a") as socket:
            got = [shown(await socket.receive()) for _ in range(3)]
            return got, socket.closed, socket.close_code

    ((got, *end), there), [record] = await same(client, server)
    assert got == [("TEXT", "last words", None), ("CLOSE", code, "so long"), ("CLOSED", None, None)]
    assert (end, there) == ([True, code], [1000])
    assert record[1:] == [("received", "CLOSE", (code, "so long")), ("sent", "CLOSE", (1000, ""))]


async def test_async_for():
    """An iteration ends when the other side closes, on both sides."""

    async def server(socket):
        got = []
        async for message in socket:
            got.append(shown(message))
            if len(got) == 3:
                await socket.send_str("enough")
        return got, await ended(socket)

    async def client(session):
        async with session.ws_connect("/a") as socket:
            for number in range(3):
                await socket.send_json(number)
            async for message in socket:
                got = shown(message)
                await socket.close(code=WSCloseCode.GOING_AWAY)
            return got, socket.close_code

    _, [(got, code)] = (await same(client, server))[0]
    assert (got, code) == ([("TEXT", str(number), None) for number in range(3)], 1001)


async def test_a_server_that_is_gone():
    """Without a closing, the client sees an abnormal closure; what was sent before is read first."""

    async def server(socket):
        await socket.send_str("last words")
        await abort(socket)

    async def abort(socket):
        if isinstance(socket, aiohttpretty.Peer):
            await socket.abort()
        else:
            socket._req.transport.close()

    async def client(session):
        async with session.ws_connect("/a") as socket:
            got = [shown(await socket.receive()) for _ in range(2)]
            return got, socket.closed, socket.close_code

    ((got, *end), _), [record] = await same(client, server)
    assert got == [("TEXT", "last words", None), ("CLOSED", None, None)]
    assert end == [True, 1006]
    assert record[:1] == [("received", "TEXT", "last words")]


async def test_a_client_that_is_gone():
    """Without a closing, the server sees an abnormal closure; what was sent before is read first."""

    async def client(session):
        async with session.ws_connect("/a") as socket:
            await socket.send_str("last words")
            transport_of(socket).close()
            return shown(await socket.receive()), socket.close_code

    async def server(socket):
        got, code = await until_closed(socket)
        return [kind for kind, *_ in got][:1], got[0][1], code

    (got, there), [record] = await same(client, server)
    assert got[1] == 1006
    assert there == [(["TEXT"], "last words", 1006)]
    assert record[0] == ("sent", "TEXT", "last words")


# Before aiohttp 3.11, in other words
_IMPATIENT = (
    {"timeout": aiohttp.ClientWSTimeout(ws_receive=0.01)}
    if hasattr(aiohttp, "ClientWSTimeout")
    else {"receive_timeout": 0.01}
)


async def test_timeouts():
    """A client that waits too long gets its timeout, and can go on."""

    async def client(session):
        async with session.ws_connect("/a") as socket:
            late = await failure(socket.receive(timeout=0.01))
            await socket.send_str("x")
            got = await socket.receive_str()
        async with session.ws_connect("/a", **_IMPATIENT) as socket:
            return late, got, await failure(socket.receive_str())

    ((late, got, other), _), _ = await same(client, echo)
    assert (got, late["type"]) == ("x", other["type"])
    assert "TimeoutError" in late["type"]


async def test_the_wrong_kind_of_message():
    """A client that wants text and gets bytes, or the end, is told so."""

    async def server(socket):
        await socket.send_bytes(b"x")
        await socket.send_str("no json")
        await socket.close()
        return await ended(socket)

    async def client(session):
        async with session.ws_connect("/a") as socket:
            return [await failure(socket.receive_str()), await failure(socket.receive_json())] + [
                await failure(socket.receive_str()) for _ in range(2)
            ]

    (got, _), _ = await same(client, server)
    assert got[1]["type"] == "json.decoder.JSONDecodeError"


async def test_too_large():
    """A client that gets more than it takes closes with 1009."""

    async def server(socket):
        await socket.send_str("x" * 1000)
        return await until_closed(socket)

    async def client(session):
        async with session.ws_connect("/a", max_msg_size=100) as socket:
            got = shown(await socket.receive())
            return got, socket.close_code

    ((got, code), [there]), _ = await same(client, server)
    assert (got[0], code) == ("ERROR", 1009)
    assert there[1] == 1009


BROKEN = {
    "reserved bits": b"\xf1\x00",
    "an unknown opcode": b"\x83\x00",
    "a continuation of nothing": b"\x80\x01x",
    "a long ping": b"\x89\x7e\x01\x00" + b"x" * 256,
    "no UTF-8": b"\x81\x01\xff",
    "a close code that is none": b"\x88\x02\x00\x01",
}


@pytest.mark.parametrize("name", BROKEN)
async def test_bytes_that_are_no_message(name):
    """What breaks the protocol is an error to whoever reads it, and is told as one."""

    async def server(socket):
        await socket.send_str("whole")
        transport_of(socket).write(BROKEN[name])
        return await until_closed(socket)

    async def client(session):
        async with session.ws_connect("/a") as socket:
            got = [shown(await socket.receive()) for _ in range(2)]
            return got, socket.close_code

    ((got, code), _), [record] = await same(client, server)
    assert got[1][0] in ("ERROR", "CLOSED")  # by the version of aiohttp
    assert code == (1007 if name == "no UTF-8" else 1002)
    assert ("received", "ERROR") in [one[:2] for one in record]


async def test_a_client_that_breaks_the_protocol():
    """The same in the other direction: the server closes with 1002."""

    async def client(session):
        async with session.ws_connect("/a") as socket:
            transport_of(socket).write(b"\xf1\x80\0\0\0\0")
            return shown(await socket.receive()), socket.close_code

    (got, [there]), [record] = await same(client, until_closed)
    assert got == (("CLOSE", 1002, None), 1002)
    assert there[0][0][0] == "ERROR"
    assert record[0][:2] == ("sent", "ERROR")


async def test_the_server_closes_while_the_client_sends():
    """A client that goes on sending gets an error, and then the closing."""

    async def server(socket):
        got = shown(await socket.receive(timeout=None))
        await socket.close(code=4002)
        return got, await ended(socket)

    async def client(session):
        async with session.ws_connect("/a") as socket:
            for _ in range(10):
                await socket.send_bytes(LARGE[:1000])
            got = shown(await socket.receive())
            return got, socket.close_code, await failure(socket.send_str("late"))

    ((got, code, late), [there]), _ = await same(client, server)
    assert (got, code) == (("CLOSE", 4002, None), 4002)
    assert there[1] == 1000
    assert "closing transport" in late["text"]


async def test_a_client_that_never_closes():
    """A session that is closed over an open websocket ends it abnormally for the server."""

    async def client(session):
        async with aiohttp.ClientSession(
            session._base_url, connector=session.connector, connector_owner=False
        ) as other:
            socket = await other.ws_connect("/a")
            await socket.send_str("x")
            await socket.receive()
        await session.connector.close()
        return socket.closed

    _, [there] = (await same(client, echo))[0]
    assert (there[0][0], there[1]) == (("TEXT", "x", None), 1006)


async def test_cancellation():
    """A client that is cancelled while it receives can go on; one that is cancelled in its block closes."""

    async def client(session):
        async with session.ws_connect("/a") as socket:
            receiving = asyncio.ensure_future(socket.receive())
            await asyncio.sleep(0)
            receiving.cancel()
            await asyncio.wait([receiving])
            await socket.send_str("x")
            got = await socket.receive_str()
        open_ = asyncio.Event()

        async def forever():
            async with session.ws_connect("/a") as socket:
                open_.set()
                await socket.receive()

        task = asyncio.ensure_future(forever())
        await open_.wait()
        task.cancel()
        await asyncio.wait([task])
        return receiving.cancelled(), got, task.cancelled()

    (got, there), _ = await same(client, echo)
    assert got == (True, "x", True)
    assert [code for _, code in there] == [1000, 1000]


async def test_many_at_once():
    """Fifty websockets at once have their own conversations."""

    async def client(session):
        async def one(number):
            async with session.ws_connect("/a") as socket:
                for step in range(20):
                    await socket.send_str(f"{number}.{step}")
                    assert await socket.receive_str() == f"{number}.{step}"
                return number

        return await asyncio.gather(*map(one, range(50)))

    async def server(socket):
        (got, code) = await echo(socket)
        return len(got), code

    (got, there), records = await same(client, server)
    assert got == list(range(50))
    assert there == [(21, 1000)] * 50
    assert [len(record) for record in records] == [42] * 50


async def test_tls():
    """`wss://` is a websocket too, of which the handler knows that it is secure."""
    authority = trustme.CA()
    contexts = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("example.test").configure_cert(contexts[0])
    authority.configure_trust(contexts[1])

    async def server(socket):
        request = socket.request if isinstance(socket, aiohttpretty.Peer) else socket._req
        return request.scheme, request.secure, str(request.url), await echo(socket)

    async def client(session):
        url = str(session._base_url.with_scheme("wss") / "a")
        other = aiohttp.ClientSession(connector=session.connector, connector_owner=False)
        async with other, other.ws_connect(url) as socket:
            await socket.send_str("x")
            return await socket.receive_str(), socket.get_extra_info("sslcontext") is not None

    (got, [there]), _ = await same(client, server, tls=contexts)
    assert got == ("x", True)
    assert there[:2] == ("https", True)


async def handshakes(client, handler, **refused):
    """A handshake that fails, in all worlds; `refused` are the words of one that a registration refuses."""
    routes = [("/a", handler)]
    real, base = await over_loopback(client, routes)
    fakes = {"wire": await over_the_wire(client, routes, base), "handler": await registered(client, routes, base)}
    fakes["websocket"], _ = await in_registry(client, base, lambda registry: listening(registry, base, handler))
    fakes["mount"], _ = await in_registry(client, base, lambda registry: mounting(registry, base, handler))
    if refused:
        fakes["words"], _ = await in_registry(client, base, lambda registry: listening(registry, base, **refused))
    for world, fake in fakes.items():
        assert differences(comparable(fake), comparable(real), world) == []
    return undated(real)


def comparable(value):
    """The same without what only a whole server says beside it."""
    value = undated(value)
    if isinstance(value, dict) and value.get("headers"):
        spare = ("server", "date", "content-length", "content-type")
        value["headers"] = [pair for pair in value["headers"] if pair[0] not in spare]
    return value


@pytest.fixture
def _one_key(monkeypatch):
    monkeypatch.setattr("aiohttp.client.os.urandom", bytes)


@pytest.mark.usefixtures("_one_key")
@pytest.mark.parametrize("status", [403, 401, 404, 500, 200])
async def test_a_refused_handshake(status):
    """A handshake that is answered with another status than 101 fails with it."""

    async def handler(request):
        return web.Response(status=status, headers={"X-Reason": "because"})

    async def client(session, route=None):
        return await failure(session.ws_connect("/a"))

    got = await handshakes(client, handler, status=status, headers={"X-Reason": "because"})
    assert (got["type"], got["status"]) == ("aiohttp.client_exceptions.WSServerHandshakeError", status)


WRONG = {
    "key": {"Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Accept": "wrong"},
    "no upgrade": {"Connection": "upgrade"},
    "no connection": {"Upgrade": "websocket", "Connection": "close"},
    "another protocol": {"Upgrade": "chat", "Connection": "upgrade"},
}


@pytest.mark.usefixtures("_one_key")
@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_handshake(name):
    """A handshake that is not answered as it should be fails with the reason."""

    async def handler(request):
        return web.Response(status=101, headers=WRONG[name])

    async def client(session, route=None):
        return await failure(session.ws_connect("/a"))

    got = await handshakes(client, handler)
    assert got["type"] == "aiohttp.client_exceptions.WSServerHandshakeError"


@pytest.mark.parametrize("headers", [{}, {"Upgrade": "websocket"}, {"Upgrade": "websocket", "Connection": "Upgrade"}])
async def test_a_request_that_is_no_handshake(headers):
    """A plain request to a websocket is refused with 400, and says what is missing."""

    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    async def client(session, route=None):
        got = await outcome(session.get("/a", headers=headers))
        return {name: got[name] for name in ("status", "reason", "body", "headers")}

    real, base = await over_loopback(client, [("/a", handler)])
    fakes = [
        await registered(client, [("/a", handler)], base),
        (await in_registry(client, base, lambda registry: listening(registry, base)))[0],
    ]
    for fake in fakes:
        assert differences(undated(fake), undated(real)) == []
    assert real["status"] == 400
