"""Which of several routes answers: the rule of precedence, the warning, and what it costs."""

import asyncio
import inspect
import itertools
import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

import aiohttpretty
from aiohttpretty import (
    AioHTTPretty,
    NoMatchError,
    OptionValueError,
    ResponsesExhausted,
    UnreachableRouteWarning,
    match,
)
from aiohttpretty.addresses.address import Expression, address
from aiohttpretty.addresses.mounted import mounted_at
from aiohttpretty.addresses.template import Template
from aiohttpretty.ledger import Ledger
from aiohttpretty.records.call import Call
from aiohttpretty.route import Route

HOST = "http://h"


async def asked(registry, uri="http://h/a", method="GET", **keywords):
    response = await registry.fake_request(method, uri, **keywords)
    return response.status


@pytest.mark.parametrize("kind", ["a mount", "a path of a bundle"])
def test_what_never_covers(kind):
    """A mount comes behind all, and a path of a bundle answers nothing by itself: neither covers any address."""
    where = mounted_at("http://h/") if kind == "a mount" else address("/a", beneath=True)
    others = [address("http://h/a"), address("http://h/{x}"), address("/a", beneath=True), mounted_at("http://h/a")]
    assert [other for other in [*others, where] if where.covers(other)] == []


# -- one after another


async def test_an_exact_address_goes_before_all():
    """However late templates and patterns come, with or without matchers, an exact address answers first."""
    aiohttpretty.register_uri("GET", "http://h/a", status=201)
    aiohttpretty.register_uri("GET", "http://h/{x}", status=202, match=match.header("X", "1"))
    aiohttpretty.register_uri("*", re.compile("http://h/"), status=203, match=match.header("X", str))
    assert await asked(aiohttpretty, headers={"X": "1"}) == 201
    assert await asked(aiohttpretty, "http://h/b", headers={"X": "1"}) == 203


async def test_matchers_go_before_none():
    """A route with matchers is tried first, though it is the older one."""
    aiohttpretty.register_uri("GET", "http://h/{x}", status=201, match=match.header("X", "1"))
    aiohttpretty.register_uri("GET", "http://h/{x}", status=202)
    assert await asked(aiohttpretty, headers={"X": "1"}) == 201
    assert await asked(aiohttpretty) == 202


async def test_a_used_up_route_steps_aside():
    """It gives way to the next that fits; only when none is left is it said to be used up, and of the first."""
    aiohttpretty.register_uri("GET", re.compile("http://h/a"), status=203, times=1)
    aiohttpretty.register_uri("GET", "http://h/{x}", status=202, responses=[{}, {}])
    first = aiohttpretty.register_uri("GET", "http://h/a", status=201, times=1)
    assert [await asked(aiohttpretty) for _ in range(4)] == [201, 202, 202, 203]
    with pytest.raises(ResponsesExhausted) as caught:
        await asked(aiohttpretty)
    assert str(caught.value).partition("\n")[0] == (
        "No response is left for GET http://h/a: it was to answer one request (times=1), and has (registered at "
        f"{first.origin}). Give a greater times=, or none for any number of requests; or find out why the code asks "
        "more often than you expect."
    )


EQUAL = {
    "none": lambda: None,
    "a header": lambda: match.header("X", "1"),
    "JSON": lambda: match.json({"a": [1, {"b": None}], "c": re.compile("x")}),
    "JSON in another order": lambda order=itertools.cycle("abba"): match.json(
        dict.fromkeys((next(order), next(order)), 1)
    ),
    "two in any order": lambda order=itertools.cycle([1, -1]): [match.header("X", "1"), match.body("b")][
        :: next(order)
    ],
    "joined": lambda: ~(match.header("X", "1") & match.cookie("c", "1") | match.params_contain({"q": 1})),
}


@pytest.mark.parametrize("kind", EQUAL)
@pytest.mark.parametrize("uri", ["http://h/a", "http://h/{x}", re.compile("http://h/")])
def test_equal_matchers_replace(uri, kind):
    """The same method, address and matchers again take the place of the older route."""
    registry = AioHTTPretty()
    older = registry.register_uri("GET", uri, match=EQUAL[kind](), status=201)
    newer = registry.register_uri("get", uri, match=EQUAL[kind](), status=202)
    assert registry._ledger.routes() == [newer]
    older.remove()
    assert registry._ledger.routes() == [newer]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (match.header("X", "1"), match.header("X", "2")),
        (match.json({"a": 1}), match.json({"a": True})),
        (match.json({"a": 1}), match.json_contains({"a": 1})),
        ([match.header("X", "1")] * 2, [match.header("X", "1"), match.header("Y", "1")]),
        (lambda call: True, lambda call: True),
    ],
)
def test_other_matchers_stand_beside(one, other):
    """Routes whose matchers differ are two."""
    registry = AioHTTPretty()
    registry.register_uri("GET", "http://h/a", match=one)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreachableRouteWarning)
        registry.register_uri("GET", "http://h/a", match=other)
    assert len(registry._ledger.routes()) == 2


# -- the rule, against a slow model of it: which requests each address means, in the plainest words

PLACES = {
    "http://h/a": lambda path, query: (path, query) == ("/a", ""),
    "http://h/a?q=1": lambda path, query: (path, query) == ("/a", "q=1"),
    "http://h/b": lambda path, query: (path, query) == ("/b", ""),
    "http://h/{x}": lambda path, query: path in ("/a", "/b") and query == "",
    "http://h/{x:a}?q=1": lambda path, query: path == "/a" and query == "q=1",
    "http://h/{x}/{y}": lambda path, query: path == "/a/c" and query == "",
    re.compile("http://h/a"): lambda path, query: path in ("/a", "/a/c"),
    re.compile("http://h/.*q=1$"): lambda path, query: query == "q=1",
}
LOOSE = {
    "http://h/a": lambda path, query: path == "/a",
    "http://h/{x}": lambda path, query: path in ("/a", "/b"),
}
ADDRESSES = [(uri, True) for uri in PLACES] + [(uri, False) for uri in LOOSE]
MATCHERS = {"X": match.header("X", "1"), "Y": match.header("Y", "1")}
HEADERS = [{}, {"X": "1"}, {"Y": "1"}, {"X": "1", "Y": "1"}]
REQUESTS = list(itertools.product(["GET", "PUT"], ["/a", "/b", "/a/c"], ["", "q=1"], HEADERS))

registering = st.tuples(
    st.just("register"),
    st.sampled_from(["GET", "PUT", "*"]),
    st.sampled_from(ADDRESSES),
    st.sets(st.sampled_from("XY")),
    st.sampled_from([None, 1, 2]),
)
requesting = st.tuples(st.just("ask"), st.sampled_from(REQUESTS))
removing = st.tuples(st.just("remove"), st.integers(0, 9))
replacing = st.tuples(st.just("replace"), st.integers(0, 9))


class Model:
    """The rule as the README has it: all routes that fit, sorted; the first that is not used up."""

    def __init__(self):
        self.routes = []

    def register(self, number, method, place, names, left):
        self.routes = [route for route in self.routes if route["key"] != (method, place, frozenset(names))]
        self.routes.append(
            {"key": (method, place, frozenset(names)), "number": number, "left": float("inf") if left is None else left}
        )

    def fitting(self, method, path, query, headers):
        fitting = []
        for route in self.routes:
            wanted, (uri, check_params), names = route["key"]
            fits = (PLACES if check_params else LOOSE)[uri]
            if wanted in ("*", method) and fits(path, query) and names <= set(headers):
                exact = isinstance(uri, str) and "{" not in uri
                fitting.append(((exact, bool(names), self.routes.index(route)), route))
        return [route for _, route in sorted(fitting, key=lambda pair: pair[0], reverse=True)]

    def ask(self, *request):
        fitting = self.fitting(*request)
        for route in fitting:
            if route["left"]:
                route["left"] -= 1
                return route["number"]
        return ResponsesExhausted if fitting else NoMatchError


def change(step, which, model, handles):
    if not handles:
        return
    number = list(handles)[which % len(handles)]
    if step == "remove":
        handles[number].remove()
        model.routes = [route for route in model.routes if route["number"] != number]
        return
    if all(route["number"] != number for route in model.routes):
        with pytest.raises(OptionValueError, match="answers nothing any more"):
            handles[number].replace(headers={"N": str(number)})
        return
    handles[number].replace(headers={"N": str(number)})
    for route in model.routes:
        route["left"] = float("inf") if route["number"] == number else route["left"]


async def play(steps):
    registry, model, handles = AioHTTPretty(), Model(), {}
    for number, (step, *rest) in enumerate(steps):
        if step in ("remove", "replace"):
            change(step, rest[0], model, handles)
        elif step == "register":
            method, (uri, check_params), names, times = rest
            model.register(number, *rest)
            options = {"headers": {"N": str(number)}, "match": [MATCHERS[name] for name in sorted(names)] or None}
            options |= {} if times is None else {"times": times}
            options |= {} if check_params else {"check_params": False}
            handles[number] = registry.register_uri(method, uri, **options)
        else:
            method, path, query, headers = rest[0]
            wanted = model.ask(*rest[0])
            try:
                response = await registry.fake_request(method, f"{HOST}{path}?{query}", headers=headers)
                found = int(response.headers["N"])
            except (NoMatchError, ResponsesExhausted) as error:
                found = type(error)
            assert found == wanted
    assert {route["number"] for route in model.routes} == {
        number for number, route in handles.items() if route in registry._ledger._routes
    }


@pytest.mark.filterwarnings("ignore::aiohttpretty.UnreachableRouteWarning")
@given(st.lists(registering, min_size=1, max_size=8), st.lists(st.one_of(requesting, registering, removing, replacing)))
def test_the_rule(first, then):
    """Whatever is registered, asked for and removed, in whatever order: the routes answer as the rule says."""
    asyncio.run(play(first + then))


def fitting(ledger, method, path, query, headers):
    """The routes that would answer, in order; every reply is taken for endless."""
    url = URL(f"{HOST}{path}?{query}")
    for route in ledger.fitting(method, url):
        call = Call(method, url, route, {})
        call.received(b"X / HTTP/1.1\r\n" + b"".join(b"%s: 1\r\n" % name.encode() for name in headers), [])
        if route.accepts(call):
            yield route


@given(st.lists(registering, min_size=2, max_size=8))
def test_never_warned_for_nothing(steps):
    """Of a route that is said to be unreachable, no request can get an answer."""
    ledger, scratch = Ledger(), AioHTTPretty()
    hidden = {}
    for _, method, (uri, check_params), names, times in steps:
        scratch.clear()
        options = {"match": [MATCHERS[name] for name in sorted(names)] or None}
        options |= {} if times is None else {"times": times}
        options |= {} if check_params else {"check_params": False}
        route = scratch.register_uri(method, uri, **options)
        hidden |= dict.fromkeys(ledger.hidden_by(route), route)
        ledger.add(route)
        # one that hides another may itself be replaced
        hidden = {old: new for old, new in hidden.items() if new in ledger._routes}
    for request in REQUESTS:
        answering = next((route for route in fitting(ledger, *request) if route.succession.inexhaustible), None)
        before = list(itertools.takewhile(lambda route: route is not answering, fitting(ledger, *request)))
        assert not {answering, *before} & set(hidden)


PATTERNS = [
    *("http://h/", "http://h/.*", "http://h/.*$", "http://h/.+", r"http://h/\.*$", "http://h/a", "http://h/a$"),
    *("http://h/[^/]+$", "http://h/[^/]*", "http://h/(?!a)", r"http://h/a\b", "http://h/a/?", "http://h/[.*$]*$", ""),
    *("http://h/a*+" if hasattr(re, "POSSESSIVE") else "http", "https?://", "(?i)HTTP://H/", r"http://h/%2Fa"),
]
PIECES = ["a", "b", "{%s}", r"{%s:\d+}", "{%s:.*}", "{%s:a|b}", "%2F", ".", "{%s:a)|(b}", "{%s:(?=a).}"]
segment = st.lists(st.sampled_from(PIECES), max_size=3).filter(lambda pieces: "".join(pieces) not in (".", ".."))
segments = st.lists(segment, min_size=1, max_size=3)
FILLINGS = ["a", "b", "1", "12", "a/b", "%2F", ".", "..", "c"]


def written(parts, names="abcdefghi"):
    names = iter(names)
    return "".join("/" + "".join(piece % next(names) if "%s" in piece else piece for piece in part) for part in parts)


addresses = st.one_of(
    segments.map(lambda parts: (HOST + written(parts), parts)),
    st.sampled_from(PATTERNS).map(lambda text: (re.compile(text), [["{%s}"]])),
)


@pytest.mark.filterwarnings("ignore::aiohttpretty.UnreachableRouteWarning")
@given(addresses, addresses, st.lists(st.lists(st.sampled_from(FILLINGS), min_size=9, max_size=9), min_size=4))
def test_what_covers_fits_all_that_the_other_fits(new, old, fillings):
    """Whatever a template or pattern is said to cover, there is no URL that fits the covered one only."""
    registry = AioHTTPretty()
    older = registry.register_uri("GET", old[0])
    newer = registry.register_uri("*", new[0])
    if older not in registry._ledger._routes or not newer.covers(older):
        return
    for filling, parts in itertools.product(fillings, (new[1], old[1])):
        values = iter(filling)
        path = "".join("/" + "".join(next(values) if "%s" in piece else piece for piece in part) for part in parts)
        url = URL(HOST + path)
        assert older.address.fits(url) is None or newer.address.fits(url) is not None


HIDDEN = {
    "a catch-all pattern": (("GET", "http://h/{x}"), ("GET", re.compile("http://h/.*"))),
    "a pattern up to the end": (("GET", "http://h/{x}"), ("GET", re.compile("http://h/.*$"))),
    "a pattern of the beginning": (("GET", "http://h/a/{x}"), ("GET", re.compile("https?://[^/]+/a"))),
    "an equal pattern": (("GET", re.compile("http://h/a")), ("*", re.compile("http://h/a"))),
    "any method": (("GET", "http://h/"), ("*", "http://h/")),
    "any method at a template": (("GET", "http://h/{x}"), ("*", "http://h/{x}")),
    "any query": (("GET", "http://h/?a=1"), ("GET", "http://h/", {"check_params": False})),
    "any query at a template": (("GET", "http://h/{x}?a=1"), ("GET", "http://h/{x}", {"check_params": False})),
    "a wider template": (("GET", r"http://h/a/{x:\d+}/{y}"), ("GET", r"http://h/{z}/{x:\d+}/{b}")),
    "another name": (("GET", "http://h/users/{id}"), ("GET", "http://h/users/{name}")),
    "a part of a segment": (("GET", "http://h/{a}.json"), ("GET", "http://h/{a}")),
    "fewer matchers": (
        ("GET", "http://h/", {"match": [match.header("X", "1"), match.body("b")]}),
        ("GET", "http://h/", {"match": match.body("b")}),
    ),
    "the same matchers, any method": (
        ("GET", "http://h/", {"match": match.json({"a": 1})}),
        ("*", "http://h/", {"match": match.json({"a": 1})}),
    ),
    "used up later": (("GET", "http://h/", {"times": 2}), ("*", "http://h/")),
    "the last one repeated": (("GET", "http://h/"), ("*", "http://h/", {"responses": [{}], "exhausted": "repeat"})),
}
NOT_HIDDEN = {
    "the same again": (("GET", "http://h/"), ("GET", "http://h/")),
    "the same template again": (("GET", "http://h/{x}"), ("GET", "http://h/{x}")),
    "the same pattern again": (("GET", re.compile("http://h/")), ("GET", re.compile("http://h/"))),
    "the wider one first": (("*", "http://h/"), ("GET", "http://h/")),
    "an exact one after a pattern": (("GET", re.compile("http://h/")), ("GET", "http://h/")),
    "a pattern after an exact one": (("GET", "http://h/"), ("GET", re.compile("http://h/"))),
    "one that will be used up": (("GET", "http://h/"), ("*", "http://h/", {"times": 1})),
    "one that has responses": (("GET", "http://h/"), ("*", "http://h/", {"responses": [{}, {}]})),
    "one with matchers": (("GET", "http://h/"), ("*", "http://h/", {"match": match.body("b")})),
    "one after one with matchers": (("GET", "http://h/", {"match": match.body("b")}), ("*", "http://h/")),
    "other matchers": (
        ("GET", "http://h/", {"match": match.body("b")}),
        ("GET", "http://h/", {"match": match.body("c")}),
    ),
    "more matchers": (
        ("GET", "http://h/", {"match": match.body("b")}),
        ("GET", "http://h/", {"match": [match.body("b"), match.header("X", "1")]}),
    ),
    "another method": (("GET", "http://h/{x}"), ("POST", re.compile("http://h/"))),
    "another host": (("GET", "http://g/{x}"), ("GET", re.compile("http://h/"))),
    "a pattern with an end": (("GET", "http://h/a{x}"), ("GET", re.compile("http://h/a$"))),
    "a pattern of literal dots": (("GET", "http://h/{x}"), ("GET", re.compile(r"http://h/\.*$"))),
    "a narrower template": (("GET", "http://h/{x}"), ("GET", r"http://h/{x:\d+}")),
    "a template of fewer segments": (("GET", "http://h/{x}/{y}"), ("GET", "http://h/{x}")),
    "an expression that may be empty": (("GET", "http://h/{x:.*}"), ("GET", "http://h/{x}")),
    "a literal brace": (("GET", "http://h/%7B{x}"), ("GET", "http://h/{x}")),
    "what speaks of another variable": (
        ("GET", "http://h/{b}/{a}/{c:(?P=a)}"),
        ("GET", "http://h/{a}/{b}/{c:(?P=a)}"),
    ),
}


def warned(first, second):
    """The warnings at the second of two registrations, with their lines."""
    registry = AioHTTPretty()

    def register(method, uri, options=None):
        return registry.register_uri(method, uri, **(options or {}))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        register(*first)
        assert not caught
        register(*second)
    return registry, caught


@pytest.mark.parametrize("case", HIDDEN)
def test_a_route_that_is_hidden(case):
    """A route whose every request a new one answers first is warned of, once."""
    _, caught = warned(*HIDDEN[case])
    assert [warning.category for warning in caught] == [UnreachableRouteWarning]


@pytest.mark.parametrize("case", NOT_HIDDEN)
def test_a_route_that_is_not_hidden(case):
    """No warning for a route that can still answer something, or is replaced."""
    assert warned(*NOT_HIDDEN[case])[1] == []


def test_the_warning():
    """It names both lines, says what to do, and points at the later one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        aiohttpretty.register_uri("GET", "http://h/{x}")
        first = inspect.currentframe().f_lineno - 1
        aiohttpretty.register_json_uri("*", re.compile("http://h/"))
        second = inspect.currentframe().f_lineno - 1
    (warning,) = caught
    assert str(warning.message) == (
        f"GET http://h/{{x}} (tests/test_precedence.py:{first}) can never answer any more: * http://h/ "
        f"(tests/test_precedence.py:{second}) answers all its requests first, because it was registered later. "
        "Register the wider one first, or leave one of them out."
    )
    assert (warning.filename, warning.lineno) == (__file__, second)
    assert issubclass(UnreachableRouteWarning, aiohttpretty.AiohttprettyWarning)


async def test_a_warning_that_is_an_error():
    """Under -W error, the refused registration leaves all as it was; so does an include, down to its first route."""
    aiohttpretty.register_uri("GET", "http://h/{x}", status=201)
    bundle = AioHTTPretty()
    bundle.register_uri("GET", "http://h/other")
    bundle.register_uri("GET", re.compile("http://h/"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnreachableRouteWarning):
            aiohttpretty.register_uri("*", "http://h/{y}", status=202)
        with pytest.raises(UnreachableRouteWarning):
            aiohttpretty.include(bundle)
    assert list(aiohttpretty.registry) == [("GET", "http://h/{x}")]
    assert await asked(aiohttpretty) == 201


# -- what it costs, in comparisons


@pytest.fixture
def comparisons(monkeypatch):
    """How often an address that is not exact is compared, and how often one is asked whether it covers another."""
    counted = dict.fromkeys(("fits", "covers"), 0)
    for kind, name in [(Template, "fits"), (Expression, "fits"), (Route, "covers")]:

        def count(self, *rest, original=getattr(kind, name), name=name):
            counted[name] += 1
            return original(self, *rest)

        monkeypatch.setattr(kind, name, count)
    return counted


MANY = 300


def many(registry, kind):
    for number in range(MANY):
        if kind in ("templates", "both"):
            registry.register_uri("GET", f"http://h/folder{number}/{{x}}")
        if kind in ("patterns", "both"):
            registry.register_uri("GET", re.compile(f"http://h/pattern{number}/"))


@pytest.mark.parametrize("options", [{}, {"responses": [{}] * 9}, {"match": match.header("X", "1")}])
@pytest.mark.parametrize("method", ["GET", "*"])
async def test_exact_addresses_are_looked_up(comparisons, options, method):
    """With any number of templates and patterns beside it, an exact address is found without a look at one of them."""
    registry = AioHTTPretty()
    many(registry, "both")
    registry.register_uri(method, "http://h/folder7/exact", **options)
    comparisons["fits"] = 0
    await asked(registry, "http://h/folder7/exact", headers={"X": "1"})
    assert comparisons["fits"] == 0


async def test_templates_are_found_by_their_beginning(comparisons):
    """Of many templates, those are compared that begin as the address does."""
    registry = AioHTTPretty()
    many(registry, "templates")
    registry.register_uri("GET", "http://g/{x}")
    registry.register_uri("GET", "http://h/{x}/y")
    comparisons["fits"] = 0
    await asked(registry, "http://h/folder7/a")
    assert comparisons["fits"] == 2


@pytest.mark.parametrize(
    "uri",
    [
        "http://h/folder{}/{{x}}",  # each in a folder of its own
        "http://h/folder/{{x}}/{}",  # all in one
        "http://h{}/{{x}}",  # each on a host of its own
        "http://h/exact{}",
    ],
)
def test_registering_looks_at_few(comparisons, uri):
    """A registration is compared with those earlier ones only that it could hide."""
    registry = AioHTTPretty()
    for number in range(MANY):
        registry.register_uri("*", uri.format(number), match=match.json(number))
    assert comparisons["covers"] == 0


def test_registering_looks_back_so_far_only(comparisons):
    """Where any earlier one could be hidden, the newest few are looked at, so that registering never slows down."""
    registry = AioHTTPretty()
    for number in range(MANY):
        registry.register_uri("GET", f"http://h/{{x:{number}}}")
    before = comparisons["covers"]
    registry.register_uri("GET", re.compile("http://g/"))
    assert comparisons["covers"] - before == 128
    assert comparisons["covers"] <= 128 * (MANY + 1)


def test_equals_are_found_among_few(monkeypatch):
    """With many matchers at one address, an equal one is found by a look at its likes only."""
    compared = []
    registry = AioHTTPretty()
    for number in range(MANY):
        registry.register_uri("GET", "http://h/{x}", match=match.json({"n": number}))
    original = match.Matcher.__eq__
    monkeypatch.setattr(match.Matcher, "__eq__", lambda one, other: compared.append(1) or original(one, other))
    registry.register_uri("GET", "http://h/{x}", match=match.json({"n": 7}))
    assert len(registry._ledger.routes()) == MANY
    assert len(compared) <= 4
