"""However many there are at once, each gets its own, nobody looks at all the others, and nothing is left."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from settling import PATIENCE, raised, settle

import aiohttpretty
from aiohttpretty import AioHTTPretty, faults, interception, match
from aiohttpretty.diagnosis import inquiry
from aiohttpretty.waiting import Waiter
from aiohttpretty.wire.connector import Shadow
from aiohttpretty.wire.protocol import WireProtocol

HOST = "http://load.test"
MANY = 150


async def read(session, number):
    async with session.get(f"{HOST}/{number}") as response:
        return await response.json()


@pytest.mark.parametrize("sessions", ["one without a limit", "one", "many"])
async def test_each_of_many_requests_gets_its_own_answer(sessions):
    """On one session and on one each; and no task and no connector is left as it was meanwhile."""
    for number in range(MANY):
        aiohttpretty.register_json_uri("GET", f"{HOST}/{number}", body=number)
    limit = 0 if sessions == "one without a limit" else 20
    made = [
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit))
        for _ in range(MANY if sessions == "many" else 1)
    ]
    with aiohttpretty.activate():
        got = await asyncio.gather(*[read(made[number % len(made)], number) for number in range(MANY)])
    assert got == list(range(MANY))
    assert ["connect" in vars(session.connector) for session in made] == [False] * len(made)
    assert interception.hooks() == []
    for session in made:
        await session.close()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{request.query['n']} {message.data}")
    return socket


@pytest.mark.parametrize("played", [False, True])
async def test_each_of_many_websockets_has_its_own_messages(played, monkeypatch):
    """All open at once, answered by a handler or played by tests that all wait; a new one wakes one of these."""
    woken = []
    monkeypatch.setattr(Waiter, "wake", lambda waiter, wake=Waiter.wake: (woken.append(waiter), wake(waiter)))
    route = aiohttpretty.register_websocket(HOST, None if played else echo, check_params=False)
    everyone = asyncio.Barrier(MANY) if hasattr(asyncio, "Barrier") else None

    async def play():
        peer = await route.accepted(timeout=PATIENCE)
        accepted.append(peer)
        await peer.send_str(f"{peer.request.query['n']} {await peer.receive_str(timeout=PATIENCE)}")

    async def client(session, number):
        async with session.ws_connect(f"{HOST}?n={number}") as socket:
            if everyone is not None:
                await everyone.wait()
            await socket.send_str("word")
            return await socket.receive_str(timeout=PATIENCE)

    accepted = []
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            players = [asyncio.create_task(play()) for _ in range(MANY if played else 0)]
            await settle()
            got = await asyncio.gather(*[client(session, number) for number in range(MANY)])
            await asyncio.gather(*players)
            # each player once for its websocket, and once for the message; and what closes it wakes nobody
            assert len(woken) <= 2 * len(players)
    assert got == [f"{number} word" for number in range(MANY)]
    assert len({id(peer) for peer in accepted}) == len(players)
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_is_cancelled_while_waiting_leaves_the_websocket_to_the_next():
    """Also in the moment in which it has come; and they are given out in the order of the handshakes."""
    route = aiohttpretty.register_websocket(HOST, check_params=False)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            first, second = (asyncio.create_task(route.accepted(timeout=PATIENCE)) for _ in range(2))
            await settle()
            arrived = route.arrived

            def cancelling(peer, line):
                arrived(peer, line)
                first.cancel()  # it has been handed over to that one, which has not run since

            route.arrived = cancelling
            one = await session.ws_connect(f"{HOST}?n=1")
            route.arrived = arrived
            assert (await second).request.query["n"] == "1"
            assert first.cancelled()
            others = [await session.ws_connect(f"{HOST}?n={number}") for number in (2, 3)]
            assert [(await route.accepted()).request.query["n"] for _ in others] == ["2", "3"]
            for socket in (one, *others):
                await socket.close()


async def test_a_failure_does_not_look_at_all_tasks_that_are_alike(monkeypatch):
    """Thousands of requests may fail together, and each would look at the stacks of thousands."""
    looked = []
    stack_of = inquiry.stack_of
    monkeypatch.setattr(inquiry, "stack_of", lambda task: (looked.append(task), stack_of(task))[1])
    release = asyncio.Event()

    async def other():
        await release.wait()

    others = [asyncio.create_task(other()) for _ in range(100)]
    await settle()
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            error = await raised(session.get(f"{HOST}/nowhere"))
    assert type(error) is aiohttpretty.NoMatchError
    assert 0 < len(looked) <= 20
    release.set()
    await asyncio.gather(*others)


def test_a_route_that_comes_late_is_told_to_the_latest_failures(monkeypatch):
    """Not to all of thousands, each time when something is registered."""
    registry = AioHTTPretty()

    async def fail():
        async with aiohttp.ClientSession() as session:
            await raised(session.get(f"{HOST}/late"))

    with registry.activate():
        asyncio.run(fail())
    record = registry.unmatched[0]
    looked = []
    monkeypatch.setattr(type(record), "amend", lambda record, report: looked.append(record))
    registry.unmatched.extend([record] * 1000)
    registry.register_uri("GET", f"{HOST}/late")
    assert 0 < len(looked) < 500


def test_registering_beside_a_mount_does_not_look_at_all_routes(monkeypatch):
    """Ten thousand registrations would look at ten thousand routes each, to see what is mounted no more."""
    registry = AioHTTPretty()
    mount = registry.mount(f"{HOST}/app", echo)
    looked = []
    routes = registry._ledger.routes
    monkeypatch.setattr(registry._ledger, "routes", lambda: (looked.append(1), routes())[1])
    for number in range(20):
        registry.register_uri("GET", f"{HOST}/{number}").remove()
    assert looked == []
    mount.remove()
    assert looked == [1]


async def test_switching_off_looks_only_at_connectors_in_use(monkeypatch):
    """Thousands of sessions may be alive that another registry has answered, while one after another ends."""
    failing = []
    fail = Shadow.fail
    monkeypatch.setattr(Shadow, "fail", lambda shadow, *args: (failing.append(shadow), fail(shadow, *args))[1])
    outer, inner = AioHTTPretty(), AioHTTPretty()
    outer.register_json_uri("GET", f"{HOST}/1", body=1)
    inner.register_json_uri("GET", f"{HOST}/2", body=2, delay=PATIENCE)
    async with aiohttp.ClientSession() as idle, aiohttp.ClientSession() as busy:
        with outer.activate():
            assert [await read(idle, 1), await read(busy, 1)] == [1, 1]
            with inner.activate():
                waits = asyncio.create_task(raised(read(busy, 2)))
                await settle()
            assert type(await waits) is aiohttpretty.DeactivatedError
            assert len(failing) == 1


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"match": match.body(b"never")},
        {"handler": echo, "delay": 1},
        {"delay": PATIENCE, "fault": faults.during_upload(after=100_000)},
    ],
    ids=["constant", "matcher", "handler, later", "cut off, later"],
)
async def test_an_upload_without_an_end_leaves_others_their_turn(reply):
    """A generator that never waits is ended by the client's timeout, as over a socket; nobody is starved."""
    turns = 0

    async def endless():
        while True:
            yield b"x" * 64 * 1024

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    aiohttpretty.register_uri("POST", HOST, **reply)
    counting = asyncio.create_task(count())
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as session:
            error = await raised(session.post(HOST, data=endless()))
    counting.cancel()
    assert isinstance(error, asyncio.TimeoutError)
    assert turns > 5


async def test_two_may_have_the_writer_wait_at_once():
    """The end of a connection that takes no more, and a handler that reads slowly: it goes on when both let it."""
    loop = asyncio.get_running_loop()
    protocol = WireProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    protocol.pause_writing()
    protocol.pause_writing()
    waiting = asyncio.ensure_future(protocol._drain_helper())
    protocol.resume_writing()
    await settle()
    assert not waiting.done()
    protocol.resume_writing()
    await asyncio.wait_for(waiting, PATIENCE)


NOT_THERE = {"fault": faults.refused()}


@pytest.mark.parametrize("responses", [[], [{}], [NOT_THERE] * 1000], ids=["unmatched", "used up", "refused"])
async def test_who_asks_again_for_ever_leaves_others_their_turn(responses):
    """Code that tries again behind every exception, without a pause, is ended by a timeout around it."""
    if responses:
        aiohttpretty.register_uri("GET", HOST, responses=responses)
    tries = 0

    async def poll(session):
        nonlocal tries
        while tries < 1000:
            tries += 1
            try:
                await (await session.get(HOST)).read()
            except Exception:
                continue

    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(poll(session), 0.01)
    assert 0 < tries < 1000
