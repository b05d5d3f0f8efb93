"""A call's record says what was asked and answered, and its list can be filtered."""

import gzip
import hashlib
import json
from types import SimpleNamespace

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import aiohttpretty
from aiohttpretty import match
from aiohttpretty.errors import BodyNotKeptError, UnreadableBodyError
from aiohttpretty.records.call import Call, Raised
from aiohttpretty.records.recorded import LARGE, START, fields

URL_ = URL("http://example.com/a?b=1")
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xx"
PARTS = (
    b'--xx\r\nContent-Disposition: form-data; name="note"\r\n\r\nh\xc3\xa9\r\n'
    b'--xx\r\nContent-Disposition: form-data; name="f"; filename="a%20b.txt"\r\nX-Part: 1\r\n'
    b"Content-Type: text/plain; charset=latin-1\r\nContent-Transfer-Encoding: base64\r\n\r\n6Q==\r\n--xx--\r\n"
)


@pytest.fixture
def registry():
    return aiohttpretty.AioHTTPretty()


@pytest.fixture
def made(registry):
    """`made(body, content_type=None, method="POST", url=URL_)`: a call, as the wire would have recorded it."""

    def make(*body, content_type=None, method="POST", url=URL_, registry=registry, **headers):
        route = registry.register_uri(method, url)
        call = Call(method, URL(url), route, {})
        call.started = 0.0
        fields = {"Host": "example.com", **({"Content-Type": content_type} if content_type else {}), **headers}
        lines = [f"{method} /a HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        call.received("\r\n".join([*lines, "", ""]).encode(), list(body))
        registry.calls.append(call)
        return call

    return make


# -- bodies, read


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"", None, ""),
        ("é".encode(), None, "é"),
        ("é".encode(), "text/plain", "é"),
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", "é"),
        ("é".encode("utf-16"), 'text/plain; Charset="utf-16"', "é"),
    ],
)
def test_text(made, body, content_type, text):
    """text() decodes by the charset of the Content-Type; by UTF-8 if that names none."""
    assert made(body, content_type=content_type).text() == text


def test_text_that_is_none(made):
    """What is no such text is Python's own error."""
    with pytest.raises(UnicodeDecodeError):
        made(b"\xff").text()


def test_an_unknown_charset(made):
    """A charset that doesn't exist is a sentence of ours, and a ValueError."""
    with pytest.raises(ValueError, match="charset") as caught:
        made(b"x", content_type="text/plain; charset=klingon").text()
    assert type(caught.value) is UnreadableBodyError
    assert str(caught.value) == (
        "The Content-Type 'text/plain; charset=klingon' names the charset 'klingon', which Python doesn't know. Decode "
        "the bytes yourself: they are in content."
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"a": "\xc3\xa9"}', "application/json"),
        (b'\xef\xbb\xbf{"a": "\xc3\xa9"}', "application/json"),
        ('{"a": "é"}'.encode("utf-16"), "application/json; charset=utf-16"),
        (b'{"a": "\xe9"}', "application/json; charset=latin-1"),
    ],
)
def test_json(made, body, content_type):
    """json() reads JSON in every encoding of Unicode, and in the charset that the Content-Type names."""
    assert made(body, content_type=content_type).json() == {"a": "é"}


def test_json_that_is_none(made):
    """What is no JSON is json's own error."""
    with pytest.raises(json.JSONDecodeError):
        made(b"{").json()


def test_form(made):
    """form() gives the fields in order, also those of one name, decoded."""
    form = made(b"a=1&a=2&b=+%26&c=", content_type=FORM).form()
    assert list(form.items()) == [("a", "1"), ("a", "2"), ("b", " &"), ("c", "")]
    assert form.getall("a") == ["1", "2"]
    assert list(made(b"a=%e9", content_type=f"{FORM}; charset=latin-1").form().items()) == [("a", "é")]


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        (
            b"{}",
            "application/json",
            "form() reads a body of application/x-www-form-urlencoded, and this one is application/json. If it is "
            "right that the client sends that, read it with text() or json().",
        ),
        (
            b"",
            None,
            "form() reads a body of application/x-www-form-urlencoded, and this one is of no Content-Type. If it is "
            "right that the client sends that, read it with text() or json().",
        ),
        (
            PARTS,
            MULTIPART,
            "form() reads a body of application/x-www-form-urlencoded, and this one is multipart/form-data; "
            "boundary=xx. If it is right that the client sends that, read it with multipart().",
        ),
        (
            b"a=1",
            f"{FORM}; charset=klingon",
            "form() can't read the body: the charset 'klingon' of the form is not known. Look at the bytes in content.",
        ),
    ],
)
def test_a_form_that_is_none(made, body, content_type, sentence):
    """form() of another body says what it is, and how to read it."""
    with pytest.raises(UnreadableBodyError) as caught:
        made(body, content_type=content_type).form()
    assert str(caught.value) == sentence


def test_multipart(made):
    """multipart() gives the parts in order, each with all that is known of it, its content decoded."""
    note, file = made(PARTS, content_type=MULTIPART).multipart()
    assert (note.name, note.filename, note.content_type, note.content) == ("note", None, "text/plain", "hé".encode())
    assert note.text() == "hé"
    assert (file.name, file.filename, file.content) == ("f", "a%20b.txt", b"\xe9")
    assert file.content_type == "text/plain; charset=latin-1"
    assert file.headers["x-part"] == "1"
    assert file.text() == "é"


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        (
            b"a=1",
            FORM,
            "multipart() reads a body of multipart/form-data or the like, and this one is "
            "application/x-www-form-urlencoded. If it is right that the client sends that, read it with form().",
        ),
        (
            b"{}",
            "application/json",
            "multipart() reads a body of multipart/form-data or the like, and this one is application/json. If it is "
            "right that the client sends that, read it with text() or json().",
        ),
        (
            PARTS,
            "multipart/form-data",
            "The Content-Type 'multipart/form-data' names no boundary, so nobody can tell the parts. Leave the header "
            "to aiohttp, which writes one.",
        ),
        (
            PARTS[:50],
            MULTIPART,
            "multipart() can't read the body: the multipart body breaks off: its last delimiter, --xx--, is missing. "
            "Look at the bytes in content.",
        ),
    ],
)
def test_multipart_that_is_none(made, body, content_type, sentence):
    """multipart() of another body says what it is, and how to read it."""
    with pytest.raises(UnreadableBodyError) as caught:
        made(body, content_type=content_type).multipart()
    assert str(caught.value) == sentence


def test_compressed_bodies_are_read_decompressed(made):
    """body is what went over the wire; everything that reads it decompresses first."""
    call = made(gzip.compress(b"a=1"), content_type=FORM, **{"Content-Encoding": "gzip"})
    assert (call.body, call.content, call.text()) == (gzip.compress(b"a=1"), b"a=1", "a=1")
    assert dict(call.form()) == {"a": "1"}


# -- large bodies


def test_a_body_of_1_mib_is_kept_whole(made):
    """Up to 1 MiB nothing is lost; size and digest are those of the body."""
    body = bytes(LARGE)
    call = made(body[:10], body[10:])
    assert call.body == body
    assert (call.body_size, call.body_start) == (LARGE, bytes(START))
    assert call.body_digest == hashlib.sha256(body).hexdigest()


def test_a_larger_body_is_kept_in_short(made):
    """Of a larger one there are the first 64 KiB, size and digest, and who asks for the rest is told the cure."""
    body = b"start" + bytes(LARGE)
    call = made(body[:10], body[10:])
    assert call.body_start == body[:START]
    assert call.body_size == LARGE + 5
    assert call.body_digest == hashlib.sha256(body).hexdigest()
    for look in (lambda: call.body, lambda: call.content, call.text, call.json, call.form, call.multipart):
        with pytest.raises(BodyNotKeptError) as caught:
            look()
        assert str(caught.value) == (
            "The body of POST http://example.com/a?b=1 was 1048581 bytes long. Of one above 1048576, the first 65536 "
            "bytes are kept (call.body_start), the size (call.body_size) and the SHA-256 (call.body_digest). To have "
            "all of it, keep bodies whole: activate(keep_bodies=True), or keep_bodies=True in the marker."
        )


def test_not_kept_is_not_unfit(made, registry):
    """A matcher that needs the rest doesn't say no for it: that would be a guess."""
    made(bytes(LARGE + 1))
    with pytest.raises(BodyNotKeptError):
        registry.calls.matching("POST", URL_, match=match.body(b"x"))
    assert len(registry.calls.matching("POST", URL_, match=match.header("Host", "example.com"))) == 1


def test_a_large_body_while_it_comes(made):
    """What is taken while the body comes is not left behind, and makes the same record."""
    body = b"start" + bytes(LARGE)
    call = made()
    coming = [body[:100], body[100:LARGE]]
    call.receiving(coming)
    assert coming == []
    call.received(b"POST /a HTTP/1.1\r\n\r\n", [body[LARGE:]])
    assert (call.body_start, call.body_size) == (body[:START], LARGE + 5)
    assert call.body_digest == hashlib.sha256(body).hexdigest()


def test_keep_bodies(made):
    """With keep_bodies, a body is kept whole, however large it is."""
    call = made(bytes(LARGE), b"end", registry=aiohttpretty.AioHTTPretty(keep_bodies=True))
    coming = [b"more"]
    call.receiving(coming)
    assert (coming, call.body_size) == ([b"more"], LARGE + 3)
    assert call.body == bytes(LARGE) + b"end"
    assert call.body_digest == hashlib.sha256(call.body).hexdigest()


# -- what became of it


def test_what_was_answered(made):
    """Status and headers are those that the client got, whether they were registered or written by a handler."""
    call = made()
    assert (call.status, dict(call.response_headers), repr(call)) == (
        None,
        {},
        "<Call POST http://example.com/a?b=1 -> not answered>",
    )
    headers = CIMultiDictProxy(CIMultiDict([("X", "1"), ("X", "2")]))
    call.answered(200, headers)
    assert (call.status, call.response_headers) == (200, headers)
    call.answered(201, b"HTTP/1.1 201 Created\r\nX-One: \xc3\xa9\r\nX-Two: 2\r\n\r\n")
    assert list(call.response_headers.items()) == [("X-One", "é"), ("X-Two", "2")]
    assert repr(call) == "<Call POST http://example.com/a?b=1 -> 201>"


class _OfItsOwn(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError("slow"), "TimeoutError: slow"),
        (TimeoutError(), "TimeoutError"),
        (json.JSONDecodeError("what", "", 0), "json.decoder.JSONDecodeError: what: line 1 column 1 (char 0)"),
        (_OfItsOwn(), f"{__name__}._OfItsOwn"),
    ],
)
def test_what_was_raised(made, error, text):
    """An exception is kept as its type and text, so that neither its traceback nor what that holds stays alive."""
    call = made()
    call.ended(error)
    assert str(call.error) == text
    assert type(call.error) is Raised
    assert call.error.kind is type(error)
    assert repr(call) == f"<Call POST http://example.com/a?b=1 -> {type(error).__name__}>"
    call.answered(200, b"")
    assert repr(call) == f"<Call POST http://example.com/a?b=1 -> 200, {type(error).__name__}>"


def test_the_first_end_counts(made):
    """A call ends once, and what is raised first is what was raised."""
    call = made()
    assert call.duration is None
    call.ended()
    took = call.duration
    assert took > 0
    call.ended(TimeoutError("first"))
    call.ended(ValueError("second"))
    assert (call.duration, str(call.error)) == (took, "TimeoutError: first")


@pytest.mark.parametrize(
    ("status", "url", "redirected", "attempt"),
    [
        (302, URL("http://example.com/other"), True, 1),
        (302, URL_, True, 1),  # to itself, with a cookie
        (None, URL_, False, 2),
        (200, URL_, False, 1),
        (None, URL("http://example.com/other"), False, 1),
    ],
)
def test_one_call_after_another(made, status, url, redirected, attempt):
    """After a redirect it is the next hop; after nothing at all, the same again is a second attempt."""
    before, call = made(), made(url=url)
    if status is not None:
        before.answered(status, b"")
    call.follows(before)
    assert (call.redirected_from, call.attempt) == (before if redirected else None, attempt)


def test_the_second_attempt_of_a_hop(made):
    """A second attempt was redirected from where the first one was."""
    first, lost, again = made(), made(), made()
    first.answered(302, b"")
    lost.follows(first)
    again.follows(lost)
    assert (again.redirected_from, again.attempt) == (first, 2)


def test_a_head_that_is_no_text():
    """Names and values of headers are read as aiohttp reads them, whatever their bytes are."""
    read = fields(b"HTTP/1.1 200 OK\r\n\xef: \xff\r\nX-\xc3\xa9: \xc3\xa9\r\n\r\n")
    assert list(read.items()) == [("\udcef", "\udcff"), ("X-é", "é")]


# -- described


def test_describe(made, registry, monkeypatch, tmp_path):
    """describe() says all of it, and no secret."""
    before = made(method="GET", url="http://example.com/login?token=abcdefgh")
    before.answered(307, b"")
    call = made(
        b'{"user": "me",\n "password": "hush-hush"}', content_type="application/json", Authorization="Bearer abcd"
    )
    route = SimpleNamespace(method="POST", address=call.route.address, origin="tests/test_shop.py:8")
    monkeypatch.setattr(call, "route", route)
    call.follows(before)
    call.attempt = 2
    call.answered(201, b"HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nSet-Cookie: sid=1\r\n\r\n")
    call._ended = 0.00125
    assert call.describe() == (
        "POST http://example.com/a?b=1 -> 201\n"
        "  asked at         not known\n"
        "  route            POST http://example.com/a?b=1, registered at tests/test_shop.py:8\n"
        "  attempt          2: aiohttp sent it again, because the connection was lost before an answer\n"
        "  redirected from  GET http://example.com/login?token=*** -> 307\n"
        "  took             0.001250 s\n"
        "Request:\n"
        "  Host: example.com\n"
        "  Content-Type: application/json\n"
        "  Authorization: Bearer ***\n"
        "\n"
        '  {"user": "me",\n'
        '   "password": "***"}\n'
        "Answer:\n"
        "  Content-Type: text/plain\n"
        "  Set-Cookie: sid=***"
    )


@pytest.mark.parametrize(
    ("body", "headers", "end"),
    [
        (b"\x00\x01", {}, f"  2 bytes, SHA-256 {hashlib.sha256(bytes([0, 1])).hexdigest()}"),
        (gzip.compress(b"text", mtime=0), {"Content-Encoding": "gzip"}, "  text"),
        (
            b"x" * 2000,
            {},
            f"  {'x' * 1000}\n  … (2000 bytes, SHA-256 {hashlib.sha256(b'x' * 2000).hexdigest()})",
        ),
        (
            b"a" * 999 + "é".encode() + bytes(LARGE),
            {},
            f"  {'a' * 999}\n  … ({LARGE + 1001} bytes, SHA-256 "
            f"{hashlib.sha256(b'a' * 999 + 'é'.encode() + bytes(LARGE)).hexdigest()})",
        ),
        (b"", {"X-Long": "y" * 500}, f"  X-Long: {'y' * 199}…"),
    ],
)
def test_describe_shortens(made, body, headers, end):
    """Long bodies and headers are cut, and what is no text is shown by its size and digest."""
    assert made(*([body] if body else []), **headers).describe().endswith("\n" + end)


def test_describe_before_the_request_is_whole(registry):
    """Of a call whose request is still coming, nothing is said but where it goes."""
    call = Call("POST", URL_, registry.register_uri("POST", URL_), {})
    assert call.describe() == (
        "POST http://example.com/a?b=1 -> not answered\n"
        "  asked at  not known\n"
        f"  route     POST http://example.com/a?b=1, registered at {call.route.origin}"
    )


def test_describe_without_an_answer(made):
    """What was raised stands where the answer would."""
    call = made()
    assert call.describe().splitlines()[0] == "POST http://example.com/a?b=1 -> not answered"
    call.ended(TimeoutError("slow"))
    assert call.describe().splitlines()[0] == "POST http://example.com/a?b=1 -> TimeoutError: slow"


# -- the list


def test_matching(made, registry):
    """calls.matching() finds calls in the words of registering, in order."""
    one = made(b'{"id": 1}', url="http://example.com/items/1?page=1", content_type="application/json")
    two = made(b'{"id": 2}', url="http://example.com/items/2?page=2", content_type="application/json")
    other = made(method="GET", url="http://other.com/")
    calls = registry.calls
    assert calls.matching("post", "http://example.com/items/1", params={"page": 1}) == [one]
    assert calls.matching("POST", "http://example.com/items/1") == []
    assert calls.matching("POST", "http://example.com/items/1", check_params=False) == [one]
    assert calls.matching("*", "http://example.com/items/{id}", check_params=False) == [one, two]
    assert calls.matching("POST", "http://example.com/items/{id}", check_params=False, match=match.json({"id": 2})) == [
        two
    ]
    seven = match.where(lambda call: call.match_info["id"] == "2")
    assert calls.matching("POST", "http://example.com/items/{id}", check_params=False, match=seven) == [two]
    assert calls.matching("GET", "http://other.com") == [other]
    assert calls.matching("*", "http://example.com/items/{id}", check_params=False).matching(
        "*", "http://example.com/items/1?page=1"
    ) == [one]


def test_matching_refuses_what_registering_refuses(registry):
    """The same mistakes get the same sentences."""
    with pytest.raises(aiohttpretty.OptionValueError, match="has no scheme or no host"):
        registry.calls.matching("GET", "/path")
    with pytest.raises(aiohttpretty.OptionTypeError, match="is not a str"):
        registry.calls.matching(None, "http://example.com/")


def test_calls_are_a_list(made, registry):
    """Whatever is done with a list is done with calls."""
    calls = registry.calls
    assert calls == []
    call = made()
    assert calls == [call]
    assert calls[-1] is call
    [only] = calls
    assert (only, len(calls), list(calls)) == (call, 1, [call])
    calls.clear()
    assert not calls
