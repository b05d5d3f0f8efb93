"""Faults over TCP: what they are to aiohttp's client there is what they are on the wire."""

import aiohttp
import pytest

from aiohttpretty import AioHTTPretty, faults

URL = "http://api.example.com/x"
FAULTS = {
    "disconnect": faults.disconnect(),
    "reset": faults.reset(),
    "disconnect later": faults.disconnect(after=3),
    "reset later": faults.reset(after=3),
    "truncate": faults.truncate(after=3),
    "bad chunk": faults.bad_chunk(after=2),
    "corrupt": faults.corrupt(),
    "drip": faults.drip(chunk=2, every=0.001),
    "malformed": faults.malformed(b"zzz\r\n\r\n"),
    "status line": faults.status_line("HTTP/1.1 999 Odd"),
    "oversized header": faults.oversized_header(),
    "too many headers": faults.too_many_headers(),
    "raw": faults.raw(b"HT", 0.001, b"TP/1.1 200 OK\r\nContent-Len", 0.001, b"gth: 2\r\n\r\nhi"),
    "raw, and a FIN": faults.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", faults.disconnect()),
    "cut": faults.cut({"body": b"hello world"}, at="in the middle of the body, behind 5 of its 11 bytes"),
    "during upload": faults.during_upload(after=2),
    "stall": faults.stall(),
    "stall later": faults.stall(after=3),
}


async def came(*, total=60, **how):
    """What a client makes of it: status and reason, body, error."""
    timeout = aiohttp.ClientTimeout(total=total, sock_read=0.3)
    seen = []
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.post(URL, data=b"x" * 100, **how) as response:
                seen += [response.status, response.reason]
                seen.append(await response.read())
        except Exception as error:
            seen += [type(error), str(error)]
    return seen


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_the_same_over_tcp(pretty, complaints, name):
    """What goes wrong below HTTP goes wrong on the socket: the same exception, the same part of the body."""
    pretty.register_uri("POST", URL, body=b"hello world", fault=FAULTS[name])
    total = 0.5 if name == "bad chunk" else 60  # aiohttp's C parser never ends it, on a real socket either
    with pretty.activate():
        expected = await came(total=total)
    async with pretty.serve() as server:
        assert await came(total=total, proxy=server.proxy_url) == expected
    assert pretty.handler_errors == []
    assert pretty.calls[-1].error is None  # what a client far away makes of it, nobody knows


@pytest.mark.parametrize("fault", [faults.refused(), faults.dns_failure()])
async def test_where_there_should_be_no_connection_it_ends_without_an_answer(pretty, complaints, fault):
    """It is there by the time that it is known which route answers."""
    pretty.register_uri("POST", URL, fault=fault)
    async with pretty.serve() as server:
        assert await came(proxy=server.proxy_url) == [aiohttp.ServerDisconnectedError, "Server disconnected"]
    assert pretty.handler_errors == []


async def test_time_is_real_over_tcp(complaints):
    """A client's timeouts are not known there, so that nothing can be told of which comes first."""
    pretty = AioHTTPretty(time="instant")
    pretty.register_uri("POST", URL, body=b"late", delay=0.01)
    async with pretty.serve() as server:
        assert await came(proxy=server.proxy_url) == [200, "", b"late"]
