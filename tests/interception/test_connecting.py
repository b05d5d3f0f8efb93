"""Faults before there is a connection: aiohttp goes its own way to one, and the last step fails as in life."""

import asyncio
import datetime as dt
import errno
import re
import socket
import ssl
import sys
from contextlib import suppress

import aiohttp
import pytest
import trustme
from aiohttp.client_exceptions import UnixClientConnectorError
from settling import outcome, retrying, settle, until

import aiohttpretty
from aiohttpretty import AioHTTPretty, BodyNotKeptError, DeactivatedError, faults, match
from aiohttpretty.errors import FaultError

URI = "http://example.com/"
HTTPS = "https://example.com/"
PROXY = "http://proxy.example:3128"
ANY = re.compile(".*")
PRINT = aiohttp.Fingerprint(bytes(32))
NEVER = aiohttp.ClientTimeout()
MIDDLEWARES = hasattr(aiohttp, "ClientMiddlewareType")

pytestmark = pytest.mark.usefixtures("active")


@pytest.fixture(autouse=True)
async def nothing_is_left(complaints):
    """When a test is over, no task is, and the event loop has nothing to complain of."""
    yield
    await settle()
    assert asyncio.all_tasks() - {asyncio.current_task()} == set()


async def ask(session, uri=URI, **options):
    return await outcome(session.get(uri, **options))


async def asked(fault, uri=URI, *, connector=None, reply=None, **options):
    """What comes of a request to a route with that fault."""
    aiohttpretty.register_uri("GET", ANY, fault=fault, **reply or {})
    async with aiohttp.ClientSession(connector=connector) as session:
        return await ask(session, uri, **options)


# -- what is raised

TLS = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {} (_ssl.c:N)"
SELF_SIGNED = "self-signed certificate" if ssl.OPENSSL_VERSION_INFO >= (3,) else "self signed certificate"
HOST = "Cannot connect to host {} ssl:{} [{}]"


def cannot(host, why, tls="default"):
    return HOST.format(host, tls, why)


def certificate(words, host="example.com:443"):
    return cannot(host, f"SSLCertVerificationError: (1, {TLS.format(words)!r})", tls="True")


RAISED = [
    (faults.refused(), {}, "ClientConnectorError", cannot("example.com:80", "Connect call failed ('127.0.0.1', 80)")),
    (
        faults.refused(),
        {"uri": "http://10.0.0.1:81/"},
        "ClientConnectorError",
        cannot("10.0.0.1:81", "Connect call failed ('10.0.0.1', 81)"),
    ),
    (
        faults.refused(),
        {"uri": "http://[::1]:81/"},
        "ClientConnectorError",
        cannot("::1:81", "Connect call failed ('::1', 81, 0, 0)"),
    ),
    (faults.unreachable(), {}, "ClientConnectorError", cannot("example.com:80", "Network is unreachable")),
    (faults.dns_failure(), {}, "ClientConnectorDNSError", cannot("example.com:80", "Name or service not known")),
    (
        faults.dns_failure(temporary=True),
        {},
        "ClientConnectorDNSError",
        cannot("example.com:80", "Temporary failure in name resolution"),
    ),
    (
        faults.tls_handshake(),
        {"uri": HTTPS},
        "ClientConnectorSSLError",
        cannot("example.com:443", "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:N)"),
    ),
    *(
        (
            faults.tls_certificate(reason),
            {"uri": HTTPS},
            "ClientConnectorCertificateError",
            certificate(words),
        )
        for reason, words in [
            ("expired", "certificate has expired"),
            ("not_yet_valid", "certificate is not yet valid"),
            ("self_signed", SELF_SIGNED),
            ("untrusted", "unable to get local issuer certificate"),
            ("wrong_host", "Hostname mismatch, certificate is not valid for 'example.com'."),
        ]
    ),
    (
        faults.tls_certificate("wrong_host"),
        {"uri": "https://10.0.0.1/"},
        "ClientConnectorCertificateError",
        certificate("IP address mismatch, certificate is not valid for '10.0.0.1'.", "10.0.0.1:443"),
    ),
    (
        faults.tls_certificate(),
        {"uri": HTTPS, "proxy": PROXY},
        "ClientConnectorCertificateError",
        certificate("certificate has expired"),
    ),
    *(
        (
            faults.proxy_refused(),
            {"uri": uri, "proxy": PROXY},
            "ClientProxyConnectionError",
            cannot("proxy.example:3128", "Connect call failed ('127.0.0.1', 3128)"),
        )
        for uri in (URI, HTTPS)
    ),
]


def plain(value):
    """What a case is called, in each process the same."""
    return re.sub(r" object at 0x\w+", "", str(value))


@pytest.mark.parametrize(("fault", "options", "kind", "text"), RAISED, ids=plain)
async def test_what_is_raised(fault, options, kind, text):
    """Type, text, errno, `os_error` and cause are aiohttp's own; the call has it too."""
    error = await asked(fault, **options)
    assert (type(error).__name__, re.sub(r"_ssl\.c:\d+", "_ssl.c:N", str(error))) == (kind, text)
    known = getattr(error, "certificate_error", None) or error.os_error
    assert error.__cause__ is error.__context__ is known
    [call] = aiohttpretty.calls
    assert (call.status, call.error.kind, call.error.text) == (None, type(error), str(error))


async def test_errnos():
    """What the system said is an `OSError` of the kind that goes with its number."""
    caught = [await asked(fault) for fault in (faults.refused(), faults.unreachable(), faults.dns_failure())]
    assert [error.errno for error in caught] == [errno.ECONNREFUSED, errno.ENETUNREACH, socket.EAI_NONAME]
    assert [type(error.os_error) for error in caught] == [ConnectionRefusedError, OSError, socket.gaierror]


@pytest.mark.parametrize("uri", [HTTPS, "https://10.0.0.1/"])
@pytest.mark.parametrize("proxy", [None, PROXY])
async def test_another_certificate(uri, proxy):
    """aiohttp's own `Fingerprint.check` says what was expected, what came, and where from."""
    error = await asked(faults.tls_fingerprint(), uri, ssl=PRINT, proxy=proxy)
    assert type(error) is aiohttp.ServerFingerprintMismatch
    address = ("127.0.0.1", 3128) if proxy else ("10.0.0.1" if "10." in uri else "127.0.0.1", 443)
    assert (error.expected, (error.host, error.port)) == (bytes(32), address)
    assert error.got not in (error.expected, b"")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="this asyncio has no TLS within TLS")
async def test_the_proxys_certificate_is_right():
    """Also where a proxy speaks TLS, it is the server that has another certificate."""
    error = await asked(faults.tls_fingerprint(), HTTPS, ssl=PRINT, proxy="https://proxy.example:3129")
    assert type(error) is aiohttp.ServerFingerprintMismatch
    assert (error.host, error.port) == ("127.0.0.1", 3129)


async def test_a_fingerprint_of_the_connector():
    """It may be the connector's, too."""
    error = await asked(faults.tls_fingerprint(), HTTPS, connector=aiohttp.TCPConnector(ssl=PRINT))
    assert type(error) is aiohttp.ServerFingerprintMismatch


async def test_a_unix_socket():
    """Behind a path, aiohttp says so; the connection may also take for ever."""
    error = await asked(faults.refused(), connector=aiohttp.UnixConnector("/no/socket"))
    assert type(error) is UnixClientConnectorError
    assert str(error) == "Cannot connect to unix socket /no/socket ssl:default [Connection refused]"
    assert error.__cause__ is error.os_error
    aiohttpretty.clear()
    timeout = aiohttp.ClientTimeout(sock_connect=0.01)
    connector = aiohttp.UnixConnector("/no/socket")
    error = await asked(faults.connect_timeout(), connector=connector, timeout=timeout)
    assert str(error) == "Connection timeout to host http://example.com/"


def handshake(client, server, name):
    """What a client says in a handshake that is made in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = client.wrap_bio(back, there, server_hostname=name)
    right = server.wrap_bio(there, back, server_side=True)
    while True:
        for end in (left, right):
            with suppress(ssl.SSLWantReadError):
                try:
                    end.do_handshake()
                except ssl.SSLCertVerificationError as error:
                    return error


NOW = dt.datetime.now(dt.timezone.utc)
DAY = dt.timedelta(days=1)
CERTIFICATES = [
    ("expired", "example.com", {"not_before": NOW - 2 * DAY, "not_after": NOW - DAY}),
    ("not_yet_valid", "example.com", {"not_before": NOW + DAY, "not_after": NOW + 2 * DAY}),
    ("untrusted", "example.com", {}),
    ("wrong_host", "other.example", {}),
]


@pytest.mark.parametrize(("reason", "name", "validity"), CERTIFICATES)
async def test_real_certificates(reason, name, validity):
    """What a client says of a certificate is, attribute by attribute, what it says of a real one."""
    authority, server, client = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name, **validity).configure_cert(server)
    if reason != "untrusted":
        authority.configure_trust(client)
    real = handshake(client, server, "example.com")
    error = await asked(faults.tls_certificate(reason), HTTPS, ssl=client)
    told = error.certificate_error
    assert (type(told), told.args, str(told), vars(told)) == (type(real), real.args, str(real), vars(real))


async def test_revoked_where_it_is_checked():
    """A client that asks for revocation lists can find a certificate in one."""
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    error = await asked(faults.tls_certificate("revoked"), HTTPS, ssl=context)
    assert (error.certificate_error.verify_code, error.certificate_error.verify_message) == (23, "certificate revoked")


# -- a proxy that answers


async def test_a_proxy_that_refuses_the_tunnel():
    """To an https request, its status, its reason and its headers are aiohttp's `ClientHttpProxyError`."""
    reply = {"headers": {"Proxy-Authenticate": "Basic"}, "reason": "Who?", "body": "no"}
    error = await asked(faults.proxy_status(407), HTTPS, proxy=PROXY, reply=reply)
    assert type(error) is aiohttp.ClientHttpProxyError
    assert (error.status, error.message, dict(error.headers)) == (407, "Who?", {"Proxy-Authenticate": "Basic"})
    assert (error.request_info.method, error.history) == ("CONNECT", ())
    [call] = aiohttpretty.calls
    assert (call.method, call.status, call.error.kind) == ("GET", None, aiohttp.ClientHttpProxyError)


async def test_a_proxy_that_answers_itself():
    """To a plain http request, what the proxy says is the response."""
    aiohttpretty.register_uri("GET", URI, fault=faults.proxy_status(502), body="no", headers={"Via": "proxy"})
    async with aiohttp.ClientSession() as session, session.get(URI, proxy=PROXY) as response:
        said = response.status, response.reason, dict(response.headers), await response.text()
    assert said == (502, "Bad Gateway", {"Via": "proxy"}, "no")
    [call] = aiohttpretty.calls
    assert (call.status, call.error) == (502, None)


# -- where it can't happen

CANT = "{!r} is registered for GET {}, and can't happen to it: {}"
NO_TLS = (
    "the address is http, so that no TLS is spoken. Register it for an https address, or give a fault of plain "
    "connections, such as faults.refused()."
)
NO_PROXY = (
    "the client asks the server itself, without a proxy. Give the request a proxy (proxy=, or trust_env=True), or a "
    "fault of the server's, such as faults.refused()."
)
BEHIND = (
    "the client connects to a proxy, and only that connects to the server. Give a fault of the proxy's, "
    "faults.proxy_refused(), or what the proxy would say, such as faults.proxy_status(502)."
)
NO_NAME = (
    "the host of the address is an IP address, so that no name is looked up. Register it for an address with a name, "
    "or give faults.unreachable()."
)
NO_PRINT = (
    "the client has no fingerprint to compare with. Give one to the request or the connector "
    "(ssl=aiohttp.Fingerprint(...)), or give faults.tls_certificate()."
)
UNCHECKED = (
    "the client checks no certificate (ssl=False, an aiohttp.Fingerprint, or an SSL context with "
    "verify_mode=ssl.CERT_NONE). Have it check them, or give faults.tls_handshake()."
)
ANY_HOST = (
    "the client's SSL context has check_hostname=False. Have it check the name, or give another reason, such as "
    "faults.tls_certificate('untrusted')."
)
NO_LISTS = (
    "the client's SSL context has no revocation lists checked, as by default. Set context.verify_flags |= "
    "ssl.VERIFY_CRL_CHECK_LEAF, or give another reason, such as faults.tls_certificate('expired')."
)
BY_PATH = (
    "the session's connector is an aiohttp.UnixConnector, which only opens a path: without a name, a network, TLS or a "
    "proxy. Give faults.refused() or faults.connect_timeout(), or use an aiohttp.TCPConnector."
)
SOMEBODYS = (
    "the session's connector is a Somebodys, and only that knows how it fails. Use an aiohttp.TCPConnector, or give "
    "error= with what it raises."
)


class Somebodys(aiohttp.BaseConnector):
    """A connector of somebody's own."""


def unnamed():
    context = ssl.create_default_context()
    context.check_hostname = False
    return context


IMPOSSIBLE = [
    *((fault, URI, {}, NO_TLS) for fault in (faults.tls_handshake(), faults.tls_certificate())),
    (faults.tls_fingerprint(), URI, {"ssl": PRINT}, NO_TLS),
    *((fault, uri, {}, NO_PROXY) for fault in (faults.proxy_refused(), faults.proxy_status()) for uri in (URI, HTTPS)),
    *(
        (fault, uri, {"proxy": PROXY}, BEHIND)
        for fault in (faults.refused(), faults.unreachable(), faults.dns_failure(), faults.connect_timeout())
        for uri in (URI, HTTPS)
    ),
    (faults.dns_failure(), "http://10.0.0.1/", {}, NO_NAME),
    (faults.dns_failure(temporary=True), "http://[::1]/", {}, NO_NAME),
    (faults.tls_fingerprint(), HTTPS, {}, NO_PRINT),
    (faults.tls_certificate(), HTTPS, {"ssl": False}, UNCHECKED),
    (faults.tls_certificate(), HTTPS, {"ssl": PRINT}, UNCHECKED),
    (faults.tls_certificate("wrong_host"), HTTPS, {"ssl": unnamed()}, ANY_HOST),
    (faults.tls_certificate("revoked"), HTTPS, {}, NO_LISTS),
]


@pytest.mark.parametrize(("fault", "uri", "options", "why"), IMPOSSIBLE, ids=lambda value: plain(value)[:50])
async def test_what_cant_happen(fault, uri, options, why):
    """Neither silence nor a lie: the request fails with a sentence that no code under test takes for a failure."""
    error = await asked(fault, uri, **options)
    assert type(error) is FaultError
    assert str(error) == CANT.format(fault, uri, why)
    assert not isinstance(error, (aiohttp.ClientError, OSError, asyncio.TimeoutError))
    [call] = aiohttpretty.calls
    assert (call.error.kind, call.status) == (FaultError, None)


@pytest.mark.parametrize(
    ("connector", "why"),
    [(lambda: aiohttp.UnixConnector("/no/socket"), BY_PATH), (Somebodys, SOMEBODYS)],
    ids=["unix", "own"],
)
async def test_connectors_of_another_kind(connector, why):
    """What a connector has nothing to do with can't go wrong with it."""
    error = await asked(faults.unreachable(), connector=connector())
    assert (type(error), str(error)) == (FaultError, CANT.format(faults.unreachable(), URI, why))


async def test_a_handshake_without_a_check():
    """A client that checks no certificate still needs a server that speaks TLS."""
    assert type(await asked(faults.tls_handshake(), HTTPS, ssl=False)) is aiohttp.ClientConnectorSSLError


# -- time

TIMEOUTS = {
    "connect": (aiohttp.ClientTimeout(connect=0.01), "Connection timeout to host http://example.com/"),
    "sock_connect": (aiohttp.ClientTimeout(sock_connect=0.01), "Connection timeout to host http://example.com/"),
    "total": (aiohttp.ClientTimeout(total=0.01), ""),
}


@pytest.mark.parametrize("fault", [faults.connect_timeout(), faults.refused(), faults.dns_failure()], ids=str)
@pytest.mark.parametrize("name", TIMEOUTS)
async def test_timeouts(fault, name):
    """A connection that nobody answers, and a delay before a failure, end with the first of the client's timeouts."""
    timeout, text = TIMEOUTS[name]
    if fault == faults.dns_failure() and name == "sock_connect":
        timeout = aiohttp.ClientTimeout(sock_connect=0.01, connect=0.01)  # the look-up is no part of it
    error = await asked(fault, timeout=timeout, reply={"delay": 3600})
    assert (type(error).__name__, str(error)) == ("ConnectionTimeoutError" if text else "TimeoutError", text)
    [call] = aiohttpretty.calls
    assert (call.status, call.error.kind, call.duration is not None) == (None, type(error), True)


@pytest.mark.parametrize(
    ("fault", "uri", "options"),
    [
        (faults.tls_handshake(), HTTPS, {}),
        (faults.tls_fingerprint(), HTTPS, {"ssl": PRINT}),
        (faults.tls_fingerprint(), HTTPS, {"ssl": PRINT, "proxy": PROXY}),
        (faults.tls_certificate(), HTTPS, {"proxy": PROXY}),
        (faults.proxy_refused(), HTTPS, {"proxy": PROXY}),
        (faults.proxy_status(), HTTPS, {"proxy": PROXY}),
    ],
    ids=plain,
)
async def test_a_delay_of_any(fault, uri, options):
    """Each passes before its failure, and within the time that the client gives to connecting."""
    timeout = aiohttp.ClientTimeout(connect=0.01)
    error = await asked(fault, uri, timeout=timeout, reply={"delay": 3600}, **options)
    assert str(error) == "Connection timeout to host https://example.com/"


async def test_a_delay_in_a_tunnel():
    """What the client gives to a socket's connecting holds for TLS in it, too."""
    timeout = aiohttp.ClientTimeout(sock_connect=0.01)
    error = await asked(faults.tls_certificate(), HTTPS, timeout=timeout, reply={"delay": 3600}, proxy=PROXY)
    assert str(error) == "Connection timeout to host https://example.com/"


async def test_a_short_delay():
    """After it, the failure comes."""
    assert type(await asked(faults.refused(), reply={"delay": 0.001})) is aiohttp.ClientConnectorError
    assert type(await asked(faults.dns_failure(), reply={"delay": 0.001})) is aiohttp.ClientConnectorDNSError


@pytest.mark.parametrize("fault", [faults.connect_timeout(), faults.refused(), faults.dns_failure()], ids=str)
@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside another"])
async def test_deactivated_meanwhile(fault, other):
    """A request whose connection is still awaited fails with an error of ours; another registry changes nothing."""
    mine, another = AioHTTPretty(), AioHTTPretty()
    if other:
        another.activate()
    mine.register_uri("GET", URI, fault=fault, delay=3600)
    mine.activate()
    async with aiohttp.ClientSession() as session:
        task = asyncio.create_task(ask(session))
        await until(lambda: mine.calls)
        await settle()
        mine.deactivate()
        error = await task
    if other:
        another.deactivate()
    assert type(error) is DeactivatedError
    assert mine.calls[0].error.kind is DeactivatedError


async def test_cancelled_and_deactivated_at_once():
    """Who gives up in the same moment as the registry has given up."""
    registry = AioHTTPretty()
    registry.register_uri("GET", URI, fault=faults.connect_timeout())
    async with aiohttp.ClientSession() as session:
        with registry.activate():
            asking = asyncio.create_task(ask(session))
            await until(lambda: registry.calls)
            await settle()
            asking.cancel()
        assert type(await asking) in {asyncio.CancelledError, DeactivatedError}


async def test_another_one_deactivated_meanwhile():
    """Who has nothing to do with a connection that is still awaited takes nothing away with it."""
    mine, another = AioHTTPretty(), AioHTTPretty()
    mine.register_uri("GET", URI, fault=faults.refused(), delay=3600)
    async with aiohttp.ClientSession() as session:
        with mine.activate():
            with another.activate():
                asking = asyncio.create_task(ask(session))
                await until(lambda: mine.calls)
            await settle()
            assert not asking.done()
        assert type(await asking) is DeactivatedError


@pytest.mark.parametrize("fault", [faults.connect_timeout(), faults.dns_failure()], ids=str)
async def test_cancelled_meanwhile(fault):
    """A cancelled request leaves nothing behind, and gives its place in the pool to the next."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": fault, "delay": 3600}, {}])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        task = asyncio.create_task(session.get(URI))
        await until(lambda: aiohttpretty.calls)
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await settle()
        assert asyncio.all_tasks() == {asyncio.current_task()}  # also before the session is closed
        assert await ask(session) == 200
    assert [call.status for call in aiohttpretty.calls] == [None, 200]
    assert aiohttpretty.calls[0].error.kind is asyncio.CancelledError


# -- the pool, and the way there

EVENTS = (
    *("on_connection_queued_start", "on_connection_queued_end", "on_connection_create_start"),
    *("on_connection_create_end", "on_connection_reuseconn", "on_dns_resolvehost_start", "on_dns_resolvehost_end"),
    *("on_dns_cache_hit", "on_dns_cache_miss", "on_request_start", "on_request_end", "on_request_exception"),
)


def tracing():
    seen, config = [], aiohttp.TraceConfig()

    def note(name):
        async def happened(session, context, params):
            seen.append(name.removeprefix("on_"))

        return happened

    for name in EVENTS:
        getattr(config, name).append(note(name))
    return seen, config


NAME = ["dns_cache_miss", "dns_resolvehost_start", "dns_resolvehost_end"]
TRACES = [
    (faults.refused(), URI, {}, NAME),
    (faults.refused(), "http://10.0.0.1/", {}, []),
    (faults.tls_handshake(), HTTPS, {}, NAME),
    (faults.tls_fingerprint(), HTTPS, {"ssl": PRINT}, NAME),
    (faults.dns_failure(), URI, {}, NAME[:2]),
    (faults.proxy_refused(), URI, {"proxy": PROXY}, []),
    (faults.proxy_status(), HTTPS, {"proxy": PROXY}, []),
]


@pytest.mark.parametrize(("fault", "uri", "options", "way"), TRACES, ids=plain)
async def test_traces(fault, uri, options, way):
    """Who traces sees how far it came: a connection is begun, and none is made."""
    seen, config = tracing()
    aiohttpretty.register_uri("GET", ANY, fault=fault)
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        assert isinstance(await ask(session, uri, **options), aiohttp.ClientError)
    assert seen == ["request_start", "connection_create_start", *way, "request_exception"]


async def test_idle_connections():
    """A server that is not there has no idle connections: the next request after it makes a new one."""
    seen, config = tracing()
    aiohttpretty.register_uri("GET", URI, responses=[{}, {}, {"fault": faults.refused()}, {}])
    aiohttpretty.register_uri("GET", "http://other.example/")
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        await ask(session, "http://other.example/")
        said = [await ask(session) for _ in range(4)]
        await ask(session, "http://other.example/")
    assert [getattr(answer, "errno", answer) for answer in said] == [200, 200, errno.ECONNREFUSED, 200]
    made = [event for event in seen if event.startswith("connection_")]
    assert made == [
        *["connection_create_start", "connection_create_end"] * 2,
        "connection_reuseconn",
        "connection_create_start",
        *["connection_create_start", "connection_create_end"],
        "connection_reuseconn",  # another server's
    ]


async def test_idle_connections_to_others():
    """While a server is not there, the connections to others stay, and are used."""
    seen, config = tracing()
    aiohttpretty.register_uri("GET", URI, fault=faults.refused(), delay=3600)
    aiohttpretty.register_uri("GET", "http://other.example/")
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        await ask(session, "http://other.example/")
        asking = asyncio.create_task(ask(session))
        await until(lambda: len(aiohttpretty.calls) == 2)
        seen.clear()
        assert await ask(session, "http://other.example/") == 200
        assert "connection_reuseconn" in seen
        asking.cancel()
        assert type(await asking) is asyncio.CancelledError


async def test_names_are_remembered():
    """A server that refuses keeps its name in the cache; one whose look-up fails has none there."""
    seen, config = tracing()
    aiohttpretty.register_uri("GET", URI, responses=[{}, {"fault": faults.refused()}, {"fault": faults.dns_failure()}])
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        for _ in range(3):
            await ask(session)
    assert [event for event in seen if event.startswith("dns_")] == [*NAME, "dns_cache_hit", *NAME[:2]]


async def test_waiting_for_the_pool():
    """The attempt waits for its place; a connection that becomes free meanwhile is closed, not used."""
    seen, config = tracing()
    going_on = asyncio.Event()

    async def slow():
        yield b"first"
        await going_on.wait()
        yield b"last"

    aiohttpretty.register_uri("GET", URI, responses=[{"body": slow()}, {"fault": faults.refused()}, {}])
    connector = aiohttp.TCPConnector(limit=1)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[config]) as session:
        response = await session.get(URI)
        refused = asyncio.create_task(ask(session))
        await until(lambda: "connection_queued_start" in seen)
        going_on.set()
        assert await response.read() == b"firstlast"
        assert type(await refused) is aiohttp.ClientConnectorError
        assert await ask(session) == 200
    assert "connection_reuseconn" not in seen
    assert seen.count("connection_create_start") == 3


async def test_in_the_order_of_the_requests():
    """Which request gets the fault is said when it asks, however long it waits for its connection."""
    aiohttpretty.register_uri("GET", URI, responses=[{}, {"fault": faults.refused()}, {"status": 201}])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        said = await asyncio.gather(*(ask(session) for _ in range(3)))
    assert [getattr(answer, "errno", answer) for answer in said] == [200, errno.ECONNREFUSED, 201]


async def test_among_other_replies():
    """The fault is one of the replies: it comes as often as it is said, and uses one up each time."""
    fault = {"fault": faults.refused()}
    aiohttpretty.register_uri("GET", URI, responses=[fault, {}, fault], exhausted="cycle")
    async with aiohttp.ClientSession() as session:
        said = [await ask(session) for _ in range(6)]
    assert [getattr(answer, "errno", answer) for answer in said] == [errno.ECONNREFUSED, 200, errno.ECONNREFUSED] * 2
    aiohttpretty.assert_all_called()


async def test_a_limited_fault():
    """With `times`, what is used up is said to be; what replaces the fault answers."""
    route = aiohttpretty.register_uri("GET", URI, fault=faults.refused(), times=1)
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session)) is aiohttp.ClientConnectorError
        assert type(await ask(session)) is aiohttpretty.ResponsesExhausted
        route.replace(status=204)
        assert await ask(session) == 204
        route.replace(fault=faults.unreachable())
        assert (await ask(session)).errno == errno.ENETUNREACH
        route.remove()
        assert type(await ask(session)) is aiohttpretty.NoMatchError


async def test_a_redirect_to_it():
    """A hop to a server that is not there is a call behind the one that led there."""
    aiohttpretty.register_uri("GET", URI, location="http://gone.example/")
    aiohttpretty.register_uri("GET", "http://gone.example/", fault=faults.dns_failure())
    async with aiohttp.ClientSession() as session:
        assert type(await ask(session)) is aiohttp.ClientConnectorDNSError
    first, second = aiohttpretty.calls
    assert (first.status, second.status, second.redirected_from, second.attempt) == (302, None, first, 1)


@pytest.mark.skipif(not MIDDLEWARES, reason="this aiohttp has no client middlewares")
async def test_a_middleware_that_tries_again():
    """aiohttp does not repeat what it could not connect; a middleware that does gets the next reply."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.refused()}, {"status": 201}])
    async with aiohttp.ClientSession(middlewares=(retrying(aiohttp.ClientConnectorError),)) as session:
        assert await ask(session) == 201
    first, second = aiohttpretty.calls
    assert (first.error.kind, second.status) == (aiohttp.ClientConnectorError, 201)
    assert (first.attempt, second.attempt) == (1, 1)


@pytest.mark.skipif(not MIDDLEWARES, reason="this aiohttp has no client middlewares")
async def test_a_middleware_that_tries_again_after_a_timeout():
    """The record of the attempt that came to nothing has its end."""
    aiohttpretty.register_uri("GET", URI, responses=[{"fault": faults.connect_timeout()}, {"status": 201}])
    timeout = aiohttp.ClientTimeout(sock_connect=0.01)
    async with aiohttp.ClientSession(
        middlewares=(retrying(aiohttp.ConnectionTimeoutError),), timeout=timeout
    ) as session:
        assert await ask(session) == 201
    first, second = aiohttpretty.calls
    assert (first.status, first.duration is not None, second.status) == (None, True, 201)


async def test_another_registry():
    """Who is asked first has the say, also where only the other one has a fault."""
    beneath, above = AioHTTPretty(), AioHTTPretty()
    beneath.register_uri("POST", URI, fault=faults.refused())
    above.register_uri("POST", URI, match=match.json(1), status=201)
    with beneath.activate(), above.activate():
        async with aiohttp.ClientSession() as session:
            said = [await outcome(session.post(URI, json=number)) for number in (1, 2)]
    assert [getattr(answer, "errno", answer) for answer in said] == [201, errno.ECONNREFUSED]
    assert (len(above.calls), len(beneath.calls)) == (1, 1)


async def test_without_a_session():
    """`fake_request` has no connection either."""
    aiohttpretty.register_uri("GET", URI, fault=faults.refused())
    assert type(await outcome(aiohttpretty.fake_request("GET", URI))) is aiohttp.ClientConnectorError


# -- matchers


class Asked:
    """A condition that counts how often it is asked."""

    def __init__(self, accepts):
        self.count = 0
        self._accepts = accepts

    def __call__(self, request):
        self.count += 1
        return self._accepts(request)


async def test_matchers_are_asked_before():
    """Who gets the fault may depend on what is about to be sent, headers and body; each matcher is asked once."""
    mine = Asked(lambda request: request.json() == {"a": 1} and request.request_headers["X-A"] == "1")
    aiohttpretty.register_uri("POST", URI, status=201)
    aiohttpretty.register_uri("POST", URI, match=mine, fault=faults.refused())
    async with aiohttp.ClientSession(headers={"X-A": "1"}) as session:
        assert type(await outcome(session.post(URI, json={"a": 1}))) is aiohttp.ClientConnectorError
        assert await outcome(session.post(URI, json={"a": 2})) == 201
    assert mine.count == 2
    assert [call.status for call in aiohttpretty.calls] == [None, 201]


async def test_matchers_of_others():
    """A route with an ordinary reply, of several, is asked once, too, and its request is recorded whole."""
    mine = Asked(lambda request: request.body == b"sent")
    aiohttpretty.register_uri("POST", URI, fault=faults.refused())
    aiohttpretty.register_uri("POST", URI, match=mine, status=201)
    async with aiohttp.ClientSession() as session:
        assert await outcome(session.post(URI, data=b"sent")) == 201
        assert type(await outcome(session.post(URI, data=b"other"))) is aiohttp.ClientConnectorError
    assert mine.count == 2
    assert [call.body for call in aiohttpretty.calls] == [b"sent", b"other"]
    assert "Content-Length" in aiohttpretty.calls[0].request_headers


async def test_matchers_that_refuse():
    """Where no matcher lets a request have the fault, it is unmatched like any other."""
    aiohttpretty.register_uri("POST", URI, match=match.json(1), fault=faults.refused())
    async with aiohttp.ClientSession() as session:
        error = await outcome(session.post(URI, json=2))
    assert isinstance(error, aiohttpretty.NoMatchError)
    assert [(unmatched.method, str(unmatched.url)) for unmatched in aiohttpretty.unmatched] == [("POST", URI)]
    assert aiohttpretty.calls == []


LATE = [
    (faults.refused(), URI, {}),
    (faults.unreachable(), URI, {}),
    (faults.dns_failure(), URI, {}),
    (faults.tls_handshake(), HTTPS, {}),
    (faults.tls_certificate(), HTTPS, {}),
    (faults.tls_fingerprint(), HTTPS, {"ssl": PRINT}),
    (faults.proxy_refused(), HTTPS, {"proxy": PROXY}),
    (faults.proxy_status(), HTTPS, {"proxy": PROXY}),
    (faults.tls_certificate(), HTTPS, {"ssl": False}),
]


@pytest.mark.parametrize(("fault", "uri", "options"), LATE, ids=plain)
async def test_a_stream_that_decides(fault, uri, options):
    """Where a stream decides, it is read first; then the same is raised, and the call has the stream."""

    async def stream():
        yield b"se"
        yield b"nt"

    async with aiohttp.ClientSession() as session:
        aiohttpretty.register_uri("POST", ANY, fault=fault)
        before = await outcome(session.post(uri, **options))
        aiohttpretty.clear()
        aiohttpretty.register_uri("POST", ANY, match=match.body(b"sent"), fault=fault)
        late = await outcome(session.post(uri, data=stream(), **options))
    assert (type(late), str(late)) == (type(before), str(before))
    assert [repr(error.__cause__) for error in (late, before)] == [repr(late.__context__)] * 2
    [call] = aiohttpretty.calls
    assert (call.body, call.status, call.error.kind) == (b"sent", None, type(late))


async def test_a_stream_that_decides_over_a_unix_socket():
    """The same holds for a socket that has a path."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector("/no/socket")) as session:
        aiohttpretty.register_uri("POST", URI, fault=faults.refused())
        before = await outcome(session.post(URI))
        aiohttpretty.register_uri("POST", URI, match=match.body(b"sent"), fault=faults.refused())
        late = await outcome(session.post(URI, data=slowly(b"se", b"nt")))
    assert type(late) is UnixClientConnectorError
    assert (str(late), late.path, repr(late.__cause__)) == (str(before), before.path, repr(before.__cause__))


PATIENCE = [
    {"sock_connect": 1},
    {"connect": 1},
    {"total": 1},
    {"total": 1, "connect": 1000, "sock_connect": 1000},
    {"total": 1000, "connect": 1},
    {"sock_read": 1, "sock_connect": 3},
    {"sock_read": 1},
    {},
]


async def slowly(*pieces):
    for piece in pieces:
        yield piece


def ends(limits):
    """Whether there is a limit to waiting for a connection."""
    return not {"total", "connect", "sock_connect"}.isdisjoint(limits)


PACES = [(limits, time) for limits in PATIENCE for time in ("real", "instant") if time == "instant" or ends(limits)]


@pytest.mark.parametrize(("limits", "time"), PACES, ids=repr)
async def test_a_stream_that_decides_about_a_timeout(limits, time):
    """Where a stream decides that nobody answers, the client waits as long as it does elsewhere, and for the same."""
    if time == "real":
        limits = {name: limit / 50 for name, limit in limits.items()}
    aiohttpretty.register_uri("POST", URI, match=match.body(b"sent"), fault=faults.connect_timeout(), time=time)
    timeout, seen = aiohttp.ClientTimeout(**limits), []
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for body in (b"sent", slowly(b"se", b"nt")):
            error = await outcome(session.post(URI, data=body))
            seen.append((type(error), str(error), type(error.__cause__)))
    assert seen[0] == seen[1]
    assert [call.error.text for call in aiohttpretty.calls] == [seen[0][1]] * 2
    assert issubclass(seen[0][0], asyncio.TimeoutError if ends(limits) else FaultError)


@pytest.mark.parametrize("how", ["deactivate", "cancel"])
async def test_a_stream_that_decides_and_the_end(how):
    """Who is deactivated amid that, or cancelled, does not wait on."""
    registry = AioHTTPretty()
    registry.register_uri("POST", URI, match=match.body(b"sent"), fault=faults.connect_timeout())
    async with aiohttp.ClientSession() as session:
        with registry.activate():
            asking = asyncio.create_task(outcome(session.post(URI, data=slowly(b"sent"))))
            await until(lambda: registry.calls)
            await settle()
            assert not asking.done()
            if how == "cancel":
                asking.cancel()
                await settle()
        assert type(await asking) is (asyncio.CancelledError if how == "cancel" else DeactivatedError)


@pytest.mark.parametrize("ticks", range(1, 8))
@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize(
    ("fault", "uri", "options"),
    [
        (faults.connect_timeout(), URI, {}),
        (faults.refused(), URI, {}),
        (faults.dns_failure(), URI, {}),
        (faults.tls_fingerprint(), HTTPS, {"ssl": PRINT}),
        (faults.proxy_status(), HTTPS, {"proxy": PROXY}),
    ],
    ids=plain,
)
async def test_deactivated_before_it_waits(fault, uri, options, ticks, others):
    """An attempt that is yet to begin waiting fails as one that waits, at once, also where other registries go on."""
    registry = AioHTTPretty()
    registry.register_uri("GET", uri, fault=fault, delay=1000)
    async with aiohttp.ClientSession(timeout=NEVER) as session:
        if not others:
            aiohttpretty.deactivate()
        with registry.activate():
            asking = asyncio.create_task(ask(session, uri, **options))
            for _ in range(ticks):
                await asyncio.sleep(0)
        await settle()
        if not others:
            aiohttpretty.activate()
        assert asking.done()
        assert type(await asking) is DeactivatedError


# -- the record


async def test_the_call():
    """The record has what was about to be sent, and reads as any other."""
    aiohttpretty.register_uri("POST", URI, fault=faults.refused())
    async with aiohttp.ClientSession() as session:
        await outcome(session.post(URI, json={"a": 1}, headers={"X-A": "1"}))
    [call] = aiohttpretty.calls
    assert (call.method, str(call.url), call.passed_through, call.attempt) == ("POST", URI, False, 1)
    assert (call.json(), call.request_headers["X-A"], call.body_size) == ({"a": 1}, "1", 8)
    assert call["json"] == {"a": 1}
    assert aiohttpretty.has_call(URI, method="POST", json={"a": 1})
    aiohttpretty.assert_called("POST", URI, match=match.json({"a": 1}))
    assert call.route.calls == [call]
    assert repr(call) == "<Call POST http://example.com/ -> ClientConnectorError>"
    assert call.describe().splitlines()[0] == (
        "POST http://example.com/ -> aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host "
        "example.com:80 ssl:default [Connect call failed ('127.0.0.1', 80)]"
    )
    assert call.describe().splitlines()[-1] == '  {"a": 1}'


async def test_a_body_that_nobody_read():
    """A stream is not read for the record, which says so."""

    async def stream():
        raise AssertionError("somebody has read it")
        yield b""

    aiohttpretty.register_uri("POST", URI, fault=faults.refused())
    async with aiohttp.ClientSession() as session:
        assert type(await outcome(session.post(URI, data=stream()))) is aiohttp.ClientConnectorError
    [call] = aiohttpretty.calls
    with pytest.raises(BodyNotKeptError) as caught:
        _ = call.body
    assert str(caught.value) == (
        "The body of POST http://example.com/ is not known: there was no connection to send it over, and it was a "
        "stream, or was to be compressed on the way. Look at what the caller passed, call['data']."
    )
    assert "POST http://example.com/" in call.describe()


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_large_bodies():
    """Of a large body the beginning is kept, unless the registry keeps bodies whole."""
    for keep in (False, True):
        mine = AioHTTPretty(keep_bodies=keep)
        mine.register_uri("POST", URI, fault=faults.refused())
        with mine.activate():
            async with aiohttp.ClientSession() as session:
                await outcome(session.post(URI, data=bytes(2**21)))
        assert mine.calls[0].body_size == 2**21
        if keep:
            assert mine.calls[0].body == bytes(2**21)
        else:
            with pytest.raises(BodyNotKeptError, match="was 2097152 bytes long"):
                _ = mine.calls[0].body


async def test_who_waits_for_the_call():
    """`wait_for_call` hears of the attempt when it begins."""
    aiohttpretty.register_uri("GET", URI, fault=faults.connect_timeout())
    async with aiohttp.ClientSession() as session:
        waiting = asyncio.create_task(aiohttpretty.wait_for_call("GET", URI, timeout=20))
        await settle()
        asking = asyncio.create_task(ask(session))
        call = await waiting
        assert (call.status, call.error) == (None, None)
        asking.cancel()
        await settle()
