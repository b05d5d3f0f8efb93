"""One registry included into another: the mock of one service in one module."""

import inspect
import re

import pytest
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, NoMatchError, OptionTypeError, OptionValueError, ResponsesExhausted, match

BASE = "https://api.example.com/v1"

# A team's mock of a service, made once for all tests of this module
SERVICE = AioHTTPretty()
USERS = SERVICE.register_json_uri("GET", "/users/{id}", body={"name": "Ann"})
JOBS = SERVICE.register_uri("POST", "/jobs", responses=[{"status": 202}, {"status": 429}], match=match.json({"a": 1}))
SERVICE.register_uri("GET", "https://login.example.com/token", body=b"t")
SERVICE.register_uri("GET", re.compile(r"https://cdn\.example\.com/"), body=b"c")


async def status(method, uri, **keywords):
    return (await aiohttpretty.fake_request(method, uri, **keywords)).status


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_one_bundle_in_several_tests(number):
    """Each include begins anew: replies from the first on, counters of its own; the bundle itself stays as it was."""
    routes = aiohttpretty.include(SERVICE, base=BASE)
    for wanted in (202, 429):
        assert await status("POST", f"{BASE}/jobs", json={"a": 1}) == wanted
    with pytest.raises(ResponsesExhausted):
        await status("POST", f"{BASE}/jobs", json={"a": 1})
    response = await aiohttpretty.fake_request("GET", f"{BASE}/users/7")
    assert await response.json() == {"name": "Ann"}
    assert aiohttpretty.calls[-1].match_info == {"id": "7"}
    assert [route.call_count for route in routes] == [1, 2, 0, 0]
    assert (USERS.call_count, JOBS.call_count, SERVICE.calls) == (0, 0, [])


async def test_absolute_addresses_stay():
    """Only paths go below the base."""
    aiohttpretty.include(SERVICE, base=BASE)
    assert list(aiohttpretty.registry) == [
        ("GET", "https://api.example.com/v1/users/{id}"),
        ("POST", "https://api.example.com/v1/jobs"),
        ("GET", "https://login.example.com/token"),
        ("GET", re.compile(r"https://cdn\.example\.com/")),
    ]
    assert await status("GET", "https://login.example.com/token") == 200
    assert await status("GET", "https://cdn.example.com/logo.png") == 200
    with pytest.raises(NoMatchError):
        await status("GET", "https://api.example.com/users/7")


@pytest.mark.parametrize(
    ("base", "asked"),
    [
        ("http://h", "http://h/users/7"),
        ("http://h/", "http://h/users/7"),
        ("http://h:8080", "http://h:8080/users/7"),
        ("http://h/v1/", "http://h/v1/users/7"),
        (URL("http://h/v1"), "http://h/v1/users/7"),
        (URL("http://h/v 1/"), "http://h/v%201/users/7"),
        ("http://h/é", "http://h/%C3%A9/users/7"),
        ("http://h/{tenant}/api", "http://h/acme/api/users/7"),
        (r"http://h/{version:v\d+}", "http://h/v2/users/7"),
    ],
)
async def test_bases(base, asked):
    """A base may have a port, a path, a slash at its end, and variables."""
    aiohttpretty.include(SERVICE, base=base)
    assert await status("GET", asked) == 200
    assert aiohttpretty.calls[0].match_info["id"] == "7"


async def test_twice_under_two_bases():
    """One bundle can stand for two services at once, each with its own replies and calls."""
    first, second = (aiohttpretty.include(SERVICE, base=f"http://h/{name}") for name in "ab")
    assert await status("POST", "http://h/a/jobs", json={"a": 1}) == 202
    assert await status("POST", "http://h/b/jobs", json={"a": 1}) == 202
    assert (first[1].call_count, second[1].call_count) == (1, 1)


async def test_again_replaces():
    """Included again, a route takes the place of its earlier copy, without a warning."""
    aiohttpretty.include(SERVICE, base=BASE)
    await status("POST", f"{BASE}/jobs", json={"a": 1})
    aiohttpretty.include(SERVICE, base=BASE)
    assert await status("POST", f"{BASE}/jobs", json={"a": 1}) == 202
    assert len(aiohttpretty.registry) == 4


async def test_the_order_is_kept():
    """Among the included routes, the newest still goes first; and what is registered after the include, before them."""
    bundle = AioHTTPretty()
    bundle.register_uri("GET", "/{x:[ab]}", status=201)
    bundle.register_uri("GET", "/{x:[bc]}", status=202)
    aiohttpretty.include(bundle, base="http://h")
    assert [await status("GET", f"http://h/{x}") for x in "abc"] == [201, 202, 202]
    aiohttpretty.register_uri("GET", "http://h/{x:[cd]}", status=203)
    assert [await status("GET", f"http://h/{x}") for x in "abc"] == [201, 202, 203]


async def test_what_comes_later_stays_out():
    """An include takes what is there by now; removing and replacing a copy changes the copy only."""
    bundle = AioHTTPretty()
    route = bundle.register_uri("GET", "/a", status=201)
    (copy,) = aiohttpretty.include(bundle, base="http://h")
    bundle.register_uri("GET", "/b")
    route.replace(status=500)
    assert await status("GET", "http://h/a") == 201
    with pytest.raises(NoMatchError):
        await status("GET", "http://h/b")
    copy.replace(status=202)
    (other,) = (one for one in aiohttpretty.include(bundle, base="http://g") if one.url == URL("http://g/a"))
    assert [await status("GET", f"http://{host}/a") for host in "hg"] == [202, 500]
    other.remove()
    assert bundle.registry["GET", "/a"]["status"] == 500


async def test_params_of_a_path():
    """A path has its query, its params and check_params as an address has them."""
    bundle = AioHTTPretty()
    bundle.register_uri("GET", "/a?x=1", params={"y": 2}, status=201)
    bundle.register_uri("GET", "/b", check_params=False, status=202)
    routes = aiohttpretty.include(bundle, base="http://h")
    assert await status("GET", "http://h/a?y=2&x=1") == 201
    assert await status("GET", "http://h/b?z=1") == 202
    with pytest.raises(NoMatchError):
        await status("GET", "http://h/a?x=1")
    assert [repr(route).partition(" at ")[0] for route in routes] == [
        "<Route register_uri('GET', 'http://h/a?x=1&y=2', status=201)",
        "<Route register_uri('GET', 'http://h/b', check_params=False, status=202)",
    ]


def test_where_it_was_written():
    """A copy says where the bundle has it, and how it reads; so does a route of a bundle."""
    bundle = AioHTTPretty()
    route = bundle.register_uri("GET", "/a", params={"x": 1})
    line = inspect.currentframe().f_lineno - 1
    (copy,) = aiohttpretty.include(bundle, "http://h")
    place = f"tests/test_bundles.py:{line}"
    assert repr(route) == f"<Route register_uri('GET', '/a', params={{'x': 1}}) at {place}>"
    assert repr(copy) == f"<Route register_uri('GET', 'http://h/a?x=1') at {place}>"
    assert (route.url, copy.url) == (None, URL("http://h/a?x=1"))


async def test_into_an_active_registry():
    """Included while it is active, and into a registry of one's own, it answers as well."""
    own = AioHTTPretty()
    with own.activate():
        own.include(SERVICE, base=BASE)
        assert (await own.fake_request("GET", f"{BASE}/users/1")).status == 200


def test_a_key_of_the_view():
    """In the bundle, a path is its key."""
    assert SERVICE.registry["POST", "/jobs"] == [{"status": 202}, {"status": 429}]
    assert ("GET", "/users/{id}") in SERVICE.registry
    assert ("GET", "/users/7") not in SERVICE.registry


def refused(kind, action):
    with pytest.raises(kind) as caught:
        action()
    assert not aiohttpretty.registry
    return str(caught.value)


BENEATH = (
    f"GET /users/{{id}} ({USERS.origin}) is a path, which no request can have as its address. Include this registry "
    "into another: aiohttpretty.include(this_one, base='https://api.example.com/v1')."
)


def test_no_base():
    """Paths without a base go nowhere, and neither does a bundle that is activated by itself."""
    assert refused(OptionValueError, lambda: aiohttpretty.include(SERVICE)) == BENEATH
    assert refused(OptionValueError, SERVICE.activate) == BENEATH
    assert repr(SERVICE) == "<AioHTTPretty, not active: 4 routes, 0 calls>"


async def test_a_request_to_a_bundle():
    """A path among what was on offer is said to be one, with the cure."""
    with pytest.raises(NoMatchError) as caught:
        await SERVICE.fake_request("GET", "http://h/users/1")
    said = " ".join(str(caught.value).split())
    assert (
        "Cause: '/users/{id}' is a path of a bundle. Write include(the_bundle, base='https://...') in the registry "
        "that is asked."
    ) in said
    assert "✗ address it is a path, for include() under a base" in said
    SERVICE.unmatched.clear()


@pytest.mark.parametrize("uri", ["/users", "/users/{id}", "//h/users", "users"])
def test_paths_elsewhere(uri):
    """The global registry, and one that is active, refuse a path on the line that writes it."""
    sentence = (
        f"{uri!r} has no scheme or no host, so no request can have this address. Give an absolute URL, such as "
        "'http://example.com/path'; for a session with base_url, the joined one."
    )
    assert refused(OptionValueError, lambda: aiohttpretty.register_uri("GET", uri)) == sentence
    own = AioHTTPretty()
    with own.activate():
        assert refused(OptionValueError, lambda: own.register_uri("GET", uri)) == sentence


BASES = {
    "http://h/?a=1": (
        "base='http://h/?a=1' has a query or a fragment, and paths can't follow that. Give the beginning of the "
        "addresses only, such as 'https://api.example.com/v1'."
    ),
    "http://h/v1?": (
        "base='http://h/v1?' has a query or a fragment, and paths can't follow that. Give the beginning of the "
        "addresses only, such as 'https://api.example.com/v1'."
    ),
    "http://h/#x": (
        "base='http://h/#x' has a query or a fragment, and paths can't follow that. Give the beginning of the "
        "addresses only, such as 'https://api.example.com/v1'."
    ),
    "/v1": (
        "'/v1' has no scheme or no host, so no request can have this address. Give an absolute URL, such as "
        "'http://example.com/path'; for a session with base_url, the joined one."
    ),
    "http://{host}/": (
        "'http://{host}/users/{id}' has a variable outside its path. {name} can stand in the path only; for the rest, "
        "give a compiled pattern, such as re.compile(r'https://[^/]+/path')."
    ),
    "http://h/{id}": (
        "'http://h/{id}/users/{id}' is not a template: redefinition of group name 'id' as group 2; was group 1. Write "
        "{name} or {name:regex}, each name once, of letters, digits and underscores; a brace that is meant as such is "
        "written %7B or %7D."
    ),
}


@pytest.mark.parametrize("base", BASES)
def test_refused_bases(base):
    """A base that can't go before a path is refused, and nothing is included."""
    assert refused(OptionValueError, lambda: aiohttpretty.include(SERVICE, base=base)) == BASES[base]


def test_refused_bundles():
    """What is no other registry is refused."""
    assert refused(OptionTypeError, lambda: aiohttpretty.include("x")) == (
        "include('x'): that is no registry. Give an instance of AioHTTPretty."
    )
    own = AioHTTPretty()
    assert refused(OptionValueError, lambda: own.include(own)) == (
        "A registry can't include itself. Make another one with AioHTTPretty()."
    )


REFUSED_PATHS = {
    "a bad template": (
        "/{id",
        {},
        "'/{id' is not a template: its braces don't pair. Write {name} or {name:regex}, each name once, of letters, "
        "digits and underscores; a brace that is meant as such is written %7B or %7D.",
    ),
    "a condition": (
        "/a",
        {"params": {"a": re.compile("x")}},
        "params={'a': re.compile('x')} beside the path '/a': in a bundle, params are plain values. Write "
        "match=match.params_contain(...).",
    ),
}


@pytest.mark.parametrize("case", REFUSED_PATHS)
def test_refused_paths(case):
    """What is wrong with a path is said where it is written, not where the bundle is included."""
    uri, options, sentence = REFUSED_PATHS[case]
    own = AioHTTPretty()
    with pytest.raises((OptionValueError, OptionTypeError)) as caught:
        own.register_uri("GET", uri, **options)
    assert str(caught.value) == sentence
    assert not own.registry
