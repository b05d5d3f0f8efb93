"""The options of a reply: what each of them says, and the sentence for each that can't be said."""

import http
import inspect
import io
import re
from datetime import timedelta
from functools import partial

import pytest
from aiohttp import web
from yarl import URL

import aiohttpretty
from aiohttpretty import AiohttprettyError, OptionTypeError, OptionValueError, coding, faults, options
from aiohttpretty.elsewhere import ELSEWHERE
from aiohttpretty.replies.reply import merged, reply, shared
from aiohttpretty.words import check_words

URI = "http://example.com/"
KNOWN = ", ".join(map(repr, coding.known()))


async def answer(**options):
    aiohttpretty.register_uri("GET", URI, **options)
    response = await aiohttpretty.fake_request("GET", URI, allow_redirects=False)
    await response.read()
    return response


def made(as_json=False, **options):
    return reply(options, as_json=as_json)[0]


async def handler(request):
    return web.Response()


class NeedsArguments(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


async def needs(argument):
    yield b""


async def pieces():
    yield b""


def refused(kind, call=aiohttpretty.register_uri, **options):
    with pytest.raises(kind) as caught:
        call("GET", URI, **options)
    assert isinstance(caught.value, AiohttprettyError)
    assert not aiohttpretty.registry
    return re.sub("0x[0-9a-f]+", "0x", str(caught.value))


# -- text


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "shift_jis", "UTF-8"])
async def test_charset(charset):
    """Text is sent in the charset, and the Content-Type says so: the client reads the same text."""
    text = "straße" if charset != "shift_jis" else "日本"
    response = await answer(body=text, charset=charset)
    assert (await response.read(), await response.text()) == (text.encode(charset), text)
    assert list(response.headers.items()) == [("Content-Type", f"text/plain; charset={charset}")]
    assert aiohttpretty.registry["GET", URI] == {"body": text.encode(charset), "charset": charset}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("text/html", "text/html; charset=latin-1"),
        ("text/html; charset=latin-1", "text/html; charset=latin-1"),
        ("text/html; Charset=ISO-8859-1; x=1", "text/html; Charset=ISO-8859-1; x=1"),
        ('text/html;charset="latin1"', 'text/html;charset="latin1"'),
    ],
)
async def test_charset_beside_a_content_type(given, sent):
    """A Content-Type of the caller's gets the charset, unless it says the same already, by any of its names."""
    response = await answer(body="é", charset="latin-1", headers={"content-type": given})
    assert list(response.headers.items()) == [("content-type", sent)]
    assert await response.read() == b"\xe9"


TEXT_REFUSED = {
    "a charset that is no str": (
        OptionTypeError,
        {"body": "x", "charset": 8},
        "charset=8 is not a str. Give the name of one, such as 'latin-1'.",
    ),
    "an unknown charset": (
        OptionValueError,
        {"body": "x", "charset": "utf-9"},
        "charset='utf-9' is not known to Python (unknown encoding: utf-9). Give the name of one, such as 'utf-8' or "
        "'latin-1'.",
    ),
    "a charset that injects": (
        OptionValueError,
        {"body": "x", "charset": "utf-8\r\n"},
        "charset='utf-8\\r\\n' is not known to Python (that is no name of one). Give the name of one, such as "
        "'utf-8' or 'latin-1'.",
    ),
    "a codec that is no charset": (
        OptionValueError,
        {"body": "x", "charset": "rot13"},
        "charset='rot13' is not known to Python ('rot13' is not a text encoding; use codecs.encode() to handle "
        "arbitrary codecs). Give the name of one, such as 'utf-8' or 'latin-1'.",
    ),
    "text that the charset can't hold": (
        OptionValueError,
        {"body": "日", "charset": "latin-1"},
        "The body can't be written in latin-1: 'latin-1' codec can't encode character '\\u65e5' in position 0: ordinal "
        "not in range(256). Give another charset, or the body as bytes.",
    ),
    "text that can't be UTF-8": (
        OptionValueError,
        {"body": "\ud800"},
        "The body can't be written in UTF-8: 'utf-8' codec can't encode character '\\ud800' in position 0: surrogates "
        "not allowed. Give another charset, or the body as bytes.",
    ),
    "another charset in the header": (
        OptionValueError,
        {"body": "x", "charset": "latin-1", "headers": {"Content-Type": "text/html; charset=utf-8"}},
        "charset='latin-1' contradicts the header Content-Type: text/html; charset=utf-8. Leave one of them out.",
    ),
    "an unknown charset in the header": (
        OptionValueError,
        {"body": "x", "charset": "latin-1", "headers": {"Content-Type": "text/html; charset=none"}},
        "charset='latin-1' contradicts the header Content-Type: text/html; charset=none. Leave one of them out.",
    ),
    "a charset of bytes": (
        OptionTypeError,
        {"body": b"x", "charset": "latin-1"},
        "charset='latin-1' says how text is encoded, and the body is bytes, which is sent as it is. Give the body as "
        "str, or leave charset out and write headers={'Content-Type': 'text/plain; charset=latin-1'}.",
    ),
    "a charset of a binary file": (
        OptionTypeError,
        {"body": io.BytesIO(b"x"), "charset": "latin-1"},
        "charset='latin-1' says how text is encoded, and the body is a binary file, which is sent as it is. Give the "
        "body as str, or leave charset out and write headers={'Content-Type': 'text/plain; charset=latin-1'}.",
    ),
    "a charset of nothing": (
        OptionTypeError,
        {"charset": "latin-1"},
        "charset='latin-1' is given without a body= whose text it is of. Leave it out.",
    ),
    "a charset of JSON": (
        OptionTypeError,
        {"json": "x", "charset": "latin-1"},
        "charset= is given for JSON, which is always UTF-8 (RFC 8259, 8.1). Leave it out, or encode the text yourself "
        "and use register_uri with body=.",
    ),
}

REFUSED = {
    **TEXT_REFUSED,
    "a coding that is not known": (
        OptionValueError,
        {"content_encoding": "compress"},
        f"content_encoding='compress' is not known. Give one that aiohttp can decode here: {KNOWN}.",
    ),
    "a coding that is no str": (
        OptionTypeError,
        {"content_encoding": 1},
        f"content_encoding=1 is not known. Give one that aiohttp can decode here: {KNOWN}.",
    ),
    "a coding beside its header": (
        OptionTypeError,
        {"content_encoding": "gzip", "headers": {"content-encoding": "gzip"}},
        "content_encoding='gzip' is given beside the header Content-Encoding, which it writes. Leave the header out; "
        "or content_encoding, if the body is encoded already.",
    ),
    "a location that is no address": (
        OptionTypeError,
        {"location": 1},
        "location=1 is not an address. Give a str or a yarl.URL, relative or not.",
    ),
    "a location that injects": (
        OptionValueError,
        {"location": "/a\r\nX: 1"},
        "location='/a\\r\\nX: 1' has a line break or a NUL in it, which would end the header. Take it out.",
    ),
    "a location beside its header": (
        OptionTypeError,
        {"location": "/", "headers": {"location": "/"}},
        "location= is given beside the header Location, which it writes. Leave one of them out.",
    ),
    "a location with a status that doesn't redirect": (
        OptionValueError,
        {"location": URL("/a"), "status": 200},
        "location='/a' is given beside status=200, with which a client does not look at it. Give a status from 300 to "
        "399, or 201 or 202, or leave it out for 302.",
    ),
    "a location with no status": (
        OptionTypeError,
        {"location": "/", "status": "302"},
        "status='302' is not a status code. Give an int from 200 to 599, or a member of http.HTTPStatus.",
    ),
    "the length of an encoded stream": (
        OptionValueError,
        {"body": pieces, "auto_length": True},
        "auto_length=True needs a body whose size is known, and this one is a stream. Give the Content-Length in "
        "headers, or the body as bytes.",
    ),
    "a delay that is none": (
        OptionTypeError,
        {"delay": "1"},
        "delay='1' is no length of time. Give seconds as a number, or a timedelta.",
    ),
    "a delay that is a bool": (
        OptionTypeError,
        {"delay": True},
        "delay=True is no length of time. Give seconds as a number, or a timedelta.",
    ),
    "a negative delay": (
        OptionValueError,
        {"delay": -0.1},
        "delay=-0.1 can't be waited for. Give seconds from 0 on, or a timedelta that is not negative.",
    ),
    "a negative timedelta": (
        OptionValueError,
        {"delay": timedelta(seconds=-1)},
        f"delay={timedelta(seconds=-1)!r} can't be waited for. Give seconds from 0 on, or a timedelta that is not "
        "negative.",
    ),
    "a delay for ever": (
        OptionValueError,
        {"delay": float("inf")},
        "delay=inf can't be waited for. Give seconds from 0 on, or a timedelta that is not negative.",
    ),
    "a delay that is no number": (
        OptionValueError,
        {"delay": float("nan")},
        "delay=nan can't be waited for. Give seconds from 0 on, or a timedelta that is not negative.",
    ),
    "a time that nobody knows": (
        OptionValueError,
        {"time": "Instant"},
        "time='Instant' is not known. Give 'real' (what waits takes its time) or 'instant' (nobody waits: what comes "
        "first in time happens at once).",
    ),
    "a time that is no word": (
        OptionTypeError,
        {"time": 0, "handler": handler, "delay": 1},
        "time=0 is not known. Give 'real' (what waits takes its time) or 'instant' (nobody waits: what comes first in "
        "time happens at once).",
    ),
    "an error that is none": (
        OptionTypeError,
        {"error": 500},
        "error=500 is not an exception. Give an instance or a class of one, such as TimeoutError; to answer with an "
        "error of the server, give status=500.",
    ),
    "a class that is no exception": (
        OptionTypeError,
        {"error": int},
        "error=<class 'int'> is not an exception. Give an instance or a class of one, such as TimeoutError; to answer "
        "with an error of the server, give status=500.",
    ),
    "an exception that needs arguments": (
        OptionTypeError,
        {"error": NeedsArguments},
        "error=NeedsArguments can't be made without arguments: NeedsArguments.__init__() missing 2 required positional "
        "arguments: 'one' and 'two'. Give an instance: error=NeedsArguments(...).",
    ),
    "an exception that no coroutine raises": (
        OptionTypeError,
        {"error": StopIteration},
        "error=<class 'StopIteration'> can't be raised by a coroutine: Python turns it into a RuntimeError, or "
        "takes it for the coroutine's end. Give another exception.",
    ),
    "another": (
        OptionTypeError,
        {"error": StopAsyncIteration()},
        "error=StopAsyncIteration() can't be raised by a coroutine: Python turns it into a RuntimeError, or takes it "
        "for the coroutine's end. Give another exception.",
    ),
    "an error and an answer": (
        OptionTypeError,
        {"error": ValueError, "status": 200, "body": b""},
        "error= is given beside status= and body=, and with an error nothing is answered. Leave one or the other out; "
        "only delay= and time= go with error=.",
    ),
    "an error and a handler": (
        OptionTypeError,
        {"error": ValueError, "handler": handler},
        "error= is given beside handler=, and with an error nothing is answered. Leave one or the other out; only "
        "delay= and time= go with error=.",
    ),
    "a handler and an answer": (
        OptionTypeError,
        {"handler": handler, "headers": {}, "auto_length": True},
        "handler= is given beside headers= and auto_length=, and a handler says all of the answer. Leave one or the "
        "other out; only delay=, expect_errors= and time= go with handler=.",
    ),
    "a handler that is none": (
        OptionTypeError,
        {"handler": b"x"},
        "handler=b'x' is not a function. Give one that takes an aiohttp.web.Request and returns a response, such as: "
        "async def handler(request): return web.json_response({}).",
    ),
    "a handler that is a class": (
        OptionTypeError,
        {"handler": web.Response},
        "handler=<class 'aiohttp.web_response.Response'> is not a function. Give one that takes an "
        "aiohttp.web.Request and returns a response, such as: async def handler(request): return "
        "web.json_response({}).",
    ),
    "a generator function with arguments": (
        OptionTypeError,
        {"body": needs},
        "body=<function needs at 0x> can't be called without arguments (missing a required argument: 'argument'), as "
        "it is for each request. Give them with functools.partial, or write a handler=, which is given the request.",
    ),
    "times of an item": (
        OptionValueError,
        {"responses": [{"times": 2}]},
        "responses[0] has times, but each item answers one request. Write the item as often as it shall answer, such "
        "as responses=[{...}] * 3.",
    ),
    "exhausted of an item": (
        OptionValueError,
        {"responses": [{}, {"exhausted": "repeat"}]},
        "responses[1] has exhausted, but what follows the last item is said of all. Write it beside responses.",
    ),
    "a matcher of an item": (
        OptionValueError,
        {"responses": [{"match": None}]},
        "responses[0] has match, but the matcher says which request is meant, not what is answered. Register once for "
        "each matcher and give match there.",
    ),
    "the query of an item": (
        OptionValueError,
        {"responses": [{"check_params": False}]},
        "responses[0] has check_params, but the query says which request is meant, not what is answered. Register once "
        "for each query and give check_params there.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    """What can't be said is refused on the line that wrote it, with what to write instead."""
    kind, given, sentence = REFUSED[case]
    assert refused(kind, **given) == sentence


@pytest.mark.parametrize("given", [{"body": {"a": 1}}, {"json": 1}, {}])
def test_no_charset_in_register_json_uri(given):
    """JSON is UTF-8."""
    sentence = refused(OptionTypeError, aiohttpretty.register_json_uri, charset="latin-1", **given)
    assert sentence == TEXT_REFUSED["a charset of JSON"][2]


def test_two_bodies_of_register_json_uri():
    """json= beside body= is one too many in register_json_uri, too."""
    assert refused(OptionTypeError, aiohttpretty.register_json_uri, body={}, json={}) == (
        "body= and json= are both given, and an answer has one body. Leave one of them out."
    )


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        (
            True,
            TypeError,
            "times=True is not a number of requests. Give an int from 1 on, or leave it out for any number.",
        ),
        (
            1.0,
            TypeError,
            "times=1.0 is not a number of requests. Give an int from 1 on, or leave it out for any number.",
        ),
        (
            0,
            ValueError,
            "times=0 would never answer. Give an int from 1 on, or leave it out for any number of requests.",
        ),
        (
            -1,
            ValueError,
            "times=-1 would never answer. Give an int from 1 on, or leave it out for any number of requests.",
        ),
    ],
)
def test_times(given, kind, sentence):
    """times is a number of requests."""
    with pytest.raises(kind) as caught:
        options.check_times(given)
    assert str(caught.value) == sentence
    assert isinstance(caught.value, AiohttprettyError)
    assert options.check_times(3) == 3


@pytest.mark.parametrize(("given", "kind"), [("forever", OptionValueError), (None, OptionTypeError)])
def test_exhausted(given, kind):
    """exhausted is one of three words."""
    with pytest.raises(kind) as caught:
        options.check_exhausted(given)
    assert str(caught.value) == (
        f"exhausted={given!r} is not known. Give 'error' (a further request fails), 'repeat' (the last item answers "
        "from then on) or 'cycle' (begin again with the first)."
    )
    assert [options.check_exhausted(word) for word in ("error", "repeat", "cycle")] == ["error", "repeat", "cycle"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"times": 2, "responses": [{}]},
            "times= and responses= are both given, and the length of responses says how often they answer. Leave times "
            "out; exhausted='repeat' or 'cycle' says what follows the last.",
        ),
        (
            {"exhausted": "repeat"},
            "exhausted= is given without responses=, whose last item it is about. Leave it out, or write "
            "responses=[...]; a single reply answers any number of requests, and times=N limits it.",
        ),
    ],
)
def test_succession(given, sentence):
    """times is of a single reply, and exhausted of several."""
    with pytest.raises(OptionTypeError) as caught:
        options.check_succession(given)
    assert str(caught.value) == sentence
    options.check_succession({"times": 2})
    options.check_succession({"exhausted": "cycle", "responses": [{}]})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "<Reply 200>"),
        ({"status": 404, "reason": "Nowhere"}, "<Reply 404 Nowhere>"),
        ({"error": TimeoutError}, "<Reply error=<class 'TimeoutError'>>"),
        ({"fault": faults.reset()}, "<Reply fault=faults.reset()>"),
    ],
)
def test_a_reply_prints(given, said):
    """It shows what will be said, for whoever looks at it in a debugger."""
    assert repr(aiohttpretty.register_uri("GET", URI, **given).succession.due) == said


def test_words_of_other_libraries():
    """Every word that has a hint is none of ours, and every hint names words that exist."""
    known = {*options.ROUTE_WORDS, "match"}
    assert not known & set(ELSEWHERE)
    for word, hint in ELSEWHERE.items():
        named = set(re.findall(r"\b([a-z_]+)=|Did you mean '([a-z_]+)'", hint))
        assert {one or other for one, other in named} <= known, word
        with pytest.raises(OptionTypeError) as caught:
            check_words([word], ["status"], "register_uri")
        assert str(caught.value) == f"register_uri has no option {word!r}.{hint} The options are: status."
        if used := re.findall(r"match\.([a-z_]+)\(", hint):
            assert set(used) <= {"basic_auth", "body", "form", "headers", "json", "multipart"}


def test_words_and_types_agree():
    """Every option has a type, and every type an option, in both calls."""
    from aiohttpretty.options import JsonReplyOptions, JsonRouteOptions, ReplyOptions, RouteOptions

    def of(kind):
        return set(kind.__required_keys__ | kind.__optional_keys__)

    assert of(ReplyOptions) == set(options.REPLY_WORDS)
    assert of(RouteOptions) == set(options.ROUTE_WORDS)
    assert of(JsonReplyOptions) == set(options.REPLY_WORDS) - {"charset"}
    assert of(JsonRouteOptions) == set(options.ROUTE_WORDS) - {"charset"}


# -- codings and redirects


@pytest.mark.parametrize("name", coding.known())
async def test_content_encoding(name):
    """The body is encoded for the caller, the header says so, and the client reads what was written."""
    response = await answer(body="é" * 1000, content_encoding=name, auto_length=True)
    assert await response.text() == "é" * 1000
    assert dict(response.headers) == {
        "Content-Encoding": name,
        "Content-Length": str(len(coding.encode(name, ("é" * 1000).encode()))),
    }
    assert aiohttpretty.registry["GET", URI] == {
        "body": ("é" * 1000).encode(),
        "content_encoding": name,
        "auto_length": True,
    }


async def test_content_encoding_of_json():
    """JSON is encoded, too."""
    response = await answer(json={"a": 1}, content_encoding="gzip")
    assert await response.json() == {"a": 1}
    assert dict(response.headers) == {"Content-Type": "application/json", "Content-Encoding": "gzip"}


@pytest.mark.parametrize("location", ["/next?a=b", "http://other.example/é", URL("http://example.com/é"), ""])
async def test_location(location):
    """The Location is written as it was given, and the status is 302."""
    response = await answer(location=location)
    assert (response.status, dict(response.headers)) == (302, {"Location": str(location)})
    assert aiohttpretty.registry["GET", URI] == {"location": location}


@pytest.mark.parametrize("status", [201, 202, 300, 301, 303, 307, http.HTTPStatus.PERMANENT_REDIRECT])
async def test_location_with_a_status(status):
    """A status with which a Location means something stays."""
    assert (await answer(location="/", status=status)).status == status


# -- delay, error, handler


@pytest.mark.parametrize(("given", "seconds"), [(0, 0.0), (2, 2.0), (0.25, 0.25), (timedelta(milliseconds=5), 0.005)])
def test_delay(given, seconds):
    """A delay is seconds, as a number or a timedelta, and nothing by default."""
    assert (made(delay=given).delay, type(made(delay=given).delay)) == (seconds, float)
    assert made().delay == 0.0
    assert made(delay=given, error=ValueError).delay == made(delay=given, handler=handler).delay == seconds


def test_time():
    """A reply says how what waits does so, whatever it is, or leaves that to the settings."""
    assert [made(time=time).time for time in ("real", "instant")] == ["real", "instant"]
    assert made(time="instant", error=ValueError).time == made(time="instant", handler=handler).time == "instant"
    assert made().time is made(error=ValueError).time is made(handler=handler).time is None


def test_error_class():
    """Of a class, each request gets an exception of its own."""
    said = made(error=TimeoutError)
    one, other = said.exception(), said.exception()
    assert (type(one), type(other), one is other) == (TimeoutError, TimeoutError, False)
    assert (said.error, repr(said)) == (TimeoutError, "<Reply error=<class 'TimeoutError'>>")


def test_error_instance():
    """An instance is raised as it is, each time, and does not collect the tracebacks of all who got it."""
    mine = KeyboardInterrupt("mine")
    said = made(error=mine)
    with pytest.raises(KeyboardInterrupt):
        raise said.exception()
    assert said.exception() is mine
    assert mine.__traceback__ is None


def test_handler():
    """A handler is kept, whatever can be called: functions, async or not, and objects."""
    assert made(handler=handler).handler is handler
    assert made().handler is made().error is None
    assert repr(made(handler=handler)) == f"<Reply handler={handler!r}>"


async def pieces_of(one):
    yield one


async def answer_to(request):
    return request


@pytest.mark.parametrize(
    ("word", "given", "cure"),
    [
        (
            "body",
            partial(pieces_of, 1, 2),
            "can't be called without arguments (partial object {!r} has incorrect arguments), as it is for each "
            "request. Give them with functools.partial, or write a handler=, which is given the request.",
        ),
        (
            "handler",
            partial(answer_to, 1, 2),
            "can't be called with one argument, the request. Give a function such as: async def handler(request): "
            "return web.json_response({{}}).",
        ),
    ],
)
def test_partials_that_have_too_many_arguments(word, given, cure):
    """What has been given more than it takes can't be called, whatever comes; that is said at once."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.register_uri("GET", URI, **{word: given})
    assert str(caught.value) == f"{word}={given!r} {cure.format(given)}"


def test_nothing_else_is_made_up():
    """An error or a handler is shown as it was registered, in register_json_uri, too."""
    for instead in {"error": ValueError}, {"handler": handler, "delay": 1}:
        for as_json in True, False:
            assert reply(instead, as_json=as_json)[1] == instead


# -- what stands beside `responses`


@pytest.mark.parametrize(
    ("common", "item", "both"),
    [
        ({"status": 201, "headers": {}}, {"status": 202}, {"status": 202, "headers": {}}),
        ({"status": 201, "body": b"x", "delay": 1}, {"error": ValueError}, {"delay": 1, "error": ValueError}),
        ({"status": 201, "delay": 1}, {"handler": handler, "delay": 2}, {"handler": handler, "delay": 2}),
        ({"error": ValueError, "delay": 1}, {"status": 200}, {"delay": 1, "status": 200}),
        ({"error": ValueError}, {}, {"error": ValueError}),
        ({"error": ValueError}, {"handler": handler}, {"handler": handler}),
        ({"json": 1, "status": 201}, {"body": b"x"}, {"status": 201, "body": b"x"}),
        ({"body": "x", "charset": "latin-1"}, {"json": 1}, {"json": 1}),
        ({"charset": "latin-1"}, {"body": b"x"}, {"body": b"x"}),
        ({"charset": "latin-1"}, {"body": "x"}, {"charset": "latin-1", "body": "x"}),
        ({"status": 200}, {"location": "/"}, {"location": "/"}),
        ({"status": 301}, {"location": "/"}, {"status": 301, "location": "/"}),
    ],
)
def test_what_an_item_replaces(common, item, both):
    """A word of an item drops what can't stand beside it, and leaves the rest."""
    assert merged(common, item) == both


def test_clashes_within_an_item():
    """What was written together on one level is refused."""
    with pytest.raises(OptionTypeError, match="error= is given beside status="):
        reply(merged({"body": b"x"}, {"error": ValueError, "status": 200}), as_json=False)


def test_a_body_for_all_items():
    """A body beside `responses` that can be read once is one for all items: when one has used it up, all know."""
    generator = pieces()
    common = shared({"body": generator, "content_encoding": "gzip"}, as_json=False)
    one, other = (reply(merged(common, item), as_json=False)[0] for item in ({}, {"status": 201}))
    one.body.taken = True
    assert (one.body.once, other.body.once, other.body.taken) == (True, True, True)
    assert shared({"body": "é", "status": 201}, as_json=False) == {"body": "é", "status": 201}
    assert reply(common, as_json=False)[1]["body"] is generator
    assert shared({"body": [1]}, as_json=True) == {"body": [1]}


async def test_an_own_line():
    """The sentence of a refusal comes from the line that registered."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.register_uri("GET", URI, delay=-1)
    line = inspect.currentframe().f_lineno - 1
    assert caught.tb.tb_lineno == line


REFUSED_AT_ONCE = {
    "a flag that is text": (
        OptionTypeError,
        {"auto_length": "false"},
        "auto_length='false' is not a bool. Give True, or leave it out.",
    ),
    "a handler without a parameter": (
        OptionTypeError,
        {"handler": web.Application()},
        "handler=<Application 0x> can't be called with one argument, the request. Give a function such as: async def "
        "handler(request): return web.json_response({}).",
    ),
    "a handler that is a generator": (
        OptionTypeError,
        {"handler": needs},
        f"handler={needs!r} is a generator, which returns no response. Return a web.StreamResponse that you write to, "
        "or give the async generator function as body=.",
    ),
    "a header that has no bytes": (
        OptionValueError,
        {"headers": {"X": "\ud800"}},
        "One of the options headers= can't be sent: 'utf-8' codec can't encode character '\\ud800' in position 0: "
        "surrogates not allowed. Give text that has a form in its charset, and numbers of a usual size.",
    ),
    "a delay beyond numbers": (
        OptionValueError,
        {"delay": 10**400},
        "One of the options delay= can't be sent: int too large to convert to float. Give text that has a form in its "
        "charset, and numbers of a usual size.",
    ),
    "headers of two letters": (
        OptionTypeError,
        {"headers": ["ab"]},
        "headers=['ab'] are neither a mapping nor pairs. Give a dict, a multidict or a list of (name, value) pairs.",
    ),
}


@pytest.mark.parametrize(("kind", "options", "sentence"), REFUSED_AT_ONCE.values(), ids=REFUSED_AT_ONCE)
def test_refused_at_once(kind, options, sentence):
    """What could only go wrong at the request is refused on the line that wrote it."""
    with pytest.raises(kind) as caught:
        aiohttpretty.register_uri("GET", URI, **options)
    assert re.sub("0x[0-9a-f]+", "0x", str(caught.value)) == re.sub("0x[0-9a-f]+", "0x", sentence)
    assert not aiohttpretty.registry


async def test_iterators_are_kept():
    """An iterator among the options says the same to every item and every look."""
    aiohttpretty.register_uri(
        "GET", URI, params=zip(["a"], ["1"]), headers=zip(["X"], ["1"]), responses=[{}, {"status": 201}]
    )
    seen = []
    for _ in range(2):
        response = await aiohttpretty.fake_request("GET", URI, params={"a": "1"})
        seen.append((response.status, response.headers.get("X")))
    assert seen == [(200, "1"), (201, "1")]
    with pytest.raises(aiohttpretty.NoMatchError):
        await aiohttpretty.fake_request("GET", URI)
    aiohttpretty.unmatched.clear()


async def test_bytes_beside_a_charset():
    """Bytes of a stream stay as they are, whatever the charset of its text would begin with."""

    async def stream():
        yield b"ab"

    aiohttpretty.register_uri("GET", URI, body=stream, charset="utf-16")
    assert await (await aiohttpretty.fake_request("GET", URI)).read() == b"ab"


def test_an_item_drops_a_redirect():
    """An item whose status is none of a redirect drops the Location that stands beside `responses`."""
    aiohttpretty.register_uri("GET", URI, location="/y", responses=[{"status": 307}, {"status": 500}])
    assert aiohttpretty.registry["GET", URI] == [{"location": "/y", "status": 307}, {"status": 500}]
