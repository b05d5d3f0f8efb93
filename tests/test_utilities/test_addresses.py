"""Which addresses lead to a server of the test tools by themselves, and that any thread may ask."""

import asyncio
import importlib
import socket
import sys
from contextlib import asynccontextmanager
from threading import Thread, get_ident
from types import ModuleType, SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from yarl import URL

from aiohttpretty import NoMatchError, diagnosis, neighbours
from aiohttpretty.diagnosis import listening

from .shop import application

LISTENING = "aiohttpretty.diagnosis.listening"


async def reached(session, host, port):
    """Whether the application has answered."""
    try:
        async with session.get(f"http://{host}:{port}/described") as response:
            return response.headers.get("X-Method") == "GET"
    except NoMatchError:
        return False


@asynccontextmanager
async def at(host, port):
    """A server that is none of the test tools: what it was asked."""
    asked = []

    async def handler(request):
        asked.append(request.path)
        return web.Response()

    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", {"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"}),
        ("0.0.0.0", {"127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"}),
        ("::1", {"[::1]", "[::]"}),
    ],
)
async def test_addresses(active, session, host, expected):
    """A server is reached by each address at which it listens, and by no name that would have to be looked up."""
    asked = {"127.0.0.1", "127.0.0.2", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]", "[::]"}
    asked |= {"localhost.", "shop.localhost", "127.1", "127.example.com"} | ({"localhost"} if host != "::1" else set())
    async with TestServer(application(), host=host) as server:
        assert {one for one in asked if await reached(session, one, server.port)} == expected


@pytest.mark.parametrize(("host", "other"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
async def test_two_at_one_port(active, session, host, other):
    """Where `localhost` may lead to a stranger, at the other of its addresses, it leads nowhere; an address does."""
    async with TestServer(application(), host=host) as server:
        async with at(other, server.port) as asked:
            assert not await reached(session, "localhost", server.port)
            assert await reached(session, f"[{host}]" if ":" in host else host, server.port)
        assert asked == []


async def test_both_at_one_port(active, session):
    """Where both addresses of `localhost` are those of such servers, it leads to one."""
    async with TestServer(application(), host="::1") as server:
        async with TestServer(application(), host="127.0.0.1", port=server.port):
            assert await reached(session, "localhost", server.port)


def test_while_another_thread_imports(monkeypatch):
    """Who asks while another thread imports what is needed for the answer waits for that, and gets the answer."""
    real, answers = sys.modules[LISTENING], []

    def ask():
        try:
            answers.append(neighbours.is_one(URL("http://127.0.0.1:9/")))
        except BaseException as error:
            answers.append(error)

    class Slow:
        """Is in the midst of the import until the other thread has its answer, or waits for the import."""

        def find_spec(self, name, path=None, target=None):
            return importlib.machinery.ModuleSpec(name, self) if name == LISTENING else None

        def create_module(self, spec):
            return None

        def exec_module(self, module):
            asking.start()
            while asking.is_alive():
                frame = sys._current_frames().get(asking.ident)
                if asking.ident != get_ident() and frame and "importlib" in frame.f_code.co_filename:
                    break
            module.__dict__.update({name: thing for name, thing in vars(real).items() if name[:2] != "__"})

    asking = Thread(target=ask)
    monkeypatch.delitem(sys.modules, LISTENING)
    monkeypatch.delattr(diagnosis, "listening")
    monkeypatch.setattr(sys, "meta_path", [Slow(), *sys.meta_path])
    importlib.import_module(LISTENING)
    asking.join()
    assert answers == [False]


def test_while_the_test_tools_are_imported(monkeypatch):
    """As long as aiohttp's test tools are still being imported, there are no servers of theirs."""
    monkeypatch.setitem(sys.modules, "aiohttp.test_utils", ModuleType("aiohttp.test_utils"))
    assert neighbours.is_one(URL("http://127.0.0.1:9/")) is False


@pytest.mark.parametrize("error", [FileNotFoundError, RuntimeError], ids=["not on this system", "forbidden by a tool"])
async def test_where_nobody_can_tell_the_sockets(active, session, monkeypatch, error):
    """Where a process can't find out which sockets it has, its test servers are reached, and no other is claimed."""

    def listdir(path):
        raise error(path)

    other = unused_port()
    async with TestServer(application()) as server, at("127.0.0.1", other) as asked:
        monkeypatch.setattr(listening.os, "listdir", listdir)
        assert await reached(session, "127.0.0.1", server.port)
        assert not await reached(session, "127.0.0.1", other)
        assert [listening.listens(port) for port in (server.port, other)] == [None, None]
        assert not listening.here("127.0.0.1", other)
        assert asked == []


async def test_where_a_tool_forbids_sockets(monkeypatch):
    """As pytest-socket does, by a class in the place of `socket.socket`: none is opened to look at those that are."""

    class Forbidden(socket.socket):
        def __new__(cls, *args, **kwargs):
            raise RuntimeError("A test tried to use socket.socket.")

    async with TestServer(application()) as server:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", Forbidden)
            assert listening.addresses(server.port) == {"127.0.0.1"}
            assert not listening.here("127.0.0.1", 1)


async def test_sockets_of_other_kinds(tmp_path, monkeypatch):
    """A server at a path of this machine is at no port, and in nobody's way."""
    monkeypatch.chdir(tmp_path)  # such a path has to be short
    async with TestServer(application()) as server:
        local = await asyncio.start_unix_server(lambda reader, writer: None, "s")
        assert listening.addresses(server.port) == {"127.0.0.1"}
        assert listening.addresses(1) == set()
        local.close()
        await local.wait_closed()


async def test_while_another_thread_finds_one(active, session, monkeypatch):
    """What one thread finds disturbs no other one that is looking through those that are known."""
    made, bound = [], neighbours._bound

    def find():
        made.append(TestServer(application()))
        assert made[0] in neighbours._searched(type(made[0]))
        made.append("found")

    def meanwhile(server):
        if not made:
            thread = Thread(target=find)
            thread.start()
            thread.join()
        return bound(server)

    async with TestServer(application()) as first, TestServer(application()) as second:
        assert neighbours.is_one(second.make_url("/"))
        monkeypatch.setattr(neighbours, "_bound", meanwhile)
        assert [await reached(session, "127.0.0.1", one.port) for one in (first, second)] == [True, True]
    assert made[1:] == ["found"]


async def test_threads(active):
    """Servers and their clients in several threads at once: each reaches its own."""
    outcomes = []

    async def visits():
        for _ in range(5):
            async with TestServer(application()) as server, aiohttp.ClientSession() as session:
                outcomes.append(await reached(session, "127.0.0.1", server.port))

    await asyncio.gather(*(asyncio.to_thread(lambda: asyncio.run(visits())) for _ in range(4)))
    assert outcomes == [True] * 20


def test_the_registrys_own_server(monkeypatch):
    """It is reached by the addresses of this machine, and by no name that would have to be looked up."""
    monkeypatch.setattr(listening, "served", {8080: SimpleNamespace(is_closed=lambda: False)})
    hosts = ("127.0.0.1", "localhost", "[::1]", "shop.localhost", "127.example.com", "192.0.2.1")
    assert [host for host in hosts if neighbours.is_one(URL(f"http://{host}:8080/"))] == list(hosts[:3])
    assert not neighbours.is_one(URL("http://127.0.0.1:8081/"))


def test_one_that_is_just_being_made():
    """A server that another thread has begun to make, or that has not been started, is nowhere."""
    assert neighbours._bound(object.__new__(TestServer)) == []
    assert neighbours._bound(TestServer(application())) == []
    assert neighbours._bound(SimpleNamespace(runner=None)) == []
