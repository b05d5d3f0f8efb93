"""What is mounted is seen, and sees its clients, as behind a loopback socket."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from types import SimpleNamespace
from uuid import UUID

import pytest
import trustme
from aiohttp import web

import aiohttpretty

from .looking import differences
from .scenarios import SCENARIOS
from .scenarios.scenario import World
from .server import origin
from .serving import undated

_PATIENCE = 60  # seconds: a scenario that hangs must not hang the run

# What differs, and stays so: below a path, the server's application stands in another one, which is this test's own;
# what is mounted stands alone
_ALONE = ["[1][0]['apps'][0]: on the wire 1, over loopback 2"]
DIFFERENCES = {
    f"asking: {name}": _ALONE for name in ("below a path", "the path itself, with a slash", "deep below a path")
}


@pytest.fixture(scope="module")
def certificates():
    authority = trustme.CA()
    server, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("example.test").configure_cert(server)
    authority.configure_trust(trusting)
    return server, trusting


@pytest.fixture(autouse=True)
def _nothing_made_up(monkeypatch):
    # aiohttp makes up a boundary for each multipart body, and a key for each websocket; here both worlds get the same
    monkeypatch.setattr("aiohttp.multipart.uuid", SimpleNamespace(uuid4=lambda: UUID(int=1)))
    monkeypatch.setattr("aiohttp.client.os.urandom", bytes)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_same(name, certificates, tmp_path):
    """All that the client and the handlers see is the same in both worlds."""
    made = SCENARIOS[name]
    with socket.create_server(("127.0.0.1", 0)) as sock:
        base = origin("https" if made.tls else "http", "example.test", sock)
        here = base.with_path(made.below)
        loopback = World(here, tmp_path, certificates[1])
        async with over_loopback(made, loopback, sock, certificates[0] if made.tls else None):
            real = await played(made, loopback)
    mounted = World(here, tmp_path, certificates[1])
    async with over_the_wire(made, mounted):
        fake = await played(made, mounted)
    if made.status is not None:
        assert first_status(real) == made.status
    found = differences(
        undated([fake, mounted.notes, mounted.events]), undated([real, loopback.notes, loopback.events])
    )
    assert found == DIFFERENCES.get(name, [])


def test_enough_of_them():
    """There are at least as many scenarios as were asked for."""
    assert len(SCENARIOS) >= 120


async def played(made, world):
    return await asyncio.wait_for(made.client(world), _PATIENCE)


def first_status(seen):
    while not isinstance(seen, dict):
        seen = seen[0]
    return seen["status"]


@asynccontextmanager
async def over_loopback(made, world, sock, tls):
    """The application behind aiohttp's server on a socket; below a path, as a sub-application of an empty one."""
    app = made.app(world)
    if isinstance(app, web.Server):
        runner = web.ServerRunner(app)
    else:
        if made.below:
            inner, app = app, web.Application()
            app.add_subapp(made.below, inner)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=made.cancellation, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.SockSite(runner, sock, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_the_wire(made, world):
    """The same, mounted."""
    with aiohttpretty.activate():
        mount = aiohttpretty.mount(
            world.base, made.app(world), expect_errors=True, handler_cancellation=made.cancellation
        )
        try:
            yield
        finally:
            mount.remove()
            if made.until is not None:
                await asyncio.wait_for(world.signals[made.until].wait(), _PATIENCE)
