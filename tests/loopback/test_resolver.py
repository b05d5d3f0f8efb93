"""Hosts are led to the test's servers, and to nothing else."""

import asyncio
import socket
import warnings

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from aiohttp.test_utils import RawTestServer
from settling import raised, text

import aiohttpretty
from aiohttpretty import (
    ControlError,
    FakeResolver,
    NoMatchError,
    OptionTypeError,
    OptionValueError,
    Redirector,
)


async def hello(request):
    return web.Response(text=f"{request.method} {request.url}")


@pytest.fixture
async def server():
    async with RawTestServer(hello) as running:
        yield running


@pytest.fixture
async def session(aiohttp_redirector):
    return aiohttp_redirector.session


# -- the resolver


async def test_a_resolver_for_any_connector(server):
    """It is aiohttp's kind of resolver: a connector that is given it connects to the server on this machine."""
    resolver = FakeResolver()
    assert isinstance(resolver, AbstractResolver)
    resolver.add_server("api.kraken.com", 80, server.port)
    connector = aiohttp.TCPConnector(resolver=resolver)
    async with aiohttp.ClientSession(connector=connector) as session:
        assert await text(session.get("http://api.kraken.com/x")) == (200, "GET http://api.kraken.com/x")
        error = await raised(session.get("http://api.kraken.com:81/x"))
    assert type(error) is aiohttp.ClientConnectorDNSError
    assert type(error.os_error) is OSError
    await resolver.close()


@pytest.mark.parametrize(
    ("family", "at", "found"),
    [
        (socket.AF_INET, "127.0.0.1", socket.AF_INET),
        (socket.AF_UNSPEC, "127.0.0.1", socket.AF_INET),
        (socket.AF_INET6, "::1", socket.AF_INET6),
    ],
)
async def test_what_is_found(family, at, found):
    """The answer is an address of this machine, of the family that is asked for."""
    resolver = FakeResolver()
    resolver.add_server("example.com", 443, 8443)
    assert await resolver.resolve("example.com", 443, family) == [
        {"hostname": "example.com", "host": at, "port": 8443, "family": found, "proto": 0, "flags": 4}
    ]


async def test_what_is_refused():
    """Whatever was not added is refused, and the error says what is known."""
    resolver = FakeResolver()
    with pytest.raises(OSError, match="No test server known for") as caught:
        await resolver.resolve("example.com", 443)
    assert (type(caught.value), caught.value.errno) == (OSError, None)
    assert str(caught.value) == (
        "No test server known for example.com:443. Add it with add_server('example.com', 443, server.port)."
    )
    resolver.add_server("example.com", 80, 8080)
    with pytest.raises(OSError, match="No test server known for") as caught:
        await resolver.resolve("example.com", 443)
    assert str(caught.value) == (
        "No test server known for example.com:443. Add it with add_server('example.com', 443, server.port); known: "
        "example.com:80 -> 8080."
    )
    assert repr(resolver) == "<FakeResolver: example.com:80 -> 8080>"
    for number in range(1, 7):
        resolver.add_server(f"host{number}", 80, 8080)
    assert repr(resolver).endswith(", host4:80 -> 8080 and 2 more>")


async def test_what_the_client_sees(session):
    """The sentence is in aiohttp's own error, too."""
    error = await raised(session.get("http://example.com/"))
    assert type(error) is aiohttp.ClientConnectorDNSError
    assert str(error) == (
        "Cannot connect to host example.com:80 ssl:default [No test server known for example.com:80. Add it with "
        "add_server('example.com', 80, server.port).]"
    )


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("api.kraken.com", "http://API.Kraken.com/"),
        ("API.kraken.com.", "http://api.kraken.com/"),
        ("api.kraken.com", "http://api.kraken.com./"),
        ("bücher.example", "http://bücher.example/"),
        ("xn--bcher-kva.example", "http://bücher.example/"),
        ("10.1.2.3", "http://10.1.2.3/"),
        ("[2001:db8::1]", "http://[2001:db8:0::1]/"),
        ("2001:db8::1", "http://[2001:db8::1]/"),
        ("_service.example", "http://_service.example/"),
    ],
)
async def test_hosts_as_they_are_written(aiohttp_redirector, session, server, written, asked):
    """A host is found however it is written, and so is an address in digits."""
    aiohttp_redirector.add_server(written, 80, server.port)
    assert (await text(session.get(asked)))[0] == 200


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        (
            ("https://api.kraken.com", 443, 8443),
            OptionValueError,
            "add_server('https://api.kraken.com', 443, 8443): 'https://api.kraken.com' is no host. Give it without "
            "scheme, port and path: 'api.example.com'.",
        ),
        (
            ("api.kraken.com:443", 443, 8443),
            OptionValueError,
            "add_server('api.kraken.com:443', 443, 8443): 'api.kraken.com:443' is no host. Give it without scheme, "
            "port and path: 'api.example.com'.",
        ),
        (
            ("", 443, 8443),
            OptionValueError,
            "add_server('', 443, 8443): '' is no host. Give it without scheme, port and path: 'api.example.com'.",
        ),
        (
            (None, 443, 8443),
            OptionTypeError,
            "add_server(None, 443, 8443): None is no host. Give a str, such as 'api.example.com'.",
        ),
        (
            ("api.kraken.com", "443", 8443),
            OptionTypeError,
            "add_server('api.kraken.com', '443', 8443): '443' is no port. Give an int, such as server.port.",
        ),
        (
            ("api.kraken.com", 443, 0),
            OptionValueError,
            "add_server('api.kraken.com', 443, 0): 0 is no port. Give a number from 1 to 65535.",
        ),
        (
            ("api.kraken.com", 443, None),
            OptionTypeError,
            "add_server('api.kraken.com', 443, None): the server has no port, because it has not been started, or is "
            "closed. Add it between, for example in its `async with` block.",
        ),
    ],
)
def test_what_can_not_be_added(arguments, kind, sentence):
    """What could never be found is refused on the line that adds it."""
    with pytest.raises(kind) as caught:
        FakeResolver().add_server(*arguments)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("given", "at", "family"),
    [
        ("127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("127.0.0.2", "127.0.0.2", socket.AF_INET),
        ("0.0.0.0", "127.0.0.1", socket.AF_INET),
        ("::1", "::1", socket.AF_INET6),
        ("[::1]", "::1", socket.AF_INET6),
        ("::", "::1", socket.AF_INET6),
    ],
)
@pytest.mark.parametrize("asked", [socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6])
async def test_a_server_at_another_address(given, at, family, asked):
    """An address that is given is the one that is found, whatever family the connector would like."""
    resolver = FakeResolver()
    resolver.add_server("example.com", 443, 8443, target_host=given)
    assert await resolver.resolve("example.com", 443, asked) == [
        {"hostname": "example.com", "host": at, "port": 8443, "family": family, "proto": 0, "flags": 4}
    ]
    place = f"[{at}]:8443" if ":" in at else f"{at}:8443"
    assert repr(resolver) == f"<FakeResolver: example.com:443 -> {place}>"


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        (
            6,
            OptionTypeError,
            "add_server('a.example', 80, 8080): target_host=6 is no address. Give a str, such as '::1', or leave it "
            "out.",
        ),
        *(
            (
                given,
                OptionValueError,
                f"add_server('a.example', 80, 8080): target_host={given!r} is no address at which only this machine is "
                "reached. Give '127.0.0.1' or '::1', whichever the test's server listens at, or leave it out.",
            )
            for given in ("192.0.2.1", "2001:db8::1", "b.example", "")
        ),
    ],
)
def test_no_address_of_this_machine(given, kind, sentence):
    """Nothing is led out of this machine."""
    with pytest.raises(kind) as caught:
        FakeResolver().add_server("a.example", 80, 8080, target_host=given)
    assert str(caught.value) == sentence


# -- the session


async def test_the_redirector(aiohttp_redirector, server):
    """The code under test asks for a host, and reaches the test's server; nothing is patched."""
    before = dict(vars(aiohttp.ClientSession)), dict(vars(aiohttp.TCPConnector))
    aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
    answer = await text(aiohttp_redirector.session.post("http://api.kraken.com/order"))
    assert answer == (200, "POST http://api.kraken.com/order")
    assert aiohttp_redirector.session is aiohttp_redirector.session
    assert repr(aiohttp_redirector) == f"<Redirector: api.kraken.com:80 -> {server.port}>"
    assert (dict(vars(aiohttp.ClientSession)), dict(vars(aiohttp.TCPConnector))) == before


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://127.0.0.1:9/", "http://127.1/"])
async def test_addresses_in_digits(session, url):
    """They are refused, too: aiohttp would ask no resolver, and connect."""
    error = await raised(session.get(url))
    if not isinstance(error, aiohttp.InvalidURL):  # as newer aiohttp takes "127.1"
        assert type(error) is aiohttp.ClientConnectorDNSError
        assert str(error.os_error).startswith("No test server known for ")


async def test_by_its_own_address(aiohttp_redirector, session, server):
    """A server that was added is reached by its own address, too; another one is not."""
    aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
    assert (await text(session.get(server.make_url("/")))) == (200, f"GET {server.make_url('/')}")
    assert (await text(session.get(f"http://localhost:{server.port}/")))[0] == 200
    async with RawTestServer(hello) as other:
        assert type(await raised(session.get(other.make_url("/")))) is aiohttp.ClientConnectorDNSError


async def test_a_server_at_ipv6_only(aiohttp_redirector, session):
    """A server that listens at ::1 alone is reached with its address, and by its own name, too."""
    async with RawTestServer(hello, host="::1") as server:
        aiohttp_redirector.add_server("api.kraken.com", 80, server.port, target_host=server.host)
        assert await text(session.get("http://api.kraken.com/x")) == (200, "GET http://api.kraken.com/x")
        for url in (f"http://localhost:{server.port}/", f"http://[::1]:{server.port}/"):
            assert await text(session.get(url)) == (200, f"GET {url}")


async def test_what_is_added_comes_before_what_is_its_own(aiohttp_redirector, session, server):
    """An address of this machine that was added leads where it was led, also if another server has that port."""

    async def other(request):
        return web.Response(text="other")

    async with RawTestServer(other) as another:
        aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
        for host in ("localhost", "127.0.0.1"):
            aiohttp_redirector.add_server(host, server.port, another.port)
            assert await text(session.get(f"http://{host}:{server.port}/")) == (200, "other")


async def test_led_elsewhere(aiohttp_redirector, server):
    """What is added anew counts from then on."""

    async def other(request):
        return web.Response(text="other")

    async with RawTestServer(other) as another:
        aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
        async with aiohttp_redirector.session.get("http://api.kraken.com/", headers={"Connection": "close"}) as first:
            await first.read()
        aiohttp_redirector.add_server("api.kraken.com", 80, another.port)
        assert await text(aiohttp_redirector.session.get("http://api.kraken.com/")) == (200, "other")


async def test_closed_by_somebody(aiohttp_redirector):
    """Whoever closes the session gets another one the next time."""
    async with aiohttp_redirector.session as session:
        assert not session.closed
    assert aiohttp_redirector.session is not session


def test_outside_of_an_event_loop(aiohttp_redirector):
    """A session belongs to an event loop, and where none is running, the sentence says what to do."""
    with pytest.raises(ControlError) as caught:
        _ = aiohttp_redirector.session
    assert str(caught.value) == (
        "The redirector's session was asked for where no event loop is running, and a session belongs to one. Ask for "
        "it in the test, or in an async fixture."
    )


@pytest.mark.parametrize("ending", ["the loop", "the fixture", "too late"])
@pytest.mark.filterwarnings("error")
def test_it_is_closed_by_itself(ending):
    """The session ends with its event loop, or with the fixture; it is never left open."""
    redirector = Redirector()

    async def use():
        async with RawTestServer(hello) as server:
            redirector.add_server("api.kraken.com", 80, server.port)
            assert (await text(redirector.session.get("http://api.kraken.com/")))[0] == 200
        return redirector.session

    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(use())
    assert not session.closed
    if ending == "the loop":
        loop.run_until_complete(loop.shutdown_asyncgens())
        assert session.closed
    if ending == "the fixture":
        redirector.end()
        assert session.closed
    loop.close()
    redirector.end()
    assert session.closed


def test_a_session_for_each_event_loop(aiohttp_redirector):
    """A test may run several event loops, one after the other, and each has its own session."""

    async def use():
        return aiohttp_redirector.session

    first, second = asyncio.run(use()), asyncio.run(use())
    assert first is not second
    assert (first.closed, second.closed) == (True, True)


async def test_the_fixture_ends_while_the_loop_runs():
    """It may be ended in the event loop's own thread, and closes there as soon as it can."""
    redirector = Redirector()
    session = redirector.session
    redirector.end()
    while not session.closed:
        await asyncio.sleep(0)


# -- beside an active registry


async def test_beside_an_active_registry(aiohttp_redirector, session, server):
    """Requests to the test's servers pass through by themselves; routes come first, and the rest is unmatched."""
    aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", "http://example.com/", body="mocked")
        aiohttpretty.register_uri("GET", "http://api.kraken.com/route", body="mocked, too")
        assert await text(session.get("http://api.kraken.com/x")) == (200, "GET http://api.kraken.com/x")
        assert await text(session.get("http://example.com/")) == (200, "mocked")
        assert await text(session.get("http://api.kraken.com/route")) == (200, "mocked, too")
        for url in ("http://api.kraken.com:81/", "http://example.com/other", "http://192.0.2.1/"):
            with pytest.raises(NoMatchError):
                await session.get(url)
    assert [str(record.url) for record in aiohttpretty.unmatched] == [
        "http://api.kraken.com:81/",
        "http://example.com/other",
        "http://192.0.2.1/",
    ]
    assert await text(session.get("http://api.kraken.com/x")) == (200, "GET http://api.kraken.com/x")


async def test_other_sessions_beside_an_active_registry(aiohttp_redirector, server):
    """Another session is not led there, and nothing of its requests gets out."""
    aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as other:
            with pytest.raises(NoMatchError):
                await other.get("http://api.kraken.com/")


async def test_a_proxy_beside_an_active_registry(aiohttp_redirector, session, server):
    """Of a request by way of a proxy, the proxy is what is reached."""
    with aiohttpretty.activate():
        aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
        with pytest.raises(NoMatchError):
            await session.get("http://api.kraken.com/", proxy="http://proxy.example:3128")
        aiohttp_redirector.add_server("proxy.example", 3128, server.port)
        answer = await text(session.get("http://nowhere.example/", proxy="http://proxy.example:3128"))
        assert answer == (200, "GET http://nowhere.example/")


@pytest.mark.parametrize(("url", "passes"), [("http://api.kraken.com/", True), ("http://192.0.2.1/", False)])
async def test_a_connector_of_ones_own_beside_an_active_registry(server, url, passes):
    """What aiohttp would ask the resolver for passes; what it would connect to by itself does not."""
    resolver = FakeResolver()
    for host in ("api.kraken.com", "192.0.2.1"):
        resolver.add_server(host, 80, server.port)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
        with aiohttpretty.activate():
            if passes:
                assert (await text(session.get(url)))[0] == 200
            else:
                with pytest.raises(NoMatchError):
                    await session.get(url)


async def test_a_websocket(aiohttp_redirector, session):
    """A websocket is led like any other request, with TLS and without, beside an active registry too."""

    async def echo(request):
        there = web.WebSocketResponse()
        await there.prepare(request)
        await there.send_str(await there.receive_str())
        await there.close()
        return there

    async with RawTestServer(echo) as server:
        aiohttp_redirector.add_server("ws.kraken.com", 80, server.port)
        for active in (False, True):
            with aiohttpretty.activate() if active else warnings.catch_warnings():
                async with session.ws_connect("ws://ws.kraken.com/") as here:
                    await here.send_str("hello")
                    assert await here.receive_str() == "hello"
