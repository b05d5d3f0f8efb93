"""Each way to write a host for `passthrough`, in each place where it can be written, over a real socket."""

import ipaddress
import re
import socket
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.test_utils import unused_port
from yarl import URL

import aiohttpretty
from aiohttpretty import NoMatchError


class Here(AbstractResolver):
    """Every name is this machine's, so that a test may use any."""

    def __init__(self):
        self.asked = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked.append(host)
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET}
        return [{**found, "proto": 0, "flags": socket.AI_NUMERICHOST}]

    async def close(self):
        pass


@asynccontextmanager
async def listening():
    """A server that is none of aiohttp's test tools, at all addresses of this machine."""

    async def answer(request):
        return web.Response(text=f"real {request.host}")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


FORMS = [
    # what is written, what it lets through, and what it does not
    ("a.test", "http://a.test:{port}/", "http://b.test:{port}/"),
    ("a.test:{port}", "http://a.test:{port}/x", "http://a.test:1/"),
    ("http://a.test:{port}", "http://a.test:{port}/x?y=1", "https://a.test:{port}/"),
    ("*.a.test", "http://x.y.a.test:{port}/", "http://a.test:{port}/"),
    ("*.a.test:{port}", "http://x.a.test:{port}/", "http://x.a.test:1/"),
    ("127.0.0.1", "http://127.0.0.1:{port}/", "http://a.test:{port}/"),
    ("127.0.0.1:{port}", "http://127.0.0.1:{port}/", "http://127.0.0.1:1/"),
    ("127.0.0.0/8", "http://127.0.0.1:{port}/", "http://10.0.0.1:{port}/"),
    (ipaddress.ip_address("127.0.0.1"), "http://127.0.0.1:{port}/", "http://127.0.0.2:{port}/"),
    (ipaddress.ip_network("127.0.0.0/31"), "http://127.0.0.1:{port}/", "http://127.0.0.2:{port}/"),
    (URL("http://a.test"), None, "http://a.test:{port}/"),
    (re.compile(r"http://[ab]\.test:\d+/v1/"), "http://b.test:{port}/v1/x", "http://b.test:{port}/v2/x"),
    (lambda url: url.path == "/let", "http://c.test:{port}/let", "http://c.test:{port}/other"),
]


# Each form in one place, and some in each
CASES = [*((*form, "passthrough()") for form in FORMS)]
CASES += [(*form, place) for form in (FORMS[1], FORMS[3], FORMS[-1]) for place in ("activate", "AioHTTPretty")]


NAMES = [f"{case[3]}: {'a function' if callable(case[0]) else case[0]}" for case in CASES]


@pytest.mark.parametrize(("written", "yes", "no", "place"), CASES, ids=NAMES)
async def test_each_form(written, yes, no, place):
    """What is named goes out by the session's own connector and resolver, recorded as such; nothing else does."""
    async with listening() as port:
        host = written.format(port=port) if isinstance(written, str) else written
        registry = aiohttpretty.AioHTTPretty(passthrough=[host] if place == "AioHTTPretty" else [])
        resolver = Here()
        words = {"passthrough": [host]} if place == "activate" else {}
        connector = aiohttp.TCPConnector(resolver=resolver)
        with registry.activate(**words):
            if place == "passthrough()":
                registry.passthrough(host)
            async with aiohttp.ClientSession(connector=connector) as session:
                with pytest.raises(NoMatchError):
                    await session.get(no.format(port=port))
                assert resolver.asked == []
                if yes is not None:
                    url = URL(yes.format(port=port))
                    async with session.get(url) as response:
                        assert await response.text() == f"real {url.authority}"
                    [call] = registry.calls
                    assert (call.passed_through, call.status, call.url) == (True, 200, url)
                    assert resolver.asked == ([] if url.host == "127.0.0.1" else [url.host])
                    [[kept, *none]] = connector._conns.values()
                    assert (kept[0].transport.get_extra_info("peername")[1], none) == (port, [])
        assert "connect" not in connector.__dict__


# One port for a child's server that its ini file can name
CHILD = """
import ipaddress
from contextlib import asynccontextmanager

from aiohttp import web

PORT = {port}
LOCAL = f"http://127.0.0.1:{{PORT}}/"

@asynccontextmanager
async def listening():
    async def answer(request):
        return web.Response(text="real")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", PORT).start()
        yield
    finally:
        await runner.cleanup()

async def goes_out(url=LOCAL):
    async with listening():
        try:
            return await fetch(url) == "real" and aiohttpretty.calls[-1].passed_through
        except aiohttpretty.NoMatchError:
            aiohttpretty.unmatched.clear()  # it is meant
            return False

"""


def test_each_form_in_the_marker(play):
    """The marker takes every form, also those that are no text."""
    result = play(
        CHILD.format(port=unused_port())
        + """
@pytest.mark.parametrize("let", [
    *(pytest.param(True, marks=pytest.mark.aiohttpretty(passthrough=[host])) for host in (
        "127.0.0.1", f"127.0.0.1:{PORT}", LOCAL, "127.0.0.0/8", ipaddress.ip_network("127.0.0.0/8"),
        ipaddress.ip_address("127.0.0.1"), re.compile("http://127"), lambda url: url.port == PORT,
    )),
    *(pytest.param(False, marks=pytest.mark.aiohttpretty(passthrough=[host])) for host in (
        "localhost", "127.0.0.1:1", f"https://127.0.0.1:{PORT}", "10.0.0.0/8", "*.a.test",
        re.compile("https://"), lambda url: url.port != PORT,
    )),
])
async def test_it(let):
    assert await goes_out() is let
"""
    )
    assert result.parseoutcomes() == {"passed": 15}


@pytest.mark.parametrize(
    ("lines", "let"),
    [
        (["a.test", "127.0.0.1:{port}"], True),
        (["http://127.0.0.1:{port}", "*.a.test"], True),
        (["127.0.0.0/8"], True),
        (["127.0.0.1:1", "localhost", "10.0.0.0/8", "*.a.test"], False),
    ],
)
def test_each_form_in_the_ini_file(lines, let, pytester, play):
    """The ini file takes every form that is a text, one a line; the defaults of whoever is activated are these."""
    port = unused_port()
    hosts = "".join(f"\n    {line.format(port=port)}" for line in lines)
    pytester.path.joinpath("pytest.ini").write_text(f"[pytest]\naiohttpretty_passthrough ={hosts}\n")
    result = play(
        CHILD.format(port=port)
        + f"""
async def test_by_the_fixture(aiohttpretty):
    assert await goes_out() is {let}

@pytest.mark.aiohttpretty
async def test_by_the_marker():
    assert await goes_out() is {let}

@aiohttpretty.activate
async def test_by_the_decorator():
    assert await goes_out() is {let}
"""
    )
    assert result.parseoutcomes() == {"passed": 3}
