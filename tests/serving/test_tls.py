"""TLS: the server speaks it, and inside the tunnels of a proxy, too."""

import asyncio
import shutil
import ssl
import sys
from contextlib import suppress

import httpx
import pytest
import trustme
from aiohttp import web
from settling import settle

from .conftest import PATIENCE, port, said
from .test_clients import output

API = "https://api.example.com"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def tls(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1", "api.example.com").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def server(pretty, tls, complaints):
    async def look(request):
        return web.json_response({"scheme": request.scheme, "host": request.host, "body": await request.text()})

    pretty.register_uri("GET", f"{API}/x", body=b"hello")
    pretty.register_uri("POST", f"{API}/look", handler=look)
    pretty.register_uri("GET", "http://plain.example.com/x", body=b"plain")
    async with pretty.serve(tls=tls) as server:
        yield server


async def test_a_client_that_trusts_it(server, trusting):
    """Its addresses are https."""
    assert server.url.startswith("https://127.0.0.1:")
    assert server.proxy_url.startswith("http://127.0.0.1:")
    async with httpx.AsyncClient(verify=trusting, trust_env=False) as client:
        assert (await client.get(server.url_for(f"{API}/x"))).content == b"hello"
        seen = (await client.post(server.url_for(f"{API}/look"), content=b"z" * 100_000)).json()
        assert seen == {"scheme": "https", "host": "api.example.com", "body": "z" * 100_000}
        assert (await client.get(server.url_for("http://plain.example.com/x"))).content == b"plain"


async def test_a_client_that_does_not_trust_it(server):
    """It is refused by the client, and the server goes on."""
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(server.url_for(f"{API}/x"))


async def test_an_https_address_through_the_proxy(server, pretty, trusting):
    """The client asks for a tunnel, speaks TLS in it, and needs no other address than the real one."""
    async with httpx.AsyncClient(proxy=server.proxy_url, verify=trusting) as client:
        for _ in range(2):
            assert (await client.get(f"{API}/x")).content == b"hello"
        seen = (await client.post(f"{API}/look", content=b"z" * 100_000)).json()
        assert (seen["scheme"], seen["host"]) == ("https", "api.example.com")
        assert (await client.get("http://plain.example.com/x")).content == b"plain"
    assert [str(call.url) for call in pretty.calls] == [f"{API}/x"] * 2 + [f"{API}/look", "http://plain.example.com/x"]


async def test_a_tunnel_that_is_not_trusted(server, trusting):
    """The client breaks it off; nothing is left of it."""
    async with httpx.AsyncClient(proxy=server.proxy_url, verify=ssl.create_default_context()) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(f"{API}/x")


async def test_another_process_with_nothing_but_its_environment(server, authority, tmp_path):
    """Code that knows no other address than the real one, in a process that nobody can patch."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    env = {"HTTPS_PROXY": server.proxy_url, "SSL_CERT_FILE": str(path), "PATH": ""}
    program = "import urllib.request as u; print(u.urlopen('https://api.example.com/x').read().decode())"
    assert await output(sys.executable, "-c", program, env=env) == "hello\n"
    if curl := shutil.which("curl"):
        ask = (curl, "-s", "--cacert", str(path), "-x", server.proxy_url)
        assert await output(*ask, f"{API}/x") == "hello"
        assert await output(*ask, "-p", "http://plain.example.com/x") == "plain"
        host, port = "api.example.com", server.url.rpartition(":")[2]
        assert (
            await output(curl, "-s", "--cacert", str(path), "--connect-to", f"{host}:443:127.0.0.1:{port}", f"{API}/x")
            == "hello"
        )


async def test_a_tunnel_needs_a_certificate(pretty, complaints):
    """Without one, the refusal says what to do."""
    async with pretty.serve() as server:
        answer = (
            await said(server, b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        ).decode()
    assert answer.startswith("HTTP/1.1 501 Not Implemented\r\n")
    assert answer.partition("\r\n\r\n")[2] == (
        "The client asked for a tunnel to api.example.com:443, in which it would speak TLS, and this server has no "
        "certificate. Give it one that the client trusts, aiohttpretty.serve(tls=context), and the client "
        "server.proxy_url as its proxy; or send the request to server.url_for('https://...').\n"
    )


async def test_tunnels_that_are_open_end_with_the_block(pretty, tls, complaints):
    """Those in which nobody has spoken yet, too."""
    before = asyncio.all_tasks()
    async with pretty.serve(tls=tls) as server:
        port = int(server.proxy_url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert await reader.read() == b""
    writer.close()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("greeting", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"])
async def test_a_client_that_does_not_shake_hands_does_not_hold_up_the_end(pretty, tls, complaints, greeting):
    """It says nothing, or a part, or something else: its connection ends with the block, and no task is left."""
    before = asyncio.all_tasks()
    async with pretty.serve(tls=tls) as server, pretty.serve(tls=tls) as closed_first:
        ends = [await asyncio.open_connection("127.0.0.1", port(one)) for one in (server, closed_first)]
        for _, writer in ends:
            writer.write(greeting)
        await settle()
    for reader, writer in ends:
        with suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
    assert asyncio.all_tasks() == before


async def test_the_first_bytes_may_come_one_by_one(server, trusting):
    """A ClientHello in pieces, the first of them behind the request for the tunnel, is one all the same."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    spoken = trusting.wrap_bio(incoming, outgoing, server_hostname="api.example.com")
    at = int(server.proxy_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", at)

    async def step(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:  # noqa: PERF203
                writer.write(outgoing.read())
                incoming.write(await asyncio.wait_for(reader.read(65536), PATIENCE))

    with pytest.raises(ssl.SSLWantReadError):
        spoken.do_handshake()
    hello = outgoing.read()
    writer.write(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n" + hello[:1])
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    for byte in hello[1:]:
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    await step(spoken.do_handshake)
    spoken.write(b"GET /x HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
    writer.write(outgoing.read())
    answer = b""
    while not answer.endswith(b"hello"):
        answer += await step(lambda: spoken.read(65536))
    assert answer.startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_tls_in_a_tunnel_to_another_port_needs_a_certificate_as_well(pretty, complaints):
    """It is known by the first byte; whoever looks at what came finds the sentence."""
    async with pretty.serve() as server:
        connect = b"CONNECT api.example.com:8443 HTTP/1.1\r\nHost: api.example.com:8443\r\n\r\n"
        answer = (await said(server, connect + b"\x16\x03\x01")).decode()
    assert answer.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 501 Not Implemented\r\n")
    assert "asked for a tunnel to api.example.com:8443, in which it would speak TLS, and this server has no" in answer
