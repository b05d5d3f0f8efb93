"""What registering returns: the route as a handle."""

import asyncio
import inspect
import re
from unittest.mock import ANY

import aiohttp
import pytest
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, NoMatchError, OptionTypeError, OptionValueError, ResponsesExhausted, match

URI = "http://example.com/"


async def body(uri=URI, method="GET"):
    return await (await aiohttpretty.fake_request(method, uri)).read()


async def test_its_calls():
    """A route knows the calls that it answered, in order, and no other's; clear() forgets them."""
    one = aiohttpretty.register_uri("GET", "http://example.com/{x}")
    other = aiohttpretty.register_uri("GET", re.compile("http://example.org/"))
    assert (one.calls, one.call_count, one.called) == ([], 0, False)
    for uri in ("http://example.com/1", "http://example.org/2", "http://example.com/3"):
        await body(uri)
    assert [call["uri"] for call in one.calls] == ["http://example.com/1", "http://example.com/3"]
    assert (one.call_count, one.called) == (2, True)
    assert (other.call_count, other.calls[0].url) == (1, URL("http://example.org/2"))
    aiohttpretty.clear()
    assert (one.calls, one.call_count, one.called) == ([], 0, False)


async def test_a_refused_call_is_not_its():
    """A request that comes after the last reply is no call of the route."""
    route = aiohttpretty.register_uri("GET", URI, times=1)
    await body()
    with pytest.raises(ResponsesExhausted):
        await body()
    assert route.call_count == 1


@pytest.mark.parametrize("uri", [URI, "http://example.com/{x:.*}", re.compile(r"http://example\.com")])
@pytest.mark.parametrize("method", ["GET", "*"])
async def test_remove(uri, method):
    """A removed route answers nothing; what it has answered stays in the calls. Twice is once."""
    route = aiohttpretty.register_uri(method, uri, body=b"x")
    assert await body() == b"x"
    route.remove()
    route.remove()
    with pytest.raises(NoMatchError):
        await body()
    assert not aiohttpretty.registry
    assert route.call_count == 1
    aiohttpretty.register_uri(method, uri, body=b"y")
    route.remove()  # another one stands there now
    assert await body() == b"y"


async def test_removed_after_clear():
    """A handle that outlives clear() does no harm, and says that it has nothing to replace."""
    route = aiohttpretty.register_uri("GET", URI)
    aiohttpretty.clear()
    aiohttpretty.register_uri("GET", URI, body=b"new")
    route.remove()
    with pytest.raises(OptionValueError) as caught:
        route.replace(body=b"old")
    assert str(caught.value) == (
        f"{route!r} answers nothing any more: it was removed, cleared away, or a newer registration has taken its "
        "place. Register it again instead."
    )
    assert await body() == b"new"


async def test_what_was_behind_comes_forward():
    """With the route in front removed, the next one that fits answers."""
    aiohttpretty.register_uri("GET", "http://example.com/{x:.*}", body=b"behind")
    front = aiohttpretty.register_uri("GET", URI, body=b"front")
    assert await body() == b"front"
    front.remove()
    assert await body() == b"behind"


@pytest.mark.parametrize("then", ["removed", "replaced"])
async def test_while_a_request_waits(then):
    """What happens to a route while a request waits for a connection holds for that request, too."""
    go_on = asyncio.Event()

    async def held():
        yield b"first"
        await go_on.wait()

    aiohttpretty.register_uri("GET", "http://example.com/first", body=held)
    route = aiohttpretty.register_uri("GET", URI, body=b"old")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
            first = await session.get("http://example.com/first")
            waiting = asyncio.ensure_future(_get(session))
            for _ in range(5):
                await asyncio.sleep(0)
            assert not waiting.done()
            if then == "removed":
                route.remove()
            else:
                route.replace(body=b"new")
            go_on.set()
            await first.read()
            if then == "removed":
                with pytest.raises(NoMatchError):
                    await waiting
            else:
                assert await waiting == b"new"


async def _get(session):
    async with session.get(URI) as response:
        return await response.read()


async def test_replace():
    """The same requests get other answers, from the first on; the calls stay, and so does the place in the order."""
    aiohttpretty.register_uri("GET", "http://example.com/{x:a}", body=b"behind")
    route = aiohttpretty.register_uri("GET", "http://example.com/{x:a|b}", body=b"old", headers={"X": "1"}, times=1)
    newer = aiohttpretty.register_uri("GET", "http://example.com/{x:[bc]}", body=b"newer")
    assert [await body("http://example.com/a") for _ in range(2)] == [b"old", b"behind"]
    assert route.replace(body=b"new", status=201) is None
    response = await aiohttpretty.fake_request("GET", "http://example.com/a")
    assert (response.status, await response.read(), dict(response.headers)) == (201, b"new", {})
    assert await body("http://example.com/b") == b"newer"
    newer.remove()
    assert [await body("http://example.com/b") for _ in range(2)] == [b"new"] * 2
    assert route.call_count == 4
    assert aiohttpretty.registry["GET", "http://example.com/{x:a|b}"] == {"status": 201, "body": b"new"}
    route.replace(responses=[{"body": b"1"}, {"body": b"2"}])
    assert [await body("http://example.com/b") for _ in range(2)] == [b"1", b"2"]
    with pytest.raises(ResponsesExhausted):
        await body("http://example.com/b")


async def test_replace_keeps_how_a_body_is_taken():
    """What was registered as JSON takes JSON, and what was not, doesn't."""
    as_json = aiohttpretty.register_json_uri("GET", URI, body=[1])
    as_json.replace(body={"a": None})
    response = await aiohttpretty.fake_request("GET", URI)
    assert (await response.json(), response.content_type) == ({"a": None}, "application/json")
    plain = aiohttpretty.register_uri("GET", "http://example.com/plain")
    with pytest.raises(OptionTypeError, match="can't be sent"):
        plain.replace(body={"a": None})
    plain.replace(json={"a": None})
    assert await body("http://example.com/plain") == b'{"a": null}'


OPTIONS = (
    "The options are: status, reason, headers, body, json, sse, charset, cookies, content_encoding, location, "
    "auto_length, delay, error, fault, handler, expect_errors, time, responses, exhausted, times."
)
REFUSED = {
    **{
        word: (
            {word: None, "body": b"new"},
            OptionTypeError,
            f"{word}= says which requests are meant, and replace() is about what they are answered. Leave it out, or "
            "remove() the route and register another.",
        )
        for word in ("params", "check_params", "match")
    },
    "a slip": ({"stauts": 1}, OptionTypeError, f"replace has no option 'stauts'. Did you mean 'status'? {OPTIONS}"),
    "a bad value": (
        {"times": 0},
        OptionValueError,
        "times=0 would never answer. Give an int from 1 on, or leave it out for any number of requests.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_replace_refuses(case):
    """What can't be said, or is no answer at all, is refused as in registering, and all stays as it was."""
    options, kind, sentence = REFUSED[case]
    route = aiohttpretty.register_uri("GET", URI, body=b"old")
    with pytest.raises(kind) as caught:
        route.replace(**options)
    assert str(caught.value) == sentence
    assert await body() == b"old"


def condition(request):
    """For the repr."""
    return True


REPRS = [
    (("get", "http://EXAMPLE.com/"), {}, "register_uri('GET', 'http://example.com/')"),
    (("GET", URI), {"params": {"a": 1}, "status": 201}, "register_uri('GET', 'http://example.com/?a=1', status=201)"),
    (
        ("GET", URI),
        {"params": {"a": ANY}},
        "register_uri('GET', 'http://example.com/', params=[('a', <ANY>)])",
    ),
    (
        ("*", "http://h/{x}"),
        {"check_params": False, "times": 2},
        "register_uri('*', 'http://h/{x}', check_params=False, times=2)",
    ),
    (("GET", "http://h/{x}"), {"params": {"a": 1}}, "register_uri('GET', 'http://h/{x}?a=1')"),
    (
        ("GET", re.compile("http://h/", re.IGNORECASE)),
        {"responses": [{}, {"status": 500}], "exhausted": "cycle"},
        "register_uri('GET', re.compile('http://h/', re.IGNORECASE), responses=[{}, {'status': 500}], "
        "exhausted='cycle')",
    ),
    (
        ("GET", URI),
        {"match": [match.json({"a": 1}), match.header("X", "1")], "body": b""},
        "register_uri('GET', 'http://example.com/', match=[match.json({'a': 1}), match.header('X', '1')], body=b'')",
    ),
    (
        ("GET", URI),
        {"body": b"x" * 100},
        "register_uri('GET', 'http://example.com/', body=b'" + "x" * 38 + "..." + "x" * 14 + "')",
    ),
]


@pytest.mark.parametrize(("place", "options", "written"), REPRS)
def test_repr(place, options, written):
    """It reads like the registration, and says where that stands."""
    route = aiohttpretty.register_uri(*place, **options)
    line = inspect.currentframe().f_lineno - 1
    assert repr(route) == f"<Route {written} at tests/test_route.py:{line}>"


def test_repr_after_replace():
    """It shows what is answered now, where it was registered."""
    route = aiohttpretty.register_json_uri("GET", URI, body=[1])
    line = inspect.currentframe().f_lineno - 1
    route.replace(status=204)
    assert repr(route) == (
        f"<Route register_json_uri('GET', 'http://example.com/', status=204) at tests/test_route.py:{line}>"
    )


def test_what_it_shows():
    """The method, the address and the line are there to be read."""
    route = AioHTTPretty().register_uri("get", "http://h/{x}?a=1")
    line = inspect.currentframe().f_lineno - 1
    assert (route.method, route.url) == ("GET", URL("http://h/{x}?a=1"))
    assert str(route.origin) == f"tests/test_route.py:{line}"
    assert AioHTTPretty().register_uri("get", re.compile("x")).url is None


HAS_CALL = [
    ({"headers": ANY}, True),
    ({"json": {"a": ANY}}, True),
    ({"json": {"a": 2}}, False),
    ({"data": ANY}, False),
    ({"data": None}, True),
    ({"headers": None}, False),
    ({"params": {"q": ANY}}, True),
    ({"params": {"q": re.compile("x+")}}, True),
    ({"params": {"q": "y"}}, False),
    ({"params": {"r": ANY}}, False),
    ({"method": ANY}, True),
    ({"method": "put"}, False),
]


@pytest.mark.parametrize(("wanted", "found"), HAS_CALL)
async def test_has_call_with_any(wanted, found):
    """ANY stands for whatever was passed, in a keyword or in the params; not for what was not passed at all."""
    aiohttpretty.register_uri("POST", "http://example.com/a", check_params=False)
    await aiohttpretty.fake_request("POST", "http://example.com/a?q=xx", headers={"X": "1"}, json={"a": 1})
    wanted = {"params": {"q": "xx"}, **wanted}
    assert aiohttpretty.has_call("http://example.com/a", **wanted) is found
    assert aiohttpretty.has_call("http://example.com/{x}", **wanted) is found
    assert aiohttpretty.has_call(re.compile("http://example.com/a"))
    assert not aiohttpretty.has_call(re.compile("http://example.com/b"))
    assert aiohttpretty.has_call("http://example.com/{x}", check_params=False)


def test_match_is_public():
    """The language of matchers is an attribute of the package, and promised."""
    assert aiohttpretty.match is match
    assert "match" in aiohttpretty.__all__
