"""cookies=: one Set-Cookie header each, as aiohttp's own server would write it."""

import inspect
from datetime import datetime, timedelta, timezone
from http.cookies import Morsel, SimpleCookie

import pytest
from aiohttp import web

import aiohttpretty
from aiohttpretty import OptionTypeError, OptionValueError

URI = "http://example.com/"


async def said(cookies, **options):
    aiohttpretty.register_uri("GET", URI, cookies=cookies, **options)
    response = await aiohttpretty.fake_request("GET", URI)
    await response.read()
    return response.headers.getall("Set-Cookie", [])


def morsel(name="session", value="abc", **attributes):
    made = Morsel()
    made.set(name, value, value)
    made.update(attributes)
    return made


async def test_one_header_each():
    """Each cookie is a Set-Cookie header of its own, in order, behind those that stand in headers."""
    headers = {"Set-Cookie": "first=0", "X": "1"}
    assert await said({"a": "1", "b": "2"}, headers=headers) == ["first=0", "a=1", "b=2"]
    assert aiohttpretty.registry["GET", URI] == {"headers": headers, "cookies": {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ("abc", "session=abc"),
        ("", 'session=""'),
        ("a~", "session=a~"),
        ("a b;c", 'session="a b\\073c"'),
        ("é", 'session="\\351"'),
        ({"value": "abc"}, "session=abc"),
        (
            {"value": "abc", "Path": "/x", "DOMAIN": "example.com", "Max_Age": 60},
            "session=abc; Domain=example.com; Max-Age=60; Path=/x",
        ),
        (
            {"value": "abc", "secure": True, "httpOnly": True, "SameSite": "none"},
            "session=abc; HttpOnly; SameSite=none; Secure",
        ),
        ({"value": "abc", "secure": False, "path": None, "max-age": "0"}, "session=abc; Max-Age=0"),
        ({"value": "abc", "max-age": 0}, "session=abc; Max-Age=0"),
        ({"value": "abc", "max-age": -1}, "session=abc; Max-Age=-1"),
        (
            {"value": "abc", "expires": datetime(2026, 10, 21, 9, 28, tzinfo=timezone(timedelta(hours=2)))},
            "session=abc; expires=Wed, 21 Oct 2026 07:28:00 GMT",
        ),
        (
            {"value": "abc", "expires": "Wed, 21 Oct 2026 07:28:00 GMT"},
            "session=abc; expires=Wed, 21 Oct 2026 07:28:00 GMT",
        ),
        (morsel(path="/", httponly=True), "session=abc; HttpOnly; Path=/"),
    ],
)
async def test_values_and_attributes(given, header):
    """A value is quoted where it must be; attributes are written in any case, with a hyphen or an underscore."""
    assert await said({"session": given}) == [header]


async def test_a_jar_of_the_standard_library():
    """A SimpleCookie is a mapping from names to morsels."""
    assert await said(SimpleCookie("a=1; b=2")) == ["a=1", "b=2"]


async def test_as_aiohttps_server():
    """aiohttp's own server writes the same headers."""
    attributes = {
        "domain": "example.com",
        "expires": "Wed, 21 Oct 2026 07:28:00 GMT",
        "max_age": 3,
        "path": "/p",
        "secure": True,
        "httponly": True,
        "samesite": "Strict",
    }
    response = web.Response()
    response.set_cookie("name", "val ue", **attributes)
    [theirs] = [one.output(header="")[1:] for one in response.cookies.values()]
    assert set(attributes) <= set(inspect.signature(response.set_cookie).parameters)
    assert await said({"name": {"value": "val ue", **attributes}}) == [theirs]


@pytest.mark.parametrize(
    ("cookies", "kind", "sentence"),
    [
        (
            "a=1",
            OptionTypeError,
            "cookies='a=1' is not a mapping. Give a dict of name to value, such as {'session': 'abc'}, or to a dict "
            "with attributes, such as {'session': {'value': 'abc', 'path': '/', 'httponly': True}}.",
        ),
        (
            {1: "a"},
            OptionTypeError,
            "The cookie name 1 is not a str. Write it as one, such as 'session'.",
        ),
        (
            {"a b": "1"},
            OptionValueError,
            "'a b' can't be the name of a cookie. Use letters, digits and hyphens, and none of the names of "
            "attributes, such as path.",
        ),
        (
            {"path": "1"},
            OptionValueError,
            "'path' can't be the name of a cookie. Use letters, digits and hyphens, and none of the names of "
            "attributes, such as path.",
        ),
        (
            {"a": 1},
            OptionTypeError,
            "The cookie a has the value 1, which is not a str. Write it as one, or as a dict with the key 'value' and "
            "attributes.",
        ),
        (
            {"a": {"path": "/"}},
            OptionTypeError,
            "The cookie a has the value None, which is not a str. Give it under the key 'value', such as {'value': "
            "'abc', 'path': '/'}.",
        ),
        (
            {"a": "1\n2"},
            OptionValueError,
            "The cookie a has the value '1\\n2', with a control character in it. Take it out, or encode the value, for "
            "example with urllib.parse.quote.",
        ),
        (
            {"a": "~\x7f"},
            OptionValueError,
            "The cookie a has the value '~\\x7f', with a control character in it. Take it out, or encode the value, "
            "for example with urllib.parse.quote.",
        ),
        (
            {"a": morsel("b")},
            OptionValueError,
            "The cookie a has a Morsel of another name, 'b'. Give both the same name.",
        ),
        (
            {"session": morsel(path="/\r\nX: 1")},
            OptionValueError,
            "The cookie session has a line break or a NUL in it, which would end the header: 'session=abc; Path=/\\r\\n"
            "X: 1'. Take it out.",
        ),
        (
            {"a": {"value": "1", "colour": "red"}},
            OptionTypeError,
            "The cookie a has no attribute 'colour'. The attributes are: value, path, domain, expires, max-age, "
            "secure, httponly, samesite.",
        ),
        (
            {"a": {"value": "1", "path": "/;x"}},
            OptionTypeError,
            "The cookie a has path='/;x'. Give a str without a semicolon, such as '/'.",
        ),
        (
            {"a": {"value": "1", "domain": 1}},
            OptionTypeError,
            "The cookie a has domain=1. Give a str without a semicolon, such as 'example.com'.",
        ),
        (
            {"a": {"value": "1", "expires": datetime(2026, 1, 1)}},
            OptionTypeError,
            "The cookie a has expires=datetime.datetime(2026, 1, 1, 0, 0). Give a datetime with a time zone, or a str "
            "such as 'Wed, 21 Oct 2026 07:28:00 GMT'.",
        ),
        (
            {"a": {"value": "1", "max_age": True}},
            OptionTypeError,
            "The cookie a has max-age=True. Give the seconds as an int.",
        ),
        (
            {"a": {"value": "1", "secure": "yes"}},
            OptionTypeError,
            "The cookie a has secure='yes'. Give True or False.",
        ),
        (
            {"a": {"value": "1", "samesite": None}},
            OptionTypeError,
            "The cookie a has samesite=None. Give one of the words 'Strict', 'Lax' and 'None', as a str.",
        ),
    ],
)
def test_what_is_no_cookie(cookies, kind, sentence):
    """What a client would not understand is refused with a sentence."""
    with pytest.raises(kind) as caught:
        aiohttpretty.register_uri("GET", URI, cookies=cookies)
    assert str(caught.value) == sentence
    assert not aiohttpretty.registry
