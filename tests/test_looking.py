"""What happened can be looked at, and the record keeps nothing alive."""

import gc
import weakref
import zlib

import aiohttp
import pytest
from yarl import URL

import aiohttpretty

URI = "http://example.com/"
fake_request = aiohttpretty.fake_request


async def test_a_call_reads_as_what_the_caller_passed():
    """A call is a mapping of method, uri with its params joined in, and every keyword as it was given."""
    aiohttpretty.register_uri("POST", URI, params={"a": 1, "b": 2})
    headers = {"X": "1"}
    await fake_request("post", "http://example.com?b=2", params={"a": "1"}, headers=headers, data=b"x", timeout=None)
    [call] = aiohttpretty.calls
    assert dict(call) == {"method": "POST", "uri": URI + "?a=1&b=2", "headers": headers, "data": b"x", "timeout": None}
    assert call["headers"] is headers
    assert len(call) == 5
    assert "params" not in call
    with pytest.raises(KeyError):
        call["params"]
    assert repr(call) == "<Call POST http://example.com/?b=2&a=1 -> 200>"


async def test_a_call_has_what_went_over_the_wire():
    """The attributes are what a server would have seen, session defaults included, and what was answered."""
    route = aiohttpretty.register_uri("PUT", URI, status=201)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(headers={"X-Session": "é"}, cookies={"c": "1"}) as session:
            await session.put(URI, json={"a": 1}, headers=[("X", "1"), ("X", "2")])
    [call] = aiohttpretty.calls
    assert (call.method, call.url, call.status, call.route) == ("PUT", URL(URI), 201, route)
    assert call.request_headers.getall("x") == ["1", "2"]
    assert call.request_headers["x-session"] == "é"
    assert call.request_headers["cookie"] == "c=1"
    assert (call.body, call.text(), call.json()) == (b'{"a": 1}', '{"a": 1}', {"a": 1})


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_compressed_bodies(encoding):
    """The body is kept as it went over the wire; its text is decompressed."""
    aiohttpretty.register_uri("POST", URI)
    await fake_request("POST", URI, data="text" * 100, compress=encoding)
    [call] = aiohttpretty.calls
    assert zlib.decompress(call.body, 47) == b"text" * 100
    assert call.text() == "text" * 100


async def test_a_redirect_is_a_call_of_its_own():
    """Each hop is recorded, in order, with its own method and address."""
    aiohttpretty.register_uri("POST", URI, status=303, headers={"Location": "/there"})
    aiohttpretty.register_uri("GET", URI + "there")
    await fake_request("POST", URI, data=b"x")
    assert [(call["method"], str(call["uri"])) for call in aiohttpretty.calls] == [
        ("POST", URI),
        ("GET", URI + "there"),
    ]


async def test_base_url_is_joined():
    """The uri of a call is the full address, also where the caller wrote a part of it."""
    aiohttpretty.register_uri("GET", "http://example.com/v1/users", params={"page": 2})
    with aiohttpretty.activate():
        async with aiohttp.ClientSession("http://example.com/") as session:
            await session.get("/v1/users", params={"page": 2})
    assert aiohttpretty.calls[0]["uri"] == "http://example.com/v1/users?page=2"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"uri": URI + "?a=1&b=2"}, True),
        ({"uri": URI + "?b=2&a=1"}, True),
        ({"uri": "http://EXAMPLE.com:80?b=2", "params": {"a": 1}}, True),
        ({"uri": URL(URI), "params": [("a", "1"), ("b", "2")]}, True),
        ({"uri": URI}, False),
        ({"uri": URI + "?a=1"}, False),
        ({"uri": URI, "check_params": False}, True),
        ({"uri": URI + "?a=1", "check_params": False}, False),
        ({"uri": URI + "?a=1&b=2", "method": "GET"}, True),
        ({"uri": URI + "?a=1&b=2", "method": "get"}, True),
        ({"uri": URI + "?a=1&b=2", "method": "POST"}, False),
        ({"uri": URI + "?a=1&b=2", "headers": {"X": "1"}}, True),
        ({"uri": URI + "?a=1&b=2", "headers": {"X": "2"}}, False),
        ({"uri": URI + "?a=1&b=2", "headers": None}, False),
        ({"uri": URI + "?a=1&b=2", "data": b"x", "headers": {"X": "1"}}, True),
        ({"uri": URI + "?a=1&b=2", "data": b"y", "headers": {"X": "1"}}, False),
        ({"uri": URI + "?a=1&b=2", "json": None}, True),
        ({"uri": URI + "?a=1&b=2", "json": {}}, False),
    ],
)
async def test_has_call(wanted, found):
    """A call is found by its address and every given keyword, each equal to what the caller passed."""
    aiohttpretty.register_uri("GET", URI, params={"a": 1, "b": 2})
    await fake_request("GET", URI, params={"a": 1, "b": 2}, headers={"X": "1"}, data=b"x")
    assert aiohttpretty.has_call(**wanted) is found


async def test_has_call_needs_one_call_with_everything():
    """Two calls that each have half of what is asked for are not one that has it all."""
    aiohttpretty.register_uri("GET", URI)
    await fake_request("GET", URI, headers={"X": "1"}, data=b"1")
    await fake_request("GET", URI, headers={"X": "2"}, data=b"2")
    assert aiohttpretty.has_call(URI, headers={"X": "2"}, data=b"2")
    assert not aiohttpretty.has_call(URI, headers={"X": "1"}, data=b"2")


async def test_unmatched_requests_are_not_calls():
    """A request that found no route is in unmatched, with what was said of it, and not in calls."""
    with pytest.raises(aiohttpretty.NoMatchError) as caught:
        await fake_request("GET", URI)
    assert aiohttpretty.calls == []
    [record] = aiohttpretty.unmatched
    assert (record.method, record.url, record.report) == ("GET", URL(URI), str(caught.value))
    assert repr(record) == "<Unmatched GET http://example.com/>"


async def test_clear():
    """clear() purges routes, calls and unmatched requests, and the lists stay the same objects."""
    calls, unmatched, registry = aiohttpretty.calls, aiohttpretty.unmatched, aiohttpretty.registry
    aiohttpretty.register_uri("GET", URI)
    await fake_request("GET", URI)
    with pytest.raises(aiohttpretty.NoMatchError):
        await fake_request("GET", URI + "x")
    assert (len(calls), len(unmatched), len(registry)) == (1, 1, 1)
    aiohttpretty.clear()
    assert (len(calls), len(unmatched), len(registry)) == (0, 0, 0)
    assert aiohttpretty.calls is calls
    assert aiohttpretty.unmatched is unmatched


async def test_records_keep_nothing_alive():
    """Neither a call nor an unmatched request keeps the session, the request, the response or the error alive."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    watched = []

    class Request(aiohttp.ClientRequest):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            watched.append(weakref.ref(self))

    async def use():
        async with aiohttp.ClientSession(request_class=Request) as session:
            response = await session.get(URI)
            await response.read()
            try:
                await session.get(URI + "x")
            except aiohttpretty.NoMatchError as error:
                watched.append(weakref.ref(error))
            watched.extend([weakref.ref(response), weakref.ref(session), weakref.ref(session.connector)])

    with aiohttpretty.activate():
        await use()
    gc.collect()
    assert len(watched) == 6
    assert [reference() for reference in watched] == [None] * 6
    assert (len(aiohttpretty.calls), len(aiohttpretty.unmatched)) == (1, 1)


async def test_a_registry_of_ones_own():
    """An instance has the same methods and shares nothing with the global one."""
    own = aiohttpretty.AioHTTPretty()
    own.register_uri("GET", URI, body=b"own")
    assert await (await own.fake_request("GET", URI)).read() == b"own"
    assert (len(own.calls), aiohttpretty.calls) == (1, [])
    assert repr(own) == "<AioHTTPretty, not active: 1 routes, 1 calls>"
    with own.activate():
        assert repr(own) == "<AioHTTPretty, active: 1 routes, 1 calls>"
