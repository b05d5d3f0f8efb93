"""An answer cut at every interesting byte: which bytes these are, what a real server does there, and what is found."""

import asyncio
import copy
import pickle
import tracemalloc
from http import HTTPStatus

import aiohttp
import pytest
from aiohttp.http_parser import HttpResponseParser, HttpResponseParserPy
from conformance.looking import differences
from settling import outcome, settle

import aiohttpretty
from aiohttpretty import OptionTypeError, OptionValueError, faults

from .client import URL, Careless, Literal, Patient, Shop, Unavailable
from .playing import both
from .raw import FIN, RST
from .situation import Ends, Situation, Way

STOCK = {"tea": 3, "coffee": 0}
REPLY = {"json": STOCK, "headers": {"X-Page": "1"}}
CHUNKED = {"body": b"0123456789", "headers": {"Transfer-Encoding": "chunked"}}
GZIP = bytes.fromhex("1f8b0800000000000403010a00f5ff30313233343536373839c6c784a60a000000")
# What a server says in these cases
SAID = {
    "sized": (
        {"status": 201, "reason": "Made", "headers": {"X-Page": "1"}, "body": b"line\nline"},
        b"HTTP/1.1 201 Made\r\nX-Page: 1\r\nContent-Length: 9\r\n\r\nline\nline",
    ),
    "chunked": (
        CHUNKED,
        b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
    ),
    "encoded": (
        {"body": GZIP, "headers": {"Content-Encoding": "gzip"}},
        b"HTTP/1.1 200 \r\nContent-Encoding: gzip\r\nContent-Length: 33\r\n\r\n" + GZIP,
    ),
    "json": (
        {"json": [1], "cookies": {"a": "1", "b": "2"}, "auto_length": True},
        b"HTTP/1.1 200 \r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"Content-Length: 3\r\n\r\n[1]",
    ),
    "empty chunks": (
        {"headers": {"Transfer-Encoding": "chunked"}},
        b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "no content": (
        {"status": HTTPStatus.NO_CONTENT, "body": b"never said"},
        b"HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n",
    ),
}


def _said(fault):
    """What is said by the time it is cut."""
    return b"".join(fault["reply"].breaking_off(fault["at"], bodiless=False))


def _names(reply, **words):
    return [str(fault) for fault in faults.sweep(reply, **words)]


# -- where


def test_the_places_of_an_answer():
    """Head, each header and the body, in the order of the bytes, and no byte twice."""
    line, page, length = b"HTTP/1.1 201 Made\r\n", b"X-Page: 1\r\n", b"Content-Length: 9\r\n"
    swept = [(str(fault), _said(fault)) for fault in faults.sweep(SAID["sized"][0])]
    assert swept == [
        ("disconnect before the status line", b""),
        ("disconnect in the status line", b"HTTP/1.1"),
        ("disconnect behind the status line", line),
        ("disconnect in the header X-Page", line + b"X-Pa"),
        ("disconnect behind the header X-Page", line + page),
        ("disconnect in the header Content-Length", line + page + b"Content-"),
        ("disconnect behind the header Content-Length", line + page + length),
        ("disconnect before the last byte of the head", line + page + length + b"\r"),
        ("disconnect behind the head", line + page + length + b"\r\n"),
        ("disconnect behind the first byte of the body", line + page + length + b"\r\nl"),
        ("disconnect in the middle of the body, behind 4 of its 9 bytes", line + page + length + b"\r\nline"),
        ("disconnect behind the first line of the body", line + page + length + b"\r\nline\n"),
        ("disconnect before the last byte of the body", line + page + length + b"\r\nline\nlin"),
    ]


def test_the_places_of_an_answer_in_chunks():
    """The borders of the chunks, of which there are two, and what announces them."""
    head = SAID["chunked"][1].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    first, second = b"5\r\n01234\r\n", b"5\r\n56789\r\n"
    swept = {str(fault): _said(fault) for fault in faults.sweep(CHUNKED)}
    assert {name: said.removeprefix(head) for name, said in swept.items() if said.startswith(head)} == {
        "disconnect behind the head": b"",
        "disconnect in the size of chunk 1": b"5",
        "disconnect behind the size of chunk 1": b"5\r\n",
        "disconnect in the data of chunk 1": b"5\r\n01",
        "disconnect behind the data of chunk 1": b"5\r\n01234",
        "disconnect behind chunk 1": first,
        "disconnect in the size of chunk 2": first + b"5",
        "disconnect behind the size of chunk 2": first + b"5\r\n",
        "disconnect in the data of chunk 2": first + b"5\r\n56",
        "disconnect behind the data of chunk 2": first + b"5\r\n56789",
        "disconnect behind chunk 2": first + second,
        "disconnect in the size of the last chunk": first + second + b"0",
        "disconnect behind the size of the last chunk": first + second + b"0\r\n",
        "disconnect before the last byte of the last chunk": first + second + b"0\r\n\r",
    }


@pytest.mark.parametrize("name", SAID)
def test_each_is_a_beginning_of_the_answer(name):
    """Each cut is after more bytes than the one before it, and none has all of the answer."""
    reply, said = SAID[name]
    sizes = []
    for fault in faults.sweep(reply):
        beginning = _said(fault)
        assert said.startswith(beginning)
        sizes.append(len(beginning))
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 0
    assert sizes[-1] == len(said) - 1


@pytest.mark.parametrize("body", [b"", b"a", b"ab", b"abc", b"\n\n\n"])
@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "gzip, Chunked"}])
def test_the_smallest_bodies(body, headers):
    """There are no two cuts at one byte, and no two of one name, however little there is to be cut."""
    swept = faults.sweep({"body": body, "headers": headers})
    said = [_said(fault) for fault in swept]
    assert len(set(said)) == len(set(swept)) == len(set(map(str, swept))) == len(swept)


def test_a_header_that_comes_twice():
    """Each of them is cut, and has a name of its own."""
    names = _names(SAID["json"][0])
    assert [name for name in names if "Set-Cookie" in name] == [
        "disconnect in the header Set-Cookie",
        "disconnect behind the header Set-Cookie",
        "disconnect in the header Set-Cookie, number 2",
        "disconnect behind the header Set-Cookie, number 2",
    ]


def test_encoded_bytes_have_no_lines():
    """Where a compressed body is cut does not hang on what its bytes happen to be."""
    assert [
        name for name in _names({"body": b"x\n" * 9, "headers": {"Content-Encoding": "gzip"}}) if "line of" in name
    ] == []


def test_the_ends():
    """Each place comes with each of the ends that are asked for, in the order in which they are."""
    assert _names({}, ends=["stall", "reset", "stall"])[:4] == [
        "stall before the status line",
        "reset before the status line",
        "stall in the status line",
        "reset in the status line",
    ]
    assert faults.sweep({}, ends="reset") == faults.sweep({}, ends=("reset",))
    assert faults.sweep({}, ends="disconnect") == faults.sweep({})


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("words", [{}, {"ends": ("reset", "stall"), "attempts": 1}])
def test_each_can_be_pasted(name, words):
    """What a fault prints as makes an equal fault, and says in words where it cuts."""
    for fault in faults.sweep(SAID[name][0], **words):
        pasted = eval(repr(fault), {"faults": faults})
        assert pasted == fault
        assert hash(pasted) == hash(fault)
        assert str(pasted) == str(fault)
        assert f"at={fault['at']!r}" in repr(fault)
        assert isinstance(fault["at"], str)


def test_what_it_prints_as():
    """The options are those that the answer consists of; what goes without saying is left out."""
    first, *_ = faults.sweep({"json": {}, "status": 202, "cookies": {"a": "1", "b": "2"}}, attempts=1)
    assert repr(first) == (
        "faults.cut({'status': 202, 'headers': [('Content-Type', 'application/json'), ('Set-Cookie', 'a=1'), "
        "('Set-Cookie', 'b=2')], 'body': b'{}'}, at='before the status line', attempts=1)"
    )


def test_a_cut_of_ones_own():
    """A number of bytes, or a place in words, which are the same if they are."""
    reply = {"body": b"0123456789"}
    assert faults.cut(reply, at=0) == faults.cut(reply, at="before the status line") == faults.sweep(reply)[0]
    own = faults.cut(reply, at=3, end="reset")
    assert repr(own) == "faults.cut({'body': b'0123456789'}, at=3, end='reset')"
    assert str(own) == "reset behind 3 bytes"
    assert own not in faults.sweep(reply, ends="reset")
    assert own != faults.cut({"body": b"012345678"}, at=3, end="reset")


@pytest.mark.parametrize("name", SAID)
def test_each_can_be_copied(name):
    """Also when it has been looked at, a cut goes along where values are copied or sent to another process."""
    for fault in faults.sweep(SAID[name][0]):
        said = _said(fault)
        for copied in (copy.copy(fault), copy.deepcopy(fault), pickle.loads(pickle.dumps(fault))):
            assert (copied, str(copied), _said(copied)) == (fault, str(fault), said)


def test_a_large_body_is_there_once():
    """A sweep over a large body copies nothing of it, nor does a cut that is early in it; and it is not printed."""
    body = bytes(100_000_000)
    tracemalloc.start()
    try:
        for headers in ({}, {"Transfer-Encoding": "chunked"}):
            swept = faults.sweep({"body": body, "headers": headers}, ends=["disconnect", "reset"])
            for fault in swept:
                if "head" in str(fault):
                    assert len(_said(fault)) < 100
                assert "'body': <100000000 bytes>}, at='" in repr(fault)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert all(fault["reply"].body is body for fault in swept)


# -- what a client sees


def _plain(told):
    """The head that has come so far is an object without an equal, but it prints well."""
    return {**told, "error": {name: repr(value) for name, value in told["error"].items()}}


@pytest.mark.parametrize("way", [Way(), Way(plain=True), Way("POST", reused=True)], ids=str)
@pytest.mark.parametrize("end", [FIN, RST], ids=["disconnect", "reset"])
@pytest.mark.parametrize("name", SAID)
async def test_a_real_server_does_the_same(name, end, way, monkeypatch):
    """Cut at the same byte by a server on a socket, an answer makes the same of a client."""
    reply, said = SAID[name]
    for fault in faults.sweep(reply, ends="disconnect" if end is FIN else "reset"):
        size = len(_said(fault))
        script = (said[:size], end) if size else (end,)
        situation = Situation(str(fault), repr(fault), [script], Ends())
        real, fake = await both(situation, way, monkeypatch)
        assert real["error"] is not None
        assert (str(fault), differences(_plain(fake), _plain(real))) == (str(fault), [])


async def test_a_large_body_breaks_off():
    """The bytes behind a large part of a body are never said, those before it all are."""
    body = bytes(range(256)) * 4000
    arrived = bytearray()
    aiohttpretty.register_uri("GET", URL, fault=faults.cut({"body": body}, at=len(body) // 2))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                async for piece in response.content.iter_any():
                    arrived += piece
    assert body.startswith(arrived)
    assert len(arrived) > len(body) // 4


async def test_an_answer_without_a_body_is_not_said_beyond_its_head():
    """To HEAD, a cut in the body is one behind the head: the answer is whole."""
    aiohttpretty.register_uri(
        "HEAD", URL, fault=faults.cut({"body": b"0123456789"}, at="before the last byte of the body")
    )
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.head(URL) as response:
            assert (await response.read(), response.headers["Content-Length"]) == (b"", "10")


async def test_a_cut_among_replies():
    """A cut has its place in `responses`, waits as long as is said beside it, and answers the silent repetition."""
    early, *_, late = faults.sweep(REPLY)
    route = aiohttpretty.register_uri("GET", URL, delay=0.001, responses=[{"fault": early}, {"fault": late}, REPLY])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert isinstance(await outcome(session.get(URL)), aiohttp.ServerDisconnectedError)
            async with session.get(URL) as response:
                assert response.headers["X-Page"] == "1"
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
            async with session.get(URL) as response:
                assert await response.json() == STOCK
    assert [call.attempt for call in route.calls] == [1, 2, 1, 1]


async def test_silence_behind_the_head_of_an_answer_without_a_body():
    """To HEAD, such an answer is whole: the next request is answered on the same connection, and nothing is left."""
    aiohttpretty.register_uri("HEAD", URL, fault=faults.cut({"body": b"01"}, at="behind the head", end="stall"))
    aiohttpretty.register_uri("HEAD", URL + "/2", fault=faults.stall(after=1), body=b"01")
    aiohttpretty.register_uri("GET", URL, body=b"next")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            for address in (URL, URL + "/2"):
                async with session.head(address) as response:
                    assert response.status == 200
                async with session.get(URL) as response:
                    assert await response.read() == b"next"
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_attempts():
    """With attempts=1, the silent repetition is answered by what comes next."""
    early, *_ = faults.sweep(REPLY, attempts=1)
    aiohttpretty.register_uri("GET", URL, responses=[{"fault": early}, REPLY])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert await response.json() == STOCK


# -- what is found


async def failed_at(client, *, ends="disconnect", **options):
    """Where the client does not do as it says, when an answer breaks off and the next is whole."""
    found = {}
    for fault in faults.sweep(REPLY, ends=ends):
        mock = aiohttpretty.AioHTTPretty()
        mock.register_uri("GET", URL, responses=[{"fault": fault, **options}, REPLY])
        with mock.activate():
            async with aiohttp.ClientSession() as session:
                try:
                    got = await client(session).stock()
                except Exception as error:
                    got = type(error)
        if got != STOCK:
            found[str(fault)] = got
    return found


HEAD = [name for name in _names(REPLY) if "head" in name or "status" in name]
BODY = [name for name in _names(REPLY) if "body" in name]


async def test_a_careless_client_is_found():
    """It takes what breaks off behind the head for an empty answer, and that is where the sweep finds it."""
    assert await failed_at(Careless) == dict.fromkeys(["disconnect behind the head", *BODY], {})


async def test_a_client_that_knows_errors_by_their_words_is_found():
    """It gives up where an answer has begun, but not where none has, nor in the body."""
    inside = [name for name in HEAD if name not in (HEAD[0], "disconnect behind the head")]
    if HttpResponseParser is HttpResponseParserPy:  # which makes nothing of a line without its end
        inside = [name for name in inside if name.startswith("disconnect behind")]
    assert await failed_at(Literal) == dict.fromkeys(inside, aiohttp.ServerDisconnectedError)


async def test_a_client_that_waits_for_ever_is_found():
    """In told time it fails at once, wherever the server falls silent."""
    found = await failed_at(Patient, ends="stall", time="instant")
    assert found == dict.fromkeys(_names(REPLY, ends="stall"), aiohttpretty.FaultError)


@pytest.mark.parametrize("end", ["disconnect", "reset", "stall"])
async def test_nothing_is_found_in_a_good_client(end):
    """One that does as it says is left in peace."""
    assert await failed_at(Shop, ends=end, time="instant") == {}


@pytest.mark.parametrize("fault", faults.sweep(REPLY), ids=str)
async def test_it_is_there_for_parametrized_tests(fault, request):
    """Each fault makes a test of its own, whose name says where it is."""
    assert request.node.name == f"test_it_is_there_for_parametrized_tests[{fault}]"
    aiohttpretty.register_uri("GET", URL, fault=fault)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(Unavailable):
                await Shop(session).stock()


# -- what can't be swept


def _fails(write):
    with pytest.raises((OptionTypeError, OptionValueError)) as caught:
        write()
    return type(caught.value), str(caught.value)


async def _streamed():
    yield b"x"


@pytest.mark.parametrize("name", ["sweep", "cut"])
@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (
            b"HTTP/1.1 200 OK",
            OptionTypeError,
            "b'HTTP/1.1 200 OK' is no mapping. Give the options of a reply, such as {'status': 200, 'body': b'ok'}.",
        ),
        (
            {"body": _streamed},
            OptionTypeError,
            "the body is a stream, whose bytes are known when it is read. Give it as bytes or str.",
        ),
        (
            {"error": TimeoutError},
            OptionTypeError,
            "error= is given, and with an error nothing is answered. Leave it out.",
        ),
        (
            {"fault": faults.reset()},
            OptionTypeError,
            "fault= is given, and the answer goes wrong by being cut. Leave it out.",
        ),
        (
            {"handler": print},
            OptionTypeError,
            "handler= is given, and what a handler says is known when it is asked. Give the answer itself, as status, "
            "headers and body.",
        ),
        (
            {"expect_errors": True},
            OptionTypeError,
            "expect_errors= is given, and it is about what a handler lets out. Leave it out.",
        ),
        (
            {"sse": ["x"]},
            OptionTypeError,
            "sse= is given, and events are a stream, whose bytes are known when it is read. Give them as body=, in "
            "bytes.",
        ),
        (
            {"delay": 1},
            OptionTypeError,
            "delay= is given, and a cut is a number of bytes. Give it beside fault= in the registration.",
        ),
        (
            {"time": "instant"},
            OptionTypeError,
            "time= is given, and a cut is a number of bytes. Give it beside fault= in the registration.",
        ),
        (
            {"responses": [{}]},
            OptionTypeError,
            "responses= is given, and one answer is cut. Call it for each of them.",
        ),
    ],
)
def test_what_can_not_be_cut(name, reply, kind, said):
    """An answer whose bytes are not all known is refused, with what to give instead."""
    words = {"at": 0} if name == "cut" else {}
    assert _fails(lambda: getattr(faults, name)(reply, **words)) == (kind, f"{name}(): {said}")


@pytest.mark.parametrize(
    ("write", "kind", "said"),
    [
        (
            lambda: faults.sweep({"bdy": b""}),
            OptionTypeError,
            "sweep() has no option 'bdy'. Did you mean 'body'? The options are: status, reason, headers, body, json, "
            "charset, cookies, content_encoding, location, auto_length.",
        ),
        (
            lambda: faults.sweep({"body": {"a": 1}}),
            OptionTypeError,
            "body={'a': 1} can't be sent. Give bytes, bytearray, memoryview, str (sent as UTF-8), a pathlib.Path, a "
            "file object, an object with an async read(size), an async iterable, or an async generator function; for "
            "JSON, use json= or register_json_uri.",
        ),
        (
            lambda: faults.sweep({}, ends=()),
            OptionTypeError,
            "sweep(ends=()): that is no list of ends. Give one, such as ['disconnect', 'reset'].",
        ),
        (
            lambda: faults.sweep({}, ends=["reset", "fin"]),
            OptionValueError,
            "sweep(ends=['reset', 'fin']): 'fin' is no end of a connection. Give one of 'disconnect', 'reset', "
            "'stall'.",
        ),
        (
            lambda: faults.cut({}, at=0, end=faults.reset()),
            OptionTypeError,
            "cut(end=faults.reset()): faults.reset() is no end of a connection. Give one of 'disconnect', 'reset', "
            "'stall'.",
        ),
        (
            lambda: faults.sweep({"reason": "\ud800"}),
            OptionValueError,
            "sweep(): one of the options can't be sent: 'utf-8' codec can't encode character '\\ud800' in position 0: "
            "surrogates not allowed. Give text that has a form in its charset, and numbers of a usual size.",
        ),
        (
            lambda: faults.sweep({}, attempts=0),
            OptionValueError,
            "sweep(attempts=0) would never happen. Give 1 to have aiohttp's silent second attempt answered by what "
            "comes next, or leave it out.",
        ),
        (
            lambda: faults.cut({}, at=1.5),
            OptionTypeError,
            "cut(at=1.5): that is no number. Give an int from 0 on.",
        ),
        (
            lambda: faults.cut({"body": b"ok"}, at=38),
            OptionValueError,
            "cut(at=38): the answer has 38 bytes, and with the last of them it is whole. Give fewer.",
        ),
        (
            lambda: faults.cut({"status": 204}, at="behind the header"),
            OptionValueError,
            "cut(at='behind the header'): this answer has no such place. Did you mean 'behind the header "
            "Content-Length'? Give a number of bytes, or one of: 'before the status line', 'in the status line', "
            "'behind the status line', 'in the header Content-Length', 'behind the header Content-Length', 'before the "
            "last byte of the head'.",
        ),
        (
            lambda: aiohttpretty.register_uri("GET", URL, fault=faults.sweep({})),
            OptionTypeError,
            "fault= is given 6 faults, and a reply has one. Register each in a test of its own "
            "(pytest.mark.parametrize), or one after another with responses=[{'fault': ...}, ...].",
        ),
        (
            lambda: aiohttpretty.register_uri("GET", URL, fault=faults.sweep),
            OptionTypeError,
            "fault=faults.sweep is the function that makes the faults. Call it, and give one of them.",
        ),
    ],
)
def test_mistakes(write, kind, said):
    """What can't be meant is refused where it is written."""
    assert _fails(write) == (kind, said)
