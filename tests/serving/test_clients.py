"""Other clients and other processes: httpx, requests, urllib, curl, and aiohttp in this one."""

import asyncio
import shutil
import sys

import aiohttp
import httpx
import pytest
import requests
from aiohttp import web

import aiohttpretty
from aiohttpretty import VerificationError, match

API = "https://api.example.com"


@pytest.fixture
async def server(pretty, complaints):
    async def echo(request):
        return web.json_response({"body": await request.text()}, status=201)

    async def pieces():
        for number in range(5):
            yield b"%d" % number

    pretty.register_json_uri("GET", f"{API}/items", body=[1, 2], headers={"X-Total": "2"}, params={"page": "1"})
    pretty.register_uri("POST", f"{API}/items", handler=echo, match=match.json({"name": "ü"}))
    pretty.register_uri("GET", f"{API}/stream", body=pieces)
    pretty.register_uri("GET", f"{API}/moved", location="/items?page=1")
    pretty.register_uri("GET", f"{API}/flaky", responses=[{"status": 503}, {"body": b"now"}])
    async with pretty.serve() as server:
        yield server


async def output(*command, env=None):
    """What another process prints."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode()


async def test_httpx(server, pretty):
    """Canned, matched, handled, streamed, redirected, in a row; over one connection."""
    async with httpx.AsyncClient(base_url=server.url_for(API), trust_env=False, follow_redirects=True) as client:
        answer = await client.get("/items", params={"page": "1"})
        assert (answer.status_code, answer.json(), answer.headers["x-total"]) == (200, [1, 2], "2")
        answer = await client.post("/items", json={"name": "ü"})
        assert (answer.status_code, answer.json()) == (201, {"body": '{"name":"ü"}'})
        async with client.stream("GET", "/stream") as answer:
            assert [piece async for piece in answer.aiter_raw()] != []
        assert (await client.get("/moved")).json() == [1, 2]
        assert [(await client.get("/flaky")).status_code for _ in range(2)] == [503, 200]
    pretty.assert_called("POST", f"{API}/items", match=match.json({"name": "ü"}), times=1)
    pretty.assert_not_called("DELETE", f"{API}/items")
    assert [call.status for call in pretty.calls] == [200, 201, 200, 302, 200, 503, 200]


async def test_requests(server, pretty):
    """In a thread; the test waits for the call in its own."""

    def ask():
        with requests.Session() as session:
            session.trust_env = False
            got = session.get(server.url_for(f"{API}/items"), params={"page": 1})
            sent = session.post(server.url_for(f"{API}/items"), json={"name": "ü"})
            streamed = session.get(server.url_for(f"{API}/stream"), stream=True)
            return got.json(), got.reason, sent.status_code, b"".join(streamed.iter_content(2))

    asking = asyncio.create_task(asyncio.to_thread(ask))
    call = await pretty.wait_for_call("POST", f"{API}/items", timeout=60)
    assert call.request_headers["User-Agent"].startswith("python-requests/")
    assert await asking == ([1, 2], "", 201, b"01234")


async def test_requests_takes_the_server_for_its_proxy(server, pretty):
    """Then nothing but a setting of the client's environment is another."""
    pretty.register_uri("GET", "http://plain.example.com/x", body=b"there")
    answer = await asyncio.to_thread(requests.get, "http://plain.example.com/x", proxies={"http": server.proxy_url})
    assert answer.content == b"there"


async def test_another_process(server, pretty):
    """One that knows nothing of all this, and is told an address."""
    program = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode())"
    assert await output(sys.executable, "-c", program, server.url_for(f"{API}/items?page=1")) == "[1, 2]\n"
    pretty.assert_called("GET", f"{API}/items", params={"page": 1})


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
async def test_curl(server, pretty):
    """By `url_for`, by the Host header, and as a proxy; with a redirect that it follows."""
    own = f"{server.url}/items?page=1"
    assert await output("curl", "-s", server.url_for(f"{API}/items?page=1")) == "[1, 2]"
    assert await output("curl", "-s", "-H", "Host: api.example.com", own) == "[1, 2]"
    assert await output("curl", "-sL", server.url_for(f"{API}/moved")) == "[1, 2]"
    pretty.register_uri("GET", "http://plain.example.com/x", body=b"there")
    assert await output("curl", "-s", "-x", server.proxy_url, "http://plain.example.com/x") == "there"
    assert await output("curl", "-s0", server.url_for(f"{API}/stream")) == "01234"
    sent = ("-d", '{"name": "ü"}', "-H", "Expect: 100-continue")
    assert await output("curl", "-s", *sent, server.url_for(f"{API}/items")) == (
        '{"body": "{\\"name\\": \\"\\u00fc\\"}"}'
    )
    head = await output("curl", "-sI", server.url_for(f"{API}/items?page=1"))
    assert head.startswith("HTTP/1.1 501 ")  # GET is registered, HEAD is not
    pretty.unmatched.clear()


async def test_has_call_goes_by_what_came(server, pretty):
    """Nobody in this process passed any keyword; headers are found among those that came, bodies are read."""
    pretty.register_uri("POST", f"{API}/form")
    async with httpx.AsyncClient(base_url=server.url_for(API), trust_env=False) as client:
        await client.post("/items", json={"name": "ü"}, headers={"X-A": "1"})
        await client.post("/form", data={"a": "1 2", "b": "3"})
    assert pretty.has_call(f"{API}/items", method="POST", json={"name": "ü"}, headers={"x-a": "1"})
    assert pretty.has_call(f"{API}/items", data='{"name":"ü"}')
    assert pretty.has_call(f"{API}/form", data={"a": "1 2", "b": "3"})
    assert pretty.has_call(f"{API}/form", data=b"a=1+2&b=3", json=None)
    assert not pretty.has_call(f"{API}/form", data={"a": "1 2"})
    assert not pretty.has_call(f"{API}/items", headers={"X-A": "2"})
    assert not pretty.has_call(f"{API}/items", json={"name": "u"})
    assert dict(pretty.calls[0])["json"] == {"name": "ü"}
    assert pretty.calls[0].asked_at is None


async def test_a_call_reads_as_what_came(server, pretty):
    """As a mapping, a call that came over a socket has what aiohttp's client would have been given, if that came."""
    async with httpx.AsyncClient(base_url=server.url_for(API), trust_env=False) as client:
        await client.post("/items", json={"name": "ü"}, headers=[("X-A", "1"), ("X-A", "2"), ("X-B", "3")])
        await client.get("/items?page=1")
    posted, asked = pretty.calls
    assert (set(posted), len(posted)) == ({"method", "uri", "headers", "data", "json"}, 5)
    assert (set(asked), len(asked)) == ({"method", "uri", "headers"}, 3)
    headers = posted["headers"]
    assert (headers["x-a"], headers["X-B"]) == ("1, 2", "3")
    assert len(headers) == len(list(headers)) == len(dict(headers))
    assert repr(headers) == repr(dict(headers))
    assert headers != [("X-B", "3")]
    for name in ("json", "data", "cookies"):
        with pytest.raises(KeyError):
            asked[name]


async def test_aiohttp_in_this_process_reaches_it_while_the_registry_is_active(server, pretty):
    """As it reaches servers of aiohttp's own test tools; what it asks for is recorded where it was answered."""
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(server.url_for(f"{API}/items?page=1")) as answer:
            assert await answer.json() == [1, 2]
    assert [str(call.url) for call in pretty.calls] == [f"{API}/items?page=1"]


async def test_the_global_registry_is_served_while_it_is_active():
    """The common case: one registry, for aiohttp in this process and for other clients."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", f"{API}/x", body=b"hello")
        async with aiohttpretty.serve() as server, aiohttp.ClientSession() as session:
            async with session.get(f"{API}/x") as mocked, session.get(server.url_for(f"{API}/x")) as served:
                assert (await mocked.read(), await served.read()) == (b"hello", b"hello")
            async with httpx.AsyncClient(trust_env=False) as client:
                assert (await client.get(server.url_for(f"{API}/x"))).content == b"hello"
        aiohttpretty.assert_called("GET", f"{API}/x", times=3)


async def test_verification_tells_of_calls_that_came_over_tcp(server, pretty):
    """The report of a failing assertion has them."""
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(server.url_for(f"{API}/items?page=1"))
    with pytest.raises(VerificationError, match=r"GET https://api\.example\.com/items\?page=1"):
        pretty.assert_called("GET", f"{API}/items", params={"page": 2})


async def test_verification_tells_of_requests_that_nobody_answered(server, pretty):
    """One that came over a socket has no line that asked for it; where it went is all that there is to say."""
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(server.url_for(f"{API}/item"))).status_code == 501
    with pytest.raises(VerificationError) as caught:
        pretty.assert_called("GET", f"{API}/items")
    assert f"\n1. GET {API}/item -> not answered\n" in str(caught.value)
    pretty.unmatched.clear()
