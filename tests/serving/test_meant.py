"""Which address a request means, and where one is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from aiohttpretty import OptionValueError
from aiohttpretty.tcp.meant import Place, meant, moved, url_for

HERE = Place("http", "127.0.0.1", 8080)
SECURE = Place("https", "localhost", 8443)


@pytest.mark.parametrize(
    ("uri", "place", "expected"),
    [
        ("https://api.example.com/x?a=1&b=2#c", HERE, "http://127.0.0.1:8080/https://api.example.com/x?a=1&b=2"),
        ("http://api.example.com", HERE, "http://127.0.0.1:8080/http://api.example.com"),
        ("https://api.example.com:8443/", SECURE, "https://localhost:8443/https://api.example.com:8443/"),
        ("wss://api.example.com/feed", HERE, "ws://127.0.0.1:8080/wss://api.example.com/feed"),
        ("ws://api.example.com/feed", SECURE, "wss://localhost:8443/ws://api.example.com/feed"),
        ("https://me:secret@api.example.com/", HERE, "http://me:secret@127.0.0.1:8080/https://api.example.com/"),
        ("http://[::1]:99/x", Place("http", "::1", 80), "http://[::1]/http://[::1]:99/x"),
        (URL("https://bücher.example/ü"), HERE, "http://127.0.0.1:8080/https://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_where_an_address_is_found(uri, place, expected):
    """Scheme, host, port, path and query stand behind the server's address; user and password before it."""
    assert url_for(uri, place) == expected


@settings(max_examples=50)
@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[a-z]{1,8}\.example(:[1-9][0-9]{1,3})?", fullmatch=True),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=4),
    st.dictionaries(st.text("aü&=/? ", min_size=1, max_size=3), st.text("aü&=#/? ", max_size=3), max_size=3),
)
def test_what_is_found_is_what_was_meant(scheme, authority, parts, query):
    """Whatever is in a path or a query, the address comes back as it was."""
    url = URL(f"{scheme}://{authority}/").joinpath(*[part.replace("/", "") or "x" for part in parts]).with_query(query)
    url = URL(str(url))  # joinpath leaves a default port in it
    found = URL(url_for(url, HERE))
    assert meant(found.raw_path_qs, "127.0.0.1:8080", HERE).urls == (url,)


def test_a_location_leads_where_it_meant_to():
    """Relative ones from the address that was asked for; what leads to no web server stays as it is."""
    there = URL("https://api.example.com/a/b?c=1")
    for location, expected in {
        b"next": b"http://127.0.0.1:8080/https://api.example.com/a/next",
        b"/login?x=1": b"http://127.0.0.1:8080/https://api.example.com/login?x=1",
        b"//other.example/y": b"http://127.0.0.1:8080/https://other.example/y",
        b"http://other.example/y": b"http://127.0.0.1:8080/http://other.example/y",
        b"mailto:me@example.com": b"mailto:me@example.com",
        b"http://[broken": b"http://[broken",
    }.items():
        assert moved(location, there, HERE) == expected


def test_what_is_no_address_is_refused():
    """With a sentence, when it is asked for and when it comes."""
    with pytest.raises(OptionValueError) as caught:
        url_for("ftp://example.com/x", HERE)
    assert str(caught.value) == (
        "url_for('ftp://example.com/x'): 'ftp' is no scheme of a web server. Give an address such as "
        "'https://api.example.com/items'."
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is what matters
        meant("/x", "a:b:c", HERE)
    assert str(caught.value) == (
        "Host 'a:b:c' and target '/' make no address. Send a Host header with a host, such as 'api.example.com'."
    )
