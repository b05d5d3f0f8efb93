"""Which requests an address means: patterns, templates, any method, any query."""

import asyncio
import re
from unittest.mock import ANY

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from dirty_equals import IsInt, IsStr
from hypothesis import assume, example, given
from hypothesis import strategies as st
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, NoMatchError, OptionTypeError, OptionValueError
from aiohttpretty.addresses.address import address
from aiohttpretty.addresses.mounted import mounted_at
from aiohttpretty.addresses.template import Template

ASKED = "http://example.com/users/7?verbose=1"


def answers(asked, uri, method="GET", /, **options):
    """The call that a fresh registry with this one route records for a request; None if it is refused."""
    registry = AioHTTPretty()
    registry.register_uri("GET", uri, **options)
    try:
        asyncio.run(registry.fake_request(method, asked))
    except NoMatchError:
        return None
    return registry.calls[0]


# -- compiled patterns

MATCHED = [
    (r"http://example\.com/users/\d+\?verbose=1$", ASKED),
    (r"http://example\.com/users/", ASKED),
    (r"http", ASKED),
    (r"", ASKED),
    (r"(?i)HTTP://EXAMPLE\.COM/USERS", ASKED),
    (r"http://example\.com/$", "http://example.com"),
    (r"http://example\.com/\?a=1$", "http://example.com?a=1"),
    (r"http://example\.com/$", "HTTP://EXAMPLE.com:80/#fragment"),
    (r"https://example\.com/$", "https://example.com:443"),
    (r"http://example\.com:8080/$", "http://example.com:8080"),
    (r"http://xn--bcher-kva\.example/caf%C3%A9\?q=%C3%A9$", "http://bücher.example/café?q=é"),
    (r"http://example\.com/a%20b\?c=d\+e$", "http://example.com/a b?c=d e"),
    (r"http://example\.com/a%2Fb$", "http://example.com/a%2Fb"),
    (r"http://example\.com/$", "http://user:secret@example.com/"),
    (r"wss://example\.com/", "wss://example.com/socket"),
    (r"https://example\.com/", "wss://example.com/socket"),
]
NOT_MATCHED = [
    (r"example\.com", ASKED),  # from the start, not anywhere
    (r"/users/", ASKED),
    (r"http://example\.com/users/$", ASKED),
    (r"http://EXAMPLE\.com", ASKED),
    (r"http://example\.com:80/", "http://example.com:80/"),
    (r"http://bücher", "http://bücher.example/"),
    (r"http://example\.com/é", "http://example.com/é"),
    (r".*secret", "http://user:secret@example.com/"),
    (r".*fragment", "http://example.com/#fragment"),
    (r"wss://", "https://example.com/"),
]


@pytest.mark.parametrize(("pattern", "asked"), MATCHED)
def test_a_pattern_that_matches(pattern, asked):
    """A pattern is matched from the start of the full URL as it is sent, query included; it need not reach the end."""
    assert answers(asked, re.compile(pattern)) is not None


@pytest.mark.parametrize(("pattern", "asked"), NOT_MATCHED)
def test_a_pattern_that_does_not_match(pattern, asked):
    """Neither the spelling of the caller, nor what is never sent, is what a pattern sees."""
    assert answers(asked, re.compile(pattern)) is None


def test_the_groups_of_a_pattern():
    """Named groups are the call's match_info, and all its groups; one that took no part is None, or left out."""
    call = answers(ASKED, re.compile(r"(https?)://[^/]+/(?P<kind>\w+)/(?P<id>\d+)(?P<sub>/\w+)?"))
    assert call.match_info == {"kind": "users", "id": "7"}
    assert call.groups == ("http", "users", "7", None)
    assert answers(ASKED, "http://example.com/users/{id}", check_params=False).groups == ()


REFUSED_PATTERNS = {
    "bytes": (
        re.compile(b"http"),
        {},
        OptionTypeError,
        "uri=re.compile(b'http') is a pattern of bytes. Compile it from a str.",
    ),
    "params": (
        re.compile("http"),
        {"params": {"a": 1}},
        OptionValueError,
        "params={'a': 1} beside re.compile('http'): a pattern is matched against the full URL, query included. Write "
        "the query into the pattern, or give match=match.params_contain(...).",
    ),
    "params that say themselves what they fit": (
        re.compile("http"),
        {"params": {"a": ANY}},
        OptionValueError,
        "params={'a': <ANY>} beside re.compile('http'): a pattern is matched against the full URL, query included. "
        "Write the query into the pattern, or give match=match.params_contain(...).",
    ),
    "check_params": (
        re.compile("http"),
        {"check_params": False},
        OptionValueError,
        "check_params=False beside re.compile('http'): a pattern is matched from the start of the full URL and need "
        "not reach its end. Leave check_params out, and end the pattern before the query.",
    ),
}
TEMPLATE = (
    "Write {name} or {name:regex}, each name once, of letters, digits and underscores; a brace that is meant as such "
    "is written %7B or %7D."
)
REFUSED_TEMPLATES = {
    "http://h/{id": "its braces don't pair",
    "http://h/{id?x=1": "its braces don't pair",
    "http://h/id}": "its braces don't pair",
    "http://h/}{": "its braces don't pair",
    "http://h/{}": "'{}' is no variable",
    "http://h/{1}": "'{1}' is no variable",
    "http://h/{id:}": "'{id:}' is no variable",
    "http://h/{ id }": "'{ id }' is no variable",
    "http://h/{a-b}": "'{a-b}' is no variable",
    "http://h/{a}/{a}": "redefinition of group name 'a' as group 2; was group 1",
    "http://h/{a:(}": "missing ), unterminated subpattern",
    "http://h/{a:x{99999999999}}": "the repetition number is too large",
    "http://h/./{a}": "a client resolves '.' and '..' before it sends a path",
    "http://h/{a}/%2E%2E/b": "a client resolves '.' and '..' before it sends a path",
}


@pytest.mark.parametrize("case", REFUSED_PATTERNS)
def test_refused_patterns(case):
    """What can't stand beside a pattern is said where it is written, with what to write instead."""
    uri, options, kind, sentence = REFUSED_PATTERNS[case]
    with pytest.raises(kind) as caught:
        aiohttpretty.register_uri("GET", uri, **options)
    assert str(caught.value) == sentence
    assert not aiohttpretty.registry


@pytest.mark.parametrize("uri", REFUSED_TEMPLATES)
def test_refused_templates(uri):
    """A template that aiohttp.web would not take is refused, with the reason and how one is written."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.register_uri("GET", uri)
    assert str(caught.value) == f"{uri!r} is not a template: {REFUSED_TEMPLATES[uri]}. {TEMPLATE}"
    assert not aiohttpretty.registry


@pytest.mark.parametrize("uri", ["http://{host}/", "http://h:{port}/x", "{scheme}://h/", "http://h}/{x}"])
def test_variables_outside_the_path(uri):
    """A variable can stand in the path only; elsewhere it is not taken for a literal brace."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.register_uri("GET", uri)
    if uri.startswith("{"):
        assert str(caught.value).startswith(f"{uri!r} has no scheme or no host")
    else:
        assert str(caught.value) == (
            f"{uri!r} has a variable outside its path. {{name}} can stand in the path only; for the rest, give a "
            "compiled pattern, such as re.compile(r'https://[^/]+/path')."
        )


@pytest.mark.parametrize("uri", ["/users/{id}", "example.com/{id}", "//example.com/{id}", "/users"])
def test_addresses_that_are_not_absolute(uri):
    """The sentence shows the whole address, as it was written."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.register_uri("GET", uri)
    assert str(caught.value) == (
        f"{uri!r} has no scheme or no host, so no request can have this address. Give an absolute URL, such as "
        "'http://example.com/path'; for a session with base_url, the joined one."
    )


# -- templates


@pytest.mark.parametrize(
    ("template", "asked", "info"),
    [
        ("http://h/users/{id}", "http://h/users/7", {"id": "7"}),
        ("http://h/users/{id}", "http://H:80/users/7#x", {"id": "7"}),
        ("http://h/users/{id}", "http://h/users/a%20b%C3%A9", {"id": "a bé"}),
        ("http://h/users/{id}", "http://h/users/a%2Fb%25", {"id": "a/b%"}),
        ("http://h/users/{id}", "http://h/users/%2525", {"id": "%25"}),
        ("http://h/users/{id}", "http://h/users/%252F", {"id": "%2F"}),
        ("http://h/users/{id}", "http://h/users/", None),
        ("http://h/users/{id}", "http://h/users/7/", None),
        ("http://h/users/{id}", "http://h/users/7?a=1", None),
        ("http://h/users/{id}", "http://h:81/users/7", None),
        ("http://h/users/{id}", "https://h/users/7", None),
        ("http://h/users/{id}", "http://hh/users/7", None),
        ("http://h/users/{id}?a=1&b={c}", "http://h/users/7?b=%7Bc%7D&a=1", {"id": "7"}),
        (r"http://h/{id:\d+}/{rest:.*}", "http://h/12/a/b", {"id": "12", "rest": "a/b"}),
        (r"http://h/{id:\d+}/{rest:.*}", "http://h/x/a/b", None),
        (r"http://h/{code:[a-z]{2}}", "http://h/de", {"code": "de"}),
        (r"http://h/{code:[?#]}", "http://h/%3F", {"code": "?"}),
        ("http://h/{a}.{b}", "http://h/x.y.z", {"a": "x.y", "b": "z"}),
        ("http://h/{x:a|b}c", "http://h/bc", {"x": "b"}),
        ("http://h/{x:(a)?(b)?}", "http://h/b", {"x": "b"}),
        ("http://h/é/{x}", "http://h/%C3%A9/ö", {"x": "ö"}),
        ("http://h/%7B{x}%7D", "http://h/%7Ba%7D", {"x": "a"}),
        ("http://h/%FF%2f/{x}", "http://h/%FF%2F/1", {"x": "1"}),
        ("http://h/100%{x}", "http://h/100%off", {"x": "off"}),
        ("ws://h/{x}", "http://h/1", {"x": "1"}),
        ("http://h//{x}", "http://h//1", {"x": "1"}),
        ("http://user:secret@h/{x}", "http://h/1", {"x": "1"}),
    ],
)
def test_templates(template, asked, info):
    """The rest of a template is compared as an address is; its variables hold decoded what is in their place."""
    call = answers(asked, template)
    assert (None if call is None else call.match_info) == info


def test_a_url_is_literal():
    """A yarl.URL with braces in it means braces, and so do braces in a query."""
    assert answers("http://h/{x}", URL("http://h/{x}")).match_info == {}
    assert answers("http://h/1", URL("http://h/{x}")) is None
    assert answers("http://h/?f={x}", "http://h/?f={x}") is not None
    assert answers("http://h/?f=1", "http://h/?f={x}") is None


VARIABLES = [
    *("{%s}", r"{%s:\d+}", "{%s:.*}", "{%s:.+}", r"{%s:[^/]+\.b}", "{%s:a|b}", "{%s:[ab]{1,2}}", "{%s:a*}"),
]
# What aiohttp.web can match, too: it compares a literal that it has encoded with a path that is decoded
PLAIN = ["a", "b", "ab", ".b", "1", "+", "~", "-", "%2F", "%25", "@", "a;b"]
ENCODED = [*PLAIN, ":", "é", "%C3%A9", "%7E", "%20", " ", "%3F", "%FF", "%2f"]
VALUES = [*ENCODED, "%252F", "a/b", "aa", "12", ".b"]


def templates(literals):
    pieces = st.sampled_from([("literal", one) for one in literals] + [("variable", one) for one in VARIABLES])
    return st.lists(st.lists(pieces, max_size=3), min_size=1, max_size=3)


def as_template(segments):
    names = iter("abcdefghi")
    return "".join(
        "/" + "".join(text % next(names) if kind == "variable" else text for kind, text in segment)
        for segment in segments
    )


def as_path(segments, values):
    """A path that has a chance of fitting."""
    values = iter(values)
    return "".join(
        "/" + "".join(next(values) if kind == "variable" else text for kind, text in segment) for segment in segments
    )


async def handler(request):
    """Never called."""


def as_web(template, url):
    """The match_info of aiohttp.web for a request with this URL; None if it does not answer it."""
    router = web.UrlDispatcher()
    router.add_route("GET", template, handler)
    # as the server's parser does it; make_mocked_request would take //a for a host
    request = make_mocked_request("GET", "/").clone(rel_url=URL.build(path=url.raw_path, encoded=True))
    resolving = router.resolve(request)
    with pytest.raises(StopIteration) as done:  # it awaits nothing that would need an event loop
        resolving.send(None)
    found = done.value.value
    return None if found.http_exception is not None else dict(found)


values = st.lists(st.sampled_from(VALUES), min_size=9, max_size=9)
paths = st.lists(st.sampled_from(VALUES), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


def both(segments, other, values, choice):
    template = as_template(segments)
    assume("{" in template)
    path = {"filled": as_path(segments, values), "another": as_path(other, values), "any": None}[choice]
    url = URL("http://h" + (path or "/" + "/".join(values[:3])))
    ours = address("http://h" + template).fits(url)
    return ours, as_web(template, url)


choices = st.sampled_from(["filled", "filled", "another", "any"])


@given(templates(PLAIN), templates(PLAIN), values, choices)
@example([[("variable", "{%s}")]], [], ["a%2Fb"] + [""] * 8, "filled")
@example([[("literal", "%2F"), ("variable", "{%s}")]], [], ["%25"] + [""] * 8, "filled")
def test_as_aiohttp_web_does(segments, other, values, choice):
    """What fits a template, and what its variables hold, is what an application with that route says."""
    ours, theirs = both(segments, other, values, choice)
    assert ours == theirs


@given(templates(ENCODED), templates(ENCODED), values, choices)
@example([[("literal", "é"), ("variable", "{%s}")]], [], ["é"] + [""] * 8, "filled")
def test_more_than_aiohttp_web_does(segments, other, values, choice):
    """A literal that has to be encoded fits here, too; what aiohttp.web answers, is the same here."""
    ours, theirs = both(segments, other, values, choice)
    assert theirs in (None, ours)


@given(templates(ENCODED), values)
def test_what_is_filled_in_fits(segments, values):
    """A template of simple variables fits its own address with anything but a slash in them, and gives that back."""
    segments = [[(kind, "{%s}" if kind == "variable" else text) for kind, text in one] for one in segments]
    # two variables side by side can share what is there in several ways
    assume(not re.search(r"\}\{", as_template(segments)) and "{" in as_template(segments))
    inside = [value.replace("/", "") or "x" for value in values]
    url = URL("http://h" + as_path(segments, inside))
    assume(url.raw_path.count("/") == len(segments))
    assert isinstance(address("http://h" + as_template(segments)), Template)
    assert address("http://h" + as_template(segments)).fits(url) is not None


async def test_against_a_real_server():
    """Over a loopback server, the handler's match_info is what the call's is."""
    template, asked = r"/{a}/{b:.*}", "/x%2Fy%25%20é/1/%2F2?q=1"
    seen = []

    async def handler(request):
        seen.append(dict(request.match_info))
        return web.Response()

    app = web.Application()
    app.router.add_get(template, handler)
    async with TestClient(TestServer(app)) as client:
        await client.get(asked)
        url = client.make_url(asked)
    registry = AioHTTPretty()
    registry.register_uri("GET", f"{url.origin()}{template}", check_params=False)
    await registry.fake_request("GET", url)
    assert [dict(registry.calls[0].match_info)] == seen
    assert seen == [{"a": "x/y% é", "b": "1//2"}]


# -- any method, any query


@pytest.mark.parametrize("method", ["GET", "post", "PATCH", "BREW"])
@pytest.mark.parametrize("uri", ["http://h/a", "http://h/{x}", re.compile("http://h/a")])
async def test_any_method(method, uri):
    """`*` answers any method, at any kind of address."""
    route = aiohttpretty.register_uri("*", uri)
    await aiohttpretty.fake_request(method, "http://h/a")
    assert (route.method, aiohttpretty.calls[0].method) == ("*", method.upper())


@pytest.mark.parametrize("query", ["", "?a=1", "?a=1&a=2&b"])
@pytest.mark.parametrize("uri", ["http://h/a?b=1", "http://h/{x}?b=1"])
def test_any_query(uri, query):
    """check_params=False answers whatever the query is, be there one in the uri or not."""
    assert answers(f"http://h/a{query}", uri, check_params=False) is not None
    assert answers(f"http://h/b/c{query}", uri, check_params=False) is None
    assert answers(f"http://h/a{query}", uri) is None


CONDITIONS = [
    ({"a": ANY}, "?a=1", True),
    ({"a": ANY}, "?a=", True),
    ({"a": ANY}, "", False),
    ({"a": ANY}, "?a=1&a=2", False),
    ({"a": ANY}, "?a=1&b=2", False),
    ({"a": [ANY, "1"]}, "?a=1&a=2", True),
    ([("a", ANY), ("b", 2)], "?b=2&a=x", True),
    ([("a", ANY), ("b", 2)], "?b=3&a=x", False),
    ({"a": re.compile(r"\d+")}, "?a=12", True),
    ({"a": re.compile(r"\d+")}, "?a=12x", False),
    ({"a": IsStr(regex="x.*")}, "?a=xy", True),
    ({"a": IsStr(regex="x.*")}, "?a=y", False),
    ({"a": ~IsInt}, "?a=y", True),
    ({"a": ANY, "b": None}, "?b&a=1", True),
]


@pytest.mark.parametrize(("params", "query", "fits"), CONDITIONS)
@pytest.mark.parametrize("uri", ["http://h/a", "http://h/{x}", "http://h/a?c=3", "http://h/{x}?c=3"])
def test_params_that_say_themselves_what_they_fit(uri, params, query, fits):
    """ANY, patterns and objects with their own equality stand for a value; the rest of the query counts as ever."""
    own = "c=3" if "?" in uri else ""
    asked = "http://h/a" + (f"{query}&{own}" if own and query else query or (own and f"?{own}"))
    assert (answers(asked, uri, params=params) is not None) is fits
    if own:
        assert answers("http://h/a" + query, uri, params=params) is None  # without the query of the uri


REFUSED = {
    "a word for yes": (
        {"check_params": 1},
        OptionTypeError,
        "check_params=1 is not a bool. Give False to answer whatever the query is, or leave it out.",
    ),
    "asked for and ignored": (
        {"check_params": False, "params": {"a": 1}},
        OptionValueError,
        "params={'a': 1} beside check_params=False: the query can't be asked for and ignored. Leave one of them out, "
        "or give match=match.params_contain(...) for a part of the query.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_words(case):
    """What contradicts itself is refused, with what to write instead."""
    options, kind, sentence = REFUSED[case]
    with pytest.raises(kind) as caught:
        aiohttpretty.register_uri("GET", "http://h/", **options)
    assert str(caught.value) == sentence


# -- the view


def test_the_view():
    """`registry` finds a template in any spelling, a pattern by itself or its text, and any method by `*`."""
    registry, pattern = AioHTTPretty(), re.compile(r"http://h/\d+", re.IGNORECASE)
    registry.register_uri("GET", "http://h/{x}?a=1", status=201)
    registry.register_uri("GET", pattern, status=202)
    registry.register_uri("*", "http://h/", status=203)
    registry.register_uri("GET", "http://h/any", check_params=False, status=204)
    registry.register_uri("GET", "http://h/{x}", params={"b": 2}, status=205)
    assert list(registry.registry) == [
        ("GET", "http://h/{x}?a=1"),
        ("GET", pattern),
        ("*", "http://h/"),
        ("GET", "http://h/any"),
        ("GET", "http://h/{x}?b=2"),
    ]
    for name in [("GET", "http://h/{x}?a=1"), ("get", "http://H:80/{x}?a=1#f")]:
        assert registry.registry[name] == {"status": 201}
    for name in [pattern, pattern.pattern, re.compile(r"http://h/\d+", re.IGNORECASE)]:
        assert registry.registry["GET", name] == {"status": 202}
    assert registry.registry["*", "http://h"] == {"status": 203}
    for name in ["http://h/any", "http://h/any?x=1", URL("http://h/any")]:
        assert registry.registry["GET", name] == {"status": 204}
    assert registry.registry["GET", "http://h/{x}?b=2"] == {"status": 205}
    for place in [
        ("GET", "http://h/{y}?a=1"),
        ("GET", "http://h/{x}"),
        ("GET", URL("http://h/{x}?a=1")),
        ("GET", re.compile(pattern.pattern)),
        ("GET", "http://h/1"),
        ("GET", "http://h/"),
        ("GET", "[a-"),
        ("GET", []),
    ]:
        assert place not in registry.registry
    assert len(registry.registry) == len(list(registry.registry)) == 5
    assert repr(registry.registry) == (
        r"<registry of 5 routes: GET http://h/{x}?a=1, GET http://h/\d+, * http://h/, GET http://h/any, "
        r"GET http://h/{x}?b=2>"
    )


@pytest.mark.parametrize("uri", ["http://h/", "http://h/{x}", re.compile("http://h/")])
def test_several_routes_of_one_key(uri):
    """Of several routes with one key, the view shows the one that is tried first, and counts them once."""
    registry = AioHTTPretty()
    registry.register_uri("GET", uri, status=201, match=aiohttpretty.match.header("A", "1"))
    assert registry.registry["GET", uri]["status"] == 201
    newer = registry.register_uri("GET", uri, status=202, match=aiohttpretty.match.header("B", "1"))
    registry.register_uri("GET", uri, status=203)
    assert registry.registry["GET", uri]["status"] == 202
    assert list(registry.registry) == [("GET", uri)]
    newer.remove()
    assert registry.registry["GET", uri]["status"] == 201


@pytest.mark.parametrize(
    "path, below", [("/v1", True), ("/v1/", True), ("/v1/a?b=c", True), ("/v10", False), ("/", False)]
)
def test_at_and_below_a_mount(path, below):
    """A mount fits its own address and those below it, and none that only begins with the same letters."""
    mounted = mounted_at("http://example.com/v1/")
    assert (mounted.fits(URL(f"http://example.com{path}")) is not None) is below
    assert mounted.fits(URL(f"http://example.org{path}")) is None
