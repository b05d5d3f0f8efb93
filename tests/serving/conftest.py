"""A registry of its own, that nothing stays of, and raw sockets to it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from aiohttpretty import AioHTTPretty

PATIENCE = 60


@pytest.fixture
def pretty():
    """A registry that is not active."""
    return AioHTTPretty()


@pytest.fixture
async def complaints():
    """What the event loop of the test would have logged; a test that asks for it has none."""
    seen = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context))
    yield seen
    assert seen == []


@asynccontextmanager
async def connected(server):
    """A raw connection: its reader and its writer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port(server))
    try:
        yield reader, writer
    finally:
        writer.close()


def port(server):
    """Where a server listens."""
    return int(server.url.rpartition(":")[2])


async def said(server, data):
    """All that a server says to these bytes, until it closes the connection."""
    async with connected(server) as (reader, writer):
        writer.write(data)
        return await asyncio.wait_for(reader.read(), PATIENCE)
