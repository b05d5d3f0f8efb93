"""Faults as values: how they are written and printed, what is refused where it is written, what stands together."""

import copy
import math
import pickle
import re
from datetime import timedelta
from http import HTTPStatus

import aiohttp
import pytest
from settling import outcome

import aiohttpretty
from aiohttpretty import AioHTTPretty, OptionTypeError, OptionValueError, coding, faults, match

from .playing import both
from .raw import FIN, RST
from .situation import Ends, Situation, Way

URL = "http://api.example.com/a"
SECURE = "https://api.example.com/a"

WRITTEN = [
    "faults.refused()",
    "faults.unreachable()",
    "faults.dns_failure()",
    "faults.dns_failure(temporary=True)",
    "faults.connect_timeout()",
    "faults.tls_certificate('expired')",
    "faults.tls_certificate('wrong_host')",
    "faults.tls_handshake()",
    "faults.tls_fingerprint()",
    "faults.proxy_refused()",
    "faults.proxy_status(407)",
    "faults.disconnect()",
    "faults.disconnect(after=3)",
    "faults.disconnect(after=0, attempts=1)",
    "faults.reset()",
    "faults.reset(attempts=2)",
    "faults.stall()",
    "faults.stall(after=3)",
    "faults.during_upload(after=3)",
    "faults.during_upload(after=0, attempts=1)",
    "faults.truncate(after=3)",
    "faults.bad_chunk(after=0)",
    "faults.bad_chunk(after=3)",
    "faults.corrupt('gzip')",
    "faults.corrupt('deflate')",
    "faults.drip(chunk=2, every=0.5)",
    "faults.malformed(b'\\x16\\x03\\x01')",
    "faults.malformed(b'ICY 200 OK', attempts=1)",
    "faults.status_line('HTTP/1.1 abc')",
    "faults.status_line(b'HTTP/1.1 200 \\xff')",
    "faults.oversized_header(size=65536)",
    "faults.too_many_headers(count=1000)",
    "faults.raw(b'HTTP/1.1 200 OK\\r\\n', 0.5, b'\\r\\n', faults.disconnect())",
    "faults.raw(b'HTTP/1.1 200 OK\\r\\n', faults.stall(), attempts=1)",
    "faults.cut({'status': 404}, at=3)",
    "faults.cut({}, at='in the status line', end='stall', attempts=1)",
]


def made(written):
    return eval(written, {"faults": faults})


def refused(write):
    """The error of what can't be written, with its kind."""
    with pytest.raises(aiohttpretty.AiohttprettyError) as caught:
        write()
    return type(caught.value), str(caught.value)


def register(**options):
    return aiohttpretty.register_uri("GET", URL, **options)


# -- how they print


@pytest.mark.parametrize("written", WRITTEN)
def test_each_prints_as_it_is_written(written):
    """What a fault prints as can be pasted, and is equal then."""
    fault = made(written)
    assert repr(fault) == written
    assert fault == made(written)
    assert hash(fault) == hash(made(written))


def test_no_two_are_equal():
    """Two faults are equal only if they are made alike; so they can be gathered in sets."""
    every = [*map(made, WRITTEN), *map(made, WRITTEN)]
    assert len(set(every)) == len(WRITTEN)
    assert faults.disconnect() != faults.reset()
    assert faults.disconnect() != faults.disconnect(after=0)
    assert faults.disconnect() != faults.disconnect(attempts=1)


def test_what_goes_without_saying():
    """Defaults that matter are printed, and what is meant alike is equal."""
    assert faults.tls_certificate() == faults.tls_certificate("expired") == faults.tls_certificate(reason="expired")
    assert faults.proxy_status() == faults.proxy_status(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
    assert faults.bad_chunk() == faults.bad_chunk(after=0)
    assert faults.corrupt() == faults.corrupt("gzip")
    assert faults.oversized_header() == faults.oversized_header(64 * 1024)
    assert faults.too_many_headers() == faults.too_many_headers(1000)
    assert faults.dns_failure(temporary=False) == faults.dns_failure()
    assert faults.drip(chunk=1, every=timedelta(seconds=2)) == faults.drip(chunk=1, every=2)
    assert faults.malformed(bytearray(b"x")) == faults.malformed(memoryview(b"x")) == faults.malformed(b"x")
    assert faults.raw(b"x", timedelta(milliseconds=500)) == faults.raw(b"x", 0.5)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("faults.disconnect(after=3)", "disconnect(after=3)"),
        ("faults.refused()", "refused()"),
        ("faults.raw(b'x' * 50, 0.5, faults.reset())", f"raw(b'{'x' * 34}...faults.reset())"),
        ("faults.cut({}, at='in the status line', end='reset')", "reset in the status line"),
        ("faults.cut({'body': b'0123456789'}, at=3)", "disconnect behind 3 bytes"),
    ],
)
def test_a_short_name(written, name):
    """The str of a fault is made to be the id of a parametrized test."""
    assert str(made(written)) == name


@pytest.mark.parametrize("written", WRITTEN)
def test_each_can_be_copied(written):
    """A fault goes along where values are copied or sent to another process."""
    fault = made(written)
    for copied in (copy.copy(fault), copy.deepcopy(fault), pickle.loads(pickle.dumps(fault))):
        assert (copied, repr(copied), hash(copied)) == (fault, written, hash(fault))


def test_nobody_changes_a_fault():
    """A fault that several routes share can't be changed by one."""
    with pytest.raises(AttributeError):
        faults.reset().name = "disconnect"


# -- what they refuse


@pytest.mark.parametrize(
    ("write", "kind", "said"),
    [
        (
            lambda: faults.dns_failure(temporary=1),
            OptionTypeError,
            "dns_failure(temporary=1): that is no bool. Give True, or leave it out.",
        ),
        (
            lambda: faults.tls_certificate("too old"),
            OptionValueError,
            "tls_certificate('too old'): that reason is not known. Give one of 'expired', 'not_yet_valid', 'revoked', "
            "'self_signed', 'untrusted', 'wrong_host'.",
        ),
        (
            lambda: faults.tls_certificate(None),
            OptionTypeError,
            "tls_certificate(None): that reason is not known. Give one of 'expired', 'not_yet_valid', 'revoked', "
            "'self_signed', 'untrusted', 'wrong_host'.",
        ),
        (
            lambda: faults.proxy_status("407"),
            OptionTypeError,
            "proxy_status('407'): that is no status code. Give an int from 300 to 599.",
        ),
        (
            lambda: faults.proxy_status(True),
            OptionTypeError,
            "proxy_status(True): that is no status code. Give an int from 300 to 599.",
        ),
        (
            lambda: faults.proxy_status(200),
            OptionValueError,
            "proxy_status(200): that is no refusal. Give an int from 300 to 599.",
        ),
        (
            lambda: faults.disconnect(after="3"),
            OptionTypeError,
            "disconnect(after='3'): that is no number. Give an int from 0 on.",
        ),
        (
            lambda: faults.reset(after=-1),
            OptionValueError,
            "reset(after=-1) is less than nothing. Give an int from 0 on.",
        ),
        (
            lambda: faults.stall(after=True),
            OptionTypeError,
            "stall(after=True): that is no number. Give an int from 0 on.",
        ),
        (
            lambda: faults.truncate(after=None),
            OptionTypeError,
            "truncate(after=None): that is no number. Give an int from 0 on.",
        ),
        (
            lambda: faults.bad_chunk(after=0.5),
            OptionTypeError,
            "bad_chunk(after=0.5): that is no number. Give an int from 0 on.",
        ),
        (
            lambda: faults.during_upload(after=-1),
            OptionValueError,
            "during_upload(after=-1) is less than nothing. Give an int from 0 on.",
        ),
        (
            lambda: faults.reset(attempts="1"),
            OptionTypeError,
            "reset(attempts='1'): that is no number. Give 1 to have aiohttp's silent second attempt answered by what "
            "comes next, or leave it out.",
        ),
        (
            lambda: faults.disconnect(attempts=0),
            OptionValueError,
            "disconnect(attempts=0) would never happen. Give 1 to have aiohttp's silent second attempt answered by "
            "what comes next, or leave it out.",
        ),
        (
            lambda: faults.corrupt(None),
            OptionTypeError,
            "corrupt(None): that is no content coding. Give a str, such as 'gzip'.",
        ),
        (
            lambda: faults.drip(chunk=0, every=1),
            OptionValueError,
            "drip(chunk=0): nothing would ever come. Give an int from 1 on.",
        ),
        (
            lambda: faults.drip(chunk=b"", every=1),
            OptionTypeError,
            "drip(chunk=b''): that is no number. Give an int from 1 on.",
        ),
        (
            lambda: faults.drip(chunk=-1, every=1),
            OptionValueError,
            "drip(chunk=-1) is less than nothing. Give an int from 1 on.",
        ),
        (
            lambda: faults.drip(chunk=1, every="1s"),
            OptionTypeError,
            "drip(every=...): '1s' is no length of time. Give seconds as a number, or a timedelta.",
        ),
        (
            lambda: faults.drip(chunk=1, every=math.inf),
            OptionValueError,
            "drip(every=...): inf can't be waited for. Give seconds from 0 on.",
        ),
        (
            lambda: faults.drip(chunk=1, every=10**400),
            OptionValueError,
            f"drip(every=...): {10**400} can't be waited for. Give seconds from 0 on.",
        ),
        (
            lambda: faults.drip(chunk=1, every=timedelta(seconds=-1)),
            OptionValueError,
            "drip(every=...): datetime.timedelta(days=-1, seconds=86399) can't be waited for. Give seconds from 0 on.",
        ),
        (
            lambda: faults.malformed("ICY 200 OK"),
            OptionTypeError,
            "malformed('ICY 200 OK'): that is not bytes. Give what the server sends, such as b'HTTP/1.1 200 OK\\r\\n'.",
        ),
        (
            lambda: faults.malformed(b""),
            OptionValueError,
            "malformed(b''): there is nothing in it. Give what the server sends; faults.disconnect() says nothing.",
        ),
        (
            lambda: faults.status_line(200),
            OptionTypeError,
            "status_line(200): that is no line. Give a str or bytes.",
        ),
        (
            lambda: faults.status_line("HTTP/1.1 200 OK\r\n"),
            OptionValueError,
            "status_line('HTTP/1.1 200 OK\\r\\n'): there is a line break in it. Give one line, or all of the bytes to "
            "malformed().",
        ),
        (
            lambda: faults.status_line(b"HTTP/1.1 200 OK\n"),
            OptionValueError,
            "status_line(b'HTTP/1.1 200 OK\\n'): there is a line break in it. Give one line, or all of the bytes to "
            "malformed().",
        ),
        (
            lambda: faults.status_line("HTTP/1.1 200 \ud800"),
            OptionValueError,
            "status_line('HTTP/1.1 200 \\ud800'): '\\ud800' is half a character, which has no bytes. Take it out, or "
            "give the line as bytes.",
        ),
        (
            lambda: faults.oversized_header(16 * 1024 * 1024 + 1),
            OptionValueError,
            "oversized_header(size=...) is more than can be made. Give an int up to 16777216.",
        ),
        (
            lambda: faults.too_many_headers(10**5000),
            OptionValueError,
            "too_many_headers(count=...) is more than can be made. Give an int up to 100000.",
        ),
        (
            lambda: faults.oversized_header("64k"),
            OptionTypeError,
            "oversized_header(size='64k'): that is no number. Give an int from 0 on.",
        ),
        (
            lambda: faults.too_many_headers(-1),
            OptionValueError,
            "too_many_headers(count=-1) is less than nothing. Give an int from 0 on.",
        ),
        (
            faults.raw,
            OptionTypeError,
            "raw() says nothing. Give segments of bytes, and at last faults.disconnect().",
        ),
        (
            lambda: faults.raw(b"x", "y"),
            OptionTypeError,
            "raw(), step 2: 'y' is no step. Give bytes, a pause in seconds, or, at last, faults.disconnect(), "
            "faults.reset() or faults.stall().",
        ),
        (
            lambda: faults.raw(b""),
            OptionValueError,
            "raw(), step 1: there is nothing in it. Give what the server sends; faults.disconnect() says nothing.",
        ),
        (
            lambda: faults.raw(b"x", -1),
            OptionValueError,
            "raw(), step 2: -1 can't be waited for. Give seconds from 0 on.",
        ),
        (
            lambda: faults.raw(b"x", True),
            OptionTypeError,
            "raw(), step 2: True is no length of time. Give seconds as a number, or a timedelta.",
        ),
        (
            lambda: faults.raw(b"x", faults.disconnect(after=3)),
            OptionValueError,
            "raw(), step 2: faults.disconnect(after=3) is no end. Give faults.disconnect(), faults.reset() or "
            "faults.stall().",
        ),
        (
            lambda: faults.raw(b"x", faults.reset(attempts=1)),
            OptionValueError,
            "raw(), step 2: faults.reset(attempts=1) is no end. Give faults.disconnect(), faults.reset() or "
            "faults.stall().",
        ),
        (
            lambda: faults.raw(faults.reset(), b"x"),
            OptionValueError,
            "raw(), step 1: faults.reset() ends the connection, and something stands behind it. Put it last.",
        ),
        (
            lambda: faults.raw(b"x", attempts=0),
            OptionValueError,
            "raw(attempts=0) would never happen. Give 1 to have aiohttp's silent second attempt answered by what comes "
            "next, or leave it out.",
        ),
    ],
)
def test_what_a_fault_can_not_be_told(write, kind, said):
    """A mistake is refused where the fault is made, with what to write instead."""
    assert refused(write) == (kind, said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "disconnect",
            "fault='disconnect' is no fault. Give one of aiohttpretty.faults, such as faults.disconnect(); to raise an "
            "exception of your own, give error=.",
        ),
        (
            ConnectionResetError,
            "fault=<class 'ConnectionResetError'> is no fault. Give one of aiohttpretty.faults, such as "
            "faults.disconnect(); to raise an exception of your own, give error=.",
        ),
        (
            faults.stall,
            "fault=faults.stall is the function that makes the fault. Call it: faults.stall().",
        ),
        (
            [faults.stall(), faults.reset()],
            "fault= is given 2 faults, and a reply has one. Register each in a test of its own "
            "(pytest.mark.parametrize), or one after another with responses=[{'fault': ...}, ...].",
        ),
    ],
)
def test_what_is_no_fault(given, said):
    """What is given in the place of a fault is refused where it is registered; so it is in `responses`."""
    assert refused(lambda: register(fault=given)) == (OptionTypeError, said)
    assert refused(lambda: register(responses=[{}, {"fault": given}])) == (OptionTypeError, said)
    assert aiohttpretty.registry == {}


async def _streamed():
    yield b"x"


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (
            {"fault": faults.disconnect(after=5), "body": b"01234"},
            OptionValueError,
            "fault=faults.disconnect(after=5) comes too late: the body has 5 bytes, and with the last of them the "
            "answer is whole. Give fewer bytes, or a longer body.",
        ),
        (
            {"fault": faults.truncate(after=0)},
            OptionValueError,
            "fault=faults.truncate(after=0) comes too late: the body has 0 bytes, and with the last of them the answer "
            "is whole. Give fewer bytes, or a longer body.",
        ),
        (
            {"fault": faults.reset(after=2), "body": b"01234", "status": 204},
            OptionValueError,
            "fault=faults.reset(after=2) happens to the body, and an answer with status 204 has none. Give another "
            "status.",
        ),
        (
            {"fault": faults.bad_chunk(after=6), "body": b"01234"},
            OptionValueError,
            "fault=faults.bad_chunk(after=6) comes too late: the body has 5 bytes, and with the last of them the "
            "answer is whole. Give fewer bytes, or a longer body.",
        ),
        (
            {"fault": faults.truncate(after=0), "status": 304, "headers": {"Transfer-Encoding": "chunked"}},
            OptionValueError,
            "fault=faults.truncate(after=0) happens to the body, and an answer with status 304 has none. Give another "
            "status.",
        ),
        (
            {"fault": faults.bad_chunk(), "body": b"01234", "status": 204},
            OptionValueError,
            "fault=faults.bad_chunk(after=0) happens to the body, and an answer with status 204 has none. Give another "
            "status.",
        ),
        (
            {"fault": faults.corrupt(), "body": b"01234", "status": 204},
            OptionValueError,
            "fault=faults.corrupt('gzip') happens to the body, and an answer with status 204 has none. Give another "
            "status.",
        ),
        (
            {"fault": faults.drip(chunk=1, every=1), "body": _streamed, "status": HTTPStatus.NO_CONTENT},
            OptionValueError,
            "fault=faults.drip(chunk=1, every=1.0) happens to the body, and an answer with status 204 has none. Give "
            "another status.",
        ),
        (
            {"fault": faults.truncate(after=2), "body": b"01234", "headers": {"Content-Length": "2"}},
            OptionValueError,
            "fault=faults.truncate(after=2) comes too late: the Content-Length says 2 bytes, and with the last of them "
            "the answer is whole. Give fewer bytes, or a longer body.",
        ),
        (
            {"fault": faults.truncate(after=6), "body": b"01234", "headers": {"Content-Length": "100"}},
            OptionValueError,
            "fault=faults.truncate(after=6) comes too late: the body has 5 bytes, and no more can be sent. Give fewer "
            "bytes, or a longer body.",
        ),
        (
            {"fault": faults.corrupt("lzma"), "body": b"01234"},
            OptionValueError,
            f"fault=faults.corrupt('lzma'): that coding is not known. Give one that aiohttp can decode here: "
            f"{', '.join(map(repr, aiohttpretty.coding.known()))}.",
        ),
        (
            {"fault": faults.corrupt("gzip"), "body": _streamed},
            OptionTypeError,
            "fault=faults.corrupt('gzip') needs a body whose bytes are known, and this one is a stream. Give it as "
            "bytes or str.",
        ),
        (
            {"fault": faults.corrupt("gzip"), "body": b"x", "content_encoding": "gzip"},
            OptionTypeError,
            "fault=faults.corrupt('gzip') is given beside the header Content-Encoding, which it writes. Leave the "
            "header out, and content_encoding= too.",
        ),
        (
            {"fault": faults.status_line("x"), "body": _streamed},
            OptionTypeError,
            "fault=faults.status_line('x') needs a body that is sent at once, and this one is a stream. Give it as "
            "bytes or str.",
        ),
    ],
)
def test_what_can_not_happen_to_an_answer(options, kind, said):
    """A fault that does not fit the answer beside it is refused where that is registered."""
    assert refused(lambda: register(**options)) == (kind, said)
    assert refused(lambda: register(responses=[{}, options])) == (kind, said)
    assert aiohttpretty.registry == {}


def test_as_late_as_it_can_be():
    """The last byte of a body may be missing, or in chunks what follows it; of a stream, nobody knows the length."""
    register(fault=faults.disconnect(after=4), body=b"01234")
    register(fault=faults.truncate(after=5), body=b"01234", headers={"Transfer-Encoding": "chunked"})
    register(fault=faults.bad_chunk(after=5), body=b"01234")
    register(fault=faults.reset(after=1_000_000), body=_streamed)
    register(fault=faults.during_upload(after=1_000_000))
    register(fault=faults.during_upload(after=1), status=204)
    register(fault=faults.truncate(after=5), body=b"01234", headers={"Content-Length": "6"})


@pytest.mark.parametrize(
    ("written", "end", "body"),
    [
        ("faults.truncate(after=2)", FIN, b"ab"),
        ("faults.disconnect(after=3)", FIN, b"abc"),
        ("faults.reset(after=2)", RST, b"ab"),
    ],
)
@pytest.mark.parametrize("way", [Way(), Way(reused=True), Way(plain=True)], ids=str)
async def test_the_announced_length_is_on_the_wire(written, end, body, way, monkeypatch):
    """Where an answer breaks off, a registered Content-Length is the one that the client misses bytes of."""
    reply = {"body": b"abc", "headers": {"Content-Length": "100"}, "auto_length": False}
    said = b"HTTP/1.1 200 \r\nContent-Length: 100\r\n\r\n"
    situation = Situation(written, written, [(said, body, end)], Ends(), reply=reply)
    real, fake = await both(situation, way, monkeypatch)
    assert fake == real
    assert real["error"] is not None


@pytest.mark.parametrize("encoding", coding.known())
async def test_damage_is_certain(encoding):
    """No body is so small that a client could read what is damaged, or could take it for an empty one."""
    sizes = [*range(12), 100, 10_000]
    bodies = [body for size in sizes for body in (b"a" * size, (b'{"k": "v", "n": 12}' * 600)[:size])]
    register(fault=faults.corrupt(encoding), responses=[{"body": body} for body in bodies])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            for body in bodies:
                assert (body, await _seen(session, method="GET")) == (body, (aiohttp.ClientPayloadError, b""))


# -- what can't happen at an address

NO_TLS = (
    "the address is {}, so that no TLS is spoken. Register it for an {}s address, or give a fault of plain "
    "connections, such as faults.refused()."
)
NO_NAME = (
    "its host is an IP address, so that no name is looked up. Register it for an address with a name, or give "
    "faults.unreachable()."
)
IMPOSSIBLE = [
    ("faults.tls_certificate('expired')", "http://api.example.com/a", NO_TLS.format("http", "http")),
    ("faults.tls_handshake()", "ws://api.example.com/a", NO_TLS.format("ws", "ws")),
    ("faults.tls_fingerprint()", "http://api.example.com/a", NO_TLS.format("http", "http")),
    ("faults.tls_handshake()", "http://api.example.com/a/{name}", NO_TLS.format("http", "http")),
    ("faults.dns_failure()", "https://127.0.0.1/a", NO_NAME),
    ("faults.dns_failure()", "http://[::1]:8080/a", NO_NAME),
    ("faults.dns_failure()", "http://[fe80::1%25eth0]/a", NO_NAME),
    ("faults.dns_failure(temporary=True)", "http://127.0.0.1/{name}", NO_NAME),
]


@pytest.mark.parametrize(("written", "uri", "why"), IMPOSSIBLE)
@pytest.mark.parametrize("way", ["fault", "responses", "replace", "include"])
def test_what_can_not_happen_at_an_address(written, uri, why, way):
    """What is sure when it is registered is refused there, however it is registered."""
    fault, mock = made(written), AioHTTPretty()
    if way == "fault":
        failed = refused(lambda: mock.register_uri("GET", uri, fault=fault))
    elif way == "responses":
        failed = refused(lambda: mock.register_json_uri("GET", uri, responses=[{"body": 1}, {"fault": fault}]))
    elif way == "replace":
        route = mock.register_uri("GET", uri, body=b"as before")
        failed = refused(lambda: route.replace(fault=fault))
        assert mock.registry["GET", route.address.name] == {"body": b"as before"}
        route.remove()
    else:
        bundle = AioHTTPretty()
        origin, _, path = uri.rpartition("/")
        bundle.register_uri("GET", "/first")
        bundle.register_uri("GET", f"/{path}", fault=fault)
        failed = refused(lambda: mock.include(bundle, base=origin))
    assert failed == (OptionValueError, f"fault={written} can't happen at {uri!r}: {why}")
    assert mock.registry == {}


def test_what_may_happen_at_an_address():
    """Where the client has a say in it, or the address is open, nothing is refused."""
    mock = AioHTTPretty()
    for uri in ("https://127.0.0.1/a", "wss://api.example.com/a", re.compile("http://.*"), "/path"):
        mock.register_uri("GET", uri, fault=faults.tls_certificate())
    for uri in ("http://localhost/a", "http://127.0.0.1.example.com/a", re.compile("http://127.0.0.1/"), "/path"):
        mock.register_uri("GET", uri, fault=faults.dns_failure())
    for fault in (faults.proxy_refused(), faults.proxy_status(407), faults.connect_timeout(), faults.unreachable()):
        mock.register_uri("POST", "http://127.0.0.1/a", fault=fault)


# -- what comes next

ALWAYS = (
    "fault={} is all that this route ever answers, so that aiohttp's silent second attempt would get it, too. Say what "
    "that gets: responses=[{{'fault': ...}}, {{...}}], or times=1 and another route; or leave attempts=1 out."
)


@pytest.mark.parametrize("method", ["GET", "put", "*"])
@pytest.mark.parametrize(
    ("fault", "written"),
    [
        (faults.reset(attempts=1), "faults.reset(attempts=1)"),
        (faults.cut({}, at=0, attempts=1), "faults.cut({}, at='before the status line', attempts=1)"),
    ],
)
def test_one_attempt_needs_something_behind_it(method, fault, written):
    """With attempts=1 something else has to come next; a route that always says the same has nothing."""
    mock = AioHTTPretty()
    for words in ({"fault": fault}, {"responses": [{"fault": fault}], "exhausted": "repeat"}):
        said = OptionValueError, ALWAYS.format(written)
        assert refused(lambda words=words: mock.register_uri(method, URL, **words)) == said
        assert mock.registry == {}
    route = mock.register_uri(method, URL)
    assert refused(lambda: route.replace(fault=fault)) == (OptionValueError, ALWAYS.format(written))


def test_one_attempt_with_something_behind_it():
    """It is not refused where something else may come next, or where aiohttp makes no second attempt."""
    once = faults.reset(attempts=1)
    register(fault=once, times=1)
    register(responses=[{"fault": once}])
    register(responses=[{"fault": once}, {}], exhausted="cycle")
    register(responses=[{}, {"fault": once}], exhausted="repeat")
    register(fault=once, match=match.headers({"X-A": "1"}))
    aiohttpretty.register_uri("POST", URL, fault=once)


# -- what stands together


def test_it_says_what_happens_instead_of_a_handler_or_an_error():
    """With an exception or a handler there is no answer of ours that could go wrong."""
    assert refused(lambda: register(fault=faults.reset(), error=TimeoutError)) == (
        OptionTypeError,
        "error= is given beside fault=, and with an error nothing is answered. Leave one or the other out; only delay= "
        "and time= go with error=.",
    )
    assert refused(lambda: register(fault=faults.reset(), handler=print)) == (
        OptionTypeError,
        "handler= is given beside fault=, and a handler says all of the answer. Leave one or the other out; only "
        "delay=, expect_errors= and time= go with handler=.",
    )
    assert refused(lambda: register(fault=faults.reset(), expect_errors=True)) == (
        OptionTypeError,
        "expect_errors= is given beside fault=, and it is about what a handler lets out. Leave one or the other out; "
        "only delay=, handler= and time= go with expect_errors=.",
    )


def test_a_mount_has_no_fault():
    """What answers below an address is the application's."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'fault'"):
        aiohttpretty.mount(URL, print, fault=faults.reset())


def test_registry_shows_what_was_registered():
    """The fault stands in `registry` among the other options, as it was given."""
    register(fault=faults.reset(after=1), status=201, body="text")
    assert aiohttpretty.registry["GET", URL] == {"fault": faults.reset(after=1), "status": 201, "body": b"text"}
    aiohttpretty.register_json_uri("GET", SECURE, responses=[{"body": {"a": 1}}, {"fault": faults.tls_handshake()}])
    good, bad = aiohttpretty.registry["GET", SECURE]
    assert (good["body"], bad["fault"]) == (b'{"a": 1}', faults.tls_handshake())


def test_a_route_prints_it():
    """A route shows its fault, so that a report can be read."""
    assert f"<Route register_uri('GET', '{URL}', fault=faults.stall(after=2), body=b'abc') at " in repr(
        register(fault=faults.stall(after=2), body=b"abc")
    )


async def _seen(session, url=URL, method="POST"):
    """Of a request, which is not repeated: the body; or the error, and how much of the body came before it."""
    arrived = b""
    try:
        async with session.request(method, url) as response:
            async for piece in response.content.iter_any():
                arrived += piece
            return response.status, arrived
    except (aiohttp.ClientError, aiohttpretty.AiohttprettyError) as error:
        return type(error), arrived


async def test_what_stands_beside_responses():
    """An item's fault goes before the common one, None takes it away, and an error or a handler drops it."""
    aiohttpretty.register_uri(
        "POST",
        URL,
        fault=faults.disconnect(),
        body=b"abc",
        responses=[
            {},
            {"fault": faults.disconnect(after=0)},
            {"fault": None},
            {"error": aiohttp.InvalidURL("x")},
            {"fault": faults.truncate(after=2), "status": 201},
        ],
    )
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert [await _seen(session) for _ in range(5)] == [
                (aiohttp.ServerDisconnectedError, b""),
                (aiohttp.ClientPayloadError, b""),
                (200, b"abc"),
                (aiohttp.InvalidURL, b""),
                (aiohttp.ClientPayloadError, b"ab"),
            ]


async def test_it_drops_what_can_not_stand_beside_it():
    """An item with a fault is not answered by the common handler, nor with the common error."""
    for common in ({"error": TimeoutError()}, {"handler": lambda request: None}):
        aiohttpretty.register_uri("POST", URL, responses=[{"fault": faults.disconnect()}], **common)
        with aiohttpretty.activate():
            async with aiohttp.ClientSession() as session:
                assert await _seen(session) == (aiohttp.ServerDisconnectedError, b"")


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ({}, [aiohttpretty.ResponsesExhausted] * 2),
        ({"exhausted": "repeat"}, [aiohttp.ServerDisconnectedError] * 2),
        ({"exhausted": "cycle"}, [200, aiohttp.ServerDisconnectedError]),
    ],
)
async def test_how_often(words, after):
    """A fault is used up as any reply is."""
    aiohttpretty.register_uri("POST", URL, responses=[{}, {"fault": faults.disconnect()}], **words)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            seen = [await _seen(session) for _ in range(4)]
    assert [what for what, _ in seen] == [200, aiohttp.ServerDisconnectedError, *after]
    aiohttpretty.unmatched.clear()


async def test_once():
    """With times=1, aiohttp's silent repetition belongs to the one request."""
    route = register(fault=faults.disconnect(), times=1)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert isinstance(await outcome(session.get(URL)), aiohttp.ServerDisconnectedError)
            assert isinstance(await outcome(session.get(URL)), aiohttpretty.ResponsesExhausted)
    assert [call.attempt for call in route.calls] == [1, 2]
    aiohttpretty.unmatched.clear()


async def test_a_json_reply():
    """In `register_json_uri`, the body that goes wrong is JSON."""
    aiohttpretty.register_json_uri("POST", URL, body={"a": 1}, fault=faults.truncate(after=4))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert await _seen(session) == (aiohttp.ClientPayloadError, b'{"a"')


async def test_replaced():
    """A route may be told to go wrong, and to be well again."""
    route = aiohttpretty.register_uri("POST", URL)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            route.replace(fault=faults.reset())
            assert await _seen(session) == (aiohttp.ClientOSError, b"")
            route.replace(body=b"well")
            assert await _seen(session) == (200, b"well")


async def test_included():
    """A bundle's faults go along with it, and count anew."""
    bundle = AioHTTPretty()
    bundle.register_uri("POST", "/a", responses=[{"fault": faults.disconnect()}, {}])
    for base in ("http://api.example.com", "http://other.example.com"):
        aiohttpretty.include(bundle, base=base)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            for url in (URL, "http://other.example.com/a"):
                assert await _seen(session, url) == (aiohttp.ServerDisconnectedError, b"")
                assert await _seen(session, url) == (200, b"")
