"""Proxies, and TLS as far as a client can see it."""

import ssl

import pytest
import trustme
from aiohttp import BasicAuth

from .looking import VERSION, failure, names, seen, tracing

pytestmark = pytest.mark.filterwarnings(
    "ignore:The .(proxy_)?auth. parameter is deprecated:DeprecationWarning",
    "ignore:BasicAuth is deprecated:DeprecationWarning",
)
OK = {"reason": "OK", "body": "ok"}


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority):
    """What the server speaks."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("secure.test").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusting(authority):
    """A client that trusts the server."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def far(world):
    """Something that only the proxy can reach."""
    return [("GET", world.other.with_host("far.test").with_port(80) / "a", OK)]


WAYS = ["request", "url", "headers", "environment"] + ["session"] * (VERSION >= (3, 11))


@pytest.mark.parametrize("way", WAYS)
async def test_an_http_proxy(both, monkeypatch, way):
    """A proxy is asked in absolute form, with the credentials that are meant for it."""

    async def client(world):
        auth, config, options, own = BasicAuth("me", "secret"), tracing(), {}, {}
        if way == "session":
            own = {"proxy": world.base, "proxy_auth": auth}
        if way == "request":
            options = {"proxy": world.base, "proxy_auth": auth}
        if way == "url":
            options = {"proxy": world.base.with_user("me").with_password("secret")}
        if way == "headers":
            options = {"proxy": world.base, "proxy_headers": {"Proxy-Authorization": auth.encode(), "X": "1"}}
        if way == "environment":
            own = {"trust_env": True}
            monkeypatch.setenv("http_proxy", str(world.base.with_user("me").with_password("secret")))
        async with world.session(trace_configs=[config[0]], **own) as session:
            return await seen(await session.get("http://far.test/a", **options)), config[1]

    (got, _), [asked] = await both(client, far)
    assert (got["body"], asked.url) == (b"ok", "http://far.test/a")
    # aiohttp itself does not put proxy_headers into a request in absolute form
    assert ("Proxy-Authorization" in dict(asked.headers)) is (way != "headers" or "X" in dict(asked.headers))


async def test_a_proxy_that_refuses(both):
    """A proxy's own 407 is an answer like any other."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get("http://far.test/a", proxy=world.base))

    answer = {"status": 407, "reason": "Proxy Authentication Required", "headers": {"Proxy-Authenticate": "Basic"}}
    got, _ = await both(client, lambda world: [(*far(world)[0][:2], answer)])
    assert got["status"] == 407


async def test_connections_to_a_proxy_are_used_again(both):
    """A connection to a proxy is kept for the same host, by the versions that do so."""

    async def client(world):
        config, events = tracing()
        async with world.session(trace_configs=[config]) as session:
            found = [await seen(await session.get("http://far.test/a", proxy=world.base)) for _ in range(2)]
        return found, events

    (_, events), _ = await both(client, far)
    assert names(events).count("connection_reuseconn") == (VERSION >= (3, 11))


@pytest.mark.parametrize("proxy", ["http://[::1", "nonsense"])
async def test_proxies_that_are_none(both, proxy):
    """A proxy that can't be one is refused with the same words."""

    async def client(world):
        async with world.session() as session:
            return await failure(session.get("http://far.test/a", proxy=proxy))

    got, asked = await both(client, far, compare_asked=False)
    assert got["type"]


@pytest.mark.parametrize("way", ["trusted", "not verified", "connector", "server_hostname"])
async def test_tls(both, tls, trusting, way):
    """https is asked and traced alike."""

    async def client(world):
        url, options = world.secure / "a", {"ssl": trusting}
        if way == "server_hostname":
            url, options = url.with_host("alias.test"), {"ssl": trusting, "server_hostname": "secure.test"}
        if way == "not verified":
            options = {"ssl": False}
        config, events = tracing()
        connector = world.connector(**(options if way == "connector" else {}))
        async with world.session(connector=connector, trace_configs=[config]) as session:
            mine = {} if way == "connector" else options
            return [await seen(await session.get(url, **mine)) for _ in range(2)], events

    def routes(world):
        place = world.secure.with_host("alias.test") if way == "server_hostname" else world.secure
        return [("GET", place / "a", OK)]

    (got, events), _ = await both(client, routes, tls=tls)
    assert [each["body"] for each in got] == [b"ok"] * 2
    assert names(events).count("connection_reuseconn") == 1


async def test_from_http_to_https(both, tls, trusting):
    """A redirect leads from http to https, and secure cookies go along there only."""

    async def client(world):
        async with world.session() as session:
            return [await seen(await session.get(url, ssl=trusting)) for url in (world.base / "a", world.secure / "c")]

    def routes(world):
        cookie = [("Set-Cookie", "safe=1; Secure"), ("Location", "/c")]
        return [
            ("GET", "/a", {"status": 301, "headers": {"Location": str(world.secure / "b")}}),
            ("GET", world.secure / "b", {"status": 302, "headers": cookie}),
            ("GET", world.secure / "c", OK),
        ]

    got, asked = await both(client, routes, tls=tls)
    assert [each["status"] for each in got[0]["history"]] == [301, 302]
    assert [dict(each.headers).get("Cookie") for each in asked] == [None, None, "safe=1", "safe=1"]


# aiohttp 3.10 takes every tunnel over uvloop for one that goes through TLS twice
@pytest.mark.filterwarnings("ignore:An HTTPS request is being sent through an HTTPS proxy:RuntimeWarning")
@pytest.mark.parametrize("credentials", [True, False])
async def test_a_tunnel(both, tls, trusting, credentials):
    """https through a proxy goes through a tunnel, and the server behind it sees nothing of the proxy."""

    async def client(world):
        options = {"proxy": world.base, "proxy_auth": BasicAuth("me", "secret") if credentials else None}
        config, events = tracing()
        async with world.session(trace_configs=[config]) as session:
            url = world.secure / "a"
            return [await seen(await session.get(url, ssl=trusting, **options)) for _ in range(2)], events

    (got, events), asked = await both(client, lambda world: [("GET", world.secure / "a", OK)], tls=tls)
    assert [each["body"] for each in got] == [b"ok"] * 2
    assert not any(name.startswith("Proxy") for each in asked for name, _ in each.headers)
    assert names(events).count("connection_create_end") == 1
