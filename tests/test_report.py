"""A failure says what was asked, what was on offer and why each was refused, and what to do."""

import inspect

import aiohttp
import pytest
from yarl import URL

import aiohttpretty
from aiohttpretty.report import unmatched


async def failure(method, uri, **keywords):
    with pytest.raises(aiohttpretty.NoMatchError) as caught:
        await aiohttpretty.fake_request(method, uri, **keywords)
    return str(caught.value)


async def test_nothing_is_registered():
    """With nothing on offer, the report says so and what to write."""
    assert await failure("GET", "http://example.com") == (
        "No URLs matching GET http://example.com with params {}. Not making request. Go fix your test.\n"
        "\n"
        "Nothing is registered. Register it before the request is made:\n"
        "  aiohttpretty.register_uri('GET', 'http://example.com', body=b'...')"
    )


async def test_what_was_on_offer_nearest_first():
    """Each route is listed with what is wrong about it; a wrong host is further away than a wrong path or query."""
    line = inspect.currentframe().f_lineno
    aiohttpretty.register_uri("GET", "https://other.example:8443/users")
    aiohttpretty.register_uri("GET", "http://example.com/zebra")
    aiohttpretty.register_uri("GET", "http://example.com/user", params={"page": 1})
    aiohttpretty.register_uri("POST", "http://example.com/users", params={"page": 1})
    aiohttpretty.register_uri("GET", "http://example.com/users", params=[("page", 2), ("page", 3)])
    here = "tests/test_report.py"
    assert await failure("GET", "http://example.com/users", params={"page": 1}) == (
        "No URLs matching GET http://example.com/users with params {'page': '1'}. Not making request. "
        "Go fix your test.\n"
        "\n"
        "Registered, nearest first:\n"
        f"  POST http://example.com/users?page=1 ({here}:{line + 4}): the method is POST, not GET\n"
        f"  GET http://example.com/users?page=2&page=3 ({here}:{line + 5}): the params are {{'page': ['2', '3']}}, not "
        "{'page': '1'}\n"
        f"  GET http://example.com/user?page=1 ({here}:{line + 3}): the path is '/user', not '/users'\n"
        f"  GET http://example.com/zebra ({here}:{line + 2}): the path is '/zebra', not '/users'; the params are {{}}, "
        "not {'page': '1'}\n"
        f"  GET https://other.example:8443/users ({here}:{line + 1}): the scheme is 'https', not 'http'; the host is "
        "'other.example', not 'example.com'; the port is 8443, not 80; the params are {}, not {'page': '1'}\n"
        "\n"
        "If the request is right, register it:\n"
        "  aiohttpretty.register_uri('GET', 'http://example.com/users?page=1', body=b'...')"
    )


async def test_many_routes():
    """Of many routes the nearest are shown, and how many more there are."""
    for number in range(30):
        aiohttpretty.register_uri("GET", f"http://example.com/{number}")
    lines = (await failure("GET", "http://example.com/7x")).splitlines()
    assert len([line for line in lines if line.startswith("  GET")]) == 10
    assert lines[3].startswith("  GET http://example.com/7 (")
    assert "  ... and 20 more" in lines


@pytest.mark.parametrize(
    ("asked", "keywords", "first"),
    [
        ("http://example.com", {}, "http://example.com with params {}"),
        (URL("http://example.com/é"), {}, "http://example.com/%C3%A9 with params {}"),
        ("http://example.com/?a=1", {"params": {"a": "2"}}, "http://example.com/?a=1 with params {'a': ['1', '2']}"),
        ("http://example.com/", {"params": [("b", 1.5)]}, "http://example.com/ with params {'b': '1.5'}"),
    ],
)
async def test_the_first_line(asked, keywords, first):
    """The uri is written as the caller wrote it, the params are all that the request would have had."""
    report = await failure("get", asked, **keywords)
    assert report.splitlines()[0] == f"No URLs matching GET {first}. Not making request. Go fix your test."


async def test_the_first_line_of_a_hop():
    """Behind a redirect, the uri is the one that the redirect led to."""
    aiohttpretty.register_uri("GET", "http://example.com/", status=302, headers={"Location": "/there?a=1"})
    assert (await failure("GET", "http://example.com")).splitlines()[0] == (
        "No URLs matching GET http://example.com/there?a=1 with params {'a': '1'}. Not making request. "
        "Go fix your test."
    )


@pytest.mark.aiohttpretty
async def test_the_first_line_with_base_url():
    """A part of an address that the caller wrote is shown joined."""
    async with aiohttp.ClientSession("http://example.com/") as session:
        with pytest.raises(aiohttpretty.NoMatchError, match="^No URLs matching GET http://example.com/v1/users with"):
            await session.get("/v1/users")


async def test_what_was_swallowed():
    """What was not answered and not noticed is told at the end of the test, each once."""
    for uri in ["http://example.com/a", "http://example.com/b", "http://example.com/a"]:
        await failure("GET", uri)
    first, second, _ = aiohttpretty.unmatched
    last = "If the test means this to happen, let it say so: aiohttpretty.unmatched.clear()."
    assert unmatched([first]) == (
        f"A request was not answered, and the error did not reach the test:\n\n{first.report}\n\n{last}"
    )
    assert unmatched(aiohttpretty.unmatched) == (
        "3 requests were not answered, and the error did not reach the test:\n\n"
        f"2 times: {first.report}\n\n{second.report}\n\n{last}"
    )
