"""Whatever a registration is given, it is refused in words, on the line that wrote it, or it can be served."""

import asyncio
import warnings

import aiohttp
from aiohttp import web
from cases import cases
from hypothesis import given
from hypothesis import strategies as st

import aiohttpretty
from aiohttpretty import AioHTTPretty, AiohttprettyError, faults, match
from aiohttpretty.errors import BodyConsumedError, BodyError, FaultError, HandlerError, NoMatchError, ResponsesExhausted
from aiohttpretty.options import ROUTE_WORDS

from .things import Box, Oops, anything, mostly, octets, opened, plain, scalars, texts

API = "http://a.example/x"
# The client's own errors, those that say that what was registered could not be said, and the test's own
EXPECTED = (
    *(aiohttp.ClientError, asyncio.TimeoutError, Oops),
    *(BodyError, BodyConsumedError, FaultError, NoMatchError, ResponsesExhausted),
)


def boxed(strategy):
    """What is in the boxes, in one box."""
    return strategy.map(lambda value: Box(lambda: opened(value), repr(value)))


uris = st.one_of(
    plain(
        st.one_of(
            st.sampled_from([API, "http://a.example/{n}", "http://a.example/{n:[a-z]+}/y", "https://a.example/?a=b"]),
            texts.map("http://a.example/{}".format),
            texts.map("http://{}".format),
            texts.map("http://a.example/{{{}}}".format),
            texts.map("http://a.example/{{n:{}}}".format),
        )
    ),
    anything,
)
_cookies = st.dictionaries(
    st.one_of(st.just("a"), texts),
    st.dictionaries(
        st.sampled_from(["value", "path", "max_age", "expires", "domain", "samesite"]), scalars, max_size=3
    ),
    max_size=2,
)
_event = st.dictionaries(st.sampled_from(["event", "id", "retry", "data", "comment"]), scalars, max_size=3)
_some_faults = [
    faults.disconnect(),
    faults.reset(after=1),
    faults.stall(after=2),
    faults.truncate(after=1),
    faults.bad_chunk(after=1),
    faults.corrupt(),
    faults.drip(chunk=1, every=1),
    faults.status_line(b"HTTP/1.1 200"),
    faults.refused(),
    faults.dns_failure(),
    faults.connect_timeout(),
    faults.during_upload(after=1),
    faults.raw(b"HTTP/1.1 200 OK\r\n", 1, b"\r\n", faults.stall()),
]
mild = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=8)
names = st.sampled_from(
    [
        *("X-A", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type", "Content-Encoding", "Upgrade"),
        *("Location", "Set-Cookie", "Keep-Alive", "Trailer", "Host", "Expect", "content-length", "ETag", "Link"),
    ]
)
LIKELY = {
    "status": plain(st.integers(200, 599)),
    "reason": plain(mild),
    "headers": plain(st.dictionaries(names, mild, max_size=3)),
    "body": st.one_of(plain(st.one_of(mild, octets)), anything),
    "json": anything,
    "sse": boxed(st.lists(st.one_of(plain(texts), _event), max_size=2)),
    "cookies": st.one_of(plain(st.dictionaries(st.just("a"), st.text('ab=, "é', max_size=5))), boxed(_cookies)),
    "location": plain(st.one_of(mild, texts)),
    "charset": plain(st.sampled_from(["utf-8", "latin-1", "utf-16", "idna", "punycode", "hex", "undefined", "\ud800"])),
    "content_encoding": plain(st.sampled_from(["gzip", "deflate", "br", "zstd", "x"])),
    "params": boxed(st.dictionaries(texts, scalars, max_size=2)),
    "fault": plain(st.sampled_from(_some_faults)),
    "time": plain(st.sampled_from(["real", "instant"])),
    "auto_length": plain(st.booleans()),
    "check_params": plain(st.booleans()),
    "times": plain(st.integers(1, 2)),
    "match": boxed(st.dictionaries(st.just("a"), scalars)).map(lambda box: Box(lambda: match.json(box.make()), "json")),
}
words = st.sampled_from(ROUTE_WORDS).flatmap(
    lambda word: st.tuples(st.just(word), st.one_of(anything, LIKELY.get(word, anything), LIKELY.get(word, anything)))
)
_often = [*LIKELY, *("status", "headers", "body") * 9, *["fault"] * 3]
usual = st.sampled_from(_often).flatmap(lambda word: st.tuples(st.just(word), mostly(LIKELY[word], anything, 20)))
usual_options = st.lists(usual, max_size=3).map(dict)
plain_options = st.lists(words, max_size=4).map(dict)
responses = st.lists(plain_options, max_size=2).map(lambda items: {"responses": items})
rare = st.fixed_dictionaries({}, optional=dict.fromkeys(("handler", "error", "body", "match", "sse"), anything))
options = st.one_of(plain_options, st.tuples(plain_options, responses).map(lambda both: {**both[0], **both[1]}))


def attempt(function, *given, **named):
    """What comes of it: None if it is refused, in words; and by nobody else."""
    try:
        given, named = opened(list(given)), opened(named)  # some of what is in the boxes is made by this package
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", aiohttpretty.AiohttprettyWarning)
            return function(*given, **named)
    except AiohttprettyError as error:
        assert str(error).strip().endswith((".", ")"))
        # what a thing itself raised is told as such; anything else would be a bug of this package
        if "can't be read" in str(error):
            assert isinstance(error.__cause__, (Oops, RecursionError, MemoryError)) or "4300 digits" in str(error)
        return None


async def answered(pretty, url, method="GET"):
    """What a client gets that asks for the address, and reads."""
    timeout = aiohttp.ClientTimeout(total=5, sock_read=4, sock_connect=3)
    with pretty.activate(time="instant"):
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                async with session.request(method, url, data=b"{}", max_redirects=2) as response:
                    await response.read()
                    return response.status
            except EXPECTED as error:
                return error


async def served(pretty, route, method="GET"):
    """What comes of a registration when somebody asks for it."""
    url = route.url or API
    if not route.address.name or "{" in str(route.address.name):
        url = API
    registered = [reply.error for reply in _replies(route) if reply.error is not None]
    kinds = tuple(error if isinstance(error, type) else type(error) for error in registered)
    try:
        return await answered(pretty, url, method)
    except HandlerError:
        return None  # a handler that was made up
    except BaseException as error:
        if kinds and isinstance(error, (*kinds, TypeError)):  # of a class that wants arguments
            return error
        raise


def _replies(route):
    succession = route.succession
    return [succession.endless] if succession.endless is not None else list(succession._replies)


@cases(0.07)
@given(st.one_of(plain(st.sampled_from(["GET", "*", "post", "HEAD"])), anything), uris, options, st.booleans())
def test_a_registration_is_refused_in_words_or_kept(method, uri, words, as_json):
    """Of any kind and content: an error of ours, and a route that is there prints, is listed and can be made again."""
    pretty = AioHTTPretty()
    register = pretty.register_json_uri if as_json else pretty.register_uri
    route = attempt(register, method, uri, **words)
    if route is None:
        assert not pretty.registry
        return
    assert repr(route)
    assert "test_registering.py:" in str(route.origin)
    assert [key[0] for key in pretty.registry] == [route.method]
    attempt(register, method, uri, **words)
    attempt(route.replace, **words)
    attempt(AioHTTPretty().include, pretty, "http://b.example")


@cases(0.1)
@given(mostly(usual_options, st.one_of(rare, options), 5), st.booleans(), st.sampled_from(["GET", "POST", "HEAD"]))
def test_what_is_registered_can_be_served(run, words, as_json, method):
    """A request to it gets an answer, or an error of the client's, or the one that was registered; and never hangs."""
    pretty = AioHTTPretty()
    register = pretty.register_json_uri if as_json else pretty.register_uri
    route = attempt(register, "*", API, **words)
    if route is not None:
        run(served(pretty, route, method))


_socket_words = st.sampled_from(
    [
        *(
            "protocols",
            "compress",
            "heartbeat",
            "status",
            "headers",
            "delay",
            "params",
            "check_params",
            "match",
            "times",
        ),
        *("optional", "expect_errors"),
    ]
)
FAULTS = {
    "tls_certificate": ("reason",),
    "dns_failure": ("temporary",),
    "proxy_status": ("status",),
    "disconnect": ("after", "attempts"),
    "during_upload": ("after", "attempts"),
    "bad_chunk": ("after",),
    "corrupt": ("encoding",),
    "drip": ("chunk", "every"),
    "malformed": ("data", "attempts"),
    "status_line": ("line",),
    "oversized_header": ("size",),
    "too_many_headers": ("count",),
    "cut": ("reply", "at", "end"),
    "sweep": ("reply", "ends"),
}
MATCHERS = {
    **dict.fromkeys(
        ("json", "json_contains", "any_order", "form", "multipart", "body", "headers", "params_contain"), 1
    ),
    **dict.fromkeys(("header", "cookie", "basic_auth", "where"), 2),
}


@cases(0.03)
@given(uris, anything, anything, st.dictionaries(_socket_words, anything, max_size=2))
def test_what_else_is_registered_is_refused_in_words_or_kept(uri, one, other, words):
    """Websockets, mounts, hosts that are passed through, bundles, settings, servers, and what is asked of the calls."""
    pretty = AioHTTPretty()
    attempt(pretty.register_websocket, uri, **words)
    attempt(pretty.mount, uri, one)
    attempt(pretty.mount, uri, web.Application(), expect_errors=one, handler_cancellation=other)
    attempt(pretty.controlled, uri)
    attempt(pretty.passthrough, one, other)
    attempt(AioHTTPretty().include, one, other)
    attempt(AioHTTPretty().include, pretty, one)
    attempt(pretty.serve, one, host=other)
    attempt(pretty.serve, tls=one)
    attempt(pretty.has_call, uri, params=one)
    attempt(pretty.assert_not_called, one, uri, match=other)
    attempt(pretty.assert_called, "GET", uri, times=one, at_least=other)
    for word in ("assert_all_called", "keep_bodies", "passthrough", "time"):
        attempt(AioHTTPretty, **{word: one})
        handle = attempt(AioHTTPretty().activate, **{word: other})
        if handle is not None:
            handle.undo()


@cases(0.03)
@given(
    st.sampled_from(sorted(FAULTS)), st.sampled_from(sorted(MATCHERS)), anything, anything, usual_options, st.booleans()
)
def test_faults_and_matchers_are_refused_in_words_or_made(fault, matcher, one, other, reply, likely):
    """What is made prints, compares, and can be registered, or is refused in words then."""
    given = dict(zip(FAULTS[fault], [one, other, one], strict=False))
    if "reply" in given and likely:
        given["reply"] = Box(lambda: opened(reply), "reply")
    made = attempt(getattr(faults, fault), **given)
    attempt(faults.raw, one, other)
    for value in made if isinstance(made, list) else [made] * (made is not None):
        assert repr(value)
        assert str(value)
        attempt(AioHTTPretty().register_uri, "GET", API, fault=value, body=other)
    condition = attempt(getattr(match, matcher), *[one, other][: MATCHERS[matcher]])
    attempt(match.file, filename=one, content=other, content_type=one)
    if condition is not None:
        assert repr(condition)
        assert isinstance(hash(condition), int)
        assert bool(condition == condition)  # noqa: PLR0124 - that is to be tried
        route = attempt(AioHTTPretty().register_uri, "GET", API, match=condition)
        assert route is None or repr(route)
