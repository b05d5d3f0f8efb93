"""Everything is checked when it is registered, on the line that wrote it."""

import asyncio
import http
import inspect
import io

import pytest
from multidict import CIMultiDict, MultiDict
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, AiohttprettyError, OptionTypeError, OptionValueError

URI = "http://example.com/"
KINDS = (
    "Give bytes, bytearray, memoryview, str (sent as UTF-8), a pathlib.Path, a file object, an object with an async "
    "read(size), an async iterable, or an async generator function; for JSON, use json= or register_json_uri."
)
OPTIONS = (
    "The options are: status, reason, headers, body, json, sse, charset, cookies, content_encoding, location, "
    "auto_length, delay, error, fault, handler, expect_errors, time, params, check_params, match, responses, "
    "exhausted, times, optional."
)
REPLY_OPTIONS = (
    "The options are: status, reason, headers, body, json, sse, charset, cookies, content_encoding, location, "
    "auto_length, delay, error, fault, handler, expect_errors, time."
)

REFUSED_TYPES = {
    "an unknown option": (
        {"stauts": 200},
        f"register_uri has no option 'stauts'. Did you mean 'status'? {OPTIONS}",
    ),
    "an option like no other": (
        {"zzz": 200},
        f"register_uri has no option 'zzz'. {OPTIONS}",
    ),
    "a word of another library": (
        {"status_code": 200},
        f"register_uri has no option 'status_code'. Did you mean 'status'? {OPTIONS}",
    ),
    "what the request would carry": (
        {"data": b"x"},
        f"register_uri has no option 'data'. Write it as match=match.form(...) or match.json(...). {OPTIONS}",
    ),
    "an unknown option of one response": (
        {"responses": [{}, {"bdy": b""}]},
        f"responses[1] has no option 'bdy'. Did you mean 'body'? {REPLY_OPTIONS}",
    ),
    "responses that are no list": (
        {"responses": {"status": 200}},
        "responses={'status': 200} is not a list. Give a list of dicts, one a call, such as "
        "responses=[{'status': 500}, {'body': b'ok'}].",
    ),
    "a response that is no dict": (
        {"responses": [{}, 200]},
        "responses[1] is 200, not a dict. Give a dict of reply options, such as {'status': 200, 'body': b'ok'}.",
    ),
    "a status that is no int": (
        {"status": "200"},
        "status='200' is not a status code. Give an int from 200 to 599, or a member of http.HTTPStatus.",
    ),
    "a status that is a bool": (
        {"status": True},
        "status=True is not a status code. Give an int from 200 to 599, or a member of http.HTTPStatus.",
    ),
    "a reason that is no str": (
        {"reason": b"OK"},
        "reason=b'OK' is not a str. Give the words behind the status, such as 'Not Found', or leave it out.",
    ),
    "headers that are no pairs": (
        {"headers": "X: 1"},
        "headers='X: 1' are neither a mapping nor pairs. Give a dict, a multidict or a list of (name, value) pairs.",
    ),
    "headers that are nothing": (
        {"headers": 5},
        "headers=5 are neither a mapping nor pairs. Give a dict, a multidict or a list of (name, value) pairs.",
    ),
    "a header name that is no str": (
        {"headers": {b"X": "1"}},
        "The header name b'X' is not a str. Write it as one, such as 'Content-Type'.",
    ),
    "a header value that is no str": (
        {"headers": {"X": b"1"}},
        "The header X has the value b'1', which is not a str. Write it as one; for a repeated header give a list of "
        "pairs.",
    ),
    "a body that can't be sent": ({"body": 1234}, f"body=1234 can't be sent. {KINDS}"),
    "a body that is None": ({"body": None}, f"body=None can't be sent. {KINDS}"),
    "a body that is JSON": ({"body": {"a": 1}}, f"body={{'a': 1}} can't be sent. {KINDS}"),
    "two bodies": (
        {"body": b"", "json": {}},
        "body= and json= are both given, and an answer has one body. Leave one of them out.",
    ),
    "a value that JSON has no type for": (
        {"json": {1, 2}},
        "The value can't be written as JSON: Object of type set is not JSON serializable. Give dicts with str keys, "
        "lists, str, int, float, bool and None, or encode it yourself and use register_uri with body=.",
    ),
}
REFUSED_PARAMS = [(5, TypeError), ([1, 2], TypeError), (["abc"], ValueError), ([("a", 1, 2)], ValueError)]
REFUSED_VALUES = {
    "no responses": (
        {"responses": []},
        "responses=[] answers nothing. Give one dict a call, such as responses=[{'status': 500}, {'body': b'ok'}], or "
        "leave responses out.",
    ),
    "params of a response": (
        {"responses": [{"params": {"a": "1"}}]},
        "responses[0] has params, but the query says which request is meant, not what is answered. Register once for "
        "each query and give params there.",
    ),
    "responses of a response": (
        {"responses": [{"responses": [{}]}]},
        "responses[0] has responses of its own. Write all replies into one list.",
    ),
    "a status below": (
        {"status": 199},
        "status=199 can't end a request. Give an int from 200 to 599, or a member of http.HTTPStatus.",
    ),
    "a status above": (
        {"status": 600},
        "status=600 can't end a request. Give an int from 200 to 599, or a member of http.HTTPStatus.",
    ),
    "an interim status": (
        {"status": http.HTTPStatus.CONTINUE},
        "status=100 can't end a request. Give an int from 200 to 599, or a member of http.HTTPStatus.",
    ),
    "a reason that injects": (
        {"reason": "OK\r\nX: 1"},
        "reason='OK\\r\\nX: 1' has a line break or a NUL in it, which would end the status line. Take it out.",
    ),
    "a header name that is no token": (
        {"headers": {"X Y": "1"}},
        "The header name 'X Y' is not a token (RFC 9110, 5.6.2). Use letters, digits and hyphens, without spaces or "
        "colons.",
    ),
    "a header that injects": (
        {"headers": {"X": "1\nY: 2"}},
        "The header X has the value '1\\nY: 2', with a line break or a NUL in it, which would end the header. Take it "
        "out.",
    ),
    "a value that JSON does not know": (
        {"json": float("nan")},
        "The value can't be written as JSON: Out of range float values are not JSON compliant{nan}. Give dicts with "
        "str keys, lists, str, int, float, bool and None, or encode it yourself and use register_uri with body=.",
    ),
}


def refused(options):
    with pytest.raises(AiohttprettyError) as caught:
        aiohttpretty.register_uri("GET", URI, **options)
    assert not aiohttpretty.registry
    return caught.value


@pytest.mark.parametrize("case", REFUSED_TYPES)
def test_wrong_types(case):
    """An option that does not exist, or of the wrong kind, is a TypeError of ours that says what to write."""
    options, sentence = REFUSED_TYPES[case]
    error = refused(options)
    assert isinstance(error, OptionTypeError)
    assert isinstance(error, TypeError)
    assert str(error) == sentence


@pytest.mark.parametrize("case", REFUSED_VALUES)
def test_wrong_values(case):
    """A value that can't be served is a ValueError of ours that says what to write."""
    options, sentence = REFUSED_VALUES[case]
    error = refused(options)
    assert isinstance(error, OptionValueError)
    assert isinstance(error, ValueError)
    assert str(error) in (sentence.replace("{nan}", ""), sentence.replace("{nan}", ": nan"))


@pytest.mark.parametrize(("params", "kind"), REFUSED_PARAMS, ids=str)
def test_params_that_are_none(params, kind):
    """What is neither a mapping nor pairs is no query, and that is said with what to give."""
    error = refused({"params": params})
    assert isinstance(error, kind)
    assert str(error).startswith(f"params={params!r} can't be put into a query: ")
    assert str(error).endswith(
        ". Give a mapping or a list of pairs whose values are str, int, float, None (an empty value) or sequences of "
        "them."
    )


@pytest.mark.parametrize("character", ["\r", "\n", "\0"])
@pytest.mark.parametrize("options", [{"reason": "a{}b"}, {"headers": {"X": "a{}b"}}, {"headers": {"X{}": "b"}}])
def test_no_injection(character, options):
    """CR, LF and NUL are refused wherever they would change the head."""
    options = {
        word: value.format(character)
        if isinstance(value, str)
        else {name.format(character): text.format(character) for name, text in value.items()}
        for word, value in options.items()
    }
    assert isinstance(refused(options), OptionValueError)


def test_auto_length_of_a_stream():
    """A size that is not known can't be promised."""
    assert str(refused({"body": ReadsAll(), "auto_length": True})) == (
        "auto_length=True needs a body whose size is known, and this one is a stream. Give the Content-Length in "
        "headers, or the body as bytes."
    )


@pytest.mark.parametrize(
    ("method", "kind", "sentence"),
    [
        (b"GET", OptionTypeError, "method=b'GET' is not a str. Give an HTTP method, such as 'GET'."),
        ("", OptionValueError, "method='' is not an HTTP method. Give one such as 'GET'."),
        ("GET /", OptionValueError, "method='GET /' is not an HTTP method. Give one such as 'GET'."),
    ],
)
def test_wrong_method(method, kind, sentence):
    """A method that no request can have is refused."""
    with pytest.raises(kind) as caught:
        aiohttpretty.register_uri(method, URI)
    assert str(caught.value) == sentence


async def answered():
    return b""


def generator():
    yield b"x"


GENERATOR = " An ordinary generator becomes an async one with async def; or join its pieces, with b''.join(...)."


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (object(), ""),
        ([b"x"], ""),
        (1.5, ""),
        (io.BytesIO, " To compute an answer for each request, use handler=."),
        (answered, " To compute an answer for each request, use handler=."),
        (generator, GENERATOR),
        (generator(), GENERATOR),
        (iter([b"x"]), GENERATOR),
    ],
)
def test_other_bodies(body, hint):
    """What is neither bytes, text, a file nor an async stream is no body."""
    with pytest.raises(TypeError) as caught:
        aiohttpretty.register_uri("GET", URI, body=body)
    assert str(caught.value) == f"body={body!r} can't be sent.{hint} {KINDS}"


class ReadsAll:
    """An async read without a size."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    async def read(self):
        return self.pieces.pop(0) if self.pieces else b""


async def answer(method="GET", uri=URI, **options):
    response = await aiohttpretty.fake_request(method, uri, **options)
    await response.read()
    return response


@pytest.mark.parametrize("body", [b"abc", bytearray(b"abc"), memoryview(b"abc"), "abc"])
async def test_bodies(body):
    """Bytes of every kind, and text, arrive, as often as they are asked for."""
    aiohttpretty.register_uri("GET", URI, body=body)
    assert [await (await answer()).read() for _ in range(2)] == [b"abc", b"abc"]


async def test_text_is_sent_as_utf_8():
    """A str body is sent as UTF-8, and shown so."""
    aiohttpretty.register_uri("GET", URI, body="résumé")
    assert await (await answer()).read() == "résumé".encode()
    assert aiohttpretty.registry["GET", URI] == {"body": "résumé".encode()}


async def test_a_bytearray_is_taken_as_it_was():
    """What happens to a buffer after the registration does not change the answer."""
    buffer = bytearray(b"abc")
    aiohttpretty.register_uri("GET", URI, body=buffer)
    buffer[:] = b"xyz"
    assert await (await answer()).read() == b"abc"


def stream_reader():
    reader = asyncio.StreamReader()
    reader.feed_data(b"ab")
    reader.feed_data(b"c")
    reader.feed_eof()
    return reader


class Wrapped:
    """An object whose read is a callable object with an async __call__."""

    class Read:
        left = b"abc"

        async def __call__(self, size):
            piece, self.left = self.left[:size], self.left[size:]
            return piece

    def __init__(self):
        self.read = self.Read()


@pytest.mark.parametrize("make", [stream_reader, lambda: ReadsAll(b"ab", b"c"), Wrapped])
async def test_async_readers(make):
    """An object with an async read is delivered as it is read, to its end."""
    aiohttpretty.register_uri("GET", URI, body=make())
    assert await (await answer()).read() == b"abc"


async def test_a_stream_is_never_silently_empty():
    """A body that can be read only once and is asked for again says so; HEAD does not read it."""
    route = aiohttpretty.register_uri("GET", URI, body=ReadsAll(b"abc"))
    aiohttpretty.register_uri("HEAD", URI, body=ReadsAll(b"abc"))
    for _ in range(2):
        await answer("HEAD")
    await answer()
    with pytest.raises(aiohttpretty.BodyConsumedError) as caught:
        await answer()
    assert str(caught.value).split("\n")[0] == (
        f"The body for GET http://example.com/ can be read only once, and has been read by an earlier request. It was "
        f"registered at {route.origin}. Register the body as bytes, or a fresh stream for each request in "
        "responses=[...]."
    )
    assert [record.report for record in aiohttpretty.unmatched] == [str(caught.value)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Set-Cookie": "a=1", "X-One": "1"},
        CIMultiDict([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
        MultiDict([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("x-lower", "é")]),
        [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
        (),
        {"Content-Length": "1"},
        {"Transfer-Encoding": "chunked", "Content-Length": "100"},
        {"X-Empty": ""},
    ],
)
async def test_exactly_these_headers(headers):
    """Exactly the registered headers arrive, repeated ones too, no more, with the whole body."""
    aiohttpretty.register_uri("GET", URI, headers=headers, body=b"abc")
    response = await answer()
    expected = list(headers.items() if hasattr(headers, "items") else headers)
    assert list(response.headers.items()) == expected
    assert response.raw_headers == tuple((name.encode(), value.encode()) for name, value in expected)
    assert await response.read() == b"abc"


async def test_a_number_as_header_value():
    """An int is written out."""
    aiohttpretty.register_uri("GET", URI, headers={"X-Count": 3})
    assert dict((await answer()).headers) == {"X-Count": "3"}


@pytest.mark.parametrize("given", [{}, {"headers": {"content-length": "99"}}])
async def test_auto_length(given):
    """auto_length says the body's size, over a length that was given."""
    aiohttpretty.register_uri("GET", URI, body="é", auto_length=True, **given)
    assert list((await answer()).headers.values()) == ["2"]


@pytest.mark.parametrize("status", [200, 299, 599, http.HTTPStatus.IM_A_TEAPOT])
async def test_status(status):
    """Any final status arrives, as an int, with a blank reason unless one is given."""
    aiohttpretty.register_uri("GET", URI, status=status)
    aiohttpretty.register_uri("POST", URI, status=status, reason="Très bien")
    response = await answer()
    assert (response.status, type(response.status), response.reason) == (int(status), int, "")
    assert (await answer("POST")).reason == "Très bien"


@pytest.mark.parametrize(("method", "status"), [("GET", 204), ("GET", 304), ("HEAD", 200), ("HEAD", 404)])
async def test_no_content(method, status):
    """204, 304 and answers to HEAD come without a body, with their headers."""
    aiohttpretty.register_uri(method, URI, status=status, body=b"abc", headers={"X": "1"}, auto_length=True)
    response = await answer(method)
    assert (response.status, await response.read()) == (status, b"")
    assert dict(response.headers) == {"X": "1", "Content-Length": "3"}


async def test_json():
    """A JSON body is what json.dumps makes of it, with its content type."""
    aiohttpretty.register_json_uri("GET", URI, body={"a": [1, "é"]})
    response = await answer()
    assert await response.read() == b'{"a": [1, "\\u00e9"]}'
    assert dict(response.headers) == {"Content-Type": "application/json"}
    assert aiohttpretty.registry["GET", URI] == {
        "body": b'{"a": [1, "\\u00e9"]}',
        "headers": {"Content-Type": "application/json"},
    }


@pytest.mark.parametrize("word", ["body", "json"])
async def test_json_without_the_classic_call(word):
    """json= in either call, and body= in register_json_uri, say the same."""
    aiohttpretty.register_json_uri("GET", URI, **{word: 0})
    aiohttpretty.register_uri("POST", URI, json=0)
    assert await (await answer()).json() == await (await answer("POST")).json() == 0


async def test_json_keeps_the_callers_content_type():
    """A content type of the caller's, in any case, stays the only one."""
    aiohttpretty.register_json_uri("GET", URI, body=[], headers={"content-type": "application/vnd.api+json"})
    assert list((await answer()).headers.items()) == [("content-type", "application/vnd.api+json")]


async def test_json_in_responses():
    """The bodies of responses are JSON too, and no body at all is null."""
    aiohttpretty.register_json_uri("GET", URI, responses=[{"body": {"a": 1}}, {"status": 202}])
    assert await (await answer()).json() == {"a": 1}
    second = await answer()
    assert (second.status, await second.json()) == (202, None)


async def test_written_json_in_responses():
    """Text and bytes in the responses of register_json_uri are JSON already; json= writes them as JSON strings."""
    aiohttpretty.register_json_uri("GET", URI, responses=[{"body": '{"a": 1}'}, {"body": b"[2]"}, {"json": "3"}])
    answers = [await answer() for _ in range(3)]
    assert [await response.json() for response in answers] == [{"a": 1}, [2], "3"]
    assert {response.content_type for response in answers} == {"application/json"}


def test_any_token_is_a_method():
    """A method is a token (RFC 9110, 9.1), with hyphens if it likes."""
    assert aiohttpretty.register_uri("m-search", URI).method == "M-SEARCH"


async def test_the_same_key_replaces():
    """Registering the same method, address and query again replaces the earlier route; others stay."""
    aiohttpretty.register_uri("GET", "http://example.com?a=1", body=b"old")
    aiohttpretty.register_uri("GET", "http://example.com", body=b"other")
    aiohttpretty.register_uri("get", "http://EXAMPLE.com:80/", params={"a": 1}, body=b"new")
    assert await (await answer(uri="http://example.com/?a=1")).read() == b"new"
    assert await (await answer()).read() == b"other"
    assert len(aiohttpretty.registry) == 2


async def test_responses_in_order_and_used_up():
    """One dict after another, one per call; then an error that says how many there were and where they stand."""
    aiohttpretty.register_uri("GET", URI, responses=[{"status": 500}, {"body": b"ok"}])
    line = inspect.currentframe().f_lineno - 1
    assert [((await answer()).status, await (await answer()).read())] == [(500, b"ok")]
    with pytest.raises(aiohttpretty.ResponsesExhausted) as caught:
        await answer()
    assert str(caught.value).split("\n")[0] == (
        f"No response is left for GET http://example.com/: all 2 of its responses have been used (registered at "
        f"tests/test_registering.py:{line}). Add one to its responses=[...] for each further request, or give "
        "exhausted='repeat' or 'cycle'; or find out why the code asks more often than you expect."
    )
    assert len(aiohttpretty.calls) == 2


async def test_options_beside_responses():
    """What is written beside responses holds for each of them that does not say otherwise."""
    aiohttpretty.register_uri(
        "GET", URI, status=201, headers={"X": "1"}, responses=[{}, {"status": 202, "headers": {}}]
    )
    first, second = await answer(), await answer()
    assert (first.status, dict(first.headers)) == (201, {"X": "1"})
    assert (second.status, dict(second.headers)) == (202, {})


async def test_one_response_used_up():
    """The sentence is good English for a single response, too."""
    route = aiohttpretty.register_uri("GET", URI, responses=[{}])
    await answer()
    with pytest.raises(aiohttpretty.ResponsesExhausted) as caught:
        await answer()
    assert str(caught.value).split("\n")[0] == (
        f"No response is left for GET http://example.com/: its only response has been used (registered at "
        f"{route.origin}). Add one to its responses=[...] for each further request, or give exhausted='repeat' or "
        "'cycle'; or find out why the code asks more often than you expect."
    )


def test_the_registry_shows_what_was_registered():
    """A read-only mapping from (method, uri), in any spelling, to the options, or to the list of responses."""
    own = AioHTTPretty()
    own.register_uri("get", URI, params={"a": None}, status=201, headers={"X": "1"})
    own.register_uri("POST", URI, responses=[{"body": "é"}, {"status": 500}])
    assert own.registry["GET", "http://EXAMPLE.com:80?a"] == {"status": 201, "headers": {"X": "1"}}
    assert own.registry["post", URL(URI)] == [{"body": "é".encode()}, {"status": 500}]
    assert list(own.registry) == [("GET", "http://example.com/?a="), ("POST", "http://example.com/")]
    assert ("GET", URI) not in own.registry
    assert "nonsense" not in own.registry
    with pytest.raises(KeyError, match="GET"):
        own.registry["GET", URI]
    with pytest.raises(TypeError, match="does not support item assignment"):
        own.registry["GET", URI] = {}
    assert repr(own.registry) == ("<registry of 2 routes: GET http://example.com/?a=, POST http://example.com/>")


def test_what_registering_returns():
    """The route says what it answers and where it was written."""
    route = aiohttpretty.register_uri("get", "http://example.com", params={"a": 1})
    line = inspect.currentframe().f_lineno - 1
    assert repr(route) == f"<Route register_uri('GET', 'http://example.com/?a=1') at tests/test_registering.py:{line}>"
    assert (route.method, route.url) == ("GET", URL("http://example.com/?a=1"))


def test_registering_takes_headers_of_no_kind():
    """headers=None is no headers, as in aiohttp's own calls."""
    aiohttpretty.register_uri("GET", URI, headers=None, params=None)
    assert ("GET", URI) in aiohttpretty.registry


async def test_a_head_longer_than_aiohttp_takes():
    """A field that aiohttp refuses from a server is refused from us, too."""
    import aiohttp

    aiohttpretty.register_uri("GET", URI, headers={"X-Long": "x" * 10_000})
    with pytest.raises(aiohttp.ClientResponseError, match="Got more than 8190 bytes"):
        await answer()
    assert (await answer(max_field_size=20_000)).headers["X-Long"] == "x" * 10_000
