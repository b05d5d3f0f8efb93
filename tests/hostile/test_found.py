"""What hostile input has found, each as a plain test."""

import enum

import aiohttp
import pytest
from aiohttp import web
from settling import PATIENCE, raised
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, NoMatchError, OptionTypeError, OptionValueError, faults, match
from aiohttpretty.addresses.uri import CalledUri
from aiohttpretty.notation import in_json, written
from aiohttpretty.wire.framing import Progress, RequestReader

from .test_sockets import spoken, statuses
from .things import Oops, breaking

URI = "http://a.example/x"
UNREADABLE = (
    "Something was given that can't be read: looking at it raised Oops (no). Give values that can be printed, compared "
    "and looped over."
)
# yarl raises an IndexError for it
NO_URL = "http://[a]@"


class Text(str, enum.Enum):
    """Members are strings, and print as something else on most versions of Python."""

    PLAIN = "text/plain"
    THERE = "/there"

    def __str__(self):
        return "Text of an enum"

    __format__ = enum.Enum.__format__


def _unprintable():
    return breaking("__repr__", "__str__", "__eq__")()


READING = {
    "status": lambda pretty, bad: pretty.register_uri("GET", URI, status=bad),
    "method": lambda pretty, bad: pretty.register_uri(bad, URI),
    "uri": lambda pretty, bad: pretty.register_uri("GET", bad),
    "params": lambda pretty, bad: pretty.register_uri("GET", URI, params=bad),
    "json": lambda pretty, bad: pretty.register_json_uri("GET", URI, times=bad),
    "replace": lambda pretty, bad: pretty.register_uri("GET", URI).replace(status=bad),
    "mount": lambda pretty, bad: pretty.mount(bad, web.Application()),
    "mounted": lambda pretty, bad: pretty.mount(URI, bad),
    "controlled": lambda pretty, bad: pretty.controlled(bad),
    "websocket": lambda pretty, bad: pretty.register_websocket(URI, protocols=bad),
    "include": lambda pretty, bad: pretty.include(bad),
    "base": lambda pretty, bad: pretty.include(AioHTTPretty(), bad),
    "passthrough": lambda pretty, bad: pretty.passthrough(bad),
    "activate": lambda pretty, bad: pretty.activate(time=bad),
    "settings": lambda pretty, bad: AioHTTPretty(keep_bodies=bad),
    "serve": lambda pretty, bad: pretty.serve(bad),
    "has_call": lambda pretty, bad: pretty.has_call(bad),
    "assert_called": lambda pretty, bad: pretty.assert_called(bad, URI),
    "fault": lambda pretty, bad: faults.truncate(after=bad),
    "certificate": lambda pretty, bad: faults.tls_certificate(bad),
    "coding": lambda pretty, bad: faults.corrupt(bad),
    "bytes": lambda pretty, bad: faults.raw(bad),
    "cut": lambda pretty, bad: faults.cut(bad, at=1),
}


@pytest.mark.parametrize("name", READING)
def test_what_can_not_be_read_is_refused_in_words(name):
    """An object that raises when it is printed or compared is told as an error of ours, whose cause is its own."""
    pretty = AioHTTPretty()
    with pytest.raises(OptionValueError) as caught:
        READING[name](pretty, _unprintable())
    assert str(caught.value) == UNREADABLE
    assert type(caught.value.__cause__) is Oops
    assert not [key for key in pretty.registry if key[0] != "GET"]


def test_what_raises_something_unprintable_is_refused_in_words():
    """Not even the exception need have a text."""
    unspeakable = type("Unspeakable", (Exception,), {"__str__": breaking("__str__").__str__})

    def raise_it(self):
        raise unspeakable

    with pytest.raises(OptionValueError) as caught:
        AioHTTPretty().register_uri("GET", type("Bad", (), {"__str__": raise_it})())
    assert str(caught.value) == UNREADABLE.replace("Oops (no)", "Unspeakable")


def test_a_word_that_a_function_does_not_have_is_python_s_own_error():
    """Nothing was given that could not be read."""
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'whatever'") as caught:
        faults.raw(b"x", whatever=1)
    assert not isinstance(caught.value, OptionTypeError)


def test_what_is_deep_or_breaks_the_walk_is_written_by_its_kind():
    """`written` and `in_json` raise nothing, neither for a deep list nor for a dict that can't be looped over."""
    deep = []
    for _ in range(5_000):
        deep = [deep]
    broken = breaking("items", "__iter__", "__repr__", of=dict)(a=1)
    assert written(deep) == "<list>"
    assert written([1, broken]) == "<list>"
    assert in_json(broken) == "<BreaksItemsIterRepr>"
    with pytest.raises(OptionTypeError, match=r"^match=<list> is not a matcher\."):
        AioHTTPretty().register_uri("GET", URI, match=deep)
    with pytest.raises(OptionValueError, match=r"more than 100 levels deep"):
        match.json(deep)


async def test_an_enum_s_member_is_sent_by_its_value():
    """As header, reason and location: its value is what aiohttp.web sends, and no text of its own is in the head."""
    pretty = AioHTTPretty()
    pretty.register_uri("GET", URI, headers={"Content-Type": Text.PLAIN}, reason=Text.PLAIN)
    pretty.register_uri("GET", "http://a.example/moved", location=Text.THERE)
    with pretty.activate():
        async with aiohttp.ClientSession() as session:
            async with session.get(URI) as response:
                assert (response.reason, response.headers["Content-Type"]) == ("text/plain", "text/plain")
            async with session.get("http://a.example/moved", allow_redirects=False) as response:
                assert response.headers["Location"] == "/there"


@pytest.mark.parametrize("option", ["headers", "params"])
def test_what_might_never_end_is_refused(option):
    """An iterator that gives no pairs is looked at once, and not collected: it might have no end."""
    numbers = iter(range(10_000))
    with pytest.raises(OptionTypeError):
        AioHTTPretty().register_uri("GET", URI, **{option: numbers})
    assert next(numbers, None) in (1, 2)


def test_a_length_of_thousands_of_digits():
    """No body is as long, and nothing is raised into the client's `write`."""
    head = b"POST / HTTP/1.1\r\nContent-Length: %b\r\n\r\n"
    assert RequestReader().feed(head % (b"9" * 5_000) + b"a") is Progress.MORE
    reader = RequestReader()
    assert reader.feed(head % (b"0" * 5_000 + b"1") + b"a") is Progress.COMPLETE
    assert reader.body == [b"a"]


@pytest.mark.parametrize("written", [b"HTTP/1.1 2OO OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_a_handler_may_write_half_a_head_or_none(written):
    """What it writes into its transport, past aiohttp.web, does not come back to it as an exception."""
    told = []

    async def handler(request):
        try:
            request.transport.write(written)
            request.transport.close()
        except Exception as error:
            told.append(error)
        return web.Response()

    pretty = AioHTTPretty()
    pretty.register_uri("POST", URI, handler=handler, expect_errors=True)
    with pretty.activate():
        async with aiohttp.ClientSession() as session:
            error = await raised(session.post(URI))
    assert isinstance(error, aiohttp.ClientError)
    assert told == []


async def test_a_host_that_is_no_name_is_reported():
    """A request to a host in broken punycode, which yarl can't decode, gets the report as well."""
    with AioHTTPretty().activate():
        async with aiohttp.ClientSession() as session:
            error = await raised(session.get(URL("http://xn--a/")))
    assert isinstance(error, NoMatchError)
    assert error.request.host == "xn--a"
    assert "GET http://xn--a/" in str(error)


async def test_a_template_at_an_ipv6_host_is_reported():
    """A request beside it gets the report, which says what is registered there."""
    pretty = AioHTTPretty()
    pretty.register_uri("GET", "http://[::1]/{name}/x")
    with pretty.activate():
        async with aiohttp.ClientSession() as session:
            error = await raised(session.get("http://[::1]/a/y"))
    assert isinstance(error, NoMatchError)
    assert "http://[::1]/{name}/x" in str(error)


def test_what_yarl_does_not_expect_is_no_address():
    """It is told as every other text that is no URL; and a call is not at such an address."""
    pretty = AioHTTPretty()
    for refused in (
        lambda: pretty.register_uri("GET", NO_URL),
        lambda: pretty.passthrough(NO_URL),
        lambda: aiohttpretty.FakeResolver().add_server("[a]@", 80, 8080),
    ):
        with pytest.raises(OptionValueError) as caught:
            refused()
        assert "can't be read" not in str(caught.value)
    with pytest.raises(OptionValueError, match=r"^passthrough\(\): '\[a\]@' is not a host\. Give one, such as"):
        pretty.passthrough("[a]@")
    assert CalledUri(URL(URI)) != NO_URL


@pytest.mark.parametrize("host", [b"[a]@", b"xn--a"])
async def test_a_client_with_a_host_that_is_none_is_answered(host):
    """`serve()` answers, with a refusal or the report, whatever the Host header says; no callback raises."""
    pretty = AioHTTPretty()
    async with pretty.serve() as server:
        port = int(server.url.rpartition(":")[2])
        said, end = await spoken(port, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n", PATIENCE)
        pretty.unmatched.clear()
    assert end == "closed"
    assert statuses(said) == [b"400"] if b"[" in host else [b"501"]
