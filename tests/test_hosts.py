"""What `passthrough` takes: what each way to write a host means, and what is refused."""

import re
from functools import partial
from ipaddress import IPv4Address, IPv6Network, ip_network
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, OptionTypeError, OptionValueError
from aiohttpretty.addresses.hosts import rules

LIKE = "such as 'localhost', 'localhost:8080', 'http://localhost:8080', '*.example.com' or '127.0.0.0/8'"


def fits(host, url):
    [rule] = rules([host], "passthrough()")
    assert repr(rule) == repr(host)
    return bool(rule.fits(URL(url)))


@pytest.mark.parametrize(
    ("host", "yes", "no"),
    [
        (
            "example.com",
            ["http://example.com", "https://example.com:8443/a?b=1", "ws://EXAMPLE.com/", "http://example.com./"],
            ["http://www.example.com", "http://example.com.evil.test", "http://notexample.com", "http://u@other.test"],
        ),
        ("Example.COM.", ["http://example.com/"], ["http://example.org/"]),
        ("bücher.example", ["http://bücher.example/", "http://xn--bcher-kva.example/"], ["http://bucher.example/"]),
        ("example.com:443", ["https://example.com/", "wss://example.com", "http://example.com:443"], ["http://example.com"]),
        ("localhost:8080", ["http://localhost:8080/a"], ["http://localhost/", "http://127.0.0.1:8080/"]),
        (
            "http://localhost:8080",
            ["http://localhost:8080/a", "ws://localhost:8080/"],
            ["https://localhost:8080/", "http://localhost/"],
        ),
        ("https://example.com/", ["https://example.com:443/a", "wss://example.com"], ["http://example.com:443/"]),
        (URL("ws://example.com"), ["http://example.com/", "ws://example.com:80/"], ["http://example.com:81/"]),
        ("http://[::1]:80", ["http://[0:0::1]/"], ["http://[::2]/", "http://localhost/"]),
        ("*.example.com", ["http://a.example.com", "http://a.b.example.com:1/"], ["http://example.com", "http://aexample.com"]),
        ("*.example.com:8080", ["http://a.example.com:8080"], ["http://a.example.com"]),
        ("127.0.0.1", ["http://127.0.0.1:8080/", "https://127.0.0.1/"], ["http://127.0.0.2/", "http://localhost/"]),
        ("127.0.0.1:80", ["http://127.0.0.1/"], ["http://127.0.0.1:8080/"]),
        ("::1", ["http://[::1]:8080/"], ["http://[::2]/", "http://127.0.0.1/"]),
        ("[::1]", ["http://[::1]:8080/"], ["http://[::2]/"]),
        ("fe80::1:8080", ["http://[fe80::1:8080]/"], ["http://[fe80::1]:8080/"]),
        ("[::1]:8080", ["http://[::1]:8080/"], ["http://[::1]/"]),
        ("127.0.0.0/8", ["http://127.1.2.3:99/"], ["http://128.0.0.1/", "http://localhost/", "http://[::1]/"]),
        ("fe80::/10", ["http://[fe80::1]/"], ["http://127.0.0.1/"]),
        (IPv4Address("10.0.0.1"), ["http://10.0.0.1:1/"], ["http://10.0.0.2/"]),
        (ip_network("10.0.0.0/24"), ["http://10.0.0.255/"], ["http://10.0.1.0/"]),
        (IPv6Network("::/0"), ["http://[::1]/"], ["http://127.0.0.1/"]),
        (
            re.compile(r"https?://[^/]*\.test/v\d"),
            ["http://a.test/v1/x", "wss://a.test/v2"],
            ["http://b.invalid/?http://a.test/v1", "http://a.test/w1"],
        ),
        (lambda url: url.port == 99, ["http://anything:99/"], ["http://anything/"]),
        # a function that does not tell how it is called
        (attrgetter("explicit_port"), ["http://anything:99/"], ["http://anything/"]),
        (partial(attrgetter("explicit_port")), ["http://anything:99/"], ["http://anything/"]),
    ],
)  # fmt: skip
def test_what_is_meant(host, yes, no):
    """A host is the same however a request writes it; nothing else is let through."""
    assert [url for url in yes if not fits(host, url)] == []
    assert [url for url in no if fits(host, url)] == []


async def coroutine_function(url):
    return True


class Awaited:
    async def __call__(self, url):
        return True


AWAITED = Awaited()


def two(one, other):
    return True


FULL = partial(two, 1, 2, 3)


@pytest.mark.parametrize(
    ("host", "kind", "said"),
    [
        ("", ValueError, f"'' names no host. Give a host, {LIKE}."),
        (" ", ValueError, f"' ' names no host. Give a host, {LIKE}."),
        ("a b", ValueError, f"'a b' is not a host. Give one, {LIKE}."),
        ("user@host", ValueError, f"'user@host' is not a host. Give one, {LIKE}."),
        ("host?a=1", ValueError, f"'host?a=1' is not a host. Give one, {LIKE}."),
        ("*.", ValueError, f"'*.' is not a host. Give one, {LIKE}."),
        (
            "::1:8080",
            ValueError,
            "'::1:8080' is an IPv6 address by itself, and no host with a port. Write '[::1]:8080'.",
        ),
        ("1.2.3.4.5:1:2", ValueError, f"'1.2.3.4.5:1:2' is not a host. Give one, {LIKE}; or '[::1]:8080'."),
        (
            "localhost/api",
            ValueError,
            "'localhost/api' has a path, and whole hosts are let through. Give the host alone: 'localhost'; or a "
            "compiled pattern, which is matched against the full URL.",
        ),
        (
            "/api",
            ValueError,
            f"'/api' has a path, and whole hosts are let through. Give a host, {LIKE}; or a compiled pattern, which is "
            "matched against the full URL.",
        ),
        (
            "http://localhost:8080/api?a=1#b",
            ValueError,
            "'http://localhost:8080/api?a=1#b' has a path and a query and a fragment, and whole hosts are let through. "
            "Give the origin alone: 'http://localhost:8080'; or a compiled pattern, which is matched against the full "
            "URL.",
        ),
        (
            "ftp://localhost",
            ValueError,
            "'ftp://localhost' is not the origin of a web server. Give one, such as 'http://localhost:8080', or the "
            "host alone.",
        ),
        (
            URL("/api"),
            ValueError,
            "'/api' is not the origin of a web server. Give one, such as 'http://localhost:8080', or the host alone.",
        ),
        (
            "localhost:http",
            ValueError,
            "'localhost:http' has 'http' as its port, which is none. Give a number from 1 to 65535, or leave it out "
            "for any port.",
        ),
        (
            "localhost:0",
            ValueError,
            "'localhost:0' has '0' as its port, which is none. Give a number from 1 to 65535, or leave it out for any "
            "port.",
        ),
        (
            "127.0.0.1/8",
            ValueError,
            "'127.0.0.1/8' is not an IP network (127.0.0.1/8 has host bits set). Write '127.0.0.0/8', or '127.0.0.1' "
            "for the one address.",
        ),
        (
            "10.0.0.1/99",
            ValueError,
            "'10.0.0.1/99' is not an IP network ('10.0.0.1/99' does not appear to be an IPv4 or IPv6 network). Give "
            "one such as '127.0.0.0/8'.",
        ),
        (
            "http://[::1",
            ValueError,
            "'http://[::1' is not a URL (Invalid IPv6 URL). Give an origin, such as 'http://localhost:8080'.",
        ),
        (
            "api.*.com",
            ValueError,
            "'api.*.com' has a '*' where none can stand: '*.example.com' is any sub-domain of example.com. For "
            "anything else, give a compiled pattern, such as re.compile(r'https?://[^/]*\\.example\\.'); for every "
            "host, lambda url: True.",
        ),
        (
            "*",
            ValueError,
            "'*' has a '*' where none can stand: '*.example.com' is any sub-domain of example.com. For anything else, "
            "give a compiled pattern, such as re.compile(r'https?://[^/]*\\.example\\.'); for every host, "
            "lambda url: True.",
        ),
        (
            True,
            TypeError,
            f"True names no host. Give a str, {LIKE}; an ipaddress object; a compiled pattern, matched from the start "
            "of the full URL; or a function that takes the yarl.URL and returns a bool.",
        ),
        (
            b"localhost",
            TypeError,
            f"b'localhost' names no host. Give a str, {LIKE}; an ipaddress object; a compiled pattern, matched from "
            "the start of the full URL; or a function that takes the yarl.URL and returns a bool.",
        ),
        (["a", "b"], TypeError, f"['a', 'b'] is not one host. Give each by itself, {LIKE}."),
        (re.compile(b"a"), TypeError, "re.compile(b'a') is a pattern of bytes. Compile it from a str."),
        (
            coroutine_function,
            TypeError,
            f"{coroutine_function!r} is a coroutine function, and nobody would await it. Give a plain function that "
            "takes the yarl.URL and returns a bool.",
        ),
        (
            AWAITED,
            TypeError,
            f"{AWAITED!r} is a coroutine function, and nobody would await it. Give a plain function that takes the "
            "yarl.URL and returns a bool.",
        ),
        (
            two,
            TypeError,
            f"{two!r} can't be called with one argument (missing a required argument: 'other'). Give a function that "
            "takes the yarl.URL and returns a bool.",
        ),
        (
            FULL,
            TypeError,
            f"{FULL!r} can't be called with one argument (partial object {FULL!r} has incorrect arguments). Give a "
            "function that takes the yarl.URL and returns a bool.",
        ),
    ],
)
def test_what_is_refused(host, kind, said):
    """What can't be a host is refused where it is written, in each of the places, with the cure."""
    own = AioHTTPretty()
    for write, where in [
        (lambda: own.passthrough("localhost", host), "passthrough()"),
        (lambda: AioHTTPretty(passthrough=[host]), "AioHTTPretty: passthrough"),
        (lambda: own.activate(passthrough=("localhost", host)), "activate: passthrough"),
    ]:
        with pytest.raises(kind) as caught:
            write()
        assert type(caught.value) is {TypeError: OptionTypeError, ValueError: OptionValueError}[kind]
        assert str(caught.value) == f"{where}: {said}"
    assert "not active" in repr(own)


def test_no_host():
    """To let nothing through is a slip; the sentence says how to forget what was let through."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.passthrough()
    assert str(caught.value) == (
        "passthrough() was given no host. Give one or several, such as passthrough('localhost:8080'); what it was "
        "given before is forgotten by clear()."
    )


@pytest.mark.parametrize("value", ["localhost", True, None, re.compile("a")])
def test_the_setting_is_a_list(value):
    """One host in place of the list of them is refused."""
    with pytest.raises(OptionTypeError) as caught:
        AioHTTPretty(passthrough=value)
    assert str(caught.value) == (
        f"AioHTTPretty: passthrough={value!r} is not a list. Give a list of hosts, such as ['localhost']."
    )


@given(st.text(alphabet="abc.:/[]*@?#%-0é 1", max_size=12))
def test_whatever_is_written(text):
    """Any text is a host, or is refused with an error of ours; and what is one can be asked for any address."""
    try:
        [rule] = rules([text], "passthrough()")
    except OptionValueError:
        return
    for url in ("http://a.b:1/", "https://[::1]/", "http://127.0.0.1:8080/", "ws://xn--bcher-kva.example/"):
        rule.fits(URL(url))
