"""TLS that is real: certificates for any host, clients that trust them, and those that they refuse."""

import asyncio
import ssl
import sys
import urllib.request
from contextlib import asynccontextmanager, nullcontext

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from settling import PATIENCE, raised, text
from yarl import URL

import aiohttpretty
from aiohttpretty import Authority, CaseControlledTestServer, OptionTypeError, OptionValueError, Redirector
from aiohttpretty.errors import MissingPackageError


@asynccontextmanager
async def serving_tls(context):
    """A server of aiohttp's own that says hello."""

    async def hello(request):
        return web.Response(text=str(request.url))

    server = RawTestServer(hello)
    await server.start_server(ssl=context)
    async with server:
        yield server


async def serve(server, number=1):
    """Answer so many requests."""
    for _ in range(number):
        request = await server.receive_request(PATIENCE)
        server.send_response(request, text=str(request.url))


async def test_a_server_with_tls(aiohttp_redirector, aiohttp_tls):
    """The code asks for https, meets a certificate that it trusts, and reaches the test's server."""
    context = aiohttp_tls.server_context("api.kraken.com")
    async with CaseControlledTestServer(ssl=context) as server:
        assert server.make_url("/").scheme == "https"
        aiohttp_redirector.add_server("api.kraken.com", 443, server.port)
        task = asyncio.create_task(text(aiohttp_redirector.session.get("https://api.kraken.com/x")))
        request = await server.receive_request(PATIENCE)
        assert (request.secure, str(request.url)) == (True, "https://api.kraken.com/x")
        server.send_response(request, text="with TLS")
        assert await task == (200, "with TLS")


@pytest.mark.parametrize("active", [False, True])
@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("self_signed", "self-signed certificate" if ssl.OPENSSL_VERSION_INFO >= (3,) else "self signed certificate"),
        ("untrusted", "unable to get local issuer certificate"),
        ("wrong_host", "Hostname mismatch, certificate is not valid for 'api.kraken.com'."),
    ],
)
async def test_certificates_that_are_refused(aiohttp_redirector, aiohttp_tls, reason, said, active):
    """Each is refused by the client, with aiohttp's certificate error and OpenSSL's reason, mocked beside or not."""
    registry = aiohttpretty.AioHTTPretty()
    async with serving_tls(aiohttp_tls.server_context("api.kraken.com", reason=reason)) as server:
        aiohttp_redirector.add_server("api.kraken.com", 443, server.port)
        with registry.activate() if active else nullcontext():
            error = await raised(aiohttp_redirector.session.get("https://api.kraken.com/"))
    assert type(error) is aiohttp.ClientConnectorCertificateError
    assert isinstance(error.certificate_error, ssl.SSLCertVerificationError)
    assert error.certificate_error.verify_message.startswith(said)
    assert registry.unmatched == []


@pytest.mark.parametrize(
    ("hosts", "url", "good"),
    [
        (("*.kraken.com",), "https://api.kraken.com/", True),
        (("*.kraken.com",), "https://kraken.com/", False),
        (("a.example", "b.example"), "https://b.example/", True),
        (("10.1.2.3",), "https://10.1.2.3/", True),
        (("10.1.2.3",), "https://10.1.2.4/", False),
        (("2001:db8::1",), "https://[2001:db8::1]/", True),
        (("bücher.example",), "https://bücher.example/", True),
        ((), "https://whatever.example/", True),
        ((), "https://localhost/", True),
        ((), "https://127.0.0.1/", True),
        ((), "https://[::1]/", True),
        ((), "https://10.1.2.3/", False),
        ((), "https://my_service/", True),
        ((), "https://my_service.internal/", True),
        ((), "https://de--mo-/", True),
        (("my_service", "10.1.2.3"), "https://my_service/", True),
        (("my_service", "10.1.2.3"), "https://10.1.2.3/", True),
        (("my_service",), "https://other_service/", False),
    ],
)
async def test_for_any_host(aiohttp_redirector, aiohttp_tls, hosts, url, good):
    """A certificate is for the hosts that are named; without, for whichever is asked for by its name."""
    async with serving_tls(aiohttp_tls.server_context(*hosts)) as server:
        aiohttp_redirector.add_server(URL(url).host, 443, server.port)
        if good:
            assert (await text(aiohttp_redirector.session.get(url)))[0] == 200
        else:
            assert type(await raised(aiohttp_redirector.session.get(url))) is aiohttp.ClientConnectorCertificateError


@pytest.mark.parametrize("reason", ["expired", "not_yet_valid", "self_signed", "untrusted", "wrong_host"])
@pytest.mark.parametrize("hosts", [(), ("my_service",)])
async def test_a_name_of_a_container_is_refused_for_the_same_reasons(aiohttp_redirector, aiohttp_tls, hosts, reason):
    """A name with an underscore has certificates of every kind, each refused for its own reason."""
    said = {
        "expired": "certificate has expired",
        "not_yet_valid": "certificate is not yet valid",
        "self_signed": "self-signed certificate" if ssl.OPENSSL_VERSION_INFO >= (3,) else "self signed certificate",
        "untrusted": "unable to get local issuer certificate",
        "wrong_host": "Hostname mismatch, certificate is not valid for 'my_service'.",
    }
    async with serving_tls(aiohttp_tls.server_context(*hosts, reason=reason)) as server:
        aiohttp_redirector.add_server("my_service", 443, server.port)
        error = await raised(aiohttp_redirector.session.get("https://my_service/"))
    assert type(error) is aiohttp.ClientConnectorCertificateError
    assert error.certificate_error.verify_message.startswith(said[reason])


async def test_a_name_of_a_container_for_a_strict_client(aiohttp_tls):
    """Its certificate holds all that any of the authority's hold, also for a client that is strict about it."""
    context = aiohttp_tls.client_context()
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    async with serving_tls(aiohttp_tls.server_context()) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="my_service")
        assert writer.get_extra_info("peercert")["subjectAltName"] == (("DNS", "my_service"),)
        writer.close()


@pytest.mark.filterwarnings("error")
async def test_what_is_no_name_is_asked_for(aiohttp_tls):
    """A client that asks for what no certificate can be for is told so, and nothing fails in the server's callback."""
    context = aiohttp_tls.client_context()
    async with serving_tls(aiohttp_tls.server_context()) as server:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="no name")
    assert caught.value.verify_message == "Hostname mismatch, certificate is not valid for 'no name'."


async def test_many_hosts_on_one_server(aiohttp_redirector, aiohttp_tls):
    """One server may be any number of hosts, each with its own certificate."""
    async with CaseControlledTestServer(ssl=aiohttp_tls.server_context()) as server:
        serving = asyncio.create_task(serve(server, 4))
        for host in ("a.example", "b.example", "c.example", "a.example"):
            aiohttp_redirector.add_server(host, 443, server.port)
            session = aiohttp_redirector.session
            assert await text(session.get(f"https://{host}/")) == (200, f"https://{host}/")
        await serving


async def test_nobody_else_is_trusted():
    """A client trusts the authority that it was given, and no other."""
    ours, other = Authority(), Authority()
    async with CaseControlledTestServer(ssl=ours.server_context()) as server:
        serving = asyncio.create_task(serve(server, 2))
        async with aiohttp.ClientSession() as session:
            url = server.make_url("/")
            assert (await text(session.get(url, ssl=ours.client_context())))[0] == 200
            for context in (other.client_context(), True):
                assert type(await raised(session.get(url, ssl=context))) is aiohttp.ClientConnectorCertificateError
        async with aiohttp.ClientSession() as session:
            assert (await text(session.get(url, ssl=ours.client_context())))[0] == 200
        await serving


async def test_trusted_from_the_first_certificate_on():
    """A session that was there before the authority had to do anything trusts it all the same."""
    authority = Authority()
    redirector = Redirector(authority)
    context = authority.trusting_context()
    session = redirector.session
    assert context.get_ca_certs() == []
    async with CaseControlledTestServer(ssl=authority.server_context()) as server:
        redirector.add_server("api.kraken.com", 443, server.port)
        serving = asyncio.create_task(serve(server))
        assert (await text(session.get("https://api.kraken.com/")))[0] == 200
        await serving
    assert len(context.get_ca_certs()) == len(authority.client_context().get_ca_certs()) == 1


async def test_for_other_clients(tmp_path):
    """The authority's certificate is there as PEM, for clients that take a file."""
    authority = Authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    context = ssl.create_default_context(cafile=tmp_path / "authority.pem")

    def ask(url):
        with urllib.request.urlopen(url, context=context) as response:
            return response.read()

    async with CaseControlledTestServer(ssl=authority.server_context()) as server:
        serving = asyncio.create_task(serve(server))
        url = f"https://localhost:{server.port}/"
        assert await asyncio.to_thread(ask, url) == url.encode()
        await serving


@pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError, ConnectionResetError])
async def test_a_connection_that_ends(aiohttp_redirector, aiohttp_tls, error):
    """With TLS, too, a connection is closed or reset."""
    async with CaseControlledTestServer(ssl=aiohttp_tls.server_context()) as server:
        aiohttp_redirector.add_server("api.kraken.com", 443, server.port)
        task = asyncio.create_task(raised(aiohttp_redirector.session.post("https://api.kraken.com/")))
        server.send_error(await server.receive_request(PATIENCE), error)
        expected = {ConnectionResetError: aiohttp.ClientOSError}.get(error, error)
        assert type(await task) is expected


async def test_answered_at_the_very_end(aiohttp_redirector, aiohttp_tls):
    """With TLS, too, what was answered reaches its client."""
    async with CaseControlledTestServer(ssl=aiohttp_tls.server_context()) as server:
        aiohttp_redirector.add_server("api.kraken.com", 443, server.port)
        task = asyncio.create_task(text(aiohttp_redirector.session.get("https://api.kraken.com/")))
        server.send_response(await server.receive_request(PATIENCE), text="x" * 3_000_000)
    assert await task == (200, "x" * 3_000_000)


@pytest.mark.parametrize(
    ("hosts", "reason", "kind", "sentence"),
    [
        (
            ("api.kraken.com",),
            "outdated",
            OptionValueError,
            "server_context(reason='outdated'): that reason is not known. Give one of 'expired', 'not_yet_valid', "
            "'self_signed', 'untrusted', 'wrong_host'.",
        ),
        (
            (443,),
            None,
            OptionTypeError,
            "server_context(443): no certificate can be made for that. Give names of hosts, or IP addresses. trustme "
            "says: identities must be str",
        ),
        (
            ("api.kraken.com", "https://a.example"),
            None,
            OptionValueError,
            "server_context('api.kraken.com', 'https://a.example'): no certificate can be made for that. Give names of "
            "hosts, or IP addresses. trustme says: ",
        ),
        (
            ("*.my_zone.example",),
            None,
            OptionValueError,
            "server_context('*.my_zone.example'): no certificate can be made for that. Give names of hosts, or IP "
            "addresses. trustme says: ",
        ),
        (
            ("my_service", "my service"),
            "self_signed",
            OptionValueError,
            "server_context('my_service', 'my service'): no certificate can be made for that. Give names of hosts, or "
            "IP addresses. trustme says: ",
        ),
    ],
)
def test_what_can_not_be_certified(aiohttp_tls, hosts, reason, kind, sentence):
    """What can't be a certificate's is refused on the line that asks for it."""
    with pytest.raises(kind) as caught:
        aiohttp_tls.server_context(*hosts, reason=reason)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "use", [lambda one: one.server_context(), lambda one: one.client_context(), lambda one: one.pem]
)
def test_without_trustme(monkeypatch, use):
    """A package that is missed is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(MissingPackageError) as caught:
        use(Authority())
    assert str(caught.value) == (
        "Certificates are made with the package trustme, which is not installed. Install it: pip install "
        "'aiohttpretty[tls]'."
    )
