"""Events: what the client sees is what a server makes it see that writes the same."""

import asyncio

import pytest

from .looking import seen
from .test_replies import CHUNKED, Pieces, given

SENT = [b': hi\nevent: news\nid: 7\nretry: 10\ndata: {"a": 1}\n\n', b"data: one\ndata: two\n\n"]
EVENTS = [{"comment": "hi", "event": "news", "id": "7", "retry": 10, "data": {"a": 1}}, "one\ntwo"]
HEAD = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_events(both, method):
    """Head and events are those of a server that sends the same bytes."""

    async def client(world):
        async with world.session() as session, session.request(method, world.base / "a") as response:
            return [await seen(response), response.content_type]

    def routes(world):
        return [(method, "/a", {"headers": CHUNKED, "sse": EVENTS})]

    def really(world):
        return [(method, "/a", {"headers": {**CHUNKED, **HEAD}, "body": Pieces(given(*SENT))})]

    (_, content_type), _ = await both(client, routes, really=really)
    assert content_type == "text/event-stream"


async def test_each_event_when_it_is_there(both):
    """Each event reaches the client by itself, while the next one is still to come."""

    async def produced(pieces, world):
        for piece in pieces:
            yield piece
            await world.gate.acquire()

    async def reading(world):
        world.gate = asyncio.Semaphore(0)
        async with world.session() as session, session.get(world.base / "a") as response:
            got = []
            for _ in SENT:
                got.append(await response.content.readany())
                world.gate.release()
            return got

    def routes(world):
        return [("GET", "/a", {"headers": CHUNKED, "sse": lambda: produced(EVENTS, world)})]

    def really(world):
        return [("GET", "/a", {"headers": {**CHUNKED, **HEAD}, "body": Pieces(produced(SENT, world))})]

    got, _ = await both(reading, routes, really=really)
    assert got == SENT
