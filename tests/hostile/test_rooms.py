"""The rooms that read what comes from outside: whatever it is, they have an answer or a reason, and no other error."""

import re
import warnings

import pytest
from cases import cases
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL

from aiohttpretty import AioHTTPretty, AiohttprettyError, match
from aiohttpretty.activation import Request
from aiohttpretty.addresses.address import address, place_of
from aiohttpretty.addresses.hosts import rules
from aiohttpretty.addresses.uri import key
from aiohttpretty.diagnosis import inquiry, masking, mention
from aiohttpretty.errors import UnreadableBodyError
from aiohttpretty.records.call import Call
from aiohttpretty.wire.framing import BROKEN, COMPLETE, Progress, RequestReader

from .parsing import SEEDS, TARGETS, TOKENS
from .things import NASTY, texts

SECRET = "hunter2-hunter2"

_pieces = st.sampled_from(
    [
        *(
            "..",
            ".",
            "//",
            "/",
            "%2e%2e",
            "%2F",
            "%00",
            "%",
            "%zz",
            "%ff",
            ";a=b",
            "\\",
            "a",
            "é",
            "{n}",
            "{n:.*}",
            "{",
            "}",
        ),
        *("{n:[a-z]{2}}", "{n:(}", "{_}", "?", "&", "=", "#", "+", " ", "a=b", "@", ":", "[", "]", "\ud800", "İ"),
    ]
)
paths = st.lists(st.one_of(_pieces, st.text(NASTY, max_size=2)), max_size=6).map("".join)
hosts = st.one_of(
    st.sampled_from(
        [
            *(
                "a.example",
                "A.EXAMPLE.",
                "bücher.example",
                "xn--bcher-kva.example",
                "xn--",
                "xn--a",
                "xn--zzzz.x",
                "ß.de",
            ),
            *(
                "[::1]",
                "[::1%25eth0]",
                "[::1%eth0]",
                "[fe80::1%25]",
                "[::ffff:1.2.3.4]",
                "127.0.0.1",
                "127.1",
                "0x7f.1",
            ),
            *("1.2.3.4.5", "a" * 64, "a." * 130, "*", "*.a", "-a-", "a_b", "a b", "a\u3002b", "\u2488", "faß.de", "."),
            *(
                "user:pass@a.example",
                "u%40:p%3a@a",
                "@a",
                ":@a",
                "a:80",
                "a:0",
                "a:65536",
                "a:-1",
                "a:",
                "a:é",
                "[::1]:8",
            ),
        ]
    ),
    texts,
)
schemes = st.sampled_from(
    ["http://", "https://", "ws://", "wss://", "HTTP://", "ftp://", "//", "http:/", "http:", "", "é://"]
)
written_urls = st.builds(lambda *parts: "".join(parts), schemes, hosts, paths)


def url_of(text):
    """The URL that a client would make of it, if it would."""
    try:
        url = URL(text)
        return url if url.raw_host and url.scheme in ("http", "https", "ws", "wss") else None
    except (ValueError, IndexError):  # which yarl raises for some
        return None


def asked(url):
    """As aiohttp asks the registry: an absolute URL without a fragment, that has an origin."""
    return url.with_fragment(None)


@cases(0.1)
@given(written_urls, written_urls, st.booleans())
def test_addresses_are_read_or_refused(text, other, beneath):
    """An address, a place for a mount and a host are what was written, or refused; any request may be compared."""
    made = []
    warnings.simplefilter("ignore", FutureWarning)  # of Python's own, about an expression; pytest takes it back
    for make in (
        lambda: address(text, beneath=beneath),
        lambda: place_of(text, beneath=beneath),
        lambda: address(re.compile(re.escape(text))),
    ):
        try:
            made.append(make())
        except AiohttprettyError as error:
            assert str(error)
    try:
        made += [_Rule(rule) for rule in rules([text], "passthrough()")]
    except AiohttprettyError as error:
        assert str(error)
    for url in filter(None, map(url_of, (text, other))):
        for one in made:
            one.fits(asked(url))
    for one in made:
        for another in made:
            if not isinstance(one, _Rule) and not isinstance(another, _Rule):
                one.covers(another)


class _Rule:
    def __init__(self, rule):
        self.fits = rule.fits


@cases(0.08)
@given(written_urls)
def test_an_address_fits_itself(text):
    """What was registered literally answers the request that a client makes of the same text."""
    url = url_of(text)
    if url is None or "{" in text or "}" in text:
        return
    try:
        made = address(text)
    except AiohttprettyError:
        return
    assert made.fits(asked(url)) is not None
    assert key(asked(url)) == key(made.url)


_media = st.sampled_from(
    [
        *("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""),
        *(
            'multipart/mixed; boundary="b"',
            "multipart/form-data",
            "multipart/form-data; boundary*=utf-8''b",
            "multipart/",
        ),
    ]
)
_charsets = st.one_of(
    st.sampled_from(
        ["utf-8", "utf-16", "utf-7", "idna", "punycode", "hex", "zlib", "undefined", "unicode_escape", "mbcs"]
    ),
    st.sampled_from(
        ["raw_unicode_escape", "a\0b", "\ud800", "x" * 200, "rot13", "cp037", "hz", "iso2022_jp", "é", " "]
    ),
)
content_types = st.one_of(
    _media,
    st.builds("{}; charset={}".format, _media, _charsets),
    st.builds('{};charset="{}"'.format, _media, texts),
    texts,
)
_lines = st.sampled_from(
    [
        b"--b",
        b"--b--",
        b"--b \t",
        b"--bb",
        b"",
        b'Content-Disposition: form-data; name="a"',
        b"Content-Disposition: form-data; name=\"a\"; filename*=x-no''%ff",
        b"Content-Disposition: form-data; name*=utf-8''%e4%zz; name",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: no",
        b"Content-Encoding: gzip",
        b"Content-Encoding: br, zstd,deflate",
        b"Content-Type: text/plain; charset=undefined",
        b" folded",
        b"=",
        b"YQ=",
        b"\xff\xfe",
        b"no colon",
    ]
)
contents = st.one_of(
    st.lists(_lines, max_size=8).map(b"\r\n".join),
    st.binary(max_size=30),
    st.lists(
        st.sampled_from([b"{", b"}", b"[", b"]", b'"', b":", b",", b"1", b"NaN", b"1e999", b"\\ud800", b"null", b" "])
    ).map(b"".join),
    st.lists(st.sampled_from([b"a", b"=", b"&", b"%", b"%zz", b"%ff", b"+", b";", b"\0", b"a[]"])).map(b"".join),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"-" * 300]),
)
cookies = st.one_of(
    texts,
    st.lists(st.sampled_from(["a=b", ";", '"', "\\", "\\3", "\\777", "\\101", "=", " ", ",", '"\\"'])).map("".join),
)
codings = st.sampled_from(
    ["", "gzip", "deflate", "br", "zstd", "gzip, br", "x", "identity", " gzip ,", "gzip;q=1", "GZIP"]
)
authorizations = st.one_of(
    texts,
    st.sampled_from(["Basic", "Basic ", "Basic YTpi", "Basic YQ==", "Basic \u00e9", "basic /w==", "Bearer " + SECRET]),
)


def call(method, url, headers, content):
    """A call as the wire records it."""
    made = Call(method, url, None, {})
    lines = "".join(f"\r\n{name}: {value}" for name, value in headers if "\r" not in value and "\n" not in value)
    made.considered(f"{method} / HTTP/1.1{lines}\r\n\r\n".encode("utf-8", "surrogateescape"), [content])
    return made


def sendable(text):
    """As aiohttp sends it."""
    return text.encode("utf-8", "replace").decode("utf-8")


headers = st.builds(
    lambda content_type, coding, cookie, authorization: [
        ("Content-Type", sendable(content_type)),
        *([("Content-Encoding", coding)] if coding else []),
        ("Cookie", sendable(cookie)),
        ("Authorization", sendable(authorization)),
    ],
    content_types,
    codings,
    cookies,
    authorizations,
)
MATCHERS = [
    match.json({"a": 1}),
    match.json_contains([match.any_order([1, str])]),
    match.form({"a": "b"}),
    match.form([("a", int), ("a", re.compile("b"))]),
    match.multipart({"a": "b"}),
    match.multipart({None: match.file(filename=str, content=b"x", content_type="text/plain")}),
    match.multipart([("a", str), ("a", bytes)]),
    match.body(re.compile("x")),
    match.body(b"x"),
    match.body("é"),
    match.header("Content-Type", re.compile("x")),
    match.cookie("a", "b"),
    match.cookie("a", None),
    match.params({"a": ["b", 1, None]}),
    match.params_contain({"a": float}),
    match.basic_auth("a", "b"),
    match.basic_auth(str, int),
]


@cases(0.08)
@given(headers, contents, written_urls)
def test_matchers_have_a_reason_for_any_request(fields, content, text):
    """A matcher fits, or says why not, whatever the request; it never raises."""
    request = call("POST", asked(url_of(text) or URL("http://a.example/?a=b")), fields, content)
    for matcher in MATCHERS:
        reason = matcher.why_not(request)
        assert reason is None or (isinstance(reason, str) and reason)


@cases(0.08)
@given(headers, contents)
def test_a_call_is_read_or_says_why_not(fields, content):
    """What is asked of a call is there, or a `ValueError` says what is wrong with the body."""
    request = call("POST", URL("http://a.example/"), fields, content)
    for read in (request.text, request.json, request.form, request.multipart, lambda: request.content):
        try:
            read()
        except (UnreadableBodyError, UnicodeDecodeError, ValueError) as error:
            assert str(error)
        except RecursionError:
            assert content.startswith((b"[[", b'{"a":{'))
    assert repr(request)
    assert request.request_headers is not None


@st.composite
def requests_in_bytes(draw):
    """A request as a client might frame it."""
    fields = draw(
        st.lists(
            st.sampled_from(
                [
                    *(b"Content-Length: 3", b"content-length:3", b"Content-Length: -3", b"Content-Length: \xb2"),
                    *(
                        b"Content-Length: 99999999999999999999999",
                        b"Content-Length: 3, 3",
                        b"Content-Length: " + b"9" * 5000,
                    ),
                    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: x"),
                    *(
                        b"Expect: 100-continue",
                        b"Connection: close",
                        b"Connection: upgrade",
                        b"X: \r",
                        b"",
                        b"no",
                        b": x",
                    ),
                ]
            ),
            max_size=4,
        )
    )
    body = draw(
        st.one_of(st.binary(max_size=10), st.sampled_from([b"3\r\nabc\r\n0\r\n\r\n", b"0\r\n\r\n", b"3;a\r\nabc\r\n"]))
    )
    line = draw(st.sampled_from([b"POST / HTTP/1.1", b"GET / HTTP/1.0", b"", b"\xff", b"0"]))
    return b"\r\n".join([line, *fields, b"", b""]) + body


@cases(0.1)
@given(requests_in_bytes(), st.lists(st.integers(0, 80), max_size=5))
def test_framing_reads_any_bytes(data, cuts):
    """The wire's reader says how far it is, whatever comes, and the same in whatever pieces it comes."""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    progress, bodies = [], []
    for pieces in ([data], [data[start:end] for start, end in zip(edges, edges[1:], strict=False)]):
        reader, last = RequestReader(), Progress.MORE
        for piece in pieces:
            last = reader.feed(piece)
            if last in (BROKEN, COMPLETE):
                break
        progress.append(last)
        bodies.append(b"".join(reader.body))
        b"".join(reader.replayed())
    if BROKEN not in progress and COMPLETE not in progress:
        assert bodies[0] == bodies[1]


class _Known:
    """What aiohttp would have sent, of a request that was not."""

    def __init__(self, headers, content):
        self.headers = CIMultiDict(headers)
        self.content = content
        self.spot = self.task = self.asked = None
        self.tasks = ()
        self.token = object()
        self.passes = False


ROUTES = st.lists(
    st.one_of(
        written_urls,
        st.sampled_from(
            ["http://a.example/x", "http://a.example/{n}", "http://a.example/{n:.*}/y", "https://a.example/?a=b"]
        ),
    ),
    max_size=4,
)


@cases(0.08)
@given(ROUTES, st.lists(st.sampled_from(MATCHERS), max_size=2), written_urls, headers, contents, st.booleans())
def test_a_report_is_written_for_any_request(routes, matchers, text, fields, content, sent):
    """Any request and any routes give a report that ends, and no secret of the request is in it."""
    url = asked(url_of(text) or URL("http://a.example/y")).update_query({"password": SECRET})
    fields = [*fields, ("X-Api-Key", SECRET), ("Cookie", f"session={SECRET}")]
    pretty = AioHTTPretty()
    for route in routes:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pretty.register_uri("GET", route, match=matchers)
        except AiohttprettyError as error:
            assert str(error)
    head = b"POST / HTTP/1.1" + b"".join(
        f"\r\n{name}: {value}".encode("utf-8", "surrogateescape")
        for name, value in fields
        if not set(value) & set("\r\n")
    )
    if sent:
        request, known = Request("POST", url, {}, head + b"\r\n\r\n", [content]), None
    else:
        request, known = Request("POST", url, {}), _Known(fields, content)
    error = inquiry.no_match(request, known, [pretty._ledger], list, [])
    assert str(error)
    for told in (str(error), error.suggestion, repr(error.request), repr(error)):
        assert SECRET not in told


@cases(0.08)
@given(
    st.one_of(texts, paths, contents.map(lambda content: content[:300].decode("latin-1"))),
    st.sampled_from(["X", "Cookie"]),
)
def test_masking_takes_any_text(text, name):
    """A text of any kind is masked, and nothing of it breaks that."""
    shown = masking.assigned(f"{text} password={SECRET} {text}")
    assert isinstance(shown, str)
    assert list(mention.mentions(text)) is not None
    assert isinstance(masking.header(name, text), str)
    secrets = masking.Secrets([text, SECRET])
    assert SECRET not in secrets.scrub(f"{text}{SECRET}{text}…", quoted=True)


@pytest.mark.parametrize("piece", ["[" * 50_000, '{"a":' * 50_000, "(" * 50_000, "a=" * 50_000, "password " * 20_000])
def test_masking_ends(piece):
    """A long text of nothing but beginnings is masked as well."""
    assert isinstance(masking.assigned(piece), str)


_tokens = st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)), max_size=30).map(b"".join)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_seeds_are_read(name):
    """What the fuzzer begins with is read by each of its targets."""
    for seed in (b"", *SEEDS):
        TARGETS[name](seed)


@cases(0.1)
@given(st.sampled_from(sorted(TARGETS)), st.one_of(_tokens, st.binary(max_size=60)), st.sampled_from([b"", *SEEDS]))
def test_any_bytes_are_read(name, data, seed):
    """Each room that reads bytes from outside keeps to what it promises, as its target for the fuzzer says."""
    TARGETS[name](data)
    TARGETS[name](seed[: len(data)] + data + seed[len(data) * 2 :])
