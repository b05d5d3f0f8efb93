"""However a client puts a request together, a matcher finds on the wire what a server would have seen."""

import gzip
import io
import json
import warnings
from types import SimpleNamespace
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from multidict import CIMultiDict
from yarl import URL

import aiohttpretty
from aiohttpretty import match

from .looking import VERSION

pytestmark = pytest.mark.filterwarnings(
    "ignore:BasicAuth is deprecated:DeprecationWarning",
    "ignore:The 'auth' parameter is deprecated:DeprecationWarning",
)

PLACE = URL("http://example.test/path")
VALUE = {"name": "Ä", "items": [1, {"qty": 2.5}], "none": None}
TEXT = json.dumps(VALUE)
FIELDS = {"a": "1", "b": "ä &="}


async def pieces(*, of=TEXT):
    for letter in of:
        yield letter.encode()


def basic_auth(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from aiohttp 3.14 on
        return aiohttp.BasicAuth(*arguments)


def form(*fields, **options):
    made = aiohttp.FormData(**options)
    for name, value, more in fields:
        made.add_field(name, value, **more)
    return made


def parts(subtype, *contents):
    writer = aiohttp.MultipartWriter(subtype)
    for content, headers in contents:
        writer.append(content, headers)
    return writer


def named_parts():
    writer = aiohttp.MultipartWriter("form-data")
    for name, content in (("a", "1"), ("b", "2"), ("b", "3")):
        writer.append(content).set_content_disposition("form-data", name=name)
    return writer


UPLOAD = match.multipart(
    {"f": match.file(filename="ä b.png", content=b"\x89PNG\r\n\r\n--", content_type="image/png"), "note": "ö"}
)
JSON = match.json(VALUE)

# What the session gets, what the request gets (made anew for each world), and the matcher that it fits
WAYS = {
    "json=": ({}, lambda: {"json": VALUE}, JSON & match.header("content-type", "application/json")),
    "bytes": ({}, lambda: {"data": TEXT.encode()}, JSON & match.body(TEXT.encode())),
    "str": ({}, lambda: {"data": TEXT}, JSON & match.body(TEXT)),
    "an async generator": ({}, lambda: {"data": pieces()}, JSON & match.header("Transfer-Encoding", "chunked")),
    "a file": ({}, lambda: {"data": io.BytesIO(TEXT.encode())}, JSON),
    "a text file": ({}, lambda: {"data": io.StringIO(TEXT)}, JSON),
    "chunks": ({}, lambda: {"data": TEXT, "chunked": True}, JSON),
    "gzip": ({}, lambda: {"json": VALUE, "compress": "gzip"}, JSON & match.body(TEXT)),
    "deflate": ({}, lambda: {"json": VALUE, "compress": "deflate"}, JSON & match.body(TEXT)),
    "compress=True": ({}, lambda: {"json": VALUE, "compress": True}, JSON & match.body(TEXT)),
    "a compressed stream": ({}, lambda: {"data": pieces(), "compress": "gzip"}, JSON),
    "compressed by the caller": (
        {},
        lambda: {"data": gzip.compress(TEXT.encode()), "headers": {"Content-Encoding": "gzip"}},
        JSON,
    ),
    "nothing": ({}, dict, match.body(b"") & ~match.form({})),
    "data= a dict": ({}, lambda: {"data": FIELDS}, match.form(FIELDS)),
    "data= a dict of numbers": ({}, lambda: {"data": {"a": 1, "b": 2.5}}, match.form({"a": 1, "b": 2.5})),
    "data= pairs": ({}, lambda: {"data": [("a", "1"), ("a", "2")]}, match.form({"a": ["2", "1"]})),
    "FormData": ({}, lambda: {"data": form(("a", "1", {}), ("b", "ä &=", {}))}, match.form(FIELDS)),
    "FormData in Latin-1": ({}, lambda: {"data": form(("a", "ä", {}), charset="latin-1")}, match.form({"a": "ä"})),
    "a compressed form": ({}, lambda: {"data": FIELDS, "compress": "gzip"}, match.form(FIELDS)),
    "FormData with a file": (
        {},
        lambda: {
            "data": form(
                ("note", "ö", {}),
                ("f", io.BytesIO(b"\x89PNG\r\n\r\n--"), {"filename": "ä b.png", "content_type": "image/png"}),
            )
        },
        UPLOAD,
    ),
    "FormData that quotes nothing": (
        {},
        lambda: {
            "data": form(
                ("f", io.BytesIO(b"\x89PNG\r\n\r\n--"), {"filename": "ä b.png", "content_type": "image/png"}),
                ("note", "ö", {}),
                quote_fields=False,
            )
        },
        UPLOAD,
    ),
    "FormData in chunks, compressed": (
        {},
        lambda: {"data": form(("f", io.BytesIO(b"x"), {})), "compress": "deflate", "chunked": True},
        match.multipart({"f": b"x"}),
    ),
    "FormData with a type": (
        {},
        lambda: {"data": form(("meta", TEXT, {"content_type": "application/json"}))},
        match.multipart({"meta": match.file(content=TEXT, content_type="application/json")})
        & ~match.form({"meta": TEXT}),
    ),
    "a MultipartWriter": ({}, lambda: {"data": named_parts()}, match.multipart({"a": "1", "b": ["3", 2]})),
    "mixed parts, encoded": (
        {},
        lambda: {
            "data": parts(
                "mixed", ("x" * 100, {"Content-Encoding": "gzip"}), (b"\xff", {"Content-Transfer-Encoding": "base64"})
            )
        },
        match.multipart({None: ["x" * 100, b"\xff"]}),
    ),
    "auth=": ({}, lambda: {"auth": basic_auth("ann", "ö", "utf-8")}, match.basic_auth("ann", "ö")),
    "auth= in Latin-1": ({}, lambda: {"auth": basic_auth("ann", "ö")}, match.basic_auth("ann", "ö")),
    "auth of the session": ({"auth": basic_auth("ann", "x")}, dict, match.basic_auth("ann", "x")),
    "cookies=": ({}, lambda: {"cookies": {"a": "1", "b": 'x;"é'}}, match.cookie("a", 1) & match.cookie("b", 'x;"é')),
    "a Cookie of one's own": (
        {},
        lambda: {"headers": {"Cookie": 'a="1; 2"; b=3'}},
        match.cookie("a", "1; 2") & match.cookie("b", 3),
    ),
    "cookies of the session": ({"cookies": {"a": "1"}}, dict, match.cookie("a", "1") & match.cookie("b", None)),
    "headers of the session": (
        {"headers": {"X-Key": "a", "X-Other": "b"}},
        lambda: {"headers": {"x-other": "c"}},
        match.headers({"x-key": "a", "X-OTHER": "c", "User-Agent": str}),
    ),
    "params=": (
        {},
        lambda: {"params": [("q", "ä b"), ("q", 2), ("r", "")]},
        match.params_contain({"q": [2, "ä b"], "r": None}) & match.params({"q": ["ä b", 2], "r": ""}),
    ),
}
EVERY = [match.json({}), match.form({}), match.multipart({}), match.body("none"), match.header("X-None", "1")]
LATER = {"compress=True": (3, 12)}


def _matchers():
    return [matcher for _, _, matcher in WAYS.values()] + EVERY


@pytest.mark.parametrize("way", [way for way in WAYS if VERSION >= LATER.get(way, (3, 0))])
async def test_as_a_server_sees_it(way, monkeypatch):
    """Every matcher says of a request on the wire just what it says of the same request at a server on loopback."""
    # aiohttp makes a boundary up for each multipart body; here both get the same
    monkeypatch.setattr("aiohttp.multipart.uuid", SimpleNamespace(uuid4=lambda: UUID(int=1)))
    session_options, request_options, matcher = WAYS[way]
    there = await _over_loopback(session_options, request_options)
    aiohttpretty.register_uri("POST", PLACE, check_params=False, match=matcher)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(**session_options) as session:
            await session.post(PLACE, **request_options())
    [call] = aiohttpretty.calls
    assert (matcher.why_not(call), matcher.why_not(there)) == (None, None)
    reasons = [(each.why_not(call), each.why_not(there)) for each in _matchers()]
    assert [pair for pair in reasons if pair[0] != pair[1]] == []


async def _over_loopback(session_options, request_options):
    seen = []

    async def note(request):
        body = await request.read()
        headers = CIMultiDict((name.decode(), value.decode()) for name, value in request.raw_headers)
        # aiohttp's server has decompressed it
        seen.append(SimpleNamespace(method=request.method, url=request.url, request_headers=headers, content=body))
        return web.Response()

    async with RawTestServer(note) as server:
        async with aiohttp.ClientSession(**session_options) as session:
            await session.post(server.make_url("/path"), **request_options())
    return seen[0]


async def test_a_refused_request_says_why():
    """A request that no matcher lets through fails with what each has against it."""
    aiohttpretty.register_uri(
        "POST", PLACE, match=[match.json_contains({"items": [1, {"qty": 3}]}), match.header("X", "1")]
    )
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await session.post(PLACE, json=VALUE)
    assert "✗ json      $.items[1].qty: expected 3, got 2.5" in str(caught.value)


async def test_a_bug_in_a_condition_reaches_the_test():
    """What a function raises comes out of the request as it is."""

    def broken(request):
        raise LookupError(request.method)

    aiohttpretty.register_uri("POST", PLACE, match=broken)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(LookupError, match="POST") as caught:
                await session.post(PLACE, json=VALUE)
    assert caught.traceback[-1].name == "broken"
