"""Addresses are compared as a server would see them."""

from collections import Counter
from unittest.mock import ANY

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from yarl import URL

from aiohttpretty import OptionTypeError, OptionValueError
from aiohttpretty.addresses.uri import CalledUri, absolute, joined, key

SAME = [
    ("http://h", "http://h/"),
    ("http://h/", "http://h:80/"),
    ("https://h/", "https://h:443/"),
    ("http://h/", "http://h/#fragment"),
    ("HTTP://H/", "http://h/"),
    ("http://h/%7E", "http://h/~"),
    ("http://h/%7e", "http://h/%7E"),
    ("http://h/a%3Ab", "http://h/a:b"),
    ("http://h/%21", "http://h/!"),
    ("http://h/a/../b", "http://h/b"),
    ("http://h/?a=1&b=2", "http://h/?b=2&a=1"),
    ("http://h/?a=1&a=2", "http://h/?a=2&a=1"),
    ("http://h/?a=x+y", "http://h/?a=x%20y"),
    ("http://h/?a", "http://h/?a="),
    ("http://h/?%61=1", "http://h/?a=1"),
    ("http://bücher.example/", "http://xn--bcher-kva.example/"),
    ("http://h/é", "http://h/%C3%A9"),
    ("http://user:pass@h/", "http://h/"),
]
DIFFERENT = [
    ("http://h/", "https://h/"),
    ("http://h/", "http://h:8080/"),
    ("http://h/", "http://g/"),
    ("http://h/a", "http://h/a/"),
    ("http://h/a", "http://h/A"),
    ("http://h/a%2Fb", "http://h/a/b"),
    ("http://h/a%252Fb", "http://h/a%2Fb"),
    ("http://h/%FF", "http://h/%FE"),
    ("http://h/?a=1", "http://h/"),
    ("http://h/?a=1", "http://h/?a=2"),
    ("http://h/?a=1&a=1", "http://h/?a=1"),
    ("http://h/?a=1&b=2", "http://h/?a=2&b=1"),
    ("http://h/?a=%2B", "http://h/?a=+"),
    ("http://h/?a=x%26b=y", "http://h/?a=x&b=y"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same(one, other):
    """Two spellings that a server can't tell apart are one address, as a key and as the address of a call."""
    assert key(URL(one)) == key(URL(other))
    assert CalledUri(URL(one)) == other
    assert CalledUri(URL(one)) == URL(other)
    assert hash(CalledUri(URL(one))) == hash(CalledUri(URL(other)))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one, other):
    """Two addresses that a server can tell apart are two."""
    assert key(URL(one)) != key(URL(other))
    assert CalledUri(URL(one)) != other


def test_encoded_urls_are_normalised_too():
    """A URL that yarl was told not to touch is compared like any other."""
    assert key(URL("http://h/%7Ea?b=%63", encoded=True)) == key(URL("http://h/~a?b=c"))


segments = st.lists(st.sampled_from(["a", "A", "~", "%7E", "%2F", "+", "%2B", "%20", "é", "%C3%A9", ":", "%3A"]))
pairs = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["1", "+", "%20", "%2B", "%26", "~", "%7E"])))
raw = st.builds(
    lambda parts, query: "/" + "/".join(parts) + "?" + "&".join("=".join(pair) for pair in query), segments, pairs
)


def as_server(url):
    """What aiohttp's server makes of a request for this URL."""
    request = make_mocked_request("GET", url.raw_path_qs)
    # .raw_path would tell %7E from ~; .path does not tell %2F from /; the segments, decoded one by one, do both right
    path = tuple(URL.build(path="/" + part, encoded=True).path for part in request.rel_url.raw_path.split("/"))
    return path, Counter(request.query.items())


@given(raw, raw)
def test_equal_as_aiohttp_server_sees_it(one, other):
    """Two addresses on one host are the same exactly when aiohttp's server sees the same path and query."""
    first, second = URL("http://h" + one), URL("http://h" + other)
    assert (key(first) == key(second)) == (as_server(first) == as_server(second))


@given(st.permutations([("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")]))
def test_order_does_not_matter(query):
    """The query is a multiset: any order of the same pairs is the same address."""
    assert key(URL("http://h/").with_query(query)) == key(URL("http://h/?a=1&a=1&a=2&b=1"))


@pytest.mark.parametrize(
    ("params", "query"),
    [
        (None, "z=0"),
        ({}, "z=0"),
        ({"a": "1"}, "z=0&a=1"),
        ({"a": 1, "b": 2.5}, "z=0&a=1&b=2.5"),
        ({"a": None}, "z=0&a="),
        ({"z": "1"}, "z=0&z=1"),
        ({"a": ["1", 2]}, "z=0&a=1&a=2"),
        ({"a": ("1", None)}, "z=0&a=1&a="),
        ([("a", "1"), ("a", "2")], "z=0&a=1&a=2"),
        (MultiDict([("a", "1"), ("a", "2")]), "z=0&a=1&a=2"),
        ("a=1&a=2", "z=0&a=1&a=2"),
    ],
)
def test_params_are_added(params, query):
    """Params are added to the uri's own query, in every form that aiohttp takes them in."""
    assert joined(URL("http://h/?z=0"), params) == URL(f"http://h/?{query}")


@pytest.mark.parametrize("params", [{"a": True}, [("a", False)], {"a": object}, [1, 2], 5])
def test_params_of_the_wrong_kind(params):
    """A value that has no text in a query is refused, a bool as yarl does."""
    with pytest.raises(OptionTypeError) as caught:
        joined(URL("http://h/"), params)
    assert str(caught.value).startswith(f"params={params!r} can't be put into a query: ")
    assert str(caught.value).endswith(
        ". Give a mapping or a list of pairs whose values are str, int, float, None (an empty value) or sequences of "
        "them."
    )


def test_params_without_a_text():
    """A float that a URL can't hold is refused."""
    with pytest.raises(OptionValueError, match=r"can't be put into a query: float\('nan'\) is not supported\. Give"):
        joined(URL("http://h/"), {"a": float("nan")})


class Spelled:
    def __str__(self):
        return "http://h/spelled"


@pytest.mark.parametrize("uri", ["http://h/spelled", URL("http://h/spelled"), Spelled(), "http://h/spelled#there"])
def test_absolute(uri):
    """A uri may be a str, a yarl.URL, or anything whose str() is a URL; the fragment goes."""
    assert absolute(uri) == URL("http://h/spelled")


@pytest.mark.parametrize("uri", ["/path", "example.com/path", "", "http:///path", "mailto:a@b"])
def test_not_absolute(uri):
    """An address that no request can have is refused."""
    with pytest.raises(OptionValueError) as caught:
        absolute(uri)
    assert str(caught.value) == (
        f"{uri!r} has no scheme or no host, so no request can have this address. Give an absolute URL, such as "
        "'http://example.com/path'; for a session with base_url, the joined one."
    )


def test_not_a_url():
    """What yarl can't read is refused, with yarl's reason."""
    with pytest.raises(
        OptionValueError, match=r"^'http://h:port/' is not a URL \(.*\)\. Give an absolute one, such as"
    ):
        absolute("http://h:port/")


def test_called_uri_prints_as_a_url():
    """The address of a call prints as the URL, and equals nothing that is no address."""
    called = CalledUri(URL("http://h/?a=1"))
    assert (str(called), repr(called)) == ("http://h/?a=1", "'http://h/?a=1'")
    assert called != 5
    assert called != "http://h:port/"


def test_it_asks_what_it_does_not_know():
    """What is no address is asked whether it equals: `ANY` does, a number does not."""
    called = CalledUri(URL("http://example.com/"))
    assert called == ANY
    assert (called == 5) is False
